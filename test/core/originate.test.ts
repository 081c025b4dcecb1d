import t from 'tap'
import type { RouterOptions } from '../../lib/core/router.ts'
import {
  again,
  Bench,
  externalLsa,
  firstSequence,
  ip,
  keyOf,
  lsaOf,
  madeUp,
  networkLsa,
  Peer,
  routerLsa,
  segment,
  stub,
  us,
} from './bench.ts'

const own = { type: 1, lsId: us, advertisingRouter: us }

const announce = (bench: Bench, prefix: string, length = 32, cost = 0): void =>
  bench.config({ type: 'announce', stub: { area: 0, prefix: ip(prefix), length, cost } })

/** When instances of our own router-LSA left, in milliseconds. */
const departures = (bench: Bench, from: number): number[] =>
  bench
    .packets('ls-update')
    .filter((s) => s.destination >= 0xe0000000)
    .filter((s) => s.body.lsas.some((l) => keyOf(l.header) === keyOf(own)))
    .map((s) => Math.round((s.at - from) * 1000))

// 12.4.1

t.test('12.4.1: a router without interfaces that are up', async (t) => {
  const bench = new Bench()
  bench.up()
  bench.unlink()
  t.same(bench.ownLinks(), [])
  const { header, body } = bench.ownRouterLsa()!.lsa
  t.match(header, { age: 0, options: 2, sequence: firstSequence + 1 })
  t.match(body, { flags: 0, border: false, external: false, virtualLink: false })
  t.equal(bench.ownRouterLsa()!.lsa.raw[20], 0, 'no bit is set')
})

t.test('12.4.1: Waiting, and alone on the network: a stub network', async (t) => {
  const bench = new Bench()
  bench.up({ cost: 7 })
  t.same(bench.ownLinks(), ['stub 10.0.0.0/255.255.255.0 7'], 'Waiting')
  bench.run(41)
  t.equal(bench.iface().state, 'DR')
  t.same(bench.ownLinks(), ['stub 10.0.0.0/255.255.255.0 7'], 'DR')
})

t.test('12.4.1.2: DR with a full adjacency, or fully adjacent to the DR: transit', async (t) => {
  for (const [part, dr] of [
    ['DR', '10.0.0.1'],
    ['Backup', '10.0.0.2'],
    ['DROther', '10.0.0.2'],
  ] as const) {
    const { bench } = segment(part)
    t.same(bench.ownLinks(), [`transit ${dr}/10.0.0.1 10`], part)
  }
})

t.test(
  '12.4.1.2: not fully adjacent to the DR: a stub network, whoever else is Full',
  async (t) => {
    const { bench, dr, backup } = segment('DROther')
    dr!.dd({ flags: { init: true, more: true, master: true }, sequence: 1 })
    t.same([dr!.state, backup!.state], ['ExStart', 'Full'], 'the DR begins the exchange anew')
    bench.run(3)
    t.same(bench.ownLinks(), ['stub 10.0.0.0/255.255.255.0 10'])
  },
)

t.test('12.4.1.1: point-to-point: a link when Full, and the subnet', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point', cost: 3 })
  const subnet = 'stub 10.0.0.0/255.255.255.0 3'
  t.same(bench.ownLinks(), [subnet])
  const peer = new Peer(bench, { routerId: ip('9.9.9.9') }).to('Exchange')
  t.same(bench.ownLinks(), [subnet])
  peer.endExchange()
  t.same(bench.ownLinks(), ['point-to-point 9.9.9.9/10.0.0.1 3', subnet])
})

t.test('12.4.1: Loopback: a host route', async (t) => {
  const bench = new Bench()
  bench.up().event('LoopInd')
  announce(bench, '192.0.2.1')
  t.same(bench.ownLinks()[0], 'stub 10.0.0.1/255.255.255.255 0')
})

