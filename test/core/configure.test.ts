/** What an operator changes while the router runs: each field takes effect, and what need not move stays. */
import t from 'tap'
import { defaultAreaConfig } from '../../lib/core/area.ts'
import type { InterfaceConfig } from '../../lib/core/io.ts'
import { defaultLimits } from '../../lib/core/limits.ts'
import { LsType } from '../../lib/wire/lsa.ts'
import {
  allSpfRouters,
  Bench,
  ip,
  madeUp,
  Peer,
  pointToPoint,
  routerLsa,
  segment,
  stub,
  us,
} from './bench.ts'

/** Changes the configuration of an interface. */
function change(bench: Bench, fields: Partial<InterfaceConfig>, name = 'eth0'): void {
  bench.config({ type: 'interface', config: { ...bench.iface(name).config, ...fields } })
}

/** A peer in Full on a point-to-point link. */
function linked(): { bench: Bench; peer: Peer } {
  const { bench, peers } = segment('Point-to-point')
  return { bench, peer: peers[0]! }
}

const helloTimes = (bench: Bench): number[] => bench.packets('hello').map((s) => s.at)

t.test('HelloInterval: the timer is armed anew', async (t) => {
  const bench = new Bench()
  bench.up()
  bench.run(13)
  bench.forget()
  change(bench, { helloInterval: 2, deadInterval: 8 })
  bench.run(5)
  t.same(helloTimes(bench), [13, 15, 17])
  t.match(bench.packets('hello')[0]?.body, { helloInterval: 2, deadInterval: 8 })
  bench.forget()
  change(bench, { helloInterval: 30, deadInterval: 120 })
  bench.run(31)
  t.same(helloTimes(bench), [18, 48])
})

t.test('RouterDeadInterval: inactivity timers that run', async (t) => {
  t.test('longer: from now on', async (t) => {
    const { bench, peer } = linked()
    peer.helloAt = Number.POSITIVE_INFINITY
    bench.run(35)
    change(bench, { deadInterval: 60 })
    bench.run(59)
    t.equal(peer.state, 'Full')
    bench.run(2)
    t.equal(peer.state, 'Down')
  })

  t.test('shorter: who has not changed yet has the time that it was promised', async (t) => {
    const { bench, peer } = linked()
    peer.hello()
    peer.helloAt = Number.POSITIVE_INFINITY
    change(bench, { helloInterval: 1, deadInterval: 4 })
    bench.run(39)
    t.equal(peer.state, 'Full')
    peer.hello()
    bench.run(3)
    t.equal(peer.state, 'Full')
    bench.run(2)
    t.equal(peer.state, 'Down', 'a Hello that agrees arms it with the new interval')
  })

  t.test('shorter, just before the end: the new interval at least', async (t) => {
    const { bench, peer } = linked()
    peer.hello()
    peer.helloAt = Number.POSITIVE_INFINITY
    bench.run(39)
    change(bench, { deadInterval: 20 })
    bench.run(19)
    t.equal(peer.state, 'Full')
    bench.run(2)
    t.equal(peer.state, 'Down')
  })
})

t.test('RouterDeadInterval: the Wait timer', async (t) => {
  for (const deadInterval of [20, 60, 5]) {
    const bench = new Bench()
    bench.up()
    bench.run(10)
    change(bench, { helloInterval: 1, deadInterval })
    const left = Math.max(0, deadInterval - 10)
    if (left > 0) bench.run(left - 0.5)
    t.equal(bench.iface().state, 'Waiting')
    bench.run(0.5)
    t.equal(bench.iface().state, 'DR')
  }
})

t.test('RxmtInterval: of LSAs, of Database Descriptions, of requests', async (t) => {
  t.test('LSAs', async (t) => {
    const { bench } = linked()
    change(bench, { cost: 7 })
    t.equal(bench.packets('ls-update').length, 1)
    bench.forget()
    change(bench, { retransmitInterval: 2 })
    bench.run(3)
    t.equal(bench.packets('ls-update').length, 1, 'the timer that ran')
    bench.forget()
    bench.run(4.5)
    t.equal(bench.packets('ls-update').length, 1, 'and from then on, twice as long')
    bench.forget()
    change(bench, { retransmitInterval: 60 })
    bench.run(50)
    t.equal(bench.packets('ls-update').length, 0)
  })

  for (const [state, kind] of [
    ['ExStart', 'database-description'],
    ['Loading', 'ls-request'],
  ] as const) {
    t.test(kind, async (t) => {
      const bench = new Bench()
      bench.up({ network: 'point-to-point' })
      new Peer(bench).to(state)
      bench.forget()
      change(bench, { retransmitInterval: 1 })
      bench.run(3.5)
      t.equal(bench.packets(kind).length, 3)
    })
  }
})

