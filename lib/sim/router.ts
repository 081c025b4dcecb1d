/**
 * A router of the simulated network: the core `Router` and the loop that drives it. It is the production loop (drain
 * `poll()`, sleep until `nextTimeout()`), with the virtual clock for a timer and segments for sockets.
 */
import type { OspfEvent } from '../core/events.ts'
import type { ConfigChange, InterfaceConfig, Output, Route, StubPrefix } from '../core/io.ts'
import type { Router, RouterOptions } from '../core/router.ts'
import type {
  Counters,
  InterfaceSnapshot,
  LsaSnapshot,
  NeighborSnapshot,
} from '../core/snapshots.ts'
import { OspfError } from '../errors.ts'
import { formatIpv4, formatPrefix, networkOf } from '../wire/address.ts'
import { ClockEvent } from './clock.ts'
import { parseAddress, parsePrefix } from './fib.ts'
import { type Attachment, allDRouters, type World } from './medium.ts'
import { SimNode } from './node.ts'

/** What the core `Router` is made from. */
export type CoreOptions = RouterOptions

/** The surface of the core `Router` that the simulator drives: anything with it can stand in. */
export type CoreRouter = Pick<
  Router,
  | 'handleDatagram'
  | 'handleInterface'
  | 'handleConfig'
  | 'handleTimeout'
  | 'handleResume'
  | 'nextTimeout'
  | 'poll'
  | 'neighbors'
  | 'interfacesNow'
  | 'database'
  | 'routes'
  | 'counters'
  | 'unacknowledged'
  | 'isUpToDate'
>

/** An event of a router and when it happened. */
export interface RecordedEvent {
  /** Milliseconds of virtual time. */
  readonly at: number
  readonly event: OspfEvent
}

/** What a router needs from the network. */
export interface RouterWorld extends World {
  /** Copies bytes into the buffer that every receiver shares, as a socket library does. */
  lend(bytes: Uint8Array): Uint8Array
  heard(router: SimRouter, event: OspfEvent): void
}

/** Wake-ups of one router at one instant before we say that it spins. */
const spinLimit = 10_000

class WakeUp extends ClockEvent {
  readonly #run: () => void
  constructor(run: () => void) {
    super()
    this.#run = run
  }
  override fire(): void {
    this.#run()
  }
}

/** A simulated router. Made by `Network.router()`. */
export class SimRouter extends SimNode {
  /** Router ID as a number. */
  readonly id: number
  /** The latest events, oldest first. */
  readonly events: RecordedEvent[] = []
  readonly #world: RouterWorld
  readonly #make: (life: number) => CoreRouter
  readonly #eventLimit: number
  readonly #stubs = new Map<string, StubPrefix>()
  readonly #wake = new WakeUp(() => this.#wakeUp())
  #core: CoreRouter | undefined
  #former: CoreRouter | undefined
  /** What the operator wrote while nobody was there to read it. */
  #unread: ConfigChange[] = []
  #life = 0
  #spins = 0
  #spinningAt = -1

  constructor(init: {
    readonly name: string
    readonly id: number
    readonly world: RouterWorld
    readonly eventLimit: number
    /** Makes the core of the n-th life (from 0). */
    readonly make: (life: number) => CoreRouter
  }) {
    super(init.name, init.world)
    this.id = init.id
    this.#world = init.world
    this.#make = init.make
    this.#eventLimit = init.eventLimit
    this.#core = init.make(this.#life)
  }

  /** Router ID as a dotted quad. */
  get routerId(): string {
    return formatIpv4(this.id)
  }

  override get running(): boolean {
    return this.#core !== undefined
  }

