/**
 * Domains with virtual links, forwarding addresses, filters, stub routers and all kinds of areas, with and without
 * faults, against the oracle. `SIM_SEED=13` repeats one seed, `SIM_SEED=1-300` hunts.
 */
import t, { type Test } from 'tap'
import { settled } from '../../lib/sim/check.ts'
import { Network } from '../../lib/sim/network.ts'
import { Random } from '../../lib/sim/random.ts'
import { wildDomain } from './domains.ts'

t.setTimeout(600_000)

const { SIM_SEED } = process.env
const [first = 1, last = SIM_SEED === undefined ? 5 : first] = (SIM_SEED?.split('-') ?? []).map(
  Number,
)
const seeds = Array.from({ length: last - first + 1 }, (_, i) => first + i)

const build = (seed: number): Network =>
  new Network({ seed, core: seed % 3 === 0 ? { rfc1583Compatibility: false } : {} })

/** Heals, and demands that all is well soon, and stays so. */
function settles(t: Test, net: Network, seconds: number): void {
  net.heal()
  const before = net.now
  const rest = net.runUntil(() => settled(net).length === 0, seconds, { every: 1 })
  t.ok(rest, `settles in ${net.now - before} s`)
  if (!rest) t.same(settled(net), [])
  net.run(60)
  t.same(settled(net), [], 'and stays so')
}

for (const seed of seeds) {
  t.test(`a wild domain, seed ${seed}`, async (t) => {
    const net = build(seed)
    wildDomain(net, new Random(`wild ${seed}`))
    settles(t, net, 90)
  })

  t.test(`a wild domain with faults, seed ${seed}`, async (t) => {
    const net = build(seed)
    const random = new Random(`wild faults ${seed}`)
    const { change } = wildDomain(net, random)
    net.disturb({ loss: random.pick([0, 0.1, 0.2]), duplication: 0.05, reordering: 0.1 })
    const said: string[] = []
    for (let i = 0; i < 30; i++) {
      said.push(`${net.now.toFixed(1)} ${change()}`)
      net.run(random.next() * random.pick([0.1, 2, 10]))
    }
    for (const r of net.routers) if (!r.running) r.restart()
    for (const s of net.segments) s.up()
    settles(t, net, 120)
    if (!t.passing()) t.comment(said.join('\n'))
  })
}
