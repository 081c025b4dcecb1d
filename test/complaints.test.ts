/** What users of other software complained about, one test for each thread, with its number. */
import t from 'tap'
import { any, healthy, OspfSpeaker, override, type Probe } from '../lib/index.ts'
import { collect, director, lan, only, running, type Started, stateOf, vip } from './world.ts'

const onLo = `lo ${vip}`

/** A probe of a backend that can be switched. */
function backend(name: string): { probe: Probe; isUp: boolean } {
  const it = {
    isUp: false,
    probe: async () => {
      if (!it.isUp) throw new Error(`${name}: connection refused`)
    },
  }
  return it
}

const timing = { interval: 1, rise: 1, fall: 1 }

/** Milliseconds until something holds, looked at every 10. */
async function until({ net }: Pick<Started, 'net'>, holds: () => boolean): Promise<number> {
  const begun = net.clock.now()
  while (!holds() && net.clock.now() - begun < 60_000) await net.clock.advanceAsync(10)
  return net.clock.now() - begun
}

t.test(
  'exabgp #993: the address goes when the withdrawal has been acknowledged, not before',
  async (t) => {
    const all = await running()
    const { speaker, peer, world, run } = all
    const announcement = speaker.announce(vip, { device: 'lo' })
    await run(6)
    t.ok(peer.fib.has(vip) && world.added.has(onLo))

    // acknowledgements take their time: what the speaker hears is late
    const slow = all.host.attachments[0]!
    slow.conditions = { delay: 0.4, jitter: 0, loss: 0, duplication: 0, reordering: 0 }
    const begun = all.net.clock.now()
    const result = announcement.withdraw()
    const goneAt = await until(all, () => !peer.fib.has(vip))
    const removedAt = (await until(all, () => !world.added.has(onLo))) + goneAt
    t.ok(goneAt < 1000, `the route went after ${goneAt} ms`)
    const { acknowledged, by, steps } = await all.until(result)
    t.equal(acknowledged, true)
    t.ok(by[0]!.after >= 400 && by[0]!.after <= removedAt, `acknowledged after ${by[0]!.after} ms`)
    t.ok(
      removedAt >= goneAt + 1500,
      `removed after ${removedAt} ms, with time for the routers' FIB`,
    )
    const order = steps.map(({ step }) => step)
    t.ok(order.indexOf('withdraw') < order.indexOf('remove address'), order.join(', '))
    t.ok(all.net.clock.now() > begun)
    await all.until(speaker.stop())
  },
)

t.test('keepalived #1774: a shutdown withdraws, and runs what is to be run', async (t) => {
  const all = lan()
  const { world, peer, net } = all
  const shutdown = new AbortController()
  const speaker = await OspfSpeaker.start(director({ signal: shutdown.signal }), world)
  const events = collect(speaker)
  await all.run(6)
  const done: string[] = []
  speaker.announce(vip, {
    device: 'lo',
    when: healthy(async () => {}, { ...timing, clock: world.clock }),
    prepare: () => void done.push('prepare'),
    release: () => void done.push('release'),
  })
  await all.run(6)
  t.ok(peer.fib.has(vip))
  shutdown.abort()
  const after = await until({ net }, () => !peer.fib.has(vip))
  t.ok(after < 1000, `withdrawn after ${after} ms, not after the dead interval`)
  t.same(done, ['prepare'])
  await all.until(speaker.stop())
  t.same(done, ['prepare', 'release'])
  t.match(only(events, 'announcement').at(-1), { state: 'withdrawn', reason: 'the speaker stops' })
  t.equal(world.leftovers, '')
})

t.test('keepalived #2064: nothing is announced before the first success', async (t) => {
  const all = await running()
  const { speaker, peer, run, world } = all
  const server = backend('web')
  const hangs = healthy(() => new Promise(() => {}), { ...timing, clock: world.clock })
  const silent = speaker.announce('10.0.1.101/32', { when: hangs })
  const announcement = speaker.announce(vip, {
    when: healthy(server.probe, { ...timing, clock: world.clock }),
  })
  t.same([announcement.state, announcement.reason], ['down', 'no verdict yet'])
  for (let i = 0; i < 100; i++) {
    await run(0.1)
    if (peer.fib.has(vip) || peer.fib.has('10.0.1.101/32')) t.fail('announced')
  }
  t.equal(announcement.reason, 'web: connection refused')
  t.match(silent.reason, /timed out/)
  server.isUp = true
  await run(6)
  t.ok(peer.fib.has(vip))
  await all.until(speaker.stop())
})

