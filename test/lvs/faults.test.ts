/** The list of faults: what becomes of services and VIPs when the kernel cannot, or may not, do what it is told. */
import t from 'tap'
import { OspfError } from '../../lib/errors.ts'
import type { Verdict } from '../../lib/health/gate.ts'
import type { Director } from '../../lib/lvs/director.ts'
import { LatePlane } from '../../lib/lvs/late-plane.ts'
import type { MemoryIpvs } from '../../lib/lvs/memory.ts'
import { type Bench, bench, vip, web } from './bench.ts'

const id = `tcp ${vip}:80`
const at = (n: number): { address: string; port: number } => ({ address: `10.0.2.${n}`, port: 80 })

/** What the announcement of the VIP is told, as it comes. */
function follow(director: Director): Verdict[] {
  const told: Verdict[] = []
  void (async () => {
    for await (const verdict of director.gate(vip)) told.push(verdict)
  })()
  return told
}

/** When the table is read, in seconds. */
function reads({ ipvs, clock }: Bench): number[] {
  const times: number[] = []
  const services = ipvs.services.bind(ipvs)
  ipvs.services = () => {
    times.push(Math.round(clock.now() / 1000))
    return services()
  }
  return times
}

t.test('no right to it, or no IPVS, and told to wait for it', async (t) => {
  for (const [what, code, words] of [
    ['isForbidden', 'ERR_OSPF_PERMISSION', /not permitted \(CAP_NET_ADMIN is missing\)/],
    ['isAbsent', 'ERR_OSPF_IPVS_ABSENT', /no IPVS \(modprobe ip_vs\)/],
  ] as const) {
    const all = bench()
    const { farm, ipvs, start, run, table } = all
    const times = reads(all)
    ipvs[what] = true
    farm.sick.add(2)
    const { director, lines } = await start({ services: [farm.service(2)], waitForPlane: true })
    const told = follow(director)
    await run(100)
    t.match(lines('plane'), [/^IPVS is not ready: /])
    t.match(lines('plane')[0], words)
    t.equal(lines('refused').length, 1, 'said once')
    const { plane, services } = director.status()
    t.match(plane, { state: 'unready', code, since: 0 })
    t.match(services[0], { standing: 'quorum', weight: 1, problem: plane.reason })
    t.same(
      services[0]?.servers.map(({ state }) => state),
      ['up', 'down'],
      'health is known all the same',
    )
    t.same(
      told.map(({ healthy }) => healthy),
      [false],
      'the VIP is not announced',
    )
    t.match(told[0]?.reason, plane.reason)
    t.same(times, [0, 1, 3, 7, 15, 31, 61, 91], 'it is tried again, ever more seldom')
    ipvs[what] = false
    await run(30)
    t.equal(await table(), '1x1')
    t.equal(told.at(-1)?.healthy, true)
    t.equal(lines('plane')[1], 'IPVS is ready')
    t.match(director.status().plane, { state: 'ready', code: undefined, since: 121_000 })
    await director.stop()
  }
})

t.test('the right is lost: the VIP stays while the kernel has somebody who serves', async (t) => {
  const { farm, ipvs, start, run, table } = bench()
  const { director, lines } = await start({
    services: [farm.service(2, { retry: 0, rise: 1, delayLoop: 5 })],
  })
  const told = follow(director)
  await run(1)
  farm.sick.add(2)
  await run(10)
  t.equal(await table(), '1x1')
  ipvs.isForbidden = true
  await run(30)
  t.match(director.status().plane, { state: 'unready', code: 'ERR_OSPF_PERMISSION' })
  t.equal(told.at(-1)?.healthy, true, 'its clients are served')
  farm.sick.delete(2)
  await run(10)
  farm.sick.add(1)
  await run(10)
  t.equal(director.status().services[0]?.standing, 'quorum')
  t.match(
    told.at(-1),
    { healthy: false, reason: /not permitted/ },
    'all clients would be sent to a server that is down',
  )
  ipvs.isForbidden = false
  await run(31)
  t.equal(await table(), '2x1')
  t.equal(told.at(-1)?.healthy, true)
  t.match(lines('plane'), [/^IPVS is not ready: .*CAP_NET_ADMIN/, 'IPVS is ready'])
})

