/** A VIP as the application asks for it: how it is advertised, what gates it, and what stands behind it. */
import type { AnnouncementOptions, GatePolicy, GateVerdict, StepTimes } from './announcement.ts'
import type { Confirmations } from './confirmations.ts'
import { announcersOf } from './core/announcers.ts'
import type { InterfaceConfig } from './core/io.ts'
import type { Router } from './core/router.ts'
import type { PrefixChange } from './core/standing.ts'
import { routersKeep } from './core/traffic-share.ts'
import { Fleet } from './fleet.ts'
import { healthy } from './health/healthy.ts'
import type { Probe } from './health/probe.ts'
import { type ExternalOptions, parseExternal } from './options.ts'
import { fail, isObject, onlyFields, parseArea, parseBoolean, parseInteger } from './parse.ts'
import type { AddressPort, Clock } from './ports.ts'
import type { Turn } from './turn.ts'
import { checkWeight, VipShare } from './vip-share.ts'
import { formatIpv4, formatPrefix } from './wire/address.ts'

export interface AnnounceOptions {
  /**
   * The gate: the VIP is announced while it is open. A probe or several (which must all pass, with the default
   * timing), what `healthy()` makes of them, or any async iterable of booleans. Without a gate the VIP is announced
   * at once and for good.
   */
  readonly when?: AsyncIterable<GateVerdict> | Probe | readonly Probe[]
  /**
   * A stub link of our router-LSA (12.4.1), or an AS external of its own (12.4.4); default: a stub link, but for VIPs
   * beyond `vipsAsExternalAbove` of the speaker, which are `independent`.
   */
  readonly as?: 'stub' | 'external'
  /** Cost of the stub link, 0 to 65535; default 0. Of an independent VIP: the metric of type 1, which adds up the same. */
  readonly cost?: number
  /** Area ID of the stub link; default: the area of the first interface. */
  readonly area?: string
  /** The same VIP in several areas of ours: a stub link in each of them, acknowledged in all of them. */
  readonly areas?: readonly string[]
  /**
   * An LSA of its own, so that other VIPs that change do not delay this one: an AS external of type 1 (type 7 in an
   * NSSA; none in a stub area). `false`: a stub link however many there are. Default: see `vipsAsExternalAbove` of the
   * speaker. Decided once, when it is announced. Routers prefer any stub link to an external: all who announce the same VIP
   * must say the same here.
   */
  readonly independent?: boolean
  /**
   * Share of the traffic beside the others that announce the VIP at the same cost, 1 to 256; default 100. For routers that
   * know of it (a private-use opaque LSA, see the README); others use equal shares.
   */
  readonly weight?: number
  /**
   * Seconds in which its share grows to `weight` whenever the VIP comes up, in at most eight steps from a tenth; default:
   * it has its share at once. A drain asks for no new connections meanwhile, too; as the last resort it has its whole
   * share; what comes up again starts from the beginning. For routers that know of weights.
   */
  readonly slowStart?: number
  /** Of an external: default 2. */
  readonly type?: 1 | 2
  /** Of an external: default 20. */
  readonly metric?: number
  /** Of an external: default 0. */
  readonly tag?: number
  /** Put the VIP on this device ('lo') while the announcement lives; default: it is the application's business. */
  readonly device?: string
  /** What `ip addr` shows the address with: the device, a colon and a name of yours, 'lo:vip1'; default: the device. */
  readonly label?: string
  /**
   * What becomes of the VIP when its gate closes: 'withdraw' (the default), 'degrade' (announced at the greatest cost: the
   * last resort of the routers) or 'keep'. The latter two are for those who prefer a sick server to none; they hold for as
   * long as the gate is closed, also after a drain, a hand or a lease that lapsed, once it has been open.
   */
  readonly onFail?: GatePolicy
  /**
   * When the gate closes: so many directors announce the VIP at the least, of those that can be reached in the area
   * without crossing an area border router. A director whose gate closes is the last resort until the others have heard
   * (some 15 s), and leaves if there are enough without it; otherwise the highest Router IDs of those that fail stay. Not
   * with `onFail`; the same on every director.
   */
  readonly minimumAnnouncers?: number
  /** Makes what serves the VIP ready, before it is first announced; tried again until it resolves. */
  readonly prepare?: AnnouncementOptions['prepare']
  /** Takes it down, at the very end: after the withdrawal was acknowledged and the routers had time to act on it. */
  readonly release?: AnnouncementOptions['release']
  /** How many connections there are: what a drain waits for, where routers can send new ones elsewhere. */
  readonly connections?: AnnouncementOptions['connections']
  /** How long each step may take, in seconds. */
  readonly times?: StepTimes
  /** Seconds that the announcement lives unless `renew()` is called; default: for as long as the speaker. */
  readonly lease?: number
}

