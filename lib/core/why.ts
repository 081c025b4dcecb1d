/**
 * Why a route is what it is: every LSA that advertises a prefix, in the order of RFC 2328 section 16, what it would cost
 * by which way, and which rule of the RFC decided. Computed when it is asked for, from the last table.
 */
import { formatIpv4 } from '../wire/address.ts'
import type { ExternalLsaBody } from '../wire/external-lsa.ts'
import { type LsaHeader, LsType } from '../wire/lsa.ts'
import type { Area } from './area.ts'
import { isTransit, looksAtSummaries } from './calculation.ts'
import {
  compareExternals,
  type ExternalRefusal,
  externalDatabases,
  readExternal,
  wayToBoundary,
} from './external-routes.ts'
import { isActiveRange, readSummary, type SummaryRefusal } from './inter-area.ts'
import type { NextHop, PathType } from './io.ts'
import { ageOf, type Entry, isMaxAge } from './lsdb.ts'
import { type Path, pathTo } from './paths.ts'
import { lengthOfKey, prefixKey, prefixOfKey } from './prefix-index.ts'
import type { Router } from './router.ts'
import { attachedNetworks, eachNetwork, type NetworkPath, type TableRoute } from './routes.ts'
import { idOf, isRouter, type Tree, UNREACHABLE, type Vertex } from './spf.ts'

/** An LSA that advertises the prefix, and what became of it. */
export interface Candidate {
  readonly pathType: PathType
  /** Whose database it is in; undefined: that of the whole autonomous system. */
  readonly area: number | undefined
  readonly lsa: LsaHeader
  /** Seconds. */
  readonly age: number
  /** Undefined: there is no way. */
  readonly cost: number | undefined
  readonly type2Cost: number | undefined
  /** Of externals; 0: none. */
  readonly forwardingAddress: number
  /** A shortest path to where the prefix is, or to who says that it knows. */
  readonly path: Path | undefined
  readonly nextHops: readonly NextHop[]
  /** Its next hops are among those of the route. */
  readonly chosen: boolean
  /** What decided. */
  readonly reason: string
}

export interface Explanation {
  readonly prefix: number
  readonly length: number
  /** Undefined: there is none. */
  readonly route: TableRoute | undefined
  /** The way that packets take when there is none: the longest shorter prefix. */
  readonly covering: TableRoute | undefined
  readonly candidates: readonly Candidate[]
  /** What else there is to know. */
  readonly notes: readonly string[]
}

/** Explains the route to a prefix, or its absence. */
export function why(router: Router, prefix: number, length: number): Explanation {
  const key = prefixKey(prefix, length)
  const route = router.routing.routes.get(key)
  const advertised = [
    ...intraArea(router, key),
    ...interArea(router, key),
    ...externals(router, key),
  ]
  const candidates = route?.discard ? advertised.map(discarded) : advertised
  return {
    prefix,
    length,
    route,
    covering: route ? undefined : coveringRoute(router, prefix, length),
    candidates,
    notes: notesOn(router, key, route, candidates),
  }
}

/** An active range goes before what is outside. */
const discarded = (candidate: Candidate): Candidate =>
  candidate.chosen
    ? { ...candidate, chosen: false, reason: '11, 11.1: an active range of ours is preferred' }
    : candidate

function coveringRoute(router: Router, prefix: number, length: number): TableRoute | undefined {
  for (let shorter = length - 1; shorter >= 0; shorter--) {
    const mask = shorter === 0 ? 0 : (-1 << (32 - shorter)) >>> 0
    const route = router.routing.routes.get(prefixKey((prefix & mask) >>> 0, shorter))
    if (route) return route
  }
  return undefined
}

function notesOn(
  router: Router,
  key: number,
  route: TableRoute | undefined,
  candidates: readonly Candidate[],
): string[] {
  const notes: string[] = []
  const attached = attachedNetworks(router).get(key)
  if (route && attached) {
    notes.push(`interface ${attached[0]!.interface} is on this network: it is reached directly`)
  }
  if (route?.discard) {
    const what = route.area === undefined ? 'summary address' : 'range'
    notes.push(`11.1: a ${what} that we advertise: packets for what is not inside are discarded`)
  } else if (route && !attached && route.nextHops.length === 0) {
    notes.push('an address of this router')
  }
  const { maximumPaths } = router.limits
  const hops = new Set(
    candidates.flatMap((c) =>
      c.chosen ? c.nextHops.map((hop) => `${hop.interface} ${hop.gateway}`) : [],
    ),
  )
  if (route && route.nextHops.length === maximumPaths && hops.size > maximumPaths) {
    notes.push(`limits.maximumPaths is ${maximumPaths}: the others of ${hops.size} are not used`)
  }
  if (candidates.length === 0) notes.push('no LSA advertises this prefix')
  if (router.routing.isPending) notes.push(PENDING)
  return notes
}

