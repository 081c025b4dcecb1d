/** The routing table as it is given to the outside: next hops with their weights, and since when. */
import type { CalculationInput } from './calculation-input.ts'
import { discardsOf } from './discard.ts'
import type { NextHop } from './io.ts'
import {
  type AttachedNetworks,
  type NetworkPath,
  type RouteTable,
  type RoutingTable,
  sameHops,
  type TableRoute,
} from './routes.ts'
import { weigh } from './weigh.ts'

/** The table as it is given to the outside. Routes that stay what they were stay the same objects. */
export function finishRoutes(
  router: CalculationInput,
  table: RoutingTable,
  attached: AttachedNetworks,
  before: RouteTable,
): Map<number, TableRoute> {
  const routes = new Map<number, TableRoute>()
  for (const [key, path] of table.networks) {
    routes.set(key, finishRoute(router, table, path, attached.get(key), before.get(key)))
  }
  for (const [key, discard] of discardsOf(router, table)) {
    routes.set(key, finishDiscard(discard, before.get(key)))
  }
  return routes
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
): TableRoute {
  const { prefix, length, pathType, area, cost, type2Cost, tag, hopSet } = path
  const nextHops = attached ?? weigh(router, table, path) ?? router.hops.get(hopSet)
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
