/** Other options for a running speaker: what changes, what stays, and what is refused with nothing changed. */
import t from 'tap'
import { type InterfaceOptions, OspfSpeaker, type SpeakerOptions } from '../lib/index.ts'
import * as world from './world.ts'
import { collect, eth0, lan, only, stateOf, vip, World } from './world.ts'

/** Not one that announces alone: its costs are to be seen. */
const director = (more: Partial<SpeakerOptions> = {}, settings?: InterfaceOptions) =>
  world.director({ role: 'router', ...more }, settings)
const running = (more: Partial<SpeakerOptions> = {}) => world.running({ role: 'router', ...more })

const routerLsa = (speaker: OspfSpeaker) => {
  const body = speaker.database().find((l) => l.own && l.type === 1)?.body
  if (body?.kind !== 'router') throw new Error('no router-LSA of our own')
  return body
}

t.test('nothing new', async (t) => {
  const { speaker, events, run, until, world } = await running()
  const { length } = world.log
  t.same(await speaker.reconfigure(director()), { changes: [], restarted: [] })
  await run(1)
  t.same(only(events, 'reconfigured'), [{ type: 'reconfigured', changes: [] }])
  t.equal(world.log.length, length)
  t.equal(stateOf(speaker), 'Full')
  await until(speaker.stop())
  t.equal(world.leftovers, '')
})

for (const [what, settings, words] of [
  ['cost', { cost: 99 }, 'cost 10 -> 99'],
  ['priority', { priority: 5 }, 'priority 0 -> 5'],
  ['retransmission', { retransmitInterval: 2.5 }, 'retransmitInterval 5 -> 2.5'],
  ['transmit delay', { transmitDelay: 3 }, 'transmitDelay 1 -> 3'],
  ['MTU', { mtuIgnore: true }, 'mtuIgnore false -> true'],
  ['prefix suppression', { prefixSuppression: true }, 'prefixSuppression default -> true'],
] as const satisfies readonly (readonly [string, InterfaceOptions, string])[]) {
  t.test(`${what}: the adjacency stays`, async (t) => {
    const { speaker, events, run, until, world } = await running()
    speaker.announce(vip)
    await run(1)
    const from = events.length
    const result = await speaker.reconfigure(director({}, { ...eth0, ...settings }))
    t.same(result, { changes: [`interface eth0: ${words}`], restarted: [] })
    await run(20)
    t.same(only(events.slice(from), 'neighbor'), [])
    t.match(speaker.interfaces(), [settings])
    t.equal(speaker.announcements()[0]?.state, 'up')
    t.equal(world.log.filter((line) => line.startsWith('open')).length, 1)
    await until(speaker.stop())
  })
}

t.test('the cost reaches the neighbor', async (t) => {
  const { speaker, peer, run, until } = await running()
  speaker.announce(vip, { cost: 1 })
  await run(1)
  t.equal(peer.fib.get(vip)?.cost, 11)
  await speaker.setInterface('eth0', { cost: 65535 })
  await run(6)
  t.equal(routerLsa(speaker).links[0]?.metric, 65535)
  await speaker.setInterface('eth0', { cost: 7 })
  await run(6)
  t.equal(routerLsa(speaker).links[0]?.metric, 7)
  t.match(speaker.interfaces(), [{ cost: 7, helloInterval: 1, deadInterval: 4 }], 'the rest stays')
  await t.rejects(speaker.setInterface('eth7', { cost: 7 }), {
    code: 'ERR_OSPF_NO_INTERFACE',
    message: 'interface eth7 is not configured',
  })
  await t.rejects(speaker.setInterface('eth0', { cost: 0 }), { code: 'ERR_OSPF_CONFIG' })
  t.match(speaker.interfaces(), [{ cost: 7 }])
  await until(speaker.stop())
})

