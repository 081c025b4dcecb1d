import t from 'tap'
import type { ExternalLsaBody } from '../../lib/wire/external-lsa.ts'
import type { Lsa } from '../../lib/wire/lsa.ts'
import { again, Bench, externalLsa, ip, lsaOf, madeUp, name, Peer, segment, us } from './bench.ts'

const many = (count: number): Lsa[] =>
  Array.from({ length: count }, (_, i) => madeUp(ip('20.0.0.0') + i))

/** A neighbor that has described some LSAs. */
function describing(lsas: readonly Lsa[]) {
  const bench = new Bench()
  bench.up({ network: 'point-to-point' })
  const peer = new Peer(bench).to('Exchange')
  bench.forget()
  const headers = lsas.map((lsa) => lsa.header)
  while (headers.length > 0) {
    const flags = { init: false, more: headers.length > 70, master: true }
    peer.nextDd({ flags, headers: headers.splice(0, 70) })
  }
  const requests = () =>
    bench.packets('ls-request').map((s) => ({ ...s, names: s.body.requests.map(name) }))
  return { bench, peer: peer.alive(), requests, names: lsas.map((lsa) => name(lsa.header)) }
}

t.test('10.9: requests begin in Exchange, to the neighbor itself', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point' })
  const peer = new Peer(bench).to('Exchange')
  const lsa = madeUp(ip('20.0.0.0'))
  peer.nextDd({ flags: { init: false, more: true, master: true }, headers: [lsa.header] })
  t.equal(peer.state, 'Exchange')
  t.match(bench.packets('ls-request'), [{ destination: peer.address }])
  t.same(bench.packets('ls-request')[0]!.body.requests.map(name), [name(lsa.header)])
  peer.update(lsa)
  peer.nextDd()
  t.equal(peer.state, 'Full', '10.3 ExchangeDone: nothing left to ask')
})

t.test('10.9: one packet is outstanding; the next leaves when it is answered', async (t) => {
  const lsas = many(300)
  const { bench, peer, requests, names } = describing(lsas)
  t.equal(peer.state, 'Loading')
  const sizes = (): number[] => requests().map((r) => r.names.length)
  t.same(sizes(), [70], 'what the first packet described')
  peer.update(...lsas.slice(0, 30))
  t.same(sizes(), [70], 'answered in part')
  peer.update(...lsas.slice(30, 60))
  peer.update(...lsas.slice(60, 70))
  t.same(sizes(), [70, 121], 'as many as fit 1500 octets, at once')
  peer.update(...lsas.slice(70, 191))
  peer.update(...lsas.slice(191))
  t.same(sizes(), [70, 121, 109])
  t.same(
    requests().flatMap((r) => r.names),
    names,
    'each LSA was asked for once',
  )
  t.equal(peer.state, 'Full')
  t.equal(bench.now, 0, 'no timer was needed')
  t.match(bench.said('neighbor').at(-1), { was: 'Loading', reason: 'LoadingDone' })
})

t.test('10.9: what is not answered is asked again after RxmtInterval', async (t) => {
  const lsas = many(10)
  const { bench, peer, requests, names } = describing(lsas)
  bench.run(2)
  peer.update(...lsas.slice(0, 4))
  bench.run(20)
  t.same(
    requests().map((r) => [r.at, r.names]),
    [
      [0, names],
      [5, names.slice(4)],
      [10, names.slice(4)],
      [15, names.slice(4)],
      [20, names.slice(4)],
    ],
  )
  peer.update(...lsas.slice(4))
  t.equal(peer.state, 'Full')
  bench.forget()
  bench.run(30)
  t.same(requests(), [], 'nothing is asked any more')
})

t.test('10.9: a more recent instance than described is an answer too', async (t) => {
  const [lsa] = many(1)
  const { peer } = describing([lsa!])
  peer.update(again(lsa!, { sequence: -0x7fffffff + 3 }))
  t.equal(peer.state, 'Full')
})

t.test('13.3 (1b): what another neighbor floods need not be asked for', async (t) => {
  const lsas = many(2)
  const { bench, peer } = describing(lsas)
  bench.up({ name: 'eth1', network: 'point-to-point' }, { address: ip('10.0.1.1') })
  const other = new Peer(bench, { interface: 'eth1', address: ip('10.0.1.2') }).to('Full')
  other.update(lsas[0]!)
  t.equal(peer.state, 'Loading')
  t.same([...peer.neighbor!.requests].map(name), [name(lsas[1]!.header)])
  other.update(again(lsas[1]!, { sequence: 9 }))
  t.equal(peer.state, 'Full')
  t.same(
    [...peer.neighbor!.retransmissions.keys()].map((e) => name(e.lsa.header)).slice(0, 1),
    [name(lsas[1]!.header)],
    'it has the one instance already, and needs the newer of the other',
  )
  t.notOk(peer.neighbor!.retransmissions.has(bench.entry(lsas[0]!.header)!))
})

