/**
 * The shortest-path tree of an area (RFC 2328 16.1, first stage) and its next hops (16.1.1), on typed arrays.
 * A vertex is a router-LSA or a network-LSA; its index is its place in `Tree.vertices`. dijkstra.ts has the distances,
 * here are the graph that it works on and what hangs on its result.
 */
import { networkOf } from '../wire/address.ts'
import { type Lsa, LsType } from '../wire/lsa.ts'
import type { NetworkLsaBody } from '../wire/network-lsa.ts'
import {
  flagsOfRouter,
  linkCount,
  RouterFlag,
  type RouterLink,
  RouterLinks,
  type RouterLsaBody,
} from '../wire/router-lsa.ts'
import type { AreaInput, CalculationInput } from './calculation-input.ts'
import { type Edges, shortestPaths, UNREACHABLE } from './dijkstra.ts'
import { isMaxAge } from './lsdb.ts'
import type { PrefixIndex } from './prefix-index.ts'
import { hopsOverVirtualLink } from './virtual-link.ts'

export { UNREACHABLE }

/** A slot in the database, so that a later look at stub networks sees the present instance; of our own, what is wanted. */
export interface Vertex {
  readonly lsa: Lsa
}

/** The result: distance and next hops of each vertex that the root can reach. */
export interface Tree {
  readonly vertices: Vertex[]
  /** By vertex index; UNREACHABLE where there is no path. */
  readonly distance: Float64Array
  /** By vertex index: the number of a set in `router.hops`. */
  readonly hopSet: Int32Array
  /** Router vertices by Router ID. */
  readonly routers: ReadonlyMap<number, number>
  /** Network vertices by address of the Designated Router. */
  readonly networks: ReadonlyMap<number, number>
  /** Vertices in the order in which they joined the tree. */
  readonly order: Uint32Array
  /** Links that lead somewhere and back, and from us only those that have a next hop. */
  readonly edges: Edges
  /** Some router says that a virtual link of its goes through the area (16.1, TransitCapability). */
  readonly isTransit: boolean
  /** Which vertices advertise a prefix; made when it is asked for. */
  prefixes: PrefixIndex | undefined
  /** It has been asked for before. */
  wasScanned: boolean
  /** By vertex: 1 where opaque LSAs come from there (weigh.ts); made when it is asked for. */
  opaque?: Uint8Array | undefined
}

export const isRouter = ({ lsa }: Vertex): boolean => lsa.header.type === LsType.router
/** Router ID, or the address of the Designated Router. */
export const idOf = ({ lsa }: Vertex): number => lsa.header.lsId
export const kindOf = (vertex: Vertex): 'router' | 'network' =>
  isRouter(vertex) ? 'router' : 'network'
/** Links of a router vertex, one after the other. */
export const linksOf = ({ lsa }: Vertex): RouterLinks => new RouterLinks(lsa.raw)
/** Bits of a router vertex, as `RouterFlag` has them. */
export const flagsOf = ({ lsa }: Vertex): number => flagsOfRouter(lsa.raw)
export const routerBody = ({ lsa }: Vertex): RouterLsaBody => lsa.body as RouterLsaBody
export const networkBody = ({ lsa }: Vertex): NetworkLsaBody => lsa.body as NetworkLsaBody

const LINK_POINT_TO_POINT = 1
const LINK_TRANSIT = 2
const LINK_VIRTUAL = 4

interface Vertices {
  readonly vertices: Vertex[]
  readonly routers: Map<number, number>
  readonly networks: Map<number, number>
}

function verticesOf(router: CalculationInput, area: AreaInput): Vertices {
  const vertices: Vertex[] = []
  const routers = new Map<number, number>()
  const networks = new Map<number, number>()
  const addNetwork = (id: number, vertex: Vertex): void => {
    const other = networks.get(id)
    if (other === undefined) {
      networks.set(id, vertices.push(vertex) - 1)
      return
    }
    // two for one address: a former Designated Router's is not flushed yet; who still has the address is believed
    const index = routers.get(vertex.lsa.header.advertisingRouter)
    if (index !== undefined && hasTransitLink(vertices[index]!, id)) vertices[other] = vertex
  }
  // for our own LSAs, what we want to say counts, not what the pacing has let out so far
  for (const entry of area.lsdb.ofType(LsType.router)) {
    const { advertisingRouter, lsId: id } = entry.lsa.header
    if (advertisingRouter === router.routerId || isMaxAge(entry, router.now)) continue
    routers.set(id, vertices.push(entry) - 1)
  }
  for (const { type, lsId: id, calculated: lsa } of area.wanted.values()) {
    if (type === LsType.router) {
      routers.set(id, vertices.push({ lsa }) - 1)
    } else if (type === LsType.network) addNetwork(id, { lsa })
  }
  for (const entry of area.lsdb.ofType(LsType.network)) {
    const { advertisingRouter, lsId } = entry.lsa.header
    if (advertisingRouter === router.routerId || isMaxAge(entry, router.now)) continue
    addNetwork(lsId, entry)
  }
  return { vertices, routers, networks }
}

