/** The receive path: a router with a neighbor in some state, and packets of that neighbor, damaged. */
import assert from 'node:assert/strict'
import { fletcher, ipChecksum } from '../../lib/wire/checksum.ts'
import { encodePacket, type PacketBody } from '../../lib/wire/packet.ts'
import {
  Bench,
  externalLsa,
  ip,
  lsaOf,
  madeUp,
  networkLsa,
  Peer,
  pointToPoint,
  routerLsa,
  us,
} from '../core/bench.ts'
import type { Target } from './fuzz-engine.ts'

const peerId = ip('10.0.0.2')
const limits = { lsas: 50, neighborsPerInterface: 5, mismatches: 8 }
const states = ['Full', 'Exchange', 'Loading', 'ExStart'] as const

const data = Uint8Array.from([0, 1, 0, 4, 0x20, 0, 0, 0])
const lsas = [
  madeUp(peerId, { sequence: 3 }),
  routerLsa(peerId, [pointToPoint(us, peerId)], { sequence: 4 }),
  madeUp(us, { sequence: 99 }),
  networkLsa(peerId, peerId, [us, peerId]),
  externalLsa('192.0.2.0', peerId),
  madeUp(ip('20.0.0.1'), { age: 3600 }),
  lsaOf(3, ip('192.0.2.0'), peerId, {
    kind: 'summary',
    mask: 0xffffff00,
    metric: 7,
    tos: [],
  }),
  lsaOf(10, 0x04000000, peerId, { kind: 'opaque', opaqueType: 4, opaqueId: 0, data }),
]
const headers = lsas.map((lsa) => lsa.header)
const dd = { kind: 'database-description', mtu: 1500, options: 0x42 } as const
const valid: readonly PacketBody[] = [
  {
    kind: 'hello',
    networkMask: 0xffffff00,
    helloInterval: 10,
    options: 2,
    priority: 1,
    deadInterval: 40,
    designatedRouter: 0,
    backupDesignatedRouter: 0,
    neighbors: [us],
  },
  { ...dd, flags: { init: true, more: true, master: true }, sequence: 7, headers: [] },
  { ...dd, flags: { init: false, more: true, master: true }, sequence: 0x1001, headers },
  { ...dd, flags: { init: false, more: false, master: true }, sequence: 0x1002, headers: [] },
  { kind: 'ls-request', requests: [{ type: 1, lsId: us, advertisingRouter: us }] },
  { kind: 'ls-request', requests: headers },
  ...lsas.map((lsa) => ({ kind: 'ls-update', lsas: [lsa] }) as const),
  { kind: 'ls-update', lsas },
  { kind: 'ls-ack', headers },
]

/** An input: the state, then for each packet how far to put it right, two octets of length, and the packet. */
function inputOf(state: number, bodies: readonly PacketBody[]): Uint8Array {
  const packets = bodies.map((body) => encodePacket({ routerId: peerId, areaId: 0 }, body))
  const parts = packets.flatMap((bytes) => [
    MENDED,
    bytes.length >> 8,
    bytes.length & 0xff,
    ...bytes,
  ])
  return Uint8Array.from([state, ...parts])
}

const MENDED = 1

/** Makes lengths and checksums good, without which a packet does not get far. */
function mend(bytes: Uint8Array): void {
  if (bytes.length < 24) return
  const view = new DataView(bytes.buffer)
  view.setUint8(0, 2)
  view.setUint16(2, bytes.length)
  view.setUint32(4, peerId)
  view.setUint32(8, 0)
  if (bytes[1] === 4) {
    for (let at = 28; at + 20 <= bytes.length; ) {
      const length = view.getUint16(at + 18)
      if (length < 20 || at + length > bytes.length) break
      view.setUint16(at + 16, fletcher(bytes.subarray(at, at + length)))
      at += length
    }
  }
  view.setUint16(12, 0)
  view.setUint16(14, 0)
  view.setUint16(12, ipChecksum(bytes, 16, 24))
}

export const receive: Target = {
  name: 'receive',
  maximumLength: 4096,
  seeds: () => [
    ...valid.flatMap((body, i) => [inputOf(i % 4, [body]), inputOf(0, [body])]),
    ...states.map((_, state) => inputOf(state, valid)),
  ],
  run: (input) => {
    const bench = new Bench({ limits })
    bench.up({ network: 'point-to-point' })
    const peer = new Peer(bench, { opaque: true }).to(states[(input[0] ?? 0) % states.length]!)
    for (let at = 1; at + 3 <= input.length; ) {
      const [how = 0, high = 0, low = 0] = input.subarray(at, at + 3)
      const bytes = input.slice(at + 3, at + 3 + high * 256 + low)
      at += 3 + high * 256 + low
      if (how & MENDED) mend(bytes)
      peer.sendBytes(bytes)
      bench.run((how >> 4) / 4)
    }
    bench.run(6)
    // those of our own always fit
    const theirs = bench.router.database(bench.now * 1000).filter(({ own }) => !own)
    assert(theirs.length <= limits.lsas, `${theirs.length} LSAs`)
    assert(bench.iface().neighbors.size <= limits.neighborsPerInterface)
  },
}
