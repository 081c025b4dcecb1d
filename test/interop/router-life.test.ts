/**
 * The routes of a speaker in its host's kernel, from the outside: what they go through while it is killed and started
 * again, when others change the table, and what it says when it may not write.
 */
import t, { type Test } from 'tap'
import type { SpeakerOptions } from '../../lib/index.ts'
import { addVip } from './classic.ts'
import { Frr } from './daemons.ts'
import { Lab, type LabProcess, missing, until } from './lab.ts'
import { classicTimers, onEth0, SpeakerChild } from './speakers.ts'

t.setTimeout(180_000)
t.jobs = 2

const [router, director] = ['10.0.1.1', '10.0.1.2']
const skip = missing()
const routing = (installRoutes: SpeakerOptions['installRoutes']): SpeakerOptions =>
  onEth0(router, { priority: 1 }, { installRoutes: installRoutes ?? true })

interface World {
  readonly lab: Lab
  readonly lb: SpeakerChild
}

/** A director that announces, on a LAN with what is to be a router. */
async function build(t: Test, vips: readonly string[]): Promise<World> {
  const lab = Lab.for(t)
  for (const name of ['router', 'lb']) lab.node(name)
  lab.lan('lan', { router: `${router}/24`, lb: `${director}/24` })
  const lb = await SpeakerChild.start(t, lab, 'lb', onEth0(director))
  for (const vip of vips) await lb.announce(vip)
  return { lab, lb }
}

/** The learned routes of the router's kernel. */
async function learned(lab: Lab): Promise<string[]> {
  const routes = await lab.routes('router')
  return routes.flatMap(({ dst, protocol }) => (protocol === 'ospf' ? dst : [])).sort()
}

const comes = (lab: Lab, vips: readonly string[]): Promise<unknown> =>
  until(async () => (await learned(lab)).join() === vips.join(), {
    what: `the router has ${vips.join(' ')}`,
    timeout: 60,
  })

/** All that happens to the router's routes from now on. */
async function monitor(lab: Lab): Promise<LabProcess> {
  const watching = lab.spawn('router', ['ip', 'monitor', 'route'], 'ip monitor')
  // a new route each time: the kernel says nothing of one that is replaced by the same
  await until(
    async () => {
      for (const how of ['add', 'del'])
        await lab.exec('router', ['ip', 'route', how, 'blackhole', '192.0.2.1'])
      return watching.output.includes('192.0.2.1')
    },
    { what: 'ip monitor listens' },
  )
  return watching
}

const deleted = ({ output }: LabProcess): string[] =>
  [...output.matchAll(/^Deleted (10\.\S+)/gm)].map(([, prefix]) => prefix!)

/** Seconds: whoever waits for it fails. */
const MUCH_LATER = 600

/** What is said of routes of an earlier life that go; and when, after the start of their heir, for those who read. */
function flushes(t: Test, speaker: SpeakerChild): string[] {
  const started = speaker.events('interface')[0]?.at ?? Number.NaN
  const said = speaker
    .events('kernel')
    .filter(({ event }) => event.what === 'leftover' && event.prefix === undefined)
  for (const { at } of said) t.comment(`flushed after ${(at - started) / 1000} s`)
  return said.map(({ line }) => line)
}

t.test(
  'killed and started again: no route disappears, stale ones do when it has converged',
  { skip },
  async (t) => {
    const vips = ['10.9.0.1', '10.9.0.2', '10.9.0.3']
    const { lab, lb } = await build(t, vips)
    const options = routing({ leftoverTime: MUCH_LATER })
    const first = await SpeakerChild.start(t, lab, 'router', options)
    await comes(lab, vips)
    const watching = await monitor(lab)
    await first.kill()
    await lb.withdraw('10.9.0.2')
    t.strictSame(await learned(lab), vips, 'nobody is there to remove them')
    const next = await SpeakerChild.start(t, lab, 'router', options)
    t.equal(next.failure, undefined)
    await comes(lab, ['10.9.0.1', '10.9.0.3'])
    await until(() => deleted(watching).length > 0, { what: 'the monitor has heard of it' })
    t.strictSame(deleted(watching), ['10.9.0.2'], 'the others were there all the time')
    t.match(flushes(t, next), [/routes of an earlier life .*\(1\) are removed: converged$/])
    t.equal((await next.stop()).status, 0)
    t.strictSame(await learned(lab), [])
  },
)

