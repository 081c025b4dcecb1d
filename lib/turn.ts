/**
 * What is to be done together: VIPs that come or go in one turn go into one LSA, as the next could follow only after
 * MinLSArrival.
 */
import type { ConfigChange } from './core/io.ts'
import type { Clock } from './ports.ts'

export class Turn {
  readonly #clock: Clock
  readonly #atEnd: () => void
  readonly #changes: ConfigChange[] = []
  readonly #awaiting: (() => void)[] = []
  #end: Disposable | undefined

  /** @param atEnd is called when the turn is over, and is to `take` what has come together. */
  constructor(clock: Clock, atEnd: () => void) {
    this.#clock = clock
    this.#atEnd = atEnd
  }

  /** Something waits. */
  get pending(): boolean {
    return this.#end !== undefined
  }

  push(...changes: readonly ConfigChange[]): void {
    this.#changes.push(...changes)
    this.#end ??= this.#clock.setTimer(0, this.#atEnd)
  }

  /** Ends the turn, at its end or because something else is about to happen. */
  take(): ConfigChange[] {
    this.#end?.[Symbol.dispose]()
    this.#end = undefined
    for (const over of this.#awaiting.splice(0)) over()
    return this.#changes.splice(0)
  }

  /** Resolves when what waits now has been taken. */
  async over(): Promise<void> {
    if (this.pending) await new Promise<void>((resolve) => this.#awaiting.push(resolve))
  }
}
