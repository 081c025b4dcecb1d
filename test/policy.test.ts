import t from 'tap'
import { OspfError } from '../lib/index.ts'
import {
  applyPolicy,
  looksAtNextHops,
  type PoliciesOptions,
  type PolicyOptions,
  type PolicyRoute,
  parsePolicies,
  parsePolicy,
  type RouteMapEntryOptions,
} from '../lib/policy.ts'
import { formatIpv4, parseIpv4 } from '../lib/wire/address.ts'

const named: PoliciesOptions = {
  prefixLists: {
    VIPS: [
      { action: 'deny', prefix: '10.0.1.66/32' },
      { action: 'permit', prefix: '10.0.1.0/24', ge: 32 },
    ],
    GATEWAYS: [{ action: 'permit', prefix: '10.0.0.1/32' }],
  },
  routeMaps: {
    TAGGED: [{ action: 'permit', match: { tag: 7 }, set: { tag: 70 } }],
    COSTLIER: [{ action: 'permit', set: { metric: '+5' } }],
    NOTHING: [],
  },
}

function ip(text: string): number {
  const address = parseIpv4(text)
  if (address === undefined) throw new Error(text)
  return address
}

function route(text: string, more: Partial<PolicyRoute> = {}): PolicyRoute {
  const [address = '', length] = text.split('/')
  return { prefix: ip(address), length: Number(length), metric: 10, nextHops: [], ...more }
}

/** What a policy makes of a route: 'denied', or what it sets, in words. */
function outcome(options: PolicyOptions, of: PolicyRoute): string {
  const change = applyPolicy(parsePolicy('policy', options, parsePolicies(named)), of)
  if (change === undefined) return 'denied'
  return Object.entries(change)
    .map(([field, value]) => `${field} ${field === 'source' ? formatIpv4(value) : value}`)
    .join(', ')
}

const map = (...routeMap: RouteMapEntryOptions[]): PolicyOptions => ({ routeMap })
const vip = route('10.0.1.100/32')
const via = (gateway: string | undefined, device = 'eth0'): PolicyRoute =>
  route('10.0.1.100/32', {
    nextHops: [
      { interface: device, gateway: gateway === undefined ? undefined : ip(gateway) },
      { interface: 'eth9', gateway: ip('10.0.9.9') },
    ],
  })

t.test('a prefix list lets through what it permits', async (t) => {
  const list = { prefixList: 'VIPS' }
  t.equal(outcome(list, vip), '')
  t.equal(outcome(list, route('10.0.1.66/32')), 'denied')
  t.equal(outcome(list, route('10.0.1.0/24')), 'denied')
  t.equal(outcome({ prefixList: [{ action: 'permit', prefix: '10.0.1.0/24' }] }, vip), 'denied')
})

t.test('an entry applies when all that it matches holds', async (t) => {
  const external = route('0.0.0.0/0', { pathType: 'external-2', tag: 7, metric: 20 })
  const cases: [RouteMapEntryOptions['match'], PolicyRoute, boolean][] = [
    [undefined, vip, true],
    [{}, vip, true],
    [{ prefixList: 'VIPS' }, vip, true],
    [{ prefixList: 'VIPS' }, route('10.0.1.66/32'), false],
    [{ tag: 7 }, external, true],
    [{ tag: 8 }, external, false],
    [{ tag: 0 }, vip, true],
    [{ pathType: 'external-2' }, external, true],
    [{ pathType: 'external' }, external, true],
    [{ pathType: 'external-1' }, external, false],
    [{ pathType: ['intra-area', 'external-2'] }, external, true],
    [{ pathType: ['intra-area', 'inter-area'] }, external, false],
    [{ pathType: 'intra-area' }, vip, false],
    [{ metric: 20 }, external, true],
    [{ metric: 21 }, external, false],
    [{ metric: { ge: 20 } }, external, true],
    [{ metric: { ge: 21 } }, external, false],
    [{ metric: { le: 20 } }, external, true],
    [{ metric: { le: 19 } }, external, false],
    [{ nextHop: 'GATEWAYS' }, via('10.0.0.1'), true],
    [{ nextHop: 'GATEWAYS' }, via('10.0.0.2'), false],
    [{ nextHop: [{ action: 'permit', prefix: '0.0.0.0/0', le: 32 }] }, vip, false],
    [{ interface: 'eth0' }, via(undefined), true],
    [{ interface: 'eth1' }, via(undefined), false],
    [{ tag: 7, pathType: 'external' }, external, true],
    [{ tag: 7, pathType: 'intra-area' }, external, false],
  ]
  for (const [match, of, applies] of cases) {
    const entry = { action: 'permit', ...(match ? { match } : {}) } as const
    t.equal(outcome(map(entry), of), applies ? '' : 'denied', JSON.stringify(match))
    // 'deny' the same way round
    const rest = outcome(map({ ...entry, action: 'deny' }, { action: 'permit' }), of)
    t.equal(rest, applies ? 'denied' : '', `not ${JSON.stringify(match)}`)
  }
})

