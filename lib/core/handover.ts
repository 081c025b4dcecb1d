/**
 * The planned end of an NSSA translator (RFC 3101 3.1). If its LSAs went all at once, the area's externals would be
 * gone from the rest of the autonomous system until another border router has noticed and was elected. So it first
 * ceases to call itself a border router inside the area, which makes the others elect another, and leaves when that one
 * says what it said, or after a while. That is no other than losing an election, but for TranslatorStabilityInterval.
 */
import type { ExternalLsaBody } from '../wire/external-lsa.ts'
import { LsType } from '../wire/lsa.ts'
import type { Area } from './area.ts'
import type { Instant } from './io.ts'
import { isMaxAge } from './lsdb.ts'
import { hasOtherBorder } from './nssa.ts'
import type { Router } from './router.ts'
import type { Timer } from './timers.ts'

/** Another translator has so long to take over; FRR takes up to 7 s, which is more than a stop should last. */
const PATIENCE_MS = 3000
/** Between two looks; the last one gives what was seen the time to reach the others. */
const LOOK_MS = 200

export class Handover {
  readonly #router: Router
  readonly #timer: Timer
  #until: Instant = 0
  #isTaken = false

  constructor(router: Router) {
    this.#router = router
    this.#timer = router.timers.create('handover', () => this.#look())
  }

  /** We still say everything, but wait for a successor. */
  get isPending(): boolean {
    return this.#timer.armed
  }

  /** Whether we still call ourselves a border router in an area. */
  isBorderOf({ config }: Area): boolean {
    return this.#router.isAbr && !(this.isPending && config.kind === 'nssa')
  }

  /** Leaves the autonomous system: at once, or when a successor translates. */
  leave(): void {
    const { now, areas, leaving } = this.#router
    if (leaving || this.isPending) return
    const isNeeded = [...areas.values()].some((area) => area.isTranslator && hasOtherBorder(area))
    if (!isNeeded) return this.#leaveNow()
    this.#until = now + PATIENCE_MS
    this.#isTaken = false
    this.#timer.set(now + LOOK_MS)
    for (const area of areas.values()) area.originateDirty = true
  }

  #look(): void {
    const { now } = this.#router
    if (this.#isTaken || now >= this.#until) return this.#leaveNow()
    this.#isTaken = this.#isSaidByOthers()
    this.#timer.set(now + LOOK_MS)
  }

  #leaveNow(): void {
    this.#router.leaving = true
    for (const scope of this.#router.scopes()) scope.originateDirty = true
  }

  /** Every translation of ours is that of another, too. */
  #isSaidByOthers(): boolean {
    const { as, now, routerId } = this.#router
    const said = new Set<string>()
    for (const entry of as.lsdb.ofType(LsType.external)) {
      const { advertisingRouter, lsId } = entry.lsa.header
      if (advertisingRouter === routerId || isMaxAge(entry, now)) continue
      said.add(destination(lsId, entry.lsa.body as ExternalLsaBody))
    }
    for (const { lsId, body } of as.translated()) {
      if (!said.has(destination(lsId, body as ExternalLsaBody))) return false
    }
    return true
  }
}

const destination = (lsId: number, { mask }: ExternalLsaBody): string =>
  `${(lsId & mask) >>> 0} ${mask}`
