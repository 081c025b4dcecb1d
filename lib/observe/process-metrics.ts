/** Metrics of the process that a speaker runs in. */
import { readdirSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { type Families, only } from './families.ts'

const RESOLUTION_MS = 20
const percentiles = [50, 99, 100]

export interface ProcessMetrics extends Disposable {
  look(): void
}

export function processMetrics(families: Families): ProcessMetrics {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delays.enable()
  const delay = families.gauge(
    'nodejs_event_loop_delay_seconds',
    'How late the event loop was since this was last looked at; 100 is the worst',
    ['percentile'],
  )
  const cpu = families.total('process_cpu_seconds_total', 'Processor time, user and system')
  const start = families.gauge('process_start_time_seconds', 'When the process started')
  const memory = families.gauge('process_resident_memory_bytes', 'Resident memory')
  const heap = families.gauge('nodejs_heap_used_bytes', 'JavaScript heap in use')
  const files = families.gauge('process_open_fds', 'Open file descriptors')
  const startedAt = Date.now() / 1000 - process.uptime()
  return {
    look() {
      // what is measured is the distance between two timers
      const late = (ns: number): number => Math.max(0, ns / 1e9 - RESOLUTION_MS / 1000)
      delay(percentiles.map((q) => [{ percentile: String(q) }, late(delays.percentile(q))]))
      delays.reset()
      const { user, system } = process.cpuUsage()
      cpu(only((user + system) / 1e6))
      start(only(startedAt))
      const { rss, heapUsed } = process.memoryUsage()
      memory(only(rss))
      heap(only(heapUsed))
      files(filesOpen())
    },
    [Symbol.dispose]: () => void delays.disable(),
  }
}

function filesOpen(): ReturnType<typeof only> {
  try {
    return only(readdirSync('/proc/self/fd').length)
  } catch {
    return []
  }
}
