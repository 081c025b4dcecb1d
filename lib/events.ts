/** What a speaker can say: the router's events and its own, as one union, one formatter and one stream. */
import createDebug from 'debug'
import type { AnnouncementEvent, AnnouncementStepEvent } from './announcement.ts'
import { formatEvent as formatRouterEvent, type OspfEvent } from './core/events.ts'
import type { RouteChange } from './core/io.ts'
import { EventStream as Stream } from './event-stream.ts'
import type { StubRouterEvent } from './stub-router.ts'
import type { SysctlEvent } from './sysctl.ts'
import { formatStep } from './vip-history.ts'
import { formatPrefix } from './wire/address.ts'

export type SpeakerEvent =
  | OspfEvent
  | AnnouncementEvent
  | AnnouncementStepEvent
  | StubRouterEvent
  | {
      /** Other options are in effect; what changed, a line each. */
      readonly type: 'reconfigured'
      readonly changes: readonly string[]
    }
  | {
      /** An interface of the configuration cannot take part yet; it will as soon as it can. */
      readonly type: 'waiting'
      readonly interface: string
      readonly for: 'device' | 'link' | 'address'
    }
  | {
      /** The table changed: prefixes whose routes were set (new or different) and removed. */
      readonly type: 'routes'
      readonly set: readonly string[]
      readonly removed: readonly string[]
    }
  | {
      /** The machine slept or was paused, for about so many seconds. */
      readonly type: 'resumed'
      readonly seconds: number
    }
  | {
      /** Something outside the protocol failed: a socket, the kernel. It is tried again. */
      readonly type: 'error'
      readonly where: string
      readonly error: Error
      /** How often the same failed since it was last said, which is at most once a minute. */
      readonly repeated?: number
    }
  | {
      /** What became of a route in the kernel, other than what we asked for. */
      readonly type: 'kernel'
      readonly what: KernelWhat
      readonly prefix: string | undefined
      readonly detail: string
    }
  /** A kernel parameter that the router helper looks after. */
  | SysctlEvent
  | {
      /** The reader of this stream was too slow; so many events are not in it. */
      readonly type: 'lost'
      readonly count: number
    }
  /** The speaker stopped; the last event. */
  | { readonly type: 'stopped' }

/** What the calculation changed, for those who listen. */
export function routesEvent(changes: readonly RouteChange[]): SpeakerEvent {
  const set: string[] = []
  const removed: string[] = []
  for (const change of changes) {
    if (change.type === 'replace') set.push(formatPrefix(change.route.prefix, change.route.length))
    else removed.push(formatPrefix(change.prefix, change.length))
  }
  return { type: 'routes', set, removed }
}

/**
 * - `mode`: how several next hops are installed.
 * - `forbidden`: no route is installed, since we may not (CAP_NET_ADMIN).
 * - `refused`: the kernel refused a route. `foreign`: somebody else's is in its place. `lost`: somebody removed it.
 * - `group`: somebody removed or changed a next-hop group. `uncollected`: one that nobody needs could not be removed.
 * - `leftover`: a route of an earlier life was adopted or deleted; or, without a prefix, how many are deleted now and why.
 * - `overrun`, `unreadable`: what is known of the table was, or is, out of date.
 */
export type KernelWhat =
  | 'mode'
  | 'forbidden'
  | 'refused'
  | 'foreign'
  | 'lost'
  | 'group'
  | 'uncollected'
  | 'leftover'
  | 'overrun'
  | 'unreadable'

/** Formats an event as one line for a log. */
export function formatEvent(event: SpeakerEvent): string {
  switch (event.type) {
    case 'announcement':
      return `VIP ${event.prefix}: ${event.was} -> ${event.state} (${event.reason})`
    case 'announcement-step':
      return `VIP ${event.prefix}: ${formatStep(event)}`
    case 'stub-router': {
      const whose = stubRouterBy[event.why]
      const time = event.seconds === undefined ? '' : ` for ${event.seconds} s`
      return event.active ? `stub router ${whose}${time}` : `no stub router ${whose} any more`
    }
    case 'reconfigured':
      return `reconfigured: ${event.changes.join('; ') || 'nothing changed'}`
    case 'waiting':
      return `interface ${event.interface} waits: ${waitingFor[event.for]}`
    case 'routes': {
      const what = [
        event.set.length > 0 ? `${list(event.set)} set` : '',
        event.removed.length > 0 ? `${list(event.removed)} removed` : '',
      ]
      return `routes: ${what.filter((part) => part !== '').join(', ')}`
    }
    case 'resumed':
      return `resumed after a pause of ${event.seconds.toFixed(1)} s`
    case 'error':
      return `${event.where}: ${event.error.message}`
    case 'kernel':
      return `kernel route${event.prefix === undefined ? 's' : ` ${event.prefix}`}: ${event.what}: ${event.detail}`
    case 'sysctl': {
      const { name, value, wanted, what } = event
      const change = `${name} is ${value ?? 'not there'}, ${sysctlWords[what]} ${wanted}`
      return `${change} (${event.why})${event.detail === undefined ? '' : `: ${event.detail}`}`
    }
    case 'lost':
      return `${event.count} events lost: the reader is too slow`
    case 'stopped':
      return 'stopped'
    default:
      return formatRouterEvent(event)
  }
}

const stubRouterBy = {
  configured: 'by configuration',
  request: 'by request',
  'start-up': 'on start-up',
  shutdown: 'on shutdown',
  drain: 'while drained',
} as const

const waitingFor = {
  device: 'there is no such device',
  link: 'the link is down',
  address: 'it has no IPv4 address',
} as const

const sysctlWords = {
  differs: 'should be',
  set: 'set to',
  restored: 'set back to',
  refused: 'could not be set to',
} as const

const LISTED = 5
const list = (prefixes: readonly string[]): string =>
  prefixes.length <= LISTED
    ? prefixes.join(' ')
    : `${prefixes.slice(0, LISTED).join(' ')} and ${prefixes.length - LISTED} more`

const debugProtocol = createDebug('ospf:protocol')
const debugAnnouncement = createDebug('ospf:announcement')
const debugRoutes = createDebug('ospf:routes')
const debugSpeaker = createDebug('ospf:speaker')
const logs: Partial<Record<SpeakerEvent['type'], createDebug.Debugger>> = {
  spf: createDebug('ospf:spf'),
  routes: debugRoutes,
  kernel: debugRoutes,
  sysctl: debugRoutes,
  announcement: debugAnnouncement,
  'announcement-step': debugAnnouncement,
  'stub-router': debugSpeaker,
  reconfigured: debugSpeaker,
  waiting: debugSpeaker,
  resumed: debugSpeaker,
  error: debugSpeaker,
  stopped: debugSpeaker,
}

/** Any number of readers of the same events, each at its own speed. */
export class EventStream extends Stream<SpeakerEvent> {
  readonly #name: string

  /**
   * @param name stands before each line of debug output.
   * @param limit events kept for a slow reader.
   */
  constructor(name: string, limit: number) {
    super({ limit, lost: (count) => ({ type: 'lost', count }) })
    this.#name = name
  }

  override push(event: SpeakerEvent): void {
    const log = logs[event.type] ?? debugProtocol
    if (log.enabled) log('%s %s', this.#name, formatEvent(event))
    super.push(event)
  }
}
