/**
 * Redistribution: which of the kernel's routes become AS externals, and what is told to the core when they change.
 * What is inside OSPF itself, summary addresses and forwarding addresses are the core's business (core/externals.ts).
 */
import type { OspfEvent } from './core/events.ts'
import type { ConfigChange, ExternalPrefix, NextHop } from './core/io.ts'
import type { Limits } from './core/limits.ts'
import { permits } from './core/prefix-list.ts'
import { OspfError } from './errors.ts'
import { applyPolicy, type PolicyChange } from './policy.ts'
import type { Clock, LinkPort, RouteSource, SourceChange, SourceRoute } from './ports.ts'
import { isForeign, KERNEL, OSPF, statics } from './protocols.ts'
import type { ParsedRedistribution, Redistribution } from './redistribute-options.ts'
import { networkOf } from './wire/address.ts'

/** What is looked at. */
export interface RedistributorPorts {
  readonly clock: Clock
  readonly links: Pick<LinkPort, 'links' | 'watch'>
  /** Opens a table of the kernel. */
  readonly openRouteSource?: (table?: number) => Promise<RouteSource>
}

/** Of the options of a speaker, what matters here. */
export interface RedistributorOptions {
  readonly redistribution: ParsedRedistribution | undefined
  /** Whose routes are OSPF's own: what the route sink writes; undefined: it installs none. */
  readonly kernel: { readonly protocol: number; readonly metric: number } | undefined
  /** That the configuration puts on devices. */
  readonly addresses: readonly { readonly address: number; readonly prefixLength: number }[]
  /** The most prefixes that are redistributed. */
  readonly limits: Pick<Limits, 'redistributed'>
}

/** Who is told. */
export interface RedistributorOutput {
  readonly configure: (change: ConfigChange) => void
  readonly say: (event: OspfEvent) => void
}

/** What `ip route` shows. */
const MAIN_TABLE = 254
/** Milliseconds from the end of an announcement until its prefix may be redistributed. */
const RELEASE_MS = 1000
/** The first octet of what never leaves the host. */
const LOOPBACK = 127

/** Follows the kernel, and keeps the core told. */
export class Redistributor implements AsyncDisposable {
  readonly #ports: RedistributorPorts
  readonly #output: RedistributorOutput
  #options: RedistributorOptions
  #source: Source | undefined
  /** Opened for a configuration that is not in effect yet. */
  #staged: Source | undefined
  #watches: Disposable[] = []
  /** The kernel's routes by destination, best first. */
  readonly #routes = new Map<number, SourceChange>()
  /** Networks of devices, by destination. */
  #connected = new Map<number, Connected>()
  /** What the core was told. */
  readonly #told = new Map<number, ExternalPrefix>()
  /** Destinations for which the map of the default route permits, and what it sets. */
  readonly #conditions = new Map<number, PolicyChange>()
  /** Destinations that announcements own, and how many of them. */
  readonly #reserved = new Map<number, number>()
  /** Destinations that found no room. */
  readonly #waiting = new Set<number>()
  readonly #releases = new Set<Disposable>()
  #running = false
  #closed = false

  constructor(
    ports: RedistributorPorts,
    options: RedistributorOptions,
    output: RedistributorOutput,
  ) {
    this.#ports = ports
    this.#options = options
    this.#output = output
  }

