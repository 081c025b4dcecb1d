/** A running speaker that becomes what another configuration says, in virtual time. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import {
  type Config,
  ConfiguredSpeaker,
  type ConfiguredWorld,
  OspfError,
  readConfig,
  type StaticRouteOptions,
} from '../lib/index.ts'
import { collect, type Lan, lan, only } from './world.ts'

const world = {
  readFile: async (path: string) => Promise.reject(new Error(`no ${path}`)),
  environment: {},
}

/** The director of test/world.ts, with more in the file, or other settings of the interface. */
async function config(more = '', eth0 = ''): Promise<Config> {
  const text = `routerId: 10.0.1.133
areas:
  0.0.0.0:
    interfaces:
      eth0: { helloInterval: 1, deadInterval: 4, priority: 0${eth0} }
${more}`
  const { config, problems } = await readConfig([{ name: 'f.yaml', text }], world)
  if (config === undefined) throw new Error(JSON.stringify(problems))
  return config
}

/** Gates without I/O, which virtual time does not wait for: this process is below so many megabytes. */
const passing = '{ self: { maximumMemory: 100000 }, interval: 1, rise: 2 }'
const other = '{ self: { maximumMemory: 200000 }, interval: 1, rise: 2 }'

interface Running extends Lan {
  readonly configured: ConfiguredSpeaker
  readonly events: ReturnType<typeof collect>
  /** Stub links that the router beside us knows of. */
  readonly learned: () => string[]
}

async function start(first: Config): Promise<Running> {
  const all = lan()
  const configured = await ConfiguredSpeaker.start(first, { ports: all.world })
  const events = collect(configured.speaker)
  await all.run(8)
  const learned = (): string[] =>
    all.peer
      .routes()
      .filter(({ length }) => length === 32)
      .map(({ prefix, cost }) => `${prefix & 255}:${cost}`)
      .toSorted()
  return { ...all, configured, events, learned }
}

const lost = (events: ReturnType<typeof collect>): unknown[] =>
  only(events, 'neighbor').filter(({ was }) => was === 'Full')

t.test('VIPs come, change and go; nothing else moves', async (t) => {
  const first = await config(`vips:
  10.0.1.100/32: { device: lo, when: ${passing}, cost: 1 }
  10.0.1.101/32: { device: lo }
`)
  const { configured, events, learned, run, until, world } = await start(first)
  t.strictSame(learned(), ['100:11', '101:10'])
  const second = await config(`vips:
  10.0.1.100/32: { device: lo, when: ${passing}, cost: 5, weight: 30 }
  10.0.1.102/32: {}
`)
  t.strictSame(configured.plan(second).changes, [
    'VIP 10.0.1.101/32 removed',
    'VIP 10.0.1.100/32: cost 1 -> 5, weight default -> 30',
    'VIP 10.0.1.102/32 added',
  ])
  const before = events.length
  const applied = await until(configured.apply(second))
  t.strictSame(applied.restarted, [])
  await run(6)
  t.strictSame(learned(), ['100:15', '102:10'])
  t.strictSame([...world.added], ['lo 10.0.1.100/32'])
  t.strictSame(lost(events.slice(before)), [])
  const states = only(events.slice(before), 'announcement').filter(
    ({ prefix }) => prefix === '10.0.1.100/32',
  )
  t.notOk(
    states.some(({ state }) => state !== 'up'),
    'it was up all the time',
  )
  t.strictSame(configured.plan(second).changes, [], 'nothing is left to do')
  await until(configured.stop())
  t.equal(world.leftovers, '')
})

t.test(
  'a check that is the same keeps its verdict, and another one is believed when it has one',
  async (t) => {
    const vip = (when: string): string => `vips:\n  10.0.1.100/32: { when: ${when} }\n`
    const { configured, events, learned, run, until, world } = await start(
      await config(vip(passing)),
    )
    t.strictSame(learned(), ['100:10'])
    const before = events.length
    // the probe as it was in a new gate; then another probe altogether; then the first by name
    await until(configured.apply(await config(vip(`{ all: [${passing}] }`))))
    await run(3)
    await until(configured.apply(await config(vip(other))))
    await run(3)
    const named = `checks:\n  a: ${other}\n${vip('a')}`
    await until(configured.apply(await config(named)))
    await run(3)
    t.strictSame(learned(), ['100:10'])
    t.strictSame(
      only(events.slice(before), 'announcement').filter(({ state }) => state !== 'up'),
      [],
      'it was never down',
    )
    // one that fails
    await until(
      configured.apply(await config(vip('{ self: { maximumMemory: 0.1 }, interval: 1, fall: 2 }'))),
    )
    t.strictSame(learned(), ['100:10'], 'not before it is proven')
    await run(8)
    t.strictSame(learned(), [])
    await until(configured.stop())
    t.equal(world.leftovers, '')
  },
)

