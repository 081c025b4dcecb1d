/** Redistribution by speakers, from simulated kernels. */
import t from 'tap'
import { OspfSpeaker, type SpeakerOptions } from '../lib/index.ts'
import type { SimHost } from '../lib/sim/host.ts'
import { Network } from '../lib/sim/network.ts'
import { formatPrefix, parseIpv4 } from '../lib/wire/address.ts'
import { LsType } from '../lib/wire/lsa.ts'
import { externals } from './sim/lsas.ts'
import { director, only, running, type Started, settle } from './world.ts'

const at = (dotted: string): number => parseIpv4(dotted)!
/** What the other router was told by the speaker. */
const heard = ({ peer }: Pick<Started, 'peer'>): Record<string, string> =>
  externals(peer, LsType.external)

/** A speaker that redistributes, and a gateway of its kernel on another network than OSPF's. */
const start = (more: Partial<SpeakerOptions>): Promise<Started> => running(more)
const gateway = at('192.0.2.1')

t.test('by kind: what is said of a kind, the more special first', async (t) => {
  const all = await start({
    redistribute: {
      static: { metric: 3, tag: 3 },
      kernel: { metric: 9 },
      bgp: { type: 1, metric: 186 },
    },
  })
  const { host, run, speaker } = all
  host.table.set('172.16.1.0/24', { gateway })
  host.table.set('172.16.2.0/24', { protocol: 4, gateway })
  host.table.set('172.16.3.0/24', { protocol: 196, type: 'blackhole' })
  host.table.set('172.16.4.0/24', { protocol: 186, gateway })
  host.table.set('172.16.5.0/24', { protocol: 16, gateway })
  host.table.set('172.16.6.0/24', { protocol: 187, gateway })
  host.table.set('172.16.7.0/24', { protocol: 188, gateway })
  host.table.set('172.16.8.0/24', { protocol: 2, scope: 253, device: 'eth1' })
  host.table.set('0.0.0.0/0', { gateway })
  await run(10)
  t.same(heard(all), {
    '172.16.1.0/24': 'E2 3 tag 3',
    '172.16.2.0/24': 'E2 3 tag 3',
    '172.16.3.0/24': 'E2 3 tag 3',
    '172.16.4.0/24': 'E1 186',
    '172.16.5.0/24': 'E2 9',
  })
  host.table.set('172.16.1.0/24', { protocol: 186, gateway })
  host.table.delete('172.16.2.0/24')
  host.table.set('172.16.9.0/24', { gateway: at('10.0.1.77') })
  await run(10)
  t.same(heard(all), {
    '172.16.1.0/24': 'E1 186',
    '172.16.3.0/24': 'E2 3 tag 3',
    '172.16.4.0/24': 'E1 186',
    '172.16.5.0/24': 'E2 9',
    '172.16.9.0/24': 'E2 3 via 10.0.1.77 tag 3',
  })
  await all.until(speaker.stop())
  t.equal(host.table.watched, 0, 'nobody watches any more')
  t.equal(all.world.leftovers, '')
  await run(10)
  t.same(heard(all), {}, 'stopped: nothing is advertised')
})

t.test('filters, and no forwarding address', async (t) => {
  const all = await start({
    redistribute: {
      static: {
        forwardingAddress: false,
        filter: [
          { action: 'deny', prefix: '172.16.1.0/24' },
          { action: 'permit', prefix: '172.16.0.0/16', le: 24 },
        ],
      },
    },
  })
  for (const n of [1, 2]) all.host.table.set(`172.16.${n}.0/24`, { gateway: at('10.0.1.77') })
  all.host.table.set('172.16.2.128/25', { gateway })
  all.host.table.set('198.51.100.0/24', { gateway })
  await all.run(10)
  t.same(heard(all), { '172.16.2.0/24': 'E2 20' })
  await all.until(all.speaker.stop())
})

