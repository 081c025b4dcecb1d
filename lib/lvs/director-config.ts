/** The options of a director, read and completed: what is wrong is said before anything is touched. */
import { isIP } from 'node:net'
import type { Probe } from '../health/probe.ts'
import { fail, isObject, onlyFields, parseBoolean, parseInteger } from '../parse.ts'
import { parseCheck, type RunnableCheck, runnableCheck } from './check-probe.ts'
import {
  type CheckTiming,
  checkTiming,
  type Defaults,
  parseSeconds,
  TIMING_FIELDS,
  timingOf,
} from './check-timing.ts'
import type {
  CheckOptions,
  DirectorOptions,
  NotifyCommand,
  RealServerOptions,
  SlowStartOptions,
  SorryServerOptions,
  VipPolicyOptions,
  VirtualServiceOptions,
} from './director-options.ts'
import { canonicalAddress, familyOf, formatEndpoint, formatServiceKey } from './keys.ts'
import {
  IPVS_PROTOCOLS,
  type IpvsDestination,
  type IpvsForward,
  type IpvsPersistence,
  type IpvsSchedulerFlag,
  type IpvsService,
  type IpvsServiceKey,
  type IpvsTunnel,
} from './types.ts'

export interface CheckConfig {
  /** Equal for checks that can be run as one. */
  readonly id: string
  readonly type: CheckOptions['type']
  /** Its server waits for its first success. */
  readonly alpha: boolean
  readonly run: RunnableCheck
  readonly timing: CheckTiming
  /** The service that the check goes through. */
  readonly through:
    | { readonly service: IpvsService; readonly destination: IpvsDestination }
    | undefined
}

export interface ServerConfig {
  /** '10.0.2.1:80'. */
  readonly id: string
  /** With the weight of the configuration. */
  readonly destination: IpvsDestination
  readonly inhibit: boolean
  readonly checks: readonly CheckConfig[]
  readonly slowStart: Required<SlowStartOptions> | undefined
  readonly drain: boolean
  readonly notifyUp: NotifyCommand | undefined
  readonly notifyDown: NotifyCommand | undefined
}

export interface SorryConfig {
  readonly id: string
  readonly destination: IpvsDestination
  readonly inhibit: boolean
}

export interface PassiveConfig {
  readonly window: number
  readonly minimum: number
  readonly hold: number
  readonly maximumHold: number
}

export interface ServiceConfig {
  /** `formatServiceKey` of it. */
  readonly id: string
  readonly name: string
  readonly service: IpvsService
  /** VIPs that it is for. */
  readonly vips: readonly string[]
  readonly servers: readonly ServerConfig[]
  readonly sorry: SorryConfig | undefined
  readonly quorum: number
  readonly hysteresis: number
  readonly omega: boolean
  readonly quorumUp: NotifyCommand | undefined
  readonly quorumDown: NotifyCommand | undefined
  readonly drainTimeout: number
  readonly keepLast: number
  readonly reorder: 'idle' | 'always' | 'never'
  readonly passive: PassiveConfig | undefined
}

export interface DirectorConfig {
  readonly defaults: Defaults
  readonly services: readonly ServiceConfig[]
  readonly vips: ReadonlyMap<string, Required<VipPolicyOptions>>
  readonly timeouts: NonNullable<DirectorOptions['timeouts']>
  readonly reconcileInterval: number
  readonly retryInterval: number
  readonly maximumRetryInterval: number
  readonly keepOnStop: boolean
  readonly waitForPlane: boolean
  readonly checksOnly: boolean
}

