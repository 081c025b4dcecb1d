/** The small parts of reading Quagga's and FRR's text: lines to words, words to values, values refused with a reason. */
import { formatIpv4, networkOf, parseIpv4 } from '../wire/address.ts'

/** Why a statement is refused. Caught by the importer, which adds file and line. */
export class Refusal extends Error {}

/** What the statements of one mode do, keyed by pattern: `*` is one word, a last `...` any number of words. */
export type Statements<Context> = Readonly<
  Record<string, (context: Context, ...words: string[]) => void>
>

/** The statement a line holds: words with single spaces, without comment. Empty for a blank or comment line. */
export function wordsOf(line: string): string[] {
  const words = line.trim().split(/\s+/)
  const comment = words.findIndex((word) => /^(!|#|\/\/)/.test(word))
  return (comment < 0 ? words : words.slice(0, comment)).filter((word) => word !== '')
}

/** The pattern that matches, and the words under its stars. Patterns are tried in the order written. */
export function lookup<Context>(
  table: Statements<Context>,
  words: readonly string[],
):
  | {
      readonly pattern: string
      readonly args: string[]
      readonly apply: Statements<Context>[string]
    }
  | undefined {
  for (const [pattern, apply] of Object.entries(table)) {
    const args = match(pattern.split(' '), words)
    if (args !== undefined) return { pattern, args, apply }
  }
  return undefined
}

function match(pattern: readonly string[], words: readonly string[]): string[] | undefined {
  const open = pattern.at(-1) === '...'
  const fixed = open ? pattern.slice(0, -1) : pattern
  if (open ? words.length < fixed.length : words.length !== fixed.length) return undefined
  const args: string[] = []
  for (const [i, part] of fixed.entries()) {
    const word = words[i]!
    if (part === '*') args.push(word)
    else if (part !== word) return undefined
  }
  return open ? [...args, ...words.slice(fixed.length)] : args
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

/** A statement as it may be shown: what follows `password`, `md5` or a key is a secret. */
export function shown(words: readonly string[]): string {
  const at = words.findIndex((word) => /^(password|md5|authentication-key|key-string)$/.test(word))
  const digest = words.indexOf('message-digest-key')
  // the id and the algorithm may be seen
  const open = at >= 0 ? at + 1 : digest >= 0 ? digest + 3 : words.length
  return (open < words.length ? [...words.slice(0, open), '…'] : words).join(' ')
}
