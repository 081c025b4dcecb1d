/** Traffic shares (wire/traffic-share.ts): what we ask for, and what others ask for. */
import { type Lsa, type LsaHeader, LsType } from '../wire/lsa.ts'
import { type OpaqueLsaBody, opaqueLsId } from '../wire/opaque-lsa.ts'
import {
  decodeTrafficShares,
  encodeTrafficShares,
  OPAQUE_TRAFFIC_SHARE,
  type PrefixShare,
} from '../wire/traffic-share.ts'
import type { Area } from './area.ts'
import type { DatabaseInput } from './calculation-input.ts'
import type { Extent } from './extent.ts'
import { isMaxAge } from './lsdb.ts'
import type { Wish } from './originate.ts'
import { prefixKey } from './prefix-index.ts'
import type { Router } from './router.ts'

/** Entries of one LSA: it fits a packet nearly everywhere, and a change does not say too much anew. */
const SHARES_PER_LSA = 100
/** In maps: every prefix that has no share of its own. */
const EVERY_PREFIX = -1

export const shareKey = ({ prefix, length }: Pick<PrefixShare, 'prefix' | 'length'>): number =>
  prefix === undefined ? EVERY_PREFIX : prefixKey(prefix, length)

/** Our own, in as many LSAs as it takes; none while there is nothing to say. */
export function trafficShareLsas({ router, opaqueType }: Area, wish: Wish): void {
  const { keepsConnections } = router
  const shares = [...router.shares].sort(([a], [b]) => a - b).map(([, share]) => share)
  if (shares.length === 0 && !keepsConnections) return
  for (let id = 0; id === 0 || id * SHARES_PER_LSA < shares.length; id++) {
    const some = shares.slice(id * SHARES_PER_LSA, (id + 1) * SHARES_PER_LSA)
    const data = encodeTrafficShares({ keepsConnections, shares: some })
    const body = { kind: 'opaque', opaqueType: OPAQUE_TRAFFIC_SHARE, opaqueId: id, data } as const
    wish.add(opaqueType, opaqueLsId(OPAQUE_TRAFFIC_SHARE, id), body)
  }
}

/** What the routers of an area ask for. */
export interface AreaShares {
  /** By Router ID, then by `shareKey`. */
  readonly shares: ReadonlyMap<number, ReadonlyMap<number, PrefixShare>>
  /** Routers that send no new connections to who drains. */
  readonly keepsConnections: ReadonlySet<number>
  /** Routers that have originated opaque LSAs, so that they pass on those of others. */
  readonly opaque: ReadonlySet<number>
}

/** The share that a router asks for, of a prefix. */
export const shareOf = (
  { shares }: AreaShares,
  routerId: number,
  key: number,
): PrefixShare | undefined => {
  const asked = shares.get(routerId)
  return asked?.get(key) ?? asked?.get(EVERY_PREFIX)
}

/** Reads what is in the database of an area; of two entries for a prefix, that of the lowest opaque ID counts. */
export function readShares(lsdb: Pick<DatabaseInput, 'ofType'>, now: number): AreaShares {
  const shares = new Map<number, Map<number, PrefixShare>>()
  const keepsConnections = new Set<number>()
  const all = [...lsdb.ofType(LsType.opaqueArea)].filter((entry) => !isMaxAge(entry, now))
  const opaque = new Set(all.map(({ lsa }) => lsa.header.advertisingRouter))
  const entries = all.filter(({ lsa }) => isTrafficShare(lsa.header.lsId))
  entries.sort((a, b) => a.lsa.header.lsId - b.lsa.header.lsId)
  for (const { lsa } of entries) {
    const read = decodeTrafficShares((lsa.body as OpaqueLsaBody).data)
    if (read === undefined) continue
    const { advertisingRouter } = lsa.header
    if (read.keepsConnections) keepsConnections.add(advertisingRouter)
    let asked = shares.get(advertisingRouter)
    if (asked === undefined) shares.set(advertisingRouter, (asked = new Map()))
    for (const share of read.shares) {
      const key = shareKey(share)
      if (!asked.has(key)) asked.set(key, share)
    }
  }
  return { shares, keepsConnections, opaque }
}

export const isTrafficShare = (lsId: number): boolean => lsId >>> 24 === OPAQUE_TRAFFIC_SHARE

/** What of the routes hangs on an opaque LSA that is new, has gone or says something else; undefined: nothing. */
export function extentOfShares(
  { lsId }: LsaHeader,
  before: Lsa | undefined,
  after: Lsa | undefined,
): Extent | undefined {
  // who passes on opaque LSAs may be another
  if (before === undefined || after === undefined) return { what: 'table' }
  if (!isTrafficShare(lsId)) return undefined
  const keys = new Set<number>()
  for (const { body } of [before, after]) {
    for (const share of decodeTrafficShares((body as OpaqueLsaBody).data)?.shares ?? []) {
      if (share.prefix === undefined) return { what: 'table' }
      keys.add(shareKey(share))
    }
  }
  return { what: 'networks', keys: [...keys] }
}

/**
 * Whether every router that may send us traffic keeps connections where they are: those that are seen on our interfaces in
 * some areas, or (undefined) all of ours. Routers that are no way to elsewhere send nobody's traffic but their own.
 */
export function routersKeep({ areas }: Router, areaIds: readonly number[] | undefined): boolean {
  let anybody = false
  for (const area of areas.values()) {
    if (areaIds !== undefined && !areaIds.includes(area.id)) continue
    for (const { routerId, isBidirectional } of area.neighbors()) {
      if (!isBidirectional || isNoTransit(area, routerId)) continue
      if (!area.shares.keepsConnections.has(routerId)) return false
      anybody = true
    }
  }
  return anybody
}

/** RFC 6987 2: all its links to other routers say so. */
function isNoTransit({ lsdb }: Area, routerId: number): boolean {
  const body = lsdb.router(routerId)?.lsa.body
  if (body?.kind !== 'router') return false
  return body.links.every(({ type, metric }) => type === LINK_STUB || metric === MAX_LINK_METRIC)
}

const LINK_STUB = 3
const MAX_LINK_METRIC = 0xffff
