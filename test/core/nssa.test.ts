/** RFC 3101, told by small networks. */
import t, { type Test } from 'tap'
import { defaultAreaConfig } from '../../lib/core/area.ts'
import type { NssaConfig } from '../../lib/core/io.ts'
import { settled } from '../../lib/sim/check.ts'
import { Network } from '../../lib/sim/network.ts'
import type { SimRouter } from '../../lib/sim/router.ts'
import { LsType } from '../../lib/wire/lsa.ts'
import { externals, lsas, summaries } from '../sim/lsas.ts'
import { quick } from '../sim/topologies.ts'

const area = '0.0.0.1'
const one = { ...quick, area }

/** r in the backbone, the border routers low and high, and in the NSSA an AS boundary router and one more. */
function build(config: Partial<NssaConfig> = {}, summaries = true) {
  const net = new Network({ seed: 3101 })
  const r = net.router('r', { routerId: '10.0.0.1' })
  const low = net.router('low', { routerId: '10.0.0.2' })
  const high = net.router('high', { routerId: '10.0.0.3' })
  const asbr = net.router('asbr', { routerId: '10.0.0.4' })
  const inner = net.router('inner', { routerId: '10.0.0.5' })
  const nssa = { ...defaultAreaConfig(1).nssa, ...config }
  for (const x of [low, high, asbr, inner]) x.area(area, { kind: 'nssa', summaries, nssa })
  net.segment('backbone', '10.0.0.0/24', [r, low, high], { ...quick, cost: 1 })
  net.segment('nssa', '10.1.0.0/24', [low, high, asbr, inner], { ...one, cost: 1 })
  return { net, r, low, high, asbr, inner }
}

const route = (router: SimRouter, prefix: string): string | undefined => {
  const found = router.fib.get(prefix)
  return found && `${found.pathType} ${found.cost} ${found.type2Cost ?? ''} tag ${found.tag}`
}

t.test('3.1: the border router with the highest Router ID translates', async (t) => {
  const { net, r, low, high, asbr } = build()
  asbr.external('172.16.0.0/16', { metricType: 2, metric: 7, tag: 99 })
  asbr.external('172.17.0.0/16', { metricType: 1, metric: 8 })
  net.run(60)
  t.same(settled(net), [])
  t.same(externals(low, LsType.nssa), {
    '172.16.0.0/16': 'E2 7 via 10.1.0.3 tag 99 P',
    '172.17.0.0/16': 'E1 8 via 10.1.0.3 P',
  })
  t.same(
    externals(r, LsType.external, { by: high }),
    {
      '172.16.0.0/16': 'E2 7 via 10.1.0.3 tag 99',
      '172.17.0.0/16': 'E1 8 via 10.1.0.3',
    },
    '3.2: network, type, metric, forwarding address and tag are the same',
  )
  t.same(lsas(r, LsType.external, { by: low }), [])
  t.same(lsas(asbr, LsType.external), [], 'no type 5 comes into the NSSA')
  t.same(lsas(asbr, LsType.summaryAsbr), [], 'nor a type 4')
  t.equal(route(r, '172.16.0.0/16'), 'external-2 2 7 tag 99')
  t.equal(r.fib.get('172.16.0.0/16')?.nextHops.length, 2, 'both borders lead to the address')
  for (const x of [low, high]) {
    const [own] = lsas(r, LsType.router, { by: x })
    t.match(own?.lsa.body, { border: true, external: true, nssaTranslator: false })
  }
  asbr.withdrawExternal('172.16.0.0/16')
  net.run(10)
  t.same(Object.keys(externals(r, LsType.external)), ['172.17.0.0/16'])
  t.same(settled(net), [])
})

/** Seconds that a router is without a route, from now on. */
function missing(net: Network, router: SimRouter, prefix: string, seconds: number): number {
  const end = net.now + seconds
  let gap = 0
  while (net.now < end) {
    net.run(0.01)
    if (!router.fib.has(prefix)) gap += 0.01
  }
  return gap
}

