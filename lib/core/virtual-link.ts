/**
 * Virtual links (RFC 2328 section 15): point-to-point interfaces of the backbone whose packets travel through another
 * area. They are up for as long as that area has a way to the other end; cost and addresses follow from that way.
 */
import type { Area } from './area.ts'
import type { CalculationInput } from './calculation-input.ts'
import type { Interface } from './interface.ts'
import type { LinkState } from './io.ts'
import type { Router } from './router.ts'
import { routerBody, type Tree, UNREACHABLE } from './spf.ts'

const LINK_TRANSIT = 2
const LINK_STUB = 3
/** 1.0.0.0: addresses from 0.0.0.0/8 are no one's. */
const LEAST_ADDRESS = 0x01000000
/** A longer way is none (15): a router-LSA cannot say it. */
const COST_MAX = 0xffff
/** Virtual links never carry more than fits everywhere, as nobody knows the MTU of the way. */
const VIRTUAL_MTU = 576

/** The virtual link to a router through an area. */
export function virtualLinkTo(
  router: Router,
  transitArea: number,
  endpoint: number,
): Interface | undefined {
  for (const iface of router.interfaces.values()) {
    const { virtual } = iface.config
    if (virtual?.transitArea === transitArea && virtual.endpoint === endpoint) return iface
  }
  return undefined
}

/** The hop, unresolved yet, to the other end of a virtual link; -1: there is none that is up. */
export function hopsOverVirtualLink(router: CalculationInput, endpoint: number): number {
  for (const { config, state, name } of router.interfaces.values()) {
    if (config.virtual?.endpoint === endpoint && state !== 'Down') return router.hops.virtual(name)
  }
  return -1
}

/** Whether a virtual link through the area is fully adjacent: bit V of our router-LSA there (12.4.1). */
export function isVirtualEndpoint(area: Area): boolean {
  for (const { config, neighbors } of area.router.interfaces.values()) {
    if (config.virtual?.transitArea !== area.id) continue
    for (const { state } of neighbors.values()) if (state === 'Full') return true
  }
  return false
}

/** 16.1, last step: what the new trees mean for our virtual links. */
export function updateVirtualLinks(router: Router): void {
  for (const iface of router.interfaces.values()) {
    const { virtual } = iface.config
    if (virtual === undefined) continue
    const area = router.areas.get(virtual.transitArea)
    const way = area?.isNormal && area.tree ? wayTo(router, area.tree, virtual.endpoint) : undefined
    if (way === undefined) {
      router.setLink(iface, undefined)
      continue
    }
    if (iface.config.cost !== way.cost || iface.address !== way.link.address) {
      iface.config = { ...iface.config, cost: way.cost }
      iface.area.originateDirty = true
    }
    iface.endpointAddress = way.theirs
    // another address is another way to the same neighbor (16.7), no other link
    if (iface.state === 'Down') router.setLink(iface, way.link)
    else iface.link = way.link
  }
}

interface Way {
  readonly cost: number
  readonly link: LinkState
  readonly theirs: number
}

function wayTo(router: Router, tree: Tree, endpoint: number): Way | undefined {
  const vertex = tree.routers.get(endpoint)
  if (vertex === undefined) return undefined
  const cost = tree.distance[vertex]!
  const [hop] = router.hops.get(tree.hopSet[vertex]!)
  if (cost > COST_MAX || hop === undefined) return undefined
  const ours = router.interfaces.get(hop.interface)?.address
  const theirs = addressTowardsUs(tree, vertex)
  if (!ours || !theirs) return undefined
  return { cost, theirs, link: { up: true, address: ours, prefixLength: 32, mtu: VIRTUAL_MTU } }
}

/** 16.1 (4): its address on the side that we see it from. Unnumbered links have none: an index, below any address. */
function addressTowardsUs({ vertices, distance, routers, networks }: Tree, vertex: number): number {
  let nearest = UNREACHABLE
  let address = 0
  for (const { type, id, data } of routerBody(vertices[vertex]!).links) {
    if (type === LINK_STUB || data < LEAST_ADDRESS) continue
    const other = type === LINK_TRANSIT ? networks.get(id) : routers.get(id)
    if (other === undefined || distance[other]! >= nearest) continue
    nearest = distance[other]!
    address = data
  }
  return address
}
