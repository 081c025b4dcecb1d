/** The raw socket of an OSPF interface: how it is set up, and how a packet leaves through it. */
import { OspfError } from '../errors.ts'
import type { DatagramPort } from '../ports.ts'
import { formatIpv4 } from '../wire/address.ts'
import { buildIpPacket, IP_PROTOCOL_OSPF } from './ip-header.ts'
import { errnoOf, kernelError, type OpenRawSocket, type RawSocket } from './raw-socket.ts'

/** Name, index and primary address of the device. */
export type Place = Parameters<DatagramPort['open']>[0]

/** With the system's default (208 KiB) a burst of updates is lost. */
const RECEIVE_BUFFER = 8 * 1024 * 1024

/** Internetwork control (RFC 2328 appendix A.1), and the one hop that a packet of ours may go, but for GTSM. */
const TOS = 0xc0
const TTL = 1

/** Level and option, as in the Linux headers. */
const Option = {
  dontRoute: [1, 5],
  receiveBuffer: [1, 8],
  priority: [1, 12],
  bindToDevice: [1, 25],
  receiveBufferForce: [1, 33],
  tos: [0, 1],
  ttl: [0, 2],
  headerIncluded: [0, 3],
  mtuDiscover: [0, 10],
  multicastInterface: [0, 32],
  multicastTtl: [0, 33],
  multicastLoop: [0, 34],
  join: [0, 35],
  leave: [0, 36],
  multicastAll: [0, 49],
} as const

/** Use the device's MTU and no other, never set DF, fragment where needed. */
const IP_PMTUDISC_OMIT = 5

/**
 * Opens and configures the raw socket of an interface. Throws ERR_OSPF_PERMISSION, ERR_OSPF_NO_INTERFACE or
 * ERR_OSPF_KERNEL.
 */
export function openOspfSocket(
  openRaw: OpenRawSocket,
  link: Place,
  groups: Iterable<number>,
  receiveBuffer: number = RECEIVE_BUFFER,
): RawSocket {
  // A longer name would be cut, and the empty one means any device.
  if (link.name === '' || Buffer.byteLength(link.name) > 15) {
    throw new OspfError('ERR_OSPF_NO_INTERFACE', `no device '${link.name}'`)
  }
  let raw: RawSocket | undefined
  try {
    raw = openRaw(IP_PROTOCOL_OSPF)
    // The binding calls it when the socket is closed, too.
    raw.emit = nothing
    configure(raw, link, receiveBuffer)
    for (const group of groups) setMembership(raw, link, group, true)
    return raw
  } catch (error) {
    raw?.close()
    throw openingError(error, link.name)
  }
}

/** Order matters: setting IP_TOS sets the priority too. */
function configure(raw: RawSocket, link: Place, receiveBuffer: number): void {
  bind(raw, link.name)
  const multicast = ipMreqn(0, link)
  raw.setOption(...Option.multicastInterface, multicast, multicast.length)
  raw.setOption(...Option.multicastLoop, 0)
  // Without this a socket gets the groups that any other socket of the machine joined on the device.
  raw.setOption(...Option.multicastAll, 0)
  raw.setOption(...Option.tos, TOS)
  // Neighbors are on the link: no route, least of all one of our own, is to say otherwise.
  raw.setOption(...Option.dontRoute, 1)
  raw.setOption(...Option.mtuDiscover, IP_PMTUDISC_OMIT)
  raw.setOption(...Option.headerIncluded, 1)
  // Above what the system allows everyone, and priority 7, take CAP_NET_ADMIN.
  if (!allowed(() => raw.setOption(...Option.receiveBufferForce, receiveBuffer))) {
    raw.setOption(...Option.receiveBuffer, receiveBuffer)
  }
  if (!allowed(() => raw.setOption(...Option.priority, 7))) raw.setOption(...Option.priority, 6)
}

function bind(raw: RawSocket, name: string): void {
  const device = Buffer.from(`${name}\0`)
  raw.setOption(...Option.bindToDevice, device, device.length)
}

/**
 * Opens a socket that hears nothing, for packets that are routed (RFC 2328 15): bound to no device, or to that of a VRF,
 * whose routes are used then.
 */
export function openRoutedSocket(openRaw: OpenRawSocket, vrf?: string): RawSocket {
  let raw: RawSocket | undefined
  try {
    raw = openRaw(IP_PROTOCOL_OSPF)
    raw.emit = nothing
    if (vrf !== undefined) bind(raw, vrf)
    raw.setOption(...Option.headerIncluded, 1)
    raw.setOption(...Option.tos, TOS)
    // every OSPF packet of the machine would be queued here
    raw.setOption(...Option.receiveBuffer, 1)
    raw.pause(true, true)
    return raw
  } catch (error) {
    raw?.close()
    throw openingError(error, vrf ?? 'any device')
  }
}

/** Hops that a packet of a virtual link may go. */
export const ROUTED_TTL = 64

function allowed(set: () => void): boolean {
  try {
    set()
    return true
  } catch (error) {
    if (errnoOf(error) === 'EPERM') return false
    throw error
  }
}

/**
 * With a header of our own, since the source address is the interface's primary address whatever routes and further
 * addresses say. The kernel does not fragment such a packet: what exceeds the MTU goes without.
 */
export function sendPacket(
  raw: RawSocket,
  source: number,
  destination: number,
  payload: Uint8Array,
  ttl: number = TTL,
): void {
  const packet = buildIpPacket({ source, destination, ttl, tos: TOS }, payload)
  const to = formatIpv4(destination)
  try {
    raw.send(packet, 0, packet.length, to, nothing)
  } catch (error) {
    if (errnoOf(error) !== 'EMSGSIZE') throw error
    raw.setOption(...Option.headerIncluded, 0)
    raw.setOption(...Option.ttl, ttl)
    raw.setOption(...Option.multicastTtl, ttl)
    try {
      raw.send(payload, 0, payload.length, to, nothing)
    } finally {
      raw.setOption(...Option.headerIncluded, 1)
    }
  }
}

const nothing = (): void => {}

export function setMembership(raw: RawSocket, link: Place, group: number, join: boolean): void {
  const request = ipMreqn(group, link)
  const [level, option] = join ? Option.join : Option.leave
  raw.setOption(level, option, request, request.length)
}

/** struct ip_mreqn: group, local address, and the index of the device in the machine's byte order. */
function ipMreqn(group: number, link: Place): Uint8Array {
  const request = new Uint8Array(12)
  const view = new DataView(request.buffer)
  view.setUint32(0, group)
  view.setUint32(4, link.address)
  new Int32Array(request.buffer, 8, 1)[0] = link.index
  return request
}

function openingError(error: unknown, name: string): OspfError {
  switch (errnoOf(error)) {
    case 'EPERM':
      return kernelError(
        error,
        `a raw socket on ${name} takes CAP_NET_RAW: run as root, or give node the capability ` +
          `(setcap cap_net_raw,cap_net_admin+ep ${process.execPath})`,
        'ERR_OSPF_PERMISSION',
      )
    case 'ENODEV':
    case 'EADDRNOTAVAIL':
      return kernelError(error, `no device ${name}`, 'ERR_OSPF_NO_INTERFACE')
    default:
      return kernelError(error, `opening a raw socket on ${name}`)
  }
}
