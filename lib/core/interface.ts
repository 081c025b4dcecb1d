/** An interface (RFC 2328 section 9): its data, the election of the Designated Router (9.4), its state machine. */
import { formatIpv4, maskOf, networkOf } from '../wire/address.ts'
import type { LsaHeader } from '../wire/lsa.ts'
import { Option } from '../wire/options.ts'
import type { Area } from './area.ts'
import { authenticationOctets } from './authentication.ts'
import { ALL_D_ROUTERS, IP_HEADER_OCTETS, OSPF_HEADER_OCTETS } from './constants.ts'
import type { DropReason, OspfEvent } from './events.ts'
import { FloodPace } from './flood-pace.ts'
import { sendHello } from './hello.ts'
import { type InterfaceActions, type InterfaceEvent, stepInterface } from './interface-fsm.ts'
import type { ConfiguredNeighbor, Instant, InterfaceConfig, LinkState } from './io.ts'
import { LinkScope } from './link-scope.ts'
import { sendDelayedAcks } from './ls-ack.ts'
import type { Entry } from './lsdb.ts'
import { Neighbor } from './neighbor.ts'
import { atLeast } from './neighbor-fsm.ts'
import { addressesChanged } from './originate.ts'
import { permits } from './prefix-list.ts'
import type { Router } from './router.ts'
import type { InterfaceState } from './states.ts'
import type { Timer } from './timers.ts'
import { TokenBucket } from './token-bucket.ts'

export class Interface implements InterfaceActions {
  readonly router: Router
  readonly area: Area
  config: InterfaceConfig
  link: LinkState = { up: false, address: undefined, prefixLength: 0, mtu: 1500 }
  state: InterfaceState = 'Down'
  /** Interface addresses, as OSPFv2 carries them; 0: none. */
  designatedRouter = 0
  backupDesignatedRouter = 0
  /** By IP source address on broadcast networks, by Router ID on point-to-point ones (8.2, 10.5). */
  readonly neighbors: Map<number, Neighbor> = new Map()
  /** Opaque LSAs that stay on this link. */
  readonly linkScope: LinkScope
  /** LSAs to be flooded out of here when the current input has been dealt with. */
  readonly floodQueue: Set<Entry> = new Set()
  /** Those of them that came in here: who sent them waits for them to go back out, as no other acknowledgement follows. */
  readonly echoes: Set<Entry> = new Set()
  readonly pace: FloodPace
  readonly delayedAcks: LsaHeader[] = []
  /** What is processed of neighbors but for their Hellos, and of others. */
  packetBudget!: TokenBucket
  strangerBudget!: TokenBucket
  /** What keeps an adjacency from forming, by source address and kind: said once per change. */
  readonly mismatches: Map<string, string> = new Map()
  readonly drops: Partial<Record<DropReason, number>> = {}
  /** Packets by type (A.3.1), Hello first: those that were authentic, and those that left. */
  readonly packets: { readonly received: number[]; readonly sent: number[] } = {
    received: [0, 0, 0, 0, 0],
    sent: [0, 0, 0, 0, 0],
  }
  lastHelloAt: Instant = Number.NEGATIVE_INFINITY
  /** It was configured or came up then, or lost a neighbor, or we were asleep: see convergence.ts. */
  listeningSince: Instant
  /** The key that the last packet was sealed with; undefined: none was. */
  keyState: Pick<Extract<OspfEvent, { type: 'key' }>, 'state' | 'keyId'> | undefined
  readonly helloTimer: Timer
  readonly waitTimer: Timer
  readonly ackTimer: Timer
  /** Going down: the neighbors that go with it call for no election (4.4: no recursion). */
  #resetting = false

  constructor(router: Router, area: Area, config: InterfaceConfig) {
    this.router = router
    this.area = area
    this.config = config
    this.listeningSince = router.now
    this.linkScope = new LinkScope(this)
    this.pace = new FloodPace(this)
    this.budget()
    this.helloTimer = router.timers.create('hello', (now) => {
      const due = this.helloTimer.at + this.helloMs
      this.helloTimer.set(due > now ? due : now + this.helloMs)
      sendHello(this)
    })
    this.waitTimer = router.timers.create('wait', () => this.event('WaitTimer'))
    this.ackTimer = router.timers.create('delayed-ack', () => sendDelayedAcks(this))
  }

  /** By the limits of the router, which may change. */
  budget(): void {
    const { packetsPerSecond } = this.router.limits
    this.packetBudget = new TokenBucket(packetsPerSecond)
    this.strangerBudget = new TokenBucket(Math.max(1, packetsPerSecond / 10))
  }

  get name(): string {
    return this.config.name
  }

  get address(): number {
    return this.link.address ?? 0
  }

  get mask(): number {
    return maskOf(this.link.prefixLength)
  }

