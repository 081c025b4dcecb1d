/** The link state database: store, compare, age (RFC 2328 12.1, 12.2, 13.1, 13.2, 14). */
import { type Lsa, type LsaHeader, LsType, lsaKey, type RawLsa } from '../wire/lsa.ts'
import { MAX_AGE_DIFF_S, MAX_AGE_S } from './constants.ts'
import type { Instant } from './io.ts'
import { destinationKey, PrefixMap } from './prefix-index.ts'

/**
 * The slot of one LSA (type, Link State ID, advertising router) in a database. The slot stays the same object while
 * instances come and go, so lists can hold it; the instance itself is immutable and shared.
 */
export interface Entry {
  readonly key: string
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

export class Lsdb {
  readonly #entries = new Map<string, Entry>()
  readonly #byType = new Map<number, Set<Entry>>()
  readonly #byPrefix = new Map<number, PrefixMap<Entry>>()
  /** External LSAs that name a forwarding address. */
  readonly forwarding: Set<Entry> = new Set()
  /** Entries at MaxAge that wait to be removed (14). */
  readonly maxAge: Set<Entry> = new Set()
  /** Self-originated entries (13.4). */
  readonly own: Set<Entry> = new Set()
  readonly #internKey: (key: string) => string

  /** @param internKey gives back the first of equal keys, where databases are many. */
  constructor(internKey: (key: string) => string = (key) => key) {
    this.#internKey = internKey
  }

  get size(): number {
    return this.#entries.size
  }

  get(type: number, lsId: number, advertisingRouter: number): Entry | undefined {
    return this.#entries.get(lsaKey(type, lsId, advertisingRouter))
  }

  find(header: LsaHeader): Entry | undefined {
    return this.get(header.type, header.lsId, header.advertisingRouter)
  }

  [Symbol.iterator](): IterableIterator<Entry> {
    return this.#entries.values()
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
    const { type, lsId, advertisingRouter } = lsa.header
    const key = lsaKey(type, lsId, advertisingRouter)
    let entry = this.#entries.get(key)
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
        key: this.#internKey(key),
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
      this.#entries.set(entry.key, entry)
      let sameType = this.#byType.get(type)
      if (!sameType) this.#byType.set(type, (sameType = new Set()))
      sameType.add(entry)
    }
    this.#index(entry)
    if (age >= MAX_AGE_S) this.maxAge.add(entry)
    else this.maxAge.delete(entry)
    return entry
  }

  remove(entry: Entry): void {
    entry.removed = true
    this.#entries.delete(entry.key)
    this.#byType.get(entry.lsa.header.type)?.delete(entry)
    this.#unindex(entry)
    this.maxAge.delete(entry)
    this.own.delete(entry)
  }

  #index(entry: Entry): void {
    const { header, body } = entry.lsa
    const key = destinationKey(entry.lsa)
    if (key === -1) return
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
