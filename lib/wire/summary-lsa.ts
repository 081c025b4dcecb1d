/** Summary-LSAs (A.4.4): LS types 3, an IP network, and 4, an AS boundary router. */
import type { Reader, Writer } from './bytes.ts'
import { decodeMask } from './network-lsa.ts'

/** A metric for one Type of Service. */
export interface SummaryTos {
  readonly tos: number
  readonly metric: number
}

/** A destination in another area and what it costs from the area border router. */
export interface SummaryLsaBody {
  readonly kind: 'summary'
  /** Without meaning in type 4. */
  readonly mask: number
  /** 24 bits; 0xffffff is LSInfinity. */
  readonly metric: number
  /** The octet before the metric, when it is not 0. */
  readonly reserved?: number
  readonly tos: readonly SummaryTos[]
}

const SUMMARY_NETWORK = 3
const NO_TOS: readonly SummaryTos[] = Object.freeze([])

/*
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                         Network Mask                          |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |      0        |                  metric                       |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |     TOS       |                TOS  metric                    |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                              ...                              |
 */
/**
 * Reads the body of a summary-LSA of LS type 3 or 4. Throws DecodeError 'truncated', and 'mask' for
 * type 3.
 */
export function decodeSummaryLsa(type: number, r: Reader): SummaryLsaBody {
  const mask = type === SUMMARY_NETWORK ? decodeMask(r) : r.u32()
  const reserved = r.u8()
  const metric = r.u24()
  const tos = r.remaining === 0 ? NO_TOS : decodeTos(r)
  const body: SummaryLsaBody = { kind: 'summary', mask, metric, tos }
  return reserved === 0 ? body : { ...body, reserved }
}

function decodeTos(r: Reader): SummaryTos[] {
  const all: SummaryTos[] = []
  while (r.remaining > 0) all.push({ tos: r.u8(), metric: r.u24() })
  return all
}

/** Writes the body of a summary-LSA. */
export function encodeSummaryLsa(body: SummaryLsaBody, w: Writer): void {
  w.u32(body.mask)
    .u8(body.reserved ?? 0)
    .u24(body.metric)
  for (const t of body.tos) w.u8(t.tos).u24(t.metric)
}
