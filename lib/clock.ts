/** The real clock behind the Clock port: the default wherever a clock can be handed in. */
import type { Clock } from './ports.ts'

/** What `setTimeout` can hold, in milliseconds; above it, it fires at once. */
const LONGEST = 0x7fffffff

/**
 * The machine's clock. `now` is monotonic and counts from the start of the process. A timer keeps
 * the process alive until it fires or is disposed, is never cut short by rounding, and may be of
 * any length; of no length at all, it fires after the present turn, without the millisecond that
 * `setTimeout` takes.
 */
export const realClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  setTimer(delay, callback) {
    if (!(delay > 0)) {
      const immediate = setImmediate(callback)
      return { [Symbol.dispose]: () => clearImmediate(immediate) }
    }
    let timer: ReturnType<typeof setTimeout>
    const arm = (left: number): void => {
      timer =
        left > LONGEST
          ? setTimeout(() => arm(left - LONGEST), LONGEST)
          : setTimeout(callback, Math.ceil(left))
    }
    arm(delay)
    return { [Symbol.dispose]: () => clearTimeout(timer) }
  },
}
