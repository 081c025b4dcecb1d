/** Authentication of packets in a speaker's options: what it is, and how it is checked. No message repeats a key. */
import type { AuthenticationConfig, ChainKey, Lifetime } from './core/io.ts'
import { canDigest } from './crypto.ts'
import { OspfError } from './errors.ts'
import { fail, isObject, onlyFields, parseBoolean, parseInteger } from './parse.ts'
import {
  type AuthAlgorithm,
  authAlgorithms,
  hashOf,
  MD5_KEY_OCTETS,
  PASSWORD_OCTETS,
} from './wire/auth.ts'

export type { AuthAlgorithm } from './wire/auth.ts'

/** When a key is good, by the wall clock: a Date, or text that `Date.parse` reads, best ISO 8601 with a zone. */
export interface LifetimeOptions {
  /** Default: it always was. */
  readonly from?: Date | string
  /** The first moment that it is not good any more; default: never. */
  readonly until?: Date | string
}

/** A key of a chain (RFC 2328 D.3). */
export interface KeyOptions {
  /** 0 to 255, with `extended` to 4294967295; the same on all routers of the segment. */
  readonly id: number
  /**
   * Text (UTF-8) or octets: up to 16 of them with 'md5', up to 255 otherwise. An HMAC key is best no longer than its
   * digest (20, 32, 48 or 64 octets): RFC 5709 hashes a longer one, BIRD only one beyond the block size (64 or 128).
   */
  readonly key: string | Uint8Array
  /** Default: the type of the chain. */
  readonly algorithm?: AuthAlgorithm
  /** When packets are sealed with it; the youngest is taken. Default: always. */
  readonly send?: LifetimeOptions
  /** When it is accepted on packets of others. Default: always. */
  readonly accept?: LifetimeOptions
}

/**
 * Authentication of an interface or virtual link (RFC 2328 appendix D, RFC 5709, RFC 7474): a password in the clear, or
 * digests with a chain of keys.
 */
export type AuthenticationOptions =
  | { readonly type: 'none' }
  | {
      readonly type: 'simple'
      /** Up to 8 octets, readable by everybody on the wire. */
      readonly key: string | Uint8Array
    }
  | {
      /** 'md5' (keyed MD5), 'hmac-sha-1', 'hmac-sha-256', 'hmac-sha-384', 'hmac-sha-512'. */
      readonly type: AuthAlgorithm
      readonly keys: readonly KeyOptions[]
      /** AuType 3 (RFC 7474), which all routers of the segment must have; not with 'md5'. Default false. */
      readonly extended?: boolean
      /** Drop a packet whose sequence number equals that before it; BIRD sends such. Default false. */
      readonly strictReplay?: boolean
    }

const refuse = (where: string, why: string): OspfError =>
  new OspfError('ERR_OSPF_CONFIG', `${where}: ${why}`)

/**
 * Checks and translates it; undefined: null authentication.
 * @throws OspfError ERR_OSPF_CONFIG that names the field, and no key
 */
export function parseAuthentication(
  where: string,
  options: AuthenticationOptions,
): AuthenticationConfig | undefined {
  if (!isObject(options)) throw refuse(where, 'expected an object')
  switch (options.type) {
    case 'none':
      onlyFields(where, options, ['type'])
      return undefined
    case 'simple':
      onlyFields(where, options, ['type', 'key'])
      return { type: 'simple', key: parseKey(`${where}: key`, options.key, PASSWORD_OCTETS) }
  }
  onlyFields(where, options, ['type', 'keys', 'extended', 'strictReplay'])
  const type = parseAlgorithm(`${where}: type`, options.type, ['none', 'simple'])
  const extended = parseBoolean(`${where}: extended`, options.extended ?? false)
  const strictReplay = parseBoolean(`${where}: strictReplay`, options.strictReplay ?? false)
  if (!Array.isArray(options.keys)) throw refuse(`${where}: keys`, 'expected a list of keys')
  if (options.keys.length === 0) throw refuse(`${where}: keys`, 'expected at least one key')
  const keys = options.keys.map((key: KeyOptions, i) =>
    parseChainKey(`${where}: keys: ${i}`, key, type, extended),
  )
  const ids = new Set<number>()
  for (const { id } of keys) {
    if (ids.has(id)) throw refuse(`${where}: keys`, `two keys have the id ${id}`)
    ids.add(id)
  }
  const gap = gapIn(keys.map(({ send }) => send))
  if (gap) throw refuse(`${where}: keys`, `no key to send with ${gap}`)
  const deaf = gapIn(keys.map(({ accept }) => accept))
  if (deaf) throw refuse(`${where}: keys`, `no key to accept ${deaf}`)
  return { type: 'cryptographic', keys, extended, strictReplay }
}

