/**
 * A speaker whose protocol runs in a child process, as the application sees it. Hellos go on while the application's
 * event loop is blocked; its VIPs are withdrawn as soon as it hangs, exits or crashes, and the adjacencies stay as long
 * as the child lives. What is decided here (options, gates, hooks, overrides, drains) is all that a new child needs, so
 * one that is lost is replaced.
 *
 * It does not help when the host or the container dies, or something kills the child with it.
 */

import { isDeepStrictEqual } from 'node:util'
import type { DrainOptions } from '../announcement.ts'
import type { InterfaceOptions } from '../area-options.ts'
import { realClock } from '../clock.ts'
import { OspfError, stopped } from '../errors.ts'
import { EventStream, type SpeakerEvent } from '../events.ts'
import { type OpaqueOptions, OpaqueOriginations, type OriginatedOpaque } from '../opaque.ts'
import {
  type IsolatedSpeakerOptions,
  type Parsed,
  type ParsedIsolate,
  parseIsolate,
  parseOptions,
  parseStubRouter,
  type SpeakerOptions,
  type StubRouterOptions,
  withInterface,
} from '../options.ts'
import { parseVip } from '../parse.ts'
import { type PolicyOptions, parseAccept } from '../policy.ts'
import type { Clock, KernelStatus } from '../ports.ts'
import { checkOriginate } from '../prefix-list.ts'
import type { StopOptions, StopResult } from '../quiet.ts'
import type { ReconfigureResult } from '../reconfigure.ts'
import { parseReset, type ResetOptions } from '../reset.ts'
import type { OspfSpeaker } from '../speaker.ts'
import type { SpfRun } from '../spf-log.ts'
import type { StatusView } from '../status.ts'
import type { SysctlFinding } from '../sysctl.ts'
import type { InterfaceView, LsaView, NeighborView, OpaqueView, RouteView } from '../views.ts'
import { type AnnounceOptions, checkAnnounce } from '../vip.ts'
import type { DownResult } from '../vip-history.ts'
import { type AnnouncementGroup, announceList } from '../vip-list.ts'
import { VipPlacement } from '../vip-placement.ts'
import { noVitals, type VitalsView } from '../vitals.ts'
import type { RouteDifferenceView, WhatIfChange } from '../what-if.ts'
import type { WhyView } from '../why.ts'
import { formatPrefix } from '../wire/address.ts'
import { ChildGone, Connection } from './connection.ts'
import { clockOrigin, type Launch, launchIn } from './launch.ts'
import type { Call, Command, FromChild, FullSnapshot, Request, Snapshot } from './messages.ts'
import { opaqueCommand } from './opaque-command.ts'
import { eventOf } from './plain.ts'
import { type AnnouncementHandle, RemoteAnnouncement } from './remote-announcement.ts'

type Differing = 'announce' | 'announcements' | 'reconfigure' | 'why' | 'whatIf'

/**
 * A speaker, wherever its protocol runs. What differs with `isolate`: what is asked for is on its way when a call
 * returns, so that the state of an announcement follows a moment later; `neighbors()`, `interfaces()`, `routes()`, `kernel()`
 * and `announcements()` are at most a second old, and `database()`, `opaques()`, `hostnames()` and `spf()` as old as the last
 * `await speaker.refresh()`; without one they are empty. `why()` and `whatIf()` are promises; `await` works with both.
 */
export interface Speaker extends Omit<OspfSpeaker, Differing> {
  why(destination: string): WhyView | Promise<WhyView>
  whatIf(
    changes: WhatIfChange | readonly WhatIfChange[],
  ): readonly RouteDifferenceView[] | Promise<readonly RouteDifferenceView[]>
  /** The options of an isolated speaker with or without `isolate`, which cannot change. */
  reconfigure(options: SpeakerOptions | IsolatedSpeakerOptions): Promise<ReconfigureResult>
  announce(vip: string, options?: AnnounceOptions): AnnouncementHandle
  announcements(): readonly AnnouncementHandle[]
}

