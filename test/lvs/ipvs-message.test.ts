/** What is said to the kernel's IPVS, and what it says: octets in both directions, whole, cut off and damaged. */
import t from 'tap'
import { mistakenTunnel } from '../../lib/lvs/ipvs.ts'
import {
  decodeDaemon,
  decodeDestination,
  decodeFamily,
  decodeInfo,
  decodeService,
  decodeTimeouts,
  encodeCommand,
  encodeDaemon,
  encodeDestination,
  encodeFamilyQuery,
  encodeService,
  encodeTimeouts,
  IpvsCommand,
} from '../../lib/lvs/ipvs-message.ts'
import type {
  IpvsDaemon,
  IpvsDestination,
  IpvsService,
  IpvsServiceKey,
} from '../../lib/lvs/types.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const octets = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))

const u16 = (n: number): string => hex(new Uint8Array([n & 255, n >> 8]))
const u32 = (n: number): string => u16(n & 0xffff) + u16(n >>> 16)
const u64 = (n: bigint): string => u32(Number(n & 0xffffffffn)) + u32(Number(n >> 32n))
const attribute = (type: number, value: string): string => {
  const whole = u16(4 + value.length / 2) + u16(type) + value
  return whole.padEnd(Math.ceil(whole.length / 8) * 8, '0')
}
/** A reply about a service. */
const message = (...attributes: string[]): Uint8Array =>
  octets(`01010000${attribute(1, attributes.join(''))}`)

const web: IpvsServiceKey = { protocol: 'tcp', address: '10.0.1.100', port: 80 }

const services: readonly IpvsService[] = [
  { key: web, scheduler: 'rr' },
  { key: { ...web, protocol: 'udp' }, scheduler: 'wlc', onePacket: true },
  {
    key: { protocol: 'sctp', address: '2001:db8::1', port: 0 },
    scheduler: 'sh',
    flags: ['flag-1', 'flag-2', 'flag-3'],
    persistence: { timeout: 300, prefixLength: 64 },
  },
  {
    key: { fwmark: 0xfffffffe, family: 4 },
    scheduler: 'a-longer-name15',
    persistence: { timeout: 1, prefixLength: 24, engine: 'sip' },
  },
  { key: { fwmark: 1, family: 6 }, scheduler: 'mh', persistence: { timeout: 60 } },
]

const destinations: readonly IpvsDestination[] = [
  { address: '10.0.2.1', port: 8080, forward: 'nat', weight: 0x7fffffff },
  {
    address: '10.0.2.2',
    port: 80,
    forward: 'dr',
    weight: 0,
    upperThreshold: 100,
    lowerThreshold: 50,
  },
  { address: '2001:db8::2', port: 80, forward: 'tun', weight: 1 },
  {
    address: '10.0.2.3',
    port: 80,
    forward: 'tun',
    weight: 1,
    tunnel: { type: 'gue', port: 6080, checksum: 'remote' },
  },
  {
    address: '10.0.2.4',
    port: 80,
    forward: 'tun',
    weight: 1,
    tunnel: { type: 'gre', checksum: 'full' },
  },
]

const daemons: readonly IpvsDaemon[] = [
  { state: 'master', device: 'eth0', syncId: 0 },
  {
    state: 'backup',
    device: 'eth1.100',
    syncId: 255,
    maximumLength: 1400,
    group: '224.0.1.9',
    port: 9000,
    ttl: 3,
  },
  { state: 'master', device: 'eth0', syncId: 1, group: 'ff02::81' },
]

const zero = {
  connections: 0n,
  inPackets: 0n,
  outPackets: 0n,
  inBytes: 0n,
  outBytes: 0n,
  connectionRate: 0n,
  inPacketRate: 0n,
  outPacketRate: 0n,
  inByteRate: 0n,
  outByteRate: 0n,
}
const idle = { activeConnections: 0, inactiveConnections: 0, persistentConnections: 0 }

t.test('the octets of a service and a destination', async (t) => {
  // written by hand from linux/ip_vs.h, on a little-endian machine
  t.equal(
    hex(encodeService(IpvsCommand.newService, services[0]!)),
    `01010000${'48000100'}${'0600010002000000'}${'0600020006000000'}${'080003000a000164'}` +
      `${'0600040000500000'}${'0700060072720000'}${'0c000700000000003d000000'}` +
      `${'0800080000000000'}${'08000900ffffffff'}`,
  )
  t.equal(
    hex(encodeDestination(IpvsCommand.deleteDestination, web, destinations[0]!)).slice(0, 8),
    '07010000',
  )
  t.equal(hex(encodeFamilyQuery()), '03010000090002004950565300000000')
  t.equal(hex(encodeCommand(IpvsCommand.flush)), '11010000')
  t.equal(hex(encodeTimeouts({ tcpFin: 5 })), '0c0100000800050005000000')
})

