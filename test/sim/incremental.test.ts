/**
 * What is calculated piece by piece, as changes come, is what a calculation of everything finds: random domains with
 * areas, NSSAs, ranges, externals and forwarding addresses under random changes. `SIM_SEED=1-3000` hunts with many.
 */
import t from 'tap'
import { RouterCopy } from '../../lib/core/copy.ts'
import type { Route } from '../../lib/core/io.ts'
import { Router } from '../../lib/core/router.ts'
import { Network } from '../../lib/sim/network.ts'
import { Random } from '../../lib/sim/random.ts'
import type { SimRouter } from '../../lib/sim/router.ts'
import { formatIpv4, formatPrefix } from '../../lib/wire/address.ts'
import { randomDomain } from './topologies.ts'

const { SIM_SEED } = process.env
const [first = 1, last = SIM_SEED === undefined ? 6 : first] = (SIM_SEED?.split('-') ?? []).map(
  Number,
)

const text = (route: Route): string =>
  JSON.stringify([
    route.pathType,
    route.area,
    route.cost,
    route.type2Cost,
    route.tag,
    ...route.nextHops.map((hop) => `${hop.interface} ${hop.gateway} ${hop.onLink}`),
  ])

const tableOf = (routes: Iterable<Route>): Map<string, string> =>
  new Map(Array.from(routes, (r) => [formatPrefix(r.prefix, r.length), text(r)]))

/** Complaints about a router whose table is not what its databases say. */
function differences(name: string, router: Router): string[] {
  const whole = tableOf(new RouterCopy(router).calculate().values())
  const pieces = tableOf(router.routes())
  return [...new Set([...whole.keys(), ...pieces.keys()])]
    .filter((prefix) => whole.get(prefix) !== pieces.get(prefix))
    .map((p) => `${name} ${p}: ${pieces.get(p)} instead of ${whole.get(p)}`)
}

/** Something that an operator does, or that happens; nearly always it is no change of the topology. */
function change(net: Network, random: Random): void {
  const router = random.pick(net.routers)
  const areas = [...new Set(router.attachments.map((a) => a.config.area))]
  const area = random.pick(areas)
  const stub = random.pick([
    '10.99.0.1/32',
    '10.99.0.2/32',
    // in ranges, and over forwarding addresses
    `10.${area}.77.0/24`,
    `10.${area}.0.0/28`,
    `10.${area}.1.0/25`,
  ])
  const external = random.pick(['172.20.0.0/24', '172.20.1.0/24', '0.0.0.0/0', '10.99.0.1/32'])
  switch (random.int(8)) {
    case 0:
    case 1:
    case 2:
      router.announce(stub, { area: formatIpv4(area), cost: random.int(4) })
      break
    case 3:
    case 4:
      for (const { prefix, length, area: where } of random
        .shuffle([...router.announced])
        .slice(0, 2)) {
        router.withdraw(formatPrefix(prefix, length), { area: formatIpv4(where) })
      }
      break
    case 5: {
      const near = random.pick(random.pick(net.routers).attachments).address
      router.external(external, {
        metricType: random.pick([1, 2] as const),
        metric: random.int(5),
        tag: random.int(3),
        forwardingAddress: random.chance(0.5) ? near : 0,
      })
      break
    }
    case 6:
      router.withdrawExternal(external)
      break
    case 7:
      if (random.chance(0.3)) {
        router.configure(random.pick(router.attachments).name, { cost: 1 + random.int(5) })
      } else if (random.chance(0.2)) flap(router, random)
  }
}

function flap(router: SimRouter, random: Random): void {
  const attachment = random.pick(router.attachments)
  if (attachment.carrier) attachment.down()
  else attachment.up()
}

// a hunt takes as long as it takes
if (SIM_SEED !== undefined) t.setTimeout(0)

t.test('routes calculated piece by piece are those calculated as a whole', async (t) => {
  let compared = 0
  let pieces = 0
  for (let seed = first; seed <= last; seed++) {
    const cores = new Map<string, Router>()
    const random = new Random(`incremental ${seed}`)
    const net = new Network({
      seed,
      create: (options) => {
        const core = new Router(options)
        cores.set(formatIpv4(options.routerId), core)
        return core
      },
    })
    using _ = net.onEvent((_, event) => {
      if (event.type === 'spf' && event.what === 'networks') pieces++
    })
    randomDomain(net, random)
    net.run(20)
    const wrong: string[] = []
    for (let i = 0; i < 40 && wrong.length === 0; i++) {
      for (let n = random.int(3); n >= 0; n--) change(net, random)
      net.run(random.pick([0.003, 0.02, 0.2, 3]))
      for (const [name, core] of cores) {
        if (core.routing.isPending) continue
        compared++
        wrong.push(...differences(name, core))
      }
    }
    t.same(wrong, [], `seed ${seed}`)
  }
  t.ok(
    compared > 100 * (last - first + 1) && pieces > 50 * (last - first + 1),
    `${compared} tables, ${pieces} calculations of networks`,
  )
})
