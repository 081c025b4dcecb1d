/**
 * A data plane for kernels without IPVS: nftables. DR by `fwd` at ingress, NAT by conntrack; a hash spreads new flows by
 * weight, and flows that are known stay where they are. What is held stands in the kernel alone and is read back for
 * every change, so drift is seen, and an earlier life is taken over.
 */
import { OspfError } from '../errors.ts'
import { LinuxLinks } from '../linux/links.ts'
import { silentNeighbours, wayTo } from '../linux/neighbours.ts'
import { NetlinkSocket } from '../linux/netlink.ts'
import { lockTable } from '../linux/route-lock.ts'
import { LinuxSysctls } from '../linux/sysctl.ts'
import { fail, isObject, onlyFields, parseBoolean, parseInteger } from '../parse.ts'
import type { Link } from '../ports.ts'
import { parseIpv4 } from '../wire/address.ts'
import { formatDestination, formatServiceKey } from './keys.ts'
import { nftApply, nftList, nftTables } from './nft.ts'
import { type Listed, readListings } from './nftables-list.ts'
import {
  type Plane,
  type PlaneService,
  planeDestination,
  planeKey,
  planeService,
} from './nftables-plane.ts'
import { formatRuleset } from './nftables-ruleset.ts'
import {
  type IpvsDestination,
  type IpvsDestinationState,
  type IpvsInfo,
  type IpvsPort,
  type IpvsSchedulerFlag,
  type IpvsService,
  type IpvsServiceKey,
  type IpvsServiceState,
  type IpvsStatistics,
  type IpvsTimeouts,
  nothingCounted,
} from './types.ts'

export interface NftablesOptions {
  /** Devices that clients' packets come in by; DR needs one. Default: none, so NAT alone. */
  readonly devices?: readonly string[]
  /** Name of the two tables (families netdev and ip), which are this plane's alone. Default 'ospf_lvs'. */
  readonly table?: string
  /** Flows of one service that are remembered at most; further ones go by the hash alone. Default 1,048,576. */
  readonly flows?: number
  /** Leave the tables, which go on forwarding, when this is closed. Default false. */
  readonly keepOnClose?: boolean
  /** The program, where it is not found as 'nft'. */
  readonly nft?: string
  /** What could not be put right by itself: a device that came back was not hooked again. */
  readonly onError?: (error: OspfError) => void
}

/** A change: the plane that is to be, or an error thrown, which is this change's alone. */
interface Change {
  readonly what: string
  readonly make: (plane: Plane) => Plane | Promise<Plane>
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Milliseconds that a listing is good for the calls that belong to it. */
const RECENT = 1000

const fields = ['devices', 'table', 'flows', 'keepOnClose', 'nft', 'onError'] as const

/**
 * Holds services in nftables. As IpvsPort says, with ERR_OSPF_IPVS_INVALID for what this plane cannot do: schedulers
 * other than rr, wrr, sh, mh and dh (all of them a hash, so shares are met over many flows, not one by one),
 * persistence, thresholds, one-packet, tunnels, firewall marks, SCTP, IPv6, DR and NAT in one service, DR to a real
 * server behind a router or to another port. What else to know:
 *
 * - Connections are counted as they begin; how many are open is not known and told as 0, as are rates. So a drain takes
 *   the time that it is given, and is over at once without.
 * - DR takes packets off at ingress, before any firewall of this host. It sets their mark. A flow is client address and
 *   port: fragments but the first, and ICMP errors for the VIP, are not forwarded, so MTUs must agree.
 * - NAT needs ip_forward and real servers that answer through this host. A connection from this host itself to a VIP is
 *   not forwarded. Flows of a service that is removed go on until they end.
 * - A destination that is removed ends its flows: with NAT by a reset, with DR since another one answers with a reset.
 * - Made for some hundred destinations: each change writes everything anew, at once.
 *
 * Changes made at the same time are one transaction. The network namespace is that of the process when it opens.
 */
export class Nftables implements IpvsPort {
  /** The tables are its own, by name. */
  readonly exclusive: true = true
  /** Flows are told apart by nobody but the kernel. */
  readonly countsConnections: false = false
  readonly #options: Required<Omit<NftablesOptions, 'onError'>>
  readonly #onError: NftablesOptions['onError']
  readonly #links: LinuxLinks
  readonly #socket: NetlinkSocket
  readonly #lock: AsyncDisposable
  #changes: Change[] = []
  /** Every look and every change waits for the one before. */
  #last: Promise<unknown> = Promise.resolve()
  /** The highest number given to a service or destination in this life. */
  #lastId = 0
  /** Devices that are hooked, with their indexes; undefined: not known. */
  #hooked: string | undefined
  /** Devices that lead to real servers, likewise. */
  #leading: ReadonlyMap<string, number> = new Map()
  /** What services() read last, for the calls of destinations() that follow: one for each service. */
  #recent: { plane: Plane; until: number; told: Set<string> } | undefined
  #closed: Promise<void> | undefined

