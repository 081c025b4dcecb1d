/** Link State Request packets: sending (RFC 2328 10.9) and receiving (10.7). */

import type { LsRequest, LsRequestBody } from '../wire/ls-request.ts'
import type { Interface } from './interface.ts'
import type { LsaId } from './lsa-map.ts'
import type { Neighbor } from './neighbor.ts'

const REQUEST_OCTETS = 12

/** The first of these that fit one packet. */
export function requestBody(iface: Interface, lsas: Iterable<LsRequest>): LsRequestBody {
  const room = Math.max(1, Math.floor(iface.bodyOctets / REQUEST_OCTETS))
  const requests: LsRequest[] = []
  for (const { type, lsId, advertisingRouter } of lsas) {
    requests.push({ type, lsId, advertisingRouter })
    if (requests.length >= room) break
  }
  return { kind: 'ls-request', requests }
}

/** Asks for the first that fit one packet. At most one packet is outstanding; the next leaves when it is answered. */
export function sendRequest(neighbor: Neighbor): void {
  const { interface: iface, router } = neighbor
  if (neighbor.requests.size === 0) return neighbor.requestTimer.cancel()
  const body = requestBody(iface, neighbor.requests)
  neighbor.requested.clear()
  for (const id of body.requests) neighbor.requested.add(neighbor.requests.find(id)!)
  router.send(iface, neighbor.address, body)
  neighbor.requestTimer.set(router.now + iface.config.retransmitInterval * 1000)
}

/** Sends the next request as soon as the outstanding one is answered in full. */
export function requestMore(neighbor: Neighbor): void {
  if (neighbor.requested.size === 0) sendRequest(neighbor)
}

/** An LSA on the request list has arrived, here or elsewhere. */
export function requestSatisfied(neighbor: Neighbor, id: LsaId): void {
  const header = neighbor.requests.delete(id)
  if (header) neighbor.requested.delete(header)
}

/** After an update: go on asking, or be done (10.9, LoadingDone). */
export function continueLoading(neighbor: Neighbor): void {
  if (neighbor.state !== 'Exchange' && neighbor.state !== 'Loading') return
  if (neighbor.requests.size > 0) return requestMore(neighbor)
  neighbor.requestTimer.cancel()
  if (neighbor.state === 'Loading') neighbor.event('LoadingDone')
}

/** 10.7 */
export function receiveRequest(iface: Interface, neighbor: Neighbor, body: LsRequestBody): void {
  const { router } = iface
  if (neighbor.state !== 'Exchange' && neighbor.state !== 'Loading' && neighbor.state !== 'Full') {
    return router.drop(iface, 'neighbor-state')
  }
  for (const { type, lsId, advertisingRouter } of body.requests) {
    const entry = router.scopeFor(iface, type)?.lsdb.get(type, lsId, advertisingRouter)
    if (entry === undefined) {
      neighbor.directUpdates.clear()
      return neighbor.event('BadLSReq')
    }
    neighbor.directUpdates.add(entry)
  }
  router.touch(iface)
}