// 16.1

function* intraArea(router: Router, key: number): Generator<Candidate> {
  for (const area of router.areas.values()) {
    for (const { vertex, index, entry } of verticesOf(router, area)) {
      let metric: number | undefined
      eachNetwork(vertex, (prefix, length, cost) => {
        if (prefixKey(prefix, length) !== key) return
        metric = metric === undefined ? cost : Math.min(metric, cost)
      })
      if (metric !== undefined) yield stub(router, area, key, vertex, index, entry, metric)
    }
  }
}

interface Advertiser {
  readonly vertex: Vertex
  /** In the tree; undefined: not there. */
  readonly index: number | undefined
  /** Undefined: our own LSA, as we want it to be. */
  readonly entry: Entry | undefined
}

/** All of an area, those without a place in the tree included. */
function* verticesOf(router: Router, { tree, lsdb, wanted }: Area): Generator<Advertiser> {
  for (const { type, lsId: id, calculated: lsa } of wanted.values()) {
    if (type !== LsType.router && type !== LsType.network) continue
    const kind = type === LsType.router ? 'router' : 'network'
    const index = kind === 'router' ? tree?.routers.get(id) : tree?.networks.get(id)
    yield { vertex: { lsa }, index, entry: undefined }
  }
  for (const type of [LsType.router, LsType.network]) {
    for (const entry of lsdb.ofType(type)) {
      const { lsId: id, advertisingRouter } = entry.lsa.header
      if (advertisingRouter === router.routerId) continue
      const kind = type === LsType.router ? 'router' : 'network'
      const index = kind === 'router' ? tree?.routers.get(id) : tree?.networks.get(id)
      // of two LSAs for one network the tree has one
      const isIn = index !== undefined && tree!.vertices[index] === entry
      yield { vertex: entry, index: isIn ? index : undefined, entry }
    }
  }
}

function stub(
  router: Router,
  area: Area,
  key: number,
  vertex: Vertex,
  index: number | undefined,
  entry: Entry | undefined,
  metric: number,
): Candidate {
  const { tree } = area
  const distance = tree && index !== undefined ? tree.distance[index]! : UNREACHABLE
  const { header } = vertex.lsa
  const base = {
    pathType: 'intra-area',
    area: area.id,
    lsa: header,
    age: entry ? ageOf(entry, router.now) : 0,
    type2Cost: undefined,
    forwardingAddress: 0,
  } as const
  const none = { ...base, cost: undefined, path: undefined, nextHops: [], chosen: false }
  if (entry && isMaxAge(entry, router.now)) return { ...none, reason: MAX_AGE }
  if (tree === undefined || index === undefined || distance === UNREACHABLE) {
    const where = `area ${formatIpv4(area.id)}`
    const who = isRouter(vertex)
      ? `router ${formatIpv4(idOf(vertex))}`
      : `the network of ${formatIpv4(idOf(vertex))}`
    return { ...none, reason: `16.1: ${who} cannot be reached through ${where}` }
  }
  const cost = distance + metric
  const nextHops = router.hops.get(tree.hopSet[index]!)
  const found = { ...base, cost, path: pathTo(tree, index), nextHops }
  const lose = (reason: string): Candidate => ({ ...found, chosen: false, reason })
  const hopSet = tree.hopSet[index]!
  if (leadsOverVirtualLink(router, hopSet)) return lose(OVER_VIRTUAL_LINK)
  const path = router.table.networks.get(key)
  if (path === undefined || path.pathType !== 'intra-area' || cost < path.cost) return lose(PENDING)
  if (cost > path.cost) return lose(`16.1: a path of cost ${path.cost} is shorter`)
  if (path.hopSet === 0 && hopSet !== 0) return lose('16.1: it is no farther to this router itself')
  return { ...found, chosen: true, reason: `16.1: the least cost inside an area, ${cost}` }
}

