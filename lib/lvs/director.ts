/**
 * The director: virtual services in the kernel's IPVS that follow the health of their real servers, and gates for the
 * VIPs that follow the services.
 *
 * `director-config` reads the options; `pool` and `pool-server` judge the servers from their `check-run`s; `plan` and
 * `table` bring the kernel to what the pools want; `pool-gate` tells announcements.
 */
import { isDeepStrictEqual } from 'node:util'
import { realClock } from '../clock.ts'
import { deferred } from '../deferred.ts'
import { OspfError } from '../errors.ts'
import { EventStream } from '../event-stream.ts'
import type { Gate } from '../health/gate.ts'
import type { Clock } from '../ports.ts'
import { reasonOf } from '../reason.ts'
import { CheckPool } from './check-run.ts'
import { changesBetween } from './director-changes.ts'
import {
  type DirectorConfig,
  ProbeNames,
  parseDirector,
  type ServiceConfig,
} from './director-config.ts'
import type { DirectorEvent } from './director-events.ts'
import type { DirectorOptions, NotifyCommand, VirtualServiceOptions } from './director-options.ts'
import { type DirectorStatus, serviceStatus } from './director-status.ts'
import { canonicalAddress, formatDestination, formatServiceKey } from './keys.ts'
import type { ServiceStore } from './ledger.ts'
import { NOTIFY_LIMIT, runNotify } from './notify.ts'
import { checksumOf, formatStep, type PlanStep, type WantedService } from './plan.ts'
import { Pool } from './pool.ts'
import { PoolGate, type Standing } from './pool-gate.ts'
import type { ServerDrainResult } from './pool-server.ts'
import { Table } from './table.ts'
import type { IpvsDestination, IpvsInfo, IpvsPort } from './types.ts'
import { warningsOf } from './warnings.ts'

/** What a director needs of the world. */
export interface DirectorPorts {
  /** Who holds the services; not with `checksOnly`. It stays open when the director stops. */
  readonly ipvs?: IpvsPort
  /** Default: the machine's. */
  readonly clock?: Clock
  /** From 0 up to 1: for the first run of each check, in place of an even spread. */
  readonly random?: () => number
  /** Runs a notify command; default: as a process of its own, without a shell. */
  readonly notify?: (command: NotifyCommand) => Promise<void>
  /** Events kept for a slow reader; default 10,000. */
  readonly eventQueue?: number
  /**
   * Remembers over a crash which services are this director's, so that its next life removes those that are not in its
   * configuration any more: `ServiceFile.open('/run/my-app/ipvs.json')`. It stays open when the director stops. Default:
   * nothing does, and they stay.
   */
  readonly store?: ServiceStore
}

export interface DirectorStartOptions extends DirectorOptions, DirectorPorts {}

/** What would be done to the kernel. */
export interface DirectorPlan {
  readonly steps: readonly PlanStep[]
  /** Destinations that would stay out of their canonical order, as they have connections. */
  readonly disorder: number
  /** A line each, as ipvsadm would be told. */
  readonly text: string
}

/** What the announcement of a VIP takes from its director; see `AnnounceOptions`. */
export interface VipHooks {
  readonly when: Gate
  readonly prepare: (signal: AbortSignal) => Promise<void>
  readonly connections: () => Promise<number>
  readonly release: () => Promise<void>
}

/** Seconds between two looks at connections that are to end. */
const FOLLOW = 1

const portFields = ['ipvs', 'clock', 'random', 'notify', 'eventQueue', 'store'] as const

export class Director implements AsyncIterable<DirectorEvent>, AsyncDisposable {
  readonly #ports: DirectorPorts
  readonly #clock: Clock
  readonly #probes = new ProbeNames()
  readonly #checks: CheckPool
  readonly #events: EventStream<DirectorEvent>
  readonly #pools = new Map<string, Pool>()
  readonly #gates = new Map<string, PoolGate>()
  /** VIPs whose announcement is over: their services are not wanted. */
  readonly #released = new Set<string>()
  readonly #last = new Map<string, DirectorEvent>()
  #options: DirectorOptions
  #config: DirectorConfig
  #table: Table | undefined
  #warnings: { service: string; text: string }[] = []
  /** Notify commands that run. */
  readonly #telling = new Set<Promise<void>>()
  /** Checks that go through IPVS have services of their own. */
  #extra = new Set<string>()
  /** What was in the kernel of their services is known. */
  readonly #adopted = new WeakSet<Pool>()
  #stopping: Promise<void> | undefined

