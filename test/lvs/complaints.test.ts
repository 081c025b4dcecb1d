/** What users of keepalived complain about: the numbers are those of section 4 of the reference, with the threads. */
import t from 'tap'
import { Director } from '../../lib/lvs/director.ts'
import { formatDirectorEvent } from '../../lib/lvs/director-events.ts'
import { bench, vip, web } from './bench.ts'

const at = (n: number): { address: string; port: number } => ({ address: `10.0.2.${n}`, port: 80 })
const id = `tcp ${vip}:80`

t.test('4.1 (#2064): no server is in the pool before its first check has passed', async (t) => {
  const { farm, start, run, table, ipvs } = bench()
  farm.sick.add(1)
  await start({ services: [farm.service(3)], random: () => 0.2 })
  await run(30)
  t.notOk(ipvs.log.some((line) => line.includes('10.0.2.1:80')))
  t.equal(await table(), '2x1 3x1')
})

t.test('4.2 (#657, #927): the health of a virtual service is a gate', async (t) => {
  const { farm, start, run } = bench()
  const { director } = await start({ services: [farm.service(1, { retry: 0, delayLoop: 2 })] })
  const said: boolean[] = []
  void (async () => {
    for await (const { healthy } of director.gate(vip)) said.push(healthy)
  })()
  await run(1)
  farm.sick.add(1)
  await run(3)
  farm.sick.clear()
  await run(10)
  t.same(said, [true, false, true])
  await director.stop()
})

t.test(
  '4.2 (#657): servers that are well and not in the kernel do not open the gate; a flush does not close it',
  async (t) => {
    const { farm, start, run, ipvs } = bench()
    const { director } = await start({ services: [farm.service(2)], random: () => 0.5 })
    const said: string[] = []
    void (async () => {
      for await (const { healthy, reason } of director.gate(vip)) said.push(`${healthy} ${reason}`)
    })()
    for (let i = 0; i < 8; i++) ipvs.fail(new Error('Cannot allocate memory'), 'addDestination')
    await run(4)
    t.same(said, [`false ${id}: Cannot allocate memory`])
    await run(20)
    t.same(said.slice(1), [`true ${id}: 2 of 2 servers up`])
    ipvs.flush()
    farm.sick.add(2)
    await run(30)
    t.equal(said.length, 2)
    await director.stop()
  },
)

t.test('4.3 (#1774): with omega the loss of the quorum is told at a stop', async (t) => {
  const { farm, start, run } = bench()
  const told: string[] = []
  const { director } = await start({
    services: [farm.service(1, { omega: true, quorumDown: ['withdraw', 'it'] })],
    notify: async (command) => void told.push(command.join(' ')),
  })
  await run(1)
  await director.stop()
  t.same(told, ['withdraw it'])
})

t.test('4.3 (#1774): a stop waits for what it has told, for half a minute', async (t) => {
  const { clock, farm, start, run } = bench()
  for (const seconds of [3, 3600]) {
    let isTold = false
    const { director, lines } = await start({
      services: [farm.service(1, { omega: true, quorumDown: ['withdraw', 'it'] })],
      notify: async () => {
        await new Promise<void>((resolve) => void clock.setTimer(seconds * 1000, resolve))
        isTold = true
        throw new Error('exit code 1')
      },
    })
    await run(1)
    let isOver = false
    void director.stop().then(() => {
      isOver = true
    })
    await run(2)
    t.equal(isOver, false)
    await run(2)
    t.equal(isOver, seconds === 3)
    await run(30)
    t.equal(isOver, true)
    t.equal(isTold, seconds === 3)
    t.equal(lines('notify').length, seconds === 3 ? 1 : 0, 'a failure is told before the end')
  }
})

