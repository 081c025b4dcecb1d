/** The kernel parameters of a real server. */
import type { HostDevice } from '../ports.ts'
import { deviceParameter } from '../sysctl.ts'
import { formatIpv4 } from '../wire/address.ts'
import type { RealServerConfig } from './real-server-options.ts'

/** What a kernel parameter shall be, and what else will do. */
export interface Wish {
  readonly path: string
  readonly wanted: number
  readonly suffices: (value: number, read: (path: string) => number | undefined) => boolean
  readonly why: string
}

/** ARP first, since the address follows. */
export function wishesOf(config: RealServerConfig, devices: readonly HostDevice[]): Wish[] {
  const wishes: Wish[] = []
  const text = config.vips.map(formatIpv4).join(', ')
  for (const device of ['all', config.device]) {
    wishes.push({
      path: deviceParameter(device, 'arp_ignore'),
      wanted: 1,
      // 2 is 1 and stricter, 8 is silence
      suffices: (value) => [1, 2, 8].includes(value),
      why: `this host answers ARP for ${text}, so that clients pass the directors by`,
    })
    wishes.push({
      path: deviceParameter(device, 'arp_announce'),
      wanted: 2,
      suffices: (value) => value === 2,
      why: `ARP requests from ${text} tell the segment that it is here`,
    })
  }
  for (const device of filtering(config, devices)) {
    wishes.push({
      path: deviceParameter(device, 'rp_filter'),
      wanted: 2,
      // the kernel takes the greater of all and the device
      suffices: (value, read) =>
        Math.max(value, read(deviceParameter('all', 'rp_filter')) ?? 0) !== 1,
      why: `requests that come in on ${device} from clients that are routed elsewhere are dropped`,
    })
  }
  return wishes
}

/** Devices whose reverse path filter requests meet. */
function filtering(
  { mode, device, interfaces }: RealServerConfig,
  devices: readonly HostDevice[],
): string[] {
  const usual = devices.filter(
    ({ loopback, up, addresses, kind }) =>
      !loopback && up && addresses.length > 0 && kind !== 'ipip' && kind !== 'gre',
  )
  const names = interfaces ?? usual.map(({ name }) => name)
  return [...new Set([...names, ...(mode === 'tun' ? [device] : [])])]
}
