/** Database Description packets. */
import t from 'tap'
import {
  type DatabaseDescriptionBody,
  decodeDatabaseDescription,
  encodeDatabaseDescription,
} from '../../lib/wire/database-description.ts'
import { packets } from './captured.ts'
import { bodyCodec, check, fromHex } from './codec.ts'

const codec = bodyCodec('DD', encodeDatabaseDescription, decodeDatabaseDescription, {
  minimum: 8,
  item: 20,
})

const first: DatabaseDescriptionBody = {
  kind: 'database-description',
  mtu: 1500,
  options: 0x42,
  flags: { init: true, more: true, master: true },
  sequence: 0xfedcba98,
  headers: [],
}

t.test('there and back', async (t) => {
  const header = {
    age: 3600,
    options: 2,
    type: 5,
    lsId: 0xffffffff,
    advertisingRouter: 0x0a000001,
    sequence: -0x7fffffff,
    checksum: 0xf860,
    length: 36,
  }
  check(t, codec, {
    values: [
      first,
      { ...first, mtu: 0, sequence: 0, headers: [header, { ...header, sequence: 0x7fffffff }] },
    ],
    bytes: [packets.ddFrr.slice(48), packets.ddBird.slice(48)],
  })
})

t.test('the bits I, M and MS each', async (t) => {
  const flagsOf = (octet: number) => codec.decode(Uint8Array.of(0, 0, 0, octet, 0, 0, 0, 0)).flags
  t.strictSame(flagsOf(0), { init: false, more: false, master: false })
  t.strictSame(flagsOf(4), { init: true, more: false, master: false })
  t.strictSame(flagsOf(2), { init: false, more: true, master: false })
  t.strictSame(flagsOf(1), { init: false, more: false, master: true })
  t.strictSame(flagsOf(0x0f), { init: true, more: true, master: true, reserved: 8 })
  for (let octet = 0; octet < 256; octet++) {
    t.equal(codec.encode({ ...first, flags: flagsOf(octet) })[3], octet)
  }
})

t.test('a description from BIRD', async (t) => {
  const body = codec.decode(fromHex(packets.ddBird.slice(48)))
  t.match(body, { mtu: 1500, options: 0x42, flags: { init: false, more: false, master: true } })
  t.strictSame(
    body.headers.map(({ type, sequence, length }) => [type, sequence, length]),
    [
      [5, -0x7fffffff, 36],
      [5, -0x7fffffff, 36],
      [1, -0x7fffffff, 48],
    ],
  )
})
