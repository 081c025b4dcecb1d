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

export type { AnnouncementEvent, AnnouncementState, GateVerdict } from './announcement.ts'
export { Announcement } from './announcement.ts'
export type { DropReason, MismatchField, OspfEvent } from './core/events.ts'
export type { NetworkType } from './core/io.ts'
export type { Limits } from './core/router.ts'
export type { SpfDelayConfig } from './core/spf-delay.ts'
export type { InterfaceState, NeighborState } from './core/states.ts'
export type { OspfErrorCode } from './errors.ts'
export { OspfError } from './errors.ts'
export type { SpeakerEvent } from './events.ts'
export { formatEvent } from './events.ts'
export type { Gate, HealthyOptions, Verdict } from './health/healthy.ts'
export { healthy } from './health/healthy.ts'
export type { HttpOptions, HttpStatus } from './health/http.ts'
export { http } from './health/http.ts'
export type { Probe } from './health/probe.ts'
export type { TcpOptions, TcpTarget } from './health/tcp.ts'
export { tcp } from './health/tcp.ts'
export type {
  AddressOptions,
  AreaOptions,
  InterfaceOptions,
  KernelRouteOptions,
  SpeakerOptions,
} from './options.ts'
export type {
  AddressPort,
  Clock,
  DatagramPort,
  DatagramSocket,
  Link,
  LinkPort,
  RouteSink,
} from './ports.ts'
export type { AnnounceOptions, SpeakerPorts, StopOptions, StopResult } from './speaker.ts'
export { kernelLinks, OspfSpeaker } from './speaker.ts'
export type { InterfaceView, LsaView, NeighborView, RouteView } from './views.ts'
