import t from 'tap'
import { importFrr } from '../../lib/config/frr.ts'
import { type ResolvedNetworks, resolveNetworks } from '../../lib/config/networks.ts'
import type { Link } from '../../lib/ports.ts'
import { parseIpv4 } from '../../lib/wire/address.ts'

interface Options {
  readonly loopback?: boolean
  readonly broadcast?: boolean
  readonly secondary?: readonly string[]
}

function link(name: string, addresses: readonly string[], options: Options = {}): [string, Link] {
  const { loopback = false, broadcast = !loopback, secondary = [] } = options
  const all = addresses.map((text) => {
    const [address = '', length] = text.split('/')
    return {
      address: parseIpv4(address)!,
      prefixLength: Number(length),
      secondary: secondary.includes(text),
      peer: undefined,
    }
  })
  const first = all[0]
  const value: Link = {
    name,
    index: 1,
    up: true,
    mtu: 1500,
    address: first?.address,
    prefixLength: first?.prefixLength ?? 0,
    loopback,
    broadcast,
    addresses: all,
  }
  return [name, value]
}

function resolve(
  text: string,
  links: readonly [string, Link][],
  speed?: (device: string) => number | undefined,
): ResolvedNetworks {
  const { options, errors } = importFrr([{ name: 'f', text }])
  if (options === undefined) throw new Error(JSON.stringify(errors))
  return resolveNetworks(options, new Map(links), speed)
}

const router = 'router ospf\n ospf router-id 1.1.1.1\n'
const lo = link('lo', ['127.0.0.1/8', '10.0.1.100/32'], { loopback: true })
const eth0 = link('eth0', ['10.0.1.133/24'])

t.test('the classic director: eth0 runs, the VIP on lo is a stub of cost 0', async (t) => {
  const text = `interface eth0\n ip ospf priority 0\n ip ospf cost 1\n${router} network 10.0.1.0/24 area 0\n network 10.0.1.100/32 area 0\n`
  t.strictSame(resolve(text, [lo, eth0]), {
    interfaces: [
      {
        name: 'eth0',
        area: '0.0.0.0',
        settings: { priority: 0, cost: 1, network: 'broadcast', passive: false },
      },
    ],
    stubs: [{ prefix: '10.0.1.100', length: 32, area: '0.0.0.0', cost: 0, device: 'lo' }],
    missing: [],
    absent: [],
    warnings: [],
    unstated: [{ prefix: '10.0.1.100', length: 32, area: '0.0.0.0', cost: 0, device: 'lo' }],
  })
  const stated = resolve(`interface lo\n ip ospf cost 3\n!\n${text}`, [lo, eth0])
  t.match(stated.stubs, [{ cost: 3 }])
  t.strictSame(stated.unstated, [])
})

t.test('longest match decides the area, in any order', async (t) => {
  for (const networks of [
    ' network 10.0.0.0/8 area 1\n network 10.0.1.0/24 area 2\n network 0.0.0.0/0 area 3\n',
    ' network 0.0.0.0/0 area 3\n network 10.0.1.0/24 area 2\n network 10.0.0.0/8 area 1\n',
  ]) {
    const { interfaces } = resolve(`${router}${networks}`, [
      eth0,
      link('eth1', ['10.9.0.1/24']),
      link('eth2', ['192.0.2.1/24']),
    ])
    t.strictSame(
      interfaces.map(({ name, area }) => `${name} ${area}`),
      ['eth0 0.0.0.2', 'eth1 0.0.0.1', 'eth2 0.0.0.3'],
    )
  }
})

t.test('loopback: host routes, cost of lo, never 127/8', async (t) => {
  const { stubs } = resolve(`interface lo\n ip ospf cost 5\n${router} network 0.0.0.0/0 area 0\n`, [
    link('lo', ['127.0.0.1/8', '10.5.0.1/24'], { loopback: true }),
  ])
  t.strictSame(stubs, [{ prefix: '10.5.0.1', length: 32, area: '0.0.0.0', cost: 5, device: 'lo' }])
})

t.test('further subnets of a device run OSPF, too, and its host addresses are stubs', async (t) => {
  const { interfaces, stubs, warnings } = resolve(
    `interface eth0\n ip ospf cost 3\n${router} network 10.0.0.0/8 area 0\n`,
    [
      link('eth0', ['10.0.1.133/24', '10.0.1.134/24', '10.0.1.77/32', '10.7.0.9/16'], {
        secondary: ['10.0.1.134/24'],
      }),
    ],
  )
  t.strictSame(
    interfaces.map(({ name, settings }) => `${name} ${settings.cost}`),
    ['eth0 3', 'eth0:10.7.0.9 3'],
  )
  t.strictSame(
    stubs.map(({ prefix, length, cost, device }) => `${prefix}/${length} ${cost} ${device}`),
    ['10.0.1.77/32 3 eth0'],
    "the kernel's secondary is left out",
  )
  t.strictSame(warnings, [])
})

