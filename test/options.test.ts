import t from 'tap'
import { defaultAreaConfig } from '../lib/core/area.ts'
import { defaultLimits } from '../lib/core/limits.ts'
import { defaultRouteDelay, defaultSpfDelay } from '../lib/core/spf-delay.ts'
import type { SpeakerOptions } from '../lib/index.ts'
import { parseOptions } from '../lib/options.ts'
import {
  onlyFields,
  parseAddress,
  parseArea,
  parseInteger,
  parsePrefix,
  parseVip,
} from '../lib/parse.ts'

const minimal = {
  routerId: '10.0.1.133',
  areas: { '0.0.0.0': { interfaces: { eth0: {} } } },
} satisfies SpeakerOptions

const kernelDefaults = {
  table: 254,
  metric: 20,
  protocol: 188,
  mode: 'auto',
  leftoverTime: 60,
  keep: false,
  discard: true,
}

t.test('the defaults', async (t) => {
  t.same(parseOptions(minimal), {
    routerId: 0x0a000185,
    interfaces: [
      {
        name: 'eth0',
        area: 0,
        network: 'broadcast',
        cost: 10,
        helloInterval: 10,
        deadInterval: 40,
        retransmitInterval: 5,
        transmitDelay: 1,
        priority: 1,
        passive: false,
        mtuIgnore: false,
      },
    ],
    areas: [defaultAreaConfig(0)],
    virtualLinks: [],
    stubs: [],
    abrType: 'cisco',
    rfc1583Compatibility: true,
    externals: [],
    summaryAddresses: [],
    stubRouter: undefined,
    role: 'announce-only',
    originate: undefined,
    routerHelper: undefined,
    directorHelper: {
      mode: 'report',
      arp: true,
      reversePath: false,
      nonlocalBind: false,
      forward: false,
      explicit: false,
    },
    limits: defaultLimits,
    spfDelay: defaultSpfDelay,
    lsaThrottle: {},
    routeDelay: defaultRouteDelay,
    kernel: undefined,
    accept: undefined,
    addresses: [],
    vipsAsExternalAbove: 100,
    eventQueue: 1000,
    policies: { prefixLists: new Map(), routeMaps: new Map() },
  })
})

t.test('who installs routes or has virtual links is a router, others announce', async (t) => {
  const role = (more: Partial<SpeakerOptions>): string => parseOptions({ ...minimal, ...more }).role
  t.equal(role({}), 'announce-only')
  t.equal(role({ role: 'router' }), 'router')
  t.equal(role({ installRoutes: true }), 'router')
  t.equal(role({ installRoutes: { table: 7 } }), 'router')
  const areas = { 0: {}, 1: { interfaces: { eth0: {} }, virtualLinks: { '10.0.0.9': {} } } }
  t.equal(role({ areas }), 'router')
  t.throws(() => role({ areas, role: 'announce-only' }), {
    message: "role: expected 'router' with virtual links, got 'announce-only'",
  })
})

t.test('an area may name its lists', async (t) => {
  const VIPS = [{ action: 'permit', prefix: '10.0.1.0/24', ge: 32 }] as const
  const areas = (importList: string): SpeakerOptions['areas'] => ({
    0: { interfaces: { eth0: {} } },
    1: { importList },
  })
  const parsed = parseOptions({ ...minimal, areas: areas('VIPS'), prefixLists: { VIPS } })
  t.same(parsed.areas[1]?.importList, [{ permit: true, prefix: 0x0a000100, length: 24, ge: 32 }])
  t.throws(() => parseOptions({ ...minimal, areas: areas('VIP'), prefixLists: { VIPS } }), {
    message: "area 1: importList: expected a name in prefixLists (VIPS), got 'VIP'",
  })
})

