/** Several addresses on a device: interfaces of their own, secondary ones, VIPs, and a primary that moves. */
import t from 'tap'
import { OspfSpeaker, type SpeakerOptions } from '../lib/index.ts'
import type { Link } from '../lib/ports.ts'
import { allDRouters } from '../lib/sim/medium.ts'
import { parseIpv4 } from '../lib/wire/address.ts'
import { collect, director, eth0, lan, only, stateOf } from './world.ts'

const ip = (text: string): number => parseIpv4(text)!
const other = 'eth0:10.0.2.1'

/** A second router on the wire, in a subnet of its own. */
function wire() {
  const all = lan()
  const second = all.net.router('r2', { routerId: '10.0.0.2' })
  all.net.attach(all.net.segments[0]!, { node: second, address: '10.0.2.2' })
  return { ...all, second }
}

const bothAreas = (id: number): SpeakerOptions =>
  director({
    installRoutes: true,
    areas:
      id === 0
        ? { 0: { interfaces: { eth0, [other]: eth0 } } }
        : { 0: { interfaces: { eth0 } }, [id]: { interfaces: { [other]: eth0 } } },
  })

for (const area of [0, 1]) {
  t.test(`two interfaces on one device, areas 0 and ${area}`, async (t) => {
    const { second, peer, host, world, run, until } = wire()
    second.configure('eth0', { area })
    await world.addresses.add('eth0', ip('10.0.2.1'), 24)
    await run(1)
    const speaker = await OspfSpeaker.start(bothAreas(area), world)
    const events = collect(speaker)
    await run(12)
    t.same(
      speaker.neighbors().map((n) => [n.interface, n.address, n.state]),
      [
        ['eth0', '10.0.1.2', 'Full'],
        [other, '10.0.2.2', 'Full'],
      ],
    )
    t.match(second.neighbors(), [{ address: ip('10.0.2.1'), state: 'Full' }])
    t.match(peer.neighbors(), [{ address: ip('10.0.1.1'), state: 'Full' }])
    for (const { drops } of speaker.interfaces()) {
      t.notMatch(Object.keys(drops).join(), /bad-/, 'what is for the other is no bad packet')
    }
    t.same(only(events, 'mismatch'), [])
    second.announce('10.7.7.7/32', { area: `0.0.0.${area}` })
    await run(2)
    const hops = [{ interface: other, gateway: '10.0.2.2' }]
    t.match(speaker.routes().find((r) => r.prefix === '10.7.7.7/32')?.nextHops, hops)
    t.match(host.fib.get('10.7.7.7/32')?.nextHops, [{ interface: 'eth0' }], 'for the kernel')
    t.ok(peer.fib.has('10.7.7.7/32'), 'we lie between the two')
    await until(speaker.stop())
    await run(5)
    t.same(second.neighbors(), [])
    world.added.clear()
    t.equal(world.leftovers, '')
  })
}

t.test('each is in the groups that it belongs to', async (t) => {
  const { second, peer, world, host, run, until } = wire()
  for (const router of [second, peer]) router.configure('eth0', { priority: 0 })
  await world.addresses.add('eth0', ip('10.0.2.1'), 24)
  const interfaces = { eth0, [other]: { ...eth0, priority: 1 } }
  const speaker = await OspfSpeaker.start(director({ areas: { 0: { interfaces } } }), world)
  await run(12)
  t.match(speaker.interfaces(), [{ state: 'DROther' }, { state: 'DR' }])
  t.notOk(world.sockets.get('eth0')?.memberships.has(allDRouters))
  t.ok(world.sockets.get('eth0 10.0.2.1')?.memberships.has(allDRouters))
  t.ok(host.attachments[0]!.designated)
  t.equal(second.neighbors()[0]?.state, 'Full')
  await until(speaker.stop())
})

t.test('the second address comes and goes', async (t) => {
  const { second, world, run, until } = wire()
  const speaker = await OspfSpeaker.start(bothAreas(0), world)
  const events = collect(speaker)
  await run(8)
  t.match(only(events, 'waiting'), [{ interface: other, for: 'address' }])
  t.equal(stateOf(speaker), 'Full')
  const from = events.length
  await world.addresses.add('eth0', ip('10.0.2.1'), 24)
  await run(8)
  t.equal(second.neighbors()[0]?.state, 'Full')
  await world.addresses.remove('eth0', ip('10.0.2.1'), 24)
  await run(1)
  t.equal(speaker.neighbors().length, 1)
  t.same([...world.sockets.keys()], ['eth0'])
  t.same(
    only(events.slice(from), 'neighbor').filter((e) => e.interface === 'eth0'),
    [],
  )
  t.equal(only(events, 'waiting').length, 2)
  await until(speaker.stop())
  t.equal(world.leftovers, '')
})

t.test('it is added to a running speaker, and removed', async (t) => {
  const { second, world, run, until } = wire()
  await world.addresses.add('eth0', ip('10.0.2.1'), 24)
  const speaker = await OspfSpeaker.start(director({ installRoutes: true }), world)
  const events = collect(speaker)
  await run(8)
  const from = events.length
  const { changes, restarted } = await speaker.reconfigure(bothAreas(0))
  t.same(changes, [`interface ${other} added`], 'that eth0 shares its device is not worth a word')
  t.same(restarted, [])
  await run(8)
  t.equal(second.neighbors()[0]?.state, 'Full')
  await speaker.reconfigure(director({ installRoutes: true }))
  await run(8)
  t.same(second.neighbors(), [])
  t.same(
    only(events.slice(from), 'neighbor').filter((e) => e.interface === 'eth0'),
    [],
  )
  await until(speaker.stop())
})

