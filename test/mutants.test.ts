/** What `npm run test:mutants` would take out is there, and every row of the README's table of features has its part. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import t from 'tap'
import { read } from './sources.ts'

interface Mutant {
  readonly name: string
  readonly row?: string
  readonly file: string
  readonly find: string
  readonly put: string
  readonly tests: readonly string[]
}

const mutantsOf = async (file: string): Promise<readonly Mutant[]> =>
  ((await import(resolve('scripts/mutants', file))) as { mutants: readonly Mutant[] }).mutants

const table = await mutantsOf('table.mjs')
const all = [...table, ...(await mutantsOf('library.mjs'))]

t.test('each applies, at one place, and has tests that are to notice', async (t) => {
  const wrong = all.flatMap(({ name, file, find, put, tests }) => {
    const places = read(file).split(find).length - 1
    const missing = tests.filter((test) => !existsSync(`test/${test}.test.ts`))
    return [
      ...(places === 1 ? [] : [`${name}: ${file} has '${find}' ${places} times`]),
      ...(find === put ? [`${name}: changes nothing`] : []),
      ...(tests.length > 0 ? [] : [`${name}: no tests`]),
      ...missing.map((test) => `${name}: no test ${test}`),
    ]
  })
  t.same(wrong, [])
  t.equal(new Set(all.map(({ name }) => name)).size, all.length, 'each name is one')
})

t.test("no row of the README's table is left out, and none is made up", async (t) => {
  const lines = read('README.md').split('\n')
  const begin = lines.indexOf('## What is supported')
  const end = lines.findIndex((line, i) => i > begin && line.startsWith('Linux, '))
  const rows = lines.slice(begin, end).filter((line) => /^\| [^ |-]/.test(line))
  t.ok(rows.length > 15)
  const named = new Set(table.map(({ row }) => row!))
  t.same(
    rows.filter((line) => ![...named].some((row) => line.includes(row))),
    [],
    'each has a mutant',
  )
  t.same(
    [...named].filter((row) => rows.filter((line) => line.includes(row)).length !== 1),
    [],
    'each word stands for one row',
  )
})
