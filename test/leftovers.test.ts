/** Routes of an earlier life: they go when the speaker has converged, and not one that is found again later. */
import t from 'tap'
import { OspfSpeaker, type SpeakerOptions } from '../lib/index.ts'
import { Leftovers } from '../lib/leftovers.ts'
import type { Clock, FlushReason, KernelStatus, RouteSink } from '../lib/ports.ts'
import type { SimHost } from '../lib/sim/host.ts'
import { Network } from '../lib/sim/network.ts'
import { Random } from '../lib/sim/random.ts'
import { formatPrefix } from '../lib/wire/address.ts'
import { FakeClock } from './health/fake-clock.ts'
import { eth0 } from './world.ts'

const LEFTOVER_TIME = 600
const SEEDS = 16

/** A host's table, which outlives the processes that write it. */
class Kernel {
  /** Whether this life has confirmed it. */
  readonly routes = new Map<string, boolean>()
  /** What was left to die, in seconds. */
  readonly flushed: { readonly prefix: string; readonly at: number }[] = []
  why: FlushReason | undefined
  /** Answers to writes are so late. */
  lag = 0
  readonly asked: string[] = []

  /** The sink of a new process. */
  sink(clock: Clock): RouteSink {
    for (const prefix of this.routes.keys()) this.routes.set(prefix, false)
    const flushLeftovers = (why: FlushReason): void => {
      if (timer === undefined) return
      timer[Symbol.dispose]()
      timer = undefined
      this.why = why
      for (const [prefix, isConfirmed] of this.routes) {
        if (isConfirmed) continue
        this.routes.delete(prefix)
        this.flushed.push({ prefix, at: clock.now() / 1000 })
      }
    }
    const left = this.routes.size > 0
    let timer = left
      ? clock.setTimer(LEFTOVER_TIME * 1000, () => flushLeftovers('time'))
      : undefined
    const { asked, routes } = this
    const lag = (): number => this.lag
    return {
      apply: (changes) => {
        for (const change of changes) {
          if (change.type === 'remove') routes.delete(formatPrefix(change.prefix, change.length))
          else if (change.route.nextHops.some((hop) => hop.gateway !== undefined)) {
            routes.set(formatPrefix(change.route.prefix, change.route.length), true)
          }
        }
      },
      settled: async () => {
        asked.push(`settled at ${clock.now() / 1000}`)
        if (lag() > 0) await new Promise<void>((resolve) => clock.setTimer(lag() * 1000, resolve))
      },
      get hasLeftovers() {
        return timer !== undefined
      },
      flushLeftovers,
      status: () => ({}) as KernelStatus,
      [Symbol.asyncDispose]: async () => timer?.[Symbol.dispose](),
    }
  }
}

const options: SpeakerOptions = {
  routerId: '10.0.1.133',
  areas: { '0.0.0.0': { interfaces: { eth0, eth1: eth0 } } },
  installRoutes: true,
}

/** A host between two networks with a router on each; what r1 and r2 announce is in its kernel. */
async function build(seed = 7) {
  const net = new Network({ seed })
  const host = net.host('h')
  const [r1, r2] = [net.router('r1'), net.router('r2')]
  const timers = { helloInterval: 1, deadInterval: 4 }
  const near = net.segment('near', '10.0.1.0/24', [host, r1], timers)
  const far = net.segment('far', '10.0.2.0/24', [host, r2], timers)
  r1.announce('10.9.0.1/32')
  r1.announce('10.9.0.9/32')
  r2.announce('10.9.0.2/32')
  const kernel = new Kernel()
  const first = await start(host, kernel)
  await net.runAsync(20)
  const before = [...kernel.routes.keys()].sort()
  /** Killed, and started again so many seconds later; meanwhile r1 withdraws one of its routes. */
  const again = async (seconds: number, more = options): Promise<OspfSpeaker> => {
    host.crash()
    r1.withdraw('10.9.0.9/32')
    await net.runAsync(seconds)
    host.restart()
    return start(host, kernel, more)
  }
  return { net, host, r1, r2, near, far, kernel, first, before, again }
}

const start = (host: SimHost, kernel: Kernel, more = options): Promise<OspfSpeaker> =>
  OspfSpeaker.start(more, { ...host.ports, routes: kernel.sink(host.ports.clock) })

const vips = ['10.9.0.1/32', '10.9.0.2/32']
const gone = ({ flushed }: Kernel): string[] => flushed.map(({ prefix }) => prefix)

