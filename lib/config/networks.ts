/**
 * Which devices run OSPF, in which area, and which addresses are stub links: FRR's rule for `network P/L area A`,
 * applied to the kernel's devices. An address belongs to the longest prefix that holds it. A device that has OSPF
 * settings and no address yet takes part as soon as it has one, whichever: in its `ip ospf area`, or in the one area
 * of the networks that hold no address so far.
 */
import type { InterfaceOptions } from '../area-options.ts'
import type { Link } from '../ports.ts'
import { formatIpv4, networkOf, parseIpv4 } from '../wire/address.ts'
import { type FrrAuthentication, type FrrSeal, sealOf } from './frr-authentication.ts'
import type {
  FrrAddress,
  FrrInterface,
  FrrInterfaceSettings,
  FrrNeighbor,
  FrrNetwork,
  FrrOptions,
} from './frr-types.ts'

/** OSPF on a device's first address, or on another of its subnets. */
export interface ResolvedInterface {
  /** 'eth0' on its first address, 'eth0:A.B.C.D' on that one. */
  readonly name: string
  readonly area: string
  readonly settings: Omit<InterfaceOptions, 'authentication'> & {
    readonly authentication?: FrrSeal
  }
}

/** A prefix to announce as a stub link: a loopback address (12.4.1), or a further host address of a device. */
export interface ResolvedStub {
  readonly prefix: string
  readonly length: number
  readonly area: string
  readonly cost: number
  readonly device: string
}

export interface ResolvedNetworks {
  readonly interfaces: readonly ResolvedInterface[]
  readonly stubs: readonly ResolvedStub[]
  /** Configured addresses that the kernel does not have. They are resolved as if it had. */
  readonly missing: readonly FrrAddress[]
  /** Devices that shall run OSPF or have an address, and do not exist. */
  readonly absent: readonly string[]
  /** Sentences about what matched nothing, or could not be done. */
  readonly warnings: readonly string[]
  /** Stubs on a loopback whose cost nothing states: on it daemons disagree. */
  readonly unstated: readonly ResolvedStub[]
}

/** Mbit/s, where nothing is stated: of a device, and what costs 1. So that one of 10 Gbit/s costs 10, in FRR. */
const frrBandwidths = { device: 10000, reference: 100000 }
const quaggaBandwidths = { device: 10, reference: 100 }

/**
 * Matches a configuration with the devices. `speed` says how fast a device is, in Mbit/s; it is asked where the
 * interface states neither a cost nor a bandwidth.
 */
