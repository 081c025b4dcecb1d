import t from 'tap'
import { Bench, ip, madeUp, Peer, segment, us } from './bench.ts'

t.test('10.4: who becomes adjacent, by our part and theirs', async (t) => {
  const expected = {
    DR: ['Full', 'Full', 'Full'],
    Backup: ['Full', 'Full', 'Full'],
    DROther: ['Full', 'Full', '2-Way', '2-Way'],
    'Point-to-point': ['Full'],
  } as const
  for (const part of ['DR', 'Backup', 'DROther', 'Point-to-point'] as const) {
    const { peers } = segment(part, {}, 2)
    t.same(
      peers.map((p) => p.state),
      expected[part],
      part,
    )
  }
})

t.test(
  '10.3 InactivityTimer: after RouterDeadInterval of silence the neighbor is gone',
  async (t) => {
    const { bench, peers } = segment('Point-to-point')
    const [peer] = peers
    peer!.hello()
    peer!.helloAt = Number.POSITIVE_INFINITY
    bench.run(39.999)
    t.equal(peer!.state, 'Full')
    bench.run(0.001)
    t.equal(peer!.state, 'Down')
    t.match(bench.said('neighbor'), [{ was: 'Full', state: 'Down', reason: 'InactivityTimer' }])
    t.equal(bench.iface().neighbors.size, 0)
  },
)

t.test(
  "10.3 HelloReceived: each Hello restarts the Inactivity Timer; aliveBy 'hello': nothing else does",
  async (t) => {
    const bench = new Bench()
    bench.up({ network: 'point-to-point', aliveBy: 'hello' })
    const peer = new Peer(bench).to('Full')
    bench.run(30)
    peer.hello()
    bench.run(39)
    t.equal(peer.state, 'Full')
    peer.update(madeUp(peer.routerId))
    bench.run(1)
    t.equal(peer.state, 'Down', 'an update is no Hello')
  },
)

t.test('10.3 1-WayReceived: back to Init, and the lists are empty', async (t) => {
  for (const state of ['ExStart', 'Exchange', 'Loading', 'Full'] as const) {
    const bench = new Bench()
    bench.up({ network: 'point-to-point' })
    const peer = new Peer(bench).to(state)
    const neighbor = peer.neighbor!
    peer.hello({ neighbors: [ip('9.9.9.9')] })
    t.equal(peer.state, 'Init', `from ${state}`)
    const { requests, retransmissions, summaryList } = neighbor
    t.same([requests.size, retransmissions.size, summaryList.length], [0, 0, 0])
    t.notOk(neighbor.ddTimer.armed || neighbor.requestTimer.armed || neighbor.retransmitTimer.armed)
    t.ok(neighbor.inactivityTimer.armed)
    t.equal(bench.router.unacknowledged(), 0)
    bench.forget()
    bench.run(30)
    t.same(new Set(bench.sent.map((s) => s.body.kind)), new Set(['hello']))
  }
})

t.test(
  '10.3: DD sequence numbers of successive attempts rise by one, from an unlike start',
  async (t) => {
    const first = (seed: number): number[] => {
      const bench = new Bench({ seed })
      bench.up({ network: 'point-to-point' })
      const peer = new Peer(bench).to('ExStart')
      peer.hello({ neighbors: [] })
      bench.run(0.5)
      peer.hello()
      return bench.packets('database-description').map((s) => s.body.sequence)
    }
    const [a, again] = first(1)
    t.equal(again, (a! + 1) >>> 0)
    t.not(a, first(2)[0], 'the seed decides')
    t.same(first(1), first(1))
  },
)

t.test('an event says who, from where, where to and why', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point' })
  new Peer(bench, { routerId: ip('9.9.9.9') }).to('Full')
  t.same(
    bench.said('neighbor').map((e) => [e.was, e.state, e.reason]),
    [
      ['Down', 'Init', 'HelloReceived'],
      ['Init', 'ExStart', '2-WayReceived'],
      ['ExStart', 'Exchange', 'NegotiationDone'],
      ['Exchange', 'Full', 'ExchangeDone'],
    ],
  )
  t.match(bench.said('neighbor')[0], {
    interface: 'eth0',
    routerId: '9.9.9.9',
    address: '10.0.0.2',
  })
  t.equal(us, bench.router.routerId)
})
