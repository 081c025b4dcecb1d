/** What is read of Quagga's and FRR's files: the shapes that the importer fills and the command line takes. */
import type { AreaOptions, RangeOptions } from '../area-options.ts'
import type { RouteMapEntryOptions } from '../policy.ts'
import type { PrefixRuleOptions } from '../prefix-list.ts'
import type { FrrAuthentication, KeyChains } from './frr-authentication.ts'
import type { Feature } from './frr-pending.ts'

export interface FrrFile {
  /** As it shall stand in messages. */
  readonly name: string
  readonly text: string
}

/** Where something stands. Lines count from 1. */
export interface FrrPlace {
  readonly file: string
  readonly line: number
}

/** A statement that was understood and changes nothing here. Passwords are not repeated. */
export interface FrrNotice extends FrrPlace {
  readonly statement: string
  /** Why it is not done here; undefined: it is about managing a daemon, and there is nothing to do. */
  readonly reason?: string
}

export interface FrrProblem extends FrrPlace {
  readonly message: string
}

/** `network P/L area A`: addresses within the prefix take part in the area; host bits are cleared. */
export interface FrrNetwork extends FrrPlace {
  readonly prefix: string
  readonly length: number
  readonly area: string
}

/** `ip address A/L` under an interface: an address the device shall have. */
export interface FrrAddress extends FrrPlace {
  readonly device: string
  readonly address: string
  readonly length: number
}

/** `ip route`: a route that the host shall have, through a gateway, out of a device, or nowhere. */
export interface FrrStaticRoute extends FrrPlace {
  readonly prefix: string
  readonly gateway?: string
  readonly interface?: string
  readonly onLink?: true
  readonly discard?: 'blackhole' | 'unreachable'
  /** Default 1. */
  readonly distance?: number
  readonly tag?: number
  /** Default: main. */
  readonly table?: number
  /** In its table, and by its devices. */
  readonly vrf?: string
}

/** `neighbor A.B.C.D`: whom to send Hellos to, on the interface that has the address in its network. */
export interface FrrNeighbor extends FrrPlace {
  readonly address: string
  /** Stated as 0: it is never Designated Router. */
  readonly priority?: number
  /** Seconds; FRR's default is 60. */
  readonly pollInterval?: number
}

/** What can be said of one address of an interface, or of all of them. Times in seconds. */
export interface FrrInterfaceSettings {
  /** `ip ospf area`. */
  area?: string
  cost?: number
  helloInterval?: number
  /** Four times the hello interval when only that was given, as in FRR. */
  deadInterval?: number
  /** `ip ospf dead-interval minimal hello-multiplier`: Hellos in the dead interval of one second. */
  helloMultiplier?: number
  retransmitInterval?: number
  transmitDelay?: number
  priority?: number
  passive?: boolean
  mtuIgnore?: boolean
  prefixSuppression?: boolean
  authentication?: FrrAuthentication
}

/** What was said of one interface. */
export interface FrrInterface extends FrrInterfaceSettings {
  network?: 'broadcast' | 'nbma' | 'point-to-point' | 'point-to-multipoint'
  /** `point-to-multipoint non-broadcast`. */
  nonBroadcast?: boolean
  /** `bandwidth`: Mbit/s, in place of the speed that the device has. */
  bandwidth?: number
  /** `ip ospf cost 10 10.0.1.1` and the like: what is said of one address goes before what is said of all. */
  byAddress?: Record<string, FrrInterfaceSettings>
}

/** A virtual link, by the Router ID of its other end. Times in seconds. */
export interface FrrVirtualLink {
  helloInterval?: number
  deadInterval?: number
  retransmitInterval?: number
  transmitDelay?: number
  authentication?: FrrAuthentication
}

/** What was said of an area, in the words of the speaker's options. */
export interface FrrArea
  extends Pick<
    AreaOptions,
    'type' | 'summaries' | 'defaultCost' | 'importList' | 'exportList' | 'nssa'
  > {
  readonly ranges?: Readonly<Record<string, RangeOptions>>
  readonly virtualLinks?: Readonly<Record<string, FrrVirtualLink>>
}

