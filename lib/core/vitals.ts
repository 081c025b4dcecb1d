/** Sizes and totals of a router: what metrics are made of, at a cost that does not grow with the database. */
import { decodeTrafficShares, OPAQUE_TRAFFIC_SHARE } from '../wire/traffic-share.ts'
import type { Instant, Route } from './io.ts'
import type { Router } from './router.ts'

/** What we advertise of a prefix. */
export interface AdvertisedSnapshot {
  readonly prefix: number
  readonly length: number
  /** Cost of the stub link, or metric of the external. */
  readonly cost: number
}

export interface WeightSnapshot {
  readonly prefix: number
  readonly length: number
  readonly weight: number
}

export interface VitalsSnapshot {
  /** Of an area, of a link in it, or of the whole AS (undefined). */
  readonly lsas: readonly {
    readonly area: number | undefined
    readonly type: number
    readonly count: number
  }[]
  readonly routes: Readonly<Partial<Record<Route['pathType'], number>>>
  /** LSAs sent again for want of an acknowledgement (13.6). */
  readonly retransmissions: number
  readonly advertised: readonly AdvertisedSnapshot[]
  readonly weights: readonly WeightSnapshot[]
  /** Milliseconds that the next timer is overdue. */
  readonly late: number
}

const HIGHEST_TYPE = 11
/** A.4.2: a link to a stub network. */
const STUB = 3
const ALL_ONES = 0xffffffff

export function snapshotVitals(router: Router, now: Instant): VitalsSnapshot {
  const counts = new Map<string, VitalsSnapshot['lsas'][number]>()
  const advertised: AdvertisedSnapshot[] = []
  const weights: WeightSnapshot[] = []
  for (const { lsdb, place } of router.scopes()) {
    for (let type = 1; type <= HIGHEST_TYPE; type++) {
      const count = lsdb.countOf(type)
      if (count === 0) continue
      const { area } = place
      const key = `${area} ${type}`
      counts.set(key, { area, type, count: count + (counts.get(key)?.count ?? 0) })
    }
    for (const entry of lsdb.own) {
      if (lsdb.maxAge.has(entry)) continue
      const { body, header } = entry.lsa
      if (body.kind === 'router') {
        for (const link of body.links) {
          // host routes alone: those are what is announced (A.4.2)
          if (link.type !== STUB || link.data >>> 0 !== ALL_ONES) continue
          advertised.push({ prefix: link.id, length: 32, cost: link.metric })
        }
      } else if (body.kind === 'external') {
        if (body.mask >>> 0 !== ALL_ONES) continue
        advertised.push({ prefix: header.lsId, length: 32, cost: body.metric })
      } else if (body.kind === 'opaque' && body.opaqueType === OPAQUE_TRAFFIC_SHARE) {
        for (const { prefix, length, weight } of decodeTrafficShares(body.data)?.shares ?? []) {
          if (prefix !== undefined) weights.push({ prefix, length, weight })
        }
      }
    }
  }
  const routes: Partial<Record<Route['pathType'], number>> = {}
  for (const { pathType } of router.routing.routes.values()) {
    routes[pathType] = (routes[pathType] ?? 0) + 1
  }
  const { retransmissions } = router.counters
  const late = Math.max(0, now - (router.nextTimeout() ?? now))
  return { lsas: [...counts.values()], routes, retransmissions, advertised, weights, late }
}
