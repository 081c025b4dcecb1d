import t from 'tap'
import { OspfError, OspfSpeaker } from '../lib/index.ts'
import { allSpfRouters } from '../lib/sim/medium.ts'
import { Network } from '../lib/sim/network.ts'
import { decodePacket } from '../lib/wire/packet.ts'
import {
  collect,
  director,
  eth0,
  lan,
  only,
  running,
  settle,
  stateOf,
  vip,
  World,
} from './world.ts'

t.test('it becomes adjacent, announces, and leaves in order', async (t) => {
  const { speaker, peer, world, until, net } = await running()
  t.equal(speaker.routerId, '10.0.1.133')
  t.equal(stateOf(speaker), 'Full')
  t.equal(peer.neighbors()[0]?.state, 'Full')

  speaker.announce(vip, { cost: 5 })
  await net.runAsync(1)
  t.match(peer.fib.get(vip), { cost: 15, nextHops: [{ gateway: 0x0a000101 }] })

  const result = await until(speaker.stop())
  t.equal(result.acknowledged, true)
  t.ok(result.acknowledgedAfter > 0 && result.acknowledgedAfter < 2000, 'without the hold time')
  t.notOk(peer.fib.has(vip))
  t.notOk(
    peer.database().some((l) => l.own === false && l.age < 3600),
    'our LSAs are flushed',
  )
  t.equal(world.leftovers, '')
  t.equal(world.closed, 1)
})

t.test('the goodbye: the neighbor need not wait for its dead interval', async (t) => {
  const { speaker, peer, net, until } = await running()
  const hellos: number[] = []
  net.tap(({ from, destination, bytes }) => {
    if (from.node === peer || destination !== allSpfRouters) return
    const { body } = decodePacket(bytes)
    if (body.kind === 'hello') hellos.push(body.neighbors.length)
  })
  await until(speaker.stop())
  await net.runAsync(0.01)
  t.equal(hellos.at(-1), 0, 'the last Hello names nobody')
  t.not(peer.neighbors()[0]?.state, 'Full')
  const count = hellos.length
  await net.runAsync(10)
  t.equal(hellos.length, count, 'then silence')
})

t.test('stop: hold and timeout', async (t) => {
  t.test('the hold time is kept even when all is acknowledged', async (t) => {
    const { speaker, until, world } = await running()
    const from = world.clock.now()
    await until(speaker.stop({ hold: 3 }))
    t.equal(Math.floor((world.clock.now() - from) / 1000), 3)
  })

  t.test('without hold it ends with the last acknowledgement', async (t) => {
    const { speaker, until, world } = await running()
    const from = world.clock.now()
    const { acknowledged, acknowledgedAfter } = await until(speaker.stop({ hold: 0 }))
    t.equal(acknowledged, true)
    const took = world.clock.now() - from
    t.ok(took - acknowledgedAfter <= 20, `${acknowledgedAfter} of ${took} ms`)
  })

  t.test('a dead neighbor cannot keep us', async (t) => {
    const all = lan()
    const slow = { helloInterval: 1, deadInterval: 40 }
    all.peer.configure('eth0', slow)
    const speaker = await OspfSpeaker.start(director({}, slow), all.world)
    // a Waiting period of 40 s goes before the election
    await all.run(50)
    t.equal(stateOf(speaker), 'Full')
    all.peer.crash()
    const from = all.world.clock.now()
    const { acknowledged, acknowledgedAfter } = await all.until(speaker.stop({ timeout: 4 }))
    t.equal(acknowledged, false)
    t.equal(acknowledgedAfter, 4000)
    t.equal(all.world.clock.now() - from, 4000)
    t.equal(all.world.leftovers, '')
  })

  t.test('a neighbor that is given up meanwhile has acknowledged nothing', async (t) => {
    const { speaker, peer, until, world, net } = await running()
    peer.crash()
    const stopped = speaker.stop()
    await net.runAsync(5)
    t.same(speaker.neighbors(), [], 'the dead interval of 4 s is over')
    t.same(await until(stopped), { acknowledged: false, acknowledgedAfter: 6000 })
    t.equal(world.leftovers, '')
  })

  t.test('one of two neighbors is dead', async (t) => {
    const all = lan()
    const other = all.net.router('r2')
    all.net.attach(all.net.segments[0]!, { node: other, priority: 0 })
    const speaker = await OspfSpeaker.start(director(), all.world)
    speaker.announce(vip)
    await all.run(12)
    t.ok(other.fib.has(vip))
    all.peer.crash()
    const { acknowledged } = await all.until(speaker.stop())
    t.equal(acknowledged, false)
    t.notOk(other.fib.has(vip), 'the other one knows')
  })

  t.test('a Designated Router that leaves is heard by those who are neither', async (t) => {
    const all = lan()
    const other = all.net.router('r2')
    const third = all.net.router('r3')
    for (const node of [other, third]) {
      all.net.attach(all.net.segments[0]!, { node, priority: 0 })
    }
    const first = { ...eth0, priority: 200 }
    all.peer.crash()
    const speaker = await OspfSpeaker.start(director({}, first), all.world)
    await all.run(8)
    t.equal(speaker.interfaces()[0]?.state, 'DR')
    all.peer.restart()
    await all.run(12)
    const { acknowledged, acknowledgedAfter } = await all.until(speaker.stop())
    t.equal(acknowledged, true)
    t.ok(acknowledgedAfter < 2000)
    await all.run(10)
    t.equal(other.neighbors().find((n) => n.routerId === all.peer.id)?.state, 'Full')
  })

  t.test('nobody there: at once', async (t) => {
    const { world, peer } = lan()
    peer.crash()
    const speaker = await OspfSpeaker.start(director(), world)
    t.same(await speaker.stop(), { acknowledged: true, acknowledgedAfter: 0 })
    t.equal(world.leftovers, '')
  })

  t.test('times that are no numbers do not keep it for ever', async (t) => {
    const { speaker, until, world } = await running()
    await until(speaker.stop({ timeout: Number.NaN, hold: Number.NaN }))
    t.equal(world.leftovers, '')
  })
})

