/** RFC 5250: who is told what, and what comes of it. RFC 7770 and RFC 5642: names. */
import t, { type Test } from 'tap'
import { defaultAreaConfig } from '../../lib/core/area.ts'
import type { OpaqueScope } from '../../lib/core/io.ts'
import { type Lsa, LsType } from '../../lib/wire/lsa.ts'
import { opaqueLsId } from '../../lib/wire/opaque-lsa.ts'
import { encodeRouterInformation } from '../../lib/wire/router-information.ts'
import {
  again,
  aged,
  allSpfRouters,
  Bench,
  ip,
  type LsaOptions,
  lsaOf,
  madeUp,
  name,
  Peer,
  pointToPoint,
  routerLsa,
  us,
} from './bench.ts'

const peerId = ip('10.0.0.2')
const far = ip('10.0.0.9')
const octets = (...values: number[]): Uint8Array => Uint8Array.from(values)
const data = octets(1, 2, 3, 4)

function opaqueLsa(
  type: number,
  advertisingRouter: number,
  { opaqueType = 200, opaqueId = 7, contents = data, ...options }: OpaqueParts = {},
): Lsa {
  const body = { kind: 'opaque', opaqueType, opaqueId, data: contents } as const
  return lsaOf(type, opaqueLsId(opaqueType, opaqueId), advertisingRouter, body, options)
}

interface OpaqueParts extends LsaOptions {
  readonly opaqueType?: number
  readonly opaqueId?: number
  readonly contents?: Uint8Array
}

/** A point-to-point link to one neighbor that is Full. */
function pair(opaque = true, network: 'point-to-point' | 'broadcast' = 'point-to-point') {
  const bench = new Bench()
  bench.up({ network })
  if (network === 'broadcast') bench.run(41)
  const peer = new Peer(bench, { opaque })
  peer.designatedRouter = network === 'broadcast' ? us : 0
  peer.to('Full').alive()
  rest(bench, peer)
  return { bench, peer }
}

function rest(bench: Bench, ...peers: Peer[]): void {
  for (const peer of peers) peer.acknowledges = true
  bench.run(15)
  for (const peer of peers) {
    if (peer.state === 'Full') peer.acknowledge()
    peer.acknowledges = false
  }
  bench.forget()
}

const link: OpaqueScope = { scope: 'link', interface: 'eth0' }
const area: OpaqueScope = { scope: 'area', area: 0 }
const as: OpaqueScope = { scope: 'as' }
const id = { opaqueType: 200, opaqueId: 7 }
const own = (type: number): string =>
  name({ type, lsId: opaqueLsId(200, 7), advertisingRouter: us })
const types = [LsType.opaqueLink, LsType.opaqueArea, LsType.opaqueAs]

/** Opaque LSAs in what left. */
const sentOpaques = (bench: Bench): string[] =>
  bench.updates().filter((u) => /^\S+ (9|10|11)\//.test(u))

t.test('4.1: the O-bit is in Database Description packets, and in nothing else', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point' })
  bench.config({ type: 'opaque', where: area, ...id, data })
  new Peer(bench, { opaque: true }).alive().to('Full')
  bench.run(10)
  const dds = bench.packets('database-description')
  t.ok(dds.length > 1)
  t.ok(dds.every((s) => s.body.options === 0x42))
  t.ok(bench.packets('hello').every((s) => s.body.options === 2))
  const lsas = bench.packets('ls-update').flatMap((s) => s.body.lsas)
  t.ok(lsas.some(({ header }) => header.type === 10))
  t.ok(lsas.every(({ header }) => header.options === 2))
})

t.test('4.1: the O-bit of a Hello says nothing', async (t) => {
  const { bench, peer } = pair(false)
  peer.hello({ options: 0x42 })
  bench.config({ type: 'opaque', where: area, ...id, data })
  t.same(sentOpaques(bench), [])
})

