/**
 * A speaker that is what a configuration says, and becomes what another says: what differs is applied, and nothing
 * else moves. Adjacencies stay where the protocol allows it, VIPs stay announced, and checks keep their verdicts.
 */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { realClock } from './clock.ts'
import type { CheckData, VipData } from './config/file-types.ts'
import type { Config } from './configuration.ts'
import { ConfiguredDirector, type DirectorWorld } from './configured-director.ts'
import { ConfiguredStatics, staticDifferences } from './configured-statics.ts'
import { permits } from './core/prefix-list.ts'
import { OspfError } from './errors.ts'
import { formatEvent, type SpeakerEvent } from './events.ts'
import { GateBook } from './gate-book.ts'
import { all } from './health/combine.ts'
import type { Gate } from './health/gate.ts'
import { GateSwitch } from './health/switch.ts'
import type { Speaker } from './isolate/isolated.ts'
import type { AnnouncementHandle } from './isolate/remote-announcement.ts'
import type { Director, VipHooks } from './lvs/director.ts'
import { type DirectorEvent, formatDirectorEvent } from './lvs/director-events.ts'
import type { AnyEvent } from './observe/event-record.ts'
import { type EventSource, type Hooks, startHooks } from './observe/hooks.ts'
import type { Metrics, MetricsOptions } from './observe/metrics.ts'
import { type MetricsServer, metricsServer } from './observe/metrics-server.ts'
import { parseOptions, type SpeakerOptions } from './options.ts'
import { parseArea, parseVip } from './parse.ts'
import type { Clock } from './ports.ts'
import type { StopOptions, StopResult } from './quiet.ts'
import { planReconfigure, type ReconfigureResult } from './reconfigure.ts'
import type { SequenceStore } from './sequence-store.ts'
import { OspfSpeaker } from './speaker.ts'
import type { installStaticRoutes } from './static-routes.ts'
import type { AnnounceOptions } from './vip.ts'
import { formatPrefix } from './wire/address.ts'
import type { SpeakerPorts } from './world.ts'

/** How a change that must be confirmed ended. */
export type TrialEnd = 'confirmed' | 'rolled-back' | 'failed'

/** A change that is rolled back unless it is confirmed. */
export interface Trial extends ReconfigureResult {
  /** Resolves when it is confirmed, rolled back or overtaken; `reason` says why. */
  readonly ended: Promise<{ readonly how: TrialEnd; readonly reason: string }>
}

interface Announced {
  readonly data: VipData
  readonly handle: AnnouncementHandle
  /** Undefined: there is no gate. */
  readonly gate: GateSwitch | undefined
}

/** Seconds between two looks at the adjacencies while a change waits for its confirmation. */
const LOOK_S = 0.5

/**
 * What happens beside the speaker: the kernel refuses a static route, for now; what holds the services cannot put
 * something right by itself; a hook failed; or what the director says.
 */
export type ConfiguredEvent =
  | { readonly type: 'static-route' | 'data-plane' | 'hook'; readonly error: Error }
  | { readonly type: 'director'; readonly event: DirectorEvent }

/** What a configured speaker stands on. */
export interface ConfiguredWorld extends DirectorWorld {
  /** By default Linux's; the simulator's for tests. */
  readonly ports?: SpeakerPorts
  /** Aborted: the graceful stop. */
  readonly signal?: AbortSignal
  /** Told what happens beside the speaker, which has its own events. */
  readonly onEvent?: (event: ConfiguredEvent) => void
  /** In place of the kernel. */
  readonly installStaticRoutes?: typeof installStaticRoutes
  /** Hooks and metrics tell of it, too: a `Director` besides the one of the configuration. */
  readonly director?: NonNullable<MetricsOptions['director']> & EventSource
}

/** See `ConfiguredSpeaker.start`. */
export class ConfiguredSpeaker implements AsyncDisposable {
  readonly speaker: Speaker
  #config: Config
  readonly #clock: Clock
  readonly #book: GateBook
  readonly #store: SequenceStore | undefined
  readonly #statics: ConfiguredStatics
  readonly #director: ConfiguredDirector
  readonly #vips = new Map<string, Announced>()
  #metrics: Metrics | undefined
  #metricsServer: MetricsServer | undefined
  #eventHooks: Hooks | undefined
  /** VIPs that are being withdrawn. */
  readonly #leaving = new Set<Promise<unknown>>()
  #applying: Promise<unknown> = Promise.resolve()
  #trial: { end(how: TrialEnd, reason: string): void } | undefined

