/** Traffic shares: what directors ask for becomes weights of next hops. */
import t from 'tap'
import type { Route } from '../../lib/core/io.ts'
import { toWhole } from '../../lib/core/weigh.ts'
import { Network } from '../../lib/sim/network.ts'
import type { SimRouter } from '../../lib/sim/router.ts'
import { ip } from './bench.ts'

const text = '10.9.9.9/32'
const vip = { prefix: ip('10.9.9.9'), length: 32 }

/** A router and directors on a LAN; all of them announce the VIP. */
function fleet(directors: number, announce: (director: SimRouter) => void = stub) {
  const net = new Network({ seed: 3 })
  const router = net.router('r', { routerId: '10.0.0.1' })
  const lbs = Array.from({ length: directors }, (_, i) =>
    net.router(`lb${i + 1}`, { routerId: `10.0.0.${i + 11}` }),
  )
  net.segment('lan', '10.0.1.0/24', [router, ...lbs], { helloInterval: 1, deadInterval: 4 })
  net.run(15)
  for (const lb of lbs) announce(lb)
  net.run(10)
  return { net, router, lbs }
}

const stub = (director: SimRouter): void => director.announce(text)

const ask = (director: SimRouter, weight: number, drain = false): void =>
  director.share(text, { weight, drain })

const routeOf = (router: SimRouter): Route | undefined =>
  router.core.routes().find(({ prefix, length }) => prefix === vip.prefix && length === 32)

const weights = (router: SimRouter): (number | undefined)[] | undefined =>
  routeOf(router)?.nextHops.map(({ weight }) => weight)

const draining = (router: SimRouter): boolean[] | undefined =>
  routeOf(router)?.nextHops.map(({ draining }) => draining ?? false)

t.test('nobody asks: equal shares, and no word of weights', async (t) => {
  const { router } = fleet(2)
  t.same(weights(router), [undefined, undefined])
})

t.test('shares in proportion; who asks for nothing has 100', async (t) => {
  const { net, router, lbs } = fleet(3)
  ask(lbs[0]!, 50)
  net.run(5)
  t.same(weights(router), [1, 2, 2])
  ask(lbs[1]!, 200)
  net.run(10)
  t.same(weights(router), [1, 4, 2])
  t.match(router.fib.get('10.9.9.9/32'), {
    nextHops: [{ weight: 1 }, { weight: 4 }, { weight: 2 }],
  })
  ask(lbs[0]!, 200)
  ask(lbs[2]!, 200)
  net.run(10)
  t.same(weights(router), [undefined, undefined, undefined], 'all ask for the same')
})

t.test('a share that is taken back', async (t) => {
  const { net, router, lbs } = fleet(2)
  ask(lbs[0]!, 25)
  net.run(5)
  t.same(weights(router), [1, 4])
  lbs[0]!.withdrawShare(text)
  net.run(10)
  t.same(weights(router), [undefined, undefined])
  t.same(router.core.opaques(net.now * 1000), [], 'and the LSA is gone')
})

t.test('a share for every prefix', async (t) => {
  const { net, router, lbs } = fleet(2)
  lbs[0]!.share(undefined, { weight: 10 })
  net.run(5)
  t.same(weights(router), [1, 10])
  ask(lbs[0]!, 100)
  net.run(10)
  t.same(weights(router), [undefined, undefined], 'one of its own comes first')
})

t.test('draining: marked, with its share as it was', async (t) => {
  const { net, router, lbs } = fleet(3)
  ask(lbs[1]!, 100, true)
  net.run(5)
  t.same(draining(router), [false, true, false])
  t.same(weights(router), [1, 1, 1])
  for (const lb of lbs) ask(lb, 100, true)
  net.run(10)
  t.same(draining(router), [false, false, false], 'where all drain, none does')
  ask(lbs[1]!, 100, false)
  net.run(10)
  t.same(draining(router), [true, false, true])
})

