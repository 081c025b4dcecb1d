/**
 * What a director is asked to be, as plain data: a configuration file says the same. Times are seconds, decimals
 * allowed. Words are keepalived's where it has one.
 */
import type { DnsType } from '../health/dns.ts'
import type { HttpStatus } from '../health/http.ts'
import type { Probe } from '../health/probe.ts'
import type {
  IpvsForward,
  IpvsPersistence,
  IpvsProtocol,
  IpvsTimeouts,
  IpvsTunnel,
} from './types.ts'

/** How often a server is checked, and what it takes to believe it. A check takes them from its server, and that from its service. */
export interface CheckTimingOptions {
  /** From the end of one check to the next; default 5 (keepalived: 60). */
  readonly delayLoop?: number
  /**
   * Failures after the first one until the server is down: `retry` + 1 in a row. Default 2 (keepalived: 1; DNS 3, MISC
   * 0). A server of which nothing is known yet is down at its first failure.
   */
  readonly retry?: number
  /** From a failure to the next check while it is not down yet; default 1 (keepalived: 1; HTTP 3; DNS its delayLoop). */
  readonly delayBeforeRetry?: number
  /** Until a check that has no answer has failed; default 3 (keepalived: 5). */
  readonly connectTimeout?: number
  /**
   * The first check comes after a part of it: within the first tenth where few checks run, spread evenly over all of it
   * where there are a hundred. Default: the delayLoop (keepalived: 1 s more, and by chance).
   */
  readonly warmup?: number
  /** Successes in a row that bring a server back that was down; default 2 (keepalived: 1). The first ever is enough by itself. */
  readonly rise?: number
  /** Counts as down until its first success; default true (keepalived: false, so that clients meet dead servers at start). */
  readonly alpha?: boolean
}

/** Where a check goes, if not to its server. */
export interface CheckTargetOptions {
  /** Default: the address of the server. */
  readonly address?: string
  /** Default: the port of the server, or of its service. */
  readonly port?: number
  /** To check from; default: the kernel chooses. */
  readonly localAddress?: string
  /**
   * Goes through IPVS: an extra virtual service with this address and port holds this server alone, forwarded to as it
   * always is, and the check goes there. The address must be one of this host, and of no other service. With 'dr' and
   * 'tun' the server must hold the address too (as it holds the VIP), the port must be that of the server, and
   * `localAddress`, an address of this host other than that, is needed: else the packets come from the check address
   * itself, which the server takes for its own.
   */
  readonly through?: { readonly address: string; readonly port: number }
}

interface CheckBase extends CheckTimingOptions, CheckTargetOptions {
  /** What reports call it; default: what it does. */
  readonly name?: string
}

/** One page, and what must be in it. All conditions given must hold. */
export interface HttpUrlOptions {
  /** Default '/'. */
  readonly path?: string
  /** Host header (keepalived's virtualhost), and over TLS the name asked for; default: that of the check, or the server. */
  readonly host?: string
  /** Default '200-299'. */
  readonly status?: HttpStatus | readonly HttpStatus[]
  /** MD5 of the body, 32 hexadecimal digits, as `genhash` prints it. */
  readonly digest?: string
  /** What the body must contain. */
  readonly body?: string
  /** A regular expression (JavaScript's) that the body must match. */
  readonly regex?: string
  /** Its flags: 'i', 'm', 's', 'u'. */
  readonly regexFlags?: string
  /** The body must not match it. */
  readonly regexNoMatch?: boolean
  /** The match must begin at this offset of the body or later, or no later than this. */
  readonly regexMinOffset?: number
  readonly regexMaxOffset?: number
}

/** HTTP_GET, and SSL_GET with `tls`. */
export interface HttpCheckOptions extends CheckBase, HttpUrlOptions {
  readonly type: 'http'
  readonly tls?: boolean | TlsCheckSettings
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Several pages that must all pass, in place of the one that is described here. */
  readonly urls?: readonly HttpUrlOptions[]
  /** Of a server that comes back all pages are asked for at once; default true (keepalived: one each delayLoop). */
  readonly fastRecovery?: boolean
}

export interface TlsCheckSettings {
  /** Verify the certificate; default true (keepalived never does). */
  readonly verify?: boolean
  /** PEM texts, not paths. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
  /** The name asked for; default: the host, if it is a name. */
  readonly serverName?: string
}

/** TCP_CHECK; `send` and `expect` go beyond it. */
export interface TcpCheckOptions extends CheckBase {
  readonly type: 'tcp'
  readonly send?: string
  /** What the answer must contain. */
  readonly expect?: string
  /** A regular expression that it must match; not with `expect`. */
  readonly regex?: string
}

/** A TLS handshake, certificate included. */
export interface TlsCheckOptions extends CheckBase, TlsCheckSettings {
  readonly type: 'tls'
  /** Days that the certificate must still be valid; default 0. */
  readonly minimumDays?: number
}

/** SMTP_CHECK: greeting, HELO, QUIT. */
export interface SmtpCheckOptions extends CheckBase {
  readonly type: 'smtp'
  /** Default: the name of this host. keepalived says 'smtpchecker.keepalived.org'. */
  readonly helo?: string
}

