/** How the route sink stands, in numbers. */
import type { KernelStatus } from '../ports.ts'
import type { Entry } from './route-entry.ts'
import type { RouteMode, RouteSettings } from './route-options.ts'
import type { RouteReport } from './route-report.ts'

export interface Standing {
  readonly entries: Iterable<Entry>
  readonly settings: RouteSettings
  readonly mode: RouteMode
  readonly groups: number
  readonly report: RouteReport
  /** Milliseconds, monotonic. */
  readonly now: number
}

export function statusOf(standing: Standing): KernelStatus {
  const { entries, settings, mode, groups, report, now } = standing
  const { table, metric, protocol } = settings
  const counts = { routes: 0, discards: 0, leftovers: 0, pending: 0, failed: 0, foreign: 0 }
  for (const entry of entries) {
    const { installed, leftover, wanted, foreign, attempts } = entry
    if (installed !== undefined && leftover) counts.leftovers++
    else if (installed !== undefined) counts.routes++
    if (installed?.group === undefined && installed?.hops.length === 0) counts.discards++
    if (foreign) counts.foreign++
    else if (attempts > 0) counts.failed++
    else if (entry.isReady || entry.isUnderWay) counts.pending++
    else if (installed === undefined && wanted !== undefined) counts.pending++
  }
  const { isForbidden, last } = report
  const lastError = last && { message: last.error.message, age: (now - last.at) / 1000 }
  return {
    mode: mode.resilient ? 'resilient' : mode.mode,
    why: mode.why,
    table,
    metric,
    protocol,
    ...counts,
    groups,
    forbidden: isForbidden,
    lastError,
  }
}