  /**
   * Opens what the options need, so that it fails before anything is said. They are not in effect yet.
   * @throws OspfError ERR_OSPF_CONFIG without a table to look at; what the kernel refuses with
   */
  async open({ redistribution }: RedistributorOptions): Promise<void> {
    if (redistribution === undefined) return
    const wanted = redistribution.table ?? 'default'
    if (wanted === (this.#staged ?? this.#source)?.wanted) return
    const { openRouteSource } = this.#ports
    if (openRouteSource === undefined) {
      throw new OspfError('ERR_OSPF_CONFIG', 'redistribute: the ports have no routes to look at')
    }
    const source = await openRouteSource(redistribution.table)
    const unused = this.#staged
    this.#staged = { wanted, source }
    await unused?.source[Symbol.asyncDispose]()
  }

  /** Begins to tell the core, or tells it what other options make of it; `open` them first. */
  apply(options: RedistributorOptions): void {
    const { redistribution } = options
    this.#options = options
    this.#unwatch()
    const wasRunning = this.#running
    this.#running = redistribution !== undefined
    if (wasRunning || this.#running) {
      this.#output.configure({ type: 'as-boundary', redistributes: this.#running })
    }
    this.#routes.clear()
    this.#conditions.clear()
    if (redistribution !== undefined) this.#follow(redistribution.table ?? 'default')
    this.#connected = this.#networks()
    this.#tell([...this.#told.keys(), ...this.#routes.keys(), ...this.#connected.keys(), DEFAULT])
  }

  #follow(wanted: Source['wanted']): void {
    if (this.#staged?.wanted === wanted) {
      const old = this.#source
      this.#source = this.#staged
      this.#staged = undefined
      void old?.source[Symbol.asyncDispose]()
    }
    if (this.#source?.wanted === wanted) {
      const { source } = this.#source
      for (const there of source.routes()) this.#routes.set(keyOf(there), there)
      this.#watches.push(source.watch((changes) => this.#kernelChanged(changes)))
    }
    this.#watches.push(this.#ports.links.watch(() => this.#linksChanged()))
  }

  /**
   * An announcement owns the prefix from now on, whether its gate is open or not: the address of a VIP on a device must
   * not make an external of it. It does until `release` is disposed, and a little longer.
   * @param make makes the announcement; when it throws, nothing is owned
   */
  reserve<T>(destination: Destination, make: (release: Disposable) => T): T {
    const key = keyOf(destination)
    this.#reserved.set(key, (this.#reserved.get(key) ?? 0) + 1)
    this.#tell([key])
    const release = { [Symbol.dispose]: () => this.#releaseSoon(key) }
    try {
      return make(release)
    } catch (error) {
      this.#release(key)
      throw error
    }
  }

  /** The kernel's word that an address is removed may come before that of its notification. */
  #releaseSoon(key: number): void {
    if (this.#closed) return
    const timer = this.#ports.clock.setTimer(RELEASE_MS, () => {
      this.#releases.delete(timer)
      this.#release(key)
    })
    this.#releases.add(timer)
  }

  #release(key: number): void {
    const left = (this.#reserved.get(key) ?? 1) - 1
    if (left > 0) this.#reserved.set(key, left)
    else this.#reserved.delete(key)
    this.#tell([key])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#running = false
    this.#closed = true
    this.#unwatch()
    for (const timer of this.#releases) timer[Symbol.dispose]()
    this.#releases.clear()
    await this.#staged?.source[Symbol.asyncDispose]()
    await this.#source?.source[Symbol.asyncDispose]()
  }

  #unwatch(): void {
    for (const watch of this.#watches.splice(0)) watch[Symbol.dispose]()
  }

  #kernelChanged(changes: readonly SourceChange[]): void {
    for (const change of changes) {
      if (change.routes.length > 0) this.#routes.set(keyOf(change), change)
      else this.#routes.delete(keyOf(change))
    }
    this.#tell(changes.map(keyOf))
  }

