import t from 'tap'
import {
  type Address,
  type Device,
  decodeAddress,
  decodeDevice,
  encodeAddress,
  encodeAddressQuery,
  encodeLinkQuery,
  makeLink,
} from '../../lib/linux/link-message.ts'
import { PayloadWriter } from '../../lib/linux/netlink-message.ts'
import { parseIpv4 } from '../../lib/wire/address.ts'

const ip = (s: string): number => parseIpv4(s)!

const ifinfo = (family: number, index: number, flags: number): PayloadWriter =>
  new PayloadWriter().u8(family).u8(0).u16(1).u32(index).u32(flags).u32(0)

t.test('devices', async (t) => {
  const payload = ifinfo(0, 3, 0x43).attributeText(3, 'eth0').attributeU32(4, 1500).finish()
  const eth0: Device = { index: 3, name: 'eth0', flags: 0x43, mtu: 1500 }
  t.strictSame(decodeDevice(payload, new Map()), eth0)
  t.strictSame(
    decodeDevice(ifinfo(0, 3, 0x3).finish(), new Map([[3, eth0]])),
    { ...eth0, flags: 3 },
    'what a partial message leaves out stays',
  )
  t.equal(decodeDevice(ifinfo(0, 4, 0x3).finish(), new Map()), undefined, 'no name')
  t.equal(decodeDevice(ifinfo(7, 3, 0x43).finish(), new Map([[3, eth0]])), undefined, 'AF_BRIDGE')
  t.equal(decodeDevice(payload.subarray(0, 15), new Map()), undefined, 'cut')
  const slave = ifinfo(0, 3, 0x43)
    .attributeText(3, 'eth0')
    .attributeU32(4, 1500)
    .attributeU32(10, 7)
  const inVrf = decodeDevice(slave.finish(), new Map())
  t.strictSame(inVrf, { ...eth0, master: 7 }, 'part of another')
  t.equal(decodeDevice(payload, new Map([[3, inVrf!]]))?.master, undefined, 'and no more')
  t.equal(
    decodeDevice(ifinfo(0, 3, 0x3).finish(), new Map([[3, inVrf!]]))?.master,
    7,
    'of which a partial message does not speak',
  )
  t.equal(makeLink(inVrf!, [], 'red').vrf, 'red')
  const noMtu = ifinfo(0, 3, 0x43).attributeText(3, 'eth0').finish()
  t.equal(decodeDevice(noMtu, new Map())?.mtu, 0)
})

t.test('addresses', async (t) => {
  t.strictSame(decodeAddress(encodeAddress(2, ip('10.0.1.100'), 32)), {
    index: 2,
    address: ip('10.0.1.100'),
    prefixLength: 32,
    peer: undefined,
    secondary: false,
    scope: 0,
    protocol: 0,
  })
  t.equal(decodeAddress(encodeAddress(2, 1, 32, { protocol: 188 }))?.protocol, 188, 'IFA_PROTO')
  t.equal(decodeAddress(encodeAddress(1, ip('127.0.0.2'), 8))?.scope, 254, 'scope host')
  const ifaddr = (): PayloadWriter => new PayloadWriter().u8(2).u8(32).u8(0x80).u8(0).u32(9)
  const point = ifaddr().attributeIpv4(1, ip('10.9.9.2')).attributeIpv4(2, ip('10.9.9.1')).finish()
  t.match(decodeAddress(point), { address: ip('10.9.9.1'), peer: ip('10.9.9.2') })
  const bare = ifaddr().attributeIpv4(1, ip('10.9.9.2')).finish()
  t.match(decodeAddress(bare), { address: ip('10.9.9.2'), peer: undefined, secondary: false })
  const flagged = ifaddr().attributeIpv4(2, 1).attributeU32(8, 0x81).finish()
  t.equal(decodeAddress(flagged)?.secondary, true, 'IFA_FLAGS')
  t.equal(decodeAddress(ifaddr().finish()), undefined, 'no address')
  t.equal(decodeAddress(point.subarray(0, 7)), undefined, 'cut')
  t.equal(decodeAddress(Uint8Array.of(10, 64, 0, 0, 0, 0, 0, 0)), undefined, 'IPv6')
})

t.test('queries', async (t) => {
  t.equal(encodeLinkQuery().length, 16)
  t.equal(encodeAddressQuery().length, 8)
  t.equal(decodeDevice(encodeLinkQuery('lo'), new Map())?.name, 'lo')
})

t.test('up', async (t) => {
  const up = (flags: number): boolean => makeLink({ index: 1, name: 'x', flags, mtu: 1500 }, []).up
  t.equal(up(0x1 | 0x40), true, 'up and running')
  t.equal(up(0x1), false, 'no carrier')
  t.equal(up(0x40), false, 'not up')
  t.equal(up(0x1 | 0x8), true, 'loopback')
  t.equal(up(0x8), false, 'loopback down')
})

t.test('the primary address', async (t) => {
  const device: Device = { index: 1, name: 'x', flags: 0x43, mtu: 1500 }
  const address = (s: string, prefixLength: number, more: Partial<Address> = {}): Address => ({
    index: 1,
    address: ip(s),
    prefixLength,
    peer: undefined,
    secondary: false,
    scope: 0,
    protocol: 0,
    ...more,
  })
  const primary = (...addresses: Address[]): number | undefined =>
    makeLink(device, addresses).address
  const real = address('10.0.0.2', 24)
  const vip = address('10.0.1.100', 32)
  t.equal(primary(), undefined)
  t.equal(makeLink(device, []).prefixLength, 0)
  t.equal(primary(real, vip), real.address)
  t.equal(primary(vip, real), real.address, 'a VIP added first gives way (FRR issue 6823)')
  t.equal(primary(vip), vip.address, 'a VIP alone')
  const other = address('10.7.0.2', 24)
  t.equal(primary(real, other), real.address, 'the first')
  t.equal(primary(other, real), other.address, 'the first')
  const second = address('10.0.0.3', 24, { secondary: true })
  t.equal(primary(second, real), real.address, 'not the secondary')
  t.equal(primary(address('169.254.1.1', 16, { scope: 253 }), real), real.address, 'scope global')
  const peer = address('10.9.9.1', 32, { peer: ip('10.9.9.2') })
  t.equal(primary(peer, real), peer.address, 'point-to-point is no VIP')
  const local = address('127.0.0.1', 8, { scope: 254 })
  t.equal(primary(local), local.address)
  t.equal(primary(local, vip), vip.address, 'nobody can route to 127.0.0.1')
  t.strictSame(
    makeLink(device, [second, vip, real]).addresses.map((a) => a.address),
    [real.address, vip.address, second.address],
    'all of them, primary first',
  )
  const { addresses } = makeLink(device, [real, address('10.0.1.100', 32, { protocol: 188 })])
  t.strictSame(
    addresses.map(({ protocol }) => protocol),
    [undefined, 188],
    'who added them, where it is said',
  )
})
