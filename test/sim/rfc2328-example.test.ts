/** The sample autonomous system of RFC 2328 (figures 2 to 8), and the routing tables that the RFC prints. */
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { Route } from '../../lib/core/io.ts'
import type { Router } from '../../lib/core/router.ts'
import { Network } from '../../lib/sim/network.ts'
import type { SimRouter } from '../../lib/sim/router.ts'
import { formatPrefix } from '../../lib/wire/address.ts'
import { LsType } from '../../lib/wire/lsa.ts'
import { lsas, summaries } from './lsas.ts'

interface Expected {
  readonly dest_type: 'N' | 'R'
  readonly dest: string
  readonly path_type: string
  readonly cost: number
  readonly next_hop: string
}

/** Costs by the name of the destination. */
type Metrics = Readonly<Record<string, number>>
type Distances =
  | 'table_4_into_backbone'
  | 'table_5_backbone_distances'
  | 'table_6_into_area_1'
  | 'figure_8_summaries_into_backbone'

const example = JSON.parse(readFileSync('fixtures/topologies/rfc2328-example.json', 'utf8')) as {
  topology: {
    routers: string[]
    edges_from_router: Record<string, Record<string, number>>
    transit_networks: Record<string, string[]>
    stub_networks: string[]
    p2p: [string, number, string, number][]
    numbered_p2p: { stubs: Record<string, Record<string, number>> }
    as_external: { by_router: Record<string, Record<string, number>> }
  }
  areas: { areas: Record<string, { networks?: string[]; p2p_links?: [string, string][] }> }
  expected: Record<string, Expected[]> &
    Readonly<Record<Distances, Record<string, Metrics>>> & {
      figure_8_virtual_link_costs: Metrics
    }
}
const { topology } = example

/** The host, and the ends of the numbered link. */
const hosts: Readonly<Record<string, string>> = {
  H1: '10.0.100.1/32',
  Ia: '10.0.101.1/32',
  Ib: '10.0.101.2/32',
}
/** What the backbone's range makes of Ia and Ib. */
const ends = { prefix: 0x0a006500, length: 30, advertise: true } as const

/** N1 is 10.0.1.0/24 and so on. */
const prefixOf = (name: string): string => hosts[name] ?? `10.0.${name.slice(1)}.0/24`
const nameOf = (prefix: string): string => {
  const host = Object.entries(hosts).find(([, each]) => each === prefix)
  if (host) return host[0]
  return prefix === '10.0.101.0/30' ? 'Ia,Ib' : `N${prefix.split('.')[2]}`
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
  for (const [name, stubs] of Object.entries(topology.numbered_p2p.stubs)) {
    for (const [end, cost] of Object.entries(stubs)) {
      routers.get(name)!.announce(prefixOf(end), { cost })
    }
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

/** The links between routers have subnets here, which the RFC leaves out. */
const isOfExample = (prefix: string): boolean => prefix.startsWith('10.0.')

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
    if (!isOfExample(prefix)) continue
    table.set(nameOf(prefix), {
      cost: route.cost,
      type: route.pathType,
      via: hops(route).map((gateway) => (gateway === undefined ? '*' : owner(gateway))),
    })
  }
  return table
}

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
): void {
  for (const { dest_type: kind, dest, path_type, cost, next_hop } of expected) {
    if (kind !== 'N') continue
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
  compare(t, found, example.expected['table_12_RT6_no_areas']!)
})

/** The networks that a router tells an area of, as the RFC names them. */
const networksTold = (router: SimRouter, area: number): Metrics =>
  Object.fromEntries(
    Object.entries(summaries(router, area, router))
      .filter(([prefix]) => isOfExample(prefix))
      .map(([prefix, metric]) => [nameOf(prefix).replace(/^N9$/, 'N9-N11,H1'), metric]),
  )

/** And the AS boundary routers. */
const boundariesTold = (router: SimRouter, area: number): Metrics =>
  Object.fromEntries(
    Object.entries(summaries(router, area, router, LsType.summaryAsbr)).map(([id, metric]) => [
      `RT${id.split('.')[3]}`,
      metric,
    ]),
  )

