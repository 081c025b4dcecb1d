/**
 * Builds the image of packaging/Dockerfile without a registry of images or a daemon, and has two speakers of it meet:
 *
 *     node scripts/image-test.mjs [--node 22] [--npm 10] [--tarball ospf-speaker-1.2.3.tgz]
 *
 * As root on Debian. The image that the Dockerfile begins FROM is made here: Debian by debootstrap, Node and npm from the
 * npm registry. buildah builds, in a storage of its own. The speakers run in network namespaces as `docker run` has them:
 * the image's files, /proc/sys read-only, root with CAP_NET_ADMIN and CAP_NET_RAW. Takes some minutes, 3 GB of a
 * temporary folder, and is no part of `npm test`. Nothing is left.
 */
import { execFileSync, spawn } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { debianPackages, root } from './prepare.mjs'

const { values: options } = parseArgs({
  options: {
    node: { type: 'string', default: '22' },
    npm: { type: 'string', default: '10' },
    tarball: { type: 'string' },
  },
})
const { version } = createRequire(import.meta.url)('../package.json')
const dockerfile = join(root, 'packaging', 'Dockerfile')
const base = /^FROM (\S+)/m.exec(readFileSync(dockerfile, 'utf8'))[1]
const missing = debianPackages(['buildah', 'debootstrap'])
if (missing.length > 0) throw new Error(`Debian packages are missing: ${missing.join(', ')}`)

const folder = mkdtempSync(join(tmpdir(), 'ospf-speaker-image-'))
const run = (command, args, rest) =>
  execFileSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
    ...rest,
  })
const storage = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run')]
const buildah = (...args) => run('buildah', [...storage, '--storage-driver', 'vfs', ...args])
const say = (text) => console.log(text)

/** The image that the Dockerfile begins with, as near as it can be made. */
function makeBase() {
  const files = join(folder, 'base')
  run('debootstrap', ['--variant=minbase', 'bookworm', files])
  const packages = join(folder, 'packages')
  mkdirSync(packages)
  const node = `node-linux-${process.arch}`
  const wanted = [`${node}@${options.node}`, `npm@${options.npm}`]
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--prefix', packages, ...wanted])
  const local = join(files, 'usr', 'local')
  for (const part of ['bin', 'include']) {
    cpSync(join(packages, 'node_modules', node, part), join(local, part), { recursive: true })
  }
  cpSync(join(packages, 'node_modules', 'npm'), join(local, 'lib/node_modules/npm'), {
    recursive: true,
  })
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin', 'npm'))
  const container = buildah('from', 'scratch').trim()
  buildah('add', '--quiet', container, files, '/')
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  // what npm has to know on a machine that reaches a mirror alone
  const certificates = '/etc/ssl/certs/ca-certificates.crt'
  const environment = [path, 'npm_config_nodedir=/usr/local', `npm_config_cafile=${certificates}`]
  buildah('config', ...environment.flatMap((each) => ['--env', each]), container)
  buildah('commit', '--quiet', '--rm', container, `docker.io/library/${base}`)
  rmSync(files, { recursive: true })
  return ['--volume', `${certificates}:${certificates}:ro`]
}

function tarball() {
  if (options.tarball !== undefined) return resolve(options.tarball)
  run('npm', ['pack', '--pack-destination', folder], { cwd: root })
  return join(folder, `ospf-speaker-${version}.tgz`)
}

/** @returns the folder that has the files of the image */
function build(volume) {
  const context = join(folder, 'context')
  mkdirSync(context)
  cpSync(tarball(), join(context, 'ospf-speaker.tgz'))
  const args = ['--build-arg', 'TARBALL=ospf-speaker.tgz', '--tag', 'ospf-speaker', ...volume]
  buildah('bud', '--isolation', 'chroot', '--pull-never', '-f', dockerfile, ...args, context)
  say(buildah('images').trim())
  const container = buildah('from', '--pull-never', 'localhost/ospf-speaker').trim()
  const config = JSON.parse(buildah('inspect', '--type', 'image', 'localhost/ospf-speaker')).OCIv1
  return { files: buildah('mount', container).trim(), command: config.config }
}

