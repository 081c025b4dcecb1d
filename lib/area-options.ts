/** Areas and interfaces of a speaker's options: what they are, and how they are checked. */
import { type AuthenticationOptions, parseAuthentication } from './authentication-options.ts'
import { BACKBONE, defaultAreaConfig } from './core/area.ts'
import type {
  AreaConfig,
  AreaRange,
  ConfiguredNeighbor,
  InterfaceConfig,
  NetworkType,
  NssaConfig,
  PrefixRule,
  StubPrefix,
} from './core/io.ts'
import { deviceOf } from './interface-address.ts'
import {
  fail,
  isObject,
  onlyFields,
  parseAddress,
  parseArea,
  parseBoolean,
  parseInteger,
  parsePrefix,
} from './parse.ts'
import { type PrefixListOptions, type PrefixLists, parsePrefixList } from './prefix-list.ts'
import { formatIpv4, formatPrefix, networkOf } from './wire/address.ts'

/** An interface (RFC 2328 C.3). Times in seconds. */
export interface InterfaceOptions {
  /** Default 'broadcast'. Virtual links are configured in the area that they go through. */
  readonly network?: Exclude<NetworkType, 'virtual'>
  /** Output cost, 1 to 65535; default 10. */
  readonly cost?: number
  /** Whole seconds, 1 to 65535; default 10. Must be the same for all routers on the segment. */
  readonly helloInterval?: number
  /** Whole seconds; default four times the hello interval. The same for all routers on the segment. */
  readonly deadInterval?: number
  /**
   * Seconds that the election of a Designated Router waits for one that is there, 1 to 65535; default: the dead interval
   * (RFC 2328 9.1). Less makes a network usable sooner, and takes the risk of a second one for a moment.
   */
  readonly waitInterval?: number
  /**
   * So many Hellos a second, 2 to 20, with `deadInterval` 1: instead of `helloInterval`. As
   * `ip ospf dead-interval minimal hello-multiplier` of FRR, which all routers on the segment must have, each with its
   * own number.
   */
  readonly helloMultiplier?: number
  /** Default 5. */
  readonly retransmitInterval?: number
  /** Whole seconds, 1 to 3600; default 1. */
  readonly transmitDelay?: number
  /** Router Priority, 0 to 255; default 1. 0 is never Designated Router: right for a director. */
  readonly priority?: number
  /** Advertise the network, send and hear nothing; default false. */
  readonly passive?: boolean
  /** Do not compare MTUs (10.6); default false. */
  readonly mtuIgnore?: boolean
  /** Who is there, where Hellos cannot be multicast: 'nbma', and 'point-to-multipoint' with `nonBroadcast`. */
  readonly neighbors?: Readonly<Record<string, { readonly eligible?: boolean }>>
  /** 'point-to-multipoint' without multicast; default false. */
  readonly nonBroadcast?: boolean
  /** Between Hellos to a neighbor that is silent ('nbma'); whole seconds, default 120. */
  readonly pollInterval?: number
  /**
   * Advertise the further subnets of the device as stub networks, with the cost of the interface; default false. VIPs
   * that are or were announced, and addresses that are interfaces of their own, are left out.
   */
  readonly secondaryAddresses?: boolean
  /** Do not advertise the network of the interface (RFC 6860); default false. */
  readonly prefixSuppression?: boolean
  /** How packets prove where they come from (appendix D); default: not at all. */
  readonly authentication?: AuthenticationOptions
  /**
   * What shows that a neighbor is alive: 'any' packet of it, so that a router under load need not send its Hellos on
   * time (RFC 4222), or 'hello', as RFC 2328 has it; default 'any'.
   */
  readonly aliveBy?: 'any' | 'hello'
  /**
   * GTSM (RFC 5082): packets leave with TTL 255, and those that were routed on their way are dropped; default false.
   * All routers on the segment must do the same; FRR cannot.
   */
  readonly ttlSecurity?: boolean | TtlSecurityOptions
}

/** How GTSM is done. */
export interface TtlSecurityOptions {
  /** How far a packet may have come, 1 to 254; default 1, the link itself. A virtual link: as many as its way has. */
  readonly hops?: number
  /** Send with TTL 255 and take what comes, while others are not ready yet; default false. */
  readonly txOnly?: boolean
}

