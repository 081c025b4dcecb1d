/** How services and destinations are named, compared and put in order. */
import { isIP, isIPv6, SocketAddress } from 'node:net'
import type { IpvsDestination, IpvsServiceKey } from './types.ts'

/** The one way to write an address: IPv6 in its short form. */
export function canonicalAddress(address: string): string {
  if (!isIPv6(address)) return address
  return new SocketAddress({ address, family: 'ipv6' }).address
}

export const familyOf = (address: string): 4 | 6 => (isIP(address) === 6 ? 6 : 4)

/** Address and port as text: '10.0.2.1:80', '[2001:db8::1]:80'. */
export const formatEndpoint = (address: string, port: number): string =>
  `${address.includes(':') ? `[${address}]` : address}:${port}`

/** A service in one word or two: 'tcp 10.0.1.100:80', 'fwmark 7', 'fwmark 7 ipv6'. Equal for equal keys. */
export function formatServiceKey(key: IpvsServiceKey): string {
  if ('fwmark' in key) return `fwmark ${key.fwmark}${key.family === 6 ? ' ipv6' : ''}`
  return `${key.protocol} ${formatEndpoint(canonicalAddress(key.address), key.port)}`
}

export const formatDestination = ({
  address,
  port,
}: Pick<IpvsDestination, 'address' | 'port'>): string =>
  formatEndpoint(canonicalAddress(address), port)

/** An address as a number. */
function numberOf(address: string): bigint {
  if (!address.includes(':')) return partsOf(address.split('.'), 10, 8n)
  const [head = '', tail] = canonicalAddress(address).split('::')
  const groups = (text: string): string[] =>
    text === ''
      ? []
      : text.split(':').flatMap((group) => {
          if (!group.includes('.')) return [group]
          const word = Number(partsOf(group.split('.'), 10, 8n))
          return [(word >>> 16).toString(16), (word & 0xffff).toString(16)]
        })
  const first = groups(head)
  const last = tail === undefined ? [] : groups(tail)
  const between = Array.from({ length: 8 - first.length - last.length }, () => '0')
  return partsOf([...first, ...between, ...last], 16, 16n)
}

const partsOf = (parts: readonly string[], radix: number, bits: bigint): bigint =>
  parts.reduce((sum, part) => (sum << bits) + BigInt(Number.parseInt(part, radix)), 0n)

/** The canonical order of destinations: IPv4 first, then by address, then by port. */
export function sortDestinations<T extends Pick<IpvsDestination, 'address' | 'port'>>(
  destinations: readonly T[],
): T[] {
  return destinations
    .map((one) => ({ one, family: familyOf(one.address), value: numberOf(one.address) }))
    .sort((a, b) => {
      if (a.family !== b.family) return a.family - b.family
      if (a.value !== b.value) return a.value < b.value ? -1 : 1
      return a.one.port - b.one.port
    })
    .map(({ one }) => one)
}
