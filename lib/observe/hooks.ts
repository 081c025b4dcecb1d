/**
 * Hooks: a program or a web service is told of what happens to neighbors, VIPs and pools, in place of the mails of a
 * classic set-up. Nothing waits for them: what comes is queued, and beyond the bounds it is counted and told in a
 * summary. Each is told once, and not again when that fails.
 */
import { realClock } from '../clock.ts'
import type { Clock } from '../ports.ts'
import { reasonOf } from '../reason.ts'
import { type AnyEvent, type EventRecord, eventRecord } from './event-record.ts'
import { type Hook, type HookOptions, type HookTopic, parseHooks } from './hook-options.ts'
import { type HookRun, runHook } from './hook-run.ts'

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

/** Disposal ends those that run after at most the grace, and tells no more. */
export interface Hooks extends AsyncDisposable {
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

  constructor(options: HooksOptions) {
    this.#options = options
    this.#clock = options.clock ?? realClock
    this.#lines = this.#linesOf(options.hooks)
    const hear = (event: AnyEvent): void => this.#hear(event)
    this.#sources = [options.speaker, options.director].flatMap((source) =>
      source === undefined ? [] : [source.subscribe(hear)],
    )
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
    return parseHooks(hooks).map((hook) => new Line(hook, this.#clock, run, onFailure))
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

/** One hook, and what waits for it. */
class Line {
  readonly hook: Hook
  readonly #clock: Clock
  readonly #run: HookRun
  readonly #failed: (what: string, reason: string) => void
  readonly #queue: EventRecord[] = []
  readonly #running = new Map<AbortController, Promise<void>>()
  /** When those of the last minute were begun. */
  #begun: number[] = []
  /** By topic. */
  #left = new Map<string, number>()
  #timer: Disposable | undefined
  #isOver = false
  #waiting: (() => void)[] = []

  constructor(
    hook: Hook,
    clock: Clock,
    run: HookRun,
    failed: (what: string, reason: string) => void,
  ) {
    this.hook = hook
    this.#clock = clock
    this.#run = run
    this.#failed = failed
  }

  push(topic: string, notice: EventRecord): void {
    if (this.#isOver) return
    if (this.#left.size > 0 || this.#queue.length >= QUEUE || this.#room() <= this.#queue.length) {
      this.#left.set(topic, (this.#left.get(topic) ?? 0) + 1)
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
    const { command, url, timeoutMs } = this.hook
    const abort = new AbortController()
    const timer = this.#clock.setTimer(timeoutMs, () =>
      abort.abort(new Error(`timed out after ${timeoutMs / 1000} s`)),
    )
    const done = Promise.resolve()
      .then(() => this.#run(this.hook, notice, abort.signal))
      .catch((error: unknown) => {
        this.#failed(
          `hook ${url === undefined ? command![0] : new URL(url).origin}`,
          reasonOf(error),
        )
      })
      .then(() => {
        timer[Symbol.dispose]()
        this.#running.delete(abort)
        this.#next()
        this.#settle()
      })
    this.#running.set(abort, done)
  }
}
