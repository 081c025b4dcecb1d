/** What `OspfSpeaker.start` takes, checked as a whole before anything starts. */
import {
  type AreaOptions,
  type InterfaceOptions,
  type ParsedAreas,
  parseAreas,
  parseDevice,
} from './area-options.ts'
import type {
  ConfigChange,
  ExternalPrefix,
  PrefixRule,
  RouterInformationConfig,
  StubRouter,
  SummaryAddress,
} from './core/io.ts'
import { defaultLimits, type Limits } from './core/limits.ts'
import { defaultLsaThrottle, type LsaThrottle } from './core/originate.ts'
import type { AbrType } from './core/router.ts'
import { defaultRouteDelay, defaultSpfDelay, type SpfDelayConfig } from './core/spf-delay.ts'
import {
  type DirectorHelperConfig,
  type DirectorHelperOptions,
  parseDirectorHelper,
} from './director-helper.ts'
import { OspfError } from './errors.ts'
import { deviceOf } from './interface-address.ts'
import { type KernelRouteOptions, type ParsedKernel, parseKernel } from './kernel-options.ts'
import {
  fail,
  isObject,
  onlyFields,
  parseAddress,
  parseBoolean,
  parseInteger,
  parsePrefix,
} from './parse.ts'
import { type Policies, type PoliciesOptions, parsePolicies, type RouteMap } from './policy.ts'
import { checkOriginate, type PrefixListOptions, parsePrefixList } from './prefix-list.ts'
import {
  type DefaultInformationOptions,
  type ParsedRedistribution,
  parseRedistribution,
  parseSummaryAddresses,
  type RedistributeFrom,
  type SummaryAddressOptions,
} from './redistribute-options.ts'
import {
  parseRouterHelper,
  type RouterHelperConfig,
  type RouterHelperOptions,
} from './router-helper.ts'
import type { SequenceStore } from './sequence-store.ts'

/** An AS external route (RFC 2328 12.4.4). */
export interface ExternalOptions {
  /** Default 2. */
  readonly type?: 1 | 2
  /** Default 20. */
  readonly metric?: number
  /** Default 0. */
  readonly tag?: number
  /** Where traffic is to go instead of to us. */
  readonly forwardingAddress?: string
}

/** RFC 6987, and beyond it. */
export interface StubRouterOptions {
  /** Stub networks and VIPs as well get the greatest metric; default false. */
  readonly includeStub?: boolean
  /** Metric of externals meanwhile; default: as they are. */
  readonly externalMetric?: number
}

/** When to be a stub router. Without a time of its own, always. */
export interface StubRouterTimesOptions extends StubRouterOptions {
  /** Always; default: when neither `onStartup` nor `onShutdown` is given. */
  readonly always?: boolean
  /** Seconds after the start, or until `speaker.stubRouter(false)`: while the table fills. 5 to 86400. */
  readonly onStartup?: number
  /** Seconds before `stop()` withdraws anything, if anybody is adjacent: while others find another way. 1 to 600. */
  readonly onShutdown?: number
}

/** The options as what a new router is told before anything else. */
export function* initialChanges(parsed: Parsed): Generator<ConfigChange> {
  for (const config of parsed.areas) yield { type: 'area', config }
  for (const config of [...parsed.interfaces, ...parsed.virtualLinks]) {
    yield { type: 'interface', config }
  }
  for (const stub of parsed.stubs) yield { type: 'announce', stub }
  for (const external of parsed.externals) yield { type: 'external', external, source: 'option' }
  if (parsed.role === 'announce-only') yield { type: 'announce-only', announceOnly: true }
  if (parsed.originate) yield { type: 'originate', allowed: parsed.originate }
  const { summaryAddresses: addresses } = parsed
  if (addresses.length > 0) yield { type: 'summary-addresses', addresses }
  const { routerInformation: information } = parsed
  if (information) yield { type: 'router-information', information }
}

/**
 * The same options but for some of one interface.
 * @throws OspfError ERR_OSPF_NO_INTERFACE when it is not in them
 */
