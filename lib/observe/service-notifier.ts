/**
 * What systemd wants to hear of a service of Type=notify (sd_notify(3)): that it is ready, how it stands, that it
 * reloads or stops, and, where WatchdogSec is set, that it is alive.
 */
import { realClock } from '../clock.ts'
import type { Clock } from '../ports.ts'
import { reasonOf } from '../reason.ts'

export interface ServiceNotifierOptions {
  /** Where NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID are; default: of this process. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /**
   * Seconds that the protocol is behind, as `speaker.lateness()` has it: no sign of life is given while that is more than
   * half of what the watchdog allows. Default: never behind.
   */
  readonly lateness?: () => number
  /** Told of what could not be sent, once until it works again. */
  readonly onError?: (reason: string) => void
  /** Sends one datagram; default: by the native binding. Returns -errno when it could not be sent. */
  readonly send?: (path: string, bytes: Uint8Array) => number
  readonly clock?: Clock
  /** Of the process; default: this one. */
  readonly pid?: number
  /** Microseconds of CLOCK_MONOTONIC. */
  readonly monotonic?: () => bigint
}

/** Calls do nothing where nobody listens (no NOTIFY_SOCKET), and never throw. */
export interface ServiceNotifier extends Disposable {
  /** Somebody listens. */
  readonly active: boolean
  /** Seconds within which a sign of life is expected; undefined: no watchdog. */
  readonly watchdog: number | undefined
  /** The service is up, or done with reloading; signs of life are given from now on. */
  ready(status?: string): void
  /** One line for `systemctl status`; the same as before is not sent again. */
  status(text: string): void
  /** It has begun to reload; `ready` says when that is over. */
  reloading(): void
  stopping(status?: string): void
}

/** The native binding is loaded when there is something to send. */
export async function serviceNotifier(
  options: ServiceNotifierOptions = {},
): Promise<ServiceNotifier> {
  const path = (options.environment ?? process.env)['NOTIFY_SOCKET']
  // as libsystemd: a path, or an abstract name
  if (path === undefined || !/^[/@]./.test(path)) return new Notifier(undefined, () => 0, options)
  const { send } = options
  if (send !== undefined) return new Notifier(path, send, options)
  try {
    const { nativeNetlink } = await import('../linux/native.ts')
    const native = nativeNetlink()
    return new Notifier(path, (...args) => native.notify(...args), options)
  } catch (error) {
    options.onError?.(reasonOf(error))
    return new Notifier(undefined, () => 0, options)
  }
}

class Notifier implements ServiceNotifier {
  readonly watchdog: number | undefined
  readonly #path: string | undefined
  readonly #send: NonNullable<ServiceNotifierOptions['send']>
  readonly #options: ServiceNotifierOptions
  readonly #clock: Clock
  #timer: Disposable | undefined
  #status = ''
  #hasFailed = false
  #isOver = false

  constructor(
    path: string | undefined,
    send: NonNullable<ServiceNotifierOptions['send']>,
    options: ServiceNotifierOptions,
  ) {
    this.#path = path
    this.#send = send
    this.#options = options
    this.#clock = options.clock ?? realClock
    this.watchdog = path === undefined ? undefined : watchdogOf(options)
  }

  get active(): boolean {
    return this.#path !== undefined
  }

  ready(status?: string): void {
    this.#say(['READY=1', ...this.#statusOf(status)])
    this.#begin()
  }

  status(text: string): void {
    const lines = this.#statusOf(text)
    if (lines.length > 0) this.#say(lines)
  }

  reloading(): void {
    const monotonic = this.#options.monotonic ?? (() => process.hrtime.bigint() / 1000n)
    this.#say(['RELOADING=1', `MONOTONIC_USEC=${monotonic()}`])
  }

  stopping(status?: string): void {
    this.#say(['STOPPING=1', ...this.#statusOf(status)])
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
  }

  #statusOf(text: string | undefined): string[] {
    // a line is all that fits
    const status = text?.replaceAll('\n', ' ')
    if (status === undefined || status === this.#status) return []
    this.#status = status
    return [`STATUS=${status}`]
  }

  #begin(): void {
    if (this.watchdog === undefined || this.#timer !== undefined || this.#isOver) return
    const wait = (this.watchdog * 1000) / 3
    const patience = this.watchdog / 2
    const beat = (): void => {
      if ((this.#options.lateness?.() ?? 0) <= patience) this.#say(['WATCHDOG=1'])
      this.#timer = this.#clock.setTimer(wait, beat)
    }
    beat()
  }

  #say(lines: readonly string[]): void {
    if (this.#path === undefined || this.#isOver) return
    const result = this.#send(this.#path, new TextEncoder().encode(lines.join('\n')))
    if (result >= 0) this.#hasFailed = false
    else if (!this.#hasFailed) {
      this.#hasFailed = true
      this.#options.onError?.(`cannot notify ${this.#path}: errno ${-result}`)
    }
  }
}

/** Seconds, if they are meant for us. */
function watchdogOf({
  environment = process.env,
  pid = process.pid,
}: ServiceNotifierOptions): number | undefined {
  const { WATCHDOG_USEC: micros, WATCHDOG_PID: whose } = environment
  if (whose !== undefined && Number(whose) !== pid) return undefined
  const seconds = Number(micros) / 1e6
  return seconds > 0 && Number.isFinite(seconds) ? seconds : undefined
}
