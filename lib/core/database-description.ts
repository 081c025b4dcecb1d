/** Database Description packets: sending (RFC 2328 10.8) and receiving (10.6). */
import type { DatabaseDescriptionBody } from '../wire/database-description.ts'
import type { LsaHeader } from '../wire/lsa.ts'
import { Option } from '../wire/options.ts'
import { EXSTART_GAP_MS, LSA_HEADER_OCTETS } from './constants.ts'
import type { Interface } from './interface.ts'
import { requestMore } from './ls-request.ts'
import { ageOf, compareInstances, headerNow } from './lsdb.ts'
import type { Neighbor } from './neighbor.ts'
import { isOpaque } from './opaque.ts'

const DD_FIXED_OCTETS = 8

const flagsOf = ({ flags }: DatabaseDescriptionBody): number =>
  (flags.init ? 4 : 0) | (flags.more ? 2 : 0) | (flags.master ? 1 : 0)

/** 10.8. In ExStart an empty packet with I, M and MS; in Exchange the next piece of the Database summary list. */
export function sendDatabaseDescription(neighbor: Neighbor): void {
  const { interface: iface, router } = neighbor
  const init = neighbor.state === 'ExStart'
  const headers: LsaHeader[] = []
  if (!init) {
    const room = Math.max(1, Math.floor((iface.bodyOctets - DD_FIXED_OCTETS) / LSA_HEADER_OCTETS))
    const { summaryList } = neighbor
    while (headers.length < room && neighbor.summaryNext < summaryList.length) {
      const entry = summaryList[neighbor.summaryNext++]!
      if (!entry.removed) headers.push(headerNow(entry, router.now))
    }
  }
  const more = init || neighbor.summaryNext < neighbor.summaryList.length
  const bytes = router.encode(iface, {
    kind: 'database-description',
    // 10.8: 0 over virtual links
    mtu: iface.isVirtual ? 0 : iface.link.mtu,
    // RFC 5250: the O-bit is in these packets alone
    options: iface.area.options | Option.o,
    flags: { init, more, master: neighbor.isMaster },
    sequence: neighbor.ddSequence,
    headers,
  })
  neighbor.ddSent = { bytes, more, at: router.now }
  router.transmit(iface, neighbor.address, bytes)
  // the slave never repeats of its own accord
  if (neighbor.isMaster) {
    neighbor.ddTimer.set(router.now + iface.config.retransmitInterval * 1000)
  } else {
    neighbor.ddTimer.cancel()
  }
}

export function receiveDatabaseDescription(
  iface: Interface,
  neighbor: Neighbor,
  dd: DatabaseDescriptionBody,
): void {
  const { router } = iface
  // an MTU larger than ours could not be received; a smaller one is told too, as the neighbor may refuse ours
  if (dd.mtu === iface.link.mtu || iface.config.mtuIgnore || iface.isVirtual) {
    router.agree(iface, neighbor.address, 'MTU')
  } else if (dd.mtu !== 0) {
    router.mismatch(
      iface,
      neighbor.address,
      neighbor.routerId,
      'MTU',
      String(iface.link.mtu),
      String(dd.mtu),
    )
    if (dd.mtu > iface.link.mtu) return router.drop(iface, 'mtu-mismatch')
  }
  if (neighbor.state === 'Init') neighbor.event('2-WayReceived')

  // a neighbor may begin before we know that it is to be adjacent (an election that ends a moment later)
  if (neighbor.state === '2-Way' && dd.flags.init) neighbor.ddEarly = { dd, at: router.now }

  const last = neighbor.ddReceived
  const received = { flags: flagsOf(dd), options: dd.options, sequence: dd.sequence }
  const isDuplicate =
    last !== undefined &&
    last.flags === received.flags &&
    last.options === received.options &&
    last.sequence === received.sequence

  switch (neighbor.state) {
    case 'Down':
    case 'Attempt':
    case 'Init':
    case '2-Way':
      return router.drop(iface, 'neighbor-state')

    case 'ExStart': {
      const { init, more, master } = dd.flags
      if (
        init &&
        more &&
        master &&
        dd.headers.length === 0 &&
        neighbor.routerId > router.routerId
      ) {
        neighbor.isMaster = false
        neighbor.ddSequence = dd.sequence
      } else if (
        !init &&
        !master &&
        dd.sequence === neighbor.ddSequence &&
        neighbor.routerId < router.routerId
      ) {
        neighbor.isMaster = true
      } else {
        // a slave-to-be that begins anew did not get our first packet: it need not wait for our timer
        if (init && neighbor.ddSent && router.now - neighbor.ddSent.at >= EXSTART_GAP_MS) {
          sendDatabaseDescription(neighbor)
        }
        return router.drop(iface, 'neighbor-state')
      }
      neighbor.options = dd.options
      neighbor.passesOnOpaque((dd.options & Option.o) !== 0)
      neighbor.ddReceived = received
      neighbor.event('NegotiationDone')
      return accept(iface, neighbor, dd)
    }

    case 'Exchange':
      if (isDuplicate) return repeat(neighbor)
      if (
        dd.flags.master === neighbor.isMaster ||
        dd.flags.init ||
        dd.options !== last?.options ||
        dd.sequence !== (neighbor.isMaster ? neighbor.ddSequence : (neighbor.ddSequence + 1) >>> 0)
      ) {
        return neighbor.event('SeqNumberMismatch')
      }
      neighbor.ddReceived = received
      return accept(iface, neighbor, dd)

    case 'Loading':
    case 'Full':
      // only duplicates are expected here
      if (isDuplicate) return repeat(neighbor)
      return neighbor.event('SeqNumberMismatch')
  }
}

