/**
 * Dijkstra's algorithm (RFC 2328 16.1) on typed arrays and nothing else: no LSA, no next hop. Vertices are numbered
 * from 0; the edges of vertex v are `first[v]` to `first[v + 1]`.
 */
export interface Edges {
  readonly first: Uint32Array
  readonly target: Uint32Array
  readonly cost: Uint32Array
}

export interface Distances {
  /** By vertex; UNREACHABLE where there is no path. Exact integers. */
  readonly distance: Float64Array
  /** The vertices in the order in which they joined the tree. */
  readonly order: Uint32Array
}

export const UNREACHABLE: number = Number.POSITIVE_INFINITY

/**
 * Distances from a root.
 * @param isNetwork 1 for vertices that come first among those of equal distance (16.1 (3)).
 */
export function shortestPaths(edges: Edges, root: number, isNetwork: Uint8Array): Distances {
  const { first, target, cost } = edges
  const count = isNetwork.length
  const distance = new Float64Array(count).fill(UNREACHABLE)
  const order = new Uint32Array(count)
  let joined = 0
  // the candidate list: a binary heap of vertices, with the key of each beside it
  const heap = new Uint32Array(count)
  const keys = new Float64Array(count)
  /** Place in the heap plus one; 0: never seen; -1: in the tree. */
  const place = new Int32Array(count)
  let size = 1
  heap[0] = root
  keys[0] = 0
  place[root] = 1
  distance[root] = 0

  while (size > 0) {
    const v: number = heap[0]!
    place[v] = -1
    order[joined++] = v
    size--
    if (size > 0) {
      const last = heap[size]!
      const lastKey = keys[size]!
      let at = 0
      for (;;) {
        let child = 2 * at + 1
        if (child >= size) break
        if (child + 1 < size && keys[child + 1]! < keys[child]!) child++
        const key = keys[child]!
        if (key >= lastKey) break
        const below = heap[child]!
        heap[at] = below
        keys[at] = key
        place[below] = at + 1
        at = child
      }
      heap[at] = last
      keys[at] = lastKey
      place[last] = at + 1
    }
    const here = distance[v]!
    const end = first[v + 1]!
    for (let e: number = first[v]!; e < end; e++) {
      const w = target[e]!
      const d = here + cost[e]!
      if (d >= distance[w]!) continue
      distance[w] = d
      // networks first: the lower half of a step
      const key = 2 * d + 1 - isNetwork[w]!
      let at = place[w]! - 1
      if (at < 0) at = size++
      while (at > 0) {
        const parent = (at - 1) >> 1
        const parentKey = keys[parent]!
        if (key >= parentKey) break
        const above = heap[parent]!
        heap[at] = above
        keys[at] = parentKey
        place[above] = at + 1
        at = parent
      }
      heap[at] = w
      keys[at] = key
      place[w] = at + 1
    }
  }
  return { distance, order: order.subarray(0, joined) }
}
