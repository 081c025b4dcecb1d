/** The lab itself: namespaces come and go, and FRR as router and as both directors balances connections. */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { addVip, classic, classicIds, nextHops } from './classic.ts'
import { Bird, Frr, full } from './daemons.ts'
import { Lab, missing, until } from './lab.ts'

const namespaces = (): string => readdirSync('/var/run/netns').join('\n')

t.setTimeout(180_000)

// As a child: build a lab, say its prefix, and wait to be killed.
if (process.argv[2] === 'orphan') {
  const lab = new Lab()
  lab.node('one')
  const sleeper = lab.spawn('one', ['sleep', '600'])
  process.stdout.write(`${JSON.stringify([lab.prefix, lab.directory, sleeper.pid])}\n`)
  await new Promise((resolve) => setTimeout(resolve, 600_000))
}

t.test('until gives up with what was waited for and the last answer', async (t) => {
  const rejected = until(() => 0, { what: 'a miracle', timeout: 0 })
  await t.rejects(rejected, { message: 'not within 0 s: a miracle; last: 0' })
  const failing = (): never => {
    throw new Error('no route')
  }
  await t.rejects(until(failing, { what: 'a route', timeout: 0 }), {
    message: 'not within 0 s: a route; last: no route',
  })
  t.equal(await until(() => 'now', { what: 'nothing' }), 'now')
})

t.test('nodes, cables and processes are gone after disposal', { skip: missing() }, async (t) => {
  let prefix = ''
  let directory = ''
  {
    await using lab = new Lab()
    prefix = lab.prefix
    directory = lab.directory
    lab.node('a', { 'net.ipv4.ip_forward': 1 })
    lab.node('b')
    lab.lan('lan', { a: '10.0.1.1/24', b: '10.0.1.2/24' })
    lab.link({ a: '10.0.2.1/24', b: '10.0.2.2/24' })
    await lab.serve('b', '0.0.0.0', 80, 'b')
    const answers = { answered: { b: 1 }, failed: {} }
    t.strictSame(await lab.connections('a', '10.0.1.2', 80, 1), answers, 'over the LAN')
    t.strictSame(await lab.connections('a', '10.0.2.2', 80, 1), answers, 'over the cable')
    t.strictSame(await lab.connections('a', '10.0.2.2', 81, 2), {
      answered: {},
      failed: { ECONNREFUSED: 2 },
    })
    t.match(await lab.exec('a', ['sysctl', '-n', 'net.ipv4.ip_forward']), '1')
    t.match(await lab.routes('a'), [{ dst: '10.0.1.0/24', dev: 'eth0' }, { dev: 'eth1' }])
    t.match(namespaces(), new RegExp(`^${prefix}-a`, 'm'))

    lab.carrier('b', 'eth0', false)
    t.match(await lab.exec('b', ['ip', 'link', 'show', 'eth0']), /NO-CARRIER/)
    lab.carrier('b', 'eth0', true)
    t.strictSame(await lab.connections('a', '10.0.1.2', 80, 1), answers, 'back on the LAN')
    t.throws(() => lab.carrier('b', 'eth1', false), { message: 'eth1 of b is on no LAN' })
    t.throws(() => lab.link({ a: '10.0.3.1/24', c: '10.0.3.2/24' }), { message: /no node c/ })

    const stubborn = lab.spawn('b', ['sh', '-c', 'trap "" TERM; echo ready; while :; do :; done'])
    await until(() => stubborn.output.includes('ready'), { what: 'the shell runs' })
    t.equal(await stubborn.stop(0.2), 'SIGKILL', 'killed when it does not heed SIGTERM')
    t.notOk(stubborn.running)
    const failed = lab.spawn('b', ['sh', '-c', 'echo out; echo err >&2; exit 3'])
    t.equal(await failed.exited, 3)
    t.match(lab.log(), /--- sh \[\d+\] on b\n(out\nerr|err\nout)\n/)
    await t.rejects(lab.serve('b', '10.9.9.9', 80, 'x'), { message: /EADDRNOTAVAIL/ })
    lab.spawn('a', ['sleep', '600'])
  }
  t.notMatch(namespaces(), prefix)
  t.notOk(existsSync(directory))
})

