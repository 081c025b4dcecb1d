/** A speaker's options as those of the router that it drives. */
import { getRandomValues } from 'node:crypto'
import type { RouterOptions } from './core/router.ts'
import { nodeDigests } from './crypto.ts'
import type { Parsed } from './options.ts'
import type { Clock } from './ports.ts'

/** @param bootCount of AuType 3; undefined: it is not used */
export function routerOptions(
  parsed: Parsed,
  clock: Clock,
  bootCount: number | undefined,
): RouterOptions {
  const [high, low] = getRandomValues(new Uint32Array(2))
  const { routerId, limits, spfDelay, lsaThrottle, routeDelay, abrType, rfc1583Compatibility } =
    parsed
  return {
    routerId,
    seed: (high! & 0x1fffff) * 0x100000000 + low!,
    limits,
    spfDelay,
    lsaThrottle,
    routeDelay,
    stopwatch: () => clock.now(),
    abrType,
    rfc1583Compatibility,
    digests: nodeDigests,
    ...(bootCount === undefined ? {} : { bootCount }),
  }
}
