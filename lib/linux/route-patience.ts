/** How long the route sink waits before it tries again: more and more. All in milliseconds. */
import type { Entry } from './route-entry.ts'

export const RETRY_FIRST = 1000
const RETRY_LAST = 60_000
const PUT_BACK_FIRST = 100
/** A route that was not lost for so long starts over with the first delay. */
const PUT_BACK_FORGET = 60_000

/** Until what the kernel has refused so many times is tried again. */
export const retryDelay = (attempts: number): number =>
  Math.min(RETRY_FIRST * 2 ** (attempts - 1), RETRY_LAST)

/** Until what somebody took away is put back; notes that it was lost. */
export function putBackDelay(entry: Entry, now: number): number {
  if (now - (entry.lostAt ?? -Infinity) > PUT_BACK_FORGET) entry.losses = 0
  entry.lostAt = now
  return Math.min(PUT_BACK_FIRST * 2 ** entry.losses++, RETRY_LAST)
}
