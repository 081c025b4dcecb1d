/**
 * Routes of the kernel: what the calculation wants against what is installed, one batched write per difference.
 *
 * Whose route is it? The kernel tells routes apart by prefix, TOS, metric and table; the protocol number is a label
 * that others use too (188 is FRR's as well). So a route is ours only when
 * - this process created it, with NLM_F_EXCL, and has heard of nobody replacing or deleting it since; or
 * - it was there when we started, with our table, metric and protocol and nothing that we never write, and we hold
 *   the lock that every owner of this table and metric holds while it lives: then it is a leftover of an earlier life.
 *   One that leads to a next-hop group of ours is ours whatever its source address; any other has to have the one that
 *   we give it.
 * Everything else is left alone and reported as foreign. A route that someone slips in between our last look and
 * our write can still be hit: the kernel has no "replace only this one".
 *
 * The kernel drops the routes of a device that goes down, or away, without a word, and its next-hop objects as well:
 * hence the eye on the links.
 *
 * Several next hops are in the route itself, or in a group that it leads to: see nexthops.ts. Then a round is: leaves
 * and groups, routes, and at the end what nobody uses any more.
 */
import { realClock } from '../clock.ts'
import type { RouteChange } from '../core/io.ts'
import { OspfError } from '../errors.ts'
import type { Clock, FlushReason, KernelStatus, LinkPort, RouteSink } from '../ports.ts'
import { DueQueue } from './due-queue.ts'
import { EntryQueue, EntryTable } from './entry-table.ts'
import { NetlinkSocket } from './netlink.ts'
import { MessageFlag, type NetlinkMessage } from './netlink-message.ts'
import {
  decodeNextHop,
  RTM_DELNEXTHOP,
  RTM_NEWNEXTHOP,
  RTNLGRP_NEXTHOP,
} from './nexthop-message.ts'
import { type Group, type Move, type NextHopSupport, NextHops, probeNextHops } from './nexthops.ts'
import {
  confirmed,
  type Entry,
  isUnheard,
  keyOf,
  leads,
  placeOf,
  removed,
  sameWay,
  type Way,
  wantedOf,
} from './route-entry.ts'
import { HopResolver } from './route-hops.ts'
import { lockNextHops, lockRoutes } from './route-lock.ts'
import {
  decodeRoute,
  type ReadRoute,
  RTM_DELROUTE,
  RTM_NEWROUTE,
  RTNLGRP_IPV4_ROUTE,
} from './route-message.ts'
import { chooseMode, isResilient } from './route-mode.ts'
import {
  type LinuxRoutesOptions,
  type RouteMode,
  type RouteSettings,
  routeSettings,
} from './route-options.ts'
import { putBackDelay, RETRY_FIRST, retryDelay } from './route-patience.ts'
import { byPrefix, isInPlace, readRoutes, refusalToWrite } from './route-reader.ts'
import { RouteReport } from './route-report.ts'
import { statusOf } from './route-status.ts'
import { type Round, requestsOf, type Step, spread, WayBook } from './route-step.ts'

/** Milliseconds from the first of several link changes to the look at the table. */
const LINK_SETTLE = 100
/** Attempts to remove each route at the end. */
const FAREWELLS = 3

/** The kernel's routing table as a RouteSink. */
export class LinuxRoutes implements RouteSink {
  readonly #links: Pick<LinkPort, 'links' | 'watch'>
  readonly #clock: Clock
  readonly #settings: RouteSettings
  readonly #report: RouteReport
  readonly #locks: readonly AsyncDisposable[]
  readonly #requests: NetlinkSocket
  readonly #monitor: NetlinkSocket
  /** Undefined: the kernel has no such thing. */
  readonly #nextHops: NextHops<Entry> | undefined
  readonly #entries = new EntryTable()
  /** Routes that were there at the start: ours only if we would give them their source address. */
  readonly #undecided = new Map<number, ReadRoute>()
  /** To be compared with the kernel at the next write. */
  readonly #ready = new EntryQueue()
  readonly #waiting: DueQueue<Entry>
  readonly #settling: (() => void)[] = []
  #watch: Disposable | undefined
  #lookAgain: Disposable | undefined
  #leftoverTimer: Disposable | undefined
  #unread = false
  /** Next-hop objects of an earlier life are to go. */
  #isFlushing = false
  #busy = true
  #closing: Promise<void> | undefined

