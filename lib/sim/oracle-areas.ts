/**
 * What ought to be known between areas and of the outside (RFC 2328 12.4.3, 16.2 to 16.4; RFC 3101): the RFC's rules,
 * applied to the description of the network over and over until nothing changes any more. No LSA, no timer and none of
 * the core's calculation is in it.
 */
import type { AreaConfig, AreaRange, ExternalPrefix, PrefixRule } from '../core/io.ts'
import { formatPrefix, networkOf } from '../wire/address.ts'
import { parsePrefix } from './fib.ts'
import type { Network } from './network.ts'
import {
  type AreaGraph,
  addArea,
  alive,
  areaGraph,
  dijkstra,
  type Lan,
  type OracleRoute,
  type Origins,
  type Path,
  prefixOf,
  viaText,
} from './oracle.ts'
import type { SimRouter } from './router.ts'

const backbone = 0
const infinity = 0xffffff
const virtualLinkCost = 0xffff
/** The next hop of a virtual link, until it is known what that means (16.3). */
const unresolved = 'virtual link'
const defaultRoute = '0.0.0.0/0'

type Table = Map<string, OracleRoute>

/** The way to a router through one area. */
interface RouterWay extends Path {
  readonly area: number
  readonly type: 'intra-area' | 'inter-area'
}

/** What one router knows of the inside. */
interface View {
  readonly table: Table
  readonly origins: Origins
  /** By area. */
  readonly ways: Map<number, Map<SimRouter, RouterWay>>
}

/** What a border router tells one area. */
interface Told {
  readonly networks: Map<string, number>
  readonly boundaries: Map<SimRouter, number>
}
type AllTold = Map<SimRouter, Map<number, Told>>

/** An external destination as somebody advertises it: in the whole AS, or in one NSSA. */
interface Advertised extends ExternalPrefix {
  readonly by: SimRouter
  readonly nssa: number | undefined
  /** May be translated (the P-bit). */
  readonly propagates: boolean
}

/** Every router's table, by prefix. */
export function domainRoutes(net: Network): Map<SimRouter, Table> {
  const domain = new Domain(net)
  let views = new Map<SimRouter, View>()
  let told: AllTold = new Map()
  const settledAt = settle(() => {
    views = new Map(domain.routers.map((r) => [r, domain.view(r, told)]))
    told = new Map(domain.routers.map((r) => [r, domain.tell(r, views.get(r)!)]))
    return told
  })
  if (!settledAt) throw new Error('the oracle finds no end: what areas tell each other goes round')
  let outside = new Map<SimRouter, Map<string, External>>()
  let translated: Advertised[] = []
  settle(() => {
    const all = [...domain.originated(), ...translated]
    outside = new Map(domain.routers.map((r) => [r, domain.externals(r, views.get(r)!, all)]))
    translated = domain.routers.flatMap((r) => [
      ...domain.translate(r, views.get(r)!, outside.get(r)!),
    ])
    return translated
  })
  return new Map(
    domain.routers.map((r) => {
      const table: Table = new Map([...views.get(r)!.table, ...outside.get(r)!])
      for (const said of translated) if (said.by === r) domain.discardOutside(r, table, said)
      domain.discardRanges(r, table)
      return [r, table]
    }),
  )
}

const roundsMax = 100

/** Repeats a step until its outcome stays the same. */
function settle(step: () => unknown): boolean {
  let before: string | undefined
  for (let round = 0; round < roundsMax; round++) {
    const now = JSON.stringify(step(), plain)
    if (now === before) return true
    before = now
  }
  return false
}

const plain = (_: string, value: unknown): unknown => {
  if (value instanceof Map) return [...value].map(([k, v]) => [nameOf(k), v])
  if (value instanceof Set) return [...value]
  return nameOf(value)
}
const nameOf = (value: unknown): unknown =>
  value !== null && typeof value === 'object' && 'routerId' in value ? value.routerId : value

interface External extends OracleRoute {
  leader: Advertised
  rank: number
}

class Domain {
  readonly routers: readonly SimRouter[]
  readonly #rfc1583: boolean
  readonly #graphs = new Map<number, AreaGraph>()
  readonly #trees = new Map<string, Map<SimRouter | Lan, Path>>()

