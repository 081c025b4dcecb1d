/**
 * The routing table (RFC 2328 section 11), built from nothing in the order of section 16: intra-area (16.1, second
 * stage), inter-area (inter-area.ts), AS externals (external-routes.ts); and what changed since the last time.
 */
import { lengthOfMask, maskOf } from '../wire/address.ts'
import { RouterFlag } from '../wire/router-lsa.ts'
import type { AreaInput, CalculationInput } from './calculation-input.ts'
import type { Instant, NextHop, PathType, Route, RouteChange } from './io.ts'
import type { Entry } from './lsdb.ts'
import { PrefixMap, prefixKey } from './prefix-index.ts'
import { flagsOf, idOf, isRouter, linksOf, networkBody, type Tree, type Vertex } from './spf.ts'

/** The way to a network. */
export interface NetworkPath {
  readonly prefix: number
  readonly length: number
  pathType: PathType
  /** The area of an intra-area path, or that an inter-area path goes through. */
  area: number | undefined
  cost: number
  /** Metric of a type 2 external. */
  type2Cost: number | undefined
  tag: number | undefined
  /** A number of `router.hops`; 0: ourselves. */
  hopSet: number
  /** How well its way to the AS boundary router is liked (16.4.1); externals only. */
  rank: number
  /** Of an external: the LSA behind it; of several, the one that RFC 3101 2.5 (6e) puts first. */
  origin: Entry | undefined
  /** The NSSA whose type 7 LSA that is. */
  nssa: AreaInput | undefined
}

/** The way to an area border or AS boundary router, through one area. */
export interface RouterPath {
  readonly routerId: number
  readonly area: number
  readonly pathType: 'intra-area' | 'inter-area'
  cost: number
  hopSet: number
  readonly isBorder: boolean
  readonly isBoundary: boolean
}

/** What one calculation finds. */
export class RoutingTable {
  readonly networks: Map<number, NetworkPath> = new Map()
  /** By area, then by Router ID. */
  readonly routers: Map<number, Map<number, RouterPath>> = new Map()

  /** The path through an area to a router. */
  router(area: number, routerId: number): RouterPath | undefined {
    return this.routers.get(area)?.get(routerId)
  }

  /** Every path to a router, one for each area. */
  *pathsTo(routerId: number): Generator<RouterPath> {
    for (const paths of this.routers.values()) {
      const path = paths.get(routerId)
      if (path) yield path
    }
  }

  setRouter(path: RouterPath): void {
    let paths = this.routers.get(path.area)
    if (!paths) this.routers.set(path.area, (paths = new Map()))
    paths.set(path.routerId, path)
  }

  /** The longest prefix inside the autonomous system that holds an address (11.1). */
  lookup(address: number): NetworkPath | undefined {
    for (let length = 32; length >= 0; length--) {
      const path = this.networks.get(prefixKey((address & maskOf(length)) >>> 0, length))
      if (path && isInternal(path)) return path
    }
    return undefined
  }
}

export const isInternal = ({ pathType }: Pick<NetworkPath, 'pathType'>): boolean =>
  pathType === 'intra-area' || pathType === 'inter-area'

const LINK_STUB = 3

/** Routers and networks of an area's own tree (16.1, second stage). */
export function addIntraArea(router: CalculationInput, area: AreaInput, table: RoutingTable): void {
  const { tree } = area
  if (tree === undefined) return
  for (let i = 0; i < tree.order.length; i++) {
    const v = tree.order[i]!
    const vertex = tree.vertices[v]!
    const distance = tree.distance[v]!
    const hopSet = tree.hopSet[v]!
    eachNetwork(vertex, (prefix, length, metric) => {
      offer(router, table, area.id, prefix, length, distance + metric, hopSet)
    })
    if (!isRouter(vertex) || idOf(vertex) === router.routerId) continue
    const flags = flagsOf(vertex)
    const isBorder = (flags & RouterFlag.b) !== 0
    const isBoundary = (flags & RouterFlag.e) !== 0
    if (!isBorder && !isBoundary) continue
    table.setRouter({
      routerId: idOf(vertex),
      area: area.id,
      pathType: 'intra-area',
      cost: distance,
      hopSet,
      isBorder,
      isBoundary,
    })
  }
}

/** The same for some networks alone. */
export function addIntraAreaOf(
  router: CalculationInput,
  area: AreaInput,
  table: RoutingTable,
  keys: ReadonlySet<number>,
): void {
  const { tree } = area
  if (tree === undefined) return
  // an index is worth its making from the second time on
  const index = tree.wasScanned ? (tree.prefixes ??= indexOf(tree)) : undefined
  tree.wasScanned = true
  const vertices = index ? new Set<number>() : tree.order
  if (vertices instanceof Set) {
    for (const key of keys) for (const v of index!.get(key)) vertices.add(v)
  }
  const stillThere = new Map<number, number[]>([...keys].map((key) => [key, []]))
  for (const v of vertices) {
    const [distance, hopSet] = [tree.distance[v]!, tree.hopSet[v]!]
    eachNetwork(tree.vertices[v]!, (prefix, length, metric) => {
      const there = stillThere.get(prefixKey(prefix, length))
      if (there === undefined) return
      if (there.at(-1) !== v) there.push(v)
      offer(router, table, area.id, prefix, length, distance + metric, hopSet)
    })
  }
  if (index) for (const [key, there] of stillThere) index.set(key, there)
}