t.test(
  'the translator dies, the other takes over; it comes back, and nothing is lost',
  async (t) => {
    const ranges = [{ prefix: 0xc0a80000, length: 16, advertise: true }]
    const { net, r, low, high, asbr } = build({ ranges, stabilityMs: 20_000 })
    asbr.external('172.16.0.0/16')
    asbr.external('192.168.1.0/24')
    net.run(60)
    high.crash()
    net.run(3)
    const gap = missing(net, r, '172.16.0.0/16', 20)
    t.ok(gap < 0.2, `${gap.toFixed(2)} s without the route when its router is found dead`)
    t.same(settled(net), [])
    t.same(Object.keys(externals(r, LsType.external, { by: low })).sort(), [
      '172.16.0.0/16',
      '192.168.0.0/16',
    ])
    high.restart()
    const back = net.now
    t.ok(
      net.runUntil(() => lsas(r, LsType.external, { by: high }).length === 2, 15, { every: 0.01 }),
      'the former translator is elected again',
    )
    t.ok(net.now - back < 12, `after ${net.now - back} s`)
    t.ok(lsas(r, LsType.external, { by: low }).length > 0, 'the other goes on')
    let without = 0
    const until = net.now + 40
    while (net.now < until) {
      net.run(0.01)
      if (!r.fib.has('172.16.0.0/16') || !r.fib.has('192.168.0.0/16')) without++
    }
    t.equal(without, 0, 'no route is lost')
    t.same(lsas(r, LsType.external, { by: low }), [], 'TranslatorStabilityInterval is over')
    t.same(settled(net), [])
  },
)

t.test(
  'a translator that stops in an orderly way hands over first: nothing is lost at all',
  async (t) => {
    const ranges = [{ prefix: 0xc0a80000, length: 16, advertise: true }]
    const { net, r, low, high, asbr } = build({ ranges })
    const prefixes = ['172.16.0.0/16', '172.17.0.0/16', '192.168.0.0/16']
    asbr.external('172.16.0.0/16')
    asbr.external('172.17.0.0/16', { metricType: 1, metric: 3 })
    asbr.external('192.168.1.0/24')
    high.external('172.30.0.0/16')
    net.run(60)
    t.equal(lsas(r, LsType.external, { by: high }).length, 4)
    high.flush()
    const begun = net.now
    let flushedAt: number | undefined
    let without = 0
    while (net.now < begun + 10) {
      net.run(0.01)
      for (const prefix of prefixes) if (!r.fib.has(prefix)) without++
      if (flushedAt === undefined && lsas(r, LsType.router, { by: high }).length === 0) {
        flushedAt = net.now
        t.same(
          Object.keys(externals(r, LsType.external, { by: low })).sort(),
          prefixes,
          'who takes over says it before the other leaves',
        )
      }
      // the driver's part, when all have acknowledged
      if (net.now > begun + 5 && high.running) high.close()
    }
    t.equal(without, 0, 'no route was missing for 10 ms')
    t.ok(flushedAt! - begun < 2, `and it took ${(flushedAt! - begun).toFixed(2)} s`)
    t.notOk(r.fib.has('172.30.0.0/16'), 'its own externals go with it')
    t.same(settled(net), [])
  },
)

t.test('a translator without a successor does not wait for one', async (t) => {
  const { net, r, low, high, asbr } = build()
  asbr.external('172.16.0.0/16')
  low.crash()
  net.run(60)
  t.ok(r.fib.has('172.16.0.0/16'))
  high.flush()
  net.run(0.5)
  t.same(lsas(r, LsType.external), [])
})

t.test('a successor that does not translate is not waited for longer than 3 s', async (t) => {
  const { net, r, low, high, asbr } = build()
  low.area(area, { kind: 'nssa', nssa: { ...defaultAreaConfig(1).nssa, translator: 'never' } })
  asbr.external('172.16.0.0/16')
  net.run(60)
  high.flush()
  net.run(2.5)
  t.ok(r.fib.has('172.16.0.0/16'), 'meanwhile all is as it was')
  t.match(lsas(asbr, LsType.router, { by: high })[0]?.lsa.body, { border: false })
  t.match(lsas(r, LsType.router, { by: high })[0]?.lsa.body, { border: true })
  net.run(1.5)
  t.same(lsas(r, LsType.external), [])
})

