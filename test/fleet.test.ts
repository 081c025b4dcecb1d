/** The least number of announcers over a fleet: two, three and sixteen directors, with everything that can go wrong. */
import t from 'tap'
import type { Announcer } from '../lib/core/announcers.ts'
import { Fleet, type FleetDecision } from '../lib/fleet.ts'
import type { AnnounceOptions } from '../lib/index.ts'
import { Gate, Net } from './fleet-net.ts'
import { FakeClock } from './health/fake-clock.ts'
import { settle, vip } from './world.ts'

for (const [count, seed] of [
  [2, 1],
  [3, 2],
  [16, 3],
] as const) {
  t.test(`${count} directors whose gates all close in one instant`, async (t) => {
    const net = new Net(seed, { minimumAnnouncers: 1 })
    await net.start(count)
    t.equal(net.announcing(), count)
    for (const { gate } of net.directors) gate.set(false)
    await net.run(40)
    t.same(net.gaps, [])
    const keeper = net.directors.at(-1)!
    t.equal(net.announcing(), 1, net.states())
    t.equal(keeper.vip.state, 'degraded', 'the highest Router ID stays')
    t.equal(keeper.vip.reason, 'unhealthy; stays: no other is healthy, 1 wanted')
    t.match(net.directors[0]!.vip.history().at(-1), { cause: 'fleet', state: 'down' })
    t.equal(
      net.directors[0]!.vip.reason,
      `unhealthy; left: no other is healthy, 10.9.0.${count} is the last resort`,
    )

    t.comment('one recovers: the keeper may leave')
    net.directors[0]!.gate.set(true)
    await net.run(20)
    t.same(net.gaps, [])
    t.equal(keeper.vip.state, 'down')
    t.equal(keeper.vip.reason, 'unhealthy; left: 10.9.0.1 is healthy')
    t.equal(net.announcing(), 1)
    await net.stop()
  })

  t.test(`${count} directors one after another, at all sorts of distances`, async (t) => {
    const net = new Net(seed + 10, { minimumAnnouncers: 1 })
    await net.start(count)
    const { random } = net.net
    for (const { gate } of net.directors) {
      gate.set(false)
      await net.run(Math.round(random.next() * 40) / 10)
    }
    await net.run(40)
    t.same(net.gaps, [])
    t.equal(net.states().split(' ').at(-1), 'degraded')
    t.equal(net.announcing(), 1, net.states())
    await net.stop()
  })

  t.test(`${count} directors without the option: all leave`, async (t) => {
    const net = new Net(seed, {})
    await net.start(count)
    for (const { gate } of net.directors) gate.set(false)
    await net.net.runAsync(6)
    t.equal(net.announcing(), 0)
    t.equal(net.routers[0]!.fib.get(vip), undefined)
    await net.stop()
  })

  for (const onFail of ['degrade', 'keep'] as const) {
    t.test(`${count} directors with onFail '${onFail}'`, async (t) => {
      const net = new Net(seed, { onFail })
      await net.start(count)
      for (const { gate } of net.directors) gate.set(false)
      await net.run(10)
      t.same(net.gaps, [])
      const state = onFail === 'keep' ? 'up' : 'degraded'
      t.ok(net.directors.every(({ vip }) => vip.state === state))
      const last = net.directors.at(-1)!
      last.gate.set(true)
      await net.run(10)
      t.equal(
        net.routers[(count - 1) % 2]!.fib.get(vip)?.nextHops.length,
        onFail === 'keep' ? net.side(((count - 1) % 2) as 0 | 1).length : 1,
        'degraded ones are not used while another is there',
      )
      await net.stop()
    })
  }

  t.test(`${count} directors in a network that is cut and healed`, async (t) => {
    const net = new Net(seed + 20, { minimumAnnouncers: 1 })
    await net.start(count)
    for (const { gate } of net.directors) gate.set(false)
    await net.run(40)
    t.same(net.gaps, [])
    const keeper = net.directors.at(-1)!
    const other = net.routers[count % 2]!

    t.comment('the part without the keeper has nobody until the loss is noticed')
    net.cut(true)
    net.excuse([other])
    await net.run(8)
    net.excuse([])
    await net.run(40)
    t.same(net.gaps, [])
    const part = net.side((count % 2) as 0 | 1)
    t.equal(net.announcing(part), 1, `one came back: ${net.states(part)}`)
    t.equal(part.at(-1)!.vip.state, 'degraded', 'the highest of those that are there')
    t.equal(keeper.vip.state, 'degraded')

    net.cut(false)
    await net.run(40)
    t.same(net.gaps, [])
    t.equal(net.announcing(), 1, net.states())
    t.equal(keeper.vip.state, 'degraded')

    t.comment('cut again, with a healthy one on one side that fails as the network heals')
    part[0]!.gate.set(true)
    await net.run(30)
    t.equal(net.states(), net.directors.map((d) => (d === part[0] ? 'up' : 'down')).join(' '))
    net.cut(true)
    net.excuse([net.routers[1 - (count % 2)]!])
    await net.run(8)
    net.excuse([])
    await net.run(30)
    t.same(net.gaps, [])
    net.cut(false)
    await net.run(1.5)
    part[0]!.gate.set(false)
    await net.run(45)
    t.same(net.gaps, [])
    t.equal(net.announcing(), 1, net.states())
    await net.stop()
  })
}

