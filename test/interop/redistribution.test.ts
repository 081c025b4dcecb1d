/** Redistribution from real kernels, as FRR and BIRD see it. */
import t from 'tap'
import type { SpeakerOptions } from '../../lib/index.ts'
import { Bird, Frr, full } from './daemons.ts'
import { Lab, missing, until } from './lab.ts'
import { classicTimers, onEth0, SpeakerChild } from './speakers.ts'
import { externalOfBird, externalOfFrr, gateways, learns, type SeenExternal } from './tables.ts'

t.setTimeout(300_000)
t.jobs = 3

/** Not one object: the runner writes into it. */
const needs = () => ({ skip: missing('frr', 'bird') })
const ipOf = (lab: Lab, node: string) => (command: string) =>
  lab.exec(node, ['ip', ...command.split(' ')])

t.test(
  'connected, static and other routes, the default, and summary addresses',
  needs,
  async (t) => {
    const lab = Lab.for(t)
    for (const node of ['frr', 'bird', 'speaker', 'outside']) lab.node(node)
    lab.lan('lan', { frr: '10.0.1.1/24', bird: '10.0.1.2/24', speaker: '10.0.1.3/24' })
    lab.link({ speaker: '192.0.2.1/30', outside: '192.0.2.2/30' })
    const plan = { interfaces: [{ name: 'eth0', network: '10.0.1.0/24' }] }
    const frr = new Frr(lab, 'frr', { routerId: '10.0.0.1', ...plan })
    const bird = new Bird(lab, 'bird', { routerId: '10.0.0.2', ...plan })
    const ip = ipOf(lab, 'speaker')
    await ip('route add 172.16.1.0/24 via 192.0.2.2')
    await Promise.all([frr.start(), bird.start()])
    const options: Partial<SpeakerOptions> = {
      installRoutes: true,
      redistribute: {
        connected: { type: 1, metric: 7, tag: 71 },
        static: {
          metric: 5,
          tag: 72,
          filter: [{ action: 'permit', prefix: '172.16.0.0/12', le: 24 }],
        },
        bgp: { metric: 9, tag: 73 },
      },
      defaultInformation: { tag: 74 },
      summaryAddresses: { '172.20.0.0/16': { tag: 75, metric: 30 } },
    }
    const speaker = await SpeakerChild.start(t, lab, 'speaker', onEth0('10.0.0.3', {}, options))
    t.equal(speaker.failure, undefined)
    await full(frr, ['10.0.0.3'])
    await full(bird, ['10.0.0.3'])

    /** What both learn of the speaker, by prefix: with its address as next hop, or another. */
    const both = async (wanted: Record<string, SeenExternal & { via?: string }>): Promise<void> => {
      const hops = Object.entries(wanted).map(([prefix, { via = '10.0.1.3' }]) => [prefix, via])
      for (const node of ['frr', 'bird']) await learns(lab, node, Object.fromEntries(hops))
      for (const [prefix, { via: _, ...how }] of Object.entries(wanted)) {
        for (const [name, look] of [
          ['FRR', () => externalOfFrr(frr, prefix)],
          ['BIRD', () => externalOfBird(bird, prefix)],
        ] as const) {
          const same = async (): Promise<boolean> => {
            const seen = await look()
            if (JSON.stringify(seen) === JSON.stringify(how)) return true
            throw new Error(JSON.stringify(seen))
          }
          await until(same, { what: `${name} has ${prefix} as ${JSON.stringify(how)}` })
          t.pass(`${name} has ${prefix} as ${JSON.stringify(how)}`)
        }
      }
    }
    // type 1: the cost of the LAN is added
    const connected = { '192.0.2.0/30': { type: 1, metric: 8, tag: 71 } } as const
    const fixed = { type: 2, metric: 5, tag: 72 } as const
    await both({ ...connected, '172.16.1.0/24': fixed })

    await ip('route add 172.16.2.0/24 via 10.0.1.77 proto static')
    await ip('route add 172.16.3.0/24 via 192.0.2.2 proto 186 metric 50')
    await ip('route add 172.16.4.0/24 via 192.0.2.2 proto 187')
    await ip('route add 198.51.100.0/24 via 192.0.2.2')
    await ip('route add blackhole 172.16.5.0/24')
    const some = {
      ...connected,
      '172.16.2.0/24': { ...fixed, via: '10.0.1.77' },
      '172.16.3.0/24': { type: 2, metric: 9, tag: 73 },
      '172.16.5.0/24': fixed,
    } as const
    await both({ ...some, '172.16.1.0/24': fixed })
    await ip('route replace 172.16.1.0/24 via 192.0.2.2 proto 186')
    await both({ ...some, '172.16.1.0/24': { type: 2, metric: 9, tag: 73 } })
    await ip('route del 172.16.1.0/24')
    await both(some)

    await ip('route add default via 192.0.2.2 metric 1024')
    await both({ ...some, '0.0.0.0/0': { type: 2, metric: 10, tag: 74 } })
    await ip('route del default')
    await both(some)

    await ip('route add 172.20.1.0/24 via 192.0.2.2')
    await ip('route add 172.20.2.0/24 via 192.0.2.2 proto 186')
    const whole = { '172.20.0.0/16': { type: 2, metric: 30, tag: 75 } } as const
    await both({ ...some, ...whole })
    await ip('route del 172.20.1.0/24')
    await both({ ...some, ...whole })
    await ip('route del 172.20.2.0/24')
    await both(some)

    await ip('link set eth1 down')
    const { '172.16.2.0/24': onLan, '172.16.5.0/24': discarded } = some
    await both({ '172.16.2.0/24': onLan, '172.16.5.0/24': discarded })
    await speaker.stop()
    for (const node of ['frr', 'bird']) await learns(lab, node, {})
  },
)

