/** The kernel's rules, by the numbers of section 2 of the reference ("semantics that bite"). */
import t from 'tap'
import { MemoryIpvs } from '../../lib/lvs/memory.ts'
import type { IpvsDestination, IpvsServiceKey } from '../../lib/lvs/types.ts'
import { VirtualClock } from '../../lib/sim/clock.ts'

const key: IpvsServiceKey = { protocol: 'tcp', address: '10.0.1.100', port: 80 }
const mark: IpvsServiceKey = { fwmark: 7, family: 4 }
const one = (more: Partial<IpvsDestination> = {}): IpvsDestination => ({
  address: '10.0.2.1',
  port: 80,
  forward: 'dr',
  weight: 1,
  ...more,
})

async function made(): Promise<{ ipvs: MemoryIpvs; clock: VirtualClock }> {
  const clock = new VirtualClock()
  const ipvs = new MemoryIpvs({ clock })
  await ipvs.addService({ key, scheduler: 'wlc' })
  return { ipvs, clock }
}

t.test('2 (5): errors', async (t) => {
  const { ipvs } = await made()
  await ipvs.addDestination(key, one())
  const refusals: readonly (readonly [string, string, () => Promise<void>])[] = [
    ['EXISTS', 'EEXIST', () => ipvs.addService({ key, scheduler: 'rr' })],
    ['NO_SERVICE', 'ESRCH', () => ipvs.setService({ key: mark, scheduler: 'rr' })],
    ['NO_SERVICE', 'ESRCH', () => ipvs.removeService(mark)],
    ['NO_SERVICE', 'ESRCH', () => ipvs.addDestination(mark, one())],
    ['SCHEDULER', 'ENOENT', () => ipvs.setService({ key, scheduler: 'fancy' })],
    [
      'SCHEDULER',
      'ENOENT',
      () => ipvs.setService({ key, scheduler: 'rr', persistence: { timeout: 9, engine: 'x' } }),
    ],
    [
      'INVALID',
      'EINVAL',
      () =>
        ipvs.setService({ key, scheduler: 'rr', persistence: { timeout: 9, prefixLength: 33 } }),
    ],
    ['EXISTS', 'EEXIST', () => ipvs.addDestination(key, one())],
    ['NO_DESTINATION', 'ENOENT', () => ipvs.setDestination(key, one({ port: 81 }))],
    ['NO_DESTINATION', 'ENOENT', () => ipvs.removeDestination(key, one({ port: 81 }))],
    ['INVALID', 'ERANGE', () => ipvs.addDestination(key, one({ port: 82, weight: -1 }))],
    ['INVALID', 'ERANGE', () => ipvs.setDestination(key, one({ lowerThreshold: 5 }))],
    ['INVALID', 'EINVAL', () => ipvs.addDestination(key, one({ address: '224.0.0.5' }))],
    ['INVALID', 'EINVAL', () => ipvs.addDestination(key, one({ address: '2001:db8::1' }))],
    [
      'INVALID',
      'EINVAL',
      () => ipvs.addDestination(key, one({ port: 83, forward: 'tun', tunnel: { type: 'gue' } })),
    ],
  ]
  for (const [code, errno, call] of refusals) {
    await t.rejects(call(), { code: `ERR_OSPF_IPVS_${code}`, errno })
  }
  t.same(await ipvs.destinations(mark), [], '2 (4): an unknown service has no destinations')
  await ipvs.addDestination(key, one({ address: '2001:db8::1', forward: 'tun' }))
})

t.test('no IPVS, not permitted, and calls that are to fail', async (t) => {
  const { ipvs } = await made()
  ipvs.isForbidden = true
  await t.rejects(ipvs.services(), { code: 'ERR_OSPF_PERMISSION', errno: 'EPERM' })
  ipvs.isForbidden = false
  ipvs.isAbsent = true
  await t.rejects(ipvs.info(), { code: 'ERR_OSPF_IPVS_ABSENT' })
  ipvs.isAbsent = false
  ipvs.fail(new Error('once'), 'services')
  await ipvs.info()
  await t.rejects(ipvs.services(), /once/)
  t.equal((await ipvs.services()).length, 1)
  ipvs.fail(new Error('never'))
  ipvs.mend()
  await ipvs.info()
})

t.test(
  '2 (7): a removed destination that returns has its connections, for 120 s; a new one is the newest',
  async (t) => {
    const { ipvs, clock } = await made()
    for (const port of [80, 81, 82]) await ipvs.addDestination(key, one({ port }))
    ipvs.setConnections(key, one(), { active: 4 })
    const ports = async (): Promise<string> =>
      (await ipvs.destinations(key)).map((d) => `${d.port}:${d.activeConnections}`).join(' ')
    await ipvs.removeDestination(key, one())
    clock.advance(119_000)
    await ipvs.addDestination(key, one({ weight: 5 }))
    t.equal(await ports(), '81:0 82:0 80:4')
    await ipvs.removeDestination(key, one())
    clock.advance(121_000)
    await ipvs.addDestination(key, one())
    t.equal(await ports(), '81:0 82:0 80:0')
  },
)

t.test('2 (9): thresholds: full at the upper, free again below three quarters of it', async (t) => {
  const { ipvs } = await made()
  await ipvs.addDestination(key, one({ upperThreshold: 4 }))
  for (let i = 0; i < 4; i++) t.ok(ipvs.connect(key))
  t.equal(ipvs.connect(key), undefined)
  ipvs.setConnections(key, one(), { active: 3 })
  t.equal(ipvs.connect(key), undefined)
  ipvs.setConnections(key, one(), { active: 2 })
  t.ok(ipvs.connect(key))
})

t.test('2 (12): nobody to take a connection: refused', async (t) => {
  const { ipvs } = await made()
  t.equal(ipvs.connect(key), undefined)
  await ipvs.addDestination(key, one({ weight: 0 }))
  t.equal(ipvs.connect(key), undefined)
  t.equal(ipvs.connect(mark), undefined)
})

t.test('connections go where there are the fewest for the weight, and are counted', async (t) => {
  const { ipvs } = await made()
  await ipvs.addDestination(key, one({ weight: 5 }))
  await ipvs.addDestination(key, one({ port: 81, weight: 3 }))
  for (let i = 0; i < 80; i++) ipvs.connect(key)
  t.match(await ipvs.destinations(key), [
    { port: 80, activeConnections: 50, statistics: { connections: 50n } },
    { port: 81, activeConnections: 30, statistics: { connections: 30n } },
  ])
  t.match(await ipvs.services(), [{ statistics: { connections: 80n } }])
})

t.test('timeouts: what is left out stays', async (t) => {
  const { ipvs } = await made()
  await ipvs.setTimeouts({ tcpFin: 30 })
  t.same(await ipvs.timeouts(), { tcp: 900, tcpFin: 30, udp: 300 })
})
