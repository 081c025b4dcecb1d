/** What tests of gates share: gates that are told what to say, and readers that keep what was said. */
import { type Gate, SharedGate, type Verdict } from '../../lib/health/gate.ts'
import type { Clock } from '../../lib/ports.ts'
import { settle } from './fake-clock.ts'

/** Says what it is told, and counts how often it was begun and ended. */
export class Told extends SharedGate {
  begun = 0
  ended = 0
  readonly #clock: Clock

  constructor(name: string, clock: Clock) {
    super(name)
    this.#clock = clock
  }

  async tell(healthy: boolean, reason: string = healthy ? 'passed' : 'failed'): Promise<void> {
    this.say(this.#clock.now(), { healthy, reason })
    await settle()
  }

  protected begin(): void {
    this.begun++
  }

  protected end(): void {
    this.ended++
  }
}

export interface Listening {
  readonly said: Verdict[]
  /** 'up', 'down' or 'suppressed ...' with the reason, as they came. */
  readonly words: () => string[]
  readonly ended: Promise<void>
  readonly stop: () => void
}

/** Reads a gate to its end, keeping what it said. */
export function listen(gate: Gate): Listening {
  const said: Verdict[] = []
  const iterator = gate[Symbol.asyncIterator]()
  const ended = (async () => {
    for (;;) {
      const result = await iterator.next()
      if (result.done) return
      said.push(result.value)
    }
  })()
  const words = (): string[] =>
    said.map(({ healthy, reason }) => `${healthy ? 'up' : 'down'}: ${reason}`)
  return { said, words, ended, stop: () => void iterator.return?.() }
}
