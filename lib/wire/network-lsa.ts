/** Network-LSAs (A.4.3). */
import { lengthOfMask } from './address.ts'
import { type Reader, u32At, type Writer } from './bytes.ts'

/** The routers on a broadcast network, told by its Designated Router. */
export interface NetworkLsaBody {
  readonly kind: 'network'
  readonly mask: number
  /** Router IDs; at least one. */
  readonly attachedRouters: readonly number[]
}

/*
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                         Network Mask                          |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                        Attached Router                        |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                              ...                              |
 */
/**
 * Reads the body of a network-LSA. Throws DecodeError 'truncated', 'mask', or 'empty' where no
 * router is attached.
 */
export function decodeNetworkLsa(r: Reader): NetworkLsaBody {
  const mask = decodeMask(r)
  if (r.remaining === 0) throw r.error('empty', 'a network-LSA without attached routers')
  const attachedRouters: number[] = []
  while (r.remaining > 0) attachedRouters.push(r.u32())
  return { kind: 'network', mask, attachedRouters }
}

/** Octets of the LSA header and the mask. */
const ROUTERS_AT = 24

/** How many routers the bytes of a whole network-LSA list. */
export const attachedCount = (raw: Uint8Array): number => (raw.length - ROUTERS_AT) >>> 2

/** One of them. */
export const attachedRouter = (raw: Uint8Array, index: number): number =>
  u32At(raw, ROUTERS_AT + 4 * index)

/** Writes the body of a network-LSA. */
export function encodeNetworkLsa(body: NetworkLsaBody, w: Writer): void {
  w.u32(body.mask)
  for (const router of body.attachedRouters) w.u32(router)
}

/** Reads the network mask of an LSA. Throws DecodeError 'mask' unless its ones are contiguous. */
export function decodeMask(r: Reader): number {
  const mask = r.u32()
  if (lengthOfMask(mask) === undefined) {
    r.offset -= 4
    throw r.error('mask', `network mask 0x${mask.toString(16)} has holes`)
  }
  return mask
}
