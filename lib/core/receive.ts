/** The receiving procedure of RFC 2328 8.2: what every packet must pass, and who deals with it then. */
import { formatIpv4, formatPrefix, networkOf } from '../wire/address.ts'
import { AuType } from '../wire/auth.ts'
import { DecodeError, type DecodeErrorCode } from '../wire/bytes.ts'
import {
  decodePacket,
  decodePacketHeader,
  type Packet,
  type PacketHeader,
  PacketType,
  verifyChecksum,
} from '../wire/packet.ts'
import { BACKBONE } from './area.ts'
import { type Authentic, authenticate, isNewer, rememberSeal } from './authentication.ts'
import { ALL_D_ROUTERS, ALL_SPF_ROUTERS, MAX_TTL } from './constants.ts'
import { receiveDatabaseDescription } from './database-description.ts'
import type { DropReason } from './events.ts'
import { receiveHello } from './hello.ts'
import type { Interface } from './interface.ts'
import type { Datagram } from './io.ts'
import { receiveAck } from './ls-ack.ts'
import { receiveRequest } from './ls-request.ts'
import { receiveUpdate } from './ls-update.ts'
import type { Neighbor } from './neighbor.ts'
import type { Router } from './router.ts'
import { virtualLinkTo } from './virtual-link.ts'

const FIRST_MULTICAST = 0xe0000000

const dropReasons: Partial<Record<DecodeErrorCode, DropReason>> = {
  runt: 'runt',
  version: 'version',
  length: 'length',
  'unknown-type': 'unknown-type',
}

/** A packet has come in (8.2). */
export function receive(router: Router, datagram: Datagram): void {
  const iface = router.interfaces.get(datagram.interface)
  if (iface === undefined || isForAnother(router, iface, datagram)) return
  router.counters.received++
  if (iface.state === 'Down' || iface.state === 'Loopback') {
    return router.drop(iface, 'interface-down')
  }
  if (iface.config.passive) return router.drop(iface, 'passive')
  const { source, destination, bytes } = datagram
  if (source === iface.address) return router.drop(iface, 'own-packet')
  if (source === 0 || source >= FIRST_MULTICAST) return router.drop(iface, 'bad-source')
  const isForIt =
    destination === iface.address ||
    destination === ALL_SPF_ROUTERS ||
    (destination === ALL_D_ROUTERS && iface.isElected)
  if (!isForIt && !router.hasAddress(destination)) return router.drop(iface, 'bad-destination')
  let to = iface
  let header: PacketHeader
  let packet: Packet
  let authentic: Authentic | undefined
  try {
    header = decodePacketHeader(bytes)
    // with AuType 2 and 3 the digest stands for it
    if (header.auType <= AuType.simple && !verifyChecksum(bytes, header.length)) {
      return router.drop(iface, 'checksum')
    }
    to = virtualLinkOf(router, iface, header) ?? iface
    if (to !== iface) router.agree(iface, source, 'virtual link')
    // packets of a virtual link are routed to us: they come in by whatever interface is nearest
    if (!isForIt && to === iface) return router.drop(iface, 'bad-destination')
    if (!isFromNearby(router, to, datagram, header)) return
    if (!isWithinRate(router, to, neighborOf(to, source, header), header)) return
    if (!isOfSegment(router, to, source, header)) return
    authentic = authenticate(to, source, bytes, header)
    if (authentic === undefined || !isOfAnother(router, to, source, header)) return
    packet = decodePacket(bytes)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return router.drop(iface, dropReasons[error.code] ?? 'malformed')
  }
  const isFresh = isNewer(neighborOf(to, source, header), authentic, header)
  dispatch(to, datagram, packet)
  const neighbor = neighborOf(to, source, header)
  rememberSeal(neighbor, authentic, header)
  // a Hello has done so by itself
  const isOther = packet.body.kind !== 'hello' && neighbor?.routerId === header.routerId
  if (isOther && isFresh) neighbor.heard()
}

/** Within what is processed each second. */
function isWithinRate(
  router: Router,
  iface: Interface,
  neighbor: Neighbor | undefined,
  { type, routerId }: PacketHeader,
): boolean {
  const isKnown = neighbor?.routerId === routerId && neighbor.isBidirectional
  const budget = !isKnown
    ? iface.strangerBudget
    : type === PacketType.hello
      ? neighbor.hellos
      : iface.packetBudget
  if (budget.take(router.now)) return true
  router.limitReached('packets', budget.rate, iface)
  router.drop(iface, 'rate')
  return false
}

