/**
 * IPVS in memory, with the kernel's rules and errors (net/netfilter/ipvs/ip_vs_ctl.c of Linux 6.1): tests of what
 * should happen when servers fail need no root, and no kernel that has it.
 */
import { OspfError, type OspfErrorCode } from '../errors.ts'
import type { Clock } from '../ports.ts'
import { familyOf, formatDestination, formatServiceKey } from './keys.ts'
import {
  IPVS_SCHEDULERS,
  type IpvsDestination,
  type IpvsDestinationState,
  type IpvsInfo,
  type IpvsPort,
  type IpvsService,
  type IpvsServiceKey,
  type IpvsServiceState,
  type IpvsStatistics,
  type IpvsTimeouts,
  nothingCounted,
} from './types.ts'

/** ip_vs.h: IP_VS_DEST_TRASH_PERIOD, seconds. */
const TRASH_MS = 120_000

export interface MemoryIpvsOptions {
  /** For how long removed destinations are remembered; default: for ever. */
  readonly clock?: Pick<Clock, 'now'>
  /** Schedulers of this kernel; default: all. */
  readonly schedulers?: readonly string[]
  /** Persistence engines; default: 'sip'. */
  readonly engines?: readonly string[]
}

/** A call of the port that can be made to fail. */
export type IpvsCall = Exclude<keyof IpvsPort, symbol | 'exclusive' | 'countsConnections'>

type DestinationKey = Pick<IpvsDestination, 'address' | 'port'>

interface Destination {
  /** As formatted. */
  readonly name: string
  what: IpvsDestination
  active: number
  inactive: number
  persistent: number
  statistics: IpvsStatistics
  isOverloaded: boolean
}

interface Service {
  what: IpvsService
  statistics: IpvsStatistics
  /** Newest first, as the kernel has them. */
  destinations: Destination[]
  trash: { readonly destination: Destination; readonly at: number }[]
}

/**
 * An IpvsPort of its own. Beside what every port does it can be made to fail, changed behind the owner's back, and
 * given connections.
 */
export class MemoryIpvs implements IpvsPort {
  /** This kernel has no IPVS. */
  isAbsent = false
  /** Whoever asks has no CAP_NET_ADMIN. */
  isForbidden = false
  /** Changes that were made through the port, in order, refused ones too: 'addDestination tcp 10.0.1.100:80 10.0.2.1:80 1'. */
  readonly log: string[] = []
  readonly schedulers: Set<string>
  readonly engines: Set<string>
  readonly #clock: Pick<Clock, 'now'> | undefined
  readonly #services = new Map<string, Service>()
  #faults: { readonly call: IpvsCall | undefined; readonly error: Error }[] = []
  #timeouts: IpvsTimeouts = { tcp: 900, tcpFin: 120, udp: 300 }

