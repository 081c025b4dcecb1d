/**
 * The one helper that every codec goes through: value -> bytes -> value, bytes -> value -> bytes,
 * every truncation, and 10,000 inputs from a seeded generator, half of them noise and half of them
 * damaged samples.
 */
import type { Test } from 'tap'
import { DecodeError, type DecodeErrorCode, Reader, Writer } from '../../lib/wire/bytes.ts'

/** Both directions of one format. `decode` throws DecodeError unless all the bytes are used. */
export interface Codec<T> {
  readonly name: string
  readonly encode: (value: T) => Uint8Array
  readonly decode: (bytes: Uint8Array) => T
  /** Octets of the part that is always there: anything shorter must fail. */
  readonly minimum: number
  /**
   * After that, only whole items of this many octets decode. 0: nothing but the full length does.
   */
  readonly item: number
}

/** A codec of the functions that `lib/wire` has for the body of a packet or an LSA. */
export function bodyCodec<T>(
  name: string,
  encode: (body: T, w: Writer) => void,
  decode: (r: Reader) => T,
  { minimum, item }: { minimum: number; item: number },
): Codec<T> {
  return {
    name,
    minimum,
    item,
    encode: (body) => {
      const w = new Writer(1)
      encode(body, w)
      return w.finish()
    },
    decode: (bytes) => {
      const r = new Reader(bytes)
      const body = decode(r)
      r.end()
      return body
    },
  }
}

/**
 * Checks a codec with values and with bytes, given as hex; each of them makes the samples that are
 * damaged.
 */
export function check<T>(
  t: Test,
  codec: Codec<T>,
  samples: { readonly values: readonly NoInfer<T>[]; readonly bytes: readonly string[] },
): void {
  const encoded = samples.values.map((value, i) => {
    const bytes = codec.encode(value)
    t.strictSame(codec.decode(bytes), value, `${codec.name}: value ${i} comes back`)
    return bytes
  })
  const given = samples.bytes.map(fromHex)
  for (const [i, bytes] of given.entries()) {
    const again = codec.encode(codec.decode(bytes))
    t.equal(toHex(again), toHex(bytes), `${codec.name}: bytes ${i} come back`)
  }
  const all = [...encoded, ...given]
  t.strictSame(
    all.flatMap((bytes) => truncate(codec, bytes)),
    [],
    `${codec.name}: truncations`,
  )
  t.strictSame(damage(codec, all), [], `${codec.name}: 10,000 inputs from seed ${seed}`)
}

/** Every proper prefix, whatever lies behind it in the buffer: what did not go as it must. */
function truncate<T>(codec: Codec<T>, bytes: Uint8Array): string[] {
  return Array.from({ length: bytes.length }, (_, n) => {
    const { minimum, item } = codec
    const whole = n >= minimum && item > 0 && (n - minimum) % item === 0
    const outcome = attempt(codec, bytes.subarray(0, n))
    return outcome === (whole ? 'same' : 'DecodeError') ? '' : `${n} of ${toHex(bytes)}: ${outcome}`
  }).filter((complaint) => complaint !== '')
}

function damage<T>(codec: Codec<T>, samples: readonly Uint8Array[]): string[] {
  const random = randomFrom(seed)
  const complaints: string[] = []
  for (let i = 0; i < 10_000; i++) {
    const sample = samples[random(samples.length)]
    const bytes = i % 2 === 0 || sample === undefined ? noise(random) : damaged(sample, random)
    const outcome = attempt(codec, bytes)
    if (outcome !== 'same' && outcome !== 'DecodeError')
      complaints.push(`${outcome}: ${toHex(bytes)}`)
  }
  return complaints
}

/**
 * What a decoder makes of any bytes: it refuses them, or understands them so well that it can write
 * them again.
 */
function attempt<T>(codec: Codec<T>, bytes: Uint8Array): string {
  let value: T
  try {
    value = codec.decode(bytes)
  } catch (error) {
    if (!(error instanceof DecodeError)) return String(error)
    const inside = error.offset >= 0 && error.offset <= bytes.length
    return inside ? 'DecodeError' : `an error at octet ${error.offset}`
  }
  const again = toHex(codec.encode(value))
  return again === toHex(bytes) ? 'same' : `written again as ${again}`
}

/** Expects a DecodeError with this code and, when given, at this octet. */
export function refused(
  t: Test,
  decode: () => unknown,
  code: DecodeErrorCode,
  offset?: number,
): void {
  const wanted = offset === undefined ? { code } : { code, offset }
  t.throws(decode, { name: 'DecodeError', ...wanted }, `refused: ${code}`)
}

const { OSPF_TEST_SEED } = process.env
export const seed = Number(OSPF_TEST_SEED ?? 2328)

/** A small generator (mulberry32): whole numbers from 0 up to, not including, `below`. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let x = Math.imul(state ^ (state >>> 15), state | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return Math.floor((((x ^ (x >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

/**
 * Up to 127 octets of anything, with zeros common enough for lengths and counts to come out small.
 */
export function noise(random: (below: number) => number): Uint8Array {
  return Uint8Array.from({ length: random(128) }, () => (random(3) === 0 ? 0 : random(256)))
}

/** A few octets changed, and now and then the end cut off or something appended. */
export function damaged(sample: Uint8Array, random: (below: number) => number): Uint8Array {
  const bytes = new Uint8Array(sample)
  for (let n = random(4); n > 0 && bytes.length > 0; n--) bytes[random(bytes.length)] = random(256)
  const cut = bytes.subarray(0, random(4) === 0 ? random(bytes.length + 1) : bytes.length)
  return random(4) === 0 ? Uint8Array.of(...cut, ...noise(random)) : cut
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16))
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (octet) => octet.toString(16).padStart(2, '0')).join('')
}
