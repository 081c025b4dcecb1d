/** What a change would do is what it does: asked of every router, then done in the simulator. `SIM_SEED=1-200` for more. */
import t from 'tap'
import type { Route } from '../../lib/core/io.ts'
import { Router } from '../../lib/core/router.ts'
import { type HypotheticalChange, NothingToChange, whatIf } from '../../lib/core/what-if.ts'
import { settled } from '../../lib/sim/check.ts'
import { Network } from '../../lib/sim/network.ts'
import { Random } from '../../lib/sim/random.ts'
import type { SimRouter } from '../../lib/sim/router.ts'
import { formatIpv4, formatPrefix, parseIpv4 } from '../../lib/wire/address.ts'
import { figure2, quick } from './topologies.ts'

const { SIM_SEED } = process.env
const [first = 1, last = SIM_SEED === undefined ? 10 : first] = (SIM_SEED?.split('-') ?? []).map(
  Number,
)

class Lab {
  readonly net: Network
  readonly cores: Map<string, Router> = new Map()

  constructor(seed: number) {
    this.net = new Network({
      seed,
      create: (options) => {
        const core = new Router(options)
        this.cores.set(formatIpv4(options.routerId), core)
        return core
      },
    })
  }

  core(router: SimRouter): Router {
    return this.cores.get(router.routerId)!
  }

  /** Asks everybody but `without`, does it, and complains where something else came of it. */
  try(changes: readonly HypotheticalChange[], act: () => void, without?: SimRouter): string[] {
    const { net } = this
    const asked = net.routers.filter((router) => router !== without)
    const before = new Map(asked.map((router) => [router, tableOf(router.routes())]))
    const foreseen = new Map(
      asked.map((router) => {
        const state = stateOf(this.core(router))
        const found = whatIf(this.core(router), changes)
        if (stateOf(this.core(router)) !== state) throw new Error('the router was disturbed')
        return [
          router,
          found.map(({ before: old, after, moves }) => {
            const { prefix, length } = (old ?? after)!
            return `${formatPrefix(prefix, length)}: ${text(old)} -> ${text(after)}${moves ? ' moves' : ''}`
          }),
        ]
      }),
    )
    act()
    net.run(30)
    const complaints = settled(net)
    for (const router of asked) {
      const old = before.get(router)!
      const now = tableOf(router.routes())
      const prefixes = [...new Set([...old.keys(), ...now.keys()])]
      const happened = prefixes
        .filter((p) => text(old.get(p)) !== text(now.get(p)))
        .map((p) => {
          const [a, b] = [old.get(p), now.get(p)]
          const moves = hopsOf(a) !== hopsOf(b)
          return `${p}: ${text(a)} -> ${text(b)}${moves ? ' moves' : ''}`
        })
      const said = foreseen.get(router)!
      for (const each of said) {
        if (!happened.includes(each)) complaints.push(`${router.name}: did not happen: ${each}`)
      }
      for (const each of happened) {
        if (!said.includes(each)) complaints.push(`${router.name}: was not foreseen: ${each}`)
      }
    }
    return complaints
  }
}

const tableOf = (routes: Iterable<Route>): Map<string, Route> =>
  new Map(Array.from(routes, (r) => [formatPrefix(r.prefix, r.length), r]))

const hopsOf = (route: Route | undefined): string =>
  route === undefined
    ? 'nothing'
    : route.nextHops.map((hop) => `${hop.interface} via ${hop.gateway}`).join(' and ')

const text = (route: Route | undefined): string =>
  route === undefined
    ? 'nothing'
    : `${route.pathType} ${route.cost} ${route.type2Cost} ${hopsOf(route)}`

/** All that can be seen of a router. */
function stateOf(core: Router): string {
  const trees = [...core.areas.values()].map(({ tree }) => [
    ...(tree?.distance ?? []),
    ...(tree?.hopSet ?? []),
  ])
  return JSON.stringify([
    core.routes(),
    core.database(core.now),
    core.neighbors(),
    core.interfacesNow(),
    core.counters,
    core.nextTimeout(),
    core.hops.size,
    [...core.table.networks].map(([key, { hopSet, cost }]) => [key, hopSet, cost]),
    trees,
  ])
}

const id = (router: SimRouter): number => router.id

/** Links, parallel links and LANs whose members can all be Designated Router. */
function randomLab(seed: number): { lab: Lab; random: Random; routers: SimRouter[] } {
  const lab = new Lab(seed)
  const { net } = lab
  const random = new Random(`what if ${seed}`)
  const count = 5 + random.int(5)
  const routers = Array.from({ length: count }, (_, i) => net.router(`r${i + 1}`))
  const at = (node: SimRouter) => ({ node, cost: 1 + random.int(5), priority: 1 + random.int(2) })
  for (let i = 1; i < count; i++)
    net.link(at(routers[i]!), at(random.pick(routers.slice(0, i))), quick)
  for (let i = random.int(count); i > 0; i--) {
    const [a, b] = random.shuffle(routers)
    net.link(at(a!), at(b!), quick)
  }
  for (let i = random.int(3); i > 0; i--) {
    const members = random.shuffle(routers).slice(0, 3 + random.int(2))
    net.segment(`lan${i}`, `10.9.${i}.0/24`, members.map(at), quick)
  }
  routers.forEach((r, i) => {
    if (i % 2 === 0) r.announce('10.0.1.100/32', { cost: random.int(3) })
    r.announce(`10.255.0.${i + 1}/32`)
    if (i % 3 === 0) {
      const metricType = random.pick([1, 2] as const)
      r.external('172.20.0.0/24', { metricType, metric: 5 + random.int(2) })
    }
  })
  net.run(30)
  return { lab, random, routers }
}

