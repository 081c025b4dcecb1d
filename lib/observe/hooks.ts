/**
 * Hooks: a program or a web service is told of what happens to neighbors, VIPs and pools, in place of the mails of a
 * classic set-up. Nothing waits for them: what comes is queued, and beyond the bounds it is counted and told in a
 * summary. What fails is tried again as often as its hook has it, with growing pauses, and counted.
 */
import { realClock } from '../clock.ts'
import type { Clock } from '../ports.ts'
import { reasonOf } from '../reason.ts'
import { type AnyEvent, type EventRecord, eventRecord } from './event-record.ts'
import { type Hook, type HookOptions, type HookTopic, parseHooks } from './hook-options.ts'
import { type HookRun, LastingError, runHook } from './hook-run.ts'

/** Events as they come: a speaker, a director. */
export interface EventSource<E extends AnyEvent = AnyEvent> {
  subscribe(listener: (event: E) => void): Disposable
}

export interface HooksOptions {
  readonly speaker: EventSource<AnyEvent> & { readonly routerId: string }
  readonly director?: EventSource<AnyEvent> | undefined
  readonly hooks: readonly HookOptions[]
  /** Words for an event; default: its JSON. */
  readonly format?: (event: AnyEvent) => string
  /** Told of a hook that failed. Must not throw. */
  readonly onFailure?: (what: string, reason: string) => void
  readonly clock?: Clock
  readonly run?: HookRun
}

/** What became of the notices for one hook since the start; hooks of one name count together. */
export interface HookCounts {
  /** Its program, or the origin of its URL. */
  readonly hook: string
  readonly delivered: number
  /** Runs that failed and were tried again. */
  readonly retried: number
  /** Given up. */
  readonly failed: number
  /** Not told one by one, but in a summary. */
  readonly omitted: number
}

/** Disposal ends those that run after at most the grace, and tells no more. */
export interface Hooks extends AsyncDisposable {
  counts(): readonly HookCounts[]
  /**
   * Other hooks from now on; what is queued of the old ones is told.
   * @throws OspfError ERR_OSPF_CONFIG, and nothing changes
   */
  replace(hooks: readonly HookOptions[]): void
}

/** What waits for one hook at the most. */
const QUEUE = 256
const MINUTE_MS = 60_000
/** Milliseconds that those that are on have when everything ends. */
const GRACE_MS = 2000
/** Milliseconds until the first attempt after one that failed; each later one takes twice as long, up to a bound. */
const RETRY_MS = 1000
const MAX_RETRY_MS = 60_000

/** @throws OspfError ERR_OSPF_CONFIG that names the field */
export function startHooks(options: HooksOptions): Hooks {
  return new Running(options)
}

class Running implements Hooks {
  readonly #options: HooksOptions
  readonly #clock: Clock
  readonly #sources: Disposable[]
  #lines: Line[]
  readonly #old = new Set<Line>()
  readonly #counts = new Map<string, Counts>()