t.test('everything said', async (t) => {
  const settings = {
    network: 'point-to-point',
    cost: 65535,
    helloInterval: 2,
    deadInterval: 3,
    retransmitInterval: 1.5,
    transmitDelay: 3600,
    priority: 255,
    passive: true,
    mtuIgnore: true,
  } as const
  const parsed = parseOptions({
    routerId: '255.255.255.255',
    areas: {
      7: {
        interfaces: { eth0: settings, 'eth0.100': { helloInterval: 3 } },
        stubNetworks: { '10.9.0.0/16': 0, '10.8.0.1/32': 65535 },
      },
    },
    installRoutes: { table: 100 },
    signal: new AbortController().signal,
    addresses: [{ device: 'lo', address: '10.9.9.9/32' }],
    eventQueue: 1,
    limits: { lsas: 10 },
    spfDelay: { initialMs: 10 },
  })
  t.match(parsed, {
    routerId: 0xffffffff,
    interfaces: [
      { name: 'eth0', area: 7, ...settings },
      { name: 'eth0.100', area: 7, helloInterval: 3, deadInterval: 12 },
    ],
    kernel: { ...kernelDefaults, table: 100 },
    eventQueue: 1,
  })
  t.same(parsed.stubs, [
    { area: 7, prefix: 0x0a090000, length: 16, cost: 0 },
    { area: 7, prefix: 0x0a080001, length: 32, cost: 65535 },
  ])
  t.same(parsed.addresses, [{ device: 'lo', address: 0x0a090909, prefixLength: 32 }])
})

t.test('interfaces on the addresses of one device', async (t) => {
  const interfaces = { eth0: {}, 'eth0:10.0.2.1': { cost: 7 }, eth1: { secondaryAddresses: true } }
  const parsed = parseOptions({
    ...minimal,
    areas: { 0: { interfaces }, 5: { interfaces: { 'eth0:10.0.3.1': {} } } },
  })
  const shown = parsed.interfaces.map(({ name, area, device }) => ({ name, area, device }))
  t.same(shown, [
    { name: 'eth0', area: 0, device: 'eth0' },
    { name: 'eth0:10.0.2.1', area: 0, device: 'eth0' },
    { name: 'eth1', area: 0, device: undefined },
    { name: 'eth0:10.0.3.1', area: 5, device: 'eth0' },
  ])
  t.match(parsed.interfaces, [{}, { cost: 7 }, { secondaryAddresses: true }])
})

t.test('when to be a stub router', async (t) => {
  const parse = (stubRouter: SpeakerOptions['stubRouter'] & {}) =>
    parseOptions({ ...minimal, stubRouter }).stubRouter
  const how = { includeStub: false, externalMetric: undefined }
  t.equal(parse(false), undefined)
  t.same(parse(true), { how, always: true, onStartup: 0, onShutdown: 0 })
  t.same(parse({ includeStub: true, externalMetric: 9 }), {
    how: { includeStub: true, externalMetric: 9 },
    always: true,
    onStartup: 0,
    onShutdown: 0,
  })
  t.same(parse({ onStartup: 60 }), { how, always: false, onStartup: 60, onShutdown: 0 })
  t.same(parse({ always: true, onShutdown: 5 }), {
    how,
    always: true,
    onStartup: 0,
    onShutdown: 5,
  })
})

t.test('installing routes', async (t) => {
  const kernel = (installRoutes: SpeakerOptions['installRoutes'] & {}) =>
    parseOptions({ ...minimal, installRoutes }).kernel
  t.same(kernel(true), kernelDefaults)
  t.same(kernel({}), kernelDefaults)
  t.same(kernel({ metric: 5 }), { ...kernelDefaults, metric: 5 })
  t.equal(kernel(false), undefined)
})

