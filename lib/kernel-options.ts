/** How routes go to the kernel, as options of the speaker. */
import {
  fail,
  isObject,
  onlyFields,
  parseAddress,
  parseBoolean,
  parseInteger,
  parsePrefix,
} from './parse.ts'
import { type Policies, type PolicyOptions, parseAccept, type RouteMap } from './policy.ts'

/** Which prefixes have a resilient next-hop group, and how it works. */
export interface ResilientGroupOptions {
  /**
   * 'hosts': host routes; 'all'; or those within some prefixes. Default 'hosts': VIPs are what has flows to keep.
   */
  readonly prefixes?: 'hosts' | 'all' | readonly string[]
  /**
   * 1 to 65535, default 120. With less than 128 (from Linux 6.12 on, 32,768), a next hop of weight 1 beside others of the
   * greatest weight gets no flows: it drains. A bucket leaves it once idle for `idleTimer`, so that with thousands of
   * buckets a drain ends under load, too.
   */
  readonly buckets?: number
  /** Seconds without a packet after which a bucket may go to a next hop that came or came back; default 120. */
  readonly idleTimer?: number
  /** Seconds after which it gets its share of the buckets, idle or not; default 600. 0: never. */
  readonly unbalancedTimer?: number
}

/** How routes go to the kernel. */
export interface KernelRouteOptions {
  /** Routing table, by number or by its name in /etc/iproute2/rt_tables; default 254, main. */
  readonly table?: number | string
  /** Name of a VRF device: its table. */
  readonly vrf?: string
  /** Route metric (priority); default 20. */
  readonly metric?: number
  /** Label of the routes, as in /etc/iproute2/rt_protos, 5 to 255; default 188, ospf. */
  readonly protocol?: number
  /** Preferred source address of what this host sends itself. */
  readonly source?: string
  /**
   * How several next hops are installed. 'multipath': in each route. 'groups': as next-hop groups (Linux 5.3), which
   * change in one step for all routes that share them. 'resilient': so, and `resilient.prefixes` have a resilient group
   * (Linux 5.13), which leaves flows where they are when another next hop leaves. Default 'auto': groups, and resilient
   * ones if `resilient` is given, where the kernel has them.
   */
  readonly mode?: 'auto' | 'multipath' | 'groups' | 'resilient'
  readonly resilient?: ResilientGroupOptions
  /** First of the 262,144 ids of next-hop objects that are ours; default: one that depends on table and metric. */
  readonly nextHopIds?: number
  /**
   * Routes of an earlier life are confirmed when they are found again. The others are removed once the speaker has
   * converged (every interface up for its dead interval, every adjacency there, all calculated), and after so many seconds
   * in any case; default 60.
   */
  readonly leftoverTime?: number
  /** Which routes, and with which source address; default all. The others are learned and not installed. */
  readonly accept?: PolicyOptions
  /** Leave the routes in the kernel when the speaker stops, for the next one to adopt; default false. */
  readonly keep?: boolean
  /**
   * Discard packets for the holes of the area ranges and summary addresses that we advertise (RFC 2328 11.1), so that they
   * do not follow a default route back: a blackhole route for each while something is inside. Default true.
   */
  readonly discard?: boolean
}

/** The options in the kernel's terms. */
export interface ParsedKernel {
  readonly table: number | string
  readonly vrf?: string
  readonly metric: number
  readonly protocol: number
  readonly source?: number
  readonly mode: 'auto' | 'multipath' | 'groups' | 'resilient'
  readonly resilient?: {
    readonly prefixes:
      | 'hosts'
      | 'all'
      | readonly { readonly prefix: number; readonly length: number }[]
    readonly buckets?: number
    readonly idleTimer?: number
    readonly unbalancedTimer?: number
  }
  readonly nextHopIds?: number
  readonly leftoverTime: number
  readonly keep: boolean
  readonly discard: boolean
}

const fields = [
  'table',
  'vrf',
  'metric',
  'protocol',
  'source',
  'mode',
  'resilient',
  'nextHopIds',
  'leftoverTime',
  'keep',
  'discard',
  'accept',
] as const satisfies readonly (keyof KernelRouteOptions)[]

const modes = ['auto', 'multipath', 'groups', 'resilient']

const WHERE = 'installRoutes'

