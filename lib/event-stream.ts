/** Events for any number of readers, each at its own speed: bounded, and a slow one is told what it has lost. */

/** What a stream does beside keeping events. */
export interface EventStreamOptions<E> {
  /** Events kept for a slow reader; then the oldest are lost. */
  readonly limit: number
  /** What a reader is told that has lost so many. */
  readonly lost: (count: number) => E
}

/** One reader's view of the events: bounded, oldest lost first. */
class Reader<E> implements AsyncIterableIterator<E> {
  readonly #options: EventStreamOptions<E>
  readonly #leave: (reader: Reader<E>) => void
  #queue: E[] = []
  #lost = 0
  #done = false
  #waiting: ((result: IteratorResult<E>) => void)[] = []

  constructor(options: EventStreamOptions<E>, leave: (reader: Reader<E>) => void) {
    this.#options = options
    this.#leave = leave
  }

  push(event: E): void {
    const waiting = this.#waiting.shift()
    if (waiting) return waiting({ done: false, value: event })
    this.#queue.push(event)
    if (this.#queue.length > this.#options.limit) {
      this.#queue.shift()
      this.#lost++
    }
  }

  end(): void {
    this.#done = true
    for (const waiting of this.#waiting.splice(0)) waiting({ done: true, value: undefined })
  }

  next(): Promise<IteratorResult<E>> {
    if (this.#lost > 0) {
      const count = this.#lost
      this.#lost = 0
      return Promise.resolve({ done: false, value: this.#options.lost(count) })
    }
    const value = this.#queue.shift()
    if (value !== undefined) return Promise.resolve({ done: false, value })
    if (this.#done) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  return(): Promise<IteratorResult<E>> {
    this.#queue = []
    this.#lost = 0
    this.#leave(this)
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/** Any number of readers of the same events. */
export class EventStream<E> implements AsyncIterable<E> {
  readonly #options: EventStreamOptions<E>
  readonly #readers = new Set<Reader<E>>()
  readonly #listeners = new Set<(event: E) => void>()
  /** There from the start: nobody can read before there is something to read from, and by then things have been said. */
  #first: Reader<E> | undefined
  #ended = false

  constructor(options: EventStreamOptions<E>) {
    this.#options = options
    this.#first = this.#reader()
  }

  push(event: E): void {
    for (const reader of this.#readers) reader.push(event)
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch {
        // its own business, as it was told
      }
    }
  }

  /** Calls back with every event from now on, at once, and takes none from the readers. What it throws is ignored. */
  subscribe(listener: (event: E) => void): Disposable {
    // of one function, as often as it was asked for
    const own = (event: E): void => listener(event)
    this.#listeners.add(own)
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) }
  }

  /** Readers are given what is queued for them, and then the end. */
  end(): void {
    this.#ended = true
    for (const reader of this.#readers) reader.end()
    this.#readers.clear()
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<E> {
    const first = this.#first
    this.#first = undefined
    return first ?? this.#reader()
  }

  #reader(): Reader<E> {
    const reader = new Reader(this.#options, (r) => this.#readers.delete(r))
    if (this.#ended) reader.end()
    else this.#readers.add(reader)
    return reader
  }
}
