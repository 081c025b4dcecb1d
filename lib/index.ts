/**
 * The public names of `ospf-speaker`, one by one.
 *
 * @example
 * ```ts
 * import { healthy, http, OspfSpeaker } from 'ospf-speaker'
 *
 * await using speaker = await OspfSpeaker.start({
 *   routerId: '10.0.1.133',
 *   areas: { '0.0.0.0': { interfaces: { eth0: { priority: 0 } } } },
 * })
 * speaker.announce('10.0.1.100/32', { when: healthy(http('http://127.0.0.1:8080/ready')) })
 * for await (const event of speaker) console.log(formatEvent(event))
 * ```
 */

export type {
  AnnouncementEvent,
  AnnouncementState,
  AnnouncementStepEvent,
  DrainOptions,
  GatePolicy,
  GateVerdict,
  StepTimes,
} from './announcement.ts'
export { Announcement } from './announcement.ts'
export type {
  AreaOptions,
  InterfaceOptions,
  NssaOptions,
  RangeOptions,
  TtlSecurityOptions,
  VirtualLinkOptions,
} from './area-options.ts'
export type {
  AuthAlgorithm,
  AuthenticationOptions,
  KeyOptions,
  LifetimeOptions,
} from './authentication-options.ts'
export type {
  CheckData,
  Config,
  ConfigProblem,
  ConfigSource,
  ConfigText,
  ConfigWorld,
  LvsData,
  ReadConfig,
  VipData,
} from './configuration.ts'
export { formatProblem, readConfig, validateConfig } from './configuration.ts'
export type { ConfiguredEvent, ConfiguredWorld, Trial, TrialEnd } from './configured.ts'
export { ConfiguredSpeaker } from './configured.ts'
export { openDataPlane, openServiceFile } from './configured-director.ts'
export type { AuthenticationSnapshot } from './core/authentication.ts'
export type { DropReason, MismatchField, OspfEvent } from './core/events.ts'
export type { NetworkType } from './core/io.ts'
export type { Limits } from './core/limits.ts'
export type { LsaThrottle } from './core/originate.ts'
export type { SpfDelayConfig } from './core/spf-delay.ts'
export type { InterfaceState, NeighborState } from './core/states.ts'
export type { Attack } from './core/suspicions.ts'
export type { DirectorHelperOptions } from './director-helper.ts'
export type { OspfErrorCode } from './errors.ts'
export { OspfError } from './errors.ts'
export type { KernelWhat, SpeakerEvent } from './events.ts'
export { formatEvent } from './events.ts'
export type { Evidence } from './gate-verdict.ts'
export type { CombineOptions, WeightedOptions } from './health/combine.ts'
export { all, any, atLeast, damped, weighted } from './health/combine.ts'
export type { CommandOptions } from './health/command.ts'
export { command } from './health/command.ts'
export type { DampedGate, DampingOptions } from './health/damping.ts'
export type { Dialogue } from './health/dialogue.ts'
export type { DnsOptions, DnsOutcome, DnsType } from './health/dns.ts'
export { dns } from './health/dns.ts'
export type { FileOptions } from './health/file.ts'
export { file } from './health/file.ts'
export type { Gate, Override, ProbeStatus, Verdict } from './health/gate.ts'
export type { GrpcOptions } from './health/grpc.ts'
export { grpc } from './health/grpc.ts'
export type { HealthyOptions } from './health/healthy.ts'
export { healthy } from './health/healthy.ts'
export type { HttpOptions, HttpStatus } from './health/http.ts'
export { http } from './health/http.ts'
export type { IcmpOptions } from './health/icmp.ts'
export { icmp } from './health/icmp.ts'
export type { OverrideGate, OverrideOptions } from './health/override.ts'
export { override } from './health/override.ts'
export type { PanicOptions } from './health/panic.ts'
export { panic } from './health/panic.ts'
export type { GatePart } from './health/part.ts'
export type { Probe } from './health/probe.ts'
export type { SelfOptions } from './health/self.ts'
export { self } from './health/self.ts'
export type { SmtpOptions } from './health/smtp.ts'
export { smtp } from './health/smtp.ts'
export type { TcpOptions, TcpTarget } from './health/tcp.ts'
export { tcp } from './health/tcp.ts'
export type { TlsOptions } from './health/tls.ts'
export { tls } from './health/tls.ts'
export type { UdpOptions } from './health/udp.ts'
export { udp } from './health/udp.ts'
export type { HeardRouter } from './heard.ts'
export { formatHeard } from './heard.ts'
export type { Speaker } from './isolate/isolated.ts'
export type { AnnouncementHandle } from './isolate/remote-announcement.ts'
export type {
  KeepalivedConfig,
  KeepalivedConversion,
  KeepalivedConversionOptions,
  KeepalivedExplanation,
  KeepalivedImport,
  KeepalivedImportOptions,
  KeepalivedReport,
  KeepalivedVip,
  KeepalivedWarning,
} from './keepalived.ts'
export { convertKeepalived, explainKeepalived, readKeepalived } from './keepalived.ts'
export { keepalivedGate } from './keepalived-gates.ts'
export type { KernelRouteOptions, ResilientGroupOptions } from './kernel-options.ts'
export type { ListenOptions, ListenReport, ListenWorld } from './listen.ts'
export { listenForOspf } from './listen.ts'
export type { DirectorPlan, DirectorPorts, DirectorStartOptions, VipHooks } from './lvs/director.ts'
export { Director } from './lvs/director.ts'
export type { DirectorEvent, ServerState } from './lvs/director-events.ts'
export { formatDirectorEvent } from './lvs/director-events.ts'
export type {
  CheckOptions,
  CheckTargetOptions,
  CheckTimingOptions,
  DirectorOptions,
  DnsCheckOptions,
  FileCheckOptions,
  HttpCheckOptions,
  HttpUrlOptions,
  MiscCheckOptions,
  NotifyCommand,
  PassiveCheckOptions,
  PingCheckOptions,
  ProbeCheckOptions,
  RealServerOptions,
  SchedulerFlagName,
  SlowStartOptions,
  SmtpCheckOptions,
  SorryServerOptions,
  TcpCheckOptions,
  TlsCheckOptions,
  TlsCheckSettings,
  UdpCheckOptions,
  VipPolicyOptions,
  VirtualServiceOptions,
} from './lvs/director-options.ts'
export type {
  CheckStatus,
  DirectorStatus,
  PlaneStatus,
  ServerStatus,
  ServiceStatus,
  SorryStatus,
  TrafficStatus,
} from './lvs/director-status.ts'
export type { IpvsConnectionsOptions } from './lvs/ipvs.ts'
export { Ipvs } from './lvs/ipvs.ts'
export type { IpvsTable, IpvsTableEntry } from './lvs/ipvsadm.ts'
export { formatIpvsadm, parseIpvsadm, restoreIpvs, saveIpvs } from './lvs/ipvsadm.ts'
export type { OwnedService, ServiceStore } from './lvs/ledger.ts'
export type { NftablesOptions } from './lvs/nftables.ts'
export { Nftables } from './lvs/nftables.ts'
export type { PlanStep } from './lvs/plan.ts'
export type { PoolStanding } from './lvs/pool.ts'
export type { ServerDrainResult } from './lvs/pool-server.ts'
export type { PreflightOptions, PreflightReport, PreflightWorld } from './lvs/preflight.ts'
export { formatPreflight, preflight } from './lvs/preflight.ts'
export type { PreflightFinding, PreflightRole, PreflightService } from './lvs/preflight-checks.ts'
export type { RealServerHost, RealServerWorld } from './lvs/real-server.ts'
export { findRealServer, realServer } from './lvs/real-server.ts'
export type { RealServerHostOptions } from './lvs/real-server-options.ts'
export type { RealServerStatus } from './lvs/real-server-status.ts'
export { formatRealServer } from './lvs/real-server-status.ts'
export { ServiceFile } from './lvs/service-file.ts'
export type {
  IpvsConnection,
  IpvsDaemon,
  IpvsDestination,
  IpvsDestinationState,
  IpvsEndpoint,
  IpvsForward,
  IpvsInfo,
  IpvsPersistence,
  IpvsPort,
  IpvsProtocol,
  IpvsScheduler,
  IpvsSchedulerFlag,
  IpvsService,
  IpvsServiceKey,
  IpvsServiceState,
  IpvsStatistics,
  IpvsTimeouts,
  IpvsTunnel,
} from './lvs/types.ts'
export type { AnyEvent, EventRecord } from './observe/event-record.ts'
export { eventRecord } from './observe/event-record.ts'
export type { HookOptions, HookTopic } from './observe/hook-options.ts'
export type { EventSource, HookCounts, Hooks, HooksOptions } from './observe/hooks.ts'
export { startHooks } from './observe/hooks.ts'
export type { Metrics, MetricsFormat, MetricsOptions, MetricsText } from './observe/metrics.ts'
export { speakerMetrics } from './observe/metrics.ts'
export type { MetricsServer, MetricsServerOptions } from './observe/metrics-server.ts'
export { metricsServer } from './observe/metrics-server.ts'
export type { MetricsSpeaker } from './observe/protocol-metrics.ts'
export type { ServiceNotifier, ServiceNotifierOptions } from './observe/service-notifier.ts'
export { serviceNotifier } from './observe/service-notifier.ts'
export type { MetricsDirector, MetricsGate } from './observe/vip-metrics.ts'
export type { OpaqueOptions } from './opaque.ts'
export { OriginatedOpaque } from './opaque.ts'
export type {
  AddressOptions,
  ExternalOptions,
  IsolatedSpeakerOptions,
  IsolateOptions,
  SpeakerOptions,
  StubRouterOptions,
  StubRouterTimesOptions,
} from './options.ts'
export type {
  PoliciesOptions,
  PolicyOptions,
  RouteMapEntryOptions,
  RouteMapMatch,
  RouteMapSet,
} from './policy.ts'
export type {
  AddressPort,
  Clock,
  DatagramPort,
  DatagramSocket,
  KernelRouteView,
  KernelStatus,
  Link,
  LinkPort,
  RouteSink,
  RouteSource,
  SourceChange,
  SourceRoute,
  SourceRouteType,
  SysctlPort,
} from './ports.ts'
export type { PrefixListOptions, PrefixRuleOptions } from './prefix-list.ts'
export type { StopOptions, StopResult } from './quiet.ts'
export type { ReconfigureResult } from './reconfigure.ts'
export type {
  DefaultInformationOptions,
  RedistributeFrom,
  RedistributeOptions,
  SummaryAddressOptions,
} from './redistribute-options.ts'
export type { ResetOptions } from './reset.ts'
export type { RouterHelperOptions } from './router-helper.ts'
export type { SequenceStore } from './sequence-store.ts'
export { OspfSpeaker } from './speaker.ts'
export type { SpfRun } from './spf-log.ts'
export type { StaticRouteOptions, StaticRoutes, StaticRoutesOptions } from './static-routes.ts'
export { installStaticRoutes } from './static-routes.ts'
export type { AreaView, RouterView, StatusView } from './status.ts'
export type { SysctlEvent, SysctlFinding } from './sysctl.ts'
export type {
  InterfaceView,
  LsaId,
  LsaView,
  NeighborView,
  NextHopView,
  OpaqueView,
  PacketCounts,
  RouteView,
} from './views.ts'
export type { AnnounceOptions } from './vip.ts'
export type {
  Acknowledgement,
  Cause,
  Confirmation,
  DownResult,
  StepName,
  StepReport,
  VipChange,
} from './vip-history.ts'
export { formatChange } from './vip-history.ts'
export type { AnnouncementGroup } from './vip-list.ts'
export type { VitalsView } from './vitals.ts'
export type { RouteDifferenceView, WhatIfChange } from './what-if.ts'
export { formatWhatIf } from './what-if.ts'
export type { PathStep, WhyCandidate, WhyView } from './why.ts'
export { formatWhy } from './why.ts'
export type { SpeakerPorts } from './world.ts'
export { kernelLinks, kernelRoutes } from './world.ts'
