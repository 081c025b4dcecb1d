/** Router Information LSAs (RFC 7770): our own, and the names of other routers (RFC 5642). */
import { LsType } from '../wire/lsa.ts'
import type { OpaqueLsaBody } from '../wire/opaque-lsa.ts'
import {
  decodeRouterInformation,
  encodeRouterInformation,
  InformationalCapability,
  OPAQUE_ROUTER_INFORMATION,
} from '../wire/router-information.ts'
import { type Entry, isMaxAge } from './lsdb.ts'
import type { Wish } from './originate.ts'
import type { Router } from './router.ts'
import type { Scope } from './scope.ts'

/** What this implementation can do. */
const capabilities: number =
  InformationalCapability.stubRouter | InformationalCapability.pointToPointOverLan

/** Our own, instance 0. */
export function routerInformationLsa(scope: Scope, wish: Wish, hostname: string): void {
  const data = encodeRouterInformation({
    informational: capabilities,
    functional: undefined,
    hostname,
  })
  const body = { kind: 'opaque', opaqueType: OPAQUE_ROUTER_INFORMATION, opaqueId: 0, data } as const
  wish.add(scope.opaqueType, OPAQUE_ROUTER_INFORMATION * 0x1000000, body)
}

/**
 * Names of routers, from their Router Information LSAs. They are for people, so a router that is not reachable now keeps
 * its name for as long as its LSA is there.
 */
export class Hostnames {
  readonly #router: Router
  /** Undefined: the database has changed since. */
  #names: Map<number, string> | undefined

  constructor(router: Router) {
    this.#router = router
  }

  forget(): void {
    this.#names = undefined
  }

  of(routerId: number): string | undefined {
    return this.all().get(routerId)
  }

  /** By Router ID, our own included. */
  all(): ReadonlyMap<number, string> {
    this.#names ??= this.#read()
    return this.#names
  }

  /** Of several LSAs of a router: the narrowest scope, in it the lowest instance. */
  #read(): Map<number, string> {
    const { routerId, routerInformation, areas, as, now } = this.#router
    const names = new Map<number, string>()
    if (routerInformation) names.set(routerId, routerInformation.hostname)
    const take = (entries: Iterable<Entry>): void => {
      const current = [...entries].filter((e) => isRouterInformation(e) && !isMaxAge(e, now))
      for (const { lsa } of current.sort((a, b) => a.lsa.header.lsId - b.lsa.header.lsId)) {
        const { advertisingRouter } = lsa.header
        if (advertisingRouter === routerId || names.has(advertisingRouter)) continue
        const { hostname } = decodeRouterInformation((lsa.body as OpaqueLsaBody).data)
        if (hostname !== undefined) names.set(advertisingRouter, hostname)
      }
    }
    for (const { lsdb } of areas.values()) take(lsdb.ofType(LsType.opaqueArea))
    take(as.lsdb.ofType(LsType.opaqueAs))
    return names
  }
}

const isRouterInformation = ({ lsa }: Entry): boolean =>
  lsa.header.lsId >>> 24 === OPAQUE_ROUTER_INFORMATION
