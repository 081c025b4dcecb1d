/** RFC 1765: too many AS-external-LSAs. */
import t from 'tap'
import type { LsaHeader } from '../../lib/wire/lsa.ts'
import { Bench, externalLsa, ip, lsaOf, Peer, segment, us } from './bench.ts'

const far = ip('10.0.0.9')
const external = (bench: Bench, prefix: string, length = 24): void =>
  bench.config({
    type: 'external',
    external: {
      prefix: ip(prefix),
      length,
      metricType: 2,
      metric: 20,
      tag: 0,
      forwardingAddress: 0,
    },
  })
const theirs = (i: number) => externalLsa(`10.1.${i}.0`, far)
const externals = (bench: Bench): number[] =>
  bench.router
    .database(bench.now * 1000)
    .filter(({ lsa, age }) => lsa.header.type === 5 && age < 3600)
    .map(({ lsa }) => lsa.header.advertisingRouter)

t.test(
  '2.1: at the limit our own are withdrawn but for the default; 2.4: and come back',
  async (t) => {
    const options = { limits: { externals: 4, exitOverflowMs: 60_000 } }
    const { bench, others } = segment('Point-to-point', options)
    const [peer] = others as [Peer]
    peer.acknowledges = true
    external(bench, '192.0.2.0')
    external(bench, '0.0.0.0', 0)
    peer.update(theirs(1))
    bench.run(10)
    t.equal(externals(bench).length, 3)
    t.same(bench.said('overflow'), [])
    bench.forget()
    peer.update(theirs(2))
    t.strictSame(bench.said('overflow'), [{ type: 'overflow', state: 'entered', limit: 4 }])
    bench.run(10)
    peer.acknowledge()
    t.same(externals(bench).filter((id) => id === us).length, 1, 'the default')
    const flushed = bench.packets('ls-update').flatMap((s) => s.body.lsas.map((l) => l.header))
    t.match(
      flushed.filter(
        (h: LsaHeader) => h.type === 5 && h.age === 3600 && h.advertisingRouter === us,
      ),
      [{ lsId: ip('192.0.2.0') }],
    )
    external(bench, '198.51.100.0')
    bench.run(20)
    t.same(externals(bench).filter((id) => id === us).length, 1, 'nothing new is said')
    bench.forget()
    bench.run(40)
    t.match(bench.said('overflow'), [{ state: 'left' }, { state: 'entered' }], 'three and two')
    bench.config({ type: 'withdraw-external', prefix: ip('198.51.100.0'), length: 24 })
    bench.config({ type: 'withdraw-external', prefix: ip('0.0.0.0'), length: 0 })
    bench.run(10)
    peer.acknowledge()
    bench.forget()
    bench.run(80)
    peer.acknowledge()
    t.match(bench.said('overflow'), [{ state: 'left' }])
    t.equal(externals(bench).filter((id) => id === us).length, 1)
  },
)

t.test('2.2: what others say beyond the limit is not kept, but for defaults', async (t) => {
  const { bench, others } = segment('Point-to-point', { limits: { externals: 2 } })
  const [peer] = others as [Peer]
  const known = theirs(1)
  peer.update(known, theirs(2), theirs(3), theirs(4))
  t.equal(externals(bench).length, 2)
  t.equal(bench.dropped('lsa-limit'), 2)
  const { options, ...header } = known.header
  bench.run(2)
  peer.update(
    lsaOf(5, header.lsId, far, known.body, { options, sequence: header.sequence + 1 }),
    lsaOf(5, 0, far, { ...known.body, mask: 0 } as typeof known.body),
  )
  t.equal(externals(bench).length, 3, 'a default')
  const newer = bench.instance(known.header)
  t.equal(newer?.header.sequence, header.sequence + 1, 'successors of what is known are taken')
  t.equal(bench.said('overflow').length, 1)
  bench.forget()
  bench.run(1)
  t.notOk(bench.acks().join().includes('5/10.1.3.0'), 'and what is not kept is not acknowledged')
})

t.test('an exchange with more than fits ends in Full all the same', async (t) => {
  for (const limits of [{ externals: 2 }, { lsas: 3 }]) {
    const bench = new Bench({ limits })
    bench.up({ network: 'point-to-point' })
    const database = [1, 2, 3, 4, 5].map(theirs)
    const peer = new Peer(bench, { database }).to('Full')
    t.equal(peer.state, 'Full')
    t.ok(externals(bench).length <= 3)
  }
})

t.test('what we want to say ourselves counts before it is said', async (t) => {
  const { bench, others } = segment('Point-to-point', { limits: { externals: 5 } })
  const [peer] = others as [Peer]
  peer.acknowledges = true
  for (let i = 0; i < 5; i++) external(bench, `10.2.${i}.0`)
  bench.run(10)
  peer.acknowledge()
  t.match(bench.said('overflow'), [{ state: 'entered' }])
  t.same(externals(bench), [])
  const said = bench.packets('ls-update').flatMap((s) => s.body.lsas.map((l) => l.header))
  const most = new Set(said.filter((h) => h.type === 5).map((h) => h.lsId))
  t.ok(most.size < 5, `${most.size} were ever said`)
})
