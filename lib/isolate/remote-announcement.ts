/** The application's handle of a VIP that a child process announces: its gate, its hooks, and how it stood last. */
import type { Announcement, AnnouncementState, DrainOptions, GateVerdict } from '../announcement.ts'
import { deferred } from '../deferred.ts'
import { OspfError } from '../errors.ts'
import { judgementOf } from '../gate-verdict.ts'
import type { Clock } from '../ports.ts'
import { reasonOf } from '../reason.ts'
import { type AnnounceOptions, asGate, atCost } from '../vip.ts'
import type { DownResult, VipChange } from '../vip-history.ts'
import { checkWeight } from '../vip-share.ts'
import type { AnnouncementSnapshot, Command, HookName, Request } from './messages.ts'

/** What can be done with an announced VIP, wherever the speaker runs. */
export type AnnouncementHandle = Pick<Announcement, keyof Announcement>

export interface RemoteOwner {
  readonly clock: Clock
  /** @throws OspfError ERR_OSPF_CONFIG */
  check(options: AnnounceOptions): void
  /** Says it to the child, if there is one: the next is told how it stands by `replay`. */
  command(command: Command): void
  /** Asks until a child has answered. Rejects when there is none any more, or `isWanted` says so. */
  insist(request: Request, isWanted?: () => boolean): Promise<unknown>
  /** It may be announced anew from now on. */
  withdrawn(announcement: RemoteAnnouncement): void
  /** All is over: the child may forget it. */
  gone(announcement: RemoteAnnouncement): void
}

const hookNames = ['prepare', 'release', 'connections'] as const satisfies readonly HookName[]

export class RemoteAnnouncement implements AnnouncementHandle {
  readonly id: number
  readonly prefix: string
  readonly #owner: RemoteOwner
  #options: AnnounceOptions
  #state: AnnouncementState = 'down'
  #reason = 'no verdict yet'
  #since: number
  #history: readonly VipChange[] = []
  #lines: readonly string[] = []
  #verdict: GateVerdict | undefined
  /** The gate has been open, which policies for a closed one rest on. */
  #wasOpen = false
  #verdicts: AsyncIterator<GateVerdict> | undefined
  #forced: { readonly state: 'up' | 'down'; readonly reason: string } | undefined
  #drain: { readonly options: DrainOptions; readonly done: Promise<DownResult> } | undefined
  #stopping: Promise<DownResult> | undefined
  /** When a lease of its own ends. */
  #deadline: number
  #isPrepared = false
  #isReleased = false

  /** @throws OspfError ERR_OSPF_CONFIG when the gate cannot be iterated */
  constructor(owner: RemoteOwner, id: number, prefix: string, options: AnnounceOptions) {
    const when = asGate(options.when, owner.clock)
    if (when !== undefined && typeof when?.[Symbol.asyncIterator] !== 'function') {
      throw new OspfError(
        'ERR_OSPF_CONFIG',
        `${prefix}: when must be a probe, a list of probes, or an async iterable of booleans`,
      )
    }
    this.#owner = owner
    this.id = id
    this.prefix = prefix
    this.#options = options
    this.#since = owner.clock.now()
    this.#deadline = this.#since + (options.lease ?? 0) * 1000
    this.#announce()
    if (when === undefined) this.#judge({ healthy: true, reason: 'no gate' })
    else void this.#follow(when)
  }

  get state(): AnnouncementState {
    return this.#state
  }

  get gateOpen(): boolean | undefined {
    return this.#verdict === undefined ? undefined : judgementOf(this.#verdict).healthy
  }

  get reason(): string {
    return this.#reason
  }

  get since(): number {
    return this.#since
  }

  history(): readonly VipChange[] {
    return this.#history
  }

