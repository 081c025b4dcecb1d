/**
 * Following something of the kernel's: read once, then kept up to date by what the kernel tells, and read again when that
 * was too much, or is in doubt.
 */
import { OspfError } from '../errors.ts'
import type { Clock } from '../ports.ts'
import type { NetlinkMessage } from './netlink-message.ts'

/** Milliseconds until a read that failed is tried again. */
const RETRY_DELAY = 1000

export interface FollowerOptions<T> {
  readonly clock: Clock
  /** Notifications kept while a read is under way. */
  readonly backlog: number
  readonly read: () => Promise<T>
  /**
   * Takes what was read in place of all that was known, and then what was told meanwhile: that may be older than what was
   * read, but the last word on everything is as new.
   */
  readonly take: (found: T, told: readonly NetlinkMessage[]) => void
  readonly apply: (messages: readonly NetlinkMessage[]) => void
  /** Whoever watches is to be told; not after the first read. */
  readonly changed: () => void
  /** A read failed; what is known may be out of date until the next one, a second later. */
  readonly onError?: ((error: OspfError) => void) | undefined
  /** The kernel had more to tell than the buffer held; everything is read again. */
  readonly onOverrun?: (() => void) | undefined
}

export class Follower<T> implements Disposable {
  readonly #options: FollowerOptions<T>
  /** Present while everything is read; taken after. */
  #backlog: NetlinkMessage[] | undefined
  #stale = false
  #rereading: Disposable | undefined
  #closed = false

  constructor(options: FollowerOptions<T>) {
    this.#options = options
  }

  /** The kernel has told something. */
  hear(messages: readonly NetlinkMessage[]): void {
    if (this.#backlog === undefined) {
      this.#options.apply(messages)
      this.#options.changed()
    } else if (this.#backlog.length + messages.length > this.#options.backlog) {
      this.#stale = true
    } else {
      this.#backlog.push(...messages)
    }
  }

  /** What it has told got lost. */
  overrun(): void {
    this.#stale = true
    this.#options.onOverrun?.()
    this.rereadIn(0)
  }

  /** Reads everything again, in so many milliseconds; with what is to be read already, once. */
  rereadIn(delay: number): void {
    if (this.#closed) return
    this.#rereading ??= this.#options.clock.setTimer(delay, () => {
      this.#rereading = undefined
      this.#reread()
    })
  }

  #reread(): void {
    if (this.#closed) return
    // whoever reads now reads once more
    if (this.#backlog !== undefined) {
      this.#stale = true
      return
    }
    this.read()
      .then(() => this.#options.changed())
      .catch((error: unknown) => {
        if (this.#closed) return
        if (error instanceof OspfError) this.#options.onError?.(error)
        this.rereadIn(RETRY_DELAY)
      })
  }

  /** Reads everything, and again for as long as something got lost meanwhile. Rejects with what the kernel says. */
  async read(): Promise<void> {
    do {
      this.#stale = false
      this.#backlog = []
      try {
        const found = await this.#options.read()
        this.#options.take(found, this.#backlog)
      } finally {
        this.#backlog = undefined
      }
    } while (this.#stale && !this.#closed)
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.#rereading?.[Symbol.dispose]()
  }
}
