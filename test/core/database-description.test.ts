import t from 'tap'
import type { InterfaceConfig } from '../../lib/core/io.ts'
import { again, aged, Bench, ip, madeUp, name, Peer, us } from './bench.ts'

const above = ip('10.0.0.2')
const below = ip('9.0.0.2')

/** A neighbor on a point-to-point link, above us (then it is the master) or below. */
function pair(routerId = above, config: Partial<InterfaceConfig> = {}) {
  const bench = new Bench()
  bench.up({ network: 'point-to-point', ...config })
  const peer = new Peer(bench, { routerId })
  const dds = () => bench.packets('database-description').map((s) => s.body)
  const reasons = () => bench.said('neighbor').map((e) => e.reason)
  return { bench, peer, dds, reasons }
}

/** A router that knows some LSAs, and a neighbor on another link. */
function loaded(count: number, routerId = above) {
  const bench = new Bench()
  bench.up({ network: 'point-to-point' })
  const database = Array.from({ length: count }, (_, i) => madeUp(ip('20.0.0.0') + i))
  const first = new Peer(bench, { routerId: ip('10.0.0.9'), database }).to('Full')
  first.acknowledges = true
  first.alive()
  bench.up({ name: 'eth1', network: 'point-to-point' }, { address: ip('10.0.1.1') })
  bench.run(30)
  first.acknowledge()
  const peer = new Peer(bench, { interface: 'eth1', routerId, address: ip('10.0.1.2') })
  bench.forget()
  const dds = () =>
    bench
      .packets('database-description')
      .filter((s) => s.interface === 'eth1')
      .map((s) => s.body)
  return { bench, first, peer, dds, database }
}

const initial = { init: true, more: true, master: true }

t.test('10.8 ExStart: empty, with I, M and MS, every RxmtInterval', async (t) => {
  const { bench, peer, dds } = pair()
  peer.to('ExStart')
  bench.run(11)
  t.same(
    bench.packets('database-description').map((s) => [s.at, s.destination]),
    [0, 5, 10].map((at) => [at, peer.address]),
  )
  for (const dd of dds()) {
    t.match(dd, { mtu: 1500, options: 0x42, flags: initial, headers: [] })
    t.equal(dd.sequence, dds()[0]!.sequence)
  }
})

t.test('10.6 ExStart: the neighbor is above us, so it is the master', async (t) => {
  const { peer, dds } = pair(above)
  peer.to('ExStart')
  peer.dd({ flags: initial, sequence: 77 })
  t.equal(peer.state, 'Exchange')
  t.equal(peer.neighbor?.isMaster, false)
  t.match(dds().at(-1), { flags: { init: false, more: false, master: false }, sequence: 77 })
})

t.test('10.6 ExStart: the neighbor is below us, so we are', async (t) => {
  const { peer, dds } = pair(below)
  peer.to('ExStart')
  const { sequence } = dds()[0]!
  peer.dd({ flags: { init: false, more: true, master: false }, sequence })
  t.equal(peer.state, 'Exchange')
  const flags = { init: false, more: false, master: true }
  t.match(dds().at(-1), { flags, sequence: (sequence + 1) >>> 0 })
})

t.test('10.6 ExStart: anything else is ignored', async (t) => {
  const cases = [
    ['I, M and MS from below', below, { flags: initial, sequence: 1 }],
    ['I, M and MS with contents', above, { flags: initial, headers: [madeUp(above).header] }],
    ['MS without I', above, { flags: { init: false, more: true, master: true } }],
    ['no M', above, { flags: { init: true, more: false, master: true } }],
    ['a slave that is above us', above, { flags: { init: false, more: true, master: false } }],
    ['another sequence number', below, { flags: { init: false, more: true, master: false } }],
  ] as const
  for (const [what, id, overrides] of cases) {
    const { bench, peer, dds } = pair(id)
    peer.to('ExStart')
    const { sequence } = dds()[0]!
    peer.dd({ sequence: id === above ? sequence : sequence + 1, ...overrides })
    t.equal(peer.state, 'ExStart', what)
    t.same(bench.drops, { 'neighbor-state': 1 })
  }
})

