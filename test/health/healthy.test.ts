import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { OspfError } from '../../lib/errors.ts'
import { type Gate, type HealthyOptions, healthy, type Verdict } from '../../lib/health/healthy.ts'
import type { Probe } from '../../lib/health/probe.ts'
import { FakeClock, settle } from './fake-clock.ts'

/** A probe that does as told, run by run: '+' passes, anything else is the message it fails with. */
function scripted(script: readonly string[]): { probe: Probe; runs: () => number } {
  let runs = 0
  return {
    probe: async () => {
      const what = script[Math.min(runs++, script.length - 1)] ?? '+'
      if (what !== '+') throw new Error(what)
    },
    runs: () => runs,
  }
}

/** Reads a gate to its end, keeping what it said. */
function listen(gate: Gate): { said: Verdict[]; ended: Promise<void>; stop: () => void } {
  const said: Verdict[] = []
  const iterator = gate[Symbol.asyncIterator]()
  const ended = (async () => {
    for (;;) {
      const result = await iterator.next()
      if (result.done) return
      said.push(result.value)
    }
  })()
  return { said, ended, stop: () => void iterator.return?.() }
}

/** Options for a virtual second with no stagger, so that run n starts at n - 1 seconds. */
const at = (clock: FakeClock, more: HealthyOptions = {}): HealthyOptions => ({
  clock,
  random: () => 0,
  ...more,
})

t.test('rise and fall are counted exactly', async (t) => {
  const clock = new FakeClock()
  const { probe, runs } = scripted(['+', '+', '+', 'a', 'b', 'c', 'd', '+', '+'])
  const gate = healthy(probe, at(clock, { rise: 2, fall: 3 }))
  t.equal(runs(), 0, 'nothing runs until somebody reads')
  t.equal(clock.pending, 0)
  const { said, ended, stop } = listen(gate)

  await clock.advance(999)
  t.equal(runs(), 1)
  t.same(said, [], 'one pass is not enough')
  t.equal(gate.verdict, undefined)
  await clock.advance(1)
  const passed = { probe: 'probe', passed: true, times: 2, needed: 2 }
  t.same(said, [{ healthy: true, reason: 'passed 2 times in a row', at: 1000, evidence: passed }])
  await clock.advance(3999)
  t.equal(runs(), 5)
  t.equal(said.length, 1, 'two failures are not enough')
  await clock.advance(1)
  const failed = { probe: 'probe', passed: false, times: 3, needed: 3 }
  t.same(said[1], { healthy: false, reason: 'c', at: 5000, evidence: failed })
  await clock.advance(1000)
  t.equal(said.length, 2, 'a further failure is no change')
  t.match(gate.verdict, { healthy: false, reason: 'd', at: 5000 }, 'but the latest reason is there')
  await clock.advance(1999)
  t.equal(said.length, 2)
  await clock.advance(1)
  t.same(said[2], {
    healthy: true,
    reason: 'passed 2 times in a row',
    at: 8000,
    evidence: passed,
  })
  t.equal(said.length, 3)

  stop()
  await ended
  t.equal(clock.pending, 0)
  t.equal(gate.verdict, undefined)
})

t.test('down until proven up: the first verdict may be that it is down', async (t) => {
  const clock = new FakeClock()
  const { said, stop } = listen(healthy(scripted(['refused']).probe, at(clock, { fall: 3 })))
  await clock.advance(1999)
  t.same(said, [])
  await clock.advance(10_000)
  t.match(said, [{ healthy: false, reason: 'refused', at: 2000 }])
  stop()
})

t.test('flapping below the thresholds says nothing', async (t) => {
  const clock = new FakeClock()
  const flaps = Array.from({ length: 100 }, (_, i) => (i % 3 === 0 ? '+' : 'x'))
  const start = listen(healthy(scripted(flaps).probe, at(clock)))
  const later = listen(healthy(scripted(['+', '+', ...flaps]).probe, at(clock)))
  await clock.advance(90_000)
  t.same(start.said, [], 'neither two passes nor three failures in a row')
  t.same(later.said.length, 1, 'healthy once, and it stays')
  start.stop()
  later.stop()
})

t.test('rise and fall of one: every run decides', async (t) => {
  const clock = new FakeClock()
  const { probe } = scripted(['+', 'x', '+', '+', 'y', 'y'])
  const { said, stop } = listen(healthy(probe, at(clock, { rise: 1, fall: 1 })))
  await clock.advance(5000)
  t.same(
    said.map(({ reason, at }) => [reason, at]),
    [
      ['passed', 0],
      ['x', 1000],
      ['passed', 2000],
      ['y', 4000],
    ],
  )
  stop()
})