t.test('hello and dead interval: both sides within the dead interval', async (t) => {
  const { speaker, peer, events, run, until } = await running()
  const from = events.length
  const slow = { helloInterval: 3, deadInterval: 12 }
  await speaker.reconfigure(director({}, { ...eth0, ...slow }))
  await run(2)
  peer.configure('eth0', slow)
  await run(30)
  t.same(only(events.slice(from), 'neighbor'), [])
  t.equal(peer.neighbors()[0]?.state, 'Full')

  await speaker.reconfigure(director())
  await run(5)
  peer.configure('eth0', { helloInterval: 1, deadInterval: 4 })
  await run(10)
  t.same(only(events.slice(from), 'neighbor'), [], 'and back')
  peer.crash()
  await run(5)
  t.same(speaker.neighbors(), [], 'the new dead interval counts')
  await until(speaker.stop())
})

t.test('keys that overlap', async (t) => {
  const key = (id: number) => ({ id, key: `secret ${id}` })
  const chain = (...ids: number[]) =>
    ({ type: 'hmac-sha-256', keys: ids.map(key) }) as const satisfies object
  const net = lan()
  const other = net.net.host('other')
  net.peer.crash()
  net.net.attach(net.net.segments[0]!, other)
  const with_ = (routerId: string, ...ids: number[]): SpeakerOptions =>
    director({ routerId }, { ...eth0, priority: 1, authentication: chain(...ids) })
  const speaker = await OspfSpeaker.start(with_('10.0.0.7', 1), net.world)
  const second = await OspfSpeaker.start(with_('10.0.0.8', 1), new World(other))
  const events = collect(speaker)
  await net.run(12)
  t.equal(stateOf(speaker), 'Full')
  const from = events.length
  for (const ids of [[1, 2], [2]]) {
    const { changes } = await speaker.reconfigure(with_('10.0.0.7', ...ids))
    t.same(changes, ['interface eth0: authentication changed'], 'no key is shown')
    await net.run(2)
    await second.reconfigure(with_('10.0.0.8', ...ids))
    await net.run(10)
  }
  t.same(only(events.slice(from), 'neighbor'), [])
  t.match(speaker.interfaces(), [{ authentication: { keyId: 2 } }])
  await net.until(Promise.all([speaker.stop(), second.stop()]))
})

t.test('interfaces are added, made passive, moved and removed', async (t) => {
  const { net, host, peer, world, run, until } = lan()
  const second = net.router('r2', { routerId: '10.0.0.2' })
  net.segment('dmz', '10.0.2.0/24', [host, second], { helloInterval: 1, deadInterval: 4 })
  const speaker = await OspfSpeaker.start(director(), world)
  const events = collect(speaker)
  await run(8)
  const from = events.length
  const areas = (eth1?: InterfaceOptions, id = 0): SpeakerOptions =>
    director({
      areas: {
        0: { interfaces: { eth0, ...(eth1 && id === 0 ? { eth1 } : {}) } },
        ...(eth1 && id !== 0 ? { [id]: { interfaces: { eth1 } } } : {}),
      },
    })
  t.same(await speaker.reconfigure(areas(eth0)), {
    changes: ['interface eth1 added'],
    restarted: [],
  })
  await run(8)
  t.same(
    speaker.neighbors().map((n) => [n.interface, n.state]),
    [
      ['eth0', 'Full'],
      ['eth1', 'Full'],
    ],
  )
  t.ok(peer.fib.has('10.0.2.0/24'))

  t.same(await speaker.reconfigure(areas({ ...eth0, passive: true })), {
    changes: ['interface eth1: passive false -> true'],
    restarted: ['eth1'],
  })
  t.same([...world.sockets.keys()], ['eth0'])
  await run(0.5)
  t.not(second.neighbors()[0]?.state, 'Full', 'it was told')
  await run(8)
  t.ok(peer.fib.has('10.0.2.0/24'), 'the network stays')

  await speaker.reconfigure(areas(eth0))
  await run(8)
  t.equal(speaker.neighbors().length, 2)
  const moved = await speaker.reconfigure(areas(eth0, 5))
  t.same(moved, {
    changes: ['area 0.0.0.5 added', 'interface eth1: area 0.0.0.0 -> 0.0.0.5'],
    restarted: ['eth1'],
  })
  second.configure('eth0', { area: 5 })
  await run(12)
  t.equal(speaker.neighbors().length, 2)
  t.equal(routerLsa(speaker).border, true)
  t.match(
    peer.routes().find((r) => r.prefix === 0x0a000200),
    { pathType: 'inter-area' },
  )

  const removed = await speaker.reconfigure(areas())
  t.same(removed.changes, ['interface eth1 removed', 'area 0.0.0.5 removed'])
  await run(8)
  t.equal(routerLsa(speaker).border, false)
  t.notOk(peer.fib.has('10.0.2.0/24'))
  t.notOk(speaker.database().some((l) => l.area === '0.0.0.5'))
  t.same([...world.sockets.keys()], ['eth0'])
  t.same(
    only(events.slice(from), 'neighbor').filter((e) => e.interface === 'eth0'),
    [],
    'all the while eth0 has not moved',
  )
  await until(speaker.stop())
  t.equal(world.leftovers, '')
})

