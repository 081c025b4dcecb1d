/**
 * `OspfSpeaker`: assembles the parts and drives the core. The protocol is in `core/`, the kernel behind the ports of
 * `ports.ts`; this file knows when a socket is opened and closed, what a VIP's announcement calls, and in which order
 * everything stops.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Announcement, DrainOptions } from './announcement.ts'
import type { InterfaceOptions } from './area-options.ts'
import { realClock } from './clock.ts'
import { ConfiguredAddresses } from './configured-addresses.ts'
import { Confirmations } from './confirmations.ts'
import type { ConfigChange, Instant, Output } from './core/io.ts'
import { Router } from './core/router.ts'
import { isRemote } from './core/routes.ts'
import { OspfError, stopped } from './errors.ts'
import { EventStream, routesEvent, type SpeakerEvent } from './events.ts'
import { Failures } from './failures.ts'
import { Inspection } from './inspection.ts'
import { changeOnDevices, onDevices } from './interface-address.ts'
import { Interfaces } from './interfaces.ts'
import type { Speaker } from './isolate/isolated.ts'
import { KernelHelpers } from './kernel-helpers.ts'
import { type Leftovers, leftoversOf } from './leftovers.ts'
import { type OpaqueOptions, OpaqueOriginations, type OriginatedOpaque } from './opaque.ts'
import {
  devicesOf,
  type IsolatedSpeakerOptions,
  initialChanges,
  isExtended,
  type Parsed,
  parseOptions,
  parseStubRouter,
  pauseOf,
  type SpeakerOptions,
  type StubRouterOptions,
  withInterface,
} from './options.ts'
import { attributesFor, type PolicyOptions, parseAccept, type RouteMap } from './policy.ts'
import type { Clock, KernelStatus } from './ports.ts'
import { neighborsIn, onAbort, type StopOptions, type StopResult, untilQuiet } from './quiet.ts'
import { type Kept, planReconfigure, type ReconfigureResult } from './reconfigure.ts'
import { Redistributor } from './redistribution.ts'
import { parseReset, type ResetOptions } from './reset.ts'
import { forwardingChanges, RouteFilter } from './route-filter.ts'
import { routerOptions } from './router-options.ts'
import { keepBootCount, nextBootCount } from './sequence-store.ts'
import { SharedAddresses } from './shared-addresses.ts'
import type { SpfRun } from './spf-log.ts'
import type { StatusView } from './status.ts'
import { StubRouterSwitch } from './stub-router.ts'
import type { SysctlFinding } from './sysctl.ts'
import { Turn } from './turn.ts'
import type { InterfaceView, LsaView, NeighborView, OpaqueView, RouteView } from './views.ts'
import type { AnnounceOptions } from './vip.ts'
import type { DownResult } from './vip-history.ts'
import type { AnnouncementGroup } from './vip-list.ts'
import { Vips } from './vips.ts'
import type { VitalsView } from './vitals.ts'
import { WallClock } from './wall-clock.ts'
import type { RouteDifferenceView, WhatIfChange } from './what-if.ts'
import type { WhyView } from './why.ts'
import { formatIpv4 } from './wire/address.ts'
import { linuxPorts, type SpeakerPorts } from './world.ts'

/** A running OSPFv2 speaker. It is the stream of its events: `for await (const event of speaker)`. */
export class OspfSpeaker implements AsyncDisposable, AsyncIterable<SpeakerEvent> {
  /** Dotted. */
  readonly routerId: string
  #options: SpeakerOptions
  #parsed: Parsed
  readonly #core: Router
  readonly #ports: SpeakerPorts
  readonly #clock: Clock
  readonly #events: EventStream
  readonly #confirmations: Confirmations
  readonly #interfaces: Interfaces
  readonly #stubRouter: StubRouterSwitch
  readonly #vips: Vips
  readonly #opaques: OpaqueOriginations
  /** In front of the kernel; undefined: nothing is installed. */
  readonly #filter: RouteFilter | undefined
  readonly #leftovers: Leftovers | undefined
  readonly #helpers: KernelHelpers
  readonly #addresses: ConfiguredAddresses
  readonly #redistributor: Redistributor
  readonly #failures: Failures
  readonly #inspection: Inspection
  readonly #cleanup: (() => void)[] = []
  #reconfiguring: Promise<unknown> = Promise.resolve()
  readonly #turn: Turn
  #timer: Disposable | undefined
  #timerAt: Instant = Number.POSITIVE_INFINITY
  readonly #wall: WallClock
  #draining = false
  /** What is told when packets and routes have left. */
  readonly #untold: Output[] = []
  /** Set while the speaker is out of service. */
  #drainOptions: DrainOptions | undefined
  #stopping: Promise<StopResult> | undefined
  #stopped = false

