/** Probes made into a gate: verdicts that can be believed, given only when they change. */
import { realClock } from '../clock.ts'
import type { Clock } from '../ports.ts'
import { Checker, type Timing } from './checker.ts'
import { invalid, type Probe } from './probe.ts'

/** What a gate has to say. */
export interface Verdict {
  readonly healthy: boolean
  /** Why: the words of the probe that failed. */
  readonly reason: string
  /** Since when, in milliseconds on the clock of the gate. */
  readonly at: number
}

/**
 * Verdicts as they change. Before the first, nothing is proven, and that counts as unhealthy: so
 * the first is given after `rise` passes or `fall` failures in a row, and each later one differs
 * from the one before.
 *
 * Any number of readers may share a gate (one check, many VIPs). Probes run while somebody reads:
 * from the first `next()` until the last reader has returned. A late reader is given the verdict
 * that stands; a slow one skips what was overtaken. Disposing ends every reader.
 */
export interface Gate extends AsyncIterable<Verdict>, Disposable {
  /**
   * The verdict that stands, with the latest reason; undefined while nothing is proven or nobody
   * reads.
   */
  readonly verdict: Verdict | undefined
  [Symbol.asyncIterator](): AsyncIterableIterator<Verdict, undefined>
}

export interface HealthyOptions {
  /** Seconds from one run to the next; default 1. The first comes after up to a tenth of it. */
  readonly interval?: number
  /** Seconds after which a run is aborted and has failed; default: the interval. */
  readonly timeout?: number
  /** Passes in a row that make it healthy; default 2. */
  readonly rise?: number
  /** Failures in a row that make it unhealthy; default 3. */
  readonly fall?: number
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Random numbers from 0 up to 1, for the first delay; default `Math.random`. */
  readonly random?: () => number
}

/**
 * Watches a probe, or several that must all pass. Each is run and counted on its own: all have to
 * be proven healthy, and one proven unhealthy is enough for the contrary.
 *
 * A probe may throw at once, never return or return too late: each is a failure, and its runs never
 * overlap.
 *
 * @example healthy(http('http://127.0.0.1:8080/ready'), { interval: 1, rise: 2, fall: 3 })
 * @throws OspfError ERR_OSPF_CONFIG when an option cannot be used
 */
export function healthy(probe: Probe | readonly Probe[], options: HealthyOptions = {}): Gate {
  const probes = typeof probe === 'function' ? [probe] : probe
  if (!Array.isArray(probes) || !probes.every((p) => typeof p === 'function') || !probes.length) {
    throw invalid('probe', 'a function or a list of functions', probe)
  }
  const { interval = 1, timeout = interval, rise = 2, fall = 3 } = options
  const { clock = realClock, random = Math.random } = options
  for (const [name, seconds] of Object.entries({ interval, timeout })) {
    if (!Number.isFinite(seconds) || seconds <= 0) {
      throw invalid(name, 'a number of seconds above 0', seconds)
    }
  }
  for (const [name, count] of Object.entries({ rise, fall })) {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw invalid(name, 'a whole number above 0', count)
    }
  }
  return new HealthGate(probes, { interval, timeout, rise, fall, clock, random })
}

class HealthGate implements Gate {
  readonly #clock: Clock
  readonly #checkers: readonly Checker[]
  /** What each probe is called where there are several. */
  readonly #names: readonly string[]
  readonly #readers = new Set<Reader>()
  #verdict: Verdict | undefined
  #disposed = false

  constructor(probes: readonly Probe[], timing: Timing) {
    this.#clock = timing.clock
    this.#checkers = probes.map((probe) => new Checker(probe, timing, () => this.#decide()))
    this.#names = probes.map((probe, i) => probe.name || `probe ${i + 1}`)
  }

  get verdict(): Verdict | undefined {
    return this.#verdict
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Verdict, undefined> {
    return new Reader(
      () => this.#verdict,
      (reader) => this.#join(reader),
      (reader) => this.#leave(reader),
    )
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    for (const reader of this.#readers) reader.return()
  }

  #join(reader: Reader): void {
    if (this.#disposed) return void reader.return()
    this.#readers.add(reader)
    if (this.#readers.size === 1) for (const checker of this.#checkers) checker.start()
  }

  #leave(reader: Reader): void {
    if (!this.#readers.delete(reader) || this.#readers.size > 0) return
    this.#verdict = undefined
    for (const checker of this.#checkers) checker.stop()
  }

  #decide(): void {
    const failed = this.#failures()
    if (failed.length === 0 && this.#checkers.some((checker) => !checker.healthy)) return
    const healthy = failed.length === 0
    const reason = failed.join('; ') || this.#passed()
    const before = this.#verdict
    const at = before?.healthy === healthy ? before.at : this.#clock.now()
    this.#verdict = Object.freeze({ healthy, reason, at })
    for (const reader of this.#readers) reader.wake()
  }

  #failures(): string[] {
    return this.#checkers.flatMap(({ healthy, reason }, i) => {
      if (healthy !== false) return []
      return this.#checkers.length === 1 ? [reason] : [`${this.#names[i]}: ${reason}`]
    })
  }

  #passed(): string {
    const [first, ...others] = this.#checkers
    return others.length === 0 ? (first?.reason ?? '') : `all ${this.#checkers.length} probes pass`
  }
}

/** One reader's place. It holds no queue: only whether the verdict that stands is news to it. */
class Reader implements AsyncIterableIterator<Verdict, undefined> {
  readonly #current: () => Verdict | undefined
  readonly #join: (reader: Reader) => void
  readonly #leave: (reader: Reader) => void
  #state: 'new' | 'open' | 'closed' = 'new'
  #seen: boolean | undefined
  #sleepers: (() => void)[] = []

  constructor(
    current: () => Verdict | undefined,
    join: (reader: Reader) => void,
    leave: (reader: Reader) => void,
  ) {
    this.#current = current
    this.#join = join
    this.#leave = leave
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Verdict, undefined>> {
    if (this.#state === 'new') {
      this.#state = 'open'
      this.#join(this)
    }
    while (this.#open()) {
      const verdict = this.#current()
      if (verdict !== undefined && verdict.healthy !== this.#seen) {
        this.#seen = verdict.healthy
        return { done: false, value: verdict }
      }
      await new Promise<void>((resolve) => this.#sleepers.push(resolve))
    }
    return { done: true, value: undefined }
  }

  async return(): Promise<IteratorResult<Verdict, undefined>> {
    this.#state = 'closed'
    this.#leave(this)
    this.wake()
    return { done: true, value: undefined }
  }

  wake(): void {
    const sleepers = this.#sleepers
    this.#sleepers = []
    for (const resolve of sleepers) resolve()
  }

  #open(): boolean {
    return this.#state === 'open'
  }
}
