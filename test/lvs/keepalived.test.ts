/** What keepalived does, rule by rule: the numbers are those of section 3.6 of the reference. */
import t from 'tap'
import { bench, classic, vip, web } from './bench.ts'

/** delay_loop 6, retry 1, delay_before_retry 1, as many files have it. */
const loop = { delayLoop: 6, retry: 1, delayBeforeRetry: 1, warmup: 0 } as const

t.test('3.6 (1) alive if and only if every checker is up', async (t) => {
  const { farm, start, run, table } = bench()
  const both = farm.server(1, { checks: [farm.probe(1), farm.probe(7)] })
  await start({
    ...classic,
    services: [farm.service(0, { ...loop, servers: [both, farm.server(2)] })],
  })
  await run(2)
  t.equal(await table(), '1x1 2x1')
  farm.sick.add(7)
  await run(8)
  t.equal(await table(), '2x1', 'one of its two is down')
  farm.sick.delete(7)
  farm.sick.add(1)
  await run(8)
  t.equal(await table(), '2x1', 'the other')
  farm.sick.clear()
  await run(8)
  t.equal(await table(), '2x1 1x1')
})

t.test('3.6 (1) retry + 1 failures in a row bring it down, one success up', async (t) => {
  const { farm, start, run, table, clock } = bench()
  const service = farm.service(2, { ...loop, retry: 3, delayBeforeRetry: 2 })
  const { lines } = await start({ ...classic, services: [service] })
  await run(1.5)
  farm.sick.add(1)
  await run(5.6)
  t.equal(clock.now(), 7100, 'the first failure was at 7 s')
  t.equal(await table(), '1x1 2x1')
  await run(5.8)
  t.equal(await table(), '1x1 2x1', 'the third at 11 s')
  await run(0.2)
  t.equal(await table(), '2x1', 'the fourth at 13 s')
  farm.sick.delete(1)
  await run(6)
  t.equal(await table(), '2x1 1x1', 'no rise count')
  t.same(lines('server').slice(-2), [
    `tcp ${vip}:80: server 10.0.2.1:80: up -> down (probe 1: refused)`,
    `tcp ${vip}:80: server 10.0.2.1:80: down -> up (passed)`,
  ])
})

t.test('3.6 (1) a failure that does not last is forgotten', async (t) => {
  const { farm, start, run, table } = bench()
  await start({ ...classic, services: [farm.service(2, { ...loop, retry: 3 })] })
  await run(6.5)
  for (let i = 0; i < 4; i++) {
    farm.sick.add(1)
    await run(2.1)
    farm.sick.delete(1)
    await run(6)
  }
  t.equal(await table(), '1x1 2x1')
})

t.test(
  '3.6 (2) the first check comes at 1 s and a chance part of the warm-up, which is the delay_loop',
  async (t) => {
    const { farm, start, run } = bench()
    await start({ ...classic, random: () => 0.5, services: [farm.service(1, { delayLoop: 20 })] })
    await run(10.9)
    t.same(farm.asked, [])
    await run(0.2)
    t.same(farm.asked, [{ server: 1, at: 11 }])
  },
)

t.test('3.6 (2) a failure of the first check is final at once', async (t) => {
  const { farm, start, run, table } = bench()
  farm.sick.add(1)
  await start({ ...classic, services: [farm.service(2, { ...loop, retry: 5 })] })
  await run(1.1)
  t.equal(await table(), '2x1')
})

t.test(
  '3.6 (3) without alpha a server is in before its first check, with it only after',
  async (t) => {
    const { farm, start, run, table } = bench()
    const servers = [farm.server(1), farm.server(2, { alpha: true })]
    const { lines } = await start({ ...classic, services: [farm.service(0, { ...loop, servers })] })
    t.equal(await table(), '1x1')
    t.match(
      lines('warning').join(),
      /without alpha 10.0.2.1:80 gets clients before its first check/,
    )
    await run(1.1)
    t.equal(await table(), '1x1 2x1')
  },
)