  constructor(net: Network) {
    this.routers = net.routers.filter(alive)
    this.#rfc1583 = net.core.rfc1583Compatibility ?? true
    const areas = new Set([backbone])
    for (const r of this.routers) {
      for (const a of r.attachments) areas.add(a.config.area)
      for (const s of r.announced) areas.add(s.area)
    }
    areas.delete(backbone)
    for (const area of areas) this.#graphs.set(area, areaGraph(this.routers, area))
    // its virtual links go where the others lead
    const graph = areaGraph(this.routers, backbone)
    this.#graphs.set(backbone, graph)
    for (const r of this.routers) {
      for (const { to, cost } of this.#virtualLinks(r)) {
        if (!this.#virtualLinks(to).some((back) => back.to === r)) continue
        graph.edges.get(r)!.push({ to, cost, hop: unresolved })
      }
    }
  }

  // What is inside

  /** The virtual links of a router that are up (15). */
  #virtualLinks(r: SimRouter): { to: SimRouter; cost: number; transit: number }[] {
    const links: { to: SimRouter; cost: number; transit: number }[] = []
    for (const { endpoint, transitArea: transit } of r.virtualLinks) {
      const to = this.routers.find((x) => x.id === endpoint)
      const path = to && this.#tree(transit, r).get(to)
      if (!to || !path || path.cost > virtualLinkCost) continue
      if (this.#config(r, transit).kind === 'normal') links.push({ to, cost: path.cost, transit })
    }
    return links
  }

  #tree(area: number, r: SimRouter): Map<SimRouter | Lan, Path> {
    const graph = this.#graphs.get(area)
    if (graph === undefined) return new Map()
    const key = `${area} ${r.name}`
    let tree = this.#trees.get(key)
    if (!tree) this.#trees.set(key, (tree = dijkstra(graph, r)))
    return tree
  }

  #config = (r: SimRouter, area: number): AreaConfig => r.areaConfig(area)

