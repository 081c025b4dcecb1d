import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { answersOf } from '../../lib/cli/answers.ts'
import { serveControl } from '../../lib/cli/control.ts'
import { operated, shortDir } from './sample.ts'

const main = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url))

interface Result {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command as its own process. */
function command(...args: string[]): Promise<Result> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...args], (_, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    )
  })
}

t.test('--version and --help', async (t) => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  t.match(await command('--version'), { status: 0, stdout: `${version}\n`, stderr: '' })
  t.match(await command('--help'), { status: 0, stdout: /run .*[\s\S]*show / })
  t.match(await command('run', '--help'), {
    status: 0,
    stdout: /--frr <file\.\.\.>[\s\S]*--socket/,
  })
})

t.test('misuse exits with 2', async (t) => {
  for (const args of [
    [],
    ['fly'],
    ['run'],
    ['run', '--frr', 'x', '--log', 'loud'],
    ['run', '--frr', 'x', '--compat', 'ios'],
    ['show'],
  ])
    t.match(await command(...args), { status: 2, stdout: '', stderr: /./ }, args.join(' '))
  for (const [args, expected] of [
    [['watch', '--count', 'x'], /'--count <n>' argument 'x' is invalid. Expected a number above 0/],
    [['decode', 'lib'], /^ospf-speaker: lib: a folder, where a file was expected\n$/],
  ] as const)
    t.match(await command(...args), { status: 2, stdout: '', stderr: expected }, args.join(' '))
  t.match(await command('decode', 'package.json'), {
    status: 1,
    stderr: 'ospf-speaker: package.json: no pcap file\n',
  })
  t.match(await command('show', 'ip', 'bgp'), {
    status: 2,
    stderr: /^ospf-speaker: % Unknown command: show ip bgp .*route/,
  })
})

t.test('what cannot be written is said in a line', async (t) => {
  const full = openSync('/dev/full', 'w')
  const child = spawn(process.execPath, [main, '--version'], { stdio: ['ignore', full, 'pipe'] })
  let stderr = ''
  child.stderr!.on('data', (text) => {
    stderr += text
  })
  await once(child, 'close')
  closeSync(full)
  t.equal(child.exitCode, 1)
  t.match(stderr, /^ospf-speaker: standard output: ENOSPC[^\n]*\n$/)
})

t.test('show, from a running speaker and from none', async (t) => {
  const path = `${shortDir(t)}/s`
  const words = ['show', 'ip', 'ospf', 'route', 'json', '--socket', path]
  t.match(await command(...words), {
    status: 1,
    stdout: '',
    stderr: `ospf-speaker: no speaker is running behind ${path}\n`,
  })
  await using _control = await serveControl(
    path,
    answersOf(() => operated()),
  )
  const { status, stdout } = await command(...words)
  t.equal(status, 0)
  t.match(JSON.parse(stdout), { '10.0.1.0/24': { cost: 1 } })
})

t.test('run: problems with file and line, from every file', async (t) => {
  const dir = shortDir(t)
  const [a, b] = [`${dir}/ospfd.conf`, `${dir}/zebra.conf`]
  writeFileSync(a, 'router ospf\n ospf router-id 1.1.1.1\n redistribute ospf 2\n')
  writeFileSync(b, 'ip raute 0.0.0.0/0 10.0.0.1\n')
  const stderr = `${a}:3: redistribute ospf 2: routes of another instance or table are not redistributed\n${b}:1: not supported: ip raute 0.0.0.0/0 10.0.0.1\n`
  t.match(await command('run', '--frr', a, b), { status: 2, stdout: '', stderr })
  t.match(await command('run', '--frr', a, '--frr', b), { status: 2, stdout: '', stderr })
  t.match(await command('run', '--frr', `${dir}/none`), {
    status: 2,
    stderr: /^ospf-speaker: .*\/none: no such file\n$/,
  })
})
