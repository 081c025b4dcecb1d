/**
 * The Link state retransmission list of a neighbor (RFC 2328 10): what it has not acknowledged. The wait before an LSA
 * is sent once more doubles each time (RFC 4222, recommendation 3), for the LSA alone: the next one has its own.
 */
import type { Instant } from './io.ts'
import type { Entry } from './lsdb.ts'

/** RxmtInterval, 5 s by default, becomes up to 40 s. */
const DOUBLED_MAX = 3

export class RetransmissionList {
  /** By how often the wait was doubled: when each was last sent, oldest first. */
  readonly #sent: readonly Map<Entry, Instant>[] = Array.from(
    { length: DOUBLED_MAX + 1 },
    () => new Map(),
  )
  /** Which of them an LSA is in. */
  readonly #doubled = new Map<Entry, number>()

  get size(): number {
    return this.#doubled.size
  }

  has(entry: Entry): boolean {
    return this.#doubled.has(entry)
  }

  keys(): Iterable<Entry> {
    return this.#doubled.keys()
  }

  /** It is sent for the first time. */
  add(entry: Entry, now: Instant): void {
    this.delete(entry)
    this.#put(entry, 0, now)
  }

  /** It is sent once more. */
  again(entry: Entry, now: Instant): void {
    const doubled = this.#doubled.get(entry) ?? 0
    this.delete(entry)
    this.#put(entry, Math.min(doubled + 1, DOUBLED_MAX), now)
  }

  delete(entry: Entry): boolean {
    const doubled = this.#doubled.get(entry)
    if (doubled === undefined) return false
    this.#doubled.delete(entry)
    return this.#sent[doubled]!.delete(entry)
  }

  clear(): void {
    this.#doubled.clear()
    for (const sent of this.#sent) sent.clear()
  }

  /** What is due by then, the least often sent first; `interval` is RxmtInterval in milliseconds. */
  *due(until: Instant, interval: number): Generator<Entry> {
    for (const [doubled, sent] of this.#sent.entries()) {
      for (const [entry, at] of sent) {
        if (at + interval * 2 ** doubled > until) break
        yield entry
      }
    }
  }

  /** How many were sent before then, or more than once: counted up to `most`, without those that `skip` names. */
  overdue(before: Instant, most: number, skip: (entry: Entry) => boolean): number {
    let count = 0
    for (const [doubled, sent] of this.#sent.entries()) {
      for (const [entry, at] of sent) {
        if (count === most || (doubled === 0 && at > before)) break
        if (!skip(entry)) count++
      }
    }
    return count
  }

  /** When the next is due; undefined: the list is empty. */
  nextAt(interval: number): Instant | undefined {
    let next: Instant | undefined
    for (const [doubled, sent] of this.#sent.entries()) {
      const [oldest] = sent.values()
      if (oldest === undefined) continue
      next = Math.min(next ?? Number.POSITIVE_INFINITY, oldest + interval * 2 ** doubled)
    }
    return next
  }

  #put(entry: Entry, doubled: number, now: Instant): void {
    this.#doubled.set(entry, doubled)
    this.#sent[doubled]!.set(entry, now)
  }
}