t.test('route maps choose, and set metric, type and tag', async (t) => {
  const TENS = [{ action: 'permit', prefix: '172.16.0.0/12', le: 32 }] as const
  const all = await start({
    prefixLists: { TENS, NEAR: [{ action: 'permit', prefix: '192.0.2.1/32' }] },
    routeMaps: {
      RULES: [
        { action: 'deny', match: { interface: 'eth9' } },
        { action: 'permit', match: { nextHop: 'NEAR' }, set: { metric: '+4', tag: 8 } },
        { action: 'permit', match: { prefixList: 'TENS' }, set: { metricType: 1 } },
      ],
    },
    redistribute: { static: { metric: 3, routeMap: 'RULES' }, connected: { routeMap: 'RULES' } },
  })
  const { table, ports } = all.host
  table.set('172.16.1.0/24', { gateway, device: 'eth1' })
  table.set('172.16.2.0/24', { gateway: at('192.0.2.2'), device: 'eth1' })
  table.set('172.16.3.0/24', { gateway, device: 'eth9' })
  table.set('198.51.100.0/24', { gateway: at('192.0.2.2'), device: 'eth1' })
  await ports.addresses.add('lo', at('172.16.4.1'), 32)
  await all.run(10)
  t.same(heard(all), {
    '172.16.1.0/24': 'E2 7 tag 8',
    '172.16.2.0/24': 'E1 3',
    '172.16.4.1/32': 'E1 20',
  })
  await all.until(all.speaker.stop())
})

t.test('only what the speaker may originate', async (t) => {
  const all = await start({
    originate: [
      { action: 'permit', prefix: '172.16.0.0/16', le: 24 },
      { action: 'permit', prefix: '172.20.0.0/16' },
    ],
    redistribute: { static: true },
    summaryAddresses: { '172.20.0.0/16': {} },
  })
  for (const where of ['172.16.1.0/24', '172.16.1.0/25', '172.17.0.0/24', '172.20.1.0/24']) {
    all.host.table.set(where, { gateway })
  }
  await all.run(10)
  t.same(heard(all), { '172.16.1.0/24': 'E2 20', '172.20.0.0/16': 'E2 20' })
  await all.until(all.speaker.stop())
})

t.test('of several routes to a destination the best counts, but for our own', async (t) => {
  const all = await start({
    redistribute: { static: true },
    installRoutes: { metric: 20, table: 254 },
  })
  const { table } = all.host
  table.set('172.16.1.0/24', { metric: 100, gateway })
  await all.run(10)
  t.same(heard(all), { '172.16.1.0/24': 'E2 20' })
  table.set('172.16.1.0/24', { metric: 20, protocol: 188, gateway })
  await all.run(10)
  t.same(heard(all), { '172.16.1.0/24': 'E2 20' }, 'our own does not count')
  table.set('172.16.1.0/24', { metric: 30, protocol: 188, gateway })
  await all.run(10)
  t.same(heard(all), {}, 'that of another daemon is preferred')
  table.delete('172.16.1.0/24', 30)
  table.set('172.16.1.0/24', { metric: 40, protocol: 186, gateway })
  await all.run(10)
  t.same(heard(all), {}, 'so is one that is not asked for')
  table.delete('172.16.1.0/24', 40)
  await all.run(10)
  t.same(heard(all), { '172.16.1.0/24': 'E2 20' })
  await all.until(all.speaker.stop())
})

t.test('routes of OSPF only if asked, and never our own', async (t) => {
  const all = await start({
    redistribute: { ospf: { metric: 5 }, kernel: true },
    installRoutes: { metric: 20, table: 254 },
  })
  all.host.table.set('172.16.1.0/24', { metric: 20, protocol: 188, gateway })
  all.host.table.set('172.16.2.0/24', { metric: 21, protocol: 188, gateway })
  await all.run(10)
  t.same(heard(all), { '172.16.2.0/24': 'E2 5' })
  await all.until(all.speaker.stop())
})

