/** Gates made of gates: all of them, any, so many, so much weight. */
import { realClock } from '../clock.ts'
import type { Clock } from '../ports.ts'
import { type DampedGate, Damping, type DampingOptions, parseDamping } from './damping.ts'
import { type Gate, SharedGate } from './gate.ts'
import type { HealthyOptions } from './healthy.ts'
import { asSharedGate, type GatePart } from './part.ts'
import { invalid } from './probe.ts'

/** How parts that are bare probes are run, and what reasons call the whole. May come last among the parts. */
export type CombineOptions = Omit<HealthyOptions, 'damping'>

/**
 * Open while every part is. A part that nothing is proven of yet keeps it without a verdict, unless another has failed.
 * @example all(http('http://127.0.0.1/ready'), any(tcp('10.0.0.1:5432'), tcp('10.0.0.2:5432')))
 * @throws OspfError ERR_OSPF_CONFIG
 */
export function all(...parts: readonly (GatePart | CombineOptions)[]): Gate {
  const { gates, options } = separate(parts)
  return new Quorum(gates.map(weighOne), 'all', { ...options, minimum: gates.length })
}

/** Open while at least one part is. @throws OspfError ERR_OSPF_CONFIG */
export function any(...parts: readonly (GatePart | CombineOptions)[]): Gate {
  return atLeast(1, ...parts)
}

/** Open while at least so many parts are. @throws OspfError ERR_OSPF_CONFIG */
export function atLeast(n: number, ...parts: readonly (GatePart | CombineOptions)[]): Gate {
  const { gates, options } = separate(parts)
  if (!Number.isSafeInteger(n) || n < 1 || n > gates.length) {
    throw invalid('n', `a whole number from 1 to the ${gates.length} parts`, n)
  }
  return new Quorum(gates.map(weighOne), 'count', { ...options, minimum: n })
}

export interface WeightedOptions extends CombineOptions {
  /** Weight that must be healthy. */
  readonly minimum: number
  /**
   * As keepalived's: it opens at minimum + hysteresis, and closes below minimum - hysteresis, or when nothing is
   * healthy any more; default 0.
   */
  readonly hysteresis?: number
}

/** Open while enough weight is healthy. @throws OspfError ERR_OSPF_CONFIG */
export function weighted(
  options: WeightedOptions,
  parts: readonly (readonly [part: GatePart, weight: number])[],
): Gate {
  if (!Array.isArray(parts) || parts.length === 0) {
    throw invalid('parts', 'a list of [gate, weight]', parts)
  }
  const { minimum, hysteresis = 0 } = options
  let total = 0
  for (const [, weight] of parts) {
    if (!Number.isFinite(weight) || weight < 0) {
      throw invalid('weight', 'a number from 0 on', weight)
    }
    total += weight
  }
  if (!Number.isFinite(minimum) || minimum <= 0) {
    throw invalid('minimum', 'a weight above 0', minimum)
  }
  if (!Number.isFinite(hysteresis) || hysteresis < 0 || minimum + hysteresis > total) {
    // keepalived takes that, and the pool never comes up
    throw invalid('minimum + hysteresis', `at most all weights, ${total}`, minimum + hysteresis)
  }
  const weighed = parts.map(([part, weight]) => ({ gate: asSharedGate(part, options), weight }))
  return new Quorum(weighed, 'weight', options)
}

/** Closed for a while once it has changed too often. @throws OspfError ERR_OSPF_CONFIG */
export function damped(part: GatePart, options: DampingOptions & CombineOptions = {}): DampedGate {
  return new Damping(asSharedGate(part, options), parseDamping(options), options.clock ?? realClock)
}

function separate(parts: readonly (GatePart | CombineOptions)[]): {
  gates: SharedGate[]
  options: CombineOptions
} {
  const last = parts.at(-1)
  const hasOptions = typeof last === 'object' && last !== null && !(Symbol.asyncIterator in last)
  const options = hasOptions ? (last as CombineOptions) : {}
  const those = (hasOptions ? parts.slice(0, -1) : parts) as readonly GatePart[]
  if (those.length === 0) throw invalid('parts', 'at least one gate', parts)
  return { gates: those.map((part) => asSharedGate(part, options)), options }
}

