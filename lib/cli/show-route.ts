/** `show ip ospf route`, `border-routers` and `reachable-routers`: the keys and columns of FRR 8.4. */
import type { NextHopView, RouterView, RouteView, Snapshots } from './speaker-like.ts'
import { block, byAddress, clockTime, deviceOf, left } from './text.ts'

export type RouteDocument = Readonly<Record<string, RouteEntry>>

export interface RouteEntry {
  /** 'N', 'N IA', 'N E1', 'N E2', of routers 'R '; 'D IA', 'D E1', 'D E2' of what is discarded. */
  readonly routeType: string
  readonly cost: number
  /** Not of externals. */
  readonly area?: string
  /** Of routers beyond the area. */
  readonly IA?: true
  /** Of routers. */
  readonly routerType?: string
  /** Of externals. */
  readonly type2cost?: number
  readonly tag?: number
  readonly nexthops: readonly RouteNextHop[]
  /** Not FRR's, with `detail`: seconds since the route became what it is, and the LSAs behind it. */
  readonly age?: number
  readonly lsas?: readonly string[]
}

export type RouteNextHop =
  | { readonly ip: string; readonly via: string }
  | {
      readonly ip: ' '
      readonly 'directly attached to': string
      readonly directlyAttachedTo: string
    }

const routeTypes = {
  'intra-area': 'N',
  'inter-area': 'N IA',
  'external-1': 'N E1',
  'external-2': 'N E2',
} as const

const discardTypes = {
  'intra-area': 'D IA',
  'inter-area': 'D IA',
  'external-1': 'D E1',
  'external-2': 'D E2',
} as const

const hopOf = ({ interface: name, gateway }: NextHopView): RouteNextHop => {
  const device = deviceOf(name)
  return gateway === undefined
    ? { ip: ' ', 'directly attached to': device, directlyAttachedTo: device }
    : { ip: gateway, via: device }
}

/** Addresses of this router are attached to lo, as FRR has it. */
const hopsOf = (hops: readonly NextHopView[]): RouteNextHop[] =>
  (hops.length === 0 ? [{ interface: 'lo', gateway: undefined }] : hops).map(hopOf)

export const isExternal = ({ pathType }: RouteView): boolean => pathType.startsWith('external')

export function routeDocument(speaker: Snapshots, detail: boolean): RouteDocument {
  const routes = speaker.routes().toSorted((a, b) => byAddress(a.prefix, b.prefix))
  const entries = (chosen: readonly RouteView[]): [string, RouteEntry][] =>
    chosen.map((route) => [route.prefix, entryOf(route, detail)])
  return Object.fromEntries([
    ...entries(routes.filter((route) => !isExternal(route))),
    ...routerEntries(speaker.status().routers),
    ...entries(routes.filter(isExternal)),
  ])
}

function entryOf(route: RouteView, detail: boolean): RouteEntry {
  const { pathType, cost, area, type2Cost, tag, nextHops, age, lsas, discard } = route
  return {
    routeType: (discard ? discardTypes : routeTypes)[pathType],
    cost,
    ...(area === undefined ? {} : { area }),
    ...(type2Cost === undefined ? {} : { type2cost: type2Cost }),
    ...(isExternal(route) ? { tag: tag ?? 0 } : {}),
    nexthops: discard ? [] : hopsOf(nextHops),
    ...(detail
      ? {
          age,
          lsas: lsas.map((id) => `type ${id.type} ${id.lsId} of ${id.advertisingRouter}`),
        }
      : {}),
  }
}

/** Of several ways to a router the cheapest; border and boundary routers first, as FRR has two tables of them. */
function routerEntries(routers: readonly RouterView[]): [string, RouteEntry][] {
  const best = new Map<string, RouterView>()
  for (const router of routers) {
    const before = best.get(router.routerId)
    if (before === undefined || router.cost < before.cost) best.set(router.routerId, router)
  }
  const speaking = [...best.values()]
  return [...speaking.filter(isTold), ...speaking.filter((router) => !isTold(router))].map(
    (router) => [router.routerId, routerEntry(router)],
  )
}