t.test('services, destinations and daemons come back as they were', async (t) => {
  for (const service of services) {
    const statistics = zero
    t.strictSame(decodeService(encodeService(1, service)), { ...service, statistics })
  }
  for (const destination of destinations) {
    const payload = encodeDestination(5, web, destination)
    t.strictSame(decodeDestination(payload, 4), { ...destination, ...idle, statistics: zero })
  }
  for (const daemon of daemons) t.strictSame(decodeDaemon(encodeDaemon(9, daemon)), daemon)
  const timeouts = { tcp: 900, tcpFin: 120, udp: 300 }
  t.strictSame(decodeTimeouts(encodeTimeouts(timeouts)), timeouts)
})

t.test('what the kernel writes otherwise than we do', async (t) => {
  // 16 octets for an IPv4 address, flags of the kernel's own, counters with padding, and what we do not know
  const counters = attribute(1, u64(7n)) + attribute(11, '') + attribute(4, 'ff'.repeat(8))
  const service = message(
    attribute(1, u16(2)),
    attribute(2, u16(17)),
    attribute(3, `0a000164${'00'.repeat(12)}`),
    attribute(4, '0050'),
    attribute(6, '727200'),
    attribute(7, '02000000ffffffff'),
    attribute(8, u32(0)),
    attribute(9, 'ffffffff'),
    attribute(0x800c, counters),
    attribute(999, u32(1)),
  )
  const decoded = decodeService(service)
  t.strictSame(decoded?.key, { protocol: 'udp', address: '10.0.1.100', port: 80 })
  t.notHas(decoded, 'flags')
  t.notHas(decoded, 'persistence')
  t.equal(decoded?.statistics.connections, 7n)
  t.equal(decoded?.statistics.inBytes, 0xffffffffffffffffn)
  // counters of a kernel before 4.1: 32 bits, but for the octets
  const old = message(
    attribute(1, u16(2)),
    attribute(5, u32(7)),
    attribute(6, '727200'),
    attribute(7, '01000000ffffffff'),
    attribute(9, 'ffffff00'),
    attribute(10, attribute(1, u32(255)) + attribute(4, u64(256n))),
  )
  t.strictSame(decodeService(old), {
    key: { fwmark: 7, family: 4 },
    scheduler: 'rr',
    persistence: { timeout: 0, prefixLength: 24 },
    statistics: { ...zero, connections: 255n, inBytes: 256n },
  })
  t.equal(decodeFamily(octets('0102000006000100190000000900020049505653')), 0x19)
  t.strictSame(decodeInfo(octets('0e01000008000100010201000800020000100000')), {
    version: '1.2.1',
    connectionTableSize: 4096,
  })
})

const decoders: readonly (readonly [string, (bytes: Uint8Array) => unknown, Uint8Array[]])[] = [
  ['service', decodeService, services.map((one) => encodeService(1, one))],
  [
    'destination',
    (bytes) => decodeDestination(bytes, 4),
    destinations.map((one) => encodeDestination(5, web, one)),
  ],
  ['daemon', decodeDaemon, daemons.map((one) => encodeDaemon(9, one))],
  ['timeouts', decodeTimeouts, [encodeTimeouts({ tcp: 900, tcpFin: 120, udp: 300 })]],
  ['info', decodeInfo, [octets('0e01000008000100010201000800020000100000')]],
  ['family', decodeFamily, [octets('01020000060001001900')]],
]

t.test('a reply that is cut off is no reply', async (t) => {
  for (const [name, decode, samples] of decoders) {
    for (const bytes of samples) {
      // the nest, or the last attribute, is not whole: nothing is taken from it
      for (let length = 0; length < bytes.length - 3; length++) {
        const cut = decode(bytes.subarray(0, length))
        if (name === 'destination') continue
        if (cut !== undefined) t.fail(`${name} of ${length} octets out of ${bytes.length}: ${cut}`)
      }
    }
  }
  for (const bytes of decoders[1]![2]) {
    const nest = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint16(4, true)
    for (let length = 0; length < bytes.length - 3; length++) {
      if (length >= nest && decodeDestination(bytes.subarray(0, length), 4) !== undefined) {
        t.fail(`destination of ${length} octets out of ${bytes.length}`)
      }
    }
  }
  t.pass('none was taken')
})

