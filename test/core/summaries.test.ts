/** What area border routers say (RFC 2328 12.4.3, RFC 3509), told by small networks. */
import t from 'tap'
import type { AreaConfig, AreaRange, PrefixRule } from '../../lib/core/io.ts'
import { permits } from '../../lib/core/prefix-list.ts'
import { settled } from '../../lib/sim/check.ts'
import { parsePrefix } from '../../lib/sim/fib.ts'
import { Network } from '../../lib/sim/network.ts'
import { LsType } from '../../lib/wire/lsa.ts'
import { lsas, summaries } from '../sim/lsas.ts'
import { quick } from '../sim/topologies.ts'

const network = (text: string): { prefix: number; length: number } => {
  const { address: prefix, length } = parsePrefix(text)
  return { prefix, length }
}
const range = (text: string, how: Partial<AreaRange> = {}): AreaRange => ({
  ...network(text),
  advertise: true,
  ...how,
})
const rule = (permit: boolean, text: string, how: Partial<PrefixRule> = {}): PrefixRule => ({
  ...network(text),
  permit,
  ...how,
})

/** r in the backbone, abr, a in area 1, b in area 2. */
function build(one: Partial<AreaConfig> = {}, two: Partial<AreaConfig> = {}, core = {}) {
  const net = new Network({ seed: 12, core })
  const r = net.router('r', { routerId: '10.0.0.1' })
  const abr = net.router('abr', { routerId: '10.0.0.2' })
  const a = net.router('a', { routerId: '10.0.0.3' })
  const b = net.router('b', { routerId: '10.0.0.4' })
  for (const x of [abr, a]) x.area('0.0.0.1', one)
  for (const x of [abr, b]) x.area('0.0.0.2', two)
  const cost = { ...quick, cost: 10 }
  net.link(r, abr, { ...cost, prefix: '10.0.0.0/30' })
  net.link(abr, a, { ...cost, area: '0.0.0.1', prefix: '10.1.0.0/30' })
  net.link(abr, b, { ...cost, area: '0.0.0.2', prefix: '10.2.0.0/30' })
  r.announce('10.0.9.0/24', { cost: 1 })
  a.announce('10.1.9.0/24', { cost: 1, area: '0.0.0.1' })
  a.announce('10.1.8.0/24', { cost: 5, area: '0.0.0.1' })
  b.announce('10.2.9.0/24', { cost: 1, area: '0.0.0.2' })
  return { net, r, abr, a, b }
}

t.test('intra-area routes of all the others; what is not reached is withdrawn', async (t) => {
  const { net, r, abr, a, b } = build()
  net.run(30)
  t.same(summaries(r, 0, abr), {
    '10.1.0.0/30': 10,
    '10.1.8.0/24': 15,
    '10.1.9.0/24': 11,
    '10.2.0.0/30': 10,
    '10.2.9.0/24': 11,
  })
  t.same(summaries(a, 1, abr), {
    '10.0.0.0/30': 10,
    '10.0.9.0/24': 11,
    '10.2.0.0/30': 10,
    '10.2.9.0/24': 11,
  })
  t.same(settled(net), [])
  b.crash()
  net.run(10)
  t.notOk(summaries(r, 0, abr)['10.2.9.0/24'])
  t.same(settled(net), [])
})

t.test('only a border router says anything', async (t) => {
  const { net, r, abr, a } = build()
  net.run(30)
  for (const x of [r, a])
    t.same(
      x
        .database()
        .filter((l) => l.lsa.header.advertisingRouter === x.id && l.lsa.header.type === 3),
      [],
    )
  const flags = () => lsas(a, LsType.router, { area: 1, by: abr })[0]?.lsa.body
  t.match(flags(), { border: true })
  // the backbone goes: RFC 3509, as Cisco does, that ends it, but what is heard from the others still counts
  abr.attachments[0]!.down()
  net.run(10)
  t.match(flags(), { border: false })
  t.same(summaries(a, 1, abr), {})
  t.same(settled(net), [])
  abr.attachments[0]!.up()
  net.run(20)
  t.match(flags(), { border: true })
  t.same(settled(net), [])
})

for (const abrType of ['standard', 'cisco', 'ibm'] as const) {
  t.test(`RFC 3509: two areas and no backbone, ${abrType}`, async (t) => {
    const net = new Network({ core: { abrType } })
    const [x, a, b] = [net.router('x'), net.router('a'), net.router('b')]
    net.link(x, a, { ...quick, area: '0.0.0.1' })
    net.link(x, b, { ...quick, area: '0.0.0.2' })
    a.announce('10.1.9.0/24', { area: '0.0.0.1' })
    const isAbr = () => lsas(a, LsType.router, { by: x })[0]?.lsa.body
    net.run(20)
    t.match(isAbr(), { border: abrType === 'standard' })
    t.equal(b.fib.has('10.1.9.0/24'), abrType === 'standard')
    // configured, and of no use
    const idle = net.segment('idle', '10.0.0.0/24', [x], quick)
    idle.down()
    net.run(20)
    t.match(isAbr(), { border: abrType !== 'cisco' })
    t.equal(b.fib.has('10.1.9.0/24'), abrType !== 'cisco')
    // in use, though nobody is there
    idle.up()
    net.run(20)
    t.match(isAbr(), { border: true })
    t.ok(b.fib.has('10.1.9.0/24'))
  })
}

