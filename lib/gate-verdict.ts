/** What a gate says to an announcement. */

/** What a gate may say: whether the VIP is to be announced and, if it likes, why. */
export type GateVerdict =
  | boolean
  | {
      readonly healthy: boolean
      readonly reason?: string
      /** The word of an operator, which policies do not apply to; 'maintenance' is a drain for as long as it lasts. */
      readonly override?: 'up' | 'down' | 'maintenance'
    }

/** The same with nothing left open. */
export interface Judgement {
  readonly healthy: boolean
  readonly reason: string
  readonly override: Exclude<GateVerdict, boolean>['override']
}

/** Anything but `true` is unhealthy, whatever it is that a gate gives. */
export function judgementOf(verdict: GateVerdict): Judgement {
  const said = typeof verdict === 'object' ? verdict : { healthy: verdict }
  const healthy = said.healthy === true
  const reason = said.reason ?? (healthy ? 'healthy' : 'unhealthy')
  return { healthy, reason, override: said.override }
}