t.test('inside an NSSA behind FRR, and as its border before FRR', needs(), async (t) => {
  const lab = Lab.for(t)
  // inside 10.0.0.1 -- area 1 -- frr 10.0.0.2 -- area 0 -- border 10.0.0.3 -- area 2 -- deep 10.0.0.4
  for (const node of ['inside', 'frr', 'border', 'deep'])
    lab.node(node, { 'net.ipv4.ip_forward': 1 })
  lab.link({ inside: '10.0.12.1/30', frr: '10.0.12.2/30' })
  lab.link({ frr: '10.0.23.1/30', border: '10.0.23.2/30' })
  lab.link({ border: '10.0.34.1/30', deep: '10.0.34.2/30' })
  await ipOf(lab, 'inside')('route add blackhole 172.16.1.0/24')
  await ipOf(lab, 'border')('route add blackhole 172.20.3.0/24')
  await ipOf(lab, 'border')('route add blackhole 172.20.4.0/24')
  const link = (name: string, network: string, area: string) =>
    ({ name, network, area, type: 'point-to-point' }) as const
  const frr = new Frr(lab, 'frr', {
    routerId: '10.0.0.2',
    interfaces: [link('eth0', '10.0.12.0/30', '0.0.0.1'), link('eth1', '10.0.23.0/30', '0.0.0.0')],
    areas: { '0.0.0.1': ['nssa'] },
  })
  const deep = new Frr(lab, 'deep', {
    routerId: '10.0.0.4',
    interfaces: [link('eth0', '10.0.34.0/30', '0.0.0.2')],
    areas: { '0.0.0.2': ['nssa'] },
  })
  await Promise.all([frr.start(), deep.start()])
  const toOther = { ...classicTimers, network: 'point-to-point' } as const
  const redistribute = { static: { metric: 5, tag: 72 } }
  const border = await SpeakerChild.start(t, lab, 'border', {
    routerId: '10.0.0.3',
    areas: {
      '0.0.0.0': { interfaces: { eth0: toOther } },
      '0.0.0.2': { type: 'nssa', interfaces: { eth1: toOther } },
    },
    installRoutes: true,
    redistribute,
    defaultInformation: { always: true },
    summaryAddresses: { '172.20.0.0/16': { tag: 75 } },
  })
  // FRR leaves its translations out of database exchange: who comes later learns them with their next instance
  await full(frr, ['10.0.0.3'])
  const inside = await SpeakerChild.start(t, lab, 'inside', {
    routerId: '10.0.0.1',
    areas: { '0.0.0.1': { type: 'nssa', interfaces: { eth0: toOther } } },
    installRoutes: true,
    redistribute,
  })
  await full(frr, ['10.0.0.1', '10.0.0.3'])
  await full(deep, ['10.0.0.3'])
  // FRR translates with its default metric, and gives every NSSA a default route
  await learns(lab, 'border', {
    '10.0.12.0/30': '10.0.23.1',
    '172.16.1.0/24': '10.0.23.1',
  })
  t.pass('FRR translates what is redistributed inside')
  await learns(lab, 'frr', {
    '0.0.0.0/0': '10.0.23.2',
    '10.0.34.0/30': '10.0.23.2',
    '172.16.1.0/24': '10.0.12.1',
    '172.20.0.0/16': '10.0.23.2',
  })
  t.strictSame(await externalOfFrr(frr, '172.16.1.0/24'), { type: 2, metric: 5, tag: 72 })
  t.strictSame(await externalOfFrr(frr, '172.20.0.0/16'), { type: 2, metric: 20, tag: 75 })
  t.strictSame(await externalOfFrr(frr, '0.0.0.0/0'), { type: 2, metric: 1, tag: 0 })
  await learns(lab, 'deep', {
    '10.0.12.0/30': '10.0.34.1',
    '10.0.23.0/30': '10.0.34.1',
    '172.20.0.0/16': '10.0.34.1',
  })
  t.strictSame(
    await externalOfFrr(deep, '172.20.0.0/16'),
    { type: 2, metric: 20, tag: 75 },
    'type 7 is summarized, and the default stays out: the NSSA has one of its own if any',
  )
  await ipOf(lab, 'inside')('route del blackhole 172.16.1.0/24')
  await learns(lab, 'border', { '10.0.12.0/30': '10.0.23.1' })
  for (const child of [inside, border]) await child.stop()
})