export function resolveNetworks(
  config: Pick<
    FrrOptions,
    | 'networks'
    | 'interfaces'
    | 'neighbors'
    | 'quaggaCosts'
    | 'addresses'
    | 'passiveDefault'
    | 'referenceBandwidth'
    | 'areaAuthentication'
    | 'keyChains'
    | 'vrf'
    | 'interfaceVrfs'
  >,
  devices: ReadonlyMap<string, Link>,
  speed: (device: string) => number | undefined = () => undefined,
): ResolvedNetworks {
  const links = inVrf(devices, config.vrf)
  const interfaces: ResolvedInterface[] = []
  const stubs: ResolvedStub[] = []
  const unstated: ResolvedStub[] = []
  const warnings: string[] = []
  const used = new Set<FrrNetwork>()
  const held = new Set<FrrNetwork>()
  const unaddressed: { readonly link: Link; readonly stated: FrrInterface }[] = []
  const missing = config.addresses.filter((wanted) => {
    const link = devices.get(wanted.device)
    return link !== undefined && !holds(link, wanted)
  })

  const costOf = (link: Link, stated: FrrInterfaceSettings, bandwidth?: number): number => {
    if (stated.cost !== undefined) return stated.cost
    const { quaggaCosts = false, referenceBandwidth } = config
    if (link.loopback && !quaggaCosts) return 0
    const defaults = quaggaCosts ? quaggaBandwidths : frrBandwidths
    const mbits = bandwidth ?? (quaggaCosts ? undefined : speed(link.name)) ?? defaults.device
    const cost = Math.floor((referenceBandwidth ?? defaults.reference) / mbits + 0.5)
    return Math.min(65535, Math.max(1, cost))
  }

  /** Of a device, for one of its addresses or for whichever it gets. */
  const settingsOf = (
    link: Link,
    area: string,
    stated: FrrInterface,
    own: FrrInterfaceSettings = {},
  ): ResolvedInterface['settings'] => {
    const { network = link.broadcast ? 'broadcast' : 'point-to-point', nonBroadcast } = stated
    const { bandwidth, byAddress, area: _, authentication: __, ...all } = stated
    const { area: ___, authentication: ____, ...one } = own
    const { helloInterval, ...settings } = { ...all, ...one }
    const areaType = config.areaAuthentication?.[area]
    const where = `interface ${link.name}`
    const authentication = mergeAuthentication(stated.authentication, own.authentication)
    const seal = sealOf(where, authentication, areaType, config.keyChains ?? {})
    return {
      ...settings,
      // FRR keeps one that is stated, for the day that the multiplier goes
      ...(helloInterval === undefined || settings.helloMultiplier !== undefined
        ? {}
        : { helloInterval }),
      network,
      ...(nonBroadcast === undefined ? {} : { nonBroadcast }),
      passive: settings.passive ?? config.passiveDefault,
      cost: costOf(link, settings, bandwidth),
      ...(seal === undefined ? {} : { authentication: seal }),
    }
  }

  const neighbors = new Set(config.neighbors)

  for (const [name, link] of links) {
    const stated = config.interfaces[name] ?? {}
    const unmet = new Set(Object.keys(stated.byAddress ?? {}))
    for (const [i, { address, length }] of addressesOf(link, missing).entries()) {
      const text = formatIpv4(address)
      const own = stated.byAddress?.[text] ?? {}
      unmet.delete(text)
      const network = longestMatch(config.networks, address)
      if (network !== undefined) used.add(network)
      // A VIP on lo may well lie in the subnet of the interface that is still to come.
      if (network !== undefined && (!link.loopback || network.length === 32)) held.add(network)
      const area = own.area ?? stated.area ?? network?.area
      if (area === undefined) continue
      // A loopback is a host route whatever its mask, as in FRR.
      const host = link.loopback ? 32 : length
      // FRR takes a VIP on a transit interface for a network of routers; it is not.
      if (link.loopback || (i > 0 && host === 32)) {
        const settings = { ...stated, ...own }
        const stub: ResolvedStub = {
          prefix: formatIpv4(networkOf(address, host)),
          length: host,
          area,
          cost: costOf(link, settings, stated.bandwidth),
          device: name,
        }
        stubs.push(stub)
        if (link.loopback && settings.cost === undefined) unstated.push(stub)
      } else {
        const settings = settingsOf(link, area, stated, own)
        const told = neighborsOf(settings, networkOf(address, length), length, neighbors)
        const key = i === 0 ? name : `${name}:${text}`
        interfaces.push({ name: key, area, settings: { ...settings, ...told } })
      }
    }
    for (const address of unmet)
      warnings.push(`interface ${name} has no address ${address}; its settings are not used`)
    // Without an address there is nothing to match; one that is configured for OSPF waits for its address.
    const isMeant = stated.area !== undefined || meantForOspf.some((field) => field in stated)
    if (isMeant && !link.loopback && addressesOf(link, missing).length === 0)
      unaddressed.push({ link, stated })
  }
  const open = new Set(config.networks.filter((one) => !held.has(one)).map(({ area }) => area))
  for (const { link, stated } of unaddressed) {
    const { name } = link
    const { area = open.size === 1 ? [...open][0] : undefined } = stated
    if (area !== undefined)
      interfaces.push({ name, area, settings: settingsOf(link, area, stated) })
    else warnings.push(`interface ${name} has no address: no network tells its area`)
  }
  for (const { file, line, address } of neighbors)
    warnings.push(`${file}:${line}: neighbor ${address} is on no non-broadcast network`)

  for (const network of config.networks)
    if (!used.has(network))
      warnings.push(
        `${network.file}:${network.line}: no address is in network ${network.prefix}/${network.length} area ${network.area}`,
      )
  const needed = new Set(config.addresses.map(({ device }) => device))
  const absent: string[] = []
  if (config.vrf !== undefined && devices.get(config.vrf)?.table === undefined)
    absent.push(config.vrf)
  for (const [name, vrf] of Object.entries(config.interfaceVrfs ?? {})) {
    const link = devices.get(name)
    if (link === undefined || link.vrf === vrf) continue
    const now = link.vrf === undefined ? 'no VRF' : `VRF ${link.vrf}`
    warnings.push(`interface ${name} is in ${now}, not in ${vrf}`)
  }
  for (const [name, { area }] of Object.entries(config.interfaces)) {
    if (devices.has(name)) continue
    if (area !== undefined || needed.has(name)) absent.push(name)
    else warnings.push(`interface ${name} does not exist; its settings are not used`)
  }
  return { interfaces, stubs, missing, absent, warnings, unstated }
}

