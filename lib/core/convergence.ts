/**
 * When a router that has started knows all routes that it will find, so that what is left of its last life and not
 * among them has no more use. Too late costs little, and whoever asks has a bound of his own; too early would remove
 * good routes. So:
 * - Every interface has listened for RouterDeadInterval since it was configured, came up, or lost a neighbor, who may be
 *   back: whoever lives says Hello in that time (9.1, Wait Timer). One that is not up yet is waited for as long.
 * - Elections are over, and nobody is on the way to 2-Way, or to Full where that is to be (10.4).
 * - Everybody is in the tree. To be Full is not enough: the way is there when both ends have said so (16.1 (2b)), and
 *   with MinLSInterval the other end may do so 5 s later. What is behind a router comes with it.
 * - The database had room for all.
 * - What has changed by then is calculated: ask `Routing.isPending`.
 *
 * PollInterval is not waited for. It need not be: who greets is answered (9.5.1). But on an NBMA network where we may not
 * become Designated Router we greet nobody before we are greeted, and then the bound counts.
 */
import { UNREACHABLE } from './dijkstra.ts'
import type { Interface } from './interface.ts'
import type { Instant } from './io.ts'
import type { Neighbor } from './neighbor.ts'
import type { Router } from './router.ts'

const NOT_YET: Instant = Number.POSITIVE_INFINITY

/** The instant, perhaps past, from which on all of that holds if nothing happens until then; infinity: something must. */
export function convergesAt({ interfaces, refused, leaving, closed }: Router): Instant {
  if (leaving || closed || refused.size > 0) return NOT_YET
  let at: Instant = Number.NEGATIVE_INFINITY
  for (const iface of interfaces.values()) {
    const { config, state } = iface
    if (config.passive || state === 'Loopback') continue
    at = Math.max(at, iface.listeningSince + config.deadInterval * 1000)
    if (state !== 'Down' && isForming(iface)) return NOT_YET
  }
  return at
}

function isForming(iface: Interface): boolean {
  if (iface.state === 'Waiting') return true
  for (const neighbor of iface.neighbors.values()) {
    const { state } = neighbor
    // not heard of, or no more
    if (state === 'Down' || state === 'Attempt') continue
    if (state !== 'Full' && (state !== '2-Way' || neighbor.shouldBeAdjacent())) return true
    if (!isInTree(neighbor)) return true
  }
  return iface.config.network === 'nbma' && iface.designatedRouter === 0
}

function isInTree({ routerId, interface: { area } }: Neighbor): boolean {
  const vertex = area.tree?.routers.get(routerId)
  return vertex !== undefined && area.tree!.distance[vertex] !== UNREACHABLE
}