  /**
   * Opens it and takes over what an earlier life left in its tables.
   * @throws OspfError ERR_OSPF_CONFIG, ERR_OSPF_IPVS_ABSENT (no nft program, or no nftables in the kernel),
   * ERR_OSPF_PERMISSION, ERR_OSPF_NO_INTERFACE, ERR_OSPF_DUPLICATE (the tables are somebody else's), ERR_OSPF_KERNEL
   */
  static async open(options: NftablesOptions = {}): Promise<Nftables> {
    const read = readOptions(options)
    const lock = await lockTable(read.table)
    let links: LinuxLinks | undefined
    try {
      links = await LinuxLinks.open(
        options.onError === undefined ? {} : { onError: options.onError },
      )
      const known = links.links()
      const missing = read.devices.find((device) => !known.has(device))
      if (missing !== undefined) {
        throw new OspfError('ERR_OSPF_NO_INTERFACE', `devices: there is no device ${missing}`)
      }
      const plane = new Nftables(read, options.onError, links, lock)
      try {
        await plane.#change('open the nftables data plane', (held) => held)
      } catch (error) {
        plane.#socket.close()
        throw error
      }
      links.watch((name) => plane.#linkChanged(name))
      return plane
    } catch (error) {
      await links?.[Symbol.asyncDispose]()
      await lock[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(
    options: Required<Omit<NftablesOptions, 'onError'>>,
    onError: NftablesOptions['onError'],
    links: LinuxLinks,
    lock: AsyncDisposable,
  ) {
    this.#options = options
    this.#onError = onError
    this.#links = links
    this.#lock = lock
    this.#socket = NetlinkSocket.open()
  }

  /** There is no version and no table of connections: '0.0.0' and the flows of a service at most. */
  async info(): Promise<IpvsInfo> {
    return { version: '0.0.0', connectionTableSize: this.#options.flows }
  }

  async services(): Promise<readonly IpvsServiceState[]> {
    const { plane } = await this.#look()
    this.#recent = { plane, until: performance.now() + RECENT, told: new Set() }
    return plane.services.map((service) => ({
      key: service.key,
      scheduler: service.scheduler,
      ...(service.flags.length === 0 ? {} : { flags: service.flags as IpvsSchedulerFlag[] }),
      statistics: service.destinations.reduce(
        (sum, { statistics = nothingCounted }) => added(sum, statistics),
        nothingCounted,
      ),
    }))
  }

  async destinations(key: IpvsServiceKey): Promise<readonly IpvsDestinationState[]> {
    const plane = this.#recentFor(key) ?? (await this.#look()).plane
    const service = find(plane, key)
    if (service === undefined) return []
    return service.destinations.map(({ address, port, weight, statistics = nothingCounted }) => ({
      address,
      port,
      forward: service.forward,
      weight,
      activeConnections: 0,
      inactiveConnections: 0,
      persistentConnections: 0,
      statistics,
    }))
  }

  addService(service: IpvsService): Promise<void> {
    const name = formatServiceKey(service.key)
    return this.#change(`add service ${name}`, (plane) => {
      const key = planeKey(service.key)
      const words = planeService(service)
      if (find(plane, key) !== undefined) throw there(`service ${name}`)
      const forward = this.#options.devices.length > 0 ? 'dr' : 'nat'
      const made = { id: this.#nextId(), key, ...words, forward, destinations: [] } as const
      return { ...plane, services: [...plane.services, made] }
    })
  }

  setService(service: IpvsService): Promise<void> {
    const name = formatServiceKey(service.key)
    return this.#change(`set service ${name}`, (plane) => {
      const words = planeService(service)
      return withService(plane, theService(plane, service.key), words)
    })
  }

  removeService(key: IpvsServiceKey): Promise<void> {
    return this.#change(`remove service ${formatServiceKey(key)}`, (plane) => {
      const gone = theService(plane, key)
      return { ...plane, services: plane.services.filter((one) => one !== gone) }
    })
  }

