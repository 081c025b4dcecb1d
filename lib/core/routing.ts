/**
 * The routes of a router: what is to be calculated anew and when, the table that came out last, and what is told of
 * the difference. Changes come in three sizes: of the topology (a tree is calculated, and then everything), of the
 * ways to routers (everything but the trees), of some networks (those alone).
 */
import { formatIpv4 } from '../wire/address.ts'
import { type LsaHeader, LsType, lsaKey } from '../wire/lsa.ts'
import type { Area } from './area.ts'
import { calculateTable, isTransit, recalculateNetworks } from './calculation.ts'
import { UNREACHABLE } from './dijkstra.ts'
import { discardsOf } from './discard.ts'
import { describeLsa, type OspfEvent } from './events.ts'
import type { Extent } from './extent.ts'
import { finishDiscard, finishRoute, finishRoutes } from './finish-routes.ts'
import { HopSets } from './hop-sets.ts'
import type { RouteChange } from './io.ts'
import { LsaMap } from './lsa-map.ts'
import { isMaxAge } from './lsdb.ts'
import { updateTranslator } from './nssa.ts'
import { prefixKey } from './prefix-index.ts'
import type { Router } from './router.ts'
import {
  type AttachedNetworks,
  attachedNetworks,
  changedAttachments,
  type RouteTable,
  RoutingTable,
  routeChange,
  type TableRoute,
} from './routes.ts'
import { EXCHANGED, FLOODED, SpfDelay, type SpfDelayConfig } from './spf-delay.ts'
import { updateVirtualLinks } from './virtual-link.ts'

/** Who or what called for a calculation: an LSA, or something else in words. */
export type Reason = LsaHeader | string

export interface RoutingOptions {
  readonly treeDelay: SpfDelayConfig
  readonly routeDelay: SpfDelayConfig
  readonly stopwatch: (() => number) | undefined
}

type Run = Extract<OspfEvent, { type: 'spf' }>

export class Routing {
  /** What the last calculation found. */
  table: RoutingTable = new RoutingTable()
  /** Next hops of all trees and of the table. */
  hops: HopSets
  readonly #router: Router
  readonly #stopwatch: () => number | undefined
  readonly #treeDelay: SpfDelay
  readonly #routeDelay: SpfDelay
  readonly #dirtyTrees = new Set<Area>()
  #isTableDirty = false
  readonly #dirtyNetworks = new Set<number>()
  /** The tree waits for the network-LSA of a Designated Router. */
  #isHeld = false
  /** Milliseconds between calculations of trees, while changes keep coming: so that most of the time is for others. */
  #leastWait = 0
  readonly #reasons = new LsaMap<LsaHeader>((header) => header)
  readonly #otherReasons = new Set<string>()
  #moreReasons = 0
  #routes: Map<number, TableRoute> = new Map()
  #attached: AttachedNetworks = new Map()
  #wasAbr = false

  constructor(router: Router, { treeDelay, routeDelay, stopwatch }: RoutingOptions) {
    this.#router = router
    this.#stopwatch = stopwatch ?? (() => undefined)
    this.hops = new HopSets(router.limits.maximumPaths)
    const { timers } = router
    this.#treeDelay = new SpfDelay(timers, treeDelay, () => this.#calculateTrees())
    this.#routeDelay = new SpfDelay(timers, routeDelay, () => this.#calculateRoutes())
  }

  has(prefix: number, length: number): boolean {
    return this.#routes.has(prefixKey(prefix, length))
  }

  get routes(): RouteTable {
    return this.#routes
  }

  /** Something has changed, and is not calculated yet. */
  get isPending(): boolean {
    return this.#dirtyTrees.size > 0 || this.#isTableDirty || this.#dirtyNetworks.size > 0
  }

  /** Something in an area, or (undefined) in the whole autonomous system, has changed. */
  changed(area: Area | undefined, extent: Extent, reason: Reason): void {
    const router = this.#router
    // our own LSAs going is no reason to forget the way of what is still in flight
    if (router.leaving) return
    switch (extent.what) {
      case 'tree':
        if (area) this.#dirtyTrees.add(area)
        else for (const each of router.areas.values()) this.#dirtyTrees.add(each)
        break
      case 'table':
        this.#isTableDirty = true
        break
      case 'networks':
        if (extent.keys.length === 0) return
        for (const key of extent.keys) this.#dirtyNetworks.add(key)
        if (area && typeof reason !== 'string') noteNetworks(area, reason, extent.keys)
    }
    this.#note(reason)
    const delay = extent.what === 'tree' ? this.#treeDelay : this.#routeDelay
    if (area ? isAlone(area) : isAloneEverywhere(router)) delay.soon(router.now)
    else if (extent.what === 'tree') this.#treeChanged(area, extent.isNew, reason)
    else delay.event(router.now)
  }

