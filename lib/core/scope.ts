/**
 * A flooding scope (RFC 2328 13.3, RFC 5250 3): how far an LSA travels. Each has a database, and what we ourselves
 * want to say in it. An area is one, the autonomous system another.
 */
import type { Extent } from './extent.ts'
import type { Interface } from './interface.ts'
import { Lsdb } from './lsdb.ts'
import type { Pace, Wanted } from './originate.ts'
import type { Router } from './router.ts'
import type { Reason } from './routing.ts'

/** Where a scope is, for people. */
export interface Place {
  /** Undefined: the whole autonomous system. */
  readonly area: number | undefined
  /** Of a link alone. */
  readonly interface: string | undefined
}

export abstract class Scope {
  readonly router: Router
  readonly lsdb: Lsdb
  /** What we want to say here, as of the last reconciling; by LSA key. */
  wanted: ReadonlyMap<string, Wanted> = new Map()
  readonly paces: Map<string, Pace> = new Map()
  /** So many of them are a reason to look which can go. */
  pacesLookedAt = 256
  /** Opaque data of our own, by Link State ID (RFC 5250). */
  readonly opaques: Map<number, Uint8Array> = new Map()
  /** LS type of the opaque LSAs that travel just as far. */
  abstract readonly opaqueType: number
  /** Something that our own LSAs say may have changed. */
  originateDirty = false
  /** Something of it waits for its pace. */
  originateWaits = false

  constructor(router: Router) {
    this.router = router
    this.lsdb = new Lsdb()
  }

  abstract get place(): Place

  /** There is a way to a router that has originated something here (RFC 5250 5). */
  abstract isReachable(routerId: number): boolean

  /** Where an LSA of this scope may be flooded. */
  abstract floodedOn(): Iterable<Interface>

  /** What we want to say now; `before` is what we said so far, to be used again where it stays. */
  abstract wantedNow(before: ReadonlyMap<string, Wanted>): Map<string, Wanted>

  /** What hangs on the LSAs of this scope is to be calculated anew. */
  abstract recalculate(extent: Extent, reason: Reason): void

  /** Options of our own LSAs here (A.2). */
  abstract get options(): number

  *neighbors(): Generator<Interface['neighbors'] extends Map<number, infer N> ? N : never> {
    for (const iface of this.floodedOn()) yield* iface.neighbors.values()
  }

  /** Somebody who will get LSAs of this scope is in a database exchange with us. */
  get exchanging(): boolean {
    for (const iface of this.floodedOn()) if (iface.exchanging) return true
    return false
  }
}
