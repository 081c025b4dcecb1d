/**
 * What is asked of devices beyond reading them: tunnels that decapsulate, UDP ports of GUE, neighbors by ARP. Numbers from
 * linux/if_link.h, if_tunnel.h, neighbour.h and fou.h.
 */
import type { TunnelDetails } from '../ports.ts'
import { Attributes, fixed, PayloadWriter } from './netlink-message.ts'

const AF_UNSPEC = 0
const AF_INET = 2
const IFF_UP = 1

const IFLA_IFNAME = 3
const IFLA_MTU = 4
const IFLA_LINKINFO = 18
const IFLA_INFO_KIND = 1
const IFLA_INFO_DATA = 2
/** Of gre: flags of what comes in, in network order. */
const IFLA_GRE_IFLAGS = 2
const GRE_CSUM = 0x8000
/** Of the attributes of each kind, that of the local address. */
const localOf = { ipip: 2, gre: 6 } as const

export type TunnelKind = keyof typeof localOf

const NDA_DST = 1
const NDA_LLADDR = 2
/** Resolve it now. */
const NTF_USE = 1

const FOU_VERSION = 1
const FOU_ATTR_PORT = 1
const FOU_ATTR_AF = 2
const FOU_ATTR_TYPE = 4
const FOU_ENCAP_GUE = 2
const CTRL_CMD_GETFAMILY = 3
const CTRL_ATTR_FAMILY_ID = 1
const CTRL_ATTR_FAMILY_NAME = 2

/** Commands of the family `fou`. */
export const FouCommand = { add: 1, remove: 2, get: 3 } as const

/** States of a neighbor, as far as they say how a question ended. */
export const NeighborState = {
  incomplete: 0x01,
  failed: 0x20,
  noArp: 0x40,
  permanent: 0x80,
} as const

/** struct ifinfomsg. */
const device = (index: number, flags = 0, change = 0): PayloadWriter =>
  new PayloadWriter().u8(AF_UNSPEC).u8(0).u16(0).u32(index).u32(flags).u32(change)

/** What kind of device it is ('ipip', 'veth'); undefined: a plain one. */
export const decodeKind = (payload: Uint8Array): string | undefined =>
  new Attributes(payload, 16).nested(IFLA_LINKINFO)?.text(IFLA_INFO_KIND)

/** The local address of a tunnel; undefined: it has none of its own, or is no tunnel. */
export function decodeLocal(payload: Uint8Array): number | undefined {
  const info = new Attributes(payload, 16).nested(IFLA_LINKINFO)
  const kind = info?.text(IFLA_INFO_KIND)
  if (kind !== 'ipip' && kind !== 'gre') return undefined
  return info?.nested(IFLA_INFO_DATA)?.ipv4(localOf[kind]) || undefined
}

/**
 * A tunnel with any other end; without `local` for packets to any address. `checksum`, of gre: the device takes packets
 * with a checksum, and no others.
 */
export const encodeTunnel = (
  name: string,
  kind: TunnelKind,
  { local, checksum = false }: TunnelDetails,
): Uint8Array =>
  device(0)
    .attributeText(IFLA_IFNAME, name)
    .nested(IFLA_LINKINFO, (info) =>
      info.attributeText(IFLA_INFO_KIND, kind).nested(IFLA_INFO_DATA, (data) => {
        if (local !== undefined) data.attributeIpv4(localOf[kind], local)
        if (checksum) data.attributePort(IFLA_GRE_IFLAGS, GRE_CSUM)
      }),
    )
    .finish()

export const encodeUp = (index: number, up: boolean): Uint8Array =>
  device(index, up ? IFF_UP : 0, IFF_UP).finish()

export const encodeMtu = (index: number, mtu: number): Uint8Array =>
  device(index).attributeU32(IFLA_MTU, mtu).finish()

export const encodeDeviceKey = (index: number): Uint8Array => device(index).finish()

/** struct ndmsg, and which neighbor. `use`: the kernel shall ask for it. */
export const encodeNeighbor = (index: number, address: number, use = false): Uint8Array =>
  new PayloadWriter()
    .u8(AF_INET)
    .u8(0)
    .u16(0)
    .u32(index)
    .u16(0)
    .u8(use ? NTF_USE : 0)
    .u8(0)
    .attributeIpv4(NDA_DST, address)
    .finish()

export interface Neighbor {
  readonly index: number
  readonly address: number
  readonly state: number
  /** 'aa:bb:cc:00:11:22'; undefined: not known. */
  readonly mac: string | undefined
}

export function decodeNeighbor(payload: Uint8Array): Neighbor | undefined {
  if (payload.length < 12 || payload[0] !== AF_INET) return undefined
  const header = fixed(payload)
  const attributes = new Attributes(payload, 12)
  const address = attributes.ipv4(NDA_DST)
  if (address === undefined) return undefined
  const link = attributes.bytes(NDA_LLADDR)
  const mac = link && [...link].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
  return { index: header.u32(4), address, state: header.u16(8), mac }
}

/** Every neighbor. */
export const encodeNeighborQuery = (): Uint8Array =>
  new PayloadWriter().u8(AF_INET).bytes(new Uint8Array(11)).finish()

const generic = (command: number, version: number): PayloadWriter =>
  new PayloadWriter().u8(command).u8(version).u16(0)

/** Asks the controller of generic netlink for the number of a family. */
export const encodeFamilyQuery = (name: string): Uint8Array =>
  generic(CTRL_CMD_GETFAMILY, 1).attributeText(CTRL_ATTR_FAMILY_NAME, name).finish()

export const decodeFamily = (payload: Uint8Array): number | undefined =>
  new Attributes(payload, 4).u16(CTRL_ATTR_FAMILY_ID)

/** Opens or closes a UDP port that takes GUE. */
export const encodeGue = (command: number, port: number): Uint8Array =>
  generic(command, FOU_VERSION)
    .attributePort(FOU_ATTR_PORT, port)
    .attribute(FOU_ATTR_AF, Uint8Array.of(AF_INET))
    .attribute(FOU_ATTR_TYPE, Uint8Array.of(FOU_ENCAP_GUE))
    .finish()

export const encodeGueQuery = (): Uint8Array => generic(FouCommand.get, FOU_VERSION).finish()

/** The port, if it is one of GUE. */
export function decodeGue(payload: Uint8Array): number | undefined {
  const attributes = new Attributes(payload, 4)
  return attributes.u8(FOU_ATTR_TYPE) === FOU_ENCAP_GUE ? attributes.port(FOU_ATTR_PORT) : undefined
}