  /** How several next hops are installed. */
  readonly mode: RouteMode

  get keepsConnections(): boolean {
    return this.mode.resilient && this.#settings.busyShare !== undefined
  }

  /**
   * Takes the locks, reads what an earlier life left, and begins to listen. Rejects with ERR_OSPF_DUPLICATE while
   * another process holds a lock, ERR_OSPF_CONFIG, ERR_OSPF_NATIVE, ERR_OSPF_KERNEL where the kernel lacks the mode that
   * is asked for, or what the kernel refuses with. Without CAP_NET_ADMIN it resolves, and tells.
   */
  static async open(options: LinuxRoutesOptions): Promise<LinuxRoutes> {
    const settings = routeSettings(options)
    const locks = [await lockRoutes(settings.table, settings.metric)]
    const opened: Disposable[] = []
    try {
      const { netlink } = options
      const requests = NetlinkSocket.open(netlink === undefined ? {} : { native: netlink })
      opened.push(requests)
      const support = await probeNextHops(requests)
      const mode = chooseMode(settings, support)
      if (support !== 'none') locks.push(await lockNextHops(settings.nextHopIds))
      const routes = new LinuxRoutes(options, settings, mode, support, locks, requests)
      opened.push(routes.#monitor)
      await routes.#start()
      return routes
    } catch (error) {
      for (const socket of opened) socket[Symbol.dispose]()
      for (const lock of locks) await lock[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(
    options: LinuxRoutesOptions,
    settings: RouteSettings,
    mode: RouteMode,
    support: NextHopSupport,
    locks: readonly AsyncDisposable[],
    requests: NetlinkSocket,
  ) {
    this.#links = options.links
    const { clock = realClock, onEvent = () => {} } = options
    this.#clock = clock
    this.#report = new RouteReport(onEvent, () => clock.now())
    this.#settings = settings
    this.mode = mode
    this.#locks = locks
    this.#requests = requests
    this.#waiting = new DueQueue(this.#clock, (due) => this.#wake(due))
    const { protocol, nextHopIds: firstId, resilient, receiveBuffer } = settings
    this.#nextHops =
      support === 'none' ? undefined : new NextHops({ requests, protocol, firstId, resilient })
    this.#monitor = NetlinkSocket.open({
      groups: [RTNLGRP_IPV4_ROUTE, ...(support === 'none' ? [] : [RTNLGRP_NEXTHOP])],
      receiveBuffer,
      notify: (messages) => this.#hear(messages),
      overrun: () => this.#overrun(),
    })
    this.#monitor.ignore(requests.portId)
  }

  async #start(): Promise<void> {
    await this.#nextHops?.adopt()
    for (const route of await this.#read(this.#settings.protocol)) {
      if (!this.#isOurs(route)) continue
      const { prefix, length, nextHop, source } = route
      const key = keyOf(prefix, length)
      // The first of several is the one that a replace hits; the others are not ours to judge.
      if (this.#entries.get(prefix, length) || this.#undecided.has(key)) continue
      const expected = route.hops.length === 0 ? undefined : this.#settings.source
      if (nextHop === undefined && source !== expected) {
        this.#undecided.set(key, route)
      } else {
        this.#adopt(this.#entries.add(prefix, length), route)
      }
    }
    const refusal = await refusalToWrite(this.#requests)
    if (refusal) this.#report.forbidden(refusal)
    this.#report.emit({ type: 'mode', ...this.mode })
    this.#watch = this.#links.watch(() => this.#linkChanged())
    if (this.#entries.size > 0 || (this.#nextHops?.size ?? 0) > 0) {
      const { leftoverTime } = this.#settings
      this.#leftoverTimer = this.#clock.setTimer(leftoverTime, () => this.flushLeftovers('time'))
    }
    this.#busy = false
    this.#kick()
  }

  #adopt(entry: Entry, { hops, nextHop, source }: ReadRoute): void {
    const group = nextHop === undefined ? undefined : this.#nextHops?.group(nextHop)
    this.#mark(entry, { hops, group, source })
    entry.leftover = true
  }

  /**
   * Takes over what changed. Of a route, the next hops with a gateway are installed; without one it is no route for
   * the kernel. Ignored once closing has begun.
   */
  apply(changes: readonly RouteChange[]): void {
    if (this.#closing !== undefined) return
    for (const change of changes) {
      const { prefix, length } = change.type === 'replace' ? change.route : change
      const own = change.type === 'replace' ? change.route.source : undefined
      const wanted = wantedOf(change)
      const source = wanted?.length === 0 ? undefined : (own ?? this.#settings.source)
      const known = this.#entries.get(prefix, length)
      if (wanted === undefined && known === undefined) continue
      const entry = known ?? this.#entries.add(prefix, length)
      const found = this.#undecided.size && this.#undecided.get(keyOf(prefix, length))
      if (found && known === undefined && found.source === source) {
        this.#adopt(entry, found)
        // It may have changed since.
        this.#unread = true
      }
      entry.wanted = wanted
      entry.source = source
      entry.attempts = 0
      this.#waiting.delete(entry)
      if (isUnheard(entry) && !entry.isUnderWay) {
        this.#ready.delete(entry)
        this.#forget(entry)
      } else this.#ready.add(entry)
    }
    this.#kick()
  }

  get hasLeftovers(): boolean {
    return this.#leftoverTimer !== undefined
  }

  flushLeftovers(why: FlushReason): void {
    if (this.#closing !== undefined || this.#leftoverTimer === undefined) return
    this.#leftoverTimer[Symbol.dispose]()
    this.#leftoverTimer = undefined
    let routes = 0
    for (const entry of this.#entries.values()) {
      if (!entry.leftover || entry.wanted !== undefined) continue
      this.#ready.add(entry)
      routes++
    }
    if (routes > 0) this.#report.emit({ type: 'leftovers', routes, why })
    this.#isFlushing = this.#nextHops !== undefined
    this.#kick()
  }

  status(): KernelStatus {
    return statusOf({
      entries: this.#entries.values(),
      settings: this.#settings,
      mode: this.mode,
      groups: this.#nextHops?.groups ?? 0,
      report: this.#report,
      now: this.#clock.now(),
    })
  }

  async settled(): Promise<void> {
    if (!this.#busy) return
    await new Promise<void>((resolve) => this.#settling.push(resolve))
  }

  /**
   * Removes every route of ours, those of an earlier life included, or with `keep` leaves them; releases the locks.
   * Idempotent.
   */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#watch?.[Symbol.dispose]()
    this.#waiting[Symbol.dispose]()
    this.#lookAgain?.[Symbol.dispose]()
    this.#leftoverTimer?.[Symbol.dispose]()
    this.#monitor.close()
    if (!this.#settings.keep) await this.#leave()
    await this.settled()
    this.#requests.close()
    for (const lock of this.#locks) await lock[Symbol.asyncDispose]()
  }

  async #leave(): Promise<void> {
    for (const entry of this.#entries.values()) entry.wanted = undefined
    for (let round = 0; round < FAREWELLS; round++) {
      if (this.#entries.size === 0 && (this.#nextHops?.size ?? 0) === 0) return
      await this.settled()
      for (const entry of this.#entries.values()) this.#ready.add(entry)
      this.#isFlushing = this.#nextHops !== undefined
      this.#kick()
    }
  }

  /** This is in the kernel, or may be; its groups are in use. */
  #mark(entry: Entry, installed: Way | undefined, uncertain?: Entry['uncertain']): void {
    const was = entry.installed?.group
    const perhaps = entry.uncertain?.way.group
    const is = installed?.group
    const maybe = uncertain?.way.group
    entry.installed = installed
    entry.uncertain = uncertain
    if (is !== was) this.#nextHops?.use(is, entry)
    this.#nextHops?.use(maybe, entry)
    if (was !== is && was !== maybe) this.#nextHops?.release(was, entry)
    if (perhaps !== is && perhaps !== maybe) this.#nextHops?.release(perhaps, entry)
  }

  #forget(entry: Entry): void {
    this.#entries.delete(entry)
    this.#nextHops?.disown(entry)
  }

  #kick(): void {
    if (this.#busy || (this.#ready.size === 0 && !this.#unread && !this.#isFlushing)) return
    this.#busy = true
    void this.#work()
  }

  /** One write at a time; what is wanted meanwhile goes with the next. */
  async #work(): Promise<void> {
    do {
      if (this.#unread) await this.#compare()
      // What the kernel has told up to now counts before anything is replaced.
      this.#monitor.poll()
      await this.#round()
      this.#report.tell()
      if (this.#ready.size === 0 && !this.#unread) await this.#collect()
    } while (this.#ready.size > 0 || this.#unread)
    this.#busy = false
    for (const resolve of this.#settling.splice(0)) resolve()
  }

  /** Brings the kernel in line with what is wanted of all that are ready. */
  async #round(): Promise<void> {
    const entries = this.#ready.take()
    if (entries.length === 0) return
    const now = this.#clock.now()
    const round = this.#targets(entries, now)
    // what needs no group is sent before this call returns
    if (this.#nextHops?.isPlanned) await this.#writeGroups(round, now)
    const planned: Step[] = []
    // pairs of `entries()` would be thousands of objects, here and below
    for (let i = 0; i < entries.length; i++) {
      const step = this.#plan(entries[i]!, round.targets[i])
      if (step !== undefined) planned.push(step)
    }
    const steps = spread(planned)
    const refusals = await this.#requests
      .bulk(requestsOf(steps, this.#settings))
      .catch((error: OspfError) => new Map(steps.map((_, i) => [i, error])))
    for (const entry of entries) entry.isUnderWay = false
    if (refusals.size < steps.length) this.#report.allowed()
    const taken: Step[] = []
    for (let i = 0; i < steps.length; i++) {
      if (this.#conclude(steps[i]!, refusals.get(i), now) === 'taken') taken.push(steps[i]!)
    }
    if (taken.length > 0) await this.#look(taken, now)
  }

  #targets(entries: readonly Entry[], now: number): Round {
    const targets: Round['targets'] = []
    const moves: Move<Entry>[] = []
    const places: number[] = []
    const leaving: Entry[] = []
    const resolver = new HopResolver(this.#links, this.#settings)
    const ways = new WayBook()
    for (const entry of entries) {
      const place = targets.push(undefined) - 1
      if (entry.wanted === undefined) {
        targets[place] = 'none'
        leaving.push(entry)
        continue
      }
      const own = this.mode.resilient && isResilient(this.#settings, entry)
      const set = resolver.resolve(entry.wanted, own)
      if (set instanceof OspfError) {
        this.#failed(entry, 'install', set, now)
      } else if (this.mode.mode === 'multipath' || set.hops.length === 0) {
        targets[place] = ways.way(set.hops, undefined, entry.source)
      } else if (!entry.foreign) {
        moves.push({ user: entry, set, current: entry.installed?.group, isResilient: own })
        places.push(place)
      }
    }
    const groups = moves.length > 0 ? this.#planGroups(moves, leaving, now) : []
    for (let i = 0; i < groups.length; i++)
      targets[places[i]!] = ways.way([], groups[i]!, moves[i]!.user.source)
    return { targets, moves, places, groups }
  }

  /** Makes the groups that routes are to lead to. Those that cannot be had lead nowhere now. */
  async #writeGroups({ targets, moves, places, groups }: Round, now: number): Promise<void> {
    const { failed, gone, stale } = await this.#nextHops!.write()
    this.#unread ||= stale
    for (const group of gone) this.#vanished(group)
    for (let i = 0; i < groups.length; i++) {
      const group = groups[i]!
      const error = failed.get(group)
      if (error === undefined && !gone.includes(group)) continue
      targets[places[i]!] = undefined
      const entry = moves[i]!.user
      if (error === undefined) continue
      if (stale && entry.attempts === 0) {
        // Once more at once, then with more and more patience.
        entry.attempts = 1
        this.#ready.add(entry)
      } else this.#failed(entry, 'install', error, now)
    }
    this.#monitor.poll() // what was told meanwhile, as above
  }

  #planGroups(
    moves: readonly Move<Entry>[],
    leaving: readonly Entry[],
    now: number,
  ): readonly Group[] {
    try {
      return this.#nextHops?.plan(moves, leaving) ?? []
    } catch (error) {
      // No id is left.
      if (!(error instanceof OspfError)) throw error
      for (const { user } of moves) this.#failed(user, 'install', error, now)
      return []
    }
  }

  /** The kernel had dropped a group before we heard of it: its routes are gone, too. */
  #vanished(group: Group): void {
    for (const entry of [...(this.#nextHops?.users(group) ?? [])]) {
      if (entry.installed?.group === group) this.#mark(entry, undefined, entry.uncertain)
      this.#ready.add(entry)
    }
  }

  /** What it takes to bring a route in line, if anything. */
  #plan(entry: Entry, target: Way | 'none' | undefined): Step | undefined {
    const { installed, twins } = entry
    if (target === 'none') {
      if (installed !== undefined) return { entry, action: 'remove', way: installed }
      if (entry.uncertain === undefined && entry.wanted === undefined) this.#forget(entry)
      return undefined
    }
    if (target === undefined) return undefined
    if (sameWay(installed, target)) {
      this.#confirm(entry)
      return undefined
    }
    if (installed !== undefined) {
      return twins > 0
        ? { entry, action: 'remove', way: installed }
        : { entry, action: 'replace', way: target }
    }
    return entry.foreign ? undefined : { entry, action: 'create', way: target }
  }

  /** Takes the kernel's answer. */
  #conclude(step: Step, error: OspfError | undefined, now: number): 'taken' | undefined {
    const { entry, action, way } = step
    const errno = error?.errno
    // EINVAL: perhaps the group is gone, as its devices were down.
    if (errno === 'ENOBUFS' || (errno === 'EINVAL' && way.group !== undefined)) {
      this.#mark(entry, entry.installed, { way, error: error! })
      this.#unread = true
    } else if (action === 'remove' && (error === undefined || errno === 'ESRCH')) {
      if (entry.leftover)
        this.#report.emit({ type: 'leftover', ...placeOf(entry), action: 'deleted' })
      this.#mark(entry, undefined)
      removed(entry)
      if (entry.wanted === undefined && !entry.isReady) this.#forget(entry)
      else this.#ready.add(entry)
    } else if (error === undefined) {
      this.#mark(entry, way)
      entry.written = true
      if (action === 'create') entry.twins = 0
      this.#confirm(entry)
    } else if (action === 'create' && errno === 'EEXIST') {
      return 'taken'
    } else if (action === 'replace' && (errno === 'ENOENT' || errno === 'ESRCH')) {
      // The kernel had dropped it already.
      this.#mark(entry, undefined)
      this.#ready.add(entry)
    } else {
      this.#failed(entry, action === 'remove' ? 'remove' : 'install', error, now)
    }
    return undefined
  }

  /** What is wanted is in the kernel. */
  #confirm(entry: Entry): void {
    if (entry.leftover)
      this.#report.emit({ type: 'leftover', ...placeOf(entry), action: 'adopted' })
    confirmed(entry)
  }

  #failed(entry: Entry, action: 'install' | 'remove', error: OspfError, now: number): void {
    const attempt = ++entry.attempts
    const delay = retryDelay(attempt)
    const last = this.#closing !== undefined
    const retryIn = last ? undefined : delay / 1000
    if (!last) this.#waiting.add(entry, now + delay)
    this.#report.failed({ ...placeOf(entry), action, error, attempt, retryIn })
  }

  /** The place of these was taken when we tried to create: by whom? */
  async #look(taken: readonly Step[], now: number): Promise<void> {
    const found = await this.#readAll(0)
    for (const { entry, way } of taken) {
      const there = found?.get(keyOf(entry.prefix, entry.length)) ?? []
      if (entry.written && there.some((route) => this.#isOurs(route) && leads(route, way))) {
        // We had written it and were wrong to think that it was lost.
        this.#mark(entry, way)
        this.#confirm(entry)
      } else if (there[0] !== undefined) {
        this.#foreign(entry, there[0].protocol)
      } else {
        this.#waiting.add(entry, now + RETRY_FIRST)
      }
    }
  }

  /** Removes next-hop objects that nobody uses. */
  async #collect(): Promise<void> {
    if (this.#nextHops === undefined) return
    try {
      if (this.#isFlushing) {
        this.#isFlushing = false
        const routes = await readRoutes(this.#requests, 0, this.#settings.protocol)
        this.#nextHops.releaseLeftovers(new Set(routes.map(({ nextHop = 0 }) => nextHop)))
      }
      for (const error of await this.#nextHops.collect()) {
        if (error.code === 'ERR_OSPF_PERMISSION') this.#report.forbidden(error)
        else this.#report.emit({ type: 'uncollected', error })
      }
    } catch (error) {
      if (!(error instanceof OspfError)) throw error
      if (error.code !== 'ERR_OSPF_STOPPED') this.#report.emit({ type: 'uncollected', error })
    }
  }

  /** Reads our routes and next-hop objects and finds out what is not as we think. */
  async #compare(): Promise<void> {
    this.#unread = false
    const changed = await this.#attempt(async () => this.#nextHops?.read())
    const found = changed === 'failed' ? undefined : await this.#readAll(this.#settings.protocol)
    if (changed === 'failed' || found === undefined) return
    const now = this.#clock.now()
    for (const change of ['gone', 'altered'] as const) {
      for (const group of changed?.[change] ?? []) {
        const users = this.#nextHops?.users(group) ?? new Set()
        if (users.size === 0) continue
        this.#report.emit({ type: 'group', id: group.id, change, routes: users.size })
        if (change === 'gone') continue
        // All at once, so that it is one change of the group.
        const delay = Math.max(...Array.from(users, (entry) => putBackDelay(entry, now)))
        for (const entry of users) if (!entry.isReady) this.#waiting.add(entry, now + delay)
      }
    }
    for (const entry of this.#entries.values()) {
      const { installed, uncertain } = entry
      const there = found.get(keyOf(entry.prefix, entry.length))
      const as = (way: Way | undefined): boolean =>
        there?.some((route) => this.#isOurs(route) && leads(route, way)) ?? false
      if (uncertain !== undefined) {
        this.#mark(entry, [uncertain.way, installed].find(as))
        entry.written ||= entry.installed !== undefined
        // Once more at once, then with more and more patience.
        const action = entry.wanted === undefined ? 'remove' : 'install'
        if (entry.attempts > 0) this.#failed(entry, action, uncertain.error, now)
        else this.#ready.add(entry)
        entry.attempts ||= 1
      } else if (installed !== undefined && !as(installed)) {
        const [other] = there ?? []
        if (other !== undefined) this.#foreign(entry, other.protocol)
        else this.#lost(entry, now, changed?.gone.includes(installed.group!))
      } else if (entry.foreign || entry.attempts > 0) {
        // Perhaps the way is free now.
        entry.foreign = false
        this.#waiting.delete(entry)
        this.#ready.add(entry)
      }
    }
    this.#report.tell()
  }

  /** A route is gone; `isTold`: that its group is gone has been said. */
  #lost(entry: Entry, now: number, isTold = false): void {
    this.#mark(entry, undefined)
    Object.assign(entry, { leftover: false, twins: 0 })
    if (entry.wanted === undefined) {
      this.#ready.add(entry)
      return
    }
    const delay = putBackDelay(entry, now)
    this.#waiting.add(entry, now + delay)
    if (!isTold) this.#report.emit({ type: 'lost', ...placeOf(entry), putBackIn: delay / 1000 })
  }

  #foreign(entry: Entry, protocol: number): void {
    this.#mark(entry, undefined)
    Object.assign(entry, { leftover: false, foreign: true, attempts: 0 })
    this.#ready.delete(entry)
    if (entry.wanted === undefined) {
      this.#ready.add(entry)
    } else if (entry.reported !== protocol) {
      entry.reported = protocol
      this.#report.emit({ type: 'foreign', ...placeOf(entry), protocol })
    }
  }

  /** Changes that others made to the table, and to our next-hop objects. */
  #hear(messages: readonly NetlinkMessage[]): void {
    for (const message of messages) {
      if (message.portId === this.#requests.portId) continue
      if (message.type === RTM_NEWNEXTHOP || message.type === RTM_DELNEXTHOP) {
        const object = decodeNextHop(message)
        if (object !== undefined && this.#nextHops?.has(object.id)) this.#unread = true
        continue
      }
      if (message.type !== RTM_NEWROUTE && message.type !== RTM_DELROUTE) continue
      const route = decodeRoute(message)
      if (route === undefined || !isInPlace(route, this.#settings)) continue
      const entry = this.#entries.get(route.prefix, route.length)
      // Before the first reading is done, and while the route is being written, there is no telling which came first.
      if (this.#watch === undefined) this.#unread = true
      else if (entry !== undefined) this.#heard(message, route, entry)
    }
    this.#kick()
  }

  #heard({ type, flags }: NetlinkMessage, route: ReadRoute, entry: Entry): void {
    const own = this.#isOurs(route) && leads(route, entry.installed)
    const replaced = (flags & MessageFlag.replace) !== 0
    if (entry.isUnderWay || (replaced && entry.twins > 0)) {
      this.#unread = true
    } else if (type === RTM_DELROUTE && own) {
      this.#lost(entry, this.#clock.now())
    } else if (type === RTM_DELROUTE) {
      if (entry.twins > 0) entry.twins--
      if (entry.foreign) this.#ready.add(entry)
      entry.foreign = false
    } else if (entry.installed !== undefined && !own) {
      if (replaced) this.#foreign(entry, route.protocol)
      else entry.twins++
    }
  }

  #overrun(): void {
    this.#unread = true
    this.#report.emit({ type: 'overrun' })
    this.#kick()
  }

  #linkChanged(): void {
    this.#lookAgain ??= this.#clock.setTimer(LINK_SETTLE, () => this.#reread())
  }

  #reread(): void {
    this.#lookAgain = undefined
    this.#unread = true
    this.#kick()
  }

  #wake(due: readonly Entry[]): void {
    for (const entry of due) this.#ready.add(entry)
    this.#kick()
  }

  /** It may be ours: whether it is depends on where it leads, and on its source address. */
  #isOurs({ protocol, plain, nextHop }: ReadRoute): boolean {
    if (protocol !== this.#settings.protocol || !plain) return false
    return nextHop === undefined || this.#nextHops?.group(nextHop) !== undefined
  }

  /** Routes with our table, metric and TOS; protocol 0 is any. Undefined after a failure, which is reported. */
  async #readAll(protocol: number): Promise<Map<number, ReadRoute[]> | undefined> {
    const routes = await this.#attempt(() => this.#read(protocol))
    return routes === 'failed' ? undefined : byPrefix(routes)
  }

  /** Reads; a failure is reported, and it is looked again. */
  async #attempt<T>(read: () => Promise<T>): Promise<T | 'failed'> {
    try {
      return await read()
    } catch (error) {
      if (this.#closing !== undefined || !(error instanceof OspfError)) return 'failed'
      this.#report.emit({ type: 'unreadable', error, retryIn: RETRY_FIRST / 1000 })
      this.#lookAgain ??= this.#clock.setTimer(RETRY_FIRST, () => this.#reread())
      return 'failed'
    }
  }

  async #read(protocol: number): Promise<ReadRoute[]> {
    const routes = await readRoutes(this.#requests, this.#settings.table, protocol)
    return routes.filter((route) => isInPlace(route, this.#settings))
  }
}
