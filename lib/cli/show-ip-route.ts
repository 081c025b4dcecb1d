/**
 * `show ip route`: the routes of OSPF and what else is in the kernel's table, as zebra would show them. What is selected
 * is what the kernel uses: a connected network, or the route with the least metric.
 */
import { discards, letters } from './ip-route-text.ts'
import { type TableRoute, turn } from './kernel-table.ts'
import { RefusedError } from './refused.ts'
import type { Operated, RouteView } from './speaker-like.ts'
import { clockTime, deviceOf } from './text.ts'

export type Values = Readonly<Record<string, unknown>>

export type IpRouteDocument = Readonly<Record<string, readonly Values[]>>

/** What is asked for: all, a prefix, or the route that packets to an address take. */
export interface IpRouteQuestion {
  readonly prefix?: string | undefined
  readonly address?: string | undefined
  /** Those that are inside the prefix, too. */
  readonly longer?: boolean
  /** zebra's word: 'ospf', 'connected' ... */
  readonly protocol?: string | undefined
}

const DISTANCE = 110
const MAIN_TABLE = 254
/** Rows that are shown at once: making more would take the process's time. */
const ROWS = 20_000
const Flag = { active: 1, fib: 2 } as const
/** Of zebra's: the route is selected, and was given to the kernel. */
const Status = { none: 0, installed: 16 } as const
const SELECTED = 8
/** Of a static route: its distance counts, and its next hop may be looked up. */
const STATIC = 65

/** A row before it is known which of its prefix is selected. */
interface Row {
  readonly prefix: string
  readonly protocol: string
  readonly distance: number
  readonly metric: number
  readonly tag?: number | undefined
  readonly age: number
  /** Undefined: it does not stand for selection. */
  readonly preference: number | undefined
  /** The kernel has it. */
  readonly installed: boolean
  /** It could be used. zebra finds those of a route that its route map denies inactive. */
  readonly active: boolean
  readonly discard: TableRoute['type'] | undefined
  readonly hops: readonly {
    readonly interface: string
    readonly gateway: string | undefined
    /** Undefined: zebra tells none. */
    readonly weight: number | undefined
    readonly source?: string | undefined
  }[]
}

export async function ipRouteDocument(
  operated: Operated,
  question: IpRouteQuestion,
): Promise<IpRouteDocument> {
  const { devices } = operated
  const rows = await rowsOf(operated, question)
  const { table, vrf } = placeOf(operated)
  const place = { vrfId: vrf === undefined ? 0 : (devices(vrf)?.index ?? 0), vrfName: vrf, table }
  const { protocol } = question
  const found: (readonly [order: number, prefix: string, Values[]])[] = []
  for (const [prefix, all] of rows) {
    if (found.length % SLICE === SLICE - 1) await turn()
    const best = bestOf(all)
    const shown = protocol === undefined ? all : all.filter((row) => row.protocol === protocol)
    if (shown.length === 0) continue
    const entries = shown.map((row) => entryOf(row, row === best, place, devices))
    found.push([numberOf(prefix) * 64 + lengthOf(prefix), prefix, entries])
  }
  found.sort(([a], [b]) => a - b)
  return Object.fromEntries(found.map(([, prefix, entries]) => [prefix, entries]))
}

/** Prefixes after which others have a turn. */
const SLICE = 1000

interface Place {
  readonly table: number
  readonly vrfId: number
  readonly vrfName: string | undefined
}

/** The table that routes go to, or main. */
function placeOf({ speaker, options }: Operated): {
  readonly table: number
  readonly vrf: string | undefined
} {
  const { installRoutes } = options
  const vrf = typeof installRoutes === 'object' ? installRoutes.vrf : undefined
  return { table: speaker.kernel()?.table ?? MAIN_TABLE, vrf }
}

/** Routes that are looked at before others have a turn. */
const TURN = 2000

/** Rows by prefix, ours first. */
async function rowsOf(
  operated: Operated,
  question: IpRouteQuestion,
): Promise<ReadonlyMap<string, readonly Row[]>> {
  const { speaker, options, readTable } = operated
  const { table, vrf } = placeOf(operated)
  const kernel = speaker.kernel()
  const others = await readTable?.(table, vrf)
  const installed = new Set<string>()
  const rows = new Map<string, Row[]>()
  const isAsked = filterFor(question)
  const add = (row: Row): void => {
    const list = rows.get(row.prefix)
    if (list === undefined) rows.set(row.prefix, [row])
    else list.push(row)
  }
  const isOurs = ({ protocol, preference }: TableRoute): boolean =>
    protocol === 'ospf' && preference === kernel?.metric
  for (const route of others ?? []) if (isOurs(route)) installed.add(route.prefix)
  const installs = (options.installRoutes ?? false) !== false
  for (const route of speaker.routes()) {
    if (!isAsked(route.prefix)) continue
    const isThere = others === undefined ? installs : installed.has(route.prefix)
    add(ourRow(route, { installs, isThere, preference: kernel?.metric ?? 0 }))
  }
  for (const [i, route] of (others ?? []).entries()) {
    if (i % TURN === TURN - 1) await turn()
    if (!isOurs(route) && isAsked(route.prefix)) add(otherRow(route))
  }
  if (question.address !== undefined) return longest(rows)
  if (question.prefix === undefined && rows.size > ROWS)
    throw new RefusedError(`${rows.size} routes are too many to show at once: ask for a prefix`)
  return rows
}