t.test('InfTransDelay: is added to the age from now on', async (t) => {
  const { bench, peer } = linked()
  bench.up({ name: 'eth1', network: 'point-to-point' }, { address: ip('10.0.1.1') })
  const other = new Peer(bench, { interface: 'eth1', address: ip('10.0.1.2') }).to('Full')
  other.acknowledges = true
  change(bench, { transmitDelay: 30 }, 'eth1')
  bench.forget()
  peer.update(madeUp(ip('10.9.9.9'), { age: 1 }))
  const sent = bench.packets('ls-update').filter((s) => s.interface === 'eth1')
  t.same(
    sent.flatMap((s) => s.body.lsas.map((lsa) => lsa.header.age)),
    [31],
  )
})

t.test('PollInterval: a silent neighbor of an NBMA network', async (t) => {
  const bench = new Bench()
  const neighbors = [{ address: ip('10.0.0.2'), eligible: true }]
  bench.up({ network: 'nbma', neighbors, pollInterval: 100 })
  bench.run(90)
  bench.forget()
  bench.run(30)
  t.same(helloTimes(bench), [])
  change(bench, { pollInterval: 20 })
  bench.run(60)
  t.ok(helloTimes(bench).length >= 3, `${helloTimes(bench)}`)
})

t.test('NBMA: a neighbor that is listed, and no longer', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'nbma', neighbors: [] })
  bench.run(60)
  bench.forget()
  change(bench, { neighbors: [{ address: ip('10.0.0.2'), eligible: true }] })
  bench.run(11)
  t.ok(bench.packets('hello').some((s) => s.destination === ip('10.0.0.2')))
  change(bench, { neighbors: [] })
  bench.run(1)
  bench.forget()
  bench.run(300)
  t.same(bench.packets('hello'), [])
})

t.test('cost, priority, mtuIgnore and prefix suppression move no neighbor', async (t) => {
  const { bench, peers } = segment('DR')
  bench.forget()
  change(bench, { cost: 77 })
  bench.run(2)
  t.same(bench.ownLinks(), ['transit 10.0.0.1/10.0.0.1 77'])
  change(bench, { prefixSuppression: true })
  bench.run(10)
  t.match(
    bench.entry({ type: LsType.network, lsId: us, advertisingRouter: us })?.lsa.body,
    { mask: 0xffffffff },
    'RFC 6860',
  )
  change(bench, { mtuIgnore: true })
  for (const peer of peers) peer.dd()
  change(bench, { priority: 0 })
  t.same(
    bench.said('neighbor').filter((e) => e.state === 'Down'),
    [],
  )
  t.not(bench.iface().state, 'DR', 'who is not eligible is elected no more')
})

t.test('passive of another interface', async (t) => {
  const { bench, peer } = linked()
  bench.up({ name: 'eth1', passive: true }, { address: ip('10.0.1.1') })
  bench.run(5)
  change(bench, { passive: false }, 'eth1')
  bench.run(1)
  t.equal(peer.state, 'Full')
  t.ok(bench.packets('hello').some((s) => s.interface === 'eth1'))
})

t.test('an interface that becomes passive says goodbye', async (t) => {
  const { bench, peer } = linked()
  bench.forget()
  change(bench, { passive: true })
  t.same(
    bench.packets('hello').map((s) => s.body.neighbors),
    [[]],
  )
  t.equal(peer.state, 'Down')
  bench.forget()
  bench.run(100)
  t.same(bench.sent, [])
  t.same(bench.ownLinks(), ['stub 10.0.0.0/255.255.255.0 10'], 'its network is advertised')
})

t.test('an interface that is removed says goodbye', async (t) => {
  const { bench, peer } = linked()
  bench.forget()
  bench.config({ type: 'remove-interface', interface: 'eth0' })
  t.match(bench.packets('hello'), [{ destination: allSpfRouters, body: { neighbors: [] } }])
  t.equal(peer.bench.router.neighbors().length, 0)
})

t.test('several changes in one step are one LSA', async (t) => {
  const { bench } = linked()
  bench.forget()
  const { config } = bench.iface()
  const announce = (host: string) =>
    ({ type: 'announce', stub: { area: 0, prefix: ip(host), length: 32, cost: 1 } }) as const
  bench.router.handleConfig(
    bench.now * 1000,
    { type: 'interface', config: { ...config, cost: 3 } },
    announce('192.0.2.1'),
    announce('192.0.2.2'),
  )
  let updates = 0
  for (let o = bench.router.poll(); o; o = bench.router.poll()) {
    if (o.type === 'transmit') updates++
  }
  t.equal(updates, 1)
  t.equal(bench.ownLinks().length, 4)
})

