/**
 * Static routes, as zebra installs them: of several for a destination that of the least distance whose next hop is there,
 * and all next hops of that distance. They are written with a protocol number of our own, put back when they are lost,
 * and removed at the end; those of others are never touched.
 */
import type { OspfError } from './errors.ts'
import { fail, parseAddress, parseInteger, parsePrefix } from './parse.ts'
import type { Link } from './ports.ts'

export interface StaticRouteOptions {
  /** 'A.B.C.D/L'. */
  readonly prefix: string
  /** Must lie in a network of a device that is up, unless `onLink`. */
  readonly gateway?: string
  /** Device; alone, the destination is attached to it. */
  readonly interface?: string
  /** The gateway is reached over the device, whatever its networks are. */
  readonly onLink?: boolean
  /** Instead of a next hop: drop in silence, or with an ICMP unreachable. */
  readonly discard?: 'blackhole' | 'unreachable'
  /** 1 to 255; default 1. From 110 on routes of OSPF go before it, and 255 is never installed. */
  readonly distance?: number
  /** Default 254, main. */
  readonly table?: number
  /** In the table of this VRF, in place of `table`, and through its devices alone. */
  readonly vrf?: string
}

export interface StaticRoute {
  readonly prefix: number
  readonly length: number
  readonly gateway: number | undefined
  readonly interface: string | undefined
  readonly onLink: boolean
  readonly discard: 'blackhole' | 'unreachable' | undefined
  readonly distance: number
  /** Undefined: that of the VRF. */
  readonly table: number | undefined
  readonly vrf: string | undefined
}

/** What the kernel is to have for a destination. */
export interface ActiveStaticRoute {
  readonly prefix: number
  readonly length: number
  readonly table: number
  readonly metric: number
  readonly discard: 'blackhole' | 'unreachable' | undefined
  /** None: it discards. */
  readonly hops: readonly {
    readonly index: number
    readonly gateway?: number
    readonly onLink?: boolean
  }[]
}

export interface StaticRoutesOptions {
  readonly routes: readonly StaticRouteOptions[]
  /** The kernel refuses a route, for now; told once for each reason. */
  readonly onError?: (error: OspfError) => void
}

/** The routes that are there, until disposed of. */
export interface StaticRoutes extends AsyncDisposable {
  /** Waits until the kernel has been brought up to date with its devices as they are now. */
  settled(): Promise<void>
  /**
   * Other routes from now on; resolves when the kernel has been brought up to date. Those that stay are not touched.
   * @throws OspfError ERR_OSPF_CONFIG
   */
  update(routes: readonly StaticRouteOptions[]): Promise<void>
}

/**
 * Installs static routes in the network namespace of this process, and follows its devices.
 * @throws OspfError ERR_OSPF_CONFIG, ERR_OSPF_NATIVE, ERR_OSPF_DUPLICATE (another process does the same), ERR_OSPF_KERNEL
 */
export async function installStaticRoutes(options: StaticRoutesOptions): Promise<StaticRoutes> {
  const routes = parseStaticRoutes('routes', options.routes)
  const { openStaticRoutes } = await import('./linux/static-routes.ts')
  return openStaticRoutes(routes, options.onError)
}

/** @throws OspfError ERR_OSPF_CONFIG that names the field */
export const parseStaticRoutes = (
  field: string,
  routes: readonly StaticRouteOptions[],
): readonly StaticRoute[] => routes.map((route, i) => parseStaticRoute(`${field}: ${i}`, route))

/** @throws OspfError ERR_OSPF_CONFIG that names the field */
export function parseStaticRoute(field: string, options: StaticRouteOptions): StaticRoute {
  const { prefix, gateway, interface: device, onLink = false, discard } = options
  const { distance = 1, vrf, table = vrf === undefined ? 254 : undefined } = options
  const count = [discard, gateway ?? device].filter((one) => one !== undefined).length
  if (count !== 1) throw fail(field, 'a gateway, an interface, or discard', options)
  if (discard !== undefined && discard !== 'blackhole' && discard !== 'unreachable')
    throw fail(`${field}: discard`, "'blackhole' or 'unreachable'", discard)
  if (vrf !== undefined && (typeof vrf !== 'string' || !/^[^\s/]{1,15}$/.test(vrf)))
    throw fail(`${field}: vrf`, 'the name of a VRF device', vrf)
  if (vrf !== undefined && table !== undefined)
    throw fail(`${field}: table`, 'nothing beside vrf, which has a table of its own', table)
  return {
    ...parsePrefix(`${field}: prefix`, prefix),
    gateway: gateway === undefined ? undefined : parseAddress(`${field}: gateway`, gateway),
    interface: device,
    onLink,
    discard,
    distance: parseInteger(`${field}: distance`, distance, 1, 255),
    table: table === undefined ? table : parseInteger(`${field}: table`, table, 1, 0xffffffff),
    vrf,
  }
}

/** Distance of OSPF's own routes. */
const OSPF_DISTANCE = 110
/** One less than that of OSPF's routes, so that both may be there. */
const METRIC = 19
/** The distance that is never chosen. */
const UNUSABLE = 255

/** What the kernel is to have now. */
export function activeStaticRoutes(
  routes: readonly StaticRoute[],
  links: ReadonlyMap<string, Link>,
): ActiveStaticRoute[] {
  const active = new Map<string, ActiveStaticRoute & { readonly distance: number }>()
  for (const route of [...routes].sort((a, b) => a.distance - b.distance)) {
    const { prefix, length, distance, discard } = route
    const table = route.table ?? links.get(route.vrf ?? '')?.table
    // no such VRF, so far
    if (table === undefined) continue
    const hop = discard === undefined ? hopOf(route, links) : undefined
    if (distance === UNUSABLE || (discard === undefined && hop === undefined)) continue
    const key = `${table} ${prefix}/${length}`
    const before = active.get(key)
    // a next hop beside one that discards, or twice the same, says nothing
    if (before !== undefined && before.distance < distance) continue
    if (before !== undefined && (hop === undefined || before.hops.length === 0)) continue
    if (before?.hops.some((one) => one.index === hop?.index && one.gateway === hop.gateway))
      continue
    const metric = distance < OSPF_DISTANCE ? METRIC : METRIC + distance
    const hops = [...(before?.hops ?? []), ...(hop === undefined ? [] : [hop])]
    active.set(key, { prefix, length, table, metric, discard, hops, distance })
  }
  return [...active.values()].map(({ distance: _, ...one }) => one)
}

function hopOf(
  { gateway, interface: name, onLink, vrf }: StaticRoute,
  links: ReadonlyMap<string, Link>,
): ActiveStaticRoute['hops'][number] | undefined {
  if (gateway === undefined) {
    const link = links.get(name!)
    return link?.up ? { index: link.index } : undefined
  }
  for (const link of links.values()) {
    if (!link.up || (name !== undefined && link.name !== name)) continue
    if (link.vrf !== vrf && name === undefined) continue
    if (onLink && name !== undefined) return { index: link.index, gateway, onLink }
    if (link.addresses.some((own) => reaches(own, gateway)))
      return { index: link.index, gateway, ...(onLink ? { onLink } : {}) }
  }
  return undefined
}

function reaches(
  { address, prefixLength, peer }: Link['addresses'][number],
  gateway: number,
): boolean {
  if (gateway === address) return false
  if (peer !== undefined) return peer === gateway
  const mask = prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0
  return prefixLength < 32 && (address & mask) >>> 0 === (gateway & mask) >>> 0
}
