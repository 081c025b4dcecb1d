/** The nftables data plane as text: what is asked for, what nft says of it, and what is refused. No kernel. */
import t from 'tap'
import { nftApply, nftTables, refused } from '../../lib/lvs/nft.ts'
import { Nftables } from '../../lib/lvs/nftables.ts'
import { readListings } from '../../lib/lvs/nftables-list.ts'
import {
  DEFAULT_TIMEOUTS,
  type Plane,
  type PlaneDestination,
  type PlaneService,
  planeDestination,
  planeKey,
  planeService,
  slotsOf,
} from '../../lib/lvs/nftables-plane.ts'
import { formatRuleset, type RulesetOptions } from '../../lib/lvs/nftables-ruleset.ts'
import type { IpvsDestination, IpvsService } from '../../lib/lvs/types.ts'

const key = { protocol: 'tcp', address: '10.0.1.100', port: 80 } as const

const server = (id: number, weight: number): PlaneDestination => ({
  id,
  address: `10.0.2.${id}`,
  port: 80,
  weight,
  device: 'eth1',
})

const service = (
  destinations: readonly PlaneDestination[],
  scheduler = 'wrr',
  forward: 'dr' | 'nat' = 'dr',
): PlaneService => ({ id: 1, key, scheduler, flags: [], forward, destinations })

const planeOf = (...services: PlaneService[]): Plane => ({
  services,
  timeouts: DEFAULT_TIMEOUTS,
  lastId: 9,
})

const options: RulesetOptions = {
  table: 'lvs',
  devices: ['eth0'],
  flows: 1000,
  hook: true,
  present: new Set(['eth1']),
}

const nothing = { netdev: new Set<string>(), ip: new Set<string>() }

const countsOf = (slots: readonly number[]): Record<number, number> => {
  const counts: Record<number, number> = {}
  for (const id of slots) counts[id] = (counts[id] ?? 0) + 1
  return counts
}

t.test('weights become slots, in small numbers', async (t) => {
  t.same(countsOf(slotsOf(service([server(1, 500), server(2, 300)]))), { 1: 5, 2: 3 })
  t.same(countsOf(slotsOf(service([server(1, 500), server(2, 300)], 'rr'))), { 1: 1, 2: 1 })
  t.same(countsOf(slotsOf(service([server(1, 2), server(2, 0)]))), { 1: 1 }, 'weight 0: none')
  t.same(slotsOf(service([server(1, 0)])), [])
  const wide = countsOf(slotsOf(service([server(1, 0x7fffffff), server(2, 1)])))
  t.same(wide, { 1: 4096, 2: 1 }, 'bounded, and nobody is left out')
})

t.test('mh: a server that goes leaves its own share alone', async (t) => {
  const all = [server(1, 5), server(2, 3), server(3, 1)]
  const before = slotsOf(service(all, 'mh'))
  const after = slotsOf(service([all[0]!, all[2]!], 'mh'))
  t.equal(before.length, 1021)
  const moved = before.filter((id, slot) => id !== 2 && after[slot] !== id)
  t.equal(moved.length, 0)
  const counts = countsOf(before)
  t.ok(Math.abs(counts[1]! / before.length - 5 / 9) < 0.05, JSON.stringify(counts))
  const renumbered = all.map((one) => ({ ...one, id: one.id + 10 }))
  const again = slotsOf(service(renumbered, 'mh')).map((id) => id - 10)
  t.same(again, before, 'numbers do not matter: another director agrees')
})

t.test('the text of a DR service', async (t) => {
  const text = formatRuleset(planeOf(service([server(2, 5), server(3, 0)])), nothing, options)
  const lines = text.split('\n')
  for (const line of [
    'add chain netdev lvs ingress { type filter hook ingress devices = { "eth0" } priority -150; }',
    'add rule netdev lvs ingress ip daddr . meta l4proto . th dport vmap { 10.0.1.100 . tcp . 80 : goto s1 }',
    'add rule netdev lvs s1 meta mark set ip saddr . th sport map @a1 goto e1 comment "service tcp 10.0.1.100:80 dr wrr"',
    'add rule netdev lvs e1 meta l4proto tcp tcp flags & (syn|ack) == syn meta mark { 3 } goto x1',
    'add rule netdev lvs e1 meta mark vmap { 2 : goto d2, 3 : goto d3 }',
    'add rule netdev lvs n1 goto c2',
    'add rule netdev lvs d2 fwd ip to 10.0.2.2 device "eth1" comment "destination 1 10.0.2.2:80 5 eth1"',
    'add rule ip lvs about continue comment "ospf-speaker 900 120 300"',
  ]) {
    t.ok(lines.includes(line), line)
  }
  t.ok(lines.indexOf('flush table netdev lvs') < lines.findIndex((l) => l.startsWith('add rule')))
  const without = { ...options, present: new Set<string>() }
  const gone = formatRuleset(planeOf(service([server(2, 5)])), nothing, without)
  t.match(gone, 'add rule netdev lvs d2 drop comment', 'a device that is away breaks nothing')
})