  addDestination(key: IpvsServiceKey, destination: IpvsDestination): Promise<void> {
    const name = formatDestination(destination)
    const what = `add destination ${name} of ${formatServiceKey(key)}`
    return this.#change(what, async (plane) => {
      const service = theService(plane, key)
      const { forward, ...made } = planeDestination(service, destination)
      if (service.destinations.some((one) => formatDestination(one) === name)) {
        throw there(`destination ${name} of ${formatServiceKey(key)}`)
      }
      const device = forward === 'dr' ? { device: await this.#deviceTo(made.address) } : {}
      const destinations = [...service.destinations, { id: this.#nextId(), ...made, ...device }]
      return withService(plane, service, { forward, destinations })
    })
  }

  setDestination(key: IpvsServiceKey, destination: IpvsDestination): Promise<void> {
    const name = formatDestination(destination)
    const what = `set destination ${name} of ${formatServiceKey(key)}`
    return this.#change(what, async (plane) => {
      const service = theService(plane, key)
      const { forward, ...made } = planeDestination(service, destination)
      const old = theDestination(service, destination)
      const device = forward === 'dr' ? { device: await this.#deviceTo(made.address) } : {}
      const destinations = service.destinations.map((one) =>
        one === old ? { id: old.id, ...made, ...device } : one,
      )
      return withService(plane, service, { forward, destinations })
    })
  }

