/**
 * LSAs: the header they share, their body by LS type, and their bytes, which are what is flooded
 * on.
 */
import { type DecodeError, Reader, u32At, Writer } from './bytes.ts'
import { fletcher } from './checksum.ts'
import { decodeExternalLsa, type ExternalLsaBody, encodeExternalLsa } from './external-lsa.ts'
import { decodeNetworkLsa, encodeNetworkLsa, type NetworkLsaBody } from './network-lsa.ts'
import { decodeOpaqueLsa, encodeOpaqueLsa, type OpaqueLsaBody } from './opaque-lsa.ts'
import { decodeRouterLsa, encodeRouterLsa, isRouterLsa, type RouterLsaBody } from './router-lsa.ts'
import { decodeSummaryLsa, encodeSummaryLsa, type SummaryLsaBody } from './summary-lsa.ts'

/** LS types: RFC 2328 A.4.1, RFC 3101 (7) and RFC 5250 (9 to 11). */
export const LsType = {
  router: 1,
  network: 2,
  summaryNetwork: 3,
  summaryAsbr: 4,
  external: 5,
  nssa: 7,
  opaqueLink: 9,
  opaqueArea: 10,
  opaqueAs: 11,
} as const

/** Octets of the LSA header. */
export const LSA_HEADER_LENGTH = 20

/** The header of every LSA (A.4.1). */
export interface LsaHeader {
  /** LS age in seconds. */
  readonly age: number
  readonly options: number
  /** LS type; see LsType. */
  readonly type: number
  readonly lsId: number
  readonly advertisingRouter: number
  /** LS sequence number, signed (12.1.6). */
  readonly sequence: number
  readonly checksum: number
  /** Octets of the whole LSA. */
  readonly length: number
}

/** Link State ID in the bytes of an LSA. */
export const lsIdOf = (raw: Uint8Array): number => u32At(raw, 4)

/** Advertising Router in the bytes of an LSA. */
export const advertisingRouterOf = (raw: Uint8Array): number => u32At(raw, 8)

/** An LSA as it came: the header decoded, the bytes as they were. */
export interface RawLsa {
  readonly header: LsaHeader
  /** Header and body, `header.length` octets: a copy, that others of the same packet may share a buffer with. */
  readonly raw: Uint8Array
}

/** An LSA of an LS type that this library does not know. */
export interface UnknownLsaBody {
  readonly kind: 'unknown'
  readonly data: Uint8Array
}

/** What an LSA says, by `kind`. */
export type LsaBody =
  | RouterLsaBody
  | NetworkLsaBody
  | SummaryLsaBody
  | ExternalLsaBody
  | OpaqueLsaBody
  | UnknownLsaBody

/** An LSA with its body decoded. It is shared between databases: nothing in it is ever written. */
export interface Lsa extends RawLsa {
  readonly body: LsaBody
}

/*
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |            LS age             |    Options    |    LS type    |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                        Link State ID                          |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                     Advertising Router                        |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                     LS sequence number                        |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |         LS checksum           |             length            |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
const CHECKSUM_AT = 16
const LENGTH_AT = 18

/**
 * Reads an LSA header (A.4.1). Its length field is not compared with anything. Throws DecodeError
 * 'truncated'.
 */
export function decodeLsaHeader(r: Reader): LsaHeader {
  return r.fields(LSA_HEADER_LENGTH, headerAt)
}

const headerAt = (view: DataView, at: number): LsaHeader => ({
  age: view.getUint16(at),
  options: view.getUint8(at + 2),
  type: view.getUint8(at + 3),
  lsId: view.getUint32(at + 4),
  advertisingRouter: view.getUint32(at + 8),
  sequence: view.getInt32(at + 12),
  checksum: view.getUint16(at + CHECKSUM_AT),
  length: view.getUint16(at + LENGTH_AT),
})

/** Writes an LSA header (A.4.1) as it is, checksum and length included. */
export function encodeLsaHeader(h: LsaHeader, w: Writer): void {
  w.fields(LSA_HEADER_LENGTH, putHeader, h)
}

function putHeader(view: DataView, at: number, h: LsaHeader): void {
  view.setUint16(at, h.age)
  view.setUint8(at + 2, h.options)
  view.setUint8(at + 3, h.type)
  view.setUint32(at + 4, h.lsId)
  view.setUint32(at + 8, h.advertisingRouter)
  view.setInt32(at + 12, h.sequence)
  view.setUint16(at + CHECKSUM_AT, h.checksum)
  view.setUint16(at + LENGTH_AT, h.length)
}

/**
 * Reads LSA headers until the bytes end: the lists of Database Description and Link State
 * Acknowledgment packets.
 */
export function decodeLsaHeaders(r: Reader): LsaHeader[] {
  const headers: LsaHeader[] = []
  while (r.remaining > 0) headers.push(decodeLsaHeader(r))
  return headers
}

/**
 * Reads one LSA and copies its bytes; the body stays undecoded. Throws DecodeError: 'length' for a
 * length below that of the header, 'truncated' for one beyond the bytes.
 */