export function withInterface(
  options: SpeakerOptions,
  name: string,
  change: InterfaceOptions,
): SpeakerOptions {
  const found = Object.entries(options.areas).find(([, area]) => area.interfaces?.[name])
  if (found === undefined) {
    throw new OspfError('ERR_OSPF_NO_INTERFACE', `interface ${name} is not configured`)
  }
  const [id, area] = found
  const interfaces = { ...area.interfaces, [name]: { ...area.interfaces?.[name], ...change } }
  return { ...options, areas: { ...options.areas, [id]: { ...area, interfaces } } }
}

/** An address of a device: 'A.B.C.D/L'. */
export interface AddressOptions {
  readonly device: string
  readonly address: string
}

/** How an isolated speaker hangs on its application. */
export interface IsolateOptions {
  /**
   * Seconds that the application's event loop may stand still before it counts as hung, 0.2 to 3600; default 2. It is
   * asked to say that it lives four times as often.
   */
  readonly lease?: number
  /**
   * What becomes of the VIPs of an application that hangs: 'withdraw' (the default) until it lives again, or 'keep'. When
   * it ends, however it does, they are withdrawn in any case.
   */
  readonly onLapse?: 'withdraw' | 'keep'
  /**
   * Network namespace that the protocol runs in, by its name in /run/netns: its interfaces, addresses and routes. Gates stay
   * in that of the application. Takes iproute2 and the right to enter it (CAP_SYS_ADMIN). Default: that of the application.
   */
  readonly namespace?: string
}

/** As read: what was left out stands for itself. */
export type ParsedIsolate = Required<Omit<IsolateOptions, 'namespace'>> &
  Pick<IsolateOptions, 'namespace'>

/** Options of a speaker whose protocol runs in a child process. */
export interface IsolatedSpeakerOptions extends Omit<SpeakerOptions, 'isolate'> {
  readonly isolate: true | IsolateOptions
}