t.test('a change keeps maps and counters, and deletes what is over, chains first', async (t) => {
  const held = {
    ...nothing,
    netdev: new Set(['counter c2', 'counter c7', 'chain c7', 'map a1', 'chain ingress']),
  }
  const text = formatRuleset(planeOf(service([server(2, 5)])), held, { ...options, hook: false })
  t.notMatch(text, 'add counter netdev lvs c2')
  t.notMatch(text, 'map netdev lvs a1')
  t.notMatch(text, 'chain netdev lvs ingress')
  const at = (line: string): number => text.indexOf(line)
  t.ok(at('delete chain netdev lvs c7') > at('flush table netdev lvs'))
  t.ok(at('delete counter netdev lvs c7') > at('delete chain netdev lvs c7'))
})

t.test('NAT: ends of flows are told by the translated packet; none left: refused', async (t) => {
  const nat = service([{ ...server(2, 5), port: 8080 }, server(3, 3)], 'sh', 'nat')
  const text = formatRuleset(planeOf(nat), nothing, options)
  t.match(text, 'jhash ip saddr mod 8 seed')
  t.match(
    text,
    'meta l4proto tcp dnat to 10.0.2.2:8080 comment "destination 1 10.0.2.2:8080 5 eth1"',
  )
  t.match(text, 'ct direction reply ip saddr . th sport vmap { 10.0.2.2 . 8080 : goto o2, ')
  const empty = formatRuleset(planeOf(service([], 'wrr', 'nat')), nothing, options)
  t.match(empty, 'add rule ip lvs n1 reject with tcp reset')
})

const listing = (...items: object[]): string => JSON.stringify({ nftables: items })
const rule = (chain: string, comment: string, ...expr: unknown[]): object => ({
  rule: { chain, comment, expr },
})
const goto = (target: string): object => ({ goto: { target } })

const sound = [
  { chain: { name: 's4' } },
  { counter: { name: 'c5', packets: 7, bytes: 420 } },
  { counter: { name: 'd5', packets: 70, bytes: 4200 } },
  rule('about', 'ospf-speaker 60 5 6'),
  rule('ingress', '', { vmap: { key: 'x', data: { set: [[{ concat: [] }, goto('s4')]] } } }),
  rule('s4', 'service tcp 10.0.1.100:80 dr mh flag-1', goto('e4')),
  rule('n4', '', {
    vmap: {
      data: {
        set: [
          [0, goto('c5')],
          [1, goto('c5')],
        ],
      },
    },
  }),
  rule('d5', 'destination 4 10.0.2.1:80 5 eth1'),
  rule('d6', 'destination 4 10.0.2.2:80 3 eth1'),
]

t.test('what nft lists is read back', async (t) => {
  const { plane, foreign } = readListings(listing(...sound), undefined)
  t.equal(foreign, undefined)
  t.same(plane.timeouts, { tcp: 60, tcpFin: 5, udp: 6 })
  t.equal(plane.lastId, 5)
  const [one] = plane.services
  t.match(one, { id: 4, key, scheduler: 'mh', flags: ['flag-1'], forward: 'dr' })
  t.match(
    one!.destinations.map(({ id, weight, device }) => [id, weight, device]),
    [
      [5, 5, 'eth1'],
      [6, 0, 'eth1'],
    ],
    'one that has no slot has weight 0, whatever is written beside it',
  )
  t.match(one!.destinations[0]!.statistics, { connections: 7n, inPackets: 70n, inBytes: 4200n })
})

t.test('drift is seen, and somebody else’s table is not ours', async (t) => {
  const cut = sound.filter(
    (item) => !('rule' in item && (item as { rule: { chain: string } }).rule.chain === 'ingress'),
  )
  t.same(readListings(listing(...cut), undefined).plane.services, [], 'nothing leads to it')
  t.equal(readListings(listing({ chain: { name: 'x' } }), undefined).foreign, 'netdev')
  t.equal(readListings(undefined, listing({ chain: { name: 'x' } })).foreign, 'ip')
  t.equal(readListings(undefined, undefined).foreign, undefined)
  t.equal(
    readListings(listing({ table: {} }), undefined).foreign,
    undefined,
    'an empty one is free',
  )
})

