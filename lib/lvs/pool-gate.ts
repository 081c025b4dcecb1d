/** What the announcement of a VIP follows: the pools of its services. */
import { SharedGate } from '../health/gate.ts'

/** What the gate looks at, each time that something may have changed. */
export interface Standing {
  /** Undefined: nothing is proven yet. */
  readonly healthy: boolean | undefined
  readonly reason: string
}

/** Open while the services serve, as the director says. */
export class PoolGate extends SharedGate {
  readonly #now: () => number
  readonly #look: () => Standing
  #isRead = false

  constructor(name: string, now: () => number, look: () => Standing) {
    super(name)
    this.#now = now
    this.#look = look
  }

  protected begin(): void {
    this.#isRead = true
    this.update()
  }

  protected end(): void {
    this.#isRead = false
  }

  /** Something may have changed. */
  update(): void {
    if (!this.#isRead) return
    const { healthy, reason } = this.#look()
    const { verdict } = this
    // what was proven once is not unproven by what comes to it
    if (healthy === undefined && verdict === undefined) return
    const said = { healthy: healthy ?? verdict?.healthy ?? false, reason }
    if (verdict?.healthy !== said.healthy || verdict.reason !== reason) this.say(this.#now(), said)
  }
}
