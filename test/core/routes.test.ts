import t from 'tap'
import type { NextHop, Route } from '../../lib/core/io.ts'
import { isRemote, routeChange } from '../../lib/core/routes.ts'
import { ip, networkLsa, pointToPoint, routerLsa, segment, stub, us } from './bench.ts'

const via = (gateway: string | undefined, name = 'eth0'): NextHop => ({
  interface: name,
  gateway: gateway === undefined ? undefined : ip(gateway),
})
const route = (prefix: string, cost: number, ...nextHops: NextHop[]): Route => ({
  prefix: ip(prefix),
  length: 24,
  pathType: 'intra-area',
  area: 0,
  cost,
  nextHops,
})
t.test('only what leads through another router is for the kernel', async (t) => {
  t.ok(isRemote(route('192.0.2.0', 1, via('10.0.0.2'), via('10.0.0.3'))))
  t.notOk(isRemote(route('192.0.2.0', 1)), 'our own prefix')
  t.notOk(isRemote(route('192.0.2.0', 1, via(undefined))), 'an attached network')
})

t.test('the diff: new, changed and gone; costs and order do not matter', async (t) => {
  const a = via('10.0.0.2')
  const b = via('10.0.0.3')
  const replaced = (next: Route) => ({ type: 'replace', route: next })
  const removed = { type: 'remove', prefix: ip('192.0.2.0'), length: 24 }
  const of = (...hops: NextHop[]): Route => route('192.0.2.0', 1, ...hops)
  const rows: [
    what: string,
    before: Route | undefined,
    after: Route | undefined,
    expected: unknown,
  ][] = [
    ['new', undefined, of(a), replaced(of(a))],
    ['gone', of(a), undefined, removed],
    ['the same', of(a, b), of(a, b), []],
    ['another order', of(a, b), of(b, a), []],
    ['another cost', of(a), { ...of(a), cost: 7 }, []],
    ['another next hop', of(a), of(b), replaced(of(b))],
    ['one more', of(a), of(a, b), replaced(of(a, b))],
    ['one less', of(a, b), of(a), replaced(of(a))],
    [
      'another interface',
      of(a),
      of(via('10.0.0.2', 'eth1')),
      replaced(of(via('10.0.0.2', 'eth1'))),
    ],
    ['another weight', of(a), of({ ...a, weight: 2 }), replaced(of({ ...a, weight: 2 }))],
    ['a weight of 1', of(a), of({ ...a, weight: 1 }), []],
    ['now attached', of(a), of(via(undefined)), removed],
    ['now our own', of(a), of(), removed],
    ['no longer attached', of(via(undefined)), of(a), replaced(of(a))],
    ['attached to own', of(via(undefined)), of(), []],
  ]
  for (const [what, before, after, expected] of rows) {
    t.same(routeChange(before, after, false) ?? [], expected, what)
  }
})

t.test('16.1: stub networks of equal cost share their next hops, a shorter one wins', async (t) => {
  const { bench, dr, backup } = segment('DROther')
  const say = (sequence: number, drCost: number, backupCost: number): void => {
    const link = { type: 2, id: dr!.address, metric: 1, tos: [] }
    const lsa = (id: number, cost: number) =>
      routerLsa(id, [{ ...link, data: id }, stub('192.0.2.7', 32, cost)], { sequence })
    dr!.update(lsa(dr!.routerId, drCost), lsa(backup!.routerId, backupCost))
    bench.run(3)
  }
  dr!.update(networkLsa(dr!.address, dr!.routerId, [dr!.routerId, backup!.routerId, us]))
  const gateways = () =>
    bench.router
      .routes()
      .find((r) => r.length === 32)!
      .nextHops.map((hop) => hop.gateway)
      .sort()
  say(1, 5, 5)
  t.same(gateways(), [dr!.address, backup!.address])
  say(2, 5, 4)
  t.same(gateways(), [backup!.address])
  const vip = { area: 0, prefix: ip('192.0.2.7'), length: 32 }
  bench.config({ type: 'announce', stub: { ...vip, cost: 14 } })
  bench.run(3)
  t.same(gateways(), [], 'as near here as there: here')
  bench.config({ type: 'announce', stub: { ...vip, cost: 15 } })
  bench.run(6)
  t.same(gateways(), [backup!.address])
})

t.test('our own prefixes do not wait for their pacing', async (t) => {
  const { bench } = segment('Point-to-point')
  for (const prefix of ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map(ip)) {
    bench.config({ type: 'announce', stub: { area: 0, prefix, length: 32, cost: 0 } })
  }
  bench.run(0.3)
  t.notOk(bench.router.isUpToDate(), 'not all of them are said')
  const own = bench.router.routes().filter((r) => r.nextHops.length === 0)
  t.same(
    own.map((r) => r.prefix),
    ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map(ip),
  )
})

t.test('16.1: a stub with a mask that has holes is passed over', async (t) => {
  const { bench, peers } = segment('Point-to-point')
  const [peer] = peers
  const holes = { ...stub('192.0.2.0', 24), data: 0xff00ff00 }
  const back = pointToPoint(us, peer!.address)
  peer!.update(routerLsa(peer!.routerId, [back, holes, stub('198.51.100.9', 24)]))
  bench.run(1)
  t.same(
    bench.router.routes().map((r) => [r.prefix, r.length, r.cost]),
    [
      [ip('10.0.0.0'), 24, 10],
      [ip('198.51.100.0'), 24, 11],
    ],
  )
})

t.test('routes are given as changes, in one batch for each calculation', async (t) => {
  const { bench, peers } = segment('Point-to-point')
  const [peer] = peers
  const say = (sequence: number, ...stubs: ReturnType<typeof stub>[]): void => {
    bench.forget()
    peer!.update(routerLsa(peer!.routerId, [pointToPoint(us, 1), ...stubs], { sequence }))
    bench.run(3)
  }
  say(1, stub('192.0.2.0', 24), stub('198.51.100.0', 24))
  t.same(
    bench.routeChanges.map((c) => c.type),
    ['replace', 'replace'],
  )
  say(2, stub('198.51.100.0', 24))
  t.same(bench.routeChanges, [{ type: 'remove', prefix: ip('192.0.2.0'), length: 24 }])
  bench.forget()
  peer!.hello({ neighbors: [] })
  bench.run(1)
  t.same(bench.routeChanges, [{ type: 'remove', prefix: ip('198.51.100.0'), length: 24 }])
})
