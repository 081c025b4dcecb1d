/** Domains with everything in them that RFC 2328, 3101, 3509, 6860 and 6987 know of areas and externals, at random. */
import type { AreaConfig } from '../../lib/core/io.ts'
import type { Network, SegmentOptions } from '../../lib/sim/network.ts'
import type { Random } from '../../lib/sim/random.ts'
import type { SimRouter } from '../../lib/sim/router.ts'
import { formatIpv4 } from '../../lib/wire/address.ts'
import { quick, randomDomain } from './topologies.ts'

export interface WildDomain {
  readonly routers: readonly SimRouter[]
  /** Pairs of routers with the areas that their virtual links go through. */
  readonly virtualLinks: readonly (readonly [SimRouter, SimRouter, string])[]
  /** Changes something at random, and says what. */
  readonly change: () => string
}

const timers = { helloInterval: 1, deadInterval: 4 }
const vip = '10.99.0.1/32'
const outsiders = ['172.20.0.0/24', '172.20.1.0/24', '172.20.2.0/24', '172.21.0.0/16']

/** `randomDomain`, with virtual links, areas behind areas, forwarding addresses, filters and stub routers. */
export function wildDomain(
  net: Network,
  random: Random,
  options: SegmentOptions = quick,
): WildDomain {
  const { areas } = randomDomain(net, random, options)
  const at = (node: SimRouter) => ({ node, cost: 1 + random.int(4), priority: 1 + random.int(2) })
  const virtualLinks: [SimRouter, SimRouter, string][] = []
  const join = (a: SimRouter, b: SimRouter, area: string): void => {
    a.virtualLink(b.routerId, area, timers)
    b.virtualLink(a.routerId, area, timers)
    virtualLinks.push([a, b, area])
  }
  areas.forEach(({ kind, borders, inside }, i) => {
    const area = `0.0.0.${i + 1}`
    if (kind !== 'normal') return
    // a way between its borders for the whole backbone
    if (random.chance(0.4)) join(borders[0]!, borders[1]!, area)
    // an area behind it, which has the backbone through it alone
    if (!random.chance(0.6)) return
    const far = random.pick(inside)
    const behind = net.router(`v${i + 1}`)
    const where = { ...options, area: `0.0.0.${i + 11}`, prefix: `10.${i + 11}.0.0/24` }
    const isNssa = random.chance(0.4)
    if (isNssa) for (const r of [far, behind]) r.area(where.area, { kind: 'nssa' })
    net.link(at(far), at(behind), where)
    behind.announce(`10.${i + 11}.255.1/32`, { area: where.area, cost: random.int(3) })
    if (random.chance(0.6)) behind.external(random.pick(outsiders), { metric: 5 + random.int(2) })
    for (const border of random.chance(0.5) ? borders : [random.pick(borders)]) {
      if (border !== far) join(border, far, area)
    }
  })
  outside(net, random, options)
  // what is in two areas at once, and a transit area between them, goes round in circles by the book
  for (const [, , area] of virtualLinks) for (const r of net.routers) r.withdraw(vip, { area })
  for (const r of net.routers) {
    if (random.chance(0.1))
      r.stubRouter = {
        includeStub: random.chance(0.5),
        externalMetric: random.pick([undefined, 100]),
      }
    for (const { name, config } of r.attachments) {
      // the ends of a virtual link need addresses that are known (RFC 6860 3.1)
      const isTransit = virtualLinks.some(([, , area]) => area === formatIpv4(config.area))
      if (config.network === 'point-to-point' && !isTransit && random.chance(0.1)) {
        r.configure(name, { prefixSuppression: true })
      }
    }
  }
  // filters and costs; who hides what its neighbor tells makes virtual links lead nowhere, so all borders agree
  areas.forEach(({ borders, kind }, i) => {
    const id = `0.0.0.${i + 1}`
    const wild = wildArea(random, borders[0]!.areaConfig(i + 1))
    // a transit area must be told everything, as its virtual links lead wherever that says (12.4.3)
    const isTransit = virtualLinks.some(([, , area]) => area === id)
    const told = { ...wild, ...(isTransit ? { importList: undefined } : {}) }
    for (const r of borders) {
      const nssa = { ...(told.nssa ?? r.areaConfig(i + 1).nssa), translator: random.pick(roles) }
      r.area(id, { ...r.areaConfig(i + 1), ...told, ...(kind === 'nssa' ? { nssa } : {}) })
    }
  })
  const { routers } = net
  const change = (): string => {
    const r = random.pick(routers)
    const s = random.pick(net.segments)
    const { name } = random.pick(r.attachments)
    const [what, doIt] = random.pick<readonly [string, () => void]>([
      [`${r.name} crashes`, () => r.crash()],
      [`${r.name} restarts`, () => r.restart()],
      [`${s.name} is cut`, () => s.down({ silent: random.chance(0.5) })],
      [`${s.name} is mended`, () => s.up()],
      [`${r.name} ${name} has another cost`, () => r.configure(name, { cost: 1 + random.int(5) })],
      [
        `${r.name} advertises`,
        () => {
          const metricType = random.pick([1, 2] as const)
          r.external(random.pick(outsiders), { metricType, metric: 5 + random.int(2) })
        },
      ],
      [`${r.name} withdraws`, () => r.withdrawExternal(random.pick(outsiders))],
      [
        `${r.name} is a stub router, or not`,
        () => {
          r.stubRouter = r.stubRouter
            ? undefined
            : { includeStub: false, externalMetric: undefined }
        },
      ],
    ])
    doIt()
    return what
  }
  return { routers, virtualLinks, change }
}

