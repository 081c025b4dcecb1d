/**
 * A triangle of point-to-point links: this library, FRR and BIRD. A thousand prefixes of each neighbor are learned,
 * follow the links as they go and come, and leave at once.
 *
 *          speaker 10.0.0.1
 *     10.0.12.0/30    10.0.13.0/30
 *   frr 10.0.0.2 ---- bird 10.0.0.3
 *          10.0.23.0/30
 */
import t, { type Test } from 'tap'
import { Bird, Frr, full, type RouterPlan } from './daemons.ts'
import { type KernelRoute, Lab, missing, until } from './lab.ts'
import { classicTimers, SpeakerChild } from './speakers.ts'

t.setTimeout(180_000)

const speakerId = '10.0.0.1'
const frrId = '10.0.0.2'
const birdId = '10.0.0.3'
const viaFrr = '10.0.12.2'
const viaBird = '10.0.13.2'

/** Host prefixes, `count` of them. */
const prefixes = (count: number, first: string): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${first}.${i >> 8}.${i & 255}`)

const ofFrr = prefixes(1000, '10.102')
const ofBird = prefixes(1000, '10.103')

const on = (name: string, network: string) =>
  ({ name, network, type: 'point-to-point' }) as const satisfies RouterPlan['interfaces'][number]

const birdPlan = (vips: readonly string[]): RouterPlan => ({
  routerId: birdId,
  interfaces: [on('eth0', '10.0.13.0/30'), on('eth1', '10.0.23.0/30')],
  vips,
})

t.test('a triangle with FRR and BIRD', { skip: missing('frr', 'bird') }, async (t) => {
  const lab = Lab.for(t)
  for (const node of ['speaker', 'frr', 'bird']) lab.node(node, { 'net.ipv4.ip_forward': 1 })
  lab.link({ speaker: '10.0.12.1/30', frr: '10.0.12.2/30' })
  lab.link({ speaker: '10.0.13.1/30', bird: '10.0.13.2/30' })
  lab.link({ frr: '10.0.23.1/30', bird: '10.0.23.2/30' })
  const add = ofFrr.map((address) => `address add ${address}/32 dev lo`).join('\n')
  await lab.exec('frr', ['sh', '-c', `ip -batch - <<'END'\n${add}\nEND`])
  const frr = new Frr(lab, 'frr', {
    routerId: frrId,
    interfaces: [on('eth0', '10.0.12.0/30'), on('eth1', '10.0.23.0/30')],
    extra: ['network 10.102.0.0/16 area 0.0.0.0'],
  })
  const bird = new Bird(lab, 'bird', birdPlan(ofBird))
  await Promise.all([frr.start(), bird.start()])
  const link = { ...classicTimers, network: 'point-to-point' } as const
  const speaker = await SpeakerChild.start(t, lab, 'speaker', {
    routerId: speakerId,
    areas: { '0.0.0.0': { interfaces: { eth0: link, eth1: link } } },
    installRoutes: true,
  })

  await full(frr, [speakerId, birdId])
  await full(bird, [speakerId, frrId])
  for (const id of [frrId, birdId]) {
    await until(() => speaker.states(id).at(-1) === 'Full', { what: `Full with ${id}` })
  }
  const { interfaces } = await speaker.snapshot()
  t.match(interfaces, [{ state: 'Point-to-point' }, { state: 'Point-to-point' }])
  t.strictSame(speaker.events('designated-router'), [], 'no election')
  await learned(t, lab, 'learned', viaBird)

  // The link to BIRD goes: both ends know at once, and FRR is the way.
  await lab.exec('speaker', ['ip', 'link', 'set', 'eth1', 'down'])
  await learned(t, lab, 'link down', viaFrr)
  const since = Date.now()
  await lab.exec('speaker', ['ip', 'link', 'set', 'eth1', 'up'])
  await until(() => speaker.states(birdId, since).at(-1) === 'Full', { what: 'Full once more' })
  await learned(t, lab, 'link up', viaBird)

  // Cut short: down for less than the dead interval.
  for (let i = 0; i < 5; i++) {
    await lab.exec('speaker', ['ip', 'link', 'set', 'eth1', 'down'])
    await lab.exec('speaker', ['ip', 'link', 'set', 'eth1', 'up'])
  }
  await full(bird, [speakerId])
  await learned(t, lab, 'after a burst of flaps', viaBird)

  // Withdrawn all at once: one event, and none is left behind.
  const before = Date.now()
  await bird.configure(birdPlan([]))
  await until(async () => (await byGateway(lab)).get('10.103')?.size === undefined, {
    what: 'the prefixes of BIRD are gone',
  })
  const gone = Date.now()
  const last = speaker.events('routes', { since: before })
  t.equal(last.length, 1, 'in one piece')
  t.equal(last[0]?.event.removed.length, ofBird.length)
  const lag = gone - last[0]!.at
  t.ok(lag < 1000, `and at once: the kernel has none ${lag} ms later`)
  t.equal((await byGateway(lab)).get('10.102')?.get(viaFrr), ofFrr.length, 'those of FRR stay')

  await bird.configure(birdPlan(ofBird))
  await learned(t, lab, 'announced again', viaBird)

  t.equal((await speaker.stop()).status, 0)
  t.equal((await byGateway(lab)).size, 0, 'its routes go with it')
})

/** How many routes of protocol 188 each block of prefixes has through each gateway. */
async function byGateway(lab: Lab): Promise<ReadonlyMap<string, ReadonlyMap<string, number>>> {
  const shown = await lab.exec('speaker', ['ip', '-j', 'route', 'show', 'proto', '188'])
  const counts = new Map<string, Map<string, number>>()
  for (const { dst, gateway, nexthops } of JSON.parse(shown || '[]') as readonly KernelRoute[]) {
    const block = /^10\.10[23]/.exec(dst)?.[0]
    if (block === undefined) continue
    const via = nexthops?.map((hop) => hop.gateway).join() ?? gateway ?? 'nowhere'
    const of = counts.get(block) ?? new Map<string, number>()
    counts.set(block, of.set(via, (of.get(via) ?? 0) + 1))
  }
  return counts
}

/** Waits until the kernel has every prefix, those of FRR through FRR and those of BIRD through `gateway`. */
async function learned(t: Test, lab: Lab, when: string, gateway: string): Promise<void> {
  const wanted = JSON.stringify([[[viaFrr, ofFrr.length]], [[gateway, ofBird.length]]])
  await until(
    async () => {
      const counts = await byGateway(lab)
      const seen = JSON.stringify(['10.102', '10.103'].map((of) => [...(counts.get(of) ?? [])]))
      if (seen === wanted) return true
      throw new Error(seen)
    },
    { what: `${when}: the kernel has ${wanted}` },
  )
  t.pass(`${when}: ${wanted}`)
}
