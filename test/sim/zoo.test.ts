/**
 * Maps of real networks (the Internet Topology Zoo) in the simulator: every router's routes are the oracle's, sets of
 * equal paths included, and `why` tells of each what the oracle has. `ZOO=Geant2012` runs one.
 */
import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { Router } from '../../lib/core/router.ts'
import { settled } from '../../lib/sim/check.ts'
import { parsePrefix } from '../../lib/sim/fib.ts'
import { Network } from '../../lib/sim/network.ts'
import { oracleRoutes } from '../../lib/sim/oracle.ts'
import { Random } from '../../lib/sim/random.ts'
import { formatPrefix } from '../../lib/wire/address.ts'
import { quick } from './topologies.ts'

const folder = 'fixtures/topologies/zoo'
/** Larger ones say nothing new, and take their time. */
const ROUTERS_MAX = 90

/** Links between nodes, each once; nodes in the order of the file. */
function readMap(name: string): { nodes: number; links: [number, number][] } {
  const text = readFileSync(`${folder}/${name}.gml`, 'utf8')
  const ids = Array.from(text.matchAll(/node \[\s+id (\d+)/g), ([, id]) => Number(id))
  const links = new Map<string, [number, number]>()
  for (const [, source, target] of text.matchAll(/edge \[\s+source (\d+)\s+target (\d+)/g)) {
    const ends = [ids.indexOf(Number(source)), ids.indexOf(Number(target))].sort((a, b) => a - b)
    if (ends[0] !== ends[1]) links.set(ends.join(' '), [ends[0]!, ends[1]!])
  }
  return { nodes: ids.length, links: [...links.values()] }
}

const { ZOO } = process.env
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.gml'))
  .map((file) => file.slice(0, -4))
  .filter((name) => ZOO === undefined || ZOO === name)

t.setTimeout(300_000)
let maps = 0
for (const name of names) {
  const { nodes, links } = readMap(name)
  if (nodes > ROUTERS_MAX && ZOO === undefined) continue
  maps++
  t.test(`${name}: ${nodes} routers, ${links.length} links`, async (t) => {
    t.setTimeout(120_000)
    const cores: Router[] = []
    const random = new Random(name)
    const net = new Network({
      seed: name,
      create: (options) => {
        cores.push(new Router(options))
        return cores.at(-1)!
      },
    })
    const routers = Array.from({ length: nodes }, (_, i) => net.router(`n${i}`))
    // by hop count there are many equal paths; with few different costs there are some, and detours
    const dearest = random.pick([1, 3])
    const cost = () => 1 + random.int(dearest)
    for (const [a, b] of links) {
      net.link({ node: routers[a]!, cost: cost() }, { node: routers[b]!, cost: cost() }, quick)
    }
    for (const router of random.shuffle(routers).slice(0, 4)) router.announce('10.99.0.1/32')
    random.pick(routers).external('0.0.0.0/0', { metricType: 1, metric: 5 })
    net.run(20)
    t.same(settled(net), [], 'at rest, the routes of every router are those of the oracle')

    const multipath = [...oracleRoutes(net).values()].reduce(
      (sum, table) => sum + [...table.values()].filter(({ hops }) => hops.size > 1).length,
      0,
    )
    t.ok(multipath > 0, `${multipath} routes with several next hops`)
    for (const segment of random.shuffle(net.segments).slice(0, 2)) segment.down()
    net.run(20)
    t.same(settled(net), [], 'and without two of its links')

    const wrong: string[] = []
    for (const [router, table] of oracleRoutes(net)) {
      const core = cores.find(({ routerId }) => routerId === router.id)!
      for (const [prefix, { cost: wanted, hops }] of table) {
        const { address, length } = parsePrefix(prefix)
        const { candidates, route } = core.why(address, length)
        const chosen = candidates.filter((candidate) => candidate.chosen)
        const explained = new Set(
          chosen.flatMap(({ nextHops }) => nextHops.map((h) => `${h.interface} ${h.gateway}`)),
        )
        const ends = chosen.map(({ path }) => path?.steps.at(-1)?.cost ?? Number.NaN)
        const isRight =
          chosen.length > 0 &&
          chosen.every((c) => c.cost === wanted) &&
          ends.every((end) => end <= wanted) &&
          (route!.nextHops.some((h) => h.gateway === undefined) || explained.size === hops.size)
        if (!isRight) wrong.push(`${router.name} ${formatPrefix(address, length)}`)
      }
    }
    t.same(wrong, [], 'why says so, too')
  })
}
t.ok(ZOO !== undefined || maps >= 13, `${maps} maps`)
