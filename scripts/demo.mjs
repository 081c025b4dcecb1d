/**
 * `npm run demo`: a VIP on two load balancers, and what happens to it, told live. See --help. Sees to everything that
 * the demo needs on a machine with nothing but Node, builds, and starts scripts/demo/main.ts.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  buildLibrary,
  buildNative,
  buildTests,
  debianPackages,
  isRoot,
  must,
  npmPackages,
  root,
} from './prepare.mjs'

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

// As root, /sbin may be missing from the path of a shell that `su` has opened.
process.env.PATH += ':/usr/local/sbin:/usr/sbin:/sbin'
const isThere = (program) =>
  process.env.PATH.split(':').some((folder) => existsSync(join(folder, program)))

/** What namespaces need of Debian and do not have yet. */
function missingPackages({ router }) {
  const wanted = [
    ['g++', isThere('c++')],
    ['make', isThere('make')],
    ['python3', isThere('python3')],
    ['iproute2', isThere('ip')],
    ['procps', isThere('sysctl')],
    ['frr', router !== 'frr' || existsSync('/usr/lib/frr/ospfd')],
    ['bird2', router !== 'bird' || isThere('bird')],
  ]
  return wanted.filter(([, there]) => !there).map(([name]) => name)
}

const rawSocketLoads = () =>
  spawnSync(process.execPath, ['-e', "require('raw-socket')"], { cwd: root }).status === 0

/** Installs and compiles what is not there. */
function prepare(inNamespaces, options) {
  // A Node that came with its headers needs to fetch none to compile against.
  const home = dirname(dirname(process.execPath))
  if (existsSync(join(home, 'include/node/node_api.h'))) process.env.npm_config_nodedir ??= home
  if (inNamespaces) {
    const still = debianPackages(missingPackages(options))
    if (still.length > 0) throw new Failure(`please install ${still.join(', ')}; or use --sim`)
  }
  npmPackages()
  if (inNamespaces && !rawSocketLoads()) {
    // Being optional, it was left out when npm ran without a compiler.
    console.log('Installing npm packages again, now that raw-socket can be compiled')
    must('npm', ['ci', '--no-audit', '--no-fund'])
    if (!rawSocketLoads())
      throw new Failure(
        'raw-socket could not be compiled: npm rebuild raw-socket says why; or use --sim',
      )
  }
  buildLibrary()
  if (inNamespaces) buildNative()
  buildTests()
}

/** Plays it; resolves to the exit status. Signals are its business: it has to clean up. */
function play(args) {
  const program = join(root, '.build', 'scripts', 'demo', 'main.js')
  const child = spawn(process.execPath, [program, ...args], {
    stdio: 'inherit',
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  return new Promise((resolve) => child.once('close', (status) => resolve(status ?? 1)))
}

/** Whether we may make network namespaces; root of a container may not. */
function canUnshare() {
  return isRoot && spawnSync('unshare', ['--net', '--mount', 'true']).status === 0
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
  prepare(inNamespaces, options)
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
