/**
 * A machine without a router of its own: a client, or a place for a whole `OspfSpeaker`, which gets in-memory ports
 * where it would open sockets.
 */
import type { Datagram, RouteChange } from '../core/io.ts'
import { OspfError } from '../errors.ts'
import type {
  AddressPort,
  Clock,
  DatagramPort,
  Link,
  LinkPort,
  RouteSink,
  RouteSource,
} from '../ports.ts'
import { formatIpv4, networkOf } from '../wire/address.ts'
import { ClockEvent, type VirtualClock } from './clock.ts'
import { type Attachment, allDRouters } from './medium.ts'
import { SimNode } from './node.ts'
import { SimRouteTable } from './route-table.ts'

/** The world of an `OspfSpeaker`: pass it where the Linux one would be used. */
export interface SimPorts {
  readonly clock: Clock
  readonly datagrams: DatagramPort
  readonly links: LinkPort
  readonly addresses: AddressPort
  readonly routes: RouteSink
  readonly openRouteSource: (table?: number) => Promise<RouteSource>
}

/** From power on to power off. What belongs to a life that is over does nothing any more. */
interface Life {
  alive: boolean
  /** By device: several sockets may be open on one. */
  readonly receivers: Map<string, Set<(datagram: Datagram) => void>>
  /** Sockets in AllDRouters, by device. */
  readonly members: Map<string, number>
  readonly watchers: Set<(name: string, link: Link | undefined) => void>
  readonly timers: Set<HostTimer>
  /** Addresses that were added, by device. */
  readonly addresses: Map<string, { readonly address: number; readonly prefixLength: number }[]>
  readonly ports: SimPorts
}

const loopback = { address: 0x7f000001, prefixLength: 8 }

/** A simulated machine. Made by `Network.host()`. */
export class SimHost extends SimNode {
  /** What other programs have put into the kernel's routing table, for a speaker to redistribute. It outlives them. */
  readonly table: SimRouteTable = new SimRouteTable()
  #life: Life = this.#born()

  /** The ports of this life; after `restart` there are new ones. */
  get ports(): SimPorts {
    return this.#life.ports
  }

  override get running(): boolean {
    return this.#life.alive
  }

  /** The machine loses power: its process, its timers and its sockets do nothing more. Nobody is told. */
  crash(): void {
    this.#life.alive = false
    for (const timer of this.#life.timers) this.world.clock.cancel(timer)
    this.reset()
  }

  /** Power comes back. Start a new speaker with the new `ports`. */
  restart(): void {
    this.crash()
    this.#life = this.#born()
  }

  override owns(address: number): boolean {
    if (this.attachments.some((a) => a.address === address)) return true
    for (const on of this.#life.addresses.values()) {
      if (on.some((a) => a.address === address)) return true
    }
    return false
  }

  override answers(attachment: Attachment, address: number): boolean {
    if (attachment.address === address) return true
    const added = this.#life.addresses.get(attachment.name) ?? []
    return added.some((a) => a.address === address)
  }

  override attached(attachment: Attachment): void {
    this.linkChanged(attachment)
  }

  override linkChanged(attachment: Attachment): void {
    this.#changed(this.#life, attachment.name)
  }

  protected override deliver(
    to: Attachment,
    source: number,
    dest: number,
    bytes: Uint8Array,
    ttl: number,
  ): void {
    for (const receive of [...(this.#life.receivers.get(to.name) ?? [])]) {
      receive({ interface: to.name, source, destination: dest, ttl, bytes: bytes.slice() })
    }
  }

  protected override resumed(): void {
    const timers = [...this.#life.timers].sort((a, b) => a.due - b.due)
    for (const timer of timers) timer.start()
    for (const attachment of this.attachments) this.linkChanged(attachment)
  }

  #changed(life: Life, name: string): void {
    if (!life.alive || this.frozen !== undefined) return
    const link = this.#links(life).get(name)
    for (const watcher of [...life.watchers]) watcher(name, link)
  }

  #born(): Life {
    const life: Life = {
      alive: true,
      receivers: new Map(),
      members: new Map(),
      watchers: new Set(),
      timers: new Set(),
      addresses: new Map(),
      ports: {
        clock: {
          now: () => this.now(),
          wall: () => this.wall(),
          setTimer: (delay, callback) => this.#setTimer(life, delay, callback),
        },
        datagrams: {
          open: (link, receive) => this.#open(life, link, receive),
          openRouted: () => {
            throw new OspfError('ERR_OSPF_CONFIG', 'virtual links are simulated by SimRouter alone')
          },
        },
        links: {
          links: () => this.#links(life),
          watch: (changed) => {
            life.watchers.add(changed)
            return { [Symbol.dispose]: () => void life.watchers.delete(changed) }
          },
          [Symbol.asyncDispose]: async () => life.watchers.clear(),
        },
        addresses: {
          add: async (device, address, length) => this.#add(life, device, address, length),
          remove: async (device, address, length) => this.#remove(life, device, address, length),
        },
        routes: {
          apply: (changes: readonly RouteChange[]) => {
            if (life.alive) this.fib.apply(changes)
          },
          settled: async () => {},
          status: () => ({
            mode: 'multipath',
            why: 'it is simulated',
            table: 254,
            metric: 20,
            protocol: 188,
            routes: this.fib.size,
            discards: [...this.fib].filter(([, { discard }]) => discard).length,
            leftovers: 0,
            groups: 0,
            pending: 0,
            failed: 0,
            foreign: 0,
            forbidden: false,
            lastError: undefined,
          }),
          [Symbol.asyncDispose]: async () => {
            if (life.alive) this.fib.clear()
          },
        },
        openRouteSource: async (table) => this.table.source(() => life.alive, table),
      },
    }
    return life
  }

  #setTimer(life: Life, delay: number, callback: () => void): Disposable {
    const timer = new HostTimer(
      this,
      this.world.clock,
      life,
      this.now() + Math.max(0, delay),
      callback,
    )
    if (life.alive) timer.start()
    return timer
  }

  #open(
    life: Life,
    { name, address }: { readonly name: string; readonly address: number },
    callback: (datagram: Datagram) => void,
  ) {
    const attachment = this.#device(name)
    const receivers = life.receivers.get(name) ?? new Set()
    life.receivers.set(name, receivers)
    const receive = (datagram: Datagram): void => callback(datagram)
    receivers.add(receive)
    const open = () => life.alive && receivers.has(receive)
    /** Sockets that joined AllDRouters. */
    let isMember = false
    const join = (member: boolean): void => {
      if (member === isMember) return
      isMember = member
      life.members.set(name, (life.members.get(name) ?? 0) + (member ? 1 : -1))
      attachment.designated = life.members.get(name)! > 0
    }
    return {
      get closed() {
        return !open()
      },
      send: (destination: number, bytes: Uint8Array, ttl?: number) => {
        const source = this.answers(attachment, address) ? address : attachment.address
        if (open()) attachment.segment.transmit(attachment, destination, bytes, source, ttl)
      },
      membership: (group: number, member: boolean) => {
        if (open() && group === allDRouters) join(member)
      },
      [Symbol.asyncDispose]: async () => {
        if (!open()) return
        receivers.delete(receive)
        join(false)
      },
    }
  }

