/** What a keepalived.conf says, as plain values: the shapes that the importer fills. Times are seconds. */
import type {
  IpvsForward,
  IpvsPersistence,
  IpvsProtocol,
  IpvsSchedulerFlag,
  IpvsTunnel,
} from '../lvs/types.ts'

/** Where something stands. Lines count from 1. */
export interface KeepalivedPlace {
  readonly file: string
  readonly line: number
}

/**
 * - 'unknown-keyword': passed over, as keepalived does
 * - 'value': what was written is not what it must be, and was dropped
 * - 'syntax': braces and quotes
 * - 'include': a file that is not there, or cannot be read
 * - 'deprecated': an old word, taken as it is meant
 * - 'changed': keepalived makes something else of it, and so do we
 * - 'limit': too long, too deep or too large; nothing is taken over
 */
export type KeepalivedReportKind =
  | 'unknown-keyword'
  | 'value'
  | 'syntax'
  | 'include'
  | 'deprecated'
  | 'changed'
  | 'limit'

export interface KeepalivedReport extends Partial<KeepalivedPlace> {
  readonly kind: KeepalivedReportKind
  readonly message: string
}

/** A statement that was understood and has no effect here. */
export interface KeepalivedNotice extends KeepalivedPlace {
  readonly keyword: string
  readonly reason: string
}

/** A program with its arguments, as it stands in the file. */
export interface KeepalivedScript {
  readonly command: readonly string[]
  readonly user?: string
  readonly group?: string
}

export interface KeepalivedSyncDaemon {
  readonly device: string
  /** Runs as master while this vrrp_instance is; without one, master and backup both run. */
  readonly instance?: string
  readonly id?: number
  readonly maximumLength?: number
  readonly port?: number
  readonly ttl?: number
  readonly group?: string
}

export interface KeepalivedGlobal {
  readonly routerId?: string
  readonly notificationEmail: readonly string[]
  readonly notificationEmailFrom?: string
  readonly smtpServer?: string
  readonly smtpAlert?: boolean
  readonly smtpAlertChecker?: boolean
  readonly checkerLogAllFailures: boolean
  /** Seconds; 0 leaves what the kernel has. */
  readonly lvsTimeouts: { readonly tcp?: number; readonly tcpFin?: number; readonly udp?: number }
  /** Remove what is in IPVS at the start. */
  readonly lvsFlush: boolean
  readonly lvsFlushOnStop: 'no' | 'all' | 'virtual-servers'
  readonly lvsSyncDaemon?: KeepalivedSyncDaemon
  readonly notifyFifo?: string
  readonly notifyFifoScript?: KeepalivedScript
  readonly lvsNotifyFifo?: string
  readonly lvsNotifyFifoScript?: KeepalivedScript
  readonly rsInitNotifies: boolean
  readonly scriptUser?: { readonly user: string; readonly group?: string }
  readonly enableScriptSecurity: boolean
  readonly netNamespace?: string
  readonly netNamespaceIpvs?: string
  readonly instance?: string
  readonly startupScript?: KeepalivedScript
  readonly shutdownScript?: KeepalivedScript
}

export interface KeepalivedSsl {
  readonly password?: string
  readonly ca?: string
  readonly certificate?: string
  readonly key?: string
}

/** One line of a virtual_server_group. The ends of a range count. */
export type KeepalivedGroupEntry =
  | { readonly first: string; readonly last: string; readonly port: number }
  | { readonly fwmark: number; readonly family?: 4 | 6 }

export interface KeepalivedGroup extends KeepalivedPlace {
  readonly name: string
  readonly entries: readonly KeepalivedGroupEntry[]
}

export type KeepalivedTarget =
  | { readonly address: string; readonly port: number }
  | { readonly fwmark: number }
  | { readonly group: string }

/** What checkers of a real server over the network have in common. */
export interface KeepalivedConnection {
  readonly address: string
  readonly port: number
  readonly bindAddress?: string
  readonly bindPort?: number
  readonly bindDevice?: string
  /** SO_MARK. */
  readonly fwmark?: number
  readonly connectTimeout: number
}

/** What every checker that is run again and again has. */
export interface KeepalivedSchedule {
  readonly delayLoop: number
  /** Attempts after a failed one: it takes `retry + 1` failures in a row. */
  readonly retry: number
  readonly delayBeforeRetry: number
  /** The first check comes within so many seconds, at random, after the first second. */
  readonly warmup: number
  readonly logAllFailures: boolean
}

