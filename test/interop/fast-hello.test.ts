/**
 * Hellos below a second, as FRR's `ip ospf dead-interval minimal hello-multiplier`: with FRR on a LAN and on a
 * point-to-point link, each with its own multiplier. Who dies is gone within a second or so. BIRD has whole seconds
 * alone; its shortest is hello 1, dead 2.
 */
import t, { type Test } from 'tap'
import { interfaceText } from '../../lib/cli/show-interface.ts'
import { Bird, Frr, full } from './daemons.ts'
import { Lab, missing, until } from './lab.ts'
import { onEth0, SpeakerChild } from './speakers.ts'

t.setTimeout(120_000)
t.jobs = 3

const speakerId = '10.0.1.2'
const peerId = '10.0.1.1'
const vip = '10.9.9.1'
/** Milliseconds: RouterDeadInterval, and what a busy machine adds. */
const soon = 3000

const withFrr = (type: 'broadcast' | 'point-to-point') => async (t: Test) => {
  const lab = Lab.for(t)
  for (const node of ['frr', 'speaker']) lab.node(node)
  lab.link({ frr: `${peerId}/24`, speaker: `${speakerId}/24` })
  await lab.exec('frr', ['ip', 'address', 'add', `${vip}/32`, 'dev', 'lo'])
  const frr = new Frr(lab, 'frr', {
    routerId: peerId,
    interfaces: [
      {
        name: 'eth0',
        network: '10.0.1.0/24',
        type,
        lines: ['ip ospf dead-interval minimal hello-multiplier 5'],
      },
    ],
    vips: [vip],
  })
  await frr.start()
  const speaker = await SpeakerChild.start(t, lab, 'speaker', {
    routerId: speakerId,
    installRoutes: true,
    areas: {
      0: {
        interfaces: { eth0: { network: type, helloMultiplier: 4, cost: 1 } },
        stubNetworks: { '10.8.8.1/32': 1 },
      },
    },
  })
  const learned = async (): Promise<boolean> =>
    (await speaker.snapshot()).routes.some(({ prefix }) => prefix === `${vip}/32`)

  await full(frr, [speakerId])
  await until(learned, { what: 'the route of FRR' })
  t.match((await speaker.snapshot()).interfaces, [{ helloInterval: 0.25, helloMultiplier: 4 }])
  const { interfaces } = await frr.json<{ interfaces: Record<string, object> }>(
    'show ip ospf interface json',
  )
  t.match(interfaces['eth0'], { timerMsecs: 200, timerDeadSecs: 1, timerWaitSecs: 1 })
  // our own words for the same interface are FRR's
  const line = /^.*Timer intervals configured.*$/m
  const [theirs] = line.exec(await frr.vtysh('show ip ospf interface eth0')) ?? []
  const entries = { eth0: interfaces['eth0'] } as unknown
  const document = { interfaces: entries } as Parameters<typeof interfaceText>[0]
  t.equal(line.exec(interfaceText(document))?.[0], theirs?.trimEnd())

  // Quiet for a while: nothing flaps
  const since = Date.now()
  await new Promise((resolve) => setTimeout(resolve, 5000))
  const lost = (from: number) => speaker.states(peerId, from).filter((state) => state === 'Down')
  t.strictSame(lost(since), [], 'the adjacency holds')

  const killed = Date.now()
  await frr.kill()
  await until(() => lost(killed).length > 0, { what: 'FRR is given up', timeout: 10 })
  await until(async () => !(await learned()), { what: 'its route is gone', timeout: 10 })
  const took = speaker.events('neighbor', { since: killed })[0]!.at - killed
  t.ok(took < soon, `given up after ${took} ms`)

  await frr.start()
  await full(frr, [speakerId])
  await until(async () => (await frr.learned()).includes('10.8.8.1/32'), { what: 'our route' })
  const gone = Date.now()
  await speaker.kill()
  await until(async () => (await frr.fullNeighbors()).length === 0, { what: 'we are given up' })
  t.ok(Date.now() - gone < 2 * soon, `given up after ${Date.now() - gone} ms`)
  await until(async () => (await frr.learned()).length === 0, { what: 'our route is gone' })
}

t.test('with FRR on a LAN', { skip: missing('frr') }, withFrr('broadcast'))
t.test('with FRR, point-to-point', { skip: missing('frr') }, withFrr('point-to-point'))

t.test('with BIRD at its quickest', { skip: missing('bird') }, async (t) => {
  const lab = Lab.for(t)
  for (const node of ['bird', 'speaker']) lab.node(node)
  lab.link({ bird: `${peerId}/24`, speaker: `${speakerId}/24` })
  const bird = new Bird(lab, 'bird', {
    routerId: peerId,
    interfaces: [{ name: 'eth0', network: '10.0.1.0/24', type: 'point-to-point', dead: 2 }],
    vips: [vip],
  })
  await bird.start()
  const settings = { network: 'point-to-point', helloInterval: 1, deadInterval: 2 } as const
  const speaker = await SpeakerChild.start(t, lab, 'speaker', onEth0(speakerId, settings))
  await full(bird, [speakerId])
  await until(() => speaker.states(peerId).at(-1) === 'Full', { what: 'Full with BIRD' })
  const killed = Date.now()
  await bird.kill()
  await until(() => speaker.states(peerId, killed).includes('Down'), { what: 'BIRD is given up' })
  const took = speaker.events('neighbor', { since: killed })[0]!.at - killed
  t.ok(took < soon + 1000, `given up after ${took} ms`)
})
