/** Next hops in the kernel's terms: devices by index, and shares that make who drains get nothing new. */
import type { NextHop } from '../core/io.ts'
import { OspfError } from '../errors.ts'
import type { Link, LinkPort } from '../ports.ts'
import { type HopSet, hopSet } from './nexthops.ts'
import type { Hop } from './route-message.ts'
import type { RouteSettings } from './route-options.ts'

type ResilientSettings = Pick<RouteSettings, 'resilient' | 'busyShare'>

interface Asked {
  readonly wanted: readonly NextHop[]
  readonly isResilient: boolean
  readonly set: HopSet | OspfError
}

/** Resolves lists of next hops, each once: for one round, as devices come and go. */
export class HopResolver {
  readonly #links: Pick<LinkPort, 'links'>
  readonly #settings: ResilientSettings
  readonly #plain = new Map<readonly NextHop[], HopSet | OspfError>()
  readonly #resilient = new Map<readonly NextHop[], HopSet | OspfError>()

  /** As a rule, many with the same follow each other. */
  #last: Asked | undefined

  constructor(links: Pick<LinkPort, 'links'>, settings: ResilientSettings) {
    this.#links = links
    this.#settings = settings
  }

  resolve(wanted: readonly NextHop[], isResilient: boolean): HopSet | OspfError {
    const last = this.#last
    if (last?.wanted === wanted && last.isResilient === isResilient) return last.set
    const known = isResilient ? this.#resilient : this.#plain
    let set = known.get(wanted)
    if (set === undefined) {
      const { resilient, busyShare } = this.#settings
      const hops = isResilient ? drained(wanted, resilient.buckets, busyShare) : wanted
      known.set(wanted, (set = resolveHops(hops, this.#links.links())))
    }
    this.#last = { wanted, isResilient, set }
    return set
  }
}

/** The greatest weight of a next hop; in a resilient group, from Linux 6.12 on. */
const [WEIGHT_MAX, WIDE_WEIGHT_MAX] = [256, 0xffff]

/** Devices by index, each way once. An error when a device is unknown. */
export function resolveHops(
  wanted: readonly NextHop[],
  links: ReadonlyMap<string, Link>,
): HopSet | OspfError {
  const most = wanted.some(({ draining }) => draining) ? WIDE_WEIGHT_MAX : WEIGHT_MAX
  const hops: Hop[] = []
  for (const { interface: name, gateway, onLink, weight = 1 } of wanted) {
    const link = links.get(name)
    if (link === undefined) {
      return new OspfError('ERR_OSPF_NO_INTERFACE', `no such device: ${name}`)
    }
    const { index } = link
    if (hops.some((h) => h.index === index && h.gateway === gateway)) continue
    const share = Math.min(Math.max(Math.round(weight), 1), most)
    const weighted = share === 1 ? {} : { weight: share }
    hops.push({ index, gateway: gateway!, ...(onLink ? { onLink } : {}), ...weighted })
  }
  return hopSet(hops)
}

/**
 * Next hops for a resilient group: one that drains has weight 1 beside others of `share`, so that no bucket becomes its, and
 * those that it has stay until they are idle. A group of another kind would send its flows elsewhere at once.
 *
 * The kernel rounds the bounds of shares (nh_res_group_rebalance), so that even the smallest share has a bucket where it
 * holds a bound: those that drain stand where it does not.
 */
export function drained(
  hops: readonly NextHop[],
  buckets: number,
  share = 255,
): readonly NextHop[] {
  const draining = hops.flatMap((hop) => (hop.draining ? { ...hop, weight: 1 } : []))
  if (draining.length === 0) return hops
  const busy = hops.filter((hop) => !hop.draining)
  const most = Math.max(...busy.map(({ weight = 1 }) => weight))
  const factor = Math.max(1, Math.floor(share / most))
  const weighted = busy.map((hop) => ({ ...hop, weight: (hop.weight ?? 1) * factor }))
  const total = weighted.reduce((sum, { weight }) => sum + weight, draining.length)
  const bound = (sum: number): number => Math.round((buckets * sum) / total)
  const placed: NextHop[] = []
  let sum = 0
  const place = (hop: NextHop): void => {
    placed.push(hop)
    sum += hop.weight ?? 1
  }
  for (const hop of weighted) {
    while (draining.length > 0 && bound(sum) === bound(sum + 1)) place(draining.shift()!)
    place(hop)
  }
  for (const hop of draining) place(hop)
  return placed
}
