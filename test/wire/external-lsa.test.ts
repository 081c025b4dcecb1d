/** The body of AS-external-LSAs and NSSA-LSAs. */
import t from 'tap'
import {
  decodeExternalLsa,
  type ExternalLsaBody,
  encodeExternalLsa,
} from '../../lib/wire/external-lsa.ts'
import { lsas } from './captured.ts'
import { bodyCodec, check, fromHex, refused } from './codec.ts'

const codec = bodyCodec('external', encodeExternalLsa, decodeExternalLsa, { minimum: 16, item: 12 })

const vip: ExternalLsaBody = {
  kind: 'external',
  mask: 0xffffffff,
  metricType: 2,
  metric: 20,
  forwardingAddress: 0,
  tag: 4711,
  tos: [],
}

t.test('there and back', async (t) => {
  const path = { metric: 0xffffff, forwardingAddress: 0xfffffffe, tag: 0xffffffff }
  check(t, codec, {
    values: [
      vip,
      { ...vip, ...path, metricType: 1, mask: 0, reserved: 0x7f },
      {
        ...vip,
        tos: [
          { ...path, tos: 0x7f, metricType: 2 },
          { ...path, tos: 2, metricType: 1 },
        ],
      },
    ],
    bytes: [lsas.external.slice(40), lsas.nssa.slice(40)],
  })
})

t.test('what BIRD says into an NSSA', async (t) => {
  t.strictSame(codec.decode(fromHex(lsas.nssa.slice(40))), {
    kind: 'external',
    mask: 0xffff0000,
    metricType: 2,
    metric: 7,
    forwardingAddress: 0x0a090302,
    tag: 99,
    tos: [],
  })
})

t.test('a mask without holes', async (t) => {
  refused(t, () => codec.decode(fromHex('ff00ff00800000070000000000000063')), 'mask', 0)
})
