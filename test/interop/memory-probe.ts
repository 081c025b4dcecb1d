/**
 * Imported before a program (`node --expose-gc --import memory-probe.js ...`): at SIGUSR2 it collects garbage and prints
 * on standard error what is left, as `memory N {...}`, counted from 1.
 */
import { readdirSync } from 'node:fs'

/** Octets; but for the last. */
export interface Memory {
  /** The JavaScript heap, without garbage. */
  readonly heapUsed: number
  /** What is outside of the heap and belongs to objects in it. */
  readonly external: number
  /** Resident, with all that the allocators keep for the next peak. */
  readonly rss: number
  /** Open file descriptors. */
  readonly descriptors: number
}

let count = 0

process.on('SIGUSR2', () => {
  // what the first has finalizers for, the second takes
  for (let i = 0; i < 2; i++) globalThis.gc?.()
  const { heapUsed, external, rss } = process.memoryUsage()
  const descriptors = readdirSync('/proc/self/fd').length
  const memory: Memory = { heapUsed, external, rss, descriptors }
  process.stderr.write(`memory ${++count} ${JSON.stringify(memory)}\n`)
})
