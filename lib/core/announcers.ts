/** Who else announces a prefix, and can be reached: what a policy over a fleet of directors counts. */
import { maskOf } from '../wire/address.ts'
import type { ExternalLsaBody } from '../wire/external-lsa.ts'
import { LsType } from '../wire/lsa.ts'
import { RouterLinks } from '../wire/router-lsa.ts'
import type { Area } from './area.ts'
import { LS_INFINITY } from './constants.ts'
import { type Entry, isMaxAge } from './lsdb.ts'
import type { Router } from './router.ts'

/** A router other than ourselves that announces a prefix. */
export interface Announcer {
  readonly routerId: number
  /** At the greatest cost that there is: it would rather not. */
  readonly isLastResort: boolean
}

const LINK_STUB = 3
const STUB_MAX = 0xffff
/** LSInfinity itself is no route. */
const EXTERNAL_MAX = LS_INFINITY - 1

/**
 * The routers that announce a prefix as a stub link or as an external, and that the shortest-path tree of the area
 * reaches: neither those that only their LSAs are left of, nor those behind an area border router. Ourselves not.
 * @param areaIds undefined: in any area of ours.
 */
export function announcersOf(
  router: Router,
  destination: { readonly prefix: number; readonly length: number },
  areaIds: readonly number[] | undefined,
): Announcer[] {
  const found = new Map<number, boolean>()
  const add = (area: Area, { lsa }: Entry, isLastResort: boolean): void => {
    const { advertisingRouter } = lsa.header
    if (advertisingRouter === router.routerId || !area.isReachable(advertisingRouter)) return
    found.set(advertisingRouter, isLastResort && found.get(advertisingRouter) !== false)
  }
  const mask = maskOf(destination.length)
  for (const area of router.areas.values()) {
    if (areaIds !== undefined && !areaIds.includes(area.id)) continue
    for (const entry of live(router, area.lsdb.ofType(LsType.router))) {
      const links = new RouterLinks(entry.lsa.raw)
      while (links.next()) {
        const { type, id, data, metric } = links
        if (type !== LINK_STUB || id !== destination.prefix || data !== mask) continue
        add(area, entry, metric >= STUB_MAX)
      }
    }
    const externals = area.isNormal
      ? router.as.lsdb.ofType(LsType.external)
      : area.lsdb.ofType(LsType.nssa)
    for (const entry of live(router, externals)) {
      const body = entry.lsa.body as ExternalLsaBody
      if (body.mask !== mask || body.metric >= LS_INFINITY) continue
      // the host bits of a Link State ID may tell it from another (appendix E)
      if ((entry.lsa.header.lsId & mask) >>> 0 !== destination.prefix) continue
      add(area, entry, body.metric >= EXTERNAL_MAX)
    }
  }
  return Array.from(found, ([routerId, isLastResort]) => ({ routerId, isLastResort }))
}

function* live(router: Router, entries: Iterable<Entry>): Generator<Entry> {
  for (const entry of entries) if (!isMaxAge(entry, router.now)) yield entry
}