t.test('3: originated in each scope, changed, and withdrawn', async (t) => {
  for (const [i, where] of [link, area, as].entries()) {
    const { bench, peer } = pair()
    peer.acknowledges = true
    const key = own(types[i]!)
    const calculations = bench.router.counters.calculations
    bench.config({ type: 'opaque', where, ...id, data })
    t.same(sentOpaques(bench), [`eth0>224.0.0.5 ${key}`])
    bench.run(10)
    bench.forget()
    bench.config({ type: 'opaque', where, ...id, data: octets(1, 2, 3, 4) })
    t.same(sentOpaques(bench), [], 'the same contents are no change')
    bench.config({ type: 'opaque', where, ...id, data: octets(9, 9, 9, 9) })
    t.same(sentOpaques(bench), [`eth0>224.0.0.5 ${key}`])
    const lsId = opaqueLsId(200, 7)
    const entry = bench.entry({ type: types[i]!, lsId, advertisingRouter: us })!
    t.match(entry.lsa.body, { ...id, data: octets(9, 9, 9, 9) })
    t.equal(bench.router.opaques(bench.now * 1000)[0]?.usable, true)
    bench.run(10)
    bench.config({ type: 'withdraw-opaque', where, ...id })
    peer.acknowledge()
    t.equal(bench.entry({ type: types[i]!, lsId, advertisingRouter: us }), undefined)
    const headers = bench.packets('ls-update').flatMap((s) => s.body.lsas.map((l) => l.header))
    t.match(
      headers.findLast((h) => h.type === types[i]),
      { age: 3600 },
    )
    t.same(bench.said('opaque'), [], 'no news to who says it')
    if (where.scope !== 'as') {
      t.equal(bench.router.counters.calculations, calculations, 'no route hangs on it')
    }
  }
})

t.test('5: who originates for the whole AS is an AS boundary router', async (t) => {
  const { bench } = pair()
  const isExternal = (): boolean => {
    const body = bench.ownRouterLsa()!.lsa.body
    return body.kind === 'router' && body.external
  }
  t.equal(isExternal(), false)
  bench.config({ type: 'opaque', where: as, ...id, data })
  bench.run(6)
  t.equal(isExternal(), true)
  bench.config({ type: 'withdraw-opaque', where: as, ...id })
  bench.run(6)
  t.equal(isExternal(), false)
})

t.test(
  '4.1: a neighbor without the O-bit is not told, not asked and not listened to',
  async (t) => {
    const bench = new Bench()
    bench.up({ network: 'point-to-point' })
    for (const where of [link, area, as]) bench.config({ type: 'opaque', where, ...id, data })
    const peer = new Peer(bench).alive().to('Exchange')
    peer.endExchange(types.map((type) => opaqueLsa(type, peerId).header))
    t.equal(peer.state, 'Full', 'nothing to ask for')
    t.same(bench.packets('ls-request'), [])
    rest(bench, peer)
    bench.config({ type: 'opaque', where: area, ...id, data: octets(0, 0, 0, 1) })
    peer.update(...types.map((type) => opaqueLsa(type, peerId)))
    t.same(sentOpaques(bench), [])
    t.equal(bench.dropped('lsa-type'), 3)
    t.equal(peer.neighbor!.retransmissions.size, 0)
    t.same(
      bench.router.opaques(0).map((o) => o.own),
      [true, true, true],
    )
  },
)

t.test('10.3, 10.6: the exchange with a neighbor that sets the O-bit has them', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point' })
  const others = types.map((type) => opaqueLsa(type, far))
  const first = new Peer(bench, { opaque: true, database: others }).alive().to('Exchange')
  first.endExchange(others.map((lsa) => lsa.header))
  t.equal(first.state, 'Loading')
  const asked = bench.packets('ls-request').flatMap((s) => s.body.requests.map(name))
  t.same(
    asked,
    others.map((lsa) => name(lsa.header)),
  )
  first.update(...others)
  t.equal(first.state, 'Full')
  rest(bench, first)

  // the same link carries no second neighbor; the area does
  bench.config({
    type: 'interface',
    config: { ...bench.iface().config, name: 'eth1', network: 'point-to-point' },
  })
  bench.link('eth1', { address: ip('10.0.1.1') })
  const told = (opaque: boolean, host: number): string[] => {
    bench.forget()
    const address = ip(`10.0.1.${host}`)
    const peer = new Peer(bench, { interface: 'eth1', address, opaque })
    const dds = () => bench.packets('database-description').filter((s) => s.interface === 'eth1')
    peer.to('Exchange')
    peer.endExchange()
    const headers = dds().flatMap((s) => s.body.headers)
    return headers.filter(({ type }) => type >= 9).map(name)
  }
  t.same(
    told(true, 2),
    [10, 11].map((type) => name(opaqueLsa(type, far).header)),
    'that of the other link is not for it',
  )
  bench.unlink('eth1')
  bench.link('eth1', { address: ip('10.0.1.1') })
  t.same(told(false, 3), [])
})