  /**
   * Reads the kernel's table, adopts what is there of the services, and begins to check.
   *
   * @throws OspfError ERR_OSPF_CONFIG that names the field; ERR_OSPF_IPVS_ABSENT or ERR_OSPF_PERMISSION when the kernel
   * cannot do it at all, unless `waitForPlane`. Whatever else fails is an event, and is tried again.
   */
  static async start(options: DirectorStartOptions): Promise<Director> {
    const ports: Record<string, unknown> = {}
    const rest: Record<string, unknown> = { ...options }
    for (const name of portFields) {
      if (rest[name] !== undefined) ports[name] = rest[name]
      delete rest[name]
    }
    const director = new Director(rest as unknown as DirectorOptions, ports as DirectorPorts)
    try {
      await director.#begin()
    } catch (error) {
      director.#end()
      await director.#table?.stop(true)
      throw error
    }
    return director
  }

  /**
   * What a director that is started now would do to the kernel before it knows anything of the servers: those that have
   * checks count as up. The kernel is only read.
   * @throws OspfError as `start`
   */
  static async preview(
    options: DirectorOptions & { ipvs: IpvsPort; store?: ServiceStore },
  ): Promise<DirectorPlan> {
    const { ipvs, store, ...rest } = options
    const director = new Director(rest, { ipvs, ...(store === undefined ? {} : { store }) })
    return director.plan(rest.services)
  }

