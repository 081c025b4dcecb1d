import t from 'tap'
import type { NextHop, Route, RouteChange } from '../lib/core/io.ts'
import {
  type PoliciesOptions,
  parseAccept,
  parsePolicies,
  type RouteMap,
  type RouteMapEntryOptions,
} from '../lib/policy.ts'
import { RouteFilter } from '../lib/route-filter.ts'
import { formatIpv4, formatPrefix, parseIpv4 } from '../lib/wire/address.ts'

const hop = (device: string, gateway: string): NextHop => ({
  interface: device,
  gateway: parseIpv4(gateway)!,
})
const one = hop('eth0', '10.0.0.1')
const two = hop('eth1', '10.1.0.1')

function route(text: string, more: Partial<Route> = {}): Route {
  const [address = '', length] = text.split('/')
  const place = { prefix: parseIpv4(address)!, length: Number(length) }
  return { ...place, pathType: 'intra-area', area: 0, cost: 10, nextHops: [one], ...more }
}

const vip = route('10.0.1.100/32')
const other = route('10.2.0.0/16')
const set = (...routes: Route[]): RouteChange[] =>
  routes.map((each) => ({ type: 'replace', route: each }))
const gone = ({ prefix, length }: Route): RouteChange => ({ type: 'remove', prefix, length })

/** A filter, and what its sink was told since the last look, in words. */
function bench(policy?: RouteMap): { filter: RouteFilter; told: () => string[] } {
  const changes: RouteChange[] = []
  const filter = new RouteFilter(
    {
      apply: (more) => void changes.push(...more),
      settled: async () => {},
      [Symbol.asyncDispose]: async () => {},
    },
    policy,
  )
  return { filter, told: () => changes.splice(0).map(inWords) }
}

function inWords(change: RouteChange): string {
  if (change.type === 'remove') return `- ${formatPrefix(change.prefix, change.length)}`
  const { prefix, length, nextHops, source } = change.route
  const hops = nextHops.map((each) => each.interface).join('+')
  const from = source === undefined ? '' : ` from ${formatIpv4(source)}`
  return `+ ${formatPrefix(prefix, length)} ${hops}${from}`
}

const map = (...routeMap: RouteMapEntryOptions[]): RouteMap =>
  parseAccept('accept', { routeMap }, parsePolicies({}))
const vips = [{ action: 'permit', prefix: '10.0.1.0/24', ge: 32 }] as const
const onlyVips = map({ action: 'permit', match: { prefixList: vips } })

t.test('routes to where no host can be never reach the kernel, whatever the policy', async (t) => {
  for (const policy of [undefined, map({ action: 'permit' })]) {
    const { filter, told } = bench(policy)
    for (const nowhere of [
      '127.0.0.0/8',
      '127.0.0.1/32',
      '224.0.0.0/4',
      '239.1.1.1/32',
      '0.0.0.0/8',
      '255.255.255.255/32',
    ]) {
      filter.apply(set(route(nowhere)))
      t.same(told(), [], nowhere)
      filter.apply([gone(route(nowhere))])
      t.same(told(), [])
    }
    for (const somewhere of [
      '0.0.0.0/0',
      '0.0.0.0/1',
      '128.0.0.0/1',
      '126.0.0.0/7',
      '169.254.0.0/16',
      '240.0.0.0/4',
    ]) {
      filter.apply(set(route(somewhere)))
      t.same(told(), [`+ ${somewhere} eth0`])
    }
  }
})

t.test('without a policy everything passes', async (t) => {
  const { filter, told } = bench()
  filter.apply(set(vip, other))
  t.same(told(), ['+ 10.0.1.100/32 eth0', '+ 10.2.0.0/16 eth0'])
  filter.apply([gone(vip)])
  t.same(told(), ['- 10.0.1.100/32'])
})

t.test('a weight that changes is told', async (t) => {
  const { filter, told } = bench()
  filter.apply(set(vip))
  told()
  filter.apply(set({ ...vip, nextHops: [{ ...one, weight: 255 }] }))
  t.same(told(), ['+ 10.0.1.100/32 eth0'])
  filter.apply(set({ ...vip, nextHops: [{ ...one, weight: 255 }] }))
  t.same(told(), [])
})

