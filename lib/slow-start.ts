/**
 * A weight that grows to its full size after a VIP has come up, so that a server with cold caches is not handed its whole
 * share at once: in few steps, as each is an LSA for the whole area.
 */
import type { Clock } from './ports.ts'

/** At most so many changes of the weight after the first. */
const STEPS = 8
/** Seconds between two of them at the least: MinLSInterval, faster than which LSAs do not follow each other for long. */
const STEP_SECONDS = 5
/** What it starts with, of the whole. */
const FIRST = 0.1

export class SlowStart {
  readonly #seconds: number
  readonly #clock: Clock
  readonly #changed: () => void
  readonly #steps: number
  /** Steps taken; undefined: it is not under way. */
  #step: number | undefined
  #timer: Disposable | undefined

  /**
   * @param seconds until the full weight
   * @param changed is called after each step: `of` gives another answer then
   */
  constructor(seconds: number, clock: Clock, changed: () => void) {
    this.#seconds = seconds
    this.#clock = clock
    this.#changed = changed
    this.#steps = Math.min(STEPS, Math.max(1, Math.floor(seconds / STEP_SECONDS)))
  }

  get isUnderWay(): boolean {
    return this.#step !== undefined
  }

  /** From the beginning. */
  begin(): void {
    this.end()
    this.#step = 0
    this.#wait()
  }

  /** Full weight from now on; nobody is called. */
  end(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    this.#step = undefined
  }

  /** What a weight amounts to now: never below 1. */
  of(weight: number): number {
    if (this.#step === undefined) return weight
    const share = FIRST + ((1 - FIRST) * this.#step) / this.#steps
    return Math.max(1, Math.round(weight * share))
  }

  #wait(): void {
    const delay = (this.#seconds * 1000) / this.#steps
    this.#timer = this.#clock.setTimer(delay, () => {
      this.#timer = undefined
      const step = (this.#step ?? 0) + 1
      this.#step = step < this.#steps ? step : undefined
      if (this.#step !== undefined) this.#wait()
      this.#changed()
    })
  }
}
