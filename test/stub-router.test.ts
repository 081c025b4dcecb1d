/** Stub router (RFC 6987): always, on request, for a time after the start and before the end. */
import t from 'tap'
import { formatEvent, OspfSpeaker, type SpeakerOptions } from '../lib/index.ts'
import * as world from './world.ts'
import { collect, type Lan, lan, only, vip } from './world.ts'

/** Not one that announces alone, which is never a way to elsewhere. */
const director = (more: Partial<SpeakerOptions> = {}) => world.director({ role: 'router', ...more })

interface Started extends Lan {
  readonly speaker: OspfSpeaker
  readonly said: () => string[]
}

async function start(stubRouter: SpeakerOptions['stubRouter'] & {}): Promise<Started> {
  const all = lan()
  const speaker = await OspfSpeaker.start(director({ stubRouter }), all.world)
  const events = collect(speaker)
  speaker.announce(vip, { cost: 5 })
  await all.run(6)
  return { ...all, speaker, said: () => only(events, 'stub-router').map(formatEvent) }
}

/** Metrics of our router-LSA as the neighbor has it: the transit link, and the VIP. */
function seen({ peer }: Lan): number[] {
  const lsa = peer.database().find((l) => l.lsa.header.type === 1 && !l.own)
  if (lsa?.lsa.body.kind !== 'router') return []
  return lsa.lsa.body.links.map(({ metric }) => metric)
}

t.test('always', async (t) => {
  const all = await start(true)
  t.same(seen(all), [65535, 5], 'VIPs keep their cost')
  t.same(all.said(), ['stub router by configuration'])
  await all.until(all.speaker.stop())
})

t.test('always, with VIPs and externals', async (t) => {
  const all = await start({ includeStub: true, externalMetric: 1000 })
  t.same(seen(all), [65535, 65535])
  all.speaker.announce('10.7.7.7', { as: 'external', type: 1, metric: 3 })
  await all.run(2)
  t.equal(all.peer.fib.get('10.7.7.7/32')?.cost, 1010)
  await all.until(all.speaker.stop())
})

t.test('on start-up', async (t) => {
  const all = await start({ onStartup: 30 })
  const { speaker, run, said } = all
  t.same(seen(all), [65535, 5])
  await run(23)
  t.same(seen(all), [65535, 5])
  await run(6)
  t.same(seen(all), [10, 5])
  t.same(said(), ['stub router on start-up for 30 s', 'no stub router on start-up any more'])
  t.equal(speaker.neighbors()[0]?.state, 'Full')
  const from = all.world.clock.now()
  await all.until(speaker.stop({ hold: 0 }))
  t.ok(all.world.clock.now() - from < 2000, 'not on shutdown')
})

t.test('on start-up, until told', async (t) => {
  const all = await start({ onStartup: 86_400, includeStub: true })
  t.same(seen(all), [65535, 65535])
  all.speaker.stubRouter(false)
  await all.run(6)
  t.same(seen(all), [10, 5])
  t.same(all.said().slice(1), ['no stub router on start-up any more'])
  await all.until(all.speaker.stop())
  t.equal(all.world.leftovers, '', 'its timer is gone')
})

t.test('stopped during start-up', async (t) => {
  const all = await start({ onStartup: 60 })
  await all.until(all.speaker.stop())
  t.equal(all.world.leftovers, '')
})

t.test('on shutdown', async (t) => {
  const all = await start({ onShutdown: 10, includeStub: true })
  const { speaker, peer, said, run } = all
  t.same(seen(all), [10, 5])
  const stopped = speaker.stop({ hold: 1 })
  t.throws(() => speaker.announce('10.0.1.101'), { code: 'ERR_OSPF_STOPPED' })
  await run(6)
  t.same(seen(all), [65535, 65535])
  t.ok(peer.fib.has(vip), 'still there')
  t.equal(peer.neighbors()[0]?.state, 'Full')
  t.same(said(), ['stub router on shutdown for 10 s'])
  await run(6)
  t.notOk(peer.fib.has(vip))
  const { acknowledged, acknowledgedAfter } = await all.until(stopped)
  t.equal(acknowledged, true)
  t.ok(acknowledgedAfter < 2000, 'counted from the withdrawal')
  t.equal(all.world.leftovers, '')
})

t.test('on shutdown, with nobody there: at once', async (t) => {
  const all = lan()
  all.peer.crash()
  const speaker = await OspfSpeaker.start(director({ stubRouter: { onShutdown: 600 } }), all.world)
  await all.run(3)
  const from = all.world.clock.now()
  await all.until(speaker.stop())
  t.ok(all.world.clock.now() - from < 100)
})

t.test('a VIP that is withdrawn during shutdown goes at once', async (t) => {
  const all = await start({ onShutdown: 20 })
  const stopped = all.speaker.stop()
  await all.run(3)
  all.speaker.announcements()[0]?.withdraw()
  await all.run(7)
  t.notOk(all.peer.fib.has(vip))
  t.equal(all.speaker.neighbors()[0]?.state, 'Full')
  await all.until(stopped)
})

t.test('on request, and other options', async (t) => {
  const all = await start(false)
  const { speaker, run, said } = all
  speaker.stubRouter(true)
  await run(6)
  t.same(seen(all), [65535, 5])
  await speaker.reconfigure(director())
  await speaker.reconfigure(director({ stubRouter: { onShutdown: 5 } }))
  await run(6)
  t.same(seen(all), [65535, 5], 'what was asked for at run time stays')
  await speaker.reconfigure(director({ stubRouter: { includeStub: true } }))
  await run(6)
  t.same(seen(all), [65535, 65535])
  await speaker.reconfigure(director({ stubRouter: { onStartup: 60 } }))
  await run(6)
  t.same(seen(all), [10, 5], 'the start is over')
  t.same(said(), [
    'stub router by request',
    'stub router by configuration',
    'no stub router by configuration any more',
  ])
  speaker.stubRouter(false)
  t.equal(said().length, 3, 'nothing to end')
  await all.until(speaker.stop())
})

t.test('options change during start-up', async (t) => {
  const all = await start({ onStartup: 60 })
  const { speaker, run, said } = all
  await speaker.reconfigure(director({ stubRouter: { onStartup: 60, includeStub: true } }))
  await run(6)
  t.same(seen(all), [65535, 65535])
  await speaker.reconfigure(director())
  await run(6)
  t.same(seen(all), [10, 5])
  t.same(said().slice(1), ['no stub router on start-up any more'])
  await all.until(speaker.stop())
})

t.test('drained: a stub router in any case, until it is back in service', async (t) => {
  const all = await start({ onStartup: 30 })
  const { speaker, run, said } = all
  const drained = speaker.drain()
  await all.until(drained)
  await run(30)
  t.same(seen(all), [65535], 'the start is over, and nothing is routed through it')
  t.same(said().slice(1), ['no stub router on start-up any more', 'stub router while drained'])
  speaker.undrain()
  await run(8)
  t.same(seen(all), [10, 5])
  t.same(said().slice(3), ['no stub router while drained any more'])
  await all.until(speaker.stop())
})