t.test('12.4.1: VIPs are stub links; they come, change their cost and go', async (t) => {
  const bench = new Bench()
  bench.up()
  announce(bench, '192.0.2.1', 32, 5)
  announce(bench, '198.51.100.0', 24, 65535)
  const net = 'stub 10.0.0.0/255.255.255.0 10'
  const vip = (cost: number): string => `stub 192.0.2.1/255.255.255.255 ${cost}`
  const other = 'stub 198.51.100.0/255.255.255.0 65535'
  t.same(bench.ownLinks(), [net, vip(5), other])
  announce(bench, '192.0.2.1', 32, 6)
  t.same(bench.ownLinks(), [net, vip(6), other])
  bench.config({ type: 'withdraw', area: 0, prefix: ip('192.0.2.1'), length: 32 })
  t.same(bench.ownLinks(), [net, other])
  const { sequence } = bench.ownRouterLsa()!.lsa.header
  bench.config({ type: 'withdraw', area: 0, prefix: ip('192.0.2.1'), length: 32 })
  bench.config({ type: 'withdraw', area: 9, prefix: ip('192.0.2.1'), length: 32 })
  t.equal(bench.ownRouterLsa()!.lsa.header.sequence, sequence, 'nothing new, nothing said')
})

t.test('12.4.1: a passive interface is advertised, and its cost', async (t) => {
  const bench = new Bench()
  bench.up({ passive: true, cost: 4 })
  t.same(bench.ownLinks(), ['stub 10.0.0.0/255.255.255.0 4'])
  bench.config({ type: 'interface', config: { ...bench.iface().config, cost: 5 } })
  t.same(bench.ownLinks(), ['stub 10.0.0.0/255.255.255.0 5'])
  bench.config({ type: 'remove-interface', interface: 'eth0' })
  t.equal(bench.ownRouterLsa(), undefined, 'nothing to say where we have no interface')
})

t.test('12.4.1: each area has its own router-LSA', async (t) => {
  const bench = new Bench()
  bench.up()
  bench.up({ name: 'eth1', area: 1 }, { address: ip('10.0.1.1') })
  const links = bench.router
    .database(0)
    .flatMap(({ area, lsa: { body } }) =>
      body.kind === 'router' ? [[area, body.links.map((link) => link.id)]] : [],
    )
  t.same(links, [
    [0, [ip('10.0.0.0')]],
    [1, [ip('10.0.1.0')]],
  ])
})

// 12.4.2

t.test('12.4.2: the DR originates the network-LSA, of itself and who is Full', async (t) => {
  const { bench, peers, backup, others } = segment('DR', {}, 2)
  const id = { type: 2, lsId: us, advertisingRouter: us }
  const body = () => bench.entry(id)?.lsa.body
  const attached = (...routers: { routerId: number }[]) => ({
    kind: 'network',
    mask: 0xffffff00,
    attachedRouters: [us, ...routers.map((p) => p.routerId)],
  })
  t.match(body(), attached(...peers))
  bench.run(20)
  others[0]!.hello({ neighbors: [] })
  t.match(body(), attached(backup!, others[1]!), 'one that is not Full is not in it')
  for (const p of [backup!, others[1]!]) p.hello({ neighbors: [] })
  bench.run(3)
  t.equal(bench.entry(id), undefined, 'nobody is left: flushed')
  t.same(bench.ownLinks(), ['stub 10.0.0.0/255.255.255.0 10'])
})

t.test('12.4.2: who is no longer DR flushes it', async (t) => {
  const { bench, backup } = segment('DR')
  bench.run(20)
  bench.forget()
  backup!.priority = 99
  backup!.designatedRouter = backup!.address
  backup!.hello()
  t.equal(bench.iface().state, 'Backup')
  const sent = bench.packets('ls-update').flatMap((s) => s.body.lsas.map((l) => l.header))
  t.match(
    sent.find((h) => h.type === 2),
    { lsId: us, age: 3600 },
  )
})

// Pacing

