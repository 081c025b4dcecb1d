/** A director over IPVS in memory, in virtual time, with servers that are as they are told to be. */

import { Director, type DirectorStartOptions } from '../../lib/lvs/director.ts'
import { type DirectorEvent, formatDirectorEvent } from '../../lib/lvs/director-events.ts'
import type { RealServerOptions, VirtualServiceOptions } from '../../lib/lvs/director-options.ts'
import { MemoryIpvs } from '../../lib/lvs/memory.ts'
import type { IpvsServiceKey } from '../../lib/lvs/types.ts'
import type { Clock } from '../../lib/ports.ts'
import { VirtualClock } from '../../lib/sim/clock.ts'

export const vip: string = '10.0.1.100'
export const web: IpvsServiceKey = { protocol: 'tcp', address: vip, port: 80 }

/** Servers by number: 10.0.2.N:80. */
export class Farm {
  readonly sick: Set<number> = new Set()
  /** Probes that have been run, by server, with the time. */
  readonly asked: { readonly server: number; readonly at: number }[] = []
  readonly #probes = new Map<number, () => Promise<void>>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  probe(n: number): () => Promise<void> {
    let probe = this.#probes.get(n)
    if (probe === undefined) {
      probe = async () => {
        this.asked.push({ server: n, at: this.#clock.now() / 1000 })
        if (this.sick.has(n)) throw new Error('refused')
      }
      Object.defineProperty(probe, 'name', { value: `probe ${n}` })
      this.#probes.set(n, probe)
    }
    return probe
  }

  server(n: number, more: Partial<RealServerOptions> = {}): RealServerOptions {
    return { address: `10.0.2.${n}`, checks: [this.probe(n)], ...more }
  }

  /** A service of so many servers. */
  service(servers: number, more: Partial<VirtualServiceOptions> = {}): VirtualServiceOptions {
    return {
      address: vip,
      port: 80,
      servers: Array.from({ length: servers }, (_, i) => this.server(i + 1)),
      ...more,
    }
  }
}

export interface Bench {
  readonly clock: VirtualClock
  readonly ipvs: MemoryIpvs
  readonly farm: Farm
  readonly start: (options: Omit<DirectorStartOptions, 'ipvs' | 'clock'>) => Promise<Running>
  /** Lets so many seconds pass. */
  readonly run: (seconds: number) => Promise<void>
  /** The destinations of the service: '1x5' is 10.0.2.1 with weight 5. */
  readonly table: (key?: IpvsServiceKey) => Promise<string>
}

export interface Running {
  readonly director: Director
  readonly events: DirectorEvent[]
  /** Events of these types as lines. */
  readonly lines: (...types: DirectorEvent['type'][]) => string[]
}

export function bench(): Bench {
  const clock = new VirtualClock()
  const ipvs = new MemoryIpvs({ clock })
  const farm = new Farm(clock)
  return {
    clock,
    ipvs,
    farm,
    run: (seconds) => clock.advanceAsync(seconds * 1000),
    start: async (options) => {
      const director = await Director.start({ random: () => 0, ...options, ipvs, clock })
      const events: DirectorEvent[] = []
      void (async () => {
        for await (const event of director) events.push(event)
      })()
      await clock.advanceAsync(0)
      const lines = (...types: DirectorEvent['type'][]): string[] =>
        events.filter(({ type }) => types.includes(type)).map(formatDirectorEvent)
      return { director, events, lines }
    },
    table: async (key = web) => {
      const destinations = await ipvs.destinations(key)
      return destinations
        .map(({ address, weight }) => `${address.replace('10.0.2.', '')}x${weight}`)
        .join(' ')
    },
  }
}

/** keepalived's words for a service: its defaults, and a quick loop. */
export const classic = {
  defaults: 'keepalived',
  reconcileInterval: 3600,
} as const
