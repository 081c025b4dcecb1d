/** Inter-area routes (RFC 2328 16.2), and shorter ways through transit areas (16.3). */
import { lengthOfMask, maskOf } from '../wire/address.ts'
import { LsType } from '../wire/lsa.ts'
import type { SummaryLsaBody } from '../wire/summary-lsa.ts'
import { BACKBONE } from './area.ts'
import type { AreaInput, CalculationInput } from './calculation-input.ts'
import { LS_INFINITY } from './constants.ts'
import { type Entry, isMaxAge } from './lsdb.ts'
import { prefixKey } from './prefix-index.ts'
import type { NetworkPath, RouterPath, RoutingTable } from './routes.ts'

/** A summary-LSA that can be used: somebody else's, reachable, and the whole cost through its originator. */
export interface Summary {
  readonly type: number
  readonly lsId: number
  readonly body: SummaryLsaBody
  readonly via: RouterPath
  readonly cost: number
}

/** 16.2 (1) to (4), and the same steps of 16.3. `only`: these networks, and no router. */
function* usableSummaries(
  router: CalculationInput,
  area: AreaInput,
  table: RoutingTable,
  only: ReadonlySet<number> | undefined,
): Generator<Summary> {
  for (const entry of summariesOf(area, only)) {
    const summary = usable(router, area, table, entry)
    if (summary) yield summary
  }
}

function* summariesOf(
  { lsdb }: AreaInput,
  only: ReadonlySet<number> | undefined,
): Generator<Entry> {
  if (only === undefined) {
    yield* lsdb.ofType(LsType.summaryNetwork)
    yield* lsdb.ofType(LsType.summaryAsbr)
  } else {
    for (const key of only) yield* lsdb.ofPrefix(LsType.summaryNetwork, key)
  }
}

/** Why a summary-LSA is of no use. */
export type SummaryRefusal = 'infinite' | 'max-age' | 'own' | 'unreachable-border' | 'no-border'

const usable = (
  router: CalculationInput,
  area: AreaInput,
  table: RoutingTable,
  entry: Entry,
): Summary | undefined => {
  const summary = readSummary(router, area, table, entry)
  return typeof summary === 'string' ? undefined : summary
}

/** 16.2 (1), (2), (4): what it says, or why nobody looks. */
export function readSummary(
  router: CalculationInput,
  area: AreaInput,
  table: RoutingTable,
  entry: Entry,
): Summary | SummaryRefusal {
  const { type, lsId, advertisingRouter } = entry.lsa.header
  const body = entry.lsa.body as SummaryLsaBody
  // (1)
  if (body.metric >= LS_INFINITY) return 'infinite'
  if (isMaxAge(entry, router.now)) return 'max-age'
  // (2)
  if (advertisingRouter === router.routerId) return 'own'
  // (4)
  const via = table.router(area.id, advertisingRouter)
  if (via === undefined || via.pathType !== 'intra-area') return 'unreachable-border'
  if (!via.isBorder) return 'no-border'
  return { type, lsId, body, via, cost: via.cost + body.metric }
}

/** 16.2. An area border router looks at the backbone alone. `only`: these networks, and no router. */
export function addInterArea(
  router: CalculationInput,
  area: AreaInput,
  table: RoutingTable,
  only?: ReadonlySet<number>,
): void {
  for (const { type, lsId, body, via, cost } of usableSummaries(router, area, table, only)) {
    if (type === LsType.summaryAsbr) {
      offerRouter(router, table, lsId, via, cost)
      continue
    }
    const length = lengthOfMask(body.mask)
    if (length === undefined) continue
    const prefix = (lsId & maskOf(length)) >>> 0
    // (3) others of our area border routers tell of the range as well
    if (router.isAbr && isActiveRange(router, prefix, length, table)) continue
    // (5), (6)
    const key = prefixKey(prefix, length)
    const path = table.networks.get(key)
    if (path?.pathType === 'intra-area') continue
    // (7)
    if (path === undefined || cost < path.cost) {
      table.networks.set(key, interArea(prefix, length, via, cost))
    } else if (cost === path.cost) {
      path.hopSet = router.hops.union(path.hopSet, via.hopSet)
    }
  }
}

