/** The public names of `ospf-speaker/core`: the protocol without I/O, for those who bring their own loop. */

export { defaultAreaConfig } from './area.ts'
export type { AuthenticationSnapshot } from './authentication.ts'
export type { DropReason, MismatchField, OspfEvent } from './events.ts'
export { formatEvent } from './events.ts'
export type {
  AreaConfig,
  AreaRange,
  AuthenticationConfig,
  ChainKey,
  ConfigChange,
  ConfiguredNeighbor,
  Datagram,
  ExternalPrefix,
  ExternalSource,
  Instant,
  InterfaceConfig,
  Lifetime,
  LinkState,
  NetworkType,
  NextHop,
  NssaConfig,
  OpaqueId,
  OpaqueScope,
  Output,
  PathType,
  PrefixRule,
  Route,
  RouteChange,
  RouterInformationConfig,
  StubPrefix,
  StubRouter,
  SummaryAddress,
} from './io.ts'
export type { Limits } from './limits.ts'
export { defaultLimits } from './limits.ts'
export type { OpaqueSnapshot } from './opaque.ts'
export type { LsaThrottle } from './originate.ts'
export { defaultLsaThrottle } from './originate.ts'
export type { Path, Step } from './paths.ts'
export type { AbrType, RouterOptions } from './router.ts'
export { Router } from './router.ts'
export type { TableRoute } from './routes.ts'
export type {
  Counters,
  InterfaceSnapshot,
  LsaSnapshot,
  NeighborSnapshot,
} from './snapshots.ts'
export type { SpfDelayConfig } from './spf-delay.ts'
export { defaultRouteDelay, defaultSpfDelay } from './spf-delay.ts'
export type { InterfaceState, NeighborState } from './states.ts'
export type { Attack } from './suspicions.ts'
export type { HypotheticalChange, LinkChoice, RouteDifference } from './what-if.ts'
export { NothingToChange } from './what-if.ts'
export type { Candidate, Explanation } from './why.ts'
