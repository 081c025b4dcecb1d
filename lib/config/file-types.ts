/** What a configuration file says, as data: the shapes that the schema describes. */
import type { DampingOptions } from '../health/damping.ts'
import type { DirectorOptions } from '../lvs/director-options.ts'
import type { NftablesOptions } from '../lvs/nftables.ts'
import type { HookOptions } from '../observe/hook-options.ts'
import type { IsolateOptions, SpeakerOptions } from '../options.ts'
import type { StaticRouteOptions } from '../static-routes.ts'
import type { AnnounceOptions } from '../vip.ts'

/** What a check may be, the first that it says: 'tls' beside 'http' and 'grpc' is an option of theirs. */
export const checkKinds = [
  'http',
  'grpc',
  'tcp',
  'tls',
  'udp',
  'dns',
  'icmp',
  'command',
  'file',
  'trackedFile',
  'self',
  'all',
  'any',
  'atLeast',
  'weighted',
] as const
export type CheckKind = (typeof checkKinds)[number]

type Word = 'up' | 'down' | 'maintenance'

/** Of every check. */
export interface CheckModifiers {
  readonly name?: string
  readonly damping?: boolean | DampingOptions
  readonly overrideFile?: string
  readonly overrideInterval?: number
  readonly overrideSignals?: Readonly<Partial<Record<NodeJS.Signals, Word>>>
}

/** The options of a kind stand beside it; the schema has looked at them. */
export interface CheckObject extends CheckModifiers {
  readonly [field: string]: unknown
}

/** The name of a check, or a check. */
export type CheckData = string | CheckObject

/** A VIP in a file: an announcement without what is code. */
export interface VipData
  extends Omit<AnnounceOptions, 'when' | 'prepare' | 'release' | 'connections'> {
  readonly when?: CheckData | readonly CheckData[]
  /** It follows the services of its address, beside its own checks; default: where there are some. */
  readonly lvs?: boolean
}

/** A director in a file: what a director is asked, and who holds its services. */
export interface LvsData extends DirectorOptions {
  /** Default: the kernel's IPVS. 'none': checks and gates alone, as with `checksOnly`. */
  readonly dataPlane?: 'ipvs' | 'none' | 'nftables' | NftablesData
  /**
   * Remembers over a crash which services of IPVS are ours; see `ServiceFile`. Default: what who starts the speaker
   * says (`ospf-speaker run`: a file in /run/ospf-speaker for each network namespace), else none. `false`: none.
   */
  readonly stateFile?: string | false
}

/** nftables, where the kernel has no IPVS; see `Nftables` for what it cannot do. */
export interface NftablesData extends Omit<NftablesOptions, 'keepOnClose' | 'onError'> {
  readonly type: 'nftables'
}

/** A file. */
export interface ConfigData extends Omit<SpeakerOptions, 'signal' | 'sequenceStore' | 'isolate'> {
  readonly isolate?: boolean | IsolateOptions
  /** Keeps the boot count of AuType 3 over restarts. */
  readonly sequenceFile?: string
  /** In the kernel while the speaker runs. */
  readonly staticRoutes?: readonly StaticRouteOptions[]
  /** Virtual services. */
  readonly lvs?: LvsData
  readonly checks?: Readonly<Record<string, CheckData>>
  readonly vips?: Readonly<Record<string, VipData | null>>
  readonly socket?: string
  /** Where metrics are served: 'ADDRESS:PORT', or the path of a unix socket. */
  readonly metrics?: string
  readonly hooks?: readonly HookOptions[]
  readonly log?: 'error' | 'warning' | 'info' | 'debug'
}
