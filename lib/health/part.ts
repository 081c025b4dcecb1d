/** What a gate may be made of: other gates, probes, and whatever gives verdicts. */
import { realClock } from '../clock.ts'
import { type GateVerdict, judgementOf } from '../gate-verdict.ts'
import type { Clock } from '../ports.ts'
import { reasonOf } from '../reason.ts'
import { SharedGate } from './gate.ts'
import { type HealthyOptions, healthy, healthyFields } from './healthy.ts'
import { invalid, type Probe } from './probe.ts'

/** A gate, a probe (run as `healthy` does), or any verdicts as they come. */
export type GatePart = AsyncIterable<GateVerdict> | Probe

/** @throws OspfError ERR_OSPF_CONFIG */
export function asSharedGate(
  part: GatePart,
  options: Omit<HealthyOptions, 'name' | 'damping'> = {},
): SharedGate {
  const verdicts = typeof part === 'function' ? healthy(part, timingOf(options)) : part
  if (verdicts instanceof SharedGate) return verdicts
  if (typeof verdicts?.[Symbol.asyncIterator] !== 'function') {
    throw invalid('a part of a gate', 'a gate, a probe or an async iterable of verdicts', part)
  }
  return new VerdictsGate(verdicts, options.clock ?? realClock)
}

/** Without what the caller's options have besides. */
const timingOf = (options: object): HealthyOptions =>
  Object.fromEntries(Object.entries(options).filter(([name]) => healthyFields.includes(name)))

class VerdictsGate extends SharedGate {
  readonly #verdicts: AsyncIterable<GateVerdict>
  readonly #clock: Clock
  #reading: AsyncIterator<GateVerdict> | undefined

  constructor(verdicts: AsyncIterable<GateVerdict>, clock: Clock) {
    super('')
    this.#verdicts = verdicts
    this.#clock = clock
  }

  protected begin(): void {
    void this.#read()
  }

  protected end(): void {
    // an async generator returns only once its own await is over
    Promise.resolve(this.#reading?.return?.()).catch(() => {})
    this.#reading = undefined
  }

  async #read(): Promise<void> {
    let reading: AsyncIterator<GateVerdict> | undefined
    const fail = (reason: string): void => {
      if (this.#reading === reading) this.say(this.#clock.now(), { healthy: false, reason })
    }
    try {
      reading = this.#verdicts[Symbol.asyncIterator]()
      this.#reading = reading
      for (;;) {
        const { done, value } = await reading.next()
        if (this.#reading !== reading) return
        if (done) return fail('gate ended')
        const { healthy, reason, override, evidence } = judgementOf(value ?? false)
        this.say(this.#clock.now(), {
          healthy,
          reason,
          ...(override && { override }),
          ...(evidence && { evidence }),
        })
      }
    } catch (error) {
      fail(`gate failed: ${reasonOf(error)}`)
    }
  }
}
