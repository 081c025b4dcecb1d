/**
 * The classic cluster of an LVS load balancer in namespaces: a client behind a router, and on a LAN with the router two
 * directors, real servers and one that says sorry.
 *
 *   client 10.0.2.10 -- 10.0.2.1 router 10.0.1.1 --+-- 10.0.1.0/24 --+-- d1 10.0.1.133, d2 10.0.1.134
 *                                                                    +-- s1 10.0.1.21, s2 10.0.1.22, sorry 10.0.1.29
 *
 * The VIP of DR and TUN is 10.0.1.100: every server has it on lo and answers through the router. That of NAT is
 * 10.0.1.101: what servers say from their own addresses goes through d1, so it is announced there alone.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type {
  DirectorOptions,
  RealServerOptions,
  SpeakerOptions,
  VirtualServiceOptions,
} from '../../lib/index.ts'
import { nextHops } from '../interop/classic.ts'
import { Frr } from '../interop/daemons.ts'
import { Lab, type LabProcess, type Lan, until } from '../interop/lab.ts'
import { classicTimers, onEth0 } from '../interop/speakers.ts'
import type { HoldReport } from './cluster-agent.ts'
import { DirectorProcess, PATIENCE } from './director-process.ts'

export const vip: string = '10.0.1.100'
export const natVip: string = '10.0.1.101'
export const addresses = {
  router: '10.0.1.1',
  d1: '10.0.1.133',
  d2: '10.0.1.134',
  s1: '10.0.1.21',
  s2: '10.0.1.22',
  sorry: '10.0.1.29',
} as const
export type ServerName = 's1' | 's2' | 'sorry'
export type DirectorName = 'd1' | 'd2'
const CLIENT = '10.0.2.10'

/** Ports that every server listens to. */
export const ports: readonly number[] = [80, 81, 82, 83]
export const GUE_PORT = 6080

const agent = fileURLToPath(new URL('./cluster-agent.js', import.meta.url))

/** Builds the network; nothing runs yet. */
export async function cluster(lab: Lab): Promise<Lan> {
  const noRedirects = {
    'net.ipv4.conf.all.send_redirects': 0,
    'net.ipv4.conf.default.send_redirects': 0,
  }
  lab.node('client')
  lab.node('router', {
    'net.ipv4.ip_forward': 1,
    'net.ipv4.fib_multipath_hash_policy': 1,
    ...noRedirects,
  })
  for (const name of ['d1', 'd2']) lab.node(name, { 'net.ipv4.ip_forward': 1, ...noRedirects })
  for (const name of ['s1', 's2', 'sorry']) {
    lab.node(name, { 'net.ipv4.conf.all.arp_ignore': 1, 'net.ipv4.conf.all.arp_announce': 2 })
  }
  const lan = lab.lan(
    'lan',
    Object.fromEntries(Object.entries(addresses).map(([name, at]) => [name, `${at}/24`])),
  )
  lab.link({ client: `${CLIENT}/24`, router: '10.0.2.1/24' })
  await lab.exec('client', ['ip', 'route', 'add', 'default', 'via', '10.0.2.1'])
  for (const name of ['d1', 'd2', 's1', 's2', 'sorry']) {
    await lab.exec(name, ['ip', 'route', 'add', 'default', 'via', addresses.router])
  }
  for (const name of ['s1', 's2', 'sorry'] as const) {
    await lab.exec(name, ['ip', 'address', 'add', `${vip}/32`, 'dev', 'lo'])
    const rule = ['ip', 'rule', 'add', 'from', addresses[name], 'to', '10.0.2.0/24', 'table', '100']
    await lab.exec(name, rule)
    const route = ['ip', 'route', 'add', 'default', 'via', addresses.d1, 'table', '100']
    await lab.exec(name, route)
  }
  return lan
}

/** Makes a server take packets out of tunnels: ipip, gre, and gue to `GUE_PORT`. The VIP is on lo. */
export async function openTunnels(lab: Lab, node: ServerName): Promise<void> {
  const commands = `modprobe ipip; modprobe ip_gre; modprobe fou
    ip fou add port ${GUE_PORT} gue
    for device in tunl0 gre0; do
      ip link set $device up
      sysctl -qw net.ipv4.conf.$device.rp_filter=0
    done`
  await lab.exec(node, ['sh', '-ec', commands])
}

