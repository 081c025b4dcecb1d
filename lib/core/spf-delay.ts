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

/** What is waited for while a database comes in, as every tree before its end is for nothing. */
export interface LoadPatience {
  /** Milliseconds without anything new that mean its end. */
  readonly pauseMs: number
  /** Milliseconds since the first of it, in any case. */
  readonly mostMs: number
}

/** It is flooded. */
export const FLOODED: LoadPatience = { pauseMs: 20, mostMs: 500 }
/** A neighbor hands it out: there is no way through that neighbor before its end, when our own LSA changes. */
export const EXCHANGED: LoadPatience = { pauseMs: 1000, mostMs: 1000 }

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
    this.#spf = timers.create('spf', (now) => {
      if (this.#loadSince !== undefined && this.state === 'QUIET') this.#delay(now)
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

  /** An IGP event that is part of a database which comes in: all of it together is one event. `least` as below. */
  load(now: Instant, { pauseMs, mostMs }: LoadPatience, least: number): void {
    if (this.#spf.armed && this.#loadSince === undefined) return this.event(now, least)
    const delay = this.state === 'QUIET' ? this.config.initialMs : this.#delay(now)
    const due = this.#spf.armed ? this.#spf.at : now + Math.max(delay, least)
    this.#loadSince ??= now
    const at = Math.max(due, Math.min(now + pauseMs, this.#loadSince + mostMs))
    if (!this.#spf.armed || this.#spf.at !== at) this.#spf.set(at)
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
    // once for all that one packet brings
    if (!this.#holdDown.armed || this.#holdDown.at !== now + holdDownMs) {
      this.#holdDown.set(now + holdDownMs)
    }
    return delay
  }
}