t.test(
  'pacing: the first change at once, then 1.1 s, and twice as long up to MinLSInterval',
  async (t) => {
    const { bench, peers } = segment('Point-to-point')
    peers[0]!.acknowledges = true
    bench.run(60)
    bench.forget()
    const start = bench.now
    for (let i = 0; i < 300; i++) {
      announce(bench, `192.0.${i >> 8}.${i & 255}`)
      bench.run(0.1)
    }
    const gaps = departures(bench, start).map((at, i, all) => at - (all[i - 1] ?? 0))
    t.same(gaps, [0, 1100, 2000, 4000, 5000, 5000, 5000, 5000])
    bench.run(20)
    bench.forget()
    announce(bench, '203.0.113.1')
    t.same(departures(bench, bench.now), [0], 'quick again after a quiet time')
  },
)

const withdraw = (bench: Bench, prefix: string): void =>
  bench.config({ type: 'withdraw', area: 0, prefix: ip(prefix), length: 32 })

/** Churn up to the longest wait, the last instance just having left. */
function churned(options: Partial<RouterOptions> = {}): Bench {
  const { bench, peers } = segment('Point-to-point', options)
  peers[0]!.acknowledges = true
  bench.run(60)
  announce(bench, '192.0.2.1')
  for (let i = 0; i < 200 || departures(bench, bench.now - 0.1).every((at) => at < 0); i++) {
    announce(bench, `192.0.${3 + (i >> 8)}.${i & 255}`)
    bench.run(0.1)
    peers[0]!.acknowledge()
  }
  bench.forget()
  return bench
}

t.test('pacing: what takes something back leaves as soon as receivers take it', async (t) => {
  const takeBack: ((bench: Bench) => void)[] = [
    (bench) => withdraw(bench, '192.0.2.1'),
    (bench) => announce(bench, '192.0.2.1', 32, 65535),
    (bench) => bench.unlink('eth1'),
  ]
  for (const [i, take] of takeBack.entries()) {
    const bench = churned()
    const start = bench.now
    if (i === 2) {
      bench.up({ name: 'eth1' }, { address: ip('10.0.1.1') })
      bench.run(5.2)
      bench.peers[0]!.acknowledge()
      t.equal(departures(bench, start).length, 1)
      bench.forget()
    }
    const since = bench.now
    take(bench)
    bench.run(6)
    const [first] = departures(bench, since)
    t.ok(first !== undefined && first <= 1100, `after ${first} ms (${since - start})`)
  }
  const bench = churned()
  const start = bench.now
  announce(bench, '203.0.113.9')
  bench.run(6)
  t.ok(departures(bench, start)[0]! > 4000, 'what comes anew waits for its pace')
})

t.test('pacing: a throttle of our own', async (t) => {
  const lsaThrottle = { initialMs: 50, holdMs: 2000, maxMs: 6000 }
  const { bench, peers } = segment('Point-to-point', { lsaThrottle })
  peers[0]!.acknowledges = true
  bench.run(60)
  bench.forget()
  const start = bench.now
  for (let i = 0; i < 250; i++) {
    announce(bench, `192.0.2.${i}`)
    bench.run(0.1)
    peers[0]!.acknowledge()
  }
  const gaps = departures(bench, start).map((at, i, all) => at - (all[i - 1] ?? 0))
  t.same(gaps, [50, 2000, 4000, 6000, 6000, 6000])
  bench.run(30)
  bench.forget()
  withdraw(bench, '192.0.2.1')
  t.same(departures(bench, bench.now), [0], 'what takes something back does not wait for company')
  bench.run(60)
  bench.forget()
  announce(bench, '192.0.2.1')
  withdraw(bench, '192.0.2.1')
  bench.run(1)
  t.same(bench.updates(), [], 'what is changed back meanwhile is not said')
  const changes = ['203.0.113.1', '203.0.113.2'].map((prefix) => ({
    type: 'announce' as const,
    stub: { area: 0, prefix: ip(prefix), length: 32, cost: 0 },
  }))
  bench.router.handleConfig(Math.round(bench.now * 1000), ...changes)
  const later = bench.now
  bench.run(3)
  t.same(departures(bench, later), [50], 'what is changed together is in one instance')
})

