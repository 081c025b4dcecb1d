/**
 * An OSPFv2 router (RFC 2328) without I/O: bytes, link states, configuration and the passing of time go in, bytes,
 * routes and events come out. It owns no clock, no socket and no randomness; the driver has those.
 *
 * Where is what
 *   io.ts                      what goes in and comes out, as unions of plain values
 *   events.ts                  what the router can say, and how it reads
 *   interface.ts, -fsm.ts      section 9: interface data, election (9.4), state machine (9.3)
 *   neighbor.ts, -fsm.ts       section 10: neighbor data and lists, adjacency (10.4), state machine (10.3)
 *   receive.ts                 8.2, the door
 *   hello.ts                   9.5, 10.5              database-description.ts   10.6, 10.8
 *   ls-request.ts              10.7, 10.9             ls-update.ts              13 (1) to (8), 13.2
 *   flood.ts                   13.3, 13.6             ls-ack.ts                 13.5, 13.7
 *   lsdb.ts                    12.1, 13.1, age        originate.ts              12.4, 13.4, 14.1, pacing
 *   spf.ts                     16.1 first stage       routes.ts                 16.1 second stage, the table, the diff
 *   spf-delay.ts               RFC 8405               timers.ts                 the heap of deadlines
 *   constants.ts               appendix B             area.ts                   section 6
 *
 * The main objects: a Router has Areas, an Area has an Lsdb and Interfaces, an Interface has Neighbors. An Lsdb has an
 * Entry for each LSA; the entry stays while immutable instances come and go, so retransmission lists and flood queues
 * hold entries.
 *
 * The heartbeat: each `handle*` call sets the time, does its work by plain function calls, and ends in `#settle`:
 * deferred steps run, our own LSAs are reconciled with what is to be said, queued updates and acknowledgements leave
 * (packed, once per input), LSAs that are acknowledged at MaxAge are removed. Then the driver drains `poll()` and
 * comes back at `nextTimeout()`.
 *
 * Departures from the RFC
 *   - Pacing of our own LSAs: see originate.ts. The long-run rate is that of MinLSInterval.
 *   - A copy that came as the answer to a request is not "received via flooding" in 13 (5a).
 *   - Nor does 13 (5a) hold up the flush of the instance that we have; and an LSA at MaxAge is kept some seconds after
 *     its last acknowledgement (14). Otherwise retransmitted copies of the live instance can chase its end for ever.
 *   - A new neighbor is answered with a Hello out of turn, so that adjacencies form sooner.
 *   - The checksum of LSAs is not verified again every CheckAge (14): an LSA here is immutable.
 *   - On leaving, our Router Priority becomes 0 first if there is a Backup Designated Router to take over.
 *
 * Supported: RFC 2328 with broadcast and point-to-point networks and one kind of area (normal), null authentication;
 * RFC 8405.
 */
import { formatIpv4 } from '../wire/address.ts'
import { type Lsa, type LsaHeader, LsType, lsaKey } from '../wire/lsa.ts'
import { encodePacket, type PacketBody } from '../wire/packet.ts'
import { Area, prefixKey } from './area.ts'
import {
  LS_REFRESH_TIME_S,
  MAX_AGE_HOLD_MS,
  MAX_AGE_S,
  MIN_LS_ARRIVAL_MS,
  MIN_LS_INTERVAL_MS,
} from './constants.ts'
import type { DropReason, MismatchField, OspfEvent } from './events.ts'
import { flushUpdates } from './flood.ts'
import { sendHello } from './hello.ts'
import { Interface } from './interface.ts'
import type {
  ConfigChange,
  Datagram,
  Instant,
  InterfaceConfig,
  LinkState,
  Output,
  Route,
} from './io.ts'
import { flushDirectAcks } from './ls-ack.ts'
import { ageOf, type Entry, Lsdb } from './lsdb.ts'
import type { Neighbor } from './neighbor.ts'
import { expire, payWithheld, reconcile, refreshOwn } from './originate.ts'
import { Random } from './random.ts'
import { receive } from './receive.ts'
import { diffRoutes, intraAreaRoutes, mergeRoutes } from './routes.ts'
import {
  type Counters,
  emptyCounters,
  type InterfaceSnapshot,
  type LsaSnapshot,
  type NeighborSnapshot,
  snapshotDatabase,
  snapshotInterfaces,
  snapshotNeighbors,
} from './snapshots.ts'
import { calculateTree, type Tree } from './spf.ts'
import { defaultSpfDelay, SpfDelay, type SpfDelayConfig } from './spf-delay.ts'
import { type Timer, Timers } from './timers.ts'