t.test('routes of ours with another label are not taken back either', async (t) => {
  const all = await start({
    redistribute: { kernel: true },
    installRoutes: { metric: 20, protocol: 200 },
  })
  all.host.table.set('172.16.1.0/24', { metric: 20, protocol: 200, gateway })
  all.host.table.set('172.16.2.0/24', { metric: 21, protocol: 200, gateway })
  await all.run(10)
  t.same(heard(all), { '172.16.2.0/24': 'E2 20' })
  await all.until(all.speaker.stop())
})

t.test('connected: networks and addresses of devices, but for those inside OSPF', async (t) => {
  const all = await start({ redistribute: { connected: { tag: 1 } } })
  const { host, world, run } = all
  t.same(heard(all), {}, 'loopback and the LAN are none')
  const { addresses } = host.ports
  await addresses.add('lo', at('192.0.2.7'), 32)
  await addresses.add('lo', at('198.51.100.7'), 24)
  host.table.set('203.0.113.0/24', { protocol: 2, scope: 253, device: 'eth1' })
  await run(10)
  const three = {
    '192.0.2.7/32': 'E2 20 tag 1',
    '198.51.100.0/24': 'E2 20 tag 1',
    '203.0.113.0/24': 'E2 20 tag 1',
  }
  t.same(heard(all), three)
  world.device('lo', { up: false })
  await run(10)
  t.same(heard(all), { '203.0.113.0/24': 'E2 20 tag 1' }, 'a device that is down')
  world.device('lo', undefined)
  await addresses.remove('lo', at('198.51.100.7'), 24)
  await run(10)
  const { '198.51.100.0/24': _, ...two } = three
  t.same(heard(all), two)
  await all.until(all.speaker.stop())
})

t.test('connected in a table of its own: what the kernel has there', async (t) => {
  const all = await start({ redistribute: { connected: true }, redistributeTable: 7 })
  await all.host.ports.addresses.add('lo', at('192.0.2.7'), 32)
  all.host.table.set('203.0.113.0/24', { protocol: 2, scope: 253, device: 'eth1' })
  await all.run(10)
  t.same(heard(all), { '203.0.113.0/24': 'E2 20' })
  await all.until(all.speaker.stop())
})

t.test('the address of a VIP is no external, whatever its gate says', async (t) => {
  const all = await start({ redistribute: { connected: true } })
  const { speaker, host, run } = all
  await host.ports.addresses.add('lo', at('10.0.1.100'), 32)
  await run(10)
  t.same(heard(all), {}, 'inside the network of the LAN')
  await host.ports.addresses.add('lo', at('192.0.2.7'), 32)
  await run(10)
  t.same(heard(all), { '192.0.2.7/32': 'E2 20' })
  let open = (_: boolean): void => {}
  const gate = (async function* () {
    for (;;) yield await new Promise<boolean>((resolve) => (open = resolve))
  })()
  const announcement = speaker.announce('192.0.2.7', { as: 'external', metric: 5, when: gate })
  await run(10)
  t.same(heard(all), {}, 'the gate has not opened yet')
  open(true)
  await settle()
  await run(10)
  t.same(heard(all), { '192.0.2.7/32': 'E2 5' })
  open(false)
  await settle()
  await run(10)
  t.same(heard(all), {}, 'closed')
  announcement.withdraw()
  await settle()
  await run(10)
  t.same(heard(all), { '192.0.2.7/32': 'E2 20' }, 'it is an address like others again')
  await all.until(speaker.stop())
})

t.test(
  'an address that stays as it cannot be removed: no external while its VIP is announced anew',
  async (t) => {
    const all = await start({ redistribute: { connected: true } })
    const { speaker, run, world } = all
    const first = speaker.announce('192.0.2.7', { device: 'lo' })
    await run(6)
    world.refuseAddress.remove = new Error('Cannot assign requested address')
    void first.withdraw()
    speaker.announce('192.0.2.7', { when: async () => Promise.reject(new Error('sick')) })
    await run(20)
    t.same(heard(all), {}, 'its gate is closed')
    delete world.refuseAddress.remove
    await all.until(speaker.stop())
  },
)

