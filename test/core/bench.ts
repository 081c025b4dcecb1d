/**
 * A workbench for one Router in virtual time: interfaces that are up, fake neighbors (`Peer`) that can be led to any
 * neighbor state with hand-made packets, and everything that comes out of `poll()`, decoded. Seconds on the outside,
 * as in the RFC; the router is told milliseconds.
 */
import type { DropReason, OspfEvent } from '../../lib/core/events.ts'
import type { Interface } from '../../lib/core/interface.ts'
import type {
  ConfigChange,
  Datagram,
  InterfaceConfig,
  LinkState,
  Output,
  RouteChange,
} from '../../lib/core/io.ts'
import { ageOf, type Entry } from '../../lib/core/lsdb.ts'
import type { Neighbor } from '../../lib/core/neighbor.ts'
import { Router, type RouterOptions } from '../../lib/core/router.ts'
import type { InterfaceState, NeighborState } from '../../lib/core/states.ts'
import { formatIpv4, maskOf, networkOf, parseIpv4 } from '../../lib/wire/address.ts'
import type { DatabaseDescriptionBody } from '../../lib/wire/database-description.ts'
import type { HelloBody } from '../../lib/wire/hello.ts'
import type { LsRequest } from '../../lib/wire/ls-request.ts'
import {
  encodeLsa,
  type Lsa,
  type LsaBody,
  type LsaHeader,
  LsType,
  lsaKey,
  type RawLsa,
  withAge,
} from '../../lib/wire/lsa.ts'
import { decodePacket, encodePacket, type PacketBody } from '../../lib/wire/packet.ts'
import type { RouterLink } from '../../lib/wire/router-lsa.ts'

/** '10.0.0.1' as a number; a mistake in a test is an error. */
export function ip(dotted: string): number {
  const n = parseIpv4(dotted)
  if (n === undefined) throw new Error(`not an address: ${dotted}`)
  return n
}

export const allSpfRouters = ip('224.0.0.5')
export const allDRouters = ip('224.0.0.6')
/** The Router ID of the router on the bench, unless told otherwise. */
export const us = ip('10.0.0.1')
export const firstSequence = -0x7fffffff

/** Something that the router transmitted. */
export interface Sent<B extends PacketBody = PacketBody> {
  /** Seconds. */
  readonly at: number
  readonly interface: string
  readonly destination: number
  readonly routerId: number
  readonly areaId: number
  readonly body: B
  readonly bytes: Uint8Array
}

type Body<K extends PacketBody['kind']> = Extract<PacketBody, { kind: K }>
type EventOf<T extends OspfEvent['type']> = Extract<OspfEvent, { type: T }>

/** What was handed to the router, so that a run can be repeated. */
export type Input =
  | { readonly now: number; readonly datagram: Datagram }
  | { readonly now: number; readonly name: string; readonly link: LinkState | undefined }
  | { readonly now: number; readonly change: ConfigChange }
  | { readonly now: number }

/** Does to a router what was done to another. */
export function replay(router: Router, input: Input): Output[] {
  const { now } = input
  if ('datagram' in input) router.handleDatagram(now, input.datagram)
  else if ('name' in input) router.handleInterface(now, input.name, input.link)
  else if ('change' in input) router.handleConfig(now, input.change)
  else router.handleTimeout(now)
  const outputs: Output[] = []
  for (let o = router.poll(); o !== undefined; o = router.poll()) outputs.push(o)
  return outputs
}

export const baseConfig: InterfaceConfig = {
  name: 'eth0',
  area: 0,
  network: 'broadcast',
  cost: 10,
  helloInterval: 10,
  deadInterval: 40,
  retransmitInterval: 5,
  transmitDelay: 1,
  priority: 1,
  passive: false,
  mtuIgnore: false,
}

