/** One real server of one service: what its checks, its counters and its operator say of it, and the weight that follows. */
import { isDeepStrictEqual } from 'node:util'
import { deferred } from '../deferred.ts'
import type { Clock } from '../ports.ts'
import type { CheckPool, CheckRun } from './check-run.ts'
import type { PassiveConfig, ServerConfig } from './director-config.ts'
import type { ServerState } from './director-events.ts'
import { PassiveWatch } from './passive.ts'
import type { IpvsDestinationState } from './types.ts'

/** How a drain ended. */
export interface ServerDrainResult {
  /** 'done': no connection is left; 'expired': the time was over; 'undone': it was taken back. */
  readonly what: 'done' | 'expired' | 'undone'
  /** Active ones, at the end. */
  readonly connections: number
  readonly seconds: number
}

interface Drain {
  readonly since: number
  /** In milliseconds; undefined: none. */
  deadline: number | undefined
  isOver: boolean
  readonly done: Promise<ServerDrainResult>
  readonly resolve: (result: ServerDrainResult) => void
}

const WEIGHT_MAX = 0x7fffffff

/** What a server needs of its pool. */
export interface ServerContext {
  readonly clock: Clock
  readonly checks: CheckPool
  /** Something may be different now. */
  readonly changed: (server: PoolServer) => void
}

export class PoolServer implements Disposable {
  config: ServerConfig
  state: ServerState = 'unknown'
  reason = 'not checked yet'
  /** When it came into this state, in milliseconds. */
  since: number
  /** In the kernel's table before us, with this weight: stays as it is until something is known. */
  adopted: number | undefined
  /** Not in the configuration any more. */
  isLeaving = false
  /** As it was last reported. */
  weight: number | undefined
  readonly #context: ServerContext
  #runs: CheckRun[] = []
  #watches: Disposable[] = []
  #passive: PassiveWatch | undefined
  #passiveConfig: PassiveConfig | undefined
  #passiveReason = ''
  #timer: Disposable | undefined
  #rampSince: number | undefined
  #rampTimer: Disposable | undefined
  #drain: Drain | undefined

  constructor(config: ServerConfig, context: ServerContext) {
    this.config = config
    this.#context = context
    this.since = context.clock.now()
    this.#watch()
  }

  /** Other options; what was found stays until the new checks have run. */
  configure(config: ServerConfig): void {
    const ids = (one: ServerConfig): string => one.checks.map(({ id }) => id).join()
    const isSame = ids(config) === ids(this.config)
    const wasDraining = this.draining !== undefined
    this.config = config
    this.isLeaving = false
    if (!isSame) this.#watch()
    // as one that is taken back by hand
    if (wasDraining && this.draining === undefined && this.state === 'up') this.ramp()
  }

