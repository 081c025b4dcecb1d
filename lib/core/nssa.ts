/** Not-so-stubby areas (RFC 3101): type 7 LSAs of our own, and their translation into type 5 at the border. */
import { maskOf } from '../wire/address.ts'
import type { ExternalLsaBody } from '../wire/external-lsa.ts'
import { LsType } from '../wire/lsa.ts'
import { Option } from '../wire/options.ts'
import { RouterFlag } from '../wire/router-lsa.ts'
import { type Area, prefixKey } from './area.ts'
import { bodyOf } from './autonomous-system.ts'
import { LS_INFINITY } from './constants.ts'
import { rangeOf } from './inter-area.ts'
import type { ExternalPrefix } from './io.ts'
import { assignLinkStateIds } from './link-state-id.ts'
import { isMaxAge } from './lsdb.ts'
import type { Wish } from './originate.ts'
import type { Router } from './router.ts'
import { flagsOf, idOf, isRouter } from './spf.ts'

/** Our own type 7 LSAs: what we advertise into the NSSA, and its default (2.4, 2.7). */
export function nssaLsas(area: Area, wish: Wish): void {
  const { router, config } = area
  if (config.kind !== 'nssa') return
  // 2.4: to be translated, an LSA needs a forwarding address inside the area; a border router advertises type 5 itself
  const inside = addressIn(area)
  const propagate = !(router.isAbr && router.reachesExternals) && inside !== 0
  const externals = router.as.externals.said(area)
  const { defaultOriginate } = config.nssa
  // 2.7: the default of a border router leads to itself
  const isOurs = router.isAbr && defaultOriginate !== undefined
  if (isOurs) externals.set(DEFAULT, { ...defaultRoute, ...defaultOriginate })
  const ids = assignLinkStateIds(LsType.nssa, wish.before, externals.values())
  for (const [key, external] of externals) {
    const lsId = ids.get(key)
    if (lsId === undefined) continue
    const isPropagated = propagate && !(isOurs && key === DEFAULT)
    const metric = router.stubRouter?.externalMetric ?? external.metric
    const forwardingAddress = external.forwardingAddress || (isPropagated ? inside : 0)
    const body = bodyOf({ ...external, metric, forwardingAddress })
    wish.add(LsType.nssa, lsId, body, { options: isPropagated ? Option.np : 0 })
  }
}

/** The key of 0.0.0.0/0. */
const DEFAULT = 0
const defaultRoute = { prefix: 0, length: 0, tag: 0, forwardingAddress: 0 } as const

/** 2.3: an address of ours in the area; that of a loopback or stub network if there is one, as they do not partition. */
function addressIn(area: Area): number {
  let found = 0
  for (const { state, config, address, isTold } of area.interfaces) {
    // nobody is told how to get there (RFC 6860)
    if (state === 'Down' || !isTold) continue
    if (config.passive || state === 'Loopback') return address
    found ||= address
  }
  return found
}

/** 3.1: begins to translate when elected, and goes on for TranslatorStabilityInterval when another is. */
export function updateTranslator(area: Area): void {
  const { router, config, translatorTimer } = area
  const isElected = electTranslator(area)
  const isNeeded = !isElected && area.isTranslator && config.kind === 'nssa' && router.isAbr
  if (isNeeded && config.nssa.translator === 'candidate') {
    if (!translatorTimer.armed) translatorTimer.set(router.now + config.nssa.stabilityMs)
    return
  }
  translatorTimer.cancel()
  setTranslator(area, isElected)
}

export function setTranslator(area: Area, isTranslator: boolean): void {
  if (area.isTranslator === isTranslator) return
  area.isTranslator = isTranslator
  area.router.as.originateDirty = true
}

/** 3.1: whether we are to translate for an NSSA: if asked to always, or elected. */
function electTranslator(area: Area): boolean {
  const { router, config } = area
  if (config.kind !== 'nssa' || !router.isAbr) return false
  switch (config.nssa.translator) {
    case 'never':
      return false
    case 'always':
      return true
    case 'candidate':
      for (const { routerId, nssaTranslator } of otherBorders(area)) {
        if (nssaTranslator || routerId > router.routerId) return false
      }
      return true
  }
}

interface Border {
  readonly routerId: number
  /** It always translates (bit Nt). */
  readonly nssaTranslator: boolean
}

/**
 * 3.1: the other border routers of an NSSA that are reached both through it and, as AS boundary routers, elsewhere.
 * Who is a border router but did not set the E-bit is one all the same, as in BIRD.
 */
