import t from 'tap'
import type { Lsa } from '../../lib/wire/lsa.ts'
import { encodePacket } from '../../lib/wire/packet.ts'
import {
  again,
  aged,
  Bench,
  externalLsa,
  firstSequence,
  ip,
  lsaOf,
  madeUp,
  name,
  networkLsa,
  Peer,
  pointToPoint,
  routerLsa,
  segment,
  stub,
  us,
} from './bench.ts'

const far = ip('20.0.0.1')
const lsa = madeUp(far)
const id = lsa.header
const next = (steps: number) => again(lsa, { sequence: firstSequence + steps })

/** A Full neighbor on a point-to-point link, and another link that hears what is flooded on. */
function between(): { bench: Bench; peer: Peer; other: Peer } {
  const { bench, peers } = segment('Point-to-point')
  bench.up({ name: 'eth1', network: 'point-to-point' }, { address: ip('10.0.1.1') })
  const peer = peers[0]!
  const other = new Peer(bench, { interface: 'eth1', address: ip('10.0.1.2') })
  peer.acknowledges = other.acknowledges = true
  other.to('Full').alive()
  bench.run(20)
  peer.acknowledges = other.acknowledges = false
  bench.forget()
  return { bench, peer, other }
}

t.test('13: updates are for neighbors in Exchange or above', async (t) => {
  for (const state of ['Init', 'ExStart', 'Exchange', 'Loading', 'Full'] as const) {
    const bench = new Bench()
    bench.up({ network: 'point-to-point' })
    const peer = new Peer(bench).to(state)
    peer.update(lsa)
    const early = state === 'Init' || state === 'ExStart'
    t.equal(bench.entry(id) !== undefined, !early, state)
    t.same(bench.drops, early ? { 'neighbor-state': 1 } : {})
  }
})

t.test('13 (1): a bad LS checksum; the good LSAs of the packet are kept', async (t) => {
  const { bench, peer } = between()
  const bad = { header: id, raw: new Uint8Array(lsa.raw).fill(7, 30, 31) }
  const zero = { header: id, raw: new Uint8Array(lsa.raw).fill(0, 16, 18) }
  const [before, after] = [madeUp(ip('20.0.0.2')), madeUp(ip('20.0.0.3'))]
  peer.update(before, bad, zero, after)
  bench.run(1)
  t.equal(bench.entry(id), undefined)
  t.ok(bench.entry(before.header))
  t.ok(bench.entry(after.header))
  t.same(bench.drops, { 'lsa-checksum': 2 })
  t.same(
    bench.acks(),
    [before, after].map((l) => `eth0>224.0.0.5 ${name(l.header)}`),
  )
})

t.test('13 (2), (3): an LS type that is unknown or has no place in the area', async (t) => {
  const { bench, peer } = between()
  const data = { kind: 'unknown', data: new Uint8Array(4) } as const
  const opaque = { kind: 'opaque', opaqueType: 1, opaqueId: 1, data: new Uint8Array(4) } as const
  const strange = [
    ...[6, 8, 12, 255].map((type) => lsaOf(type, 1, far, data)),
    ...[9, 10, 11].map((type) => lsaOf(type, 0x01000001, far, opaque)),
    lsaOf(7, ip('192.0.2.0'), far, externalLsa('192.0.2.0', far).body),
  ]
  peer.update(...strange, lsa)
  t.same(bench.drops, { 'lsa-type': strange.length })
  t.ok(bench.entry(id), 'the one after them is kept')
  bench.run(1)
  t.same(bench.acks(), [`eth0>224.0.0.5 ${name(id)}`], 'the others are not acknowledged')
  t.same(bench.updates(), [`eth1>224.0.0.5 ${name(id)}`], 'nor flooded')
})

