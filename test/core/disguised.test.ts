/** Two LSAs under one header: by 13.1 the same, and yet not. */
import t from 'tap'
import { fletcherOk } from '../../lib/wire/checksum.ts'
import { decodeLsa, type Lsa, type RawLsa } from '../../lib/wire/lsa.ts'
import { again, ip, madeUp, type Peer, segment, us } from './bench.ts'

/**
 * The same header over other contents. Fletcher's sums do not see it when three neighbouring octets change by
 * +1, -2, +1: neither the sum nor the weighted sum of them moves.
 */
function disguise({ header, raw }: RawLsa, at = 24): RawLsa {
  const forged = new Uint8Array(raw)
  for (let i = at; i + 2 < forged.length; i++) {
    const [a, b, c] = [forged[i]!, forged[i + 1]!, forged[i + 2]!]
    if (a === 254 || b < 2 || c === 254) continue
    forged[i] = a + 1
    forged[i + 1] = b - 2
    forged[i + 2] = c + 1
    return { header, raw: forged }
  }
  throw new Error('no place for it')
}

const far = ip('10.0.0.9')
const known = madeUp(far)

t.test('the disguise is a good one', async (t) => {
  const forged = disguise(known)
  t.ok(fletcherOk(forged.raw))
  t.notSame(forged.raw, known.raw)
  t.same(decodeLsa(forged).header, known.header)
})

t.test('ours in disguise is said anew, at the pace of any change', async (t) => {
  const { bench, others } = segment('Point-to-point')
  const [peer] = others as [Peer]
  const { header } = bench.ownRouterLsa()!.lsa
  bench.run(10)
  bench.forget()
  const current = (): RawLsa => bench.ownRouterLsa()!.lsa
  peer.update(disguise(current()))
  t.strictSame(bench.said('disguised-lsa'), [
    {
      type: 'disguised-lsa',
      interface: 'eth0',
      from: '10.0.0.2',
      lsType: 1,
      lsId: '10.0.0.1',
      advertisingRouter: '10.0.0.1',
      sequence: header.sequence,
      own: true,
    },
  ])
  t.equal(current().header.sequence, header.sequence + 1)
  t.equal(bench.packets('ls-update').length, 1)
  for (let i = 0; i < 100; i++) {
    peer.update(disguise(current()))
    bench.run(0.1)
  }
  const said = current().header.sequence - header.sequence
  t.ok(said > 1 && said <= 5, `${said} instances in 10 s of attack`)
  t.ok(bench.said('disguised-lsa').length <= said + 1, 'one event for each')
})

t.test("another's in disguise is an event, and no more", async (t) => {
  const { bench, others } = segment('Point-to-point')
  const [peer] = others as [Peer]
  peer.update(known)
  bench.run(10)
  bench.forget()
  const { lsa } = bench.entry(known.header)!
  peer.update(disguise(known), disguise(known))
  t.match(bench.said('disguised-lsa'), [{ advertisingRouter: '10.0.0.9', own: false }])
  t.equal(bench.entry(known.header)!.lsa, lsa, 'the first to come stays')
  t.equal(bench.acks().length, 2, 'acknowledged as the duplicate that 13.1 says it is')
  bench.run(2)
  const next: Lsa = again(known, { sequence: known.header.sequence + 1 })
  peer.update(next)
  peer.update(disguise(next))
  t.equal(bench.said('disguised-lsa').length, 2)
})

t.test('a true duplicate is nothing', async (t) => {
  const { bench, others } = segment('Point-to-point')
  const [peer] = others as [Peer]
  const { lsa } = bench.ownRouterLsa()!
  peer.update(lsa)
  peer.update(known)
  peer.update(known)
  t.same(bench.said('disguised-lsa'), [])
  t.equal(bench.ownRouterLsa()!.lsa.header.sequence, lsa.header.sequence)
  t.equal(lsa.header.advertisingRouter, us)
})
