/** `show spf` and `show events`: what the speaker did lately. */
import type { SpfRun } from '../index.ts'
import type { LoggedEvent } from './event-ring.ts'
import { block, table, timestamp } from './text.ts'

export const spfText = (runs: readonly SpfRun[]): string =>
  runs.length === 0
    ? block('No calculation so far')
    : block(
        ...table(
          ['Time (UTC)', 'What', 'Took', 'Vertices', 'Networks', 'Changed', 'Why'],
          runs.map((run) => [
            timestamp(run.time),
            run.what === 'tree' ? `tree of ${run.areas.join(', ')}` : run.what,
            run.durationMs === undefined ? '-' : `${run.durationMs.toFixed(2)} ms`,
            String(run.vertices),
            String(run.networks),
            String(run.routes),
            `${run.reasons.join('; ')}${run.moreReasons > 0 ? ` and ${run.moreReasons} more` : ''}`,
          ]),
        ),
      )

export const eventLine = ({ time, text }: Pick<LoggedEvent, 'time' | 'text'>): string =>
  `${timestamp(time)} ${text}`

export const eventsText = (events: readonly LoggedEvent[]): string =>
  block(...events.map(eventLine))
