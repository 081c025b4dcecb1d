/** `ospf-speaker run`: configuration files in, a speaker until a signal, one line per event. */

import { type FrrCompat, type FrrOptions, importFrr } from '../config/frr.ts'
import { type ResolvedNetworks, resolveNetworks } from '../config/networks.ts'
import { type Control, serveControl } from './control.ts'
import { documentsOf } from './show.ts'
import type { Snapshots } from './speaker-like.ts'

export const logLevels = ['error', 'warning', 'info', 'debug'] as const
export type LogLevel = (typeof logLevels)[number]

export interface RunOptions {
  /** Paths of the files. */
  readonly frr: readonly string[]
  /** Whose defaults count where the files say nothing; default 'frr'. */
  readonly compat?: FrrCompat
  /** Refuse what is understood and not done here; default false: warn. */
  readonly strict?: boolean
  /** The protocol runs in a child process, so that adjacencies outlive a hang of this one; default false. */
  readonly isolate?: boolean
  /** Path of the control socket. */
  readonly socket: string
  readonly log: LogLevel
}

/** What the speaker does, one line each. */
export interface LogLine {
  readonly level: LogLevel
  readonly text: string
}

/** A speaker that has started: snapshots, its events, and the graceful stop. */
export interface RunningSpeaker extends Snapshots {
  /** Resolves when the snapshots are of now; without it they always are. */
  refresh?(): Promise<void>
  /** Ends when the speaker has stopped. */
  readonly log: AsyncIterable<LogLine>
  /** Withdraws, flushes, cleans the kernel; idempotent. */
  stop(): Promise<void>
}

/** The world around the command, handed in so that it can be tested. */
export interface Host {
  readFile(path: string): Promise<string>
  /** The devices now, by name. */
  links(): Promise<Parameters<typeof resolveNetworks>[1]>
  /** Speed of a device in Mbit/s, where it is known. */
  speed(device: string): number | undefined
  start(
    config: FrrOptions,
    resolved: ResolvedNetworks,
    how: { readonly isolate: boolean },
  ): Promise<RunningSpeaker>
  /** One line for the log. */
  print(line: string): void
  /** One line for standard error. */
  complain(line: string): void
  /** Milliseconds since 1970. */
  wall(): number
  onSignal(signal: NodeJS.Signals, listener: () => void): Disposable
  /** Ends the process at once. */
  exit(code: number): void
}

/** Ends with the exit status: 0 after a signal, 1 when the machine refused, 2 for a configuration with errors. */
export async function run(options: RunOptions, host: Host): Promise<number> {
  const log = logger(options.log, host)
  const config = await readConfig(options, host, log)
  if (config === undefined) return 2

  let speaker: RunningSpeaker | undefined
  let control: Control | undefined
  const signalled = onFirstSignal(host)
  try {
    const resolved = resolveNetworks(config, await host.links(), (device) => host.speed(device))
    for (const name of resolved.absent)
      host.complain(`ospf-speaker: interface ${name} does not exist`)
    if (resolved.absent.length > 0) return 1
    for (const text of resolved.warnings) log({ level: 'warning', text })

    // Before the network hears of us: the socket tells whether another speaker is at work.
    control = await serveControl(
      options.socket,
      documentsOf(async () => {
        await started(speaker).refresh?.()
        return started(speaker)
      }),
    )
    speaker = await host.start(config, resolved, { isolate: options.isolate ?? false })
    log({ level: 'info', text: `started, router id ${config.routerId}` })
    const logged = follow(speaker.log, log)
    const signal = await Promise.race([signalled.signal, logged])
    if (signal !== undefined) log({ level: 'info', text: `${signal}: stopping` })
    await speaker.stop()
    await logged
    log({ level: 'info', text: 'stopped' })
    return signal === undefined ? 1 : 0
  } catch (error) {
    host.complain(`ospf-speaker: ${error instanceof Error ? error.message : String(error)}`)
    await speaker?.stop().catch((again: unknown) => host.complain(`ospf-speaker: ${String(again)}`))
    return 1
  } finally {
    signalled[Symbol.dispose]()
    await control?.[Symbol.asyncDispose]()
  }
}

function started(speaker: RunningSpeaker | undefined): RunningSpeaker {
  if (speaker === undefined) throw new Error('the speaker is starting')
  return speaker
}

async function readConfig(
  { frr: paths, compat = 'frr', strict = false }: RunOptions,
  host: Host,
  log: (line: LogLine) => void,
): Promise<FrrOptions | undefined> {
  const files: { name: string; text: string }[] = []
  let unreadable = false
  for (const name of paths)
    try {
      files.push({ name, text: await host.readFile(name) })
    } catch (error) {
      unreadable = true
      host.complain(`ospf-speaker: ${error instanceof Error ? error.message : String(error)}`)
    }
  if (unreadable) return undefined
  const { options, accepted, errors } = importFrr(files, { compat })
  for (const { file, line, message } of errors) host.complain(`${file}:${line}: ${message}`)
  if (options === undefined) return undefined
  let refused = false
  for (const { file, line, statement, reason } of accepted) {
    const where = `${file}:${line}`
    if (reason === undefined)
      log({ level: 'debug', text: `${where}: accepted, without effect: ${statement}` })
    else if (strict) host.complain(`${where}: ${statement}: ${reason}`)
    else log({ level: 'warning', text: `${where}: not done: ${statement}: ${reason}` })
    refused ||= strict && reason !== undefined
  }
  return refused ? undefined : options
}

const signals = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const
type Signal = keyof typeof signals

/** The first signal asks for the graceful stop; the second ends the process, as shells number it. */
function onFirstSignal(host: Host): Disposable & { readonly signal: Promise<Signal> } {
  let first: ((signal: Signal) => void) | undefined
  const signal = new Promise<Signal>((resolve) => {
    first = resolve
  })
  const listeners = (Object.keys(signals) as Signal[]).map((name) =>
    host.onSignal(name, () => {
      if (first === undefined) host.exit(128 + signals[name])
      first?.(name)
      first = undefined
    }),
  )
  return {
    signal,
    [Symbol.dispose]: () => {
      for (const listener of listeners) listener[Symbol.dispose]()
    },
  }
}

async function follow(
  lines: AsyncIterable<LogLine>,
  log: (line: LogLine) => void,
): Promise<undefined> {
  for await (const line of lines) log(line)
}

function logger(level: LogLevel, host: Host): (line: LogLine) => void {
  const most = logLevels.indexOf(level)
  return (line) => {
    if (logLevels.indexOf(line.level) <= most)
      host.print(`${new Date(host.wall()).toISOString()} ${line.level}: ${line.text}`)
  }
}
