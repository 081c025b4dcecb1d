/** What is told of the outside: redistribution, the default route, summary addresses; and how that is checked. */
import type { PrefixRule, SummaryAddress } from './core/io.ts'
import { fail, isObject, onlyFields, parseBoolean, parseInteger, parsePrefix } from './parse.ts'
import {
  type Policies,
  parseRedistributed,
  type RouteMap,
  type RouteMapEntryOptions,
} from './policy.ts'
import { type PrefixListOptions, parsePrefixList } from './prefix-list.ts'
import { protocolNumbers } from './protocols.ts'

/** How routes of one kind are redistributed. */
export interface RedistributeOptions {
  /** Default 2. */
  readonly type?: 1 | 2
  /** Default 20. */
  readonly metric?: number
  /** Default 0. */
  readonly tag?: number
  /**
   * Tell the next hop's address where it is on a broadcast or NBMA network of ours, so that traffic need not come
   * through here (RFC 2328 12.4.4.1); default true.
   */
  readonly forwardingAddress?: boolean
  /** Which prefixes; default all. */
  readonly filter?: PrefixListOptions
  /**
   * Which of these routes, and what of them is told otherwise: a name in `routeMaps`, or the entries. It may match the
   * prefix, next hop and interface of the kernel's route, and the metric that it would have; and set metric, type and
   * tag.
   */
  readonly routeMap?: string | readonly RouteMapEntryOptions[]
}

/**
 * Kinds of the kernel's routes, or who put them there:
 * - 'connected': networks of devices, and of the main table their own addresses; but for those that OSPF has inside
 * - 'static': put there by hand (protocols boot and static), or as static routes of FRR
 * - 'kernel': whatever other programs put there, but for FRR's own; a kind that is named counts first
 * - a protocol of /etc/iproute2/rt_protos by name ('bgp', 'dhcp') or by number: '186'
 *
 * Routes that this speaker installs are never taken back, those of other OSPF daemons only as 'ospf'. The default route
 * is a matter of `defaultInformation`.
 */
export type RedistributeFrom = Readonly<Record<string, true | RedistributeOptions>>

/** A default route for others. */
export interface DefaultInformationOptions {
  /** Also while the kernel has no default route other than OSPF's; default false. */
  readonly always?: boolean
  /** Default 10, and 1 with `always`, as in FRR. */
  readonly metric?: number
  /** Default 2. */
  readonly type?: 1 | 2
  /** Default 0. */
  readonly tag?: number
  /**
   * Only while this permits one of the kernel's routes: its default route (with `always` that counts as there), or one
   * that is redistributed; a name in `routeMaps`, or the entries. What it sets (metric, type, tag) goes for the default:
   * of the default route if that is permitted, else of the first route that is, by address. FRR takes it from the
   * default route alone.
   */
  readonly routeMap?: string | readonly RouteMapEntryOptions[]
}

/** One external for all that are inside. */
export interface SummaryAddressOptions {
  /** Default true; false: what is inside is not told at all. */
  readonly advertise?: boolean
  /** Default 0. */
  readonly tag?: number
  /** Default 20, whatever is inside. */
  readonly metric?: number
  /** Default 2. */
  readonly type?: 1 | 2
}

/** How a route becomes an external. */
interface Manner {
  readonly metricType: 1 | 2
  readonly metric: number
  readonly tag: number
}

/** Redistribution of one kind, checked. */
export interface Redistribution extends Manner {
  readonly forwardingAddress: boolean
  readonly filter: readonly PrefixRule[] | undefined
  readonly routeMap: RouteMap | undefined
}

export interface ParsedRedistribution {
  /** The kernel's table that is looked at; undefined: that which routes are installed in, or main. */
  readonly table: number | undefined
  readonly connected: Redistribution | undefined
  readonly static: Redistribution | undefined
  readonly kernel: Redistribution | undefined
  readonly protocols: ReadonlyMap<number, Redistribution>
  readonly defaultInformation:
    | (Manner & { readonly always: boolean; readonly routeMap: RouteMap | undefined })
    | undefined
}

/** Every bit but one: LSInfinity is no metric. */
const MAX_METRIC = 0xfffffe

function parseManner(
  where: string,
  options: { readonly type?: 1 | 2; readonly metric?: number; readonly tag?: number },
  defaultMetric: number,
): Manner {
  const { type = 2, metric = defaultMetric, tag = 0 } = options
  if (type !== 1 && type !== 2) throw fail(`${where}: type`, '1 or 2', type)
  return {
    metricType: type,
    metric: parseInteger(`${where}: metric`, metric, 0, MAX_METRIC),
    tag: parseInteger(`${where}: tag`, tag, 0, 0xffffffff),
  }
}

