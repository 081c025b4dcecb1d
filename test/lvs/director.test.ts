import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { OspfError } from '../../lib/errors.ts'
import { Director } from '../../lib/lvs/director.ts'
import type { DirectorEvent } from '../../lib/lvs/director-events.ts'
import { MemoryIpvs } from '../../lib/lvs/memory.ts'
import type { IpvsService, IpvsServiceKey } from '../../lib/lvs/types.ts'
import { VirtualClock } from '../../lib/sim/clock.ts'
import { bench, vip, web } from './bench.ts'

const other: IpvsServiceKey = { protocol: 'udp', address: '10.0.1.7', port: 53 }
const foreign: IpvsService = { key: other, scheduler: 'rr' }
const at = (n: number): { address: string; port: number } => ({ address: `10.0.2.${n}`, port: 80 })

t.test(
  'what was there of our services is adopted without a flush, and others are not touched',
  async (t) => {
    const { farm, start, run, table, ipvs } = bench()
    await ipvs.addService(foreign)
    await ipvs.addDestination(other, { ...at(9), forward: 'nat', weight: 1 })
    await ipvs.addService({ key: web, scheduler: 'rr' })
    for (const n of [1, 2, 8])
      await ipvs.addDestination(web, { ...at(n), forward: 'dr', weight: 4 })
    ipvs.setConnections(web, at(1), { active: 5 })
    const before = ipvs.log.length
    farm.sick.add(2)
    const { lines } = await start({ services: [farm.service(3)], random: () => 0.4 })
    t.equal(
      await table(),
      '1x4 2x4',
      'those that are to be checked stay as they are until something is known',
    )
    await run(5)
    t.equal(await table(), '1x1 3x1')
    t.same(
      ipvs.log.slice(before).map((line) => line.replace(`tcp ${vip}:80`, 'web')),
      [
        'setService web wlc',
        'removeDestination web 10.0.2.8:80',
        'setDestination web 10.0.2.1:80 1',
        'addDestination web 10.0.2.3:80 1',
        'removeDestination web 10.0.2.2:80',
      ],
    )
    t.equal((await ipvs.destinations(web))[0]?.activeConnections, 5)
    t.equal((await ipvs.destinations(other)).length, 1)
    t.same(lines('service', 'drift'), [`tcp ${vip}:80: adopted`])
  },
)

t.test('killed and started again: nothing is duplicated, nothing is taken away', async (t) => {
  const { farm, start, run, ipvs, clock } = bench()
  const services = [farm.service(3)]
  await start({ services })
  await run(5)
  const before = ipvs.lines()
  const log = ipvs.log.length
  // the first one is not stopped: it just never does anything again
  ipvs.setConnections(web, at(1), { active: 3 })
  const again = await Director.start({ services, ipvs, clock, random: () => 0 })
  await run(5)
  t.same(ipvs.lines(), before)
  t.same(ipvs.log.slice(log), [])
  t.equal(again.status().services[0]?.activeConnections, 3)
})

t.test('no server is in the pool before its first success', async (t) => {
  const { farm, start, run, table } = bench()
  farm.sick.add(1)
  const { director } = await start({
    services: [farm.service(2, { delayLoop: 5 })],
    random: () => 0.4,
  })
  t.equal(await table(), '')
  t.equal(director.status().services[0]?.standing, 'undecided')
  await run(1.9)
  t.equal(await table(), '')
  await run(0.2)
  t.equal(await table(), '2x1')
})

t.test('a server that was down has to rise, the first success is enough by itself', async (t) => {
  const { farm, start, run, table } = bench()
  await start({
    services: [farm.service(1, { delayLoop: 5, rise: 3, retry: 0, delayBeforeRetry: 2 })],
  })
  await run(0.1)
  t.equal(await table(), '1x1')
  farm.sick.add(1)
  await run(5)
  t.equal(await table(), '')
  farm.sick.delete(1)
  await run(6.9)
  t.equal(await table(), '', 'passed at 10 s and 12 s')
  await run(2.2)
  t.equal(await table(), '1x1', 'and at 14 s')
})

