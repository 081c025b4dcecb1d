/** Devices that come, go and change under a running speaker, and sockets that fail. */
import t from 'tap'
import { OspfSpeaker } from '../lib/index.ts'
import { allDRouters } from '../lib/sim/medium.ts'
import { collect, director, eth0, lan, only, running, stateOf } from './world.ts'

const waits = (events: Parameters<typeof only>[0]): string[] =>
  only(events, 'waiting').map((e) => `${e.interface} ${e.for}`)

for (const [what, missing] of [
  ['address', { address: undefined, addresses: [] }],
  ['link', { up: false }],
] as const) {
  t.test(`no ${what} when it starts`, async (t) => {
    const { world, run, until } = lan()
    world.device('eth0', missing)
    const speaker = await OspfSpeaker.start(director(), world)
    const events = collect(speaker)
    await run(5)
    t.same(waits(events), [`eth0 ${what}`], 'said, although nobody listened yet')
    t.equal(world.sockets.size, 0)
    t.match(speaker.interfaces(), [{ name: 'eth0', state: 'Down' }])

    world.tell('eth0')
    world.device('eth0', { ...missing, mtu: 9000 })
    await run(1)
    t.equal(waits(events).length, 1, 'once per change')

    world.device('eth0', undefined)
    await run(8)
    t.equal(stateOf(speaker), 'Full')
    t.equal(waits(events).length, 1)
    await until(speaker.stop())
    t.equal(world.leftovers, '')
  })
}

t.test('the cable is pulled and plugged in again', async (t) => {
  const { speaker, host, peer, world, events, run, until } = await running()
  host.attachments[0]!.down()
  await run(1)
  t.same(waits(events), ['eth0 link'])
  t.same(speaker.neighbors(), [])
  t.equal(world.sockets.size, 0)
  await run(5)
  t.same(peer.neighbors(), [])
  host.attachments[0]!.up()
  await run(8)
  t.equal(stateOf(speaker), 'Full')
  t.same(waits(events), ['eth0 link'])
  host.attachments[0]!.down()
  await run(1)
  t.same(waits(events), ['eth0 link', 'eth0 link'], 'the second time is news')
  await until(speaker.stop())
})

t.test('the device is deleted and made anew', async (t) => {
  const { speaker, world, events, run, until } = await running()
  world.device('eth0', 'gone')
  await run(1)
  t.same(waits(events), ['eth0 device'])
  t.equal(world.sockets.size, 0)
  t.match(speaker.interfaces(), [{ name: 'eth0', up: false, state: 'Down' }])
  world.device('eth0', { index: 77, up: false, address: undefined, addresses: [] })
  world.device('eth0', { index: 77, address: undefined, addresses: [] })
  world.device('eth0', { index: 77 })
  await run(8)
  t.same(waits(events), ['eth0 device', 'eth0 link', 'eth0 address'])
  t.equal(stateOf(speaker), 'Full')
  await until(speaker.stop())
  t.equal(world.leftovers, '')
})

t.test('made anew between two looks: the new socket is in the groups of the old one', async (t) => {
  const { world, host, peer, run, until } = lan()
  peer.configure('eth0', { priority: 0 })
  const speaker = await OspfSpeaker.start(director({}, { ...eth0, priority: 1 }), world)
  await run(12)
  t.equal(speaker.interfaces()[0]?.state, 'DR')
  t.ok(world.sockets.get('eth0')?.memberships.has(allDRouters))
  const before = world.sockets.get('eth0')
  world.device('eth0', { index: 78 })
  await run(8)
  t.not(world.sockets.get('eth0'), before)
  t.ok(world.sockets.get('eth0')?.memberships.has(allDRouters))
  t.ok(host.attachments[0]!.designated)
  t.equal(speaker.interfaces()[0]?.state, 'DR')
  t.equal(stateOf(speaker), 'Full')
  await until(speaker.stop())
})

t.test('another address', async (t) => {
  const { speaker, world, run, until } = await running()
  const address = 0x0a000132
  const addresses = [{ address, prefixLength: 24, secondary: false, peer: undefined }]
  world.device('eth0', { address, addresses })
  await run(8)
  t.same(world.log, ['open eth0 10.0.1.1', 'close eth0', 'open eth0 10.0.1.50'])
  t.match(speaker.interfaces(), [{ address: '10.0.1.50', prefixLength: 24 }])
  t.equal(stateOf(speaker), 'Full')
  const own = speaker.database().find((l) => l.own && l.type === 1)
  t.match(own?.body, { links: [{ data: address }] })
  await until(speaker.stop())
})

