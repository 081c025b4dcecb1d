import t from 'tap'
import { Option } from '../../lib/wire/options.ts'
import { allSpfRouters, Bench, ip, Peer, segment, us } from './bench.ts'

const mask24 = 0xffffff00

/** A router on a broadcast network, DR for want of others. */
function waited(priority = 1): Bench {
  const bench = new Bench()
  bench.up({ priority })
  bench.run(40)
  bench.forget()
  return bench
}

t.test('9.5: a Hello carries what the interface is configured with', async (t) => {
  const bench = new Bench()
  bench.up({ area: 7, helloInterval: 3, deadInterval: 70000, priority: 9 }, { prefixLength: 25 })
  bench.run(0)
  const [hello] = bench.packets('hello')
  t.match(hello, { destination: allSpfRouters, routerId: us, areaId: 7, at: 0 })
  t.same(hello!.body, {
    kind: 'hello',
    networkMask: 0xffffff80,
    helloInterval: 3,
    options: 2,
    priority: 9,
    deadInterval: 70000,
    designatedRouter: 0,
    backupDesignatedRouter: 0,
    neighbors: [],
  })
})

t.test('9.5: one Hello every HelloInterval', async (t) => {
  const bench = waited()
  bench.run(30)
  t.same(
    bench.packets('hello').map((h) => h.at),
    [50, 60, 70],
  )
})

t.test(
  '9.5: a timer that was late does not shift the next, one that slept sends no burst',
  async (t) => {
    const bench = waited()
    const { router } = bench
    const next = (late: number): number => {
      router.handleTimeout(router.nextTimeout()! + late)
      return bench.iface().helloTimer.at
    }
    t.equal(next(300), 60_000)
    t.equal(next(0), 70_000)
    t.equal(next(35_000), 70_000 + 35_000 + 10_000)
  },
)

const fast = { helloInterval: 0, helloMultiplier: 3, deadInterval: 1 } as const

t.test('hello-multiplier: three a second, HelloInterval 0 in them, dead after one', async (t) => {
  const bench = new Bench()
  bench.up(fast)
  bench.run(1)
  t.match(bench.packets('hello')[0]!.body, { helloInterval: 0, deadInterval: 1 })
  t.same(
    bench.packets('hello').map((h) => Math.round(h.at * 1000)),
    [0, 333, 666, 999],
  )
  t.equal(bench.iface().state, 'DR', 'RouterDeadInterval is how long it waited')
  const peer = new Peer(bench)
  for (const helloInterval of [0, 1, 10]) peer.hello({ helloInterval })
  t.not(peer.state, 'Down', 'HelloInterval is not compared')
  peer.hello({ deadInterval: 4 })
  t.match(bench.said('mismatch'), [{ field: 'RouterDeadInterval', ours: '1 s', theirs: '4 s' }])
  bench.run(0.99)
  t.not(peer.state, 'Down')
  bench.run(0.02)
  t.equal(peer.state, 'Down')
  t.same(bench.router.interfacesNow()[0]!.helloMs, 333)
})

t.test('without a hello-multiplier a HelloInterval of 0 is a mismatch', async (t) => {
  const bench = new Bench()
  bench.up({ helloInterval: 1, deadInterval: 4 })
  const peer = new Peer(bench)
  peer.hello({ helloInterval: 0 })
  t.equal(peer.state, 'Down')
  t.match(bench.said('mismatch'), [{ field: 'HelloInterval', ours: '1 s', theirs: '0 s' }])
})

t.test('hello-multiplier: set, changed and taken away while Full', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point' })
  const peer = new Peer(bench).alive().to('Full')
  bench.run(9)
  const { config } = bench.iface()
  for (const settings of [fast, { ...fast, helloMultiplier: 10 }]) {
    bench.config({ type: 'interface', config: { ...config, ...settings } })
    peer.hello()
    bench.run(0)
    bench.forget()
    bench.run(3)
    t.equal(bench.packets('hello').length, 3 * settings.helloMultiplier)
    t.equal(peer.state, 'Full')
  }
  bench.config({ type: 'interface', config })
  peer.hello()
  bench.forget()
  bench.run(35)
  t.same(bench.packets('hello').length, 4)
  t.equal(peer.state, 'Full')
})

t.test('9.5: neighbors heard from lately are listed, DR and Backup as elected', async (t) => {
  const { bench, peers, backup } = segment('DR', {}, 2)
  bench.run(10)
  t.match(bench.packets('hello')[0]!.body, {
    designatedRouter: us,
    backupDesignatedRouter: backup!.address,
    neighbors: peers.map((p) => p.routerId),
  })
  const bench2 = waited()
  new Peer(bench2).to('Init')
  bench2.run(10)
  t.same(bench2.packets('hello').at(-1)!.body.neighbors, [ip('10.0.0.2')], 'Init is enough')
})

