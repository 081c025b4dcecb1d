/** Failures outside the protocol, said as events: the same one at most once a minute. */
import type { Instant } from './core/io.ts'
import type { SpeakerEvent } from './events.ts'
import type { Clock } from './ports.ts'

/** A failure that goes on is said again after so many milliseconds. */
const SAME_FAILURE_MS = 60_000

export class Failures {
  readonly #clock: Clock
  readonly #say: (event: SpeakerEvent) => void
  /** The last of each place. */
  readonly #last = new Map<string, { message: string; at: Instant }>()

  constructor(clock: Clock, say: (event: SpeakerEvent) => void) {
    this.#clock = clock
    this.#say = say
  }

  add(where: string, cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause))
    const now = this.#clock.now()
    const last = this.#last.get(where)
    if (last?.message === error.message && now - last.at < SAME_FAILURE_MS) return
    this.#last.set(where, { message: error.message, at: now })
    this.#say({ type: 'error', where, error })
  }
}
