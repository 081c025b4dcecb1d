/** Our own router-LSA and network-LSAs (RFC 2328 12.4.1, 12.4.2). */
import { lengthOfMask, maskOf, networkOf } from '../wire/address.ts'
import { LsType } from '../wire/lsa.ts'
import type { RouterLink } from '../wire/router-lsa.ts'
import type { Area } from './area.ts'
import type { Interface } from './interface.ts'
import type { Neighbor } from './neighbor.ts'
import type { Wish } from './originate.ts'
import { permits } from './prefix-list.ts'
import { isVirtualEndpoint } from './virtual-link.ts'

// 12.4.1.1 to 12.4.1.3
const LINK_POINT_TO_POINT = 1
const LINK_TRANSIT = 2
const LINK_STUB = 3
const LINK_VIRTUAL = 4
const HOST_MASK = 0xffffffff
/** RFC 6987 2. */
const MAX_LINK_METRIC = 0xffff

/** An IP datagram, less the headers of IP and OSPF, the count of LSAs, header and count of this one, and a digest. */
const LINKS_OCTETS = 0xffff - 20 - 24 - 4 - 24 - 80
const LINK_OCTETS = 12
/** Links of a router-LSA that one packet can carry; an LSA cannot be divided. */
export const ROUTER_LSA_LINKS: number = Math.floor(LINKS_OCTETS / LINK_OCTETS)

/**
 * What we are attached to.
 * @param real the costs as they are configured, whatever others are to be told
 */
function routerLinks(area: Area, real: boolean): RouterLink[] {
  const links: RouterLink[] = []
  const { stubRouter, announceOnly, allowed } = area.router
  const add = (type: number, id: number, data: number, cost: number): void => {
    // RFC 6987 2: what leads elsewhere costs all there is
    const isStub = type === LINK_STUB
    const isRaised = isStub ? stubRouter?.includeStub : stubRouter || announceOnly
    if (isStub && !permits(allowed, id, lengthOfMask(data) ?? 32)) return
    links.push({ type, id, data, metric: isRaised && !real ? MAX_LINK_METRIC : cost, tos: [] })
  }
  for (const iface of area.interfaces) {
    const { address, network, mask } = iface
    const { cost } = iface.config
    if (iface.state !== 'Down' && advertisesSecondaries(iface)) {
      for (const { address, prefixLength } of iface.link.secondaries ?? []) {
        add(LINK_STUB, networkOf(address, prefixLength), maskOf(prefixLength), cost)
      }
    }
    switch (iface.state) {
      case 'Down':
        break
      case 'Loopback':
        add(LINK_STUB, address, HOST_MASK, 0)
        break
      case 'Point-to-point':
        if (iface.isVirtual) {
          // 12.4.1.3
          for (const neighbor of iface.neighbors.values()) {
            if (neighbor.state === 'Full') add(LINK_VIRTUAL, neighbor.routerId, address, cost)
          }
          break
        }
        // 12.4.1.1 and its option 2 for the subnet; 12.4.1.4: a point-to-multipoint network has none
        for (const neighbor of iface.neighbors.values()) {
          if (neighbor.state === 'Full') add(LINK_POINT_TO_POINT, neighbor.routerId, address, cost)
        }
        if (!iface.isTold) break
        if (iface.config.network === 'point-to-multipoint') add(LINK_STUB, address, HOST_MASK, 0)
        else add(LINK_STUB, network, mask, cost)
        break
      case 'Waiting':
      case 'DROther':
      case 'Backup':
      case 'DR':
        // 12.4.1.2
        if (isTransit(iface)) add(LINK_TRANSIT, iface.designatedRouter, address, cost)
        else if (iface.isTold) add(LINK_STUB, network, mask, cost)
    }
  }
  for (const { prefix, length, cost } of area.stubs.values()) {
    add(LINK_STUB, prefix, maskOf(length), cost)
  }
  if (links.length <= ROUTER_LSA_LINKS) return links
  // what was added last does not go: neighbors and networks come first
  area.router.limitReached('router-lsa', ROUTER_LSA_LINKS)
  return links.slice(0, ROUTER_LSA_LINKS)
}

const advertisesSecondaries = ({ config }: Interface): boolean =>
  config.secondaryAddresses === true && !config.prefixSuppression

/** Fully adjacent to the Designated Router, or that router itself with anybody fully adjacent. */
function isTransit(iface: Interface): boolean {
  if (iface.state === 'Waiting' || iface.designatedRouter === 0) return false
  if (iface.state === 'DR') return fullNeighbors(iface).length > 0
  return iface.neighbors.get(iface.designatedRouter)?.state === 'Full'
}

const fullNeighbors = (iface: Interface): Neighbor[] =>
  [...iface.neighbors.values()].filter((neighbor) => neighbor.state === 'Full')

/** What we want to say of ourselves in an area, and of the networks whose Designated Router we are. */
export function routerAndNetworkLsas(area: Area, wish: Wish): void {
  const { router } = area
  const { routerId } = router
  const body = {
    kind: 'router',
    flags: 0,
    virtualLink: isVirtualEndpoint(area),
    // 12.4.1: never into a stub area
    external: router.isAsbr && area.config.kind !== 'stub',
    border: router.handover.isBorderOf(area),
    // RFC 3101 3.1: who translates whether it is elected or not
    nssaTranslator:
      router.handover.isBorderOf(area) &&
      area.config.kind === 'nssa' &&
      area.config.nssa.translator === 'always',
    wildcard: false,
    links: routerLinks(area, false),
  } as const
  // our own way out costs what it costs
  const own = router.announceOnly ? { calculated: { ...body, links: routerLinks(area, true) } } : {}
  wish.add(LsType.router, routerId, body, own)
  // 12.4.2
  for (const iface of area.interfaces) {
    if (iface.state !== 'DR') continue
    const full = fullNeighbors(iface)
    if (full.length === 0) continue
    const attachedRouters = [routerId, ...full.map((n) => n.routerId)]
    // RFC 6860 2.2.1: a host mask tells that nobody is to have a route to it
    const mask = iface.isTold ? iface.mask : HOST_MASK
    wish.add(LsType.network, iface.address, { kind: 'network', mask, attachedRouters })
  }
}
