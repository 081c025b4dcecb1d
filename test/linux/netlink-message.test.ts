import t from 'tap'
import {
  Attributes,
  decodeAcknowledgement,
  decodeMessages,
  encodeMessages,
  fixed,
  MessageFlag,
  MessageType,
  messageSize,
  type NetlinkMessage,
  PayloadWriter,
} from '../../lib/linux/netlink-message.ts'

const hex = (s: string): Uint8Array => Uint8Array.from(Buffer.from(s.replaceAll(/\s/g, ''), 'hex'))
const message = (type: number, flags: number, payload: Uint8Array): NetlinkMessage => ({
  type,
  flags,
  sequence: 7,
  portId: 42,
  payload,
})

t.test('messages there and back', async (t) => {
  const messages = [
    message(16, MessageFlag.multi, hex('01 02 03 04 05')),
    message(24, MessageFlag.request | MessageFlag.ack, hex('')),
    message(MessageType.done, 0, hex('00 00 00 00')),
  ]
  const bytes = encodeMessages(messages)
  t.equal(bytes.length, messageSize(5) + messageSize(0) + messageSize(4))
  t.equal(bytes.length % 4, 0)
  t.strictSame(
    decodeMessages(bytes).map((m) => ({ ...m, payload: [...m.payload] })),
    messages.map((m) => ({ ...m, payload: [...m.payload] })),
  )
})

t.test('messages cut anywhere: what is whole is kept, the rest left', async (t) => {
  const one = message(16, 0, hex('01 02 03 04'))
  const bytes = encodeMessages([one, one])
  for (let length = 0; length <= bytes.length; length++) {
    t.equal(decodeMessages(bytes.subarray(0, length)).length, Math.floor(length / 20), `${length}`)
  }
  t.strictSame(decodeMessages(hex('0f000000 10000000 00000000 00000000')), [], 'length below 16')
})

t.test('attributes', async (t) => {
  const payload = new PayloadWriter()
    .u32(0xfeedface)
    .attributeIpv4(1, 0x0a000164)
    .attributeText(3, 'eth0')
    .attributeU32(6, 20)
    .attribute(9, hex('aa'))
    .measured((w) => w.u16(0x8000 | 12).attributeU32(1, 5))
    .finish()
  t.equal(payload.length % 4, 0)
  t.equal(fixed(payload).u32(0), 0xfeedface)
  t.strictSame([...payload.subarray(8, 12)], [10, 0, 1, 100], 'addresses go in network order')
  const attributes = new Attributes(payload, 4)
  t.strictSame([...attributes.types()], [1, 3, 6, 9, 12])
  t.equal(attributes.ipv4(1), 0x0a000164)
  t.equal(attributes.text(3), 'eth0')
  t.equal(attributes.u32(6), 20)
  t.equal(attributes.u8(9), 0xaa)
  t.equal(new Attributes(attributes.bytes(12)!, 0).u32(1), 5, 'nested, its flag taken off')
  t.equal(attributes.u32(9), undefined, 'too short for a number')
  t.equal(attributes.ipv4(9), undefined, 'too short for an address')
  for (const read of ['u8', 'u32', 'ipv4', 'text', 'bytes'] as const) {
    t.equal(attributes[read](99), undefined, `${read} of one that is not there`)
  }
  for (let length = 4; length < payload.length; length++) {
    t.ok([...new Attributes(payload.subarray(0, length), 4).types()].length < 5, `cut at ${length}`)
  }
  t.strictSame([...new Attributes(hex('0300 0100'), 0).types()], [], 'length below 4')
  t.equal(new Attributes(hex('0600 0300 6c6f'), 0).text(3), 'lo', 'text without NUL')
})

t.test('a writer grows', async (t) => {
  const writer = new PayloadWriter()
  for (let i = 0; i < 1000; i++) writer.attributeU32(i & 0xff, i)
  const payload = writer.finish()
  t.equal(payload.length, 8000)
  t.equal(fixed(payload).u32(7996), 999)
  t.equal(new PayloadWriter().bytes(new Uint8Array(1000)).finish().length, 1000)
})

t.test('acknowledgements', async (t) => {
  const header = '14000000 18000504 07000000 2a000000'
  const read = (type: number, flags: number, payload: string) =>
    decodeAcknowledgement(message(type, flags, hex(payload)))
  const text = '0c00 0100 6e6f2077617900 00'
  t.strictSame(read(MessageType.error, 0, `00000000 ${header}`), { errno: 0, text: undefined })
  t.strictSame(read(MessageType.error, 0, `efffffff ${header}`), { errno: 17, text: undefined })
  t.strictSame(
    read(MessageType.error, 0x300, `efffffff ${header} ${text}`),
    { errno: 17, text: 'no way' },
    'the request left out',
  )
  t.strictSame(
    read(MessageType.error, 0x200, `efffffff ${header} deadbeef ${text}`),
    { errno: 17, text: 'no way' },
    'after the whole request',
  )
  t.strictSame(
    read(MessageType.done, 0x202, `eaffffff ${text}`),
    { errno: 22, text: 'no way' },
    'at the end of a dump',
  )
  t.strictSame(read(MessageType.done, 2, '08000000'), { errno: 0, text: undefined }, 'a count')
  t.strictSame(read(MessageType.done, 2, ''), { errno: 0, text: undefined }, 'nothing')
})

t.test('an acknowledgement whose request claims any length', async (t) => {
  for (const length of [0, 3, 0x7fffffff, 0x80000000, 0xffffffef, 0xffffffff]) {
    const payload = new PayloadWriter()
      .u32(-17 >>> 0)
      .u32(length)
      .u32(0)
      .u32(0)
      .u32(0)
      .attributeText(1, 'there already')
      .finish()
    const flags = MessageFlag.acknowledgementAttributes
    const { errno } = decodeAcknowledgement(message(MessageType.error, flags, payload))
    t.equal(errno, 17, `${length}`)
  }
})
