/** The wire: segments, what is attached to them, and what happens to a packet between two attachments. */
import type { InterfaceConfig, LinkState } from '../core/io.ts'
import { maskOf } from '../wire/address.ts'
import { ClockEvent, type VirtualClock } from './clock.ts'
import type { SimNode } from './node.ts'
import type { Random } from './random.ts'

/** AllSPFRouters (RFC 2328 appendix A.1). */
export const allSpfRouters = 0xe0000005
/** AllDRouters: only those that joined it receive. */
export const allDRouters = 0xe0000006
/** Octets of the IP header that the MTU counts and `bytes` does not. */
const ipHeader = 20

/** What a segment, or one attachment, does to the packets that cross it. Everything off is a perfect wire. */
export interface Conditions {
  /** Seconds on the way. */
  readonly delay: number
  /** Up to so many seconds more, drawn for each packet. Order is kept. */
  readonly jitter: number
  /** Probability, 0 to 1, that a packet is lost. */
  readonly loss: number
  /** Probability that it arrives twice. */
  readonly duplication: number
  /** Probability that later packets overtake it. */
  readonly reordering: number
}

/** One packet as it was sent, before anything happened to it. Do not keep `bytes` unless you copy it. */
export interface TappedPacket {
  /** Milliseconds of virtual time. */
  readonly at: number
  readonly from: Attachment
  readonly destination: number
  /** The OSPF packet, without IP header. */
  readonly bytes: Uint8Array
}

/** What happened to packets so far. One multicast is one `sent` and several `delivered`. */
export interface TrafficCounters {
  sent: number
  sentOctets: number
  delivered: number
  /** Dropped by chance, by a cut or by a partition. */
  lost: number
  duplicated: number
  /** Larger than what the segment carries. */
  tooBig: number
}

/** What segments need from the network that they are part of. */
export interface World {
  readonly clock: VirtualClock
  readonly traffic: TrafficCounters
  readonly taps: ReadonlySet<(packet: TappedPacket) => void>
}

/** Whether a cable is whole: `'told'` shows as loss of carrier, `'silent'` does not (a switch in between). */
type Cut = 'no' | 'silent' | 'told'

/** A node's interface on a segment. */
export class Attachment {
  readonly node: SimNode
  readonly segment: Segment
  /** The interface's name within its node. */
  readonly name: string
  /** The kernel's index of the interface, from 2 (1 is lo). */
  readonly index: number
  readonly address: number
  /** The OSPF configuration; of a host without a core router, what it would be by default. */
  config: InterfaceConfig
  /** What the interface believes, in octets; packets above it are fragmented. */
  readonly mtu: number
  /** Which part of a partition: packets cross between equal groups only. */
  group = 0
  /** Joined AllDRouters. */
  designated = false
  /** Arrivals keep their order: nothing arrives before this instant (milliseconds). */
  lastArrival = 0
  conditions: Conditions | undefined
  #cut: Cut = 'no'
  #told = true

  constructor(init: {
    readonly node: SimNode
    readonly segment: Segment
    readonly index: number
    readonly address: number
    readonly config: InterfaceConfig
    readonly mtu: number
  }) {
    this.node = init.node
    this.segment = init.segment
    this.name = init.config.name
    this.index = init.index
    this.address = init.address
    this.config = init.config
    this.mtu = init.mtu
  }

  /** Makes this attachment worse (or better again) than its segment: both count. */
  set(conditions: Partial<Conditions>): void {
    this.conditions = { ...(this.conditions ?? perfect), ...conditions }
  }

  /** Unplugs the cable. `silent`: a switch keeps the carrier up and the node is not told. */
  down(options: { readonly silent?: boolean } = {}): void {
    this.#cut = options.silent ? 'silent' : 'told'
    this.told()
  }

  /** Plugs it in again. */
  up(): void {
    this.#cut = 'no'
    this.told()
  }

  /** Packets pass. */
  get passes(): boolean {
    return this.#cut === 'no' && this.segment.cut === 'no'
  }

  /** What the node sees. */
  get carrier(): boolean {
    return this.#cut !== 'told' && this.segment.cut !== 'told'
  }

  /** Passes the carrier on to the node when it changed. */
  told(): void {
    if (this.carrier === this.#told) return
    this.#told = this.carrier
    this.node.linkChanged(this)
  }

  /** The link as the kernel would describe it. */
  link(): LinkState {
    return {
      up: this.carrier,
      address: this.address,
      prefixLength: this.segment.length,
      mtu: this.mtu,
    }
  }
}

const perfect: Conditions = { delay: 0, jitter: 0, loss: 0, duplication: 0, reordering: 0 }

/** A LAN with any number of attachments, or a link with two. */
export class Segment {
  readonly name: string
  readonly prefix: number
  readonly length: number
  readonly attachments: Attachment[] = []
  /** Octets that the wire carries; a larger fragment vanishes. */
  mtu: number
  conditions: Conditions
  cut: Cut = 'no'
  readonly #world: World
  readonly #random: Random
  readonly #byAddress = new Map<number, Attachment>()

  constructor(init: {
    readonly name: string
    readonly prefix: number
    readonly length: number
    readonly mtu: number
    readonly conditions: Partial<Conditions>
    readonly world: World
    readonly random: Random
  }) {
    this.name = init.name
    this.prefix = init.prefix
    this.length = init.length
    this.mtu = init.mtu
    this.conditions = { ...perfect, ...init.conditions }
    this.#world = init.world
    this.#random = init.random
  }

  /** Changes what the wire does to packets from now on; what is not named stays. */
  set(conditions: Partial<Conditions>): void {
    this.conditions = { ...this.conditions, ...conditions }
  }

