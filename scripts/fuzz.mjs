#!/usr/bin/env node
/** `npm run test:fuzz -- [TARGET] [SECONDS]`: see test/hostile/fuzz.ts. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { buildTests, npmPackages, root } from './prepare.mjs'

npmPackages()
buildTests()
const fuzz = join(root, '.build', 'test', 'hostile', 'fuzz.js')
const { status } = spawnSync(process.execPath, [fuzz, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
})
process.exit(status ?? 1)
