/**
 * What crosses between an application and the child process that speaks OSPF for it: plain values, each of them in one
 * of two unions. Times are milliseconds on the application's monotonic clock. What the child says is bounded by what the
 * application has taken (outbox.ts); what the application says, by what it asks for.
 */
import type { AnnouncementState, DrainOptions, GateVerdict } from '../announcement.ts'
import type { OspfErrorCode } from '../errors.ts'
import type { SpeakerEvent } from '../events.ts'
import type { OpaqueOptions } from '../opaque.ts'
import type { SpeakerOptions, StubRouterOptions } from '../options.ts'
import type { PolicyOptions } from '../policy.ts'
import type { KernelStatus } from '../ports.ts'
import type { StopOptions } from '../quiet.ts'
import type { ResetOptions } from '../reset.ts'
import type { SpfRun } from '../spf-log.ts'
import type { StatusView } from '../status.ts'
import type { SysctlFinding } from '../sysctl.ts'
import type { InterfaceView, LsaView, NeighborView, OpaqueView, RouteView } from '../views.ts'
import type { AnnounceOptions } from '../vip.ts'
import type { VipChange } from '../vip-history.ts'
import type { WhatIfChange } from '../what-if.ts'

/** Options without what cannot leave its process. */
export type PlainOptions = Omit<SpeakerOptions, 'signal' | 'sequenceStore' | 'isolate'>

/** What stands behind a VIP and stays in the application. */
export type HookName = 'prepare' | 'release' | 'connections'

/** What the application asks for and waits for; the answer has the same `id`. */
export type Request =
  | {
      readonly do: 'start'
      readonly options: PlainOptions
      readonly hasStore: boolean
      /** Seconds without a word from the application that VIPs live; undefined: for as long as the child. */
      readonly lease: number | undefined
      /** Where the application's clock began, in milliseconds on the machine's. */
      readonly origin: number
    }
  | { readonly do: 'stop'; readonly options: StopOptions }
  | { readonly do: 'reconfigure'; readonly options: PlainOptions }
  | { readonly do: 'drain'; readonly options: DrainOptions }
  | { readonly do: 'drain-vip'; readonly announcement: number; readonly options: DrainOptions }
  | { readonly do: 'stop-vip'; readonly announcement: number; readonly reason: string }
  | { readonly do: 'refresh' }
  | { readonly do: 'why'; readonly destination: string }
  | { readonly do: 'what-if'; readonly changes: WhatIfChange | readonly WhatIfChange[] }

/** What it asks for and does not wait for. */
export type Command =
  | {
      readonly do: 'announce'
      readonly announcement: number
      readonly vip: string
      readonly options: Omit<AnnounceOptions, 'when' | HookName>
      readonly hooks: readonly HookName[]
    }
  | { readonly do: 'verdict'; readonly announcement: number; readonly verdict: GateVerdict }
  | {
      readonly do: 'force'
      readonly announcement: number
      readonly state: 'up' | 'down' | undefined
      readonly reason: string
    }
  | { readonly do: 'undrain-vip'; readonly announcement: number; readonly reason: string }
  | { readonly do: 'renew'; readonly announcement: number; readonly seconds: number }
  | { readonly do: 'set-cost'; readonly announcement: number; readonly cost: number }
  | { readonly do: 'set-weight'; readonly announcement: number; readonly weight: number }
  | { readonly do: 'reconsider'; readonly announcement: number }
  | { readonly do: 'undrain' }
  | { readonly do: 'reset'; readonly which: ResetOptions }
  | { readonly do: 'stub-router'; readonly how: boolean | StubRouterOptions }
  | { readonly do: 'accept'; readonly accept: PolicyOptions | undefined }
  /** Originates it, or gives it other data. */
  | { readonly do: 'opaque'; readonly name: string; readonly options: OpaqueOptions }
  | { readonly do: 'withdraw-opaque'; readonly name: string }
  /** The application lives, and has taken so many events and the snapshot of this number. */
  | { readonly do: 'alive'; readonly events: number; readonly snapshot: number }

export type ToChild =
  | { readonly type: 'request'; readonly id: number; readonly request: Request }
  | { readonly type: 'command'; readonly command: Command }
  /** To a `call`. */
  | { readonly type: 'answer'; readonly id: number; readonly result: Result }

/** How something ended that was asked for. */
export type Result =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: PlainError }

/** An error without its prototype. */
export interface PlainError {
  readonly code: OspfErrorCode | undefined
  readonly errno: string | undefined
  readonly message: string
}

/** An event whose error, if it has one, is plain. */
export type PlainEvent =
  | Exclude<SpeakerEvent, { readonly type: 'error' }>
  | (Omit<Extract<SpeakerEvent, { readonly type: 'error' }>, 'error'> & {
      readonly error: PlainError
    })

/** What the child calls in the application. */
export type Call =
  | { readonly do: HookName; readonly announcement: number }
  | { readonly do: 'load' }
  | { readonly do: 'save'; readonly count: number }

/** What the application can look at without asking: pushed when it changes, and at least every second. */
export interface Snapshot {
  readonly status: StatusView
  readonly neighbors: readonly NeighborView[]
  readonly interfaces: readonly InterfaceView[]
  readonly kernelSettings: readonly SysctlFinding[]
  readonly kernel: KernelStatus | undefined
  /** Undefined: as before. */
  readonly routes: readonly RouteView[] | undefined
  /** Those that have changed. */
  readonly announcements: readonly AnnouncementSnapshot[]
}

/** What is sent when it is asked for. */
export interface FullSnapshot extends Snapshot {
  readonly database: readonly LsaView[]
  readonly opaques: readonly OpaqueView[]
  readonly hostnames: ReadonlyMap<string, string>
  readonly spf: readonly SpfRun[]
}

export interface AnnouncementSnapshot {
  readonly announcement: number
  readonly state: AnnouncementState
  readonly reason: string
  readonly since: number
  readonly history: readonly VipChange[]
  readonly lines: readonly string[]
}

export type FromChild =
  | { readonly type: 'answer'; readonly id: number; readonly result: Result }
  | { readonly type: 'call'; readonly id: number; readonly call: Call }
  /** Nobody waits for the answer to a call any more. */
  | { readonly type: 'cancel'; readonly id: number; readonly reason: string }
  | {
      readonly type: 'events'
      readonly events: readonly PlainEvent[]
      /** How the announcements stand that they are about. */
      readonly announcements: readonly AnnouncementSnapshot[]
    }
  | { readonly type: 'snapshot'; readonly number: number; readonly snapshot: Snapshot }
