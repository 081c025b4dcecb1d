/**
 * Isolation with the child in memory: what crosses is cloned and takes its time, the clock is virtual, and the child is
 * lost or hangs when the test says so.
 */
import t from 'tap'
import {
  type IsolateOptions,
  OspfError,
  OspfSpeaker,
  type Speaker,
  type SpeakerOptions,
} from '../lib/index.ts'
import { Feed } from '../lib/isolate/feed.ts'
import { Host } from '../lib/isolate/host.ts'
import { isolate as startIsolated } from '../lib/isolate/isolated.ts'
import type { Launch } from '../lib/isolate/launch.ts'
import type { ToChild } from '../lib/isolate/messages.ts'
import { decodeTrafficShares } from '../lib/wire/traffic-share.ts'
import { settle } from './health/fake-clock.ts'
import { collect, director, eth0, type Lan, lan, only, vip } from './world.ts'

interface MemoryChild {
  /** It is gone, as by SIGKILL. */
  readonly lose: (how: string) => void
  /** Its application is gone. */
  readonly orphan: () => Promise<void>
  /** It hears nothing: it hangs, or its application does. */
  deaf: boolean
  /** Messages to it that have not left. */
  backlog: number
  readonly told: ToChild[]
}

interface Bench extends Lan {
  /** The children so far; each can be lost, or stop listening. */
  readonly children: MemoryChild[]
  readonly start: (options: SpeakerOptions, isolate?: true | IsolateOptions) => Promise<Speaker>
  /** What the next child's start throws. */
  refuse: Error | undefined
}

function bench(): Bench {
  const world = lan()
  const children: Bench['children'] = []
  const launch: Launch = (receive, ended) => {
    let isAlive = true
    let speaker: OspfSpeaker | undefined
    const later = (run: () => void): void => void world.world.clock.setTimer(1, run)
    const child: MemoryChild = {
      deaf: false,
      backlog: 0,
      told: [],
      orphan: () => host.disconnected(),
      lose(how: string) {
        isAlive = false
        // what the kernel does for a process that ends: it closes everything
        void speaker?.stop({ timeout: 0, hold: 0 })
        ended(how)
      },
    }
    const host = new Host({
      clock: world.world.clock,
      origin: 0,
      send: (message) => {
        const copy = structuredClone(message)
        later(() => isAlive && receive(copy))
      },
      start: async (options) => {
        if (all.refuse) throw all.refuse
        speaker = await OspfSpeaker.start(options, world.world)
        return speaker
      },
      exit: () => later(() => isAlive && child.lose('exit status 0')),
    })
    children.push(child)
    return {
      pid: children.length,
      get backlog() {
        return child.backlog
      },
      send(message) {
        child.told.push(message)
        const copy = structuredClone(message)
        later(() => isAlive && !child.deaf && host.receive(copy))
      },
      kill: () => later(() => isAlive && child.lose('SIGKILL')),
    }
  }
  const { clock } = world.world
  const all: Bench = {
    ...world,
    children,
    start: (options, isolate = true) =>
      startIsolated({ ...options, isolate }, undefined, { clock, origin: 0, launch }),
    refuse: undefined,
  }
  return all
}

const fullNow = (speaker: Speaker): boolean => speaker.neighbors()[0]?.state === 'Full'

/** A gate that is told what to say. */
function gate(first: boolean) {
  const feed = new Feed()
  feed.put(first)
  return feed
}

