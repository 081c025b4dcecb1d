/**
 * The shortest-path tree of an area (RFC 2328 16.1, first stage) and its next hops (16.1.1), on typed arrays.
 * A vertex is a router-LSA or a network-LSA; its index is its place in `Graph.vertices`. Distances are exact
 * integers.
 */
import { networkOf } from '../wire/address.ts'
import { type Lsa, LsType } from '../wire/lsa.ts'
import type { NetworkLsaBody } from '../wire/network-lsa.ts'
import type { RouterLink, RouterLsaBody } from '../wire/router-lsa.ts'
import type { Area } from './area.ts'
import { type Entry, isMaxAge } from './lsdb.ts'
import type { Router } from './router.ts'
import { hopsOverVirtualLink } from './virtual-link.ts'

export interface Vertex {
  readonly kind: 'router' | 'network'
  /** Router ID, or the address of the Designated Router. */
  readonly id: number
  /** The slot in the database, so that a later look at stub networks sees the present instance. */
  source: { readonly lsa: Lsa }
}

/** The result: distance and next hops of each vertex that the root can reach. */
export interface Tree {
  readonly vertices: readonly Vertex[]
  /** By vertex index; UNREACHABLE where there is no path. */
  readonly distance: Float64Array
  /** By vertex index: the number of a set in `router.hops`. */
  readonly hopSet: Int32Array
  /** Router vertices by Router ID. */
  readonly routers: ReadonlyMap<number, number>
  /** Network vertices by address of the Designated Router. */
  readonly networks: ReadonlyMap<number, number>
  /** Vertices in the order in which they joined the tree. */
  readonly order: readonly number[]
  /** Some router says that a virtual link of its goes through the area (16.1, TransitCapability). */
  isTransit: boolean
}

export const UNREACHABLE: number = Number.POSITIVE_INFINITY

export const routerBody = (vertex: Vertex): RouterLsaBody => vertex.source.lsa.body as RouterLsaBody
export const networkBody = (vertex: Vertex): NetworkLsaBody =>
  vertex.source.lsa.body as NetworkLsaBody

const LINK_POINT_TO_POINT = 1
const LINK_TRANSIT = 2
const LINK_VIRTUAL = 4

/** Compressed rows: the edges of vertex v are `first[v]` to `first[v + 1]`. */
interface Graph {
  readonly vertices: Vertex[]
  readonly routers: Map<number, number>
  readonly networks: Map<number, number>
  readonly first: Uint32Array
  readonly target: Uint32Array
  readonly cost: Uint32Array
  /** The router-LSA link behind an edge that leaves a router. */
  readonly link: (RouterLink | undefined)[]
}

function buildGraph(router: Router, area: Area): Graph {
  const vertices: Vertex[] = []
  const routers = new Map<number, number>()
  const networks = new Map<number, number>()
  const addRouter = (id: number, source: Vertex['source']): void => {
    routers.set(id, vertices.push({ kind: 'router', id, source }) - 1)
  }
  const addNetwork = (id: number, source: Vertex['source']): void => {
    const other = networks.get(id)
    if (other === undefined) {
      networks.set(id, vertices.push({ kind: 'network', id, source }) - 1)
      return
    }
    // two for one address: a former Designated Router's is not flushed yet; who still has the address is believed
    const index = routers.get(source.lsa.header.advertisingRouter)
    const owner = index === undefined ? undefined : routerBody(vertices[index]!)
    if (owner?.links.some((l) => l.type === LINK_TRANSIT && l.data === id)) {
      vertices[other]!.source = source
    }
  }
  // for our own LSAs, what we want to say counts, not what the pacing has let out so far
  const ofOthers = function* (type: number): Generator<Entry> {
    for (const entry of area.lsdb.ofType(type)) {
      const { advertisingRouter } = entry.lsa.header
      if (advertisingRouter !== router.routerId && !isMaxAge(entry, router.now)) yield entry
    }
  }
  for (const entry of ofOthers(LsType.router)) addRouter(entry.lsa.header.lsId, entry)
  for (const { type, lsId, calculated: lsa } of area.wanted.values()) {
    if (type === LsType.router) addRouter(lsId, { lsa })
    else if (type === LsType.network) addNetwork(lsId, { lsa })
  }
  for (const entry of ofOthers(LsType.network)) addNetwork(entry.lsa.header.lsId, entry)

  const first = new Uint32Array(vertices.length + 1)
  const target: number[] = []
  const cost: number[] = []
  const link: (RouterLink | undefined)[] = []
  vertices.forEach((vertex, v) => {
    first[v] = target.length
    if (vertex.kind === 'router') {
      for (const l of routerBody(vertex).links) {
        const to =
          l.type === LINK_TRANSIT
            ? networks.get(l.id)
            : l.type === LINK_POINT_TO_POINT || l.type === LINK_VIRTUAL
              ? routers.get(l.id)
              : undefined
        if (to === undefined) continue
        target.push(to)
        cost.push(l.metric)
        link.push(l)
      }
    } else {
      for (const id of networkBody(vertex).attachedRouters) {
        const to = routers.get(id)
        if (to === undefined) continue
        target.push(to)
        cost.push(0)
        link.push(undefined)
      }
    }
  })
  first[vertices.length] = target.length
  return {
    vertices,
    routers,
    networks,
    first,
    target: Uint32Array.from(target),
    cost: Uint32Array.from(cost),
    link,
  }
}

const SCAN_AT_MOST = 32

