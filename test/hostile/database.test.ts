/** Database Description, Link State Request and Acknowledgment packets of the hostile-packet list. */
import t from 'tap'
import { routerLsa, us } from '../core/bench.ts'
import { type Also, type Case, cases, lsa, say, u16, u32 } from './case.ts'

const DD = 2
const REQUEST = 3
const ACK = 5
const dd = (flags: number, sequence: number, { mtu = 1500, options = 2 } = {}): number[] => [
  ...u16(mtu),
  options,
  flags,
  ...u32(sequence),
]
const [I, M, MS] = [4, 2, 1]
/** A header of type `type`, of somebody unknown. */
const header = (type: number): number[] => lsa(type, 0x0b0b0b0b, 0x0b0b0b0b, []).slice(0, 20)
const again: Case['send'] = (peer) => peer.hello()

t.test(
  'Database Description to a neighbor that is Full: whatever it is, at worst the exchange begins anew',
  async (t) => {
    const anew = { drops: {}, state: 'ExStart' } as const
    cases(t, {
      'a body of seven octets': { send: say(DD, dd(0, 1).slice(1)), drops: { malformed: 1 } },
      'a header that is cut': {
        send: say(DD, [...dd(0, 1), ...header(1).slice(1)]),
        drops: { malformed: 1 },
      },
      'MTU 65535': { send: say(DD, dd(MS, 1, { mtu: 65535 })), drops: { 'mtu-mismatch': 1 } },
      'MTU 0': { send: say(DD, dd(MS, 0xdead, { mtu: 0 })), ...anew },
      'I alone': { send: say(DD, dd(I, 0xdead)), ...anew },
      'M alone': { send: say(DD, dd(M, 0xdead)), ...anew },
      'MS alone': { send: say(DD, dd(MS, 0xdead)), ...anew },
      'I and M': { send: say(DD, dd(I | M, 0xdead)), ...anew },
      'I and MS': { send: say(DD, dd(I | MS, 0xdead)), ...anew },
      'sequence number 0': { send: say(DD, dd(MS, 0)), ...anew },
      'sequence number 0xffffffff': { send: say(DD, dd(MS, 0xffffffff)), ...anew },
    })
  },
)

/** A neighbor that is just in the exchange, and sends something. */
const exchanging =
  (body: (sequence: number) => readonly number[], asMaster = MS): Case['send'] =>
  (peer, bench) => {
    peer.hello({ neighbors: [] })
    peer.hello()
    bench.run(6)
    peer.to('Exchange')
    const sequence = peer.isMaster ? peer.lastDd!.sequence + 1 : peer.heardDd!.sequence
    say(DD, [...dd(M | asMaster, sequence), ...body(sequence)])(peer, bench)
  }

t.test('Database Description in the exchange', async (t) => {
  const types = Object.fromEntries(
    [0, 6, 8, 12, 255].map((type): [string, Case] => [
      `a summary of LS type ${type}`,
      { send: exchanging(() => header(type)), drops: {}, state: 'ExStart' },
    ]),
  )
  cases(t, {
    ...types,
    'a summary of a type 9 LSA from who knows no opaque LSAs': {
      send: exchanging(() => header(9)),
      drops: {},
      state: 'Exchange',
    },
    'both are the slave': { send: exchanging(() => [], 0), drops: {}, state: 'ExStart' },
    'the options change': {
      send: (peer, bench) => {
        exchanging(() => [])(peer, bench)
        const sequence = peer.lastDd!.sequence + 2
        say(DD, dd(M | MS, sequence, { options: 0x42 }))(peer, bench)
      },
      drops: {},
      state: 'ExStart',
    },
    'ExStart a thousand times in a second': {
      send: (peer, bench) => {
        peer.hello({ neighbors: [] })
        peer.hello()
        for (let i = 0; i < 1000; i++) {
          say(DD, dd(I | M | MS, 0x2000 + i))(peer, bench)
          bench.run(0.001)
        }
      },
      drops: {},
      state: 'ExStart',
      also: (t, bench) => {
        const answers = bench.packets('database-description').length
        t.ok(answers <= 1001, `answered ${answers} times`)
        t.ok(bench.iface().neighbors.size === 1)
      },
    },
  })
})

