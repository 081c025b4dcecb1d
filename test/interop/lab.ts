/**
 * A laboratory of network namespaces for the tests against FRR, BIRD and the kernel. Root only.
 *
 * Every namespace carries the prefix of its lab, so two runs at the same time never meet. All of it, with every
 * process inside, is removed on disposal, when the process exits for whatever reason, and (by a small watchdog
 * shell) even when it is killed with SIGKILL.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { sweep, watchdog } from '../sweep.ts'

const run = promisify(execFile)

/** Prints its arguments' answer; see agent.ts. */
const agent = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './agent.ts' : './agent.js', import.meta.url),
)

/** What `ip -j route` says of one route; only the fields that tests ask for. */
export interface KernelRoute {
  readonly dst: string
  readonly gateway?: string
  readonly dev?: string
  readonly protocol?: string
  readonly metric?: number
  readonly prefsrc?: string
  readonly scope?: string
  readonly nexthops?: readonly {
    readonly gateway?: string
    readonly dev: string
    readonly weight: number
  }[]
}

/** How many connections each server answered, and how the others failed (by errno, or 'timeout'). */
export interface ConnectionCount {
  readonly answered: Readonly<Record<string, number>>
  readonly failed: Readonly<Record<string, number>>
}

/** A bridge with the namespace it lives in: a place to capture every frame of the segment. */
export interface Lan {
  readonly node: string
  readonly bridge: 'br0'
}

/** The part of a `tap` test that a lab uses. */
export interface LabTest {
  passing(): boolean
  comment(...message: unknown[]): void
  teardown(fn: () => Promise<void>): void
}

/** One process in a namespace. What it prints is kept, both streams together. */
export class LabProcess {
  readonly node: string
  readonly name: string
  readonly pid: number
  /** Resolves with the exit code, or the signal's name, once it has ended and its output is complete. */
  readonly exited: Promise<number | string>
  #output = ''
  #ended: number | string | undefined
  readonly #child: ChildProcess

  constructor(node: string, name: string, child: ChildProcess) {
    this.node = node
    this.name = name
    this.#child = child
    this.pid = child.pid ?? 0
    const keep = (chunk: string): void => {
      this.#output = (this.#output + chunk).slice(-65536)
    }
    child.stdout?.setEncoding('utf8').on('data', keep)
    child.stderr?.setEncoding('utf8').on('data', keep)
    this.exited = new Promise((resolve) => {
      const end = (status: number | string): void => {
        this.#ended = status
        resolve(status)
      }
      child.once('error', (error) => {
        keep(`${error.message}\n`)
        end('not started')
      })
      child.once('close', (code, signal) => end(code ?? signal ?? 'unknown'))
    })
  }

  /** Everything printed so far (the last 64 Ki characters). */
  get output(): string {
    return this.#output
  }

  get running(): boolean {
    return this.#ended === undefined
  }

  /** Sends a signal; false when the process is gone. */
  signal(signal: NodeJS.Signals): boolean {
    return this.running && this.#child.kill(signal)
  }

  /** SIGTERM, and SIGKILL after `grace` seconds. Resolves with the exit status. */
  async stop(grace = 5): Promise<number | string> {
    this.signal('SIGTERM')
    const timer = setTimeout(() => this.signal('SIGKILL'), grace * 1000)
    try {
      return await this.exited
    } finally {
      clearTimeout(timer)
    }
  }

  /** SIGKILL: the process dies without a word to its neighbors. */
  async kill(): Promise<number | string> {
    this.signal('SIGKILL')
    return await this.exited
  }
}

export class Lab implements AsyncDisposable {
  static #count = 0

  /** What the namespaces' names begin with. */
  readonly prefix: string
  /** A directory for configurations, sockets and captures; removed with the lab. */
  readonly directory: string
  readonly #processes: LabProcess[] = []
  readonly #interfaces = new Map<string, number>()
  /** Bridge port behind `node/interface`. */
  readonly #ports = new Map<string, { readonly node: string; readonly port: string }>()
  readonly #watchdog: ChildProcess
  readonly #atExit = (): void => this.#sweep()
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.#sweep()
    process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  #disposed = false
  readonly #tellers: (() => Promise<string>)[] = []

