/** What a gate says to an announcement. */

/** What a verdict rests on: so many runs of a probe in a row. */
export interface Evidence {
  /** Its name. */
  readonly probe: string
  readonly passed: boolean
  readonly times: number
  /** How many it takes: rise, or fall. */
  readonly needed: number
}

/** What a gate may say: whether the VIP is to be announced and, if it likes, why. */
export type GateVerdict =
  | boolean
  | {
      readonly healthy: boolean
      readonly reason?: string
      /** The word of an operator, which policies do not apply to; 'maintenance' is a drain for as long as it lasts. */
      readonly override?: 'up' | 'down' | 'maintenance'
      readonly evidence?: Evidence
    }

/** The same with nothing left open. */
export interface Judgement {
  readonly healthy: boolean
  readonly reason: string
  readonly override: Exclude<GateVerdict, boolean>['override']
  readonly evidence: Evidence | undefined
}

/** Anything but `true` is unhealthy, whatever it is that a gate gives. */
export function judgementOf(verdict: GateVerdict): Judgement {
  const said = typeof verdict === 'object' ? verdict : { healthy: verdict }
  const healthy = said.healthy === true
  const reason = said.reason ?? (healthy ? 'healthy' : 'unhealthy')
  return { healthy, reason, override: said.override, evidence: said.evidence }
}