t.test('what a running announcement does not take is announced anew', async (t) => {
  const { configured, events, learned, run, until } = await start(
    await config(`vips:\n  10.0.1.100/32: { when: ${passing}, device: lo }\n`),
  )
  const next = await config(
    `vips:\n  10.0.1.100/32: { when: ${passing}, device: lo, onFail: keep }\n`,
  )
  t.strictSame(configured.plan(next).changes, [
    'VIP 10.0.1.100/32: onFail default -> keep (announced anew)',
  ])
  const before = events.length
  await until(configured.apply(next))
  await run(6)
  t.strictSame(learned(), ['100:10'])
  t.ok(
    only(events.slice(before), 'announcement').some(({ state }) => state === 'withdrawn'),
    'the first is gone',
  )
  await until(configured.stop())
})

t.test('what was withdrawn or announced by hand is as the file says after a change', async (t) => {
  const vips = (cost: number): string => `vips:
  10.0.1.100/32: { device: lo, cost: ${cost} }
  10.0.1.101/32: { device: lo }
`
  const { configured, learned, run, until, world } = await start(await config(vips(1)))
  const { speaker } = configured
  const withdraw = (vip: string) =>
    until(
      speaker
        .announcements()
        .find(({ prefix }) => prefix === vip)!
        .withdraw(),
    )
  await withdraw('10.0.1.100/32')
  t.strictSame(learned(), ['101:10'])
  const second = await config(vips(3))
  t.strictSame(configured.plan(second).changes, ['VIP 10.0.1.100/32 announced again'])
  await until(configured.apply(second))
  await run(3)
  t.strictSame(learned(), ['100:13', '101:10'])
  t.strictSame(configured.plan(second).changes, [])

  // withdrawn, announced by hand, and another besides that only the next file has
  await withdraw('10.0.1.100/32')
  speaker.announce('10.0.1.100/32', { device: 'lo', cost: 7 })
  speaker.announce('10.0.1.102/32', { cost: 8 })
  await run(8)
  t.strictSame(learned(), ['100:17', '101:10', '102:18'])
  const third = await config(`${vips(3)}  10.0.1.102/32: { cost: 2 }\n`)
  t.strictSame(configured.plan(third).changes, [
    'VIP 10.0.1.100/32 announced anew, as another was announced at run time',
    'VIP 10.0.1.102/32 announced anew, as another was announced at run time',
  ])
  await until(configured.apply(third))
  await run(8)
  t.strictSame(learned(), ['100:13', '101:10', '102:12'])
  t.strictSame(configured.plan(third).changes, [])
  await until(configured.stop())
  t.equal(world.leftovers, '')
})

t.test('cost, timers, areas and keys of interfaces', async (t) => {
  const { configured, events, run, until } = await start(await config())
  const before = events.length
  for (const [next, change] of [
    [await config('', ', cost: 7'), 'interface eth0: cost 10 -> 7'],
    [
      await config('', ', cost: 7, retransmitInterval: 3'),
      'interface eth0: retransmitInterval 5 -> 3',
    ],
    [await config('hostname: lb1\n', ', cost: 7, retransmitInterval: 3'), 'hostname none -> lb1'],
  ] as const) {
    const { changes, restarted } = await until(configured.apply(next))
    t.strictSame(changes, [change])
    t.strictSame(restarted, [])
    await run(3)
  }
  t.strictSame(lost(events.slice(before)), [])
  await until(configured.stop())
})