t.test('whatever a probe throws, and however, is a reason', async (t) => {
  for (const [thrown, reason] of [
    [new Error('no'), 'no'],
    ['plain words', 'plain words'],
    [undefined, 'undefined'],
    [new AggregateError([new Error('one'), new Error('two')]), 'one, two'],
    [Object.assign(new Error(''), { code: 'ECONNRESET' }), 'ECONNRESET'],
    [new TypeError(), 'TypeError'],
  ] as const) {
    const clock = new FakeClock()
    const synchronous: Probe = () => {
      throw thrown
    }
    const asynchronous: Probe = () => Promise.reject(thrown)
    for (const probe of [synchronous, asynchronous]) {
      const { said, stop } = listen(healthy(probe, at(clock, { fall: 1 })))
      await clock.advance(0)
      t.match(said, [{ healthy: false, reason }])
      stop()
    }
  }
})

t.test('of several probes all must pass', async (t) => {
  const clock = new FakeClock()
  const web = scripted(['+', '+', '+', 'refused', 'refused', '+', '+', '+', '+']).probe
  const disk = scripted(['full', '+', '+', '+', 'full', 'full', 'full', '+', '+']).probe
  const probes = [Object.defineProperty(web, 'name', { value: 'web' }), disk]
  Object.defineProperty(disk, 'name', { value: '' })
  const gate = healthy(probes, at(clock, { rise: 2, fall: 2 }))
  const { said, stop } = listen(gate)
  await clock.advance(1000)
  t.same(said, [], 'one is proven, the other is not')
  await clock.advance(3000)
  t.match(said, [
    { healthy: true, reason: 'all 2 probes pass', at: 2000 },
    { healthy: false, reason: 'web: refused', at: 4000 },
  ])
  await clock.advance(1000)
  t.match(gate.verdict, { reason: 'web: refused; probe 2: full', at: 4000 })
  await clock.advance(1000)
  t.match(gate.verdict, { reason: 'probe 2: full' }, 'one came back, the other did not')
  t.equal(said.length, 2)
  t.notHas(said[0], { evidence: Object }, 'nobody in particular')
  await clock.advance(2000)
  t.match(said[2], { healthy: true, at: 8000 })
  stop()
  t.equal(clock.pending, 0)
})

t.test('stopping during a run aborts it', async (t) => {
  const clock = new FakeClock()
  let reason: unknown
  const probe: Probe = (signal) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        reason = signal.reason
        reject(signal.reason)
      })
    })
  for (const how of ['return', 'dispose'] as const) {
    reason = undefined
    const gate = healthy(probe, at(clock, { fall: 1 }))
    const { said, ended, stop } = listen(gate)
    await clock.advance(500)
    if (how === 'return') stop()
    else gate[Symbol.dispose]()
    t.match(reason, { message: 'stopped' }, how)
    t.equal(clock.pending, 0)
    await ended
    await clock.advance(10_000)
    t.same(said, [], 'and a stopped run says nothing')
    t.equal(clock.pending, 0)
  }
})

t.test('leaving a loop stops the probes; reading again starts afresh', async (t) => {
  const clock = new FakeClock()
  const { probe, runs } = scripted(['+', '+', 'x', '+', '+'])
  const gate = healthy(probe, at(clock, { fall: 1 }))
  for (const when of [1000, 4000]) {
    const first = (async () => {
      for await (const verdict of gate[Symbol.asyncIterator]()) return verdict
      return undefined
    })()
    await clock.advance(when)
    if (when === 1000) {
      t.match(await first, { healthy: true, at: 1000 })
      t.equal(runs(), 2)
    } else {
      t.match(await first, { healthy: false, reason: 'x', at: 1000 })
    }
    t.equal(clock.pending, 0)
  }
})

t.test('a gate that was disposed says nothing more', async (t) => {
  const clock = new FakeClock()
  const gate = healthy(scripted(['+']).probe, at(clock))
  gate[Symbol.dispose]()
  gate[Symbol.dispose]()
  t.same(await gate[Symbol.asyncIterator]().next(), { done: true, value: undefined })
  t.equal(clock.pending, 0)
  for await (const verdict of gate[Symbol.asyncIterator]()) t.fail(verdict.reason)
  const unread = healthy(scripted(['+']).probe, at(clock))[Symbol.asyncIterator]()
  await unread.return?.()
  t.same(await unread.next(), { done: true, value: undefined })
})

