/**
 * Published attacks (Nakibly et al., NDSS 2012; Vetter, Wang, Wu; Pescape; RFC 6863): the router holds its own, at a bounded
 * pace, and names the attack and the neighbor that it came from.
 */
import t from 'tap'
import type { OspfEvent } from '../../lib/core/events.ts'
import { Suspicions } from '../../lib/core/suspicions.ts'
import { encodeLsa } from '../../lib/wire/lsa.ts'
import { again, aged, Bench, ip, madeUp, Peer, segment, us } from '../core/bench.ts'
import { lsa, packet, update } from './case.ts'

/** The attacks that were named, as 'own-lsa 3 10.0.0.2 router-LSA of 10.0.0.1'. */
const named = (bench: Bench): string[] =>
  bench
    .said('attack')
    .map(({ attack, count, routerId, what }) =>
      [attack, count, routerId, what].filter((x) => x !== undefined).join(' '),
    )

function insider(): { bench: Bench; peer: Peer } {
  const { bench, peers } = segment('Point-to-point')
  return { bench, peer: peers[0]! }
}

t.test(
  'seq++: each newer instance of ours is outbid, at the pace of any change, and the third is called an attack',
  async (t) => {
    const { bench, peer } = insider()
    peer.acknowledges = true
    let forged = 0
    for (let i = 0; i < 60; i++) {
      const own = bench.ownRouterLsa()!.lsa
      if (bench.ownRouterLsa()!.ours) {
        peer.update(
          encodeLsa({ ...own.header, sequence: own.header.sequence + 1 }, madeUp(us).body),
        )
        forged++
      }
      bench.run(0.5)
      peer.acknowledge()
    }
    const sent = bench.updates().filter((u) => u.endsWith('1/10.0.0.1/10.0.0.1')).length
    t.ok(sent <= 30, `${sent} updates against ${forged} forgeries in 30 s`)
    t.ok(forged > 5)
    bench.run(10)
    t.ok(bench.ownRouterLsa()!.ours, 'the last word is ours')
    t.equal(named(bench)[0], 'own-lsa 3 10.0.0.2 router-LSA of 10.0.0.1')
    t.ok(bench.said('attack').length <= 2, 'told at 3 and at 30')
  },
)

t.test('premature aging of what is ours', async (t) => {
  const { bench, peer } = insider()
  peer.acknowledges = true
  for (let i = 0; i < 40; i++) {
    if (bench.ownRouterLsa()?.ours) peer.update(aged(bench.ownRouterLsa()!.lsa, 3600))
    bench.run(0.5)
    peer.acknowledge()
  }
  bench.run(10)
  t.ok(bench.ownRouterLsa()!.ours)
  t.equal(named(bench)[0], 'own-max-age 3 10.0.0.2 router-LSA of 10.0.0.1')
})

t.test('MaxSequenceNumber (CVE-2017-3224): named at once', async (t) => {
  const { bench, peer } = insider()
  peer.acknowledges = true
  peer.update(again(madeUp(us), { sequence: 0x7fffffff }))
  t.same(named(bench), ['max-sequence 1 10.0.0.2 router-LSA of 10.0.0.1'])
  for (let i = 0; i < 10; i++) {
    bench.run(1)
    peer.acknowledge()
  }
  t.ok(bench.ownRouterLsa()!.ours)
})

t.test('an LSA of an earlier life, once each, is no attack', async (t) => {
  const { bench, peer } = insider()
  peer.acknowledges = true
  peer.update(again(madeUp(us), { sequence: 1000 }))
  bench.run(10)
  peer.acknowledge()
  t.same(named(bench), [])
  t.equal(bench.said('self-originated').length, 1)
})

t.test('phantom routers until the database is full', async (t) => {
  const { bench, peers } = segment('Point-to-point', { limits: { lsas: 40 } })
  const [peer] = peers as readonly [Peer]
  for (let i = 0; i < 300; i++) peer.update(madeUp(0x0b000000 + i))
  t.same(named(bench), ['phantom-lsas 100 10.0.0.2'])
  t.equal(bench.router.database(0).length, 40)
  t.equal(peer.state, 'Full')
})

