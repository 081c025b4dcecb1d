/** The calculations of routes that a speaker made lately: when, why, how long they took and what came of them. */
import type { OspfEvent } from './core/events.ts'

/** A calculation (RFC 2328 section 16). */
export interface SpfRun extends Omit<Extract<OspfEvent, { type: 'spf' }>, 'type'> {
  /** When: milliseconds since 1970. */
  readonly time: number
}

const RUNS_MAX = 100

export class SpfLog {
  readonly #runs: SpfRun[] = []

  /** @param wall milliseconds since 1970 */
  record({ type: _, ...run }: Extract<OspfEvent, { type: 'spf' }>, wall: number): void {
    this.#runs.push(Object.freeze({ time: wall, ...run }))
    if (this.#runs.length > RUNS_MAX) this.#runs.shift()
  }

  /** Oldest first. */
  runs(): readonly SpfRun[] {
    return [...this.#runs]
  }
}