t.test('the same API: gate, snapshots, events, stop', async (t) => {
  const { world, start, run, until } = bench()
  const speaker = await until(start(director()))
  const events = collect(speaker)
  t.match(speaker.interfaces(), [{ name: 'eth0' }], 'something to look at from the start')
  await run(6)
  t.ok(fullNow(speaker))
  const when = gate(true)
  const announcement = speaker.announce('10.0.1.100', { when, device: 'lo' })
  t.equal(announcement.prefix, vip)
  t.equal(announcement.state, 'down', 'on its way')
  await run(2)
  t.equal(announcement.state, 'up')
  t.same([...world.added], [`lo ${vip}`])
  t.match(announcement.history(), [{ state: 'up', cause: 'gate' }])
  t.match(announcement.why(), [/down -> up/])
  when.put({ healthy: false, reason: 'sick' })
  await run(2)
  t.same([announcement.state, announcement.reason], ['down', 'sick'])
  announcement.force('up', 'I know better')
  await run(2)
  t.match(announcement.reason, /forced up: I know better/)
  t.same(speaker.database(), [], 'not asked for')
  await until(speaker.refresh())
  t.ok(speaker.database().length > 1)
  t.ok(speaker.spf().length > 0)
  t.match(await until(Promise.resolve(speaker.why('10.0.1.0/24'))), { route: { cost: 10 } })
  const isDown = { type: 'interface', router: '10.0.1.133' } as never
  await t.rejects(until(Promise.resolve(speaker.whatIf(isDown))), { code: 'ERR_OSPF_CONFIG' })
  t.match(await until(announcement.drain()), { outcome: 'done', acknowledged: true })
  t.equal(announcement.state, 'drained')
  announcement.undrain()
  await run(2)
  t.equal(announcement.state, 'up')
  t.throws(() => speaker.announce(vip), { code: 'ERR_OSPF_DUPLICATE' })
  t.match(await until(announcement.withdraw()), { outcome: 'done', acknowledged: true })
  t.same([...world.added], [])
  t.same(speaker.announcements(), [])
  const again = speaker.announce(vip)
  await run(2)
  t.equal(again.state, 'up', 'announced anew')
  t.match(await until(speaker.stop()), { acknowledged: true })
  await run(1)
  t.equal(again.state, 'withdrawn')
  t.equal(world.leftovers, '')
  t.same(events.at(-1), { type: 'stopped' })
  t.equal(only(events, 'stopped').length, 1)
  t.throws(() => speaker.announce(vip), { code: 'ERR_OSPF_STOPPED' })
})

t.test('refused before anything starts, or at once', async (t) => {
  const { children, start, run, until } = bench()
  const config = { code: 'ERR_OSPF_CONFIG' }
  for (const lease of [0, 0.1, 1e9, Number.NaN]) {
    await t.rejects(start(director(), { lease }), { ...config, message: /isolate: lease/ })
  }
  const bad = { onLapse: 'panic' } as unknown as IsolateOptions
  await t.rejects(start(director(), bad), { ...config, message: /isolate: onLapse/ })
  for (const namespace of ['', '-x', '..', 'a/b', 'a b']) {
    const refused = { ...config, message: /isolate: namespace/ }
    await t.rejects(start(director(), { namespace }), refused)
  }
  await t.rejects(start(director({ routerId: 'x' })), { ...config, message: /routerId/ })
  const ports = lan().world
  const withPorts = OspfSpeaker.start as (...args: unknown[]) => Promise<unknown>
  await t.rejects(withPorts({ ...director(), isolate: true }, ports), {
    ...config,
    message: /isolate: .* ports/,
  })
  t.equal(children.length, 0)
  const speaker = await until(start(director({ originate: [{ action: 'permit', prefix: vip }] })))
  t.throws(() => speaker.announce('10.0.1.101'), config)
  t.throws(() => speaker.announce(vip, { cost: -1 }), config)
  t.throws(() => speaker.announce(vip, { onFail: 'panic' as 'keep' }), config)
  t.throws(() => speaker.announce(vip, { when: 5 as never }), config)
  t.throws(() => speaker.stubRouter('x' as never), config)
  t.throws(() => speaker.acceptRoutes(undefined), config)
  t.throws(() => speaker.originateOpaque({ scope: 'as', opaqueType: 300, data: new Uint8Array() }))
  await t.rejects(until(speaker.reconfigure(director({ abrType: 'x' as 'ibm' }))), config)
  const other = { ...director(), isolate: { lease: 7 } }
  await t.rejects(until(speaker.reconfigure(other)), { ...config, message: /isolate: cannot/ })
  t.same(speaker.announcements(), [])
  await run(1)
  await until(speaker.stop())
})

