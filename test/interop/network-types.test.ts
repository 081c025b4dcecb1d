/**
 * Network types with FRR and with BIRD: adjacencies in Full as both sides see them, in the interface state that the type
 * asks for, and the kernels' routes to what each announces on its loopback device.
 */
import t, { type Test } from 'tap'
import type { AreaOptions, InterfaceOptions, SpeakerOptions } from '../../lib/index.ts'
import { Bird, Frr, full, type PlannedInterface, type RouterPlan } from './daemons.ts'
import { Lab, missing, until } from './lab.ts'
import { classicTimers, SpeakerChild } from './speakers.ts'
import { learns } from './tables.ts'

t.setTimeout(300_000)
t.jobs = 4

type Peer = 'frr' | 'bird'
const peers: readonly Peer[] = ['frr', 'bird']

const daemon = (make: Peer, lab: Lab, node: string, plan: RouterPlan): Frr | Bird =>
  make === 'frr' ? new Frr(lab, node, plan) : new Bird(lab, node, plan)

const backbone = '0.0.0.0'
/** What router N has on its loopback device. */
const vipOf = (n: number): string => `10.9.0.${n}`
const idOf = (n: number): string => `10.0.0.${n}`

/** Nodes for routers, each with its address on lo. */
async function nodes(lab: Lab, vips: Readonly<Record<string, number>>): Promise<void> {
  for (const [node, n] of Object.entries(vips)) {
    lab.node(node, { 'net.ipv4.ip_forward': 1, 'net.ipv4.conf.all.send_redirects': 0 })
    await lab.exec(node, ['ip', 'address', 'add', `${vipOf(n)}/32`, 'dev', 'lo'])
  }
}

const priority = 1

/** Options of router N with its VIP, which writes its routes into the kernel. */
function speakerOptions(
  n: number,
  interfaces: Readonly<Record<string, InterfaceOptions>>,
  others: AreaOptions = {},
): SpeakerOptions {
  const each = Object.entries(interfaces)
  const devices = each.map(([name, i]) => [name, { ...classicTimers, priority, ...i }] as const)
  const stubNetworks = { [`${vipOf(n)}/32`]: 1, ...others.stubNetworks }
  return {
    routerId: idOf(n),
    areas: { [backbone]: { ...others, interfaces: Object.fromEntries(devices), stubNetworks } },
    installRoutes: true,
  }
}

const via = (gateway: string, ...prefixes: readonly string[]): Record<string, string> =>
  Object.fromEntries(prefixes.map((prefix) => [prefix, gateway]))

/** Waits for the adjacencies of the speaker, and for the states of its interfaces. */
async function settles(
  speaker: SpeakerChild,
  ids: readonly string[],
  states: readonly string[],
): Promise<void> {
  await full(speaker, ids)
  await until(
    async () => {
      const now = (await speaker.snapshot()).interfaces.map(({ state }) => state)
      if (now.every((state, i) => states[i]!.split('|').includes(state))) return true
      throw new Error(now.join())
    },
    { what: `interfaces of ${speaker.node} in ${states.join()}` },
  )
}

// Two routers

interface Pair {
  readonly make: Peer
  readonly ours: InterfaceOptions
  /** How the peer says the same. */
  readonly theirs: Omit<Partial<PlannedInterface>, 'name'>
  /** With prefix length, or 'peer ADDRESS/32'. Default: 10.0.1.2/24 and 10.0.1.1/24. */
  readonly addresses?: readonly [ours: string, theirs: string]
  /** A bridge lies between them; default false. */
  readonly onLan?: boolean
  /** Of the peer's end, octets. */
  readonly mtu?: number
}

const addressOf = (address: string): string => address.split(/[/ ]/)[0]!
const network = '10.0.1.0/24'

