/** Verdicts that come from another process, as a gate: the latest counts, those before it are overtaken. */
import type { GateVerdict } from '../announcement.ts'

export class Feed implements AsyncIterableIterator<GateVerdict, undefined> {
  #latest: { readonly verdict: GateVerdict } | undefined
  #waiting: ((result: IteratorResult<GateVerdict, undefined>) => void) | undefined
  #isOver = false

  put(verdict: GateVerdict): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting) waiting({ done: false, value: verdict })
    else this.#latest = { verdict }
  }

  next(): Promise<IteratorResult<GateVerdict, undefined>> {
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined })
    const latest = this.#latest
    this.#latest = undefined
    if (latest) return Promise.resolve({ done: false, value: latest.verdict })
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }

  return(): Promise<IteratorResult<GateVerdict, undefined>> {
    this.#isOver = true
    this.#waiting?.({ done: true, value: undefined })
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
