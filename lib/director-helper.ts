/**
 * What Linux must be told to be a director. One whose VIP lies in a subnet that it is connected to answers ARP for it
 * unless told otherwise, and clients of that subnet then pass the routers by; one with a strict reverse path filter
 * drops what comes in by another way than it would go back.
 */
import { fail, isObject, onlyFields, parseBoolean } from './parse.ts'
import type { Link, LinkPort, SysctlPort } from './ports.ts'
import {
  deviceParameter,
  type SysctlEvent,
  type SysctlFinding,
  SysctlKeeper,
  type SysctlLedger,
  type SysctlWish,
} from './sysctl.ts'
import { formatIpv4 } from './wire/address.ts'

/** Kernel parameters of a director. */
export interface DirectorHelperOptions {
  /** 'report' says what is not as it should be; 'set' changes it, and puts it back when it is no longer needed. */
  readonly mode: 'report' | 'set'
  /**
   * Whether to look after `arp_ignore` (1) and `arp_announce` (2) of devices in whose subnet a VIP lies, so that the
   * director does not answer for it; default true. With 'set' they are in place before the address is.
   */
  readonly arp?: boolean
  /** Whether to look after `rp_filter` of the OSPF interfaces, which shall not be strict (1); default true. */
  readonly reversePath?: boolean
  /** Whether `ip_nonlocal_bind` shall be 1: servers bind to a VIP before it is there; default false. */
  readonly nonlocalBind?: boolean
  /** Whether `ip_forward` shall be 1: the director routes, or IPVS translates addresses (NAT); default false. */
  readonly forward?: boolean
}

/** The helper's options, checked. */
export interface DirectorHelperConfig extends Required<DirectorHelperOptions> {
  /** Somebody asked: all that differs is said, and the kernel must be there to ask. */
  readonly explicit: boolean
}

const fields = [
  'mode',
  'arp',
  'reversePath',
  'nonlocalBind',
  'forward',
] as const satisfies readonly (keyof DirectorHelperOptions)[]

/**
 * Reads whether and how to help; undefined: no help. Who does not ask is told of ARP alone, when it matters.
 * @throws OspfError ERR_OSPF_CONFIG that names the field
 */
export function parseDirectorHelper(
  value: 'report' | 'set' | false | DirectorHelperOptions | undefined,
): DirectorHelperConfig | undefined {
  if (value === false) return undefined
  const options = typeof value === 'object' ? value : { mode: value ?? 'report' }
  if (!isObject(options)) {
    throw fail('directorHelper', "'report', 'set', false or an object", value)
  }
  onlyFields('directorHelper', options, fields)
  const { mode } = options
  if (mode !== 'report' && mode !== 'set') {
    throw fail('directorHelper: mode', "'report' or 'set'", mode)
  }
  const explicit = value !== undefined
  const read = (field: keyof typeof options, unless: boolean): boolean =>
    parseBoolean(`directorHelper: ${field}`, options[field] ?? unless)
  return {
    mode,
    arp: read('arp', true),
    reversePath: read('reversePath', explicit),
    nonlocalBind: read('nonlocalBind', false),
    forward: read('forward', false),
    explicit,
  }
}

/** Devices whose own subnet an address lies in: hosts there ask for it by ARP. Not those that have it themselves. */
export function devicesBeside(address: number, links: Iterable<Link>): string[] {
  const isBeside = ({ loopback, addresses }: Link): boolean =>
    !loopback &&
    addresses.every((own) => own.address !== address) &&
    addresses.some(
      ({ address: own, prefixLength: length, peer }) =>
        // a /31 and a /32 have no room for others
        length < 31 && peer === undefined && (own ^ address) >>> (32 - length) === 0,
    )
  return [...links].filter(isBeside).map(({ name }) => name)
}

/** What the kernel takes for a device: the greater of its own and that of all. */
const effective = (read: (path: string) => number | undefined, path: string): number => {
  const all = deviceParameter('all', path.slice(path.lastIndexOf('/') + 1))
  return Math.max(read(all) ?? 0, read(path) ?? 0)
}

