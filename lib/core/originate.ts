/**
 * Our own LSAs (RFC 2328 12.4). What we want to say is computed from what is, and the database is reconciled with
 * it: what differs is originated anew, what is not wanted is flushed (14.1). LSAs of an earlier life of ours (13.4)
 * need no other treatment than that.
 *
 * Pacing. Instances of one LSA leave at least MinLSArrival apart, or receivers would drop them (13 (5a)); the first
 * change after a quiet time leaves at once, further ones wait twice as long each, up to MinLSInterval. That is
 * quicker than the fixed MinLSInterval of 12.4 for a single change and the same for a stream of them.
 * An instance that no neighbor has got yet can be replaced at any time, and a database exchange leaves it out: it is
 * about to change, as the adjacency itself will be in it, and its successor would fall under MinLSArrival.
 */
import { formatIpv4, maskOf } from '../wire/address.ts'
import { encodeLsa, type Lsa, type LsaBody, type LsaHeader, LsType, lsaKey } from '../wire/lsa.ts'
import type { RouterLink } from '../wire/router-lsa.ts'
import type { Area } from './area.ts'
import {
  ARRIVAL_MARGIN_MS,
  EXCHANGE_PATIENCE_MS,
  INITIAL_SEQUENCE,
  LS_REFRESH_TIME_S,
  MAX_AGE_S,
  MAX_SEQUENCE,
} from './constants.ts'
import { flood } from './flood.ts'
import type { Interface } from './interface.ts'
import type { Instant } from './io.ts'
import { affectsTree, install } from './ls-update.ts'
import { ageOf, contentsDiffer, type Entry, isMaxAge } from './lsdb.ts'
import type { Neighbor } from './neighbor.ts'
import type { Router } from './router.ts'

/** An LSA that we want to be in the database. */
export interface Wanted {
  readonly key: string
  readonly type: number
  readonly lsId: number
  readonly body: LsaBody
  /** Encoded with sequence number 0, to compare contents. */
  readonly draft: Lsa
}

/** How fast instances of one of our LSAs follow each other. */
export interface Pace {
  originatedAt: Instant
  /** Milliseconds from then to the next. */
  hold: number
  /** Since when a change waits for a database exchange to end. */
  patientSince: Instant | undefined
}

/** 13.4: by Router ID, or a network-LSA for one of our addresses. */
export function isSelfOriginated(router: Router, header: LsaHeader): boolean {
  if (header.advertisingRouter === router.routerId) return true
  return header.type === LsType.network && router.hasAddress(header.lsId)
}

/** Ours, and not yet known to anybody. */
export const neverSent = (router: Router, entry: Entry): boolean =>
  entry.ours && entry.sentAt === undefined && !isMaxAge(entry, router.now)

// 12.4.1.1 to 12.4.1.3
const LINK_POINT_TO_POINT = 1
const LINK_TRANSIT = 2
const LINK_STUB = 3

/** 12.4.1 */
function routerLinks(area: Area): RouterLink[] {
  const links: RouterLink[] = []
  const add = (type: number, id: number, data: number, metric: number): void => {
    links.push({ type, id, data, metric, tos: [] })
  }
  for (const iface of area.interfaces) {
    const { address, network, mask } = iface
    const { cost } = iface.config
    switch (iface.state) {
      case 'Down':
        break
      case 'Loopback':
        add(LINK_STUB, address, 0xffffffff, 0)
        break
      case 'Point-to-point':
        // 12.4.1.1, and its option 2 for the subnet
        for (const neighbor of iface.neighbors.values()) {
          if (neighbor.state === 'Full') add(LINK_POINT_TO_POINT, neighbor.routerId, address, cost)
        }
        add(LINK_STUB, network, mask, cost)
        break
      case 'Waiting':
      case 'DROther':
      case 'Backup':
      case 'DR':
        // 12.4.1.2
        if (isTransit(iface)) add(LINK_TRANSIT, iface.designatedRouter, address, cost)
        else add(LINK_STUB, network, mask, cost)
    }
  }
  for (const { prefix, length, cost } of area.stubs.values()) {
    add(LINK_STUB, prefix, maskOf(length), cost)
  }
  return links
}

