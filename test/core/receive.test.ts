import t from 'tap'
import type { DropReason } from '../../lib/core/events.ts'
import type { Datagram } from '../../lib/core/io.ts'
import { ipChecksum } from '../../lib/wire/checksum.ts'
import { encodePacket, type PacketBody } from '../../lib/wire/packet.ts'
import { allDRouters, allSpfRouters, Bench, ip, madeUp, Peer, segment, us } from './bench.ts'

const hello: PacketBody = {
  kind: 'hello',
  networkMask: 0xffffff00,
  helloInterval: 10,
  options: 2,
  priority: 1,
  deadInterval: 40,
  designatedRouter: 0,
  backupDesignatedRouter: 0,
  neighbors: [],
}
const source = ip('10.0.0.2')
const helloBytes = (routerId = source, areaId = 0): Uint8Array =>
  encodePacket({ routerId, areaId }, hello)

/** The bytes changed, and the checksum made good again. */
function patched(change: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = helloBytes()
  change(bytes)
  const view = new DataView(bytes.buffer)
  view.setUint16(12, 0)
  view.setUint16(12, ipChecksum(bytes, 16, 24))
  return bytes
}

function received(
  datagram: Partial<Datagram>,
  network: 'broadcast' | 'point-to-point' = 'broadcast',
) {
  const bench = new Bench()
  bench.up({ network })
  bench.datagram({ source, destination: allSpfRouters, bytes: helloBytes(), ...datagram })
  return { bench, known: bench.iface().neighbors.size === 1 }
}

t.test('8.2: a good packet passes, to AllSPFRouters or to our address', async (t) => {
  for (const destination of [allSpfRouters, us]) {
    const { bench, known } = received({ destination })
    t.ok(known)
    t.same(bench.drops, {})
    t.equal(bench.router.counters.received, 1)
  }
})

const wrong: [what: string, datagram: Partial<Datagram>, reason: DropReason][] = [
  ['less than a header', { bytes: helloBytes().subarray(0, 23) }, 'runt'],
  ['nothing at all', { bytes: new Uint8Array(0) }, 'runt'],
  ['a body cut short', { bytes: helloBytes().subarray(0, 43) }, 'length'],
  ['a length below the header', { bytes: patched((b) => b.fill(0, 2, 4)) }, 'length'],
  ['OSPF version 3', { bytes: patched((b) => b.fill(3, 0, 1)) }, 'version'],
  ['type 0', { bytes: patched((b) => b.fill(0, 1, 2)) }, 'unknown-type'],
  ['type 6', { bytes: patched((b) => b.fill(6, 1, 2)) }, 'unknown-type'],
  ['a bad checksum', { bytes: helloBytes().fill(9, 30, 31) }, 'checksum'],
  ['another area', { bytes: helloBytes(source, 1) }, 'area-mismatch'],
  ['AuType 1', { bytes: patched((b) => b.fill(1, 15, 16)) }, 'auth-type'],
  ['AuType 2', { bytes: patched((b) => b.fill(2, 15, 16)) }, 'auth-type'],
  ['Router ID 0', { bytes: helloBytes(0) }, 'bad-router-id'],
  ['our own Router ID', { bytes: helloBytes(us) }, 'duplicate-router-id'],
  ['our own address as source', { source: us }, 'own-packet'],
  ['source 0.0.0.0', { source: 0 }, 'bad-source'],
  ['a multicast source', { source: ip('224.0.0.5') }, 'bad-source'],
  ['a source in another subnet', { source: ip('10.0.1.2') }, 'bad-source'],
  ['to a host that is not us', { destination: ip('10.0.0.9') }, 'bad-destination'],
  ['to the broadcast address', { destination: ip('10.0.0.255') }, 'bad-destination'],
  ['to AllDRouters, which we are not of', { destination: allDRouters }, 'bad-destination'],
]
for (const [what, datagram, reason] of wrong) {
  t.test(`8.2: ${what}: ${reason}`, async (t) => {
    const { bench, known } = received(datagram)
    t.notOk(known)
    t.same(bench.drops, { [reason]: 1 })
    t.same(bench.router.interfacesNow()[0]!.drops, { [reason]: 1 }, 'counted by interface too')
  })
}

