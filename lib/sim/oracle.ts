/**
 * What the routes ought to be: a textbook Dijkstra over the description of the network (cables, costs, who is alive),
 * written without a look at the LSDB or at the SPF of the core, so that it does not share their mistakes.
 */
import { formatIpv4, formatPrefix } from '../wire/address.ts'
import { type Attachment, connected } from './medium.ts'
import type { Network } from './network.ts'
import { SimRouter } from './router.ts'

/** A route as the description of the network demands it. */
export interface OracleRoute {
  cost: number
  /** Next hops as 'eth0 via 10.0.1.2', or 'eth0' for an attached network; empty: the router's own prefix. */
  hops: Set<string>
  /** Two halves of a split LAN are equally far: 16.1 (4) lets the larger Link State ID decide, which is no topology. */
  eitherHalf: boolean
}

/** A LAN with a Designated Router: a vertex of the graph (RFC 2328 section 2.1). */
interface Lan {
  readonly prefix: string
  readonly members: readonly Attachment[]
}

interface Edge {
  readonly to: SimRouter | Lan
  readonly cost: number
  /** The way out, as seen from the router that the edge starts from. */
  readonly hop: string
}

interface AreaGraph {
  readonly edges: Map<SimRouter, Edge[]>
  readonly stubs: Map<
    SimRouter,
    { readonly prefix: string; readonly cost: number; readonly hop?: string }[]
  >
}

/** Every router's table, by prefix ('10.0.1.0/24'). Only intra-area routes are in it. */
export function oracleRoutes(net: Network): Map<SimRouter, Map<string, OracleRoute>> {
  const routers = net.routers.filter(alive)
  const areas = new Set<number>()
  for (const r of routers) {
    for (const a of r.attachments) areas.add(a.config.area)
    for (const s of r.announced) areas.add(s.area)
  }
  const graphs = [...areas].map((area) => areaGraph(routers, area))
  return new Map(
    routers.map((root) => {
      const table = new Map<string, OracleRoute>()
      for (const graph of graphs) addArea(table, graph, root)
      for (const a of root.attachments) {
        // What an interface is on is reached through it, however near others are.
        const attached = a.carrier ? table.get(prefixOf(a)) : undefined
        if (attached) Object.assign(attached, { hops: new Set([a.name]), eitherHalf: false })
      }
      return [root, table]
    }),
  )
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
const wanted = ({ config: c, mtu }: Attachment): string =>
  `${c.area} ${c.network} ${c.helloInterval} ${c.deadInterval} ${c.mtuIgnore ? '' : mtu}`

const prefixOf = (a: Attachment): string => formatPrefix(a.segment.prefix, a.segment.length)
const viaText = (name: string, gateway: number): string => `${name} via ${formatIpv4(gateway)}`

function areaGraph(routers: readonly SimRouter[], area: number): AreaGraph {
  const graph: AreaGraph = { edges: new Map(), stubs: new Map() }
  const lans = new Map<Attachment, Lan>()
  for (const router of routers) {
    const edges: Edge[] = []
    const stubs: { prefix: string; cost: number; hop?: string }[] = []
    for (const s of router.announced) {
      if (s.area === area) stubs.push({ prefix: formatPrefix(s.prefix, s.length), cost: s.cost })
    }
    for (const a of router.attachments) {
      if (a.config.area !== area || !a.carrier) continue
      const { cost, network } = a.config
      const peers = peersOf(a)
      const members = [a, ...peers]
      if (
        network === 'broadcast' &&
        peers.length > 0 &&
        members.some((m) => m.config.priority > 0)
      ) {
        const lan = lans.get(a) ?? { prefix: prefixOf(a), members }
        for (const m of members) lans.set(m, lan)
        edges.push({ to: lan, cost, hop: a.name })
        continue
      }
      stubs.push({ prefix: prefixOf(a), cost, hop: a.name })
      const [peer] = peers
      if (network === 'point-to-point' && peer && peers.length === 1) {
        edges.push({ to: peer.node as SimRouter, cost, hop: viaText(a.name, peer.address) })
      }
    }
    graph.edges.set(router, edges)
    graph.stubs.set(router, stubs)
  }
  return graph
}

function addArea(table: Map<string, OracleRoute>, graph: AreaGraph, root: SimRouter): void {
  const origin = new Map<string, Lan | SimRouter>()
  const add = (
    prefix: string,
    cost: number,
    hops: Iterable<string>,
    from: Lan | SimRouter,
  ): void => {
    const known = table.get(prefix)
    if (known === undefined || cost < known.cost) {
      table.set(prefix, { cost, hops: new Set(hops), eitherHalf: false })
      origin.set(prefix, from)
    } else if (cost === known.cost && from === root) {
      // Being there beats being near: no next hop is wanted.
      table.set(prefix, { cost, hops: new Set(hops), eitherHalf: false })
      origin.set(prefix, from)
    } else if (cost === known.cost && origin.get(prefix) !== root) {
      for (const hop of hops) known.hops.add(hop)
      known.eitherHalf ||=
        !(from instanceof SimRouter) && !(origin.get(prefix) instanceof SimRouter)
    }
  }
  const tree = dijkstra(graph, root)
  for (const [vertex, { cost, hops }] of tree) {
    if (!(vertex instanceof SimRouter)) add(vertex.prefix, cost, hops, vertex)
  }
  for (const [vertex, { cost, hops }] of tree) {
    if (!(vertex instanceof SimRouter)) continue
    for (const stub of graph.stubs.get(vertex) ?? []) {
      const own = stub.hop === undefined ? [] : [stub.hop]
      add(stub.prefix, cost + stub.cost, vertex === root ? own : hops, vertex)
    }
  }
}

interface Path {
  cost: number
  hops: Set<string>
}

/** Shortest paths with every equal one (16.1, 16.1.1). */
function dijkstra(graph: AreaGraph, root: SimRouter): Map<SimRouter | Lan, Path> {
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
