import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { type CommandOptions, command } from '../../lib/health/command.ts'

const never = new AbortController().signal
const sh = (script: string, options: CommandOptions = {}) =>
  command('/bin/sh', ['-c', script], options)

t.test('exit codes', async (t) => {
  await command('/bin/true')(never)
  await t.rejects(command('/bin/false')(never), { message: 'exit code 1, expected 0' })
  await t.rejects(sh('echo checking; echo "disk full" >&2; exit 3')(never), {
    message: 'exit code 3, expected 0: disk full',
  })
  await sh('exit 3', { exit: [0, 3] })(never)
  await t.rejects(sh('exit 0', { exit: 3 })(never), { message: 'exit code 0, expected 3' })
  await t.rejects(sh('kill -9 $$')(never), { message: 'killed by SIGKILL' })
  await t.rejects(command('/no/such/program')(never), { message: /ENOENT/ })
})

t.test('environment and directory', async (t) => {
  const options = { env: { ROLE: 'director' }, cwd: '/' }
  await sh('test "$ROLE" = director -a "$PWD" = /', options)(never)
  await t.rejects(sh('test "$ROLE" = director')(never), { message: 'exit code 1, expected 0' })
})

t.test('an abort kills whatever it has started', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'command-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const pids = join(folder, 'pids')
  const abort = new AbortController()
  const run = sh(`sleep 60 & echo $$ $! > ${pids}.new; mv ${pids}.new ${pids}; wait`)(abort.signal)
  run.catch(() => {})
  while (!existsSync(pids)) await new Promise((resolve) => setTimeout(resolve, 5))
  abort.abort(new Error('timed out after 1 s'))
  await t.rejects(run, { message: 'timed out after 1 s' })
  const alive = (): string[] =>
    readFileSync(pids, 'utf8')
      .trim()
      .split(' ')
      .filter(
        (pid) =>
          existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')),
      )
  for (let i = 0; i < 3000 && alive().length > 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  t.same(alive(), [])
})

t.test('one that leaves somebody behind with its pipes', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'command-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const abort = new AbortController()
  await sh(`sleep 5 & echo $! > ${folder}/pid`)(abort.signal)
  process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 'SIGKILL')
})

t.test('what cannot be asked for', async (t) => {
  const refuses = (file: unknown, args: unknown, options: unknown, message: RegExp): void => {
    t.throws(() => command(file as string, args as string[], options as CommandOptions), {
      code: 'ERR_OSPF_CONFIG',
      message,
    })
  }
  refuses('', [], {}, /^file must be the path of a program/)
  refuses('/bin/true', 'quick', {}, /^args must be a list of strings/)
  refuses('/bin/true', [], { exit: 256 }, /^exit must be exit codes from 0 to 255/)
  refuses('/bin/true', [], { exit: [] }, /^exit must be/)
})

t.test('no descriptor left: a failure, not the end of the process', async (t) => {
  const probe = new URL('../../lib/health/command.js', import.meta.url)
  const script = `
    import { closeSync, openSync } from 'node:fs'
    import { command } from '${probe}'
    const run = command('/bin/true')
    const { signal } = new AbortController()
    await run(signal)
    const open = []
    try { for (;;) open.push(openSync('/dev/null')) } catch {}
    const said = await run(signal).then(() => 'passed', (error) => error.message)
    await new Promise((resolve) => setTimeout(resolve, 50))
    for (const descriptor of open) closeSync(descriptor)
    process._rawDebug(said)
  `
  const { stdout, status } = spawnSync(
    '/bin/sh',
    ['-c', 'ulimit -n 200; exec "$0" --input-type=module -e "$1" 2>&1', process.execPath, script],
    // of itself alone: a loader of the test runner would need descriptors, too
    { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } },
  )
  t.same([status, stdout.trim()], [0, 'spawn /bin/true EMFILE'])
})
