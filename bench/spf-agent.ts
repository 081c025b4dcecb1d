/**
 * `node .build/bench/spf-agent.js KIND COUNT ROUNDS FILE`: the shortest-path tree of a network in a process of its own, so
 * that the first run is the first one. KIND is a key of `graphs`, COUNT the vertices. Prints what bench/floors/spf.c
 * prints, and writes the LSAs into FILE for it.
 */
import { writeFileSync } from 'node:fs'
import { shortestPaths } from '../lib/core/dijkstra.ts'
import type { Router } from '../lib/core/router.ts'
import { calculateTree, type Tree, UNREACHABLE } from '../lib/core/spf.ts'
import { Random } from '../lib/sim/random.ts'
import { formatIpv4 } from '../lib/wire/address.ts'
import { type Lsa, LsType, takeLsa } from '../lib/wire/lsa.ts'
import { decodePacket, encodePacket } from '../lib/wire/packet.ts'
import type { RouterLink } from '../lib/wire/router-lsa.ts'
import {
  Bench,
  ip,
  networkLsa,
  Peer,
  pointToPoint,
  routerLsa,
  stub,
  transit,
  us,
} from '../test/core/bench.ts'

/** Times are milliseconds. */
export interface SpfFigures {
  readonly edges: number
  readonly reached: number
  /** Of distances and numbers of next hops. */
  readonly check: number
  /** From the LSAs to the next hops. */
  readonly tree: { readonly median: number; readonly first: number }
  /** Distances and next hops (as bits) on arrays that are there. */
  readonly dijkstra: { readonly median: number; readonly first: number }
}

const firstId = ip('172.16.0.1')
const firstLan = ip('192.168.0.1')
const NEIGHBORS = 8
const LSAS_A_PACKET = 16

/** What routers have links to; the router on the bench is none of them. */
class Graph {
  readonly links: RouterLink[][]
  readonly lans: number[][] = []
  readonly random: Random

  constructor(routers: number, seed: string) {
    this.random = new Random(seed)
    this.links = Array.from({ length: routers }, () => [])
  }

  cost(): number {
    return 1 + this.random.int(10)
  }

  join(a: number, b: number): void {
    this.links[a]!.push(pointToPoint(firstId + b, firstId + a, this.cost()))
    this.links[b]!.push(pointToPoint(firstId + a, firstId + b, this.cost()))
  }

  lan(members: readonly number[]): void {
    const address = firstLan + this.lans.push([...members]) - 1
    for (const n of members) this.links[n]!.push(transit(address, firstId + n, this.cost()))
  }

  lsas(): Lsa[] {
    const vip = (n: number): RouterLink => stub(formatIpv4(ip('20.0.0.0') + n), 32, 1)
    return [
      ...this.links.map((links, n) => routerLsa(firstId + n, [...links, vip(n)])),
      ...this.lans.map((members, n) =>
        networkLsa(
          firstLan + n,
          firstId + members[0]!,
          members.map((m) => firstId + m),
        ),
      ),
    ]
  }
}

function grid(count: number): Graph {
  const graph = new Graph(count, 'grid')
  const width = Math.ceil(Math.sqrt(count))
  for (let n = 0; n < count; n++) {
    if (n % width !== width - 1 && n + 1 < count) graph.join(n, n + 1)
    if (n + width < count) graph.join(n, n + width)
  }
  return graph
}

/** Four links a router in the mean, from anywhere to anywhere; each twentieth vertex is a LAN of two to eight. */
function sparse(count: number): Graph {
  const lans = Math.floor(count / 20)
  const routers = count - lans
  const graph = new Graph(routers, 'sparse')
  const { random } = graph
  for (let n = 1; n < routers; n++) graph.join(n, random.int(n))
  for (let i = 0; i < routers; i++) {
    const [a, b] = [random.int(routers), random.int(routers)]
    if (a !== b) graph.join(a, b)
  }
  for (let i = 0; i < lans; i++) {
    graph.lan([...new Set(Array.from({ length: 2 + random.int(7) }, () => random.int(routers)))])
  }
  return graph
}

