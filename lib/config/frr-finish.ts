/** What has been read, as a whole: names looked up, defaults that depend on others, and what is missing. */
import type { RouteMapEntryOptions, RouteMapSet } from '../policy.ts'
import { finishArea } from './frr-area.ts'
import type { Draft, OriginatedDraft, RouterDraft, VrfDraft } from './frr-draft.ts'
import { Refusal } from './frr-parse.ts'
import type {
  FrrArea,
  FrrDefaultInformation,
  FrrImport,
  FrrOptions,
  FrrRedistribute,
} from './frr-types.ts'

/** The options, or the errors. `firstFile` is where stands what stands nowhere. */
export function finish(draft: Draft, firstFile: string): FrrImport {
  const { router, accepted, errors } = draft
  const top = { file: firstFile, line: 1 }
  if (router === undefined) {
    errors.push({ ...top, message: "no 'router ospf' in the files given" })
    return { options: undefined, accepted, errors }
  }
  const { vrf } = router
  const zebra = draft.vrfs.get(vrf)
  for (const [name, { notices }] of draft.vrfs)
    if (name !== vrf)
      for (const notice of notices)
        accepted.push({ ...notice, reason: "it is of another VRF than 'router ospf'" })
  const routerId = router.options.routerId ?? zebra?.routerId
  if (routerId === undefined) {
    // FRR would take the highest address on lo, which a pair of directors has in common: the VIP.
    const message = "router ospf: no router id; state it with 'ospf router-id A.B.C.D'"
    errors.push({ ...router.place, message })
  }
  for (const [instance, { place, statement }] of draft.instances)
    if (instance !== router.instance)
      errors.push({ ...place, message: `${statement}: 'router ospf' is of another instance` })
  const routeMaps: RouteMaps = {}
  const installRoutes = kernelRoutes(draft, zebra, routeMaps)
  // their errors have no line of their own: it is what is not there
  const keyChains = draft.guard(top, () => draft.keyChains.finish()) ?? {}
  const areas = finishAreas(draft, router)
  const externals = finishExternals(draft, router, routeMaps)
  if (routerId === undefined || errors.length > 0) return { options: undefined, accepted, errors }

  for (const settings of draft.interfaces.values())
    for (const one of [settings, ...Object.values(settings.byAddress ?? {})])
      if (one.helloInterval !== undefined) one.deadInterval ??= 4 * one.helloInterval
  const authentication = [...router.areas.values()].flatMap(({ id, authentication }) =>
    authentication === undefined ? [] : [[id, authentication] as const],
  )
  const options: FrrOptions = {
    ...(draft.hostname === undefined ? {} : { hostname: draft.hostname }),
    ...router.options,
    routerId,
    ...(vrf === '' ? {} : { vrf }),
    ...(draft.interfaceVrfs.size === 0
      ? {}
      : { interfaceVrfs: Object.fromEntries(draft.interfaceVrfs) }),
    rfc1583Compatibility: router.options.rfc1583Compatibility ?? false,
    ...stubRouter(router),
    ...externals,
    ...(draft.compat === 'quagga-0.99' ? { quaggaCosts: true } : {}),
    ...(authentication.length === 0
      ? {}
      : { areaAuthentication: Object.fromEntries(authentication) }),
    ...(Object.keys(keyChains).length === 0 ? {} : { keyChains }),
    ...(areas.length === 0 ? {} : { areas: Object.fromEntries(areas) }),
    networks: [...router.networks.values()],
    ...(router.neighbors.size === 0 ? {} : { neighbors: [...router.neighbors.values()] }),
    interfaces: Object.fromEntries(draft.interfaces),
    addresses: [...draft.addresses.values()],
    ...(draft.staticRoutes.length === 0 ? {} : { staticRoutes: draft.staticRoutes }),
    passiveDefault: router.options.passiveDefault ?? false,
    installRoutes,
    ...(Object.keys(routeMaps).length === 0 ? {} : { routeMaps }),
  }
  return { options, accepted, errors: [] }
}

/** Which routes go to the kernel: `ip protocol ospf route-map`, or `any`, where OSPF has none of its own. */
function kernelRoutes(
  draft: Draft,
  zebra: VrfDraft | undefined,
  routeMaps: RouteMaps,
): FrrOptions['installRoutes'] {
  const filter = zebra?.filters.get('ospf') ?? zebra?.filters.get('any')
  if (filter === undefined) return true
  const found = draft.guard(filter.place, () => {
    const verdict = draft.policies.verdict(filter)
    if (verdict !== undefined) return verdict === 'permit'
    const maps = draft.policies.routeMaps(filter)
    refuseSettings(maps, ['metric', 'metricType', 'tag'], 'a route of the kernel')
    Object.assign(routeMaps, maps)
    return { accept: { routeMap: filter.name } }
  })
  return found ?? false
}