/** What runs as the router here: this library, with its routes in the kernel. */
export const router: SpeakerOptions = {
  routerId: addresses.router,
  areas: {
    '0.0.0.0': {
      interfaces: {
        eth0: { ...classicTimers, priority: 1 },
        eth1: { ...classicTimers, passive: true },
      },
    },
  },
  installRoutes: true,
  routerHelper: 'set',
}

/** A director's speaker, which sees to ARP itself. */
export const speaker = (name: DirectorName): SpeakerOptions =>
  onEth0(addresses[name], {}, { directorHelper: { mode: 'set', forward: true } })

export const server = (
  name: ServerName,
  more: Partial<RealServerOptions> = {},
): RealServerOptions => ({ address: addresses[name], ...more })

/** A service of both servers. */
export const service = (more: Partial<VirtualServiceOptions>): VirtualServiceOptions => ({
  address: vip,
  port: 80,
  scheduler: 'rr',
  servers: [server('s1'), server('s2')],
  ...more,
})

/** A server that has stopped is out after its check has failed twice: 1 s and a half at most. */
export const quick = {
  checks: [{ type: 'tcp' }],
  delayLoop: 1,
  retry: 1,
  delayBeforeRetry: 0.5,
  rise: 1,
} as const satisfies Partial<VirtualServiceOptions>

/** Directors that have this choose the same server for the same client. */
export const maglev = (port = 80): VirtualServiceOptions =>
  service({ ...quick, port, scheduler: 'mh', flags: ['mh-fallback', 'mh-port'] })

/** Of `maglev` as ipvsadm saves it, sorted. */
export const maglevLines = (port = 80): readonly string[] => [
  `-A -t ${vip}:${port} -s mh -b mh-fallback,mh-port`,
  `-a -t ${vip}:${port} -r ${addresses.s1}:${port} -g -w 1`,
  `-a -t ${vip}:${port} -r ${addresses.s2}:${port} -g -w 1`,
]

export const director = (...services: VirtualServiceOptions[]): DirectorOptions => ({
  services,
  reconcileInterval: 5,
})

/** Starts the server programs of a node. */
export async function serve(
  lab: Lab,
  node: string,
  listen: readonly number[] = ports,
): Promise<LabProcess> {
  const argv = [process.execPath, agent, 'serve', node, ...listen.map(String)]
  const process_ = lab.spawn(node, argv, `server ${node}`)
  await until(() => process_.output.includes('listening'), {
    what: `${node} serves`,
    timeout: PATIENCE,
  })
  return process_
}

/** Which router the directors are behind. */
export type RouterName = 'FRR' | 'ospf-speaker'

/**
 * Builds the network behind a router, with both servers and these directors: all of them have the same services, and
 * take connections that began elsewhere.
 * @param more starts what else the servers serve
 */
export async function behind(
  t: Test,
  kind: RouterName,
  names: readonly DirectorName[],
  services: readonly VirtualServiceOptions[],
  more: (lab: Lab) => Promise<void> = async () => {},
) {
  const lab = Lab.for(t)
  await cluster(lab)
  await lab.exec('router', ['modprobe', 'ip_vs'])
  if (kind === 'FRR') {
    // Debian makes it at boot
    await lab.exec('router', ['install', '-d', '-o', 'frr', '-g', 'frr', '/run/frr'])
    const frr = new Frr(lab, 'router', {
      routerId: addresses.router,
      interfaces: [
        { name: 'eth0', network: '10.0.1.0/24' },
        { name: 'eth1', network: '10.0.2.0/24', passive: true },
      ],
    })
    await frr.start()
  } else {
    await DirectorProcess.start(t, lab, 'router', { speaker: router })
  }
  for (const name of ['s1', 's2']) await serve(lab, name)
  await more(lab)
  const start = async (name: DirectorName): Promise<DirectorProcess> => {
    lab.sysctl(name, { 'net.ipv4.vs.sloppy_tcp': 1 })
    return DirectorProcess.start(t, lab, name, {
      speaker: speaker(name),
      director: director(...services),
      // connections that are held do not end
      vips: { [vip]: { times: { drain: 5 } } },
    })
  }
  const directors = await Promise.all(names.map(start))
  await reached(lab, vip, ...names)
  await pools(lab, ['s1', 's2'], names)
  return { lab, start, directors }
}

