/** The body of opaque LSAs. */
import t from 'tap'
import { decodeOpaqueLsa, encodeOpaqueLsa, opaqueLsId } from '../../lib/wire/opaque-lsa.ts'
import { lsas } from './captured.ts'
import { bodyCodec, check, fromHex } from './codec.ts'

const codec = bodyCodec('opaque', encodeOpaqueLsa, (r) => decodeOpaqueLsa(0x04fedcba, r), {
  minimum: 0,
  item: 1,
})

t.test('there and back', async (t) => {
  const value = { kind: 'opaque', opaqueType: 4, opaqueId: 0xfedcba } as const
  check(t, codec, {
    values: [
      { ...value, data: new Uint8Array(0) },
      { ...value, data: fromHex('0001000410000000ff') },
    ],
    bytes: [lsas.opaqueArea.slice(40)],
  })
})

t.test('type and id make the Link State ID', async (t) => {
  t.equal(opaqueLsId(0xff, 0xfedcba), 0xfffedcba)
  t.equal(opaqueLsId(4, 0), 0x04000000)
})
