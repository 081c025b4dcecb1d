#!/usr/bin/env node
/**
 * `npm run test:mutants`: takes out each feature in turn (the README's table and more; see mutants/), in a copy of the
 * tree, and runs the tests that are to notice. One that nobody misses is a failure. `npm run test:mutants -- nssa opaque` takes those whose name
 * contains one of the words. Needs a tree in which `npm test` has run once.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mutants as others } from './mutants/library.mjs'
import { mutants as table } from './mutants/table.mjs'
import { root } from './prepare.mjs'

const words = process.argv.slice(2)
const chosen = [...table, ...others].filter(
  ({ name }) =>
    words.length === 0 || words.some((w) => name.toLowerCase().includes(w.toLowerCase())),
)
const copy = mkdtempSync(join(tmpdir(), 'mutants-'))
let [missed, unnoticed] = [0, 0]
try {
  for (const part of ['lib', 'test', 'examples', 'scripts', 'bench', 'fixtures', 'native']) {
    cpSync(join(root, part), join(copy, part), { recursive: true })
  }
  const configs = ['package.json', 'tsconfig.json', 'tsconfig.test.json', '.taprc']
  for (const file of configs) cpSync(join(root, file), join(copy, file))
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  symlinkSync(join(root, 'dist'), join(copy, 'dist'))
  for (const { name, file, find, put, tests } of chosen) {
    const path = join(copy, file)
    const source = readFileSync(path, 'utf8')
    if (!source.includes(find)) throw new Error(`${name}: ${file} has no '${find}'`)
    writeFileSync(
      path,
      source.replace(find, () => put),
    )
    // types may well be wrong now; what was emitted is what is run
    const compile = ['-p', 'tsconfig.test.json', '--noEmitOnError', 'false']
    spawnSync(join(copy, 'node_modules/.bin/tsc'), compile, { cwd: copy })
    const red = tests.filter((test) => {
      const run = spawnSync(process.execPath, [`.build/test/${test}.test.js`], {
        cwd: copy,
        timeout: 120_000,
        env: { ...process.env, TAP_TIMEOUT: '100' },
      })
      return run.status !== 0
    })
    writeFileSync(path, source)
    if (red.length > 0) missed++
    else unnoticed++
    console.log(
      `${red.length > 0 ? 'missed    ' : 'UNNOTICED '} ${name} (${red.join(', ') || tests.join(', ')})`,
    )
  }
} finally {
  rmSync(copy, { recursive: true, force: true })
}
console.log(`${missed} passed, ${unnoticed} failed`)
process.exit(unnoticed > 0 ? 1 : 0)
