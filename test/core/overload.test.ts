/** RFC 4222, and the bounds that keep a flood from costing an adjacency. */
import t from 'tap'
import { ROUTER_LSA_LINKS } from '../../lib/core/router-lsa.ts'
import type { RawLsa } from '../../lib/wire/lsa.ts'
import type { RouterLsaBody } from '../../lib/wire/router-lsa.ts'
import { Bench, ip, madeUp, name, Peer, routerLsa, segment, stub, us } from './bench.ts'

/** Different LSAs of routers that are not there. */
const many = (count: number, from = 0): RawLsa[] =>
  Array.from({ length: count }, (_, i) => madeUp(ip('20.0.0.0') + from + i))

/** The same, large enough for a packet each. */
const large = (count: number): RawLsa[] =>
  Array.from({ length: count }, (_, i) => {
    const links = Array.from({ length: 100 }, (_, k) => stub(`192.0.${k}.0`, 24))
    return routerLsa(ip('20.0.0.0') + i, links)
  })

/** In packets as a neighbor would send them. */
function flood(peer: Peer, lsas: readonly RawLsa[]): void {
  const size = lsas[0]!.raw.length > 1000 ? 1 : 25
  for (let i = 0; i < lsas.length; i += size) peer.update(...lsas.slice(i, i + size))
}

const announce = (bench: Bench, prefix: string): void =>
  bench.config({ type: 'announce', stub: { area: 0, prefix: ip(prefix), length: 32, cost: 0 } })

// Recommendation 2

t.test('any packet of a neighbor shows that it is alive', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point' })
  const peer = new Peer(bench).to('Full')
  for (const say of [
    () => peer.update(madeUp(peer.routerId)),
    () => peer.ack(),
    () => peer.request({ type: 1, lsId: peer.routerId, advertisingRouter: peer.routerId }),
  ]) {
    bench.run(39)
    say()
  }
  bench.run(39)
  t.equal(peer.state, 'Full')
  bench.run(2)
  t.equal(peer.state, 'Down')
})

t.test('but not below 2-Way, and not a packet that is refused', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point' })
  const peer = new Peer(bench).to('Full')
  bench.run(30)
  const { interface: iface, address, routerId } = peer
  const forged = new Peer(bench, { interface: iface, address, routerId: routerId + 1 })
  forged.ack()
  peer.sendBytes(new Uint8Array(44))
  bench.run(10.5)
  t.equal(peer.state, 'Down')
  peer.to('Init')
  bench.run(30)
  peer.ack()
  bench.run(10.5)
  t.equal(peer.state, 'Down', 'it does not hear us')
})

// Recommendation 4

const sentOn = (bench: Bench, iface: string) =>
  bench.packets('ls-update').filter((s) => s.interface === iface)

/** A router between two others. */
function between() {
  const { bench, peers } = segment('Point-to-point')
  bench.up({ name: 'eth1', network: 'point-to-point' }, { address: ip('10.0.1.1') })
  const other = new Peer(bench, { interface: 'eth1', address: ip('10.0.1.2') }).alive().to('Full')
  other.acknowledges = true
  bench.run(60)
  other.acknowledge()
  other.acknowledges = false
  bench.forget()
  return { bench, from: peers[0]!, other }
}

t.test('a flood: a burst at once, the rest at a pace, each LSA once', async (t) => {
  const { bench, from } = between()
  const lsas = many(5000)
  flood(from, lsas)
  const burst = sentOn(bench, 'eth1').length
  t.ok(burst >= 64 && burst < 120, `${burst} packets at once`)
  bench.run(0.05)
  const later = sentOn(bench, 'eth1').length
  t.ok(later > burst && later < burst + 60, `${later} packets 50 ms later`)
  bench.run(0.3)
  const ids = sentOn(bench, 'eth1').flatMap((s) => s.body.lsas.map((l) => name(l.header)))
  t.same(new Set(ids), new Set(lsas.map((l) => name(l.header))))
  t.equal(ids.length, lsas.length)
})

t.test('our own LSAs, and few of others, do not wait', async (t) => {
  const { bench, from } = between()
  flood(from, many(50))
  t.equal(sentOn(bench, 'eth1').flatMap((s) => s.body.lsas).length, 50)
  flood(from, many(5000, 50))
  bench.forget()
  announce(bench, '192.0.2.1')
  t.match(bench.updates(), [
    'eth0>224.0.0.5 1/10.0.0.1/10.0.0.1',
    'eth1>224.0.0.5 1/10.0.0.1/10.0.0.1',
  ])
})