t.test('a VIP that was put on lo by us is not told while it waits for its removal', async (t) => {
  const all = await start({ redistribute: { connected: true } })
  const vipOfOurs = '192.0.2.7/32'
  const seen = new Set<string>()
  const watch = async (seconds: number): Promise<void> => {
    for (let i = 0; i < seconds * 10; i++) {
      await all.run(0.1)
      for (const prefix of Object.keys(heard(all))) seen.add(prefix)
    }
  }
  const announcement = all.speaker.announce(vipOfOurs, { device: 'lo' })
  await watch(5)
  t.ok(all.host.owns(at('192.0.2.7')))
  announcement.withdraw()
  await watch(10)
  t.notOk(all.host.owns(at('192.0.2.7')), 'removed after the hold')
  t.same([...seen], [], 'never an external')
  await all.until(all.speaker.stop())
})

t.test(
  'a VIP that an earlier life left on lo is none either, but what is configured is',
  async (t) => {
    const all = await start({
      redistribute: { connected: true },
      addresses: [{ device: 'lo', address: '192.0.2.8/32' }],
    })
    const { addresses } = all.host.ports.links.links().get('lo')!
    const more = { prefixLength: 32, secondary: false, peer: undefined, protocol: 188 }
    const vips = ['192.0.2.7', '192.0.2.8'].map((dotted) => ({ ...more, address: at(dotted) }))
    all.world.device('lo', { addresses: [...addresses, ...vips] })
    await all.run(10)
    t.same(heard(all), { '192.0.2.8/32': 'E2 20' })
    await all.until(all.speaker.stop())
  },
)

t.test('API before options before redistribution', async (t) => {
  const all = await start({
    redistribute: { static: { metric: 3 } },
    externals: { '192.0.2.7/32': { metric: 2 } },
  })
  all.host.table.set('192.0.2.7/32', { gateway })
  await all.run(10)
  t.same(heard(all), { '192.0.2.7/32': 'E2 2' })
  const announcement = all.speaker.announce('192.0.2.7', { as: 'external', metric: 1 })
  await all.run(10)
  t.same(heard(all), { '192.0.2.7/32': 'E2 1' })
  announcement.withdraw()
  await settle()
  await all.run(10)
  t.same(heard(all), { '192.0.2.7/32': 'E2 2' })
  await all.until(all.speaker.stop())
})

t.test('the default route while the kernel has one', async (t) => {
  const all = await start({
    defaultInformation: { tag: 4 },
    installRoutes: { metric: 20, table: 254 },
  })
  const { table } = all.host
  t.same(heard(all), {})
  table.set('0.0.0.0/0', { metric: 20, protocol: 188, gateway })
  table.set('0.0.0.0/0', { metric: 4_278_198_272, type: 'unreachable' })
  await all.run(10)
  t.same(heard(all), {}, 'ours, and one that leads nowhere')
  table.set('0.0.0.0/0', { metric: 1024, protocol: 16, gateway })
  await all.run(10)
  t.same(heard(all), { '0.0.0.0/0': 'E2 10 tag 4' })
  table.delete('0.0.0.0/0', 1024)
  await all.run(10)
  t.same(heard(all), {})
  table.delete('0.0.0.0/0', 20)
  table.set('0.0.0.0/0', { metric: 10, protocol: 188, gateway })
  await all.run(10)
  t.same(heard(all), {}, 'that of another OSPF daemon')
  await all.until(all.speaker.stop())
})

t.test('the default route always', async (t) => {
  const all = await start({ defaultInformation: { always: true, type: 1 } })
  t.same(heard(all), { '0.0.0.0/0': 'E1 1' })
  const [event] = all.speaker.routes()
  t.notOk(event?.prefix === '0.0.0.0/0')
  await all.until(all.speaker.stop())
})