/** Words that run a program of the image as a container of that network would. */
const contained = (files, namespace, words) => [
  ...['netns', 'exec', namespace, 'unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh'],
  '-c',
  `mount -t proc proc ${files}/proc
mount --bind /dev ${files}/dev
mount -t tmpfs run ${files}/run
mount --bind ${files}/proc/sys ${files}/proc/sys
mount -o remount,bind,ro ${files}/proc/sys
mkdir -p ${files}/etc/ospf-speaker
mount --bind ${folder}/${namespace} ${files}/etc/ospf-speaker
exec chroot ${files} env -i PATH=/opt/ospf-speaker/bin:/usr/local/bin:/usr/bin:/bin \\
  setpriv --bounding-set -all,+net_admin,+net_raw --inh-caps -all "$@"`,
  'sh',
  ...words,
]

const ip = (...args) => run('ip', args)

/** Two speakers on one cable: each is to learn of the other's VIP, and to leave in order. */
async function meet({ files, command }) {
  const sides = ['a', 'b'].map((name, i) => ({ namespace: `image${process.pid}${name}`, i }))
  const speakers = []
  try {
    for (const { namespace } of sides) {
      ip('netns', 'add', namespace)
      ip('-n', namespace, 'link', 'set', 'lo', 'up')
    }
    const [a, b] = sides.map(({ namespace }) => namespace)
    ip('link', 'add', 'eth0', 'netns', a, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', b)
    for (const { namespace, i } of sides) {
      ip('-n', namespace, 'addr', 'add', `10.0.0.${i + 1}/24`, 'dev', 'eth0')
      ip('-n', namespace, 'link', 'set', 'eth0', 'up')
      mkdirSync(join(folder, namespace))
      writeFileSync(
        join(folder, namespace, 'ospf-speaker.yaml'),
        `routerId: 10.0.0.${i + 1}
areas:
  0.0.0.0: { interfaces: { eth0: { helloInterval: 1, deadInterval: 4 } } }
installRoutes: {}
vips:
  10.9.0.${i + 1}: { device: lo }
`,
      )
      const check = ['ospf-speaker', 'check', '/etc/ospf-speaker/ospf-speaker.yaml']
      say(ip(...contained(files, namespace, check)).trim())
      const words = [...command.Entrypoint, ...command.Cmd]
      const child = spawn('ip', contained(files, namespace, words), { stdio: 'pipe' })
      const speaker = { namespace, child, said: '', ended: undefined }
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (text) => (speaker.said += text))
      speaker.ended = new Promise((done) => child.once('close', done))
      speakers.push(speaker)
    }
    for (const [i, { namespace }] of sides.entries())
      await until(`10.9.0.${2 - i} is known`, speakers, () =>
        ip('-n', namespace, 'route', 'show', 'proto', 'ospf').includes(`10.9.0.${2 - i} `),
      )
    say('each has learned of the VIP of the other')
    for (const { child, ended, said } of speakers) {
      // unshare passes no signals on: it is the first process of the container that has to have it
      const first = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()
      process.kill(Number(first), 'SIGTERM')
      if ((await ended) !== 0) throw new Error(`it ended with ${child.exitCode}: ${said}`)
    }
    for (const { namespace } of sides) {
      if (ip('-n', namespace, 'addr', 'show', 'lo').includes('10.9.0.'))
        throw new Error('a VIP is left')
    }
    say('both have stopped in order')
  } finally {
    for (const { child } of speakers) child.kill('SIGKILL')
    for (const { namespace } of sides) {
      try {
        ip('netns', 'del', namespace)
      } catch {
        // it was not made
      }
    }
  }
}

async function until(what, speakers, isSo) {
  for (let i = 0; i < 300; i++) {
    if (isSo()) return
    await sleep(200)
  }
  throw new Error(`not so: ${what}: ${speakers.map(({ said }) => said).join('')}`)
}

try {
  await meet(build(makeBase()))
} finally {
  try {
    buildah('umount', '--all')
  } catch {
    // nothing was made
  }
  rmSync(folder, { recursive: true, force: true })
}
