/** Traffic shares (wire/traffic-share.ts): what we ask for, and what others ask for. */
import { LsType } from '../wire/lsa.ts'
import { type OpaqueLsaBody, opaqueLsId } from '../wire/opaque-lsa.ts'
import {
  decodeTrafficShares,
  encodeTrafficShares,
  OPAQUE_TRAFFIC_SHARE,
  type PrefixShare,
} from '../wire/traffic-share.ts'
import { type Area, prefixKey } from './area.ts'
import { isMaxAge, type Lsdb } from './lsdb.ts'
import type { Wish } from './originate.ts'

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
export function readShares(lsdb: Lsdb, now: number): AreaShares {
  const shares = new Map<number, Map<number, PrefixShare>>()
  const keepsConnections = new Set<number>()
  const entries = [...lsdb.ofType(LsType.opaqueArea)].filter(
    (entry) => isTrafficShare(entry.lsa.header.lsId) && !isMaxAge(entry, now),
  )
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
  return { shares, keepsConnections }
}

export const isTrafficShare = (lsId: number): boolean => lsId >>> 24 === OPAQUE_TRAFFIC_SHARE
