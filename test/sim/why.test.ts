/** What `why` says adds up, whatever the domain: areas of every kind, ranges, externals, forwarding addresses. */
import t from 'tap'
import { prefixKey } from '../../lib/core/prefix-index.ts'
import { Router } from '../../lib/core/router.ts'
import { formatWhy } from '../../lib/index.ts'
import { Network } from '../../lib/sim/network.ts'
import { oracleRoutes } from '../../lib/sim/oracle.ts'
import { Random } from '../../lib/sim/random.ts'
import { viewRoute } from '../../lib/views.ts'
import { viewWhy } from '../../lib/why.ts'
import { formatIpv4, formatPrefix } from '../../lib/wire/address.ts'
import { figure2, randomDomain } from './topologies.ts'

const { SIM_SEED } = process.env
const [first = 1, last = SIM_SEED === undefined ? 6 : first] = (SIM_SEED?.split('-') ?? []).map(
  Number,
)

/** A network whose cores are at hand. */
function observed(seed: number): { net: Network; cores: Router[] } {
  const cores: Router[] = []
  const net = new Network({
    seed,
    create: (options) => {
      cores.push(new Router(options))
      return cores.at(-1)!
    },
  })
  return { net, cores }
}

/** Every destination that somebody advertises anywhere. */
function destinations(cores: readonly Router[]): [prefix: number, length: number][] {
  const all = new Map(
    cores.flatMap((core) =>
      core.routes().map(({ prefix, length }) => [prefixKey(prefix, length), [prefix, length]]),
    ) as [number, [number, number]][],
  )
  return [...all.values()]
}

const hopTexts = (hops: Iterable<{ interface: string; gateway: number | undefined }>): string =>
  [...new Set(Array.from(hops, (h) => `${h.interface} ${h.gateway}`))].sort().join(', ')

const idText = (h: { type: number; lsId: number; advertisingRouter: number }): string =>
  `${h.type} ${h.lsId} ${h.advertisingRouter}`

t.test('why: the chosen are the route, the others have a reason, the oracle agrees', async (t) => {
  const rules = new Set<string>()
  let explained = 0
  for (let seed = first; seed <= last; seed++) {
    const { net, cores } = observed(seed)
    const random = new Random(`why ${seed}`)
    randomDomain(net, random)
    const { address } = random.pick(random.pick(net.routers).attachments)
    net.routers[0]!.external('172.21.0.0/24', { forwardingAddress: address })
    net.routers[1]!.external('10.99.0.1/32')
    net.run(40)
    const oracle = oracleRoutes(net)
    for (const core of cores) {
      const origins = core.origins()
      for (const [prefix, length] of destinations(cores)) {
        const where = `seed ${seed}, ${formatIpv4(core.routerId)}, ${formatPrefix(prefix, length)}`
        const { route, candidates, notes, covering } = core.why(prefix, length)
        explained++
        const chosen = candidates.filter((c) => c.chosen)
        for (const { reason, path, cost } of candidates) {
          rules.add(reason.replace(/\d+\.\d+\.\d+\.\d+|, \d+|\d+$/g, 'N'))
          if (path && !(path.steps[0]!.cost === 0 && path.steps.at(-1)!.cost <= cost!)) {
            t.fail(`${where}: a path that does not add up`, { path, cost })
          }
        }
        const wanted = oracle
          .get(net.routers.find(({ id }) => id === core.routerId)!)!
          .get(formatPrefix(prefix, length))
        if ((wanted === undefined) !== (route === undefined)) t.fail(`${where}: oracle`, { wanted })
        if (route === undefined) {
          if (chosen.length > 0) t.fail(`${where}: chosen without a route`, { chosen })
          const isCovered = destinationsCover(core, prefix, length)
          if (isCovered !== (covering !== undefined)) t.fail(`${where}: covering`, { covering })
          continue
        }
        if (route.discard) {
          const isSaid = notes.some((note) => note.startsWith('11.1:'))
          if (chosen.length > 0 || !isSaid || !wanted?.discard) t.fail(`${where}: discarded`)
          continue
        }
        const isAttached = notes.some((note) => note.includes('is on this network'))
        const isRight =
          chosen.length > 0 &&
          chosen.every((c) => c.cost === route.cost && c.type2Cost === route.type2Cost) &&
          chosen.every((c) => c.cost === wanted!.cost) &&
          (isAttached || hopTexts(chosen.flatMap((c) => c.nextHops)) === hopTexts(route.nextHops))
        if (!isRight) t.fail(where, { route, candidates, wanted })
        const behind = origins.get(prefixKey(prefix, length)) ?? []
        const texts = [behind.map(idText), chosen.map(({ lsa }) => idText(lsa))]
        const [kept, said] = texts.map((list) => [...new Set(list)].sort().join(', '))
        if (kept !== said) t.fail(`${where}: the LSAs behind it`, { kept, said })
      }
    }
  }
  t.ok(explained > 1000, `${explained} explained`)
  for (const section of [
    '16.1:',
    '16.2 (2)',
    '16.2 (3)',
    '16.2 (6)',
    '16.2 (7)',
    '16.2:',
    '16.4',
  ]) {
    t.ok(
      [...rules].some((rule) => rule.startsWith(section)),
      `${section} was told`,
    )
  }
})

function destinationsCover(core: Router, prefix: number, length: number): boolean {
  return core
    .routes()
    .some(
      (r) =>
        r.length < length &&
        Math.floor(prefix / 2 ** (32 - r.length)) * 2 ** (32 - r.length) === r.prefix,
    )
}

t.test('why: RT6 of RFC 2328, figure 2, in words', async (t) => {
  const { net, cores } = observed(2328)
  const r = figure2(net)
  r[7]!.announce('10.0.99.1/32', { cost: 9 })
  net.run(20)
  const core = cores[5]!
  const text = (prefix: string, length: number): string =>
    formatWhy(
      viewWhy(
        core,
        core.why(
          prefix.split('.').reduce((n, part) => n * 256 + Number(part), 0),
          length,
        ),
        (route) => viewRoute(route, core.now),
        ['a note from outside'],
      ),
    ).replace(/\d+ s old/g, 'so old')
  t.equal(
    text('10.0.99.1', 32),
    `10.0.99.1/32: intra-area, area 0.0.0.0, cost 17, via 10.128.0.18 on eth2
  a note from outside
* router-LSA of 10.0.0.7 in area 0.0.0.0, so old: cost 17
    path: 10.0.0.6 at 0 -> 10.0.0.10 at 7 -> network 10.0.6.3 at 8 -> 10.0.0.7 at 8
    next hops: via 10.128.0.18 on eth2
    chosen: 16.1: the least cost inside an area, 17
- router-LSA of 10.0.0.12 in area 0.0.0.0, so old: cost 21
    path: 10.0.0.6 at 0 -> 10.0.0.10 at 7 -> network 10.0.8.2 at 10 -> 10.0.0.11 at 10 -> network 10.0.9.3 at 11 -> 10.0.0.12 at 11
    next hops: via 10.128.0.18 on eth2
    not chosen: 16.1: a path of cost 17 is shorter`,
  )
  t.match(text('10.0.77.0', 24), /10.0.77.0\/24: no route\n {2}no LSA advertises this prefix/)
})
