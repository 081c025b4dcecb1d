/** Virtual links (RFC 2328 section 15), told by a small network. */
import t from 'tap'
import { settled } from '../../lib/sim/check.ts'
import type { TappedPacket } from '../../lib/sim/medium.ts'
import { Network } from '../../lib/sim/network.ts'
import type { SimRouter } from '../../lib/sim/router.ts'
import { formatIpv4, formatPrefix } from '../../lib/wire/address.ts'
import { LsType } from '../../lib/wire/lsa.ts'
import { decodePacket, type PacketBody } from '../../lib/wire/packet.ts'
import { lsas } from '../sim/lsas.ts'
import { quick } from '../sim/topologies.ts'
import { Bench, baseConfig, Peer } from './bench.ts'

const transit = '0.0.0.1'
const one = { ...quick, area: transit }
const timers = { helloInterval: 1, deadInterval: 4 }

/**
 * r in the backbone, near its border; far on the other side of area 1, behind it leaf in area 2. Two ways lead through
 * area 1: over west (cost 2 and 2), and over east (cost 5 and 5).
 */
function build({ isLinked = true } = {}) {
  const net = new Network({ seed: 15 })
  const names = ['r', 'near', 'west', 'east', 'far', 'leaf'] as const
  const [r, near, west, east, far, leaf] = names.map((name) => net.router(name)) as [
    SimRouter,
    SimRouter,
    SimRouter,
    SimRouter,
    SimRouter,
    SimRouter,
  ]
  net.link(r, near, { ...quick, cost: 1, prefix: '10.0.0.0/30' })
  net.link(near, west, { ...one, cost: 2, prefix: '10.1.1.0/30' })
  net.link(west, far, { ...one, cost: 2, prefix: '10.1.2.0/30' })
  net.link(near, east, { ...one, cost: 5, prefix: '10.1.3.0/30' })
  net.link(east, far, { ...one, cost: 5, prefix: '10.1.4.0/30' })
  net.link(far, leaf, { ...quick, cost: 1, area: '0.0.0.2', prefix: '10.2.0.0/30' })
  r.announce('10.0.9.0/24')
  leaf.announce('10.2.9.0/24', { area: '0.0.0.2' })
  if (isLinked) join(near, far)
  return { net, r, near, west, east, far, leaf }
}

function join(a: SimRouter, b: SimRouter, area = transit): void {
  a.virtualLink(b.routerId, area, timers)
  b.virtualLink(a.routerId, area, timers)
}

/** What a router's table says; its kernel is not told of costs alone. */
const cost = (router: SimRouter, prefix: string): number | undefined =>
  router.routes().find((r) => formatPrefix(r.prefix, r.length) === prefix)?.cost

/** The virtual link of a router as it sees it: state, cost and address; the neighbor's state and address. */
function link(router: SimRouter): string {
  const iface = router.interfaces().find(({ config }) => config.network === 'virtual')!
  const { state, config, link: l } = iface
  const neighbor = router.neighbors().find((n) => n.interface === iface.name)
  const there = neighbor ? `${neighbor.state} ${formatIpv4(neighbor.address)}` : 'nobody'
  return state === 'Down' ? state : `${formatIpv4(l.address!)} cost ${config.cost}, ${there}`
}

/** The links of type 4 that a router's backbone router-LSA has. */
function linksOfType4(router: SimRouter): { id: string; data: string; metric: number }[] {
  const [own] = lsas(router, LsType.router, { area: 0, by: router })
  if (own?.lsa.body.kind !== 'router') return []
  return own.lsa.body.links
    .filter(({ type }) => type === 4)
    .map(({ id, data, metric }) => ({ id: formatIpv4(id), data: formatIpv4(data), metric }))
}

/** Bit V of what a router says of itself in the transit area. */
function bitV(router: SimRouter, by: SimRouter): boolean | undefined {
  const [lsa] = lsas(router, LsType.router, { area: 1, by })
  return lsa?.lsa.body.kind === 'router' ? lsa.lsa.body.virtualLink : undefined
}