/** Options with one thing wrong, and what is said of it. */
const wrong: readonly (readonly [options: unknown, message: string])[] = [
  [undefined, 'options: expected an object, got nothing'],
  ['eth0', "options: expected an object, got 'eth0'"],
  [[], 'options: expected an object, got []'],
  [
    { ...minimal, routerid: '1.1.1.1' },
    "options: unknown option 'routerid'; known are routerId, areas, abrType, rfc1583Compatibility, externals, redistribute, redistributeTable, defaultInformation, summaryAddresses, stubRouter, installRoutes, signal, addresses, vipsAsExternalAbove, record, eventQueue, limits, spfDelay, routeDelay, lsaThrottle, hostname, hostnameScope, sequenceStore, prefixLists, routeMaps, role, originate, routerHelper, directorHelper",
  ],
  [{ areas: minimal.areas }, 'routerId: expected an IPv4 address, got nothing'],
  [{ ...minimal, routerId: 1 }, 'routerId: expected an IPv4 address, got 1'],
  [{ ...minimal, routerId: '10.0.1' }, "routerId: expected an IPv4 address, got '10.0.1'"],
  [
    { ...minimal, routerId: '10.0.1.1/32' },
    "routerId: expected an IPv4 address, got '10.0.1.1/32'",
  ],
  [{ ...minimal, routerId: '::1' }, "routerId: expected an IPv4 address, got '::1'"],
  [
    { ...minimal, routerId: '0.0.0.0' },
    "routerId: expected a Router ID other than 0.0.0.0, got '0.0.0.0'",
  ],
  [{ routerId: '1.1.1.1' }, 'areas: expected an object with at least one area, got nothing'],
  [{ ...minimal, areas: {} }, 'areas: expected an object with at least one area, got {}'],
  [{ ...minimal, areas: ['0'] }, "areas: expected an object with at least one area, got [ '0' ]"],
  [{ ...minimal, areas: { x: {} } }, "area: expected an Area ID, dotted or a number, got 'x'"],
  [
    { ...minimal, areas: { 4294967296: {} } },
    "area: expected an Area ID, dotted or a number, got '4294967296'",
  ],
  [{ ...minimal, areas: { 0: null } }, 'area 0: expected an object, got null'],
  [
    { ...minimal, areas: { 0: { interface: {} } } },
    "area 0: unknown option 'interface'; known are type, summaries, defaultCost, ranges, importList, exportList, nssa, virtualLinks, interfaces, stubNetworks",
  ],
  [{ ...minimal, areas: { 0: {} } }, "areas: expected at least one interface, got 'none'"],
  [
    { ...minimal, areas: { 0: { interfaces: 'eth0' } } },
    "area 0: interfaces: expected an object, got 'eth0'",
  ],
  [
    { ...minimal, areas: { 0: { interfaces: ['eth0'] } } },
    "area 0: interfaces: expected an object, got [ 'eth0' ]",
  ],
  [
    { ...minimal, areas: { 0: { interfaces: { eth0: {} }, stubNetworks: ['10.0.0.0/8'] } } },
    "area 0: stubNetworks: expected an object, got [ '10.0.0.0/8' ]",
  ],
  [
    { ...minimal, areas: { 0: { interfaces: { eth0: {} }, stubNetworks: { '10.0.0.0': 'x' } } } },
    "area 0: stubNetworks: 10.0.0.0: expected a whole number from 0 to 65535, got 'x'",
  ],
  [
    { ...minimal, areas: { 0: { interfaces: { eth0: {} }, stubNetworks: { '10.0.0.1/8': 1 } } } },
    "area 0: stubNetworks: expected a prefix without host bits, got '10.0.0.1/8'",
  ],
  [
    { ...minimal, areas: { 0: { interfaces: { eth0: {} }, stubNetworks: { all: 1 } } } },
    "area 0: stubNetworks: expected a prefix A.B.C.D/L, got 'all'",
  ],
  [
    {
      ...minimal,
      areas: { 0: { interfaces: { eth0: {} } }, '0.0.0.0': { interfaces: { eth0: {} } } },
    },
    "area 0.0.0.0: expected one of each area, got '0.0.0.0'",
  ],
  [
    { ...minimal, areas: { 0: { interfaces: { eth0: {} } }, 1: { interfaces: { eth0: {} } } } },
    "interface eth0: expected one area, got '0 and 1'",
  ],
  [
    { ...minimal, areas: { 0: { type: 'stub', interfaces: { eth0: {} } } } },
    "area 0: type: expected 'normal', as the backbone is (RFC 2328 3.6), got 'stub'",
  ],
  [
    { ...minimal, areas: { 1: { type: 'stub', nssa: {}, interfaces: { eth0: {} } } } },
    "area 1: nssa: expected type 'nssa', got 'stub'",
  ],
  [
    {
      ...minimal,
      areas: { 1: { type: 'stub', virtualLinks: { '1.1.1.1': {} }, interfaces: { eth0: {} } } },
    },
    "area 1: virtualLinks: 1.1.1.1: expected a normal area other than the backbone, got 'stub'",
  ],
  [
    {
      ...minimal,
      areas: {
        1: { ranges: { '10.0.0.0/8': {} }, interfaces: { eth0: {} } },
        2: { ranges: { '10.0.0.0/8': {} } },
      },
    },
    "area 0.0.0.2: ranges: 10.0.0.0/8: expected a range that shares no address with one of another area, got '10.0.0.0/8 of area 0.0.0.1'",
  ],
  [
    { ...minimal, installRoutes: 'yes' },
    "installRoutes: expected true, false or an object, got 'yes'",
  ],
  [{ ...minimal, installRoutes: [] }, 'installRoutes: expected true, false or an object, got []'],
  [
    { ...minimal, installRoutes: { tables: 1 } },
    "installRoutes: unknown option 'tables'; known are table, vrf, metric, protocol, source, mode, resilient, nextHopIds, leftoverTime, keep",
  ],
  [
    { ...minimal, installRoutes: { table: 0 } },
    'installRoutes: table: expected a whole number from 1 to 4294967295, got 0',
  ],
  [
    { ...minimal, installRoutes: { metric: 0.5 } },
    'installRoutes: metric: expected a whole number from 1 to 4294967295, got 0.5',
  ],
  [
    { ...minimal, areas: { 0: { interfaces: { 'eth0:1': {} } } } },
    "interface eth0:1: expected an IPv4 address, got '1'",
  ],
  [
    { ...minimal, areas: { 0: { interfaces: { ':10.0.0.1': {} } } } },
    "interface :10.0.0.1: expected a device name, got ''",
  ],
  [
    { ...minimal, stubRouter: { onStart: 5 } },
    "stubRouter: unknown option 'onStart'; known are includeStub, externalMetric, always, onStartup, onShutdown",
  ],
  [
    { ...minimal, stubRouter: { onStartup: 1 } },
    'stubRouter: onStartup: expected a whole number from 5 to 86400, got 1',
  ],
  [
    { ...minimal, stubRouter: { onShutdown: 601 } },
    'stubRouter: onShutdown: expected a whole number from 1 to 600, got 601',
  ],
  [{ ...minimal, stubRouter: 'yes' }, "stubRouter: expected true, false or an object, got 'yes'"],
  [{ ...minimal, signal: {} }, 'signal: expected an AbortSignal, got {}'],
  [{ ...minimal, addresses: {} }, 'addresses: expected a list, got {}'],
  [{ ...minimal, addresses: ['10.0.0.1/8'] }, "addresses: 0: expected an object, got '10.0.0.1/8'"],
  [
    { ...minimal, addresses: [{ device: 'lo', address: '10.0.0.1/8' }, { name: 'lo' }] },
    "addresses: 1: unknown option 'name'; known are device, address",
  ],
  [
    { ...minimal, addresses: [{ address: '10.0.0.1/8' }] },
    'addresses: 0: device: expected a device name, got nothing',
  ],
  ...['10.0.0.1', '10.0.0.1/', '10.0.0.1/8/8', '10.0.0.1/ 8', 7].map(
    (address) =>
      [
        { ...minimal, addresses: [{ device: 'lo', address }] },
        `addresses: 0: address: expected A.B.C.D/L, got ${typeof address === 'string' ? `'${address}'` : address}`,
      ] as const,
  ),
  [
    { ...minimal, addresses: [{ device: 'lo', address: '10.0.1/8' }] },
    "addresses: 0: address: expected an IPv4 address, got '10.0.1'",
  ],
  [
    { ...minimal, addresses: [{ device: 'lo', address: '10.0.0.1/33' }] },
    'addresses: 0: address: length: expected a whole number from 0 to 32, got 33',
  ],
  [{ ...minimal, eventQueue: 0 }, 'eventQueue: expected a whole number from 1 to 1000000, got 0'],
  [{ ...minimal, limits: 5 }, 'limits: expected an object, got 5'],
  [
    { ...minimal, limits: { lsa: 5 } },
    "limits: unknown option 'lsa'; known are lsas, externals, redistributed, neighborsPerInterface, exchanging, packetsPerSecond, maximumPaths, mismatches, opaqueOctets, exitOverflowMs, minLsIntervalMs, minLsArrivalMs",
  ],
  [
    { ...minimal, limits: { lsas: -1 } },
    'limits: lsas: expected a whole number from 1 to 2147483647, got -1',
  ],
  [
    { ...minimal, limits: { minLsIntervalMs: 0, maximumPaths: 0 } },
    'limits: maximumPaths: expected a whole number from 1 to 256, got 0',
  ],
  [
    { ...minimal, limits: { maximumPaths: 257 } },
    'limits: maximumPaths: expected a whole number from 1 to 256, got 257',
  ],
  [
    { ...minimal, routeDelay: { shortMs: -1 } },
    'routeDelay: shortMs: expected a whole number from 0 to 2147483647, got -1',
  ],
  [
    { ...minimal, spfDelay: { initial: 5 } },
    "spfDelay: unknown option 'initial'; known are initialMs, shortMs, longMs, timeToLearnMs, holdDownMs",
  ],
  [
    { ...minimal, lsaThrottle: { initial: 5 } },
    "lsaThrottle: unknown option 'initial'; known are initialMs, holdMs, maxMs",
  ],
  [
    { ...minimal, spfDelay: { longMs: 'soon' } },
    "spfDelay: longMs: expected a whole number from 0 to 2147483647, got 'soon'",
  ],
  [{ ...minimal, role: 'host' }, "role: expected 'router' or 'announce-only', got 'host'"],
  [
    { ...minimal, role: 'announce-only', installRoutes: true },
    "role: expected 'router' with installRoutes, got 'announce-only'",
  ],
  [
    { ...minimal, originate: [], externals: { '10.0.0.0/8': {} } },
    "originate: expected a prefix that 'originate' permits, got '10.0.0.0/8'",
  ],
  [
    { ...minimal, installRoutes: { accept: { routeMap: 'VIPS' } } },
    "installRoutes: accept: routeMap: expected a name in routeMaps, which has none, got 'VIPS'",
  ],
  [
    {
      ...minimal,
      installRoutes: { accept: { routeMap: [{ action: 'permit', set: { tag: 1 } }] } },
    },
    "installRoutes: accept: entry 10: set: expected nothing but a source for the kernel, got 'tag'",
  ],
]

