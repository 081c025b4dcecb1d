/**
 * A router of the simulated network: the core `Router` and the loop that drives it. It is the production loop (drain
 * `poll()`, sleep until `nextTimeout()`), with the virtual clock for a timer and segments for sockets.
 */

import { defaultAreaConfig } from '../core/area.ts'
import type { OspfEvent } from '../core/events.ts'
import type {
  AreaConfig,
  ConfigChange,
  Datagram,
  ExternalPrefix,
  InterfaceConfig,
  OpaqueScope,
  Output,
  Route,
  StubPrefix,
  StubRouter,
} from '../core/io.ts'
import type { Router, RouterOptions } from '../core/router.ts'
import type {
  Counters,
  InterfaceSnapshot,
  LsaSnapshot,
  NeighborSnapshot,
} from '../core/snapshots.ts'
import { OspfError } from '../errors.ts'
import { formatIpv4, formatPrefix, networkOf } from '../wire/address.ts'
import type { PrefixShare } from '../wire/traffic-share.ts'
import { ClockEvent } from './clock.ts'
import { covers, parseAddress, parsePrefix } from './fib.ts'
import { connect } from './forward.ts'
import { type Attachment, allDRouters, type World } from './medium.ts'
import { SimNode } from './node.ts'

/** What the core `Router` is made from. */
export type CoreOptions = RouterOptions

/** The surface of the core `Router` that the simulator drives: anything with it can stand in. */
export type CoreRouter = Pick<
  Router,
  | 'handleDatagrams'
  | 'handleInterface'
  | 'handleConfig'
  | 'handleTimeout'
  | 'handleResume'
  | 'nextTimeout'
  | 'poll'
  | 'neighbors'
  | 'interfacesNow'
  | 'database'
  | 'opaques'
  | 'routes'
  | 'counters'
  | 'unacknowledged'
  | 'isUpToDate'
>

/** An event of a router and when it happened. */
export interface RecordedEvent {
  /** Milliseconds of virtual time. */
  readonly at: number
  readonly event: OspfEvent
}

/** What a router needs from the network. */
export interface RouterWorld extends World {
  /** Copies bytes into the buffer that every receiver shares, as a socket library does. */
  lend(bytes: Uint8Array): Uint8Array
  heard(router: SimRouter, event: OspfEvent): void
}

/** Wake-ups of one router at one instant before we say that it spins. */
const spinLimit = 10_000

/** A packet that waits to be read. */
interface Arrived {
  readonly to: Attachment
  readonly source: number
  readonly destination: number
  readonly bytes: Uint8Array
  readonly ttl: number
}

class WakeUp extends ClockEvent {
  readonly #run: () => void
  constructor(run: () => void) {
    super()
    this.#run = run
  }
  override fire(): void {
    this.#run()
  }
}

/** A simulated router. Made by `Network.router()`. */
export class SimRouter extends SimNode {
  #id: number
  /** The latest events, oldest first. */
  readonly events: RecordedEvent[] = []
  readonly #world: RouterWorld
  readonly #make: (life: number, id: number) => CoreRouter
  readonly #eventLimit: number
  readonly #stubs = new Map<string, StubPrefix>()
  readonly #areas = new Map<number, AreaConfig>()
  readonly #virtualLinks = new Map<string, InterfaceConfig>()
  readonly #externals = new Map<string, ExternalPrefix>()
  #stubRouter: StubRouter | undefined
  readonly #opaques = new Map<string, ConfigChange>()
  #information: ConfigChange | undefined
  readonly #wake = new WakeUp(() => this.#wakeUp())
  /** Packets that have arrived at this instant, and are read together. */
  #inbox: Arrived[] = []
  readonly #reading = new WakeUp(() => this.#read())
  #core: CoreRouter | undefined
  #former: CoreRouter | undefined
  #formerRoutes: readonly Route[] = []
  /** What the operator wrote while nobody was there to read it. */
  #unread: ConfigChange[] = []
  #life = 0
  #spins = 0
  #spinningAt = -1
  #delay = 0
  /** No packet overtakes another, also when the delay changes. */
  #busyUntil = 0
  #rate = { rate: 1, from: 0, reads: 0 }

  constructor(init: {
    readonly name: string
    readonly id: number
    readonly world: RouterWorld
    readonly eventLimit: number
    /** Makes the core of the n-th life (from 0) with a Router ID. */
    readonly make: (life: number, id: number) => CoreRouter
  }) {
    super(init.name, init.world)
    this.#id = init.id
    this.#world = init.world
    this.#make = init.make
    this.#eventLimit = init.eventLimit
    this.#core = this.#tellWall(init.make(this.#life, init.id))
  }

