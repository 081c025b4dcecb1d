/** What commands print while they run: a line per event, at a level; as text, or as JSON. */
import { UsageError } from './grammar.ts'

export const logLevels = ['error', 'warning', 'info', 'debug'] as const
export type LogLevel = (typeof logLevels)[number]

/** What the speaker does, one line each. */
export interface LogLine {
  readonly level: LogLevel
  readonly text: string
  /** The event that it is about, with its fields; default: { event: 'log' }. */
  readonly record?: Readonly<Record<string, unknown>>
}

/** Prints what is important enough. The level may change. */
export interface Logger {
  (line: LogLine): void
  level: LogLevel
}

/** @param wall milliseconds since 1970 */
export function logger(
  level: LogLevel,
  print: (line: string) => void,
  wall: () => number,
  json = false,
): Logger {
  const log = (line: LogLine): void => {
    if (logLevels.indexOf(line.level) > logLevels.indexOf(made.level)) return
    const time = new Date(wall()).toISOString()
    const { level: of, text: message, record = { event: 'log' } } = line
    print(
      json ? JSON.stringify({ time, level: of, message, ...record }) : `${time} ${of}: ${message}`,
    )
  }
  const made = Object.assign(log, { level })
  return made
}

/** Reads what --log says: a level, `json`, or both: 'debug,json'. Throws a UsageError. */
export function parseLog(text: string): { readonly log?: LogLevel; readonly json?: true } {
  const words = text.split(',')
  const levels = words.filter((word): word is LogLevel => logLevels.some((level) => level === word))
  const isKnown = words.every((word) => word === 'json' || levels.some((level) => level === word))
  if (!isKnown || levels.length > 1) {
    throw new UsageError(
      `--log: expected ${logLevels.join(', ')}, json, or two as 'debug,json', got '${text}'`,
    )
  }
  return {
    ...(levels[0] === undefined ? {} : { log: levels[0] }),
    ...(words.includes('json') ? { json: true } : {}),
  }
}