t.test('comes up when the transit area has a way, and joins what is behind it', async (t) => {
  const { net, r, near, west, far, leaf } = build()
  net.run(30)
  t.same(settled(net), [])
  t.equal(link(near), '10.1.1.1 cost 4, Full 10.1.2.2', 'cost and addresses are those of the way')
  t.equal(link(far), '10.1.2.2 cost 4, Full 10.1.1.1')
  t.same(linksOfType4(near), [{ id: far.routerId, data: '10.1.1.1', metric: 4 }], '12.4.1.3')
  t.same(linksOfType4(far), [{ id: near.routerId, data: '10.1.2.2', metric: 4 }])
  t.same(
    [near, far, west].map((by) => bitV(west, by)),
    [true, true, false],
    'bit V, in the transit area',
  )
  const [backbone] = lsas(r, LsType.router, { area: 0, by: far })
  t.match(backbone?.lsa.body, { border: true, virtualLink: false })
  t.equal(cost(r, '10.2.9.0/24'), 1 + 4 + 1)
  t.ok(leaf.fib.has('10.0.9.0/24'))
  t.same(
    far.fib.get('10.0.9.0/24')?.nextHops.map(({ gateway }) => formatIpv4(gateway!)),
    ['10.1.2.1'],
    '16.3: the next hop is a router of the transit area',
  )
})

t.test('without it, what is behind it is alone', async (t) => {
  const { net, r, far, leaf } = build({ isLinked: false })
  net.run(30)
  t.notOk(r.fib.has('10.2.9.0/24'))
  t.notOk(leaf.fib.has('10.0.9.0/24'))
  t.ok(far.fib.has('10.0.9.0/24'), 'RFC 3509: no border router, and listens to area 1')
  t.same(settled(net), [])
})

t.test('no AS-external crosses it, in whatever packet; the MTU is not told', async (t) => {
  const { net, r, near, far, leaf } = build()
  const bodies: PacketBody[] = []
  const virtual: PacketBody[] = []
  net.tap(({ from, bytes }) => {
    const { header, body } = decodePacket(bytes)
    bodies.push(body)
    if (header.areaId === 0 && from.config.area !== 0) virtual.push(body)
  })
  r.external('172.16.0.0/16')
  leaf.external('172.17.0.0/16')
  net.run(30)
  // and one while all is Full
  r.external('172.18.0.0/16')
  net.run(10)
  t.same(settled(net), [])
  t.ok(leaf.fib.has('172.16.0.0/16') && leaf.fib.has('172.18.0.0/16') && r.fib.has('172.17.0.0/16'))
  const types = (of: readonly PacketBody[]): Set<number> =>
    new Set(
      of.flatMap((body) => {
        switch (body.kind) {
          case 'database-description':
          case 'ls-ack':
            return body.headers.map(({ type }) => type)
          case 'ls-request':
            return body.requests.map(({ type }) => type)
          case 'ls-update':
            return body.lsas.map(({ header }) => header.type)
          default:
            return []
        }
      }),
    )
  t.ok(types(bodies).has(LsType.external))
  t.same([...types(virtual)].sort(), [LsType.router, LsType.summaryNetwork, LsType.summaryAsbr])
  const described = virtual.filter((body) => body.kind === 'database-description')
  t.ok(described.length > 0)
  t.same(new Set(described.map(({ mtu }) => mtu)), new Set([0]), '10.8')
  for (const x of [near, far]) t.notOk(x.counters.drops['bad-destination'])
})

t.test('15: the cost is that of the way, and follows it', async (t) => {
  const { net, r, near, west, far } = build()
  net.run(30)
  const adjacent = far.neighbors().find((n) => n.routerId === near.id)?.since
  near.configure('eth1', { cost: 4 })
  net.run(10)
  t.match(link(near), 'cost 6, Full')
  t.match(link(far), 'cost 4, Full', 'each end has its own')
  t.same(linksOfType4(near), [{ id: far.routerId, data: '10.1.1.1', metric: 6 }])
  t.equal(cost(r, '10.2.9.0/24'), 1 + 6 + 1)
  t.equal(far.neighbors().find((n) => n.routerId === near.id)?.since, adjacent, 'still Full')
  west.configure('eth0', { cost: 1 })
  net.run(10)
  t.match(link(far), 'cost 3, Full')
  t.same(settled(net), [])
})

