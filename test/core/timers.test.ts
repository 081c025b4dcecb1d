import t from 'tap'
import { type Timer, Timers } from '../../lib/core/timers.ts'
import { Random } from '../../lib/sim/random.ts'

t.test('timers run in the order of their deadlines, ties in the order of arming', async (t) => {
  const timers = new Timers()
  const ran: string[] = []
  const at = (label: string, time: number): Timer => {
    const timer = timers.create('hello', () => ran.push(label))
    timer.set(time)
    return timer
  }
  at('c', 30)
  at('a', 10)
  const moved = at('b1', 20)
  at('b2', 20)
  t.equal(timers.next(), 10)
  timers.runDue(9)
  t.same(ran, [])
  moved.set(20)
  timers.runDue(20)
  t.same(ran, ['a', 'b2', 'b1'], 'arming again moves it behind its equals')
  t.equal(timers.next(), 30)
  timers.runDue(1000)
  t.same(ran.splice(0), ['a', 'b2', 'b1', 'c'])
  t.equal(timers.next(), undefined)
})

t.test('a timer that arms itself anew waits for the next call, even when it is due', async (t) => {
  const timers = new Timers()
  let runs = 0
  const timer = timers.create('age', (now) => {
    runs++
    t.notOk(timer.armed, 'a timer that runs is not armed')
    timer.set(now)
  })
  timer.set(5)
  timers.runDue(7)
  t.equal(runs, 1)
  t.equal(timers.next(), 7)
  timers.runDue(7)
  t.equal(runs, 2)
  timer.cancel()
  timer.cancel()
  t.equal(timers.next(), undefined, 'cancelling twice is no error')
})

t.test('a timer cancelled by another that ran before it does not run', async (t) => {
  const timers = new Timers()
  const second = timers.create('wait', () => t.fail('was cancelled'))
  const first = timers.create('wait', () => second.cancel())
  first.set(1)
  second.set(1)
  timers.runDue(1)
  t.notOk(second.armed)
})

t.test('the heap agrees with a list that is searched', async (t) => {
  const random = new Random('timers')
  const timers = new Timers()
  const ran: number[] = []
  const all = Array.from({ length: 40 }, (_, i) => timers.create('hello', () => ran.push(i)))
  /** Deadline and order of arming, by timer. */
  const model = new Map<number, { at: number; order: number }>()
  const inOrder = (): [number, { at: number; order: number }][] =>
    [...model].sort(([, a], [, b]) => a.at - b.at || a.order - b.order)
  let now = 0
  for (let step = 0; step < 5000; step++) {
    const i = random.int(all.length)
    if (random.chance(0.6)) {
      const at = now + random.int(20)
      all[i]!.set(at)
      model.set(i, { at, order: step })
    } else if (random.chance(0.5)) {
      all[i]!.cancel()
      model.delete(i)
    } else {
      now += random.int(10)
      timers.runDue(now)
      const due = inOrder().filter(([, { at }]) => at <= now)
      for (const [i] of due) model.delete(i)
      if (
        !sameNumbers(
          ran.splice(0),
          due.map(([i]) => i),
        )
      )
        t.fail(`step ${step}: wrong order`)
    }
    if (timers.next() !== inOrder()[0]?.[1].at) t.fail(`step ${step}: wrong next`)
    const armed = all.filter((timer) => timer.armed).length
    if (armed !== model.size) t.fail(`step ${step}: ${armed} armed, not ${model.size}`)
  }
  t.pass('5000 steps')
})

const sameNumbers = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i])