const wholeNumber = (least: number, most: number): string =>
  `expected a whole number from ${least} to ${most}`

/** Settings of eth0 with one thing wrong. */
const wrongSettings: readonly (readonly [settings: unknown, message: string])[] = [
  [true, 'expected an object, got true'],
  [
    { hello: 1 },
    "unknown option 'hello'; known are network, cost, helloInterval, deadInterval, waitInterval, helloMultiplier, retransmitInterval, transmitDelay, priority, passive, mtuIgnore, neighbors, nonBroadcast, pollInterval, prefixSuppression, secondaryAddresses, authentication, aliveBy, ttlSecurity",
  ],
  [
    { network: 'ring' },
    "network: expected one of broadcast, nbma, point-to-point, point-to-multipoint, got 'ring'",
  ],
  [{ neighbors: {} }, "neighbors: expected network 'nbma' or nonBroadcast, got 'broadcast'"],
  [{ cost: 0 }, `cost: ${wholeNumber(1, 65535)}, got 0`],
  [{ cost: 65536 }, `cost: ${wholeNumber(1, 65535)}, got 65536`],
  [{ cost: '10' }, `cost: ${wholeNumber(1, 65535)}, got '10'`],
  [{ cost: Number.NaN }, `cost: ${wholeNumber(1, 65535)}, got NaN`],
  [
    { helloInterval: 0.5 },
    'helloInterval: expected whole seconds; below them there is helloMultiplier, with deadInterval 1, got 0.5',
  ],
  [{ helloInterval: 0 }, `helloInterval: ${wholeNumber(1, 65535)}, got 0`],
  [
    { helloInterval: 1, helloMultiplier: 5 },
    'helloInterval: expected no helloInterval together with a helloMultiplier, got 1',
  ],
  [
    { helloMultiplier: 5, deadInterval: 4 },
    'deadInterval: expected 1, as helloMultiplier is given, got 4',
  ],
  [{ helloMultiplier: 1 }, `helloMultiplier: ${wholeNumber(2, 20)}, got 1`],
  [{ helloMultiplier: 21 }, `helloMultiplier: ${wholeNumber(2, 20)}, got 21`],
  [{ helloInterval: 20_000 }, `deadInterval: ${wholeNumber(1, 65535)}, got 80000`],
  [{ deadInterval: 0 }, `deadInterval: ${wholeNumber(1, 65535)}, got 0`],
  [{ deadInterval: 10 }, 'deadInterval: expected more than the hello interval of 10 s, got 10'],
  [{ retransmitInterval: 0.5 }, 'retransmitInterval: expected a number of seconds from 1, got 0.5'],
  [{ retransmitInterval: '5' }, "retransmitInterval: expected a number of seconds from 1, got '5'"],
  [{ transmitDelay: 0 }, `transmitDelay: ${wholeNumber(1, 3600)}, got 0`],
  [{ priority: 256 }, `priority: ${wholeNumber(0, 255)}, got 256`],
  [{ priority: -1 }, `priority: ${wholeNumber(0, 255)}, got -1`],
  [{ passive: 'yes' }, "passive: expected true or false, got 'yes'"],
  [{ mtuIgnore: 1 }, 'mtuIgnore: expected true or false, got 1'],
  [{ aliveBy: 'lsu' }, "aliveBy: expected 'any' or 'hello', got 'lsu'"],
  [{ ttlSecurity: 'yes' }, "ttlSecurity: expected true, false or an object, got 'yes'"],
  [{ ttlSecurity: { hops: 0 } }, `ttlSecurity: hops: ${wholeNumber(1, 254)}, got 0`],
  [{ ttlSecurity: { hops: 255 } }, `ttlSecurity: hops: ${wholeNumber(1, 254)}, got 255`],
  [{ ttlSecurity: { txOnly: 1 } }, 'ttlSecurity: txOnly: expected true or false, got 1'],
  [{ ttlSecurity: { hop: 1 } }, "ttlSecurity: unknown option 'hop'; known are hops, txOnly"],
]

