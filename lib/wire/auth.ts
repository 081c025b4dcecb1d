/**
 * The seal of a packet: null, simple password and cryptographic authentication (RFC 2328 appendix D), HMAC-SHA
 * (RFC 5709), and the same with a 64-bit sequence number (RFC 7474). Digests are handed in; which key, which sequence
 * number and whether that is a replay is `core/authentication.ts`.
 *
 * A packet is made by `encodePacket` with null authentication and sealed when it leaves; a seal is checked on the bytes
 * as they came in. What follows packet and digest (an LLS block, RFC 5613) is no concern of the seal.
 */
import { PACKET_HEADER_LENGTH, type PacketHeader, packetChecksum } from './packet.ts'

/** The authentication types (D.1; 3: RFC 7474). */
export const AuType = { null: 0, simple: 1, cryptographic: 2, extended: 3 } as const

/** Keyed MD5 (D.4.3) and the HMACs of RFC 5709. */
export type AuthAlgorithm = 'md5' | 'hmac-sha-1' | 'hmac-sha-256' | 'hmac-sha-384' | 'hmac-sha-512'

/** The hash functions under the algorithms, as OpenSSL and node:crypto name them. */
export type HashName = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512'

/** Where digests come from: this code has no cryptography of its own. */
export interface Digests {
  hash(name: HashName, data: Uint8Array): Uint8Array
  /** RFC 2104. */
  hmac(name: HashName, key: Uint8Array, data: Uint8Array): Uint8Array
}

/** What a packet is sealed and checked with. */
export interface AuthKey {
  /** 0 to 255; with AuType 3 up to 2^32 - 1. */
  readonly id: number
  readonly algorithm: AuthAlgorithm
  /** Octets as they are, NUL among them. MD5 uses 16. */
  readonly key: Uint8Array
}

const hashes: Readonly<
  Record<AuthAlgorithm, { readonly hash: HashName; readonly octets: number }>
> = {
  md5: { hash: 'md5', octets: 16 },
  'hmac-sha-1': { hash: 'sha1', octets: 20 },
  'hmac-sha-256': { hash: 'sha256', octets: 32 },
  'hmac-sha-384': { hash: 'sha384', octets: 48 },
  'hmac-sha-512': { hash: 'sha512', octets: 64 },
}

/** The names of the algorithms, weakest first. */
export const authAlgorithms: readonly AuthAlgorithm[] = Object.keys(hashes) as AuthAlgorithm[]

/** The hash function of an algorithm. */
export const hashOf = (algorithm: AuthAlgorithm): HashName => hashes[algorithm].hash

/** Octets of a simple password; a shorter one is filled up with NULs (D.4.2). */
export const PASSWORD_OCTETS = 8
/** Octets of a key for MD5; a shorter one is filled up with NULs. */
export const MD5_KEY_OCTETS = 16

const CHECKSUM_AT = 12
const AUTYPE_AT = 14
const AUTHENTICATION_AT = 16
const KEY_ID_AT = 18
const DIGEST_OCTETS_AT = 19
const WORD_AT = 20
const SEQUENCE_OCTETS = 8

/** Octets that a seal adds to a packet: they count for the MTU and not in the packet's length field. */
export function sealOctets(algorithm: AuthAlgorithm, extended: boolean): number {
  return hashes[algorithm].octets + (extended ? SEQUENCE_OCTETS : 0)
}

/** D.4.2: the password stands in the packet, and the checksum leaves it out. Gives a new packet. */
export function sealSimple(packet: Uint8Array, password: Uint8Array): Uint8Array {
  const sealed = packet.slice()
  const view = viewOf(sealed)
  view.setUint16(AUTYPE_AT, AuType.simple)
  view.setUint16(CHECKSUM_AT, 0)
  view.setUint16(CHECKSUM_AT, packetChecksum(sealed))
  sealed.fill(0, AUTHENTICATION_AT, PACKET_HEADER_LENGTH)
  sealed.set(password.subarray(0, PASSWORD_OCTETS), AUTHENTICATION_AT)
  return sealed
}

/** Whether a packet carries the password. Takes as long whatever the answer. */
export function checkSimple({ authentication }: PacketHeader, password: Uint8Array): boolean {
  const expected = new Uint8Array(PASSWORD_OCTETS)
  expected.set(password.subarray(0, PASSWORD_OCTETS))
  return equalOctets(authentication, expected)
}

/*
 * The authentication field, and what follows the packet:
 *
 *   AuType 2 (D.3)                                      AuType 3 (RFC 7474 3)
 *   +---------------+---------------+                   +---------------+---------------+
 *   |       0       | Key ID | Len  |                   |          0           |  Len   |
 *   +---------------+---------------+                   +---------------+---------------+
 *   |        Sequence number        |                   |            Key ID             |
 *   +---------------+---------------+                   +---------------+---------------+
 *       ... body, digest                                    ... body, 64-bit sequence number, digest
 */
/**
 * Seals with a digest that follows the packet (D.4.3, RFC 5709 3.3, RFC 7474 5). Gives new bytes, longer than the
 * packet's length says.
 * @param source our address on the interface; RFC 7474 puts it under the digest.
 */