t.test('an LSA that changes without pause', async (t) => {
  const { bench, peer } = insider()
  for (let i = 0; i < 400; i++) {
    peer.update(madeUp(ip('10.9.9.9'), { sequence: 10 + i }))
    bench.run(0.01)
  }
  t.same(named(bench), [
    'lsa-storm 30 10.0.0.2 router-LSA of 10.9.9.9',
    'lsa-storm 300 10.0.0.2 router-LSA of 10.9.9.9',
  ])
})

t.test('somebody breaks the exchange again and again', async (t) => {
  const { bench, peer } = insider()
  for (let i = 0; i < 6; i++) {
    peer.request({ type: 1, lsId: ip('1.2.3.4'), advertisingRouter: ip('1.2.3.4') })
    t.equal(peer.state, 'ExStart')
    peer.to('Full')
    bench.run(1)
  }
  t.same(named(bench), ['restarts 5 10.0.0.2'])
})

t.test('a false adjacency needs a sequence number that cannot be guessed', async (t) => {
  const first = new Set<number>()
  for (let seed = 1; seed <= 50; seed++) {
    const bench = new Bench({ seed })
    bench.up({ network: 'point-to-point' })
    new Peer(bench).to('ExStart')
    first.add(bench.packets('database-description')[0]!.body.sequence)
  }
  t.equal(first.size, 50, 'another one in each life')
})

t.test('a neighbor takes the place of a Designated Router that lives', async (t) => {
  const { bench, others } = segment('DR')
  const [peer] = others as [Peer]
  peer.priority = 255
  peer.designatedRouter = peer.address
  peer.hello()
  bench.run(1)
  t.equal(bench.iface().designatedRouter, peer.address, 'as 9.4 has it')
  t.same(named(bench), ['takeover 1 10.0.0.4'])
})

t.test('a Designated Router that has gone is replaced without suspicion', async (t) => {
  const { bench, dr } = segment('DROther')
  dr!.helloAt = Number.POSITIVE_INFINITY
  bench.run(60)
  t.not(bench.iface().designatedRouter, dr!.address)
  t.same(named(bench), [])
})

t.test('a Backup that goes takes nobody’s place', async (t) => {
  const { bench, backup } = segment('DROther')
  bench.run(90)
  backup!.helloAt = Number.POSITIVE_INFINITY
  backup!.priority = 0
  backup!.hello()
  bench.run(1)
  t.not(bench.iface().backupDesignatedRouter, backup!.address)
  t.same(named(bench), [], 'the Designated Router is who it was')
})

t.test('an episode ends with a quiet minute, and only so many are remembered', async (t) => {
  const said: OspfEvent[] = []
  const suspicions = new Suspicions((event) => said.push(event))
  const source = { interface: 'eth0', routerId: 1, address: 2 }
  suspicions.add(0, 'takeover', source)
  suspicions.add(60_000, 'takeover', source)
  t.equal(said.length, 1)
  suspicions.add(120_001, 'takeover', source)
  t.equal(said.length, 2)
  for (let i = 0; i < 10_000; i++) {
    suspicions.add(200_000, 'own-lsa', { ...source, address: i }, `router-LSA of ${i}`)
  }
  t.equal(said.length, 2, 'ten thousand that happened once are no news')
})

t.test('what an attacker says of others is passed on as it is, and is not our fight', async (t) => {
  const { bench, peer } = insider()
  const victim = ip('10.9.9.9')
  for (let i = 0; i < 10; i++) {
    peer.sendBytes(
      packet(peer, 4, update([lsa(1, victim, victim, [0, 0, 0, 0], { sequence: 0x80000001 + i })])),
    )
    bench.run(2)
  }
  t.same(named(bench), [])
  t.same(bench.drops, {})
})