function* otherBorders({ router, tree, id }: Area): Generator<Border> {
  if (tree === undefined) return
  const { table } = router
  for (const v of tree.order) {
    const vertex = tree.vertices[v]!
    if (!isRouter(vertex) || idOf(vertex) === router.routerId) continue
    const flags = flagsOf(vertex)
    if ((flags & RouterFlag.b) === 0) continue
    const nssaTranslator = (flags & RouterFlag.nt) !== 0
    for (const path of table.pathsTo(idOf(vertex))) {
      if (path.area === id || !router.areas.get(path.area)?.isNormal) continue
      yield { routerId: idOf(vertex), nssaTranslator }
      break
    }
  }
}

/** Somebody else could translate for an NSSA. */
export const hasOtherBorder = (area: Area): boolean =>
  area.config.kind === 'nssa' && !otherBorders(area).next().done

/**
 * What we translate for every NSSA whose translator we are (3.2).
 * @param own what we say ourselves, by prefix key
 */
export function translatedPrefixes(
  router: Router,
  own: ReadonlyMap<number, unknown>,
): ExternalPrefix[] {
  const found = new Map<number, ExternalPrefix>()
  for (const area of router.areas.values()) {
    if (!area.isTranslator) continue
    for (const external of translate(router, area)) {
      const key = prefixKey(external.prefix, external.length)
      // our own type 5 for the same destination wins; so does the better of two translations
      if (own.has(key)) continue
      const old = found.get(key)
      if (old === undefined || isBetter(external, old)) found.set(key, external)
    }
  }
  return [...found.values()]
}

const isBetter = (a: ExternalPrefix, b: ExternalPrefix): boolean =>
  a.metricType === b.metricType ? a.metric < b.metric : a.metricType < b.metricType

/** 3.2: installed type 7 routes. Those of our own are not in the table, and have no P-bit. */
function* translate(router: Router, area: Area): Generator<ExternalPrefix> {
  const ranges = new Map<number, ExternalPrefix>()
  const rivals = [...otherBorders(area)].filter(({ routerId }) => routerId > router.routerId)
  for (const { prefix, length, origin, nssa } of router.table.networks.values()) {
    if (origin === undefined || nssa !== area) continue
    const { header, body: contents } = origin.lsa
    const body = contents as ExternalLsaBody
    // (1). The table may be a moment older than the LSA
    if (origin.removed || isMaxAge(origin, router.now) || body.metric >= LS_INFINITY) continue
    if (!(header.options & Option.np) || body.forwardingAddress === 0) continue
    const { metricType, metric, tag, forwardingAddress } = body
    const external = { prefix, length, metricType, metric, tag, forwardingAddress }
    const range = rangeOf(area.config.nssa.ranges, prefix, length)
    if (range === undefined) {
      // (2)
      if (!isSaidByRival(router, rivals, external)) yield external
      continue
    }
    if (!range.advertise) continue
    // (3): the largest type, and the largest metric of it; a type 2 is told one more
    const aggregate: ExternalPrefix = {
      prefix: range.prefix,
      length: range.length,
      metricType,
      metric: range.cost ?? (metricType === 2 ? Math.min(metric + 1, LS_INFINITY - 1) : metric),
      tag: range.tag ?? 0,
      forwardingAddress: 0,
    }
    const key = prefixKey(range.prefix, range.length)
    const old = ranges.get(key)
    if (old === undefined || !isBetter(aggregate, old)) ranges.set(key, aggregate)
  }
  yield* ranges.values()
}

/** 3.2 (2): of translators that say the same, the one with the highest Router ID goes on. */
function isSaidByRival(
  { as, now }: Router,
  rivals: readonly Border[],
  { prefix, length, metricType, metric, forwardingAddress }: ExternalPrefix,
): boolean {
  const mask = maskOf(length)
  for (const { routerId } of rivals) {
    for (const lsId of [prefix, (prefix | ~mask) >>> 0]) {
      const entry = as.lsdb.get(LsType.external, lsId, routerId)
      if (entry === undefined || isMaxAge(entry, now)) continue
      const body = entry.lsa.body as ExternalLsaBody
      const isSame =
        body.mask === mask &&
        body.metricType === metricType &&
        body.metric === metric &&
        body.forwardingAddress === forwardingAddress
      if (isSame) return true
    }
  }
  return false
}
