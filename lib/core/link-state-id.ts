/** Link State IDs of network destinations (RFC 2328 appendix E): prefixes that share an address need one each. */
import { lengthOfMask, maskOf } from '../wire/address.ts'
import { prefixKey } from './area.ts'
import type { Wanted } from './originate.ts'

export interface Destination {
  readonly prefix: number
  readonly length: number
}

/** Host bits that are tried, from all ones down, before a destination is given up. */
const TRIES = 64

/**
 * The address is the Link State ID where that is possible; of several prefixes with one address the shortest gets it,
 * the others set their host bits. Who has an ID keeps it when another goes away: appendix E moves an LSA only to make
 * room. A host route, which has no bits to set, comes before all.
 * @param before what was said so far
 * @returns IDs by prefix key; a destination without one cannot be advertised
 */
export function assignLinkStateIds(
  type: number,
  before: ReadonlyMap<string, Wanted>,
  destinations: Iterable<Destination>,
): Map<number, number> {
  const byAddress = new Map<number, Destination[]>()
  for (const destination of destinations) {
    const same = byAddress.get(destination.prefix)
    if (same) same.push(destination)
    else byAddress.set(destination.prefix, [destination])
  }
  const ids = new Map<number, number>()
  const others: Destination[] = []
  const moved = movedIds(type, before)
  for (const [address, same] of byAddress) {
    const owner = ownerOf(same, moved)
    for (const each of same) {
      if (each === owner) ids.set(keyOf(each), address)
      else others.push(each)
    }
  }
  if (others.length === 0) return ids

  const taken = new Set(ids.values())
  const isFree = (id: number | undefined): id is number =>
    id !== undefined && !taken.has(id) && !byAddress.has(id)
  const take = (destination: Destination, id: number): void => {
    taken.add(id)
    ids.set(keyOf(destination), id)
  }
  const homeless: Destination[] = []
  for (const each of others) {
    const id = moved.get(keyOf(each))
    if (isFree(id)) take(each, id)
    else homeless.push(each)
  }
  homeless.sort((a, b) => a.length - b.length)
  for (const each of homeless) {
    const broadcast = (each.prefix | ~maskOf(each.length)) >>> 0
    for (let id = broadcast; id > each.prefix && broadcast - id < TRIES; id--) {
      if (!isFree(id)) continue
      take(each, id)
      break
    }
  }
  return ids
}

const keyOf = ({ prefix, length }: Destination): number => prefixKey(prefix, length)

/** Who gets the address itself; undefined: nobody asks for it, as all have other IDs already. */
function ownerOf(
  same: readonly Destination[],
  moved: ReadonlyMap<number, number>,
): Destination | undefined {
  let owner: Destination | undefined
  for (const each of same) {
    if (each.length === 32) return each
    if (moved.has(keyOf(each))) continue
    if (owner === undefined || each.length < owner.length) owner = each
  }
  return owner
}

/** IDs with host bits that are in use, by prefix key. */
function movedIds(type: number, before: ReadonlyMap<string, Wanted>): Map<number, number> {
  const moved = new Map<number, number>()
  for (const { type: other, lsId, body } of before.values()) {
    if (other !== type || !('mask' in body)) continue
    const prefix = (lsId & body.mask) >>> 0
    const length = lengthOfMask(body.mask)
    if (prefix !== lsId && length !== undefined) moved.set(prefixKey(prefix, length), lsId)
  }
  return moved
}
