/** What a gate that does not come to rest costs the routers: instances of LSAs in ten minutes. */
import t from 'tap'
import { type AnnounceOptions, type HealthyOptions, healthy } from '../lib/index.ts'
import { only, running, vip } from './world.ts'

const MINUTES = 10
const LS_ROUTER = 1
const LS_EXTERNAL = 5

interface Cost {
  /** Instances of the LSA that carries the VIP, as the router had them. */
  readonly instances: number
  readonly changes: number
}

/** A gate that alternates with every check, once a second. */
async function alternating(more: HealthyOptions, options: AnnounceOptions = {}): Promise<Cost> {
  const { speaker, net, peer, events, world, run, until } = await running()
  let runs = 0
  const probe = async (): Promise<void> => {
    if (runs++ % 2 === 1) throw new Error('odd')
  }
  const type = options.as === 'external' ? LS_EXTERNAL : LS_ROUTER
  const seen = new Set<number>()
  const look = (): void => {
    for (const { lsa } of peer.database()) {
      const { header } = lsa
      const isOurs = header.advertisingRouter === 0x0a000185
      if (isOurs && header.type === type) seen.add(header.sequence)
    }
  }
  look()
  const before = seen.size
  speaker.announce(vip, {
    when: healthy(probe, { interval: 1, rise: 1, fall: 1, clock: world.clock, ...more }),
    ...options,
  })
  for (let i = 0; i < MINUTES * 60 * 4; i++) {
    await run(0.25)
    look()
  }
  const changes = only(events, 'announcement').length
  t.ok(runs >= MINUTES * 60 - 1, `${runs} checks`)
  t.ok(net.now > MINUTES * 60)
  await until(speaker.stop())
  return { instances: seen.size - before, changes }
}

/** One every MinLSInterval, and a few at the beginning, which are let out sooner. */
const MOST = (MINUTES * 60) / 5 + 5
/** A withdrawal does not wait for MinLSInterval but for MinLSArrival, so that two come in both together. */
const MOST_WITH_WITHDRAWALS = (2 * MINUTES * 60) / 6.1 + 5

t.test('undamped: no more than MinLSInterval and MinLSArrival allow', async (t) => {
  const { instances, changes } = await alternating({})
  t.ok(changes > 500, `${changes} changes of the VIP`)
  t.ok(instances <= MOST_WITH_WITHDRAWALS, `${instances} router-LSAs`)
  t.ok(instances > 10, 'the changes do arrive')
})

t.test('undamped, an LSA of its own', async (t) => {
  const { instances } = await alternating({}, { as: 'external' })
  t.ok(instances <= MOST, `${instances} external LSAs`)
  t.ok(instances > 10, 'the changes do arrive')
})

t.test('an LSA of its own that comes back before others have forgotten it', async (t) => {
  const { speaker, net, peer, run, until } = await running()
  const first = speaker.announce(vip, { as: 'external' })
  await run(20)
  const gone = first.withdraw()
  await run(0.9)
  t.notOk(peer.fib.has(vip))
  speaker.announce(vip, { as: 'external' })
  const begun = net.now
  while (!peer.fib.has(vip) && net.now - begun < 30) await run(0.05)
  t.ok(net.now - begun < 1, `back after ${net.now - begun} s, not after a retransmission`)
  const entry = peer.database().find(({ lsa }) => lsa.header.type === LS_EXTERNAL)
  t.equal(entry!.lsa.header.sequence, -0x7ffffffe, 'the numbers go on')
  await until(gone)
  await until(speaker.stop())
})

t.test('damped: a handful', async (t) => {
  const { instances, changes } = await alternating({ damping: true })
  t.ok(changes <= 8, `${changes} changes of the VIP`)
  t.ok(instances <= 6, `${instances} router-LSAs`)
  t.ok(instances >= 2)
})

t.test('rise and fall of more than one: none', async (t) => {
  const { instances, changes } = await alternating({ rise: 2, fall: 2 })
  t.same([instances, changes], [0, 0])
})