const fields = [
  'when',
  'as',
  'cost',
  'area',
  'areas',
  'independent',
  'type',
  'metric',
  'tag',
  'device',
  'label',
  'weight',
  'slowStart',
  'onFail',
  'minimumAnnouncers',
  'prepare',
  'release',
  'connections',
  'times',
  'lease',
] as const satisfies readonly (keyof AnnounceOptions)[]

const ofStubs = ['cost', 'area', 'areas', 'independent'] as const
const ofExternals = ['type', 'metric', 'tag'] as const
const policies = ['withdraw', 'degrade', 'keep'] as const
const hooks = ['prepare', 'release', 'connections'] as const
const times = ['prepare', 'drain', 'acknowledge', 'release'] as const
/** What the last resort costs: the most that can be said of a stub link, and of an external. */
const LAST_RESORT = { cost: 0xffff, metric: 0xfffffe } as const

type Said = Extract<PrefixChange, { type: 'announce' | 'external' }>

/** What the core is told of a VIP. */
export interface Ways {
  readonly announce: readonly Said[]
  /** As the last resort. */
  readonly degrade: readonly Said[]
  readonly withdraw: readonly PrefixChange[]
}

/**
 * What is asked for besides how the VIP is advertised.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
function parsePipeline(
  vip: string,
  options: AnnounceOptions,
): Pick<AnnouncementOptions, 'onFail' | (typeof hooks)[number] | 'times' | 'lease'> {
  const where = `VIP ${vip}`
  const { onFail, prepare, release, connections, lease } = options
  if (onFail !== undefined && !policies.includes(onFail)) {
    throw fail(`${where}: onFail`, `one of ${policies.join(', ')}`, onFail)
  }
  if (options.minimumAnnouncers !== undefined) {
    parseInteger(`${where}: minimumAnnouncers`, options.minimumAnnouncers, 1, 1000)
    if (options.when === undefined || (onFail !== undefined && onFail !== 'withdraw')) {
      const got = options.when === undefined ? 'no gate' : `onFail: '${onFail}'`
      throw fail(`${where}: minimumAnnouncers`, "a gate, and onFail: 'withdraw' with it", got)
    }
  }
  checkLabel(`${where}: label`, options)
  for (const hook of hooks) {
    if (options[hook] === undefined || typeof options[hook] === 'function') continue
    throw fail(`${where}: ${hook}`, 'a function', options[hook])
  }
  if (options.times !== undefined) {
    if (!isObject(options.times)) throw fail(`${where}: times`, 'an object', options.times)
    onlyFields(`${where}: times`, options.times, times)
    for (const [name, seconds] of Object.entries(options.times)) {
      parseSeconds(`${where}: times: ${name}`, seconds)
    }
  }
  if (options.weight !== undefined) checkWeight(`${where}: weight`, options.weight)
  for (const field of ['lease', 'slowStart'] as const) {
    if (options[field] !== undefined) parseSeconds(`${where}: ${field}`, options[field])
  }
  return {
    ...(onFail === undefined ? {} : { onFail }),
    ...(prepare === undefined ? {} : { prepare }),
    ...(release === undefined ? {} : { release }),
    ...(connections === undefined ? {} : { connections }),
    ...(options.times === undefined ? {} : { times: options.times }),
    ...(lease === undefined ? {} : { lease }),
  }
}

/** As iproute2 takes it, and the kernel keeps it: 15 octets. */
function checkLabel(field: string, { device, label }: AnnounceOptions): void {
  if (label === undefined) return
  if (device === undefined) throw fail(field, 'a device with it', label)
  const isFit = typeof label === 'string' && /^[!-~]{1,15}$/.test(label)
  if (isFit && (label === device || label.startsWith(`${device}:`))) return
  throw fail(field, `'${device}:' and a name, 15 characters in all`, label)
}

