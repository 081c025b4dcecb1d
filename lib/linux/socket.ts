/** IP protocol 89 on a network interface, over the native code of `raw-socket`. */
import type { Datagram } from '../core/io.ts'
import { OspfError } from '../errors.ts'
import type { DatagramPort, DatagramSocket, RoutedSocket } from '../ports.ts'
import { formatIpv4 } from '../wire/address.ts'
import { Backlog } from './backlog.ts'
import { parseIpPacket } from './ip-header.ts'
import {
  errnoOf,
  kernelError,
  loadRawSocket,
  type OpenRawSocket,
  type RawSocket,
} from './raw-socket.ts'
import {
  openOspfSocket,
  openRoutedSocket,
  type Place,
  ROUTED_TTL,
  sendPacket,
  setMembership,
} from './socket-options.ts'

/** 224.0.0.5, RFC 2328 appendix A.1. */
const ALL_SPF_ROUTERS = 0xe0000005

/** Larger than any IP packet. */
const BUFFER_SIZE = 65536

/** Packets read before timers and other sockets get their turn; or, if they take long, milliseconds. */
const BATCH = 64
const TURN_MS = 5
/** Packets that are read ahead while we are behind. */
const BACKLOG = 1024

export interface RawSocketOptions {
  /** Octets of the kernel's receive buffer. Default 8 MiB: with the system's default a burst of updates is lost. */
  readonly receiveBuffer?: number
  /** Packets that wait for a device that is slower than we are; what comes on top is dropped. Default 4096. */
  readonly sendQueue?: number
  /** Opens the native socket. Default: `raw-socket`, loaded at the first `open`. */
  readonly openRaw?: OpenRawSocket
  /** Milliseconds on a monotonic clock, for the length of a turn. Default: the process's. */
  readonly now?: () => number
}

type Receive = (datagram: Datagram) => void
type Report = (error: Error) => void

/** Opens one raw socket for each interface. Needs CAP_NET_RAW. */
export class RawSocketPort implements DatagramPort {
  readonly #options: RawSocketOptions
  /** Sockets that nobody holds on to would be collected, and thereby closed. */
  readonly #open = new Set<InterfaceSocket | UnboundSocket>()
  #openRaw: OpenRawSocket | undefined

  constructor(options: RawSocketOptions = {}) {
    this.#options = options
    this.#openRaw = options.openRaw
  }

  /**
   * Opens the socket of an interface and joins AllSPFRouters. Packets leave with `link.address` as source; when it or
   * the index changes, close and open again. `receive` is called from a turn of its own, never from within a call of
   * ours; `bytes` is a view of a buffer that is used again. `onError` hears of failed sends, possibly from within
   * `send`, and of failed receives. A socket that is `closed` by then is to be opened again.
   *
   * Throws ERR_OSPF_NATIVE (no native code), ERR_OSPF_PERMISSION (no CAP_NET_RAW), ERR_OSPF_NO_INTERFACE,
   * ERR_OSPF_KERNEL.
   */
  open(link: Place, receive: Receive, onError: Report): DatagramSocket {
    this.#openRaw ??= loadRawSocket()
    const socket = new InterfaceSocket(link, this.#openRaw, this.#options, receive, onError, () =>
      this.#open.delete(socket),
    )
    this.#open.add(socket)
    return socket
  }