t.test('areas, stub networks, externals, name, limits and behaviour', async (t) => {
  const { speaker, peer, run, until } = await running({
    externals: { '192.0.2.0/24': {}, '198.51.100.0/24': { metric: 5 } },
    stubRouter: true,
  })
  const { changes } = await speaker.reconfigure(
    director({
      areas: {
        0: { interfaces: { eth0 }, stubNetworks: { '10.9.0.0/16': 3 } },
        7: { type: 'stub' },
      },
      externals: { '192.0.2.0/24': { metric: 7, type: 1 }, '203.0.113.0/24': {} },
      hostname: 'lb-7',
      limits: { lsas: 5000 },
      spfDelay: { longMs: 300 },
      abrType: 'ibm',
      rfc1583Compatibility: false,
    }),
  )
  t.same(changes, [
    'area 0.0.0.7 added',
    'area 0.0.0.0: stub network 10.9.0.0/16 added',
    'external 198.51.100.0/24 removed',
    'external 192.0.2.0/24: metricType 2 -> 1, metric 20 -> 7',
    'external 203.0.113.0/24 added',
    'hostname none -> lb-7',
    'limits: lsas 100000 -> 5000',
    'spfDelay: longMs 200 -> 300',
    'abrType cisco -> ibm, rfc1583Compatibility true -> false',
    'stubRouter changed',
  ])
  await run(10)
  t.match(peer.fib.get('10.9.0.0/16'), { cost: 13 })
  t.match(
    peer.routes().find((r) => r.prefix === 0xc0000200),
    { pathType: 'external-1', cost: 17 },
  )
  t.ok(peer.fib.has('203.0.113.0/24'))
  t.notOk(peer.fib.has('198.51.100.0/24'))
  t.equal(speaker.hostnames().get('10.0.1.133'), 'lb-7')
  t.equal(routerLsa(speaker).links[0]?.metric, 10, 'no stub router any more')
  const back = await speaker.reconfigure(director({ areas: { 0: { interfaces: { eth0 } } } }))
  t.ok(back.changes.includes('area 0.0.0.7 removed'))
  t.ok(back.changes.includes('hostname lb-7 -> none'))
  await run(10)
  t.notOk(peer.fib.has('10.9.0.0/16'))
  t.notOk(peer.fib.has('192.0.2.0/24'))
  t.equal(stateOf(speaker), 'Full')
  await until(speaker.stop())
})

