/**
 * Changes under a running speaker, with FRR and with BIRD: addresses that come, go and change their order, several OSPF
 * interfaces on one device, other timers, and a stub router for a time.
 */
import t, { type Test } from 'tap'
import type { InterfaceOptions, SpeakerOptions } from '../../lib/index.ts'
import { Bird, Frr, full } from './daemons.ts'
import { Lab, missing, until } from './lab.ts'
import { classicTimers, SpeakerChild } from './speakers.ts'
import { gateways, learns } from './tables.ts'

t.setTimeout(280_000)
t.jobs = 3

const peers = { frr: Frr, bird: Bird } as const
type Peer = keyof typeof peers

const on = (interfaces: Readonly<Record<string, InterfaceOptions>>): SpeakerOptions['areas'] => {
  const each = Object.entries(interfaces)
  return {
    0: {
      interfaces: Object.fromEntries(each.map(([name, i]) => [name, { ...classicTimers, ...i }])),
    },
  }
}

async function pair(t: Test, make: Peer): Promise<{ lab: Lab; peer: Frr | Bird }> {
  const lab = Lab.for(t)
  lab.node('peer', { 'net.ipv4.ip_forward': 1 })
  lab.node('speaker', {
    'net.ipv4.conf.all.promote_secondaries': 1,
    'net.ipv4.conf.default.promote_secondaries': 1,
  })
  lab.link({ peer: '10.0.1.1/24', speaker: '10.0.1.2/24' })
  const peer = new peers[make](lab, 'peer', {
    routerId: '10.0.0.1',
    interfaces: [{ name: 'eth0', network: '10.0.1.0/24' }],
  })
  await peer.start()
  return { lab, peer }
}

for (const make of ['frr', 'bird'] as const) {
  t.test(`addresses of a transit interface: ${make}`, { skip: missing(make) }, async (t) => {
    const { lab, peer } = await pair(t, make)
    const address = (...words: string[]) => lab.exec('speaker', ['ip', 'address', ...words])
    // the VIP is there first
    await address('flush', 'dev', 'eth0')
    await address('add', '10.0.1.100/32', 'dev', 'eth0')
    await address('add', '10.0.1.2/24', 'broadcast', '+', 'dev', 'eth0')
    const speaker = await SpeakerChild.start(t, lab, 'speaker', {
      routerId: '10.0.0.2',
      areas: on({ eth0: {} }),
    })
    await full(peer, ['10.0.0.2'])
    await full(speaker, ['10.0.0.1'])
    const shown = async () => (await speaker.snapshot()).interfaces.map((i) => i.address)
    t.strictSame(await shown(), ['10.0.1.2'])

    const since = Date.now()
    await speaker.announce('10.0.1.100', 'eth0')
    await speaker.announce('10.0.1.101', 'eth0')
    await learns(lab, 'peer', { '10.0.1.100/32': '10.0.1.2', '10.0.1.101/32': '10.0.1.2' })
    // by somebody else, and in another order than before
    await address('add', '10.0.1.102/32', 'dev', 'eth0')
    await address('add', '10.0.9.9/24', 'dev', 'eth0')
    await address('del', '10.0.1.100/32', 'dev', 'eth0')
    await address('add', '10.0.1.100/32', 'dev', 'eth0')
    await address('del', '10.0.1.102/32', 'dev', 'eth0')
    await speaker.withdraw('10.0.1.101')
    await learns(lab, 'peer', { '10.0.1.100/32': '10.0.1.2' })
    await until(async () => !(await address('show', 'dev', 'eth0')).includes('10.0.1.101'), {
      what: 'the address is removed',
    })
    // longer than the dead interval
    await new Promise((resolve) => setTimeout(resolve, 6000))
    t.strictSame(speaker.states('10.0.0.1', since), [], 'the adjacency has not moved')
    t.strictSame(await peer.fullNeighbors(), ['10.0.0.2'])

    // the primary address goes, and the kernel promotes another of its subnet
    await address('add', '10.0.1.3/24', 'broadcast', '+', 'dev', 'eth0')
    await address('del', '10.0.1.2/24', 'dev', 'eth0')
    await learns(lab, 'peer', { '10.0.1.100/32': '10.0.1.3' })
    t.strictSame(await shown(), ['10.0.1.3'])
    await full(speaker, ['10.0.0.1'])
    await speaker.stop()
    const left = await address('show', 'dev', 'eth0')
    t.match(left, '10.0.1.100/32', 'what was there before is there still')
  })
}