  /**
   * Where a Designated Router takes over, our own LSA leads to its network before anybody has said that there is one.
   * For that moment the tree as it was is better than one without the network.
   */
  #treeChanged(area: Area | undefined, isNew: boolean | undefined, reason: Reason): void {
    const { now, routerId } = this.#router
    const isOurs = typeof reason !== 'string' && reason.advertisingRouter === routerId
    const { shortMs } = this.#treeDelay.config
    if ((isOurs || this.#isHeld) && lacksNetwork(this.#router)) {
      this.#isHeld = true
      this.#treeDelay.event(now, shortMs)
      return
    }
    const least = this.#treeDelay.state === 'QUIET' ? 0 : this.#leastWait
    if (isNew && !isOurs && !this.#isHeld) {
      // it has an end, and the last tree is what it is waited for
      return this.#treeDelay.load(now, area?.exchanging ? EXCHANGED : FLOODED, least / 2)
    }
    this.#treeDelay.event(now, least)
    if (this.#isHeld) this.#treeDelay.soon(now)
    this.#isHeld = false
  }

  /** A change of routes after a quiet time does not wait for a timer: it belongs to the input that brought it. */
  runDue(): void {
    this.#routeDelay.runDue(this.#router.now)
  }

  /** Other delays, from the next change on. */
  delays(tree: SpfDelayConfig | undefined, routes: SpfDelayConfig | undefined): void {
    if (tree) this.#treeDelay.config = tree
    if (routes) this.#routeDelay.config = routes
  }

  /** There are too many of them, or they are cut to another number than they are to be. */
  get #hopsAreStale(): boolean {
    const { size, maximumPaths } = this.hops
    return size > HOP_SETS_MAX || maximumPaths !== this.#router.limits.maximumPaths
  }