  /** Areas that a router takes part in, the backbone last. */
  areasOf(r: SimRouter): number[] {
    const areas = new Set(r.attachments.filter((a) => a.carrier).map((a) => a.config.area))
    if (this.#virtualLinks(r).length > 0) areas.add(backbone)
    return [...areas].sort((a, b) => b - a)
  }

  /** RFC 3509, as Cisco does. */
  isBorder(r: SimRouter): boolean {
    const areas = this.areasOf(r)
    return areas.length > 1 && areas.includes(backbone)
  }

  isOfBackbone(r: SimRouter): boolean {
    return this.isBorder(r) && this.#graphs.get(backbone)!.edges.get(r)!.length > 0
  }

  /** It says in an area that it is an AS boundary router. */
  isBoundary(r: SimRouter, area: number): boolean {
    if (this.#config(r, area).kind === 'stub') return false
    if (r.externals.length > 0) return true
    return this.isBorder(r) && this.areasOf(r).some((a) => this.#config(r, a).kind === 'nssa')
  }

  /** A virtual link runs through the area. */
  isTransit(r: SimRouter, area: number): boolean {
    if (area === backbone) return false
    for (const vertex of this.#tree(area, r).keys()) {
      if (!this.routers.includes(vertex as SimRouter)) continue
      const end = vertex as SimRouter
      for (const { to, transit } of this.#virtualLinks(end)) {
        if (transit !== area) continue
        if (this.#virtualLinks(to).some((back) => back.to === end)) return true
      }
    }
    return false
  }

  /** 16 (1) to (4). */
  view(r: SimRouter, told: AllTold): View {
    const view: View = { table: new Map(), origins: new Map(), ways: new Map() }
    const announcedIn = r.announced.map((s) => s.area)
    const areas = [...new Set([...this.areasOf(r), ...announcedIn])].sort((a, b) => b - a)
    for (const area of areas) {
      const tree = this.#tree(area, r)
      addArea(view.table, view.origins, this.#graphs.get(area)!, r, tree)
      const ways = new Map<SimRouter, RouterWay>()
      view.ways.set(area, ways)
      for (const [to, { cost, hops }] of tree) {
        if (to === r || !this.routers.includes(to as SimRouter)) continue
        ways.set(to as SimRouter, { cost, hops: new Set(hops), area, type: 'intra-area' })
      }
    }
    const examined = this.isOfBackbone(r) ? [backbone] : this.areasOf(r)
    for (const area of examined) this.#addSummaries(r, view, area, told)
    if (!this.isBorder(r)) return view
    for (const area of areas) {
      if (this.isTransit(r, area)) this.#improve(r, view, area, told)
    }
    for (const [prefix, route] of view.table) {
      if (route.hops.delete(unresolved) && route.hops.size === 0) view.table.delete(prefix)
    }
    for (const [to, way] of view.ways.get(backbone) ?? []) {
      if (way.hops.delete(unresolved) && way.hops.size === 0) view.ways.get(backbone)!.delete(to)
    }
    return view
  }

  /** 16.2. */
  #addSummaries(r: SimRouter, { table, ways }: View, area: number, told: AllTold): void {
    const routers = ways.get(area)!
    const borders = [...routers].filter(([b]) => this.isBorder(b))
    for (const [b, via] of borders) {
      const said = told.get(b)?.get(area)
      for (const [prefix, metric] of said?.networks ?? []) {
        if (this.isBorder(r) && this.#isActiveRange(r, table, prefix)) continue
        const cost = via.cost + metric
        const known = table.get(prefix)
        if (known?.type === 'intra-area') continue
        if (known === undefined || cost < known.cost) {
          const hops = new Set(via.hops)
          table.set(prefix, { type: 'inter-area', area, cost, hops, eitherHalf: false })
        } else if (cost === known.cost) for (const hop of via.hops) known.hops.add(hop)
      }
    }
    for (const [b, via] of borders) {
      for (const [to, metric] of told.get(b)?.get(area)?.boundaries ?? []) {
        const known = routers.get(to)
        const cost = via.cost + metric
        if (to === r || known?.type === 'intra-area') continue
        if (known === undefined || cost < known.cost) {
          routers.set(to, { cost, hops: new Set(via.hops), area, type: 'inter-area' })
        } else if (cost === known.cost) for (const hop of via.hops) known.hops.add(hop)
      }
    }
  }

  #isActiveRange(r: SimRouter, table: Table, prefix: string): boolean {
    for (const area of this.areasOf(r)) {
      for (const range of this.#config(r, area).ranges) {
        if (textOf(range.substitute ?? range) !== prefix) continue
        for (const [inside, { type, area: home }] of table) {
          if (type === 'intra-area' && home === area && isInside(inside, range)) return true
        }
      }
    }
    return false
  }

  /** 16.3. */
  #improve(r: SimRouter, { table, origins, ways }: View, area: number, told: AllTold): void {
    const better = (known: Path | undefined, via: RouterWay, metric: number): void => {
      const cost = via.cost + metric
      if (known === undefined || cost > known.cost) return
      if (cost < known.cost) known.hops = new Set()
      known.cost = cost
      for (const hop of via.hops) known.hops.add(hop)
    }
    for (const [b, via] of ways.get(area)!) {
      if (via.type !== 'intra-area' || !this.isBorder(b)) continue
      const said = told.get(b)?.get(area)
      for (const [prefix, metric] of said?.networks ?? []) {
        const known = table.get(prefix)
        if (known?.area === backbone && origins.get(prefix) !== r) better(known, via, metric)
      }
      for (const [to, metric] of said?.boundaries ?? []) {
        better(ways.get(backbone)?.get(to), via, metric)
      }
    }
  }

  /** 12.4.3. */
  tell(r: SimRouter, view: View): Map<number, Told> {
    if (!this.isBorder(r)) return new Map()
    return new Map(this.areasOf(r).map((area) => [area, this.#tellArea(r, view, area)]))
  }

  #tellArea(r: SimRouter, view: View, area: number): Told {
    const told: Told = { networks: new Map(), boundaries: new Map() }
    const { kind, summaries, defaultCost, importList } = this.#config(r, area)
    const isNormal = kind === 'normal'
    const mayTell = (way: { area: number | undefined; type: string } & Path): boolean =>
      way.area !== area &&
      way.cost < infinity &&
      (way.type === 'intra-area' ||
        (way.type === 'inter-area' && area !== backbone && way.area === backbone)) &&
      !this.#leadsInto(r, way.hops, area)
    if (isNormal || summaries) {
      for (const [prefix, route] of view.table) {
        if (!mayTell(route) || (prefix === defaultRoute && !isNormal)) continue
        const home = this.#config(r, route.area!)
        if (!permits(home.exportList, prefix)) continue
        const isWhole = home.id === backbone && this.isTransit(r, area)
        const ranges = route.type === 'inter-area' || isWhole ? [] : home.ranges
        const [range] = ranges
          .filter((each) => isInside(prefix, each))
          .sort((a, b) => b.length - a.length)
        if (range?.advertise === false) continue
        const said = range ? textOf(range.substitute ?? range) : prefix
        const cost = range?.cost ?? route.cost
        if (!permits(importList, said)) continue
        told.networks.set(said, Math.max(cost, told.networks.get(said) ?? 0))
      }
    }
    if (kind === 'stub' || !(isNormal || summaries)) told.networks.set(defaultRoute, defaultCost)
    if (!isNormal) return told
    for (const to of this.routers) {
      const way = to === r ? undefined : this.#wayToBoundary(r, view, to, undefined)
      if (way && mayTell(way)) told.boundaries.set(to, way.cost)
    }
    return told
  }

  #leadsInto(r: SimRouter, hops: ReadonlySet<string>, area: number): boolean {
    const names = new Set([...hops].map((hop) => hop.split(' ')[0]))
    return r.attachments.some((a) => a.config.area === area && names.has(a.name))
  }

  // What is outside

  /** 16.4 (3), RFC 3101 2.5 (3). */
  #wayToBoundary(
    r: SimRouter,
    { ways }: View,
    to: SimRouter,
    nssa: number | undefined,
  ): (RouterWay & { rank: number }) | undefined {
    const found: (RouterWay & { rank: number })[] = []
    for (const [area, routers] of ways) {
      const way = routers.get(to)
      if (way === undefined || !this.#isFor(r, area, nssa)) continue
      if (way.type === 'intra-area' && !this.isBoundary(to, area)) continue
      found.push({ ...way, rank: this.#rank(way) })
    }
    return found.sort((a, b) => a.rank - b.rank || a.cost - b.cost || b.area - a.area)[0]
  }

  /** Type 5 goes through normal areas, type 7 through its own. */
  #isFor = (r: SimRouter, area: number | undefined, nssa: number | undefined): boolean =>
    nssa === undefined
      ? area !== undefined && this.#config(r, area).kind === 'normal'
      : area === nssa

  /** 16.4.1. */
  #rank({ type, area }: { type: string; area: number | undefined }): number {
    return this.#rfc1583 || (type === 'intra-area' && area !== backbone) ? 0 : 1
  }

  /** What routers advertise of their own accord. */
  *originated(): Generator<Advertised> {
    for (const by of this.routers) {
      const areas = this.areasOf(by)
      const isOpen = areas.some((area) => this.#config(by, area).kind === 'normal')
      for (const external of by.externals) {
        const metric = by.stubRouter?.externalMetric ?? external.metric
        const said = { ...external, metric, by }
        if (isOpen) yield { ...said, nssa: undefined, propagates: false }
        for (const nssa of areas) {
          const { kind, nssa: config } = this.#config(by, nssa)
          if (kind !== 'nssa') continue
          // the area's own default stands for any other
          if (external.length === 0 && config.defaultOriginate && this.isBorder(by)) continue
          const at = by.attachments.filter(
            ({ carrier, config: c }) => carrier && c.area === nssa && !c.prefixSuppression,
          )
          const inside = at.find((a) => a.config.passive) ?? at[0]
          const propagates = !(isOpen && this.isBorder(by)) && inside !== undefined
          const own = propagates ? inside.address : 0
          const forwardingAddress = external.forwardingAddress || own
          yield { ...said, forwardingAddress, nssa, propagates }
        }
      }
      for (const nssa of this.isBorder(by) ? areas : []) {
        const { kind, nssa: config } = this.#config(by, nssa)
        if (kind !== 'nssa' || config.defaultOriginate === undefined) continue
        const nowhere = { prefix: 0, length: 0, tag: 0, forwardingAddress: 0 }
        const { metric, metricType } = config.defaultOriginate
        const said = { metricType, metric: by.stubRouter?.externalMetric ?? metric }
        yield { ...nowhere, ...said, by, nssa, propagates: false }
      }
    }
  }

  /** 16.4. */
  externals(r: SimRouter, view: View, all: readonly Advertised[]): Map<string, External> {
    const found = new Map<string, External>()
    for (const said of all) {
      const { prefix, length, metricType, metric, forwardingAddress, by, nssa } = said
      const text = formatPrefix(prefix, length)
      if (by === r || metric >= infinity || view.table.has(text)) continue
      if (nssa !== undefined && !this.areasOf(r).includes(nssa)) continue
      if (nssa !== undefined && length === 0 && this.isBorder(r)) {
        if (!said.propagates || !this.#config(r, nssa).summaries) continue
      }
      const boundary = this.#wayToBoundary(r, view, by, nssa)
      if (boundary === undefined) continue
      const way =
        forwardingAddress === 0 ? boundary : this.#wayToAddress(r, view, forwardingAddress, nssa)
      if (way === undefined) continue
      const isType1 = metricType === 1
      const route: External = {
        type: isType1 ? 'external-1' : 'external-2',
        area: undefined,
        cost: isType1 ? way.cost + metric : way.cost,
        ...(isType1 ? {} : { type2Cost: metric }),
        hops: new Set(way.hops),
        eitherHalf: false,
        leader: said,
        rank: way.rank,
      }
      const known = found.get(text)
      const order = known === undefined ? 1 : compare(known, route)
      if (known === undefined || order > 0) found.set(text, route)
      else if (order === 0) {
        for (const hop of route.hops) known.hops.add(hop)
        if (isLeader(said, known.leader)) known.leader = said
      }
    }
    return found
  }

  #wayToAddress(
    r: SimRouter,
    { table, origins }: View,
    address: number,
    nssa: number | undefined,
  ): (Path & { rank: number }) | undefined {
    if (r.attachments.some((a) => a.carrier && a.address === address)) return undefined
    for (let length = 32; length >= 0; length--) {
      const prefix = formatPrefix(networkOf(address, length), length)
      const route = table.get(prefix)
      if (route === undefined) continue
      if (!this.#isFor(r, route.area, nssa)) return undefined
      if (nssa !== undefined && route.type !== 'intra-area') return undefined
      const isOwn = origins.get(prefix) === r
      const attached = r.attachments.filter((a) => a.carrier && prefixOf(a) === prefix)
      const [out] = attached
      if (isOwn && out === undefined) return undefined
      const ways = isOwn ? [out!.name] : [...route.hops]
      const hops = ways.map((hop) => (hop.includes(' ') ? hop : viaText(hop, address)))
      return { cost: route.cost, hops: new Set(hops), rank: this.#rank(route) }
    }
    return undefined
  }

  /** RFC 3101 3.1, 3.2. */
  *translate(r: SimRouter, view: View, outside: Map<string, External>): Generator<Advertised> {
    for (const nssa of this.isBorder(r) ? this.areasOf(r) : []) {
      const { kind, nssa: config } = this.#config(r, nssa)
      if (kind !== 'nssa' || !this.#isTranslator(r, view, nssa)) continue
      const ranges = new Map<AreaRange, Advertised[]>()
      for (const { leader } of outside.values()) {
        if (leader.nssa !== nssa || !leader.propagates || leader.forwardingAddress === 0) continue
        const [range] = config.ranges
          .filter((each) => isInside(textOf(leader), each))
          .sort((a, b) => b.length - a.length)
        if (range) ranges.set(range, [...(ranges.get(range) ?? []), leader])
        else if (r.externals.every((own) => textOf(own) !== textOf(leader))) {
          yield { ...leader, by: r, nssa: undefined, propagates: false }
        }
      }
      for (const [range, inside] of ranges) {
        if (!range.advertise) continue
        const metricType = inside.some((each) => each.metricType === 2) ? 2 : 1
        const same = inside.filter((each) => each.metricType === metricType)
        const largest = Math.max(...same.map((each) => each.metric)) + (metricType === 2 ? 1 : 0)
        const { prefix, length, tag = 0, cost = Math.min(largest, infinity - 1) } = range
        // a stub router asks nobody to come to it
        const metric = r.stubRouter?.externalMetric ?? cost
        const how = { metricType, metric, tag, forwardingAddress: 0, propagates: false } as const
        yield { prefix, length, ...how, by: r, nssa: undefined }
      }
    }
  }

  /** 11.1: what is told of as a whole and of which nothing more is known. */
  discardRanges(r: SimRouter, table: Table): void {
    for (const area of this.isBorder(r) ? this.areasOf(r) : []) {
      const { ranges } = this.#config(r, area)
      const told = new Set<string>()
      for (const [inside, { type, area: home, discard }] of table) {
        if (discard || type !== 'intra-area' || home !== area) continue
        const [range] = ranges
          .filter((each) => isInside(inside, each))
          .sort((a, b) => b.length - a.length)
        if (range?.advertise) told.add(textOf(range.substitute ?? range))
      }
      for (const prefix of told) {
        if (prefix === defaultRoute || table.get(prefix)?.type === 'intra-area') continue
        table.set(prefix, { ...nowhere, type: 'inter-area', area })
      }
    }
  }

  discardOutside(r: SimRouter, table: Table, said: Advertised): void {
    const prefix = textOf(said)
    const isRange = this.areasOf(r).some((area) =>
      this.#config(r, area).nssa.ranges.some((range) => textOf(range) === prefix),
    )
    if (!isRange || prefix === defaultRoute || table.has(prefix)) return
    const type = said.metricType === 1 ? 'external-1' : 'external-2'
    table.set(prefix, { ...nowhere, type, area: undefined })
  }

  #isTranslator(r: SimRouter, { ways }: View, nssa: number): boolean {
    const role = this.#config(r, nssa).nssa.translator
    if (role !== 'candidate') return role === 'always'
    for (const other of ways.get(nssa)!.keys()) {
      if (!this.isBorder(other)) continue
      const isKnown = [...ways].some(([area, routers]) => area !== nssa && routers.has(other))
      if (!isKnown) continue
      const isSteady = this.#config(other, nssa).nssa.translator === 'always'
      if (isSteady || other.id > r.id) return false
    }
    return true
  }
}

const nowhere = { cost: 0, hops: new Set<string>(), eitherHalf: false, discard: true } as const

const order = ['intra-area', 'inter-area', 'external-1', 'external-2']

/** 16.4 (6). Above 0: b is better. */
const compare = (a: External, b: External): number =>
  order.indexOf(a.type) - order.indexOf(b.type) ||
  (a.type2Cost ?? 0) - (b.type2Cost ?? 0) ||
  a.rank - b.rank ||
  a.cost - b.cost

/** RFC 3101 2.5 (6e). */
function isLeader(a: Advertised, b: Advertised): boolean {
  const worth = ({ nssa, propagates }: Advertised): number =>
    nssa === undefined ? 1 : propagates ? 2 : 0
  return worth(a) > worth(b) || (worth(a) === worth(b) && a.by.id > b.by.id)
}

const textOf = ({ prefix, length }: { readonly prefix: number; readonly length: number }): string =>
  formatPrefix(prefix, length)

function isInside(
  text: string,
  { prefix, length }: { readonly prefix: number; readonly length: number },
): boolean {
  const inner = parsePrefix(text)
  return inner.length >= length && networkOf(inner.address, length) === prefix
}

function permits(rules: readonly PrefixRule[] | undefined, text: string): boolean {
  if (rules === undefined) return true
  const { length } = parsePrefix(text)
  for (const rule of rules) {
    const { ge = rule.length, le = rule.ge === undefined ? rule.length : 32 } = rule
    if (length >= ge && length <= le && isInside(text, rule)) return rule.permit
  }
  return false
}
