import t from 'tap'
import { all, any, atLeast, damped, weighted } from '../../lib/health/combine.ts'
import type { Gate } from '../../lib/health/gate.ts'
import { healthy } from '../../lib/health/healthy.ts'
import { override } from '../../lib/health/override.ts'
import { panic } from '../../lib/health/panic.ts'
import type { GatePart } from '../../lib/health/part.ts'
import { named } from '../../lib/health/probe.ts'
import { FakeClock, settle, until } from './fake-clock.ts'
import { listen, Told } from './gates.ts'

interface Three {
  readonly clock: FakeClock
  readonly web: Told
  readonly api: Told
  readonly db: Told
}

function three(): Three {
  const clock = new FakeClock()
  const told = (name: string): Told => new Told(name, clock)
  return { clock, web: told('web'), api: told('api'), db: told('db') }
}

t.test('all', async (t) => {
  const { clock, web, api, db } = three()
  const { words, stop } = listen(all(web, api, db, { clock }))
  await settle()
  await web.tell(true)
  await api.tell(true)
  t.same(words(), [], 'one is not proven yet')
  await db.tell(true)
  t.same(words(), ['up: all 3 pass'])
  await api.tell(false, 'status 503')
  await db.tell(false, 'refused')
  t.same(words().slice(1), ['down: api: status 503'], 'one is enough, and it is named')
  await api.tell(true)
  t.equal(words().length, 2)
  await db.tell(true)
  t.equal(words()[2], 'up: all 3 pass')
  stop()
})

t.test('all: one failure is enough before the others are proven', async (t) => {
  const { clock, web, api } = three()
  const gate = all(web, api, { clock })
  const { words, stop } = listen(gate)
  await settle()
  await web.tell(false, 'refused')
  t.same(words(), ['down: web: refused; api: nothing proven yet'])
  stop()
})

t.test('any', async (t) => {
  const { clock, web, api, db } = three()
  const { words, stop } = listen(any(web, api, db, { clock }))
  await settle()
  await web.tell(false, 'refused')
  await api.tell(false, 'refused')
  t.same(words(), [], 'the third may still pass')
  await db.tell(false, 'timed out')
  t.same(words(), ['down: 0 of 3 pass, 1 needed: web: refused; api: refused; db: timed out'])
  await db.tell(true)
  t.equal(words()[1], 'up: 1 of 3 pass, 1 needed: db')
  await web.tell(true)
  await db.tell(false)
  t.equal(words().length, 2, 'another holds it open')
  stop()
})

t.test('at least', async (t) => {
  const { clock, web, api, db } = three()
  const gate = atLeast(2, web, api, db, { clock })
  const { words, stop } = listen(gate)
  await settle()
  await web.tell(true)
  await api.tell(true)
  t.same(words(), ['up: 2 of 3 pass, 2 needed: web, api'])
  await clock.advance(700)
  await web.tell(false, 'refused')
  t.same(words()[1], 'down: 1 of 3 pass, 2 needed: web: refused; db: nothing proven yet')
  t.equal(gate.verdict?.at, 700)
  await db.tell(false, 'timed out')
  t.match(gate.verdict, {
    reason: '1 of 3 pass, 2 needed: web: refused; db: timed out',
    at: 700,
  })
  stop()
})

t.test('weights, with hysteresis as keepalived has it', async (t) => {
  const { clock, web, api, db } = three()
  const gate = weighted({ minimum: 50, hysteresis: 20, clock }, [
    [web, 40],
    [api, 30],
    [db, 20],
  ])
  const { words, stop } = listen(gate)
  await settle()
  await db.tell(true)
  await web.tell(true)
  t.same(words(), [], '60 is not enough yet')
  await api.tell(true)
  t.same(words(), ['up: weight 90 of 90 passes, 50 +- 20 needed: web (40), api (30), db (20)'])
  await web.tell(false, 'refused')
  t.equal(words().length, 1, '50')
  await db.tell(false, 'timed out')
  t.equal(words().length, 1, '30 is not below 30')
  await db.tell(true)
  await api.tell(false, 'refused')
  t.equal(
    words()[1],
    'down: weight 20 of 90 passes, 50 +- 20 needed: web (40): refused; api (30): refused',
  )
  await api.tell(true)
  t.equal(words().length, 2, '50 is not enough to come back')
  await web.tell(true)
  t.equal(words().length, 3)
  stop()
})

t.test('weights: nothing healthy is closed, whatever the hysteresis', async (t) => {
  const { clock, web, api } = three()
  const { said, stop } = listen(
    weighted({ minimum: 1, hysteresis: 1, clock }, [
      [web, 1],
      [api, 1],
    ]),
  )
  await settle()
  await web.tell(true)
  await api.tell(true)
  await web.tell(false)
  await api.tell(false)
  t.same(
    said.map(({ healthy }) => healthy),
    [true, false],
  )
  stop()
})

t.test('gates within gates, probes and iterables', async (t) => {
  const clock = new FakeClock()
  let isUp = true
  const disk = named('disk', async () => {
    if (!isUp) throw new Error('full')
  })
  let say: (healthy: boolean) => void = () => {}
  async function* verdicts(): AsyncGenerator<boolean> {
    for (;;) yield await new Promise<boolean>((resolve) => (say = resolve))
  }
  const db = new Told('db', clock)
  const gate = all(any(disk, db, { clock, rise: 1, fall: 1 }), verdicts(), { clock })
  const { words, stop } = listen(gate)
  await clock.advance(200)
  say(true)
  await settle()
  t.same(words(), ['up: all 2 pass'])
  isUp = false
  await db.tell(false, 'refused')
  await clock.advance(1000)
  t.equal(words()[1], 'down: disk, db: 0 of 2 pass, 1 needed: disk: full; db: refused')
  isUp = true
  await clock.advance(1000)
  say(false)
  await settle()
  t.equal(words().at(-1), 'down: part 2: unhealthy')
  stop()
  await settle()
  t.equal(clock.pending, 0)
})

