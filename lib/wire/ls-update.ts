/** Link State Update packets (A.3.5). */
import { DecodeError, type Reader, type Writer } from './bytes.ts'
import { frameLsa, type RawLsa } from './lsa.ts'

/** An LSA that leaves with an age of its own, in seconds; without one, with that of its bytes. */
export interface AgedLsa extends RawLsa {
  readonly age?: number
}

/** The body of a Link State Update packet. */
export interface LsUpdateBody {
  readonly kind: 'ls-update'
  readonly lsas: readonly AgedLsa[]
  /**
   * Why the walk ended early: `lsas` holds those before the first that could not be framed. Not
   * encoded.
   */
  readonly failed?: DecodeError
}

/*
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                            # LSAs                             |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                                                               |
 *   +-                                                            +-+
 *   |                             LSAs                              |
 *   +-                                                            +-+
 *   |                              ...                              |
 */
/**
 * Octets up to which the LSAs of a packet share one copy of it. A buffer of its own costs an LSA
 * some 300 octets and the garbage collector much time; but one LSA that stays keeps all of the
 * packet, which must not be large.
 */
const SHARED_MAX = 2048

/**
 * Reads the body of a Link State Update packet, with a copy of its bytes. One LSA with a bad length
 * must not take the good ones before it along: it ends the walk, and `failed` says why. Throws
 * DecodeError 'truncated' only where the count itself is missing.
 */
export function decodeLsUpdate(r: Reader): LsUpdateBody {
  const count = r.u32()
  const lsas: RawLsa[] = []
  const start = r.offset
  let copy: Uint8Array | undefined
  if (r.remaining <= SHARED_MAX) {
    copy = new Uint8Array(r.bytes(r.remaining))
    r.offset = start
  }
  try {
    // Every round takes 20 octets or throws, so a count of 0xffffffff ends with the bytes.
    for (let i = 0; i < count; i++) {
      const at = r.offset - start
      const { header, raw } = frameLsa(r)
      lsas.push({ header, raw: copy?.subarray(at, at + raw.length) ?? new Uint8Array(raw) })
    }
    r.end()
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return { kind: 'ls-update', lsas, failed: error }
  }
  return { kind: 'ls-update', lsas }
}

/** Octets of the body. */
export function lsUpdateOctets({ lsas }: LsUpdateBody): number {
  let octets = 4
  for (const { raw } of lsas) octets += raw.length
  return octets
}

/** Writes the body of a Link State Update packet. */
export function encodeLsUpdate(body: LsUpdateBody, w: Writer): void {
  w.u32(body.lsas.length)
  for (const { raw, age } of body.lsas) {
    const at = w.length
    w.bytes(raw)
    // the checksum does not cover it
    if (age !== undefined) w.setU16(at, age)
  }
}
