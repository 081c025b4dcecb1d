/**
 * The JSON documents behind `show ip ospf ...`: the shape and the key names of FRR 8.4, so that what reads vtysh's
 * output reads this. Keys for which we have no value are left out.
 */
import type { InterfaceView, LsaView, Snapshots } from './speaker-like.ts'

export interface NeighborDocument {
  readonly neighbors: Readonly<Record<string, readonly NeighborEntry[]>>
}

export interface NeighborEntry {
  /** Not FRR's: there if the router says its name (RFC 5642). */
  readonly hostname?: string
  readonly priority: number
  /** 'Full/DR' */
  readonly state: string
  readonly nbrPriority: number
  readonly nbrState: string
  readonly converged: string
  readonly role: string
  readonly upTimeInMsec?: number
  readonly deadTimeMsecs?: number
  readonly routerDeadIntervalTimerDueMsec?: number
  readonly upTime?: string
  readonly deadTime?: string
  readonly address: string
  readonly ifaceAddress: string
  /** 'eth0:10.0.1.133' */
  readonly ifaceName: string
  readonly retransmitCounter: number
  readonly linkStateRetransmissionListCounter: number
  readonly requestCounter: number
  readonly linkStateRequestListCounter: number
  readonly dbSummaryCounter: number
  readonly databaseSummaryListCounter: number
}

export type RouteDocument = Readonly<Record<string, RouteEntry>>

export interface RouteEntry {
  /** D: a discard entry, of which FRR says nothing but this. */
  readonly routeType: 'N' | 'N IA' | 'N E1' | 'N E2' | 'D IA' | 'D E1' | 'D E2'
  readonly cost: number
  /** Not of externals. */
  readonly area?: string
  /** Of externals. */
  readonly type2cost?: number
  readonly tag?: number
  readonly nexthops: readonly RouteNextHop[]
}

export type RouteNextHop =
  | { readonly ip: string; readonly via: string }
  | {
      readonly ip: ' '
      readonly 'directly attached to': string
      readonly directlyAttachedTo: string
    }

export interface InterfaceDocument {
  readonly interfaces: Readonly<Record<string, InterfaceEntry>>
}

export interface InterfaceEntry {
  readonly ifUp: boolean
  readonly mtuBytes: number
  readonly ospfEnabled: true
  readonly ipAddress?: string
  readonly ipAddressPrefixlen?: number
  readonly area: string
  readonly routerId: string
  readonly networkType: 'BROADCAST' | 'POINTOPOINT'
  readonly cost: number
  readonly transmitDelaySecs: number
  readonly state: string
  readonly priority: number
  /** There, and true, where the MTU is *not* compared: FRR's key, kept. */
  readonly mtuMismatchDetect?: true
  readonly drId?: string
  readonly drAddress?: string
  readonly bdrId?: string
  readonly bdrAddress?: string
  readonly timerMsecs: number
  readonly timerDeadSecs: number
  readonly timerWaitSecs: number
  readonly timerRetransmitSecs: number
  readonly timerPassiveIface?: true
  readonly nbrCount: number
  readonly nbrAdjacentCount: number
}

export interface LsaEntry {
  readonly lsId: string
  readonly advertisedRouter: string
  /** Not FRR's: there if the router says its name (RFC 5642). */
  readonly advertisedRouterHostname?: string
  readonly lsaAge: number
  /** Hexadecimal, without 0x, like the checksum. */
  readonly sequenceNumber: string
  readonly checksum: string
  readonly numOfRouterLinks?: number
  readonly summaryAddress?: string
}

/** Lists of LSAs and their counts, by the keys of `lsaKeys`. */
export type LsaLists = Readonly<Record<string, readonly LsaEntry[] | number>>

export type DatabaseDocument = {
  readonly routerId: string
  readonly areas: Readonly<Record<string, LsaLists>>
} & {
  readonly [key: string]: unknown
}

/** What FRR calls the list of each LS type. */
export const lsaKeys: ReadonlyMap<number, string> = new Map([
  [1, 'routerLinkStates'],
  [2, 'networkLinkStates'],
  [3, 'summaryLinkStates'],
  [4, 'asbrSummaryLinkStates'],
  [7, 'nssaExternalLinkStates'],
  [9, 'linkLocalOpaqueLsa'],
  [10, 'areaLocalOpaqueLsa'],
  [5, 'asExternalLinkStates'],
  [11, 'asExternalOpaqueLsa'],
])

