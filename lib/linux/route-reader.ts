/** Reading the kernel's routes. */
import { OspfError } from '../errors.ts'
import { NetlinkSocket } from './netlink.ts'
import type { NetlinkMessage } from './netlink-message.ts'
import { encodeNextHopQuery, RTM_DELNEXTHOP } from './nexthop-message.ts'
import { keyOf } from './route-entry.ts'
import {
  decodeRoute,
  decodeSeenRoute,
  encodeRouteQuery,
  type ReadRoute,
  RTM_GETROUTE,
  type SeenRoute,
} from './route-message.ts'

/** Whether a route is in a table, with a metric, and with no TOS. */
export const isInPlace = (
  route: ReadRoute,
  { table, metric }: { readonly table: number; readonly metric: number },
): boolean => route.table === table && route.metric === metric && route.tos === 0

/** What the kernel says of the routes of a table, or with table 0 of all; protocol 0 is any. */
export async function dumpRoutes(
  requests: NetlinkSocket,
  table: number,
  protocol = 0,
): Promise<readonly NetlinkMessage[]> {
  try {
    return await requests.dump({
      what: `read table ${table}`,
      type: RTM_GETROUTE,
      payload: encodeRouteQuery(table, protocol),
    })
  } catch (error) {
    // A table without routes does not exist.
    if (error instanceof OspfError && error.errno === 'ENOENT') return []
    throw error
  }
}

/** Routes of a table, or with table 0 of all; protocol 0 is any. Rejects with what the kernel says. */
export async function readRoutes(
  requests: NetlinkSocket,
  table: number,
  protocol: number,
): Promise<ReadRoute[]> {
  const messages = await dumpRoutes(requests, table, protocol)
  const routes = messages.flatMap((message) => decodeRoute(message) ?? [])
  // Kernels that do not know how to filter send everything.
  return protocol === 0 ? routes : routes.filter((route) => route.protocol === protocol)
}

/** Messages that are decoded at once; others have a turn between. */
const SLICE = 2000

/** The routes of a table, whoever made them, for those who only look. Rejects with what the kernel says. */
export async function readTable(table: number): Promise<SeenRoute[]> {
  using requests = NetlinkSocket.open()
  const messages = await dumpRoutes(requests, table)
  const routes: SeenRoute[] = []
  for (let at = 0; at < messages.length; at += SLICE) {
    if (at > 0) await new Promise((resolve) => setImmediate(resolve))
    for (const message of messages.slice(at, at + SLICE)) {
      const route = decodeSeenRoute(message)
      if (route?.table === table) routes.push(route)
    }
  }
  return routes
}

/** Asks for something that is refused in any case, and differently to those who may not write routes. */
export async function refusalToWrite(requests: NetlinkSocket): Promise<OspfError | undefined> {
  const request = { what: 'install routes', type: RTM_DELNEXTHOP, payload: encodeNextHopQuery() }
  const [error] = await requests.batch([request])
  return error?.code === 'ERR_OSPF_PERMISSION' ? error : undefined
}

/** Those of each prefix, in their order, by `keyOf`. */
export function byPrefix(routes: readonly ReadRoute[]): Map<number, ReadRoute[]> {
  const found = new Map<number, ReadRoute[]>()
  for (const route of routes) {
    const key = keyOf(route.prefix, route.length)
    const there = found.get(key)
    if (there === undefined) found.set(key, [route])
    else there.push(route)
  }
  return found
}