t.test('noise is never thrown at us', async (t) => {
  let seed = 1
  const next = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    return (seed >>> 8) % below
  }
  for (const [name, decode, samples] of decoders) {
    let read = 0
    for (let i = 0; i < 5000; i++) {
      const bytes = i % 2 === 0 ? samples[next(samples.length)]!.slice() : new Uint8Array(next(200))
      for (let n = i % 2 === 0 ? 1 + next(4) : bytes.length; n > 0; n--) {
        bytes[next(bytes.length)] = next(256)
      }
      if (decode(bytes) !== undefined) read++
    }
    t.ok(read > 0, `${name}: some of the damaged ones can still be read`)
  }
})

t.test('values that are none are told by field', async (t) => {
  const service = (change: object): IpvsService => ({ ...services[0]!, ...change })
  const persistence = (change: object) => service({ persistence: { timeout: 300, ...change } })
  const server = (change: object): IpvsDestination => ({ ...destinations[0]!, ...change })
  const tunnel = (change: object) => server({ forward: 'tun', tunnel: change })
  const wrong: readonly (readonly [() => unknown, RegExp])[] = [
    [() => encodeService(1, service({ scheduler: 'sixteen-letters-' })), /^scheduler: expected/],
    [() => encodeService(1, service({ scheduler: '' })), /^scheduler:/],
    [() => encodeService(1, service({ key: { ...web, port: 65536 } })), /^port:/],
    [() => encodeService(1, service({ key: { ...web, address: 'host' } })), /^address:/],
    [() => encodeService(1, service({ key: { ...web, address: 'fe80::1%eth0' } })), /^address:/],
    [() => encodeService(1, service({ key: { ...web, protocol: 'icmp' } })), /^protocol:/],
    [() => encodeService(1, service({ key: { fwmark: 0, family: 4 } })), /^fwmark:/],
    [() => encodeService(1, service({ key: { fwmark: 1, family: 5 } })), /^family:/],
    [() => encodeService(1, service({ flags: ['flag-4'] })), /^flags:/],
    [() => encodeService(1, persistence({ timeout: 0 })), /^persistence.timeout:/],
    [() => encodeService(1, persistence({ prefixLength: 33 })), /^persistence.prefixLength:/],
    [() => encodeService(1, persistence({ engine: 7 })), /^persistence.engine:/],
    [() => encodeDestination(5, web, server({ weight: -1 })), /^destination.weight:/],
    [() => encodeDestination(5, web, server({ weight: 2 ** 31 })), /^destination.weight:/],
    [() => encodeDestination(5, web, server({ forward: 'fnat' })), /^destination.forward:/],
    [() => encodeDestination(5, web, server({ upperThreshold: 0.5 })), /upperThreshold:/],
    [() => encodeDestination(5, web, tunnel({ type: 'vxlan' })), /tunnel.type:/],
    [() => encodeDestination(5, web, tunnel({ type: 'gue' })), /tunnel.port:/],
    [() => encodeDestination(5, web, tunnel({ type: 'gre', port: 1 })), /tunnel.port:/],
    [
      () => encodeDestination(5, web, tunnel({ type: 'gre', checksum: 'remote' })),
      /checksum of gre/,
    ],
    [() => encodeDestination(5, web, server({ tunnel: { type: 'gre' } })), /^destination.tunnel:/],
    [() => encodeDaemon(9, { state: 'master', device: '', syncId: 0 }), /^daemon.device:/],
    [() => encodeDaemon(9, { state: 'master', device: 'e', syncId: 256 }), /^daemon.syncId:/],
    [() => encodeTimeouts({ udp: 0 }), /^timeouts.udp:/],
  ]
  for (const [call, message] of wrong) t.throws(call, { code: 'ERR_OSPF_CONFIG', message })
})

t.test('a kernel that does not know a tunnel is found out', async (t) => {
  const gue = { type: 'gue', port: 6080, checksum: 'full' } as const
  t.equal(mistakenTunnel(gue, undefined), 'it took gue (port 6080, checksum full) for ipip')
  // Linux 5.2 has gue without the flags
  t.match(
    mistakenTunnel(gue, { type: 'gue', port: 6080 }),
    / for gue \(port 6080, checksum none\)$/,
  )
  t.equal(mistakenTunnel(gue, gue), undefined)
  t.equal(mistakenTunnel({ type: 'gre', checksum: 'none' }, { type: 'gre' }), undefined)
  t.equal(mistakenTunnel(undefined, { type: 'ipip' }), undefined)
})