t.test(
  '3.6 (4) a server that fails is removed, and resumes its connections if it returns',
  async (t) => {
    const { farm, start, run, table, ipvs } = bench()
    await start({ ...classic, services: [farm.service(2, loop)] })
    await run(2)
    ipvs.setConnections(web, { address: '10.0.2.1', port: 80 }, { active: 7 })
    farm.sick.add(1)
    await run(8)
    t.equal(await table(), '2x1')
    farm.sick.clear()
    await run(8)
    const back = (await ipvs.destinations(web)).find(({ address }) => address === '10.0.2.1')
    t.equal(back?.activeConnections, 7)
  },
)

t.test(
  '3.6 (5) with inhibit_on_failure it stays at weight 0, also before it was ever healthy',
  async (t) => {
    const { farm, start, run, table } = bench()
    const service = farm.service(2, { ...loop, inhibitOnFailure: true, alpha: true })
    await start({ ...classic, services: [service] })
    t.equal(await table(), '1x0 2x0')
    await run(2)
    t.equal(await table(), '1x1 2x1')
    farm.sick.add(1)
    await run(8)
    t.equal(await table(), '1x0 2x1')
  },
)

t.test('3.6 (6) SET of a missing one becomes NEW, EEXIST and ENOENT are no failures', async (t) => {
  const { farm, start, run, table, ipvs } = bench()
  const { lines } = await start({
    ...classic,
    services: [farm.service(3, { ...loop, inhibitOnFailure: true })],
  })
  await run(2)
  ipvs.drop(web, { address: '10.0.2.1', port: 80 })
  farm.sick.add(1)
  await run(8)
  t.equal(await table(), '2x1 3x1 1x0', 'set, and not there')
  t.same(lines('refused'), [])
})

t.test('3.6 (6) EEXIST on NEW and ENOENT on DEL count as success', async (t) => {
  const { farm, start, run, table, ipvs } = bench()
  const { lines } = await start({ ...classic, services: [farm.service(2, loop)] })
  await run(2)
  ipvs.drop(web, { address: '10.0.2.1', port: 80 })
  farm.sick.add(1)
  await run(8)
  t.equal(await table(), '2x1', 'removed by somebody, and by us')
  await ipvs.addDestination(web, { address: '10.0.2.1', port: 80, forward: 'nat', weight: 9 })
  farm.sick.clear()
  await run(8)
  t.equal(await table(), '2x1 1x1', 'added by somebody, and by us as it shall be')
  t.same(lines('refused'), [])
})

t.test(
  '3.6 (7) quorum and hysteresis: gained at quorum + hysteresis, lost below quorum - hysteresis',
  async (t) => {
    const { farm, start, run } = bench()
    for (const n of [1, 2, 3, 4, 5]) farm.sick.add(n)
    const service = farm.service(5, { ...loop, retry: 0, quorum: 3, hysteresis: 1, alpha: true })
    const { director } = await start({ ...classic, services: [service] })
    const standing = (): unknown => director.status().services[0]?.standing
    const found: unknown[] = []
    const step = async (): Promise<void> => {
      await run(7)
      found.push(standing())
    }
    for (const n of [1, 2, 3]) farm.sick.delete(n)
    await step()
    farm.sick.delete(4)
    await step()
    farm.sick.add(4)
    await step()
    farm.sick.add(3)
    await step()
    farm.sick.add(2)
    await step()
    t.same(found, ['none', 'quorum', 'quorum', 'quorum', 'none'], '3, 4, 3, 2 and 1 of 5')
  },
)

t.test('3.6 (7) a weight of 0 never counts', async (t) => {
  const { farm, start, run } = bench()
  const servers = [farm.server(1, { weight: 0 }), farm.server(2, { weight: 3 })]
  const service = farm.service(0, { ...loop, servers, quorum: 3 })
  const { director } = await start({ ...classic, services: [service] })
  await run(2)
  t.equal(director.status().services[0]?.weight, 3)
})

