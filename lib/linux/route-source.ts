/**
 * The kernel's routes of one table, read once and followed over rtnetlink: what redistribution lives on.
 *
 * The kernel removes the routes of a device that is taken down without a word, and keeps those of a device that lost
 * its carrier: hence the eye on the links. What the notifications leave in doubt (several routes of one metric, a
 * buffer that was too small) is read again.
 */
import { isDeepStrictEqual } from 'node:util'
import { realClock } from '../clock.ts'
import type { OspfError } from '../errors.ts'
import type {
  Clock,
  LinkPort,
  RouteSource,
  SourceChange,
  SourceRoute,
  SourceRouteType,
} from '../ports.ts'
import { Follower } from './follower.ts'
import { NetlinkSocket } from './netlink.ts'
import { MessageFlag, type NetlinkMessage } from './netlink-message.ts'
import {
  decodeSeenRoute,
  RTM_DELROUTE,
  RTM_NEWROUTE,
  RTNLGRP_IPV4_ROUTE,
  type SeenRoute,
} from './route-message.ts'
import { dumpRoutes } from './route-reader.ts'

export interface LinuxRouteSourceOptions {
  /** Devices by index, and whether they are up. */
  readonly links: Pick<LinkPort, 'links' | 'watch'>
  /** Default 254, main. */
  readonly table?: number
  /** Default false. */
  readonly isOfSink?: boolean
  /** Octets, of the socket that listens. Default 8 MiB. */
  readonly receiveBuffer?: number
  readonly clock?: Clock
  /** A re-read failed; what is known may be out of date until the next one, a second later. */
  readonly onError?: (error: OspfError) => void
  /** The kernel had more to tell than the buffer held; the table is read again. */
  readonly onOverrun?: () => void
}

/** Milliseconds from the first of several changes to the telling of them. */
const SETTLE = 50
/** Milliseconds from the first of several link changes to the look at the table. */
const LINK_SETTLE = 100
/** Notifications kept while the table is read. */
const BACKLOG_LIMIT = 65_536

/** RTN_* of linux/rtnetlink.h. Others are the kernel's own business: local addresses, broadcasts. */
export const sourceRouteTypes: Readonly<Record<number, SourceRouteType>> = {
  1: 'unicast',
  6: 'blackhole',
  7: 'unreachable',
  8: 'prohibit',
}

/** The routes of one destination, by metric. */
interface Entry {
  readonly prefix: number
  readonly length: number
  seen: readonly SeenRoute[]
  told: readonly SourceRoute[]
}

/** A table of the kernel as a RouteSource. */
export class LinuxRouteSource implements RouteSource {
  readonly #options: LinuxRouteSourceOptions
  readonly table: number
  readonly isOfSink: boolean
  readonly #clock: Clock
  readonly #follower: Follower<readonly SeenRoute[]>
  readonly #requests: NetlinkSocket
  readonly #monitor: NetlinkSocket
  readonly #watchers = new Set<(changes: readonly SourceChange[]) => void>()
  readonly #watch: Disposable
  #entries = new Map<number, Entry>()
  readonly #changed = new Set<number>()
  #telling: Disposable | undefined
  #closed = false

  /** Reads what is there and begins to follow. Throws OspfError when the kernel refuses. */
  static async open(options: LinuxRouteSourceOptions): Promise<LinuxRouteSource> {
    const source = new LinuxRouteSource(options)
    try {
      await source.#follower.read()
      source.#tell()
    } catch (error) {
      await source[Symbol.asyncDispose]()
      throw error
    }
    return source
  }

