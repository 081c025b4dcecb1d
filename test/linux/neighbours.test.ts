import { decodeSilent, decodeWay, silentNeighbours, wayTo } from '../../lib/linux/neighbours.ts'
import { NetlinkSocket } from '../../lib/linux/netlink.ts'
import { PayloadWriter } from '../../lib/linux/netlink-message.ts'
import { inNamespace, ip, outside } from './netns.ts'

outside('answers that are cut off or make no sense', async (t) => {
  const way = new PayloadWriter()
    .bytes(Uint8Array.of(2, 32, 0, 0, 254, 0, 0, 1, 0, 0, 0, 0))
    .attributeU32(4, 7)
    .attributeIpv4(5, 0x0a000001)
    .finish()
  t.strictSame(decodeWay(way), { index: 7, gateway: 0x0a000001 })
  for (let length = 0; length < 20; length++) t.equal(decodeWay(way.subarray(0, length)), undefined)
  t.equal(decodeWay(Uint8Array.from(way, (octet, i) => (i === 7 ? 2 : octet))), undefined, 'ours')
  const silent = new PayloadWriter()
    .bytes(Uint8Array.of(2, 0, 0, 0, 3, 0, 0, 0, 0x20, 0, 0, 1))
    .attributeIpv4(1, 0x0a000002)
    .finish()
  t.equal(decodeSilent(silent), 0x0a000002)
  for (let length = 0; length < 20; length++) {
    t.equal(decodeSilent(silent.subarray(0, length)), undefined)
  }
})

inNamespace('ways and neighbours of the kernel', async (t) => {
  ip('link add a0 type veth peer name b0')
  ip('link set a0 up')
  ip('link set b0 up')
  ip('addr add 10.0.0.1/24 dev a0')
  ip('route add 10.5.0.0/16 via 10.0.0.9')
  ip('neigh replace 10.0.0.7 dev a0 nud failed')
  ip('neigh replace 10.0.0.8 dev a0 lladdr 02:00:00:00:00:01 nud reachable')
  using socket = NetlinkSocket.open()
  t.match(await wayTo(socket, 0x0a000007), { gateway: undefined })
  t.match(await wayTo(socket, 0x0a050001), { gateway: 0x0a000009 })
  t.equal(await wayTo(socket, 0x0a000001), undefined, 'an address of this host')
  await t.rejects(wayTo(socket, 0xc0000201), { message: /ENETUNREACH/ })
  t.strictSame([...(await silentNeighbours(socket))], [0x0a000007])
})