/** The bounds of a router; everything is bounded. */
export interface Limits {
  /** LSAs in one database. */
  readonly lsas: number
  readonly neighborsPerInterface: number
  /** Equal-cost next hops of a route. */
  readonly maximumPaths: number
  /** Sources per interface whose mismatch is remembered, so as to be said once. */
  readonly mismatches: number
  /** Milliseconds (12.4). */
  readonly minLsIntervalMs: number
  /** Milliseconds (13 (5a)). */
  readonly minLsArrivalMs: number
}

export const defaultLimits: Limits = {
  lsas: 100_000,
  neighborsPerInterface: 500,
  maximumPaths: 64,
  mismatches: 64,
  minLsIntervalMs: MIN_LS_INTERVAL_MS,
  minLsArrivalMs: MIN_LS_ARRIVAL_MS,
}

export interface RouterOptions {
  readonly routerId: number
  /** For the initial Database Description sequence numbers; unpredictable in production. 53 bits are used. */
  readonly seed: number
  readonly limits?: Partial<Limits>
  readonly spfDelay?: Partial<SpfDelayConfig>
  /** Lets many routers in one process share equal LSAs; identity by default. */
  readonly intern?: (lsa: Lsa) => Lsa
}

export class Router {
  readonly routerId: number
  readonly limits: Limits
  readonly random: Random
  readonly timers: Timers = new Timers()
  readonly areas: Map<number, Area> = new Map()
  readonly interfaces: Map<string, Interface> = new Map()
  readonly counters: Counters = emptyCounters()
  readonly intern: (lsa: Lsa) => Lsa
  /** AS-external-LSAs belong to no area (12.4.4). */
  readonly externals: Lsdb = new Lsdb()
  /** Neighbors in Full that may not have all of our own LSAs yet; see payWithheld. */
  readonly owed: Set<Neighbor> = new Set()
  /** The time of the input that is being dealt with. */
  now: Instant = Number.NEGATIVE_INFINITY
  /** We are about to stop: our LSAs are flushed and none is originated. */
  leaving = false
  #closed = false

  readonly #outputs: Output[] = []
  #outputsRead = 0
  #deferred: (() => void)[] = []
  readonly #touched = new Set<Interface>()
  readonly #spfDelay: SpfDelay
  readonly #routesDelay: SpfDelay
  readonly #dirtyTrees = new Set<Area>()
  readonly #ageTimer: Timer
  readonly #originateTimer: Timer
  #areaRoutes = new Map<Area, Route[]>()
  #table = new Map<number, Route>()
  readonly #limitsSaid = new Set<string>()