  /** Throws as `open` does. */
  openRouted(onError: Report, vrf?: string): RoutedSocket {
    this.#openRaw ??= loadRawSocket()
    const raw = openRoutedSocket(this.#openRaw, vrf)
    const socket = new UnboundSocket(raw, onError, () => this.#open.delete(socket))
    this.#open.add(socket)
    return socket
  }
}

class UnboundSocket implements RoutedSocket {
  readonly #raw: RawSocket
  readonly #report: Report
  readonly #closed: () => void

  constructor(raw: RawSocket, report: Report, closed: () => void) {
    this.#raw = raw
    this.#report = report
    this.#closed = closed
  }

  send(source: number, destination: number, bytes: Uint8Array, ttl: number = ROUTED_TTL): void {
    try {
      sendPacket(this.#raw, source, destination, bytes, ttl)
    } catch (error) {
      this.#report(kernelError(error, `sending to ${formatIpv4(destination)} over a virtual link`))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#raw.close()
    this.#closed()
  }
}

interface Sent {
  readonly destination: number
  readonly bytes: Uint8Array
  readonly ttl: number | undefined
}

class InterfaceSocket implements DatagramSocket {
  readonly #link: Place
  readonly #sendQueue: number
  readonly #now: () => number
  readonly #receive: Receive
  readonly #report: Report
  readonly #closed: () => void
  readonly #buffer = new Uint8Array(BUFFER_SIZE)
  readonly #groups = new Set<number>([ALL_SPF_ROUTERS])
  /** Packets that the device's queue had no room for, oldest first. */
  readonly #queue: Sent[] = []
  /** What was read ahead. */
  readonly #backlog = new Backlog(BACKLOG)
  /** Undefined: closed. The binding opens a bare socket if a closed one is used. */
  #raw: RawSocket | undefined
  #turn: NodeJS.Immediate | undefined

  constructor(
    link: Place,
    openRaw: OpenRawSocket,
    options: RawSocketOptions,
    receive: Receive,
    report: Report,
    closed: () => void,
  ) {
    this.#link = link
    this.#sendQueue = options.sendQueue ?? 4096
    this.#now = options.now ?? (() => performance.now())
    this.#receive = receive
    this.#report = report
    this.#closed = closed
    const raw = openOspfSocket(openRaw, link, this.#groups, options.receiveBuffer)
    // A closed one has one more event to tell.
    raw.emit = (event, error) => {
      if (this.#raw === undefined) return
      if (event === 'error') this.#pollFailed(error)
      else this.#turn ??= setImmediate(() => this.#service())
    }
    this.#raw = raw
  }

  send(destination: number, bytes: Uint8Array, ttl?: number): void {
    const packet = { destination, bytes, ttl }
    if (this.#raw === undefined) {
      this.#report(new OspfError('ERR_OSPF_STOPPED', `the socket on ${this.#link.name} is closed`))
    } else if (this.#queue.length > 0 || !this.#sendNow(this.#raw, packet)) {
      this.#enqueue(this.#raw, packet)
    }
  }

  membership(group: number, join: boolean): void {
    // The kernel counts nothing: a second join fails, and so does leaving what was not joined.
    if (this.#groups.has(group) === join) return
    if (join) this.#groups.add(group)
    else this.#groups.delete(group)
    if (this.#raw === undefined) return
    try {
      setMembership(this.#raw, this.#link, group, join)
    } catch (error) {
      const doing = `${join ? 'joining' : 'leaving'} ${formatIpv4(group)} on ${this.#link.name}`
      this.#report(kernelError(error, doing))
    }
  }

  get closed(): boolean {
    return this.#raw === undefined
  }

  /** Closes at once: what the device had no room for is dropped. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#close()
  }

  #close(): void {
    const raw = this.#raw
    this.#raw = undefined
    raw?.close()
    clearImmediate(this.#turn)
    this.#queue.length = 0
    this.#backlog.clear()
    this.#closed()
  }

  /** libuv polls a socket no more once it had an error: only a new one helps, and who opens it is not ours to say. */
  #pollFailed(error: Error | undefined): void {
    this.#close()
    this.#report(kernelError(error, `waiting for packets on ${this.#link.name}`))
  }

  /**
   * In a turn of its own because ticks and microtasks would have to wait after the binding's events (Node 26). Both
   * directions at once because the binding does not tell that the socket is writable while it is readable.
   */
  #service(): void {
    this.#turn = undefined
    this.#flush()
    const end = this.#now() + TURN_MS
    const backlog = this.#backlog
    // What a batch leaves behind wakes us again: polling is level-triggered.
    for (let n = 0; n < BATCH && this.#raw !== undefined; n++) {
      const isBehind = backlog.size > 0 || this.#now() >= end
      if (isBehind && backlog.isFull) break
      const datagram = this.#receiveOne(this.#raw)
      if (datagram === 'none') break
      if (datagram === 'other') continue
      if (isBehind && !backlog.mayOvertake(datagram)) backlog.push(datagram)
      else this.#receive(datagram)
    }
    // at least one, so that it comes to an end
    while (this.#raw !== undefined && backlog.size > 0) {
      this.#receive(backlog.shift()!)
      if (this.#now() >= end) break
    }
    if (this.#raw !== undefined && backlog.size > 0) {
      this.#turn = setImmediate(() => this.#service())
    }
  }

  /** 'none': there is nothing more to read for now; 'other': what was there is nothing for us. */
  #receiveOne(raw: RawSocket): Datagram | 'none' | 'other' {
    let length = 0
    try {
      raw.recv(this.#buffer, (_, bytes) => {
        length = bytes
      })
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === 'EINTR') return 'other'
      if (errno !== 'EAGAIN') {
        this.#report(kernelError(error, `receiving on ${this.#link.name}`))
      }
      return 'none'
    }
    // The kernel has validated the header; what is no packet all the same is nobody's.
    const packet = parseIpPacket(this.#buffer.subarray(0, length))
    if (packet === undefined) return 'other'
    const { source, destination, ttl, payload: bytes } = packet
    return { interface: this.#link.name, source, destination, ttl, bytes }
  }

  /** False: the device's queue is full. Every other failure is reported. */
  #sendNow(raw: RawSocket, { destination, bytes, ttl }: Sent): boolean {
    try {
      sendPacket(raw, this.#link.address, destination, bytes, ttl)
    } catch (error) {
      if (errnoOf(error) === 'EAGAIN') return false
      const doing = `sending to ${formatIpv4(destination)} on ${this.#link.name}`
      this.#report(kernelError(error, doing))
    }
    return true
  }

  #enqueue(raw: RawSocket, { destination, bytes, ttl }: Sent): void {
    if (this.#queue.length >= this.#sendQueue) {
      const doing = `sending to ${formatIpv4(destination)} on ${this.#link.name}`
      this.#report(kernelError(new Error('No buffer space available'), doing))
      return
    }
    this.#queue.push({ destination, bytes: bytes.slice(), ttl })
    if (this.#queue.length === 1) raw.pause(false, false)
  }

  #flush(): void {
    const raw = this.#raw
    if (raw === undefined || this.#queue.length === 0) return
    let sent = 0
    for (const packet of this.#queue) {
      if (!this.#sendNow(raw, packet)) break
      // Reporting a failure may have closed us.
      if (this.#raw !== raw) return
      sent++
    }
    this.#queue.splice(0, sent)
    if (this.#queue.length === 0) raw.pause(false, true)
  }
}
