/** What each role wants of a host, as functions of what the host says. None of them changes anything. */
import type { HostDevice } from '../ports.ts'
import { deviceParameter, sysctlName } from '../sysctl.ts'
import { formatIpv4, networkOf } from '../wire/address.ts'
import { dropsInvalid, dropsOspf } from './preflight-firewall.ts'

export type PreflightRole = 'director' | 'real-server' | 'router' | 'speaker'

/** One thing that is not as it should be. */
export interface PreflightFinding {
  /** Stable: 'arp-ignore', 'rp-filter'. */
  readonly id: string
  /** 'error': it does not work so; 'warning': it fails in some cases; 'info': good to know. */
  readonly severity: 'error' | 'warning' | 'info'
  readonly found: string
  readonly why: string
  readonly remedy: string
}

/** What is looked at of a virtual service; those of `Director` fit. */
export interface PreflightService {
  readonly address?: string
  readonly port?: number
  readonly fwmark?: number
  readonly scheduler?: string
  readonly flags?: readonly string[]
  readonly persistence?: unknown
  readonly forward?: string
  readonly tunnel?: { readonly type: string }
  readonly servers: readonly {
    readonly address: string
    readonly port?: number
    readonly forward?: string
    readonly weight?: number
  }[]
}

/** A host as the checks see it. */
export interface Facts {
  readonly role: PreflightRole
  readonly vips: readonly number[]
  readonly services: readonly PreflightService[]
  readonly interfaces: readonly string[]
  readonly devices: readonly HostDevice[]
  readonly sysctl: (path: string) => number | undefined
  /** Text of a file; undefined: it is not there, or not for us. */
  readonly file: (path: string) => string | undefined
  readonly processes: readonly string[]
  /** `nft -j list ruleset`; undefined: nobody could say. */
  readonly ruleset: string | undefined
}

type Check = (facts: Facts) => PreflightFinding[]

const setting = (path: string, value: number): string => `sysctl -w ${sysctlName(path)}=${value}`

export const finding = (
  id: string,
  severity: PreflightFinding['severity'],
  found: string,
  why: string,
  remedy: string,
): PreflightFinding => ({ id, severity, found, why, remedy })

/** The kernel takes the greater of all and the device. */
const greater = ({ sysctl }: Facts, device: string, parameter: string): number =>
  Math.max(
    sysctl(deviceParameter('all', parameter)) ?? 0,
    sysctl(deviceParameter(device, parameter)) ?? 0,
  )

/** VIPs that hosts on the device may ask for: any of a director or a real server, else those of its subnets. */
function vipsNear({ role, vips, devices }: Facts, device: string): readonly number[] {
  if (role !== 'speaker') return vips
  const addresses = devices.find(({ name }) => name === device)?.addresses ?? []
  return vips.filter((vip) =>
    addresses.some(
      ({ address, prefixLength }) =>
        prefixLength < 32 &&
        address !== vip &&
        networkOf(address, prefixLength) === networkOf(vip, prefixLength),
    ),
  )
}

const checkArp: Check = (facts) => {
  return facts.interfaces.flatMap((device) => {
    const vips = vipsNear(facts, device).map(formatIpv4).join(', ')
    if (vips === '') return []
    const ignore = greater(facts, device, 'arp_ignore')
    const announce = greater(facts, device, 'arp_announce')
    const found: PreflightFinding[] = []
    if (![1, 2, 8].includes(ignore)) {
      const why = `this host answers ARP for ${vips} on ${device}, and takes clients of that subnet away from the directors or routers`
      const remedy = setting(deviceParameter(device, 'arp_ignore'), 1)
      const said = `arp_ignore is ${ignore} on ${device}`
      found.push(
        finding(
          'arp-ignore',
          facts.role === 'real-server' ? 'error' : 'warning',
          said,
          why,
          remedy,
        ),
      )
    }
    if (announce !== 2) {
      const why = `ARP requests from ${vips} tell hosts on ${device} that it is here`
      const remedy = setting(deviceParameter(device, 'arp_announce'), 2)
      found.push(
        finding('arp-announce', 'warning', `arp_announce is ${announce} on ${device}`, why, remedy),
      )
    }
    return found
  })
}

