import t from 'tap'
import { Network } from '../../lib/sim/network.ts'
import { oracleRoutes, peersOf } from '../../lib/sim/oracle.ts'
import type { SimRouter } from '../../lib/sim/router.ts'
import { figure2 } from './topologies.ts'

const table = (net: Network, router: SimRouter) =>
  Object.fromEntries(
    [...oracleRoutes(net).get(router)!].map(([p, r]) => [
      p,
      `${r.cost} ${[...r.hops].sort().join(', ')}`,
    ]),
  )

t.test('RT6 of figure 2 has the routes that RFC 2328 prints (table 12)', async (t) => {
  const net = new Network()
  const r = figure2(net)
  const rt6 = r[6]!
  // Its links in order: RT3, RT5, RT10.
  const rt3 = 'eth0 via 10.128.0.1'
  const rt10 = 'eth2 via 10.128.0.18'
  t.match(table(net, rt6), {
    '10.0.1.0/24': `10 ${rt3}`,
    '10.0.2.0/24': `10 ${rt3}`,
    '10.0.3.0/24': `7 ${rt3}`,
    '10.0.4.0/24': `8 ${rt3}`,
    '10.0.6.0/24': `8 ${rt10}`,
    '10.0.7.0/24': `12 ${rt10}`,
    '10.0.8.0/24': `10 ${rt10}`,
    '10.0.9.0/24': `11 ${rt10}`,
    '10.0.10.0/24': `13 ${rt10}`,
    '10.0.11.0/24': `14 ${rt10}`,
    '10.0.99.1/32': `21 ${rt10}`,
  })
})

t.test('equal paths over a LAN, over links, and from two announcers', async (t) => {
  const net = new Network()
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((n) => net.router(n)) as [
    SimRouter,
    SimRouter,
    SimRouter,
    SimRouter,
  ]
  net.segment('lan', '10.0.1.0/24', [a, b, c], { cost: 1 })
  net.link(b, d, { cost: 2, prefix: '10.0.2.0/30' })
  net.link(c, d, { cost: 2, prefix: '10.0.3.0/30' })
  d.announce('10.9.9.9/32', { cost: 5 })
  t.same(table(net, a), {
    '10.0.1.0/24': '1 eth0',
    '10.0.2.0/30': '3 eth0 via 10.0.1.2',
    '10.0.3.0/30': '3 eth0 via 10.0.1.3',
    '10.9.9.9/32': '8 eth0 via 10.0.1.2, eth0 via 10.0.1.3',
  })
  t.same(table(net, d), {
    '10.0.1.0/24': '3 eth0 via 10.0.2.1, eth1 via 10.0.3.1',
    '10.0.2.0/30': '2 eth0',
    '10.0.3.0/30': '2 eth1',
    '10.9.9.9/32': '5 ',
  })
  b.announce('10.9.9.9/32', { cost: 7 })
  t.equal(table(net, a)['10.9.9.9/32'], '8 eth0 via 10.0.1.2, eth0 via 10.0.1.3')
  t.equal(table(net, b)['10.9.9.9/32'], '7 ', 'its own is as near as that of d')
  b.crash()
  t.equal(table(net, a)['10.9.9.9/32'], '8 eth0 via 10.0.1.3')
  c.freeze()
  t.same(table(net, a), { '10.0.1.0/24': '1 eth0' })
})

t.test('who sees whom', async (t) => {
  const net = new Network()
  const [a, b, c] = ['a', 'b', 'c'].map((n) => net.router(n)) as [SimRouter, SimRouter, SimRouter]
  const lan = net.segment('lan', '10.0.1.0/24', [a, b, { node: c, mtu: 9000 }])
  const seen = (r: SimRouter) => peersOf(lan.of(r)!).map((p) => p.node.name)
  t.same(seen(a), ['b'], 'the MTU of c keeps it out')
  for (const r of [a, b, c]) r.configure('eth0', { mtuIgnore: true })
  t.same(seen(a), ['b', 'c'])
  b.configure('eth0', { helloInterval: 5 })
  t.same(seen(a), ['c'])
  b.configure('eth0', { helloInterval: 10, passive: true })
  t.same([seen(a), seen(b)], [['c'], []])
  net.partition([[a]])
  t.same(seen(a), [])
  net.heal()
  lan.of(c)!.down({ silent: true })
  t.same(seen(a), [])
})

t.test('a LAN that nobody can lead, or with one router, is a stub of each', async (t) => {
  const net = new Network()
  const [a, b] = [net.router('a'), net.router('b')]
  net.segment('idle', '10.0.1.0/24', [a, b], { priority: 0, cost: 1 })
  const far = net.segment('lan', '10.0.2.0/24', [a, b], { cost: 4 })
  net.segment('edge', '10.0.3.0/24', [b], { cost: 2 })
  t.same(table(net, a), {
    '10.0.1.0/24': '1 eth0',
    '10.0.2.0/24': '4 eth1',
    '10.0.3.0/24': '6 eth1 via 10.0.2.2',
  })
  far.partition([[a], [b]])
  t.same(Object.keys(table(net, a)), ['10.0.1.0/24', '10.0.2.0/24'])
})
