import t from 'tap'
import { prefixKey } from '../lib/core/prefix-index.ts'
import { OspfSpeaker } from '../lib/index.ts'
import { viewLsa, viewNeighbor, viewRoute } from '../lib/views.ts'
import { parseIpv4 } from '../lib/wire/address.ts'
import { encodeLsa, type LsaBody } from '../lib/wire/lsa.ts'
import { director, eth0, lan, running, vip } from './world.ts'

const ip = (text: string): number => parseIpv4(text)!

/** Paths to whatever is not frozen. */
function thawed(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return []
  const own = Object.isFrozen(value) ? [] : [path]
  return [...own, ...Object.entries(value).flatMap(([k, v]) => thawed(v, `${path}/${k}`))]
}

/** JSON knows no undefined: what is undefined may go, nothing else may change. */
const overJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

t.test('snapshots of a running speaker are plain frozen data', async (t) => {
  const { speaker, net, peer, run, until } = await running()
  const far = net.router('r2')
  net.segment('back', '10.0.2.0/24', [peer, far], { helloInterval: 1, deadInterval: 4 })
  speaker.announce(vip)
  await run(12)
  const views = {
    neighbors: speaker.neighbors(),
    interfaces: speaker.interfaces(),
    routes: speaker.routes(),
    database: speaker.database(),
  }
  for (const [name, list] of Object.entries(views)) {
    t.ok(list.length > 0, name)
    t.same(
      list.flatMap((view) => thawed(view, name)),
      [],
      'frozen to the bottom',
    )
    t.match(list, overJson(list) as object[], 'survives JSON')
    t.doesNotThrow(() => structuredClone(list))
  }

  t.match(views.neighbors, [
    {
      routerId: '10.0.0.1',
      address: '10.0.1.2',
      interface: 'eth0',
      area: '0.0.0.0',
      priority: 1,
      state: 'Full',
      role: 'DR',
      designatedRouter: '10.0.1.2',
      backupDesignatedRouter: '0.0.0.0',
      options: ['O', 'E'],
      lastEvent: 'ExchangeDone',
      retransmissions: 0,
      requests: 0,
      summaries: 0,
    },
  ])
  const [neighbor] = views.neighbors
  t.ok(neighbor!.deadTime > 2.9 && neighbor!.deadTime <= 4, 'seconds')
  t.ok(neighbor!.upTime > 11 && neighbor!.upTime < 18, 'seconds')

  t.match(views.interfaces, [
    {
      name: 'eth0',
      area: '0.0.0.0',
      state: 'DROther',
      network: 'broadcast',
      up: true,
      address: '10.0.1.1',
      prefixLength: 24,
      mtu: 1500,
      cost: 10,
      priority: 0,
      helloInterval: 1,
      deadInterval: 4,
      designatedRouter: '10.0.1.2',
      neighbors: 1,
      fullNeighbors: 1,
    },
  ])

  const routes = new Map(views.routes.map((r) => [r.prefix, r]))
  const { age, ...route } = routes.get('10.0.2.0/24')!
  t.ok(age > 5 && age < 18, 'seconds')
  t.same(route, {
    prefix: '10.0.2.0/24',
    pathType: 'intra-area',
    area: '0.0.0.0',
    cost: 20,
    nextHops: [{ interface: 'eth0', gateway: '10.0.1.2' }],
    lsas: [{ type: 2, lsId: '10.0.2.2', advertisingRouter: '10.0.0.2' }],
  })
  t.same(routes.get('10.0.1.0/24')?.nextHops, [{ interface: 'eth0', gateway: undefined }])
  t.same(routes.get(vip)?.nextHops, [])

  const own = views.database.find((l) => l.own)
  t.match(own, {
    area: '0.0.0.0',
    type: 1,
    lsId: '10.0.1.133',
    advertisingRouter: '10.0.1.133',
    links: 2,
    body: { kind: 'router', links: [{ type: 2 }, { type: 3, id: ip('10.0.1.100') }] },
  })
  t.ok(views.database.some((l) => l.type === 2 && l.lsId === '10.0.1.2' && !l.own))
  await until(speaker.stop())
})

t.test('a snapshot does not change, the next one does', async (t) => {
  const { world, run, until } = lan()
  const speaker = await OspfSpeaker.start(director({}, eth0), world)
  const [neighbors, routes] = [speaker.neighbors(), speaker.routes()]
  const before = structuredClone(routes)
  t.match([neighbors, before], [[], [{ prefix: '10.0.1.0/24', age: 0 }]])
  await run(8)
  t.strictSame([neighbors, routes], [[], before])
  t.not(speaker.routes()[0]!.age, 0)
  const [a, b] = [speaker.database(), speaker.database()]
  t.not(a, b)
  t.same(a, b)
  await run(3)
  const [older] = a
  const newer = speaker.database().find((l) => l.lsId === older!.lsId && l.type === older!.type)
  t.equal(newer!.age, older!.age + 3)
  await until(speaker.stop())
  t.same(speaker.neighbors(), [], 'after the end, too')
  t.match(speaker.interfaces(), [{ state: 'Down', neighbors: 0 }])
})