  #linksChanged(): void {
    const before = this.#connected
    this.#connected = this.#networks()
    const differ = [...before.keys(), ...this.#connected.keys()].filter(
      (key) => before.get(key)?.device !== this.#connected.get(key)?.device,
    )
    this.#tell(differ)
  }

  /** What zebra calls connected: the network of every address of a device that is up, a host's own included. */
  #networks(): Map<number, Connected> {
    const found = new Map<number, Connected>()
    const { redistribution, addresses: kept } = this.#options
    const isMain = this.#source?.source.table === MAIN_TABLE
    const isKept = (address: number): boolean => kept.some((a) => a.address === address)
    // another table may be that of a VRF, where not all devices are: it has routes to the networks of those that are
    if (redistribution?.connected === undefined || !isMain) return found
    for (const { name: device, up, addresses } of this.#ports.links.links().values()) {
      if (!up) continue
      for (const { address, peer, prefixLength: length, protocol } of addresses) {
        if (address >>> 24 === LOOPBACK) continue
        // a VIP, of an earlier life perhaps
        if (protocol === OSPF && length === 32 && !isKept(address)) continue
        const destination = { prefix: networkOf(peer ?? address, length), length, device }
        found.set(keyOf(destination), destination)
      }
    }
    return found
  }

  /** Tells the core what has become of some destinations. */
  #tell(keys: Iterable<number>): void {
    const set: ExternalPrefix[] = []
    const withdraw: Destination[] = []
    const { redistributed: limit } = this.#options.limits
    const hadRoom = this.#waiting.size === 0
    const changed = new Set(keys)
    if (this.#options.redistribution?.defaultInformation?.routeMap !== undefined) {
      for (const key of changed) this.#consider(key)
      changed.add(DEFAULT)
    }
    for (const key of changed) {
      const told = this.#told.get(key)
      const now = this.#running && !this.#reserved.has(key) ? this.#externalFor(key) : undefined
      this.#waiting.delete(key)
      if (now === undefined) {
        if (told === undefined) continue
        withdraw.push({ prefix: told.prefix, length: told.length })
        this.#told.delete(key)
      } else if (this.#told.size - (told === undefined ? 0 : 1) >= limit) {
        this.#waiting.add(key)
        if (told === undefined) continue
        withdraw.push({ prefix: told.prefix, length: told.length })
        this.#told.delete(key)
      } else if (told === undefined || !sameExternal(told, now)) {
        set.push(now)
        this.#told.set(key, now)
      }
    }
    if (hadRoom && this.#waiting.size > 0) {
      this.#output.say({ type: 'limit', what: 'redistributed', limit })
    }
    if (set.length > 0 || withdraw.length > 0) {
      this.#output.configure({ type: 'redistribute', set, withdraw })
    }
    const free = Math.min(limit - this.#told.size, this.#waiting.size)
    if (free > 0) this.#tell([...this.#waiting].slice(0, free))
  }

  #externalFor(key: number): ExternalPrefix | undefined {
    const config = this.#options.redistribution
    if (config === undefined) return undefined
    const best = this.#best(key)
    if (key === DEFAULT) return this.#default(config, best)
    const found = this.#redistributed(key, config, best)
    return found && external(found.how, found.destination, found.hop, found.isConnected)
  }

  /** What there is for a destination of the kinds that are redistributed, and how. */
  #redistributed(
    key: number,
    config: ParsedRedistribution,
    best: SourceRoute | undefined,
  ): Redistributed | undefined {
    const connected = this.#connected.get(key)
    if (connected && config.connected) {
      const hop = { interface: connected.device, gateway: undefined }
      return { how: config.connected, destination: connected, hop, isConnected: true }
    }
    if (best === undefined) return undefined
    const isConnected = best.protocol === KERNEL && best.gateway === undefined
    const how = isConnected ? config.connected : howFor(config, best)
    return how && { how, destination: best, hop: hopOf(best), isConnected }
  }

  #best(key: number): SourceRoute | undefined {
    // the best of those that OSPF did not make is what counts; that ours may be preferred is our doing
    return this.#routes.get(key)?.routes.find((route) => !this.#isOwn(route))
  }

  /** Looks whether the map of the default route permits what there is for another destination. */
  #consider(key: number): void {
    this.#conditions.delete(key)
    const { redistribution: config } = this.#options
    const map = config?.defaultInformation?.routeMap
    if (!this.#running || map === undefined || key === DEFAULT || this.#reserved.has(key)) return
    const found = this.#redistributed(key, config!, this.#best(key))
    if (found === undefined) return
    const { how, destination, hop, isConnected } = found
    // one that its own filter or map keeps back is none, as in FRR
    if (external(how, destination, hop, isConnected) === undefined) return
    const { prefix, length } = destination
    const set = applyPolicy(map, { prefix, length, metric: how.metric, nextHops: nextHopsOf(hop) })
    if (set !== undefined) this.#conditions.set(key, set)
  }

  #default(
    config: ParsedRedistribution,
    best: SourceRoute | undefined,
  ): ExternalPrefix | undefined {
    const plain = defaultFor(config, best)
    const map = config.defaultInformation?.routeMap
    if (plain === undefined || map === undefined) return plain
    const nextHops = best && plain.kernel ? nextHopsOf(hopOf(best)) : []
    const set = applyPolicy(map, { ...plain, nextHops }) ?? this.#condition()
    return set && withSettings(plain, set)
  }

  /** What is set for the first that is permitted. */
  #condition(): PolicyChange | undefined {
    let first: number | undefined
    for (const key of this.#conditions.keys()) if (first === undefined || key < first) first = key
    return first === undefined ? undefined : this.#conditions.get(first)
  }

  #isOwn({ protocol, metric }: SourceRoute): boolean {
    const { kernel } = this.#options
    if (!this.#source?.source.isOfSink) return false
    return protocol === kernel?.protocol && metric === kernel.metric
  }
}

