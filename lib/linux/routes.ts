/**
 * Routes of the kernel: what the calculation wants against what is installed, one batched write per difference.
 *
 * Whose route is it? The kernel tells routes apart by prefix, TOS, metric and table; the protocol number is a label
 * that others use too (188 is FRR's as well). So a route is ours only when
 * - this process created it, with NLM_F_EXCL, and has heard of nobody replacing or deleting it since; or
 * - it was there when we started, with our table, metric and protocol and nothing that we never write, and we hold
 *   the lock that every owner of this table and metric holds while it lives: then it is a leftover of an earlier life.
 * Everything else is left alone and reported as foreign. A route that someone slips in between our last look and
 * our write can still be hit: the kernel has no "replace only this one".
 *
 * The kernel drops the routes of a device that goes down, or away, without a word: hence the eye on the links.
 */
import { realClock } from '../clock.ts'
import type { NextHop, RouteChange } from '../core/io.ts'
import { OspfError } from '../errors.ts'
import type { Clock, LinkPort, RouteSink } from '../ports.ts'
import { formatPrefix } from '../wire/address.ts'
import { NetlinkSocket, type Request } from './netlink.ts'
import { MessageFlag, type NetlinkMessage } from './netlink-message.ts'
import { lockRoutes } from './route-lock.ts'
import {
  decodeRoute,
  encodeRoute,
  encodeRouteQuery,
  type Hop,
  type ReadRoute,
  RTM_DELROUTE,
  RTM_GETROUTE,
  RTM_NEWROUTE,
  RTNLGRP_IPV4_ROUTE,
  sameHops,
} from './route-message.ts'

/** What the sink has to say. Times in seconds. */
export type RouteEvent =
  | {
      /** The kernel refused; `retryIn` is undefined when there will be no other attempt. */
      readonly type: 'error'
      readonly prefix: number
      readonly length: number
      readonly action: 'install' | 'remove'
      readonly error: OspfError
      readonly attempt: number
      readonly retryIn: number | undefined
    }
  | {
      /** Somebody else's route with our metric is in the place of ours. Ours goes in when it leaves. */
      readonly type: 'foreign'
      readonly prefix: number
      readonly length: number
      /** As in /etc/iproute2/rt_protos. */
      readonly protocol: number
    }
  | {
      /** A route of ours is gone and not by us; it is put back. */
      readonly type: 'lost'
      readonly prefix: number
      readonly length: number
      readonly putBackIn: number
    }
  | {
      /** A route from an earlier life. */
      readonly type: 'leftover'
      readonly prefix: number
      readonly length: number
      readonly action: 'adopted' | 'deleted'
    }
  /** More route changes than the receive buffer held; the table was read again. */
  | { readonly type: 'overrun' }
  /** The table could not be read; tried again in `retryIn` seconds. */
  | { readonly type: 'unreadable'; readonly error: OspfError; readonly retryIn: number }

export interface LinuxRoutesOptions {
  /** Where next hops' devices are looked up, and whose changes mean "look again". */
  readonly links: Pick<LinkPort, 'links' | 'watch'>
  /** Default 254, main. */
  readonly table?: number
  /** 1 and up; smaller is preferred. Default 20. */
  readonly metric?: number
  /** 5 to 255. Default 188. */
  readonly protocol?: number
  /** Seconds that routes of an earlier life wait to be confirmed before they are deleted. Default 60. */
  readonly leftoverTime?: number
  /** Octets, of the socket that listens. Default 8 MiB. */
  readonly receiveBuffer?: number
  readonly clock?: Clock
  readonly onEvent?: (event: RouteEvent) => void
}

/** Milliseconds. */
const RETRY_FIRST = 1000
const RETRY_LAST = 60_000
const PUT_BACK_FIRST = 100
/** A route that was not lost for so long starts over with the first delay. */
const PUT_BACK_FORGET = 60_000
/** From the first of several link changes to the look at the table. */
const LINK_SETTLE = 100
/** Attempts to remove each route at the end. */
const FAREWELLS = 3

