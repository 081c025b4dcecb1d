/** How much of the routing table hangs on a change of an LSA (RFC 2328 13.2, 16). */
import { type Lsa, LsType } from '../wire/lsa.ts'
import { flagsOfRouter, RouterFlag, RouterLinks } from '../wire/router-lsa.ts'
import { contentsDiffer } from './lsdb.ts'
import { changedStubs, destinationKey } from './prefix-index.ts'

/** Changes come in three sizes. */
export type Extent =
  /**
   * 'tree': the topology. A shortest-path tree is calculated, and then everything. `isNew`: somebody who was not there,
   * of whom there may be many when a database comes in.
   * 'table': the ways to routers. Everything but the trees is calculated.
   */
  | { readonly what: 'tree'; readonly isNew?: true }
  | { readonly what: 'table' }
  /** Some networks, as `prefixKey` has them. They alone are calculated. */
  | { readonly what: 'networks'; readonly keys: readonly number[] }

/** What hangs on an LSA that is new, has gone, or says something else; undefined: nothing. */
export function extentOf(before: Lsa | undefined, after: Lsa | undefined): Extent | undefined {
  const some = after ?? before
  if (some === undefined || (before && after && !contentsDiffer(before, after))) return undefined
  switch (some.header.type) {
    case LsType.router:
      if (before === undefined) return NEW
      if (after === undefined) return TREE
      return extentOfRouter(before.raw, after.raw)
    case LsType.network:
      return before === undefined ? NEW : TREE
    case LsType.summaryNetwork:
    case LsType.external:
    case LsType.nssa: {
      const keys = [before, after].flatMap((lsa) => (lsa ? destinationKey(lsa) : []))
      return { what: 'networks', keys: keys.filter((key) => key !== -1) }
    }
    case LsType.summaryAsbr:
      return { what: 'table' }
    default:
      return undefined
  }
}

const TREE: Extent = { what: 'tree' }
const NEW: Extent = { what: 'tree', isNew: true }

/** A change of stub networks alone moves no branch of the shortest-path tree. */
function extentOfRouter(before: Uint8Array, after: Uint8Array): Extent {
  // V has to do with the tree (TransitCapability), the other bits with what its router is (16.1 (4))
  const changed = flagsOfRouter(before) ^ flagsOfRouter(after)
  if (changed & RouterFlag.v || !sameTopology(before, after)) return TREE
  return changed & (RouterFlag.b | RouterFlag.e | RouterFlag.nt)
    ? { what: 'table' }
    : { what: 'networks', keys: changedStubs(before, after) }
}

const LINK_STUB = 3

/** The same links to routers and transit networks, in the same order. */
function sameTopology(before: Uint8Array, after: Uint8Array): boolean {
  const [a, b] = [new RouterLinks(before), new RouterLinks(after)]
  for (;;) {
    const hasMore = nextOfTopology(a)
    if (nextOfTopology(b) !== hasMore) return false
    if (!hasMore) return true
    if (a.type !== b.type || a.id !== b.id || a.data !== b.data || a.metric !== b.metric) {
      return false
    }
  }
}

function nextOfTopology(links: RouterLinks): boolean {
  while (links.next()) if (links.type !== LINK_STUB) return true
  return false
}