t.test('only a further address is covered', async (t) => {
  const two = [link('eth0', ['192.0.2.1/24', '10.0.1.5/24', '10.0.1.100/32'])]
  const { interfaces, stubs, warnings } = resolve(`${router} network 10.0.1.0/24 area 0\n`, two)
  t.strictSame(
    interfaces.map(({ name }) => name),
    ['eth0:10.0.1.5'],
  )
  t.strictSame(
    stubs.map(({ prefix }) => prefix),
    ['10.0.1.100'],
  )
  t.strictSame(warnings, [])
})

t.test('settings of one address', async (t) => {
  const text = [
    'interface eth0',
    ' ip ospf cost 3',
    ' ip ospf hello-interval 2',
    ' ip ospf cost 7 10.7.0.9',
    ' ip ospf priority 0 10.7.0.9',
    ' ip ospf authentication message-digest 10.7.0.9',
    ' ip ospf message-digest-key 1 md5 secret 10.7.0.9',
    ' ip ospf cost 9 10.0.1.133',
    ' ip ospf cost 9 192.0.2.1',
    'interface eth1',
    ' ip ospf area 5 10.2.0.1',
    router,
  ].join('\n')
  const { interfaces, warnings } = resolve(
    text.replace(' ip ospf area 5 10.2.0.1', '').concat(' network 10.0.0.0/8 area 0\n'),
    [link('eth0', ['10.0.1.133/24', '10.7.0.9/16']), link('eth1', ['10.2.0.1/24'])],
  )
  t.match(interfaces, [
    { name: 'eth0', settings: { cost: 9, helloInterval: 2, deadInterval: 8 } },
    {
      name: 'eth0:10.7.0.9',
      settings: { cost: 7, helloInterval: 2, priority: 0, authentication: { type: 'md5' } },
    },
    { name: 'eth1' },
  ])
  t.equal(interfaces[0]?.settings.authentication, undefined)
  t.strictSame(warnings, ['interface eth0 has no address 192.0.2.1; its settings are not used'])
  const fixed = resolve(text, [
    link('eth0', ['10.0.1.133/24']),
    link('eth1', ['10.1.0.1/24', '10.2.0.1/24']),
  ])
  t.match(fixed.interfaces, [{ name: 'eth1:10.2.0.1', area: '0.0.0.5' }])
})

t.test('ip ospf area: every address of the device', async (t) => {
  const { interfaces, stubs } = resolve(
    `interface eth0\n ip ospf area 0.0.0.7\ninterface lo\n ip ospf area 7\n${router}`,
    [lo, eth0, link('eth1', ['10.2.0.1/24'])],
  )
  t.strictSame(
    interfaces.map(({ name, area }) => `${name} ${area}`),
    ['eth0 0.0.0.7'],
  )
  t.match(stubs, [{ prefix: '10.0.1.100', area: '0.0.0.7' }])
})

t.test('configured addresses count as if they were there', async (t) => {
  const text = `interface eth0\n ip address 10.0.1.133/24\ninterface lo\n ip address 10.0.1.100/32\n${router} network 10.0.1.0/24 area 0\n`
  const bare = [link('lo', ['127.0.0.1/8'], { loopback: true }), link('eth0', [])]
  const missing = resolve(text, bare)
  t.strictSame(
    missing.missing.map(({ device, address, length }) => `${device} ${address}/${length}`),
    ['eth0 10.0.1.133/24', 'lo 10.0.1.100/32'],
  )
  const there = resolve(text, [lo, eth0])
  t.strictSame(there.missing, [])
  t.strictSame(missing.interfaces, there.interfaces)
  t.strictSame(missing.stubs, there.stubs)
})

t.test('an interface without an address yet', async (t) => {
  const eth0 = link('eth0', [])
  const settings = 'interface eth0\n ip ospf cost 1\n!\n'
  const network = ' network 10.0.1.0/24 area 0\n'
  const of = (text: string): unknown =>
    resolve(text, [lo, eth0]).interfaces.map(({ name, area }) => [name, area])
  const zero = [['eth0', '0.0.0.0']]
  t.strictSame(of(`${settings}${router}${network}`), zero, 'the area of the open network')
  t.strictSame(of(`interface eth0\n ip ospf area 0\n!\n${router}`), zero, 'its own area')
  t.strictSame(of(`${router}${network}`), [], 'OSPF was not configured on it')
  t.strictSame(of(`${router}${network} passive-interface eth0\n`), [], 'nor here')
  const other = ' network 10.0.2.0/24 area 1\n'
  t.strictSame(of(`${settings}${router}${network}${other}`), [], 'which area?')
  t.match(resolve(`${settings}${router}${network}${other}`, [eth0]).warnings, [
    'interface eth0 has no address: no network tells its area',
  ])
  const vip = ' network 10.0.1.100/32 area 0\n'
  t.strictSame(of(`${settings}${router}${vip}`), [], 'the network of the VIP is not open')
})

