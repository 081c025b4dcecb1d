/**
 * The two checksums of OSPF: the IP checksum of a packet (RFC 1071) and the Fletcher checksum of an
 * LSA (12.1.7).
 */

/**
 * RFC 1071: the one's complement of the one's complement sum of the 16-bit words, an odd last octet
 * padded with zero. Octets from `skipFrom` up to `skipTo`, both even, are left out: the 64-bit
 * authentication field. Over bytes that hold a correct checksum the result is 0.
 */
export function ipChecksum(bytes: Uint8Array, skipFrom = 0, skipTo = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const sum = sumWords(view, 0, skipFrom) + sumWords(view, skipTo, bytes.length)
  // The carries folded in: only a sum of nothing is 0.
  return sum === 0 ? 0xffff : 0xfffe - ((sum - 1) % 0xffff)
}

function sumWords(view: DataView, from: number, to: number): number {
  const even = to - ((to - from) % 2)
  let sum = 0
  for (let i = from; i < even; i += 2) sum += view.getUint16(i)
  return even < to ? sum + view.getUint8(even) * 256 : sum
}

/** LS age, which the checksum leaves out so that it may change on the way. */
const AGE = 2
/** Offset of the LS checksum in the LSA. */
const FIELD = 16
/**
 * Octets that can be summed before the second sum leaves 31 bits, where arithmetic is fast (RFC
 * 1008).
 */
const BLOCK = 4096

/**
 * The checksum to store in an LSA (12.1.7; RFC 905 annex B). `lsa` is the whole LSA with its
 * header; the checksum field counts as 0, whatever it holds. Neither octet of the result is ever 0.
 */
export function fletcher(lsa: Uint8Array): number {
  const sums = fletcherSums(lsa)
  const c0 = sums % 256
  const c1 = Math.floor(sums / 256)
  // The field has been summed along; adding it again here takes it out.
  const high = lsa[FIELD]!
  const low = lsa[FIELD + 1]!
  const x = modulo255((lsa.length - FIELD - 1) * c0 - c1 + high)
  const y = modulo255(high + low - c0 - x)
  return x * 256 + y
}

/**
 * True when the LSA's checksum is right. A stored 0 means 'not computed' and is never right
 * (12.1.7).
 */
export function fletcherOk(lsa: Uint8Array): boolean {
  if (lsa.length < FIELD + 2 || (lsa[FIELD] === 0 && lsa[FIELD + 1] === 0)) return false
  return fletcherSums(lsa) === 0
}

/** Both running sums modulo 255, the second in the high octet. */
function fletcherSums(lsa: Uint8Array): number {
  let c0 = 0
  let c1 = 0
  for (let i = AGE; i < lsa.length; ) {
    const end = Math.min(i + BLOCK, lsa.length)
    for (; i < end; i++) {
      c0 += lsa[i]!
      c1 += c0
    }
    c0 %= 255
    c1 %= 255
  }
  return c1 * 256 + c0
}

/** 1 to 255: in one's complement 255 is the other 0. */
function modulo255(n: number): number {
  const rest = n % 255
  return rest > 0 ? rest : rest + 255
}
