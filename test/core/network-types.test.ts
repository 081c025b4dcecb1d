/** What sets NBMA and point-to-multipoint networks apart (9.5.1, 12.4.1.4); broadcast is what the other tests are on. */
import t from 'tap'
import { Bench, ip, Peer } from './bench.ts'

const two = ip('10.0.0.2')
const three = ip('10.0.0.3')
const neighbors = [
  { address: two, eligible: true },
  { address: three, eligible: false },
]

t.test(
  'NBMA: each neighbor gets a Hello of its own, those that may be elected first',
  async (t) => {
    const bench = new Bench()
    const iface = bench.up({ network: 'nbma', neighbors, pollInterval: 60 })
    bench.run(39)
    t.equal(iface.state, 'Waiting')
    const first = bench.packets('hello').map(({ destination, at }) => [destination, at])
    const attempts = [0, 10, 20, 30].map((at) => [two, at])
    t.same(first, attempts, '9.5.1: only who is eligible, while it is attempted (10.1)')
    bench.run(2)
    t.equal(iface.state, 'DR')
    bench.forget()
    bench.run(60)
    const greeted = new Set(bench.packets('hello').map(({ destination }) => destination))
    t.same([...greeted].sort(), [two, three], 'the Designated Router greets all')
  },
)

t.test('NBMA: flooding is addressed to each', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'nbma', neighbors, priority: 10 })
  bench.run(41)
  const peer = new Peer(bench, { address: two, priority: 0 }).alive().to('Full')
  bench.run(10)
  bench.forget()
  bench.config({
    type: 'announce',
    stub: { area: 0, prefix: ip('192.0.2.1'), length: 32, cost: 0 },
  })
  bench.run(2)
  t.equal(peer.state, 'Full')
  t.same([...new Set(bench.packets('ls-update').map(({ destination }) => destination))], [two])
})

t.test(
  '12.4.1.4: point-to-multipoint: our own address as a host, and a link to each',
  async (t) => {
    const bench = new Bench()
    bench.up({ network: 'point-to-multipoint', cost: 7 })
    bench.run(1)
    t.same(bench.ownLinks(), ['stub 10.0.0.1/255.255.255.255 0'])
    new Peer(bench, { address: two }).alive().to('Full')
    bench.run(10)
    t.same(bench.ownLinks().length, 2)
    t.match(bench.ownLinks()[0], /10\.0\.0\.1 7$/, 'a point-to-point link of its cost')
  },
)

t.test('RFC 6860: a network that only routers use is not advertised', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point', prefixSuppression: true })
  new Peer(bench, { address: two }).alive().to('Full')
  bench.run(10)
  t.same(bench.ownLinks().length, 1, 'the link to the neighbor alone')
  const lan = new Bench()
  lan.up({ prefixSuppression: true })
  lan.run(41)
  t.same(lan.ownLinks(), [])
})
