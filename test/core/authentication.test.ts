/**
 * Authentication between routers: every type to Full, keys that come and go, replays, and what the operator is told.
 * The seals themselves are in test/wire/auth.test.ts.
 */
import t from 'tap'
import { authenticationOctets, keyInUse, SendSequences } from '../../lib/core/authentication.ts'
import type { DropReason, OspfEvent } from '../../lib/core/events.ts'
import { formatEvent } from '../../lib/core/events.ts'
import type { AuthenticationConfig, ChainKey, Lifetime } from '../../lib/core/io.ts'
import { nodeDigests } from '../../lib/crypto.ts'
import { equalDatabases, noHalfAdjacency, settled } from '../../lib/sim/check.ts'
import { Network, type SegmentOptions } from '../../lib/sim/network.ts'
import type { SimRouter } from '../../lib/sim/router.ts'
import { type AuthAlgorithm, authAlgorithms, readSeal } from '../../lib/wire/auth.ts'
import { decodePacket, decodePacketHeader, encodePacket } from '../../lib/wire/packet.ts'
import { quick } from '../sim/topologies.ts'
import { Bench, baseConfig, ip } from './bench.ts'

const octets = (text: string): Uint8Array => new TextEncoder().encode(text)

function key(id: number, more: Partial<ChainKey> = {}): ChainKey {
  const secret = octets(`secret of key ${id}`)
  return { id, algorithm: 'hmac-sha-256', key: secret, send: {}, accept: {}, ...more }
}

const chain = (
  keys: readonly ChainKey[],
  more: { extended?: boolean; strictReplay?: boolean } = {},
): AuthenticationConfig => ({
  type: 'cryptographic',
  keys,
  extended: false,
  strictReplay: false,
  ...more,
})

const simple = (text: string): AuthenticationConfig => ({ type: 'simple', key: octets(text) })

/** The start of simulated time. */
const wall = Date.UTC(2026, 9, 1)
/** A moment, in seconds after the start. */
const at = (seconds: number): number => wall + 1000 * seconds

/** Two routers on a segment, with the authentication of each; undefined: none. */
function pair(
  ours: AuthenticationConfig | undefined,
  other: AuthenticationConfig | 'none' | 'same' = 'same',
  options: SegmentOptions = {},
) {
  const theirs = other === 'same' ? ours : other === 'none' ? undefined : other
  const net = new Network({ seed: 3, wall })
  const [a, b] = [net.router('a'), net.router('b')]
  const member = (node: SimRouter, authentication: AuthenticationConfig | undefined) => ({
    node,
    ...(authentication ? { authentication } : {}),
  })
  const link = net.segment('link', '10.0.0.0/30', [member(a, ours), member(b, theirs)], {
    ...quick,
    network: 'point-to-point',
    ...options,
  })
  const full = () => [a, b].every((r) => r.running && r.neighbors()[0]?.state === 'Full')
  return { net, a, b, link, full, becomesFull: (limit = 30) => net.runUntil(full, limit) }
}

const said = <T extends OspfEvent['type']>(router: SimRouter, type: T) =>
  router.events
    .map((e) => e.event)
    .filter((e): e is Extract<OspfEvent, { type: T }> => e.type === type)

const dropped = (router: SimRouter, reason: DropReason): number =>
  router.counters.drops[reason] ?? 0

interface Sealed {
  readonly bytes: Uint8Array
  readonly type: number
  readonly sequence: bigint
}

/** What a router sends from now on, with its sequence numbers. */
function listen(net: Network, router: SimRouter): Sealed[] {
  const packets: Sealed[] = []
  net.tap(({ from, bytes }) => {
    if (from.node !== router) return
    const header = decodePacketHeader(bytes)
    const seal = header.auType > 1 ? readSeal(bytes, header) : undefined
    packets.push({ bytes: bytes.slice(), type: header.type, sequence: seal?.sequence ?? -1n })
  })
  return packets
}