t.test('13.3: flooded on to those who take it, on the link, in the area, in the AS', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point' })
  const links = ['eth1', 'eth2', 'eth3'].map((device, i) => {
    const address = ip(`10.0.${i + 1}.1`)
    const config = {
      name: device,
      network: 'point-to-point',
      area: device === 'eth3' ? 1 : 0,
    } as const
    bench.up(config, { address })
    return { interface: device, address: address + 1 }
  })
  const from = new Peer(bench, { opaque: true }).alive().to('Full')
  const [near, deaf, outside] = links.map((options) =>
    new Peer(bench, { ...options, opaque: options.interface !== 'eth2' }).alive().to('Full'),
  ) as [Peer, Peer, Peer]
  rest(bench, from, near, deaf, outside)
  const reached = (type: number): string[] => {
    bench.forget()
    from.update(opaqueLsa(type, far))
    return sentOpaques(bench).map((u) => u.split('>')[0]!)
  }
  t.same(reached(9), [])
  t.same(reached(10), ['eth1'])
  t.same(reached(11), ['eth1', 'eth3'])
  t.equal(deaf.neighbor!.retransmissions.size, 0)
  t.equal(near.neighbor!.retransmissions.size, 2)
  bench.forget()
  bench.run(1)
  const acked = bench.acks().filter((a) => a.startsWith('eth0'))
  t.same(acked.length, 3, 'and acknowledged')
})

t.test('13.3: to each neighbor by itself where nothing is multicast', async (t) => {
  const bench = new Bench()
  bench.up({
    network: 'point-to-multipoint',
    nonBroadcast: true,
    neighbors: ['10.0.0.2', '10.0.0.3'].map((a) => ({ address: ip(a), eligible: false })),
  })
  const peers = [true, false].map((opaque, i) => {
    const address = ip(`10.0.0.${i + 2}`)
    return new Peer(bench, { address, opaque }).alive().to('Full')
  })
  rest(bench, ...peers)
  bench.config({ type: 'opaque', where: area, ...id, data })
  t.same(sentOpaques(bench), [`eth0>10.0.0.2 ${own(10)}`])
  t.ok(bench.packets('ls-update').every((s) => s.destination !== allSpfRouters))
})

t.test('3: type 11 has no place in a stub area, and none on a virtual link', async (t) => {
  for (const kind of ['stub', 'nssa'] as const) {
    const bench = new Bench()
    bench.up({ network: 'point-to-point', area: 1 })
    bench.config({ type: 'area', config: { ...defaultAreaConfig(1), kind } })
    const peer = new Peer(bench, { opaque: true })
    const options = kind === 'stub' ? 0 : 8
    const hello = peer.hello.bind(peer)
    peer.hello = (overrides = {}) => hello({ options, ...overrides })
    peer.alive().to('Full')
    rest(bench, peer)
    peer.update(opaqueLsa(11, far), opaqueLsa(10, far))
    t.equal(bench.dropped('lsa-type'), 1)
    bench.config({ type: 'opaque', where: as, ...id, data })
    t.same(
      bench.router.opaques(0).map((o) => o.scope),
      ['area'],
      `${kind}: nobody would take ours`,
    )
  }
  const bench = new Bench()
  bench.up({ network: 'point-to-point', area: 1 })
  const config = { ...bench.iface().config, name: 'virtual', network: 'virtual' } as const
  const virtual = { transitArea: 1, endpoint: far }
  bench.config({ type: 'interface', config: { ...config, area: 0, virtual } })
  t.same(
    types.map((type) => bench.router.scopeFor(bench.iface('virtual'), type)?.place.area),
    [0, 0, undefined],
  )
  t.equal(bench.router.scopeFor(bench.iface('virtual'), 11), undefined)
})

t.test('events: an opaque LSA of another router comes, changes, goes', async (t) => {
  const { bench, peer } = pair()
  const first = opaqueLsa(10, far)
  peer.update(first)
  const base = {
    type: 'opaque',
    scope: 'area',
    area: '0.0.0.0',
    interface: undefined,
    advertisingRouter: '10.0.0.9',
    ...id,
  }
  t.strictSame(bench.said('opaque'), [{ ...base, change: 'new', data }])
  const [event] = bench.said('opaque')
  t.not(event!.data.buffer, bench.entry(first.header)!.lsa.raw.buffer, 'a copy')
  bench.run(2)
  bench.forget()
  peer.update(again(first, { sequence: first.header.sequence + 1 }))
  t.same(bench.said('opaque'), [], 'a refresh is no news')
  bench.run(2)
  const sequence = first.header.sequence + 2
  const second = opaqueLsa(10, far, { sequence, contents: octets(5, 6, 7, 8) })
  peer.update(second)
  t.strictSame(bench.said('opaque'), [{ ...base, change: 'changed', data: octets(5, 6, 7, 8) }])
  bench.run(2)
  bench.forget()
  peer.update(aged(second, 3600))
  t.strictSame(bench.said('opaque'), [{ ...base, change: 'gone', data: octets(5, 6, 7, 8) }])
  t.same(bench.router.opaques(bench.now * 1000), [])
})

