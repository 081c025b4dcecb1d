/** Whole packets: the header, its checks, the checksum, and dispatch by type. */
import t from 'tap'
import { Writer } from '../../lib/wire/bytes.ts'
import type { LsUpdateBody } from '../../lib/wire/ls-update.ts'
import {
  decodePacket,
  decodePacketHeader,
  encodePacket,
  type Packet,
  PacketType,
  verifyChecksum,
} from '../../lib/wire/packet.ts'
import { lsas, packets } from './captured.ts'
import { type Codec, check, fromHex, refused, toHex } from './codec.ts'

const kinds = {
  hello: [packets.helloFrr, packets.helloBird],
  'database-description': [packets.ddFrr, packets.ddBird],
  'ls-request': [packets.requestFrr, packets.requestBird],
  'ls-update': [packets.updateFrr, packets.updateBird],
  'ls-ack': [packets.ackFrr, packets.ackBird],
} as const

/** Writes back also what `encodePacket` decides by itself. */
const codec: Codec<Packet> = {
  name: 'packet',
  minimum: 0,
  item: 0,
  decode: (bytes) => {
    const packet = decodePacket(bytes)
    const { failed } = packet.body as LsUpdateBody
    if (failed) throw failed
    return packet
  },
  encode: ({ header, body, trailer }) => {
    const bytes = encodePacket(header, body)
    const tail = new Writer().u16(header.checksum).u16(header.auType).bytes(header.authentication)
    bytes.set(tail.finish(), 12)
    return Uint8Array.of(...bytes, ...trailer)
  },
}

/** A packet with some octets of the header replaced. */
const patched = (hex: string, at: number, octets: string): Uint8Array =>
  fromHex(hex.slice(0, 2 * at) + octets + hex.slice(2 * at + octets.length))

t.test('there and back', async (t) => {
  check(t, codec, { values: [], bytes: Object.values(packets) })
})

t.test(
  'decoded and made anew, the packets of FRR and BIRD are the same to the octet',
  async (t) => {
    for (const [kind, pair] of Object.entries(kinds)) {
      for (const hex of pair) {
        const { header, body, trailer } = decodePacket(fromHex(hex))
        t.equal(body.kind, kind)
        t.equal(header.type, PacketType[body.kind])
        t.equal(trailer.length, 0)
        t.equal(toHex(encodePacket(header, body)), hex)
        t.ok(verifyChecksum(fromHex(hex), header.length))
      }
    }
  },
)

t.test('the header of a Hello from FRR', async (t) => {
  t.strictSame(decodePacketHeader(fromHex(packets.helloFrr)), {
    version: 2,
    type: 1,
    length: 48,
    routerId: 0x0a090001,
    areaId: 0,
    checksum: 0xe8b2,
    auType: 0,
    authentication: new Uint8Array(8),
  })
})

t.test('a header that cannot be right', async (t) => {
  const hello = packets.helloFrr
  refused(t, () => decodePacketHeader(new Uint8Array(0)), 'runt', 0)
  refused(t, () => decodePacketHeader(fromHex(hello.slice(0, 46))), 'runt', 0)
  refused(t, () => decodePacketHeader(patched(hello, 0, '03')), 'version', 0)
  refused(t, () => decodePacketHeader(patched(hello, 2, '0017')), 'length', 2)
  refused(t, () => decodePacketHeader(patched(hello, 2, '0031')), 'length', 2)
  refused(t, () => decodePacketHeader(patched(hello, 2, 'ffff')), 'length', 2)
  t.equal(decodePacketHeader(patched(hello, 1, '0a')).type, 10, 'a type may be anything here')
  for (const type of ['00', '06', '0a', 'ff']) {
    refused(t, () => decodePacket(patched(hello, 1, type)), 'unknown-type', 1)
  }
})

t.test('the body ends where the length says, and the rest is the trailer', async (t) => {
  const bytes = fromHex(`${packets.helloFrr}fff60003000100040000000100`)
  const { body, trailer } = decodePacket(bytes)
  t.match(body, { kind: 'hello', neighbors: [0x0a090002] })
  t.equal(toHex(trailer), 'fff60003000100040000000100')
  t.ok(verifyChecksum(bytes, 48))
  bytes[48] = 0
  t.ok(verifyChecksum(bytes, 48), 'the trailer is not summed')
})

t.test('offsets are those of the packet', async (t) => {
  const short = patched(packets.helloFrr, 2, '002a')
  refused(t, () => decodePacket(short), 'truncated', 40)
})

t.test('an update with a bad LSA is a packet all the same', async (t) => {
  const bytes = fromHex(packets.updateBird)
  bytes[28 + 48 + 19] = 19
  const { body } = decodePacket(bytes)
  t.match(body, { kind: 'ls-update', failed: { code: 'length', offset: 28 + 48 + 20 } })
  t.equal((body as LsUpdateBody).lsas.length, 1)
})

t.test('the checksum', async (t) => {
  const bytes = fromHex(packets.ddBird)
  t.ok(verifyChecksum(bytes, bytes.length))
  bytes.set(fromHex('7365637265740000'), 16)
  t.ok(verifyChecksum(bytes, bytes.length), 'the authentication is left out')
  for (const at of [0, 12, 15, 24, bytes.length - 1]) {
    const changed = new Uint8Array(bytes)
    changed[at] = (changed[at] ?? 0) ^ 1
    t.notOk(verifyChecksum(changed, changed.length), `octet ${at} changed`)
  }
  t.notOk(verifyChecksum(bytes, bytes.length + 1), 'a length beyond the bytes')
  t.notOk(verifyChecksum(bytes, 23), 'a length below the header')
})

t.test('an odd length is padded for the checksum', async (t) => {
  const raw = Uint8Array.of(...fromHex(lsas.opaqueArea), 0xaa)
  const { header } = decodeLsaOf(raw)
  const bytes = encodePacket(
    { routerId: 1, areaId: 2 },
    { kind: 'ls-update', lsas: [{ header, raw }] },
  )
  t.equal(bytes.length % 2, 1)
  t.ok(verifyChecksum(bytes, bytes.length))
})

t.test('a packet that no length field can hold', async (t) => {
  const requests = (n: number) =>
    Array.from({ length: n }, () => ({ type: 1, lsId: 1, advertisingRouter: 1 }))
  const made = (n: number) =>
    encodePacket({ routerId: 1, areaId: 0 }, { kind: 'ls-request', requests: requests(n) })
  t.equal(made(5459).length, 65532)
  t.throws(() => made(5460), RangeError)
})

function decodeLsaOf(raw: Uint8Array) {
  const { body } = decodePacket(fromHex(packets.updateFrr))
  const [lsa] = (body as LsUpdateBody).lsas
  if (lsa === undefined) throw new Error('the update of FRR has LSAs')
  return { header: { ...lsa.header, length: raw.length } }
}
