/** Reading the kernel's routes, and putting next hops in its terms. */
import type { NextHop } from '../core/io.ts'
import { OspfError } from '../errors.ts'
import type { Link } from '../ports.ts'
import type { NetlinkSocket } from './netlink.ts'
import { type HopSet, hopSet } from './nexthops.ts'
import {
  decodeRoute,
  encodeRouteQuery,
  type Hop,
  type ReadRoute,
  RTM_GETROUTE,
} from './route-message.ts'

/** Whether a route is in a table, with a metric, and with no TOS. */
export const isInPlace = (
  route: ReadRoute,
  { table, metric }: { readonly table: number; readonly metric: number },
): boolean => route.table === table && route.metric === metric && route.tos === 0

/** Routes of a table, or with table 0 of all; protocol 0 is any. Rejects with what the kernel says. */
export async function readRoutes(
  requests: NetlinkSocket,
  table: number,
  protocol: number,
): Promise<ReadRoute[]> {
  try {
    const messages = await requests.dump({
      what: `read table ${table}`,
      type: RTM_GETROUTE,
      payload: encodeRouteQuery(table, protocol),
    })
    const routes = messages.flatMap((message) => decodeRoute(message) ?? [])
    // Kernels that do not know how to filter send everything.
    return protocol === 0 ? routes : routes.filter((route) => route.protocol === protocol)
  } catch (error) {
    // A table without routes does not exist.
    if (error instanceof OspfError && error.errno === 'ENOENT') return []
    throw error
  }
}

/** The greatest weight of a next hop; in a resilient group, from Linux 6.12 on. */
const [WEIGHT_MAX, WIDE_WEIGHT_MAX] = [256, 0xffff]

/** Devices by index, each way once. An error when a device is unknown. */
export function resolveHops(
  wanted: readonly NextHop[],
  links: ReadonlyMap<string, Link>,
): HopSet | OspfError {
  const most = wanted.some(({ draining }) => draining) ? WIDE_WEIGHT_MAX : WEIGHT_MAX
  const hops: Hop[] = []
  for (const { interface: name, gateway, onLink, weight = 1 } of wanted) {
    const link = links.get(name)
    if (link === undefined) {
      return new OspfError('ERR_OSPF_NO_INTERFACE', `no such device: ${name}`)
    }
    const { index } = link
    if (hops.some((h) => h.index === index && h.gateway === gateway)) continue
    const share = Math.min(Math.max(Math.round(weight), 1), most)
    const weighted = share === 1 ? {} : { weight: share }
    hops.push({ index, gateway: gateway!, ...(onLink ? { onLink } : {}), ...weighted })
  }
  return hopSet(hops)
}

/**
 * Next hops for a resilient group: one that drains has weight 1 beside others of `share`, so that no bucket becomes its, and
 * those that it has stay until they are idle. A group of another kind would send its flows elsewhere at once.
 */
export function drained(hops: readonly NextHop[], share = 255): readonly NextHop[] {
  if (!hops.some(({ draining }) => draining)) return hops
  const busy = hops.filter(({ draining }) => !draining).map(({ weight = 1 }) => weight)
  const factor = Math.max(1, Math.floor(share / Math.max(...busy)))
  return hops.map((hop) => ({ ...hop, weight: hop.draining ? 1 : (hop.weight ?? 1) * factor }))
}