export class Bench {
  readonly router: Router
  /** Seconds. */
  now = 0
  readonly sent: Sent[] = []
  readonly events: OspfEvent[] = []
  readonly memberships: { interface: string; group: number; join: boolean }[] = []
  readonly routeChanges: RouteChange[] = []
  readonly peers: Peer[] = []
  readonly inputs: Input[] = []
  readonly outputs: Output[] = []
  #gathered: Datagram[] | undefined

  constructor(options: Partial<RouterOptions> = {}) {
    this.router = new Router({ routerId: us, seed: 1, ...options })
  }

  /** Configures an interface and brings its link up: `bench.up({ network: 'point-to-point' })`. */
  up(config: Partial<InterfaceConfig> = {}, link: Partial<LinkState> = {}): Interface {
    const full = { ...baseConfig, ...config }
    this.config({ type: 'interface', config: full })
    this.link(full.name, link)
    return this.iface(full.name)
  }

  iface(name = 'eth0'): Interface {
    return this.router.interfaces.get(name)!
  }

  // Ways in; each of them drains what comes out

  config(change: ConfigChange): void {
    this.#do({ now: this.#ms, change })
  }

  link(name: string, link: Partial<LinkState> | undefined = {}): void {
    const state = { up: true, address: us, prefixLength: 24, mtu: 1500, ...link }
    this.#do({ now: this.#ms, name, link: state })
  }

  unlink(name = 'eth0'): void {
    this.#do({ now: this.#ms, name, link: undefined })
  }

  datagram(datagram: Partial<Datagram> & { bytes: Uint8Array }): void {
    const defaults = { interface: 'eth0', source: 0, destination: allSpfRouters, ttl: 1 }
    const whole = { ...defaults, ...datagram }
    if (this.#gathered) this.#gathered.push(whole)
    else this.#do({ now: this.#ms, datagram: whole })
  }

  /** What is sent meanwhile is read at once. */
  together(send: () => void): void {
    const gathered: Datagram[] = []
    this.#gathered = gathered
    send()
    this.#gathered = undefined
    this.router.handleDatagrams(this.#ms, gathered)
    this.#drain()
  }

  resume(): void {
    this.router.handleResume(this.#ms)
    this.#drain()
  }

  /** Lets virtual time pass; peers that are alive say Hello meanwhile. */
  run(seconds: number): void {
    const end = this.now + seconds
    for (;;) {
      const timeout = (this.router.nextTimeout() ?? Number.POSITIVE_INFINITY) / 1000
      const peer = this.peers.reduce<Peer | undefined>(
        (first, p) => (p.helloAt < (first?.helloAt ?? Number.POSITIVE_INFINITY) ? p : first),
        undefined,
      )
      const next = Math.min(timeout, peer?.helloAt ?? Number.POSITIVE_INFINITY)
      if (next > end) break
      this.now = Math.max(this.now, next)
      if (peer && peer.helloAt <= next) peer.hello()
      else this.#do({ now: this.#ms })
    }
    this.now = end
  }

  // Looking at what came out

  /** Packets of a kind since the last `forget`. */
  packets<K extends PacketBody['kind']>(kind: K): Sent<Body<K>>[] {
    return this.sent.filter((s): s is Sent<Body<K>> => s.body.kind === kind)
  }

  /** The LSAs in the updates that left, as 'eth0>224.0.0.5 1/10.0.0.1/10.0.0.1'. */
  updates(): string[] {
    return this.packets('ls-update').flatMap((s) =>
      s.body.lsas.map(
        ({ header }) => `${s.interface}>${formatIpv4(s.destination)} ${name(header)}`,
      ),
    )
  }

  /** The same for acknowledgements. */
  acks(): string[] {
    return this.packets('ls-ack').flatMap((s) =>
      s.body.headers.map((h) => `${s.interface}>${formatIpv4(s.destination)} ${name(h)}`),
    )
  }

  said<T extends OspfEvent['type']>(type: T): EventOf<T>[] {
    return this.events.filter((e): e is EventOf<T> => e.type === type)
  }

  /** Forgets what came out so far. */
  forget(): void {
    this.sent.length = 0
    this.events.length = 0
    this.memberships.length = 0
    this.routeChanges.length = 0
  }

  /** How often something was dropped for a reason. */
  dropped(reason: DropReason): number {
    return this.router.counters.drops[reason] ?? 0
  }

  get drops(): Partial<Record<DropReason, number>> {
    return { ...this.router.counters.drops }
  }

  // The database

  entry({ type, lsId, advertisingRouter }: LsRequest): Entry | undefined {
    for (const { lsdb } of this.router.scopes()) {
      const entry = lsdb.get(type, lsId, advertisingRouter)
      if (entry) return entry
    }
    return undefined
  }

  /** The instance in the database with its present age, as a neighbor would be sent it. */
  instance(id: LsRequest): { header: LsaHeader; age: number } | undefined {
    const entry = this.entry(id)
    return entry && { header: entry.lsa.header, age: ageOf(entry, this.#ms) }
  }

  /** Our own router-LSA in the database. */
  ownRouterLsa(): Entry | undefined {
    return this.entry({ type: LsType.router, lsId: us, advertisingRouter: us })
  }

  /** Links of our own router-LSA as text: 'stub 10.0.0.0/255.255.255.0 10'. */
  ownLinks(): string[] {
    const body = this.ownRouterLsa()?.lsa.body
    if (body?.kind !== 'router') throw new Error('no router-LSA of our own')
    return body.links.map(linkText)
  }

  get #ms(): number {
    return Math.round(this.now * 1000)
  }

  #do(input: Input): void {
    this.inputs.push(input)
    this.#take(replay(this.router, input))
  }

  #drain(): void {
    for (let o = this.router.poll(); o !== undefined; o = this.router.poll()) this.#take([o])
  }

  #take(outputs: Output[]): void {
    for (const output of outputs) {
      this.outputs.push(output)
      if (output.type === 'event') this.events.push(output.event)
      else if (output.type === 'routes') this.routeChanges.push(...output.changes)
      else if (output.type === 'membership') {
        const { type: _, ...membership } = output
        this.memberships.push(membership)
      } else this.#transmitted(output)
    }
  }

  #transmitted(output: Extract<Output, { type: 'transmit' }>): void {
    const { header, body } = decodePacket(output.bytes)
    const { interface: iface, destination, bytes } = output
    const { routerId, areaId } = header
    const sent = { at: this.now, interface: iface, destination, routerId, areaId, body, bytes }
    this.sent.push(sent)
    for (const peer of this.peers) peer.hear(sent)
  }
}