t.test('the default route while a map permits what is redistributed', async (t) => {
  const one = (prefix: string) => ({ prefixList: [{ action: 'permit', prefix } as const] })
  const all = await start({
    redistribute: {
      static: {
        filter: [
          { action: 'deny', prefix: '172.16.0.0/16' },
          { action: 'permit', prefix: '0.0.0.0/0', le: 32 },
        ],
      },
    },
    routeMaps: {
      UPSTREAM: [
        { action: 'deny', match: one('203.0.113.0/24') },
        { action: 'permit', match: one('172.16.0.0/16') },
        { action: 'permit', match: one('192.0.2.0/24'), set: { metric: 7, tag: 3 } },
        { action: 'permit', match: one('198.51.100.0/24'), set: { metricType: 1 } },
      ],
    },
    defaultInformation: { always: true, metric: 40, routeMap: 'UPSTREAM' },
  })
  const { table } = all.host
  const now = (): unknown => heard(all)['0.0.0.0/0']
  table.set('203.0.113.0/24', { gateway })
  table.set('172.16.0.0/16', { gateway })
  table.set('172.17.0.0/16', { gateway })
  table.set('192.0.2.0/24', { gateway, protocol: 186, metric: 5 })
  await all.run(10)
  t.same(Object.keys(heard(all)).sort(), ['172.17.0.0/16', '203.0.113.0/24'])
  table.set('198.51.100.0/24', { gateway })
  await all.run(10)
  t.equal(now(), 'E1 40')
  table.set('192.0.2.0/24', { gateway, metric: 1 })
  await all.run(10)
  t.equal(now(), 'E2 7 tag 3', 'the first by address')
  const { speaker } = all
  speaker.announce('192.0.2.0/24', { as: 'external', metric: 1 })
  await all.run(10)
  t.equal(now(), 'E1 40', 'one of ours is none')
  table.delete('198.51.100.0/24')
  await all.run(10)
  t.equal(now(), undefined)
  await all.until(speaker.stop())
})

t.test('a map for the default route looks at that route, too', async (t) => {
  const hop = (address: string) => ({ nextHop: [{ action: 'permit', prefix: address } as const] })
  const all = await start({
    redistribute: { static: true },
    defaultInformation: {
      routeMap: [
        { action: 'permit', match: hop('10.0.1.9/32'), set: { metric: '+5' } },
        { action: 'permit', match: { prefixList: [{ action: 'permit', prefix: '192.0.2.0/24' }] } },
      ],
    },
  })
  const { table } = all.host
  table.set('192.0.2.0/24', { gateway })
  await all.run(10)
  t.same(heard(all), { '192.0.2.0/24': 'E2 20' }, 'there is none')
  table.set('0.0.0.0/0', { gateway: 0x0a000109, device: 'eth0' })
  await all.run(10)
  t.same(heard(all), { '192.0.2.0/24': 'E2 20', '0.0.0.0/0': 'E2 15 via 10.0.1.9' })
  table.set('0.0.0.0/0', { gateway: 0x0a000108, device: 'eth0' })
  await all.run(10)
  t.same(heard(all)['0.0.0.0/0'], 'E2 10 via 10.0.1.8', 'by the other entry')
  table.delete('192.0.2.0/24')
  await all.run(10)
  t.same(heard(all), {})
  await all.until(all.speaker.stop())
})

t.test('the limit is an event, and what leaves makes room', async (t) => {
  const all = await start({ redistribute: { static: true }, limits: { redistributed: 3 } })
  const { table } = all.host
  for (let n = 0; n < 5; n++) table.set(`172.16.${n}.0/24`, { gateway })
  await all.run(10)
  t.same(Object.keys(heard(all)).sort(), ['172.16.0.0/24', '172.16.1.0/24', '172.16.2.0/24'])
  t.match(only(all.events, 'limit'), [{ what: 'redistributed', limit: 3 }])
  table.delete('172.16.1.0/24')
  await all.run(10)
  t.same(Object.keys(heard(all)).sort(), ['172.16.0.0/24', '172.16.2.0/24', '172.16.3.0/24'])
  t.equal(only(all.events, 'limit').length, 1)
  await all.until(all.speaker.stop())
})

