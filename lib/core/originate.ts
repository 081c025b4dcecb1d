/**
 * Our own LSAs (RFC 2328 12.4). What we want to say is computed from what is, and the database is reconciled with
 * it: what differs is originated anew, what is not wanted is flushed (14.1). LSAs of an earlier life of ours (13.4)
 * need no other treatment than that.
 *
 * Pacing. Instances of one LSA leave at least MinLSArrival apart, or receivers would drop them (13 (5a)); the first
 * change after a quiet time leaves at once, further ones wait twice as long each, up to MinLSInterval. That is
 * quicker than the fixed MinLSInterval of 12.4 for a single change and the same for a stream of them. `LsaThrottle` has
 * the numbers. What takes something back (a VIP, an adjacency) waits for MinLSArrival alone.
 * An instance that no neighbor has got yet can be replaced at any time, and a database exchange leaves it out: it is
 * about to change, as the adjacency itself will be in it, and its successor would fall under MinLSArrival.
 */
import { formatIpv4 } from '../wire/address.ts'
import { encodeLsa, type Lsa, type LsaBody, type LsaHeader, LsType, lsaKey } from '../wire/lsa.ts'
import type { RouterLink } from '../wire/router-lsa.ts'
import {
  ARRIVAL_MARGIN_MS,
  EXCHANGE_PATIENCE_MS,
  INITIAL_SEQUENCE,
  LS_INFINITY,
  LS_REFRESH_TIME_S,
  MAX_AGE_S,
  MAX_SEQUENCE,
  MIN_LS_ARRIVAL_MS,
  MIN_LS_INTERVAL_MS,
} from './constants.ts'
import { extentOf } from './extent.ts'
import { flood } from './flood.ts'
import type { Instant } from './io.ts'
import { install } from './ls-update.ts'
import { ageOf, contentsDiffer, type Entry, isMaxAge, keyOf } from './lsdb.ts'
import type { Neighbor } from './neighbor.ts'
import type { Router } from './router.ts'
import type { Scope } from './scope.ts'

/** An LSA that we want to be in the database. */
export interface Wanted {
  readonly key: string
  readonly type: number
  readonly lsId: number
  readonly body: LsaBody
  /** Encoded with sequence number 0, to compare contents. */
  readonly draft: Lsa
  /** What our own calculation goes by: the same, but for a router that tells others not to use its links. */
  readonly calculated: Lsa
}

/** What we want to say in one scope, gathered. */
export class Wish {
  readonly wanted: Map<string, Wanted> = new Map()
  /** What we said so far. */
  readonly before: ReadonlyMap<string, Wanted>
  readonly #scope: Scope

  constructor(scope: Scope, before: ReadonlyMap<string, Wanted>) {
    this.#scope = scope
    this.before = before
  }

