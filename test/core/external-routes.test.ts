/** AS externals (RFC 2328 12.4.4, 16.4), told by small networks. */
import t from 'tap'
import { settled } from '../../lib/sim/check.ts'
import { Network } from '../../lib/sim/network.ts'
import { Random } from '../../lib/sim/random.ts'
import type { SimRouter } from '../../lib/sim/router.ts'
import { formatIpv4, parseIpv4 } from '../../lib/wire/address.ts'
import { LsType } from '../../lib/wire/lsa.ts'
import { externals, lsas } from '../sim/lsas.ts'
import { quick } from '../sim/topologies.ts'

const via = (router: SimRouter, prefix: string): string[] =>
  (router.fib.get(prefix)?.nextHops ?? []).map((hop) => formatIpv4(hop.gateway!)).sort()

/** r and two AS boundary routers on one LAN. */
function build(core = {}) {
  const net = new Network({ seed: 164, core })
  const [r, x, y] = ['r', 'x', 'y'].map((n) => net.router(n)) as [SimRouter, SimRouter, SimRouter]
  net.segment('lan', '10.0.0.0/24', [r, x, y], { ...quick, cost: 10 })
  return { net, r, x, y }
}

t.test('two AS boundary routers at equal cost are both used', async (t) => {
  const { net, r, x, y } = build()
  for (const asbr of [x, y]) asbr.external('172.16.0.0/16', { metricType: 1, metric: 5 })
  net.run(20)
  t.same(via(r, '172.16.0.0/16'), ['10.0.0.2', '10.0.0.3'])
  t.same(settled(net), [])
  y.external('172.16.0.0/16', { metricType: 1, metric: 6 })
  net.run(6)
  t.same(via(r, '172.16.0.0/16'), ['10.0.0.2'], 'the least sum')
  y.external('172.16.0.0/16', { metricType: 2, metric: 1 })
  net.run(6)
  t.same(via(r, '172.16.0.0/16'), ['10.0.0.2'], 'type 1 before type 2')
  x.external('172.16.0.0/16', { metricType: 2, metric: 2 })
  net.run(6)
  t.same(via(r, '172.16.0.0/16'), ['10.0.0.3'], 'type 2: the least metric')
  x.external('172.16.0.0/16', { metricType: 2, metric: 1 })
  y.configure('eth0', { cost: 9 })
  r.configure('eth0', { cost: 9 })
  net.run(6)
  t.same(via(r, '172.16.0.0/16'), ['10.0.0.2', '10.0.0.3'], 'it is the way there that counts')
  t.same(settled(net), [])
})

t.test('equal-cost multipath also when forwarding addresses differ', async (t) => {
  const { net, r, x, y } = build()
  net.segment('outside', '10.9.0.0/24', [x, y], { ...quick, cost: 1, passive: true })
  const forwarding = (address: string) => ({ forwardingAddress: parseIpv4(address)! })
  x.external('172.16.0.0/16', forwarding('10.9.0.77'))
  y.external('172.16.0.0/16', forwarding('10.9.0.88'))
  net.run(20)
  t.same(externals(r, LsType.external, { by: x }), { '172.16.0.0/16': 'E2 20 via 10.9.0.77' })
  t.same(via(r, '172.16.0.0/16'), ['10.0.0.2', '10.0.0.3'])
  t.same(settled(net), [])
  // on a network of our own, the hops are the addresses themselves
  x.external('172.17.0.0/16', forwarding('10.0.0.77'))
  y.external('172.17.0.0/16', forwarding('10.0.0.88'))
  x.external('172.18.0.0/16')
  y.external('172.18.0.0/16', forwarding('10.0.0.88'))
  net.run(6)
  t.same(via(r, '172.17.0.0/16'), ['10.0.0.77', '10.0.0.88'])
  t.same(via(r, '172.18.0.0/16'), ['10.0.0.2', '10.0.0.88'], 'the boundary router and an address')
  t.same(settled(net), [])
})

t.test('16.4 (3): what a forwarding address must be', async (t) => {
  const { net, r, x, y } = build()
  x.external('172.16.0.0/16')
  y.external('172.17.0.0/16', { forwardingAddress: parseIpv4('172.16.1.1')! })
  y.external('172.18.0.0/16', { forwardingAddress: parseIpv4('192.0.2.1')! })
  y.external('172.19.0.0/16', { forwardingAddress: parseIpv4('10.0.0.1')! })
  net.run(20)
  t.same(via(r, '172.17.0.0/16'), [], 'external itself')
  t.same(via(r, '172.18.0.0/16'), [], 'unknown')
  t.same(via(r, '172.19.0.0/16'), [], 'our own')
  t.same(via(x, '172.19.0.0/16'), ['10.0.0.1'], 'which is right for others')
  t.same(settled(net), [])
})

t.test(
  '16.4 (3): externals do not decide on forwarding addresses, in whatever order they come',
  async (t) => {
    for (const order of [
      ['172.16.0.0/16', '10.9.0.0/25'],
      ['10.9.0.0/25', '172.16.0.0/16'],
    ]) {
      const { net, r, x, y } = build()
      net.segment('outside', '10.9.0.0/24', [x, y], { ...quick, passive: true })
      for (const prefix of order) {
        x.external(prefix, { forwardingAddress: parseIpv4('10.9.0.77')! })
        net.run(10)
      }
      net.run(10)
      t.same(via(r, '172.16.0.0/16'), ['10.0.0.2', '10.0.0.3'])
      t.same(settled(net), [])
    }
  },
)

