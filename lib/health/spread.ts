/**
 * Where in its interval each of many checkers starts, so that thousands of them are no burst. The places are those of
 * the golden ratio's multiples: however many there are, they lie evenly. All checkers of a clock share them, since it
 * is the process that bursts would hurt; nothing else passes between them.
 */
import type { Clock } from '../ports.ts'

interface Spread {
  /** Checkers that run. */
  active: number
  place: number
}

const spreads = new WeakMap<Clock, Spread>()

const GOLDEN = (Math.sqrt(5) - 1) / 2
/** A few start within this part of the interval, ... */
const FEW = 0.1
/** ... and so many and more over all of it. */
const MANY = 100

/** A checker's place among those that run. */
export interface Place extends Disposable {
  /** Part of the interval that it waits for at first: from 0 up to, not including, 1. */
  readonly phase: number
}

/** @param random in place of the even places */
export function takePlace(clock: Clock, random?: () => number): Place {
  let spread = spreads.get(clock)
  if (spread === undefined) {
    // other processes are not to march in step with this one either
    spread = { active: 0, place: Math.random() }
    spreads.set(clock, spread)
  }
  const those = spread
  those.active++
  those.place = (those.place + GOLDEN) % 1
  const part = Math.min(1, Math.max(FEW, those.active / MANY))
  let isTaken = true
  return {
    phase: (random?.() ?? those.place) * part,
    [Symbol.dispose]: () => {
      if (isTaken) those.active--
      isTaken = false
    },
  }
}
