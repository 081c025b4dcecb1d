import t from 'tap'
import type { OspfEvent } from '../../lib/core/events.ts'
import { Router } from '../../lib/core/router.ts'
import { settled } from '../../lib/sim/check.ts'
import { Network } from '../../lib/sim/network.ts'
import type { SimRouter } from '../../lib/sim/router.ts'
import { figure2, quick } from './topologies.ts'

/** Two routers on a link, Full. */
function pair() {
  const net = new Network({ seed: 11 })
  const [a, b] = [net.router('a'), net.router('b')]
  const link = net.link(a, b, { ...quick, prefix: '10.0.0.0/30' })
  const full = () => [a, b].every((r) => r.running && r.neighbors()[0]?.state === 'Full')
  const fullAt = () => (net.runUntil(full, 60) ? net.now : undefined)
  return { net, a, b, link, full, fullAt }
}

const said = <T extends OspfEvent['type']>(router: SimRouter, type: T) =>
  router.events
    .map((e) => e.event)
    .filter((e): e is Extract<OspfEvent, { type: T }> => e.type === type)

t.test('(1) two routers on a link come to Full', async (t) => {
  const { net, a, b, fullAt } = pair()
  t.ok((fullAt() ?? 99) < 3, 'soon')
  t.same(
    said(a, 'neighbor').map((e) => e.state),
    ['Init', '2-Way', 'ExStart', 'Exchange', 'Loading', 'Full'].filter((s) =>
      said(a, 'neighbor').some((e) => e.state === s),
    ),
    'through the states in order',
  )
  b.announce('10.9.0.0/16', { cost: 3 })
  net.run(10)
  t.same(settled(net), [])
  t.match(a.fib.get('10.9.0.0/16'), {
    cost: 13,
    nextHops: [{ interface: 'eth0', gateway: 0x0a000002 }],
  })
  b.withdraw('10.9.0.0/16')
  net.run(10)
  t.notOk(a.fib.has('10.9.0.0/16'))
  t.same(settled(net), [])
})

t.test('a change of cost moves routes', async (t) => {
  const net = new Network({ seed: 2 })
  const r = figure2(net)
  net.run(30)
  t.same(settled(net), [])
  r[6]!.configure('eth2', { cost: 40 })
  net.run(15)
  t.same(settled(net), [])
  t.match(r[6]!.fib.get('10.0.6.0/24'), { cost: 13, nextHops: [{ interface: 'eth1' }] })
})

t.test('(5) a router that comes back with nothing remembered outbids itself (13.4)', async (t) => {
  const { net, a, b, fullAt } = pair()
  fullAt()
  for (let i = 0; i < 5; i++) {
    b.announce(`10.9.${i}.0/24`)
    net.run(10)
  }
  const sequence = () =>
    a.database().find((l) => l.lsa.header.advertisingRouter === b.id)?.lsa.header.sequence ?? 0
  const before = sequence()
  t.ok(before > -0x7fffffff + 4, 'has changed often')
  b.crash()
  net.run(1)
  b.restart()
  t.ok(fullAt())
  net.run(10)
  t.ok(sequence() > before, 'the new life is more recent than the old')
  t.match(said(b, 'self-originated').at(-1), { lsType: 1, lsId: b.routerId, action: 'outbid' })
  t.same(settled(net), [])
})

t.test('a router that comes back after the dead interval, or with its memory', async (t) => {
  for (const memory of [false, true]) {
    const { net, a, b, fullAt } = pair()
    b.announce('10.9.0.0/16')
    fullAt()
    net.run(10)
    b.crash()
    net.run(5)
    t.same(a.neighbors(), [], 'given up')
    t.notOk(a.fib.has('10.9.0.0/16'))
    t.equal(b.fib.size, 0)
    b.restart({ memory })
    t.ok(fullAt())
    net.run(10)
    t.same(settled(net), [])
    t.equal(said(b, 'self-originated').length, memory ? 0 : 1)
  }
})

t.test('(8) a suspended router resumes after 60 s', async (t) => {
  const { net, a, b, fullAt } = pair()
  b.announce('10.9.0.0/16')
  fullAt()
  net.run(10)
  b.freeze()
  const sent = net.traffic.sent
  net.run(60)
  t.same(a.neighbors(), [])
  t.ok(net.traffic.sent - sent < 70, 'the sleeper says nothing')
  b.thaw()
  t.ok(fullAt())
  net.run(10)
  t.ok(net.now < 100)
  t.same(settled(net), [])
})