  /** Passive checks are wanted, with these options, or not. What they found stays while they are the same. */
  setPassive(config: PassiveConfig | undefined, isTcp: boolean): void {
    if (isDeepStrictEqual(config, this.#passiveConfig)) return
    this.#passiveConfig = config
    this.#passive = config && new PassiveWatch(config, isTcp)
    this.#passiveReason = ''
    this.#timer?.[Symbol.dispose]()
  }

  #watch(): void {
    const before = this.#watches
    const old = this.#runs
    this.#runs = this.config.checks.map((check) => this.#context.checks.get(check))
    this.#watches = this.#runs.map((run) => run.listen(() => this.#context.changed(this)))
    for (const watch of before) watch[Symbol.dispose]()
    if (this.state === 'unknown') return
    const gone = old.filter((run) => !this.#runs.includes(run))
    for (const run of this.#runs) {
      if (old.includes(run)) continue
      // in the place of one of its kind, whose weights are nobody else's; a new one has the word of the server
      const at = gone.findIndex(({ config }) => config.type === run.config.type)
      const [twin] = at < 0 ? [] : gone.splice(at, 1)
      const { state, reason } = twin === undefined || twin.state === 'unknown' ? this : twin
      run.inherit({ state, reason, outcome: twin?.outcome ?? {} })
    }
  }

  [Symbol.dispose](): void {
    for (const watch of this.#watches.splice(0)) watch[Symbol.dispose]()
    this.#timer?.[Symbol.dispose]()
    this.#rampTimer?.[Symbol.dispose]()
    this.endDrain('undone', 0)
  }

  /** The state that follows from all that is known now. */
  judge(): { readonly state: ServerState; readonly reason: string } {
    const failed = this.#runs.find(({ state }) => state === 'down')
    if (failed !== undefined) {
      return { state: 'down', reason: `${failed.config.run.name}: ${failed.reason}` }
    }
    if (this.#passiveReason !== '') return { state: 'down', reason: this.#passiveReason }
    const { checks } = this.config
    const open = this.#runs.filter(({ state }) => state === 'unknown')
    const [unknown] = open
    if (unknown === undefined) {
      const { length } = this.#runs
      if (length === 0) return { state: 'up', reason: 'no checks' }
      return { state: 'up', reason: length === 1 ? 'passed' : `all ${length} checks pass` }
    }
    const reason = `${unknown.config.run.name}: not checked yet`
    // a run may be shared with a server that takes it on trust
    const waits = this.#runs.some((run, i) => open.includes(run) && checks[i]?.alpha)
    return { state: waits ? 'unknown' : 'up', reason }
  }

  /** 3.5, 3.6 (7): as configured, or as a check says, with what others add. */
  get effectiveWeight(): number {
    let weight = this.config.destination.weight
    for (const { outcome } of this.#runs) weight = outcome.weight ?? weight
    for (const { outcome } of this.#runs) weight += outcome.add ?? 0
    return Math.min(Math.max(weight, 0), WEIGHT_MAX)
  }

  /** Less than the effective weight while it starts slowly. */
  get rampedWeight(): number {
    const { slowStart } = this.config
    const whole = this.effectiveWeight
    if (slowStart === undefined || this.#rampSince === undefined || whole === 0) return whole
    const passed = (this.#context.clock.now() - this.#rampSince) / (slowStart.seconds * 1000)
    const step = Math.floor(passed * slowStart.steps + 1e-9) / slowStart.steps
    if (step >= 1) return whole
    return Math.max(1, Math.round(whole * (slowStart.from + (1 - slowStart.from) * step)))
  }

  get isRamping(): boolean {
    return this.#rampSince !== undefined
  }

  /** Begins the slow start, if it is configured. */
  ramp(): void {
    if (this.config.slowStart === undefined) return
    this.#rampSince = this.#context.clock.now()
    this.#rampOn()
  }

  #rampOn(): void {
    const { clock, changed } = this.#context
    const { slowStart } = this.config
    this.#rampTimer?.[Symbol.dispose]()
    if (this.#rampSince === undefined) return
    const passed =
      slowStart === undefined ? Number.POSITIVE_INFINITY : clock.now() - this.#rampSince
    if (slowStart === undefined || passed >= slowStart.seconds * 1000) {
      this.#rampSince = undefined
      return
    }
    this.#rampTimer = clock.setTimer((slowStart.seconds * 1000) / slowStart.steps, () => {
      this.#rampOn()
      changed(this)
    })
  }

  endRamp(): void {
    this.#rampSince = undefined
    this.#rampTimer?.[Symbol.dispose]()
  }

  get checks(): readonly CheckRun[] {
    return this.#runs
  }

  // Draining

  /** Undefined: it does not. */
  get draining(): 'on' | 'over' | undefined {
    if (this.#drain !== undefined) return this.#drain.isOver ? 'over' : 'on'
    return this.config.drain ? 'on' : undefined
  }

  /** Whether somebody waits for its connections to end. */
  get isFollowed(): boolean {
    return this.#drain !== undefined && !this.#drain.isOver
  }

  /** One that drains already goes on, until the earlier of both times. */
  drain(seconds: number | undefined): Promise<ServerDrainResult> {
    const since = this.#context.clock.now()
    const deadline = seconds === undefined ? undefined : since + seconds * 1000
    const before = this.#drain
    if (before !== undefined) {
      const times = [before.deadline, deadline].filter((time) => time !== undefined)
      if (times.length > 0) before.deadline = Math.min(...times)
      return before.done
    }
    const { promise, resolve } = deferred<ServerDrainResult>()
    this.#drain = { since, deadline, isOver: false, done: promise, resolve }
    return promise
  }

  /**
   * How many connections there are now; undefined: who knows, so that its time alone counts, if it has one.
   * @returns how the drain ended, if it did by that
   */
  follow(connections: number | undefined): 'done' | 'expired' | undefined {
    const drain = this.#drain
    if (drain === undefined || drain.isOver) return undefined
    const isExpired = drain.deadline !== undefined && this.#context.clock.now() >= drain.deadline
    const isBusy = connections === undefined ? drain.deadline !== undefined : connections > 0
    if (isBusy && !isExpired) return undefined
    const what = isBusy ? 'expired' : 'done'
    this.endDrain(what, connections ?? 0)
    return what
  }

  /** @returns false: it did not drain */
  endDrain(what: ServerDrainResult['what'], connections: number): boolean {
    const drain = this.#drain
    if (drain === undefined) return false
    const seconds = (this.#context.clock.now() - drain.since) / 1000
    drain.resolve({ what, connections, seconds })
    drain.isOver = true
    if (what === 'undone') this.#drain = undefined
    return true
  }

  /** Its counters, as the kernel has them now. */
  sample(destination: IpvsDestinationState): void {
    const { clock, changed } = this.#context
    const failure = this.#passive?.sample(clock.now(), destination)
    if (failure === undefined || this.#passive === undefined) return
    this.#passiveReason = failure
    this.#timer?.[Symbol.dispose]()
    this.#timer = clock.setTimer(this.#passive.until - clock.now(), () => {
      this.#passiveReason = ''
      changed(this)
    })
  }
}
