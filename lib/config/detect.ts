/** What a classic set-up script finds out by itself: the interface of the default route, and its address. */
import type { Link } from '../ports.ts'
import { formatIpv4 } from '../wire/address.ts'

export interface Detected {
  readonly device: string
  /** Its first address, as text. */
  readonly address: string
}

/**
 * @param routes /proc/net/route
 * @returns a sentence when there is no answer
 */
export function detect(routes: string, links: ReadonlyMap<string, Link>): Detected | string {
  const defaults = routes
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, destination, , flags = '0', , , , mask]) => {
      const isUp = (Number.parseInt(flags, 16) & 1) !== 0
      return destination === '00000000' && mask === '00000000' && isUp
    })
    .map(([device = '', , , , , , metric = '0']) => ({ device, metric: Number(metric) }))
    .toSorted((a, b) => a.metric - b.metric)
  const [best] = defaults
  if (best === undefined) return 'there is no default route to tell the interface by'
  const rival = defaults.find(
    ({ device, metric }) => metric === best.metric && device !== best.device,
  )
  if (rival !== undefined) {
    const both = `${best.device} and ${rival.device} both have a default route of metric ${best.metric}`
    return `${both}: give one of them a higher metric, or name the interface in a file`
  }
  const address = links.get(best.device)?.addresses.find(({ prefixLength }) => prefixLength < 32)
  if (address === undefined) return `${best.device}, which has the default route, has no address`
  return { device: best.device, address: formatIpv4(address.address) }
}

/** What such a script writes: hello 1, dead 4, priority 0 and cost 1 on that interface, and VIPs on lo. */
export function autoConfig({ device, address }: Detected, vips: readonly string[]): object {
  return {
    routerId: address,
    areas: {
      '0.0.0.0': {
        interfaces: { [device]: { helloInterval: 1, deadInterval: 4, priority: 0, cost: 1 } },
      },
    },
    ...(vips.length === 0
      ? {}
      : { vips: Object.fromEntries(vips.map((vip) => [vip, { device: 'lo' }])) }),
  }
}
