/**
 * The main job: two load balancers announce a VIP to a router, and the router's kernel spreads connections over those
 * that are well. The router is FRR, BIRD or this library; the classic settings.
 */
import t, { type Test } from 'tap'
import { type Classic, classic, classicIds, nextHops } from './classic.ts'
import { Bird, type Daemon, Frr, full, type RouterPlan, Speaker } from './daemons.ts'
import { Lab, missing, type Need, until } from './lab.ts'
import { classicTimers, onEth0, RouteLog, SpeakerChild } from './speakers.ts'

t.setTimeout(280_000)
t.jobs = 3

interface Kind {
  readonly needs: readonly Need[]
  readonly make: (lab: Lab, node: string, plan: RouterPlan) => Daemon
  /** Most seconds from a SIGKILL to the route's change: the dead interval, and BIRD looks once a second. */
  readonly dead: number
}

const kinds: Readonly<Record<string, Kind>> = {
  frr: { needs: ['frr'], make: (...args) => new Frr(...args), dead: 4 },
  bird: { needs: ['bird'], make: (...args) => new Bird(...args), dead: 5 },
  speaker: { needs: [], make: (...args) => new Speaker(...args), dead: 4 },
}

/**
 * What two busy cores may add to a time, in milliseconds: a timer that fires late, the router's SPF, `ip route`. The
 * last Hello may have been sent a little more than a second before, too, by the same cause.
 */
const slack = 500

/** The other speaker in the process of lb1, on a cable of its own. */
const side = { id: '10.0.3.1', peer: '10.0.3.2', vip: '10.0.9.9' } as const

for (const [name, kind] of Object.entries(kinds)) {
  t.test(`the router is ${name}`, { skip: missing(...kind.needs) }, (t) => run(t, kind))
}

async function run(t: Test, kind: Kind): Promise<void> {
  const world = await build(t, kind)
  await bothAnswer(t, world)
  await gateFails(t, world)
  await terminated(t, world)
  await killed(t, world, kind.dead)
  const since = await sideSettled(world)
  await routerRestarts(t, world)
  await interfaceFlaps(t, world)
  await addressChanges(t, world)
  await sideUnaffected(t, world, since)
}

interface World {
  readonly lab: Lab
  readonly classic: Classic
  readonly router: Daemon
  readonly sideRouter: Daemon
  readonly route: RouteLog
  lb1: SpeakerChild
  readonly lb2: SpeakerChild
  readonly startLb1: () => Promise<SpeakerChild>
}

const both = [classicIds.lb1, classicIds.lb2]

async function build(t: Test, kind: Kind): Promise<World> {
  const lab = Lab.for(t)
  const plan = await classic(lab)
  const { vip } = plan
  lab.node('side')
  lab.link({ lb1: `${side.id}/24`, side: `${side.peer}/24` })
  const router = kind.make(lab, 'router', plan.router)
  const sideRouter = kind.make(lab, 'side', {
    routerId: side.peer,
    interfaces: [{ name: 'eth0', network: '10.0.3.0/24' }],
  })
  const startLb1 = async (): Promise<SpeakerChild> => {
    const lb1 = await SpeakerChild.start(t, lab, 'lb1', {
      main: onEth0(classicIds.lb1),
      side: {
        routerId: side.id,
        areas: { '0.0.0.0': { interfaces: { eth1: classicTimers } } },
      },
    })
    await lb1.announce(vip, 'lo')
    await lb1.announce(side.vip, undefined, 'side')
    return lb1
  }
  await Promise.all([router.start(), sideRouter.start()])
  const lb1 = await startLb1()
  const lb2 = await SpeakerChild.start(t, lab, 'lb2', onEth0(classicIds.lb2))
  await lb2.announce(vip, 'lo')
  for (const node of ['lb1', 'lb2']) await lab.serve(node, '0.0.0.0', 80, node)
  const route = new RouteLog(lab, 'router', () => nextHops(lab, 'router', vip))
  t.teardown(() => route[Symbol.dispose]())
  return { lab, classic: plan, router, sideRouter, route, lb1, lb2, startLb1 }
}