t.test('events: MaxAge comes by itself, too', async (t) => {
  const { bench, peer } = pair()
  peer.update(opaqueLsa(11, far, { age: 3590 }))
  bench.forget()
  bench.run(12)
  t.match(bench.said('opaque'), [{ change: 'gone', scope: 'as', area: undefined }])
})

t.test('type 9 goes with the link', async (t) => {
  const { bench, peer } = pair()
  peer.update(opaqueLsa(9, peerId))
  bench.config({ type: 'opaque', where: link, ...id, data })
  bench.run(5)
  bench.forget()
  const [known] = bench.router.opaques(bench.now * 1000)
  t.match(known, { scope: 'link', area: 0, interface: 'eth0', usable: true })
  bench.unlink()
  t.match(bench.said('opaque'), [{ change: 'gone', scope: 'link', interface: 'eth0' }])
  t.same(bench.router.opaques(bench.now * 1000), [])
  bench.link('eth0')
  t.same(
    bench.router.opaques(bench.now * 1000).map((o) => o.own),
    [true],
    'ours is back as soon as it is up',
  )
  bench.config({ type: 'interface', config: { ...bench.iface().config, area: 1 } })
  t.match(bench.router.opaques(bench.now * 1000), [{ own: true, area: 1 }], 'also in another area')
})

t.test('13.4: opaque LSAs of an earlier life are flushed', async (t) => {
  const { bench, peer } = pair()
  bench.config({ type: 'opaque', where: area, ...id, data })
  bench.run(3)
  bench.forget()
  const sequence = 100
  peer.update(
    ...types.map((type) => opaqueLsa(type, us, { opaqueId: 1, sequence })),
    opaqueLsa(10, us, { sequence, contents: octets(6, 6, 6, 6) }),
  )
  bench.run(3)
  t.match(bench.said('self-originated'), [
    { lsType: 10, action: 'flushed' },
    { lsType: 11, action: 'flushed' },
    { lsType: 9, action: 'flushed' },
    { lsType: 10, action: 'outbid' },
  ])
  t.same(bench.said('opaque'), [], 'they are ours')
  const headers = bench.packets('ls-update').flatMap((s) => s.body.lsas.map((l) => l.header))
  const flushed = headers.filter((h) => h.age === 3600).map((h) => h.type)
  t.same(
    [...new Set(flushed)].sort((a, b) => a - b),
    [10, 11, 9].sort((a, b) => a - b),
  )
  const outbid = headers.find((h) => h.sequence === sequence + 1)
  t.match(outbid, { type: 10, lsId: opaqueLsId(200, 7) })
})

t.test('5: data of a router that cannot be reached must not be used', async (t) => {
  const { bench, peer } = pair()
  const usable = (): Record<string, boolean> =>
    Object.fromEntries(bench.router.opaques(bench.now * 1000).map((o) => [o.scope, o.usable]))
  const there = [
    routerLsa(peerId, [pointToPoint(us, peerId), pointToPoint(far, peerId)]),
    routerLsa(far, [pointToPoint(peerId, far)]),
  ]
  peer.update(...there, ...types.map((type) => opaqueLsa(type, far)))
  bench.run(5)
  t.same(usable(), { link: false, area: true, as: true }, 'it is not on the link')
  const [gone] = there
  peer.update(
    routerLsa(peerId, [pointToPoint(us, peerId)], { sequence: gone!.header.sequence + 1 }),
  )
  bench.run(5)
  t.same(usable(), { link: false, area: false, as: false })
  peer.update(
    opaqueLsa(9, peerId),
    lsaOf(4, far, peerId, { kind: 'summary', mask: 0, metric: 1, tos: [] }),
  )
  bench.run(5)
  const bits = { flags: 1, virtualLink: false, external: false, border: true } as const
  const body = { kind: 'router', nssaTranslator: false, wildcard: false, ...bits } as const
  const sequence = gone!.header.sequence + 2
  peer.update(
    lsaOf(1, peerId, peerId, { ...body, links: [pointToPoint(us, peerId)] }, { sequence }),
  )
  bench.run(10)
  t.match(
    bench.router.opaques(bench.now * 1000).filter((o) => o.usable),
    [
      { scope: 'as', advertisingRouter: far },
      { scope: 'link', advertisingRouter: peerId },
    ],
    'an AS boundary router elsewhere; a neighbor',
  )
})