t.test('what is not found again goes soon after the dead interval', async (t) => {
  const { net, host, kernel, before, again } = await build()
  t.strictSame(before, ['10.9.0.1/32', '10.9.0.2/32', '10.9.0.9/32'])
  await again(1)
  const started = net.now
  await net.runAsync(3.9)
  t.strictSame([...kernel.routes.keys()].sort(), before, 'not before somebody else can say Hello')
  await net.runAsync(10)
  t.strictSame(gone(kernel), ['10.9.0.9/32'])
  t.equal(kernel.why, 'converged')
  t.ok(kernel.flushed[0]!.at - started < 12, `after ${kernel.flushed[0]!.at - started} s`)
  t.strictSame([...kernel.routes.keys()].sort(), vips)
  host.crash()
})

t.test('a slow neighbor is waited for', async (t) => {
  const { net, host, far, kernel, again } = await build()
  // 6 s from question to answer: a Hello in time, and a long exchange
  far.set({ delay: 3 })
  await again(1)
  const started = net.now
  const isConfirmed = (): boolean => kernel.routes.get('10.9.0.2/32') === true
  while (!isConfirmed() && net.now < started + 100) {
    t.strictSame(gone(kernel), [], 'nothing goes before')
    await net.runAsync(1)
  }
  t.ok(net.now - started > 12, `it came after ${net.now - started} s`)
  await net.runAsync(5)
  t.strictSame(gone(kernel), ['10.9.0.9/32'])
  t.strictSame([...kernel.routes.keys()].sort(), vips)
  host.crash()
})

t.test('one that flaps while we start is given time to come back', async (t) => {
  const { net, host, r2, kernel, again } = await build()
  const speaker = await again(1)
  const events: string[] = []
  let flaps = 0
  speaker.subscribe((event) => {
    if (event.type !== 'neighbor' || event.routerId !== r2.routerId) return
    events.push(event.state)
    // in the middle of it, for longer than the dead interval
    if (event.state === 'ExStart' && flaps++ < 2) r2.freeze('stalled')
    if (event.state === 'Down') setImmediate(() => r2.thaw())
  })
  for (let i = 0; i < 40; i++) {
    await net.runAsync(1)
    if (!kernel.routes.get('10.9.0.2/32')) t.strictSame(gone(kernel), [], `at ${net.now} s`)
  }
  t.equal(events.filter((state) => state === 'Down').length, 2)
  t.equal(events.at(-1), 'Full')
  t.strictSame(gone(kernel), ['10.9.0.9/32'])
  host.crash()
})

for (const how of ['stalled', 'suspended'] as const) {
  t.test(`a process that is ${how} while it starts has heard nobody`, async (t) => {
    const { net, host, kernel, again } = await build()
    await again(0)
    host.freeze(how)
    await net.runAsync(20)
    host.thaw()
    for (let i = 0; i < 40; i++) {
      await net.runAsync(0.5)
      t.strictSame(
        gone(kernel).filter((prefix) => prefix !== '10.9.0.9/32'),
        [],
      )
    }
    t.strictSame(gone(kernel), ['10.9.0.9/32'])
    host.crash()
  })
}

t.test('the kernel answers first', async (t) => {
  const { net, host, kernel, again } = await build()
  kernel.lag = 5
  await again(1)
  while (kernel.asked.length === 0) await net.runAsync(0.5)
  await net.runAsync(4)
  t.strictSame(gone(kernel), [])
  await net.runAsync(1.5)
  t.strictSame(gone(kernel), ['10.9.0.9/32'])
  t.equal(kernel.asked.length, 1)
  host.crash()
})

t.test('one that never comes to Full: when the time is over', async (t) => {
  const { net, host, r2, kernel, again } = await build()
  const speaker = await again(1)
  speaker.subscribe((event) => {
    // as with another MTU
    if (event.type === 'neighbor' && event.state === 'Exchange' && event.routerId === r2.routerId)
      speaker.reset({ interface: 'eth1' })
  })
  await net.runAsync(LEFTOVER_TIME - 10)
  t.strictSame(gone(kernel), [])
  await net.runAsync(20)
  t.equal(kernel.why, 'time')
  t.strictSame(gone(kernel).sort(), ['10.9.0.2/32', '10.9.0.9/32'])
  host.crash()
})