/** A range of an area (C.2). Of ranges of one area that hold each other, the longest that holds a prefix counts. */
export interface RangeOptions {
  /** Default true; false: what is inside is not told to other areas. */
  readonly advertise?: boolean
  /** Default: the cost of what is farthest inside. */
  readonly cost?: number
  /** A prefix to advertise in its place; not in NSSA ranges. */
  readonly substitute?: string
  /** NSSA ranges only: tag of the external route; default 0. */
  readonly tag?: number
}

/** RFC 3101. */
export interface NssaOptions {
  /** Default 'candidate'. */
  readonly translator?: 'candidate' | 'always' | 'never'
  /** Seconds that we go on translating after another border router was elected (3.1); default 40. */
  readonly stabilityInterval?: number
  /** Originate a default route into the area as its border router. */
  readonly defaultOriginate?: boolean | { readonly metric?: number; readonly type?: 1 | 2 }
  /** Externals inside are translated into one (3.2). */
  readonly ranges?: Readonly<Record<string, RangeOptions>>
}

/** A virtual link through the area (15). Times in seconds. */
export interface VirtualLinkOptions {
  readonly helloInterval?: number
  readonly deadInterval?: number
  readonly retransmitInterval?: number
  readonly transmitDelay?: number
  /** As on an interface. */
  readonly authentication?: AuthenticationOptions
  /** As on an interface; `hops` must be said. */
  readonly ttlSecurity?: TtlSecurityOptions
}

export interface AreaOptions {
  /** Default 'normal'. */
  readonly type?: 'normal' | 'stub' | 'nssa'
  /** Summaries of other areas; default true. False makes a stub area or NSSA a totally stubby one. */
  readonly summaries?: boolean
  /** Cost of the default route into a stub area, or a totally stubby NSSA; default 1. */
  readonly defaultCost?: number
  /** By prefix. */
  readonly ranges?: Readonly<Record<string, RangeOptions>>
  /** Which inter-area routes enter the area, and which of its routes leave it, as summaries. */
  readonly importList?: PrefixListOptions
  readonly exportList?: PrefixListOptions
  readonly nssa?: NssaOptions
  /** By the Router ID of the other end. */
  readonly virtualLinks?: Readonly<Record<string, VirtualLinkOptions>>
  /**
   * By device: 'eth0' is the device on its primary address. 'eth0:10.0.2.1' is that address of it, an interface of its
   * own and, if wanted, in another area than the rest of the device.
   */
  readonly interfaces?: Readonly<Record<string, InterfaceOptions>>
  /** Prefixes to advertise as stub networks for as long as the speaker runs, 'A.B.C.D/L', with their cost. */
  readonly stubNetworks?: Readonly<Record<string, number>>
}

const interfaceFields = [
  'network',
  'cost',
  'helloInterval',
  'deadInterval',
  'waitInterval',
  'helloMultiplier',
  'retransmitInterval',
  'transmitDelay',
  'priority',
  'passive',
  'mtuIgnore',
  'neighbors',
  'nonBroadcast',
  'pollInterval',
  'prefixSuppression',
  'secondaryAddresses',
  'authentication',
  'aliveBy',
  'ttlSecurity',
] as const satisfies readonly (keyof InterfaceOptions)[]

/** As the kernel allows device names. */
const deviceName = /^[^/:\s\p{Cc}]{1,15}$/u

/**
 * Reads the name of a device.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function parseDevice(field: string, name: unknown): string {
  if (typeof name !== 'string' || !deviceName.test(name)) throw fail(field, 'a device name', name)
  return name
}

/** 'eth0', or 'eth0:10.0.2.1'. */
function parseName(name: string): string {
  const [device, ...address] = name.split(':')
  // an empty name is said of the field
  parseDevice(name === '' ? 'interface' : `interface ${name}`, device)
  if (address.length > 0) parseAddress(`interface ${name}`, address.join(':'))
  return name
}

const networks = ['broadcast', 'nbma', 'point-to-point', 'point-to-multipoint'] as const

/** Hello, dead, retransmission and transmit delay, which interfaces and virtual links have in common. */
function parseTimers(
  where: string,
  options: Omit<VirtualLinkOptions, 'ttlSecurity'> & Pick<InterfaceOptions, 'helloMultiplier'>,
): Timers & Pick<InterfaceConfig, 'retransmitInterval' | 'transmitDelay'> {
  const { retransmitInterval = 5 } = options
  if (!(Number.isFinite(retransmitInterval) && retransmitInterval >= 1)) {
    throw fail(`${where}: retransmitInterval`, 'a number of seconds from 1', retransmitInterval)
  }
  const delay = options.transmitDelay ?? 1
  const transmitDelay = parseInteger(`${where}: transmitDelay`, delay, 1, 3600)
  return { ...parseHello(where, options), retransmitInterval, transmitDelay }
}

