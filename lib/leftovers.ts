/**
 * Routes of an earlier life that the kernel still has, and that this life does not find again, go when it has converged:
 * see core/convergence.ts. The route sink has the bound, `leftoverTime`.
 */
import type { OspfEvent } from './core/events.ts'
import type { Instant } from './core/io.ts'
import type { Clock, RouteSink } from './ports.ts'

/**
 * Milliseconds that it must last. A process that was held up hears of the time before it hears what has come in
 * meanwhile; and who flaps does so.
 */
const HOLD = 1000

/** What convergence hangs on, but for the passing of time. */
const telling: ReadonlySet<OspfEvent['type']> = new Set([
  'interface',
  'neighbor',
  'designated-router',
  'spf',
])

export interface LeftoversOwner {
  readonly clock: Clock
  readonly sink: Pick<RouteSink, 'hasLeftovers' | 'flushLeftovers' | 'settled'>
  readonly core: {
    convergesAt(): Instant
    readonly routing: { readonly isPending: boolean }
  }
  /** Lets the core know of the time first. */
  input(handle: () => void): void
}

export class Leftovers implements Disposable {
  readonly #owner: LeftoversOwner
  #timer: Disposable | undefined
  /** It lasts since then. */
  #since: Instant | undefined
  #isSettling = false
  #isOver = false

  constructor(owner: LeftoversOwner) {
    this.#owner = owner
  }

  /** The core has said something. */
  heard({ type }: OspfEvent): void {
    if (!this.#isOver && telling.has(type)) this.look()
  }

  /** To be called once when the core has been told of its interfaces. */
  look(): void {
    const { clock, core, sink } = this.#owner
    this.#timer?.[Symbol.dispose]()
    this.#isOver ||= !sink.hasLeftovers
    if (this.#isOver) return
    const now = clock.now()
    const at = core.convergesAt()
    if (at > now) {
      this.#since = undefined
      if (at < Number.POSITIVE_INFINITY) this.#lookIn(at - now)
      return
    }
    this.#since ??= now
    const left = this.#since + HOLD - now
    if (left > 0) this.#lookIn(left)
    // otherwise the calculation brings us back: under constant change there is hardly a moment without
    else if (!core.routing.isPending) void this.#flush(this.#since)
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#timer?.[Symbol.dispose]()
  }

  #lookIn(delay: number): void {
    const { clock, input } = this.#owner
    this.#timer = clock.setTimer(delay, () => input(() => this.look()))
  }

  /** What replaces them is in the kernel first. */
  async #flush(since: Instant): Promise<void> {
    if (this.#isSettling) return
    this.#isSettling = true
    const { sink } = this.#owner
    await sink.settled()
    this.#isSettling = false
    if (this.#isOver) return
    if (this.#since !== since) return this.look()
    this.#isOver = true
    sink.flushLeftovers?.('converged')
  }
}

/** Undefined: there are none. */
export const leftoversOf = (
  { clock, routes }: { readonly clock: Clock; readonly routes: RouteSink | undefined },
  core: LeftoversOwner['core'],
  input: LeftoversOwner['input'],
): Leftovers | undefined =>
  routes?.hasLeftovers ? new Leftovers({ clock, sink: routes, core, input }) : undefined
