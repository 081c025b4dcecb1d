/** Link State Update packets: framing, and what is kept when it breaks. */
import t from 'tap'
import { Reader } from '../../lib/wire/bytes.ts'
import { decodeLsUpdate, encodeLsUpdate, type LsUpdateBody } from '../../lib/wire/ls-update.ts'
import { lsas, packets } from './captured.ts'
import { bodyCodec, check, fromHex, refused, toHex } from './codec.ts'

const decode = (hex: string): LsUpdateBody => decodeLsUpdate(new Reader(fromHex(hex)))

/** For the round trips a broken walk is an error like any other. */
const whole = (r: Reader): LsUpdateBody => {
  const body = decodeLsUpdate(r)
  if (body.failed) throw body.failed
  return body
}
const codec = bodyCodec('ls-update', encodeLsUpdate, whole, { minimum: 4, item: 0 })

t.test('there and back', async (t) => {
  check(t, codec, {
    values: [{ kind: 'ls-update', lsas: [] }, decode(`00000001${lsas.network}`)],
    bytes: [packets.updateFrr.slice(48), packets.updateBird.slice(48)],
  })
})

t.test('what FRR floods', async (t) => {
  const body = decode(packets.updateFrr.slice(48))
  t.notOk('failed' in body)
  t.strictSame(
    body.lsas.map(({ header, raw }) => [header.type, header.length, raw.length]),
    [
      [1, 36, 36],
      [3, 28, 28],
      [5, 36, 36],
      [5, 36, 36],
    ],
  )
})

t.test('one that stays keeps no more than a small packet', async (t) => {
  const decoded = (count: number): readonly Uint8Array[] => {
    const hex = count.toString(16).padStart(8, '0') + lsas.network.repeat(count)
    return decodeLsUpdate(new Reader(Buffer.from(hex, 'hex'))).lsas.map(({ raw }) => raw)
  }
  const small = decoded(2)
  t.equal(small[0]!.buffer, small[1]!.buffer, 'of a packet as it is on most links')
  for (const raw of decoded(200)) {
    t.equal(raw.buffer.byteLength, raw.length)
    t.equal(toHex(raw), lsas.network)
  }
})

t.test('an LSA outlives the packet it came in', async (t) => {
  const packet = Buffer.from(`00000001${lsas.network}`, 'hex')
  const [lsa] = decodeLsUpdate(new Reader(packet)).lsas
  packet.fill(0)
  t.equal(toHex(lsa?.raw ?? new Uint8Array()), lsas.network)
  t.notOk(Buffer.isBuffer(lsa?.raw))
})

t.test('the good ones before a bad one are kept', async (t) => {
  const broken = (code: string, offset: number, hex: string, kept = 1): void => {
    const { lsas: all, failed } = decode(hex)
    t.match(failed, { name: 'DecodeError', code, offset })
    t.equal(all.length, kept)
    if (kept > 0) t.equal(toHex(all[0]?.raw ?? new Uint8Array()), lsas.network)
  }
  const good = lsas.network
  const withLength = (length: string): string => good.slice(0, 36) + length + good.slice(40)
  broken('length', 4 + 32 + 20, `00000002${good}${withLength('0013')}`)
  broken('length', 4 + 32 + 20, `00000002${good}${withLength('0000')}`)
  broken('truncated', 4 + 32, `00000002${good}${withLength('0021')}`)
  broken('truncated', 4 + 32, `00000002${good}${withLength('ffff')}`)
  broken('truncated', 4 + 32, `00000002${good}0001`)
  broken('truncated', 4 + 32, `00000002${good}`)
  broken('trailing', 4 + 32, `00000001${good}00`)
  broken('trailing', 4, `00000000${good}`, 0)
})

t.test('a count of 0xffffffff ends with the bytes', async (t) => {
  const { lsas: all, failed } = decode(`ffffffff${lsas.network.repeat(3)}`)
  t.equal(all.length, 3)
  t.match(failed, { code: 'truncated', offset: 4 + 3 * 32 })
})

t.test('no count at all', async (t) => {
  refused(t, () => decode('000000'), 'truncated', 0)
})

t.test('whatever else goes wrong is not taken for bad bytes', async (t) => {
  class Broken extends Reader {
    override fields(): never {
      throw new TypeError('not the network')
    }
  }
  t.throws(() => decodeLsUpdate(new Broken(fromHex('00000001'))), TypeError)
})