t.test('killed and started again beside FRR', { skip: missing('frr') }, async (t) => {
  const lab = Lab.for(t)
  for (const name of ['router', 'frr', 'lb']) lab.node(name)
  lab.lan('near', { router: `${router}/24`, frr: `${director}/24` })
  lab.lan('far', { router: '10.0.2.1/24', lb: '10.0.2.2/24' })
  const link = { network: 'point-to-point', deadInterval: 3 } as const
  const eth0 = { name: 'eth0', network: '10.0.1.0/24', type: link.network, dead: 3 }
  const frr = new Frr(lab, 'frr', { routerId: director, interfaces: [eth0], vips: ['10.9.0.1'] })
  await addVip(lab, 'frr', '10.9.0.1')
  await frr.start()
  const lb = await SpeakerChild.start(t, lab, 'lb', onEth0('10.0.2.2', link))
  for (const vip of ['10.9.0.2', '10.9.0.3']) await lb.announce(vip)
  const timers = { ...classicTimers, ...link }
  const options: SpeakerOptions = {
    routerId: router,
    areas: { '0.0.0.0': { interfaces: { eth0: timers, eth1: timers } } },
    installRoutes: { leftoverTime: MUCH_LATER },
  }
  const first = await SpeakerChild.start(t, lab, 'router', options)
  await comes(lab, ['10.9.0.1', '10.9.0.2', '10.9.0.3'])
  const watching = await monitor(lab)
  await first.kill()
  await lb.withdraw('10.9.0.3')
  const next = await SpeakerChild.start(t, lab, 'router', options)
  await comes(lab, ['10.9.0.1', '10.9.0.2'])
  await until(() => deleted(watching).length > 0, { what: 'the monitor has heard of it' })
  t.match(flushes(t, next), [/\(1\) are removed: converged$/])
  await until(async () => (await next.snapshot()).routes.length >= 4, { what: 'all are found' })
  t.strictSame(await learned(lab), ['10.9.0.1', '10.9.0.2'])
  t.strictSame(deleted(watching), ['10.9.0.3'], 'the others were there all the time')
})

t.test('kept at a stop, and taken over by the next one', { skip }, async (t) => {
  const vips = ['10.9.0.1', '10.9.0.2']
  const { lab } = await build(t, vips)
  const options = routing({ keep: true })
  const first = await SpeakerChild.start(t, lab, 'router', options)
  await comes(lab, vips)
  const watching = await monitor(lab)
  t.equal((await first.stop()).status, 0)
  t.strictSame(await learned(lab), vips)
  const next = await SpeakerChild.start(t, lab, 'router', options)
  await until(() => next.states(director).at(-1) === 'Full', { what: 'Full again' })
  await until(async () => (await next.snapshot()).routes.length >= 3, { what: 'routes again' })
  t.strictSame(await learned(lab), vips)
  t.strictSame(deleted(watching), [])
})

t.test('what others do to the table', { skip }, async (t) => {
  const vips = ['10.9.0.1', '10.9.0.2']
  const { lab, lb } = await build(t, vips)
  const foreign = ['via', '10.0.1.99', 'dev', 'eth0', 'proto', 'static', 'metric', '20']
  await lab.exec('router', ['ip', 'route', 'add', '10.9.0.3', ...foreign])
  await SpeakerChild.start(t, lab, 'router', routing(true))
  await comes(lab, vips)
  await lab.exec('router', ['ip', 'route', 'del', '10.9.0.1'])
  await comes(lab, vips)
  const owner = await lab.exec('router', ['ip', 'route', 'show', '10.9.0.3'])
  await lb.announce('10.9.0.3')
  await lb.announce('10.9.0.4')
  await comes(lab, [...vips, '10.9.0.4'])
  t.equal(await lab.exec('router', ['ip', 'route', 'show', '10.9.0.3']), owner, 'left alone')
  await lab.exec('router', ['ip', 'route', 'del', '10.9.0.3'])
  await comes(lab, [...vips, '10.9.0.3', '10.9.0.4'])
})

t.test(
  'without CAP_NET_ADMIN: it learns, and says that it installs nothing',
  { skip },
  async (t) => {
    const vip = '10.9.0.1'
    const { lab } = await build(t, [vip])
    const raw = ['setpriv', '--bounding-set', '-all,+net_raw']
    const speaker = await SpeakerChild.start(t, lab, 'router', routing(true), raw)
    t.equal(speaker.failure, undefined)
    await until(
      async () => (await speaker.snapshot()).routes.some(({ prefix }) => prefix === `${vip}/32`),
      { what: 'the VIP is learned' },
    )
    const said = speaker.events('kernel').filter(({ event }) => event.what === 'forbidden')
    t.equal(said.length, 1)
    t.match(said[0]?.line, /routes are not being installed: .*CAP_NET_ADMIN/)
    t.strictSame(await learned(lab), [])
  },
)

t.test('a table that nobody knows, a VRF that is none', { skip }, async (t) => {
  const lab = Lab.for(t)
  lab.node('router')
  lab.lan('lan', { router: `${router}/24` })
  const refused = async (installRoutes: SpeakerOptions['installRoutes']) =>
    (await SpeakerChild.start(t, lab, 'router', routing(installRoutes))).failure
  t.match(await refused({ table: 'nobody' }), {
    code: 'ERR_OSPF_CONFIG',
    message: /installRoutes: table: .*got 'nobody'/,
  })
  t.match(await refused({ vrf: 'eth0' }), {
    code: 'ERR_OSPF_CONFIG',
    message: /installRoutes: vrf: expected a VRF device, got 'eth0'/,
  })
  t.match(await refused({ vrf: 'red' }), {
    code: 'ERR_OSPF_NO_INTERFACE',
    message: /no such device: red/,
  })
})
