/** The benches run; how fast they are is not for a test to say. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { missing } from './interop/lab.ts'

t.setTimeout(300_000)

t.test('npm run bench -- --short', { skip: missing() }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  const json = join(directory, 'figures.json')
  const bench = fileURLToPath(new URL('../bench/index.js', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [bench, '--short', '--json', json])
  const rows = JSON.parse(readFileSync(json, 'utf8')) as {
    readonly scenario: string
    readonly figure: string
    readonly median: Readonly<Record<string, number>>
  }[]
  const of = (scenario: string, figure: string): number | undefined =>
    rows.find((row) => row.scenario === scenario && row.figure === figure)?.median['ours']
  for (const figure of ['first hello, ms', 'neighbor listed, ms', 'first route, ms'])
    t.ok(of('cold start', figure)! > 0, figure)
  t.ok(of('load 100, flooded', 'last route, ms')! > 0)
  t.ok(of('load 100, flooded', 'CPU, s')! > 0)
  t.match(stdout, /LSAs read from packets +\d+ a second/)
  t.match(stdout, /targets met: \d+ of \d+/)
})

t.test('npm run bench -- --short --only "SPF beside C"', async (t) => {
  const bench = fileURLToPath(new URL('../bench/index.js', import.meta.url))
  const words = ['--short', '--only', 'SPF beside C']
  // it fails if the two come to other distances or next hops
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [bench, ...words])
  if (stderr.includes('there is no C compiler')) return
  for (const graph of ['grid', 'sparse']) {
    t.match(stdout, `SPF beside C, ${graph} of 300`)
  }
  t.match(stdout, /\| tree, ms \| [\d.]+ \| [\d.]+ \|/)
})
