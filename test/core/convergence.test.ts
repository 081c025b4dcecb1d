/** When a router that has started knows all routes that it will find. */
import t from 'tap'
import type { InterfaceConfig } from '../../lib/core/io.ts'
import { Bench, ip, networkLsa, Peer, pointToPoint, routerLsa, stub, transit, us } from './bench.ts'

const two = ip('10.0.0.2')
const three = ip('10.0.0.3')
const never = Number.POSITIVE_INFINITY
const onLink: Partial<InterfaceConfig> = { network: 'point-to-point' }

/** Seconds. */
const at = ({ router }: Bench): number => router.convergesAt() / 1000

/** A router at the other end of a link, as it says itself when both ends are there. */
const linked = (id: number) => routerLsa(id, [pointToPoint(us, id), stub('192.0.2.0', 24)])

t.test('without interfaces that somebody could be on: at once', async (t) => {
  const bench = new Bench()
  t.equal(at(bench), Number.NEGATIVE_INFINITY)
  bench.up({ passive: true })
  t.equal(at(bench), Number.NEGATIVE_INFINITY)
})

t.test('nobody says Hello within RouterDeadInterval: nobody is there', async (t) => {
  const bench = new Bench()
  bench.run(3)
  bench.up(onLink)
  t.equal(at(bench), 43)
  bench.run(1)
  bench.up({ ...onLink, name: 'eth1', deadInterval: 20 }, { address: ip('10.0.1.1') })
  t.equal(at(bench), 43, 'the last counts')
})

t.test('an interface that is not up yet is waited for, and then its neighbors', async (t) => {
  const bench = new Bench()
  bench.up(onLink)
  bench.unlink()
  t.equal(at(bench), 40)
  bench.run(30)
  t.equal(at(bench), 40)
  bench.link('eth0')
  t.equal(at(bench), 70)
  bench.run(45)
  bench.unlink()
  bench.run(200)
  t.equal(at(bench), 70, 'one that is gone is not')
})

t.test('every step of an adjacency, and the way back', async (t) => {
  const bench = new Bench()
  bench.up(onLink)
  const peer = new Peer(bench, { database: [] }).alive()
  for (const state of ['Init', 'ExStart', 'Full'] as const) {
    if (state === 'Init') peer.helloAt = never
    else peer.alive()
    peer.to(state)
    bench.run(2)
    t.equal(at(bench), never, state)
  }
  bench.run(50)
  t.equal(peer.state, 'Full')
  t.equal(at(bench), never, 'Full, but it has not said so: there is no way (16.1 (2b))')
  peer.update(linked(two))
  t.equal(at(bench), never, 'not calculated')
  t.equal(bench.router.routing.isPending, true)
  bench.run(1)
  t.equal(bench.router.routing.isPending, false)
  t.equal(at(bench), 40)
})

t.test('who goes may be back: another RouterDeadInterval', async (t) => {
  const bench = new Bench()
  bench.up(onLink)
  const peer = new Peer(bench, { database: [linked(two)] }).alive().to('Full')
  bench.run(10)
  t.equal(at(bench), 40)
  peer.hello({ neighbors: [] })
  t.equal(peer.state, 'Init')
  t.equal(at(bench), never, 'it does not hear us')
  peer.helloAt = never
  bench.run(45)
  t.equal(peer.state, 'Down')
  t.equal(at(bench), 90, 'from 50 on')
})

t.test('asleep, nobody was heard', async (t) => {
  const bench = new Bench()
  bench.up(onLink)
  bench.run(35)
  bench.resume()
  t.equal(at(bench), 75)
})

t.test('an election first', async (t) => {
  const bench = new Bench()
  const iface = bench.up({ waitInterval: 60 })
  bench.run(50)
  t.equal(iface.state, 'Waiting')
  t.equal(at(bench), never)
  bench.run(11)
  t.equal(iface.state, 'DR')
  t.equal(at(bench), 40, 'alone')
})

t.test('nobody is eligible: there is no way through the network', async (t) => {
  const bench = new Bench()
  bench.up({ priority: 0 })
  t.equal(at(bench), 40)
  new Peer(bench, { priority: 0 }).alive().to('2-Way')
  bench.run(50)
  t.equal(bench.iface().designatedRouter, 0)
  t.equal(at(bench), never)
})

t.test('among others on a LAN everybody has to be on it, not only who is Full', async (t) => {
  const bench = new Bench()
  bench.up({ priority: 0 })
  const link = (id: number) => routerLsa(id, [transit(two, id)])
  const dr = new Peer(bench, {
    address: two,
    database: [link(two), networkLsa(two, two, [us, two])],
  })
  dr.designatedRouter = two
  dr.alive().to('Full')
  const other = new Peer(bench, { address: three, priority: 0 }).alive()
  other.designatedRouter = two
  other.to('2-Way')
  bench.run(20)
  t.match(bench.ownLinks().join(), 'transit 10.0.0.2')
  t.equal(other.state, '2-Way')
  t.equal(at(bench), never, 'it has no way to the new Designated Router yet')
  dr.update(link(three), networkLsa(two, two, [us, two, three], { sequence: -0x7ffffffe }))
  bench.run(5)
  t.equal(at(bench), 40)
})

t.test('NBMA: who may not be elected has to be found', async (t) => {
  const neighbors = [{ address: two, eligible: true }]
  const bench = new Bench()
  bench.up({ network: 'nbma', neighbors, priority: 0, pollInterval: 60 })
  bench.run(100)
  t.equal(at(bench), never, 'they may have to poll us')
  const greeting = new Bench()
  greeting.up({ network: 'nbma', neighbors, pollInterval: 60 })
  greeting.run(41)
  t.equal(at(greeting), 40, 'we have greeted them, and they would have answered')
})

t.test('a full database may lack routes', async (t) => {
  const bench = new Bench({ limits: { lsas: 2 } })
  bench.up(onLink)
  const stubs = [4, 5].map((n) => routerLsa(ip(`10.0.0.${n}`), [stub(`192.0.${n}.0`, 24)]))
  new Peer(bench, { database: [linked(two), ...stubs] })
    .alive()
    .to('Exchange')
    .endExchange([linked(two).header, ...stubs.map(({ header }) => header)])
  bench.peers[0]!.update(linked(two), ...stubs)
  bench.run(5)
  t.equal(bench.router.refused.size > 0, true)
  t.equal(at(bench), never)
})

t.test('one that leaves finds nothing more', async (t) => {
  const bench = new Bench()
  bench.up(onLink)
  bench.config({ type: 'flush' })
  t.equal(at(bench), never)
})