  removeDestination(
    key: IpvsServiceKey,
    destination: Pick<IpvsDestination, 'address' | 'port'>,
  ): Promise<void> {
    const what = `remove destination ${formatDestination(destination)} of ${formatServiceKey(key)}`
    return this.#change(what, (plane) => {
      const service = theService(plane, key)
      const old = theDestination(service, destination)
      const destinations = service.destinations.filter((one) => one !== old)
      return withService(plane, service, { destinations })
    })
  }

  /** Of DR: how long a flow is remembered. Those of NAT are conntrack's own (net.netfilter.nf_conntrack_*). */
  async timeouts(): Promise<IpvsTimeouts> {
    return (await this.#look()).plane.timeouts
  }

  setTimeouts(timeouts: Partial<IpvsTimeouts>): Promise<void> {
    return this.#change('set the timeouts', (plane) => {
      for (const name of ['tcp', 'tcpFin', 'udp'] as const) {
        if (timeouts[name] !== undefined) parseInteger(name, timeouts[name], 1, 86_400 * 31)
      }
      return { ...plane, timeouts: { ...plane.timeouts, ...timeouts } }
    })
  }

  /**
   * What keeps clients from being served, a sentence each: forwarding that is off, a real server of DR that is behind a
   * router now or does not answer ARP.
   */
  async findings(): Promise<readonly string[]> {
    const { plane } = await this.#look()
    const sysctls = new LinuxSysctls()
    const found: string[] = []
    const isNat = plane.services.some((s) => s.forward === 'nat' && s.destinations.length > 0)
    if (isNat && sysctls.read('net/ipv4/ip_forward') === 0) {
      found.push('net.ipv4.ip_forward is 0: NAT needs it')
    }
    const silent = await silentNeighbours(this.#socket)
    for (const { forward, key, destinations } of plane.services) {
      if (forward !== 'dr') continue
      for (const { address, device } of destinations) {
        const what = `real server ${address} of ${formatServiceKey(key)}`
        const way = await this.#deviceTo(address).catch((error: Error) => error)
        if (way instanceof Error) found.push(way.message)
        else if (way !== device) found.push(`${what} is on ${way} now, not on ${device}`)
        if (silent.has(parseIpv4(address)!)) found.push(`${what} does not answer ARP on ${device}`)
      }
    }
    return found
  }

  /** Removes the tables, unless they are to be kept. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close()
    await this.#closed
  }

  /** As disposal. */
  close(): Promise<void> {
    return this[Symbol.asyncDispose]()
  }

  async #close(): Promise<void> {
    const { nft, table, keepOnClose } = this.#options
    try {
      await this.#last.catch(() => undefined)
      if (!keepOnClose) {
        // Made first, so that it is no error when somebody removed them.
        const text = ['netdev', 'ip'].map(
          (f) => `add table ${f} ${table}\ndelete table ${f} ${table}\n`,
        )
        await nftApply(nft, 'remove the tables', text.join(''))
      }
    } finally {
      this.#socket.close()
      await this.#links[Symbol.asyncDispose]()
      await this.#lock[Symbol.asyncDispose]()
    }
  }

  #nextId(): number {
    this.#lastId++
    return this.#lastId
  }

  /** The device of a real server, which has to be on its link: `fwd` asks for its MAC there. */
  async #deviceTo(address: string): Promise<string> {
    if (this.#options.devices.length === 0) {
      const why = 'open it with the devices that clients come in by (devices)'
      throw new OspfError('ERR_OSPF_IPVS_INVALID', `the nftables data plane has no DR here: ${why}`)
    }
    const way = await wayTo(this.#socket, parseIpv4(address)!)
    const link = [...this.#links.links().values()].find(({ index }) => index === way?.index)
    if (way !== undefined && way.gateway === undefined && link !== undefined) return link.name
    throw new OspfError(
      'ERR_OSPF_IPVS_INVALID',
      `real server ${address} is not on a link of this host: DR of the nftables data plane needs that`,
    )
  }

  /** Whoever asks for services, and then for the destinations of each, is told of one listing. */
  #recentFor(key: IpvsServiceKey): Plane | undefined {
    const name = formatServiceKey(key)
    const recent = this.#recent
    if (this.#closed !== undefined || recent === undefined) return undefined
    if (performance.now() > recent.until || recent.told.has(name)) return undefined
    recent.told.add(name)
    return recent.plane
  }

  #look(): Promise<Listed> {
    return this.#inTurn(() => this.#read())
  }

  async #read(): Promise<Listed> {
    const { nft, table } = this.#options
    const tables = await nftTables(nft)
    const listing = async (family: 'netdev' | 'ip'): Promise<string | undefined> =>
      tables.has(`${family} ${table}`) ? nftList(nft, family, table) : undefined
    const texts = await Promise.all([listing('netdev'), listing('ip')])
    let listed: Listed
    try {
      listed = readListings(...texts)
    } catch (cause) {
      const words = 'list the tables: what nft prints makes no sense'
      throw new OspfError('ERR_OSPF_KERNEL', words, { cause })
    }
    if (listed.foreign === undefined) return listed
    const name = `${listed.foreign} ${table}`
    throw new OspfError(
      'ERR_OSPF_DUPLICATE',
      `table ${name} of nftables is somebody else's: choose another name (table)`,
    )
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    if (this.#closed !== undefined) return Promise.reject(over())
    const turn = this.#last.then(run, run)
    this.#last = turn.catch(() => undefined)
    return turn
  }

  #change(what: string, make: Change['make']): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(over())
    this.#recent = undefined
    return new Promise((resolve, reject) => {
      this.#changes.push({ what, make, resolve, reject })
      // Whoever asks while another change is under way is taken along with the next.
      if (this.#changes.length === 1) void this.#inTurn(() => this.#carryOut())
    })
  }

  /** Everything that was asked for until now, as one transaction; if that is refused, one by one. */
  async #carryOut(): Promise<void> {
    const changes = this.#changes
    this.#changes = []
    try {
      const listed = await this.#read()
      const good = await this.#together(listed, changes)
      if (good.length === 0) return
      for (const change of good) await this.#together(await this.#read(), [change], true)
    } catch (error) {
      for (const change of changes) change.reject(error)
    }
  }

  /** Resolves with those that were refused together, and may be tried alone. */
  async #together(
    listed: Listed,
    changes: readonly Change[],
    isLast = changes.length === 1,
  ): Promise<Change[]> {
    this.#lastId = Math.max(this.#lastId, listed.plane.lastId)
    let { plane } = listed
    const good: Change[] = []
    for (const change of changes) {
      try {
        plane = await change.make(plane)
        good.push(change)
      } catch (error) {
        change.reject(error)
      }
    }
    if (good.length === 0) return []
    const what = good.length === 1 ? good[0]!.what : `${good.length} changes`
    try {
      await this.#apply(plane, listed, what)
      for (const change of good) change.resolve()
      return []
    } catch (error) {
      if (!isLast) return good
      for (const change of good) change.reject(error)
      return []
    }
  }

  async #apply(plane: Plane, { held }: Listed, what: string): Promise<void> {
    const { nft, table, flows } = this.#options
    const links = this.#links.links()
    const devices = this.#options.devices.filter((device) => links.has(device))
    const hooked = this.#indexes(links)
    const hook = hooked !== this.#hooked
    const ways = plane.services.flatMap((s) => s.destinations.flatMap((one) => one.device ?? []))
    const leading = new Map(ways.map((name) => [name, links.get(name)?.index ?? 0]))
    const present = new Set(ways.filter((name) => links.has(name)))
    try {
      await nftApply(
        nft,
        what,
        formatRuleset(plane, held, { table, flows, devices, hook, present }),
      )
      this.#hooked = hooked
      this.#leading = leading
    } catch (error) {
      this.#hooked = undefined
      throw error
    }
  }

  #indexes(links: ReadonlyMap<string, Link>): string {
    return this.#options.devices.map((device) => links.get(device)?.index ?? 0).join()
  }

  /** Hooks and rules know devices by index: when there is another of the name, they are written anew. */
  #linkChanged(name: string): void {
    if (this.#closed !== undefined) return
    const links = this.#links.links()
    const leads = this.#leading.get(name)
    const isOther = leads !== undefined && leads !== (links.get(name)?.index ?? 0)
    const isHook = this.#options.devices.includes(name) && this.#indexes(links) !== this.#hooked
    if (!isOther && !isHook) return
    this.#change(`follow device ${name}`, (plane) => plane).catch((error: unknown) => {
      if (error instanceof OspfError && this.#closed === undefined) this.#onError?.(error)
    })
  }
}