t.test(
  '3.6 (7) a quorum above all weights is lowered to them; with hysteresis it is never gained',
  async (t) => {
    const { farm, start, run } = bench()
    const one = { ...farm.service(2, { ...loop, quorum: 9 }), name: 'reduced' }
    const other = {
      ...farm.service(2, { ...loop, quorum: 2, hysteresis: 1 }),
      port: 81,
      name: 'never',
    }
    const { director, lines } = await start({ ...classic, services: [one, other] })
    await run(8)
    t.same(
      director.status().services.map(({ standing }) => standing),
      ['quorum', 'none'],
    )
    t.match(
      lines('warning').join('\n'),
      /reduced: warning: quorum 9 is more than all weights: 2 is used/,
    )
    t.match(lines('warning').join('\n'), /never: .*it can never be gained/)
  },
)

t.test('3.6 (8) without a sorry server a lost quorum changes nothing in IPVS', async (t) => {
  const { farm, start, run, table, ipvs } = bench()
  const { lines } = await start({ ...classic, services: [farm.service(3, { ...loop, quorum: 3 })] })
  await run(2)
  const before = ipvs.log.length
  farm.sick.add(1)
  await run(8)
  t.equal(await table(), '2x1 3x1')
  t.same(ipvs.log.slice(before), [`removeDestination tcp ${vip}:80 10.0.2.1:80`])
  t.match(lines('quorum').at(-1), /quorum lost: weight 2, 3 needed/)
})

const sorryServer = { address: '10.0.2.99' } as const

t.test(
  '3.6 (8) the sorry server stands in, and goes when the quorum is back; at no moment is there nobody',
  async (t) => {
    const { farm, start, run, table, ipvs } = bench()
    await start({ ...classic, services: [farm.service(2, { ...loop, quorum: 2, sorryServer })] })
    await run(2)
    t.equal(await table(), '1x1 2x1')
    const before = ipvs.log.length
    farm.sick.add(1)
    await run(8)
    t.equal(await table(), '99x1', 'those that are alive go as well')
    farm.sick.add(2)
    await run(8)
    farm.sick.delete(1)
    await run(8)
    t.equal(await table(), '99x1', 'what they do meanwhile is remembered, not sent')
    farm.sick.clear()
    await run(8)
    t.equal(await table(), '1x1 2x1')
    t.same(
      ipvs.log.slice(before).map((line) => line.replace(`Destination tcp ${vip}:80 10.0.2.`, ' ')),
      ['add 99:80 1', 'remove 1:80', 'remove 2:80', 'add 1:80 1', 'add 2:80 1', 'remove 99:80'],
      'added before the others leave, removed when they are back: the other way round than keepalived',
    )
  },
)

t.test(
  '3.6 (8) with inhibit the servers stay at weight 0 behind the sorry server, and it behind them',
  async (t) => {
    const { farm, start, run, table } = bench()
    const service = farm.service(2, {
      ...loop,
      quorum: 2,
      inhibitOnFailure: true,
      sorryServer: { ...sorryServer, inhibit: true },
    })
    await start({ ...classic, services: [service] })
    await run(2)
    t.equal(await table(), '1x1 2x1 99x0')
    farm.sick.add(1)
    await run(8)
    t.equal(await table(), '1x0 2x0 99x1')
  },
)

t.test(
  '3.6 (9) a sorry server that is a real server: one destination, one way to leave',
  async (t) => {
    const { farm, start, run, table } = bench()
    const service = farm.service(2, {
      ...loop,
      sorryServer: { address: '10.0.2.2', inhibit: true },
    })
    const { lines } = await start({ ...classic, services: [service] })
    await run(2)
    t.equal(await table(), '1x1 2x1')
    farm.sick.add(2)
    await run(8)
    t.equal(await table(), '1x1 2x0', 'inhibited, as the sorry server is')
    farm.sick.add(1)
    await run(8)
    t.equal(await table(), '2x1', 'it stands in')
    t.match(lines('warning').join(), /the sorry server 10.0.2.2:80 is a real server as well/)
  },
)

