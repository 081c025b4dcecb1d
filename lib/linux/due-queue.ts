/** Things that are due at some time, with one timer for all of them. */
import type { Clock } from '../ports.ts'

export class DueQueue<T> implements Disposable {
  readonly #clock: Clock
  readonly #wake: (due: readonly T[]) => void
  readonly #waiting = new Map<T, number>()
  #alarm: { readonly due: number; readonly timer: Disposable } | undefined

  /** `wake` is called with all that is due. */
  constructor(clock: Clock, wake: (due: readonly T[]) => void) {
    this.#clock = clock
    this.#wake = wake
  }

  /** Waits until the instant `due`, instead of whatever it waited for. */
  add(item: T, due: number): void {
    this.#waiting.set(item, due)
    this.#arm(due)
  }

  delete(item: T): void {
    this.#waiting.delete(item)
  }

  [Symbol.dispose](): void {
    this.#alarm?.timer[Symbol.dispose]()
    this.#alarm = undefined
    this.#waiting.clear()
  }

  #arm(due: number): void {
    if (this.#alarm !== undefined && this.#alarm.due <= due) return
    this.#alarm?.timer[Symbol.dispose]()
    const timer = this.#clock.setTimer(Math.max(0, due - this.#clock.now()), () => this.#ring(due))
    this.#alarm = { due, timer }
  }

  #ring(at: number): void {
    this.#alarm = undefined
    // A timer may fire a little early.
    const now = Math.max(at, this.#clock.now())
    const due: T[] = []
    let next = Infinity
    for (const [item, when] of this.#waiting) {
      if (when <= now) due.push(item)
      else next = Math.min(next, when)
    }
    for (const item of due) this.#waiting.delete(item)
    if (next < Infinity) this.#arm(next)
    this.#wake(due)
  }
}