const FORWARDS = ['nat', 'dr', 'tun', 'local', 'bypass']
const WEIGHT_MAX = 0x7fffffff
/** Seconds that a kernel with 1000 ticks in each can count. */
const TIMEOUT_MAX = 2_147_483
const flagNames: Readonly<Record<string, IpvsSchedulerFlag>> = {
  'flag-1': 'flag-1',
  'flag-2': 'flag-2',
  'flag-3': 'flag-3',
  'sh-fallback': 'flag-1',
  'sh-port': 'flag-2',
  'mh-fallback': 'flag-1',
  'mh-port': 'flag-2',
}
const serverDefaults = [
  ...TIMING_FIELDS,
  'forward',
  'tunnel',
  'weight',
  'inhibitOnFailure',
  'slowStart',
]
const serverFields = [
  ...serverDefaults,
  'address',
  'port',
  'upperThreshold',
  'lowerThreshold',
  'checks',
  'drain',
  'notifyUp',
  'notifyDown',
]
const serviceFields = [
  ...serverDefaults,
  'name',
  'address',
  'port',
  'protocol',
  'fwmark',
  'family',
  'vips',
  'scheduler',
  'flags',
  'persistence',
  'onePacket',
  'checks',
  'passive',
  'servers',
  'sorryServer',
  'quorum',
  'hysteresis',
  'omega',
  'quorumUp',
  'quorumDown',
  'drainTimeout',
  'keepLast',
  'reorder',
]
const fields = [
  'services',
  'defaults',
  'vips',
  'timeouts',
  'reconcileInterval',
  'retryInterval',
  'maximumRetryInterval',
  'keepOnStop',
  'waitForPlane',
  'checksOnly',
]

/** Tells functions apart that serve as checks, for as long as there are any. */
export class ProbeNames {
  readonly #numbers = new WeakMap<Probe, number>()
  #count = 0

  numberOf(probe: Probe): number {
    let number = this.#numbers.get(probe)
    if (number === undefined) this.#numbers.set(probe, (number = this.#count++))
    return number
  }
}

/** @throws OspfError ERR_OSPF_CONFIG that names the field */
export function parseDirector(options: DirectorOptions, probes: ProbeNames): DirectorConfig {
  if (!isObject(options)) throw fail('director', 'an object', options)
  onlyFields('director', options, fields)
  const { defaults = 'own', timeouts = {} } = options
  const { keepOnStop = false, waitForPlane = false, checksOnly = false } = options
  if (defaults !== 'own' && defaults !== 'keepalived') {
    throw fail('defaults', "'own' or 'keepalived'", defaults)
  }
  parseBoolean('keepOnStop', keepOnStop)
  parseBoolean('waitForPlane', waitForPlane)
  parseBoolean('checksOnly', checksOnly)
  const { reconcileInterval = 10, retryInterval = 1, maximumRetryInterval = 30 } = options
  for (const [name, value] of Object.entries({
    reconcileInterval,
    retryInterval,
    maximumRetryInterval,
  })) {
    parseSeconds(name, value, 0.001)
  }
  if (!isObject(timeouts)) throw fail('timeouts', 'an object', timeouts)
  onlyFields('timeouts', timeouts, ['tcp', 'tcpFin', 'udp'])
  for (const [name, value] of Object.entries(timeouts)) {
    parseInteger(`timeouts: ${name}`, value, 1, TIMEOUT_MAX)
  }
  if (!Array.isArray(options.services)) throw fail('services', 'a list', options.services)
  const services = options.services.map((service, i) =>
    parseService(`services[${i}]`, service, defaults, probes),
  )
  refuseTwins(services)
  return {
    defaults,
    services,
    vips: parseVips(options.vips),
    timeouts,
    reconcileInterval,
    retryInterval,
    maximumRetryInterval: Math.max(retryInterval, maximumRetryInterval),
    keepOnStop,
    waitForPlane,
    checksOnly,
  }
}

/** Two services of one key, and services that checks go through which are somebody else's. */
function refuseTwins(services: readonly ServiceConfig[]): void {
  const seen = new Map<string, string>()
  for (const [i, { id }] of services.entries()) {
    if (seen.has(id)) throw fail(`services[${i}]`, 'a service once', id)
    seen.set(id, 'a service')
  }
  for (const [i, { servers }] of services.entries()) {
    for (const { id, checks } of servers) {
      for (const { through } of checks) {
        if (through === undefined) continue
        const key = formatServiceKey(through.service.key)
        const owner = `${id} ${through.destination.forward}`
        const other = seen.get(key)
        if (other !== undefined && other !== owner) {
          throw fail(`services[${i}]: ${id}: through`, 'an address and port of its own', key)
        }
        seen.set(key, owner)
      }
    }
  }
}

function parseVips(vips: DirectorOptions['vips']): ReadonlyMap<string, Required<VipPolicyOptions>> {
  const parsed = new Map<string, Required<VipPolicyOptions>>()
  if (vips !== undefined && !isObject(vips)) throw fail('vips', 'an object', vips)
  for (const [address, policy] of Object.entries(vips ?? {})) {
    const where = `vips: ${address}`
    parseIp('vips', address)
    if (!isObject(policy)) throw fail(where, 'an object', policy)
    onlyFields(where, policy, ['services', 'sorry'])
    const { services = 'all', sorry = true } = policy
    if (services !== 'all' && services !== 'any') {
      throw fail(`${where}: services`, "'all' or 'any'", services)
    }
    parseBoolean(`${where}: sorry`, sorry)
    parsed.set(canonicalAddress(address), { services, sorry })
  }
  return parsed
}

