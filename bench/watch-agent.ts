/** What runs in the namespace of the daemon under test: when its kernel's routes change. */
import { NetlinkSocket } from '../lib/linux/netlink.ts'
import {
  decodeRoute,
  RTM_DELROUTE,
  RTM_NEWROUTE,
  RTNLGRP_IPV4_ROUTE,
} from '../lib/linux/route-message.ts'
import { monotonic } from './peer.ts'

/** What changed since the last look. */
export interface Seen {
  readonly count: number
  /** Milliseconds of `monotonic`; 0: nothing. */
  readonly first: number
  readonly last: number
  /** Routes of host length that there are. */
  readonly routes: number
  readonly overrun: boolean
}

const there = new Set<number>()
let [count, first, last, overrun] = [0, 0, 0, false]
NetlinkSocket.open({
  groups: [RTNLGRP_IPV4_ROUTE],
  receiveBuffer: 0x4000000,
  notify: (messages) => {
    const now = monotonic()
    for (const message of messages) {
      const route = decodeRoute(message)
      if (route?.length !== 32 || route.table !== 254) continue
      if (message.type === RTM_NEWROUTE) there.add(route.prefix)
      else if (message.type === RTM_DELROUTE) there.delete(route.prefix)
      if (count++ === 0) first = now
      last = now
    }
  },
  overrun: () => {
    overrun = true
  },
})

process.on('message', (order: 'clear' | 'look') => {
  if (order === 'clear') [count, first, last] = [0, 0, 0]
  const seen: Seen = { count, first, last, routes: there.size, overrun }
  process.send?.(seen)
})
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
