import t from 'tap'
import {
  again,
  aged,
  Bench,
  firstSequence,
  ip,
  lsaOf,
  madeUp,
  name,
  Peer,
  segment,
  us,
} from './bench.ts'

const far = ip('20.0.0.1')
const lsa = madeUp(far)
const text = name(lsa.header)
const delayed = (group: '224.0.0.5' | '224.0.0.6') => [`eth0>${group} ${text}`]

/** What leaves at once, and what leaves within a second. */
function acknowledged(bench: Bench, receive: () => void): { now: string[]; later: string[] } {
  bench.forget()
  receive()
  const now = bench.acks()
  bench.forget()
  bench.run(1)
  return { now, later: bench.acks() }
}

t.test('table 19: flooded back out of the receiving interface: no acknowledgement', async (t) => {
  const { bench, others } = segment('DR', {}, 2)
  const acks = acknowledged(bench, () => others[0]!.update(lsa))
  t.same(acks, { now: [], later: [] })
})

t.test(
  'table 19: more recent, not flooded back: delayed; as Backup only from the DR',
  async (t) => {
    const rows = [
      ['DR', 'backup', delayed('224.0.0.5')],
      ['Backup', 'dr', delayed('224.0.0.5')],
      ['Backup', 'other', []],
      ['DROther', 'dr', delayed('224.0.0.6')],
      ['DROther', 'backup', delayed('224.0.0.6')],
      ['Point-to-point', 'other', delayed('224.0.0.5')],
    ] as const
    for (const [part, from, later] of rows) {
      const { bench, dr, backup, others } = segment(part)
      const sender = { dr, backup, other: others[0] }[from]!
      const acks = acknowledged(bench, () => sender.update(lsa))
      t.same(acks, { now: [], later }, `${part} from ${from}`)
    }
  },
)

t.test(
  'table 19: a duplicate that is an implied acknowledgement: only as Backup, from the DR',
  async (t) => {
    const rows = [
      ['DR', 'backup', []],
      ['Backup', 'dr', delayed('224.0.0.5')],
      ['Backup', 'other', []],
      ['DROther', 'dr', []],
      ['DROther', 'backup', []],
      ['Point-to-point', 'other', []],
    ] as const
    for (const [part, from, later] of rows) {
      const { bench, dr, backup, others } = segment(part)
      const sender = { dr, backup, other: others[0] }[from]!
      bench.up({ name: 'eth1', network: 'point-to-point' }, { address: ip('10.0.1.1') })
      new Peer(bench, { interface: 'eth1', address: ip('10.0.1.2') }).to('Full').update(lsa)
      bench.run(1)
      t.ok(sender.neighbor!.retransmissions.has(bench.entry(lsa.header)!))
      const acks = acknowledged(bench, () => sender.update(lsa))
      t.same(acks, { now: [], later }, `${part} from ${from}`)
      t.notOk(sender.neighbor!.retransmissions.has(bench.entry(lsa.header)!))
    }
  },
)

t.test('table 19: any other duplicate: direct, whatever our part', async (t) => {
  const rows = [
    ['DR', 'backup'],
    ['Backup', 'dr'],
    ['Backup', 'other'],
    ['DROther', 'backup'],
    ['Point-to-point', 'other'],
  ] as const
  for (const [part, from] of rows) {
    const { bench, dr, backup, others } = segment(part)
    const sender = { dr, backup, other: others[0] }[from]!
    sender.update(lsa)
    bench.run(1)
    const acks = acknowledged(bench, () => sender.update(lsa))
    const host = sender.address & 0xff
    t.same(acks, { now: [`eth0>10.0.0.${host} ${text}`], later: [] }, `${part} from ${from}`)
  }
})

t.test('table 19: MaxAge and no copy: direct, whatever our part', async (t) => {
  for (const part of ['DR', 'Backup', 'DROther', 'Point-to-point'] as const) {
    const { bench, peers } = segment(part)
    const acks = acknowledged(bench, () => peers[0]!.update(aged(lsa, 3600)))
    const host = peers[0]!.address & 0xff
    t.same(acks, { now: [`eth0>10.0.0.${host} ${text}`], later: [] }, part)
  }
})

t.test('table 19: less recent: no acknowledgement, the newer instance goes back', async (t) => {
  const { bench, peers } = segment('Point-to-point')
  peers[0]!.update(again(lsa, { sequence: 5 }))
  bench.run(2)
  t.same(
    acknowledged(bench, () => peers[0]!.update(lsa)),
    { now: [], later: [] },
  )
})

