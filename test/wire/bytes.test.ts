/** Reader and Writer: network byte order, signs, bounds. */
import t from 'tap'
import { DecodeError, Reader, Writer } from '../../lib/wire/bytes.ts'
import { fromHex, refused, toHex } from './codec.ts'

t.test('what is written is read', async (t) => {
  const bytes = new Writer(1)
    .u8(0xfe)
    .u16(0xfedc)
    .u24(0xfedcba)
    .u32(0xfedcba98)
    .i32(-0x7fffffff)
    .bytes(fromHex('c0ffee'))
    .zero(2)
    .finish()
  t.equal(toHex(bytes), 'fefedcfedcbafedcba9880000001c0ffee0000')
  const r = new Reader(bytes)
  t.strictSame(
    [r.u8(), r.u16(), r.u24(), r.u32(), r.i32()],
    [0xfe, 0xfedc, 0xfedcba, 0xfedcba98, -0x7fffffff],
  )
  t.equal(toHex(r.bytes(3)), 'c0ffee')
  t.equal(r.remaining, 2)
  r.skip(2)
  t.equal(r.offset, bytes.length)
  r.end()
})

t.test('a value that is too large for its field wraps', async (t) => {
  t.equal(
    toHex(new Writer().u8(0x101).u16(0x10002).u24(0x1000003).u32(-1).finish()),
    '010002000003ffffffff',
  )
})

t.test('every method refuses to pass the end, and stays where it was', async (t) => {
  const wants: [number, (r: Reader) => unknown][] = [
    [1, (r) => r.u8()],
    [2, (r) => r.u16()],
    [3, (r) => r.u24()],
    [4, (r) => r.u32()],
    [4, (r) => r.i32()],
    [5, (r) => r.bytes(5)],
    [5, (r) => r.skip(5)],
    [5, (r) => r.sub(5)],
  ]
  for (const [size, want] of wants) {
    // There is more in the buffer, but not in the range.
    const r = new Reader(new Uint8Array(16).subarray(3, 3 + size - 1))
    refused(t, () => want(r), 'truncated', 0)
    t.equal(r.offset, 0)
  }
})

t.test('a reader of a part keeps the offsets of the whole', async (t) => {
  const r = new Reader(fromHex('0102030405'))
  r.skip(1)
  const part = r.sub(2)
  t.equal(r.offset, 3)
  t.equal(part.remaining, 2)
  t.equal(part.u16(), 0x0203)
  refused(t, () => part.u8(), 'truncated', 3)
  t.equal(r.u8(), 4)
  refused(t, () => r.end(), 'trailing', 4)
})

t.test('a count must fit', async (t) => {
  const r = new Reader(new Uint8Array(8))
  r.expect(2, 4)
  refused(t, () => r.expect(3, 4), 'count', 0)
})

t.test('bytes are a view, also of a view', async (t) => {
  const buffer = fromHex('00000102030405')
  const view = new Reader(buffer.subarray(2)).bytes(2)
  buffer[3] = 9
  t.equal(toHex(view), '0109')
})

t.test('finish gives no more than was written', async (t) => {
  const exact = new Writer(2).u16(1).finish()
  const grown = new Writer(64).u16(1).finish()
  t.strictSame([exact.buffer.byteLength, grown.buffer.byteLength], [2, 2])
  t.equal(new Writer().zero(3).length, 3)
  t.equal(toHex(new Writer().zero(4).setU16(1, 0xabcd).finish()), '00abcd00')
})

t.test('the error says what and where', async (t) => {
  const error = new DecodeError('mask', 24, 'network mask has holes')
  t.match(error, { name: 'DecodeError', code: 'mask', offset: 24 })
  t.equal(error.message, 'network mask has holes at octet 24')
})