function offerRouter(
  router: CalculationInput,
  table: RoutingTable,
  routerId: number,
  via: RouterPath,
  cost: number,
): void {
  if (routerId === router.routerId) return
  const old = table.router(via.area, routerId)
  // (6)
  if (old?.pathType === 'intra-area') return
  // (7)
  if (old !== undefined && cost > old.cost) return
  if (old?.cost === cost) {
    old.hopSet = router.hops.union(old.hopSet, via.hopSet)
    return
  }
  table.setRouter({
    routerId,
    area: via.area,
    pathType: 'inter-area',
    cost,
    hopSet: via.hopSet,
    isBorder: false,
    isBoundary: true,
  })
}

const interArea = (
  prefix: number,
  length: number,
  { area, hopSet }: RouterPath,
  cost: number,
): NetworkPath => ({
  prefix,
  length,
  pathType: 'inter-area',
  area,
  cost,
  type2Cost: undefined,
  tag: undefined,
  hopSet,
  rank: 0,
  origin: undefined,
  nssa: undefined,
})

/** 16.3: a transit area may know a shorter way than the virtual link through it. */
export function improveByTransit(
  router: CalculationInput,
  area: AreaInput,
  table: RoutingTable,
  only?: ReadonlySet<number>,
): void {
  for (const { type, lsId, body, via, cost } of usableSummaries(router, area, table, only)) {
    if (type === LsType.summaryAsbr) {
      const path = table.router(BACKBONE, lsId)
      if (path) improve(router, path, via, cost)
      continue
    }
    const length = lengthOfMask(body.mask)
    if (length === undefined) continue
    const path = table.networks.get(prefixKey((lsId & maskOf(length)) >>> 0, length))
    // (3) only what is reached through the backbone
    if (path?.area === BACKBONE) improve(router, path, via, cost)
  }
}

/** 16.3 (5). The destination goes on belonging to the backbone. */
function improve(
  router: CalculationInput,
  path: { cost: number; hopSet: number },
  via: RouterPath,
  cost: number,
): void {
  if (path.hopSet === 0 || cost > path.cost) return
  path.hopSet = cost < path.cost ? via.hopSet : router.hops.union(path.hopSet, via.hopSet)
  path.cost = cost
}

/**
 * 16.3, at the end: what is still reached over a virtual link as such is not reached. The link is no way: where its
 * packets go is up to the routers of the transit area, and these know only what summaries tell them.
 */
export function discardUnresolved(
  { hops }: CalculationInput,
  table: RoutingTable,
  only?: ReadonlySet<number>,
): void {
  if (!hops.hasUnresolved) return
  const resolve = <P extends { hopSet: number }>(
    paths: Map<number, P>,
    keys: Iterable<number>,
  ): void => {
    for (const key of keys) {
      const path = paths.get(key)
      if (path === undefined || !hops.isUnresolved(path.hopSet)) continue
      path.hopSet = hops.resolved(path.hopSet)
      if (path.hopSet === 0) paths.delete(key)
    }
  }
  resolve(table.networks, only ?? table.networks.keys())
  if (only) return
  const routers = table.routers.get(BACKBONE)
  if (routers) resolve(routers, routers.keys())
}

interface Prefix {
  readonly prefix: number
  readonly length: number
}

export const holds = (range: Prefix, prefix: number, length: number): boolean =>
  length >= range.length && (prefix & maskOf(range.length)) >>> 0 === range.prefix

/** The range that a prefix falls into: the longest. */
export function rangeOf<R extends Prefix>(
  ranges: readonly R[],
  prefix: number,
  length: number,
): R | undefined {
  let best: R | undefined
  for (const range of ranges) {
    if (holds(range, prefix, length) && (!best || range.length > best.length)) best = range
  }
  return best
}

/** A range is active when its area has something inside that can be reached (16.2 (3)). */
export function isActiveRange(
  router: CalculationInput,
  prefix: number,
  length: number,
  table: RoutingTable,
): boolean {
  for (const area of router.areas.values()) {
    const range = area.config.ranges.find((each) => {
      const said = each.substitute ?? each
      return said.prefix === prefix && said.length === length
    })
    if (range === undefined) continue
    for (const path of table.networks.values()) {
      if (path.pathType !== 'intra-area' || path.area !== area.id) continue
      if (holds(range, path.prefix, path.length)) return true
    }
  }
  return false
}
