/** The small parts of reading Quagga's and FRR's text: lines to words, words to values, values refused with a reason. */
import { formatIpv4, networkOf, parseIpv4 } from '../wire/address.ts'

/** Why a statement is refused. Caught by the importer, which adds file and line. */
export class Refusal extends Error {}

/** The statement a line holds: words with single spaces, without comment. Empty for a blank or comment line. */
export function wordsOf(line: string): string[] {
  const words = line.trim().split(/\s+/)
  const comment = words.findIndex((word) => /^(!|#|\/\/)/.test(word))
  return (comment < 0 ? words : words.slice(0, comment)).filter((word) => word !== '')
}

/** A whole number within bounds. */
export function integer(word: string, low: number, high: number): number {
  const value = Number(word)
  if (!/^\d+$/.test(word) || value < low || value > high)
    throw new Refusal(`'${word}' is not a number from ${low} to ${high}`)
  return value
}

/** An IPv4 address, as the dotted string it was. */
export function address(word: string): string {
  return formatIpv4(u32(word))
}

/** An area id, dotted or decimal; dotted in the result. */
export function area(word: string): string {
  return /^\d+$/.test(word) ? formatIpv4(integer(word, 0, 0xffffffff)) : address(word)
}

/** `A.B.C.D/M`, host bits and all. */
export function prefix(word: string): {
  readonly address: string
  readonly network: string
  readonly length: number
} {
  const [host = '', length = '', ...more] = word.split('/')
  if (length === '' || more.length > 0) throw new Refusal(`'${word}' is not a prefix (A.B.C.D/M)`)
  const bits = integer(length, 0, 32)
  return { address: address(host), network: formatIpv4(networkOf(u32(host), bits)), length: bits }
}

/** `A.B.C.D/M` without host bits. */
export function networkPrefix(word: string): string {
  const { network, length } = prefix(word)
  return `${network}/${length}`
}

/** A device name as Linux takes it (IFNAMSIZ). */
export function device(word: string): string {
  if (word.length > 15 || word.includes('/') || word === '.' || word === '..')
    throw new Refusal(`'${word}' is not a device name`)
  return word
}

function u32(word: string): number {
  const value = parseIpv4(word)
  if (value === undefined) throw new Refusal(`'${word}' is not an IPv4 address`)
  return value
}

/** A statement as it may be shown: what follows `password`, `md5` or a key is a secret, cut short or not. */
export function shown(words: readonly string[]): string {
  const at = words.findIndex((word) => /^(passw.*|md5?|authentication-.*|key-(s.*)?)$/.test(word))
  const digest = words.findLastIndex((word) => word.startsWith('message-'))
  // the id and the algorithm of a digest may be seen
  const open = Math.min(
    at < 0 ? words.length : at + 1,
    digest < 0 ? words.length : digest + 3,
    words.length,
  )
  return (open < words.length ? [...words.slice(0, open), '…'] : words).join(' ')
}