t.test(
  'drift is found and put right: a weight, a destination, the scheduler, what was added',
  async (t) => {
    const { farm, start, run, ipvs } = bench()
    const { lines } = await start({ services: [farm.service(3)], reconcileInterval: 4 })
    await run(1)
    const before = ipvs.lines()
    await ipvs.setDestination(web, { ...at(1), forward: 'dr', weight: 9 })
    ipvs.drop(web, at(2))
    await ipvs.addDestination(web, { ...at(7), forward: 'dr', weight: 1 })
    await ipvs.setService({ key: web, scheduler: 'lc' })
    await run(4)
    t.same(ipvs.lines().sort(), before.sort())
    const id = `tcp ${vip}:80`
    t.same(lines('drift'), [
      `IPVS is not as it was left: ${id}: scheduler wlc -> lc; ${id}: 10.0.2.1:80: weight 1 -> 9; ` +
        `${id}: 10.0.2.2:80 is gone; ${id}: 10.0.2.7:80 was added`,
    ])
    await run(20)
    t.equal(lines('drift').length, 1, 'said once')
  },
)

t.test('update touches nothing that did not change', async (t) => {
  const { farm, start, run, ipvs } = bench()
  const second = { ...farm.service(2), port: 443 }
  const { director } = await start({ services: [farm.service(2), second] })
  await run(1)
  const log = ipvs.log.length
  const changes = await director.update([
    second,
    farm.service(0, { servers: [farm.server(1, { weight: 3 }), farm.server(4)] }),
  ])
  const id = `tcp ${vip}:80`
  t.same(changes, [
    `${id}: server 10.0.2.1:80 changed`,
    `${id}: server 10.0.2.4:80 added`,
    `${id}: server 10.0.2.2:80 removed`,
  ])
  t.same(ipvs.log.slice(log), [
    `setDestination ${id} 10.0.2.1:80 3`,
    `removeDestination ${id} 10.0.2.2:80`,
  ])
  await run(5)
  t.same(
    ipvs.log.slice(log + 2),
    [`addDestination ${id} 10.0.2.4:80 1`],
    'once it is known to be well',
  )
  t.same(await director.update([second]), [`service ${id} removed`])
  t.equal(ipvs.lines()[0], `tcp ${vip}:443 wlc`)
})

t.test('an update that is wrong changes nothing', async (t) => {
  const { farm, start, run, ipvs } = bench()
  const { director } = await start({ services: [farm.service(2)] })
  await run(1)
  const log = ipvs.log.length
  const wrong = [farm.service(1), farm.service(1, { port: 81, quorum: 0 })]
  await t.rejects(director.update(wrong), {
    code: 'ERR_OSPF_CONFIG',
    message: `services[1] (tcp ${vip}:81): quorum: expected a whole number from 1 to 2147483647, got 0`,
  })
  await run(10)
  t.equal(ipvs.log.length, log)
})

t.test('a check that is another has the last word of the old one until it has run', async (t) => {
  const { farm, start, run, table } = bench()
  const { director } = await start({ services: [farm.service(2, { delayLoop: 5 })] })
  await run(1)
  t.equal(await table(), '1x1 2x1')
  await director.update([farm.service(2, { delayLoop: 9 })])
  t.equal(await table(), '1x1 2x1')
  t.equal(director.status().services[0]?.servers[0]?.state, 'up')
})

t.test('plan: what would be done, as text and data, and nothing is done', async (t) => {
  const { farm, ipvs, clock, start } = bench()
  await ipvs.addService({ key: web, scheduler: 'rr', flags: [] })
  await ipvs.addDestination(web, { ...at(5), forward: 'nat', weight: 1 })
  const log = ipvs.log.length
  const dry = await Director.start({ ipvs, clock, checksOnly: true, services: [farm.service(0)] })
  const plan = await dry.plan([farm.service(2, { scheduler: 'mh', flags: ['mh-fallback'] })])
  t.same(plan.text.split('\n'), [
    `-E -t ${vip}:80 -s mh -b flag-1 (scheduler rr -> mh, flags none -> flag-1)`,
    `-a -t ${vip}:80 -r 10.0.2.1:80 -g -w 1 (missing)`,
    `-a -t ${vip}:80 -r 10.0.2.2:80 -g -w 1 (missing)`,
    `-d -t ${vip}:80 -r 10.0.2.5:80 (not wanted)`,
  ])
  t.equal(plan.steps[0]?.do, 'setService')
  t.equal(ipvs.log.length, log)
  await dry.stop()
  const { director } = await start({ services: [farm.service(2)] })
  t.same((await director.plan([])).text, `-D -t ${vip}:80 (not wanted)`)
})