/** Fully adjacent to the Designated Router, or that router itself with anybody fully adjacent. */
function isTransit(iface: Interface): boolean {
  if (iface.state === 'Waiting' || iface.designatedRouter === 0) return false
  if (iface.state === 'DR') return fullNeighbors(iface).length > 0
  return iface.neighbors.get(iface.designatedRouter)?.state === 'Full'
}

const fullNeighbors = (iface: Interface): Neighbor[] =>
  [...iface.neighbors.values()].filter((neighbor) => neighbor.state === 'Full')

/** Everything that we want to say in an area now. */
function wantedLsas(router: Router, area: Area): Map<string, Wanted> {
  const wanted = new Map<string, Wanted>()
  if (router.leaving) return wanted
  const want = (type: number, lsId: number, body: LsaBody): void => {
    const advertisingRouter = router.routerId
    const { options } = area
    const draft = encodeLsa({ age: 0, options, type, lsId, advertisingRouter, sequence: 0 }, body)
    const key = lsaKey(type, lsId, advertisingRouter)
    wanted.set(key, { key, type, lsId, body, draft })
  }
  want(LsType.router, router.routerId, {
    kind: 'router',
    flags: 0,
    virtualLink: false,
    external: false,
    border: false,
    nssaTranslator: false,
    wildcard: false,
    links: routerLinks(area),
  })
  // 12.4.2
  for (const iface of area.interfaces) {
    if (iface.state !== 'DR') continue
    const full = fullNeighbors(iface)
    if (full.length === 0) continue
    const attachedRouters = [router.routerId, ...full.map((n) => n.routerId)]
    want(LsType.network, iface.address, { kind: 'network', mask: iface.mask, attachedRouters })
  }
  return wanted
}

/** Brings the database in line with what we want to say. */
export function reconcile(router: Router, area: Area): void {
  area.originateDirty = false
  const wanted = wantedLsas(router, area)
  // our own part of the topology is calculated from what is wanted, however long the pacing takes to say it
  const change = router.leaving ? 'none' : changeOf(area.wanted, wanted)
  area.wanted = wanted
  if (change !== 'none') router.recalculate(area, change)

  for (const want of wanted.values()) {
    const entry = area.lsdb.get(want.type, want.lsId, router.routerId)
    const isCurrent = entry?.ours && !isMaxAge(entry, router.now)
    if (isCurrent && !contentsDiffer(entry.lsa, want.draft)) {
      const pace = area.paces.get(want.key)
      if (pace) pace.patientSince = undefined
      continue
    }
    const at = earliest(router, area, want.key, entry)
    if (at > router.now) router.originateLater(area, at)
    else originate(router, area, want, entry)
  }
  // an AS-external-LSA of an earlier life goes as well
  for (const entry of router.databasesOf(area).flatMap((lsdb) => [...lsdb.own])) {
    if (wanted.has(entry.key) || isMaxAge(entry, router.now)) continue
    const at = arrival(router, entry)
    if (at > router.now) router.originateLater(area, at)
    else flush(router, area, entry)
  }
}

/**
 * A neighbor that has come to Full gets what its exchange left out, unless a successor of it is about to leave.
 * @returns false when something still waits.
 */
export function payWithheld(area: Area, neighbor: Neighbor): boolean {
  for (const entry of neighbor.withheld) {
    if (area.paces.get(entry.key)?.patientSince !== undefined && !entry.removed) continue
    neighbor.withheld.delete(entry)
    if (!entry.removed && !neighbor.retransmissions.has(entry)) neighbor.oweUpdate(entry)
  }
  return neighbor.withheld.size === 0
}

