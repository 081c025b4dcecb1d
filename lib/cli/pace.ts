/**
 * Answers, one at a time and with room between them: whoever asks, and however many, the protocol has the greater part
 * of the time of the process.
 */

/** Time left for others, in relation to the time that an answer took. */
const SHARE = 3
/** Milliseconds: no answer holds the next up for longer. */
const LONGEST = 2000

export class Pace {
  readonly #clock: () => number
  #last: Promise<unknown> = Promise.resolve()

  /** @param clock milliseconds, monotonic */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock
  }

  /** Runs a piece of work that does not wait for anything, in its turn. */
  run<T>(work: () => T): Promise<T> {
    const result = this.#last.then(() => this.#timed(work))
    this.#last = result.then(
      ({ rest }) => wait(rest),
      () => wait(0),
    )
    return result.then(({ value }) => value)
  }

  #timed<T>(work: () => T): { readonly value: T; readonly rest: number } {
    const begun = this.#clock()
    const value = work()
    return { value, rest: Math.min(LONGEST, (this.#clock() - begun) * SHARE) }
  }
}

const wait = (ms: number): Promise<void> =>
  new Promise((resolve) => (ms < 1 ? setImmediate(resolve) : setTimeout(resolve, ms)))
