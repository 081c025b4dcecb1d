/** What `OspfSpeaker.start` takes, checked as a whole before anything starts. */
import { inspect } from 'node:util'
import { Address4 } from 'ip-address'
import type { InterfaceConfig, NetworkType, StubPrefix } from './core/io.ts'
import { defaultLimits, type Limits } from './core/router.ts'
import { defaultSpfDelay, type SpfDelayConfig } from './core/spf-delay.ts'
import { OspfError } from './errors.ts'
import { networkOf } from './wire/address.ts'

/** An interface (RFC 2328 C.3). Times in seconds. */
export interface InterfaceOptions {
  /** Default 'broadcast'. */
  readonly network?: NetworkType
  /** Output cost, 1 to 65535; default 10. */
  readonly cost?: number
  /** Whole seconds, 1 to 65535; default 10. Must be the same for all routers on the segment. */
  readonly helloInterval?: number
  /** Whole seconds; default four times the hello interval. The same for all routers on the segment. */
  readonly deadInterval?: number
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
}

export interface AreaOptions {
  /** By device name. */
  readonly interfaces?: Readonly<Record<string, InterfaceOptions>>
  /** Prefixes to advertise as stub networks for as long as the speaker runs, 'A.B.C.D/L', with their cost. */
  readonly stubNetworks?: Readonly<Record<string, number>>
}

/** How routes go to the kernel. */
export interface KernelRouteOptions {
  /** Routing table; default 254, main. */
  readonly table?: number
  /** Route metric (priority); default 20. */
  readonly metric?: number
}

/** An address of a device: 'A.B.C.D/L'. */
export interface AddressOptions {
  readonly device: string
  readonly address: string
}

export interface SpeakerOptions {
  /** Dotted. Unique in the whole OSPF domain. */
  readonly routerId: string
  /** By Area ID, dotted or a number as text. */
  readonly areas: Readonly<Record<string, AreaOptions>>
  /** Write routes into the kernel; default false: a speaker that announces has no business there. */
  readonly installRoutes?: boolean | KernelRouteOptions
  /** Aborting stops the speaker, in order, as `stop()` does. */
  readonly signal?: AbortSignal
  /** Addresses that devices shall have while the speaker runs; those that are missing are added, and removed again. */
  readonly addresses?: readonly AddressOptions[]
  /** Events kept for a reader that is slow; default 1000. */
  readonly eventQueue?: number
  readonly limits?: Partial<Limits>
  readonly spfDelay?: Partial<SpfDelayConfig>
}

/** The options in the core's terms. */
export interface Parsed {
  readonly routerId: number
  readonly interfaces: readonly InterfaceConfig[]
  readonly stubs: readonly StubPrefix[]
  readonly kernel: Required<KernelRouteOptions> | undefined
  readonly addresses: readonly { device: string; address: number; prefixLength: number }[]
  readonly eventQueue: number
}

const fail = (field: string, expected: string, got: unknown): OspfError =>
  new OspfError('ERR_OSPF_CONFIG', `${field}: expected ${expected}, got ${show(got)}`)

const show = (value: unknown): string =>
  value === undefined
    ? 'nothing'
    : inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 100 })

/**
 * Reads an address.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function parseAddress(field: string, text: unknown): number {
  if (typeof text !== 'string' || text.includes('/') || !Address4.isValid(text)) {
    throw fail(field, 'an IPv4 address', text)
  }
  return Number(new Address4(text).bigInt())
}

/**
 * Reads a prefix, 'A.B.C.D/L', without host bits.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function parsePrefix(field: string, text: unknown): { prefix: number; length: number } {
  if (typeof text !== 'string' || !Address4.isValid(text)) {
    throw fail(field, 'a prefix A.B.C.D/L', text)
  }
  const address = new Address4(text)
  const prefix = Number(address.bigInt())
  const length = address.subnetMask
  if (networkOf(prefix, length) !== prefix) throw fail(field, 'a prefix without host bits', text)
  return { prefix, length }
}

/**
 * Reads a VIP: 'A.B.C.D/32', or the address alone.
 * @throws OspfError ERR_OSPF_CONFIG
 */