  /**
   * Starts a speaker that is what the configuration says, with its static routes, its director and its VIPs.
   * @throws OspfError as `OspfSpeaker.start`, `installStaticRoutes` and `Director.start`, and ERR_OSPF_CONFIG when metrics
   * cannot be served where they should
   */
  static async start(config: Config, world: ConfiguredWorld = {}): Promise<ConfiguredSpeaker> {
    const { ports, signal, onEvent } = world
    const store = config.sequenceFile === undefined ? undefined : fileStore(config.sequenceFile)
    const options = {
      ...withStore(config, store),
      ...(signal === undefined ? {} : { signal }),
      isolate: config.isolate,
    }
    const clock = ports?.clock ?? realClock
    const book = new GateBook(clock)
    const statics = new ConfiguredStatics(
      (error) => onEvent?.({ type: 'static-route', error }),
      world.installStaticRoutes,
    )
    const director = new ConfiguredDirector(
      clock,
      world,
      (event) => onEvent?.({ type: 'director', event }),
      (error) => onEvent?.({ type: 'data-plane', error }),
    )
    let speaker: Speaker
    try {
      // there from before the start, so that redistribution finds them
      await statics.to(config.staticRoutes)
      await director.to(config.lvs)
      speaker = await OspfSpeaker.start(options as SpeakerOptions, ports)
    } catch (error) {
      await director.stop()
      await statics.to([])
      throw error
    }
    const parts = { clock, book, store, statics, director }
    const configured = new ConfiguredSpeaker(speaker, config, parts)
    signal?.addEventListener('abort', () => void configured.stop(), { once: true })
    try {
      configured.#announce(config)
      await configured.#observe(config, world.director ?? director.director, onEvent)
    } catch (error) {
      await configured.stop()
      throw error
    }
    return configured
  }

  private constructor(
    speaker: Speaker,
    config: Config,
    {
      clock,
      book,
      store,
      statics,
      director,
    }: {
      readonly clock: Clock
      readonly book: GateBook
      readonly store: SequenceStore | undefined
      readonly statics: ConfiguredStatics
      readonly director: ConfiguredDirector
    },
  ) {
    this.speaker = speaker
    this.#config = config
    this.#clock = clock
    this.#book = book
    this.#store = store
    this.#statics = statics
    this.#director = director
  }

  /** What is in effect. */
  get config(): Config {
    return this.#config
  }

  /** Undefined: the configuration has never had virtual services. */
  get director(): Director | undefined {
    return this.#director.director
  }

  /** A change waits for its confirmation. */
  get onTrial(): boolean {
    return this.#trial !== undefined
  }

