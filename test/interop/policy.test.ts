/**
 * Policies beside FRR's: what FRR's zebra and this library let into their kernels of the same routes, by the same prefix
 * lists and route maps. Two directors announce, FRR and this library learn, all on one LAN.
 */
import t from 'tap'
import type { PolicyOptions, PrefixRuleOptions, RouteMapEntryOptions } from '../../lib/index.ts'
import { Frr, full } from './daemons.ts'
import { Lab, missing } from './lab.ts'
import { onEth0, SpeakerChild } from './speakers.ts'
import { gateways, learns } from './tables.ts'

t.setTimeout(240_000)

const [frrId, ourId, one, two] = ['10.0.1.1', '10.0.1.2', '10.0.1.11', '10.0.1.12'] as const
const both = `${one},${two}`

/** Everything that there is to learn: stub links of two and of one, externals with and without tag. */
const all = {
  '10.9.0.1/32': both,
  '10.9.0.2/32': one,
  '10.9.1.0/24': one,
  '10.8.0.0/16': one,
  '172.16.7.0/24': two,
  '172.16.8.0/24': two,
} as const

type Prefix = keyof typeof all
const only = (...prefixes: Prefix[]): Readonly<Record<string, string>> =>
  Object.fromEntries(prefixes.map((prefix) => [prefix, all[prefix]]))

interface Case {
  readonly what: string
  /** Lines of `route-map M`, prefix lists and other maps among them. */
  readonly frr: readonly string[]
  readonly ours: PolicyOptions
  readonly kernel: Readonly<Record<string, string>>
}

const rule = (action: 'permit' | 'deny', prefix: string, ge?: number, le?: number) =>
  ({
    action,
    prefix,
    ...(ge === undefined ? {} : { ge }),
    ...(le === undefined ? {} : { le }),
  }) satisfies PrefixRuleOptions
const map = (...routeMap: RouteMapEntryOptions[]): PolicyOptions => ({ routeMap })

const cases: readonly Case[] = [
  {
    what: 'a prefix list with deny, ge and le',
    frr: [
      'ip prefix-list P seq 5 deny 10.9.0.2/32',
      'ip prefix-list P seq 10 permit 10.9.0.0/16 ge 24',
      'ip prefix-list P seq 15 permit 10.0.0.0/8 le 16',
      'route-map M permit 10',
      'match ip address prefix-list P',
    ],
    ours: {
      prefixList: [
        rule('deny', '10.9.0.2/32'),
        rule('permit', '10.9.0.0/16', 24),
        rule('permit', '10.0.0.0/8', undefined, 16),
      ],
    },
    kernel: only('10.9.0.1/32', '10.9.1.0/24', '10.8.0.0/16'),
  },
  {
    what: 'the director that installs nothing',
    frr: ['route-map M deny 10'],
    ours: map({ action: 'deny' }),
    kernel: {},
  },
  {
    what: 'a tag',
    frr: ['route-map M deny 10', 'match tag 7', 'route-map M permit 20'],
    ours: map({ action: 'deny', match: { tag: 7 } }, { action: 'permit' }),
    kernel: only('10.9.0.1/32', '10.9.0.2/32', '10.9.1.0/24', '10.8.0.0/16', '172.16.8.0/24'),
  },
  {
    what: 'a next hop: one of two is left',
    frr: [
      `ip prefix-list G seq 5 permit ${two}/32`,
      'route-map M permit 10',
      'match ip next-hop prefix-list G',
    ],
    ours: map({ action: 'permit', match: { nextHop: [rule('permit', `${two}/32`)] } }),
    kernel: { ...only('172.16.7.0/24', '172.16.8.0/24'), '10.9.0.1/32': two },
  },
  {
    what: 'going on past an entry that does not apply is no acceptance',
    frr: [
      'ip prefix-list V seq 5 permit 10.9.0.0/16 ge 32',
      'ip prefix-list W seq 5 permit 10.9.0.1/32',
      'route-map M permit 10',
      'match ip address prefix-list V',
      'on-match next',
      'route-map M permit 20',
      'match ip address prefix-list W',
    ],
    ours: map(
      {
        action: 'permit',
        match: { prefixList: [rule('permit', '10.9.0.0/16', 32)] },
        onMatch: 'next',
      },
      { action: 'permit', match: { prefixList: [rule('permit', '10.9.0.1/32')] } },
    ),
    kernel: only('10.9.0.1/32'),
  },
  {
    what: 'going on from a number, past a denial, and off the end',
    frr: [
      'ip prefix-list V seq 5 permit 10.9.0.0/16 ge 32',
      'route-map M permit 10',
      'match ip address prefix-list V',
      'on-match goto 30',
      'route-map M deny 20',
    ],
    ours: map(
      { action: 'permit', match: { prefixList: [rule('permit', '10.9.0.0/16', 32)] }, onMatch: 30 },
      { action: 'deny' },
    ),
    kernel: only('10.9.0.1/32', '10.9.0.2/32'),
  },
]