/**
 * Reads whether and how routes go to the kernel.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function parseKernel(
  value: boolean | KernelRouteOptions,
  policies: Policies,
): { readonly kernel: ParsedKernel | undefined; readonly accept: RouteMap | undefined } {
  if (value === false) return { kernel: undefined, accept: undefined }
  const options = value === true ? {} : value
  if (!isObject(options)) throw fail(WHERE, 'true, false or an object', value)
  onlyFields(WHERE, options, fields)
  const { table, vrf, metric = 20, protocol = 188, source, mode = 'auto', accept } = options
  const { resilient, nextHopIds, leftoverTime = 60, keep = false, discard = true } = options
  if (!modes.includes(mode)) throw fail(`${WHERE}: mode`, `one of ${modes.join(', ')}`, mode)
  if (resilient !== undefined && (mode === 'multipath' || mode === 'groups')) {
    throw fail(`${WHERE}: resilient`, `nothing with mode '${mode}'`, resilient)
  }
  if (vrf !== undefined && (typeof vrf !== 'string' || !/^[^\s/]{1,15}$/.test(vrf))) {
    throw fail(`${WHERE}: vrf`, 'the name of a VRF device', vrf)
  }
  if (vrf !== undefined && table !== undefined) {
    throw fail(`${WHERE}: table`, 'nothing beside vrf, which has a table of its own', table)
  }
  const integer = (field: string, number: unknown, least: number, most: number): number =>
    parseInteger(`${WHERE}: ${field}`, number, least, most)
  const kernel: ParsedKernel = {
    table: parseTable(table ?? 254),
    ...(vrf === undefined ? {} : { vrf }),
    metric: integer('metric', metric, 1, 0xffffffff),
    protocol: integer('protocol', protocol, 5, 255),
    ...(source === undefined ? {} : { source: parseAddress(`${WHERE}: source`, source) }),
    mode,
    ...(resilient === undefined ? {} : { resilient: parseResilient(resilient) }),
    ...(nextHopIds === undefined
      ? {}
      : { nextHopIds: integer('nextHopIds', nextHopIds, 1, 2 ** 32 - 0x40000) }),
    leftoverTime: parseSeconds(`${WHERE}: leftoverTime`, leftoverTime, 86_400),
    keep: parseBoolean(`${WHERE}: keep`, keep),
    discard: parseBoolean(`${WHERE}: discard`, discard),
  }
  return {
    kernel,
    accept: accept === undefined ? undefined : parseAccept(`${WHERE}: accept`, accept, policies),
  }
}

function parseTable(table: number | string): number | string {
  if (typeof table === 'number') return parseInteger(`${WHERE}: table`, table, 1, 0xffffffff)
  // names are the machine's to resolve
  if (typeof table === 'string' && /^[A-Za-z]\S*$/.test(table)) return table
  throw fail(`${WHERE}: table`, 'a number or a name of /etc/iproute2/rt_tables', table)
}

function parseResilient(options: ResilientGroupOptions): NonNullable<ParsedKernel['resilient']> {
  const where = `${WHERE}: resilient`
  if (!isObject(options)) throw fail(where, 'an object', options)
  onlyFields(where, options, ['prefixes', 'buckets', 'idleTimer', 'unbalancedTimer'])
  const { prefixes = 'hosts', buckets, idleTimer, unbalancedTimer } = options
  if (prefixes !== 'hosts' && prefixes !== 'all' && !Array.isArray(prefixes)) {
    throw fail(`${where}: prefixes`, "'hosts', 'all' or a list of prefixes", prefixes)
  }
  const timer = (field: string, value: unknown): number =>
    parseSeconds(`${where}: ${field}`, value, 1_000_000)
  return {
    prefixes:
      typeof prefixes === 'string'
        ? prefixes
        : prefixes.map((text) => parsePrefix(`${where}: prefixes`, text)),
    ...(buckets === undefined
      ? {}
      : { buckets: parseInteger(`${where}: buckets`, buckets, 1, 0xffff) }),
    ...(idleTimer === undefined ? {} : { idleTimer: timer('idleTimer', idleTimer) }),
    ...(unbalancedTimer === undefined
      ? {}
      : { unbalancedTimer: timer('unbalancedTimer', unbalancedTimer) }),
  }
}

function parseSeconds(field: string, value: unknown, most: number): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= most)) {
    throw fail(field, `seconds from 0 to ${most}`, value)
  }
  return value
}
