/** What another configuration must not take from servers that stay: what is known of them, and their time to drain. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { CheckOptions } from '../../lib/lvs/director-options.ts'
import { bench, vip, web } from './bench.ts'

const id = `tcp ${vip}:80`
const at = (n: number): { address: string; port: number } => ({ address: `10.0.2.${n}`, port: 80 })

/** Lets a real process or file be heard of. */
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'ospf-reload-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

t.test('what a check adds to the weight is not taken for the word of another check', async (t) => {
  const { start, run, table, farm } = bench()
  const path = join(folderOf(t), 'weight')
  writeFileSync(path, '2')
  const checks = (delayLoop: number, weight = 5): (CheckOptions | (() => Promise<void>))[] => [
    { type: 'file', path, weight },
    { type: 'probe', probe: farm.probe(1), delayLoop },
  ]
  const services = (delayLoop: number, weight?: number) => [
    farm.service(0, {
      servers: [farm.server(1, { weight: 10, checks: checks(delayLoop, weight) })],
    }),
  ]
  const { director } = await start({ services: services(5) })
  const turn = async (wanted: string): Promise<void> => {
    for (let i = 0; i < 6000 && (await table()) !== wanted; i++) {
      await later(5)
      await run(0.1)
    }
    t.equal(await table(), wanted)
  }
  await turn('1x20')
  await director.update(services(6))
  t.equal(await table(), '1x20', 'the probe adds nothing')
  await run(20)
  writeFileSync(path, '0')
  await turn('1x10')
  writeFileSync(path, '2')
  await turn('1x20')
  await director.update(services(7, 4))
  t.equal(await table(), '1x20', 'the last word of the file, until it has been read anew')
  await turn('1x18')
  await director.stop()
})

t.test('a weight that a script says is not kept by the check beside it', async (t) => {
  const { start, run, table, farm } = bench()
  const script = join(folderOf(t), 'script')
  const say = (code: number): void => writeFileSync(script, `exit ${code}`)
  say(12)
  const services = (delayLoop: number) => [
    farm.service(0, {
      servers: [
        farm.server(1, {
          weight: 10,
          checks: [
            { type: 'misc', command: ['/bin/sh', script], dynamic: true, timeout: 3600 },
            { type: 'probe', probe: farm.probe(1), delayLoop },
          ],
        }),
      ],
    }),
  ]
  const { director } = await start({ services: services(5) })
  const turn = async (wanted: string): Promise<void> => {
    for (let i = 0; i < 6000 && (await table()) !== wanted; i++) {
      await later(5)
      await run(0.5)
    }
    t.equal(await table(), wanted)
  }
  await turn('1x10')
  say(7)
  await turn('1x5')
  await director.update(services(6))
  t.equal(await table(), '1x5')
  say(22)
  await turn('1x20')
  await director.stop()
})

t.test('a check that two services share takes over from the one where it passed', async (t) => {
  const { start, run, table, farm } = bench()
  // in the second service another check fails
  farm.sick.add(9)
  const services = (delayLoop: number) => {
    const shared = { type: 'probe', probe: farm.probe(1), delayLoop } as const
    return [
      farm.service(0, { servers: [farm.server(1, { checks: [shared] }), farm.server(2)] }),
      farm.service(0, { port: 81, servers: [farm.server(1, { checks: [shared, farm.probe(9)] })] }),
    ]
  }
  const { director, lines } = await start({ services: services(5) })
  await run(1)
  t.equal(await table(), '1x1 2x1')
  await director.update(services(6))
  // which looks at all servers
  void director.drain(id, '10.0.2.2:80')
  await run(0)
  t.match(await table(), /^1x1/)
  await run(20)
  t.notMatch(lines('server').join(), new RegExp(`${id}: .* up -> down`))
})

t.test('a server that comes shares a check whose last word another service has', async (t) => {
  const { start, run, table, farm } = bench()
  const of = (port: number, servers: number[], delayLoop: number) =>
    farm.service(0, {
      port,
      servers: servers.map((n) =>
        farm.server(n, { checks: [{ type: 'probe', probe: farm.probe(n), delayLoop }] }),
      ),
    })
  const { director } = await start({ services: [of(80, [2], 5), of(81, [1], 5)] })
  await run(1)
  await director.update([of(80, [1, 2], 6), of(81, [1], 6)])
  await run(20)
  t.equal(await table(), '2x1 1x1')
})

