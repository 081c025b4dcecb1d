/** The sample autonomous system of RFC 2328 (figures 2 to 8), and the routing tables that the RFC prints. */
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { Route } from '../../lib/core/io.ts'
import { Network } from '../../lib/sim/network.ts'
import type { SimRouter } from '../../lib/sim/router.ts'
import { formatPrefix } from '../../lib/wire/address.ts'

interface Expected {
  readonly dest_type: 'N' | 'R'
  readonly dest: string
  readonly path_type: string
  readonly cost: number
  readonly next_hop: string
}

const example = JSON.parse(readFileSync('fixtures/topologies/rfc2328-example.json', 'utf8')) as {
  topology: {
    routers: string[]
    edges_from_router: Record<string, Record<string, number>>
    transit_networks: Record<string, string[]>
    stub_networks: string[]
    p2p: [string, number, string, number][]
    as_external: { by_router: Record<string, Record<string, number>> }
  }
  areas: { areas: Record<string, { networks?: string[]; p2p_links?: [string, string][] }> }
  expected: Record<string, Expected[]>
}
const { topology } = example

/** N1 is 10.0.1.0/24 and so on; H1 is a host. */
const prefixOf = (name: string): string =>
  name === 'H1' ? '10.0.100.1/32' : `10.0.${name.slice(1)}.0/24`
const nameOf = (prefix: string): string => {
  if (prefix === '10.0.100.1/32') return 'H1'
  return `N${prefix.split('.')[2]}`
}

/** Builds figure 2; with areas, figure 6. */
function build(withAreas: boolean): { net: Network; routers: Map<string, SimRouter> } {
  const net = new Network({ seed: 2328 })
  const routers = new Map<string, SimRouter>()
  for (const name of topology.routers) {
    routers.set(name, net.router(name, { routerId: `1.1.1.${name.slice(2)}` }))
  }
  const areaOf = (network: string): string => {
    if (!withAreas) return '0.0.0.0'
    for (const [id, { networks }] of Object.entries(example.areas.areas)) {
      if (networks?.includes(network)) return `0.0.0.${id}`
    }
    return '0.0.0.0'
  }
  const cost = (router: string, network: string): number =>
    topology.edges_from_router[router]![network]!
  const timing = { helloInterval: 1, deadInterval: 4 }
  for (const [network, members] of Object.entries(topology.transit_networks)) {
    net.segment(
      network,
      prefixOf(network),
      members.map((name) => ({ node: routers.get(name)!, cost: cost(name, network) })),
      { ...timing, network: 'broadcast', area: areaOf(network) },
    )
  }
  for (const network of topology.stub_networks) {
    for (const [name, edges] of Object.entries(topology.edges_from_router)) {
      if (edges[network] === undefined) continue
      const options = { cost: edges[network], area: areaOf(network) }
      routers.get(name)!.announce(prefixOf(network), options)
    }
  }
  for (const [a, costA, b, costB] of topology.p2p) {
    const ends = [
      { node: routers.get(a)!, cost: costA },
      { node: routers.get(b)!, cost: costB },
    ] as const
    net.segment(`${a}-${b}`, nextLink(), ends, { ...timing, network: 'point-to-point' })
  }
  for (const [name, destinations] of Object.entries(topology.as_external.by_router)) {
    for (const [network, metric] of Object.entries(destinations)) {
      routers.get(name)!.external(prefixOf(network), { metricType: 1, metric })
    }
  }
  return { net, routers }

  function nextLink(): string {
    return `172.16.${net.segments.length}.0/30`
  }
}

/** A router's routes to the networks of the example: cost, path type and the names of the next hops. */
function tableOf(
  net: Network,
  router: SimRouter,
): Map<string, { cost: number; type: string; via: string[] }> {
  const owner = (gateway: number): string => {
    for (const other of net.routers) {
      if (other.interfaces().some((i) => i.link.address === gateway)) return other.name
    }
    return '?'
  }
  const table = new Map<string, { cost: number; type: string; via: string[] }>()
  for (const route of router.routes()) {
    const prefix = formatPrefix(route.prefix, route.length)
    if (!prefix.startsWith('10.0.')) continue
    table.set(nameOf(prefix), {
      cost: route.cost,
      type: route.pathType,
      via: hops(route).map((gateway) => (gateway === undefined ? '*' : owner(gateway))),
    })
  }
  return table
}

/** Ia and Ib are the ends of a numbered link in the RFC; here the subnet of the link is advertised instead. */
const isEndOfLink = (dest: string): boolean => dest === 'Ia' || dest === 'Ib'

const hops = (route: Route): (number | undefined)[] =>
  route.nextHops.length === 0 ? [undefined] : route.nextHops.map((hop) => hop.gateway)

const typeOf = (printed: string): string =>
  printed.startsWith('type 1')
    ? 'external-1'
    : printed.startsWith('type 2')
      ? 'external-2'
      : printed

function compare(
  t: Test,
  found: Map<string, { cost: number; type: string; via: string[] }>,
  expected: readonly Expected[],
  skip: (dest: string) => boolean,
): void {
  for (const { dest_type: kind, dest, path_type, cost, next_hop } of expected) {
    if (kind !== 'N' || skip(dest)) continue
    // figure 7 makes one route of area 3; it is told as N9 here
    const route = found.get(dest.startsWith('N9-') ? 'N9' : dest)
    t.match(route, { cost, type: typeOf(path_type) }, `${dest}: ${path_type}, cost ${cost}`)
    t.ok(route?.via.includes(next_hop), `${dest}: through ${next_hop}, found ${route?.via}`)
  }
}

t.test('tables 2, 3 and 12: RT6 without areas', async (t) => {
  const { net, routers } = build(false)
  net.run(30)
  const found = tableOf(net, routers.get('RT6')!)
  compare(t, found, example.expected['table_12_RT6_no_areas']!, isEndOfLink)
})

t.test('table 13: RT4 with areas', async (t) => {
  const { net, routers } = build(true)
  configureAreas(routers)
  net.run(60)
  const found = tableOf(net, routers.get('RT4')!)
  const expected = example.expected['table_13_RT4_areas']!
  compare(t, found, expected, isEndOfLink)
})

t.test('table 14: RT4 with one more virtual link, to RT3 through area 1', async (t) => {
  const { net, routers } = build(true)
  configureAreas(routers)
  virtualLink(routers, 'RT3', 'RT4', '0.0.0.1')
  net.run(60)
  const found = tableOf(net, routers.get('RT4')!)
  const changes = Object.entries(example.expected).find(([name]) => name.startsWith('table_14'))!
  compare(t, found, changes[1], isEndOfLink)
})

function configureAreas(routers: Map<string, SimRouter>): void {
  // figure 7: area 3 is one range, which N9 to N11 and H1 are in
  routers.get('RT11')!.area('0.0.0.3', {
    ranges: [{ prefix: 0x0a000000, length: 16, advertise: true, substitute: n9 }],
  })
  virtualLink(routers, 'RT10', 'RT11', '0.0.0.2')
}

const n9 = { prefix: 0x0a000900, length: 24 }

function virtualLink(routers: Map<string, SimRouter>, a: string, b: string, area: string): void {
  const timing = { helloInterval: 1, deadInterval: 4 }
  const [one, other] = [routers.get(a)!, routers.get(b)!]
  one.virtualLink(other.routerId, area, timing)
  other.virtualLink(one.routerId, area, timing)
}
