/** Shortest paths through a tree, for people: the calculation keeps distances and next hops alone. */
import { idOf, kindOf, type Tree, type Vertex } from './spf.ts'

/** A router or transit network on the way, and what it costs from us to there. */
export interface Step {
  readonly kind: 'router' | 'network'
  /** Router ID, or the address of the Designated Router. */
  readonly id: number
  readonly cost: number
}

export interface Path {
  /** From us, who are the first. */
  readonly steps: readonly Step[]
  /** How many paths are as short, this one included; at most PATHS_MAX. */
  readonly equalPaths: number
}

/** Beyond it nobody counts. */
export const PATHS_MAX = 1000

/** A shortest path to a vertex that can be reached, by way of those that joined the tree first. */
export function pathTo(tree: Tree, vertex: number): Path {
  const { vertices, distance, order } = tree
  const joined = new Int32Array(vertices.length)
  for (let i = 0; i < order.length; i++) joined[order[i]!] = i
  const steps: Step[] = []
  for (let v: number | undefined = vertex; v !== undefined; ) {
    const vertex: Vertex = vertices[v]!
    steps.push({ kind: kindOf(vertex), id: idOf(vertex), cost: distance[v]! })
    v = parentsOf(tree, joined, v)[0]
  }
  const counts = new Map<number, number>()
  const count = (v: number): number => {
    const known = counts.get(v)
    if (known !== undefined) return known
    const parents = parentsOf(tree, joined, v)
    let paths = parents.length === 0 ? 1 : 0
    for (const parent of parents) paths = Math.min(PATHS_MAX, paths + count(parent))
    counts.set(v, paths)
    return paths
  }
  // those before it first, so that nothing is deep
  for (const v of order.subarray(0, joined[vertex]! + 1)) count(v)
  return { steps: steps.reverse(), equalPaths: count(vertex) }
}

/** Who comes before a vertex on shortest paths. Links are two-way, so its own say who can. */
function parentsOf({ edges, distance }: Tree, joined: Int32Array, w: number): number[] {
  const { first, target, cost } = edges
  const parents = new Set<number>()
  for (let e = first[w]!; e < first[w + 1]!; e++) {
    const v = target[e]!
    if (joined[v]! >= joined[w]! || distance[v] === Number.POSITIVE_INFINITY) continue
    for (let back = first[v]!; back < first[v + 1]!; back++) {
      if (target[back] === w && distance[v]! + cost[back]! === distance[w]!) parents.add(v)
    }
  }
  return [...parents].sort((a, b) => joined[a]! - joined[b]!)
}
