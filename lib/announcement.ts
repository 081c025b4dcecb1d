/**
 * One VIP, from its gate to its route and back, in an order that is kept.
 *
 * Up: the address is there, the data plane is ready (`prepare`), the gate is open, the prefix is announced, the routers
 * have acknowledged it. Down for good: the prefix is withdrawn, the routers have acknowledged that and had time to
 * calculate (`hold`), the data plane goes (`release`), the address goes. A gate that closes takes the first half of
 * that way alone, as it may open again. A drain asks the routers for no new connections first, where they can do that,
 * and waits for the old ones.
 *
 * Every step is bounded in time, and one that fails or takes too long is reported and does not keep the next.
 */
import type {
  AnnouncementOptions,
  AnnouncementState,
  DrainOptions,
  StepTimes,
} from './announcement-options.ts'
import { realClock } from './clock.ts'
import { deferred } from './deferred.ts'
import { OspfError } from './errors.ts'
import { type GateVerdict, type Judgement, judgementOf } from './gate-verdict.ts'
import type { Clock } from './ports.ts'
import { reasonOf } from './reason.ts'
import {
  type Cause,
  type Confirmation,
  type DownResult,
  History,
  type StepName,
  type StepReport,
  type VipChange,
} from './vip-history.ts'

export type {
  AddressStep,
  AnnouncementEvent,
  AnnouncementOptions,
  AnnouncementState,
  AnnouncementStepEvent,
  DrainOptions,
  GateGuard,
  GatePolicy,
  StepTimes,
} from './announcement-options.ts'
export type { GateVerdict } from './gate-verdict.ts'

/** Milliseconds until an address that could not be added, or a data plane that is not ready, is tried again. */
const RETRY_MS = 1000
/** Milliseconds between two looks at the number of connections. */
const CONNECTIONS_MS = 250
/** Milliseconds for the number of those that were left, which nothing waits for but the report. */
const COUNT_MS = 1000

const UNPROVEN = 'no verdict yet'
const EXPIRED = 'the lease has expired'

const isAnnounced = (state: AnnouncementState): boolean =>
  state === 'up' || state === 'degraded' || state === 'draining'

interface Drain {
  readonly done: Promise<DownResult>
  /** Ends the wait for connections; with `undone`, the drain itself. */
  readonly cut: AbortController
  undone: boolean
}

/** A VIP, announced for as long as its gate says so. */
export class Announcement implements Disposable, AsyncDisposable {
  readonly prefix: string
  readonly #options: AnnouncementOptions
  readonly #clock: Clock
  readonly #times: Required<StepTimes>
  readonly #history: History
  #state: AnnouncementState = 'down'
  #reason = UNPROVEN
  #since: number
  #shown: 'nothing' | 'full' | 'degraded' = 'nothing'
  #wasShown = false
  #verdict: Judgement | undefined
  /** The gate has been open. */
  #wasOpen = false
  /** The drain under way is the gate's. */
  #inMaintenance = false
  #verdicts: AsyncIterator<GateVerdict> | undefined
  #forced: { readonly state: 'up' | 'down'; readonly reason: string } | undefined
  /** Address and data plane are there. */
  #ready = false
  #preparing: Promise<void> | undefined
  /** Whether we added the address; undefined until it is there. */
  #ours: boolean | undefined
  #isPrepared = false
  #wake: (() => void) | undefined
  #drain: Drain | undefined
  #confirming: { readonly abort: AbortController; readonly done: Promise<void> } | undefined
  #lease: Disposable | undefined
  #isExpired = false
  readonly #ending = new AbortController()
  #stopping: Promise<DownResult> | undefined

