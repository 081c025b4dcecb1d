/** `ospf-speaker run`: configuration files in, a speaker until a signal, one line per event. */

import type { Config, Metrics, ServiceNotifier, ServiceNotifierOptions } from '../index.ts'
import { answersOf } from './answers.ts'
import { type Control, serveControl } from './control.ts'
import { defaultSocket } from './control-error.ts'
import { type InputHost, type Inputs, loadInputs, type ReadInputs, readInputs } from './inputs.ts'
import { type LogLevel, type LogLine, logger } from './log.ts'
import { type Changeable, Reloader, withActions } from './reload.ts'
import { noNotifier, Service, withMetrics } from './service.ts'
import type { Operated } from './speaker-like.ts'

export type { LogLine } from './log.ts'

export interface RunOptions extends Inputs {
  /** Path of the control socket; default: as the configuration says. */
  readonly socket?: string
  /** Default: as the configuration says. */
  readonly log?: LogLevel
  /** A line of JSON for each event; default false. */
  readonly json?: boolean
}

/** A speaker that has started: all that is asked of it, its events, what can be changed, and the graceful stop. */
export interface RunningSpeaker extends Operated {
  /** Ends when the speaker has stopped. */
  readonly log: AsyncIterable<LogLine>
  readonly configured: Changeable & { readonly metrics?: Metrics | undefined }
  /** Withdraws, flushes, cleans the kernel; idempotent. */
  stop(): Promise<void>
}

/** The world around the command, handed in so that it can be tested. */
export interface Host extends InputHost {
  start(config: Config): Promise<RunningSpeaker>
  /** What systemd hears; default: nobody listens. */
  notifier?(options: ServiceNotifierOptions): Promise<ServiceNotifier>
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
  const { socket, log: level, json = false, ...inputs } = options
  const log = logger(level ?? 'info', (line) => host.print(line), host.wall, json)
  let read: ReadInputs
  try {
    const { texts, errors } = await loadInputs(inputs, host)
    for (const error of errors) host.complain(error)
    if (errors.length > 0) return 2
    read = await readInputs(texts, host)
  } catch (error) {
    host.complain(`ospf-speaker: ${error instanceof Error ? error.message : String(error)}`)
    return 1
  }
  const { config } = read
  log.level = level ?? config?.log ?? 'info'
  for (const line of read.lines) log(line)
  for (const error of read.errors) host.complain(error)
  if (config === undefined) return read.isMachine ? 1 : 2

  let speaker: RunningSpeaker | undefined
  let control: Control | undefined
  let service: Service | undefined
  const warn = (text: string): void => log({ level: 'warning', text })
  const notifier = await (host.notifier?.bind(host) ?? noNotifier)({
    lateness: () => speaker?.speaker.vitals().late ?? 0,
    onError: warn,
  })
  const reloader = new Reloader(
    inputs,
    host,
    () => started(speaker).configured,
    log,
    level !== undefined,
    notifier,
  )
  const signalled = onFirstSignal(host)
  const hangUp = host.onSignal('SIGHUP', () => {
    log({ level: 'info', text: 'SIGHUP: reloading' })
    void reloader.reload()
  })
  try {
    // Before the network hears of us: the socket tells whether another speaker is at work.
    control = await serveControl(
      socket ?? config.socket ?? defaultSocket,
      withMetrics(
        () => speaker?.configured.metrics,
        withActions(
          reloader.actions,
          answersOf(() => started(speaker)),
        ),
      ),
    )
    speaker = await host.start(config)
    service = new Service(notifier, speaker.speaker)
    log({ level: 'info', text: `started, router id ${config.options.routerId}` })
    const logged = follow(speaker.log, (line) => {
      log(line)
      service?.changed()
    })
    const signal = await Promise.race([signalled.signal, logged])
    if (signal !== undefined) log({ level: 'info', text: `${signal}: stopping` })
    service.stopping()
    await speaker.stop()
    await logged
    log({ level: 'info', text: 'stopped' })
    return signal === undefined ? 1 : 0
  } catch (error) {
    host.complain(`ospf-speaker: ${error instanceof Error ? error.message : String(error)}`)
    await speaker?.stop().catch((again: unknown) => host.complain(`ospf-speaker: ${String(again)}`))
    return 1
  } finally {
    hangUp[Symbol.dispose]()
    service?.[Symbol.dispose]()
    notifier[Symbol.dispose]()
    signalled[Symbol.dispose]()
    await control?.[Symbol.asyncDispose]()
  }
}

function started(speaker: RunningSpeaker | undefined): RunningSpeaker {
  if (speaker === undefined) throw new Error('the speaker is starting')
  return speaker
}

const signals = { SIGINT: 2, SIGTERM: 15 } as const
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
