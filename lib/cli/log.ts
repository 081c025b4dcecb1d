/** What commands print while they run: a line per event, at a level. */

export const logLevels = ['error', 'warning', 'info', 'debug'] as const
export type LogLevel = (typeof logLevels)[number]

/** What the speaker does, one line each. */
export interface LogLine {
  readonly level: LogLevel
  readonly text: string
}

/** Prints what is important enough. The level may change. */
export interface Logger {
  (line: LogLine): void
  level: LogLevel
}

/** @param wall milliseconds since 1970 */
export function logger(level: LogLevel, print: (line: string) => void, wall: () => number): Logger {
  const log = (line: LogLine): void => {
    if (logLevels.indexOf(line.level) <= logLevels.indexOf(made.level))
      print(`${new Date(wall()).toISOString()} ${line.level}: ${line.text}`)
  }
  const made = Object.assign(log, { level })
  return made
}