export function neighborDocument(speaker: Snapshots): NeighborDocument {
  const interfaces = byName(speaker.interfaces())
  const neighbors = new Map<string, NeighborEntry[]>()
  for (const neighbor of speaker.neighbors()) {
    const on = interfaces.get(neighbor.interface)
    const role = roleOf(neighbor.address, on)
    const state = `${neighbor.state}/${role}`
    const { priority, address, upTime, deadTime } = neighbor
    const up = upTime === undefined ? undefined : Math.round(upTime * 1000)
    const dead = deadTime === undefined ? undefined : Math.round(deadTime * 1000)
    const entry = {
      priority,
      state,
      nbrPriority: priority,
      nbrState: state,
      converged: neighbor.state,
      // FRR says so of point-to-point links too, where there is no such role.
      role: role === '-' ? 'DROther' : role,
      ...(up === undefined ? {} : { upTimeInMsec: up }),
      ...(dead === undefined ? {} : { deadTimeMsecs: dead, routerDeadIntervalTimerDueMsec: dead }),
      ...(up === undefined ? {} : { upTime: duration(up) }),
      ...(dead === undefined ? {} : { deadTime: duration(dead) }),
      address,
      ifaceAddress: address,
      ifaceName: nameOf(neighbor.interface, on?.address),
      ...twice('retransmitCounter', 'linkStateRetransmissionListCounter', neighbor.retransmissions),
      ...twice('requestCounter', 'linkStateRequestListCounter', neighbor.requests),
      ...twice('dbSummaryCounter', 'databaseSummaryListCounter', neighbor.summaries),
      ...(neighbor.hostname === undefined ? {} : { hostname: neighbor.hostname }),
    }
    neighbors.set(neighbor.routerId, [...(neighbors.get(neighbor.routerId) ?? []), entry])
  }
  return { neighbors: Object.fromEntries(neighbors) }
}

/** Two keys for one value: FRR renamed some and kept the old names. */
function twice<A extends string, B extends string>(a: A, b: B, n = 0): Record<A | B, number> {
  return { [a]: n, [b]: n } as Record<A | B, number>
}

function roleOf(address: string, on: InterfaceView | undefined): 'DR' | 'Backup' | 'DROther' | '-' {
  if (on?.network !== 'broadcast') return '-'
  if (address === on.designatedRouter) return 'DR'
  return address === on.backupDesignatedRouter ? 'Backup' : 'DROther'
}

/** FRR's way to say a time, from milliseconds: 3.982s, 1m05s, 2h03m04s, 1d02h03m, 3w1d02h. */
export function duration(milliseconds: number): string {
  const total = Math.floor(milliseconds / 1000)
  const two = (n: number): string => String(n).padStart(2, '0')
  const [s, m, h] = [total % 60, Math.floor(total / 60) % 60, Math.floor(total / 3600) % 24]
  const d = Math.floor(total / 86400)
  if (d >= 7) return `${Math.floor(d / 7)}w${d % 7}d${two(h)}h`
  if (d > 0) return `${d}d${two(h)}h${two(m)}m`
  if (h > 0) return `${h}h${two(m)}m${two(s)}s`
  if (m > 0) return `${m}m${two(s)}s`
  return `${s}.${String(Math.floor(milliseconds % 1000)).padStart(3, '0')}s`
}

const routeTypes = {
  'intra-area': 'N',
  'inter-area': 'N IA',
  'external-1': 'N E1',
  'external-2': 'N E2',
} as const

const discardTypes = {
  'intra-area': 'D IA',
  'inter-area': 'D IA',
  'external-1': 'D E1',
  'external-2': 'D E2',
} as const

export function routeDocument(speaker: Snapshots): RouteDocument {
  return Object.fromEntries(
    speaker
      .routes()
      .map(({ prefix, pathType = 'intra-area', cost, area, nextHops, discard, ...external }) => {
        const nexthops = nextHops.map(
          (hop): RouteNextHop =>
            hop.gateway === undefined
              ? {
                  ip: ' ',
                  'directly attached to': deviceOf(hop.interface),
                  directlyAttachedTo: deviceOf(hop.interface),
                }
              : { ip: hop.gateway, via: deviceOf(hop.interface) },
        )
        const { type2Cost, tag } = external
        const entry: RouteEntry = {
          routeType: (discard ? discardTypes : routeTypes)[pathType],
          cost,
          ...(area === undefined ? {} : { area }),
          ...(type2Cost === undefined ? {} : { type2cost: type2Cost }),
          ...(tag === undefined ? {} : { tag }),
          nexthops,
        }
        return [prefix, entry]
      }),
  )
}

