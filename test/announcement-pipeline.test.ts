/** The way of a VIP up and down: order, bounds, drain, policies, lease, and what is said of it all. */
import t from 'tap'
import { Announcement, type GateGuard } from '../lib/announcement.ts'
import { make, prefix } from './announcement-bench.ts'
import { settle } from './health/fake-clock.ts'

t.test('up and down again: every step in its order', async (t) => {
  const { vip, did, gate, clock } = make()
  await settle()
  t.same(did, ['add address', 'prepare'], 'ready before the gate is asked')
  t.equal(vip.state, 'down')
  await gate.say(true)
  t.equal(vip.state, 'up')
  await clock.advance(100)
  const stopping = vip.withdraw('maintenance')
  t.equal(did.at(-1), 'withdraw', 'at once')
  await clock.advance(1000)
  t.equal(did.at(-1), 'hold', 'routers have time to calculate')
  await clock.advance(1000)
  const result = await stopping
  t.same(did, [
    'add address',
    'prepare',
    'announce',
    'withdraw',
    'hold',
    'release',
    'remove address',
  ])
  t.match(result, { outcome: 'done', acknowledged: true, missing: [], took: 2000 })
  t.match(result.by, [{ routerId: '10.0.0.1', interface: 'eth0', after: 10 }])
  t.same(
    result.steps.map(({ step, outcome }) => `${step} ${outcome}`),
    ['withdraw done', 'hold done', 'release done', 'remove address done'],
  )
  t.equal(vip.stop(), stopping, 'every call gives the same promise')
  t.equal(clock.pending, 0)
})

t.test('a data plane that is not ready is tried again', async (t) => {
  let tries = 0
  const { vip, gate, did, clock } = make({
    prepare: async () => {
      if (++tries < 3) throw new Error('no such scheduler: mh')
    },
  })
  await gate.say(true)
  t.match(vip, { state: 'down', reason: 'data plane is not ready: no such scheduler: mh' })
  await clock.advance(1999)
  t.notOk(did.includes('announce'))
  await clock.advance(1)
  t.equal(vip.state, 'up')
  await clock.advance(100)
  const stopped = vip.stop()
  await clock.advance(3000)
  await stopped
})

t.test('a data plane that never answers', async (t) => {
  const aborted: unknown[] = []
  const { vip, gate, did, clock, steps } = make({
    times: { prepare: 5, release: 3 },
    prepare: (signal) =>
      new Promise(() => signal.addEventListener('abort', () => aborted.push(signal.reason))),
  })
  await gate.say(true)
  await clock.advance(5000)
  t.match(vip, { state: 'down', reason: 'data plane is not ready: not done within 5 s' })
  t.equal(aborted.length, 1, 'it is told')
  t.match(steps, [{ step: 'prepare', outcome: 'timeout', took: 5000 }])
  const stopped = vip.stop()
  await clock.advance(5000)
  await stopped
  t.notOk(did.includes('release'), 'what was never ready is not taken down')
  t.ok(did.includes('remove address'))
  t.equal(clock.pending, 0)
})

t.test('one step that goes wrong does not keep the next', async (t) => {
  const { vip, gate, did, clock } = make({
    times: { release: 3, acknowledge: 4 },
    release: () => new Promise(() => {}),
    hold: async () => {
      throw new Error('the socket is gone')
    },
  })
  await gate.say(true)
  await clock.advance(100)
  const stopping = vip.stop()
  await clock.advance(3100)
  const result = await stopping
  t.equal(did.at(-1), 'remove address')
  t.same(
    result.steps.map(({ step, outcome, detail }) => [step, outcome, detail]),
    [
      ['hold', 'failed', 'the socket is gone'],
      ['withdraw', 'done', ''],
      ['release', 'timeout', 'not done within 3 s'],
      ['remove address', 'done', ''],
    ],
  )
})

t.test('routers that do not acknowledge', async (t) => {
  const bench = make({ times: { acknowledge: 4 } })
  const { vip, gate, clock, steps } = bench
  bench.acknowledgeAfter = undefined
  await gate.say(true)
  await clock.advance(4000)
  t.match(steps.at(-1), {
    step: 'announce',
    outcome: 'timeout',
    detail: 'not acknowledged within 4 s',
    confirmation: { acknowledged: false, missing: ['10.0.0.1'] },
  })
  const stopping = vip.stop()
  await clock.advance(4000)
  t.match(await stopping, { outcome: 'done', acknowledged: false, missing: ['10.0.0.1'] })
})