/** Somebody else puts a packet on the wire. */
function inject(net: Network, to: SimRouter, from: SimRouter, bytes: Uint8Array): void {
  const [source, own] = [from, to].map((r) => r.attachments[0]!.address)
  const datagram = { interface: 'eth0', source: source!, destination: own!, ttl: 1 }
  to.core.handleDatagrams(to.now(), [{ ...datagram, bytes: bytes.slice() }])
  net.run(0.01)
}

const everyKind: [name: string, auType: number, AuthenticationConfig | undefined][] = [
  ['null', 0, undefined],
  ['simple password', 1, simple('secret')],
  ...authAlgorithms.map((algorithm): (typeof everyKind)[number] => [
    algorithm,
    2,
    chain([key(1, { algorithm })]),
  ]),
  ...authAlgorithms
    .filter((algorithm) => algorithm !== 'md5')
    .map((algorithm): (typeof everyKind)[number] => [
      `${algorithm}, 64-bit numbers`,
      3,
      chain([key(0xfffffffe, { algorithm })], { extended: true }),
    ]),
]

const names = ['null', 'simple', 'cryptographic', 'extended']
for (const [name, auType, authentication] of everyKind) {
  for (const network of ['point-to-point', 'broadcast'] as const) {
    t.test(`${name}, ${network}: to Full, and no packet is too large`, async (t) => {
      const { net, a, b, becomesFull } = pair(authentication, authentication, { network })
      // enough for several full packets of every type
      for (let i = 0; i < 150; i++) b.external(`172.16.${i}.0/24`)
      const types = new Set<number>()
      let longest = 0
      net.tap(({ bytes }) => {
        types.add(decodePacketHeader(bytes).auType)
        longest = Math.max(longest, bytes.length)
      })
      t.ok(becomesFull(), 'Full')
      net.run(10)
      t.same([...equalDatabases([a, b]), ...noHalfAdjacency(net)], [])
      t.ok(a.fib.has('172.16.149.0/24'))
      t.same([...types], [auType])
      t.ok(longest <= 1480, `${longest} octets with the digest`)
      t.ok(longest > 1480 - 140, 'and the room is used')
      t.equal(net.traffic.tooBig, 0)
      t.same(a.counters.drops, {})
      t.equal(a.interfaces()[0]?.authentication.type, names[auType])
    })
  }
}

t.test('the room that a digest takes: that of the longest in the chain', async (t) => {
  const sizes = (authentication: AuthenticationConfig) =>
    authenticationOctets({ ...baseConfig, authentication })
  t.equal(authenticationOctets(baseConfig), 0)
  t.equal(sizes(simple('x')), 0)
  t.equal(sizes(chain([key(1, { algorithm: 'md5' })])), 16)
  t.equal(sizes(chain([key(1), key(2, { algorithm: 'hmac-sha-512' })])), 64)
  t.equal(sizes(chain([key(1)], { extended: true })), 40)
})

t.test(
  'D.3: the youngest valid key; of equals the last; the last to expire lives on',
  async (t) => {
    const from = (seconds: number): Lifetime => ({ from: at(seconds) })
    const span = (start: number, end: number): Lifetime => ({ from: at(start), until: at(end) })
    const used = (keys: readonly ChainKey[], seconds: number) => {
      const found = keyInUse(keys, 'send', at(seconds))
      return found && `${found.key.id}${found.expired ? ' expired' : ''}`
    }
    const keys = [key(2, { send: from(10) }), key(1), key(3, { send: span(20, 30) })]
    t.same(
      [0, 9, 10, 19, 20, 29, 30].map((s) => used(keys, s)),
      ['1', '1', '2', '2', '3', '3', '2'],
    )
    t.equal(used([key(1), key(2)], 0), '2')
    const ending = [key(1, { send: span(0, 20) }), key(2, { send: span(0, 10) })]
    t.same(
      [-1, 5, 15, 25].map((s) => used(ending, s)),
      [undefined, '2', '1', '1 expired'],
    )
  },
)

