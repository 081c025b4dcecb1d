/** Sizes and totals of a speaker, as the public API gives them. */
import type { PathType } from './core/io.ts'
import type { VitalsSnapshot } from './core/vitals.ts'
import { formatIpv4, formatPrefix } from './wire/address.ts'

/** What metrics and watchdogs want to know, at a cost that does not grow with the database. */
export interface VitalsView {
  /** How many of each type; `area` is undefined for those of the whole AS. */
  readonly lsas: readonly {
    readonly area: string | undefined
    readonly type: number
    readonly count: number
  }[]
  readonly routes: Readonly<Partial<Record<PathType, number>>>
  /** LSAs sent again for want of an acknowledgement, in all. */
  readonly retransmissions: number
  /** Host prefixes that our own LSAs advertise now, and at what cost: by 'A.B.C.D/32'. */
  readonly advertised: Readonly<Record<string, number>>
  /** Shares of the traffic that we ask for, by prefix. */
  readonly weights: Readonly<Record<string, number>>
  /** Seconds that the protocol is behind: of a timer that is due or, of a child process, since it should have been heard. */
  readonly late: number
}

export const noVitals: VitalsView = Object.freeze({
  lsas: [],
  routes: {},
  retransmissions: 0,
  advertised: {},
  weights: {},
  late: 0,
})

export function viewVitals(vitals: VitalsSnapshot): VitalsView {
  const { lsas, routes, retransmissions, advertised, weights, late } = vitals
  const byPrefix = <T extends { readonly prefix: number; readonly length: number }>(
    list: readonly T[],
    value: (one: T) => number,
  ): Readonly<Record<string, number>> =>
    Object.freeze(
      Object.fromEntries(list.map((one) => [formatPrefix(one.prefix, one.length), value(one)])),
    )
  return Object.freeze({
    lsas: Object.freeze(
      lsas.map(({ area, ...rest }) =>
        Object.freeze({ area: area === undefined ? undefined : formatIpv4(area), ...rest }),
      ),
    ),
    routes: Object.freeze(routes),
    retransmissions,
    advertised: byPrefix(advertised, ({ cost }) => cost),
    weights: byPrefix(weights, ({ weight }) => weight),
    late: late / 1000,
  })
}