t.test('10.6 ExStart: a slave-to-be that begins anew is answered, but not endlessly', async (t) => {
  const { bench, peer, dds } = pair(below)
  peer.to('ExStart')
  peer.dd({ flags: initial, sequence: 1 })
  t.equal(dds().length, 1, 'it was told an instant ago')
  bench.run(1)
  peer.dd({ flags: initial, sequence: 1 })
  peer.dd({ flags: initial, sequence: 1 })
  t.equal(dds().length, 2)
})

t.test('10.6 Init: a Database Description shows that the neighbor hears us', async (t) => {
  const { peer, reasons } = pair()
  peer.to('Init')
  peer.dd({ flags: initial, sequence: 5 })
  t.equal(peer.state, 'Exchange', 'and the packet is processed in ExStart')
  t.same(reasons(), ['HelloReceived', '2-WayReceived', 'NegotiationDone'])
})

t.test('10.6 2-Way: ignored', async (t) => {
  const bench = new Bench()
  bench.up({ priority: 0 })
  const peer = new Peer(bench, { priority: 0 }).to('2-Way')
  peer.dd({ flags: initial, sequence: 5 })
  t.equal(peer.state, '2-Way')
  t.same(bench.drops, { 'neighbor-state': 1 })
  t.same(bench.packets('database-description'), [])
})

t.test('10.6 2-Way: a first packet that comes early is taken up in ExStart', async (t) => {
  for (const [wait, state] of [
    [4.9, 'Exchange'],
    [5, 'ExStart'],
  ] as const) {
    const bench = new Bench()
    bench.up({ priority: 0 })
    const peer = new Peer(bench, { priority: 0 }).to('2-Way')
    peer.dd({ flags: initial, sequence: 5 })
    bench.run(wait)
    peer.priority = 1
    peer.hello()
    t.equal(peer.state, state, `${wait} s later`)
  }
})

t.test('10.6: an MTU above ours is refused, and told once', async (t) => {
  const { bench, peer } = pair()
  peer.to('ExStart')
  for (let i = 0; i < 3; i++) peer.dd({ flags: initial, mtu: 9000 })
  t.equal(peer.state, 'ExStart')
  t.same(bench.drops, { 'mtu-mismatch': 3 })
  t.match(bench.said('mismatch'), [{ field: 'MTU', ours: '1500', theirs: '9000' }])
  t.equal(bench.said('mismatch').length, 1)
  peer.dd({ flags: initial })
  t.equal(peer.state, 'Exchange')
})

t.test('10.6: an MTU below ours is accepted, and told; 0 says nothing', async (t) => {
  const { bench, peer } = pair()
  peer.to('ExStart')
  peer.dd({ flags: initial, mtu: 1400 })
  t.equal(peer.state, 'Exchange')
  t.match(bench.said('mismatch'), [{ field: 'MTU', ours: '1500', theirs: '1400' }])
  const other = pair()
  other.peer.to('ExStart')
  other.peer.dd({ flags: initial, mtu: 0 })
  t.equal(other.peer.state, 'Exchange')
  t.same(other.bench.said('mismatch'), [])
})

t.test('10.6: mtu-ignore takes any MTU', async (t) => {
  for (const mtu of [0, 500, 1500, 65535]) {
    const { bench, peer } = pair(above, { mtuIgnore: true })
    peer.to('ExStart')
    peer.dd({ flags: initial, mtu })
    t.equal(peer.state, 'Exchange')
    t.same(bench.said('mismatch'), [])
  }
})

t.test(
  '10.6 Exchange: the slave repeats its answer to a duplicate, the master drops it',
  async (t) => {
    for (const id of [above, below]) {
      const { bench, peer, dds } = pair(id)
      peer.to('Exchange')
      const last = bench.packets('database-description').at(-1)!
      const count = dds().length
      peer.dd(peer.lastDd)
      t.equal(peer.state, 'Exchange')
      if (id === below) t.equal(dds().length, count, 'we are the master')
      else t.same(bench.packets('database-description').at(-1)!.bytes, last.bytes, 'the same bytes')
      t.same(bench.drops, {})
    }
  },
)

