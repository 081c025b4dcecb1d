/** What zebra would tell of a device: from sysfs, so that no native code is needed. */
import { readFileSync } from 'node:fs'

export interface Device {
  readonly index: number
  /** Octets. */
  readonly mtu: number
  /** Mbit/s; 0: not known. */
  readonly bandwidth: number
  /** In FRR's order and words: ['UP', 'BROADCAST', 'RUNNING', 'MULTICAST']. */
  readonly flags: readonly string[]
}

/** By name; undefined: there is none. */
export type Devices = (name: string) => Device | undefined

/** IFF_* by bit, in the order that FRR says them. */
const FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [0x1, 'UP'],
  [0x8, 'LOOPBACK'],
  [0x2, 'BROADCAST'],
  [0x10, 'POINTOPOINT'],
  [0x80, 'NOARP'],
  [0x40, 'RUNNING'],
  [0x1000, 'MULTICAST'],
]
const IFF_UP = 0x1
const IFF_RUNNING = 0x40

export const systemDevices: Devices = (name) => {
  const path = `/sys/class/net/${name}`
  const read = (file: string): string => readFileSync(`${path}/${file}`, 'utf8').trim()
  try {
    const carrier = read('operstate')
    const raw = Number(read('flags'))
    // what sysfs says of RUNNING is not what the kernel tells over netlink
    const isRunning = (raw & IFF_UP) !== 0 && (carrier === 'up' || carrier === 'unknown')
    const flags = isRunning ? raw | IFF_RUNNING : raw & ~IFF_RUNNING
    return {
      index: Number(read('ifindex')),
      mtu: Number(read('mtu')),
      bandwidth: speedOf(read),
      flags: FLAGS.filter(([bit]) => (flags & bit) !== 0).map(([, word]) => word),
    }
  } catch {
    return undefined
  }
}

function speedOf(read: (file: string) => string): number {
  try {
    return Math.max(0, Number(read('speed')))
  } catch {
    // EINVAL of drivers that have no speed
    return 0
  }
}
