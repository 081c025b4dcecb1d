import t from 'tap'
import { HopSets } from '../../lib/core/hop-sets.ts'
import { calculateTree, UNREACHABLE } from '../../lib/core/spf.ts'
import { Random } from '../../lib/sim/random.ts'
import { formatIpv4, formatPrefix } from '../../lib/wire/address.ts'
import {
  type Bench,
  ip,
  networkLsa,
  pointToPoint,
  routerLsa,
  segment,
  stub,
  transit,
  us,
} from './bench.ts'
import { enter, type OracleRoute, oracle, randomArea } from './random-area.ts'

/** The table as text, by prefix. */
function table(bench: Bench): Map<string, OracleRoute> {
  return new Map(
    bench.router.routes().map(({ prefix, length, cost, nextHops }) => [
      formatPrefix(prefix, length),
      {
        cost,
        hops: new Set(
          nextHops.map((hop) =>
            hop.gateway === undefined
              ? hop.interface
              : `${hop.interface} via ${formatIpv4(hop.gateway)}`,
          ),
        ),
      },
    ]),
  )
}

t.test('16.1: random areas have the routes of an independent oracle', async (t) => {
  let routes = 0
  let multipath = 0
  for (let seed = 0; seed < 250; seed++) {
    const area = randomArea(new Random(seed))
    const expected = oracle(area)
    const actual = table(enter(area, 64))
    routes += expected.size
    multipath += [...expected.values()].filter((r) => r.hops.size > 1).length
    const wrong = compare(expected, actual)
    if (wrong.length > 0) t.fail(`seed ${seed}`, { wrong, area })
  }
  t.ok(routes > 2000 && multipath > 200, `${routes} routes, ${multipath} of them by several ways`)
})

function compare(expected: Map<string, OracleRoute>, actual: Map<string, OracleRoute>): string[] {
  const text = (r: OracleRoute | undefined): string =>
    r ? `${r.cost} ${[...r.hops].sort().join(', ')}` : 'none'
  return [...new Set([...expected.keys(), ...actual.keys()])]
    .filter((prefix) => text(expected.get(prefix)) !== text(actual.get(prefix)))
    .map((p) => `${p}: ${text(actual.get(p))} instead of ${text(expected.get(p))}`)
}

t.test(
  'maximumPaths bounds the next hops, and those that stay are among the right ones',
  async (t) => {
    let bounded = 0
    for (let seed = 0; seed < 120; seed++) {
      const area = randomArea(new Random(seed))
      const maximum = 1 + (seed % 3)
      const actual = table(enter(area, maximum))
      for (const [prefix, { cost, hops }] of oracle(area)) {
        const route = actual.get(prefix)
        if (hops.size > maximum) bounded++
        const isRight =
          route?.cost === cost &&
          route.hops.size === Math.min(maximum, hops.size) &&
          [...route.hops].every((hop) => hops.has(hop))
        if (!isRight) t.fail(`seed ${seed}, ${prefix}`, { route, cost, hops })
      }
    }
    t.ok(bounded > 20, `${bounded} routes had more`)
  },
)

const [b, c] = [ip('10.0.0.2'), ip('20.0.0.3')]

t.test('16.1 (2b): a link that is not returned is not used', async (t) => {
  const { bench, peers } = segment('Point-to-point')
  const toC = routerLsa(b, [pointToPoint(us, b), pointToPoint(c, 1)])
  peers[0]!.update(toC, routerLsa(c, [stub('192.0.2.0', 24)]))
  bench.run(1)
  t.notOk(table(bench).has('192.0.2.0/24'))
  bench.run(2)
  const back = routerLsa(c, [stub('192.0.2.0', 24), pointToPoint(b, 1)], { sequence: 1 })
  peers[0]!.update(back)
  bench.run(1)
  t.same(table(bench).get('192.0.2.0/24'), { cost: 12, hops: new Set(['eth0 via 10.0.0.2']) })
})

t.test('16.1 (2b): on a crowded network too', async (t) => {
  const { bench, dr } = segment('Backup')
  const crowd = Array.from({ length: 60 }, (_, i) => ip('30.0.0.0') + i)
  const missing = crowd[59]!
  dr!.update(
    networkLsa(b, b, [us, b, ...crowd.slice(0, 59)]),
    routerLsa(b, [transit(b, b)]),
    ...crowd.map((id, i) =>
      routerLsa(id, [transit(b, ip('10.0.0.100') + i), stub(formatIpv4(id), 32)]),
    ),
  )
  bench.run(1)
  const there = crowd.filter((id) => table(bench).has(formatPrefix(id, 32)))
  t.same(
    there,
    crowd.filter((id) => id !== missing),
  )
  t.same(table(bench).get('30.0.0.7/32')?.hops, new Set(['eth0 via 10.0.0.107']))
})

