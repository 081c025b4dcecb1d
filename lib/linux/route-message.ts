/** RTM_*ROUTE as values, as far as this library writes them. Numbers from linux/rtnetlink.h. */
import { Attributes, fixed, type NetlinkMessage, PayloadWriter } from './netlink-message.ts'

export const RTM_NEWROUTE = 24
export const RTM_DELROUTE = 25
export const RTM_GETROUTE = 26
export const RTNLGRP_IPV4_ROUTE = 7

const RTA_DST = 1
const RTA_OIF = 4
const RTA_GATEWAY = 5
const RTA_PRIORITY = 6
const RTA_PREFSRC = 7
const RTA_MULTIPATH = 9
const RTA_TABLE = 15
const RTA_NH_ID = 30
const RT_SCOPE_UNIVERSE = 0
const RT_SCOPE_LINK = 253
const RTN_UNICAST = 1
const RTN_BLACKHOLE = 6
/** Take the gateway for a neighbor on the device, whatever the device's prefixes say. */
const RTNH_F_ONLINK = 4
/** In the one octet of the header, where the number does not fit: see RTA_TABLE. */
const RT_TABLE_COMPAT = 252
const AF_INET = 2
/** Of a route's flags: from the cache of lookups. */
const RTM_F_CLONED = 0x200

/** One way out, in the kernel's terms. */
export interface Hop {
  readonly index: number
  readonly gateway: number
  readonly onLink?: boolean
  /** Share of the flows, 2 to 256; absent: 1. */
  readonly weight?: number
}

/** A unicast route through gateways, or a black hole. The kernel tells routes apart by prefix, length, TOS, metric and table. */
export interface KernelRoute {
  readonly prefix: number
  readonly length: number
  readonly table: number
  readonly metric: number
  readonly protocol: number
  /** Empty where a next hop object says it; without such an object, packets are discarded. */
  readonly hops: readonly Hop[]
  /** The next hop object that it leads to, instead of hops of its own. */
  readonly nextHop?: number
  /** Preferred source address of what we send ourselves. */
  readonly source?: number
}

/** A route as it is read. */
export interface ReadRoute extends KernelRoute {
  readonly tos: number
  /** It has nothing that this library never writes: metrics, encapsulation, a scope or type of its own. */
  readonly plain: boolean
}

/** Payload of RTM_NEWROUTE and of RTM_DELROUTE, which deletes exactly this. */
export const encodeRoute = (route: KernelRoute): Uint8Array =>
  writeRoute(new PayloadWriter(), route).finish()

/** Where in a message the length of the prefix stands, and the prefix. */
export const LENGTH_AT = 17
export const PREFIX_AT = 32

/** Writes such a payload. */
export function writeRoute(to: PayloadWriter, route: KernelRoute): PayloadWriter {
  const [only] = route.hops
  const flags = route.hops.length === 1 ? flagsOf(only) : 0
  const { length, table, protocol, source, nextHop } = route
  const type = only === undefined && nextHop === undefined ? RTN_BLACKHOLE : RTN_UNICAST
  const writer = header(to, length, table, protocol, RT_SCOPE_UNIVERSE, type, flags)
    .attributeIpv4(RTA_DST, route.prefix)
    .attributeU32(RTA_TABLE, route.table)
    .attributeU32(RTA_PRIORITY, route.metric)
  if (source !== undefined) writer.attributeIpv4(RTA_PREFSRC, source)
  if (nextHop !== undefined) return writer.attributeU32(RTA_NH_ID, nextHop)
  if (only === undefined) return writer
  if (route.hops.length === 1) {
    return writer.attributeIpv4(RTA_GATEWAY, only.gateway).attributeU32(RTA_OIF, only.index)
  }
  return writer.measured((list) => {
    list.u16(RTA_MULTIPATH)
    for (const each of route.hops) {
      const { index, gateway, weight = 1 } = each
      // struct rtnexthop: length, flags, weight - 1, device; then attributes.
      list.measured((hop) =>
        hop
          .u8(flagsOf(each))
          .u8(weight - 1)
          .u32(index)
          .attributeIpv4(RTA_GATEWAY, gateway),
      )
    }
  })
}

/** A route that is written as it is configured: out of a device without a gateway, or one that discards. */
export interface StaticKernelRoute extends Omit<KernelRoute, 'hops' | 'nextHop' | 'source'> {
  /** RTN_*: 1 is unicast, 6 blackhole, 7 unreachable. */
  readonly type: number
  readonly hops: readonly {
    readonly index: number
    readonly gateway?: number
    readonly onLink?: boolean
  }[]
}

