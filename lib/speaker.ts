/**
 * `OspfSpeaker`: assembles the parts and drives the core. The protocol is in `core/`, the kernel behind the ports of
 * `ports.ts`; this file knows when a socket is opened and closed, what a VIP's announcement calls, and in which order
 * everything stops.
 */
import { getRandomValues } from 'node:crypto'
import { type AddressStep, Announcement, type DrainOptions } from './announcement.ts'
import { realClock } from './clock.ts'
import { Confirmations } from './confirmations.ts'
import type { ConfigChange, Instant, Output, RouteChange } from './core/io.ts'
import { Router } from './core/router.ts'
import { isRemote } from './core/routes.ts'
import type { NeighborState } from './core/states.ts'
import { nodeDigests } from './crypto.ts'
import { OspfError } from './errors.ts'
import { EventStream, type SpeakerEvent } from './events.ts'
import { type OpaqueOptions, OriginatedOpaque, parseData, parseOpaque } from './opaque.ts'
import {
  initialChanges,
  type Parsed,
  parseOptions,
  parseStubRouter,
  type SpeakerOptions,
  type StubRouterOptions,
} from './options.ts'
import { parseVip } from './parse.ts'
import { looksAtAttributes, type PolicyOptions, parseAccept, type RouteMap } from './policy.ts'
import type { Clock, Link } from './ports.ts'
import { checkOriginate } from './prefix-list.ts'
import { RouteFilter } from './route-filter.ts'
import { RouterHelper } from './router-helper.ts'
import { nextBootCount } from './sequence-store.ts'
import { SharedAddresses } from './shared-addresses.ts'
import { isUsable, Sockets } from './sockets.ts'
import type { SysctlFinding } from './sysctl.ts'
import {
  type InterfaceView,
  type LsaView,
  type NeighborView,
  type OpaqueView,
  type RouteView,
  viewInterface,
  viewLsa,
  viewNeighbor,
  viewOpaque,
  viewRoute,
} from './views.ts'
import { type AnnounceOptions, asGate, parsePipeline, waysToAnnounce } from './vip.ts'
import type { DownResult } from './vip-history.ts'
import { formatIpv4, formatPrefix } from './wire/address.ts'
import { linuxPorts, type SpeakerPorts } from './world.ts'

export interface StopOptions {
  /** Seconds to wait for the adjacent routers' acknowledgements; default 6. FRR takes 1 s, BIRD 2.5 s. */
  readonly timeout?: number
  /** Least seconds from when the withdrawal left to the end, so that routers have recalculated; default 2. BIRD ticks by 1 s. */
  readonly hold?: number
}

/** What `stop()` found. */
export interface StopResult {
  /** Every adjacent router acknowledged that our LSAs are gone. */
  readonly acknowledged: boolean
  /** Milliseconds from the withdrawal to the last acknowledgement, or to the end of waiting for it. */
  readonly acknowledgedAfter: number
}

/** Wall clock against monotonic clock: a difference of so many milliseconds is told to the core. */
const WALL_STEP_MS = 500
/** How often `stop` looks whether it is done, in milliseconds. */
const STOP_POLL_MS = 10
/** As we leave, another router becomes Designated Router: those that are neither are adjacent no more, but there. */
const TWO_WAY: readonly NeighborState[] = ['2-Way', 'ExStart', 'Exchange', 'Loading', 'Full']
/** A step between wall clock and monotonic clock below this many milliseconds is not a pause. */
const SMALLEST_PAUSE_MS = 2000

/** A failure that goes on is said again after so many milliseconds. */
const SAME_FAILURE_MS = 60_000

