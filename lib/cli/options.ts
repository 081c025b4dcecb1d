/** A configuration that has met the kernel's devices, as the options of `OspfSpeaker.start`. */
import { hostname } from 'node:os'
import type { FrrOptions } from '../config/frr.ts'
import type { ResolvedInterface, ResolvedNetworks } from '../config/networks.ts'
import type { SpeakerOptions } from '../index.ts'

type Area = {
  interfaces: Record<string, ResolvedInterface['settings']>
  stubNetworks: Record<string, number>
}

export function startOptions(config: FrrOptions, resolved: ResolvedNetworks): SpeakerOptions {
  const areas: Record<string, Area> = {}
  const area = (id: string): Area => (areas[id] ??= { interfaces: {}, stubNetworks: {} })
  for (const { name, area: id, settings } of resolved.interfaces)
    area(id).interfaces[name] = settings
  for (const { prefix, length, area: id, cost } of resolved.stubs) {
    area(id).stubNetworks[`${prefix}/${length}`] = cost
  }
  const { maximumPaths, spfThrottle, minLsInterval, minLsArrival, stubRouter } = config
  return {
    routerId: config.routerId,
    areas,
    installRoutes: config.installRoutes,
    // as FRR, whatever it installs
    role: 'router',
    ...(stubRouter === undefined ? {} : { stubRouter }),
    // FRR's own name is that of the machine unless it is configured
    ...(config.routerInformation === undefined
      ? {}
      : { hostname: config.hostname ?? hostname(), hostnameScope: config.routerInformation }),
    addresses: resolved.missing.map(({ device, address, length }) => ({
      device,
      address: `${address}/${length}`,
    })),
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
