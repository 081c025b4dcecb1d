/** Opaque LSAs (RFC 5250): LS types 9 (link), 10 (area) and 11 (AS). */
import type { Reader, Writer } from './bytes.ts'

/** Data for somebody else. Type and id are the two parts of the Link State ID. */
export interface OpaqueLsaBody {
  readonly kind: 'opaque'
  /** 8 bits. */
  readonly opaqueType: number
  /** 24 bits. */
  readonly opaqueId: number
  readonly data: Uint8Array
}

/*
 *   The Link State ID of the header:
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |  Opaque Type  |               Opaque ID                       |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   and the body:
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                      Opaque Information                       |
 *   |                              ...                              |
 */
/** Reads the body of an opaque LSA, given its Link State ID. Any data will do. */
export function decodeOpaqueLsa(lsId: number, r: Reader): OpaqueLsaBody {
  return {
    kind: 'opaque',
    opaqueType: lsId >>> 24,
    opaqueId: lsId & 0xffffff,
    data: r.bytes(r.remaining),
  }
}

/** Writes the body of an opaque LSA. The Link State ID is the header's affair; see `opaqueLsId`. */
export function encodeOpaqueLsa(body: OpaqueLsaBody, w: Writer): void {
  w.bytes(body.data)
}

/** The Link State ID of an opaque LSA. */
export function opaqueLsId(opaqueType: number, opaqueId: number): number {
  return opaqueType * 0x1000000 + opaqueId
}
