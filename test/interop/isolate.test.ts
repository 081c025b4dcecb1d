/**
 * A speaker in a child process (`isolate`), against FRR as the router: what becomes of VIP, adjacency and kernel when
 * the application is blocked, killed or replaced, and when the child is.
 */
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { IsolateOptions } from '../../lib/index.ts'
import { type Classic, classic, classicIds, nextHops } from './classic.ts'
import { Frr, full } from './daemons.ts'
import { Lab, missing, until } from './lab.ts'
import { onEth0, RouteLog, SpeakerChild } from './speakers.ts'

t.setTimeout(280_000)

interface World {
  readonly lab: Lab
  readonly plan: Classic
  readonly router: Frr
  readonly route: RouteLog
  readonly start: (isolate?: IsolateOptions) => Promise<SpeakerChild>
}

const only = [classicIds.lb1]

async function build(t: Test): Promise<World> {
  const lab = Lab.for(t)
  const plan = await classic(lab)
  const router = new Frr(lab, 'router', plan.router)
  await router.start()
  const route = new RouteLog(lab, 'router', () => nextHops(lab, 'router', plan.vip))
  t.teardown(() => route[Symbol.dispose]())
  const start = (isolate?: IsolateOptions): Promise<SpeakerChild> =>
    SpeakerChild.start(t, lab, 'lb1', {
      ...onEth0(classicIds.lb1, {}, { installRoutes: true }),
      isolate: isolate ?? true,
    })
  return { lab, plan, router, route, start }
}

/** The process that speaks OSPF for another. */
function childOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  const [child, ...others] = children.split(' ')
  if (!child || others.length > 0) throw new Error(`children of ${pid}: '${children}'`)
  return Number(child)
}

