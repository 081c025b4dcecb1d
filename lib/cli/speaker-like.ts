/** What the command line needs of a running speaker: snapshots with dotted strings, times in seconds. */

export interface NeighborView {
  readonly routerId: string
  /** What it calls itself (RFC 5642). */
  readonly hostname?: string | undefined
  readonly address: string
  readonly interface: string
  readonly priority: number
  /** As RFC 2328 section 10.1 spells it. */
  readonly state: string
  /** Seconds since the state last changed. */
  readonly upTime?: number
  /** Seconds until it is given up unless a Hello comes. */
  readonly deadTime?: number
  readonly retransmissions?: number
  readonly requests?: number
  readonly summaries?: number
}

export interface InterfaceView {
  readonly name: string
  readonly area: string
  /** As RFC 2328 section 9.1 spells it. */
  readonly state: string
  readonly network: 'broadcast' | 'nbma' | 'point-to-point' | 'point-to-multipoint' | 'virtual'
  readonly address: string | undefined
  readonly prefixLength: number
  readonly mtu: number
  readonly cost: number
  readonly priority: number
  readonly helloInterval: number
  readonly deadInterval: number
  readonly retransmitInterval: number
  readonly transmitDelay: number
  readonly passive: boolean
  readonly mtuIgnore: boolean
  /** Interface addresses; '0.0.0.0' is none. */
  readonly designatedRouter: string
  readonly backupDesignatedRouter: string
}

export interface RouteView {
  /** 'A.B.C.D/L' */
  readonly prefix: string
  readonly pathType?: 'intra-area' | 'inter-area' | 'external-1' | 'external-2'
  /** Undefined for externals. */
  readonly area: string | undefined
  readonly cost: number
  readonly type2Cost?: number | undefined
  readonly tag?: number | undefined
  /** No gateway: attached. No next hop at all: an address of this router. */
  readonly nextHops: readonly {
    readonly interface: string
    readonly gateway?: string | undefined
  }[]
  /** Packets are not passed on. */
  readonly discard?: true
}

/** How routes go to the kernel. */
export interface KernelView {
  readonly mode: string
  readonly why: string
  readonly table: number
  readonly metric: number
  readonly protocol: number
  readonly routes: number
  readonly discards: number
  readonly leftovers: number
  readonly groups: number
  readonly pending: number
  readonly failed: number
  readonly foreign: number
  readonly forbidden: boolean
  readonly lastError: { readonly message: string; readonly age: number } | undefined
}

export interface LsaView {
  /** Undefined for LSAs of the whole AS. */
  readonly area: string | undefined
  readonly type: number
  readonly lsId: string
  readonly advertisingRouter: string
  readonly advertisingHostname?: string | undefined
  readonly age: number
  /** The 32 bits, signed or not. */
  readonly sequence: number
  readonly checksum: number
  /** Links of a router-LSA. */
  readonly links?: number
  /** Destination of a summary-, external or NSSA-LSA: 'A.B.C.D/L'. */
  readonly prefix?: string
}

export interface Snapshots {
  readonly routerId: string
  neighbors(): readonly NeighborView[]
  interfaces(): readonly InterfaceView[]
  routes(): readonly RouteView[]
  database(): readonly LsaView[]
  kernel?(): KernelView | undefined
}