  constructor() {
    const random = Math.floor(Math.random() * 36 ** 2)
    this.prefix = `ol${process.pid.toString(36)}${random.toString(36)}${(Lab.#count++).toString(36)}`
    this.directory = mkdtempSync(join(tmpdir(), `${this.prefix}-`))
    chmodSync(this.directory, 0o755) // FRR runs as its own user
    this.#watchdog = watchdog(this.prefix, this.directory)
    process.once('exit', this.#atExit)
    process.once('SIGINT', this.#onSignal)
    process.once('SIGTERM', this.#onSignal)
  }

  /** A lab that ends with the test; when the test failed, what the processes printed is shown first. */
  static for(t: LabTest): Lab {
    const lab = new Lab()
    t.teardown(async () => {
      if (!t.passing()) t.comment(await lab.report())
      await lab[Symbol.asyncDispose]()
    })
    return lab
  }

  /** Creates a namespace: lo up, no IPv6, no reverse path filter. `sysctls` as in sysctl(8). */
  node(name: string, sysctls: Readonly<Record<string, number>> = {}): string {
    this.#ip(['netns', 'add', this.namespace(name)])
    this.#interfaces.set(name, 0)
    this.#ip(['-n', this.namespace(name), 'link', 'set', 'lo', 'up'])
    if (existsSync('/proc/sys/net/ipv6')) {
      this.sysctl(name, {
        'net.ipv6.conf.all.disable_ipv6': 1,
        'net.ipv6.conf.default.disable_ipv6': 1,
      })
    }
    this.sysctl(name, {
      'net.ipv4.conf.all.rp_filter': 0,
      'net.ipv4.conf.default.rp_filter': 0,
      ...sysctls,
    })
    return name
  }

  /** The kernel's name of a node, for `ip netns exec`. */
  namespace(node: string): string {
    return `${this.prefix}-${node}`
  }

  /**
   * Sets sysctls of a node. Those of `default` reach only interfaces that are made later: set them in `node()`.
   */
  sysctl(node: string, values: Readonly<Record<string, number>>): void {
    const pairs = Object.entries(values).map(([key, value]) => `${key}=${value}`)
    execFileSync('ip', ['netns', 'exec', this.namespace(node), 'sysctl', '-qw', ...pairs])
  }

  /**
   * A LAN: a bridge in a namespace of its own, and an interface on it for each node. Addresses with prefix
   * length ('10.0.1.133/24'). The interfaces of a node are eth0, eth1, ... in the order they are made.
   */
  lan(name: string, nodes: Readonly<Record<string, string>>): Lan {
    this.node(name)
    const bridge = ['link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0']
    this.#ip(['-n', this.namespace(name), ...bridge, 'forward_delay', '0'])
    this.#ip(['-n', this.namespace(name), 'link', 'set', 'br0', 'up'])
    for (const [node, address] of Object.entries(nodes)) this.join(name, node, address)
    return { node: name, bridge: 'br0' }
  }

  /** One more interface of a node on a LAN. Returns its name. */
  join(lan: string, node: string, address: string): string {
    const port = `p${this.#ports.size}`
    const device = this.#wire(node, address, lan, port)
    this.#ip(['-n', this.namespace(lan), 'link', 'set', port, 'master', 'br0', 'up'])
    this.#ports.set(`${node}/${device}`, { node: lan, port })
    return device
  }

  /** A cable between two nodes, with an address (and prefix length, or 'peer ADDRESS/32') at each end. */
  link(ends: Readonly<Record<string, string>>): void {
    const [one, other] = Object.entries(ends)
    if (one === undefined || other === undefined) throw new Error('a link has two ends')
    const device = this.#next(other[0])
    this.#wire(one[0], one[1], other[0], device)
    this.#address(other[0], device, other[1])
  }

  /** Pulls a node's cable out of its LAN, or puts it back: the node sees its carrier go. */
  carrier(node: string, device: string, up: boolean): void {
    const port = this.#ports.get(`${node}/${device}`)
    if (port === undefined) throw new Error(`${device} of ${node} is on no LAN`)
    const state = up ? 'up' : 'down'
    this.#ip(['-n', this.namespace(port.node), 'link', 'set', port.port, state])
  }

  /** Runs a program in a node to its end; resolves with its standard output, rejects when it fails. */
  async exec(node: string, argv: readonly string[]): Promise<string> {
    const { stdout } = await run('ip', ['netns', 'exec', this.namespace(node), ...argv], {
      maxBuffer: 1 << 26,
    })
    return stdout
  }

  /** Starts a program in a node. It is ended with the lab at the latest. */
  spawn(node: string, argv: readonly string[], name: string = argv[0] ?? ''): LabProcess {
    if (this.#disposed) throw new Error('the lab is closed')
    // `ip netns exec` replaces itself: the pid is the program's own.
    const child = spawn('ip', ['netns', 'exec', this.namespace(node), ...argv], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const started = new LabProcess(node, name, child)
    this.#processes.push(started)
    return started
  }

  /** The main table of a node's kernel. */
  async routes(node: string): Promise<readonly KernelRoute[]> {
    return JSON.parse((await this.exec(node, ['ip', '-j', 'route'])) || '[]') as KernelRoute[]
  }

  /** Starts an HTTP server that answers every request with `name` and closes; resolves when it listens. */
  async serve(node: string, address: string, port: number, name: string): Promise<LabProcess> {
    const argv = [process.execPath, agent, 'serve', address, `${port}`, name]
    const server = this.spawn(node, argv, `server ${name}`)
    await until(() => server.output.includes('listening') || !server.running, {
      what: `server ${name} listens on ${address}:${port}`,
    })
    if (!server.running) throw new Error(`server ${name}: ${server.output}`)
    return server
  }

  /** Opens `count` connections one after the other from a node, each from a port of its own. */
  async connections(
    node: string,
    address: string,
    port: number,
    count: number,
  ): Promise<ConnectionCount> {
    const argv = [process.execPath, agent, 'connect', address, `${port}`, `${count}`]
    return JSON.parse(await this.exec(node, argv)) as ConnectionCount
  }

  /** Captures OSPF packets to a pcap file until the process that it resolves to is stopped. */
  async capture(
    node: string,
    device: string,
    file: string,
    filter = 'ip proto 89',
  ): Promise<LabProcess> {
    const argv = ['tcpdump', '-i', device, '-w', file, '-U', '--immediate-mode', '-s', '0']
    const tcpdump = this.spawn(node, [...argv, '-Z', 'root', filter], 'tcpdump')
    await until(() => tcpdump.output.includes('listening on') || !tcpdump.running, {
      what: `tcpdump listens on ${device} of ${node}`,
    })
    if (!tcpdump.running) throw new Error(`tcpdump: ${tcpdump.output}`)
    return tcpdump
  }

  /** What all processes have printed, for the report of a failed test. */
  log(): string {
    return this.#processes
      .map(({ node, name, pid, output }) => `--- ${name} [${pid}] on ${node}\n${output}`)
      .join('\n')
  }

  /** Adds what `tell` returns to the report of a failed test: asked while everything still runs. */
  whenFailed(what: string, tell: () => Promise<string>): void {
    this.#tellers.push(async () => {
      const said = await tell().catch((error: unknown) => String(error))
      return `--- ${what}\n${said}`
    })
  }

  /** What all processes have printed, and what they say when asked now. */
  async report(): Promise<string> {
    const asked = await Promise.all(this.#tellers.map((tell) => tell()))
    return [this.log(), ...asked].join('\n')
  }

  /** Ends the processes, latest first, and removes the namespaces and files. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    for (const started of this.#processes.toReversed()) await started.kill()
    this.#sweep()
    process.off('exit', this.#atExit)
    process.off('SIGINT', this.#onSignal)
    process.off('SIGTERM', this.#onSignal)
    this.#watchdog.stdin?.end()
  }

  #sweep(): void {
    sweep(this.prefix, this.directory)
  }

  #wire(node: string, address: string, peer: string, peerDevice: string): string {
    const device = this.#next(node)
    const here = ['link', 'add', device, 'netns', this.namespace(node), 'type', 'veth']
    this.#ip([...here, 'peer', 'name', peerDevice, 'netns', this.namespace(peer)])
    this.#address(node, device, address)
    return device
  }

  #address(node: string, device: string, address: string): void {
    // With a broadcast address, as distributions configure it; FRR tells point-to-point addresses by it.
    const hasBroadcast = !/\/3[12]$/.test(address)
    const words = [...address.split(' '), ...(hasBroadcast ? ['broadcast', '+'] : [])]
    const add = ['address', 'add', ...words, 'dev', device]
    this.#ip(['-n', this.namespace(node), ...add])
    this.#ip(['-n', this.namespace(node), 'link', 'set', device, 'up'])
  }

  #next(node: string): string {
    const count = this.#interfaces.get(node)
    if (count === undefined) throw new Error(`no node ${node} in the lab`)
    this.#interfaces.set(node, count + 1)
    return `eth${count}`
  }

  #ip(argv: readonly string[]): void {
    execFileSync('ip', argv, { stdio: ['ignore', 'ignore', 'pipe'] })
  }
}

/**
 * Asks again and again (every 100 ms) until the answer is truthy, and resolves with it. Rejects after `timeout`
 * seconds (30 by default) with `what` was waited for and the last answer.
 */
export async function until<T>(
  ask: () => T | Promise<T>,
  { what, timeout = 30 }: { readonly what: string; readonly timeout?: number },
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeout * 1000
  for (;;) {
    let last: unknown
    try {
      const answer = await ask()
      if (answer) return answer
      last = answer
    } catch (error) {
      last = error
    }
    if (performance.now() > deadline) {
      const said = last instanceof Error ? last.message : JSON.stringify(last)
      throw new Error(`not within ${timeout} s: ${what}; last: ${said}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Which of the things that interoperability tests need are on this machine. */
export function hasPeers(): Readonly<Record<Need, boolean>> {
  return {
    root: process.getuid?.() === 0,
    frr: existsSync('/usr/lib/frr/ospfd') && existsSync('/usr/bin/vtysh'),
    bird: existsSync('/usr/sbin/bird'),
    tshark: existsSync('/usr/bin/tshark'),
    tcpdump: existsSync('/usr/bin/tcpdump') || existsSync('/usr/sbin/tcpdump'),
  }
}

export type Need = 'root' | 'frr' | 'bird' | 'tshark' | 'tcpdump'

/** For tap's `skip`: false, or why the test cannot run here. Root is always needed. */
export function missing(...needs: readonly Need[]): string | false {
  const have = hasPeers()
  if (!have.root) return 'network namespaces need root'
  const absent = needs.filter((need) => !have[need])
  return absent.length === 0 ? false : `not installed: ${absent.join(', ')}`
}