async function build(
  t: Test,
  { make, ours, theirs, addresses = ['10.0.1.2/24', '10.0.1.1/24'], onLan, mtu }: Pair,
): Promise<{ readonly lab: Lab; readonly peer: Frr | Bird; readonly speaker: SpeakerChild }> {
  const lab = Lab.for(t)
  await nodes(lab, { peer: 1, speaker: 2 })
  const ends = { peer: addresses[1], speaker: addresses[0] }
  if (onLan) lab.lan('lan', ends)
  else lab.link(ends)
  if (mtu) await lab.exec('peer', ['ip', 'link', 'set', 'eth0', 'mtu', `${mtu}`])
  const peer = daemon(make, lab, 'peer', {
    routerId: idOf(1),
    interfaces: [{ network, ...theirs, name: 'eth0' }],
    vips: [vipOf(1)],
  })
  const [speaker] = await Promise.all([
    SpeakerChild.start(t, lab, 'speaker', speakerOptions(2, { eth0: ours })),
    peer.start(),
  ])
  return { lab, peer, speaker }
}

/** `hosts`: whose own address is a host route of the other. */
async function works(
  t: Test,
  pair: Pair & { readonly hosts?: readonly ('ours' | 'theirs')[]; readonly state: string },
): Promise<void> {
  const { hosts = [] } = pair
  const { lab, peer, speaker } = await build(t, pair)
  const [ours, theirs] = (pair.addresses ?? ['10.0.1.2', '10.0.1.1']).map(addressOf)
  await full(peer, [idOf(2)])
  await settles(speaker, [idOf(1)], [pair.state])
  t.pass('Full on both sides')
  await learns(lab, 'speaker', {
    ...via(theirs!, `${vipOf(1)}/32`),
    ...(hosts.includes('theirs') ? via(theirs!, `${theirs}/32`) : {}),
  })
  await learns(lab, 'peer', {
    ...via(ours!, `${vipOf(2)}/32`),
    ...(hosts.includes('ours') ? via(ours!, `${ours}/32`) : {}),
  })
  t.pass('routes on both sides')
  await lab.serve('peer', vipOf(1), 8080, 'peer')
  const { answered } = await lab.connections('speaker', vipOf(1), 8080, 1)
  t.strictSame(answered, { peer: 1 }, 'packets take them')
}

const pointToPoint = { network: 'point-to-point' } as const
const ptp = { type: 'point-to-point' } as const
const elected = 'DR|Backup'
const unelected = 'Point-to-point'

for (const make of peers) {
  const skip = missing(make)
  t.test(`broadcast: ${make}`, { skip }, (t) =>
    works(t, { make, ours: {}, theirs: {}, onLan: true, state: elected }),
  )
  t.test(`point-to-point: ${make}`, { skip }, (t) =>
    works(t, { make, ours: pointToPoint, theirs: ptp, state: unelected }),
  )
  t.test(`point-to-point over a LAN: ${make}`, { skip }, (t) =>
    works(t, { make, ours: pointToPoint, theirs: ptp, onLan: true, state: unelected }),
  )
  t.test(`point-to-point, /31: ${make}`, { skip }, (t) => {
    const theirs = { ...ptp, network: '10.0.1.0/31' }
    const addresses = ['10.0.1.1/31', '10.0.1.0/31'] as const
    return works(t, { make, ours: pointToPoint, theirs, addresses, state: unelected })
  })
  t.test(`point-to-point, an address with a peer: ${make}`, { skip }, (t) => {
    const theirs = { ...ptp, network: '10.0.1.2/32' }
    const addresses = ['10.0.1.2 peer 10.0.1.1/32', '10.0.1.1 peer 10.0.1.2/32'] as const
    // FRR leaves out what its own address says already
    const hosts = make === 'bird' ? (['ours'] as const) : []
    return works(t, { make, ours: pointToPoint, theirs, addresses, hosts, state: unelected })
  })
  t.test(`MTU differs: ${make}`, { skip }, async (t) => {
    const { peer, speaker } = await build(t, { make, ours: {}, theirs: {}, mtu: 1600 })
    await until(() => speaker.events('mismatch').length > 0, { what: 'the mismatch is said' })
    const said = speaker.events('mismatch').map(({ event }) => event)
    t.match(said, [{ field: 'MTU', ours: '1500', theirs: '1600', routerId: idOf(1) }])
    await new Promise((resolve) => setTimeout(resolve, 6000))
    t.strictSame(await speaker.fullNeighbors(), [], 'not Full here')
    t.strictSame(await peer.fullNeighbors(), [], 'not Full there')
  })
}