function parseAlgorithm(
  field: string,
  value: unknown,
  others: readonly string[] = [],
): AuthAlgorithm {
  const algorithm = authAlgorithms.find((name) => name === value)
  if (algorithm === undefined) {
    throw fail(field, `one of ${[...others, ...authAlgorithms].join(', ')}`, value)
  }
  if (!canDigest(hashOf(algorithm))) {
    throw refuse(field, `the OpenSSL of this Node.js does not do ${hashOf(algorithm)}`)
  }
  return algorithm
}

const keyFields = [
  'id',
  'key',
  'algorithm',
  'send',
  'accept',
] as const satisfies readonly (keyof KeyOptions)[]

const LONGEST_KEY_OCTETS = 255

function parseChainKey(
  where: string,
  options: KeyOptions,
  type: AuthAlgorithm,
  extended: boolean,
): ChainKey {
  if (!isObject(options)) throw refuse(where, 'expected an object')
  onlyFields(where, options, keyFields)
  const id = parseInteger(`${where}: id`, options.id, 0, extended ? 0xffffffff : 255)
  const named = `${where} (id ${id})`
  const algorithm = parseAlgorithm(`${named}: algorithm`, options.algorithm ?? type)
  if (extended && algorithm === 'md5') {
    throw refuse(named, "'extended' (AuType 3) needs an HMAC, not md5 (RFC 7474)")
  }
  const longest = algorithm === 'md5' ? MD5_KEY_OCTETS : LONGEST_KEY_OCTETS
  return {
    id,
    algorithm,
    key: parseKey(`${named}: key`, options.key, longest),
    send: parseLifetime(`${named}: send`, options.send),
    accept: parseLifetime(`${named}: accept`, options.accept),
  }
}

/** A copy of the octets, so that nobody changes them later. */
function parseKey(field: string, key: unknown, longest: number): Uint8Array {
  if (typeof key !== 'string' && !(key instanceof Uint8Array)) {
    throw refuse(field, 'expected text or octets')
  }
  const octets = typeof key === 'string' ? new TextEncoder().encode(key) : key.slice()
  if (octets.length < 1 || octets.length > longest) {
    throw refuse(field, `expected 1 to ${longest} octets, got ${octets.length}`)
  }
  return octets
}

function parseLifetime(field: string, options: LifetimeOptions | undefined): Lifetime {
  if (options === undefined) return {}
  if (!isObject(options)) throw fail(field, 'an object', options)
  onlyFields(field, options, ['from', 'until'])
  const from = parseTime(`${field}: from`, options.from)
  const until = parseTime(`${field}: until`, options.until)
  if (from !== undefined && until !== undefined && until <= from) {
    throw fail(`${field}: until`, 'a time later than its start', options.until)
  }
  return { ...(from === undefined ? {} : { from }), ...(until === undefined ? {} : { until }) }
}

function parseTime(field: string, value: Date | string | undefined): number | undefined {
  if (value === undefined) return undefined
  const isTime = value instanceof Date || typeof value === 'string'
  const time = isTime ? new Date(value).getTime() : Number.NaN
  if (Number.isNaN(time)) throw fail(field, 'a Date, or a time as text', value)
  return time
}

/** The first time between the lifetimes that none of them covers, in words. */
function gapIn(lifetimes: readonly Lifetime[]): string | undefined {
  const spans = lifetimes.map(
    ({ from = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY }) => ({ from, until }),
  )
  spans.sort((a, b) => a.from - b.from)
  let covered = spans[0]?.until ?? Number.POSITIVE_INFINITY
  for (const { from, until } of spans) {
    if (from > covered) return `from ${iso(covered)} until ${iso(from)}`
    covered = Math.max(covered, until)
  }
  return undefined
}

const iso = (time: number): string => new Date(time).toISOString()
