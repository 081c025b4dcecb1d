/** Link State Updates of the hostile-packet list: what frames an LSA, its header, and what floods. */
import t from 'tap'
import { type Bench, ip, type Peer, routerLsa, stub, us } from '../core/bench.ts'
import { type Also, type Case, cases, lsa, say, u32, update } from './case.ts'

const UPDATE = 4
const far = ip('10.9.9.9')
/** A router-LSA with one stub network. */
const links = [0, 0, 0, 1, ...u32(ip('192.0.2.0')), ...u32(0xffffff00), 3, 0, 0, 1]
const good = lsa(1, far, far, links)
const entry = { type: 1, lsId: far, advertisingRouter: far }
const present: Also = (t, bench) => t.ok(bench.entry(entry), 'the good one is there')
const absent: Also = (t, bench) => t.notOk(bench.entry(entry), 'it is not kept')

t.test('how many there are', async (t) => {
  cases(t, {
    'no count': { send: say(UPDATE, [0, 0, 0]), drops: { malformed: 1 } },
    'count 0': { send: say(UPDATE, u32(0)), drops: {} },
    'count 0 with an LSA': {
      send: say(UPDATE, update([good], 0)),
      drops: { 'lsa-malformed': 1 },
      also: absent,
    },
    'CVE-2012-0249: count 1 and no LSA': {
      send: say(UPDATE, u32(1)),
      drops: { 'lsa-malformed': 1 },
    },
    'count 0xffffffff with one LSA': {
      send: say(UPDATE, update([good], 0xffffffff)),
      drops: { 'lsa-malformed': 1 },
      also: present,
    },
    'one more than there are': {
      send: say(UPDATE, update([good], 2)),
      drops: { 'lsa-malformed': 1 },
      also: present,
    },
    'one octet is left over': {
      send: say(UPDATE, [...update([good]), 0]),
      drops: { 'lsa-malformed': 1 },
      also: present,
    },
  })
})

t.test('how long an LSA says it is', async (t) => {
  const of = (length: number): Case['send'] =>
    say(UPDATE, update([lsa(1, far, far, links, { length })]))
  const broken = { drops: { 'lsa-malformed': 1 }, also: absent } as const
  cases(t, {
    '0': { send: of(0), ...broken },
    '19': { send: of(19), ...broken },
    'more than the packet has': { send: of(40), ...broken },
    '65535': { send: of(0xffff), ...broken },
    'a header and nothing else': { send: say(UPDATE, update([lsa(1, far, far, [])])), ...broken },
    'no multiple of four': {
      send: say(UPDATE, update([lsa(1, far, far, [...links, 0])])),
      ...broken,
    },
    'CVE-2012-0250: a network-LSA with less data than its length': {
      send: say(UPDATE, update([lsa(2, far, far, u32(0xffffff00), { length: 32 })])),
      ...broken,
    },
    'CVE-2013-2236: a router-LSA of 4,000 octets': {
      send: say(
        UPDATE,
        update([
          lsa(1, far, far, [
            0,
            0,
            ...[0x01, 0x48],
            ...Array.from({ length: 328 }, (_, i) => [
              ...u32(0x0b000000 + i),
              ...u32(0xffffffff),
              3,
              0,
              0,
              1,
            ]).flat(),
          ]),
        ]),
      ),
      drops: {},
      also: present,
    },
  })
})

t.test('an update cut at any octet drops no more than what is cut', async (t) => {
  const whole = update([lsa(1, ip('10.9.9.8'), ip('10.9.9.8'), links), good])
  const every: Record<string, Case> = {}
  for (let octets = 4; octets < whole.length; octets++) {
    const firstIsWhole = octets >= 4 + good.length
    every[`after ${octets}`] = {
      send: say(UPDATE, whole.slice(0, octets)),
      drops: { 'lsa-malformed': 1 },
      also: (t, bench) => {
        t.notOk(bench.entry(entry))
        const first = bench.entry({
          type: 1,
          lsId: ip('10.9.9.8'),
          advertisingRouter: ip('10.9.9.8'),
        })
        t.equal(first !== undefined, firstIsWhole)
      },
    }
  }
  cases(t, every)
})

