/** The bounds of a router; everything is bounded. What happens at one is an event, once for as long as it lasts. */
import {
  EXIT_OVERFLOW_MS,
  MIN_LS_ARRIVAL_MS,
  MIN_LS_INTERVAL_MS,
  OPAQUE_OCTETS,
} from './constants.ts'
import type { OspfEvent } from './events.ts'
import type { Instant } from './io.ts'

/** The bounds of a router. */
export interface Limits {
  /** LSAs in one database; those of our own always fit. */
  readonly lsas: number
  /** AS-external-LSAs but for defaults, as RFC 1765 bounds them; it must be the same in every router. */
  readonly externals: number
  /** Prefixes of the kernel that a speaker redistributes; those that come after are not told. */
  readonly redistributed: number
  readonly neighborsPerInterface: number
  /** Adjacencies that form at a time; the others wait in 2-Way for their turn (RFC 4222, recommendation 5). */
  readonly exchanging: number
  /**
   * Packets of neighbors that are processed on an interface each second, and a tenth of that of others; what is above
   * is dropped. Hellos of neighbors do not count, so that a flood costs no adjacency.
   */
  readonly packetsPerSecond: number
  /** Equal-cost next hops of a route; at most 256. */
  readonly maximumPaths: number
  /** Sources per interface whose mismatch is remembered, so as to be said once. */
  readonly mismatches: number
  /** Octets of an opaque LSA's data from the application: by default, what fits one packet nearly everywhere. */
  readonly opaqueOctets: number
  /** Milliseconds after which a router that reached the limit of externals looks again (ExitOverflowInterval). */
  readonly exitOverflowMs: number
  /** Milliseconds (12.4). */
  readonly minLsIntervalMs: number
  /** Milliseconds (13 (5a)). */
  readonly minLsArrivalMs: number
}

export const defaultLimits: Limits = {
  lsas: 100_000,
  externals: 100_000,
  redistributed: 10_000,
  neighborsPerInterface: 500,
  exchanging: 50,
  packetsPerSecond: 10_000,
  maximumPaths: 64,
  mismatches: 64,
  opaqueOctets: OPAQUE_OCTETS,
  exitOverflowMs: EXIT_OVERFLOW_MS,
  minLsIntervalMs: MIN_LS_INTERVAL_MS,
  minLsArrivalMs: MIN_LS_ARRIVAL_MS,
}

export type LimitEvent = Extract<OspfEvent, { type: 'limit' }>

/** Without a hit for so long, an episode is over, and the next hit is news. */
const EPISODE_MS = 60_000

/** Says once per episode that a bound was reached. */
export class LimitWatch {
  readonly #say: (event: LimitEvent) => void
  /** When each was last hit. */
  readonly #hits = new Map<string, Instant>()

  constructor(say: (event: LimitEvent) => void) {
    this.#say = say
  }

  reached(now: Instant, event: Omit<LimitEvent, 'type'>): void {
    const key = `${event.what} ${event.interface ?? ''}`
    const last = this.#hits.get(key)
    this.#hits.set(key, now)
    if (last === undefined || now - last > EPISODE_MS) this.#say({ type: 'limit', ...event })
  }
}