t.test('who does not acknowledge gets less and less, and more when it does again', async (t) => {
  const { bench, from, other } = between()
  const { pace } = bench.iface('eth1')
  flood(from, large(8000))
  other.acknowledges = true
  bench.run(3)
  t.equal(pace.rate, 1000, 'acknowledgements may take a while')
  bench.run(3)
  t.ok(pace.rate <= 250, `${pace.rate} packets a second`)
  t.ok(bench.iface('eth1').floodQueue.size > 500)
  // now it speaks
  for (let i = 0; i < 40; i++) {
    other.acknowledge()
    bench.run(0.5)
  }
  other.acknowledge()
  t.equal(bench.iface('eth1').floodQueue.size, 0, 'all of it has left')
  t.equal(other.neighbor!.retransmissions.size, 0)
  bench.run(30)
  flood(from, many(5, 30_000))
  t.equal(pace.rate, 1000, 'and forgotten after a while')
})

t.test('what has been acknowledged while it waited is not sent', async (t) => {
  const { bench, from, other } = between()
  const lsas = many(5000)
  flood(from, lsas)
  t.ok(bench.iface('eth1').floodQueue.size > 100)
  // the other has it from somewhere else
  for (const lsa of lsas.slice(-100)) other.update(lsa)
  bench.forget()
  bench.run(1)
  const left = new Set(sentOn(bench, 'eth1').flatMap((s) => s.body.lsas.map((l) => name(l.header))))
  t.ok(left.size > 1000)
  for (const { header } of lsas.slice(-100)) if (left.has(name(header))) t.fail(name(header))
  bench.unlink('eth1')
  t.equal(bench.iface('eth1').floodQueue.size, 0)
})

// Recommendation 5

/** The Designated Router, alone so far. */
function alone(exchanging: number): { bench: Bench; peers: Peer[] } {
  const bench = new Bench({ limits: { exchanging } })
  bench.up({ priority: 10 })
  bench.run(41)
  const peers = [2, 3, 4, 5, 6].map((host) => {
    const peer = new Peer(bench, { address: ip(`10.0.0.${host}`), priority: 0 })
    peer.designatedRouter = ip('10.0.0.1')
    return peer
  })
  return { bench, peers }
}
const states = (peers: readonly Peer[]): string => peers.map((p) => p.state).join()

t.test('only so many adjacencies form at a time', async (t) => {
  const { peers } = alone(2)
  for (const peer of peers) peer.hello()
  t.equal(states(peers), 'ExStart,ExStart,2-Way,2-Way,2-Way')
  peers[1]!.beginExchange()
  peers[1]!.endExchange()
  t.equal(states(peers), 'ExStart,Full,ExStart,2-Way,2-Way', 'the first in line')
  peers[0]!.hello({ neighbors: [] })
  t.equal(states(peers), 'Init,Full,ExStart,ExStart,2-Way', 'one has given up')
  peers[4]!.hello({ neighbors: [] })
  for (const peer of [peers[2]!, peers[3]!]) {
    peer.beginExchange()
    peer.endExchange()
  }
  t.equal(states(peers), 'Init,Full,Full,Full,Init', 'who has left the line is not called')
  peers[0]!.hello()
  peers[4]!.hello()
  t.equal(states(peers), 'ExStart,Full,Full,Full,ExStart')
})

t.test('those that get nowhere make room, and go on', async (t) => {
  const { bench, peers } = alone(2)
  for (const peer of peers) peer.alive().hello()
  bench.run(29)
  t.equal(states(peers), 'ExStart,ExStart,2-Way,2-Way,2-Way')
  bench.run(12)
  t.equal(states(peers), 'ExStart,ExStart,ExStart,ExStart,2-Way')
  bench.run(31)
  t.equal(states(peers), 'ExStart,ExStart,ExStart,ExStart,ExStart')
  for (const peer of peers) {
    peer.beginExchange()
    peer.endExchange()
  }
  t.equal(states(peers), 'Full,Full,Full,Full,Full')
})

// Bounds

t.test('packets above the rate are dropped; Hellos of neighbors are not among them', async (t) => {
  const bench = new Bench({ limits: { packetsPerSecond: 100 } })
  bench.up({ network: 'point-to-point' })
  const peer = new Peer(bench).to('Full')
  bench.run(30)
  for (let i = 0; i < 500; i++) peer.ack()
  t.equal(bench.dropped('rate'), 400)
  t.same(bench.said('limit'), [{ type: 'limit', what: 'packets', limit: 100, interface: 'eth0' }])
  t.equal(bench.router.interfacesNow()[0]!.drops.rate, 400)
  bench.run(9)
  peer.hello()
  for (let i = 0; i < 50; i++) peer.ack()
  t.equal(bench.dropped('rate'), 400, 'a second later there is room')
  bench.run(0.1)
  for (let i = 0; i < 500; i++) peer.ack()
  t.equal(bench.said('limit').length, 1, 'said once for as long as it lasts')
  bench.run(39)
  t.equal(peer.state, 'Full')
  peer.hello()
  bench.run(38)
  peer.hello()
  for (let i = 0; i < 500; i++) peer.ack()
  t.equal(bench.said('limit').length, 2, 'and again after a quiet minute')
})