const graphs: Readonly<Record<string, (count: number) => Graph>> = { grid, sparse }

/** A router that is adjacent to some of a graph, and has all LSAs; nothing has been calculated from them yet. */
function learned(graph: Graph): Router {
  const count = graph.links.length
  const bench = new Bench()
  for (let i = 0; i < NEIGHBORS; i++) {
    const n = Math.floor((i * count) / NEIGHBORS)
    const [name, near, far] = [`eth${i}`, ip(`10.0.${i}.1`), ip(`10.0.${i}.2`)]
    graph.links[n]!.push(pointToPoint(us, far, 10))
    bench.up({ name, network: 'point-to-point' }, { address: near })
    new Peer(bench, { interface: name, routerId: firstId + n, address: far }).to('Full')
  }
  // our own LSA comes to rest
  bench.run(10)
  const { router } = bench
  const { lsdb } = router.areas.get(0)!
  const lsas = graph.lsas()
  for (let i = 0; i < lsas.length; i += LSAS_A_PACKET) {
    // as they come: those of a packet share a buffer
    const some = lsas.slice(i, i + LSAS_A_PACKET)
    const { body } = decodePacket(
      encodePacket({ routerId: firstId, areaId: 0 }, { kind: 'ls-update', lsas: some }),
    )
    if (body.kind !== 'ls-update') throw new Error('not what was encoded')
    for (const raw of body.lsas) lsdb.install(takeLsa(raw), raw.header.age, router.now, true)
  }
  return router
}

const FNV_OFFSET = 2166136261
const FNV_PRIME = 16777619
/** As a distance of 32 bits. */
const NO_DISTANCE = 0xffffffff

function checkOf({ hops }: Router, { distance, hopSet }: Tree): number {
  let check = FNV_OFFSET
  const mix = (value: number): void => {
    check = Math.imul(check ^ value, FNV_PRIME)
  }
  for (let v = 0; v < distance.length; v++) {
    mix(distance[v] === UNREACHABLE ? NO_DISTANCE : distance[v]!)
    mix(hops.get(hopSet[v]!).length)
  }
  return check >>> 0
}

function timed(rounds: number, work: () => void): { median: number; first: number } {
  const all = Array.from({ length: rounds }, () => {
    const begun = performance.now()
    work()
    return performance.now() - begun
  })
  const [first] = all
  return { median: all.sort((a, b) => a - b)[rounds >> 1]!, first: first! }
}

const [kind = 'grid', count = '1000', rounds = '5', file] = process.argv.slice(2)
const router = learned(graphs[kind]!(Number(count)))
const area = router.areas.get(0)!
let tree: Tree | undefined
const whole = timed(Number(rounds), () => {
  tree = calculateTree(router, area)
})
const { vertices, edges, routers, order } = tree!
const isNetwork = Uint8Array.from(vertices, ({ lsa }) => Number(lsa.header.type === LsType.network))
const root = routers.get(us)!
const bits = new Uint32Array(vertices.length)
const alone = timed(Number(rounds), () => {
  shortestPaths(edges, root, isNetwork, (v, w, e, isShorter) => {
    const via = v === root ? 1 << (e - edges.first[root]!) : bits[v]!
    bits[w] = isShorter ? via : bits[w]! | via
  })
})
if (file !== undefined) {
  const id = new Uint8Array(4)
  new DataView(id.buffer).setUint32(0, us)
  writeFileSync(file, Buffer.concat([id, ...vertices.map(({ lsa }) => lsa.raw)]))
}
const figures: SpfFigures = {
  edges: edges.target.length,
  reached: order.length,
  check: checkOf(router, tree!),
  tree: whole,
  dijkstra: alone,
}
process.stdout.write(`${JSON.stringify(figures)}\n`)
