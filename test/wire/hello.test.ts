/** Hello packets. */
import t from 'tap'
import { decodeHello, encodeHello, type HelloBody } from '../../lib/wire/hello.ts'
import { packets } from './captured.ts'
import { bodyCodec, check } from './codec.ts'

const codec = bodyCodec('hello', encodeHello, decodeHello, { minimum: 20, item: 4 })

const hello: HelloBody = {
  kind: 'hello',
  networkMask: 0xffffff00,
  helloInterval: 1,
  options: 0x02,
  priority: 1,
  deadInterval: 4,
  designatedRouter: 0,
  backupDesignatedRouter: 0,
  neighbors: [0x0a090002],
}

t.test('there and back', async (t) => {
  const all: HelloBody = {
    ...hello,
    helloInterval: 0xffff,
    priority: 255,
    deadInterval: 0xffffffff,
    designatedRouter: 0x0a000001,
    backupDesignatedRouter: 0x0a000002,
    neighbors: [0xffffffff, 0, 1],
  }
  check(t, codec, {
    values: [hello, { ...hello, neighbors: [] }, all],
    bytes: [packets.helloFrr.slice(48), packets.helloBird.slice(48)],
  })
})

t.test('what FRR says is what it means', async (t) => {
  t.strictSame(codec.encode(hello), Uint8Array.from(Buffer.from(packets.helloFrr.slice(48), 'hex')))
})
