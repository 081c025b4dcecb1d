/** The latest events of a speaker, for those who ask later. */

export interface LoggedEvent {
  /** Counts up; gaps are events that were lost. */
  readonly number: number
  /** Milliseconds since 1970. */
  readonly time: number
  /** Of the event: 'neighbor', 'spf', 'announcement' ... */
  readonly type: string
  readonly text: string
}

const KEPT = 1000

export class EventRing {
  readonly #events: LoggedEvent[] = []
  readonly #wall: () => number
  readonly #listeners = new Set<() => void>()
  #count = 0

  /** @param wall milliseconds since 1970 */
  constructor(wall: () => number) {
    this.#wall = wall
  }

  add(type: string, text: string): void {
    this.#events.push({ number: ++this.#count, time: this.#wall(), type, text })
    if (this.#events.length > KEPT) this.#events.shift()
    for (const listener of this.#listeners) listener()
  }

  /** The last so many, oldest first. */
  latest(count: number): readonly LoggedEvent[] {
    return count <= 0 ? [] : this.#events.slice(-count)
  }

  /** Those that are kept and came after the event of that number. */
  after(number: number): readonly LoggedEvent[] {
    return this.#events.filter((event) => event.number > number)
  }

  /** Of the last event. */
  get count(): number {
    return this.#count
  }

  /** Calls back at every event from now on. */
  listen(listener: () => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }
}