function ourRow(
  { prefix, cost, type2Cost, age, nextHops, tag, discard }: RouteView,
  state: { readonly installs: boolean; readonly isThere: boolean; readonly preference: number },
): Row {
  // attached networks are the kernel's own
  const isAttached = !discard && nextHops.every(({ gateway }) => gateway === undefined)
  const stands = state.installs && !isAttached
  const hops = nextHops.length === 0 ? [{ interface: 'lo', gateway: undefined }] : nextHops
  return {
    prefix,
    protocol: 'ospf',
    distance: DISTANCE,
    metric: type2Cost ?? cost,
    tag,
    age,
    preference: stands ? state.preference : undefined,
    installed: stands && state.isThere,
    active: state.installs,
    discard: discard ? 'blackhole' : undefined,
    hops: hops.map((hop) => ({ interface: hop.interface, gateway: hop.gateway, weight: 1 })),
  }
}

function otherRow({ type, nextHops, source, ...route }: TableRoute): Row {
  const isDaemon = route.protocol !== 'kernel' && route.protocol !== 'connected'
  const tellsWeight = isDaemon || nextHops.length > 1
  // a next-hop group that the kernel does not spell out (nexthop_compat_mode 0), or a route that discards
  const nowhere = [{ interface: 'unknown', gateway: undefined, weight: 1 }]
  return {
    ...route,
    installed: true,
    active: true,
    discard: type === 'unicast' ? undefined : type,
    hops: (nextHops.length === 0 ? nowhere : nextHops.toSorted(byWeight)).map((hop) => ({
      ...hop,
      weight: tellsWeight ? hop.weight : undefined,
      source,
    })),
  }
}

type TableHop = TableRoute['nextHops'][number]

/** As zebra keeps them. */
const byWeight = (a: TableHop, b: TableHop): number =>
  a.weight - b.weight || numberOf(a.gateway ?? '0') - numberOf(b.gateway ?? '0')

/** What the kernel uses. */
function bestOf(rows: readonly Row[]): Row | undefined {
  let best: Row | undefined
  for (const row of rows) {
    if (row.preference === undefined) continue
    if (best === undefined || row.preference < best.preference!) best = row
  }
  return best
}

function filterFor({ prefix, address, longer }: IpRouteQuestion): (prefix: string) => boolean {
  if (prefix !== undefined) {
    return longer === true ? (one) => covers(prefix, one) : (one) => one === prefix
  }
  return address === undefined ? () => true : (one) => covers(one, `${address}/32`)
}

function longest(rows: ReadonlyMap<string, readonly Row[]>): ReadonlyMap<string, readonly Row[]> {
  const [first] = [...rows].sort(([a], [b]) => lengthOf(b) - lengthOf(a))
  return new Map(first === undefined ? [] : [first])
}

function covers(prefix: string, inner: string): boolean {
  const size = 2 ** (32 - lengthOf(prefix))
  if (lengthOf(inner) < lengthOf(prefix)) return false
  return Math.floor(numberOf(inner) / size) === Math.floor(numberOf(prefix) / size)
}

const numberOf = (prefix: string): number =>
  prefix
    .split('/')[0]!
    .split('.')
    .reduce((sum, part) => sum * 256 + Number(part), 0)
const lengthOf = (prefix: string): number => Number(prefix.split('/')[1])

function entryOf(row: Row, isBest: boolean, place: Place, devices: Operated['devices']): Values {
  const { prefix, protocol, distance, metric, tag, hops, discard, age } = row
  const isInstalled = isBest && row.installed
  const active = row.active ? { active: true } : {}
  const flags = { flags: isInstalled ? Flag.active | Flag.fib : row.active ? Flag.active : 0 }
  const fib = isInstalled ? { fib: true } : {}
  return {
    prefix,
    prefixLen: lengthOf(prefix),
    protocol,
    vrfId: place.vrfId,
    vrfName: place.vrfName ?? 'default',
    ...(isBest ? { selected: true, destSelected: true } : {}),
    distance,
    metric,
    ...(isInstalled ? { installed: true } : {}),
    ...(tag === undefined || tag === 0 ? {} : { tag }),
    table: place.table,
    internalStatus: isInstalled ? Status.installed : Status.none,
    internalFlags: (isBest ? SELECTED : 0) | (protocol === 'static' ? STATIC : 0),
    internalNextHopNum: hops.length,
    internalNextHopActiveNum: row.active ? hops.length : 0,
    uptime: clockTime(age),
    nexthops: hops.map(({ interface: name, gateway, weight, source }) => {
      const share = weight === undefined ? {} : { weight }
      if (discard !== undefined) {
        const how = { unreachable: true, [discards[discard][0]]: true }
        return { ...flags, ...fib, ...how, ...active, ...share }
      }
      const device = deviceOf(name)
      return {
        ...flags,
        ...fib,
        ...(gateway === undefined ? { directlyConnected: true } : { ip: gateway, afi: 'ipv4' }),
        interfaceIndex: devices(device)?.index ?? 0,
        interfaceName: device,
        ...active,
        ...share,
        ...(source === undefined ? {} : { source }),
      }
    }),
  }
}

/** What can be asked for alone. */
export const protocols: readonly string[] = Object.keys(letters)

/** `show ip route summary`: how many there are of each kind, and how many of those the kernel uses. */
export async function routeSummary(operated: Operated): Promise<Values> {
  const routes = Object.values(await ipRouteDocument(operated, {})).flat()
  const counts = protocols.flatMap((protocol) => {
    const found = routes.filter((route) => route['protocol'] === protocol)
    const fib = found.filter((route) => route['installed'] === true).length
    if (found.length === 0) return []
    return [{ fib, rib: found.length, fibOffLoaded: 0, fibTrapped: 0, type: protocol }]
  })
  return {
    routes: counts,
    routesTotal: routes.length,
    routesTotalFib: routes.filter((route) => route['installed'] === true).length,
  }
}