t.test('the application hangs: VIPs follow the lease, adjacencies stay', async (t) => {
  for (const onLapse of ['withdraw', 'keep'] as const) {
    const { children, start, run, until } = bench()
    const speaker = await until(start(director(), { lease: 1, onLapse }))
    const events = collect(speaker)
    speaker.announce(vip)
    const own = speaker.announce('10.0.1.101', { lease: 60 })
    await run(8)
    t.ok(fullNow(speaker))
    children[0]!.deaf = true
    await run(8)
    children[0]!.deaf = false
    await run(3)
    const changes = only(events, 'announcement').filter((e) => e.prefix === vip)
    const states = changes.map(({ state, cause }) => `${state} (${cause})`)
    const blip = onLapse === 'keep' ? [] : ['down (lease)', 'up (lease)']
    t.same(states, ['up (gate)', ...blip], onLapse)
    t.equal(only(events, 'neighbor').filter(({ was }) => was === 'Full').length, 0)
    t.equal(own.state, 'up')
    await run(60)
    t.same([own.state, own.reason], ['down', 'the lease has expired'], 'a lease of its own')
    own.renew()
    await run(2)
    t.equal(own.state, 'up')
    await until(speaker.stop())
  }
})

t.test('the application is gone: VIPs at once, and all else in order', async (t) => {
  const all = bench()
  const { children, world, peer, run, until } = all
  const speaker = await until(
    all.start(director({ stubRouter: { onShutdown: 5 } }), { lease: 60, onLapse: 'keep' }),
  )
  speaker.announce(vip, { device: 'lo', release: () => void t.fail('nobody is there') })
  await run(8)
  t.ok(peer.routes().some((r) => r.length === 32 && r.prefix === 0x0a000164))
  all.refuse = new OspfError('ERR_OSPF_CHILD', 'nobody starts another')
  void children[0]!.orphan()
  await run(1)
  t.notOk(peer.routes().some((r) => r.length === 32 && r.prefix === 0x0a000164))
  await run(30)
  t.match(world.leftovers, /^\d+ timers$/, 'those of the application')
})

t.test('a child is lost: said, replaced, and told all that the last one knew', async (t) => {
  const { children, world, peer, start, run, until } = bench()
  const speaker = await until(start(director()))
  const events = collect(speaker)
  const calls: string[] = []
  const hooks = {
    prepare: () => void calls.push('prepare'),
    release: () => void calls.push('release'),
    connections: () => 0,
  }
  const announcement = speaker.announce(vip, { when: gate(true), device: 'lo', ...hooks })
  const down = speaker.announce('10.0.1.101', { when: gate(false) })
  const forced = speaker.announce('10.0.1.102')
  forced.force('down', 'maintenance')
  const drained = speaker.announce('10.0.1.103')
  const opaque = { scope: 'as', opaqueType: 200, data: new Uint8Array(4) } as const
  speaker.originateOpaque(opaque).update(new Uint8Array([1, 2, 3, 4]))
  await run(8)
  await until(drained.drain())
  speaker.stubRouter(true)
  await run(2)
  const leaving = announcement.state
  t.equal(leaving, 'up')
  children[0]!.lose('SIGKILL')
  const withdrawing = down.withdraw()
  await run(0.5)
  t.match(only(events, 'error'), [
    { where: 'isolation', error: { message: /ended: SIGKILL; tried again in 1 s/ } },
  ])
  t.same(speaker.neighbors(), [])
  await run(15)
  t.equal(children.length, 2)
  t.ok(fullNow(speaker))
  t.same(
    [announcement, forced, drained].map(({ state }) => state),
    ['up', 'down', 'drained'],
  )
  t.match(await until(withdrawing), { outcome: 'done' })
  await until(speaker.refresh())
  t.match(
    speaker.opaques().filter(({ opaqueType }) => opaqueType === 200),
    [{ data: new Uint8Array([1, 2, 3, 4]) }],
  )
  t.ok(only(events, 'stub-router').length >= 2, 'a stub router still')
  t.ok(peer.routes().some((r) => r.length === 32 && r.prefix === 0x0a000164))
  t.same(calls, ['prepare'], 'once')
  children[1]!.lose('SIGSEGV')
  await run(1)
  await until(speaker.stop())
  t.same(calls, ['prepare', 'release'])
  // the lost ones are at their end in memory, too
  await run(15)
  t.equal(world.leftovers, '')
})

