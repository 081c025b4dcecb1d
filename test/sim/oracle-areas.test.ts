/** Areas, externals and all between them, against the oracle. `SIM_SEED=13` repeats one seed, `SIM_SEED=1-300` hunts. */
import t, { type Test } from 'tap'
import { settled } from '../../lib/sim/check.ts'
import { Network } from '../../lib/sim/network.ts'
import { Random } from '../../lib/sim/random.ts'
import type { SimRouter } from '../../lib/sim/router.ts'
import { formatIpv4 } from '../../lib/wire/address.ts'
import { randomDomain } from './topologies.ts'

const { SIM_SEED } = process.env
const [first = 1, last = SIM_SEED === undefined ? 12 : first] = (SIM_SEED?.split('-') ?? []).map(
  Number,
)
const seeds = Array.from({ length: last - first + 1 }, (_, i) => first + i)

const areaOf = (r: SimRouter): string => formatIpv4(r.attachments[0]!.config.area)

/** Heals, and demands that all is well soon, and stays so. */
function settles(t: Test, net: Network, seconds = 60): void {
  net.heal()
  const before = net.now
  const rest = net.runUntil(() => settled(net).length === 0, seconds, { every: 1 })
  t.ok(rest, `settles in ${net.now - before} s`)
  if (!rest) t.same(settled(net), [])
  net.run(20)
  t.same(settled(net), [], 'and stays so')
}

for (const seed of seeds) {
  const core = seed % 3 === 0 ? { rfc1583Compatibility: false } : {}
  t.test(`a random domain, seed ${seed}`, async (t) => {
    const net = new Network({ seed, core })
    randomDomain(net, new Random(`domain ${seed}`))
    settles(t, net)
  })

  t.test(`a random domain with faults, seed ${seed}`, async (t) => {
    const net = new Network({ seed, core })
    const random = new Random(`faults ${seed}`)
    const { routers } = randomDomain(net, random)
    net.disturb({ loss: random.pick([0, 0.1, 0.2]), duplication: 0.05, reordering: 0.1 })
    for (let i = 0; i < 30; i++) {
      const r = random.pick(routers)
      const s = random.pick(net.segments)
      const away = random.int(3)
      random.pick([
        () => r.crash(),
        () => r.restart(),
        () => s.down({ silent: random.chance(0.5) }),
        () => s.up(),
        () => r.configure(random.pick(r.attachments).name, { cost: 1 + random.int(5) }),
        () => r.external(`172.20.${away}.0/24`, { metric: 5, metricType: 2 }),
        () => r.withdrawExternal(`172.20.${away}.0/24`),
        () => r.announce('10.99.0.1/32', { area: areaOf(r), cost: random.int(4) }),
      ])()
      net.run(random.next() * random.pick([0.1, 2, 10]))
    }
    for (const r of routers) if (!r.running) r.restart()
    for (const s of net.segments) s.up()
    settles(t, net, 90)
  })
}
