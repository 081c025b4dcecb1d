import t from 'tap'
import { VirtualClock } from '../../lib/sim/clock.ts'
import { Random } from '../../lib/sim/random.ts'

t.test('runs timers in the order of time, then of planning', async (t) => {
  const clock = new VirtualClock()
  const log: string[] = []
  clock.setTimer(20, () => log.push(`b ${clock.now()}`))
  clock.setTimer(10, () => log.push(`a ${clock.now()}`))
  clock.setTimer(20, () => log.push(`c ${clock.now()}`))
  clock.setTimer(21, () => log.push('late'))
  t.equal(clock.next(), 10)
  clock.advance(20)
  t.same(log, ['a 10', 'b 20', 'c 20'])
  t.equal(clock.now(), 20)
  t.equal(clock.next(), 21)
  clock.advance(1)
  t.equal(log.length, 4)
  t.equal(clock.next(), undefined)
})

t.test('a callback may plan within the same advance', async (t) => {
  const clock = new VirtualClock()
  const at: number[] = []
  const again = () => {
    at.push(clock.now())
    clock.setTimer(10, again)
  }
  clock.setTimer(10, again)
  clock.advance(35)
  t.same(at, [10, 20, 30])
  clock.setTimer(-5, () => at.push(-1))
  clock.advance(0)
  t.equal(at.at(-1), -1, 'a negative delay is now')
})

t.test('a disposed timer does not fire and is forgotten', async (t) => {
  const clock = new VirtualClock()
  const timers = Array.from({ length: 100 }, (_, i) => clock.setTimer(i, () => t.fail('disposed')))
  for (const timer of timers) timer[Symbol.dispose]()
  timers[0]?.[Symbol.dispose]()
  t.equal(clock.planned, 0)
  clock.advance(1000)
  t.equal(clock.now(), 1000)
})

t.test('agrees with a sorted list over random plans and cancellations', async (t) => {
  const random = new Random('heap')
  const clock = new VirtualClock()
  const fired: number[] = []
  const alive = new Map<number, { at: number; timer: Disposable }>()
  for (let i = 0; i < 2000; i++) {
    const at = random.int(500)
    alive.set(i, { at, timer: clock.setTimer(at, () => fired.push(i)) })
    if (random.chance(0.4)) {
      const victim = random.pick([...alive.keys()])
      alive.get(victim)?.timer[Symbol.dispose]()
      alive.delete(victim)
    }
  }
  clock.advance(500)
  const wanted = [...alive].sort(([a, x], [b, y]) => x.at - y.at || a - b).map(([i]) => i)
  t.same(fired, wanted)
})

t.test('the wall clock steps and drifts, now does not', async (t) => {
  const clock = new VirtualClock({ wall: 1_000_000 })
  clock.advance(1000)
  t.equal(clock.wall(), 1_001_000)
  clock.stepWall(-500)
  t.equal(clock.wall(), 1_000_500)
  clock.skewWall(1.5)
  clock.advance(1000)
  t.equal(clock.wall(), 1_002_000)
  t.equal(clock.now(), 2000)
})

t.test('advanceAsync lets promises settle between callbacks', async (t) => {
  const clock = new VirtualClock()
  const log: string[] = []
  const sleep = (ms: number) => new Promise<void>((resolve) => clock.setTimer(ms, resolve))
  const worker = async () => {
    for (let i = 0; i < 3; i++) {
      await sleep(10)
      // A deep chain: more than one microtask turn.
      for (let depth = 0; depth < 50; depth++) await Promise.resolve()
      log.push(`slept until ${clock.now()}`)
    }
  }
  void worker()
  clock.setTimer(20, () => log.push(`timer at ${clock.now()}`))
  await clock.advanceAsync(30)
  t.same(log, ['slept until 10', 'timer at 20', 'slept until 20', 'slept until 30'])
})

t.test('misuse is told', async (t) => {
  const clock = new VirtualClock()
  clock.setTimer(1, () => clock.advance(1))
  t.throws(() => clock.advance(1), { code: 'ERR_OSPF_CONFIG' }, 'no advance within an advance')
  t.throws(() => clock.setTimer(Number.NaN, () => {}), { code: 'ERR_OSPF_CONFIG' })
  clock.setTimer(0, () => {
    throw new Error('from a callback')
  })
  t.throws(() => clock.advance(1), { message: 'from a callback' })
  clock.advance(1)
  t.pass('and the clock still goes')
})
