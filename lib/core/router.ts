/**
 * An OSPFv2 router (RFC 2328) without I/O: bytes, link states, configuration and the passing of time go in, bytes,
 * routes and events come out. It owns no clock, no socket and no randomness; the driver has those.
 *
 * Where is what
 *   io.ts                      what goes in and comes out, as unions of plain values
 *   events.ts                  what the router can say, and how it reads
 *   interface.ts, -fsm.ts      section 9: interface data, election (9.4), state machine (9.3)
 *   neighbor.ts, -fsm.ts       section 10: neighbor data and lists, adjacency (10.4), state machine (10.3)
 *   receive.ts                 8.2, the door          configure.ts              what an operator changes
 *   hello.ts                   9.5, 10.5              database-description.ts   10.6, 10.8
 *   ls-request.ts              10.7, 10.9             ls-update.ts              13 (1) to (8), 13.2
 *   flood.ts                   13.3, 13.6             ls-ack.ts                 13.5, 13.7
 *   flood-pace.ts, exchanges.ts   RFC 4222            limits.ts, token-bucket.ts   bounds        suspicions.ts   attacks
 *   refused.ts                 what a full database had no room for
 *   lsdb.ts, aging.ts          12.1, 13.1, 14         originate.ts              12.4, 13.4, 14.1, pacing
 *   spf.ts, dijkstra.ts, vertex-ids.ts   16.1 first stage   routes.ts              16.1 second stage, the table, the diff
 *   inter-area.ts              16.2, 16.3             external-routes.ts        16.4
 *   summaries.ts               12.4.3                 autonomous-system.ts      12.4.4; link-state-id.ts: appendix E
 *   opaque.ts, link-scope.ts   RFC 5250                  router-information.ts     RFC 7770, RFC 5642
 *   overflow.ts                RFC 1765                  externals.ts             12.4.4.1, summary addresses
 *   nssa.ts, handover.ts       RFC 3101               calculation.ts            16, the order of all that
 *   virtual-link.ts            15                        hop-sets.ts              next hops, interned
 *   traffic-share.ts, weigh.ts shares of equal-cost paths (wire/traffic-share.ts)    finish-routes.ts: the result
 *   spf-delay.ts               RFC 8405               timers.ts                 the heap of deadlines
 *   convergence.ts             when all routes are there, after a start
 *   routing.ts                 what is calculated when, and what is told of it; extent.ts: how much hangs on a change
 *   why.ts, origins.ts         what is behind a route    what-if.ts, copy.ts       what would be, on a copy
 *   authentication.ts          appendix D, RFC 7474
 *   role.ts                    3.3, RFC 3509
 *   constants.ts               appendix B             area.ts, scope.ts         section 6; how far LSAs travel
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
 *   - On leaving, our Router Priority becomes 0 first if there is a Backup Designated Router to take over, and an NSSA
 *     that we translate gets another translator first (handover.ts).
 *
 * Supported: RFC 2328 with all its network types and areas; RFC 1765 (externals), 3101, 3509, 4222, 5082, 5250, 5642,
 * 5709, 6860, 6987, 7474, 7770, 8405.
 */
import { formatIpv4 } from '../wire/address.ts'
import type { Digests } from '../wire/auth.ts'
import { type Lsa, type LsaHeader, LsType, lsaKey } from '../wire/lsa.ts'
import { encodePacket, type PacketBody } from '../wire/packet.ts'
import type { PrefixShare } from '../wire/traffic-share.ts'

