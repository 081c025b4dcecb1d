/** Thousands of probes in one process: when they start. */
import t from 'tap'
import { healthy } from '../../lib/health/healthy.ts'
import { takePlace } from '../../lib/health/spread.ts'
import { VirtualClock } from '../../lib/sim/clock.ts'
import { FakeClock } from './fake-clock.ts'
import { listen } from './gates.ts'

const PROBES = 10_000
const BIN = 10

t.test(`${PROBES} probes a second start evenly`, async (t) => {
  const clock = new VirtualClock()
  const starts = new Map<number, number>()
  const probe = async (): Promise<void> => {
    const bin = Math.floor(clock.now() / BIN)
    starts.set(bin, (starts.get(bin) ?? 0) + 1)
  }
  const heard = Array.from({ length: PROBES }, () => listen(healthy(probe, { clock })))
  await clock.advanceAsync(2000)
  const counts = Array.from({ length: 200 }, (_, bin) => starts.get(bin) ?? 0)
  const even = (PROBES * BIN) / 1000
  t.equal(
    counts.slice(0, 100).reduce((sum, count) => sum + count, 0),
    PROBES,
    'each once a second',
  )
  t.ok(Math.max(...counts) <= even * 1.2, `at most ${Math.max(...counts)} in ${BIN} ms`)
  t.ok(Math.min(...counts) >= even * 0.9, `at least ${Math.min(...counts)} in ${BIN} ms`)
  for (const { stop } of heard) stop()
  await clock.advanceAsync(0)
  t.equal(clock.planned, 0)
})

t.test('a process that was blocked: one burst, and then evenly again', async (t) => {
  const clock = new VirtualClock()
  // while it is blocked, no timer fires; what fell due fires at its end
  let blockedUntil = 0
  const lateClock = {
    now: () => clock.now(),
    wall: () => clock.wall(),
    setTimer: (delay: number, callback: () => void) =>
      clock.setTimer(
        delay,
        (function fire(): () => void {
          return () => {
            const wait = blockedUntil - clock.now()
            if (wait > 0) clock.setTimer(wait, fire())
            else callback()
          }
        })(),
      ),
  }
  const starts: number[] = []
  const probe = async (): Promise<void> => void starts.push(clock.now())
  const heard = Array.from({ length: 500 }, () => listen(healthy(probe, { clock: lateClock })))
  await clock.advanceAsync(2000)
  blockedUntil = clock.now() + 2600
  await clock.advanceAsync(2600)
  starts.length = 0
  await clock.advanceAsync(5000)
  const last = starts.filter((at) => at >= 7000 && at < 9000)
  const bins = Array.from(
    { length: 10 },
    (_, i) => last.filter((at) => Math.floor((at % 1000) / 100) === i).length,
  )
  t.ok(Math.min(...bins) > 0.5 * Math.max(...bins), `starts by tenth of a second: ${bins}`)
  for (const { stop } of heard) stop()
})

t.test('a few start soon', async (t) => {
  const clock = new FakeClock()
  const places = Array.from({ length: 10 }, () => takePlace(clock))
  t.ok(places.every(({ phase }) => phase >= 0 && phase < 0.1))
  for (const place of places) {
    place[Symbol.dispose]()
    place[Symbol.dispose]()
  }
  t.ok(takePlace(clock).phase < 0.1)
})
