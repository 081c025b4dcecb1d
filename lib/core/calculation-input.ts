/**
 * What the calculation of routes (RFC 2328 section 16) looks at. A Router is such an input, and so is a copy of one in
 * which something has changed (what-if.ts); the calculation cannot tell.
 */
import type { Aggregates } from './discard.ts'
import type { Externals } from './externals.ts'
import type { HopSets } from './hop-sets.ts'
import type { AreaConfig, Instant, InterfaceConfig, LinkState } from './io.ts'
import type { Entry } from './lsdb.ts'
import type { Neighbor } from './neighbor.ts'
import type { Wanted } from './originate.ts'
import type { Tree } from './spf.ts'
import type { InterfaceState } from './states.ts'
import type { AreaShares } from './traffic-share.ts'

export interface DatabaseInput {
  ofType(type: number): Iterable<Entry>
  /** Summary- and external LSAs of a type by destination, as `prefixKey` has it. */
  ofPrefix(type: number, key: number): Iterable<Entry>
  /** External LSAs that name a forwarding address. */
  readonly forwarding: Iterable<Entry>
}

export interface InterfaceInput {
  readonly name: string
  readonly state: InterfaceState
  readonly address: number
  readonly network: number
  readonly isVirtual: boolean
  readonly link: Pick<LinkState, 'prefixLength'>
  readonly config: Pick<InterfaceConfig, 'cost' | 'virtual'>
  readonly neighbors: ReadonlyMap<
    number,
    Pick<Neighbor, 'routerId' | 'address' | 'state' | 'isOpaqueCapable'>
  >
}

export interface AreaInput {
  readonly id: number
  readonly isNormal: boolean
  readonly config: AreaConfig
  readonly lsdb: DatabaseInput
  /** Our own LSAs: what we want to say counts, not what the pacing has let out so far. */
  readonly wanted: ReadonlyMap<string, Wanted>
  readonly interfaces: Iterable<InterfaceInput>
  /** What its routers ask for of the traffic to them. */
  readonly shares: AreaShares
  /** The last tree, which the calculation puts here. */
  tree: Tree | undefined
}

export interface CalculationInput {
  readonly routerId: number
  readonly now: Instant
  readonly hops: HopSets
  readonly areas: ReadonlyMap<number, AreaInput>
  readonly as: {
    readonly lsdb: DatabaseInput
    /** Destinations that we redistribute are not looked at. */
    readonly externals: Pick<Externals, 'isOfKernel' | 'has'>
    /** What we tell others of as a whole. */
    readonly aggregates: Aggregates
  }
  readonly interfaces: ReadonlyMap<string, InterfaceInput>
  readonly isAbr: boolean
  /** It believes the summaries of the backbone alone (16.2). */
  readonly isOfBackbone: boolean
  readonly rfc1583Compatibility: boolean
  /** Packets for the holes of what we tell others of as a whole are discarded (11.1). */
  readonly discardsHoles: boolean
  hasAddress(address: number): boolean
}
