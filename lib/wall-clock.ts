/** Wall clock against monotonic clock: they part company when the machine sleeps or is paused, or somebody sets the time. */
import type { Clock } from './ports.ts'

/** A difference of so many milliseconds is told. */
const STEP_MS = 500

export class WallClock {
  readonly #clock: Clock
  readonly #tell: (offset: number) => void
  #offset: number
  #told = 0

  /** @param tell is given the wall clock less the monotonic clock, in milliseconds, when it is news */
  constructor(clock: Clock, tell: (offset: number) => void) {
    this.#clock = clock
    this.#tell = tell
    this.#offset = clock.wall() - clock.now()
  }

  /** Tells the offset, news or not. */
  begin(): void {
    this.#told = this.#offset
    this.#tell(this.#offset)
  }

  /** @returns how far the clocks have parted since the last look, in milliseconds */
  look(): number {
    const offset = this.#clock.wall() - this.#clock.now()
    const jump = offset - this.#offset
    this.#offset = offset
    if (Math.abs(offset - this.#told) >= STEP_MS) this.begin()
    return jump
  }
}
