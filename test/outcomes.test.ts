/** What comes of it when things happen at once: drains that overlap, gates that change meanwhile, stops that come early. */
import t from 'tap'
import { healthy, OspfSpeaker, override } from '../lib/index.ts'
import { director, lan, only, running, settle, vip } from './world.ts'

/** A gate that is told what to say. */
function told() {
  let open = true
  let wake = (): void => {}
  async function* gate(): AsyncGenerator<boolean> {
    for (;;) {
      yield open
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  const say = async (to: boolean): Promise<void> => {
    open = to
    wake()
    for (let i = 0; i < 3; i++) await settle()
  }
  return { gate: gate(), say }
}

/** A VIP with connections, and a router before it that can send new ones elsewhere. */
async function serving() {
  const all = await running()
  all.peer.keepsConnections(true)
  await all.run(5)
  const { gate, say } = told()
  const state = { connections: 5 }
  const announcement = all.speaker.announce(vip, {
    when: gate,
    connections: () => state.connections,
    times: { drain: 30 },
  })
  await all.run(8)
  return { ...all, announcement, say, state, isRouted: () => all.peer.fib.has(vip) }
}

t.test('the gate changes during a drain', async (t) => {
  t.test('it closes: the wait is over, and opens: still drained, until the undrain', async (t) => {
    const { announcement, say, run, until, isRouted, speaker } = await serving()
    const drained = announcement.drain()
    await run(3)
    t.equal(announcement.state, 'draining')
    await say(false)
    t.equal(announcement.state, 'drained')
    await say(true)
    t.match(await until(drained), { outcome: 'done', connections: 5, acknowledged: true })
    await run(10)
    t.equal(announcement.state, 'drained')
    t.notOk(isRouted())
    announcement.undrain()
    await run(6)
    t.ok(isRouted())
    await until(speaker.stop())
  })

  t.test('it closes and the drain is undone: down, as the gate says', async (t) => {
    const { announcement, say, run, until, isRouted, speaker } = await serving()
    void announcement.drain()
    await run(3)
    await say(false)
    announcement.undrain()
    t.equal(announcement.state, 'down')
    await run(6)
    t.notOk(isRouted())
    await say(true)
    await run(6)
    t.equal(announcement.state, 'up')
    t.ok(isRouted())
    await until(speaker.stop())
  })

  t.test('it opens and closes a hundred times: no LSA but that of the drain', async (t) => {
    const { announcement, say, run, until, speaker, events } = await serving()
    await until(announcement.drain({ timeout: 1 }))
    const before = only(events, 'announcement').length
    for (let i = 0; i < 100; i++) {
      await say(i % 2 === 0)
      await run(0.1)
    }
    t.equal(only(events, 'announcement').length, before)
    await until(speaker.stop())
  })
})

t.test('two drains overlap', async (t) => {
  t.test('of one VIP: one drain, as the first asked for it', async (t) => {
    const { announcement, run, until, speaker, net } = await serving()
    const begun = net.now
    const first = announcement.drain({ timeout: 10, reason: 'one' })
    await run(1)
    const second = announcement.drain({ timeout: 1, reason: 'two' })
    t.equal(second, first)
    t.match(await until(first), { outcome: 'done' })
    t.ok(net.now - begun > 10, 'the second does not cut the first short')
    t.equal(announcement.reason, 'one')
    t.equal(announcement.drain(), first, 'and what is drained is drained')
    await until(speaker.stop())
  })

  t.test('of the VIP and of the whole speaker', async (t) => {
    const { announcement, run, until, speaker, state, isRouted } = await serving()
    const one = announcement.drain()
    await run(1)
    const whole = speaker.drain({ timeout: 1 })
    const again = speaker.drain({ timeout: 2 })
    await run(5)
    t.equal(announcement.state, 'draining', 'the VIP keeps the time that it was given')
    state.connections = 0
    const results = await until(Promise.all([one, whole, again]))
    t.match(results, [
      { outcome: 'done', connections: 0 },
      { [vip]: { outcome: 'done', connections: 0 } },
      { [vip]: { outcome: 'done', connections: 0 } },
    ])
    t.notOk(isRouted())
    speaker.undrain()
    await run(6)
    t.ok(isRouted(), 'one undrain ends them all')
    await until(speaker.stop())
  })

  t.test('of the whole speaker, undone and asked for again with the same options', async (t) => {
    const { run, until, speaker, state, events } = await serving()
    const how = { timeout: 30 }
    const first = speaker.drain(how)
    await run(1)
    speaker.undrain()
    const second = speaker.drain(how)
    t.match(await until(first), { [vip]: { outcome: 'undone' } })
    await run(1)
    t.same(only(events, 'stub-router'), [], 'a stub router when the VIP is gone')
    state.connections = 0
    t.match(await until(second), { [vip]: { outcome: 'done' } })
    t.equal(only(events, 'stub-router').length, 1)
    await until(speaker.stop())
  })

  t.test('by an operator and by the gate: each ends its own', async (t) => {
    const { speaker, run, until, world, peer } = await running()
    const gate = override(
      { clock: world.clock },
      healthy(async () => {}, { rise: 1, clock: world.clock }),
    )
    const announcement = speaker.announce(vip, { when: gate })
    await run(6)
    const drained = announcement.drain()
    gate.force('maintenance', 'kernel')
    t.match(await until(drained), { outcome: 'done' })
    gate.force(undefined)
    await run(6)
    t.equal(announcement.state, 'drained', 'the operator has not said that it is over')
    announcement.undrain()
    await run(6)
    t.ok(peer.fib.has(vip))

    // and the other way round: the request ends what it did not begin, and maintenance still holds
    gate.force('maintenance', 'kernel')
    await run(6)
    t.equal(announcement.state, 'drained')
    announcement.undrain()
    await run(6)
    t.equal(announcement.state, 'down')
    t.match(announcement.reason, /maintenance/)
    gate.force(undefined)
    await run(6)
    t.equal(announcement.state, 'up')
    await until(speaker.stop())
  })

  t.test('undone and drained again before the first is over', async (t) => {
    const { announcement, run, until, speaker } = await serving()
    const first = announcement.drain()
    await run(1)
    announcement.undrain()
    const second = announcement.drain({ timeout: 2 })
    t.not(second, first)
    t.match(await until(first), { outcome: 'undone' })
    t.match(await until(second), { outcome: 'done', connections: 5 })
    t.equal(announcement.state, 'drained')
    await until(speaker.stop())
  })

  t.test('undrain while the withdrawal is being acknowledged', async (t) => {
    const { announcement, run, until, speaker, state, isRouted } = await serving()
    state.connections = 0
    const drained = announcement.drain()
    await run(0.5)
    t.equal(announcement.state, 'drained')
    announcement.undrain()
    t.match(await until(drained), { outcome: 'undone' })
    await run(6)
    t.ok(isRouted())
    await until(speaker.stop())
  })
})

t.test('a stop during the start', async (t) => {
  t.test('of the data plane: told so, and released if it came up all the same', async (t) => {
    const { speaker, run, until, world, net } = await running()
    const did: string[] = []
    speaker.announce('10.0.1.101/32', {
      device: 'lo',
      prepare: (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
      release: () => void did.push('released what was never there'),
    })
    const stubborn = speaker.announce('10.0.1.102/32', {
      device: 'lo',
      prepare: () =>
        new Promise((resolve) => {
          world.clock.setTimer(5000, resolve)
        }),
      release: () => void did.push('released'),
    })
    await run(2)
    const begun = net.now
    const other = speaker.announcements()[0]!.withdraw('not wanted')
    t.match(await until(other), { outcome: 'done' })
    t.ok(net.now - begun < 3, 'it is not waited for until its time is over')
    t.match(await until(stubborn.withdraw()), { outcome: 'done' })
    t.same(did, ['released'])
    t.same([...world.added], [])
    t.same(
      [...world.log].filter((line) => line.startsWith('remove')),
      ['remove lo 10.0.1.101/32', 'remove lo 10.0.1.102/32'],
    )
    await until(speaker.stop())
    t.equal(world.leftovers, '')
  })

  t.test('of an adjacency: nobody to wait for', async (t) => {
    const { world, run, until, net } = lan()
    const speaker = await OspfSpeaker.start(director(), world)
    speaker.announce(vip, { device: 'lo' })
    await run(1)
    t.not(speaker.neighbors()[0]?.state, 'Full')
    const begun = net.now
    t.match(await until(speaker.stop()), { acknowledged: true })
    t.ok(net.now - begun < 3)
    t.equal(world.leftovers, '')
  })

  t.test('of the speaker: by its signal, while it opens what it needs', async (t) => {
    const { world, until } = lan()
    const stop = new AbortController()
    const add = world.addresses.add
    Object.assign(world.addresses, {
      add: async (...args: Parameters<typeof add>) => {
        stop.abort(new Error('not now'))
        return add(...args)
      },
    })
    const addresses = [{ device: 'lo', address: '10.5.5.5/32' }]
    const started = OspfSpeaker.start(director({ addresses, signal: stop.signal }), world)
    await t.rejects(until(started), { message: 'not now' })
    t.equal(world.leftovers, '')
    t.equal(world.closed, 1)
  })
})