t.test('IPVS goes away under it, with all that was there, and comes back', async (t) => {
  const { farm, ipvs, start, run, table } = bench()
  const { director, lines } = await start({ services: [farm.service(2)] })
  await run(1)
  ipvs.flush()
  ipvs.isAbsent = true
  await run(15)
  t.match(director.status(), {
    plane: { state: 'unready', code: 'ERR_OSPF_IPVS_ABSENT' },
    services: [{ problem: /no IPVS/ }],
  })
  ipvs.isAbsent = false
  await run(31)
  t.equal(await table(), '1x1 2x1')
  t.same(lines('drift'), [`IPVS is not as it was left: ${id} is gone`])
})

t.test('a dump that is interrupted moves nothing', async (t) => {
  for (const call of ['services', 'destinations'] as const) {
    const { farm, ipvs, start, run } = bench()
    const { director, lines } = await start({ services: [farm.service(2)] })
    const told = follow(director)
    await run(1)
    const before = ipvs.log.length
    for (let i = 0; i < 3; i++)
      ipvs.fail(new OspfError('ERR_OSPF_KERNEL', 'list: interrupted', { errno: 'EINTR' }), call)
    await run(11)
    t.match(director.status().plane, { state: 'unready', code: 'ERR_OSPF_KERNEL' }, call)
    await run(10)
    t.match(director.status(), { plane: { state: 'ready' }, services: [{ problem: undefined }] })
    t.same(ipvs.log.slice(before), [])
    t.same(lines('drift'), [])
    t.equal(lines('refused').length, 1)
    t.same(
      told.map(({ healthy }) => healthy),
      [true],
    )
  }
})

t.test('a scheduler that is missing closes the VIP of its service', async (t) => {
  const { farm, ipvs, start, run } = bench()
  ipvs.schedulers.delete('mh')
  const { director, lines } = await start({
    services: [farm.service(1, { scheduler: 'mh', flags: ['mh-fallback'] })],
  })
  const told = follow(director)
  await run(5)
  t.match(told, [{ healthy: false, reason: /Scheduler .* not found: mh/ }])
  t.same(lines('plane'), [], 'IPVS itself is well')
  t.equal(director.status().plane.state, 'ready')
  ipvs.schedulers.add('mh')
  await run(31)
  t.equal(told.at(-1)?.healthy, true)
})

t.test('a destination deleted behind its back is put back, and told', async (t) => {
  const { farm, ipvs, start, run, table } = bench()
  const { director, lines } = await start({ services: [farm.service(2)] })
  const told = follow(director)
  await run(1)
  ipvs.drop(web, at(1))
  await run(11)
  t.equal(await table(), '2x1 1x1')
  t.same(lines('drift'), [`IPVS is not as it was left: ${id}: 10.0.2.1:80 is gone`])
  t.same(
    told.map(({ healthy }) => healthy),
    [true],
  )
})

t.test('5,000 destinations of which every second one fails, and comes back', async (t) => {
  const { start, run, ipvs } = bench()
  let isBad = false
  const sick = async (): Promise<void> => {
    if (isBad) throw new Error('refused')
  }
  const well = async (): Promise<void> => {}
  const servers = Array.from({ length: 5000 }, (_, i) => ({
    address: `10.1.${i >> 8}.${i & 255}`,
    checks: [i % 2 === 0 ? well : sick],
  }))
  const { director } = await start({
    services: [{ address: vip, port: 80, retry: 0, rise: 1, delayLoop: 5, servers }],
  })
  const told = follow(director)
  await run(2)
  t.equal((await ipvs.destinations(web)).length, 5000)
  isBad = true
  await run(8)
  t.equal((await ipvs.destinations(web)).length, 2500)
  isBad = false
  await run(8)
  t.equal((await ipvs.destinations(web)).length, 5000)
  t.same(
    told.map(({ healthy }) => healthy),
    [true],
  )
  await director.stop()
})

