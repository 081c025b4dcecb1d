import t from 'tap'
import type { Route, RouteChange } from '../lib/core/io.ts'
import { formatEvent, OspfSpeaker, type SpeakerOptions } from '../lib/index.ts'
import { parseRouterHelper, RouterHelper, routerWishes } from '../lib/router-helper.ts'
import { FakeSysctls } from './sysctls.ts'
import { collect, director, lan, only } from './world.ts'

type Value = Parameters<typeof parseRouterHelper>[0]

const wishesOf = (value: Value): string[] => {
  const config = parseRouterHelper(value, false)
  return config === undefined
    ? []
    : routerWishes(config, ['eth0', 'eth1']).map(
        ({ path, wanted }) => `${path.replace('net/ipv4/', '')} ${wanted}`,
      )
}

t.test('what a router in front of directors wants', async (t) => {
  const redirects = ['all', 'eth0', 'eth1'].map((device) => `conf/${device}/send_redirects 0`)
  const policy = 'fib_multipath_hash_policy'
  t.same(wishesOf('report'), [`${policy} 1`, ...redirects, 'ip_forward 1'])
  t.same(wishesOf({ mode: 'set', hashPolicy: false, redirects: false, quietGroups: true }), [
    'nexthop_compat_mode 0',
    'ip_forward 1',
  ])
  t.same(wishesOf({ mode: 'set', hashPolicy: 3, redirects: false, forward: false }), [
    'fib_multipath_hash_fields 55',
    `${policy} 3`,
  ])
  t.same(wishesOf({ mode: 'set', hashPolicy: false, forward: false, proxyArp: ['eth1', 'eth2'] }), [
    ...redirects,
    'conf/eth2/send_redirects 0',
    'conf/eth1/proxy_arp 1',
    'conf/eth2/proxy_arp 1',
  ])
})

t.test('who installs routes is warned, others are not helped unless they ask', async (t) => {
  t.equal(parseRouterHelper(undefined, false), undefined)
  t.equal(parseRouterHelper(false, true), undefined)
  t.match(parseRouterHelper(undefined, true), { mode: 'report', explicit: false })
  t.match(parseRouterHelper('set', false), { mode: 'set', explicit: true })
})

t.test('what is refused', async (t) => {
  const refused: [unknown, string][] = [
    ['maybe', "routerHelper: mode: expected 'report' or 'set', got 'maybe'"],
    [true, "routerHelper: mode: expected 'report' or 'set', got true"],
    [{}, "routerHelper: mode: expected 'report' or 'set', got nothing"],
    [null, "routerHelper: expected 'report', 'set', false or an object, got null"],
    [
      { mode: 'set', hashPolicy: 4 },
      'routerHelper: hashPolicy: expected a whole number from 0 to 3, got 4',
    ],
    [
      { mode: 'set', hashFields: 1 },
      'routerHelper: hashFields: expected hashPolicy 3 with it, got 1',
    ],
    [
      { mode: 'set', proxyArp: 'eth0' },
      "routerHelper: proxyArp: expected a list of devices, got 'eth0'",
    ],
    [
      { mode: 'set', proxyArp: ['a/b'] },
      "routerHelper: proxyArp: expected a device name, got 'a/b'",
    ],
  ]
  for (const [value, message] of refused) {
    t.throws(() => parseRouterHelper(value as Value, true), { code: 'ERR_OSPF_CONFIG', message })
  }
})

const hop = (gateway: number) => ({ interface: 'eth0', gateway })
const replace = (length: number, ...gateways: number[]): RouteChange => {
  const path = { pathType: 'intra-area', area: 0, cost: 1 } as const
  const route: Route = { prefix: 0x0a000164, length, ...path, nextHops: gateways.map(hop) }
  return { type: 'replace', route }
}

t.test('the first VIP with several next hops brings the warning, once', async (t) => {
  const port = new FakeSysctls({
    'net/ipv4/fib_multipath_hash_policy': 0,
    'net/ipv4/conf/all/send_redirects': 0,
    'net/ipv4/conf/eth0/send_redirects': 1,
    'net/ipv4/ip_forward': 0,
  })
  const said: string[] = []
  const helper = new RouterHelper(parseRouterHelper(undefined, true)!, port, ['eth0'], (event) =>
    said.push(formatEvent(event)),
  )
  helper.begin()
  helper.watch([replace(32, 1), replace(24, 1, 2), { type: 'remove', prefix: 1, length: 32 }])
  t.same(said, [])
  helper.watch([replace(32, 1), replace(32, 1, 2)])
  t.same(said, [
    'net.ipv4.fib_multipath_hash_policy is 0, should be 1 (all connections of a client to a VIP go to one director): 10.0.1.100/32 has 2 next hops',
    'net.ipv4.conf.eth0.send_redirects is 1, should be 0 (a redirect pins a client on the same segment to one director): 10.0.1.100/32 has 2 next hops',
  ])
  helper.watch([replace(32, 1, 2, 3)])
  t.equal(said.length, 2)
  helper.end()
  t.same(port.written, [])
})

t.test('a speaker sets what it is asked to, says so, and puts it back', async (t) => {
  const all = lan()
  const parameters = {
    'net/ipv4/fib_multipath_hash_policy': 0,
    'net/ipv4/conf/all/send_redirects': 1,
    'net/ipv4/conf/eth0/send_redirects': 1,
    'net/ipv4/ip_forward': 1,
  }
  const port = new FakeSysctls(parameters)
  const ports = Object.assign(all.world, { sysctls: port })
  const options: Partial<SpeakerOptions> = { installRoutes: true, routerHelper: 'set' }
  const speaker = await OspfSpeaker.start(director(options), ports)
  const events = collect(speaker)
  t.same(speaker.kernelSettings(), [])
  t.equal(port.values.get('net/ipv4/fib_multipath_hash_policy'), 1)
  await all.run(1)
  t.same(
    only(events, 'sysctl').map(({ what }) => what),
    ['set', 'set', 'set'],
  )
  await all.until(speaker.stop())
  t.same(Object.fromEntries(port.values), parameters)
})

t.test('help that is asked for where there is no kernel is refused', async (t) => {
  const { world } = lan()
  await t.rejects(OspfSpeaker.start(director({ routerHelper: 'report' }), world), {
    code: 'ERR_OSPF_CONFIG',
    message: 'routerHelper: there is no kernel to be helped here',
  })
  t.equal(world.closed, 1, 'and nothing is left open')
})