/** For how long a predecessor's child may still be leaving, and how often that is looked at. */
const PREDECESSOR_MS = 15_000
const LOOK_MS = 250
/** Until a child that ended is replaced: at first, and at most. */
const BACKOFF_MS = 1000
const LONGEST_BACKOFF_MS = 30_000
/** One that lived for so long had no trouble from its start. */
const SOUND_MS = 60_000
/** Without a word for so long, a child is hung: it has something to say every second. */
const HUNG_MS = 15_000
/** The same for one that much waits for. */
const HUNG_FULL_MS = 5000
/** Seconds between two snapshots at the most. */
const SNAPSHOT_S = 1
/** For a child to open what it needs, in milliseconds. */
const START_MS = 20_000
/** Seconds beyond what a stop may take by its options. */
const STOP_SLACK = 5

/** Before a child has said anything. */
const nothing: StatusView = {
  routerId: '0.0.0.0',
  isBorder: false,
  isBoundary: false,
  abrType: 'cisco',
  rfc1583Compatibility: true,
  maximumPaths: 0,
  areas: [],
  routers: [],
}

/** What an isolated speaker stands on; tests have children in memory. */
export interface IsolatedWorld {
  readonly clock: Clock
  /** Where the clock began, in milliseconds on the machine's. */
  readonly origin: number
  /** Default: a process, in the network namespace that the options name. */
  readonly launch?: Launch
}

/**
 * Starts one.
 * @throws OspfError as `OspfSpeaker.start`, and ERR_OSPF_CHILD
 */
export async function isolate(
  options: IsolatedSpeakerOptions,
  ports: unknown,
  world: IsolatedWorld = { clock: realClock, origin: clockOrigin() },
): Promise<Speaker> {
  const how = parseIsolate(options.isolate)
  if (ports !== undefined) {
    throw new OspfError('ERR_OSPF_CONFIG', 'isolate: a child process cannot use the ports given')
  }
  const rest = { ...options, isolate: false as const }
  const parsed = parseOptions(rest)
  options.signal?.throwIfAborted()
  const speaker = new IsolatedSpeaker(rest, parsed, how, world)
  await speaker.begin()
  return speaker
}

