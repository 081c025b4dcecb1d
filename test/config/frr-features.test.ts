/**
 * Features of OSPFv2 from FRR's user documentation (docs.frrouting.org, ospfd, zebra, filter, routemap), each with the
 * statements as an operator writes them and what they come to in the options of the speaker.
 */
import t from 'tap'
import { startOptions } from '../../lib/cli/options.ts'
import { importFrr } from '../../lib/config/frr.ts'
import { type Feature, lacking } from '../../lib/config/frr-pending.ts'
import { resolveNetworks } from '../../lib/config/networks.ts'
import { parseOptions } from '../../lib/options.ts'
import type { Link } from '../../lib/ports.ts'
import { parseIpv4 } from '../../lib/wire/address.ts'

function link(name: string, ...addresses: readonly string[]): [string, Link] {
  const all = addresses.map((text) => {
    const [address = '', length] = text.split('/')
    const [ip, prefixLength] = [parseIpv4(address)!, Number(length)]
    return { address: ip, prefixLength, secondary: false, peer: undefined }
  })
  const loopback = name === 'lo'
  const { address, prefixLength = 0 } = all[0] ?? {}
  const state = { index: 1, up: true, mtu: 1500, address, prefixLength }
  return [name, { ...state, name, loopback, broadcast: !loopback, addresses: all }]
}

const links = new Map([
  link('lo', '127.0.0.1/8', '10.255.0.1/32'),
  link('eth0', '10.0.0.1/24', '10.0.9.1/24'),
  link('eth1', '10.1.0.1/24'),
  link('eth2', '10.2.0.1/24'),
])

const base = `router ospf
 ospf router-id 10.255.0.1
 network 10.0.0.0/24 area 0
 network 10.1.0.0/24 area 1
 network 10.2.0.0/24 area 2
!
`

interface Row {
  readonly feature: string
  readonly text: string
  /** A part of the options. */
  readonly gives: object
  readonly needs?: Feature
  readonly compat?: 'quagga-0.99'
}

const eth0 = (settings: object): object => ({
  areas: { '0.0.0.0': { interfaces: { eth0: settings } } },
})
const area1 = (settings: object): object => ({ areas: { '0.0.0.1': settings } })
const inEth0 = (...lines: readonly string[]): string => `interface eth0\n ${lines.join('\n ')}\n`
const inRouter = (...lines: readonly string[]): string => `router ospf\n ${lines.join('\n ')}\n`
const link9 = (settings: object): object => area1({ virtualLinks: { '9.9.9.9': settings } })