  get network(): number {
    return networkOf(this.address, this.link.prefixLength)
  }

  /** Others hear of its network: it is not suppressed (RFC 6860), and we may originate it. */
  get isTold(): boolean {
    const { network, prefixSuppression } = this.config
    const isHost = this.state === 'Loopback' || network === 'point-to-multipoint'
    const length = isHost ? 32 : this.link.prefixLength
    const prefix = isHost ? this.address : this.network
    return !prefixSuppression && permits(this.router.allowed, prefix, length)
  }

  /** The other end of a virtual link; 0: not known, or no virtual link. */
  endpointAddress = 0

  get isVirtual(): boolean {
    return this.config.network === 'virtual'
  }

  /** We leave, and let the Backup take over before we are gone. Without a Backup there is nobody to let. */
  resigned = false

  /** Our Router Priority. */
  get priority(): number {
    return this.resigned ? 0 : this.config.priority
  }

  /** Milliseconds between Hellos. */
  get helloMs(): number {
    const { helloInterval, helloMultiplier } = this.config
    return helloMultiplier ? Math.floor(1000 / helloMultiplier) : helloInterval * 1000
  }

  /** Octets of OSPF packet body that fit one IP packet without options, together with the digest behind it. */
  get bodyOctets(): number {
    const trailer = authenticationOctets(this.config)
    return this.link.mtu - IP_HEADER_OCTETS - OSPF_HEADER_OCTETS - trailer
  }

  /** Another router stands by to be Designated Router. */
  get hasSuccessor(): boolean {
    const { backupDesignatedRouter: bdr, designatedRouter: dr, address } = this
    return (bdr !== 0 && bdr !== address) || (this.state === 'Backup' && dr !== address)
  }

  get isElected(): boolean {
    return this.state === 'DR' || this.state === 'Backup'
  }

  /** Broadcast or NBMA: many routers, one of them the Designated Router. */
  electsDr(): boolean {
    return this.config.network === 'broadcast' || this.config.network === 'nbma'
  }

  /** Neighbors are known by their address; on point-to-point networks and virtual links by their Router ID (10.5). */
  get knowsByAddress(): boolean {
    return this.config.network !== 'point-to-point' && !this.isVirtual
  }

  /** Nothing can be multicast: each neighbor gets a packet of its own. */
  get isUnicast(): boolean {
    const { network, nonBroadcast } = this.config
    return network === 'nbma' || this.isVirtual || nonBroadcast === true
  }

  configured(address: number): ConfiguredNeighbor | undefined {
    return this.config.neighbors?.find((neighbor) => neighbor.address === address)
  }

  isEligible(): boolean {
    return this.priority > 0
  }

  startHello(): void {
    this.helloTimer.set(this.router.now)
    this.meetConfigured()
  }

  /** Neighbors that are told rather than heard (C.5, C.6): who is new is attempted, who is no longer listed forgotten. */
  meetConfigured(): void {
    for (const { address, eligible } of this.config.neighbors ?? []) {
      if (this.neighbors.has(address)) continue
      const neighbor = new Neighbor(this, 0, address)
      this.neighbors.set(address, neighbor)
      // 9.3, InterfaceUp: on NBMA networks only between those that may become Designated Router
      const isAttempted = this.isElected || (this.isEligible() && eligible)
      if (!this.electsDr() || isAttempted) neighbor.event('Start')
    }
    if (!this.isUnicast || this.isVirtual) return
    for (const neighbor of [...this.neighbors.values()]) {
      if (this.configured(neighbor.address)) continue
      neighbor.event('KillNbr')
      this.neighbors.delete(neighbor.address)
    }
  }

  startWait(): void {
    this.waitTimer.set(this.router.now + waitOf(this.config) * 1000)
  }

  reset(): void {
    this.#resetting = true
    for (const neighbor of [...this.neighbors.values()]) neighbor.event('KillNbr')
    this.neighbors.clear()
    this.#resetting = false
    this.helloTimer.cancel()
    this.waitTimer.cancel()
    this.ackTimer.cancel()
    this.pace.stop()
    this.delayedAcks.length = 0
    this.floodQueue.clear()
    this.echoes.clear()
    this.linkScope.clear()
    this.mismatches.clear()
    this.designatedRouter = 0
    this.backupDesignatedRouter = 0
    this.lastHelloAt = Number.NEGATIVE_INFINITY
  }