interface Hop {
  readonly interface: string | undefined
  readonly gateway: number | undefined
}

interface Redistributed {
  readonly how: Redistribution
  readonly destination: Destination
  readonly hop: Hop
  readonly isConnected: boolean
}

const hopOf = ({ device, gateway }: SourceRoute): Hop => ({ interface: device, gateway })

/** What a policy looks at. */
const nextHopsOf = ({ interface: device, gateway }: Hop): NextHop[] =>
  device === undefined ? [] : [{ interface: device, gateway }]

interface Connected extends Destination {
  readonly device: string
}

/** A table that is followed. */
interface Source {
  /** As the options have it. */
  readonly wanted: number | 'default'
  readonly source: RouteSource
}

interface Destination {
  readonly prefix: number
  readonly length: number
}

const keyOf = ({ prefix, length }: Destination): number => prefix * 64 + length
/** Of 0.0.0.0/0. */
const DEFAULT = 0

function howFor(config: ParsedRedistribution, route: SourceRoute): Redistribution | undefined {
  const { protocol } = route
  const named = config.protocols.get(protocol)
  if (named) return named
  if (statics.includes(protocol) && config.static) return config.static
  return isForeign(protocol) ? config.kernel : undefined
}

function external(
  how: Redistribution,
  { prefix, length }: Destination,
  hop: Hop,
  connected: boolean,
): ExternalPrefix | undefined {
  const { metricType, metric, tag, forwardingAddress, filter, routeMap } = how
  if (!permits(filter, prefix, length)) return undefined
  const nextHops = nextHopsOf(hop)
  const set = routeMap ? applyPolicy(routeMap, { prefix, length, metric, nextHops }) : {}
  const kernel = { gateway: forwardingAddress ? hop.gateway : undefined, connected }
  const plain = { prefix, length, metricType, metric, tag, forwardingAddress: 0, kernel }
  return set && withSettings(plain, set)
}

const withSettings = (
  plain: ExternalPrefix,
  { metricType, metric, tag }: PolicyChange,
): ExternalPrefix => ({
  ...plain,
  metricType: metricType ?? plain.metricType,
  metric: metric ?? plain.metric,
  tag: tag ?? plain.tag,
})

function defaultFor(
  { defaultInformation }: ParsedRedistribution,
  route: SourceRoute | undefined,
): ExternalPrefix | undefined {
  if (defaultInformation === undefined) return undefined
  // one that discards leads nowhere, and one of other OSPF daemons is no news
  const isThere = route !== undefined && route.type === 'unicast' && route.protocol !== OSPF
  const { always, metricType, metric, tag } = defaultInformation
  if (!isThere && !always) return undefined
  return {
    prefix: 0,
    length: 0,
    metricType,
    metric,
    tag,
    forwardingAddress: 0,
    ...(isThere ? { kernel: { gateway: route.gateway, connected: false } } : {}),
  }
}

const sameExternal = (a: ExternalPrefix, b: ExternalPrefix): boolean =>
  a.metricType === b.metricType &&
  a.metric === b.metric &&
  a.tag === b.tag &&
  (a.kernel === undefined) === (b.kernel === undefined) &&
  a.kernel?.gateway === b.kernel?.gateway &&
  a.kernel?.connected === b.kernel?.connected
