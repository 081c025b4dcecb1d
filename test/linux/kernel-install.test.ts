/** The bench of routes on their way to the kernel, in short: that they arrive, and are right. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { missing } from '../interop/lab.ts'

t.setTimeout(120_000)

const bench = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts')
      ? '../../bench/kernel-install.ts'
      : '../../bench/kernel-install.js',
    import.meta.url,
  ),
)

t.test('as the oracle has it, and nothing else touched', { skip: missing() }, async (t) => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    bench,
    '200',
    '--json',
    '--short',
  ])
  const { results } = JSON.parse(stdout) as {
    readonly results: readonly {
      readonly mode: string
      readonly learn: { readonly wrong: number; readonly touched: number }
    }[]
  }
  t.same(
    results.map(({ mode }) => mode),
    ['multipath', 'groups', 'resilient', 'resilient'],
  )
  for (const { mode, learn } of results) t.match(learn, { wrong: 0, touched: 0 }, mode)
})
