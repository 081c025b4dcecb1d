/** Flooding (RFC 2328 13.3) and retransmission (13.6). */
import type { AgedLsa } from '../wire/ls-update.ts'
import {
  ALL_D_ROUTERS,
  ALL_SPF_ROUTERS,
  MAX_AGE_S,
  RETRANSMIT_BURST_PACKETS,
  RETRANSMIT_WINDOW_MS,
} from './constants.ts'
import type { Interface } from './interface.ts'
import { continueLoading, requestSatisfied } from './ls-request.ts'
import { ageOf, compareInstances, type Entry } from './lsdb.ts'
import type { Neighbor } from './neighbor.ts'
import { atLeast } from './neighbor-fsm.ts'
import { isOpaque } from './opaque.ts'
import type { Scope } from './scope.ts'

const COUNT_OCTETS = 4

/**
 * Queues an LSA on every eligible interface of its scope.
 * @param from the neighbor that it was received from; undefined: our own, or one that reached MaxAge here.
 * @returns whether it goes back out of the interface that it was received on (13.5 asks).
 */
export function flood(scope: Scope, entry: Entry, from: Neighbor | undefined): boolean {
  const { header } = entry.lsa
  let back = false
  for (const iface of scope.floodedOn()) {
    // (1)
    let owed = false
    // a packet that is sent to each neighbor can leave those out that would not take it
    const isAddressed = iface.isUnicast && isOpaque(header.type)
    for (const neighbor of iface.neighbors.values()) {
      // (1a)
      const { state } = neighbor
      if (state !== 'Exchange' && state !== 'Loading' && state !== 'Full') continue
      // RFC 5250 4.1
      if (!neighbor.takes(header.type)) continue
      // (1b)
      if (state !== 'Full') {
        const request = neighbor.requests.find(header)
        if (request) {
          const order = compareInstances(
            header,
            ageOf(entry, iface.router.now),
            request,
            request.age,
          )
          if (order < 0) continue
          requestSatisfied(neighbor, header)
          if (neighbor !== from) iface.router.defer(() => continueLoading(neighbor))
          if (order === 0) continue
        }
      }
      // (1c)
      if (neighbor === from) continue
      // (1d)
      neighbor.addRetransmission(entry)
      owed = true
      if (isAddressed) neighbor.directUpdates.add(entry)
    }
    // (2)
    if (!owed) continue
    if (from?.interface === iface) {
      // (3)
      if (
        iface.electsDr() &&
        (from.address === iface.designatedRouter || from.address === iface.backupDesignatedRouter)
      ) {
        continue
      }
      // (4)
      if (iface.state === 'Backup') continue
      // what is addressed does not come back to its sender
      if (!isAddressed) {
        back = true
        iface.echoes.add(entry)
      }
    }
    // (5)
    if (!isAddressed) iface.floodQueue.add(entry)
    iface.router.touch(iface)
  }
  return back
}

/** Where flooded updates and delayed acknowledgements go (13.3 (5), 13.5). */
export function floodDestinations(iface: Interface): number[] {
  if (!iface.isUnicast) {
    return [!iface.electsDr() || iface.isElected ? ALL_SPF_ROUTERS : ALL_D_ROUTERS]
  }
  const adjacent = [...iface.neighbors.values()].filter((n) => atLeast(n.state, 'Exchange'))
  return adjacent.map((neighbor) => neighbor.address)
}

/** Sends what is queued on an interface and for its neighbors. */
export function flushUpdates(iface: Interface): void {
  if (iface.floodQueue.size > 0) {
    const destinations = floodDestinations(iface)
    const entries = iface.pace.take(iface.floodQueue, destinations.length)
    for (const destination of destinations) sendUpdates(iface, destination, entries)
  }
  for (const neighbor of iface.neighbors.values()) {
    if (neighbor.directUpdates.size === 0) continue
    sendUpdates(iface, neighbor.address, neighbor.directUpdates)
    neighbor.directUpdates.clear()
  }
}

/** As many LS Update packets as it takes; an LSA that is larger than the MTU travels alone, in fragments. */
function sendUpdates(iface: Interface, destination: number, entries: Iterable<Entry>): void {
  const { router } = iface
  let lsas: AgedLsa[] = []
  let octets = COUNT_OCTETS
  const send = (): void => {
    if (lsas.length > 0) router.send(iface, destination, { kind: 'ls-update', lsas })
    lsas = []
    octets = COUNT_OCTETS
  }
  for (const entry of entries) {
    const { header, raw } = entry.lsa
    if (octets + raw.length > iface.bodyOctets) send()
    // A.4.1: InfTransDelay is added on the way out, in the age field alone
    const age = Math.min(MAX_AGE_S, ageOf(entry, router.now) + iface.config.transmitDelay)
    lsas.push({ header, raw, age })
    octets += raw.length
    entry.sentAt = router.now
  }
  send()
}

/** 13.6: what was not acknowledged for RxmtInterval goes to the neighbor directly. */
export function retransmit(neighbor: Neighbor): void {
  const { interface: iface, router, retransmissions } = neighbor
  const interval = iface.config.retransmitInterval * 1000
  const due: Entry[] = []
  const waiting: Entry[] = []
  let octets = RETRANSMIT_BURST_PACKETS * Math.max(iface.bodyOctets, 1)
  for (const entry of retransmissions.due(router.now + RETRANSMIT_WINDOW_MS, interval)) {
    if (octets <= 0) break
    // what waits for its pace has not been sent at all
    if (iface.floodQueue.has(entry)) {
      waiting.push(entry)
      continue
    }
    due.push(entry)
    octets -= entry.lsa.raw.length
  }
  for (const entry of waiting) retransmissions.add(entry, router.now)
  for (const entry of due) retransmissions.again(entry, router.now)
  sendUpdates(iface, neighbor.address, due)
  router.counters.retransmissions += due.length
  const next = retransmissions.nextAt(interval)
  if (next !== undefined) {
    neighbor.retransmitTimer.set(Math.max(next, router.now + RETRANSMIT_WINDOW_MS))
  }
}