t.test('drain', async (t) => {
  t.test('routers that can: old connections end first', async (t) => {
    const asked: boolean[] = []
    const bench = make({ stopNew: (stop) => asked.push(stop) > 0 })
    const { vip, gate, clock, did } = bench
    await gate.say(true)
    await clock.advance(100)
    bench.connections = 7
    const draining = vip.drain()
    t.equal(vip.drain(), draining, 'one drain at a time')
    t.same([vip.state, asked], ['draining', [true]])
    await clock.advance(5000)
    t.same([vip.state, did.at(-1)], ['draining', 'announce'], 'still announced')
    bench.connections = 0
    await clock.advance(250)
    t.same([vip.state, vip.reason], ['drained', 'drained by request'])
    await clock.advance(2500)
    t.match(await draining, { outcome: 'done', acknowledged: true, connections: 0, took: 7260 })
    t.notOk(did.includes('release'), 'it can come back')
    await gate.say(false)
    await gate.say(true)
    t.equal(vip.state, 'drained', 'whatever the gate says')
    vip.undrain()
    t.same([vip.state, did.at(-1), asked], ['up', 'announce', [true, false]])
    await clock.advance(100)
    const stopped = vip.stop()
    await clock.advance(3000)
    await stopped
    t.equal(clock.pending, 0)
  })

  t.test('routers that cannot: not waited for', async (t) => {
    const bench = make()
    const { vip, gate, clock, steps } = bench
    bench.connections = 7
    await gate.say(true)
    await clock.advance(100)
    const draining = vip.drain({ reason: 'upgrade' })
    await clock.advance(2500)
    t.match(await draining, { outcome: 'done', connections: 7, took: 2010 })
    t.match(
      steps.find(({ step }) => step === 'stop new'),
      { outcome: 'skipped', detail: 'the routers cannot' },
    )
  })

  t.test('the wait is bounded', async (t) => {
    const bench = make({ stopNew: () => true })
    const { vip, gate, clock } = bench
    bench.connections = 7
    await gate.say(true)
    const draining = vip.drain({ timeout: 20 })
    await clock.advance(19_999)
    t.equal(vip.state, 'draining')
    await clock.advance(4000)
    t.match(await draining, { outcome: 'done', connections: 7 })
    t.match(
      vip.history().flatMap((c) => c.steps.filter((s) => s.step === 'connections')),
      [{ outcome: 'timeout', detail: 'not done within 20 s' }],
    )
  })

  t.test('a count that cannot be had', async (t) => {
    const { vip, gate, clock } = make({
      stopNew: () => true,
      connections: () => {
        throw new Error('no such service')
      },
    })
    await gate.say(true)
    const draining = vip.drain()
    await clock.advance(4000)
    const result = await draining
    t.equal(result.outcome, 'done')
    t.match(
      result.steps.find(({ step }) => step === 'connections'),
      { outcome: 'failed', detail: 'no such service' },
    )
    t.notHas(result, { connections: 0 })
  })

  t.test('a gate that closes meanwhile: nobody waits for a sick server', async (t) => {
    const bench = make({ stopNew: () => true })
    const { vip, gate, clock } = bench
    bench.connections = 7
    await gate.say(true)
    const draining = vip.drain()
    await clock.advance(1000)
    await gate.say(false, 'status 503')
    t.equal(vip.state, 'drained')
    await clock.advance(3000)
    t.match(await draining, { outcome: 'done', connections: 7 })
  })

  t.test('undrain while it waits', async (t) => {
    const bench = make({ stopNew: () => true })
    const { vip, gate, clock, did } = bench
    bench.connections = 7
    await gate.say(true)
    const draining = vip.drain()
    await clock.advance(1000)
    vip.undrain('back')
    t.same([vip.state, vip.reason], ['up', 'back'])
    t.match(await draining, { outcome: 'undone' })
    await clock.advance(100_000)
    t.equal(vip.state, 'up')
    t.notOk(did.includes('withdraw'), 'it was never away')
    const again = vip.drain()
    t.not(again, draining)
    bench.connections = 0
    await clock.advance(5000)
    t.match(await again, { outcome: 'done' })
  })

  t.test('stop while it waits', async (t) => {
    const bench = make({ stopNew: () => true })
    const { vip, gate, clock, did } = bench
    bench.connections = 7
    await gate.say(true)
    const draining = vip.drain()
    await clock.advance(1000)
    const stopping = vip.stop()
    t.same([vip.state, did.at(-1)], ['withdrawn', 'withdraw'])
    await clock.advance(3000)
    t.match(await stopping, { outcome: 'done' })
    t.match(await draining, { outcome: 'stopped', acknowledged: true })
    t.equal(vip.drain(), stopping, 'there is nothing left to drain')
    t.equal(clock.pending, 0)
  })

  t.test('one that is down anyway', async (t) => {
    const { vip, gate, clock, did } = make()
    await gate.say(false)
    const draining = vip.drain()
    await clock.advance(3000)
    t.match(await draining, { outcome: 'done', acknowledged: true })
    await gate.say(true)
    t.equal(vip.state, 'drained')
    t.notOk(did.includes('announce'))
    vip.undrain()
    t.equal(vip.state, 'up')
  })

  t.test('before the data plane is ready', async (t) => {
    const { vip, gate, clock } = make({ prepare: () => new Promise(() => {}) })
    await gate.say(true)
    const draining = vip.drain()
    await clock.advance(3000)
    t.match(await draining, { outcome: 'done' })
    const stopping = vip.stop()
    await clock.advance(40_000)
    t.match(await stopping, { outcome: 'done' })
    t.equal(clock.pending, 0)
  })
})

