/**
 * GTSM (RFC 5082) with BIRD's `ttl security`: both sides check, and each refuses the other while that one does not.
 * FRR sends TTL 1 and cannot do otherwise.
 */
import t, { type Test } from 'tap'
import type { InterfaceOptions } from '../../lib/index.ts'
import { Bird, Frr, full, type RouterPlan } from './daemons.ts'
import { Lab, missing, until } from './lab.ts'
import { onEth0, SpeakerChild } from './speakers.ts'

t.setTimeout(120_000)
t.jobs = 4

const ours = '10.0.1.2'
const theirs = '10.0.1.1'
/** Hellos that go by, at one a second, while nothing must come of them. */
const patience = 4000

const plan = (type: 'broadcast' | 'point-to-point', security: string): RouterPlan => ({
  routerId: theirs,
  interfaces: [
    { name: 'eth0', network: '10.0.1.0/24', type, lines: [`ttl security ${security};`] },
  ],
})

function cable(t: Test): Lab {
  const lab = Lab.for(t)
  for (const node of ['peer', 'speaker']) lab.node(node)
  lab.link({ peer: `${theirs}/24`, speaker: `${ours}/24` })
  return lab
}

const start = (t: Test, lab: Lab, settings: InterfaceOptions): Promise<SpeakerChild> =>
  SpeakerChild.start(t, lab, 'speaker', onEth0(ours, settings))

for (const network of ['broadcast', 'point-to-point'] as const) {
  t.test(`BIRD, ${network}: it checks, we check`, { skip: missing('bird') }, async (t) => {
    const lab = cable(t)
    const bird = new Bird(lab, 'peer', plan(network, 'no'))
    await bird.start()
    const speaker = await start(t, lab, { network, ttlSecurity: true })
    await until(() => speaker.events('mismatch').length > 0, { what: 'the mismatch is said' })
    await new Promise((resolve) => setTimeout(resolve, patience))
    const mismatch = { field: 'TTL', ours: 'at least 255', theirs: '1', address: theirs }
    t.match(
      speaker.events('mismatch').map(({ event }) => event),
      [mismatch],
      'once',
    )
    const { neighbors, interfaces } = await speaker.snapshot()
    t.strictSame(neighbors, [])
    t.ok((interfaces[0]?.drops.ttl ?? 0) > 1, 'and counted')

    await bird.configure(plan(network, 'yes'))
    await full(bird, [ours])
    await until(() => speaker.states(theirs).at(-1) === 'Full', { what: 'Full with BIRD' })
  })
}

t.test('BIRD checks, and we send nothing for it', { skip: missing('bird') }, async (t) => {
  const lab = cable(t)
  const bird = new Bird(lab, 'peer', plan('broadcast', 'yes'))
  await bird.start()
  const careless = await start(t, lab, {})
  await until(() => careless.states(theirs).length > 0, { what: 'we hear BIRD' })
  await new Promise((resolve) => setTimeout(resolve, patience))
  t.strictSame(careless.states(theirs), ['Init'], 'BIRD does not hear us')
  await careless.stop()
  await start(t, lab, { ttlSecurity: { txOnly: true } })
  await full(bird, [ours])
  t.pass('TTL 255 is all that it wants')
})

t.test('FRR, and txOnly until it is gone', { skip: missing('frr') }, async (t) => {
  const lab = cable(t)
  const { routerId } = plan('broadcast', 'no')
  const frr = new Frr(lab, 'peer', {
    routerId,
    interfaces: [{ name: 'eth0', network: '10.0.1.0/24' }],
  })
  await frr.start()
  const strict = await start(t, lab, { ttlSecurity: true })
  await until(() => strict.events('mismatch').length > 0, { what: 'the mismatch is said' })
  t.match(strict.events('mismatch')[0]?.event, { field: 'TTL', theirs: '1' })
  await strict.stop()
  const patient = await start(t, lab, { ttlSecurity: { txOnly: true } })
  await full(frr, [ours])
  await until(() => patient.states(theirs).at(-1) === 'Full', { what: 'Full with FRR' })
})
