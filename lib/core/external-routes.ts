/**
 * AS external routes (RFC 2328 16.4), from AS-external-LSAs and, in an NSSA, from type 7 LSAs (RFC 3101 2.5), which
 * are compared as if they were the same kind.
 */
import { lengthOfMask, maskOf } from '../wire/address.ts'
import type { ExternalLsaBody } from '../wire/external-lsa.ts'
import { LsType } from '../wire/lsa.ts'
import { Option } from '../wire/options.ts'
import { type Area, BACKBONE, prefixKey } from './area.ts'
import { LS_INFINITY } from './constants.ts'
import { type Entry, isMaxAge } from './lsdb.ts'
import type { Router } from './router.ts'
import type { NetworkPath, RouterPath, RoutingTable } from './routes.ts'

/**
 * The whole of 16.4 over every database that holds externals. They come into the table together, at the end: what an
 * LSA means must not depend on which others were looked at before it.
 */
export function addExternals(router: Router, table: RoutingTable): void {
  const found = new Map<number, NetworkPath>()
  for (const entry of router.as.lsdb.ofType(LsType.external)) {
    offer(router, table, found, entry, undefined)
  }
  for (const area of router.areas.values()) {
    if (area.config.kind !== 'nssa') continue
    for (const entry of area.lsdb.ofType(LsType.nssa)) offer(router, table, found, entry, area)
  }
  for (const [key, path] of found) table.networks.set(key, path)
}

/** The way towards an external destination: to the boundary router, or to the forwarding address. */
interface Way {
  readonly cost: number
  readonly hopSet: number
  readonly rank: number
}

function offer(
  router: Router,
  table: RoutingTable,
  found: Map<number, NetworkPath>,
  entry: Entry,
  nssa: Area | undefined,
): void {
  const { lsId, advertisingRouter, options } = entry.lsa.header
  const body = entry.lsa.body as ExternalLsaBody
  // (1), (2)
  if (body.metric >= LS_INFINITY || isMaxAge(entry, router.now)) return
  if (advertisingRouter === router.routerId) return
  const length = lengthOfMask(body.mask)
  if (length === undefined) return
  const prefix = (lsId & maskOf(length)) >>> 0
  const key = prefixKey(prefix, length)
  // (6a)
  if (table.networks.has(key)) return
  // RFC 3101 2.5 (3): a border router believes a type 7 default only if it may be translated, or not at all
  if (nssa && length === 0 && router.isAbr) {
    if (!(options & Option.np) || !nssa.config.summaries) return
  }
  // (3)
  const boundary = wayToBoundary(router, table, advertisingRouter, nssa)
  if (boundary === undefined) return
  const way =
    body.forwardingAddress === 0
      ? boundary
      : wayToAddress(router, table, body.forwardingAddress, nssa)
  if (way === undefined) return
  // (4)
  const isType2 = body.metricType === 2
  const candidate: NetworkPath = {
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
  // (5), (6)
  const present = found.get(key)
  const order = present === undefined ? 1 : compare(present, candidate)
  if (present === undefined || order > 0) found.set(key, candidate)
  else if (order === 0) merge(router, present, candidate)
}

const kinds = ['intra-area', 'inter-area', 'external-1', 'external-2'] as const

/** Above 0: the candidate is better (16.4 (6)). */
function compare(present: NetworkPath, candidate: NetworkPath): number {
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
function merge(router: Router, present: NetworkPath, candidate: NetworkPath): void {
  present.hopSet = router.hops.union(present.hopSet, candidate.hopSet)
  const [a, b] = [preferenceOf(present), preferenceOf(candidate)]
  if (a > b) return
  const advertisedBy = ({ origin }: NetworkPath): number => origin!.lsa.header.advertisingRouter
  if (a === b && advertisedBy(present) >= advertisedBy(candidate)) return
  const { origin, nssa, tag } = candidate
  Object.assign(present, { origin, nssa, tag })
}

/** RFC 3101 2.5 (6e): type 7 with the P-bit, then type 5, then type 7 without. */
const preferenceOf = ({ origin, nssa }: NetworkPath): number =>
  nssa === undefined ? 1 : origin!.lsa.header.options & Option.np ? 2 : 0

/**
 * 16.4 (3): among the ways through several areas, the preferred one. Those of NSSAs are for their own type 7 LSAs, and
 * for nothing else (RFC 3101 2.5 (3)).
 */
export function wayToBoundary(
  router: Router,
  table: RoutingTable,
  routerId: number,
  nssa: Area | undefined,
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
  router: Router,
  { area }: Pick<RouterPath | NetworkPath, 'area'>,
  nssa: Area | undefined,
): boolean {
  const home = router.areas.get(area!)
  return nssa === undefined ? home?.isNormal === true : home === nssa
}

/** A forwarding address counts only if it is reached by an intra-area or inter-area path. */
function wayToAddress(
  router: Router,
  table: RoutingTable,
  address: number,
  nssa: Area | undefined,
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
function onAttached(router: Router, { prefix, length }: NetworkPath, address: number): number {
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
  router: Router,
  { pathType, area }: Pick<RouterPath | NetworkPath, 'pathType' | 'area'>,
): number {
  if (router.rfc1583Compatibility) return 0
  return pathType === 'intra-area' && area !== BACKBONE ? 0 : 1
}
