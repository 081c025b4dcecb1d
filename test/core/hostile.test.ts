/** Packets that nobody should send, to a router that lives: nothing throws, nothing grows, nobody else is disturbed. */
import t from 'tap'
import { Random } from '../../lib/sim/random.ts'
import { fletcher, ipChecksum } from '../../lib/wire/checksum.ts'
import { encodePacket, type PacketBody } from '../../lib/wire/packet.ts'
import {
  allDRouters,
  allSpfRouters,
  type Bench,
  externalLsa,
  ip,
  madeUp,
  networkLsa,
  type Part,
  pointToPoint,
  routerLsa,
  segment,
  us,
} from './bench.ts'

/** OSPF_SEED repeats a run. */
const seed = Number(process.env['OSPF_SEED'] ?? 89)
const PACKETS = 20_000
/** No octet of it is one of the others'. */
const attacker = ip('10.0.0.99')
const attackerId = ip('66.67.68.69')
const limits = { lsas: 300, neighborsPerInterface: 20, mismatches: 16 }

const lsas = [
  madeUp(attackerId, { sequence: 3 }),
  routerLsa(attackerId, [pointToPoint(us, attacker)], { sequence: 4 }),
  madeUp(us, { sequence: 99 }),
  networkLsa(us, attackerId, [us, attackerId]),
  externalLsa('192.0.2.0', attackerId),
  madeUp(ip('20.0.0.1'), { age: 3600 }),
]
const headers = lsas.map((lsa) => lsa.header)
const dd = { kind: 'database-description', mtu: 1500, options: 2 } as const
const hello = {
  kind: 'hello',
  networkMask: 0xffffff00,
  helloInterval: 10,
  options: 2,
  priority: 0,
  deadInterval: 40,
  designatedRouter: 0,
  backupDesignatedRouter: 0,
} as const
/** What the mutations start from. */
const valid: readonly PacketBody[] = [
  { ...hello, neighbors: [us] },
  { ...hello, neighbors: [us] },
  { ...hello, neighbors: [] },
  { ...dd, flags: { init: true, more: true, master: true }, sequence: 7, headers: [] },
  { ...dd, flags: { init: false, more: true, master: true }, sequence: 8, headers },
  { ...dd, flags: { init: false, more: false, master: true }, sequence: 9, headers: [] },
  { kind: 'ls-request', requests: [{ type: 1, lsId: us, advertisingRouter: us }] },
  { kind: 'ls-request', requests: headers },
  { kind: 'ls-update', lsas },
  { kind: 'ls-update', lsas: lsas.slice(0, 1) },
  { kind: 'ls-ack', headers },
]
const samples = valid.map((body) => encodePacket({ routerId: attackerId, areaId: 0 }, body))

function noise(random: Random): Uint8Array {
  return Uint8Array.from({ length: random.int(random.chance(0.1) ? 1500 : 80) }, () =>
    random.int(256),
  )
}

/** A valid packet, damaged, its checksums made good again as often as not. */
function mutant(random: Random): Uint8Array {
  let bytes = new Uint8Array(random.pick(samples))
  if (random.chance(0.15)) bytes = bytes.slice(0, random.int(bytes.length))
  if (random.chance(0.1)) bytes = Uint8Array.from([...bytes, ...noise(random)])
  for (let i = random.int(6); i > 0 && bytes.length > 0; i--) {
    const at = random.chance(0.15) ? random.int(24) : random.int(bytes.length)
    if (at < bytes.length) bytes[at] = random.pick([0, 1, 0xff, 0x80, random.int(256)])
  }
  if (bytes.length < 24 || random.chance(0.2)) return bytes
  const view = new DataView(bytes.buffer)
  if (random.chance(0.8)) view.setUint16(2, bytes.length)
  // a Hello of a router that could be elected may rightly move everybody
  if (bytes[1] === 1 && bytes.length > 31) bytes[31] = 0
  if (bytes[1] === 4) mend(bytes, view)
  view.setUint16(12, 0)
  view.setUint16(12, ipChecksum(bytes, 16, 24))
  return bytes
}