function parseIp(where: string, address: unknown): string {
  if (typeof address !== 'string' || isIP(address) === 0) throw fail(where, 'an address', address)
  return canonicalAddress(address)
}

function parseKey(where: string, options: VirtualServiceOptions): IpvsServiceKey {
  const { fwmark, address, port, protocol = 'tcp', family = 4 } = options
  if (fwmark !== undefined) {
    for (const name of ['address', 'port', 'protocol'] as const) {
      if (options[name] !== undefined)
        throw fail(`${where}: ${name}`, 'no fwmark beside it', fwmark)
    }
    if (family !== 4 && family !== 6) throw fail(`${where}: family`, '4 or 6', family)
    return { fwmark: parseInteger(`${where}: fwmark`, fwmark, 1, 0xffffffff), family }
  }
  if (options.family !== undefined) throw fail(`${where}: family`, 'a fwmark beside it', family)
  if (!IPVS_PROTOCOLS.includes(protocol)) {
    throw fail(`${where}: protocol`, `one of ${IPVS_PROTOCOLS.join(', ')}`, protocol)
  }
  const found = parseIp(`${where}: address`, address)
  const least = options.persistence === undefined ? 1 : 0
  return { protocol, address: found, port: parseInteger(`${where}: port`, port, least, 65_535) }
}

function parseService(
  at: string,
  options: VirtualServiceOptions,
  defaults: Defaults,
  probes: ProbeNames,
): ServiceConfig {
  if (!isObject(options)) throw fail(at, 'an object', options)
  onlyFields(at, options, serviceFields)
  const key = parseKey(at, options)
  const id = formatServiceKey(key)
  const where = `${at} (${id})`
  const { scheduler = 'wlc', flags = [], onePacket = false, reorder = 'idle' } = options
  if (typeof scheduler !== 'string' || !/^[\w-]{1,15}$/.test(scheduler)) {
    throw fail(`${where}: scheduler`, 'the name of a scheduler', scheduler)
  }
  parseBoolean(`${where}: onePacket`, onePacket)
  if (onePacket && 'protocol' in key && key.protocol !== 'udp') {
    throw fail(`${where}: onePacket`, 'a UDP service', key.protocol)
  }
  if (!['idle', 'always', 'never'].includes(reorder)) {
    throw fail(`${where}: reorder`, "'idle', 'always' or 'never'", reorder)
  }
  const persistence = parsePersistence(where, options.persistence, key)
  const service: IpvsService = {
    key,
    scheduler,
    flags: parseFlags(where, flags, scheduler),
    ...(persistence === undefined ? {} : { persistence }),
    ...(onePacket ? { onePacket } : {}),
  }
  const {
    servers,
    quorum = 1,
    hysteresis = 0,
    omega = false,
    drainTimeout = 0,
    keepLast = 0,
  } = options
  if (!Array.isArray(servers)) throw fail(`${where}: servers`, 'a list', servers)
  parseInteger(`${where}: quorum`, quorum, 1, WEIGHT_MAX)
  parseInteger(`${where}: hysteresis`, hysteresis, 0, WEIGHT_MAX)
  parseBoolean(`${where}: omega`, omega)
  parseSeconds(`${where}: drainTimeout`, drainTimeout, 0)
  parseInteger(`${where}: keepLast`, keepLast, 0, WEIGHT_MAX)
  checkTiming(where, options)
  if (options.fwmark === undefined && options.vips !== undefined) {
    throw fail(`${where}: vips`, 'a fwmark beside it', options.vips)
  }
  const context = { where, options, service, defaults, probes }
  const parsed = servers.map((server, i) => parseServer(`${where}: servers[${i}]`, server, context))
  const twin = parsed.find((server, i) => parsed.findIndex(({ id }) => id === server.id) < i)
  if (twin !== undefined) throw fail(`${where}: servers`, 'each server once', twin.id)
  const sorry = options.sorryServer && parseSorry(where, options.sorryServer, context)
  // 3.6 (9): one destination, one way to leave the pool
  const twinned = parsed.find(({ id }) => id === sorry?.id)
  return {
    id,
    name: parseName(`${where}: name`, options.name) ?? id,
    service,
    vips:
      'fwmark' in key
        ? (options.vips ?? []).map((vip) => parseIp(`${where}: vips`, vip))
        : [key.address],
    servers: parsed.map((server) =>
      server === twinned && sorry?.inhibit ? { ...server, inhibit: true } : server,
    ),
    sorry: twinned?.inhibit && sorry ? { ...sorry, inhibit: true } : sorry,
    quorum,
    hysteresis,
    omega,
    quorumUp: parseCommand(`${where}: quorumUp`, options.quorumUp),
    quorumDown: parseCommand(`${where}: quorumDown`, options.quorumDown),
    drainTimeout,
    keepLast,
    reorder,
    passive: parsePassive(where, options.passive),
  }
}