t.test('a new neighbor is answered out of turn, but not faster than 100 ms', async (t) => {
  const bench = waited()
  bench.run(5)
  bench.forget()
  new Peer(bench, { address: ip('10.0.0.2') }).hello({ neighbors: [] })
  bench.run(0)
  new Peer(bench, { address: ip('10.0.0.3') }).hello({ neighbors: [] })
  bench.run(1)
  t.same(
    bench.packets('hello').map((h) => Math.round(h.at * 1000) - 45_000),
    [0, 100],
  )
  t.same(bench.packets('hello')[1]!.body.neighbors, [ip('10.0.0.2'), ip('10.0.0.3')])
})

t.test('a passive interface neither speaks nor listens', async (t) => {
  const bench = new Bench()
  bench.up({ passive: true })
  new Peer(bench).hello()
  bench.run(100)
  t.same(bench.sent, [])
  t.equal(bench.iface().neighbors.size, 0)
  t.equal(bench.dropped('passive'), 1)
})

t.test('10.5: what must agree, each told once per change and not per packet', async (t) => {
  const cases = [
    ['network mask', { networkMask: 0xffff0000 }, '255.255.255.0 (/24)', '255.255.0.0 (/16)'],
    ['network mask', { networkMask: 0xff00ff00 }, '255.255.255.0 (/24)', '255.0.255.0'],
    ['HelloInterval', { helloInterval: 11 }, '10 s', '11 s'],
    ['RouterDeadInterval', { deadInterval: 41 }, '40 s', '41 s'],
    ['E-bit', { options: 0 }, '1', '0'],
    ['N-bit', { options: Option.e | Option.np }, '0', '1'],
  ] as const
  for (const [field, overrides, ours, theirs] of cases) {
    const bench = waited()
    const peer = new Peer(bench)
    for (let i = 0; i < 5; i++) peer.hello(overrides)
    t.equal(peer.state, 'Down', `${field}: the packet is dropped`)
    t.same(bench.drops, { 'hello-mismatch': 5 })
    const said = { field, ours, theirs, address: '10.0.0.2', routerId: '10.0.0.2' }
    t.match(bench.said('mismatch'), [said])
    t.equal(bench.said('mismatch').length, 1, `${field}: said once`)
    peer.hello()
    t.equal(peer.state, 'ExStart', 'the field was all there was')
    peer.hello(overrides)
    peer.hello(overrides)
    t.equal(bench.said('mismatch').length, 2, 'after agreement it is news again')
    t.equal(peer.state, 'ExStart', 'a Hello that disagrees is no 1-Way')
  }
})

t.test('10.5: after the interface was down a mismatch is news again', async (t) => {
  const bench = waited()
  const peer = new Peer(bench)
  peer.hello({ helloInterval: 1 })
  bench.unlink()
  bench.link('eth0')
  peer.hello({ helloInterval: 1 })
  t.equal(bench.said('mismatch').length, 2)
})

t.test('10.5: another value, and another field, are a change', async (t) => {
  const bench = waited()
  const peer = new Peer(bench)
  for (const overrides of [
    { helloInterval: 1 },
    { helloInterval: 2 },
    { deadInterval: 4 },
    { deadInterval: 4 },
  ]) {
    peer.hello(overrides)
  }
  t.same(
    bench.said('mismatch').map((e) => [e.field, e.theirs]),
    [
      ['HelloInterval', '1 s'],
      ['HelloInterval', '2 s'],
      ['RouterDeadInterval', '4 s'],
    ],
  )
})

t.test(
  '10.5: neighbors that disagree are told apart, and only so many are remembered',
  async (t) => {
    const bench = new Bench({ limits: { mismatches: 8 } })
    bench.up()
    for (let round = 0; round < 3; round++) {
      for (let i = 2; i < 10; i++) {
        new Peer(bench, { address: ip(`10.0.0.${i}`) }).hello({ helloInterval: 1 })
      }
    }
    t.equal(bench.said('mismatch').length, 8)
    for (let i = 10; i < 250; i++) {
      new Peer(bench, { address: ip(`10.0.0.${i}`) }).hello({ helloInterval: 1 })
    }
    t.equal(bench.iface().mismatches.size, 8)
  },
)

t.test('10.5: the rest of the Options does not matter', async (t) => {
  const bench = waited()
  const peer = new Peer(bench)
  peer.hello({ options: 0xff & ~Option.np })
  t.equal(peer.state, 'ExStart')
})

