/** An area (RFC 2328 section 6): its interfaces, its database, and what is to be recalculated. */
import { type Lsa, type LsaHeader, LsType } from '../wire/lsa.ts'
import { Option } from '../wire/options.ts'
import type { Extent } from './extent.ts'
import type { Interface } from './interface.ts'
import type { AreaConfig } from './io.ts'
import { nssaLsas, setTranslator } from './nssa.ts'
import { opaqueLsas } from './opaque.ts'
import { type Wanted, Wish } from './originate.ts'
import type { Router } from './router.ts'
import { routerInformationLsa } from './router-information.ts'
import { routerAndNetworkLsas } from './router-lsa.ts'
import type { Reason } from './routing.ts'
import { type Place, Scope } from './scope.ts'
import { type Tree, UNREACHABLE } from './spf.ts'
import { summaryLsas } from './summaries.ts'
import type { Timer } from './timers.ts'
import { type AreaShares, extentOfShares, readShares, trafficShareLsas } from './traffic-share.ts'

export const BACKBONE = 0

export class Area extends Scope {
  readonly opaqueType: number = LsType.opaqueArea
  readonly id: number
  config: AreaConfig
  readonly interfaces: Set<Interface> = new Set()
  /** Prefixes of our own announced here as stub links, by prefix key. */
  readonly stubs: Map<number, { prefix: number; length: number; cost: number }> = new Map()
  /** The shortest-path tree of the last calculation. */
  tree: Tree | undefined
  #shares: AreaShares | undefined
  /** We translate its type 7 LSAs (RFC 3101 3.1). */
  isTranslator = false
  /** Ends our translating when another has been elected. */
  readonly translatorTimer: Timer

  constructor(router: Router, id: number) {
    super(router)
    this.id = id
    this.config = defaultAreaConfig(id)
    this.translatorTimer = router.timers.create('nssa-translator', () => setTranslator(this, false))
  }

  /** What its routers ask for of the traffic to them. */
  get shares(): AreaShares {
    this.#shares ??= readShares(this.lsdb, this.router.now)
    return this.#shares
  }

  /** An opaque LSA of it came, changed or has gone. */
  opaqueChanged(header: LsaHeader, before: Lsa | undefined, after: Lsa | undefined): void {
    this.#shares = undefined
    if (this.tree) this.tree.opaque = undefined
    const extent = extentOfShares(header, before, after)
    if (extent) this.recalculate(extent, header)
  }

  /** A neighbor has come to pass on opaque LSAs, or does not any more. */
  opaqueNeighborChanged(): void {
    if (this.tree) this.tree.opaque = undefined
    if (this.shares.shares.size > 0)
      this.recalculate({ what: 'table' }, 'opaque LSAs of a neighbor')
  }

  /** AS-external-LSAs are flooded here (3.6). */
  get isNormal(): boolean {
    return this.config.kind === 'normal'
  }

  get options(): number {
    switch (this.config.kind) {
      case 'normal':
        return Option.e
      case 'stub':
        return 0
      case 'nssa':
        return Option.np
    }
  }

  /** At least one interface takes part (RFC 3509 2: actively attached). */
  get isActive(): boolean {
    for (const { state } of this.interfaces) if (state !== 'Down') return true
    return false
  }

  get place(): Place {
    return { area: this.id, interface: undefined }
  }

  isReachable(routerId: number): boolean {
    const { tree } = this
    const vertex = tree?.routers.get(routerId)
    return tree !== undefined && vertex !== undefined && tree.distance[vertex] !== UNREACHABLE
  }

  floodedOn(): Iterable<Interface> {
    return this.interfaces
  }

  wantedNow(before: ReadonlyMap<string, Wanted>): Map<string, Wanted> {
    const wish = new Wish(this, before)
    if (this.interfaces.size === 0) return wish.wanted
    routerAndNetworkLsas(this, wish)
    summaryLsas(this, wish)
    nssaLsas(this, wish)
    opaqueLsas(this, wish)
    trafficShareLsas(this, wish)
    const { routerInformation } = this.router
    if (
      routerInformation &&
      this.isActive &&
      (routerInformation.scope === 'area' || !this.isNormal)
    ) {
      routerInformationLsa(this, wish, routerInformation.hostname)
    }
    return wish.wanted
  }

  recalculate(extent: Extent, reason: Reason): void {
    this.router.routing.changed(this, extent, reason)
  }
}

export const defaultAreaConfig = (id: number): AreaConfig => ({
  id,
  kind: 'normal',
  summaries: true,
  defaultCost: 1,
  ranges: [],
  importList: undefined,
  exportList: undefined,
  nssa: { translator: 'candidate', stabilityMs: 40_000, defaultOriginate: undefined, ranges: [] },
})

export { prefixKey } from './prefix-index.ts'