t.test('what cannot change is refused, and nothing changes', async (t) => {
  const first = await config(`vips:\n  10.0.1.100/32: {}\n`)
  const { configured, learned, run, until } = await start(first)
  for (const [bad, why] of [
    [await config('socket: /run/other\n'), /socket: cannot change/],
    [await config('installRoutes: true\n'), /installRoutes: cannot change/],
    [await config('sequenceFile: /run/count\n'), /sequenceFile: cannot change/],
    [await config('metrics: 127.0.0.1:9099\n'), /metrics: cannot change/],
  ] as const) {
    t.throws(() => configured.plan(bad), why)
    await t.rejects(until(configured.apply(bad)), why)
  }
  const absent = await config()
  const eth9 = {
    ...absent,
    options: { ...absent.options, areas: { 1: { interfaces: { eth9: {} } } } },
  }
  await t.rejects(until(configured.apply(eth9)), { code: 'ERR_OSPF_NO_INTERFACE' })
  t.equal(configured.config, first)
  await run(6)
  t.strictSame(learned(), ['100:10'], 'a VIP whose area was to go is there again')
  await until(configured.stop())
})

t.test('a VIP with a lease lives while somebody renews it', async (t) => {
  const { configured, learned, run, until } = await start(
    await config(`vips:\n  10.0.1.100/32: { lease: 10 }\n  10.0.1.101/32: {}\n`),
  )
  configured.renew('10.0.1.100')
  await run(8)
  t.strictSame(learned(), ['100:10', '101:10'])
  await run(8)
  t.strictSame(learned(), ['101:10'])
  t.throws(() => configured.renew('10.0.1.101'), /has no lease/)
  t.throws(() => configured.renew('10.0.1.102'), /is not announced/)
  await until(configured.stop())
})

t.test('a signal stops it, checks and all', async (t) => {
  const all = lan()
  const abort = new AbortController()
  const first = await config(`vips:\n  10.0.1.100/32: { when: ${passing} }\n`)
  await ConfiguredSpeaker.start(first, { ports: all.world, signal: abort.signal })
  await all.run(6)
  abort.abort()
  await all.run(20)
  t.equal(all.world.leftovers, '')
})

t.test('a change that is not confirmed is rolled back', async (t) => {
  const first = await config(`vips:\n  10.0.1.100/32: {}\n`)
  const { configured, learned, run, until } = await start(first)
  const next = await config('', ', cost: 7')
  const trial = await until(configured.try(next, 10))
  t.strictSame(trial.changes, ['interface eth0: cost 10 -> 7', 'VIP 10.0.1.100/32 removed'])
  t.ok(configured.onTrial)
  await run(8)
  t.strictSame(learned(), [])
  await run(4)
  t.strictSame(await trial.ended, { how: 'rolled-back', reason: 'not confirmed within 10 s' })
  t.notOk(configured.onTrial)
  t.equal(configured.config, first)
  await run(3)
  t.strictSame(learned(), ['100:10'])
  t.notOk(configured.confirm(), 'there is nothing to confirm')

  const kept = await until(configured.try(next, 10))
  await run(5)
  t.ok(configured.confirm())
  t.strictSame(await kept.ended, { how: 'confirmed', reason: 'confirmed' })
  await run(20)
  t.equal(configured.config, next)
  await until(configured.stop())
})

t.test('a change that costs an adjacency is rolled back at once', async (t) => {
  const { configured, run, until } = await start(await config())
  // the neighbor has another hello interval: it is given up after the dead interval
  const next = await config('', '').then(({ options, ...rest }) => ({
    ...rest,
    options: {
      ...options,
      areas: {
        '0.0.0.0': { interfaces: { eth0: { helloInterval: 2, deadInterval: 4, priority: 0 } } },
      },
    },
  }))
  const trial = await until(configured.try(next, 60))
  t.strictSame(trial.restarted, [])
  await run(12)
  t.match(await trial.ended, {
    how: 'rolled-back',
    reason: /adjacency with 10.0.0.1 on eth0 was lost/,
  })
  await run(10)
  t.equal(configured.speaker.neighbors()[0]?.state, 'Full')
  await until(configured.stop())
})

