/**
 * How fast LSAs of others are flooded out of an interface (RFC 4222, recommendation 4): a burst leaves at once, more
 * at a pace, which slows down while a neighbor has not acknowledged what it was sent, and recovers when it has. LSAs of
 * our own are paced where they are originated, and never wait here: a VIP's withdrawal overtakes the flood.
 */
import type { Interface } from './interface.ts'
import type { Instant } from './io.ts'
import type { Entry } from './lsdb.ts'
import type { Timer } from './timers.ts'
import { TokenBucket } from './token-bucket.ts'

/** LS Update packets. */
const BURST = 64
const MOST_PER_SECOND = 1000
const LEAST_PER_SECOND = 10
/**
 * LSAs that some neighbor has not acknowledged in time (FRR takes 1 s, BIRD 2.5 s): above the one the pace is halved,
 * below the other doubled.
 */
const HIGH_WATER = 1000
const LOW_WATER = 100
const ACK_PATIENCE_MS = 3000
/** How often that is looked at. */
const ADJUST_MS = 1000
/** What is due within this time leaves together. */
const TICK_MS = 10

export class FloodPace {
  readonly #interface: Interface
  readonly #bucket = new TokenBucket(MOST_PER_SECOND, BURST)
  readonly #timer: Timer
  /** Something has had to wait. */
  #isBehind = false
  #adjustedAt: Instant = Number.NEGATIVE_INFINITY

  constructor(iface: Interface) {
    this.#interface = iface
    this.#timer = iface.router.timers.create('flood', () => iface.router.touch(iface))
  }

  /** LS Update packets a second, once the burst is over. */
  get rate(): number {
    return this.#bucket.rate
  }

  /**
   * Takes what may leave now out of the queue.
   * @param copies that will be sent of each packet.
   */
  take(queue: Set<Entry>, copies: number): Entry[] {
    const { router, echoes } = this.#interface
    const { now } = router
    this.#adjust(now)
    const packet = Math.max(this.#interface.bodyOctets, 1)
    let room = this.#bucket.tokens(now) * packet
    let octets = 0
    const taken: Entry[] = []
    for (const entry of queue) {
      if (room <= 0 && !entry.ours) continue
      queue.delete(entry)
      const isEcho = echoes.delete(entry)
      // acknowledged, or gone, while it waited
      if (entry.retransmitting === 0 && !isEcho) continue
      taken.push(entry)
      if (this.#isBehind) this.#leaves(entry, now)
      room -= entry.lsa.raw.length * copies
      octets += entry.lsa.raw.length * copies
    }
    this.#bucket.spend(now, octets / packet)
    this.#isBehind = queue.size > 0
    if (queue.size > 0 && !this.#timer.armed) {
      const owed = Math.max(0, 1 - this.#bucket.tokens(now))
      this.#timer.set(now + Math.max(TICK_MS, Math.ceil((1000 * owed) / this.rate)))
    }
    return taken
  }

  stop(): void {
    this.#timer.cancel()
  }

  /** Its interval begins now, and not when it was queued (13.6). */
  #leaves(entry: Entry, now: Instant): void {
    for (const { retransmissions } of this.#interface.neighbors.values()) {
      if (retransmissions.has(entry)) retransmissions.add(entry, now)
    }
  }

  #adjust(now: Instant): void {
    const seconds = Math.floor((now - this.#adjustedAt) / ADJUST_MS)
    if (seconds < 1) return
    this.#adjustedAt = now
    const { neighbors, floodQueue } = this.#interface
    let most = 0
    for (const { retransmissions } of neighbors.values()) {
      // what waits here has not been sent
      const overdue = retransmissions.overdue(now - ACK_PATIENCE_MS, HIGH_WATER + 1, (entry) =>
        floodQueue.has(entry),
      )
      most = Math.max(most, overdue)
    }
    const bucket = this.#bucket
    if (most > HIGH_WATER) bucket.rate = Math.max(LEAST_PER_SECOND, bucket.rate / 2)
    else if (most < LOW_WATER) bucket.rate = Math.min(MOST_PER_SECOND, bucket.rate * 2 ** seconds)
  }
}
