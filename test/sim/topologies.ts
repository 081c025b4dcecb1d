import type { Network, SegmentOptions } from '../../lib/sim/network.ts'
import type { Random } from '../../lib/sim/random.ts'
import type { SimRouter } from '../../lib/sim/router.ts'

/** Timers that make short tests: the outcome is that of 10 and 40 seconds. */
export const quick = { helloInterval: 1, deadInterval: 4, retransmitInterval: 2 } as const

/** Figure 2 of RFC 2328 without its externals, as one area. Interfaces cost differently from each side. */
export function figure2(net: Network, options: SegmentOptions = quick) {
  const r = Array.from({ length: 13 }, (_, i) => (i === 0 ? undefined : net.router(`RT${i}`)))
  const at = (i: number, cost: number) => ({ node: r[i]!, cost })
  const lan = (n: number, ...members: [router: number, cost: number][]) =>
    net.segment(
      `N${n}`,
      `10.0.${n}.0/24`,
      members.map((m) => at(...m)),
      options,
    )
  lan(1, [1, 3])
  lan(2, [2, 3])
  lan(3, [1, 1], [2, 1], [3, 1], [4, 1])
  lan(4, [3, 2])
  lan(6, [7, 1], [8, 1], [10, 1])
  lan(7, [8, 4])
  lan(8, [10, 3], [11, 2])
  lan(9, [9, 1], [11, 1], [12, 1])
  lan(10, [12, 2])
  lan(11, [9, 3])
  net.link(at(3, 8), at(6, 6), options)
  net.link(at(4, 8), at(5, 8), options)
  net.link(at(5, 7), at(6, 6), options)
  net.link(at(5, 6), at(7, 6), options)
  net.link(at(6, 7), at(10, 5), options)
  r[12]!.announce('10.0.99.1/32', { cost: 10 })
  return r as [undefined, ...SimRouter[]]
}

/** A connected network of links and small LANs with random costs; every fourth router announces a VIP. */
export function randomNetwork(
  net: Network,
  n: number,
  random: Random,
  options: SegmentOptions = quick,
) {
  const routers = Array.from({ length: n }, (_, i) => net.router(`r${i + 1}`))
  const at = (node: SimRouter) => ({ node, cost: 1 + random.int(5), priority: random.int(3) })
  // A tree first, so that everybody is reached, then some more for equal and redundant paths.
  for (let i = 1; i < n; i++)
    net.link(at(routers[i]!), at(random.pick(routers.slice(0, i))), options)
  for (let i = 0; i < n / 2; i++) {
    const [a, b] = random.shuffle(routers)
    net.link(at(a!), at(b!), options)
  }
  for (let i = 0; i < n / 4; i++) {
    const members = random
      .shuffle(routers)
      .slice(0, 3 + random.int(3))
      .map(at)
    // Somebody has to be eligible.
    members[0]!.priority = 1
    net.segment(`lan${i}`, `10.9.${i}.0/24`, members, options)
  }
  routers.forEach((r, i) => {
    if (i % 4 === 0) r.announce('10.0.1.100/32', { cost: random.int(3) })
    r.announce(`10.255.0.${i + 1}/32`)
  })
  return routers
}
