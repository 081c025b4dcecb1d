/** A probe of the process that it runs in. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { memoryUsage } from 'node:process'
import { invalid, named, type Probe } from './probe.ts'

export interface SelfOptions {
  /** Milliseconds that the event loop may be late, at worst, from one run to the next. */
  readonly maximumDelay?: number
  /** Megabytes (2^20 octets) of resident memory. */
  readonly maximumMemory?: number
  /** A server that must be listening. */
  readonly server?: { readonly listening: boolean }
}

const MEGABYTE = 1 << 20
const NANOSECONDS = 1e6

/**
 * Healthy while the process is: its event loop in time, its memory within bounds, its server listening. A loop that is
 * blocked altogether runs no probe: that is what a lease is for.
 *
 * @throws OspfError ERR_OSPF_CONFIG when an option cannot be used
 */
export function self(options: SelfOptions): Probe {
  const { maximumDelay, maximumMemory, server } = options
  for (const [name, value] of Object.entries({ maximumDelay, maximumMemory })) {
    if (value === undefined || (Number.isFinite(value) && value > 0)) continue
    throw invalid(name, 'a number above 0', value)
  }
  if (server !== undefined && typeof server?.listening !== 'boolean') {
    throw invalid('server', 'a server', server)
  }
  // begins with the first run, so that a probe that is never run costs nothing
  let delay: ReturnType<typeof monitorEventLoopDelay> | undefined
  return named('self', async (signal) => {
    signal.throwIfAborted()
    if (server?.listening === false) throw new Error('the server is not listening')
    if (maximumMemory !== undefined) {
      const used = memoryUsage.rss() / MEGABYTE
      if (used > maximumMemory) {
        throw new Error(`${Math.round(used)} MB of memory, expected at most ${maximumMemory}`)
      }
    }
    if (maximumDelay === undefined) return
    if (delay === undefined) {
      delay = monitorEventLoopDelay({ resolution: 10 })
      delay.enable()
    }
    const worst = delay.max / NANOSECONDS
    delay.reset()
    if (worst > maximumDelay) {
      throw new Error(
        `the event loop was ${Math.round(worst)} ms late, expected at most ${maximumDelay}`,
      )
    }
  })
}