t.test('nothing is left of a lab whose process was killed', { skip: missing() }, async (t) => {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), 'orphan'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const line = await new Promise<string>((resolve) => {
      child.stdout.setEncoding('utf8').once('data', resolve)
    })
    const [prefix, directory, pid] = JSON.parse(line) as [string, string, number]
    t.match(namespaces(), prefix)
    child.kill(signal)
    await until(() => !namespaces().includes(prefix) && !existsSync(directory), {
      what: `the namespaces are gone after ${signal}`,
    })
    // Whether its new parent has collected it by now is none of our business: a zombie has no command line.
    const file = `/proc/${pid}/cmdline`
    t.notOk(existsSync(file) && readFileSync(file, 'utf8'), 'and so is the process in it')
  }
})

t.test('FRR routes to two FRR directors', { skip: missing('frr') }, async (t) => {
  const lab = Lab.for(t)
  const { vip, router, director } = await classic(lab)
  const routerd = new Frr(lab, 'router', router)
  const lb1 = new Frr(lab, 'lb1', director('lb1'))
  const lb2 = new Frr(lab, 'lb2', director('lb2'))
  for (const lb of [lb1, lb2]) {
    await addVip(lab, lb.node, vip)
    await lab.serve(lb.node, vip, 80, lb.node)
  }
  await Promise.all([routerd.start(), lb1.start(), lb2.start()])
  await full(routerd, [classicIds.lb1, classicIds.lb2])

  await until(async () => (await nextHops(lab, 'router', vip)).length === 2, {
    what: 'the router has two next hops for the VIP',
  })
  t.strictSame(await nextHops(lab, 'router', vip), [classicIds.lb1, classicIds.lb2])
  const both = await lab.connections('client', vip, 80, 200)
  t.strictSame(both.failed, {})
  t.strictSame(Object.keys(both.answered).sort(), ['lb1', 'lb2'], JSON.stringify(both))

  await lb1.stop()
  await until(async () => (await nextHops(lab, 'router', vip)).length === 1, {
    what: 'the next hop of the stopped director is gone',
  })
  const one = await lab.connections('client', vip, 80, 20)
  t.strictSame(one, { answered: { lb2: 20 }, failed: {} })

  await lb1.start()
  await until(async () => (await nextHops(lab, 'router', vip)).length === 2, {
    what: 'the next hop is back after a restart',
  })
  const state = (await routerd.neighbors())[classicIds.lb1]?.[0]?.state
  t.match(state, /^Full\//)
})

t.test(
  'BIRD routes to a BIRD director and an FRR director',
  {
    skip: missing('frr', 'bird'),
  },
  async (t) => {
    const lab = Lab.for(t)
    const { vip, router, director } = await classic(lab)
    const routerd = new Bird(lab, 'router', router)
    const lb1 = new Bird(lab, 'lb1', director('lb1'))
    const lb2 = new Frr(lab, 'lb2', director('lb2'))
    for (const lb of [lb1, lb2]) {
      await addVip(lab, lb.node, vip)
      await lab.serve(lb.node, vip, 80, lb.node)
    }
    await Promise.all([routerd.start(), lb1.start(), lb2.start()])
    await full(routerd, [classicIds.lb1, classicIds.lb2])
    await until(async () => (await nextHops(lab, 'router', vip)).length === 2, {
      what: 'the router has two next hops for the VIP',
    })
    const both = await lab.connections('client', vip, 80, 200)
    t.strictSame(both.failed, {})
    t.strictSame(Object.keys(both.answered).sort(), ['lb1', 'lb2'], JSON.stringify(both))

    await lb1.configure({ ...director('lb1'), vips: [] })
    await until(async () => (await nextHops(lab, 'router', vip)).join() === classicIds.lb2, {
      what: 'the VIP that was configured away is gone',
    })
    await lb2.kill()
    await until(async () => (await nextHops(lab, 'router', vip)).length === 0, {
      what: 'the route of the killed director is gone after the dead interval',
    })
  },
)
