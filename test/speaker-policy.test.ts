import t from 'tap'
import { OspfSpeaker, type SpeakerOptions } from '../lib/index.ts'
import type { SimHost } from '../lib/sim/host.ts'
import { Network } from '../lib/sim/network.ts'
import type { SimRouter } from '../lib/sim/router.ts'
import { formatIpv4 } from '../lib/wire/address.ts'
import { running, vip } from './world.ts'

const timing = { helloInterval: 1, deadInterval: 4, priority: 0 }

interface TwoUplinks {
  readonly net: Network
  readonly speaker: OspfSpeaker
  readonly left: SimRouter
  readonly right: SimRouter
  /** Has a way to the director over each of them. */
  readonly far: SimRouter
  readonly host: SimHost
}

/** A director between two routers that are also connected the long way round, over a third. */
async function twoUplinks(more: Partial<SpeakerOptions> = {}): Promise<TwoUplinks> {
  const net = new Network({ seed: 3 })
  const host = net.host('lb')
  const [left, right, far] = ['1', '2', '3'].map((n) =>
    net.router(`r${n}`, { routerId: `10.0.0.${n}` }),
  ) as [SimRouter, SimRouter, SimRouter]
  const segment = { helloInterval: 1, deadInterval: 4 }
  net.segment('a', '10.1.0.0/24', [left, host], segment)
  net.segment('b', '10.2.0.0/24', [right, host], segment)
  net.segment('c', '10.3.0.0/24', [left, far], { ...segment, cost: 1000 })
  net.segment('d', '10.4.0.0/24', [right, far], { ...segment, cost: 1000 })
  const areas = { 0: { interfaces: { eth0: timing, eth1: { ...timing, cost: 20 } } } }
  const speaker = await OspfSpeaker.start({ routerId: '10.0.9.9', areas, ...more }, host.ports)
  speaker.announce(vip)
  await net.runAsync(30)
  return { net, speaker, left, right, far, host }
}

const via = (router: SimRouter | SimHost, prefix: string): (string | undefined)[] =>
  router.fib
    .get(prefix)
    ?.nextHops.map(({ gateway }) => (gateway === undefined ? undefined : formatIpv4(gateway))) ?? []

t.test(
  'a speaker that only announces is reached over every uplink, and never a way to elsewhere',
  async (t) => {
    const { net, speaker, left, right, far } = await twoUplinks()
    t.same(via(far, vip), ['10.3.0.1', '10.4.0.1'], 'equal cost over both')
    t.same(via(left, vip), ['10.1.0.2'])
    t.same(via(right, vip), ['10.2.0.2'])
    // 20 and 30 over the director, 2010 and 1010 the long way round
    t.same(via(left, '10.2.0.0/24'), ['10.3.0.2'])
    t.same(via(left, '10.4.0.0/24'), ['10.3.0.2'])
    t.same(via(right, '10.3.0.0/24'), ['10.4.0.2'])
    const costs = speaker.routes().map(({ prefix, cost }) => `${prefix} ${cost}`)
    t.same(
      costs.sort(),
      [
        '10.0.1.100/32 0',
        '10.1.0.0/24 10',
        '10.2.0.0/24 20',
        '10.3.0.0/24 1010',
        '10.4.0.0/24 1020',
      ],
      'its own routes cost what they cost',
    )
    const stopped = speaker.stop()
    await net.runAsync(20)
    await stopped
  },
)

t.test('a router carries traffic for others', async (t) => {
  for (const more of [{ role: 'router' }, { installRoutes: true }] as const) {
    const { net, speaker, left, host } = await twoUplinks(more)
    t.same(via(left, '10.4.0.0/24'), ['10.1.0.2'])
    t.same(via(host, '10.4.0.0/24'), 'installRoutes' in more ? ['10.2.0.1'] : [])
    if ('installRoutes' in more)
      t.match(speaker.kernel(), { mode: 'multipath', routes: host.fib.size })
    else t.equal(speaker.kernel(), undefined)
    const stopped = speaker.stop()
    await net.runAsync(20)
    await stopped
  }
})

t.test('nothing is announced that may not be originated', async (t) => {
  const { speaker, run, peer } = await running({
    originate: 'VIPS',
    prefixLists: { VIPS: [{ action: 'permit', prefix: '10.0.1.0/24', ge: 32 }] },
  })
  t.throws(() => speaker.announce('10.0.2.1/32'), {
    code: 'ERR_OSPF_CONFIG',
    message: "VIP: expected a prefix that 'originate' permits, got '10.0.2.1/32'",
  })
  speaker.announce(vip)
  await run(5)
  t.same(via(peer, vip), ['10.0.1.1'])
  const stopped = speaker.stop()
  await run(20)
  await stopped
})

t.test('which routes go to the kernel may change while running', async (t) => {
  const { speaker, host, peer, run } = await running({
    installRoutes: { accept: { prefixList: 'VIPS' } },
    prefixLists: { VIPS: [{ action: 'permit', prefix: '10.9.0.0/16', ge: 32 }] },
  })
  const [one, two] = ['10.9.0.1/32', '10.8.0.1/32'] as const
  peer.announce(one, { cost: 10 })
  peer.announce(two, { cost: 10 })
  await run(5)
  const installed = (): (string | undefined)[][] => [via(host, one), via(host, two)]
  const there = ['10.0.1.2']
  t.same(installed(), [there, []])
  t.same(speaker.routes().filter(({ prefix }) => prefix === two).length, 1, 'learned all the same')
  speaker.acceptRoutes(undefined)
  t.same(installed(), [there, there])
  speaker.acceptRoutes({ routeMap: [{ action: 'permit', match: { metric: { le: 50 } } }] })
  t.same(installed(), [there, there])
  // a cost that changes alone is looked at, as the policy does
  peer.announce(one, { cost: 60 })
  await run(10)
  t.same(installed(), [[], there])
  speaker.acceptRoutes({ routeMap: [{ action: 'permit', set: { source: '10.0.1.1' } }] })
  t.equal(host.fib.get(one)?.source, 0x0a000101)
  speaker.acceptRoutes({ routeMap: [{ action: 'deny' }] })
  t.same(installed(), [[], []])
  t.throws(() => speaker.acceptRoutes({ prefixList: 'VIP' }), { code: 'ERR_OSPF_CONFIG' })
  const stopped = speaker.stop()
  await run(20)
  await stopped
})

t.test('without routes in the kernel there is nothing to accept', async (t) => {
  const { speaker, run } = await running()
  t.throws(() => speaker.acceptRoutes(undefined), {
    message: 'accept: the speaker installs no routes',
  })
  const stopped = speaker.stop()
  await run(20)
  await stopped
})