t.test('13.5: delayed acknowledgements wait for company, well below RxmtInterval', async (t) => {
  const { bench, peers } = segment('Point-to-point')
  const start = bench.now
  const lsas = [1, 2, 3].map((n) => madeUp(ip(`20.0.0.${n}`)))
  for (const l of lsas) {
    peers[0]!.update(l)
    bench.run(0.02)
  }
  bench.run(1)
  const [ack, ...more] = bench.packets('ls-ack')
  t.same(
    ack!.body.headers,
    lsas.map((l) => l.header),
    'headers as they were received',
  )
  t.ok(ack!.at - start <= 0.5)
  t.same(more, [])
})

t.test('13.5: more than a packet holds does not wait', async (t) => {
  const { bench, peers } = segment('Point-to-point')
  const lsas = Array.from({ length: 100 }, (_, i) => madeUp(ip('20.0.0.0') + i))
  for (let i = 0; i < 100; i += 25) peers[0]!.update(...lsas.slice(i, i + 25))
  t.same(
    bench.packets('ls-ack').map((s) => s.body.headers.length),
    [72],
  )
  bench.run(1)
  t.same(
    bench.packets('ls-ack').map((s) => s.body.headers.length),
    [72, 28],
  )
  t.ok(bench.packets('ls-ack').every((s) => s.bytes.length <= 1480))
})

t.test('13.7: the same instance takes the LSA off the list, another does not', async (t) => {
  const { bench, backup, others } = segment('DR')
  others[0]!.update(again(lsa, { sequence: 5 }))
  const owed = () => backup!.neighbor!.retransmissions.size
  const { header } = bench.entry(lsa.header)!.lsa
  const not = [
    ['an older instance', lsa.header],
    ['a newer instance', again(lsa, { sequence: 6 }).header],
    ['another checksum', { ...header, checksum: header.checksum ^ 1 }],
    ['MaxAge', { ...header, age: 3600 }],
    ['an age that differs by more than MaxAgeDiff', { ...header, age: 902 }],
    ['another LSA', madeUp(ip('20.0.0.9')).header],
    ['an LS type without a place here', { ...header, type: 10 }],
  ] as const
  for (const [what, other] of not) {
    backup!.ack(other)
    t.equal(owed(), 1, what)
  }
  backup!.ack({ ...header, age: 900 })
  t.equal(owed(), 0, 'an age that differs by less')
  t.equal(bench.entry(lsa.header)!.retransmitting, 0)
  backup!.ack(header)
  t.equal(owed(), 0, 'once more is no harm')
})

t.test('13.7: an acknowledgement counts for the neighbor that it is from', async (t) => {
  const { backup, others } = segment('DR', {}, 3)
  others[0]!.update(lsa)
  others[1]!.ack(lsa.header)
  const owed = [backup!, ...others].map((p) => p.neighbor!.retransmissions.size)
  t.same(owed, [1, 0, 0, 1])
})

t.test('13.7: several headers in one packet, known and unknown', async (t) => {
  const { backup, others } = segment('DR')
  const lsas = [1, 2, 3].map((n) => madeUp(ip(`20.0.0.${n}`)))
  others[0]!.update(...lsas)
  const unknown = madeUp(us, { sequence: firstSequence }).header
  backup!.ack(lsas[0]!.header, unknown, lsas[2]!.header)
  t.same(
    [...backup!.neighbor!.retransmissions.keys()].map((e) => name(e.lsa.header)),
    [name(lsas[1]!.header)],
  )
})

t.test('13.7: before Exchange acknowledgements are dropped', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point' })
  new Peer(bench).to('ExStart').ack(lsa.header)
  t.same(bench.drops, { 'neighbor-state': 1 })
})

t.test('table 19: two who flood the same at once are answered by its going back', async (t) => {
  const { bench, others, backup } = segment('DR')
  const acks = acknowledged(bench, () => {
    bench.together(() => {
      others[0]!.update(lsa)
      backup!.update(lsa)
    })
    t.same(bench.updates(), [`eth0>224.0.0.5 ${text}`], 'though nobody is left who has to get it')
  })
  t.same(acks, { now: [], later: [] })
})

t.test('table 19: an opaque LSA that is sent to some alone does not go back', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-multipoint', nonBroadcast: true })
  const [from, to] = [2, 3].map((host) =>
    new Peer(bench, { address: ip(`10.0.0.${host}`), opaque: true }).alive().to('Full'),
  ) as [Peer, Peer]
  from.acknowledges = to.acknowledges = true
  bench.run(20)
  const body = { kind: 'opaque', opaqueType: 1, opaqueId: 1, data: new Uint8Array(4) } as const
  const opaque = lsaOf(10, 0x01000001, far, body)
  bench.forget()
  from.update(opaque)
  t.same(bench.updates(), [`eth0>10.0.0.3 ${name(opaque.header)}`])
  bench.run(1)
  t.ok(bench.acks().includes(`eth0>10.0.0.2 ${name(opaque.header)}`), 'but is acknowledged')
})
