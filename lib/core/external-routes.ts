/**
 * AS external routes (RFC 2328 16.4), from AS-external-LSAs and, in an NSSA, from type 7 LSAs (RFC 3101 2.5), which
 * are compared as if they were the same kind.
 */
import { lengthOfMask, maskOf } from '../wire/address.ts'
import type { ExternalLsaBody } from '../wire/external-lsa.ts'
import { LsType } from '../wire/lsa.ts'
import { Option } from '../wire/options.ts'
import { BACKBONE } from './area.ts'
import type { AreaInput, CalculationInput } from './calculation-input.ts'
import { LS_INFINITY } from './constants.ts'
import { type Entry, isMaxAge } from './lsdb.ts'
import { destinationKey, lengthOfKey, prefixKey } from './prefix-index.ts'
import { isInternal, type NetworkPath, type RouterPath, type RoutingTable } from './routes.ts'

/**
 * The whole of 16.4 over every database that holds externals. They come into the table together, at the end: what an
 * LSA means must not depend on which others were looked at before it.
 */
export function addExternals(
  router: CalculationInput,
  table: RoutingTable,
  only?: ReadonlySet<number>,
): void {
  const found = new Map<number, NetworkPath>()
  for (const [lsdb, type, nssa] of externalDatabases(router)) {
    if (only === undefined) {
      for (const entry of lsdb.ofType(type)) offer(router, table, found, entry, nssa)
      continue
    }
    for (const key of only) {
      for (const entry of lsdb.ofPrefix(type, key)) offer(router, table, found, entry, nssa)
    }
  }
  for (const [key, path] of found) table.networks.set(key, path)
}

type ExternalDatabase = readonly [
  lsdb: AreaInput['lsdb'],
  type: number,
  nssa: AreaInput | undefined,
]

export function* externalDatabases(router: CalculationInput): Generator<ExternalDatabase> {
  yield [router.as.lsdb, LsType.external, undefined]
  for (const area of router.areas.values()) {
    if (area.config.kind === 'nssa') yield [area.lsdb, LsType.nssa, area]
  }
}

/** Destinations of externals whose forwarding address lies in one of the networks. */
export function forwardedThrough(
  router: CalculationInput,
  networks: ReadonlySet<number>,
): Set<number> {
  const found = new Set<number>()
  if (networks.size === 0) return found
  const lengths = [...new Set([...networks].map(lengthOfKey))]
  for (const [lsdb] of externalDatabases(router)) {
    for (const { lsa } of lsdb.forwarding) {
      const { forwardingAddress: address } = lsa.body as ExternalLsaBody
      const isIn = lengths.some((length) =>
        networks.has(prefixKey((address & maskOf(length)) >>> 0, length)),
      )
      if (isIn) found.add(destinationKey(lsa))
    }
  }
  return found
}

/** The way towards an external destination: to the boundary router, or to the forwarding address. */
interface Way {
  readonly cost: number
  readonly hopSet: number
  readonly rank: number
}

function offer(
  router: CalculationInput,
  table: RoutingTable,
  found: Map<number, NetworkPath>,
  entry: Entry,
  nssa: AreaInput | undefined,
): void {
  const candidate = readExternal(router, table, entry, nssa)
  if (typeof candidate === 'string') return
  // (5), (6)
  const key = prefixKey(candidate.prefix, candidate.length)
  const present = found.get(key)
  const order = present === undefined ? 1 : compareExternals(present, candidate)
  if (present === undefined || order > 0) found.set(key, candidate)
  else if (order === 0) merge(router, present, candidate)
}

/** Why an external LSA is of no use. */
export type ExternalRefusal =
  | 'infinite'
  | 'max-age'
  | 'own'
  | 'bad-mask'
  | 'redistributed'
  | 'internal'
  | 'nssa-default'
  | 'unreachable-boundary'
  | 'unreachable-forwarding'

/** 16.4 (1) to (4): the path that an LSA offers, or why nobody looks. */
export function readExternal(
  router: CalculationInput,
  table: RoutingTable,
  entry: Entry,
  nssa: AreaInput | undefined,
): NetworkPath | ExternalRefusal {
  const { lsId, advertisingRouter, options } = entry.lsa.header
  const body = entry.lsa.body as ExternalLsaBody
  // (1), (2)
  if (body.metric >= LS_INFINITY) return 'infinite'
  if (isMaxAge(entry, router.now)) return 'max-age'
  if (advertisingRouter === router.routerId) return 'own'
  const length = lengthOfMask(body.mask)
  if (length === undefined) return 'bad-mask'
  const prefix = (lsId & maskOf(length)) >>> 0
  if (router.as.externals.isOfKernel(prefixKey(prefix, length))) return 'redistributed'
  // (6a)
  const inside = table.networks.get(prefixKey(prefix, length))
  if (inside && isInternal(inside)) return 'internal'
  // RFC 3101 2.5 (3): a border router believes a type 7 default only if it may be translated, or not at all
  if (nssa && length === 0 && router.isAbr) {
    if (!(options & Option.np) || !nssa.config.summaries) return 'nssa-default'
  }
  // (3)
  const boundary = wayToBoundary(router, table, advertisingRouter, nssa)
  if (boundary === undefined) return 'unreachable-boundary'
  const way =
    body.forwardingAddress === 0
      ? boundary
      : wayToAddress(router, table, body.forwardingAddress, nssa)
  if (way === undefined) return 'unreachable-forwarding'
  // (4)
  const isType2 = body.metricType === 2
  return {
    prefix,
    length,
    pathType: isType2 ? 'external-2' : 'external-1',
    area: undefined,
    cost: isType2 ? way.cost : way.cost + body.metric,
    type2Cost: isType2 ? body.metric : undefined,
    tag: body.tag,
    hopSet: way.hopSet,
    rank: way.rank,
    origin: entry,
    nssa,
  }
}