t.test('role, and what may be originated', async (t) => {
  const { speaker, peer, run, until } = await running({ externals: { '192.0.2.0/24': {} } })
  const announcement = speaker.announce(vip)
  const metric = () => routerLsa(speaker).links[0]?.metric
  const only = director({ externals: { '192.0.2.0/24': {} }, role: 'announce-only' })
  t.same((await speaker.reconfigure(only)).changes, ['role router -> announce-only'])
  await run(6)
  t.equal(metric(), 65535)
  const originate = [{ action: 'permit', prefix: '10.0.1.0/24', le: 32 }] as const
  await t.rejects(speaker.reconfigure(director({ originate: [{ action: 'deny', prefix: vip }] })), {
    code: 'ERR_OSPF_CONFIG',
    message: `VIP ${vip}: expected a prefix that 'originate' permits, got '${vip}'`,
  })
  const { changes } = await speaker.reconfigure(director({ originate }))
  t.same(changes, [
    'external 192.0.2.0/24 removed',
    'role announce-only -> router',
    'originate changed',
  ])
  await run(8)
  t.equal(metric(), 10)
  t.ok(peer.fib.has(vip))
  announcement.withdraw()
  t.throws(() => speaker.announce('10.9.9.9'), { code: 'ERR_OSPF_CONFIG' })
  await until(speaker.stop())
})

t.test('which routes go to the kernel', async (t) => {
  const deny = [{ action: 'deny', prefix: '10.7.7.0/24', le: 32 }] as const
  const rest = { action: 'permit', prefix: '0.0.0.0/0', le: 32 } as const
  const { speaker, peer, host, run, until } = await running({ installRoutes: true })
  peer.announce('10.7.7.7/32')
  peer.announce('10.8.8.8/32')
  await run(3)
  t.ok(host.fib.has('10.7.7.7/32'))
  const accept = { prefixList: [...deny, rest] }
  const { changes } = await speaker.reconfigure(director({ installRoutes: { accept } }))
  t.same(changes, ['installRoutes: accept changed'])
  t.notOk(host.fib.has('10.7.7.7/32'))
  t.ok(host.fib.has('10.8.8.8/32'))
  await speaker.reconfigure(director({ installRoutes: true }))
  t.ok(host.fib.has('10.7.7.7/32'))
  await until(speaker.stop())
})

t.test('the router helper follows', async (t) => {
  const { speaker, host, net, until } = await (async () => {
    const all = lan()
    all.net.segment('dmz', '10.0.2.0/24', [all.host])
    const values = new Map<string, number>()
    const sysctls = {
      read: (path: string) => values.get(path) ?? 1,
      write: (path: string, value: number) => void values.set(path, value),
    }
    const ports = Object.assign(all.world, { sysctls })
    const options = director({ installRoutes: true, routerHelper: 'set' })
    const speaker = await OspfSpeaker.start(options, ports)
    return { ...all, speaker, host: values, net: ports }
  })()
  const redirects = (device: string) => host.get(`net/ipv4/conf/${device}/send_redirects`)
  t.same([redirects('eth0'), redirects('eth1')], [0, undefined])
  const areas = { 0: { interfaces: { eth0, eth1: eth0, 'eth1:10.0.9.1': { passive: true } } } }
  await speaker.reconfigure(director({ areas, installRoutes: true, routerHelper: 'set' }))
  t.same([redirects('eth0'), redirects('eth1')], [0, 0], 'another device')
  await speaker.reconfigure(director({ installRoutes: true, routerHelper: 'set' }))
  t.same([redirects('eth0'), redirects('eth1')], [0, 1], 'put back')
  await speaker.reconfigure(director({ installRoutes: true, routerHelper: false }))
  t.same([redirects('eth0'), redirects('all')], [1, 1])
  await speaker.reconfigure(director({ installRoutes: true, routerHelper: 'set' }))
  t.equal(redirects('eth0'), 0)
  await until(speaker.stop())
  t.equal(redirects('eth0'), 1)
  t.equal(net.leftovers, '')
})