const areasOf = (r: SimRouter): number[] => [
  ...new Set(r.attachments.map(({ config }) => config.area)),
]

/** Networks with routers of others on them: what forwarding addresses are for. */
function outside(net: Network, random: Random, options: SegmentOptions): void {
  const count = 1 + random.int(3)
  for (let i = 0; i < count; i++) {
    const first = random.pick(net.routers)
    const area = random.pick(areasOf(first))
    // an address in an area without type 5 is no way for an LSA of type 5 (RFC 3101 2.5 (3))
    const isOpen = first.areaConfig(area).kind === 'normal'
    const here = net.routers.filter((r) => areasOf(r).includes(area) && r !== first)
    if (!isOpen && [first, ...here].some((r) => areasOf(r).length > 1)) continue
    const members = [first, ...random.shuffle(here).slice(0, random.int(2))]
    const passive = random.chance(0.7)
    net.segment(
      `outside${i}`,
      `10.200.${i}.0/24`,
      members.map((node) => ({ node, cost: 1 + random.int(3), passive })),
      { ...options, area: formatIpv4(area) },
    )
    for (const r of members) {
      const forwardingAddress = 0x0ac80000 + i * 256 + random.pick([77, 77, 88])
      const metricType = random.pick([1, 2] as const)
      const prefix = random.pick(outsiders)
      r.external(prefix, { metricType, metric: 5 + random.int(2), forwardingAddress })
    }
  }
}

const roles = ['candidate', 'candidate', 'always', 'never'] as const

function wildArea(random: Random, { ranges, nssa }: AreaConfig): Partial<AreaConfig> {
  const everything = { permit: true, prefix: 0, length: 0, le: 32 } as const
  const vips = { permit: false, prefix: 0x0a630000, length: 16, le: 32 } as const
  const hosts = { permit: false, prefix: 0, length: 0, ge: 32 } as const
  return {
    ...(random.chance(0.3) ? { importList: [random.pick([vips, hosts]), everything] } : {}),
    ...(random.chance(0.3) ? { exportList: [random.pick([vips, hosts]), everything] } : {}),
    ranges: ranges.map((range) => ({
      ...range,
      ...(random.chance(0.3) ? { cost: random.int(20) } : {}),
    })),
    nssa: {
      ...nssa,
      ranges: nssa.ranges.map((range) => ({
        ...range,
        ...(random.chance(0.3) ? { advertise: false } : { tag: random.int(9) }),
      })),
    },
  }
}