t.test('checksOnly: servers are checked, gates work, the kernel is left alone', async (t) => {
  const clock = new VirtualClock()
  const ipvs = new MemoryIpvs()
  const { farm } = bench()
  const director = await Director.start({
    clock,
    ipvs,
    checksOnly: true,
    services: [farm.service(1)],
  })
  await clock.advanceAsync(6000)
  t.equal(director.status().services[0]?.standing, 'quorum')
  t.same(ipvs.log, [])
  await director.stop()
})

// The list of faults

t.test('no IPVS in this kernel, or not permitted: start says so and leaves nothing', async (t) => {
  for (const [what, code] of [
    ['isAbsent', 'ERR_OSPF_IPVS_ABSENT'],
    ['isForbidden', 'ERR_OSPF_PERMISSION'],
  ] as const) {
    const { farm, ipvs, clock } = bench()
    ipvs[what] = true
    await t.rejects(Director.start({ services: [farm.service(1)], ipvs, clock }), { code })
    t.equal(clock.planned, 0, 'no timer is left')
  }
})

t.test(
  'not permitted any more: said once, tried again, and the gate is closed only if the service is gone',
  async (t) => {
    const { farm, ipvs, start, run, table } = bench()
    const { lines } = await start({ services: [farm.service(2)] })
    await run(1)
    ipvs.isForbidden = true
    await run(60)
    t.equal(lines('refused').length, 1)
    t.match(lines('refused')[0], /IPVS cannot be read: .*not permitted; again in 1 s/)
    ipvs.flush()
    ipvs.isForbidden = false
    await run(31)
    t.equal(await table(), '1x1 2x1')
  },
)

t.test('the scheduler is missing: that service waits for it, the others do not', async (t) => {
  const { farm, ipvs, start, run } = bench()
  ipvs.schedulers.delete('mh')
  const hashed = { ...farm.service(1, { scheduler: 'mh', flags: ['mh-fallback'] }), port: 81 }
  const { director, lines } = await start({ services: [hashed, farm.service(2)] })
  await run(1)
  t.same(ipvs.lines(), [`tcp ${vip}:80 wlc`, '  10.0.2.1:80 dr 1', '  10.0.2.2:80 dr 1'])
  t.match(director.status().services[0]?.problem, /Scheduler .* not found: mh/)
  t.match(lines('refused'), [
    /-A -t 10.0.1.100:81 -s mh .*Scheduler .* not found: mh; again in 1 s/,
  ])
  farm.sick.add(2)
  await run(10)
  t.same(ipvs.lines().slice(1), ['  10.0.2.1:80 dr 1'], 'the others go on')
  ipvs.schedulers.add('mh')
  await run(31)
  t.equal(director.status().services[0]?.problem, undefined)
  t.equal(ipvs.lines().length, 4)
})

t.test('a destination deleted behind our back, noticed when it is to change', async (t) => {
  const { farm, ipvs, start, run, table } = bench()
  const { director } = await start({ services: [farm.service(2)], reconcileInterval: 3600 })
  await run(1)
  ipvs.drop(web, at(1))
  await director.update([
    farm.service(0, { servers: [farm.server(1, { weight: 5 }), farm.server(2)] }),
  ])
  t.equal(await table(), '2x1 1x5')
})

t.test('the service deleted behind our back, noticed when a server changes', async (t) => {
  const { farm, ipvs, start, run, table } = bench()
  const { lines } = await start({
    services: [farm.service(3, { retry: 0 })],
    reconcileInterval: 3600,
  })
  await run(1)
  ipvs.flush()
  farm.sick.add(2)
  await run(5)
  t.equal(await table(), '1x1 3x1', 'at once, without waiting for the next look')
  t.equal(lines('drift').length, 1)
  t.same(lines('refused'), [])
})

