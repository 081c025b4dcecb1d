/**
 * The sockets of a speaker: one for each interface whose device is up and has an address, opened anew when that changes
 * or when it fails; and one for the packets of virtual links, which are routed: in a VRF, if the interfaces are in one.
 */
import type { Datagram } from './core/io.ts'
import type { Clock, DatagramPort, DatagramSocket, Link, RoutedSocket } from './ports.ts'

/** Milliseconds between attempts to open a socket again. */
const REOPEN_MS = 1000
/** 224.0.0.6 */
const ALL_D_ROUTERS = 0xe0000006

export type UsableLink = Link & { readonly address: number }

export const isUsable = (link: Link | undefined): link is UsableLink =>
  link?.up === true && link.address !== undefined

/** What sockets need of the one that has them. */
export interface SocketOwner {
  readonly clock: Clock
  readonly datagrams: DatagramPort
  receive(datagram: Datagram): void
  /** What failed, and how. */
  failed(where: string, cause: unknown): void
  /** The device now. */
  link(name: string): Link | undefined
  /** The VRF that the device is part of. */
  vrf(name: string): Vrf | undefined
  /** The interface is Designated Router or Backup, so its socket belongs into AllDRouters. */
  isElected(name: string): boolean
}

/** A VRF device. */
export type Vrf = Pick<Link, 'name' | 'index'>

interface OpenSocket {
  readonly index: number
  readonly address: number
  readonly socket: DatagramSocket
}

export class Sockets {
  readonly #owner: SocketOwner
  readonly #sockets = new Map<string, OpenSocket>()
  /** Timers, by interface. */
  readonly #reopening = new Map<string, Disposable>()
  #routed: { readonly vrf: Vrf | undefined; readonly socket: RoutedSocket } | undefined
  #closed = false

  constructor(owner: SocketOwner) {
    this.#owner = owner
  }

  /** @throws OspfError ERR_OSPF_PERMISSION, ERR_OSPF_NO_INTERFACE, ERR_OSPF_NATIVE */
  open(name: string, { name: device, index, address }: UsableLink): void {
    const socket = this.#owner.datagrams.open(
      { name: device, index, address },
      (datagram) =>
        this.#owner.receive(device === name ? datagram : { ...datagram, interface: name }),
      (error) => this.#failed(name, socket, error),
    )
    this.#sockets.set(name, { index, address, socket })
  }

  /** For virtual links. @throws as `open` */
  openRouted(): void {
    if (this.#routed === undefined) this.#openRouted(this.#vrf())
  }

  #openRouted(vrf: Vrf | undefined): void {
    const failed = (error: Error): void => this.#owner.failed('virtual links', error)
    this.#routed = { vrf, socket: this.#owner.datagrams.openRouted(failed, vrf?.name) }
  }

  /** There are no virtual links any more. */
  shutRouted(): void {
    const routed = this.#routed?.socket
    this.#routed = undefined
    void Promise.resolve(routed?.[Symbol.asyncDispose]()).catch((error) =>
      this.#owner.failed('virtual links', error),
    )
  }

  /** Opens the socket of an interface unless it is open as it must be; tries again later if it cannot. */
  reopen(name: string, link: UsableLink): void {
    const old = this.#sockets.get(name)
    if (old?.index === link.index && old.address === link.address) return
    this.shut(name)
    try {
      this.open(name, link)
      // what the core asked for before went to the socket that is gone
      if (this.#owner.isElected(name)) this.membership(name, ALL_D_ROUTERS, true)
    } catch (error) {
      this.#owner.failed(`interface ${name}`, error)
      this.#reopenLater(name)
    }
  }

  shut(name: string): void {
    const open = this.#sockets.get(name)
    this.#sockets.delete(name)
    this.#reopening.get(name)?.[Symbol.dispose]()
    this.#reopening.delete(name)
    void Promise.resolve(open?.socket[Symbol.asyncDispose]()).catch((error) =>
      this.#owner.failed(`interface ${name}`, error),
    )
  }

  send(name: string, destination: number, bytes: Uint8Array, ttl?: number): void {
    this.#sockets.get(name)?.socket.send(destination, bytes, ttl)
  }

  sendRouted(source: number, destination: number, bytes: Uint8Array, ttl?: number): void {
    if (this.#closed) return
    const vrf = this.#vrf(source)
    const before = this.#routed?.vrf
    if (this.#routed === undefined || vrf?.name !== before?.name || vrf?.index !== before?.index) {
      this.shutRouted()
      try {
        this.#openRouted(vrf)
      } catch (error) {
        this.#owner.failed('virtual links', error)
      }
    }
    this.#routed?.socket.send(source, destination, bytes, ttl)
  }

  /** That of the interface which has this address, or of any. */
  #vrf(address?: number): Vrf | undefined {
    const open = [...this.#sockets].find(([, s]) => address === undefined || s.address === address)
    return open && this.#owner.vrf(open[0])
  }

  membership(name: string, group: number, join: boolean): void {
    this.#sockets.get(name)?.socket.membership(group, join)
  }

  /** Closes all of them; what fails is said and does not keep the rest. */
  async close(): Promise<void> {
    this.#closed = true
    for (const timer of this.#reopening.values()) timer[Symbol.dispose]()
    const all: (AsyncDisposable | undefined)[] = [...this.#sockets.values()].map((s) => s.socket)
    this.#sockets.clear()
    for (const each of await Promise.allSettled(
      [...all, this.#routed?.socket].map(async (socket) => socket?.[Symbol.asyncDispose]()),
    )) {
      if (each.status === 'rejected') this.#owner.failed('socket', each.reason)
    }
  }

  #failed(name: string, socket: DatagramSocket, error: Error): void {
    this.#owner.failed(`interface ${name}`, error)
    if (this.#sockets.get(name)?.socket !== socket || !socket.closed) return
    this.shut(name)
    this.#reopenLater(name)
  }

  #reopenLater(name: string): void {
    this.#reopening.get(name)?.[Symbol.dispose]()
    const timer = this.#owner.clock.setTimer(REOPEN_MS, () => {
      const link = this.#owner.link(name)
      if (!this.#closed && isUsable(link)) this.reopen(name, link)
    })
    this.#reopening.set(name, timer)
  }
}
