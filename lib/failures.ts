/** Failures outside the protocol, said as events: the same one at most once a minute. */
import type { Instant } from './core/io.ts'
import type { SpeakerEvent } from './events.ts'
import type { Clock } from './ports.ts'

/** A failure that goes on is said again after so many milliseconds. */
const SAME_FAILURE_MS = 60_000
/** Different ones of a place that are told apart. */
const MESSAGES_MAX = 16

interface Failure {
  /** When it was said. */
  readonly at: Instant
  /** How often it happened since. */
  repeated: number
}

export class Failures {
  readonly #clock: Clock
  readonly #say: (event: SpeakerEvent) => void
  /** The last ones of each place, by what they say; the one that was said last is the last. */
  readonly #known = new Map<string, Map<string, Failure>>()

  constructor(clock: Clock, say: (event: SpeakerEvent) => void) {
    this.#clock = clock
    this.#say = say
  }

  add(where: string, cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause))
    const at = this.#clock.now()
    const known = this.#known.get(where) ?? new Map<string, Failure>()
    this.#known.set(where, known)
    const last = known.get(error.message)
    if (last !== undefined && at - last.at < SAME_FAILURE_MS) {
      last.repeated++
      return
    }
    known.delete(error.message)
    known.set(error.message, { at, repeated: 0 })
    if (known.size > MESSAGES_MAX) {
      const [oldest] = known.keys()
      known.delete(oldest!)
    }
    const repeated = last?.repeated ?? 0
    this.#say({ type: 'error', where, error, ...(repeated > 0 ? { repeated } : {}) })
  }
}