t.test('what was announced stays, and keeps its place', async (t) => {
  const { net, host, peer, world, run, until } = lan()
  net.segment('dmz', '10.0.2.0/24', [host])
  const options = (one: boolean, stubNetworks: Record<string, number>): SpeakerOptions =>
    director({
      areas: {
        0: { interfaces: { eth0 }, stubNetworks },
        ...(one ? { 1: { interfaces: { eth1: {} } } } : {}),
      },
    })
  const speaker = await OspfSpeaker.start(options(true, { [vip]: 9 }), world)
  await run(8)
  speaker.announce(vip, { cost: 1 })
  speaker.announce('10.7.7.7', { as: 'external' })
  const inOne = speaker.announce('10.0.1.101', { area: '1' })
  const opaque = speaker.originateOpaque({
    scope: 'link',
    interface: 'eth1',
    opaqueType: 200,
    opaqueId: 1,
    data: new Uint8Array(4),
  })
  await run(6)
  await t.rejects(speaker.reconfigure(options(false, {})), {
    code: 'ERR_OSPF_CONFIG',
    message: 'area 0.0.0.1: VIP 10.0.1.101/32 is announced there; withdraw it first',
  })
  inOne.withdraw()
  await t.rejects(speaker.reconfigure(options(false, {})), {
    code: 'ERR_OSPF_CONFIG',
    message: /^interface eth1: opaque LSA .* is announced there; withdraw it first$/,
  })
  opaque.withdraw()
  await speaker.reconfigure(options(false, {}))
  await run(10)
  t.match(
    peer.routes().find((r) => r.prefix === 0x0a000164),
    { cost: 11 },
    'though it is no stub network any more',
  )
  t.ok(peer.fib.has('10.7.7.7/32'))
  t.notOk(peer.fib.has('10.0.1.101/32'))
  await until(speaker.stop())
  t.equal(world.leftovers, '')
})

t.test('addresses', async (t) => {
  const one = { device: 'lo', address: '10.8.0.1/32' }
  const two = { device: 'lo', address: '10.8.0.2/32' }
  const { speaker, world, until } = await running({ addresses: [one] })
  const { changes } = await speaker.reconfigure(director({ addresses: [two] }))
  t.same(changes, ['address 10.8.0.2/32 of lo added', 'address 10.8.0.1/32 of lo removed'])
  t.same([...world.added], ['lo 10.8.0.2/32'])
  await until(speaker.stop())
  t.equal(world.leftovers, '')
})

t.test('what cannot change, and what is wrong: everything is as it was', async (t) => {
  const { speaker, world, events, net, host, run, until } = await running({ eventQueue: 500 })
  net.segment('dmz', '10.0.2.0/24', [host])
  const same = { eventQueue: 500 }
  const areas = { 0: { interfaces: { eth0: { ...eth0, cost: 99 }, eth1: eth0 } } }
  const from = events.length
  const { length } = world.log
  const cannot = (field: string): string =>
    `${field}: cannot change while the speaker runs; stop it and start anew`
  for (const [options, code, message] of [
    [{ ...same, routerId: '10.0.0.9', areas }, 'CONFIG', cannot('routerId')],
    [{ eventQueue: 7, areas }, 'CONFIG', cannot('eventQueue')],
    [{ ...same, areas, installRoutes: true }, 'CONFIG', cannot('installRoutes')],
    [
      { ...same, areas, sequenceStore: { load: async () => 1, save: async () => {} } },
      'CONFIG',
      cannot('sequenceStore'),
    ],
    [{ ...same, areas: {} }, 'CONFIG', /^areas: /],
    [
      { ...same, areas: { 0: { interfaces: { eth0: { cost: 99, hello: 1 } } } } },
      'CONFIG',
      /^interface eth0: unknown option 'hello'/,
    ],
    [
      { ...same, areas: { 0: { interfaces: { eth0: { ...eth0, cost: 99 }, eth9: {} } } } },
      'NO_INTERFACE',
      /^interface eth9 does not exist/,
    ],
  ] as const) {
    await t.rejects(speaker.reconfigure(director(options as Partial<SpeakerOptions>)), {
      code: `ERR_OSPF_${code}`,
      message,
    })
  }
  const addresses = [{ device: 'lo', address: '10.8.0.1/32' }]
  world.refuse.set('eth1', new Error('no raw socket'))
  await t.rejects(speaker.reconfigure(director({ ...same, areas, addresses })), {
    message: 'no raw socket',
  })
  t.same(
    world.log.slice(length),
    ['add lo 10.8.0.1/32', 'open eth1 10.0.2.1', 'remove lo 10.8.0.1/32'],
    'what was done is undone',
  )
  world.refuse.clear()
  world.refuseAddress.add = new Error('no address')
  await t.rejects(speaker.reconfigure(director({ ...same, areas, addresses })), {
    message: 'no address',
  })
  await run(5)
  t.match(speaker.interfaces(), [{ name: 'eth0', cost: 10 }])
  t.equal(speaker.interfaces().length, 1)
  t.same([...world.sockets.keys()], ['eth0'])
  t.same(only(events.slice(from), 'neighbor'), [])
  t.same(only(events, 'reconfigured'), [])

  world.refuseAddress = {}
  await speaker.reconfigure(director({ ...same, areas, addresses }))
  t.equal(speaker.interfaces().length, 2, 'the next one is none the worse')
  await until(speaker.stop())
  await t.rejects(speaker.reconfigure(director(same)), { code: 'ERR_OSPF_STOPPED' })
  t.equal(world.leftovers, '')
})