t.test('stop again: the same promise', async (t) => {
  const { speaker, until, events } = await running()
  const first = speaker.stop()
  t.equal(speaker.stop({ timeout: 1 }), first)
  await until(first)
  t.equal(speaker.stop(), first)
  t.equal(only(events, 'stopped').length, 1)
  t.throws(() => speaker.announce(vip), { code: 'ERR_OSPF_STOPPED' })
})

t.test('announcing while it stops', async (t) => {
  const { speaker, until } = await running()
  const stopped = speaker.stop()
  t.throws(() => speaker.announce(vip), { code: 'ERR_OSPF_STOPPED', message: /10\.0\.1\.100\/32/ })
  await until(stopped)
})

t.test('await using', async (t) => {
  const { world, peer, run, until } = lan()
  const block = (async () => {
    await using speaker = await OspfSpeaker.start(director(), world)
    speaker.announce(vip)
    await new Promise<void>((resolve) => void world.clock.setTimer(8000, resolve))
    t.ok(peer.fib.has(vip))
  })()
  await until(block)
  t.notOk(peer.fib.has(vip))
  t.equal(world.leftovers, '')
  await run(60)
  t.same(peer.neighbors(), [])
})

t.test('AbortSignal', async (t) => {
  t.test('before the start: nothing is touched', async (t) => {
    const { world } = lan()
    await t.rejects(OspfSpeaker.start(director({ signal: AbortSignal.abort() }), world), {
      name: 'AbortError',
    })
    t.same(world.log, [])
    t.equal(world.leftovers, '')
  })

  t.test('during the start', async (t) => {
    const { world } = lan()
    const stop = new AbortController()
    const addresses = [{ device: 'lo', address: '10.9.9.9/32' }]
    const starting = OspfSpeaker.start(director({ signal: stop.signal, addresses }), world)
    stop.abort(new Error('changed our mind'))
    await t.rejects(starting, { message: 'changed our mind' })
    t.same(world.log, [
      'add lo 10.9.9.9/32',
      'close routes',
      'remove lo 10.9.9.9/32',
      'close links',
    ])
    t.equal(world.leftovers, '')
  })

  t.test('while it runs: as stop()', async (t) => {
    const stop = new AbortController()
    const { speaker, peer, until, world, run } = await running({ signal: stop.signal })
    speaker.announce(vip)
    await run(1)
    t.ok(peer.fib.has(vip))
    stop.abort()
    t.match(await until(speaker.stop()), { acknowledged: true })
    t.notOk(peer.fib.has(vip))
    t.equal(world.leftovers, '')
  })

  t.test('after the stop: nothing', async (t) => {
    const stop = new AbortController()
    const { speaker, until, world } = await running({ signal: stop.signal })
    await until(speaker.stop())
    const { length } = world.log
    stop.abort()
    await settle()
    t.equal(world.log.length, length)
  })
})