  /** @throws OspfError ERR_OSPF_CONFIG when the gate cannot be iterated */
  constructor(options: AnnouncementOptions) {
    const { prefix, when, address, prepare, clock = realClock } = options
    if (when !== undefined && typeof when?.[Symbol.asyncIterator] !== 'function') {
      throw new OspfError(
        'ERR_OSPF_CONFIG',
        `${prefix}: when must be a probe, a list of probes, or an async iterable of booleans`,
      )
    }
    this.prefix = prefix
    this.#options = options
    this.#clock = clock
    this.#times = { prepare: 30, drain: 60, acknowledge: 6, release: 10, ...options.times }
    this.#history = new History(prefix, clock)
    this.#since = clock.now()
    this.renew()
    if (address === undefined && prepare === undefined) this.#ready = true
    else this.#preparing = this.#prepare()
    if (when === undefined) this.#judge(judgementOf({ healthy: true, reason: 'no gate' }))
    else void this.#follow(when)
  }

  get state(): AnnouncementState {
    return this.#state
  }

  /** What its gate says; undefined: nothing yet. Without a gate: open. */
  get gateOpen(): boolean | undefined {
    return this.#verdict?.healthy
  }

  /** Why it is in this state. */
  get reason(): string {
    return this.#reason
  }

  /** When it came into this state, in milliseconds on the clock handed in. */
  get since(): number {
    return this.#since
  }

  /** The latest changes of state, oldest first: what caused each, and every step that followed from it. */
  history(): readonly VipChange[] {
    return this.#history.changes()
  }

  /** The same as lines for people, latest last. */
  why(): string[] {
    return this.#history.lines()
  }

  // What an operator can do

  /** Announces it though the gate is closed, keeps it down though it is open, or lets the gate decide again. */
  force(state: 'up' | 'down' | undefined, reason = 'by request'): void {
    this.#forced = state === undefined ? undefined : { state, reason: `forced ${state}: ${reason}` }
    this.#steer('override')
  }

  /**
   * Takes it out of service with as little harm as possible: no new connections where the routers can do that, then a
   * wait for the old ones, bounded, then the withdrawal. Resolves when routers have acknowledged it and had time to
   * calculate. Does not reject; every call until `undrain` gives the same promise. A gate that closes meanwhile ends the
   * wait, one that opens changes nothing.
   */
  drain(options: DrainOptions = {}): Promise<DownResult> {
    // asked for: the end of a maintenance does not end it
    this.#inMaintenance = false
    return this.#beginDrain(options)
  }

  #beginDrain(options: DrainOptions): Promise<DownResult> {
    if (this.#stopping !== undefined) return this.#stopping
    if (this.#drain === undefined) {
      const cut = new AbortController()
      const { promise, resolve } = deferred<DownResult>()
      const drain: Drain = { done: promise, cut, undone: false }
      this.#drain = drain
      void this.#runDrain(drain, options).then(resolve)
    }
    return this.#drain.done
  }

