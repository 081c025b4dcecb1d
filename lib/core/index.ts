/** The public names of `ospf-speaker/core`: the protocol without I/O, for those who bring their own loop. */

export type { DropReason, MismatchField, OspfEvent } from './events.ts'
export { formatEvent } from './events.ts'
export type {
  ConfigChange,
  Datagram,
  Instant,
  InterfaceConfig,
  LinkState,
  NetworkType,
  NextHop,
  Output,
  PathType,
  Route,
  RouteChange,
  StubPrefix,
} from './io.ts'
export type { Limits, RouterOptions } from './router.ts'
export { defaultLimits, Router } from './router.ts'
export type {
  Counters,
  InterfaceSnapshot,
  LsaSnapshot,
  NeighborSnapshot,
} from './snapshots.ts'
export type { SpfDelayConfig } from './spf-delay.ts'
export { defaultSpfDelay } from './spf-delay.ts'
export type { InterfaceState, NeighborState } from './states.ts'
