/** Link State Update packets: the receiving procedure of RFC 2328 section 13, and the installing of 13.2. */
import { formatIpv4 } from '../wire/address.ts'
import { fletcherOk } from '../wire/checksum.ts'
import type { LsUpdateBody } from '../wire/ls-update.ts'
import { type Lsa, type LsaHeader, LsType, type RawLsa, takeLsa } from '../wire/lsa.ts'
import { MAX_AGE_S, MAX_SEQUENCE } from './constants.ts'
import { describeLsa } from './events.ts'
import { extentOf } from './extent.ts'
import { flood } from './flood.ts'
import type { Interface } from './interface.ts'
import { acknowledge } from './ls-ack.ts'
import { continueLoading, requestSatisfied } from './ls-request.ts'
import { ageOf, compareInstances, contentsDiffer, type Entry, isMaxAge, keyOf } from './lsdb.ts'
import type { Neighbor } from './neighbor.ts'
import { isOpaque, opaqueChanged } from './opaque.ts'
import { isSelfOriginated } from './originate.ts'
import type { Router } from './router.ts'
import type { Scope } from './scope.ts'
import type { Attack } from './suspicions.ts'

const RESERVED_SEQUENCE = -0x80000000

export function receiveUpdate(iface: Interface, neighbor: Neighbor, body: LsUpdateBody): void {
  const { router } = iface
  if (neighbor.state !== 'Exchange' && neighbor.state !== 'Loading' && neighbor.state !== 'Full') {
    return router.drop(iface, 'neighbor-state')
  }
  for (const raw of body.lsas) {
    if (!receiveLsa(iface, neighbor, raw)) return
  }
  if (body.failed) router.drop(iface, 'lsa-malformed')
  continueLoading(neighbor)
}

/** One LSA of an update. @returns false when the rest of the packet must not be processed. */
function receiveLsa(iface: Interface, neighbor: Neighbor, raw: RawLsa): boolean {
  const { router } = iface
  const { header } = raw
  const skip = (reason: Parameters<Router['drop']>[1]): true => {
    router.drop(iface, reason)
    return true
  }
  /** Whoever sends it once more sends the same: to go on asking would keep the adjacency from Full for ever. */
  const giveUp = (reason: Parameters<Router['drop']>[1]): true => {
    requestSatisfied(neighbor, header)
    return skip(reason)
  }
  // 13 (1)
  if (!fletcherOk(raw.raw)) return skip('lsa-checksum')
  // 13 (2), (3): a type we do not know, or that does not belong in this area
  const scope = router.scopeFor(iface, header.type)
  if (scope === undefined || !neighbor.takes(header.type)) return skip('lsa-type')
  // not in the RFC's list, but never valid: 12.1.1, 12.1.6, 12.1.4
  if (header.age > MAX_AGE_S) return giveUp('lsa-age')
  if (header.sequence === RESERVED_SEQUENCE) return giveUp('lsa-sequence')
  if (header.type === LsType.router && header.lsId !== header.advertisingRouter) {
    return giveUp('lsa-id')
  }

  const { lsdb } = scope
  const current = lsdb.find(header)
  // 13 (4)
  if (header.age >= MAX_AGE_S && current === undefined && !router.exchanging) {
    router.refused.forget(scope, header)
    neighbor.directAcks.push(header)
    router.touch(iface)
    return true
  }
  // 13 (5)
  const order =
    current === undefined
      ? 1
      : compareInstances(header, header.age, current.lsa.header, ageOf(current, router.now))
  if (order > 0) {
    const asked = neighbor.requests.has(header)
    // 13 (5a). A copy that we had asked for did not come by flooding; its successor may follow at once.
    // Nor is the end of the very instance that we hold a new one to be slowed down: it would chase the old around.
    const isFlush = header.age >= MAX_AGE_S && header.sequence === current?.lsa.header.sequence
    const isEarly =
      current?.flooded && router.now - current.installedAt < router.limits.minLsArrivalMs
    if (isEarly && !isFlush) {
      router.suspect('lsa-storm', iface, neighbor, describeLsa(header))
      return skip('lsa-min-arrival')
    }
    const isFull = current === undefined && lsdb.size >= router.limits.lsas
    if (isFull) {
      router.limitReached('lsdb', router.limits.lsas)
      router.suspect('phantom-lsas', iface, neighbor)
    }
    if (isFull || (current === undefined && router.as.overflow.refuses(raw))) {
      // asking again would not make room
      requestSatisfied(neighbor, header)
      if (header.age >= MAX_AGE_S) router.refused.forget(scope, header)
      else if (asked) router.refused.note(scope, neighbor, header)
      return skip('lsa-limit')
    }
    let lsa: Lsa
    try {
      lsa = router.intern(takeLsa(raw))
    } catch {
      return giveUp('lsa-malformed')
    }
    // 13 (5c) and (5d) before (5b): the slot of an LSA outlives its instances, and lists hold slots
    const entry = install(scope, lsa, header.age, !asked)
    // 13 (5b)
    const floodedBack = flood(scope, entry, neighbor)
    // 13 (5e)
    acknowledge(iface, neighbor, header, floodedBack ? 'flooded-back' : 'newer')
    // 13 (5f): the reconciling of originate.ts outbids or flushes it
    if (isSelfOriginated(router, header)) {
      scope.originateDirty = true
      router.suspect(attackOnOwn(header), iface, neighbor, describeLsa(header))
    }
    return true
  }
  // 13 (6)
  if (neighbor.requests.has(header)) {
    neighbor.event('BadLSReq')
    return false
  }
  // 13 (7)
  if (order === 0) {
    lookBehind(scope, neighbor, current!, raw)
    const implied = neighbor.dropRetransmission(current!)
    acknowledge(iface, neighbor, header, implied ? 'implied' : 'duplicate')
    return true
  }
  // 13 (8)
  if (current!.lsa.header.sequence === MAX_SEQUENCE && isMaxAge(current!, router.now)) return true
  if (
    current!.sentAt === undefined ||
    router.now - current!.sentAt >= router.limits.minLsArrivalMs
  ) {
    neighbor.directUpdates.add(current!)
    router.touch(iface)
  }
  return true
}