t.test(
  'static routes are there before the speaker, follow the configuration, and go after it',
  async (t) => {
    const told: string[] = []
    const way = (prefix: string, gateway: string): string =>
      `  - { prefix: ${prefix}, gateway: ${gateway} }\n`
    const all = lan()
    const world: ConfiguredWorld = {
      ports: all.world,
      onEvent: (event) => {
        if (event.type === 'static-route') told.push(`static-route: ${event.error.message}`)
      },
      installStaticRoutes: async ({ routes, onError }) => {
        const say = (what: string, some: readonly StaticRouteOptions[]): void =>
          void told.push([what, ...some.map(({ prefix }) => prefix)].join(' '))
        say('install', routes)
        onError?.(new OspfError('ERR_OSPF_KERNEL', 'no route to host'))
        return {
          settled: async () => {},
          update: async (some) => say('update', some),
          [Symbol.asyncDispose]: async () => say('remove', []),
        }
      },
    }
    const first = await config(`staticRoutes:\n${way('10.9.0.0/16', '10.0.1.9')}`)
    const configured = await ConfiguredSpeaker.start(first, world)
    t.strictSame(told.splice(0), ['install 10.9.0.0/16', 'static-route: no route to host'])
    const second = await config(
      `staticRoutes:\n${way('10.9.0.0/16', '10.0.1.8')}${way('10.8.0.0/16', '10.0.1.9')}`,
    )
    const { changes } = await all.until(configured.apply(second))
    t.strictSame(changes, [
      'static route 10.9.0.0/16 via 10.0.1.9 removed',
      'static route 10.9.0.0/16 via 10.0.1.8 added',
      'static route 10.8.0.0/16 via 10.0.1.9 added',
    ])
    t.strictSame(told.splice(0), ['update 10.9.0.0/16 10.8.0.0/16'])
    await all.until(configured.apply(await config()))
    t.strictSame(told.splice(0), ['remove'])
    await all.until(configured.apply(first))
    t.strictSame(told.splice(0), ['install 10.9.0.0/16', 'static-route: no route to host'])
    await all.until(configured.stop())
    t.strictSame(told, ['remove'])
  },
)
t.test('metrics are served and hooks are told, those of the file that is in effect', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ospf-configured-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'metrics')
  const out = join(folder, 'out')
  const hook = (word: string) =>
    `hooks: [{ on: [vip], command: [/bin/sh, -c, 'echo ${word} $OSPF_PREFIX $OSPF_STATE >> ${out}'] }]`
  const file = (word: string, more = '') =>
    config(`metrics: ${path}
${hook(word)}
vips:
  10.0.1.100/32: { device: lo, when: ${passing} }
${more}`)
  const { configured, run, until } = await start(await file('first'))
  const heard = async (line: string): Promise<void> => {
    for (let i = 0; i < 1200; i++) {
      if (existsSync(out) && readFileSync(out, 'utf8').includes(line)) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    t.fail(`not heard: ${line}`)
  }
  await heard('first 10.0.1.100/32 up')
  const body = await new Promise<string>((resolve, reject) => {
    request({ socketPath: path, path: '/metrics', agent: false }, async (answer) => {
      resolve((await answer.toArray()).join(''))
    })
      .on('error', reject)
      .end()
  })
  t.match(body, /^ospf_vip_state{vip="10.0.1.100\/32",state="up"} 1$/m)
  t.match(body, /^ospf_check_healthy{check="self"} 1$/m)
  t.equal((await configured.metrics!.render('text')).body, body)
  const next = await file('second', '  10.0.1.101/32: { device: lo }\n')
  const { changes } = await until(configured.apply(next))
  t.strictSame(changes, ['VIP 10.0.1.101/32 added', 'hooks'])
  await run(1)
  await heard('second 10.0.1.101/32 up')
  await until(configured.stop())
  t.notOk(existsSync(path))
})

t.test('metrics that cannot be served: nothing is left running', async (t) => {
  const all = lan()
  const first = await config('metrics: 127.0.0.1:1\n')
  const address = { ...first, metrics: '192.0.2.1:9099' }
  await t.rejects(all.until(ConfiguredSpeaker.start(address, { ports: all.world })), {
    code: 'ERR_OSPF_CONFIG',
    message: /^metrics: 192\.0\.2\.1:9099: /,
  })
  t.equal(all.world.leftovers, '')
})

t.test('what is wrong with metrics and hooks is said with its place', async (t) => {
  const text = `routerId: 10.0.1.133
areas: { 0: { interfaces: { eth0: {} } } }
metrics: nowhere
hooks: [{ on: [vip], command: [''] }]
`
  const { problems } = await readConfig([{ name: 'f.yaml', text }], world)
  t.match(problems, [
    { line: 3, message: /expected ADDRESS:PORT/ },
    { line: 4, message: /command: expected a program/ },
  ])
  const both = text.replace('nowhere', ':1').replace("['']", '[a], url: http://b/')
  t.match(await readConfig([{ name: 'f.yaml', text: both }], world), { problems: [{ line: 4 }] })
})