t.test('a key is rolled over on one router after the other: nothing is noticed', async (t) => {
  const life = (send: Lifetime): Pick<ChainKey, 'send'> => ({ send })
  const keys = (turn: number, algorithm: AuthAlgorithm) => [
    key(1, { algorithm: 'md5', ...life({ until: at(turn + 5) }), accept: { until: at(60) } }),
    key(2, { algorithm, ...life({ from: at(turn) }), accept: { from: at(20) } }),
  ]
  const config = (turn: number) => chain(keys(turn, 'hmac-sha-512'))
  const { net, a, b, becomesFull } = pair(config(30), config(45))
  t.ok(becomesFull())
  const seen = { a: new Set<number>(), b: new Set<number>() }
  net.tap(({ from, bytes }) => {
    const { keyId } = readSeal(bytes, decodePacketHeader(bytes))!
    seen[from.node === a ? 'a' : 'b'].add(keyId)
  })
  const before = [a, b].map((r) => said(r, 'neighbor').length)
  const drops = [a, b].map((r) => ({ ...r.counters.drops }))
  b.announce('10.9.0.0/16')
  net.run(35 - net.now)
  t.same(seen, { a: new Set([1, 2]), b: new Set([1]) }, 'a goes first')
  b.announce('10.8.0.0/16')
  net.run(60)
  t.same(seen, { a: new Set([1, 2]), b: new Set([1, 2]) })
  t.same(
    [a, b].map((r) => said(r, 'neighbor').length),
    before,
    'no neighbor changed its state',
  )
  t.same([a.counters.drops, b.counters.drops], drops)
  t.ok(a.fib.has('10.8.0.0/16'))
  t.same(said(a, 'key'), [{ type: 'key', interface: 'eth0', state: 'valid', keyId: 2 }])
  t.equal(said(a, 'key').map(formatEvent).join(), 'interface eth0: authenticates with key 2')
  t.match(a.interfaces()[0]?.authentication, { keyId: 2, algorithm: 'hmac-sha-512' })
})

t.test('the last key expires: it is said, and the adjacency stays', async (t) => {
  const life = { until: at(20) }
  const { net, a, full, becomesFull } = pair(chain([key(1, { send: life, accept: life })]))
  t.ok(becomesFull())
  net.run(60)
  t.ok(full())
  const [event] = said(a, 'key')
  t.same(said(a, 'key'), [{ type: 'key', interface: 'eth0', state: 'expired', keyId: 1 }], 'once')
  t.match(formatEvent(event!), /last key, 1, has expired; it stays in use/)
  a.configure('eth0', { authentication: chain([key(1, { send: life }), key(2)]) })
  net.run(2)
  t.match(said(a, 'key')[1], { state: 'valid', keyId: 2 }, 'until there is a new one')
})

t.test('a key that is not valid yet: nothing is sent, and nothing taken', async (t) => {
  const later = { from: at(20) }
  const { net, a, b, becomesFull } = pair(
    chain([key(1, { send: later, accept: later })]),
    chain([key(1)]),
  )
  const packets = listen(net, a)
  net.run(19)
  t.equal(packets.length, 0)
  t.equal(a.counters.sent, 0)
  t.same(said(a, 'key'), [{ type: 'key', interface: 'eth0', state: 'none', keyId: undefined }])
  t.match(said(a, 'key').map(formatEvent), [/no key is valid yet: nothing is sent/])
  t.ok(dropped(a, 'auth-key') > 10)
  t.match(said(a, 'mismatch'), [
    { field: 'authentication key id', ours: 'none', theirs: '1', routerId: b.routerId },
  ])
  t.ok(becomesFull())
})

t.test('packets of a neighbor show that it is alive, but not when they are old', async (t) => {
  const { net, a, b, becomesFull } = pair(chain([key(1)]), 'same', { deadInterval: 10 })
  t.ok(becomesFull())
  const packets = listen(net, b)
  net.run(1)
  b.announce('192.0.2.1/32')
  net.run(0.5)
  const update = packets.findLast(({ type }) => type === 4)!
  const isLast = packets.at(-1)!.sequence === update.sequence
  t.ok(isLast, 'nothing newer has come after it')
  b.crash()
  const before = dropped(a, 'auth-sequence')
  for (let i = 0; i < 12; i++) {
    inject(net, a, b, update.bytes)
    net.run(1)
  }
  t.equal(dropped(a, 'auth-sequence'), before, 'an equal number passes (D.4.3)')
  t.equal(a.neighbors()[0]?.state, undefined, 'and does not keep a dead neighbor alive')
})

