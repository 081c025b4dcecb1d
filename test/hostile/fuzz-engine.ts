/**
 * A small coverage-guided fuzzer: an input under which code runs that had not run is kept, cut down, and changed again. A
 * target says that something is wrong by throwing.
 */
import { Random } from '../../lib/sim/random.ts'
import { type Coverage, Covered, type Piece } from './fuzz-coverage.ts'
import { mutate } from './fuzz-mutate.ts'

export interface Target {
  readonly name: string
  /** Valid inputs to start from. */
  readonly seeds: () => readonly Uint8Array[]
  /** Throws when the code under test did what it must not. Must leave nothing behind. */
  readonly run: (input: Uint8Array) => void
  /** Words of a text format, or octets that mean something. */
  readonly words?: readonly Uint8Array[]
  /** Octets; default 2048. */
  readonly maximumLength?: number
}

export interface Finding {
  readonly error: unknown
  readonly input: Uint8Array
}

export interface FuzzOptions {
  readonly coverage: Coverage
  readonly seed: number
  /** Whether to go on; asked between batches. */
  readonly proceed: (inputs: number, findings: number) => boolean
  /** What earlier runs have kept. */
  readonly kept?: readonly Uint8Array[]
  /** Told each input before it is run, so that one that never ends can be named. */
  readonly about?: (input: Uint8Array) => void
  /** How many of what was found to keep; default 40. */
  readonly keep?: number
}

export interface FuzzResult {
  readonly inputs: number
  /** Characters of code that ran: with the seeds alone, with what was kept before, at the end. */
  readonly covered: { readonly seeds: number; readonly before: number; readonly after: number }
  /** Inputs that lead further than the seeds do, the smallest first. */
  readonly corpus: readonly Uint8Array[]
  readonly findings: readonly Finding[]
}

const BATCH = 64
/** One per place in the code; more are not worth telling. */
const FINDINGS_MAX = 20
/** A shorter input is looked for this many times. */
const SHORTENINGS = 48

/** The place that an error comes from, to tell findings apart. */
const placeOf = (error: unknown): string =>
  error instanceof Error
    ? `${error.name} ${(error.stack ?? '').split('\n').find((line) => line.includes(' at '))}`
    : String(error)

export function fuzz(target: Target, options: FuzzOptions): FuzzResult {
  const { coverage, proceed, kept = [], about = () => undefined, keep = 40 } = options
  const { words = [], maximumLength = 2048 } = target
  const random = new Random(options.seed).fork(target.name)
  const findings = new Map<string, Finding>()
  let inputs = 0
  const run = (input: Uint8Array): boolean => {
    inputs++
    about(input)
    try {
      // a copy: one that is kept by mistake must not change the corpus
      target.run(new Uint8Array(input))
      return true
    } catch (error) {
      const place = placeOf(error)
      const known = findings.get(place)
      if (known === undefined ? findings.size < FINDINGS_MAX : input.length < known.input.length) {
        findings.set(place, { error, input })
      }
      return false
    }
  }
  const alone = (input: Uint8Array): Piece[] => {
    coverage.take()
    run(input)
    return coverage.take()
  }

  const seeds = target.seeds()
  const covered = new Covered()
  // the first time, what runs once in a process is counted, too
  for (const seed of seeds.slice(0, 3)) run(seed)
  for (const seed of seeds) covered.add(alone(seed))
  const bySeeds = covered.size
  const pool: Uint8Array[] = [...seeds]
  const found: Uint8Array[] = []
  for (const input of kept) {
    pool.push(input)
    found.push(input)
    covered.add(alone(input))
  }
  const before = covered.size

  while (proceed(inputs, findings.size)) {
    const batch = Array.from({ length: BATCH }, () => {
      // what was found late leads further
      const late = pool.length > 8 && random.chance(0.5)
      const from = late ? pool.length - 1 - random.int(8) : random.int(pool.length)
      return mutate(pool[from] ?? new Uint8Array(), random.pick(pool), random, {
        words,
        maximumLength,
      })
    })
    coverage.take()
    const good = batch.filter(run)
    if (covered.news(coverage.take()).length === 0) continue
    for (const input of good) {
      const pieces = alone(input)
      const news = covered.news(pieces)
      if (news.length === 0) continue
      const small = shorten(input, news, alone, random)
      covered.add(pieces)
      pool.push(small)
      found.push(small)
    }
  }
  const corpus = cover(seeds, found, alone).slice(0, keep)
  return {
    inputs,
    covered: { seeds: bySeeds, before, after: covered.size },
    corpus,
    findings: [...findings.values()],
  }
}

/** Cuts pieces out of an input for as long as it still leads to the same code. */
function shorten(
  input: Uint8Array,
  news: readonly Piece[],
  alone: (input: Uint8Array) => Piece[],
  random: Random,
): Uint8Array {
  let best = input
  for (let i = 0; i < SHORTENINGS && best.length > 0; i++) {
    const length = Math.max(1, Math.min(best.length, random.int(Math.ceil(best.length / 2) + 1)))
    const at = random.int(best.length - length + 1)
    const shorter = new Uint8Array(best.length - length)
    shorter.set(best.subarray(0, at))
    shorter.set(best.subarray(at + length), at)
    const ran = new Covered()
    ran.add(alone(shorter))
    if (news.every((piece) => ran.has(piece))) best = shorter
  }
  return best
}

/** Those that lead further than the seeds and the smaller ones do. */
function cover(
  seeds: readonly Uint8Array[],
  found: readonly Uint8Array[],
  alone: (input: Uint8Array) => Piece[],
): Uint8Array[] {
  const covered = new Covered()
  for (const seed of seeds) covered.add(alone(seed))
  return found
    .toSorted((a, b) => a.length - b.length)
    .filter((input) => covered.add(alone(input)) > 0)
}