t.test('the default route of the whole system', async (t) => {
  const { net, r, x, y } = build()
  x.external('0.0.0.0/0', { metricType: 1, metric: 1 })
  net.run(20)
  t.same(externals(r, LsType.external), { '0.0.0.0/0': 'E1 1' })
  t.same(via(r, '0.0.0.0/0'), ['10.0.0.2'])
  y.external('0.0.0.0/0', { metricType: 1, metric: 0 })
  net.run(6)
  t.same(via(r, '0.0.0.0/0'), ['10.0.0.3'])
  t.same(via(x, '0.0.0.0/0'), ['10.0.0.3'])
  y.withdrawExternal('0.0.0.0/0')
  x.external('0.0.0.0/0', { metric: 0xfffffe })
  net.run(6)
  t.same(via(r, '0.0.0.0/0'), ['10.0.0.2'])
  t.same(settled(net), [])
})

t.test(
  'an AS boundary router that cannot be reached, though its LSAs are still there',
  async (t) => {
    const { net, r, x, y } = build()
    x.external('172.16.0.0/16', { metricType: 1, metric: 1 })
    y.external('172.16.0.0/16', { metricType: 1, metric: 2 })
    net.run(20)
    x.crash()
    net.run(6)
    t.equal(lsas(r, LsType.external).length, 2)
    t.same(via(r, '172.16.0.0/16'), ['10.0.0.3'])
    y.crash()
    net.run(6)
    t.notOk(r.fib.has('172.16.0.0/16'))
    x.restart()
    net.run(15)
    t.same(via(r, '172.16.0.0/16'), ['10.0.0.2'])
    t.same(settled(net), [])
  },
)

for (const rfc1583Compatibility of [true, false]) {
  const how = rfc1583Compatibility ? 'the least cost' : 'intra-area without the backbone first'
  t.test(`16.4.1: RFC1583Compatibility ${rfc1583Compatibility}: ${how}`, async (t) => {
    const net = new Network({ seed: 1583, core: { rfc1583Compatibility } })
    const [r, x, y] = ['r', 'x', 'y'].map((n) => net.router(n)) as [SimRouter, SimRouter, SimRouter]
    const links = { ...quick, network: 'point-to-point' } as const
    net.segment('near', '10.0.0.0/30', [r, x], { ...links, cost: 1 })
    net.segment('far', '10.1.0.0/30', [r, x], { ...links, cost: 50, area: '0.0.0.1' })
    net.segment('other', '10.1.1.0/30', [r, y], { ...links, cost: 60, area: '0.0.0.1' })
    x.external('172.16.0.0/16', { metricType: 1, metric: 0 })
    net.run(30)
    t.same(via(r, '172.16.0.0/16'), [rfc1583Compatibility ? '10.0.0.2' : '10.1.0.2'])
    // among several boundary routers, too: y is in area 1 alone
    x.external('172.17.0.0/16', { forwardingAddress: parseIpv4('10.0.0.2')! })
    y.external('172.17.0.0/16')
    net.run(10)
    t.same(via(r, '172.17.0.0/16'), [rfc1583Compatibility ? '10.0.0.2' : '10.1.1.2'])
    t.same(settled(net), [])
  })
}

t.test('appendix E: prefixes of one address, added and removed in any order', async (t) => {
  const prefixes = ['10.0.0.0/8', '10.0.0.0/16', '10.0.0.0/24', '10.0.0.255/32', '10.0.0.0/32']
  for (const seed of [1, 2, 3, 4]) {
    const net = new Network({ seed })
    const random = new Random(`overlap ${seed}`)
    const [r, x] = [net.router('r'), net.router('x')]
    net.link(r, x, { ...quick, prefix: '192.168.0.0/30' })
    net.run(10)
    const there = new Set<string>()
    let wasQuiet = true
    for (let i = 0; i < 30; i++) {
      const prefix = random.pick(prefixes)
      const before = new Set(there)
      if (there.delete(prefix)) x.withdrawExternal(prefix)
      else {
        there.add(prefix)
        x.external(prefix, { metric: 1 + random.int(9) })
      }
      const seconds = random.pick([0.5, 2, 15])
      const end = net.now + seconds
      let lost = 0
      while (net.now < end) {
        net.run(0.05)
        for (const kept of before) if (there.has(kept) && !r.fib.has(kept)) lost++
      }
      // while MinLSInterval holds an LSA back, the one that takes its place may be there already
      if (wasQuiet) t.equal(lost, 0, `${prefix}: no other prefix is lost meanwhile`)
      wasQuiet = seconds === 15
    }
    net.run(10)
    t.same(Object.keys(externals(r, LsType.external)).sort(), [...there].sort())
    t.equal(lsas(r, LsType.external).length, there.size, 'each in one LSA')
    t.same(settled(net), [])
  }
})