t.test('lifetimes go by the wall clock, which may be set', async (t) => {
  const keys = chain([key(1), key(2, { send: { from: at(3600) } })])
  const { net, a, becomesFull } = pair(keys)
  t.ok(becomesFull())
  const offset = wall + 3_600_000
  a.core.handleConfig(a.now(), { type: 'wall-clock', offset })
  net.run(2)
  t.match(said(a, 'key'), [{ state: 'valid', keyId: 2 }])
})

const wrong: [
  what: string,
  ours: AuthenticationConfig | undefined,
  theirs: AuthenticationConfig | undefined,
  reason: DropReason,
  mismatch: [field: string, ours: string, theirs: string],
][] = [
  [
    'an authenticated link, a neighbor without',
    chain([key(1)]),
    undefined,
    'auth-type',
    ['authentication type', '2 (cryptographic)', '0 (null)'],
  ],
  [
    'a link without, an authenticated neighbor',
    undefined,
    chain([key(1)]),
    'auth-type',
    ['authentication type', '0 (null)', '2 (cryptographic)'],
  ],
  [
    'AuType 3 against 2',
    chain([key(1)], { extended: true }),
    chain([key(1)]),
    'auth-type',
    ['authentication type', '3 (extended)', '2 (cryptographic)'],
  ],
  [
    'another password',
    simple('secret'),
    simple('Secret'),
    'auth-key',
    ['authentication key', 'a password', 'another'],
  ],
  [
    'a password of NULs against one',
    simple('secret'),
    simple('\0\0\0\0\0\0\0\0'),
    'auth-key',
    ['authentication key', 'a password', 'another'],
  ],
  [
    'another key id',
    chain([key(1), key(3)]),
    chain([key(2)]),
    'auth-key',
    ['authentication key id', '1, 3', '2'],
  ],
  [
    'another key of the same id',
    chain([key(1)]),
    chain([key(1, { key: octets('guess') })]),
    'auth-digest',
    ['authentication key', 'key 1, hmac-sha-256', 'another'],
  ],
  [
    'another source address, with 64-bit numbers',
    chain([key(1)], { extended: true }),
    chain([key(1, { key: octets('guess') })], { extended: true }),
    'auth-digest',
    ['authentication key', 'key 1, hmac-sha-256', 'another'],
  ],
]
for (const [what, ours, theirs, reason, [field, mine, other]] of wrong) {
  t.test(`${what}: ${reason}, said once`, async (t) => {
    const { net, a, b } = pair(ours, theirs ?? 'none')
    net.run(20)
    t.same(a.neighbors(), [])
    t.ok(dropped(a, reason) >= 19)
    t.same(Object.keys(a.counters.drops), [reason])
    const about = { interface: 'eth0', routerId: b.routerId, address: '10.0.0.2' }
    const event = { type: 'mismatch', ...about, field, ours: mine, theirs: other }
    t.same(said(a, 'mismatch'), [event])
    t.notMatch(JSON.stringify(a.events), /secret|guess/)
    if (ours === undefined) return

    // once it is put right, and wrong again, that is news
    b.configure('eth0', { authentication: ours })
    net.run(10)
    t.equal(a.neighbors()[0]?.state, 'Full')
    if (theirs === undefined) return
    b.configure('eth0', { authentication: theirs })
    net.run(10)
    t.same(said(a, 'mismatch'), [event, event])
  })
}

t.test('an algorithm of another length under the same id: auth-length', async (t) => {
  const { net, a } = pair(
    chain([key(1, { algorithm: 'hmac-sha-1' })]),
    chain([key(1, { algorithm: 'hmac-sha-256' })]),
  )
  net.run(5)
  t.ok(dropped(a, 'auth-length') >= 4)
  t.same(a.neighbors(), [])
})

