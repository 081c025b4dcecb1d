/**
 * The routing table (RFC 2328 section 11), built from nothing in the order of section 16: intra-area (16.1, second
 * stage), inter-area (inter-area.ts), AS externals (external-routes.ts); and what changed since the last time.
 */
import { lengthOfMask, maskOf } from '../wire/address.ts'
import { type Area, prefixKey } from './area.ts'
import type { NextHop, PathType, Route, RouteChange } from './io.ts'
import type { Entry } from './lsdb.ts'
import type { Router } from './router.ts'
import { networkBody, routerBody } from './spf.ts'

/** The way to a network. */
export interface NetworkPath {
  readonly prefix: number
  readonly length: number
  pathType: PathType
  /** The area of an intra-area path, or that an inter-area path goes through. */
  area: number | undefined
  cost: number
  /** Metric of a type 2 external. */
  type2Cost: number | undefined
  tag: number | undefined
  /** A number of `router.hops`; 0: ourselves. */
  hopSet: number
  /** How well its way to the AS boundary router is liked (16.4.1); externals only. */
  rank: number
  /** Of an external: the LSA behind it; of several, the one that RFC 3101 2.5 (6e) puts first. */
  origin: Entry | undefined
  /** The NSSA whose type 7 LSA that is. */
  nssa: Area | undefined
}

/** The way to an area border or AS boundary router, through one area. */
export interface RouterPath {
  readonly routerId: number
  readonly area: number
  readonly pathType: 'intra-area' | 'inter-area'
  cost: number
  hopSet: number
  readonly isBorder: boolean
  readonly isBoundary: boolean
}

/** What one calculation finds. */
export class RoutingTable {
  readonly networks: Map<number, NetworkPath> = new Map()
  /** By area, then by Router ID. */
  readonly routers: Map<number, Map<number, RouterPath>> = new Map()

  /** The path through an area to a router. */
  router(area: number, routerId: number): RouterPath | undefined {
    return this.routers.get(area)?.get(routerId)
  }

  /** Every path to a router, one for each area. */
  *pathsTo(routerId: number): Generator<RouterPath> {
    for (const paths of this.routers.values()) {
      const path = paths.get(routerId)
      if (path) yield path
    }
  }

  setRouter(path: RouterPath): void {
    let paths = this.routers.get(path.area)
    if (!paths) this.routers.set(path.area, (paths = new Map()))
    paths.set(path.routerId, path)
  }

  /** The longest prefix that holds an address (11.1). */
  lookup(address: number): NetworkPath | undefined {
    for (let length = 32; length >= 0; length--) {
      const path = this.networks.get(prefixKey((address & maskOf(length)) >>> 0, length))
      if (path) return path
    }
    return undefined
  }
}

const LINK_STUB = 3

/** Routers and networks of an area's own tree (16.1, second stage). */
export function addIntraArea(router: Router, area: Area, table: RoutingTable): void {
  const { tree } = area
  if (tree === undefined) return
  const { hops } = router
  const offer = (address: number, mask: number, cost: number, hopSet: number): void => {
    const length = lengthOfMask(mask)
    if (length === undefined) return
    const prefix = (address & maskOf(length)) >>> 0
    const key = prefixKey(prefix, length)
    const path = table.networks.get(key)
    if (path === undefined || cost < path.cost) {
      table.networks.set(key, {
        prefix,
        length,
        pathType: 'intra-area',
        area: area.id,
        cost,
        type2Cost: undefined,
        tag: undefined,
        hopSet,
        rank: 0,
        origin: undefined,
        nssa: undefined,
      })
    } else if (cost === path.cost) {
      // our own prefix, or a way to it as short as another's: being there needs no next hop
      path.hopSet = hopSet === 0 || path.hopSet === 0 ? 0 : hops.union(path.hopSet, hopSet)
    }
  }
  for (const v of tree.order) {
    const vertex = tree.vertices[v]!
    const distance = tree.distance[v]!
    const hopSet = tree.hopSet[v]!
    if (vertex.kind === 'network') {
      // RFC 6860 3: a transit network with a host mask is suppressed
      if (networkBody(vertex).mask === 0xffffffff) continue
      offer(vertex.id, networkBody(vertex).mask, distance, hopSet)
      continue
    }
    const { border, external, links } = routerBody(vertex)
    if ((border || external) && vertex.id !== router.routerId) {
      table.setRouter({
        routerId: vertex.id,
        area: area.id,
        pathType: 'intra-area',
        cost: distance,
        hopSet,
        isBorder: border,
        isBoundary: external,
      })
    }
    for (const link of links) {
      if (link.type === LINK_STUB) offer(link.id, link.data, distance + link.metric, hopSet)
    }
  }
}

/** The table as it is given to the outside. */
export function finishRoutes(router: Router, table: RoutingTable): Map<number, Route> {
  const attached = attachedNetworks(router)
  const routes = new Map<number, Route>()
  for (const [key, path] of table.networks) {
    const { prefix, length, pathType, area, cost, type2Cost, tag, hopSet } = path
    const nextHops = attached.get(key) ?? router.hops.get(hopSet)
    routes.set(key, { prefix, length, pathType, area, cost, type2Cost, tag, nextHops })
  }
  return routes
}

/** What an interface of ours is on is reached directly, whoever else claims to be near. */
function attachedNetworks(router: Router): Map<number, readonly NextHop[]> {
  const networks = new Map<number, readonly NextHop[]>()
  for (const iface of router.interfaces.values()) {
    if (iface.state === 'Down' || iface.isVirtual) continue
    const key = prefixKey(iface.network, iface.link.prefixLength)
    networks.set(key, [{ interface: iface.name, gateway: undefined }])
  }
  return networks
}

/** Whether the kernel is to have it: the way leads through other routers. */
export const isRemote = ({ nextHops }: Route): boolean =>
  nextHops.length > 0 && nextHops.every((hop) => hop.gateway !== undefined)

export type RouteTable = ReadonlyMap<number, Route>

/**
 * What must be told about the way from one table to the next. Costs alone do not matter to a forwarding table; they do
 * (`attributes`) where a policy looks at them.
 */
export function diffRoutes(
  before: RouteTable,
  after: RouteTable,
  attributes = false,
): RouteChange[] {
  const changes: RouteChange[] = []
  for (const [key, route] of before) {
    const next = after.get(key)
    if (isRemote(route) && !(next && isRemote(next))) {
      changes.push({ type: 'remove', prefix: route.prefix, length: route.length })
    }
  }
  for (const [key, route] of after) {
    if (!isRemote(route)) continue
    const old = before.get(key)
    if (
      !old ||
      !isRemote(old) ||
      !sameHops(old.nextHops, route.nextHops) ||
      (attributes && !sameAttributes(old, route))
    ) {
      changes.push({ type: 'replace', route })
    }
  }
  return changes
}

const sameAttributes = (a: Route, b: Route): boolean =>
  a.pathType === b.pathType && a.cost === b.cost && a.type2Cost === b.type2Cost && a.tag === b.tag

function sameHops(a: readonly NextHop[], b: readonly NextHop[]): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  return a.every((hop) =>
    b.some(
      (other) =>
        other.interface === hop.interface &&
        other.gateway === hop.gateway &&
        other.onLink === hop.onLink &&
        (other.weight ?? 1) === (hop.weight ?? 1),
    ),
  )
}
