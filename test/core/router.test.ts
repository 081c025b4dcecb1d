import t from 'tap'
import { Router } from '../../lib/core/router.ts'
import { Random } from '../../lib/sim/random.ts'
import {
  again,
  Bench,
  firstSequence,
  ip,
  madeUp,
  name,
  Peer,
  pointToPoint,
  replay,
  routerLsa,
  segment,
  stub,
  us,
} from './bench.ts'

const far = ip('20.0.0.1')

/** A Full neighbor on a link that acknowledges everything, and a second that is told when to. */
function twoLinks() {
  const { bench, peers } = segment('Point-to-point')
  bench.up({ name: 'eth1', network: 'point-to-point' }, { address: ip('10.0.1.1') })
  const [a, b] = [peers[0]!, new Peer(bench, { interface: 'eth1', address: ip('10.0.1.2') })]
  b.to('Full').alive()
  a.acknowledges = b.acknowledges = true
  bench.run(30)
  bench.forget()
  return { bench, a, b }
}

t.test('14: our own LSAs are refreshed every LSRefreshTime', async (t) => {
  const { bench } = twoLinks()
  const { lsa, installedAt } = bench.ownRouterLsa()!
  const age = bench.now - installedAt / 1000
  bench.run(1799 - age)
  t.equal(bench.ownRouterLsa()!.lsa, lsa)
  bench.run(2)
  const next = bench.ownRouterLsa()!.lsa
  t.match(next.header, { sequence: lsa.header.sequence + 1, age: 0 })
  t.same(next.body, lsa.body)
  t.same(
    bench.updates(),
    ['eth0', 'eth1'].map((i) => `${i}>224.0.0.5 1/10.0.0.1/10.0.0.1`),
  )
  t.same(bench.said('spf'), [], 'which calculates nothing')
  bench.run(4 * 1800)
  t.match(bench.ownRouterLsa()!.lsa.header, { sequence: lsa.header.sequence + 5 })
})

t.test(
  '14: an LSA that comes to MaxAge is flooded, and removed when it is acknowledged',
  async (t) => {
    const { bench, a, b } = twoLinks()
    const lsa = madeUp(far, { age: 3000 })
    a.update(lsa)
    bench.run(1)
    b.acknowledge()
    a.acknowledges = b.acknowledges = false
    bench.run(598)
    t.ok(bench.entry(lsa.header))
    bench.forget()
    bench.run(2)
    const flushed = () =>
      bench
        .packets('ls-update')
        .flatMap((s) => s.body.lsas.map((l) => l.header))
        .filter((h) => h.lsId === far)
    t.match(flushed(), [
      { sequence: firstSequence, age: 3600 },
      { sequence: firstSequence, age: 3600 },
    ])
    a.ack(flushed()[0]!)
    b.ack(lsa.header)
    t.ok(bench.entry(lsa.header), 'the second neighbor has acknowledged something else')
    bench.run(30)
    t.ok(bench.entry(lsa.header))
    b.ack(flushed()[0]!)
    t.equal(bench.entry(lsa.header), undefined)
  },
)

t.test('14: nor is it removed while a neighbor is in Exchange or Loading', async (t) => {
  for (const state of ['Exchange', 'Loading'] as const) {
    const { bench, a, b } = twoLinks()
    a.update(madeUp(far))
    bench.run(2)
    b.acknowledge()
    bench.up({ name: 'eth2', network: 'point-to-point' }, { address: ip('10.0.2.1') })
    const c = new Peer(bench, { interface: 'eth2', address: ip('10.0.2.2') })
    c.to(state)
    c.acknowledges = true
    const dying = again(madeUp(far), { sequence: 5, age: 3600 })
    a.update(dying)
    bench.run(1)
    for (const p of [b, c]) p.ack(dying.header)
    const entry = bench.entry(dying.header)
    t.equal(entry?.retransmitting, 0)
    t.ok(entry, state)
    bench.iface('eth2').neighbors.get(c.routerId)!.event('KillNbr')
    bench.run(10)
    t.equal(bench.entry(dying.header), undefined)
  }
})

t.test('14: routes do not go through what is at MaxAge', async (t) => {
  const { bench, a } = twoLinks()
  const links = [pointToPoint(us, a.address), stub('192.0.2.0', 24)]
  a.update(routerLsa(a.routerId, links))
  bench.run(1)
  t.match(bench.routeChanges, [{ type: 'replace', route: { prefix: ip('192.0.2.0'), cost: 11 } }])
  bench.forget()
  a.update(routerLsa(a.routerId, links, { sequence: 5, age: 3600 }))
  bench.run(1)
  t.same(bench.routeChanges, [{ type: 'remove', prefix: ip('192.0.2.0'), length: 24 }])
})

t.test('14: nobody wakes to see LSAs age', async (t) => {
  const bench = new Bench()
  bench.up({ passive: true, network: 'point-to-point' })
  bench.run(1)
  const before = bench.inputs.length
  bench.run(1700)
  t.equal(bench.inputs.length - before, 170, 'a Hello timer every 10 s')
})

