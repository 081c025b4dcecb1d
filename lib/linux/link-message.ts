/** RTM_*LINK and RTM_*ADDR as values, and what they make of a device. Numbers from linux/if.h, if_link.h, if_addr.h. */
import type { Link } from '../ports.ts'
import { Attributes, fixed, PayloadWriter } from './netlink-message.ts'

export const RTM_NEWLINK = 16
export const RTM_DELLINK = 17
export const RTM_GETLINK = 18
export const RTM_NEWADDR = 20
export const RTM_DELADDR = 21
export const RTM_GETADDR = 22

const IFLA_IFNAME = 3
const IFLA_MTU = 4
const IFLA_MASTER = 10
const IFLA_LINKINFO = 18
const IFLA_INFO_KIND = 1
const IFLA_INFO_DATA = 2
const IFLA_VRF_TABLE = 1
const IFA_ADDRESS = 1
const IFA_LOCAL = 2
const IFA_LABEL = 3
const IFA_FLAGS = 8
/** Since Linux 5.18; older kernels pass over it. */
const IFA_PROTO = 11
const IFA_F_SECONDARY = 0x01
const IFF_UP = 0x01
const IFF_BROADCAST = 0x02
const IFF_LOOPBACK = 0x08
/** struct ifinfomsg */
const IFINFO = 16
/** Up and able to pass packets: the kernel computes it from the operational state. */
const IFF_RUNNING = 0x40
const RT_SCOPE_UNIVERSE = 0
const RT_SCOPE_HOST = 254
const AF_UNSPEC = 0
const AF_INET = 2

export interface Device {
  readonly index: number
  readonly name: string
  readonly flags: number
  readonly mtu: number
  /** Index of the device that it is part of: a bridge, a bond, a VRF. */
  readonly master?: number
  /** It is a VRF: the number of its table. */
  readonly table?: number
}

export interface Address {
  readonly index: number
  readonly address: number
  readonly prefixLength: number
  readonly peer: number | undefined
  readonly secondary: boolean
  readonly scope: number
  /** Who added it, by the numbers of routing protocols; 0: nobody said. */
  readonly protocol: number
}

/** Reads struct ifinfomsg. Some notifications are partial: what they leave out stays as in `known`. */
export function decodeDevice(
  payload: Uint8Array,
  known: ReadonlyMap<number, Device>,
): Device | undefined {
  // A port that leaves a bridge is told as RTM_DELLINK, too, of family AF_BRIDGE: the device is still there.
  if (payload.length < IFINFO || payload[0] !== AF_UNSPEC) return undefined
  const header = fixed(payload)
  const index = header.i32(4)
  const attributes = new Attributes(payload, IFINFO)
  const name = attributes.text(IFLA_IFNAME) ?? known.get(index)?.name
  if (name === undefined) return undefined
  const mtu = attributes.u32(IFLA_MTU)
  const flags = header.u32(8)
  // one that has no MTU is partial
  if (mtu === undefined) return { mtu: 0, ...known.get(index), index, name, flags }
  const master = attributes.u32(IFLA_MASTER)
  const table = decodeVrfTable(payload)
  return {
    index,
    name,
    flags,
    mtu,
    ...(master === undefined ? {} : { master }),
    ...(table === undefined ? {} : { table }),
  }
}

/** The table of a device as it is read; undefined when it is no VRF. */
export function decodeVrfTable(payload: Uint8Array): number | undefined {
  const info = new Attributes(payload, IFINFO).bytes(IFLA_LINKINFO)
  if (info === undefined) return undefined
  const inner = new Attributes(info, 0)
  const data = inner.bytes(IFLA_INFO_DATA)
  if (inner.text(IFLA_INFO_KIND) !== 'vrf' || data === undefined) return undefined
  return new Attributes(data, 0).u32(IFLA_VRF_TABLE)
}