t.test(
  '3.1: who lost the election goes on for TranslatorStabilityInterval, and no longer',
  async (t) => {
    const ranges = [{ prefix: 0xc0a80000, length: 16, advertise: true }]
    const { net, r, low, high, asbr } = build({ ranges, stabilityMs: 20_000 })
    high.crash()
    asbr.external('192.168.1.0/24')
    net.run(30)
    t.equal(lsas(r, LsType.external, { by: low }).length, 1)
    high.restart()
    net.runUntil(() => lsas(r, LsType.external, { by: high }).length === 1, 30, { every: 0.1 })
    net.run(15)
    t.equal(lsas(r, LsType.external, { by: low }).length, 1, 'still')
    net.run(7)
    t.equal(lsas(r, LsType.external, { by: low }).length, 0, 'over')
    // and when the rival goes before the time is over, nothing has happened
    high.crash()
    net.run(10)
    high.restart()
    net.run(12)
    high.crash()
    net.run(25)
    t.equal(lsas(r, LsType.external, { by: low }).length, 1)
    t.same(settled(net), [])
  },
)

t.test('3.2 (2): of two that always translate, one says what both would', async (t) => {
  const { net, r, low, high, asbr } = build({ translator: 'always' })
  asbr.external('172.16.0.0/16')
  net.run(60)
  t.same(lsas(r, LsType.external, { by: low }), [])
  t.equal(lsas(r, LsType.external, { by: high }).length, 1)
  const [own] = lsas(r, LsType.router, { by: high })
  t.match(own?.lsa.body, { nssaTranslator: false }, 'not said in the backbone')
  const [inside] = lsas(asbr, LsType.router, { by: high })
  t.match(inside?.lsa.body, { nssaTranslator: true }, 'bit Nt')
  t.same(settled(net), [])
  const never = { ...defaultAreaConfig(1).nssa, translator: 'never' } as const
  high.area(area, { kind: 'nssa', nssa: never })
  net.run(10)
  t.equal(lsas(r, LsType.external, { by: low }).length, 1)
  t.same(lsas(r, LsType.external, { by: high }), [])
  t.equal(route(r, '172.16.0.0/16'), 'external-2 2 20 tag 0')
})

t.test('bit Nt beats a higher Router ID', async (t) => {
  const { net, r, low, high, asbr } = build()
  low.area(area, { kind: 'nssa', nssa: { ...defaultAreaConfig(1).nssa, translator: 'always' } })
  asbr.external('172.16.0.0/16')
  net.run(110)
  t.equal(lsas(r, LsType.external, { by: low }).length, 1)
  t.same(lsas(r, LsType.external, { by: high }), [])
  t.same(settled(net), [])
})

t.test('2.4: a border router says type 5 itself, and its type 7 without P-bit', async (t) => {
  const { net, r, low, high, inner } = build()
  low.external('172.16.0.0/16', { metric: 5, tag: 6 })
  net.run(60)
  t.same(externals(inner, LsType.nssa), { '172.16.0.0/16': 'E2 5 tag 6' })
  t.same(externals(r, LsType.external), { '172.16.0.0/16': 'E2 5 tag 6' })
  t.same(lsas(r, LsType.external, { by: high }), [], 'nobody translates it')
  t.equal(route(inner, '172.16.0.0/16'), 'external-2 1 5 tag 6')
  t.same(settled(net), [])
})

t.test('what was translated is not translated back into another NSSA', async (t) => {
  const { net, r, low, high, asbr } = build()
  const far = net.router('far', { routerId: '10.0.0.9' })
  for (const x of [r, far]) x.area('0.0.0.2', { kind: 'nssa' })
  net.link(r, far, { ...quick, area: '0.0.0.2', prefix: '10.2.0.0/24' })
  asbr.external('172.16.0.0/16')
  far.external('172.18.0.0/16')
  net.run(60)
  t.same(Object.keys(externals(far, LsType.nssa)), ['172.18.0.0/16'])
  t.same(Object.keys(externals(asbr, LsType.nssa)), ['172.16.0.0/16'])
  t.same(Object.keys(externals(r, LsType.external)).sort(), ['172.16.0.0/16', '172.18.0.0/16'])
  t.notOk(far.fib.has('172.16.0.0/16'))
  t.ok(low.fib.has('172.18.0.0/16') && high.fib.has('172.18.0.0/16'))
  t.same(settled(net), [])
})

