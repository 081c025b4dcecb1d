/** Areas as the speaker's options have them: virtual links get their keys, which may be those of the backbone's type. */
import type { AreaOptions } from '../area-options.ts'
import { sealOf } from './frr-authentication.ts'
import type { FrrOptions, FrrVirtualLink } from './frr-types.ts'

/** By Area ID, without interfaces. Throws what `sealOf` refuses. */
export function resolveAreas(config: FrrOptions): Readonly<Record<string, AreaOptions>> {
  const { areas = {}, areaAuthentication = {}, keyChains = {} } = config
  // a virtual link belongs to the backbone
  const type = areaAuthentication['0.0.0.0']
  const sealed = (area: string, [peer, link]: [string, FrrVirtualLink]) => {
    const { authentication, ...timers } = link
    const { helloInterval, deadInterval } = timers
    const seal = sealOf(`area ${area} virtual-link ${peer}`, authentication, type, keyChains)
    const dead = deadInterval ?? (helloInterval === undefined ? undefined : 4 * helloInterval)
    return [
      peer,
      {
        ...timers,
        ...(dead === undefined ? {} : { deadInterval: dead }),
        ...(seal === undefined ? {} : { authentication: seal }),
      },
    ] as const
  }
  return Object.fromEntries(
    Object.entries(areas).map(([id, { virtualLinks, ...area }]) => [
      id,
      virtualLinks === undefined
        ? area
        : {
            ...area,
            virtualLinks: Object.fromEntries(
              Object.entries(virtualLinks).map((link) => sealed(id, link)),
            ),
          },
    ]),
  )
}