t.test('a check that changes has its own last word, not that of the one that fails', async (t) => {
  const { start, run, table, farm } = bench()
  const services = (warmup: number) => [
    farm.service(0, {
      servers: [
        farm.server(1, {
          checks: [farm.probe(1), { type: 'probe', probe: farm.probe(11), warmup }],
        }),
      ],
    }),
  ]
  const { director } = await start({ services: services(1), random: () => 0.5 })
  await run(5)
  farm.sick.add(1)
  await run(15)
  t.equal(await table(), '')
  await director.update(services(7200))
  farm.sick.clear()
  await run(15)
  t.equal(await table(), '1x1', 'the other one need not run again for that')
})

t.test('alpha of a check holds its server back, whatever the others say', async (t) => {
  const { start, run, table, farm } = bench()
  const servers = [
    farm.server(1, {
      checks: [
        { type: 'probe', probe: farm.probe(1), warmup: 0 },
        { type: 'probe', probe: farm.probe(11), warmup: 0, delayLoop: 20, alpha: true },
      ],
    }),
    farm.server(2, {
      checks: [{ type: 'probe', probe: farm.probe(2), alpha: false }],
      alpha: true,
    }),
    farm.server(3, { checks: [{ type: 'probe', probe: farm.probe(3) }], alpha: true }),
  ]
  await start({ defaults: 'keepalived', services: [farm.service(0, { servers })] })
  t.equal(await table(), '2x1', 'only the second is taken on trust')
  await run(2)
  t.equal(await table(), '2x1 1x1 3x1')
})

t.test(
  'a drain of an operator ends in time when its server leaves the configuration',
  async (t) => {
    const { farm, start, run, table, ipvs } = bench()
    const { director } = await start({ services: [farm.service(2, { drainTimeout: 10 })] })
    await run(1)
    ipvs.setConnections(web, at(2), { active: 2 })
    let ended: unknown
    void director.drain(id, '10.0.2.2:80').then((result) => {
      ended = result
    })
    await run(5)
    await director.update([farm.service(1, { drainTimeout: 10 })])
    t.equal(await table(), '1x1 2x0')
    await run(12)
    t.match(ended, { what: 'expired', connections: 2 })
    t.equal(await table(), '1x1')
    t.equal(director.status().services[0]?.servers.length, 1)
  },
)

t.test('a server whose drain is over leaves with the configuration', async (t) => {
  const { farm, start, run, table } = bench()
  const of = (n: number) => farm.service(n, { drainTimeout: 10, inhibitOnFailure: true })
  const { director } = await start({ services: [of(2)] })
  await run(1)
  const done = director.drain(id, '10.0.2.2:80')
  await run(5)
  t.match(await done, { what: 'done' })
  t.equal(await table(), '1x1 2x0')
  await director.update([of(1)])
  await run(5)
  t.equal(await table(), '1x1')
  t.equal(director.status().services[0]?.servers.length, 1)
})

t.test('a drain takes its time where nobody counts connections', async (t) => {
  const { farm, start, run, table, ipvs } = bench()
  Object.assign(ipvs, { countsConnections: false })
  const { director } = await start({ services: [farm.service(4, { drainTimeout: 20 })] })
  await run(1)
  const timed = director.drain(id, '10.0.2.1:80', { timeout: 10 })
  const free = director.drain(id, '10.0.2.2:80')
  await director.update([farm.service(3, { drainTimeout: 20 })])
  await run(3)
  t.match(await free, { what: 'done' }, 'there is nothing to wait for')
  t.equal(await table(), '1x0 3x1 4x0')
  await run(9)
  t.match(await timed, { what: 'expired', connections: 0 })
  t.equal(await table(), '3x1 4x0')
  await run(10)
  t.equal(await table(), '3x1')
})

t.test('servers that drain keep their connections while the sorry server stands in', async (t) => {
  const { farm, start, run, table, ipvs } = bench()
  const service = farm.service(2, {
    sorryServer: { address: '10.0.2.99' },
    drainTimeout: 30,
  })
  const { director } = await start({ services: [service] })
  await run(1)
  ipvs.setConnections(web, at(1), { active: 2 })
  ipvs.setConnections(web, at(2), { active: 1 })
  const first = director.drain(id, '10.0.2.1:80', { timeout: 20 })
  await run(2)
  t.equal(await table(), '1x0 2x1')
  farm.sick.add(2)
  await run(10)
  t.equal(await table(), '1x0 99x1', 'the connections of the first go on')
  ipvs.setConnections(web, at(1), { active: 0 })
  await run(3)
  t.match(await first, { what: 'done' })
  t.equal(await table(), '99x1')
})

