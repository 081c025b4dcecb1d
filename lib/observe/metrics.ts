/**
 * What a speaker, its VIPs and its director look like in figures, as OpenMetrics. Each has a registry of its own.
 *
 * Figures are gathered when somebody asks, and at most once a second however many do; nothing in it grows with the
 * database. Labels are bounded: what is left out is counted in `ospf_metrics_left_out`.
 */
import type { OpenMetricsContentType } from 'prom-client'
import { realClock } from '../clock.ts'
import type { Clock } from '../ports.ts'
import { Bounds, Families } from './families.ts'
import type { Hooks } from './hooks.ts'
import { processMetrics } from './process-metrics.ts'
import {
  eventMetrics,
  kernelMetrics,
  type MetricsSpeaker,
  protocolMetrics,
} from './protocol-metrics.ts'
import {
  checkMetrics,
  hookMetrics,
  ipvsMetrics,
  type MetricsDirector,
  type MetricsGate,
  vipMetrics,
} from './vip-metrics.ts'

export interface MetricsOptions {
  readonly speaker: MetricsSpeaker
  readonly director?: MetricsDirector | undefined
  /** The checks that are watched now: gates of `healthy()` and of what is made of them. */
  readonly gates?: () => Iterable<MetricsGate>
  /** What became of what hooks were to be told. */
  readonly hooks?: Pick<Hooks, 'counts'> | undefined
  /** Default: the machine's. */
  readonly clock?: Clock
}

/** 'openmetrics' is application/openmetrics-text 1.0.0; 'text' is what Prometheus had before, text/plain 0.0.4. */
export type MetricsFormat = 'openmetrics' | 'text'

export interface MetricsText {
  readonly contentType: string
  readonly body: string
}

/** Disposing ends the counting. */
export interface Metrics extends Disposable {
  render(format?: MetricsFormat): Promise<MetricsText>
}

/** Milliseconds for which figures are good. */
const FRESH_MS = 1000

/** Counts from when it resolves. */
export async function speakerMetrics(options: MetricsOptions): Promise<Metrics> {
  const { speaker, director, gates, hooks, clock = realClock } = options
  const prom = await import('prom-client')
  const { Registry } = prom
  const registry = new Registry<OpenMetricsContentType>()
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  const families = new Families(prom, registry)
  const bounds = new Bounds()
  const counting = speaker.subscribe(eventMetrics(families))
  const protocol = protocolMetrics(families, bounds)
  const kernel = kernelMetrics(families)
  const vips = vipMetrics(families, bounds, clock)
  const checks = checkMetrics(families, bounds, clock)
  const ipvs = director && ipvsMetrics(families, bounds)
  const runs = hooks && hookMetrics(families)
  const ofProcess = processMetrics(families)
  const left = families.gauge(
    'ospf_metrics_left_out',
    'How many have no metrics of their own, for there are too many',
    ['what'],
  )
  const look = async (): Promise<string> => {
    protocol(speaker)
    kernel(speaker.kernel())
    vips(speaker)
    checks(gates?.() ?? [])
    if (director !== undefined) ipvs?.(director)
    if (hooks !== undefined) runs?.(hooks)
    ofProcess.look()
    left(bounds.left())
    return registry.metrics()
  }
  let lookedAt = Number.NEGATIVE_INFINITY
  let text: Promise<string> | undefined
  return {
    async render(format = 'openmetrics') {
      if (text === undefined || clock.now() - lookedAt >= FRESH_MS) {
        lookedAt = clock.now()
        text = look()
      }
      const body = await text
      return format === 'text'
        ? { contentType: Registry.PROMETHEUS_CONTENT_TYPE, body: plainText(body) }
        : { contentType: Registry.OPENMETRICS_CONTENT_TYPE, body }
    },
    [Symbol.dispose]() {
      counting[Symbol.dispose]()
      ofProcess[Symbol.dispose]()
    },
  }
}

/** The older format names counters with their suffix, and has no end. */
function plainText(openMetrics: string): string {
  const lines = openMetrics.split('\n')
  const counters = new Set(lines.flatMap((line) => /^# TYPE (\S+) counter$/.exec(line)?.[1] ?? []))
  return lines
    .filter((line) => line !== '# EOF')
    .map((line) => {
      const [, what, name, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
      return name !== undefined && counters.has(name) ? `# ${what} ${name}_total ${rest}` : line
    })
    .join('\n')
}
