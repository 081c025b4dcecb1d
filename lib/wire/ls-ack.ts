/** Link State Acknowledgment packets (A.3.6). */
import type { Reader, Writer } from './bytes.ts'
import { decodeLsaHeaders, encodeLsaHeader, type LsaHeader } from './lsa.ts'

/** The body of a Link State Acknowledgment packet. */
export interface LsAckBody {
  readonly kind: 'ls-ack'
  readonly headers: readonly LsaHeader[]
}

/*
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                                                               |
 *   +-                                                             -+
 *   |                                                               |
 *   +-                         An LSA Header                       -+
 *   |                                                               |
 *   +-                                                             -+
 *   |                                                               |
 *   +-                                                             -+
 *   |                                                               |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                              ...                              |
 */
/** Reads the body of a Link State Acknowledgment packet. Throws DecodeError 'truncated'. */
export function decodeLsAck(r: Reader): LsAckBody {
  return { kind: 'ls-ack', headers: decodeLsaHeaders(r) }
}

/** Writes the body of a Link State Acknowledgment packet. */
export function encodeLsAck(body: LsAckBody, w: Writer): void {
  for (const header of body.headers) encodeLsaHeader(header, w)
}