t.test('pacing: what is changed back while it waits is not said', async (t) => {
  const { bench, peers } = segment('Point-to-point')
  peers[0]!.acknowledges = true
  bench.run(60)
  announce(bench, '192.0.2.1')
  peers[0]!.acknowledge()
  bench.forget()
  announce(bench, '192.0.2.2')
  t.notOk(bench.router.isUpToDate())
  bench.config({ type: 'withdraw', area: 0, prefix: ip('192.0.2.2'), length: 32 })
  t.ok(bench.router.isUpToDate())
  bench.run(20)
  t.same(bench.updates(), [])
})

t.test('pacing: instances that nobody has got can be replaced at any time', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point' })
  for (let i = 0; i < 20; i++) announce(bench, `192.0.2.${i}`)
  t.equal(bench.ownLinks().length, 21, 'all of it said at once')
  t.ok(bench.router.isUpToDate())
  const peer = new Peer(bench).to('Exchange')
  const described = bench.packets('database-description').flatMap((s) => s.body.headers)
  t.same(described, [], 'and not described in an exchange')
  bench.forget()
  peer.endExchange()
  t.same(bench.updates(), ['eth0>224.0.0.5 1/10.0.0.1/10.0.0.1'], 'once, with the adjacency')
  t.equal(bench.ownLinks()[0], 'point-to-point 10.0.0.2/10.0.0.1 10')
})

t.test('pacing: an exchange that changes nothing is followed by what it left out', async (t) => {
  const bench = new Bench()
  bench.up({ priority: 0 })
  const [dr, backup] = [2, 3].map(
    (n) => new Peer(bench, { address: ip(`10.0.0.${n}`), priority: 4 - n }),
  )
  for (const peer of [dr!, backup!]) {
    peer.designatedRouter = dr!.address
    peer.backupDesignatedRouter = backup!.address
    peer.to('ExStart')
  }
  backup!.to('Full')
  t.same(
    bench.packets('database-description').flatMap((s) => s.body.headers),
    [],
  )
  t.same(bench.updates(), ['eth0>10.0.0.3 1/10.0.0.1/10.0.0.1'], 'to the neighbor itself')
  t.equal(backup!.neighbor!.retransmissions.size, 1)
})

t.test('pacing: during an exchange the first instance waits, but not for long', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point' })
  const peer = new Peer(bench).to('Exchange')
  bench.forget()
  announce(bench, '192.0.2.1')
  bench.run(0.9)
  t.same(bench.updates(), [])
  bench.run(0.2)
  t.same(bench.updates(), ['eth0>224.0.0.5 1/10.0.0.1/10.0.0.1'], 'a second')
  t.equal(peer.state, 'Exchange')
})

// 13.4

t.test('13.4: an instance of an earlier life is outbid', async (t) => {
  const { bench, peers } = segment('Point-to-point')
  bench.run(60)
  bench.forget()
  const links = bench.ownLinks()
  peers[0]!.update(madeUp(us, { sequence: 1000, age: 50 }))
  bench.run(1)
  t.same(
    bench.updates(),
    [],
    'not yet: who has just got that one by flooding takes no other for MinLSArrival',
  )
  bench.run(0.2)
  const { lsa, ours } = bench.ownRouterLsa()!
  t.ok(ours)
  t.match(lsa.header, { sequence: 1001, age: 0 })
  t.same(bench.ownLinks(), links)
  t.same(bench.said('self-originated'), [
    {
      type: 'self-originated',
      lsType: 1,
      lsId: '10.0.0.1',
      sequence: 1000,
      action: 'outbid',
    },
  ])
  t.same(bench.updates(), ['eth0>224.0.0.5 1/10.0.0.1/10.0.0.1'])
})

