/** Link State Request packets (A.3.4). */
import type { Reader, Writer } from './bytes.ts'

/** An LSA that is wanted, whatever its instance. */
export interface LsRequest {
  /** LS type; 32 bits in this packet. */
  readonly type: number
  readonly lsId: number
  readonly advertisingRouter: number
}

/** The body of a Link State Request packet. */
export interface LsRequestBody {
  readonly kind: 'ls-request'
  readonly requests: readonly LsRequest[]
}

/*
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                          LS type                              |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                       Link State ID                           |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                     Advertising Router                        |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                              ...                              |
 */
/** Reads the body of a Link State Request packet. Throws DecodeError 'truncated'. */
export function decodeLsRequest(r: Reader): LsRequestBody {
  const requests: LsRequest[] = []
  while (r.remaining > 0) {
    requests.push({ type: r.u32(), lsId: r.u32(), advertisingRouter: r.u32() })
  }
  return { kind: 'ls-request', requests }
}

/** Writes the body of a Link State Request packet. */
export function encodeLsRequest(body: LsRequestBody, w: Writer): void {
  for (const { type, lsId, advertisingRouter } of body.requests) {
    w.u32(type).u32(lsId).u32(advertisingRouter)
  }
}
