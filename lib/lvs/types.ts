/**
 * IPVS in the words of ipvsadm: virtual services, their destinations (real servers), and the data plane that holds them.
 * The kernel's IPVS is the default plane; others offer the same interface. Addresses are written as text here, IPv4 or
 * IPv6; times are seconds.
 */

export const IPVS_PROTOCOLS = ['tcp', 'udp', 'sctp'] as const
export type IpvsProtocol = (typeof IPVS_PROTOCOLS)[number]

export const IPVS_SCHEDULERS = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'lblc',
  'lblcr',
  'dh',
  'sh',
  'sed',
  'nq',
  'fo',
  'ovf',
  'mh',
  'twos',
  'none',
] as const
export type IpvsScheduler = (typeof IPVS_SCHEDULERS)[number]

/** What a virtual service is told by: address and port, or the mark that the firewall gave to its packets. */
export type IpvsServiceKey =
  | {
      readonly protocol: IpvsProtocol
      readonly address: string /** 0: any; for persistent ones. */
      readonly port: number
    }
  | { readonly fwmark: number; readonly family: 4 | 6 }

/** Flags of a scheduler. sh-fallback and mh-fallback are flag-1, sh-port and mh-port are flag-2. */
export type IpvsSchedulerFlag = 'flag-1' | 'flag-2' | 'flag-3'

export interface IpvsPersistence {
  /** Seconds that a client stays with its server after its last connection. */
  readonly timeout: number
  /** Clients whose addresses agree in so many leading bits count as one: 1 to 32, or to 128. Default: all bits. */
  readonly prefixLength?: number
  /** What else tells clients apart; the kernel has 'sip' (the Call-ID). */
  readonly engine?: string
}

export interface IpvsService {
  readonly key: IpvsServiceKey
  /** One of IPVS_SCHEDULERS, or one that this kernel has besides. */
  readonly scheduler: string
  /** In the order of their numbers. Default: none. */
  readonly flags?: readonly IpvsSchedulerFlag[]
  readonly persistence?: IpvsPersistence
  /** Every UDP datagram is scheduled for itself. */
  readonly onePacket?: boolean
}

/** nat: masquerading; dr: direct routing; tun: tunneling. The kernel may report 'local' and 'bypass' itself. */
export type IpvsForward = 'nat' | 'dr' | 'tun' | 'local' | 'bypass'

export interface IpvsTunnel {
  readonly type: 'ipip' | 'gue' | 'gre'
  /** Of gue: the UDP port of the real server. */
  readonly port?: number
  /** Default 'none'; 'remote' is remote checksum offload, of gue alone. */
  readonly checksum?: 'none' | 'full' | 'remote'
}

export interface IpvsDestination {
  readonly address: string
  readonly port: number
  readonly forward: IpvsForward
  /** 0 to 2147483647; 0 takes no new connections. */
  readonly weight: number
  /** Above so many connections it gets no new ones, until they are below the lower; 0: no limit. Default 0. */
  readonly upperThreshold?: number
  readonly lowerThreshold?: number
  /** Of tun: default ipip. */
  readonly tunnel?: IpvsTunnel
}

/** Counted since the entry was made or last zeroed; rates are per second, over the last few seconds. */
export interface IpvsStatistics {
  readonly connections: bigint
  readonly inPackets: bigint
  readonly outPackets: bigint
  readonly inBytes: bigint
  readonly outBytes: bigint
  readonly connectionRate: bigint
  readonly inPacketRate: bigint
  readonly outPacketRate: bigint
  readonly inByteRate: bigint
  readonly outByteRate: bigint
}

export const nothingCounted: IpvsStatistics = {
  connections: 0n,
  inPackets: 0n,
  outPackets: 0n,
  inBytes: 0n,
  outBytes: 0n,
  connectionRate: 0n,
  inPacketRate: 0n,
  outPacketRate: 0n,
  inByteRate: 0n,
  outByteRate: 0n,
}