export interface PeerOptions {
  readonly interface?: string
  readonly routerId?: number
  readonly address?: number
  readonly priority?: number
  /** What it has, and describes and hands out in a database exchange. */
  readonly database?: readonly Lsa[]
  /** It sets the O-bit in its Database Description packets; false by default. */
  readonly opaque?: boolean
}

/** A fake neighbor: it says what it is told to say, and leads a database exchange by the book when asked to. */
export class Peer {
  readonly bench: Bench
  readonly interface: string
  readonly routerId: number
  readonly address: number
  priority: number
  /** What its Hellos declare. */
  designatedRouter = 0
  backupDesignatedRouter = 0
  readonly database: Lsa[]
  readonly ddOptions: number
  /** Acknowledges what it is sent, at once. */
  acknowledges = false
  /** With what IP TTL its packets arrive. */
  ttl = 1
  /** Seconds; when it says Hello of its own accord. */
  helloAt: number = Number.POSITIVE_INFINITY
  /** Its last Database Description packet, and the last of the router. */
  lastDd: DatabaseDescriptionBody | undefined
  heardDd: DatabaseDescriptionBody | undefined
  #toAcknowledge: LsaHeader[] = []

  constructor(bench: Bench, options: PeerOptions = {}) {
    this.bench = bench
    this.interface = options.interface ?? 'eth0'
    this.address = options.address ?? ip('10.0.0.2')
    this.routerId = options.routerId ?? this.address
    this.priority = options.priority ?? 1
    this.database = [...(options.database ?? [])]
    this.ddOptions = options.opaque ? 0x42 : 2
    bench.peers.push(this)
  }