t.test('10.6 Exchange: every SeqNumberMismatch', async (t) => {
  const base = { init: false, more: true }
  for (const id of [above, below]) {
    const master = id === above
    const cases: [what: string, Parameters<Peer['dd']>[0] & { skip?: number }][] = [
      ['the MS bit', { flags: { ...base, master: !master } }],
      ['the I bit', { flags: { init: true, more: true, master } }],
      ['Options', { options: 0x42 }],
      ['a sequence number that skips one', { skip: 1 }],
      ['an earlier sequence number', { skip: -2 }],
      ['an LS type that nobody knows', { headers: [{ ...madeUp(id).header, type: 12 }] }],
      ['an NSSA-LSA', { headers: [{ ...madeUp(id).header, type: 7 }] }],
    ]
    for (const [what, { skip = 0, ...overrides }] of cases) {
      const { peer, dds, reasons } = pair(id)
      peer.to('Exchange')
      const before = dds()[0]!.sequence
      const next = master ? peer.lastDd!.sequence + 1 : peer.heardDd!.sequence
      peer.dd({ flags: { ...base, master }, sequence: next + skip, ...overrides })
      const title = `${what}, we are the ${master ? 'slave' : 'master'}`
      t.equal(peer.state, 'ExStart', title)
      t.equal(reasons().at(-1), 'SeqNumberMismatch', title)
      t.match(dds().at(-1), { flags: initial, headers: [] }, 'we claim to be the master again')
      t.not(dds().at(-1)!.sequence, before, 'with another number')
    }
  }
})

t.test('10.6: the sequence number goes on from 2^32 - 1 to 0', async (t) => {
  const { peer } = pair(above)
  peer.to('ExStart')
  peer.dd({ flags: initial, sequence: 0xffffffff })
  peer.dd({ flags: { init: false, more: true, master: true }, sequence: 0 })
  t.equal(peer.state, 'Exchange')
  peer.dd({ flags: { init: false, more: false, master: true }, sequence: 1 })
  t.equal(peer.state, 'Full')
})

t.test('10.6 Loading and Full: the slave repeats, for RouterDeadInterval (10.8)', async (t) => {
  for (const state of ['Loading', 'Full'] as const) {
    const { bench, peer, dds, reasons } = pair(above)
    peer.to(state).alive()
    const { lastDd } = peer
    bench.run(39)
    const count = dds().length
    peer.dd(lastDd)
    t.equal(peer.state, state)
    t.equal(dds().length, count + 1)
    t.same(dds().at(-1), dds().at(-2))
    bench.run(1.5)
    peer.dd(lastDd)
    t.equal(peer.state, 'ExStart', 'the packet is no longer kept')
    t.equal(reasons().at(-1), 'SeqNumberMismatch')
  }
})

t.test('10.6 Loading and Full: the master drops duplicates; the rest is a mismatch', async (t) => {
  for (const state of ['Loading', 'Full'] as const) {
    const { peer, dds, reasons } = pair(below)
    peer.to(state)
    const count = dds().length
    peer.dd(peer.lastDd)
    t.equal(peer.state, state)
    t.equal(dds().length, count)
    peer.dd({ ...peer.lastDd, sequence: peer.lastDd!.sequence + 1 })
    t.equal(peer.state, 'ExStart')
    t.equal(reasons().at(-1), 'SeqNumberMismatch')
  }
  const { peer } = pair(above)
  peer.to('Full')
  peer.dd({ flags: initial, sequence: 9999 })
  t.equal(peer.state, 'ExStart', 'a neighbor that begins anew')
})

t.test('10.8: the master repeats every RxmtInterval, the slave never', async (t) => {
  for (const id of [above, below]) {
    const { bench, peer, dds } = pair(id)
    peer.to('Exchange').alive()
    const before = dds().length
    bench.run(16)
    const repeated = dds().slice(before)
    t.equal(repeated.length, id === below ? 3 : 0)
    for (const dd of repeated) t.same(dd, dds()[before - 1])
  }
})

t.test('10.8: empty databases: Full without Loading, and no requests', async (t) => {
  for (const id of [above, below]) {
    const { bench, peer, dds, reasons } = pair(id)
    peer.to('Full')
    t.same(reasons().slice(-2), ['NegotiationDone', 'ExchangeDone'])
    t.same(
      dds().flatMap((dd) => dd.headers),
      [],
      'our own unsent LSA is not described',
    )
    t.same(bench.packets('ls-request'), [])
    t.same(bench.updates(), [`eth0>224.0.0.5 1/10.0.0.1/10.0.0.1`], 'it is flooded on Full')
  }
})