t.test('bytes that end before their seal does', async (t) => {
  for (const extended of [false, true]) {
    const { net, a, b } = pair(chain([key(1)], { extended }))
    const packets = listen(net, b)
    net.run(3)
    const { bytes } = packets.at(-1)!
    const { length } = decodePacketHeader(bytes)
    // nobody knows a number of theirs
    b.crash()
    a.restart()
    for (let end = length; end < bytes.length; end++) inject(net, a, b, bytes.subarray(0, end))
    t.same(a.counters.drops, { 'auth-length': bytes.length - length })
  }
})

/** A neighbor that is Full, and its packets since then. */
function adjacent(
  more: { extended?: boolean; strictReplay?: boolean } = {},
  options: SegmentOptions = {},
) {
  const all = pair(chain([key(1)], more), 'same', options)
  all.becomesFull()
  const packets = listen(all.net, all.b)
  all.b.announce('10.9.0.0/16')
  all.net.run(7)
  return { ...all, packets }
}

t.test('D.4.3: a lower number is a replay, an equal one is not', async (t) => {
  const { net, a, b, packets } = adjacent()
  const [first, last] = [packets[0]!, packets.at(-1)!]
  t.ok(first.sequence < last.sequence)
  inject(net, a, b, first.bytes)
  t.equal(dropped(a, 'auth-sequence'), 1)
  inject(net, a, b, last.bytes)
  t.equal(dropped(a, 'auth-sequence'), 1, 'BIRD repeats its numbers')
  t.same(said(a, 'mismatch'), [], 'a replay says nothing about our neighbor')
  t.same(said(a, 'attack'), [])
  for (let i = 1; i < 10; i++) inject(net, a, b, first.bytes)
  t.equal(dropped(a, 'auth-sequence'), 10)
  net.run(20)
  t.match(said(a, 'attack'), [{ attack: 'replay', count: 10 }], 'ten of them are called an attack')
  t.same(settled(net), [])
})

t.test('strictReplay: an equal number is one, too', async (t) => {
  const { net, a, b, packets } = adjacent({ strictReplay: true })
  t.same(a.counters.drops, {}, 'our own numbers always rise')
  inject(net, a, b, packets.at(-1)!.bytes)
  t.equal(dropped(a, 'auth-sequence'), 1)
})

t.test('RFC 7474: numbers rise by packet type', async (t) => {
  const { net, a, b, packets } = adjacent({ extended: true })
  t.same(a.counters.drops, {})
  const lastOf = (type: number) => packets.findLast((p) => p.type === type)!
  const [hello, update] = [lastOf(1), lastOf(4)]
  t.ok(hello.sequence > update.sequence)
  for (const packet of [hello, update]) inject(net, a, b, packet.bytes)
  t.equal(dropped(a, 'auth-sequence'), 2, 'equal is not enough')

  // a type that came later than another may carry a lower number: it was overtaken on its way
  let held: Uint8Array | undefined
  net.tap(({ from, bytes }) => {
    if (from.node === b && decodePacketHeader(bytes).type === 4) held ??= bytes.slice()
  })
  b.attachments[0]!.set({ loss: 1 })
  b.announce('10.8.0.0/16')
  net.run(0.2)
  b.attachments[0]!.set({ loss: 0 })
  net.run(1.2)
  inject(net, a, b, held!)
  t.equal(dropped(a, 'auth-sequence'), 2, 'a late update is good still')
  t.ok(a.database().some(({ lsa }) => JSON.stringify(lsa.body).includes(`${ip('10.8.0.0')}`)))
})

t.test('RFC 7474: the digest covers the source address', async (t) => {
  for (const extended of [true, false]) {
    const { net, a, packets } = adjacent({ extended }, { network: 'broadcast' })
    const { core } = a
    const { bytes } = packets.findLast((p) => p.type === 1)!
    const [source, destination] = [ip('10.0.0.3'), ip('224.0.0.5')]
    core.handleDatagrams(a.now(), [{ interface: 'eth0', source, destination, ttl: 1, bytes }])
    net.run(0.01)
    t.equal(dropped(a, 'auth-digest'), extended ? 1 : 0)
  }
})