export interface SpeakerOptions extends PoliciesOptions {
  /** Dotted. Unique in the whole OSPF domain. */
  readonly routerId: string
  /** By Area ID, dotted or a number as text. */
  readonly areas: Readonly<Record<string, AreaOptions>>
  /** Which routers are area border routers (RFC 3509); default 'cisco'. */
  readonly abrType?: AbrType
  /** RFC1583Compatibility (C.1); default true. */
  readonly rfc1583Compatibility?: boolean
  /** Destinations outside the autonomous system, by prefix; '0.0.0.0/0' is the default route. */
  readonly externals?: Readonly<Record<string, ExternalOptions>>
  /**
   * 'announce-only': never a way to elsewhere. Whatever leads on is advertised with the greatest metric (RFC 6987),
   * stub networks and VIPs with theirs; no area border router, even in several areas. 'router': carries traffic for
   * others. Default: 'router' with `installRoutes` or virtual links, otherwise 'announce-only'.
   */
  readonly role?: 'announce-only' | 'router'
  /**
   * Prefixes that this speaker may originate: VIPs, stub networks, externals, the networks of its interfaces. Others are
   * refused; a network of an interface is left out. Default: all that it is told to. Summaries are another matter.
   */
  readonly originate?: PrefixListOptions
  /** Routes of the kernel that become AS externals, by kind: `{ connected: true, bgp: { metric: 100 } }`. */
  readonly redistribute?: RedistributeFrom
  /** The table that these are in; default: that of `installRoutes`, or 254, main. */
  readonly redistributeTable?: number
  /** Advertise a default route: while the kernel has one that is not OSPF's, or always; default false. */
  readonly defaultInformation?: boolean | DefaultInformationOptions
  /**
   * Externals of ours that are inside, whoever asked for them, are told as one; by prefix. As in FRR, this holds for
   * VIPs that are announced as externals, too; but never for the default route.
   */
  readonly summaryAddresses?: Readonly<Record<string, SummaryAddressOptions>>
  /**
   * So many VIPs are stub links of the router-LSA of the first interface's area; those announced beyond get LSAs of their
   * own (`independent` of an announcement), but for those that say how they want it, and in a stub area. 0 to 5000; default
   * 100: what fits one packet of Ethernet. Directors that announce the same VIPs must do so in the same order, or say
   * `independent`: routers prefer a stub link to an external.
   */
  readonly vipsAsExternalAbove?: number
  /** Be a stub router (RFC 6987): reachable, but not a way to elsewhere; default false. */
  readonly stubRouter?: boolean | StubRouterTimesOptions
  /** Write routes into the kernel; default false: a speaker that announces has no business there. */
  readonly installRoutes?: boolean | KernelRouteOptions
  /**
   * Kernel parameters of a router in front of directors: reported, or set and put back at the end. Default with
   * `installRoutes`: a warning when a VIP has several next hops and flows would not be spread, or clients redirected.
   */
  readonly routerHelper?: 'report' | 'set' | false | RouterHelperOptions
  /**
   * Kernel parameters of a director: reported, or set while VIPs are announced and put back. Default: a warning when a
   * VIP lies in a subnet of this host and it would answer ARP for it.
   */
  readonly directorHelper?: 'report' | 'set' | false | DirectorHelperOptions
  /**
   * Name of this router for others to show in place of its Router ID (RFC 5642), 1 to 255 printable ASCII characters;
   * default: none, and no Router Information LSA (RFC 7770) is sent.
   */
  readonly hostname?: string
  /**
   * Who is told: each area in an LSA of its own, or the AS in one; default 'area'. Stub areas and NSSAs always get their
   * own. With 'as' this router becomes an AS boundary router (RFC 5250 5).
   */
  readonly hostnameScope?: 'area' | 'as'
  /** Keeps the boot count of AuType 3 (RFC 7474) over restarts; without it, the wall clock must be right. */
  readonly sequenceStore?: SequenceStore
  /** Aborting stops the speaker, in order, as `stop()` does. */
  readonly signal?: AbortSignal
  /** Addresses that devices shall have while the speaker runs; those that are missing are added, and removed again. */
  readonly addresses?: readonly AddressOptions[]
  /**
   * Path of a file that gets every OSPF packet that is received or sent, in the pcap format, for tshark and `ospf-speaker
   * decode`; one that is there is replaced.
   */
  readonly record?: string
  /** Events kept for a reader that is slow; default 1000. */
  readonly eventQueue?: number
  readonly limits?: Partial<Limits>
  /** How long changes of the topology wait for others to come (RFC 8405). */
  readonly spfDelay?: Partial<SpfDelayConfig>
  /**
   * How fast instances of our own LSAs follow each other, but for what takes something back: that leaves as soon as
   * receivers take it. Default: the first at once, the next after MinLSArrival of `limits`, and twice as long each time
   * up to MinLSInterval.
   */
  readonly lsaThrottle?: Partial<LsaThrottle>
  /** The same for changes of stub networks, VIPs, summaries and externals alone: at once, then less often. */
  readonly routeDelay?: Partial<SpfDelayConfig>
  /** Run the protocol in a child process: see `IsolatedSpeakerOptions`; default false. */
  readonly isolate?: false | undefined
}

/** How and when to be a stub router; times in seconds, 0 is not at all. */
export interface StubRouterSchedule {
  readonly how: StubRouter
  readonly always: boolean
  readonly onStartup: number
  readonly onShutdown: number
}

/** The options in the core's terms. */
export interface Parsed extends ParsedAreas {
  readonly policies: Policies
  readonly routerId: number
  readonly abrType: AbrType
  readonly rfc1583Compatibility: boolean
  readonly externals: readonly ExternalPrefix[]
  readonly routerHelper: RouterHelperConfig | undefined
  readonly directorHelper: DirectorHelperConfig | undefined
  readonly role: 'announce-only' | 'router'
  /** Undefined: anything. */
  readonly originate: readonly PrefixRule[] | undefined
  readonly stubRouter: StubRouterSchedule | undefined
  readonly limits: Limits
  readonly spfDelay: SpfDelayConfig
  /** As far as it was said. */
  readonly lsaThrottle: Partial<LsaThrottle>
  readonly kernel: ParsedKernel | undefined
  readonly routeDelay: SpfDelayConfig
  readonly redistribution: ParsedRedistribution | undefined
  readonly summaryAddresses: readonly SummaryAddress[]
  /** Of the routes, those that go to the kernel; undefined: all. */
  readonly accept: RouteMap | undefined
  readonly addresses: readonly { device: string; address: number; prefixLength: number }[]
  readonly vipsAsExternalAbove: number
  readonly routerInformation: RouterInformationConfig | undefined
  readonly record: string | undefined
  readonly eventQueue: number
  readonly sequenceStore: SequenceStore | undefined
}

