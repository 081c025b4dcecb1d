import t from 'tap'
import { type NetlinkMessage, PayloadWriter } from '../../lib/linux/netlink-message.ts'
import {
  decodeRoute,
  decodeSeenRoute,
  encodeRoute,
  encodeRouteQuery,
  type KernelRoute,
  sameHops,
} from '../../lib/linux/route-message.ts'

const of = (payload: Uint8Array): NetlinkMessage => ({
  type: 24,
  flags: 0,
  sequence: 1,
  portId: 0,
  payload,
})
const one = { index: 2, gateway: 0x0a000001 }
const two = { index: 3, gateway: 0x0a000101 }
const route: KernelRoute = {
  prefix: 0x0a0a0000,
  length: 16,
  table: 254,
  metric: 20,
  protocol: 188,
  hops: [one],
}

t.test('there and back', async (t) => {
  const cases: KernelRoute[] = [
    route,
    { ...route, hops: [one, two] },
    { ...route, hops: [{ ...one, onLink: true }] },
    { ...route, hops: [one, { ...two, onLink: true }] },
    { ...route, hops: [{ ...one, weight: 256 }, two] },
    { ...route, hops: [], nextHop: 0x50000001 },
    { ...route, hops: [] },
    { ...route, source: 0x0a000002 },
    { ...route, table: 100_000 },
    { ...route, prefix: 0, length: 0 },
  ]
  for (const value of cases) {
    const payload = encodeRoute(value)
    t.strictSame(decodeRoute(of(payload)), { ...value, tos: 0, plain: true })
    for (let length = 0; length < payload.length; length++) {
      t.doesNotThrow(() => decodeRoute(of(payload.subarray(0, length))), `cut at ${length}`)
    }
  }
})

t.test('what we never write is not plain', async (t) => {
  const rtmsg = (scope = 0, type = 1): PayloadWriter =>
    new PayloadWriter().u8(2).u8(16).u8(0).u8(0).u8(254).u8(188).u8(scope).u8(type).u32(0)
  const gateway = (writer: PayloadWriter): PayloadWriter =>
    writer.attributeIpv4(1, 0x0a0a0000).attributeIpv4(5, 1).attributeU32(4, 2)
  const plain = (writer: PayloadWriter): boolean | undefined =>
    decodeRoute(of(writer.finish()))?.plain
  t.equal(plain(gateway(rtmsg())), true)
  t.equal(plain(gateway(rtmsg(253))), false, 'scope link')
  t.equal(plain(gateway(rtmsg(0, 6))), false, 'blackhole')
  t.equal(plain(gateway(rtmsg()).attributeU32(16, 1)), false, 'a mark')
  t.equal(plain(rtmsg().attributeU32(4, 2)), false, 'no gateway')
  const hop = (weight: number, write: (w: PayloadWriter) => unknown): PayloadWriter =>
    rtmsg().measured((list) => {
      list.u16(9).measured((w) => void write(w.u8(0).u8(weight).u32(2)))
    })
  t.equal(plain(hop(0, (w) => w.attributeIpv4(5, 1))), true)
  t.equal(plain(hop(0, () => {})), false, 'a hop without gateway')
  t.equal(plain(hop(0, (w) => w.attributeIpv4(5, 1).attributeU32(22, 1))), false, 'encapsulated')
  t.equal(plain(rtmsg().attribute(9, Uint8Array.of(4, 0, 0, 0, 0, 0, 0, 0))), false, 'nonsense')
})

t.test('other families, and the query', async (t) => {
  t.equal(decodeRoute(of(Uint8Array.of(10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))), undefined)
  t.equal(decodeRoute(of(new Uint8Array(11))), undefined)
  t.match(decodeRoute(of(encodeRouteQuery(1000, 188))), {
    table: 1000,
    protocol: 188,
    plain: false,
  })
})

t.test('the same hops', async (t) => {
  t.equal(sameHops([one, two], [two, one]), true)
  t.equal(sameHops([one], [two]), false)
  t.equal(sameHops([one], [one, two]), false)
  t.equal(sameHops([one], [{ ...one, weight: 2 }]), false)
  t.equal(sameHops(undefined, undefined), true)
  t.equal(sameHops(undefined, []), false)
})

t.test('routes of whatever kind, to look at', async (t) => {
  const seen = (payload: Uint8Array) => decodeSeenRoute(of(payload))
  const common = {
    prefix: 0x0a0a0000,
    length: 16,
    table: 254,
    metric: 20,
    protocol: 188,
    tos: 0,
    scope: 0,
    type: 1,
  }
  t.strictSame(seen(encodeRoute(route)), { ...common, hops: [one] })
  const several = encodeRoute({ ...route, hops: [one, two], table: 100_000 })
  t.strictSame(seen(several), { ...common, table: 100_000, hops: [one, two] })
  const shared = encodeRoute({ ...route, hops: [one, { ...two, weight: 7 }], source: 0x0a000001 })
  t.strictSame(seen(shared), {
    ...common,
    hops: [one, { ...two, weight: 7 }],
    source: 0x0a000001,
  })
  for (let length = 0; length < several.length; length++) {
    t.doesNotThrow(() => seen(several.subarray(0, length)), `cut at ${length}`)
  }
  const rtmsg = (family: number, length: number, flags = 0): PayloadWriter =>
    new PayloadWriter().u8(family).u8(length).u8(0).u8(0).u8(254).u8(4).u8(253).u8(6).u32(flags)
  t.match(seen(rtmsg(2, 0).finish()), { prefix: 0, length: 0, type: 6, scope: 253, hops: [] })
  t.equal(seen(rtmsg(10, 0).finish()), undefined, 'IPv6')
  t.equal(seen(rtmsg(2, 33).finish()), undefined, 'no length')
  t.equal(seen(rtmsg(2, 32, 0x200).finish()), undefined, 'a copy in a cache')
  const attached = rtmsg(2, 24).attributeU32(4, 7).finish()
  t.strictSame(seen(attached)?.hops, [{ index: 7, gateway: undefined }])
})