t.test('tables 4, 5 and 6: distances between the areas', async (t) => {
  const { net, routers } = build(true)
  configureAreas(routers)
  net.run(60)
  const { table_4_into_backbone, table_5_backbone_distances, table_6_into_area_1 } =
    example.expected
  for (const name of ['RT3', 'RT4']) {
    const router = routers.get(name)!
    t.strictSame(networksTold(router, 0), table_4_into_backbone[name], `table 4: ${name} adv.`)
    const intoArea1 = { ...networksTold(router, 1), ...boundariesTold(router, 1) }
    t.strictSame(intoArea1, table_6_into_area_1[name], `table 6: ${name} adv.`)
    const { table } = router.core as Router
    const distance = (to: string): number | undefined =>
      to.startsWith('RT')
        ? table.router(0, routers.get(to)!.id)?.cost
        : tableOf(net, router).get(to)?.cost
    for (const [to, cost] of Object.entries(table_5_backbone_distances[name]!)) {
      t.equal(distance(to), cost, `table 5: from ${name} to ${to}`)
    }
  }
})

t.test('figure 8: the database of the backbone', async (t) => {
  const { net, routers } = build(true)
  configureAreas(routers)
  net.run(60)
  const { figure_8_summaries_into_backbone, figure_8_virtual_link_costs } = example.expected
  for (const [name, expected] of Object.entries(figure_8_summaries_into_backbone)) {
    t.strictSame(networksTold(routers.get(name)!, 0), expected, `${name} adv.`)
  }
  for (const name of ['RT5', 'RT6'])
    t.strictSame(summaries(routers.get(name)!, 0, routers.get(name)!), {}, name)
  // the columns: what each router-LSA says of the routers around it
  const nameOfId = (id: number): string => `RT${id & 0xff}`
  const edges = (name: string, type: number): Metrics => {
    const router = routers.get(name)!
    const [own] = lsas(routers.get('RT6')!, LsType.router, { area: 0, by: router })
    if (own?.lsa.body.kind !== 'router') return {}
    const links = own.lsa.body.links.filter((link) => link.type === type)
    return Object.fromEntries(links.map(({ id, metric }) => [nameOfId(id), metric]))
  }
  const columns: Readonly<Record<string, Metrics>> = {
    RT3: { RT6: 8 },
    RT4: { RT5: 8 },
    RT5: { RT4: 8, RT6: 7, RT7: 6 },
    RT6: { RT3: 6, RT5: 6, RT10: 7 },
    RT7: { RT5: 6 },
    RT10: { RT6: 5 },
    RT11: {},
  }
  for (const [name, column] of Object.entries(columns)) {
    t.same(edges(name, 1), column, `from ${name}`)
  }
  for (const [ways, cost] of Object.entries(figure_8_virtual_link_costs)) {
    const [from, to] = ways.split('->')
    t.same(edges(from!, 4), { [to!]: cost }, `the virtual link ${ways}`)
  }
})

t.test('3.4: what RT1 makes of it', async (t) => {
  const { net, routers } = build(true)
  configureAreas(routers)
  net.run(60)
  const found = tableOf(net, routers.get('RT1')!)
  t.same(found.get('N6')?.via, ['RT4'])
  t.same(found.get('N9')?.via, ['RT3'], 'where N10 is')
  t.same(found.get('N8')?.via.toSorted(), ['RT3', 'RT4'], 'load-shared')
})

t.test('2.3: with metrics of type 2, N12 is reached through RT7', async (t) => {
  const { net, routers } = build(false)
  routers.get('RT5')!.external(prefixOf('N12'), { metricType: 2, metric: 8 })
  routers.get('RT7')!.external(prefixOf('N12'), { metricType: 2, metric: 2 })
  net.run(30)
  for (const name of ['RT1', 'RT4', 'RT5', 'RT6', 'RT12']) {
    const route = routers
      .get(name)!
      .routes()
      .find(({ prefix, length }) => formatPrefix(prefix, length) === prefixOf('N12'))
    t.match(route, { pathType: 'external-2', type2Cost: 2 }, name)
  }
  t.same(tableOf(net, routers.get('RT5')!).get('N12')?.via, ['RT7'], 'though RT5 has it, too')
})

t.test('table 13: RT4 with areas', async (t) => {
  const { net, routers } = build(true)
  configureAreas(routers)
  net.run(60)
  const found = tableOf(net, routers.get('RT4')!)
  const expected = example.expected['table_13_RT4_areas']!
  compare(t, found, expected)
})

t.test('table 14: RT4 with one more virtual link, to RT3 through area 1', async (t) => {
  const { net, routers } = build(true)
  configureAreas(routers)
  virtualLink(routers, 'RT3', 'RT4', '0.0.0.1')
  net.run(60)
  const found = tableOf(net, routers.get('RT4')!)
  const changes = Object.entries(example.expected).find(([name]) => name.startsWith('table_14'))!
  compare(t, found, changes[1] as readonly Expected[])
})

function configureAreas(routers: Map<string, SimRouter>): void {
  // table 6 assumes a range of the backbone
  for (const router of routers.values()) router.area('0.0.0.0', { ranges: [ends] })
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
