/** Which boot of the kernel this is. */
import { readFileSync } from 'node:fs'

/** The same until the kernel starts anew; undefined where it cannot be read. */
export function bootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return undefined
  }
}