t.test('readers share the runs; the late are told, the slow skip what was overtaken', async (t) => {
  const clock = new FakeClock()
  const { probe, runs } = scripted(['+', 'x', '+', 'y', 'y'])
  const gate = healthy(probe, at(clock, { rise: 1, fall: 1 }))
  const early = listen(gate)
  const slow = gate[Symbol.asyncIterator]()
  t.match((await Promise.all([slow.next(), clock.advance(0)]))[0], { value: { at: 0 } })
  await clock.advance(2500)
  const late = listen(gate)
  await settle()
  t.match(late.said, [{ healthy: true, at: 2000 }])
  const pending = slow.next()
  await clock.advance(500)
  t.match(await pending, { value: { healthy: false, at: 3000 } })
  t.match(
    early.said.map(({ at }) => at),
    [0, 1000, 2000, 3000],
  )
  t.equal(runs(), 4)
  early.stop()
  await slow.return?.()
  t.equal(clock.pending, 1, 'somebody still reads')
  late.stop()
  t.equal(clock.pending, 0)
})

t.test('a faster interval while it is changing', async (t) => {
  const clock = new FakeClock()
  const starts: number[] = []
  const { probe } = scripted(['+', '+', '+', 'x', 'x', '+', 'x', 'x', 'x', 'x', '+', '+', '+'])
  const noted: Probe = (signal) => {
    starts.push(clock.now())
    return probe(signal)
  }
  const options = { interval: 10, fastInterval: 1, timeout: 5, rise: 2, fall: 3 }
  const { said, stop } = listen(healthy(noted, at(clock, options)))
  await clock.advance(80_000)
  t.same(
    starts.slice(0, 13),
    [
      // before the first verdict, then slowly
      0, 1000, 11_000, 21_000,
      // two failures, a pass, three failures
      22_000, 23_000, 33_000, 34_000, 35_000,
      // down: slowly, until it passes
      45_000, 55_000, 56_000, 66_000,
    ],
  )
  t.same(
    said.map(({ healthy, at }) => [healthy, at]),
    [
      [true, 1000],
      [false, 35_000],
      [true, 56_000],
    ],
  )
  stop()
})

t.test('taken to be up until proven otherwise', async (t) => {
  const clock = new FakeClock()
  const { said, stop } = listen(healthy(scripted(['x']).probe, at(clock, { initial: 'up' })))
  await settle()
  t.match(said, [{ healthy: true, reason: 'taken to be up until proven otherwise', at: 0 }])
  await clock.advance(5000)
  t.match(said.slice(1), [{ healthy: false, reason: 'x', at: 2000 }])
  stop()
})

t.test('what cannot be used is refused, with what was given', async (t) => {
  const pass: Probe = async () => {}
  const refused = (message: string, options: unknown, probe: unknown = pass): void => {
    try {
      healthy(probe as Probe, options as HealthyOptions)
      t.fail(`accepted: ${message}`)
    } catch (error) {
      t.ok(error instanceof OspfError)
      t.match(error, { code: 'ERR_OSPF_CONFIG', message })
    }
  }
  refused(
    "healthy: unknown option 'falls'; known are interval, fastInterval, timeout, rise, fall, initial, damping, name, clock, random",
    { falls: 2 },
  )
  refused('interval must be a number of seconds above 0, got 0', { interval: 0 })
  refused("interval must be a number of seconds above 0, got '1'", { interval: '1' })
  refused('interval must be a number of seconds above 0, got Infinity', { interval: 1 / 0 })
  refused('timeout must be a number of seconds above 0, got -1', { timeout: -1 })
  refused('fastInterval must be at most the interval of 1 s, got 2', { fastInterval: 2 })
  refused("initial must be 'down' or 'up', got 'yes'", { initial: 'yes' })
  refused('timeout must be a number of seconds above 0, got NaN', { timeout: Number.NaN })
  refused('rise must be a whole number above 0, got 0', { rise: 0 })
  refused('fall must be a whole number above 0, got 1.5', { fall: 1.5 })
  refused('probe must be a function or a list of functions, got []', {}, [])
  refused("probe must be a function or a list of functions, got 'http://x'", {}, 'http://x')
  refused('probe must be a function or a list of functions, got [ null ]', {}, [null])
})

t.test('on the real clock, a process whose gate was left exits by itself', async (t) => {
  const script = `
    const { healthy } = await import(process.argv[1])
    for await (const verdict of healthy(async () => {}, { interval: 0.005 })) {
      console.log(verdict.healthy, verdict.reason)
      break
    }
    const gate = healthy(() => new Promise(() => {}), { interval: 3600 })
    setImmediate(() => gate[Symbol.dispose]())
    for await (const verdict of gate) console.log('unexpected', verdict)`
  const module = new URL('../../lib/health/healthy.js', import.meta.url).href
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, module], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 20_000,
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const [code] = await once(child, 'close')
  t.equal(code, 0)
  t.equal(output, 'true passed 2 times in a row\n')
})
