/** GTSM (RFC 5082). */
import t from 'tap'
import { Bench, Peer } from './bench.ts'

const gtsm = (hops = 1, txOnly = false) => ({ ttlSecurity: { hops, txOnly } })
const ttls = (bench: Bench): (number | undefined)[] =>
  bench.outputs.flatMap((o) => (o.type === 'transmit' ? [o.ttl] : []))

/** Says Hello with a TTL. */
const hello = (peer: Peer, ttl: number): void => {
  peer.ttl = ttl
  peer.hello()
}

t.test(
  'what we send has TTL 255, multicast and unicast; without GTSM nothing is said of it',
  async (t) => {
    for (const [config, ttl] of [
      [gtsm(), 255],
      [gtsm(1, true), 255],
      [{}, undefined],
    ] as const) {
      const bench = new Bench()
      bench.up({ network: 'point-to-point', ...config })
      bench.run(0)
      const peer = new Peer(bench)
      hello(peer, 255)
      bench.run(1)
      t.ok(bench.packets('database-description').length > 0, 'unicasts are among it')
      t.same(new Set(ttls(bench)), new Set([ttl]))
    }
  },
)

t.test('what was routed is dropped, counted, and said once per change', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point', ...gtsm() })
  const peer = new Peer(bench)
  for (let i = 0; i < 5; i++) hello(peer, 1)
  t.equal(peer.state, 'Down')
  t.equal(bench.dropped('ttl'), 5)
  const said = { field: 'TTL', ours: 'at least 255', theirs: '1', routerId: '10.0.0.2' }
  t.match(bench.said('mismatch'), [said])
  t.equal(bench.said('mismatch').length, 1)
  hello(peer, 254)
  t.equal(bench.said('mismatch').length, 2, 'from nearer, but not near enough')
  hello(peer, 255)
  t.equal(peer.state, 'ExStart')
  t.equal(bench.said('mismatch').length, 2)
  hello(peer, 1)
  t.equal(bench.said('mismatch').length, 3, 'after agreement it is news again')
  t.equal(peer.state, 'ExStart')
})

t.test('so many hops, and not one more', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point', ...gtsm(3) })
  const peer = new Peer(bench)
  hello(peer, 252)
  t.equal(peer.state, 'Down')
  hello(peer, 253)
  t.equal(peer.state, 'ExStart')
})

t.test('txOnly looks at nothing, and the check comes and goes while running', async (t) => {
  const bench = new Bench()
  const { config } = bench.up({ network: 'point-to-point', ...gtsm(1, true) })
  const peer = new Peer(bench).to('Full')
  t.equal(bench.dropped('ttl'), 0)
  bench.config({ type: 'interface', config: { ...config, ...gtsm() } })
  peer.hello()
  t.equal(bench.dropped('ttl'), 1)
  bench.run(41)
  t.equal(peer.state, 'Down')
  const { ttlSecurity: _, ...without } = config
  bench.config({ type: 'interface', config: without })
  bench.outputs.length = 0
  peer.to('Full')
  t.same(new Set(ttls(bench)), new Set([undefined]))
})