t.test('GTSM of interfaces and of virtual links', async (t) => {
  const parse = (ttlSecurity: unknown) => {
    const settings = ttlSecurity === undefined ? {} : { ttlSecurity }
    return parseOptions({
      ...minimal,
      areas: {
        0: { interfaces: { eth0: settings } },
        1: { virtualLinks: { '10.0.0.9': settings } },
      },
    } as SpeakerOptions)
  }
  const hops = { hops: 3 }
  const parsed = parse(hops)
  for (const config of [...parsed.interfaces, ...parsed.virtualLinks]) {
    t.same(config.ttlSecurity, { hops: 3, txOnly: false })
  }
  t.notOk('ttlSecurity' in parse(undefined).interfaces[0]!)
  for (const value of [true, {}]) {
    t.throws(() => parse(value), {
      message:
        /^area 1: virtualLinks: 10\.0\.0\.9: ttlSecurity: expected an object with hops, as many as/,
    })
  }
})

t.test('Hellos below a second', async (t) => {
  for (const deadInterval of [undefined, 1]) {
    const settings = { helloMultiplier: 5, ...(deadInterval ? { deadInterval } : {}) }
    const areas = { 0: { interfaces: { eth0: settings } } }
    const [eth0] = parseOptions({ ...minimal, areas }).interfaces
    t.match(eth0, { helloInterval: 0, deadInterval: 1, helloMultiplier: 5 })
  }
})

