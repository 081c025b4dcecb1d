/** How long it takes to notice that a real server is dead, as keepalived counts. */
import type { KeepalivedChecker, KeepalivedRealServer } from './keepalived-types.ts'

/**
 * The longest time from the death of a server to the verdict of a checker: just after a good check a whole
 * `delay_loop`, then `retry` pauses, and `retry + 1` attempts that each take their whole time. Undefined: it is not
 * asked, but told (BFD_CHECK, FILE_CHECK).
 */
export function worstOf(checker: KeepalivedChecker): number | undefined {
  if (checker.type === 'FILE_CHECK' || checker.type === 'BFD_CHECK') return undefined
  const { delayLoop, retry, delayBeforeRetry } = checker
  const attempt =
    checker.type === 'MISC_CHECK' ? checker.timeout : checker.connection.connectTimeout
  return delayLoop + retry * delayBeforeRetry + (retry + 1) * attempt
}

/** Of a server: the first of its checkers to notice is enough. */
export function detectionOf({ checkers }: Pick<KeepalivedRealServer, 'checkers'>): {
  /** Seconds; undefined where no checker asks. */
  readonly worst: number | undefined
} {
  const all = checkers.map(worstOf).filter((one) => one !== undefined)
  return { worst: all.length === 0 ? undefined : Math.min(...all) }
}
