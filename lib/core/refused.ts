/**
 * LSAs that a full database had no room for. One that was flooded comes again, since it is not acknowledged; one that a
 * neighbor has described comes not before its next refresh, up to half an hour later. So those are remembered, and asked
 * for once there is room: 10.7 has a neighbor answer in Full as well. Beyond the bound, the refresh must do.
 */
import { type LsaHeader, LsType } from '../wire/lsa.ts'
import { requestBody } from './ls-request.ts'
import { type LsaId, LsaMap } from './lsa-map.ts'
import type { Neighbor } from './neighbor.ts'
import type { Router } from './router.ts'
import type { Scope } from './scope.ts'
import type { Timer } from './timers.ts'

const REFUSED_MAX = 10_000
/** How long between two looks at the database, and between two requests to one neighbor. */
const RETRY_MS = 1000

interface RefusedLsa {
  readonly neighbor: Neighbor
  readonly header: LsaHeader
}

export class Refused {
  readonly #router: Router
  readonly #scopes = new Map<Scope, LsaMap<RefusedLsa>>()
  readonly #timer: Timer

  constructor(router: Router) {
    this.#router = router
    this.#timer = router.timers.create('refused', () => this.#retry())
  }

  get size(): number {
    let size = 0
    for (const lsas of this.#scopes.values()) size += lsas.size
    return size
  }

  /** `neighbor` has described an LSA that there was no room for. */
  note(scope: Scope, neighbor: Neighbor, header: LsaHeader): void {
    if (this.size >= REFUSED_MAX) return
    const lsas = this.#scopes.get(scope) ?? new LsaMap<RefusedLsa>((refused) => refused.header)
    this.#scopes.set(scope, lsas)
    lsas.set({ neighbor, header })
    if (!this.#timer.armed) this.#timer.set(this.#router.now + RETRY_MS)
  }

  /** It came, or its end did: nobody has it any more who could be asked. */
  forget(scope: Scope, id: LsaId): void {
    this.#scopes.get(scope)?.delete(id)
  }

  #retry(): void {
    const router = this.#router
    for (const [scope, lsas] of this.#scopes) {
      let room = router.limits.lsas - scope.lsdb.size
      const isOverflowing = router.as.overflow.active
      const asked = new Map<Neighbor, LsaHeader[]>()
      for (const { neighbor, header } of lsas) {
        // its next exchange tells us of everything again
        const isGone = neighbor.state !== 'Full' && neighbor.state !== 'Loading'
        if (isGone || scope.lsdb.find(header) !== undefined) lsas.delete(header)
        else if (room > 0 && !(isOverflowing && header.type === LsType.external)) {
          const headers = asked.get(neighbor) ?? []
          if (!asked.has(neighbor)) asked.set(neighbor, headers)
          headers.push(header)
          room--
        }
      }
      if (lsas.size === 0) this.#scopes.delete(scope)
      for (const [{ interface: iface, address }, headers] of asked) {
        router.send(iface, address, requestBody(iface, headers))
      }
    }
    if (this.#scopes.size > 0) this.#timer.set(router.now + RETRY_MS)
  }
}