const isTunnel = ({ kind }: HostDevice): boolean => kind === 'ipip' || kind === 'gre'

const checkReversePath: Check = (facts) => {
  const tunnels = facts.devices.filter((each) => isTunnel(each) && each.up)
  const names = [...new Set([...facts.interfaces, ...tunnels.map(({ name }) => name)])]
  return names
    .filter((name) => greater(facts, name, 'rp_filter') === 1)
    .map((name) =>
      finding(
        'rp-filter',
        tunnels.some((each) => each.name === name) ? 'error' : 'warning',
        `rp_filter is strict on ${name} (the greater of all and ${name})`,
        'packets of clients that are routed elsewhere are dropped without a word',
        setting(deviceParameter(name, 'rp_filter'), 2),
      ),
    )
}

const forwardOf = (service: PreflightService, own?: string): string =>
  own ?? service.forward ?? 'dr'
const forwardsOf = ({ services }: Facts): Set<string> =>
  new Set(services.flatMap((s) => s.servers.map((server) => forwardOf(s, server.forward))))

const checkForward: Check = (facts) => {
  const path = 'net/ipv4/ip_forward'
  if (facts.sysctl(path) === 1) return []
  if (facts.role === 'router') {
    return [
      finding('ip-forward', 'error', 'ip_forward is 0', 'nothing is forwarded', setting(path, 1)),
    ]
  }
  if (facts.role !== 'director' || !forwardsOf(facts).has('nat')) return []
  const why = 'replies of NAT real servers have to pass this host'
  return [finding('ip-forward', 'error', 'ip_forward is 0', why, setting(path, 1))]
}

const checkRedirects: Check = (facts) =>
  facts.interfaces
    .filter((name) => greater(facts, name, 'send_redirects') !== 0)
    .map((name) =>
      finding(
        'send-redirects',
        'warning',
        `send_redirects is on for ${name} (the greater of all and ${name})`,
        'one redirect pins a client of that segment to one director or server for minutes',
        `${setting(deviceParameter('all', 'send_redirects'), 0)}; ${setting(deviceParameter(name, 'send_redirects'), 0)}`,
      ),
    )

const checkProxyArp: Check = (facts) =>
  facts.interfaces
    .filter((name) => greater(facts, name, 'proxy_arp') !== 0)
    .map((name) =>
      finding(
        'proxy-arp',
        facts.role === 'router' ? 'info' : 'warning',
        `proxy_arp is on for ${name}`,
        'this host answers ARP for every address that it routes elsewhere, VIPs among them',
        setting(deviceParameter(name, 'proxy_arp'), 0),
      ),
    )

const checkHash: Check = (facts) => {
  const path = 'net/ipv4/fib_multipath_hash_policy'
  if (facts.role !== 'router' || (facts.sysctl(path) ?? 1) !== 0) return []
  const why = 'all connections of a client to a VIP go to one director'
  return [
    finding('hash-policy', 'warning', 'fib_multipath_hash_policy is 0', why, setting(path, 1)),
  ]
}

const nameOf = ({ address, port, fwmark }: PreflightService): string =>
  fwmark === undefined ? `${address}:${port ?? 0}` : `fwmark ${fwmark}`

const checkPorts: Check = ({ services }) =>
  services.flatMap((service) =>
    service.servers
      .filter(
        ({ port, forward }) =>
          service.port !== undefined &&
          forwardOf(service, forward) !== 'nat' &&
          port !== undefined &&
          port !== service.port,
      )
      .map(({ address, port }) =>
        finding(
          'port-mismatch',
          'error',
          `${nameOf(service)} forwards to ${address}:${port} without NAT`,
          'direct routing and tunnels leave the port as it is: the server gets packets for the port of the service',
          `give the server port ${service.port}, or forward by NAT`,
        ),
      ),
  )

const overheads: Readonly<Record<string, number>> = { ipip: 20, gre: 24, gue: 32 }

