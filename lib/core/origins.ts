/** The LSAs behind each route, found in one pass when somebody asks: the calculation itself does not keep them. */
import { type LsaHeader, LsType } from '../wire/lsa.ts'
import { isTransit, looksAtSummaries } from './calculation.ts'
import type { CalculationInput } from './calculation-input.ts'
import { compareExternals, externalDatabases, readExternal } from './external-routes.ts'
import { readSummary } from './inter-area.ts'
import { destinationKey, prefixKey } from './prefix-index.ts'
import { eachNetwork, type RoutingTable } from './routes.ts'

/** Headers by prefix, as `prefixKey` has it. */
export function originsOf(
  router: CalculationInput,
  table: RoutingTable,
): ReadonlyMap<number, readonly LsaHeader[]> {
  const origins = new Map<number, LsaHeader[]>()
  const add = (key: number, header: LsaHeader): void => {
    const others = origins.get(key)
    if (others === undefined) origins.set(key, [header])
    else if (!others.includes(header)) others.push(header)
  }
  for (const area of router.areas.values()) {
    const { tree } = area
    for (const v of tree?.order ?? []) {
      const vertex = tree!.vertices[v]!
      const [distance, hopSet] = [tree!.distance[v]!, tree!.hopSet[v]!]
      eachNetwork(vertex, (prefix, length, metric) => {
        const key = prefixKey(prefix, length)
        const path = table.networks.get(key)
        if (path?.pathType !== 'intra-area' || path.cost !== distance + metric) return
        // what is ours is not somebody else's
        if (path.hopSet !== 0 || hopSet === 0) add(key, vertex.lsa.header)
      })
    }
    const isThrough = isTransit(router, area)
    if (!isThrough && !looksAtSummaries(router, area)) continue
    for (const entry of area.lsdb.ofType(LsType.summaryNetwork)) {
      const key = destinationKey(entry.lsa)
      const path = table.networks.get(key)
      const isMeant = isThrough ? path?.area === 0 : path?.pathType === 'inter-area'
      if (!isMeant || path === undefined || path.hopSet === 0) continue
      const read = readSummary(router, area, table, entry)
      if (typeof read !== 'string' && read.cost === path.cost) add(key, entry.lsa.header)
    }
  }
  for (const [lsdb, type, nssa] of externalDatabases(router)) {
    for (const entry of lsdb.ofType(type)) {
      const key = destinationKey(entry.lsa)
      const path = table.networks.get(key)
      if (path?.origin === undefined) continue
      const read = readExternal(router, table, entry, nssa)
      if (typeof read !== 'string' && compareExternals(path, read) === 0) add(key, entry.lsa.header)
    }
  }
  return origins
}
