/** How much of the routing table hangs on a change of an LSA (RFC 2328 13.2, 16). */
import { type Lsa, LsType } from '../wire/lsa.ts'
import type { RouterLsaBody } from '../wire/router-lsa.ts'
import { contentsDiffer } from './lsdb.ts'
import { changedStubs, destinationKey } from './prefix-index.ts'

/** Changes come in three sizes. */
export type Extent =
  /**
   * 'tree': the topology. A shortest-path tree is calculated, and then everything.
   * 'table': the ways to routers. Everything but the trees is calculated.
   */
  | { readonly what: 'tree' | 'table' }
  /** Some networks, as `prefixKey` has them. They alone are calculated. */
  | { readonly what: 'networks'; readonly keys: readonly number[] }

/** What hangs on an LSA that is new, has gone, or says something else; undefined: nothing. */
export function extentOf(before: Lsa | undefined, after: Lsa | undefined): Extent | undefined {
  const some = after ?? before
  if (some === undefined || (before && after && !contentsDiffer(before, after))) return undefined
  switch (some.header.type) {
    case LsType.router:
      if (before === undefined || after === undefined) return { what: 'tree' }
      return extentOfRouter(before.body as RouterLsaBody, after.body as RouterLsaBody)
    case LsType.network:
      return { what: 'tree' }
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

/** A change of stub networks alone moves no branch of the shortest-path tree. */
function extentOfRouter(before: RouterLsaBody, after: RouterLsaBody): Extent {
  // V has to do with the tree (TransitCapability), the other bits with what its router is (16.1 (4))
  if (before.virtualLink !== after.virtualLink || !sameTopology(before, after)) {
    return { what: 'tree' }
  }
  const isOther =
    before.border !== after.border ||
    before.external !== after.external ||
    before.nssaTranslator !== after.nssaTranslator
  return isOther ? { what: 'table' } : { what: 'networks', keys: changedStubs(before, after) }
}

const LINK_STUB = 3

/** The same links to routers and transit networks, in the same order. */
function sameTopology({ links: a }: RouterLsaBody, { links: b }: RouterLsaBody): boolean {
  let [i, j] = [0, 0]
  for (;;) {
    while (a[i]?.type === LINK_STUB) i++
    while (b[j]?.type === LINK_STUB) j++
    const [one, other] = [a[i++], b[j++]]
    if (one === undefined || other === undefined) return one === other
    if (
      one.type !== other.type ||
      one.id !== other.id ||
      one.data !== other.data ||
      one.metric !== other.metric
    ) {
      return false
    }
  }
}