t.test('two OSPF interfaces on one device', { skip: missing('frr', 'bird') }, async (t) => {
  const lab = Lab.for(t)
  for (const [node, vip] of Object.entries({ frr: '10.9.0.1', bird: '10.9.0.2', speaker: '' })) {
    lab.node(node, { 'net.ipv4.ip_forward': 1, 'net.ipv4.conf.all.send_redirects': 0 })
    if (vip) await lab.exec(node, ['ip', 'address', 'add', `${vip}/32`, 'dev', 'lo'])
  }
  lab.lan('lan', { frr: '10.0.1.1/24', bird: '10.0.2.1/24', speaker: '10.0.1.9/24' })
  await lab.exec('speaker', ['ip', 'address', 'add', '10.0.2.9/24', 'dev', 'eth0'])
  const frr = new Frr(lab, 'frr', {
    routerId: '10.0.0.1',
    interfaces: [{ name: 'eth0', network: '10.0.1.0/24' }],
    vips: ['10.9.0.1'],
  })
  const bird = new Bird(lab, 'bird', {
    routerId: '10.0.0.2',
    interfaces: [{ name: 'eth0', network: '10.0.2.0/24', area: '0.0.0.5' }],
    vips: ['10.9.0.2'],
    vipArea: '0.0.0.5',
  })
  const named = 'eth0:10.0.2.9'
  const options = (more: object): SpeakerOptions => ({
    routerId: '10.0.0.9',
    installRoutes: true,
    areas: {
      ...on({ eth0: { priority: 1 } }),
      5: { interfaces: { [named]: { ...classicTimers, priority: 1, ...more } } },
    },
  })
  await Promise.all([frr.start(), bird.start()])
  const speaker = await SpeakerChild.start(t, lab, 'speaker', options({}))
  await full(frr, ['10.0.0.9'])
  await full(bird, ['10.0.0.9'])
  await full(speaker, ['10.0.0.1', '10.0.0.2'])
  await learns(lab, 'speaker', { '10.9.0.1/32': '10.0.1.1', '10.9.0.2/32': '10.0.2.1' })
  const devices = (await lab.routes('speaker')).filter(({ dst }) => dst.startsWith('10.9.'))
  t.match(devices, [{ dev: 'eth0' }, { dev: 'eth0' }])
  await learns(lab, 'frr', { '10.9.0.2/32': '10.0.1.9', '10.0.2.0/24': '10.0.1.9' })
  await learns(lab, 'bird', { '10.9.0.1/32': '10.0.2.9', '10.0.1.0/24': '10.0.2.9' })
  t.pass('each in its area, routes over us')
  const neighbors = Object.values(await frr.neighbors()).flat()
  t.match(neighbors, [{ ifaceAddress: '10.0.1.9' }], 'with the right source address')
  await lab.serve('bird', '10.9.0.2', 8080, 'bird')
  const { answered } = await lab.connections('frr', '10.9.0.2', 8080, 1)
  t.strictSame(answered, { bird: 1 }, 'packets take them')
  const { interfaces } = await speaker.snapshot()
  for (const { name, drops } of interfaces) t.notMatch(Object.keys(drops).join(), /bad-/, name)

  const taken = await SpeakerChild.start(t, lab, 'speaker', {
    routerId: '10.0.0.8',
    areas: on({ 'eth0:10.0.1.9': {} }),
  })
  t.match(taken.failure, { code: 'ERR_OSPF_DUPLICATE' }, 'one speaker on an address')

  const since = Date.now()
  await speaker.reconfigure({ routerId: '10.0.0.9', installRoutes: true, areas: on({ eth0: {} }) })
  await learns(lab, 'speaker', { '10.9.0.1/32': '10.0.1.1' })
  await until(async () => !(await bird.fullNeighbors()).includes('10.0.0.9'), {
    what: 'BIRD knows that we are gone',
  })
  t.strictSame(speaker.states('10.0.0.1', since), [], 'the other adjacency has not moved')
  await speaker.stop()
})

