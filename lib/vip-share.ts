/** The share of the traffic that a VIP asks for, and the request for no new connections (wire/traffic-share.ts). */
import type { ConfigChange } from './core/io.ts'
import { fail } from './parse.ts'
import { WEIGHT_DEFAULT, WEIGHT_MAX } from './wire/traffic-share.ts'

export class VipShare {
  readonly #destination: { readonly prefix: number; readonly length: number }
  readonly #tell: (change: ConfigChange) => void
  #weight: number | undefined
  #drain = false
  #isTold = false

  constructor(
    destination: { readonly prefix: number; readonly length: number },
    weight: number | undefined,
    tell: (change: ConfigChange) => void,
  ) {
    this.#destination = destination
    this.#weight = weight
    this.#tell = tell
  }

  /** The VIP is announced: what is asked for is said with it. */
  announced(): void {
    this.#isTold = true
    if (this.#weight !== undefined || this.#drain) this.#say()
  }

  withdrawn(): void {
    this.#isTold = false
    this.#tell({ type: 'remove-share', ...this.#destination })
  }

  set(weight: number): void {
    this.#weight = weight
    if (this.#isTold) this.#say()
  }

  drain(drain: boolean): void {
    this.#drain = drain
    if (!this.#isTold) return
    if (drain || this.#weight !== undefined) this.#say()
    else this.#tell({ type: 'remove-share', ...this.#destination })
  }

  #say(): void {
    const weight = this.#weight ?? WEIGHT_DEFAULT
    this.#tell({ type: 'share', share: { ...this.#destination, weight, drain: this.#drain } })
  }
}

/** @throws OspfError ERR_OSPF_CONFIG */
export function checkWeight(field: string, weight: unknown): void {
  if (typeof weight === 'number' && Number.isInteger(weight) && weight >= 1) {
    if (weight <= WEIGHT_MAX) return
  }
  throw fail(field, `a whole number from 1 to ${WEIGHT_MAX}`, weight)
}
