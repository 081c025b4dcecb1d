/** One VIP: when it is announced, when it is not, and in which order things are done on the way. */
import { realClock } from './clock.ts'
import { OspfError } from './errors.ts'
import type { AddressPort, Clock } from './ports.ts'
import { reasonOf } from './reason.ts'

/** What a gate may say: whether the VIP is to be announced and, if it likes, why. */
export type GateVerdict = boolean | { readonly healthy: boolean; readonly reason?: string }

/** 'down' can still come up; 'withdrawn' is the end. */
export type AnnouncementState = 'up' | 'down' | 'withdrawn'

/** The state changed, or the reason for it. */
export interface AnnouncementEvent {
  readonly type: 'announcement'
  readonly prefix: string
  readonly was: AnnouncementState
  readonly state: AnnouncementState
  readonly reason: string
  /** Milliseconds on the clock handed in. */
  readonly at: number
}

/**
 * The VIP as an address of this host: there before it is first announced, removed at the very end.
 */
export interface AddressStep {
  readonly port: AddressPort
  /** 'lo', usually. */
  readonly device: string
  readonly address: number
  readonly prefixLength: number
  /**
   * Waited for between the withdrawal and the removal, while routers may still send traffic here.
   */
  readonly hold?: () => Promise<void>
}

export interface AnnouncementOptions {
  /** As text, for events and errors: '10.0.1.100/32'. */
  readonly prefix: string
  /**
   * The gate; without one the VIP is up at once. No verdict yet, one that ended or threw: all
   * unhealthy.
   */
  readonly when?: AsyncIterable<GateVerdict>
  /** Advertises the prefix. Must not throw. */
  readonly announce: () => void
  /** Takes it back. Only ever called after `announce`. Must not throw. */
  readonly withdraw: () => void
  /** Must not throw. */
  readonly onChange?: (event: AnnouncementEvent) => void
  readonly address?: AddressStep
  /** Default: the machine's. */
  readonly clock?: Clock
}

/** Milliseconds until an address that could not be added is tried again. */
const RETRY = 1000

/** A VIP, announced for as long as its gate says so. */
export class Announcement implements Disposable, AsyncDisposable {
  readonly prefix: string
  readonly #options: AnnouncementOptions
  readonly #clock: Clock
  #state: AnnouncementState = 'down'
  #reason = 'no verdict yet'
  #since: number
  /** What the gate wants. */
  #wanted: { readonly healthy: boolean; readonly reason: string } | undefined
  #verdicts: AsyncIterator<GateVerdict> | undefined
  /** Whether we added the address; undefined until it is there. */
  #ours: boolean | undefined
  #adding: Promise<void> | undefined
  #retry: Disposable | undefined
  #stopping: Promise<void> | undefined

  /** @throws OspfError ERR_OSPF_CONFIG when the gate cannot be iterated */
  constructor(options: AnnouncementOptions) {
    const { prefix, when, clock = realClock } = options
    if (when !== undefined && typeof when?.[Symbol.asyncIterator] !== 'function') {
      throw new OspfError(
        'ERR_OSPF_CONFIG',
        `${prefix}: when must be an async iterable of verdicts`,
      )
    }
    this.prefix = prefix
    this.#options = options
    this.#clock = clock
    this.#since = clock.now()
    if (when === undefined) this.#want(true, 'no gate')
    else void this.#follow(when)
  }

  get state(): AnnouncementState {
    return this.#state
  }

  /** Why it is in this state. */
  get reason(): string {
    return this.#reason
  }

  /** When it came into this state, in milliseconds on the clock handed in. */
  get since(): number {
    return this.#since
  }

  /**
   * Withdraws for good, whatever the gate says; the address follows in its time. Does nothing the
   * second time.
   */
  withdraw(reason = 'withdrawn by request'): void {
    void this.stop(reason)
  }

  /**
   * Withdraws for good and lets go of the gate; resolves when the address is removed, too. Never
   * rejects: what could not be removed becomes the reason. Every call gives the same promise.
   */
  stop(reason = 'stopped'): Promise<void> {
    if (this.#stopping === undefined) {
      this.#stopping = Promise.resolve().then(() => this.#removeAddress())
      this.#retry?.[Symbol.dispose]()
      this.#become('withdrawn', reason)
      // Not waited for: an async generator returns only once its own await is over.
      this.#release().catch(() => {})
    }
    return this.#stopping
  }

  [Symbol.dispose](): void {
    this.withdraw()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #follow(gate: AsyncIterable<GateVerdict>): Promise<void> {
    for (;;) {
      let healthy: boolean
      let reason: string | undefined
      try {
        this.#verdicts ??= gate[Symbol.asyncIterator]()
        const result = await this.#verdicts.next()
        if (result.done) return this.#want(false, 'gate ended')
        const verdict = result.value
        healthy = (typeof verdict === 'object' ? verdict.healthy : verdict) === true
        reason = typeof verdict === 'object' ? verdict.reason : undefined
      } catch (error) {
        return this.#want(false, `gate failed: ${reasonOf(error)}`)
      }
      if (this.#state === 'withdrawn') return
      this.#want(healthy, reason ?? (healthy ? 'healthy' : 'unhealthy'))
    }
  }

  #want(healthy: boolean, reason: string): void {
    this.#wanted = { healthy, reason }
    this.#steer()
  }

  /**
   * Takes the next step towards what is wanted. Called whenever something on the way has changed.
   */
  #steer(): void {
    if (this.#state === 'withdrawn' || this.#wanted === undefined) return
    const { healthy, reason } = this.#wanted
    const { address } = this.#options
    if (!healthy) {
      this.#become('down', reason)
    } else if (address !== undefined && this.#ours === undefined) {
      if (this.#retry === undefined) this.#adding ??= this.#add(address)
    } else {
      this.#become('up', reason)
    }
  }

  async #add({ port, device, address, prefixLength }: AddressStep): Promise<void> {
    try {
      this.#ours = await port.add(device, address, prefixLength)
    } catch (error) {
      if (this.#state !== 'withdrawn') {
        this.#become('down', `cannot add ${this.prefix} to ${device}: ${reasonOf(error)}`)
        this.#retry = this.#clock.setTimer(RETRY, () => {
          this.#retry = undefined
          this.#steer()
        })
      }
    }
    this.#adding = undefined
    this.#steer()
  }

  async #removeAddress(): Promise<void> {
    const { address } = this.#options
    if (address === undefined) return
    await this.#adding
    if (!this.#ours) return
    try {
      await address.hold?.()
    } catch (error) {
      this.#become('withdrawn', `${this.#reason}; the hold failed: ${reasonOf(error)}`)
    }
    try {
      await address.port.remove(address.device, address.address, address.prefixLength)
    } catch (error) {
      const what = `cannot remove ${this.prefix} from ${address.device}`
      this.#become('withdrawn', `${this.#reason}; ${what}: ${reasonOf(error)}`)
    }
  }

  async #release(): Promise<void> {
    await this.#verdicts?.return?.()
  }

  /** The one place that changes the state, acts on the change and tells of it. */
  #become(state: AnnouncementState, reason: string): void {
    const was = this.#state
    if (state === was && reason === this.#reason) return
    const { announce, withdraw, onChange } = this.#options
    const at = this.#clock.now()
    // Written first: what is called below may call back.
    this.#state = state
    this.#reason = reason
    if (state !== was) {
      this.#since = at
      if (state === 'up') announce()
      else if (was === 'up') withdraw()
    }
    onChange?.({ type: 'announcement', prefix: this.prefix, was, state, reason, at })
  }
}
