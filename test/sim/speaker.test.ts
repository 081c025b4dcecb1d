/** The whole `OspfSpeaker` in the simulator: the same code that drives sockets and the kernel, over in-memory ports. */
import t from 'tap'
import { tally } from '../../lib/sim/forward.ts'
import type { SimHost } from '../../lib/sim/host.ts'
import { Network } from '../../lib/sim/network.ts'
import { OspfSpeaker } from '../../lib/speaker.ts'

const vip = '10.0.9.100'
const timing = { helloInterval: 1, deadInterval: 4 }

/** A client, a router and two directors; each of the three runs a speaker. */
async function cluster(seed: number) {
  const net = new Network({ seed })
  const client = net.host('client', { gateway: '10.0.0.1' })
  const [router, lb1, lb2] = ['router', 'lb1', 'lb2'].map((n) => net.host(n)) as [
    SimHost,
    SimHost,
    SimHost,
  ]
  net.segment('outside', '10.0.0.0/24', [router, client])
  net.segment('inside', '10.0.1.0/24', [router, lb1, lb2])
  const run = (host: SimHost, id: number, interfaces: Record<string, object>) =>
    OspfSpeaker.start(
      { routerId: `10.0.1.${id}`, installRoutes: id === 1, areas: { '0.0.0.0': { interfaces } } },
      host.ports,
    )
  const speakers = [
    await run(router, 1, { eth0: { ...timing, passive: true }, eth1: timing }),
    await run(lb1, 2, { eth0: { ...timing, priority: 0 } }),
    await run(lb2, 3, { eth0: { ...timing, priority: 0 } }),
  ] as const
  for (const lb of speakers.slice(1)) lb.announce(`${vip}/32`, { device: 'lo' })
  const reached = () => Object.fromEntries(tally(net.connections(client, vip, 1000)))
  return { net, client, router, lb1, lb2, speakers, reached, run }
}

t.test('two directors share the connections; one dies, stops, comes back', async (t) => {
  const { net, lb1, lb2, speakers, reached, run } = await cluster(1)
  await net.runAsync(20)
  const shared = reached()
  t.same(Object.keys(shared), ['lb1', 'lb2'])
  t.ok(Math.min(...Object.values(shared)) > 400, JSON.stringify(shared))

  lb1.crash()
  await net.runAsync(1)
  t.equal(reached()['lost'], shared['lb1'], 'until the dead interval is over')
  await net.runAsync(5)
  t.same(reached(), { lb2: 1000 })

  lb1.restart()
  const again = await run(lb1, 2, { eth0: { ...timing, priority: 0 } })
  again.announce(`${vip}/32`, { device: 'lo' })
  await net.runAsync(20)
  t.same(reached(), shared, 'as before')

  const stopped = speakers[2].stop()
  await net.runAsync(0.5)
  t.same(reached(), { lb1: 1000 }, 'a graceful stop moves the connections at once')
  await net.runAsync(20)
  t.match(await stopped, { acknowledged: true })
  t.notOk(lb2.owns(0x0a000964), 'the VIP is off lo')
  const rest = [speakers[0].stop(), again.stop()]
  await net.runAsync(30)
  await Promise.all(rest)
  t.equal(net.clock.planned, 0, 'nothing is left running')
})

t.test('a director that slept is back in the share', async (t) => {
  const { net, lb1, speakers, reached } = await cluster(2)
  await net.runAsync(20)
  const shared = reached()
  lb1.freeze()
  await net.runAsync(60)
  t.same(reached(), { lb2: 1000 })
  lb1.thaw()
  await net.runAsync(15)
  t.same(reached(), shared)
  const stops = speakers.map((s) => s.stop())
  await net.runAsync(60)
  await Promise.all(stops)
})