t.test('a failure of the kernel is tried again', async (t) => {
  const { farm, ipvs, start, run, table } = bench()
  const error = new OspfError('ERR_OSPF_KERNEL', 'Cannot allocate memory', { errno: 'ENOMEM' })
  ipvs.fail(error, 'addDestination')
  ipvs.fail(error, 'addDestination')
  const { lines } = await start({ services: [farm.service(2)] })
  await run(0.5)
  t.equal(await table(), '')
  await run(10)
  t.equal(await table(), '1x1 2x1')
  t.match(lines('refused'), [/-a -t 10.0.1.100:80 -r 10.0.2.1:80 -g -w 1 .*Cannot allocate memory/])
})

t.test('a dump that fails in the middle is read again', async (t) => {
  const { farm, ipvs, start, run, table } = bench()
  ipvs.fail(new OspfError('ERR_OSPF_KERNEL', 'dump interrupted'), 'destinations')
  await ipvs.addService({ key: web, scheduler: 'wlc' })
  const { lines } = await start({ services: [farm.service(2)] })
  await run(5)
  t.equal(await table(), '1x1 2x1')
  t.equal(lines('refused').length, 1)
})

t.test('5,000 destinations', async (t) => {
  const { start, run, ipvs } = bench()
  const servers = Array.from({ length: 5000 }, (_, i) => ({
    address: `10.1.${i >> 8}.${i & 255}`,
    port: 80,
  }))
  const service = {
    address: vip,
    port: 80,
    scheduler: 'mh',
    flags: ['mh-fallback'] as const,
    servers,
  }
  const { director } = await start({ services: [service] })
  await run(1)
  t.equal((await ipvs.destinations(web)).length, 5000)
  const log = ipvs.log.length
  await director.update([{ ...service, servers: servers.toSpliced(2500, 1) }])
  t.same(ipvs.log.slice(log), [`removeDestination tcp ${vip}:80 10.1.9.196:80`])
})

// What else it can do

t.test(
  'two directors fed in different order have the same table and the same checksum',
  async (t) => {
    const one = bench()
    const two = bench()
    const service = (
      farm: typeof one.farm,
      order: readonly number[],
    ): ReturnType<typeof farm.service> =>
      farm.service(0, {
        scheduler: 'mh',
        flags: ['mh-fallback', 'mh-port'],
        servers: order.map((n) => farm.server(n, { weight: n === 10 ? 4 : 2 })),
      })
    const a = await one.start({ services: [service(one.farm, [1, 2, 10, 3])] })
    const b = await two.start({ services: [service(two.farm, [10, 2])] })
    await two.run(1)
    t.not(a.director.checksum(), b.director.checksum())
    await b.director.update([service(two.farm, [10, 3, 2, 1])])
    await one.run(12)
    await two.run(12)
    t.equal(await two.table(), '1x2 2x2 3x2 10x4')
    t.equal(await one.table(), await two.table())
    t.equal(a.director.checksum(), b.director.checksum())
    one.farm.sick.add(3)
    await one.run(12)
    t.equal(
      await one.table(),
      '1x2 2x2 3x0 10x4',
      'with the fallback flag a server that is down keeps its place',
    )
    t.not(a.director.checksum(), b.director.checksum())
  },
)

t.test('the order is put right when it costs nobody a connection', async (t) => {
  const { farm, start, run, table, ipvs } = bench()
  const mh = (numbers: readonly number[]): ReturnType<typeof farm.service> =>
    farm.service(0, {
      scheduler: 'mh',
      flags: ['mh-fallback'],
      inhibitOnFailure: false,
      servers: numbers.map((n) => farm.server(n)),
    })
  const { director } = await start({ services: [mh([1, 3])] })
  await run(1)
  ipvs.setConnections(web, at(3), { active: 1 })
  await director.reconcile()
  await director.update([mh([1, 2, 3])])
  await run(12)
  t.equal(await table(), '1x1 3x1 2x1', 'one would have to be added again, and has a connection')
  t.equal((await director.plan()).disorder, 1)
  ipvs.setConnections(web, at(3), { active: 0 })
  await run(12)
  t.equal(await table(), '1x1 2x1 3x1')
  t.equal((await director.plan()).disorder, 0)
})

