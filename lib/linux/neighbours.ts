/** Which way the kernel would send a packet, and which neighbours do not answer: asked once, not followed. */
import { formatIpv4 } from '../wire/address.ts'
import type { NetlinkSocket } from './netlink.ts'
import { Attributes, fixed, PayloadWriter } from './netlink-message.ts'
import { RTM_GETROUTE } from './route-message.ts'

const AF_INET = 2
/** linux/rtnetlink.h, linux/neighbour.h */
const RTM_GETNEIGH = 30
const RTA_DST = 1
const RTA_OIF = 4
const RTA_GATEWAY = 5
const RTA_VIA = 18
const RTN_UNICAST = 1
const NDA_DST = 1
const NUD_INCOMPLETE = 0x01
const NUD_FAILED = 0x20

export interface Way {
  /** Index of the device. */
  readonly index: number
  /** The next router; undefined: the address is on the link. */
  readonly gateway: number | undefined
}

/**
 * The way to an address; undefined: one of this host, or none that is plain. Rejects with ERR_OSPF_KERNEL where there
 * is no route (errno ENETUNREACH, EHOSTUNREACH).
 */
export async function wayTo(socket: NetlinkSocket, address: number): Promise<Way | undefined> {
  // struct rtmsg: family, lengths of the two addresses, then zeros.
  const payload = new PayloadWriter()
    .u8(AF_INET)
    .u8(32)
    .bytes(new Uint8Array(10))
    .attributeIpv4(RTA_DST, address)
    .finish()
  const what = `look for the way to ${formatIpv4(address)}`
  const [reply] = await socket.request({ what, type: RTM_GETROUTE, payload })
  return reply === undefined ? undefined : decodeWay(reply.payload)
}

/** Reads struct rtmsg of such an answer. */
export function decodeWay(payload: Uint8Array): Way | undefined {
  if (payload.length < 12 || payload[0] !== AF_INET || payload[7] !== RTN_UNICAST) return undefined
  const attributes = new Attributes(payload, 12)
  const index = attributes.u32(RTA_OIF)
  if (index === undefined || attributes.bytes(RTA_VIA) !== undefined) return undefined
  return { index, gateway: attributes.ipv4(RTA_GATEWAY) }
}

/** Addresses that the kernel has asked for on the link in vain, or asks for now. */
export async function silentNeighbours(socket: NetlinkSocket): Promise<ReadonlySet<number>> {
  const payload = new PayloadWriter().u8(AF_INET).bytes(new Uint8Array(11)).finish()
  const what = 'list neighbours'
  const replies = await socket.dump({ what, type: RTM_GETNEIGH, payload })
  return new Set(
    replies.map((reply) => decodeSilent(reply.payload)).filter((a): a is number => a !== undefined),
  )
}

/** Reads struct ndmsg: the address, where nobody answers for it. */
export function decodeSilent(payload: Uint8Array): number | undefined {
  if (payload.length < 12 || payload[0] !== AF_INET) return undefined
  const state = fixed(payload).u16(8)
  if ((state & (NUD_INCOMPLETE | NUD_FAILED)) === 0) return undefined
  return new Attributes(payload, 12).ipv4(NDA_DST)
}