/** An LSA of ours that is newer than what we say: once, it is from an earlier life. */
function attackOnOwn({ age, sequence }: LsaHeader): Attack {
  if (age >= MAX_AGE_S) return 'own-max-age'
  return sequence === MAX_SEQUENCE ? 'max-sequence' : 'own-lsa'
}

/**
 * By 13.1 a header says it all; an LSA with the header of another and other contents (sequence number and checksum
 * guessed before the owner came to them) is taken for it, and nobody objects. We look at the contents as well, and if
 * it is ours that somebody has in disguise, the next sequence number puts it right everywhere.
 */
function lookBehind(scope: Scope, neighbor: Neighbor, current: Entry, raw: RawLsa): void {
  if (!contentsDiffer(current.lsa, raw)) return
  const { router, interface: iface } = neighbor
  if (current.ours && !isMaxAge(current, router.now)) {
    current.contested = true
    scope.originateDirty = true
  }
  const { type, lsId, advertisingRouter, sequence } = raw.header
  if (!router.isNews(iface, `disguised ${keyOf(current)}`, String(sequence))) return
  router.say({
    type: 'disguised-lsa',
    interface: iface.name,
    from: formatIpv4(neighbor.routerId),
    lsType: type,
    lsId: formatIpv4(lsId),
    advertisingRouter: formatIpv4(advertisingRouter),
    sequence,
    own: current.ours,
  })
}

/**
 * Puts an instance into the database in place of the one before (13.2): off every retransmission list (13 (5c)),
 * and the routing table is recalculated if the contents differ. `age` in seconds.
 */
export function install(scope: Scope, lsa: Lsa, age: number, flooded: boolean): Entry {
  const { router, lsdb } = scope
  const old = lsdb.find(lsa.header)
  const before = old && !isMaxAge(old, router.now) ? old.lsa : undefined
  // one that has come to MaxAge by itself is news once, when it is flooded
  const known = old && !lsdb.maxAge.has(old) ? old.lsa : undefined
  if (old && old.retransmitting > 0) {
    for (const neighbor of scope.neighbors()) neighbor.dropRetransmission(old)
  }
  const entry = lsdb.install(lsa, age, router.now, flooded)
  entry.ours = false
  if (isSelfOriginated(router, lsa.header)) lsdb.own.add(entry)
  router.aging.watch(entry)
  if (lsa.header.type === LsType.external) router.as.overflow.check()
  const after = age >= MAX_AGE_S ? undefined : lsa
  if (isOpaque(lsa.header.type)) {
    if (known === undefined || after === undefined || contentsDiffer(known, after)) {
      opaqueChanged(scope, lsa.header, known, after)
    }
  } else if (lsa.header.advertisingRouter !== router.routerId) {
    // those of our own count as they are wanted (see originate.ts)
    recalculate(scope, before, lsa, after)
    if (known !== before) recalculate(scope, known, lsa, after)
  }
  return entry
}

function recalculate(
  scope: Scope,
  before: Lsa | undefined,
  { header }: Lsa,
  after: Lsa | undefined,
): void {
  const extent = extentOf(before, after)
  if (extent) scope.recalculate(extent, header)
}