const checkMtu: Check = (facts) => {
  if (!forwardsOf(facts).has('tun')) return []
  const kinds = facts.services.map(({ tunnel }) => overheads[tunnel?.type ?? 'ipip'] ?? 32)
  const most = Math.max(...kinds)
  return facts.devices
    .filter(({ name, mtu }) => facts.interfaces.includes(name) && mtu < 1500 + most)
    .map(({ name, mtu }) =>
      finding(
        'tunnel-mtu',
        'warning',
        `the MTU of ${name} is ${mtu}, and a tunnel adds ${most} octets`,
        'clients that send full packets depend on ICMP "fragmentation needed" from here, which firewalls often drop',
        `raise the MTU to ${1500 + most} on the way to the real servers, or have them offer a smaller segment (advmss ${mtu - most - 40})`,
      ),
    )
}

const checkModules: Check = (facts) => {
  if (facts.role !== 'director') return []
  const isLoaded = facts.file('/proc/net/ip_vs') !== undefined
  const release = facts.file('/proc/sys/kernel/osrelease')?.trim()
  const known = ['modules.dep', 'modules.builtin']
    .map((name) => facts.file(`/lib/modules/${release}/${name}`) ?? '')
    .join('\n')
  const loaded = facts.file('/proc/modules') ?? ''
  const has = (name: string): boolean =>
    new RegExp(`(^|/)${name}\\.ko`, 'm').test(known) || new RegExp(`^${name} `, 'm').test(loaded)
  if (!isLoaded && !has('ip_vs')) {
    const why = 'a director forwards by it'
    const remedy = 'install the modules of the kernel, or use the nftables data plane'
    return [finding('no-ipvs', 'error', 'this kernel has no IPVS (module ip_vs)', why, remedy)]
  }
  const schedulers = new Set(facts.services.map(({ scheduler }) => scheduler ?? 'wlc'))
  // built in, they are in no list
  if (known.trim() === '') return []
  return [...schedulers]
    .filter((name) => !has(`ip_vs_${name}`))
    .map((name) =>
      finding(
        'no-scheduler',
        'error',
        `there is no module ip_vs_${name}`,
        'the kernel refuses a service with that scheduler',
        `install it, or choose another scheduler`,
      ),
    )
}

const checkIpvsSysctls: Check = (facts) => {
  if (facts.role !== 'director') return []
  const { services } = facts
  const found: PreflightFinding[] = []
  const look = (
    name: string,
    isBad: (value: number) => boolean,
    wanted: number,
    why: string,
    severity: PreflightFinding['severity'] = 'warning',
  ): void => {
    const path = `net/ipv4/vs/${name}`
    const value = facts.sysctl(path)
    if (value === undefined || !isBad(value)) return
    const id = name.replaceAll('_', '-')
    found.push(finding(id, severity, `vs.${name} is ${value}`, why, setting(path, wanted)))
  }
  const isOff = (value: number): boolean => value === 0
  look(
    'expire_nodest_conn',
    isOff,
    1,
    'clients of a server that was removed hang until their own timeout in place of hearing a reset',
    'info',
  )
  if (services.some(({ persistence }) => persistence !== undefined)) {
    const why = 'a persistent client stays with a server of weight 0 for as long as it comes back'
    look('expire_quiescent_template', isOff, 1, why)
  }
  if (services.some(({ scheduler }) => scheduler === 'mh')) {
    const why = 'a director that has not seen the SYN resets connections that the routers send it'
    look('sloppy_tcp', isOff, 1, why)
  }
  const why = 'new connections that reuse a port of an old one stay with its server'
  look('conn_reuse_mode', isOff, 1, why, 'info')
  if (!forwardsOf(facts).has('nat')) {
    const why =
      'with DR and TUN connection tracking sees half of each connection, and costs for nothing'
    look('conntrack', (value) => value !== 0, 0, why, 'info')
  }
  return found
}

const checkWeights: Check = ({ services }) =>
  services
    .filter(
      ({ scheduler, flags = [], servers }) =>
        (scheduler === 'mh' || scheduler === 'sh') &&
        !flags.some((flag) => flag === 'flag-1' || flag.endsWith('-fallback')) &&
        servers.some(({ weight }) => weight === 0),
    )
    .map((service) =>
      finding(
        'weight-zero',
        'warning',
        `${nameOf(service)} has a server of weight 0, and ${service.scheduler} no fallback`,
        'clients that are hashed to it are refused',
        `set the flag ${service.scheduler}-fallback`,
      ),
    )

