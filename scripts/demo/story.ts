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
/** RFC 2328 appendix B: between two instances of one LSA, in milliseconds. */
const minLsInterval = 5000
/** Between a router's timer and its kernel's route: SPF delay, a 1 s tick of BIRD, a busy machine. */
const slack = 1500

/** For columns: no title is longer. */
export const titleWidth = 42

/** '3 ms', '2.41 s'. */
export const duration = (ms: number): string =>
  ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`

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
    ['both load balancers are Full neighbors', () => meet(world)],
    [`the kernel spreads ${vip} over both`, () => announced(world)],
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
  await route(world, names, 15)
  return { measured: world.view().route.since, detail: 'from an empty network' }
}

async function fallIll(world: World, screen: Screen): Promise<Finding> {
  await quiet(world)
  const begun = world.now()
  world.setReady('lb1', false)
  await route(world, ['lb2'], 6)
  const measured = world.view().route.since - begun
  const { detail } = await spread(world, screen, ['lb2'])
  return { measured, detail: `${detail}; 3 checks 1 s apart fail first` }
}

async function recover(world: World, screen: Screen): Promise<Finding> {
  await quiet(world)
  const begun = world.now()
  world.setReady('lb1', true)
  await route(world, names, 10)
  const measured = world.view().route.since - begun
  const { detail } = await spread(world, screen, names)
  return { measured, detail: `${detail}; 2 checks 1 s apart pass first` }
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
  if (at <= gone) throw new Error(`lb2 exited ${duration(gone - at)} before its next hop was gone`)
  return { measured: gone - begun, detail: `exits ${duration(at - gone)} later; ${detail}` }
}

async function startAgain(world: World, screen: Screen): Promise<Finding> {
  const begun = world.now()
  await world.start('lb2')
  await route(world, names, 20)
  const measured = world.view().route.since - begun
  const { detail } = await spread(world, screen, names)
  return { measured, detail: `${detail}; adjacency and 2 checks first` }
}

async function killOne(world: World, screen: Screen): Promise<Finding> {
  const begun = world.now()
  await world.kill('lb1')
  await route(world, ['lb2'], (dead + slack) / 1000)
  const measured = world.view().route.since - begun
  // The last Hello came up to a hello interval before the end.
  if (measured < dead - hello - 100) {
    throw new Error(`gone after ${duration(measured)}, before the dead interval was over`)
  }
  const { detail } = await spread(world, screen, ['lb2'])
  return { measured, detail: `${detail}; dead interval ${dead / 1000} s` }
}

/** Waits until a router may say something new at once, so that what is measured is not MinLSInterval. */
function quiet(world: World): Promise<void> {
  const until = world.view().route.since + minLsInterval
  return world.until(
    () => world.now() >= until,
    'MinLSInterval is over',
    2 * (minLsInterval / 1000),
  )
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