  /**
   * Starts a speaker, which keeps the process alive until it stops. Resolves when its interfaces are open.
   * @param ports by default Linux's; the simulator's for tests.
   * @throws OspfError ERR_OSPF_CONFIG, ERR_OSPF_NO_INTERFACE, ERR_OSPF_PERMISSION, ERR_OSPF_NATIVE, ERR_OSPF_DUPLICATE
   * (another speaker of this network namespace runs on an interface, or has the routes); the reason of the signal when
   * that aborts before the speaker runs. Nothing is left half-started then.
   */
  static start(options: SpeakerOptions, ports?: SpeakerPorts): Promise<OspfSpeaker>
  /** The same in a child process: see `IsolateOptions`, and `Speaker` for what differs. Also throws ERR_OSPF_CHILD. */
  static start(options: SpeakerOptions | IsolatedSpeakerOptions): Promise<Speaker>
  static async start(
    options: SpeakerOptions | IsolatedSpeakerOptions,
    ports?: SpeakerPorts,
  ): Promise<Speaker> {
    if (options?.isolate) return (await import('./isolate/isolated.ts')).isolate(options, ports)
    const parsed = parseOptions(options)
    options.signal?.throwIfAborted()
    const events = new EventStream(formatIpv4(parsed.routerId), parsed.eventQueue)
    // before anything is opened, as the store may fail
    const clock = ports?.clock ?? realClock
    const bootCount = isExtended(parsed)
      ? await nextBootCount(parsed.sequenceStore, clock.wall())
      : undefined
    const world = ports ?? (await linuxPorts(parsed, events))
    const speaker = new OspfSpeaker(options, parsed, world, events, bootCount)
    try {
      await speaker.#addAddresses()
      speaker.#helpers.require(parsed)
      speaker.#helpers.configure(parsed)
      await speaker.#redistributor.open(parsed)
      options.signal?.throwIfAborted()
      speaker.#begin()
    } catch (error) {
      await speaker.#release()
      throw error
    }
    speaker.#cleanup.push(onAbort(options.signal, () => void speaker.stop()))
    return speaker
  }

