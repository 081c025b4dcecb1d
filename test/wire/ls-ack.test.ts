/** Link State Acknowledgment packets. */
import t from 'tap'
import { decodeLsAck, encodeLsAck } from '../../lib/wire/ls-ack.ts'
import { packets } from './captured.ts'
import { bodyCodec, check, fromHex } from './codec.ts'

const codec = bodyCodec('ls-ack', encodeLsAck, decodeLsAck, { minimum: 0, item: 20 })

t.test('there and back', async (t) => {
  check(t, codec, {
    values: [{ kind: 'ls-ack', headers: [] }],
    bytes: [packets.ackFrr.slice(48), packets.ackBird.slice(48)],
  })
})

t.test('what FRR acknowledges', async (t) => {
  const { headers } = codec.decode(fromHex(packets.ackFrr.slice(48)))
  t.strictSame(headers.at(0), {
    age: 8,
    options: 0x42,
    type: 1,
    lsId: 0x0a090002,
    advertisingRouter: 0x0a090002,
    sequence: -0x7fffffff,
    checksum: 0x2380,
    length: 48,
  })
  t.equal(headers.length, 3)
})