t.test('RFC 3509 2.2: a border router alone in the backbone listens to its areas', async (t) => {
  for (const abrType of ['standard', 'cisco'] as const) {
    const net = new Network({ seed: 3509, core: { abrType } })
    const [p, q, a] = [net.router('p'), net.router('q'), net.router('a')]
    const wire = net.segment('backbone', '10.0.0.0/24', [p, q], quick)
    net.segment('area', '10.1.0.0/24', [p, q, a], { ...quick, area: '0.0.0.1' })
    q.announce('10.0.9.0/24')
    net.run(30)
    t.same(settled(net), [])
    wire.partition([[p], [q]])
    net.run(20)
    t.equal(p.fib.has('10.0.9.0/24'), abrType === 'cisco', `${abrType}: through area 1`)
    t.notOk(summaries(a, 1, p)['10.0.9.0/24'], 'but does not pass that on')
    if (abrType === 'cisco') t.same(settled(net), [])
  }
})

t.test('ranges: advertise, hide, cost, substitute', async (t) => {
  const { net, r, abr, a, b } = build({ ranges: [range('10.1.0.0/16')] })
  net.run(30)
  const ofOne = () =>
    Object.fromEntries(Object.entries(summaries(r, 0, abr)).filter(([p]) => !p.startsWith('10.2')))
  t.same(ofOne(), { '10.1.0.0/16': 15 }, 'the largest cost of what is inside')
  t.same(
    ofOne(),
    Object.fromEntries(Object.entries(summaries(b, 2, abr)).filter(([p]) => p.startsWith('10.1'))),
  )
  a.announce('10.1.7.0/24', { cost: 20, area: '0.0.0.1' })
  net.run(6)
  t.same(ofOne(), { '10.1.0.0/16': 30 })
  t.same(settled(net), [])
  const ranges: [AreaRange[], Record<string, number>][] = [
    [[range('10.1.0.0/16', { cost: 3 })], { '10.1.0.0/16': 3 }],
    [[range('10.1.0.0/16', { advertise: false })], {}],
    [[range('10.1.0.0/16', { substitute: network('10.128.0.0/9') })], { '10.128.0.0/9': 30 }],
    [[range('10.1.0.0/16', { advertise: false }), range('10.1.8.0/23')], { '10.1.8.0/23': 15 }],
    [
      [range('10.64.0.0/16')],
      { '10.1.0.0/30': 10, '10.1.7.0/24': 30, '10.1.8.0/24': 15, '10.1.9.0/24': 11 },
    ],
  ]
  for (const [changed, expected] of ranges) {
    abr.area('0.0.0.1', { ranges: changed })
    net.run(12)
    t.same(ofOne(), expected)
    t.same(settled(net), [])
  }
})

t.test(
  '16.2 (3): a range of our own, told by another border router, is not believed',
  async (t) => {
    const { net, r, abr, a } = build({ ranges: [range('10.1.0.0/16')] })
    const twin = net.router('twin', { routerId: '10.0.0.9' })
    twin.area('0.0.0.1', { ranges: [range('10.1.0.0/16')] })
    net.link(r, twin, { ...quick, prefix: '10.0.1.0/30' })
    net.link(twin, a, { ...quick, area: '0.0.0.1', prefix: '10.1.1.0/30' })
    net.run(30)
    t.ok(r.fib.has('10.1.0.0/16'))
    for (const x of [abr, twin]) t.ok(x.fib.get('10.1.0.0/16')?.discard)
    t.same(settled(net), [])
    for (const x of [abr, twin]) {
      x.area('0.0.0.1', { ranges: [range('10.1.0.0/16', { substitute: network('10.128.0.0/9') })] })
    }
    net.run(12)
    t.ok(r.fib.has('10.128.0.0/9'))
    for (const x of [abr, twin]) t.ok(x.fib.get('10.128.0.0/9')?.discard)
    t.same(settled(net), [])
    // nothing inside any more: not active
    a.crash()
    for (const x of [abr, twin]) x.attachments.at(-1)!.down()
    abr.attachments[1]!.down()
    net.run(12)
    t.same(settled(net), [])
  },
)

