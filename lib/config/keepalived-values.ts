/** Words to values: numbers, times, addresses, switches. What is wrong is thrown with keepalived's reason. */
import { Address4, Address6 } from 'ip-address'

/** Why a statement is dropped. Caught where statements are run. */
export class BadValue extends Error {}

/** A keyword that wants a word and has none: keepalived does not start with such a file. */
export class MissingWord extends Error {}

export type Words = readonly string[]

export function wordAt(words: Words, at: number): string {
  const word = words[at]
  if (word === undefined)
    throw new MissingWord(
      `'${words.join(' ')}' is missing a parameter after '${words.at(-1) ?? ''}'`,
    )
  return word
}

/** @throws BadValue */
export function integer(what: string, word: string, least: number, most: number): number {
  const value = Number(word)
  if (!/^[+-]?\d{1,16}$/.test(word) || value < least || value > most)
    throw new BadValue(`${what} '${word}' is not a whole number from ${least} to ${most}`)
  return value
}

/** Seconds with up to six decimals that count. @throws BadValue */
export function seconds(what: string, word: string, least: number, most = 4_294_967_295): number {
  const value = Number(word)
  if (!/^\+?(\d{1,12}(\.\d*)?|\.\d+)$/.test(word) || value < least || value > most)
    throw new BadValue(`${what} '${word}' is not a number of seconds from ${least} to ${most}`)
  return Math.round(value * 1e6) / 1e6
}

/** The shortest time there is: a microsecond. */
export const shortest = 1e-6
/** The longest connect_timeout: microseconds in 32 bits. */
export const longestConnect = 4294.967295

/** `on`, `true`, `yes` or nothing. @throws BadValue */
export function flag(what: string, words: Words): boolean {
  const word = words[1] ?? 'true'
  if (['true', 'on', 'yes'].includes(word)) return true
  if (['false', 'off', 'no'].includes(word)) return false
  throw new BadValue(`Invalid ${what} parameter ${word}`)
}

/** An address; what follows `-` or `/` is left out, as keepalived does. @throws BadValue */
export function ipAddress(what: string, word: string): string {
  const text = word.split(/[-/]/)[0]!
  if (familyOf(text) === undefined) throw new BadValue(`Invalid ${what} ${word}`)
  return text
}

export function familyOf(address: string): 4 | 6 | undefined {
  if (address.includes(':'))
    return !/[%/]/.test(address) && Address6.isValid(address) ? 6 : undefined
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(address) && Address4.isValid(address) ? 4 : undefined
}

/** A port; nothing, or 0, is 0. @throws BadValue */
export function port(what: string, word: string | undefined): number {
  return word === undefined || /^0*$/.test(word) ? 0 : integer(what, word, 1, 65535)
}

/** `10.0.0.1/24`, with a whole address without a length. @throws BadValue */
export function addressAndLength(what: string, word: string): { address: string; length: number } {
  const [host = '', bits, ...more] = word.split('/')
  const family = familyOf(host)
  if (family === undefined || more.length > 0) throw new BadValue(`Invalid ${what} ${word}`)
  const most = family === 4 ? 32 : 128
  return {
    address: host,
    length: bits === undefined ? most : integer(`${what} prefix`, bits, 0, most),
  }
}
