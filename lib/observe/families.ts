/** Metrics of one registry, by name: gauges and counters that are set as a whole when they are looked at. */
import type { Counter, Histogram, OpenMetricsContentType, Registry } from 'prom-client'

/** The library, which is loaded when somebody wants metrics. */
export type Prom = typeof import('prom-client')

export type Labels = Readonly<Record<string, string | number>>
export type Sample = readonly [labels: Labels, value: number]

/** Seconds: from what a change of a stub takes to a tree of 100,000 routers. */
const SPF_BUCKETS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1]

/** What is left out where there is too much of it, by what it is. */
export class Bounds {
  readonly #left = new Map<string, number>()

  /** The first of them. */
  first<T>(what: string, all: Iterable<T>, most: number): readonly T[] {
    const list = [...all]
    this.#left.set(what, Math.max(0, list.length - most))
    return list.slice(0, most)
  }

  left(): Sample[] {
    return Array.from(this.#left, ([what, count]) => [{ what }, count])
  }
}

export class Families {
  readonly #prom: Prom
  readonly #registry: Registry<OpenMetricsContentType>

  constructor(prom: Prom, registry: Registry<OpenMetricsContentType>) {
    this.#prom = prom
    this.#registry = registry
  }

  /** Sets all samples of a gauge at once; those of before are gone. */
  gauge(
    name: string,
    help: string,
    labels: readonly string[] = [],
  ): (all: Iterable<Sample>) => void {
    const gauge = new this.#prom.Gauge({
      name,
      help,
      labelNames: [...labels],
      registers: [this.#registry],
    })
    return (all) => {
      gauge.reset()
      for (const [of, value] of all) gauge.set({ ...of }, value)
    }
  }

  /** The same of totals that somebody else counts. */
  total(
    name: string,
    help: string,
    labels: readonly string[] = [],
  ): (all: Iterable<Sample>) => void {
    const counter = this.counter(name, help, labels)
    return (all) => {
      counter.reset()
      for (const [of, value] of all) counter.inc({ ...of }, value)
    }
  }

  /** Counted here. */
  counter(name: string, help: string, labels: readonly string[] = []): Counter {
    return new this.#prom.Counter({
      name,
      help,
      labelNames: [...labels],
      registers: [this.#registry],
    })
  }

  histogram(name: string, help: string, labels: readonly string[]): Histogram {
    const registers = [this.#registry]
    return new this.#prom.Histogram({
      name,
      help,
      labelNames: [...labels],
      registers,
      buckets: SPF_BUCKETS,
    })
  }
}

/** One sample without labels. */
export const only = (value: number): readonly Sample[] => [[{}, value]]