t.test('10.5: on point-to-point networks the mask is ignored', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point' })
  for (const networkMask of [0, 0xffffffff, 0xff00ff00, mask24]) {
    const peer = new Peer(bench, { routerId: 0x02020202 })
    peer.hello({ networkMask })
    t.equal(peer.state, 'ExStart')
  }
  t.same(bench.drops, {})
})

t.test('10.5: on broadcast networks a neighbor is known by its address', async (t) => {
  const bench = waited()
  const peer = new Peer(bench)
  peer.hello()
  const twin = new Peer(bench, { address: ip('10.0.0.3'), routerId: peer.routerId })
  twin.hello()
  t.equal(bench.iface().neighbors.size, 2, 'the same Router ID at another address is another')
  bench.forget()
  const heir = new Peer(bench, { address: peer.address, routerId: ip('7.7.7.7') })
  heir.hello({ neighbors: [] })
  t.equal(bench.iface().neighbors.size, 2)
  t.equal(heir.neighbor?.routerId, ip('7.7.7.7'))
  t.same(
    bench.said('neighbor').map((e) => [e.routerId, e.state, e.reason]),
    [
      ['10.0.0.2', 'Down', 'KillNbr'],
      ['7.7.7.7', 'Init', 'HelloReceived'],
    ],
    'another Router ID at the same address takes its place',
  )
})

t.test(
  '10.5: on point-to-point networks by its Router ID, and its address may change',
  async (t) => {
    const bench = new Bench()
    bench.up({ network: 'point-to-point' })
    const peer = new Peer(bench, { routerId: ip('2.2.2.2') }).to('Full')
    const moved = new Peer(bench, { routerId: ip('2.2.2.2'), address: ip('10.0.0.99') })
    moved.hello()
    t.equal(bench.iface().neighbors.size, 1)
    t.equal(moved.state, 'Full')
    t.equal(peer.neighbor?.address, ip('10.0.0.99'))
  },
)

t.test('10.5: 1-Way stops the processing of the packet', async (t) => {
  const bench = new Bench()
  bench.up()
  const peer = new Peer(bench)
  peer.backupDesignatedRouter = peer.address
  peer.hello({ neighbors: [] })
  t.equal(peer.state, 'Init')
  t.equal(bench.iface().state, 'Waiting', 'what it declares does not count yet')
  peer.hello({ neighbors: [ip('9.9.9.9'), us] })
  t.not(bench.iface().state, 'Waiting')
})

t.test('10.5: a changed priority or declaration is a NeighborChange', async (t) => {
  const bench = waited(0)
  const [a, b] = [2, 3].map((n) => new Peer(bench, { address: ip(`10.0.0.${n}`) }))
  a!.designatedRouter = a!.address
  a!.hello()
  b!.hello()
  const roles = (): number[] => [
    bench.iface().designatedRouter,
    bench.iface().backupDesignatedRouter,
  ]
  t.same(roles(), [a!.address, b!.address])
  b!.hello({ priority: 0 })
  t.same(roles(), [a!.address, 0], 'priority')
  a!.hello({ designatedRouter: 0 })
  t.same(roles(), [a!.address, a!.address], 'no longer DR, so chosen as if nobody were')
  b!.hello({ designatedRouter: b!.address })
  t.same(roles(), [b!.address, a!.address], 'DR')
  a!.hello({ designatedRouter: 0, priority: 0 })
  t.same(roles(), [b!.address, 0])
  bench.forget()
  b!.hello({ designatedRouter: b!.address })
  t.same(bench.said('designated-router'), [], 'the same Hello again changes nothing')
})

t.test('there is a limit to the neighbors of an interface; it is said once', async (t) => {
  const bench = new Bench({ limits: { neighborsPerInterface: 3 } })
  bench.up()
  for (let i = 2; i < 20; i++) new Peer(bench, { address: ip(`10.0.0.${i}`) }).hello()
  t.equal(bench.iface().neighbors.size, 3)
  t.equal(bench.dropped('neighbor-limit'), 15)
  t.same(bench.said('limit'), [{ type: 'limit', what: 'neighbors', limit: 3 }])
})

t.test('a changed HelloInterval is said at once', async (t) => {
  const bench = waited()
  bench.config({ type: 'interface', config: { ...bench.iface().config, helloInterval: 2 } })
  bench.run(4)
  t.same(
    bench.packets('hello').map((h) => [h.at, h.body.helloInterval]),
    [
      [40, 2],
      [42, 2],
      [44, 2],
    ],
  )
})
