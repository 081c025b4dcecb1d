/**
 * Route maps: which routes pass, and with what changed. After FRR (lib/routemap.c of 8.4), so that a file of its can be
 * taken over: entries in the order of their sequence numbers; an entry applies when all that it matches holds; 'deny'
 * ends it; 'permit' sets, asks the map that it calls, and ends it unless told to go on; whoever goes on is accepted only
 * if the last entry that is looked at applies; the end denies. Matches look at the route as it came, not at what was set.
 */
import type { ConfigChange, NextHop, PathType, PrefixRule } from './core/io.ts'
import { permits } from './core/prefix-list.ts'
import { fail, isObject, onlyFields, parseAddress, parseInteger } from './parse.ts'
import {
  known,
  type PrefixListOptions,
  type PrefixLists,
  type PrefixRuleOptions,
  parseAction,
  parsePrefixList,
  parsePrefixLists,
} from './prefix-list.ts'

/** What an entry applies to; all that is given must hold. */
export interface RouteMapMatch {
  /** The destination; FRR's `match ip address prefix-list`. */
  readonly prefixList?: PrefixListOptions
  /** External route tag; 0 where there is none. */
  readonly tag?: number
  /** 'external' is either type. */
  readonly pathType?: PathType | 'external' | readonly (PathType | 'external')[]
  /** The cost; of an external of type 2 its own metric. One value, or from `ge` to `le`. */
  readonly metric?: number | { readonly ge?: number; readonly le?: number }
  /** Address of a next hop; FRR's `match ip next-hop prefix-list`. A destination that is attached has none. */
  readonly nextHop?: PrefixListOptions
  /** Device of a next hop. */
  readonly interface?: string
}

/** What an entry that permits changes. */
export interface RouteMapSet {
  /** '+N' and '-N' are relative, within 0 and 16777214. */
  readonly metric?: number | `+${number}` | `-${number}`
  /** Of an external that is originated. */
  readonly metricType?: 1 | 2
  readonly tag?: number
  /** Preferred source address of the kernel's route; FRR's `set src`. */
  readonly source?: string
}

export interface RouteMapEntryOptions {
  /** 1 to 65535; default: 10 more than the one before. */
  readonly sequence?: number
  readonly action: 'permit' | 'deny'
  /** Default: everything. */
  readonly match?: RouteMapMatch
  readonly set?: RouteMapSet
  /** A map of `routeMaps` that must accept as well, and may set more. */
  readonly call?: string
  /** Go on after this entry instead of ending: with the next one, or with the first from a sequence number on. */
  readonly onMatch?: 'next' | number
}

/** Policies by name, said once and referred to from wherever they are used. */
export interface PoliciesOptions {
  readonly prefixLists?: Readonly<Record<string, readonly PrefixRuleOptions[]>>
  readonly routeMaps?: Readonly<Record<string, readonly RouteMapEntryOptions[]>>
}

/** What selects routes: a prefix list or a route map, by name or in place. */
export type PolicyOptions =
  | { readonly prefixList: PrefixListOptions }
  | { readonly routeMap: string | readonly RouteMapEntryOptions[] }

/** An entry, checked; ordered by sequence within its map. */
interface RouteMapEntry {
  readonly sequence: number
  readonly permit: boolean
  readonly prefixes?: readonly PrefixRule[]
  readonly tag?: number
  readonly pathTypes?: ReadonlySet<PathType>
  readonly metric?: { readonly ge: number; readonly le: number }
  readonly gateways?: readonly PrefixRule[]
  readonly interface?: string
  readonly set: {
    readonly metric?: { readonly value: number; readonly relative: boolean }
    readonly metricType?: 1 | 2
    readonly tag?: number
    readonly source?: number
  }
  readonly call?: RouteMap
  /** First sequence number to go on with; undefined: it ends here. */
  readonly goOnFrom?: number
}

/** A route map, ready to be applied. */
export type RouteMap = readonly RouteMapEntry[]

/** The named policies, checked. */
export interface Policies {
  readonly prefixLists: PrefixLists
  readonly routeMaps: ReadonlyMap<string, RouteMap>
}

/** What a route map looks at: a route of OSPF, or one that is redistributed. */
export interface PolicyRoute {
  readonly prefix: number
  readonly length: number
  readonly metric: number
  /** Undefined of a route that is not OSPF's: no path type matches it. */
  readonly pathType?: PathType | undefined
  /** Undefined is 0. */
  readonly tag?: number | undefined
  readonly nextHops: readonly NextHop[]
}