/** Payload of RTM_NEWROUTE and RTM_DELROUTE. */
export function encodeStaticRoute(route: StaticKernelRoute): Uint8Array {
  const { hops, length, table, protocol, prefix, metric, type } = route
  const [only] = hops
  // the kernel wants the scope of a route to be narrower than that of what it leads to
  const isAttached = only !== undefined && hops.every(({ gateway }) => gateway === undefined)
  const scope = isAttached ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE
  const flags = hops.length === 1 && only?.onLink ? RTNH_F_ONLINK : 0
  const writer = header(new PayloadWriter(), length, table, protocol, scope, type, flags)
    .attributeIpv4(RTA_DST, prefix)
    .attributeU32(RTA_TABLE, table)
    .attributeU32(RTA_PRIORITY, metric)
  if (only === undefined) return writer.finish()
  if (hops.length === 1) {
    if (only.gateway !== undefined) writer.attributeIpv4(RTA_GATEWAY, only.gateway)
    return writer.attributeU32(RTA_OIF, only.index).finish()
  }
  return writer
    .measured((list) => {
      list.u16(RTA_MULTIPATH)
      for (const { index, gateway, onLink } of hops)
        list.measured((hop) => {
          hop
            .u8(onLink ? RTNH_F_ONLINK : 0)
            .u8(0)
            .u32(index)
          if (gateway !== undefined) hop.attributeIpv4(RTA_GATEWAY, gateway)
        })
    })
    .finish()
}

/** Flags of a next hop. */
export const flagsOf = (hop: Hop | undefined): number => (hop?.onLink ? RTNH_F_ONLINK : 0)

/** What they mean. */
export const onLinkOf = (flags: number): { readonly onLink?: true } =>
  flags & RTNH_F_ONLINK ? { onLink: true } : {}

/** Payload of the RTM_GETROUTE that dumps a table; protocol 0 is any. Kernels before 4.20 ignore both. */
export function encodeRouteQuery(table: number, protocol: number): Uint8Array {
  return header(new PayloadWriter(), 0, table, protocol, 0, 0)
    .attributeU32(RTA_TABLE, table)
    .finish()
}

const header = (
  writer: PayloadWriter,
  length: number,
  table: number,
  protocol: number,
  scope: number,
  type: number,
  flags = 0,
): PayloadWriter =>
  writer
    .u8(AF_INET)
    .u8(length)
    .u8(0)
    .u8(0)
    .u8(table < 256 ? table : RT_TABLE_COMPAT)
    .u8(protocol)
    .u8(scope)
    .u8(type)
    .u32(flags)

/** Reads struct rtmsg; undefined when it is not an IPv4 route. */
export function decodeRoute({ payload }: NetlinkMessage): ReadRoute | undefined {
  if (payload.length < 12 || payload[0] !== AF_INET) return undefined
  const [, length = 0, , tos = 0, table = 0, protocol = 0, scope, type] = payload
  const attributes = new Attributes(payload, 12)
  const nextHop = attributes.u32(RTA_NH_ID)
  const source = attributes.ipv4(RTA_PREFSRC)
  // With an object, the kernel spells out its hops for those who do not know about objects.
  const hops = nextHop === undefined ? decodeHops(attributes, fixed(payload).u32(8)) : []
  const types = [...attributes.types()]
  return {
    prefix: attributes.ipv4(RTA_DST) ?? 0,
    length,
    table: attributes.u32(RTA_TABLE) ?? table,
    metric: attributes.u32(RTA_PRIORITY) ?? 0,
    protocol,
    tos,
    hops: hops ?? [],
    ...(nextHop === undefined ? {} : { nextHop }),
    ...(source === undefined ? {} : { source }),
    plain:
      (type === RTN_BLACKHOLE ? !types.some((t) => ofHops.includes(t)) : hops !== undefined) &&
      (type === RTN_UNICAST || type === RTN_BLACKHOLE) &&
      scope === RT_SCOPE_UNIVERSE &&
      types.every((t) => familiar.includes(t)),
  }
}

const ofHops: readonly number[] = [RTA_OIF, RTA_GATEWAY, RTA_MULTIPATH, RTA_NH_ID, RTA_PREFSRC]

