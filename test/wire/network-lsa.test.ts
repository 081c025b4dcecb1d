/** The body of network-LSAs. */
import t from 'tap'
import { decodeNetworkLsa, encodeNetworkLsa } from '../../lib/wire/network-lsa.ts'
import { lsas } from './captured.ts'
import { bodyCodec, check, fromHex, refused } from './codec.ts'

const codec = bodyCodec('network-LSA', encodeNetworkLsa, decodeNetworkLsa, { minimum: 8, item: 4 })

t.test('there and back', async (t) => {
  check(t, codec, {
    values: [
      { kind: 'network', mask: 0xffffff00, attachedRouters: [1] },
      { kind: 'network', mask: 0, attachedRouters: [0xffffffff, 0, 0x0a000001] },
    ],
    bytes: [lsas.network.slice(40)],
  })
})

t.test('what BIRD says as Designated Router', async (t) => {
  t.strictSame(codec.decode(fromHex(lsas.network.slice(40))), {
    kind: 'network',
    mask: 0xffffff00,
    attachedRouters: [0x0a090002, 0x0a090001],
  })
})

t.test('no router, no network', async (t) => {
  refused(t, () => codec.decode(fromHex('ffffff00')), 'empty', 4)
})

t.test('a mask without holes', async (t) => {
  refused(t, () => codec.decode(fromHex('ff00ff000a000001')), 'mask', 0)
  refused(t, () => codec.decode(fromHex('00ffffff0a000001')), 'mask', 0)
})