  constructor(options: MemoryIpvsOptions = {}) {
    this.#clock = options.clock
    this.schedulers = new Set(options.schedulers ?? IPVS_SCHEDULERS)
    this.engines = new Set(options.engines ?? ['sip'])
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  // What the port does

  async info(): Promise<IpvsInfo> {
    this.#enter('info')
    return { version: '1.2.1', connectionTableSize: 4096 }
  }

  async services(): Promise<readonly IpvsServiceState[]> {
    this.#enter('services')
    return [...this.#services.values()].map(({ what, statistics }) => ({ ...what, statistics }))
  }

  async destinations(key: IpvsServiceKey): Promise<readonly IpvsDestinationState[]> {
    this.#enter('destinations')
    const service = this.#services.get(formatServiceKey(key))
    if (service === undefined) return []
    return service.destinations.toReversed().map((one) => ({
      ...one.what,
      activeConnections: one.active,
      inactiveConnections: one.inactive,
      persistentConnections: one.persistent,
      statistics: one.statistics,
    }))
  }

  async addService(what: IpvsService): Promise<void> {
    const name = formatServiceKey(what.key)
    this.#enter('addService', `${name} ${what.scheduler}`)
    if (this.#services.has(name)) throw refused('EXISTS', 'EEXIST', 'Service already exists')
    this.#checkService(what)
    this.#services.set(name, { what, statistics: nothingCounted, destinations: [], trash: [] })
  }

  async setService(what: IpvsService): Promise<void> {
    this.#enter('setService', `${formatServiceKey(what.key)} ${what.scheduler}`)
    const service = this.#service(what.key)
    this.#checkService(what)
    service.what = what
  }

  async removeService(key: IpvsServiceKey): Promise<void> {
    this.#enter('removeService', formatServiceKey(key))
    this.#service(key)
    this.#services.delete(formatServiceKey(key))
  }

  async addDestination(key: IpvsServiceKey, what: IpvsDestination): Promise<void> {
    this.#enter('addDestination', wordsOf(key, what))
    const service = this.#service(key)
    checkDestination(key, what)
    if (service.destinations.some(is(what))) {
      throw refused('EXISTS', 'EEXIST', 'Destination already exists')
    }
    const now = this.#clock?.now() ?? 0
    service.trash = service.trash.filter(({ at }) => now - at < TRASH_MS)
    const found = service.trash.find(({ destination }) => is(what)(destination))
    if (found !== undefined) {
      // the entry comes to life again, with the connections that point to it
      service.trash = service.trash.filter((one) => one !== found)
      found.destination.what = what
      settle(found.destination)
      service.destinations.unshift(found.destination)
      return
    }
    const fresh = {
      name: formatDestination(what),
      active: 0,
      inactive: 0,
      persistent: 0,
      statistics: nothingCounted,
    }
    service.destinations.unshift({ what, ...fresh, isOverloaded: false })
  }

  async setDestination(key: IpvsServiceKey, what: IpvsDestination): Promise<void> {
    this.#enter('setDestination', wordsOf(key, what))
    const service = this.#service(key)
    checkDestination(key, what)
    const one = destinationOf(service, what)
    one.what = what
    settle(one)
  }

  async removeDestination(key: IpvsServiceKey, which: DestinationKey): Promise<void> {
    this.#enter('removeDestination', `${formatServiceKey(key)} ${formatDestination(which)}`)
    const service = this.#service(key)
    const one = destinationOf(service, which)
    service.destinations = service.destinations.filter((other) => other !== one)
    service.trash.push({ destination: one, at: this.#clock?.now() ?? 0 })
  }

  async timeouts(): Promise<IpvsTimeouts> {
    this.#enter('timeouts')
    return this.#timeouts
  }

  async setTimeouts(timeouts: Partial<IpvsTimeouts>): Promise<void> {
    this.#enter('setTimeouts', JSON.stringify(timeouts))
    this.#timeouts = { ...this.#timeouts, ...timeouts }
  }

  // What befalls it

  /** The next call, or the next one of that name, rejects; asked for twice, twice. */
  fail(error: Error, call?: IpvsCall): void {
    this.#faults.push({ call, error })
  }

  /** Calls that were to fail and have not been made do not fail any more. */
  mend(): void {
    this.#faults = []
  }

  /** Somebody else: `ipvsadm -C`. */
  flush(): void {
    this.#services.clear()
  }

  /** Somebody else: `ipvsadm -D`, or `ipvsadm -d`. */
  drop(key: IpvsServiceKey, destination?: DestinationKey): void {
    if (destination === undefined) return void this.#services.delete(formatServiceKey(key))
    const service = this.#service(key)
    service.destinations = service.destinations.filter((one) => !is(destination)(one))
  }

  /**
   * A client connects: the destination with the fewest active connections for its weight takes it (as wlc does,
   * whatever the scheduler).
   * @returns undefined: refused, since there is no service, or none of its destinations takes connections.
   */
  connect(key: IpvsServiceKey): IpvsDestination | undefined {
    const service = this.#services.get(formatServiceKey(key))
    if (service === undefined) return undefined
    let best: Destination | undefined
    for (const one of service.destinations) {
      if (one.what.weight === 0 || one.isOverloaded) continue
      const cost = (one.active + 1) / one.what.weight
      if (best === undefined || cost < (best.active + 1) / best.what.weight) best = one
    }
    if (best === undefined) return undefined
    best.active++
    settle(best)
    this.count(key, best.what, { connections: 1n })
    return best.what
  }

  /** So many active (and inactive, persistent) connections are there from now on, removed destinations included. */
  setConnections(
    key: IpvsServiceKey,
    which: DestinationKey,
    numbers: {
      readonly active?: number
      readonly inactive?: number
      readonly persistent?: number
    },
  ): void {
    const service = this.#service(key)
    const all = [...service.destinations, ...service.trash.map(({ destination }) => destination)]
    const one = all.find(is(which))
    if (one === undefined) throw refused('NO_DESTINATION', 'ENOENT', 'No such destination')
    Object.assign(one, numbers)
    settle(one)
  }

  /** Adds to the counters of a destination and its service. */
  count(key: IpvsServiceKey, which: DestinationKey, more: Readonly<Partial<IpvsStatistics>>): void {
    const service = this.#service(key)
    const one = destinationOf(service, which)
    one.statistics = sum(one.statistics, more)
    service.statistics = sum(service.statistics, more)
  }

  /** The table in lines, as `ipvsadm -Ln` orders it: each service, and its destinations oldest first. */
  lines(): string[] {
    return [...this.#services.values()].flatMap(({ what, destinations }) => [
      `${formatServiceKey(what.key)} ${what.scheduler}`,
      ...destinations
        .toReversed()
        .map((one) => `  ${formatDestination(one.what)} ${one.what.forward} ${one.what.weight}`),
    ])
  }

  #enter(call: IpvsCall, words?: string): void {
    if (words !== undefined) this.log.push(`${call} ${words}`)
    if (this.isForbidden) {
      throw new OspfError('ERR_OSPF_PERMISSION', `IPVS: ${call}: Operation not permitted`, {
        errno: 'EPERM',
      })
    }
    if (this.isAbsent) {
      throw refused('ABSENT', 'ENOENT', 'this kernel has no IPVS')
    }
    const i = this.#faults.findIndex((fault) => fault.call === undefined || fault.call === call)
    if (i >= 0) throw this.#faults.splice(i, 1)[0]!.error
  }

  #service(key: IpvsServiceKey): Service {
    const service = this.#services.get(formatServiceKey(key))
    if (service === undefined) {
      throw refused('NO_SERVICE', 'ESRCH', `No such service: ${formatServiceKey(key)}`)
    }
    return service
  }

  #checkService({ key, scheduler, persistence }: IpvsService): void {
    if (scheduler !== 'none' && !this.schedulers.has(scheduler)) {
      throw refused(
        'SCHEDULER',
        'ENOENT',
        `Scheduler or persistence engine not found: ${scheduler}`,
      )
    }
    const engine = persistence?.engine
    if (engine !== undefined && !this.engines.has(engine)) {
      throw refused('SCHEDULER', 'ENOENT', `Scheduler or persistence engine not found: ${engine}`)
    }
    const bits = persistence?.prefixLength
    const family = 'fwmark' in key ? key.family : familyOf(key.address)
    if (bits !== undefined && (bits < 1 || bits > (family === 6 ? 128 : 32))) {
      throw refused('INVALID', 'EINVAL', 'Invalid argument: netmask')
    }
  }
}

const is = (which: DestinationKey): ((one: Destination) => boolean) => {
  const name = formatDestination(which)
  return (one) => one.name === name
}

function destinationOf(service: Service, which: DestinationKey): Destination {
  const one = service.destinations.find(is(which))
  if (one !== undefined) return one
  throw refused('NO_DESTINATION', 'ENOENT', `No such destination: ${formatDestination(which)}`)
}

/** ip_vs_add_dest, ip_vs_edit_dest and __ip_vs_new_dest, in their order. */
function checkDestination(key: IpvsServiceKey, what: IpvsDestination): void {
  const { weight, upperThreshold = 0, lowerThreshold = 0, tunnel, forward, address } = what
  if (weight < 0) throw refused('INVALID', 'ERANGE', 'Numerical result out of range: weight')
  if (lowerThreshold > upperThreshold) {
    throw refused('INVALID', 'ERANGE', 'Numerical result out of range: lower threshold')
  }
  if (forward === 'tun' && tunnel?.type === 'gue' && !tunnel.port) {
    throw refused('INVALID', 'EINVAL', 'Invalid argument: gue without a port')
  }
  const family = 'fwmark' in key ? key.family : familyOf(key.address)
  if (familyOf(address) !== family && forward !== 'tun') {
    throw refused('INVALID', 'EINVAL', 'Invalid argument: families differ')
  }
  const first = Number.parseInt(address, 10)
  const isUnicast = address.includes(':') ? !/^ff|^::$/i.test(address) : first > 0 && first < 224
  if (!isUnicast) throw refused('INVALID', 'EINVAL', `Invalid argument: ${address}`)
}

/** ip_vs_dest_update_upper: 0 as lower threshold stands for three quarters of the upper. */
function settle(one: Destination): void {
  const { upperThreshold = 0, lowerThreshold = 0 } = one.what
  const count = one.active + one.inactive
  if (upperThreshold === 0) one.isOverloaded = false
  else if (count >= upperThreshold) one.isOverloaded = true
  else if (lowerThreshold > 0 ? count < lowerThreshold : count * 4 < upperThreshold * 3) {
    one.isOverloaded = false
  }
}

function sum(before: IpvsStatistics, more: Readonly<Partial<IpvsStatistics>>): IpvsStatistics {
  const after: Record<string, bigint> = { ...before }
  for (const [name, value] of Object.entries(more)) after[name] = (after[name] ?? 0n) + value
  return after as unknown as IpvsStatistics
}

const wordsOf = (key: IpvsServiceKey, what: IpvsDestination): string =>
  `${formatServiceKey(key)} ${formatDestination(what)} ${what.weight}`

type Refusal = OspfErrorCode extends infer C
  ? C extends `ERR_OSPF_IPVS_${infer R}`
    ? R
    : never
  : never

const refused = (code: Refusal, errno: string, words: string): OspfError =>
  new OspfError(`ERR_OSPF_IPVS_${code}`, `IPVS: ${words}`, { errno })