const checkFirewall: Check = ({ role, ruleset, interfaces }) => {
  if (ruleset === undefined) return []
  const found: PreflightFinding[] = []
  for (const device of role === 'real-server' ? [] : interfaces) {
    const by = dropsOspf(ruleset, device)
    if (by === undefined) continue
    found.push(
      finding(
        'firewall-ospf',
        'error',
        `the firewall drops IP protocol 89 on ${device} (${by})`,
        'no Hello arrives, and no neighbor is ever seen',
        'nft add rule ... ip protocol 89 accept, before it',
      ),
    )
  }
  const by = role === 'director' ? dropsInvalid(ruleset) : undefined
  if (by !== undefined) {
    found.push(
      finding(
        'firewall-invalid',
        'error',
        `the firewall drops what connection tracking calls invalid (${by})`,
        'with DR and TUN replies do not pass the director, so that it calls every connection invalid after its SYN',
        'except the VIPs from it, or do not track them (notrack)',
      ),
    )
  }
  return found
}

const CAP_NET_ADMIN = 12
const CAP_NET_RAW = 13

const checkPrivileges: Check = ({ role, file }) => {
  const found: PreflightFinding[] = []
  const mask = /^CapEff:\s*([0-9a-f]+)/m.exec(file('/proc/self/status') ?? '')?.[1]
  const needed = [
    ['CAP_NET_ADMIN', CAP_NET_ADMIN, 'it takes that to change addresses, routes and IPVS'],
    ['CAP_NET_RAW', CAP_NET_RAW, 'it takes that to send and receive OSPF'],
  ] as const
  for (const [name, bit, why] of needed) {
    if (mask === undefined || ((BigInt(`0x${mask}`) >> BigInt(bit)) & 1n) === 1n) continue
    if (bit === CAP_NET_RAW && role === 'real-server') continue
    const remedy = `run as root, or with AmbientCapabilities=${name}`
    found.push(finding('privileges', 'error', `this process has no ${name}`, why, remedy))
  }
  const mounts = (file('/proc/self/mounts') ?? '').split('\n').map((line) => line.split(' '))
  const last = mounts.findLast(([, at]) => at === '/proc/sys' || at === '/proc')
  if (last?.[3]?.split(',').includes('ro')) {
    const why = 'kernel parameters cannot be set from here, as in a container'
    found.push(
      finding(
        'read-only-sysctls',
        'warning',
        '/proc/sys is read-only',
        why,
        'set them from outside',
      ),
    )
  }
  return found
}

const checkOthers: Check = ({ role, processes, sysctl, interfaces }) => {
  if (role === 'real-server') return []
  const found = processes
    .filter((name) => ['ospfd', 'bird', 'bird6', 'gated'].includes(name))
    .map((name) =>
      finding(
        'other-daemon',
        'warning',
        `${name} runs on this host`,
        'two OSPF speakers on one interface, or with one router id, confuse every neighbor',
        `stop ${name}, or give it other interfaces and another router id`,
      ),
    )
  const most = sysctl('net/ipv4/igmp_max_memberships')
  if (most !== undefined && most < 2) {
    const why = `each of ${interfaces.length} interfaces joins two groups on a socket of its own`
    const path = 'net/ipv4/igmp_max_memberships'
    found.push(
      finding('memberships', 'error', `igmp_max_memberships is ${most}`, why, setting(path, 20)),
    )
  }
  return found
}

/** By name, as the report lists what was looked at. */
export const checks: Readonly<Record<string, Check>> = {
  privileges: checkPrivileges,
  // the VIPs of a router are those of others
  ARP: (facts) => (facts.role === 'router' ? [] : checkArp(facts)),
  'reverse path': (facts) => (facts.role === 'speaker' ? [] : checkReversePath(facts)),
  forwarding: checkForward,
  redirects: (facts) =>
    facts.role === 'router' || facts.role === 'director' ? checkRedirects(facts) : [],
  'proxy ARP': checkProxyArp,
  'hash policy': checkHash,
  ports: checkPorts,
  'tunnel MTU': checkMtu,
  modules: checkModules,
  'IPVS parameters': checkIpvsSysctls,
  weights: checkWeights,
  firewall: checkFirewall,
  'other daemons': checkOthers,
}
