/** One check that runs, for however many servers: keepalived's cadence, and a rise count. */
import { type Place, takePlace } from '../health/spread.ts'
import type { Clock } from '../ports.ts'
import { reasonOf } from '../reason.ts'
import type { Outcome } from './check-probe.ts'
import type { CheckConfig } from './director-config.ts'

export type CheckState = 'unknown' | 'up' | 'down'

/**
 * `retry` + 1 failures in a row bring it down; the first ever is enough by itself, as is the first success. From the end
 * of one run to the next pass `delayLoop` seconds, or `delayBeforeRetry` while a failure is being confirmed or a rise
 * counted. The next run waits for one that does not return, and each turn that it misses is a failure.
 */
export class CheckRun implements Disposable {
  readonly config: CheckConfig
  state: CheckState = 'unknown'
  /** What the last run said. */
  reason = 'not checked yet'
  /** Of the last success, as far as it has one to say. */
  outcome: Outcome = {}
  /** When the last run ended; undefined: none has. */
  at: number | undefined
  runs = 0
  readonly #clock: Clock
  readonly #place: Place
  readonly #listeners = new Set<() => void>()
  #failures = 0
  #passes = 0
  /** The step that the next run begins with, of a server that is not up. */
  #step = 0
  #isBusy = false
  #timer: Disposable | undefined
  #turn: AbortController | undefined
  #isOver = false

  constructor(config: CheckConfig, clock: Clock, random: (() => number) | undefined) {
    this.config = config
    this.#clock = clock
    const { before, warmup } = config.timing
    this.#place = takePlace(clock)
    const part = random?.() ?? this.#place.phase
    this.#wait(before + part * warmup)
  }

  /** Takes over what another check of the same server found, until the first run of this one. */
  inherit({ state, reason, outcome }: Pick<CheckRun, 'state' | 'reason' | 'outcome'>): void {
    if (this.at !== undefined || state === 'unknown') return
    const before = this.#word
    this.outcome = { ...outcome, ...this.outcome }
    // of several servers that share it, one that is down may be so for another reason
    if (this.state !== 'up') {
      this.state = state
      this.reason = reason
    }
    this.#tell(before)
  }

  /** What its listeners look at. */
  get #word(): string {
    return `${this.state} ${this.outcome.weight} ${this.outcome.add}`
  }

  #tell(before: string): void {
    if (before === this.#word) return
    for (const listener of [...this.#listeners]) listener()
  }

  /** Told whenever something has changed. */
  listen(listener: () => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  get isUsed(): boolean {
    return this.#listeners.size > 0
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#place[Symbol.dispose]()
    this.#timer?.[Symbol.dispose]()
    this.#turn?.abort(new Error('stopped'))
    this.#listeners.clear()
  }

  #wait(seconds: number): void {
    this.#timer = this.#clock.setTimer(seconds * 1000, () => this.#begin())
  }

  #begin(): void {
    const { timing, run } = this.config
    if (this.#isBusy) return this.#end('an earlier run has not returned', {}, true)
    const seconds = run.timeout ?? timing.connectTimeout
    const all = this.state === 'up' || run.fastRecovery
    const from = all ? 0 : this.#step
    const steps = all ? run.steps : run.steps.slice(from, from + 1)
    const turn = new AbortController()
    this.#turn = turn
    void this.#run(steps, turn, seconds, from)
  }

  async #run(
    steps: CheckConfig['run']['steps'],
    turn: AbortController,
    seconds: number,
    from: number,
  ): Promise<void> {
    this.#isBusy = true
    const outcome: { weight?: number; add?: number } = {}
    let failure: string | undefined
    for (const step of steps) {
      failure = await this.#bounded(step, turn, seconds, (found) => Object.assign(outcome, found))
      if (failure !== undefined) break
    }
    if (turn !== this.#turn || this.#isOver) return
    const isLast = from + steps.length >= this.config.run.steps.length
    this.#step =
      failure === undefined && !isLast ? from + steps.length : failure === undefined ? 0 : from
    this.#end(failure, outcome, isLast)
  }

  /** @returns why it failed; a step that does not come back when told to keeps the next run from starting */
  #bounded(
    step: CheckConfig['run']['steps'][number],
    turn: AbortController,
    seconds: number,
    found: (outcome: Outcome | undefined) => void,
  ): Promise<string | undefined> {
    return new Promise((resolve) => {
      let isLate = false
      const timer = this.#clock.setTimer(seconds * 1000, () => {
        const reason = `timed out after ${seconds} s`
        isLate = true
        resolve(reason)
        turn.abort(new Error(reason))
      })
      this.#timer = timer
      const over = (failure: string | undefined): void => {
        timer[Symbol.dispose]()
        this.#isBusy = false
        if (!isLate) resolve(failure)
      }
      this.#isBusy = true
      // a probe may also throw before it returns its promise
      const running = (async () => step(turn.signal))()
      running.then(
        (outcome) => {
          if (!isLate) found(outcome)
          over(undefined)
        },
        (error) => over(reasonOf(error)),
      )
    })
  }

  #end(failure: string | undefined, outcome: Outcome, isWhole: boolean): void {
    const { timing } = this.config
    const { delayLoop, delayBeforeRetry } = timing
    const before = this.#word
    const isFirst = this.at === undefined && this.state === 'unknown'
    this.at = this.#clock.now()
    this.runs++
    let wait = delayLoop
    if (failure === undefined) {
      this.#failures = 0
      if (isWhole) {
        this.#passes++
        // an exit code of 0 leaves the weight as an earlier one has set it
        this.outcome = { ...this.outcome, ...outcome }
        if (this.state !== 'down' || this.#passes >= timing.rise) {
          this.state = 'up'
          this.reason = 'passed'
        } else wait = Math.min(delayLoop, delayBeforeRetry)
      }
    } else {
      this.#passes = 0
      this.#failures++
      if (isFirst || this.state !== 'up' || this.#failures > timing.retry) {
        this.state = 'down'
        this.reason = failure
        wait = Math.max(delayLoop, delayBeforeRetry)
      } else wait = delayBeforeRetry
    }
    this.#wait(wait)
    this.#tell(before)
  }
}

/** The checks that run, by what they do: servers that ask for the same share one. */
export class CheckPool implements Disposable {
  readonly #clock: Clock
  readonly #random: (() => number) | undefined
  readonly #runs = new Map<string, CheckRun>()

  constructor(clock: Clock, random: (() => number) | undefined) {
    this.#clock = clock
    this.#random = random
  }

  get size(): number {
    return this.#runs.size
  }

  get(config: CheckConfig): CheckRun {
    let run = this.#runs.get(config.id)
    if (run === undefined) {
      run = new CheckRun(config, this.#clock, this.#random)
      this.#runs.set(config.id, run)
    }
    return run
  }

  /** Ends those that nobody listens to any more. */
  sweep(): void {
    for (const [id, run] of this.#runs) {
      if (run.isUsed) continue
      run[Symbol.dispose]()
      this.#runs.delete(id)
    }
  }

  [Symbol.dispose](): void {
    for (const run of this.#runs.values()) run[Symbol.dispose]()
    this.#runs.clear()
  }
}