  /** Runs the state machine; the only writer of `state`, and the one place that reacts to a change of it. */
  event(event: InterfaceEvent): void {
    if (this.#resetting) return
    const was = this.state
    const wasElected = this.isElected
    const next = stepInterface(was, event, this)
    if (next === was) return
    this.state = next
    if (was === 'Down') this.listeningSince = this.router.now
    if (was === 'Waiting') this.waitTimer.cancel()
    if (was === 'Down' || next === 'Down') addressesChanged(this.router)
    if (this.isElected !== wasElected) {
      this.router.emit({
        type: 'membership',
        interface: this.name,
        group: ALL_D_ROUTERS,
        join: this.isElected,
      })
    }
    this.area.originateDirty = true
    this.linkScope.originateDirty = true
    this.router.say({ type: 'interface', interface: this.name, was, state: next })
  }

  /** RFC 2328 9.4. */
  elect(): 'DROther' | 'Backup' | 'DR' {
    const { designatedRouter: wasDr, backupDesignatedRouter: wasBdr, address } = this
    // (1) note the current values
    let self: Candidate = {
      address,
      routerId: this.router.routerId,
      priority: this.priority,
      designatedRouter: wasDr,
      backupDesignatedRouter: wasBdr,
    }
    const others: Candidate[] = []
    for (const neighbor of this.neighbors.values()) {
      if (atLeast(neighbor.state, '2-Way')) others.push(neighbor)
    }
    // (2), (3)
    let outcome = elect([self, ...others])
    // (4) newly elected, or no longer: once more with what we now declare
    const gained = (now: number, was: number): boolean => (now === address) !== (was === address)
    if (gained(outcome.dr, wasDr) || gained(outcome.bdr, wasBdr)) {
      self = {
        ...self,
        designatedRouter: outcome.dr,
        backupDesignatedRouter: outcome.bdr,
      }
      outcome = elect([self, ...others])
    }
    this.designatedRouter = outcome.dr
    this.backupDesignatedRouter = outcome.bdr
    if (outcome.dr !== wasDr || outcome.bdr !== wasBdr) {
      this.area.originateDirty = true
      this.router.say({
        type: 'designated-router',
        interface: this.name,
        designatedRouter: formatIpv4(outcome.dr),
        backupDesignatedRouter: formatIpv4(outcome.bdr),
      })
      if (outcome.dr !== wasDr) this.#watchTakeover(wasDr, others)
      // after the state is written: (6) an NBMA network has some who wait to be greeted, (7) adjacencies may have to be
      // made or broken
      this.router.defer(() => {
        for (const neighbor of [...this.neighbors.values()]) {
          if (this.isElected && this.configured(neighbor.address)) neighbor.event('Start')
          if (atLeast(neighbor.state, '2-Way')) neighbor.event('AdjOK?')
        }
      })
    }
    // (5)
    return outcome.dr === address ? 'DR' : outcome.bdr === address ? 'Backup' : 'DROther'
  }

  /** Whoever says that it is the Designated Router, with a greater priority, becomes it (9.4 (3)): so it does when a network heals. */
  #watchTakeover(wasDr: number, others: readonly Candidate[]): void {
    const isAlive =
      wasDr === this.address ||
      others.some((o) => o.address === wasDr && o.designatedRouter === wasDr)
    const now = others.find((o) => o.address === this.designatedRouter)
    if (wasDr !== 0 && isAlive && now) this.router.suspect('takeover', this, now)
  }

  /** Options of our Hellos (A.2). */
  get options(): number {
    return this.area.options & (Option.e | Option.np)
  }

  /** Somebody on this interface is in a database exchange with us. */
  get exchanging(): boolean {
    for (const { state } of this.neighbors.values()) {
      if (state === 'Exchange' || state === 'Loading') return true
    }
    return false
  }
}

/** Seconds until an election without having heard of a Designated Router (9.1, Wait Timer). */
export const waitOf = ({ waitInterval, deadInterval }: InterfaceConfig): number =>
  waitInterval ?? deadInterval

interface Candidate {
  readonly address: number
  readonly routerId: number
  readonly priority: number
  readonly designatedRouter: number
  readonly backupDesignatedRouter: number
}

/** Steps (2) and (3) of 9.4. */
function elect(candidates: readonly Candidate[]): { dr: number; bdr: number } {
  const eligible = candidates.filter((c) => c.priority > 0)
  const notDr = eligible.filter((c) => c.designatedRouter !== c.address)
  const declaredBdr = notDr.filter((c) => c.backupDesignatedRouter === c.address)
  const bdr = best(declaredBdr.length > 0 ? declaredBdr : notDr)
  const dr = best(eligible.filter((c) => c.designatedRouter === c.address)) ?? bdr
  return { dr: dr?.address ?? 0, bdr: bdr?.address ?? 0 }
}

/** Highest Router Priority, ties to the highest Router ID. */
function best(candidates: readonly Candidate[]): Candidate | undefined {
  let winner: Candidate | undefined
  for (const c of candidates) {
    if (
      !winner ||
      c.priority > winner.priority ||
      (c.priority === winner.priority && c.routerId > winner.routerId)
    ) {
      winner = c
    }
  }
  return winner
}