/** DNS_CHECK. */
export interface DnsCheckOptions extends CheckBase {
  readonly type: 'dns'
  /** Default '.'. */
  readonly query?: string
  /** Default 'SOA'. */
  readonly recordType?: DnsType
  /** There must be records in the answer; default true (keepalived: false, rcode 0 is enough). */
  readonly records?: boolean
  /** One that must be among them. */
  readonly answer?: string
}

/** UDP_CHECK. Without `requireReply` only an ICMP error fails. */
export interface UdpCheckOptions extends CheckBase {
  readonly type: 'udp'
  /** Octets to send, hexadecimal; spaces are ignored. Default: none. */
  readonly payload?: string
  /** An answer must come; or its first octets, hexadecimal, an 'x' standing for any digit. */
  readonly requireReply?: boolean | string
  /** Octets of the answer; default 0 and 255 or more if `requireReply` is longer. */
  readonly minReplyLength?: number
  readonly maxReplyLength?: number
}

/** PING_CHECK. */
export interface PingCheckOptions extends CheckBase {
  readonly type: 'ping'
}

/** MISC_CHECK: 0 is good, 1 bad. */
export interface MiscCheckOptions extends CheckTimingOptions {
  readonly type: 'misc'
  readonly name?: string
  /** Program and arguments; no shell is involved. */
  readonly command: readonly [file: string, ...args: string[]]
  /** Default: the delayLoop of the service. Then the process group is killed. */
  readonly timeout?: number
  /** Exit codes 2 to 255 are good as well and set the weight of the server to the code less 2; else they are bad. */
  readonly dynamic?: boolean
  readonly uid?: number
  readonly gid?: number
}

/** FILE_CHECK: the file holds a whole number; no file counts as 0. Read every second, and believed at once, unless this check says otherwise. */
export interface FileCheckOptions extends CheckTimingOptions {
  readonly type: 'file'
  readonly name?: string
  readonly path: string
  /** The number times this is added to the weight. 0, the default: every number but 0 is bad. */
  readonly weight?: number
  /** Taken away from it instead; with weight 0: 0 is bad. */
  readonly reverse?: boolean
}

/** A function that resolves when the server is well: not for configuration files. */
export interface ProbeCheckOptions extends CheckTimingOptions {
  readonly type: 'probe'
  /** Checks of the same function run once, however many servers name it. */
  readonly probe: Probe
  readonly name?: string
}

export type CheckOptions =
  | HttpCheckOptions
  | TcpCheckOptions
  | TlsCheckOptions
  | SmtpCheckOptions
  | DnsCheckOptions
  | UdpCheckOptions
  | PingCheckOptions
  | MiscCheckOptions
  | FileCheckOptions
  | ProbeCheckOptions

/**
 * What the counters of IPVS tell of a server without asking it. With NAT: packets go in and none comes out. With DR and
 * TUN only that SYNs are not answered, of TCP, while no connection counts as active: not a server that accepts and
 * hangs, or serves errors. See `lvs/passive.ts`.
 */
export interface PassiveCheckOptions {
  /** So long nothing may come back; default 10. */
  readonly window?: number
  /** Packets (NAT) or new connections (DR, TUN) in that time below which nothing is concluded; default 10. */
  readonly minimum?: number
  /** How long the server stays out, doubled if it fails again in less time than it was out; default 30. */
  readonly hold?: number
  /** At most; default 3600. */
  readonly maximumHold?: number
}

/** A server that comes gets its share little by little. */
export interface SlowStartOptions {
  /** Until its whole weight. */
  readonly seconds: number
  /** Part of the weight to begin with, above 0; default 0.1. */
  readonly from?: number
  /** Changes of the weight on the way; default 10. */
  readonly steps?: number
}

interface ServerDefaults extends CheckTimingOptions {
  /** How packets reach the servers; default 'dr' (keepalived: NAT). */
  readonly forward?: IpvsForward
  /** With 'tun'. */
  readonly tunnel?: IpvsTunnel
  /** Default 1; 0 gets no new connections. */
  readonly weight?: number
  /**
   * A server that is down stays, with weight 0, in place of being removed: its connections go on. Default: whether the
   * scheduler is mh or sh with its fallback flag, where that keeps everybody else's clients in place (keepalived: false).
   */
  readonly inhibitOnFailure?: boolean
  /** Default: at once. */
  readonly slowStart?: number | SlowStartOptions
}

/** What is run, without a shell: program and arguments. */
export type NotifyCommand = readonly [file: string, ...args: string[]]

export interface RealServerOptions extends ServerDefaults {
  readonly address: string
  /** Default: that of the service (keepalived: for fwmark 0). */
  readonly port?: number
  readonly upperThreshold?: number
  readonly lowerThreshold?: number
  /** All must pass. Without any the server is up. Default: those of the service. */
  readonly checks?: readonly (CheckOptions | Probe)[]
  /** Takes no new connections: out for maintenance, the ones there are go on. */
  readonly drain?: boolean
  readonly notifyUp?: NotifyCommand
  readonly notifyDown?: NotifyCommand
}