t.test('other timers and another cost: frr', { skip: missing('frr') }, async (t) => {
  const { lab, peer } = await pair(t, 'frr')
  const frr = peer as Frr
  const areas = (eth0: InterfaceOptions): SpeakerOptions => ({
    routerId: '10.0.0.2',
    role: 'router',
    areas: on({ eth0 }),
  })
  const speaker = await SpeakerChild.start(t, lab, 'speaker', areas({}))
  await speaker.announce('10.9.9.9')
  await full(peer, ['10.0.0.2'])
  await full(speaker, ['10.0.0.1'])
  const since = Date.now()
  const changed = await speaker.reconfigure(
    areas({ helloInterval: 2, deadInterval: 20, cost: 77, retransmitInterval: 3 }),
  )
  t.match(changed, { restarted: [] })
  await frr.vtysh(
    'configure terminal',
    'interface eth0',
    'ip ospf hello-interval 2',
    'ip ospf dead-interval 20',
  )
  await until(
    async () => (await frr.vtysh('show ip ospf database router 10.0.0.2')).includes('Metric: 77'),
    { what: 'FRR has the new cost' },
  )
  await new Promise((resolve) => setTimeout(resolve, 12_000))
  t.strictSame(speaker.states('10.0.0.1', since), [], 'the adjacency has not moved')
  t.strictSame(await frr.fullNeighbors(), ['10.0.0.2'])
  await speaker.stop()
})

/** Two ways from FRR to a far network, over a and over b. */
t.test('a stub router on start-up and on shutdown: frr', { skip: missing('frr') }, async (t) => {
  const lab = Lab.for(t)
  for (const node of ['near', 'a', 'b', 'far']) lab.node(node, { 'net.ipv4.ip_forward': 1 })
  await lab.exec('far', ['ip', 'address', 'add', '10.9.0.1/32', 'dev', 'lo'])
  lab.lan('one', { near: '10.0.1.1/24', a: '10.0.1.2/24', b: '10.0.1.3/24' })
  lab.lan('two', { far: '10.0.2.1/24', a: '10.0.2.2/24', b: '10.0.2.3/24' })
  const near = new Frr(lab, 'near', {
    routerId: '10.0.0.1',
    interfaces: [{ name: 'eth0', network: '10.0.1.0/24' }],
  })
  const far = new Frr(lab, 'far', {
    routerId: '10.0.0.4',
    interfaces: [{ name: 'eth0', network: '10.0.2.0/24' }],
    vips: ['10.9.0.1'],
  })
  await Promise.all([near.start(), far.start()])
  const speaker = (node: string, routerId: string, more: Partial<SpeakerOptions> = {}) =>
    SpeakerChild.start(t, lab, node, {
      routerId,
      areas: on({ eth0: {}, eth1: {} }),
      installRoutes: true,
      ...more,
    })
  const [a] = await Promise.all([
    speaker('a', '10.0.0.2', { stubRouter: { onStartup: 30, onShutdown: 10 } }),
    speaker('b', '10.0.0.3'),
  ])
  await a.announce('10.8.0.1')
  const route = async (): Promise<string | undefined> =>
    (await gateways(lab, 'near'))['10.9.0.1/32']
  const becomes = (wanted: string, what: string) =>
    until(async () => ((await route()) === wanted ? true : Promise.reject(await route())), {
      what,
      timeout: 60,
    })
  const metrics = async (): Promise<string[]> => {
    const text = await near.vtysh('show ip ospf database router 10.0.0.2')
    return [...text.matchAll(/TOS 0 Metric: (\d+)/g)].map(([, metric]) => metric!)
  }
  const says = (wanted: string) =>
    until(
      async () => ((await metrics()).join() === wanted ? true : Promise.reject(await metrics())),
      {
        what: `FRR has the metrics ${wanted} of a`,
      },
    )
  await full(near, ['10.0.0.2', '10.0.0.3'])
  await becomes('10.0.1.3', 'the way is over b alone while a starts')
  await says('65535,65535,0')
  await becomes('10.0.1.2,10.0.1.3', 'both ways')
  await says('1,1,0')
  t.strictSame(
    a.events('stub-router').map(({ line }) => line),
    ['stub router on start-up for 30 s', 'no stub router on start-up any more'],
  )

  const stopped = a.stop()
  await becomes('10.0.1.3', 'the way is over b alone while a stops')
  await says('65535,65535,0')
  t.ok((await near.fullNeighbors()).includes('10.0.0.2'), 'the adjacency stays')
  t.equal((await gateways(lab, 'near'))['10.8.0.1/32'], '10.0.1.2', 'and so does the VIP')
  t.match(await stopped, { status: 0 })
})