/** 16.3, at the end: a virtual link is no way, and what the transit area tells is a candidate of its own. */
const leadsOverVirtualLink = ({ hops }: Router, hopSet: number): boolean =>
  hopSet !== 0 && hops.isUnresolved(hopSet) && hops.resolved(hopSet) === 0

const OVER_VIRTUAL_LINK =
  '16.3: it is reached over a virtual link, whose way the summaries of the transit area tell'
const PENDING = 'a calculation waits for its delay'
const MAX_AGE = '14: it is at MaxAge, on its way out of the databases'

// 16.2, 16.3

function* interArea(router: Router, key: number): Generator<Candidate> {
  for (const area of router.areas.values()) {
    for (const entry of area.lsdb.ofPrefix(LsType.summaryNetwork, key)) {
      yield summary(router, area, key, entry)
    }
  }
}

function summary(router: Router, area: Area, key: number, entry: Entry): Candidate {
  const { table, hops } = router
  const read = readSummary(router, area, table, entry)
  const { header } = entry.lsa
  const base = {
    pathType: 'inter-area',
    area: area.id,
    lsa: header,
    age: ageOf(entry, router.now),
    type2Cost: undefined,
    forwardingAddress: 0,
  } as const
  if (typeof read === 'string') {
    const none = { cost: undefined, path: undefined, nextHops: [], chosen: false }
    return { ...base, ...none, reason: whyNoSummary(read, header, area) }
  }
  const { cost, via } = read
  const nextHops = hops.get(via.hopSet)
  const found = { ...base, cost, path: pathToRouter(area.tree, via.routerId), nextHops }
  const lose = (reason: string): Candidate => ({ ...found, chosen: false, reason })
  const path = table.networks.get(key)
  if (!looksAtSummaries(router, area)) {
    if (!isTransit(router, area)) {
      return lose('16.2: an area border router looks at the summaries of the backbone alone')
    }
    if (path === undefined || path.area !== 0) {
      return lose('16.3 (3): it is not reached through the backbone')
    }
    if (cost > path.cost) return lose(`16.3 (5): the way through the backbone costs ${path.cost}`)
    const reason = `16.3: the way through the transit area costs ${cost}`
    return { ...found, chosen: path.hopSet !== 0, reason }
  }
  if (router.isAbr && isActiveRange(router, prefixOfKey(key), lengthOfKey(key), table)) {
    return lose('16.2 (3): it is an active range of ours')
  }
  if (path?.pathType === 'intra-area') {
    return lose('16.2 (6), 11: intra-area paths are preferred over inter-area paths')
  }
  if (leadsOverVirtualLink(router, via.hopSet)) return lose(OVER_VIRTUAL_LINK)
  if (path === undefined || path.pathType !== 'inter-area' || cost < path.cost) return lose(PENDING)
  if (cost > path.cost) return lose(`16.2 (7): a path of cost ${path.cost} is shorter`)
  return { ...found, chosen: true, reason: `16.2: the least cost between areas, ${cost}` }
}

function whyNoSummary(refusal: SummaryRefusal, header: LsaHeader, { id }: Area): string {
  const border = `router ${formatIpv4(header.advertisingRouter)}`
  switch (refusal) {
    case 'infinite':
      return '16.2 (1): its cost is LSInfinity: unreachable'
    case 'max-age':
      return MAX_AGE
    case 'own':
      return '16.2 (2): we said it ourselves, for others'
    case 'unreachable-border':
      return `16.2 (4): border ${border} cannot be reached through area ${formatIpv4(id)}`
    case 'no-border':
      return `16.2 (4): ${border} does not say that it is an area border router`
  }
}

const pathToRouter = (tree: Tree | undefined, routerId: number): Path | undefined => {
  const index = tree?.routers.get(routerId)
  return tree && index !== undefined ? pathTo(tree, index) : undefined
}

// 16.4

function* externals(router: Router, key: number): Generator<Candidate> {
  for (const [lsdb, type, nssa] of externalDatabases(router)) {
    for (const entry of lsdb.ofPrefix(type, key)) {
      yield external(router, key, entry, nssa && router.areas.get(nssa.id))
    }
  }
}