  constructor(options: RouterOptions) {
    this.routerId = options.routerId
    this.limits = { ...defaultLimits, ...options.limits }
    this.random = new Random(options.seed)
    this.intern = options.intern ?? ((lsa) => lsa)
    const delay = { ...defaultSpfDelay, ...options.spfDelay }
    this.#spfDelay = new SpfDelay(this.timers, delay, () => this.#calculate())
    this.#routesDelay = new SpfDelay(this.timers, delay, () => this.#calculate())
    this.#ageTimer = this.timers.create('age', () => this.#ageDatabases())
    this.#originateTimer = this.timers.create('originate', () => {
      for (const area of this.areas.values()) area.originateDirty = true
    })
  }

  // Four ways in

  handleDatagram(now: Instant, datagram: Datagram): void {
    this.now = now
    if (!this.#closed) receive(this, datagram)
    this.#settle()
  }

  /** The device under an interface changed; undefined: it is gone. */
  handleInterface(now: Instant, name: string, link: LinkState | undefined): void {
    this.now = now
    const iface = this.interfaces.get(name)
    if (iface && !this.#closed) this.#setLink(iface, link)
    this.#settle()
  }

  handleConfig(now: Instant, change: ConfigChange): void {
    this.now = now
    if (!this.#closed) this.#configure(change)
    this.#settle()
  }

  handleTimeout(now: Instant): void {
    this.now = now
    this.timers.runDue(now)
    this.#settle()
  }

  /** The machine slept, or was paused: Hellos at once, and our own LSAs anew, as others may have aged them out. */
  handleResume(now: Instant): void {
    this.now = now
    for (const iface of this.interfaces.values()) {
      if (iface.helloTimer.armed) iface.helloTimer.set(now)
    }
    if (!this.leaving) for (const area of this.areas.values()) refreshOwn(this, area, 0)
    this.#settle()
  }

  // Two ways out

  /** The next thing to be done; undefined: all is done until the next input. */
  poll(): Output | undefined {
    const output = this.#outputs[this.#outputsRead++]
    if (output !== undefined) return output
    this.#outputs.length = 0
    this.#outputsRead = 0
    return undefined
  }

  /** When to call `handleTimeout`; undefined: not before another input. */
  nextTimeout(): Instant | undefined {
    return this.timers.next()
  }

  // Looking in

  neighbors(): NeighborSnapshot[] {
    return snapshotNeighbors(this)
  }

  interfacesNow(): InterfaceSnapshot[] {
    return snapshotInterfaces(this)
  }

  database(now: Instant): LsaSnapshot[] {
    return snapshotDatabase(this, now)
  }

  routes(): Route[] {
    return [...this.#table.values()]
  }

  /** How many LSAs of our own some adjacent router has yet to acknowledge. */
  unacknowledged(): number {
    let count = 0
    for (const area of this.areas.values()) {
      for (const entry of area.lsdb.own) if (entry.retransmitting > 0) count++
    }
    return count
  }

  /** Whether what is to be said has been said: no origination or flush waits for its pace. */
  isUpToDate(): boolean {
    return !this.#originateTimer.armed
  }

  // What the rest of the core calls

  get exchanging(): boolean {
    for (const area of this.areas.values()) if (area.exchanging) return true
    return false
  }

  hasAddress(address: number): boolean {
    for (const iface of this.interfaces.values()) {
      if (iface.state !== 'Down' && iface.address === address) return true
    }
    return false
  }

  keyOf({ type, lsId, advertisingRouter }: LsaHeader): string {
    return lsaKey(type, lsId, advertisingRouter)
  }

  neighborKey(iface: Interface, neighbor: Neighbor): number {
    return iface.isBroadcast() ? neighbor.address : neighbor.routerId
  }

  /** The database that holds a type of LSA for an area; undefined: the type has no place there. */
  databaseFor(area: Area, type: number): Lsdb | undefined {
    switch (type) {
      case LsType.router:
      case LsType.network:
      case LsType.summaryNetwork:
      case LsType.summaryAsbr:
        return area.lsdb
      case LsType.external:
        return this.externals
      default:
        return undefined
    }
  }

  databasesOf(area: Area): Lsdb[] {
    return [area.lsdb, this.externals]
  }

  /** Where an LSA of a type may be flooded that belongs to an area, or came from it (13.3). */
  *interfacesInScope(area: Area, type: number): Generator<Interface> {
    if (type !== LsType.external) return yield* area.interfaces
    for (const { interfaces } of this.areas.values()) yield* interfaces
  }

  *neighborsInScope(area: Area, type: number): Generator<Neighbor> {
    for (const iface of this.interfacesInScope(area, type)) yield* iface.neighbors.values()
  }

  emit(output: Output): void {
    this.#outputs.push(output)
  }

  say(event: OspfEvent): void {
    this.emit({ type: 'event', event })
  }

  /** Counts something received that is not processed. */
  drop(iface: Interface, reason: DropReason): void {
    this.counters.drops[reason] = (this.counters.drops[reason] ?? 0) + 1
    iface.drops[reason] = (iface.drops[reason] ?? 0) + 1
  }

  /** Says that a field keeps an adjacency from forming: once per change, not per packet. */
  mismatch(
    iface: Interface,
    address: number,
    routerId: number,
    field: MismatchField,
    ours: string,
    theirs: string,
  ): void {
    const kind = field === 'MTU' ? 'MTU' : 'hello'
    if (!this.isNews(iface, `${address} ${kind}`, `${field} ${ours} ${theirs}`)) return
    this.say({
      type: 'mismatch',
      interface: iface.name,
      routerId: formatIpv4(routerId),
      address: formatIpv4(address),
      field,
      ours,
      theirs,
    })
  }

  /** A source agrees with us again; its next mismatch is news. */
  agree(iface: Interface, address: number, kind: 'hello' | 'MTU'): void {
    if (iface.mismatches.size > 0) iface.mismatches.delete(`${address} ${kind}`)
  }

  isNews({ mismatches }: Interface, key: string, news: string): boolean {
    if (mismatches.get(key) === news) return false
    if (mismatches.size >= this.limits.mismatches && !mismatches.has(key)) {
      const [oldest] = mismatches.keys()
      mismatches.delete(oldest!)
    }
    mismatches.set(key, news)
    return true
  }

  limitReached(what: 'lsdb' | 'neighbors', limit: number): void {
    if (this.#limitsSaid.has(what)) return
    this.#limitsSaid.add(what)
    this.say({ type: 'limit', what, limit })
  }

  encode(iface: Interface, body: PacketBody): Uint8Array {
    return encodePacket({ routerId: this.routerId, areaId: iface.area.id }, body)
  }

  transmit(iface: Interface, destination: number, bytes: Uint8Array): void {
    if (iface.config.passive) return
    this.counters.sent++
    this.emit({ type: 'transmit', interface: iface.name, destination, bytes })
  }

  send(iface: Interface, destination: number, body: PacketBody): void {
    this.transmit(iface, destination, this.encode(iface, body))
  }

  /** Runs a step after the present one, before anything leaves. */
  defer(step: () => void): void {
    this.#deferred.push(step)
  }

  /** Something is queued on the interface or for one of its neighbors. */
  touch(iface: Interface): void {
    this.#touched.add(iface)
  }

  /** The topology ('tree') or just what hangs on it ('routes') changed. */
  recalculate(area: Area, what: 'tree' | 'routes'): void {
    // our own LSAs going is no reason to forget the way of what is still in flight
    if (this.leaving) return
    if (what === 'tree') this.#dirtyTrees.add(area)
    const delay = what === 'tree' ? this.#spfDelay : this.#routesDelay
    const isAlone = area.lsdb.size <= area.lsdb.own.size
    if (isAlone) delay.soon(this.now)
    else delay.event(this.now)
  }

  /** Looks at an area's own LSAs again at a later time. */
  originateLater(area: Area, at: Instant): void {
    area.originateWaits = true
    if (!this.#originateTimer.armed || at < this.#originateTimer.at) this.#originateTimer.set(at)
  }

  /** Makes sure that somebody looks when the entry is due for refresh, or has come to MaxAge. */
  watchAge(entry: Entry): void {
    const at = this.#ageDeadline(entry)
    if (!this.#ageTimer.armed || at < this.#ageTimer.at) this.#ageTimer.set(at)
  }

  // Below: private

  #ageDeadline(entry: Entry): Instant {
    const limit = entry.ours || entry.installedAt === this.now ? LS_REFRESH_TIME_S : MAX_AGE_S
    const at = entry.installedAt + (limit - entry.ageAtInstall) * 1000
    return Math.max(at, this.now + AGE_GRANULARITY_MS)
  }

  /**
   * Finds what is due by looking at everything. That is cheap, as it happens only when something may be due: LSAs are
   * refreshed long before MaxAge, so the earliest deadline is half an hour away.
   */
  #ageDatabases(): void {
    for (const area of this.areas.values()) refreshOwn(this, area)
    let next = Number.POSITIVE_INFINITY
    const look = (area: Area, lsdb: Lsdb): void => {
      for (const entry of [...lsdb]) {
        if (lsdb.maxAge.has(entry)) continue
        if (ageOf(entry, this.now) >= MAX_AGE_S) expire(this, area, entry)
        else next = Math.min(next, this.#ageDeadline(entry))
      }
    }
    for (const area of this.areas.values()) look(area, area.lsdb)
    const [anyArea] = this.areas.values()
    if (anyArea) look(anyArea, this.externals)
    if (next !== Number.POSITIVE_INFINITY) this.#ageTimer.set(next)
  }

  #area(id: number): Area {
    let area = this.areas.get(id)
    if (!area) this.areas.set(id, (area = new Area(this, id)))
    return area
  }

  #configure(change: ConfigChange): void {
    switch (change.type) {
      case 'interface':
        return this.#configureInterface(change.config)
      case 'remove-interface': {
        const iface = this.interfaces.get(change.interface)
        if (!iface) return
        iface.event('InterfaceDown')
        this.interfaces.delete(iface.name)
        iface.area.interfaces.delete(iface)
        iface.area.originateDirty = true
        return
      }
      case 'announce': {
        const { area: id, prefix, length, cost } = change.stub
        const area = this.#area(id)
        area.stubs.set(prefixKey(prefix, length), { prefix, length, cost })
        area.originateDirty = true
        return
      }
      case 'withdraw': {
        const area = this.areas.get(change.area)
        if (!area?.stubs.delete(prefixKey(change.prefix, change.length))) return
        area.originateDirty = true
        return
      }
      case 'flush':
        this.leaving = true
        for (const iface of this.interfaces.values()) {
          // the Backup takes over before our LSAs are gone
          iface.resigned = iface.hasSuccessor
          if (iface.resigned) iface.event('NeighborChange')
          sendHello(iface)
        }
        for (const area of this.areas.values()) area.originateDirty = true
        return
      case 'close':
        for (const iface of this.interfaces.values()) {
          sendHello(iface, true)
          iface.event('InterfaceDown')
        }
        this.#closed = true
    }
  }

  #configureInterface(config: InterfaceConfig): void {
    const old = this.interfaces.get(config.name)
    if (
      old &&
      (old.config.area !== config.area ||
        old.config.network !== config.network ||
        old.config.passive !== config.passive)
    ) {
      const { link } = old
      this.#configure({ type: 'remove-interface', interface: config.name })
      this.#configureInterface(config)
      return this.#setLink(this.interfaces.get(config.name)!, link)
    }
    if (!old) {
      const area = this.#area(config.area)
      const iface = new Interface(this, area, config)
      this.interfaces.set(config.name, iface)
      area.interfaces.add(iface)
      return
    }
    const was = old.config
    old.config = config
    old.mismatches.clear()
    old.area.originateDirty = true
    if (was.helloInterval !== config.helloInterval && old.helloTimer.armed) {
      old.helloTimer.set(this.now)
    }
    if (was.priority !== config.priority) old.event('NeighborChange')
  }

  #setLink(iface: Interface, link: LinkState | undefined): void {
    const old = iface.link
    const next = link ?? { ...old, up: false, address: undefined }
    const isUp = next.up && next.address !== undefined
    const moved = next.address !== old.address || next.prefixLength !== old.prefixLength
    if (!isUp || moved) iface.event('InterfaceDown')
    iface.link = next
    if (isUp && iface.state === 'Down') iface.event('InterfaceUp')
    iface.area.originateDirty = true
  }

  /** The end of every input. */
  #settle(): void {
    for (let rounds = 0; ; rounds++) {
      if (rounds > SETTLE_ROUNDS_MAX) throw new Error('the router does not come to rest')
      const steps = this.#deferred
      this.#deferred = []
      for (const step of steps) step()
      for (const area of this.areas.values()) if (area.originateDirty) this.#reconcile(area)
      for (const neighbor of this.owed) {
        const isFull = neighbor.state === 'Full'
        if (!isFull || payWithheld(neighbor.interface.area, neighbor)) this.owed.delete(neighbor)
      }
      for (const iface of this.#touched) {
        flushUpdates(iface)
        flushDirectAcks(iface)
      }
      this.#touched.clear()
      this.#removeMaxAge()
      if (this.#deferred.length > 0) continue
      if (![...this.areas.values()].some((area) => area.originateDirty)) return
    }
  }

  #reconcile(area: Area): void {
    area.originateWaits = false
    reconcile(this, area)
    if (![...this.areas.values()].some((a) => a.originateWaits)) this.#originateTimer.cancel()
  }

  /** 14: acknowledged by everybody, and nobody in the middle of an exchange. */
  #removeMaxAge(): void {
    for (const area of this.areas.values()) this.#removeMaxAgeOf(area, area.lsdb)
    const [anyArea] = this.areas.values()
    if (anyArea) this.#removeMaxAgeOf(anyArea, this.externals)
  }

  #hasAdjacency(): boolean {
    for (const iface of this.interfaces.values()) {
      for (const { state } of iface.neighbors.values()) {
        if (state === 'Full' || state === 'Exchange' || state === 'Loading') return true
      }
    }
    return false
  }

  #removeMaxAgeOf(area: Area, lsdb: Lsdb): void {
    if (lsdb.maxAge.size === 0 || this.exchanging) return
    for (const entry of lsdb.maxAge) {
      if (entry.retransmitting > 0) continue
      const heldUntil = entry.installedAt + MAX_AGE_HOLD_MS
      if (this.now < heldUntil && !lsdb.own.has(entry) && this.#hasAdjacency()) {
        if (!this.#ageTimer.armed || heldUntil < this.#ageTimer.at) this.#ageTimer.set(heldUntil)
        continue
      }
      // 12.1.6: only now may a wrapped sequence number start again
      if (lsdb.own.has(entry)) area.originateDirty = true
      lsdb.remove(entry)
    }
  }

  #calculate(): void {
    if (this.leaving) return
    for (const area of this.areas.values()) {
      if (this.#dirtyTrees.has(area) || area.tree === undefined) {
        area.tree = calculateTree(this, area)
      } else {
        refreshOwnVertices(this, area, area.tree)
      }
      this.#areaRoutes.set(area, intraAreaRoutes(area, area.tree))
      const { vertices } = area.tree
      this.counters.calculations++
      this.say({
        type: 'spf',
        area: formatIpv4(area.id),
        full: this.#dirtyTrees.has(area),
        vertices: vertices.length,
      })
    }
    this.#dirtyTrees.clear()
    const before = this.#table
    this.#table = mergeRoutes(this.#areaRoutes.values())
    const changes = diffRoutes(before, this.#table)
    if (changes.length > 0) this.emit({ type: 'routes', changes })
  }
}

/** Instances of our own that differ in stubs alone: the tree stays, its root says something else. */
function refreshOwnVertices(router: Router, area: Area, tree: Tree): void {
  const root = tree.routers.get(router.routerId)
  const own = area.wanted.get(lsaKey(LsType.router, router.routerId, router.routerId))
  if (root !== undefined && own !== undefined) tree.vertices[root]!.source = { lsa: own.draft }
}

const AGE_GRANULARITY_MS = 1000
const SETTLE_ROUNDS_MAX = 10_000
