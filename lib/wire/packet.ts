/** OSPF packets (A.3): the header they share (A.3.1), and the body by type. */
import { DecodeError, Reader, Writer } from './bytes.ts'
import { ipChecksum } from './checksum.ts'
import {
  type DatabaseDescriptionBody,
  decodeDatabaseDescription,
  encodeDatabaseDescription,
} from './database-description.ts'
import { decodeHello, encodeHello, type HelloBody } from './hello.ts'
import { decodeLsAck, encodeLsAck, type LsAckBody } from './ls-ack.ts'
import { decodeLsRequest, encodeLsRequest, type LsRequestBody } from './ls-request.ts'
import { decodeLsUpdate, encodeLsUpdate, type LsUpdateBody, lsUpdateOctets } from './ls-update.ts'
import { LSA_HEADER_LENGTH } from './lsa.ts'

/** The packet types, by the `kind` of their bodies. */
export const PacketType = {
  hello: 1,
  'database-description': 2,
  'ls-request': 3,
  'ls-update': 4,
  'ls-ack': 5,
} as const

/** Octets of the packet header. */
export const PACKET_HEADER_LENGTH = 24

/** The header of every OSPF packet (A.3.1). */
export interface PacketHeader {
  readonly version: number
  /** See PacketType; may be one that does not exist. */
  readonly type: number
  /** Octets of header and body. */
  readonly length: number
  readonly routerId: number
  readonly areaId: number
  readonly checksum: number
  /** 0 null, 1 simple password, 2 cryptographic (appendix D). */
  readonly auType: number
  /** Eight octets, a view of the packet. */
  readonly authentication: Uint8Array
}

export type PacketBody =
  | HelloBody
  | DatabaseDescriptionBody
  | LsRequestBody
  | LsUpdateBody
  | LsAckBody

export interface Packet {
  readonly header: PacketHeader
  readonly body: PacketBody
  /** What follows the packet's length: a cryptographic digest, an LLS block (RFC 5613). A view. */
  readonly trailer: Uint8Array
}

const VERSION = 2
const CHECKSUM_AT = 12
const LENGTH_AT = 2
const AUTHENTICATION_AT = 16

/*
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |   Version #   |     Type      |         Packet length         |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                          Router ID                            |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                           Area ID                             |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |           Checksum            |             AuType            |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                       Authentication                          |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                       Authentication                          |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
/**
 * Reads the packet header at the start of `bytes`. Throws DecodeError: 'runt', 'version', or
 * 'length' when the packet length is less than the header or more than there is. The checksum is
 * not looked at.
 */
export function decodePacketHeader(bytes: Uint8Array): PacketHeader {
  return decodeHeader(new Reader(bytes))
}

function decodeHeader(r: Reader): PacketHeader {
  const available = r.remaining
  if (available < PACKET_HEADER_LENGTH) throw r.error('runt', `a packet of ${available} octets`)
  const header: PacketHeader = {
    version: r.u8(),
    type: r.u8(),
    length: r.u16(),
    routerId: r.u32(),
    areaId: r.u32(),
    checksum: r.u16(),
    auType: r.u16(),
    authentication: r.bytes(8),
  }
  const { version, length } = header
  if (version !== VERSION) throw new DecodeError('version', 0, `OSPF version ${version}`)
  if (length < PACKET_HEADER_LENGTH || length > available) {
    throw new DecodeError('length', LENGTH_AT, `packet length ${length} of ${available} octets`)
  }
  return header
}

/**
 * Reads a packet: header and body. Whatever has to be verified of the header (8.2, appendix D) is
 * the caller's affair. Throws DecodeError: those of the header, 'unknown-type', or what is wrong
 * with the body.
 */
export function decodePacket(bytes: Uint8Array): Packet {
  const r = new Reader(bytes)
  const header = decodeHeader(r)
  const body = decodeBody(header.type, r.sub(header.length - PACKET_HEADER_LENGTH))
  return { header, body, trailer: r.bytes(r.remaining) }
}

function decodeBody(type: number, r: Reader): PacketBody {
  switch (type) {
    case PacketType.hello:
      return decodeHello(r)
    case PacketType['database-description']:
      return decodeDatabaseDescription(r)
    case PacketType['ls-request']:
      return decodeLsRequest(r)
    case PacketType['ls-update']:
      return decodeLsUpdate(r)
    case PacketType['ls-ack']:
      return decodeLsAck(r)
    default:
      throw new DecodeError('unknown-type', 1, `packet type ${type}`)
  }
}

/**
 * Makes a packet with null authentication (AuType 0) and the checksum filled in. Throws RangeError
 * beyond 65535 octets.
 */
export function encodePacket(
  header: { readonly routerId: number; readonly areaId: number },
  body: PacketBody,
): Uint8Array {
  const w = new Writer(PACKET_HEADER_LENGTH + roomFor(body))
  w.u8(VERSION).u8(PacketType[body.kind]).u16(0).u32(header.routerId).u32(header.areaId)
  w.u16(0).u16(0).zero(8)
  encodeBody(body, w)
  if (w.length > 0xffff) throw new RangeError(`an OSPF packet of ${w.length} octets`)
  w.setU16(LENGTH_AT, w.length)
  const bytes = w.finish()
  new DataView(bytes.buffer).setUint16(CHECKSUM_AT, packetChecksum(bytes))
  return bytes
}

/** Octets of a body; of those that are short, more than it takes. */
function roomFor(body: PacketBody): number {
  if (body.kind === 'ls-update') return lsUpdateOctets(body)
  return body.kind === 'ls-ack' ? body.headers.length * LSA_HEADER_LENGTH : SHORT_BODY
}

const SHORT_BODY = 104

function encodeBody(body: PacketBody, w: Writer): void {
  switch (body.kind) {
    case 'hello':
      encodeHello(body, w)
      break
    case 'database-description':
      encodeDatabaseDescription(body, w)
      break
    case 'ls-request':
      encodeLsRequest(body, w)
      break
    case 'ls-update':
      encodeLsUpdate(body, w)
      break
    case 'ls-ack':
      encodeLsAck(body, w)
  }
}

/**
 * True when the checksum of a packet with AuType 0 or 1 is right. `length` is the header's; the
 * eight authentication octets are left out. With AuType 2 the checksum is not set (D.4.3): do not
 * ask.
 */
export function verifyChecksum(bytes: Uint8Array, length: number): boolean {
  if (length < PACKET_HEADER_LENGTH || length > bytes.length) return false
  return packetChecksum(bytes.subarray(0, length)) === 0
}

/** The checksum of a packet whose checksum field is 0; the eight authentication octets are left out (A.3.1). */
export function packetChecksum(bytes: Uint8Array): number {
  return ipChecksum(bytes, AUTHENTICATION_AT, PACKET_HEADER_LENGTH)
}
