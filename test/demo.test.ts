/** The demo as its audience sees it, in the simulator; and its screens. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { Lines } from '../scripts/demo/lines.ts'
import { Panel } from '../scripts/demo/panel.ts'
import { SimWorld } from '../scripts/demo/sim-world.ts'
import { type Screen, tell } from '../scripts/demo/story.ts'
import type { World } from '../scripts/demo/world.ts'

const main = fileURLToPath(new URL('../scripts/demo/main.js', import.meta.url))

interface Result {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

function node(...args: string[]): Promise<Result> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, (_, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    )
  })
}

/** Seconds of the step whose line begins so. */
function measured(output: string, title: string): number {
  const line = output.split('\n').find((l) => l.startsWith(`✔ ${title}`)) ?? ''
  const [, value, unit] = / (\d+(?:\.\d+)?) (ms|s) {2}/.exec(line) ?? []
  return Number(value) / (unit === 'ms' ? 1000 : 1)
}

t.test('the simulated demo, as lines', async (t) => {
  const { status, stdout, stderr } = await node(main, '--sim', '--fast')
  t.equal(stderr, '')
  t.equal(status, 0)
  t.equal(stdout.match(/^✔ /gm)?.length, 9, 'eight steps and the end')
  t.notOk(stdout.includes('✘'))
  t.notOk(stdout.includes('\x1b'), 'no colors')
  t.match(stdout, /^ +\d+\.\d\d s {2}neighbor 10\.0\.1\.133 \(lb1\): Full$/m)
  t.match(
    stdout,
    /^ +\d+\.\d\d s {2}kernel route 10\.0\.1\.100: via 10\.0\.1\.133, via 10\.0\.1\.135$/m,
  )
  const between = (title: string, least: number, most: number): void => {
    const s = measured(stdout, title)
    t.ok(s >= least && s <= most, `${title}: ${s} s, from ${least} to ${most}`)
  }
  between('lb1 fails its health check', 2, 3.2)
  between('lb1 recovers', 1, 2.2)
  between('lb2 gets SIGTERM', 0, 0.1)
  between('lb2 starts again', 1, 10)
  between('lb1 gets SIGKILL', 3, 4.2)
})

/** The simulator with something wrong with it. */
class BrokenWorld extends SimWorld {
  override setReady(): void {}
}

function recorder(): Screen & { readonly said: string[] } {
  const said: string[] = []
  return {
    said,
    update: () => {},
    begin: (title) => said.push(title),
    pass: () => said.push('pass'),
    fail: (why) => said.push(`fail: ${why}`),
    tally: () => {},
  }
}

t.test('a step that does not do what it should ends the story', async (t) => {
  const world = new BrokenWorld(() => {}, undefined)
  const screen = recorder()
  t.equal(await tell(world, screen), false)
  t.same(screen.said.slice(-2), [
    'lb1 fails its health check: next hop gone',
    'fail: not within 6 s: the router sends 10.0.1.100 via 10.0.1.135 and no other',
  ])
  await world[Symbol.asyncDispose]()
  t.same(world.remains(), [])
})

t.test('what is left behind is said', async (t) => {
  const world = new SimWorld(() => {}, undefined)
  await world.start('router')
  t.same(world.remains(), ['speaker router'])
  await world[Symbol.asyncDispose]()
  t.same(world.remains(), [])
})

t.test('a panel fits its terminal, and gives it back', async (t) => {
  let world: World | undefined
  const written: string[] = []
  const out = { columns: 78, rows: 24, write: (text: string) => written.push(text) > 0 }
  const panel = new Panel(() => world, out as unknown as NodeJS.WriteStream)
  world = new SimWorld(() => panel.update(), undefined)
  t.equal(await tell(world, panel), true)
  panel.close()
  await world[Symbol.asyncDispose]()
  t.equal(written[0], '\x1b[?25l', 'the cursor is hidden')
  t.equal(written.at(-1), '\x1b[?25h', 'and shown at the end')
  const pictures = written.slice(1, -1).map((text) => stripVTControlCharacters(text))
  for (const picture of pictures) {
    const lines = picture.split('\n')
    if (lines.length > 24 || lines.some((line) => [...line].length > 77)) t.fail(picture)
  }
  const last = pictures.at(-1) ?? ''
  t.equal(last.match(/^ ✔ /gm)?.length, 8)
  t.match(last, /lb1 10\.0\.1\.133 killed/)
  t.match(last, /^ lb2 █{30} {2}300 of 300 connections$/m)
  t.match(pictures.join(''), /lb1 10\.0\.1\.133 not ready +Full/)
})

t.test('a panel shows what failed', async (t) => {
  const written: string[] = []
  const out = { columns: 80, rows: 24, write: (text: string) => written.push(text) > 0 }
  const world = new SimWorld(() => {}, undefined)
  const panel = new Panel(() => world, out as unknown as NodeJS.WriteStream)
  panel.begin('something')
  panel.tally({ lb1: 100, lb2: 100, failed: 100 })
  panel.fail('it did not')
  panel.close()
  t.match(written.at(-2), /✘[^\n]* something[^\n]*\n[^\n]*it did not/)
  t.match(written.at(-2), /100 failed/)
})

t.test('lines say a change once', async (t) => {
  const lines: string[] = []
  const world = new SimWorld(() => {}, undefined)
  const screen = new Lines(
    () => world,
    (line) => lines.push(line),
  )
  await world.start('lb1')
  screen.update()
  screen.update()
  world.setReady('lb1', false)
  screen.update()
  t.same(lines, ['   0.00 s  lb1: ready', '   0.00 s  lb1: not ready'])
  screen.begin('something')
  screen.fail('it did not')
  t.equal(lines.at(-1), '✘ something: it did not')
  await world[Symbol.asyncDispose]()
})

t.test('the launcher: help and misuse, without building anything', async (t) => {
  const launcher = 'scripts/demo.mjs'
  t.match(await node(launcher, '--help'), { status: 0, stdout: /^usage: npm run demo/, stderr: '' })
  for (const args of [['--router', 'quagga'], ['--slow'], ['now']]) {
    const result = await node(launcher, ...args)
    t.match(
      result,
      { status: 2, stdout: '', stderr: /^demo: .*\n\(--help shows how\)/ },
      args.join(' '),
    )
  }
  t.match(await node(launcher, '--sim', '--router', 'frr'), {
    status: 1,
    stderr: /^demo: --router frr plays in namespaces/,
  })
})
