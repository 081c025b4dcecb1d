/** How services and destinations are named, compared and put in order. */
import { isIP, isIPv6, SocketAddress } from 'node:net'
import type { IpvsDestination, IpvsServiceKey } from './types.ts'

/** The one way to write an address: IPv6 in its short form. */
export function canonicalAddress(address: string): string {
  if (!address.includes(':') || !isIPv6(address)) return address
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

/** An IPv6 address as 32 digits. */
function digitsOf(address: string): string {
  const [head = '', tail] = canonicalAddress(address).split('::')
  const groups = (text: string): string[] =>
    text === ''
      ? []
      : text.split(':').flatMap((group) => {
          if (!group.includes('.')) return [group]
          const word = numberOf(group)
          return [(word >>> 16).toString(16), (word & 0xffff).toString(16)]
        })
  const first = groups(head)
  const last = tail === undefined ? [] : groups(tail)
  const between = Array.from({ length: 8 - first.length - last.length }, () => '0')
  return [...first, ...between, ...last].map((group) => group.padStart(4, '0')).join('')
}

/** An IPv4 address as a number. */
const numberOf = (address: string): number =>
  address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0)

/** The canonical order of destinations: IPv4 first, then by address, then by port. */
export function sortDestinations<T extends Pick<IpvsDestination, 'address' | 'port'>>(
  destinations: readonly T[],
): T[] {
  const keyed = destinations.map((one) => {
    const isLong = one.address.includes(':')
    return {
      one,
      value: isLong ? Number.POSITIVE_INFINITY : numberOf(one.address) * 65_536 + one.port,
      text: isLong ? `${digitsOf(one.address)} ${String(one.port).padStart(5, '0')}` : '',
    }
  })
  keyed.sort((a, b) => (a.value === b.value ? compare(a.text, b.text) : a.value - b.value))
  return keyed.map(({ one }) => one)
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
