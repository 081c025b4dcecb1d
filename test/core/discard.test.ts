/** Discard entries (RFC 2328 11.1): what is told of as a whole, and what becomes of packets for its holes. */
import t from 'tap'
import type { AreaRange, SummaryAddress } from '../../lib/core/io.ts'
import { Router } from '../../lib/core/router.ts'
import { settled } from '../../lib/sim/check.ts'
import { parseAddress, parsePrefix } from '../../lib/sim/fib.ts'
import { nextNodes } from '../../lib/sim/forward.ts'
import { Network } from '../../lib/sim/network.ts'
import type { SimRouter } from '../../lib/sim/router.ts'
import { viewRoute } from '../../lib/views.ts'
import { formatRoute } from '../../lib/why.ts'
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

/** r in the backbone, who has the default route; abr; a in area 1. The cores are at hand. */
function build(ranges: readonly AreaRange[]) {
  const cores = new Map<number, Router>()
  const net = new Network({
    seed: 4,
    create: (options) => {
      const core = new Router(options)
      cores.set(options.routerId, core)
      return core
    },
  })
  const r = net.router('r', { routerId: '10.0.0.1' })
  const abr = net.router('abr', { routerId: '10.0.0.2' })
  const a = net.router('a', { routerId: '10.0.0.3' })
  for (const x of [abr, a]) x.area('0.0.0.1', { ranges })
  net.link(r, abr, { ...quick, prefix: '10.0.0.0/30' })
  net.link(abr, a, { ...quick, area: '0.0.0.1', prefix: '10.200.0.0/30' })
  r.external('0.0.0.0/0')
  a.announce('10.1.9.0/24', { area: '0.0.0.1' })
  net.run(30)
  return { net, r, abr, a, core: (of: SimRouter): Router => cores.get(of.id)! }
}

/** The names of the machines that packets cross, from the router on. */
function path(from: SimRouter, to: string): string[] {
  const names = [from.name]
  let node: SimRouter | undefined = from
  while (node && names.length < 8) {
    node = nextNodes(node, parseAddress(to))[0] as SimRouter | undefined
    if (node) names.push(node.name)
  }
  return names
}

const said: Omit<SummaryAddress, 'prefix' | 'length'> = {
  advertise: true,
  metricType: 2,
  metric: 20,
  tag: 0,
}

const hole = '10.1.77.1'

t.test('packets for a hole of a range end at the border router', async (t) => {
  const { net, r, abr, a, core } = build([range('10.1.0.0/16')])
  t.ok(r.fib.has('10.1.0.0/16'))
  t.same(path(r, hole), ['r', 'abr'], 'they do not follow the default route back')
  t.same(path(r, '10.1.9.1').slice(0, 3), ['r', 'abr', 'a'], 'others are not touched')
  t.same(settled(net), [])
  const now = net.clock.now()
  core(abr).handleConfig(now, { type: 'discard-holes', discard: false })
  net.run(12)
  t.notOk(abr.fib.has('10.1.0.0/16'))
  t.ok(path(r, hole).length > 4, 'round and round')
  core(abr).handleConfig(net.clock.now(), { type: 'discard-holes', discard: true })
  net.run(12)
  t.ok(abr.fib.get('10.1.0.0/16')?.discard)
  t.notOk(a.fib.get('10.1.0.0/16')?.discard, 'a is no border router')
})

t.test('only while the range is active', async (t) => {
  const { net, abr, a } = build([range('10.1.0.0/16')])
  a.withdraw('10.1.9.0/24', { area: '0.0.0.1' })
  net.run(6)
  t.notOk(abr.fib.has('10.1.0.0/16'))
  t.same(settled(net), [])
  a.announce('10.1.8.0/24', { area: '0.0.0.1' })
  net.run(6)
  t.ok(abr.fib.get('10.1.0.0/16')?.discard)
  t.same(settled(net), [])
  a.crash()
  net.run(12)
  t.notOk(abr.fib.has('10.1.0.0/16'), 'a tree without it')
  t.same(settled(net), [])
})

