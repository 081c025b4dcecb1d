import t, { type Test } from 'tap'
import { type NetlinkMessage, PayloadWriter } from '../../lib/linux/netlink-message.ts'
import {
  decodeBucket,
  decodeNextHop,
  encodeGroup,
  encodeLeaf,
  encodeNextHopQuery,
  type NextHopGroup,
  type NextHopLeaf,
} from '../../lib/linux/nexthop-message.ts'

const of = (payload: Uint8Array): NetlinkMessage => ({
  type: 104,
  flags: 0,
  sequence: 1,
  portId: 0,
  payload,
})

/** Nothing that is cut short throws, or is taken for more than what is left of it. */
function truncate(t: Test, payload: Uint8Array, decode: (m: NetlinkMessage) => unknown): void {
  for (let length = 0; length < payload.length; length++) {
    t.doesNotThrow(() => decode(of(payload.subarray(0, length))), `cut at ${length}`)
  }
}

t.test('leaves there and back', async (t) => {
  const leaves: NextHopLeaf[] = [
    { id: 1, protocol: 188, hop: { index: 2, gateway: 0x0a000001 } },
    { id: 0xffffffff, protocol: 5, hop: { index: 2, gateway: 0xc0000201, onLink: true } },
  ]
  for (const leaf of leaves) {
    const payload = encodeLeaf(leaf)
    t.strictSame(decodeNextHop(of(payload)), { kind: 'leaf', ...leaf })
    truncate(t, payload, decodeNextHop)
  }
})

t.test('groups there and back', async (t) => {
  const many = Array.from({ length: 256 }, (_, i) => ({ id: i + 1, weight: i + 1 }))
  const resilient = { buckets: 120, idleTimer: 60.5, unbalancedTimer: 600 }
  const groups: NextHopGroup[] = [
    { id: 7, protocol: 188, members: [{ id: 1, weight: 1 }] },
    { id: 7, protocol: 188, members: many },
    { id: 7, protocol: 188, members: many, resilient },
    { id: 7, protocol: 188, members: many, resilient: { ...resilient, buckets: 0 } },
  ]
  for (const group of groups) {
    const payload = encodeGroup(group)
    t.strictSame(decodeNextHop(of(payload)), { kind: 'group', ...group })
  }
  truncate(t, encodeGroup({ ...groups[2]!, members: many.slice(0, 3) }), decodeNextHop)
})

/** struct nhmsg, then attributes. */
const nhmsg = (family = 0, flags = 0): PayloadWriter =>
  new PayloadWriter().u8(family).u8(0).u8(188).u8(0).u32(flags).attributeU32(1, 9)
const group = (writer: PayloadWriter): PayloadWriter =>
  writer.attribute(2, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0))

t.test('what this library never makes', async (t) => {
  const kind = (writer: PayloadWriter): string | undefined =>
    decodeNextHop(of(writer.finish()))?.kind
  const leaf = (writer: PayloadWriter): PayloadWriter =>
    writer.attributeU32(5, 2).attributeIpv4(6, 1)
  t.equal(kind(leaf(nhmsg(2))), 'leaf')
  t.equal(kind(leaf(nhmsg(10))), 'other', 'IPv6')
  t.equal(kind(nhmsg(2).attribute(4, new Uint8Array())), 'other', 'a blackhole')
  t.equal(kind(nhmsg(2).attributeU32(5, 2)), 'other', 'no gateway')
  t.equal(kind(leaf(nhmsg(2)).attributeU32(7, 1)), 'other', 'encapsulation')
  t.equal(kind(leaf(nhmsg(2)).attributeU32(14, 1)), 'leaf', 'how weights are read')
  t.equal(kind(group(nhmsg())), 'group')
  t.equal(kind(group(nhmsg()).attribute(11, new Uint8Array())), 'other', 'a forwarding database')
  t.equal(kind(group(nhmsg()).measured((w) => w.u16(3).u16(2))), 'other', 'another type')
  t.equal(kind(group(nhmsg()).measured((w) => w.u16(3).u16(1))), 'other', 'without its table')
  t.equal(kind(nhmsg().attribute(2, new Uint8Array(7))), 'other', 'half a member')
  t.equal(kind(nhmsg().attribute(2, new Uint8Array(0))), 'other', 'no member')
  t.equal(decodeNextHop(of(new Uint8Array(8))), undefined, 'no id')
})

t.test('weights of 16 bits, and how long a group is out of balance', async (t) => {
  const wide = nhmsg().attribute(2, Uint8Array.of(1, 0, 0, 0, 1, 1, 0, 0))
  t.match(decodeNextHop(of(wide.finish())), { members: [{ id: 1, weight: 258 }] })
  const ticks = new Uint8Array(new BigUint64Array([1234n]).buffer)
  const resilient = group(nhmsg())
    .measured((w) => w.u16(3).u16(1))
    .measured((nest) => nest.u16(0x8000 | 12).attribute(4, ticks))
  t.match(decodeNextHop(of(resilient.finish())), { kind: 'group', unbalancedTime: 12.34 })
})

t.test('buckets', async (t) => {
  const ticks = new Uint8Array(new BigUint64Array([250n]).buffer)
  const payload = new PayloadWriter()
    .bytes(new Uint8Array(8))
    .attributeU32(1, 77)
    .measured((nest) =>
      nest
        .u16(0x8000 | 13)
        .measured((w) => w.u16(1).u16(5))
        .attribute(2, ticks)
        .attributeU32(3, 42),
    )
    .finish()
  t.strictSame(decodeBucket(of(payload)), { group: 77, index: 5, idleTime: 2.5, nextHop: 42 })
  truncate(t, payload, decodeBucket)
  t.equal(decodeBucket(of(encodeNextHopQuery(77))), undefined)
})