  /**
   * What `apply` would do, without doing it.
   * @throws OspfError ERR_OSPF_CONFIG that names what cannot change while the speaker runs
   */
  plan(config: Config): ReconfigureResult {
    this.#refuseFixed(config)
    const [old, now] = [this.#config, config].map((one) =>
      parseOptions(withStore(one, this.#store)),
    )
    this.#director.check(config.lvs)
    const { changes, restarted } = planReconfigure(old!, now!, [])
    return { changes: [...changes, ...this.#differences(config)], restarted }
  }

  /**
   * Becomes what another configuration says. When it rejects, everything is as it was.
   * A change that waits for its confirmation counts as confirmed.
   * @throws OspfError as `plan`, and as `OspfSpeaker.reconfigure`
   */
  apply(config: Config): Promise<ReconfigureResult> {
    const result = this.#applying.then(async () => {
      const done = await this.#apply(config)
      this.#trial?.end('confirmed', 'another change has followed')
      return done
    })
    this.#applying = result.catch(() => {})
    return result
  }

  /**
   * As `apply`; and back again unless `confirm` is called within so many seconds, or at once when a neighbor that was
   * Full is lost on an interface that need not start anew.
   * @throws OspfError as `apply`
   */
  try(config: Config, seconds: number): Promise<Trial> {
    const result = this.#applying.then(async () => {
      this.#trial?.end('confirmed', 'another change has followed')
      const before = this.#config
      const full = this.#full()
      const done = await this.#apply(config)
      return { ...done, ended: this.#watch(before, full, done, seconds) }
    })
    this.#applying = result.catch(() => {})
    return result
  }

  /** The change on trial is to stay. @returns whether there was one */
  confirm(): boolean {
    const isThere = this.#trial !== undefined
    this.#trial?.end('confirmed', 'confirmed')
    return isThere
  }

  /**
   * The VIP lives for another lease, or for so many seconds.
   * @throws OspfError ERR_OSPF_CONFIG when it has none
   */
  renew(vip: string, seconds?: number): void {
    const { prefix, length } = parseVip(vip)
    const known = this.#vips.get(formatPrefix(prefix, length))
    if (known?.data.lease === undefined) {
      const what = known === undefined ? 'is not announced' : 'has no lease'
      throw new OspfError('ERR_OSPF_CONFIG', `VIP ${vip}: ${what}`)
    }
    known.handle.renew(seconds)
  }

  /** As `speaker.stop()`; the checks stop with it. */
  async stop(options?: StopOptions): Promise<StopResult> {
    this.#trial?.end('confirmed', 'the speaker stops')
    try {
      return await this.speaker.stop(options)
    } finally {
      this.#book[Symbol.dispose]()
      // the routers have left
      await this.#director.stop()
      // redistribution has let go of them
      await this.#statics.to([])
      await this.#metricsServer?.[Symbol.asyncDispose]()
      this.#metrics?.[Symbol.dispose]()
      await this.#eventHooks?.[Symbol.asyncDispose]()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** Figures of the speaker, its VIPs and their checks; undefined before it has started. */
  get metrics(): Metrics | undefined {
    return this.#metrics
  }

  async #observe(
    config: Config,
    director: ConfiguredWorld['director'],
    onEvent: ConfiguredWorld['onEvent'],
  ): Promise<void> {
    const { speaker } = this
    this.#eventHooks = startHooks({
      speaker,
      director,
      hooks: config.hooks ?? [],
      clock: this.#clock,
      format: (event) => wordsOf(event),
      onFailure: (what, reason) =>
        onEvent?.({ type: 'hook', error: new Error(`${what}: ${reason}`) }),
    })
    const gates = () => this.#book.gates()
    // loaded when the speaker is at work already: its first Hello has not waited for it
    const { speakerMetrics } = await import('./observe/metrics.ts')
    const hooks = this.#eventHooks
    this.#metrics = await speakerMetrics({ speaker, director, gates, hooks, clock: this.#clock })
    if (config.metrics === undefined) return
    this.#metricsServer = await metricsServer({ metrics: this.#metrics, listen: config.metrics })
  }