t.test('slow start: a server that returns gets its weight little by little', async (t) => {
  const { farm, start, run, table } = bench()
  const service = farm.service(2, {
    weight: 100,
    retry: 0,
    rise: 1,
    delayLoop: 5,
    slowStart: { seconds: 20, from: 0.2, steps: 4 },
  })
  await start({ services: [service] })
  await run(1)
  t.equal(await table(), '1x100 2x100', 'when all begin nobody is spared')
  farm.sick.add(1)
  await run(5)
  farm.sick.delete(1)
  await run(5)
  const seen = [await table()]
  for (let i = 0; i < 4; i++) {
    await run(5)
    seen.push(await table())
  }
  t.same(seen, ['2x100 1x20', '2x100 1x40', '2x100 1x60', '2x100 1x80', '2x100 1x100'])
})

t.test('a drain follows the active connections', async (t) => {
  const { farm, start, run, table, ipvs } = bench()
  const { director, lines } = await start({ services: [farm.service(2)] })
  await run(1)
  ipvs.setConnections(web, at(1), { active: 2, inactive: 9 })
  const done = director.drain(`tcp ${vip}:80`, '10.0.2.1:80', { timeout: 60 })
  await run(5)
  t.equal(await table(), '1x0 2x1')
  ipvs.setConnections(web, at(1), { active: 0 })
  await run(2)
  t.match(await done, { what: 'done', connections: 0 })
  t.equal(await table(), '2x1')
  director.undrain(`tcp ${vip}:80`, '10.0.2.1:80')
  await run(1)
  t.equal(await table(), '2x1 1x1')
  t.same(
    lines('drain').map((line) => line.replace(/^.*: /, '')),
    ['drain begun', 'drain done', 'drain undone'],
  )
})

t.test('a drain has a deadline', async (t) => {
  const { farm, start, run, table, ipvs } = bench()
  const { director } = await start({ services: [farm.service(2)] })
  await run(1)
  ipvs.setConnections(web, at(1), { active: 2 })
  const done = director.drain(`tcp ${vip}:80`, '10.0.2.1:80', { timeout: 10 })
  await run(12)
  t.match(await done, { what: 'expired', connections: 2 })
  t.equal(await table(), '2x1')
  await t.rejects(
    director.drain(`tcp ${vip}:80`, '10.0.2.7:80'),
    /expected one of .*got '10.0.2.7:80'/,
  )
})

t.test('fwmarks and IPv6: a mark opens the gates of the VIPs that it is for', async (t) => {
  const { farm, start, run, ipvs } = bench()
  const services = [
    { fwmark: 7, vips: ['10.0.1.8', '10.0.1.9'], servers: [farm.server(1)] },
    {
      address: '2001:db8:0::1',
      port: 80,
      servers: [{ address: '2001:db8::10' }, { address: '2001:db8:0:0::9' }],
    },
  ]
  const { director } = await start({ services })
  await run(1)
  t.same(ipvs.lines(), [
    'fwmark 7 wlc',
    '  10.0.2.1:0 dr 1',
    'tcp [2001:db8::1]:80 wlc',
    '  [2001:db8::9]:80 dr 1',
    '  [2001:db8::10]:80 dr 1',
  ])
  for (const address of ['10.0.1.9', '2001:DB8::1/128']) {
    const gate = director.gate(address)
    const { value } = await gate[Symbol.asyncIterator]().next()
    t.equal(value?.healthy, true, address)
  }
  t.throws(() => director.gate('10.0.1.10'), { code: 'ERR_OSPF_CONFIG' })
})

t.test('checks of the same kind and target run once, however many services ask', async (t) => {
  const { farm, start, run } = bench()
  const { director } = await start({
    services: [80, 81, 82].map((port) => ({ ...farm.service(2, { delayLoop: 5 }), port })),
  })
  await run(12)
  t.equal(director.status().checks, 2)
  t.equal(farm.asked.length, 6, 'two servers, three times')
})

