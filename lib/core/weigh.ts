/**
 * Weights of next hops, from what the originators of a prefix ask for (traffic-share.ts). A share belongs to a router, not
 * to a way: where several share a next hop their shares add up, and where one is reached by several ways its share is
 * divided. It counts for as long as every router on the way could have heard of it (RFC 5250).
 */
import { WEIGHT_DEFAULT, WEIGHT_MAX } from '../wire/traffic-share.ts'
import type { AreaInput, CalculationInput } from './calculation-input.ts'
import { compareExternals, externalDatabases, readExternal } from './external-routes.ts'
import type { NextHop } from './io.ts'
import { prefixKey } from './prefix-index.ts'
import { eachNetwork, type NetworkPath, type RoutingTable, verticesWith } from './routes.ts'
import { idOf, isRouter, type Tree } from './spf.ts'
import { shareOf } from './traffic-share.ts'

/** A router that announces the prefix as well as any other, and the ways to it. */
interface Originator {
  readonly hopSet: number
  readonly weight: number
  readonly drain: boolean
  readonly asks: boolean
}

/**
 * The next hops of a path with their weights; undefined: equal shares, as nobody asks for another. A next hop is
 * `draining` when all that is behind it wants no new flows, and something else does.
 */
export function weigh(
  router: CalculationInput,
  table: RoutingTable,
  path: NetworkPath,
): readonly NextHop[] | undefined {
  if (path.hopSet === 0 || !asksAnybody(router)) return undefined
  const found =
    path.pathType === 'intra-area'
      ? [...intraArea(router, path)]
      : path.pathType === 'inter-area'
        ? []
        : [...externals(router, table, path)]
  if (!found.some(({ asks }) => asks)) return undefined
  const hops = router.hops.get(path.hopSet)
  const weights = new Map<NextHop, number>(hops.map((hop) => [hop, 0]))
  const busy = new Set<NextHop>()
  for (const { hopSet, weight, drain } of found) {
    const ways = router.hops.get(hopSet).filter((hop) => weights.has(hop))
    for (const hop of ways) {
      weights.set(hop, weights.get(hop)! + weight / ways.length)
      if (!drain) busy.add(hop)
    }
  }
  const whole = toWhole([...weights.values()])
  const drains = (hop: NextHop): boolean => busy.size > 0 && !busy.has(hop)
  if (whole.every((weight) => weight === whole[0]) && !hops.some(drains)) return undefined
  return hops.map((hop, i) => ({
    ...hop,
    weight: whole[i]!,
    ...(drains(hop) ? { draining: true } : {}),
  }))
}

/** Somebody asks for a share of its own: without, there is nothing to weigh. */
export const asksAnybody = ({ areas }: CalculationInput): boolean => {
  for (const { shares } of areas.values()) if (shares.shares.size > 0) return true
  return false
}

function* intraArea(router: CalculationInput, path: NetworkPath): Generator<Originator> {
  const area = router.areas.get(path.area!)
  const { tree } = area ?? {}
  if (!area || !tree) return
  const key = prefixKey(path.prefix, path.length)
  for (const v of verticesWith(tree, key)) {
    let metric = Number.POSITIVE_INFINITY
    eachNetwork(tree.vertices[v]!, (prefix, length, cost) => {
      if (prefixKey(prefix, length) === key) metric = Math.min(metric, cost)
    })
    if (tree.distance[v]! + metric === path.cost) yield originator(area, tree, v, key)
  }
}

function* externals(
  router: CalculationInput,
  table: RoutingTable,
  path: NetworkPath,
): Generator<Originator> {
  const key = prefixKey(path.prefix, path.length)
  for (const [lsdb, type, nssa] of externalDatabases(router)) {
    for (const entry of lsdb.ofPrefix(type, key)) {
      const candidate = readExternal(router, table, entry, nssa)
      if (typeof candidate === 'string' || compareExternals(path, candidate) !== 0) continue
      const { hopSet } = candidate
      const { advertisingRouter } = entry.lsa.header
      let one: Originator = { hopSet, weight: WEIGHT_DEFAULT, drain: false, asks: false }
      for (const area of router.areas.values()) {
        const v = area.tree?.routers.get(advertisingRouter)
        if (v === undefined || !area.tree) continue
        const asked = originator(area, area.tree, v, key)
        if (asked.asks) one = { ...asked, hopSet }
      }
      yield one
    }
  }
}

function originator(area: AreaInput, tree: Tree, v: number, key: number): Originator {
  const vertex = tree.vertices[v]!
  const share =
    isRouter(vertex) && hearsOfIt(area, tree)[v] === 1
      ? shareOf(area.shares, idOf(vertex), key)
      : undefined
  return {
    hopSet: tree.hopSet[v]!,
    weight: share?.weight ?? WEIGHT_DEFAULT,
    drain: share?.drain ?? false,
    asks: share !== undefined,
  }
}

/** By vertex: on every shortest path to it, all routers in between pass on opaque LSAs. */
function hearsOfIt(area: AreaInput, tree: Tree): Uint8Array {
  if (tree.opaque !== undefined) return tree.opaque
  const { first, target, cost } = tree.edges
  const hears = new Uint8Array(tree.vertices.length).fill(1)
  const neighbors = new Set<number>()
  for (const iface of area.interfaces) {
    for (const { routerId, isOpaqueCapable } of iface.neighbors.values()) {
      if (isOpaqueCapable) neighbors.add(routerId)
    }
  }
  const [root] = tree.order
  for (const v of tree.order) {
    const vertex = tree.vertices[v]!
    const id = idOf(vertex)
    const passesOn =
      !isRouter(vertex) || v === root || neighbors.has(id) || area.shares.opaque.has(id)
    for (let e = first[v]!; e < first[v + 1]!; e++) {
      const w = target[e]!
      if (tree.distance[v]! + cost[e]! !== tree.distance[w]!) continue
      if (!passesOn || hears[v] === 0) hears[w] = 0
    }
  }
  tree.opaque = hears
  return hears
}

/** Whole numbers from 1 to 256 in the same proportions, as small as they can be. */
export function toWhole(weights: readonly number[]): number[] {
  for (let factor = 1; factor <= FACTOR_MAX; factor++) {
    const scaled = weights.map((weight) => weight * factor)
    if (!scaled.every((weight) => Math.abs(weight - Math.round(weight)) < EPSILON)) continue
    const whole = scaled.map(Math.round)
    const common = whole.reduce(greatestCommonDivisor)
    const least = whole.map((weight) => weight / common)
    if (Math.max(...least) <= WEIGHT_MAX) return least
    break
  }
  const most = Math.max(...weights)
  return weights.map((weight) => Math.max(1, Math.round((weight / most) * WEIGHT_MAX)))
}

const FACTOR_MAX = 64
const EPSILON = 1e-6

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
