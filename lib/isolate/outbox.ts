/**
 * What the child tells without being asked, bounded: an application that is blocked must not make it grow. Events wait
 * in a queue that loses the oldest; of snapshots there is one under way, and then the latest.
 */
import type { Clock } from '../ports.ts'
import type { AnnouncementSnapshot, FromChild, PlainEvent, Snapshot } from './messages.ts'

/** Milliseconds between two snapshots, at least and at most. */
const SOONEST_MS = 50
const LATEST_MS = 1000
/** Events that are sent before the application has taken any. */
const WINDOW = 500

export interface OutboxOptions {
  /** Events that the application has not taken, at most. */
  readonly limit: number
  readonly clock: Clock
  readonly send: (message: FromChild) => void
  readonly snapshot: () => Snapshot
  /** The announcements that have changed since they were asked for last. */
  readonly announcements: () => readonly AnnouncementSnapshot[]
}

export class Outbox implements Disposable {
  readonly #options: OutboxOptions
  readonly #window: number
  readonly #queue: PlainEvent[] = []
  #lost = 0
  #isFlushing = false
  #sent = 0
  #taken = 0
  /** Numbers of the snapshot sent last, and of the one taken last. */
  #number = 0
  #seen = 0
  #isDirty = false
  #sentAt = Number.NEGATIVE_INFINITY
  #timer: Disposable | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #isClosed = false

  constructor(options: OutboxOptions) {
    this.#options = options
    this.#window = Math.max(1, Math.min(WINDOW, options.limit >> 1))
    this.changed()
  }

  event(event: PlainEvent): void {
    this.#queue.push(event)
    // the place of the word about the loss counts
    const room = Math.max(1, this.#options.limit - this.#window)
    while (this.#queue.length > room) {
      this.#queue.shift()
      this.#lost++
    }
    this.#flushSoon()
  }

  /** There is something new to look at. */
  changed(): void {
    this.#isDirty = true
    this.#arm()
  }

  /** The application has taken so many events in all, and the snapshot of this number. */
  taken(events: number, snapshot: number): void {
    this.#taken = Math.max(this.#taken, Math.min(events, this.#sent))
    this.#seen = Math.max(this.#seen, Math.min(snapshot, this.#number))
    this.#flush()
    this.#arm()
  }

  /** Sends what there is, taken or not: the last words. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#timer?.[Symbol.dispose]()
    this.#send(this.#queue.length)
    this.#snapshot()
  }

  /** What happens at once goes together. */
  #flushSoon(): void {
    if (this.#isFlushing || this.#isClosed) return
    this.#isFlushing = true
    queueMicrotask(() => {
      this.#isFlushing = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#isClosed) return
    const room = this.#window - (this.#sent - this.#taken) - (this.#lost > 0 ? 1 : 0)
    if (room > 0) this.#send(Math.min(room, this.#queue.length))
  }

  #send(count: number): void {
    if (count === 0) return
    const events = this.#queue.splice(0, count)
    if (this.#lost > 0) events.unshift({ type: 'lost', count: this.#lost })
    this.#lost = 0
    this.#sent += events.length
    this.#options.send({ type: 'events', events, announcements: this.#options.announcements() })
  }

  #arm(): void {
    if (this.#isClosed || this.#seen < this.#number) return
    const { clock } = this.#options
    const at = this.#sentAt + (this.#isDirty ? SOONEST_MS : LATEST_MS)
    if (this.#timerAt <= at) return
    this.#timer?.[Symbol.dispose]()
    this.#timerAt = at
    this.#timer = clock.setTimer(Math.max(0, at - clock.now()), () => this.#snapshot())
  }

  #snapshot(): void {
    const { clock, send, snapshot } = this.#options
    this.#timerAt = Number.POSITIVE_INFINITY
    this.#isDirty = false
    this.#sentAt = clock.now()
    send({ type: 'snapshot', number: ++this.#number, snapshot: snapshot() })
  }
}