/** What a map set; what is missing stays as it is. */
export interface PolicyChange {
  readonly metric?: number
  readonly metricType?: 1 | 2
  readonly tag?: number
  readonly source?: number
}

// Applying

/** Applies a route map: undefined denies; otherwise what it sets, which may be nothing. */
export function applyPolicy(map: RouteMap, route: PolicyRoute): PolicyChange | undefined {
  const set: Settings = { metric: route.metric, change: {} }
  return accepts(map, route, set) ? set.change : undefined
}

/** Whether the outcome may differ from one next hop of a route to another. */
export const looksAtNextHops = (map: RouteMap): boolean =>
  map.some(
    ({ gateways, interface: device, call }) =>
      gateways !== undefined ||
      device !== undefined ||
      (call !== undefined && looksAtNextHops(call)),
  )

/** Whether the outcome may change with the cost, the path type or the tag of a route. */
export const looksAtAttributes = (map: RouteMap): boolean =>
  map.some(
    ({ metric, tag, pathTypes, call }) =>
      metric !== undefined ||
      tag !== undefined ||
      pathTypes !== undefined ||
      (call !== undefined && looksAtAttributes(call)),
  )

interface Settings {
  /** So far: what is relative adds up. */
  metric: number
  change: { -readonly [K in keyof PolicyChange]: PolicyChange[K] }
}

function accepts(map: RouteMap, route: PolicyRoute, settings: Settings): boolean {
  let accepted = false
  let from = 0
  for (const entry of map) {
    if (entry.sequence < from) continue
    if (!applies(entry, route)) {
      accepted = false
      continue
    }
    if (!entry.permit) return false
    change(entry, settings)
    if (entry.call && !accepts(entry.call, route, settings)) return false
    if (entry.goOnFrom === undefined) return true
    accepted = true
    from = entry.goOnFrom
  }
  return accepted
}

function applies(entry: RouteMapEntry, route: PolicyRoute): boolean {
  const { tag, pathTypes, metric, gateways, interface: device } = entry
  const { pathType, nextHops } = route
  return (
    permits(entry.prefixes, route.prefix, route.length) &&
    (tag === undefined || (route.tag ?? 0) === tag) &&
    (pathTypes === undefined || (pathType !== undefined && pathTypes.has(pathType))) &&
    (metric === undefined || (route.metric >= metric.ge && route.metric <= metric.le)) &&
    (gateways === undefined ||
      nextHops.some((hop) => hop.gateway !== undefined && permits(gateways, hop.gateway, 32))) &&
    (device === undefined || nextHops.some((hop) => hop.interface === device))
  )
}

function change({ set }: RouteMapEntry, settings: Settings): void {
  const { metric, ...rest } = set
  Object.assign(settings.change, rest)
  if (metric === undefined) return
  const value = metric.relative ? settings.metric + metric.value : metric.value
  settings.metric = Math.min(MAX_METRIC, Math.max(0, value))
  settings.change.metric = settings.metric
}

// Reading

/** LSInfinity less one. */
const MAX_METRIC = 0xfffffe

/**
 * Reads the named policies.
 * @throws OspfError ERR_OSPF_CONFIG that names the field: unknown names, and maps that call themselves
 */
export function parsePolicies({ prefixLists = {}, routeMaps = {} }: PoliciesOptions): Policies {
  const lists = parsePrefixLists(prefixLists)
  if (!isObject(routeMaps)) throw fail('routeMaps', 'an object by name', routeMaps)
  const maps = new Map<string, RouteMap>()
  const open: string[] = []
  const find: FindMap = (field, name) => {
    const entries = Object.hasOwn(routeMaps, name) ? routeMaps[name] : undefined
    if (entries === undefined) {
      throw fail(field, `a name in routeMaps${known(new Map(Object.entries(routeMaps)))}`, name)
    }
    if (open.includes(name)) {
      throw fail(field, 'a map that does not call itself', [...open, name].join(' -> '))
    }
    let map = maps.get(name)
    if (map === undefined) {
      open.push(name)
      maps.set(name, (map = parseEntries(`routeMaps: ${name}`, entries, lists, find)))
      open.pop()
    }
    return map
  }
  for (const name of Object.keys(routeMaps)) find('routeMaps', name)
  return { prefixLists: lists, routeMaps: maps }
}