t.test('what a gate that closes does', async (t) => {
  t.test('degrade: the last resort', async (t) => {
    const { vip, gate, did } = make({ onFail: 'degrade' })
    await gate.say(false, 'status 503')
    t.equal(vip.state, 'down', 'what was never healthy is no resort')
    await gate.say(true)
    await gate.say(false, 'status 503')
    t.same([vip.state, vip.reason, did.at(-1)], ['degraded', 'status 503', 'degrade'])
    await gate.say(true)
    t.same([vip.state, did.at(-1)], ['up', 'announce'])
  })

  t.test('keep', async (t) => {
    const { vip, gate, did } = make({ onFail: 'keep' })
    await gate.say(true)
    await gate.say(false, 'status 503')
    t.same([vip.state, vip.reason], ['up', 'kept though status 503'])
    t.equal(did.at(-1), 'announce')
  })

  t.test('the policy outlives a lease that lapsed, a drain and a hand', async (t) => {
    for (const [onFail, state] of [
      ['keep', 'up'],
      ['degrade', 'degraded'],
    ] as const) {
      const { vip, gate, clock } = make({ onFail, lease: 5 })
      await gate.say(true)
      await gate.say(false)
      t.equal(vip.state, state)
      await clock.advance(5000)
      t.equal(vip.state, 'down')
      vip.renew()
      t.equal(vip.state, state, 'the application has only been slow')
      void vip.drain()
      await settle()
      t.equal(vip.state, 'drained')
      vip.undrain()
      t.equal(vip.state, state)
      vip.force('down')
      vip.force(undefined)
      t.equal(vip.state, state)
    }
  })

  t.test('what was never healthy is not kept because it was forced up', async (t) => {
    for (const onFail of ['keep', 'degrade'] as const) {
      const { vip, gate } = make({ onFail })
      await gate.say(false)
      vip.force('up')
      vip.force(undefined)
      t.equal(vip.state, 'down')
    }
  })

  t.test('a guard that wants it to stay, until it does not', async (t) => {
    const asked: boolean[] = []
    let decision = { stays: true, reason: 'the last of 3' }
    let forgotten = 0
    const guard: GateGuard = {
      decide: (isAnnounced) => {
        asked.push(isAnnounced)
        return decision
      },
      forget: () => forgotten++,
    }
    const { vip, gate, did } = make({ guard })
    await gate.say(false, 'status 503')
    t.same([vip.state, asked], ['down', []], 'what was never healthy is no resort')
    await gate.say(true)
    vip.reconsider()
    t.same(asked, [], 'the gate is open')
    await gate.say(false, 'status 503')
    t.same([vip.state, vip.reason], ['degraded', 'status 503; stays: the last of 3'])
    decision = { stays: false, reason: 'two are in health' }
    vip.reconsider()
    t.same([vip.state, did.at(-1)], ['down', 'withdraw'])
    t.match(vip.history().at(-1), {
      cause: 'fleet',
      reason: 'status 503; left: two are in health',
    })
    decision = { stays: true, reason: 'nobody is there' }
    vip.reconsider()
    t.same([vip.state, did.at(-1)], ['degraded', 'degrade'], 'it comes back')
    t.same(asked, [true, true, false])
    const before = forgotten
    vip.force('down')
    t.equal(forgotten, before + 1)
    vip.reconsider()
    t.equal(vip.state, 'down', 'an operator has the last word')
  })
})

t.test('the word of an operator in a gate', async (t) => {
  const { vip, gate, clock, did } = make({ onFail: 'keep' })
  await gate.say(true)
  await gate.say(false, 'forced down: by /run/vip', 'down')
  t.match(vip.history().at(-1), { state: 'down', cause: 'override' })
  await gate.say(true)
  await gate.say(false, 'forced maintenance: disks', 'maintenance')
  t.same([vip.state, vip.reason], ['drained', 'forced maintenance: disks'], 'a drain')
  await gate.say(true, 'passed')
  t.same([vip.state, vip.reason, did.at(-1)], ['up', 'passed', 'announce'])

  t.comment('a drain that somebody else began is not ended')
  const drained = vip.drain()
  await gate.say(false, 'forced maintenance: disks', 'maintenance')
  await gate.say(true, 'passed')
  t.equal(vip.state, 'drained')
  await clock.advance(5000)
  t.match(await drained, { outcome: 'done' })
})

