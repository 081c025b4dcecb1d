/**
 * A network in memory, under a virtual clock and from a seed: routers, hosts, segments, and all that can go wrong
 * between them. `index.ts` has examples.
 *
 * Where things are: `clock.ts` time, `random.ts` chance, `medium.ts` segments and faults, `node.ts` what machines have
 * in common, `router.ts` the core router and its loop, `host.ts` machines with ports for an `OspfSpeaker`, `fib.ts` and
 * `forward.ts` where user packets go, `oracle.ts` and `check.ts` what ought to hold.
 */
import type { OspfEvent } from '../core/events.ts'
import type { InterfaceConfig, NetworkType } from '../core/io.ts'
import { Router } from '../core/router.ts'
import { nodeDigests } from '../crypto.ts'
import { OspfError } from '../errors.ts'
import { formatPrefix, networkOf } from '../wire/address.ts'
import { VirtualClock } from './clock.ts'
import { parseAddress, parsePrefix } from './fib.ts'
import { type Connection, connect } from './forward.ts'
import { SimHost } from './host.ts'
import { internTable } from './intern.ts'
import {
  Attachment,
  type Conditions,
  Segment,
  type TappedPacket,
  type TrafficCounters,
} from './medium.ts'
import type { SimNode } from './node.ts'
import { Random } from './random.ts'
import { type CoreOptions, type CoreRouter, type RouterWorld, SimRouter } from './router.ts'

export interface NetworkOptions {
  /** Decides every draw: same seed and same calls, same run. By default 1. */
  readonly seed?: number | string
  /** Milliseconds since 1970 at the start. */
  readonly wall?: number
  /** Events kept for each router; by default 256. */
  readonly eventLimit?: number
  /** Limits and SPF delay of every core router. */
  readonly core?: Omit<CoreOptions, 'routerId' | 'seed' | 'intern'>
  /** Makes the routers, when it is not to be the core `Router`. */
  readonly create?: (options: CoreOptions) => CoreRouter
}

/** What a wire does and what its attachments are configured to. Times in seconds. */
export interface SegmentOptions
  extends Partial<Conditions>,
    Partial<Omit<InterfaceConfig, 'name' | 'area'>> {
  /** Area ID, dotted; by default the backbone. */
  readonly area?: string
  /** Octets, 1500 by default: of the wire, and of every interface that says nothing else. */
  readonly mtu?: number
}

/** An attachment that differs from its segment: `{ node: r1, priority: 10 }`. */
export interface Member extends Partial<Omit<InterfaceConfig, 'area' | 'network'>> {
  readonly node: SimNode
  /** Dotted quad; by default the next free address of the segment. */
  readonly address?: string
  readonly area?: string
  /** What the interface believes, in octets; by default the segment's. */
  readonly mtu?: number
}

const interfaceDefaults = {
  network: 'broadcast' as NetworkType,
  cost: 10,
  helloInterval: 10,
  retransmitInterval: 5,
  transmitDelay: 1,
  priority: 1,
  passive: false,
  mtuIgnore: false,
}

/** A simulated network. Nothing happens in it until `run`. */
export class Network {
  readonly clock: VirtualClock
  readonly random: Random
  readonly routers: SimRouter[] = []
  readonly hosts: SimHost[] = []
  readonly segments: Segment[] = []
  readonly traffic: TrafficCounters = {
    sent: 0,
    sentOctets: 0,
    delivered: 0,
    lost: 0,
    duplicated: 0,
    tooBig: 0,
  }
  readonly #taps = new Set<(packet: TappedPacket) => void>()
  readonly #listeners = new Set<(router: SimRouter, event: OspfEvent, at: number) => void>()
  readonly #nodes = new Map<string, SimNode>()
  readonly #options: NetworkOptions
  readonly #world: RouterWorld
  readonly #segmentOptions = new Map<Segment, SegmentOptions>()
  readonly #intern: ReturnType<typeof internTable>
  #links = 0

  constructor(options: NetworkOptions = {}) {
    this.#options = options
    this.clock = new VirtualClock(options.wall === undefined ? {} : { wall: options.wall })
    this.random = new Random(options.seed ?? 1)
    this.#intern = internTable(() => this.clock.now())
    const buffer = new Uint8Array(65536)
    this.#world = {
      clock: this.clock,
      traffic: this.traffic,
      taps: this.#taps,
      lend: (bytes) => {
        buffer.set(bytes)
        return buffer.subarray(0, bytes.length)
      },
      heard: (router, event) => {
        for (const listener of this.#listeners) listener(router, event, this.clock.now())
      },
    }
  }

