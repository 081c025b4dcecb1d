import { mock } from 'node:test'
import t from 'tap'
import { realClock } from '../lib/clock.ts'

t.test('now only goes forward; wall is the date', async (t) => {
  const before = realClock.now()
  t.ok(realClock.now() >= before)
  const date = Date.now()
  t.ok(Math.abs(realClock.wall() - date) < 60_000)
})

t.test('timers, on a mocked setTimeout', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const fired: string[] = []
  realClock.setTimer(10, () => fired.push('10'))
  const disposed = realClock.setTimer(10, () => fired.push('disposed'))
  disposed[Symbol.dispose]()
  disposed[Symbol.dispose]()
  mock.timers.tick(9)
  t.same(fired, [])
  mock.timers.tick(1)
  t.same(fired, ['10'])

  const days = 60 * 86_400_000
  realClock.setTimer(days, () => fired.push('60 days'))
  const other = realClock.setTimer(days, () => fired.push('disposed'))
  // The mock knows only the end of a tick, so it is not to span more than one of the timers below.
  const longest = 0x7fffffff
  for (const ms of [longest, longest, days - 2 * longest - 1]) mock.timers.tick(ms)
  t.equal(fired.length, 1, 'longer than setTimeout can hold')
  other[Symbol.dispose]()
  mock.timers.tick(1)
  t.same(fired.slice(1), ['60 days'])
})

t.test('a fraction of a millisecond is rounded up, for setTimeout cuts it off', async (t) => {
  const delays: unknown[] = []
  const fake = (_: () => void, delay: number): number => delays.push(delay)
  t.intercept(globalThis, 'setTimeout', { value: fake })
  realClock.setTimer(10.2, () => {})
  realClock.setTimer(0.1, () => {})
  t.same(delays, [11, 1])
})

t.test('without delay: after the turn and what it promised, unless disposed', async (t) => {
  const order: string[] = []
  realClock.setTimer(0, () => order.push('timer'))
  realClock.setTimer(0, () => order.push('disposed'))[Symbol.dispose]()
  void Promise.resolve().then(() => order.push('promise'))
  order.push('turn')
  await new Promise((resolve) => setImmediate(resolve))
  t.same(order, ['turn', 'promise', 'timer'])
})

t.test('a real one fires, a negative delay is none', async (t) => {
  await new Promise<void>((resolve) => void realClock.setTimer(-5, resolve))
  t.pass()
})