t.test('what only the child can refuse is said', async (t) => {
  const { start, run, until, world } = bench()
  world.refuseAddress = { add: new Error('no room') }
  const speaker = await until(start(director()))
  const announcement = speaker.announce(vip, { device: 'lo' })
  await run(3)
  t.same([announcement.state, announcement.reason], ['down', `cannot add ${vip} to lo: no room`])
  world.refuseAddress = {}
  await run(3)
  t.equal(announcement.state, 'up')
  await until(speaker.stop())
})

t.test('a child that hangs is replaced; at the end it is killed', async (t) => {
  const { children, world, start, run, until } = bench()
  const speaker = await until(start(director()))
  const events = collect(speaker)
  const calls: string[] = []
  speaker.announce(vip, { device: 'lo', release: () => void calls.push('release') })
  await run(8)
  t.equal(children.length, 1)
  children[0]!.deaf = true
  // in memory, a deaf one still talks: but not for long, as nothing is taken
  await run(30)
  t.equal(children.length, 2)
  t.match(only(events, 'error'), [{ error: { message: /SIGKILL/ } }])
  await run(8)
  children[1]!.deaf = true
  const result = await until(speaker.stop())
  t.equal(result.acknowledged, false)
  await run(15)
  t.equal(children.length, 3, 'another one clears up')
  t.equal(world.leftovers, '')
  t.same(calls, ['release'])
})

t.test('a predecessor that is leaving is waited for, and another speaker is not', async (t) => {
  const world = bench()
  world.refuse = new OspfError('ERR_OSPF_DUPLICATE', 'another speaker runs on eth0')
  const starting = world.start(director())
  await world.run(5)
  world.refuse = undefined
  const speaker = await world.until(starting)
  const events = collect(speaker)
  await settle()
  t.match(only(events, 'error'), [{ error: { message: /waits for its predecessor/ } }])
  await world.until(speaker.stop())
  world.refuse = new OspfError('ERR_OSPF_DUPLICATE', 'another speaker runs on eth0')
  const { clock } = world.world
  const begun = clock.now()
  await t.rejects(world.until(world.start(director())), { code: 'ERR_OSPF_DUPLICATE' })
  const took = clock.now() - begun
  t.ok(took > 14_000 && took < 17_000, `${took} ms`)
  world.refuse = new OspfError('ERR_OSPF_PERMISSION', 'no CAP_NET_RAW', { errno: 'EPERM' })
  await t.rejects(world.until(world.start(director())), {
    code: 'ERR_OSPF_PERMISSION',
    errno: 'EPERM',
  })
})

t.test('the store of the boot count stays in the application', async (t) => {
  const { start, run, until } = bench()
  const saved: number[] = []
  const sequenceStore = { load: () => 7, save: (n: number) => void saved.push(n) }
  const keys = [{ id: 1, key: 'secret' }]
  const authentication = { type: 'hmac-sha-256', extended: true, keys } as const
  const options = director({ sequenceStore }, { ...eth0, authentication })
  const speaker = await until(start(options))
  t.equal(saved.length, 1)
  t.ok(saved[0]! > 7)
  await t.rejects(until(speaker.reconfigure({ ...options, sequenceStore: { ...sequenceStore } })), {
    message: /sequenceStore: cannot change/,
  })
  await run(1)
  await until(speaker.stop())
})

t.test('reconfigured in the child, and drained as a whole', async (t) => {
  const { children, peer, start, run, until } = bench()
  const speaker = await until(start(director()))
  const announcement = speaker.announce(vip)
  await run(8)
  t.throws(() => announcement.setCost(-1), { code: 'ERR_OSPF_CONFIG' })
  announcement.setCost(9)
  t.throws(() => announcement.setWeight(0), { code: 'ERR_OSPF_CONFIG' })
  announcement.setWeight(50)
  await run(2)
  t.match(announcement.reason, /cost set to 9/)
  t.match(await until(speaker.setInterface('eth0', { cost: 77 })), { changes: [/cost/] })
  await run(2)
  t.equal(speaker.interfaces()[0]?.cost, 77)
  await t.rejects(until(speaker.setInterface('eth9', {})), { code: 'ERR_OSPF_NO_INTERFACE' })
  t.match(await until(speaker.drain()), { [vip]: { outcome: 'done', acknowledged: true } })
  const late = speaker.announce('10.0.1.101')
  await run(2)
  t.same([announcement.state, late.state], ['drained', 'drained'])
  children[0]!.lose('SIGKILL')
  await run(15)
  t.same([announcement.state, late.state], ['drained', 'drained'], 'also in the next child')
  t.equal(speaker.interfaces()[0]?.cost, 77)
  speaker.undrain()
  await run(12)
  const route = peer.routes().find((r) => r.prefix === 0x0a000164 && r.length === 32)
  t.equal(route?.cost, 10 + 9, 'the cost that was set')
  t.same([announcement.state, late.state], ['up', 'up'])
  await until(speaker.stop())
})