/** What the kernel shall be told. */
export function directorWishes(
  config: DirectorHelperConfig,
  interfaces: readonly string[],
  vips: Iterable<number>,
  links: ReadonlyMap<string, Link>,
): SysctlWish[] {
  const wishes = new Map<string, SysctlWish>()
  const wish = (each: SysctlWish): void => {
    if (!wishes.has(each.path)) wishes.set(each.path, each)
  }
  for (const vip of config.arp ? vips : []) {
    const text = formatIpv4(vip)
    for (const device of devicesBeside(vip, links.values())) {
      const ignore = deviceParameter(device, 'arp_ignore')
      wish({
        path: ignore,
        wanted: 1,
        why: `the director answers ARP for ${text}, so that clients on ${device} pass the routers by`,
        // 2 is 1 and stricter, 8 is silence
        suffices: (read) => [1, 2, 8].includes(effective(read, ignore)),
      })
      const announce = deviceParameter(device, 'arp_announce')
      wish({
        path: announce,
        wanted: 2,
        why: `ARP requests from ${text} tell hosts on ${device} that it is here`,
        suffices: (read) => effective(read, announce) === 2,
      })
    }
  }
  for (const device of config.reversePath ? interfaces : []) {
    const path = deviceParameter(device, 'rp_filter')
    wish({
      path,
      wanted: 2,
      why: `what comes in on ${device} from clients that are routed elsewhere is dropped`,
      suffices: (read) => effective(read, path) !== 1,
    })
  }
  if (config.nonlocalBind) {
    const why = 'nothing can listen on a VIP that is not there yet'
    wish({ path: 'net/ipv4/ip_nonlocal_bind', wanted: 1, why })
  }
  if (config.forward) {
    wish({ path: 'net/ipv4/ip_forward', wanted: 1, why: 'nothing is forwarded' })
  }
  return [...wishes.values()]
}

/** Watches over the parameters while VIPs are announced. */
export class DirectorHelper {
  #config: DirectorHelperConfig
  #interfaces: readonly string[]
  readonly #links: LinkPort
  readonly #keeper: SysctlKeeper
  readonly #report: (event: SysctlEvent) => void
  readonly #watch: Disposable
  /** VIPs that are announced or about to be, and how often: one may come anew while it leaves. */
  readonly #vips = new Map<number, number>()
  /** What was said, so that it is said once. */
  #said = new Set<string>()

  constructor(
    config: DirectorHelperConfig,
    port: SysctlPort,
    links: LinkPort,
    interfaces: readonly string[],
    report: (event: SysctlEvent) => void,
    ledger?: SysctlLedger,
  ) {
    this.#config = config
    this.#interfaces = interfaces
    this.#links = links
    this.#report = (event) => {
      // what cannot be set is tried again whenever devices change
      const said = `${event.what} ${event.path}`
      if (event.what !== 'set' && event.what !== 'restored') {
        if (this.#said.has(said)) return
        this.#said.add(said)
      }
      report(event)
    }
    this.#keeper = new SysctlKeeper(port, [], this.#report, ledger)
    this.#watch = links.watch(() => this.#look())
  }

  /** Does what it was asked for. */
  begin(): void {
    this.#look()
  }

  /** Other wishes, or other devices: what is wished for no more is put back, and the rest stays as it is. */
  configure(config: DirectorHelperConfig, interfaces: readonly string[]): void {
    this.#config = config
    this.#interfaces = interfaces
    this.#said = new Set()
    this.#look()
  }

  /** Before the address of a VIP is added. Ends when it is gone again. */
  announced(vip: number): Disposable {
    this.#vips.set(vip, (this.#vips.get(vip) ?? 0) + 1)
    this.#look()
    let isOver = false
    return {
      [Symbol.dispose]: () => {
        if (isOver) return
        isOver = true
        const left = this.#vips.get(vip)! - 1
        if (left > 0) return void this.#vips.set(vip, left)
        this.#vips.delete(vip)
        this.#look()
      },
    }
  }

  findings(): SysctlFinding[] {
    return this.#keeper.findings()
  }

  end(): void {
    this.#watch[Symbol.dispose]()
    this.#vips.clear()
    this.#keeper.restore()
  }

  #look(): void {
    const { mode } = this.#config
    const links = this.#links.links()
    const wishes = directorWishes(this.#config, this.#interfaces, this.#vips.keys(), links)
    this.#keeper.replace(wishes, mode === 'set')
    if (mode === 'set') this.#keeper.set()
    else this.#keeper.report()
  }
}