t.test('all servers replaced: those that leave drain beside the sorry server', async (t) => {
  const { farm, start, run, table, ipvs } = bench()
  const service = farm.service(1, { sorryServer: { address: '10.0.2.99' }, drainTimeout: 30 })
  const { director } = await start({ services: [service] })
  await run(1)
  ipvs.setConnections(web, at(1), { active: 2 })
  farm.sick.add(2)
  await director.update([{ ...service, servers: [farm.server(2)] }])
  await run(5)
  t.equal(await table(), '1x0 99x1')
  await run(31)
  t.equal(await table(), '99x1')
})

t.test('a server in maintenance gets no clients from the start, those it had stay', async (t) => {
  const { farm, start, run, table } = bench()
  const { director } = await start({ services: [farm.service(2)] })
  await run(1)
  await director.stop({ keep: true })
  t.equal(await table(), '1x1 2x1')
  await start({
    services: [farm.service(0, { servers: [farm.server(1), farm.server(2, { drain: true })] })],
    random: () => 0.9,
  })
  await run(0.1)
  t.equal(await table(), '1x1 2x0')
})

t.test('a server whose maintenance is over starts slowly', async (t) => {
  const { farm, start, run, table } = bench()
  const of = (drain: boolean) => [
    farm.service(0, {
      weight: 100,
      slowStart: 10,
      servers: [farm.server(1), farm.server(2, { drain })],
    }),
  ]
  const { director } = await start({ services: of(true) })
  await run(1)
  t.equal(await table(), '1x100 2x0')
  await director.update(of(false))
  t.equal(await table(), '1x100 2x10')
  await run(11)
  t.equal(await table(), '1x100 2x100')
})

t.test('a server that passive checks took out stays out over an update', async (t) => {
  const { farm, start, run, table, ipvs } = bench()
  const of = (more: object) => [
    farm.service(2, { forward: 'nat', passive: { window: 4, minimum: 5, hold: 60 }, ...more }),
  ]
  const { director } = await start({ services: of({}) })
  await run(1)
  for (let i = 0; i < 5 && (await table()) !== '2x1'; i++) {
    ipvs.count(web, at(1), { inPackets: 10n })
    ipvs.count(web, at(2), { inPackets: 10n, outPackets: 10n })
    await run(2)
  }
  t.equal(await table(), '2x1')
  await director.update(of({ quorumUp: ['/bin/true'] }))
  await run(5)
  t.equal(await table(), '2x1', 'for as long as it was told to')
  await run(60)
  t.equal(await table(), '2x1 1x1')
  await director.update(of({ passive: false }))
  t.equal(await table(), '2x1 1x1')
})

t.test('passive checks that are not wanted any more let their server back', async (t) => {
  const { farm, start, run, table, ipvs } = bench()
  const of = (more: object) => [
    farm.service(2, { forward: 'nat', passive: { window: 4, minimum: 5, hold: 60 }, ...more }),
  ]
  const { director } = await start({ services: of({}) })
  await run(1)
  for (let i = 0; i < 5 && (await table()) !== '2x1'; i++) {
    ipvs.count(web, at(1), { inPackets: 10n })
    await run(2)
  }
  t.equal(await table(), '2x1')
  await director.update(of({ passive: false }))
  t.equal(await table(), '2x1 1x1')
})

t.test('timeouts that an update changes are set', async (t) => {
  const { farm, start, run, ipvs } = bench()
  const { director } = await start({ services: [farm.service(1)], timeouts: { tcp: 600 } })
  await run(1)
  t.match(await ipvs.timeouts(), { tcp: 600, udp: 300 })
  await director.update({ timeouts: { tcp: 700, udp: 100 } })
  await run(11)
  t.match(await ipvs.timeouts(), { tcp: 700, udp: 100 })
  t.equal(ipvs.log.filter((line) => line.startsWith('setTimeouts')).length, 2)
})