t.test('the same policies beside FRR', { skip: missing('frr') }, async (t) => {
  const lab = Lab.for(t)
  for (const node of ['frr', 'ours', 'lb1', 'lb2']) lab.node(node)
  lab.lan('lan', {
    frr: `${frrId}/24`,
    ours: `${ourId}/24`,
    lb1: `${one}/24`,
    lb2: `${two}/24`,
  })
  const frr = new Frr(lab, 'frr', {
    routerId: frrId,
    interfaces: [{ name: 'eth0', network: '10.0.1.0/24' }],
  })
  await frr.start()
  const accept = { prefixList: 'FIRST' } as const
  const prefixLists = { FIRST: [rule('permit', '10.9.0.1/32')] }
  const ours = await SpeakerChild.start(
    t,
    lab,
    'ours',
    onEth0(ourId, { priority: 1 }, { installRoutes: { accept }, prefixLists, routerHelper: 'set' }),
  )
  const stubs = (stubNetworks: Readonly<Record<string, number>>, id: string) => {
    const options = onEth0(id)
    const [area, settings] = Object.entries(options.areas)[0]!
    return { ...options, areas: { [area]: { ...settings, stubNetworks } } }
  }
  await SpeakerChild.start(
    t,
    lab,
    'lb1',
    stubs({ '10.9.0.1/32': 1, '10.9.0.2/32': 1, '10.9.1.0/24': 1, '10.8.0.0/16': 1 }, one),
  )
  await SpeakerChild.start(t, lab, 'lb2', {
    ...stubs({ '10.9.0.1/32': 1 }, two),
    externals: { '172.16.7.0/24': { tag: 7 }, '172.16.8.0/24': {} },
  })
  await full(frr, [ourId, one, two])
  await learns(lab, 'frr', all)

  await learns(lab, 'ours', only('10.9.0.1/32'))
  const prefixes = (await lab.routes('ours')).filter(({ protocol }) => protocol === 'ospf')
  t.same(
    prefixes.map(({ dst }) => dst),
    ['10.9.0.1'],
    'what the list permits, and nothing else',
  )
  await ours.accept(undefined)
  await learns(lab, 'ours', all)

  for (const { what, frr: lines, ours: policy, kernel } of cases) {
    await frr.vtysh('configure terminal', 'zebra route-map delay-timer 0', 'no route-map M')
    await frr.vtysh('configure terminal', ...lines)
    await frr.vtysh('configure terminal', 'ip protocol ospf route-map M')
    await ours.accept(policy)
    await learns(lab, 'ours', kernel)
    await learns(lab, 'frr', kernel)
    t.same(await gateways(lab, 'ours'), await gateways(lab, 'frr'), what)
    await frr.vtysh('configure terminal', 'no ip protocol ospf', 'no route-map M')
    for (const line of lines.filter((each) => each.startsWith('ip prefix-list'))) {
      await frr.vtysh('configure terminal', `no ${line}`)
    }
  }
  await ours.accept(undefined)
  await learns(lab, 'ours', all)

  await t.test('the router helper has set the kernel up, and puts it back', async (t) => {
    const parameters = ['fib_multipath_hash_policy', 'ip_forward', 'conf.eth0.send_redirects']
    const read = async (): Promise<string> => {
      const names = parameters.map((name) => `net.ipv4.${name}`)
      return (await lab.exec('ours', ['sysctl', '-n', ...names])).trim().split('\n').join()
    }
    t.equal(await read(), '1,1,0')
    await ours.stop()
    t.equal(await read(), '0,0,1')
    t.same(await gateways(lab, 'ours'), {}, 'and takes its routes with it')
  })
})

t.test(
  'FRR on both sides never goes through a speaker that announces',
  { skip: missing('frr') },
  async (t) => {
    const lab = Lab.for(t)
    const director = '10.0.9.9'
    // a square: left - director - right, and the long way round over far
    for (const node of ['left', 'right', 'far']) lab.node(node, { 'net.ipv4.ip_forward': 1 })
    lab.node('director', { 'net.ipv4.ip_forward': 1 })
    lab.link({ left: '10.1.0.1/24', director: '10.1.0.9/24' })
    lab.link({ right: '10.2.0.1/24', director: '10.2.0.9/24' })
    lab.link({ left: '10.3.0.1/24', far: '10.3.0.3/24' })
    lab.link({ right: '10.4.0.1/24', far: '10.4.0.3/24' })
    const router = (node: string, routerId: string, ...networks: string[]): Frr =>
      new Frr(lab, node, {
        routerId,
        interfaces: networks.map((network, i) => ({
          name: `eth${i}`,
          network: `${network}/24`,
          cost: network > '10.3' ? 100 : 1,
        })),
      })
    const left = router('left', '10.0.0.1', '10.1.0.0', '10.3.0.0')
    const right = router('right', '10.0.0.2', '10.2.0.0', '10.4.0.0')
    const far = router('far', '10.0.0.3', '10.3.0.0', '10.4.0.0')
    await Promise.all([left.start(), right.start(), far.start()])
    const link = { helloInterval: 1, deadInterval: 4, cost: 1, priority: 0 }
    const options = {
      routerId: director,
      areas: { '0.0.0.0': { interfaces: { eth0: link, eth1: link } } },
    }
    const announce = async (role: 'announce-only' | 'router') => {
      const speaker = await SpeakerChild.start(t, lab, 'director', { ...options, role })
      await speaker.announce('10.0.9.100')
      await Promise.all([full(left, [director]), full(right, [director])])
      return speaker
    }
    await full(far, ['10.0.0.1', '10.0.0.2'])
    const speaker = await announce('announce-only')
    await learns(lab, 'far', {
      '10.1.0.0/24': '10.3.0.1',
      '10.2.0.0/24': '10.4.0.1',
      '10.0.9.100/32': '10.3.0.1,10.4.0.1',
    })
    await learns(lab, 'left', {
      '10.2.0.0/24': '10.3.0.3',
      '10.4.0.0/24': '10.3.0.3',
      '10.0.9.100/32': '10.1.0.9',
    })
    await speaker.stop()
    const transit = await announce('router')
    await learns(lab, 'left', {
      '10.2.0.0/24': '10.1.0.9',
      '10.4.0.0/24': '10.1.0.9',
      '10.0.9.100/32': '10.1.0.9',
    })
    await transit.stop()
  },
)