export function interfaceDocument(speaker: Snapshots): InterfaceDocument {
  const neighbors = speaker.neighbors()
  const document = speaker.interfaces().map((on): [string, InterfaceEntry] => {
    const here = neighbors.filter((neighbor) => neighbor.interface === on.name)
    /** Hellos name a designated router by its address; FRR shows its Router ID as well. */
    const router = (address: string): string | undefined =>
      address === on.address
        ? speaker.routerId
        : here.find((neighbor) => neighbor.address === address)?.routerId
    const elected = (address: string, prefix: 'dr' | 'bdr'): Record<string, string> => {
      if (address === '0.0.0.0') return {}
      const id = router(address)
      return { ...(id === undefined ? {} : { [`${prefix}Id`]: id }), [`${prefix}Address`]: address }
    }
    return [
      on.name,
      {
        ifUp: on.state !== 'Down',
        mtuBytes: on.mtu,
        ospfEnabled: true,
        ...(on.address === undefined
          ? {}
          : { ipAddress: on.address, ipAddressPrefixlen: on.prefixLength }),
        area: on.area,
        ...(on.mtuIgnore ? { mtuMismatchDetect: true as const } : {}),
        routerId: speaker.routerId,
        networkType: on.network === 'broadcast' ? 'BROADCAST' : 'POINTOPOINT',
        cost: on.cost,
        transmitDelaySecs: on.transmitDelay,
        state: on.state === 'Point-to-point' ? 'Point-To-Point' : on.state,
        priority: on.priority,
        ...elected(on.designatedRouter, 'dr'),
        ...elected(on.backupDesignatedRouter, 'bdr'),
        timerMsecs: Math.round(on.helloInterval * 1000),
        timerDeadSecs: on.deadInterval,
        timerWaitSecs: on.deadInterval,
        timerRetransmitSecs: on.retransmitInterval,
        ...(on.passive ? { timerPassiveIface: true as const } : {}),
        nbrCount: here.length,
        nbrAdjacentCount: here.filter(({ state }) => state === 'Full').length,
      },
    ]
  })
  return { interfaces: Object.fromEntries(document) }
}

export function databaseDocument(speaker: Snapshots): DatabaseDocument {
  const lsas = speaker.database()
  const areas = [...new Set(lsas.flatMap(({ area }) => (area === undefined ? [] : [area])))].sort()
  return {
    routerId: speaker.routerId,
    areas: Object.fromEntries(areas.map((area) => [area, lists(lsas, area)])),
    ...lists(lsas, undefined),
  }
}

function lists(lsas: readonly LsaView[], area: string | undefined): LsaLists {
  const found: Record<string, readonly LsaEntry[] | number> = {}
  for (const [type, key] of lsaKeys) {
    const entries = lsas.filter((lsa) => lsa.area === area && lsa.type === type).map(entryOf)
    if (entries.length === 0) continue
    found[key] = entries
    found[`${key}Count`] = entries.length
  }
  return found
}

function entryOf(lsa: LsaView): LsaEntry {
  return {
    lsId: lsa.lsId,
    advertisedRouter: lsa.advertisingRouter,
    lsaAge: lsa.age,
    sequenceNumber: (lsa.sequence >>> 0).toString(16).padStart(8, '0'),
    checksum: lsa.checksum.toString(16).padStart(4, '0'),
    ...(lsa.links === undefined ? {} : { numOfRouterLinks: lsa.links }),
    ...(lsa.prefix === undefined ? {} : { summaryAddress: lsa.prefix }),
    ...(lsa.advertisingHostname === undefined
      ? {}
      : { advertisedRouterHostname: lsa.advertisingHostname }),
  }
}

const byName = (interfaces: readonly InterfaceView[]): Map<string, InterfaceView> =>
  new Map(interfaces.map((on) => [on.name, on]))

/** FRR names its interfaces by device and address: 'eth0:10.0.1.133'. So do we where there are several on a device. */
const nameOf = (name: string, address: string | undefined): string =>
  address === undefined || name.includes(':') ? name : `${name}:${address}`

const deviceOf = (name: string): string => name.split(':')[0]!