t.test('the rate may change while running', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point' })
  const peer = new Peer(bench).to('Full')
  for (let i = 0; i < 500; i++) peer.ack()
  t.equal(bench.dropped('rate'), 0)
  bench.config({ type: 'limits', limits: { ...bench.router.limits, packetsPerSecond: 100 } })
  for (let i = 0; i < 500; i++) peer.ack()
  t.equal(bench.dropped('rate'), 400)
})

t.test('a flood of others costs no adjacency, nor what a neighbor says', async (t) => {
  const limits = { packetsPerSecond: 100, neighborsPerInterface: 10_000 }
  const { bench, peers } = segment('DR', { limits }, 0)
  const peer = peers[0]!
  peer.helloAt = Number.POSITIVE_INFINITY
  for (let second = 0; second < 120; second++) {
    for (let i = 0; i < 50; i++) {
      const address = ip('10.0.0.4') + (i % 200)
      const stranger = new Peer(bench, { address, routerId: ip('30.0.0.0') + second * 50 + i })
      stranger.hello({ neighbors: [] })
      bench.peers.pop()
    }
    if (second % 30 === 0) peer.hello()
    peer.update(madeUp(ip('20.0.0.0') + second))
    bench.run(1)
  }
  t.ok(bench.dropped('rate') > 4000, `${bench.dropped('rate')} dropped`)
  t.equal(peer.state, 'Full')
  t.equal(bench.router.database(bench.now * 1000).filter((l) => !l.own).length, 120)
})

t.test('a full database: the neighbor becomes Full, and what we have to say fits', async (t) => {
  const bench = new Bench({ limits: { lsas: 10 } })
  bench.up({ network: 'point-to-point' })
  const database = many(30).map(({ header }) => madeUp(header.lsId))
  const peer = new Peer(bench, { database }).to('Full')
  t.same(bench.said('limit'), [{ type: 'limit', what: 'lsdb', limit: 10 }])
  t.equal(peer.neighbor!.requests.size, 0)
  bench.run(30)
  announce(bench, '192.0.2.1')
  t.ok(bench.ownLinks().includes('stub 192.0.2.1/255.255.255.255 0'))
  const external = { prefix: ip('198.51.100.0'), length: 24, metricType: 2, metric: 1 } as const
  bench.config({ type: 'external', external: { ...external, tag: 0, forwardingAddress: 0 } })
  bench.config({
    type: 'opaque',
    where: { scope: 'area', area: 0 },
    opaqueType: 200,
    opaqueId: 1,
    data: new Uint8Array(4),
  })
  const own = bench.router.database(bench.now * 1000).filter((l) => l.own)
  t.same(own.map((l) => l.lsa.header.type).sort(), [1, 10, 5])
})

t.test(
  'a router-LSA holds what one packet can carry: neighbors and networks come first',
  async (t) => {
    const bench = new Bench()
    bench.up({ network: 'point-to-point' })
    const peer = new Peer(bench).to('Full')
    const first = ip('10.64.0.0')
    const stubs = Array.from({ length: ROUTER_LSA_LINKS + 100 }, (_, i) => ({
      type: 'announce' as const,
      stub: { area: 0, prefix: first + i, length: 32, cost: 0 },
    }))
    bench.router.handleConfig(bench.now * 1000, ...stubs)
    bench.run(20)
    const { links } = bench.entry({ type: 1, lsId: us, advertisingRouter: us })!.lsa
      .body as RouterLsaBody
    t.equal(links.length, ROUTER_LSA_LINKS)
    t.match(links[0], { type: 1, id: peer.routerId })
    t.equal(links.at(-1)?.id, first + ROUTER_LSA_LINKS - 3, 'beside the neighbor and its subnet')
    t.same(bench.said('limit'), [{ type: 'limit', what: 'router-lsa', limit: ROUTER_LSA_LINKS }])
    t.equal(peer.state, 'Full')
    // one of them goes, and there is room for the next
    bench.config({ type: 'withdraw', area: 0, prefix: first, length: 32 })
    bench.run(10)
    const after = bench.entry({ type: 1, lsId: us, advertisingRouter: us })!.lsa
      .body as RouterLsaBody
    t.equal(after.links.length, ROUTER_LSA_LINKS)
    t.equal(after.links.at(-1)?.id, first + ROUTER_LSA_LINKS - 2)
  },
)