t.test('a number counts only when the digest is good', async (t) => {
  const { net, a, b, packets, full } = adjacent()
  const forged = packets.at(-1)!.bytes.slice()
  forged.fill(0xff, 20, 24)
  inject(net, a, b, forged)
  t.equal(dropped(a, 'auth-digest'), 1)
  net.run(20)
  t.ok(full(), 'or a forger could cut off a neighbor')
  t.equal(dropped(a, 'auth-sequence'), 0)
})

t.test('every packet has a number of its own, a repeated one as well', async (t) => {
  for (const extended of [false, true]) {
    const { net, a, b, becomesFull } = pair(chain([key(1)], { extended }))
    net.disturb({ loss: 0.4 })
    const [fromA, fromB] = [listen(net, a), listen(net, b)]
    for (let i = 0; i < 60; i++) b.external(`172.16.${i}.0/24`)
    t.ok(becomesFull(600))
    for (const packets of [fromA, fromB]) {
      const falls = packets.filter((p, i) => i > 0 && p.sequence <= packets[i - 1]!.sequence)
      t.same(falls, [])
    }
    const bodies = [...fromA, ...fromB]
      .filter((p) => p.type === 2)
      .map(({ bytes }) => JSON.stringify(decodePacket(bytes).body))
    t.ok(new Set(bodies).size < bodies.length, 'Database Descriptions were repeated')
    t.equal(dropped(a, 'auth-digest') + dropped(b, 'auth-digest'), 0)
  }
})

t.test('a restart: numbers that fell back are taken again after the dead interval', async (t) => {
  for (const extended of [false, true]) {
    const { net, a, b, becomesFull } = pair(chain([key(1)], { extended }))
    t.ok(becomesFull())
    // many packets at once: the numbers run ahead of the clock that a new start begins from
    for (let i = 0; i < 40; i++) {
      b.announce(`10.9.${i}.0/24`)
      net.run(0.15)
    }
    b.restart()
    t.ok(becomesFull(extended ? 10 : 20))
    const replays = dropped(a, 'auth-sequence')
    if (extended) t.equal(replays, 0, 'the boot count is higher')
    net.run(10)
    t.same(settled(net), [])
  }
})

t.test('a restart after a while is no replay: numbers start from the clock', async (t) => {
  const { net, a, b, becomesFull } = pair(chain([key(1)], { strictReplay: true }))
  t.ok(becomesFull())
  const packets = listen(net, b)
  net.run(60)
  const seconds = BigInt(Math.floor(at(net.now) / 1000))
  t.ok(packets.at(-1)!.sequence - seconds < 30n, 'near the clock')
  b.crash()
  net.run(30)
  b.restart()
  t.ok(becomesFull())
  t.equal(dropped(a, 'auth-sequence'), 0)
})

t.test('the numbers of AuType 3: boot count and packet, and what follows the last', async (t) => {
  const sequences = new SendSequences(7)
  const wraps: number[] = []
  const next = () => sequences.nextExtended(at(0), (count) => wraps.push(count))
  t.equal(next(), (7n << 32n) + 1n)
  t.equal(next(), (7n << 32n) + 2n)
  sequences.resume(0xfffffffe)
  t.equal(next(), (7n << 32n) + 0xffffffffn)
  t.equal(next(), (8n << 32n) + 1n)
  t.same(wraps, [8])

  const never = (): void => void t.fail('there is no higher boot count')
  const last = new SendSequences(0xffffffff)
  last.resume(0xfffffffe)
  const end = 0xffffffffffffffffn
  t.equal(last.nextExtended(at(0), never), end)
  t.equal(last.nextExtended(at(0), never), end, 'it does not begin anew')

  const clocked = new SendSequences(undefined)
  const seconds = BigInt(at(0) / 1000)
  t.equal(clocked.nextExtended(at(0), never), (seconds << 32n) + 1n)
  t.equal(clocked.nextExtended(at(9), never), (seconds << 32n) + 2n, 'one boot, one count')
})

