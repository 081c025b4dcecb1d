import t from 'tap'
import { Bench, ip, madeUp, Peer, segment, us } from './bench.ts'

t.test('neighbors: state, part, options, deadline and lists', async (t) => {
  const { bench, peers } = segment('DROther')
  peers[0]!.update(madeUp(ip('20.0.0.1')))
  const list = bench.router.neighbors()
  t.match(list[0], {
    interface: 'eth0',
    area: 0,
    routerId: ip('10.0.0.2'),
    address: ip('10.0.0.2'),
    priority: 20,
    state: 'Full',
    role: 'DR',
    designatedRouter: ip('10.0.0.2'),
    backupDesignatedRouter: ip('10.0.0.3'),
    options: 2,
    lastEvent: 'ExchangeDone',
    retransmissionList: 0,
    requestList: 0,
    summaryList: 0,
  })
  t.equal(list[1]!.retransmissionList, 1)
  t.same(
    list.map((n) => [n.role, n.state]),
    [
      ['DR', 'Full'],
      ['Backup', 'Full'],
      ['DROther', '2-Way'],
    ],
  )
  t.ok(list.every((n) => n.deadAt! > bench.now * 1000))
})

t.test('neighbors: on a point-to-point link there are no parts', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point' })
  new Peer(bench).to('Loading')
  t.match(bench.router.neighbors(), [{ role: undefined, state: 'Loading', requestList: 1 }])
})

t.test('interfaces: state, parts and counts', async (t) => {
  const { bench } = segment('DR', {}, 2)
  bench.peers[1]!.hello({ neighbors: [] })
  t.match(bench.router.interfacesNow(), [
    {
      name: 'eth0',
      area: 0,
      state: 'DR',
      designatedRouter: us,
      backupDesignatedRouter: ip('10.0.0.3'),
      neighbors: 3,
      fullNeighbors: 2,
      link: { up: true, address: us, prefixLength: 24 },
      config: { cost: 10 },
      drops: {},
    },
  ])
})

t.test('database: ages of now, whose it is, and the area', async (t) => {
  const { bench } = segment('Point-to-point')
  bench.peers[0]!.update(madeUp(ip('20.0.0.1'), { age: 100 }))
  bench.run(7)
  const list = bench.router.database(bench.now * 1000)
  t.same(
    list.map((l) => [l.lsa.header.lsId, l.own, l.area]),
    [
      [us, true, 0],
      [ip('20.0.0.1'), false, 0],
    ],
  )
  t.equal(list[1]!.age, 107)
})

t.test('counters: packets, retransmissions, calculations, drops', async (t) => {
  const { bench } = segment('Point-to-point')
  const { counters } = bench.router
  const before = { ...counters }
  bench.peers[0]!.update(madeUp(ip('20.0.0.1')))
  bench.run(1)
  t.equal(counters.received, before.received + 1)
  t.equal(counters.sent, before.sent + bench.sent.length)
  t.ok(counters.calculations > before.calculations)
  t.same(counters.drops, {})
})
