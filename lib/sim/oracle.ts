/**
 * What the routes ought to be: a textbook Dijkstra over the description of the network (cables, costs, who is alive),
 * written without a look at the LSDB or at the SPF of the core, so that it does not share their mistakes. Here is what
 * happens inside one area; `oracle-areas.ts` goes on between areas and to the outside.
 */
import type { PathType } from '../core/io.ts'
import { formatIpv4, formatPrefix } from '../wire/address.ts'
import { type Attachment, connected } from './medium.ts'
import type { Network } from './network.ts'
import { domainRoutes } from './oracle-areas.ts'
import { SimRouter } from './router.ts'

/** A route as the description of the network demands it. */
export interface OracleRoute {
  type: PathType
  /** That the path leads into; externals have none. */
  area: number | undefined
  cost: number
  /** Of 'external-2': the metric; `cost` is that of the way to it. */
  type2Cost?: number
  /** Next hops as 'eth0 via 10.0.1.2', or 'eth0' for an attached network; empty: the router's own prefix. */
  hops: Set<string>
  /** Two halves of a split LAN are equally far: 16.1 (4) lets the larger Link State ID decide, which is no topology. */
  eitherHalf: boolean
  /** Packets are not passed on. */
  discard?: boolean
}

/** A LAN with a Designated Router: a vertex of the graph (RFC 2328 section 2.1). */
export interface Lan {
  /** Undefined: suppressed (RFC 6860). */
  readonly prefix: string | undefined
  readonly members: readonly Attachment[]
}

export interface Edge {
  readonly to: SimRouter | Lan
  readonly cost: number
  /** The way out, as seen from the router that the edge starts from. */
  readonly hop: string
}

export interface AreaGraph {
  readonly area: number
  readonly edges: Map<SimRouter, Edge[]>
  readonly stubs: Map<
    SimRouter,
    { readonly prefix: string; readonly cost: number; readonly hop?: string }[]
  >
}

/** Every router's table, by prefix ('10.0.1.0/24'). */
export function oracleRoutes(net: Network): Map<SimRouter, Map<string, OracleRoute>> {
  const tables = domainRoutes(net)
  for (const [root, table] of tables) {
    for (const a of root.attachments) {
      // What an interface is on is reached through it, however near others are.
      const attached = a.carrier ? table.get(prefixOf(a)) : undefined
      if (attached) Object.assign(attached, { hops: new Set([a.name]), eitherHalf: false })
    }
  }
  return tables
}

/** The routers of an area in groups that reach one another: each group has a database of its own. */
export function groupsOf(net: Network, area: number): SimRouter[][] {
  const routers = net.routers.filter(
    (r) => alive(r) && r.attachments.some((a) => a.config.area === area),
  )
  const graph = areaGraph(routers, area)
  const groups: SimRouter[][] = []
  const seen = new Set<SimRouter>()
  for (const router of routers) {
    if (seen.has(router)) continue
    const group = [...dijkstra(graph, router).keys()].filter((v) => v instanceof SimRouter)
    for (const r of group) seen.add(r)
    groups.push(group)
  }
  return groups
}

/** Whether a router takes part in the protocol now. */
export const alive = (router: SimRouter): boolean => router.running && router.frozen === undefined

/** The routers that an attachment should see: their interface is alive, and configured to match (10.5, 10.6). */
export function peersOf(attachment: Attachment): Attachment[] {
  const speaks = (a: Attachment) => !a.config.passive && a.carrier
  if (!speaks(attachment)) return []
  return attachment.segment.attachments.filter(
    (a) =>
      a !== attachment &&
      a.node instanceof SimRouter &&
      alive(a.node) &&
      speaks(a) &&
      connected(attachment, a) &&
      wanted(a) === wanted(attachment),
  )
}

/** What neighbors must agree on. */
const wanted = ({ config: c, mtu, node }: Attachment): string =>
  [
    c.area,
    node instanceof SimRouter ? node.areaConfig(c.area).kind : 'normal',
    c.network,
    c.helloInterval,
    c.deadInterval,
    c.mtuIgnore ? '' : mtu,
  ].join(' ')

/** The network that an attachment is on. */
export const prefixOf = (a: Attachment): string => formatPrefix(a.segment.prefix, a.segment.length)
/** A next hop in words. */
export const viaText = (name: string, gateway: number): string =>
  `${name} via ${formatIpv4(gateway)}`

