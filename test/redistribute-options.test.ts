import t from 'tap'
import type { SpeakerOptions } from '../lib/index.ts'
import { parseOptions } from '../lib/options.ts'

const minimal = {
  routerId: '10.0.1.133',
  areas: { '0.0.0.0': { interfaces: { eth0: {} } } },
} satisfies SpeakerOptions

const parse = (more: Partial<SpeakerOptions>) => parseOptions({ ...minimal, ...more })
const plain = {
  metricType: 2,
  metric: 20,
  tag: 0,
  forwardingAddress: true,
  filter: undefined,
  routeMap: undefined,
}

t.test('nothing is redistributed unless asked', async (t) => {
  t.equal(parse({}).redistribution, undefined)
  t.equal(parse({ redistribute: {}, defaultInformation: false }).redistribution, undefined)
  t.same(parse({}).summaryAddresses, [])
})

t.test('kinds, protocols by name and by number', async (t) => {
  const { redistribution } = parse({
    redistribute: {
      connected: true,
      static: { type: 1, metric: 5, tag: 7 },
      kernel: { forwardingAddress: false },
      bgp: { filter: [{ action: 'permit', prefix: '172.16.0.0/12', le: 24 }] },
      '201': {},
      ospf: true,
    },
  })
  t.strictSame(redistribution, {
    table: undefined,
    connected: plain,
    static: { ...plain, metricType: 1, metric: 5, tag: 7 },
    kernel: { ...plain, forwardingAddress: false },
    protocols: new Map<number, unknown>([
      [201, plain],
      [186, { ...plain, filter: [{ permit: true, prefix: 0xac100000, length: 12, le: 24 }] }],
      [188, plain],
    ]),
    defaultInformation: undefined,
  })
})

t.test('prefix lists and route maps, by name or in place', async (t) => {
  const { redistribution } = parse({
    prefixLists: { TENS: [{ action: 'permit', prefix: '10.0.0.0/8', le: 32 }] },
    routeMaps: { TAGGED: [{ action: 'permit', set: { tag: 5 } }] },
    redistribute: {
      static: { filter: 'TENS', routeMap: 'TAGGED' },
      bgp: { routeMap: [{ action: 'permit', match: { prefixList: 'TENS' } }] },
    },
  })
  const tens = [{ permit: true, prefix: 0x0a000000, length: 8, le: 32 }]
  t.match(redistribution?.static, {
    filter: tens,
    routeMap: [{ sequence: 10, permit: true, set: { tag: 5 } }],
  })
  t.match(redistribution?.protocols.get(186), { routeMap: [{ prefixes: tens }] })
})

t.test('the table is that of our own routes unless said otherwise', async (t) => {
  const of = (more: Partial<SpeakerOptions>) =>
    parse({ redistribute: { static: true }, ...more }).redistribution?.table
  t.equal(of({ installRoutes: { table: 7 } }), undefined)
  t.equal(of({ installRoutes: { table: 7 }, redistributeTable: 254 }), 254)
  t.throws(() => of({ redistributeTable: 0 }), {
    message: 'redistributeTable: expected a whole number from 1 to 4294967295, got 0',
  })
})

t.test('the default route has the metrics of FRR', async (t) => {
  const of = (defaultInformation: SpeakerOptions['defaultInformation'] & {}) =>
    parse({ defaultInformation }).redistribution?.defaultInformation
  const plain = { tag: 0, routeMap: undefined }
  t.strictSame(of(true), { ...plain, metricType: 2, metric: 10, always: false })
  t.strictSame(of({ always: true }), { ...plain, metricType: 2, metric: 1, always: true })
  const how = { always: true, metric: 3, type: 1, tag: 9 } as const
  t.strictSame(of(how), { ...plain, metricType: 1, metric: 3, tag: 9, always: true })
  const routeMap = [{ action: 'permit' as const }]
  t.strictSame(of({ routeMap })?.routeMap, [{ sequence: 10, permit: true, set: {} }])
  t.throws(() => of({ routeMap: 'M' }), {
    message: /^defaultInformation: routeMap: expected a name in routeMaps/,
  })
  t.throws(() => of({ routeMap: [{ action: 'permit', set: { source: '10.0.0.1' } }] }), {
    message: /^defaultInformation: entry 10: set: expected metric, metricType or tag/,
  })
})