t.test('2.7: the default of the border routers', async (t) => {
  const defaultOriginate = { metric: 3, metricType: 1 } as const
  const { net, r, low, high, asbr, inner } = build({ defaultOriginate })
  r.announce('10.0.9.9/32')
  net.run(60)
  for (const x of [low, high]) {
    t.same(externals(inner, LsType.nssa, { by: x }), { '0.0.0.0/0': 'E1 3' }, 'no P-bit')
    t.notOk(summaries(inner, 1, x)['0.0.0.0/0'], 'no type 3 beside summaries')
    t.notOk(x.fib.has('0.0.0.0/0'), 'border routers do not believe each other')
  }
  t.ok(inner.fib.has('10.0.9.9/32'), 'summaries come in')
  t.equal(inner.fib.get('0.0.0.0/0')?.nextHops.length, 2)
  t.same(lsas(r, LsType.external), [], 'and nothing of it leaves')
  // with P-bit, from inside, it is for everybody
  asbr.external('0.0.0.0/0', { metricType: 1, metric: 1 })
  net.run(10)
  t.ok(low.fib.has('0.0.0.0/0') && high.fib.has('0.0.0.0/0'))
  t.ok(r.fib.has('0.0.0.0/0'), 'translated')
  t.same(settled(net), [])
})

t.test('2.7: without summaries the default is a type 3', async (t) => {
  const { net, r, low, high, asbr, inner } = build({}, false)
  r.announce('10.0.9.9/32')
  asbr.external('172.16.0.0/16')
  net.run(60)
  for (const x of [low, high]) t.same(summaries(inner, 1, x), { '0.0.0.0/0': 1 })
  t.notOk(inner.fib.has('10.0.9.9/32'))
  t.equal(inner.fib.get('0.0.0.0/0')?.pathType, 'inter-area')
  t.ok(r.fib.has('172.16.0.0/16'))
  t.same(settled(net), [])
})

t.test('3.2 (3): ranges', async (t) => {
  const ranges = [
    { prefix: 0xc0a80000, length: 16, advertise: true, tag: 5 },
    { prefix: 0xac100000, length: 12, advertise: false },
    { prefix: 0x09000000, length: 8, advertise: true, cost: 77 },
    { prefix: 0x09010000, length: 16, advertise: true },
  ]
  const { net, r, high, asbr, inner } = build({ ranges })
  asbr.external('192.168.1.0/24', { metricType: 1, metric: 10, tag: 1 })
  asbr.external('192.168.2.0/24', { metricType: 1, metric: 30 })
  asbr.external('172.16.0.0/16')
  asbr.external('9.2.0.0/16')
  asbr.external('9.1.1.0/24', { metricType: 2, metric: 4 })
  asbr.external('11.0.0.0/8', { metricType: 2, metric: 4 })
  net.run(60)
  t.same(externals(r, LsType.external, { by: high }), {
    '192.168.0.0/16': 'E1 30 tag 5',
    '9.0.0.0/8': 'E2 77',
    '9.1.0.0/16': 'E2 5',
    '11.0.0.0/8': 'E2 4 via 10.1.0.3',
  })
  t.ok(inner.fib.has('172.16.0.0/16'), 'inside nothing is condensed or hidden')
  inner.external('192.168.3.0/24', { metricType: 2, metric: 2 })
  net.run(10)
  t.equal(
    externals(r, LsType.external)['192.168.0.0/16'],
    'E2 3 tag 5',
    'one of type 2 makes it type 2, and one more',
  )
  t.same(settled(net), [])
  for (const prefix of ['192.168.1.0/24', '192.168.2.0/24']) asbr.withdrawExternal(prefix)
  inner.withdrawExternal('192.168.3.0/24')
  net.run(10)
  t.notOk(externals(r, LsType.external)['192.168.0.0/16'])
  t.same(settled(net), [])
})

t.test('2.5 (6e): type 7 with P-bit, then type 5, then type 7 without', async (t) => {
  const { net, r, low, high, asbr, inner } = build()
  // equal in all but who says it: both are one hop away from low
  r.external('172.16.0.0/16', { metric: 5, tag: 5 })
  asbr.external('172.16.0.0/16', { metric: 5, tag: 7 })
  net.run(60)
  t.equal(route(low, '172.16.0.0/16'), 'external-2 1 5 tag 7')
  t.equal(low.fib.get('172.16.0.0/16')?.nextHops.length, 2, 'but both are used')
  t.equal(route(inner, '172.16.0.0/16'), 'external-2 1 5 tag 7', 'type 5 does not come here')
  asbr.withdrawExternal('172.16.0.0/16')
  // a border router's type 7 has no P-bit
  high.external('172.16.0.0/16', { metric: 5, tag: 77 })
  net.run(10)
  t.equal(route(low, '172.16.0.0/16'), 'external-2 1 5 tag 77', 'type 5 of the higher Router ID')
  t.same(settled(net), [])
})