t.test('externals as well', async (t) => {
  const { net, router, lbs } = fleet(2, (lb) => lb.external('10.9.9.9/32'))
  ask(lbs[1]!, 25)
  net.run(5)
  t.same(weights(router), [4, 1])
})

t.test('a director that is gone asks for nothing', async (t) => {
  const { net, router, lbs } = fleet(3)
  ask(lbs[0]!, 50)
  net.run(5)
  lbs[0]!.crash()
  net.run(10)
  t.same(weights(router), [undefined, undefined])
  t.ok(router.core.opaques(net.now * 1000).length > 0, 'though its LSA is still there')
})

t.test('two directors behind one router: their shares add up', async (t) => {
  const net = new Network({ seed: 4 })
  const [r, near, far, lb1, lb2, lb3] = ['r', 'near', 'far', 'lb1', 'lb2', 'lb3'].map((name, i) =>
    net.router(name, { routerId: `10.0.0.${i + 1}` }),
  ) as [SimRouter, SimRouter, SimRouter, SimRouter, SimRouter, SimRouter]
  const timers = { helloInterval: 1, deadInterval: 4 }
  net.segment('here', '10.0.1.0/24', [r, near, lb3], timers)
  net.link(near, far, { ...timers, prefix: '10.0.3.0/30' })
  net.segment('behind', '10.0.2.0/24', [far, lb1, lb2], timers)
  net.run(15)
  for (const lb of [lb1, lb2]) stub(lb)
  lb3.announce(text, { cost: 20 })
  net.run(10)
  t.equal(routeOf(r)?.nextHops.length, 2)
  t.same(weights(r), [undefined, undefined])
  ask(lb1, 200)
  net.run(5)
  t.same(
    weights(r),
    [undefined, undefined],
    'far might not pass on opaque LSAs: it is no neighbor, and has none of its own',
  )
  far.keepsConnections(true)
  net.run(10)
  // lb1 and lb2 behind far ask for 300 together, lb3 for 100
  t.same(weights(r)?.toSorted(), [1, 3])
})

t.test('whole numbers', async (t) => {
  t.same(toWhole([100, 100]), [1, 1])
  t.same(toWhole([100, 50]), [2, 1])
  t.same(toWhole([50, 50, 100 / 3]), [3, 3, 2])
  t.same(toWhole([1, 256]), [1, 256])
  t.same(toWhole([1, 512]), [1, 256], 'never 0')
  t.same(toWhole([7]), [1])
})

t.test('a neighbor passes on opaque LSAs: its exchange said so, which Hellos do not', async (t) => {
  const net = new Network({ seed: 5 })
  const [r, far, lb1, lb2] = ['r', 'far', 'lb1', 'lb2'].map((name, i) =>
    net.router(name, { routerId: `10.0.0.${i + 1}` }),
  ) as [SimRouter, SimRouter, SimRouter, SimRouter]
  const timers = { helloInterval: 1, deadInterval: 4 }
  net.link(r, far, { ...timers, prefix: '10.0.1.0/30' })
  net.link(r, lb2, { ...timers, prefix: '10.0.2.0/30' })
  net.link(far, lb1, { ...timers, prefix: '10.0.3.0/30' })
  net.run(15)
  stub(lb1)
  lb2.announce(text, { cost: 10 })
  net.run(10)
  t.equal(routeOf(r)?.nextHops.length, 2)
  ask(lb1, 50)
  net.run(5)
  const asked = weights(r)
  t.same(asked?.toSorted(), [1, 2])
  far.crash()
  net.run(10)
  far.restart()
  net.run(10)
  t.same(weights(r), asked, 'after an exchange')
  // the tree anew, with everything as it was
  const { name } = r.attachments[0]!
  r.configure(name, { cost: 9 })
  net.run(10)
  r.configure(name, { cost: 10 })
  net.run(10)
  t.same(weights(r), asked, 'and after the Hellos that followed')
})