t.test(
  '3.6 (10) the quorum begins down: gained at start; lost at start only with a sorry server',
  async (t) => {
    const { farm, start, run } = bench()
    const told: string[] = []
    const notify = async (command: readonly string[]): Promise<void> =>
      void told.push(command.join(' '))
    const hooks = { quorumUp: ['up'], quorumDown: ['down'] } as const
    const dead = (n: number): ReturnType<typeof farm.service> =>
      farm.service(0, { ...loop, ...hooks, alpha: true, servers: [farm.server(n)] })
    farm.sick.add(1)
    const plain = { ...dead(1), port: 81 }
    const sorry = { ...dead(1), port: 82, sorryServer, quorumDown: ['down', 'sorry'] as const }
    const alive = { ...dead(2), port: 83, alpha: false }
    const { lines } = await start({ ...classic, notify, services: [plain, sorry, alive] })
    await run(3)
    t.same(told, ['down sorry', 'up'])
    t.equal(lines('quorum').length, 2)
  },
)

t.test('3.6 (11) stop removes the entries; who is to be told of it needs omega', async (t) => {
  for (const omega of [false, true]) {
    const { farm, start, run, ipvs } = bench()
    const told: string[] = []
    const servers = [farm.server(1, { notifyDown: ['server', 'down'] })]
    const service = farm.service(0, { ...loop, omega, servers, quorumDown: ['quorum', 'down'] })
    const notify = async (command: readonly string[]): Promise<void> =>
      void told.push(command.join(' '))
    const { director, lines } = await start({ ...classic, notify, services: [service] })
    await run(2)
    await director.stop()
    t.same(ipvs.lines(), [])
    t.same(told, omega ? ['server down', 'quorum down'] : [])
    t.equal(
      lines('warning').some((line) => line.includes('without omega')),
      !omega,
    )
  }
})

t.test('3.6 (11) or keeps them', async (t) => {
  const { farm, start, run, ipvs } = bench()
  const { director } = await start({
    ...classic,
    keepOnStop: true,
    services: [farm.service(2, loop)],
  })
  await run(2)
  const before = ipvs.lines()
  await director.stop()
  t.same(ipvs.lines(), before)
  t.equal(before.length, 3)
})

t.test(
  '3.6 (12) reload: what is the same keeps its state, a change of the service is no flush',
  async (t) => {
    const { farm, start, run, table, ipvs } = bench()
    farm.sick.add(1)
    const { director } = await start({ ...classic, services: [farm.service(2, loop)] })
    await run(2)
    const before = ipvs.log.length
    const asked = farm.asked.length
    const changes = await director.update([
      farm.service(2, { ...loop, scheduler: 'mh', flags: ['mh-port'], persistence: 60 }),
    ])
    t.same(changes, [`tcp ${vip}:80 changed`])
    t.same(ipvs.log.slice(before), [`setService tcp ${vip}:80 mh`])
    t.equal(await table(), '2x1', 'known to be down')
    t.equal(farm.asked.length, asked, 'nothing was checked for that')
  },
)

t.test('3.6 (13) what keepalived never repairs is repaired', async (t) => {
  const { farm, start, run, ipvs } = bench()
  const { lines } = await start({
    ...classic,
    reconcileInterval: 10,
    services: [farm.service(2, loop)],
  })
  await run(2)
  const before = ipvs.lines()
  ipvs.flush()
  await run(10)
  t.same(ipvs.lines(), before)
  t.same(lines('drift'), [`IPVS is not as it was left: tcp ${vip}:80 is gone`])
})

t.test(
  '3.6 (14) every change of a server and of a quorum is an event that names both',
  async (t) => {
    const { farm, start, run } = bench()
    const { events } = await start({ ...classic, services: [farm.service(1, loop)] })
    await run(2)
    farm.sick.add(1)
    await run(8)
    t.match(events.filter(({ type }) => type === 'server' || type === 'quorum').slice(-2), [
      { type: 'server', service: `tcp ${vip}:80`, server: '10.0.2.1:80', was: 'up', state: 'down' },
      { type: 'quorum', gained: false, reason: '0 of 1 servers up' },
    ])
  },
)
