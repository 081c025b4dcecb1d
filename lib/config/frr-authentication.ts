/** Authentication in FRR's words: passwords and digest keys of interfaces, the types of areas, key chains. */
import { integer, Refusal } from './frr-parse.ts'

/** A time in a lifetime, ISO 8601. */
export interface FrrLifetime {
  readonly from?: string
  readonly until?: string
}

export interface FrrKey {
  readonly id: number
  readonly key: string
  readonly algorithm?: FrrAlgorithm
  readonly send?: FrrLifetime
  readonly accept?: FrrLifetime
}

const algorithms = ['md5', 'hmac-sha-1', 'hmac-sha-256', 'hmac-sha-384', 'hmac-sha-512'] as const
export type FrrAlgorithm = (typeof algorithms)[number]

/** What an interface's packets are sealed with, in the words of the speaker's options. */
export type FrrSeal =
  | { readonly type: 'simple'; readonly key: string }
  | { readonly type: FrrAlgorithm; readonly keys: readonly FrrKey[] }

/** What was said under one interface. */
export interface FrrAuthentication {
  /** Undefined: as in the area. */
  type?: 'null' | 'simple' | 'message-digest'
  /** `ip ospf authentication key-chain`, by name. */
  keyChain?: string
  /** `ip ospf authentication-key`, 8 octets of it. */
  password?: string
  /** `ip ospf message-digest-key`; FRR seals with the last. */
  digestKeys: FrrKey[]
}

export type KeyChains = Readonly<Record<string, readonly FrrKey[]>>

/** FRR cuts longer keys off without a word, and so do its neighbors. */
const cut = (key: string, octets: number): string =>
  new TextDecoder().decode(new TextEncoder().encode(key).subarray(0, octets))

export const password = (key: string): string => cut(key, 8)

/** `message-digest-key ID md5 KEY`. */
export function addDigestKey({ digestKeys }: FrrAuthentication, id: string, key: string): void {
  const number = integer(id, 1, 255)
  if (digestKeys.some((k) => k.id === number)) throw new Refusal(`there is a key ${number} already`)
  digestKeys.push({ id: number, key: cut(key, 16) })
}

/**
 * What an interface does in an area, whose type counts where the interface states none; undefined: nothing. A key or a
 * chain that is missing is refused.
 */
export function sealOf(
  where: string,
  stated: FrrAuthentication | undefined,
  areaType: 'simple' | 'message-digest' | undefined,
  chains: KeyChains,
): FrrSeal | undefined {
  if (stated?.keyChain !== undefined) {
    const keys = chains[stated.keyChain]
    if (keys === undefined) throw new Refusal(`${where}: there is no key chain ${stated.keyChain}`)
    return { type: 'hmac-sha-256', keys }
  }
  switch (stated?.type ?? areaType) {
    case 'simple':
      if (stated?.password === undefined) {
        throw new Refusal(`${where}: authentication without 'ip ospf authentication-key'`)
      }
      return { type: 'simple', key: stated.password }
    case 'message-digest':
      if (stated === undefined || stated.digestKeys.length === 0) {
        throw new Refusal(`${where}: authentication without 'ip ospf message-digest-key'`)
      }
      return { type: 'md5', keys: stated.digestKeys }
    default:
      return undefined
  }
}

interface Draft {
  readonly id: number
  key?: string
  algorithm?: FrrAlgorithm
  send?: FrrLifetime
  accept?: FrrLifetime
}

/** `key chain NAME` and what stands under it. */
export class KeyChainReader {
  readonly #chains = new Map<string, Map<number, Draft>>()
  #chain = new Map<number, Draft>()
  #key: Draft = { id: 0 }

  chain(name: string): void {
    this.#chain = this.#chains.get(name) ?? new Map()
    this.#chains.set(name, this.#chain)
  }

  key(word: string): void {
    const id = integer(word, 0, 255)
    this.#key = this.#chain.get(id) ?? { id }
    this.#chain.set(id, this.#key)
  }

  forget(name: string): void {
    this.#chains.delete(name)
  }

  forgetKey(word: string): void {
    this.#chain.delete(Number(word))
  }

  unset(field: 'key' | 'algorithm' | 'send' | 'accept'): void {
    delete this.#key[field]
  }

  keyString(key: string): void {
    this.#key.key = key
  }

  algorithm(word: string): void {
    const algorithm = algorithms.find((name) => name === word)
    if (algorithm === undefined) throw new Refusal(`algorithm '${word}' is not supported`)
    this.#key.algorithm = algorithm
  }

  lifetime(purpose: 'send' | 'accept', words: readonly string[]): void {
    this.#key[purpose] = lifetime(words)
  }

  /** The chains; a key that could not be used is refused. */
  finish(): KeyChains {
    const chains = [...this.#chains].map(([name, keys]): [string, FrrKey[]] => [
      name,
      Array.from(keys.values(), ({ key, algorithm, ...rest }) => {
        const where = `key chain ${name}: key ${rest.id}`
        if (key === undefined) throw new Refusal(`${where}: no key-string`)
        if (algorithm === undefined) throw new Refusal(`${where}: no cryptographic-algorithm`)
        return { key: algorithm === 'md5' ? cut(key, 16) : key, algorithm, ...rest }
      }),
    ])
    return Object.fromEntries(chains)
  }
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** `HH:MM:SS DAY MONTH YEAR` (or month first), then the same again, `infinite`, or `duration SECONDS`. */
function lifetime(words: readonly string[]): FrrLifetime {
  const from = timeOf(words.slice(0, 4))
  const [how, seconds, ...more] = words.slice(4)
  const iso = (time: number): string => new Date(time).toISOString()
  if (how === 'infinite' && seconds === undefined) return { from: iso(from) }
  if (how === 'duration' && seconds !== undefined && more.length === 0) {
    return { from: iso(from), until: iso(from + 1000 * integer(seconds, 1, 2147483646)) }
  }
  return { from: iso(from), until: iso(timeOf(words.slice(4))) }
}

/** By the machine's own time zone, as FRR reads it; milliseconds since 1970. */
function timeOf(words: readonly string[]): number {
  const [clock = '', one = '', two = '', year = '', ...more] = words
  const [, h, m, s] = /^(\d{1,2}):(\d{1,2}):(\d{1,2})$/.exec(clock) ?? []
  const [day, name] = /^\d/.test(one) ? [one, two] : [two, one]
  const month = name.length < 3 ? -1 : months.indexOf(name.slice(0, 3).toLowerCase())
  if (h === undefined || m === undefined || s === undefined || month < 0 || more.length > 0) {
    throw new Refusal(`'${words.join(' ')}' is not a time (HH:MM:SS DAY MONTH YEAR)`)
  }
  const time = [integer(h, 0, 23), integer(m, 0, 59), integer(s, 0, 59)] as const
  return new Date(integer(year, 1993, 2099), month, integer(day, 1, 31), ...time).getTime()
}
