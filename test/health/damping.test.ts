import t from 'tap'
import { damped } from '../../lib/health/combine.ts'
import type { DampingOptions } from '../../lib/health/damping.ts'
import { healthy } from '../../lib/health/healthy.ts'
import { FakeClock, settle } from './fake-clock.ts'
import { listen, Told } from './gates.ts'

t.test('flaps cost a penalty that decays; above the threshold it is suppressed', async (t) => {
  const clock = new FakeClock()
  const web = new Told('web', clock)
  const gate = damped(web, { clock })
  const { words, said, stop } = listen(gate)
  await settle()
  await web.tell(true)
  t.same([gate.penalty, gate.suppressed], [0, false])
  await web.tell(false, 'refused')
  t.equal(gate.penalty, 1000)
  await clock.advance(60_000)
  t.equal(gate.penalty, 500, 'half of it after the half-life')
  await web.tell(true)
  await web.tell(false, 'refused')
  t.equal(gate.penalty, 1500, 'only the way down costs')
  await web.tell(true)
  t.equal(words().length, 5, 'all that was believed')
  await web.tell(false, 'refused')
  t.same([gate.penalty, gate.suppressed], [2500, true])
  t.equal(words().at(-1), 'down: suppressed, penalty 2500; refused')
  t.match(said.at(-1), { healthy: false, held: 'damping' })
  await web.tell(true)
  t.match(gate.verdict, { healthy: false, reason: 'suppressed, penalty 2500' })
  // 60 s * log2(2500 / 750)
  await clock.advance(104_200)
  t.equal(gate.suppressed, true)
  await clock.advance(100)
  t.same([gate.suppressed, words().at(-1)], [false, 'up: passed'])
  t.ok(gate.penalty < 750 && gate.penalty > 740)
  stop()
  await settle()
  t.equal(clock.pending, 0)
})

t.test(
  'a gate that never comes to rest stays suppressed, and is back in the stated time',
  async (t) => {
    const clock = new FakeClock()
    const web = new Told('web', clock)
    const gate = damped(web, { clock, halfLife: 30, maximumSuppress: 90 })
    const { said, stop } = listen(gate)
    await settle()
    for (let i = 0; i < 300; i++) {
      await web.tell(i % 2 === 0)
      await clock.advance(1000)
    }
    t.ok(said.length < 10, `${said.length} verdicts of 300`)
    t.ok(gate.penalty <= 750 * 8, 'the penalty has a ceiling')
    await web.tell(true)
    await clock.advance(85_000)
    t.equal(gate.verdict?.healthy, false)
    await clock.advance(6000)
    t.equal(gate.verdict?.healthy, true)
    stop()
  },
)

t.test('to look away is no way to be forgiven', async (t) => {
  const clock = new FakeClock()
  const web = new Told('web', clock)
  const gate = damped(web, { clock })
  const first = listen(gate)
  await settle()
  for (let i = 0; i < 6; i++) await web.tell(i % 2 === 0)
  first.stop()
  await first.ended
  const second = listen(gate)
  await settle()
  await web.tell(true)
  t.same(second.words(), ['down: suppressed, penalty 3000'])
  second.stop()
})

t.test('an option of healthy()', async (t) => {
  const clock = new FakeClock()
  let runs = 0
  const probe = async (): Promise<void> => {
    if (runs++ % 2 === 1) throw new Error('odd')
  }
  const options = { rise: 1, fall: 1, clock, random: () => 0 }
  const plain = healthy(probe, options)
  t.same([plain.penalty, plain.suppressed], [0, false])
  const gate = healthy(probe, { ...options, damping: true })
  const { said, stop } = listen(gate)
  await clock.advance(600_000)
  t.ok(gate.penalty > 2000)
  t.ok(said.length < 8, `${said.length} verdicts in ten minutes of alternating`)
  stop()
})

t.test('what cannot be used is refused', async (t) => {
  const refused = (message: string, damping: unknown): void => {
    t.throws(() => healthy(async () => {}, { damping: damping as DampingOptions }), {
      code: 'ERR_OSPF_CONFIG',
      message,
    })
  }
  refused("damping must be true, false or an object, got 'yes'", 'yes')
  refused('damping: halfLife must be a number above 0, got 0', { halfLife: 0 })
  refused('damping: reuse must be below suppress, 2000, got 2000', { reuse: 2000 })
  refused(
    'damping: maximumSuppress must be long enough for a penalty of suppress to fall to reuse, got 60',
    { maximumSuppress: 60 },
  )
})