t.test('what is denied never gets there, and is not removed', async (t) => {
  const { filter, told } = bench(onlyVips)
  filter.apply(set(vip, other))
  t.same(told(), ['+ 10.0.1.100/32 eth0'])
  filter.apply([gone(other), gone(vip)])
  t.same(told(), ['- 10.0.1.100/32'])
})

t.test('the policy that denies everything installs nothing', async (t) => {
  const { filter, told } = bench(map({ action: 'deny' }))
  filter.apply(set(vip, other))
  filter.apply([gone(vip)])
  t.same(told(), [])
})

t.test('a route that is replaced by one that is denied is removed', async (t) => {
  const { filter, told } = bench(map({ action: 'permit', match: { metric: { le: 100 } } }))
  filter.apply(set(vip))
  t.same(told(), ['+ 10.0.1.100/32 eth0'])
  filter.apply(set({ ...vip, cost: 101 }))
  t.same(told(), ['- 10.0.1.100/32'])
  filter.apply(set({ ...vip, cost: 100 }))
  t.same(told(), ['+ 10.0.1.100/32 eth0'])
  // of type 2, its own metric counts
  filter.apply(set({ ...vip, pathType: 'external-2', cost: 1, type2Cost: 200 }))
  t.same(told(), ['- 10.0.1.100/32'])
})

t.test('a new policy applies to what is there', async (t) => {
  const { filter, told } = bench()
  filter.apply(set(vip, other))
  told()
  filter.replace(onlyVips, [vip, other])
  t.same(told(), ['- 10.2.0.0/16'])
  filter.replace(undefined, [vip, other])
  t.same(told(), ['+ 10.2.0.0/16 eth0'])
  filter.replace(map({ action: 'permit', set: { source: '10.0.0.9' } }), [vip, other])
  t.same(told(), ['+ 10.0.1.100/32 eth0 from 10.0.0.9', '+ 10.2.0.0/16 eth0 from 10.0.0.9'])
})

t.test('what the kernel would not tell apart is not told again', async (t) => {
  const { filter, told } = bench(onlyVips)
  filter.apply(set(vip))
  told()
  filter.apply(set({ ...vip, cost: 11, nextHops: [{ ...one }] }))
  t.same(told(), [])
  filter.apply(set({ ...vip, nextHops: [one, two] }))
  t.same(told(), ['+ 10.0.1.100/32 eth0+eth1'])
})

t.test('each next hop has its own verdict', async (t) => {
  const both = { ...vip, nextHops: [one, two] }
  const { filter, told } = bench(
    map(
      { action: 'deny', match: { interface: 'eth1' } },
      { action: 'permit', set: { source: '10.0.0.9' } },
    ),
  )
  filter.apply(set(both))
  t.same(told(), ['+ 10.0.1.100/32 eth0 from 10.0.0.9'])
  filter.apply(set({ ...vip, nextHops: [two] }))
  t.same(told(), ['- 10.0.1.100/32'])
})

t.test('nothing but a source can be set on the way to the kernel', async (t) => {
  const routeMaps: PoliciesOptions['routeMaps'] = {
    COST: [{ action: 'permit', set: { metric: 1 } }],
  }
  const policies = parsePolicies({ routeMaps })
  t.throws(() => parseAccept('accept', { routeMap: 'COST' }, policies), {
    message: "accept: entry 10: set: expected nothing but a source for the kernel, got 'metric'",
  })
  const calls = [{ action: 'permit', call: 'COST' }] as const
  t.throws(() => parseAccept('accept', { routeMap: calls }, policies), {
    code: 'ERR_OSPF_CONFIG',
  })
})

t.test('the rest goes to the sink as it is', async (t) => {
  const asked: string[] = []
  const filter = new RouteFilter(
    {
      apply: () => asked.push('apply'),
      settled: async () => void asked.push('settled'),
      [Symbol.asyncDispose]: async () => void asked.push('close'),
    },
    undefined,
  )
  filter.apply([])
  await filter.settled()
  await filter[Symbol.asyncDispose]()
  t.same(asked, ['settled', 'close'])
})