export interface KeepalivedUrl {
  readonly path: string
  /** MD5 of the body, hexadecimal. */
  readonly digest?: string
  /** First and last of each range. */
  readonly statusCodes: readonly (readonly [number, number])[]
  readonly virtualHost?: string
  readonly regex?: string
  /** The body must not match. */
  readonly regexNoMatch: boolean
  readonly regexOptions: readonly string[]
  readonly regexMinOffset?: number
  readonly regexMaxOffset?: number
}

interface Common extends KeepalivedPlace {
  /** Counts as failed until it has succeeded. */
  readonly alpha: boolean
}
interface Network extends Common, KeepalivedSchedule {
  readonly connection: KeepalivedConnection
}

export type KeepalivedChecker =
  | (Network & { readonly type: 'TCP_CHECK' })
  | (Network & { readonly type: 'PING_CHECK' })
  | (Network & {
      readonly type: 'HTTP_GET' | 'SSL_GET'
      readonly urls: readonly KeepalivedUrl[]
      readonly virtualHost?: string
      readonly httpProtocol: '1.0' | '1.0C' | '1.1'
      readonly sni: boolean
      readonly sniName?: string
      readonly fastRecovery: boolean
    })
  | (Network & { readonly type: 'SMTP_CHECK'; readonly heloName: string })
  | (Network & { readonly type: 'DNS_CHECK'; readonly queryType: string; readonly name: string })
  | (Network & {
      readonly type: 'UDP_CHECK'
      /** Hexadecimal. */
      readonly payload?: string
      /** Hexadecimal, x for any digit; empty: any answer will do. */
      readonly requireReply?: string
      readonly minReplyLength: number
      readonly maxReplyLength: number
    })
  | (Common &
      KeepalivedSchedule & {
        readonly type: 'MISC_CHECK'
        readonly script: KeepalivedScript
        readonly timeout: number
        /** Exit statuses from 2 on are weights. */
        readonly dynamic: boolean
      })
  | (Common & { readonly type: 'BFD_CHECK'; readonly name: string })
  | (KeepalivedPlace & {
      readonly type: 'FILE_CHECK'
      readonly trackFile: string
      /** 0: the file's value other than 0 is a failure; else value times weight is added to the server's weight. */
      readonly weight: number
      readonly reverse: boolean
    })

export interface KeepalivedForward {
  readonly forward: Extract<IpvsForward, 'nat' | 'dr' | 'tun'>
  readonly tunnel?: IpvsTunnel
}

export interface KeepalivedRealServer extends KeepalivedPlace, KeepalivedForward {
  readonly address: string
  readonly port: number
  readonly weight: number
  readonly upperThreshold: number
  readonly lowerThreshold: number
  readonly inhibitOnFailure: boolean
  readonly alpha: boolean
  readonly notifyUp?: KeepalivedScript
  readonly notifyDown?: KeepalivedScript
  readonly smtpAlert: boolean
  readonly virtualHost?: string
  readonly snmpName?: string
  readonly checkers: readonly KeepalivedChecker[]
}

export interface KeepalivedSorryServer extends KeepalivedPlace, KeepalivedForward {
  readonly address: string
  readonly port: number
  readonly inhibit: boolean
}

export interface KeepalivedVirtualServer extends KeepalivedPlace {
  readonly target: KeepalivedTarget
  /** Of a firewall mark alone there is none. */
  readonly protocol?: IpvsProtocol
  readonly family: 4 | 6
  readonly scheduler: string
  readonly flags: readonly IpvsSchedulerFlag[]
  readonly onePacket: boolean
  readonly persistence?: IpvsPersistence
  /** Checkers are paused while the VIP is not on this host. */
  readonly haSuspend: boolean
  readonly alpha: boolean
  readonly omega: boolean
  readonly quorum: number
  readonly hysteresis: number
  readonly quorumUp?: KeepalivedScript
  readonly quorumDown?: KeepalivedScript
  readonly smtpAlert: boolean
  readonly virtualHost?: string
  readonly snmpName?: string
  readonly sorryServer?: KeepalivedSorryServer
  readonly realServers: readonly KeepalivedRealServer[]
}

export interface KeepalivedTrackFile extends KeepalivedPlace {
  readonly name: string
  readonly path: string
  readonly weight: number
  readonly reverse: boolean
  /** Written when the file is not there, or, with `overwrite`, in any case. */
  readonly initial?: { readonly value: number; readonly overwrite: boolean }
}