t.test('13: what can never be valid is passed over', async (t) => {
  const { bench, peer } = between()
  const mask = { ...networkLsa(far, far, [far]).body, mask: 0xff00ff00 } as const
  peer.update(
    aged(lsa, 3601),
    again(lsa, { sequence: -0x80000000 }),
    lsaOf(1, far, ip('20.0.0.9'), lsa.body),
    lsaOf(2, far, far, mask),
    lsaOf(1, far, far, { kind: 'unknown', data: new Uint8Array([0, 0, 0, 9]) }),
  )
  const drops = { 'lsa-age': 1, 'lsa-sequence': 1, 'lsa-id': 1, 'lsa-malformed': 2 }
  t.same(bench.drops, drops)
  t.same(bench.updates(), [])
  t.equal(peer.state, 'Full')
})

t.test('13: an LSA with a bad length ends the packet, those before it are kept', async (t) => {
  const { bench, peer } = between()
  const body = { kind: 'ls-update', lsas: [lsa, { ...lsa, raw: lsa.raw.slice(0, 25) }] } as const
  peer.sendBytes(encodePacket({ routerId: peer.routerId, areaId: 0 }, body))
  t.ok(bench.entry(id))
  t.same(bench.drops, { 'lsa-malformed': 1 })
})

t.test('13 (4): MaxAge and no copy: acknowledged directly, and forgotten', async (t) => {
  const { bench, peer } = between()
  peer.update(again(lsa, { age: 3600 }))
  t.same(bench.acks(), [`eth0>10.0.0.2 ${name(id)}`])
  t.equal(bench.entry(id), undefined)
  t.same(bench.updates(), [])
})

t.test('13 (4): but not while a neighbor is in Exchange or Loading', async (t) => {
  for (const state of ['Exchange', 'Loading'] as const) {
    const { bench, peer, other } = between()
    const third = new Peer(bench, { routerId: ip('30.0.0.1'), address: ip('10.0.0.9') }).to(state)
    peer.update(again(lsa, { age: 3600 }))
    t.ok(bench.entry(id), 'it is kept')
    t.match(bench.updates(), [`eth0>224.0.0.5 ${name(id)}`, `eth1>224.0.0.5 ${name(id)}`])
    for (const p of [other, third]) p.ack(bench.packets('ls-update')[0]!.body.lsas[0]!.header)
    t.ok(bench.entry(id), `acknowledged, but somebody is in ${state}`)
    third.hello({ neighbors: [] })
    t.ok(bench.entry(id), 'a late copy of the live instance would find it')
    bench.run(7)
    t.equal(bench.entry(id), undefined)
  }
})

t.test('13 (5): no copy, or an older one: installed, flooded and acknowledged', async (t) => {
  const { bench, peer, other } = between()
  for (const instance of [lsa, next(1)]) {
    bench.forget()
    peer.update(instance)
    t.same(bench.entry(id)?.lsa.raw, instance.raw)
    t.same(bench.updates(), [`eth1>224.0.0.5 ${name(id)}`], 'not back where it came from')
    bench.run(1)
    t.same(bench.acks(), [`eth0>224.0.0.5 ${name(id)}`])
    other.ack(instance.header)
  }
})

t.test('13 (5a): MinLSArrival, for what came by flooding', async (t) => {
  const { bench, peer } = between()
  peer.update(lsa)
  bench.run(0.999)
  peer.update(next(1))
  t.same(bench.drops, { 'lsa-min-arrival': 1 })
  t.equal(bench.entry(id)?.lsa.header.sequence, firstSequence)
  bench.run(0.5)
  t.equal(bench.acks().length, 1, 'it is not acknowledged, so it will come again')
  peer.update(next(1))
  t.equal(bench.entry(id)?.lsa.header.sequence, firstSequence + 1)
})

t.test('13 (5a): the flush of the instance that we have is not held up', async (t) => {
  for (const [steps, expected] of [
    [0, 3600],
    [1, 1],
  ] as const) {
    const { bench, peer } = between()
    peer.update(lsa)
    peer.update(again(next(steps), { age: 3600 }))
    t.equal(bench.instance(id)?.age, expected, `${steps} newer`)
    t.equal(bench.dropped('lsa-min-arrival'), steps)
  }
})