/** The graph of an area, without virtual links. */
export function areaGraph(routers: readonly SimRouter[], area: number): AreaGraph {
  const graph: AreaGraph = { area, edges: new Map(), stubs: new Map() }
  const lans = new Map<Attachment, Lan>()
  for (const router of routers) {
    const edges: Edge[] = []
    const stubs: { prefix: string; cost: number; hop?: string }[] = []
    const { stubRouter } = router
    const onward = (cost: number): number => (stubRouter ? MAX_LINK_METRIC : cost)
    const leaf = (cost: number): number => (stubRouter?.includeStub ? MAX_LINK_METRIC : cost)
    for (const s of router.announced) {
      if (s.area !== area) continue
      stubs.push({ prefix: formatPrefix(s.prefix, s.length), cost: leaf(s.cost) })
    }
    for (const a of router.attachments) {
      if (a.config.area !== area || !a.carrier) continue
      const { cost, network, prefixSuppression: isHidden } = a.config
      const peers = peersOf(a)
      const members = [a, ...peers]
      const isElecting = network === 'broadcast' || network === 'nbma'
      if (isElecting && peers.length > 0 && members.some((m) => m.config.priority > 0)) {
        const prefix = members.every((m) => m.config.prefixSuppression) ? undefined : prefixOf(a)
        const lan = lans.get(a) ?? { prefix, members }
        for (const m of members) lans.set(m, lan)
        edges.push({ to: lan, cost: onward(cost), hop: a.name })
        continue
      }
      if (network === 'point-to-multipoint') {
        if (!isHidden) stubs.push({ prefix: formatPrefix(a.address, 32), cost: leaf(0) })
      } else if (!isHidden) stubs.push({ prefix: prefixOf(a), cost: leaf(cost), hop: a.name })
      if (isElecting || (network === 'point-to-point' && peers.length > 1)) continue
      for (const peer of peers) {
        const hop = viaText(a.name, peer.address)
        edges.push({ to: peer.node as SimRouter, cost: onward(cost), hop })
      }
    }
    graph.edges.set(router, edges)
    graph.stubs.set(router, stubs)
  }
  return graph
}

/** RFC 6987. */
const MAX_LINK_METRIC = 0xffff

/** Where the best paths of a router's table come from, over all its areas. */
export type Origins = Map<string, Lan | SimRouter>

/** Adds what an area's graph says to the table of one of its routers. */
export function addArea(
  table: Map<string, OracleRoute>,
  origin: Origins,
  graph: AreaGraph,
  root: SimRouter,
  tree: ReadonlyMap<SimRouter | Lan, Path>,
): void {
  const { area } = graph
  const add = (
    prefix: string,
    cost: number,
    hops: Iterable<string>,
    from: Lan | SimRouter,
  ): void => {
    const known = table.get(prefix)
    // Being there beats being near: no next hop is wanted.
    if (known === undefined || cost < known.cost || (cost === known.cost && from === root)) {
      const home = cost === known?.cost ? known.area : area
      table.set(prefix, {
        type: 'intra-area',
        area: home,
        cost,
        hops: new Set(hops),
        eitherHalf: false,
      })
      origin.set(prefix, from)
    } else if (cost === known.cost && origin.get(prefix) !== root) {
      for (const hop of hops) known.hops.add(hop)
      known.eitherHalf ||=
        !(from instanceof SimRouter) && !(origin.get(prefix) instanceof SimRouter)
    }
  }
  for (const [vertex, { cost, hops }] of tree) {
    if (vertex instanceof SimRouter || vertex.prefix === undefined) continue
    add(vertex.prefix, cost, hops, vertex)
  }
  for (const [vertex, { cost, hops }] of tree) {
    if (!(vertex instanceof SimRouter)) continue
    for (const stub of graph.stubs.get(vertex) ?? []) {
      const own = stub.hop === undefined ? [] : [stub.hop]
      add(stub.prefix, cost + stub.cost, vertex === root ? own : hops, vertex)
    }
  }
}

/** A shortest path in an area: next hops as in `OracleRoute`. */
export interface Path {
  cost: number
  hops: Set<string>
}

/** Shortest paths with every equal one (16.1, 16.1.1). */
export function dijkstra(graph: AreaGraph, root: SimRouter): Map<SimRouter | Lan, Path> {
  const done = new Map<SimRouter | Lan, Path>()
  const candidates = new Map<SimRouter | Lan, Path>([[root, { cost: 0, hops: new Set() }]])
  while (candidates.size > 0) {
    const [vertex, path] = nearest(candidates)
    candidates.delete(vertex)
    done.set(vertex, path)
    const relax = (to: SimRouter | Lan, cost: number, hops: Iterable<string>): void => {
      if (done.has(to)) return
      const known = candidates.get(to)
      if (known === undefined || cost < known.cost)
        candidates.set(to, { cost, hops: new Set(hops) })
      else if (cost === known.cost) for (const hop of hops) known.hops.add(hop)
    }
    if (vertex instanceof SimRouter) {
      for (const edge of graph.edges.get(vertex) ?? []) {
        relax(edge.to, path.cost + edge.cost, vertex === root ? [edge.hop] : path.hops)
      }
    } else {
      for (const member of vertex.members) {
        // A hop without gateway says that the LAN is attached to the root: the way on is the member's own address.
        const hops = [...path.hops].map((hop) =>
          hop.includes(' ') ? hop : viaText(hop, member.address),
        )
        relax(member.node as SimRouter, path.cost, hops)
      }
    }
  }
  return done
}

/** The closest candidate; of equals a network before a router, lest equal paths be missed (16.1 (3)). */
function nearest(candidates: Map<SimRouter | Lan, Path>): [SimRouter | Lan, Path] {
  let best: [SimRouter | Lan, Path] | undefined
  for (const entry of candidates) {
    const closer = best === undefined || entry[1].cost < best[1].cost
    const tie = best !== undefined && entry[1].cost === best[1].cost
    if (closer || (tie && !(entry[0] instanceof SimRouter) && best![0] instanceof SimRouter))
      best = entry
  }
  return best!
}
