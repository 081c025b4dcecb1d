/** The header, and who may send what to whom (RFC 2328 8.2): each case of the hostile-packet list by its name. */
import t from 'tap'
import { allDRouters, ip, us } from '../core/bench.ts'
import { type Case, cases, packet, say, u16, u32 } from './case.ts'

const HELLO = 1
/** A Hello as the bench's neighbors send it. */
const hello = [...u32(0xffffff00), ...u16(10), 2, 1, ...u32(40), ...u32(0), ...u32(0), ...u32(us)]

const cut =
  (octets: number): Case['send'] =>
  (peer) =>
    peer.sendBytes(packet(peer, HELLO, hello).subarray(0, octets))

t.test('header', async (t) => {
  cases(t, {
    'no octet at all': { send: cut(0), drops: { runt: 1 } },
    'a runt of 23 octets': { send: cut(23), drops: { runt: 1 } },
    'CVE-2011-3325: a Hello cut to 14 octets': { send: cut(14), drops: { runt: 1 } },
    'CVE-2011-3325: packet type 0x0a': { send: say(0x0a, hello), drops: { 'unknown-type': 1 } },
    'packet type 0': { send: say(0, hello), drops: { 'unknown-type': 1 } },
    'packet type 6': { send: say(6, hello), drops: { 'unknown-type': 1 } },
    'version 0': { send: say(HELLO, hello, { version: 0 }), drops: { version: 1 } },
    'version 3': { send: say(HELLO, hello, { version: 3 }), drops: { version: 1 } },
    'length 0': { send: say(HELLO, hello, { length: 0 }), drops: { length: 1 } },
    'length 23': { send: say(HELLO, hello, { length: 23 }), drops: { length: 1 } },
    'one octet more than there are': {
      send: say(HELLO, hello, { length: 24 + hello.length + 1 }),
      drops: { length: 1 },
    },
    'length 65535': { send: say(HELLO, hello, { length: 0xffff }), drops: { length: 1 } },
    'trailing octets are no part of it': {
      send: say(HELLO, hello, { trailer: [0xff, 0xff, 0, 0, 1, 2, 3] }),
      drops: {},
    },
    'a wrong checksum': { send: say(HELLO, hello, { checksum: 1 }), drops: { checksum: 1 } },
    'a checksum of zero': { send: say(HELLO, hello, { checksum: 0 }), drops: { checksum: 1 } },
    'another area': {
      send: say(HELLO, hello, { areaId: 1 }),
      drops: { 'area-mismatch': 1 },
      also: (t, bench) => t.match(bench.said('mismatch'), [{ field: 'area', theirs: '0.0.0.1' }]),
    },
    'the same again and again is told once': {
      send: (peer, bench) => {
        for (let i = 0; i < 50; i++) say(HELLO, hello, { areaId: 1 })(peer, bench)
      },
      drops: { 'area-mismatch': 50 },
      also: (t, bench) => t.equal(bench.said('mismatch').length, 1),
    },
    'Router ID 0': { send: say(HELLO, hello, { routerId: 0 }), drops: { 'bad-router-id': 1 } },
    'our own Router ID': {
      send: say(HELLO, hello, { routerId: us }),
      drops: { 'duplicate-router-id': 1 },
      also: (t, bench) => t.match(bench.said('duplicate-router-id'), [{ address: '10.0.0.2' }]),
    },
    'from our own address': {
      send: say(HELLO, hello, {}, { source: us }),
      drops: { 'own-packet': 1 },
    },
    'from 0.0.0.0': { send: say(HELLO, hello, {}, { source: 0 }), drops: { 'bad-source': 1 } },
    'from a multicast address': {
      send: say(HELLO, hello, {}, { source: allDRouters }),
      drops: { 'bad-source': 1 },
    },
    'from the broadcast address': {
      send: say(HELLO, hello, {}, { source: 0xffffffff }),
      drops: { 'bad-source': 1 },
    },
    'from another subnet': {
      part: 'DROther',
      send: say(HELLO, hello, {}, { source: ip('10.0.1.2') }),
      drops: { 'bad-source': 1 },
      also: (t, bench) =>
        t.match(bench.said('mismatch'), [{ field: 'subnet', theirs: '10.0.1.2' }]),
    },
    'to somebody else': {
      send: say(HELLO, hello, {}, { destination: ip('10.0.0.77') }),
      drops: { 'bad-destination': 1 },
    },
    'to AllDRouters, when we are neither': {
      part: 'DROther',
      send: say(HELLO, hello, {}, { destination: allDRouters }),
      drops: { 'bad-destination': 1 },
    },
  })
})

