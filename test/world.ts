/**
 * The public API over the simulator: ports that note what is open, and devices, sockets and addresses that fail on
 * demand.
 */
import type { Datagram } from '../lib/core/io.ts'
import {
  type InterfaceOptions,
  OspfSpeaker,
  type SpeakerEvent,
  type SpeakerOptions,
} from '../lib/index.ts'
import type {
  AddressPort,
  Clock,
  DatagramPort,
  DatagramSocket,
  Link,
  LinkPort,
  RouteSink,
  RouteSource,
} from '../lib/ports.ts'
import type { SimHost } from '../lib/sim/host.ts'
import { Network } from '../lib/sim/network.ts'
import type { SimRouter } from '../lib/sim/router.ts'
import { formatIpv4, formatPrefix } from '../lib/wire/address.ts'
import type { SpeakerPorts } from '../lib/world.ts'

export const vip = '10.0.1.100/32'

/** Lets everything that waits for nothing but promises run. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** What a test may do to a socket. */
interface OpenSocket {
  readonly address: number
  readonly memberships: Set<number>
  readonly fail: (error: Error, options?: { readonly fatal?: boolean }) => void
}

/** The ports of a simulated host, observed. */
export class World implements SpeakerPorts {
  readonly clock: Clock
  readonly datagrams: DatagramPort
  readonly links: LinkPort
  readonly addresses: AddressPort
  readonly routes: RouteSink
  readonly openRouteSource: (table?: number) => Promise<RouteSource>
  /** What was done to the machine, in order: 'open eth0 10.0.1.1', 'add lo 10.0.1.100/32'. */
  readonly log: string[] = []
  /** The sockets that are open, by device. */
  readonly sockets: Map<string, OpenSocket> = new Map()
  /** Addresses that were added and not removed. */
  readonly added: Set<string> = new Set()
  watches = 0
  timers = 0
  closed = 0
  /** What opening a socket throws on a device. */
  readonly refuse: Map<string, Error> = new Map()
  /** What adding or removing an address rejects with. */
  refuseAddress: { add?: Error; remove?: Error } = {}
  readonly #host: SimHost
  readonly #devices = new Map<string, Partial<Link> | 'gone'>()
  readonly #watchers = new Set<(name: string, link: Link | undefined) => void>()

  constructor(host: SimHost) {
    this.#host = host
    const { clock, routes } = host.ports
    this.clock = {
      now: () => clock.now(),
      wall: () => clock.wall(),
      setTimer: (delay, callback) => this.#setTimer(delay, callback),
    }
    this.datagrams = {
      open: (...args) => this.#open(...args),
      openRouted: (onError, vrf) => host.ports.datagrams.openRouted(onError, vrf),
    }
    this.links = {
      links: () => this.#links(),
      watch: (changed) => this.#watch(changed),
      [Symbol.asyncDispose]: async () => void this.log.push('close links'),
    }
    this.addresses = {
      add: (...args) => this.#add(...args),
      remove: (...args) => this.#remove(...args),
    }
    this.openRouteSource = host.ports.openRouteSource
    this.routes = {
      apply: (changes) => routes.apply(changes),
      settled: () => routes.settled(),
      status: () => routes.status!(),
      [Symbol.asyncDispose]: async () => {
        this.log.push('close routes')
        await routes[Symbol.asyncDispose]()
      },
    }
  }

  async close(): Promise<void> {
    this.closed++
  }

  /** A device is not as the simulator has it, and whoever watches is told; `undefined`: it is as before. */
  device(name: string, change: Partial<Link> | 'gone' | undefined): void {
    if (change === undefined) this.#devices.delete(name)
    else this.#devices.set(name, change)
    this.tell(name)
  }

