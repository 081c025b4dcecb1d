/**
 * What goes into the router and what comes out of it: unions of plain, serialisable values. Recording, replay and
 * the simulator are these types and nothing else.
 */
import type { AuthKey } from '../wire/auth.ts'
import type { PrefixShare } from '../wire/traffic-share.ts'
import type { OspfEvent } from './events.ts'
import type { Limits } from './limits.ts'
import type { LsaThrottle } from './originate.ts'
import type { AbrType } from './router.ts'
import type { SpfDelayConfig } from './spf-delay.ts'

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
export type NetworkType =
  | 'broadcast'
  | 'nbma'
  | 'point-to-point'
  | 'point-to-multipoint'
  | 'virtual'

/** A neighbor that must be told, where Hellos cannot be multicast (C.5, C.6). */
export interface ConfiguredNeighbor {
  readonly address: number
  /** Eligible to become Designated Router. */
  readonly eligible: boolean
}

/** What an operator configures on an interface (RFC 2328 section 9 and appendix C.3). Times in seconds. */
export interface InterfaceConfig {
  readonly name: string
  /** The device, where other interfaces stand on further addresses of it; default: it has the device for itself. */
  readonly device?: string
  readonly area: number
  readonly network: NetworkType
  /** Output cost, 1 to 65535. */
  readonly cost: number
  /** 0 with a `helloMultiplier`. */
  readonly helloInterval: number
  readonly deadInterval: number
  /** Seconds that an election waits for a Designated Router that is there; default: the dead interval, as 9.1 has it. */
  readonly waitInterval?: number
  /**
   * Hellos a second where RouterDeadInterval is 1 s; they then say HelloInterval 0, and the neighbors' is not compared.
   * No RFC has this; it is what FRR and others do.
   */
  readonly helloMultiplier?: number
  readonly retransmitInterval: number
  readonly transmitDelay: number
  /** Router Priority: 0 is never Designated Router. */
  readonly priority: number
  /** Advertise the network, send and hear nothing. */
  readonly passive: boolean
  /** Do not compare the MTU of Database Description packets (10.6). */
  readonly mtuIgnore: boolean
  /** NBMA, and point-to-multipoint that does not multicast: who is there. */
  readonly neighbors?: readonly ConfiguredNeighbor[]
  /** Point-to-multipoint without multicast. */
  readonly nonBroadcast?: boolean
  /** Seconds between Hellos to a neighbor that is silent (NBMA); default 120. */
  readonly pollInterval?: number
  /** Do not advertise the network of the interface, which only routers use (RFC 6860). */
  readonly prefixSuppression?: boolean
  /** Advertise the secondary addresses of the link, too, as stub networks with the cost of the interface. */
  readonly secondaryAddresses?: boolean
  /** What shows that a neighbor is alive: any packet of it (RFC 4222), or Hellos alone; default 'any'. */
  readonly aliveBy?: 'any' | 'hello'
  /** GTSM (RFC 5082): packets leave with TTL 255, and must not have come farther than so many hops. */
  readonly ttlSecurity?: {
    /** 1: from the link itself. A virtual link has as many as its way. */
    readonly hops: number
    /** Look at no TTL of others, for as long as some of them do not send 255 yet. */
    readonly txOnly: boolean
  }
  /** How packets are sealed and checked (appendix D); default: null authentication. */
  readonly authentication?: AuthenticationConfig
  /** Of a virtual link: the area that it goes through, and the Router ID of its other end (15). */
  readonly virtual?: { readonly transitArea: number; readonly endpoint: number }
}

/** When a key is good: wall clock, milliseconds since 1970; `until` is the first moment that it is not. */
export interface Lifetime {
  readonly from?: number
  readonly until?: number
}

/** A key of a chain, and when it seals our packets and is accepted on those of others (D.3). */
export interface ChainKey extends AuthKey {
  readonly send: Lifetime
  readonly accept: Lifetime
}

/** What an operator configures of authentication: AuType 1, or 2, or 3 (RFC 7474). */
export type AuthenticationConfig =
  | { readonly type: 'simple'; readonly key: Uint8Array }
  | {
      readonly type: 'cryptographic'
      readonly keys: readonly ChainKey[]
      /** AuType 3: 64-bit sequence numbers, and the source address under the digest. HMAC alone. */
      readonly extended: boolean
      /** Drop a packet whose number equals the last one's, which D.4.3 accepts and BIRD sends. */
      readonly strictReplay: boolean
    }

/** A range of addresses of an area (C.2), as one summary towards the others. */
export interface AreaRange {
  readonly prefix: number
  readonly length: number
  /** False: what is inside stays inside. */
  readonly advertise: boolean
  /** Instead of the largest cost to what is inside. */
  readonly cost?: number
  /** Advertised in place of the range itself. */
  readonly substitute?: { readonly prefix: number; readonly length: number }
  /** NSSA ranges: tag of the type 5 LSA that stands for the range. */
  readonly tag?: number
}

