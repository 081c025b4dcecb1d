/**
 * The same external from two AS boundary routers at equal cost: this library, as the router, uses both, also when
 * their forwarding addresses differ. FRR installs one of them alone (FRRouting/frr issue 11230).
 *
 *   one 10.0.1.1 --+-- 10.0.9.1 --+-- stranger 10.0.9.77, 10.0.9.88
 *   other 10.0.1.2 +-- 10.0.9.2 --+
 *   router 10.0.1.3, stranger 10.0.1.77, 10.0.1.88
 */
import t from 'tap'
import { formatIpv4 } from '../../lib/wire/address.ts'
import { Bird, type Daemon, Frr, full, type PlannedExternal, redistributed } from './daemons.ts'
import { Lab, missing } from './lab.ts'
import { onEth0, SpeakerChild } from './speakers.ts'
import { learns } from './tables.ts'

t.setTimeout(300_000)
t.jobs = 3

type Make = 'frr' | 'bird'
const pairs: readonly (readonly [Make, Make])[] = [
  ['frr', 'frr'],
  ['frr', 'bird'],
  ['bird', 'bird'],
]
const prefix = '172.16.0.0/16'

/** Forwarding addresses of the two, and the next hops that follow for the router. */
const cases: Readonly<
  Record<string, { readonly via: readonly [string?, string?]; readonly hops: string }>
> = {
  'no forwarding addresses': { via: [], hops: '10.0.1.1,10.0.1.2' },
  'two forwarding addresses on a network behind them': {
    via: ['10.0.9.77', '10.0.9.88'],
    hops: '10.0.1.1,10.0.1.2',
  },
  'two forwarding addresses on the network of the router': {
    via: ['10.0.1.77', '10.0.1.88'],
    hops: '10.0.1.77,10.0.1.88',
  },
}

for (const [name, { via, hops }] of Object.entries(cases)) {
  for (const makes of pairs) {
    t.test(`${name}: ${makes.join(' and ')}`, { skip: missing(...makes) }, async (t) => {
      const lab = Lab.for(t)
      for (const node of ['one', 'other', 'router', 'stranger']) {
        lab.node(node, { 'net.ipv4.ip_forward': 1 })
      }
      lab.lan('lan', {
        one: '10.0.1.1/24',
        other: '10.0.1.2/24',
        router: '10.0.1.3/24',
        stranger: '10.0.1.77/24',
      })
      lab.lan('outside', { one: '10.0.9.1/24', other: '10.0.9.2/24', stranger: '10.0.9.77/24' })
      for (const [device, address] of [
        ['eth0', '10.0.1.88/24'],
        ['eth1', '10.0.9.88/24'],
      ] as const) {
        await lab.exec('stranger', ['ip', 'address', 'add', address, 'dev', device])
      }
      const [one, other] = await Promise.all([
        boundary(lab, 'one', makes[0], '10.0.0.1', via[0]),
        boundary(lab, 'other', makes[1], '10.0.0.2', via[1]),
      ])
      const router = await SpeakerChild.start(
        t,
        lab,
        'router',
        onEth0('10.0.0.3', {}, { installRoutes: true }),
      )
      await full(one!, ['10.0.0.2', '10.0.0.3'])
      await full(other!, ['10.0.0.1', '10.0.0.3'])
      await learns(lab, 'router', { '10.0.9.0/24': '10.0.1.1,10.0.1.2', [prefix]: hops })
      t.pass('the kernel has both next hops')
      const { routes, database } = await router.snapshot()
      const forwarding = database.flatMap(({ body }) =>
        body.kind === 'external' ? [formatIpv4(body.forwardingAddress)] : [],
      )
      t.same(forwarding.toSorted(), via.length === 0 ? ['0.0.0.0', '0.0.0.0'] : via)
      t.match(
        routes.find((route) => route.prefix === prefix),
        { pathType: 'external-2', type2Cost: 20 },
      )
      await one!.stop()
      const left = hops.split(',')[1]!
      await learns(lab, 'router', { '10.0.9.0/24': '10.0.1.2', [prefix]: left })
      t.pass('and one of them when the other boundary router stops')
    })
  }
}

async function boundary(
  lab: Lab,
  node: string,
  make: Make,
  routerId: string,
  via: string | undefined,
): Promise<Daemon> {
  const external: PlannedExternal = {
    prefix,
    type: 2,
    metric: 20,
    tag: 0,
    ...(via === undefined ? {} : { via }),
  }
  const interfaces = [
    { name: 'eth0', network: '10.0.1.0/24' },
    { name: 'eth1', network: '10.0.9.0/24' },
  ]
  if (make === 'frr') await redistributed(lab, node, prefix, via)
  const plan = { routerId, interfaces, external }
  const daemon = make === 'frr' ? new Frr(lab, node, plan) : new Bird(lab, node, plan)
  await daemon.start()
  return daemon
}