const request = (type: number, lsId: number, advertisingRouter: number): number[] => [
  ...u32(type),
  ...u32(lsId),
  ...u32(advertisingRouter),
]

t.test('Link State Request', async (t) => {
  cases(t, {
    'an odd length': { send: say(REQUEST, [...request(1, us, us), 1]), drops: { malformed: 1 } },
    'cut in the middle': {
      send: say(REQUEST, request(1, us, us).slice(0, 8)),
      drops: { malformed: 1 },
    },
    'an empty one': { send: say(REQUEST, []), drops: {} },
    'for what we do not have: BadLSReq': {
      send: say(REQUEST, request(1, 0x0b0b0b0b, 0x0b0b0b0b)),
      drops: {},
      state: 'ExStart',
    },
    'for LS type 0': { send: say(REQUEST, request(0, us, us)), drops: {}, state: 'ExStart' },
    'for LS type 0x01000001': {
      send: say(REQUEST, request(0x01000001, us, us)),
      drops: {},
      state: 'ExStart',
    },
    'ten thousand times the same is one LSA': {
      send: (peer, bench) => {
        bench.forget()
        const hundred = Array.from({ length: 100 }, () => request(1, us, us)).flat()
        for (let i = 0; i < 100; i++) say(REQUEST, hundred)(peer, bench)
      },
      drops: {},
      also: (t, bench) => {
        const sent = bench.packets('ls-update')
        t.ok(sent.length <= 100, `${sent.length} updates`)
        t.ok(sent.every(({ body }) => body.lsas.length === 1))
      },
    },
  })
})

t.test('Link State Acknowledgment', async (t) => {
  /** Makes us owe something that is not acknowledged, and acknowledges something like it. */
  const wrong =
    (octets: (header: readonly number[]) => readonly number[]): Case['send'] =>
    (peer, bench) => {
      bench.config({ type: 'announce', stub: { area: 0, prefix: 0xc0000200, length: 32, cost: 0 } })
      bench.run(0.5)
      const { raw } = bench.ownRouterLsa()!.lsa
      say(ACK, octets([...raw.subarray(0, 20)]))(peer, bench)
    }
  const owed: Also = (t, _bench, peer) =>
    t.equal(peer.neighbor?.retransmissions.size, 1, 'the LSA is still to be acknowledged')
  const but = (at: number, octet: number) => (header: readonly number[]) =>
    header.with(at, (header[at]! ^ octet) & 255)
  cases(t, {
    'cut in the middle of a header': {
      send: wrong((h) => h.slice(0, 19)),
      drops: { malformed: 1 },
      also: owed,
    },
    'of an LSA that nobody has': { send: say(ACK, header(1)), drops: {} },
    'of LS type 0': { send: say(ACK, header(0)), drops: {} },
    'of another sequence number': { send: wrong(but(15, 1)), drops: {}, also: owed },
    'of another checksum': { send: wrong(but(17, 1)), drops: {}, also: owed },
    'of another age': { send: wrong((h) => [0x0e, 0x10, ...h.slice(2)]), drops: {}, also: owed },
    'of the instance itself': {
      send: wrong((h) => h),
      drops: {},
      also: (t, _bench, peer) => t.equal(peer.neighbor?.retransmissions.size, 0),
    },
    'of nothing': { send: say(ACK, []), drops: {} },
    'seventy thousand of what nobody has': {
      send: (peer, bench) => {
        const many = Array.from({ length: 1000 }, () => header(5)).flat()
        for (let i = 0; i < 70; i++) say(ACK, many)(peer, bench)
      },
      drops: {},
    },
  })
})

t.test('a packet of a neighbor that is no neighbor', async (t) => {
  const { raw } = routerLsa(0x0b0b0b0b, [])
  cases(t, {
    'Database Description': {
      send: say(DD, dd(I | M | MS, 1), { routerId: 0x0c0c0c0c }),
      drops: { 'unknown-neighbor': 1 },
    },
    'Link State Update': {
      send: say(4, [...u32(1), ...raw], { routerId: 0x0c0c0c0c }),
      drops: { 'unknown-neighbor': 1 },
    },
    'Link State Acknowledgment': {
      send: say(ACK, header(1), { routerId: 0x0c0c0c0c }),
      drops: { 'unknown-neighbor': 1 },
    },
    'and a Hello that is as ever': { send: again, drops: {} },
  })
})
