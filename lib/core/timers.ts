/**
 * Every deadline of a router, in one heap. A timer is made once, named from a union, and armed as often as needed;
 * nothing here knows the time, it is told. Ties run in the order of arming, so a run can be repeated exactly.
 */
import type { Instant } from './io.ts'

export type TimerName =
  | 'hello'
  | 'wait'
  | 'delayed-ack'
  | 'flood'
  | 'inactivity'
  | 'database-description'
  | 'ls-request'
  | 'refused'
  | 'ls-retransmit'
  | 'age'
  | 'originate'
  | 'overflow'
  | 'nssa-translator'
  | 'handover'
  | 'spf'
  | 'spf-holddown'
  | 'spf-learn'

export class Timer {
  readonly name: TimerName
  readonly run: (now: Instant) => void
  readonly #timers: Timers
  /** When it fires; meaningful while `index` is not -1. Written by Timers alone. */
  at: Instant = 0
  order = 0
  index = -1

  constructor(timers: Timers, name: TimerName, run: (now: Instant) => void) {
    this.#timers = timers
    this.name = name
    this.run = run
  }

  get armed(): boolean {
    return this.index !== -1
  }

  /** Arms the timer, or moves it. */
  set(at: Instant): void {
    this.#timers.set(this, at)
  }

  cancel(): void {
    this.#timers.cancel(this)
  }
}

export class Timers {
  readonly #heap: Timer[] = []
  #order = 0

  create(name: TimerName, run: (now: Instant) => void): Timer {
    return new Timer(this, name, run)
  }

  next(): Instant | undefined {
    return this.#heap[0]?.at
  }

  /** Runs what is due. What a timer arms anew meanwhile waits for the next call, even when it is due at once. */
  runDue(now: Instant): void {
    const limit = this.#order
    for (let timer = this.#heap[0]; timer && timer.at <= now; timer = this.#heap[0]) {
      if (timer.order > limit) break
      this.cancel(timer)
      timer.run(now)
    }
  }

  set(timer: Timer, at: Instant): void {
    if (timer.index === -1) {
      timer.index = this.#heap.length
      this.#heap.push(timer)
    }
    timer.at = at
    timer.order = ++this.#order
    this.#up(timer.index)
    this.#down(timer.index)
  }

  cancel(timer: Timer): void {
    const { index } = timer
    if (index === -1) return
    timer.index = -1
    const last = this.#heap.pop()!
    if (last === timer) return
    this.#place(last, index)
    this.#up(index)
    this.#down(last.index)
  }

  #place(timer: Timer, index: number): void {
    this.#heap[index] = timer
    timer.index = index
  }

  #up(from: number): void {
    const timer = this.#heap[from]!
    let index = from
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = this.#heap[parent]!
      if (!earlier(timer, above)) break
      this.#place(above, index)
      index = parent
    }
    this.#place(timer, index)
  }

  #down(from: number): void {
    const timer = this.#heap[from]!
    let index = from
    for (;;) {
      let child = 2 * index + 1
      if (child >= this.#heap.length) break
      const right = this.#heap[child + 1]
      if (right && earlier(right, this.#heap[child]!)) child++
      const below = this.#heap[child]!
      if (!earlier(below, timer)) break
      this.#place(below, index)
      index = child
    }
    this.#place(timer, index)
  }
}

const earlier = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)
