/**
 * The names that users may import, entry by entry. Whoever changes a list here changes what the package promises:
 * a name that is gone breaks somebody, a name that is new must be kept.
 */
import { readFileSync } from 'node:fs'
import t from 'tap'
import * as core from '../lib/core/index.ts'
import * as root from '../lib/index.ts'
import * as sim from '../lib/sim/index.ts'
import * as wire from '../lib/wire/index.ts'

const words = (text: string): string[] => text.trim().split(/\s+/).sort()

interface Entry {
  readonly source: string
  readonly module: object
  readonly values: readonly string[]
  readonly types: readonly string[]
}

const entries: Record<string, Entry> = {
  'ospf-speaker': {
    source: 'lib/index.ts',
    module: root,
    values: words(`
      Announcement ConfiguredSpeaker Director Ipvs Nftables OriginatedOpaque OspfError OspfSpeaker
      ServiceFile formatHeard listenForOspf
      all any atLeast command convertKeepalived damped dns eventRecord explainKeepalived file
      findRealServer formatChange formatDirectorEvent formatEvent formatIpvsadm formatPreflight
      formatProblem formatRealServer formatWhatIf formatWhy grpc healthy http icmp
      installStaticRoutes keepalivedGate kernelLinks kernelRoutes metricsServer openDataPlane openServiceFile override panic
      parseIpvsadm preflight readConfig readKeepalived realServer restoreIpvs saveIpvs self
      serviceNotifier smtp speakerMetrics startHooks tcp tls udp validateConfig weighted
    `),
    types: words(`
      Acknowledgement AddressOptions AddressPort AnnounceOptions AnnouncementEvent
      AnnouncementGroup AnnouncementHandle AnnouncementState AnnouncementStepEvent AnyEvent
      AreaOptions AreaView Attack AuthAlgorithm AuthenticationOptions AuthenticationSnapshot Cause
      CheckData CheckOptions CheckStatus CheckTargetOptions CheckTimingOptions Clock
      CombineOptions CommandOptions Config ConfigProblem ConfigSource ConfigText ConfigWorld
      ConfiguredEvent ConfiguredWorld Confirmation DampedGate DampingOptions DatagramPort
      DatagramSocket DefaultInformationOptions Dialogue DirectorEvent DirectorHelperOptions
      DirectorOptions DirectorPlan DirectorPorts DirectorStartOptions DirectorStatus
      DnsCheckOptions DnsOptions DnsOutcome DnsType DownResult DrainOptions DropReason EventRecord
      EventSource Evidence ExternalOptions FileCheckOptions FileOptions Gate GatePart GatePolicy
      GateVerdict GrpcOptions HealthyOptions HookCounts HookOptions HookTopic Hooks HooksOptions
      HttpCheckOptions HttpOptions HttpStatus HttpUrlOptions IcmpOptions InterfaceOptions
      InterfaceState InterfaceView IpvsConnection IpvsConnectionsOptions IpvsDaemon
      IpvsDestination IpvsDestinationState IpvsEndpoint IpvsForward IpvsInfo IpvsPersistence
      IpvsPort IpvsProtocol IpvsScheduler IpvsSchedulerFlag IpvsService IpvsServiceKey
      IpvsServiceState IpvsStatistics IpvsTable IpvsTableEntry IpvsTimeouts IpvsTunnel
      IsolateOptions IsolatedSpeakerOptions KeepalivedConfig KeepalivedConversion
      KeepalivedConversionOptions KeepalivedExplanation KeepalivedImport KeepalivedImportOptions
      KeepalivedReport KeepalivedVip KeepalivedWarning KernelRouteOptions KernelRouteView KernelStatus KernelWhat
      KeyOptions LifetimeOptions Limits Link LinkPort LsaId LsaThrottle LsaView LvsData Metrics
      MetricsDirector MetricsFormat MetricsGate MetricsOptions MetricsServer MetricsServerOptions
      MetricsSpeaker MetricsText MiscCheckOptions MismatchField NeighborState NeighborView
      NetworkType NextHopView NftablesOptions NotifyCommand NssaOptions OpaqueOptions OpaqueView
      HeardRouter ListenOptions ListenReport ListenWorld OwnedService PlaneStatus ServiceStore
      OspfErrorCode OspfEvent Override OverrideGate OverrideOptions PacketCounts PanicOptions
      PassiveCheckOptions PathStep PingCheckOptions PlanStep PoliciesOptions PolicyOptions
      PoolStanding PrefixListOptions PrefixRuleOptions PreflightFinding PreflightOptions
      PreflightReport PreflightRole PreflightService PreflightWorld Probe ProbeCheckOptions
      ProbeStatus RangeOptions ReadConfig RealServerHost RealServerHostOptions RealServerOptions
      RealServerStatus RealServerWorld ReconfigureResult RedistributeFrom RedistributeOptions
      ResetOptions ResilientGroupOptions RouteDifferenceView RouteMapEntryOptions RouteMapMatch
      RouteMapSet RouteSink RouteSource RouteView RouterHelperOptions RouterView SchedulerFlagName
      SelfOptions SequenceStore ServerDrainResult ServerState ServerStatus ServiceNotifier
      ServiceNotifierOptions ServiceStatus SlowStartOptions SmtpCheckOptions SmtpOptions
      SorryServerOptions SorryStatus SourceChange SourceRoute SourceRouteType Speaker SpeakerEvent
      SpeakerOptions SpeakerPorts SpfDelayConfig SpfRun StaticRouteOptions StaticRoutes
      StaticRoutesOptions StatusView StepName StepReport StepTimes StopOptions StopResult
      StubRouterOptions StubRouterTimesOptions SummaryAddressOptions SysctlEvent SysctlFinding
      SysctlPort TcpCheckOptions TcpOptions TcpTarget TlsCheckOptions TlsCheckSettings TlsOptions
      TrafficStatus Trial TrialEnd TtlSecurityOptions UdpCheckOptions UdpOptions Verdict VipChange
      VipData VipHooks VipPolicyOptions VirtualLinkOptions VirtualServiceOptions VitalsView
      WeightedOptions WhatIfChange WhyCandidate WhyView
    `),
  },
  'ospf-speaker/core': {
    source: 'lib/core/index.ts',
    module: core,
    values: words(`
      NothingToChange Router defaultAreaConfig defaultLimits defaultLsaThrottle defaultRouteDelay
      defaultSpfDelay formatEvent
    `),
    types: words(`
      AbrType AreaConfig AreaRange Attack AuthenticationConfig AuthenticationSnapshot Candidate
      ChainKey ConfigChange ConfiguredNeighbor Counters Datagram DropReason Explanation
      ExternalPrefix ExternalSource HypotheticalChange Instant InterfaceConfig InterfaceSnapshot
      InterfaceState Lifetime Limits LinkChoice LinkState LsaSnapshot LsaThrottle MismatchField
      NeighborSnapshot NeighborState NetworkType NextHop NssaConfig OpaqueId OpaqueScope
      OpaqueSnapshot OspfEvent Output Path PathType PrefixRule Route RouteChange RouteDifference
      RouterInformationConfig RouterOptions SpfDelayConfig Step StubPrefix StubRouter
      SummaryAddress TableRoute
    `),
  },
  'ospf-speaker/wire': {
    source: 'lib/wire/index.ts',
    module: wire,
    values: words(`
      AuType DecodeError InformationalCapability LSA_HEADER_LENGTH LsType
      OPAQUE_ROUTER_INFORMATION Option PACKET_HEADER_LENGTH PacketType Reader RouterInformationTlv
      Writer authAlgorithms checkSeal checkSimple decodeLsa decodeLsaHeader decodePacket
      decodePacketHeader decodeRawLsa decodeRouterInformation decodeTlv encodeLsa encodeLsaHeader
      encodePacket encodeRouterInformation encodeTlv fletcher fletcherOk formatIpv4 formatOptions
      formatPrefix ipChecksum lengthOfMask lsaKey maskOf networkOf opaqueLsId optionNames
      parseIpv4 pcapHeader pcapRecord readPcap readSeal sealCryptographic sealOctets sealSimple
      verifyChecksum withAge
    `),
    types: words(`
      AgedLsa AuthAlgorithm AuthKey CapturedPacket DatabaseDescriptionBody DatabaseDescriptionFlags
      DecodeErrorCode Digests ExternalLsaBody ExternalPath ExternalTos HashName HelloBody Ipv4
      LsAckBody LsRequest LsRequestBody LsUpdateBody Lsa LsaBody LsaHeader NetworkLsaBody
      OpaqueLsaBody Packet PacketBody PacketHeader PcapFrame RawLsa RouterInformation RouterLink
      RouterLinkTos RouterLsaBody Seal SummaryLsaBody SummaryTos Tlv UnknownLsaBody
    `),
  },
  'ospf-speaker/sim': {
    source: 'lib/sim/index.ts',
    module: sim,
    values: words(`
      Attachment ClockEvent Fib MemoryIpvs Network Random Safety Segment SimHost SimNode
      SimRouteTable SimRouter VirtualClock befall drawFaults equalDatabases flowHash formatFault
      hopOf mend noForwardingLoop noHalfAdjacency oracleRoutes play readGml readTopology
      retransmissionListsEmpty routesEqualOracle settled shorten tally
    `),
    types: words(`
      Conditions Connection CoreOptions CoreRouter Ending Fault Flow Freeze IpvsCall Member
      MemoryIpvsOptions NetworkOptions OracleRoute RecordedEvent SegmentOptions SimPorts SimRoute
      Story TappedPacket TrafficCounters
    `),
  },
}

/** The names that an entry file exports, apart: values and types. It re-exports one by one, so its text tells. */
function exportsOf(source: string): { values: string[]; types: string[] } {
  const values: string[] = []
  const types: string[] = []
  const text = readFileSync(source, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
  for (const [, type, list] of text.matchAll(/export (type )?\{([^}]*)\} from/g)) {
    for (const item of list!.split(',').map((part) => part.trim())) {
      if (item === '') continue
      if (type !== undefined || item.startsWith('type ')) types.push(item.replace(/^type /, ''))
      else values.push(item)
    }
  }
  return { values: values.sort(), types: types.sort() }
}

for (const [name, { source, module, values, types }] of Object.entries(entries)) {
  t.test(name, async (t) => {
    const written = exportsOf(source)
    t.same(written.types, types, 'types')
    t.same(written.values, values, 'values')
    t.same(Object.keys(module).sort(), written.values, 'the module has what its text says')
  })
}

t.test('nothing is exported by the dozen', async (t) => {
  for (const { source } of Object.values(entries)) {
    t.notMatch(readFileSync(source, 'utf8'), /export \*/, source)
  }
})
