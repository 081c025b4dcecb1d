/** A configuration that has met the kernel's devices, as the options of `OspfSpeaker.start`. */
import { hostname } from 'node:os'
import { resolveAreas } from '../config/areas.ts'
import type { FrrOptions } from '../config/frr.ts'
import type { ResolvedInterface, ResolvedNetworks } from '../config/networks.ts'
import type { AreaOptions, SpeakerOptions, StaticRouteOptions } from '../index.ts'

type Area = AreaOptions & {
  interfaces: Record<string, ResolvedInterface['settings']>
  stubNetworks: Record<string, number>
}

/** As in a configuration file. */
export interface StartOptions extends SpeakerOptions {
  readonly staticRoutes?: readonly StaticRouteOptions[]
}

export function startOptions(config: FrrOptions, resolved: ResolvedNetworks): StartOptions {
  const areas: Record<string, Area> = Object.fromEntries(
    Object.entries(resolveAreas(config)).map(([id, area]) => [
      id,
      { ...area, interfaces: {}, stubNetworks: {} },
    ]),
  )
  const area = (id: string): Area => (areas[id] ??= { interfaces: {}, stubNetworks: {} })
  for (const { name, area: id, settings } of resolved.interfaces)
    area(id).interfaces[name] = settings
  for (const { prefix, length, area: id, cost } of resolved.stubs) {
    area(id).stubNetworks[`${prefix}/${length}`] = cost
  }
  const { staticRoutes = [] } = config
  const { abrType, maximumPaths, stubRouter, spfThrottle, minLsInterval, minLsArrival } = config
  return {
    routerId: config.routerId,
    areas,
    ...(abrType === undefined ? {} : { abrType }),
    rfc1583Compatibility: config.rfc1583Compatibility,
    ...(stubRouter === undefined ? {} : { stubRouter }),
    installRoutes: installed(config),
    ...(config.routeMaps === undefined ? {} : { routeMaps: config.routeMaps }),
    ...later(config),
    // as FRR, whatever it installs
    role: 'router',
    // FRR's own name is that of the machine unless it is configured
    ...(config.routerInformation === undefined
      ? {}
      : { hostname: config.hostname ?? hostname(), hostnameScope: config.routerInformation }),
    addresses: resolved.missing.map(({ device, address, length }) => ({
      device,
      address: `${address}/${length}`,
    })),
    ...(staticRoutes.length === 0
      ? {}
      : { staticRoutes: staticRoutes.map(({ file: _, line: __, tag: ___, ...route }) => route) }),
    limits: {
      ...(maximumPaths === undefined ? {} : { maximumPaths }),
      ...(minLsInterval === undefined ? {} : { minLsIntervalMs: minLsInterval * 1000 }),
      ...(minLsArrival === undefined ? {} : { minLsArrivalMs: minLsArrival * 1000 }),
    },
    // FRR's three numbers in the terms of RFC 8405: the first delay, the hold between runs, and the longest hold
    ...(spfThrottle === undefined
      ? {}
      : {
          spfDelay: {
            initialMs: spfThrottle.delay * 1000,
            shortMs: spfThrottle.hold * 1000,
            longMs: spfThrottle.maximumHold * 1000,
          },
        }),
  }
}

/** A VRF has a table of its own. */
function installed({
  installRoutes,
  vrf,
}: FrrOptions): NonNullable<SpeakerOptions['installRoutes']> {
  if (vrf === undefined || installRoutes === false) return installRoutes
  return { ...(installRoutes === true ? {} : installRoutes), vrf }
}

/** What the importer refuses until the speaker has the option for it (frr-pending.ts). */
function later(config: FrrOptions): object {
  const { redistribute, defaultInformation, summaryAddresses } = config
  return {
    ...(redistribute === undefined ? {} : { redistribute }),
    ...(defaultInformation === undefined ? {} : { defaultInformation }),
    ...(summaryAddresses === undefined ? {} : { summaryAddresses }),
  }
}