t.test('a table that is not there, or cannot be read, is an error at the start', async (t) => {
  const net = new Network({ seed: 1 })
  const host = net.host('lb')
  net.segment('lan', '10.0.1.0/24', [host])
  const { openRouteSource: _, ...ports } = host.ports
  const refused = new Error('no')
  const openRouteSource = (): Promise<never> => Promise.reject(refused)
  await t.rejects(
    OspfSpeaker.start(director({ redistribute: { static: true } }), { ...ports, openRouteSource }),
    refused,
  )
  await t.rejects(OspfSpeaker.start(director({ redistribute: { static: true } }), ports), {
    code: 'ERR_OSPF_CONFIG',
    message: 'redistribute: the ports have no routes to look at',
  })
})

/** Two AS boundary routers that install what they learn, and redistribute. */
async function pair(more: Partial<SpeakerOptions> = {}) {
  const net = new Network({ seed: 11 })
  const hosts = [net.host('a'), net.host('b')]
  const client = net.router('r', { routerId: '10.0.0.9' })
  net.segment('lan', '10.0.1.0/24', [...hosts, client], { helloInterval: 1, deadInterval: 4 })
  const speakers = await Promise.all(
    hosts.map((host, i) =>
      OspfSpeaker.start(
        director({
          routerId: `10.0.1.${i + 1}`,
          redistribute: { kernel: true },
          defaultInformation: true,
          installRoutes: { metric: 20, table: 254 },
          ...more,
        }),
        host.ports,
      ),
    ),
  )
  /** What OSPF installs goes into the kernel's table, as in a real one. */
  const mirror = (host: SimHost): void => {
    const { fib, table } = host
    const before = new Set<string>()
    const copy = (): void => {
      const now = new Set([...fib].map(([prefix]) => prefix))
      for (const prefix of before) if (!now.has(prefix)) table.delete(prefix, 20)
      for (const prefix of now) {
        if (!before.has(prefix)) table.set(prefix, { metric: 20, protocol: 188, gateway })
      }
      before.clear()
      for (const prefix of now) before.add(prefix)
    }
    copies.push(copy)
  }
  const copies: (() => void)[] = []
  for (const host of hosts) mirror(host)
  const run = async (seconds: number): Promise<void> => {
    for (let i = 0; i < seconds * 10; i++) {
      await net.runAsync(0.1)
      for (const copy of copies) copy()
    }
  }
  const [a, b] = hosts as [SimHost, SimHost]
  const by = (host: SimHost): Record<string, string> => {
    const found: Record<string, string> = {}
    const id = at(`10.0.1.${host === a ? 1 : 2}`)
    for (const { lsa, age } of client.database()) {
      const { header, body } = lsa
      if (body.kind !== 'external' || header.advertisingRouter !== id || age >= 3600) continue
      found[formatPrefix(header.lsId, body.mask === 0 ? 0 : 24)] =
        `E${body.metricType} ${body.metric}`
    }
    return found
  }
  return { net, a, b, by, run, client, speakers }
}

t.test('no feedback: what is learned is not redistributed', async (t) => {
  const { a, b, by, run, speakers } = await pair()
  a.table.set('172.16.1.0/24', { gateway })
  await run(20)
  t.same(by(a), { '172.16.1.0/24': 'E2 20' })
  t.ok(b.fib.has('172.16.1.0/24'))
  t.same(by(b), {}, 'learned and installed, and not said again')
  a.table.delete('172.16.1.0/24')
  await run(20)
  t.same([by(a), by(b)], [{}, {}])
  t.notOk(b.fib.has('172.16.1.0/24'), 'no ghost')
  await Promise.all([speakers.map((s) => s.stop()), run(20)])
})

