/**
 * Time that moves only when it is told to. Everything in the simulator hangs on one heap of events, ordered by time
 * and, within an instant, by the order in which they were planned: that order is what makes a run repeatable.
 */
import { OspfError } from '../errors.ts'
import type { Clock } from '../ports.ts'

/** Something that happens at an instant. The clock owns the fields; plan it with {@link VirtualClock.schedule}. */
export abstract class ClockEvent {
  /** When, in milliseconds of virtual time. */
  at = 0
  /** Breaks ties: first planned, first run. */
  order = 0
  /** Position in the heap; -1: not planned. */
  slot = -1
  abstract fire(): void
}

class Callback extends ClockEvent {
  readonly callback: () => void
  constructor(callback: () => void) {
    super()
    this.callback = callback
  }
  override fire(): void {
    this.callback()
  }
}

/**
 * Up to the next of the instants that doubles hold exactly. A sum that is rounded down a little would be early, and
 * what is early asks to be called again, at the same instant, for ever.
 */
const exact = (at: number): number => Math.ceil(at * 1024) / 1024

/** A deterministic {@link Clock}: nothing happens until `advance` or `advanceAsync` is called. */
export class VirtualClock implements Clock {
  readonly #heap: ClockEvent[] = []
  #now = 0
  #order = 0
  #running = false
  #wallAt = 0
  #wall: number
  #wallRate = 1

  /** `wall`: milliseconds since 1970 at the virtual instant 0. */
  constructor(options: { readonly wall?: number } = {}) {
    this.#wall = options.wall ?? 1_700_000_000_000
  }

  /** Milliseconds since the clock was made. */
  now(): number {
    return this.#now
  }

  /** Milliseconds since 1970, as this machine believes. */
  wall(): number {
    return this.#wall + (this.#now - this.#wallAt) * this.#wallRate
  }

  /** The wall clock jumps by so many milliseconds (NTP step, operator). `now` does not. */
  stepWall(ms: number): void {
    this.#wall = this.wall() + ms
    this.#wallAt = this.#now
  }

  /** The wall clock runs at `rate` times true time from here on: 1.0001 gains 100 ppm. */
  skewWall(rate: number): void {
    this.stepWall(0)
    this.#wallRate = rate
  }

  /** Calls back once, `delay` milliseconds from now, unless disposed before. */
  setTimer(delay: number, callback: () => void): Disposable {
    const event = new Callback(callback)
    this.schedule(event, this.#now + Math.max(0, delay))
    return { [Symbol.dispose]: () => this.cancel(event) }
  }

  /** Plans an event at an instant (not before now); one that is planned already is moved. */
  schedule(event: ClockEvent, at: number): void {
    if (Number.isNaN(at)) throw new OspfError('ERR_OSPF_CONFIG', 'an event needs a time')
    if (event.slot >= 0) this.cancel(event)
    event.at = Math.max(exact(at), this.#now)
    event.order = this.#order++
    this.#heap.push(event)
    this.#up(event, this.#heap.length - 1)
  }

  /** Takes an event out of the plan; nothing if it is not there. */
  cancel(event: ClockEvent): void {
    const slot = event.slot
    if (slot < 0) return
    event.slot = -1
    const last = this.#heap.pop()!
    if (last === event) return
    this.#up(last, slot)
    this.#down(last, last.slot)
  }

  /** When the next event is due, in milliseconds; undefined: nothing is planned. */
  next(): number | undefined {
    return this.#heap[0]?.at
  }

  /** How many events are planned. */
  get planned(): number {
    return this.#heap.length
  }

  /** Jumps to the next event due at or before `until` and runs it. False: there was none. */
  step(until: number = Number.POSITIVE_INFINITY): boolean {
    const event = this.#heap[0]
    if (event === undefined || event.at > until) return false
    this.cancel(event)
    this.#now = event.at
    event.fire()
    return true
  }

  /** Lets `ms` milliseconds pass and runs what falls due, in order. Callbacks may plan more. */
  advance(ms: number): void {
    this.#exclusive(true)
    try {
      const end = exact(this.#now + ms)
      while (this.step(end));
      this.#now = end
    } finally {
      this.#running = false
    }
  }

  /** As `advance`; promises settled by a callback have all run their reactions before the next callback. */
  async advanceAsync(ms: number): Promise<void> {
    this.#exclusive(true)
    try {
      const end = exact(this.#now + ms)
      await settled()
      while (this.step(end)) await settled()
      this.#now = end
    } finally {
      this.#running = false
    }
  }

  #exclusive(on: boolean): void {
    if (this.#running)
      throw new OspfError('ERR_OSPF_CONFIG', 'the virtual clock is running already')
    this.#running = on
  }

  #up(event: ClockEvent, from: number): void {
    const heap = this.#heap
    let slot = from
    while (slot > 0) {
      const above = (slot - 1) >> 1
      const parent = heap[above]!
      if (!before(event, parent)) break
      heap[slot] = parent
      parent.slot = slot
      slot = above
    }
    heap[slot] = event
    event.slot = slot
  }

  #down(event: ClockEvent, from: number): void {
    const heap = this.#heap
    let slot = from
    for (;;) {
      let below = 2 * slot + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && before(heap[below + 1]!, heap[below]!)) below++
      const child = heap[below]!
      if (!before(child, event)) break
      heap[slot] = child
      child.slot = slot
      slot = below
    }
    heap[slot] = event
    event.slot = slot
  }
}

const before = (a: ClockEvent, b: ClockEvent): boolean =>
  a.at < b.at || (a.at === b.at && a.order < b.order)

/** Every microtask queued so far, and those that they queue, runs before this resolves. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