export interface KeepalivedTrackScript extends KeepalivedPlace {
  readonly name: string
  readonly script: KeepalivedScript
  /** Default 1. */
  readonly interval: number
  /** Default: the interval. */
  readonly timeout: number
  /** 0: a failure takes the instance down; else it is added to the priority. */
  readonly weight: number
  readonly reverse: boolean
  readonly rise: number
  readonly fall: number
  readonly initFail: boolean
}

export interface KeepalivedTrackProcess extends KeepalivedPlace {
  readonly name: string
  readonly process: readonly string[]
  readonly quorum: number
  readonly weight: number
}

export interface KeepalivedBfd extends KeepalivedPlace {
  readonly name: string
  readonly neighbor?: string
  readonly source?: string
  /** Milliseconds. */
  readonly minRx: number
  readonly minTx: number
  readonly idleTx: number
  readonly multiplier: number
  readonly passive: boolean
  readonly ttl?: number
  readonly maxHops?: number
}

/** What an instance follows, with the weight that it gives where it says so. */
export interface KeepalivedTracked {
  readonly name: string
  readonly weight?: number
  readonly reverse?: boolean
}

export interface KeepalivedAddress extends KeepalivedPlace {
  readonly address: string
  readonly length: number
  readonly device?: string
}

export interface KeepalivedInstance extends KeepalivedPlace {
  readonly name: string
  readonly state?: 'MASTER' | 'BACKUP'
  readonly device?: string
  readonly virtualRouterId?: number
  readonly priority?: number
  readonly addresses: readonly KeepalivedAddress[]
  /** virtual_ipaddress_excluded: not in the advertisements, but on the host just the same. */
  readonly excludedAddresses: readonly KeepalivedAddress[]
  readonly trackScripts: readonly KeepalivedTracked[]
  readonly trackFiles: readonly KeepalivedTracked[]
  readonly trackProcesses: readonly KeepalivedTracked[]
  readonly trackInterfaces: readonly KeepalivedTracked[]
  readonly trackBfds: readonly KeepalivedTracked[]
}

export interface KeepalivedSyncGroup extends KeepalivedPlace {
  readonly name: string
  readonly members: readonly string[]
  readonly trackScripts: readonly KeepalivedTracked[]
  readonly trackFiles: readonly KeepalivedTracked[]
}

export interface KeepalivedConfig {
  readonly global: KeepalivedGlobal
  readonly ssl?: KeepalivedSsl
  readonly groups: readonly KeepalivedGroup[]
  readonly virtualServers: readonly KeepalivedVirtualServer[]
  readonly trackFiles: readonly KeepalivedTrackFile[]
  readonly trackScripts: readonly KeepalivedTrackScript[]
  readonly trackProcesses: readonly KeepalivedTrackProcess[]
  readonly bfd: readonly KeepalivedBfd[]
  readonly instances: readonly KeepalivedInstance[]
  readonly syncGroups: readonly KeepalivedSyncGroup[]
  /** `static_ipaddress`: addresses that the host shall have. */
  readonly staticAddresses: readonly KeepalivedAddress[]
}

export interface KeepalivedLimits {
  /** Files inside of files, and definitions inside of definitions. Default 32. */
  readonly depth?: number
  /** Characters of all files together. Default 4 Mi. */
  readonly size?: number
  /** Lines, with what definitions and sequences expand to. Default 200,000. */
  readonly lines?: number
  /** Characters of a line, expanded. Default 16 Ki. */
  readonly line?: number
}

/** Where files come from; the importer itself touches none. Both throw an Error that says why. */
export interface KeepalivedFiles {
  read(path: string): string
  /** The files that a pattern names, in order; relative ones are looked for in the directory. */
  match(pattern: string, directory: string): readonly string[]
}

export interface KeepalivedImportOptions {
  /** `-i`: lines that begin with `@ID ` count only for this one. */
  readonly configId?: string
  /** `${_INSTANCE}`, where the file has no `instance` of its own. */
  readonly instance?: string
  /** `${_ENV NAME}`. Default: none. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** For `${_RANDOM}`: from 0 up to 1. Default: always 0. */
  readonly random?: () => number
  readonly limits?: KeepalivedLimits
}

export interface KeepalivedImport {
  /** Undefined when a limit was met, or keepalived would not start either. */
  readonly config: KeepalivedConfig | undefined
  /** In the order of their finding. */
  readonly reports: readonly KeepalivedReport[]
  readonly notices: readonly KeepalivedNotice[]
}