t.test('2.3: the forwarding address', async (t) => {
  const { net, r, low, asbr, inner } = build()
  net.segment('stub', '10.1.9.0/24', [asbr], { ...one, passive: true })
  asbr.external('172.16.0.0/16')
  asbr.external('172.17.0.0/16', { forwardingAddress: 0x0a010002 })
  asbr.external('172.18.0.0/16', { forwardingAddress: 0x0a000001 })
  net.run(60)
  t.same(externals(inner, LsType.nssa), {
    '172.16.0.0/16': 'E2 20 via 10.1.9.1 P',
    '172.17.0.0/16': 'E2 20 via 10.1.0.2 P',
    '172.18.0.0/16': 'E2 20 via 10.0.0.1 P',
  })
  t.notOk(low.fib.has('172.18.0.0/16'), 'that is not inside the NSSA')
  t.notOk(lsas(r, LsType.external).length === 3, 'and is not translated')
  t.same(settled(net), [])
  // nobody is told of the addresses
  for (const { name } of asbr.attachments) asbr.configure(name, { prefixSuppression: true })
  net.run(10)
  t.equal(externals(inner, LsType.nssa)['172.16.0.0/16'], 'E2 20', 'none: then no P-bit')
  t.notOk(externals(r, LsType.external)['172.16.0.0/16'])
})

function neighborsOf(t: Test, router: SimRouter, state: string | undefined): void {
  const [neighbor] = router.neighbors()
  t.equal(neighbor?.state, state)
}

t.test('2.1: an area is an NSSA for all its routers, or they do not meet', async (t) => {
  const net = new Network()
  const [a, b] = [net.router('a'), net.router('b')]
  a.area(area, { kind: 'nssa' })
  b.area(area, { kind: 'stub' })
  net.link(a, b, one)
  net.run(20)
  neighborsOf(t, a, undefined)
  t.match(
    a.events.map((e) => e.event).filter((e) => e.type === 'mismatch'),
    [{ field: 'N-bit', ours: '1', theirs: '0' }],
  )
  b.area(area, { kind: 'nssa' })
  net.run(20)
  neighborsOf(t, a, 'Full')
  a.external('172.16.0.0/16')
  net.run(5)
  t.equal(lsas(b, LsType.nssa).length, 1)
  // what belongs to the old kind of area goes with it
  for (const x of [a, b]) x.area(area, { kind: 'normal' })
  net.run(20)
  neighborsOf(t, a, 'Full')
  t.equal(lsas(b, LsType.nssa).length, 0)
  t.equal(lsas(b, LsType.external).length, 1)
  for (const x of [a, b]) x.area(area, { kind: 'stub' })
  net.run(20)
  neighborsOf(t, a, 'Full')
  t.notOk(b.fib.has('172.16.0.0/16'))
  t.same(settled(net), [])
})

t.test(
  'RFC 6987: a translator that is a stub router keeps the metrics of what leads past it',
  async (t) => {
    const ranges = [{ prefix: 0xc0a80000, length: 16, advertise: true }]
    const defaultOriginate = { metric: 3, metricType: 2 } as const
    const { net, r, high, asbr, inner } = build({ ranges, defaultOriginate })
    asbr.external('172.16.0.0/16', { metric: 7 })
    asbr.external('192.168.1.0/24', { metric: 8 })
    high.external('172.17.0.0/16', { metric: 9 })
    high.stubRouter = { includeStub: false, externalMetric: 1000 }
    net.run(60)
    t.same(externals(r, LsType.external, { by: high }), {
      '172.16.0.0/16': 'E2 7 via 10.1.0.3',
      '172.17.0.0/16': 'E2 1000',
      '192.168.0.0/16': 'E2 1000',
    })
    t.same(externals(inner, LsType.nssa, { by: high }), {
      '0.0.0.0/0': 'E2 1000',
      '172.17.0.0/16': 'E2 1000',
    })
    t.same(settled(net), [])
  },
)
