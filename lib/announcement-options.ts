/** What an announcement is told, and what it tells. */
import type { GateVerdict } from './gate-verdict.ts'
import type { AddressPort, Clock } from './ports.ts'
import type { Cause, Confirmation, StepReport } from './vip-history.ts'

/**
 * 'degraded' is announced as the last resort; 'draining' still announced, while its connections end; 'down' and
 * 'drained' can come up again; 'withdrawn' is the end.
 */
export type AnnouncementState = 'down' | 'up' | 'degraded' | 'draining' | 'drained' | 'withdrawn'

/** The state changed, or the reason for it. */
export interface AnnouncementEvent {
  readonly type: 'announcement'
  readonly prefix: string
  readonly was: AnnouncementState
  readonly state: AnnouncementState
  readonly cause: Cause
  readonly reason: string
  /** Milliseconds on the clock handed in. */
  readonly at: number
}

/** A step on the way up or down is over. */
export interface AnnouncementStepEvent extends StepReport {
  readonly type: 'announcement-step'
  readonly prefix: string
}

/** The VIP as an address of this host: there before it is first announced, removed at the very end. */
export interface AddressStep {
  readonly port: AddressPort
  /** 'lo', usually. */
  readonly device: string
  readonly address: number
  readonly prefixLength: number
  /** As `ip addr` shows it; default: the device. */
  readonly label?: string
}

/** What becomes of a VIP that is announced when its gate closes: 'degrade' and 'keep' are for those who prefer a sick server to none. */
export type GatePolicy = 'withdraw' | 'degrade' | 'keep'

/** How long steps may take, in seconds. */
export interface StepTimes {
  /** For the data plane to be ready; default 30. */
  readonly prepare?: number
  /** For connections to end when draining; default 60. */
  readonly drain?: number
  /** For the routers' acknowledgements; default 6, as BIRD takes 2.5 s and a lost one 5 s. */
  readonly acknowledge?: number
  /** For the data plane to go; default 10. */
  readonly release?: number
}

/** Decides whether a VIP whose gate is closed is to be announced, as the last resort, all the same. */
export interface GateGuard {
  /** @param again to be called when the answer may have become another; `reconsider` does the same from outside. */
  decide(
    isAnnounced: boolean,
    again: () => void,
  ): { readonly stays: boolean; readonly reason: string }
  /** The gate is open again, or somebody else has the last word. */
  forget(): void
}

export interface AnnouncementOptions {
  /** As text, for events and errors: '10.0.1.100/32'. */
  readonly prefix: string
  /** The gate; without one the VIP is up at once. No verdict yet, one that ended or threw: all unhealthy. */
  readonly when?: AsyncIterable<GateVerdict>
  /** What a gate that closes does; default 'withdraw'. Also 'degrade' and 'keep' need it to have been open once. */
  readonly onFail?: GatePolicy
  /** Advertises the prefix. Must not throw. */
  readonly announce: () => void
  /** Advertises it as the last resort. Must not throw. */
  readonly degrade?: () => void
  /** Takes it back. Only ever called after `announce`. Must not throw. */
  readonly withdraw: () => void
  /** Resolves when the routers have acknowledged the latest word. The signal aborts when nobody wants to know. */
  readonly confirm?: (signal: AbortSignal) => Promise<Confirmation>
  /** Waited for between the withdrawal and what follows it, while routers may still send traffic here. */
  readonly hold?: () => Promise<void>
  /** Asks the routers for no new connections, or for them again. @returns whether they do as asked */
  readonly stopNew?: (stop: boolean) => boolean
  /** Makes the data plane ready: an IPVS service, a listener. Called before the first announcement, until it resolves. */
  readonly prepare?: (signal: AbortSignal) => void | Promise<void>
  /** Takes the data plane down. Called once, at the very end, if `prepare` succeeded or there is none. */
  readonly release?: (signal: AbortSignal) => void | Promise<void>
  /** How many connections there are; a drain waits for 0. */
  readonly connections?: () => number | Promise<number>
  readonly times?: StepTimes
  /** Seconds that the announcement lives unless it is renewed; default: it needs no renewal. */
  readonly lease?: number
  /** Has a say when the gate is closed, once it has been open. */
  readonly guard?: GateGuard
  /** From now on `announce` advertises it at this cost. Throws if that cannot be. */
  readonly setCost?: (cost: number) => void
  /** From now on it asks for this share of the traffic. Throws if that cannot be. */
  readonly setWeight?: (weight: number) => void
  /** Must not throw. */
  readonly onChange?: (event: AnnouncementEvent) => void
  /** Must not throw. */
  readonly onStep?: (event: AnnouncementStepEvent) => void
  readonly address?: AddressStep
  /** Default: the machine's. */
  readonly clock?: Clock
}

export interface DrainOptions {
  /** Seconds to wait for connections to end; default: `times.drain`. */
  readonly timeout?: number
  readonly reason?: string
}
