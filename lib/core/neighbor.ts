/** A neighbor (RFC 2328 section 10): its data, its lists, its state machine. */
import { formatIpv4 } from '../wire/address.ts'
import type { DatabaseDescriptionBody } from '../wire/database-description.ts'
import type { LsaHeader } from '../wire/lsa.ts'
import { ReceivedSequences } from './authentication.ts'
import { receiveDatabaseDescription, sendDatabaseDescription } from './database-description.ts'
import { retransmit } from './flood.ts'
import { sendHelloTo } from './hello.ts'
import type { Interface } from './interface.ts'
import type { Instant } from './io.ts'
import { sendRequest } from './ls-request.ts'
import { LsaMap } from './lsa-map.ts'
import type { Entry } from './lsdb.ts'
import { isMaxAge } from './lsdb.ts'
import { atLeast, type NeighborActions, type NeighborEvent, stepNeighbor } from './neighbor-fsm.ts'
import { isOpaque } from './opaque.ts'
import { neverSent } from './originate.ts'
import { RetransmissionList } from './retransmission-list.ts'
import type { NeighborState } from './states.ts'
import type { Timer } from './timers.ts'
import { TokenBucket } from './token-bucket.ts'

/** What 10.6 remembers of the last Database Description packet, to tell a duplicate. */
export interface LastReceivedDd {
  readonly flags: number
  readonly options: number
  readonly sequence: number
}

/** Five times what the quickest hello-multiplier has. */
const HELLOS_PER_SECOND = 100

export class Neighbor implements NeighborActions {
  readonly interface: Interface
  /** 0: configured, and not heard of yet. */
  routerId: number
  address: number
  priority = 0
  designatedRouter = 0
  backupDesignatedRouter = 0
  options = 0
  /** It set the O-bit in its Database Description packets: it takes opaque LSAs (RFC 5250 4). */
  isOpaqueCapable = false
  state: NeighborState = 'Down'
  /** When it was last sent a Hello of its own (NBMA). */
  helloSentAt: Instant = Number.NEGATIVE_INFINITY
  /** When it came to its present state. */
  since: Instant
  /** How often that has changed. */
  stateChanges = 0
  /** What last moved it, for people. */
  lastEvent: NeighborEvent = 'Start'

  /** Database exchange: we are the master. */
  isMaster = false
  ddSequence = 0
  ddReceived: LastReceivedDd | undefined
  /** The last packet we sent, for retransmission; the slave keeps it for RouterDeadInterval. */
  ddSent: { bytes: Uint8Array; more: boolean; at: Instant } | undefined
  /** Its first packet, when that came while we were still in 2-Way; dealt with as soon as we may. */
  ddEarly: { readonly dd: DatabaseDescriptionBody; readonly at: Instant } | undefined
  /** Database summary list: what we have yet to describe. */
  summaryList: Entry[] = []
  summaryNext = 0
  /** Link state request list; insertion order is request order. */
  readonly requests: LsaMap<LsaHeader> = new LsaMap((header) => header)
  /** Those of them that the outstanding LS Request packet asks for. */
  readonly requested: Set<LsaHeader> = new Set()
  readonly retransmissions: RetransmissionList = new RetransmissionList()
  /** LSAs to be sent to this neighbor alone when the current input has been dealt with. */
  readonly directUpdates: Set<Entry> = new Set()
  readonly directAcks: LsaHeader[] = []
  /** The sequence numbers of its packets, against replay (D.4.3). */
  readonly received: ReceivedSequences = new ReceivedSequences()
  /** Our own LSAs that its exchange left out because they were about to change; see originate.ts. */
  readonly withheld: Set<Entry> = new Set()

  /** Hellos of a neighbor have a budget of their own. */
  readonly hellos: TokenBucket = new TokenBucket(HELLOS_PER_SECOND)

  readonly inactivityTimer: Timer
  readonly ddTimer: Timer
  readonly requestTimer: Timer
  readonly retransmitTimer: Timer

  constructor(iface: Interface, routerId: number, address: number) {
    this.interface = iface
    this.routerId = routerId
    this.address = address
    const { timers, now } = iface.router
    this.since = now
    this.inactivityTimer = timers.create('inactivity', () => this.event('InactivityTimer'))
    this.ddTimer = timers.create('database-description', () => this.repeatDatabaseDescription())
    this.requestTimer = timers.create('ls-request', () => {
      this.requested.clear()
      sendRequest(this)
    })
    this.retransmitTimer = timers.create('ls-retransmit', () => retransmit(this))
  }

  get router(): Interface['router'] {
    return this.interface.router
  }

  /** RFC 2328 10.4. */
  shouldBeAdjacent(): boolean {
    const { interface: iface } = this
    return (
      !iface.electsDr() ||
      iface.isElected ||
      this.address === iface.designatedRouter ||
      this.address === iface.backupDesignatedRouter
    )
  }

  mayExchange(): boolean {
    return this.router.exchanges.admit(this)
  }

  /** A packet of it that passed all checks shows as well as a Hello that it is there (RFC 4222, recommendation 2). */
  heard(): void {
    if (this.isBidirectional && this.interface.config.aliveBy !== 'hello') {
      this.restartInactivityTimer()
    }
  }