/** A line of a prefix list: the first that matches decides; without a match the answer is no. */
export interface PrefixRule {
  readonly permit: boolean
  readonly prefix: number
  readonly length: number
  /** Lengths that match: from `ge` to `le`; both default to `length`. */
  readonly ge?: number
  readonly le?: number
}

/** RFC 3101. */
export interface NssaConfig {
  /** NSSATranslatorRole; 'never' departs from the RFC for those who must. */
  readonly translator: 'candidate' | 'always' | 'never'
  /** Milliseconds that a translator goes on after another took over. */
  readonly stabilityMs: number
  /** A default route as type 7 LSA from the area border router (RFC 3101 2.7). */
  readonly defaultOriginate: { readonly metric: number; readonly metricType: 1 | 2 } | undefined
  /** Type 7 LSAs inside a range are translated into one type 5 LSA. */
  readonly ranges: readonly AreaRange[]
}

/** What an operator configures of an area (3.6, C.2; RFC 3101). */
export interface AreaConfig {
  readonly id: number
  readonly kind: 'normal' | 'stub' | 'nssa'
  /** Import summaries; false: totally stubby, the default alone. */
  readonly summaries: boolean
  /** StubDefaultCost: of the default summary into a stub area or totally stubby NSSA. */
  readonly defaultCost: number
  readonly ranges: readonly AreaRange[]
  /** Which inter-area prefixes enter the area as summaries, and which of its prefixes leave it. */
  readonly importList: readonly PrefixRule[] | undefined
  readonly exportList: readonly PrefixRule[] | undefined
  readonly nssa: NssaConfig
}

/** RFC 6987: reachable, but not to be used as a way to elsewhere. */
export interface StubRouter {
  /** Stub links as well, VIPs among them: what we have is the last resort. Beyond the RFC. */
  readonly includeStub: boolean
  /** Metric of our AS-external-LSAs meanwhile; undefined: as configured. Beyond the RFC. */
  readonly externalMetric: number | undefined
}

/** A destination outside the autonomous system that we advertise (12.4.4). */
export interface ExternalPrefix {
  readonly prefix: number
  readonly length: number
  readonly metricType: 1 | 2
  /** 0 to 0xfffffe. */
  readonly metric: number
  readonly tag: number
  /** 0: traffic is for us. */
  readonly forwardingAddress: number
  /** It is redistributed: the kernel has a route there that OSPF did not make. */
  readonly kernel?: {
    /** Whose address may be told as forwarding address. */
    readonly gateway: number | undefined
    /** The network of a device: not told while it is inside OSPF. */
    readonly connected: boolean
  }
}

/** Who asks for an external; for the same prefix the word of an earlier one counts. */
export type ExternalSource = 'announcement' | 'option' | 'redistribution'

/** Externals of ours that are inside are said as one, or not at all. */
export interface SummaryAddress {
  readonly prefix: number
  readonly length: number
  readonly advertise: boolean
  readonly metricType: 1 | 2
  readonly metric: number
  readonly tag: number
}

/** How far an opaque LSA travels (RFC 5250 3): LS type 9, 10 or 11. */
export type OpaqueScope =
  | { readonly scope: 'link'; readonly interface: string }
  | { readonly scope: 'area'; readonly area: number }
  | { readonly scope: 'as' }

/** What tells one opaque LSA of a router from another: the two parts of its Link State ID. */
export interface OpaqueId {
  /** 8 bits. */
  readonly opaqueType: number
  /** 24 bits. */
  readonly opaqueId: number
}

/** What we say of ourselves in a Router Information LSA (RFC 7770, RFC 5642). */
export interface RouterInformationConfig {
  readonly hostname: string
  /** 'as': in one LSA for all areas but stub areas and NSSAs, which get their own. */
  readonly scope: 'area' | 'as'
}

