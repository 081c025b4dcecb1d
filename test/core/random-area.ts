/**
 * A random area around the router on the bench, and what its routes ought to be: distances by relaxing every link
 * until nothing changes, next hops by asking of each first step whether it lies on a shortest path. Nothing of it
 * is shared with lib/core/spf.ts.
 */
import type { Random } from '../../lib/sim/random.ts'
import { formatIpv4, formatPrefix, networkOf } from '../../lib/wire/address.ts'
import type { Lsa } from '../../lib/wire/lsa.ts'
import type { RouterLink } from '../../lib/wire/router-lsa.ts'
import { Bench, ip, networkLsa, Peer, pointToPoint, routerLsa, stub, transit, us } from './bench.ts'

/** A router's end of a cable or a LAN. Node 0 is us. */
interface End {
  readonly node: number
  readonly address: number
  readonly cost: number
  /** It does not say so in its router-LSA. */
  readonly silent: boolean
}

interface Segment {
  readonly number: number
  readonly lan: boolean
  /** On a LAN the first but us is the Designated Router. */
  readonly ends: readonly End[]
}

interface Stub {
  readonly node: number
  readonly prefix: number
  readonly length: number
  readonly cost: number
}

export interface Area {
  readonly nodes: number
  readonly segments: readonly Segment[]
  readonly stubs: readonly Stub[]
}

export const nodeId = (node: number): number => (node === 0 ? us : ip('20.0.0.0') + node * 7)
/** Segments have prefixes 10.n.0.0/24. */
const addressOn = (segment: number, host: number): number =>
  ip('10.0.0.0') + segment * 0x10000 + host
const drOf = (segment: Segment): End => segment.ends.find((end) => end.node !== 0)!

/** Small costs make ties; some ends are silent, so that some links are one-way. */
export function randomArea(random: Random): Area {
  const nodes = 2 + random.int(9)
  const segments: Segment[] = []
  const add = (lan: boolean, members: readonly number[]): void => {
    const number = segments.length + 1
    const ends = members.map((node, i) => ({
      node,
      address: addressOn(number, 1 + i),
      cost: 1 + random.int(4),
      silent: node !== 0 && random.chance(0.08),
    }))
    segments.push({ number, lan, ends })
  }
  // a tree first, then more; cables may run in parallel
  for (let node = 1; node < nodes; node++) add(false, [random.int(node), node])
  for (let i = random.int(nodes + 2); i > 0; i--) {
    const members = random.shuffle(Array.from({ length: nodes }, (_, n) => n))
    if (random.chance(0.5) && nodes > 2) add(true, members.slice(0, 2 + random.int(nodes - 2)))
    else add(false, members.slice(0, 2))
  }
  const stubs = Array.from({ length: random.int(8) }, () => ({
    node: random.int(nodes),
    prefix: ip('192.0.2.0') + random.int(3),
    length: 32,
    cost: random.int(4),
  }))
  return {
    nodes,
    segments,
    stubs: [...new Map(stubs.map((s) => [`${s.node} ${s.prefix}`, s])).values()],
  }
}

/** What node n says in its router-LSA. */
function linksOf(area: Area, node: number): RouterLink[] {
  const links: RouterLink[] = []
  for (const segment of area.segments) {
    for (const { address, cost, silent } of segment.ends.filter((e) => e.node === node)) {
      const prefix = formatIpv4(networkOf(address, 24))
      if (silent) links.push(stub(prefix, 24, cost))
      else if (segment.lan) links.push(transit(drOf(segment).address, address, cost))
      else {
        const far = segment.ends.find((e) => e.address !== address)!
        links.push(pointToPoint(nodeId(far.node), address, cost), stub(prefix, 24, cost))
      }
    }
  }
  for (const s of area.stubs) {
    if (s.node === node) links.push(stub(formatIpv4(s.prefix), s.length, s.cost))
  }
  return links
}

export function lsasOf(area: Area): Lsa[] {
  const lsas: Lsa[] = []
  for (let node = 1; node < area.nodes; node++)
    lsas.push(routerLsa(nodeId(node), linksOf(area, node)))
  for (const segment of area.segments) {
    if (!segment.lan) continue
    const dr = drOf(segment)
    const attached = segment.ends.filter((e) => !e.silent || e === dr).map((e) => nodeId(e.node))
    lsas.push(networkLsa(dr.address, nodeId(dr.node), attached))
  }
  return lsas
}