type Timers = Pick<InterfaceConfig, 'helloInterval' | 'deadInterval' | 'helloMultiplier'>

/** Hello and dead interval: whole seconds, or Hellos several times a second and dead after one. */
function parseHello(
  where: string,
  options: Pick<InterfaceOptions, 'helloInterval' | 'deadInterval' | 'helloMultiplier'>,
): Timers {
  const { helloInterval = 10, helloMultiplier } = options
  const [hello, dead] = [`${where}: helloInterval`, `${where}: deadInterval`]
  if (helloMultiplier !== undefined) {
    if (options.helloInterval !== undefined) {
      throw fail(hello, 'no helloInterval together with a helloMultiplier', helloInterval)
    }
    const { deadInterval = 1 } = options
    if (deadInterval !== 1) throw fail(dead, '1, as helloMultiplier is given', deadInterval)
    const field = `${where}: helloMultiplier`
    return {
      helloInterval: 0,
      deadInterval,
      helloMultiplier: parseInteger(field, helloMultiplier, 2, 20),
    }
  }
  if (typeof helloInterval === 'number' && !Number.isInteger(helloInterval)) {
    const whole = 'whole seconds; below them there is helloMultiplier, with deadInterval 1'
    throw fail(hello, whole, helloInterval)
  }
  parseInteger(hello, helloInterval, 1, 0xffff)
  const deadInterval = parseInteger(dead, options.deadInterval ?? 4 * helloInterval, 1, 0xffff)
  if (deadInterval <= helloInterval) {
    throw fail(dead, `more than the hello interval of ${helloInterval} s`, deadInterval)
  }
  return { helloInterval, deadInterval }
}

function parseInterface(area: number, name: string, options: InterfaceOptions): InterfaceConfig {
  const where = `interface ${name}`
  parseName(name)
  if (!isObject(options)) throw fail(where, 'an object', options)
  onlyFields(where, options, interfaceFields)
  const { network = 'broadcast', nonBroadcast = false, pollInterval, waitInterval } = options
  const { aliveBy = 'any' } = options
  if (aliveBy !== 'any' && aliveBy !== 'hello') {
    throw fail(`${where}: aliveBy`, "'any' or 'hello'", aliveBy)
  }
  if (!networks.includes(network)) {
    throw fail(`${where}: network`, `one of ${networks.join(', ')}`, network)
  }
  if (nonBroadcast && network !== 'point-to-multipoint') {
    throw fail(`${where}: nonBroadcast`, "network 'point-to-multipoint'", network)
  }
  const neighbors = parseNeighbors(where, options.neighbors)
  const isTold = network === 'nbma' || nonBroadcast
  if (neighbors && !isTold) {
    throw fail(`${where}: neighbors`, "network 'nbma' or nonBroadcast", network)
  }
  return {
    name,
    area,
    network,
    ...parseSeal(where, options),
    ...parseTtlSecurity(where, options.ttlSecurity),
    ...(aliveBy === 'any' ? {} : { aliveBy }),
    cost: parseInteger(`${where}: cost`, options.cost ?? 10, 1, 0xffff),
    ...parseTimers(where, options),
    priority: parseInteger(`${where}: priority`, options.priority ?? 1, 0, 255),
    passive: parseBoolean(`${where}: passive`, options.passive ?? false),
    mtuIgnore: parseBoolean(`${where}: mtuIgnore`, options.mtuIgnore ?? false),
    ...(neighbors ? { neighbors } : {}),
    ...(nonBroadcast ? { nonBroadcast } : {}),
    ...(waitInterval === undefined
      ? {}
      : { waitInterval: parseInteger(`${where}: waitInterval`, waitInterval, 1, 0xffff) }),
    ...(pollInterval === undefined
      ? {}
      : { pollInterval: parseInteger(`${where}: pollInterval`, pollInterval, 1, 0xffff) }),
    ...(options.prefixSuppression === undefined
      ? {}
      : {
          prefixSuppression: parseBoolean(`${where}: prefixSuppression`, options.prefixSuppression),
        }),
    ...(options.secondaryAddresses === undefined
      ? {}
      : {
          secondaryAddresses: parseBoolean(
            `${where}: secondaryAddresses`,
            options.secondaryAddresses,
          ),
        }),
  }
}

