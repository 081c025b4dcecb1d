/**
 * What a change would do, in domains of several areas, beside what it does. A router foresees all of it as long as the
 * others have nothing new to say of other areas and of the outside: what border routers would then summarize or translate
 * differently is theirs to calculate. What lies inside the router's own areas it foresees in any case.
 * `SIM_SEED=1-200` for more.
 */
import t from 'tap'
import type { Route } from '../../lib/core/io.ts'
import { Router } from '../../lib/core/router.ts'
import { type HypotheticalChange, whatIf } from '../../lib/core/what-if.ts'
import { settled } from '../../lib/sim/check.ts'
import { Network } from '../../lib/sim/network.ts'
import { Random } from '../../lib/sim/random.ts'
import type { SimRouter } from '../../lib/sim/router.ts'
import { formatPrefix } from '../../lib/wire/address.ts'
import { LsType } from '../../lib/wire/lsa.ts'
import { randomDomain } from './topologies.ts'

t.setTimeout(process.env['SIM_SEED'] === undefined ? 150_000 : 0)

const { SIM_SEED } = process.env
const [first = 1, last = SIM_SEED === undefined ? 3 : first] = (SIM_SEED?.split('-') ?? []).map(
  Number,
)

type Table = ReadonlyMap<string, string>

const text = (route: Route): string => {
  const { pathType, cost, type2Cost, nextHops, discard } = route
  const hops = nextHops.map((hop) => `${hop.interface} via ${hop.gateway}`).sort()
  return `${pathType} ${cost} ${type2Cost} ${discard ? 'discarded' : hops.join(' and ')}`
}
const prefixOf = ({ prefix, length }: Route): string => formatPrefix(prefix, length)
const tableOf = (core: Router): Table => new Map(core.routes().map((r) => [prefixOf(r), text(r)]))

/** The table after a change, as it is foreseen. */
function foresee(core: Router, changes: readonly HypotheticalChange[]): Table {
  const table = new Map(tableOf(core))
  for (const { before, after } of whatIf(core, changes)) {
    if (after) table.set(prefixOf(after), text(after))
    else table.delete(prefixOf(before!))
  }
  return table
}

const aboutElsewhere: readonly number[] = [
  LsType.summaryNetwork,
  LsType.summaryAsbr,
  LsType.external,
  LsType.nssa,
]

/** What is said of other areas and of the outside, and who is a border or boundary router. */
function elsewhere(core: Router): string {
  return core
    .database(core.now)
    .flatMap(({ area, lsa: { header, body }, age }) => {
      if (age >= 3600) return []
      const who = `${area} ${header.type} ${header.lsId} ${header.advertisingRouter}`
      if (body.kind === 'router') return `${who} ${body.border} ${body.external}`
      const isOurs = header.advertisingRouter === core.routerId && header.type !== LsType.external
      return aboutElsewhere.includes(header.type) && !isOurs ? `${who} ${JSON.stringify(body)}` : []
    })
    .sort()
    .join('\n')
}

const isInside = (route: string | undefined): boolean => route?.startsWith('intra-area') ?? false

t.test('several areas: all that does not hang on what others will say', async (t) => {
  t.setTimeout(SIM_SEED === undefined ? 140_000 : 0)
  const counts = { whole: 0, inside: 0, differing: 0 }
  for (let seed = first; seed <= last; seed++) {
    for (const kind of ['cost', 'cut', 'crash', 'drain', 'withdraw'] as const) {
      const cores = new Map<number, Router>()
      const net = new Network({
        seed,
        create: (options) => {
          const core = new Router(options)
          cores.set(options.routerId, core)
          return core
        },
      })
      const random = new Random(`what if ${seed} ${kind}`)
      const { areas } = randomDomain(net, random)
      net.run(40)
      const coreOf = (router: SimRouter): Router => cores.get(router.id)!
      const who = random.pick(
        kind === 'withdraw' ? areas.flatMap(({ inside }) => inside) : net.routers,
      )
      const { changes, act } = event(kind, who, random)
      // who is in no area of the change does not know of such a link or router
      const asked = net.routers.flatMap((router) => {
        if (kind === 'crash' && router === who) return []
        try {
          const core = coreOf(router)
          return { router, foreseen: foresee(core, changes), was: elsewhere(core) }
        } catch {
          return []
        }
      })
      t.ok(asked.length > 0, `seed ${seed}, ${kind}: somebody knows of it`)
      const before = new Map(asked.map(({ router }) => [router, tableOf(coreOf(router))]))
      act()
      net.run(60)
      const complaints = settled(net)
      for (const { router, foreseen, was } of asked) {
        const now = tableOf(coreOf(router))
        const isWhole = elsewhere(coreOf(router)) === was
        counts[isWhole ? 'whole' : 'inside']++
        for (const prefix of new Set([...foreseen.keys(), ...now.keys()])) {
          const [said, came] = [foreseen.get(prefix), now.get(prefix)]
          if (came !== before.get(router)!.get(prefix)) counts.differing++
          if (said === came || !(isWhole || isInside(said) || isInside(came))) continue
          complaints.push(`${router.name}: ${prefix}: foreseen ${said}, came ${came}`)
        }
      }
      if (complaints.length > 0) t.fail(`seed ${seed}, ${kind} of ${who.name}`, { complaints })
    }
  }
  t.comment(counts)
  t.ok(counts.whole > 20 && counts.inside > 20 && counts.differing > 100, 'much was asked')
})

function event(
  kind: 'cost' | 'cut' | 'crash' | 'drain' | 'withdraw',
  who: SimRouter,
  random: Random,
): { readonly changes: readonly HypotheticalChange[]; readonly act: () => void } {
  const router = who.id
  const attachment = random.pick(who.attachments)
  const { name, address, segment } = attachment
  switch (kind) {
    case 'cost': {
      const cost = 1 + random.int(8)
      const changes = [{ type: 'link-cost', router, address, cost } as const]
      return { changes, act: () => who.configure(name, { cost }) }
    }
    case 'cut': {
      const isLan = attachment.config.network === 'broadcast'
      const changes = [{ type: 'link-down', router, address } as const]
      return { changes, act: () => (isLan ? attachment.down() : segment.down()) }
    }
    case 'crash':
      return { changes: [{ type: 'router-down', router }], act: () => who.crash() }
    case 'drain': {
      const includeStub = random.chance(0.5)
      const stubRouter = { includeStub, externalMetric: undefined }
      const act = (): void => {
        who.stubRouter = stubRouter
      }
      return { changes: [{ type: 'drain', router, includeStub }], act }
    }
    default: {
      const stub = random.pick(who.announced)
      const { prefix, length, area } = stub
      const text = formatPrefix(prefix, length)
      const act = (): void => who.withdraw(text, { area: formatPrefix(area, 32).split('/')[0]! })
      return { changes: [{ type: 'withdraw', router, prefix, length }], act }
    }
  }
}