t.test('metallb #312: no endpoints, no route', async (t) => {
  const all = await running()
  const { speaker, peer, run } = all
  let count = 2
  let wake = (): void => {}
  async function* hasEndpoints(): AsyncGenerator<{ healthy: boolean; reason: string }> {
    for (;;) {
      yield { healthy: count > 0, reason: `${count} endpoints` }
      await new Promise<void>((resolve) => (wake = resolve))
    }
  }
  const announcement = speaker.announce(vip, { when: hasEndpoints() })
  await run(6)
  t.ok(peer.fib.has(vip))
  count = 0
  wake()
  await run(6)
  t.notOk(peer.fib.has(vip))
  t.same([announcement.state, announcement.reason], ['down', '0 endpoints'])
  count = 1
  wake()
  await run(6)
  t.ok(peer.fib.has(vip))
  await all.until(speaker.stop())
})

t.test('anycast_healthchecker #27: withdrawn on shutdown', async (t) => {
  const all = await running()
  const { speaker, peer } = all
  speaker.announce(vip)
  speaker.announce('10.0.1.101/32', { as: 'external' })
  await all.run(6)
  t.ok(peer.fib.has(vip) && peer.fib.has('10.0.1.101/32'))
  const stopped = speaker.stop()
  const after = await until(all, () => !peer.fib.has(vip) && !peer.fib.has('10.0.1.101/32'))
  t.ok(after < 1000, `${after} ms`)
  t.match(await all.until(stopped), { acknowledged: true })
})

t.test('loxilb #1035: withdrawn when all endpoints are down', async (t) => {
  const all = await running()
  const { speaker, peer, run, world } = all
  const servers = ['a', 'b', 'c'].map(backend)
  for (const server of servers) server.isUp = true
  const when = any(...servers.map(({ probe }) => probe), { ...timing, clock: world.clock })
  const announcement = speaker.announce(vip, { when })
  await run(6)
  t.ok(peer.fib.has(vip))
  for (const server of servers) server.isUp = false
  const after = await until(all, () => !peer.fib.has(vip))
  t.ok(after <= 2000, `${after} ms`)
  t.equal(announcement.state, 'down')
  t.match(announcement.reason, /^0 of 3 pass, 1 needed: /)
  await all.until(speaker.stop())
})

t.test('glb-director #115: announced only while a backend is healthy', async (t) => {
  const all = await running()
  const { speaker, peer, run, world } = all
  const servers = ['a', 'b', 'c'].map(backend)
  const when = any(...servers.map(({ probe }) => probe), { ...timing, clock: world.clock })
  speaker.announce(vip, { when })
  const [a, b] = servers
  const routed = async (): Promise<boolean> => {
    await run(8)
    return peer.fib.has(vip)
  }
  t.equal(await routed(), false)
  a!.isUp = true
  t.equal(await routed(), true)
  b!.isUp = true
  a!.isUp = false
  t.equal(await routed(), true, 'another one does as well')
  b!.isUp = false
  t.equal(await routed(), false)
  await all.until(speaker.stop())
})

t.test('antrea #8355: a cordoned node withdraws before it is drained', async (t) => {
  const all = await running()
  const { speaker, peer, run, world, events } = all
  let isReleased = false
  const gate = override(
    { clock: world.clock },
    healthy(async () => {}, { ...timing, clock: world.clock }),
  )
  const announcement = speaker.announce(vip, {
    when: gate,
    connections: () => 12,
    release: () => {
      isReleased = true
    },
  })
  await run(6)
  t.ok(peer.fib.has(vip))
  gate.force('maintenance', 'the node is cordoned')
  const after = await until(all, () => !peer.fib.has(vip))
  t.ok(after < 1000, `${after} ms`)
  await run(5)
  t.same(
    [announcement.state, announcement.reason],
    ['drained', 'forced maintenance: the node is cordoned'],
  )
  t.equal(isReleased, false, 'what serves is still there, for those that are connected')
  t.match(only(events, 'announcement-step').at(-1), { step: 'hold', outcome: 'done' })
  gate.force(undefined)
  await run(6)
  t.ok(peer.fib.has(vip), 'uncordoned')
  await all.until(speaker.stop())
  t.equal(isReleased, true)
})

t.test('FRR #6823: a VIP on the transit interface leaves the adjacency alone', async (t) => {
  const all = await running()
  const { speaker, peer, run, world, events } = all
  t.equal(stateOf(speaker), 'Full')
  const announcement = speaker.announce(vip, { device: 'eth0' })
  await run(30)
  t.ok(world.added.has(`eth0 ${vip}`))
  t.equal(stateOf(speaker), 'Full')
  t.equal(peer.neighbors()[0]?.state, 'Full')
  t.ok(peer.fib.has(vip))
  t.same(world.sockets.get('eth0')?.address, 0x0a000101, 'Hellos leave with the address as before')
  t.same(only(events, 'mismatch'), [])
  t.notOk(peer.events.some(({ event }) => event.type === 'mismatch'))
  await all.until(announcement.withdraw())
  await run(10)
  t.equal(stateOf(speaker), 'Full')
  t.notOk(world.added.has(`eth0 ${vip}`))
  t.notOk(
    only(events, 'neighbor').some(({ was, state }) => was === 'Full' && state !== 'Full'),
    'it was never less',
  )
  await all.until(speaker.stop())
})