/** Both Full, two next hops, and the client's connections reach both. */
async function bothAnswer(t: Test, { lab, classic, router, sideRouter, route }: World) {
  await full(router, both)
  await route.until(both, 'two next hops for the VIP')
  t.strictSame(await nextHops(lab, 'router', classic.vip), both)
  await full(sideRouter, [side.id])
  await until(async () => (await sideRouter.learned()).includes(`${side.vip}/32`), {
    what: 'the second speaker has announced its VIP',
  })
  const { answered, failed } = await lab.connections('client', classic.vip, 80, 200)
  t.strictSame(failed, {}, 'no connection fails')
  const share = (answered['lb1'] ?? 0) / 200
  t.ok(share >= 0.35 && share <= 0.65, `between 35:65 and 65:35: ${JSON.stringify(answered)}`)
}

/** A failing gate takes exactly that next hop away; the other load balancer's adjacency never moves. */
async function gateFails(t: Test, { lab, classic, route, lb1, lb2 }: World): Promise<void> {
  const since = Date.now()
  await lb1.gate(classic.vip, false, 'main')
  await route.until([classicIds.lb2], 'the next hop of the closed gate is gone')
  const after = await lab.connections('client', classic.vip, 80, 40)
  t.strictSame(after, { answered: { lb2: 40 }, failed: {} }, 'all new connections succeed')
  await lb1.gate(classic.vip, true, 'main')
  await route.until(both, 'recovery brings the next hop back')
  t.strictSame(
    route.seen(since),
    [[classicIds.lb2], both],
    'and nothing else happened to the route',
  )
  for (const lb of [lb1, lb2]) {
    t.strictSame(lb.states(classicIds.router, since), [], `the adjacency of ${lb.node} stood still`)
  }
  t.match(
    lb1.events('announcement', { since, speaker: 'main' }).map(({ event }) => event),
    [{ prefix: '10.0.1.100/32', state: 'down', reason: /the gate is closed/ }, { state: 'up' }],
  )
}

/** SIGTERM: the next hop is gone before the process is, and the VIP is gone from lo. */
async function terminated(t: Test, world: World): Promise<void> {
  const { lab, classic, route, lb1, lb2 } = world
  const since = Date.now()
  const exit = lb1.stop()
  const gone = await route.until([classicIds.lb2], 'the next hop of the terminated process is gone')
  const { status, at } = await exit
  t.equal(status, 0)
  t.ok(gone < at, `gone ${at - gone} ms before the process`)
  t.ok(gone - since < 3000, `well inside the dead interval: after ${gone - since} ms`)
  t.notMatch(await lab.exec('lb1', ['ip', 'address', 'show', 'lo']), classic.vip)
  const after = await lab.connections('client', classic.vip, 80, 20)
  t.strictSame(after, { answered: { lb2: 20 }, failed: {} })
  world.lb1 = await world.startLb1()
  await route.until(both, 'two next hops after the restart')
  t.strictSame(lb2.states(classicIds.router, since), [], 'the adjacency of lb2 stood still')
}

/** SIGKILL: the dead interval decides; the successor finds its LSAs of the life before. */
async function killed(t: Test, world: World, dead: number): Promise<void> {
  const { lab, classic, route, lb2 } = world
  // BIRD as DR keeps its next network-LSA back for MinLSInterval (5 s), which its last one must not be younger than.
  await new Promise((resolve) => setTimeout(resolve, 3000))
  const since = Date.now()
  await world.lb1.kill()
  const gone = await route.until([classicIds.lb2], 'the next hop of the killed process is gone')
  const took = gone - since
  const within = `between 3 and ${dead} s after the kill: ${took} ms`
  t.ok(took >= 3000 - slack && took <= dead * 1000 + slack, within)
  const after = await lab.connections('client', classic.vip, 80, 20)
  t.strictSame(after, { answered: { lb2: 20 }, failed: {} })
  world.lb1 = await world.startLb1()
  await route.until(both, 'two next hops after the restart')
  const old = world.lb1.events('self-originated', { speaker: 'main' }).map(({ event }) => event)
  t.match(old, [{ lsType: 1, lsId: classicIds.lb1, action: 'outbid' }], 'LSAs of the life before')
  t.strictSame(lb2.states(classicIds.router, since), [], 'the adjacency of lb2 stood still')

  // And once more, with the successor there before the router has missed anybody.
  await world.lb1.kill()
  const again = Date.now()
  world.lb1 = await world.startLb1()
  await until(() => world.lb1.states(classicIds.router).includes('Full'), {
    what: 'lb1 is Full again',
  })
  await route.until(both, 'two next hops after a restart inside the dead interval')
  t.strictSame(lb2.states(classicIds.router, again), [], 'the adjacency of lb2 stood still')
}