t.test('maintenance waits for connections, as a drain does', async (t) => {
  const bench = make({ stopNew: () => true })
  const { vip, gate, clock } = bench
  await gate.say(true)
  bench.connections = 3
  await gate.say(false, 'forced maintenance', 'maintenance')
  await clock.advance(5000)
  t.equal(vip.state, 'draining')
  bench.connections = 0
  await clock.advance(250)
  t.equal(vip.state, 'drained')
})

t.test('a cost that is changed', async (t) => {
  const costs: number[] = []
  const { vip, gate, did, clock, steps } = make({
    setCost: (cost) => {
      if (cost < 0) throw new Error('below 0')
      costs.push(cost)
    },
  })
  vip.setCost(3)
  t.same([costs, did.includes('announce')], [[3], false], 'for later')
  await gate.say(true)
  await clock.advance(100)
  vip.setCost(7)
  t.same([vip.state, vip.reason, did.at(-1)], ['up', 'cost set to 7', 'announce'])
  await clock.advance(100)
  t.equal(steps.filter(({ step }) => step === 'announce').length, 2, 'acknowledged anew')
  t.throws(() => vip.setCost(-1), { message: 'below 0' })
  t.throws(() => new Announcement({ prefix, announce: () => {}, withdraw: () => {} }).setCost(1), {
    code: 'ERR_OSPF_CONFIG',
  })
})

t.test('forced', async (t) => {
  const { vip, gate, did } = make()
  await gate.say(false, 'status 503')
  vip.force('up', 'I know better')
  t.same([vip.state, vip.reason], ['up', 'forced up: I know better'])
  await gate.say(true)
  vip.force('down')
  t.same([vip.state, vip.reason], ['down', 'forced down: by request'])
  await gate.say(false, 'status 500')
  await gate.say(true)
  t.equal(vip.state, 'down')
  vip.force(undefined)
  t.same([vip.state, vip.reason], ['up', 'passed'])
  t.same(did.slice(2), ['announce', 'withdraw', 'announce'])
})

t.test('a lease', async (t) => {
  const { vip, gate, clock, did } = make({ lease: 5 })
  await gate.say(true)
  await clock.advance(4999)
  vip.renew()
  await clock.advance(4999)
  t.equal(vip.state, 'up')
  await clock.advance(1)
  t.same([vip.state, vip.reason, did.at(-1)], ['down', 'the lease has expired', 'withdraw'])
  await gate.say(false)
  await gate.say(true)
  t.equal(vip.state, 'down', 'a gate cannot renew it')
  vip.renew()
  t.same([vip.state, vip.reason], ['up', 'lease renewed'])
  const stopping = vip.stop()
  vip.renew()
  await clock.advance(3000)
  await stopping
  t.equal(clock.pending, 0)
})

t.test('history', async (t) => {
  const { vip, gate, clock } = make()
  await gate.say(true, 'passed 2 times in a row')
  await clock.advance(10_000)
  await gate.say(false, 'status 503, expected 200-299')
  await clock.advance(10_000)
  t.match(vip.history(), [
    { was: 'down', state: 'up', cause: 'gate', steps: [{ step: 'announce', outcome: 'done' }] },
    { at: 10_000, was: 'up', state: 'down', cause: 'gate', steps: [{ step: 'withdraw' }] },
  ])
  t.same(vip.why(), [
    '10.0.1.100/32 2023-11-14 22:13:20 down -> up (gate: passed 2 times in a row); announce in router LSA 10.0.1.133 0x80000005 acknowledged by 10.0.0.1 on eth0 after 10 ms',
    '10.0.1.100/32 2023-11-14 22:13:30 up -> down (gate: status 503, expected 200-299); withdraw in router LSA 10.0.1.133 0x80000005 acknowledged by 10.0.0.1 on eth0 after 10 ms',
  ])
  for (let i = 0; i < 300; i++) await gate.say(i % 2 === 0)
  t.equal(vip.history().length, 100, 'bounded')
})

t.test('a word that is overtaken before it was acknowledged', async (t) => {
  const bench = make()
  const { vip, gate, clock, steps } = bench
  bench.acknowledgeAfter = 1000
  await gate.say(true)
  await clock.advance(500)
  await gate.say(false)
  await clock.advance(2000)
  t.match(
    steps.filter(({ step }) => step === 'announce' || step === 'withdraw'),
    [
      { step: 'announce', outcome: 'cut', detail: 'overtaken by the next change' },
      { step: 'withdraw', outcome: 'done' },
    ],
  )
  t.equal(vip.state, 'down')
})