  /** Back into service, as far as the gate agrees. A drain under way ends with outcome 'undone'. */
  undrain(reason = 'undrained by request'): void {
    const drain = this.#drain
    if (drain === undefined || this.#stopping !== undefined) return
    this.#drain = undefined
    drain.undone = true
    drain.cut.abort(new Error(reason))
    this.#options.stopNew?.(false)
    this.#steer('request', reason)
  }

  /**
   * Lives for another lease, or for so many seconds instead; 0: no longer. Once it has expired, this brings the VIP back, as far as
   * the gate agrees. Does nothing to an announcement without a lease.
   */
  renew(seconds: number | undefined = this.#options.lease): void {
    if (this.#options.lease === undefined || seconds === undefined) return
    if (this.#stopping !== undefined) return
    this.#lease?.[Symbol.dispose]()
    const expire = (): void => {
      this.#isExpired = true
      this.#steer('lease')
    }
    if (!(seconds > 0)) return expire()
    this.#lease = this.#clock.setTimer(seconds * 1000, expire)
    if (!this.#isExpired) return
    this.#isExpired = false
    this.#steer('lease', 'lease renewed')
  }

  /** Whatever stands behind `guard` has changed. */
  reconsider(): void {
    if (this.#verdict?.healthy === false) this.#steer('fleet')
  }

  /**
   * The cost of the stub link, or the metric of the external, from now on.
   * @throws OspfError ERR_OSPF_CONFIG, and nothing changes
   */
  setCost(cost: number): void {
    const { setCost, announce } = this.#options
    if (setCost === undefined) {
      throw new OspfError('ERR_OSPF_CONFIG', `${this.prefix}: has no cost that could be changed`)
    }
    setCost(cost)
    if (this.#shown !== 'full') return
    announce()
    this.#become(this.#state, 'request', `cost set to ${cost}`)
    // who hears of it may have withdrawn it
    if (this.#shown === 'full') this.#confirm('announce')
  }

  /** Its share of the traffic, 1 to 256, from now on. @throws OspfError ERR_OSPF_CONFIG, and nothing changes */
  setWeight(weight: number): void {
    this.#options.setWeight?.(weight)
  }

  /**
   * Withdraws for good, whatever the gate says; data plane and address follow in their time. Resolves with what happened
   * when all is gone; never rejects. Every call gives the same promise.
   */
  withdraw(reason = 'withdrawn by request'): Promise<DownResult> {
    return this.stop(reason)
  }

  /** As `withdraw`. */
  stop(reason = 'stopped'): Promise<DownResult> {
    if (this.#stopping === undefined) {
      const { promise, resolve } = deferred<DownResult>()
      this.#stopping = promise
      this.#drain?.cut.abort(new Error(reason))
      this.#ending.abort(new Error(reason))
      this.#lease?.[Symbol.dispose]()
      this.#wake?.()
      this.#become('withdrawn', 'stop', reason)
      void this.#end().then(resolve)
      // Not waited for: an async generator returns only once its own await is over.
      this.#letGo().catch(() => {})
    }
    return this.#stopping
  }

  [Symbol.dispose](): void {
    void this.stop('withdrawn by request')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  // Up

  async #follow(gate: AsyncIterable<GateVerdict>): Promise<void> {
    for (;;) {
      let judgement: Judgement
      try {
        this.#verdicts ??= gate[Symbol.asyncIterator]()
        const { done, value } = await this.#verdicts.next()
        judgement = judgementOf(done ? { healthy: false, reason: 'gate ended' } : value)
        if (done) return this.#judge(judgement)
      } catch (error) {
        const reason = `gate failed: ${reasonOf(error)}`
        return this.#judge(judgementOf({ healthy: false, reason }))
      }
      if (this.#stopping !== undefined) return
      this.#judge(judgement)
    }
  }

  async #letGo(): Promise<void> {
    await this.#verdicts?.return?.()
  }

  #judge(judgement: Judgement): void {
    const { healthy, reason, override } = judgement
    this.#verdict = judgement
    this.#wasOpen ||= healthy
    if (override === 'maintenance') {
      // a drain that somebody else has begun is theirs to end
      this.#inMaintenance ||= this.#drain === undefined
      void this.#beginDrain({ reason })
    } else if (this.#inMaintenance) {
      this.#inMaintenance = false
      this.undrain(reason)
    }
    this.#steer(override === undefined ? 'gate' : 'override')
  }

  /** The address, then the data plane; each again and again until it is there. */
  async #prepare(): Promise<void> {
    const { address, prepare } = this.#options
    const retry = async (cause: Cause, reason: string): Promise<void> => {
      if (this.#stopping !== undefined) return
      this.#become(this.#drain === undefined ? 'down' : this.#state, cause, reason)
      await new Promise<void>((resolve) => {
        const timer = this.#clock.setTimer(RETRY_MS, resolve)
        this.#wake = () => {
          timer[Symbol.dispose]()
          resolve()
        }
      })
      this.#wake = undefined
    }
    while (address !== undefined && this.#ours === undefined && this.#stopping === undefined) {
      const { port, device, prefixLength, label } = address
      try {
        this.#ours = await port.add(device, address.address, prefixLength, label)
      } catch (error) {
        await retry('address', `cannot add ${this.prefix} to ${device}: ${reasonOf(error)}`)
      }
    }
    while (prepare !== undefined && !this.#isPrepared && this.#stopping === undefined) {
      // told when nobody wants it any more, and still waited for, as it may have to be released
      const run = async (signal: AbortSignal): Promise<void> =>
        prepare(AbortSignal.any([signal, this.#ending.signal]))
      const { outcome, detail } = await this.#step('prepare', this.#times.prepare, run)
      if (outcome === 'done') this.#isPrepared = true
      else await retry('data plane', `data plane is not ready: ${detail}`)
    }
    if (this.#stopping !== undefined) return
    this.#ready = true
    this.#steer('gate')
  }

  /** What ought to be, given everything that has a say; takes the way there. */
  #steer(cause: Cause, because?: string): void {
    if (this.#stopping !== undefined) return
    const forced = this.#forced
    const verdict = this.#verdict
    if (!this.#ready) return
    if (this.#drain !== undefined) {
      if (this.#state !== 'draining') return
      // nobody waits for the connections of a server that is sick, or whose owner is gone
      const isSick = verdict?.healthy === false && verdict.override !== 'maintenance'
      if (this.#isExpired) this.#drain.cut.abort(new Error(EXPIRED))
      else if (isSick && forced?.state !== 'up') this.#drain.cut.abort(new Error(verdict.reason))
      return
    }
    if (forced?.state === 'down') return this.#become('down', 'override', forced.reason)
    if (this.#isExpired) return this.#become('down', 'lease', EXPIRED)
    if (forced?.state === 'up') return this.#become('up', 'override', forced.reason)
    // what was forced up, or drained, and is so no more
    if (verdict === undefined) return this.#become('down', cause, because ?? UNPROVEN)
    if (verdict.healthy) return this.#become('up', cause, because ?? verdict.reason)
    if (verdict.override !== undefined) return this.#become('down', 'override', verdict.reason)
    this.#fail(cause, verdict.reason)
  }

  /** The gate has closed. */
  #fail(cause: Cause, reason: string): void {
    const { onFail = 'withdraw', guard } = this.#options
    // what was never healthy is no resort
    if (!this.#wasOpen) return this.#become('down', cause, reason)
    if (onFail === 'keep') return this.#become('up', 'policy', `kept though ${reason}`)
    if (onFail === 'degrade') return this.#become('degraded', 'policy', reason)
    const decision = guard?.decide(isAnnounced(this.#state), () => this.reconsider())
    if (decision === undefined) return this.#become('down', cause, reason)
    if (!decision.stays) return this.#become('down', 'fleet', `${reason}; left: ${decision.reason}`)
    this.#become('degraded', 'fleet', `${reason}; stays: ${decision.reason}`)
  }

  // Down

  async #runDrain(drain: Drain, options: DrainOptions): Promise<DownResult> {
    const { connections, stopNew } = this.#options
    const { reason = 'drained by request', timeout = this.#times.drain } = options
    const begun = this.#clock.now()
    let left: number | undefined
    if (isAnnounced(this.#state)) {
      this.#become('draining', 'request', reason)
      const isStopped = stopNew?.(true) ?? false
      this.#note('stop new', isStopped ? 'done' : 'skipped', {
        detail: isStopped ? 'routers send no new connections' : 'the routers cannot',
      })
      if (connections !== undefined && isStopped && !drain.cut.signal.aborted) {
        const wait = (signal: AbortSignal): Promise<number> => this.#emptied(connections, signal)
        left = (await this.#step('connections', timeout, wait, drain.cut.signal)).value
      }
      if (connections !== undefined && left === undefined && !this.#isExpired) {
        left = await this.#countOf(connections)
      }
    }
    const result = (outcome: DownResult['outcome'], c?: Confirmation): DownResult => ({
      outcome,
      acknowledged: c?.acknowledged ?? !this.#wasShown,
      by: c?.by ?? [],
      missing: c?.missing ?? [],
      unaffected: c?.unaffected ?? [],
      ...(left === undefined ? {} : { connections: left }),
      took: this.#clock.now() - begun,
      steps: this.#history.stepsSince(begun),
    })
    if (drain.undone) return result('undone')
    if (this.#stopping !== undefined) return { ...(await this.#stopping), outcome: 'stopped' }
    this.#become('drained', 'request', reason)
    await this.#confirming?.done
    if (drain.undone) return result('undone')
    const confirmation = this.#history.confirmation()
    await this.#hold()
    // whoever waits for this would switch off what is announced again
    return result(drain.undone ? 'undone' : 'done', confirmation)
  }

  /** Resolves with 0 when there are no connections any more. */
  async #emptied(
    connections: NonNullable<AnnouncementOptions['connections']>,
    signal: AbortSignal,
  ): Promise<number> {
    for (;;) {
      const count = await connections()
      if (!(count > 0) || signal.aborted) return count
      await new Promise<void>((resolve) => {
        const end = (): void => {
          timer[Symbol.dispose]()
          signal.removeEventListener('abort', end)
          resolve()
        }
        const timer = this.#clock.setTimer(CONNECTIONS_MS, end)
        signal.addEventListener('abort', end)
      })
      if (signal.aborted) throw signal.reason
    }
  }

  /** Undefined where it cannot be told, or not soon. */
  async #countOf(
    connections: NonNullable<AnnouncementOptions['connections']>,
  ): Promise<number | undefined> {
    const { promise, resolve } = deferred<undefined>()
    const timer = this.#clock.setTimer(COUNT_MS, () => resolve(undefined))
    try {
      return await Promise.race([connections(), promise])
    } catch {
      return undefined
    } finally {
      timer[Symbol.dispose]()
    }
  }

  async #hold(): Promise<void> {
    const { hold } = this.#options
    // bounded by whoever gave it
    if (hold !== undefined) await this.#step('hold', undefined, hold)
  }

  /** What follows the last withdrawal. */
  async #end(): Promise<DownResult> {
    const { address, release, prepare } = this.#options
    const begun = this.#clock.now()
    await this.#preparing
    const isReleased = release !== undefined && (prepare === undefined || this.#isPrepared)
    if (this.#ours || isReleased) {
      const held = await this.#held()
      if (held !== undefined) this.#become('withdrawn', 'stop', `${this.#reason}; ${held}`)
    }
    await this.#confirming?.done
    const confirmation = this.#history.confirmation()
    if (isReleased) {
      const run = async (signal: AbortSignal): Promise<void> => release(signal)
      await this.#step('release', this.#times.release, run)
    }
    if (this.#ours && address !== undefined) {
      const { port, device, prefixLength } = address
      const remove = (): Promise<void> => port.remove(device, address.address, prefixLength)
      const { outcome, detail } = await this.#step('remove address', undefined, remove)
      if (outcome !== 'done') {
        const what = `cannot remove ${this.prefix} from ${device}`
        this.#become('withdrawn', 'stop', `${this.#reason}; ${what}: ${detail}`)
      }
    }
    return {
      outcome: 'done',
      acknowledged: confirmation?.acknowledged ?? !this.#wasShown,
      by: confirmation?.by ?? [],
      missing: confirmation?.missing ?? [],
      unaffected: confirmation?.unaffected ?? [],
      took: this.#clock.now() - begun,
      steps: this.#history.stepsSince(begun),
    }
  }

  /** @returns what went wrong */
  async #held(): Promise<string | undefined> {
    const { hold } = this.#options
    if (hold === undefined) return undefined
    const { outcome, detail } = await this.#step('hold', undefined, hold)
    return outcome === 'done' ? undefined : `the hold failed: ${detail}`
  }

  // Steps

  /** Runs a step for so many seconds at the most, and reports it. */
  async #step<T>(
    step: StepName,
    seconds: number | undefined,
    run: (signal: AbortSignal) => Promise<T>,
    cut?: AbortSignal,
  ): Promise<{ outcome: StepReport['outcome']; detail: string; value: T | undefined }> {
    const began = this.#clock.now()
    const abort = new AbortController()
    const { promise, resolve } = deferred<'timeout' | 'cut'>()
    const timer =
      seconds === undefined
        ? undefined
        : this.#clock.setTimer(seconds * 1000, () => resolve('timeout'))
    const cutNow = (): void => resolve('cut')
    cut?.addEventListener('abort', cutNow, { once: true })
    let outcome: StepReport['outcome'] = 'done'
    let detail = ''
    let value: T | undefined
    try {
      const ended = await Promise.race([run(abort.signal).then((v) => ({ v })), promise])
      if (typeof ended === 'object') value = ended.v
      else {
        outcome = ended
        detail =
          ended === 'timeout' ? `not done within ${seconds} s` : reasonOf(cut?.reason as unknown)
      }
    } catch (error) {
      outcome = 'failed'
      detail = reasonOf(error)
    }
    timer?.[Symbol.dispose]()
    cut?.removeEventListener('abort', cutNow)
    abort.abort(new Error(detail || 'over'))
    this.#note(step, outcome, { detail, began })
    return { outcome, detail, value }
  }

  #note(
    step: StepName,
    outcome: StepReport['outcome'],
    more: { detail?: string; began?: number; confirmation?: Confirmation },
  ): void {
    const at = this.#clock.now()
    const { detail = '', began = at, confirmation } = more
    const report: StepReport = {
      step,
      outcome,
      detail,
      at,
      took: at - began,
      ...(confirmation === undefined ? {} : { confirmation }),
    }
    this.#history.step(report)
    this.#options.onStep?.({ type: 'announcement-step', prefix: this.prefix, ...report })
  }

  /** The one place that changes the state, acts on the change and tells of it. */
  #become(state: AnnouncementState, cause: Cause, reason: string): void {
    const was = this.#state
    if (state === was && reason === this.#reason) return
    const { onChange, guard } = this.#options
    const at = this.#clock.now()
    if (cause !== 'fleet') guard?.forget()
    // Written first: what is called below may call back.
    this.#state = state
    this.#reason = reason
    // what the gate rests on had no part in what somebody asked for
    const isGates = cause === 'gate' || cause === 'policy' || cause === 'fleet'
    const evidence = isGates ? this.#verdict?.evidence : undefined
    this.#history.change({ at, was, state, cause, reason, ...(evidence && { evidence }) })
    if (state !== was) {
      this.#since = at
      this.#show(state)
    }
    onChange?.({ type: 'announcement', prefix: this.prefix, was, state, cause, reason, at })
  }

  #show(state: AnnouncementState): void {
    const shown =
      state === 'draining'
        ? this.#shown
        : state === 'up'
          ? 'full'
          : state === 'degraded'
            ? 'degraded'
            : 'nothing'
    if (shown === this.#shown) return
    const { announce, degrade = announce, withdraw } = this.#options
    this.#shown = shown
    this.#wasShown = true
    if (shown === 'nothing') withdraw()
    else if (shown === 'full') announce()
    else degrade()
    // what is called may have called back
    if (this.#shown === shown) this.#confirm(shown === 'nothing' ? 'withdraw' : 'announce')
  }

  /** Finds out what becomes of the latest word, until there is a later one. */
  #confirm(step: 'announce' | 'withdraw'): void {
    const { confirm } = this.#options
    this.#confirming?.abort.abort(new Error('overtaken by the next change'))
    if (confirm === undefined) return
    const abort = new AbortController()
    this.#confirming = { abort, done: this.#confirmed(step, confirm, abort) }
  }

  async #confirmed(
    step: 'announce' | 'withdraw',
    confirm: NonNullable<AnnouncementOptions['confirm']>,
    abort: AbortController,
  ): Promise<void> {
    const began = this.#clock.now()
    const { acknowledge } = this.#times
    let isLate = false
    const timer = this.#clock.setTimer(acknowledge * 1000, () => {
      isLate = true
      abort.abort(new Error(`not acknowledged within ${acknowledge} s`))
    })
    try {
      const confirmation = await confirm(abort.signal)
      const outcome = isLate ? 'timeout' : abort.signal.aborted ? 'cut' : 'done'
      const detail = outcome === 'done' ? '' : reasonOf(abort.signal.reason)
      this.#note(step, outcome, { began, detail, confirmation })
    } catch (error) {
      this.#note(step, 'failed', { began, detail: reasonOf(error) })
    }
    timer[Symbol.dispose]()
  }
}