import { Aging } from './aging.ts'
import { Area } from './area.ts'
import { SendSequences, seal } from './authentication.ts'
import { AutonomousSystem } from './autonomous-system.ts'
import { configure } from './configure.ts'
import { MAX_TTL } from './constants.ts'
import { convergesAt } from './convergence.ts'
import type { DropReason, MismatchField, OspfEvent } from './events.ts'
import { Exchanges } from './exchanges.ts'
import { flushUpdates } from './flood.ts'
import { Handover } from './handover.ts'
import type { HopSets } from './hop-sets.ts'
import type { Interface } from './interface.ts'
import type {
  ConfigChange,
  Datagram,
  Instant,
  LinkState,
  Output,
  PrefixRule,
  RouterInformationConfig,
  StubRouter,
} from './io.ts'
import { defaultLimits, type LimitEvent, type Limits, LimitWatch } from './limits.ts'
import { flushDirectAcks } from './ls-ack.ts'
import type { Neighbor } from './neighbor.ts'
import { type OpaqueSnapshot, snapshotOpaques } from './opaque.ts'
import {
  defaultLsaThrottle,
  type LsaThrottle,
  payWithheld,
  reconcile,
  refreshOwn,
} from './originate.ts'
import { originsOf } from './origins.ts'
import { Random } from './random.ts'
import { receive } from './receive.ts'
import { Refused } from './refused.ts'
import { isAbr, isAsbr, isOfBackbone } from './role.ts'
import { Hostnames } from './router-information.ts'
import type { RoutingTable, TableRoute } from './routes.ts'
import { Routing } from './routing.ts'
import type { Scope } from './scope.ts'
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
import { defaultRouteDelay, defaultSpfDelay, type SpfDelayConfig } from './spf-delay.ts'
import { type StatusSnapshot, snapshotStatus } from './status.ts'
import { type Attack, Suspicions } from './suspicions.ts'
import { type Timer, Timers } from './timers.ts'
import { type HypotheticalChange, type RouteDifference, whatIf } from './what-if.ts'
import { type Explanation, why } from './why.ts'

/** RFC 3509: what it takes to be an area border router. */
export type AbrType = 'standard' | 'cisco' | 'ibm'

export interface RouterOptions {
  readonly routerId: number
  /** For the initial Database Description sequence numbers; unpredictable in production. 53 bits are used. */
  readonly seed: number
  readonly limits?: Partial<Limits>
  readonly spfDelay?: Partial<SpfDelayConfig>
  /** The same for changes of stub networks, summaries and externals, which need no tree. */
  readonly routeDelay?: Partial<SpfDelayConfig>
  /** Milliseconds of some clock, for how long calculations take. */
  readonly stopwatch?: () => number
  /** How fast instances of our own LSAs follow each other; default: by MinLSArrival and MinLSInterval of `limits`. */
  readonly lsaThrottle?: Partial<LsaThrottle>
  /** RFC1583Compatibility (C.1, 16.4.1); default true, as in the RFC. */
  readonly rfc1583Compatibility?: boolean
  /** Which routers are area border routers; default 'cisco', of RFC 3509. */
  readonly abrType?: AbrType
  /** For cryptographic authentication (appendix D): `nodeDigests` of lib/crypto.ts, or what there is elsewhere. */
  readonly digests?: Digests
  /**
   * The upper 32 bits of AuType 3's sequence numbers: higher with every start of the router (RFC 7474 2). Default: the
   * seconds of the wall clock when the first packet leaves.
   */
  readonly bootCount?: number
  /** Lets many routers in one process share equal LSAs; identity by default. */
  readonly intern?: (lsa: Lsa) => Lsa
}

/** A.3.1 */
const PACKET_TYPE_AT = 1

export class Router {
  readonly routerId: number
  limits: Limits
  /** As far as it was said. */
  throttle: Partial<LsaThrottle>
  readonly random: Random
  readonly timers: Timers = new Timers()
  readonly areas: Map<number, Area> = new Map()
  readonly interfaces: Map<string, Interface> = new Map()
  readonly counters: Counters = emptyCounters()
  readonly intern: (lsa: Lsa) => Lsa
  readonly digests: Digests | undefined
  readonly sequences: SendSequences
  /** AS-external-LSAs belong to no area (12.4.4). */
  readonly as: AutonomousSystem
  /** Neighbors in Full that may not have all of our own LSAs yet; see payWithheld. */
  readonly owed: Set<Neighbor> = new Set()
  readonly hostnames: Hostnames = new Hostnames(this)
  readonly aging: Aging = new Aging(this)
  readonly exchanges: Exchanges = new Exchanges(this)
  readonly refused: Refused = new Refused(this)
  /** Undefined: we say nothing of ourselves. */
  routerInformation: RouterInformationConfig | undefined
  /** The calculation of routes, and what it found. */
  readonly routing: Routing
  /** 16.4.1, C.1; default as in the RFC. */
  rfc1583Compatibility: boolean
  discardsHoles = true
  /** The time of the input that is being dealt with. */
  now: Instant = Number.NEGATIVE_INFINITY
  /** Milliseconds from the driver's clock to the wall clock, as it was told. */
  wallOffset = 0
  /** We are about to stop: our LSAs are flushed and none is originated. */
  leaving = false
  readonly handover: Handover = new Handover(this)
  abrType: AbrType
  /** Shares of traffic that we ask for, by `shareKey`. */
  readonly shares: Map<number, PrefixShare> = new Map()
  /** We send no new connections to who drains. */
  keepsConnections = false
  /** Set while we are one (RFC 6987). */
  stubRouter: StubRouter | undefined
  /** Carries nothing for others, and is no border router. */
  announceOnly = false
  /** Prefixes that we may originate; undefined: all. */
  allowed: readonly PrefixRule[] | undefined
  /** Somebody wants to hear of path types, costs and tags as well. */
  tellsAttributes = false
  /** Said goodbye: nothing goes in or out any more. */
  closed = false