  get iface(): Interface {
    return this.bench.iface(this.interface)
  }

  get neighbor(): Neighbor | undefined {
    const { iface } = this
    return iface.neighbors.get(iface.electsDr() ? this.address : this.routerId)
  }

  get state(): NeighborState {
    return this.neighbor?.state ?? 'Down'
  }

  get isMaster(): boolean {
    return this.routerId > this.bench.router.routerId
  }

  send(body: PacketBody, options: Partial<Datagram> = {}): void {
    const { routerId, iface } = this
    const bytes = encodePacket({ routerId, areaId: iface.area.id }, body)
    this.sendBytes(bytes, options)
  }

  sendBytes(bytes: Uint8Array, options: Partial<Datagram> = {}): void {
    const { interface: iface, address: source, ttl } = this
    this.bench.datagram({ interface: iface, source, ttl, ...options, bytes })
    const acknowledged = this.#toAcknowledge
    if (acknowledged.length > 0 && this.acknowledges) {
      this.#toAcknowledge = []
      this.ack(...acknowledged)
    }
  }

  /** A Hello that agrees with the interface and lists us, but for what is overridden. */
  hello(overrides: Partial<HelloBody> = {}): void {
    const { iface } = this
    if (Number.isFinite(this.helloAt)) this.helloAt = this.bench.now + iface.helloMs / 1000
    this.send({
      kind: 'hello',
      networkMask: maskOf(iface.link.prefixLength),
      helloInterval: iface.config.helloInterval,
      options: 2,
      priority: this.priority,
      deadInterval: iface.config.deadInterval,
      designatedRouter: this.designatedRouter,
      backupDesignatedRouter: this.backupDesignatedRouter,
      neighbors: [this.bench.router.routerId],
      ...overrides,
    })
  }

  /** Says Hello every HelloInterval from now on. */
  alive(): this {
    this.helloAt = this.bench.now
    return this
  }

  dd(overrides: Partial<DatabaseDescriptionBody> = {}, options: Partial<Datagram> = {}): void {
    const body: DatabaseDescriptionBody = {
      kind: 'database-description',
      mtu: this.iface.link.mtu,
      options: this.ddOptions,
      flags: { init: false, more: false, master: this.isMaster },
      sequence: this.lastDd?.sequence ?? 0,
      headers: [],
      ...overrides,
    }
    this.lastDd = body
    this.send(body, options)
  }

  /** The next packet of its exchange, as the master or the slave that it is. */
  nextDd(overrides: Partial<DatabaseDescriptionBody> = {}): void {
    const sequence = this.isMaster ? this.lastDd!.sequence + 1 : this.heardDd!.sequence
    this.dd({ sequence, ...overrides })
  }

  update(...lsas: readonly RawLsa[]): void {
    this.send({ kind: 'ls-update', lsas })
  }

  request(...requests: readonly LsRequest[]): void {
    this.send({ kind: 'ls-request', requests })
  }

  ack(...headers: readonly LsaHeader[]): void {
    this.send({ kind: 'ls-ack', headers })
  }

  /** Leads the neighbor to a state, step by step. Throws when the router does not follow. */
  to(state: Exclude<NeighborState, 'Attempt'>): this {
    switch (state) {
      case 'Down':
        break
      case 'Init':
        this.hello({ neighbors: [] })
        break
      case '2-Way':
      case 'ExStart':
        this.hello()
        break
      case 'Exchange':
        this.to('ExStart')
        this.beginExchange()
        break
      case 'Loading':
        this.to('Exchange')
        this.endExchange([madeUp(this.routerId).header])
        break
      case 'Full':
        this.to('Exchange')
        this.endExchange(this.database.map((lsa) => lsa.header))
        this.update(...this.database)
    }
    if (this.state !== state) throw new Error(`wanted ${state}, came to ${this.state}`)
    return this
  }