function parseSeal(
  where: string,
  { authentication }: Pick<InterfaceOptions, 'authentication'>,
): Pick<InterfaceConfig, 'authentication'> {
  if (authentication === undefined) return {}
  const parsed = parseAuthentication(`${where}: authentication`, authentication)
  return parsed === undefined ? {} : { authentication: parsed }
}

function parseTtlSecurity(
  at: string,
  value: boolean | TtlSecurityOptions | undefined,
  isVirtual = false,
): Pick<InterfaceConfig, 'ttlSecurity'> {
  if (value === undefined || value === false) return {}
  const where = `${at}: ttlSecurity`
  if (isVirtual && (!isObject(value) || (value as TtlSecurityOptions).hops === undefined)) {
    throw fail(where, 'an object with hops, as many as the virtual link may have', value)
  }
  const options = value === true ? {} : value
  if (!isObject(options)) throw fail(where, 'true, false or an object', value)
  onlyFields(where, options, ['hops', 'txOnly'])
  const { hops = 1, txOnly = false } = options
  return {
    ttlSecurity: {
      hops: parseInteger(`${where}: hops`, hops, 1, 254),
      txOnly: parseBoolean(`${where}: txOnly`, txOnly),
    },
  }
}

function parseNeighbors(
  where: string,
  neighbors: InterfaceOptions['neighbors'],
): ConfiguredNeighbor[] | undefined {
  if (neighbors === undefined) return undefined
  const field = `${where}: neighbors`
  if (!isObject(neighbors)) throw fail(field, 'an object by address', neighbors)
  return Object.entries(neighbors).map(([address, options]) => {
    if (!isObject(options)) throw fail(`${field}: ${address}`, 'an object', options)
    onlyFields(`${field}: ${address}`, options, ['eligible'])
    const eligible = parseBoolean(`${field}: ${address}: eligible`, options.eligible ?? true)
    return { address: parseAddress(field, address), eligible }
  })
}

const MAX_METRIC = 0xfffffe

const rangeFields = ['advertise', 'cost', 'substitute'] as const
const nssaRangeFields = ['advertise', 'cost', 'tag'] as const

function parseRanges(
  field: string,
  ranges: AreaOptions['ranges'],
  fields: readonly (keyof RangeOptions)[],
): AreaRange[] {
  if (ranges === undefined) return []
  if (!isObject(ranges)) throw fail(field, 'an object by prefix', ranges)
  const parsed = Object.entries(ranges).map(([text, options]): AreaRange => {
    const where = `${field}: ${text}`
    if (!isObject(options)) throw fail(where, 'an object', options)
    onlyFields(where, options, fields)
    const { advertise = true, cost, substitute, tag } = options
    for (const name of fields) {
      if (advertise !== false || name === 'advertise' || options[name] === undefined) continue
      throw fail(`${where}: ${name}`, 'a range that is advertised', 'advertise: false')
    }
    return {
      ...parsePrefix(field, text),
      advertise: parseBoolean(`${where}: advertise`, advertise),
      ...(cost === undefined ? {} : { cost: parseInteger(`${where}: cost`, cost, 0, MAX_METRIC) }),
      ...(substitute === undefined
        ? {}
        : { substitute: parsePrefix(`${where}: substitute`, substitute) }),
      ...(tag === undefined ? {} : { tag: parseInteger(`${where}: tag`, tag, 0, 0xffffffff) }),
    }
  })
  return parsed
}

function parseList(
  field: string,
  list: PrefixListOptions | undefined,
  lists: PrefixLists,
): readonly PrefixRule[] | undefined {
  return list === undefined ? undefined : parsePrefixList(field, list, lists)
}

const nssaFields = [
  'translator',
  'stabilityInterval',
  'defaultOriginate',
  'ranges',
] as const satisfies readonly (keyof NssaOptions)[]

const MAX_STABILITY_S = 0xffff

