import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import t from 'tap'
import { startOptions } from '../../lib/cli/options.ts'
import { importFrr } from '../../lib/config/frr.ts'
import { resolveNetworks } from '../../lib/config/networks.ts'
import type { Link } from '../../lib/ports.ts'

const device = { index: 1, up: true, mtu: 1500, address: undefined, prefixLength: 0, addresses: [] }
const links = new Map<string, Link>([
  ['lo', { ...device, name: 'lo', loopback: true, broadcast: false }],
  ['eth0', { ...device, name: 'eth0', loopback: false, broadcast: true }],
])

t.test('the classic director', async (t) => {
  const files = ['ospfd.conf', 'zebra.conf'].map((name) => ({
    name,
    text: readFileSync(`fixtures/configs/classic/director/${name}`, 'utf8'),
  }))
  const config = importFrr(files).options!
  const resolved = resolveNetworks(config, links)
  t.strictSame(startOptions(config, resolved), {
    routerId: '10.0.1.133',
    areas: {
      '0.0.0.0': {
        interfaces: {
          eth0: {
            helloInterval: 1,
            deadInterval: 4,
            priority: 0,
            cost: 1,
            network: 'broadcast',
            passive: false,
          },
        },
        stubNetworks: { '10.0.1.100/32': 0 },
      },
    },
    rfc1583Compatibility: false,
    installRoutes: false,
    role: 'router',
    addresses: [
      { device: 'eth0', address: '10.0.1.133/24' },
      { device: 'lo', address: '10.0.1.100/32' },
    ],
    limits: {},
  })
})

t.test('timers and paths are passed on where they are stated', async (t) => {
  const text = `router ospf
 ospf router-id 1.1.1.1
 maximum-paths 4
 timers throttle spf 0 50 5000
 timers throttle lsa all 0
 timers lsa min-arrival 100
 max-metric router-lsa on-startup 60
`
  const config = importFrr([{ name: 'f', text }]).options!
  t.strictSame(startOptions(config, resolveNetworks(config, links)), {
    routerId: '1.1.1.1',
    areas: {},
    rfc1583Compatibility: false,
    installRoutes: true,
    role: 'router',
    addresses: [],
    limits: { maximumPaths: 4, minLsIntervalMs: 0, minLsArrivalMs: 100 },
    spfDelay: { initialMs: 0, shortMs: 50, longMs: 5000 },
    stubRouter: { onStartup: 60 },
  })
})

t.test('router-info makes the hostname known; without it nobody hears of it', async (t) => {
  const read = (text: string) => {
    const config = importFrr([{ name: 'f', text: `${text} ospf router-id 1.1.1.1\n` }]).options!
    const { hostname, hostnameScope } = startOptions(config, resolveNetworks(config, links))
    return [hostname, hostnameScope]
  }
  const head = 'hostname lb1\nrouter ospf\n capability opaque\n'
  t.same(read(head), [undefined, undefined])
  t.same(read(`${head} router-info as\n`), ['lb1', 'as'])
  t.same(read(`${head} router-info area\n`), ['lb1', 'area'])
  t.same(read(`${head} router-info area 0.0.0.0\n`), ['lb1', 'area'])
  t.same(read('router ospf\n router-info as\n'), [hostname(), 'as'])
})