  private constructor(
    options: SpeakerOptions,
    parsed: Parsed,
    ports: SpeakerPorts,
    events: EventStream,
    bootCount: number | undefined,
  ) {
    this.#options = options
    this.#parsed = parsed
    this.#ports = ports
    this.#clock = ports.clock
    this.#addresses = new ConfiguredAddresses(ports.addresses, (...args) => this.#fail(...args))
    this.#helpers = new KernelHelpers(ports, (event) => this.#say(event))
    this.#filter = parsed.kernel && ports.routes && new RouteFilter(ports.routes, parsed.accept)
    this.#events = events
    this.routerId = formatIpv4(parsed.routerId)
    this.#core = new Router(routerOptions(parsed, ports.clock, bootCount))
    const input = (handle: () => void): void => this.#input(handle)
    this.#leftovers = this.#filter && leftoversOf(ports, this.#core, input)
    this.#wall = new WallClock(ports.clock, (offset) =>
      this.#core.handleConfig(ports.clock.now(), { type: 'wall-clock', offset }),
    )
    this.#turn = new Turn(ports.clock, () => this.#configure())
    this.#failures = new Failures(ports.clock, (event) => this.#say(event))
    this.#inspection = new Inspection(this.#core, ports.clock, {
      announcement: (prefix) => this.#vips.get(prefix)?.state,
      isInKernel: (prefix, length) => this.#filter?.passes(prefix, length),
    })
    this.#confirmations = new Confirmations(this.#core, ports.clock)
    this.#redistributor = new Redistributor(ports, parsed, {
      configure: (change) => this.#configure(change),
      say: (event) => this.#say(event),
    })
    this.#vips = new Vips({
      core: this.#core,
      clock: ports.clock,
      addresses: new SharedAddresses(ports.addresses),
      confirmations: this.#confirmations,
      turn: this.#turn,
      redistributor: this.#redistributor,
      options: () => this.#parsed,
      isStopping: () => this.#stopping !== undefined,
      noteVip: (address) => {
        this.#interfaces.noteVip(address)
        return this.#helpers.announced(address)
      },
      hold: () => this.#quiet().then(() => {}),
      onStep: (event) => this.#say(event),
      onChange: (event) => this.#say(event),
      begun: (announcement) => {
        if (this.#drainOptions) void announcement.drain(this.#drainOptions)
      },
    })
    this.#opaques = new OpaqueOriginations({
      configure: (change) => this.#configure(change),
      isStopping: () => this.#stopping !== undefined,
    })
    this.#interfaces = new Interfaces(
      {
        clock: ports.clock,
        datagrams: ports.datagrams,
        links: ports.links,
        core: this.#core,
        input: (handle) => this.#input(handle),
        say: (event) => this.#say(event),
        failed: (where, cause) => this.#fail(where, cause),
      },
      parsed.interfaces,
    )
    this.#stubRouter = new StubRouterSwitch(
      {
        clock: ports.clock,
        become: (stubRouter) => this.#configure({ type: 'stub-router', stubRouter }),
        say: (event) => this.#say(event),
      },
      parsed.stubRouter,
    )
  }

  // Looking in

  neighbors(): NeighborView[] {
    return this.#inspection.neighbors()
  }

  interfaces(): InterfaceView[] {
    return this.#inspection.interfaces()
  }

  /** What this router is, area by area, and which others it can reach. */
  status(): StatusView {
    return this.#inspection.status()
  }

  /** Sizes and totals, and how far the protocol is behind. */
  vitals(): VitalsView {
    return this.#inspection.vitals()
  }

  routes(): RouteView[] {
    return this.#inspection.routes()
  }

  /**
   * Explains the route to a prefix, or why there is none: which LSAs advertise it, by which way and at what cost, and
   * the rule of RFC 2328 that decided. An address alone means the route that packets to it take.
   * @throws OspfError ERR_OSPF_CONFIG
   */
  why(destination: string): WhyView {
    return this.#inspection.why(destination)
  }

  /**
   * The routes that would be different if something else were the case: a cost, a failure, a drain, here or at any
   * router of our areas, or several at once. Nothing is changed. What other border routers would then say anew, of other
   * areas and of the outside, is not foreseen.
   * @throws OspfError ERR_OSPF_CONFIG
   */
  whatIf(changes: WhatIfChange | readonly WhatIfChange[]): readonly RouteDifferenceView[] {
    return this.#inspection.whatIf(changes)
  }

  /** The latest calculations of routes, oldest first: when, why, how long and what came of them. */
  spf(): readonly SpfRun[] {
    return this.#inspection.spf()
  }

  database(): LsaView[] {
    return this.#inspection.database()
  }

  /** Kernel parameters that are not as routers and directors should have them, as far as `routerHelper` and `directorHelper` look. */
  kernelSettings(): SysctlFinding[] {
    return this.#helpers.findings()
  }

  /** How routes go to the kernel, and how far that has come; undefined: none are installed. */
  kernel(): KernelStatus | undefined {
    return this.#filter?.status()
  }

  /** Opaque LSAs (RFC 5250), our own included, and whether their data may be acted upon. */
  opaques(): OpaqueView[] {
    return this.#inspection.opaques()
  }

  /** Names of routers by Router ID, as they call themselves (RFC 5642); our own included. */
  hostnames(): ReadonlyMap<string, string> {
    return this.#inspection.hostnames()
  }

  /** Resolves when every snapshot is of now: at once, but for an isolated speaker. */
  async refresh(): Promise<void> {}

  /** The VIPs that are announced, or wait for their gate. */
  announcements(): readonly Announcement[] {
    return this.#vips.all()
  }

  /**
   * Every reader gets every event from now on, and the first one those before, too. Each has its own speed; a slow one
   * loses the oldest and is told.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<SpeakerEvent> {
    return this.#events[Symbol.asyncIterator]()
  }

  /** Calls back with every event from now on, within the protocol's own turn: be quick. What it throws is ignored. */
  subscribe(listener: (event: SpeakerEvent) => void): Disposable {
    return this.#events.subscribe(listener)
  }

  // Announcing

  /**
   * Announces a VIP, gated by health if asked: as a stub link of our router-LSA (12.4.1), or beyond `vipsAsExternalAbove`
   * in an LSA of its own.
   * @param vip 'A.B.C.D/32', or the address alone. A prefix shorter than /32 is one route to all of its addresses.
   * @throws OspfError ERR_OSPF_CONFIG, ERR_OSPF_DUPLICATE, ERR_OSPF_STOPPED
   */
  announce(vip: string, options: AnnounceOptions = {}): Announcement {
    return this.#vips.announce(vip, options)
  }

  /**
   * Announces several VIPs together, all or none, behind one gate and one data plane (`prepare` runs once, `release` when
   * the last has gone); beyond `vipsAsExternalAbove`, all of them in LSAs of their own.
   * @param vips '10.0.1.100-10.0.1.120' (each address), an address, a prefix (as itself), or a list of these.
   * @throws OspfError ERR_OSPF_CONFIG, ERR_OSPF_DUPLICATE, ERR_OSPF_STOPPED
   */
  announceAll(vips: string | readonly string[], options: AnnounceOptions = {}): AnnouncementGroup {
    return this.#vips.announceAll(vips, options)
  }

  /**
   * Originates an opaque LSA (RFC 5250). Those of others come as 'opaque' events, and are in `opaques()`.
   * @throws OspfError ERR_OSPF_CONFIG, ERR_OSPF_DUPLICATE, ERR_OSPF_STOPPED
   */
  originateOpaque(options: OpaqueOptions): OriginatedOpaque {
    const limit = this.#core.limits.opaqueOctets
    const { interfaces, routerInformation } = this.#parsed
    const saysHostname = routerInformation !== undefined
    return this.#opaques.originate(options, { interfaces, limit, saysHostname })
  }

  #configure(...changes: readonly ConfigChange[]): void {
    this.#input((now) => this.#core.handleConfig(now, ...changes))
  }

  // Changing

  /**
   * Becomes a stub router (RFC 6987), or ceases to be one, whatever the options said: with `includeStub` the VIPs are the
   * last resort as well.
   * @throws OspfError ERR_OSPF_CONFIG
   */
  stubRouter(how: boolean | StubRouterOptions): void {
    this.#stubRouter.request(parseStubRouter(how))
  }

  /**
   * Takes the whole speaker out of service: every VIP is drained, those announced later as well, and when they are gone
   * it becomes a stub router, so that nothing is routed through it either. Does not reject.
   * @returns what happened, by VIP
   */
  async drain(options: DrainOptions = {}): Promise<Record<string, DownResult>> {
    // a copy, to tell it from another drain with the same
    const how = { ...options }
    this.#drainOptions = how
    const drained = this.announcements().map(
      async (announcement) => [announcement.prefix, await announcement.drain(how)] as const,
    )
    const results = await Promise.all(drained)
    if (this.#drainOptions === how && !this.#stopping) this.#stubRouter.drain()
    return Object.fromEntries(results)
  }

  /** Back into service, every VIP as far as its gate agrees. */
  undrain(): void {
    if (this.#drainOptions === undefined || this.#stopping) return
    this.#drainOptions = undefined
    this.#stubRouter.undrain()
    for (const announcement of this.announcements()) announcement.undrain()
  }

  /**
   * Gives adjacencies up and makes them anew. @throws OspfError ERR_OSPF_CONFIG
   */
  reset(which: ResetOptions = {}): void {
    this.#configure(parseReset(which))
  }

  /**
   * Which routes go to the kernel from now on; undefined: all. Those that are no longer accepted are removed.
   * @throws OspfError ERR_OSPF_CONFIG, also when the speaker installs no routes
   */
  acceptRoutes(accept: PolicyOptions | undefined): void {
    const policy =
      accept === undefined ? undefined : parseAccept('accept', accept, this.#parsed.policies)
    if (this.#filter === undefined) {
      throw new OspfError('ERR_OSPF_CONFIG', 'accept: the speaker installs no routes')
    }
    this.#accept(policy)
  }

  #accept(policy: RouteMap | undefined): void {
    this.#configure(attributesFor(policy))
    if (this.#stopped) return
    this.#filter?.replace(policy, this.#core.routes().filter(isRemote).map(onDevices))
  }

  /**
   * Other options for the running speaker: the whole of them, checked as a whole. Then only what differs is applied, in
   * one step; what was announced at run time stays, and so do adjacencies where the protocol allows it. Hello and dead
   * intervals may change if the neighbors' do before the dead interval is over that ran so far. `signal` is that of the
   * start. Not to be changed: `routerId`, `installRoutes`, `sequenceStore`, `record`, `eventQueue`.
   *
   * When it rejects, everything is as it was.
   * @throws OspfError ERR_OSPF_CONFIG, ERR_OSPF_NO_INTERFACE, ERR_OSPF_DUPLICATE (another speaker has the interface),
   * ERR_OSPF_PERMISSION, ERR_OSPF_KERNEL, ERR_OSPF_STOPPED
   */
  reconfigure(options: SpeakerOptions): Promise<ReconfigureResult> {
    const result = this.#reconfiguring.then(() => this.#reconfigure(options))
    this.#reconfiguring = result.catch(() => {})
    return result
  }

  /**
   * Other options for one interface ('eth0'), the rest as they are: `setInterface('eth0', { cost: 65535 })` drains it.
   * @throws OspfError ERR_OSPF_NO_INTERFACE when it is not configured; and as `reconfigure`
   */
  setInterface(name: string, change: InterfaceOptions): Promise<ReconfigureResult> {
    const result = this.#reconfiguring.then(() => {
      return this.#reconfigure(withInterface(this.#options, name, change))
    })
    this.#reconfiguring = result.catch(() => {})
    return result
  }

  async #reconfigure(options: SpeakerOptions): Promise<ReconfigureResult> {
    const parsed = parseOptions(options)
    if (this.#stopping) throw stopped('reconfigure')
    const old = this.#parsed
    const plan = planReconfigure(old, parsed, [...this.#kept()])
    this.#interfaces.require(devicesOf(parsed))
    this.#helpers.require(parsed)
    const { changes, restarted, closed } = plan
    const locked: string[] = []
    try {
      // what can fail, before anybody hears of the change
      for (const { name } of plan.opened) {
        await this.#ports.lock?.(name)
        locked.push(name)
      }
      for (const wanted of parsed.addresses) {
        if (!old.addresses.some((a) => isDeepStrictEqual(a, wanted))) {
          await this.#addresses.add(wanted)
        }
      }
      await this.#redistributor.open(parsed)
      const bootCount = await this.#bootCountFor(parsed)
      if (this.#stopping) throw stopped('reconfigure')
      this.#openSockets(plan.opened, parsed)
      this.#options = options
      this.#parsed = parsed
      this.#interfaces.configure(parsed.interfaces)
      this.#configure(...bootCount, ...plan.steps)
    } catch (error) {
      await this.#addresses.removeAllBut(this.#stopping ? [] : old.addresses)
      for (const name of locked) await this.#ports.unlock?.(name)
      throw error
    }
    const differs = (field: keyof Parsed): boolean => !isDeepStrictEqual(old[field], parsed[field])
    if (differs('stubRouter')) this.#stubRouter.configure(parsed.stubRouter)
    if (differs('accept')) this.#accept(parsed.accept)
    this.#redistributor.apply(parsed)
    for (const name of closed) this.#interfaces.sockets.shut(name)
    if (parsed.virtualLinks.length === 0) this.#interfaces.sockets.shutRouted()
    this.#interfaces.look()
    if (differs('routerHelper') || differs('directorHelper') || differs('interfaces')) {
      this.#helpers.configure(parsed)
    }
    this.#say({ type: 'reconfigured', changes })
    await this.#addresses.removeAllBut(parsed.addresses)
    for (const name of closed) await this.#ports.unlock?.(name)
    return { changes, restarted }
  }

  /** The first interface with AuType 3 needs one. */
  async #bootCountFor(parsed: Parsed): Promise<ConfigChange[]> {
    if (!isExtended(parsed) || isExtended(this.#parsed)) return []
    const count = await nextBootCount(parsed.sequenceStore, this.#clock.wall())
    return [{ type: 'boot-count', count }]
  }

  /** What was announced at run time. */
  *#kept(): Generator<Kept> {
    yield* this.#vips.kept()
    for (const [text, change] of this.#opaques.changes()) {
      yield { change, what: `opaque LSA ${text}`, active: true }
    }
  }

  // Stopping

  /**
   * Stops in order: every LSA of ours is flushed, and with it every VIP; then the adjacent routers' acknowledgements
   * and the hold time are waited for, VIP addresses and routes removed, and the neighbors told that we are gone.
   * Every call gives the same promise. Does not reject.
   */
  stop(options: StopOptions = {}): Promise<StopResult> {
    this.#stopping ??= this.#stop(options)
    return this.#stopping
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #stop(options: StopOptions): Promise<StopResult> {
    const isAdjacent = (): boolean => neighborsIn(this.#core, ['Full']).size > 0
    if (isAdjacent()) await this.#stubRouter.shutdown()
    const anybody = isAdjacent()
    this.#configure({ type: 'flush' })
    // the gates let go now; addresses go when nobody sends here any more
    this.#lastQuiet = anybody
      ? this.#quiet(options)
      : Promise.resolve({ acknowledged: true, acknowledgedAfter: 0 })
    for (const announcement of this.announcements()) void announcement.stop('the speaker stops')
    const result = await this.#lastQuiet
    await this.#vips.gone()
    this.#configure({ type: 'close' })
    await this.#release()
    this.#say({ type: 'stopped' })
    this.#events.end()
    return result
  }

  /** That of `stop`: what waits for quiet meanwhile, waits for this one. */
  #lastQuiet: Promise<StopResult> | undefined

  async #quiet(stop?: StopOptions): Promise<StopResult> {
    await this.#turn.over()
    return untilQuiet(this.#core, this.#clock, stop ?? {}, () =>
      stop ? undefined : this.#lastQuiet,
    )
  }

  /** Closes everything that start opened; what fails is said and does not keep the rest. */
  async #release(): Promise<void> {
    this.#stopped = true
    this.#timer?.[Symbol.dispose]()
    this.#stubRouter[Symbol.dispose]()
    this.#leftovers?.[Symbol.dispose]()
    for (const undo of this.#cleanup.splice(0)) undo()
    const close = async (where: string, what: AsyncDisposable | undefined): Promise<void> => {
      try {
        await what?.[Symbol.asyncDispose]()
      } catch (error) {
        this.#fail(where, error)
      }
    }
    await this.#interfaces.sockets.close()
    await close('routes to redistribute', this.#redistributor)
    await close('routes', this.#ports.routes)
    await this.#addresses.removeAllBut([])
    this.#helpers.end()
    await close('links', this.#ports.links)
    await close('kernel', { [Symbol.asyncDispose]: async () => this.#ports.close?.() })
  }

  // Driving the core

  /** What is configured and not there yet; it goes again at the end. */
  async #addAddresses(): Promise<void> {
    this.#interfaces.require(devicesOf(this.#parsed))
    for (const wanted of this.#parsed.addresses) await this.#addresses.add(wanted)
  }

  #begin(): void {
    const watch = this.#interfaces.watch()
    this.#cleanup.push(() => watch[Symbol.dispose]())
    const now = this.#clock.now()
    // for the lifetimes of keys
    this.#wall.begin()
    for (const change of initialChanges(this.#parsed)) this.#core.handleConfig(now, change)
    this.#core.handleConfig(now, attributesFor(this.#parsed.accept))
    this.#core.handleConfig(now, ...forwardingChanges(this.#parsed.kernel, this.#ports.routes))
    this.#stubRouter.begin()
    this.#redistributor.apply(this.#parsed)
    // sockets first: if one cannot be opened, nothing has been said to anybody
    this.#openSockets(this.#parsed.interfaces, this.#parsed)
    this.#interfaces.look()
    this.#leftovers?.look()
  }

  /** @throws OspfError when one cannot be opened; then none of them is left open. */
  #openSockets(configs: Parsed['interfaces'], { virtualLinks }: Parsed): void {
    const { sockets } = this.#interfaces
    this.#interfaces.open(configs)
    if (virtualLinks.length === 0) return
    try {
      sockets.openRouted()
    } catch (error) {
      for (const { name } of configs) sockets.shut(name)
      throw error
    }
  }

  /** Everything that reaches the core goes through here. */
  #input(handle: (now: Instant) => void): void {
    if (this.#stopped) return
    this.#noticePause()
    if (this.#turn.pending) this.#core.handleConfig(this.#clock.now(), ...this.#turn.take())
    handle(this.#clock.now())
    this.#drain()
    this.#confirmations.changed()
  }

  #drain(): void {
    // what an output leads to (a gate, a listener) may come back with another input
    if (this.#draining) return
    this.#draining = true
    try {
      for (;;) {
        const output = this.#core.poll()
        if (output !== undefined) {
          if (this.#put(output)) this.#untold.push(output)
        } else if (this.#untold.length > 0) this.#tell(this.#untold.shift()!)
        else break
      }
    } finally {
      this.#draining = false
    }
    const at = this.#core.nextTimeout() ?? Number.POSITIVE_INFINITY
    // one that fires too early is armed anew then: cheaper than with every packet, most of which put something off
    if (at >= this.#timerAt) return
    this.#timer?.[Symbol.dispose]()
    this.#timerAt = at
    this.#timer = this.#clock.setTimer(Math.max(0, at - this.#clock.now()), () => {
      this.#timerAt = Number.POSITIVE_INFINITY
      this.#input((now) => this.#core.handleTimeout(now))
    })
  }

  /** Packets and routes, which others wait for. @returns whether it is to be told of */
  #put(output: Output): boolean {
    switch (output.type) {
      case 'transmit':
        this.#interfaces.transmit(output)
        return false
      case 'membership':
        this.#interfaces.sockets.membership(output.interface, output.group, output.join)
        return false
      case 'routes':
        this.#filter?.apply(output.changes.map(changeOnDevices))
        return true
      case 'event':
        return true
      default:
        return output satisfies never
    }
  }

  #tell(output: Output): void {
    if (output.type === 'routes') {
      this.#helpers.watch(output.changes)
      return this.#say(routesEvent(output.changes))
    }
    if (output.type !== 'event') return
    const { event } = output
    this.#leftovers?.heard(event)
    if (event.type === 'spf') {
      this.#inspection.calculated(event)
      // who announces what, and who is in reach, may have changed
      for (const announcement of this.announcements()) announcement.reconsider()
    }
    if (event.type === 'boot-count') {
      void keepBootCount(this.#parsed.sequenceStore, event.count, this.#failures)
    }
    this.#say(event)
  }

  /** Wall clock and monotonic clock part company when the machine sleeps or is paused. */
  #noticePause(): void {
    const jump = this.#wall.look()
    if (jump < pauseOf(this.#parsed)) return
    this.#say({ type: 'resumed', seconds: jump / 1000 })
    this.#core.handleResume(this.#clock.now())
  }

  #fail(where: string, cause: unknown): void {
    this.#failures.add(where, cause)
  }

  #say(event: SpeakerEvent): void {
    this.#events.push(event)
  }
}