/**
 * Reads what selects routes. A prefix list becomes a map of one entry.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function parsePolicy(field: string, options: PolicyOptions, policies: Policies): RouteMap {
  if (!isObject(options)) throw fail(field, '{ prefixList } or { routeMap }', options)
  onlyFields(field, options, ['prefixList', 'routeMap'])
  const { prefixList, routeMap } = options as { prefixList?: unknown; routeMap?: unknown }
  if ((prefixList === undefined) === (routeMap === undefined)) {
    throw fail(field, 'either prefixList or routeMap', options)
  }
  if ('prefixList' in options) {
    const prefixes = parsePrefixList(
      `${field}: prefixList`,
      options.prefixList,
      policies.prefixLists,
    )
    return [{ sequence: 10, permit: true, prefixes, set: {} }]
  }
  const find: FindMap = (where, name) => {
    const map = policies.routeMaps.get(name)
    if (map) return map
    throw fail(where, `a name in routeMaps${known(policies.routeMaps)}`, name)
  }
  const where = `${field}: routeMap`
  return typeof options.routeMap === 'string'
    ? find(where, options.routeMap)
    : parseEntries(where, options.routeMap, policies.prefixLists, find)
}

/**
 * Reads which routes go to the kernel, where nothing but the source address can be set.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function parseAccept(field: string, options: PolicyOptions, policies: Policies): RouteMap {
  const map = parsePolicy(field, options, policies)
  refuseSets(field, map, ['metric', 'metricType', 'tag'], 'nothing but a source for the kernel')
  return map
}

/**
 * Reads which of the kernel's routes are redistributed, where there is no source address to set.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function parseRedistributed(
  field: string,
  options: PolicyOptions,
  policies: Policies,
): RouteMap {
  const map = parsePolicy(field, options, policies)
  refuseSets(field, map, ['source'], 'metric, metricType or tag of an external')
  return map
}

function refuseSets(
  field: string,
  map: RouteMap,
  refused: readonly (keyof PolicyChange)[],
  expected: string,
): void {
  for (const { sequence, set, call } of map) {
    for (const what of refused) {
      if (set[what] === undefined) continue
      throw fail(`${field}: entry ${sequence}: set`, expected, what)
    }
    if (call) refuseSets(field, call, refused, expected)
  }
}

type FindMap = (field: string, name: string) => RouteMap

function parseEntries(
  field: string,
  entries: readonly RouteMapEntryOptions[],
  lists: PrefixLists,
  find: FindMap,
): RouteMap {
  if (!Array.isArray(entries)) throw fail(field, 'a list of entries', entries)
  const parsed: RouteMapEntry[] = []
  for (const [i, options] of entries.entries()) {
    const where = `${field}: ${i}`
    const entry = parseEntry(where, options, parsed.at(-1)?.sequence ?? 0, lists, find)
    if (parsed.some(({ sequence }) => sequence === entry.sequence)) {
      throw fail(`${where}: sequence`, 'one entry of each number', entry.sequence)
    }
    parsed.push(entry)
  }
  return parsed.sort((a, b) => a.sequence - b.sequence)
}

const entryFields = ['sequence', 'action', 'match', 'set', 'call', 'onMatch'] as const

function parseEntry(
  where: string,
  options: RouteMapEntryOptions,
  before: number,
  lists: PrefixLists,
  find: FindMap,
): RouteMapEntry {
  if (!isObject(options)) throw fail(where, 'an object', options)
  onlyFields(where, options, entryFields)
  const { match = {}, set = {}, call, onMatch } = options
  const sequence = parseInteger(`${where}: sequence`, options.sequence ?? before + 10, 1, 65535)
  const permit = parseAction(where, options)
  for (const field of ['set', 'call', 'onMatch'] as const) {
    if (permit || options[field] === undefined) continue
    throw fail(`${where}: ${field}`, "action 'permit' with it", options.action)
  }
  if (call !== undefined && typeof call !== 'string') {
    throw fail(`${where}: call`, 'the name of a route map', call)
  }
  return {
    sequence,
    permit,
    ...parseMatch(`${where}: match`, match, lists),
    set: parseSet(`${where}: set`, set),
    ...(call === undefined ? {} : { call: find(`${where}: call`, call) }),
    ...(onMatch === undefined
      ? {}
      : {
          goOnFrom:
            onMatch === 'next'
              ? sequence + 1
              : parseInteger(`${where}: onMatch`, onMatch, sequence + 1, 65535),
        }),
  }
}

const pathTypes: Readonly<Record<PathType | 'external', readonly PathType[]>> = {
  'intra-area': ['intra-area'],
  'inter-area': ['inter-area'],
  'external-1': ['external-1'],
  'external-2': ['external-2'],
  external: ['external-1', 'external-2'],
}

const matchFields = [
  'prefixList',
  'tag',
  'pathType',
  'metric',
  'nextHop',
  'interface',
] as const satisfies readonly (keyof RouteMapMatch)[]

function parseMatch(
  where: string,
  match: RouteMapMatch,
  lists: PrefixLists,
): Omit<RouteMapEntry, 'sequence' | 'permit' | 'set'> {
  if (!isObject(match)) throw fail(where, 'an object', match)
  onlyFields(where, match, matchFields)
  const { prefixList, tag, pathType, metric, nextHop, interface: device } = match
  const list = (field: string, value: PrefixListOptions): readonly PrefixRule[] =>
    parsePrefixList(`${where}: ${field}`, value, lists)
  if (device !== undefined && (typeof device !== 'string' || device === '')) {
    throw fail(`${where}: interface`, 'a device name', device)
  }
  return {
    ...(prefixList === undefined ? {} : { prefixes: list('prefixList', prefixList) }),
    ...(tag === undefined ? {} : { tag: parseInteger(`${where}: tag`, tag, 0, 0xffffffff) }),
    ...(pathType === undefined
      ? {}
      : { pathTypes: parsePathTypes(`${where}: pathType`, pathType) }),
    ...(metric === undefined ? {} : { metric: parseMetric(`${where}: metric`, metric) }),
    ...(nextHop === undefined ? {} : { gateways: list('nextHop', nextHop) }),
    ...(device === undefined ? {} : { interface: device }),
  }
}

function parsePathTypes(
  field: string,
  value: NonNullable<RouteMapMatch['pathType']>,
): ReadonlySet<PathType> {
  const wanted = typeof value === 'string' ? [value] : value
  if (!Array.isArray(wanted)) throw fail(field, 'a path type or a list of them', value)
  const types = wanted.flatMap((type: PathType | 'external') => {
    if (Object.hasOwn(pathTypes, type)) return pathTypes[type]
    throw fail(field, `one of ${Object.keys(pathTypes).join(', ')}`, type)
  })
  return new Set(types)
}

function parseMetric(
  field: string,
  value: NonNullable<RouteMapMatch['metric']>,
): { readonly ge: number; readonly le: number } {
  if (typeof value === 'number') {
    const metric = parseInteger(field, value, 0, 0xffffffff)
    return { ge: metric, le: metric }
  }
  if (!isObject(value)) throw fail(field, 'a metric, or ge and le', value)
  onlyFields(field, value, ['ge', 'le'])
  const ge = parseInteger(`${field}: ge`, value.ge ?? 0, 0, 0xffffffff)
  return { ge, le: parseInteger(`${field}: le`, value.le ?? 0xffffffff, ge, 0xffffffff) }
}

function parseSet(where: string, set: RouteMapSet): RouteMapEntry['set'] {
  if (!isObject(set)) throw fail(where, 'an object', set)
  onlyFields(where, set, ['metric', 'metricType', 'tag', 'source'])
  const { metric, metricType, tag, source } = set
  if (metricType !== undefined && metricType !== 1 && metricType !== 2) {
    throw fail(`${where}: metricType`, '1 or 2', metricType)
  }
  return {
    ...(metric === undefined ? {} : { metric: parseNewMetric(`${where}: metric`, metric) }),
    ...(metricType === undefined ? {} : { metricType }),
    ...(tag === undefined ? {} : { tag: parseInteger(`${where}: tag`, tag, 0, 0xffffffff) }),
    ...(source === undefined ? {} : { source: parseAddress(`${where}: source`, source) }),
  }
}

function parseNewMetric(
  field: string,
  metric: NonNullable<RouteMapSet['metric']>,
): NonNullable<RouteMapEntry['set']['metric']> {
  if (typeof metric !== 'string') {
    return { value: parseInteger(field, metric, 0, MAX_METRIC), relative: false }
  }
  if (!/^[+-]\d+$/.test(metric)) throw fail(field, "a number, '+N' or '-N'", metric)
  return {
    value: parseInteger(field, Number(metric), -MAX_METRIC, MAX_METRIC),
    relative: true,
  }
}

/** Whether the core is to tell of attributes, too: where a policy looks at them. */
export const attributesFor = (policy: RouteMap | undefined): ConfigChange => ({
  type: 'tell-attributes',
  tell: policy !== undefined && looksAtAttributes(policy),
})
