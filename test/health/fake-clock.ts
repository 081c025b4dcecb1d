import type { Clock } from '../../lib/ports.ts'

/** Lets everything that waits for nothing but promises run. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Waits for what takes this machine's time, not the clock's: a file, a lookup, a process. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1))
}

/** A clock that stands still until told to move. */
export class FakeClock implements Clock {
  #now = 0
  #timers: { readonly at: number; readonly callback: () => void }[] = []

  now(): number {
    return this.#now
  }

  wall(): number {
    return 1_700_000_000_000 + this.#now
  }

  setTimer(delay: number, callback: () => void): Disposable {
    if (!(delay >= 0)) throw new RangeError(`a delay of ${delay} ms`)
    const timer = { at: this.#now + delay, callback }
    this.#timers.push(timer)
    return {
      [Symbol.dispose]: () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      },
    }
  }

  /** Timers that have neither fired nor been disposed. */
  get pending(): number {
    return this.#timers.length
  }

  /** Moves on by so many milliseconds, firing what falls due in order, the earlier set first. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await settle()
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= end)
      if (due.length === 0) break
      const next = due.reduce((first, timer) => (timer.at < first.at ? timer : first))
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#now = Math.max(this.#now, next.at)
      next.callback()
      await settle()
    }
    this.#now = end
  }
}
