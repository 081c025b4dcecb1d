/** When which part of the routes is calculated, and what is said of it. */
import t from 'tap'
import type { OspfEvent } from '../../lib/core/events.ts'
import { formatIpv4, formatPrefix } from '../../lib/wire/address.ts'
import {
  Bench,
  externalLsa,
  ip,
  lsaOf,
  madeUp,
  networkLsa,
  Peer,
  pointToPoint,
  routerLsa,
  segment,
  stub,
  transit,
  us,
} from './bench.ts'

const [b, c] = [ip('10.0.0.2'), ip('20.0.0.3')]

/** What was calculated since the last look. */
function runs(bench: Bench): Extract<OspfEvent, { type: 'spf' }>[] {
  const said = bench.said('spf')
  bench.events.length = 0
  return said
}

const has = (bench: Bench, prefix: string): boolean =>
  bench.router.routes().some((r) => formatPrefix(r.prefix, r.length) === prefix)

/** We, then b, then c, which has a stub network. */
function chain(options: ConstructorParameters<typeof Bench>[0] = {}) {
  const spfDelay = { initialMs: 0, ...options.spfDelay }
  const { bench, peers } = segment('Point-to-point', { ...options, spfDelay })
  const peer = peers[0]!
  let sequence = 0
  const say = (id: number, ...links: Parameters<typeof routerLsa>[1]): void =>
    peer.update(routerLsa(id, links, { sequence: ++sequence }))
  const [toUs, toC, toB] = [pointToPoint(us, b), pointToPoint(c, 1), pointToPoint(b, 1)]
  say(b, toUs, toC)
  say(c, toB, stub('192.0.2.0', 24))
  bench.run(10)
  bench.forget()
  return { bench, peer, say, toUs, toC, toB }
}

t.test(
  'a stub network that comes or goes is in the routes when the input has been dealt with',
  async (t) => {
    const { bench, say, toB } = chain()
    say(c, toB)
    t.notOk(has(bench, '192.0.2.0/24'), 'no timer has to run')
    t.match(runs(bench), [
      {
        what: 'networks',
        areas: [],
        vertices: 0,
        networks: 1,
        routes: 1,
        reasons: ['router-LSA of 20.0.0.3'],
      },
    ])
    bench.run(10)
    t.same(runs(bench), [], 'and that was that')
    say(c, toB, stub('198.51.100.0', 24))
    t.ok(has(bench, '198.51.100.0/24'))
    t.equal(bench.router.routes().find((r) => r.prefix === ip('198.51.100.0'))?.cost, 12)
  },
)

t.test('many changes: the first at once, the others together', async (t) => {
  const { bench, peer } = chain()
  for (let i = 0; i < 20; i++) peer.update(externalLsa(`203.0.${i}.0`, c))
  t.match(runs(bench), [{ what: 'networks', networks: 1 }])
  bench.run(0.01)
  t.match(runs(bench), [{ what: 'networks', networks: 19 }])
  bench.run(1)
  t.same(runs(bench), [])
})

t.test('the delay of such changes is an option of its own', async (t) => {
  const { bench, say, toB, toC, toUs } = chain({ routeDelay: { initialMs: 300 } })
  say(c, toB)
  t.ok(has(bench, '192.0.2.0/24'))
  bench.run(0.299)
  t.ok(has(bench, '192.0.2.0/24'))
  bench.run(0.001)
  t.notOk(has(bench, '192.0.2.0/24'))
  runs(bench)
  say(b, toUs, { ...toC, metric: 5 })
  bench.run(0)
  t.match(runs(bench), [{ what: 'tree' }], 'that of the tree is another')
})

