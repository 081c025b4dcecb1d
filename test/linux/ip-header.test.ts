import t from 'tap'
import { buildIpPacket, parseIpPacket } from '../../lib/linux/ip-header.ts'

const header = { source: 0x0a000001, destination: 0xe0000005, ttl: 1, tos: 0xc0 }
const payload = Uint8Array.of(1, 2, 3, 4, 5)

t.test('what is built is parsed', async (t) => {
  const packet = buildIpPacket(header, payload)
  t.same([...packet.subarray(0, 4)], [0x45, 0xc0, 0, 25])
  t.match(parseIpPacket(packet), { source: header.source, destination: header.destination, ttl: 1 })
  t.same([...parseIpPacket(packet)!.payload], [...payload])
})

t.test('options are skipped and padding is cut', async (t) => {
  const packet = new Uint8Array(24 + 5 + 7)
  packet.set(buildIpPacket(header, payload).subarray(0, 20))
  packet[0] = 0x46
  packet[3] = 24 + 5
  packet.set(payload, 24)
  t.same([...parseIpPacket(packet)!.payload], [...payload])
})

t.test('the payload is a view, wherever the packet lies', async (t) => {
  const buffer = new Uint8Array(100)
  buffer.set(buildIpPacket(header, payload), 30)
  const packet = parseIpPacket(buffer.subarray(30, 55))!
  buffer[50] = 99
  t.equal(packet.payload[0], 99)
})

t.test('what is no packet of ours is refused', async (t) => {
  const good = buildIpPacket(header, payload)
  for (let length = 0; length < good.length; length++) {
    t.equal(parseIpPacket(good.subarray(0, length)), undefined, `cut to ${length}`)
  }
  const bad = (what: string, at: number, value: number): void => {
    const packet = good.slice()
    packet[at] = value
    t.equal(parseIpPacket(packet), undefined, what)
  }
  bad('IPv6', 0, 0x65)
  bad('a header of 16 octets', 0, 0x44)
  bad('a header longer than the packet', 0, 0x4f)
  bad('total length below the header', 3, 19)
  bad('total length above what came', 3, 26)
  bad('another protocol', 9, 17)
})
