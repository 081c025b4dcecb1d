/** What surrounds a speaker that runs as a service: its metrics on the control socket, and what systemd hears of it. */
import type { Metrics, ServiceNotifier, ServiceNotifierOptions, Speaker } from '../index.ts'
import type { Answerer } from './control.ts'

/** Answers that include `GET /metrics`, as soon as there are any. */
export function withMetrics(metrics: () => Metrics | undefined, others: Answerer): Answerer {
  return async (asked) => {
    if (asked.isPost || asked.words.join('/') !== 'metrics') return others(asked)
    const found = metrics()
    if (found === undefined) return others(asked)
    const isOpen = asked.accept?.includes('application/openmetrics-text') === true
    const { contentType, body } = await found.render(isOpen ? 'openmetrics' : 'text')
    return { status: 200, body, type: contentType }
  }
}

/** What is told in a line of `systemctl status`. */
export type Summarized = Pick<Speaker, 'neighbors' | 'announcements' | 'interfaces'>

export function summaryOf(speaker: Summarized): string {
  const neighbors = speaker.neighbors()
  const full = neighbors.filter(({ state }) => state === 'Full').length
  const vips = speaker.announcements()
  const up = vips.filter(({ state }) => state === 'up').length
  const interfaces = speaker.interfaces()
  const down = interfaces.filter(({ state }) => state === 'Down').length
  return [
    `${full} of ${neighbors.length} neighbors Full`,
    ...(vips.length > 0 ? [`${up} of ${vips.length} VIPs up`] : []),
    ...(down > 0 ? [`${down} of ${interfaces.length} interfaces down`] : []),
  ].join(', ')
}

/** Milliseconds between two lines of status. */
const STATUS_MS = 1000

/** Tells systemd how a speaker fares, in lines that are not more than one a second. */
export class Service implements Disposable {
  readonly #notifier: ServiceNotifier
  readonly #speaker: Summarized
  #timer: ReturnType<typeof setTimeout> | undefined
  #isOver = false

  constructor(notifier: ServiceNotifier, speaker: Summarized) {
    this.#notifier = notifier
    this.#speaker = speaker
    notifier.ready(summaryOf(speaker))
  }

  /** Something has happened. */
  changed(): void {
    if (!this.#notifier.active || this.#timer !== undefined || this.#isOver) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#notifier.status(summaryOf(this.#speaker))
    }, STATUS_MS)
    this.#timer.unref()
  }

  stopping(): void {
    this.#end()
    this.#notifier.stopping('withdrawing, and waiting for the routers')
  }

  [Symbol.dispose](): void {
    this.#end()
    this.#notifier[Symbol.dispose]()
  }

  #end(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
  }
}

/** Where nobody listens. */
export const noNotifier = async (_: ServiceNotifierOptions): Promise<ServiceNotifier> => ({
  active: false,
  watchdog: undefined,
  ready() {},
  status() {},
  reloading() {},
  stopping() {},
  [Symbol.dispose]() {},
})
