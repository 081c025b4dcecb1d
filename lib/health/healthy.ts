/** Probes made into a gate: verdicts that can be believed, given only when they change. */
import { realClock } from '../clock.ts'
import { onlyFields } from '../parse.ts'
import type { Clock } from '../ports.ts'
import { Checker, type Timing } from './checker.ts'
import { type DampedGate, Damping, type DampingOptions, parseDamping } from './damping.ts'
import { type ProbeStatus, SharedGate } from './gate.ts'
import { invalid, type Probe } from './probe.ts'

export type { Gate, Verdict } from './gate.ts'

export interface HealthyOptions {
  /**
   * Seconds from one run to the next; default 1. The first comes after up to a tenth of it, or,
   * where many probes run, after up to all of it: they are spread evenly.
   */
  readonly interval?: number
  /**
   * Seconds from one run to the next while what was counted is between healthy and unhealthy, and
   * before the first verdict; default: the interval.
   */
  readonly fastInterval?: number
  /** Seconds after which a run is aborted and has failed; default: the interval. */
  readonly timeout?: number
  /** Passes in a row that make it healthy; default 2. */
  readonly rise?: number
  /** Failures in a row that make it unhealthy; default 3. */
  readonly fall?: number
  /** What it is taken to be until proven otherwise; default 'down'. */
  readonly initial?: 'down' | 'up'
  /** Unhealthy for a while once it has changed too often; default: not. `true`: with the defaults. */
  readonly damping?: boolean | DampingOptions
  /** What reasons call it; default: the name of the probe. */
  readonly name?: string
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Random numbers from 0 up to 1, for the first delay; default: evenly spread over all that run. */
  readonly random?: () => number
}

/** What says when a probe runs, and how its results are counted. */
export const timingFields: readonly Exclude<keyof HealthyOptions, 'name' | 'clock' | 'random'>[] = [
  'interval',
  'fastInterval',
  'timeout',
  'rise',
  'fall',
  'initial',
  'damping',
]

export const healthyFields: readonly string[] = [
  ...timingFields,
  'name',
  'clock',
  'random',
] satisfies (keyof HealthyOptions)[]

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
export function healthy(probe: Probe | readonly Probe[], options: HealthyOptions = {}): DampedGate {
  const probes = typeof probe === 'function' ? [probe] : probe
  if (!Array.isArray(probes) || !probes.every((p) => typeof p === 'function') || !probes.length) {
    throw invalid('probe', 'a function or a list of functions', probe)
  }
  onlyFields('healthy', options, healthyFields)
  const { interval = 1, timeout = interval, rise = 2, fall = 3, initial = 'down' } = options
  const { fastInterval = interval, clock = realClock, random, damping = false } = options
  for (const [name, seconds] of Object.entries({ interval, fastInterval, timeout })) {
    if (!Number.isFinite(seconds) || seconds <= 0) {
      throw invalid(name, 'a number of seconds above 0', seconds)
    }
  }
  if (fastInterval > interval) {
    throw invalid('fastInterval', `at most the interval of ${interval} s`, fastInterval)
  }
  for (const [name, count] of Object.entries({ rise, fall })) {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw invalid(name, 'a whole number above 0', count)
    }
  }
  if (initial !== 'down' && initial !== 'up') throw invalid('initial', "'down' or 'up'", initial)
  const { name = probes.length === 1 ? probes[0].name : `${probes.length} probes` } = options
  const timing = {
    interval,
    fastInterval,
    timeout,
    rise,
    fall,
    initial,
    clock,
    ...(random === undefined ? {} : { random }),
  }
  const gate = new HealthGate(probes, timing, name)
  if (damping === false) return gate
  return new Damping(gate, parseDamping(damping === true ? {} : damping), clock)
}

class HealthGate extends SharedGate implements DampedGate {
  readonly penalty: number = 0
  readonly suppressed: boolean = false
  readonly #clock: Clock
  readonly #checkers: readonly Checker[]
  /** What each probe is called where there are several. */
  readonly #names: readonly string[]

  constructor(probes: readonly Probe[], timing: Timing, name: string) {
    super(name)
    this.#clock = timing.clock
    this.#checkers = probes.map((probe) => new Checker(probe, timing, () => this.#decide()))
    this.#names = probes.map((probe, i) => probe.name || `probe ${i + 1}`)
  }

  override get probes(): readonly ProbeStatus[] {
    return this.#checkers.map(({ passed, failed, took }, i) => {
      return { name: this.#names[i]!, passed, failed, took }
    })
  }

  protected begin(): void {
    for (const checker of this.#checkers) checker.start()
    this.#decide()
  }

  protected end(): void {
    for (const checker of this.#checkers) checker.stop()
  }

  #decide(): void {
    const failed = this.#failures()
    if (failed.length === 0 && this.#checkers.some((checker) => !checker.healthy)) return
    const reason = failed.join('; ') || this.#passed()
    const healthy = failed.length === 0
    // where several pass there is no one to name
    const names = healthy && this.#names.length > 1 ? [] : this.#names
    const which = names.findIndex((_, i) => this.#checkers[i]?.healthy === healthy)
    const proof = this.#checkers[which]?.evidence
    const evidence = proof && { evidence: { probe: names[which]!, ...proof } }
    this.say(this.#clock.now(), { healthy, reason, ...evidence })
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
