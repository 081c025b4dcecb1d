/** When the speaker is a stub router (RFC 6987), and why: as configured, for a time after the start or before the end. */
import type { StubRouter } from './core/io.ts'
import type { StubRouterSchedule } from './options.ts'
import type { Clock } from './ports.ts'

export interface StubRouterEvent {
  readonly type: 'stub-router'
  /** False: it is none any more. */
  readonly active: boolean
  /** What made it one, or what is over. */
  readonly why: 'configured' | 'request' | 'start-up' | 'shutdown' | 'drain'
  /** For how long, in seconds; undefined: until something changes. */
  readonly seconds?: number
}

export interface StubRouterOwner {
  readonly clock: Clock
  /** Tells the core. */
  become(how: StubRouter | undefined): void
  say(event: StubRouterEvent): void
}

export class StubRouterSwitch {
  readonly #owner: StubRouterOwner
  #schedule: StubRouterSchedule | undefined
  /** Undefined: no stub router. */
  #why: StubRouterEvent['why'] | undefined
  #timer: Disposable | undefined
  #drained = false

  constructor(owner: StubRouterOwner, schedule: StubRouterSchedule | undefined) {
    this.#owner = owner
    this.#schedule = schedule
  }

  /** The speaker starts. */
  begin(): void {
    const { how, always, onStartup } = this.#schedule ?? {}
    if (!how) return
    if (always) return this.#become(how, 'configured')
    if (!onStartup) return
    this.#become(how, 'start-up', onStartup)
    this.#timer = this.#owner.clock.setTimer(onStartup * 1000, () => this.#end())
  }

  /** Whatever it was so far; undefined: it ends. */
  request(how: StubRouter | undefined): void {
    if (how) return this.#become(how, 'request')
    this.#drained = false
    this.#end()
  }

  /** The speaker is out of service: a stub router in any case, until `undrain`. */
  drain(): void {
    this.#drained = true
    if (this.#why === undefined) this.#become(this.#plain, 'drain')
  }

  undrain(): void {
    this.#drained = false
    if (this.#why === 'drain') this.#end()
  }

  /** The options have changed. What was asked for at run time stays; the start is over. */
  configure(schedule: StubRouterSchedule | undefined): void {
    this.#schedule = schedule
    if (schedule?.always) return this.#become(schedule.how, 'configured')
    if (this.#why !== 'configured' && this.#why !== 'start-up') return
    if (this.#why === 'start-up' && schedule?.onStartup) this.#owner.become(schedule.how)
    else this.#end()
  }

  /** The speaker stops: resolves when others have had the time to find another way. */
  async shutdown(): Promise<void> {
    const { how, onShutdown } = this.#schedule ?? {}
    if (!how || !onShutdown) return
    this.#become(how, 'shutdown', onShutdown)
    await new Promise<void>((resolve) => {
      this.#owner.clock.setTimer(onShutdown * 1000, resolve)
    })
  }

  /** Lets go of the timer. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
  }

  get #plain(): StubRouter {
    return this.#schedule?.how ?? { includeStub: false, externalMetric: undefined }
  }

  #become(how: StubRouter, why: StubRouterEvent['why'], seconds?: number): void {
    this[Symbol.dispose]()
    this.#why = why
    this.#owner.become(how)
    this.#owner.say({
      type: 'stub-router',
      active: true,
      why,
      ...(seconds === undefined ? {} : { seconds }),
    })
  }

  #end(): void {
    const why = this.#why
    if (why === undefined) return
    this[Symbol.dispose]()
    this.#why = undefined
    this.#owner.say({ type: 'stub-router', active: false, why })
    if (this.#drained) this.#become(this.#plain, 'drain')
    else this.#owner.become(undefined)
  }
}