t.test('two are wanted', async (t) => {
  const net = new Net(5, { minimumAnnouncers: 2 })
  await net.start(5)
  const [first, second] = net.directors
  for (const { gate } of net.directors.slice(1)) gate.set(false)
  await net.run(40)
  t.equal(net.states(), 'up down down down degraded', 'one in health, one of the sick')
  first!.gate.set(false)
  await net.run(40)
  t.equal(net.states(), 'degraded down down down degraded', 'two, though others have higher IDs')
  second!.gate.set(true)
  await net.run(40)
  t.equal(net.states(), 'down up down down degraded')
  t.same(net.gaps, [])
  await net.stop()
})

t.test('a keeper that dies is replaced', async (t) => {
  const net = new Net(6, { minimumAnnouncers: 1 })
  await net.start(4)
  for (const { gate } of net.directors) gate.set(false)
  await net.run(40)
  t.equal(net.states(), 'down down down degraded')
  net.net.hosts.at(-1)!.crash()
  net.excuse(net.routers)
  await net.run(8)
  net.excuse([])
  await net.run(40)
  t.same(net.gaps, [])
  t.equal(net.states(net.directors.slice(0, 3)), 'down down degraded')
})

t.test('an operator has the last word, and what was never healthy is no resort', async (t) => {
  const net = new Net(7, { minimumAnnouncers: 1 })
  await net.start(2)
  const [first, second] = net.directors
  for (const { gate } of net.directors) gate.set(false)
  await net.run(40)
  second!.vip.force('down', 'it is burning')
  await net.net.runAsync(3)
  t.same([second!.vip.state, first!.vip.state], ['down', 'degraded'], 'the other comes back')
  const drained = first!.vip.drain()
  await net.net.runAsync(10)
  t.equal((await drained).outcome, 'done')
  t.equal(net.announcing(), 0)
  await net.stop()
})

t.test('what cannot be asked for', async (t) => {
  const net = new Net(8, {})
  await net.start(1)
  const { speaker } = net.directors[0]!
  const gate = new Gate()
  const refused = (message: string, options: AnnounceOptions): void => {
    t.throws(() => speaker.announce('10.0.1.101/32', options), {
      code: 'ERR_OSPF_CONFIG',
      message,
    })
  }
  refused('VIP 10.0.1.101/32: minimumAnnouncers: expected a whole number from 1 to 1000, got 0', {
    when: gate,
    minimumAnnouncers: 0,
  })
  refused(
    "VIP 10.0.1.101/32: minimumAnnouncers: expected a gate, and onFail: 'withdraw' with it, got \"onFail: 'keep'\"",
    { when: gate, minimumAnnouncers: 1, onFail: 'keep' },
  )
  refused(
    "VIP 10.0.1.101/32: minimumAnnouncers: expected a gate, and onFail: 'withdraw' with it, got 'no gate'",
    { minimumAnnouncers: 1 },
  )
  await net.stop()
})

t.test('the decision, step by step', async (t) => {
  const clock = new FakeClock()
  let others: Announcer[] = [
    { routerId: 5, isLastResort: false },
    { routerId: 20, isLastResort: false },
  ]
  let asked = 0
  const fleet = new Fleet({
    minimum: 1,
    routerId: 10,
    announcers: () => others,
    minLsInterval: 5000,
    clock,
    random: () => 0.5,
  })
  const decide = (isAnnounced: boolean): FleetDecision => fleet.decide(isAnnounced, () => asked++)
  t.same(decide(true), { stays: true, reason: 'the others are to hear of it first' })
  await clock.advance(15_499)
  t.same([asked, decide(true).stays], [0, true], 'whatever is asked meanwhile')
  others = others.map((other) => ({ ...other, isLastResort: other.routerId === 5 }))
  await clock.advance(1)
  t.equal(asked, 1)
  t.same(decide(true), { stays: false, reason: '0.0.0.20 is healthy' })
  t.same(decide(false).reason, '0.0.0.20 is healthy', 'the reason stays')
  others = []
  t.same(decide(false), { stays: true, reason: 'no other announces it, 1 wanted' })
  await clock.advance(15_500)
  t.same(decide(true), { stays: true, reason: 'no other is healthy, 1 wanted' })
  others = [{ routerId: 5, isLastResort: false }]
  t.equal(decide(true).stays, true, 'jitter first')
  others = []
  await clock.advance(1500)
  t.equal(asked, 3)
  t.equal(decide(true).stays, true, 'and counted anew')
  others = [{ routerId: 30, isLastResort: true }]
  decide(true)
  await clock.advance(1500)
  t.same(decide(true), {
    stays: false,
    reason: 'no other is healthy, 0.0.0.30 is the last resort',
  })
  fleet.forget()
  t.equal(decide(true).reason, 'the others are to hear of it first')
  fleet.forget()
  await settle()
  t.equal(clock.pending, 0)
})
