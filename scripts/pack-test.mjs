/**
 * Packs this package as it would be published, and uses it as somebody else would, on every Node that it is for:
 *
 *     node scripts/pack-test.mjs [--node 20,22,24,26] [--tarball ospf-speaker-1.2.3.tgz]
 *
 * For each Node: install the tarball in an empty folder, import every entry, and, as root, let two speakers in two
 * network namespaces meet and learn each other's VIP. At last, an install with no compiler: everything but a speaker
 * works, and starting one says what is missing. One line for each; fails if any did. The Nodes and an npm come from
 * the npm registry and are kept in a folder of the system's temporary folder. First of all, publint and
 * @arethetypeswrong/cli look at the tarball, the unit is verified by systemd and the manual page by groff, where they are.
 */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'

const here = dirname(fileURLToPath(import.meta.url))
const root = dirname(here)
const cache = join(tmpdir(), 'ospf-speaker-pack-test')
const { name, exports: entries } = createRequire(import.meta.url)('../package.json')
const run = promisify(execFile)

/** Ends what runs; what was made is removed all the same. */
const interrupted = new AbortController()

const { values: options } = parseArgs({
  options: {
    node: { type: 'string', default: '20,22,24,26' },
    tarball: { type: 'string' },
  },
})

/** A package of the registry in a folder of its own; returns its folder. */
function fetch(what, version) {
  const folder = join(cache, `${what}-${version}`)
  const home = join(folder, 'node_modules', what)
  if (!existsSync(home)) {
    emptyPackage(folder)
    npm(['install', '--ignore-scripts', `${what}@${version}`], { cwd: folder })
  }
  return home
}

const npm = (args, rest) => execFileSync('npm', args, { encoding: 'utf8', stdio: 'pipe', ...rest })

function emptyPackage(folder) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
}

/** The tarball: given, or packed now (which builds). */
function pack(folder) {
  if (options.tarball !== undefined) return resolve(options.tarball)
  npm(['pack', '--pack-destination', folder], { cwd: root })
  const { version } = createRequire(import.meta.url)('../package.json')
  return join(folder, `${name}-${version}.tgz`)
}

/** A Node of the given major version: its binary, and what has to be in the environment for npm to use it. */
function nodeOf(major) {
  const home = fetch(`node-linux-${process.arch}`, major)
  return {
    binary: join(home, 'bin', 'node'),
    // Its own headers, so that nothing is fetched to compile against.
    env: { ...process.env, PATH: `${home}/bin:${process.env.PATH}`, npm_config_nodedir: home },
  }
}

/** Installs the tarball in an empty folder, as that Node's user would; npm 11 is what runs install scripts unasked. */
async function install(node, tarball, folder, env = {}) {
  emptyPackage(folder)
  const cli = join(fetch('npm', '11'), 'bin', 'npm-cli.js')
  await run(node.binary, [cli, 'install', '--no-audit', '--no-fund', tarball], {
    cwd: folder,
    env: { ...node.env, ...env },
    signal: interrupted.signal,
  })
}

/** Imports every entry of the package; resolves to how many there are. */
async function importAll(node, folder) {
  const names = Object.keys(entries)
    .filter((entry) => !entry.endsWith('.json'))
    .map((entry) => join(name, entry))
  const program = names.map((entry) => `await import(${JSON.stringify(entry)})`).join('\n')
  writeFileSync(join(folder, 'import.mjs'), program)
  await run(node.binary, ['import.mjs'], { cwd: folder, signal: interrupted.signal })
  return names.length
}

/** Says its version and its help, and what is wrong with a file that is not there. */
async function ask(node, folder) {
  const { version } = createRequire(import.meta.url)('../package.json')
  const { stdout } = await run(node.binary, [commandIn(folder), '--version'])
  if (stdout !== `${version}\n`) throw new Error(`the command is of version ${stdout}`)
  await run(node.binary, [commandIn(folder), 'show', '--help'])
}

