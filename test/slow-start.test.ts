/** The share of a VIP grows after it has come up: what routers see of it, and how many LSAs that takes. */
import t from 'tap'
import { type AnnounceOptions, OspfSpeaker } from '../lib/index.ts'
import { SlowStart } from '../lib/slow-start.ts'
import { collect, director, eth0, running, vip, World } from './world.ts'

const shareId = '236.0.0.0'

/** A director with a VIP that starts slowly, another that has it already, and a router before them. */
async function pair(options: AnnounceOptions = {}) {
  const all = await running()
  const host = all.net.host('lb2')
  all.net.attach(all.peer.attachments[0]!.segment, host)
  const other = await OspfSpeaker.start(director({ routerId: '10.0.1.135' }, eth0), new World(host))
  collect(other)
  other.announce(vip)
  await all.run(12)
  /** Our part of what the other gets, as the router has it; undefined: it knows of one next hop. */
  const part = (): number | undefined => {
    const route = all.peer.core
      .routes()
      .find(({ prefix, length }) => prefix === 0x0a000164 && length === 32)
    const weightVia = (gateway: number): number | undefined => {
      const hop = route?.nextHops.find((each) => each.gateway === gateway)
      return hop && (hop.weight ?? 1)
    }
    const [mine, others] = [weightVia(0x0a000101), weightVia(0x0a000103)]
    return mine === undefined || others === undefined ? undefined : mine / others
  }
  const sequence = (): number | undefined =>
    all.speaker.database().find(({ lsId, advertisingRouter, age }) => {
      return lsId === shareId && advertisingRouter === '10.0.1.133' && age < 3600
    })?.sequence
  /** What the router had, second by second, one of each. */
  const seen = async (seconds: number): Promise<number[]> => {
    const parts: number[] = []
    for (let i = 0; i < seconds * 4; i++) {
      await all.run(0.25)
      const now = Math.round((part() ?? 0) * 100) / 100
      if (now !== parts.at(-1)) parts.push(now)
    }
    return parts
  }
  const announcement = all.speaker.announce(vip, options)
  const stop = async (): Promise<void> => {
    await all.until(Promise.all([all.speaker.stop(), other.stop()]))
    t.equal(all.world.leftovers, '')
  }
  return { ...all, other, part, sequence, seen, announcement, stop }
}

t.test('from a tenth to the whole, in few steps', async (t) => {
  const { seen, sequence, stop } = await pair({ slowStart: 40 })
  t.same(await seen(60), [0.1, 0.21, 0.33, 0.44, 0.55, 0.66, 0.78, 0.89, 1])
  t.equal(sequence(), undefined, 'the whole is the default: nothing is left to be said')
  await stop()
})

t.test('however long it takes, it takes few LSAs', async (t) => {
  const { sequence, run, stop, part } = await pair({ slowStart: 3600, weight: 50 })
  await run(2)
  const first = sequence()!
  t.equal(part(), 0.05)
  await run(3700)
  t.equal(part(), 0.5)
  // and one for its age
  t.ok(sequence()! - first <= 10, `${sequence()! - first} more`)
  await stop()
})

t.test('a short one has two steps', async (t) => {
  const { seen, stop } = await pair({ slowStart: 3, weight: 100 })
  t.same(await seen(15), [0.1, 1])
  await stop()
})

t.test('another weight on the way: the ramp leads there', async (t) => {
  const { part, run, announcement, stop } = await pair({ slowStart: 10, weight: 100 })
  await run(2)
  t.equal(part(), 0.1)
  announcement.setWeight(200)
  await run(2)
  t.equal(part(), 0.2)
  await run(20)
  t.equal(part(), 2)
  announcement.setWeight(40)
  await run(6)
  t.equal(part(), 0.4, 'and at once, when it is over')
  await stop()
})

t.test('another cost on the way leaves it alone', async (t) => {
  const { part, run, announcement, stop, peer } = await pair({ slowStart: 20 })
  await run(7)
  t.equal(part(), 0.33)
  announcement.setCost(0)
  await run(2)
  t.equal(part(), 0.33)
  await run(20)
  t.equal(part(), 1)
  t.ok(peer.fib.has(vip))
  await stop()
})

t.test('a drain on the way: the router is told at once, and what is undone goes on', async (t) => {
  const all = await pair({ slowStart: 20, connections: () => 1, times: { drain: 30 } })
  const { peer, run, until, announcement, seen, stop, part } = all
  peer.keepsConnections(true)
  await run(7)
  t.equal(part(), 0.33)
  const drained = announcement.drain()
  await run(6)
  const draining = peer.core.routes().flatMap(({ nextHops }) => nextHops.filter((h) => h.draining))
  t.equal(draining.length, 1)
  announcement.undrain()
  t.match(await until(drained), { outcome: 'undone' })
  await run(3)
  t.ok(part()! > 0.33, 'its time went on')
  await run(10)
  t.equal(part(), 1)
  // to the end, this time: what comes up again starts anew
  await until(announcement.drain({ timeout: 1 }))
  t.equal(part(), undefined)
  announcement.undrain()
  t.same((await seen(40)).slice(-5), [0.1, 0.33, 0.55, 0.78, 1])
  await stop()
})

t.test('what is withdrawn in the middle says nothing more', async (t) => {
  const { run, until, announcement, sequence, world, stop } = await pair({ slowStart: 60 })
  await run(10)
  t.ok(sequence())
  await until(announcement.withdraw())
  const { timers } = world
  await run(5)
  t.equal(sequence(), undefined)
  t.ok(world.timers <= timers)
  await stop()
})

t.test(
  'the last resort has its whole share, and starts slowly when it is well again',
  async (t) => {
    let open = true
    let wake = (): void => {}
    async function* gate(): AsyncGenerator<boolean> {
      for (;;) {
        yield open
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
    const turn = (to: boolean): void => {
      open = to
      wake()
    }
    const all = await pair({ slowStart: 10, weight: 100, onFail: 'degrade', when: gate() })
    const { run, part, announcement, seen, stop } = all
    await run(20)
    t.equal(part(), 1)
    turn(false)
    await run(8)
    t.equal(announcement.state, 'degraded')
    t.equal(part(), undefined, 'routers have a better one')
    turn(true)
    t.same(await seen(20), [0.1, 0.55, 1])
    await stop()
  },
)

t.test('a lease that expires and is renewed', async (t) => {
  const { run, part, announcement, seen, stop } = await pair({ slowStart: 10, lease: 30 })
  await run(20)
  t.equal(part(), 1)
  await run(15)
  t.equal(announcement.state, 'down')
  announcement.renew()
  t.same(await seen(18), [0.1, 0.55, 1])
  await stop()
})

t.test('what is refused', async (t) => {
  const { speaker, until } = await running()
  for (const slowStart of [0, -1, Number.NaN, '5', 100_000]) {
    t.throws(() => speaker.announce(vip, { slowStart: slowStart as number }), {
      code: 'ERR_OSPF_CONFIG',
      message: /VIP 10\.0\.1\.100\/32: slowStart: expected a number of seconds/,
    })
  }
  await until(speaker.stop())
})

t.test('a weight is never 0', async (t) => {
  const { world } = await running()
  const slow = new SlowStart(5, world.clock, () => {})
  slow.begin()
  t.same(
    [1, 3, 10, 256].map((weight) => slow.of(weight)),
    [1, 1, 1, 26],
  )
  slow.end()
  t.same(
    [1, 256].map((weight) => slow.of(weight)),
    [1, 256],
  )
})
