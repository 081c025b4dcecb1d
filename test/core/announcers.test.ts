/** Who else announces a prefix, within reach and within the area. */
import t from 'tap'
import { announcersOf } from '../../lib/core/announcers.ts'
import { Router } from '../../lib/core/router.ts'
import { Network } from '../../lib/sim/network.ts'
import type { SimRouter } from '../../lib/sim/router.ts'
import { formatIpv4, parseIpv4 } from '../../lib/wire/address.ts'

const vip = '10.0.9.9/32'
const destination = { prefix: parseIpv4('10.0.9.9')!, length: 32 }

/** As 'ID', or 'ID (last)' for a last resort. */
function seenBy(router: SimRouter, area: number | 'any' = 0): string[] {
  const { core } = router
  if (!(core instanceof Router)) throw new Error('not the core router')
  return announcersOf(core, destination, area === 'any' ? undefined : [area])
    .map(({ routerId, isLastResort }) => `${formatIpv4(routerId)}${isLastResort ? ' (last)' : ''}`)
    .sort()
}

const timers = { helloInterval: 1, deadInterval: 4 }

t.test('stub links: in reach, others than ourselves, and at what cost', async (t) => {
  const net = new Network({ seed: 1 })
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => net.router(name)) as [
    SimRouter,
    SimRouter,
    SimRouter,
    SimRouter,
  ]
  net.link(a, b, timers)
  const far = net.link(b, c, timers)
  net.link(c, d, timers)
  for (const router of [a, c, d]) router.announce(vip)
  b.announce('10.0.9.8/32')
  b.announce('10.0.9.8/31')
  net.run(20)
  t.same(seenBy(a), ['10.0.0.3', '10.0.0.4'])
  t.same(seenBy(b), ['10.0.0.1', '10.0.0.3', '10.0.0.4'])

  d.announce(vip, { cost: 65_535 })
  c.announce(vip, { cost: 65_534 })
  net.run(8)
  t.same(seenBy(a), ['10.0.0.3', '10.0.0.4 (last)'])
  c.withdraw(vip)
  net.run(8)
  t.same(seenBy(a), ['10.0.0.4 (last)'])

  far.partition([[b], [c]])
  net.run(10)
  t.same(seenBy(a), [], 'its LSA is there, the way is not')
  t.ok(a.database().some(({ lsa }) => lsa.header.advertisingRouter === d.id))
  t.same(seenBy(c), ['10.0.0.4 (last)'])
  far.heal()
  net.run(10)
  t.same(seenBy(a), ['10.0.0.4 (last)'])
})

t.test('externals, and an area border router in between', async (t) => {
  const net = new Network({ seed: 2 })
  const [a, abr, c] = ['a', 'abr', 'c'].map((name) => net.router(name)) as [
    SimRouter,
    SimRouter,
    SimRouter,
  ]
  const inner = '0.0.0.1'
  net.link(a, abr, timers)
  net.link(abr, c, { ...timers, area: inner })
  a.announce(vip)
  c.announce(vip, { area: inner })
  net.run(20)
  t.ok(a.fib.get(vip) === undefined && abr.fib.get(vip), 'both are there')
  t.same(seenBy(a), [], 'c is in another area')
  t.same(seenBy(abr), ['10.0.0.1'])
  t.same(seenBy(abr, 1), ['10.0.0.3'])
  t.same(seenBy(abr, 'any'), ['10.0.0.1', '10.0.0.3'])

  a.withdraw(vip)
  a.external(vip, { metric: 0xfffffe })
  net.run(8)
  t.same(seenBy(abr), ['10.0.0.1 (last)'])
  t.same(seenBy(c, 1), [], 'an external of the other area')
  a.external(vip, { metric: 20 })
  net.run(8)
  t.same(seenBy(abr), ['10.0.0.1'])
  a.withdrawExternal(vip)
  net.run(8)
  t.same(seenBy(abr), [])
})

t.test('in an NSSA', async (t) => {
  const net = new Network({ seed: 3 })
  const [abr, b, c] = ['abr', 'b', 'c'].map((name) => net.router(name)) as [
    SimRouter,
    SimRouter,
    SimRouter,
  ]
  const inner = '0.0.0.1'
  net.link(abr, b, { ...timers, area: inner })
  net.link(b, c, { ...timers, area: inner })
  for (const router of [abr, b, c]) router.area(inner, { kind: 'nssa' })
  c.external(vip, { metric: 20 })
  net.run(20)
  t.same(seenBy(b, 1), ['10.0.0.3'])
  t.same(seenBy(b, 'any'), ['10.0.0.3'])
})