export interface IpvsServiceState extends IpvsService {
  readonly statistics: IpvsStatistics
}

export interface IpvsDestinationState extends IpvsDestination {
  readonly activeConnections: number
  readonly inactiveConnections: number
  readonly persistentConnections: number
  readonly statistics: IpvsStatistics
}

/** Seconds after which idle connections are forgotten; the kernel begins with 900, 120 and 300. */
export interface IpvsTimeouts {
  readonly tcp: number
  /** After a FIN. */
  readonly tcpFin: number
  readonly udp: number
}

/** The synchronisation of connections between directors. */
export interface IpvsDaemon {
  readonly state: 'master' | 'backup'
  readonly device: string
  readonly syncId: number
  /** Bytes of a message at most. Default: what the device takes. */
  readonly maximumLength?: number
  /** Default 224.0.0.81. */
  readonly group?: string
  /** Default 8848. */
  readonly port?: number
  /** Default 1. */
  readonly ttl?: number
}

export interface IpvsInfo {
  /** As 1.2.1. */
  readonly version: string
  /** Buckets of the connection table. */
  readonly connectionTableSize: number
}

/**
 * Holds virtual services and forwards their connections: the kernel's IPVS, or what stands in for it. Every call
 * rejects with an OspfError: ERR_OSPF_IPVS_ABSENT (no IPVS here), ERR_OSPF_PERMISSION, ERR_OSPF_IPVS_EXISTS,
 * ERR_OSPF_IPVS_NO_SERVICE, ERR_OSPF_IPVS_NO_DESTINATION, ERR_OSPF_IPVS_SCHEDULER (no such scheduler in this kernel),
 * ERR_OSPF_IPVS_INVALID (the kernel refuses the values), or ERR_OSPF_KERNEL, with the kernel's own words.
 */
export interface IpvsPort extends AsyncDisposable {
  /** Nobody else has services here, so what is found and not wanted is a leftover; default false. */
  readonly exclusive?: boolean
  /** How many connections are open is known; default true. Where it is not, drains take the time that they are given. */
  readonly countsConnections?: boolean
  info(): Promise<IpvsInfo>
  services(): Promise<readonly IpvsServiceState[]>
  /** Oldest first. Empty as well when there is no such service. */
  destinations(service: IpvsServiceKey): Promise<readonly IpvsDestinationState[]>
  addService(service: IpvsService): Promise<void>
  /** Changes everything but the key; connections and destinations stay. */
  setService(service: IpvsService): Promise<void>
  /** Removes it with its destinations. */
  removeService(service: IpvsServiceKey): Promise<void>
  addDestination(service: IpvsServiceKey, destination: IpvsDestination): Promise<void>
  setDestination(service: IpvsServiceKey, destination: IpvsDestination): Promise<void>
  removeDestination(
    service: IpvsServiceKey,
    destination: Pick<IpvsDestination, 'address' | 'port'>,
  ): Promise<void>
  timeouts(): Promise<IpvsTimeouts>
  /** What is left out stays as it is. */
  setTimeouts(timeouts: Partial<IpvsTimeouts>): Promise<void>
}

/** One end of a connection. */
export interface IpvsEndpoint {
  readonly address: string
  readonly port: number
}

/** An entry of the connection table: a connection, or the template that keeps a client with its server. */
export interface IpvsConnection {
  /** 'ip' of a template of a firewall mark. */
  readonly protocol: string
  /** The port is 0 in a template. */
  readonly client: IpvsEndpoint
  /** The virtual service; of a template of a firewall mark, the mark as an address. */
  readonly virtual: IpvsEndpoint
  readonly destination: IpvsEndpoint
  /** As the kernel calls it: 'ESTABLISHED', 'FIN_WAIT', 'NONE'. */
  readonly state: string
  /** Seconds until it is forgotten, unless there is traffic. */
  readonly expires: number
  /** The persistence engine, and what it tells clients apart by. */
  readonly engine?: string
  readonly engineData?: string
}