/** The link that npm makes of `bin`. */
const commandIn = (folder) => join(folder, 'node_modules', '.bin', name)

/** Speakers of that Node on one cable, by `import` and then by the command. Rejects unless both become Full, and learn the other's VIP. */
async function meet(node, folder) {
  copyFileSync(join(here, 'smoke.mjs'), join(folder, 'smoke.mjs'))
  const prefix = `pack${process.pid}`
  const sides = [
    { namespace: `${prefix}a`, address: '10.0.0.1', vip: '10.9.0.1/32', peer: '10.9.0.2/32' },
    { namespace: `${prefix}b`, address: '10.0.0.2', vip: '10.9.0.2/32', peer: '10.9.0.1/32' },
  ]
  const ip = (...args) => execFileSync('ip', args, { stdio: 'pipe' })
  try {
    for (const { namespace } of sides) {
      ip('netns', 'add', namespace)
      ip('-n', namespace, 'link', 'set', 'lo', 'up')
    }
    const [a, b] = sides.map(({ namespace }) => namespace)
    ip('link', 'add', 'eth0', 'netns', a, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', b)
    for (const { namespace, address } of sides) {
      ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0')
      ip('-n', namespace, 'link', 'set', 'eth0', 'up')
    }
    await Promise.all(sides.map((side) => smoke(node, folder, side)))
    await Promise.all(sides.map((side, i) => serve(node, folder, side, i === 1)))
  } finally {
    for (const { namespace } of sides) {
      try {
        ip('netns', 'del', namespace)
      } catch {
        // it was not made
      }
    }
  }
}

async function smoke(node, folder, { namespace, address, vip, peer }) {
  const command = ['netns', 'exec', namespace, node.binary, 'smoke.mjs', address, vip, peer]
  const child = spawn('ip', command, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
    signal: interrupted.signal,
  })
  const output = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => output.push(text))
  const [code, signal] = await once(child, 'close')
  if (code !== 0)
    throw new Error(`smoke on ${address} ended with ${code ?? signal}: ${output.join('')}`)
}