t.test('the numbers of AuType 2: from the clock, and never back', async (t) => {
  const sequences = new SendSequences(undefined)
  const seconds = BigInt(at(0) / 1000)
  t.equal(sequences.next('eth0', at(0)), seconds)
  t.equal(sequences.next('eth0', at(0)), seconds + 1n)
  t.equal(sequences.next('eth0', at(-100)), seconds + 2n, 'the clock was put back')
  t.equal(sequences.next('eth0', at(100)), seconds + 100n)
  t.equal(sequences.next('eth1', at(0)), seconds, 'each interface has its own')
  t.equal(sequences.next('eth2', -5), 0n)
  const end = 0xffffffff * 1000
  t.same(
    [end, end + 9000].map((w) => sequences.next('eth0', w)),
    [0xffffffffn, 0xffffffffn],
  )
})

t.test('the boot count of a wrap is said, so that it is kept', async (t) => {
  const bench = new Bench({ digests: nodeDigests, bootCount: 5 })
  bench.router.sequences.resume(0xffffffff)
  bench.up({ authentication: chain([key(1)], { extended: true }) })
  bench.run(1)
  const event = bench.events.find(({ type }) => type === 'boot-count')
  t.same(event, { type: 'boot-count', count: 6 })
  t.equal(formatEvent(event!), 'boot count of the 64-bit sequence numbers: 6')
})

t.test('without digests there is no cryptographic authentication', async (t) => {
  const bench = new Bench()
  const up = () => bench.up({ authentication: chain([key(1)]) })
  t.throws(up, { message: 'interface eth0: no digests to authenticate with' })
  bench.up({ authentication: simple('x') })
  bench.run(1)
  t.ok(bench.sent.length > 0, 'a password needs none')
})

t.test('a simple password is under no checksum, the rest of the packet is', async (t) => {
  const { net, a, b } = pair(simple('secret'))
  const packets = listen(net, b)
  net.run(3)
  const bytes = packets.at(-1)!.bytes.slice()
  bytes[30]! ^= 1
  inject(net, a, b, bytes)
  t.same(a.counters.drops, { checksum: 1 })
})

t.test(
  'a virtual link has authentication of its own, for the way that its packets take',
  async (t) => {
    const net = new Network({ seed: 3, wall })
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => net.router(name))
    net.link(d!, a!, quick)
    const transit = { ...quick, area: '0.0.0.1' }
    net.link(a!, b!, { ...transit, authentication: simple('transit') })
    net.link(b!, c!, transit)
    net.segment('far', '10.2.0.0/24', [c!], { ...quick, area: '0.0.0.2' })
    const authentication = chain([key(1)], { extended: true })
    for (const [one, other] of [[a!, c!] as const, [c!, a!] as const]) {
      one.virtualLink(other.routerId, '0.0.0.1', {
        helloInterval: 1,
        deadInterval: 4,
        authentication,
      })
    }
    const far = () => d!.fib.has('10.2.0.0/24')
    t.ok(net.runUntil(far, 60), 'the area behind the virtual link is reached')
    net.run(20)
    const link = a!.interfaces().find((i) => i.config.network === 'virtual')
    t.match(link, { fullNeighbors: 1, authentication: { type: 'extended' }, drops: {} })
    t.same(
      [a!, c!].flatMap((r) => Object.keys(r.counters.drops)).filter((d) => d.startsWith('auth')),
      [],
    )
  },
)

t.test('snapshots hold no key', async (t) => {
  for (const authentication of [simple('secret'), chain([key(1)])]) {
    const { net, a } = pair(authentication)
    net.run(5)
    const shown = JSON.stringify([a.interfaces(), a.neighbors(), a.events])
    t.notMatch(shown, /secret/)
    t.notMatch(shown, new RegExp(`${octets('secret')[0]},${octets('secret')[1]}`))
    t.notMatch(shown, /"keys?"/)
  }
})

t.test('an unknown AuType is a mismatch', async (t) => {
  const { net, a, b } = pair(chain([key(1)]))
  const hello = encodePacket({ routerId: b.id, areaId: 0 }, { kind: 'ls-ack', headers: [] })
  hello.set([0, 9], 14)
  inject(net, a, b, hello)
  t.same(a.counters.drops, { 'auth-type': 1 })
  t.match(said(a, 'mismatch'), [{ theirs: '9 (unknown)' }])
})
