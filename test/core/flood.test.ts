import t from 'tap'
import { again, type Bench, firstSequence, ip, madeUp, name, Peer, segment, us } from './bench.ts'

const far = ip('20.0.0.1')
const lsa = madeUp(far)
const id = lsa.header

/** Where the LSA is on a retransmission list, by the last octet of the neighbor. */
const listed = (bench: Bench): number[] =>
  [...bench.router.interfaces.values()].flatMap((iface) =>
    [...iface.neighbors.values()]
      .filter((n) => [...n.retransmissions.keys()].some((e) => e.lsa.header.lsId === far))
      .map((n) => n.address & 0xff),
  )

t.test('13.3 (5): destinations of what another interface received, by our part', async (t) => {
  const expected = {
    DR: ['eth0>224.0.0.5', [3, 4, 5]],
    Backup: ['eth0>224.0.0.5', [2, 4, 5]],
    DROther: ['eth0>224.0.0.6', [2, 3]],
    'Point-to-point': ['eth0>224.0.0.5', [2]],
  } as const
  for (const part of ['DR', 'Backup', 'DROther', 'Point-to-point'] as const) {
    const { bench } = segment(part, {}, 2)
    bench.up({ name: 'eth1', network: 'point-to-point' }, { address: ip('10.0.1.1') })
    const source = new Peer(bench, { interface: 'eth1', address: ip('10.0.1.2') }).to('Full')
    bench.run(1)
    bench.forget()
    source.update(lsa)
    const [destination, neighbors] = expected[part]
    t.same(bench.updates(), [`${destination} ${name(id)}`], part)
    t.same(listed(bench), neighbors, `${part}: (1d) adjacent neighbors, not the one it is from`)
  }
})

t.test('13.3 (3), (4): whether it goes back out of the interface it came in on', async (t) => {
  const rows = [
    // [our part, from whom, goes back]
    ['DR', 'backup', false],
    ['DR', 'other', true],
    ['Backup', 'dr', false],
    ['Backup', 'other', false],
    ['DROther', 'dr', false],
    ['DROther', 'backup', false],
  ] as const
  for (const [part, from, back] of rows) {
    const { bench, dr, backup, others } = segment(part, {}, 2)
    const sender = { dr, backup, other: others[0] }[from]!
    sender.update(lsa)
    const text = `as ${part} from ${from}`
    t.same(bench.updates(), back ? [`eth0>224.0.0.5 ${name(id)}`] : [], text)
    t.notOk(listed(bench).includes(sender.address & 0xff), '(1c)')
  }
})

t.test('13.3 (1a), (2): neighbors below Exchange do not count', async (t) => {
  const { bench } = segment('Point-to-point')
  bench.up({ name: 'eth1', network: 'point-to-point' }, { address: ip('10.0.1.1') })
  const at = (host: number): Peer =>
    new Peer(bench, { interface: 'eth1', address: ip(`10.0.1.${host}`) })
  at(2).to('Init')
  at(3).to('ExStart')
  bench.run(1)
  bench.forget()
  bench.peers[0]!.update(lsa)
  t.same(bench.updates(), [])
  at(4).to('Exchange')
  bench.peers[0]!.update(madeUp(ip('20.0.0.2')))
  t.same(bench.updates(), ['eth1>224.0.0.5 1/20.0.0.2/20.0.0.2'])
})

t.test('13.3: an LSA stays in its area', async (t) => {
  const { bench, peers } = segment('Point-to-point')
  const link = { address: ip('10.0.1.1') }
  bench.up({ name: 'eth1', network: 'point-to-point', area: 1 }, link)
  new Peer(bench, { interface: 'eth1', address: ip('10.0.1.2') }).to('Full')
  bench.run(1)
  bench.forget()
  peers[0]!.update(lsa)
  t.same(bench.updates(), [])
})

t.test('13.3: what comes in one packet goes on in one packet', async (t) => {
  const { bench, others } = segment('DR')
  const lsas = Array.from({ length: 20 }, (_, i) => madeUp(ip('20.0.0.0') + i))
  others[0]!.update(...lsas)
  t.equal(bench.packets('ls-update').length, 1)
  t.equal(bench.updates().length, 20)
})