t.test('16.1: of two network-LSAs for one address that of its present owner counts', async (t) => {
  for (const order of [0, 1]) {
    const { bench, peers } = segment('Point-to-point')
    const net = ip('10.7.0.1')
    const lsas = [
      networkLsa(net, b, [b, c]),
      // c had the address once, and its network-LSA has not gone yet
      networkLsa(net, c, [c], { length: 16 }),
    ]
    if (order === 1) lsas.reverse()
    peers[0]!.update(
      ...lsas,
      routerLsa(b, [pointToPoint(us, b), transit(net, net)]),
      routerLsa(c, [transit(net, ip('10.7.0.9')), stub('192.0.2.0', 24)]),
    )
    bench.run(1)
    t.ok(table(bench).has('10.7.0.0/24'))
    t.notOk(table(bench).has('10.7.0.0/16'))
    t.same(table(bench).get('192.0.2.0/24'), { cost: 12, hops: new Set(['eth0 via 10.0.0.2']) })
  }
})

t.test('16.1: our own part of the topology does not wait for its pacing', async (t) => {
  const { bench, peers } = segment('Point-to-point')
  peers[0]!.update(routerLsa(b, [pointToPoint(us, b), stub('192.0.2.0', 24)]))
  bench.run(30)
  for (const cost of [11, 12, 13]) {
    bench.config({ type: 'interface', config: { ...bench.iface().config, cost } })
  }
  bench.run(1)
  t.equal(table(bench).get('192.0.2.0/24')?.cost, 14)
})

t.test('16.1: a router without LSAs of others reaches itself', async (t) => {
  const { bench } = segment('Point-to-point')
  const area = bench.router.areas.get(0)!
  const tree = calculateTree(bench.router, area)
  t.same([...tree.distance], [0])
  t.same(bench.router.hops.get(tree.hopSet[0]!), [])
  t.equal(UNREACHABLE, Number.POSITIVE_INFINITY)
  t.same([...table(bench).keys()], ['10.0.0.0/24'])
})

t.test('sets of next hops are interned', async (t) => {
  const sets = new HopSets(3)
  const [x, y, z, w] = ['w', 'x', 'y', 'z'].map((name) => sets.single(name, 1))
  t.equal(sets.single('w', 1), x)
  t.not(sets.single('w', undefined), x)
  const xy = sets.union(x!, y!)
  t.equal(sets.union(y!, x!), xy)
  t.equal(sets.union(xy, xy), xy)
  t.equal(sets.union(xy, x!), xy)
  t.equal(sets.union(sets.union(x!, z!), y!), sets.union(xy, z!))
  t.same(sets.get(sets.union(0, x!)), [{ interface: 'w', gateway: 1 }])
  t.equal(sets.get(sets.union(sets.union(xy, z!), w!)).length, 3, 'never more than so many')
  const late = new HopSets(3)
  const [second, first] = [late.single('x', 2), late.single('x', 1)]
  const inOrder = [1, 2].map((gateway) => ({ interface: 'x', gateway }))
  t.same(late.get(late.union(second, first)), inOrder, 'in an order that does not depend on luck')
})

t.test('16.1.1: a router that is on our network twice is reached by both addresses', async (t) => {
  const { bench, dr } = segment('DROther')
  const far = ip('9.9.9.9')
  const two = ['10.0.0.7', '10.0.0.8'].map((address) => transit(dr!.address, ip(address)))
  dr!.update(
    routerLsa(dr!.routerId, [transit(dr!.address, dr!.address)]),
    networkLsa(dr!.address, dr!.routerId, [dr!.routerId, us, far]),
    routerLsa(far, [...two, stub('192.0.2.0', 24, 1)]),
  )
  bench.run(10)
  const hops = table(bench).get('192.0.2.0/24')?.hops
  t.same([...(hops ?? [])], ['eth0 via 10.0.0.7', 'eth0 via 10.0.0.8'])
})

t.test('unions of next hops count among what is to be emptied', async (t) => {
  const sets = new HopSets(8)
  const singles = Array.from({ length: 8 }, (_, i) => sets.single('x', i + 1))
  const all = [0, ...singles]
  for (const single of singles) for (const set of [...all]) all.push(sets.union(set, single))
  const few = sets.size
  t.ok(few <= 300, `${few} sets of 8 next hops`)
  for (const a of new Set(all)) for (const b of new Set(all)) sets.union(a, b)
  t.ok(sets.size > 10 * few, `${sets.size} with all that their unions take`)
})
