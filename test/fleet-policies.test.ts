/**
 * All directors' gates fail together, each policy by itself: fleets of two, three and sixteen, whole, cut in two and
 * healed. What `minimumAnnouncers` does is in fleet.test.ts.
 */
import t from 'tap'
import { healthy, panic } from '../lib/index.ts'
import { Net } from './fleet-net.ts'
import { vip } from './world.ts'

const counts = [2, 3, 16] as const

for (const count of counts) {
  for (const onFail of ['withdraw', 'degrade', 'keep'] as const) {
    t.test(`${count} directors, onFail '${onFail}', cut in two`, async (t) => {
      const net = new Net(count, { onFail })
      await net.start(count)
      const [one, two] = net.routers
      const isRouted = (): boolean[] => [one!, two!].map(({ fib }) => fib.get(vip) !== undefined)
      t.same(isRouted(), [true, true])
      net.cut(true)
      await net.net.runAsync(8)
      t.same(isRouted(), [true, true], 'each part has its own')
      for (const { gate } of net.directors) gate.set(false)
      await net.net.runAsync(8)
      const stays = onFail !== 'withdraw'
      const state = { withdraw: 'down', degrade: 'degraded', keep: 'up' }[onFail]
      t.equal(net.states(), Array(count).fill(state).join(' '))
      t.same(isRouted(), [stays, stays])

      net.cut(false)
      await net.net.runAsync(20)
      t.equal(net.states(), Array(count).fill(state).join(' '), 'what others do does not matter')
      t.same(isRouted(), [stays, stays])

      // one is well again: with 'degrade' it has all the traffic, of both parts
      net.directors[0]!.gate.set(true)
      await net.net.runAsync(10)
      t.equal(net.directors[0]!.vip.state, 'up')
      t.same(isRouted(), [true, true])
      if (onFail === 'degrade') {
        t.equal(one!.fib.get(vip)?.nextHops.length, 1)
        t.equal(two!.fib.get(vip)?.nextHops.length, 1, 'by way of the other router')
      }
      await net.stop()
      t.same(isRouted(), [false, false])
    })
  }

  t.test(`${count} directors that do not believe what fails for all`, async (t) => {
    const failing = new Set<number>()
    const targets = [0, 1, 2, 3]
    const net = new Net(count, {}, ({ clock }) => {
      const gates = targets.map((target) =>
        healthy(
          async () => {
            if (failing.has(target)) throw new Error('connection refused')
          },
          { interval: 1, rise: 1, fall: 2, clock },
        ),
      )
      return panic({ share: 0.5, clock }, gates)[0]!
    })
    await net.start(count)
    t.equal(net.announcing(), count)
    t.comment('a switch loses its mind: every check of every director fails')
    for (const target of targets) failing.add(target)
    await net.run(20)
    t.same(net.gaps, [])
    t.equal(net.announcing(), count, net.states())
    net.cut(true)
    await net.net.runAsync(8)
    await net.run(10)
    t.same(net.gaps, [], 'nor when it is cut')
    net.cut(false)
    failing.clear()
    await net.run(20)
    t.same(net.gaps, [])
    t.comment('one server of four fails: that is believed, by all alike')
    failing.add(0)
    await net.net.runAsync(20)
    t.equal(net.announcing(), 0, net.states())
    await net.stop()
  })
}