const familiar: readonly number[] = [
  RTA_DST,
  RTA_OIF,
  RTA_GATEWAY,
  RTA_PRIORITY,
  RTA_PREFSRC,
  RTA_MULTIPATH,
  RTA_TABLE,
  RTA_NH_ID,
]

/** Undefined when a hop is not plain: without a gateway, or more. */
function decodeHops(attributes: Attributes, flags: number): Hop[] | undefined {
  const list = attributes.bytes(RTA_MULTIPATH)
  if (list === undefined) {
    const gateway = attributes.ipv4(RTA_GATEWAY)
    const index = attributes.u32(RTA_OIF)
    return gateway === undefined || index === undefined
      ? undefined
      : [{ index, gateway, ...onLinkOf(flags) }]
  }
  const hops: Hop[] = []
  const view = fixed(list)
  for (let at = 0; at + 8 <= list.length; ) {
    const length = view.u16(at)
    if (length < 8 || at + length > list.length) return undefined
    const inner = new Attributes(list.subarray(0, at + length), at + 8)
    const gateway = inner.ipv4(RTA_GATEWAY)
    if (gateway === undefined || [...inner.types()].length > 1) return undefined
    const weight = view.u8(at + 3) + 1
    const weighted = weight === 1 ? {} : { weight }
    hops.push({ index: view.i32(at + 4), gateway, ...onLinkOf(view.u8(at + 2)), ...weighted })
    at += (length + 3) & ~3
  }
  return hops
}

/** A route of whatever kind, for those who only look. */
export interface SeenRoute {
  readonly prefix: number
  readonly length: number
  readonly table: number
  readonly metric: number
  readonly protocol: number
  readonly tos: number
  readonly scope: number
  /** RTN_*: 1 is unicast. */
  readonly type: number
  /** None: it discards. */
  readonly hops: readonly SeenHop[]
  /** Preferred source address. */
  readonly source?: number
}

export interface SeenHop {
  readonly index: number
  /** One of another family is not told. */
  readonly gateway: number | undefined
  /** Share of the flows, of several; absent: 1. */
  readonly weight?: number
}

/** Reads struct rtmsg for those who only look; undefined when it is not an IPv4 route, or a copy in a cache. */
export function decodeSeenRoute({ payload }: NetlinkMessage): SeenRoute | undefined {
  if (payload.length < 12 || payload[0] !== AF_INET) return undefined
  const [, length = 0, , tos = 0, table = 0, protocol = 0, scope = 0, type = 0] = payload
  if (length > 32 || fixed(payload).u32(8) & RTM_F_CLONED) return undefined
  const attributes = new Attributes(payload, 12)
  const source = attributes.ipv4(RTA_PREFSRC)
  return {
    prefix: attributes.ipv4(RTA_DST) ?? 0,
    length,
    table: attributes.u32(RTA_TABLE) ?? table,
    metric: attributes.u32(RTA_PRIORITY) ?? 0,
    protocol,
    tos,
    scope,
    type,
    hops: seenHops(attributes),
    ...(source === undefined ? {} : { source }),
  }
}

function seenHops(attributes: Attributes): SeenRoute['hops'] {
  const list = attributes.bytes(RTA_MULTIPATH)
  if (list === undefined) {
    const index = attributes.u32(RTA_OIF)
    return index === undefined ? [] : [{ index, gateway: attributes.ipv4(RTA_GATEWAY) }]
  }
  const hops: SeenHop[] = []
  const view = fixed(list)
  for (let at = 0; at + 8 <= list.length; ) {
    const length = view.u16(at)
    if (length < 8 || at + length > list.length) break
    const inner = new Attributes(list.subarray(0, at + length), at + 8)
    const weight = view.u8(at + 3) + 1
    const weighted = weight === 1 ? {} : { weight }
    hops.push({ index: view.i32(at + 4), gateway: inner.ipv4(RTA_GATEWAY), ...weighted })
    at += (length + 3) & ~3
  }
  return hops
}

/** The same ways out with the same weights, in any order. */
export function sameHops(a: readonly Hop[] | undefined, b: readonly Hop[] | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.length === b.length && a.every((x) => b.some((y) => sameHop(x, y)))
}

const sameHop = (x: Hop, y: Hop): boolean =>
  x.index === y.index && x.gateway === y.gateway && x.onLink === y.onLink && x.weight === y.weight
