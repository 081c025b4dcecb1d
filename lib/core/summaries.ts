/** Summary-LSAs of an area border router (RFC 2328 12.4.3, 12.4.3.1; RFC 3509). */
import { maskOf } from '../wire/address.ts'
import { LsType } from '../wire/lsa.ts'
import { type Area, BACKBONE, prefixKey } from './area.ts'
import { LS_INFINITY } from './constants.ts'
import { wayToBoundary } from './external-routes.ts'
import { rangeOf } from './inter-area.ts'
import type { AreaRange } from './io.ts'
import { assignLinkStateIds } from './link-state-id.ts'
import type { Wish } from './originate.ts'
import { permits } from './prefix-list.ts'
import type { NetworkPath, RouterPath } from './routes.ts'

interface Summary {
  readonly prefix: number
  readonly length: number
  readonly metric: number
}

/** What an area border router tells an area of the others. */
export function summaryLsas(area: Area, wish: Wish): void {
  const { router } = area
  if (!router.isAbr) return
  const { kind, summaries, defaultCost } = area.config
  const isTold = kind === 'normal' || summaries
  const networks = isTold ? networkSummaries(area) : []
  // 12.4.3.1: the default into a stub area; into an NSSA only where it replaces the summaries (RFC 3101 2.7)
  if (kind === 'stub' || !isTold) networks.push({ prefix: 0, length: 0, metric: defaultCost })
  const ids = assignLinkStateIds(LsType.summaryNetwork, wish.before, networks)
  for (const { prefix, length, metric } of networks) {
    const lsId = ids.get(prefixKey(prefix, length))
    if (lsId === undefined) continue
    const mask = maskOf(length)
    wish.add(LsType.summaryNetwork, lsId, { kind: 'summary', mask, metric, tos: [] })
  }
  // 12.4.3: type 4 where type 5 goes
  if (kind !== 'normal') return
  for (const path of boundaryRouters(area)) {
    const { routerId, cost: metric } = path
    wish.add(LsType.summaryAsbr, routerId, { kind: 'summary', mask: 0, metric, tos: [] })
  }
}

/** Networks of other areas, condensed by their ranges. */
function networkSummaries(area: Area): Summary[] {
  const { router } = area
  const found = new Map<number, Summary>()
  const offer = (prefix: number, length: number, metric: number): void => {
    if (!permits(area.config.importList, prefix, length)) return
    const key = prefixKey(prefix, length)
    const old = found.get(key)
    if (old === undefined || metric > old.metric) found.set(key, { prefix, length, metric })
  }
  for (const path of router.table.networks.values()) {
    const { prefix, length, cost, pathType } = path
    if (!isForArea(area, path)) continue
    const home = router.areas.get(path.area!)
    if (home === undefined || !permits(home.config.exportList, prefix, length)) continue
    const isRanged = pathType === 'intra-area' && isCondensed(home, area)
    const range = isRanged ? rangeOf(home.config.ranges, prefix, length) : undefined
    if (range === undefined) offer(prefix, length, cost)
    else if (range.advertise) offerRange(offer, range, cost)
  }
  return [...found.values()]
}

/** A range costs what its farthest component costs, unless the operator says otherwise. */
function offerRange(
  offer: (prefix: number, length: number, metric: number) => void,
  range: AreaRange,
  cost: number,
): void {
  const { prefix, length } = range.substitute ?? range
  offer(prefix, length, range.cost ?? cost)
}

/** 12.4.3: ranges of the backbone do not apply towards a transit area. */
const isCondensed = (from: Area, to: Area): boolean => !(from.id === BACKBONE && to.tree?.isTransit)

/** Whether 12.4.3 lets a path be told to an area. */
function isForArea(area: Area, path: NetworkPath): boolean {
  const { pathType, cost, length } = path
  if (pathType !== 'intra-area' && pathType !== 'inter-area') return false
  if (path.area === area.id || cost >= LS_INFINITY) return false
  if (isAgainstHierarchy(area, path)) return false
  // stub areas get a default of our own; NSSAs none that could hide one of type 7 (RFC 3101 2.7)
  if (length === 0 && !area.isNormal) return false
  return !leadsInto(area, path.hopSet)
}

/**
 * The backbone is not told what came over the backbone, and nobody what came through another area than that (RFC 3509
 * 2.2: without a backbone, only intra-area routes are told).
 */
const isAgainstHierarchy = (
  area: Area,
  { pathType, area: through }: Pick<NetworkPath | RouterPath, 'pathType' | 'area'>,
): boolean => pathType === 'inter-area' && (area.id === BACKBONE || through !== BACKBONE)

/** Split horizon: the area's own routers are the next hops. */
function leadsInto(area: Area, hopSet: number): boolean {
  for (const hop of area.router.hops.get(hopSet)) {
    if (area.router.interfaces.get(hop.interface)?.area === area) return true
  }
  return false
}

/** AS boundary routers whose preferred way (16.4 (3)) leads elsewhere than into the area. */
function* boundaryRouters(area: Area): Generator<RouterPath> {
  const { router } = area
  const seen = new Set<number>()
  for (const paths of router.table.routers.values()) {
    for (const { routerId, isBoundary } of paths.values()) {
      if (!isBoundary || seen.has(routerId)) continue
      seen.add(routerId)
      const path = wayToBoundary(router, router.table, routerId, undefined)
      if (path === undefined || path.area === area.id || path.cost >= LS_INFINITY) continue
      if (isAgainstHierarchy(area, path) || leadsInto(area, path.hopSet)) continue
      yield path
    }
  }
}