function parseSeconds(field: string, value: unknown): void {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0 && value <= 86_400) return
  throw fail(field, 'a number of seconds above 0, at most a day', value)
}

/**
 * What the core is told when the VIP comes, and when it goes.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
function waysToAnnounce(
  destination: { readonly prefix: number; readonly length: number },
  options: AnnounceOptions,
  interfaces: readonly InterfaceConfig[],
): Ways {
  const where = `VIP ${formatPrefix(destination.prefix, destination.length)}`
  if (!isObject(options)) throw fail(where, 'an object', options)
  onlyFields(where, options, fields)
  const { as = 'stub' } = options
  if (as !== 'stub' && as !== 'external') throw fail(`${where}: as`, "'stub' or 'external'", as)
  for (const field of as === 'stub' ? ofExternals : ofStubs) {
    if (options[field] === undefined) continue
    throw fail(`${where}: ${field}`, `as: '${as === 'stub' ? 'external' : 'stub'}' with it`, as)
  }
  if (as === 'external') {
    const how: Record<string, unknown> = {}
    for (const field of ofExternals) {
      if (options[field] !== undefined) how[field] = options[field]
    }
    const external = parseExternal(where, destination, how as ExternalOptions)
    return {
      announce: [{ type: 'external', external }],
      degrade: [{ type: 'external', external: { ...external, metric: LAST_RESORT.metric } }],
      withdraw: [{ type: 'withdraw-external', ...destination }],
    }
  }
  const areas = stubAreasOf(where, options, interfaces)
  const cost = parseInteger(`${where}: cost`, options.cost ?? 0, 0, 0xffff)
  if (parseBoolean(`${where}: independent`, options.independent ?? false)) {
    if (options.area !== undefined || options.areas !== undefined) {
      throw fail(`${where}: independent`, 'no area with it', 'independent: true')
    }
    // type 1: what a router adds up is what it would for a stub link
    const { as: _as, cost: _cost, independent: _independent, ...others } = options
    return waysToAnnounce(
      destination,
      { ...others, as: 'external', type: 1, metric: cost },
      interfaces,
    )
  }
  const stubs = (cost: number): Said[] =>
    areas.map((area) => ({ type: 'announce', stub: { area, ...destination, cost } }))
  return {
    announce: stubs(cost),
    degrade: stubs(LAST_RESORT.cost),
    withdraw: areas.map((area) => ({ type: 'withdraw', area, ...destination })),
  }
}

/**
 * The areas of a VIP's stub links.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function stubAreasOf(
  where: string,
  { area, areas }: AnnounceOptions,
  interfaces: readonly InterfaceConfig[],
): number[] {
  if (area !== undefined && areas !== undefined) {
    throw fail(`${where}: areas`, 'either area or areas', 'both')
  }
  if (areas !== undefined && (!Array.isArray(areas) || areas.length === 0)) {
    throw fail(`${where}: areas`, 'a list of Area IDs', areas)
  }
  const field = `${where}: ${areas === undefined ? 'area' : 'areas'}`
  const texts = areas ?? (area === undefined ? [] : [area])
  const ids = texts.length === 0 ? [interfaces[0]!.area] : texts.map((id) => parseArea(field, id))
  for (const id of ids) {
    if (interfaces.some((i) => i.area === id)) continue
    throw fail(field, 'an area with an interface', formatIpv4(id))
  }
  if (new Set(ids).size < ids.length) throw fail(field, 'each area once', texts)
  return ids
}

/** What stands behind an announcement, but for what the speaker itself does: gate, address, hooks, and what the core is told. */
export interface Hooks
  extends Omit<AnnouncementOptions, 'prefix' | 'hold' | 'onStep' | 'onChange' | 'clock'> {
  /** What the core is told now when the VIP comes. */
  readonly announced: () => readonly PrefixChange[]
}