function parseNssa(where: string, options: NssaOptions = {}): NssaConfig {
  if (!isObject(options)) throw fail(where, 'an object', options)
  onlyFields(where, options, nssaFields)
  const { translator = 'candidate', defaultOriginate = false, stabilityInterval } = options
  if (!['candidate', 'always', 'never'].includes(translator)) {
    throw fail(`${where}: translator`, "'candidate', 'always' or 'never'", translator)
  }
  return {
    translator,
    stabilityMs:
      stabilityInterval === undefined
        ? defaultAreaConfig(0).nssa.stabilityMs
        : 1000 * parseSeconds(`${where}: stabilityInterval`, stabilityInterval),
    defaultOriginate: parseDefault(`${where}: defaultOriginate`, defaultOriginate),
    ranges: parseRanges(`${where}: ranges`, options.ranges, nssaRangeFields),
  }
}

function parseSeconds(field: string, value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= MAX_STABILITY_S)) {
    throw fail(field, `a number of seconds from 0 to ${MAX_STABILITY_S}`, value)
  }
  return value
}

function parseDefault(
  where: string,
  value: NonNullable<NssaOptions['defaultOriginate']>,
): NssaConfig['defaultOriginate'] {
  if (value === false) return undefined
  const options = value === true ? {} : value
  if (!isObject(options)) throw fail(where, 'true, false or an object', value)
  onlyFields(where, options, ['metric', 'type'])
  const { metric = 1, type = 2 } = options
  if (type !== 1 && type !== 2) throw fail(`${where}: type`, '1 or 2', type)
  return { metric: parseInteger(`${where}: metric`, metric, 0, MAX_METRIC), metricType: type }
}

const areaFields = [
  'type',
  'summaries',
  'defaultCost',
  'ranges',
  'importList',
  'exportList',
  'nssa',
  'virtualLinks',
  'interfaces',
  'stubNetworks',
] as const satisfies readonly (keyof AreaOptions)[]

function parseAreaConfig(
  id: number,
  where: string,
  options: AreaOptions,
  lists: PrefixLists,
): AreaConfig {
  const { type = 'normal', summaries = true, defaultCost = 1 } = options
  if (type !== 'normal' && type !== 'stub' && type !== 'nssa') {
    throw fail(`${where}: type`, "'normal', 'stub' or 'nssa'", type)
  }
  if (type !== 'normal' && id === BACKBONE) {
    throw fail(`${where}: type`, "'normal', as the backbone is (RFC 2328 3.6)", type)
  }
  if (options.nssa !== undefined && type !== 'nssa') {
    throw fail(`${where}: nssa`, "type 'nssa'", type)
  }
  if (summaries === false && type === 'normal') {
    throw fail(`${where}: summaries`, "type 'stub' or 'nssa'", type)
  }
  if (options.defaultCost !== undefined && type === 'normal') {
    throw fail(`${where}: defaultCost`, "type 'stub' or 'nssa'", type)
  }
  return {
    id,
    kind: type,
    summaries: parseBoolean(`${where}: summaries`, summaries),
    defaultCost: parseInteger(`${where}: defaultCost`, defaultCost, 0, MAX_METRIC),
    ranges: parseRanges(`${where}: ranges`, options.ranges, rangeFields),
    importList: parseList(`${where}: importList`, options.importList, lists),
    exportList: parseList(`${where}: exportList`, options.exportList, lists),
    nssa: parseNssa(`${where}: nssa`, options.nssa),
  }
}

const virtualLinkFields = [
  'helloInterval',
  'deadInterval',
  'retransmitInterval',
  'transmitDelay',
  'authentication',
  'ttlSecurity',
] as const satisfies readonly (keyof VirtualLinkOptions)[]

function parseVirtualLinks(id: number, where: string, options: AreaOptions): InterfaceConfig[] {
  const { virtualLinks = {}, type = 'normal' } = options
  const field = `${where}: virtualLinks`
  if (!isObject(virtualLinks)) throw fail(field, 'an object by Router ID', virtualLinks)
  return Object.entries(virtualLinks).map(([routerId, timers]) => {
    const name = `virtual link to ${routerId} through ${formatIpv4(id)}`
    if (id === BACKBONE || type !== 'normal') {
      throw fail(`${field}: ${routerId}`, 'a normal area other than the backbone', type)
    }
    if (!isObject(timers)) throw fail(`${field}: ${routerId}`, 'an object', timers)
    onlyFields(`${field}: ${routerId}`, timers, virtualLinkFields)
    return {
      name,
      area: BACKBONE,
      network: 'virtual',
      cost: 1,
      ...parseTimers(`${field}: ${routerId}`, timers),
      priority: 0,
      passive: false,
      mtuIgnore: false,
      ...parseSeal(`${field}: ${routerId}`, timers),
      ...parseTtlSecurity(`${field}: ${routerId}`, timers.ttlSecurity, true),
      virtual: { transitArea: id, endpoint: parseAddress(field, routerId) },
    }
  })
}