function hasTransitLink(vertex: Vertex, address: number): boolean {
  const links = linksOf(vertex)
  while (links.next()) if (links.type === LINK_TRANSIT && links.data === address) return true
  return false
}

/** Every link that leads to a vertex, there and back or not. */
function edgesOf({ vertices, routers, networks }: Vertices): Edges {
  let most = 0
  for (const vertex of vertices) {
    most += isRouter(vertex)
      ? linkCount(vertex.lsa.raw)
      : networkBody(vertex).attachedRouters.length
  }
  const first = new Uint32Array(vertices.length + 1)
  const target = new Uint32Array(most)
  const cost = new Uint32Array(most)
  const links = new RouterLinks(NO_LINKS)
  let count = 0
  for (let v = 0; v < vertices.length; v++) {
    const vertex = vertices[v]!
    first[v] = count
    if (isRouter(vertex)) {
      links.of(vertex.lsa.raw)
      while (links.next()) {
        const to = endOf(links, routers, networks)
        if (to === undefined) continue
        target[count] = to
        cost[count++] = links.metric
      }
    } else {
      for (const id of networkBody(vertex).attachedRouters) {
        const to = routers.get(id)
        if (to !== undefined) target[count++] = to
      }
    }
  }
  first[vertices.length] = count
  return { first, target: target.subarray(0, count), cost: cost.subarray(0, count) }
}

/** As long as a router-LSA without any. */
const NO_LINKS = new Uint8Array(24)

function endOf(
  { type, id }: Pick<RouterLink, 'type' | 'id'>,
  routers: ReadonlyMap<number, number>,
  networks: ReadonlyMap<number, number>,
): number | undefined {
  switch (type) {
    case LINK_TRANSIT:
      return networks.get(id)
    case LINK_POINT_TO_POINT:
    case LINK_VIRTUAL:
      return routers.get(id)
    default:
      return undefined
  }
}

const SCAN_AT_MOST = 32

/** 16.1 (2b): does W link back to V? Crowded vertices get an index, once. */
function linksBack({ first, target }: Edges): (w: number, v: number) => boolean {
  const indexes = new Map<number, Set<number>>()
  return (w, v) => {
    const from = first[w]!
    const to = first[w + 1]!
    if (to - from <= SCAN_AT_MOST) {
      for (let e = from; e < to; e++) if (target[e] === v) return true
      return false
    }
    let index = indexes.get(w)
    if (!index) indexes.set(w, (index = new Set(target.subarray(from, to))))
    return index.has(v)
  }
}

/** What of the edges can be used, and the next hops of those that leave the root, in their order. */
function usableEdges(
  router: CalculationInput,
  area: AreaInput,
  graph: Vertices,
  root: number,
): { edges: Edges; hopsOfRoot: readonly number[] } {
  const { vertices, routers, networks } = graph
  const all = edgesOf(graph)
  const isBack = linksBack(all)
  const first = new Uint32Array(vertices.length + 1)
  const target = new Uint32Array(all.target.length)
  const cost = new Uint32Array(all.target.length)
  const hopsOfRoot: number[] = []
  const linksOfRoot = routerBody(vertices[root]!).links.filter(
    (link) => endOf(link, routers, networks) !== undefined,
  )
  let count = 0
  for (let v = 0; v < vertices.length; v++) {
    first[v] = count
    for (let e = all.first[v]!; e < all.first[v + 1]!; e++) {
      const w = all.target[e]!
      if (!isBack(w, v)) continue
      if (v === root) {
        const via = hopsFromRoot(router, area, vertices[w]!, linksOfRoot[e - all.first[v]!]!)
        if (via === -1) continue
        hopsOfRoot.push(via)
      }
      target[count] = w
      cost[count] = all.cost[e]!
      count++
    }
  }
  first[vertices.length] = count
  // a copy: what is kept is to be no larger than it must
  const edges = { first, target: target.slice(0, count), cost: cost.slice(0, count) }
  return { edges, hopsOfRoot }
}