/** @throws OspfError ERR_OSPF_CONFIG that names the field */
export function hooksOf(
  destination: { readonly prefix: number; readonly length: number },
  options: AnnounceOptions,
  interfaces: readonly InterfaceConfig[],
  {
    core,
    clock,
    addresses,
    confirmations,
    turn,
  }: {
    readonly core: Router
    readonly clock: Clock
    readonly addresses: AddressPort
    readonly confirmations: Confirmations
    readonly turn: Pick<Turn, 'push' | 'over'>
  },
): Hooks {
  let ways = waysToAnnounce(destination, options, interfaces)
  const pipeline = parsePipeline(formatPrefix(destination.prefix, destination.length), options)
  const when = asGate(options.when, clock)
  const guard = fleetOf(destination, options, areasOf(ways), core, clock)
  const { weight, slowStart: seconds } = options
  const share = new VipShare(
    destination,
    weight,
    (change) => turn.push(change),
    seconds === undefined ? undefined : { seconds, clock },
  )
  return {
    ...pipeline,
    ...(when === undefined ? {} : { when }),
    ...(options.device === undefined
      ? {}
      : {
          address: {
            port: addresses,
            device: options.device,
            address: destination.prefix,
            prefixLength: destination.length,
            ...(options.label === undefined ? {} : { label: options.label }),
          },
        }),
    announced: () => ways.announce,
    announce: () => {
      share.announced()
      turn.push(...ways.announce)
    },
    degrade: () => {
      share.announced('degraded')
      turn.push(...ways.degrade)
    },
    withdraw: () => {
      turn.push(...ways.withdraw)
      share.withdrawn()
    },
    stopNew: (stop) => {
      share.drain(stop)
      return stop && routersKeep(core, areasOf(ways))
    },
    setWeight: (next) => {
      checkWeight('weight', next)
      share.set(next)
    },
    confirm: (signal) => {
      const { announce } = ways
      return turn.over().then(() => confirmations.confirm(announce, signal))
    },
    setCost: (cost) => {
      ways = waysToAnnounce(destination, atCost(options, cost), interfaces)
    },
    ...(guard === undefined ? {} : { guard }),
  }
}

/** The areas of its stub links; undefined: it is told to all. */
const areasOf = ({ announce }: Ways): number[] | undefined => {
  const areas = announce.flatMap((said) => (said.type === 'announce' ? said.stub.area : []))
  return areas.length === 0 ? undefined : areas
}

/** Who decides for a VIP whose gate has closed, if the fleet has a say. */
function fleetOf(
  destination: { readonly prefix: number; readonly length: number },
  { minimumAnnouncers: minimum }: AnnounceOptions,
  areas: readonly number[] | undefined,
  core: Router,
  clock: Clock,
): Fleet | undefined {
  if (minimum === undefined) return undefined
  return new Fleet({
    minimum,
    routerId: core.routerId,
    announcers: () => announcersOf(core, destination, areas),
    minLsInterval: core.limits.minLsIntervalMs,
    clock,
    random: Math.random,
  })
}

/** The same at another cost, or metric. */
export const atCost = (options: AnnounceOptions, cost: number): AnnounceOptions =>
  options.as === 'external' ? { ...options, metric: cost } : { ...options, cost }

/**
 * Looks at the options alone, for those who announce elsewhere.
 * @returns the areas of its stub links
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function checkAnnounce(
  destination: { readonly prefix: number; readonly length: number },
  options: AnnounceOptions,
  interfaces: readonly InterfaceConfig[],
): readonly number[] {
  const ways = waysToAnnounce(destination, options, interfaces)
  parsePipeline(formatPrefix(destination.prefix, destination.length), options)
  return areasOf(ways) ?? []
}

/** What `when` may be, as verdicts. */
export function asGate(
  when: AnnounceOptions['when'],
  clock: Clock,
): AsyncIterable<GateVerdict> | undefined {
  if (when === undefined) return undefined
  if (typeof when === 'function' || Array.isArray(when)) return healthy(when, { clock })
  return when as AsyncIterable<GateVerdict>
}
