import t from 'tap'
import { Bench, type Part, Peer, segment } from './bench.ts'

t.test('the bench leads a neighbor to every state, as master and as slave', async (t) => {
  for (const routerId of [0x0a000002, 0x01010101]) {
    for (const state of ['Init', 'ExStart', 'Exchange', 'Loading', 'Full'] as const) {
      const bench = new Bench()
      bench.up({ network: 'point-to-point' })
      const peer = new Peer(bench, { routerId }).to(state)
      t.equal(peer.state, state)
      t.same(bench.drops, {})
    }
  }
})

t.test('the bench makes a segment on which we have a part', async (t) => {
  for (const part of ['DR', 'Backup', 'DROther', 'Point-to-point'] as const satisfies Part[]) {
    const { bench, peers, others } = segment(part, {}, 2)
    t.equal(bench.iface().state, part)
    for (const peer of peers) {
      const expected = part === 'DROther' && others.includes(peer) ? '2-Way' : 'Full'
      t.equal(peer.state, expected, `${part}: ${peer.address & 0xff}`)
      t.equal(peer.neighbor?.retransmissions.size, 0)
    }
    t.same(bench.drops, {}, 'nothing was dropped')
    t.equal(bench.router.unacknowledged(), 0)
  }
})
