/** When everybody has heard what we had to say, and had the time to act upon it: only then may an address go. */
import type { Instant } from './core/io.ts'
import type { Router } from './core/router.ts'
import type { NeighborState } from './core/states.ts'
import type { Clock } from './ports.ts'

export interface StopOptions {
  /** Seconds to wait for the adjacent routers' acknowledgements; default 6. FRR takes 1 s, BIRD 2.5 s. */
  readonly timeout?: number
  /** Least seconds from when the withdrawal left to the end, so that routers have recalculated; default 2. BIRD ticks by 1 s. */
  readonly hold?: number
}

/** What `stop()` found. */
export interface StopResult {
  /** Every adjacent router acknowledged that our LSAs are gone. */
  readonly acknowledged: boolean
  /** Milliseconds from the withdrawal to the last acknowledgement, or to the end of waiting for it. */
  readonly acknowledgedAfter: number
}

/** How often it is looked whether all is said, in milliseconds. */
const POLL_MS = 10
/** As we leave, another router becomes Designated Router: those that are neither are adjacent no more, but there. */
const TWO_WAY: readonly NeighborState[] = ['2-Way', 'ExStart', 'Exchange', 'Loading', 'Full']

/**
 * Resolves when what we have to say was acknowledged by every adjacent router, and the hold time is over; or when the
 * acknowledgements did not come in time. A router that is gone before it acknowledged has not.
 * @param instead a promise to follow once there is one.
 */
export function untilQuiet(
  core: Router,
  clock: Clock,
  { timeout = 6, hold = 2 }: StopOptions,
  instead: () => Promise<StopResult> | undefined,
): Promise<StopResult> {
  const begun = clock.now()
  const audience = neighborsIn(core, ['Full'])
  let sentAt: Instant | undefined
  let doneAt: Instant | undefined
  return new Promise((resolve) => {
    const look = (): void => {
      const other = instead()
      if (other) return resolve(other)
      const now = clock.now()
      const isLate = !(now - begun < timeout * 1000)
      // what is paced (originate.ts) leaves later; routers have their time from then on
      const isSent = core.isUpToDate()
      if (isSent) sentAt ??= now
      const isSaid = isSent && core.unacknowledged() === 0
      const present = neighborsIn(core, TWO_WAY)
      if (isSaid && [...audience].every((router) => present.has(router))) doneAt ??= now
      const acknowledged = doneAt !== undefined
      const isHeld = sentAt === undefined ? !isLate : now - sentAt < hold * 1000
      if (isHeld || (!acknowledged && !isLate)) {
        clock.setTimer(POLL_MS, look)
      } else {
        resolve({ acknowledged, acknowledgedAfter: (doneAt ?? now) - begun })
      }
    }
    look()
  })
}

/** Neighbors in some states, each with its interface. */
export function neighborsIn(core: Router, states: readonly NeighborState[]): Set<string> {
  const those = core.neighbors().filter((n) => states.includes(n.state))
  return new Set(those.map((n) => `${n.interface} ${n.routerId}`))
}

/** Calls when a signal aborts. Returns what undoes that. */
export function onAbort(signal: AbortSignal | undefined, act: () => void): () => void {
  signal?.addEventListener('abort', act, { once: true })
  return () => signal?.removeEventListener('abort', act)
}
