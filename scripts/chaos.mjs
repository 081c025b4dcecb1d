#!/usr/bin/env node
/**
 * `npm run test:chaos -- 1-5000`: plays a random network and what befalls it for each of these seeds (default 1-1000), on
 * all processors. A seed that ends badly is told with the shortest story found, and the command ends with 1.
 */
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { buildTests, npmPackages, root } from './prepare.mjs'

const [first = 1, last = first] = (process.argv[2] ?? '1-1000').split('-').map(Number)
if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || first < 1 || last < first) {
  console.error(`expected seeds FIRST-LAST, got '${process.argv[2]}'`)
  process.exit(2)
}
npmPackages()
buildTests()
const count = last - first + 1
const jobs = Math.min(availableParallelism(), count)
const bounds = Array.from({ length: jobs + 1 }, (_, i) => first + Math.floor((i * count) / jobs))
const codes = await Promise.all(
  bounds.slice(1).map((end, i) => {
    const seeds = `${bounds[i]}-${end - 1}`
    const hunt = join(root, '.build', 'test', 'sim', 'hunt.js')
    const child = spawn(process.execPath, [hunt, seeds], { stdio: 'inherit' })
    return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)))
  }),
)
process.exit(codes.every((code) => code === 0) ? 0 : 1)