t.test('hostile listings: nothing thrown, nothing made up', async (t) => {
  const values: unknown[] = [null, 0, -1, 1e300, '', 'x'.repeat(10_000), [], {}, [[]], true]
  const words = [
    'service',
    'service tcp',
    'service tcp 1.2.3.4:99999 dr wrr',
    'destination',
    'destination 4 x:1 1',
    'destination 4 10.0.2.1:80 NaN eth1',
  ]
  for (const value of values) {
    for (const kind of ['chain', 'map', 'set', 'counter', 'rule', 'nonsense']) {
      readListings(listing({ [kind]: value } as object), JSON.stringify({ nftables: value }))
      readListings(
        listing({
          [kind]: { name: value, packets: value, chain: value, comment: value, expr: value },
        }),
        JSON.stringify(value),
      )
    }
  }
  const bad = words.flatMap((w) => [rule('s4', w), rule('d7', w), rule('ingress', w, goto('s4'))])
  const { plane } = readListings(listing(rule('about', 'ospf-speaker x y z'), ...bad), undefined)
  t.same(plane.services, [])
  t.same(plane.timeouts, DEFAULT_TIMEOUTS)
  let deep: unknown = goto('s4')
  for (let i = 0; i < 1000; i++) deep = [deep]
  t.same(
    readListings(listing(...sound.slice(0, 4), rule('ingress', '', deep)), undefined).plane
      .services,
    [],
  )
  t.throws(() => readListings('{', undefined), SyntaxError)
})

t.test('what this plane cannot do is refused, and says so', async (t) => {
  const code = 'ERR_OSPF_IPVS_INVALID'
  const base: IpvsService = { key, scheduler: 'wrr' }
  for (const [what, words] of [
    [{ scheduler: 'wlc' }, /no scheduler 'wlc'/],
    [{ scheduler: 'constructor' }, /no scheduler/],
    [{ persistence: { timeout: 50 } }, /persistence/],
    [{ onePacket: true }, /one by one/],
    [{ flags: ['flag-1'] }, /flag-1/],
  ] as const) {
    t.throws(() => planeService({ ...base, ...what }), { code, message: words })
  }
  t.throws(() => planeKey({ fwmark: 1, family: 4 }), { code })
  t.throws(() => planeKey({ ...key, protocol: 'sctp' }), { code })
  t.throws(() => planeKey({ ...key, address: '2001:db8::1' }), { code })
  t.throws(() => planeKey({ ...key, port: 0 }), { code })
  const real: IpvsDestination = { address: '10.0.2.9', port: 80, forward: 'dr', weight: 1 }
  const whole = service([server(1, 1)])
  for (const [what, words] of [
    [{ forward: 'tun' }, /DR and NAT/],
    [{ upperThreshold: 5 }, /thresholds/],
    [{ port: 81 }, /port/],
    [{ weight: -1 }, /weight/],
    [{ address: '::1' }, /IPv4/],
    [{ forward: 'nat' }, /one way/],
  ] as const) {
    t.throws(() => planeDestination(whole, { ...real, ...what }), { code, message: words })
  }
})

t.test('without the program; with one that refuses; with options that are none', async (t) => {
  await t.rejects(nftTables('/nowhere/nft'), {
    code: 'ERR_OSPF_IPVS_ABSENT',
    message: /package nftables/,
  })
  await t.rejects(nftApply('false', 'add', 'x'.repeat(1 << 20)), { code: 'ERR_OSPF_KERNEL' })
  t.match(refused('add', 'Error: Could not process rule: Operation not permitted\nadd'), {
    code: 'ERR_OSPF_PERMISSION',
  })
  t.match(refused('add', 'x:1:2: Error: Could not process rule: Protocol not supported'), {
    code: 'ERR_OSPF_IPVS_ABSENT',
  })
  for (const wrong of [
    { devices: 'eth0' },
    { devices: ['e"0'] },
    { table: 'a b' },
    { flows: 0 },
    { nft: '' },
    { device: 1 },
  ]) {
    await t.rejects(
      Nftables.open(wrong as object),
      { code: 'ERR_OSPF_CONFIG' },
      JSON.stringify(wrong),
    )
  }
})
