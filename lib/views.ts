/** Snapshots as the public API gives them: plain frozen data, addresses and ids dotted, durations in seconds. */

import type { AuthenticationSnapshot } from './core/authentication.ts'
import type { DropReason } from './core/events.ts'
import type { Instant, NetworkType, NextHop, Route } from './core/io.ts'
import type { OpaqueSnapshot } from './core/opaque.ts'
import { prefixKey } from './core/prefix-index.ts'
import type { InterfaceSnapshot, LsaSnapshot, NeighborSnapshot } from './core/snapshots.ts'
import type { InterfaceState, NeighborState } from './core/states.ts'
import { formatIpv4, formatPrefix, lengthOfMask, networkOf } from './wire/address.ts'
import type { LsaBody, LsaHeader } from './wire/lsa.ts'
import { optionNames } from './wire/options.ts'

export interface NeighborView {
  readonly routerId: string
  /** What it calls itself (RFC 5642). */
  readonly hostname: string | undefined
  readonly address: string
  readonly interface: string
  readonly area: string
  readonly priority: number
  /** As RFC 2328 10.1 spells it. */
  readonly state: NeighborState
  /** Its part on the segment; undefined where there are no parts. */
  readonly role: 'DR' | 'Backup' | 'DROther' | undefined
  readonly designatedRouter: string
  readonly backupDesignatedRouter: string
  /** Of its Hellos, and O of its Database Descriptions. */
  readonly options: readonly string[]
  /** Seconds in this state. */
  readonly upTime: number
  /** How often its state has changed. */
  readonly stateChanges: number
  /** The event of 10.2 that brought it there. */
  readonly lastEvent: string
  /** Seconds until it is given up unless a Hello comes. */
  readonly deadTime: number
  readonly retransmissions: number
  readonly requests: number
  readonly summaries: number
}

export interface InterfaceView {
  readonly name: string
  readonly area: string
  /** As RFC 2328 9.1 spells it. */
  readonly state: InterfaceState
  readonly network: NetworkType
  readonly up: boolean
  readonly address: string | undefined
  readonly prefixLength: number
  /** Octets. */
  readonly mtu: number
  readonly cost: number
  readonly priority: number
  /** Seconds, as the three after it; a fraction with `helloMultiplier`. */
  readonly helloInterval: number
  readonly deadInterval: number
  readonly retransmitInterval: number
  readonly transmitDelay: number
  /** Hellos a second, where the dead interval is 1 s and HelloInterval is 0 in them. */
  readonly helloMultiplier?: number
  readonly passive: boolean
  readonly mtuIgnore: boolean
  /** How packets are sealed now; the key by its id alone. */
  readonly authentication: AuthenticationSnapshot
  /** Interface addresses; '0.0.0.0' is none. */
  readonly designatedRouter: string
  readonly backupDesignatedRouter: string
  readonly neighbors: number
  readonly fullNeighbors: number
  /** Packets and LSAs received and not processed, by reason. */
  readonly drops: Readonly<Partial<Record<DropReason, number>>>
  /** Seconds until the next Hello; undefined: none is to be sent. */
  readonly helloDue: number | undefined
  /** Packets received, as far as they were authentic, and sent. */
  readonly received: PacketCounts
  readonly sent: PacketCounts
}

/** Packets by type (RFC 2328 A.3.1). */
export interface PacketCounts {
  readonly hello: number
  readonly databaseDescription: number
  readonly linkStateRequest: number
  readonly linkStateUpdate: number
  readonly linkStateAcknowledgment: number
}

/** Names an LSA (12.1). */
export interface LsaId {
  readonly type: number
  readonly lsId: string
  readonly advertisingRouter: string
}

export interface NextHopView {
  readonly interface: string
  readonly gateway: string | undefined
}

export interface RouteView {
  /** 'A.B.C.D/L' */
  readonly prefix: string
  readonly pathType: Route['pathType']
  /** Undefined for externals. */
  readonly area: string | undefined
  /** Of an 'external-2' the cost of the way to who advertises it; its metric is `type2Cost`. */
  readonly cost: number
  readonly type2Cost: number | undefined
  /** External route tag. */
  readonly tag: number | undefined
  /** No gateway: attached. No next hop at all: an address of this router, or it is to `discard`. */
  readonly nextHops: readonly NextHopView[]
  /**
   * Packets are not passed on (11.1): a range or summary address that we advertise, for what there is no longer prefix
   * of.
   */
  readonly discard?: true
  /** Seconds since it became what it is. */
  readonly age: number
  /** The LSAs behind it: of equal paths, several. */
  readonly lsas: readonly LsaId[]
}

export interface LsaView {
  /** Undefined for LSAs of the whole AS. */
  readonly area: string | undefined
  /** Of opaque LSAs that stay on a link (type 9). */
  readonly interface: string | undefined
  readonly type: number
  readonly lsId: string
  readonly advertisingRouter: string
  /** What that router calls itself (RFC 5642). */
  readonly advertisingHostname: string | undefined
  /** Seconds. */
  readonly age: number
  /** Signed, as the RFC compares it. */
  readonly sequence: number
  readonly checksum: number
  readonly options: readonly string[]
  /** Octets. */
  readonly length: number
  /** We originated this instance. */
  readonly own: boolean
  /** The number of links of a router-LSA. */
  readonly links?: number
  /** Destination of a summary- or external LSA: 'A.B.C.D/L'. */
  readonly prefix?: string
  /** The body as decoded; addresses are numbers. */
  readonly body: LsaBody
}