t.test('survives a change of way: other addresses, the same adjacency', async (t) => {
  const { net, r, near, west, far, leaf } = build()
  net.run(30)
  const since = far.neighbors().find((n) => n.routerId === near.id)?.since
  const ways = [west.attachments[0]!.segment, west.attachments[1]!.segment]
  for (const way of ways) way.down()
  net.run(12)
  t.equal(link(near), '10.1.3.1 cost 10, Full 10.1.4.2')
  t.equal(link(far), '10.1.4.2 cost 10, Full 10.1.3.1')
  t.same(linksOfType4(near), [{ id: far.routerId, data: '10.1.3.1', metric: 10 }])
  t.equal(far.neighbors().find((n) => n.routerId === near.id)?.since, since)
  t.ok(leaf.fib.has('10.0.9.0/24') && r.fib.has('10.2.9.0/24'))
  t.same(settled(net), [])
  for (const way of ways) way.up()
  net.run(20)
  t.equal(link(near), '10.1.1.1 cost 4, Full 10.1.2.2')
  t.equal(far.neighbors().find((n) => n.routerId === near.id)?.since, since)
  t.same(settled(net), [])
})

t.test('two equal ways through the transit area', async (t) => {
  const { net, near, east, far, leaf } = build()
  for (const [router, name] of [
    [near, 'eth2'],
    [east, 'eth0'],
    [east, 'eth1'],
    [far, 'eth1'],
  ] as const) {
    router.configure(name, { cost: 2 })
  }
  net.run(40)
  t.match(link(near), 'cost 4, Full')
  t.match(link(far), 'cost 4, Full')
  t.equal(cost(leaf, '10.0.9.0/24'), 1 + 4 + 1)
  t.equal(far.fib.get('10.0.9.0/24')?.nextHops.length, 2)
  t.same(settled(net), [])
})

t.test(
  'packets may come in by another interface than that whose address they are for',
  async (t) => {
    const { net, near, far } = build()
    let seen: TappedPacket | undefined
    net.tap((packet) => {
      if (packet.from.node !== far || packet.from.config.area !== 1) return
      const { header, body } = decodePacket(packet.bytes)
      if (header.areaId === 0 && body.kind === 'hello') seen = packet
    })
    net.run(30)
    const [to, other] = [near.attachments[1]!, near.attachments[2]!]
    const { bytes, destination, from } = seen!
    t.equal(destination, to.address)
    const deliver = (iface: string, where: number): number | undefined => {
      const datagram = { interface: iface, source: from.address, ttl: 1, bytes }
      near.core.handleDatagrams(net.clock.now(), [{ ...datagram, destination: where }])
      return near.neighbors().find((n) => n.routerId === far.id && n.area === 0)?.deadAt
    }
    const before = deliver(to.name, destination)
    net.run(0.1)
    t.equal(deliver(other.name, destination), before! + 100)
    t.notOk(near.counters.drops['bad-destination'])
    deliver(other.name, 0x0a0a0a0a)
    t.equal(near.counters.drops['bad-destination'], 1, 'no address of ours')
    deliver(near.attachments[0]!.name, destination)
    t.equal(near.counters.drops['bad-destination'], 2, 'on an interface of another area')
  },
)

t.test('goes down when the way goes, and comes back with it', async (t) => {
  const { net, r, near, west, east, far, leaf } = build()
  net.run(30)
  for (const x of [west, east]) x.crash()
  net.run(12)
  t.same([near, far].map(link), ['Down', 'Down'])
  t.same(linksOfType4(near), [])
  t.equal(bitV(near, near), false)
  t.match(lsas(leaf, LsType.router, { by: far })[0]?.lsa.body, { border: false }, 'cisco')
  t.notOk(leaf.fib.has('10.0.9.0/24') || r.fib.has('10.2.9.0/24'))
  t.same(settled(net), [])
  east.restart()
  net.run(20)
  t.equal(link(near), '10.1.3.1 cost 10, Full 10.1.4.2')
  t.equal(bitV(east, near), true)
  t.ok(leaf.fib.has('10.0.9.0/24') && r.fib.has('10.2.9.0/24'))
  t.same(settled(net), [])
})

t.test('15: a way that costs more than 0xffff is none', async (t) => {
  const { net, near, east, far } = build()
  east.crash()
  near.configure('eth1', { cost: 65533 })
  net.run(40)
  t.match(link(near), 'cost 65535, Full', 'the most that a router-LSA can say')
  t.same(
    linksOfType4(near).map(({ metric }) => metric),
    [65535],
  )
  t.same(settled(net), [])
  near.configure('eth1', { cost: 65534 })
  net.run(20)
  t.equal(link(near), 'Down')
  t.match(link(far), 'cost 4, nobody', 'its own way is short, but nobody answers')
  t.same(linksOfType4(far), [])
  t.same(settled(net), [])
})