  why(): string[] {
    return [...this.#lines]
  }

  force(state: 'up' | 'down' | undefined, reason = 'by request'): void {
    this.#forced = state === undefined ? undefined : { state, reason }
    this.#owner.command({ do: 'force', announcement: this.id, state, reason })
  }

  drain(options: DrainOptions = {}): Promise<DownResult> {
    if (this.#stopping !== undefined) return this.#stopping
    if (this.#drain === undefined) {
      const request = { do: 'drain-vip', announcement: this.id, options } as const
      const { promise, resolve } = deferred<DownResult>()
      const drain = { options, done: promise }
      // before it is asked for: without a child, it is asked at once whether it is still wanted
      this.#drain = drain
      this.#owner
        .insist(request, () => this.#drain === drain && this.#stopping === undefined)
        .then(
          (result) => resolve(result as DownResult),
          () => resolve(this.#stopping ?? nothing(this.#drain === drain ? 'stopped' : 'undone')),
        )
    }
    return this.#drain.done
  }

  undrain(reason = 'undrained by request'): void {
    if (this.#drain === undefined || this.#stopping !== undefined) return
    this.#drain = undefined
    this.#owner.command({ do: 'undrain-vip', announcement: this.id, reason })
  }

  renew(seconds: number | undefined = this.#options.lease): void {
    if (this.#options.lease === undefined || seconds === undefined) return
    this.#deadline = this.#owner.clock.now() + seconds * 1000
    this.#owner.command({ do: 'renew', announcement: this.id, seconds })
  }

  setCost(cost: number): void {
    const options = atCost(this.#options, cost)
    this.#owner.check(options)
    this.#options = options
    this.#owner.command({ do: 'set-cost', announcement: this.id, cost })
  }

  setWeight(weight: number): void {
    checkWeight('weight', weight)
    this.#options = { ...this.#options, weight }
    this.#owner.command({ do: 'set-weight', announcement: this.id, weight })
  }

  reconsider(): void {
    this.#owner.command({ do: 'reconsider', announcement: this.id })
  }

  withdraw(reason = 'withdrawn by request'): Promise<DownResult> {
    return this.stop(reason)
  }

  stop(reason = 'stopped'): Promise<DownResult> {
    if (this.#stopping === undefined) {
      const request = { do: 'stop-vip', announcement: this.id, reason } as const
      this.#stopping = this.#end(this.#owner.insist(request))
      this.#state = 'withdrawn'
      this.#reason = reason
      this.#since = this.#owner.clock.now()
      this.letGo()
      this.#owner.withdrawn(this)
    }
    return this.#stopping
  }

  [Symbol.dispose](): void {
    void this.stop('withdrawn by request')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  // For the speaker

  /** How it stands, says the child. */
  apply({ state, reason, since, history, lines }: AnnouncementSnapshot): void {
    this.#history = history
    this.#lines = lines
    // one that was sent before the child heard of the end
    if (this.#stopping !== undefined && state !== 'withdrawn') return
    this.#state = state
    this.#reason = reason
    this.#since = since
  }

  /** Tells a new child all that the last one knew; one that is there to clear up, of the address alone. */
  replay(isEnd: boolean): void {
    this.#announce()
    const { id: announcement } = this
    if (isEnd) return
    const ask = (request: Request): void =>
      void this.#owner.insist(request, () => false).catch(() => {})
    // at once: the same VIP may be announced anew by the next one
    if (this.#stopping !== undefined) {
      return ask({ do: 'stop-vip', announcement, reason: this.#reason })
    }
    if (this.#drain) ask({ do: 'drain-vip', announcement, options: this.#drain.options })
    if (this.#forced) this.#owner.command({ do: 'force', announcement, ...this.#forced })
    if (this.#options.lease !== undefined) {
      const left = (this.#deadline - this.#owner.clock.now()) / 1000
      this.#owner.command({ do: 'renew', announcement, seconds: left })
    }
    if (this.#wasOpen && this.gateOpen === false && this.#hasPolicy) {
      const verdict = { healthy: true, reason: 'open before the child was lost' }
      this.#owner.command({ do: 'verdict', announcement, verdict })
    }
    if (this.#verdict !== undefined) this.#judge(this.#verdict)
  }

  call(hook: HookName, signal: AbortSignal): unknown {
    switch (hook) {
      case 'prepare':
        return this.#prepare(signal)
      case 'release':
        this.#isReleased = true
        return this.#options.release?.(signal)
      case 'connections':
        return this.#options.connections?.()
      default:
        return hook satisfies never
    }
  }

  /** How long `release` may take. */
  get releaseSeconds(): number {
    return this.#options.release === undefined ? 0 : (this.#options.times?.release ?? 10)
  }

  letGo(): void {
    // not waited for: an async generator returns only once its own await is over
    void Promise.resolve(this.#verdicts?.return?.()).catch(() => {})
  }

  /** The data plane goes, if no child saw to that. Does not reject. */
  async releaseUnlessDone(): Promise<void> {
    const { release, prepare } = this.#options
    const isNeeded = !this.#isReleased && (prepare === undefined || this.#isPrepared)
    if (!isNeeded || release === undefined) return
    this.#isReleased = true
    const abort = new AbortController()
    const late = new Promise<void>((resolve) => {
      const timer = this.#owner.clock.setTimer(this.releaseSeconds * 1000, resolve)
      abort.signal.addEventListener('abort', () => timer[Symbol.dispose](), { once: true })
    })
    try {
      await Promise.race([release(abort.signal), late])
    } catch (error) {
      this.#reason = `${this.#reason}; release failed: ${reasonOf(error)}`
    }
    abort.abort(new Error('over'))
  }

  // Inside

  #announce(): void {
    const { when: _when, prepare: _p, release: _r, connections: _c, ...options } = this.#options
    const hooks = hookNames.filter((name) => this.#options[name] !== undefined)
    const { id: announcement, prefix: vip } = this
    this.#owner.command({ do: 'announce', announcement, vip, options, hooks })
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    // once, whatever becomes of the child
    if (!this.#isPrepared) await this.#options.prepare?.(signal)
    this.#isPrepared = true
    // too late: nobody is left who would release it
    if (signal.aborted && this.#stopping !== undefined) await this.releaseUnlessDone()
  }

  async #end(asked: Promise<unknown>): Promise<DownResult> {
    let result: DownResult
    try {
      result = (await asked) as DownResult
    } catch {
      result = nothing('done')
    }
    await this.releaseUnlessDone()
    this.#owner.gone(this)
    return result
  }

  async #follow(gate: AsyncIterable<GateVerdict>): Promise<void> {
    for (;;) {
      try {
        this.#verdicts ??= gate[Symbol.asyncIterator]()
        const { done, value } = await this.#verdicts.next()
        if (this.#stopping !== undefined) return
        if (done) return this.#judge({ healthy: false, reason: 'gate ended' })
        this.#judge(value)
      } catch (error) {
        return this.#judge({ healthy: false, reason: `gate failed: ${reasonOf(error)}` })
      }
    }
  }

  /** A gate that closes does not simply withdraw it. */
  get #hasPolicy(): boolean {
    const { onFail = 'withdraw', minimumAnnouncers } = this.#options
    return onFail !== 'withdraw' || minimumAnnouncers !== undefined
  }

  #judge(verdict: GateVerdict): void {
    this.#verdict = verdict
    this.#wasOpen ||= this.gateOpen === true
    this.#owner.command({ do: 'verdict', announcement: this.id, verdict })
  }
}

/** Nobody is left who could tell. */
const nothing = (outcome: DownResult['outcome']): DownResult => ({
  outcome,
  acknowledged: false,
  by: [],
  missing: [],
  unaffected: [],
  took: 0,
  steps: [],
})