/** A duplicate: the master drops it, the slave repeats its answer for RouterDeadInterval (10.8). */
function repeat(neighbor: Neighbor): void {
  const { interface: iface, router, ddSent } = neighbor
  if (neighbor.isMaster) return
  // RFC: RouterDeadInterval; where that is short, long enough for the master to have repeated its packet
  const { deadInterval, retransmitInterval } = iface.config
  const keptFor = Math.max(deadInterval, 2 * retransmitInterval) * 1000
  if (!ddSent || (neighbor.state !== 'Exchange' && router.now - ddSent.at > keptFor)) {
    return neighbor.event('SeqNumberMismatch')
  }
  router.transmit(iface, neighbor.address, ddSent.bytes)
}

/** The packet is the next in sequence: look at what it describes, and answer. */
function accept(iface: Interface, neighbor: Neighbor, dd: DatabaseDescriptionBody): void {
  const { router } = iface
  for (const header of dd.headers) {
    const scope = router.scopeFor(iface, header.type)
    if (scope === undefined || !neighbor.takes(header.type)) {
      // opaque LSAs that are not for here, or from somebody who does not know them: not asking is enough
      if (isOpaque(header.type)) continue
      return neighbor.event('SeqNumberMismatch')
    }
    const entry = scope.lsdb.find(header)
    if (
      entry === undefined ||
      compareInstances(header, header.age, entry.lsa.header, ageOf(entry, router.now)) > 0
    ) {
      const { lsas } = router.limits
      if (neighbor.requests.size >= lsas) {
        router.limitReached('lsdb', lsas)
        router.drop(iface, 'lsa-limit')
        router.refused.note(scope, neighbor, header)
        continue
      }
      neighbor.requests.set(header)
    }
  }

  if (neighbor.isMaster) {
    neighbor.ddSequence = (neighbor.ddSequence + 1) >>> 0
    // nothing was sent yet in Exchange when the slave's first answer has just ended the negotiation
    const allSent = neighbor.ddSent !== undefined && !neighbor.ddSent.more
    if (allSent && !dd.flags.more) {
      neighbor.ddTimer.cancel()
      finish(neighbor)
    } else {
      sendDatabaseDescription(neighbor)
    }
  } else {
    neighbor.ddSequence = dd.sequence
    sendDatabaseDescription(neighbor)
    if (!dd.flags.more && !neighbor.ddSent!.more) finish(neighbor)
  }
  if (neighbor.state === 'Exchange' || neighbor.state === 'Loading') requestMore(neighbor)
}

function finish(neighbor: Neighbor): void {
  neighbor.event('ExchangeDone')
}