t.test('one end alone is no link', async (t) => {
  const { net, near, far, leaf } = build({ isLinked: false })
  far.virtualLink(near.routerId, transit, timers)
  net.run(30)
  t.match(link(far), 'nobody')
  t.same(linksOfType4(far), [])
  t.notOk(leaf.fib.has('10.0.9.0/24'))
  t.ok(near.counters.drops['area-mismatch'], 'the other end drops it')
})

t.test('one end alone beside an adjacency: said once, not with every Hello', async (t) => {
  const net = new Network({ seed: 16 })
  const [r, near, far] = ['r', 'near', 'far'].map((name) => net.router(name)) as SimRouter[]
  net.link(r!, near!, { ...quick, prefix: '10.0.0.0/30' })
  net.link(near!, far!, { ...one, prefix: '10.1.1.0/30' })
  const said = (): unknown[] =>
    near!.events.flatMap(({ event }) => (event.type === 'mismatch' ? `area ${event.theirs}` : []))
  net.run(10)
  far!.virtualLink(near!.routerId, transit, timers)
  net.run(30)
  t.strictSame(said(), ['area 0.0.0.0'])
  near!.virtualLink(far!.routerId, transit, timers)
  net.run(30)
  t.match(link(near!), 'Full')
  t.strictSame(said(), ['area 0.0.0.0'])
})

t.test('3.6: not through stub areas; one that becomes stub loses its virtual links', async (t) => {
  for (const kind of ['stub', 'nssa'] as const) {
    const { net, near, west, east, far, leaf } = build()
    for (const x of [near, west, east, far]) x.area(transit, { kind })
    net.run(30)
    t.same([near, far].map(link), ['Down', 'Down'], kind)
    t.notOk(leaf.fib.has('10.0.9.0/24'))
    for (const x of [near, west, east, far]) x.area(transit, { kind: 'normal' })
    net.run(30)
    t.match(link(near), 'Full')
    t.ok(leaf.fib.has('10.0.9.0/24'))
    for (const x of [near, west, east, far]) x.area(transit, { kind })
    net.run(30)
    t.same([near, far].map(link), ['Down', 'Down'], `${kind} again`)
    t.equal(bitV(west, near), false)
    t.same(settled(net), [])
  }
})

t.test('a virtual link through each of two areas to the same router', async (t) => {
  const { net, r, near, west, east, far, leaf } = build()
  net.link(near, far, { ...quick, cost: 1, area: '0.0.0.3', prefix: '10.3.0.0/30' })
  join(near, far, '0.0.0.3')
  net.run(40)
  const through = near.interfaces().filter(({ config }) => config.network === 'virtual')
  t.same(
    through.map(({ state, fullNeighbors }) => `${state} ${fullNeighbors}`),
    ['Point-to-point 1', 'Point-to-point 1'],
  )
  t.same(
    linksOfType4(near)
      .map(({ metric }) => metric)
      .sort(),
    [1, 4],
  )
  t.equal(cost(leaf, '10.0.9.0/24'), 1 + 1 + 1)
  t.same(settled(net), [])
  for (const x of [west, east]) x.crash()
  net.run(12)
  t.ok(leaf.fib.has('10.0.9.0/24') && r.fib.has('10.2.9.0/24'), 'one is left')
  t.same(settled(net), [])
})

t.test(
  '8.2: a packet of the backbone without a virtual link to its sender is dropped',
  async (t) => {
    const bench = new Bench()
    bench.up({ area: 1 })
    const peer = new Peer(bench)
    const hello = {
      kind: 'hello',
      networkMask: 0,
      helloInterval: 10,
      options: 2,
      priority: 1,
      deadInterval: 40,
      designatedRouter: 0,
      backupDesignatedRouter: 0,
      neighbors: [],
    } as const
    peer.send(hello)
    t.equal(bench.router.neighbors().length, 0)
    const virtual = { transitArea: 1, endpoint: peer.routerId }
    bench.config({
      type: 'interface',
      config: { ...baseConfig, name: 'v', network: 'virtual', virtual },
    })
    t.equal(bench.iface('v').state, 'Down')
    t.equal(bench.iface('v').neighbors.size, 0, 'there is no way yet')
  },
)

t.test('12.4.1: bit V is said with the adjacency, whatever kind of router we are', async (t) => {
  const { net, far } = build()
  // no border router: nothing is told of one area to another, that it could come along with
  far.core.handleConfig(far.now(), { type: 'announce-only', announceOnly: true })
  net.run(60)
  t.match(link(far), /Full/)
  t.equal(bitV(far, far), true)
})