t.test('the header of an LSA', async (t) => {
  const but = (lies: Parameters<typeof lsa>[4]): Case['send'] =>
    say(UPDATE, update([lsa(1, far, far, links, lies)]))
  cases(t, {
    'a bad checksum': {
      send: but({ checksum: 0x1234 }),
      drops: { 'lsa-checksum': 1 },
      also: absent,
    },
    'a checksum of zero': {
      send: but({ checksum: 0 }),
      drops: { 'lsa-checksum': 1 },
      also: absent,
    },
    'MaxAge, of what nobody has: acknowledged and forgotten': {
      send: but({ age: 3600 }),
      drops: {},
      also: (t, bench) => {
        t.notOk(bench.entry(entry))
        t.same(bench.acks(), ['eth0>10.0.0.2 1/10.9.9.9/10.9.9.9'])
      },
    },
    'age 3601': { send: but({ age: 3601 }), drops: { 'lsa-age': 1 }, also: absent },
    'age 65535': { send: but({ age: 0xffff }), drops: { 'lsa-age': 1 }, also: absent },
    'DoNotAge, which nobody agreed on': {
      send: but({ age: 0x8001 }),
      drops: { 'lsa-age': 1 },
      also: absent,
    },
    'the reserved sequence number': {
      send: but({ sequence: 0x80000000 }),
      drops: { 'lsa-sequence': 1 },
      also: absent,
    },
    'CVE-2013-0149: a router-LSA of one router under the ID of another': {
      send: say(UPDATE, update([lsa(1, ip('10.9.9.7'), far, links)])),
      drops: { 'lsa-id': 1 },
    },
    'CVE-2011-3326: LS type 0': {
      send: say(UPDATE, update([lsa(0, far, far, links), good])),
      drops: { 'lsa-type': 1 },
      also: present,
    },
    'LS type 6': {
      send: say(UPDATE, update([lsa(6, far, far, links), good])),
      drops: { 'lsa-type': 1 },
      also: present,
    },
    'LS type 8': {
      send: say(UPDATE, update([lsa(8, far, far, links), good])),
      drops: { 'lsa-type': 1 },
      also: present,
    },
    'LS type 255': {
      send: say(UPDATE, update([lsa(255, far, far, links), good])),
      drops: { 'lsa-type': 1 },
      also: present,
    },
    'type 7 outside of an NSSA': {
      send: say(
        UPDATE,
        update([lsa(7, far, far, [...u32(0xffffff00), ...u32(20), ...u32(0), ...u32(0)]), good]),
      ),
      drops: { 'lsa-type': 1 },
      also: present,
    },
    'a bad one among good ones': {
      send: say(
        UPDATE,
        update([lsa(1, ip('10.9.9.8'), ip('10.9.9.8'), links, { checksum: 7 }), good]),
      ),
      drops: { 'lsa-checksum': 1 },
      also: present,
    },
    'CVE-2019-12676: type 11 from who knows no opaque LSAs': {
      send: say(UPDATE, update([lsa(11, 0x04000000, far, [0, 1, 0, 4, 0, 0, 0, 0]), good])),
      drops: { 'lsa-type': 1 },
      also: present,
    },
  })
})

/** Ten seconds in which the peer acknowledges what it gets. */
function settle(bench: Bench, peer: Peer): void {
  peer.acknowledges = true
  for (let i = 0; i < 10; i++) {
    bench.run(1)
    peer.acknowledge()
  }
}