// BIRD 2.0.12 cannot.
t.test('MTU differs and is ignored: frr', { skip: missing('frr') }, (t) => {
  const theirs = { lines: ['ip ospf mtu-ignore'] }
  return works(t, { make: 'frr', ours: { mtuIgnore: true }, theirs, mtu: 1600, state: elected })
})

t.test('point-to-point, /32: frr', { skip: missing('frr') }, (t) => {
  const theirs = { ...ptp, network: '10.0.1.1/32' }
  const addresses = ['10.0.1.2/32', '10.0.1.1/32'] as const
  const hosts = ['ours'] as const // FRR itself advertises none
  return works(t, { make: 'frr', ours: pointToPoint, theirs, addresses, hosts, state: unelected })
})

t.test('point-to-multipoint: frr', { skip: missing('frr') }, (t) =>
  works(t, {
    make: 'frr',
    ours: { network: 'point-to-multipoint' },
    theirs: { type: 'point-to-multipoint' },
    onLan: true,
    hosts: ['theirs'], // FRR makes no host route to a neighbor
    state: unelected,
  }),
)

/** FRR 8.4 has no such network; BIRD has no other. */
t.test('point-to-multipoint, non-broadcast: bird', { skip: missing('bird') }, (t) =>
  works(t, {
    make: 'bird',
    ours: ptmpTo('10.0.1.1'),
    theirs: { type: 'point-to-multipoint', neighbors: ['10.0.1.2'] },
    onLan: true,
    hosts: ['ours', 'theirs'],
    state: unelected,
  }),
)

// Three routers

/** One hears the two others, who do not hear each other: the way between them is over the middle. */
for (const make of peers) {
  t.test(`point-to-multipoint, in the middle: ${make}`, { skip: missing(make) }, async (t) => {
    const lab = Lab.for(t)
    await nodes(lab, { one: 1, speaker: 2, two: 3 })
    const addresses = { one: '10.0.1.1/24', speaker: '10.0.1.2/24', two: '10.0.1.3/24' }
    const { node } = lab.lan('lan', addresses)
    for (const port of ['p0', 'p2']) {
      await lab.exec(node, ['ip', 'link', 'set', port, 'type', 'bridge_slave', 'isolated', 'on'])
    }
    const type = 'point-to-multipoint'
    const neighbors = make === 'bird' ? { neighbors: ['10.0.1.2'] } : {}
    const [one, two] = (['one', 'two'] as const).map((name, i) =>
      daemon(make, lab, name, {
        routerId: idOf(1 + 2 * i),
        interfaces: [{ name: 'eth0', network, type, ...neighbors }],
        vips: [vipOf(1 + 2 * i)],
      }),
    )
    const eth0 = make === 'bird' ? ptmpTo('10.0.1.1', '10.0.1.3') : ({ network: type } as const)
    await Promise.all([one!.start(), two!.start()])
    const speaker = await SpeakerChild.start(t, lab, 'speaker', speakerOptions(2, { eth0 }))
    await full(one!, [idOf(2)])
    await full(two!, [idOf(2)])
    await settles(speaker, [idOf(1), idOf(3)], [unelected])
    t.pass('Full')
    await learns(lab, 'speaker', {
      ...via('10.0.1.1', `${vipOf(1)}/32`, '10.0.1.1/32'),
      ...via('10.0.1.3', `${vipOf(3)}/32`, '10.0.1.3/32'),
    })
    // FRR makes no host route to a neighbor
    const middle = make === 'bird' ? ['10.0.1.2/32'] : []
    const ofMiddle = [`${vipOf(2)}/32`, ...middle]
    await learns(lab, 'one', via('10.0.1.2', ...ofMiddle, `${vipOf(3)}/32`, '10.0.1.3/32'))
    await learns(lab, 'two', via('10.0.1.2', ...ofMiddle, `${vipOf(1)}/32`, '10.0.1.1/32'))
    await lab.serve('two', vipOf(3), 8080, 'two')
    const { answered } = await lab.connections('one', vipOf(3), 8080, 1)
    t.strictSame(answered, { two: 1 }, 'packets go over us')
  })
}

