/** One link as a scope: opaque LSAs of type 9 stay on the network that they were sent on (RFC 5250 3). */
import { LsType } from '../wire/lsa.ts'
import type { Interface } from './interface.ts'
import { isMaxAge } from './lsdb.ts'
import { opaqueChanged, opaqueLsas } from './opaque.ts'
import { type Wanted, Wish } from './originate.ts'
import { type Place, Scope } from './scope.ts'

export class LinkScope extends Scope {
  readonly opaqueType: number = LsType.opaqueLink
  readonly #interface: Interface

  constructor(iface: Interface) {
    super(iface.router)
    this.#interface = iface
  }

  get options(): number {
    return this.#interface.area.options
  }

  get place(): Place {
    return { area: this.#interface.area.id, interface: this.#interface.name }
  }

  /** Most links have no such LSA, ever. */
  get isInUse(): boolean {
    return this.originateDirty || this.opaques.size > 0 || this.lsdb.size > 0
  }

  *floodedOn(): Generator<Interface> {
    yield this.#interface
  }

  wantedNow(before: ReadonlyMap<string, Wanted>): Map<string, Wanted> {
    const wish = new Wish(this, before)
    if (this.#interface.state !== 'Down') opaqueLsas(this, wish)
    return wish.wanted
  }

  /** No route hangs on an opaque LSA. */
  recalculate(): void {}

  /** Who originated it is on the link with us. */
  isReachable(routerId: number): boolean {
    for (const neighbor of this.#interface.neighbors.values()) {
      if (neighbor.routerId === routerId && neighbor.isBidirectional) return true
    }
    return false
  }

  /** The interface is down; its neighbors, and so all lists, are gone already. What comes up may be another link. */
  clear(): void {
    const { router, lsdb } = this
    for (const entry of [...lsdb]) {
      lsdb.remove(entry)
      if (!isMaxAge(entry, router.now)) opaqueChanged(this, entry.lsa.header, entry.lsa, undefined)
    }
    this.wanted = new Map()
    this.paces.clear()
  }
}
