/**
 * What the demo tells: two load balancers announce a VIP, and the router spreads connections over them; then one
 * after the other falls ill, recovers, is stopped, starts again and dies. The same words wherever it is played.
 */
import { type Director, directors, names, type Tally, vip, type World } from './world.ts'

/** Who shows it. */
export interface Screen {
  /** The place has changed, or time has passed. */
  update(): void
  begin(title: string): void
  /** `measured`: milliseconds. */
  pass(measured: number | undefined, detail: string): void
  fail(why: string): void
  tally(tally: Tally): void
}

/** What a step found: how long what it is about took, in milliseconds, and a few words. */
interface Finding {
  readonly measured?: number
  readonly detail: string
}

/** Connections opened after each change. */
const connections = 300
/** Hello and dead interval of the directors, and what their checks take at most, in milliseconds. */
const hello = 1000
const dead = 4000
/** Between a router's timer and its kernel's route: SPF delay, a 1 s tick of BIRD, a busy machine. */
const slack = 1500

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`
const list = (who: readonly Director[]): string => who.join(' and ') || 'nobody'

/** Plays it to the end, or to the first step that fails; resolves to whether all went well. */
export async function tell(world: World, screen: Screen): Promise<boolean> {
  for (const [title, play] of steps(world, screen)) {
    screen.begin(title)
    try {
      const { measured, detail } = await play()
      screen.pass(measured, detail)
    } catch (error) {
      screen.fail(error instanceof Error ? error.message : String(error))
      return false
    }
  }
  return true
}

function steps(world: World, screen: Screen): [string, () => Promise<Finding>][] {
  return [
    ['both load balancers are Full neighbors of the router', () => meet(world)],
    [`the router's kernel spreads ${vip} over both`, () => announced(world)],
    [`${connections} connections reach both`, () => spread(world, screen, names)],
    ['lb1 fails its health check: next hop gone', () => fallIll(world, screen)],
    ['lb1 recovers: next hop back', () => recover(world, screen)],
    ['lb2 gets SIGTERM: next hop gone', () => stopOne(world, screen)],
    ['lb2 starts again: next hop back', () => startAgain(world, screen)],
    ['lb1 gets SIGKILL: next hop gone', () => killOne(world, screen)],
  ]
}

async function meet(world: World): Promise<Finding> {
  const begun = world.now()
  await world.start('router')
  for (const name of names) await world.start(name)
  const full = () => names.every((name) => world.view().neighbors[name] === 'Full')
  await world.until(full, 'both neighbors are Full', 20)
  return { measured: world.now() - begun, detail: 'from an empty network' }
}

async function announced(world: World): Promise<Finding> {
  const begun = world.now()
  await route(world, names, 15)
  const took = world.view().route.since - begun
  return { measured: Math.max(0, took), detail: 'one route, two next hops' }
}

async function fallIll(world: World, screen: Screen): Promise<Finding> {
  const begun = world.now()
  world.setReady('lb1', false)
  await route(world, ['lb2'], 6)
  const measured = world.view().route.since - begun
  const { detail } = await spread(world, screen, ['lb2'])
  return { measured, detail: `from the flip; 3 checks, 1 s apart; ${detail}` }
}

async function recover(world: World, screen: Screen): Promise<Finding> {
  const begun = world.now()
  world.setReady('lb1', true)
  await route(world, names, 10)
  const measured = world.view().route.since - begun
  const { detail } = await spread(world, screen, names)
  return { measured, detail: `from the flip; 2 checks, 1 s apart; ${detail}` }
}

async function stopOne(world: World, screen: Screen): Promise<Finding> {
  const begun = world.now()
  const ended = world.terminate('lb2')
  // Watched further down, whatever happens to the route.
  ended.catch(() => {})
  await route(world, ['lb1'], 6)
  const gone = world.view().route.since
  const { detail } = await spread(world, screen, ['lb1'])
  let exit: Awaited<typeof ended> | undefined
  ended.then((e) => {
    exit = e
  })
  await world.until(() => exit !== undefined, 'lb2 has exited', 12)
  const { status, at } = await ended
  if (status !== 0) throw new Error(`lb2 exited with ${status}`)
  if (at <= gone) throw new Error(`lb2 exited ${seconds(gone - at)} before its next hop was gone`)
  return { measured: gone - begun, detail: `${seconds(at - gone)} before it exits; ${detail}` }
}

async function startAgain(world: World, screen: Screen): Promise<Finding> {
  const begun = world.now()
  await world.start('lb2')
  await route(world, names, 20)
  const measured = world.view().route.since - begun
  const { detail } = await spread(world, screen, names)
  return { measured, detail: `adjacency and 2 checks; ${detail}` }
}

async function killOne(world: World, screen: Screen): Promise<Finding> {
  const begun = world.now()
  await world.kill('lb1')
  await route(world, ['lb2'], (dead + slack) / 1000)
  const measured = world.view().route.since - begun
  // The last Hello came up to a hello interval before the end.
  if (measured < dead - hello - 100) {
    throw new Error(`gone after ${seconds(measured)}, before the dead interval was over`)
  }
  const { detail } = await spread(world, screen, ['lb2'])
  return { measured, detail: `dead interval ${dead / 1000} s; ${detail}` }
}

function route(world: World, wanted: readonly Director[], limit: number): Promise<void> {
  const holds = () => world.view().route.nextHops.join() === wanted.join()
  const via = wanted.map((name) => directors[name]).join(' and ')
  return world.until(holds, `the router sends ${vip} via ${via} and no other`, limit)
}

/** Connects, and demands an answer to every connection, from these directors, each with a share worth the name. */
async function spread(world: World, screen: Screen, to: readonly Director[]): Promise<Finding> {
  const tally = await world.connect(connections, (sofar) => screen.tally(sofar))
  if (tally.failed > 0) throw new Error(`${tally.failed} of ${connections} connections failed`)
  for (const name of names) {
    const least = to.includes(name) ? connections / (4 * to.length) : 0
    const most = to.includes(name) ? connections : 0
    if (tally[name] < least || tally[name] > most) {
      const counts = names.map((n) => `${n} answered ${tally[n]}`).join(', ')
      throw new Error(`${connections} connections should reach ${list(to)}: ${counts}`)
    }
  }
  return { detail: names.map((name) => `${name} ${tally[name]}`).join(', ') }
}
