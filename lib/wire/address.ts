/**
 * IPv4 addresses, masks and OSPF's 32-bit ids: unsigned numbers inside, dotted strings at the
 * border.
 */

/** An address, a mask, a Router ID or an Area ID: 0 to 2^32 - 1. */
export type Ipv4 = number

/** Formats as a dotted quad. */
export function formatIpv4(n: Ipv4): string {
  return `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`
}

/**
 * Reads a dotted quad, strictly: four decimal octets without leading zeros. Anything else is
 * undefined.
 */
export function parseIpv4(s: string): Ipv4 | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(s)
  if (match === null) return undefined
  let n = 0
  for (const octet of match.slice(1)) {
    const value = Number(octet)
    if (value > 255 || (octet.length > 1 && octet.startsWith('0'))) return undefined
    n = n * 256 + value
  }
  return n
}

/** The network mask of a prefix length of 0 to 32. */
export function maskOf(length: number): Ipv4 {
  return length === 0 ? 0 : (-1 << (32 - length)) >>> 0
}

/**
 * The prefix length of a network mask; undefined when the ones are not contiguous from the left.
 */
export function lengthOfMask(mask: Ipv4): number | undefined {
  const host = ~mask
  return (host & (host + 1)) === 0 ? Math.clz32(host) : undefined
}

/** The address with its host bits cleared. */
export function networkOf(address: Ipv4, length: number): Ipv4 {
  return (address & maskOf(length)) >>> 0
}

/** Formats as 'a.b.c.d/length'. */
export function formatPrefix(prefix: Ipv4, length: number): string {
  return `${formatIpv4(prefix)}/${length}`
}
