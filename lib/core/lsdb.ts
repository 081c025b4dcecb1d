/** The link state database: store, compare, age (RFC 2328 12.1, 12.2, 13.1, 13.2, 14). */
import { type Lsa, type LsaHeader, LsType, lsaKey, type RawLsa } from '../wire/lsa.ts'
import { MAX_AGE_DIFF_S, MAX_AGE_S } from './constants.ts'
import type { Instant } from './io.ts'
import { type LsaId, LsaMap } from './lsa-map.ts'
import { destinationKey, PrefixMap } from './prefix-index.ts'

/**
 * The slot of one LSA (type, Link State ID, advertising router) in a database. The slot stays the same object while
 * instances come and go, so lists can hold it; the instance itself is immutable and shared.
 */
export interface Entry {
  lsa: Lsa
  /** Seconds. Age is computed from these two, never ticked. */
  ageAtInstall: number
  installedAt: Instant
  /** Received by flooding: neither our own nor an answer to a request of ours (13 (5a)). */
  flooded: boolean
  /** How many neighbors still owe an acknowledgement of it. */
  retransmitting: number
  /** We originated this very instance. A self-originated LSA that is not `ours` is from an earlier life (13.4). */
  ours: boolean
  /** Somebody has other contents under the very same header: ours must be said anew (see ls-update.ts). */
  contested: boolean
  /** When it last left in an LS Update; undefined: this instance was never sent. */
  sentAt: Instant | undefined
  /** Set when the slot has left the database. */
  removed: boolean
}

/** LS age now, in seconds, at most MaxAge (12.1.1). */
export function ageOf(entry: Entry, now: Instant): number {
  const age = entry.ageAtInstall + Math.floor((now - entry.installedAt) / 1000)
  return Math.min(age, MAX_AGE_S)
}

export const isMaxAge = (entry: Entry, now: Instant): boolean => ageOf(entry, now) >= MAX_AGE_S

/** What it is called where our own LSAs are listed. */
export const keyOf = ({ lsa }: Entry): string =>
  lsaKey(lsa.header.type, lsa.header.lsId, lsa.header.advertisingRouter)

/** The header as it would leave now (for Database Description and acknowledgements). */
export const headerNow = (entry: Entry, now: Instant): LsaHeader => ({
  ...entry.lsa.header,
  age: ageOf(entry, now),
})

/**
 * Which instance is more recent (13.1): above 0, `a`; below 0, `b`; 0, they are the same instance.
 * Ages in seconds are passed beside the headers because they move on.
 */
export function compareInstances(a: LsaHeader, aAge: number, b: LsaHeader, bAge: number): number {
  if (a.sequence !== b.sequence) return a.sequence > b.sequence ? 1 : -1
  if (a.checksum !== b.checksum) return a.checksum > b.checksum ? 1 : -1
  const aMax = aAge >= MAX_AGE_S
  const bMax = bAge >= MAX_AGE_S
  if (aMax !== bMax) return aMax ? 1 : -1
  if (Math.abs(aAge - bAge) > MAX_AGE_DIFF_S) return aAge < bAge ? 1 : -1
  return 0
}

/** Whether the contents differ so that routes may (13.2): options, MaxAge, length or body. */
export function contentsDiffer(a: RawLsa, b: RawLsa): boolean {
  if (a.header.options !== b.header.options || a.raw.length !== b.raw.length) return true
  for (let i = 20; i < a.raw.length; i++) if (a.raw[i] !== b.raw[i]) return true
  return false
}

const idOf = (entry: Entry): LsaId => entry.lsa.header

export class Lsdb {
  readonly #byType = new Map<number, LsaMap<Entry>>()
  readonly #byPrefix = new Map<number, PrefixMap<Entry>>()
  /** External LSAs that name a forwarding address. */
  readonly forwarding: Set<Entry> = new Set()
  /** Entries at MaxAge that wait to be removed (14). */
  readonly maxAge: Set<Entry> = new Set()
  /** Self-originated entries (13.4). */
  readonly own: Set<Entry> = new Set()
  #size = 0

  get size(): number {
    return this.#size
  }

  get(type: number, lsId: number, advertisingRouter: number): Entry | undefined {
    return this.#byType.get(type)?.get(type, lsId, advertisingRouter)
  }

  find(id: LsaId): Entry | undefined {
    return this.#byType.get(id.type)?.find(id)
  }

  *[Symbol.iterator](): Generator<Entry> {
    for (const entries of this.#byType.values()) yield* entries
  }

  ofType(type: number): Iterable<Entry> {
    return this.#byType.get(type) ?? []
  }

  /** Summary-LSAs for networks and external LSAs, by destination (`prefixKey`). */
  ofPrefix(type: number, key: number): readonly Entry[] {
    return this.#byPrefix.get(type)?.get(key) ?? []
  }

  countOf(type: number): number {
    return this.#byType.get(type)?.size ?? 0
  }

  router(routerId: number): Entry | undefined {
    return this.get(LsType.router, routerId, routerId)
  }

  /** Puts an instance into its slot. `age` in seconds. */
  install(lsa: Lsa, age: number, now: Instant, flooded: boolean): Entry {
    const { type } = lsa.header
    let entries = this.#byType.get(type)
    if (!entries) this.#byType.set(type, (entries = new LsaMap(idOf)))
    let entry = entries.find(lsa.header)
    if (entry) {
      this.#unindex(entry)
      entry.lsa = lsa
      entry.ageAtInstall = age
      entry.installedAt = now
      entry.flooded = flooded
      entry.sentAt = undefined
      entry.contested = false
    } else {
      entry = {
        lsa,
        ageAtInstall: age,
        installedAt: now,
        flooded,
        retransmitting: 0,
        ours: false,
        sentAt: undefined,
        contested: false,
        removed: false,
      }
      entries.set(entry)
      this.#size++
    }
    this.#index(entry)
    if (age >= MAX_AGE_S) this.maxAge.add(entry)
    else this.maxAge.delete(entry)
    return entry
  }

  remove(entry: Entry): void {
    entry.removed = true
    const { header } = entry.lsa
    if (this.#byType.get(header.type)?.delete(header)) this.#size--
    this.#unindex(entry)
    this.maxAge.delete(entry)
    this.own.delete(entry)
  }

  #index(entry: Entry): void {
    const key = destinationKey(entry.lsa)
    if (key === -1) return
    const { header, body } = entry.lsa
    let ofType = this.#byPrefix.get(header.type)
    if (!ofType) this.#byPrefix.set(header.type, (ofType = new PrefixMap()))
    ofType.add(key, entry)
    if (body.kind === 'external' && body.forwardingAddress !== 0) this.forwarding.add(entry)
  }

  #unindex(entry: Entry): void {
    const key = destinationKey(entry.lsa)
    if (key === -1) return
    this.#byPrefix.get(entry.lsa.header.type)?.delete(key, entry)
    this.forwarding.delete(entry)
  }
}
