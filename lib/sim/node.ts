/** A machine on the network: interfaces, a forwarding table, local addresses, and whether it is alive. */
import { Fib } from './fib.ts'
import type { Attachment, World } from './medium.ts'

/**
 * How a machine stops. `'suspended'`: it sleeps; its monotonic clock stands still, its wall clock goes on, packets to
 * it are lost and it forwards nothing. `'stalled'`: only the process stands still; both clocks go on, its socket
 * buffers fill, and the kernel goes on forwarding.
 */
export type Freeze = 'suspended' | 'stalled'

/** Packets that a socket buffer of a stalled process holds. */
const socketBuffer = 256

interface Held {
  readonly to: Attachment
  readonly source: number
  readonly destination: number
  readonly bytes: Uint8Array
  readonly ttl: number
}

/** What routers and hosts have in common. */
export abstract class SimNode {
  readonly name: string
  readonly attachments: Attachment[] = []
  /** The routes in its kernel. */
  readonly fib: Fib = new Fib()
  /** Where it sends what no route covers: the gateway of a host that runs no routing protocol. */
  defaultGateway: number | undefined
  protected readonly world: World
  #frozen: Freeze | undefined
  #frozenAt = 0
  #slept = 0
  #held: Held[] = []

  constructor(name: string, world: World) {
    this.name = name
    this.world = world
  }

  /** Powered on. */
  abstract readonly running: boolean
  /** Whether a packet to this address ends here. */
  abstract owns(address: number): boolean
  /** Whether it answers to an address on an attachment: its own, and others that it may have there. */
  answers(attachment: Attachment, address: number): boolean {
    return attachment.address === address
  }
  /** An attachment was added. */
  abstract attached(attachment: Attachment): void
  /** Carrier came or went. */
  abstract linkChanged(attachment: Attachment): void
  protected abstract deliver(
    to: Attachment,
    source: number,
    dest: number,
    bytes: Uint8Array,
    ttl: number,
  ): void
  /** The process runs again after `freeze`. */
  protected abstract resumed(): void

  /** This machine's monotonic clock in milliseconds: without the time that it was suspended. */
  now(): number {
    const now = this.#frozen === 'suspended' ? this.#frozenAt : this.world.clock.now()
    return now - this.#slept
  }

  /** This machine's wall clock, in milliseconds since 1970; it goes on through any freeze. */
  wall(): number {
    return this.world.clock.wall()
  }

  get frozen(): Freeze | undefined {
    return this.#frozen
  }

  /** Whether it forwards packets of others. */
  get forwards(): boolean {
    return this.running && this.#frozen !== 'suspended'
  }

  /** Processes nothing from now on, until `thaw`. */
  freeze(how: Freeze = 'suspended'): void {
    if (this.#frozen !== undefined) return
    this.#frozen = how
    this.#frozenAt = this.world.clock.now()
  }

  /** Goes on: the process notices that it was away, runs the timers that are late, then reads its sockets. */
  thaw(): void {
    if (this.#frozen === undefined) return
    if (this.#frozen === 'suspended') this.#slept += this.world.clock.now() - this.#frozenAt
    this.#frozen = undefined
    const held = this.#held
    this.#held = []
    this.resumed()
    this.world.clock.setTimer(0, () => {
      for (const h of held) this.receive(h.to, h.source, h.destination, h.bytes, h.ttl)
    })
  }

  /** A new life: nothing of the frozen one is left. */
  protected reset(): void {
    this.#frozen = undefined
    this.#held = []
    this.fib.clear()
    for (const attachment of this.attachments) attachment.designated = false
  }

  /** A packet arrives, with its IP time to live. The segment calls this. */
  receive(to: Attachment, source: number, destination: number, bytes: Uint8Array, ttl = 1): void {
    if (!this.running || this.#frozen === 'suspended') return
    if (this.#frozen === 'stalled') {
      if (this.#held.length < socketBuffer) this.#held.push({ to, source, destination, bytes, ttl })
    } else this.deliver(to, source, destination, bytes, ttl)
  }
}