t.test('what is wrong is named, with what was expected and what was found', async (t) => {
  for (const [options, message] of wrong) {
    t.throws(
      () => parseOptions(options as SpeakerOptions),
      { name: 'OspfError', code: 'ERR_OSPF_CONFIG', message },
      message,
    )
  }
  for (const [settings, text] of wrongSettings) {
    const areas = { 0: { interfaces: { eth0: settings } } }
    const message = `interface eth0: ${text}`
    t.throws(
      () => parseOptions({ ...minimal, areas } as SpeakerOptions),
      { name: 'OspfError', code: 'ERR_OSPF_CONFIG', message },
      message,
    )
  }
})

t.test('device names are those that the kernel allows', async (t) => {
  const areas = (name: string) => ({ 0: { interfaces: { [name]: {} } } })
  for (const name of ['', 'a/b', 'eth 0', 'sixteen-letters-']) {
    t.throws(
      () => parseOptions({ ...minimal, areas: areas(name) }),
      { message: `interface${name && ` ${name}`}: expected a device name, got '${name}'` },
      JSON.stringify(name),
    )
  }
  for (const name of ['eth0.4094', 'br-lan', 'fifteen-letters']) {
    t.equal(parseOptions({ ...minimal, areas: areas(name) }).interfaces[0]?.name, name)
  }
})

