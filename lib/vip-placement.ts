/**
 * How VIPs are told where the options leave it open: as stub links of the router-LSA, which is one and has bounds, or in
 * LSAs of their own.
 *
 * A router-LSA is said anew as a whole for each VIP that comes or goes, at least MinLSArrival after the last time, so
 * that VIPs wait for each other; and it grows by 12 octets with each. Up to some hundred, it fits a packet of Ethernet
 * (119 links in 1500 octets). Above, it travels in fragments and is lost with any one of them.
 *
 * It is decided when a VIP is announced, by how many there are then, whatever their gates say. One that is announced is
 * never moved: routers prefer a stub link to an external whatever the cost, so a move would be a change of next hops.
 */
import { ROUTER_LSA_LINKS } from './core/router-lsa.ts'
import { OspfError } from './errors.ts'
import type { Parsed } from './options.ts'
import { fail, isObject } from './parse.ts'
import { type AnnounceOptions, stubAreasOf } from './vip.ts'
import { formatIpv4 } from './wire/address.ts'

/** Links that are left to neighbors and networks. */
const OTHER_LINKS = 448
/** VIPs that a router-LSA has room for. */
export const ROUTER_LSA_VIPS: number = ROUTER_LSA_LINKS - OTHER_LINKS

type Config = Pick<Parsed, 'interfaces' | 'areas' | 'stubs' | 'vipsAsExternalAbove'>

export class VipPlacement {
  /** The areas that VIPs have stub links in, by what they are called. */
  readonly #stubs = new Map<string, readonly number[]>()
  /** How many, by area. */
  readonly #counts = new Map<number, number>()

  /**
   * What options mean for VIPs that are announced together: `independent` is said where it was not.
   * @throws OspfError ERR_OSPF_CONFIG when the router-LSA has no room for so many
   */
  place(vips: readonly string[], options: AnnounceOptions, config: Config): AnnounceOptions {
    // what is no use is refused by whoever looks at it next
    if (!isObject(options) || options.as === 'external') return options
    if (options.independent === true) {
      if (!config.areas.every(({ kind }) => kind === 'stub')) return options
      throw fail(`VIP ${vips[0]}: independent`, 'an area that is no stub area', true)
    }
    const { as, area, areas, independent } = options
    const those = stubAreasOf(`VIP ${vips[0]}`, options, config.interfaces)
    const isOpen = as === undefined && area === undefined && areas === undefined
    const wanted = this.#count(those[0]!) + vips.length
    if (isOpen && independent === undefined && wanted > config.vipsAsExternalAbove) {
      // nobody takes externals in a stub area
      if (!isStubArea(those[0]!, config)) return { ...options, independent: true }
    }
    for (const id of those) this.#requireRoom(vips, id, config)
    return { ...options, independent: independent ?? false }
  }

  /** It is announced as `place` had it. @param areas those of its stub links; none: it has an LSA of its own */
  add(vip: string, areas: readonly number[]): void {
    this.delete(vip)
    this.#stubs.set(vip, areas)
    for (const area of areas) this.#counts.set(area, this.#count(area) + 1)
  }

  delete(vip: string): void {
    for (const area of this.#stubs.get(vip) ?? []) this.#counts.set(area, this.#count(area) - 1)
    this.#stubs.delete(vip)
  }

  #count(area: number): number {
    return this.#counts.get(area) ?? 0
  }

  #requireRoom(vips: readonly string[], area: number, { stubs }: Config): void {
    const configured = stubs.filter((stub) => stub.area === area).length
    if (this.#count(area) + configured + vips.length <= ROUTER_LSA_VIPS) return
    throw new OspfError(
      'ERR_OSPF_CONFIG',
      `VIP ${vips[0]}: the router-LSA of area ${formatIpv4(area)} has room for ${ROUTER_LSA_VIPS} stub links; independent: true gives a VIP an LSA of its own`,
    )
  }
}

const isStubArea = (area: number, { areas }: Config): boolean =>
  areas.some(({ id, kind }) => id === area && kind === 'stub')