  #device(name: string): Attachment {
    const attachment = this.attachments.find((a) => a.name === name)
    if (attachment !== undefined) return attachment
    throw new OspfError('ERR_OSPF_NO_INTERFACE', `${this.name}: no such device: ${name}`)
  }

  #links(life: Life): Map<string, Link> {
    // as the kernel does: secondary is an address of a subnet that another came from before
    const added = (
      name: string,
      first: { readonly address: number; readonly prefixLength: number },
    ) => {
      const seen = [first]
      return (life.addresses.get(name) ?? []).map((a) => {
        const secondary = seen.some((s) => isSameSubnet(s, a))
        seen.push(a)
        return { ...a, secondary, peer: undefined }
      })
    }
    const primary = (a: { readonly address: number; readonly prefixLength: number }) => ({
      ...a,
      secondary: false,
      peer: undefined,
    })
    const lo: Link = {
      name: 'lo',
      index: 1,
      loopback: true,
      broadcast: false,
      up: true,
      mtu: 65536,
      ...loopback,
      addresses: [primary(loopback), ...added('lo', loopback)],
    }
    const links = new Map([['lo', lo]])
    for (const a of this.attachments) {
      const link = a.link()
      const own = primary({ address: a.address, prefixLength: a.segment.length })
      const about = { name: a.name, index: a.index, loopback: false, broadcast: true }
      links.set(a.name, { ...link, ...about, addresses: [own, ...added(a.name, own)] })
    }
    return links
  }

  #add(life: Life, device: string, address: number, prefixLength: number): boolean {
    if (device !== 'lo') this.#device(device)
    const on = life.addresses.get(device) ?? []
    if (on.some((a) => a.address === address && a.prefixLength === prefixLength)) return false
    life.addresses.set(device, [...on, { address, prefixLength }])
    this.#changed(life, device)
    return true
  }

  #remove(life: Life, device: string, address: number, prefixLength: number): void {
    const on = life.addresses.get(device) ?? []
    const rest = on.filter((a) => a.address !== address || a.prefixLength !== prefixLength)
    if (rest.length === on.length) {
      const what = `${formatIpv4(address)}/${prefixLength} on ${device}`
      throw new OspfError('ERR_OSPF_KERNEL', `${this.name}: ${what}: Cannot assign address`, {
        errno: 'EADDRNOTAVAIL',
      })
    }
    life.addresses.set(device, rest)
    this.#changed(life, device)
  }
}

type Subnet = { readonly address: number; readonly prefixLength: number }

const isSameSubnet = (a: Subnet, b: Subnet): boolean =>
  a.prefixLength === b.prefixLength &&
  networkOf(a.address, a.prefixLength) === networkOf(b.address, a.prefixLength)

/** A timer on the host's own monotonic clock: late after a stall, postponed by sleep. */
class HostTimer extends ClockEvent implements Disposable {
  readonly due: number
  readonly #host: SimHost
  readonly #clock: VirtualClock
  readonly #life: Life
  readonly #callback: () => void

  constructor(host: SimHost, clock: VirtualClock, life: Life, due: number, callback: () => void) {
    super()
    this.#host = host
    this.#clock = clock
    this.#life = life
    this.due = due
    this.#callback = callback
  }

  /** Plans it; again after a freeze, for what came due meanwhile is late and the rest waits on. */
  start(): void {
    this.#life.timers.add(this)
    this.#clock.schedule(this, this.#clock.now() + (this.due - this.#host.now()))
  }

  override fire(): void {
    // A frozen host plans it again when it thaws.
    if (this.#host.frozen !== undefined) return
    this.#life.timers.delete(this)
    this.#callback()
  }

  [Symbol.dispose](): void {
    this.#life.timers.delete(this)
    this.#clock.cancel(this)
  }
}