t.test('found values are shown at a bearable length', async (t) => {
  const fail = (value: unknown): string => {
    try {
      parseInteger('field', value, 0, 1)
    } catch (error) {
      return (error as Error).message
    }
    return ''
  }
  t.match(fail(Object.create(null)), 'got [Object: null prototype] {}')
  t.match(fail({ a: { b: { c: 1 } } }), 'got { a: [Object] }')
  t.match(fail(Symbol('x')), 'got Symbol(x)')
  t.ok(fail('x'.repeat(10_000)).length < 250)
})

t.test('the Wait Timer', async (t) => {
  const parse = (waitInterval: unknown) =>
    parseOptions({
      ...minimal,
      areas: { 0: { interfaces: { eth0: { waitInterval: waitInterval as number } } } },
    }).interfaces[0]
  t.equal(parse(3)?.waitInterval, 3)
  t.notOk('waitInterval' in parse(undefined)!)
  t.throws(() => parse(0), {
    message: 'interface eth0: waitInterval: expected a whole number from 1 to 65535, got 0',
  })
})

t.test('the parsers by themselves', async (t) => {
  t.equal(parseAddress('x', '10.0.0.1'), 0x0a000001)
  t.equal(parseAddress('x', '255.255.255.255'), 0xffffffff)
  t.same(parsePrefix('x', '10.0.0.0/8'), { prefix: 0x0a000000, length: 8 })
  t.same(parsePrefix('x', '0.0.0.0/0'), { prefix: 0, length: 0 })
  t.same(parseVip('223.255.255.255'), { prefix: 0xdfffffff, length: 32 })
  t.equal(parseArea('x', '4294967295'), 0xffffffff)
  t.equal(parseArea('x', '0.0.0.10'), 10)
  t.throws(() => parseArea('x', '10.0.0.0/8'), { message: /^x: expected an Area ID/ })
  t.equal(parseInteger('x', 3, 3, 3), 3)
  t.doesNotThrow(() => onlyFields('x', {}, []))
})
