/** The calculation of the routing table (RFC 2328 section 16), in its order; and of a few networks of it alone. */
import { LsType, lsaKey } from '../wire/lsa.ts'
import { BACKBONE } from './area.ts'
import type { AreaInput, CalculationInput } from './calculation-input.ts'
import { addExternals, forwardedThrough } from './external-routes.ts'
import { addInterArea, discardUnresolved, holds, improveByTransit } from './inter-area.ts'
import { lengthOfKey, prefixKey, prefixOfKey } from './prefix-index.ts'
import {
  addIntraArea,
  addIntraAreaOf,
  isInternal,
  type NetworkPath,
  RoutingTable,
} from './routes.ts'
import { calculateTree, type Tree } from './spf.ts'

/** Trees are calculated anew only where `dirty` says so; the table is made from nothing. */
export function calculateTable(
  router: CalculationInput,
  dirty: ReadonlySet<AreaInput>,
): RoutingTable {
  const areas = inOrder(router)
  for (const area of areas) {
    const { tree } = area
    if (tree === undefined || dirty.has(area)) area.tree = calculateTree(router, area)
    else refreshOwnVertices(router, area, tree)
  }
  // 16 (1): from nothing
  const table = new RoutingTable()
  // 16 (2)
  for (const area of areas) addIntraArea(router, area, table)
  // 16 (3), (4)
  for (const area of areas) if (looksAtSummaries(router, area)) addInterArea(router, area, table)
  for (const area of areas) if (isTransit(router, area)) improveByTransit(router, area, table)
  discardUnresolved(router, table)
  // 16 (5)
  addExternals(router, table)
  return table
}

/** The backbone last: its virtual links go where the other trees lead. */
const inOrder = (router: CalculationInput): AreaInput[] =>
  [...router.areas.values()].sort((a, b) => b.id - a.id)

/** 16 (3): a border router examines the summaries of the backbone alone; RFC 3509 2.2: if it has one. */
export const looksAtSummaries = ({ isOfBackbone }: CalculationInput, { id }: AreaInput): boolean =>
  !isOfBackbone || id === BACKBONE

/** 16 (4). */
export const isTransit = ({ isAbr }: CalculationInput, { id, tree }: AreaInput): boolean =>
  isAbr && tree?.isTransit === true && id !== BACKBONE

/** Instances of our own that differ in stubs alone: the tree stays, its root says something else. */
function refreshOwnVertices(router: CalculationInput, area: AreaInput, tree: Tree): void {
  const root = tree.routers.get(router.routerId)
  const own = area.wanted.get(lsaKey(LsType.router, router.routerId, router.routerId))
  if (root !== undefined && own !== undefined) tree.vertices[root] = { lsa: own.calculated }
}

/**
 * Does the same for some networks of a table, where nothing else has changed: no link, no router, no way to a router.
 * Those that are not asked for and hang on those that are, are done as well: 16.2 (3) on ranges, 16.4 (3) on forwarding
 * addresses.
 * @param keys as `prefixKey` has them
 * @param attached of these, those that an interface of ours came to, or left
 * @returns every network that was looked at
 */
export function recalculateNetworks(
  router: CalculationInput,
  table: RoutingTable,
  keys: Iterable<number>,
  attached: readonly number[] = [],
): Set<number> {
  const areas = inOrder(router)
  for (const area of areas) if (area.tree) refreshOwnVertices(router, area, area.tree)
  const looked = withRanges(router, keys)
  const before = new Map<number, NetworkPath | undefined>()
  for (const key of looked) {
    before.set(key, table.networks.get(key))
    table.networks.delete(key)
  }
  for (const area of areas) addIntraAreaOf(router, area, table, looked)
  for (const area of areas) {
    if (looksAtSummaries(router, area)) addInterArea(router, area, table, looked)
  }
  for (const area of areas) {
    if (isTransit(router, area)) improveByTransit(router, area, table, looked)
  }
  discardUnresolved(router, table, looked)
  const moved = new Set(attached)
  for (const [key, path] of before) {
    if (!isSameWay(internal(path), internal(table.networks.get(key)))) moved.add(key)
  }
  for (const key of forwardedThrough(router, moved)) {
    if (looked.has(key)) continue
    looked.add(key)
    const path = table.networks.get(key)
    if (path && !isInternal(path)) table.networks.delete(key)
  }
  addExternals(router, table, looked)
  return looked
}

/** 16.2 (3): whether a range is active depends on what is inside. */
function withRanges({ isAbr, areas }: CalculationInput, keys: Iterable<number>): Set<number> {
  const all = new Set(keys)
  if (!isAbr) return all
  for (const key of [...all]) {
    for (const { config } of areas.values()) {
      for (const range of config.ranges) {
        if (!holds(range, prefixOfKey(key), lengthOfKey(key))) continue
        const { prefix, length } = range.substitute ?? range
        all.add(prefixKey(prefix, length))
      }
    }
  }
  return all
}

const internal = (path: NetworkPath | undefined): NetworkPath | undefined =>
  path && isInternal(path) ? path : undefined

const isSameWay = (a: NetworkPath | undefined, b: NetworkPath | undefined): boolean =>
  a === b ||
  (a !== undefined &&
    b !== undefined &&
    a.pathType === b.pathType &&
    a.area === b.area &&
    a.cost === b.cost &&
    a.hopSet === b.hopSet)
