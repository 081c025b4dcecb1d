/** Opaque LSAs: what crashed others in their TLVs is data to us, and router information is read with care. */
import t from 'tap'
import { decodeRouterInformation } from '../../lib/wire/router-information.ts'
import { ip, segment } from '../core/bench.ts'
import { lsa, packet, u16, u32, update } from './case.ts'

const far = ip('10.9.9.9')
const tlv = (type: number, length: number, ...value: number[]): number[] => [
  ...u16(type),
  ...u16(length),
  ...value,
]

/** By opaque type: 1 traffic engineering, 4 router information, 7 extended prefix, 8 extended link. */
const bodies: Record<string, [opaqueType: number, data: readonly number[]]> = {
  'CVE-2024-27913: a TE link without a local address': [1, tlv(2, 8, ...tlv(1, 1, 1, 0, 0, 0))],
  'CVE-2024-34088: a TE link without link id': [1, tlv(2, 0)],
  'CVE-2024-31950: an SR sub-TLV whose size nobody checked': [
    4,
    tlv(9, 12, 0, 0, 0, 1, ...tlv(1, 0xffff, 1)),
  ],
  'FRR #16860: an SR-Algorithm TLV of 200 algorithms': [4, tlv(8, 200, ...Array(200).fill(1))],
  'CVE-2024-31951: an Adj-SID sub-TLV longer than its TLV': [
    8,
    tlv(1, 20, ...u32(far), ...u32(0), ...u32(0), ...tlv(2, 0xff, 0)),
  ],
  'FRR #22818: an Ext-Prefix TLV of exactly 8 octets': [7, tlv(1, 8, 1, 32, 0, 0, ...u32(far))],
  'CVE-2025-61099 to 61107: a TLV of length 0': [1, tlv(1, 0)],
  'a TLV of length 1, unpadded': [4, tlv(7, 1, 0x61)],
  'a TLV of length 65535': [4, tlv(7, 0xffff, 0x61)],
  'CVE-2026-28532: lengths whose sum wraps 16 bits': [
    4,
    Array.from({ length: 16 }, () => tlv(7, 0xfff0)).flat(),
  ],
  'four thousand TLVs of nothing': [4, Array.from({ length: 4000 }, () => tlv(7, 0)).flat()],
  'half a TLV header': [4, [0, 7]],
  'no data': [4, []],
  'a hostname of escape sequences': [4, tlv(7, 8, 0x1b, 0x5b, 0x32, 0x4a, 0x0a, 0x0d, 0x00, 0x61)],
  'a hostname of 4,000 octets': [4, tlv(7, 4000, ...Array(4000).fill(0x61))],
}

for (const [name, [opaqueType, data]] of Object.entries(bodies)) {
  for (const type of [9, 10, 11]) {
    t.test(`${name}, as LS type ${type}`, async (t) => {
      const { bench } = segment('Point-to-point')
      const [peer] = bench.peers
      // a neighbor that knows opaque LSAs
      Object.assign(peer!, { ddOptions: 0x42 })
      peer!.hello({ neighbors: [] })
      peer!.hello()
      bench.run(6)
      peer!.to('Full')
      const lsId = opaqueType * 0x1000000
      peer!.sendBytes(packet(peer!, 4, update([lsa(type, lsId, far, data)])))
      t.same(bench.drops, {})
      t.ok(bench.entry({ type, lsId, advertisingRouter: far }), 'kept as it is')
      t.equal(bench.said('opaque').length, 1)
      bench.run(10)
      t.equal(peer!.state, 'Full')
      bench.router.database(0)
    })
  }
  if (opaqueType === 4) {
    t.test(`${name}, read as router information`, async (t) => {
      const { hostname } = decodeRouterInformation(Uint8Array.from(data))
      t.ok(hostname === undefined || /^[!-~]{1,255}$/.test(hostname), 'what is shown can be shown')
    })
  }
}
