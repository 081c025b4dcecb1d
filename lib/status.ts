/** What a router is, area by area, and which others it can reach, as the public API gives it. */
import type { AreaConfig } from './core/io.ts'
import type { AbrType } from './core/router.ts'
import type { RouterSnapshot, StatusSnapshot } from './core/status.ts'
import { type NextHopView, viewNextHop } from './views.ts'
import { formatIpv4 } from './wire/address.ts'

export interface AreaView {
  readonly id: string
  readonly type: AreaConfig['kind']
  /** We translate its type 7 LSAs (RFC 3101 3.1). */
  readonly translates: boolean
  readonly interfaces: number
  readonly activeInterfaces: number
  readonly fullNeighbors: number
  /** Full neighbors over virtual links through it. */
  readonly virtualAdjacencies: number
  /** Calculations of its tree so far. */
  readonly spfRuns: number
}

/** A router that can be reached. */
export interface RouterView {
  readonly routerId: string
  /** The area that the way leads through. */
  readonly area: string
  readonly pathType: RouterSnapshot['pathType']
  readonly cost: number
  /** An area border router (ABR). */
  readonly isBorder: boolean
  /** An AS boundary router (ASBR). */
  readonly isBoundary: boolean
  readonly nextHops: readonly NextHopView[]
}

export interface StatusView {
  readonly routerId: string
  /** We are an area border router (ABR). */
  readonly isBorder: boolean
  /** We are an AS boundary router (ASBR). */
  readonly isBoundary: boolean
  readonly abrType: AbrType
  readonly rfc1583Compatibility: boolean
  readonly maximumPaths: number
  readonly areas: readonly AreaView[]
  /** In order of Router ID. */
  readonly routers: readonly RouterView[]
}

/** @param spfRuns by area */
export function viewStatus(
  routerId: string,
  { areas, routers, ...rest }: StatusSnapshot,
  spfRuns: ReadonlyMap<string, number>,
): StatusView {
  return Object.freeze({
    routerId,
    ...rest,
    areas: Object.freeze(
      areas.map(({ id, kind, isTranslator, ...counts }) => {
        const area = formatIpv4(id)
        const runs = spfRuns.get(area) ?? 0
        return Object.freeze({
          id: area,
          type: kind,
          translates: isTranslator,
          ...counts,
          spfRuns: runs,
        })
      }),
    ),
    routers: Object.freeze(
      routers.map(({ routerId: id, area, nextHops, ...path }) =>
        Object.freeze({
          routerId: formatIpv4(id),
          area: formatIpv4(area),
          ...path,
          nextHops: Object.freeze(nextHops.map(viewNextHop)),
        }),
      ),
    ),
  })
}