  /** The core router. Throws ERR_OSPF_STOPPED while the machine is down. */
  get core(): CoreRouter {
    if (this.#core === undefined) throw new OspfError('ERR_OSPF_STOPPED', `${this.name} is down`)
    return this.#core
  }

  neighbors(): NeighborSnapshot[] {
    return this.core.neighbors()
  }

  interfaces(): InterfaceSnapshot[] {
    return this.core.interfacesNow()
  }

  database(): LsaSnapshot[] {
    return this.core.database(this.now())
  }

  routes(): Route[] {
    return this.core.routes()
  }

  get counters(): Counters {
    return this.core.counters
  }

  /** What it announces: the operator's wish, kept over restarts. */
  get announced(): readonly StubPrefix[] {
    return [...this.#stubs.values()]
  }

  /** Announces a prefix ('10.0.1.100/32') as a stub link. `cost` 0 to 65535, by default 0; `area` by default the backbone. */
  announce(prefix: string, options: { readonly cost?: number; readonly area?: string } = {}): void {
    const { address, length } = parsePrefix(prefix)
    const area = parseAddress(options.area ?? '0.0.0.0')
    const stub = { area, prefix: networkOf(address, length), length, cost: options.cost ?? 0 }
    this.#stubs.set(stubKey(stub), stub)
    this.#configure({ type: 'announce', stub })
  }

  withdraw(prefix: string, options: { readonly area?: string } = {}): void {
    const { address, length } = parsePrefix(prefix)
    const area = parseAddress(options.area ?? '0.0.0.0')
    const stub = { area, prefix: networkOf(address, length), length }
    if (this.#stubs.delete(stubKey(stub))) this.#configure({ type: 'withdraw', ...stub })
  }

  /** Changes the configuration of an interface: `r1.configure('eth0', { cost: 5 })`. */
  configure(name: string, change: Partial<Omit<InterfaceConfig, 'name'>>): void {
    const attachment = this.attachments.find((a) => a.name === name)
    if (attachment === undefined) {
      throw new OspfError('ERR_OSPF_NO_INTERFACE', `${this.name} has no interface ${name}`)
    }
    attachment.config = { ...attachment.config, ...change }
    this.#configure({ type: 'interface', config: attachment.config })
  }

  /** Flushes its own LSAs and originates no more (14.1). */
  flush(): void {
    this.#configure({ type: 'flush' })
  }

  /** Says goodbye, then is down: the end of a graceful stop, usually some time after `flush`. */
  close(): void {
    this.#configure({ type: 'close' })
    this.crash()
  }

  /** The machine loses power: not one packet more. Nobody is told. */
  crash(): void {
    this.#former = this.#core ?? this.#former
    this.#core = undefined
    this.world.clock.cancel(this.#wake)
    this.reset()
  }

  /**
   * Starts again after `crash`, configured as before. By default nothing is remembered; with `memory` the router has
   * its databases and sequence numbers still (a hibernated machine) and all its interfaces come up anew.
   */
  restart(options: { readonly memory?: boolean } = {}): void {
    if (this.#core !== undefined) this.crash()
    if (options.memory && this.#former !== undefined) {
      this.#core = this.#former
      for (const { name } of this.attachments) {
        this.#core.handleInterface(this.now(), name, undefined)
      }
      this.resumed()
      return
    }
    this.#core = this.#make(++this.#life)
    this.#unread = []
    for (const attachment of this.attachments) this.attached(attachment)
    for (const stub of this.#stubs.values()) this.#configure({ type: 'announce', stub })
  }

  override freeze(how?: 'suspended' | 'stalled'): void {
    super.freeze(how)
    this.world.clock.cancel(this.#wake)
  }

  override owns(address: number): boolean {
    return (
      this.attachments.some((a) => a.address === address) ||
      this.announced.some((s) => s.length === 32 && s.prefix === address)
    )
  }

  override attached(attachment: Attachment): void {
    this.#configure({ type: 'interface', config: attachment.config })
    this.linkChanged(attachment)
  }

  override linkChanged(attachment: Attachment): void {
    if (!this.#awake(this.#core)) return
    this.#core.handleInterface(this.now(), attachment.name, attachment.link())
    this.#drain()
  }

  protected override deliver(
    to: Attachment,
    source: number,
    dest: number,
    bytes: Uint8Array,
  ): void {
    const core = this.core
    const view = this.#world.lend(bytes)
    core.handleDatagram(this.now(), {
      interface: to.name,
      source,
      destination: dest,
      ttl: 1,
      bytes: view,
    })
    // What the core has not copied is gone now, as with a real socket.
    view.fill(0xa5)
    this.#drain()
  }

  protected override resumed(): void {
    this.#core?.handleResume(this.now())
    this.#drain()
    for (const change of this.#unread.splice(0)) this.#configure(change)
    for (const attachment of this.attachments) this.linkChanged(attachment)
  }

  #configure(change: ConfigChange): void {
    if (!this.#awake(this.#core)) {
      this.#unread.push(change)
      return
    }
    this.#core.handleConfig(this.now(), change)
    this.#drain()
  }

  #awake(core: CoreRouter | undefined): core is CoreRouter {
    return core !== undefined && this.frozen === undefined
  }

  #wakeUp(): void {
    const at = this.world.clock.now()
    this.#spins = at === this.#spinningAt ? this.#spins + 1 : 0
    this.#spinningAt = at
    if (this.#spins > spinLimit) throw new Error(`${this.name} spins: always due at ${at} ms`)
    this.core.handleTimeout(this.now())
    this.#drain()
  }

  /** The heart: do what the core wants done, then sleep until it wants to be called. */
  #drain(): void {
    const core = this.#core
    if (core === undefined) return
    for (let output = core.poll(); output !== undefined; output = core.poll()) {
      this.#perform(output)
      // A hook may have crashed us.
      if (this.#core !== core) return
    }
    const next = core.nextTimeout()
    if (next === undefined || this.frozen !== undefined) this.world.clock.cancel(this.#wake)
    else this.world.clock.schedule(this.#wake, next + (this.world.clock.now() - this.now()))
  }

  #perform(output: Output): void {
    switch (output.type) {
      case 'transmit': {
        const from = this.#attachment(output.interface)
        from.segment.transmit(from, output.destination, output.bytes)
        return
      }
      case 'membership':
        if (output.group === allDRouters)
          this.#attachment(output.interface).designated = output.join
        return
      case 'routes':
        this.fib.apply(output.changes)
        return
      case 'event':
        this.events.push({ at: this.world.clock.now(), event: output.event })
        if (this.events.length > this.#eventLimit) this.events.shift()
        this.#world.heard(this, output.event)
        return
    }
    output satisfies never
  }

  #attachment(name: string): Attachment {
    const found = this.attachments.find((a) => a.name === name)
    if (found === undefined) throw new Error(`${this.name} sends on ${name}, which it has not`)
    return found
  }
}

const stubKey = (s: { readonly area: number; readonly prefix: number; readonly length: number }) =>
  `${s.area} ${formatPrefix(s.prefix, s.length)}`
