/**
 * What goes into the router and what comes out of it: unions of plain, serialisable values. Recording, replay and
 * the simulator are these types and nothing else.
 */
import type { OspfEvent } from './events.ts'

/** Milliseconds on the driver's monotonic clock. The core never asks what time it is; it is told. */
export type Instant = number

/** A received OSPF packet. `bytes` starts at the OSPF header; the core copies whatever it keeps. */
export interface Datagram {
  /** The OSPF interface that received it. */
  readonly interface: string
  readonly source: number
  readonly destination: number
  /** IP time to live, for GTSM. */
  readonly ttl: number
  readonly bytes: Uint8Array
}

/** Network types of RFC 2328 section 1.2 that a router can attach to. */
export type NetworkType = 'broadcast' | 'point-to-point'

/** What an operator configures on an interface (RFC 2328 section 9 and appendix C.3). Times in seconds. */
export interface InterfaceConfig {
  readonly name: string
  readonly area: number
  readonly network: NetworkType
  /** Output cost, 1 to 65535. */
  readonly cost: number
  readonly helloInterval: number
  readonly deadInterval: number
  readonly retransmitInterval: number
  readonly transmitDelay: number
  /** Router Priority: 0 is never Designated Router. */
  readonly priority: number
  /** Advertise the network, send and hear nothing. */
  readonly passive: boolean
  /** Do not compare the MTU of Database Description packets (10.6). */
  readonly mtuIgnore: boolean
}

/** What the kernel says of the device under an interface. */
export interface LinkState {
  readonly up: boolean
  /** Primary IPv4 address; undefined while there is none. */
  readonly address: number | undefined
  readonly prefixLength: number
  /** IP MTU in octets. */
  readonly mtu: number
}

/** A prefix that this router advertises as a stub link of its router-LSA (12.4.1): a VIP. */
export interface StubPrefix {
  readonly area: number
  readonly prefix: number
  readonly length: number
  /** 0 to 65535. */
  readonly cost: number
}

export type ConfigChange =
  | { readonly type: 'interface'; readonly config: InterfaceConfig }
  | { readonly type: 'remove-interface'; readonly interface: string }
  | { readonly type: 'announce'; readonly stub: StubPrefix }
  | {
      readonly type: 'withdraw'
      readonly area: number
      readonly prefix: number
      readonly length: number
    }
  /** Flush every LSA of our own and originate no more (14.1). Hellos go on until 'close'. */
  | { readonly type: 'flush' }
  /** Say goodbye: one Hello with no neighbors on every interface, then silence. */
  | { readonly type: 'close' }

/** RFC 2328 section 11: one way out. */
export interface NextHop {
  readonly interface: string
  /** Address of the next router; undefined: the destination is attached to the interface. */
  readonly gateway: number | undefined
}

export type PathType = 'intra-area'

/** A routing table entry (RFC 2328 section 11). No next hops: the prefix is our own. */
export interface Route {
  readonly prefix: number
  readonly length: number
  readonly pathType: PathType
  readonly area: number
  readonly cost: number
  readonly nextHops: readonly NextHop[]
}

/** What changed in the table since the last calculation. Only routes through another router are for the kernel. */
export type RouteChange =
  | { readonly type: 'replace'; readonly route: Route }
  | { readonly type: 'remove'; readonly prefix: number; readonly length: number }

/** What the core wants done. The driver drains these after every call in. */
export type Output =
  | {
      readonly type: 'transmit'
      readonly interface: string
      /** Unicast, or one of the two multicast groups. */
      readonly destination: number
      readonly bytes: Uint8Array
    }
  /** Join or leave AllDRouters (9.5); AllSPFRouters is joined for as long as the interface is up. */
  | {
      readonly type: 'membership'
      readonly interface: string
      readonly group: number
      readonly join: boolean
    }
  | { readonly type: 'routes'; readonly changes: readonly RouteChange[] }
  | { readonly type: 'event'; readonly event: OspfEvent }