t.test('authentication where none is', async (t) => {
  cases(t, {
    'a simple password': {
      send: say(HELLO, hello, {
        auType: 1,
        authentication: [...'password'].map((c) => c.charCodeAt(0)),
      }),
      drops: { 'auth-type': 1 },
    },
    cryptographic: {
      send: say(HELLO, hello, {
        auType: 2,
        authentication: [0, 0, 1, 16],
        trailer: Array(16).fill(7),
      }),
      drops: { 'auth-type': 1 },
    },
    'AuType 3': { send: say(HELLO, hello, { auType: 3 }), drops: { 'auth-type': 1 } },
    'AuType 65535': { send: say(HELLO, hello, { auType: 0xffff }), drops: { 'auth-type': 1 } },
  })
})

t.test('Hello', async (t) => {
  /** The same with other octets from `at` on. */
  const but = (at: number, ...octets: number[]): number[] =>
    hello.toSpliced(at, octets.length, ...octets)
  const dead = { at: 8 }
  cases(t, {
    'a body that is no multiple of four': {
      send: say(HELLO, [...hello, 9]),
      drops: { malformed: 1 },
    },
    'a body of nothing': { send: say(HELLO, []), drops: { malformed: 1 } },
    'a mask with holes': {
      part: 'DROther',
      send: say(HELLO, but(0, ...u32(0xff00ff00))),
      drops: { 'hello-mismatch': 1 },
    },
    'HelloInterval 0': { send: say(HELLO, but(4, 0, 0)), drops: { 'hello-mismatch': 1 } },
    'RouterDeadInterval 0': {
      send: say(HELLO, but(dead.at, ...u32(0))),
      drops: { 'hello-mismatch': 1 },
    },
    'RouterDeadInterval 0xffffffff': {
      send: say(HELLO, but(dead.at, ...u32(0xffffffff))),
      drops: { 'hello-mismatch': 1 },
      also: (t, bench) => t.match(bench.said('mismatch'), [{ field: 'RouterDeadInterval' }]),
    },
    'no E-bit': { send: say(HELLO, but(6, 0)), drops: { 'hello-mismatch': 1 } },
    'an N-bit': { send: say(HELLO, but(6, 0x0a)), drops: { 'hello-mismatch': 1 } },
    'options that nobody has assigned': { send: say(HELLO, but(6, 0x82)), drops: {} },
    'our Router ID twice': { send: say(HELLO, [...hello, ...u32(us)]), drops: {} },
    'more neighbors than fit a packet of our MTU': {
      send: say(HELLO, [
        ...hello,
        ...Array.from({ length: 5000 }, (_, i) => u32(0x0b000000 + i)).flat(),
      ]),
      drops: {},
    },
    'priority 255 does not move who is elected': {
      part: 'DR',
      send: (peer) => peer.hello({ priority: 255 }),
      drops: {},
      also: (t, bench) => t.equal(bench.iface().state, 'DR'),
    },
    'it names a Designated Router that nobody knows': {
      part: 'DR',
      send: (peer) => peer.hello({ designatedRouter: ip('10.0.0.200') }),
      drops: {},
      also: (t, bench) => t.equal(bench.iface().state, 'DR'),
    },
    'it says one-way: the adjacency is over, and comes again': {
      send: (peer) => peer.hello({ neighbors: [] }),
      drops: {},
      state: 'Init',
      also: (t, bench) => t.equal(bench.iface().neighbors.size, 1),
    },
  })
})

t.test(
  'two on one segment with one Router ID are two neighbors, and neither is lost',
  async (t) => {
    cases(t, {
      'the same Router ID from another address': {
        part: 'DR',
        send: (peer) => peer.sendBytes(packet(peer, HELLO, hello), { source: ip('10.0.0.66') }),
        drops: {},
        also: (t, bench) => t.equal(bench.iface().neighbors.size, 3),
      },
    })
  },
)
