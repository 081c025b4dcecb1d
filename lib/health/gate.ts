/** What a gate is, and what all gates have in common: many readers of one verdict, watched only while somebody reads. */

import type { Evidence } from '../gate-verdict.ts'

/** What an operator may say in place of the probes. */
export type Override = 'up' | 'down' | 'maintenance'

/** What a gate has to say. */
export interface Verdict {
  readonly healthy: boolean
  /** Why: the words of the probe that failed. */
  readonly reason: string
  /** Since when, in milliseconds on the clock of the gate. */
  readonly at: number
  /** An operator's word, whatever the probes say; see `override`. */
  readonly override?: Override
  /** The probes say otherwise, but are not believed: too many fail at once, or it has changed too often. */
  readonly held?: 'panic' | 'damping'
  /** The runs of a probe that proved it; of several, the first that failed. */
  readonly evidence?: Evidence
}

/** One probe of a gate since it is watched. */
export interface ProbeStatus {
  readonly name: string
  readonly passed: number
  /** Timeouts included. */
  readonly failed: number
  /** Milliseconds that the latest run took; undefined: none is over. */
  readonly took: number | undefined
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
  /** What reasons call it. */
  readonly name?: string
  /**
   * The verdict that stands, with the latest reason; undefined while nothing is proven or nobody
   * reads.
   */
  readonly verdict: Verdict | undefined
  /** The probes that it runs itself, and how they fare; none where it goes by other gates. */
  readonly probes?: readonly ProbeStatus[]
  [Symbol.asyncIterator](): AsyncIterableIterator<Verdict, undefined>
}

/** Told of every verdict, a new reason included, as soon as it stands. Must not throw. */
export interface Watcher {
  changed(): void
  /** The gate was disposed. */
  ended(): void
}

/** A gate without its judgement: that is for those who extend it. */
export abstract class SharedGate implements Gate {
  readonly name: string
  readonly #watchers = new Set<Watcher>()
  #verdict: Verdict | undefined
  #disposed = false

  constructor(name: string) {
    this.name = name
  }

  /** Somebody watches: find a verdict and go on to do so. */
  protected abstract begin(): void
  /** Nobody watches any more: leave no timer. */
  protected abstract end(): void

  get verdict(): Verdict | undefined {
    return this.#verdict
  }

  get probes(): readonly ProbeStatus[] {
    return []
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Verdict, undefined> {
    return new Reader(this)
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    const watchers = [...this.#watchers]
    for (const watcher of watchers) this.#leave(watcher)
    for (const watcher of watchers) watcher.ended()
  }

  /** Watches until what is returned is disposed. */
  watch(watcher: Watcher): Disposable {
    if (this.#disposed) watcher.ended()
    else {
      this.#watchers.add(watcher)
      if (this.#watchers.size === 1) this.begin()
    }
    return { [Symbol.dispose]: () => this.#leave(watcher) }
  }

  /** The verdict is this from `now` on, if it is not already. */
  protected say(now: number, { healthy, reason, ...why }: Omit<Verdict, 'at'>): void {
    const before = this.#verdict
    const at = before?.healthy === healthy ? before.at : now
    this.#verdict = Object.freeze({ healthy, reason, at, ...why })
    for (const watcher of [...this.#watchers]) watcher.changed()
  }

  #leave(watcher: Watcher): void {
    if (!this.#watchers.delete(watcher) || this.#watchers.size > 0) return
    this.#verdict = undefined
    this.end()
  }
}

/** What makes a verdict news to a reader. */
const gist = ({ healthy, override, held }: Verdict): string => `${healthy} ${override} ${held}`

/** One reader's place. It holds no queue: only whether the verdict that stands is news to it. */
class Reader implements AsyncIterableIterator<Verdict, undefined>, Watcher {
  readonly #gate: SharedGate
  #watch: Disposable | undefined
  #state: 'new' | 'open' | 'closed' = 'new'
  #seen: string | undefined
  #sleepers: (() => void)[] = []

  constructor(gate: SharedGate) {
    this.#gate = gate
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Verdict, undefined>> {
    if (this.#state === 'new') {
      this.#state = 'open'
      this.#watch = this.#gate.watch(this)
    }
    while (this.#open()) {
      const { verdict } = this.#gate
      if (verdict !== undefined && gist(verdict) !== this.#seen) {
        this.#seen = gist(verdict)
        return { done: false, value: verdict }
      }
      await new Promise<void>((resolve) => this.#sleepers.push(resolve))
    }
    return { done: true, value: undefined }
  }

  async return(): Promise<IteratorResult<Verdict, undefined>> {
    this.ended()
    this.#watch?.[Symbol.dispose]()
    return { done: true, value: undefined }
  }

  ended(): void {
    this.#state = 'closed'
    this.changed()
  }

  changed(): void {
    const sleepers = this.#sleepers
    this.#sleepers = []
    for (const resolve of sleepers) resolve()
  }

  #open(): boolean {
    return this.#state === 'open'
  }
}
