/** One probe, run again and again: cadence, timeout, and the counting of passes and failures. */
import type { Evidence } from '../gate-verdict.ts'
import type { Clock } from '../ports.ts'
import { reasonOf } from '../reason.ts'
import type { Probe } from './probe.ts'
import { type Place, takePlace } from './spread.ts'

/** How often a probe is run, and what it takes to believe it. Times in seconds. */
export interface Timing {
  readonly interval: number
  /** While what was counted is between two states; default: the interval. */
  readonly fastInterval?: number
  readonly timeout: number
  readonly rise: number
  readonly fall: number
  /** Taken to be so until proven otherwise; default 'down'. */
  readonly initial?: 'down' | 'up'
  readonly clock: Clock
  /** From 0 up to, not including, 1: for the first delay, in place of an even spread. */
  readonly random?: () => number
}

/**
 * Starts one run per interval, measured from start to start. Runs never overlap: a probe that
 * outlives its timeout fails each turn that comes round while it is still at it, and is called
 * again once it has returned. A process that was blocked starts what it missed once, and each
 * checker is then back at its own place in the interval: a late burst is not for good.
 */
export class Checker {
  /** Undefined until proven one way or the other. */
  healthy: boolean | undefined
  /** What proved it; while unhealthy, the latest failure. */
  reason = ''
  /** Undefined until proven. */
  evidence: Omit<Evidence, 'probe'> | undefined
  /** Runs that are over, since `start`. */
  passed = 0
  failed = 0
  /** Milliseconds that the latest of them took. */
  took: number | undefined
  readonly #probe: Probe
  readonly #timing: Timing
  readonly #changed: () => void
  #passes = 0
  #failures = 0
  /** The end of this turn or the start of the next, whichever is to come. */
  #timer: Disposable | undefined
  #place: Place | undefined
  /** When the turn that is on, or is to come, was to begin. */
  #due = 0
  #isProven = false
  /** The turn that is on; undefined between two and when stopped. */
  #turn: AbortController | undefined
  /** The probe has been called and has not returned, maybe since an earlier turn. */
  #busy = false
  /** Calls the probe for the turn that is on, which waits for an earlier call to return. */
  #waiting: (() => void) | undefined

  /** @param changed called after every run that leaves `healthy` known; not by `start` */
  constructor(probe: Probe, timing: Timing, changed: () => void) {
    this.#probe = probe
    this.#timing = timing
    this.#changed = changed
  }

  /** Starts afresh, knowing nothing. */
  start(): void {
    const { clock, interval, initial, random } = this.#timing
    this.healthy = initial === 'up' ? true : undefined
    this.reason = 'taken to be up until proven otherwise'
    this.#isProven = false
    this.evidence = undefined
    this.#passes = this.#failures = 0
    this.passed = this.failed = 0
    this.took = undefined
    this.#place = takePlace(clock, random)
    const delay = this.#place.phase * interval * 1000
    this.#due = clock.now() + delay
    this.#timer = clock.setTimer(delay, () => this.#begin())
  }

  /** Aborts the run that is on and leaves no timer. */
  stop(): void {
    const turn = this.#turn
    this.#turn = this.#waiting = undefined
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    this.#place?.[Symbol.dispose]()
    turn?.abort(new Error('stopped'))
  }

  #begin(): void {
    const { clock, interval, timeout } = this.#timing
    const missed = Math.floor((clock.now() - this.#due) / (interval * 1000))
    if (missed > 0) this.#due += missed * interval * 1000
    const turn = new AbortController()
    const begun = clock.now()
    const end = (failure: string | undefined): void => {
      if (this.#turn !== turn) return // too late, or stopped
      this.#turn = this.#waiting = undefined
      this.#timer?.[Symbol.dispose]()
      this.took = clock.now() - begun
      this.#count(failure)
      this.#next()
      if (this.healthy !== undefined) this.#changed()
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

  #next(): void {
    const { clock, interval, fastInterval = interval } = this.#timing
    const wait = (this.#isChanging ? fastInterval : interval) * 1000
    // a turn that took longer than that is followed at once
    this.#due = Math.max(clock.now(), this.#due + wait)
    this.#timer = clock.setTimer(this.#due - clock.now(), () => this.#begin())
  }

  /** On the way from one state to another, or to the first. */
  get #isChanging(): boolean {
    if (!this.#isProven) return true
    return this.healthy ? this.#failures > 0 : this.#passes > 0
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
    if (failure === undefined) this.passed++
    else this.failed++
    if (failure === undefined) {
      this.#failures = 0
      if (++this.#passes < rise) return
      this.healthy = this.#isProven = true
      this.reason = rise === 1 ? 'passed' : `passed ${rise} times in a row`
      if (this.evidence?.passed !== true) {
        this.evidence = { passed: true, times: this.#passes, needed: rise }
      }
    } else {
      this.#passes = 0
      if (++this.#failures >= fall) {
        if (this.evidence?.passed !== false) {
          this.evidence = { passed: false, times: this.#failures, needed: fall }
        }
        this.healthy = false
        this.#isProven = true
      }
      if (this.healthy === false) this.reason = failure
    }
  }
}