  /** Ends the negotiation (10.8): as the master with I, M and MS; as the slave with the router's own number. */
  beginExchange(): void {
    if (this.isMaster) {
      this.dd({ flags: { init: true, more: true, master: true }, sequence: 0x1000 })
    } else {
      const flags = { init: false, more: true, master: false }
      this.dd({ flags, sequence: this.heardDd!.sequence })
    }
  }

  /** Describes some LSAs, and goes on until the router has described its own. */
  endExchange(headers: readonly LsaHeader[] = []): void {
    this.nextDd({ headers })
    while (this.state === 'Exchange') this.nextDd()
  }

  /** Called with whatever the router transmits. */
  hear({ interface: iface, destination, body }: Sent): void {
    if (iface !== this.interface) return
    if (body.kind === 'database-description' && destination === this.address) this.heardDd = body
    if (body.kind !== 'ls-update' || !this.acknowledges) return
    const isElected = [this.iface.designatedRouter, this.iface.backupDesignatedRouter].includes(
      this.address,
    )
    const isOurs = destination === this.address || destination === allSpfRouters
    if (isOurs || (isElected && destination === allDRouters)) {
      this.#toAcknowledge.push(...body.lsas.map((lsa) => lsa.header))
    }
  }

  /** Acknowledges what it has heard and not acknowledged yet. */
  acknowledge(): void {
    const headers = this.#toAcknowledge
    this.#toAcknowledge = []
    for (let i = 0; i < headers.length; i += 70) this.ack(...headers.slice(i, i + 70))
  }
}

/** A segment on which the router plays a part, with everybody Full who should be. */
export interface Lan {
  readonly bench: Bench
  readonly peers: readonly Peer[]
  readonly dr: Peer | undefined
  readonly backup: Peer | undefined
  /** Routers that are neither. */
  readonly others: readonly Peer[]
}

export type Part = Extract<InterfaceState, 'DR' | 'Backup' | 'DROther' | 'Point-to-point'>

/**
 * Makes a segment of us and a Designated Router 10.0.0.2, a Backup 10.0.0.3 and others from 10.0.0.4 on, where the
 * part that we have is ours. A point-to-point link has one other.
 */
export function segment(part: Part, options: Partial<RouterOptions> = {}, others = 1): Lan {
  const bench = new Bench(options)
  if (part === 'Point-to-point') {
    bench.up({ network: 'point-to-point' })
    const peer = new Peer(bench).alive().to('Full')
    settle(bench, [peer])
    return { bench, peers: [peer], dr: undefined, backup: undefined, others: [peer] }
  }
  bench.up({ priority: part === 'DROther' ? 0 : 10 })
  const peerAt = (host: number, priority: number): Peer =>
    new Peer(bench, { address: ip(`10.0.0.${host}`), priority })
  const dr = part === 'DR' ? undefined : peerAt(2, 20)
  const backup = part === 'Backup' ? undefined : peerAt(3, 5)
  const rest = Array.from({ length: others }, (_, i) => peerAt(4 + i, 0))
  const peers = [dr, backup, ...rest].filter((p) => p !== undefined)
  const addressOf = (p: Peer | undefined): number => p?.address ?? us
  // as the Designated Router or the Backup we are the first to come, or the second
  if (part === 'DR') bench.run(41)
  for (const peer of peers) {
    peer.designatedRouter = addressOf(dr)
    peer.backupDesignatedRouter = part === 'Backup' && peer === dr ? 0 : addressOf(backup)
    peer.to(part === 'DROther' && peer !== dr && peer !== backup ? '2-Way' : 'ExStart')
    peer.backupDesignatedRouter = addressOf(backup)
    peer.hello()
  }
  for (const peer of peers) {
    if (peer.state === '2-Way') continue
    peer.beginExchange()
    peer.endExchange()
  }
  for (const peer of peers) peer.alive()
  settle(bench, peers)
  if (bench.iface().state !== part) throw new Error(`we are ${bench.iface().state}, not ${part}`)
  return { bench, peers, dr, backup, others: rest }
}

