import { Network } from '../../lib/sim/network.ts'
import { Random } from '../../lib/sim/random.ts'
import { quick, randomNetwork } from './topologies.ts'

const timings = [
  quick,
  { helloInterval: 1, deadInterval: 3, retransmitInterval: 1 },
  { helloInterval: 2, deadInterval: 8, retransmitInterval: 5 },
  { helloInterval: 10, deadInterval: 40 },
]

/**
 * A random network to which sixty bad things have happened, and which has just been mended. `limit`: the seconds that
 * it may take to settle.
 */
export function chaos(seed: number, n = 12): { net: Network; limit: number } {
  const net = new Network({ seed })
  const random = new Random(`hunt ${seed}`)
  const timing = random.pick(timings)
  const routers = randomNetwork(net, n, random, timing)
  net.disturb({
    loss: random.pick([0, 0.05, 0.2, 0.4]),
    duplication: random.pick([0, 0.1]),
    reordering: random.pick([0, 0.1, 0.3]),
    jitter: random.pick([0, 0.01, 0.3]),
  })
  for (let i = 0; i < 60; i++) {
    const r = random.pick(routers)
    const s = random.pick(net.segments)
    const name = () => random.pick(r.attachments).name
    random.pick([
      () => r.crash(),
      () => r.restart({ memory: random.chance(0.3) }),
      () => r.restart(),
      () => r.freeze(random.pick(['suspended', 'stalled'])),
      () => r.thaw(),
      () => r.thaw(),
      () => s.down({ silent: random.chance(0.5) }),
      () => s.up(),
      () => s.up(),
      () => random.pick(s.attachments).down({ silent: random.chance(0.5) }),
      () => random.pick(s.attachments).up(),
      () => net.partition([random.shuffle(routers).slice(0, 5)]),
      () => net.partition([]),
      () => r.announce(`10.77.${random.int(5)}.0/24`, { cost: random.int(9) }),
      () => r.withdraw(`10.77.${random.int(5)}.0/24`),
      () => r.configure(name(), { cost: 1 + random.int(5) }),
      () => r.configure(name(), { priority: random.int(4) }),
      () => r.configure(name(), { passive: random.chance(0.2) }),
      () => net.disturb({ loss: random.pick([0, 0.1, 0.3]) }),
      () => random.pick(s.attachments).set({ loss: random.pick([0, 1]) }),
    ])()
    net.run(random.next() * random.pick([0.01, 1, 8, 30]))
  }
  for (const r of routers) {
    r.thaw()
    if (!r.running) r.restart()
    for (const a of r.attachments) if (a.config.passive) r.configure(a.name, { passive: false })
  }
  for (const s of net.segments) {
    s.up()
    for (const a of s.attachments) a.up()
  }
  return { net, limit: 30 + 15 * timing.helloInterval }
}
