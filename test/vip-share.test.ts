/** Weights and drain through the public API: directors ask, a router answers. */
import t from 'tap'
import type { NextHop } from '../lib/core/io.ts'
import { OspfSpeaker } from '../lib/index.ts'
import { collect, director, eth0, running, vip, World } from './world.ts'

/** A speaker with a router and a second speaker beside it, all adjacent. */
async function pair() {
  const all = await running()
  const host = all.net.host('lb2')
  all.net.attach(all.peer.attachments[0]!.segment, host)
  const other = await OspfSpeaker.start(director({ routerId: '10.0.1.135' }, eth0), new World(host))
  collect(other)
  await all.run(8)
  const hops = (): readonly NextHop[] =>
    all.peer.core.routes().find(({ prefix, length }) => prefix === 0x0a000164 && length === 32)
      ?.nextHops ?? []
  return { ...all, other, hops }
}

t.test('a weight', async (t) => {
  const { speaker, other, hops, run, until } = await pair()
  const first = speaker.announce(vip, { weight: 25 })
  other.announce(vip)
  await run(10)
  t.same(
    hops()
      .map(({ weight }) => weight)
      .toSorted(),
    [1, 4],
  )
  first.setWeight(50)
  await run(10)
  t.same(
    hops()
      .map(({ weight }) => weight)
      .toSorted(),
    [1, 2],
  )
  t.throws(() => first.setWeight(0), {
    code: 'ERR_OSPF_CONFIG',
    message: /weight: expected a whole/,
  })
  await until(first.withdraw())
  await run(5)
  t.same(
    hops().map(({ weight }) => weight),
    [undefined],
    'nothing is left of it',
  )
  t.throws(() => speaker.announce(vip, { weight: 257 }), { message: /VIP .*: weight: expected/ })
  await until(Promise.all([speaker.stop(), other.stop()]))
})

t.test('a drain where routers cannot keep connections: not waited for', async (t) => {
  const { speaker, other, run, until } = await pair()
  const first = speaker.announce(vip, { connections: () => 7 })
  other.announce(vip)
  await run(10)
  t.match(await until(first.drain()), { outcome: 'done', connections: 7 })
  t.match(first.why().at(-2), /stop new skipped: the routers cannot/)
  await until(Promise.all([speaker.stop(), other.stop()]))
})

t.test('a drain where they can: new connections go elsewhere, old ones end', async (t) => {
  const { speaker, other, peer, hops, run, until } = await pair()
  peer.keepsConnections(true)
  await run(5)
  let connections = 7
  const first = speaker.announce(vip, { connections: () => connections })
  other.announce(vip)
  await run(10)
  const drained = first.drain()
  await run(5)
  t.equal(first.state, 'draining')
  t.same(
    hops()
      .map(({ draining }) => draining ?? false)
      .toSorted(),
    [false, true],
  )
  first.undrain()
  await run(8)
  t.same(
    hops().map(({ draining }) => draining ?? false),
    [false, false],
  )
  t.match(await drained, { outcome: 'undone' })
  const again = first.drain()
  await run(5)
  connections = 0
  t.match(await until(again), { outcome: 'done', connections: 0, acknowledged: true })
  await run(3)
  t.equal(hops().length, 1)
  await until(Promise.all([speaker.stop(), other.stop()]))
})