/** Everything said is acknowledged, and the pacing is at rest. */
function settle(bench: Bench, peers: readonly Peer[]): void {
  for (const peer of peers) peer.acknowledges = true
  for (let i = 0; i < 30; i++) {
    bench.run(1)
    for (const peer of peers) if (peer.state === 'Full') peer.acknowledge()
  }
  for (const peer of peers) peer.acknowledges = false
  bench.forget()
}

// LSAs

export interface LsaOptions {
  readonly sequence?: number
  readonly age?: number
  readonly options?: number
}

export function lsaOf(
  type: number,
  lsId: number,
  advertisingRouter: number,
  body: LsaBody,
  { sequence = firstSequence, age = 1, options = 2 }: LsaOptions = {},
): Lsa {
  return encodeLsa({ age, options, type, lsId, advertisingRouter, sequence }, body)
}

export function routerLsa(id: number, links: readonly RouterLink[], options?: LsaOptions): Lsa {
  const bits = { virtualLink: false, external: false, border: false }
  const body = {
    kind: 'router',
    flags: 0,
    nssaTranslator: false,
    wildcard: false,
    ...bits,
  } as const
  return lsaOf(LsType.router, id, id, { ...body, links }, options)
}

export function networkLsa(
  dr: number,
  advertisingRouter: number,
  attachedRouters: readonly number[],
  options?: LsaOptions & { length?: number },
): Lsa {
  const mask = maskOf(options?.length ?? 24)
  const body = { kind: 'network', mask, attachedRouters } as const
  return lsaOf(LsType.network, dr, advertisingRouter, body, options)
}

export function externalLsa(prefix: string, advertisingRouter: number, options?: LsaOptions): Lsa {
  const body = {
    mask: maskOf(24),
    metricType: 2,
    metric: 20,
    forwardingAddress: 0,
    tag: 0,
  } as const
  const whole = { kind: 'external', ...body, tos: [] } as const
  return lsaOf(LsType.external, ip(prefix), advertisingRouter, whole, options)
}

/** A router-LSA with one stub network, of a router that is not there. */
export const madeUp = (id: number, options?: LsaOptions): Lsa =>
  routerLsa(id, [stub('192.0.2.0', 24)], options)

/** The same LSA with other header fields. */
export function again({ header, body }: Lsa, options: LsaOptions): Lsa {
  return encodeLsa({ ...header, ...options }, body)
}

/** The same instance, `age` seconds old. */
export const aged = (lsa: RawLsa, age: number): RawLsa => ({
  header: { ...lsa.header, age },
  raw: withAge(lsa.raw, age),
})

export const stub = (prefix: string, length: number, metric = 1): RouterLink => ({
  type: 3,
  id: networkOf(ip(prefix), length),
  data: maskOf(length),
  metric,
  tos: [],
})
export const pointToPoint = (id: number, data: number, metric = 1): RouterLink => ({
  type: 1,
  id,
  data,
  metric,
  tos: [],
})
export const transit = (dr: number, data: number, metric = 1): RouterLink => ({
  type: 2,
  id: dr,
  data,
  metric,
  tos: [],
})

// Text

export const name = ({ type, lsId, advertisingRouter }: LsRequest): string =>
  `${type}/${formatIpv4(lsId)}/${formatIpv4(advertisingRouter)}`

const linkTypes = ['?', 'point-to-point', 'transit', 'stub', 'virtual']
const linkText = ({ type, id, data, metric }: RouterLink): string =>
  `${linkTypes[type]} ${formatIpv4(id)}/${formatIpv4(data)} ${metric}`

export const keyOf = ({ type, lsId, advertisingRouter }: LsRequest): string =>
  lsaKey(type, lsId, advertisingRouter)
