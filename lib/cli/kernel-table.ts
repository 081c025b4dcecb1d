/** What the kernel's table holds besides our own routes, as zebra would have learned it: connected networks and routes. */
import type { kernelLinks, kernelRoutes } from '../index.ts'
import { formatIpv4, networkOf } from '../wire/index.ts'

/** A route of the kernel, or a network of a device, in zebra's terms. */
export interface TableRoute {
  /** '10.0.0.0/8' */
  readonly prefix: string
  /** zebra's word: 'connected', 'kernel', 'static', 'ospf', 'bgp' ... */
  readonly protocol: string
  readonly distance: number
  readonly metric: number
  /** By which the kernel chooses: the least counts. */
  readonly preference: number
  readonly type: 'unicast' | 'blackhole' | 'unreachable' | 'prohibit'
  readonly source: string | undefined
  readonly nextHops: readonly {
    readonly interface: string
    readonly gateway: string | undefined
    readonly weight: number
  }[]
  /** Seconds since it was first seen. */
  readonly age: number
}

/** Reads a table; with a VRF, connected are the networks of its devices, and else those of devices in none. */
export type ReadTable = (table: number, vrf?: string) => Promise<readonly TableRoute[]>

export interface TablePorts {
  readonly links: typeof kernelLinks
  readonly routes: typeof kernelRoutes
  /** Milliseconds. */
  readonly now: () => number
}

const MAIN = 254
const LOOPBACK = 127
/** Routes whose age is remembered. */
const REMEMBERED = 20_000

/** RTPROT_* of routing daemons, in zebra's words; what is not here is 'kernel'. */
const daemons: Readonly<Record<number, readonly [word: string, distance: number]>> = {
  42: ['babel', 100],
  186: ['bgp', 20],
  187: ['isis', 115],
  188: ['ospf', 110],
  189: ['rip', 120],
  191: ['nhrp', 10],
  192: ['eigrp', 90],
  195: ['pbr', 200],
  196: ['static', 1],
  197: ['openfabric', 115],
}
/** What the kernel made of addresses, or of redirects: zebra leaves both out. */
const KERNEL = 2
/** Static routes of a configuration of ours: their metric says their distance from 110 on. */
const OWN_STATIC = 246
const STATIC_METRIC = 19

/** zebra's: a connected network goes before every route. */
const CONNECTED = -1

/** A reader that remembers since when each route is there, as far as somebody looked. */
export function tableReader({ links, routes, now }: TablePorts): ReadTable {
  let seen = new Map<string, number>()
  return async (table, vrf) => {
    const [devices, found] = await Promise.all([links(), routes(table)])
    const read = [
      ...(table === MAIN || vrf !== undefined ? connected(devices, vrf) : []),
      ...found.flatMap(otherRoute),
    ]
    const at = now()
    const before = seen
    seen = new Map()
    const aged: TableRoute[] = []
    for (const [i, route] of read.entries()) {
      if (i % SLICE === SLICE - 1) await turn()
      const key = keyOf(table, route)
      const since = before.get(key) ?? at
      if (seen.size < REMEMBERED) seen.set(key, since)
      aged.push({ ...route, age: (at - since) / 1000 })
    }
    return aged
  }
}

/** Routes that are made before others have a turn. */
const SLICE = 2000
/** Lets others have theirs. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const keyOf = (table: number, { prefix, protocol, type, preference, nextHops }: Unaged): string =>
  nextHops.reduce(
    (key, hop) => `${key} ${hop.gateway} ${hop.interface} ${hop.weight}`,
    `${table} ${prefix} ${protocol} ${type} ${preference}`,
  )

type Unaged = Omit<TableRoute, 'age'>

/** The network of every address of a device that is up, but for 127.0.0.0/8. */
function connected(
  devices: Awaited<ReturnType<typeof kernelLinks>>,
  vrf: string | undefined,
): Unaged[] {
  const found = new Map<string, Unaged>()
  for (const { name, up, addresses, vrf: of } of devices.values()) {
    if (!up || of !== vrf) continue
    for (const { address, peer, prefixLength } of addresses) {
      if (address >>> 24 === LOOPBACK) continue
      const prefix = `${formatIpv4(networkOf(peer ?? address, prefixLength))}/${prefixLength}`
      found.set(`${prefix} ${name}`, {
        prefix,
        protocol: 'connected',
        distance: 0,
        metric: 0,
        preference: CONNECTED,
        type: 'unicast',
        source: undefined,
        nextHops: [{ interface: name, gateway: undefined, weight: 1 }],
      })
    }
  }
  return [...found.values()]
}

type KernelRoute = Awaited<ReturnType<typeof kernelRoutes>>[number]

function otherRoute({ protocol, metric, ...route }: KernelRoute): Unaged[] {
  if (protocol <= KERNEL) return []
  const one = { ...route, preference: metric }
  if (protocol === OWN_STATIC) {
    const distance = metric === STATIC_METRIC ? 1 : metric - STATIC_METRIC
    return [{ ...one, protocol: 'static', distance, metric: 0 }]
  }
  const [word, distance] = daemons[protocol] ?? []
  if (word === undefined) {
    // the highest octet of the metric is the distance, in zebra
    return [{ ...one, protocol: 'kernel', distance: metric >>> 24, metric: metric & 0xffffff }]
  }
  return [{ ...one, protocol: word, distance: distance!, metric: word === 'static' ? 0 : metric }]
}