for (const id of [above, below]) {
  t.test(
    `10.8: a database of many packets, we are the ${id < us ? 'master' : 'slave'}`,
    async (t) => {
      const { peer, dds, database } = loaded(200, id)
      peer.to('Exchange')
      peer.nextDd({ flags: { init: false, more: true, master: id > us } })
      peer.nextDd({ flags: { init: false, more: true, master: id > us } })
      t.equal(peer.state, 'Exchange', 'the neighbor has more')
      peer.nextDd()
      t.equal(peer.state, 'Full')
      const described = dds().flatMap((dd) => dd.headers.map(name))
      const expected = [...database.map((lsa) => name(lsa.header)), '1/10.0.0.1/10.0.0.1']
      t.same([...described].sort(), expected.sort(), 'each LSA once')
      const sizes = dds().map((dd) => dd.headers.length)
      t.equal(Math.max(...sizes), 72, 'as many as fit 1500 octets')
      const more = dds()
        .filter((dd) => dd.headers.length > 0)
        .map((dd) => dd.flags.more)
      t.same(more, [true, true, false], 'M on all but the last')
    },
  )
}

t.test('10.8: the exchange goes on until both sides have said all', async (t) => {
  for (const id of [above, below]) {
    const ours = loaded(200, id)
    ours.peer.to('Full')
    t.equal(ours.dds().flatMap((dd) => dd.headers).length, 201, 'only we had more')
    const { peer } = pair(id)
    peer.to('Exchange')
    for (let i = 0; i < 5; i++) {
      peer.nextDd({ flags: { init: false, more: true, master: id > us } })
      t.equal(peer.state, 'Exchange', 'only the neighbor has more')
    }
    peer.nextDd()
    t.equal(peer.state, 'Full')
  }
})

t.test('10.8: ages in the description are those of now', async (t) => {
  const { bench, peer, dds } = loaded(1)
  bench.run(100)
  peer.to('Exchange')
  const header = dds()
    .flatMap((dd) => dd.headers)
    .find((h) => h.lsId !== us)
  t.equal(header?.age, 131)
})

t.test('10.3 NegotiationDone: LSAs at MaxAge are retransmitted instead of described', async (t) => {
  const { bench, first, peer, dds, database } = loaded(3)
  const second = new Peer(bench, { interface: 'eth1', address: ip('10.0.1.3') })
  second.to('Full').alive()
  const [dying] = database
  first.update(again(dying!, { sequence: 9, age: 3600 }))
  t.ok(bench.entry(dying!.header), 'kept for the neighbor that has not acknowledged it')
  bench.forget()
  peer.to('Exchange')
  const described = dds().flatMap((dd) => dd.headers.map((h) => h.lsId))
  t.notOk(described.includes(dying!.header.lsId))
  t.ok(peer.neighbor!.retransmissions.has(bench.entry(dying!.header)!))
  t.match(bench.updates(), [`eth1>10.0.1.2 ${name(dying!.header)}`])
})

t.test(
  '10.6: what we lack, or have in an older instance, is put on the request list',
  async (t) => {
    const { peer, database } = loaded(4)
    const [same, older, newer, younger] = database
    peer.to('Exchange')
    const unknown = madeUp(ip('99.0.0.1'))
    peer.nextDd({
      flags: { init: false, more: true, master: true },
      headers: [
        same!.header,
        again(older!, { sequence: -0x7fffffff + 5 }).header,
        { ...newer!.header, sequence: -0x80000000 },
        aged(younger!, 3600).header,
        unknown.header,
        { ...unknown.header, type: 9, lsId: 1 },
        { ...unknown.header, type: 10, lsId: 1 },
        { ...unknown.header, type: 11, lsId: 1 },
      ],
    })
    t.equal(peer.state, 'Exchange', 'opaque LSAs are passed over')
    t.same(
      [...peer.neighbor!.requests].map(name),
      [older!.header, younger!.header, unknown.header].map(name),
    )
  },
)

t.test('a description without end is bounded like the database', async (t) => {
  const bench = new Bench({ limits: { lsas: 500 } })
  bench.up({ network: 'point-to-point' })
  const peer = new Peer(bench).to('Exchange')
  for (let i = 0; i < 100; i++) {
    const headers = Array.from({ length: 70 }, (_, j) => madeUp(1 + i * 70 + j).header)
    peer.nextDd({ flags: { init: false, more: true, master: true }, headers })
  }
  t.ok(peer.neighbor!.requests.size <= 500, `${peer.neighbor!.requests.size} requests`)
  t.match(bench.said('limit'), [{ what: 'lsdb', limit: 500 }])
})
