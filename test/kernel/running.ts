/** Programs in the machine: run to their end, or started, listened to, and ended. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import type { Test } from 'tap'

export const main: string = resolve('dist/bin/ospf-speaker.js')

export const run = (line: string): string => {
  const [command = '', ...args] = line.split(' ')
  return execFileSync(command, args, { encoding: 'utf8' })
}

export async function until(what: string, isSo: () => boolean, said: () => string): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (isSo()) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`not so: ${what}: ${said()}`)
}

export interface Running {
  readonly told: () => string
  readonly stop: () => Promise<number | null>
  readonly kill: () => Promise<void>
}

export const start = (t: Test, ...args: string[]): Running => begin(t, process.execPath, ...args)

export function begin(t: Test, command: string, ...args: string[]): Running {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (text += data))
  const ended = once(child, 'exit')
  return {
    told: () => text,
    stop: async () => {
      child.kill('SIGTERM')
      const [status] = await ended
      return status as number | null
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