t.test('13.3: updates fit the MTU; an LSA that does not travels alone', async (t) => {
  const { bench, others } = segment('DR')
  const big = again(
    { ...lsa, body: { ...madeUp(far).body, links: Array(150).fill(firstLink()) } as never },
    {},
  )
  const lsas = Array.from({ length: 60 }, (_, i) => madeUp(ip('20.0.1.0') + i))
  others[0]!.update(...lsas.slice(0, 30), big, ...lsas.slice(30))
  const sizes = bench.packets('ls-update').map((s) => [s.body.lsas.length, s.bytes.length <= 1480])
  t.same(
    sizes,
    [
      [30, true],
      [1, false],
      [30, true],
    ].slice(0, sizes.length),
  )
  t.equal(bench.updates().length, 61)
})

function firstLink() {
  const { body } = lsa
  if (body.kind !== 'router') throw new Error('a router-LSA')
  return body.links[0]!
}

t.test('13.3: InfTransDelay is added to the age, up to MaxAge', async (t) => {
  const { bench, others } = segment('DR')
  const config = { ...bench.iface().config, transmitDelay: 7 }
  bench.config({ type: 'interface', config })
  const ages = (): number[] =>
    bench.packets('ls-update').flatMap((s) => s.body.lsas.map((l) => l.header.age))
  others[0]!.update(again(lsa, { age: 100 }))
  bench.run(5)
  t.same(ages(), [107, 112, 112].slice(0, ages().length), 'flooded, and retransmitted 5 s later')
  t.ok(ages().length > 1)
  bench.forget()
  others[0]!.update(again(lsa, { age: 3598, sequence: 3 }))
  t.same(ages(), [3600])
})

t.test(
  '13.6: what is not acknowledged goes to the neighbor itself, after RxmtInterval, twice that and so on',
  async (t) => {
    const { bench, backup, others } = segment('DR', {}, 2)
    const before = bench.router.counters.retransmissions
    others[0]!.update(lsa)
    const start = bench.now
    backup!.ack(bench.packets('ls-update')[0]!.body.lsas[0]!.header)
    bench.forget()
    bench.run(120)
    t.same(
      bench.packets('ls-update').map((s) => [s.at - start, s.destination]),
      [5, 15, 35, 75, 115].map((at) => [at, others[1]!.address]),
    )
    t.equal(bench.router.counters.retransmissions - before, 5)
    others[1]!.ack(lsa.header)
    bench.forget()
    bench.run(20)
    t.same(bench.updates(), [])
    t.notOk(others[1]!.neighbor!.retransmitTimer.armed)
  },
)

t.test('13.6: a newer instance starts its own interval', async (t) => {
  const { bench, others } = segment('Point-to-point')
  bench.up({ name: 'eth1', network: 'point-to-point' }, { address: ip('10.0.1.1') })
  const other = new Peer(bench, { interface: 'eth1', address: ip('10.0.1.2') }).to('Full')
  bench.run(1)
  other.acknowledge()
  const start = bench.now
  others[0]!.update(lsa)
  bench.run(4)
  others[0]!.update(again(lsa, { sequence: firstSequence + 1 }))
  bench.forget()
  bench.run(8)
  const again1 = bench
    .packets('ls-update')
    .filter((s) => s.body.lsas.some((l) => l.header.lsId === far))
  t.same(
    again1.map((s) => s.at - start),
    [9],
  )
})

t.test(
  '13.6: a long list is sent in bursts, oldest first, each LSA once per interval',
  async (t) => {
    const { bench, others } = segment('DR')
    const backup = bench.peers[0]!
    const count = 2000
    const lsas = Array.from({ length: count }, (_, i) => madeUp(ip('20.0.0.0') + i))
    for (let i = 0; i < count; i += 25) others[0]!.update(...lsas.slice(i, i + 25))
    t.equal(backup.neighbor!.retransmissions.size, count)
    bench.forget()
    bench.run(5)
    const burst = bench.packets('ls-update')
    t.ok(burst.length <= 17, `${burst.length} packets at a time`)
    bench.run(3)
    t.same(
      bench.updates(),
      lsas.map((l) => `eth0>10.0.0.3 ${name(l.header)}`),
    )
    t.equal(backup.neighbor!.retransmissions.size, count, 'the list is as long as the database')
    t.equal(bench.router.unacknowledged(), 0, 'and none of it is our own')
  },
)

t.test('13.6: the list is emptied when the adjacency goes', async (t) => {
  const { bench, backup, others } = segment('DR')
  others[0]!.update(lsa)
  const entry = bench.entry(id)!
  t.equal(entry.retransmitting, 1)
  backup!.hello({ neighbors: [] })
  t.equal(entry.retransmitting, 0)
  t.equal(backup!.state, 'Init')
  t.equal(us, bench.router.routerId)
})
