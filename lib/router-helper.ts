/**
 * What Linux must be told besides routes to be the router in front of several directors. Flows are spread by addresses
 * alone unless the hash looks at ports, and an ICMP redirect pins a client to one director.
 */
import { parseDevice } from './area-options.ts'
import type { Route, RouteChange } from './core/io.ts'
import { isRemote } from './core/routes.ts'
import { fail, isObject, onlyFields, parseBoolean, parseInteger } from './parse.ts'
import type { SysctlPort } from './ports.ts'
import {
  deviceParameter,
  type SysctlEvent,
  type SysctlFinding,
  SysctlKeeper,
  type SysctlLedger,
  type SysctlWish,
} from './sysctl.ts'
import { formatPrefix } from './wire/address.ts'

/** Kernel parameters of a router in front of directors. */
export interface RouterHelperOptions {
  /** 'report' says what is not as it should be; 'set' changes it, and puts it back when the speaker stops. */
  readonly mode: 'report' | 'set'
  /**
   * `fib_multipath_hash_policy`, what spreads flows over next hops: 0 addresses, 1 ports as well, 2 addresses inside
   * tunnels, 3 `hashFields`. Default 1. False: not looked at.
   */
  readonly hashPolicy?: 0 | 1 | 2 | 3 | false
  /** `fib_multipath_hash_fields` for policy 3, bits of the kernel's; default 0x37, addresses, protocol and ports. */
  readonly hashFields?: number
  /** Whether to look after `send_redirects`, which shall be 0 for all and on each interface; default true. */
  readonly redirects?: boolean
  /**
   * Whether `nexthop_compat_mode` shall be 0: a change of a next-hop group is then not told again for every route that leads
   * there, and many resilient groups change in about half the time. Default false, as programs from before Linux
   * 5.3 learn of next hops no other way: `ip route` prints the id of the group alone then.
   */
  readonly quietGroups?: boolean
  /** Whether to look after `ip_forward`, which shall be 1; default true. */
  readonly forward?: boolean
  /** Devices of clients that take VIPs for their neighbors: `proxy_arp` shall be 1 there. Default: none. */
  readonly proxyArp?: readonly string[]
}

/** The helper's options, checked. */
export interface RouterHelperConfig extends Required<RouterHelperOptions> {
  /** Somebody asked: what differs is said at the start, and the kernel must be there to ask. */
  readonly explicit: boolean
}

const fields = [
  'mode',
  'hashPolicy',
  'hashFields',
  'redirects',
  'quietGroups',
  'forward',
  'proxyArp',
] as const satisfies readonly (keyof RouterHelperOptions)[]

