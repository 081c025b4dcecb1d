/** The calculation of the routing table (RFC 2328 section 16), in its order. */
import { formatIpv4 } from '../wire/address.ts'
import { LsType, lsaKey } from '../wire/lsa.ts'
import { type Area, BACKBONE } from './area.ts'
import { addExternals } from './external-routes.ts'
import { addInterArea, discardUnresolved, improveByTransit } from './inter-area.ts'
import type { Router } from './router.ts'
import { addIntraArea, RoutingTable } from './routes.ts'
import { calculateTree, type Tree } from './spf.ts'

/** Trees are calculated anew only where `dirty` says so; the table always is. */
export function calculateTable(router: Router, dirty: ReadonlySet<Area>): RoutingTable {
  // the backbone last: its virtual links go where the other trees lead
  const areas = [...router.areas.values()].sort((a, b) => b.id - a.id)
  for (const area of areas) {
    const full = dirty.has(area) || area.tree === undefined
    if (area.tree === undefined || full) area.tree = calculateTree(router, area)
    else refreshOwnVertices(router, area, area.tree)
    const { length: vertices } = area.tree.vertices
    router.say({ type: 'spf', area: formatIpv4(area.id), full, vertices })
  }
  // 16 (1): from nothing, every time
  const table = new RoutingTable()
  // 16 (2)
  for (const area of areas) addIntraArea(router, area, table)
  // 16 (3): a border router examines the summaries of the backbone alone; RFC 3509 2.2: if it has one
  for (const area of areas) {
    if (!router.isOfBackbone || area.id === BACKBONE) addInterArea(router, area, table)
  }
  // 16 (4)
  if (router.isAbr) {
    for (const area of areas) {
      if (area.tree?.isTransit && area.id !== BACKBONE) improveByTransit(router, area, table)
    }
  }
  discardUnresolved(router, table)
  // 16 (5)
  addExternals(router, table)
  return table
}

/** Instances of our own that differ in stubs alone: the tree stays, its root says something else. */
function refreshOwnVertices(router: Router, area: Area, tree: Tree): void {
  const root = tree.routers.get(router.routerId)
  const own = area.wanted.get(lsaKey(LsType.router, router.routerId, router.routerId))
  if (root !== undefined && own !== undefined) tree.vertices[root]!.source = { lsa: own.calculated }
}