const speakerFields = [
  'routerId',
  'areas',
  'abrType',
  'rfc1583Compatibility',
  'externals',
  'redistribute',
  'redistributeTable',
  'defaultInformation',
  'summaryAddresses',
  'stubRouter',
  'installRoutes',
  'signal',
  'addresses',
  'vipsAsExternalAbove',
  'record',
  'eventQueue',
  'limits',
  'spfDelay',
  'routeDelay',
  'lsaThrottle',
  'hostname',
  'hostnameScope',
  'sequenceStore',
  'prefixLists',
  'routeMaps',
  'role',
  'originate',
  'routerHelper',
  'directorHelper',
  'isolate',
] as const satisfies readonly (keyof SpeakerOptions)[]

function parseRecord(record: unknown): string | undefined {
  if (record === undefined || (typeof record === 'string' && record !== '')) return record
  throw fail('record', 'the path of a file', record)
}

/**
 * Checks everything and translates it.
 * @throws OspfError ERR_OSPF_CONFIG that names the field, what was expected and what was found
 */
export function parseOptions(options: SpeakerOptions): Parsed {
  if (!isObject(options)) throw fail('options', 'an object', options)
  onlyFields('options', options, speakerFields)
  const routerId = parseAddress('routerId', options.routerId)
  if (routerId === 0) throw fail('routerId', 'a Router ID other than 0.0.0.0', options.routerId)
  const policies = parsePolicies(options)
  const parsedAreas = parseAreas(options.areas, policies.prefixLists)
  for (const { name, virtual } of parsedAreas.virtualLinks) {
    if (virtual?.endpoint === routerId) throw fail(name, 'another router', 'our own Router ID')
  }
  const { abrType = 'cisco' } = options
  if (!abrTypes.includes(abrType)) throw fail('abrType', `one of ${abrTypes.join(', ')}`, abrType)
  const { addresses = [], signal } = options
  if (!Array.isArray(addresses)) throw fail('addresses', 'a list', addresses)
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw fail('signal', 'an AbortSignal', signal)
  }
  checkNumbers('limits', options.limits, Object.keys(defaultLimits))
  checkNumbers('spfDelay', options.spfDelay, Object.keys(defaultSpfDelay))
  checkNumbers('routeDelay', options.routeDelay, Object.keys(defaultRouteDelay))
  checkNumbers('lsaThrottle', options.lsaThrottle, Object.keys(defaultLsaThrottle))
  const externals = parseExternals(options.externals ?? {})
  const kernel = parseKernel(options.installRoutes ?? false, policies)
  return {
    routerId,
    ...parsedAreas,
    policies,
    abrType,
    rfc1583Compatibility: parseBoolean(
      'rfc1583Compatibility',
      options.rfc1583Compatibility ?? true,
    ),
    externals,
    directorHelper: parseDirectorHelper(options.directorHelper),
    routerHelper: parseRouterHelper(options.routerHelper, kernel.kernel !== undefined),
    role: parseRole(options.role, kernel.kernel !== undefined, parsedAreas),
    originate: parseOriginate(options.originate, policies, [...parsedAreas.stubs, ...externals]),
    stubRouter: parseStubRouterTimes(options.stubRouter ?? false),
    limits: { ...defaultLimits, ...options.limits },
    spfDelay: { ...defaultSpfDelay, ...options.spfDelay },
    lsaThrottle: options.lsaThrottle ?? {},
    routeDelay: { ...defaultRouteDelay, ...options.routeDelay },
    redistribution: parseRedistribution(options, policies),
    summaryAddresses: parseSummaryAddresses(options.summaryAddresses ?? {}),
    ...kernel,
    addresses: addresses.map(parseInterfaceAddress),
    routerInformation: parseHostname(options),
    vipsAsExternalAbove: parseInteger(
      'vipsAsExternalAbove',
      options.vipsAsExternalAbove ?? 100,
      0,
      5000,
    ),
    record: parseRecord(options.record),
    eventQueue: parseInteger('eventQueue', options.eventQueue ?? 1000, 1, 1_000_000),
    sequenceStore: parseStore(options.sequenceStore),
  }
}

