/** Link State Request packets. */
import t from 'tap'
import { decodeLsRequest, encodeLsRequest } from '../../lib/wire/ls-request.ts'
import { packets } from './captured.ts'
import { bodyCodec, check, fromHex } from './codec.ts'

const codec = bodyCodec('ls-request', encodeLsRequest, decodeLsRequest, { minimum: 0, item: 12 })

t.test('there and back', async (t) => {
  check(t, codec, {
    values: [
      { kind: 'ls-request', requests: [] },
      {
        kind: 'ls-request',
        requests: [{ type: 0xffffffff, lsId: 0, advertisingRouter: 0xfffffffe }],
      },
    ],
    bytes: [packets.requestFrr.slice(48), packets.requestBird.slice(48)],
  })
})

t.test('what FRR asks BIRD for', async (t) => {
  t.strictSame(codec.decode(fromHex(packets.requestFrr.slice(48))).requests, [
    { type: 1, lsId: 0x0a090002, advertisingRouter: 0x0a090002 },
    { type: 5, lsId: 0xc6330000, advertisingRouter: 0x0a090002 },
    { type: 5, lsId: 0xc6336402, advertisingRouter: 0x0a090002 },
  ])
})
