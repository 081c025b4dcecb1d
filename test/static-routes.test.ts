/** Which of the static routes the kernel is to have. */
import t from 'tap'
import type { Link } from '../lib/ports.ts'
import {
  activeStaticRoutes,
  parseStaticRoute,
  type StaticRouteOptions,
} from '../lib/static-routes.ts'
import { formatIpv4, formatPrefix, parseIpv4 } from '../lib/wire/address.ts'

function link(
  name: string,
  index: number,
  address: string,
  more: Partial<Link> = {},
): [string, Link] {
  const own = { address: parseIpv4(address)!, prefixLength: 24 }
  const device = { index, name, up: true, mtu: 1500, loopback: false, broadcast: true, ...own }
  return [name, { ...device, addresses: [{ ...own, secondary: false, peer: undefined }], ...more }]
}

function active(routes: readonly StaticRouteOptions[], links: readonly [string, Link][]): string[] {
  const parsed = routes.map((route) => parseStaticRoute('routes', route))
  return activeStaticRoutes(parsed, new Map(links)).map(
    ({ prefix, length, metric, discard, hops }) =>
      [
        formatPrefix(prefix, length),
        metric,
        discard ??
          hops.map(
            ({ index, gateway }) => `${gateway === undefined ? '-' : formatIpv4(gateway)}%${index}`,
          ),
      ].join(' '),
  )
}

const eth0 = link('eth0', 1, '10.0.0.1')
const eth1 = link('eth1', 2, '10.0.1.1')
const prefix = '10.9.0.0/16'

t.test('a gateway must lie in a network of a device that is up', async (t) => {
  const routes = [{ prefix, gateway: '10.0.0.9' }]
  t.strictSame(active(routes, [eth0, eth1]), ['10.9.0.0/16 19 10.0.0.9%1'])
  t.strictSame(active(routes, [eth1]), [])
  t.strictSame(active(routes, [link('eth0', 1, '10.0.0.1', { up: false })]), [])
  t.strictSame(active([{ prefix, gateway: '10.0.0.1' }], [eth0]), [], 'our own address is none')
  t.strictSame(active([{ prefix, gateway: '10.0.0.9', interface: 'eth1' }], [eth0, eth1]), [])
  const onLink = { prefix, gateway: '10.0.0.9', interface: 'eth1', onLink: true }
  t.strictSame(active([onLink], [eth0, eth1]), ['10.9.0.0/16 19 10.0.0.9%2'])
})

t.test(
  'of several the least distance whose next hop is there, and all of that distance',
  async (t) => {
    const routes = [
      { prefix, gateway: '10.0.1.9', distance: 5 },
      { prefix, gateway: '10.0.0.9' },
      { prefix, interface: 'eth1' },
      { prefix, discard: 'blackhole', distance: 200 },
    ] as const
    t.strictSame(active(routes, [eth0, eth1]), ['10.9.0.0/16 19 10.0.0.9%1,-%2'])
    t.strictSame(active(routes.slice(0, 2), [eth1]), ['10.9.0.0/16 19 10.0.1.9%2'])
    t.strictSame(
      active(routes, []),
      ['10.9.0.0/16 219 blackhole'],
      "behind OSPF's, whose distance is 110",
    )
    t.strictSame(active([{ prefix, interface: 'eth0', distance: 255 }], [eth0]), [])
  },
)

t.test('what cannot be a route is refused', async (t) => {
  for (const route of [
    { prefix },
    { prefix, gateway: '10.0.0.9', discard: 'blackhole' },
    { prefix: '10.9.0.1/16', interface: 'eth0' },
    { prefix, gateway: 'x' },
    { prefix, interface: 'eth0', distance: 0 },
    { prefix, discard: 'nowhere' },
  ] as StaticRouteOptions[])
    t.throws(
      () => parseStaticRoute('routes', route),
      { code: 'ERR_OSPF_CONFIG' },
      JSON.stringify(route),
    )
})

t.test('in a VRF: by its devices, into its table, once it is there', async (t) => {
  const red = link('red', 7, '127.0.0.1', { vrf: 'red', table: 100 })
  const inRed = link('eth2', 3, '10.0.0.2', { vrf: 'red' })
  const routes = [
    { prefix, gateway: '10.0.0.9', vrf: 'red' },
    { prefix, gateway: '10.0.0.9' },
  ]
  const parsed = routes.map((route) => parseStaticRoute('routes', route))
  const tables = (...links: [string, Link][]): string[] =>
    activeStaticRoutes(parsed, new Map(links)).map(
      ({ table, hops }) => `${table} %${hops[0]?.index}`,
    )
  t.strictSame(tables(eth0, red, inRed), ['100 %3', '254 %1'])
  t.strictSame(tables(eth0, inRed), ['254 %1'], 'its table is not known')
  t.strictSame(tables(red, inRed), ['100 %3'], 'that of others goes not through it')
  t.throws(() => parseStaticRoute('r', { prefix, gateway: '10.0.0.9', vrf: 'red', table: 5 }), {
    message: /^r: table: expected nothing beside vrf/,
  })
  t.throws(() => parseStaticRoute('r', { prefix, gateway: '10.0.0.9', vrf: 'a/b' }), {
    message: /^r: vrf: expected the name of a VRF device/,
  })
})
