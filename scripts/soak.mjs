#!/usr/bin/env node
/**
 * `npm run soak -- --virtual [DAYS]`: days of virtual time (default 7) with failures every day.
 * `npm run soak -- --real [MINUTES]`: real time (default 60) in network namespaces with FRR, BIRD and this library mixed.
 * OSPF_SEED repeats the faults.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { buildLibrary, buildTests, npmPackages, root } from './prepare.mjs'

const [how, amount = how === '--real' ? '60' : '7'] = process.argv.slice(2)
const files = { '--virtual': ['sim', 'soak-run.js'], '--real': ['interop', 'soak-run.js'] }
if (how === undefined || !(how in files)) {
  console.error(`expected --virtual [DAYS] or --real [MINUTES], got '${how ?? ''}'`)
  process.exit(2)
}
npmPackages()
buildLibrary()
buildTests()
const { status } = spawnSync(
  process.execPath,
  ['--expose-gc', join(root, '.build', 'test', ...files[how]), amount],
  { cwd: root, stdio: 'inherit' },
)
process.exit(status ?? 1)