/** A running OSPFv2 speaker. It is the stream of its events: `for await (const event of speaker)`. */
export class OspfSpeaker implements AsyncDisposable, AsyncIterable<SpeakerEvent> {
  /** Dotted. */
  readonly routerId: string
  readonly #parsed: Parsed
  readonly #core: Router
  readonly #ports: SpeakerPorts
  readonly #clock: Clock
  readonly #events: EventStream
  readonly #confirmations: Confirmations
  readonly #sockets: Sockets
  readonly #waiting = new Map<string, 'device' | 'link' | 'address'>()
  readonly #announcements = new Map<string, Announcement>()
  readonly #opaques = new Map<string, OriginatedOpaque>()
  /** Announcements that are withdrawn and whose address is still there. */
  readonly #leaving = new Set<Promise<void>>()
  readonly #vipAddresses: SharedAddresses
  /** In front of the kernel; undefined: nothing is installed. */
  readonly #filter: RouteFilter | undefined
  readonly #helper: RouterHelper | undefined
  readonly #added: Parsed['addresses'][number][] = []
  readonly #failures = new Map<string, { message: string; at: Instant }>()
  readonly #cleanup: (() => void)[] = []
  /** Smallest dead interval, in milliseconds: a longer pause means that the neighbors gave us up. */
  readonly #pauseMs: number
  #timer: Disposable | undefined
  #timerAt: Instant = Number.POSITIVE_INFINITY
  #wallOffset: number
  /** The offset that the core knows. */
  #toldOffset = 0
  #draining = false
  #stubRouter: Parsed['stubRouter']
  /** Set while the speaker is out of service. */
  #drainOptions: DrainOptions | undefined
  #stopping: Promise<StopResult> | undefined
  #stopped = false

