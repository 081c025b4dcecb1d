/**
 * `npm run test:fuzz -- [TARGET] [SECONDS]`: fuzzes the targets whose name begins so, each for so long (default: all, 20).
 * What leads further is kept in fixtures/fuzz/TARGET and run by the tests from then on. OSPF_SEED repeats a run.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { Coverage } from './fuzz-coverage.ts'

const [prefix = '', seconds = '20'] = process.argv.slice(2)
const time = Number(seconds) * 1000
const seed = Number(process.env['OSPF_SEED'] ?? Date.now() % 1_000_000)
if (!(time > 0)) {
  console.error(`expected seconds, got '${seconds}'`)
  process.exit(2)
}

const coverage = new Coverage((url) => url.includes('/.build/lib/'))
const { fuzz } = await import('./fuzz-engine.ts')
const { fuzzFolder, targets } = await import('./fuzz-targets.ts')

/** An input that never ends: another thread sees it, writes it down and ends the process. */
const HANG_MS = 20_000
const INPUT_MAX = 1 << 20
const shared = new SharedArrayBuffer(8 + INPUT_MAX)
const head = new Int32Array(shared, 0, 2)
const present = new Uint8Array(shared, 8)
const hang = join(process.cwd(), 'hang.bin')
const watchdog = new Worker(
  `
  const { workerData: { shared, hang, after } } = require('node:worker_threads')
  const head = new Int32Array(shared, 0, 2)
  let last = -1
  setInterval(() => {
    const now = Atomics.load(head, 0)
    if (now === last && now > 0) {
      require('node:fs').writeFileSync(hang, new Uint8Array(shared, 8, head[1]))
      require('node:fs').writeSync(2, 'an input takes more than ' + after / 1000 + ' s: ' + hang + '\\n')
      process.kill(process.pid, 'SIGKILL')
    }
    last = now
  }, after)
  `,
  { eval: true, workerData: { shared, hang, after: HANG_MS } },
)
watchdog.unref()
const about = (input: Uint8Array): void => {
  Atomics.add(head, 0, 1)
  head[1] = Math.min(input.length, INPUT_MAX)
  present.set(input.subarray(0, INPUT_MAX))
}

const chosen = targets.filter(({ name }) => name.startsWith(prefix))
if (chosen.length === 0) {
  console.error(`no target begins with '${prefix}': ${targets.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}
console.log(`seed ${seed}`)
let bad = false
for (const target of chosen) {
  const folder = join(fuzzFolder, target.name)
  mkdirSync(folder, { recursive: true })
  const kept = readdirSync(folder).map((name) => new Uint8Array(readFileSync(join(folder, name))))
  const start = performance.now()
  const end = start + time
  const proceed = (): boolean => performance.now() < end
  const { inputs, covered, corpus, findings } = fuzz(target, {
    coverage,
    seed,
    proceed,
    kept,
    about,
  })
  const rate = Math.round((inputs / (performance.now() - start)) * 1000)
  console.log(
    `${target.name}: ${inputs} inputs, ${rate} a second; characters of code: ${covered.seeds} with the seeds, ` +
      `${covered.before} before, ${covered.after} now; ${corpus.length} inputs kept`,
  )
  rmSync(folder, { recursive: true })
  if (corpus.length > 0) mkdirSync(folder)
  for (const input of corpus) {
    const name = createHash('sha256').update(input).digest('hex').slice(0, 12)
    writeFileSync(join(folder, name), input)
  }
  for (const { error, input } of findings) {
    bad = true
    console.log(`${target.name}: ${error instanceof Error ? error.stack : String(error)}`)
    console.log(`  ${Buffer.from(input).toString('hex')}`)
    console.log(`  ${JSON.stringify(Buffer.from(input).toString('latin1'))}`)
  }
}
process.exit(bad ? 1 : 0)