t.test('changes that are none, and devices that are none of ours', async (t) => {
  const { speaker, world, events, run, until } = await running()
  const { length } = world.log
  world.tell('eth0')
  world.tell('lo')
  world.device('eth9', { name: 'eth9', up: false })
  world.device('eth9', 'gone')
  await run(2)
  t.equal(world.log.length, length)
  t.same(waits(events), [])
  t.equal(stateOf(speaker), 'Full')
  await until(speaker.stop())
})

t.test('a passive interface needs no socket', async (t) => {
  const { world, host, net, run, until } = lan()
  net.segment('dmz', '10.0.2.0/24', [host])
  const interfaces = { eth0, eth1: { passive: true } }
  const speaker = await OspfSpeaker.start(director({ areas: { 0: { interfaces } } }), world)
  const events = collect(speaker)
  await run(8)
  t.same([...world.sockets.keys()], ['eth0'])
  t.match(speaker.interfaces(), [{ name: 'eth0' }, { name: 'eth1', passive: true, up: true }])
  host.attachments[1]!.down()
  await run(1)
  t.same(waits(events), ['eth1 link'])
  host.attachments[1]!.up()
  await until(speaker.stop())
  t.notOk(world.log.some((line) => line.includes('open eth1')))
})

t.test('a socket that cannot be opened later on', async (t) => {
  const { speaker, host, world, events, run, until } = await running()
  host.attachments[0]!.down()
  await run(1)
  world.refuse.set('eth0', new Error('Cannot allocate memory'))
  host.attachments[0]!.up()
  await run(30)
  t.match(only(events, 'error'), [
    { where: 'interface eth0', error: { message: 'Cannot allocate memory' } },
  ])
  t.ok(world.log.filter((line) => line.startsWith('open')).length > 20, 'tried every second')
  await run(60)
  t.equal(only(events, 'error').length, 2, 'said once a minute')
  t.ok(world.timers < 4, 'one attempt at a time')
  world.refuse.clear()
  await run(8)
  t.equal(stateOf(speaker), 'Full')
  await until(speaker.stop())
  t.equal(world.leftovers, '')
})

t.test('stopped while it waits for the next attempt', async (t) => {
  const { speaker, host, world, run, until } = await running()
  host.attachments[0]!.down()
  world.refuse.set('eth0', new Error('no'))
  host.attachments[0]!.up()
  await until(speaker.stop())
  t.equal(world.leftovers, '')
  const { length } = world.log
  await run(5)
  t.equal(world.log.length, length)
})

t.test('an error of a socket that goes on is said, and that is all', async (t) => {
  const { speaker, world, events, run, until } = await running()
  const socket = world.sockets.get('eth0')!
  for (let i = 0; i < 100; i++) socket.fail(new Error('Network is unreachable'))
  await run(2)
  t.match(only(events, 'error'), [
    { where: 'interface eth0', error: { message: 'Network is unreachable' } },
  ])
  socket.fail(new Error('Message too long'))
  await run(2)
  t.equal(only(events, 'error').length, 2, 'another message is news')
  t.equal(world.sockets.get('eth0'), socket)
  t.equal(stateOf(speaker), 'Full')
  await until(speaker.stop())
})

t.test('a socket that failed for good is opened again, and in its groups', async (t) => {
  const { world, peer, run, until } = lan()
  peer.configure('eth0', { priority: 0 })
  const speaker = await OspfSpeaker.start(director({}, { ...eth0, priority: 1 }), world)
  const events = collect(speaker)
  await run(12)
  const socket = world.sockets.get('eth0')!
  socket.fail(new Error('Bad file descriptor'), { fatal: true })
  await run(3)
  t.not(world.sockets.get('eth0'), socket)
  t.ok(world.sockets.get('eth0')?.memberships.has(allDRouters))
  socket.fail(new Error('a word from the grave'), { fatal: true })
  await run(3)
  t.same(
    world.log.filter((line) => line.includes('eth0')),
    ['open eth0 10.0.1.1', 'close eth0', 'open eth0 10.0.1.1'],
  )
  t.equal(only(events, 'error').length, 2)
  t.equal(stateOf(speaker), 'Full', 'in less than a dead interval nobody notices')
  await until(speaker.stop())
  t.equal(world.leftovers, '')
})

t.test('a socket that does not close is said', async (t) => {
  const { world, host, run, until } = lan()
  const { open } = world.datagrams
  world.datagrams.open = (...args) => {
    const socket = open(...args)
    const close = socket[Symbol.asyncDispose].bind(socket)
    socket[Symbol.asyncDispose] = async () => {
      await close()
      throw new Error('it hangs')
    }
    return socket
  }
  const speaker = await OspfSpeaker.start(director(), world)
  const events = collect(speaker)
  await run(2)
  host.attachments[0]!.down()
  await run(1)
  t.match(only(events, 'error'), [{ where: 'interface eth0', error: { message: 'it hangs' } }])
  await until(speaker.stop())
})
