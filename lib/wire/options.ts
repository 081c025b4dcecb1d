/** The Options octet (A.2) of Hello and Database Description packets and of every LSA. */
import { octetTable } from './flags.ts'

/*
 *   +---------------------------------------+
 *   | DN | O | DC | EA | N/P | MC | E | M/T |
 *   +---------------------------------------+
 */
/** The bits: A.2, DN (RFC 4576), O (RFC 5250), L (RFC 5613; EA in RFC 2328) and MT (RFC 4915). */
export const Option = {
  mt: 0x01,
  e: 0x02,
  mc: 0x04,
  np: 0x08,
  l: 0x10,
  dc: 0x20,
  o: 0x40,
  dn: 0x80,
} as const

/** As drawn, in FRR's words: most significant first. */
const NAMES = ['DN', 'O', 'DC', 'EA', 'N/P', 'MC', 'E', 'M/T'] as const

const names = octetTable((bits) => Object.freeze(NAMES.filter((_, i) => bits[i] === 1)))
// FRR draws a clear first bit as '*'.
const formatted = octetTable((bits) =>
  NAMES.map((name, i) => (bits[i] === 1 ? name : i === 0 ? '*' : '-')).join('|'),
)

/** The names of the bits that are set, most significant first: 0x42 is ['O', 'E']. */
export function optionNames(octet: number): readonly string[] {
  return names[octet & 0xff]!
}

/** All eight bits in a row, as FRR prints them: 0x02 is '*|-|-|-|-|-|E|-'. */
export function formatOptions(octet: number): string {
  return formatted[octet & 0xff]!
}
