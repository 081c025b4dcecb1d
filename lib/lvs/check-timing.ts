/** How often checks run and what they take to be believed, with what is said where nothing is said. */
import { fail, parseBoolean, parseInteger } from '../parse.ts'
import type { CheckOptions, CheckTimingOptions } from './director-options.ts'

export type Defaults = 'own' | 'keepalived'

/** In seconds and numbers of runs. */
export interface CheckTiming {
  readonly delayLoop: number
  readonly retry: number
  readonly delayBeforeRetry: number
  readonly connectTimeout: number
  readonly warmup: number
  /** Before the warm-up begins. */
  readonly before: number
  readonly rise: number
}

export const TIMING_FIELDS: readonly (keyof CheckTimingOptions)[] = [
  'delayLoop',
  'retry',
  'delayBeforeRetry',
  'connectTimeout',
  'warmup',
  'rise',
  'alpha',
]

const DAY = 86_400

/** @throws OspfError ERR_OSPF_CONFIG that names the field */
export function checkTiming(where: string, options: CheckTimingOptions): void {
  const { alpha, retry, rise } = options
  for (const name of ['delayLoop', 'connectTimeout'] as const) {
    parseSeconds(`${where}: ${name}`, options[name], 0.001)
  }
  for (const name of ['delayBeforeRetry', 'warmup'] as const) {
    parseSeconds(`${where}: ${name}`, options[name], 0)
  }
  if (retry !== undefined) parseInteger(`${where}: retry`, retry, 0, 1000)
  if (rise !== undefined) parseInteger(`${where}: rise`, rise, 1, 1000)
  if (alpha !== undefined) parseBoolean(`${where}: alpha`, alpha)
}

/** A number of seconds, if it is there. @throws OspfError ERR_OSPF_CONFIG */
export function parseSeconds(field: string, value: unknown, least: number): void {
  if (value === undefined) return
  if (typeof value === 'number' && value >= least && value <= DAY) return
  const from = least === 0 ? 'from 0' : 'above 0'
  throw fail(field, `a number of seconds ${from} up to a day`, value)
}

/** keepalived's retries and the seconds between them, where a checker has its own: TCP has 1 and 1. */
const RETRIES: Readonly<Partial<Record<CheckOptions['type'], readonly [number, number?]>>> = {
  http: [1, 3],
  dns: [3],
  misc: [0],
}

/** @param levels the check, its server, its service: who says something first is heard */
export function timingOf(
  defaults: Defaults,
  type: CheckOptions['type'],
  levels: readonly CheckTimingOptions[],
): CheckTiming {
  const said = <K extends keyof CheckTimingOptions>(name: K): CheckTimingOptions[K] | undefined =>
    levels.find((level) => level[name] !== undefined)?.[name]
  if (type === 'file') {
    // keepalived hears of a change at once, and counts nothing
    const [
      {
        delayLoop = 1,
        retry = 0,
        delayBeforeRetry = 1,
        connectTimeout = 5,
        rise = 1,
        warmup = 0,
      } = {},
    ] = levels
    return { delayLoop, retry, delayBeforeRetry, connectTimeout, warmup, before: 0, rise }
  }
  if (defaults === 'own') {
    return {
      delayLoop: said('delayLoop') ?? 5,
      retry: said('retry') ?? 2,
      delayBeforeRetry: said('delayBeforeRetry') ?? 1,
      connectTimeout: said('connectTimeout') ?? 3,
      warmup: said('warmup') ?? said('delayLoop') ?? 5,
      before: 0,
      rise: said('rise') ?? 2,
    }
  }
  const delayLoop = said('delayLoop') ?? 60
  const [retry, between = type === 'dns' ? delayLoop : 1] = RETRIES[type] ?? [1]
  return {
    delayLoop,
    retry: said('retry') ?? retry,
    delayBeforeRetry: said('delayBeforeRetry') ?? between,
    connectTimeout: said('connectTimeout') ?? 5,
    warmup: said('warmup') ?? delayLoop,
    before: 1,
    rise: said('rise') ?? 1,
  }
}