t.test('two that redistribute the same neither lead to each other nor flap', async (t) => {
  const { a, b, by, run, client, speakers } = await pair()
  const more = { metric: 1024, protocol: 16, gateway }
  const prefixes = ['0.0.0.0/0', '172.16.1.0/24']
  for (const prefix of prefixes) a.table.set(prefix, more)
  await run(20)
  t.ok(prefixes.every((prefix) => b.fib.has(prefix)))
  for (const prefix of prefixes) b.table.set(prefix, more)
  await run(20)
  const both = { '0.0.0.0/0': 'E2 10', '172.16.1.0/24': 'E2 20' }
  t.same([by(a), by(b)], [both, both])
  for (const prefix of prefixes) {
    t.notOk(a.fib.has(prefix) || b.fib.has(prefix), 'their kernels have their own ways')
    t.equal(client.fib.get(prefix)?.nextHops.length, 2, 'others use both')
  }
  const sequences = (): number[] =>
    client.database().flatMap(({ lsa: { header } }) => (header.type === 5 ? header.sequence : []))
  const before = sequences()
  await run(60)
  t.same(sequences(), before, 'nothing was said again')
  for (const prefix of prefixes) a.table.delete(prefix, 1024)
  await run(20)
  t.same(by(a), {})
  t.ok(
    prefixes.every((prefix) => a.fib.has(prefix)),
    'who has none of its own learns again',
  )
  await Promise.all([speakers.map((s) => s.stop()), run(20)])
})

t.test('another configuration while it runs', async (t) => {
  const all = await start({ redistribute: { static: true } })
  const { host, speaker, run, events } = all
  host.table.set('172.16.1.0/24', { gateway })
  host.table.set('172.16.2.0/24', { protocol: 186, gateway })
  await run(10)
  t.same(heard(all), { '172.16.1.0/24': 'E2 20' })
  const become = async (more: Partial<SpeakerOptions>): Promise<readonly string[]> => {
    const { changes } = await all.until(speaker.reconfigure(director(more)))
    await run(15)
    return changes
  }
  t.same(await become({ redistribute: { static: { metric: 7 }, bgp: true } }), [
    'redistribution changed',
  ])
  t.same(heard(all), { '172.16.1.0/24': 'E2 7', '172.16.2.0/24': 'E2 20' })
  const summaryAddresses = { '172.16.0.0/16': { tag: 9 } }
  const externals = { '192.0.2.0/24': {} }
  t.same(await become({ redistribute: { bgp: true }, summaryAddresses, externals }), [
    'external 192.0.2.0/24 added',
    'summaryAddresses changed',
    'redistribution changed',
  ])
  t.same(heard(all), { '172.16.0.0/16': 'E2 20 tag 9', '192.0.2.0/24': 'E2 20' })
  t.same(await become({ redistribute: { bgp: true }, summaryAddresses, externals }), [])
  const limits = { redistributed: 1 }
  await become({ redistribute: { static: true, bgp: true }, limits })
  t.same(Object.keys(heard(all)).length, 1, 'as many as the limit allows')
  t.match(only(events, 'limit'), [{ what: 'redistributed', limit: 1 }])
  await become({})
  t.same(heard(all), {})
  t.equal(host.table.watched, 0)
  const own = all.peer.database().find(({ lsa }) => lsa.header.lsId === at('10.0.1.133'))
  t.match(own?.lsa.body, { kind: 'router', external: false })
  await become({ defaultInformation: { always: true }, redistributeTable: 7 })
  t.same(heard(all), { '0.0.0.0/0': 'E2 1' })
  await all.until(speaker.stop())
  t.equal(all.world.leftovers, '')
})

t.test('an option under a VIP of the API changes unseen, and comes back', async (t) => {
  const all = await start({ externals: { '192.0.2.7/32': { metric: 2 } } })
  const announcement = all.speaker.announce('192.0.2.7', { as: 'external', metric: 1 })
  const other = director({ externals: { '192.0.2.7/32': { metric: 3 } } })
  await all.until(all.speaker.reconfigure(other))
  await all.run(10)
  t.same(heard(all), { '192.0.2.7/32': 'E2 1' })
  announcement.withdraw()
  await settle()
  await all.run(10)
  t.same(heard(all), { '192.0.2.7/32': 'E2 3' })
  await all.until(all.speaker.stop())
})