/** What the kernel says of the device under an interface. */
export interface LinkState {
  readonly up: boolean
  /** Primary IPv4 address; undefined while there is none. */
  readonly address: number | undefined
  readonly prefixLength: number
  /** IP MTU in octets. */
  readonly mtu: number
  /** The other end, where the address is one of a pair. */
  readonly peer?: number | undefined
  /** Further addresses of the link that no interface stands on, one for each subnet. */
  readonly secondaries?: readonly { readonly address: number; readonly prefixLength: number }[]
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
  /** Wall clock less monotonic clock, in milliseconds: for the lifetimes of keys. 0 until it is told. */
  | { readonly type: 'wall-clock'; readonly offset: number }
  | { readonly type: 'remove-interface'; readonly interface: string }
  | { readonly type: 'area'; readonly config: AreaConfig }
  /** Whether a route is told again when its path type, cost or tag alone changed; false until it is said. */
  | { readonly type: 'tell-attributes'; readonly tell: boolean }
  /** Whether to discard packets for the holes of ranges and summary addresses (11.1); true until it is said. */
  | { readonly type: 'discard-holes'; readonly discard: boolean }
  /** Never a way to elsewhere, nor a border router; our own routes are calculated as ever. */
  | { readonly type: 'announce-only'; readonly announceOnly: boolean }
  /** Which prefixes of our own we may originate; undefined: all that we are told to. */
  | { readonly type: 'originate'; readonly allowed: readonly PrefixRule[] | undefined }
  /** With its interfaces, should it still have some, and with what was announced in it. */
  | { readonly type: 'remove-area'; readonly area: number }
  /** Become a stub router (RFC 6987), or cease to be one. */
  | { readonly type: 'stub-router'; readonly stubRouter: StubRouter | undefined }
  | { readonly type: 'announce'; readonly stub: StubPrefix }
  /** `source`: default 'announcement'. */
  | {
      readonly type: 'external'
      readonly external: ExternalPrefix
      readonly source?: ExternalSource
    }
  | {
      readonly type: 'withdraw-external'
      readonly prefix: number
      readonly length: number
      readonly source?: ExternalSource
    }
  /** What is redistributed has changed; many at once. */
  | {
      readonly type: 'redistribute'
      readonly set: readonly ExternalPrefix[]
      readonly withdraw: readonly { readonly prefix: number; readonly length: number }[]
    }
  /** Be an AS boundary router even while there is nothing to redistribute, or only with something to say. */
  | { readonly type: 'as-boundary'; readonly redistributes: boolean }
  | { readonly type: 'summary-addresses'; readonly addresses: readonly SummaryAddress[] }
  | {
      readonly type: 'withdraw'
      readonly area: number
      readonly prefix: number
      readonly length: number
    }
  /** Originates an opaque LSA, or gives it other data. The data is not copied: it must not change afterwards. */
  | ({ readonly type: 'opaque'; readonly where: OpaqueScope; readonly data: Uint8Array } & OpaqueId)
  | ({ readonly type: 'withdraw-opaque'; readonly where: OpaqueScope } & OpaqueId)
  /** How much of the traffic to a prefix of ours we ask for (wire/traffic-share.ts). */
  | { readonly type: 'share'; readonly share: PrefixShare }
  | {
      readonly type: 'remove-share'
      readonly prefix: number | undefined
      readonly length: number
    }
  /** Tell others that we send no new connections to who drains, and keep the old ones where they are. */
  | { readonly type: 'keeps-connections'; readonly keeps: boolean }
  /** Undefined: say nothing. */
  | {
      readonly type: 'router-information'
      readonly information: RouterInformationConfig | undefined
    }
  /** The upper 32 bits of AuType 3's sequence numbers from now on (RFC 7474 2); only ever higher than before. */
  | { readonly type: 'boot-count'; readonly count: number }
  | { readonly type: 'limits'; readonly limits: Limits }
  /** How fast our own LSAs follow each other; what is not said follows from the limits. */
  | { readonly type: 'lsa-throttle'; readonly throttle: Partial<LsaThrottle> }
  | { readonly type: 'spf-delay'; readonly config: SpfDelayConfig }
  | { readonly type: 'route-delay'; readonly config: SpfDelayConfig }
  | {
      readonly type: 'behaviour'
      readonly abrType: AbrType
      readonly rfc1583Compatibility: boolean
    }
  /** Starts adjacencies anew: those of an interface, with a neighbor, or all with interfaces and elections. */
  | {
      readonly type: 'reset'
      readonly interface?: string | undefined
      readonly neighbor?: number | undefined
      readonly what: 'neighbors' | 'interfaces'
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
  /** The gateway is on the link though no prefix of the interface says so (unnumbered). */
  readonly onLink?: boolean
  /** Share of the flows beside the other next hops of the route, 1 to 256; default 1. */
  readonly weight?: number
  /** Who is behind it wants no new flows: for a forwarding table that can keep the old ones where they are. */
  readonly draining?: boolean
}

/** In order of preference (11). */
export type PathType = 'intra-area' | 'inter-area' | 'external-1' | 'external-2'

/** A routing table entry (RFC 2328 section 11). No next hops: the prefix is our own, or it is to `discard`. */
export interface Route {
  readonly prefix: number
  readonly length: number
  readonly pathType: PathType
  /** The area that the path leads into; externals have none. */
  readonly area: number | undefined
  /** For 'external-2' the cost to the border router or forwarding address; the metric itself is `type2Cost`. */
  readonly cost: number
  readonly type2Cost?: number | undefined
  /** External route tag. */
  readonly tag?: number | undefined
  readonly nextHops: readonly NextHop[]
  /** Packets are not passed on (11.1): we tell others of the prefix as a whole, and know the way to parts of it. */
  readonly discard?: true
  /** Preferred source address of what we send this way; no business of the protocol: a policy sets it. */
  readonly source?: number
}

/** An instance of an LSA that we originated. */
export interface OwnInstance {
  /** The area that it belongs to; undefined: the whole autonomous system. */
  readonly area: number | undefined
  readonly type: number
  readonly lsId: number
  readonly sequence: number
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
      /** IP time to live; undefined: 1, and over a virtual link what the kernel has. */
      readonly ttl?: number
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