const kinds = ['intra-area', 'inter-area', 'external-1', 'external-2'] as const

/** Above 0: the candidate is better (16.4 (6)). */
export function compareExternals(present: NetworkPath, candidate: NetworkPath): number {
  return (
    kinds.indexOf(present.pathType) - kinds.indexOf(candidate.pathType) ||
    // (6b) type 2 metrics first, then (6c) preference of the way, then (6d) its length
    (present.type2Cost ?? 0) - (candidate.type2Cost ?? 0) ||
    present.rank - candidate.rank ||
    present.cost - candidate.cost
  )
}

/**
 * Ways that are equally good are all used. RFC 3101 2.5 (6e) says which LSA stands for them: only among LSAs with the
 * same forwarding address, whose ways are the same anyway; here among all, so that the tag does not depend on chance.
 */
function merge(router: CalculationInput, present: NetworkPath, candidate: NetworkPath): void {
  present.hopSet = router.hops.union(present.hopSet, candidate.hopSet)
  const [a, b] = [preferenceOf(present), preferenceOf(candidate)]
  if (a > b) return
  if (a === b && compareOrigins(present, candidate) >= 0) return
  const { origin, nssa, tag } = candidate
  Object.assign(present, { origin, nssa, tag })
}

/** By who says it, and then by name: one router can have several LSAs of a destination. */
function compareOrigins(a: NetworkPath, b: NetworkPath): number {
  const [one, other] = [a.origin!.lsa.header, b.origin!.lsa.header]
  return one.advertisingRouter - other.advertisingRouter || one.lsId - other.lsId
}

/** RFC 3101 2.5 (6e): type 7 with the P-bit, then type 5, then type 7 without. */
const preferenceOf = ({ origin, nssa }: NetworkPath): number =>
  nssa === undefined ? 1 : origin!.lsa.header.options & Option.np ? 2 : 0

/**
 * 16.4 (3): among the ways through several areas, the preferred one. Those of NSSAs are for their own type 7 LSAs, and
 * for nothing else (RFC 3101 2.5 (3)).
 */
export function wayToBoundary(
  router: CalculationInput,
  table: RoutingTable,
  routerId: number,
  nssa: AreaInput | undefined,
): (RouterPath & Way) | undefined {
  let best: (RouterPath & Way) | undefined
  for (const path of table.pathsTo(routerId)) {
    if (!path.isBoundary || !isInReach(router, path, nssa)) continue
    const way = { ...path, rank: rankOf(router, path) }
    if (best === undefined || compareWays(best, way) > 0) best = way
  }
  return best
}

/** 16.4.1, then the least cost, then the largest Area ID. Above 0: the candidate is better. */
const compareWays = (present: RouterPath & Way, candidate: RouterPath & Way): number =>
  present.rank - candidate.rank || present.cost - candidate.cost || candidate.area - present.area

/** RFC 3101 2.5 (3): ways of a type 5 LSA lead through areas that have them, ways of type 7 through their NSSA. */
function isInReach(
  router: CalculationInput,
  { area }: Pick<RouterPath | NetworkPath, 'area'>,
  nssa: AreaInput | undefined,
): boolean {
  const home = router.areas.get(area!)
  return nssa === undefined ? home?.isNormal === true : home === nssa
}

/** A forwarding address counts only if it is reached by an intra-area or inter-area path. */
function wayToAddress(
  router: CalculationInput,
  table: RoutingTable,
  address: number,
  nssa: AreaInput | undefined,
): Way | undefined {
  if (router.hasAddress(address)) return undefined
  const path = table.lookup(address)
  if (path === undefined || !isInReach(router, path, nssa)) return undefined
  // an inter-area path may still come through the NSSA that it is advertised in
  if (nssa !== undefined && path.pathType !== 'intra-area') return undefined
  const { hopSet: set } = path
  const hopSet = set === 0 ? onAttached(router, path, address) : router.hops.towards(set, address)
  if (hopSet === 0) return undefined
  return { cost: path.cost, hopSet, rank: rankOf(router, path) }
}

/** The next hop to an address on a stub network of ours, as the subnet of a point-to-point link is one; 0: none. */
function onAttached(
  router: CalculationInput,
  { prefix, length }: NetworkPath,
  address: number,
): number {
  for (const { name, state, isVirtual, network, link } of router.interfaces.values()) {
    if (state === 'Down' || state === 'Loopback' || isVirtual) continue
    if (network === prefix && link.prefixLength === length) return router.hops.single(name, address)
  }
  return 0
}

/**
 * 16.4.1: without RFC 1583 compatibility, intra-area ways through other areas than the backbone are preferred over
 * all others, however long they are.
 */
function rankOf(
  router: CalculationInput,
  { pathType, area }: Pick<RouterPath | NetworkPath, 'pathType' | 'area'>,
): number {
  if (router.rfc1583Compatibility) return 0
  return pathType === 'intra-area' && area !== BACKBONE ? 0 : 1
}
