/** Self-originated LSAs that are so by an address of ours (RFC 2328 13.4), as addresses come and go. */
import t from 'tap'
import { type Lsa, LsType } from '../../lib/wire/lsa.ts'
import {
  again,
  type Bench,
  firstSequence,
  ip,
  networkLsa,
  Peer,
  routerLsa,
  segment,
  stub,
  transit,
} from './bench.ts'

/** Who had an address before us, and how we come to hear of its network. */
function predecessor(): { bench: Bench; peer: Peer; old: Lsa } {
  const { bench, peers } = segment('Point-to-point')
  const [peer] = peers as [Peer]
  const old = networkLsa(ip('10.0.7.1'), ip('9.9.9.9'), [ip('9.9.9.9'), peer.routerId])
  peer.acknowledges = true
  peer.update(old)
  bench.run(5)
  return { bench, peer, old }
}

t.test('13.4: the network-LSA of who had our address before us is flushed', async (t) => {
  const { bench, peer, old } = predecessor()
  t.ok(bench.entry(old.header))
  peer.acknowledges = false
  bench.forget()
  bench.up({ name: 'eth1' }, { address: ip('10.0.7.1') })
  const sent = bench.packets('ls-update').flatMap((s) => s.body.lsas.map((lsa) => lsa.header))
  t.match(
    sent.find(({ type }) => type === LsType.network),
    { ...old.header, age: 3600 },
  )
})

t.test(
  '13.4: an address that is no longer ours leaves its network-LSA to who has it',
  async (t) => {
    const { bench, peer, old } = predecessor()
    peer.acknowledges = false
    bench.up({ name: 'eth1' }, { address: ip('10.0.7.1') })
    bench.run(2)
    peer.update(again(old, { sequence: firstSequence + 1 }))
    bench.run(2)
    // who has it as well fights back, and we give it up
    bench.link('eth1', { address: ip('10.0.7.2') })
    bench.run(2)
    const newer = again(old, { sequence: firstSequence + 2 })
    peer.update(newer)
    bench.forget()
    bench.config({
      type: 'announce',
      stub: { area: 0, prefix: ip('192.0.2.1'), length: 32, cost: 0 },
    })
    bench.run(10)
    const sent = bench.packets('ls-update').flatMap((s) => s.body.lsas.map((lsa) => lsa.header))
    t.same(
      sent.filter(({ type }) => type === LsType.network),
      [],
    )
    t.match(bench.instance(old.header), { header: { sequence: firstSequence + 2 }, age: 11 })
  },
)

t.test('whose network-LSA is still about does not hide ours', async (t) => {
  const { bench, peer } = predecessor()
  const dead = ip('9.9.9.9')
  const address = ip('10.0.7.1')
  peer.update(routerLsa(dead, [transit(address, address)]))
  bench.up({ name: 'eth1', priority: 10 }, { address })
  bench.run(41)
  const other = new Peer(bench, { interface: 'eth1', address: ip('10.0.7.2') })
  other.database.push(
    routerLsa(other.routerId, [transit(address, other.address), stub('192.0.2.0', 24)]),
  )
  other.designatedRouter = address
  other.alive().to('Full')
  bench.run(10)
  const route = bench.router.routes().find(({ prefix }) => prefix === ip('192.0.2.0'))
  t.match(route?.nextHops, [{ interface: 'eth1', gateway: other.address }])
})