/**
 * Reads what is redistributed; undefined when nothing is.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function parseRedistribution(
  options: {
    readonly redistribute?: RedistributeFrom
    readonly defaultInformation?: boolean | DefaultInformationOptions
    readonly redistributeTable?: number
  },
  policies: Policies,
): ParsedRedistribution | undefined {
  const { redistribute = {}, defaultInformation = false } = options
  if (!isObject(redistribute)) {
    throw fail('redistribute', 'an object by kind of route', redistribute)
  }
  const { redistributeTable: wanted } = options
  const table =
    wanted === undefined ? undefined : parseInteger('redistributeTable', wanted, 1, 0xffffffff)
  const kinds = Object.entries(redistribute)
  const parsedDefault = parseDefaultInformation(defaultInformation, policies)
  if (kinds.length === 0 && parsedDefault === undefined) return undefined
  const protocols = new Map<number, Redistribution>()
  const named: { -readonly [K in Kind]?: Redistribution } = {}
  for (const [kind, how] of kinds) {
    const where = `redistribute: ${kind}`
    const parsed = parseRedistribute(where, how, policies)
    if (isKind(kind)) {
      named[kind] = parsed
      continue
    }
    const number = parseProtocol(kind)
    if (protocols.has(number)) throw fail(where, 'each protocol once', kind)
    protocols.set(number, parsed)
  }
  const { connected, static: fixed, kernel } = named
  const others = { protocols, defaultInformation: parsedDefault }
  return { table, connected, static: fixed, kernel, ...others }
}

const kindsOfRoutes = ['connected', 'static', 'kernel'] as const
type Kind = (typeof kindsOfRoutes)[number]
const isKind = (kind: string): kind is Kind => kindsOfRoutes.some((known) => known === kind)

function parseProtocol(text: string): number {
  const number = Object.hasOwn(protocolNumbers, text) ? protocolNumbers[text]! : Number(text)
  // the kernel's own are 'connected', and redirects are nobody's business
  if (/^([a-z]+|\d{1,3})$/.test(text) && number > 2 && number <= 255) return number
  const names = Object.keys(protocolNumbers).filter((name) => protocolNumbers[name]! > 4)
  throw fail('redistribute', `${[...kindsOfRoutes, ...names].join(', ')} or a number from 3`, text)
}

const fields = [
  'type',
  'metric',
  'tag',
  'forwardingAddress',
  'filter',
  'routeMap',
] as const satisfies readonly (keyof RedistributeOptions)[]

function parseRedistribute(
  where: string,
  value: true | RedistributeOptions,
  policies: Policies,
): Redistribution {
  const options = value === true ? {} : value
  if (!isObject(options)) throw fail(where, 'true or an object', value)
  onlyFields(where, options, fields)
  const { forwardingAddress = true, filter, routeMap } = options
  return {
    ...parseManner(where, options, 20),
    forwardingAddress: parseBoolean(`${where}: forwardingAddress`, forwardingAddress),
    filter:
      filter === undefined
        ? undefined
        : parsePrefixList(`${where}: filter`, filter, policies.prefixLists),
    routeMap:
      routeMap === undefined ? undefined : parseRedistributed(where, { routeMap }, policies),
  }
}

function parseDefaultInformation(
  value: boolean | DefaultInformationOptions,
  policies: Policies,
): ParsedRedistribution['defaultInformation'] {
  if (value === false) return undefined
  const options = value === true ? {} : value
  const where = 'defaultInformation'
  if (!isObject(options)) throw fail(where, 'true, false or an object', value)
  onlyFields(where, options, ['always', 'metric', 'type', 'tag', 'routeMap'])
  const always = parseBoolean(`${where}: always`, options.always ?? false)
  const { routeMap } = options
  return {
    ...parseManner(where, options, always ? 1 : 10),
    always,
    routeMap:
      routeMap === undefined ? undefined : parseRedistributed(where, { routeMap }, policies),
  }
}

/**
 * Reads summary addresses.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function parseSummaryAddresses(
  addresses: Readonly<Record<string, SummaryAddressOptions>>,
): SummaryAddress[] {
  const field = 'summaryAddresses'
  if (!isObject(addresses)) throw fail(field, 'an object by prefix', addresses)
  return Object.entries(addresses).map(([text, options]) => {
    const where = `${field}: ${text}`
    const { prefix, length } = parsePrefix(field, text)
    if (length === 0 || length === 32) throw fail(field, 'a prefix of 1 to 31 bits', text)
    if (!isObject(options)) throw fail(where, 'an object', options)
    onlyFields(where, options, ['advertise', 'tag', 'metric', 'type'])
    const advertise = parseBoolean(`${where}: advertise`, options.advertise ?? true)
    return { prefix, length, advertise, ...parseManner(where, options, 20) }
  })
}
