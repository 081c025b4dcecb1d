/** The share of the traffic that a VIP asks for, and the request for no new connections (wire/traffic-share.ts). */
import type { ConfigChange } from './core/io.ts'
import { fail } from './parse.ts'
import type { Clock } from './ports.ts'
import { SlowStart } from './slow-start.ts'
import { WEIGHT_DEFAULT, WEIGHT_MAX } from './wire/traffic-share.ts'

export class VipShare {
  readonly #destination: { readonly prefix: number; readonly length: number }
  readonly #tell: (change: ConfigChange) => void
  readonly #slowStart: SlowStart | undefined
  #weight: number | undefined
  #drain = false
  #shown: 'nothing' | 'full' | 'degraded' = 'nothing'
  /** The weight that routers were told last; undefined: none, which counts as the default. */
  #told: { readonly weight: number; readonly drain: boolean } | undefined

  /** @param slowStart seconds from the announcement to the full weight, by the clock */
  constructor(
    destination: { readonly prefix: number; readonly length: number },
    weight: number | undefined,
    tell: (change: ConfigChange) => void,
    slowStart?: { readonly seconds: number; readonly clock: Clock },
  ) {
    this.#destination = destination
    this.#weight = weight
    this.#tell = tell
    this.#slowStart =
      slowStart &&
      new SlowStart(slowStart.seconds, slowStart.clock, () => {
        // who drains gets nothing new whatever the weight, and one LSA less
        if (!this.#drain) this.#say()
      })
  }

  /**
   * The VIP is announced, as the last resort or not: what is asked for is said with it. The slow start begins when it
   * was not there before, or nobody's first choice.
   */
  announced(how: 'full' | 'degraded' = 'full'): void {
    const was = this.#shown
    this.#shown = how
    if (how === 'degraded') this.#slowStart?.end()
    else if (was !== 'full') this.#slowStart?.begin()
    this.#say()
  }

  withdrawn(): void {
    this.#shown = 'nothing'
    this.#told = undefined
    this.#slowStart?.end()
    this.#tell({ type: 'remove-share', ...this.#destination })
  }

  set(weight: number): void {
    this.#weight = weight
    this.#say()
  }

  drain(drain: boolean): void {
    this.#drain = drain
    this.#say()
  }

  #say(): void {
    if (this.#shown === 'nothing') return
    const isRising = this.#slowStart?.isUnderWay ?? false
    if (this.#weight === undefined && !this.#drain && !isRising) {
      if (this.#told) this.#tell({ type: 'remove-share', ...this.#destination })
      this.#told = undefined
      return
    }
    const full = this.#weight ?? WEIGHT_DEFAULT
    const weight = this.#slowStart?.of(full) ?? full
    const drain = this.#drain
    if (this.#told?.weight === weight && this.#told.drain === drain) return
    this.#told = { weight, drain }
    this.#tell({ type: 'share', share: { ...this.#destination, weight, drain } })
  }
}

/** @throws OspfError ERR_OSPF_CONFIG */
export function checkWeight(field: string, weight: unknown): void {
  if (typeof weight === 'number' && Number.isInteger(weight) && weight >= 1) {
    if (weight <= WEIGHT_MAX) return
  }
  throw fail(field, `a whole number from 1 to ${WEIGHT_MAX}`, weight)
}