function finishAreas(draft: Draft, router: RouterDraft): [string, FrrArea][] {
  const areas: [string, FrrArea][] = []
  for (const [id, area] of router.areas) {
    const place = [...area.filters.values()][0]?.place ?? router.place
    draft.guard(place, () => areas.push([id, finishArea(area, draft.policies)]))
  }
  return areas
}

function stubRouter(router: RouterDraft): Pick<FrrOptions, 'stubRouter'> {
  const { administrative, onStartup, onShutdown } = router.stubRouter
  if ((administrative ?? onStartup ?? onShutdown) === undefined) return {}
  return {
    stubRouter: {
      ...(administrative === undefined ? {} : { always: true }),
      ...(onStartup === undefined ? {} : { onStartup: onStartup.seconds }),
      ...(onShutdown === undefined ? {} : { onShutdown: onShutdown.seconds }),
    },
  }
}

type Externals = Pick<FrrOptions, 'redistribute' | 'defaultInformation' | 'summaryAddresses'>

/** `routeMaps` gets those that are used. */
function finishExternals(draft: Draft, router: RouterDraft, routeMaps: RouteMaps): Externals {
  const redistribute: [string, FrrRedistribute][] = []
  for (const [protocol, one] of router.redistribute)
    draft.guard(one.from.place, () => {
      redistribute.push([protocol, redistribution(draft, router, protocol, one, routeMaps)])
    })
  const { defaultInformation: stated } = router
  const defaultInformation =
    stated && draft.guard(stated.from.place, () => defaultRoute(draft, router, stated, routeMaps))
  const summaries = [...router.summaryAddresses].map(
    ([prefix, { from: _, advertise, tag }]) =>
      [prefix, { advertise, ...(tag === undefined ? {} : { tag }) }] as const,
  )
  return {
    ...(redistribute.length === 0 ? {} : { redistribute: Object.fromEntries(redistribute) }),
    ...(defaultInformation === undefined ? {} : { defaultInformation }),
    ...(summaries.length === 0 ? {} : { summaryAddresses: Object.fromEntries(summaries) }),
  }
}

/** What is said of externals, where a route map does not say otherwise. */
function manner(
  { metric, type }: OriginatedDraft,
  defaultMetric: number | undefined,
): Pick<FrrRedistribute, 'metric' | 'type'> {
  const value = metric ?? defaultMetric
  return {
    ...(value === undefined ? {} : { metric: value }),
    ...(type === undefined ? {} : { type }),
  }
}

function redistribution(
  { policies }: Draft,
  { distributeLists, defaultMetric }: RouterDraft,
  protocol: string,
  stated: OriginatedDraft,
  routeMaps: RouteMaps,
): FrrRedistribute {
  const { routeMap } = stated
  const list = distributeLists.get(protocol)
  if (routeMap !== undefined) {
    const maps = policies.routeMaps(routeMap)
    refuseSettings(maps, ['source'], 'a route that is redistributed')
    Object.assign(routeMaps, maps)
  }
  return {
    ...manner(stated, defaultMetric),
    ...(list === undefined ? {} : { filter: policies.accessRules(list) }),
    ...(routeMap === undefined ? {} : { routeMap: routeMap.name }),
  }
}

function defaultRoute(
  { policies }: Draft,
  { defaultMetric }: RouterDraft,
  stated: OriginatedDraft & { readonly always: boolean },
  routeMaps: RouteMaps,
): FrrDefaultInformation {
  const { always, routeMap } = stated
  const own = { always, ...manner(stated, defaultMetric) }
  if (routeMap === undefined) return own
  const { metric, metricType, tag } = policies.unconditional(routeMap) ?? {}
  if (policies.unconditional(routeMap) === undefined || typeof metric === 'string') {
    const maps = policies.routeMaps(routeMap)
    refuseSettings(maps, ['source'], 'a default route')
    Object.assign(routeMaps, maps)
    return { ...own, routeMap: routeMap.name }
  }
  return {
    ...own,
    ...(metric === undefined ? {} : { metric }),
    ...(metricType === undefined ? {} : { type: metricType }),
    ...(tag === undefined ? {} : { tag }),
  }
}

type RouteMaps = Record<string, readonly RouteMapEntryOptions[]>

/** What a map may not set, where it is used. */
function refuseSettings(
  maps: Readonly<RouteMaps>,
  refused: readonly (keyof RouteMapSet)[],
  what: string,
): void {
  for (const [name, entries] of Object.entries(maps))
    for (const { sequence = 0, set = {} } of entries)
      for (const field of refused)
        if (set[field] !== undefined)
          throw new Refusal(
            `route-map ${name} permit ${sequence}: the ${field} of ${what} cannot be set`,
          )
}