export function decodeRawLsa(r: Reader): RawLsa {
  const { header, raw } = frameLsa(r)
  return { header, raw: new Uint8Array(raw) }
}

/** The same with a view of the bytes. Throws as `decodeRawLsa`. */
export function frameLsa(r: Reader): RawLsa {
  const start = r.offset
  const header = decodeLsaHeader(r)
  if (header.length < LSA_HEADER_LENGTH) throw badLength(r, header)
  r.offset = start
  return { header, raw: r.bytes(header.length) }
}

/**
 * Decodes the body of an LSA. A `data` in the body is a view of `raw`. The checksum is not looked
 * at (13 (1) comes before this). Throws DecodeError on a malformed body; an unknown LS type is
 * none.
 */
export function decodeLsa(lsa: RawLsa): Lsa {
  const { header, raw } = lsa
  const r = new Reader(raw, Math.min(LSA_HEADER_LENGTH, raw.length))
  if (header.length !== raw.length || header.length < LSA_HEADER_LENGTH) throw badLength(r, header)
  const body = decodeBody(header, r)
  r.end()
  return { header, raw, body }
}

/**
 * The same, but the body of a router-LSA is checked now and decoded whenever it is asked for: a database holds thousands
 * of them, and its calculations read the bytes. Throws as `decodeLsa`.
 */
export function takeLsa(lsa: RawLsa): Lsa {
  const { header, raw } = lsa
  const isPlain = header.type === LsType.router && header.length === raw.length
  return isPlain && isRouterLsa(raw) ? new TakenLsa(header, raw) : decodeLsa(lsa)
}

class TakenLsa implements Lsa {
  readonly header: LsaHeader
  readonly raw: Uint8Array

  constructor(header: LsaHeader, raw: Uint8Array) {
    this.header = header
    this.raw = raw
  }

  get body(): LsaBody {
    return decodeLsa(this).body
  }
}

function decodeBody(header: LsaHeader, r: Reader): LsaBody {
  switch (header.type) {
    case LsType.opaqueLink:
    case LsType.opaqueArea:
    case LsType.opaqueAs:
      return decodeOpaqueLsa(header.lsId, r)
  }
  // Only opaque data may have an odd length: every other format is made of 32-bit words.
  if (header.length % 4 !== 0) throw badLength(r, header)
  switch (header.type) {
    case LsType.router:
      return decodeRouterLsa(r)
    case LsType.network:
      return decodeNetworkLsa(r)
    case LsType.summaryNetwork:
    case LsType.summaryAsbr:
      return decodeSummaryLsa(header.type, r)
    case LsType.external:
    case LsType.nssa:
      return decodeExternalLsa(r)
    default:
      return { kind: 'unknown', data: r.bytes(r.remaining) }
  }
}

/** Makes an LSA, with its length and checksum filled in. Throws RangeError beyond 65535 octets. */
export function encodeLsa(header: Omit<LsaHeader, 'checksum' | 'length'>, body: LsaBody): Lsa {
  const w = new Writer()
  encodeLsaHeader({ ...header, checksum: 0, length: 0 }, w)
  encodeBody(body, w)
  const length = w.length
  if (length > 0xffff) throw new RangeError(`an LSA of ${length} octets`)
  w.setU16(LENGTH_AT, length)
  const raw = w.finish()
  const checksum = fletcher(raw)
  new DataView(raw.buffer).setUint16(CHECKSUM_AT, checksum)
  const { age, options, type, lsId, advertisingRouter, sequence } = header
  // one by one: an object that is spread with more fields behind gets a hidden class of its own in V8, 300 octets each
  const whole = { age, options, type, lsId, advertisingRouter, sequence, checksum, length }
  return { header: whole, raw, body }
}

function encodeBody(body: LsaBody, w: Writer): void {
  switch (body.kind) {
    case 'router':
      encodeRouterLsa(body, w)
      break
    case 'network':
      encodeNetworkLsa(body, w)
      break
    case 'summary':
      encodeSummaryLsa(body, w)
      break
    case 'external':
      encodeExternalLsa(body, w)
      break
    case 'opaque':
      encodeOpaqueLsa(body, w)
      break
    case 'unknown':
      w.bytes(body.data)
  }
}

/**
 * A copy of an LSA's bytes with another LS age, in seconds. The checksum does not cover the age.
 */
export function withAge(raw: Uint8Array, age: number): Uint8Array {
  const copy = new Uint8Array(raw)
  new DataView(copy.buffer).setUint16(0, age)
  return copy
}

/** What identifies an LSA, whatever its instance (12.1), as a string. */
export function lsaKey(type: number, lsId: number, advertisingRouter: number): string {
  return `${type}/${lsId}/${advertisingRouter}`
}

function badLength(r: Reader, header: LsaHeader): DecodeError {
  return r.error('length', `a type ${header.type} LSA with a length of ${header.length}`)
}
