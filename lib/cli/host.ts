/** The process as the world around `run`: files, output, signals, and the speaker behind the public names. */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Host } from './run.ts'

export const processHost: Host = {
  readFile: (path) => readFile(path, 'utf8'),
  // The speaker is loaded when it is wanted: a configuration with errors is told without native code.
  links: async () => (await import('./start.ts')).links(),
  start: async (...args) => (await import('./start.ts')).start(...args),
  notifier: async (options) =>
    (await import('../observe/service-notifier.ts')).serviceNotifier(options),
  environment: process.env,
  speed,
  print: (line) => void process.stdout.write(`${line}\n`),
  complain: (line) => void process.stderr.write(`${line}\n`),
  wall: () => Date.now(),
  onSignal(signal, listener) {
    process.on(signal, listener)
    return { [Symbol.dispose]: () => void process.off(signal, listener) }
  },
  exit: (code) => process.exit(code),
}

/** The driver's figure; drivers without one say -1 or fail with EINVAL. */
function speed(device: string): number | undefined {
  try {
    const value = Number(readFileSync(`/sys/class/net/${device}/speed`, 'utf8'))
    return value > 0 ? value : undefined
  } catch {
    return undefined
  }
}