  /**
   * Starts a speaker. Resolves when its interfaces are open; adjacencies follow as events.
   * @param ports by default Linux's; the simulator's for tests.
   * @throws OspfError ERR_OSPF_CONFIG, ERR_OSPF_NO_INTERFACE, ERR_OSPF_PERMISSION, ERR_OSPF_NATIVE; the reason of
   * the signal when that aborts before the speaker runs. Nothing is left half-started then.
   */
  static async start(options: SpeakerOptions, ports?: SpeakerPorts): Promise<OspfSpeaker> {
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
      speaker.#help()
      options.signal?.throwIfAborted()
      speaker.#begin()
    } catch (error) {
      await speaker.#release()
      throw error
    }
    const { signal } = options
    if (signal) {
      const abort = (): void => void speaker.stop()
      signal.addEventListener('abort', abort, { once: true })
      speaker.#cleanup.push(() => signal.removeEventListener('abort', abort))
    }
    return speaker
  }

  private constructor(
    options: SpeakerOptions,
    parsed: Parsed,
    ports: SpeakerPorts,
    events: EventStream,
    bootCount: number | undefined,
  ) {
    this.#parsed = parsed
    this.#stubRouter = parsed.stubRouter
    this.#ports = ports
    this.#clock = ports.clock
    this.#vipAddresses = new SharedAddresses(ports.addresses)
    this.#filter = parsed.kernel && ports.routes && new RouteFilter(ports.routes, parsed.accept)
    this.#helper = helperOf(parsed, ports, events)
    this.#events = events
    this.routerId = formatIpv4(parsed.routerId)
    const [high, low] = getRandomValues(new Uint32Array(2))
    this.#core = new Router({
      routerId: parsed.routerId,
      seed: (high! & 0x1fffff) * 0x100000000 + low!,
      limits: options.limits ?? {},
      spfDelay: options.spfDelay ?? {},
      abrType: parsed.abrType,
      rfc1583Compatibility: parsed.rfc1583Compatibility,
      digests: nodeDigests,
      ...(bootCount === undefined ? {} : { bootCount }),
    })
    this.#pauseMs = Math.max(
      SMALLEST_PAUSE_MS,
      Math.min(...parsed.interfaces.map((i) => i.deadInterval * 1000)),
    )
    this.#wallOffset = ports.clock.wall() - ports.clock.now()
    this.#confirmations = new Confirmations(this.#core, ports.clock)
    this.#sockets = new Sockets({
      clock: ports.clock,
      datagrams: ports.datagrams,
      receive: (datagram) => this.#input((now) => this.#core.handleDatagram(now, datagram)),
      failed: (where, cause) => this.#fail(where, cause),
      link: (name) => ports.links.links().get(name),
      isElected: (name) => this.#core.interfaces.get(name)?.isElected ?? false,
    })
  }

  // Looking in

  neighbors(): NeighborView[] {
    const now = this.#clock.now()
    return this.#core.neighbors().map((n) => viewNeighbor(n, now))
  }

  interfaces(): InterfaceView[] {
    return this.#core.interfacesNow().map(viewInterface)
  }

  routes(): RouteView[] {
    return this.#core.routes().map(viewRoute)
  }

  database(): LsaView[] {
    return this.#core.database(this.#clock.now()).map(viewLsa)
  }

  /** Kernel parameters that are not as a router in front of directors should have them; none without a router helper. */
  kernelSettings(): SysctlFinding[] {
    return this.#helper?.findings() ?? []
  }

  /** Opaque LSAs (RFC 5250), our own included, and whether their data may be acted upon. */
  opaques(): OpaqueView[] {
    return this.#core.opaques(this.#clock.now()).map(viewOpaque)
  }

  /** Names of routers by Router ID, as they call themselves (RFC 5642); our own included. */
  hostnames(): ReadonlyMap<string, string> {
    const names = [...this.#core.hostnames.all()]
    return new Map(names.map(([routerId, hostname]) => [formatIpv4(routerId), hostname]))
  }

  /** The VIPs that are announced, or wait for their gate. */
  announcements(): readonly Announcement[] {
    return [...this.#announcements.values()]
  }

  /**
   * Every reader gets every event from now on, and the first one those before, too. Each has its own speed; a slow one
   * loses the oldest and is told.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<SpeakerEvent> {
    return this.#events[Symbol.asyncIterator]()
  }

  // Announcing

  /**
   * Announces a VIP as a stub link of our router-LSA (12.4.1), gated by health if asked.
   * @param vip 'A.B.C.D/32', or the address alone.
   * @throws OspfError ERR_OSPF_CONFIG, ERR_OSPF_DUPLICATE, ERR_OSPF_STOPPED
   */
  announce(vip: string, options: AnnounceOptions = {}): Announcement {
    const { prefix, length } = parseVip(vip)
    const text = formatPrefix(prefix, length)
    if (this.#stopping) throw new OspfError('ERR_OSPF_STOPPED', `${text}: the speaker has stopped`)
    checkOriginate('VIP', this.#parsed.originate, { prefix, length })
    const ways = waysToAnnounce({ prefix, length }, options, this.#parsed.interfaces)
    if (this.#announcements.has(text)) {
      throw new OspfError('ERR_OSPF_DUPLICATE', `VIP ${text} is announced already`)
    }
    const pipeline = parsePipeline(text, options)
    const when = asGate(options.when, this.#clock)
    const address = this.#addressStep(options.device, prefix, length)
    const announcement = new Announcement({
      prefix: text,
      ...(when === undefined ? {} : { when }),
      ...(address === undefined ? {} : { address }),
      ...pipeline,
      announce: () => this.#configure(ways.announce),
      degrade: () => this.#configure(ways.degrade),
      withdraw: () => this.#configure(ways.withdraw),
      confirm: (signal) => this.#confirmations.confirm(ways.announce, signal),
      hold: () => this.#quiet().then(() => {}),
      onStep: (event) => this.#say(event),
      onChange: (event) => {
        if (event.state === 'withdrawn') this.#withdrawn(announcement)
        this.#say(event)
      },
      clock: this.#clock,
    })
    this.#announcements.set(text, announcement)
    if (this.#drainOptions) void announcement.drain(this.#drainOptions)
    return announcement
  }

  /**
   * Originates an opaque LSA (RFC 5250). Those of others come as 'opaque' events, and are in `opaques()`.
   * @throws OspfError ERR_OSPF_CONFIG, ERR_OSPF_DUPLICATE, ERR_OSPF_STOPPED
   */
  originateOpaque(options: OpaqueOptions): OriginatedOpaque {
    const limit = this.#core.limits.opaqueOctets
    const { interfaces, routerInformation } = this.#parsed
    const saysHostname = routerInformation !== undefined
    const { text, data, ...id } = parseOpaque(options, { interfaces, limit, saysHostname })
    if (this.#stopping) throw stopped(`opaque LSA ${text}`)
    if (this.#opaques.has(text)) {
      throw new OspfError('ERR_OSPF_DUPLICATE', `opaque LSA ${text} is originated already`)
    }
    const originate = (data: Uint8Array): void => this.#configure({ type: 'opaque', ...id, data })
    const originated = new OriginatedOpaque(
      (data) => {
        if (this.#stopping || this.#opaques.get(text) !== originated) {
          throw stopped(`opaque LSA ${text}`)
        }
        originate(parseData(data, limit))
      },
      () => {
        if (this.#opaques.get(text) !== originated) return
        this.#opaques.delete(text)
        this.#configure({ type: 'withdraw-opaque', ...id })
      },
    )
    this.#opaques.set(text, originated)
    originate(data)
    return originated
  }

  #configure(change: ConfigChange): void {
    this.#input((now) => this.#core.handleConfig(now, change))
  }

  /**
   * Becomes a stub router (RFC 6987), or ceases to be one: with `includeStub` the VIPs are the last resort as well.
   * @throws OspfError ERR_OSPF_CONFIG
   */
  stubRouter(how: boolean | StubRouterOptions): void {
    this.#stubRouter = parseStubRouter(how)
    this.#configure({ type: 'stub-router', stubRouter: this.#stubRouter })
  }

  /**
   * Takes the whole speaker out of service: every VIP is drained, those announced later as well, and when they are gone
   * it becomes a stub router, so that nothing is routed through it either. Does not reject.
   * @returns what happened, by VIP
   */
  async drain(options: DrainOptions = {}): Promise<Record<string, DownResult>> {
    this.#drainOptions = options
    const drained = this.announcements().map(
      async (announcement) => [announcement.prefix, await announcement.drain(options)] as const,
    )
    const results = await Promise.all(drained)
    if (this.#drainOptions === options && !this.#stopping) {
      const stubRouter = this.#stubRouter ?? { includeStub: false, externalMetric: undefined }
      this.#configure({ type: 'stub-router', stubRouter })
    }
    return Object.fromEntries(results)
  }

  /** Back into service, every VIP as far as its gate agrees. */
  undrain(): void {
    if (this.#drainOptions === undefined || this.#stopping) return
    this.#drainOptions = undefined
    this.#configure({ type: 'stub-router', stubRouter: this.#stubRouter })
    for (const announcement of this.announcements()) announcement.undrain()
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
    this.#configure(attributesFor(policy))
    if (!this.#stopped) this.#filter.replace(policy, this.#core.routes().filter(isRemote))
  }

  /** The VIP may be announced anew from now on, while the address of this announcement waits for its removal. */
  #withdrawn(announcement: Announcement): void {
    const { prefix } = announcement
    if (this.#announcements.get(prefix) === announcement) this.#announcements.delete(prefix)
    const gone = announcement.stop().then(() => {})
    this.#leaving.add(gone)
    void gone.then(() => this.#leaving.delete(gone))
  }

  #addressStep(
    device: string | undefined,
    address: number,
    prefixLength: number,
  ): AddressStep | undefined {
    if (device === undefined) return undefined
    const port = this.#vipAddresses
    return { port, device, address, prefixLength }
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
    const anybody = this.#neighborsIn(['Full']).size > 0
    this.#configure({ type: 'flush' })
    // the gates let go now; addresses go when nobody sends here any more
    this.#lastQuiet = anybody
      ? this.#quiet(options)
      : Promise.resolve({ acknowledged: true, acknowledgedAfter: 0 })
    for (const announcement of this.announcements()) void announcement.stop('the speaker stops')
    const result = await this.#lastQuiet
    await Promise.all(this.#leaving)
    this.#configure({ type: 'close' })
    await this.#release()
    this.#say({ type: 'stopped' })
    this.#events.end()
    return result
  }

  /** That of `stop`: what waits for quiet meanwhile, waits for this one. */
  #lastQuiet: Promise<StopResult> | undefined

  /**
   * Resolves when what we have to say was acknowledged by every adjacent router, and the hold time is over; or when
   * the acknowledgements did not come in time. A router that is gone before it acknowledged has not.
   */
  #quiet(stop?: StopOptions): Promise<StopResult> {
    const { timeout = 6, hold = 2 } = stop ?? {}
    const begun = this.#clock.now()
    const audience = this.#neighborsIn(['Full'])
    let sentAt: Instant | undefined
    let doneAt: Instant | undefined
    return new Promise((resolve) => {
      const look = (): void => {
        if (!stop && this.#lastQuiet) return resolve(this.#lastQuiet)
        const now = this.#clock.now()
        const isLate = !(now - begun < timeout * 1000)
        // what is paced (originate.ts) leaves later; routers have their time from then on
        const isSent = this.#core.isUpToDate()
        if (isSent) sentAt ??= now
        const isSaid = isSent && this.#core.unacknowledged() === 0
        const present = this.#neighborsIn(TWO_WAY)
        if (isSaid && [...audience].every((router) => present.has(router))) doneAt ??= now
        const acknowledged = doneAt !== undefined
        const isHeld = sentAt === undefined ? !isLate : now - sentAt < hold * 1000
        if (isHeld || (!acknowledged && !isLate)) {
          this.#clock.setTimer(STOP_POLL_MS, look)
        } else {
          resolve({ acknowledged, acknowledgedAfter: (doneAt ?? now) - begun })
        }
      }
      look()
    })
  }

  #neighborsIn(states: readonly NeighborState[]): Set<string> {
    const those = this.#core.neighbors().filter((n) => states.includes(n.state))
    return new Set(those.map((n) => `${n.interface} ${n.routerId}`))
  }

  /** Closes everything that start opened; what fails is said and does not keep the rest. */
  async #release(): Promise<void> {
    this.#stopped = true
    this.#timer?.[Symbol.dispose]()
    for (const undo of this.#cleanup.splice(0)) undo()
    const close = async (where: string, what: AsyncDisposable | undefined): Promise<void> => {
      try {
        await what?.[Symbol.asyncDispose]()
      } catch (error) {
        this.#fail(where, error)
      }
    }
    await this.#sockets.close()
    await close('routes', this.#ports.routes)
    for (const { device, address, prefixLength } of this.#added.splice(0)) {
      const removed = this.#ports.addresses.remove(device, address, prefixLength)
      await removed.catch((error) => this.#fail(`address of ${device}`, error))
    }
    this.#helper?.end()
    await close('links', this.#ports.links)
    try {
      await this.#ports.close?.()
    } catch (error) {
      this.#fail('kernel', error)
    }
  }

  // Driving the core

  /** What is configured and not there yet; it goes again at the end. */
  async #addAddresses(): Promise<void> {
    const { interfaces, addresses } = this.#parsed
    const present = this.#ports.links.links()
    for (const name of [...interfaces.map((i) => i.name), ...addresses.map((a) => a.device)]) {
      if (present.has(name)) continue
      const names = [...present.keys()].join(', ')
      throw new OspfError(
        'ERR_OSPF_NO_INTERFACE',
        `interface ${name} does not exist; there are ${names}`,
      )
    }
    for (const wanted of addresses) {
      const { device, address, prefixLength } = wanted
      const isOurs = await this.#ports.addresses.add(device, address, prefixLength)
      if (isOurs) this.#added.push(wanted)
    }
  }

  #help(): void {
    if (this.#helper === undefined && this.#parsed.routerHelper?.explicit) {
      throw new OspfError('ERR_OSPF_CONFIG', 'routerHelper: there is no kernel to be helped here')
    }
    this.#helper?.begin()
  }

  #begin(): void {
    const { links } = this.#ports
    const present = links.links()
    const watch = links.watch((name, link) => this.#linkChanged(name, link))
    this.#cleanup.push(() => watch[Symbol.dispose]())
    const now = this.#clock.now()
    this.#tellWall(now, this.#wallOffset)
    for (const change of initialChanges(this.#parsed)) this.#core.handleConfig(now, change)
    this.#core.handleConfig(now, attributesFor(this.#parsed.accept))
    // sockets first: if one cannot be opened, nothing has been said to anybody
    for (const { name, passive } of this.#parsed.interfaces) {
      const link = present.get(name)
      if (!passive && isUsable(link)) this.#sockets.open(name, link)
    }
    if (this.#parsed.virtualLinks.length > 0) this.#sockets.openRouted()
    for (const { name } of this.#parsed.interfaces) this.#linkChanged(name, present.get(name))
  }

  /** Everything that reaches the core goes through here. */
  #input(handle: (now: Instant) => void): void {
    if (this.#stopped) return
    this.#noticePause()
    handle(this.#clock.now())
    this.#drain()
    this.#confirmations.changed()
  }

  #drain(): void {
    // what an output leads to (a gate, a listener) may come back with another input
    if (this.#draining) return
    this.#draining = true
    try {
      for (let output = this.#core.poll(); output; output = this.#core.poll()) this.#put(output)
    } finally {
      this.#draining = false
    }
    const at = this.#core.nextTimeout() ?? Number.POSITIVE_INFINITY
    if (at === this.#timerAt) return
    this.#timer?.[Symbol.dispose]()
    this.#timerAt = at
    if (at === Number.POSITIVE_INFINITY) return
    this.#timer = this.#clock.setTimer(Math.max(0, at - this.#clock.now()), () => {
      this.#timerAt = Number.POSITIVE_INFINITY
      this.#input((now) => this.#core.handleTimeout(now))
    })
  }

  #put(output: Output): void {
    switch (output.type) {
      case 'transmit':
        return this.#transmit(output.interface, output.destination, output.bytes)
      case 'membership':
        return this.#sockets.membership(output.interface, output.group, output.join)
      case 'routes':
        this.#filter?.apply(output.changes)
        this.#helper?.watch(output.changes)
        return this.#say(routesEvent(output.changes))
      case 'event':
        if (output.event.type === 'boot-count') void this.#keepBootCount(output.event.count)
        return this.#say(output.event)
      default:
        output satisfies never
    }
  }

  #transmit(name: string, destination: number, bytes: Uint8Array): void {
    if (!this.#parsed.virtualLinks.some((link) => link.name === name)) {
      return this.#sockets.send(name, destination, bytes)
    }
    const source = this.#core.interfaces.get(name)?.address
    if (source) this.#sockets.sendRouted(source, destination, bytes)
  }

  /** Wall clock and monotonic clock part company when the machine sleeps or is paused. */
  #noticePause(): void {
    const offset = this.#clock.wall() - this.#clock.now()
    const jump = offset - this.#wallOffset
    this.#wallOffset = offset
    if (Math.abs(offset - this.#toldOffset) >= WALL_STEP_MS) {
      this.#tellWall(this.#clock.now(), offset)
    }
    if (jump < this.#pauseMs) return
    this.#say({ type: 'resumed', seconds: jump / 1000 })
    this.#core.handleResume(this.#clock.now())
  }

  /** For the lifetimes of keys. */
  #tellWall(now: Instant, offset: number): void {
    this.#toldOffset = offset
    this.#core.handleConfig(now, { type: 'wall-clock', offset })
  }

  /** The next start must go on from there, or its packets are replays (RFC 7474 2). */
  async #keepBootCount(count: number): Promise<void> {
    try {
      await this.#parsed.sequenceStore?.save(count)
    } catch (error) {
      this.#fail('sequence store', error)
    }
  }

  // Interfaces

  #linkChanged(name: string, link: Link | undefined): void {
    const config = this.#parsed.interfaces.find((i) => i.name === name)
    if (!config || this.#stopped) return
    const needs = link === undefined ? 'device' : !link.up ? 'link' : 'address'
    if (isUsable(link)) {
      this.#waiting.delete(name)
      if (!config.passive) this.#sockets.reopen(name, link)
    } else {
      this.#sockets.shut(name)
      if (this.#waiting.get(name) !== needs) {
        this.#waiting.set(name, needs)
        this.#say({ type: 'waiting', interface: name, for: needs })
      }
    }
    this.#input((now) => this.#core.handleInterface(now, name, link))
  }

  /** Says what failed outside the protocol: the same failure at most once a minute. */
  #fail(where: string, cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause))
    const now = this.#clock.now()
    const last = this.#failures.get(where)
    if (last?.message === error.message && now - last.at < SAME_FAILURE_MS) return
    this.#failures.set(where, { message: error.message, at: now })
    this.#say({ type: 'error', where, error })
  }

  #say(event: SpeakerEvent): void {
    this.#events.push(event)
  }
}

const attributesFor = (policy: RouteMap | undefined): ConfigChange => ({
  type: 'tell-attributes',
  tell: policy !== undefined && looksAtAttributes(policy),
})

function helperOf(
  { routerHelper, interfaces }: Parsed,
  { sysctls }: SpeakerPorts,
  events: EventStream,
): RouterHelper | undefined {
  if (routerHelper === undefined || sysctls === undefined) return undefined
  const names = interfaces.map(({ name }) => name)
  return new RouterHelper(routerHelper, sysctls, names, (event) => events.push(event))
}

const stopped = (what: string): OspfError =>
  new OspfError('ERR_OSPF_STOPPED', `${what}: withdrawn, or the speaker has stopped`)

function routesEvent(changes: readonly RouteChange[]): SpeakerEvent {
  const set: string[] = []
  const removed: string[] = []
  for (const change of changes) {
    if (change.type === 'replace') set.push(formatPrefix(change.route.prefix, change.route.length))
    else removed.push(formatPrefix(change.prefix, change.length))
  }
  return { type: 'routes', set, removed }
}

/** Some interface has AuType 3. */
const isExtended = ({ interfaces, virtualLinks }: Parsed): boolean =>
  [...interfaces, ...virtualLinks].some(
    ({ authentication: a }) => a?.type === 'cryptographic' && a.extended,
  )