function parseRole(
  role: SpeakerOptions['role'],
  installs: boolean,
  { virtualLinks }: ParsedAreas,
): Parsed['role'] {
  const isNeeded = installs || virtualLinks.length > 0
  if (role === undefined) return isNeeded ? 'router' : 'announce-only'
  if (role !== 'router' && role !== 'announce-only') {
    throw fail('role', "'router' or 'announce-only'", role)
  }
  if (isNeeded && role !== 'router') {
    throw fail('role', `'router' with ${installs ? 'installRoutes' : 'virtual links'}`, role)
  }
  return role
}

function parseOriginate(
  list: PrefixListOptions | undefined,
  { prefixLists }: Policies,
  told: readonly { readonly prefix: number; readonly length: number }[],
): Parsed['originate'] {
  if (list === undefined) return undefined
  const allowed = parsePrefixList('originate', list, prefixLists)
  for (const each of told) checkOriginate('originate', allowed, each)
  return allowed
}

function parseStore(store: SequenceStore | undefined): SequenceStore | undefined {
  if (store === undefined) return undefined
  if (typeof store?.load !== 'function' || typeof store.save !== 'function') {
    throw fail('sequenceStore', 'an object with load and save', store)
  }
  return store
}

function parseHostname(options: SpeakerOptions): RouterInformationConfig | undefined {
  const { hostname, hostnameScope: scope = 'area' } = options
  if (scope !== 'area' && scope !== 'as') throw fail('hostnameScope', "'area' or 'as'", scope)
  if (hostname === undefined) return undefined
  if (typeof hostname !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(hostname)) {
    throw fail('hostname', '1 to 255 visible ASCII characters', hostname)
  }
  return { hostname, scope }
}

const abrTypes = ['cisco', 'standard', 'ibm'] as const
const MAX_METRIC = 0xfffffe

/**
 * Reads how an external route is advertised.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function parseExternal(
  where: string,
  { prefix, length }: { prefix: number; length: number },
  options: ExternalOptions,
): ExternalPrefix {
  if (!isObject(options)) throw fail(where, 'an object', options)
  onlyFields(where, options, ['type', 'metric', 'tag', 'forwardingAddress'])
  const { type = 2, metric = 20, tag = 0, forwardingAddress } = options
  if (type !== 1 && type !== 2) throw fail(`${where}: type`, '1 or 2', type)
  return {
    prefix,
    length,
    metricType: type,
    metric: parseInteger(`${where}: metric`, metric, 0, MAX_METRIC),
    tag: parseInteger(`${where}: tag`, tag, 0, 0xffffffff),
    forwardingAddress:
      forwardingAddress === undefined
        ? 0
        : parseAddress(`${where}: forwardingAddress`, forwardingAddress),
  }
}

function parseExternals(externals: NonNullable<SpeakerOptions['externals']>): ExternalPrefix[] {
  if (!isObject(externals)) throw fail('externals', 'an object by prefix', externals)
  return Object.entries(externals).map(([text, options]) =>
    parseExternal(`externals: ${text}`, parsePrefix('externals', text), options),
  )
}

/**
 * Reads whether and how to be a stub router.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function parseStubRouter(value: boolean | StubRouterOptions): StubRouter | undefined {
  if (value === false) return undefined
  const options = value === true ? {} : value
  if (!isObject(options)) throw fail('stubRouter', 'true, false or an object', value)
  onlyFields('stubRouter', options, ['includeStub', 'externalMetric'])
  const { includeStub = false, externalMetric } = options
  return {
    includeStub: parseBoolean('stubRouter: includeStub', includeStub),
    externalMetric:
      externalMetric === undefined
        ? undefined
        : parseInteger('stubRouter: externalMetric', externalMetric, 0, MAX_METRIC),
  }
}

const stubRouterFields = [
  'includeStub',
  'externalMetric',
  'always',
  'onStartup',
  'onShutdown',
] as const satisfies readonly (keyof StubRouterTimesOptions)[]

function parseStubRouterTimes(
  value: boolean | StubRouterTimesOptions,
): StubRouterSchedule | undefined {
  const isTimed = typeof value === 'object' && isObject(value)
  if (isTimed) onlyFields('stubRouter', value, stubRouterFields)
  const { always, onStartup, onShutdown, ...rest } = isTimed ? value : {}
  const how = parseStubRouter(isTimed ? rest : value)
  if (how === undefined) return undefined
  const none = onStartup === undefined && onShutdown === undefined
  const seconds = (field: string, time: number | undefined, least: number, most: number): number =>
    time === undefined ? 0 : parseInteger(`stubRouter: ${field}`, time, least, most)
  return {
    how,
    always: parseBoolean('stubRouter: always', always ?? none),
    onStartup: seconds('onStartup', onStartup, 5, 86_400),
    onShutdown: seconds('onShutdown', onShutdown, 1, 600),
  }
}

function parseInterfaceAddress(value: AddressOptions, i: number): Parsed['addresses'][number] {
  const where = `addresses: ${i}`
  if (!isObject(value)) throw fail(where, 'an object', value)
  onlyFields(where, value, ['device', 'address'])
  const { device, address } = value
  const [, host, length] = /^([^/]+)\/(\d{1,2})$/.exec(String(address)) ?? []
  if (host === undefined || length === undefined) {
    throw fail(`${where}: address`, 'A.B.C.D/L', address)
  }
  return {
    device: parseDevice(`${where}: device`, device),
    address: parseAddress(`${where}: address`, host),
    prefixLength: parseInteger(`${where}: address: length`, Number(length), 0, 32),
  }
}

/** What a kernel takes as the next hops of one route. */
const MAXIMUM_PATHS = 256

