/** Weights that checks say, and pages one by one: with real files and processes, so the loops turn in virtual time. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { CheckStep } from '../../lib/lvs/check-probe.ts'
import { CheckRun } from '../../lib/lvs/check-run.ts'
import { timingOf } from '../../lib/lvs/check-timing.ts'
import type { CheckConfig } from '../../lib/lvs/director-config.ts'
import { VirtualClock } from '../../lib/sim/clock.ts'
import { bench } from './bench.ts'

/** Lets a real process or file be heard of. */
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

t.test('3.5: misc_dynamic sets the weight, FILE_CHECK adds to it', async (t) => {
  const { start, run, table, farm } = bench()
  const folder = mkdtempSync(join(tmpdir(), 'ospf-weight-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'weight')
  const script = join(folder, 'script')
  writeFileSync(path, '2')
  writeFileSync(script, 'exit 9')
  const slow = { delayLoop: 600, connectTimeout: 3600 }
  const servers = [
    farm.server(1, { weight: 10, checks: [{ type: 'file', path, weight: 5, ...slow }] }),
    farm.server(2, {
      weight: 10,
      checks: [
        { type: 'misc', command: ['/bin/sh', script], dynamic: true, timeout: 3600 },
        { type: 'file', path, weight: -5, ...slow },
      ],
    }),
  ]
  const service = farm.service(0, { servers, delayLoop: 600, connectTimeout: 3600 })
  const { director, lines } = await start({ services: [service] })
  const turn = async (wanted: string): Promise<void> => {
    const sorted = async (): Promise<string> => (await table()).split(' ').sort().join(' ')
    for (let i = 0; i < 6000 && (await sorted()) !== wanted; i++) {
      await later(10)
      await run(0.1)
    }
    t.equal(await sorted(), wanted)
  }
  await turn('1x20 2x0')
  t.equal(director.status().services[0]?.weight, 20, 'less than 0 is 0')
  writeFileSync(path, '1')
  writeFileSync(script, 'exit 252')
  await run(600)
  await turn('1x15 2x245')
  writeFileSync(script, 'exit 0')
  await run(600)
  await turn('1x15 2x245')
  t.match(lines('weight').join(), /10.0.2.2:80: weight 0 -> \d+ \(as checks say\)/)
  await director.stop()
})

function pages(
  fastRecovery: boolean,
  sick: Set<number>,
  asked: string[],
): { run: CheckRun; clock: VirtualClock } {
  const clock = new VirtualClock()
  const steps: CheckStep[] = [1, 2, 3].map((n) => async () => {
    asked.push(`${n} at ${clock.now() / 1000}`)
    if (sick.has(n)) throw new Error('status 500')
    return undefined
  })
  const timing = timingOf('keepalived', 'http', [{ delayLoop: 10, warmup: 0 }])
  const config: CheckConfig = {
    id: '',
    type: 'http',
    alpha: true,
    run: { name: 'pages', steps, fastRecovery },
    timing,
    through: undefined,
  }
  return { run: new CheckRun(config, clock, () => 0), clock }
}

t.test('3.5: of a server that comes back one page is asked for each delay_loop', async (t) => {
  const asked: string[] = []
  const sick = new Set([2])
  const { run, clock } = pages(false, sick, asked)
  await clock.advanceAsync(12_000)
  t.equal(run.state, 'down')
  sick.clear()
  await clock.advanceAsync(20_000)
  t.equal(run.state, 'up')
  t.same(asked, ['1 at 1', '2 at 11', '2 at 21', '3 at 31'])
  await clock.advanceAsync(10_000)
  t.same(
    asked.slice(4),
    ['1 at 41', '2 at 41', '3 at 41'],
    'one that is up is asked for all at once',
  )
})

t.test('3.5: with fast_recovery all at once', async (t) => {
  const asked: string[] = []
  const sick = new Set([2])
  const { run, clock } = pages(true, sick, asked)
  await clock.advanceAsync(2000)
  sick.clear()
  await clock.advanceAsync(10_000)
  t.equal(run.state, 'up')
  t.same(asked, ['1 at 1', '2 at 1', '1 at 11', '2 at 11', '3 at 11'])
})

t.test('3.5: retries and times where nothing is said', async (t) => {
  const of = (type: Parameters<typeof timingOf>[1]): unknown => {
    const { delayLoop, retry, delayBeforeRetry, connectTimeout, warmup, rise } = timingOf(
      'keepalived',
      type,
      [],
    )
    return [delayLoop, retry, delayBeforeRetry, connectTimeout, warmup, rise]
  }
  t.same(of('tcp'), [60, 1, 1, 5, 60, 1])
  t.same(of('http'), [60, 1, 3, 5, 60, 1])
  t.same(of('dns'), [60, 3, 60, 5, 60, 1])
  t.same(of('misc'), [60, 0, 1, 5, 60, 1])
  t.equal(
    timingOf('keepalived', 'tcp', [{}, { retry: 4 }, { retry: 9 }]).retry,
    4,
    'the nearer one',
  )
})