t.test('bounded: as every database', async (t) => {
  const bench = new Bench({ limits: { lsas: 5 } })
  bench.up({ network: 'point-to-point' })
  const peer = new Peer(bench, { opaque: true }).alive().to('Full')
  rest(bench, peer)
  for (let opaqueId = 0; opaqueId < 10; opaqueId++) peer.update(opaqueLsa(9, far, { opaqueId }))
  t.equal(bench.router.opaques(0).length, 5)
  t.equal(bench.dropped('lsa-limit'), 5)
  t.same(bench.said('limit').length, 1)
})

const named = (hostname: string): Uint8Array =>
  encodeRouterInformation({ informational: undefined, functional: undefined, hostname })

t.test('RFC 7770, RFC 5642: our name, in the scope asked for', async (t) => {
  const { bench, peer } = pair()
  const information = { hostname: 'lb1', scope: 'area' } as const
  bench.config({ type: 'router-information', information })
  t.same(sentOpaques(bench), ['eth0>224.0.0.5 10/4.0.0.0/10.0.0.1'])
  const [ours] = bench.router.opaques(0)
  t.match(ours, { own: true, opaqueType: 4, opaqueId: 0 })
  t.equal(Buffer.from(ours!.data).toString('hex'), '0001000428000000' + '000700036c623100')
  t.equal(bench.router.hostnames.of(us), 'lb1')
  rest(bench, peer)
  bench.config({
    type: 'router-information',
    information: { ...information, scope: 'as' },
  })
  bench.run(6)
  t.same(
    bench.router.opaques(bench.now * 1000).map((o) => o.scope),
    ['as'],
  )
  bench.config({ type: 'router-information', information: undefined })
  bench.run(6)
  t.same(bench.router.opaques(bench.now * 1000), [])
  t.equal(bench.router.hostnames.of(us), undefined)
})

t.test('RFC 5642: names of others, by scope and by instance', async (t) => {
  const { bench, peer } = pair()
  const opaqueType = 4
  const say = (
    type: number,
    opaqueId: number,
    hostname: string,
    options: LsaOptions = {},
  ): void => {
    bench.run(2)
    peer.update(
      opaqueLsa(type, peerId, { opaqueType, opaqueId, contents: named(hostname), ...options }),
    )
  }
  const heard = (): (string | undefined)[] => [
    bench.router.neighbors()[0]?.hostname,
    bench.router.database(bench.now * 1000).find((l) => l.lsa.header.type >= 10)?.hostname,
  ]
  t.same(heard(), [undefined, undefined])
  say(11, 0, 'as-wide')
  t.same(heard(), ['as-wide', 'as-wide'])
  say(10, 2, 'second')
  t.same(heard(), ['second', 'second'], 'the narrower scope')
  say(10, 1, 'first')
  t.same(heard(), ['first', 'first'], 'the lower instance')
  say(10, 1, 'renamed', { sequence: 5 })
  t.same(heard(), ['renamed', 'renamed'])
  say(10, 1, 'renamed', { sequence: 6, age: 3600 })
  t.same(heard(), ['second', 'second'], 'one that has gone')
  peer.update(
    opaqueLsa(10, peerId, { opaqueType: 5, opaqueId: 0, contents: named('other type') }),
    opaqueLsa(10, us, { opaqueType, opaqueId: 9, contents: named('forged') }),
  )
  t.same(heard(), ['second', 'second'])
  t.equal(bench.router.hostnames.of(us), undefined, 'nobody names us')
})

t.test('hostile contents are kept and passed on as they are, and mean nothing', async (t) => {
  const { bench, peer } = pair()
  const hostile = ['0007ffff61626364', '00070000', '0001fffd00', '00', '', '8000000400070004']
  for (const [i, hex] of hostile.entries()) {
    const contents = new Uint8Array(Buffer.from(hex, 'hex'))
    const lsa = opaqueLsa(10, peerId + i, { opaqueType: 4, opaqueId: 0, contents })
    peer.update(lsa)
    t.same(bench.entry(lsa.header)?.lsa.raw, lsa.raw, hex)
  }
  t.equal(bench.router.hostnames.all().size, 0)
  t.equal(bench.said('opaque').length, hostile.length)
  noThrow(t, bench, peer)
})

/** It goes on as if nothing had happened. */
function noThrow(t: Test, bench: Bench, peer: Peer): void {
  peer.update(madeUp(ip('10.0.0.77')))
  bench.run(20)
  t.equal(peer.state, 'Full')
}