t.test(
  'a check that goes through IPVS has a service of its own, with its server alone',
  async (t) => {
    const { start, run, ipvs } = bench()
    const server = (n: number): object => ({
      address: `10.0.2.${n}`,
      forward: 'nat',
      checks: [{ type: 'tcp', through: { address: '127.0.0.1', port: n }, connectTimeout: 0.1 }],
    })
    const service = { address: vip, port: 80, servers: [server(1), server(2)] }
    const { director } = await start({ services: [service as never] })
    await run(0.05)
    t.same(ipvs.lines(), [
      `tcp ${vip}:80 wlc`,
      'tcp 127.0.0.1:1 rr',
      '  10.0.2.1:80 nat 1',
      'tcp 127.0.0.1:2 rr',
      '  10.0.2.2:80 nat 1',
    ])
    t.equal(director.status().services[0]?.servers[0]?.checks[0]?.name, 'tcp 127.0.0.1:1')
    await director.stop()
    t.same(ipvs.lines(), [])
  },
)

t.test('passive, NAT: packets go in and none comes out', async (t) => {
  const { farm, start, run, table, ipvs } = bench()
  const passive = { window: 10, minimum: 20, hold: 30 }
  const { lines } = await start({ services: [farm.service(2, { forward: 'nat', passive })] })
  await run(1)
  const traffic = async (seconds: number, outPackets: bigint): Promise<void> => {
    for (let i = 0; i < seconds; i++) {
      const there = (await ipvs.destinations(web)).some(({ address }) => address === '10.0.2.1')
      if (there) ipvs.count(web, at(1), { inPackets: 5n, outPackets })
      ipvs.count(web, at(2), { inPackets: 5n, outPackets: 5n })
      await run(1)
    }
  }
  await traffic(30, 5n)
  t.equal(await table(), '1x1 2x1')
  await traffic(25, 0n)
  t.equal(await table(), '2x1')
  t.match(
    lines('server').at(-1),
    /up -> down \(passive: \d+ packets in, none out, in \d+ s; out for 30 s\)/,
  )
  await traffic(31, 5n)
  t.equal(await table(), '2x1 1x1', 'it gets another chance')
  await traffic(20, 0n)
  t.match(lines('server').at(-1), /out for 60 s/, 'and stays out longer if it does not take it')
})

t.test('passive, DR: connections come and none is established', async (t) => {
  const { farm, start, run, table, ipvs } = bench()
  const passive = { window: 10, minimum: 10 }
  const { lines } = await start({ services: [farm.service(2, { passive })] })
  await run(1)
  for (let i = 0; i < 25; i++) {
    const there = (await ipvs.destinations(web)).some(({ address }) => address === '10.0.2.1')
    if (there) ipvs.count(web, at(1), { connections: 3n, inPackets: 7n })
    // short ones, over before anybody looks
    ipvs.count(web, at(2), { connections: 3n, inPackets: 15n })
    await run(1)
  }
  t.equal(await table(), '2x1')
  t.match(lines('server').at(-1), /passive: \d+ connections in \d+ s, none was established/)
})

t.test('passive, DR: what it sees, and what it does not', async (t) => {
  const cases = [
    ['refused: a SYN alone', { inPackets: 3n }, 0, '2x1'],
    ['an active connection hides it', { inPackets: 7n }, 1, '1x1 2x1'],
    ['clients that go on repeating their SYNs hide it', { inPackets: 12n }, 0, '1x1 2x1'],
  ] as const
  for (const [name, packets, active, wanted] of cases) {
    const { farm, start, run, table, ipvs } = bench()
    await start({ services: [farm.service(2, { passive: { window: 10, minimum: 10 } })] })
    await run(1)
    ipvs.setConnections(web, at(1), { active, inactive: 0 })
    for (let i = 0; i < 25; i++) {
      const there = (await ipvs.destinations(web)).some(({ address }) => address === '10.0.2.1')
      if (there) ipvs.count(web, at(1), { connections: 3n, ...packets })
      await run(1)
    }
    t.equal(await table(), wanted, name)
  }
})

t.test('keepLast: the last ones stay however many fail, and count for nothing', async (t) => {
  const { farm, start, run, table } = bench()
  const { director } = await start({ services: [farm.service(3, { keepLast: 1, retry: 0 })] })
  await run(1)
  farm.sick.add(2)
  await run(5)
  t.equal(await table(), '1x1 3x1')
  farm.sick.add(1)
  await run(6)
  farm.sick.add(3)
  await run(6)
  t.equal(await table(), '3x1', 'the one that failed last')
  t.equal(director.status().services[0]?.standing, 'none')
})