/** How often each server answered the client, or what came in place of an answer. */
export async function ask(
  lab: Lab,
  port: number,
  count: number,
  address: string = vip,
): Promise<Readonly<Record<string, number>>> {
  const argv = [process.execPath, agent, 'ask', address, `${port}`, `${count}`]
  return JSON.parse(await lab.exec('client', argv)) as Record<string, number>
}

/** Connections that are kept, and others that are opened all the while. */
export class Held {
  readonly #child: ChildProcess
  #output = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    child.stdout?.on('data', (chunk) => {
      this.#output += String(chunk)
    })
  }

  /** Resolves when all have been answered. */
  static async open(lab: Lab, port: number, count: number): Promise<Held> {
    const argv = [process.execPath, agent, 'hold', vip, `${port}`, `${count}`]
    const child = spawn('ip', ['netns', 'exec', lab.namespace('client'), ...argv], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const held = new Held(child)
    await until(() => held.#output.includes('holding') || child.exitCode !== null, {
      what: `${count} connections are answered`,
      timeout: PATIENCE,
    })
    return held
  }

  /** Closes them, and tells what became of them. */
  async end(): Promise<HoldReport> {
    const closed = once(this.#child, 'close')
    this.#child.stdin?.end('end\n')
    await closed
    return JSON.parse(this.#output.slice(this.#output.indexOf('{'))) as HoldReport
  }
}

/** What became of connections that were held: `lost` is all that a test wants to be empty. */
export function heldReport(report: HoldReport): string {
  const { held, lines, longest, opened, lost } = report
  return (
    `${sum(held)} connections held with ${lines} lines, ${sum(opened)} opened; ` +
    `${lost.length} lost; the longest answer took ${longest} ms`
  )
}

export const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, one) => total + one, 0)

/** The table of a director's kernel, as ipvsadm saves it: a line each. */
export async function table(lab: Lab, node: string): Promise<readonly string[]> {
  const text = await lab.exec(node, ['ipvsadm', '-Sn'])
  return text.split('\n').filter((line) => line !== '')
}

/** Names of the servers in a service of it that take new connections. */
export async function pool(
  lab: Lab,
  node: string,
  port = 80,
  address: string = vip,
): Promise<readonly string[]> {
  const lines = await table(lab, node)
  return Object.entries(addresses).flatMap(([name, at]) => {
    const prefix = `-a -t ${address}:${port} -r ${at}:${port} `
    return lines.some((line) => line.startsWith(prefix) && !line.endsWith('-w 0')) ? [name] : []
  })
}

/** Waits until the router's kernel reaches an address through just these directors. */
export async function reached(
  lab: Lab,
  address: string,
  ...through: readonly DirectorName[]
): Promise<void> {
  const wanted = through.map((name) => addresses[name]).join()
  await until(
    async () => {
      const now = (await nextHops(lab, 'router', address)).join()
      if (now === wanted) return true
      throw new Error(now || 'no route')
    },
    {
      what: `${address} is reached through ${through.join(' and ') || 'nobody'}`,
      timeout: PATIENCE,
    },
  )
}

/** Waits until both directors have just these servers. */
export async function pools(
  lab: Lab,
  wanted: readonly string[],
  directors: readonly DirectorName[] = ['d1', 'd2'],
  port = 80,
): Promise<void> {
  for (const node of directors) {
    await until(
      async () => {
        const now = (await pool(lab, node, port)).join()
        if (now === wanted.join()) return true
        throw new Error(now || 'nobody')
      },
      { what: `${node} has ${wanted.join(' and ') || 'nobody'}`, timeout: PATIENCE },
    )
  }
}

/** The MAC address of a node on the LAN. */
export async function macs(lab: Lab): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const name of Object.keys(addresses)) {
    const links = JSON.parse(await lab.exec(name, ['ip', '-j', 'link', 'show', 'dev', 'eth0'])) as {
      readonly address: string
    }[]
    found.set(links[0]!.address, name)
  }
  return found
}
