/**
 * An application whose event loop is blocked for 3 s while routers give up neighbors after 1 s of silence (FRR, with
 * several Hellos a second) or after 2 s (BIRD, which has nothing shorter): in a child process of its own the protocol
 * goes on, and the VIP follows the lease; without one the router takes the director for dead.
 */
import t, { type Test } from 'tap'
import type { IsolateOptions } from '../../lib/index.ts'
import { classic, classicIds, nextHops } from './classic.ts'
import { Bird, Frr, full, type RouterPlan } from './daemons.ts'
import { Lab, missing, until } from './lab.ts'
import { onEth0, RouteLog, SpeakerChild } from './speakers.ts'

t.setTimeout(280_000)

const BLOCK = 3
/** A busy machine may keep even the child from its Hellos for a second: that proves nothing. */
const ATTEMPTS = 3
const only = [classicIds.lb1]
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const kinds = {
  frr: {
    settings: { deadInterval: 1, helloMultiplier: 4 },
    dead: 1,
    plan: { lines: ['ip ospf dead-interval minimal hello-multiplier 5'] },
    Daemon: Frr,
  },
  bird: {
    settings: { helloInterval: 1, deadInterval: 2 },
    dead: 2,
    plan: { hello: 1, dead: 2 },
    Daemon: Bird,
  },
} as const

interface Outcome {
  /** Next hops that the router had during and after, one set after the other. */
  readonly seen: readonly (readonly string[])[]
  /** What the director saw of its neighbor. */
  readonly states: readonly string[]
  /** Milliseconds from the beginning of the block; undefined: the route stayed. */
  readonly gone: number | undefined
  /** Milliseconds from the end of the block. */
  readonly back: number
}

/** Blocks the application again and again, until `isGood` or as often as is reasonable. */
async function blocked(
  t: Test,
  kind: keyof typeof kinds,
  isolate: IsolateOptions | false,
  isGood: (outcome: Outcome) => boolean,
): Promise<Outcome> {
  const lab = Lab.for(t)
  const classicPlan = await classic(lab)
  const { vip } = classicPlan
  const { settings, plan, Daemon } = kinds[kind]
  const [eth0, ...others] = classicPlan.router.interfaces
  const router: RouterPlan = {
    ...classicPlan.router,
    interfaces: [{ ...eth0!, ...plan }, ...others],
  }
  const daemon = new Daemon(lab, 'router', router)
  await daemon.start()
  const route = new RouteLog(lab, 'router', () => nextHops(lab, 'router', vip))
  t.teardown(() => route[Symbol.dispose]())
  const { areas, ...rest } = onEth0(classicIds.lb1)
  const { helloInterval: _, ...eth } = areas['0.0.0.0']!.interfaces!['eth0']!
  const options = { ...rest, areas: { 0: { interfaces: { eth0: { ...eth, ...settings } } } } }
  const app = await SpeakerChild.start(t, lab, 'lb1', { ...options, isolate } as typeof options)
  t.equal(app.failure, undefined)
  await app.announce(vip, 'lo')
  await full(daemon, only)
  for (let attempt = 1; ; attempt++) {
    await route.until(only, 'the VIP is announced')
    await until(() => app.states(classicIds.router).at(-1) === 'Full', { what: 'Full' })
    await sleep(2500)
    const since = Date.now()
    await app.block(BLOCK)
    await sleep(1000)
    const restored = await route.until(only, 'the VIP is there again')
    const changes = route.changes(since)
    const gone = changes.find(({ hops }) => hops.length === 0)?.at
    const outcome: Outcome = {
      seen: changes.map(({ hops }) => hops),
      states: app.states(classicIds.router, since),
      gone: gone === undefined ? undefined : gone - since,
      back: restored - since - BLOCK * 1000,
    }
    t.comment(
      `${kind}, dead interval ${kinds[kind].dead} s, blocked for ${BLOCK} s: next hop ${gone === undefined ? 'stays' : `gone after ${outcome.gone} ms, back ${outcome.back} ms after the block`}; ${outcome.states.length} changes of the adjacency`,
    )
    if (isGood(outcome) || attempt === ATTEMPTS) {
      t.equal((await app.stop()).status, 0)
      return outcome
    }
  }
}

for (const kind of ['frr', 'bird'] as const) {
  const skip = missing(kind)
  t.test(`${kind}: isolated, the lease withdraws`, { skip }, async (t) => {
    const isolate = { lease: 1, onLapse: 'withdraw' } as const
    const good = ({ states }: Outcome): boolean => states.length === 0
    const { states, seen, gone } = await blocked(t, kind, isolate, good)
    t.strictSame(states, [], 'the adjacency stays')
    t.strictSame(
      seen,
      [[], only],
      'the VIP goes with the lease and comes back with the application',
    )
    t.ok(gone! < BLOCK * 1000, 'while it is blocked')
  })

  t.test(`${kind}: isolated, kept`, { skip }, async (t) => {
    const isolate = { lease: 1, onLapse: 'keep' } as const
    const good = ({ states }: Outcome): boolean => states.length === 0
    const { states, seen } = await blocked(t, kind, isolate, good)
    t.strictSame(states, [], 'the adjacency stays')
    t.strictSame(seen, [], 'and so does the VIP')
  })

  t.test(`${kind}: not isolated`, { skip }, async (t) => {
    const { seen, gone, states } = await blocked(t, kind, false, () => true)
    t.strictSame(seen[0], [], 'the router gives the director up')
    t.ok(gone! >= 500 && gone! < BLOCK * 1000 + 500, `after ${gone} ms`)
    t.ok(states.length > 0, 'and the adjacency is made anew')
  })
}
