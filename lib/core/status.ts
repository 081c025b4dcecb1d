/** What a router is, area by area, and the border and boundary routers that it knows the way to; for people. */
import { BACKBONE } from './area.ts'
import type { AreaConfig, NextHop } from './io.ts'
import { isAbr, isAsbr } from './role.ts'
import type { AbrType, Router } from './router.ts'
import type { RouterPath } from './routes.ts'
import { UNREACHABLE } from './spf.ts'

export interface AreaSnapshot {
  readonly id: number
  readonly kind: AreaConfig['kind']
  /** We translate its type 7 LSAs (RFC 3101 3.1). */
  readonly isTranslator: boolean
  readonly interfaces: number
  readonly activeInterfaces: number
  readonly fullNeighbors: number
  /** Full neighbors over virtual links through it. */
  readonly virtualAdjacencies: number
}

/** A router of an area, or one beyond it that tells of destinations outside. */
export interface RouterSnapshot {
  readonly routerId: number
  readonly area: number
  readonly pathType: RouterPath['pathType']
  readonly cost: number
  /** Area border router (ABR). */
  readonly isBorder: boolean
  /** AS boundary router (ASBR). */
  readonly isBoundary: boolean
  readonly nextHops: readonly NextHop[]
}

export interface StatusSnapshot {
  readonly isBorder: boolean
  readonly isBoundary: boolean
  readonly abrType: AbrType
  readonly rfc1583Compatibility: boolean
  readonly maximumPaths: number
  readonly areas: readonly AreaSnapshot[]
  /** All that can be reached, in order of Router ID. */
  readonly routers: readonly RouterSnapshot[]
}

export function snapshotStatus(router: Router): StatusSnapshot {
  return {
    isBorder: isAbr(router),
    isBoundary: isAsbr(router),
    abrType: router.abrType,
    rfc1583Compatibility: router.rfc1583Compatibility,
    maximumPaths: router.limits.maximumPaths,
    areas: Array.from(router.areas.values(), (area) => {
      const interfaces = [...area.interfaces]
      return {
        id: area.id,
        kind: area.config.kind,
        isTranslator: area.isTranslator,
        interfaces: interfaces.length,
        activeInterfaces: interfaces.filter(({ state }) => state !== 'Down').length,
        fullNeighbors: interfaces.reduce((sum, { neighbors }) => sum + fullOf(neighbors), 0),
        virtualAdjacencies: Array.from(router.interfaces.values())
          .filter(({ config }) => config.virtual?.transitArea === area.id)
          .reduce((sum, { neighbors }) => sum + fullOf(neighbors), 0),
      }
    }),
    routers: reachable(router),
  }
}

const fullOf = (neighbors: ReadonlyMap<number, { readonly state: string }>): number =>
  [...neighbors.values()].filter(({ state }) => state === 'Full').length

function reachable(router: Router): RouterSnapshot[] {
  const found: RouterSnapshot[] = []
  const { table, hops } = router.routing
  for (const { id: area, tree } of router.areas.values()) {
    const known = table.routers.get(area)
    for (const path of known?.values() ?? []) {
      const { routerId, pathType, cost, isBorder, isBoundary, hopSet } = path
      const nextHops = hops.get(hopSet)
      found.push({ routerId, area, pathType, cost, isBorder, isBoundary, nextHops })
    }
    for (const [routerId, vertex] of tree?.routers ?? []) {
      const cost = tree!.distance[vertex]!
      if (routerId === router.routerId || known?.has(routerId) || cost === UNREACHABLE) continue
      const nextHops = hops.get(tree!.hopSet[vertex]!)
      const pathType = 'intra-area'
      found.push({ routerId, area, pathType, cost, isBorder: false, isBoundary: false, nextHops })
    }
  }
  const others = found.filter(({ routerId }) => routerId !== router.routerId)
  return others.sort((a, b) => a.routerId - b.routerId || rank(a.area) - rank(b.area))
}

/** The backbone first. */
const rank = (area: number): number => (area === BACKBONE ? -1 : area)