export interface ParsedAreas {
  readonly areas: readonly AreaConfig[]
  readonly interfaces: readonly InterfaceConfig[]
  readonly virtualLinks: readonly InterfaceConfig[]
  readonly stubs: readonly StubPrefix[]
}

/**
 * Checks all areas and translates them.
 * @param lists those that import and export lists may name
 * @throws OspfError ERR_OSPF_CONFIG that names the field, what was expected and what was found
 */
export function parseAreas(
  areas: Readonly<Record<string, AreaOptions>>,
  lists: PrefixLists,
): ParsedAreas {
  if (!isObject(areas) || Object.keys(areas).length === 0) {
    throw fail('areas', 'an object with at least one area', areas)
  }
  const configs: AreaConfig[] = []
  const interfaces: InterfaceConfig[] = []
  const virtualLinks: InterfaceConfig[] = []
  const stubs: StubPrefix[] = []
  const areaOf = new Map<string, string>()
  for (const [id, area] of Object.entries(areas)) {
    const where = `area ${id}`
    const areaId = parseArea('area', id)
    if (!isObject(area)) throw fail(where, 'an object', area)
    onlyFields(where, area, areaFields)
    if (configs.some((config) => config.id === areaId)) throw fail(where, 'one of each area', id)
    configs.push(parseAreaConfig(areaId, where, area, lists))
    virtualLinks.push(...parseVirtualLinks(areaId, where, area))
    const { interfaces: devices = {}, stubNetworks = {} } = area
    if (!isObject(devices)) throw fail(`${where}: interfaces`, 'an object', devices)
    if (!isObject(stubNetworks)) throw fail(`${where}: stubNetworks`, 'an object', stubNetworks)
    for (const [name, settings] of Object.entries(devices)) {
      const other = areaOf.get(name)
      if (other !== undefined) throw fail(`interface ${name}`, 'one area', `${other} and ${id}`)
      areaOf.set(name, id)
      interfaces.push(parseInterface(areaId, name, settings))
    }
    for (const [text, cost] of Object.entries(stubNetworks)) {
      const field = `${where}: stubNetworks`
      stubs.push({
        area: areaId,
        ...parsePrefix(field, text),
        cost: parseInteger(`${field}: ${text}`, cost, 0, 0xffff),
      })
    }
  }
  if (interfaces.length === 0) throw fail('areas', 'at least one interface', 'none')
  refuseOverlaps(configs)
  return { areas: configs, interfaces: withDevices(interfaces), virtualLinks, stubs }
}

/** Interfaces that share a device know of it. */
function withDevices(interfaces: readonly InterfaceConfig[]): InterfaceConfig[] {
  const count = new Map<string, number>()
  for (const { name } of interfaces) {
    const device = deviceOf(name)
    count.set(device, (count.get(device) ?? 0) + 1)
  }
  return interfaces.map((config) => {
    const device = deviceOf(config.name)
    return count.get(device)! > 1 ? { ...config, device } : config
  })
}

/** A network can be in one area alone: where ranges of two areas share addresses, whose summary would it be? */
function refuseOverlaps(areas: readonly AreaConfig[]): void {
  const seen: { readonly id: number; readonly range: AreaRange }[] = []
  for (const { id, ranges } of areas) {
    for (const range of ranges) {
      const other = seen.find((each) => each.id !== id && overlap(each.range, range))
      if (other !== undefined) {
        const { prefix, length } = other.range
        throw fail(
          `area ${formatIpv4(id)}: ranges: ${formatPrefix(range.prefix, range.length)}`,
          'a range that shares no address with one of another area',
          `${formatPrefix(prefix, length)} of area ${formatIpv4(other.id)}`,
        )
      }
      seen.push({ id, range })
    }
  }
}

function overlap(a: AreaRange, b: AreaRange): boolean {
  const length = Math.min(a.length, b.length)
  return networkOf(a.prefix, length) === networkOf(b.prefix, length)
}