/** 16.1 (1) to (4), with the router itself as the root. */
export function calculateTree(router: CalculationInput, area: AreaInput): Tree {
  const graph = verticesOf(router, area)
  const { vertices, routers, networks } = graph
  const hopSet = new Int32Array(vertices.length)
  const root = routers.get(router.routerId)
  if (root === undefined) {
    return {
      ...graph,
      distance: new Float64Array(vertices.length).fill(UNREACHABLE),
      hopSet,
      order: new Uint32Array(),
      edges: { first: new Uint32Array(), target: new Uint32Array(), cost: new Uint32Array() },
      isTransit: false,
      prefixes: undefined,
      wasScanned: false,
    }
  }
  const { edges, hopsOfRoot } = usableEdges(router, area, graph, root)
  const isNetwork = new Uint8Array(vertices.length)
  for (const v of networks.values()) isNetwork[v] = 1
  const { distance, order } = shortestPaths(edges, root, isNetwork)

  const { first, target, cost } = edges
  const { hops } = router
  const joined = new Int32Array(vertices.length)
  for (let i = 0; i < order.length; i++) joined[order[i]!] = i
  let isTransit = false
  for (let i = 0; i < order.length; i++) {
    const v = order[i]!
    const vertex = vertices[v]!
    if (isRouter(vertex) && flagsOf(vertex) & RouterFlag.v) isTransit = true
    for (let e = first[v]!; e < first[v + 1]!; e++) {
      const w = target[e]!
      // (2d): on a shortest path, which does not go back
      if (distance[v]! + cost[e]! !== distance[w]! || joined[w]! <= joined[v]!) continue
      const via =
        v === root
          ? hopsOfRoot[e - first[v]!]!
          : inheritedHops(router, vertex, hopSet[v]!, vertices[w]!)
      // set 0 is empty: the first parent found
      hopSet[w] = hops.union(hopSet[w]!, via)
    }
  }
  return {
    vertices,
    routers,
    networks,
    distance,
    order,
    hopSet,
    edges,
    isTransit,
    prefixes: undefined,
    wasScanned: false,
  }
}

/** 16.1.1, first half. @returns the number of a set, or -1 when the link cannot be used from here. */
function hopsFromRoot(
  router: CalculationInput,
  area: AreaInput,
  to: Vertex,
  link: RouterLink,
): number {
  const { hops } = router
  if (link.type === LINK_VIRTUAL) return hopsOverVirtualLink(router, idOf(to))
  // unnumbered links may all have one address: those whose cost it is are meant
  let found = -1
  let other = -1
  for (const iface of area.interfaces) {
    if (iface.state === 'Down' || iface.address !== link.data) continue
    if (!isRouter(to)) return hops.single(iface.name, undefined)
    for (const neighbor of iface.neighbors.values()) {
      if (neighbor.routerId === idOf(to) && neighbor.state === 'Full') {
        const isInside = networkOf(neighbor.address, iface.link.prefixLength) === iface.network
        const one = hops.single(iface.name, neighbor.address, !isInside)
        if (iface.config.cost !== link.metric) other = one
        else found = found === -1 ? one : hops.union(found, one)
      }
    }
  }
  return found === -1 ? other : found
}

/** 16.1.1, second half: those of the parent, but where the parent is a network that we are attached to. */
function inheritedHops(
  { hops }: CalculationInput,
  parent: Vertex,
  hopSet: number,
  to: Vertex,
): number {
  if (isRouter(parent)) return hopSet
  const attached = hops.get(hopSet)
  if (!attached.some((hop) => hop.gateway === undefined)) return hopSet
  // the far router's own address on it
  const { data: address } = routerBody(to).links.find(
    (l) => l.type === LINK_TRANSIT && l.id === idOf(parent),
  )!
  let set = 0
  for (const hop of attached) {
    // two paths to the network at equal cost: over our own interface, and through another router
    const one = hops.single(hop.interface, hop.gateway ?? address)
    set = set === 0 ? one : hops.union(set, one)
  }
  return set
}
