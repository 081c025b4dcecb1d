/**
 * Nothing is forgotten: whatever an operator changes, and whatever happens, at rest our own LSAs are what would be said
 * if everything were looked at now, and the routes what a calculation of everything finds. `SIM_SEED=1-300` hunts.
 */
import t from 'tap'
import { defaultAreaConfig } from '../../lib/core/area.ts'
import { RouterCopy } from '../../lib/core/copy.ts'
import type {
  ConfigChange,
  ExternalPrefix,
  LinkState,
  OpaqueScope,
  Route,
} from '../../lib/core/io.ts'
import { contentsDiffer, isMaxAge } from '../../lib/core/lsdb.ts'
import { Router } from '../../lib/core/router.ts'
import type { Scope } from '../../lib/core/scope.ts'
import { Network } from '../../lib/sim/network.ts'
import { Random } from '../../lib/sim/random.ts'
import { formatIpv4, formatPrefix } from '../../lib/wire/address.ts'
import { baseConfig, ip } from '../core/bench.ts'
import { wildDomain } from './domains.ts'

const { SIM_SEED } = process.env
const [first = 5, last = SIM_SEED === undefined ? 6 : first] = (SIM_SEED?.split('-') ?? []).map(
  Number,
)

const text = (route: Route): string =>
  JSON.stringify([
    route.pathType,
    route.area,
    route.cost,
    route.type2Cost,
    route.tag,
    route.discard,
    ...route.nextHops.map((h) => `${h.interface} ${h.gateway} ${h.onLink} ${h.weight}`),
  ])
const tableOf = (routes: Iterable<Route>): Map<string, string> =>
  new Map(Array.from(routes, (r) => [formatPrefix(r.prefix, r.length), text(r)]))

function staleRoutes(router: Router): string[] {
  const whole = tableOf(new RouterCopy(router).calculate().values())
  const found = tableOf(router.routes())
  return [...new Set([...whole.keys(), ...found.keys()])]
    .filter((prefix) => whole.get(prefix) !== found.get(prefix))
    .map((prefix) => `${prefix}: ${found.get(prefix)} instead of ${whole.get(prefix)}`)
}

function staleLsas(router: Router, scope: Scope): string[] {
  const { area } = scope.place
  // an area without an interface that is up may wait with its router-LSA until there is one
  const isIdle = area !== undefined && router.areas.get(area)?.isActive !== true
  if (scope.originateDirty || isIdle) return []
  const wanted = scope.wantedNow(scope.wanted)
  const stale = [...new Set([...wanted.keys(), ...scope.wanted.keys()])].filter((key) => {
    const [is, ought] = [scope.wanted.get(key), wanted.get(key)]
    return !is || !ought || contentsDiffer(is.draft, ought.draft)
  })
  if (scope.originateWaits) return stale
  const said = [...scope.lsdb.own].filter((entry) => !isMaxAge(entry, router.now))
  const isSaid = new Set(said.map(({ lsa }) => `${lsa.header.type}/${lsa.header.lsId}`))
  const missing = [...wanted.values()].filter((w) => !isSaid.has(`${w.type}/${w.lsId}`))
  return [...stale, ...missing.map(({ key }) => key)]
}