t.test('13.4: an earlier life that is learned in the exchange', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point' })
  const database = [madeUp(us, { sequence: 77 }), networkLsa(ip('10.0.9.1'), us, [us])]
  const peer = new Peer(bench, { database })
  peer.acknowledges = true
  peer.to('Full').alive()
  bench.run(2)
  t.match(bench.ownRouterLsa()!.lsa.header, { sequence: 78 })
  t.same(
    bench
      .said('self-originated')
      .map((e) => [e.lsType, e.action])
      .sort(),
    [
      [1, 'outbid'],
      [2, 'flushed'],
    ],
  )
  t.equal(bench.router.database(0).length, 1)
})

t.test('13.4: what we do not want to say is flushed, by Router ID or by address', async (t) => {
  const summary = { kind: 'summary', mask: 0xffffff00, metric: 1, tos: [] } as const
  const unwanted = [
    ['a network-LSA of ours', networkLsa(ip('10.0.7.1'), us, [us, ip('9.9.9.9')])],
    ['a network-LSA for our address', networkLsa(us, ip('9.9.9.9'), [us, ip('9.9.9.9')])],
    ['a summary-LSA', lsaOf(3, ip('10.8.0.0'), us, summary)],
    ['an ASBR-summary-LSA', lsaOf(4, ip('9.9.9.9'), us, { ...summary, mask: 0 })],
    ['an AS-external-LSA', externalLsa('192.0.2.0', us)],
  ] as const
  for (const [what, lsa] of unwanted) {
    const { bench, peers } = segment('Point-to-point')
    peers[0]!.update(lsa)
    const [sent] = bench.packets('ls-update')
    t.match(sent?.body.lsas[0]?.header, { ...lsa.header, age: 3600 }, `${what}: MaxAge`)
    t.match(bench.said('self-originated'), [{ lsType: lsa.header.type, action: 'flushed' }])
    t.ok(bench.entry(lsa.header))
    if (sent) peers[0]!.ack(sent.body.lsas[0]!.header)
    t.equal(bench.entry(lsa.header), undefined, `${what}: gone when it is acknowledged`)
  }
})

t.test('13.4: our own instance that comes back is no news', async (t) => {
  const { bench, peers } = segment('Point-to-point')
  const entry = bench.ownRouterLsa()!
  const { sequence } = entry.lsa.header
  peers[0]!.update(entry.lsa)
  t.ok(entry.ours)
  t.equal(bench.ownRouterLsa()!.lsa.header.sequence, sequence)
  t.same(bench.said('self-originated'), [])
})

t.test('13.4: a forger at MaxAge is outbid too', async (t) => {
  const { bench, peers } = segment('Point-to-point')
  bench.run(60)
  const { lsa } = bench.ownRouterLsa()!
  peers[0]!.update({ ...lsa, ...routerLsa(us, [], { sequence: 5, age: 3600 }) })
  bench.run(10)
  t.match(bench.ownRouterLsa()!.lsa.header, { sequence: 6 })
  t.same(bench.ownLinks().length, 2)
})

// 12.1.6

t.test('12.1.6: the sequence number wraps by way of MaxAge, acknowledged', async (t) => {
  const { bench, peers } = segment('Point-to-point')
  const [peer] = peers
  bench.run(60)
  bench.forget()
  peer!.update(routerLsa(us, [stub('192.0.2.0', 24)], { sequence: 0x7fffffff }))
  bench.run(1.2)
  const { header } = bench.packets('ls-update')[0]!.body.lsas[0]!
  t.match(header, { sequence: 0x7fffffff, age: 3600 }, 'the last instance is flushed')
  bench.run(2)
  t.match(bench.ownRouterLsa()!.lsa.header, { sequence: 0x7fffffff }, 'and we wait')
  bench.forget()
  peer!.ack(header)
  t.match(bench.ownRouterLsa()!.lsa.header, { sequence: firstSequence })
  t.equal(bench.ownLinks().length, 2)
  t.same(bench.updates(), ['eth0>224.0.0.5 1/10.0.0.1/10.0.0.1'])
})