function fullWithRouter(lb: SpeakerChild, since: number): Promise<unknown> {
  return until(() => lb.states(classicIds.router, since).at(-1) === 'Full', {
    what: `${lb.node} is Full with the router again`,
    timeout: 60,
  })
}

/** The router daemon goes, politely and not, and comes again. */
async function routerRestarts(t: Test, { lab, classic, router, route, lb1, lb2 }: World) {
  for (const how of ['stop', 'kill'] as const) {
    const since = Date.now()
    await router[how]()
    await router.start()
    for (const lb of [lb1, lb2]) {
      await fullWithRouter(lb, since)
    }
    await full(router, both)
    await route.until(both, `two next hops after the router's ${how}`)
    const { failed } = await lab.connections('client', classic.vip, 80, 20)
    t.strictSame(failed, {}, `the route works after the router's ${how}`)
  }
}

/** The interface is taken down and up. Its own routes are the operating system's business. */
async function interfaceFlaps(t: Test, { lab, classic, route, lb1 }: World): Promise<void> {
  const since = Date.now()
  await lab.exec('lb1', ['ip', 'link', 'set', 'eth0', 'down'])
  await route.until([classicIds.lb2], 'the next hop behind the interface is gone')
  const waiting = lb1.events('waiting', { since, speaker: 'main' }).map(({ event }) => event)
  t.strictSame(waiting, [{ type: 'waiting', interface: 'eth0', for: 'link' }])
  await lab.exec('lb1', ['ip', 'link', 'set', 'eth0', 'up'])
  await lab.exec('lb1', ['ip', 'route', 'add', 'default', 'via', classicIds.router])
  await route.until(both, 'two next hops after the interface came up')
  await fullWithRouter(lb1, since)
  const { failed } = await lab.connections('client', classic.vip, 80, 20)
  t.strictSame(failed, {})
}

/** The interface changes its address, as by `ip address`. */
async function addressChanges(t: Test, { lab, classic, route, lb1 }: World): Promise<void> {
  const [before, after] = [`${classicIds.lb1}/24`, '10.0.1.137/24']
  const since = Date.now()
  await lab.exec('lb1', ['ip', 'address', 'del', before, 'dev', 'eth0'])
  await lab.exec('lb1', ['ip', 'address', 'add', after, 'broadcast', '+', 'dev', 'eth0'])
  await lab.exec('lb1', ['ip', 'route', 'add', 'default', 'via', classicIds.router])
  await route.until([classicIds.lb2, '10.0.1.137'], 'the next hop has the new address')
  await fullWithRouter(lb1, since)
  const [eth0] = (await lb1.snapshot('main')).interfaces
  t.equal(eth0?.address, '10.0.1.137')
  const { failed } = await lab.connections('client', classic.vip, 80, 20)
  t.strictSame(failed, {})
}

/** Resolves with the wall time when the second speaker of the process has all that it wants. */
async function sideSettled({ sideRouter, lb1 }: World): Promise<number> {
  await full(sideRouter, [side.id])
  await until(async () => (await sideRouter.learned()).includes(`${side.vip}/32`), {
    what: 'the VIP of the second speaker is learned',
  })
  const isUp = (): boolean =>
    lb1.states(side.peer).at(-1) === 'Full' &&
    lb1.events('announcement', { speaker: 'side' }).at(-1)?.event.state === 'up'
  await until(isUp, { what: 'the second speaker is Full and its VIP up' })
  return Date.now()
}

/** What befell the first speaker since `since` was none of the second one's business. */
async function sideUnaffected(t: Test, { sideRouter, lb1 }: World, since: number): Promise<void> {
  t.ok(
    lb1.events('neighbor', { since, speaker: 'main' }).length > 0,
    'the first speaker had a life',
  )
  const own = { speaker: 'side', since }
  const unrest = [
    ...lb1.events('neighbor', own),
    ...lb1.events('interface', own),
    ...lb1.events('announcement', own),
    ...lb1.events('error', own),
    ...lb1.events('waiting', own),
  ]
  t.strictSame(
    unrest.map(({ line }) => line),
    [],
  )
  t.strictSame(await sideRouter.fullNeighbors(), [side.id])
  t.ok((await sideRouter.learned()).includes(`${side.vip}/32`))
}
