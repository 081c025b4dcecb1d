/** The SPF delay algorithm, RFC 8405: quick at first, patient while changes keep coming. */
import type { Instant } from './io.ts'
import type { Timer, Timers } from './timers.ts'

/** Section 3 of RFC 8405; milliseconds. */
export interface SpfDelayConfig {
  readonly initialMs: number
  readonly shortMs: number
  readonly longMs: number
  readonly timeToLearnMs: number
  readonly holdDownMs: number
}

/**
 * Not at once: when a Designated Router leaves, what the others say of it takes some milliseconds to be complete, and a
 * tree in between has no way through that network.
 */
export const defaultSpfDelay: SpfDelayConfig = {
  initialMs: 10,
  shortMs: 50,
  longMs: 200,
  timeToLearnMs: 500,
  holdDownMs: 1000,
}

/** For changes that need no tree: of stub networks, summaries and externals. They cost little. */
export const defaultRouteDelay: SpfDelayConfig = {
  initialMs: 0,
  shortMs: 10,
  longMs: 50,
  timeToLearnMs: 500,
  holdDownMs: 1000,
}

/**
 * While a database comes in there is no end of what is new, and every tree before its end is for nothing: it is waited
 * for a pause of so long, but no longer than that since the first of it.
 */
export const LOAD_PAUSE_MS = 20
export const LOAD_MAX_MS = 500

export class SpfDelay {
  config: SpfDelayConfig
  /** Since when only what comes in with a database waits; undefined: nothing waits, or something else as well. */
  #loadSince: Instant | undefined
  readonly #spf: Timer
  readonly #learn: Timer
  readonly #holdDown: Timer
  state: 'QUIET' | 'SHORT_WAIT' | 'LONG_WAIT' = 'QUIET'

  constructor(timers: Timers, config: SpfDelayConfig, run: () => void) {
    this.config = config
    this.#spf = timers.create('spf', () => {
      this.#loadSince = undefined
      run()
    })
    this.#learn = timers.create('spf-learn', () => {
      // transition 3
      if (this.state === 'SHORT_WAIT') this.state = 'LONG_WAIT'
    })
    this.#holdDown = timers.create('spf-holddown', () => {
      // transitions 5 and 6
      this.#learn.cancel()
      this.state = 'QUIET'
    })
  }

  /** Calculates at once, and counts for nothing: not what somebody else said. */
  soon(now: Instant): void {
    this.#spf.set(now)
  }

  /** Calculates if it is time to, without waiting for the timer to be looked at. */
  runDue(now: Instant): void {
    if (!this.#spf.armed || this.#spf.at > now) return
    this.#spf.cancel()
    this.#spf.run(now)
  }

  /** What was asked for has been calculated on another occasion. */
  done(): void {
    this.#spf.cancel()
    this.#loadSince = undefined
  }

  /**
   * An IGP event that is part of a database which comes in. `pause`: milliseconds without another that mean its end;
   * `least` as below.
   */
  load(now: Instant, pause: number, least: number): void {
    if (this.#spf.armed && this.#loadSince === undefined) return this.event(now, least)
    const due = this.#spf.armed ? this.#spf.at : now + Math.max(this.#delay(now), least)
    this.#loadSince ??= now
    this.#spf.set(Math.max(due, Math.min(now + pause, this.#loadSince + LOAD_MAX_MS)))
  }

  /** An IGP event (section 4). `least`: milliseconds that it is to wait in any case. */
  event(now: Instant, least = 0): void {
    const at = now + Math.max(this.#delay(now), least)
    const isLate = this.#loadSince !== undefined && this.#spf.at > at
    if (!this.#spf.armed || isLate) this.#spf.set(at)
    this.#loadSince = undefined
  }

  /** Milliseconds to wait for, and the next state. */
  #delay(now: Instant): number {
    const { initialMs, shortMs, longMs, timeToLearnMs, holdDownMs } = this.config
    let delay: number
    switch (this.state) {
      case 'QUIET':
        // transition 1
        delay = initialMs
        this.#learn.set(now + timeToLearnMs)
        this.state = 'SHORT_WAIT'
        break
      case 'SHORT_WAIT':
        // transition 2
        delay = shortMs
        break
      case 'LONG_WAIT':
        // transition 4
        delay = longMs
    }
    this.#holdDown.set(now + holdDownMs)
    return delay
  }
}