export function parseVip(text: unknown): { prefix: number; length: 32 } {
  const { prefix, length } = parsePrefix('VIP', text)
  if (length !== 32) throw fail('VIP', 'a host prefix A.B.C.D/32', text)
  const first = prefix >>> 24
  if (first === 0 || first === 127 || first >= 224) throw fail('VIP', 'a unicast address', text)
  return { prefix, length: 32 }
}

/**
 * Reads an Area ID: dotted, or a number as text.
 * @throws OspfError ERR_OSPF_CONFIG
 */
export function parseArea(field: string, text: unknown): number {
  if (typeof text === 'string' && /^\d{1,10}$/.test(text) && Number(text) <= 0xffffffff) {
    return Number(text)
  }
  if (typeof text !== 'string' || text.includes('/') || !Address4.isValid(text)) {
    throw fail(field, 'an Area ID, dotted or a number', text)
  }
  return parseAddress(field, text)
}

/**
 * Reads a whole number within bounds.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function parseInteger(field: string, value: unknown, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw fail(field, `a whole number from ${least} to ${most}`, value)
  }
  return value
}

function parseBoolean(field: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw fail(field, 'true or false', value)
  return value
}

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Refuses what nobody would look at: a misspelt option.
 * @throws OspfError ERR_OSPF_CONFIG
 */
export function onlyFields(where: string, value: object, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      throw new OspfError(
        'ERR_OSPF_CONFIG',
        `${where}: unknown option '${key}'; known are ${known.join(', ')}`,
      )
    }
  }
}

const interfaceFields = [
  'network',
  'cost',
  'helloInterval',
  'deadInterval',
  'retransmitInterval',
  'transmitDelay',
  'priority',
  'passive',
  'mtuIgnore',
] as const satisfies readonly (keyof InterfaceOptions)[]

/** As the kernel allows device names. */
const deviceName = /^[^/\s]{1,15}$/

function parseInterface(area: number, name: string, options: InterfaceOptions): InterfaceConfig {
  const where = `interface ${name}`
  if (!deviceName.test(name)) throw fail('interface', 'a device name', name)
  if (!isObject(options)) throw fail(where, 'an object', options)
  onlyFields(where, options, interfaceFields)
  const { network = 'broadcast', retransmitInterval = 5 } = options
  if (network !== 'broadcast' && network !== 'point-to-point') {
    throw fail(`${where}: network`, "'broadcast' or 'point-to-point'", network)
  }
  const integer = (field: keyof InterfaceOptions, fallback: number, least: number, most: number) =>
    parseInteger(`${where}: ${field}`, options[field] ?? fallback, least, most)
  const helloInterval = integer('helloInterval', 10, 1, 0xffff)
  const deadInterval = integer('deadInterval', 4 * helloInterval, 1, 0xffff)
  if (deadInterval <= helloInterval) {
    throw fail(
      `${where}: deadInterval`,
      `more than the hello interval of ${helloInterval} s`,
      deadInterval,
    )
  }
  if (!(Number.isFinite(retransmitInterval) && retransmitInterval >= 1)) {
    throw fail(`${where}: retransmitInterval`, 'a number of seconds from 1', retransmitInterval)
  }
  return {
    name,
    area,
    network,
    cost: integer('cost', 10, 1, 0xffff),
    helloInterval,
    deadInterval,
    retransmitInterval,
    transmitDelay: integer('transmitDelay', 1, 1, 3600),
    priority: integer('priority', 1, 0, 255),
    passive: parseBoolean(`${where}: passive`, options.passive ?? false),
    mtuIgnore: parseBoolean(`${where}: mtuIgnore`, options.mtuIgnore ?? false),
  }
}

const speakerFields = [
  'routerId',
  'areas',
  'installRoutes',
  'signal',
  'addresses',
  'eventQueue',
  'limits',
  'spfDelay',
] as const satisfies readonly (keyof SpeakerOptions)[]