/** An opaque LSA (RFC 5250). */
export interface OpaqueView {
  readonly scope: 'link' | 'area' | 'as'
  /** Of 'link' and 'area'. */
  readonly area: string | undefined
  /** Of 'link'. */
  readonly interface: string | undefined
  readonly advertisingRouter: string
  readonly opaqueType: number
  readonly opaqueId: number
  /** A copy. */
  readonly data: Uint8Array
  /** Seconds. */
  readonly age: number
  /** We originated this instance. */
  readonly own: boolean
  /** Its originator can be reached now. Data of one that cannot must not be acted upon (RFC 5250 5). */
  readonly usable: boolean
}

const seconds = (ms: number): number => Math.max(0, ms) / 1000

export function viewNeighbor(n: NeighborSnapshot, now: Instant): NeighborView {
  return Object.freeze({
    routerId: formatIpv4(n.routerId),
    hostname: n.hostname,
    address: formatIpv4(n.address),
    interface: n.interface,
    area: formatIpv4(n.area),
    priority: n.priority,
    state: n.state,
    role: n.role,
    designatedRouter: formatIpv4(n.designatedRouter),
    backupDesignatedRouter: formatIpv4(n.backupDesignatedRouter),
    options: optionNames(n.options),
    upTime: seconds(now - n.since),
    stateChanges: n.stateChanges,
    lastEvent: n.lastEvent,
    deadTime: n.deadAt === undefined ? 0 : seconds(n.deadAt - now),
    retransmissions: n.retransmissionList,
    requests: n.requestList,
    summaries: n.summaryList,
  })
}

export function viewInterface(i: InterfaceSnapshot, now: Instant): InterfaceView {
  const { address, prefixLength, mtu, up } = i.link
  return Object.freeze({
    ...i.config,
    helloInterval: i.helloMs / 1000,
    area: formatIpv4(i.area),
    state: i.state,
    up,
    address: address === undefined ? undefined : formatIpv4(address),
    prefixLength,
    mtu,
    authentication: Object.freeze(i.authentication),
    designatedRouter: formatIpv4(i.designatedRouter),
    backupDesignatedRouter: formatIpv4(i.backupDesignatedRouter),
    neighbors: i.neighbors,
    fullNeighbors: i.fullNeighbors,
    drops: Object.freeze(i.drops),
    helloDue: i.helloAt === undefined ? undefined : seconds(i.helloAt - now),
    received: countsOf(i.packets.received),
    sent: countsOf(i.packets.sent),
  })
}

const countsOf = ([hello, description, request, update, ack]: readonly number[]): PacketCounts =>
  Object.freeze({
    hello: hello!,
    databaseDescription: description!,
    linkStateRequest: request!,
    linkStateUpdate: update!,
    linkStateAcknowledgment: ack!,
  })

export const viewLsaId = ({
  type,
  lsId,
  advertisingRouter,
}: Pick<LsaHeader, 'type' | 'lsId' | 'advertisingRouter'>): LsaId =>
  Object.freeze({
    type,
    lsId: formatIpv4(lsId),
    advertisingRouter: formatIpv4(advertisingRouter),
  })

export const viewNextHop = ({ interface: name, gateway }: NextHop): NextHopView =>
  Object.freeze({
    interface: name,
    gateway: gateway === undefined ? undefined : formatIpv4(gateway),
  })

/** @param origins the LSAs behind routes, by `prefixKey` */
export function viewRoute(
  route: Route & { readonly since?: Instant },
  now: Instant,
  origins: ReadonlyMap<number, readonly LsaHeader[]> = new Map(),
): RouteView {
  // whoever else tells of what we discard is not behind it
  const lsas = route.discard ? [] : (origins.get(prefixKey(route.prefix, route.length)) ?? [])
  return Object.freeze({
    prefix: formatPrefix(route.prefix, route.length),
    pathType: route.pathType,
    area: route.area === undefined ? undefined : formatIpv4(route.area),
    cost: route.cost,
    type2Cost: route.type2Cost,
    tag: route.tag,
    nextHops: Object.freeze(route.nextHops.map(viewNextHop)),
    ...(route.discard ? { discard: true } : {}),
    age: seconds(now - (route.since ?? now)),
    lsas: Object.freeze(lsas.map(viewLsaId)),
  })
}

export function viewLsa(snapshot: LsaSnapshot): LsaView {
  const { area, interface: link, lsa, hostname, age, own } = snapshot
  const { header, body } = lsa
  return Object.freeze({
    area: area === undefined ? undefined : formatIpv4(area),
    interface: link,
    type: header.type,
    lsId: formatIpv4(header.lsId),
    advertisingRouter: formatIpv4(header.advertisingRouter),
    advertisingHostname: hostname,
    age,
    sequence: header.sequence,
    checksum: header.checksum,
    options: optionNames(header.options),
    length: header.length,
    own,
    ...(body.kind === 'router' ? { links: body.links.length } : {}),
    ...destinationOf(header.lsId, header.type, body),
    body: frozen(body),
  })
}

export function viewOpaque(o: OpaqueSnapshot): OpaqueView {
  return Object.freeze({
    ...o,
    area: o.area === undefined ? undefined : formatIpv4(o.area),
    advertisingRouter: formatIpv4(o.advertisingRouter),
    data: o.data.slice(),
  })
}

/** With all that is in it. The database has the very same object: it must not change through a snapshot. */
function frozen<T extends object>(value: T): T {
  if (Object.isFrozen(value) || ArrayBuffer.isView(value)) return value
  for (const part of Object.values(value)) if (part instanceof Object) frozen(part)
  return Object.freeze(value)
}

const SUMMARY_ASBR = 4

function destinationOf(lsId: number, type: number, body: LsaBody): { prefix?: string } {
  if ((body.kind !== 'summary' && body.kind !== 'external') || type === SUMMARY_ASBR) return {}
  const length = lengthOfMask(body.mask)
  return length === undefined ? {} : { prefix: formatPrefix(networkOf(lsId, length), length) }
}
