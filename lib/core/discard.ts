/**
 * Discard entries of the routing table (RFC 2328 11.1): who tells others of a prefix as a whole must not pass on what
 * comes for the holes in it, or it follows a default route back to where it came from.
 *
 * An active range of an area is such a prefix, as long as it is advertised. It has path type inter-area, so that only an
 * intra-area path to the very same prefix is preferred. So are summary addresses and ranges of an NSSA, of which the RFC
 * does not speak: any route there is preferred to these, as others may tell of the same prefix and know what we do not.
 * Departure: forwarding addresses are looked up as if they were not there, and who tells of a default route means it.
 */
import type { CalculationInput } from './calculation-input.ts'
import { holds, rangeOf } from './inter-area.ts'
import type { ExternalPrefix, Instant } from './io.ts'
import { translatedPrefixes } from './nssa.ts'
import { prefixKey } from './prefix-index.ts'
import type { Router } from './router.ts'
import type { RoutingTable, TableRoute } from './routes.ts'

/** Externals of ours that stand for others, by `prefixKey`. */
export type Aggregates = ReadonlyMap<number, ExternalPrefix>

/** The discard entries of a table, or those of some prefixes. */
export function discardsOf(
  router: CalculationInput,
  table: RoutingTable,
  only?: ReadonlySet<number>,
): Map<number, TableRoute> {
  const discards = new Map<number, TableRoute>()
  if (!router.discardsHoles) return discards
  for (const [key, { prefix, length, metricType }] of router.as.aggregates) {
    if (length === 0 || table.networks.has(key) || (only && !only.has(key))) continue
    // the kernel's own route there is inside, and may be one of many metrics
    if (router.as.externals.has(key)) continue
    const pathType = metricType === 1 ? 'external-1' : 'external-2'
    discards.set(key, { ...discard(prefix, length, router.now), pathType })
  }
  for (const [key, route] of activeRanges(router, table, only)) discards.set(key, route)
  return discards
}

function activeRanges(
  router: CalculationInput,
  table: RoutingTable,
  only: ReadonlySet<number> | undefined,
): Map<number, TableRoute> {
  const found = new Map<number, TableRoute>()
  if (!router.isAbr) return found
  const areas = [...router.areas.values()].filter(({ config: { ranges } }) =>
    ranges.some((range) => {
      const { prefix, length } = range.substitute ?? range
      return only === undefined || only.has(prefixKey(prefix, length))
    }),
  )
  if (areas.length === 0) return found
  const ranges = new Map(areas.map(({ id, config }) => [id, config.ranges]))
  for (const path of table.networks.values()) {
    if (path.pathType !== 'intra-area') continue
    const range = rangeOf(ranges.get(path.area!) ?? [], path.prefix, path.length)
    if (range === undefined || !range.advertise) continue
    const { prefix, length } = range.substitute ?? range
    const key = prefixKey(prefix, length)
    if (length === 0 || found.has(key) || (only && !only.has(key))) continue
    if (table.networks.get(key)?.pathType === 'intra-area') continue
    found.set(key, { ...discard(prefix, length, router.now), area: path.area })
  }
  return found
}

const discard = (prefix: number, length: number, since: Instant): TableRoute => ({
  prefix,
  length,
  pathType: 'inter-area',
  area: undefined,
  cost: 0,
  nextHops: [],
  discard: true,
  since,
})

/** The externals that we tell of and that stand for others: summary addresses, and ranges of NSSAs that we translate. */
export function aggregatesOf(router: Router): Aggregates {
  const { externals } = router.as
  const found = new Map<number, ExternalPrefix>()
  const add = (external: ExternalPrefix): void =>
    void found.set(prefixKey(external.prefix, external.length), external)
  const isNssa = [...router.areas.values()].some(({ config }) => config.nssa.ranges.length > 0)
  if (externals.summaryAddresses.length === 0 && !isNssa) return found
  const own = externals.said()
  for (const external of own.values()) {
    if (isOneOf(externals.summaryAddresses, external)) add(external)
  }
  if (!isNssa || !router.reachesExternals) return found
  const ranges = [...router.areas.values()].flatMap(({ config }) => config.nssa.ranges)
  for (const external of translatedPrefixes(router, own)) {
    if (isOneOf(ranges, external)) add(external)
  }
  return found
}

const isOneOf = (
  ranges: readonly { readonly prefix: number; readonly length: number }[],
  { prefix, length }: ExternalPrefix,
): boolean => ranges.some((range) => range.length === length && holds(range, prefix, length))
