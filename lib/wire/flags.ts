/** Octets of single bits. */
import { read } from 'bitwise/byte/index.js'
import type { Byte, UInt8 } from 'bitwise/types.js'

/**
 * What `decode` makes of each of the 256 octets, worked out once: `table[octet]`. It is given the
 * bits as the RFC draws them, most significant first.
 */
export function octetTable<T>(decode: (bits: Byte, octet: number) => T): readonly T[] {
  return Array.from({ length: 256 }, (_, octet) => decode(read(octet as UInt8), octet))
}
