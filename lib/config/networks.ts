/**
 * Which devices run OSPF, in which area, and which addresses are stub links: FRR's rule for `network P/L area A`,
 * applied to the kernel's devices. An address belongs to the longest prefix that holds it. A device that has OSPF
 * settings and no address yet takes part as soon as it has one, whichever: in its `ip ospf area`, or in the one area
 * of the networks that hold no address so far.
 */
import type { Link } from '../ports.ts'
import { formatIpv4, networkOf, parseIpv4 } from '../wire/address.ts'
import type { FrrAddress, FrrInterface, FrrNetwork, FrrOptions } from './frr.ts'
import { type FrrSeal, sealOf } from './frr-authentication.ts'

/** OSPF on a device's first address, or on another of its subnets. */
export interface ResolvedInterface {
  /** 'eth0' on its first address, 'eth0:A.B.C.D' on that one. */
  readonly name: string
  readonly area: string
  readonly settings: Omit<FrrInterface, 'area' | 'authentication'> & {
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
}

/** Cost where the speed is unknown: FRR takes 10 Mbit/s then. */
const unknownSpeed = 10
const defaultReferenceBandwidth = 100

/**
 * Matches a configuration with the devices. `speed` says how fast a device is, in Mbit/s; it is asked only where
 * `auto-cost reference-bandwidth` is configured and the interface states no cost.
 */
export function resolveNetworks(
  config: Pick<
    FrrOptions,
    | 'networks'
    | 'interfaces'
    | 'addresses'
    | 'passiveDefault'
    | 'referenceBandwidth'
    | 'areaAuthentication'
    | 'keyChains'
  >,
  links: ReadonlyMap<string, Link>,
  speed: (device: string) => number | undefined = () => undefined,
): ResolvedNetworks {
  const interfaces: ResolvedInterface[] = []
  const stubs: ResolvedStub[] = []
  const warnings: string[] = []
  const used = new Set<FrrNetwork>()
  /** Settings of one address that have met it. */
  const addressed = new Set<string>()
  const held = new Set<FrrNetwork>()
  const unaddressed: (Omit<ResolvedInterface, 'area'> & {
    readonly area: string | undefined
    readonly authentication: FrrInterface['authentication']
  })[] = []
  const missing = config.addresses.filter((wanted) => {
    const link = links.get(wanted.device)
    return link !== undefined && !holds(link, wanted)
  })

  const settingsOf = (
    { broadcast }: Link,
    stated: Omit<FrrInterface, 'area' | 'authentication'>,
    cost: number,
  ): ResolvedInterface['settings'] => ({
    ...stated,
    network: stated.network ?? (broadcast ? 'broadcast' : 'point-to-point'),
    passive: stated.passive ?? config.passiveDefault,
    cost,
  })

  const sealed = (
    name: string,
    area: string,
    authentication: FrrInterface['authentication'],
    settings: ResolvedInterface['settings'],
  ): ResolvedInterface['settings'] => {
    const areaType = config.areaAuthentication?.[area]
    const seal = sealOf(`interface ${name}`, authentication, areaType, config.keyChains ?? {})
    return seal ? { ...settings, authentication: seal } : settings
  }

  for (const [name, link] of links) {
    const { area: fixed, authentication, ...stated } = config.interfaces[name] ?? {}
    const costOf = (cost: number | undefined): number =>
      cost ?? (link.loopback ? 0 : autoCost(config.referenceBandwidth, () => speed(name)))
    for (const [i, { address, length }] of addressesOf(link, missing).entries()) {
      const network = longestMatch(config.networks, address)
      if (network !== undefined) used.add(network)
      // A VIP on lo may well lie in the subnet of the interface that is still to come.
      if (network !== undefined && (!link.loopback || network.length === 32)) held.add(network)
      const named = `${name}:${formatIpv4(address)}`
      const own = config.interfaces[named]
      if (own) addressed.add(named)
      const { area: mine, authentication: seal, ...said } = own ?? {}
      const area = mine ?? fixed ?? network?.area
      if (area === undefined) continue
      // A loopback is a host route whatever its mask, as in FRR.
      const host = link.loopback ? 32 : length
      const cost = costOf(said.cost ?? stated.cost)
      if (link.loopback || (i > 0 && host === 32))
        stubs.push({
          prefix: formatIpv4(networkOf(address, host)),
          length: host,
          area,
          cost,
          device: name,
        })
      else {
        const settings = settingsOf(link, { ...stated, ...said }, cost)
        interfaces.push({
          name: i === 0 ? name : named,
          area,
          settings: sealed(name, area, seal ?? authentication, settings),
        })
      }
    }
    // Without an address there is nothing to match; one that is configured for OSPF waits for its address.
    const isMeant = fixed !== undefined || meantForOspf.some((field) => field in stated)
    if (isMeant && !link.loopback && addressesOf(link, missing).length === 0)
      unaddressed.push({
        name,
        area: fixed,
        authentication,
        settings: settingsOf(link, stated, costOf(stated.cost)),
      })
  }
  const open = new Set(config.networks.filter((one) => !held.has(one)).map(({ area }) => area))
  for (const { name, authentication, settings, ...rest } of unaddressed) {
    const { area = open.size === 1 ? [...open][0] : undefined } = rest
    if (area !== undefined)
      interfaces.push({ name, area, settings: sealed(name, area, authentication, settings) })
    else warnings.push(`interface ${name} has no address: no network tells its area`)
  }

  for (const network of config.networks)
    if (!used.has(network))
      warnings.push(
        `${network.file}:${network.line}: no address is in network ${network.prefix}/${network.length} area ${network.area}`,
      )
  const needed = new Set(config.addresses.map(({ device }) => device))
  const absent: string[] = []
  for (const [name, { area }] of Object.entries(config.interfaces)) {
    if (links.has(name) || addressed.has(name)) continue
    const [device = '', address] = name.split(':')
    if (address !== undefined) {
      if (links.has(device))
        warnings.push(`interface ${device} has no address ${address}; its settings are not used`)
      continue
    }
    if (area !== undefined || needed.has(name)) absent.push(name)
    else warnings.push(`interface ${name} does not exist; its settings are not used`)
  }
  return { interfaces, stubs, missing, absent, warnings }
}

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

function autoCost(reference: number | undefined, speed: () => number | undefined): number {
  const bandwidth = reference === undefined ? unknownSpeed : (speed() ?? unknownSpeed)
  const cost = Math.round((reference ?? defaultReferenceBandwidth) / bandwidth)
  return Math.min(65535, Math.max(1, cost))
}