t.test('import and export lists', async (t) => {
  const exportList = [rule(false, '10.1.8.0/24'), rule(true, '0.0.0.0/0', { le: 32 })]
  const importList = [rule(true, '10.1.0.0/16', { ge: 17, le: 24 })]
  const { net, r, abr, a, b } = build({ exportList }, { importList })
  net.run(30)
  t.notOk(summaries(r, 0, abr)['10.1.8.0/24'])
  t.ok(summaries(r, 0, abr)['10.1.9.0/24'])
  t.same(summaries(b, 2, abr), { '10.1.9.0/24': 11 })
  t.ok(summaries(a, 1, abr)['10.0.9.0/24'])
  t.same(settled(net), [])
})

t.test('prefix lists', async (t) => {
  const is = (rules: PrefixRule[] | undefined, text: string): boolean => {
    const { prefix, length } = network(text)
    return permits(rules, prefix, length)
  }
  t.ok(is(undefined, '10.0.0.0/8'), 'no list, no restriction')
  t.notOk(is([], '10.0.0.0/8'), 'no match, no')
  const rules = [
    rule(true, '10.0.0.0/8'),
    rule(false, '10.1.0.0/16', { ge: 24 }),
    rule(true, '10.0.0.0/8', { le: 28 }),
  ]
  t.ok(is(rules, '10.0.0.0/8'))
  t.ok(is(rules, '10.1.0.0/16'))
  t.notOk(is(rules, '10.1.1.0/24'))
  t.notOk(is(rules, '10.1.1.1/32'))
  t.ok(is(rules, '10.2.0.0/28'))
  t.notOk(is(rules, '10.2.0.0/29'))
  t.notOk(is(rules, '11.0.0.0/8'))
  t.notOk(is(rules, '0.0.0.0/0'))
})

t.test('12.4.3.1: stub areas', async (t) => {
  const { net, r, abr, a, b } = build(
    { kind: 'stub', defaultCost: 7 },
    { kind: 'stub', summaries: false },
  )
  r.external('172.16.0.0/16')
  net.run(30)
  t.same(summaries(a, 1, abr), {
    '0.0.0.0/0': 7,
    '10.0.0.0/30': 10,
    '10.0.9.0/24': 11,
    '10.2.0.0/30': 10,
    '10.2.9.0/24': 11,
  })
  t.same(summaries(b, 2, abr), { '0.0.0.0/0': 1 }, 'totally stubby')
  for (const x of [a, b]) {
    t.same(lsas(x, LsType.external), [])
    t.same(lsas(x, LsType.summaryAsbr), [])
    t.equal(x.fib.get('0.0.0.0/0')?.pathType, 'inter-area')
  }
  t.ok(abr.fib.has('172.16.0.0/16'))
  t.same(settled(net), [])
})

t.test('type 4: boundary routers, by their preferred way', async (t) => {
  const { net, r, abr, a, b } = build({}, { kind: 'stub' })
  a.external('172.16.0.0/16')
  r.external('172.17.0.0/16')
  net.run(30)
  t.same(summaries(r, 0, abr, LsType.summaryAsbr), { '10.0.0.3': 10 })
  t.same(summaries(a, 1, abr, LsType.summaryAsbr), { '10.0.0.1': 10 })
  t.same(summaries(b, 2, abr, LsType.summaryAsbr), {})
  t.ok(r.fib.has('172.16.0.0/16') && a.fib.has('172.17.0.0/16'))
  a.withdrawExternal('172.16.0.0/16')
  net.run(6)
  t.same(summaries(r, 0, abr, LsType.summaryAsbr), {})
  t.same(settled(net), [])
})

t.test('LSInfinity is never said', async (t) => {
  const { net, r, abr, a } = build()
  const far = net.router('far', { routerId: '10.0.0.9' })
  let last = a
  // each link costs 65535 at the most: 257 of them are more than 2^24
  for (let i = 0; i < 256; i++) {
    const next = i === 255 ? far : net.router(`c${i}`, { routerId: `10.9.0.${i + 1}` })
    net.link(last, next, {
      ...quick,
      helloInterval: 10,
      deadInterval: 40,
      cost: 65535,
      area: '0.0.0.1',
      prefix: `10.3.${i}.0/24`,
    })
    last = next
  }
  far.announce('10.8.0.0/16', { area: '0.0.0.1', cost: 235 })
  net.run(120)
  const told = () => summaries(r, 0, abr)['10.8.0.0/16']
  const links = 10 + 256 * 65535
  t.equal(told(), links + 235)
  t.equal(r.routes().find((x) => x.prefix === 0x0a080000)?.cost, 10 + links + 235)
  far.announce('10.8.0.0/16', { area: '0.0.0.1', cost: 0xfffffe - links })
  net.run(20)
  t.equal(told(), 0xfffffe, 'just below')
  far.announce('10.8.0.0/16', { area: '0.0.0.1', cost: 0xffffff - links })
  net.run(20)
  t.equal(told(), undefined)
  t.notOk(r.fib.has('10.8.0.0/16'))
  t.ok(abr.fib.has('10.8.0.0/16'))
})