const rows: readonly Row[] = [
  {
    feature: 'several areas',
    text: '',
    gives: {
      areas: {
        '0.0.0.0': { interfaces: { eth0: {} } },
        '0.0.0.1': { interfaces: { eth1: {} } },
        '0.0.0.2': { interfaces: { eth2: {} } },
      },
    },
  },
  {
    feature: 'router id of zebra',
    text: 'router ospf\n no ospf router-id\nip router-id 7.7.7.7\n',
    gives: { routerId: '7.7.7.7' },
  },
  { feature: 'cost', text: inEth0('ip ospf cost 17'), gives: eth0({ cost: 17 }) },
  {
    feature: 'cost of an address',
    text: inEth0('ip ospf cost 17', 'ip ospf cost 18 10.0.0.1', 'ip ospf cost 19 10.0.9.1'),
    gives: eth0({ cost: 18 }),
  },
  {
    feature: 'cost taken back',
    text: inEth0('ip ospf cost 17', 'no ip ospf cost'),
    gives: eth0({ cost: 10 }),
  },
  {
    feature: 'hello and dead interval',
    text: inEth0('ip ospf hello-interval 2', 'ip ospf dead-interval 7'),
    gives: eth0({ helloInterval: 2, deadInterval: 7 }),
  },
  {
    feature: 'dead interval follows',
    text: inEth0('ip ospf hello-interval 2'),
    gives: eth0({ helloInterval: 2, deadInterval: 8 }),
  },
  {
    feature: 'fast hellos',
    text: inEth0('ip ospf hello-interval 2', 'ip ospf dead-interval minimal hello-multiplier 5'),
    gives: eth0({ helloInterval: undefined, deadInterval: 1, helloMultiplier: 5 }),
    needs: 'helloMultiplier',
  },
  {
    feature: 'retransmission',
    text: inEth0('ip ospf retransmit-interval 3', 'ip ospf transmit-delay 2'),
    gives: eth0({ retransmitInterval: 3, transmitDelay: 2 }),
  },
  { feature: 'priority', text: inEth0('ip ospf priority 0'), gives: eth0({ priority: 0 }) },
  {
    feature: 'point-to-point',
    text: inEth0('ip ospf network point-to-point'),
    gives: eth0({ network: 'point-to-point' }),
  },
  {
    feature: 'point-to-multipoint',
    text: inEth0('ip ospf network point-to-multipoint'),
    gives: eth0({ network: 'point-to-multipoint' }),
  },
  {
    feature: 'point-to-multipoint without multicast',
    text:
      inEth0('ip ospf network point-to-multipoint non-broadcast') +
      inRouter('neighbor 10.0.0.7 poll-interval 9'),
    gives: eth0({
      network: 'point-to-multipoint',
      nonBroadcast: true,
      neighbors: { '10.0.0.7': { eligible: true } },
      pollInterval: 9,
    }),
  },
  {
    feature: 'NBMA',
    text:
      inEth0('ip ospf network non-broadcast') +
      inRouter(
        'neighbor 10.0.0.7',
        'neighbor 10.0.0.8 priority 0',
        'neighbor 10.0.0.9',
        'no neighbor 10.0.0.9',
      ),
    gives: eth0({
      network: 'nbma',
      neighbors: { '10.0.0.7': { eligible: true }, '10.0.0.8': { eligible: false } },
      pollInterval: 60,
    }),
  },
  { feature: 'passive', text: inEth0('ip ospf passive'), gives: eth0({ passive: true }) },
  {
    feature: 'passive by default',
    text: inRouter('passive-interface default', 'no passive-interface eth0'),
    gives: {
      areas: {
        '0.0.0.0': { interfaces: { eth0: { passive: false } } },
        '0.0.0.1': { interfaces: { eth1: { passive: true } } },
      },
    },
  },
  { feature: 'mtu-ignore', text: inEth0('ip ospf mtu-ignore'), gives: eth0({ mtuIgnore: true }) },
  {
    feature: 'prefix suppression',
    text: inEth0('ip ospf prefix-suppression'),
    gives: eth0({ prefixSuppression: true }),
  },
  {
    feature: 'password',
    text: inEth0('ip ospf authentication', 'ip ospf authentication-key secret'),
    gives: eth0({ authentication: { type: 'simple', key: 'secret' } }),
  },
  {
    feature: 'message digest by area',
    text:
      inEth0('ip ospf message-digest-key 3 md5 secret') +
      inRouter('area 0 authentication message-digest'),
    gives: eth0({ authentication: { type: 'md5', keys: [{ id: 3, key: 'secret' }] } }),
  },
  {
    feature: 'authentication of an address',
    text: inEth0(
      'ip ospf authentication',
      'ip ospf authentication-key all',
      'ip ospf authentication-key one 10.0.0.1',
    ),
    gives: eth0({ authentication: { type: 'simple', key: 'one' } }),
  },
  {
    feature: 'key chain',
    text: `key chain K\n key 1\n  key-string s\n  cryptographic-algorithm hmac-sha-256\n${inEth0('ip ospf authentication key-chain K')}`,
    gives: eth0({
      authentication: { type: 'hmac-sha-256', keys: [{ id: 1, algorithm: 'hmac-sha-256' }] },
    }),
  },
  {
    feature: 'stub area',
    text: inRouter('area 1 stub', 'area 1 default-cost 7'),
    gives: area1({ type: 'stub', defaultCost: 7, interfaces: { eth1: {} } }),
  },
  {
    feature: 'totally stubby area',
    text: inRouter('area 0.0.0.1 stub no-summary'),
    gives: area1({ type: 'stub', summaries: false }),
  },
  {
    feature: 'stub area no more totally',
    text: inRouter('area 1 stub no-summary', 'no area 1 stub no-summary'),
    gives: area1({ type: 'stub', summaries: undefined }),
  },
  {
    feature: 'NSSA',
    text: inRouter('area 1 nssa translate-always', 'area 1 nssa no-summary'),
    gives: area1({ type: 'nssa', summaries: false, nssa: { translator: 'always' } }),
  },
  {
    feature: 'default route into an NSSA',
    text: inRouter('area 1 nssa default-information-originate metric 5 metric-type 1'),
    gives: area1({ type: 'nssa', nssa: { defaultOriginate: { metric: 5, type: 1 } } }),
  },
  {
    feature: 'ranges of an NSSA',
    text: inRouter(
      'area 1 nssa',
      'area 1 nssa range 10.8.0.0/16',
      'area 1 nssa range 10.9.0.0/16 not-advertise',
    ),
    gives: area1({ nssa: { ranges: { '10.8.0.0/16': {}, '10.9.0.0/16': { advertise: false } } } }),
  },
  {
    feature: 'range',
    text: inRouter('area 1 range 10.1.2.3/16', 'area 1 range 10.3.0.0/16 advertise cost 9'),
    gives: area1({ ranges: { '10.1.0.0/16': {}, '10.3.0.0/16': { cost: 9 } } }),
  },
  {
    feature: 'range that hides',
    text: inRouter('area 1 range 10.1.0.0/16 cost 4', 'area 1 range 10.1.0.0/16 not-advertise'),
    gives: area1({ ranges: { '10.1.0.0/16': { advertise: false } } }),
  },
  {
    feature: 'range under another name',
    text: inRouter('area 1 range 10.1.0.0/16 substitute 11.0.0.0/8'),
    gives: area1({ ranges: { '10.1.0.0/16': { substitute: '11.0.0.0/8' } } }),
  },
  {
    feature: 'filter-list',
    text: `ip prefix-list P seq 5 deny 10.2.0.0/24\nip prefix-list P seq 10 permit any\n${inRouter('area 1 filter-list prefix P in')}`,
    gives: area1({
      importList: [
        { action: 'deny', prefix: '10.2.0.0/24' },
        { action: 'permit', prefix: '0.0.0.0/0', le: 32 },
      ],
    }),
  },
  {
    feature: 'filter-list the other way',
    text: `ip prefix-list P permit any\n${inRouter('area 1 filter-list prefix P out')}`,
    gives: area1({
      importList: undefined,
      exportList: [{ action: 'permit', prefix: '0.0.0.0/0', le: 32 }],
    }),
  },
  {
    feature: 'import-list and export-list',
    text: `access-list A permit 10.2.0.0/24\n${inRouter('area 1 import-list A', 'area 1 export-list A')}`,
    gives: area1({
      importList: [{ action: 'permit', prefix: '10.2.0.0/24', le: 32 }],
      exportList: [{ action: 'permit', prefix: '10.2.0.0/24', le: 32 }],
    }),
  },
  { feature: 'virtual link', text: inRouter('area 1 virtual-link 9.9.9.9'), gives: link9({}) },
  {
    feature: 'virtual link with timers',
    text: inRouter(
      'area 1 virtual-link 9.9.9.9 hello-interval 2 dead-interval 9',
      'area 1 virtual-link 9.9.9.9 retransmit-interval 3 transmit-delay 2',
    ),
    gives: link9({ helloInterval: 2, deadInterval: 9, retransmitInterval: 3, transmitDelay: 2 }),
  },
  {
    feature: 'virtual link with keys',
    text: inRouter(
      'area 1 virtual-link 9.9.9.9 authentication message-digest',
      'area 1 virtual-link 9.9.9.9 message-digest-key 4 md5 secret',
    ),
    gives: link9({ authentication: { type: 'md5', keys: [{ id: 4, key: 'secret' }] } }),
  },
  {
    feature: 'virtual link as the backbone is',
    text:
      inEth0('ip ospf authentication-key b') +
      inRouter('area 0 authentication', 'area 1 virtual-link 9.9.9.9 authentication-key pw'),
    gives: link9({ authentication: { type: 'simple', key: 'pw' } }),
  },
  { feature: 'ABR type', text: inRouter('ospf abr-type standard'), gives: { abrType: 'standard' } },
  {
    feature: 'RFC 1583',
    text: inRouter('compatible rfc1583'),
    gives: { rfc1583Compatibility: true },
  },
  { feature: 'RFC 2328 by default', text: '', gives: { rfc1583Compatibility: false } },
  {
    feature: 'reference bandwidth',
    text: inRouter('auto-cost reference-bandwidth 40000'),
    gives: eth0({ cost: 4 }),
  },
  { feature: 'bandwidth', text: inEth0('bandwidth 100'), gives: eth0({ cost: 1000 }) },
  {
    feature: 'costs of Quagga',
    text: inEth0('bandwidth 1000000') + inRouter('network 10.255.0.1/32 area 0'),
    gives: {
      areas: {
        '0.0.0.0': { interfaces: { eth0: { cost: 1 } }, stubNetworks: { '10.255.0.1/32': 10 } },
        '0.0.0.1': { interfaces: { eth1: { cost: 10 } } },
      },
    },
    compat: 'quagga-0.99',
  },
  {
    feature: 'SPF throttle',
    text: inRouter('timers throttle spf 200 400 10000'),
    gives: { spfDelay: { initialMs: 200, shortMs: 400, longMs: 10000 } },
  },
  {
    feature: 'LSA timers',
    text: inRouter('timers throttle lsa all 1000', 'timers lsa min-arrival 500'),
    gives: { limits: { minLsIntervalMs: 1000, minLsArrivalMs: 500 } },
  },
  {
    feature: 'maximum paths',
    text: inRouter('maximum-paths 16'),
    gives: { limits: { maximumPaths: 16 } },
  },
  {
    feature: 'stub router',
    text: inRouter('max-metric router-lsa administrative'),
    gives: { stubRouter: { always: true } },
  },
  {
    feature: 'stub router for a time',
    text: inRouter('max-metric router-lsa on-startup 90', 'max-metric router-lsa on-shutdown 10'),
    gives: { stubRouter: { onStartup: 90, onShutdown: 10, always: undefined } },
  },
  {
    feature: 'redistribution',
    text: inRouter(
      'default-metric 9',
      'redistribute connected metric 5 metric-type 1',
      'redistribute static',
      'redistribute bgp',
      'no redistribute bgp',
    ),
    gives: {
      redistribute: { connected: { metric: 5, type: 1 }, static: { metric: 9 }, bgp: undefined },
    },
    needs: 'redistribute',
  },
  {
    feature: 'redistribution with a map',
    text: `${inRouter('redistribute kernel route-map M')}route-map M permit 10\n set tag 5\n set metric 7\n`,
    gives: {
      redistribute: { kernel: { routeMap: 'M' } },
      routeMaps: { M: [{ set: { tag: 5, metric: 7 } }] },
    },
    needs: 'redistribute',
  },
  {
    feature: 'distribute-list',
    text: `access-list A permit 10.0.0.0/8\n${inRouter('redistribute static', 'distribute-list A out static')}`,
    gives: {
      redistribute: { static: { filter: [{ action: 'permit', prefix: '10.0.0.0/8', le: 32 }] } },
    },
    needs: 'redistribute',
  },
  {
    feature: 'default route',
    text: inRouter('default-information originate always metric 5 metric-type 1'),
    gives: { defaultInformation: { always: true, metric: 5, type: 1 } },
    needs: 'defaultInformation',
  },
  {
    feature: 'summary addresses',
    text: inRouter('summary-address 10.8.0.0/16 tag 3', 'summary-address 10.9.0.0/16 no-advertise'),
    gives: {
      summaryAddresses: {
        '10.8.0.0/16': { advertise: true, tag: 3 },
        '10.9.0.0/16': { advertise: false },
      },
    },
    needs: 'summaryAddresses',
  },
  {
    feature: 'learn, install nothing',
    text: 'ip protocol ospf route-map M\nroute-map M deny 10\n',
    gives: { installRoutes: false },
  },
  {
    feature: 'some routes to the kernel',
    text: 'ip protocol ospf route-map M\nroute-map M permit 10\n match tag 5\n set src 10.255.0.1\n',
    gives: {
      installRoutes: { accept: { routeMap: 'M' } },
      routeMaps: { M: [{ action: 'permit', match: { tag: 5 }, set: { source: '10.255.0.1' } }] },
    },
  },
  {
    feature: 'a further address',
    text: inEth0('ip ospf hello-interval 3 10.0.9.1') + inRouter('network 10.0.9.0/24 area 1'),
    gives: area1({
      interfaces: { eth1: {}, 'eth0:10.0.9.1': { helloInterval: 3, deadInterval: 12 } },
    }),
  },
  {
    feature: 'router information',
    text: `hostname here\n${inRouter('router-info as')}`,
    gives: { hostname: 'here', hostnameScope: 'as' },
  },
  {
    feature: 'ip ospf area',
    text: `no router ospf\n${inEth0('ip ospf area 3')}router ospf\n ospf router-id 1.1.1.1\n`,
    gives: { areas: { '0.0.0.3': { interfaces: { eth0: {} } } } },
  },
  {
    feature: 'an instance',
    text: `no router ospf\n${inEth0('ip ospf 5 area 3')}router ospf 5\n ospf router-id 1.1.1.1\n`,
    gives: { areas: { '0.0.0.3': { interfaces: { eth0: {} } } } },
  },
  {
    feature: 'addresses of zebra',
    text: inEth0(
      'ip address 10.0.7.1/24',
      'ip address 10.0.8.1/24 label eth0:8',
      'no ip address 10.0.7.1/24',
    ),
    gives: { addresses: [{ device: 'eth0', address: '10.0.8.1/24' }] },
  },
]

for (const { feature, text, gives, needs, compat = 'frr' } of rows) {
  t.test(feature, async (t) => {
    const lacks = needs === undefined ? lacking : new Set<Feature>()
    const { options, errors } = importFrr([{ name: 'f', text: `${base}${text}` }], {
      compat,
      lacks,
    })
    t.strictSame(errors, [])
    const started = startOptions(options!, resolveNetworks(options!, links))
    t.match(started, gives)
    // what is asked for today is what the speaker takes today
    if (needs === undefined || !lacking.has(needs)) t.doesNotThrow(() => parseOptions(started))
  })
}

t.test('so many features', async (t) => {
  t.ok(rows.filter(({ needs }) => needs === undefined || !lacking.has(needs)).length >= 25)
})