  #refuseFixed(config: Config): void {
    for (const field of ['isolate', 'sequenceFile', 'socket', 'metrics'] as const) {
      if (isDeepStrictEqual(config[field], this.#config[field])) continue
      throw new OspfError(
        'ERR_OSPF_CONFIG',
        `${field}: cannot change while the speaker runs; stop it and start anew`,
      )
    }
  }

  async #apply(config: Config): Promise<ReconfigureResult> {
    const { changes, restarted } = this.plan(config)
    const before = this.#config
    // what has no place in the new options would keep them from being taken
    for (const prefix of this.#homeless(config)) this.#withdraw(prefix, 'its place is removed')
    // services that are not wanted any more serve until the routers have left
    let left = (): void => {}
    const gone = new Promise<void>((resolve) => {
      left = resolve
    })
    try {
      await this.#statics.to(config.staticRoutes)
      await this.#director.to(config.lvs, gone)
      await this.speaker.reconfigure(withStore(config, this.#store))
    } catch (error) {
      await this.#statics.to(before.staticRoutes)
      await this.#director.to(before.lvs)
      this.#announce(before)
      throw error
    }
    this.#settle(config)
    this.#announce(config)
    this.#config = config
    if (!isDeepStrictEqual(config.hooks, before.hooks))
      this.#eventHooks?.replace(config.hooks ?? [])
    void Promise.allSettled(this.#leaving).then(left)
    return { changes, restarted }
  }

  /** VIPs whose area will not be there, or that may not be originated then. */
  #homeless(config: Config): string[] {
    const first = parseOptions(withStore(this.#config, this.#store)).interfaces[0]!.area
    const { interfaces, originate } = parseOptions(withStore(config, this.#store))
    const areas = new Set(interfaces.map(({ area }) => area))
    return [...this.#vips].flatMap(([prefix, { data }]) => {
      const area = data.area === undefined ? first : parseArea('area', data.area)
      const destination = parseVip(prefix)
      const isAllowed = permits(originate, destination.prefix, destination.length)
      return isAllowed && (data.as === 'external' || areas.has(area)) ? [] : [prefix]
    })
  }

  /** Lines for people: what of the VIPs and their checks differs. */
  #differences({ vips, staticRoutes, lvs, log, hooks }: Config): string[] {
    const lines: string[] = [
      ...staticDifferences(this.#config.staticRoutes, staticRoutes),
      ...this.#director.differences(lvs),
    ]
    for (const prefix of Object.keys(this.#config.vips))
      if (vips[prefix] === undefined) lines.push(`VIP ${prefix} removed`)
    for (const [prefix, data] of Object.entries(vips)) {
      const was = this.#config.vips[prefix]
      if (this.#other(prefix) !== undefined)
        lines.push(`VIP ${prefix} announced anew, as another was announced at run time`)
      else if (this.#isGone(prefix)) lines.push(`VIP ${prefix} announced again`)
      else if (was === undefined) lines.push(`VIP ${prefix} added`)
      else if (!isDeepStrictEqual(was, data)) {
        const fields = [
          ...new Set([...Object.keys(was), ...Object.keys(data)]),
        ] as (keyof VipData)[]
        const words = fields
          .filter((field) => !isDeepStrictEqual(was[field], data[field]))
          .map((field) => {
            if (field === 'when') return 'its checks'
            const [a, b] = [was[field], data[field]].map(shown)
            return a === undefined || b === undefined ? field : `${field} ${a} -> ${b}`
          })
        const how = canStay(was, data) ? '' : ' (announced anew)'
        lines.push(`VIP ${prefix}: ${words.join(', ')}${how}`)
      }
    }
    if (!isDeepStrictEqual(hooks ?? [], this.#config.hooks ?? [])) lines.push('hooks')
    if (log !== this.#config.log) lines.push(`log ${log ?? 'info'}`)
    return lines
  }

  #withdraw(prefix: string, reason: string): void {
    const done = this.#vips.get(prefix)?.handle.withdraw(reason)
    this.#vips.delete(prefix)
    if (done !== undefined) this.#leave(done)
  }

  #leave(done: Promise<unknown>): void {
    this.#leaving.add(done)
    void done.finally(() => this.#leaving.delete(done)).catch(() => {})
  }

  /** Somebody has withdrawn it, although the configuration has it. */
  #isGone(prefix: string): boolean {
    return this.#vips.get(prefix)?.handle.state === 'withdrawn'
  }

  /** The same VIP, announced by somebody else than the configuration. */
  #other(prefix: string): AnnouncementHandle | undefined {
    const own = this.#vips.get(prefix)
    if (own !== undefined && !this.#isGone(prefix)) return undefined
    return this.speaker
      .announcements()
      .find((one) => one.prefix === prefix && one.state !== 'withdrawn' && one !== own?.handle)
  }

  /** What was withdrawn or announced at run time makes room for the VIPs of a configuration. */
  #settle({ vips }: Config): void {
    for (const prefix of Object.keys(vips)) {
      const other = this.#other(prefix)
      if (this.#isGone(prefix)) this.#vips.delete(prefix)
      if (other !== undefined) this.#leave(other.withdraw('the configuration has it'))
    }
  }

  /** What a VIP follows. */
  #gateOf(prefix: string, { when, lvs }: VipData): Gate | undefined {
    const own = when === undefined ? undefined : this.#book.gate(when)
    if (lvs !== true) return own
    const services = this.#director.vip(prefix).when
    return own === undefined ? services : all(services, own)
  }

  /** Makes the VIPs what they shall be. */
  #announce({ vips }: Config): void {
    for (const [prefix, { data }] of this.#vips) {
      const next = vips[prefix]
      if (next === undefined) this.#withdraw(prefix, 'not in the configuration any more')
      else if (!canStay(data, next))
        this.#withdraw(prefix, 'announced anew, as its options changed')
    }
    for (const [prefix, data] of Object.entries(vips)) {
      const source = this.#gateOf(prefix, data)
      const known = this.#vips.get(prefix)
      if (known !== undefined) {
        if (source !== undefined) known.gate?.to(source)
        if (costOf(data) !== costOf(known.data)) known.handle.setCost(costOf(data))
        if (data.weight !== known.data.weight) known.handle.setWeight(data.weight ?? 100)
        this.#vips.set(prefix, { ...known, data })
        continue
      }
      const gate = source && new GateSwitch(source)
      const { when: _, lvs, ...rest } = data
      const options: AnnounceOptions = {
        ...rest,
        ...(lvs === true ? this.#hooks(prefix) : {}),
        ...(gate === undefined ? {} : { when: gate }),
      }
      this.#vips.set(prefix, { data, gate, handle: this.speaker.announce(prefix, options) })
    }
    this.#book.keep(
      Object.values(vips)
        .map(({ when }) => when)
        .filter((when): when is CheckData | readonly CheckData[] => when !== undefined),
    )
  }

  #hooks(prefix: string): Omit<VipHooks, 'when'> {
    const { prepare, connections, release } = this.#director.vip(prefix)
    const isOver = (): boolean => {
      const now = this.#vips.get(prefix)
      return now === undefined || now.handle === own
    }
    let own: AnnouncementHandle | undefined
    queueMicrotask(() => {
      own = this.#vips.get(prefix)?.handle
    })
    return {
      prepare,
      connections,
      // what is announced anew needs its services already
      release: async () => (isOver() ? release() : undefined),
    }
  }

  /** Neighbors that are Full, by interface. */
  #full(): string[] {
    return this.speaker
      .neighbors()
      .filter(({ state }) => state === 'Full')
      .map((neighbor) => `${neighbor.interface} ${neighbor.routerId}`)
  }

  #watch(
    before: Config,
    full: readonly string[],
    { restarted }: ReconfigureResult,
    seconds: number,
  ): Trial['ended'] {
    const deadline = this.#clock.now() + seconds * 1000
    const must = full.filter((one) => !restarted.includes(one.split(' ')[0]!))
    return new Promise((resolve) => {
      let timer: Disposable | undefined
      const trial = {
        end: (how: TrialEnd, reason: string): void => {
          timer?.[Symbol.dispose]()
          if (this.#trial !== trial) return
          this.#trial = undefined
          resolve({ how, reason })
        },
      }
      const back = (reason: string): void => {
        timer?.[Symbol.dispose]()
        const undone = this.#applying.then(async () => {
          if (this.#trial !== trial) return
          try {
            await this.#apply(before)
            trial.end('rolled-back', reason)
          } catch (error) {
            trial.end('failed', `${reason}; the way back failed: ${(error as Error).message}`)
          }
        })
        this.#applying = undone
      }
      const look = (): void => {
        const now = this.#full()
        const lost = must.find((one) => !now.includes(one))
        if (lost !== undefined) {
          const [on, id] = lost.split(' ')
          back(`the adjacency with ${id} on ${on} was lost`)
        } else if (this.#clock.now() >= deadline) back(`not confirmed within ${seconds} s`)
        else {
          const wait = Math.min(LOOK_S * 1000, deadline - this.#clock.now())
          timer = this.#clock.setTimer(Math.max(1, wait), look)
        }
      }
      this.#trial = trial
      look()
    })
  }
}

/** A director's events have a formatter of their own. */
function wordsOf(event: AnyEvent): string {
  return directorTypes.has(event.type)
    ? formatDirectorEvent(event as DirectorEvent)
    : formatEvent(event as SpeakerEvent)
}

const directorTypes: ReadonlySet<string> = new Set([
  'server',
  'quorum',
  'sorry',
  'refused',
] satisfies DirectorEvent['type'][])

/** What a running announcement takes; the rest needs a new one. */
const lively = ['when', 'cost', 'metric', 'weight'] as const satisfies readonly (keyof VipData)[]

function canStay(was: VipData, is: VipData): boolean {
  const rest = (data: VipData) =>
    Object.fromEntries(
      Object.entries(data).filter(([field]) => !lively.some((one) => one === field)),
    )
  return isDeepStrictEqual(rest(was), rest(is)) && hasGate(was) === hasGate(is)
}

const hasGate = ({ when, lvs }: VipData): boolean => when !== undefined || lvs === true

const costOf = ({ as, cost = 0, metric = 20 }: VipData): number =>
  as === 'external' ? metric : cost

const shown = (value: unknown): string | undefined =>
  value === undefined ? 'default' : typeof value === 'object' ? undefined : String(value)

const withStore = (config: Config, store: SequenceStore | undefined): SpeakerOptions => ({
  ...config.options,
  ...(store === undefined ? {} : { sequenceStore: store }),
})

/** The boot count as text; a file that is cut off by a crash never takes the place of a good one. */
function fileStore(path: string): SequenceStore {
  return {
    async load() {
      try {
        return Number((await readFile(path, 'utf8')).trim())
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
    },
    async save(count) {
      await writeFile(`${path}.new`, `${count}\n`, { mode: 0o600 })
      await rename(`${path}.new`, path)
    },
  }
}