/** Routes of one kind that are told to others as AS externals. */
export interface FrrRedistribute {
  readonly metric?: number
  readonly type?: 1 | 2
  /** `distribute-list`: which; default all. */
  readonly filter?: readonly PrefixRuleOptions[]
  /** By name. */
  readonly routeMap?: string
}

/** `default-information originate`. */
export interface FrrDefaultInformation {
  readonly always: boolean
  readonly metric?: number
  readonly type?: 1 | 2
  readonly tag?: number
  /** Whether it is told depends on this one, by name. */
  readonly routeMap?: string
}

export interface FrrOptions {
  readonly hostname?: string
  /** `router-info`: a Router Information LSA is sent, with the hostname in it, which FRR leaves out. */
  readonly routerInformation?: 'area' | 'as'
  readonly routerId: string
  /** `router ospf vrf NAME`: on the devices of this VRF alone; default: on those of none. */
  readonly vrf?: string
  /** What `interface NAME vrf VRF` says, by device. */
  readonly interfaceVrfs?: Readonly<Record<string, string>>
  /** `area N authentication`, by area; interfaces may say otherwise. */
  readonly areaAuthentication?: Readonly<Record<string, 'simple' | 'message-digest'>>
  readonly keyChains?: KeyChains
  /** By Area ID. */
  readonly areas?: Readonly<Record<string, FrrArea>>
  readonly networks: readonly FrrNetwork[]
  /** By device name. */
  readonly interfaces: Readonly<Record<string, FrrInterface>>
  readonly neighbors?: readonly FrrNeighbor[]
  readonly addresses: readonly FrrAddress[]
  /** `ip route`. */
  readonly staticRoutes?: readonly FrrStaticRoute[]
  /** `passive-interface default`: interfaces that do not say otherwise are passive. */
  readonly passiveDefault: boolean
  /** `ip protocol ospf route-map`. False when it denies every route: learn, install nothing. */
  readonly installRoutes: boolean | { readonly accept: { readonly routeMap: string } }
  /** Those that are named above. */
  readonly routeMaps?: Readonly<Record<string, readonly RouteMapEntryOptions[]>>
  /** By protocol, in FRR's words. */
  readonly redistribute?: Readonly<Record<string, FrrRedistribute>>
  readonly defaultInformation?: FrrDefaultInformation
  /** `summary-address`, by prefix. */
  readonly summaryAddresses?: Readonly<
    Record<string, { readonly advertise: boolean; readonly tag?: number }>
  >
  readonly abrType?: 'cisco' | 'standard' | 'ibm'
  /** `compatible rfc1583`, which FRR and Quagga leave off. */
  readonly rfc1583Compatibility: boolean
  /** `max-metric router-lsa`: always, or for a time in seconds. */
  readonly stubRouter?: {
    readonly always?: true
    readonly onStartup?: number
    readonly onShutdown?: number
  }
  readonly maximumPaths?: number
  /** Mbit/s that cost 1, for interfaces without a cost. FRR's own default is 100000, whatever its manual says. */
  readonly referenceBandwidth?: number
  /** Costs as Quagga 0.99 has them: by `bandwidth` alone, and 10 on a loopback. */
  readonly quaggaCosts?: boolean
  /** `timers throttle spf`: delay, first and longest hold time, in seconds. */
  readonly spfThrottle?: {
    readonly delay: number
    readonly hold: number
    readonly maximumHold: number
  }
  /** `timers throttle lsa all`: MinLSInterval, in seconds. */
  readonly minLsInterval?: number
  /** `timers lsa min-arrival`: MinLSArrival, in seconds. */
  readonly minLsArrival?: number
}

export interface FrrImportOptions {
  /** Whose defaults count where nothing is said; default 'frr'. */
  readonly compat?: FrrCompat
  /** What the speaker has no options for; default: what it lacks today. */
  readonly lacks?: ReadonlySet<Feature>
}

export const frrCompats = ['frr', 'quagga-0.99'] as const
export type FrrCompat = (typeof frrCompats)[number]

export interface FrrImport {
  /** Undefined when there are errors. */
  readonly options: FrrOptions | undefined
  readonly accepted: readonly FrrNotice[]
  readonly errors: readonly FrrProblem[]
}