/** Puts a router into the area, with every neighbor adjacent that should be, and lets it learn. */
export function enter(area: Area, maximumPaths: number): Bench {
  const bench = new Bench({ limits: { maximumPaths } })
  const adjacent: Peer[] = []
  for (const segment of area.segments) {
    const our = segment.ends.find((e) => e.node === 0)
    if (!our) continue
    const name = `eth${segment.number}`
    const network = segment.lan ? 'broadcast' : 'point-to-point'
    bench.up({ name, network, cost: our.cost, priority: 0 }, { address: our.address })
    const dr = drOf(segment)
    for (const end of segment.ends) {
      if (end === our) continue
      const options = { interface: name, address: end.address, routerId: nodeId(end.node) }
      const peer = new Peer(bench, { ...options, priority: end === dr ? 1 : 0 })
      if (segment.lan) peer.designatedRouter = dr.address
      peer.to(end === dr ? 'Full' : '2-Way')
      if (end === dr) adjacent.push(peer)
    }
  }
  for (const { node, prefix, length, cost } of area.stubs) {
    if (node === 0) bench.config({ type: 'announce', stub: { area: 0, prefix, length, cost } })
  }
  adjacent[0]!.update(...lsasOf(area))
  bench.run(5)
  return bench
}

// The oracle

export interface OracleRoute {
  cost: number
  /** 'eth1 via 10.1.0.2'; none: our own prefix. */
  readonly hops: Set<string>
}

/** Routes by prefix. */
export function oracle(area: Area): Map<string, OracleRoute> {
  // vertices: routers 0 to n - 1, then LANs
  const lans = area.segments.filter((s) => s.lan)
  const vertexOf = (lan: Segment): number => area.nodes + lans.indexOf(lan)
  const count = area.nodes + lans.length
  const direct: number[][] = Array.from({ length: count }, () => Array(count).fill(Infinity))
  const join = (from: number, to: number, cost: number): void => {
    direct[from]![to] = Math.min(direct[from]![to]!, cost)
  }
  for (const segment of area.segments) {
    const dr = drOf(segment)
    for (const end of segment.ends) {
      if (segment.lan) {
        if (!end.silent) join(end.node, vertexOf(segment), end.cost)
        if (!end.silent || end === dr) join(vertexOf(segment), end.node, 0)
      } else if (!end.silent) {
        join(end.node, segment.ends.find((e) => e !== end)!.node, end.cost)
      }
    }
  }
  // a link counts only if there is one back
  const isUsable = (a: number, b: number): boolean =>
    direct[a]![b] !== Infinity && direct[b]![a] !== Infinity
  const distance = direct.map((row, a) =>
    row.map((cost, b) => (a === b ? 0 : isUsable(a, b) ? cost : Infinity)),
  )
  for (let changed = true; changed; ) {
    changed = false
    for (let a = 0; a < count; a++) {
      for (let b = 0; b < count; b++) {
        for (let c = 0; c < count; c++) {
          const through = distance[a]![b]! + distance[b]![c]!
          if (through < distance[a]![c]!) {
            distance[a]![c] = through
            changed = true
          }
        }
      }
    }
  }
  const hopsTo = (target: number): string[] => {
    const whole = distance[0]![target]!
    const hops: string[] = []
    for (const segment of area.segments) {
      const our = segment.ends.find((e) => e.node === 0)
      if (!our) continue
      if (segment.lan && !isUsable(0, vertexOf(segment))) continue
      if (segment.lan && target === vertexOf(segment) && our.cost === whole) {
        hops.push(`eth${segment.number}`)
      }
      for (const end of segment.ends) {
        if (end === our) continue
        const usable = segment.lan ? isUsable(end.node, vertexOf(segment)) : isUsable(0, end.node)
        if (usable && our.cost + distance[end.node]![target]! === whole) {
          hops.push(`eth${segment.number} via ${formatIpv4(end.address)}`)
        }
      }
    }
    return hops
  }
  const routes = new Map<string, OracleRoute>()
  const offer = (prefix: string, cost: number, hops: readonly string[], own: boolean): void => {
    if (cost === Infinity) return
    const route = routes.get(prefix)
    if (!route || cost < route.cost) routes.set(prefix, { cost, hops: new Set(own ? [] : hops) })
    else if (cost > route.cost) return
    else if (own || route.hops.size === 0) route.hops.clear()
    else for (const hop of hops) route.hops.add(hop)
  }
  for (let node = 0; node < area.nodes; node++) {
    for (const link of linksOf(area, node)) {
      if (link.type !== 3) continue
      const prefix = formatPrefix(link.id, 32 - Math.log2(0x100000000 - link.data))
      offer(prefix, distance[0]![node]! + link.metric, hopsTo(node), node === 0)
    }
  }
  for (const lan of lans) {
    const vertex = vertexOf(lan)
    const prefix = formatPrefix(networkOf(drOf(lan).address, 24), 24)
    offer(prefix, distance[0]![vertex]!, hopsTo(vertex), false)
  }
  for (const segment of area.segments) {
    const our = segment.ends.find((e) => e.node === 0)
    const route = our && routes.get(formatPrefix(networkOf(our.address, 24), 24))
    // what an interface is on is reached through it
    if (route) {
      route.hops.clear()
      route.hops.add(`eth${segment.number}`)
    }
  }
  return routes
}