t.test('a start that fails leaves nothing behind', async (t) => {
  const two = () => {
    const all = lan()
    all.net.segment('dmz', '10.0.2.0/24', [all.host])
    return all
  }
  const areas = { 0: { interfaces: { eth0, eth1: eth0 } } }
  const addresses = [
    { device: 'lo', address: '10.9.9.8/32' },
    { device: 'lo', address: '10.9.9.9/32' },
  ]

  t.test('a socket that cannot be opened', async (t) => {
    const { world, net, host } = two()
    const refused = new OspfError('ERR_OSPF_PERMISSION', 'Operation not permitted')
    world.refuse.set('eth1', refused)
    net.tap(({ from }) => t.not(from.node, host, 'nothing is sent'))
    await t.rejects(OspfSpeaker.start(director({ areas, addresses }), world), refused)
    t.same(world.log.slice(0, 5), [
      'add lo 10.9.9.8/32',
      'add lo 10.9.9.9/32',
      'open eth0 10.0.1.1',
      'open eth1 10.0.2.1',
      'close eth0',
    ])
    t.equal(world.leftovers, '')
    t.equal(world.closed, 1)
    await net.runAsync(20)
  })

  t.test('an interface that is unknown', async (t) => {
    const { world } = lan()
    await t.rejects(OspfSpeaker.start(director({ areas, addresses }), world), {
      code: 'ERR_OSPF_NO_INTERFACE',
      message: 'interface eth1 does not exist; there are lo, eth0',
    })
    t.same(world.log, ['close routes', 'close links'])
    t.equal(world.leftovers, '')
  })

  t.test('a device of `addresses` that is unknown', async (t) => {
    const { world } = lan()
    const unknown = [{ device: 'dummy0', address: '10.9.9.8/32' }]
    await t.rejects(OspfSpeaker.start(director({ addresses: unknown }), world), {
      code: 'ERR_OSPF_NO_INTERFACE',
      message: /dummy0/,
    })
    t.equal(world.leftovers, '')
  })

  t.test('an address that cannot be added', async (t) => {
    const { world } = lan()
    const { add } = world.addresses
    world.addresses.add = async (device, address, length) => {
      const isNew = await add(device, address, length)
      world.refuseAddress.add = new OspfError('ERR_OSPF_KERNEL', 'Operation not permitted')
      return isNew
    }
    await t.rejects(OspfSpeaker.start(director({ addresses }), world), { code: 'ERR_OSPF_KERNEL' })
    t.equal(world.leftovers, '')
    t.same(world.sockets.size, 0)
  })

  t.test('it can be started again on the same machine', async (t) => {
    const { world, run, until } = lan()
    world.refuse.set('eth0', new Error('no'))
    await t.rejects(OspfSpeaker.start(director(), world), { message: 'no' })
    world.refuse.clear()
    const speaker = await OspfSpeaker.start(director(), world)
    await run(6)
    t.equal(stateOf(speaker), 'Full')
    await until(speaker.stop())
  })
})

t.test('what fails on the way out is said, and the rest goes on', async (t) => {
  const { speaker, world, events, until } = await running({
    addresses: [{ device: 'lo', address: '10.9.9.9/32' }],
  })
  world.refuseAddress.remove = new Error('Cannot assign requested address')
  world.routes[Symbol.asyncDispose] = () => Promise.reject(new Error('netlink is gone'))
  t.match(await until(speaker.stop()), { acknowledged: true })
  await settle()
  t.match(only(events, 'error'), [
    { where: 'routes', error: { message: 'netlink is gone' } },
    { where: 'address of lo', error: { message: 'Cannot assign requested address' } },
  ])
  t.equal(events.at(-1)?.type, 'stopped')
  t.equal(world.log.at(-1), 'close links')
})

t.test('addresses that the configuration wants', async (t) => {
  const { speaker, world, until } = await running({
    addresses: [{ device: 'eth0', address: '10.0.9.1/24' }],
  })
  t.same([...world.added], ['eth0 10.0.9.1/24'])
  await until(speaker.stop())
  t.equal(world.leftovers, '')

  const other = lan()
  await other.world.addresses.add('eth0', 0x0a000901, 24)
  const second = await OspfSpeaker.start(
    director({ addresses: [{ device: 'eth0', address: '10.0.9.1/24' }] }),
    other.world,
  )
  await other.until(second.stop())
  t.same([...other.world.added], ['eth0 10.0.9.1/24'], 'it was there before: it stays')
})