t.test('status: connections, weights now and wanted, checks, the last event', async (t) => {
  const { farm, start, run, ipvs } = bench()
  const { director } = await start({
    services: [farm.service(2, { name: 'shop' })],
    reconcileInterval: 2,
  })
  await run(1)
  ipvs.setConnections(web, at(2), { active: 4, inactive: 2 })
  ipvs.count(web, at(2), { connections: 6n, inBytes: 1000n })
  farm.sick.add(1)
  await run(14)
  t.match(director.status(), {
    services: [
      {
        service: 'shop',
        key: `tcp ${vip}:80`,
        scheduler: 'wlc',
        standing: 'quorum',
        problem: undefined,
        activeConnections: 4,
        inactiveConnections: 2,
        statistics: { connections: 6n, inBytes: 1000n },
        servers: [
          { server: '10.0.2.1:80', state: 'down', reason: 'probe 1: refused', weight: undefined },
          { server: '10.0.2.2:80', state: 'up', weight: 1, wantedWeight: 1, activeConnections: 4 },
        ],
        lastEvent: { type: 'server', server: '10.0.2.1:80', state: 'down' },
      },
    ],
    checks: 2,
  })
})

t.test('what an update takes away is forgotten', async (t) => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const { start, run } = bench()
  /** A service of its own with a check that nobody else has. */
  const service = (n: number) => {
    const probe = async (): Promise<void> => {
      if (n === 1) throw new Error('refused')
    }
    const servers = [{ address: '10.0.2.1', checks: [probe] }]
    return { options: { address: vip, port: n, servers }, probe: new WeakRef(probe) }
  }
  const { director, events } = await start({ services: [service(1).options] })
  const told: WeakRef<DirectorEvent>[] = []
  using _ = director.subscribe((event) => void told.push(new WeakRef(event)))
  const probes: WeakRef<() => Promise<void>>[] = []
  for (let n = 2; n < 20; n++) {
    const { options, probe } = service(n)
    probes.push(probe)
    await director.update([options])
    await run(1)
  }
  events.length = 0
  gc()
  await new Promise((resolve) => setImmediate(resolve))
  gc()
  const left = probes.filter((probe) => probe.deref() !== undefined).length
  t.ok(left <= 2, `${left} of ${probes.length} probes are still there`)
  const kept = told.filter((event) => event.deref() !== undefined).length
  t.ok(kept <= 4, `${kept} of ${told.length} events are`)
})

t.test('stop is idempotent, ends the stream, and leaves no timer', async (t) => {
  const { farm, start, run, clock, ipvs } = bench()
  const { director, events } = await start({ services: [farm.service(2)] })
  await run(1)
  await Promise.all([director.stop(), director.stop()])
  await run(0)
  t.equal(clock.planned, 0)
  t.same(ipvs.lines(), [])
  t.equal(events.at(-1)?.type, 'stopped')
  await t.rejects(director.update([]), { code: 'ERR_OSPF_STOPPED' })
})

t.test('a probe that does not return is a failure each turn, and runs once', async (t) => {
  const { farm, start, run, table } = bench()
  let running = 0
  const stuck = (): Promise<void> => {
    running++
    return new Promise(() => {})
  }
  const servers = [farm.server(1), farm.server(2, { checks: [stuck] })]
  const { director } = await start({ services: [farm.service(0, { servers, connectTimeout: 2 })] })
  await run(30)
  t.equal(await table(), '1x1')
  t.equal(running, 1)
  t.match(director.status().services[0]?.servers[1]?.reason, /an earlier run has not returned/)
})

t.test('a preview says what a director would do at its start, and does nothing', async (t) => {
  const { farm, ipvs } = bench()
  await ipvs.addService(foreign)
  const before = ipvs.lines()
  const services = [farm.service(2, { scheduler: 'rr' })]
  const { text, steps } = await Director.preview({ services, ipvs })
  t.match(text, /-A -t 10\.0\.1\.100:80 -s rr .*\n.*10\.0\.2\.1:80.*\n.*10\.0\.2\.2:80/)
  t.equal(steps.length, 3)
  t.same(ipvs.lines(), before)
  await t.rejects(Director.preview({ services: [{ address: 'x', servers: [] }], ipvs }), {
    code: 'ERR_OSPF_CONFIG',
  })
})
