/**
 * Configurations that contradict themselves (issue 3's list and its kin): each is refused with the reason, by the
 * reader of options and by `OspfSpeaker.start` before it has touched a port.
 */
import t from 'tap'
import {
  type AreaOptions,
  type AuthenticationOptions,
  OspfSpeaker,
  type SpeakerOptions,
} from '../lib/index.ts'
import { parseOptions } from '../lib/options.ts'

const routerId = '10.0.0.1'
const interfaces = { eth0: {} }

const withAreas = (areas: Readonly<Record<string, AreaOptions>>): unknown => ({ routerId, areas })
const withArea = (area: unknown): unknown => ({
  routerId,
  areas: { 1: { interfaces, ...(area as object) } },
})
const withAuthentication = (authentication: unknown): unknown =>
  withAreas({
    1: { interfaces: { eth0: { authentication: authentication as AuthenticationOptions } } },
  })

const refused: Readonly<Record<string, readonly [options: unknown, reason: string]>> = {
  'one range in two areas': [
    withAreas({
      1: { interfaces, ranges: { '10.0.0.0/8': {} } },
      2: { ranges: { '10.0.0.0/8': {} } },
    }),
    'area 0.0.0.2: ranges: 10.0.0.0/8: expected a range that shares no address with one of another area, ' +
      "got '10.0.0.0/8 of area 0.0.0.1'",
  ],
  'a range inside that of another area': [
    withAreas({
      1: { interfaces, ranges: { '10.0.0.0/8': {} } },
      2: { ranges: { '10.1.0.0/16': {} } },
    }),
    'area 0.0.0.2: ranges: 10.1.0.0/16: expected a range that shares no address with one of another area, ' +
      "got '10.0.0.0/8 of area 0.0.0.1'",
  ],
  'a range around that of the backbone': [
    withAreas({
      0: { interfaces, ranges: { '10.1.0.0/16': {} } },
      2: { ranges: { '10.0.0.0/8': { advertise: false } } },
    }),
    'area 0.0.0.2: ranges: 10.0.0.0/8: expected a range that shares no address with one of another area, ' +
      "got '10.1.0.0/16 of area 0.0.0.0'",
  ],
  'a hidden range with a cost': [
    withArea({ ranges: { '10.0.0.0/8': { advertise: false, cost: 5 } } }),
    "area 1: ranges: 10.0.0.0/8: cost: expected a range that is advertised, got 'advertise: false'",
  ],
  'a hidden range with a substitute': [
    withArea({ ranges: { '10.0.0.0/8': { advertise: false, substitute: '11.0.0.0/8' } } }),
    'area 1: ranges: 10.0.0.0/8: substitute: expected a range that is advertised, ' +
      "got 'advertise: false'",
  ],
  'a tag on a range of networks': [
    withArea({ ranges: { '10.0.0.0/8': { tag: 5 } } }),
    "area 1: ranges: 10.0.0.0/8: unknown option 'tag'; known are advertise, cost, substitute",
  ],
  'a substitute for a range of externals': [
    withArea({ type: 'nssa', nssa: { ranges: { '10.0.0.0/8': { substitute: '11.0.0.0/8' } } } }),
    "area 1: nssa: ranges: 10.0.0.0/8: unknown option 'substitute'; known are advertise, cost, tag",
  ],
  'a virtual link through a stub area': [
    withArea({ type: 'stub', virtualLinks: { '10.0.0.9': {} } }),
    "area 1: virtualLinks: 10.0.0.9: expected a normal area other than the backbone, got 'stub'",
  ],
  'a virtual link through an NSSA': [
    withArea({ type: 'nssa', virtualLinks: { '10.0.0.9': {} } }),
    "area 1: virtualLinks: 10.0.0.9: expected a normal area other than the backbone, got 'nssa'",
  ],
  'a virtual link through the backbone': [
    withAreas({ 0: { interfaces, virtualLinks: { '10.0.0.9': {} } } }),
    "area 0: virtualLinks: 10.0.0.9: expected a normal area other than the backbone, got 'normal'",
  ],
  'a virtual link to ourselves': [
    withArea({ virtualLinks: { [routerId]: {} } }),
    "virtual link to 10.0.0.1 through 0.0.0.1: expected another router, got 'our own Router ID'",
  ],
  'NSSA and stub at once': [
    withArea({ type: 'stub', nssa: { translator: 'always' } }),
    "area 1: nssa: expected type 'nssa', got 'stub'",
  ],
  'NSSA settings of a normal area': [
    withArea({ nssa: {} }),
    "area 1: nssa: expected type 'nssa', got 'normal'",
  ],
  'a stub backbone': [
    withAreas({ 0: { interfaces, type: 'stub' } }),
    "area 0: type: expected 'normal', as the backbone is (RFC 2328 3.6), got 'stub'",
  ],
  'no summaries into a normal area': [
    withArea({ summaries: false }),
    "area 1: summaries: expected type 'stub' or 'nssa', got 'normal'",
  ],
  'the cost of a default that a normal area has not': [
    withArea({ defaultCost: 7 }),
    "area 1: defaultCost: expected type 'stub' or 'nssa', got 'normal'",
  ],
  'two types of area': [
    withArea({ type: ['stub', 'nssa'] }),
    "area 1: type: expected 'normal', 'stub' or 'nssa', got [ 'stub', 'nssa' ]",
  ],
  'a stability interval before now': [
    withArea({ type: 'nssa', nssa: { stabilityInterval: -1 } }),
    'area 1: nssa: stabilityInterval: expected a number of seconds from 0 to 65535, got -1',
  ],
  'a key chain with a gap, in sending': [
    withAuthentication({
      type: 'md5',
      keys: [
        { id: 1, key: 'a', send: { until: '2026-01-01T00:00:00Z' } },
        { id: 2, key: 'b', send: { from: '2026-02-01T00:00:00Z' } },
      ],
    }),
    'interface eth0: authentication: keys: no key to send with ' +
      'from 2026-01-01T00:00:00.000Z until 2026-02-01T00:00:00.000Z',
  ],
  'a key chain with a gap, in accepting': [
    withAuthentication({
      type: 'hmac-sha-256',
      keys: [
        { id: 1, key: 'a', accept: { until: '2026-01-01T00:00:00Z' } },
        { id: 2, key: 'b', accept: { from: '2026-02-01T00:00:00Z' } },
      ],
    }),
    'interface eth0: authentication: keys: no key to accept ' +
      'from 2026-01-01T00:00:00.000Z until 2026-02-01T00:00:00.000Z',
  ],
  'an unknown algorithm': [
    withAuthentication({ type: 'hmac-sha-224', keys: [{ id: 1, key: 'a' }] }),
    'interface eth0: authentication: type: expected one of none, simple, md5, hmac-sha-1, ' +
      "hmac-sha-256, hmac-sha-384, hmac-sha-512, got 'hmac-sha-224'",
  ],
  'an unknown algorithm of one key': [
    withAuthentication({ type: 'md5', keys: [{ id: 1, key: 'a', algorithm: 'crc32' }] }),
    'interface eth0: authentication: keys: 0 (id 1): algorithm: expected one of md5, hmac-sha-1, ' +
      "hmac-sha-256, hmac-sha-384, hmac-sha-512, got 'crc32'",
  ],
  'extended sequence numbers with keyed MD5': [
    withAuthentication({ type: 'md5', extended: true, keys: [{ id: 1, key: 'a' }] }),
    "interface eth0: authentication: keys: 0 (id 1): 'extended' (AuType 3) needs an HMAC, not md5 " +
      '(RFC 7474)',
  ],
}