t.test('nobody is there any more', async (t) => {
  const { net, host, r1, r2, kernel, again } = await build()
  for (const router of [r1, r2]) router.crash()
  await again(1)
  const started = net.now
  await net.runAsync(8)
  t.equal(kernel.why, 'converged')
  t.strictSame([...kernel.routes.keys()], [])
  t.ok(kernel.flushed[0]!.at - started < 6)
  host.crash()
})

t.test('stopped before it has converged: what is left stays', async (t) => {
  const { net, kernel, before, again } = await build()
  const speaker = await again(1)
  const stopping = speaker.stop({ timeout: 1 })
  await net.runAsync(30)
  await stopping
  t.strictSame(gone(kernel), [])
  t.equal(kernel.routes.size, before.length)
})

/** A mesh with delays, loss and stalls, none of them as long as a dead interval. */
t.test('whatever happens, no route goes that is found in the end', async (t) => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new Random(seed)
    const net = new Network({ seed })
    const host = net.host('h')
    const [a, b, c, d] = [1, 2, 3, 4].map((n) => net.router(`r${n}`)) as [
      never,
      never,
      never,
      never,
    ]
    const routers = [a, b, c, d] as readonly ReturnType<Network['router']>[]
    const timers = { helloInterval: 1, deadInterval: 4 }
    const segments = [
      net.segment('near', '10.0.1.0/24', [host, a, b], timers),
      net.segment('far', '10.0.2.0/24', [host, c], timers),
      net.segment('beyond', '10.0.3.0/24', [b, d], timers),
    ]
    for (const [i, router] of routers.entries()) {
      router.announce(`10.9.0.${i + 1}/32`)
      router.announce(`10.9.1.${i + 1}/32`)
    }
    const kernel = new Kernel()
    await start(host, kernel)
    await net.runAsync(30)
    host.crash()
    for (const [i, router] of routers.entries()) router.withdraw(`10.9.1.${i + 1}/32`)
    for (const segment of segments) {
      // what breaks behind the others' backs is no matter of convergence
      const loss = segment === segments[2] ? 0 : 0.05
      segment.set({ delay: random.next() * 0.5, jitter: random.next() * 0.3, loss })
    }
    await net.runAsync(random.next() * 8)
    host.restart()
    await start(host, kernel)
    const restarted = net.now
    while (kernel.why === undefined && net.now < restarted + 200) {
      const victim = routers[Math.floor(random.next() * routers.length)]!
      const stalls = net.now < restarted + 20
      if (stalls) victim.freeze('stalled')
      await net.runAsync(random.next() * 1.5)
      if (stalls) victim.thaw()
      await net.runAsync(0.1)
    }
    for (const segment of segments) segment.set({ delay: 0, jitter: 0, loss: 0 })
    await net.runAsync(60)
    const lost = gone(kernel).filter((prefix) => kernel.routes.has(prefix))
    t.strictSame(lost, [], `seed ${seed}`)
    t.equal(kernel.why, 'converged', `seed ${seed}`)
    const left = ['10.0.3.0/24', ...routers.map((_, i) => `10.9.0.${i + 1}/32`)]
    t.strictSame([...kernel.routes.keys()].sort(), left, `seed ${seed}`)
    host.crash()
  }
})

t.test('what is not calculated yet is waited for; afterwards nothing is asked', async (t) => {
  const clock = new FakeClock()
  let asked = 0
  const flushed: FlushReason[] = []
  const core = {
    routing: { isPending: true },
    convergesAt: () => {
      asked++
      return 500
    },
  }
  using leftovers = new Leftovers({
    clock,
    core,
    sink: {
      hasLeftovers: true,
      settled: async () => {},
      flushLeftovers: (why) => void flushed.push(why),
    },
    input: (handle) => handle(),
  })
  leftovers.look()
  await clock.advance(20_000)
  t.strictSame(flushed, [])
  core.routing.isPending = false
  leftovers.heard({ type: 'overflow', state: 'left', limit: 1 })
  await clock.advance(20_000)
  t.strictSame(flushed, [], 'that tells nothing')
  const run = { what: 'networks', areas: [], vertices: 0, networks: 1, routes: 1 } as const
  const spf = { type: 'spf', ...run, reasons: [], moreReasons: 0, durationMs: 1 } as const
  leftovers.heard(spf)
  await clock.advance(0)
  t.strictSame(flushed, ['converged'])
  const before = asked
  leftovers.heard(spf)
  t.equal(asked, before)
  t.equal(clock.pending, 0)
})