t.test('what an entry sets', async (t) => {
  const set = { metric: 5, metricType: 1, tag: 9, source: '10.0.0.9' } as const
  const said = 'metricType 1, tag 9, source 10.0.0.9, metric 5'
  t.equal(outcome(map({ action: 'permit', set }), vip), said)
  const metric = (value: number | `+${number}` | `-${number}`): string =>
    outcome(map({ action: 'permit', set: { metric: value } }), vip)
  t.equal(metric('+5'), 'metric 15')
  t.equal(metric('-5'), 'metric 5')
  t.equal(metric('-50'), 'metric 0')
  t.equal(metric('+16777214'), 'metric 16777214')
})

t.test('entries are taken in the order of their numbers', async (t) => {
  const shuffled = map(
    { sequence: 20, action: 'permit', set: { tag: 20 } },
    { sequence: 5, action: 'permit', match: { tag: 1 }, set: { tag: 5 } },
    // 10 more than the one before: 15
    { action: 'permit', match: { tag: 2 }, set: { tag: 15 } },
  )
  t.equal(outcome(shuffled, route('10.0.0.0/8', { tag: 1 })), 'tag 5')
  t.equal(outcome(shuffled, route('10.0.0.0/8', { tag: 2 })), 'tag 15')
  t.equal(outcome(shuffled, route('10.0.0.0/8')), 'tag 20')
})

t.test('the first entry that applies decides, and the end denies', async (t) => {
  const never = { tag: 99 }
  t.equal(outcome(map({ action: 'deny' }, { action: 'permit' }), vip), 'denied')
  t.equal(outcome(map({ action: 'permit' }, { action: 'deny' }), vip), '')
  t.equal(outcome(map({ action: 'deny', match: never }), vip), 'denied')
  t.equal(outcome({ routeMap: 'NOTHING' }, vip), 'denied')
})

t.test('an entry may go on with others', async (t) => {
  const one = { action: 'permit', set: { tag: 1 } } as const
  const two = { action: 'permit', set: { metric: 2 } } as const
  const never = { action: 'permit', match: { tag: 99 }, set: { tag: 9 } } as const
  t.equal(outcome(map({ ...one, onMatch: 'next' }, two), vip), 'tag 1, metric 2')
  // as in FRR: going on and off the end accepts, but not past an entry that does not apply
  t.equal(outcome(map({ ...one, onMatch: 'next' }), vip), 'tag 1')
  t.equal(outcome(map({ ...one, onMatch: 'next' }, never), vip), 'denied')
  t.equal(outcome(map({ ...one, onMatch: 'next' }, { action: 'deny' }), vip), 'denied')
  t.equal(outcome(map({ ...one, onMatch: 25 }, { action: 'deny' }, two), vip), 'tag 1, metric 2')
  t.equal(outcome(map({ ...one, onMatch: 400 }, { action: 'deny' }), vip), 'tag 1')
  // what is relative adds up, and matches look at the route as it came
  const more = { action: 'permit', match: { metric: 10 }, set: { metric: '+5' } } as const
  t.equal(outcome(map({ ...more, onMatch: 'next' }, more), vip), 'metric 20')
})

t.test('a map that is called must accept as well', async (t) => {
  const caller = { action: 'permit', set: { tag: 1 }, call: 'TAGGED' } as const
  t.equal(outcome(map(caller), vip), 'denied')
  t.equal(outcome(map(caller), route('10.0.0.0/8', { tag: 7 })), 'tag 70')
  const twice = { action: 'permit', set: { metric: '+1' }, call: 'COSTLIER' } as const
  t.equal(outcome(map(twice), vip), 'metric 16')
  t.equal(outcome(map({ ...twice, onMatch: 'next' }, twice), vip), 'metric 22')
})

