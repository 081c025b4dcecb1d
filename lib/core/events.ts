/**
 * Everything the router can say, as one union, and how each reads as a line of text. Logging, the event stream and the
 * command line share it. Events leave the core for good, so addresses and ids are dotted here.
 */
import type { InterfaceState, NeighborState } from './states.ts'

/** A field of a received packet that keeps an adjacency from forming (10.5, 10.6, 8.2). */
export type MismatchField =
  | 'HelloInterval'
  | 'RouterDeadInterval'
  | 'network mask'
  | 'area'
  | 'E-bit'
  | 'MTU'
  | 'authentication type'
  | 'subnet'

/** Why the router dropped something that it received. */
export type DropReason =
  | 'runt'
  | 'version'
  | 'length'
  | 'checksum'
  | 'malformed'
  | 'unknown-type'
  | 'interface-down'
  | 'passive'
  | 'own-packet'
  | 'duplicate-router-id'
  | 'bad-router-id'
  | 'bad-source'
  | 'bad-destination'
  | 'area-mismatch'
  | 'auth-type'
  | 'hello-mismatch'
  | 'unknown-neighbor'
  | 'neighbor-limit'
  | 'neighbor-state'
  | 'mtu-mismatch'
  | 'lsa-checksum'
  | 'lsa-malformed'
  | 'lsa-type'
  | 'lsa-scope'
  | 'lsa-age'
  | 'lsa-sequence'
  | 'lsa-id'
  | 'lsa-min-arrival'
  | 'lsa-limit'

export type OspfEvent =
  | {
      readonly type: 'interface'
      readonly interface: string
      readonly was: InterfaceState
      readonly state: InterfaceState
    }
  | {
      /** The outcome of an election (9.4), when it differs from the one before. Addresses; 0.0.0.0 is none. */
      readonly type: 'designated-router'
      readonly interface: string
      readonly designatedRouter: string
      readonly backupDesignatedRouter: string
    }
  | {
      readonly type: 'neighbor'
      readonly interface: string
      readonly routerId: string
      readonly address: string
      readonly was: NeighborState
      readonly state: NeighborState
      /** The event of 10.2 that moved it. */
      readonly reason: string
    }
  | {
      /** One field keeps an adjacency from forming; said once per change, not per packet. */
      readonly type: 'mismatch'
      readonly interface: string
      readonly routerId: string
      readonly address: string
      readonly field: MismatchField
      readonly ours: string
      readonly theirs: string
    }
  | {
      /** Somebody else on the segment, or in the area, uses our Router ID. */
      readonly type: 'duplicate-router-id'
      readonly interface: string
      readonly address: string
      readonly routerId: string
    }
  | {
      /** An LSA of ours that we did not send came back; we outbid or flush it (13.4). */
      readonly type: 'self-originated'
      readonly lsType: number
      readonly lsId: string
      readonly sequence: number
      readonly action: 'outbid' | 'flushed'
    }
  | {
      readonly type: 'spf'
      readonly area: string
      /** The tree was calculated anew; otherwise just the routes that hang on it. */
      readonly full: boolean
      readonly vertices: number
    }
  | {
      /** A bound was reached; what came after it was dropped. */
      readonly type: 'limit'
      readonly what: 'lsdb' | 'neighbors'
      readonly limit: number
    }

/** Formats an event as one line for a log. */
export function formatEvent(event: OspfEvent): string {
  switch (event.type) {
    case 'interface':
      return `interface ${event.interface}: ${event.was} -> ${event.state}`
    case 'designated-router':
      return `interface ${event.interface}: DR ${orNone(event.designatedRouter)}, BDR ${orNone(event.backupDesignatedRouter)}`
    case 'neighbor':
      return `neighbor ${event.routerId} (${event.address}) on ${event.interface}: ${event.was} -> ${event.state} (${event.reason})`
    case 'mismatch':
      return `neighbor ${event.routerId} (${event.address}) on ${event.interface}: ${event.field} differs: ours ${event.ours}, theirs ${event.theirs}`
    case 'duplicate-router-id':
      return `${event.address} on ${event.interface} uses our router id ${event.routerId}`
    case 'self-originated':
      return `type ${event.lsType} LSA ${event.lsId} of ours, from an earlier life or a forger: ${event.action} (sequence 0x${(event.sequence >>> 0).toString(16)})`
    case 'spf':
      return `${event.full ? 'SPF' : 'routes'} of area ${event.area} calculated, ${event.vertices} vertices`
    case 'limit':
      return `limit of ${event.limit} reached: ${event.what}`
  }
}

const orNone = (address: string): string => (address === '0.0.0.0' ? 'none' : address)