interface Weighed {
  readonly gate: SharedGate
  readonly weight: number
}

const weighOne = (gate: SharedGate): Weighed => ({ gate, weight: 1 })

/** Parts that a reason names. */
const NAMED = 5

class Quorum extends SharedGate {
  readonly #parts: readonly Weighed[]
  readonly #how: 'all' | 'count' | 'weight'
  readonly #minimum: number
  readonly #hysteresis: number
  readonly #clock: Clock
  #watches: Disposable[] = []
  /** Parts that were disposed. */
  readonly #ended = new Set<SharedGate>()
  #isJoining = false

  constructor(
    parts: readonly Weighed[],
    how: 'all' | 'count' | 'weight',
    options: WeightedOptions,
  ) {
    super(options.name ?? parts.map(({ gate }, i) => gate.name || `part ${i + 1}`).join(', '))
    this.#parts = parts
    this.#how = how
    this.#minimum = options.minimum
    this.#hysteresis = options.hysteresis ?? 0
    this.#clock = options.clock ?? realClock
  }

  protected begin(): void {
    this.#isJoining = true
    this.#watches = this.#parts.map(({ gate }) =>
      gate.watch({
        changed: () => this.#decide(),
        ended: () => {
          this.#ended.add(gate)
          this.#decide()
        },
      }),
    )
    this.#isJoining = false
    this.#decide()
  }

  protected end(): void {
    for (const watch of this.#watches.splice(0)) watch[Symbol.dispose]()
  }

  #decide(): void {
    if (this.#isJoining) return
    let sum = 0
    let open = 0
    for (const { gate, weight } of this.#parts) {
      const healthy = this.#isHealthy(gate)
      if (healthy === true) sum += weight
      else if (healthy === undefined) open += weight
    }
    const { verdict } = this
    const up = this.#minimum + this.#hysteresis
    let healthy: boolean
    if (verdict?.healthy) healthy = sum > 0 && sum >= this.#minimum - this.#hysteresis
    else if (sum >= up) healthy = true
    else if (verdict !== undefined || sum + open < up) healthy = false
    else return
    this.say(this.#clock.now(), { healthy, reason: this.#reason(healthy, sum) })
  }

  #isHealthy(gate: SharedGate): boolean | undefined {
    return this.#ended.has(gate) ? false : gate.verdict?.healthy
  }

  #reason(healthy: boolean, sum: number): string {
    const names: string[] = []
    const failures: string[] = []
    for (const [i, { gate, weight }] of this.#parts.entries()) {
      const plain = gate.name || `part ${i + 1}`
      const name = this.#how === 'weight' ? `${plain} (${weight})` : plain
      const { reason = 'nothing proven yet' } = gate.verdict ?? {}
      if (this.#isHealthy(gate)) names.push(name)
      else failures.push(`${name}: ${this.#ended.has(gate) ? 'gate ended' : reason}`)
    }
    const { length } = this.#parts
    if (this.#how === 'all') return healthy ? `all ${length} pass` : list(failures, '; ')
    const needed = this.#hysteresis === 0 ? '' : ` +- ${this.#hysteresis}`
    const found =
      this.#how === 'count'
        ? `${names.length} of ${length} pass`
        : `weight ${sum} of ${this.#parts.reduce((total, { weight }) => total + weight, 0)} passes`
    const parts = healthy ? list(names, ', ') : list(failures, '; ')
    return `${found}, ${this.#minimum}${needed} needed: ${parts}`
  }
}

const list = (words: readonly string[], between: string): string =>
  words.length <= NAMED
    ? words.join(between)
    : `${words.slice(0, NAMED).join(between)}${between}and ${words.length - NAMED} more`
