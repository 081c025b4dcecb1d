/**
 * A copy of what the calculation of routes looks at, to be changed and calculated from without a trace in the router.
 * LSAs are immutable, so the copy shares them; trees and next hops are its own.
 */
import { encodeLsa, type Lsa, type LsaBody, type LsaHeader, LsType, lsaKey } from '../wire/lsa.ts'
import type { Area } from './area.ts'
import { calculateTable } from './calculation.ts'
import type {
  AreaInput,
  CalculationInput,
  DatabaseInput,
  InterfaceInput,
} from './calculation-input.ts'
import { finishRoutes } from './finish-routes.ts'
import { HopSets } from './hop-sets.ts'
import type { AreaConfig } from './io.ts'
import type { LsaId } from './lsa-map.ts'
import { type Entry, keyOf, type Lsdb } from './lsdb.ts'
import type { Wanted } from './originate.ts'
import { destinationKey } from './prefix-index.ts'
import { type Borders, isAbr, isOfBackbone } from './role.ts'
import type { Router } from './router.ts'
import { attachedNetworks, type RouteTable } from './routes.ts'
import type { Tree } from './spf.ts'
import type { AreaShares } from './traffic-share.ts'

/** A database whose entries can be replaced. */
class DatabaseCopy implements DatabaseInput {
  readonly #base: Lsdb
  /** By key; undefined: taken out. */
  readonly #other = new Map<string, Entry | undefined>()

  constructor(base: Lsdb) {
    this.#base = base
  }

  *ofType(type: number): Generator<Entry> {
    for (const entry of this.#base.ofType(type)) {
      const present = this.#present(entry)
      if (present) yield present
    }
  }

  *ofPrefix(type: number, key: number): Generator<Entry> {
    for (const entry of this.ofType(type)) if (destinationKey(entry.lsa) === key) yield entry
  }

  *forwardingEntries(): Generator<Entry> {
    for (const entry of this.#base.forwarding) {
      const present = this.#present(entry)
      if (present) yield present
    }
  }

  get forwarding(): Iterable<Entry> {
    return this.forwardingEntries()
  }

  find(header: LsaHeader): Entry | undefined {
    const entry = this.#base.find(header)
    return entry && this.#present(entry)
  }

  #present(entry: Entry): Entry | undefined {
    if (this.#other.size === 0) return entry
    const key = keyOf(entry)
    return this.#other.has(key) ? this.#other.get(key) : entry
  }

  set({ type, lsId, advertisingRouter }: LsaId, entry: Entry | undefined): void {
    this.#other.set(lsaKey(type, lsId, advertisingRouter), entry)
  }
}

/** An area of a copy. What our own LSAs say is in `wanted`, as in the original. */
export class AreaCopy implements AreaInput {
  readonly id: number
  readonly isNormal: boolean
  readonly config: AreaConfig
  readonly lsdb: DatabaseCopy
  readonly wanted: Map<string, Wanted>
  interfaces: InterfaceInput[]
  tree: Tree | undefined
  readonly shares: AreaShares
  readonly #routerId: number
  /** With bodies that stay what they are: their links are told apart by identity. */
  readonly #decoded = new Map<Lsa, Lsa>()

  constructor(area: Area) {
    this.id = area.id
    this.isNormal = area.isNormal
    this.config = area.config
    this.lsdb = new DatabaseCopy(area.lsdb)
    this.wanted = new Map(area.wanted)
    this.interfaces = [...area.interfaces]
    this.shares = area.shares
    this.#routerId = area.router.routerId
  }

  /** At least one interface takes part. */
  get isActive(): boolean {
    return this.interfaces.some(({ state }) => state !== 'Down')
  }

  /** LSAs of a type, our own included. */
  *lsas(type: number): Generator<Lsa> {
    for (const want of this.wanted.values()) if (want.type === type) yield want.calculated
    for (const { lsa } of this.lsdb.ofType(type)) {
      if (lsa.header.advertisingRouter !== this.#routerId) yield this.#decode(lsa)
    }
  }

  #decode(lsa: Lsa): Lsa {
    let decoded = this.#decoded.get(lsa)
    if (decoded === undefined) {
      const { header, raw, body } = lsa
      this.#decoded.set(lsa, (decoded = { header, raw, body }))
    }
    return decoded
  }

  /** The router-LSA of a router. */
  router(routerId: number): Lsa | undefined {
    for (const lsa of this.lsas(LsType.router)) if (lsa.header.lsId === routerId) return lsa
    return undefined
  }

  /** Puts another body into an LSA; undefined: takes the LSA out. */
  edit({ header }: Lsa, body: LsaBody | undefined): void {
    const edited = body && encodeLsa(header, body)
    if (header.advertisingRouter === this.#routerId) {
      const key = lsaKey(header.type, header.lsId, header.advertisingRouter)
      const want = this.wanted.get(key)
      if (edited === undefined) this.wanted.delete(key)
      else if (want) this.wanted.set(key, { ...want, calculated: edited })
      return
    }
    const entry = this.lsdb.find(header)
    if (entry) this.lsdb.set(header, edited && { ...entry, lsa: edited })
  }
}

export class RouterCopy implements CalculationInput, Borders {
  readonly routerId: number
  readonly now: number
  readonly hops: HopSets
  readonly areas: Map<number, AreaCopy>
  readonly as: { readonly lsdb: DatabaseCopy } & Pick<
    CalculationInput['as'],
    'externals' | 'aggregates'
  >
  readonly interfaces: Map<string, InterfaceInput>
  readonly rfc1583Compatibility: boolean
  readonly discardsHoles: boolean
  /** What others are told of our links is not what we go by ourselves. */
  readonly announceOnly: boolean
  readonly abrType: Router['abrType']

  constructor(router: Router) {
    this.routerId = router.routerId
    this.now = router.now
    this.hops = new HopSets(router.limits.maximumPaths)
    this.areas = new Map([...router.areas].map(([id, area]) => [id, new AreaCopy(area)]))
    const { lsdb, externals, aggregates } = router.as
    this.as = { lsdb: new DatabaseCopy(lsdb), externals, aggregates }
    this.interfaces = new Map(router.interfaces)
    this.rfc1583Compatibility = router.rfc1583Compatibility
    this.discardsHoles = router.discardsHoles
    this.abrType = router.abrType
    this.announceOnly = router.announceOnly
  }

  get isAbr(): boolean {
    return isAbr(this)
  }

  get isOfBackbone(): boolean {
    return isOfBackbone(this)
  }

  hasAddress(address: number): boolean {
    for (const iface of this.interfaces.values()) {
      if (iface.state !== 'Down' && iface.address === address) return true
    }
    return false
  }

  /** Another interface in the place of one; undefined: none. */
  replaceInterface(name: string, other: InterfaceInput | undefined): void {
    if (other) this.interfaces.set(name, other)
    else this.interfaces.delete(name)
    for (const area of this.areas.values()) {
      area.interfaces = area.interfaces.flatMap((each) =>
        each.name === name ? (other ?? []) : each,
      )
    }
  }

  /** The routes that follow from all this, by `prefixKey`. */
  calculate(): RouteTable {
    const table = calculateTable(this, new Set(this.areas.values()))
    return finishRoutes(this, table, attachedNetworks(this), new Map(), false).routes
  }
}