  /** `options`: those of the scope, unless this LSA has its own; `calculated`: unless it is the same. */
  add(
    type: number,
    lsId: number,
    body: LsaBody,
    { options = this.#scope.options, calculated }: { options?: number; calculated?: LsaBody } = {},
  ): void {
    const advertisingRouter = this.#scope.router.routerId
    const key = lsaKey(type, lsId, advertisingRouter)
    const old = this.before.get(key)
    if (old !== undefined && old.draft.header.options === options && sameBody(old.body, body)) {
      this.wanted.set(key, old)
      return
    }
    const header = { age: 0, options, type, lsId, advertisingRouter, sequence: 0 }
    const draft = encodeLsa(header, body)
    const ours = calculated === undefined ? draft : encodeLsa(header, calculated)
    this.wanted.set(key, { key, type, lsId, body, draft, calculated: ours })
  }
}

/** The quick way to see that nothing changed, for the LSAs that come in thousands. */
function sameBody(a: LsaBody, b: LsaBody): boolean {
  if (a.kind === 'summary' && b.kind === 'summary') {
    return a.mask === b.mask && a.metric === b.metric
  }
  if (a.kind === 'external' && b.kind === 'external') {
    return (
      a.mask === b.mask &&
      a.metric === b.metric &&
      a.metricType === b.metricType &&
      a.forwardingAddress === b.forwardingAddress &&
      a.tag === b.tag
    )
  }
  return a.kind === 'opaque' && b.kind === 'opaque' && sameBytes(a.data, b.data)
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((octet, i) => octet === b[i])

/** How fast instances of one of our LSAs follow each other, in milliseconds. */
export interface LsaThrottle {
  /** How long the first change after a quiet time waits for others to go with it; default 0. */
  readonly initialMs: number
  /** From the first to the second; each further wait is twice as long. Default: MinLSArrival. */
  readonly holdMs: number
  /** The longest wait; default: MinLSInterval. */
  readonly maxMs: number
}

export const defaultLsaThrottle: LsaThrottle = {
  initialMs: 0,
  holdMs: MIN_LS_ARRIVAL_MS,
  maxMs: MIN_LS_INTERVAL_MS,
}

/** How fast instances of one of our LSAs follow each other. */
export interface Pace {
  originatedAt: Instant
  /** Since when the first change after a quiet time waits. */
  changedAt?: Instant | undefined
  /** Milliseconds from then to the next. */
  hold: number
  /** Since when a change waits for a database exchange to end. */
  patientSince: Instant | undefined
  /** The last instance was flushed, and when; the highest sequence number that was. */
  flushed?: { readonly at: Instant; readonly sequence: number }
}

/** With fewer paces than these, nobody looks which can go. */
const PACES_LOOK_MIN = 256

/** 13.4: by Router ID, or a network-LSA for one of our addresses. */
export function isSelfOriginated(router: Router, header: LsaHeader): boolean {
  if (header.advertisingRouter === router.routerId) return true
  return header.type === LsType.network && router.hasAddress(header.lsId)
}

/**
 * An address has become ours, or is no longer: so have network-LSAs that are known already. Who had it before us cannot
 * flush them, and would be believed in our place; who has it after us is not to be flushed.
 */
export function addressesChanged(router: Router): void {
  for (const area of router.areas.values()) {
    const { own } = area.lsdb
    for (const entry of area.lsdb.ofType(LsType.network)) {
      if (!isSelfOriginated(router, entry.lsa.header)) own.delete(entry)
      else if (!own.has(entry)) {
        own.add(entry)
        area.originateDirty = true
      }
    }
  }
}

/** Ours, and not yet known to anybody. */
export const neverSent = (router: Router, entry: Entry): boolean =>
  entry.ours && entry.sentAt === undefined && !isMaxAge(entry, router.now)

/** Brings the database in line with what we want to say. */
export function reconcile(scope: Scope): void {
  const { router } = scope
  scope.originateDirty = false
  const wanted: Map<string, Wanted> = router.leaving ? new Map() : scope.wantedNow(scope.wanted)
  // our own part of the topology is calculated from what is wanted, however long the pacing takes to say it
  const before = scope.wanted
  scope.wanted = wanted
  if (!router.leaving) recalculate(scope, before, wanted)

  for (const want of wanted.values()) {
    const entry = scope.lsdb.get(want.type, want.lsId, router.routerId)
    const isCurrent = entry?.ours && !entry.contested && !isMaxAge(entry, router.now)
    if (isCurrent && !contentsDiffer(entry.lsa, want.draft)) {
      const pace = scope.paces.get(want.key)
      if (pace) pace.patientSince = pace.changedAt = undefined
      continue
    }
    const at = earliest(scope, want, entry)
    if (at > router.now) router.originateLater(scope, at)
    else originate(scope, want, entry)
  }
  for (const entry of scope.lsdb.own) {
    if (wanted.has(keyOf(entry)) || isMaxAge(entry, router.now)) continue
    const at = arrival(router, entry)
    if (at > router.now) router.originateLater(scope, at)
    else flush(scope, entry)
  }
  if (scope.paces.size >= scope.pacesLookedAt) forgetPaces(scope)
}

/**
 * Lets go of what was said once and is gone, or prefixes that come and go would be remembered for good: after MaxAge
 * nobody can hold an instance of it, and before that no more are kept than a database has room for. Done whenever there
 * are twice as many as last time.
 */
function forgetPaces(scope: Scope): void {
  const { paces, wanted, lsdb, router } = scope
  const there = new Set(Array.from(lsdb.own, keyOf))
  const gone = [...paces].filter(([key]) => !wanted.has(key) && !there.has(key))
  let surplus = gone.length - router.limits.lsas
  for (const [key, { originatedAt, flushed }] of gone) {
    const last = Math.max(originatedAt, flushed?.at ?? originatedAt)
    if (surplus-- > 0 || router.now - last > MAX_AGE_S * 1000) paces.delete(key)
  }
  scope.pacesLookedAt = Math.max(PACES_LOOK_MIN, 2 * paces.size)
}

/**
 * A neighbor that has come to Full gets what its exchange left out, unless a successor of it is about to leave.
 * @returns false when something still waits.
 */
export function payWithheld(scopes: readonly Scope[], neighbor: Neighbor): boolean {
  for (const entry of neighbor.withheld) {
    const waits = scopes.some(({ paces }) => paces.get(keyOf(entry))?.patientSince !== undefined)
    if (waits && !entry.removed) continue
    neighbor.withheld.delete(entry)
    if (!entry.removed && !neighbor.retransmissions.has(entry)) neighbor.oweUpdate(entry)
  }
  return neighbor.withheld.size === 0
}

/** What must be recalculated for what we now want to say. */
function recalculate(
  scope: Scope,
  before: ReadonlyMap<string, Wanted>,
  after: ReadonlyMap<string, Wanted>,
): void {
  // 16.2 (2), 16.4 (2): no route of ours hangs on what we say of other areas and of the outside
  const isRouting = ({ type }: Wanted): boolean => type === LsType.router || type === LsType.network
  const compare = (old: Wanted | undefined, now: Wanted | undefined): void => {
    const extent = extentOf(old?.calculated, now?.calculated)
    if (extent) scope.recalculate(extent, (now ?? old)!.draft.header)
  }
  for (const [key, want] of after) if (isRouting(want)) compare(before.get(key), want)
  for (const [key, old] of before) if (isRouting(old) && !after.has(key)) compare(old, undefined)
}

/** When receivers will take another instance. */
const arrival = (router: Router, { ours, sentAt }: Entry): Instant =>
  ours && sentAt !== undefined
    ? sentAt + router.limits.minLsArrivalMs + ARRIVAL_MARGIN_MS
    : router.now

/** When the next instance of an LSA may be originated. */
function earliest(scope: Scope, { key, draft }: Wanted, entry: Entry | undefined): Instant {
  const { router } = scope
  const { now } = router
  const { initialMs } = router.lsaThrottle
  let pace = scope.paces.get(key)
  if (entry === undefined) {
    if (pace?.flushed === undefined) return now
    // gone here, but others may hold its MaxAge still, and drop what follows too soon (13 (5a))
    const arrived = pace.flushed.at + router.limits.minLsArrivalMs + ARRIVAL_MARGIN_MS
    return Math.max(arrived, pace.originatedAt + pace.hold)
  }
  if (!entry.ours && entry.flooded) {
    // others got it when we did, and take no other instance so soon; and nobody may set the pace at which we fight back
    const taken = entry.installedAt + router.limits.minLsArrivalMs + ARRIVAL_MARGIN_MS
    const { sequence } = entry.lsa.header
    if (isMaxAge(entry, now) && sequence !== MAX_SEQUENCE) {
      // by then it may be gone from here, but not from everywhere
      if (pace === undefined) scope.paces.set(key, (pace = quiet()))
      noteFlush(pace, entry.installedAt, sequence)
    }
    return isQuiet(router, pace) ? taken : Math.max(taken, pace!.originatedAt + pace!.hold)
  }
  if (!entry.ours || neverSent(router, entry)) {
    // nobody has anything of this life of ours yet: say everything at once, as the exchanges will soon be over
    if (!scope.exchanging) return now
    if (pace === undefined) {
      scope.paces.set(key, (pace = { originatedAt: now, hold: 0, patientSince: undefined }))
    }
    pace.patientSince ??= now
    return pace.patientSince + EXCHANGE_PATIENCE_MS
  }
  const taken = arrival(router, entry)
  if (takesBack(entry.lsa, draft)) return taken
  if (initialMs > 0 && isQuiet(router, pace)) {
    if (pace === undefined) scope.paces.set(key, (pace = quiet()))
    pace.changedAt ??= now
    return Math.max(taken, pace.changedAt + initialMs)
  }
  return Math.max(taken, pace === undefined ? now : pace.originatedAt + pace.hold)
}

const quiet = (): Pace => ({
  originatedAt: Number.NEGATIVE_INFINITY,
  hold: 0,
  patientSince: undefined,
})

/** The last change is so long ago that the next is the first. */
const isQuiet = ({ lsaThrottle, now }: Router, pace: Pace | undefined): boolean =>
  pace === undefined || now - pace.originatedAt > 2 * Math.max(lsaThrottle.maxMs, pace.hold)

/** A router-LSA lacks a link that was in it, or has it at a higher cost: traffic goes astray until others know. */
function takesBack({ body: before }: Lsa, { body: after }: Lsa): boolean {
  if (before.kind !== 'router' || after.kind !== 'router') return false
  const key = ({ type, id, data }: RouterLink): string => `${type} ${id} ${data}`
  const costs = new Map(after.links.map((link) => [key(link), link.metric]))
  return before.links.some((link) => (costs.get(key(link)) ?? LS_INFINITY) > link.metric)
}

function originate(scope: Scope, want: Wanted, entry: Entry | undefined): void {
  const { router } = scope
  if (entry && !entry.ours) sayNotOurs(router, entry, 'outbid')
  // who holds the MaxAge still takes it for newer than an instance that starts from the beginning
  const flushed = scope.paces.get(want.key)?.flushed?.sequence
  const present = entry?.lsa.header.sequence
  // an old copy that somebody still had is no reason to go back behind what was said since
  const last =
    present === undefined || flushed === undefined
      ? (present ?? flushed)
      : Math.max(present, flushed)
  if (last === MAX_SEQUENCE) {
    // 12.1.6: the number wraps only when the last instance is gone from everywhere
    if (!isMaxAge(entry!, router.now)) flush(scope, entry!)
    return
  }
  const { holdMs, maxMs } = router.lsaThrottle
  const pace = scope.paces.get(want.key)
  // what nobody was told does not count
  const isFirst = isQuiet(router, pace) || (entry !== undefined && neverSent(router, entry))
  scope.paces.set(want.key, {
    originatedAt: router.now,
    hold: Math.min(maxMs, isFirst ? holdMs : 2 * pace!.hold),
    patientSince: undefined,
  })
  publish(scope, want, last === undefined ? INITIAL_SEQUENCE : last + 1)
}

function publish(scope: Scope, want: Wanted, sequence: number): void {
  const { type, lsId, body, draft } = want
  const { router } = scope
  const advertisingRouter = router.routerId
  const { options } = draft.header
  const lsa = router.intern(
    encodeLsa({ age: 0, options, type, lsId, advertisingRouter, sequence }, body),
  )
  const fresh = install(scope, lsa, 0, false)
  fresh.ours = true
  flood(scope, fresh, undefined)
}

/** 14.1: premature aging. The instance stays what it is; only its age is set to MaxAge. */
export function flush(scope: Scope, entry: Entry): void {
  if (!entry.ours) sayNotOurs(scope.router, entry, 'flushed')
  const pace = scope.paces.get(keyOf(entry))
  const { sequence } = entry.lsa.header
  // the last number there is must start again (12.1.6)
  if (pace && entry.sentAt !== undefined && sequence !== MAX_SEQUENCE) {
    noteFlush(pace, scope.router.now, sequence)
  }
  expire(scope, entry)
}

/** The end of an old copy that somebody still had does not put our numbers back. */
function noteFlush(pace: Pace, at: Instant, sequence: number): void {
  pace.flushed = { at, sequence: Math.max(sequence, pace.flushed?.sequence ?? sequence) }
}

/** An LSA has come to MaxAge: it is flooded once more, and removed when everybody has acknowledged that (14). */
export function expire(scope: Scope, entry: Entry): void {
  const { ours } = entry
  install(scope, entry.lsa, MAX_AGE_S, false)
  entry.ours = ours
  flood(scope, entry, undefined)
}

/** LSRefreshTime: the same contents, the next sequence number. */
export function refreshOwn(scope: Scope, atAge: number = LS_REFRESH_TIME_S): void {
  const { router } = scope
  for (const entry of [...scope.lsdb.own]) {
    if (!entry.ours || isMaxAge(entry, router.now) || ageOf(entry, router.now) < atAge) continue
    const want = scope.wanted.get(keyOf(entry))
    if (want) originate(scope, want, entry)
  }
}

function sayNotOurs(router: Router, entry: Entry, action: 'outbid' | 'flushed'): void {
  const { type, lsId, sequence } = entry.lsa.header
  router.say({
    type: 'self-originated',
    lsType: type,
    lsId: formatIpv4(lsId),
    sequence,
    action,
  })
}