/** Something that an operator does, or that happens. */
function change(net: Network, random: Random, n: number): string {
  const r = random.pick(net.routers.filter((each) => each.running))
  const core = r.core as Router
  const areas = [...core.areas.keys()]
  const area = random.pick([...areas, 0, 1, 50])
  const added = [...core.interfaces.keys()].filter((name) => name.startsWith('added'))
  const prefix = ip('172.20.0.0') + 256 * random.int(4)
  const vip = { area, prefix: ip('10.100.0.0') + random.int(8), length: 32 }
  const yes = random.chance(0.5)
  const where: OpaqueScope = yes ? { scope: 'as' } : { scope: 'area', area }
  const opaque = { where, opaqueType: 200 } as const
  const external = (kernel: ExternalPrefix['kernel']): ExternalPrefix => ({
    prefix,
    length: random.pick([24, 32]),
    metricType: random.pick([1, 2] as const),
    metric: random.int(9),
    tag: 0,
    forwardingAddress: 0,
    ...(kernel ? { kernel } : {}),
  })
  const link = (): LinkState => ({
    up: true,
    address: ip('10.1.0.0') + random.int(1000),
    prefixLength: random.pick([24, 30, 32]),
    mtu: 1500,
    secondaries: yes ? [{ address: ip('10.2.0.0') + random.int(1000), prefixLength: 28 }] : [],
  })
  const network = 'point-to-point'
  const interfaceOf = (name: string): ConfigChange => ({
    type: 'interface',
    config: { ...baseConfig, name, network, passive: true, area, secondaryAddresses: yes },
  })
  const areaOf = (): ConfigChange => {
    const kind = random.pick(['normal', 'nssa', 'stub'] as const)
    if (area === 50) return { type: 'area', config: { ...defaultAreaConfig(50), kind } }
    const config = core.areas.get(area)?.config ?? defaultAreaConfig(area)
    const range = { prefix: ip('10.100.0.0'), length: 16, advertise: random.chance(0.7) }
    const more = { summaries: random.chance(0.7), defaultCost: 1 + random.int(5) }
    return { type: 'area', config: { ...config, ...more, ...(yes ? {} : { ranges: [range] }) } }
  }
  const summary = {
    prefix: ip('172.20.0.0'),
    length: 16,
    metricType: 2,
    metric: 20,
    tag: 1,
  } as const
  const everything = { permit: true, prefix: 0, length: 0, le: 32 }
  const inside = { permit: false, prefix: ip('10.0.0.0'), length: 8, le: random.pick([24, 32]) }
  const information = { hostname: 'h', scope: random.pick(['area', 'as'] as const) }
  const at = random.pick(r.attachments)
  const gateway = yes ? random.pick(random.pick(net.routers).attachments).address : undefined
  const kernel = { gateway, connected: random.chance(0.3) }
  const possible: (() => ConfigChange | undefined)[] = [
    () => interfaceOf(`added${n}`),
    () => {
      const [name] = added
      if (name) core.handleInterface(r.now(), name, random.chance(0.3) ? undefined : link())
      return undefined
    },
    () => ({ type: 'remove-interface', interface: added[0] ?? 'none' }),
    () => ({ type: 'announce', stub: { ...vip, cost: random.int(20) } }),
    () => ({ type: 'withdraw', ...vip }),
    () => ({ type: 'external', external: external(undefined) }),
    () => ({ type: 'redistribute', set: [external(kernel)], withdraw: [external(kernel)] }),
    () => ({
      type: 'summary-addresses',
      addresses: yes ? [] : [{ ...summary, advertise: random.chance(0.8) }],
    }),
    () => ({ type: 'as-boundary', redistributes: yes }),
    () => ({ type: 'originate', allowed: yes ? undefined : [inside, everything] }),
    () => ({ type: 'announce-only', announceOnly: random.chance(0.3) }),
    () => ({
      type: 'stub-router',
      stubRouter: yes ? undefined : { includeStub: random.chance(0.5), externalMetric: 1000 },
    }),
    () => ({
      type: 'behaviour',
      abrType: random.pick(['cisco', 'ibm', 'standard'] as const),
      rfc1583Compatibility: yes,
    }),
    () => ({ type: 'opaque', ...opaque, opaqueId: random.int(3), data: new Uint8Array(4) }),
    () => ({ type: 'withdraw-opaque', ...opaque, opaqueId: random.int(3) }),
    () => ({ type: 'router-information', information: yes ? undefined : information }),
    () => ({ type: 'share', share: { ...vip, weight: 1 + random.int(200), drain: yes } }),
    () => ({ type: 'keeps-connections', keeps: yes }),
    () => ({ type: 'discard-holes', discard: yes }),
    areaOf,
    () => ({ type: 'remove-area', area: 50 }),
    () => {
      const priority = random.int(3)
      r.configure(at.name, { cost: 1 + random.int(6), prefixSuppression: yes, priority })
      return undefined
    },
    () => {
      if (at.carrier) at.down()
      else at.up()
      return undefined
    },
    () => {
      const segment = random.pick(net.segments)
      if (yes) segment.down({ silent: random.chance(0.5) })
      else segment.up()
      return undefined
    },
  ]
  const config = random.pick(possible)()
  if (config) core.handleConfig(r.now(), config)
  // a change of nothing, so that what comes out is taken
  r.withdrawExternal('192.0.2.255/32')
  return `${r.name} ${JSON.stringify(config)}`
}

// a hunt takes as long as it takes
t.setTimeout(SIM_SEED === undefined ? 300_000 : 0)

t.test('what is said and what is calculated follow from what is', async (t) => {
  let compared = 0
  for (let seed = first; seed <= last; seed++) {
    const random = new Random(`stale ${seed}`)
    const cores = new Map<string, Router>()
    const net = new Network({
      seed,
      create: (options) => {
        const core = new Router(options)
        cores.set(formatIpv4(options.routerId), core)
        return core
      },
    })
    wildDomain(net, random)
    net.run(20)
    const wrong: string[] = []
    const said: string[] = []
    for (let i = 0; i < 60 && wrong.length === 0; i++) {
      for (let n = random.int(3); n >= 0; n--) said.push(`${net.now} ${change(net, random, i)}`)
      net.run(random.pick([0.02, 0.2, 2, 8]))
      for (const [name, core] of cores) {
        if (core.routing.isPending || core.closed) continue
        compared++
        const lsas = [...core.scopes()].flatMap((scope) => staleLsas(core, scope))
        wrong.push(...[...lsas, ...staleRoutes(core)].map((what) => `${name} ${what}`))
      }
    }
    t.same(wrong, [], `seed ${seed}`)
    if (wrong.length > 0) t.comment(said.slice(-10).join('\n'))
  }
  t.ok(compared > 100 * (last - first + 1), `${compared} routers at rest`)
})
