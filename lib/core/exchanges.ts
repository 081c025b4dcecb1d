/**
 * RFC 4222, recommendation 5: only so many adjacencies form at a time, or a router that starts among hundreds drowns in
 * their databases. Those that have to wait do so in 2-Way, first come first served.
 */
import type { Instant } from './io.ts'
import type { Neighbor } from './neighbor.ts'
import type { Router } from './router.ts'
import type { NeighborState } from './states.ts'

/** One that has not come to Full after so long is stuck, or hostile: it goes on, and makes room for the next. */
const PATIENCE_MS = 30_000

const isExchanging = (state: NeighborState): boolean =>
  state === 'ExStart' || state === 'Exchange' || state === 'Loading'

export class Exchanges {
  readonly #router: Router
  /** Since when. */
  readonly #forming = new Map<Neighbor, Instant>()
  readonly #waiting = new Set<Neighbor>()

  constructor(router: Router) {
    this.#router = router
  }

  /** Whether it may begin; if not, it will be asked again with 'AdjOK?'. */
  admit(neighbor: Neighbor): boolean {
    if (this.#hasRoom()) return true
    this.#waiting.add(neighbor)
    return false
  }

  /** Another Hello of it has come: somebody may be stuck by now. */
  retry(neighbor: Neighbor): void {
    if (this.#waiting.has(neighbor) && this.#hasRoom()) neighbor.event('AdjOK?')
  }

  /** It has come to another state. */
  moved(neighbor: Neighbor, was: NeighborState): void {
    const { state } = neighbor
    if (state !== '2-Way') this.#waiting.delete(neighbor)
    if (isExchanging(state)) {
      if (!this.#forming.has(neighbor)) this.#forming.set(neighbor, this.#router.now)
    } else if (isExchanging(was)) {
      this.#forming.delete(neighbor)
      if (this.#waiting.size > 0) this.#router.defer(() => this.#next())
    }
  }

  #next(): void {
    for (const neighbor of this.#waiting) {
      if (!this.#hasRoom()) return
      this.#waiting.delete(neighbor)
      neighbor.event('AdjOK?')
    }
  }

  #hasRoom(): boolean {
    const { limits, now } = this.#router
    if (this.#forming.size < limits.exchanging) return true
    let forming = 0
    for (const since of this.#forming.values()) if (now - since < PATIENCE_MS) forming++
    return forming < limits.exchanging
  }
}