/** Makes the LS checksums of an update good. */
function mend(bytes: Uint8Array, view: DataView): void {
  for (let at = 28; at + 20 <= bytes.length; ) {
    const length = view.getUint16(at + 18)
    if (length < 20 || at + length > bytes.length) return
    view.setUint16(at + 16, fletcher(bytes.subarray(at, at + length)))
    at += length
  }
}

/** Everything that could grow, counted. */
function size(bench: Bench): number {
  let count = bench.router.database(0).length
  for (const iface of bench.router.interfaces.values()) {
    count += iface.floodQueue.size + iface.delayedAcks.length + iface.mismatches.size
    for (const n of iface.neighbors.values()) {
      count += 1 + n.retransmissions.size + n.requests.size + n.requested.size
      count += n.summaryList.length + n.directUpdates.size + n.directAcks.length + n.withheld.size
    }
  }
  return count
}

for (const part of ['DR', 'Backup', 'DROther'] as const satisfies Part[]) {
  t.test(`${PACKETS} hostile packets to a ${part}, seed ${seed}`, async (t) => {
    const random = new Random(seed).fork(part)
    const { bench, peers } = segment(part, { limits }, 1)
    const before = peers.map((p) => p.state)
    for (const peer of peers) peer.acknowledges = true
    let largest = 0
    for (let i = 0; i < PACKETS; i++) {
      const bytes = random.chance(0.3) ? noise(random) : mutant(random)
      const destination = random.pick([allSpfRouters, allDRouters, us, us])
      const source = random.chance(0.95) ? attacker : random.u32() | 0x80000000
      const theirs = peers.some((p) => p.address === source >>> 0)
      try {
        if (!theirs) bench.datagram({ source: source >>> 0, destination, bytes })
      } catch (error) {
        t.fail(`packet ${i}, ${Buffer.from(bytes).toString('hex')}: ${String(error)}`)
      }
      if (random.chance(0.1)) bench.run(random.next() / 10)
      if (i % 100 === 0) {
        largest = Math.max(largest, size(bench))
        bench.forget()
        bench.inputs.length = bench.outputs.length = 0
      }
    }
    t.ok(largest < 20 * limits.lsas, `at most ${largest} items in all lists`)
    t.ok(bench.router.database(0).length <= limits.lsas)
    t.ok(bench.iface().neighbors.size <= limits.neighborsPerInterface)
    t.equal(bench.iface().state, part)
    t.same(
      peers.map((p) => p.state),
      before,
      'the others are as they were',
    )
    const { drops, received } = bench.router.counters
    const dropped = Object.values(drops).reduce((sum, n) => sum + n, 0)
    t.ok(dropped > PACKETS / 2, `${dropped} of ${received} dropped`)
    t.ok(Object.keys(drops).length > 12, `for ${Object.keys(drops).length} reasons`)
    for (const peer of peers) peer.acknowledge()
    const own = bench.ownRouterLsa()!
    bench.run(30)
    t.ok(bench.ownRouterLsa()!.ours && own.ours, 'our own LSA is ours')
  })
}

t.test(`a neighbor that is Full and hostile, seed ${seed}`, async (t) => {
  const random = new Random(seed).fork('insider')
  const { bench, peers } = segment('Point-to-point', { limits })
  const [peer] = peers
  const other = peer!.routerId
  for (let i = 0; i < 4000; i++) {
    const bytes = mutant(random)
    const view = new DataView(bytes.buffer)
    if (bytes.length >= 24) {
      view.setUint32(4, other)
      view.setUint16(12, 0)
      view.setUint16(12, ipChecksum(bytes, 16, 24))
    }
    peer!.sendBytes(bytes)
    if (random.chance(0.1)) bench.run(random.next())
    if (i % 20 === 0) bench.forget()
    if (peer!.state !== 'Full' && random.chance(0.2)) {
      peer!.hello({ neighbors: [] })
      peer!.to('Full')
    }
    if (size(bench) > 20 * limits.lsas) t.fail(`${size(bench)} items`)
  }
  t.pass('nothing thrown')
  peer!.hello({ neighbors: [] })
  peer!.to('Full')
  peer!.acknowledges = true
  bench.run(60)
  peer!.acknowledge()
  t.ok(bench.ownRouterLsa()?.ours, 'after all of it our own LSA is what we say')
  t.equal(bench.ownLinks().length, 2)
})