t.test(
  '4.3 (#1816): a sorry server and the removal of the VIP exclude each other, as told',
  async (t) => {
    for (const sorry of [true, false]) {
      const { farm, start, run } = bench()
      farm.sick.add(1)
      const service = farm.service(1, { sorryServer: { address: '10.0.2.99' } })
      const { director } = await start({ services: [service], vips: { [vip]: { sorry } } })
      const said: boolean[] = []
      void (async () => {
        for await (const { healthy } of director.gate(vip)) said.push(healthy)
      })()
      await run(5)
      t.same(said, [sorry])
      await director.stop()
    }
  },
)

t.test('4.4 (PR #1370): no moment without a server between sorry and real', async (t) => {
  const { farm, start, run, ipvs } = bench()
  const service = farm.service(2, { retry: 0, sorryServer: { address: '10.0.2.99' } })
  await start({ services: [service] })
  await run(1)
  const present = new Set(['10.0.2.1:80', '10.0.2.2:80'])
  let least = present.size
  const from = ipvs.log.length
  for (const n of [1, 2]) farm.sick.add(n)
  await run(10)
  farm.sick.clear()
  await run(30)
  for (const line of ipvs.log.slice(from)) {
    const [what, , , server = ''] = line.split(' ')
    if (what === 'addDestination') present.add(server)
    if (what === 'removeDestination') present.delete(server)
    least = Math.min(least, present.size)
  }
  t.ok(ipvs.log.some((line) => line.includes('10.0.2.99')))
  t.equal(least, 1)
})

t.test(
  '4.5 (#373, #362, #608, #871, #2318): a reload keeps what is known, and nobody returns unchecked',
  async (t) => {
    const { farm, start, run, table, ipvs } = bench()
    farm.sick.add(1)
    const { director } = await start({ services: [farm.service(2)] })
    await run(1)
    for (let i = 0; i < 5; i++) {
      await director.update([farm.service(2, { quorum: 1 + (i % 2), delayLoop: 5 + i })])
      t.equal(await table(), '2x1')
      await run(1)
    }
    await run(10)
    t.notOk(ipvs.log.some((line) => line.includes('10.0.2.1:80')))
    farm.sick.clear()
    await run(30)
    t.equal(await table(), '2x1 1x1', 'and it returns')
  },
)

t.test('4.6 (#1296, #2240, #2609): servers change at run time', async (t) => {
  const { farm, start, run, table } = bench()
  const { director } = await start({ services: [farm.service(1)] })
  await run(1)
  await director.update([farm.service(3, { weight: 2 })])
  await run(10)
  t.equal(await table(), '1x2 2x2 3x2')
})

t.test(
  '4.7 (#1228): a server that is taken out of the configuration keeps its connections for a while',
  async (t) => {
    const { farm, start, run, table, ipvs } = bench()
    const { director, lines } = await start({ services: [farm.service(2, { drainTimeout: 60 })] })
    await run(1)
    ipvs.setConnections(web, at(2), { active: 3 })
    await director.update([farm.service(1, { drainTimeout: 60 })])
    await run(20)
    t.equal(await table(), '1x1 2x0')
    ipvs.setConnections(web, at(2), { active: 0 })
    await run(2)
    t.equal(await table(), '1x1')
    t.same(lines('drain'), [
      `${id}: server 10.0.2.2:80: drain begun`,
      `${id}: server 10.0.2.2:80: drain done`,
    ])
    t.equal(director.status().services[0]?.servers.length, 1)
  },
)

t.test('4.7 (#1228): and comes back if it is put in again', async (t) => {
  const { farm, start, run, table, ipvs } = bench()
  const { director } = await start({ services: [farm.service(2, { drainTimeout: 60 })] })
  await run(1)
  ipvs.setConnections(web, at(2), { active: 3 })
  await director.update([farm.service(1, { drainTimeout: 60 })])
  await run(5)
  await director.update([farm.service(2, { drainTimeout: 60 })])
  await run(1)
  t.equal(await table(), '1x1 2x1')
})