function parseName(where: string, name: unknown): string | undefined {
  if (name === undefined || (typeof name === 'string' && name !== '')) return name
  throw fail(where, 'a name', name)
}

function parseFlags(where: string, flags: unknown, scheduler: string): IpvsSchedulerFlag[] {
  if (!Array.isArray(flags)) throw fail(`${where}: flags`, 'a list', flags)
  const found = flags.map((name) => {
    const flag = Object.hasOwn(flagNames, name) ? flagNames[name] : undefined
    const [prefix] = String(name).split('-')
    if (flag === undefined || (prefix !== 'flag' && prefix !== scheduler)) {
      const known = Object.keys(flagNames).filter(
        (one) => /^flag/.test(one) || one.startsWith(`${scheduler}-`),
      )
      throw fail(`${where}: flags`, `one of ${known.join(', ')}`, name)
    }
    return flag
  })
  return [...new Set(found)].sort()
}

function parsePersistence(
  where: string,
  given: VirtualServiceOptions['persistence'],
  key: IpvsServiceKey,
): IpvsPersistence | undefined {
  if (given === undefined) return undefined
  const persistence = typeof given === 'number' ? { timeout: given } : given
  if (!isObject(persistence)) throw fail(`${where}: persistence`, 'seconds or an object', given)
  onlyFields(`${where}: persistence`, persistence, ['timeout', 'prefixLength', 'engine'])
  const { timeout, prefixLength, engine } = persistence
  parseInteger(`${where}: persistence: timeout`, timeout, 1, 31 * 86_400)
  const bits = ('fwmark' in key ? key.family : familyOf(key.address)) === 6 ? 128 : 32
  if (prefixLength !== undefined) {
    parseInteger(`${where}: persistence: prefixLength`, prefixLength, 1, bits)
  }
  if (engine !== undefined && (typeof engine !== 'string' || !/^[\w-]{1,15}$/.test(engine))) {
    throw fail(`${where}: persistence: engine`, 'the name of an engine', engine)
  }
  return persistence
}

function parsePassive(
  where: string,
  given: VirtualServiceOptions['passive'],
): PassiveConfig | undefined {
  if (given === undefined || given === false) return undefined
  const options = given === true ? {} : given
  if (!isObject(options)) throw fail(`${where}: passive`, 'true or an object', given)
  onlyFields(`${where}: passive`, options, ['window', 'minimum', 'hold', 'maximumHold'])
  const { window = 10, minimum = 10, hold = 30, maximumHold = 3600 } = options
  for (const [name, value] of Object.entries({ window, hold, maximumHold })) {
    parseSeconds(`${where}: passive: ${name}`, value, 0.001)
  }
  parseInteger(`${where}: passive: minimum`, minimum, 1, 1_000_000_000)
  return { window, minimum, hold, maximumHold: Math.max(hold, maximumHold) }
}

function parseCommand(where: string, command: unknown): NotifyCommand | undefined {
  if (command === undefined) return undefined
  if (
    Array.isArray(command) &&
    command.length > 0 &&
    command.every((one) => typeof one === 'string')
  ) {
    return command as unknown as NotifyCommand
  }
  throw fail(where, 'a program and its arguments', command)
}

interface Context {
  readonly where: string
  readonly options: VirtualServiceOptions
  readonly service: IpvsService
  readonly defaults: Defaults
  readonly probes: ProbeNames
}