t.test('how routes go to the kernel', async (t) => {
  const { start, run, until } = bench()
  const speaker = await until(start({ ...director(), installRoutes: true }))
  await run(6)
  t.match(speaker.kernel(), { mode: 'multipath', pending: 0 })
  await until(speaker.stop())
})
t.test(
  'a slow start goes on without the application, and begins anew with a new child',
  async (t) => {
    const { children, peer, start, run, until } = bench()
    const speaker = await until(start(director(), { lease: 2, onLapse: 'keep' }))
    const announcement = speaker.announce(vip, { slowStart: 40, weight: 100 })
    /** The weight that the router has heard of. */
    const weight = (): number | undefined => {
      for (const { lsa } of peer.database()) {
        if (lsa.body.kind !== 'opaque' || lsa.header.age >= 3600) continue
        const shares = decodeTrafficShares(lsa.body.data)?.shares
        if (shares?.[0]) return shares[0].weight
      }
      return undefined
    }
    await run(8)
    t.ok(weight()! < 30, `${weight()} at first`)
    children[0]!.deaf = true
    // not for so long that the child is taken to be hung
    await run(12)
    const later = weight()!
    t.ok(later > 40, `${later} though the application hangs`)
    children[0]!.deaf = false
    announcement.setWeight(200)
    await run(4)
    t.ok(weight()! > later * 1.8, `${weight()} on the way to another weight`)
    await run(30)
    t.equal(weight(), 200)
    children[0]!.lose('SIGKILL')
    await run(12)
    t.ok(weight()! < 100, `${weight()} from the beginning, and to the latest weight`)
    await run(45)
    t.equal(weight(), 200)
    await until(speaker.stop())
  },
)

t.test(
  'VIPs beyond a number: a child that takes over tells them as the last one did',
  async (t) => {
    const { world, children, peer, start, run, until } = bench()
    const speaker = await until(start(director({ vipsAsExternalAbove: 2 })))
    await run(6)
    const group = speaker.announceAll('10.0.1.101-10.0.1.103', { cost: 4 })
    const others = ['10.0.1.111', '10.0.1.112', '10.0.1.113'].map((each) => speaker.announce(each))
    const types = (): string =>
      peer
        .routes()
        .filter(({ length }) => length === 32)
        .map(({ prefix, pathType }) => `${prefix & 0xff} ${pathType}`)
        .sort()
        .join()
    await run(5)
    t.same(group.states, { up: 3 })
    const first = '101 external-1,102 external-1,103 external-1'
    t.equal(types(), `${first},111 intra-area,112 intra-area,113 external-1`)
    await until(others[0]!.withdraw())
    await run(3)
    const now = types()
    t.equal(now, `${first},112 intra-area,113 external-1`)
    children[0]!.lose('SIGKILL')
    await run(12)
    t.equal(children.length, 2)
    t.equal(types(), now, 'nobody is moved')
    group.setCost(9)
    const results = await until(group.withdraw())
    t.equal(Object.keys(results).length, 3)
    await run(3)
    t.equal(types(), '112 intra-area,113 external-1')
    t.throws(() => speaker.announceAll('10.0.1.110-10.0.1.112'), { code: 'ERR_OSPF_DUPLICATE' })
    t.throws(() => speaker.announce('10.0.1.1', { areas: ['0', '1'] }), { code: 'ERR_OSPF_CONFIG' })
    await until(speaker.stop())
    t.equal(world.leftovers, '')
  },
)