/** The devices of a VRF. Its own device is to it what lo is to all others. */
const inVrf = (
  devices: ReadonlyMap<string, Link>,
  vrf: string | undefined,
): ReadonlyMap<string, Link> =>
  new Map(
    [...devices]
      .filter(([, link]) => link.vrf === vrf)
      .map(([name, link]) => [name, name === vrf ? { ...link, loopback: true } : link]),
  )

/** What is said of an interface for its own sake, as against `passive-interface`. */
const meantForOspf = ['network', 'cost', 'helloInterval', 'deadInterval', 'priority'] as const

/** First address first; without loopback's own 127/8 and without the kernel's secondary addresses, as FRR does. */
function addressesOf(
  link: Link,
  missing: readonly FrrAddress[],
): { readonly address: number; readonly length: number }[] {
  return [
    ...link.addresses
      .filter(({ secondary }) => !secondary)
      .map(({ address, prefixLength }) => ({ address, length: prefixLength })),
    ...missing
      .filter(({ device }) => device === link.name)
      .map(({ address, length }) => ({ address: parseIpv4(address)!, length })),
  ].filter(({ address }) => address >>> 24 !== 127)
}

function longestMatch(networks: readonly FrrNetwork[], address: number): FrrNetwork | undefined {
  let best: FrrNetwork | undefined
  for (const network of networks)
    if (
      networkOf(address, network.length) === parseIpv4(network.prefix) &&
      network.length > (best?.length ?? -1)
    )
      best = network
  return best
}

function holds(link: Link, wanted: FrrAddress): boolean {
  return link.addresses.some(
    ({ address, prefixLength }) =>
      formatIpv4(address) === wanted.address && prefixLength === wanted.length,
  )
}

/** FRR looks at each part for itself: for the address, then for the interface. */
function mergeAuthentication(
  all: FrrAuthentication | undefined,
  own: FrrAuthentication | undefined,
): FrrAuthentication | undefined {
  if (all === undefined || own === undefined) return own ?? all
  const digestKeys = own.digestKeys.length > 0 ? own.digestKeys : all.digestKeys
  return { ...all, ...own, digestKeys }
}

const defaultPollInterval = 60

/** Takes the neighbors that are on the network out of those that are left. */
function neighborsOf(
  { network, nonBroadcast = false }: ResolvedInterface['settings'],
  prefix: number,
  length: number,
  left: Set<FrrNeighbor>,
): Pick<InterfaceOptions, 'neighbors' | 'pollInterval'> {
  if (network !== 'nbma' && !nonBroadcast) return {}
  const found = [...left].filter(({ address }) => networkOf(parseIpv4(address)!, length) === prefix)
  for (const neighbor of found) left.delete(neighbor)
  if (found.length === 0) return {}
  return {
    // what is not stated is no promise that it will not be Designated Router
    neighbors: Object.fromEntries(
      found.map(({ address, priority }) => [address, { eligible: priority !== 0 }]),
    ),
    pollInterval: Math.min(...found.map((one) => one.pollInterval ?? defaultPollInterval)),
  }
}