/** One destination. */
interface Entry {
  readonly prefix: number
  readonly length: number
  wanted: readonly NextHop[] | undefined
  /** Our route in the kernel. */
  installed: readonly Hop[] | undefined
  /** A write whose answer got lost. */
  uncertain: { readonly hops: readonly Hop[]; readonly error: OspfError } | undefined
  /** From an earlier life and not confirmed yet. */
  leftover: boolean
  /** We wrote it in this life. */
  written: boolean
  /** Somebody else's route is there. */
  foreign: boolean
  /** The protocol of the foreign route that was reported. */
  reported: number | undefined
  /** Routes that others put beside ours: a replace might hit one of them. */
  twins: number
  attempts: number
  losses: number
  lostAt: number
}

type Action = 'create' | 'replace' | 'remove'

const flagsOf: Record<Action, number> = {
  create: MessageFlag.create | MessageFlag.exclusive,
  replace: MessageFlag.replace,
  remove: 0,
}

interface Step {
  readonly entry: Entry
  readonly action: Action
  readonly hops: readonly Hop[]
}

/** The kernel's routing table as a RouteSink. */
export class LinuxRoutes implements RouteSink {
  readonly #links: Pick<LinkPort, 'links' | 'watch'>
  readonly #clock: Clock
  readonly #table: number
  readonly #metric: number
  readonly #protocol: number
  readonly #onEvent: (event: RouteEvent) => void
  readonly #lock: AsyncDisposable
  readonly #requests: NetlinkSocket
  readonly #monitor: NetlinkSocket
  readonly #entries = new Map<number, Entry>()
  /** To be compared with the kernel at the next write. */
  readonly #ready = new Set<Entry>()
  /** Being written. */
  readonly #underWay = new Set<Entry>()
  /** Due at this instant. */
  readonly #waiting = new Map<Entry, number>()
  readonly #settling: (() => void)[] = []
  #watch: Disposable | undefined
  #alarm: { readonly due: number; readonly timer: Disposable } | undefined
  #lookAgain: Disposable | undefined
  #leftoverTimer: Disposable | undefined
  #unread = false
  #busy = true
  #closing: Promise<void> | undefined