t.test('8.2: a packet that goes on after its length is read to its length', async (t) => {
  const bytes = new Uint8Array(100)
  bytes.set(helloBytes())
  t.ok(received({ bytes }).known)
})

t.test('8.2: the subnet does not matter on point-to-point networks', async (t) => {
  t.ok(received({ source: ip('192.168.9.9') }, 'point-to-point').known)
})

t.test('8.2: AllDRouters is for the DR and the Backup', async (t) => {
  for (const part of ['DR', 'Backup', 'DROther'] as const) {
    const { bench } = segment(part)
    const bytes = helloBytes(ip('10.0.0.50'))
    bench.datagram({ source: ip('10.0.0.50'), destination: allDRouters, bytes })
    t.equal(bench.dropped('bad-destination'), part === 'DROther' ? 1 : 0, part)
  }
})

t.test('8.2: what is no Hello must come from a neighbor, by address and Router ID', async (t) => {
  const bench = new Bench()
  bench.up()
  const peer = new Peer(bench)
  peer.request()
  t.same(bench.drops, { 'unknown-neighbor': 1 })
  peer.hello()
  const impostor = new Peer(bench, { address: peer.address, routerId: ip('6.6.6.6') })
  impostor.request()
  impostor.dd()
  impostor.update()
  impostor.ack()
  t.same(bench.drops, { 'unknown-neighbor': 5 })
})

t.test('8.2: an interface that is down hears nothing, one that is not there neither', async (t) => {
  const bench = new Bench()
  bench.up()
  bench.unlink()
  bench.datagram({ source, bytes: helloBytes() })
  t.same(bench.drops, { 'interface-down': 1 })
  bench.datagram({ interface: 'eth7', source, bytes: helloBytes() })
  t.same(bench.drops, { 'interface-down': 1 })
})

t.test('8.2: a disagreement about area, subnet or authentication is said once', async (t) => {
  const cases = [
    ['area', { bytes: helloBytes(source, 1) }, '0.0.0.0', '0.0.0.1'],
    ['subnet', { source: ip('10.0.1.2') }, '10.0.0.0/24', '10.0.1.2'],
    [
      'authentication type',
      { bytes: patched((b) => b.fill(2, 15, 16)) },
      '0 (null)',
      '2 (cryptographic)',
    ],
  ] as const
  for (const [field, datagram, ours, theirs] of cases) {
    const { bench } = received(datagram)
    for (let i = 0; i < 4; i++) bench.datagram({ source, bytes: helloBytes(), ...datagram })
    t.match(bench.said('mismatch'), [{ field, ours, theirs }])
    t.equal(bench.said('mismatch').length, 1)
  }
})

t.test('8.2: a duplicate of our Router ID is said once for each address', async (t) => {
  const bench = new Bench()
  bench.up()
  for (const host of [2, 3, 2, 3, 2]) {
    bench.datagram({ source: ip(`10.0.0.${host}`), bytes: helloBytes(us) })
  }
  t.same(
    bench.said('duplicate-router-id').map((e) => [e.address, e.routerId]),
    [
      ['10.0.0.2', '10.0.0.1'],
      ['10.0.0.3', '10.0.0.1'],
    ],
  )
  t.equal(bench.iface().neighbors.size, 0)
})

t.test('a datagram is a view of a buffer that is used again: nothing of it is kept', async (t) => {
  const { bench, dr: _, peers } = segment('DR')
  const [peer] = peers
  const shared = new Uint8Array(2048)
  const lsa = madeUp(peer!.routerId)
  const body = { kind: 'ls-update', lsas: [lsa] } as const
  const bytes = encodePacket({ routerId: peer!.routerId, areaId: 0 }, body)
  shared.set(bytes, 100)
  peer!.sendBytes(shared.subarray(100, 100 + bytes.length))
  shared.fill(0xff)
  t.same(bench.entry(lsa.header)?.lsa.raw, lsa.raw)
})
