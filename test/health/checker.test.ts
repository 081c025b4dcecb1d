import t from 'tap'
import { Checker, type Timing } from '../../lib/health/checker.ts'
import type { Probe } from '../../lib/health/probe.ts'
import { FakeClock, settle } from './fake-clock.ts'

/** A checker with no stagger, so that turn n starts at n - 1 seconds, and what it decided. */
function check(
  clock: FakeClock,
  probe: Probe,
  more: Partial<Timing> = {},
): { checker: Checker; decided: [at: number, healthy: boolean | undefined, reason: string][] } {
  const decided: [number, boolean | undefined, string][] = []
  const timing = { interval: 1, timeout: 1, rise: 2, fall: 3, clock, random: () => 0, ...more }
  const checker = new Checker(probe, timing, () => {
    decided.push([clock.now(), checker.healthy, checker.reason])
  })
  return { checker, decided }
}

t.test('the interval is from start to start; the first run is jittered', async (t) => {
  const clock = new FakeClock()
  const starts: number[] = []
  const probe: Probe = () => {
    starts.push(clock.now())
    return new Promise((resolve) => void clock.setTimer(300, resolve))
  }
  const { checker } = check(clock, probe, { interval: 10, timeout: 2, random: () => 0.5 })
  t.equal(clock.pending, 0)
  checker.start()
  await clock.advance(31_000)
  t.same(starts, [500, 10_500, 20_500, 30_500])
  checker.stop()
  t.equal(clock.pending, 0)
})

t.test('a timeout longer than the interval: the next run starts when it is over', async (t) => {
  const clock = new FakeClock()
  const starts: number[] = []
  const probe: Probe = () => {
    starts.push(clock.now())
    return new Promise((resolve) => void clock.setTimer(starts.length === 1 ? 2500 : 100, resolve))
  }
  const { checker } = check(clock, probe, { timeout: 3 })
  checker.start()
  await clock.advance(4000)
  t.same(starts, [0, 2500, 3500])
  checker.stop()
})

t.test('a timeout aborts the signal and is a failure', async (t) => {
  const clock = new FakeClock()
  const aborted: [number, string][] = []
  let running = 0
  let most = 0
  const obedient: Probe = (signal) => {
    most = Math.max(most, ++running)
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        running--
        aborted.push([clock.now(), (signal.reason as Error).message])
        reject(signal.reason)
      })
    })
  }
  const { checker, decided } = check(clock, obedient, { timeout: 0.25, fall: 2 })
  checker.start()
  await clock.advance(1250)
  const reason = 'timed out after 0.25 s'
  t.same(aborted, [
    [250, reason],
    [1250, reason],
  ])
  t.same(decided, [[1250, false, reason]])
  t.equal(most, 1)
  checker.stop()
  t.equal(clock.pending, 0)
})

t.test('a probe that ignores the signal fails turn by turn and never runs twice', async (t) => {
  const clock = new FakeClock()
  let runs = 0
  let pass = (): void => {}
  const deaf: Probe = () => {
    runs++
    return new Promise((resolve) => {
      pass = resolve
    })
  }
  const { checker, decided } = check(clock, deaf, { rise: 1 })
  checker.start()
  await clock.advance(2999)
  t.same(decided, [])
  await clock.advance(1)
  const late = [3000, false, 'timed out after 1 s (an earlier run has not returned)']
  t.same(decided, [late])
  t.equal(runs, 1)

  await clock.advance(500)
  pass()
  await settle()
  t.same(decided, [late], 'the pass of an earlier turn counts for nothing')
  t.equal(runs, 2, 'the turn that waited has begun')
  pass()
  await settle()
  t.same(decided, [late, [3500, true, 'passed']])
  checker.stop()
  t.equal(clock.pending, 0)
})

t.test('resolving after the timeout is a failure', async (t) => {
  const clock = new FakeClock()
  const slow: Probe = () => new Promise((resolve) => void clock.setTimer(600, resolve))
  const { checker, decided } = check(clock, slow, { timeout: 0.5, rise: 1, fall: 2 })
  checker.start()
  await clock.advance(1500)
  t.same(decided, [[1500, false, 'timed out after 0.5 s']])
  await clock.advance(10_000)
  t.ok(decided.every(([, healthy]) => healthy === false))
  checker.stop()
})

t.test('started again it counts from nothing', async (t) => {
  const clock = new FakeClock()
  let fail = false
  const { checker, decided } = check(clock, async () => {
    if (fail) throw new Error('no')
  })
  for (const ms of [500, 500]) {
    checker.start()
    await clock.advance(ms)
    checker.stop()
  }
  fail = true
  for (const ms of [1500, 1500]) {
    checker.start()
    await clock.advance(ms)
    checker.stop()
  }
  t.same(decided, [], 'neither one pass and one, nor two failures and two')
})

t.test('started again it knows nothing, but still who has not returned', async (t) => {
  const clock = new FakeClock()
  let runs = 0
  let hang = false
  const probe: Probe = async () => {
    runs++
    if (hang) await new Promise(() => {})
  }
  const { checker } = check(clock, probe)
  checker.start()
  await clock.advance(1000)
  t.equal(checker.healthy, true)
  hang = true
  await clock.advance(1500)
  t.equal(runs, 3)
  checker.stop()
  checker.stop()
  t.equal(clock.pending, 0)
  hang = false
  checker.start()
  t.equal(checker.healthy, undefined)
  await clock.advance(2999)
  t.equal(checker.healthy, undefined)
  await clock.advance(1)
  t.equal(checker.healthy, false)
  t.equal(runs, 3)
  checker.stop()
})