t.test('a drain while there is no child waits for the next one', async (t) => {
  const { children, start, run, until } = bench()
  const speaker = await until(start(director()))
  const announcement = speaker.announce(vip)
  await run(8)
  children[0]!.lose('SIGKILL')
  await run(0.1)
  let result: unknown
  void announcement.drain().then((down) => {
    result = down
  })
  await run(0.5)
  t.equal(result, undefined, 'nobody has drained it')
  await run(15)
  t.match(result, { outcome: 'done' })
  t.equal(announcement.state, 'drained')

  t.comment('and one that is undone, too')
  children[1]!.lose('SIGKILL')
  announcement.undrain()
  const undone = announcement.drain()
  announcement.undrain()
  t.match(await until(undone), { outcome: 'undone' })
  await run(8)
  t.equal(announcement.state, 'up')
  await until(speaker.stop())
})

t.test('withdrawn and announced anew while there is no child', async (t) => {
  const { children, peer, start, run, until } = bench()
  const speaker = await until(start(director()))
  const events = collect(speaker)
  const first = speaker.announce(vip, { device: 'lo' })
  await run(8)
  children[0]!.lose('SIGKILL')
  const withdrawn = first.withdraw()
  const second = speaker.announce(vip, { device: 'lo', cost: 7 })
  await run(20)
  t.equal(second.state, 'up')
  t.equal(peer.routes().find((r) => r.length === 32 && r.prefix === 0x0a000164)?.cost, 17)
  t.notOk(only(events, 'error').some(({ where }) => where === `VIP ${vip}`))
  t.match(await until(withdrawn), { outcome: 'done' })
  await run(5)
  t.equal(second.state, 'up')
  await until(speaker.stop())
})

t.test('a lease goes on where the last child left it', async (t) => {
  const { children, start, run, until } = bench()
  const speaker = await until(start(director(), { onLapse: 'keep' }))
  const events = collect(speaker)
  const expired = speaker.announce(vip, { lease: 10 })
  const renewed = speaker.announce('10.0.1.101', { lease: 5 })
  renewed.renew(60)
  await run(15)
  t.same([expired.state, renewed.state], ['down', 'up'])
  const before = only(events, 'announcement').length
  children[0]!.lose('SIGKILL')
  await run(15)
  const since = only(events, 'announcement').slice(before)
  t.notOk(
    since.some(({ prefix, state }) => prefix === vip && state === 'up'),
    'not for a moment',
  )
  t.same([expired.state, renewed.state], ['down', 'up'])
  await run(40)
  t.equal(renewed.state, 'down')
  expired.renew()
  await run(2)
  t.equal(expired.state, 'up')
  await until(speaker.stop())
})

t.test('much to say at once is no reason to give a child up; silence with it is', async (t) => {
  const { children, start, run, until } = bench()
  const speaker = await until(start(director()))
  const events = collect(speaker)
  await run(2)
  // as thousands of VIPs that are announced in one turn
  children[0]!.backlog = 30_000
  speaker.announce(vip)
  await run(2)
  children[0]!.backlog = 0
  await run(2)
  t.same(only(events, 'error'), [])
  t.equal(children.length, 1)
  children[0]!.deaf = true
  children[0]!.backlog = 30_000
  await run(10)
  t.match(only(events, 'error'), [{ error: { message: /SIGKILL/ } }], 'sooner than without')
  await run(10)
  t.equal(children.length, 2)
  await until(speaker.stop())
})

t.test('a VIP that is kept though its gate has closed is kept by the next child', async (t) => {
  const { children, start, run, until } = bench()
  const speaker = await until(start(director()))
  const when = gate(true)
  const kept = speaker.announce(vip, { when, onFail: 'keep' })
  const never = speaker.announce('10.0.1.101', { when: gate(false), onFail: 'keep' })
  await run(8)
  when.put(false)
  await run(2)
  t.same([kept.state, never.state], ['up', 'down'])
  children[0]!.lose('SIGKILL')
  await run(15)
  t.same([kept.state, kept.reason, never.state], ['up', 'kept though unhealthy', 'down'])
  await until(speaker.stop())
})
