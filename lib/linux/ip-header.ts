/** The IPv4 header (RFC 791) around an OSPF packet: all that a raw socket leaves to its user. */

/** Octets of a header without options: what we write. */
export const IP_HEADER_LENGTH = 20

/** OSPF's protocol number (RFC 2328 appendix A.1). */
export const IP_PROTOCOL_OSPF = 89

export interface IpPacket {
  readonly source: number
  readonly destination: number
  readonly ttl: number
  /** A view of what was received, without header and without padding. */
  readonly payload: Uint8Array
}

/** Takes the header off a received packet. Undefined: not a whole IPv4 packet of protocol 89. */
export function parseIpPacket(bytes: Uint8Array): IpPacket | undefined {
  if (bytes.length < IP_HEADER_LENGTH) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const first = view.getUint8(0)
  const headerLength = (first & 0x0f) * 4
  const totalLength = view.getUint16(2)
  if (first >> 4 !== 4 || headerLength < IP_HEADER_LENGTH) return undefined
  if (totalLength < headerLength || totalLength > bytes.length) return undefined
  if (view.getUint8(9) !== IP_PROTOCOL_OSPF) return undefined
  return {
    source: view.getUint32(12),
    destination: view.getUint32(16),
    ttl: view.getUint8(8),
    payload: bytes.subarray(headerLength, totalLength),
  }
}

/**
 * An IP packet of protocol 89 around `payload`. The kernel fills identification and header checksum (`man 7 raw`,
 * IP_HDRINCL).
 */
export function buildIpPacket(
  header: {
    readonly source: number
    readonly destination: number
    readonly ttl: number
    readonly tos: number
  },
  payload: Uint8Array,
): Uint8Array {
  const packet = new Uint8Array(IP_HEADER_LENGTH + payload.length)
  const view = new DataView(packet.buffer)
  view.setUint8(0, 0x45)
  view.setUint8(1, header.tos)
  view.setUint16(2, packet.length)
  view.setUint8(8, header.ttl)
  view.setUint8(9, IP_PROTOCOL_OSPF)
  view.setUint32(12, header.source)
  view.setUint32(16, header.destination)
  packet.set(payload, IP_HEADER_LENGTH)
  return packet
}