  /** Cuts the segment for everybody. `silent`: carriers stay up and nobody is told. */
  down(options: { readonly silent?: boolean } = {}): void {
    this.cut = options.silent ? 'silent' : 'told'
    for (const attachment of this.attachments) attachment.told()
  }

  up(): void {
    this.cut = 'no'
    for (const attachment of this.attachments) attachment.told()
  }

  /** Splits the segment as a broken switch does: groups hear themselves only, the unnamed are one group together. */
  partition(groups: readonly (readonly SimNode[])[]): void {
    for (const a of this.attachments) a.group = 1 + groups.findIndex((g) => g.includes(a.node))
  }

  /** Ends a partition. */
  heal(): void {
    for (const attachment of this.attachments) attachment.group = 0
  }

  /** The attachment with that address. */
  at(address: number): Attachment | undefined {
    return this.#byAddress.get(address)
  }

  /** The attachment of a node. */
  of(node: SimNode): Attachment | undefined {
    return this.attachments.find((a) => a.node === node)
  }

  /** Adds an attachment. The network does; use its builder. */
  add(attachment: Attachment): void {
    this.attachments.push(attachment)
    this.#byAddress.set(attachment.address, attachment)
  }

  /** The first address of the prefix that nobody has. */
  freeAddress(): number | undefined {
    const spare = this.length >= 31 ? 0 : 1
    const end = this.prefix + (~maskOf(this.length) >>> 0) - spare
    for (let a = this.prefix + spare; a <= end; a++) if (!this.#byAddress.has(a)) return a
    return undefined
  }

  /** A packet leaves `from`. `bytes` is not to be written to afterwards. `source`: another address that it has. */
  transmit(
    from: Attachment,
    destination: number,
    bytes: Uint8Array,
    source: number = from.address,
    ttl = 1,
  ): void {
    const { traffic, taps, clock } = this.#world
    traffic.sent++
    traffic.sentOctets += bytes.length
    if (taps.size > 0) {
      const packet: TappedPacket = { at: clock.now(), from, destination, bytes }
      for (const tap of taps) tap(packet)
    }
    if (Math.min(bytes.length + ipHeader, from.mtu) > this.mtu) {
      traffic.tooBig++
      return
    }
    if (destination >>> 28 === 0xe) {
      for (const to of this.attachments) {
        if (to !== from && (destination === allSpfRouters || to.designated)) {
          this.#carry(from, to, { source, destination, bytes, ttl })
        }
      }
    } else {
      const to =
        this.#byAddress.get(destination) ??
        this.attachments.find((a) => a.node.answers(a, destination))
      if (to === undefined || to === from) traffic.lost++
      else this.#carry(from, to, { source, destination, bytes, ttl })
    }
  }

  #carry(from: Attachment, to: Attachment, packet: CarriedPacket): void {
    const { traffic } = this.#world
    if (!connected(from, to) || this.#happens('loss', from, to)) {
      traffic.lost++
      return
    }
    this.#send(from, to, packet)
    if (this.#happens('duplication', from, to)) {
      traffic.duplicated++
      this.#send(from, to, packet)
    }
  }

  #send(from: Attachment, to: Attachment, packet: CarriedPacket): void {
    const { clock, traffic } = this.#world
    const delay = this.#sum('delay', from, to)
    const jitter = this.#sum('jitter', from, to)
    let arrival = clock.now() + 1000 * delay
    if (jitter > 0) arrival += 1000 * jitter * this.#random.next()
    if (this.#happens('reordering', from, to)) {
      // Long enough that what is sent next overtakes it, whatever the wire.
      arrival += (1 + this.#random.next()) * (1000 * (delay + jitter) + 1)
    } else {
      arrival = to.lastArrival = Math.max(arrival, to.lastArrival)
    }
    clock.schedule(new Delivery(from, to, packet, traffic), arrival)
  }

  #happens(
    fault: 'loss' | 'duplication' | 'reordering',
    from: Attachment,
    to: Attachment,
  ): boolean {
    return (
      this.#random.chance(this.conditions[fault]) ||
      (from.conditions !== undefined && this.#random.chance(from.conditions[fault])) ||
      (to.conditions !== undefined && this.#random.chance(to.conditions[fault]))
    )
  }

  #sum(what: 'delay' | 'jitter', from: Attachment, to: Attachment): number {
    return this.conditions[what] + (from.conditions?.[what] ?? 0) + (to.conditions?.[what] ?? 0)
  }
}

/** Whether packets pass from one attachment of a segment to another. */
export function connected(from: Attachment, to: Attachment): boolean {
  return from.passes && to.passes && from.group === to.group
}

interface CarriedPacket {
  readonly source: number
  readonly destination: number
  readonly bytes: Uint8Array
  /** IP time to live. */
  readonly ttl: number
}

/** A packet on its way to one receiver. */
class Delivery extends ClockEvent {
  readonly #from: Attachment
  readonly #to: Attachment
  readonly #packet: CarriedPacket
  readonly #traffic: TrafficCounters

  constructor(from: Attachment, to: Attachment, packet: CarriedPacket, traffic: TrafficCounters) {
    super()
    this.#from = from
    this.#to = to
    this.#packet = packet
    this.#traffic = traffic
  }

  override fire(): void {
    if (!connected(this.#from, this.#to)) {
      this.#traffic.lost++
      return
    }
    this.#traffic.delivered++
    const { source, destination, bytes, ttl } = this.#packet
    this.#to.node.receive(this.#to, source, destination, bytes, ttl)
  }
}
