/**
 * Opaque LSAs (RFC 5250): data of others that we carry, and our own. They travel as far as their type says, among the
 * routers that set the O-bit in their Database Description packets; see flood.ts and database-description.ts.
 */
import { formatIpv4 } from '../wire/address.ts'
import { type Lsa, type LsaHeader, LsType } from '../wire/lsa.ts'
import type { OpaqueLsaBody } from '../wire/opaque-lsa.ts'
import { OPAQUE_ROUTER_INFORMATION } from '../wire/router-information.ts'
import type { Instant } from './io.ts'
import { ageOf, isMaxAge } from './lsdb.ts'
import type { Wish } from './originate.ts'
import type { Router } from './router.ts'
import type { Scope } from './scope.ts'

export const isOpaque = (type: number): boolean =>
  type >= LsType.opaqueLink && type <= LsType.opaqueAs

/** How far the opaque LSAs of an LS type travel. */
const reach = (type: number): 'link' | 'area' | 'as' =>
  type === LsType.opaqueLink ? 'link' : type === LsType.opaqueArea ? 'area' : 'as'

/** Those of our own in a scope. */
export function opaqueLsas(scope: Scope, wish: Wish): void {
  for (const [lsId, data] of scope.opaques) {
    wish.add(scope.opaqueType, lsId, {
      kind: 'opaque',
      opaqueType: lsId >>> 24,
      opaqueId: lsId & 0xffffff,
      data,
    })
  }
}

/** An instance took the place of another; undefined: there was none, or there is none any more. */
export function opaqueChanged(
  scope: Scope,
  header: LsaHeader,
  before: Lsa | undefined,
  after: Lsa | undefined,
): void {
  const { router, place } = scope
  const { type, advertisingRouter, lsId } = header
  if (advertisingRouter === router.routerId) return
  const latest = after ?? before
  if (latest === undefined) return
  const { opaqueType, opaqueId, data } = latest.body as OpaqueLsaBody
  if (lsId >>> 24 === OPAQUE_ROUTER_INFORMATION) router.hostnames.forget()
  if (place.area !== undefined && place.interface === undefined) {
    router.areas.get(place.area)?.opaqueChanged(header, before, after)
  }
  router.say({
    type: 'opaque',
    change: before === undefined ? 'new' : after === undefined ? 'gone' : 'changed',
    scope: reach(type),
    area: place.area === undefined ? undefined : formatIpv4(place.area),
    interface: place.interface,
    advertisingRouter: formatIpv4(advertisingRouter),
    opaqueType,
    opaqueId,
    // it leaves the core for good, and the database has the original
    data: data.slice(),
  })
}

/** An opaque LSA in the database. */
export interface OpaqueSnapshot {
  readonly scope: 'link' | 'area' | 'as'
  /** Of 'link' and 'area'. */
  readonly area: number | undefined
  /** Of 'link'. */
  readonly interface: string | undefined
  readonly advertisingRouter: number
  readonly opaqueType: number
  readonly opaqueId: number
  readonly data: Uint8Array
  /** Seconds. */
  readonly age: number
  /** We originated this instance. */
  readonly own: boolean
  /**
   * Who originated it can be reached now: nobody else's data may be acted upon (RFC 5250 5). A router that has gone
   * leaves its LSAs behind for up to an hour.
   */
  readonly usable: boolean
}

/** What is in the database and not about to leave it. */
export function snapshotOpaques(router: Router, now: Instant): OpaqueSnapshot[] {
  const list: OpaqueSnapshot[] = []
  for (const scope of router.scopes()) {
    for (const entry of scope.lsdb.ofType(scope.opaqueType)) {
      if (isMaxAge(entry, now)) continue
      const { type, advertisingRouter } = entry.lsa.header
      const { opaqueType, opaqueId, data } = entry.lsa.body as OpaqueLsaBody
      list.push({
        scope: reach(type),
        ...scope.place,
        advertisingRouter,
        opaqueType,
        opaqueId,
        data,
        age: ageOf(entry, now),
        own: entry.ours,
        usable: entry.ours || scope.isReachable(advertisingRouter),
      })
    }
  }
  return list
}