  /** The kernel tells of a device, whether it changed or not. */
  tell(name: string): void {
    for (const watcher of [...this.#watchers]) watcher(name, this.#links().get(name))
  }

  /** What a speaker has left behind; nothing: ''. */
  get leftovers(): string {
    const { watches, timers } = this
    return [
      ...[...this.sockets.keys()].map((name) => `socket ${name}`),
      ...[...this.added].map((text) => `address ${text}`),
      ...(watches > 0 ? [`${watches} watches`] : []),
      ...(timers > 0 ? [`${timers} timers`] : []),
    ].join(', ')
  }

  #links(): Map<string, Link> {
    const links = new Map(this.#host.ports.links.links())
    for (const [name, change] of this.#devices) {
      if (change === 'gone') links.delete(name)
      else links.set(name, { ...links.get(name)!, ...change })
    }
    return links
  }

  #watch(changed: (name: string, link: Link | undefined) => void): Disposable {
    this.watches++
    this.#watchers.add(changed)
    const below = this.#host.ports.links.watch((name) => changed(name, this.#links().get(name)))
    return {
      [Symbol.dispose]: () => {
        below[Symbol.dispose]()
        if (this.#watchers.delete(changed)) this.watches--
      },
    }
  }

  #setTimer(delay: number, callback: () => void): Disposable {
    let left = 1
    this.timers++
    const over = (): void => {
      this.timers -= left
      left = 0
    }
    // whole milliseconds, and never too early: as the machine's timers
    const timer = this.#host.ports.clock.setTimer(Math.ceil(delay), () => {
      over()
      callback()
    })
    return {
      [Symbol.dispose]: () => {
        over()
        timer[Symbol.dispose]()
      },
    }
  }

  #open(...[link, receive, onError]: Parameters<DatagramPort['open']>): DatagramSocket {
    const { name, address } = link
    this.log.push(`open ${name} ${formatIpv4(address)}`)
    const refused = this.refuse.get(name)
    if (refused) throw refused
    // the segment knows the address of the device that the simulator gave it
    const wired = this.#host.attachments.find((a) => a.name === name)?.address
    const isOverridden = (this.#devices.get(name) as Partial<Link> | undefined)?.address === address
    const readdress = (d: Datagram): Datagram =>
      isOverridden && d.destination === wired ? { ...d, destination: address } : d
    const below = this.#host.ports.datagrams.open(link, (d) => receive(readdress(d)), onError)
    let failed = false
    const memberships = new Set<number>()
    const socket: OpenSocket = {
      address,
      memberships,
      fail: (error, { fatal = false } = {}) => {
        failed ||= fatal
        onError(error)
      },
    }
    // the first on a device by its name, the others with their address
    const key = this.sockets.has(name) ? `${name} ${formatIpv4(address)}` : name
    this.sockets.set(key, socket)
    return {
      get closed() {
        return failed || below.closed
      },
      send: (destination, bytes, ttl) => {
        if (!failed) below.send(destination, bytes, ttl)
      },
      membership: (group, join) => {
        if (join) memberships.add(group)
        else memberships.delete(group)
        below.membership(group, join)
      },
      [Symbol.asyncDispose]: async () => {
        this.log.push(`close ${name}`)
        if (this.sockets.get(key) === socket) this.sockets.delete(key)
        await below[Symbol.asyncDispose]()
      },
    }
  }

  async #add(device: string, address: number, length: number, label?: string): Promise<boolean> {
    const text = `${device} ${formatPrefix(address, length)}`
    this.log.push(`add ${text}${label === undefined ? '' : ` ${label}`}`)
    if (this.refuseAddress.add) throw this.refuseAddress.add
    const isNew = await this.#host.ports.addresses.add(device, address, length, label)
    if (isNew) this.added.add(text)
    return isNew
  }

  async #remove(device: string, address: number, length: number): Promise<void> {
    const text = `${device} ${formatPrefix(address, length)}`
    this.log.push(`remove ${text}`)
    if (this.refuseAddress.remove) throw this.refuseAddress.remove
    await this.#host.ports.addresses.remove(device, address, length)
    this.added.delete(text)
  }
}

export const eth0: InterfaceOptions = { helloInterval: 1, deadInterval: 4, priority: 0 }

export const director = (
  more: Partial<SpeakerOptions> = {},
  settings: InterfaceOptions = eth0,
): SpeakerOptions => ({
  routerId: '10.0.1.133',
  areas: { '0.0.0.0': { interfaces: { eth0: settings } } },
  ...more,
})

export interface Lan {
  readonly net: Network
  readonly host: SimHost
  readonly world: World
  /** The other router on the segment, at 10.0.1.2. */
  readonly peer: SimRouter
  /** Lets so many seconds pass. */
  readonly run: (seconds: number) => Promise<void>
  /** Lets time pass until a promise is settled: at most a minute. */
  readonly until: <T>(promise: Promise<T>) => Promise<T>
}

/** A director at 10.0.1.1, its speaker to come, and a router beside it. */
export function lan(): Lan {
  const net = new Network({ seed: 7 })
  const host = net.host('lb')
  const peer = net.router('r1', { routerId: '10.0.0.1' })
  net.segment('lan', '10.0.1.0/24', [host, peer], { helloInterval: 1, deadInterval: 4 })
  const run = (seconds: number): Promise<void> => net.runAsync(seconds)
  const until = async <T>(promise: Promise<T>): Promise<T> => {
    let pending = true
    const settled = promise.finally(() => {
      pending = false
    })
    settled.catch(() => {})
    for (let ms = 0; pending && ms < 60_000; ms += 10) {
      await net.clock.advanceAsync(10)
      // it may wait for this machine: for modules, files, processes
      if (ms >= 1000) await new Promise((resolve) => setTimeout(resolve, 2))
    }
    if (pending) throw new Error('a minute was not enough')
    return settled
  }
  return { net, host, world: new World(host), peer, run, until }
}

export interface Started extends Lan {
  readonly speaker: OspfSpeaker
  readonly events: SpeakerEvent[]
}

/** The same with a speaker that is adjacent to the router, and a reader of its events. */
export async function running(more: Partial<SpeakerOptions> = {}): Promise<Started> {
  const all = lan()
  const speaker = await OspfSpeaker.start(director(more), all.world)
  const events = collect(speaker)
  await all.run(6)
  return { ...all, speaker, events }
}

/** Every event of a speaker from now on, as they come. */
export function collect(speaker: AsyncIterable<SpeakerEvent>): SpeakerEvent[] {
  const events: SpeakerEvent[] = []
  void (async () => {
    for await (const event of speaker) events.push(event)
  })()
  return events
}

export const stateOf = (speaker: OspfSpeaker): string | undefined => speaker.neighbors()[0]?.state

/** Events of one type. */
export function only<T extends SpeakerEvent['type']>(
  events: readonly SpeakerEvent[],
  type: T,
): Extract<SpeakerEvent, { type: T }>[] {
  return events.filter((e): e is Extract<SpeakerEvent, { type: T }> => e.type === type)
}