/** In the place of the real servers when the quorum is lost; never checked. Weight 1. */
export interface SorryServerOptions {
  readonly address: string
  /** Default: that of the service. */
  readonly port?: number
  /** Default: that of the service. */
  readonly forward?: IpvsForward
  readonly tunnel?: IpvsTunnel
  /** Stays, with weight 0, while it is not needed; default false. */
  readonly inhibit?: boolean
}

/** 'sh-port' and the like are names for 'flag-1' (fallback) and 'flag-2' (port). */
export type SchedulerFlagName =
  | 'flag-1'
  | 'flag-2'
  | 'flag-3'
  | 'sh-fallback'
  | 'sh-port'
  | 'mh-fallback'
  | 'mh-port'

export interface VirtualServiceOptions extends ServerDefaults {
  /** What reports call it; default: 'tcp 10.0.1.100:80' or 'fwmark 7'. */
  readonly name?: string
  /** Address and port, or a `fwmark`. IPv4 or IPv6. */
  readonly address?: string
  readonly port?: number
  /** Default 'tcp' (keepalived: UDP if left out). */
  readonly protocol?: IpvsProtocol
  /** The mark that the firewall gives to its packets, in place of address and port. */
  readonly fwmark?: number
  /** Of a fwmark; default 4. */
  readonly family?: 4 | 6
  /** Of a fwmark: the VIPs that its packets are for, for the gates of those. */
  readonly vips?: readonly string[]
  /** Default 'wlc'. */
  readonly scheduler?: string
  readonly flags?: readonly SchedulerFlagName[]
  /** Or seconds alone. */
  readonly persistence?: number | IpvsPersistence
  readonly onePacket?: boolean
  /** Of servers that have none of their own; the target is each server. */
  readonly checks?: readonly (CheckOptions | Probe)[]
  /** Default: not. `true`: with the defaults. */
  readonly passive?: boolean | PassiveCheckOptions
  readonly servers: readonly RealServerOptions[]
  readonly sorryServer?: SorryServerOptions
  /** Weight of servers that are up that the service needs; default 1. More than there is: what there is. */
  readonly quorum?: number
  /** The quorum is gained at quorum + hysteresis, lost below quorum - hysteresis; default 0. */
  readonly hysteresis?: number
  /** At a stop the servers and the quorum are reported as down (`notifyDown`, `quorumDown`) as well; default false. */
  readonly omega?: boolean
  readonly quorumUp?: NotifyCommand
  readonly quorumDown?: NotifyCommand
  /**
   * So many servers stay in the table however many fail: those that failed last. They do not count for the quorum. Default
   * 0. For those who would rather have some clients served than none, when it may be the check that is wrong.
   */
  readonly keepLast?: number
  /** Seconds that a server which is taken out of the configuration keeps its connections, at weight 0; default 0. */
  readonly drainTimeout?: number
  /**
   * The order of destinations decides the tables of mh, sh and dh; directors agree if they have it by address and port.
   * New ones come last, so what lies behind one has to be removed and added again. 'idle' (the default) does that when
   * none of those has a connection, 'always' at once (their connections wait for some microseconds, with
   * `expire_nodest_conn` 0; with 1 they end), 'never' not at all.
   */
  readonly reorder?: 'idle' | 'always' | 'never'
}

/** What the announcement of a VIP follows. */
export interface VipPolicyOptions {
  /** Which of its services must serve; default 'all'. */
  readonly services?: 'all' | 'any'
  /** A service whose sorry server stands in serves; default true. */
  readonly sorry?: boolean
}

/** Everything here but functions in place of checks can be written in YAML. */
export interface DirectorOptions {
  readonly services: readonly VirtualServiceOptions[]
  /** Where nothing is said: the defaults given with each option, or keepalived's. Default 'own'. */
  readonly defaults?: 'own' | 'keepalived'
  /** By address; default: all services of it, a sorry server counting as service. */
  readonly vips?: Readonly<Record<string, VipPolicyOptions>>
  /** Of the kernel's connection table; what is left out stays as it is. */
  readonly timeouts?: Partial<IpvsTimeouts>
  /** From one comparison of the kernel's table with what is wanted to the next; default 10. */
  readonly reconcileInterval?: number
  /** Back-off after a failure of the kernel: at first, doubled up to; default 1 and 30. */
  readonly retryInterval?: number
  readonly maximumRetryInterval?: number
  /** At a stop the services stay as they are in the kernel; default false. */
  readonly keepOnStop?: boolean
  /**
   * Start although the kernel has no IPVS, or this process no right to it (CAP_NET_ADMIN): servers are checked, the gates
   * of VIPs stay closed, and it is tried again until it can be done. Default false: `Director.start` rejects. Losing the
   * right later is always waited out.
   */
  readonly waitForPlane?: boolean
  /** Checks and gates alone: nothing in the kernel is read or written. */
  readonly checksOnly?: boolean
}
