/**
 * The Link state retransmission list of a neighbor (RFC 2328 10): what it has not acknowledged. The wait before an LSA
 * is sent once more doubles each time (RFC 4222, recommendation 3), for the LSA alone: the next one has its own.
 */
import type { Instant } from './io.ts'
import type { Entry } from './lsdb.ts'

/** RxmtInterval, 5 s by default, becomes up to 40 s. */
const DOUBLED_MAX = 3

export class RetransmissionList {
  /** By how often the wait was doubled: when each was last sent, oldest first. An LSA is in one of them. */
  readonly #sent: readonly Map<Entry, Instant>[] = Array.from(
    { length: DOUBLED_MAX + 1 },
    () => new Map(),
  )

  get size(): number {
    let size = 0
    for (const sent of this.#sent) size += sent.size
    return size
  }

  has(entry: Entry): boolean {
    for (const sent of this.#sent) if (sent.size > 0 && sent.has(entry)) return true
    return false
  }

  *keys(): Generator<Entry> {
    for (const sent of this.#sent) yield* sent.keys()
  }

  /** It is sent for the first time. */
  add(entry: Entry, now: Instant): void {
    this.delete(entry)
    this.#sent[0]!.set(entry, now)
  }

  /** It is sent once more. */
  again(entry: Entry, now: Instant): void {
    const doubled = this.#sent.findIndex((sent) => sent.has(entry))
    this.delete(entry)
    this.#sent[Math.min(Math.max(doubled, 0) + 1, DOUBLED_MAX)]!.set(entry, now)
  }

  delete(entry: Entry): boolean {
    for (const sent of this.#sent) if (sent.size > 0 && sent.delete(entry)) return true
    return false
  }

  clear(): void {
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
}
