import t from 'tap'
import { Bench, ip, Peer } from './bench.ts'

/** A point-to-point link to a router that is adjacent, and a VIP. */
function director(): { bench: Bench; peer: Peer } {
  const bench = new Bench()
  bench.up({ network: 'point-to-point', cost: 3 })
  const stub = { area: 0, prefix: ip('192.0.2.1'), length: 32, cost: 5 }
  bench.config({ type: 'announce', stub })
  const peer = new Peer(bench, { routerId: ip('9.9.9.9') }).to('Full')
  return { bench, peer }
}

const subnet = 'stub 10.0.0.0/255.255.255.0 3'
const vip = 'stub 192.0.2.1/255.255.255.255 5'

t.test('announce-only: what leads on costs all there is, what is here its own cost', async (t) => {
  const { bench } = director()
  const link = 'point-to-point 9.9.9.9/10.0.0.1'
  bench.config({ type: 'announce-only', announceOnly: true })
  bench.run(10)
  t.same(bench.ownLinks(), [`${link} 65535`, subnet, vip])
  bench.config({ type: 'announce-only', announceOnly: false })
  bench.run(10)
  t.same(bench.ownLinks(), [`${link} 3`, subnet, vip])
})

t.test(
  'announce-only: a stub router on top may raise stub links, too, and ends alone',
  async (t) => {
    const { bench } = director()
    bench.config({ type: 'announce-only', announceOnly: true })
    const stubRouter = { includeStub: true, externalMetric: undefined }
    bench.config({ type: 'stub-router', stubRouter })
    bench.run(10)
    const metrics = (): string[] => bench.ownLinks().map((link) => link.split(' ').at(-1)!)
    t.same(metrics(), ['65535', '65535', '65535'])
    bench.config({ type: 'stub-router', stubRouter: undefined })
    bench.run(10)
    t.same(metrics(), ['65535', '3', '5'])
  },
)

t.test('announce-only: no area border router, in however many areas', async (t) => {
  const bench = new Bench()
  bench.up()
  bench.up({ name: 'eth1', area: 1 }, { address: ip('10.0.1.1') })
  t.equal(bench.router.isAbr, true)
  bench.config({ type: 'announce-only', announceOnly: true })
  bench.run(10)
  t.equal(bench.router.isAbr, false)
  const kinds = bench.router.database(10_000).map(({ lsa }) => lsa.body.kind)
  t.same([...new Set(kinds)], ['router'], 'no summaries')
})

t.test('originate: what is not allowed is not said', async (t) => {
  const { bench } = director()
  const external = { metricType: 2, metric: 20, tag: 0, forwardingAddress: 0 } as const
  for (const prefix of ['198.51.100.0', '203.0.113.0']) {
    bench.config({ type: 'external', external: { prefix: ip(prefix), length: 24, ...external } })
  }
  const rule = (prefix: string, length: number) => ({ permit: true, prefix: ip(prefix), length })
  bench.config({
    type: 'originate',
    allowed: [rule('192.0.2.1', 32), rule('203.0.113.0', 24)],
  })
  bench.run(10)
  t.same(bench.ownLinks(), ['point-to-point 9.9.9.9/10.0.0.1 3', vip])
  const externals = (): number[] =>
    bench.router
      .database(bench.now * 1000)
      .filter(({ lsa, age }) => lsa.body.kind === 'external' && age < 3600)
      .map(({ lsa }) => lsa.header.lsId)
  t.same(externals(), [ip('203.0.113.0')])
  bench.config({ type: 'originate', allowed: undefined })
  bench.run(10)
  t.same(bench.ownLinks(), ['point-to-point 9.9.9.9/10.0.0.1 3', subnet, vip])
  t.same(externals().sort(), [ip('198.51.100.0'), ip('203.0.113.0')])
})

t.test('originate: a Designated Router leaves its network out, as in RFC 6860', async (t) => {
  const bench = new Bench()
  bench.up()
  bench.config({ type: 'originate', allowed: [] })
  bench.run(41)
  t.same(bench.ownLinks(), [])
  new Peer(bench, { routerId: ip('9.9.9.9') }).to('Full')
  bench.run(10)
  const [network] = bench.router.database(bench.now * 1000).filter((l) => l.lsa.header.type === 2)
  const body = network?.lsa.body
  t.equal(body?.kind === 'network' && body.mask, 0xffffffff)
})