/** Every port throws: who is refused must not have come so far. */
const noPorts = new Proxy(
  {},
  {
    get: (_, name) => {
      throw new Error(`the port ${String(name)} was touched`)
    },
  },
)

for (const [what, [options, message]] of Object.entries(refused)) {
  t.test(what, async (t) => {
    const error = { name: 'OspfError', code: 'ERR_OSPF_CONFIG', message }
    t.throws(() => parseOptions(options as SpeakerOptions), error)
    await t.rejects(OspfSpeaker.start(options as SpeakerOptions, noPorts as never), error)
  })
}

t.test('what only looks like it is taken', async (t) => {
  const taken: readonly AreaOptions[] = [
    { interfaces, ranges: { '10.0.0.0/8': { advertise: false }, '10.1.0.0/16': { cost: 5 } } },
    { interfaces, type: 'nssa', summaries: false, defaultCost: 5 },
    { interfaces, type: 'nssa', nssa: { stabilityInterval: 0.5 } },
    { interfaces, virtualLinks: { '10.0.0.9': {} } },
  ]
  const parsed = taken.map((area) => parseOptions(withAreas({ 1: area }) as SpeakerOptions))
  t.match(parsed[0]?.areas[0]?.ranges, [
    { length: 8, advertise: false },
    { length: 16, advertise: true, cost: 5 },
  ])
  t.match(parsed[1]?.areas[0], { kind: 'nssa', defaultCost: 5, nssa: { stabilityMs: 40_000 } })
  t.equal(parsed[2]?.areas[0]?.nssa.stabilityMs, 500)
  t.equal(parsed[3]?.virtualLinks.length, 1)
  // the neighbors of a range are no overlap
  const side = withAreas({
    1: { interfaces, ranges: { '10.0.0.0/9': {} } },
    2: { ranges: { '10.128.0.0/9': {} } },
  })
  t.equal(parseOptions(side as SpeakerOptions).areas.length, 2)
  // two ways to one router are two virtual links
  const twice = withAreas({
    1: { interfaces, virtualLinks: { '10.0.0.9': {} } },
    2: { virtualLinks: { '10.0.0.9': {} } },
  })
  const names = parseOptions(twice as SpeakerOptions).virtualLinks.map(({ name }) => name)
  t.equal(new Set(names).size, 2)
})