t.test('two at a time: one after the other', async (t) => {
  const { speaker, until } = await running()
  const [first, second] = await Promise.all([
    speaker.setInterface('eth0', { cost: 20 }),
    speaker.setInterface('eth0', { retransmitInterval: 2 }),
  ])
  t.same(first.changes, ['interface eth0: cost 10 -> 20'])
  t.same(second.changes, ['interface eth0: retransmitInterval 5 -> 2'])
  t.match(speaker.interfaces(), [{ cost: 20, retransmitInterval: 2 }])
  await until(speaker.stop())
})

t.test('stopped meanwhile', async (t) => {
  const { speaker, world, until } = await running()
  const options = director({ addresses: [{ device: 'lo', address: '10.8.0.1/32' }] })
  const changed = speaker.reconfigure(options)
  const stopped = speaker.stop()
  await t.rejects(changed, { code: 'ERR_OSPF_STOPPED' })
  await until(stopped)
  t.equal(world.leftovers, '')
})

t.test('locks are taken first, and given back', async (t) => {
  const { net, host, world, run, until } = lan()
  net.segment('dmz', '10.0.2.0/24', [host])
  const locks: string[] = []
  let refuse = false
  const ports = Object.assign(world, {
    lock: async (name: string) => {
      locks.push(`lock ${name}`)
      if (refuse) throw new Error('taken')
    },
    unlock: async (name: string) => void locks.push(`unlock ${name}`),
  })
  const speaker = await OspfSpeaker.start(director(), ports)
  await run(2)
  const both = director({ areas: { 0: { interfaces: { eth0, eth1: eth0 } } } })
  refuse = true
  await t.rejects(speaker.reconfigure(both), { message: 'taken' })
  refuse = false
  await speaker.reconfigure(both)
  await speaker.reconfigure(director())
  t.same(locks, ['lock eth1', 'lock eth1', 'unlock eth1'])
  await until(speaker.stop())
})

t.test('the first AuType 3 takes its boot count from the store', async (t) => {
  let count = 4_000_000_000
  const sequenceStore = {
    load: async () => count,
    save: async (next: number) => {
      count = next
    },
  }
  const { speaker, run, until } = await running({ sequenceStore })
  t.equal(count, 4_000_000_000)
  const authentication = {
    type: 'hmac-sha-256',
    extended: true,
    keys: [{ id: 1, key: 'secret' }],
  } as const
  await speaker.reconfigure(director({ sequenceStore }, { ...eth0, authentication }))
  t.equal(count, 4_000_000_001)
  await run(2)
  await until(speaker.stop())
})