function external(router: Router, key: number, entry: Entry, nssa: Area | undefined): Candidate {
  const { table, hops } = router
  const { header } = entry.lsa
  const body = entry.lsa.body as ExternalLsaBody
  const { forwardingAddress } = body
  const base = {
    pathType: body.metricType === 2 ? 'external-2' : 'external-1',
    area: nssa?.id,
    lsa: header,
    age: ageOf(entry, router.now),
    forwardingAddress,
  } as const
  const read = readExternal(router, table, entry, nssa)
  const type2Cost = body.metricType === 2 ? body.metric : undefined
  if (typeof read === 'string') {
    const none = { cost: undefined, type2Cost, path: undefined, nextHops: [], chosen: false }
    return { ...base, ...none, reason: whyNoExternal(router, read, header, forwardingAddress) }
  }
  const found = {
    ...base,
    cost: read.cost,
    type2Cost,
    path: externalPath(router, header.advertisingRouter, forwardingAddress, nssa),
    nextHops: hops.get(read.hopSet),
  }
  const path = table.networks.get(key)
  const order = path === undefined ? -1 : compareExternals(path, read)
  if (path === undefined || order > 0) {
    return { ...found, chosen: false, reason: PENDING }
  }
  if (order < 0) return { ...found, chosen: false, reason: whyWorse(path, read) }
  const metric =
    type2Cost === undefined
      ? `the least cost, ${read.cost}`
      : `the least metric, ${type2Cost}, at the least distance, ${read.cost}`
  return { ...found, chosen: true, reason: `16.4 (6): ${metric}` }
}

function externalPath(
  router: Router,
  boundary: number,
  forwardingAddress: number,
  nssa: Area | undefined,
): Path | undefined {
  if (forwardingAddress !== 0) {
    const path = router.table.lookup(forwardingAddress)
    if (path === undefined) return undefined
    const key = prefixKey(path.prefix, path.length)
    for (const candidate of [...intraArea(router, key), ...interArea(router, key)]) {
      if (candidate.chosen) return candidate.path
    }
    return undefined
  }
  const way = wayToBoundary(router, router.table, boundary, nssa)
  const area = way && router.areas.get(way.area)
  if (area === undefined) return undefined
  if (way?.pathType === 'intra-area') return pathToRouter(area.tree, boundary)
  // 16.2: through a border router
  for (const entry of area.lsdb.ofType(LsType.summaryAsbr)) {
    if (entry.lsa.header.lsId !== boundary) continue
    const read = readSummary(router, area, router.table, entry)
    if (typeof read === 'string' || read.cost !== way?.cost) continue
    const path = pathToRouter(area.tree, read.via.routerId)
    if (path === undefined) continue
    const steps = [...path.steps, { kind: 'router', id: boundary, cost: read.cost } as const]
    return { ...path, steps }
  }
  return undefined
}

function whyNoExternal(
  router: Router,
  refusal: ExternalRefusal,
  { advertisingRouter }: LsaHeader,
  forwardingAddress: number,
): string {
  switch (refusal) {
    case 'infinite':
      return '16.4 (1): its cost is LSInfinity: unreachable'
    case 'max-age':
      return MAX_AGE
    case 'own':
      return '16.4 (2): we said it ourselves, for others'
    case 'bad-mask':
      return '16.4 (2): its mask has holes'
    case 'redistributed':
      return 'the kernel has a route there that we redistribute'
    case 'internal':
      return '16.4 (6a), 11: paths inside the autonomous system are preferred over externals'
    case 'nssa-default':
      return 'RFC 3101 2.5 (3): a border router does not believe this default of an NSSA'
    case 'unreachable-boundary':
      return `16.4 (3): there is no way to AS boundary router ${formatIpv4(advertisingRouter)}`
    case 'unreachable-forwarding': {
      const address = formatIpv4(forwardingAddress)
      return router.hasAddress(forwardingAddress)
        ? `16.4 (3): forwarding address ${address} is our own`
        : `16.4 (3): forwarding address ${address} is not reached inside the autonomous system`
    }
  }
}

function whyWorse(path: NetworkPath, candidate: NetworkPath): string {
  if (path.pathType !== candidate.pathType) {
    return '16.4 (6b): type 1 is preferred over type 2'
  }
  if (path.type2Cost !== candidate.type2Cost) {
    return `16.4 (6b): a metric of ${path.type2Cost} is less than ${candidate.type2Cost}`
  }
  if (path.rank !== candidate.rank) {
    return '16.4 (6c), 16.4.1: an intra-area way outside the backbone is preferred'
  }
  return `16.4 (6d): a way of cost ${path.cost} is shorter`
}
