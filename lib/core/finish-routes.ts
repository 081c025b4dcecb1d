/** The routing table as it is given to the outside: next hops with their weights, and since when. */
import type { CalculationInput } from './calculation-input.ts'
import { discardsOf } from './discard.ts'
import type { NextHop, RouteChange } from './io.ts'
import {
  type AttachedNetworks,
  type NetworkPath,
  type RouteTable,
  type RoutingTable,
  routeChange,
  sameHops,
  type TableRoute,
} from './routes.ts'
import { asksAnybody, weigh } from './weigh.ts'

/** What a calculation makes of a table. */
export interface Finished {
  readonly routes: Map<number, TableRoute>
  /** By how many they are others than before. */
  readonly count: number
  readonly changes: RouteChange[]
}

/**
 * The table as it is given to the outside, and what is to be told of it. Routes that stay what they were stay the same
 * objects.
 */
export function finishRoutes(
  router: CalculationInput,
  table: RoutingTable,
  attached: AttachedNetworks,
  before: RouteTable,
  attributes: boolean,
): Finished {
  const routes = new Map<number, TableRoute>()
  const removed: RouteChange[] = []
  const replaced: RouteChange[] = []
  let count = 0
  let known = 0
  const put = (key: number, old: TableRoute | undefined, now: TableRoute): void => {
    routes.set(key, now)
    if (old !== undefined) known++
    if (old === now) return
    count++
    const change = routeChange(old, now, attributes)
    if (change) (change.type === 'remove' ? removed : replaced).push(change)
  }
  const discards = discardsOf(router, table)
  const isWeighed = asksAnybody(router)
  for (const [key, path] of table.networks) {
    if (discards.size > 0 && discards.has(key)) continue
    const old = before.get(key)
    put(key, old, finishRoute(router, table, path, attached.get(key), old, isWeighed))
  }
  for (const [key, discard] of discards) {
    const old = before.get(key)
    put(key, old, finishDiscard(discard, old))
  }
  if (known < before.size) {
    for (const [key, old] of before) {
      if (routes.has(key)) continue
      count++
      const change = routeChange(old, undefined, attributes)
      if (change) removed.push(change)
    }
  }
  return { routes, count, changes: removed.length > 0 ? removed.concat(replaced) : replaced }
}

/** One discard entry; the one before, if it is no other. */
export const finishDiscard = (discard: TableRoute, before: TableRoute | undefined): TableRoute =>
  before?.discard === true && before.pathType === discard.pathType && before.area === discard.area
    ? before
    : discard

/** One route; the one before, if it is no other. */
export function finishRoute(
  router: CalculationInput,
  table: RoutingTable,
  path: NetworkPath,
  attached: readonly NextHop[] | undefined,
  before: TableRoute | undefined,
  isWeighed: boolean = asksAnybody(router),
): TableRoute {
  const { prefix, length, pathType, area, cost, type2Cost, tag, hopSet } = path
  const nextHops =
    attached ?? (isWeighed ? weigh(router, table, path) : undefined) ?? router.hops.get(hopSet)
  if (
    before !== undefined &&
    before.discard === undefined &&
    before.cost === cost &&
    before.pathType === pathType &&
    before.area === area &&
    before.type2Cost === type2Cost &&
    before.tag === tag &&
    sameHops(before.nextHops, nextHops)
  ) {
    return before
  }
  return { prefix, length, pathType, area, cost, type2Cost, tag, nextHops, since: router.now }
}