t.test('summary addresses', async (t) => {
  const { summaryAddresses } = parse({
    summaryAddresses: {
      '10.0.0.0/8': {},
      '172.16.0.0/12': { advertise: false },
      '192.168.0.0/16': { tag: 5, metric: 6, type: 1 },
    },
  })
  const base = { advertise: true, metricType: 2, metric: 20, tag: 0 }
  t.strictSame(summaryAddresses, [
    { ...base, prefix: 0x0a000000, length: 8 },
    { ...base, prefix: 0xac100000, length: 12, advertise: false },
    { ...base, prefix: 0xc0a80000, length: 16, metricType: 1, metric: 6, tag: 5 },
  ])
})

t.test('what is wrong is named', async (t) => {
  const wrong: readonly (readonly [options: object, message: string | RegExp])[] = [
    [{ redistribute: ['bgp'] }, "redistribute: expected an object by kind of route, got [ 'bgp' ]"],
    [
      { redistribute: { bpg: true } },
      /^redistribute: expected connected, static, kernel, gated, .*bgp.* or a number from 3, got 'bpg'$/,
    ],
    [{ redistribute: { 256: true } }, /or a number from 3, got '256'$/],
    [{ redistribute: { 2: true } }, /or a number from 3, got '2'$/],
    [{ redistribute: { toString: true } }, /or a number from 3, got 'toString'$/],
    [
      { redistribute: { bgp: true, 186: true } },
      /^redistribute: (bgp|186): expected each protocol once/,
    ],
    [{ redistribute: { bgp: false } }, 'redistribute: bgp: expected true or an object, got false'],
    [
      { redistribute: { bgp: { cost: 1 } } },
      "redistribute: bgp: unknown option 'cost'; known are type, metric, tag, forwardingAddress, filter, routeMap",
    ],
    [{ redistribute: { bgp: { type: 3 } } }, 'redistribute: bgp: type: expected 1 or 2, got 3'],
    [
      { redistribute: { bgp: { metric: 0xffffff } } },
      'redistribute: bgp: metric: expected a whole number from 0 to 16777214, got 16777215',
    ],
    [
      { redistribute: { bgp: { filter: [{ action: 'maybe', prefix: '10.0.0.0/8' }] } } },
      "redistribute: bgp: filter: 0: action: expected 'permit' or 'deny', got 'maybe'",
    ],
    [
      { redistribute: { bgp: { filter: 'TENS' } } },
      "redistribute: bgp: filter: expected a name in prefixLists, which has none, got 'TENS'",
    ],
    [
      { redistribute: { bgp: { routeMap: 'TAGGED' } } },
      "redistribute: bgp: routeMap: expected a name in routeMaps, which has none, got 'TAGGED'",
    ],
    [
      {
        redistribute: {
          bgp: { routeMap: [{ action: 'permit', set: { source: '10.0.0.1' } }] },
        },
      },
      "redistribute: bgp: entry 10: set: expected metric, metricType or tag of an external, got 'source'",
    ],
    [
      { defaultInformation: 'always' },
      "defaultInformation: expected true, false or an object, got 'always'",
    ],
    [
      { defaultInformation: { always: 1 } },
      'defaultInformation: always: expected true or false, got 1',
    ],
    [
      { summaryAddresses: { '0.0.0.0/0': {} } },
      "summaryAddresses: expected a prefix of 1 to 31 bits, got '0.0.0.0/0'",
    ],
    [
      { summaryAddresses: { '10.0.0.1/32': {} } },
      "summaryAddresses: expected a prefix of 1 to 31 bits, got '10.0.0.1/32'",
    ],
    [
      { summaryAddresses: { '10.0.0.1/8': {} } },
      "summaryAddresses: expected a prefix without host bits, got '10.0.0.1/8'",
    ],
    [
      { summaryAddresses: { '10.0.0.0/8': { cost: 1 } } },
      "summaryAddresses: 10.0.0.0/8: unknown option 'cost'; known are advertise, tag, metric, type",
    ],
  ]
  for (const [options, message] of wrong) {
    t.throws(() => parse(options), { code: 'ERR_OSPF_CONFIG', message }, String(message))
  }
})