/**
 * Checks everything and translates it.
 * @throws OspfError ERR_OSPF_CONFIG that names the field, what was expected and what was found
 */
export function parseOptions(options: SpeakerOptions): Parsed {
  if (!isObject(options)) throw fail('options', 'an object', options)
  onlyFields('options', options, speakerFields)
  const routerId = parseAddress('routerId', options.routerId)
  if (routerId === 0) throw fail('routerId', 'a Router ID other than 0.0.0.0', options.routerId)
  if (!isObject(options.areas) || Object.keys(options.areas).length === 0) {
    throw fail('areas', 'an object with at least one area', options.areas)
  }
  const interfaces: InterfaceConfig[] = []
  const stubs: StubPrefix[] = []
  const areaOf = new Map<string, string>()
  for (const [id, area] of Object.entries(options.areas)) {
    const where = `area ${id}`
    const areaId = parseArea('area', id)
    if (!isObject(area)) throw fail(where, 'an object', area)
    onlyFields(where, area, ['interfaces', 'stubNetworks'])
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
  const areas = new Set([...interfaces, ...stubs].map(({ area }) => area))
  if (areas.size > 1) {
    throw new OspfError(
      'ERR_OSPF_CONFIG',
      'areas: more than one area needs an area border router, which this version is not',
    )
  }
  if (interfaces.length === 0) throw fail('areas', 'at least one interface', 'none')
  const { addresses = [], signal } = options
  if (!Array.isArray(addresses)) throw fail('addresses', 'a list', addresses)
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw fail('signal', 'an AbortSignal', signal)
  }
  checkNumbers('limits', options.limits, Object.keys(defaultLimits))
  checkNumbers('spfDelay', options.spfDelay, Object.keys(defaultSpfDelay))
  return {
    routerId,
    interfaces,
    stubs,
    kernel: parseKernel(options.installRoutes ?? false),
    addresses: addresses.map(parseInterfaceAddress),
    eventQueue: parseInteger('eventQueue', options.eventQueue ?? 1000, 1, 1_000_000),
  }
}

function parseInterfaceAddress(value: AddressOptions, i: number): Parsed['addresses'][number] {
  const where = `addresses: ${i}`
  if (!isObject(value)) throw fail(where, 'an object', value)
  onlyFields(where, value, ['device', 'address'])
  const { device, address } = value
  if (typeof device !== 'string' || !deviceName.test(device)) {
    throw fail(`${where}: device`, 'a device name', device)
  }
  const [, host, length] = /^([^/]+)\/(\d{1,2})$/.exec(String(address)) ?? []
  if (host === undefined || length === undefined) {
    throw fail(`${where}: address`, 'A.B.C.D/L', address)
  }
  return {
    device,
    address: parseAddress(`${where}: address`, host),
    prefixLength: parseInteger(`${where}: address: length`, Number(length), 0, 32),
  }
}

function checkNumbers(where: string, values: object | undefined, known: readonly string[]): void {
  if (values === undefined) return
  if (!isObject(values)) throw fail(where, 'an object', values)
  onlyFields(where, values, known)
  for (const [field, value] of Object.entries(values)) {
    // a time may be nothing; a bound of nothing is no router
    const least = field.endsWith('Ms') ? 0 : 1
    parseInteger(`${where}: ${field}`, value, least, 0x7fffffff)
  }
}

function parseKernel(
  value: boolean | KernelRouteOptions,
): Required<KernelRouteOptions> | undefined {
  if (value === false) return undefined
  const { table = 254, metric = 20 } = value === true ? {} : value
  if (value !== true) {
    if (!isObject(value)) throw fail('installRoutes', 'true, false or an object', value)
    onlyFields('installRoutes', value, ['table', 'metric'])
  }
  return {
    table: parseInteger('installRoutes: table', table, 1, 0xffffffff),
    metric: parseInteger('installRoutes: metric', metric, 1, 0xffffffff),
  }
}