  /** Seconds since the start. */
  get now(): number {
    return this.clock.now() / 1000
  }

  /** What the core routers are made with. */
  get core(): NonNullable<NetworkOptions['core']> {
    return this.#options.core ?? {}
  }

  /** Adds a router. `routerId`: dotted; by default 10.0.0.1, 10.0.0.2 and so on, by order. */
  router(name: string, options: { readonly routerId?: string } = {}): SimRouter {
    const {
      create = (o: CoreOptions): CoreRouter => new Router(o),
      core,
      eventLimit,
    } = this.#options
    const id =
      options.routerId === undefined
        ? 0x0a000001 + this.routers.length
        : parseAddress(options.routerId)
    const random = this.random.fork(`router ${name}`)
    const router = new SimRouter({
      name,
      id,
      world: this.#world,
      eventLimit: eventLimit ?? 256,
      make: (life, routerId) =>
        create({
          ...core,
          routerId,
          seed: random.fork(`life ${life}`).u32(),
          intern: this.#intern,
          digests: nodeDigests,
          bootCount: (core?.bootCount ?? 1) + life,
        }),
    })
    this.#name(router)
    this.routers.push(router)
    return router
  }

  /** Adds a machine that runs no router of ours: a client, or the home of an `OspfSpeaker`. `gateway`: dotted. */
  host(name: string, options: { readonly gateway?: string } = {}): SimHost {
    const host = new SimHost(name, this.#world)
    if (options.gateway !== undefined) host.defaultGateway = parseAddress(options.gateway)
    this.#name(host)
    this.hosts.push(host)
    return host
  }

  /** Connects machines by a segment ('10.0.1.0/24'); they get its addresses in order, from the first. */
  segment(
    name: string,
    prefix: string,
    members: readonly (SimNode | Member)[],
    options: SegmentOptions = {},
  ): Segment {
    const { address, length } = parsePrefix(prefix)
    const { delay = 0.001, jitter, loss, duplication, reordering } = options
    const conditions = { delay, jitter, loss, duplication, reordering }
    const segment = new Segment({
      name,
      prefix: networkOf(address, length),
      length,
      mtu: options.mtu ?? 1500,
      conditions: present(conditions),
      world: this.#world,
      random: this.random.fork(`segment ${name}`),
    })
    this.segments.push(segment)
    this.#segmentOptions.set(segment, options)
    for (const member of members) this.attach(segment, member)
    return segment
  }

  /** Connects two machines by a point-to-point link, numbered from 10.128.0.0/9 unless `prefix` says otherwise. */
  link(
    a: SimNode | Member,
    b: SimNode | Member,
    options: SegmentOptions & { readonly prefix?: string } = {},
  ): Segment {
    const nodes = [a, b].map((m) => ('node' in m ? m.node : m).name)
    const prefix = options.prefix ?? formatPrefix(0x0a800000 + 4 * this.#links++, 30)
    return this.segment(nodes.join('-'), prefix, [a, b], {
      network: 'point-to-point',
      ...options,
    })
  }

  /** Adds a machine to a segment, at any time. */
  attach(segment: Segment, member: SimNode | Member): Attachment {
    const m: Member = 'node' in member ? member : { node: member }
    const { node } = m
    const options = this.#segmentOptions.get(segment) ?? {}
    const address = m.address === undefined ? segment.freeAddress() : parseAddress(m.address)
    if (address === undefined || segment.at(address) !== undefined) {
      throw new OspfError('ERR_OSPF_CONFIG', `no free address on ${segment.name} for ${node.name}`)
    }
    if (segment.of(node) !== undefined) {
      throw new OspfError('ERR_OSPF_CONFIG', `${node.name} is on ${segment.name} already`)
    }
    const said = { ...interfaceDefaults, ...present(options), ...present(m) }
    const attachment = new Attachment({
      node,
      segment,
      index: node.attachments.length + 2,
      address,
      mtu: m.mtu ?? segment.mtu,
      config: {
        name: m.name ?? `eth${node.attachments.length}`,
        area: parseAddress(m.area ?? options.area ?? '0.0.0.0'),
        network: said.network,
        cost: said.cost,
        helloInterval: said.helloInterval,
        deadInterval: said.deadInterval ?? 4 * said.helloInterval,
        retransmitInterval: said.retransmitInterval,
        transmitDelay: said.transmitDelay,
        priority: said.priority,
        passive: said.passive,
        mtuIgnore: said.mtuIgnore,
        ...present({
          authentication: said.authentication,
          neighbors: said.neighbors,
          nonBroadcast: said.nonBroadcast,
          pollInterval: said.pollInterval,
          prefixSuppression: said.prefixSuppression,
        }),
      },
    })
    segment.add(attachment)
    node.attachments.push(attachment)
    node.attached(attachment)
    return attachment
  }

  /** The machine of that name. Throws ERR_OSPF_CONFIG. */
  node(name: string): SimNode {
    const node = this.#nodes.get(name)
    if (node === undefined) throw new OspfError('ERR_OSPF_CONFIG', `no machine '${name}'`)
    return node
  }

  /** Calls back for every packet that leaves an interface, before anything happens to it. */
  tap(listener: (packet: TappedPacket) => void): Disposable {
    this.#taps.add(listener)
    return { [Symbol.dispose]: () => void this.#taps.delete(listener) }
  }

  /** Calls back for every event of every router. `at`: milliseconds of virtual time. */
  onEvent(listener: (router: SimRouter, event: OspfEvent, at: number) => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  /** Splits the whole network: packets cross within a group only; the unnamed are one group together. */
  partition(groups: readonly (readonly SimNode[])[]): void {
    for (const segment of this.segments) segment.partition(groups)
  }

  /** Ends every partition and takes every fault off every wire; cables that are down stay down. */
  heal(): void {
    const { jitter, loss, duplication, reordering } = {
      jitter: 0,
      loss: 0,
      duplication: 0,
      reordering: 0,
    }
    for (const segment of this.segments) {
      segment.heal()
      segment.set({ jitter, loss, duplication, reordering })
      for (const attachment of segment.attachments) attachment.conditions = undefined
    }
  }

  /** Makes every wire worse (or better). */
  disturb(conditions: Partial<Conditions>): void {
    for (const segment of this.segments) segment.set(conditions)
  }

  /** Lets so many seconds pass. */
  run(seconds: number): void {
    this.clock.advance(1000 * seconds)
  }

  /** As `run`; promises (of gates, of speakers) go on between events. */
  async runAsync(seconds: number): Promise<void> {
    await this.clock.advanceAsync(1000 * seconds)
  }

  /**
   * Runs until the predicate holds, at most `limit` seconds; false: it never did. It is asked after every instant at
   * which something happened, or only every `every` seconds.
   */
  runUntil(
    predicate: () => boolean,
    limit: number,
    options: { readonly every?: number } = {},
  ): boolean {
    const end = this.clock.now() + 1000 * limit
    while (!predicate()) {
      const wait = this.#stride(end, options.every)
      if (wait === undefined) return false
      this.clock.advance(wait)
    }
    return true
  }

  /** As `runUntil`; promises go on between events. */
  async runUntilAsync(
    predicate: () => boolean,
    limit: number,
    options: { readonly every?: number } = {},
  ): Promise<boolean> {
    const end = this.clock.now() + 1000 * limit
    while (!predicate()) {
      const wait = this.#stride(end, options.every)
      if (wait === undefined) return false
      await this.clock.advanceAsync(wait)
    }
    return true
  }

  /**
   * Opens `n` TCP connections from a machine to an address and says where each ends. The same n connections each
   * time, so that two calls show which ones a change has moved. From a host they carry its address; a router is taken
   * for the way in of many clients, 198.18.0.0/15.
   */
  connections(
    from: SimNode,
    to: string,
    n: number,
    options: { readonly port?: number } = {},
  ): Connection[] {
    const destination = parseAddress(to)
    const random = this.random.fork(`connections ${from.name}`)
    const own = from instanceof SimHost ? from.attachments[0]?.address : undefined
    const seedOf = (node: SimNode): number => this.random.fork(`hash ${node.name}`).u32()
    return Array.from({ length: n }, () => {
      const source = own ?? 0xc6120000 + random.int(0x20000)
      const sourcePort = 32768 + random.int(28232)
      return connect(
        from,
        { source, sourcePort, destination, destinationPort: options.port ?? 80 },
        seedOf,
      )
    })
  }

  /** Milliseconds to the next look at a predicate; undefined: the time is up. */
  #stride(end: number, every: number | undefined): number | undefined {
    const now = this.clock.now()
    const left = end - now
    if (left <= 0) return undefined
    const next = every === undefined ? (this.clock.next() ?? end) - now : 1000 * every
    return Math.min(left, next)
  }

  #name(node: SimNode): void {
    if (this.#nodes.has(node.name)) {
      throw new OspfError('ERR_OSPF_CONFIG', `there is a machine '${node.name}' already`)
    }
    this.#nodes.set(node.name, node)
  }
}

/** The options that are there: `undefined` must not hide a default. */
function present<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}
