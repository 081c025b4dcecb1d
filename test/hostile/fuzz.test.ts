/** What fuzzing has found stays found: every input that was kept is run again. And the fuzzer itself finds what is there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Coverage, Covered } from './fuzz-coverage.ts'
import { fuzz, type Target } from './fuzz-engine.ts'
import { fuzzFolder, targets } from './fuzz-targets.ts'

t.setTimeout(180_000)

const KEPT_MAX = 40

for (const { name, seeds, run, maximumLength = 2048 } of targets) {
  t.test(name, async (t) => {
    const folder = join(fuzzFolder, name)
    const names = existsSync(folder) ? readdirSync(folder) : []
    t.ok(names.length <= KEPT_MAX, `${names.length} inputs are kept`)
    t.ok(seeds().length > 0, 'there is something to start from')
    for (const seed of seeds()) run(new Uint8Array(seed))
    for (const file of names) {
      const input = new Uint8Array(readFileSync(join(folder, file)))
      t.ok(input.length <= maximumLength, `${file} is small`)
      t.doesNotThrow(() => run(input), file)
    }
  })
}

t.test('what was kept belongs to a target', async (t) => {
  const names = new Set(targets.map(({ name }) => name))
  t.same(
    readdirSync(fuzzFolder).filter((folder) => !names.has(folder)),
    [],
  )
})

t.test('pieces of code: new ones are told once', async (t) => {
  const covered = new Covered()
  const piece = { file: 'a', from: 10, to: 20 }
  t.equal(covered.add([piece]), 10)
  t.equal(covered.add([piece]), 0)
  t.same(covered.news([piece, { file: 'a', from: 15, to: 30 }, { file: 'b', from: 0, to: 2 }]), [
    { file: 'a', from: 20, to: 30 },
    { file: 'b', from: 0, to: 2 },
  ])
  t.ok(covered.has(piece))
  t.notOk(covered.has({ file: 'a', from: 25, to: 26 }))
})

t.test('it works its way through code, and tells where it broke', async (t) => {
  const coverage = new Coverage((url) => url.includes('/hostile/fuzz-example.'))
  t.teardown(() => coverage.stop())
  const { parse } = await import('./fuzz-example.ts')
  const target: Target = {
    name: 'example',
    seeds: () => [Uint8Array.from([1, 2, 3, 4, 5, 6])],
    run: parse,
  }
  const proceed = (inputs: number, findings: number): boolean => inputs < 1e6 && findings === 0
  const { inputs, covered, corpus, findings } = fuzz(target, { coverage, seed: 1, proceed })
  t.comment(`${inputs} inputs`)
  t.ok(covered.after > covered.seeds)
  t.ok(corpus.length >= 3, `${corpus.length} inputs lead further, step by step`)
  t.same(
    findings.map(({ error }) => String(error)),
    ['RangeError: four letters'],
  )
})