const isTold = ({ isBorder, isBoundary }: RouterView): boolean => isBorder || isBoundary

function routerEntry({
  area,
  cost,
  pathType,
  isBorder,
  isBoundary,
  ...router
}: RouterView): RouteEntry {
  return {
    routeType: 'R ',
    cost,
    area,
    ...(pathType === 'inter-area' ? { IA: true } : {}),
    // one key for both: the latter wins
    ...(isBoundary ? { routerType: 'asbr' } : isBorder ? { routerType: 'abr' } : {}),
    nexthops: hopsOf(router.nextHops),
  }
}

/** As later versions of FRR have it: 8.4 has no JSON here. */
export interface RoutersDocument {
  readonly routers: RouteDocument
}

export const routersDocument = (speaker: Snapshots, border: boolean): RoutersDocument => {
  const { routers } = speaker.status()
  return { routers: Object.fromEntries(routerEntries(border ? routers.filter(isTold) : routers)) }
}

const nextHopLine = (hop: RouteNextHop): string =>
  `${' '.repeat(27)}${'via' in hop ? `via ${hop.ip}, ${hop.via}` : `directly attached to ${hop.directlyAttachedTo}`}`

export function routersText(speaker: Snapshots, border: boolean): string {
  const { routers } = speaker.status()
  return block(
    border
      ? '============ OSPF router routing table ============='
      : '============ OSPF reachable routers table =============',
    ...routerLines(border ? routers.filter(isTold) : routers),
    '',
    '',
  )
}

function routerLines(routers: readonly RouterView[]): string[] {
  return routers.flatMap(({ routerId, cost, area, pathType, isBorder, isBoundary, nextHops }) => {
    const ia = pathType === 'inter-area' ? 'IA' : '  '
    const what = `${isBorder ? ', ABR' : ''}${isBoundary ? ', ASBR' : ''}`
    return [
      `R ${ia} ${left(routerId, 18)}    [${cost}] area: ${area}${what}`,
      ...nextHops.map(hopOf).map(nextHopLine),
    ]
  })
}

/** What `route` is as text: the JSON has one list, the text four tables. */
export interface RouteTables {
  readonly routes: RouteDocument
  readonly routers: readonly RouterView[]
}

export function routeText({ routes, routers }: RouteTables): string {
  const networks = Object.entries(routes).filter(([, { routeType }]) => !routeType.startsWith('R'))
  const lines = ([prefix, route]: [string, RouteEntry]): string[] => {
    const { routeType, cost, type2cost, area, tag, age, lsas } = route
    // FRR says nothing else of it
    if (routeType.startsWith('D')) {
      return [`${left(routeType, 4)} ${left(prefix, 18)}         Discard entry`]
    }
    const how = type2cost === undefined ? cost : `${cost}/${type2cost}`
    const where = area === undefined ? `tag: ${tag ?? 0}` : `area: ${area}`
    return [
      `${left(routeType, 4)} ${left(prefix, 18)}    [${how}] ${where}`,
      ...route.nexthops.map(nextHopLine),
      ...(age === undefined ? [] : [`${' '.repeat(27)}for ${clockTime(age)}`]),
      ...(lsas ?? []).map((lsa) => `${' '.repeat(27)}by ${lsa}`),
    ]
  }
  const isOutside = ([, { area }]: [string, RouteEntry]): boolean => area === undefined
  return block(
    '============ OSPF network routing table ============',
    ...networks.filter((entry) => !isOutside(entry)).flatMap(lines),
    '',
    '============ OSPF router routing table =============',
    ...routerLines(routers.filter(isTold)),
    '',
    '============ OSPF reachable routers table =============',
    ...routerLines(routers),
    '',
    '============ OSPF external routing table ===========',
    ...networks.filter(isOutside).flatMap(lines),
    '',
    '',
  )
}