  private constructor(options: LinuxRouteSourceOptions) {
    this.#options = options
    this.table = options.table ?? 254
    this.isOfSink = options.isOfSink ?? false
    this.#clock = options.clock ?? realClock
    this.#follower = new Follower({
      clock: this.#clock,
      backlog: BACKLOG_LIMIT,
      read: () => this.#dump(),
      take: (found, told) => this.#take(found, told),
      apply: (messages) => {
        for (const message of messages) this.#apply(message)
      },
      changed: () => this.#tellSoon(),
      onError: options.onError,
      onOverrun: options.onOverrun,
    })
    this.#requests = NetlinkSocket.open()
    try {
      this.#monitor = NetlinkSocket.open({
        groups: [RTNLGRP_IPV4_ROUTE],
        receiveBuffer: options.receiveBuffer ?? 0x800000,
        notify: (messages) => this.#follower.hear(messages),
        overrun: () => this.#follower.overrun(),
      })
    } catch (error) {
      this.#requests.close()
      throw error
    }
    this.#watch = options.links.watch(() => this.#linkChanged())
  }

  *routes(): Generator<SourceChange> {
    for (const { prefix, length, told } of this.#entries.values()) {
      if (told.length > 0) yield { prefix, length, routes: told }
    }
  }

  watch(changed: (changes: readonly SourceChange[]) => void): Disposable {
    // A wrapper, so that the same function may watch twice.
    const watcher = (changes: readonly SourceChange[]): void => changed(changes)
    this.#watchers.add(watcher)
    return { [Symbol.dispose]: () => void this.#watchers.delete(watcher) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#telling?.[Symbol.dispose]()
    this.#follower[Symbol.dispose]()
    this.#watch[Symbol.dispose]()
    this.#watchers.clear()
    this.#monitor.close()
    this.#requests.close()
  }

  #linkChanged(): void {
    // what hangs on a device that lost its carrier is not told of again
    for (const [key, { seen }] of this.#entries) if (seen.length > 0) this.#changed.add(key)
    this.#tellSoon()
    this.#follower.rereadIn(LINK_SETTLE)
  }

  #take(found: readonly SeenRoute[], told: readonly NetlinkMessage[]): void {
    const before = this.#entries
    this.#entries = new Map()
    for (const route of found) this.#keep(route, 'after')
    for (const message of told) this.#apply(message)
    for (const [key, entry] of before) {
      const now = this.#entries.get(key)
      if (now) now.told = entry.told
      else this.#entries.set(key, { ...entry, seen: [] })
      this.#changed.add(key)
    }
  }

  async #dump(): Promise<readonly SeenRoute[]> {
    const messages = await dumpRoutes(this.#requests, this.table)
    return messages.flatMap((message) => this.#decode(message) ?? [])
  }

  #decode(message: NetlinkMessage): SeenRoute | undefined {
    const route = decodeSeenRoute(message)
    const isHere = route?.table === this.table && route.tos === 0 && sourceRouteTypes[route.type]
    return isHere ? route : undefined
  }

  #apply(message: NetlinkMessage): void {
    const isNew = message.type === RTM_NEWROUTE
    if (!isNew && message.type !== RTM_DELROUTE) return
    const route = this.#decode(message)
    if (route === undefined) return
    const same = this.#entries
      .get(keyOf(route))
      ?.seen.filter(({ metric }) => metric === route.metric)
    const rivals = same?.length ?? 0
    // it was read while it was told
    if (isNew && same?.some((other) => isDeepStrictEqual(other, route))) return
    if (rivals > 1 || (isNew && rivals === 1 && !(message.flags & MessageFlag.replace))) {
      // which of them goes, and which is before which, is for the table to say
      this.#follower.rereadIn(0)
    } else if (isNew) {
      this.#forget(route)
      this.#keep(route, 'before')
    } else if (same?.[0]?.protocol === route.protocol) {
      this.#forget(route)
    }
  }

  /** Keeps the routes of a destination in the order of their metrics. */
  #keep(route: SeenRoute, among: 'before' | 'after'): void {
    const key = keyOf(route)
    const { prefix, length, metric } = route
    const entry = this.#entries.get(key) ?? { prefix, length, seen: [], told: [] }
    const at = entry.seen.findIndex((other) =>
      among === 'before' ? other.metric >= metric : other.metric > metric,
    )
    entry.seen = at < 0 ? [...entry.seen, route] : entry.seen.toSpliced(at, 0, route)
    this.#entries.set(key, entry)
    this.#changed.add(key)
  }

  #forget(route: SeenRoute): void {
    const key = keyOf(route)
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    entry.seen = entry.seen.filter(({ metric }) => metric !== route.metric)
    this.#changed.add(key)
  }

  #tellSoon(): void {
    if (this.#changed.size === 0 || this.#closed) return
    this.#telling ??= this.#clock.setTimer(SETTLE, () => {
      this.#telling = undefined
      this.#tell()
    })
  }

  /** Tells the difference to what was told before. */
  #tell(): void {
    const names = new Map<number, string>()
    for (const { index, name, up } of this.#options.links.links().values()) {
      if (up) names.set(index, name)
    }
    const changes: SourceChange[] = []
    for (const key of this.#changed) {
      const entry = this.#entries.get(key)
      if (entry === undefined) continue
      const { prefix, length, seen, told } = entry
      const routes = seen.flatMap((route) => usable(route, names) ?? [])
      if (seen.length === 0) this.#entries.delete(key)
      if (routes.length === told.length && routes.every((r, i) => sameRoute(r, told[i]!))) continue
      entry.told = routes
      changes.push({ prefix, length, routes })
    }
    this.#changed.clear()
    if (changes.length === 0) return
    for (const watcher of [...this.#watchers]) {
      try {
        watcher(changes)
      } catch (error) {
        // One that throws does not keep the others in the dark.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}

const keyOf = ({ prefix, length }: { prefix: number; length: number }): number =>
  prefix * 64 + length

/** Undefined when all of its devices are down. */
function usable(route: SeenRoute, up: ReadonlyMap<number, string>): SourceRoute | undefined {
  const { prefix, length, table, metric, protocol, scope, hops } = route
  const alive = hops.filter(({ index }) => up.has(index))
  if (hops.length > 0 && alive.length === 0) return undefined
  const only = hops.length === 1 ? hops[0] : undefined
  const type = sourceRouteTypes[route.type] ?? 'unicast'
  const device = only && up.get(only.index)
  // one by one: see encodeLsa
  return { prefix, length, type, protocol, metric, table, scope, device, gateway: only?.gateway }
}

const sameRoute = (a: SourceRoute, b: SourceRoute): boolean =>
  a.type === b.type &&
  a.protocol === b.protocol &&
  a.metric === b.metric &&
  a.scope === b.scope &&
  a.device === b.device &&
  a.gateway === b.gateway
