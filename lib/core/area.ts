/** An area (RFC 2328 section 6): its interfaces, its database, and what is to be recalculated. */
import { Option } from '../wire/options.ts'
import type { Interface } from './interface.ts'
import { Lsdb } from './lsdb.ts'
import type { Pace, Wanted } from './originate.ts'
import type { Router } from './router.ts'
import type { Tree } from './spf.ts'

export class Area {
  readonly router: Router
  readonly id: number
  readonly lsdb: Lsdb = new Lsdb()
  readonly interfaces: Set<Interface> = new Set()
  /** Prefixes of our own announced here as stub links, by prefix key. */
  readonly stubs: Map<number, { prefix: number; length: number; cost: number }> = new Map()
  /** What we want to say here, as of the last reconciling; by LSA key. */
  wanted: ReadonlyMap<string, Wanted> = new Map()
  readonly paces: Map<string, Pace> = new Map()
  /** Something that our own LSAs say may have changed. */
  originateDirty = false
  /** Something of it waits for its pace. */
  originateWaits = false
  /** The shortest-path tree of the last calculation. */
  tree: Tree | undefined

  constructor(router: Router, id: number) {
    this.router = router
    this.id = id
  }

  /** Somebody in the area is in a database exchange with us. */
  get exchanging(): boolean {
    for (const iface of this.interfaces) if (iface.exchanging) return true
    return false
  }

  /** Options that we set in Hellos, Database Descriptions and LSAs of this area (A.2). */
  get options(): number {
    return Option.e
  }
}

/** A number that stands for a prefix in maps. */
export const prefixKey = (prefix: number, length: number): number => prefix * 64 + length