t.test('two speakers in one process do not meet', async (t) => {
  const net = new Network({ seed: 3 })
  const [a, b] = [net.host('a'), net.host('b')]
  const [r1, r2] = [net.router('r1'), net.router('r2')]
  const timing = { helloInterval: 1, deadInterval: 4 }
  net.segment('one', '10.0.1.0/24', [a, r1], timing)
  net.segment('two', '10.0.1.0/24', [b, r2], timing)
  const worlds = [new World(a), new World(b)] as const
  // the same Router ID, the same names, the same addresses, the same VIP
  const [x, y] = await Promise.all(worlds.map((world) => OspfSpeaker.start(director(), world)))
  const [events, others] = [collect(x!), collect(y!)]
  x!.announce(vip)
  y!.announce(vip, { cost: 7 })
  await net.runAsync(8)
  t.equal(r1.fib.get(vip)?.cost, 10)
  t.equal(r2.fib.get(vip)?.cost, 17)

  const stopped = x!.stop()
  await net.runAsync(5)
  await stopped
  t.notOk(r1.fib.has(vip))
  t.ok(r2.fib.has(vip))
  t.equal(stateOf(y!), 'Full')
  t.equal(worlds[0].leftovers, '')
  t.equal(only(events, 'stopped').length, 1)
  t.equal(only(others, 'stopped').length, 0)
  t.equal(only(others, 'duplicate-router-id').length, 0)
  const end = y!.stop()
  await net.runAsync(5)
  await end
})

t.test('two speakers side by side on one segment, and nothing is left of them', async (t) => {
  const net = new Network({ seed: 5 })
  const [a, b] = [net.host('a'), net.host('b')]
  net.segment('lan', '10.0.1.0/24', [a, b])
  const settings = { ...eth0, priority: 1 }
  const x = await OspfSpeaker.start(director({}, settings), a.ports)
  const y = await OspfSpeaker.start(director({ routerId: '10.0.1.134' }, settings), b.ports)
  await net.runAsync(10)
  t.equal(stateOf(x), 'Full')
  t.equal(stateOf(y), 'Full')
  x.announce(vip)
  y.announce(vip)
  await net.runAsync(10)
  t.ok(x.routes().some((r) => r.prefix === vip && r.nextHops.length === 0))
  const both = [x.stop(), y.stop()]
  await net.runAsync(10)
  t.match(await Promise.all(both), [{ acknowledged: true }, { acknowledged: true }])
  t.equal(net.clock.planned, 0, 'no timer is left')
})

t.test('a machine that slept', async (t) => {
  const { speaker, peer, host, events, run, until } = await running()
  speaker.announce(vip)
  await run(10)
  const sequence = () => speaker.database().find((l) => l.own && l.type === 1)!.sequence
  const before = sequence()
  host.freeze()
  await run(60)
  t.same(peer.neighbors(), [], 'given up')
  host.thaw()
  await run(6)
  const resumed = only(events, 'resumed')
  t.equal(resumed.length, 1)
  t.ok(Math.abs(resumed[0]!.seconds - 60) < 1)
  t.equal(stateOf(speaker), 'Full')
  t.ok(sequence() > before, 'our LSAs are new')
  t.ok(peer.fib.has(vip))
  await until(speaker.stop())
})

t.test('a clock that is set is no pause, and a small step is not said', async (t) => {
  const { speaker, net, events, run, until } = await running()
  net.clock.stepWall(-3_600_000)
  net.clock.stepWall(3000)
  await run(2)
  t.same(only(events, 'resumed'), [])
  t.equal(stateOf(speaker), 'Full')
  net.clock.stepWall(60_000)
  await run(6)
  t.equal(only(events, 'resumed').length, 1)
  t.equal(stateOf(speaker), 'Full', 'the adjacency stays')
  await until(speaker.stop())
})

t.test('a process that stalled past the dead interval finds back', async (t) => {
  const { speaker, peer, host, run, until } = await running()
  speaker.announce(vip)
  host.freeze('stalled')
  await run(10)
  t.same(peer.neighbors(), [])
  host.thaw()
  await run(8)
  t.equal(stateOf(speaker), 'Full')
  t.ok(peer.fib.has(vip))
  await until(speaker.stop())
})
