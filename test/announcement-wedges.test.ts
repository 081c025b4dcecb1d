/** What might keep a VIP announced that is to go, or bring back one that is to stay away. */
import t from 'tap'
import { Announcement } from '../lib/announcement.ts'
import type { DownResult } from '../lib/vip-history.ts'
import { make, prefix } from './announcement-bench.ts'
import { FakeClock, settle } from './health/fake-clock.ts'

t.test('a count of connections that never comes keeps nothing up', async (t) => {
  const never = (): Promise<number> => new Promise(() => {})
  for (const canStop of [true, false]) {
    const { vip, gate, clock } = make({ connections: never, stopNew: (stop) => stop && canStop })
    await gate.say(true)
    await clock.advance(100)
    let result: DownResult | undefined
    void vip.drain({ timeout: 5 }).then((down) => {
      result = down
    })
    await clock.advance(15_000)
    t.match(result, { outcome: 'done', acknowledged: true, connections: undefined })
    t.equal(vip.state, 'drained')
    void vip.stop()
    await clock.advance(10_000)
    t.equal(clock.pending, 0)
  }
})

t.test('a lease that expires ends the wait of a drain', async (t) => {
  for (const forced of [undefined, 'up'] as const) {
    const bench = make({ lease: 5, stopNew: () => true })
    const { vip, gate, clock, did } = bench
    bench.connections = 9
    await gate.say(true)
    vip.force(forced)
    const drained = vip.drain({ timeout: 60 })
    await clock.advance(4999)
    t.equal(vip.state, 'draining')
    await clock.advance(1)
    t.same([vip.state, did.includes('withdraw')], ['drained', true])
    await clock.advance(5000)
    const step = { step: 'connections', outcome: 'cut', detail: 'the lease has expired' }
    t.match(
      (await drained).steps.find((each) => each.step === 'connections'),
      step,
    )
    vip.undrain()
    t.same([vip.state, vip.reason], ['down', 'the lease has expired'])
    vip.renew()
    t.equal(vip.state, 'up')
  }
})

t.test('maintenance that is over does not end a drain that was asked for meanwhile', async (t) => {
  const { vip, gate, clock } = make()
  await gate.say(true)
  await gate.say(false, 'forced maintenance', 'maintenance')
  const asked = vip.drain()
  await clock.advance(5000)
  t.match(await asked, { outcome: 'done' })
  await gate.say(true)
  t.equal(vip.state, 'drained')
  vip.undrain()
  t.equal(vip.state, 'up')
})

t.test('a gate that has not spoken yet keeps nothing that was forced up', async (t) => {
  const { vip, did, clock } = make()
  await settle()
  vip.force('up')
  t.equal(vip.state, 'up')
  vip.force(undefined)
  t.same([vip.state, did.at(-1)], ['down', 'withdraw'])
  await clock.advance(5000)
  void vip.drain()
  t.equal(vip.state, 'drained')
  vip.undrain()
  t.equal(vip.state, 'down', 'as nothing is proven')
})

t.test('drained before it is ready: drained while it gets ready, and after', async (t) => {
  let isReady = false
  const { vip, gate, clock } = make({
    prepare: () => {
      if (!isReady) throw new Error('no such scheduler')
    },
  })
  void vip.drain()
  await clock.advance(5000)
  t.equal(vip.state, 'drained')
  isReady = true
  await gate.say(true)
  await clock.advance(5000)
  t.equal(vip.state, 'drained')
  vip.undrain()
  t.equal(vip.state, 'up')
})

t.test('withdrawn by whoever hears of its new cost: it is not announced again', async (t) => {
  const did: string[] = []
  const vip: Announcement = new Announcement({
    prefix,
    clock: new FakeClock(),
    announce: () => did.push('announce'),
    withdraw: () => did.push('withdraw'),
    setCost: () => {},
    onChange: ({ reason }) => {
      if (reason.startsWith('cost set')) void vip.withdraw()
    },
  })
  vip.setCost(7)
  t.equal(did.at(-1), 'withdraw')
  t.equal(vip.state, 'withdrawn')
})