/**
 * Interfaces on further addresses of the device get all of its packets as well. Each takes what is sent to its address
 * or comes from its network; what is of none of them is for the first to refuse.
 */
function isForAnother(
  router: Router,
  iface: Interface,
  { source, destination }: Datagram,
): boolean {
  const { device } = iface.config
  if (device === undefined) return false
  const isMulticast = destination >= FIRST_MULTICAST
  let owner: Interface | undefined
  let first: Interface | undefined
  for (const each of router.interfaces.values()) {
    if (each.config.device !== device || each.state === 'Down') continue
    first ??= each
    const { address, network, link } = each
    const { prefixLength, peer } = link
    const isOwner = isMulticast
      ? source === peer || networkOf(source, prefixLength) === network
      : destination === address
    if (isOwner && prefixLength >= (owner?.link.prefixLength ?? 0)) owner = each
  }
  return (owner ?? first ?? iface) !== iface
}

/** 8.2: a packet of the backbone that came through another area belongs to a virtual link. */
function virtualLinkOf(
  router: Router,
  iface: Interface,
  { areaId, routerId }: PacketHeader,
): Interface | undefined {
  if (areaId !== BACKBONE || iface.area.id === BACKBONE) return undefined
  const link = virtualLinkTo(router, iface.area.id, routerId)
  return link?.state === 'Down' ? undefined : link
}

/** RFC 5082 3: a router farther away cannot send a packet that arrives with as much TTL as a neighbor's. */
function isFromNearby(
  router: Router,
  iface: Interface,
  { source, ttl }: Datagram,
  { routerId }: PacketHeader,
): boolean {
  const { ttlSecurity } = iface.config
  if (ttlSecurity === undefined || ttlSecurity.txOnly) return true
  const least = MAX_TTL + 1 - ttlSecurity.hops
  if (ttl >= least) {
    router.agree(iface, source, 'TTL')
    return true
  }
  router.mismatch(iface, source, routerId, 'TTL', `at least ${least}`, String(ttl))
  router.drop(iface, 'ttl')
  return false
}

/** The checks of 8.2 that concern area and subnet. */
function isOfSegment(
  router: Router,
  iface: Interface,
  source: number,
  { routerId, areaId }: PacketHeader,
): boolean {
  const refuse = (reason: DropReason): false => {
    router.drop(iface, reason)
    return false
  }
  if (areaId !== iface.area.id) {
    const [ours, theirs] = [formatIpv4(iface.area.id), formatIpv4(areaId)]
    router.mismatch(iface, source, routerId, 'area', ours, theirs)
    return refuse('area-mismatch')
  }
  if (iface.knowsByAddress && networkOf(source, iface.link.prefixLength) !== iface.network) {
    const ours = formatPrefix(iface.network, iface.link.prefixLength)
    router.mismatch(iface, source, routerId, 'subnet', ours, formatIpv4(source))
    return refuse('bad-source')
  }
  return true
}

/** The Router ID is that of somebody else. */
function isOfAnother(
  router: Router,
  iface: Interface,
  source: number,
  { routerId }: PacketHeader,
): boolean {
  const refuse = (reason: DropReason): false => {
    router.drop(iface, reason)
    return false
  }
  if (routerId === 0) return refuse('bad-router-id')
  if (routerId === router.routerId) {
    if (router.isNews(iface, `${source} router id`, '')) {
      router.say({
        type: 'duplicate-router-id',
        interface: iface.name,
        address: formatIpv4(source),
        routerId: formatIpv4(routerId),
      })
    }
    return refuse('duplicate-router-id')
  }
  return true
}

const neighborOf = (
  iface: Interface,
  source: number,
  { routerId }: PacketHeader,
): Neighbor | undefined => iface.neighbors.get(iface.knowsByAddress ? source : routerId)

function dispatch(iface: Interface, datagram: Datagram, { header, body }: Packet): void {
  const { router } = iface
  iface.packets.received[header.type - 1]!++
  if (body.kind === 'hello') return receiveHello(iface, datagram, header, body)
  const neighbor = neighborOf(iface, datagram.source, header)
  if (neighbor === undefined || neighbor.routerId !== header.routerId) {
    return router.drop(iface, 'unknown-neighbor')
  }
  switch (body.kind) {
    case 'database-description':
      return receiveDatabaseDescription(iface, neighbor, body)
    case 'ls-request':
      return receiveRequest(iface, neighbor, body)
    case 'ls-update':
      return receiveUpdate(iface, neighbor, body)
    case 'ls-ack':
      return receiveAck(iface, neighbor, body)
  }
}
