/** The data of traffic share LSAs. */
import t from 'tap'
import {
  decodeTrafficShares,
  encodeTrafficShares,
  trafficShareOctets,
} from '../../lib/wire/traffic-share.ts'
import { damaged, fromHex, noise, randomFrom, seed, toHex } from './codec.ts'

const shares = [
  { prefix: 0x0a000164, length: 32, weight: 256, drain: false },
  { prefix: 0x0a000100, length: 24, weight: 1, drain: true },
  { prefix: undefined, length: 0, weight: 100, drain: true },
]
const hex = '45434d5001010000' + '0a00016420000100' + '0a00010018800001' + '0000000000c00064'

t.test('there and back', async (t) => {
  const data = encodeTrafficShares({ keepsConnections: true, shares })
  t.equal(toHex(data), hex)
  t.equal(data.length, trafficShareOctets(3))
  t.same(decodeTrafficShares(data), { keepsConnections: true, shares })
  const none = { keepsConnections: false, shares: [] }
  t.same(decodeTrafficShares(encodeTrafficShares(none)), none)
})

t.test("somebody else's use of the type", async (t) => {
  t.equal(decodeTrafficShares(fromHex('')), undefined)
  t.equal(decodeTrafficShares(fromHex('45434d50010100')), undefined, 'too short')
  t.equal(decodeTrafficShares(fromHex(`45434d51${hex.slice(8)}`)), undefined, 'no magic')
  t.equal(decodeTrafficShares(fromHex(`45434d5002${hex.slice(10)}`)), undefined, 'a later version')
})

t.test('entries that cannot be right are passed over', async (t) => {
  const good = '0a00016420000064'
  const read = (...entries: string[]): number | undefined =>
    decodeTrafficShares(fromHex(`45434d5001000000${entries.join('')}`))?.shares.length
  t.equal(read(good, '0a00016421000064', good), 2, 'a length of 33')
  t.equal(read('0a00016420000000', good), 1, 'a weight of 0')
  t.equal(read('0a00016420000101', good), 1, 'a weight of 257')
  t.equal(read(good, '0a000164'), 1, 'half an entry')
})

t.test(`never throws: 10,000 inputs from seed ${seed}`, async (t) => {
  const random = randomFrom(seed)
  const sample = fromHex(hex)
  let understood = 0
  for (let i = 0; i < 10_000; i++) {
    const read = decodeTrafficShares(i % 2 === 0 ? noise(random) : damaged(sample, random))
    if (read === undefined) continue
    understood++
    for (const { weight, length } of read.shares) {
      if (weight < 1 || weight > 256 || length > 32) t.fail(`${weight} ${length}`)
    }
  }
  t.ok(understood > 1000, `${understood} understood`)
})