  restartInactivityTimer(): void {
    this.inactivityTimer.set(this.router.now + this.interface.config.deadInterval * 1000)
  }

  stopInactivityTimer(): void {
    this.inactivityTimer.cancel()
  }

  sendHello(): void {
    sendHelloTo(this.interface, [this.address])
  }

  beginExchange(): void {
    // 10.3 wants a first number unlike any before; an unpredictable one also keeps a blind attacker out (RFC 6094).
    this.ddSequence = this.ddSequence === 0 ? this.router.random.u32() : (this.ddSequence + 1) >>> 0
    this.isMaster = true
    this.ddReceived = undefined
    this.router.defer(() => {
      const early = this.ddEarly
      this.ddEarly = undefined
      if (this.state !== 'ExStart') return
      sendDatabaseDescription(this)
      const isFresh =
        early && this.router.now - early.at < this.interface.config.retransmitInterval * 1000
      if (isFresh) receiveDatabaseDescription(this.interface, this, early.dd)
    })
  }

  listDatabase(): void {
    const { router, interface: iface } = this
    for (const { lsdb } of router.scopesOf(iface)) {
      for (const entry of lsdb) {
        if (!this.takes(entry.lsa.header.type)) continue
        if (isMaxAge(entry, router.now)) this.oweUpdate(entry)
        else if (neverSent(router, entry)) this.withheld.add(entry)
        else this.summaryList.push(entry)
      }
    }
  }

  passesOnOpaque(isOpaqueCapable: boolean): void {
    if (this.isOpaqueCapable === isOpaqueCapable) return
    this.isOpaqueCapable = isOpaqueCapable
    this.interface.area.opaqueNeighborChanged()
  }

  /** Opaque LSAs are for those who know what they are. */
  takes(type: number): boolean {
    return this.isOpaqueCapable || !isOpaque(type)
  }

  get isBidirectional(): boolean {
    return atLeast(this.state, '2-Way')
  }

  hasRequests(): boolean {
    return this.requests.size > 0
  }

  clearLists(): void {
    for (const entry of this.retransmissions.keys()) entry.retransmitting--
    this.retransmissions.clear()
    this.summaryList = []
    this.summaryNext = 0
    this.requests.clear()
    this.requested.clear()
    this.directUpdates.clear()
    this.directAcks.length = 0
    this.withheld.clear()
    this.ddSent = undefined
    this.ddTimer.cancel()
    this.requestTimer.cancel()
    this.retransmitTimer.cancel()
  }

  /** Puts an LSA on the retransmission list and sends it to this neighbor alone. */
  oweUpdate(entry: Entry): void {
    this.addRetransmission(entry)
    this.directUpdates.add(entry)
    this.router.touch(this.interface)
  }

  addRetransmission(entry: Entry): void {
    if (!this.retransmissions.has(entry)) entry.retransmitting++
    this.retransmissions.add(entry, this.router.now)
    this.withheld.delete(entry)
    if (!this.retransmitTimer.armed) {
      this.retransmitTimer.set(this.router.now + this.interface.config.retransmitInterval * 1000)
    }
  }

  dropRetransmission(entry: Entry): boolean {
    if (!this.retransmissions.delete(entry)) return false
    entry.retransmitting--
    if (this.retransmissions.size === 0) this.retransmitTimer.cancel()
    return true
  }

  /** Runs the state machine; the only writer of `state`, and the one place that reacts to a change of it. */
  event(event: NeighborEvent): void {
    const was = this.state
    if (event === 'SeqNumberMismatch' || event === 'BadLSReq') {
      this.router.suspect('restarts', this.interface, this)
    }
    const next = stepNeighbor(was, event, this)
    if (next === was) return
    const { interface: iface, router } = this
    this.state = next
    this.since = router.now
    this.stateChanges++
    this.lastEvent = event
    router.exchanges.moved(this, was)
    if (next === 'Down') this.received.forget()
    if (next === 'Down' && was !== 'Attempt') iface.listeningSince = router.now
    const isConfigured = iface.configured(this.address) !== undefined
    if (next === 'Down' && !isConfigured) iface.neighbors.delete(router.neighborKey(iface, this))
    if (was === 'Full' || next === 'Full') {
      iface.area.originateDirty = true
      // 12.4.1: bit V
      const transit = router.areas.get(iface.config.virtual?.transitArea ?? iface.area.id)
      if (transit) transit.originateDirty = true
    }
    if (next === 'Full') {
      this.ddTimer.cancel()
      router.owed.add(this)
    }
    router.say({
      type: 'neighbor',
      interface: iface.name,
      routerId: formatIpv4(this.routerId),
      address: formatIpv4(this.address),
      was,
      state: next,
      reason: event,
    })
    if (atLeast(was, '2-Way') !== atLeast(next, '2-Way')) iface.event('NeighborChange')
  }

  repeatDatabaseDescription(): void {
    if (this.state !== 'ExStart' && !(this.state === 'Exchange' && this.isMaster)) return
    if (!this.ddSent) return
    this.router.transmit(this.interface, this.address, this.ddSent.bytes)
    this.ddTimer.set(this.router.now + this.interface.config.retransmitInterval * 1000)
  }
}