t.test('a stalled router comes back too, and a short stall costs nothing', async (t) => {
  const { net, a, b, fullAt } = pair()
  fullAt()
  net.run(10)
  const events = a.events.length
  b.freeze('stalled')
  net.run(3)
  b.thaw()
  net.run(10)
  t.same(settled(net), [])
  t.equal(a.events.length, events, '3 s are less than the dead interval of 4 s')
  b.freeze('stalled')
  net.run(60)
  b.thaw()
  t.ok(fullAt())
  net.run(10)
  t.same(settled(net), [])
})

t.test('a graceful stop leaves nothing behind', async (t) => {
  const { net, a, b, fullAt } = pair()
  b.announce('10.9.0.0/16')
  fullAt()
  net.run(10)
  b.flush()
  t.ok(net.runUntil(() => b.core.unacknowledged() === 0 && b.core.isUpToDate(), 30))
  b.close()
  net.run(1)
  t.same(
    a.neighbors().filter((n) => n.state !== 'Init'),
    [],
  )
  t.same(
    a.database().filter((l) => l.lsa.header.advertisingRouter === b.id),
    [],
  )
  net.run(10)
  t.same(settled(net), [])
})

t.test('a hook may crash the router that speaks', async (t) => {
  const { net, a, b } = pair()
  net.onEvent((router, event) => {
    if (router === b && event.type === 'neighbor' && event.state === 'Full') b.crash()
  })
  net.run(20)
  t.notOk(b.running)
  t.same(a.neighbors(), [])
})

t.test(
  'what ends at a router: its addresses, its stub networks, and what leaves the system there',
  async (t) => {
    const { a } = pair()
    a.announce('10.9.9.9/32')
    a.announce('10.8.0.0/16')
    a.external('172.16.0.0/16')
    a.external('172.17.0.0/16', { forwardingAddress: 0x0a090a0b })
    t.same(
      ['10.0.0.1', '10.9.9.9', '10.8.0.0', '172.16.1.1', '172.17.1.1', '10.9.9.8'].map((q) =>
        a.owns(q.split('.').reduce((n, o) => n * 256 + Number(o), 0)),
      ),
      [true, true, true, true, false, false],
    )
  },
)

t.test('a router that wants to be called for ever at one instant is found out', async (t) => {
  const net = new Network({
    create: (options) => Object.assign(new Router(options), { nextTimeout: () => 0 }),
  })
  net.link(net.router('a'), net.router('b'))
  t.throws(() => net.run(1), { message: 'a spins: always due at 0 ms' })
})

t.test('a slow process comes to everything late, and nothing overtakes anything', async (t) => {
  const net = new Network({ seed: 2 })
  const [a, b] = [net.router('a'), net.router('b')]
  net.link(a, b, { helloInterval: 1, deadInterval: 4 })
  net.run(20)
  const hellos: number[] = []
  net.tap(({ at, from, bytes }) => {
    if (from.node === b && bytes[1] === 1) hellos.push(at)
  })
  net.run(5)
  const before = hellos.at(-1)!
  b.slow(0.25)
  net.run(5.5)
  const after = hellos.filter((at) => at > before)
  t.ok(Math.abs(after[0]! - before - 1250) < 1, `${after[0]! - before} ms`)
  t.ok(after.length >= 4, `${after.length} of five`)
  t.equal(a.neighbors()[0]?.state, 'Full')
  b.announce('10.77.0.0/24')
  a.announce('10.77.1.0/24')
  net.run(0.2)
  t.notOk(b.fib.has('10.77.1.0/24'))
  b.slow(0)
  net.run(8)
  t.ok(b.fib.has('10.77.1.0/24'))
  t.throws(() => b.slow(-1), { code: 'ERR_OSPF_CONFIG' })
})

t.test('a clock that runs too fast', async (t) => {
  const net = new Network({ seed: 2 })
  const [a, b] = [net.router('a'), net.router('b')]
  net.link(a, b, { helloInterval: 1, deadInterval: 4 })
  net.run(20)
  const hellos: number[] = []
  net.tap(({ at, from, bytes }) => {
    if (from.node === b && bytes[1] === 1) hellos.push(at)
  })
  b.skew(1.25)
  net.run(20)
  const gaps = hellos.slice(2).map((at, i) => at - hellos[i + 1]!)
  t.ok(
    gaps.every((gap) => Math.abs(gap - 800) < 1),
    gaps.join(),
  )
  b.skew(1)
  net.run(4000)
  const lsa = a.database().find(({ lsa }) => lsa.header.advertisingRouter === b.id)
  t.ok(lsa && lsa.age < 1900, 'it is refreshed')
  t.throws(() => b.skew(0), { code: 'ERR_OSPF_CONFIG' })
})