t.test('an area is removed', async (t) => {
  const bench = new Bench()
  bench.up({ network: 'point-to-point' })
  bench.up({ name: 'eth1', area: 1, network: 'point-to-point' }, { address: ip('10.0.1.1') })
  const database = [
    routerLsa(ip('10.0.1.2'), [pointToPoint(us, ip('10.0.1.2')), stub('192.0.2.0', 24)]),
  ]
  new Peer(bench, { database: [] }).to('Full').alive()
  const peer = new Peer(bench, { interface: 'eth1', address: ip('10.0.1.2'), database })
  peer.to('Full').alive()
  bench.config({
    type: 'announce',
    stub: { area: 1, prefix: ip('192.0.2.9'), length: 32, cost: 0 },
  })
  bench.run(10)
  const { router } = bench
  t.ok(router.isAbr)
  t.ok(router.routes().some((r) => r.prefix === ip('192.0.2.0')))
  const summary = { type: LsType.summaryNetwork, lsId: ip('192.0.2.0'), advertisingRouter: us }
  t.ok(bench.entry(summary))

  peer.helloAt = Number.POSITIVE_INFINITY
  router.handleConfig(
    bench.now * 1000,
    { type: 'remove-interface', interface: 'eth1' },
    { type: 'remove-area', area: 1 },
  )
  bench.run(10)
  t.same([...router.areas.keys()], [0])
  t.notOk(router.isAbr)
  t.notOk(router.routes().some((r) => r.prefix === ip('192.0.2.0')))
  const { age } = bench.instance(summary) ?? { age: 3600 }
  t.equal(age, 3600, 'its summaries are flushed')
  t.match(bench.ownRouterLsa()?.lsa.body, { border: false })
  t.notOk(router.database(bench.now * 1000).some((l) => l.area === 1))

  bench.config({ type: 'remove-area', area: 1 })
  bench.config({ type: 'area', config: defaultAreaConfig(1) })
  bench.config({ type: 'interface', config: { ...bench.iface().config, name: 'eth1', area: 1 } })
  bench.link('eth1', { address: ip('10.0.1.1') })
  bench.run(10)
  t.ok(router.isAbr, 'and comes again')
  t.notOk(router.areas.get(1)?.stubs.size, 'without what was announced in it')
})

t.test('an area that still has interfaces is removed with them', async (t) => {
  const bench = new Bench()
  bench.up()
  bench.up({ name: 'eth1', area: 1 }, { address: ip('10.0.1.1') })
  bench.config({ type: 'remove-area', area: 1 })
  t.same([...bench.router.interfaces.keys()], ['eth0'])
  bench.run(100)
})

t.test('limits, SPF delay and behaviour', async (t) => {
  const { bench, peer } = linked()
  const { router } = bench
  bench.config({ type: 'limits', limits: { ...defaultLimits, lsas: router.as.lsdb.size + 2 } })
  peer.update(madeUp(ip('10.9.9.8')), madeUp(ip('10.9.9.9')))
  t.match(bench.said('limit'), [{ what: 'lsdb' }])

  const spf = { initialMs: 5000, shortMs: 0, longMs: 0, timeToLearnMs: 500, holdDownMs: 1000 }
  bench.config({ type: 'limits', limits: defaultLimits })
  bench.run(10)
  bench.config({ type: 'spf-delay', config: spf })
  bench.forget()
  peer.update(
    routerLsa(ip('10.0.0.2'), [pointToPoint(us, ip('10.0.0.2'), 9), stub('192.0.2.0', 24)]),
  )
  bench.run(4)
  t.same(bench.said('spf'), [])
  bench.run(2)
  t.not(bench.said('spf').length, 0)

  bench.up({ name: 'eth1', area: 1 }, { address: ip('10.0.1.1') })
  bench.up({ name: 'eth2', area: 2 }, { address: ip('10.0.2.1') })
  peer.helloAt = Number.POSITIVE_INFINITY
  bench.config({ type: 'remove-interface', interface: 'eth0' })
  bench.run(10)
  t.notOk(router.isAbr, 'cisco: not without the backbone')
  bench.config({ type: 'behaviour', abrType: 'standard', rfc1583Compatibility: false })
  bench.run(10)
  t.ok(router.isAbr)
  t.match(router.areas.get(1)?.lsdb.router(us)?.lsa.body, { border: true })
  t.equal(router.rfc1583Compatibility, false)
})