t.test('two that redistribute and install: no feedback, no fight', needs(), async (t) => {
  const lab = Lab.for(t)
  for (const node of ['frr', 'one', 'two', 'outside']) lab.node(node)
  lab.lan('lan', { frr: '10.0.1.1/24', one: '10.0.1.2/24', two: '10.0.1.3/24' })
  lab.lan('upstream', { outside: '192.0.2.1/24', one: '192.0.2.2/24', two: '192.0.2.3/24' })
  const frr = new Frr(lab, 'frr', {
    routerId: '10.0.0.1',
    interfaces: [{ name: 'eth0', network: '10.0.1.0/24' }],
  })
  await frr.start()
  const options: Partial<SpeakerOptions> = {
    installRoutes: true,
    redistribute: { kernel: true },
    defaultInformation: true,
  }
  const one = await SpeakerChild.start(t, lab, 'one', onEth0('10.0.0.2', {}, options))
  const two = await SpeakerChild.start(t, lab, 'two', onEth0('10.0.0.3', {}, options))
  await full(frr, ['10.0.0.2', '10.0.0.3'])
  const byOne = ipOf(lab, 'one')
  const byTwo = ipOf(lab, 'two')
  const prefixes = ['0.0.0.0/0', '172.16.1.0/24']
  const through = (via: string): Record<string, string> =>
    Object.fromEntries(prefixes.map((prefix) => [prefix, via]))
  const sayBy = async (routerId: string): Promise<string[]> => {
    const { database } = await two.snapshot()
    return database
      .filter((l) => l.type === 5 && l.advertisingRouter === routerId && l.age < 3600)
      .map(({ lsId }) => lsId)
      .toSorted()
  }

  for (const prefix of prefixes)
    await byOne(`route add ${prefix} via 192.0.2.1 metric 1024 proto dhcp`)
  await learns(lab, 'frr', through('10.0.1.2'))
  await learns(lab, 'two', through('10.0.1.2'))
  t.strictSame(await sayBy('10.0.0.2'), ['0.0.0.0', '172.16.1.0'])
  t.strictSame(await sayBy('10.0.0.3'), [], 'what two learned and installed is not said again')

  for (const prefix of prefixes)
    await byTwo(`route add ${prefix} via 192.0.2.1 metric 1024 proto dhcp`)
  await learns(lab, 'frr', through('10.0.1.2,10.0.1.3'))
  await learns(lab, 'two', {})
  await learns(lab, 'one', {})
  t.pass('each goes its own way, though the routes of OSPF have the better metric')

  for (const prefix of prefixes) await byOne(`route del ${prefix} metric 1024 proto dhcp`)
  await learns(lab, 'frr', through('10.0.1.3'))
  await learns(lab, 'one', through('10.0.1.3'))
  for (const prefix of prefixes) await byTwo(`route del ${prefix} metric 1024 proto dhcp`)
  for (const node of ['frr', 'one', 'two']) await learns(lab, node, {})
  t.strictSame(await gateways(lab, 'one'), {}, 'no ghost')
  for (const child of [one, two]) await child.stop()
})
