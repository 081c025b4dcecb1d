/**
 * The shortest-path tree of an area (RFC 2328 16.1, first stage) and its next hops (16.1.1), on typed arrays.
 * A vertex is a router-LSA or a network-LSA; its index is its place in `Tree.vertices`. dijkstra.ts has the distances,
 * here are the graph that it works on and what hangs on its result.
 */
import { networkOf } from '../wire/address.ts'
import { advertisingRouterOf, type Lsa, LsType, lsIdOf } from '../wire/lsa.ts'
import { attachedCount, attachedRouter, type NetworkLsaBody } from '../wire/network-lsa.ts'
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
import { VertexIds } from './vertex-ids.ts'
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
  readonly routers: VertexIds
  /** Network vertices by address of the Designated Router. */
  readonly networks: VertexIds
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

/** What the LSAs say, before anything is followed. */
interface Graph {
  readonly vertices: Vertex[]
  readonly routers: VertexIds
  readonly networks: VertexIds
  /** By vertex index: 1 for a network. */
  readonly isNetwork: Uint8Array
  /** By vertex index. Of a large area each step from object to object waits for memory: it is done once. */
  readonly raws: readonly Uint8Array[]
  /** By vertex index: flags of routers. */
  readonly flags: Uint8Array
  /** All links, stub networks as well. */
  readonly links: number
}

function graphOf(router: CalculationInput, area: AreaInput): Graph {
  const vertices: Vertex[] = []
  const raws: Uint8Array[] = []
  const ids: number[] = []
  const bits: number[] = []
  let links = 0
  const addRouter = (vertex: Vertex, raw: Uint8Array): void => {
    vertices.push(vertex)
    raws.push(raw)
    ids.push(lsIdOf(raw))
    bits.push(flagsOfRouter(raw))
    links += linkCount(raw)
  }
  // for our own LSAs, what we want to say counts, not what the pacing has let out so far
  const own = [...area.wanted.values()]
  for (const entry of area.lsdb.ofType(LsType.router)) {
    const { raw } = entry.lsa
    if (!isOurs(router, raw) && !isMaxAge(entry, router.now)) addRouter(entry, raw)
  }
  for (const { type, calculated: lsa } of own) {
    if (type === LsType.router) addRouter({ lsa }, lsa.raw)
  }
  const routerCount = vertices.length
  const routers = new VertexIds(routerCount)
  for (let v = 0; v < routerCount; v++) routers.set(ids[v]!, v)

  const found: Vertex[] = []
  for (const { type, calculated: lsa } of own) if (type === LsType.network) found.push({ lsa })
  for (const entry of area.lsdb.ofType(LsType.network)) {
    if (!isOurs(router, entry.lsa.raw) && !isMaxAge(entry, router.now)) found.push(entry)
  }
  const networks = new VertexIds(found.length)
  for (const vertex of found) {
    const { lsId: id, advertisingRouter } = vertex.lsa.header
    const other = networks.find(id)
    if (other === -1) {
      networks.set(id, vertices.push(vertex) - 1)
      continue
    }
    // two for one address: a former Designated Router's is not flushed yet; who still has the address is believed
    const index = routers.find(advertisingRouter)
    if (index !== -1 && hasTransitLink(vertices[index]!, id)) vertices[other] = vertex
  }
  for (let v = routerCount; v < vertices.length; v++) {
    const { raw } = vertices[v]!.lsa
    raws.push(raw)
    links += attachedCount(raw)
  }
  const isNetwork = new Uint8Array(vertices.length).fill(1, routerCount)
  return { vertices, routers, networks, isNetwork, raws, flags: Uint8Array.from(bits), links }
}

const isOurs = ({ routerId }: CalculationInput, raw: Uint8Array): boolean =>
  advertisingRouterOf(raw) === routerId

function hasTransitLink(vertex: Vertex, address: number): boolean {
  const links = linksOf(vertex)
  while (links.next()) if (links.type === LINK_TRANSIT && links.data === address) return true
  return false
}

/** Every link that leads to a vertex, there and back or not. */
function edgesOf(graph: Graph): Edges {
  const { raws, routers, isNetwork } = graph
  const first = new Uint32Array(raws.length + 1)
  const target = new Uint32Array(graph.links)
  const cost = new Uint32Array(graph.links)
  const links = new RouterLinks(NO_LINKS)
  let count = 0
  for (let v = 0; v < raws.length; v++) {
    const raw = raws[v]!
    first[v] = count
    if (isNetwork[v] === 0) {
      links.of(raw)
      while (links.next()) {
        const w = endOf(graph, links)
        if (w === -1) continue
        target[count] = w
        cost[count++] = links.metric
      }
    } else {
      const attached = attachedCount(raw)
      for (let i = 0; i < attached; i++) {
        const w = routers.find(attachedRouter(raw, i))
        if (w !== -1) target[count++] = w
      }
    }
  }
  first[raws.length] = count
  return { first, target: target.subarray(0, count), cost: cost.subarray(0, count) }
}