t.test('which maps look at next hops', async (t) => {
  const looks = (options: PolicyOptions, maps: PoliciesOptions['routeMaps'] = {}): boolean =>
    looksAtNextHops(parsePolicy('policy', options, parsePolicies({ routeMaps: maps })))
  const device: RouteMapEntryOptions = { action: 'deny', match: { interface: 'eth0' } }
  const all = [{ action: 'permit', prefix: '0.0.0.0/0', le: 32 }] as const
  t.equal(looks(map(device)), true)
  t.equal(looks(map({ action: 'deny', match: { nextHop: all } })), true)
  t.equal(looks(map({ action: 'permit', match: { prefixList: all } })), false)
  t.equal(looks(map({ action: 'permit', call: 'DEVICE' }), { DEVICE: [device] }), true)
})

t.test('what is refused, and why', async (t) => {
  const refused = (options: unknown, message: RegExp | string): void => {
    const parse = (): unknown => parsePolicy('p', options as PolicyOptions, parsePolicies(named))
    t.throws(parse, { code: 'ERR_OSPF_CONFIG', message }, String(message))
  }
  refused({}, /^p: expected either prefixList or routeMap/)
  refused({ prefixList: 'VIPS', routeMap: [] }, /^p: expected either/)
  refused({ prefixlist: 'VIPS' }, /^p: unknown option 'prefixlist'/)
  refused(
    { prefixList: 'VIP' },
    /^p: prefixList: expected a name in prefixLists \(VIPS, GATEWAYS\)/,
  )
  refused({ routeMap: 'VIP' }, /^p: routeMap: expected a name in routeMaps \(TAGGED, COSTLIER/)
  refused({ routeMap: 'constructor' }, /^p: routeMap: expected a name in routeMaps/)
  refused({ routeMap: {} }, /^p: routeMap: expected a list of entries/)
  const entry = (options: unknown, message: RegExp): void =>
    refused({ routeMap: [options] }, message)
  entry({}, /^p: routeMap: 0: action: expected 'permit' or 'deny'/)
  entry({ action: 'permit', sequence: 0 }, /0: sequence: expected a whole number from 1 to 65535/)
  entry({ action: 'permit', matches: {} }, /0: unknown option 'matches'/)
  entry({ action: 'permit', match: { metrik: 1 } }, /0: match: unknown option 'metrik'/)
  entry({ action: 'permit', match: { pathType: 'external-3' } }, /pathType: expected one of intra-/)
  entry({ action: 'permit', match: { metric: { ge: 5, le: 4 } } }, /metric: le: expected .* from 5/)
  entry({ action: 'permit', match: { interface: 1 } }, /match: interface: expected a device name/)
  entry({ action: 'permit', match: { tag: -1 } }, /match: tag: expected a whole number from 0/)
  entry({ action: 'permit', set: { metric: '5' } }, /set: metric: expected a number, '\+N' or/)
  entry({ action: 'permit', set: { metricType: 3 } }, /set: metricType: expected 1 or 2/)
  entry(
    { action: 'permit', set: { source: '10.0.0.0/8' } },
    /set: source: expected an IPv4 address/,
  )
  entry({ action: 'permit', call: 'VIPS' }, /0: call: expected a name in routeMaps/)
  entry({ action: 'permit', onMatch: 10 }, /0: onMatch: expected a whole number from 11/)
  for (const field of ['set', 'call', 'onMatch']) {
    entry({ action: 'deny', [field]: {} }, new RegExp(`0: ${field}: expected action 'permit'`))
  }
  refused(
    {
      routeMap: [
        { action: 'permit', sequence: 10 },
        { action: 'deny', sequence: 10 },
      ],
    },
    /1: sequence: expected one entry of each number, got 10/,
  )
  const cycle = (): unknown =>
    parsePolicies({
      routeMaps: {
        A: [{ action: 'permit', call: 'B' }],
        B: [{ action: 'permit', call: 'A' }],
      },
    })
  t.throws(
    cycle,
    new OspfError(
      'ERR_OSPF_CONFIG',
      "routeMaps: B: 0: call: expected a map that does not call itself, got 'A -> B -> A'",
    ),
  )
})