/** What must be recalculated for what we now want to say. */
function changeOf(
  before: ReadonlyMap<string, Wanted>,
  after: ReadonlyMap<string, Wanted>,
): 'none' | 'routes' | 'tree' {
  if (before.size !== after.size) return 'tree'
  let change: 'none' | 'routes' = 'none'
  for (const [key, { draft }] of after) {
    const old = before.get(key)?.draft
    if (old !== undefined && !contentsDiffer(old, draft)) continue
    if (affectsTree(draft.header, old, draft)) return 'tree'
    change = 'routes'
  }
  return change
}

/** When receivers will take another instance. */
const arrival = (router: Router, { ours, sentAt }: Entry): Instant =>
  ours && sentAt !== undefined
    ? sentAt + router.limits.minLsArrivalMs + ARRIVAL_MARGIN_MS
    : router.now

/** When the next instance of an LSA may be originated. */
function earliest(router: Router, area: Area, key: string, entry: Entry | undefined): Instant {
  const { now } = router
  let pace = area.paces.get(key)
  if (entry === undefined) return now
  if (!entry.ours || neverSent(router, entry)) {
    // nobody has anything of this life of ours yet: say everything at once, as the exchanges will soon be over
    if (!area.exchanging) return now
    if (pace === undefined) {
      area.paces.set(key, (pace = { originatedAt: now, hold: 0, patientSince: undefined }))
    }
    pace.patientSince ??= now
    return pace.patientSince + EXCHANGE_PATIENCE_MS
  }
  return Math.max(arrival(router, entry), pace === undefined ? now : pace.originatedAt + pace.hold)
}

function originate(router: Router, area: Area, want: Wanted, entry: Entry | undefined): void {
  if (entry && !entry.ours) sayNotOurs(router, entry, 'outbid')
  const last = entry?.lsa.header.sequence
  if (last === MAX_SEQUENCE) {
    // 12.1.6: the number wraps only when the last instance is gone from everywhere
    if (!isMaxAge(entry!, router.now)) flush(router, area, entry!)
    return
  }
  const { minLsArrivalMs, minLsIntervalMs } = router.limits
  const pace = area.paces.get(want.key)
  const isQuiet =
    pace === undefined || router.now - pace.originatedAt > 2 * Math.max(minLsIntervalMs, pace.hold)
  area.paces.set(want.key, {
    originatedAt: router.now,
    hold: Math.min(minLsIntervalMs, isQuiet ? minLsArrivalMs : 2 * pace.hold),
    patientSince: undefined,
  })
  publish(router, area, want, last === undefined ? INITIAL_SEQUENCE : last + 1)
}

function publish(
  router: Router,
  area: Area,
  want: { type: number; lsId: number; body: LsaBody },
  sequence: number,
): void {
  const { type, lsId, body } = want
  const lsa = router.intern(
    encodeLsa(
      { age: 0, options: area.options, type, lsId, advertisingRouter: router.routerId, sequence },
      body,
    ),
  )
  const fresh = install(router, { area }, area.lsdb, lsa, 0, false)
  fresh.ours = true
  flood(area, fresh, undefined)
}

/** 14.1: premature aging. The instance stays what it is; only its age is set to MaxAge. */
export function flush(router: Router, area: Area, entry: Entry): void {
  if (!entry.ours) sayNotOurs(router, entry, 'flushed')
  expire(router, area, entry)
}

/** An LSA has come to MaxAge: it is flooded once more, and removed when everybody has acknowledged that (14). */
export function expire(router: Router, area: Area, entry: Entry): void {
  const { ours } = entry
  const lsdb = router.databaseFor(area, entry.lsa.header.type)!
  install(router, { area }, lsdb, entry.lsa, MAX_AGE_S, false)
  entry.ours = ours
  flood(area, entry, undefined)
}

/** LSRefreshTime: the same contents, the next sequence number. */
export function refreshOwn(router: Router, area: Area, atAge: number = LS_REFRESH_TIME_S): void {
  for (const entry of [...area.lsdb.own]) {
    if (!entry.ours || isMaxAge(entry, router.now) || ageOf(entry, router.now) < atAge) continue
    const want = area.wanted.get(entry.key)
    if (want) originate(router, area, want, entry)
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
