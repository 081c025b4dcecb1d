import { createHash } from 'node:crypto'
import t from 'tap'
import { emptyCounters } from '../../lib/core/snapshots.ts'
import { settled } from '../../lib/sim/check.ts'
import { Network } from '../../lib/sim/network.ts'
import { Random } from '../../lib/sim/random.ts'
import { quick, randomNetwork } from './topologies.ts'

/** Everything that left an interface, when and where, as one hash. */
function trace(seed: number): { hash: string; packets: number } {
  const net = new Network({ seed })
  const hash = createHash('sha256')
  net.tap(({ at, from, destination, bytes }) => {
    hash.update(`${at} ${from.node.name} ${from.name} ${destination} `)
    hash.update(bytes)
  })
  const routers = randomNetwork(net, 8, new Random(99))
  net.disturb({ loss: 0.1, jitter: 0.02, duplication: 0.05, reordering: 0.05 })
  net.run(30)
  routers[2]!.crash()
  net.run(20)
  routers[2]!.restart()
  net.run(30)
  return { hash: hash.digest('hex'), packets: net.traffic.sent }
}

t.test('the same seed gives the same packets, another seed others', async (t) => {
  const first = trace(1)
  t.ok(first.packets > 1000)
  t.same(trace(1), first)
  t.not(trace(2).hash, first.hash)
})

t.test('runUntil stops at the instant, or at the limit', async (t) => {
  const net = new Network()
  const [a, b] = [net.router('a'), net.router('b')]
  net.link(a, b, quick)
  const full = () => a.neighbors()[0]?.state === 'Full'
  t.ok(net.runUntil(full, 60))
  const at = net.now
  t.ok(at > 0 && at < 10, `${at} s`)
  t.ok(net.runUntil(full, 60))
  t.equal(net.now, at, 'it holds already')
  t.notOk(net.runUntil(() => false, 3))
  t.equal(net.now, at + 3)
  t.ok(net.runUntil(() => net.now > at + 4, 60, { every: 5 }))
  t.equal(net.now, at + 8)
})

t.test('the asynchronous run is the same run', async (t) => {
  const sent = async (run: (net: Network) => unknown) => {
    const net = new Network({ seed: 3 })
    net.link(net.router('a'), net.router('b'), quick)
    await run(net)
    return [net.now, net.traffic]
  }
  const wanted = await sent((net) => net.run(60))
  t.same(await sent((net) => net.runAsync(60)), wanted)
  t.same(await sent((net) => net.runUntilAsync(() => net.now >= 60, 60)), wanted)
})

t.test('events are recorded, bounded, and told', async (t) => {
  const net = new Network({ eventLimit: 3 })
  const [a, b] = [net.router('a'), net.router('b')]
  net.link(a, b, quick)
  const told: string[] = []
  const hook = net.onEvent((router, event, at) => {
    if (event.type === 'neighbor' && event.state === 'Full') told.push(router.name)
    if (at !== net.clock.now()) t.fail('the time of an event is now')
  })
  net.run(20)
  t.same(told.sort(), ['a', 'b'])
  t.equal(a.events.length, 3)
  hook[Symbol.dispose]()
  b.crash()
  net.run(20)
  t.equal(told.length, 2)
})

t.test('misuse is told', async (t) => {
  const net = new Network()
  const a = net.router('a')
  const code = { code: 'ERR_OSPF_CONFIG' }
  t.throws(() => net.router('a'), code)
  t.throws(() => net.host('a'), code)
  t.throws(() => net.node('nobody'), code)
  t.equal(net.node('a'), a)
  t.throws(() => net.router('b', { routerId: 'b' }), code)
  t.throws(() => net.segment('s', '10.0.0.0', [a]), code)
  const s = net.segment('s', '10.0.0.0/24', [a])
  t.throws(() => net.attach(s, a), code, 'once is enough')
  t.throws(() => net.attach(s, { node: net.host('h'), address: '10.0.0.1' }), code)
  t.throws(() => a.configure('eth5', { cost: 1 }), { code: 'ERR_OSPF_NO_INTERFACE' })
  a.crash()
  t.throws(() => a.neighbors(), { code: 'ERR_OSPF_STOPPED' })
})

t.test('another router can stand in for the core', async (t) => {
  const seeds: number[] = []
  const net = new Network({
    create: (options) => {
      seeds.push(options.seed)
      const outputs = [
        { type: 'transmit', interface: 'eth0', destination: 0xe0000005, bytes: Uint8Array.of(1) },
      ] as const
      let given = 0
      const nothing = () => {}
      return {
        handleDatagrams: nothing,
        handleInterface: nothing,
        handleConfig: nothing,
        handleTimeout: nothing,
        handleResume: nothing,
        nextTimeout: () => undefined,
        poll: () => outputs[given++],
        neighbors: () => [],
        interfacesNow: () => [],
        database: () => [],
        routes: () => [],
        opaques: () => [],
        counters: emptyCounters(),
        unacknowledged: () => 0,
        isUpToDate: () => true,
      }
    },
  })
  const a = net.router('a')
  net.segment('s', '10.0.0.0/24', [net.host('h'), a])
  net.run(1)
  t.equal(net.traffic.delivered, 1)
  a.restart()
  t.equal(new Set(seeds).size, 2, 'each life has a seed of its own')
})

t.test('a hundred routers settle in little time', async (t) => {
  const net = new Network({ seed: 5 })
  randomNetwork(net, 100, new Random(5))
  net.run(60)
  t.same(settled(net), [])
})