  private constructor(options: DirectorOptions, ports: DirectorPorts) {
    this.#options = options
    this.#ports = ports
    this.#clock = ports.clock ?? realClock
    this.#config = parseDirector(options, this.#probes)
    if (!this.#config.checksOnly && ports.ipvs === undefined) {
      throw new OspfError(
        'ERR_OSPF_CONFIG',
        'ipvs: expected an IPVS port, or checksOnly, got nothing',
      )
    }
    this.#checks = new CheckPool(this.#clock, ports.random)
    const limit = ports.eventQueue ?? 10_000
    this.#events = new EventStream<DirectorEvent>({
      limit,
      lost: (count) => ({ type: 'lost', count }),
    })
  }

  async #begin(): Promise<void> {
    const { ipvs, store } = this.#ports
    if (ipvs !== undefined && !this.#config.checksOnly) {
      this.#table = new Table({
        ipvs,
        store,
        clock: this.#clock,
        retryInterval: () => this.#config.retryInterval,
        maximumRetryInterval: () => this.#config.maximumRetryInterval,
        interval: () => this.#interval,
        timeouts: () => this.#config.timeouts,
        say: (event) => this.#say(event),
        read: (table) => this.#read(table),
        waits: this.#config.waitForPlane,
        changed: () => this.#updateGates(),
      })
    }
    this.#configure()
    for (const warning of this.#warnings) {
      this.#say({ type: 'warning', ...warning, at: this.#clock.now() })
    }
    await this.#table?.begin()
  }

  /** Events from now on; the first reader is given those since the start. */
  [Symbol.asyncIterator](): AsyncIterableIterator<DirectorEvent> {
    return this.#events[Symbol.asyncIterator]()
  }

  /** Calls back with every event from now on: be quick. What it throws is ignored. */
  subscribe(listener: (event: DirectorEvent) => void): Disposable {
    return this.#events.subscribe(listener)
  }

  // What an operator can do

  /**
   * Other services, or other options altogether. What did not change is not touched, health is kept; a check that is
   * another now has the last word of the old one until it has run.
   * @returns what changed, a line each
   * @throws OspfError ERR_OSPF_CONFIG: nothing is changed then
   */
  async update(
    change: readonly VirtualServiceOptions[] | Partial<DirectorOptions>,
  ): Promise<readonly string[]> {
    this.#check()
    const more = Array.isArray(change)
      ? { services: change as readonly VirtualServiceOptions[] }
      : (change as Partial<DirectorOptions>)
    const options = { ...this.#options, ...more }
    const config = parseDirector(options, this.#probes)
    if (config.checksOnly !== this.#config.checksOnly) {
      throw new OspfError('ERR_OSPF_CONFIG', 'checksOnly: expected what it was at the start')
    }
    const changes = changesBetween(this.#config, config)
    const isTimed = isDeepStrictEqual(config.timeouts, this.#config.timeouts)
    this.#options = options
    this.#config = config
    const before = new Set(this.#warnings.map(({ service, text }) => `${service} ${text}`))
    this.#configure()
    const at = this.#clock.now()
    this.#say({ type: 'updated', changes, at })
    for (const warning of this.#warnings) {
      const isNew = !before.has(`${warning.service} ${warning.text}`)
      if (isNew) this.#say({ type: 'warning', ...warning, at })
    }
    if (!isTimed) void this.#table?.sync()
    await this.#table?.settled()
    return changes
  }

  /** What would be done to the kernel now, or with other services; the kernel is only read. */
  async plan(services?: readonly VirtualServiceOptions[]): Promise<DirectorPlan> {
    const { ipvs, store } = this.#ports
    if (ipvs === undefined) {
      throw new OspfError('ERR_OSPF_CONFIG', 'ipvs: expected an IPVS port to plan for, got nothing')
    }
    let wanted = this.#wantedNow()
    if (services !== undefined) {
      const config = parseDirector({ ...this.#options, services }, this.#probes)
      wanted = this.#wantedOf(config)
    }
    const table = this.#table ?? new Table({ ...idle, ipvs, store, clock: this.#clock })
    const { steps, disorder } = await table.preview(wanted)
    const text = steps.map(formatStep).join('\n')
    return { steps, disorder, text }
  }

  /**
   * A server takes no new connections any more, and leaves the table when the active ones have ended or the time is
   * over. Resolves then. Health goes on being checked.
   * @param service its name, or its key: 'tcp 10.0.1.100:80'
   * @param server '10.0.2.1:80'
   * @param options `timeout`: seconds; default: as long as it takes
   * @throws OspfError ERR_OSPF_CONFIG: there is no such server
   */
  async drain(
    service: string,
    server: string,
    options: { readonly timeout?: number } = {},
  ): Promise<ServerDrainResult> {
    this.#check()
    const done = this.#pool(service).drain(server, options.timeout)
    if (done === undefined) throw noServer(service, server)
    this.#table?.hasten()
    return done
  }

  /** Takes it back. @throws OspfError ERR_OSPF_CONFIG: there is no such server, or it does not drain */
  undrain(service: string, server: string): void {
    this.#check()
    if (!this.#pool(service).undrain(server)) throw noServer(service, server)
  }

  /** The services and their servers now. */
  status(): DirectorStatus {
    return {
      services: [...this.#pools.values()].map((pool) => {
        const { id } = pool.config
        const known = this.#table?.known.get(id)
        return serviceStatus(pool, known, this.#problem(id), this.#last.get(pool.config.name))
      }),
      plane: this.#table?.plane() ?? noPlane,
      checksum: this.checksum(),
      checks: this.#checks.size,
      warnings: this.#warnings,
    }
  }

  /** Of the data plane; undefined: there is none. */
  async info(): Promise<IpvsInfo | undefined> {
    return this.#config.checksOnly ? undefined : this.#ports.ipvs?.info()
  }

  /** Of the kernel's table as it was last seen: equal on directors that send clients to the same servers. */
  checksum(): string {
    const known = this.#table?.known ?? new Map()
    const ours = [...this.#pools.keys()].flatMap((id) => known.get(id) ?? [])
    return checksumOf(
      ours.map(({ service, destinations }) => ({
        service,
        destinations: [...destinations.values()],
      })),
    )
  }

  /** Reads the kernel's table now, and puts right what is not as wanted. */
  async reconcile(): Promise<void> {
    await this.#table?.sync()
  }

  // What announcements follow

  /**
   * Open while the services of a VIP serve: all of them, or any (`vips` in the options), with their sorry servers or
   * without. Shared: each call gives the same gate.
   * @throws OspfError ERR_OSPF_CONFIG: no service has this address
   */
  gate(address: string): Gate {
    const vip = canonicalAddress(address.replace(/\/(32|128)$/, ''))
    if (this.#servicesOf(vip).length === 0) {
      throw new OspfError('ERR_OSPF_CONFIG', `VIP ${address}: expected an address of a service`)
    }
    let gate = this.#gates.get(vip)
    if (gate === undefined) {
      gate = new PoolGate(
        `services of ${vip}`,
        () => this.#clock.now(),
        () => this.#stands(vip),
      )
      this.#gates.set(vip, gate)
    }
    return gate
  }

  /**
   * What an announcement of the VIP takes: `speaker.announce('10.0.1.100/32', { ...director.vip('10.0.1.100'), device:
   * 'lo' })`. Its services are in the kernel before it is announced, it is announced while they serve, a drain waits for
   * their active connections, and they are removed after the routers have left.
   * @throws OspfError ERR_OSPF_CONFIG: no service has this address
   */
  vip(address: string): VipHooks {
    const when = this.gate(address)
    const vip = canonicalAddress(address.replace(/\/(32|128)$/, ''))
    return {
      when,
      prepare: async (signal) => {
        this.#check()
        if (this.#released.delete(vip)) this.#want()
        await this.#table?.settled()
        signal.throwIfAborted()
        for (const pool of this.#servicesOf(vip)) {
          const problem = this.#problem(pool.config.id)
          if (problem !== undefined) throw new Error(`${pool.config.name}: ${problem}`)
        }
      },
      connections: () => this.#connections(vip),
      release: async () => {
        if (this.#stopping !== undefined || this.#config.keepOnStop) return
        this.#released.add(vip)
        this.#want()
        await this.#table?.settled()
      },
    }
  }

  async #connections(vip: string): Promise<number> {
    const { ipvs } = this.#ports
    if (ipvs === undefined || this.#table === undefined) return 0
    let sum = 0
    for (const pool of this.#servicesOf(vip)) {
      for (const one of await ipvs.destinations(pool.config.service.key)) {
        sum += one.activeConnections
      }
    }
    return sum
  }

  #servicesOf(vip: string): Pool[] {
    return [...this.#pools.values()].filter(({ config }) => config.vips.includes(vip))
  }

  /** What one service can do, as the kernel has it. */
  #judge(pool: Pool, sorry: boolean): Standing {
    const { name, id } = pool.config
    const { standing } = pool
    const what = standing === 'sorry' ? `sorry server, ${pool.reason}` : pool.reason
    if (standing === 'undecided') return { healthy: undefined, reason: `${name}: not checked yet` }
    if (standing === 'none' || (standing === 'sorry' && !sorry)) {
      return { healthy: false, reason: `${name}: ${what}` }
    }
    const table = this.#table
    const known = table?.known.get(id)?.destinations
    // somebody who is to serve does: those in the table may be others while it cannot be changed
    const takes = (one: IpvsDestination): boolean =>
      one.weight > 0 && (known?.get(formatDestination(one))?.weight ?? 0) > 0
    if (table === undefined || pool.wantsOne(takes)) {
      return { healthy: true, reason: `${name}: ${what}` }
    }
    const problem = table.problem(id)
    // on its way there
    if (problem === undefined) return { healthy: undefined, reason: `${name}: not applied yet` }
    return { healthy: false, reason: `${name}: ${reasonOf(problem)}` }
  }

  #stands(vip: string): Standing {
    const { services, sorry } = this.#config.vips.get(vip) ?? { services: 'all', sorry: true }
    const judged = this.#servicesOf(vip).map((pool) => this.#judge(pool, sorry))
    const failed = judged.filter(({ healthy }) => healthy === false)
    const open = judged.filter(({ healthy }) => healthy === undefined)
    const good = judged.filter(({ healthy }) => healthy === true)
    const words = (those: readonly Standing[]): string =>
      those.map(({ reason }) => reason).join('; ')
    if (services === 'any' && good.length > 0) return { healthy: true, reason: words(good) }
    if (services === 'any' && open.length > 0) return { healthy: undefined, reason: words(open) }
    if (failed.length > 0 || judged.length === 0) {
      return { healthy: false, reason: words(failed) || 'no service has this address any more' }
    }
    if (open.length > 0) return { healthy: undefined, reason: words(open) }
    return { healthy: true, reason: words(good) }
  }

  // Inside

  #say(event: DirectorEvent): void {
    if ('service' in event && event.type !== 'warning') this.#last.set(event.service, event)
    this.#events.push(event)
  }

  #check(): void {
    if (this.#stopping !== undefined)
      throw new OspfError('ERR_OSPF_STOPPED', 'the director has stopped')
  }

  #problem(id: string): string | undefined {
    if (this.#table === undefined) return undefined
    const error = this.#table.problem(id)
    if (error !== undefined) return reasonOf(error)
    return this.#table.known.has(id) ? undefined : 'not applied yet'
  }

  #pool(service: string): Pool {
    const pool =
      this.#pools.get(service) ??
      [...this.#pools.values()].find(({ config }) => config.name === service)
    if (pool !== undefined) return pool
    throw new OspfError(
      'ERR_OSPF_CONFIG',
      `service: expected one of ${[...this.#pools.keys()].join(', ')}, got '${service}'`,
    )
  }

  /** Seconds until the table is read again. */
  get #interval(): number {
    const { reconcileInterval, services } = this.#config
    let seconds = reconcileInterval
    for (const { passive } of services) {
      if (passive !== undefined) seconds = Math.min(seconds, passive.window / 2)
    }
    const isFollowed = [...this.#pools.values()].some((pool) => pool.isFollowed)
    return isFollowed ? Math.min(seconds, FOLLOW) : seconds
  }

  #configure(): void {
    const wanted = new Map(this.#config.services.map((service) => [service.id, service]))
    for (const [id, pool] of this.#pools) {
      if (wanted.has(id)) continue
      pool.stop()
      pool[Symbol.dispose]()
      this.#pools.delete(id)
      this.#table?.unwant(id)
    }
    const names = new Set(this.#config.services.map(({ name }) => name))
    for (const name of this.#last.keys()) if (!names.has(name)) this.#last.delete(name)
    const { defaults } = this.#config
    for (const [id, service] of wanted) {
      let pool = this.#pools.get(id)
      if (pool === undefined) {
        pool = new Pool(service, {
          clock: this.#clock,
          checks: this.#checks,
          defaults,
          say: (event) => this.#say(event),
          changed: (changed) => this.#changed(changed),
          notify: (command) => this.#notify(command),
        })
        this.#pools.set(id, pool)
      }
      pool.configure(service)
    }
    this.#checks.sweep()
    this.#warnings = this.#config.services.flatMap((service) =>
      warningsOf(service).map((text) => ({ service: service.name, text })),
    )
    this.#want()
    this.#table?.hasten()
    this.#updateGates()
  }

  /** Everything that is wanted now. */
  #want(): void {
    if (this.#table === undefined) return
    const extra = new Map<string, WantedService>()
    for (const pool of this.#pools.values()) {
      const { id, vips } = pool.config
      if (vips.length > 0 && vips.every((vip) => this.#released.has(vip))) this.#table.unwant(id)
      else this.#table.want(id, () => wantedOf(pool))
    }
    for (const wanted of throughServices(this.#config)) {
      extra.set(formatServiceKey(wanted.service.key), wanted)
    }
    for (const id of this.#extra) if (!extra.has(id) && !this.#pools.has(id)) this.#table.unwant(id)
    for (const [id, wanted] of extra) this.#table.want(id, () => wanted)
    this.#extra = new Set(extra.keys())
  }

  #wantedNow(): WantedService[] {
    return [...[...this.#pools.values()].map(wantedOf), ...throughServices(this.#config)]
  }

  /** What another configuration would want, as far as health is known: a server that is new counts as up. */
  #wantedOf(config: DirectorConfig): WantedService[] {
    const wanted = config.services.map((service) => {
      const pool = this.#pools.get(service.id)
      const { standing } = pool ?? { standing: 'quorum' }
      const out = (server: ServiceConfig['servers'][number]): boolean =>
        standing === 'sorry' || (pool?.servers.get(server.id)?.state ?? 'up') === 'down'
      const destinations = service.servers.flatMap((server) => {
        if (!out(server)) {
          const weight = server.drain
            ? 0
            : (pool?.servers.get(server.id)?.adopted ?? server.destination.weight)
          return [{ ...server.destination, weight }]
        }
        return server.inhibit ? [{ ...server.destination, weight: 0 }] : []
      })
      const { sorry } = service
      const isTwin = destinations.some(
        ({ address, port }) =>
          `${address} ${port}` === `${sorry?.destination.address} ${sorry?.destination.port}`,
      )
      if (sorry && !isTwin && (standing === 'sorry' || sorry.inhibit)) {
        destinations.push({ ...sorry.destination, weight: standing === 'sorry' ? 1 : 0 })
      }
      return { service: service.service, destinations, reorder: service.reorder }
    })
    return [...wanted, ...throughServices(config)]
  }

  #changed(pool: Pool): void {
    const { id, vips } = pool.config
    const isReleased = vips.length > 0 && vips.every((vip) => this.#released.has(vip))
    if (this.#pools.get(id) === pool && !isReleased) this.#table?.want(id, () => wantedOf(pool))
    this.#updateGates()
  }

  #updateGates(): void {
    // half of a change is no news: the table tells when it is done
    if (this.#table?.isBusy) return
    for (const gate of this.#gates.values()) gate.update()
  }

  /** The table was read: leftovers of an earlier life at first, then connections and counters. */
  #read(table: Table): void {
    for (const [id, pool] of this.#pools) {
      const known = table.known.get(id)
      if (known === undefined) continue
      const destinations = [...known.destinations.values()].flatMap((one) =>
        'statistics' in one ? [one as Parameters<Pool['sample']>[0][number]] : [],
      )
      if (!this.#adopted.has(pool)) {
        this.#adopted.add(pool)
        pool.adopt(destinations)
        pool.judge()
      }
      pool.sample(destinations, this.#ports.ipvs?.countsConnections ?? true)
    }
  }

  #notify(command: NotifyCommand | undefined): void {
    if (command === undefined) return
    const { notify = runNotify } = this.#ports
    const told = notify(command)
      .catch((cause: unknown) => {
        const error = cause instanceof Error ? cause : new Error(reasonOf(cause))
        this.#say({ type: 'notify', command, error, at: this.#clock.now() })
      })
      .finally(() => this.#telling.delete(told))
    this.#telling.add(told)
  }

  /** Commands that run have their time: whoever ends the process next would end them, too. */
  async #told(): Promise<void> {
    if (this.#telling.size === 0) return
    const { promise, resolve } = deferred<void>()
    const timer = this.#clock.setTimer(NOTIFY_LIMIT, resolve)
    await Promise.race([Promise.all(this.#telling), promise])
    timer[Symbol.dispose]()
  }

  // The end

  /**
   * Ends the checks and the gates, and removes the services, unless they shall be kept. Resolves when notify commands that
   * run have ended, too, or have had half a minute.
   */
  stop(options: { readonly keep?: boolean } = {}): Promise<void> {
    this.#stopping ??= this.#stop(options.keep ?? this.#config.keepOnStop)
    return this.#stopping
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #stop(keep: boolean): Promise<void> {
    for (const pool of this.#pools.values()) pool.stop()
    this.#end()
    await this.#table?.stop(keep)
    await this.#told()
    this.#events.push({ type: 'stopped', at: this.#clock.now() })
    this.#events.end()
  }

  #end(): void {
    for (const gate of this.#gates.values()) gate[Symbol.dispose]()
    for (const pool of this.#pools.values()) pool[Symbol.dispose]()
    this.#checks[Symbol.dispose]()
  }
}

const wantedOf = (pool: Pool): WantedService => ({
  service: pool.config.service,
  destinations: pool.wanted(),
  candidates: pool.candidates(),
  reorder: pool.config.reorder,
})

const throughServices = (config: DirectorConfig): WantedService[] =>
  config.services.flatMap(({ servers }) =>
    servers.flatMap(({ checks }) =>
      checks.flatMap(({ through }) =>
        through === undefined
          ? []
          : [
              {
                service: through.service,
                destinations: [through.destination],
                reorder: 'never' as const,
              },
            ],
      ),
    ),
  )

const noServer = (service: string, server: string): OspfError =>
  new OspfError('ERR_OSPF_CONFIG', `server: expected one of ${service}, got '${server}'`)

const noPlane = { state: 'none', code: undefined, reason: undefined, since: 0 } as const

/** Of a table that is only looked at. */
const idle = {
  retryInterval: () => 1,
  maximumRetryInterval: () => 1,
  interval: () => 1,
  timeouts: () => ({}),
  say: () => {},
  read: () => {},
  changed: () => {},
}