interface Way {
  readonly address: string
  readonly port?: number
  readonly forward?: IpvsForward
  readonly tunnel?: IpvsTunnel
}

/** A destination but for its weight: where it is, and how packets get there. */
function parseWay(where: string, way: Way, context: Context): Omit<IpvsDestination, 'weight'> {
  const { key } = context.service
  const address = parseIp(`${where}: address`, way.address)
  const forward =
    way.forward ?? context.options.forward ?? (context.defaults === 'own' ? 'dr' : 'nat')
  if (!FORWARDS.includes(forward)) {
    throw fail(`${where}: forward`, `one of ${FORWARDS.join(', ')}`, forward)
  }
  const servicePort = 'fwmark' in key ? 0 : key.port
  const port = parseInteger(`${where}: port`, way.port ?? servicePort, 0, 65_535)
  if (forward !== 'nat' && 'port' in key && key.port !== 0 && port !== key.port) {
    throw fail(`${where}: port`, `${key.port}, as ${forward} does not translate ports`, port)
  }
  const tunnel = way.tunnel ?? (forward === 'tun' ? context.options.tunnel : undefined)
  if (tunnel !== undefined) {
    if (!isObject(tunnel)) throw fail(`${where}: tunnel`, 'an object', tunnel)
    onlyFields(`${where}: tunnel`, tunnel, ['type', 'port', 'checksum'])
    if (forward !== 'tun') throw fail(`${where}: tunnel`, "forward: 'tun' with it", forward)
    if (!['ipip', 'gue', 'gre'].includes(tunnel.type)) {
      throw fail(`${where}: tunnel: type`, "'ipip', 'gue' or 'gre'", tunnel.type)
    }
    if (tunnel.type === 'gue') parseInteger(`${where}: tunnel: port`, tunnel.port, 1, 65_535)
  }
  const family = 'fwmark' in key ? key.family : familyOf(key.address)
  if (familyOf(address) !== family && forward !== 'tun') {
    throw fail(`${where}: address`, `an IPv${family} address, as its service has`, address)
  }
  return { address, port, forward, ...(tunnel === undefined ? {} : { tunnel }) }
}

function parseSorry(at: string, options: SorryServerOptions, context: Context): SorryConfig {
  const where = `${at}: sorryServer`
  if (!isObject(options)) throw fail(where, 'an object', options)
  onlyFields(where, options, ['address', 'port', 'forward', 'tunnel', 'inhibit'])
  const { inhibit = false } = options
  parseBoolean(`${where}: inhibit`, inhibit)
  const way = parseWay(where, options, context)
  return { id: formatEndpoint(way.address, way.port), destination: { ...way, weight: 1 }, inhibit }
}

function parseServer(at: string, options: RealServerOptions, context: Context): ServerConfig {
  if (!isObject(options)) throw fail(at, 'an object', options)
  onlyFields(at, options, serverFields)
  checkTiming(at, options)
  const { options: service, defaults } = context
  const way = parseWay(at, options, context)
  const { upperThreshold, lowerThreshold, drain = false } = options
  const id = formatEndpoint(way.address, way.port)
  const where = `${at} (${id})`
  const weight = parseInteger(
    `${where}: weight`,
    options.weight ?? service.weight ?? 1,
    0,
    WEIGHT_MAX,
  )
  for (const [name, value] of Object.entries({ upperThreshold, lowerThreshold })) {
    if (value !== undefined) parseInteger(`${where}: ${name}`, value, 0, 0xffffffff)
  }
  if ((lowerThreshold ?? 0) > (upperThreshold ?? 0)) {
    throw fail(`${where}: lowerThreshold`, 'at most the upperThreshold', lowerThreshold)
  }
  parseBoolean(`${where}: drain`, drain)
  const { scheduler, flags = [] } = context.service
  const isHashed = (scheduler === 'mh' || scheduler === 'sh') && flags.includes('flag-1')
  const inhibit =
    options.inhibitOnFailure ?? service.inhibitOnFailure ?? (defaults === 'own' && isHashed)
  parseBoolean(`${where}: inhibitOnFailure`, inhibit)
  const destination: IpvsDestination = {
    ...way,
    weight,
    ...(upperThreshold === undefined ? {} : { upperThreshold }),
    ...(lowerThreshold === undefined ? {} : { lowerThreshold }),
  }
  const checks = options.checks ?? service.checks ?? []
  if (!Array.isArray(checks)) throw fail(`${where}: checks`, 'a list', checks)
  return {
    id,
    destination,
    inhibit,
    checks: checks.map((check, i) =>
      parseCheckOf(`${where}: checks[${i}]`, check, destination, options, context),
    ),
    slowStart: parseSlowStart(where, options.slowStart ?? service.slowStart),
    drain,
    notifyUp: parseCommand(`${where}: notifyUp`, options.notifyUp),
    notifyDown: parseCommand(`${where}: notifyDown`, options.notifyDown),
  }
}