t.test('a change of stub networks does not bring a tree forward that waits', async (t) => {
  const { bench, say, toB, toC, toUs } = chain({
    spfDelay: { initialMs: 1000, shortMs: 1000, longMs: 1000 },
  })
  say(b, toUs, { ...toC, metric: 5 })
  say(c, toB, stub('192.0.2.0', 24), stub('198.51.100.0', 24))
  t.match(runs(bench), [{ what: 'networks' }])
  const costOf = (prefix: string) =>
    bench.router.routes().find((r) => r.prefix === ip(prefix))?.cost
  t.equal(costOf('198.51.100.0'), 12, 'on the tree as it was')
  bench.run(1)
  t.match(runs(bench), [{ what: 'tree', areas: ['0.0.0.0'] }])
  t.equal(costOf('198.51.100.0'), 16)
  t.equal(costOf('192.0.2.0'), 16)
})

t.test(
  'a tree that is calculated does what waits for the delay of routes; nothing is done twice',
  async (t) => {
    const { bench, say, toB, toC, toUs } = chain({ routeDelay: { initialMs: 500, shortMs: 500 } })
    say(c, toB)
    say(b, toUs, { ...toC, metric: 5 })
    bench.run(0)
    t.match(runs(bench), [
      { what: 'tree', reasons: ['router-LSA of 20.0.0.3', 'router-LSA of 10.0.0.2'] },
    ])
    t.notOk(has(bench, '192.0.2.0/24'))
    bench.run(5)
    t.same(runs(bench), [])
  },
)

t.test('what a router is, is a matter of the table and of no tree', async (t) => {
  const { bench, peer } = chain()
  peer.update(externalLsa('203.0.113.0', c))
  t.match(runs(bench), [{ what: 'networks', routes: 0 }], 'nobody known as a boundary router')
  const { header, body } = routerLsa(c, [pointToPoint(b, 1)], { sequence: 50 })
  if (body.kind !== 'router') throw new Error('not a router-LSA')
  peer.update(lsaOf(header.type, c, c, { ...body, external: true }, { sequence: 50 }))
  bench.run(1)
  t.match(runs(bench), [{ what: 'table', vertices: 0, reasons: ['router-LSA of 20.0.0.3'] }])
  t.ok(has(bench, '203.0.113.0/24'))
})

t.test('reasons are bounded, and each is said once', async (t) => {
  const { bench, peer } = chain({ routeDelay: { initialMs: 100 } })
  for (let i = 0; i < 30; i++) peer.update(externalLsa(`203.0.${i % 15}.0`, c, { sequence: i }))
  bench.run(1)
  const [run] = runs(bench)
  t.equal(run?.reasons.length, 8)
  t.ok(run!.moreReasons >= 7, `${run?.moreReasons} more`)
})

t.test('how long it took is told by the stopwatch that was handed in', async (t) => {
  let now = 0
  const { bench, say, toB } = chain({ stopwatch: () => (now += 2.5) })
  say(c, toB)
  t.match(runs(bench), [{ durationMs: 2.5 }])
  const silent = chain()
  silent.say(c, silent.toB)
  t.match(runs(silent.bench), [{ durationMs: undefined }])
})

t.test('a tree that takes long is calculated more seldom while changes keep coming', async (t) => {
  const counted = (took: number, wait: number): number => {
    let now = 0
    const { bench, say, toUs, toC, toB } = chain({ stopwatch: () => (now += took) })
    say(c, toB, pointToPoint(ip('20.0.0.4'), 1))
    bench.run(0.02)
    // the first after a quiet time does not wait; the next does, in SHORT_WAIT
    say(b, toUs, toC, pointToPoint(ip('20.0.0.5'), 1))
    bench.run(wait)
    return runs(bench).filter(({ what }) => what === 'tree').length
  }
  t.equal(counted(1, 0.06), 2, 'SHORT_SPF_DELAY is enough')
  t.equal(counted(100, 0.35), 1, 'four times as long as it takes')
  t.equal(counted(100, 0.45), 2)
  t.equal(counted(10_000, 1.1), 2, 'a second at most')
})

