/**
 * `npm run demo`: a VIP on two load balancers, and what happens to it, told live. See --help. Sees to everything that
 * the demo needs on a machine with nothing but Node, builds, and starts scripts/demo/main.ts.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const usage = `usage: npm run demo [-- <options>]

Two load balancers announce one address, and a router spreads connections over both: then one fails its health check
and recovers, one is stopped and started again, one is killed. Every step is checked and timed. As root on Linux it is
played in network namespaces of this kernel, about half a minute; otherwise in the simulator, about ten seconds.
Nothing is left behind but what had to be installed.

  --router <what>   in namespaces, the router: ospf-speaker (this library, the default), frr or bird
  --sim             the simulator, for root as well
  --fast            the simulator, without waiting for the audience
  --help            this text

What is missing is installed: packages of package-lock.json with npm and, as root, Debian's compiler, tools and the
routers asked for with apt-get. Plain lines are printed where there is no terminal, or with NO_COLOR or CI set.`

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** What went wrong, for people; the rest is a bug. */
class Failure extends Error {
  constructor(message, status = 1) {
    super(message)
    this.status = status
  }
}

function parse() {
  try {
    const { values } = parseArgs({
      options: {
        router: { type: 'string', default: 'ospf-speaker' },
        sim: { type: 'boolean', default: false },
        fast: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    if (!['ospf-speaker', 'frr', 'bird'].includes(values.router)) {
      throw new Error(`--router: expected ospf-speaker, frr or bird, got '${values.router}'`)
    }
    return values
  } catch (error) {
    throw new Failure(`${error.message}\n(--help shows how)`, 2)
  }
}

/** Runs a command to its end; its output is shown only if it fails, unless `show`. */
function run(what, command, args, { env = process.env, show = false } = {}) {
  console.log(`demo: ${what}`)
  const stdio = show ? 'inherit' : 'pipe'
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    env,
    stdio: ['ignore', stdio, stdio],
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  if (error) throw new Failure(`${command}: ${error.message}`)
  if (status !== 0) {
    throw new Failure(`${command} ${args.join(' ')} failed\n${stdout ?? ''}${stderr ?? ''}`)
  }
}

// As root, /sbin may be missing from the path of a shell that `su` has opened.
const path = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`
const isThere = (program) => path.split(':').some((folder) => existsSync(join(folder, program)))

/** Debian packages that are not there, of those that the demo in namespaces needs. */
function missingPackages({ router }) {
  const wanted = [
    ['g++', isThere('c++')],
    ['make', isThere('make')],
    ['python3', isThere('python3')],
    ['iproute2', isThere('ip')],
    ['procps', isThere('sysctl')],
    ['frr', router !== 'frr' || existsSync('/usr/lib/frr/ospfd')],
    ['bird2', router !== 'bird' || existsSync('/usr/sbin/bird')],
  ]
  return wanted.filter(([, there]) => !there).map(([name]) => name)
}

function installPackages(names) {
  if (names.length === 0) return
  if (!isThere('apt-get')) throw new Failure(`please install ${names.join(', ')}; or use --sim`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  run('apt-get update', 'apt-get', ['-qq', 'update'], { env })
  const args = ['-qq', 'install', '--yes', '--no-install-recommends', ...names]
  run(`apt-get install ${names.join(' ')}`, 'apt-get', args, { env })
}

/** The environment in which native code finds the headers of this Node, without fetching them if it has its own. */
function npmEnv() {
  const home = dirname(dirname(process.execPath))
  if (process.env.npm_config_nodedir || !existsSync(join(home, 'include/node/node_api.h'))) {
    return process.env
  }
  return { ...process.env, npm_config_nodedir: home }
}

function rawSocketLoads() {
  const program = "require('raw-socket')"
  return spawnSync(process.execPath, ['-e', program], { cwd: root }).status === 0
}

/** Everything that is compiled, from what is there. */
function build(inNamespaces) {
  const env = npmEnv()
  const isNew = !existsSync(join(root, 'node_modules', '.package-lock.json'))
  // npm leaves raw-socket out, being optional, where it could not be compiled.
  if (isNew || (inNamespaces && !rawSocketLoads())) {
    run('npm ci', 'npm', ['ci', '--no-audit', '--no-fund'], { env })
  }
  if (inNamespaces && !rawSocketLoads()) {
    throw new Failure('raw-socket was not compiled (npm rebuild raw-socket says why); or use --sim')
  }
  const tsc = createRequire(import.meta.url).resolve('typescript/package.json')
  const compile = (project) => [join(dirname(tsc), 'bin', 'tsc'), '-p', project]
  run('build the library', process.execPath, compile('tsconfig.json'))
  run('build the demo', process.execPath, compile('scripts/demo/tsconfig.json'))
  if (inNamespaces) {
    run('build the netlink binding', process.execPath, [join('native', 'build.mjs')], { env })
  }
}

/** Plays it; resolves to the exit status. Signals are its business: it has to clean up. */
function play(args) {
  const program = join(root, '.build', 'scripts', 'demo', 'main.js')
  const child = spawn(process.execPath, [program, ...args], {
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  return new Promise((resolve) => child.once('close', (status) => resolve(status ?? 1)))
}

/** Whether we may make network namespaces; root of a container may not. */
function canUnshare() {
  if (process.platform !== 'linux' || process.getuid() !== 0) return false
  return spawnSync('unshare', ['--net', '--mount', 'true']).status === 0
}

async function main() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Failure(`Node 20.19 or newer is needed; this is ${process.versions.node}`)
  }
  const options = parse()
  if (options.help) {
    console.log(usage)
    return 0
  }
  const can = canUnshare()
  const inNamespaces = can && !options.sim && !options.fast
  if (!inNamespaces && options.router !== 'ospf-speaker') {
    throw new Failure(
      `--router ${options.router} plays in namespaces: root on Linux, without --sim`,
    )
  }
  if (!can) console.log('demo: no network namespaces without root on Linux; this is the simulator')
  if (inNamespaces) installPackages(missingPackages(options))
  build(inNamespaces)
  if (inNamespaces) return play(['--router', options.router])
  return play(['--sim', ...(options.fast ? ['--fast'] : [])])
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof Failure)) throw error
  console.error(`demo: ${error.message}`)
  process.exitCode = error.status
}
