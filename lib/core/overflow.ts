/**
 * Database overflow (RFC 1765): AS-external-LSAs beyond a limit are not kept, and a router that has reached the limit
 * says none of its own but the default. The limit must be the same in every router of the AS for them to agree.
 */
import { LSA_HEADER_LENGTH, LsType, type RawLsa } from '../wire/lsa.ts'
import type { AutonomousSystem } from './autonomous-system.ts'
import type { Timer } from './timers.ts'

export class Overflow {
  /** Overflow-State: we have reached the limit and say nothing. */
  active = false
  readonly #as: AutonomousSystem
  readonly #timer: Timer

  constructor(as: AutonomousSystem) {
    this.#as = as
    this.#timer = as.router.timers.create('overflow', () => this.#tryToLeave())
  }

  /** 2.2: no room for one more of a kind that is limited. */
  refuses(raw: RawLsa): boolean {
    if (raw.header.type !== LsType.external || isDefault(raw)) return false
    const refused = this.#isReached(0)
    if (refused) this.#enter()
    return refused
  }

  /** 2.1, before we say so many of our own ourselves. @returns whether they must not be said. */
  forbids(own: number): boolean {
    if (!this.active && this.#isReached(own)) this.#enter()
    return this.active
  }

  /** 2.1: something came into the database. */
  check(): void {
    if (!this.active && this.#isReached(0)) this.#enter()
  }

  #enter(): void {
    const { router } = this.#as
    if (this.active) return
    this.active = true
    this.#as.originateDirty = true
    router.say({ type: 'overflow', state: 'entered', limit: router.limits.externals })
    this.#wait()
  }

  /** 2.4: not all routers at once. */
  #wait(): void {
    const { now, random, limits } = this.#as.router
    const jitter = Math.ceil((random.u32() / 2 ** 32) * JITTER * limits.exitOverflowMs)
    this.#timer.set(now + limits.exitOverflowMs + jitter)
  }

  #tryToLeave(): void {
    const { router } = this.#as
    if (this.#isReached(0)) return this.#wait()
    this.active = false
    this.#as.originateDirty = true
    router.say({ type: 'overflow', state: 'left', limit: router.limits.externals })
  }

  /**
   * The limit is reached by what others said and what we say or want to say, whichever is more. That defaults of others
   * count as well is the price of not looking at every LSA each time.
   */
  #isReached(wanted: number): boolean {
    const { router, lsdb } = this.#as
    const known = lsdb.countOf(LsType.external)
    let own = 0
    for (const { lsa } of lsdb.own) if (lsa.header.type === LsType.external) own++
    return known - own + Math.max(own, wanted) >= router.limits.externals
  }
}

const JITTER = 0.1

const isDefault = ({ raw }: RawLsa): boolean =>
  raw.subarray(LSA_HEADER_LENGTH, LSA_HEADER_LENGTH + 4).every((octet) => octet === 0)