  /**
   * Takes the lock, reads what an earlier life left, and begins to listen. Rejects with ERR_OSPF_DUPLICATE while
   * another process holds the lock, ERR_OSPF_CONFIG, ERR_OSPF_NATIVE, or what the kernel refuses with.
   */
  static async open(options: LinuxRoutesOptions): Promise<LinuxRoutes> {
    const { table = 254, metric = 20, protocol = 188 } = options
    within('table', table, 1, 0xffffffff)
    within('metric', metric, 1, 0xffffffff)
    within('protocol', protocol, 5, 255)
    const lock = await lockRoutes(table, metric)
    try {
      const routes = new LinuxRoutes(options, table, metric, protocol, lock)
      await routes.#start(options.leftoverTime ?? 60)
      return routes
    } catch (error) {
      await lock[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(
    options: LinuxRoutesOptions,
    table: number,
    metric: number,
    protocol: number,
    lock: AsyncDisposable,
  ) {
    this.#links = options.links
    this.#clock = options.clock ?? realClock
    this.#table = table
    this.#metric = metric
    this.#protocol = protocol
    this.#onEvent = options.onEvent ?? (() => {})
    this.#lock = lock
    this.#requests = NetlinkSocket.open()
    try {
      this.#monitor = NetlinkSocket.open({
        groups: [RTNLGRP_IPV4_ROUTE],
        receiveBuffer: options.receiveBuffer ?? 0x800000,
        notify: (messages) => this.#hear(messages),
        overrun: () => this.#overrun(),
      })
    } catch (error) {
      this.#requests.close()
      throw error
    }
    this.#monitor.ignore(this.#requests.portId)
  }

  async #start(leftoverTime: number): Promise<void> {
    const found = await this.#read(this.#protocol).catch((error: unknown) => {
      this.#requests.close()
      this.#monitor.close()
      throw error
    })
    for (const route of found) {
      if (!route.plain) continue
      const entry = this.#entry(route.prefix, route.length)
      // The first of several is the one that a replace hits; the others are not ours to judge.
      if (entry.installed !== undefined) continue
      entry.installed = route.hops
      entry.leftover = true
    }
    this.#watch = this.#links.watch(() => this.#linkChanged())
    this.#leftoverTimer = this.#clock.setTimer(leftoverTime * 1000, () => this.flushLeftovers())
    this.#busy = false
    this.#kick()
  }

  /**
   * Takes over what changed. Of a route, the next hops with a gateway are installed; without one it is no route for
   * the kernel. Ignored once closing has begun.
   */
  apply(changes: readonly RouteChange[]): void {
    if (this.#closing !== undefined) return
    for (const change of changes) {
      const { prefix, length } = change.type === 'replace' ? change.route : change
      const hops = change.type === 'replace' ? change.route.nextHops : []
      const wanted = hops.filter(({ gateway }) => gateway !== undefined)
      const known = this.#entries.get(keyOf(prefix, length))
      if (wanted.length === 0 && known === undefined) continue
      const entry = known ?? this.#entry(prefix, length)
      entry.wanted = wanted.length === 0 ? undefined : wanted
      entry.attempts = 0
      this.#waiting.delete(entry)
      this.#ready.add(entry)
    }
    this.#kick()
  }

  /** Deletes at once the routes of an earlier life that nobody has confirmed. */
  flushLeftovers(): void {
    this.#leftoverTimer?.[Symbol.dispose]()
    for (const entry of this.#entries.values()) {
      if (entry.leftover && entry.wanted === undefined) this.#ready.add(entry)
    }
    this.#kick()
  }

  async settled(): Promise<void> {
    if (!this.#busy) return
    await new Promise<void>((resolve) => this.#settling.push(resolve))
  }

  /** Removes every route of ours, those of an earlier life included, and releases the lock. Idempotent. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#watch?.[Symbol.dispose]()
    this.#alarm?.timer[Symbol.dispose]()
    this.#lookAgain?.[Symbol.dispose]()
    this.#leftoverTimer?.[Symbol.dispose]()
    this.#waiting.clear()
    this.#monitor.close()
    for (const entry of this.#entries.values()) entry.wanted = undefined
    for (let round = 0; round < FAREWELLS && this.#entries.size > 0; round++) {
      await this.settled()
      for (const entry of this.#entries.values()) this.#ready.add(entry)
      this.#kick()
    }
    await this.settled()
    this.#requests.close()
    await this.#lock[Symbol.asyncDispose]()
  }

  #entry(prefix: number, length: number): Entry {
    const key = keyOf(prefix, length)
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const entry: Entry = {
      prefix,
      length,
      wanted: undefined,
      installed: undefined,
      uncertain: undefined,
      leftover: false,
      written: false,
      foreign: false,
      reported: undefined,
      twins: 0,
      attempts: 0,
      losses: 0,
      lostAt: -Infinity,
    }
    this.#entries.set(key, entry)
    return entry
  }

  #kick(): void {
    if (this.#busy || (this.#ready.size === 0 && !this.#unread)) return
    this.#busy = true
    void this.#work()
  }

  /** One write at a time; what is wanted meanwhile goes with the next. */
  async #work(): Promise<void> {
    while (this.#ready.size > 0 || this.#unread) {
      if (this.#unread) await this.#compare()
      // What the kernel has told up to now counts before anything is replaced.
      this.#monitor.poll()
      const steps = [...this.#ready].flatMap((entry) => this.#plan(entry) ?? [])
      this.#ready.clear()
      for (const { entry } of steps) this.#underWay.add(entry)
      const outcomes = await this.#requests
        .batch(steps.map((step) => this.#request(step)))
        .catch((error: OspfError) => steps.map(() => error))
      this.#underWay.clear()
      const taken: Entry[] = []
      for (const [i, step] of steps.entries()) {
        if (this.#conclude(step, outcomes[i]) === 'taken') taken.push(step.entry)
      }
      if (taken.length > 0) await this.#look(taken)
    }
    this.#busy = false
    for (const resolve of this.#settling.splice(0)) resolve()
  }

  /** What it takes to bring the kernel in line, if anything. */
  #plan(entry: Entry): Step | undefined {
    const { wanted, installed, twins } = entry
    if (wanted === undefined) {
      if (installed !== undefined) return { entry, action: 'remove', hops: installed }
      if (entry.uncertain === undefined) this.#entries.delete(keyOf(entry.prefix, entry.length))
      return undefined
    }
    const hops = this.#resolve(wanted)
    if (hops instanceof OspfError) {
      this.#failed(entry, 'install', hops)
      return undefined
    }
    if (sameHops(installed, hops)) {
      this.#confirm(entry)
      return undefined
    }
    if (installed !== undefined) {
      return twins > 0
        ? { entry, action: 'remove', hops: installed }
        : { entry, action: 'replace', hops }
    }
    return entry.foreign ? undefined : { entry, action: 'create', hops }
  }

  #request({ entry: { prefix, length }, action, hops }: Step): Request {
    return {
      what: `${action} route ${formatPrefix(prefix, length)}`,
      type: action === 'remove' ? RTM_DELROUTE : RTM_NEWROUTE,
      flags: flagsOf[action],
      payload: encodeRoute({
        prefix,
        length,
        hops,
        table: this.#table,
        metric: this.#metric,
        protocol: this.#protocol,
      }),
    }
  }

  /** Takes the kernel's answer. */
  #conclude(step: Step, error: OspfError | undefined): 'taken' | undefined {
    const { entry, action, hops } = step
    const errno = error?.errno
    if (error !== undefined && errno === 'ENOBUFS') {
      entry.uncertain = { hops, error }
      this.#unread = true
    } else if (action === 'remove' && (error === undefined || errno === 'ESRCH')) {
      if (entry.leftover) this.#emit({ type: 'leftover', ...placeOf(entry), action: 'deleted' })
      Object.assign(entry, { installed: undefined, leftover: false, twins: 0, attempts: 0 })
      this.#ready.add(entry)
    } else if (error === undefined) {
      entry.installed = hops
      entry.written = true
      if (action === 'create') entry.twins = 0
      this.#confirm(entry)
    } else if (action === 'create' && errno === 'EEXIST') {
      return 'taken'
    } else if (action === 'replace' && (errno === 'ENOENT' || errno === 'ESRCH')) {
      // The kernel had dropped it already.
      entry.installed = undefined
      this.#ready.add(entry)
    } else {
      this.#failed(entry, action === 'remove' ? 'remove' : 'install', error)
    }
    return undefined
  }

  /** What is wanted is in the kernel. */
  #confirm(entry: Entry): void {
    if (entry.leftover) this.#emit({ type: 'leftover', ...placeOf(entry), action: 'adopted' })
    Object.assign(entry, { leftover: false, foreign: false, reported: undefined, attempts: 0 })
  }

  #failed(entry: Entry, action: 'install' | 'remove', error: OspfError): void {
    const attempt = ++entry.attempts
    const delay = Math.min(RETRY_FIRST * 2 ** (attempt - 1), RETRY_LAST)
    const last = this.#closing !== undefined
    const retryIn = last ? undefined : delay / 1000
    if (!last) this.#wait(entry, delay)
    this.#emit({ type: 'error', ...placeOf(entry), action, error, attempt, retryIn })
  }

  /** The place of these was taken when we tried to create: by whom? */
  async #look(taken: readonly Entry[]): Promise<void> {
    const found = await this.#readAll(0)
    for (const entry of taken) {
      const there = found?.get(keyOf(entry.prefix, entry.length)) ?? []
      const hops = entry.wanted === undefined ? undefined : this.#resolve(entry.wanted)
      const own = there.find((route) => this.#isOurs(route) && sameHops(route.hops, asHops(hops)))
      if (own !== undefined && entry.written) {
        // We had written it and were wrong to think that it was lost.
        entry.installed = own.hops
        this.#confirm(entry)
      } else if (there[0] !== undefined) {
        this.#foreign(entry, there[0].protocol)
      } else {
        this.#wait(entry, RETRY_FIRST)
      }
    }
  }

  /** Reads our routes and finds out what is not as we think. */
  async #compare(): Promise<void> {
    this.#unread = false
    const found = await this.#readAll(this.#protocol)
    if (found === undefined) return
    for (const entry of this.#entries.values()) {
      const { installed, uncertain } = entry
      const there = found.get(keyOf(entry.prefix, entry.length))?.filter((r) => this.#isOurs(r))
      const as = (hops: readonly Hop[] | undefined): boolean =>
        there?.some((route) => sameHops(route.hops, hops)) ?? false
      if (uncertain !== undefined) {
        entry.uncertain = undefined
        entry.installed = [uncertain.hops, installed].find((hops) => as(hops))
        entry.written ||= entry.installed !== undefined
        // Once more at once, then with more and more patience.
        const action = entry.wanted === undefined ? 'remove' : 'install'
        if (entry.attempts > 0) this.#failed(entry, action, uncertain.error)
        else this.#ready.add(entry)
        entry.attempts ||= 1
      } else if (installed !== undefined && !as(installed)) {
        const other = found.get(keyOf(entry.prefix, entry.length))?.[0]
        if (other === undefined) this.#lost(entry)
        else this.#foreign(entry, other.protocol)
      } else if (entry.foreign || entry.attempts > 0) {
        // Perhaps the way is free now.
        entry.foreign = false
        this.#waiting.delete(entry)
        this.#ready.add(entry)
      }
    }
  }

  #lost(entry: Entry): void {
    Object.assign(entry, { installed: undefined, leftover: false, twins: 0 })
    if (entry.wanted === undefined) {
      this.#ready.add(entry)
      return
    }
    const now = this.#clock.now()
    if (now - entry.lostAt > PUT_BACK_FORGET) entry.losses = 0
    entry.lostAt = now
    const delay = Math.min(PUT_BACK_FIRST * 2 ** entry.losses++, RETRY_LAST)
    this.#wait(entry, delay)
    this.#emit({ type: 'lost', ...placeOf(entry), putBackIn: delay / 1000 })
  }

  #foreign(entry: Entry, protocol: number): void {
    Object.assign(entry, { installed: undefined, leftover: false, foreign: true, attempts: 0 })
    this.#ready.delete(entry)
    if (entry.wanted === undefined) {
      this.#ready.add(entry)
    } else if (entry.reported !== protocol) {
      entry.reported = protocol
      this.#emit({ type: 'foreign', ...placeOf(entry), protocol })
    }
  }

  /** Changes that others made to the table. */
  #hear(messages: readonly NetlinkMessage[]): void {
    for (const message of messages) {
      if (message.type !== RTM_NEWROUTE && message.type !== RTM_DELROUTE) continue
      if (message.portId === this.#requests.portId) continue
      const route = decodeRoute(message)
      if (route === undefined || !this.#isInPlace(route)) continue
      const entry = this.#entries.get(keyOf(route.prefix, route.length))
      // Before the first reading is done, and while the route is being written, there is no telling which came first.
      if (this.#watch === undefined) this.#unread = true
      else if (entry !== undefined) this.#heard(message, route, entry)
    }
    this.#kick()
  }

  #heard({ type, flags }: NetlinkMessage, route: ReadRoute, entry: Entry): void {
    const own = this.#isOurs(route) && sameHops(route.hops, entry.installed)
    const replaced = (flags & MessageFlag.replace) !== 0
    if (this.#underWay.has(entry) || (replaced && entry.twins > 0)) {
      this.#unread = true
    } else if (type === RTM_DELROUTE && own) {
      this.#lost(entry)
    } else if (type === RTM_DELROUTE) {
      if (entry.twins > 0) entry.twins--
      if (entry.foreign) this.#ready.add(entry)
      entry.foreign = false
    } else if (entry.installed !== undefined && !own) {
      if (replaced) this.#foreign(entry, route.protocol)
      else entry.twins++
    }
  }

  #emit(event: RouteEvent): void {
    try {
      this.#onEvent(event)
    } catch (error) {
      // Whoever listens does not stop the work.
      queueMicrotask(() => {
        throw error
      })
    }
  }

  #overrun(): void {
    this.#unread = true
    this.#emit({ type: 'overrun' })
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

  #wait(entry: Entry, delay: number): void {
    const due = this.#clock.now() + delay
    this.#waiting.set(entry, due)
    this.#arm(due)
  }

  #arm(due: number): void {
    if (this.#alarm !== undefined && this.#alarm.due <= due) return
    this.#alarm?.timer[Symbol.dispose]()
    const timer = this.#clock.setTimer(due - this.#clock.now(), () => this.#wake(due))
    this.#alarm = { due, timer }
  }

  #wake(at: number): void {
    this.#alarm = undefined
    // A timer may fire a little early.
    const now = Math.max(at, this.#clock.now())
    let next = Infinity
    for (const [entry, due] of this.#waiting) {
      if (due > now) {
        next = Math.min(next, due)
        continue
      }
      this.#waiting.delete(entry)
      this.#ready.add(entry)
    }
    if (next < Infinity) this.#arm(next)
    this.#kick()
  }

  /** Devices by index. An error when one is unknown. */
  #resolve(wanted: readonly NextHop[]): readonly Hop[] | OspfError {
    const hops: Hop[] = []
    const links = this.#links.links()
    for (const { interface: name, gateway, onLink } of wanted) {
      const link = links.get(name)
      if (link === undefined) {
        return new OspfError('ERR_OSPF_NO_INTERFACE', `no such device: ${name}`)
      }
      const hop = { index: link.index, gateway: gateway!, ...(onLink ? { onLink } : {}) }
      if (!hops.some((h) => h.index === hop.index && h.gateway === hop.gateway)) hops.push(hop)
    }
    return hops
  }

  #isInPlace(route: ReadRoute): boolean {
    return route.table === this.#table && route.metric === this.#metric && route.tos === 0
  }

  #isOurs(route: ReadRoute): boolean {
    return route.protocol === this.#protocol && route.plain
  }

  /** Routes with our table, metric and TOS; protocol 0 is any. Undefined after a failure, which is reported. */
  async #readAll(protocol: number): Promise<Map<number, ReadRoute[]> | undefined> {
    try {
      const found = new Map<number, ReadRoute[]>()
      for (const route of await this.#read(protocol)) {
        const key = keyOf(route.prefix, route.length)
        const there = found.get(key)
        if (there === undefined) found.set(key, [route])
        else there.push(route)
      }
      return found
    } catch (error) {
      if (this.#closing !== undefined || !(error instanceof OspfError)) return undefined
      this.#emit({ type: 'unreadable', error, retryIn: RETRY_FIRST / 1000 })
      this.#lookAgain ??= this.#clock.setTimer(RETRY_FIRST, () => this.#reread())
      return undefined
    }
  }

  async #read(protocol: number): Promise<ReadRoute[]> {
    try {
      const messages = await this.#requests.dump({
        what: `read table ${this.#table}`,
        type: RTM_GETROUTE,
        payload: encodeRouteQuery(this.#table, protocol),
      })
      const routes = messages.flatMap((message) => decodeRoute(message) ?? [])
      // Kernels that do not know how to filter send everything.
      const matches = (r: ReadRoute): boolean => protocol === 0 || r.protocol === protocol
      return routes.filter((route) => this.#isInPlace(route) && matches(route))
    } catch (error) {
      // A table without routes does not exist.
      if (error instanceof OspfError && error.errno === 'ENOENT') return []
      throw error
    }
  }
}

const keyOf = (prefix: number, length: number): number => prefix * 64 + length

const placeOf = ({ prefix, length }: Entry): { prefix: number; length: number } => ({
  prefix,
  length,
})

const asHops = (hops: readonly Hop[] | OspfError | undefined): readonly Hop[] | undefined =>
  hops instanceof OspfError ? undefined : hops

function within(what: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  const message = `${what} of routes: ${value} is not a whole number from ${least} to ${most}`
  throw new OspfError('ERR_OSPF_CONFIG', message)
}
