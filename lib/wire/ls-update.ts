/** Link State Update packets (A.3.5). */
import { DecodeError, type Reader, type Writer } from './bytes.ts'
import { decodeRawLsa, type RawLsa } from './lsa.ts'

/** The body of a Link State Update packet. */
export interface LsUpdateBody {
  readonly kind: 'ls-update'
  readonly lsas: readonly RawLsa[]
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
 * Reads the body of a Link State Update packet, copying each LSA's bytes. One LSA with a bad length
 * must not take the good ones before it along: it ends the walk, and `failed` says why. Throws
 * DecodeError 'truncated' only where the count itself is missing.
 */
export function decodeLsUpdate(r: Reader): LsUpdateBody {
  const count = r.u32()
  const lsas: RawLsa[] = []
  try {
    // Every round takes 20 octets or throws, so a count of 0xffffffff ends with the bytes.
    for (let i = 0; i < count; i++) lsas.push(decodeRawLsa(r))
    r.end()
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return { kind: 'ls-update', lsas, failed: error }
  }
  return { kind: 'ls-update', lsas }
}

/** Writes the body of a Link State Update packet. */
export function encodeLsUpdate(body: LsUpdateBody, w: Writer): void {
  w.u32(body.lsas.length)
  for (const { raw } of body.lsas) w.bytes(raw)
}