t.test('13 (5a): an answer to a request did not come by flooding', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point' })
  const peer = new Peer(bench).to('Exchange')
  peer.endExchange([lsa.header])
  peer.update(lsa)
  t.equal(peer.state, 'Full')
  peer.update(next(1))
  t.equal(bench.entry(id)?.lsa.header.sequence, firstSequence + 1)
  peer.update(next(2))
  t.same(bench.drops, { 'lsa-min-arrival': 1 }, 'the second did')
})

t.test('13 (5a): an instance that grew old here did not come by flooding', async (t) => {
  const { bench, peer } = between()
  peer.update(aged(lsa, 3590))
  bench.run(10.5)
  t.equal(bench.instance(id)?.age, 3600)
  peer.update(next(1))
  t.equal(bench.entry(id)?.lsa.header.sequence, firstSequence + 1)
})

t.test('13 (5c): the older instance is off every retransmission list', async (t) => {
  const { bench, peer, other } = between()
  peer.update(lsa)
  t.equal(other.neighbor!.retransmissions.size, 1)
  bench.run(2)
  other.update(next(1))
  t.equal(other.neighbor!.retransmissions.size, 0, 'who sent the newer one needs none')
  t.equal(peer.neighbor!.retransmissions.size, 1)
})

t.test('13 (6): what is asked of a neighbor must not come older from it', async (t) => {
  const { bench, other } = between()
  other.update(next(5))
  bench.run(2)
  const peer = new Peer(bench, { routerId: ip('30.0.0.1'), address: ip('10.0.0.9') })
  peer.to('Exchange')
  peer.endExchange([next(6).header])
  const later = madeUp(ip('20.0.0.2'))
  bench.forget()
  peer.update(next(5), later)
  t.equal(peer.state, 'ExStart')
  t.match(bench.said('neighbor'), [{ reason: 'BadLSReq' }])
  t.equal(bench.entry(later.header), undefined, 'the rest of the packet is not processed')
})

t.test('13 (7a): a duplicate that is on the retransmission list is an implied ack', async (t) => {
  const { bench, peer, other } = between()
  peer.update(lsa)
  bench.run(1)
  bench.forget()
  other.update(lsa)
  t.equal(other.neighbor!.retransmissions.size, 0)
  bench.run(1)
  t.same(bench.acks(), [], 'and is not acknowledged')
})

t.test('13 (7b): any other duplicate is acknowledged directly', async (t) => {
  const { bench, peer } = between()
  peer.update(lsa)
  bench.run(1)
  bench.forget()
  peer.update(lsa)
  peer.update(aged(lsa, 500))
  t.same(bench.acks(), Array(2).fill(`eth0>10.0.0.2 ${name(id)}`))
  t.same(bench.updates(), [])
})

t.test(
  '13 (8): who sends an older instance gets the newer back, once per MinLSArrival',
  async (t) => {
    const { bench, peer } = between()
    peer.update(next(5))
    bench.run(2)
    bench.forget()
    peer.update(next(4))
    peer.update(next(3))
    t.same(bench.updates(), [`eth0>10.0.0.2 ${name(id)}`])
    t.equal(bench.packets('ls-update')[0]!.body.lsas[0]!.header.sequence, firstSequence + 5)
    t.equal(peer.neighbor!.retransmissions.size, 0, 'it need not be acknowledged')
    bench.run(0.999)
    peer.update(next(4))
    t.equal(bench.updates().length, 1)
    bench.run(0.001)
    peer.update(next(4))
    t.equal(bench.updates().length, 2)
    t.same(bench.acks(), [])
  },
)

t.test('13 (8): not when ours is at MaxAge with the last sequence number: it wraps', async (t) => {
  const { bench, peer } = between()
  peer.update(again(lsa, { sequence: 0x7fffffff }))
  bench.run(2)
  peer.update(again(lsa, { sequence: 0x7fffffff, age: 3600 }))
  t.ok(bench.entry(id), 'kept until the other neighbor has acknowledged it')
  bench.run(2)
  bench.forget()
  peer.update(lsa)
  t.same([bench.updates(), bench.acks()], [[], []], 'discarded without a word')
})