t.test('fewer equal-cost paths than before', async (t) => {
  const bench = new Bench()
  const links = [1, 2, 3].map((n) => {
    const name = `eth${n}`
    bench.up({ name, network: 'point-to-point' }, { address: ip(`10.0.${n}.1`) })
    return { name, address: ip(`10.0.${n}.2`) }
  })
  const routerId = ip('10.9.0.1')
  const database = [
    routerLsa(routerId, [
      ...links.map(({ address }) => pointToPoint(us, address)),
      stub('192.0.2.0', 24),
    ]),
  ]
  for (const { name, address } of links) {
    new Peer(bench, { interface: name, address, routerId, database }).to('Full').alive()
  }
  bench.run(10)
  const hops = () => bench.router.routes().find((r) => r.prefix === ip('192.0.2.0'))?.nextHops
  t.equal(hops()?.length, 3)
  bench.config({ type: 'limits', limits: { ...defaultLimits, maximumPaths: 2 } })
  bench.run(5)
  t.equal(hops()?.length, 2)
  bench.config({ type: 'limits', limits: defaultLimits })
  bench.run(5)
  t.equal(hops()?.length, 3)
})

t.test('secondary addresses as stub networks', async (t) => {
  const { bench } = linked()
  const secondaries = [
    { address: ip('10.7.0.1'), prefixLength: 24 },
    { address: ip('10.8.0.1'), prefixLength: 32 },
  ]
  bench.link('eth0', { secondaries })
  const before = bench.ownLinks()
  bench.run(2)
  t.same(bench.ownLinks(), before, 'not unless asked')
  change(bench, { secondaryAddresses: true })
  bench.run(2)
  const theirs = ['stub 10.7.0.0/255.255.255.0 10', 'stub 10.8.0.1/255.255.255.255 10']
  t.same(
    bench.ownLinks().filter((link) => !before.includes(link)),
    theirs,
  )
  bench.link('eth0', { secondaries: secondaries.slice(0, 1) })
  bench.run(6)
  t.same(
    bench.ownLinks().filter((link) => !before.includes(link)),
    theirs.slice(0, 1),
    'as they come and go',
  )
  change(bench, { prefixSuppression: true })
  bench.run(10)
  t.notOk(bench.ownLinks().some((link) => link.startsWith('stub')))
})

t.test('two interfaces on one device: each takes its own packets', async (t) => {
  const bench = new Bench()
  bench.up({ device: 'eth0', network: 'broadcast' })
  const name = 'eth0:10.0.1.1'
  bench.up({ name, device: 'eth0', area: 1 }, { address: ip('10.0.1.1') })
  const here = new Peer(bench, { address: ip('10.0.0.2') })
  const there = new Peer(bench, { interface: name, address: ip('10.0.1.2') })
  // the device hands every packet to both
  const both = (peer: Peer, overrides: { destination?: number } = {}): void => {
    peer.hello()
    const last = bench.inputs.at(-1)!
    if (!('datagram' in last)) throw new Error('no datagram')
    const other = peer === here ? name : 'eth0'
    bench.datagram({ ...last.datagram, ...overrides, interface: other })
  }
  both(here)
  both(there)
  both(here, { destination: us })
  both(there, { destination: ip('10.0.1.1') })
  t.match(bench.router.neighbors(), [
    { interface: 'eth0', address: ip('10.0.0.2') },
    { interface: name, address: ip('10.0.1.2') },
  ])
  t.same(bench.drops, {}, 'the other one drops nothing')
  t.same(bench.said('mismatch'), [])

  // what is of neither is refused once
  bench.run(11)
  const { bytes } = bench.packets('hello')[0]!
  for (const each of ['eth0', name]) {
    bench.datagram({ interface: each, source: ip('10.5.5.5'), bytes })
  }
  t.equal(bench.dropped('bad-source') + bench.dropped('duplicate-router-id'), 1)
  bench.unlink(name)
  there.hello()
  t.equal(bench.dropped('interface-down'), 0, 'what is for who is down is for the other to judge')
})

t.test('two numbered by a peer on one device', async (t) => {
  const bench = new Bench()
  const network = 'point-to-point'
  const pair = (host: string, peer: string) => ({
    address: ip(host),
    prefixLength: 32,
    peer: ip(peer),
  })
  bench.up({ device: 'eth0', network }, pair('10.0.0.1', '10.0.0.2'))
  const name = 'eth0:10.0.1.1'
  bench.up({ name, device: 'eth0', network }, pair('10.0.1.1', '10.0.1.2'))
  const there = new Peer(bench, { interface: name, address: ip('10.0.1.2') })
  there.hello()
  const last = bench.inputs.at(-1)!
  if ('datagram' in last) bench.datagram({ ...last.datagram, interface: 'eth0' })
  t.match(bench.router.neighbors(), [{ interface: name }])
  t.equal(bench.router.neighbors().length, 1)
})