  readonly #outputs: Output[] = []
  #outputsRead = 0
  #deferred: (() => void)[] = []
  readonly #touched = new Set<Interface>()
  readonly #originateTimer: Timer
  readonly #limitWatch = new LimitWatch((event) => this.say(event))
  readonly #suspicions = new Suspicions((event) => this.say(event))

  constructor(options: RouterOptions) {
    this.routerId = options.routerId
    this.limits = { ...defaultLimits, ...options.limits }
    this.throttle = options.lsaThrottle ?? {}
    this.random = new Random(options.seed)
    this.rfc1583Compatibility = options.rfc1583Compatibility ?? true
    this.abrType = options.abrType ?? 'cisco'
    this.digests = options.digests
    this.sequences = new SendSequences(options.bootCount)
    this.intern = options.intern ?? ((lsa) => lsa)
    this.as = new AutonomousSystem(this)
    this.routing = new Routing(this, {
      treeDelay: { ...defaultSpfDelay, ...options.spfDelay },
      routeDelay: { ...defaultRouteDelay, ...options.routeDelay },
      stopwatch: options.stopwatch,
    })
    this.#originateTimer = this.timers.create('originate', () => {
      for (const scope of this.scopes()) scope.originateDirty = true
    })
  }

  // Four ways in

  handleDatagram(now: Instant, datagram: Datagram): void {
    this.now = now
    if (!this.closed) receive(this, datagram)
    this.#settle()
  }

  /**
   * What was read at once is one step: what is to be flooded of it leaves together. Each is asked for when the one before
   * has been dealt with, so that one buffer will do for all.
   */
  handleDatagrams(now: Instant, datagrams: Iterable<Datagram>): void {
    this.now = now
    for (const datagram of datagrams) {
      if (this.closed) break
      receive(this, datagram)
      this.#runDeferred()
    }
    this.#settle()
  }

  /** The device under an interface changed; undefined: it is gone. */
  handleInterface(now: Instant, name: string, link: LinkState | undefined): void {
    this.now = now
    const iface = this.interfaces.get(name)
    if (iface && !this.closed) this.setLink(iface, link)
    this.#settle()
  }

  /** Changes that come together are one step: what follows from them is said once, in one instance of an LSA. */
  handleConfig(now: Instant, ...changes: readonly ConfigChange[]): void {
    this.now = now
    for (const change of changes) if (!this.closed) configure(this, change)
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
      iface.listeningSince = now
      if (iface.helloTimer.armed) iface.helloTimer.set(now)
    }
    if (!this.leaving) for (const scope of this.scopes()) refreshOwn(scope, 0)
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

  /** Opaque LSAs, with whether they may be acted upon. */
  opaques(now: Instant): OpaqueSnapshot[] {
    return snapshotOpaques(this, now)
  }

  routes(): TableRoute[] {
    return [...this.routing.routes.values()]
  }

  /** The LSAs behind each route, by `prefixKey`. */
  origins(): ReadonlyMap<number, readonly LsaHeader[]> {
    return originsOf(this, this.table)
  }

  /** What it is, and which border and boundary routers it knows the way to. */
  status(): StatusSnapshot {
    return snapshotStatus(this)
  }

  /** Why the route to a prefix is what it is, or is not there. */
  why(prefix: number, length: number): Explanation {
    return why(this, prefix, length)
  }

  /**
   * What would become of the routes if something else were the case; nothing is changed.
   * @throws NothingToChange when a router, link, interface or prefix is not there
   */
  whatIf(changes: readonly HypotheticalChange[]): RouteDifference[] {
    return whatIf(this, changes)
  }

  /** How many LSAs of our own some adjacent router has yet to acknowledge. */
  unacknowledged(): number {
    let count = 0
    for (const { lsdb } of this.scopes()) {
      for (const entry of lsdb.own) if (entry.retransmitting > 0) count++
    }
    return count
  }

  /** Whether what is to be said has been said: no origination or flush waits for its pace, or for a successor. */
  isUpToDate(): boolean {
    return !this.#originateTimer.armed && !this.handover.isPending
  }

  /** See convergence.ts. */
  convergesAt(): Instant {
    return convergesAt(this)
  }

  // What the rest of the core calls

  get lsaThrottle(): LsaThrottle {
    const { minLsArrivalMs: holdMs, minLsIntervalMs: maxMs } = this.limits
    return { ...defaultLsaThrottle, holdMs, maxMs, ...this.throttle }
  }

  /** What the last calculation found. */
  get table(): RoutingTable {
    return this.routing.table
  }

  /** Next hops of all trees and of the table. */
  get hops(): HopSets {
    return this.routing.hops
  }

  get isAbr(): boolean {
    return isAbr(this)
  }

  get isAsbr(): boolean {
    return isAsbr(this)
  }

  get isOfBackbone(): boolean {
    return isOfBackbone(this)
  }

  /** AS-external-LSAs have a place in some area of ours. */
  get reachesExternals(): boolean {
    for (const area of this.areas.values())
      if (area.isNormal && area.interfaces.size > 0) return true
    return false
  }

  /** Wall clock, milliseconds since 1970. */
  get wall(): number {
    return this.now + this.wallOffset
  }

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

  keyOf({
    type,
    lsId,
    advertisingRouter,
  }: Pick<LsaHeader, 'type' | 'lsId' | 'advertisingRouter'>): string {
    return lsaKey(type, lsId, advertisingRouter)
  }

  neighborKey(iface: Interface, neighbor: Neighbor): number {
    return iface.knowsByAddress ? neighbor.address : neighbor.routerId
  }

  /** The scope of an LSA of a type that comes in on an interface; undefined: it has no place there (13 (2), (3)). */
  scopeFor(iface: Interface, type: number): Scope | undefined {
    switch (type) {
      case LsType.router:
      case LsType.network:
      case LsType.summaryNetwork:
      case LsType.summaryAsbr:
        return iface.area
      case LsType.external:
        return iface.area.isNormal && !iface.isVirtual ? this.as : undefined
      case LsType.nssa:
        return iface.area.config.kind === 'nssa' ? iface.area : undefined
      case LsType.opaqueLink:
        return iface.linkScope
      case LsType.opaqueArea:
        return iface.area
      case LsType.opaqueAs:
        return iface.area.isNormal && !iface.isVirtual ? this.as : undefined
      default:
        return undefined
    }
  }

  /** The scopes whose LSAs are exchanged on an interface (10.3, NegotiationDone). */
  scopesOf(iface: Interface): Scope[] {
    const { area, linkScope } = iface
    return area.isNormal && !iface.isVirtual ? [area, this.as, linkScope] : [area, linkScope]
  }

  /** Every scope that we take part in. */
  *scopes(): Generator<Scope> {
    yield* this.areas.values()
    yield this.as
    for (const { linkScope } of this.interfaces.values()) if (linkScope.isInUse) yield linkScope
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
    const isOfVirtualLink = field === 'area' && theirs === BACKBONE_TEXT
    const kind = isOfVirtualLink ? 'virtual link' : kindOf(field)
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
  agree(iface: Interface, address: number, kind: MismatchKind): void {
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

  limitReached(what: 'lsdb' | 'neighbors' | 'router-lsa', limit: number): void
  limitReached(what: 'packets', limit: number, iface: Interface): void
  limitReached(what: LimitEvent['what'], limit: number, iface?: Interface): void {
    const where = iface === undefined ? {} : { interface: iface.name }
    this.#limitWatch.reached(this.now, { what, limit, ...where })
  }

  /** See suspicions.ts. */
  suspect(
    attack: Attack,
    iface: Interface,
    from: Pick<Neighbor, 'routerId' | 'address'>,
    what?: string,
  ): void {
    const { routerId, address } = from
    this.#suspicions.add(this.now, attack, { interface: iface.name, routerId, address }, what)
  }

  encode(iface: Interface, body: PacketBody): Uint8Array {
    return encodePacket({ routerId: this.routerId, areaId: iface.area.id }, body)
  }

  /** Sends a packet, made by `encode` now or earlier: its seal, with the number of the moment, is put on here. */
  transmit(iface: Interface, destination: number, packet: Uint8Array): void {
    if (iface.config.passive) return
    const bytes = seal(iface, packet)
    if (bytes === undefined) return
    this.counters.sent++
    iface.packets.sent[bytes[PACKET_TYPE_AT]! - 1]!++
    const ttl = iface.config.ttlSecurity ? { ttl: MAX_TTL } : {}
    this.emit({ type: 'transmit', interface: iface.name, destination, bytes, ...ttl })
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

  /** Looks at an area's own LSAs again at a later time. */
  originateLater(scope: Scope, at: Instant): void {
    scope.originateWaits = true
    if (!this.#originateTimer.armed || at < this.#originateTimer.at) this.#originateTimer.set(at)
  }

  // Below: private

  area(id: number): Area {
    let area = this.areas.get(id)
    if (!area) this.areas.set(id, (area = new Area(this, id)))
    return area
  }

  /** The device under an interface, or the way of a virtual link, has become another. */
  setLink(iface: Interface, link: LinkState | undefined): void {
    const old = iface.link
    const next = link ?? { ...old, up: false, address: undefined }
    const isUp = next.up && next.address !== undefined
    const moved = next.address !== old.address || next.prefixLength !== old.prefixLength
    if (isUp && !moved && iface.state !== 'Down') {
      iface.link = next
      // its secondary addresses, perhaps
      iface.area.originateDirty = true
      this.as.externals.interfaceChanged()
      return
    }
    if (!isUp || moved) iface.event('InterfaceDown')
    iface.link = next
    if (isUp && iface.state === 'Down') iface.event('InterfaceUp')
    iface.area.originateDirty = true
    this.as.externals.interfaceChanged()
  }

  /** The end of every input. */
  #settle(): void {
    for (let rounds = 0; ; rounds++) {
      if (rounds > SETTLE_ROUNDS_MAX) throw new Error('the router does not come to rest')
      this.#runDeferred()
      if (this.anyScope(isDirty)) {
        for (const scope of [...this.scopes()].filter(isDirty)) this.#reconcile(scope)
        this.as.lookAtAggregates()
      }
      for (const neighbor of this.owed) {
        const isFull = neighbor.state === 'Full'
        if (!isFull || payWithheld(this.scopesOf(neighbor.interface), neighbor)) {
          this.owed.delete(neighbor)
        }
      }
      for (const iface of this.#touched) {
        flushUpdates(iface)
        flushDirectAcks(iface)
      }
      this.#touched.clear()
      this.aging.removeMaxAge()
      // what we pass on is on its way: now for ourselves
      this.routing.runDue()
      if (this.#deferred.length === 0 && !this.anyScope(isDirty)) return
    }
  }

  #runDeferred(): void {
    if (this.#deferred.length === 0) return
    const steps = this.#deferred
    this.#deferred = []
    for (const step of steps) step()
  }

  /** As `scopes`, for what is asked with every packet. */
  anyScope(holds: (scope: Scope) => boolean): boolean {
    for (const area of this.areas.values()) if (holds(area)) return true
    if (holds(this.as)) return true
    for (const { linkScope } of this.interfaces.values()) if (holds(linkScope)) return true
    return false
  }

  #reconcile(scope: Scope): void {
    scope.originateWaits = false
    reconcile(scope)
    if (!this.anyScope(waits)) this.#originateTimer.cancel()
  }
}

/** What a source must agree on with us comes up at different times. */
/** Who means a virtual link that we do not have sends Hellos of the area as well, which are right. */
type MismatchKind = 'authentication' | 'hello' | 'MTU' | 'TTL' | 'virtual link'

const BACKBONE_TEXT = '0.0.0.0'

function kindOf(field: MismatchField): MismatchKind {
  if (field === 'MTU' || field === 'TTL') return field
  return field.startsWith('authentication') ? 'authentication' : 'hello'
}

const isDirty = ({ originateDirty }: Scope): boolean => originateDirty
const waits = ({ originateWaits }: Scope): boolean => originateWaits

const SETTLE_ROUNDS_MAX = 10_000
