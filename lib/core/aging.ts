/** Aging (RFC 2328 14): our own LSAs are refreshed, those of others are flushed at MaxAge, and what is at MaxAge goes. */
import { LS_REFRESH_TIME_S, MAX_AGE_HOLD_MS, MAX_AGE_S } from './constants.ts'
import type { Instant } from './io.ts'
import { ageOf, type Entry } from './lsdb.ts'
import { atLeast } from './neighbor-fsm.ts'
import { expire, refreshOwn } from './originate.ts'
import type { Router } from './router.ts'
import type { Scope } from './scope.ts'
import type { Timer } from './timers.ts'

export class Aging {
  readonly #router: Router
  readonly #timer: Timer

  constructor(router: Router) {
    this.#router = router
    this.#timer = router.timers.create('age', () => this.#look())
  }

  /** Makes sure that somebody looks when the entry is due for refresh, or has come to MaxAge. */
  watch(entry: Entry): void {
    this.#lookBy(this.#deadline(entry))
  }

  #lookBy(at: Instant): void {
    if (!this.#timer.armed || at < this.#timer.at) this.#timer.set(at)
  }

  #deadline(entry: Entry): Instant {
    const { now } = this.#router
    const limit = entry.ours || entry.installedAt === now ? LS_REFRESH_TIME_S : MAX_AGE_S
    const at = entry.installedAt + (limit - entry.ageAtInstall) * 1000
    return Math.max(at, now + GRANULARITY_MS)
  }

  /**
   * Finds what is due by looking at everything. That is cheap, as it happens only when something may be due: LSAs are
   * refreshed long before MaxAge, so the earliest deadline is half an hour away.
   */
  #look(): void {
    const router = this.#router
    let next = Number.POSITIVE_INFINITY
    for (const scope of router.scopes()) {
      refreshOwn(scope)
      for (const entry of [...scope.lsdb]) {
        if (scope.lsdb.maxAge.has(entry)) continue
        if (ageOf(entry, router.now) >= MAX_AGE_S) expire(scope, entry)
        else next = Math.min(next, this.#deadline(entry))
      }
    }
    if (next !== Number.POSITIVE_INFINITY) this.#timer.set(next)
  }

  /** 14: acknowledged by everybody, and nobody in the middle of an exchange. */
  removeMaxAge(): void {
    const router = this.#router
    if (!router.anyScope(hasMaxAge)) return
    for (const scope of router.scopes()) {
      const { lsdb } = scope
      if (lsdb.maxAge.size === 0 || router.exchanging) continue
      for (const entry of lsdb.maxAge) {
        if (entry.retransmitting > 0) continue
        const isOwn = lsdb.own.has(entry)
        const heldUntil = entry.installedAt + MAX_AGE_HOLD_MS
        if (router.now < heldUntil && !isOwn && this.#hasAdjacency()) {
          this.#lookBy(heldUntil)
          continue
        }
        // 12.1.6: only now may a wrapped sequence number start again
        if (isOwn) scope.originateDirty = true
        lsdb.remove(entry)
      }
    }
  }

  #hasAdjacency(): boolean {
    for (const iface of this.#router.interfaces.values()) {
      for (const { state } of iface.neighbors.values()) if (atLeast(state, 'Exchange')) return true
    }
    return false
  }
}

const hasMaxAge = ({ lsdb }: Scope): boolean => lsdb.maxAge.size > 0

const GRANULARITY_MS = 1000
