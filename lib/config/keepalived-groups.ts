/** The lines of a virtual_server_group: an address, a range, a network, or a firewall mark. */
import { formatIpv4, parseIpv4 } from '../wire/address.ts'
import type { KeepalivedGroupEntry } from './keepalived-types.ts'
import {
  BadValue,
  familyOf,
  integer,
  ipAddress,
  port,
  type Words,
  wordAt,
} from './keepalived-values.ts'

export function groupEntry(group: string, words: Words): KeepalivedGroupEntry {
  const what = wordAt(words, 0)
  if (what === 'fwmark') return mark(group, words)
  const first = ipAddress('virtual server group IP address', what)
  return { first, last: endOf(what, first), port: port('virtual server group port', words[1]) }
}

function mark(group: string, words: Words): KeepalivedGroupEntry {
  const fwmark = integer(`(${group}): fwmark`, wordAt(words, 1), 0, 4_294_967_295)
  const family = words[2]
  if (family === undefined) return { fwmark }
  if (family !== 'inet' && family !== 'inet6')
    throw new BadValue(`(${group}): fwmark '${fwmark}' family ${family} unknown - ignoring`)
  return { fwmark, family: family === 'inet' ? 4 : 6 }
}

/** The last address of `10.0.0.0/28`, `10.0.0.1-9`, `10.0.0.1-10.0.1.9`, and the same in IPv6, where `-9` is hexadecimal. */
function endOf(what: string, first: string): string {
  const family = familyOf(first)!
  const start = value(first)
  const bits = family === 4 ? 32 : 128
  const [, sign, rest = ''] = /([-/])(.*)$/.exec(what) ?? []
  if (sign === undefined) return first
  if (sign === '/') {
    const length = integer('netmask', rest, 1, bits)
    const hosts = (1n << BigInt(bits - length)) - 1n
    if ((start & hosts) !== 0n)
      throw new BadValue(`Address mask bits not empty - ${what} - skipping`)
    return text(start | hosts, family)
  }
  if (rest.includes(family === 4 ? '.' : ':')) {
    if (familyOf(rest) !== family) throw new BadValue(`Invalid range end ${what} - skipping`)
    if (value(rest) < start)
      throw new BadValue(`Address range end is less than address range start - ${what} - skipping`)
    return rest
  }
  const part = family === 4 ? 0xffn : 0xffffn
  const end = BigInt(family === 4 ? integer('range end', rest, 0, 255) : hexadecimal(rest))
  if ((start & part) >= end)
    throw new BadValue(
      `Address range end is not greater than address range start - ${what} - skipping`,
    )
  return text((start & ~part) | end, family)
}

function hexadecimal(word: string): number {
  if (!/^[0-9a-f]{1,4}$/i.test(word)) throw new BadValue(`Invalid range end ${word}`)
  return Number.parseInt(word, 16)
}

function value(address: string): bigint {
  if (!address.includes(':')) return BigInt(parseIpv4(address)!)
  return groups(address).reduce((sum, part) => (sum << 16n) | BigInt(part), 0n)
}

/** The eight groups of an IPv6 address. */
function groups(address: string): readonly number[] {
  const dotted = /(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1]
  const last = dotted === undefined ? 0 : parseIpv4(dotted)!
  const plain =
    dotted === undefined
      ? address
      : `${address.slice(0, -dotted.length)}${(last >>> 16).toString(16)}:${(last & 0xffff).toString(16)}`
  const [head = '', tail] = plain.split('::')
  const of = (part: string): number[] =>
    part
      .split(':')
      .filter((s) => s !== '')
      .map((s) => Number.parseInt(s, 16))
  const [before, after] = [of(head), of(tail ?? '')]
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
}

function text(value: bigint, family: 4 | 6): string {
  if (family === 4) return formatIpv4(Number(value))
  const parts = Array.from({ length: 8 }, (_, i) => (value >> BigInt(16 * (7 - i))) & 0xffffn)
  const full = parts.map((part) => part.toString(16)).join(':')
  // the longest run of zeros, shortened
  const runs = [...full.matchAll(/\b0(:0)+\b/g)].sort((a, b) => b[0].length - a[0].length)
  const run = runs[0]
  if (run === undefined) return full
  return `${full.slice(0, run.index).replace(/:$/, '')}::${full.slice(run.index + run[0].length).replace(/^:/, '')}`
}

/** How many addresses an entry has. */
export function sizeOf(entry: KeepalivedGroupEntry): bigint {
  return 'fwmark' in entry ? 1n : value(entry.last) - value(entry.first) + 1n
}

/** The addresses of a range, both ends included. */
export function* addressesOf(entry: {
  readonly first: string
  readonly last: string
}): Generator<string> {
  const family = familyOf(entry.first)!
  const end = value(entry.last)
  for (let at = value(entry.first); at <= end; at++) yield text(at, family)
}
