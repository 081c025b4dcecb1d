/** The data of Router Information LSAs (RFC 7770, opaque type 4): TLVs, among them the hostname (RFC 5642). */
import { DecodeError, Reader, Writer } from './bytes.ts'

/** The opaque type of Router Information LSAs (RFC 7770 2.1). */
export const OPAQUE_ROUTER_INFORMATION = 4

/** TLV types that are read here. */
export const RouterInformationTlv = { informational: 1, functional: 2, hostname: 7 } as const

/** RFC 7770 2.4: bit 0 is the most significant. */
export const InformationalCapability = {
  gracefulRestart: 0x80000000,
  gracefulRestartHelper: 0x40000000,
  /** RFC 6987. */
  stubRouter: 0x20000000,
  trafficEngineering: 0x10000000,
  /** RFC 5309. */
  pointToPointOverLan: 0x08000000,
  experimentalTrafficEngineering: 0x04000000,
} as const

/** What a router says of itself. */
export interface RouterInformation {
  /** The first 32 bits of RFC 7770 2.4; see InformationalCapability. The rest is not assigned. */
  readonly informational: number | undefined
  /** The first 32 bits of RFC 7770 2.6. None is assigned. */
  readonly functional: number | undefined
  /** RFC 5642: printable ASCII, 1 to 255 characters. */
  readonly hostname: string | undefined
}

/** One TLV, without what fills it up to 32 bits. */
export interface Tlv {
  readonly type: number
  /** A view of the data that it was read from. */
  readonly value: Uint8Array
}

const ALIGNMENT = 4
const HEADER_OCTETS = 4
const HOSTNAME_OCTETS_MAX = 255

/*
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |              Type             |             Length            |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                            Value...                           |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
/** Reads one TLV (RFC 7770 2.3). Throws DecodeError 'truncated' when it is longer than what is left. */
export function decodeTlv(r: Reader): Tlv {
  const type = r.u16()
  return { type, value: r.bytes(r.u16()) }
}

/** Writes one TLV. Throws RangeError beyond 65535 octets. */
export function encodeTlv({ type, value }: Tlv, w: Writer): void {
  if (value.length > 0xffff) throw new RangeError(`a TLV of ${value.length} octets`)
  w.u16(type).u16(value.length).bytes(value)
}

/**
 * Reads what a router says of itself. Never throws: TLVs are understood up to the first that does not fit into the
 * data; unknown ones, and values that cannot be right, are passed over. Of two of a type the first counts.
 */
export function decodeRouterInformation(data: Uint8Array): RouterInformation {
  let informational: number | undefined
  let functional: number | undefined
  let hostname: string | undefined
  for (const { type, value } of tlvsOf(data)) {
    switch (type) {
      case RouterInformationTlv.informational:
        informational ??= firstWord(value)
        break
      case RouterInformationTlv.functional:
        functional ??= firstWord(value)
        break
      case RouterInformationTlv.hostname:
        hostname ??= readHostname(value)
    }
  }
  return { informational, functional, hostname }
}

/** Writes the TLVs that are there, each filled up to 32 bits. The hostname must be ASCII, 1 to 255 characters. */
export function encodeRouterInformation(information: RouterInformation): Uint8Array {
  const { informational, functional, hostname } = information
  const w = new Writer()
  const add = (type: number, value: Uint8Array): void => {
    encodeTlv({ type, value }, w)
    w.zero(padding(value.length))
  }
  if (informational !== undefined) add(RouterInformationTlv.informational, word(informational))
  if (functional !== undefined) add(RouterInformationTlv.functional, word(functional))
  if (hostname !== undefined) add(RouterInformationTlv.hostname, ascii(hostname))
  return w.finish()
}

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0))
const padding = (octets: number): number => -octets & (ALIGNMENT - 1)

const word = (bits: number): Uint8Array => new Writer(4).u32(bits).finish()

/** Every TLV but those from the first on that lies about its length. */
function* tlvsOf(data: Uint8Array): Generator<Tlv> {
  const r = new Reader(data)
  while (r.remaining >= HEADER_OCTETS) {
    let tlv: Tlv
    try {
      tlv = decodeTlv(r)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      return
    }
    yield tlv
    // some leave out what would fill up the last one
    r.skip(Math.min(padding(tlv.value.length), r.remaining))
  }
}

const firstWord = (value: Uint8Array): number | undefined =>
  value.length >= 4 ? new Reader(value).u32() : undefined

/** It ends up on terminals: whatever is not a visible character is shown as '?'. */
function readHostname(value: Uint8Array): string | undefined {
  let end = value.length
  while (end > 0 && value[end - 1] === 0) end--
  if (end === 0 || end > HOSTNAME_OCTETS_MAX) return undefined
  const visible = Array.from(value.subarray(0, end), (octet) =>
    octet > 0x20 && octet < 0x7f ? octet : 0x3f,
  )
  return String.fromCharCode(...visible)
}