class IsolatedSpeaker implements Speaker {
  readonly routerId: string
  readonly #isolate: ParsedIsolate
  readonly #world: IsolatedWorld
  readonly #clock: Clock
  readonly #events: EventStream
  #options: SpeakerOptions
  #parsed: Parsed
  /** The child that runs the speaker; undefined while there is none. */
  #connection: Connection | undefined
  /** What those wait for who insist. */
  #next: { readonly promise: Promise<boolean>; readonly resolve: (isThere: boolean) => void }
  #snapshot: Snapshot = {
    status: nothing,
    vitals: noVitals,
    neighbors: [],
    interfaces: [],
    kernelSettings: [],
    kernel: undefined,
    routes: [],
    announcements: [],
  }
  #routes: readonly RouteView[] = []
  /** When the snapshot came. */
  #lookedAt: number
  #full: Pick<FullSnapshot, 'database' | 'opaques' | 'hostnames' | 'spf'> = {
    database: [],
    opaques: [],
    hostnames: new Map(),
    spf: [],
  }
  /** By prefix those that are announced; by id those that are on their way out, too. */
  readonly #announcements = new Map<string, RemoteAnnouncement>()
  readonly #handles = new Map<number, RemoteAnnouncement>()
  readonly #placement = new VipPlacement()
  #lastId = 0
  readonly #opaques: OpaqueOriginations
  readonly #opaqueCommands = new Map<string, Extract<Command, { do: 'opaque' }>>()
  #stubRouter: { readonly how: boolean | StubRouterOptions } | undefined
  #accept: { readonly accept: PolicyOptions | undefined } | undefined
  #drainOptions: DrainOptions | undefined
  #reconfiguring: Promise<unknown> = Promise.resolve()
  #beating: Disposable | undefined
  #restart: Disposable | undefined
  #backoff = BACKOFF_MS
  #restarting: Promise<void> | undefined
  #stopping: Promise<StopResult> | undefined
  #forget = (): void => {}

  constructor(
    options: SpeakerOptions,
    parsed: Parsed,
    isolate: ParsedIsolate,
    world: IsolatedWorld,
  ) {
    this.routerId = options.routerId
    this.#options = options
    this.#parsed = parsed
    this.#isolate = isolate
    this.#world = world
    this.#clock = world.clock
    this.#events = new EventStream(options.routerId, parsed.eventQueue)
    this.#next = later()
    this.#lookedAt = world.clock.now()
    this.#opaques = new OpaqueOriginations({
      configure: (change) => this.#tellOpaque(opaqueCommand(change)),
      isStopping: () => this.#stopping !== undefined,
    })
  }

  async begin(): Promise<void> {
    this.#beat()
    try {
      await this.#connect(PREDECESSOR_MS)
    } catch (error) {
      this.#beating?.[Symbol.dispose]()
      throw error
    }
    const { signal } = this.#options
    const abort = (): void => void this.stop()
    signal?.addEventListener('abort', abort, { once: true })
    this.#forget = () => signal?.removeEventListener('abort', abort)
  }

  // Looking in

  status(): StatusView {
    return this.#snapshot.status
  }

  vitals(): VitalsView {
    const { vitals } = this.#snapshot
    const silent = (this.#clock.now() - this.#lookedAt) / 1000 - SNAPSHOT_S
    return { ...vitals, late: vitals.late + Math.max(0, silent) }
  }

  neighbors(): NeighborView[] {
    return [...this.#snapshot.neighbors]
  }

  interfaces(): InterfaceView[] {
    return [...this.#snapshot.interfaces]
  }

  routes(): RouteView[] {
    return [...this.#routes]
  }

  kernelSettings(): SysctlFinding[] {
    return [...this.#snapshot.kernelSettings]
  }

  kernel(): KernelStatus | undefined {
    return this.#snapshot.kernel
  }

  async why(destination: string): Promise<WhyView> {
    return (await this.#insist({ do: 'why', destination })) as WhyView
  }

  async whatIf(
    changes: WhatIfChange | readonly WhatIfChange[],
  ): Promise<readonly RouteDifferenceView[]> {
    return (await this.#insist({ do: 'what-if', changes })) as readonly RouteDifferenceView[]
  }

  spf(): readonly SpfRun[] {
    return this.#full.spf
  }

  database(): LsaView[] {
    return [...this.#full.database]
  }

  opaques(): OpaqueView[] {
    return [...this.#full.opaques]
  }

  hostnames(): ReadonlyMap<string, string> {
    return this.#full.hostnames
  }

  /** Asks the child. Rejects with ERR_OSPF_STOPPED when there is none any more. */
  async refresh(): Promise<void> {
    const full = (await this.#insist({ do: 'refresh' })) as FullSnapshot
    this.#look(full)
    this.#full = full
  }

  announcements(): readonly AnnouncementHandle[] {
    return [...this.#announcements.values()]
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<SpeakerEvent> {
    return this.#events[Symbol.asyncIterator]()
  }

  subscribe(listener: (event: SpeakerEvent) => void): Disposable {
    return this.#events.subscribe(listener)
  }

  // Announcing

  announce(vip: string, options: AnnounceOptions = {}): AnnouncementHandle {
    const { prefix, length } = parseVip(vip)
    const text = formatPrefix(prefix, length)
    if (this.#stopping) throw stopped(text)
    const { originate, interfaces } = this.#parsed
    checkOriginate('VIP', originate, { prefix, length })
    // decided here and once, so that another child does as the last one did
    const placed = this.#placement.place([text], options, this.#parsed)
    const areas = checkAnnounce({ prefix, length }, placed, interfaces)
    if (this.#announcements.has(text)) {
      throw new OspfError('ERR_OSPF_DUPLICATE', `VIP ${text} is announced already`)
    }
    const owner = {
      clock: this.#clock,
      check: (changed: AnnounceOptions) =>
        void checkAnnounce({ prefix, length }, changed, this.#parsed.interfaces),
      command: (command: Command) => this.#command(command),
      insist: (request: Request, isWanted?: () => boolean) => this.#insist(request, isWanted),
      withdrawn: (each: RemoteAnnouncement) => {
        if (this.#announcements.get(text) !== each) return
        this.#announcements.delete(text)
        this.#placement.delete(text)
      },
      gone: (each: RemoteAnnouncement) => void this.#handles.delete(each.id),
    }
    const announcement = new RemoteAnnouncement(owner, ++this.#lastId, text, placed)
    this.#announcements.set(text, announcement)
    this.#handles.set(announcement.id, announcement)
    this.#placement.add(text, areas)
    if (this.#drainOptions) void announcement.drain(this.#drainOptions)
    return announcement
  }

  announceAll(vips: string | readonly string[], options: AnnounceOptions = {}): AnnouncementGroup {
    return announceList(vips, options, {
      clock: this.#clock,
      isAnnounced: (vip) => this.#announcements.has(vip),
      place: (texts, how) => this.#placement.place(texts, how, this.#parsed),
      announce: (vip, how) => this.announce(vip, how),
    })
  }

  originateOpaque(options: OpaqueOptions): OriginatedOpaque {
    const { interfaces, routerInformation, limits } = this.#parsed
    const saysHostname = routerInformation !== undefined
    return this.#opaques.originate(options, {
      interfaces,
      limit: limits.opaqueOctets,
      saysHostname,
    })
  }

  #tellOpaque(command: ReturnType<typeof opaqueCommand>): void {
    if (command.do === 'opaque') this.#opaqueCommands.set(command.name, command)
    else this.#opaqueCommands.delete(command.name)
    this.#command(command)
  }

  // Changing

  stubRouter(how: boolean | StubRouterOptions): void {
    parseStubRouter(how)
    this.#stubRouter = { how }
    this.#command({ do: 'stub-router', how })
  }

  async drain(given: DrainOptions = {}): Promise<Record<string, DownResult>> {
    // a copy, to tell it from another drain with the same
    const options = { ...given }
    this.#drainOptions = options
    const drained = [...this.#announcements.values()].map(
      async (announcement) => [announcement.prefix, await announcement.drain(options)] as const,
    )
    const isWanted = (): boolean => this.#drainOptions === options && !this.#stopping
    // and then a stub router, when all are gone
    const all = this.#insist({ do: 'drain', options }, isWanted).catch(() => {})
    const results = await Promise.all(drained)
    if (isWanted()) await all
    return Object.fromEntries(results)
  }

  undrain(): void {
    if (this.#drainOptions === undefined || this.#stopping) return
    this.#drainOptions = undefined
    this.#command({ do: 'undrain' })
    for (const announcement of this.#announcements.values()) announcement.undrain()
  }

  reset(which: ResetOptions = {}): void {
    parseReset(which)
    this.#command({ do: 'reset', which })
  }

  acceptRoutes(accept: PolicyOptions | undefined): void {
    if (accept !== undefined) parseAccept('accept', accept, this.#parsed.policies)
    if (this.#parsed.kernel === undefined) {
      throw new OspfError('ERR_OSPF_CONFIG', 'accept: the speaker installs no routes')
    }
    this.#accept = { accept }
    this.#command({ do: 'accept', accept })
  }

  reconfigure(options: SpeakerOptions | IsolatedSpeakerOptions): Promise<ReconfigureResult> {
    return this.#oneByOne(() => this.#reconfigure(options))
  }

  setInterface(name: string, change: InterfaceOptions): Promise<ReconfigureResult> {
    return this.#oneByOne(() => this.#reconfigure(withInterface(this.#options, name, change)))
  }

  #oneByOne(run: () => Promise<ReconfigureResult>): Promise<ReconfigureResult> {
    const result = this.#reconfiguring.then(run)
    this.#reconfiguring = result.catch(() => {})
    return result
  }

  async #reconfigure(given: SpeakerOptions | IsolatedSpeakerOptions): Promise<ReconfigureResult> {
    const { isolate, ...others } = given
    const options: SpeakerOptions = { ...others, isolate: false }
    const parsed = parseOptions(options)
    if (this.#stopping) throw stopped('reconfigure')
    for (const [field, isSame] of [
      ['isolate', !isolate || isDeepStrictEqual(parseIsolate(isolate), this.#isolate)],
      ['sequenceStore', parsed.sequenceStore === this.#parsed.sequenceStore],
    ] as const) {
      if (isSame) continue
      throw new OspfError(
        'ERR_OSPF_CONFIG',
        `${field}: cannot change while the speaker runs; stop it and start anew`,
      )
    }
    const connection = this.#connection
    if (connection === undefined) throw new ChildGone('another is being started')
    const request = { do: 'reconfigure', options: plain(options) } as const
    const result = (await connection.request(request)) as ReconfigureResult
    if (!isDeepStrictEqual(this.#parsed.accept, parsed.accept)) this.#accept = undefined
    this.#options = options
    this.#parsed = parsed
    return result
  }

  // The child

  /**
   * Starts a child that runs the speaker, and tells it everything.
   * @param patience milliseconds for a predecessor to leave
   */
  async #connect(patience: number, isEnd = false): Promise<void> {
    const since = this.#clock.now()
    const connection = new Connection({
      launch: this.#world.launch ?? launchIn(this.#isolate.namespace),
      call: (call, signal) => this.#call(call, signal),
      events: (message) => this.#hear(message),
      snapshot: (snapshot) => this.#look(snapshot),
      ended: (how) => this.#lost(connection, how, since),
    })
    const limit = this.#clock.setTimer(patience + START_MS, () => connection.kill())
    try {
      await this.#startIn(connection, since + patience, isEnd)
    } catch (error) {
      connection.kill()
      await connection.ended
      throw error
    } finally {
      limit[Symbol.dispose]()
    }
    this.#connection = connection
    this.#replay(isEnd)
    if (isEnd) return
    const { resolve } = this.#next
    this.#next = later()
    resolve(true)
  }

  /** Until so long, an interface that another speaker has may become free. */
  async #startIn(connection: Connection, until: number, isEnd: boolean): Promise<void> {
    const hasStore = this.#options.sequenceStore !== undefined
    const { lease, onLapse } = this.#isolate
    const request = {
      do: 'start',
      options: plain(this.#options),
      hasStore,
      lease: onLapse === 'keep' ? undefined : lease,
      origin: this.#world.origin,
    } as const
    for (let isWaiting = false; ; isWaiting = true) {
      try {
        await connection.request(request)
        if (!isEnd) this.#options.signal?.throwIfAborted()
        break
      } catch (error) {
        const isTaken = error instanceof OspfError && error.code === 'ERR_OSPF_DUPLICATE'
        if (!isTaken || this.#clock.now() > until) throw error
        if (!isEnd) this.#options.signal?.throwIfAborted()
        if (!isWaiting) {
          const message = `waits for its predecessor to leave: ${error.message}`
          this.#events.push({ type: 'error', where: 'isolation', error: new Error(message) })
        }
        await new Promise<void>((resolve) => {
          this.#clock.setTimer(LOOK_MS, resolve)
        })
      }
    }
    // so that there is something to look at
    this.#look((await connection.request({ do: 'refresh' })) as FullSnapshot)
  }

  #replay(isEnd: boolean): void {
    if (this.#stubRouter) this.#command({ do: 'stub-router', ...this.#stubRouter })
    if (this.#accept) this.#command({ do: 'accept', ...this.#accept })
    if (!isEnd) for (const command of this.#opaqueCommands.values()) this.#command(command)
    for (const handle of this.#handles.values()) handle.replay(isEnd)
    if (!this.#drainOptions) return
    const request = { do: 'drain', options: this.#drainOptions } as const
    void this.#connection?.request(request).catch(() => {})
  }

  /** It ended, and nobody had asked it to. */
  #lost(connection: Connection, how: string, since: number): void {
    if (this.#connection !== connection) return
    this.#connection = undefined
    this.#snapshot = { ...this.#snapshot, neighbors: [], interfaces: [] }
    if (this.#stopping) return
    this.#backoff = this.#clock.now() - since > SOUND_MS ? BACKOFF_MS : this.#backoff
    this.#again(new ChildGone(how))
  }

  #again(cause: Error): void {
    const seconds = this.#backoff / 1000
    const error = new OspfError('ERR_OSPF_CHILD', `${cause.message}; tried again in ${seconds} s`, {
      cause,
    })
    this.#events.push({ type: 'error', where: 'isolation', error })
    this.#restart = this.#clock.setTimer(this.#backoff, () => void this.#tryAgain())
    this.#backoff = Math.min(this.#backoff * 2, LONGEST_BACKOFF_MS)
  }

  async #tryAgain(): Promise<void> {
    try {
      this.#restarting = this.#connect(0)
      await this.#restarting
    } catch (failure) {
      if (!this.#stopping) this.#again(failure as Error)
    } finally {
      this.#restarting = undefined
    }
  }

  #beat(): void {
    const interval = (this.#isolate.lease * 1000) / 4
    const connection = this.#connection
    if (connection) {
      const silence = connection.alive() * interval
      if (silence > (connection.isFull ? HUNG_FULL_MS : HUNG_MS)) connection.kill()
    }
    this.#beating = this.#clock.setTimer(interval, () => this.#beat())
  }

  #command(command: Command): void {
    this.#connection?.command(command)
  }

  async #insist(request: Request, isWanted: () => boolean = () => true): Promise<unknown> {
    for (;;) {
      const connection = this.#connection
      try {
        if (connection) return await connection.request(request)
      } catch (error) {
        if (!(error instanceof ChildGone)) throw error
      }
      const isOver = this.#stopping !== undefined && !this.#isClearing
      if (isOver || !isWanted() || !(await this.#next.promise)) throw stopped(request.do)
      if (!isWanted()) throw stopped(request.do)
    }
  }

  #call(call: Call, signal: AbortSignal): unknown {
    const { sequenceStore } = this.#options
    if (call.do === 'load') return sequenceStore?.load()
    if (call.do === 'save') return sequenceStore?.save(call.count)
    const handle = this.#handles.get(call.announcement)
    if (handle === undefined) throw stopped(call.do)
    return handle.call(call.do, signal)
  }

  #hear({ events, announcements }: Extract<FromChild, { type: 'events' }>): void {
    this.#apply(announcements)
    for (const event of events) {
      // there may be another child; we say that ourselves, at the very end
      if (event.type !== 'stopped') this.#events.push(eventOf(event))
    }
  }

  #look(snapshot: Snapshot): void {
    this.#snapshot = snapshot
    this.#lookedAt = this.#clock.now()
    if (snapshot.routes) this.#routes = snapshot.routes
    this.#apply(snapshot.announcements)
  }

  #apply(announcements: Snapshot['announcements']): void {
    for (const each of announcements) this.#handles.get(each.announcement)?.apply(each)
  }

  // Stopping

  stop(options: StopOptions = {}): Promise<StopResult> {
    this.#stopping ??= this.#stop(options)
    return this.#stopping
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** Another child removes what the last one left. */
  #isClearing = false

  async #stop(options: StopOptions): Promise<StopResult> {
    this.#forget()
    this.#restart?.[Symbol.dispose]()
    for (const handle of this.#handles.values()) handle.letGo()
    await this.#restarting?.catch(() => {})
    const begun = this.#clock.now()
    const result = await this.#end(options, this.#bound(options))
    if (result === undefined) await this.#clear()
    this.#beating?.[Symbol.dispose]()
    this.#next.resolve(false)
    for (const handle of this.#handles.values()) {
      void handle.stop('the speaker stops')
      await handle.releaseUnlessDone()
    }
    this.#events.push({ type: 'stopped' })
    this.#events.end()
    return result ?? { acknowledged: false, acknowledgedAfter: this.#clock.now() - begun }
  }

  /** Seconds that a stop may take. */
  #bound({ timeout = 6, hold = 2 }: StopOptions): number {
    const releases = [...this.#handles.values()].map((handle) => handle.releaseSeconds)
    const shutdown = this.#parsed.stubRouter?.onShutdown ?? 0
    return shutdown + Math.max(timeout, hold) + Math.max(0, ...releases) + STOP_SLACK
  }

  /** @returns undefined when there was no child, or it ended without an answer */
  async #end(options: StopOptions, seconds: number): Promise<StopResult | undefined> {
    const connection = this.#connection
    if (connection === undefined) return undefined
    const timer = this.#clock.setTimer(seconds * 1000, () => connection.kill())
    try {
      const result = (await connection.request({ do: 'stop', options })) as StopResult
      await connection.ended
      return result
    } catch {
      await connection.ended
      return undefined
    } finally {
      timer[Symbol.dispose]()
    }
  }

  /** The last child left in disorder: what it had in the kernel is adopted by another one, and goes with it. */
  async #clear(): Promise<void> {
    this.#isClearing = true
    try {
      await this.#connect(0, true)
      await this.#end({ timeout: 0, hold: 0 }, STOP_SLACK)
    } catch (error) {
      this.#events.push({ type: 'error', where: 'isolation', error: error as Error })
    }
    this.#isClearing = false
  }
}

function later(): {
  readonly promise: Promise<boolean>
  readonly resolve: (isThere: boolean) => void
} {
  let resolve!: (isThere: boolean) => void
  const promise = new Promise<boolean>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

/** What can leave the process. */
function plain({
  signal: _signal,
  sequenceStore: _store,
  isolate: _isolate,
  ...options
}: SpeakerOptions): Omit<SpeakerOptions, 'signal' | 'sequenceStore' | 'isolate'> {
  return options
}