/**
 * Reads whether and how to help; undefined: no help. Who installs routes gets quiet help: a word when it matters.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function parseRouterHelper(
  value: 'report' | 'set' | false | RouterHelperOptions | undefined,
  installs: boolean,
): RouterHelperConfig | undefined {
  if (value === false || (value === undefined && !installs)) return undefined
  const options = typeof value === 'object' ? value : { mode: value ?? 'report' }
  if (!isObject(options)) throw fail('routerHelper', "'report', 'set', false or an object", value)
  onlyFields('routerHelper', options, fields)
  const { mode, hashPolicy = 1, hashFields = 0x37, proxyArp = [] } = options
  if (mode !== 'report' && mode !== 'set') {
    throw fail('routerHelper: mode', "'report' or 'set'", mode)
  }
  if (!Array.isArray(proxyArp)) throw fail('routerHelper: proxyArp', 'a list of devices', proxyArp)
  if (hashPolicy !== false) parseInteger('routerHelper: hashPolicy', hashPolicy, 0, 3)
  if (options.hashFields !== undefined && hashPolicy !== 3) {
    throw fail('routerHelper: hashFields', 'hashPolicy 3 with it', hashPolicy)
  }
  return {
    mode,
    hashPolicy,
    hashFields: parseInteger('routerHelper: hashFields', hashFields, 1, 0xfff),
    redirects: parseBoolean('routerHelper: redirects', options.redirects ?? true),
    quietGroups: parseBoolean('routerHelper: quietGroups', options.quietGroups ?? false),
    forward: parseBoolean('routerHelper: forward', options.forward ?? true),
    proxyArp: proxyArp.map((name) => parseDevice('routerHelper: proxyArp', name)),
    explicit: value !== undefined,
  }
}

const HASH_POLICY = 'net/ipv4/fib_multipath_hash_policy'
const HASH_FIELDS = 'net/ipv4/fib_multipath_hash_fields'
const REDIRECTS = 'send_redirects'

/** What the kernel shall be told. Fields before the policy that uses them, forwarding when all else is in place. */
export function routerWishes(
  config: RouterHelperConfig,
  interfaces: readonly string[],
): SysctlWish[] {
  const { hashPolicy, hashFields, redirects, quietGroups, forward, proxyArp } = config
  const wishes: SysctlWish[] = []
  if (hashPolicy === 3) {
    const why = 'the hash over next hops looks at other fields'
    wishes.push({ path: HASH_FIELDS, wanted: hashFields, why })
  }
  if (hashPolicy !== false) {
    const why = 'all connections of a client to a VIP go to one director'
    wishes.push({ path: HASH_POLICY, wanted: hashPolicy, why })
  }
  if (redirects) {
    const why = 'a redirect pins a client on the same segment to one director'
    for (const device of ['all', ...new Set([...interfaces, ...proxyArp])]) {
      wishes.push({ path: deviceParameter(device, REDIRECTS), wanted: 0, why })
    }
  }
  for (const device of proxyArp) {
    const why = 'clients that take the VIP for a neighbor get no answer'
    wishes.push({ path: deviceParameter(device, 'proxy_arp'), wanted: 1, why })
  }
  if (quietGroups) {
    const why = 'a change of a next-hop group is told again for every route that leads there'
    wishes.push({ path: 'net/ipv4/nexthop_compat_mode', wanted: 0, why })
  }
  if (forward) {
    wishes.push({ path: 'net/ipv4/ip_forward', wanted: 1, why: 'nothing is forwarded' })
  }
  return wishes
}

/** Watches over the parameters while the speaker runs. */
export class RouterHelper {
  #config: RouterHelperConfig
  readonly #keeper: SysctlKeeper
  readonly #report: (event: SysctlEvent) => void
  /** A VIP with several next hops has been seen. */
  #seen = false

  constructor(
    config: RouterHelperConfig,
    port: SysctlPort,
    interfaces: readonly string[],
    report: (event: SysctlEvent) => void,
    ledger?: SysctlLedger,
  ) {
    this.#config = config
    this.#report = report
    this.#keeper = new SysctlKeeper(port, routerWishes(config, interfaces), report, ledger)
  }

  /** Does what it was asked for. */
  begin(): void {
    if (this.#config.mode === 'set') this.#keeper.set()
    else if (this.#config.explicit) this.#keeper.report()
  }

  /** Other wishes, or other devices: what is wished for no more is put back, and the rest stays as it is. */
  configure(config: RouterHelperConfig, interfaces: readonly string[]): void {
    this.#config = config
    this.#keeper.replace(routerWishes(config, interfaces), config.mode === 'set')
    this.begin()
  }

  findings(): SysctlFinding[] {
    return this.#keeper.findings()
  }

  /** Routes go to the kernel. The first VIP with several next hops is when it matters: warns then, and once. */
  watch(changes: readonly RouteChange[]): void {
    if (this.#seen) return
    const vip = changes.find(isShared)
    if (vip === undefined) return
    this.#seen = true
    const { prefix, length, nextHops } = vip.route
    const detail = `${formatPrefix(prefix, length)} has ${nextHops.length} next hops`
    for (const finding of this.#keeper.findings()) {
      const { path } = finding
      const matters = path === HASH_POLICY || path.endsWith(`/${REDIRECTS}`)
      if (matters) this.#report({ type: 'sysctl', what: 'differs', ...finding, detail })
    }
  }

  end(): void {
    this.#keeper.restore()
  }
}

const isShared = (
  change: RouteChange,
): change is Extract<RouteChange, { readonly type: 'replace' }> =>
  change.type === 'replace' && isVip(change.route)

const isVip = (route: Route): boolean =>
  route.length === 32 && route.nextHops.length > 1 && isRemote(route)