t.test(
  '13 (8): at MaxAge with any other number, or the last number but alive, it goes back',
  async (t) => {
    for (const options of [
      { sequence: 9, age: 3600 },
      { sequence: 0x7fffffff, age: 1 },
    ]) {
      const { bench, peer } = between()
      peer.update(lsa)
      bench.run(2)
      peer.update(again(lsa, options))
      bench.run(2)
      bench.forget()
      peer.update(lsa)
      t.same(bench.updates(), [`eth0>10.0.0.2 ${name(id)}`])
    }
  },
)

t.test('13.2: what changes recalculates the routes; the same contents do not', async (t) => {
  const { bench, peer } = between()
  const linked = (sequence: number, ...links: Parameters<typeof routerLsa>[1]) =>
    routerLsa(peer.routerId, [pointToPoint(us, peer.address), ...links], { sequence })
  const calculations = (update: Lsa): string[] => {
    bench.forget()
    peer.update(update)
    bench.run(5)
    return bench.said('spf').map((e) => e.what)
  }
  t.same(calculations(linked(1)), ['tree'], 'new')
  t.same(calculations(linked(2)), [], 'a refresh')
  t.same(calculations(linked(3, stub('192.0.2.0', 24))), ['networks'], 'a stub network')
  t.match(bench.routeChanges, [{ type: 'replace', route: { prefix: ip('192.0.2.0') } }])
  t.same(calculations(linked(4, stub('192.0.2.0', 24, 7))), ['networks'], 'its cost')
  t.same(bench.routeChanges, [], 'which the kernel does not need to know')
  t.same(calculations(linked(5, pointToPoint(far, 1))), ['tree'], 'a link')
  t.same(calculations(networkLsa(far, far, [far])), ['tree'], 'a network-LSA')
  t.same(calculations(again(linked(6), { age: 3600 })), ['tree'], 'MaxAge')
})

t.test('13.2, 14: an LSA that comes to MaxAge by itself moves the tree', async (t) => {
  const { bench, peer } = between()
  const routes = () => bench.router.routes().filter((r) => r.prefix === ip('192.0.2.0'))
  peer.update(routerLsa(peer.routerId, [pointToPoint(us, peer.address), pointToPoint(far, 1)]))
  const links = [pointToPoint(peer.routerId, 1), stub('192.0.2.0', 24)]
  peer.update(routerLsa(far, links, { age: 3570 }))
  bench.run(20)
  t.equal(routes().length, 1)
  bench.run(20)
  t.equal(routes().length, 0, 'though the links to it are said still')
})

t.test('13: the database is bounded; it is said once', async (t) => {
  const bench = new Bench({ limits: { lsas: 10 } })
  bench.up({ network: 'point-to-point' })
  const peer = new Peer(bench).to('Full')
  const lsas = Array.from({ length: 30 }, (_, i) => madeUp(ip('20.0.0.0') + i))
  peer.update(...lsas)
  t.equal(bench.router.database(0).length, 10)
  t.equal(bench.dropped('lsa-limit'), 21)
  t.same(bench.said('limit'), [{ type: 'limit', what: 'lsdb', limit: 10 }])
  bench.run(2)
  peer.update(again(lsas[0]!, { sequence: 9 }))
  t.equal(bench.entry(lsas[0]!.header)?.lsa.header.sequence, 9, 'what is there is kept current')
})

t.test('equal LSAs can be shared between routers', async (t) => {
  const known = new Map<string, typeof lsa>()
  const intern = (l: typeof lsa): typeof lsa => {
    const key = `${name(l.header)} ${l.header.checksum}`
    if (!known.has(key)) known.set(key, l)
    return known.get(key)!
  }
  const [a, b] = [1, 2].map((seed) => {
    const bench = new Bench({ seed, intern })
    bench.up({ network: 'point-to-point' })
    new Peer(bench).to('Full').update(lsa)
    return bench.entry(id)!.lsa
  })
  t.equal(a, b)
})