  /** Its monotonic clock: it may run too fast, or too slow. */
  override now(): number {
    const { rate, from, reads } = this.#rate
    return reads + (super.now() - from) * rate
  }

  /** From here on its clock runs at `rate` times true time; 1.01 gains a second every 100. */
  skew(rate: number): void {
    if (!(rate > 0)) throw new OspfError('ERR_OSPF_CONFIG', `expected a rate above 0, got ${rate}`)
    this.#rate = { rate, from: super.now(), reads: this.now() }
    this.#drain()
  }

  /**
   * From here on its process is slow: it comes to every timer and every packet so many seconds late; 0: it is not. What
   * it sends leaves at once.
   */
  slow(seconds: number): void {
    if (!(seconds >= 0)) {
      throw new OspfError('ERR_OSPF_CONFIG', `expected seconds, 0 or more, got ${seconds}`)
    }
    this.#delay = seconds * 1000
    this.#drain()
  }

  /** Router ID as a number. */
  get id(): number {
    return this.#id
  }

  /** Router ID as a dotted quad. */
  get routerId(): string {
    return formatIpv4(this.id)
  }

  override get running(): boolean {
    return this.#core !== undefined
  }

  /** The core router. Throws ERR_OSPF_STOPPED while the machine is down. */
  get core(): CoreRouter {
    if (this.#core === undefined) throw new OspfError('ERR_OSPF_STOPPED', `${this.name} is down`)
    return this.#core
  }

  neighbors(): NeighborSnapshot[] {
    return this.core.neighbors()
  }

  interfaces(): InterfaceSnapshot[] {
    return this.core.interfacesNow()
  }

  database(): LsaSnapshot[] {
    return this.core.database(this.now())
  }

  routes(): Route[] {
    return this.core.routes()
  }

  get counters(): Counters {
    return this.core.counters
  }

  /** What it announces: the operator's wish, kept over restarts. */
  get announced(): readonly StubPrefix[] {
    return [...this.#stubs.values()]
  }

  /** Announces a prefix ('10.0.1.100/32') as a stub link. `cost` 0 to 65535, by default 0; `area` by default the backbone. */
  announce(prefix: string, options: { readonly cost?: number; readonly area?: string } = {}): void {
    const { address, length } = parsePrefix(prefix)
    const area = parseAddress(options.area ?? '0.0.0.0')
    const stub = { area, prefix: networkOf(address, length), length, cost: options.cost ?? 0 }
    this.#stubs.set(stubKey(stub), stub)
    this.#configure({ type: 'announce', stub })
  }

  withdraw(prefix: string, options: { readonly area?: string } = {}): void {
    const { address, length } = parsePrefix(prefix)
    const area = parseAddress(options.area ?? '0.0.0.0')
    const stub = { area, prefix: networkOf(address, length), length }
    if (this.#stubs.delete(stubKey(stub))) this.#configure({ type: 'withdraw', ...stub })
  }

  /** Configures an area ('0.0.0.1'): stub, NSSA, ranges; what is not given is as in a normal area. */
  area(id: string, change: Partial<Omit<AreaConfig, 'id'>>): void {
    const config = { ...defaultAreaConfig(parseAddress(id)), ...change }
    this.#areas.set(config.id, config)
    this.#configure({ type: 'area', config })
  }

  /** A virtual link to a router through an area (RFC 2328 15). Times in seconds. */
  virtualLink(
    endpoint: string,
    transitArea: string,
    options: Partial<
      Pick<InterfaceConfig, 'helloInterval' | 'deadInterval' | 'authentication' | 'ttlSecurity'>
    > = {},
  ): void {
    const virtual = { transitArea: parseAddress(transitArea), endpoint: parseAddress(endpoint) }
    const config: InterfaceConfig = {
      name: `virtual ${endpoint} ${transitArea}`,
      area: 0,
      network: 'virtual',
      cost: 1,
      helloInterval: 10,
      deadInterval: 40,
      retransmitInterval: 5,
      transmitDelay: 1,
      priority: 0,
      passive: false,
      mtuIgnore: false,
      virtual,
      ...options,
    }
    this.#virtualLinks.set(config.name, config)
    this.#configure({ type: 'interface', config })
  }

  /** Asks for a share of the traffic to a prefix, or (undefined) to all of its own; a restart forgets it. */
  share(prefix: string | undefined, share: Partial<Pick<PrefixShare, 'weight' | 'drain'>>): void {
    const of = prefix === undefined ? undefined : parsePrefix(prefix)
    const where = { prefix: of?.address, length: of?.length ?? 0 }
    this.#configure({ type: 'share', share: { ...where, weight: 100, drain: false, ...share } })
  }

  /** Asks for no share any more. */
  withdrawShare(prefix: string | undefined): void {
    const of = prefix === undefined ? undefined : parsePrefix(prefix)
    this.#configure({ type: 'remove-share', prefix: of?.address, length: of?.length ?? 0 })
  }

  /** Tells others whether it sends no new connections to who drains. */
  keepsConnections(keeps: boolean): void {
    this.#configure({ type: 'keeps-connections', keeps })
  }

  /** Advertises a destination outside the autonomous system; by default type 2, metric 20, tag 0. */
  external(prefix: string, options: Partial<Omit<ExternalPrefix, 'prefix' | 'length'>> = {}): void {
    const { address, length } = parsePrefix(prefix)
    const where = { prefix: networkOf(address, length), length }
    const how = { metricType: 2, metric: 20, tag: 0, forwardingAddress: 0 } as const
    const external: ExternalPrefix = { ...where, ...how, ...options }
    this.#externals.set(prefix, external)
    this.#configure({ type: 'external', external })
  }

  withdrawExternal(prefix: string): void {
    const external = this.#externals.get(prefix)
    if (external === undefined) return
    this.#externals.delete(prefix)
    const { prefix: address, length } = external
    this.#configure({ type: 'withdraw-external', prefix: address, length })
  }

  /** Becomes a stub router (RFC 6987); undefined: ceases to be one. */
  set stubRouter(stubRouter: StubRouter | undefined) {
    this.#stubRouter = stubRouter
    this.#configure({ type: 'stub-router', stubRouter })
  }

  get stubRouter(): StubRouter | undefined {
    return this.#stubRouter
  }

  /** How an area is configured here, by its Area ID as a number. */
  areaConfig(id: number): AreaConfig {
    return this.#areas.get(id) ?? defaultAreaConfig(id)
  }

  get externals(): readonly ExternalPrefix[] {
    return [...this.#externals.values()]
  }

  get virtualLinks(): readonly NonNullable<InterfaceConfig['virtual']>[] {
    return [...this.#virtualLinks.values()].flatMap(({ virtual }) => virtual ?? [])
  }

  /** Changes the configuration of an interface: `r1.configure('eth0', { cost: 5 })`. */
  configure(name: string, change: Partial<Omit<InterfaceConfig, 'name'>>): void {
    const attachment = this.attachments.find((a) => a.name === name)
    if (attachment === undefined) {
      throw new OspfError('ERR_OSPF_NO_INTERFACE', `${this.name} has no interface ${name}`)
    }
    attachment.config = { ...attachment.config, ...change }
    this.#configure({ type: 'interface', config: attachment.config })
  }

  /** Originates an opaque LSA; without data, withdraws it. */
  opaque(where: OpaqueScope, opaqueType: number, opaqueId: number, data?: Uint8Array): void {
    const id = { where, opaqueType, opaqueId }
    const key = JSON.stringify(id)
    const change: ConfigChange =
      data === undefined ? { type: 'withdraw-opaque', ...id } : { type: 'opaque', ...id, data }
    if (data === undefined) this.#opaques.delete(key)
    else this.#opaques.set(key, change)
    this.#configure(change)
  }

  /** Says its name (RFC 5642). */
  call(hostname: string, scope: 'area' | 'as' = 'area'): void {
    this.#information = { type: 'router-information', information: { hostname, scope } }
    this.#configure(this.#information)
  }

  /** Flushes its own LSAs and originates no more (14.1). */
  flush(): void {
    this.#configure({ type: 'flush' })
  }

  /** Says goodbye, then is down: the end of a graceful stop, usually some time after `flush`. */
  close(): void {
    this.#configure({ type: 'close' })
    this.crash()
  }

  /** The machine loses power: not one packet more. Nobody is told. */
  crash(): void {
    if (this.#core !== undefined) {
      this.#former = this.#core
      this.#formerRoutes = [...this.fib].map(([, route]) => route)
    }
    this.#core = undefined
    this.world.clock.cancel(this.#wake)
    this.world.clock.cancel(this.#reading)
    this.#inbox = []
    this.reset()
  }

  /**
   * Starts again after `crash`, configured as before. By default nothing is remembered; with `memory` the router has
   * its databases and sequence numbers still (a hibernated machine) and all its interfaces come up anew. `routerId`
   * (dotted): another Router ID from now on, as far as this router is concerned.
   */
  restart(options: { readonly memory?: boolean; readonly routerId?: string } = {}): void {
    if (this.#core !== undefined) this.crash()
    const { routerId } = options
    if (routerId !== undefined) this.#id = parseAddress(routerId)
    if (routerId === undefined && options.memory && this.#former !== undefined) {
      this.#core = this.#tellWall(this.#former)
      // its kernel slept as well
      this.fib.apply(this.#formerRoutes.map((route) => ({ type: 'replace', route })))
      for (const { name } of this.attachments) {
        this.#core.handleInterface(this.now(), name, undefined)
      }
      this.resumed()
      return
    }
    this.#core = this.#tellWall(this.#make(++this.#life, this.#id))
    this.#unread = []
    for (const config of this.#areas.values()) this.#configure({ type: 'area', config })
    for (const attachment of this.attachments) this.attached(attachment)
    for (const config of this.#virtualLinks.values()) {
      this.#configure({ type: 'interface', config })
    }
    for (const stub of this.#stubs.values()) this.#configure({ type: 'announce', stub })
    for (const change of this.#opaques.values()) this.#configure(change)
    if (this.#information) this.#configure(this.#information)
    for (const external of this.#externals.values()) {
      this.#configure({ type: 'external', external })
    }
    if (this.#stubRouter) this.#configure({ type: 'stub-router', stubRouter: this.#stubRouter })
  }

  override freeze(how?: 'suspended' | 'stalled'): void {
    super.freeze(how)
    this.world.clock.cancel(this.#wake)
  }

  override owns(address: number): boolean {
    if (this.attachments.some((a) => a.address === address)) return true
    // unless OSPF knows better, it is on a stub network of ours, or leaves the autonomous system here
    const attached = this.attachments.filter(
      ({ carrier, segment: n }) => carrier && covers(n.prefix, n.length, address),
    )
    const known = this.fib.lookup(address)?.length ?? -1
    const length = Math.max(known, ...attached.map(({ segment }) => segment.length))
    if (this.announced.some((s) => s.length >= length && covers(s.prefix, s.length, address))) {
      return true
    }
    // or is handed to a router of others that is none of the simulation's
    const isStranger = ({ carrier, segment: n }: Attachment, at: number): boolean =>
      carrier && covers(n.prefix, n.length, at) && n.at(at) === undefined
    const isHere = (at: number): boolean =>
      at === 0 || this.attachments.some((a) => a.address === at || isStranger(a, at))
    return this.externals.some(
      (e) =>
        e.length >= length && isHere(e.forwardingAddress) && covers(e.prefix, e.length, address),
    )
  }

  override attached(attachment: Attachment): void {
    this.#configure({ type: 'interface', config: attachment.config })
    this.linkChanged(attachment)
  }

  override linkChanged(attachment: Attachment): void {
    if (!this.#awake(this.#core)) return
    this.#core.handleInterface(this.now(), attachment.name, attachment.link())
    this.#drain()
  }

  protected override deliver(
    to: Attachment,
    source: number,
    dest: number,
    bytes: Uint8Array,
    ttl: number,
  ): void {
    const { clock } = this.world
    const at = Math.max(clock.now() + this.#delay, this.#busyUntil)
    const packet: Arrived = { to, source, destination: dest, bytes, ttl }
    if (at <= clock.now()) return this.#put(packet)
    this.#busyUntil = at
    const life = this.#core
    const arrive = (): void => {
      if (this.#awake(this.#core) && this.#core === life) this.#put(packet)
    }
    clock.schedule(new Arrival(arrive), at)
  }

  /** A process reads all that its sockets hold when it wakes up: so do we, at the end of the instant. */
  #put(packet: Arrived): void {
    this.#inbox.push(packet)
    const { clock } = this.world
    if (this.#inbox.length === 1) clock.schedule(this.#reading, clock.now())
  }

  #read(): void {
    const packets = this.#inbox
    this.#inbox = []
    // it may have stopped in the meantime
    if (!this.#awake(this.#core)) {
      for (const p of packets) this.receive(p.to, p.source, p.destination, p.bytes, p.ttl)
      return
    }
    this.#core.handleDatagrams(this.now(), this.#lent(packets))
    this.#drain()
  }

  *#lent(packets: readonly Arrived[]): Generator<Datagram> {
    for (const { to, source, destination, bytes, ttl } of packets) {
      const view = this.#world.lend(bytes)
      yield { interface: to.name, source, destination, ttl, bytes: view }
      // What the core has not copied is gone now, as with a real socket.
      view.fill(0xa5)
    }
  }

  protected override resumed(): void {
    if (this.#core) this.#tellWall(this.#core).handleResume(this.now())
    this.#drain()
    for (const change of this.#unread.splice(0)) this.#configure(change)
    for (const attachment of this.attachments) this.linkChanged(attachment)
  }

  /** Its clock stands still in its sleep, the wall clock does not. */
  #tellWall(core: CoreRouter): CoreRouter {
    core.handleConfig(this.now(), { type: 'wall-clock', offset: this.wall() - this.now() })
    return core
  }

  #configure(change: ConfigChange): void {
    if (!this.#awake(this.#core)) {
      this.#unread.push(change)
      return
    }
    this.#core.handleConfig(this.now(), change)
    this.#drain()
  }

  #awake(core: CoreRouter | undefined): core is CoreRouter {
    return core !== undefined && this.frozen === undefined
  }

  #wakeUp(): void {
    const at = this.world.clock.now()
    this.#spins = at === this.#spinningAt ? this.#spins + 1 : 0
    this.#spinningAt = at
    if (this.#spins > spinLimit) throw new Error(`${this.name} spins: always due at ${at} ms`)
    this.core.handleTimeout(this.now())
    this.#drain()
  }

  /** The heart: do what the core wants done, then sleep until it wants to be called. */
  #drain(): void {
    const core = this.#core
    if (core === undefined) return
    for (let output = core.poll(); output !== undefined; output = core.poll()) {
      this.#perform(output)
      // A hook may have crashed us.
      if (this.#core !== core) return
    }
    const next = core.nextTimeout()
    if (next === undefined || this.frozen !== undefined) this.world.clock.cancel(this.#wake)
    else this.world.clock.schedule(this.#wake, this.#whenItReads(next) + this.#delay)
  }

  /** When its clock will read so, of the true time. */
  #whenItReads(instant: number): number {
    const now = this.world.clock.now()
    const { rate } = this.#rate
    return rate === 1 ? instant + (now - this.now()) : now + (instant - this.now()) / rate
  }

  #perform(output: Output): void {
    switch (output.type) {
      case 'transmit': {
        const from = this.attachments.find((a) => a.name === output.interface)
        const { destination, bytes, ttl } = output
        if (from) from.segment.transmit(from, destination, bytes, from.address, ttl)
        else this.#route(output.interface, destination, bytes, ttl)
        return
      }
      case 'membership':
        if (output.group === allDRouters)
          this.#attachment(output.interface).designated = output.join
        return
      case 'routes':
        this.fib.apply(output.changes)
        return
      case 'event':
        this.events.push({ at: this.world.clock.now(), event: output.event })
        if (this.events.length > this.#eventLimit) this.events.shift()
        this.#world.heard(this, output.event)
        return
    }
    output satisfies never
  }

  /** A packet of a virtual link: no device of ours, but the way that user packets take through the transit area. */
  #route(name: string, destination: number, bytes: Uint8Array, ttl = ROUTED_TTL): void {
    const flow = { source: this.id, sourcePort: 0, destination, destinationPort: 0 }
    const { path, reached } = connect(this, flow, () => 0)
    const area = this.#virtualLinks.get(name)?.virtual?.transitArea
    const between = (node: SimNode, other: SimNode | undefined): Attachment | undefined =>
      node.attachments.find(
        (a) => other && a.carrier && a.config.area === area && a.segment.of(other),
      )
    const out = between(this, path[1])
    const { clock } = this.world
    const at = clock.now()
    if (out) for (const tap of this.#world.taps) tap({ at, from: out, destination, bytes })
    // it may come in by another interface than the one that has the address
    const to = reached && between(reached, path.at(-2))
    if (!(reached instanceof SimRouter) || to === undefined || out === undefined) return
    // the routers between the first and the last take one off
    const left = ttl - (path.length - 2)
    const arrive = (): void => {
      if (reached.running) reached.deliver(to, out.address, destination, bytes, left)
    }
    clock.schedule(new Arrival(arrive), at + HOP_MS * (path.length - 1))
  }

  #attachment(name: string): Attachment {
    const found = this.attachments.find((a) => a.name === name)
    if (found === undefined) throw new Error(`${this.name} sends on ${name}, which it has not`)
    return found
  }
}

/** As the kernel sends what is not said otherwise of. */
const ROUTED_TTL = 64
/** Milliseconds that a routed packet takes for each hop. */
const HOP_MS = 1

class Arrival extends ClockEvent {
  readonly #arrive: () => void

  constructor(arrive: () => void) {
    super()
    this.#arrive = arrive
  }

  override fire(): void {
    this.#arrive()
  }
}

const stubKey = (s: { readonly area: number; readonly prefix: number; readonly length: number }) =>
  `${s.area} ${formatPrefix(s.prefix, s.length)}`