function parseSlowStart(
  where: string,
  given: number | SlowStartOptions | undefined,
): Required<SlowStartOptions> | undefined {
  if (given === undefined || given === 0) return undefined
  const options = typeof given === 'number' ? { seconds: given } : given
  if (!isObject(options)) throw fail(`${where}: slowStart`, 'seconds or an object', given)
  onlyFields(`${where}: slowStart`, options, ['seconds', 'from', 'steps'])
  const { seconds, from = 0.1, steps = 10 } = options
  if (seconds === undefined) throw fail(`${where}: slowStart: seconds`, 'a number', seconds)
  parseSeconds(`${where}: slowStart: seconds`, seconds, 0.001)
  if (typeof from !== 'number' || !(from > 0 && from <= 1)) {
    throw fail(`${where}: slowStart: from`, 'a number above 0, at most 1', from)
  }
  parseInteger(`${where}: slowStart: steps`, steps, 1, 1000)
  return { seconds, from, steps }
}

function parseCheckOf(
  where: string,
  given: CheckOptions | Probe,
  destination: IpvsDestination,
  server: RealServerOptions,
  { options: service, defaults, probes }: Context,
): CheckConfig {
  const check = parseCheck(where, given)
  const timing = timingOf(defaults, check.type, [check, server, service])
  const through = 'through' in check ? check.through : undefined
  const goesTo =
    'address' in check || 'port' in check || through ? { ...check, ...through } : undefined
  const address = parseIp(`${where}: address`, goesTo?.address ?? destination.address)
  const needsPort = !['ping', 'misc', 'file', 'probe'].includes(check.type)
  const port = goesTo?.port ?? destination.port
  if (needsPort) parseInteger(`${where}: port`, port, 1, 65_535)
  const place = { address, port, defaults, delayLoop: timing.delayLoop }
  const run = runnableCheck(where, check, place)
  const { name: _, ...what } = check
  for (const field of TIMING_FIELDS) delete (what as Record<string, unknown>)[field]
  return {
    id: JSON.stringify(
      [
        needsPort || check.type === 'ping' ? [address, port] : '',
        what,
        timing,
        run.timeout,
        run.fastRecovery,
        defaults,
      ],
      (_key, value) =>
        typeof value === 'function' ? `function ${probes.numberOf(value as Probe)}` : value,
    ),
    type: check.type,
    alpha: check.alpha ?? server.alpha ?? service.alpha ?? defaults === 'own',
    run,
    timing,
    through: through && throughOf(where, check, through, destination),
  }
}

function throughOf(
  where: string,
  check: CheckOptions,
  given: { readonly address: string; readonly port: number },
  destination: IpvsDestination,
): CheckConfig['through'] {
  const { type } = check
  if (!isObject(given)) throw fail(`${where}: through`, 'an object', given)
  onlyFields(`${where}: through`, given, ['address', 'port'])
  if (type === 'ping' || type === 'misc' || type === 'file' || type === 'probe') {
    throw fail(`${where}: through`, 'a check that connects', type)
  }
  if (check.address !== undefined || check.port !== undefined) {
    throw fail(`${where}: through`, 'no address or port beside it', check.address ?? check.port)
  }
  const { address, port } = given
  if (destination.forward !== 'nat') {
    if (port !== destination.port) {
      throw fail(`${where}: through: port`, `${destination.port}, that of the server`, port)
    }
    if (check.localAddress === undefined || check.localAddress === address) {
      throw fail(`${where}: localAddress`, 'an address of this host', check.localAddress)
    }
  }
  const protocol = type === 'udp' || type === 'dns' ? 'udp' : 'tcp'
  const key = { protocol, address: parseIp(`${where}: through: address`, address), port } as const
  return {
    service: { key, scheduler: 'rr', flags: [] },
    destination: { ...destination, weight: 1 },
  }
}