function ptmpTo(...addresses: readonly string[]): InterfaceOptions {
  const neighbors = Object.fromEntries(addresses.map((address) => [address, {}]))
  return { network: 'point-to-multipoint', nonBroadcast: true, neighbors, pollInterval: 1 }
}

/** One address for all of its links, which is that of its loopback device. */
t.test('unnumbered, two links with one address: frr', { skip: missing('frr') }, async (t) => {
  const lab = Lab.for(t)
  await nodes(lab, { one: 1, speaker: 2, two: 3 })
  lab.link({ one: '10.0.1.1/32', speaker: '10.0.1.2/32' })
  lab.link({ speaker: '10.0.1.2/32', two: '10.0.1.3/32' })
  const [one, two] = (['one', 'two'] as const).map(
    (name, i) =>
      new Frr(lab, name, {
        routerId: idOf(1 + 2 * i),
        interfaces: [{ name: 'eth0', ...ptp, network: `10.0.1.${1 + 2 * i}/32` }],
        vips: [vipOf(1 + 2 * i)],
      }),
  )
  await Promise.all([one!.start(), two!.start()])
  const speaker = await SpeakerChild.start(
    t,
    lab,
    'speaker',
    speakerOptions(2, { eth0: pointToPoint, eth1: pointToPoint }),
  )
  await full(one!, [idOf(2)])
  await full(two!, [idOf(2)])
  await settles(speaker, [idOf(1), idOf(3)], [unelected, unelected])
  t.pass('Full')
  await learns(lab, 'speaker', {
    ...via('10.0.1.1', `${vipOf(1)}/32`),
    ...via('10.0.1.3', `${vipOf(3)}/32`),
  })
  const ofSpeaker = [`${vipOf(2)}/32`, '10.0.1.2/32']
  await learns(lab, 'one', via('10.0.1.2', ...ofSpeaker, `${vipOf(3)}/32`))
  await learns(lab, 'two', via('10.0.1.2', ...ofSpeaker, `${vipOf(1)}/32`))
  await lab.serve('two', vipOf(3), 8080, 'two')
  const { answered } = await lab.connections('speaker', vipOf(3), 8080, 1)
  t.strictSame(answered, { two: 1 }, 'packets take them')
})