function checkNumbers(where: string, values: object | undefined, known: readonly string[]): void {
  if (values === undefined) return
  if (!isObject(values)) throw fail(where, 'an object', values)
  onlyFields(where, values, known)
  for (const [field, value] of Object.entries(values)) {
    // a time may be nothing; a bound of nothing is no router
    const least = field.endsWith('Ms') ? 0 : 1
    const most = field === 'maximumPaths' ? MAXIMUM_PATHS : 0x7fffffff
    parseInteger(`${where}: ${field}`, value, least, most)
  }
}

/**
 * Reads how an isolated speaker hangs on its application.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function parseIsolate(value: unknown): ParsedIsolate {
  const options: IsolateOptions = value === true ? {} : (value as IsolateOptions)
  if (!isObject(options)) throw fail('isolate', 'true, false or an object', value)
  onlyFields('isolate', options, ['lease', 'onLapse', 'namespace'])
  const { lease = 2, onLapse = 'withdraw', namespace } = options
  if (typeof lease !== 'number' || !(lease >= 0.2 && lease <= 3600)) {
    throw fail('isolate: lease', 'a number of seconds from 0.2 to 3600', lease)
  }
  if (onLapse !== 'withdraw' && onLapse !== 'keep') {
    throw fail('isolate: onLapse', "'withdraw' or 'keep'", onLapse)
  }
  if (namespace !== undefined && !isNamespace(namespace)) {
    throw fail('isolate: namespace', 'the name of a network namespace', namespace)
  }
  return { lease, onLapse, ...(namespace === undefined ? {} : { namespace }) }
}

/** A file of /run/netns, and no option of `ip netns`. */
const isNamespace = (value: unknown): boolean =>
  typeof value === 'string' && /^[^-/\s][^/\s]*$/.test(value) && !/^\.\.?$/.test(value)

/** A step between wall clock and monotonic clock below this many milliseconds is not a pause. */
const SMALLEST_PAUSE_MS = 2000

/** The smallest dead interval, in milliseconds: a longer pause means that the neighbors gave us up. */
export const pauseOf = ({ interfaces }: Parsed): number =>
  Math.max(SMALLEST_PAUSE_MS, Math.min(...interfaces.map((i) => i.deadInterval * 1000)))

/** Devices that must exist. */
export const devicesOf = ({ interfaces, addresses }: Parsed): string[] => [
  ...interfaces.map(({ name }) => deviceOf(name)),
  ...addresses.map(({ device }) => device),
]

/** Some interface has AuType 3. */
export const isExtended = ({ interfaces, virtualLinks }: Parsed): boolean =>
  [...interfaces, ...virtualLinks].some(
    ({ authentication: a }) => a?.type === 'cryptographic' && a.extended,
  )