/** As long as a router-LSA without any. */
const NO_LINKS = new Uint8Array(24)

/** The vertex at the other end of a link; -1: there is none. */
function endOf({ routers, networks }: Graph, link: Pick<RouterLink, 'type' | 'id'>): number {
  switch (link.type) {
    case LINK_TRANSIT:
      return networks.find(link.id)
    case LINK_POINT_TO_POINT:
    case LINK_VIRTUAL:
      return routers.find(link.id)
    default:
      return -1
  }
}

const SCAN_AT_MOST = 32

/** 16.1 (2b): by edge, 1 where W links back to V. Crowded vertices get an index, once. */
function linksBack({ first, target }: Edges): Uint8Array {
  const indexes = new Map<number, Map<number, number>>()
  const isBack = new Uint8Array(target.length)
  const count = first.length - 1
  for (let v = 0; v < count; v++) {
    const end = first[v + 1]!
    for (let e: number = first[v]!; e < end; e++) {
      // the other way has been found from there
      if (isBack[e] === 1) continue
      const w = target[e]!
      const from = first[w]!
      const to = first[w + 1]!
      let back = from
      if (to - from <= SCAN_AT_MOST) {
        while (back < to && target[back] !== v) back++
      } else {
        let index = indexes.get(w)
        if (!index) {
          indexes.set(w, (index = new Map()))
          for (let b = from; b < to; b++) index.set(target[b]!, b)
        }
        back = index.get(v) ?? to
      }
      if (back === to) continue
      isBack[e] = 1
      isBack[back] = 1
    }
  }
  return isBack
}

/** What of the edges can be used, and the next hops of those that leave the root, in their order. */
function usableEdges(
  router: CalculationInput,
  area: AreaInput,
  graph: Graph,
  root: number,
): { edges: Edges; hopsOfRoot: readonly number[] } {
  const { vertices } = graph
  const { first, target, cost } = edgesOf(graph)
  const isUsable = linksBack({ first, target, cost })
  const hopsOfRoot: number[] = []
  const linksOfRoot = routerBody(vertices[root]!).links.filter((link) => endOf(graph, link) !== -1)
  for (const [i, link] of linksOfRoot.entries()) {
    const e = first[root]! + i
    if (isUsable[e] === 0) continue
    const via = hopsFromRoot(router, area, vertices[target[e]!]!, link)
    if (via === -1) isUsable[e] = 0
    else hopsOfRoot.push(via)
  }
  // the others make room
  let count = 0
  let e = 0
  for (let v = 0; v < vertices.length; v++) {
    const end = first[v + 1]!
    first[v] = count
    for (; e < end; e++) {
      if (isUsable[e] === 0) continue
      target[count] = target[e]!
      cost[count++] = cost[e]!
    }
  }
  first[vertices.length] = count
  // a copy: what is kept is to be no larger than it must
  const edges = { first, target: target.slice(0, count), cost: cost.slice(0, count) }
  return { edges, hopsOfRoot }
}

/** 16.1 (1) to (4), with the router itself as the root. */
export function calculateTree(router: CalculationInput, area: AreaInput): Tree {
  const graph = graphOf(router, area)
  const { vertices, routers, networks, isNetwork, flags } = graph
  const hopSet = new Int32Array(vertices.length)
  const root = routers.find(router.routerId)
  if (root === -1) {
    return {
      vertices,
      routers,
      networks,
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
  const { hops } = router
  const firstOfRoot = edges.first[root]!
  const { distance, order } = shortestPaths(edges, root, isNetwork, (v, w, e, isShorter) => {
    const via =
      v === root
        ? hopsOfRoot[e - firstOfRoot]!
        : isNetwork[v] === 0
          ? hopSet[v]!
          : inheritedHops(router, vertices[v]!, hopSet[v]!, vertices[w]!)
    hopSet[w] = isShorter ? via : hops.union(hopSet[w]!, via)
  })
  let isTransit = false
  for (let v = 0; v < flags.length; v++) {
    if (flags[v]! & RouterFlag.v && distance[v]! !== UNREACHABLE) isTransit = true
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

/** 16.1.1, second half, where the parent is a network: its own, but where we are attached to it. */
function inheritedHops(
  { hops }: CalculationInput,
  parent: Vertex,
  hopSet: number,
  to: Vertex,
): number {
  const attached = hops.get(hopSet)
  if (!attached.some((hop) => hop.gateway === undefined)) return hopSet
  const network = idOf(parent)
  let set = 0
  // the far router's own address on it, or each of its addresses
  const links = linksOf(to)
  while (links.next()) {
    if (links.type !== LINK_TRANSIT || links.id !== network) continue
    for (const hop of attached) {
      // two paths to the network at equal cost: over our own interface, and through another router
      set = hops.union(set, hops.single(hop.interface, hop.gateway ?? links.data))
    }
  }
  return set
}
