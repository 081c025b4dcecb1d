import t from 'tap'
import { atLeast } from '../../lib/health/combine.ts'
import type { Gate } from '../../lib/health/gate.ts'
import { override } from '../../lib/health/override.ts'
import { panic } from '../../lib/health/panic.ts'
import { FakeClock, settle } from './fake-clock.ts'
import { type Listening, listen, Told } from './gates.ts'

interface Ten {
  readonly clock: FakeClock
  readonly targets: Told[]
  readonly gates: Gate[]
  readonly heard: Listening[]
  /** How many are believed to be healthy. */
  readonly up: () => number
}

async function ten(share = 0.5): Promise<Ten> {
  const clock = new FakeClock()
  const targets = Array.from({ length: 10 }, (_, i) => new Told(`s${i}`, clock))
  const gates = panic({ share, clock }, targets)
  const heard = gates.map(listen)
  await settle()
  for (const target of targets) await target.tell(true)
  return {
    clock,
    targets,
    gates,
    heard,
    up: () => gates.filter(({ verdict }) => verdict?.healthy).length,
  }
}

t.test('a few failures are believed, once no more have joined them', async (t) => {
  const { clock, targets, heard, up } = await ten()
  for (const target of targets.slice(0, 5)) await target.tell(false, 'refused')
  await clock.advance(999)
  t.equal(up(), 10)
  await clock.advance(1)
  t.equal(up(), 5, 'half is not more than half')
  t.same(heard[0]?.words(), ['up: passed', 'down: refused'])
})

t.test('more than the share at once: no verdict changes', async (t) => {
  const { clock, targets, gates, heard, up } = await ten()
  for (const target of targets.slice(0, 7)) {
    await target.tell(false, 'timed out')
    await clock.advance(100)
  }
  await clock.advance(10_000)
  t.equal(up(), 10)
  t.match(gates[0]?.verdict, {
    healthy: true,
    reason: 'panic: 7 of 10 fail at once',
    held: 'panic',
  })
  t.match(gates[9]?.verdict, { healthy: true, reason: 'passed' })
  t.equal(heard[0]?.words().at(-1), 'up: panic: 7 of 10 fail at once', 'it is said')
  await targets[7]?.tell(false, 'timed out')
  await clock.advance(1000)
  t.match(gates[7]?.verdict, { healthy: true, reason: 'panic: 8 of 10 fail at once' })

  t.comment('most recover; the rest is believed after as long again')
  for (const target of targets.slice(0, 5)) await target.tell(true)
  t.equal(up(), 10)
  t.notOk(gates[0]?.verdict?.held)
  await clock.advance(1000)
  t.equal(up(), 7)
  t.match(gates[5]?.verdict, { healthy: false, reason: 'timed out' })
  for (const target of targets) target[Symbol.dispose]()
  await settle()
})

t.test('what had failed before stays failed, and counts', async (t) => {
  const { clock, targets, gates, up } = await ten()
  for (const target of targets.slice(0, 4)) await target.tell(false, 'refused')
  await clock.advance(1000)
  t.equal(up(), 6)
  for (const target of targets.slice(4, 6)) await target.tell(false, 'refused')
  await clock.advance(5000)
  t.equal(up(), 6)
  t.match(gates[0]?.verdict, { healthy: false })
  t.match(gates[4]?.verdict, { healthy: true, reason: 'panic: 6 of 10 fail at once' })
  await targets[0]?.tell(true)
  t.equal(gates[0]?.verdict?.healthy, true, 'success is believed at once')
})

t.test('what was never healthy is not made so', async (t) => {
  const clock = new FakeClock()
  const targets = [new Told('a', clock), new Told('b', clock)]
  const gates = panic({ share: 0.5, clock }, targets)
  const heard = gates.map(listen)
  await settle()
  for (const target of targets) await target.tell(false, 'refused')
  await clock.advance(10_000)
  t.same(
    gates.map(({ verdict }) => verdict),
    [undefined, undefined],
  )
  await targets[0]?.tell(true)
  await clock.advance(1000)
  t.same(
    gates.map(({ verdict }) => verdict?.healthy),
    [true, false],
  )
  for (const { stop } of heard) stop()
  await settle()
  t.equal(clock.pending, 0)
  t.same(
    targets.map(({ ended }) => ended),
    [1, 1],
  )
})

t.test('all are watched for one reader, so that the share is that of all', async (t) => {
  const clock = new FakeClock()
  const targets = Array.from({ length: 4 }, (_, i) => new Told(`s${i}`, clock))
  const [first, ...others] = panic({ share: 0.5, clock }, targets)
  const { words, stop } = listen(first!)
  await settle()
  for (const target of targets) await target.tell(true)
  for (const target of targets) await target.tell(false, 'refused')
  await clock.advance(2000)
  t.equal(words().at(-1), 'up: panic: 4 of 4 fail at once')
  t.same(
    others.map(({ verdict }) => verdict),
    [undefined, undefined, undefined],
  )
  stop()
  await settle()
  t.equal(clock.pending, 0)
})

t.test('those that an operator has taken out are no failures, and no targets', async (t) => {
  const clock = new FakeClock()
  const targets = Array.from({ length: 5 }, (_, i) => new Told(`s${i}`, clock))
  const hands = targets.map((target) => override({ clock }, target))
  const gates = panic({ share: 0.5, clock }, hands)
  const heard = gates.map(listen)
  await settle()
  for (const target of targets) await target.tell(true)
  for (const hand of hands.slice(0, 3)) hand.force('maintenance')
  await targets[3]!.tell(false, 'refused')
  await clock.advance(1000)
  t.match(gates[3]?.verdict, { healthy: false, reason: 'refused' }, 'one of two')
  await targets[3]!.tell(true)
  for (const target of targets) await target.tell(false, 'timed out')
  await clock.advance(5000)
  t.match(gates[4]?.verdict, { healthy: true, reason: 'panic: 2 of 2 fail at once' })
  hands[0]!.force(undefined)
  await clock.advance(5000)
  t.match(gates[4]?.verdict, { healthy: true, reason: 'panic: 3 of 3 fail at once' })
  t.match(gates[1]?.verdict, { healthy: false, override: 'maintenance' })
  for (const { stop } of heard) stop()
  await settle()
  t.equal(clock.pending, 0)
})

t.test('under a quorum', async (t) => {
  const clock = new FakeClock()
  const targets = Array.from({ length: 4 }, (_, i) => new Told(`s${i}`, clock))
  const gate = atLeast(2, ...panic({ share: 0.5, clock }, targets), { clock })
  const { words, stop } = listen(gate)
  await settle()
  for (const target of targets) await target.tell(true)
  for (const target of targets) await target.tell(false)
  await clock.advance(5000)
  t.equal(words().length, 1, 'the pool stays')
  stop()
  await settle()
  t.equal(clock.pending, 0)
})

t.test('what cannot be used is refused', async (t) => {
  const clock = new FakeClock()
  const gate = new Told('a', clock)
  t.throws(() => panic({ share: 1 }, [gate]), {
    code: 'ERR_OSPF_CONFIG',
    message: 'share must be a number from 0 up to, not including, 1, got 1',
  })
  t.throws(() => panic({ share: 0.5, within: -1 }, [gate]), {
    message: 'within must be a number of seconds from 0 on, got -1',
  })
  t.throws(() => panic({ share: 0.5 }, []), { message: 'gates must be a list of gates, got []' })
})
