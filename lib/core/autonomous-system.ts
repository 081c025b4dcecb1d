/** The autonomous system as a scope: AS-external-LSAs (RFC 2328 12.4.4), our own and those translated from an NSSA. */
import { lengthOfMask, maskOf } from '../wire/address.ts'
import { LsType } from '../wire/lsa.ts'
import { Option } from '../wire/options.ts'
import { prefixKey } from './area.ts'
import { type Aggregates, aggregatesOf } from './discard.ts'
import type { Extent } from './extent.ts'
import { Externals } from './externals.ts'
import type { Interface } from './interface.ts'
import type { ExternalPrefix } from './io.ts'
import { assignLinkStateIds } from './link-state-id.ts'
import { translatedPrefixes } from './nssa.ts'
import { opaqueLsas } from './opaque.ts'
import { type Wanted, Wish } from './originate.ts'
import { Overflow } from './overflow.ts'
import { routerInformationLsa } from './router-information.ts'
import type { Reason } from './routing.ts'
import { type Place, Scope } from './scope.ts'

export class AutonomousSystem extends Scope {
  readonly opaqueType: number = LsType.opaqueAs
  readonly overflow: Overflow = new Overflow(this)
  /** Destinations outside that we advertise, by prefix key. */
  readonly externals: Externals = new Externals(this.router)
  /** Of those that we tell of, the ones that stand for others. */
  aggregates: Aggregates = new Map()

  get options(): number {
    return Option.e
  }

  get place(): Place {
    return { area: undefined, interface: undefined }
  }

  /** In an area of ours, or as an AS boundary router elsewhere: what originates for the whole AS says that it is one. */
  isReachable(routerId: number): boolean {
    for (const area of this.router.areas.values()) if (area.isReachable(routerId)) return true
    for (const { isBoundary } of this.router.table.pathsTo(routerId)) if (isBoundary) return true
    return false
  }

  /** Everywhere but in stub areas, NSSAs and on virtual links (13.3). */
  *floodedOn(): Generator<Interface> {
    for (const area of this.router.areas.values()) {
      if (!area.isNormal) continue
      for (const iface of area.interfaces) if (!iface.isVirtual) yield iface
    }
  }

  wantedNow(before: ReadonlyMap<string, Wanted>): Map<string, Wanted> {
    const wish = new Wish(this, before)
    const { router } = this
    // no normal area, nobody who would take them
    if (!router.reachesExternals) return wish.wanted
    const own = this.externals.said()
    const prefixes = [...own.values(), ...translatedPrefixes(router, own)].map((external) =>
      this.#asStubRouter(external, own),
    )
    const limited = prefixes.filter((external) => external.length > 0)
    const isFull = this.overflow.forbids(limited.length)
    const said = isFull ? prefixes.filter((p) => p.length === 0) : prefixes
    const ids = assignLinkStateIds(LsType.external, before, said)
    for (const external of said) {
      const lsId = ids.get(prefixKey(external.prefix, external.length))
      if (lsId !== undefined) wish.add(LsType.external, lsId, bodyOf(external))
    }
    opaqueLsas(this, wish)
    const { routerInformation } = router
    if (routerInformation?.scope === 'as') {
      routerInformationLsa(this, wish, routerInformation.hostname)
    }
    return wish.wanted
  }

  /** Our own externals, and translations that lead to us: those with a forwarding address lead past us anyway. */
  #asStubRouter(
    external: ExternalPrefix,
    own: ReadonlyMap<number, ExternalPrefix>,
  ): ExternalPrefix {
    const metric = this.router.stubRouter?.externalMetric
    const isOurs = own.get(prefixKey(external.prefix, external.length)) === external
    if (metric === undefined || !(isOurs || external.forwardingAddress === 0)) return external
    return { ...external, metric }
  }

  /** What we say for the NSSAs that we translate. */
  *translated(): Generator<Wanted> {
    const own = this.externals.said()
    for (const want of this.wanted.values()) {
      if (want.body.kind !== 'external') continue
      const length = lengthOfMask(want.body.mask)!
      const prefix = (want.lsId & want.body.mask) >>> 0
      if (!own.has(prefixKey(prefix, length))) yield want
    }
  }

  /** What we say may be another. */
  lookAtAggregates(): void {
    const { router } = this
    // at the end, packets go where they went until others have heard of it
    if (router.leaving) return
    const before = this.aggregates
    this.aggregates = aggregatesOf(router)
    const keys = new Set([...before.keys(), ...this.aggregates.keys()])
    if (keys.size > 0) router.routing.discardsChanged(keys)
  }

  recalculate(extent: Extent, reason: Reason): void {
    this.router.routing.changed(undefined, extent, reason)
  }
}

export const bodyOf = (external: ExternalPrefix): Parameters<Wish['add']>[2] => ({
  kind: 'external',
  mask: maskOf(external.length),
  metricType: external.metricType,
  metric: external.metric,
  forwardingAddress: external.forwardingAddress,
  tag: external.tag,
  tos: [],
})