t.test('what if: every kind of change, and then the change itself', async (t) => {
  if (SIM_SEED !== undefined) t.setTimeout(0)
  let foreseen = 0
  for (let seed = first; seed <= last; seed++) {
    for (const kind of ['cost', 'interface', 'cut', 'unplug', 'crash', 'drain', 'withdraw']) {
      const { lab, random, routers } = randomLab(seed)
      const { net } = lab
      const router = random.pick(routers)
      const attachment = random.pick(router.attachments)
      const { name, address, segment } = attachment
      const cost = 1 + random.int(8)
      const here = { router: id(router), address }
      const act = (): string[] => {
        switch (kind) {
          case 'cost':
            return lab.try([{ type: 'link-cost', ...here, cost }], () => {
              router.configure(name, { cost })
            })
          case 'interface':
            // only the router itself knows its interfaces by name
            return lab
              .try([], () => {})
              .concat(
                foreseenBy(lab, router, [{ type: 'interface-cost', interface: name, cost }], () =>
                  router.configure(name, { cost }),
                ),
                foreseenBy(lab, router, [{ type: 'interface-down', interface: name }], () =>
                  attachment.config.network === 'broadcast' ? attachment.down() : segment.down(),
                ),
              )
          case 'cut':
          case 'unplug':
            return lab.try([{ type: 'link-down', ...here }], () => {
              if (attachment.config.network === 'broadcast') attachment.down()
              else segment.down()
            })
          case 'crash':
            return lab.try(
              [{ type: 'router-down', router: id(router) }],
              () => router.crash(),
              router,
            )
          case 'drain': {
            const includeStub = random.chance(0.5)
            return lab.try([{ type: 'drain', router: id(router), includeStub }], () => {
              router.stubRouter = { includeStub, externalMetric: undefined }
            })
          }
          default: {
            const prefix = parseIpv4('10.0.1.100')!
            const who = routers[0]!
            return lab.try([{ type: 'withdraw', router: id(who), prefix, length: 32 }], () =>
              who.withdraw('10.0.1.100/32'),
            )
          }
        }
      }
      const changed = net.routers.map((r) => lab.core(r).counters.calculations)
      t.same(act(), [], `seed ${seed}, ${kind} of ${router.name} ${name}`)
      foreseen += net.routers.filter(
        (r, i) => lab.core(r).counters.calculations > changed[i]!,
      ).length
    }
  }
  t.ok(foreseen > 100, `${foreseen} routers had to calculate`)
})

function foreseenBy(
  lab: Lab,
  router: SimRouter,
  changes: readonly HypotheticalChange[],
  act: () => void,
): string[] {
  const before = tableOf(router.routes())
  const said = whatIf(lab.core(router), changes).map(({ before: old, after }) => {
    const { prefix, length } = (old ?? after)!
    return `${formatPrefix(prefix, length)}: ${text(old)} -> ${text(after)}`
  })
  act()
  lab.net.run(30)
  const now = tableOf(router.routes())
  const happened = [...new Set([...before.keys(), ...now.keys()])]
    .filter((p) => text(before.get(p)) !== text(now.get(p)))
    .map((p) => `${p}: ${text(before.get(p))} -> ${text(now.get(p))}`)
  return said.sort().join('\n') === happened.sort().join('\n')
    ? []
    : [`${router.name}: foreseen ${said.join(', ')}; happened ${happened.join(', ')}`]
}

t.test('what if: several at once, by neighbor, in figure 2 of RFC 2328', async (t) => {
  const lab = new Lab(2328)
  const r = figure2(lab.net)
  lab.net.run(30)
  const [r3, r6, r5] = [r[3]!, r[6]!, r[5]!]
  const changes = [
    { type: 'link-down', router: id(r3), neighbor: id(r6) },
    { type: 'link-cost', router: id(r5), neighbor: id(r6), cost: 1 },
  ] as const
  const cable = (a: SimRouter, b: SimRouter) =>
    lab.net.segments.find((s) => s.attachments.length === 2 && s.of(a) && s.of(b))!
  const complaints = lab.try(changes, () => {
    cable(r3, r6).down()
    r5.configure(cable(r5, r6).of(r5)!.name, { cost: 1 })
  })
  t.same(complaints, [])
})

t.test('what if: what is not there is not changed', async (t) => {
  const lab = new Lab(7)
  const [a, b, c] = ['a', 'b', 'c'].map((name) => lab.net.router(name)) as [
    SimRouter,
    SimRouter,
    SimRouter,
  ]
  lab.net.link(a, b, quick)
  lab.net.link(b, c, quick)
  lab.net.run(10)
  const nowhere = parseIpv4('192.0.2.1')!
  const prefix = { prefix: nowhere, length: 32 }
  const changes: HypotheticalChange[] = [
    { type: 'link-cost', router: id(a), neighbor: id(c), cost: 1 },
    { type: 'link-down', router: id(a), address: nowhere },
    { type: 'router-down', router: nowhere },
    { type: 'drain', router: nowhere, includeStub: false },
    { type: 'withdraw', router: id(b), ...prefix },
    { type: 'interface-cost', interface: 'eth7', cost: 1 },
    { type: 'interface-down', interface: 'eth7' },
  ]
  for (const change of changes) {
    t.throws(() => whatIf(lab.core(a), [change]), NothingToChange, change.type)
  }
  t.same(whatIf(lab.core(a), []), [])
})