t.test('13.3 (1b): an instance older than the one asked for is no answer', async (t) => {
  const [old] = many(1)
  const { bench, peer } = describing([again(old!, { sequence: 5 })])
  bench.up({ name: 'eth1', network: 'point-to-point' }, { address: ip('10.0.1.1') })
  const other = new Peer(bench, { interface: 'eth1', address: ip('10.0.1.2') }).to('Full')
  other.update(old!)
  t.equal(peer.state, 'Loading')
  t.notOk(peer.neighbor!.retransmissions.has(bench.entry(old!.header)!), 'nor sent to it')
})

t.test(
  '10.7: LSAs are sent to the neighbor at once, and not put on its retransmission list',
  async (t) => {
    const { bench, peers } = segment('Point-to-point')
    const [peer] = peers
    const lsas = [madeUp(ip('20.0.0.0')), externalLsa('192.0.2.0', ip('20.0.0.0'))]
    peer!.update(...lsas)
    bench.forget()
    peer!.request(lsas[0]!.header, { type: 1, lsId: us, advertisingRouter: us }, lsas[1]!.header)
    t.same(bench.updates(), [
      'eth0>10.0.0.2 1/20.0.0.0/20.0.0.0',
      'eth0>10.0.0.2 1/10.0.0.1/10.0.0.1',
      'eth0>10.0.0.2 5/192.0.2.0/20.0.0.0',
    ])
    t.equal(bench.packets('ls-update').length, 1)
    t.equal(peer!.neighbor!.retransmissions.size, 0)
  },
)

t.test('10.7: many LSAs leave in packets that fit the MTU', async (t) => {
  const { bench, peers } = segment('Point-to-point')
  const lsas = many(200)
  for (let i = 0; i < 200; i += 25) peers[0]!.update(...lsas.slice(i, i + 25))
  bench.forget()
  peers[0]!.request(...lsas.map((lsa) => lsa.header))
  t.equal(bench.updates().length, 200)
  t.ok(bench.packets('ls-update').every((s) => s.bytes.length <= 1480))
  t.equal(bench.packets('ls-update').length, 5)
})

t.test('10.7: a request for what we do not have is a BadLSReq, and nothing is sent', async (t) => {
  for (const state of ['Exchange', 'Loading', 'Full'] as const) {
    const bench = new Bench()
    bench.up({ network: 'point-to-point' })
    const peer = new Peer(bench).to(state)
    bench.forget()
    peer.request({ type: 1, lsId: us, advertisingRouter: us }, madeUp(ip('99.9.9.9')).header)
    t.equal(peer.state, 'ExStart')
    t.match(bench.said('neighbor'), [{ was: state, reason: 'BadLSReq' }])
    t.same(bench.updates(), [])
    t.ok(bench.packets('database-description').length > 0, 'the exchange begins again')
  }
})

t.test('10.7: an LS type that has no place here is a BadLSReq as well', async (t) => {
  const { peers } = segment('Point-to-point')
  peers[0]!.request({ type: 10, lsId: 0, advertisingRouter: us })
  t.equal(peers[0]!.state, 'ExStart')
})

t.test('10.7: before Exchange requests are ignored', async (t) => {
  for (const state of ['Init', 'ExStart'] as const) {
    const bench = new Bench()
    bench.up({ network: 'point-to-point' })
    const peer = new Peer(bench).to(state)
    peer.request({ type: 1, lsId: us, advertisingRouter: us })
    t.same(bench.drops, { 'neighbor-state': 1 })
    t.same(bench.updates(), [])
    t.equal(peer.state, state)
  }
})

t.test('an LSA that can never be valid does not keep the adjacency from Full', async (t) => {
  const far = ip('20.0.0.9')
  const good = madeUp(ip('20.0.0.1'))
  const { body } = externalLsa('192.0.2.0', far) as Lsa & { body: ExternalLsaBody }
  const never = {
    'a mask with holes': lsaOf(5, ip('192.0.2.0'), far, { ...body, mask: 0xff00ff00 }),
    'no body': lsaOf(1, far, far, { kind: 'unknown', data: new Uint8Array([0, 0, 0, 9]) }),
    'another Link State ID': lsaOf(1, far, ip('20.0.0.8'), good.body),
    'beyond MaxAge': again(madeUp(far), { age: 3601 }),
    'the reserved sequence number': again(madeUp(far), { sequence: -0x80000000 }),
  }
  for (const [what, lsa] of Object.entries(never)) {
    const { bench, peer } = describing([lsa, good])
    peer.update(lsa)
    t.equal(peer.state, 'Loading')
    peer.update(good)
    t.equal(peer.state, 'Full', what)
    t.equal(bench.entry(lsa.header), undefined)
    t.ok(bench.entry(good.header))
  }
})
