import t from 'tap'
import { defaultSpfDelay, EXCHANGED, FLOODED, SpfDelay } from '../../lib/core/spf-delay.ts'
import { Timers } from '../../lib/core/timers.ts'

const config = {
  initialMs: 0,
  shortMs: 50,
  longMs: 500,
  timeToLearnMs: 500,
  holdDownMs: 2000,
}

/** An SpfDelay whose runs are noted; times in milliseconds. */
function watched() {
  const timers = new Timers()
  const runs: number[] = []
  let now = 0
  const spf = new SpfDelay(timers, config, () => runs.push(now))
  const until = (end: number): void => {
    for (let next = timers.next(); next !== undefined && next <= end; next = timers.next()) {
      now = next
      timers.runDue(now)
    }
    now = end
  }
  const eventAt = (at: number): void => {
    until(at)
    spf.event(at)
  }
  const loadAt = (at: number, how = FLOODED): void => {
    until(at)
    spf.load(at, how, 0)
  }
  return { spf, timers, runs, until, eventAt, loadAt }
}

t.test('RFC 8405 section 5: the default delays are in order', async (t) => {
  const { initialMs, shortMs, longMs, timeToLearnMs, holdDownMs } = defaultSpfDelay
  t.ok(initialMs <= shortMs && shortMs <= longMs)
  t.ok(holdDownMs > timeToLearnMs && holdDownMs > longMs)
})

t.test('RFC 8405 transition 1: QUIET to SHORT_WAIT, after INITIAL_SPF_DELAY', async (t) => {
  const { spf, runs, until, eventAt } = watched()
  t.equal(spf.state, 'QUIET')
  eventAt(1000)
  t.equal(spf.state, 'SHORT_WAIT')
  until(1000)
  t.same(runs, [1000])
})

t.test('RFC 8405 transition 2: in SHORT_WAIT after SHORT_SPF_DELAY, once for many', async (t) => {
  const { spf, runs, until, eventAt } = watched()
  eventAt(0)
  eventAt(10)
  eventAt(20)
  eventAt(40)
  until(400)
  t.same(runs, [0, 60], 'an SPF timer that runs is not started anew')
  t.equal(spf.state, 'SHORT_WAIT')
})

t.test(
  'RFC 8405 transitions 3 and 4: LEARN_TIMER leads to LONG_WAIT, LONG_SPF_DELAY',
  async (t) => {
    const { spf, runs, until, eventAt } = watched()
    eventAt(0)
    eventAt(499)
    t.equal(spf.state, 'SHORT_WAIT')
    until(500)
    t.equal(spf.state, 'LONG_WAIT')
    eventAt(600)
    eventAt(700)
    until(1200)
    t.same(runs, [0, 549, 1100])
    t.equal(spf.state, 'LONG_WAIT', 'LEARN_TIMER is not started anew by events')
  },
)

t.test('RFC 8405 transition 5: HOLDDOWN_TIMER in LONG_WAIT leads to QUIET', async (t) => {
  const { spf, runs, until, eventAt } = watched()
  eventAt(0)
  eventAt(1000)
  until(2999)
  t.equal(spf.state, 'LONG_WAIT', 'each event starts HOLDDOWN_TIMER anew')
  until(3000)
  t.equal(spf.state, 'QUIET')
  eventAt(3100)
  until(3100)
  t.same(runs, [0, 1500, 3100], 'quick again')
})

t.test('RFC 8405 transition 6: HOLDDOWN_TIMER in SHORT_WAIT leads to QUIET', async (t) => {
  const timers = new Timers()
  const quick = { ...config, timeToLearnMs: 5000, holdDownMs: 1000 }
  const spf = new SpfDelay(timers, quick, () => {})
  spf.event(0)
  timers.runDue(0)
  t.equal(spf.state, 'SHORT_WAIT')
  timers.runDue(1000)
  t.equal(spf.state, 'QUIET')
  t.equal(timers.next(), undefined, 'LEARN_TIMER is stopped')
})

t.test('what nobody else said is calculated at once and counts for nothing', async (t) => {
  const { spf, runs, until, eventAt } = watched()
  spf.soon(0)
  until(0)
  t.same(runs, [0])
  t.equal(spf.state, 'QUIET')
  eventAt(10)
  eventAt(20)
  spf.soon(20)
  until(1000)
  t.same(runs, [0, 10, 20], 'a calculation that waits is brought forward')
})

t.test(
  'what is due can be run without the timer, and what was done otherwise is not done again',
  async (t) => {
    const { spf, runs, until, eventAt } = watched()
    eventAt(0)
    spf.runDue(0)
    t.same(runs, [0])
    until(20)
    spf.event(20)
    spf.runDue(20)
    t.same(runs, [0], 'not before its time')
    spf.done()
    until(5000)
    t.same(runs, [0])
  },
)

t.test('a database that comes in: once, after a pause', async (t) => {
  const { spf, runs, until, loadAt } = watched()
  for (let at = 0; at <= 100; at += 5) loadAt(at)
  t.equal(spf.state, 'QUIET', 'all of it is one event')
  until(1000)
  t.same(runs, [100 + FLOODED.pauseMs])
  t.equal(spf.state, 'LONG_WAIT')
})

t.test('a database without an end: not later than that', async (t) => {
  const { runs, loadAt } = watched()
  for (let at = 0; at <= 2 * FLOODED.mostMs + 200; at += 5) loadAt(at)
  t.equal(runs[0], FLOODED.mostMs)
  t.ok(runs.length <= 3, `${runs.length} calculations`)
})

t.test('an exchange: at its end, which is an event of its own', async (t) => {
  const { runs, until, eventAt, loadAt } = watched()
  for (let at = 0; at <= 200; at += 50) loadAt(at, EXCHANGED)
  eventAt(210)
  until(3000)
  t.same(runs, [210])
})

t.test('what has its own delay does not wait for a database', async (t) => {
  const { runs, until, eventAt, loadAt } = watched()
  eventAt(0)
  until(0)
  eventAt(10)
  for (let at = 11; at < 100; at += 5) loadAt(at)
  until(1000)
  t.equal(runs[1], 60)
})

t.test('calculated on another occasion: the next database has all of its time', async (t) => {
  const { spf, runs, until, loadAt } = watched()
  const { mostMs } = EXCHANGED
  loadAt(0, EXCHANGED)
  until(mostMs - 10)
  spf.done()
  loadAt(mostMs, EXCHANGED)
  until(3 * mostMs)
  t.same(runs, [2 * mostMs])
})
