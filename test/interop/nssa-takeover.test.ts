/**
 * The translator of an NSSA (RFC 3101 3.1) goes, and another border router takes over. The AS boundary router inside is
 * FRR, the router that must not lose its external is BIRD.
 *
 *   router 10.0.0.1 -- 10.0.0.0/24, area 0 -- low 10.0.0.2, high 10.0.0.3 -- 10.1.0.0/24, NSSA 1 -- inside 10.1.0.4
 */
import t, { type Test } from 'tap'
import type { SpeakerOptions } from '../../lib/index.ts'
import { Bird, Frr, full, redistributed } from './daemons.ts'
import { Lab, missing } from './lab.ts'
import { classicTimers, RouteLog, SpeakerChild } from './speakers.ts'
import { gateways, learns } from './tables.ts'

t.setTimeout(300_000)
t.jobs = 2

const ids = { router: '10.0.0.1', low: '10.0.0.2', high: '10.0.0.3', inside: '10.0.0.4' } as const
const external = { prefix: '172.16.1.0/24', type: 2, metric: 5, tag: 11 } as const
const nssa = '0.0.0.1'
const both = '10.0.0.2,10.0.0.3'

const links = [
  { name: 'eth0', network: '10.0.0.0/24' },
  { name: 'eth1', network: '10.1.0.0/24', area: nssa },
] as const

/** Priority 0: whoever goes here is no Designated Router, which would be another story. */
const borderOptions = (routerId: string): SpeakerOptions => ({
  routerId,
  areas: {
    '0.0.0.0': { interfaces: { eth0: classicTimers } },
    [nssa]: { type: 'nssa', interfaces: { eth1: classicTimers } },
  },
  installRoutes: true,
})

/** All but the border routers. */
async function build(t: Test) {
  const lab = Lab.for(t)
  for (const node of Object.keys(ids)) lab.node(node, { 'net.ipv4.ip_forward': 1 })
  lab.lan('backbone', { router: '10.0.0.1/24', low: '10.0.0.2/24', high: '10.0.0.3/24' })
  lab.lan('area1', { low: '10.1.0.2/24', high: '10.1.0.3/24', inside: '10.1.0.4/24' })
  await redistributed(lab, 'inside', external.prefix)
  const router = new Bird(lab, 'router', { routerId: ids.router, interfaces: [links[0]] })
  const inside = new Frr(lab, 'inside', {
    routerId: ids.inside,
    interfaces: [{ ...links[1], name: 'eth0' }],
    areas: { [nssa]: ['nssa'] },
    external,
  })
  await Promise.all([router.start(), inside.start()])
  return { lab, router, inside }
}

/** Who says type 5 for the external, as a speaker's database has it. */
async function translators(speaker: SpeakerChild): Promise<readonly string[]> {
  const { database } = await speaker.snapshot()
  return database
    .filter(({ type, prefix, age }) => type === 5 && prefix === external.prefix && age < 3600)
    .map(({ advertisingRouter }) => advertisingRouter)
}

t.test(
  'a translator that stops hands over: no route is lost',
  { skip: missing('frr', 'bird') },
  async (t) => {
    const { lab, inside } = await build(t)
    const high = await SpeakerChild.start(t, lab, 'high', borderOptions(ids.high))
    await learns(lab, 'router', { '10.1.0.0/24': '10.0.0.3', [external.prefix]: '10.0.0.3' })
    // the other comes later, and to the backbone first: there it sees who translates. It has never translated, and owes
    // nobody a pause between instances
    await lab.exec('low', ['ip', 'link', 'set', 'eth1', 'down'])
    const low = await SpeakerChild.start(t, lab, 'low', borderOptions(ids.low))
    await learns(lab, 'low', { '10.1.0.0/24': '10.0.0.3', [external.prefix]: '10.0.0.3' })
    await lab.exec('low', ['ip', 'link', 'set', 'eth1', 'up'])
    await full(inside, [ids.low, ids.high])
    await learns(lab, 'router', { '10.1.0.0/24': both, [external.prefix]: both })
    t.same(await translators(low), [ids.high], 'the highest Router ID translates')
    using log = new RouteLog(lab, 'router', async () =>
      ((await gateways(lab, 'router'))[external.prefix] ?? '').split(',').filter(Boolean),
    )
    await log.until(['10.0.0.2', '10.0.0.3'], 'the way through both')
    const since = Date.now()
    const { status } = await high.stop()
    t.equal(status, 0)
    await log.until(['10.0.0.2'], 'the way through the other')
    t.notOk(
      log.seen(since).some((hops) => hops.length === 0),
      `the kernel of the router had a way all the time: ${JSON.stringify(log.seen(since))}`,
    )
    t.same(await translators(low), [ids.low])
  },
)

t.test(
  'a translator that dies is followed: FRR killed, this library takes over',
  { skip: missing('frr', 'bird') },
  async (t) => {
    const { lab, router, inside } = await build(t)
    const high = new Frr(lab, 'high', {
      routerId: ids.high,
      interfaces: [...links],
      areas: { [nssa]: ['nssa'] },
    })
    // FRR leaves its translations out of database exchange: the backbone has to be there first
    await lab.exec('high', ['ip', 'link', 'set', 'eth1', 'down'])
    await high.start()
    await full(router, [ids.high])
    await lab.exec('high', ['ip', 'link', 'set', 'eth1', 'up'])
    const low = await SpeakerChild.start(t, lab, 'low', borderOptions(ids.low))
    await full(router, [ids.low, ids.high])
    await full(inside, [ids.low, ids.high])
    await learns(lab, 'router', { '10.1.0.0/24': both, [external.prefix]: both })
    await high.kill()
    await learns(lab, 'router', { '10.1.0.0/24': '10.0.0.2', [external.prefix]: '10.0.0.2' })
    t.ok((await translators(low)).includes(ids.low))
  },
)
