/** So many a second in the long run, and at most so many at once. */
import type { Instant } from './io.ts'

export class TokenBucket {
  /** Tokens a second. */
  rate: number
  readonly #burst: number
  #tokens: number
  #at: Instant = Number.NEGATIVE_INFINITY

  constructor(rate: number, burst: number = rate) {
    this.rate = rate
    this.#burst = burst
    this.#tokens = burst
  }

  /** How many there are. Negative: as many are owed. */
  tokens(now: Instant): number {
    const gained = (Math.max(0, now - this.#at) * this.rate) / 1000
    this.#tokens = Math.min(this.#burst, this.#tokens + gained)
    this.#at = now
    return this.#tokens
  }

  /** Takes one. @returns false, and takes none, when there is none. */
  take(now: Instant): boolean {
    if (this.tokens(now) < 1) return false
    this.#tokens--
    return true
  }

  /** Takes so many, though they may have to be owed. */
  spend(now: Instant, tokens: number): void {
    this.#tokens = this.tokens(now) - tokens
  }
}
