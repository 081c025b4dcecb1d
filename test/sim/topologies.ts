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

const kinds = ['normal', 'normal', 'stub', 'nssa'] as const

/**
 * A backbone of four to six routers and two to four areas around it, each behind two border routers: normal, stub,
 * totally stubby, NSSA; with ranges, VIPs and externals of both types here and there. Area n lives in 10.n.0.0/16.
 */
export function randomDomain(net: Network, random: Random, options: SegmentOptions = quick) {
  const at = (node: SimRouter) => ({ node, cost: 1 + random.int(4), priority: 1 + random.int(2) })
  const count = 2 + random.int(3)
  const backbone = Array.from({ length: 4 + random.int(3) }, (_, i) => net.router(`b${i + 1}`))
  const connect = (area: number, routers: readonly SimRouter[], extra: number): void => {
    let next = 0
    const where = { ...options, area: `0.0.0.${area}` }
    const prefix = () => `10.${area}.${next++}.0/24`
    const link = (a: SimRouter, b: SimRouter) =>
      net.link(at(a), at(b), { ...where, prefix: prefix() })
    routers.forEach((r, i) => {
      if (i > 0) link(r, random.pick(routers.slice(0, i)))
    })
    for (let i = 0; i < extra; i++) {
      const [a, b] = random.shuffle(routers)
      link(a!, b!)
    }
    const lan = random.shuffle(routers).slice(0, 3)
    net.segment(`lan${area}`, prefix(), lan.map(at), where)
  }
  connect(0, backbone, 2)
  const areas = Array.from({ length: count }, (_, i) => {
    const area = i + 1
    const kind = random.pick(kinds)
    const borders = random.shuffle(backbone).slice(0, 2)
    const inside = Array.from({ length: 1 + random.int(3) }, (_, j) => net.router(`a${area}${j}`))
    const range = { prefix: 0x0a000000 + area * 0x10000, length: 16 + random.int(3) }
    const isRanged = random.chance(0.4)
    const summaries = kind === 'normal' || random.chance(0.6)
    const nssa = {
      translator: 'candidate',
      stabilityMs: 5000,
      defaultOriginate: random.chance(0.5) ? ({ metric: 3, metricType: 2 } as const) : undefined,
      ranges: random.chance(0.4)
        ? [{ prefix: 0xc0a80000 + area * 0x100, length: 24, advertise: true }]
        : [],
    } as const
    for (const r of [...borders, ...inside]) {
      const ranges = isRanged ? [{ ...range, advertise: random.chance(0.8) }] : []
      r.area(`0.0.0.${area}`, { kind, summaries, ranges, nssa, defaultCost: 1 + random.int(3) })
    }
    connect(area, random.shuffle([...borders, ...inside]), 1 + random.int(2))
    inside.forEach((r, j) => {
      r.announce(`10.${area}.255.${j}/32`, { area: `0.0.0.${area}`, cost: random.int(3) })
      if (random.chance(0.5)) {
        r.announce('10.99.0.1/32', { area: `0.0.0.${area}`, cost: random.int(3) })
      }
      if (kind === 'stub') return
      const metricType = random.pick([1, 2] as const)
      // the same for several areas and for the backbone, and some of an area's own
      r.external(`172.20.${random.int(3)}.0/24`, { metricType, metric: 5 + random.int(3) })
      r.external(`192.168.${area}.${64 * j}/26`, { metricType, metric: random.int(20) })
    })
    return { kind, borders, inside }
  })
  for (const r of random.shuffle(backbone).slice(0, 2)) {
    r.announce('10.99.0.1/32', { cost: random.int(3) })
    const metricType = random.pick([1, 2] as const)
    r.external(`172.20.${random.int(3)}.0/24`, { metricType, metric: 5 + random.int(3) })
    if (random.chance(0.5)) r.external('0.0.0.0/0', { metricType, metric: 1 })
  }
  return { backbone, areas, routers: net.routers }
}