t.test('the address that an interface stands on gets one of its own', async (t) => {
  const { world, peer, run, until } = lan()
  const speaker = await OspfSpeaker.start(director(), world)
  await run(8)
  const interfaces = { eth0, 'eth0:10.0.1.1': eth0 }
  await speaker.reconfigure(director({ areas: { 0: { interfaces } } }))
  await run(8)
  t.match(speaker.interfaces(), [
    { name: 'eth0', state: 'Down', address: undefined },
    { name: 'eth0:10.0.1.1', address: '10.0.1.1' },
  ])
  t.equal(peer.neighbors()[0]?.state, 'Full')
  await until(speaker.stop())
  t.equal(world.leftovers, '')
})

// VIPs on a transit interface

const link = (...texts: string[]): Partial<Link> => {
  const addresses = texts.map((text) => {
    const [address, length] = text.split('/')
    return {
      address: ip(address!),
      prefixLength: Number(length),
      secondary: false,
      peer: undefined,
    }
  })
  return { address: addresses[0]!.address, prefixLength: addresses[0]!.prefixLength, addresses }
}

t.test('a VIP on a transit interface moves no adjacency', async (t) => {
  const { world, run, until } = lan()
  // as the kernel lists them when the VIP was there first
  world.device('eth0', link('10.0.1.100/32', '10.0.1.1/24'))
  const speaker = await OspfSpeaker.start(director(), world)
  const events = collect(speaker)
  await run(8)
  t.equal(stateOf(speaker), 'Full')
  t.match(speaker.interfaces(), [{ address: '10.0.1.1', prefixLength: 24 }])
  const from = events.length
  world.device('eth0', link('10.0.1.1/24'))
  world.device('eth0', link('10.0.1.1/24', '10.0.1.100/32'))
  world.device('eth0', link('10.0.1.100/32', '10.0.9.9/24', '10.0.1.1/24'))
  world.device('eth0', link('10.0.9.9/24', '10.0.1.1/24'))
  await run(8)
  t.same(only(events.slice(from), 'neighbor'), [])
  t.same(
    world.log.filter((line) => line.startsWith('open')),
    ['open eth0 10.0.1.1'],
  )
  await until(speaker.stop())
})

t.test('ours on the transit interface', async (t) => {
  const { world, peer, run, until } = lan()
  const speaker = await OspfSpeaker.start(
    director({}, { ...eth0, secondaryAddresses: true }),
    world,
  )
  const events = collect(speaker)
  await run(8)
  const from = events.length
  const announcement = speaker.announce('10.0.1.100', { device: 'eth0', cost: 3 })
  await run(2)
  t.match(peer.fib.get('10.0.1.100/32'), { cost: 13 })
  announcement.withdraw()
  await run(8)
  t.notOk(peer.fib.has('10.0.1.100/32'))
  t.same(only(events.slice(from), 'neighbor'), [])
  await until(speaker.stop())
  t.equal(world.leftovers, '')
})

t.test('only the VIP is left: the interface waits', async (t) => {
  const { world, run, until } = lan()
  const speaker = await OspfSpeaker.start(director(), world)
  const events = collect(speaker)
  await run(8)
  world.device('eth0', link('10.0.1.100/32'))
  await run(1)
  t.match(only(events, 'waiting'), [{ interface: 'eth0', for: 'address' }])
  world.device('eth0', link('10.0.1.1/24', '10.0.1.100/32'))
  await run(8)
  t.equal(stateOf(speaker), 'Full')
  await until(speaker.stop())
})

// Secondary addresses

t.test('secondary addresses are advertised when asked for, VIPs never', async (t) => {
  const { world, peer, run, until } = lan()
  await world.addresses.add('eth0', ip('10.0.2.1'), 24)
  await world.addresses.add('eth0', ip('10.0.1.100'), 32)
  const speaker = await OspfSpeaker.start(director(), world)
  await run(8)
  t.notOk(peer.fib.has('10.0.2.0/24'))
  const closed: AsyncIterable<boolean> = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
  }
  speaker.announce('10.0.1.100', { when: closed })
  await speaker.setInterface('eth0', { secondaryAddresses: true })
  await run(8)
  t.match(
    peer.routes().find((r) => r.prefix === ip('10.0.2.0')),
    { length: 24, cost: 20 },
  )
  t.notOk(peer.fib.has('10.0.1.100/32'), 'its gate is closed')
  await world.addresses.add('eth0', ip('10.0.1.101'), 32)
  await run(8)
  t.ok(peer.fib.has('10.0.1.101/32'), 'an address like others')
  const vip = speaker.announce('10.0.1.101', { when: closed })
  await run(8)
  t.notOk(peer.fib.has('10.0.1.101/32'), 'a VIP from now on')
  vip.withdraw()
  await world.addresses.remove('eth0', ip('10.0.2.1'), 24)
  await run(8)
  t.notOk(peer.fib.has('10.0.1.101/32'), 'and not the less when it is withdrawn')
  t.notOk(peer.fib.has('10.0.2.0/24'))
  t.equal(stateOf(speaker), 'Full')
  await until(speaker.stop())
})