  /** A bounded number of reasons, each once. */
  #note(reason: Reason): void {
    const isText = typeof reason === 'string'
    if (isText ? this.#otherReasons.has(reason) : this.#reasons.has(reason)) return
    if (this.#reasons.size + this.#otherReasons.size >= REASONS_MAX) this.#moreReasons++
    else if (isText) this.#otherReasons.add(reason)
    else this.#reasons.set(reason)
  }

  #calculateTrees(): void {
    if (!this.#router.leaving) this.#calculate(this.#dirtyTrees)
  }

  /** The ways to networks, and to routers if need be, on the trees as they are. */
  #calculateRoutes(): void {
    const router = this.#router
    if (router.leaving) return
    const untilled = [...router.areas.values()].filter(({ tree }) => tree === undefined)
    if (untilled.length > 0 || this.#hopsAreStale) this.#calculate(this.#dirtyTrees)
    else if (this.#isTableDirty || isTransited(router)) this.#calculate(new Set())
    else this.#calculateNetworks()
  }

  /** Section 16, from the trees on; only some trees are calculated anew. */
  #calculate(dirty: ReadonlySet<Area>): void {
    const router = this.#router
    const begun = this.#stopwatch()
    if (this.#hopsAreStale) {
      this.hops = new HopSets(router.limits.maximumPaths)
      for (const area of router.areas.values()) this.#dirtyTrees.add(area)
    }
    const areas = [...router.areas.values()]
    const trees = areas.filter((area) => dirty.has(area) || area.tree === undefined)
    // changes of this size are not noted there
    for (const { tree } of areas) if (tree) tree.prefixes = undefined
    this.table = calculateTable(router, new Set(trees))
    if (trees.length > 0) this.#isHeld = false
    for (const area of this.#dirtyTrees) {
      // or it was removed
      if (trees.includes(area) || !areas.includes(area)) this.#dirtyTrees.delete(area)
    }
    // what waits for its delay is done with this
    if (this.#dirtyTrees.size === 0) this.#treeDelay.done()
    this.#routeDelay.done()
    this.#isTableDirty = false
    this.#dirtyNetworks.clear()
    updateVirtualLinks(router)
    this.#attached = attachedNetworks(router)
    const before = this.#routes
    const found = finishRoutes(router, this.table, this.#attached, before, router.tellsAttributes)
    this.#routes = found.routes
    this.#finish(begun, found.changes, {
      what: trees.length > 0 ? 'tree' : 'table',
      areas: trees.map(({ id }) => formatIpv4(id)),
      vertices: trees.reduce((sum, { tree }) => sum + tree!.vertices.length, 0),
      networks: this.#routes.size,
      routes: found.count,
    })
  }

  /** No link, no router, no way to a router has changed: some networks alone. */
  #calculateNetworks(): void {
    const router = this.#router
    const begun = this.#stopwatch()
    this.#routeDelay.done()
    const attached = attachedNetworks(router)
    const moved = changedAttachments(this.#attached, attached)
    this.#attached = attached
    const keys = [...this.#dirtyNetworks, ...moved]
    this.#dirtyNetworks.clear()
    const looked = recalculateNetworks(router, this.table, keys, moved)
    const { changes, routes } = this.#replace(looked)
    const networks = looked.size
    this.#finish(begun, changes, { what: 'networks', areas: [], vertices: 0, networks, routes })
  }

  /** What we tell of as a whole has changed, and nothing else. */
  discardsChanged(keys: ReadonlySet<number>): void {
    const { changes } = this.#replace(keys)
    if (changes.length > 0) this.#router.emit({ type: 'routes', changes })
  }

  /** Puts into the table that is given out what was found for some networks. */
  #replace(keys: ReadonlySet<number>): { changes: RouteChange[]; routes: number } {
    const router = this.#router
    const discards = discardsOf(router, this.table, keys)
    const changes: RouteChange[] = []
    let routes = 0
    for (const key of keys) {
      const path = this.table.networks.get(key)
      const before = this.#routes.get(key)
      const discard = discards.get(key)
      const after = discard
        ? finishDiscard(discard, before)
        : path && finishRoute(router, this.table, path, this.#attached.get(key), before)
      if (before === after) continue
      routes++
      if (after) this.#routes.set(key, after)
      else this.#routes.delete(key)
      const change = routeChange(before, after, router.tellsAttributes)
      if (change) changes.push(change)
    }
    return { changes, routes }
  }

  #finish(
    begun: number | undefined,
    changes: readonly RouteChange[],
    found: Pick<Run, 'what' | 'areas' | 'vertices' | 'networks' | 'routes'>,
  ): void {
    const router = this.#router
    const ended = this.#stopwatch()
    const durationMs = begun === undefined || ended === undefined ? undefined : ended - begun
    if (found.what === 'tree') {
      this.#leastWait = Math.min((durationMs ?? 0) * WAIT_PER_DURATION, LEAST_WAIT_MAX_MS)
    }
    const reasons = [...Array.from(this.#reasons, describeLsa), ...this.#otherReasons]
    const moreReasons = this.#moreReasons
    router.counters.calculations++
    router.say({ type: 'spf', ...found, reasons, moreReasons, durationMs })
    if (this.#dirtyTrees.size === 0) {
      this.#reasons.clear()
      this.#otherReasons.clear()
      this.#moreReasons = 0
    }
    if (changes.length > 0) router.emit({ type: 'routes', changes })
    this.#tellOtherAreas()
  }

  /** What we say of one area to another depends on the table. */
  #tellOtherAreas(): void {
    const router = this.#router
    for (const area of router.areas.values()) updateTranslator(area)
    const { isAbr } = router
    if (isAbr || this.#wasAbr) for (const scope of router.scopes()) scope.originateDirty = true
    this.#wasAbr = isAbr
  }
}

/** A link of ours leads to a transit network that no network-LSA describes. */
function lacksNetwork({ areas, routerId, now }: Router): boolean {
  for (const { lsdb, wanted } of areas.values()) {
    const own = wanted.get(lsaKey(LsType.router, routerId, routerId))?.calculated.body
    if (own?.kind !== 'router') continue
    const missing = new Set(own.links.flatMap(({ type, id }) => (type === LINK_TRANSIT ? id : [])))
    if (missing.size === 0) continue
    for (const { type, lsId } of wanted.values()) if (type === LsType.network) missing.delete(lsId)
    for (const entry of lsdb.ofType(LsType.network)) {
      if (!isMaxAge(entry, now)) missing.delete(entry.lsa.header.lsId)
    }
    if (missing.size > 0) return true
  }
  return false
}

const LINK_TRANSIT = 2

/**
 * Ways through transit areas are found in two steps (16.2, 16.3), and what the first one leaves is no longer known when
 * some networks are to be looked at again: border routers that are reached over virtual links alone are gone from it.
 */
function isTransited(router: Router): boolean {
  for (const area of router.areas.values()) if (isTransit(router, area)) return true
  for (const { isVirtual } of router.interfaces.values()) if (isVirtual) return true
  return false
}

/** Nobody there whose changes could come in numbers. */
const isAlone = ({ lsdb }: Area): boolean => lsdb.size <= lsdb.own.size

function isAloneEverywhere({ areas }: Router): boolean {
  for (const area of areas.values()) if (!isAlone(area)) return false
  return true
}

/** A router has come to advertise networks that its vertex is not listed under. */
function noteNetworks(
  { tree }: Area,
  { advertisingRouter, type }: LsaHeader,
  keys: readonly number[],
): void {
  if (tree?.prefixes === undefined || type !== LsType.router) return
  const vertex = tree.routers.get(advertisingRouter)
  if (vertex === undefined || tree.distance[vertex] === UNREACHABLE) return
  for (const key of keys) tree.prefixes.add(key, vertex)
}

/**
 * A tree takes at most a fifth of the time, however large it is and however little of the machine is ours; while a
 * database comes in, a third.
 */
const WAIT_PER_DURATION = 4
const LEAST_WAIT_MAX_MS = 1000
const HOP_SETS_MAX = 10_000
const REASONS_MAX = 8