t.test('an intra-area path to the very prefix is preferred, others are not', async (t) => {
  const { net, r, abr, a } = build([range('10.1.0.0/16')])
  a.announce('10.1.0.0/16', { area: '0.0.0.1' })
  net.run(6)
  t.equal(abr.fib.get('10.1.0.0/16')?.pathType, 'intra-area')
  t.same(path(r, hole).slice(0, 3), ['r', 'abr', 'a'])
  t.same(settled(net), [])
  a.withdraw('10.1.0.0/16', { area: '0.0.0.1' })
  r.external('10.1.0.0/16')
  net.run(6)
  t.ok(abr.fib.get('10.1.0.0/16')?.discard, 'an external is no match')
  t.same(settled(net), [])
})

t.test('what is not advertised draws no packets; what stands in its place does', async (t) => {
  const { net, abr } = build([range('10.1.0.0/16', { advertise: false })])
  t.notOk(abr.fib.has('10.1.0.0/16'))
  abr.area('0.0.0.1', { ranges: [range('10.1.0.0/16', { substitute: network('10.128.0.0/9') })] })
  net.run(6)
  t.notOk(abr.fib.has('10.1.0.0/16'))
  t.ok(abr.fib.get('10.128.0.0/9')?.discard)
  abr.area('0.0.0.1', { ranges: [range('0.0.0.0/0')] })
  net.run(6)
  t.notOk(abr.fib.get('0.0.0.0/0')?.discard, 'who tells of a default route means it')
  t.same(settled(net), [])
})

t.test('explained and foreseen', async (t) => {
  const { abr, core } = build([range('10.1.0.0/16')])
  const { route, notes, candidates } = core(abr).why(network('10.1.0.0/16').prefix, 16)
  t.equal(
    formatRoute(viewRoute(route!, 0)),
    '10.1.0.0/16: inter-area, area 0.0.0.1, cost 0, discarded',
  )
  t.match(notes, [/^11\.1: a range that we advertise/])
  t.notOk(candidates.some(({ chosen }) => chosen))
  const [difference] = core(abr)
    .whatIf([{ type: 'router-down', router: parseAddress('10.0.0.3') }])
    .filter(({ before }) => before?.discard)
  t.match(difference, { before: { length: 16, discard: true }, after: undefined, moves: true })
})

t.test('a stop leaves it in the kernel to the end', async (t) => {
  const { net, abr } = build([range('10.1.0.0/16')])
  abr.flush()
  net.run(2)
  t.ok(abr.fib.get('10.1.0.0/16')?.discard)
})

t.test('summary addresses: while something is inside, and after everything else', async (t) => {
  const { net, r, a, core } = build([])
  const addresses = [
    { ...network('172.16.0.0/12'), ...said },
    { ...network('192.0.2.0/24'), ...said },
  ]
  core(r).handleConfig(net.clock.now(), { type: 'summary-addresses', addresses })
  net.run(12)
  t.notOk(r.fib.has('172.16.0.0/12'))
  r.external('172.16.1.0/24')
  net.run(12)
  t.match(r.fib.get('172.16.0.0/12'), { discard: true, pathType: 'external-2' })
  t.ok(a.fib.has('172.16.0.0/12'))
  t.match(core(r).why(network('172.16.0.0/12').prefix, 12).notes, [/^11\.1: a summary address/])
  a.external('172.16.0.0/12', { metric: 1 })
  net.run(12)
  t.notOk(r.fib.get('172.16.0.0/12')?.discard, 'somebody else may know more')
  t.same(path(r, '172.16.2.1').slice(0, 3), ['r', 'abr', 'a'])
  a.withdrawExternal('172.16.0.0/12')
  net.run(12)
  t.ok(r.fib.get('172.16.0.0/12')?.discard)
  r.withdrawExternal('172.16.1.0/24')
  r.external('192.0.2.0/24')
  net.run(12)
  t.notOk(r.fib.has('172.16.0.0/12'))
  t.notOk(r.fib.has('192.0.2.0/24'), 'the kernel has a route to just that')
})