t.test('an interface without an address', async (t) => {
  const { world, until } = lan()
  world.device('eth0', { address: undefined, addresses: [] })
  const speaker = await OspfSpeaker.start(director(), world)
  t.match(speaker.interfaces(), [{ address: undefined, state: 'Down', up: true }])
  await until(speaker.stop())
})

t.test('what was dropped is counted', async (t) => {
  const { world, peer, run, until } = lan()
  peer.configure('eth0', { deadInterval: 9 })
  const speaker = await OspfSpeaker.start(director(), world)
  await run(10)
  const drops = speaker.interfaces()[0]!.drops
  t.ok(drops['hello-mismatch']! > 5)
  t.same(thawed(drops), [])
  await until(speaker.stop())
})

t.test('LSAs of every kind', async (t) => {
  const view = (type: number, body: LsaBody, area: number | undefined = 0) => {
    const header = {
      age: 5,
      options: 0x22,
      type,
      lsId: ip('10.5.255.255'),
      advertisingRouter: ip('10.0.0.9'),
      sequence: -0x7fffffff,
    }
    const place = { area, interface: undefined, hostname: 'nine' }
    return viewLsa({ ...place, lsa: encodeLsa(header, body), age: 77, own: false })
  }
  const mask = ip('255.255.0.0')
  const summary = { kind: 'summary', mask, metric: 5, tos: [] } as const
  t.match(view(3, summary), {
    area: '0.0.0.0',
    advertisingHostname: 'nine',
    age: 77,
    sequence: -0x7fffffff,
    options: ['DC', 'E'],
    length: 28,
    prefix: '10.5.0.0/16',
  })
  t.notOk('prefix' in view(4, summary), 'the ASBR summary names a router')
  t.notOk('prefix' in view(3, { ...summary, mask: ip('255.0.255.0') }), 'no prefix at all')
  const external = {
    kind: 'external',
    mask,
    metricType: 2,
    metric: 20,
    forwardingAddress: 0,
    tag: 0,
    tos: [],
  } as const
  const e = viewLsa({
    area: undefined,
    interface: undefined,
    hostname: undefined,
    lsa: encodeLsa(
      { age: 0, options: 2, type: 5, lsId: ip('10.5.0.0'), advertisingRouter: 1, sequence: 1 },
      external,
    ),
    age: 0,
    own: true,
  })
  t.match(e, { area: undefined, prefix: '10.5.0.0/16', own: true })
  const network = view(2, { kind: 'network', mask, attachedRouters: [1, 2] })
  t.notOk('prefix' in network)
  t.notOk('links' in network)
  const opaque = view(10, {
    kind: 'opaque',
    opaqueType: 1,
    opaqueId: 2,
    data: Uint8Array.of(1, 2, 3, 4),
  })
  t.ok(Object.isFrozen(opaque.body))
})

t.test('times are never negative, and routes have a gateway or none', async (t) => {
  const neighbor = viewNeighbor(
    {
      interface: 'eth0',
      area: 1,
      routerId: 2,
      hostname: 'two',
      address: 3,
      priority: 1,
      state: 'Init',
      role: undefined,
      designatedRouter: 0,
      backupDesignatedRouter: 0,
      options: 0,
      since: 1000,
      stateChanges: 3,
      lastEvent: 'HelloReceived',
      deadAt: 900,
      retransmissionList: 1,
      requestList: 2,
      summaryList: 3,
    },
    950,
  )
  t.match(neighbor, { upTime: 0, deadTime: 0, area: '0.0.0.1', role: undefined, options: [] })
  t.match(neighbor, { retransmissions: 1, requests: 2, summaries: 3 })
  const id = { type: 1, lsId: 1, advertisingRouter: 1 }
  const network = { kind: 'network', mask: 0, attachedRouters: [] } as const
  const lsa = encodeLsa({ age: 0, options: 2, sequence: 0, ...id }, network)
  const route = viewRoute(
    {
      prefix: ip('10.0.0.0'),
      length: 8,
      pathType: 'intra-area',
      area: 0,
      cost: 7,
      nextHops: [
        { interface: 'eth0', gateway: ip('10.0.1.2') },
        { interface: 'eth1', gateway: undefined },
      ],
      since: 4000,
    },
    6500,
    new Map([[prefixKey(ip('10.0.0.0'), 8), [lsa.header]]]),
  )
  t.equal(route.age, 2.5)
  t.same(route.lsas, [{ type: 1, lsId: '0.0.0.1', advertisingRouter: '0.0.0.1' }])
  t.same(route.nextHops, [
    { interface: 'eth0', gateway: '10.0.1.2' },
    { interface: 'eth1', gateway: undefined },
  ])
  t.same(thawed(route), [])
})
