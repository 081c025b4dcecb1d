/**
 * Dijkstra's algorithm (RFC 2328 16.1) on typed arrays and nothing else: no LSA, and of next hops only the occasion.
 * Vertices are numbered from 0; the edges of vertex v are `first[v]` to `first[v + 1]`.
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

/**
 * Told of each way to `w` as it is found: over edge `e` of `v`, which has joined the tree and to which all ways are known.
 * `isShorter`: those to `w` so far count no more; otherwise it is as long as they are.
 */
export type Lead = (v: number, w: number, e: number, isShorter: boolean) => void

export const UNREACHABLE: number = Number.POSITIVE_INFINITY

/**
 * Distances from a root.
 * @param isNetwork 1 for vertices that come first among those of equal distance (16.1 (3)).
 */
export function shortestPaths(
  edges: Edges,
  root: number,
  isNetwork: Uint8Array,
  lead: Lead = () => {},
): Distances {
  const { first, target, cost } = edges
  const count = isNetwork.length
  const distance = new Float64Array(count).fill(UNREACHABLE)
  const order = new Uint32Array(count)
  let joined = 0
  // the candidate list: a heap of vertices in which each has four below it, with the key of each beside it
  const heap = new Uint32Array(count)
  // behind the last, and for the three that would be beside it: above all keys
  const keys = new Float64Array(count + 4).fill(UNREACHABLE)
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
    const last = heap[size]!
    const lastKey = keys[size]!
    keys[size] = UNREACHABLE
    if (size > 0) {
      let at = 0
      for (let below = 1; below < size; below = 4 * at + 1) {
        let least = below
        let key = keys[below]!
        for (let i = 1; i < 4; i++) {
          const other = keys[below + i]!
          if (other < key) {
            least = below + i
            key = other
          }
        }
        if (key >= lastKey) break
        const w = heap[least]!
        heap[at] = w
        keys[at] = key
        place[w] = at + 1
        at = least
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
      const known = distance[w]!
      if (d >= known) {
        // one more way, that does not go back
        if (d === known && place[w] !== -1) lead(v, w, e, false)
        continue
      }
      distance[w] = d
      lead(v, w, e, true)
      // networks first: the lower half of a step
      const key = 2 * d + 1 - isNetwork[w]!
      let at = place[w]! - 1
      if (at < 0) at = size++
      while (at > 0) {
        const parent = (at - 1) >> 2
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
