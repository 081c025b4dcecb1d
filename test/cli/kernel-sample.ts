/** The sample on a machine whose kernel has addresses, and routes that others made. */
import { tableReader } from '../../lib/cli/kernel-table.ts'
import type { Operated } from '../../lib/cli/speaker-like.ts'
import type { KernelRouteView, KernelStatus, kernelLinks } from '../../lib/index.ts'
import { parseIpv4 } from '../../lib/wire/address.ts'
import { operated } from './sample.ts'

type Links = Awaited<ReturnType<typeof kernelLinks>>

const device = (name: string, addresses: readonly string[], more: object = {}): Links => {
  const link = {
    name,
    up: true,
    addresses: addresses.map((text) => {
      const [address, length] = text.split('/')
      return { address: parseIpv4(address!)!, prefixLength: Number(length), peer: undefined }
    }),
    ...more,
  }
  return new Map([[name, link]]) as unknown as Links
}

export const links: Links = new Map([
  ...device('lo', ['127.0.0.1/8', '10.9.9.1/32']),
  ...device('eth0', ['10.0.1.133/24', '10.0.1.140/24']),
  ...device('eth1', ['10.0.2.1/30']),
  ...device('eth2', ['10.0.3.1/24'], { up: false }),
  ...device('eth3', ['10.0.4.1/24'], { vrf: 'red' }),
])

export const via = (gateway: string | undefined, name = 'eth0', weight = 1) => ({
  interface: name,
  gateway,
  weight,
})

export const kernelRoute = (
  prefix: string,
  protocol: number,
  nextHops: KernelRouteView['nextHops'],
  more: Partial<KernelRouteView> = {},
): KernelRouteView => ({
  prefix,
  type: 'unicast',
  protocol,
  metric: 0,
  source: undefined,
  nextHops,
  ...more,
})

export const inKernel: readonly KernelRouteView[] = [
  kernelRoute('0.0.0.0/0', 16, [via('10.0.1.1')], { metric: 100, source: '10.0.1.133' }),
  kernelRoute('10.0.1.0/24', 2, [via(undefined)]),
  // ours
  kernelRoute('10.9.9.9/32', 188, [via('10.0.1.136')], { metric: 20 }),
  kernelRoute('172.17.0.0/16', 188, [via('10.0.1.136')], { metric: 20 }),
  // better than ours
  kernelRoute('172.17.0.0/16', 3, [via('10.0.1.9')], { metric: 5 }),
  kernelRoute('172.20.0.0/16', 246, [via('10.0.1.7')], { metric: 19 }),
  kernelRoute('172.21.0.0/16', 246, [via('10.0.1.7')], { metric: 219 }),
  kernelRoute('172.22.0.0/16', 4, [], { type: 'unreachable' }),
  kernelRoute('172.23.0.0/16', 186, [via('10.0.1.7', 'eth0', 2), via('10.0.1.8', 'eth0', 3)], {
    metric: 20,
  }),
]

const kernel = { table: 254, metric: 20 } as KernelStatus

/** The sample, on a kernel. */
export function onKernel(found: readonly KernelRouteView[] = inKernel): Operated {
  let clock = 0
  const readTable = tableReader({
    links: async () => links,
    routes: async () => [...found],
    now: () => (clock += 5000),
  })
  const of = operated()
  return { ...of, speaker: { ...of.speaker, kernel: () => kernel }, readTable }
}
