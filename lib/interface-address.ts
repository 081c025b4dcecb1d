/**
 * Which address of which device an OSPF interface stands on. 'eth0' is the device on its primary address,
 * 'eth0:10.0.2.1' on that one; no device has a colon in its name.
 */
import type { InterfaceConfig, LinkState, Route, RouteChange } from './core/io.ts'
import type { Link } from './ports.ts'
import { networkOf, parseIpv4 } from './wire/address.ts'

/** The device of an interface, and the address where the name says one. */
export function placeOf(name: string): { readonly device: string; readonly address?: number } {
  const colon = name.indexOf(':')
  if (colon === -1) return { device: name }
  const address = parseIpv4(name.slice(colon + 1))
  return { device: name.slice(0, colon), ...(address === undefined ? {} : { address }) }
}

export const deviceOf = (name: string): string => placeOf(name).device

type Address = Link['addresses'][number]

/** What else there is on a device, and may not be taken for an address of the interface. */
export interface Others {
  /** What the interface stands on now. */
  readonly inUse: Pick<LinkState, 'address' | 'prefixLength'> | undefined
  /** Other interfaces of the device stand on it, as their names say. */
  isNamed(address: number): boolean
  /** Another interface of the device stands on it now. */
  isTaken(address: number): boolean
  /** A VIP that we announce, or did: there whether it is advertised or not. */
  isVip(address: number): boolean
}

/**
 * The device as an interface on it sees it. The interface stays on the address that it has for as long as that is
 * there, wherever others come to stand in the kernel's order: an address that changes costs every adjacency.
 */
export function linkOf(
  config: Pick<InterfaceConfig, 'name' | 'network' | 'passive' | 'secondaryAddresses'>,
  device: Link,
  others: Others,
): Link {
  const { address: named } = placeOf(config.name)
  const chosen =
    named === undefined
      ? choose(config, device, others)
      : device.addresses.find(({ address }) => address === named)
  return {
    ...device,
    address: chosen?.address,
    prefixLength: chosen?.prefixLength ?? 0,
    ...(chosen?.peer === undefined ? {} : { peer: chosen.peer }),
    ...(config.secondaryAddresses && chosen
      ? { secondaries: secondariesOf(device, chosen, others) }
      : {}),
  }
}

function choose(
  { network, passive }: Pick<InterfaceConfig, 'network' | 'passive'>,
  { addresses }: Link,
  { inUse, isNamed, isVip }: Others,
): Address | undefined {
  const elects = network === 'broadcast' || network === 'nbma'
  const candidates = addresses.filter((each) => {
    if (isNamed(each.address)) return false
    // nobody else can be on a network of one address, and a VIP of ours comes and goes
    return passive || !(isHost(each) && (elects || isVip(each.address)))
  })
  const [best] = candidates
  const alike = candidates.filter(({ prefixLength }) => prefixLength === inUse?.prefixLength)
  const present =
    alike.find(({ address }) => address === inUse?.address) ??
    // it is gone: the neighbors are where it was, and the kernel promotes one of its secondaries
    alike.find((each) => subnetOf(each) === subnetOf(inUse!))
  return best && present && rank(present) <= rank(best) ? present : best
}

const subnetOf = ({
  address,
  prefixLength,
}: Pick<LinkState, 'address' | 'prefixLength'>): string =>
  address === undefined ? '' : `${networkOf(address, prefixLength)}/${prefixLength}`

const isHost = ({ prefixLength, peer }: Address): boolean =>
  prefixLength === 32 && peer === undefined

/** What is lower displaces what is in use: a subnet a host address, an address of the site one of the link alone. */
const rank = (each: Address): number => (isHost(each) ? 2 : 0) + (isLinkLocal(each.address) ? 1 : 0)

/** 169.254.0.0/16 */
const isLinkLocal = (address: number): boolean => address >>> 16 === 0xa9fe

/** One address of each further subnet. */
function secondariesOf(
  { addresses }: Link,
  chosen: Address,
  { isNamed, isTaken, isVip }: Others,
): NonNullable<LinkState['secondaries']> {
  const seen = new Set([subnetOf(chosen)])
  return addresses.flatMap((each) => {
    const { address, prefixLength } = each
    const isOther = isNamed(address) || isTaken(address) || isVip(address)
    if (isOther || address >>> 24 === 127 || seen.has(subnetOf(each))) return []
    seen.add(subnetOf(each))
    return { address, prefixLength }
  })
}

/** A route as the kernel is told it: next hops leave through devices. */
export function onDevices(route: Route): Route {
  if (!route.nextHops.some((hop) => hop.interface.includes(':'))) return route
  const nextHops = route.nextHops.map((hop) => ({ ...hop, interface: deviceOf(hop.interface) }))
  return { ...route, nextHops }
}

/** The same of a change. */
export function changeOnDevices(change: RouteChange): RouteChange {
  if (change.type === 'remove') return change
  const route = onDevices(change.route)
  return route === change.route ? change : { ...change, route }
}