t.test('a plane that cannot be opened yet is opened by the next call', async (t) => {
  const { ipvs } = bench()
  let tries = 0
  const late = new LatePlane(async () => {
    if (tries++ < 2) throw new OspfError('ERR_OSPF_PERMISSION', 'Operation not permitted')
    return ipvs
  }, false)
  await t.rejects(late.services(), { code: 'ERR_OSPF_PERMISSION' })
  await t.rejects(late.info(), { code: 'ERR_OSPF_PERMISSION' })
  const service = { key: web, scheduler: 'rr' }
  const one = { ...at(1), forward: 'dr', weight: 1 } as const
  await Promise.all([late.addService(service), late.timeouts()])
  await late.addDestination(web, one)
  await late.setDestination(web, { ...one, weight: 2 })
  await late.setTimeouts({ tcp: 60 })
  await late.setService({ ...service, scheduler: 'wlc' })
  t.equal(tries, 3, 'and by no other')
  t.same(ipvs.lines(), [`${id} wlc`, '  10.0.2.1:80 dr 2'])
  t.same(await late.services(), await ipvs.services())
  t.same(await late.destinations(web), await ipvs.destinations(web))
  t.same(await late.info(), await ipvs.info())
  t.equal((await late.timeouts()).tcp, 60)
  await late.removeDestination(web, one)
  await late.removeService(web)
  t.same(ipvs.lines(), [])
  await late[Symbol.asyncDispose]()
})

t.test('show lvs of a plane that is not ready says so', async (t) => {
  const { farm, ipvs, start, run } = bench()
  const { director } = await start({ services: [farm.service(1)] })
  await run(1)
  ;(ipvs as MemoryIpvs).isForbidden = true
  const { lvsDocument, lvsText } = await import('../../lib/cli/show-lvs.ts')
  const document = await lvsDocument({ director } as never)
  t.match(document, { plane: { state: 'unready', code: 'ERR_OSPF_PERMISSION' } })
  const text = lvsText(document, { has: () => false } as never)
  t.match(text, /^IP Virtual Server is not ready: .*not permitted: what was there/)
  t.match(text, /-> 10\.0\.2\.1:80 /)
})

/** This kernel takes no such destination, whoever asks. */
function refuses({ ipvs }: Bench, n: number): void {
  const words = (): OspfError => new OspfError('ERR_OSPF_IPVS_INVALID', `IPVS: no 10.0.2.${n}`)
  const [add, set] = [ipvs.addDestination.bind(ipvs), ipvs.setDestination.bind(ipvs)]
  const refuse =
    (call: typeof add): typeof add =>
    async (key, one) => {
      if (one.address === `10.0.2.${n}`) throw words()
      return call(key, one)
    }
  ipvs.addDestination = refuse(add)
  ipvs.setDestination = refuse(set)
}

t.test('a destination that is refused holds up none of the others', async (t) => {
  const world = bench()
  const { farm, start, run, table } = world
  refuses(world, 1)
  const { director, lines } = await start({ services: [farm.service(4)] })
  await run(1)
  t.equal(await table(), '2x1 3x1 4x1')
  farm.sick.add(2)
  await run(10)
  t.equal(await table(), '3x1 4x1', 'one that is down leaves')
  farm.sick.clear()
  await run(20)
  t.equal(await table(), '3x1 4x1 2x1')
  await run(120)
  t.equal(lines('refused').length, 1, 'told once')
  t.match(director.status().services[0]?.problem, /no 10.0.2.1/)
  await director.stop()
  t.equal(await table(), '', 'ours, although not as it should be')
})

t.test('servers go on serving while none of those in their place is taken', async (t) => {
  const world = bench()
  const { farm, start, run, table } = world
  const { director } = await start({ services: [farm.service(1)] })
  await run(1)
  refuses(world, 2)
  await director.update([farm.service(0, { servers: [farm.server(2)] })])
  t.equal(await table(), '', 'not checked yet')
  await director.update([farm.service(1)])
  await run(10)
  t.equal(await table(), '1x1')
  const fresh = { servers: [{ address: '10.0.2.2', checks: [] }] }
  await director.update([farm.service(0, fresh)])
  await run(60)
  t.equal(await table(), '1x1')
  await director.update([farm.service(0, { servers: [...fresh.servers, farm.server(3)] })])
  await run(60)
  t.equal(await table(), '3x1')
})

t.test('a scheduler that cannot be changed to does not hold up the servers', async (t) => {
  const { farm, ipvs, start, run, table } = bench()
  ipvs.schedulers.delete('mh')
  const { director } = await start({ services: [farm.service(2)] })
  await run(1)
  await director.update([farm.service(2, { scheduler: 'mh', inhibitOnFailure: false })])
  farm.sick.add(2)
  await run(10)
  t.equal(await table(), '1x1')
  t.match(director.status().services[0]?.problem, /not found: mh/)
})
