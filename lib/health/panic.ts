/** Panic: when too many targets fail at once, it is the check that is doubted, not the targets. */
import { realClock } from '../clock.ts'
import type { Clock } from '../ports.ts'
import { type Gate, SharedGate } from './gate.ts'
import type { HealthyOptions } from './healthy.ts'
import { asSharedGate, type GatePart } from './part.ts'
import { invalid } from './probe.ts'

export interface PanicOptions extends Omit<HealthyOptions, 'damping' | 'name'> {
  /**
   * Part of all targets, from 0 to 1: when more than it fail, no further failure is believed. Those that an operator has
   * forced up, down or into maintenance do not count.
   */
  readonly share: number
  /** Seconds that a failure waits for others, as probes do not fail at the same instant; default: the interval, or 1. */
  readonly within?: number
}

/**
 * Each gate with a panic threshold over all of them: the verdict of each stays as it is while more than a share of all
 * fail at once. What had failed alone before stays failed; success is believed at once.
 *
 * @example weighted({ minimum: 2 }, panic({ share: 0.5 }, gates).map((gate) => [gate, 1]))
 * @returns the gates to read in place of those given, in their order
 * @throws OspfError ERR_OSPF_CONFIG
 */
export function panic(options: PanicOptions, gates: readonly GatePart[]): Gate[] {
  const { share, within = options.interval ?? 1, clock = realClock } = options
  if (!Number.isFinite(share) || share < 0 || share >= 1) {
    throw invalid('share', 'a number from 0 up to, not including, 1', share)
  }
  if (!Number.isFinite(within) || within < 0) {
    throw invalid('within', 'a number of seconds from 0 on', within)
  }
  if (!Array.isArray(gates) || gates.length === 0) throw invalid('gates', 'a list of gates', gates)
  const sources = gates.map((gate) => asSharedGate(gate, options))
  return new Group(sources, share, within * 1000, clock).gates
}

class Group {
  readonly gates: Guarded[]
  readonly #sources: readonly SharedGate[]
  readonly #share: number
  readonly #within: number
  #readers = 0
  #watches: Disposable[] = []

  constructor(sources: readonly SharedGate[], share: number, within: number, clock: Clock) {
    this.#sources = sources
    this.#share = share
    this.#within = within
    this.gates = sources.map((source) => new Guarded(source, this, clock))
  }

  get within(): number {
    return this.#within
  }

  /** Undefined: no panic. */
  get alarm(): string | undefined {
    const targets = this.gates.filter(({ isOverridden }) => !isOverridden)
    const failing = targets.filter(({ isFailing }) => isFailing).length
    const { length } = targets
    return failing > this.#share * length
      ? `panic: ${failing} of ${length} fail at once`
      : undefined
  }

  /** All are watched for as long as one of them is read. */
  join(): void {
    if (this.#readers++ > 0) return
    this.#watches = this.#sources.map((source, i) =>
      source.watch({
        changed: () => this.#changed(this.gates[i]!),
        ended: () => {
          this.gates[i]!.isOver = true
          this.#changed(this.gates[i]!)
        },
      }),
    )
  }

  leave(): void {
    if (--this.#readers > 0) return
    for (const watch of this.#watches.splice(0)) watch[Symbol.dispose]()
  }

  #changed(gate: Guarded): void {
    gate.follow()
    const { alarm } = this
    for (const one of this.gates) one.look(alarm)
  }
}

class Guarded extends SharedGate {
  readonly #source: SharedGate
  readonly #group: Group
  readonly #clock: Clock
  /** Its failure waits for others to fail as well. */
  #timer: Disposable | undefined
  /** Its failure is not believed. */
  #isHeld = false
  #isRead = false
  /** The gate under it was disposed. */
  isOver = false

  constructor(source: SharedGate, group: Group, clock: Clock) {
    super(source.name)
    this.#source = source
    this.#group = group
    this.#clock = clock
  }

  get isFailing(): boolean {
    return this.isOver || this.#source.verdict?.healthy === false
  }

  /** An operator speaks for it: no check is to be doubted. */
  get isOverridden(): boolean {
    return !this.isOver && this.#source.verdict?.override !== undefined
  }

  protected begin(): void {
    this.#isRead = true
    this.#group.join()
    this.follow()
  }

  protected end(): void {
    this.#isRead = false
    this.#isHeld = false
    this.#settle()
    this.#group.leave()
  }

  /** The gate under it says something. */
  follow(): void {
    const { verdict } = this.#source
    if (!this.#isRead || (verdict === undefined && !this.isOver)) return
    // an operator's word is no failure
    if (!this.isFailing || this.isOverridden) {
      this.#settle()
      this.#isHeld = false
      return this.#believe()
    }
    if (this.verdict?.healthy === false) return this.#believe()
    if (!this.#isHeld) this.#wait()
  }

  /** The number of those that fail has changed, perhaps. */
  look(alarm: string | undefined): void {
    if (!this.#isHeld) return
    if (alarm !== undefined) return this.#hold(alarm)
    // the panic is over: those that still fail have as long again, since they may be about to recover as well
    if (this.#timer === undefined) this.#wait()
  }

  #wait(): void {
    this.#timer ??= this.#clock.setTimer(this.#group.within, () => {
      this.#timer = undefined
      const { alarm } = this.#group
      this.#isHeld = alarm !== undefined
      if (alarm === undefined) this.#believe()
      else this.#hold(alarm)
    })
  }

  #hold(alarm: string): void {
    this.#settle()
    // what was never healthy stays unproven
    if (this.verdict !== undefined) {
      this.say(this.#clock.now(), { healthy: true, reason: alarm, held: 'panic' })
    }
  }

  #believe(): void {
    const { verdict } = this.#source
    const { at: _, ...said } = verdict ?? { at: 0, healthy: false, reason: 'gate ended' }
    this.say(this.#clock.now(), this.isOver ? { healthy: false, reason: 'gate ended' } : said)
  }

  #settle(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
  }
}
