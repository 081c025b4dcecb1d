#!/usr/bin/env node
/**
 * `npm test`: runs everything that this machine can run and says in plain words what it left out and why.
 *
 *   npm test                     everything
 *   npm test -- core wire        only test files whose path contains one of the words
 *   OSPF_TEST_COMPLETE=1         fails if anything was left out (as .ci/run does)
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import {
  buildLibrary,
  buildNative,
  buildTests,
  debianPackages,
  isRoot,
  must,
  npmPackages,
  root,
} from './prepare.mjs'

const compiler = ['g++', 'make', 'python3']
const peers = [
  'frr',
  'prometheus-frr-exporter',
  'bird2',
  'tshark',
  'tcpdump',
  'iproute2',
  'procps',
  'openssl',
]
// for the virtual machine of test/kernel, which downloads its kernel itself; the programs run inside, from here
const machine = [
  'qemu-system-x86',
  'busybox-static',
  'cpio',
  'kmod',
  'ipvsadm',
  'keepalived',
  'nftables',
  'systemd',
]

const words = process.argv.slice(2)
const leftOut = []
const missing = debianPackages([...compiler, ...peers, ...machine])
if (missing.length > 0 && process.platform === 'linux') {
  const why = isRoot ? 'could not be installed' : 'are not installed, and only root could'
  leftOut.push(`Debian packages ${missing.join(', ')} ${why}`)
}
npmPackages()
buildLibrary()
if (isRoot) buildNative()
buildTests()
must(join(root, 'node_modules', '.bin', 'tap'), ['build'])

const isSlow = (path) => /interop|kernel/.test(path)
const built = join(root, '.build', 'test')
const files = readdirSync(built, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
  .map((name) => relative(root, join(built, name)))
  // the slow ones first: they wait for timers of real daemons while the others compute
  .sort((a, b) => Number(isSlow(b)) - Number(isSlow(a)) || (a < b ? -1 : 1))
if (files.length === 0) {
  console.error(`no test file matches ${words.join(', ')}`)
  process.exit(1)
}

// redrawn in a terminal; elsewhere only what fails
const reporter = process.stdout.isTTY ? 'terse' : 'min'
const isMachine = (name) => name.includes(join('test', 'kernel', '/'))
// virtual machines have the processors to themselves, one after the other
const batches = [
  { names: files.filter((name) => !isMachine(name)), jobs: [], tap: join('.tap', 'out.tap') },
  { names: files.filter(isMachine), jobs: ['--jobs=1'], tap: join('.tap', 'kernel.tap') },
].filter(({ names }) => names.length > 0)
let status = 0
let text = ''
for (const { names, jobs, tap } of batches) {
  console.log(`Running ${names.length} test files${jobs.length > 0 ? ', one at a time' : ''}`)
  const run = spawnSync(
    join(root, 'node_modules', '.bin', 'tap'),
    ['run', `--reporter=${reporter}`, `--output-file=${tap}`, ...jobs, ...names],
    { cwd: root, stdio: 'inherit' },
  )
  status ||= run.status ?? 1
  text += readFileSync(join(root, tap), 'utf8')
}
const skips = new Map()
/** What failed, with what TAP says of it: the innermost points only, their parents fail with them. */
const failures = []
let file = ''
/** The subtests that are open, by indentation. */
let open = []
/** Indentations at which something has failed, of the subtests that are open. */
let failing = []
let [passed, failed, skipped] = [0, 0, 0]
const lines = text.split('\n')
for (const [index, line] of lines.entries()) {
  const subtest = /^( *)# Subtest: (.*)$/.exec(line)
  if (subtest?.[1] === '' && subtest[2].startsWith('.build/')) {
    file = subtest[2].replace('.build/', '').replace(/\.js$/, '.ts')
  }
  if (subtest) open = [...open.slice(0, subtest[1].length / 4), subtest[2]]
  const point = /^( *)(not )?ok \d+(.*)$/.exec(line)
  if (!point) continue
  const depth = point[1].length
  const isParent = failing.some((at) => at > depth)
  failing = failing.filter((at) => at <= depth)
  if (point[2] && !/ # SKIP/i.test(point[3])) {
    failing.push(depth)
    if (!isParent) {
      const said = lines.slice(index + 1, index + 60)
      const end = said.findIndex((text) => /^ *\.\.\.$/.test(text))
      const isSaid = /^ *---$/.test(said[0] ?? '') && end > 0
      const names = [...open.slice(1, depth / 4), point[3].replace(/^ - | # time=.*$/g, '')]
      failures.push({
        file,
        name: names.join(' > '),
        said: isSaid ? said.slice(1, end).map((text) => text.slice(depth)) : [],
      })
    }
  }
  const skip = / # SKIP ?(.*)$/i.exec(point[3])
  if (skip) {
    skipped++
    const reason = skip[1] || 'no reason given'
    skips.set(`${file}: ${reason}`, (skips.get(`${file}: ${reason}`) ?? 0) + 1)
  } else if (point[1].length > 0) {
    // assertions and subtests; the outermost level is the files themselves
    if (point[2]) failed++
    else passed++
  }
}
for (const [what, count] of skips) leftOut.push(count > 1 ? `${what} (${count} times)` : what)
if (status !== 0 && failed === 0) failed = 1

console.log('')
if (leftOut.length > 0) {
  console.log('Left out:')
  for (const what of leftOut) console.log(`- ${what}`)
} else {
  console.log('Nothing was left out.')
}
const isIncomplete = process.env.OSPF_TEST_COMPLETE === '1' && leftOut.length > 0
if (isIncomplete) console.log('That is a failure here: OSPF_TEST_COMPLETE is set.')
if (failures.length > 0) console.log('Failed:')
// the first in full, the others by name
for (const [index, { file, name, said }] of failures.entries()) {
  console.log(`- ${file}: ${name}`)
  if (index < 10) for (const text of said.slice(0, 40)) console.log(`  ${text}`)
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exit(failed > 0 || status !== 0 || isIncomplete ? 1 : 0)