export function sealCryptographic(
  packet: Uint8Array,
  key: AuthKey,
  seal: { readonly extended: boolean; readonly sequence: bigint; readonly source: number },
  digests: Digests,
): Uint8Array {
  const { extended, sequence, source } = seal
  const { octets } = hashes[key.algorithm]
  const digestAt = packet.length + (extended ? SEQUENCE_OCTETS : 0)
  const sealed = new Uint8Array(digestAt + octets)
  sealed.set(packet)
  const view = viewOf(sealed)
  // the digest stands for the checksum, which is not set
  view.setUint16(CHECKSUM_AT, 0)
  view.setUint16(AUTYPE_AT, extended ? AuType.extended : AuType.cryptographic)
  view.setUint16(AUTHENTICATION_AT, 0)
  view.setUint8(KEY_ID_AT, extended ? 0 : key.id)
  view.setUint8(DIGEST_OCTETS_AT, octets)
  view.setUint32(WORD_AT, extended ? key.id : Number(sequence & 0xffffffffn))
  if (extended) view.setBigUint64(packet.length, sequence)
  sealed.set(
    digestOf(sealed.subarray(0, digestAt), key, extended ? source : undefined, digests),
    digestAt,
  )
  return sealed
}

/** What a packet with AuType 2 or 3 says of its seal. */
export interface Seal {
  readonly extended: boolean
  readonly keyId: number
  /** What it says of its digest; that of the algorithm counts. */
  readonly digestOctets: number
  readonly sequence: bigint
  /** Where the digest starts. */
  readonly digestAt: number
}

/** Reads the seal of a packet with AuType 2 or 3; undefined: the bytes end before the 64-bit sequence number does. */
export function readSeal(bytes: Uint8Array, header: PacketHeader): Seal | undefined {
  const { length } = header
  const extended = header.auType === AuType.extended
  const digestAt = length + (extended ? SEQUENCE_OCTETS : 0)
  if (bytes.length < digestAt) return undefined
  const view = viewOf(bytes)
  const word = view.getUint32(WORD_AT)
  return {
    extended,
    keyId: extended ? word : view.getUint8(KEY_ID_AT),
    digestOctets: view.getUint8(DIGEST_OCTETS_AT),
    sequence: extended ? view.getBigUint64(length) : BigInt(word),
    digestAt,
  }
}

/**
 * Whether the digest is the key's: 'length' when it is not of the algorithm's length or not there as a whole. The
 * comparison takes as long whatever the answer.
 * @param source the packet's IP source address.
 */
export function checkSeal(
  bytes: Uint8Array,
  { extended, digestOctets, digestAt }: Seal,
  key: AuthKey,
  source: number,
  digests: Digests,
): 'good' | 'length' | 'digest' {
  const { octets } = hashes[key.algorithm]
  if (digestOctets !== octets || bytes.length < digestAt + octets) return 'length'
  const covered = bytes.subarray(0, digestAt)
  const expected = digestOf(covered, key, extended ? source : undefined, digests)
  return equalOctets(expected, bytes.subarray(digestAt, digestAt + octets)) ? 'good' : 'digest'
}

/** The digest of a packet and of what stands in the digest's own place while it is made. */
function digestOf(
  covered: Uint8Array,
  { algorithm, key }: AuthKey,
  source: number | undefined,
  digests: Digests,
): Uint8Array {
  const { hash, octets } = hashes[algorithm]
  const whole = new Uint8Array(covered.length + octets)
  whole.set(covered)
  if (algorithm === 'md5') {
    // D.4.3 (6): the key itself
    whole.set(key.subarray(0, MD5_KEY_OCTETS), covered.length)
    return digests.hash(hash, whole)
  }
  const view = viewOf(whole)
  // Apad; RFC 7474 5: with the source address first
  for (let at = covered.length; at < whole.length; at += 4) view.setUint32(at, APAD)
  if (source !== undefined) view.setUint32(covered.length, source)
  return digests.hmac(hash, prepareKey(key, hash, octets, source !== undefined, digests), whole)
}

const APAD = 0x878fe1f3
/** IANA's Cryptographic Protocol ID of OSPFv2. */
const PROTOCOL_ID = [0, 3] as const

/**
 * RFC 5709 3.3 (1): Ko has the hash's length. A longer key is hashed, where RFC 2104 does so only beyond the block size;
 * RFC 7474 6 puts the protocol's number behind the key first.
 */
function prepareKey(
  key: Uint8Array,
  hash: HashName,
  octets: number,
  extended: boolean,
  digests: Digests,
): Uint8Array {
  const whole = extended ? Uint8Array.of(...key, ...PROTOCOL_ID) : key
  if (whole.length > octets) return digests.hash(hash, whole)
  const prepared = new Uint8Array(octets)
  prepared.set(whole)
  return prepared
}

/** Looks at every octet, so that the time taken tells nothing of where they differ. */
function equalOctets(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length
  for (let i = 0; i < b.length; i++) difference |= (a[i] ?? 0) ^ b[i]!
  return difference === 0
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