t.test('an old copy that comes back does not put our numbers back', async (t) => {
  const { bench, peers } = segment('DR')
  const [backup] = peers as readonly [Peer]
  backup.acknowledges = true
  const ours = () => bench.entry({ type: 2, lsId: us, advertisingRouter: us })
  const early = ours()!.lsa
  for (let i = 0; i < 3; i++) {
    bench.run(20)
    backup.acknowledge()
    // the network-LSA changes with every adjacency that goes and comes
    for (const other of peers.slice(1)) other.hello({ neighbors: [] })
    bench.run(10)
    backup.acknowledge()
    for (const other of peers.slice(1)) other.to('Full')
  }
  bench.run(20)
  backup.acknowledge()
  const last = ours()!.lsa.header.sequence
  t.ok(last > early.header.sequence + 2)
  for (const each of peers) each.hello({ neighbors: [] })
  bench.run(10)
  t.notOk(ours()?.ours && ours()!.lsa.header.age < 3600, 'without an adjacency there is none')
  for (const each of peers) each.acknowledges = true
  // somebody was away meanwhile
  const returned = new Peer(bench, { address: ip('10.0.0.77'), priority: 0, database: [early] })
  returned.designatedRouter = us
  returned.alive().to('Full')
  bench.run(10)
  t.ok(ours()!.ours)
  t.ok(ours()!.lsa.header.sequence > last, `${ours()!.lsa.header.sequence} after ${last}`)
})

// 14.1

t.test('14.1: leaving: our LSAs at MaxAge, to be acknowledged', async (t) => {
  const { bench, peers } = segment('DR')
  announce(bench, '192.0.2.1')
  bench.run(60)
  for (const peer of peers) for (const e of bench.router.areas.get(0)!.lsdb) peer.ack(e.lsa.header)
  bench.forget()
  bench.config({ type: 'flush' })
  bench.run(3)
  const flushed = new Map(
    bench
      .packets('ls-update')
      .flatMap((s) => s.body.lsas)
      .map((l) => [keyOf(l.header), l.header]),
  )
  t.same([...flushed.values()].map((h) => [h.type, h.age]).sort(), [
    [1, 3600],
    [2, 3600],
  ])
  t.equal(bench.router.unacknowledged(), 2)
  for (const peer of peers) if (peer.state === 'Full') peer.ack(...flushed.values())
  t.equal(bench.router.unacknowledged(), 0)
  t.same(bench.router.database(0), [])
  announce(bench, '192.0.2.2')
  bench.run(10)
  t.same(bench.router.database(0), [], 'none is originated any more')
})

t.test('what comes back after its flush does not come before receivers take it', async (t) => {
  const { bench, peers } = segment('Point-to-point')
  for (const peer of peers) peer.acknowledges = true
  const how = { metricType: 2, metric: 5, tag: 0, forwardingAddress: 0 } as const
  const external = { prefix: ip('172.16.0.0'), length: 16, ...how }
  const id = { type: 5, lsId: external.prefix, advertisingRouter: us }
  bench.config({ type: 'external', external })
  bench.run(20)
  const { prefix, length } = external
  bench.config({ type: 'withdraw-external', prefix, length })
  for (const peer of peers) peer.acknowledge()
  t.equal(bench.entry(id), undefined, 'acknowledged, and forgotten')
  bench.forget()
  bench.config({ type: 'external', external })
  bench.run(0.5)
  const sequences = (): number[] =>
    bench
      .packets('ls-update')
      .flatMap(({ body }) => body.lsas.map(({ header }) => header))
      .filter((header) => keyOf(header) === keyOf(id))
      .map(({ sequence }) => sequence)
  t.same(sequences(), [], 'a receiver may have its MaxAge, less than MinLSArrival old')
  bench.run(1)
  t.same(sequences(), [firstSequence + 1], 'newer than that MaxAge')
  bench.run(20)
  t.equal(bench.said('self-originated').length, 0)
})

