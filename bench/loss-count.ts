/** Agents (loss-agent.ts) in the namespaces of a lab, and what became of the connections that they opened. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Lab } from '../test/interop/lab.ts'
import type { LossRecord } from './loss-agent.ts'

const agent = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './loss-agent.ts' : './loss-agent.js', import.meta.url),
)

/** Connections, and how many of them were lost. */
export interface LossCount {
  readonly opened: number
  readonly lost: number
}

/** Starts one; whoever does ends it. */
export function startAgent(lab: Lab, node: string, ...argv: readonly string[]): ChildProcess {
  const command = ['netns', 'exec', lab.namespace(node), process.execPath, agent, ...argv]
  return spawn('ip', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}

export function count(
  records: readonly LossRecord[],
  isOne: (record: LossRecord) => boolean,
): LossCount {
  const those = records.filter(isOne)
  return { opened: those.length, lost: those.filter(([, , failure]) => failure !== '').length }
}

/** Opened before an instant, or in that millisecond, and not over by then. */
export const inFlightAt = (records: readonly LossRecord[], at: number): LossCount =>
  count(records, ([opened, ended]) => opened <= at && ended > at)

export const openedAfter = (records: readonly LossRecord[], at: number): LossCount =>
  count(records, ([opened]) => opened > at)

/** How those that were lost ended. */
export function byCause(records: readonly LossRecord[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const [, , failure] of records) {
    if (failure !== '') counts[failure] = (counts[failure] ?? 0) + 1
  }
  return counts
}

/** In the last second before an instant. */
export function leastInFlight(records: readonly LossRecord[], until: number): number {
  const samples = Array.from({ length: 50 }, (_, i) => until - 20 * i)
  return Math.min(...samples.map((at) => records.filter(([o, e]) => o <= at && e > at).length))
}

/** The next message that has a field of this name. Rejects when the process ends instead. */
export async function heard<T>(child: ChildProcess, field: string): Promise<T> {
  const ended = new AbortController()
  const { signal } = ended
  const exit = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`${child.spawnargs.slice(3).join(' ')}: ended with ${code}`)
  })
  const message = new Promise<T>((resolve) => {
    const look = (said: object): void => {
      if (!(field in said)) return
      child.off('message', look)
      resolve(said as T)
    }
    child.on('message', look)
  })
  try {
    return await Promise.race([message, exit])
  } finally {
    ended.abort()
    exit.catch(() => {})
  }
}