const over = (): OspfError => new OspfError('ERR_OSPF_STOPPED', 'the nftables data plane is closed')

const there = (what: string): OspfError =>
  new OspfError('ERR_OSPF_IPVS_EXISTS', `there is such a ${what} already`)

function find(plane: Plane, key: IpvsServiceKey): PlaneService | undefined {
  const name = formatServiceKey(key)
  return plane.services.find((service) => formatServiceKey(service.key) === name)
}

function theService(plane: Plane, key: IpvsServiceKey): PlaneService {
  const service = find(plane, key)
  if (service !== undefined) return service
  throw new OspfError('ERR_OSPF_IPVS_NO_SERVICE', `there is no service ${formatServiceKey(key)}`)
}

function theDestination(
  service: PlaneService,
  key: Pick<IpvsDestination, 'address' | 'port'>,
): PlaneService['destinations'][number] {
  const name = formatDestination(key)
  const found = service.destinations.find((one) => formatDestination(one) === name)
  if (found !== undefined) return found
  const whose = formatServiceKey(service.key)
  throw new OspfError('ERR_OSPF_IPVS_NO_DESTINATION', `${whose} has no destination ${name}`)
}

const withService = (plane: Plane, old: PlaneService, change: Partial<PlaneService>): Plane => ({
  ...plane,
  services: plane.services.map((one) => (one === old ? { ...old, ...change } : one)),
})

const added = (a: IpvsStatistics, b: IpvsStatistics): IpvsStatistics => ({
  ...a,
  connections: a.connections + b.connections,
  inPackets: a.inPackets + b.inPackets,
  outPackets: a.outPackets + b.outPackets,
  inBytes: a.inBytes + b.inBytes,
  outBytes: a.outBytes + b.outBytes,
})

function readOptions(options: NftablesOptions): Required<Omit<NftablesOptions, 'onError'>> {
  if (!isObject(options)) throw fail('options', 'an object', options)
  onlyFields('Nftables.open', options, fields)
  const { devices = [], table = 'ospf_lvs', flows = 1 << 20 } = options
  const { keepOnClose = false, nft = 'nft' } = options
  if (!Array.isArray(devices)) throw fail('devices', 'a list of devices', devices)
  for (const device of devices as unknown[]) {
    if (typeof device !== 'string' || !/^[^\s"/]{1,15}$/.test(device)) {
      throw fail('devices', 'the name of a device', device)
    }
  }
  if (typeof table !== 'string' || !/^[a-zA-Z][a-zA-Z0-9_]{0,63}$/.test(table)) {
    throw fail('table', 'a name of letters, digits and underscores', table)
  }
  if (typeof nft !== 'string' || nft === '') throw fail('nft', 'a program', nft)
  parseInteger('flows', flows, 1, 0x7fffffff)
  parseBoolean('keepOnClose', keepOnClose)
  return { devices: [...new Set(devices)], table, flows, keepOnClose, nft }
}