t.test(
  'what was said once and is gone is forgotten when nobody can have it any more',
  async (t) => {
    const { bench, peers } = segment('Point-to-point')
    for (const peer of peers) peer.acknowledges = true
    const how = { metricType: 2, metric: 5, tag: 0, forwardingAddress: 0 } as const
    /** A prefix comes for a few seconds; @returns the sequence number that it came with. */
    const visit = (n: number): number | undefined => {
      const where = { prefix: (ip('172.16.0.0') + 256 * n) >>> 0, length: 24 }
      bench.config({ type: 'external', external: { ...where, ...how } })
      const id = { type: 5, lsId: where.prefix, advertisingRouter: us }
      const sequence = bench.entry(id)?.lsa.header.sequence
      bench.run(8)
      for (const peer of peers) peer.acknowledge()
      bench.config({ type: 'withdraw-external', ...where })
      for (const peer of peers) peer.acknowledge()
      bench.run(2)
      return sequence
    }
    for (let n = 0; n < 300; n++) visit(n)
    t.equal(visit(0), firstSequence + 1, 'within MaxAge it goes on where it was')
    for (let n = 300; n < 1500; n++) visit(n)
    t.equal(bench.router.as.lsdb.size, 0)
    // 360 come within MaxAge
    t.ok(bench.router.as.paces.size <= 800, `${bench.router.as.paces.size} are remembered`)
    t.equal(visit(1), firstSequence, 'after MaxAge it begins anew')
  },
)

t.test('however many come and go within MaxAge, a bounded number is remembered', async (t) => {
  const bench = new Bench({ limits: { lsas: 100 } })
  bench.up()
  const how = { metricType: 2, metric: 5, tag: 0, forwardingAddress: 0 } as const
  const many = 100
  for (let round = 0; round < 10; round++) {
    const set = Array.from({ length: many }, (_, n) => ({
      prefix: (ip('172.16.0.0') + 256 * (round * many + n)) >>> 0,
      length: 24,
      ...how,
    }))
    bench.config({ type: 'redistribute', set, withdraw: [] })
    bench.run(2)
    bench.config({ type: 'redistribute', set: [], withdraw: set })
    bench.run(2)
  }
  t.equal(bench.router.as.lsdb.size, 0)
  t.ok(bench.router.as.paces.size < 360, `${bench.router.as.paces.size} are remembered`)
})

t.test('nor does the end of an old copy put our numbers back', async (t) => {
  const { bench, peers } = segment('Point-to-point')
  const [peer] = peers as readonly [Peer]
  peer.acknowledges = true
  const how = { metricType: 2, tag: 0, forwardingAddress: 0 } as const
  const say = (metric: number): void => {
    const external = { prefix: ip('172.16.0.0'), length: 16, metric, ...how }
    bench.config({ type: 'external', external })
  }
  const id = { type: 5, lsId: ip('172.16.0.0'), advertisingRouter: us }
  say(1)
  const early = bench.entry(id)!.lsa
  for (const metric of [2, 3, 4]) {
    bench.run(20)
    say(metric)
  }
  bench.run(20)
  const last = bench.entry(id)!.lsa.header.sequence
  t.equal(last, early.header.sequence + 3)
  bench.config({ type: 'withdraw-external', prefix: ip('172.16.0.0'), length: 16 })
  peer.acknowledge()
  t.equal(bench.entry(id), undefined)
  // somebody who had the first instance still has heard that it is over, while we may not say the next yet
  bench.up({ name: 'eth1', network: 'point-to-point' }, { address: ip('10.0.1.1') })
  new Peer(bench, { interface: 'eth1', address: ip('10.0.1.2') }).alive().to('Exchange')
  say(5)
  peer.update(again(early, { age: 3600, sequence: early.header.sequence }))
  bench.run(20)
  t.ok(bench.entry(id)!.ours)
  t.ok(bench.entry(id)!.lsa.header.sequence > last)
})
