/**
 * Destinations outside that we advertise (RFC 2328 12.4.4): who asks for each of them and whose word counts, summary
 * addresses that stand for many, and forwarding addresses. What is said depends on the interfaces of the moment, so it
 * is put together whenever LSAs are.
 */
import { maskOf } from '../wire/address.ts'
import { type Area, prefixKey } from './area.ts'
import { rangeOf } from './inter-area.ts'
import type { ExternalPrefix, ExternalSource, SummaryAddress } from './io.ts'
import { permits } from './prefix-list.ts'
import type { Router } from './router.ts'

/** Whose word counts for a destination that several ask for. */
const sources: readonly ExternalSource[] = ['announcement', 'option', 'redistribution']

export class Externals {
  readonly #router: Router
  readonly #bySource: Readonly<Record<ExternalSource, Map<number, ExternalPrefix>>> = {
    announcement: new Map(),
    option: new Map(),
    redistribution: new Map(),
  }
  /** Externals inside one are said as one. */
  summaryAddresses: readonly SummaryAddress[] = []
  /** We redistribute, whether there is something or not: others see an AS boundary router. */
  redistributes = false

  constructor(router: Router) {
    this.#router = router
  }

  get isEmpty(): boolean {
    return sources.every((source) => this.#bySource[source].size === 0)
  }

  set(source: ExternalSource, external: ExternalPrefix): void {
    this.#bySource[source].set(prefixKey(external.prefix, external.length), external)
  }

  /** @returns whether it was there */
  delete(source: ExternalSource, prefix: number, length: number): boolean {
    return this.#bySource[source].delete(prefixKey(prefix, length))
  }

  /**
   * The kernel has a route there that is not ours and that we tell others of. What other AS boundary routers say of the
   * destination is not for us then: installed beside it, or instead of it, their routes and ours would lead to each
   * other, or come and go in turn. Zebra has its distances for that.
   */
  isOfKernel(key: number): boolean {
    return this.#bySource.redistribution.get(key)?.kernel !== undefined
  }

  /** We advertise just this prefix, or would without a summary address. */
  has(key: number): boolean {
    return sources.some((source) => this.#bySource[source].has(key))
  }

  /** What is redistributed may be inside now, or not any more; and its next hops on other networks. */
  interfaceChanged(): void {
    if (this.#bySource.redistribution.size === 0) return
    for (const scope of this.#router.scopes()) scope.originateDirty = true
  }

  /**
   * What is said in the AS, or in an NSSA, by prefix key: what we may originate of it. Type 7 LSAs are summarized as those of type 5 are; the default
   * route that is redistributed goes into an NSSA only where there is no other place for it, as the border router of
   * one has a default of its own kind (RFC 3101 2.7).
   */
  said(nssa?: Area): Map<number, ExternalPrefix> {
    const said = new Map<number, ExternalPrefix>()
    const summaries = new Map<number, SummaryAddress>()
    const seen = new Set<number>()
    for (const source of sources) {
      for (const [key, external] of this.#bySource[source]) {
        if (seen.has(key) || this.#isOurNetwork(key, external)) continue
        seen.add(key)
        const isDefault = external.length === 0
        const isRedistributed = source === 'redistribution'
        if (nssa && isDefault && isRedistributed && this.#router.reachesExternals) continue
        const summary = isDefault
          ? undefined
          : rangeOf(this.summaryAddresses, external.prefix, external.length)
        if (summary === undefined) said.set(key, this.#forwarded(external, nssa))
        else if (summary.advertise)
          summaries.set(prefixKey(summary.prefix, summary.length), summary)
      }
    }
    for (const [key, summary] of summaries) said.set(key, { ...summary, forwardingAddress: 0 })
    for (const [key, { prefix, length }] of said) {
      if (!permits(this.#router.allowed, prefix, length)) said.delete(key)
    }
    return said
  }

  /** A connected network that is inside OSPF is not outside. */
  #isOurNetwork(key: number, { prefix, length, kernel }: ExternalPrefix): boolean {
    if (!kernel?.connected) return false
    for (const { state, address, link, config } of this.#router.interfaces.values()) {
      if (state === 'Down') continue
      const { prefixLength, secondaries = [] } = link
      const others = config.secondaryAddresses ? secondaries : []
      const isInside = [{ address, prefixLength }, ...others].some(
        (on) => length >= on.prefixLength && inNetwork(prefix, on.address, on.prefixLength),
      )
      if (isInside) return true
    }
    for (const { stubs } of this.#router.areas.values()) if (stubs.has(key)) return true
    return false
  }

  /**
   * 12.4.4.1: the next hop, where others on the network reach it without us. In an NSSA only a network of that area
   * will do (RFC 3101 2.5 (3)); and nobody knows the way to one that is suppressed (RFC 6860).
   */
  #forwarded(external: ExternalPrefix, nssa: Area | undefined): ExternalPrefix {
    const gateway = external.kernel?.gateway
    if (gateway === undefined || external.forwardingAddress !== 0) return external
    for (const { state, address, link, config, area } of this.#router.interfaces.values()) {
      const { network, passive, prefixSuppression } = config
      if (state === 'Down' || passive || prefixSuppression || gateway === address) continue
      if (network !== 'broadcast' && network !== 'nbma') continue
      if (nssa && area !== nssa) continue
      if (inNetwork(gateway, address, link.prefixLength)) {
        return { ...external, forwardingAddress: gateway }
      }
    }
    return external
  }
}

const inNetwork = (address: number, ours: number, length: number): boolean =>
  ((address ^ ours) & maskOf(length)) === 0
