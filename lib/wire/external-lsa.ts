/** AS-external-LSAs (A.4.5), LS type 5, and NSSA-LSAs (RFC 3101), LS type 7: one format. */
import type { Reader, Writer } from './bytes.ts'
import { decodeMask } from './network-lsa.ts'

/** One way to the destination. */
export interface ExternalPath {
  /** 1: in the units of link costs; 2 (bit E): larger than any link-state path. */
  readonly metricType: 1 | 2
  /** 24 bits. */
  readonly metric: number
  /** 0.0.0.0: the originator itself. */
  readonly forwardingAddress: number
  readonly tag: number
}

/** A path for one Type of Service. */
export interface ExternalTos extends ExternalPath {
  readonly tos: number
}

/** A destination outside the autonomous system. */
export interface ExternalLsaBody extends ExternalPath {
  readonly kind: 'external'
  readonly mask: number
  /** The seven bits after bit E, when they are not 0. */
  readonly reserved?: number
  readonly tos: readonly ExternalTos[]
}

const E_BIT = 0x80
const NO_TOS: readonly ExternalTos[] = Object.freeze([])

/*
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                         Network Mask                          |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |E|     0       |                  metric                       |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                      Forwarding address                       |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                      External Route Tag                       |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |E|    TOS      |                TOS  metric                    |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                      Forwarding address                       |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                      External Route Tag                       |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                              ...                              |
 */
/** Reads the body of an AS-external-LSA or NSSA-LSA. Throws DecodeError 'truncated' or 'mask'. */
export function decodeExternalLsa(r: Reader): ExternalLsaBody {
  const mask = decodeMask(r)
  const { tos: reserved, metricType, metric, forwardingAddress, tag } = decodePath(r)
  const tos = r.remaining === 0 ? NO_TOS : decodeTos(r)
  const body: ExternalLsaBody = {
    kind: 'external',
    mask,
    metricType,
    metric,
    forwardingAddress,
    tag,
    tos,
  }
  return reserved === 0 ? body : { ...body, reserved }
}

function decodeTos(r: Reader): ExternalTos[] {
  const all: ExternalTos[] = []
  while (r.remaining > 0) all.push(decodePath(r))
  return all
}

function decodePath(r: Reader): ExternalTos {
  const octet = r.u8()
  const type2 = octet >= E_BIT
  return {
    tos: type2 ? octet - E_BIT : octet,
    metricType: type2 ? 2 : 1,
    metric: r.u24(),
    forwardingAddress: r.u32(),
    tag: r.u32(),
  }
}

/** Writes the body of an AS-external-LSA or NSSA-LSA. */
export function encodeExternalLsa(body: ExternalLsaBody, w: Writer): void {
  w.u32(body.mask)
  encodePath(body, body.reserved ?? 0, w)
  for (const path of body.tos) encodePath(path, path.tos, w)
}

function encodePath(path: ExternalPath, tos: number, w: Writer): void {
  w.u8(path.metricType === 2 ? E_BIT + tos : tos).u24(path.metric)
  w.u32(path.forwardingAddress).u32(path.tag)
}