t.test('a threshold or a tunnel that goes is no drift', async (t) => {
  const { farm, start, run, ipvs, table } = bench()
  const of = (more: object) => [farm.service(0, { servers: [farm.server(1, more)] })]
  const { director, lines } = await start({ services: of({ upperThreshold: 9 }) })
  await run(1)
  await director.update(of({}))
  await run(11)
  t.match(await ipvs.destinations(web), [{ weight: 1, upperThreshold: undefined }])
  const tun = { forward: 'tun', tunnel: { type: 'gue', port: 6080 } }
  await director.update(of(tun))
  await run(11)
  await director.update(of({ forward: 'tun' }))
  await run(11)
  t.same(lines('drift'), [])
  const before = ipvs.log.length
  farm.sick.add(1)
  await run(12)
  farm.sick.delete(1)
  await run(12)
  t.equal(await table(), '1x1')
  t.equal(ipvs.log.length - before, 2, 'removed and added')
})

t.test('a service that is there already when an update brings it keeps its servers', async (t) => {
  const { farm, start, run, table, ipvs } = bench()
  const { director } = await start({ services: [] })
  await run(1)
  await ipvs.addService({ key: web, scheduler: 'wlc' })
  for (const n of [1, 2, 3]) {
    await ipvs.addDestination(web, { ...at(n), forward: 'dr', weight: 4 })
  }
  farm.sick.add(2)
  // the first checks come late
  await director.update([farm.service(2, { weight: 5, warmup: 600 })])
  t.equal(await table(), '1x4 2x4', 'what is wanted stays until more is known')
  await run(601)
  t.equal(await table(), '1x5')
})

t.test('updates that follow each other do not put off the next look at the kernel', async (t) => {
  const { farm, start, run, table, ipvs } = bench()
  const { director } = await start({ services: [farm.service(2)] })
  await run(1)
  ipvs.flush()
  for (let i = 0; i < 6; i++) {
    await run(2)
    await director.update({ reconcileInterval: 10 })
  }
  t.equal(await table(), '1x1 2x1')
})

t.test('a listener may drain what it hears of', async (t) => {
  const { farm, start, run, table } = bench()
  const { director, events } = await start({ services: [farm.service(3, { quorum: 2 })] })
  await run(1)
  director.subscribe((event) => {
    if (event.type !== 'server' || event.state !== 'down') return
    void director.drain(id, '10.0.2.2:80')
  })
  farm.sick.add(1)
  await run(9)
  t.equal(await table(), '3x1')
  t.equal(director.status().services[0]?.weight, 1, 'the one that drains does not count')
  const down = events.find((event) => event.type === 'server' && event.state === 'down')
  const lost = events.find((event) => event.type === 'quorum' && !event.gained)
  t.match(lost, { at: down && 'at' in down ? down.at : 0 }, 'at the same time')
})

t.test('3.6 (7) weights that checks say do not lower the quorum that is asked for', async (t) => {
  const { start, run, farm } = bench()
  const path = join(folderOf(t), 'weight')
  writeFileSync(path, '0')
  const servers = [1, 2].map((n) =>
    farm.server(n, { weight: 10, checks: [farm.probe(n), { type: 'file', path, weight: -1 }] }),
  )
  const { director } = await start({ services: [farm.service(0, { servers, quorum: 15 })] })
  const standing = (): string | undefined => director.status().services[0]?.standing
  const turn = async (weight: number): Promise<void> => {
    const now = (): number | undefined => director.status().services[0]?.weight
    for (let i = 0; i < 6000 && now() !== weight; i++) {
      await later(5)
      await run(0.1)
    }
    t.equal(now(), weight)
  }
  await turn(20)
  t.equal(standing(), 'quorum')
  writeFileSync(path, '6')
  await turn(8)
  t.equal(standing(), 'none')
  await director.stop()
})

t.test('a file may add any number to a weight', async (t) => {
  const { start, farm } = bench()
  const file = (weight: number): CheckOptions => ({ type: 'file', path: '/nowhere', weight })
  const of = (weight: number) => [
    farm.service(0, { servers: [farm.server(1, { checks: [file(weight)] })] }),
  ]
  const { director } = await start({ services: of(1000) })
  await director.update(of(-2_147_483_647))
  await t.rejects(director.update(of(2_147_483_648)), /weight: expected/)
  await t.rejects(director.update({ timeouts: { tcp: 2_147_484 } }), /timeouts: tcp: expected/)
  await director.stop()
})
