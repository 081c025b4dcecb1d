/** What a director can say: one union, one formatter. */
import type { OspfErrorCode } from '../errors.ts'
import type { PlanStep } from './plan.ts'
import { formatStep } from './plan.ts'

export type ServerState = 'unknown' | 'up' | 'down'

export type DirectorEvent =
  | {
      /** A real server's health changed, or the reason for it. */
      readonly type: 'server'
      readonly service: string
      readonly server: string
      readonly was: ServerState
      readonly state: ServerState
      readonly reason: string
      /** Milliseconds on the clock handed in. */
      readonly at: number
    }
  | {
      /** Its weight changed: a check says so, it starts slowly, or it drains. */
      readonly type: 'weight'
      readonly service: string
      readonly server: string
      readonly was: number
      readonly weight: number
      readonly reason: string
      readonly at: number
    }
  | {
      /** A service gained or lost its quorum. */
      readonly type: 'quorum'
      readonly service: string
      readonly gained: boolean
      /** Of the servers that are up. */
      readonly weight: number
      readonly quorum: number
      readonly hysteresis: number
      readonly reason: string
      readonly at: number
    }
  | {
      /** The sorry server stands in, or does not any more. */
      readonly type: 'sorry'
      readonly service: string
      readonly server: string
      readonly active: boolean
      readonly at: number
    }
  | {
      /** A server takes no new connections any more: begun; no connection is left, or the time is over; or taken back. */
      readonly type: 'drain'
      readonly service: string
      readonly server: string
      readonly what: 'begun' | 'done' | 'expired' | 'undone'
      readonly connections: number
      readonly at: number
    }
  | {
      /**
       * What became of a service in the kernel: there before, and ours from now on; given up; left behind; or left alone,
       * since it is no more as an earlier life of this director had left it.
       */
      readonly type: 'service'
      readonly service: string
      readonly what: 'added' | 'adopted' | 'removed' | 'kept' | 'disowned'
      readonly at: number
    }
  | {
      /** What is ours cannot be read or written down: a crash now would leave services that nobody removes. */
      readonly type: 'store'
      readonly error: Error
      readonly at: number
    }
  | {
      /** Somebody else changed our part of the table; it is put back. What was found, a line each. */
      readonly type: 'drift'
      readonly found: readonly string[]
      readonly at: number
    }
  | {
      /** The kernel refused something; it is tried again. `step` is undefined if the table could not be read. */
      readonly type: 'refused'
      readonly step: PlanStep | undefined
      readonly error: Error
      /** Seconds until the next attempt. */
      readonly again: number
      readonly at: number
    }
  | {
      /** The kernel's table as a whole can be read and written, or cannot: `code` says why (see `PlaneStatus`). */
      readonly type: 'plane'
      readonly ready: boolean
      readonly code: OspfErrorCode | undefined
      readonly reason: string | undefined
      readonly at: number
    }
  | {
      /** A setting that refuses clients, or cannot do what it seems to. */
      readonly type: 'warning'
      readonly service: string
      readonly text: string
      readonly at: number
    }
  | {
      /** Other options are in effect; what changed, a line each. */
      readonly type: 'updated'
      readonly changes: readonly string[]
      readonly at: number
    }
  | {
      /** A notify command failed. */
      readonly type: 'notify'
      readonly command: readonly string[]
      readonly error: Error
      readonly at: number
    }
  | {
      /** The reader of this stream was too slow; so many events are not in it. */
      readonly type: 'lost'
      readonly count: number
    }
  | { readonly type: 'stopped'; readonly at: number }

/** What the kernel's words leave out. */
function remedyOf(code: OspfErrorCode | undefined, reason = ''): string {
  if (code === 'ERR_OSPF_PERMISSION' && !reason.includes('CAP_'))
    return ' (CAP_NET_ADMIN is missing)'
  return code === 'ERR_OSPF_IPVS_ABSENT' && !reason.includes('modprobe') ? ' (modprobe ip_vs)' : ''
}

/** Formats an event as one line for a log. */
export function formatDirectorEvent(event: DirectorEvent): string {
  switch (event.type) {
    case 'server':
      return `${event.service}: server ${event.server}: ${event.was} -> ${event.state} (${event.reason})`
    case 'weight':
      return `${event.service}: server ${event.server}: weight ${event.was} -> ${event.weight} (${event.reason})`
    case 'quorum': {
      const { quorum, hysteresis } = event
      const needed = hysteresis === 0 ? `${quorum}` : `${quorum} +- ${hysteresis}`
      const what = event.gained ? 'gained' : 'lost'
      return `${event.service}: quorum ${what}: weight ${event.weight}, ${needed} needed (${event.reason})`
    }
    case 'sorry':
      return `${event.service}: sorry server ${event.server} ${event.active ? 'stands in' : 'is not needed'}`
    case 'drain': {
      const left = event.connections > 0 ? ` with ${event.connections} connections` : ''
      return `${event.service}: server ${event.server}: drain ${event.what}${left}`
    }
    case 'service':
      return `${event.service}: ${event.what}`
    case 'store':
      return `what is ours in IPVS is not written down: ${event.error.message}`
    case 'drift':
      return `IPVS is not as it was left: ${event.found.join('; ')}`
    case 'refused': {
      const what = event.step === undefined ? 'IPVS cannot be read' : formatStep(event.step)
      return `${what}: ${event.error.message}; again in ${event.again} s`
    }
    case 'plane':
      return event.ready
        ? 'IPVS is ready'
        : `IPVS is not ready: ${event.reason}${remedyOf(event.code, event.reason)}`
    case 'warning':
      return `${event.service}: warning: ${event.text}`
    case 'updated':
      return `director updated: ${event.changes.join('; ') || 'nothing changed'}`
    case 'notify':
      return `${event.command.join(' ')}: ${event.error.message}`
    case 'lost':
      return `${event.count} events lost: the reader is too slow`
    case 'stopped':
      return 'director stopped'
  }
}