/** Each of three in turn is Designated Router, and no packet is multicast. */
for (const first of ['speaker', 'frr', 'bird'] as const) {
  t.test(`NBMA, DR ${first}`, { skip: missing('frr', 'bird', 'tcpdump', 'tshark') }, async (t) => {
    const lab = Lab.for(t)
    const numbers = { speaker: 1, frr: 2, bird: 3 }
    await nodes(lab, numbers)
    const names = ['speaker', 'frr', 'bird'] as const
    const addresses = names.map((name) => [name, `10.0.1.${numbers[name]}/24`] as const)
    const lan = lab.lan('lan', Object.fromEntries(addresses))
    const file = `${lab.directory}/lan.pcap`
    const capture = await lab.capture(lan.node, lan.bridge, file)
    const others = (name: string): string[] =>
      names.filter((n) => n !== name).map((n) => `10.0.1.${numbers[n]}`)
    const priorityOf = (name: string): number => (name === first ? 5 : 1)
    const plan = (name: 'frr' | 'bird'): RouterPlan => ({
      routerId: idOf(numbers[name]),
      interfaces: [
        {
          name: 'eth0',
          network,
          type: 'non-broadcast',
          priority: priorityOf(name),
          neighbors: others(name),
        },
      ],
      vips: [vipOf(numbers[name])],
    })
    const eth0: InterfaceOptions = {
      network: 'nbma',
      priority: priorityOf('speaker'),
      neighbors: Object.fromEntries(others('speaker').map((address) => [address, {}])),
      pollInterval: 1,
    }
    const frr = new Frr(lab, 'frr', plan('frr'))
    const bird = new Bird(lab, 'bird', plan('bird'))
    const options = speakerOptions(1, { eth0 })
    const speaker = await SpeakerChild.start(t, lab, 'speaker', options)
    if (first === 'speaker') {
      // Nobody is there yet: given up, and polled from then on.
      await until(
        () => speaker.states('0.0.0.0').filter((state) => state === 'Down').length === 2,
        {
          what: 'both neighbors are given up',
        },
      )
    }
    await Promise.all([frr.start(), bird.start()])
    await full(frr, [idOf(1), idOf(3)])
    await full(bird, [idOf(1), idOf(2)])
    const part = first === 'speaker' ? 'DR' : 'Backup|DROther'
    await settles(speaker, [idOf(2), idOf(3)], [part])
    const { interfaces } = await speaker.snapshot()
    t.match(interfaces, [{ designatedRouter: `10.0.1.${numbers[first]}` }])
    for (const name of names) {
      const rest = names.filter((n) => n !== name)
      const wanted = rest.flatMap((n) =>
        Object.entries(via(`10.0.1.${numbers[n]}`, `${vipOf(numbers[n])}/32`)),
      )
      await learns(lab, name, Object.fromEntries(wanted))
    }
    t.pass('routes on all sides')
    await capture.stop()
    const count = (filter: string) => lab.exec(lan.node, ['tshark', '-r', file, '-Y', filter])
    t.equal(await count('ospf && ip.src == 10.0.1.1 && ip.dst == 224.0.0.0/4'), '', 'no multicast')
    t.not(await count('ospf.msg == 4 && ip.src == 10.0.1.1'), '', 'updates were sent')
  })
}

/** A network where nobody speaks OSPF is advertised, and hears nothing. */
for (const make of peers) {
  t.test(`passive: ${make}`, { skip: missing(make, 'tcpdump', 'tshark') }, async (t) => {
    const lab = Lab.for(t)
    await nodes(lab, { peer: 1, speaker: 2, host: 3 })
    lab.link({ peer: '10.0.1.1/24', speaker: '10.0.1.2/24' })
    lab.link({ speaker: '10.0.2.1/24', host: '10.0.2.2/24' })
    lab.link({ peer: '10.0.3.1/24', host: '10.0.3.2/24' })
    const file = `${lab.directory}/passive.pcap`
    const capture = await lab.capture('host', 'eth0', file)
    const peer = daemon(make, lab, 'peer', {
      routerId: idOf(1),
      interfaces: [
        { name: 'eth0', network },
        { name: 'eth1', network: '10.0.3.0/24', passive: true },
      ],
      vips: [vipOf(1)],
    })
    const options = speakerOptions(2, { eth0: {}, eth1: { passive: true } })
    const [speaker] = await Promise.all([
      SpeakerChild.start(t, lab, 'speaker', options),
      peer.start(),
    ])
    await full(peer, [idOf(2)])
    await settles(speaker, [idOf(1)], [elected, elected])
    await learns(lab, 'speaker', via('10.0.1.1', `${vipOf(1)}/32`, '10.0.3.0/24'))
    await learns(lab, 'peer', via('10.0.1.2', `${vipOf(2)}/32`, '10.0.2.0/24'))
    t.pass('the networks are known')
    await capture.stop()
    t.equal(await lab.exec('host', ['tshark', '-r', file]), '', 'not a packet')
  })
}

/**
 * Virtual links: area 2 has no backbone but over area 1.
 *
 *   far 10.0.0.1 -- 10.0.12.0/30 -- middle 10.0.0.2 -- 10.0.23.0/30 -- near 10.0.0.3 -- 10.0.3.0/24
 *   backbone: 10.9.0.1   area 1     area 1: 10.9.0.2      area 1                          area 2: 10.9.0.3
 */
