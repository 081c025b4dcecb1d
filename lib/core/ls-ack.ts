/** Link State Acknowledgment packets: when and how they are sent (RFC 2328 13.5), and received (13.7). */
import type { LsAckBody } from '../wire/ls-ack.ts'
import type { LsaHeader } from '../wire/lsa.ts'
import { DELAYED_ACK_MS, LSA_HEADER_OCTETS } from './constants.ts'
import { floodDestinations } from './flood.ts'
import type { Interface } from './interface.ts'
import { ageOf, compareInstances } from './lsdb.ts'
import type { Neighbor } from './neighbor.ts'

/** The circumstances of table 19. */
export type Circumstance = 'flooded-back' | 'newer' | 'implied' | 'duplicate'

/** Table 19, row by row; the column is our interface state. */
export function acknowledge(
  iface: Interface,
  neighbor: Neighbor,
  header: LsaHeader,
  circumstance: Circumstance,
): void {
  const fromDr = iface.electsDr() && neighbor.address === iface.designatedRouter
  switch (circumstance) {
    case 'flooded-back':
      return
    case 'newer':
      if (iface.state !== 'Backup' || fromDr) delay(iface, header)
      return
    case 'implied':
      if (iface.state === 'Backup' && fromDr) delay(iface, header)
      return
    case 'duplicate':
      neighbor.directAcks.push(header)
      iface.router.touch(iface)
  }
}

const headersPerPacket = (iface: Interface): number =>
  Math.max(1, Math.floor(iface.bodyOctets / LSA_HEADER_OCTETS))

function delay(iface: Interface, header: LsaHeader): void {
  iface.delayedAcks.push(header)
  if (iface.delayedAcks.length >= headersPerPacket(iface)) sendDelayedAcks(iface)
  else if (!iface.ackTimer.armed) iface.ackTimer.set(iface.router.now + DELAYED_ACK_MS)
}

export function sendDelayedAcks(iface: Interface): void {
  iface.ackTimer.cancel()
  const headers = iface.delayedAcks.splice(0)
  for (const destination of floodDestinations(iface)) send(iface, destination, headers)
}

/** Sends the direct acknowledgements of one input together. */
export function flushDirectAcks(iface: Interface): void {
  for (const neighbor of iface.neighbors.values()) {
    send(iface, neighbor.address, neighbor.directAcks)
    neighbor.directAcks.length = 0
  }
}

function send(iface: Interface, destination: number, headers: readonly LsaHeader[]): void {
  const room = headersPerPacket(iface)
  for (let i = 0; i < headers.length; i += room) {
    iface.router.send(iface, destination, {
      kind: 'ls-ack',
      headers: headers.slice(i, i + room),
    })
  }
}

/** 13.7 */
export function receiveAck(iface: Interface, neighbor: Neighbor, body: LsAckBody): void {
  const { router } = iface
  if (neighbor.state !== 'Exchange' && neighbor.state !== 'Loading' && neighbor.state !== 'Full') {
    return router.drop(iface, 'neighbor-state')
  }
  for (const header of body.headers) {
    const entry = router.scopeFor(iface, header.type)?.lsdb.find(header)
    if (entry === undefined || !neighbor.retransmissions.has(entry)) continue
    const age = ageOf(entry, router.now)
    if (compareInstances(header, header.age, entry.lsa.header, age) === 0) {
      neighbor.dropRetransmission(entry)
    }
  }
}