/** The vertices of a tree that a network may hang on. */
export const verticesWith = (tree: Tree, key: number): readonly number[] =>
  (tree.prefixes ??= indexOf(tree)).get(key)

function indexOf(tree: Tree): PrefixMap<number> {
  const index = new PrefixMap<number>()
  for (const v of tree.order) {
    eachNetwork(tree.vertices[v]!, (prefix, length) => index.add(prefixKey(prefix, length), v))
  }
  return index
}

/**
 * Visits the networks that hang on a vertex: itself, or its stub networks. `metric`: from the vertex on.
 */
export function eachNetwork(
  vertex: Vertex,
  visit: (prefix: number, length: number, metric: number) => void,
): void {
  if (!isRouter(vertex)) {
    const { mask } = networkBody(vertex)
    const length = lengthOfMask(mask)
    // RFC 6860 3: a transit network with a host mask is suppressed
    if (length !== undefined && length !== 32) visit((idOf(vertex) & mask) >>> 0, length, 0)
    return
  }
  const links = linksOf(vertex)
  while (links.next()) {
    if (links.type !== LINK_STUB) continue
    const length = lengthOfMask(links.data)
    if (length !== undefined) visit((links.id & links.data) >>> 0, length, links.metric)
  }
}

/** Takes an intra-area path into the table if it is better than what is there, or as good. */
function offer(
  { hops }: CalculationInput,
  { networks }: RoutingTable,
  area: number,
  prefix: number,
  length: number,
  cost: number,
  hopSet: number,
): void {
  const key = prefixKey(prefix, length)
  const path = networks.get(key)
  if (path === undefined || cost < path.cost) {
    networks.set(key, {
      prefix,
      length,
      pathType: 'intra-area',
      area,
      // both are small integers, and a field that has seen nothing else holds them without a box
      cost: cost >>> 0,
      type2Cost: undefined,
      tag: undefined,
      hopSet: hopSet | 0,
      rank: 0,
      origin: undefined,
      nssa: undefined,
    })
  } else if (cost === path.cost) {
    // our own prefix, or a way to it as short as another's: being there needs no next hop
    path.hopSet = hopSet === 0 || path.hopSet === 0 ? 0 : hops.union(path.hopSet, hopSet) | 0
  }
}

/** A route of the table, and when it became what it is. */
export interface TableRoute extends Route {
  readonly since: Instant
}

export type AttachedNetworks = ReadonlyMap<number, readonly NextHop[]>

/** What an interface of ours is on is reached directly, whoever else claims to be near. */
export function attachedNetworks(router: CalculationInput): AttachedNetworks {
  const networks = new Map<number, readonly NextHop[]>()
  for (const iface of router.interfaces.values()) {
    if (iface.state === 'Down' || iface.isVirtual) continue
    const key = prefixKey(iface.network, iface.link.prefixLength)
    networks.set(key, [{ interface: iface.name, gateway: undefined }])
  }
  return networks
}

/** Networks that an interface came to, or left, since. */
export function changedAttachments(before: AttachedNetworks, after: AttachedNetworks): number[] {
  const changed = [...before.keys()].filter((key) => !after.has(key))
  for (const [key, hops] of after) {
    const old = before.get(key)
    if (old === undefined || !sameHops(old, hops)) changed.push(key)
  }
  return changed
}

/** Whether the kernel is to have it: the way leads through other routers, or nowhere. */
export const isRemote = ({ nextHops, discard }: Route): boolean =>
  discard === true || (nextHops.length > 0 && nextHops.every((hop) => hop.gateway !== undefined))

export type RouteTable<R extends Route = TableRoute> = ReadonlyMap<number, R>

/**
 * What must be told about one route from one table to the next, if anything. Costs alone do not matter to a
 * forwarding table; they do (`attributes`) where a policy looks at them.
 */
export function routeChange(
  before: Route | undefined,
  after: Route | undefined,
  attributes: boolean,
): RouteChange | undefined {
  if (before === after) return undefined
  const was = before !== undefined && isRemote(before)
  if (after === undefined || !isRemote(after)) {
    return was ? { type: 'remove', prefix: before.prefix, length: before.length } : undefined
  }
  const isSame =
    was &&
    sameHops(before.nextHops, after.nextHops) &&
    (!attributes || sameAttributes(before, after))
  return isSame ? undefined : { type: 'replace', route: after }
}

const sameAttributes = (a: Route, b: Route): boolean =>
  a.pathType === b.pathType && a.cost === b.cost && a.type2Cost === b.type2Cost && a.tag === b.tag

export function sameHops(a: readonly NextHop[], b: readonly NextHop[]): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  return a.every((hop) =>
    b.some(
      (other) =>
        other.interface === hop.interface &&
        other.gateway === hop.gateway &&
        other.onLink === hop.onLink &&
        (other.weight ?? 1) === (hop.weight ?? 1) &&
        other.draining === hop.draining,
    ),
  )
}