t.test('the last tree of a database that comes in waits half as long as others', async (t) => {
  let now = 0
  const { bench, peer } = chain({ stopwatch: () => (now += 100) })
  const come = (first: string): void => {
    for (let i = 0; i < 5; i++) peer.update(madeUp(ip(first) + i))
  }
  const trees = (): number => runs(bench).filter(({ what }) => what === 'tree').length
  come('10.9.0.1')
  bench.run(0.02)
  t.equal(trees(), 1)
  come('10.9.1.1')
  bench.run(0.19)
  t.equal(trees(), 0, 'two thirds of the time are for others')
  bench.run(0.02)
  t.equal(trees(), 1, 'though it paused long ago')
})

t.test('256 paths of equal cost', async (t) => {
  const far = ip('192.0.2.0')
  for (const maximumPaths of [64, 256]) {
    const bench = new Bench({ limits: { maximumPaths } })
    bench.up({ priority: 10 }, { prefixLength: 16 })
    bench.run(41)
    const addresses = Array.from({ length: 260 }, (_, i) => ip('10.0.7.1') + i)
    for (const address of addresses) {
      const peer = new Peer(bench, { address, priority: 0 })
      peer.designatedRouter = us
      peer.to('Full')
      const link = { type: 2, id: us, data: address, metric: 1, tos: [] }
      peer.update(routerLsa(address, [link, stub('192.0.2.0', 24)]))
    }
    bench.run(1)
    const gateways = bench.router
      .routes()
      .find((r) => r.prefix === far)
      ?.nextHops.map((hop) => hop.gateway)
    t.same(gateways, addresses.slice(0, maximumPaths), 'those with the lowest addresses')
  }
})

t.test('a change of Designated Router takes no route away', async (t) => {
  const { bench, dr, backup } = segment('DROther')
  const say = (of: Peer, network: Peer, sequence: number): void =>
    of.update(
      networkLsa(network.address, network.routerId, [us, dr!.routerId, backup!.routerId], {
        sequence,
      }),
      ...[dr!, backup!].map((peer) =>
        routerLsa(
          peer.routerId,
          [transit(network.address, peer.address), stub(formatIpv4(peer.address), 32)],
          { sequence },
        ),
      ),
    )
  say(dr!, dr!, 1)
  bench.run(10)
  const mine = '10.0.0.3/32'
  t.ok(has(bench, mine))
  // the Designated Router leaves, the Backup takes over
  dr!.priority = 0
  for (const peer of [dr!, backup!]) {
    peer.designatedRouter = backup!.address
    peer.backupDesignatedRouter = 0
    peer.hello()
  }
  t.equal(bench.iface().designatedRouter, backup!.address)
  bench.run(0.01)
  t.ok(has(bench, mine), 'our link leads to a network that nobody has described yet')
  runs(bench)
  say(backup!, backup!, 2)
  bench.run(0)
  t.match(runs(bench), [{ what: 'tree' }], 'now it has been')
  t.ok(has(bench, mine))
})

t.test('a database that comes in is calculated once', async (t) => {
  const { bench, peers } = segment('Point-to-point')
  runs(bench)
  const far = Array.from({ length: 20 }, (_, i) => madeUp(ip('10.9.0.1') + i))
  for (const lsa of far) {
    peers[0]!.update(lsa)
    bench.run(0.005)
  }
  t.same(runs(bench), [], 'not while more of it comes')
  bench.run(1)
  t.match(runs(bench), [{ what: 'tree', vertices: 1 + far.length }])
})

t.test('an exchange is calculated at its end', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point' })
  bench.run(1)
  const far = Array.from({ length: 5 }, (_, i) => madeUp(ip('10.9.0.1') + i))
  const peer = new Peer(bench).alive().to('Exchange')
  runs(bench)
  peer.endExchange(far.map(({ header }) => header))
  for (const lsa of far) {
    t.equal(peer.state, 'Loading')
    bench.run(0.05)
    peer.update(lsa)
  }
  t.equal(peer.state, 'Full')
  t.same(runs(bench), [])
  bench.run(0.1)
  t.match(runs(bench), [{ what: 'tree', vertices: 1 + far.length }])
})