const chains = [
  ['frr', 'bird', 'speaker'],
  ['bird', 'frr', 'speaker'],
  ['speaker', 'frr', 'bird'],
  ['speaker', 'bird', 'frr'],
  ['frr', 'speaker', 'bird'],
] as const

for (const chain of chains) {
  t.test(`virtual link: ${chain.join(' - ')}`, { skip: missing('frr', 'bird') }, (t) =>
    virtualLink(t, chain),
  )
}

async function virtualLink(t: Test, chain: (typeof chains)[number]): Promise<void> {
  const lab = Lab.for(t)
  const [transit, remote] = ['0.0.0.1', '0.0.0.2']
  await nodes(lab, { far: 1, middle: 2, near: 3, host: 4 })
  lab.link({ far: '10.0.12.1/30', middle: '10.0.12.2/30' })
  lab.link({ middle: '10.0.23.1/30', near: '10.0.23.2/30' })
  lab.link({ near: '10.0.3.1/24', host: '10.0.3.2/24' })
  // BIRD 2.0.12 takes up no virtual link whose other end it reaches over a point-to-point network
  const link = (name: string, network: string) => ({ name, network, area: transit })
  const stub = { name: 'eth1', network: '10.0.3.0/24', area: remote, passive: true }
  const places = [
    { node: 'far', area: backbone, interfaces: [link('eth0', '10.0.12.0/30')], end: idOf(3) },
    {
      node: 'middle',
      area: transit,
      interfaces: [link('eth0', '10.0.12.0/30'), link('eth1', '10.0.23.0/30')],
      end: undefined,
    },
    { node: 'near', area: remote, interfaces: [link('eth0', '10.0.23.0/30'), stub], end: idOf(1) },
  ] as const
  const started = places.map(async ({ node, area, interfaces, end }, i) => {
    const make = chain[i]!
    const n = i + 1
    if (make === 'speaker') return await SpeakerChild.start(t, lab, node, optionsOf(n))
    const words = {
      frr: [`virtual-link ${end} hello-interval 1 dead-interval 4`],
      bird: [`virtual link ${end} { hello 1; dead 4; };`],
    }
    const plan = { routerId: idOf(n), interfaces, vips: [vipOf(n)], vipArea: area }
    const router = daemon(make, lab, node, {
      ...plan,
      ...(end === undefined ? {} : { areas: { [transit]: words[make] } }),
    })
    await router.start()
    return router
  })

  function optionsOf(n: number): SpeakerOptions {
    const { area, interfaces, end } = places[n - 1]!
    const timers = { helloInterval: 1, deadInterval: 4 }
    const areas: Record<string, AreaOptions> = {
      [transit]: end === undefined ? {} : { virtualLinks: { [end]: timers } },
    }
    for (const { name, area, ...i } of interfaces) {
      const passive = 'passive' in i
      const device = { ...classicTimers, priority, passive }
      areas[area] = { ...areas[area], interfaces: { ...areas[area]?.interfaces, [name]: device } }
    }
    areas[area] = { ...areas[area], stubNetworks: { [`${vipOf(n)}/32`]: 1 } }
    return { routerId: idOf(n), areas, installRoutes: true }
  }

  const [far, middle, near] = await Promise.all(started)
  await full(middle!, [idOf(1), idOf(3)])
  await full(far!, [idOf(2), idOf(3)])
  await full(near!, [idOf(2), idOf(1)])
  t.pass('Full, over the virtual link too')
  const ofNear = ['10.0.3.0/24', `${vipOf(3)}/32`]
  await learns(lab, 'far', via('10.0.12.2', '10.0.23.0/30', `${vipOf(2)}/32`, ...ofNear))
  await learns(lab, 'middle', {
    ...via('10.0.12.1', `${vipOf(1)}/32`),
    ...via('10.0.23.2', ...ofNear),
  })
  const ofFar = [`${vipOf(1)}/32`]
  await learns(lab, 'near', via('10.0.23.1', '10.0.12.0/30', `${vipOf(2)}/32`, ...ofFar))
  t.pass('routes on all three')
}