/** 16.1 (2b): does W link back to V? Crowded vertices get an index, once. */
function linksBack(graph: Graph): (w: number, v: number) => boolean {
  const indexes = new Map<number, Set<number>>()
  const { first, target } = graph
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

/** 16.1 (1) to (4), with the router itself as the root. */
export function calculateTree(router: Router, area: Area): Tree {
  const graph = buildGraph(router, area)
  const { vertices, routers, networks, first, target, cost, link } = graph
  const count = vertices.length
  const distance = new Float64Array(count).fill(UNREACHABLE)
  const hopSet = new Int32Array(count)
  const { hops } = router
  const order: number[] = []
  const tree: Tree = { vertices, distance, hopSet, routers, networks, order, isTransit: false }
  const root = routers.get(router.routerId)
  if (root === undefined) return tree

  const isBack = linksBack(graph)
  const heap = new CandidateList(distance, vertices)
  distance[root] = 0
  heap.push(root)
  for (let v = heap.pop(); v !== -1; v = heap.pop()) {
    order.push(v)
    // (2)
    const vertex = vertices[v]!
    if (vertex.kind === 'router' && routerBody(vertex).virtualLink) tree.isTransit = true
    for (let e = first[v]!; e < first[v + 1]!; e++) {
      const w = target[e]!
      // (2b), (2c)
      if (heap.isDone(w) || !isBack(w, v)) continue
      // (2d)
      const d = distance[v]! + cost[e]!
      if (d > distance[w]!) continue
      const via = nextHopsOf(router, area, tree, root, v, w, link[e])
      if (via === -1) continue
      if (d < distance[w]!) {
        distance[w] = d
        hopSet[w] = via
        heap.push(w)
      } else {
        hopSet[w] = hops.union(hopSet[w]!, via)
      }
    }
  }
  return tree
}

/** 16.1.1. @returns the number of a set, or -1 when the link cannot be used from here. */
function nextHopsOf(
  router: Router,
  area: Area,
  { vertices, hopSet }: Tree,
  root: number,
  v: number,
  w: number,
  link: RouterLink | undefined,
): number {
  const { hops } = router
  const to = vertices[w]!
  if (v === root && link!.type === LINK_VIRTUAL) return hopsOverVirtualLink(router, to.id)
  if (v === root) {
    // unnumbered links may all have one address: those whose cost it is are meant
    let found = -1
    let other = -1
    for (const iface of area.interfaces) {
      if (iface.state === 'Down' || iface.address !== link!.data) continue
      if (to.kind === 'network') return hops.single(iface.name, undefined)
      for (const neighbor of iface.neighbors.values()) {
        if (neighbor.routerId === to.id && neighbor.state === 'Full') {
          const isInside = networkOf(neighbor.address, iface.link.prefixLength) === iface.network
          const one = hops.single(iface.name, neighbor.address, !isInside)
          if (iface.config.cost !== link!.metric) other = one
          else found = found === -1 ? one : hops.union(found, one)
        }
      }
    }
    return found === -1 ? other : found
  }
  const parent = vertices[v]!
  // a network that we are attached to: the far router's own address on it
  const attached = hops.get(hopSet[v]!)
  if (parent.kind === 'network' && attached.some((hop) => hop.gateway === undefined)) {
    const toNetwork = routerBody(to).links.find(
      (l) => l.type === LINK_TRANSIT && l.id === parent.id,
    )
    if (toNetwork === undefined) return -1
    let set = 0
    for (const hop of attached) {
      // two paths to the network at equal cost: over our own interface, and through another router
      const one = hops.single(hop.interface, hop.gateway ?? toNetwork.data)
      set = set === 0 ? one : hops.union(set, one)
    }
    return set
  }
  return hopSet[v]!
}

/** A binary heap of vertices by distance; at equal distance networks come first (16.1 (3)). */
class CandidateList {
  readonly #distance: Float64Array
  readonly #isNetwork: Uint8Array
  readonly #heap: number[] = []
  /** Place in the heap plus one; 0: never seen; -1: in the tree. */
  readonly #place: Int32Array

  constructor(distance: Float64Array, vertices: readonly Vertex[]) {
    this.#distance = distance
    this.#isNetwork = Uint8Array.from(vertices, (v) => (v.kind === 'network' ? 1 : 0))
    this.#place = new Int32Array(vertices.length)
  }

  isDone(v: number): boolean {
    return this.#place[v] === -1
  }

  /** Adds a vertex, or moves it after its distance has shrunk. */
  push(v: number): void {
    let at = this.#place[v]! - 1
    if (at < 0) at = this.#heap.push(v) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = this.#heap[parent]!
      if (!this.#before(v, above)) break
      this.#put(above, at)
      at = parent
    }
    this.#put(v, at)
  }

  /** The nearest vertex, which is now in the tree; -1: the list is empty. */
  pop(): number {
    const nearest = this.#heap[0]
    if (nearest === undefined) return -1
    const last = this.#heap.pop()!
    this.#place[nearest] = -1
    const length = this.#heap.length
    if (length === 0) return nearest
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= length) break
      if (child + 1 < length && this.#before(this.#heap[child + 1]!, this.#heap[child]!)) child++
      if (!this.#before(this.#heap[child]!, last)) break
      this.#put(this.#heap[child]!, at)
      at = child
    }
    this.#put(last, at)
    return nearest
  }

  #put(v: number, at: number): void {
    this.#heap[at] = v
    this.#place[v] = at + 1
  }

  #before(a: number, b: number): boolean {
    const difference = this.#distance[a]! - this.#distance[b]!
    if (difference !== 0) return difference < 0
    return this.#isNetwork[a]! > this.#isNetwork[b]!
  }
}