/** Reads struct ifaddrmsg. */
export function decodeAddress(payload: Uint8Array): Address | undefined {
  if (payload.length < 8 || payload[0] !== AF_INET) return undefined
  const header = fixed(payload)
  const attributes = new Attributes(payload, 8)
  // IFA_ADDRESS is the other end of a point-to-point link, elsewhere the same as IFA_LOCAL.
  const end = attributes.ipv4(IFA_ADDRESS)
  const address = attributes.ipv4(IFA_LOCAL) ?? end
  if (address === undefined) return undefined
  const flags = attributes.u32(IFA_FLAGS) ?? header.u8(2)
  return {
    index: header.u32(4),
    address,
    prefixLength: header.u8(1),
    peer: end === address ? undefined : end,
    secondary: (flags & IFA_F_SECONDARY) !== 0,
    scope: header.u8(3),
    protocol: attributes.u8(IFA_PROTO) ?? 0,
  }
}

/**
 * Payload of a request that adds or removes an address. `protocol`: who adds it. `label`: of at most 15 characters, the
 * device's name and what follows it after a colon. `scope`: default 'host' for 127/8, else 'global'.
 */
export function encodeAddress(
  index: number,
  address: number,
  prefixLength: number,
  {
    protocol,
    label,
    scope: wanted = address >>> 24 === 127 ? 'host' : 'global',
  }: {
    readonly protocol?: number
    readonly label?: string | undefined
    readonly scope?: 'global' | 'host' | undefined
  } = {},
): Uint8Array {
  const scope = wanted === 'host' ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE
  const writer = new PayloadWriter()
    .u8(AF_INET)
    .u8(prefixLength)
    .u8(0)
    .u8(scope)
    .u32(index)
    .attributeIpv4(IFA_LOCAL, address)
    .attributeIpv4(IFA_ADDRESS, address)
  if (protocol !== undefined) writer.attribute(IFA_PROTO, Uint8Array.of(protocol))
  if (label !== undefined) writer.attributeText(IFA_LABEL, label)
  return writer.finish()
}

/** Payload of RTM_GETLINK: every device, or the one of that name. */
export function encodeLinkQuery(name?: string): Uint8Array {
  const writer = new PayloadWriter().u8(AF_UNSPEC).bytes(new Uint8Array(15))
  return (name === undefined ? writer : writer.attributeText(IFLA_IFNAME, name)).finish()
}

/** Payload of RTM_GETADDR: every IPv4 address. */
export function encodeAddressQuery(): Uint8Array {
  return new PayloadWriter().u8(AF_INET).bytes(new Uint8Array(7)).finish()
}

/** A device with its addresses, which come in the kernel's order, and the VRF that it is part of. */
export function makeLink(device: Device, addresses: readonly Address[], vrf?: string): Link {
  const { index, name, flags, mtu, table } = device
  const loopback = (flags & IFF_LOOPBACK) !== 0
  const ordered = [...addresses].sort((a, b) => rank(a) - rank(b))
  return {
    name,
    index,
    up: (flags & IFF_UP) !== 0 && (loopback || (flags & IFF_RUNNING) !== 0),
    loopback,
    broadcast: (flags & IFF_BROADCAST) !== 0,
    mtu,
    ...(vrf === undefined ? {} : { vrf }),
    ...(table === undefined ? {} : { table }),
    address: ordered[0]?.address,
    prefixLength: ordered[0]?.prefixLength ?? 0,
    addresses: ordered.map(({ address, prefixLength, secondary, peer, protocol }) => ({
      address,
      prefixLength,
      secondary,
      peer,
      ...(protocol === 0 ? {} : { protocol }),
    })),
  }
}

/**
 * The lowest is the primary address, the first in the kernel's order among equals. A host address beside one of a
 * subnet is a VIP and never displaces it, and 127.0.0.1 gives way to everything.
 */
function rank({ secondary, scope, prefixLength, peer }: Address): number {
  const vip = prefixLength === 32 && peer === undefined
  return (
    (secondary ? 8 : 0) +
    (scope === RT_SCOPE_HOST ? 4 : 0) +
    (vip ? 2 : 0) +
    (scope === RT_SCOPE_UNIVERSE ? 0 : 1)
  )
}