t.test('handleResume: Hellos at once, and our own LSAs anew', async (t) => {
  const { bench } = twoLinks()
  bench.run(3)
  const { sequence } = bench.ownRouterLsa()!.lsa.header
  bench.forget()
  bench.resume()
  bench.run(0)
  t.equal(bench.packets('hello').length, 2)
  t.equal(bench.ownRouterLsa()!.lsa.header.sequence, sequence + 1)
})

t.test('flush: priority 0 first, and the Backup takes over', async (t) => {
  const { bench, backup } = segment('DR')
  bench.config({ type: 'flush' })
  const [hello] = bench.packets('hello')
  t.match(hello!.body, { priority: 0, designatedRouter: backup!.address })
  t.equal(bench.iface().state, 'DROther')
  t.equal(backup!.state, 'Full')
  bench.run(35)
  t.ok(bench.packets('hello').length >= 4, 'Hellos go on')
})

t.test('flush: somebody hears it even when nobody can take over from us', async (t) => {
  const { bench, backup, others } = segment('DR')
  backup!.priority = 0
  backup!.backupDesignatedRouter = 0
  others[0]!.backupDesignatedRouter = 0
  backup!.hello()
  others[0]!.hello()
  bench.run(60)
  bench.forget()
  bench.config({ type: 'flush' })
  bench.run(3)
  const flushed = bench
    .packets('ls-update')
    .flatMap((s) => s.body.lsas.map(({ header }) => `${name(header)} ${header.age}`))
  t.ok(flushed.includes('1/10.0.0.1/10.0.0.1 3600'), 'the router-LSA')
  t.ok(flushed.includes('2/10.0.0.1/10.0.0.1 3600'), 'the network-LSA')
})

t.test('flush: routes of what is in flight stay as they are', async (t) => {
  const { bench, a } = twoLinks()
  a.update(routerLsa(a.routerId, [pointToPoint(us, a.address), stub('192.0.2.0', 24)]))
  bench.run(1)
  const before = bench.router.routes()
  bench.config({ type: 'flush' })
  bench.run(5)
  t.same(bench.router.routes(), before)
})

t.test('close: a Hello without neighbors on every interface, then silence for good', async (t) => {
  const { bench, a, b } = twoLinks()
  bench.config({ type: 'flush' })
  bench.run(2)
  bench.forget()
  bench.config({ type: 'close' })
  t.same(
    bench.packets('hello').map((s) => [s.interface, s.body.neighbors, s.body.priority]),
    [
      ['eth0', [], 0],
      ['eth1', [], 0],
    ],
  )
  bench.forget()
  a.helloAt = b.helloAt = Number.POSITIVE_INFINITY
  a.hello()
  bench.link('eth0', {})
  bench.config({ type: 'interface', config: { ...a.iface.config, name: 'eth5' } })
  bench.link('eth5', { address: ip('10.0.5.1') })
  bench.run(4000)
  t.same(bench.sent, [])
})

t.test('an area or a network type that changes begins the interface anew', async (t) => {
  const { bench } = twoLinks()
  const { config } = bench.iface('eth0')
  bench.config({ type: 'interface', config: { ...config, area: 3 } })
  t.match(bench.iface('eth0'), { state: 'Point-to-point', area: { id: 3 } })
  t.equal(bench.iface('eth0').neighbors.size, 0)
  bench.config({ type: 'interface', config: { ...config, network: 'broadcast' } })
  t.match(bench.iface('eth0'), { state: 'Waiting', area: { id: 0 } })
  bench.config({ type: 'remove-interface', interface: 'eth0' })
  bench.config({ type: 'remove-interface', interface: 'eth0' })
  bench.link('eth0')
  t.equal(bench.router.interfaces.size, 1)
})

t.test('the same inputs give the same outputs', async (t) => {
  const random = new Random('determinism')
  const { bench, others } = segment('DR', { seed: 99 }, 3)
  for (let i = 0; i < 60; i++) {
    const peer = random.pick(bench.peers)
    const stubs = [stub('192.0.2.0', 24, 1 + random.int(9))]
    if (random.chance(0.2)) peer.hello({ neighbors: random.chance(0.5) ? [] : [us] })
    else if (random.chance(0.5)) peer.update(routerLsa(far + random.int(5), stubs, { sequence: i }))
    else {
      const prefix = ip('198.51.100.0') + random.int(8)
      const vip = { area: 0, prefix, length: 32, cost: i }
      bench.config({ type: 'announce', stub: vip })
    }
    bench.run(random.next() * 3)
  }
  t.ok(others.length > 0 && bench.outputs.length > 200, `${bench.outputs.length} outputs`)
  const twin = new Router({ routerId: us, seed: 99 })
  const outputs = bench.inputs.flatMap((input) => replay(twin, input))
  t.same(outputs, bench.outputs)
  t.same(twin.routes(), bench.router.routes())
  t.same(twin.database(0), bench.router.database(0))
})

t.test('poll gives what is to be done once, in order; nextTimeout what is next', async (t) => {
  const router = new Router({ routerId: us, seed: 1 })
  t.equal(router.poll(), undefined)
  t.equal(router.nextTimeout(), undefined, 'an idle router wants nothing')
  const bench = new Bench()
  bench.up()
  t.equal(bench.router.nextTimeout(), 0, 'a Hello at once')
  bench.run(0)
  t.ok(bench.router.nextTimeout()! > 0)
})