t.test('what is not there', async (t) => {
  const { absent, warnings } = resolve(
    `interface eth7\n ip address 10.7.0.1/24\ninterface eth8\n ip ospf cost 1\n${router} network 10.8.0.0/24 area 0\n`,
    [eth0],
  )
  t.strictSame(absent, ['eth7'])
  t.strictSame(warnings, [
    'f:7: no address is in network 10.8.0.0/24 area 0.0.0.0',
    'interface eth8 does not exist; its settings are not used',
  ])
  t.strictSame(resolve(`interface eth9\n ip ospf area 0\n${router}`, [eth0]).absent, ['eth9'])
})

t.test('settings: passive default, network type of the device, dead interval', async (t) => {
  const { interfaces } = resolve(
    `interface eth0\n ip ospf hello-interval 5\ninterface tun0\n ip ospf network broadcast\n${router} passive-interface default\n no passive-interface eth0\n network 10.0.0.0/8 area 0\n`,
    [
      eth0,
      link('tun0', ['10.3.0.1/30'], { broadcast: false }),
      link('tun1', ['10.4.0.1/30'], { broadcast: false }),
    ],
  )
  t.strictSame(
    interfaces.map(({ settings }) => settings),
    [
      { helloInterval: 5, passive: false, deadInterval: 20, network: 'broadcast', cost: 10 },
      { network: 'broadcast', passive: true, cost: 10 },
      { network: 'point-to-point', passive: true, cost: 10 },
    ],
  )
})

t.test('automatic cost: reference over speed, within 1 to 65535', async (t) => {
  const speeds: Readonly<Record<string, number>> = { fast: 40000, slow: 1 }
  const links = [link('fast', ['10.1.0.1/24']), link('slow', ['10.2.0.1/24']), eth0]
  const costs = (statement: string): (number | undefined)[] =>
    resolve(
      `${router} network 10.0.0.0/8 area 0\n${statement}`,
      links,
      (name) => speeds[name],
    ).interfaces.map(({ settings }) => settings.cost)
  t.strictSame(costs(''), [3, 65535, 10], 'no statement: FRR 8.4 has 100 Gbit/s over 10')
  t.strictSame(costs(' auto-cost reference-bandwidth 200\n'), [1, 200, 1])
  t.strictSame(costs(' auto-cost reference-bandwidth 4294967\n'), [107, 65535, 429])
  t.strictSame(costs('interface fast\n bandwidth 1000\n'), [100, 65535, 10], 'as if it were slower')
})

t.test(
  'router ospf vrf NAME: the devices of the VRF alone, and those of none without',
  async (t) => {
    const of = (vrf: string, [name, link]: [string, Link], table?: number): [string, Link] => [
      name,
      { ...link, vrf, ...(table === undefined ? {} : { table }) },
    ]
    const links = [
      lo,
      eth0,
      of('red', link('red', ['10.0.1.200/32']), 100),
      of('red', link('eth1', ['10.0.1.1/24'])),
      of('blue', link('eth2', ['10.0.1.2/24'])),
    ]
    const text = (vrf: string): string =>
      `interface eth2 vrf red\n ip ospf cost 3\nrouter ospf${vrf}\n ospf router-id 1.1.1.1\n network 10.0.1.0/24 area 0\n`
    const red = resolve(text(' vrf red'), links)
    t.match(red.interfaces, [{ name: 'eth1' }])
    t.equal(red.interfaces.length, 1)
    t.match(red.stubs, [{ prefix: '10.0.1.200', device: 'red', cost: 0 }], 'as lo is elsewhere')
    t.equal(red.stubs.length, 1)
    t.match(red.warnings, ['interface eth2 is in VRF blue, not in red'])
    t.strictSame(red.absent, [])
    const none = resolve(text(''), links)
    t.strictSame(
      none.interfaces.map(({ name }) => name),
      ['eth0'],
    )
    t.match(none.stubs, [{ prefix: '10.0.1.100' }])
    t.strictSame(resolve(text(' vrf green'), links).absent, ['green'])
    t.strictSame(resolve(text(' vrf eth0'), links).absent, ['eth0'], 'which is no VRF')
  },
)