t.test(
  '4.7 (#1757, #1762): a weight of 0 is a weight, and a warning where it refuses clients',
  async (t) => {
    const { farm, start, run, table } = bench()
    const servers = [farm.server(1, { weight: 0 }), farm.server(2)]
    const { lines } = await start({ services: [farm.service(0, { servers, scheduler: 'mh' })] })
    await run(1)
    t.equal(await table(), '1x0 2x1')
    t.match(
      lines('warning').join('\n'),
      /mh without mh-fallback: clients .* weight 0 .* are refused/,
    )
  },
)

t.test('4.8 (#2111, #2358): one check for a server that many VIPs share', async (t) => {
  const { farm, start, run } = bench()
  const services = Array.from({ length: 20 }, (_, i) => ({
    ...farm.service(1),
    address: `10.0.1.${100 + i}`,
  }))
  const { director } = await start({ services })
  await run(11)
  t.equal(director.status().checks, 1)
  t.equal(farm.asked.length, 3)
})

t.test(
  '4.9 (#1018, #1561, #1772): leftovers are adopted, what others flush is put back',
  async (t) => {
    const { farm, start, run, ipvs } = bench()
    await ipvs.addService({ key: web, scheduler: 'wlc' })
    const { lines } = await start({ services: [farm.service(2)] })
    await run(1)
    const before = ipvs.lines()
    ipvs.flush()
    await run(10)
    t.same(ipvs.lines(), before)
    t.same(lines('refused'), [])
    t.same(lines('drift'), [`IPVS is not as it was left: ${id} is gone`])
  },
)

t.test('4.10 (#2001): the state of every service and server is data', async (t) => {
  const { farm, start, run } = bench()
  const { director, events } = await start({ services: [farm.service(2)] })
  await run(1)
  const plain = JSON.parse(
    JSON.stringify(director.status(), (_, value) =>
      typeof value === 'bigint' ? `${value}` : value,
    ),
  )
  t.match(plain.services[0].servers[0], { server: '10.0.2.1:80', state: 'up', weight: 1 })
  for (const event of events) t.match(formatDirectorEvent(event), /\w/)
})

t.test('4.10 (#760): the last servers can be kept', async (t) => {
  const { farm, start, run, table } = bench()
  await start({ services: [farm.service(4, { keepLast: 2, retry: 0 })] })
  await run(1)
  for (const n of [1, 2, 3, 4]) farm.sick.add(n)
  await run(30)
  t.equal((await table()).split(' ').length, 2)
})

t.test('what is wrong with the options is said before anything is touched', async (t) => {
  const { farm, ipvs, clock } = bench()
  for (const [options, words] of [
    [{ port: 0 }, /services\[0\]: port: expected a whole number from 1 to 65535, got 0/],
    [{ sheduler: 'rr' }, /services\[0\]: unknown option 'sheduler'/],
    [{ flags: ['mh-port'] }, /flags: expected one of flag-1, flag-2, flag-3, got 'mh-port'/],
    [
      { servers: [{ address: '10.0.2.1', port: 8080 }] },
      /port: expected 80, as dr does not translate ports, got 8080/,
    ],
    [{ servers: [{ address: '10.0.2.1' }, { address: '10.0.2.1' }] }, /expected each server once/],
    [{ checks: [{ type: 'htp' }] }, /checks\[0\]: type: expected one of http, tcp/],
    [{ checks: [{ type: 'http', path: 'x' }] }, /checks\[0\]: path: expected a path/],
    [{ checks: [{ type: 'udp', payload: 'f' }] }, /payload: expected hexadecimal octets/],
    [
      { checks: [{ type: 'tcp', through: { address: '10.0.1.7', port: 81 } }] },
      /through: port: expected 80/,
    ],
    [{ passive: { window: 0 } }, /passive: window: expected a number of seconds above 0/],
    [{ slowStart: { seconds: 5, from: 2 } }, /slowStart: from: expected a number above 0/],
  ] as const) {
    const service = { ...farm.service(1), servers: [{ address: '10.0.2.1' }], ...options }
    const start = Director.start({ ipvs, clock, services: [service as never] })
    await t.rejects(start, { code: 'ERR_OSPF_CONFIG', message: words })
  }
  t.same(ipvs.log, [])
})
