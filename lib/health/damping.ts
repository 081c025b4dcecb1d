/**
 * Damping of flaps, as BGP does it (RFC 2439): each flap costs a penalty that decays with a half-life; above one
 * threshold the gate is suppressed (unhealthy, whatever the probes say), until the penalty has fallen below another.
 */
import type { Clock } from '../ports.ts'
import { type Gate, type ProbeStatus, SharedGate } from './gate.ts'
import { invalid } from './probe.ts'

export interface DampingOptions {
  /** What a flap costs: every change from healthy to unhealthy; default 1000. */
  readonly penalty?: number
  /** Seconds in which the penalty halves; default 60. */
  readonly halfLife?: number
  /** Suppressed from this penalty on; default 2000. */
  readonly suppress?: number
  /** Believed again below this one; default 750. */
  readonly reuse?: number
  /** Seconds that it stays suppressed at most after the last flap; default: four half-lives. */
  readonly maximumSuppress?: number
}

/** A gate that may be suppressed. Without damping its penalty is always 0. */
export interface DampedGate extends Gate {
  /** What its flaps have cost, as it has decayed until now. */
  readonly penalty: number
  readonly suppressed: boolean
}

/** @throws OspfError ERR_OSPF_CONFIG that names the option */
export function parseDamping(options: DampingOptions): Required<DampingOptions> {
  if (typeof options !== 'object' || options === null) {
    throw invalid('damping', 'true, false or an object', options)
  }
  const { penalty = 1000, halfLife = 60, suppress = 2000, reuse = 750 } = options
  const { maximumSuppress = 4 * halfLife } = options
  const all = { penalty, halfLife, suppress, reuse, maximumSuppress }
  for (const [name, value] of Object.entries(all)) {
    if (!Number.isFinite(value) || value <= 0) {
      throw invalid(`damping: ${name}`, 'a number above 0', value)
    }
  }
  if (reuse >= suppress) throw invalid('damping: reuse', `below suppress, ${suppress}`, reuse)
  // RFC 2439 4.2: a ceiling below the threshold would never suppress
  if (ceilingOf(all) < suppress) {
    throw invalid(
      'damping: maximumSuppress',
      'long enough for a penalty of suppress to fall to reuse',
      maximumSuppress,
    )
  }
  return all
}

/** From which the penalty falls to reuse in the longest time of suppression. */
const ceilingOf = (options: Required<DampingOptions>): number =>
  options.reuse * 2 ** (options.maximumSuppress / options.halfLife)

/** In front of a gate. */
export class Damping extends SharedGate implements DampedGate {
  readonly #gate: SharedGate
  readonly #options: Required<DampingOptions>
  readonly #clock: Clock
  #penalty = 0
  #penaltyAt = 0
  #suppressed = false
  #watch: Disposable | undefined
  #timer: Disposable | undefined
  /** What the gate said last. */
  #was: boolean | undefined

  constructor(gate: SharedGate, options: Required<DampingOptions>, clock: Clock) {
    super(gate.name)
    this.#gate = gate
    this.#options = options
    this.#clock = clock
  }

  override get probes(): readonly ProbeStatus[] {
    return this.#gate.probes
  }

  get penalty(): number {
    const passed = (this.#clock.now() - this.#penaltyAt) / 1000
    return this.#penalty * 2 ** (-passed / this.#options.halfLife)
  }

  get suppressed(): boolean {
    return this.#suppressed && this.penalty > this.#options.reuse
  }

  protected begin(): void {
    this.#watch = this.#gate.watch({
      changed: () => this.#judge(),
      ended: () => this.say(this.#clock.now(), { healthy: false, reason: 'gate ended' }),
    })
  }

  /** The penalty stays: to look away is no way to be forgiven. */
  protected end(): void {
    this.#watch?.[Symbol.dispose]()
    this.#timer?.[Symbol.dispose]()
    this.#was = undefined
  }

  #judge(): void {
    const { verdict } = this.#gate
    if (verdict === undefined) return
    // an operator does not flap
    if (verdict.override === undefined) {
      if (this.#was === true && !verdict.healthy) this.#flap()
      this.#was = verdict.healthy
    }
    this.#timer?.[Symbol.dispose]()
    const { at: _, ...said } = verdict
    const now = this.#clock.now()
    this.#suppressed = this.suppressed
    if (!this.#suppressed || verdict.override !== undefined) return this.say(now, said)
    const { penalty } = this
    const { reuse, halfLife } = this.#options
    const wait = halfLife * 1000 * Math.log2(penalty / reuse)
    // rounding must not leave it a hair above the threshold, with nobody to look again
    this.#timer = this.#clock.setTimer(wait + 1, () => this.#judge())
    const also = said.healthy ? '' : `; ${said.reason}`
    const reason = `suppressed, penalty ${Math.round(penalty)}${also}`
    this.say(now, { healthy: false, reason, held: 'damping' })
  }

  #flap(): void {
    this.#penalty = Math.min(this.penalty + this.#options.penalty, ceilingOf(this.#options))
    this.#penaltyAt = this.#clock.now()
    if (this.#penalty >= this.#options.suppress) this.#suppressed = true
  }
}
