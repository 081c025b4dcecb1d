/** How far the word about a prefix of our own has come: which LSAs say it, and who has yet to acknowledge them. */
import { maskOf } from '../wire/address.ts'
import { type LsaBody, LsType } from '../wire/lsa.ts'
import type { ConfigChange, OwnInstance } from './io.ts'
import { contentsDiffer, type Entry, isMaxAge, keyOf } from './lsdb.ts'
import type { Router } from './router.ts'
import type { Scope } from './scope.ts'

/** What becomes of a prefix: announced, changed or withdrawn. */
export type PrefixChange = Extract<
  ConfigChange,
  { type: 'announce' | 'withdraw' | 'external' | 'withdraw-external' }
>

export interface Standing {
  /** The LSAs that carry the word, as they are now; none: they have gone, or nobody would take them. */
  readonly lsas: readonly OwnInstance[]
  /** They say what we want to say: nothing waits for its pace. */
  readonly isSaid: boolean
  /** Full neighbors that have not acknowledged them. */
  readonly waiting: readonly { readonly interface: string; readonly routerId: number }[]
}

/** Where the latest change of a prefix stands. */
export function standingOf(router: Router, change: PrefixChange): Standing {
  const lsas: OwnInstance[] = []
  const waiting: { interface: string; routerId: number }[] = []
  let isSaid = true
  for (const [scope, key, entry] of carriers(router, change)) {
    isSaid &&= isCurrent(router, scope, key, entry)
    if (entry === undefined) continue
    const { type, lsId, sequence } = entry.lsa.header
    lsas.push({ area: scope.place.area, type, lsId, sequence })
    if (entry.retransmitting === 0) continue
    for (const neighbor of scope.neighbors()) {
      if (neighbor.state !== 'Full' || !neighbor.retransmissions.has(entry)) continue
      waiting.push({ interface: neighbor.interface.name, routerId: neighbor.routerId })
    }
  }
  return { lsas, isSaid, waiting }
}

/** What is in the database is what we want to be there. */
function isCurrent(router: Router, scope: Scope, key: string, entry: Entry | undefined): boolean {
  const wanted = scope.wanted.get(key)
  if (entry === undefined || isMaxAge(entry, router.now)) return wanted === undefined
  if (wanted === undefined || !entry.ours || entry.contested) return false
  return !contentsDiffer(entry.lsa, wanted.draft)
}

type Carrier = readonly [scope: Scope, key: string, entry: Entry | undefined]

/** The LSAs of ours that speak of the prefix: the router-LSA of its area, or externals of type 5 and 7. */
function* carriers(router: Router, change: PrefixChange): Generator<Carrier> {
  if (change.type === 'announce' || change.type === 'withdraw') {
    const area = router.areas.get(change.type === 'announce' ? change.stub.area : change.area)
    const key = router.keyOf({
      type: LsType.router,
      lsId: router.routerId,
      advertisingRouter: router.routerId,
    })
    if (area) yield [area, key, area.lsdb.router(router.routerId)]
    return
  }
  const { prefix, length } = change.type === 'external' ? change.external : change
  const mask = maskOf(length)
  const isOf = (lsId: number, body: LsaBody): boolean =>
    body.kind === 'external' && body.mask === mask && (lsId & mask) >>> 0 === prefix
  for (const scope of router.scopes()) {
    const found = new Map<string, Entry | undefined>()
    for (const { key, lsId, body } of scope.wanted.values()) {
      if (isOf(lsId, body)) found.set(key, undefined)
    }
    for (const entry of scope.lsdb.own) {
      if (isOf(entry.lsa.header.lsId, entry.lsa.body)) found.set(keyOf(entry), entry)
    }
    for (const [key, entry] of found) yield [scope, key, entry]
  }
}