/** An orphan that has ended may wait for somebody to notice. */
const isAlive = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** What a speaker has put into the kernel of lb1. */
async function inKernel(lab: Lab, vip: string): Promise<readonly string[]> {
  const routes = (await lab.routes('lb1')).filter(({ protocol }) => protocol === 'ospf')
  const lo = await lab.exec('lb1', ['ip', 'address', 'show', 'lo'])
  return [...routes.map(({ dst }) => dst), ...(lo.includes(vip) ? [vip] : [])]
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

t.test('announce, gate, drain, stop', { skip: missing('frr') }, async (t) => {
  const { lab, plan, router, route, start } = await build(t)
  const { vip } = plan
  const app = await start()
  t.equal(app.failure, undefined)
  await app.announce(vip, 'lo')
  await full(router, only)
  await route.until(only, 'the VIP is announced')
  const child = childOf(app.process.pid)
  const { neighbors, interfaces, routes, database } = await app.snapshot()
  t.match(neighbors, [{ routerId: classicIds.router, state: 'Full' }])
  t.match(interfaces, [{ name: 'eth0', fullNeighbors: 1 }])
  t.ok(routes.some(({ prefix }) => prefix === '10.0.2.0/24'))
  t.ok(database.some(({ advertisingRouter }) => advertisingRouter === classicIds.router))
  t.strictSame((await inKernel(lab, vip)).toSorted(), [vip, '10.0.2.0/24'])

  const since = Date.now()
  await app.gate(vip, false)
  await route.until([], 'the gate is closed')
  await app.gate(vip, true)
  await route.until(only, 'the gate is open again')
  const changes = app.events('announcement', { since }).map(({ event }) => event)
  t.match(changes, [{ state: 'down', reason: /the gate is closed/ }, { state: 'up' }])

  t.match(await app.drain(vip), { outcome: 'done', acknowledged: true })
  await route.until([], 'drained')
  await app.undrain(vip)
  await route.until(only, 'undrained')
  t.strictSame(app.states(classicIds.router, since), [], 'the adjacency stood still')

  t.equal((await app.stop()).status, 0)
  await route.until([], 'stopped')
  t.notOk(isAlive(child), 'the child is gone')
  t.strictSame(await inKernel(lab, vip), [])
})

t.test('the application is killed, and another one starts', { skip: missing('frr') }, async (t) => {
  const { lab, plan, router, route, start } = await build(t)
  const { vip } = plan
  const app = await start()
  await app.announce(vip, 'lo')
  await full(router, only)
  await route.until(only, 'the VIP is announced')
  // FRR takes no instance of an LSA sooner than a second after the last
  await sleep(1500)
  const child = childOf(app.process.pid)
  const killedAt = Date.now()
  app.process.signal('SIGKILL')
  const starting = start()
  const gone = await route.until([], 'the next hop of the dead application is gone')
  t.comment(`next hop gone ${gone - killedAt} ms after SIGKILL of the application`)
  t.ok(gone - killedAt < 2500, 'far sooner than the dead interval of 4 s')
  // its successor waits for the child to leave, and then runs
  const next = await starting
  t.equal(next.failure, undefined)
  t.comment(`the successor runs ${Date.now() - killedAt} ms after SIGKILL`)
  t.notOk(isAlive(child), 'the child has left')
  const isSaid = (): boolean =>
    next.events('error').some(({ line }) => line.includes('waits for its predecessor to leave'))
  await until(isSaid, { what: 'it says that it waits' })
  t.notOk((await inKernel(lab, vip)).includes(vip), 'and took the VIP with it')
  await next.announce(vip, 'lo')
  await route.until(only, 'the successor has announced the VIP')
  const nextChild = childOf(next.process.pid)
  next.process.signal('SIGKILL')
  await until(() => !isAlive(nextChild), { what: 'the child has left' })
  t.strictSame(await inKernel(lab, vip), [], 'nothing is left in the kernel')
})

for (const onLapse of ['withdraw', 'keep'] as const) {
  t.test(`the application is blocked: ${onLapse}`, { skip: missing('frr') }, async (t) => {
    const { plan, router, route, start } = await build(t)
    const { vip } = plan
    const app = await start({ lease: 1, onLapse })
    await app.announce(vip, 'lo')
    await full(router, only)
    await route.until(only, 'the VIP is announced')
    await sleep(1500)
    const since = Date.now()
    // longer than the dead interval of 4 s
    const blocked = app.block(7)
    if (onLapse === 'withdraw') {
      const gone = await route.until([], 'the VIP of the blocked application is gone', 6)
      t.comment(`next hop gone ${gone - since} ms after the application was blocked`)
    }
    await blocked
    const over = Date.now()
    await route.until(only, 'the VIP is announced again')
    t.comment(`next hop back ${Date.now() - over} ms after it lives again`)
    t.strictSame(app.states(classicIds.router, since), [], 'the adjacency stood still')
    const [neighbor] = (await app.snapshot()).neighbors
    t.equal(neighbor?.state, 'Full')
    t.ok(neighbor!.upTime > 8, 'all the time')
    const expected = onLapse === 'keep' ? [] : [[], only]
    t.strictSame(route.seen(since), expected)
    t.equal((await app.stop()).status, 0)
  })
}

t.test('the child is killed', { skip: missing('frr') }, async (t) => {
  const { lab, plan, router, route, start } = await build(t)
  const { vip } = plan
  const app = await start()
  await app.announce(vip, 'lo')
  await full(router, only)
  await route.until(only, 'the VIP is announced')
  const since = Date.now()
  const child = childOf(app.process.pid)
  process.kill(child, 'SIGKILL')
  await until(() => app.events('error', { since }).length > 0, { what: 'the application says so' })
  t.match(
    app.events('error', { since })[0]?.line,
    /child process ended: SIGKILL; tried again in 1 s/,
  )
  t.ok((await inKernel(lab, vip)).includes(vip), 'the address stays')
  await until(() => app.states(classicIds.router, since).at(-1) === 'Full', {
    what: 'the next child is adjacent',
  })
  t.comment(`Full again ${Date.now() - since} ms after SIGKILL of the child`)
  await route.until(only, 'the VIP is announced again')
  await until(async () => (await inKernel(lab, vip)).length === 2, { what: 'the kernel is right' })

  // and one that hangs, at the end: it is killed, and what it left is removed
  const next = childOf(app.process.pid)
  process.kill(next, 'SIGSTOP')
  const begun = Date.now()
  t.equal(await app.process.stop(60), 0)
  t.comment(`stopped with a hung child in ${Date.now() - begun} ms`)
  t.notOk(isAlive(next))
  t.strictSame(await inKernel(lab, vip), [])
})

t.test('the child lives in another network namespace', { skip: missing('frr') }, async (t) => {
  const { lab, plan, router, route } = await build(t)
  const { vip } = plan
  // the application is a client of another network, and has none of the interfaces
  lab.node('away')
  const app = await SpeakerChild.start(t, lab, 'away', {
    ...onEth0(classicIds.lb1, {}, { installRoutes: true }),
    isolate: { namespace: lab.namespace('lb1') },
  })
  t.equal(app.failure, undefined)
  await app.announce(vip, 'lo')
  await full(router, only)
  await route.until(only, 'the VIP is announced')
  t.ok((await inKernel(lab, vip)).includes(vip), 'the address is there, too')
  t.notMatch(await lab.exec('away', ['ip', 'address']), vip)
  const child = childOf(app.process.pid)
  t.equal((await app.stop()).status, 0)
  t.notOk(isAlive(child))
  t.strictSame(await inKernel(lab, vip), [])
})

t.test('a network namespace that is not there', { skip: missing() }, async (t) => {
  const lab = Lab.for(t)
  lab.node('away')
  const app = await SpeakerChild.start(t, lab, 'away', {
    ...onEth0(classicIds.lb1),
    isolate: { namespace: `${lab.prefix}-nowhere` },
  })
  t.match(app.failure, { code: 'ERR_OSPF_CHILD' })
  t.equal(await app.process.exited, 1)
})