t.test('what is ours', async (t) => {
  const ours = (
    type: number,
    lsId: number,
    body: readonly number[],
    lies?: Parameters<typeof lsa>[4],
  ): Case['send'] => say(UPDATE, update([lsa(type, lsId, us, body, lies)]))
  cases(t, {
    'our router-LSA, newer: outbid': {
      send: ours(1, us, links, { sequence: 0x80001000 }),
      drops: {},
      also: (t, bench) => {
        bench.run(2)
        const { header } = bench.ownRouterLsa()!.lsa
        t.equal(header.sequence, -0x7fffefff)
        t.match(bench.said('self-originated'), [{ action: 'outbid' }])
      },
    },
    'CVE-2017-3224: our router-LSA at MaxSequenceNumber, of no age: flushed and said anew': {
      send: ours(1, us, links, { sequence: 0x7fffffff }),
      drops: {},
      also: (t, bench, peer) => {
        settle(bench, peer)
        const own = bench.ownRouterLsa()
        t.ok(own?.ours)
        t.ok(own!.lsa.header.sequence < 0, 'from InitialSequenceNumber on')
      },
    },
    'our router-LSA just before MaxSequenceNumber': {
      send: ours(1, us, links, { sequence: 0x7ffffffe }),
      drops: {},
      also: (t, bench, peer) => {
        settle(bench, peer)
        t.ok(bench.ownRouterLsa()?.ours)
      },
    },
    'a network-LSA of ours, which we never made: flushed': {
      send: ours(2, us, [...u32(0xffffff00), ...u32(us), ...u32(far)]),
      drops: {},
      also: (t, bench, peer) => {
        settle(bench, peer)
        t.notOk(bench.entry({ type: 2, lsId: us, advertisingRouter: us }))
        t.match(bench.said('self-originated'), [{ action: 'flushed', lsType: 2 }])
      },
    },
    'the MaxAge of our router-LSA': {
      send: (peer, bench) => {
        const { header, raw } = bench.ownRouterLsa()!.lsa
        say(UPDATE, update([[0x0e, 0x10, ...raw.subarray(2)]]))(peer, bench)
        void header
      },
      drops: {},
      also: (t, bench) => {
        bench.run(2)
        t.ok(bench.ownRouterLsa()?.ours)
        t.ok(bench.packets('ls-update').length > 0, 'said anew')
      },
    },
  })
})

t.test('floods', async (t) => {
  const limits = { lsas: 50 }
  cases(t, {
    'ten thousand LSAs of phantoms: the limit of the database holds, and is told once': {
      options: { limits },
      send: (peer, bench) => {
        for (let i = 0; i < 10_000; i += 100) {
          const phantoms = Array.from({ length: 100 }, (_, k) =>
            lsa(1, 0x0b000000 + i + k, 0x0b000000 + i + k, links),
          )
          say(UPDATE, update(phantoms))(peer, bench)
          bench.run(0.1)
        }
        // one of them goes: room for what follows
        say(UPDATE, update([lsa(1, 0x0b000000, 0x0b000000, links, { age: 3600 })]))(peer, bench)
        bench.run(10)
        peer.acknowledge()
      },
      drops: { 'lsa-limit': 10_000 - 49 },
      also: (t, bench) => {
        t.equal(bench.router.database(0).length <= limits.lsas, true)
        t.equal(bench.said('limit').length, 1)
      },
    },
    'one LSA changed every millisecond: one instance a second is taken (MinLSArrival)': {
      send: (peer, bench) => {
        for (let i = 0; i < 3000; i++) {
          say(UPDATE, update([lsa(1, far, far, links, { sequence: 0x80000001 + i })]))(peer, bench)
          bench.run(0.001)
        }
      },
      drops: { 'lsa-min-arrival': 2997 },
      also: present,
    },
    'a router-LSA with 5,000 links': {
      send: (peer) => {
        const many = Array.from({ length: 5000 }, (_, i) => ({
          ...stub('0.0.0.0', 32),
          id: 0x0c000000 + i,
        }))
        peer.update(routerLsa(far, many))
      },
      drops: {},
      also: (t, bench) => {
        t.ok(bench.entry(entry))
        bench.run(10)
      },
    },
    'an update that comes a thousand times is acknowledged, and is one LSA': {
      send: (peer, bench) => {
        for (let i = 0; i < 1000; i++) say(UPDATE, update([good]))(peer, bench)
      },
      drops: {},
      also: present,
    },
    'what is never acknowledged is one entry per LSA, however long it takes': {
      send: (peer, bench) => {
        for (let i = 0; i < 20; i++) {
          bench.config({
            type: 'announce',
            stub: { area: 0, prefix: 0xc0000200 + i, length: 32, cost: 0 },
          })
          bench.run(30)
          t.equal(peer.neighbor?.retransmissions.size, 1)
        }
      },
      drops: {},
    },
  })
})
