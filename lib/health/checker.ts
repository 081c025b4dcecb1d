/** One probe, run again and again: cadence, timeout, and the counting of passes and failures. */
import type { Clock } from '../ports.ts'
import { reasonOf } from '../reason.ts'
import type { Probe } from './probe.ts'

/** How often a probe is run, and what it takes to believe it. Times in seconds. */
export interface Timing {
  readonly interval: number
  readonly timeout: number
  readonly rise: number
  readonly fall: number
  readonly clock: Clock
  /** From 0 up to, not including, 1. */
  readonly random: () => number
}

/**
 * The first run waits for up to this part of the interval, so that many checkers do not march in
 * step.
 */
const STAGGER = 0.1

/**
 * Starts one run per interval, measured from start to start. Runs never overlap: a probe that
 * outlives its timeout fails each turn that comes round while it is still at it, and is called
 * again once it has returned.
 */
export class Checker {
  /** Undefined until proven one way or the other. */
  healthy: boolean | undefined
  /** What proved it; while unhealthy, the latest failure. */
  reason = ''
  readonly #probe: Probe
  readonly #timing: Timing
  readonly #changed: () => void
  #passes = 0
  #failures = 0
  /** The end of this turn or the start of the next, whichever is to come. */
  #timer: Disposable | undefined
  /** The turn that is on; undefined between two and when stopped. */
  #turn: AbortController | undefined
  /** The probe has been called and has not returned, maybe since an earlier turn. */
  #busy = false
  /** Calls the probe for the turn that is on, which waits for an earlier call to return. */
  #waiting: (() => void) | undefined

  /** @param changed called after every run that leaves `healthy` known */
  constructor(probe: Probe, timing: Timing, changed: () => void) {
    this.#probe = probe
    this.#timing = timing
    this.#changed = changed
  }

  /** Starts afresh, knowing nothing. */
  start(): void {
    const { clock, interval, random } = this.#timing
    this.healthy = undefined
    this.#passes = this.#failures = 0
    this.#timer = clock.setTimer(random() * STAGGER * interval * 1000, () => this.#begin())
  }

  /** Aborts the run that is on and leaves no timer. */
  stop(): void {
    const turn = this.#turn
    this.#turn = this.#waiting = undefined
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    turn?.abort(new Error('stopped'))
  }

  #begin(): void {
    const { clock, interval, timeout } = this.#timing
    const started = clock.now()
    const turn = new AbortController()
    const end = (failure: string | undefined): void => {
      if (this.#turn !== turn) return // too late, or stopped
      this.#turn = this.#waiting = undefined
      this.#timer?.[Symbol.dispose]()
      const wait = Math.max(0, started + interval * 1000 - clock.now())
      this.#timer = clock.setTimer(wait, () => this.#begin())
      this.#count(failure)
    }
    this.#turn = turn
    this.#timer = clock.setTimer(timeout * 1000, () => {
      const why = this.#waiting === undefined ? '' : ' (an earlier run has not returned)'
      const reason = `timed out after ${timeout} s${why}`
      end(reason)
      turn.abort(new Error(reason))
    })
    this.#waiting = () => this.#call(turn.signal, end)
    if (!this.#busy) this.#resume()
  }

  #resume(): void {
    const call = this.#waiting
    this.#waiting = undefined
    call?.()
  }

  async #call(signal: AbortSignal, end: (failure: string | undefined) => void): Promise<void> {
    this.#busy = true
    let failure: string | undefined
    try {
      await this.#probe(signal)
    } catch (error) {
      failure = reasonOf(error)
    }
    this.#busy = false
    end(failure)
    this.#resume()
  }

  #count(failure: string | undefined): void {
    const { rise, fall } = this.#timing
    if (failure === undefined) {
      this.#failures = 0
      if (++this.#passes >= rise) {
        this.healthy = true
        this.reason = rise === 1 ? 'passed' : `passed ${rise} times in a row`
      }
    } else {
      this.#passes = 0
      if (++this.#failures >= fall) this.healthy = false
      if (this.healthy === false) this.reason = failure
    }
    if (this.healthy !== undefined) this.#changed()
  }
}