  constructor(options: HooksOptions) {
    this.#options = options
    this.#clock = options.clock ?? realClock
    this.#lines = this.#linesOf(options.hooks)
    const hear = (event: AnyEvent): void => this.#hear(event)
    this.#sources = [options.speaker, options.director].flatMap((source) =>
      source === undefined ? [] : [source.subscribe(hear)],
    )
  }

  counts(): HookCounts[] {
    return Array.from(this.#counts, ([hook, counts]) => ({ hook, ...counts }))
  }

  replace(hooks: readonly HookOptions[]): void {
    const lines = this.#linesOf(hooks)
    for (const line of this.#lines) {
      this.#old.add(line)
      void line.idle().then(() => this.#old.delete(line))
    }
    this.#lines = lines
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const source of this.#sources.splice(0)) source[Symbol.dispose]()
    const lines = [...this.#lines.splice(0), ...this.#old]
    await Promise.all(lines.map((line) => line.end(GRACE_MS)))
  }

  #linesOf(hooks: readonly HookOptions[]): Line[] {
    const { run = runHook, onFailure = () => {} } = this.#options
    return parseHooks(hooks).map((hook) => {
      const name = nameOf(hook)
      const counts = this.#counts.get(name) ?? { delivered: 0, retried: 0, failed: 0, omitted: 0 }
      this.#counts.set(name, counts)
      const failed = (reason: string): void => onFailure(`hook ${name}`, reason)
      return new Line({ hook, clock: this.#clock, run, counts, failed })
    })
  }

  #hear(event: AnyEvent): void {
    const topic = topicOf(event)
    if (topic === undefined) return
    const lines = this.#lines.filter(({ hook }) => hook.on.has(topic))
    if (lines.length === 0) return
    const { speaker, format = JSON.stringify } = this.#options
    const notice: EventRecord = {
      topic,
      time: new Date(this.#clock.wall()).toISOString(),
      speaker: speaker.routerId,
      message: format(event),
      ...eventRecord(event),
    }
    for (const line of lines) line.push(topic, notice)
  }
}

type Loose = AnyEvent & Readonly<Record<string, unknown>>

/** What an event is to hooks; undefined: nothing. */
export function topicOf(event: AnyEvent): HookTopic | undefined {
  const { type, was, state, what } = event as Loose
  switch (type) {
    case 'neighbor':
      return (was === 'Full') === (state === 'Full') ? undefined : 'neighbor'
    case 'announcement':
      return was === state ? undefined : 'vip'
    case 'interface':
      return (was === 'Down') === (state === 'Down') ? undefined : 'interface'
    case 'server':
      return was === state ? undefined : 'pool'
    case 'quorum':
    case 'sorry':
      return 'pool'
    case 'attack':
    case 'duplicate-router-id':
      return 'attack'
    case 'kernel':
      return what === 'mode' || what === 'leftover' ? undefined : 'error'
    case 'error':
    case 'refused':
      return 'error'
    default:
      return undefined
  }
}

const nameOf = ({ command, url }: Hook): string =>
  url === undefined ? command![0]! : new URL(url).origin

type Counts = { -readonly [K in Exclude<keyof HookCounts, 'hook'>]: number }

interface LineOptions {
  readonly hook: Hook
  readonly clock: Clock
  readonly run: HookRun
  readonly counts: Counts
  readonly failed: (reason: string) => void
}

/** One hook, and what waits for it. */
class Line {
  readonly hook: Hook
  readonly #clock: Clock
  readonly #run: HookRun
  readonly #counts: Counts
  readonly #failed: (reason: string) => void
  readonly #queue: EventRecord[] = []
  readonly #running = new Map<AbortController, Promise<void>>()
  /** When those of the last minute were begun. */
  #begun: number[] = []
  /** By topic. */
  #left = new Map<string, number>()
  #timer: Disposable | undefined
  #isOver = false
  #waiting: (() => void)[] = []
  /** Ends the pauses before another attempt. */
  readonly #pauses = new Set<() => void>()

  constructor({ hook, clock, run, counts, failed }: LineOptions) {
    this.hook = hook
    this.#clock = clock
    this.#run = run
    this.#counts = counts
    this.#failed = failed
  }

  push(topic: string, notice: EventRecord): void {
    if (this.#isOver) return
    if (this.#left.size > 0 || this.#queue.length >= QUEUE || this.#room() <= this.#queue.length) {
      this.#left.set(topic, (this.#left.get(topic) ?? 0) + 1)
      this.#counts.omitted++
    } else this.#queue.push(notice)
    this.#next()
  }

  /** Resolves when nothing waits, and nothing is on. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  async end(grace: number): Promise<void> {
    this.#queue.length = 0
    this.#left.clear()
    this.#isOver = true
    this.#timer?.[Symbol.dispose]()
    // one more attempt, at once: the last
    for (const go of [...this.#pauses]) go()
    if (this.#running.size > 0) {
      const timer = this.#clock.setTimer(grace, () => {
        for (const abort of this.#running.keys()) abort.abort(new Error('the speaker has stopped'))
      })
      await Promise.all(this.#running.values())
      timer[Symbol.dispose]()
    }
    this.#settle()
  }

  #isIdle(): boolean {
    return this.#queue.length === 0 && this.#running.size === 0 && this.#left.size === 0
  }

  #settle(): void {
    if (this.#isIdle()) for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** How many may be begun now. */
  #room(): number {
    const since = this.#clock.now() - MINUTE_MS
    this.#begun = this.#begun.filter((at) => at > since)
    return this.hook.perMinute - this.#begun.length
  }

  #next(): void {
    while (!this.#isOver && this.#running.size < this.hook.concurrency && this.#room() > 0) {
      const notice = this.#queue.shift() ?? this.#summary()
      if (notice === undefined) break
      this.#begun.push(this.#clock.now())
      this.#start(notice)
    }
    if (this.#isOver || this.#left.size === 0 || this.#timer !== undefined) return
    const [first] = this.#begun
    if (first === undefined || this.#room() > 0) return
    this.#timer = this.#clock.setTimer(first + MINUTE_MS - this.#clock.now(), () => {
      this.#timer = undefined
      this.#next()
    })
  }

  /** What was left out. */
  #summary(): EventRecord | undefined {
    if (this.#left.size === 0) return undefined
    const omitted = Object.fromEntries(this.#left)
    const count = [...this.#left.values()].reduce((sum, n) => sum + n, 0)
    this.#left = new Map()
    const parts = Object.entries(omitted).map(([topic, n]) => `${n} ${topic}`)
    return {
      topic: 'summary',
      time: new Date(this.#clock.wall()).toISOString(),
      message: `left out: ${parts.join(', ')}`,
      event: 'omitted',
      count,
      omitted,
    }
  }

  #start(notice: EventRecord): void {
    const abort = new AbortController()
    const done = this.#deliver(notice, abort).then(() => {
      this.#running.delete(abort)
      this.#next()
      this.#settle()
    })
    this.#running.set(abort, done)
  }

  /** Runs the hook until it goes well, or has failed for good. */
  async #deliver(notice: EventRecord, end: AbortController): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const error = await this.#attempt(notice, end.signal)
      if (error === undefined) {
        this.#counts.delivered++
        return
      }
      const isLast = attempt >= this.hook.retries || this.#isOver
      if (isLast || error instanceof LastingError) {
        this.#counts.failed++
        const tries = attempt === 0 ? '' : `, after ${attempt + 1} attempts`
        return this.#failed(`${reasonOf(error)}${tries}`)
      }
      this.#counts.retried++
      await this.#pause(Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** attempt))
    }
  }

  /** Resolves with why it failed. */
  async #attempt(notice: EventRecord, end: AbortSignal): Promise<unknown> {
    const { timeoutMs } = this.hook
    const abort = new AbortController()
    const stop = (): void => abort.abort(end.reason)
    end.addEventListener('abort', stop)
    const timer = this.#clock.setTimer(timeoutMs, () =>
      abort.abort(new Error(`timed out after ${timeoutMs / 1000} s`)),
    )
    try {
      await this.#run(this.hook, notice, abort.signal)
      return undefined
    } catch (error) {
      return error ?? new Error('failed')
    } finally {
      timer[Symbol.dispose]()
      end.removeEventListener('abort', stop)
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        timer[Symbol.dispose]()
        this.#pauses.delete(go)
        resolve()
      }
      const timer = this.#clock.setTimer(ms, go)
      this.#pauses.add(go)
    })
  }
}