/** The command in its namespace, with the protocol in a child process if asked, until its neighbor is Full and its VIP learned. */
async function serve(node, folder, { namespace, address, vip, peer }, isolate) {
  const file = join(folder, `${namespace}.yaml`)
  const socket = join(folder, `${namespace}.sock`)
  writeFileSync(
    file,
    `routerId: ${address}
isolate: ${isolate}
areas:
  0.0.0.0: { interfaces: { eth0: { helloInterval: 1, deadInterval: 4 } } }
vips:
  ${vip}: {}
`,
  )
  const inside = (...words) => [
    'netns',
    'exec',
    namespace,
    node.binary,
    commandIn(folder),
    ...words,
  ]
  const child = spawn('ip', inside('run', file, '--socket', socket), {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
    signal: interrupted.signal,
  })
  const output = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => output.push(text))
  const ended = once(child, 'close')
  const show = async (...words) => {
    const { stdout } = await run('ip', inside('show', 'ip', 'ospf', ...words, '--socket', socket))
    return stdout
  }
  const end = Date.now() + 30_000
  for (;;) {
    const seen = [await show('neighbor').catch(String), await show('route').catch(String)]
    if (seen[0].includes('Full/') && seen[1].includes(peer)) break
    if (Date.now() > end || child.exitCode !== null)
      throw new Error(`run on ${address}: ${seen.join('')}${output.join('')}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  // the other one wants to learn of ours, too
  await new Promise((resolve) => setTimeout(resolve, 2000))
  child.kill('SIGTERM')
  const [code, signal] = await ended
  if (code !== 0)
    throw new Error(`run on ${address} ended with ${code ?? signal}: ${output.join('')}`)
}

/** What is left of the package where nothing can be compiled. */
async function withoutCompiler(node, tarball, folder) {
  await install(node, tarball, folder, { CC: 'false', CXX: 'false' })
  const count = await importAll(node, folder)
  writeFileSync(
    join(folder, 'start.mjs'),
    `import { OspfSpeaker } from '${name}'
     const areas = { '0.0.0.0': { interfaces: { lo: {} } } }
     OspfSpeaker.start({ routerId: '10.0.0.1', areas }).then(
       () => process.exit(1),
       (error) => console.log(error.code, error.message),
     )`,
  )
  const { stdout } = await run(node.binary, ['start.mjs'], { cwd: folder })
  if (!stdout.startsWith('ERR_OSPF_NATIVE ')) throw new Error(`no ERR_OSPF_NATIVE: ${stdout}`)
  return `${count} entries imported; a speaker says: ${stdout.trim()}`
}

/** What those say who look at packages: entries, types, and files that should not be there. */
async function inspect(tarball) {
  const bin = (tool) => join(root, 'node_modules', '.bin', tool)
  await run(bin('publint'), ['run', tarball, '--strict'], { cwd: root })
  // a module for `import` alone, and for bundlers and Node from 16 on
  await run(
    bin('attw'),
    [tarball, '--profile', 'esm-only', '--exclude-entrypoints', 'schema.json'],
    { cwd: root },
  )
  const { stdout } = await run('tar', ['-tzf', tarball])
  const files = stdout
    .split('\n')
    .filter((file) => file !== '' && !file.startsWith('package/node_modules/'))
  const known = /^package\/(dist|lib|native|man|packaging)\/|^package\/[^/]+$/
  const stray = files.filter((file) => !known.test(file) || /\.test\.|\.tsbuildinfo$/.test(file))
  if (stray.length > 0) throw new Error(`should not be there: ${stray.join(', ')}`)
  return `${files.length} files, entries and types are as they should be`
}

/** Programs that are not there have nothing to say. */
async function optional(command, args) {
  try {
    const { stderr } = await run(command, args, { cwd: root })
    if (stderr.trim() !== '') throw new Error(`${command}: ${stderr}`)
    return `${command} agrees`
  } catch (error) {
    if (error.code === 'ENOENT') return `no ${command} here`
    throw error
  }
}

async function operating() {
  const unit = join('packaging', 'ospf-speaker.service')
  return [
    await optional('systemd-analyze', ['verify', '--man=no', unit]),
    await optional('groff', ['-man', '-Tutf8', '-ww', '-z', join('man', 'ospf-speaker.1')]),
  ].join(', ')
}

/** One line about `what`; false if it failed. */
async function report(what, work) {
  try {
    interrupted.signal.throwIfAborted()
    console.log(`ok      ${what}: ${await work()}`)
    return true
  } catch (error) {
    console.log(`failed  ${what}: ${error.stderr || error.message}`)
    return false
  }
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => interrupted.abort(new Error(signal)))
}
const folder = mkdtempSync(join(tmpdir(), 'ospf-speaker-pack-'))
try {
  const tarball = pack(folder)
  const majors = options.node.split(',')
  const isRoot = process.getuid() === 0
  let ok = await report('package', () => inspect(tarball))
  ok &= await report('unit and manual page', operating)
  for (const major of majors) {
    const node = nodeOf(major)
    const home = join(folder, major)
    const version = execFileSync(node.binary, ['--version'], { encoding: 'utf8' }).trim()
    ok &= await report(`Node ${version}`, async () => {
      await install(node, tarball, home)
      const count = await importAll(node, home)
      await ask(node, home)
      if (!isRoot) return `installed, ${count} entries imported (not root: no speakers started)`
      await meet(node, home)
      return `installed, ${count} entries imported, two speakers Full and both VIPs learned`
    })
  }
  ok &= await report(`no compiler, Node ${majors[0]}`, () =>
    withoutCompiler(nodeOf(majors[0]), tarball, join(folder, 'no-compiler')),
  )
  process.exitCode = ok ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