t.test('an iterable that ends or throws has failed', async (t) => {
  const clock = new FakeClock()
  async function* ends(): AsyncGenerator<boolean> {
    yield true
  }
  async function* throws(): AsyncGenerator<{ healthy: boolean }> {
    yield { healthy: true }
    throw new Error('no more')
  }
  const gate = any(ends(), throws(), { clock })
  const { stop } = listen(gate)
  await settle()
  t.match(gate.verdict, {
    healthy: false,
    reason: '0 of 2 pass, 1 needed: part 1: gate ended; part 2: gate failed: no more',
  })
  stop()
})

t.test('shared by many readers, let go with the last; disposing ends them', async (t) => {
  const { clock, web, api } = three()
  const gate = all(web, api, { clock })
  const one = listen(gate)
  const two = listen(gate)
  await settle()
  await web.tell(true)
  await api.tell(true)
  t.same([web.begun, one.said.length, two.said.length], [1, 1, 1])
  one.stop()
  await one.ended
  t.equal(web.ended, 0)
  two.stop()
  await two.ended
  t.same([web.ended, api.ended, gate.verdict], [1, 1, undefined])
  const again = listen(gate)
  await settle()
  t.equal(web.begun, 2, 'it can be read again')
  gate[Symbol.dispose]()
  await again.ended
  t.equal(web.ended, 2)
  const late = listen(gate)
  await late.ended
  t.equal(web.begun, 2, 'but not once it is disposed')
})

t.test('a part that is disposed has failed', async (t) => {
  const { clock, web, api } = three()
  const gate = atLeast(2, web, api, { clock })
  const { words, stop } = listen(gate)
  await settle()
  await web.tell(true)
  await api.tell(true)
  api[Symbol.dispose]()
  await settle()
  t.equal(words()[1], 'down: 1 of 2 pass, 2 needed: api: gate ended')
  stop()
})

t.test('one probe behind many gates runs once', async (t) => {
  const clock = new FakeClock()
  let runs = 0
  const shared = healthy(
    async () => {
      runs++
    },
    { clock, random: () => 0 },
  )
  const listeners = [
    listen(all(shared, { clock })),
    listen(any(shared, { clock })),
    listen(damped(shared, { clock })),
    listen(shared),
  ]
  await clock.advance(5500)
  t.equal(runs, 6)
  t.ok(listeners.every(({ said }) => said.length === 1))
  for (const { stop } of listeners) stop()
  await settle()
  t.equal(clock.pending, 0)
})

t.test('a long list of failures is cut', async (t) => {
  const clock = new FakeClock()
  const gates = Array.from({ length: 8 }, (_, i) => new Told(`s${i}`, clock))
  const gate = all(...gates, { clock })
  const { stop } = listen(gate)
  await settle()
  for (const one of gates) await one.tell(false, 'x')
  t.equal(gate.verdict?.reason, 's0: x; s1: x; s2: x; s3: x; s4: x; and 3 more')
  stop()
})

t.test('probes are taken as they are, with their timing among the other options', async (t) => {
  const clock = new FakeClock()
  const options = { clock, interval: 2, rise: 1 }
  const times: number[] = []
  const probe = async (): Promise<void> => void times.push(clock.now())
  const gates = [
    weighted({ minimum: 1, ...options }, [[probe, 1]]),
    damped(probe, { suppress: 3000, ...options }),
    override({ file: '/nowhere', ...options }, probe),
    ...panic({ share: 0.5, ...options }, [probe]),
  ]
  const heard = gates.map(listen)
  await settle()
  await clock.advance(10_000)
  // the file is looked for in this machine's time
  await until(() => gates.every(({ verdict }) => verdict !== undefined))
  t.ok(times.length >= 16 && times.length <= 24, `4 probes every 2 s: ${times.length} times`)
  for (const gate of gates) t.equal(gate.verdict?.healthy, true)
  for (const { stop } of heard) stop()
})

t.test('what cannot be combined is refused', async (t) => {
  const gate = healthy(async () => {})
  const refused = (message: string, make: () => Gate): void => {
    t.throws(make, { code: 'ERR_OSPF_CONFIG', message })
  }
  refused('parts must be at least one gate, got []', () => all())
  refused('n must be a whole number from 1 to the 1 parts, got 2', () => atLeast(2, gate))
  refused('n must be a whole number from 1 to the 1 parts, got 0', () => atLeast(0, gate))
  refused('parts must be a list of [gate, weight], got []', () => weighted({ minimum: 1 }, []))
  refused('weight must be a number from 0 on, got -1', () => weighted({ minimum: 1 }, [[gate, -1]]))
  refused('minimum must be a weight above 0, got 0', () => weighted({ minimum: 0 }, [[gate, 1]]))
  refused('minimum + hysteresis must be at most all weights, 10, got 12', () =>
    weighted({ minimum: 8, hysteresis: 4 }, [[gate, 10]]),
  )
  refused(
    "a part of a gate must be a gate, a probe or an async iterable of verdicts, got 'x'",
    () => all('x' as unknown as GatePart, gate),
  )
})
