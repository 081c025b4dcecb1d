/** Addresses of both families as the octets that the kernel takes and gives. */
import { isIPv4, isIPv6 } from 'node:net'
import { canonicalAddress } from './keys.ts'

/** 4 or 16 octets in network order; undefined: no address, or one with a zone. */
export function bytesOfAddress(address: string): Uint8Array | undefined {
  if (isIPv4(address)) return new Uint8Array(address.split('.').map(Number))
  if (!isIPv6(address) || address.includes('%')) return undefined
  const [head = '', tail] = canonicalAddress(address).split('::')
  const first = groupsOf(head)
  const last = tail === undefined ? [] : groupsOf(tail)
  const between = new Array<number>(8 - first.length - last.length).fill(0)
  const groups = [...first, ...between, ...last]
  return new Uint8Array(groups.flatMap((group) => [group >> 8, group & 0xff]))
}

/** The 16-bit groups of a part without '::'; the last may be written as IPv4. */
function groupsOf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a, b, c, d] = group.split('.').map(Number)
    return [(a! << 8) | b!, (c! << 8) | d!]
  })
}

/** The address in the first octets; the kernel writes 16 for IPv4, too. Undefined: too few octets. */
export function addressOfBytes(bytes: Uint8Array, family: 4 | 6): string | undefined {
  if (bytes.length < (family === 6 ? 16 : 4)) return undefined
  if (family === 4) return bytes.subarray(0, 4).join('.')
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16),
  )
  return canonicalAddress(groups.join(':'))
}
