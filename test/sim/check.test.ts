/** A checker that never complains checks nothing: every check here is shown something wrong. */
import t from 'tap'
import type { Route } from '../../lib/core/io.ts'
import {
  equalDatabases,
  noForwardingLoop,
  noHalfAdjacency,
  retransmissionListsEmpty,
  routesEqualOracle,
  settled,
} from '../../lib/sim/check.ts'
import { Network } from '../../lib/sim/network.ts'
import type { SimRouter } from '../../lib/sim/router.ts'
import { quick } from './topologies.ts'

/** a - b - c, settled. */
function chain() {
  const net = new Network({ seed: 13 })
  const [a, b, c] = ['a', 'b', 'c'].map((n) => net.router(n)) as [SimRouter, SimRouter, SimRouter]
  const ab = net.link(a, b, { ...quick, prefix: '10.0.1.0/30' })
  const bc = net.link(b, c, { ...quick, prefix: '10.0.2.0/30' })
  c.announce('10.9.0.0/16')
  net.run(20)
  return { net, a, b, c, ab, bc }
}

t.test('a settled network gives no complaint', async (t) => {
  const { net } = chain()
  t.same(settled(net), [])
})

t.test('databases that differ', async (t) => {
  const { net, a, b, c, ab } = chain()
  ab.down({ silent: true })
  c.announce('10.8.0.0/16')
  net.run(1)
  const [complaint] = equalDatabases([a, b, c])
  t.match(
    complaint,
    /^type 1 10\.0\.0\.3 of 10\.0\.0\.3: a has sequence 0x8\S+ checksum 0x\S+, b has sequence/,
  )
  t.equal(equalDatabases([a, b, c]).length, 2, 'b and c agree')
  t.same(equalDatabases([b, c]), [])
  t.same(equalDatabases([a, b, c], '0.0.0.1'), [], 'another area')
  net.run(10)
  t.same(settled(net), [], 'two pieces, each at one with itself')
})

t.test('adjacencies that are missing, half or imagined', async (t) => {
  const { net, c, bc } = chain()
  bc.of(c)!.set({ loss: 1 })
  net.run(2.5)
  t.same(noHalfAdjacency(net), [], 'nobody knows yet')
  net.run(3)
  t.same(noHalfAdjacency(net), ['b eth1: c is nothing', 'c eth0: b is nothing'])
  bc.of(c)!.conditions = undefined
  net.run(10)
  t.same(settled(net), [])
  c.crash()
  net.run(1)
  t.same(noHalfAdjacency(net), ['b eth1: 10.0.2.2 is Full, but is not there'])
  c.restart()
  net.runUntil(() => c.neighbors()[0]?.state === 'Init' || c.neighbors()[0]?.state === 'ExStart', 5)
  t.ok(noHalfAdjacency(net).length > 0)
})

t.test('acknowledgements that are owed', async (t) => {
  const { net, a, b, ab } = chain()
  ab.of(b)!.set({ loss: 1 })
  a.announce('10.7.0.0/16')
  net.run(1)
  t.same(retransmissionListsEmpty(net), ['a: 10.0.0.2 owes 1 acknowledgements'])
})

t.test('routes that are not what they ought to be', async (t) => {
  const { net, a, b } = chain()
  b.attachments[1]!.config = { ...b.attachments[1]!.config, cost: 11 }
  t.same(routesEqualOracle(net), [
    'a: 10.0.2.0/30: intra-area, cost 20, eth0 via 10.0.1.2, ought to be intra-area, cost 21, eth0 via 10.0.1.2',
    'a: 10.9.0.0/16: intra-area, cost 20, eth0 via 10.0.1.2, ought to be intra-area, cost 21, eth0 via 10.0.1.2',
    'b: 10.0.2.0/30: intra-area, cost 10, attached, ought to be intra-area, cost 11, attached',
    'b: 10.9.0.0/16: intra-area, cost 10, eth1 via 10.0.2.2, ought to be intra-area, cost 11, eth1 via 10.0.2.2',
  ])
  b.configure('eth1', { cost: 10 })
  net.run(10)
  t.same(settled(net), [])
  a.fib.apply([{ type: 'remove', prefix: 0x0a090000, length: 16 }])
  t.same(routesEqualOracle(net), [
    'a: 10.9.0.0/16: the kernel has nothing, the table eth0 via 10.0.1.2',
  ])
})

t.test('packets that go round in circles', async (t) => {
  const { net, b } = chain()
  const wrong: Route = {
    prefix: 0x0a090000,
    length: 16,
    pathType: 'intra-area',
    area: 0,
    cost: 1,
    nextHops: [
      { interface: 'eth1', gateway: 0x0a000202 },
      { interface: 'eth0', gateway: 0x0a000101 },
    ],
  }
  b.fib.apply([{ type: 'replace', route: wrong }])
  t.same(noForwardingLoop(net), ['10.9.0.0/16: a -> b -> a'], 'one of the equal paths is enough')
})
