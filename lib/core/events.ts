/**
 * Everything the router can say, as one union, and how each reads as a line of text. Logging, the event stream and the
 * command line share it. Events leave the core for good, so addresses and ids are dotted here.
 */
import { formatIpv4 } from '../wire/address.ts'
import { type LsaHeader, LsType } from '../wire/lsa.ts'
import type { InterfaceState, NeighborState } from './states.ts'
import type { Attack } from './suspicions.ts'

/** A field of a received packet that keeps an adjacency from forming (10.5, 10.6, 8.2). */
export type MismatchField =
  | 'HelloInterval'
  | 'RouterDeadInterval'
  | 'network mask'
  | 'area'
  | 'E-bit'
  | 'N-bit'
  | 'MTU'
  | 'authentication type'
  | 'authentication key id'
  | 'authentication key'
  | 'subnet'
  | 'TTL'

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
  | 'ttl'
  | 'rate'
  | 'auth-type'
  | 'auth-length'
  | 'auth-key'
  | 'auth-sequence'
  | 'auth-digest'
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
      /** An opaque LSA of another router (RFC 5250) came, changed its contents, or has gone. */
      readonly type: 'opaque'
      readonly change: 'new' | 'changed' | 'gone'
      readonly scope: 'link' | 'area' | 'as'
      /** Of 'link' and 'area'. */
      readonly area: string | undefined
      /** Of 'link'. */
      readonly interface: string | undefined
      readonly advertisingRouter: string
      readonly opaqueType: number
      readonly opaqueId: number
      /** Of one that has gone: the last. */
      readonly data: Uint8Array
    }
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
      /**
       * Packets are sealed with another key; 'expired': the last one's lifetime is over and it is used all the same
       * (D.3); 'none': no key's lifetime has begun, so nothing is sent.
       */
      readonly type: 'key'
      readonly interface: string
      readonly state: 'valid' | 'expired' | 'none'
      readonly keyId: number | undefined
    }
  | {
      /** The 64-bit sequence numbers went on into the next boot count, which must be kept (RFC 7474 2). */
      readonly type: 'boot-count'
      readonly count: number
    }
  | {
      /** Routes were calculated (16). */
      readonly type: 'spf'
      /**
       * 'tree': shortest-path trees, and all that hangs on them; 'table': the ways to all destinations, on the trees as
       * they were; 'networks': the ways to some networks.
       */
      readonly what: 'tree' | 'table' | 'networks'
      /** Whose trees were calculated. */
      readonly areas: readonly string[]
      /** Of these trees: routers and transit networks. */
      readonly vertices: number
      /** Networks whose routes were calculated. */
      readonly networks: number
      /** Routes that are new, have gone, or are not what they were. */
      readonly routes: number
      /** What called for it, in words; the first few. */
      readonly reasons: readonly string[]
      /** How many more there were. */
      readonly moreReasons: number
      /** Milliseconds that it took; undefined where nobody can tell. */
      readonly durationMs: number | undefined
    }
  | {
      /**
       * A neighbor sent an LSA with the header of the one that we have and other contents: forged, or damaged in a way
       * that the checksum does not show. Ours are said anew. Once per sequence number.
       */
      readonly type: 'disguised-lsa'
      readonly interface: string
      /** Router ID of the neighbor. */
      readonly from: string
      readonly lsType: number
      readonly lsId: string
      readonly advertisingRouter: string
      readonly sequence: number
      readonly own: boolean
    }
  | {
      /**
       * Something that looks like an attack, or a fault that is as bad: see `Attack`. Said when it has happened often
       * enough within a minute, and again at ten times the count.
       */
      readonly type: 'attack'
      readonly attack: Attack
      readonly interface: string
      /** Router ID of the neighbor that it came from; of LSAs that is who passed them on. */
      readonly routerId: string
      readonly address: string
      /** The LSA that it is about, in words. */
      readonly what?: string
      /** How often so far. */
      readonly count: number
    }
  | {
      /** RFC 1765: the limit of AS-external-LSAs is reached, so ours are withdrawn; or there is room again. */
      readonly type: 'overflow'
      readonly state: 'entered' | 'left'
      readonly limit: number
    }
  | {
      /** A bound was reached; what came after it was dropped. Said again when it is reached after a quiet minute. */
      readonly type: 'limit'
      readonly what: 'lsdb' | 'neighbors' | 'redistributed' | 'packets' | 'router-lsa'
      readonly limit: number
      /** Of 'packets', which come in at more than `limit` a second. */
      readonly interface?: string
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
    case 'opaque': {
      const { scope, area, advertisingRouter, opaqueType, opaqueId, data, change } = event
      const where = event.interface ?? area ?? 'the AS'
      return `opaque LSA ${opaqueType}/${opaqueId} of ${advertisingRouter} for ${scope === 'as' ? where : `${scope} ${where}`}: ${change}, ${data.length} octets`
    }
    case 'key':
      return `interface ${event.interface}: ${formatKey(event)}`
    case 'boot-count':
      return `boot count of the 64-bit sequence numbers: ${event.count}`
    case 'spf':
      return formatRun(event)
    case 'disguised-lsa':
      return `type ${event.lsType} LSA ${event.lsId} of ${event.advertisingRouter} from ${event.from} on ${event.interface}: other contents under the same header${event.own ? ', said anew' : ''} (sequence 0x${(event.sequence >>> 0).toString(16)})`
    case 'attack': {
      const { attack, routerId, address, what, count } = event
      const about = what === undefined ? '' : ` of ${what}`
      return `${attacks[attack]}${about}, ${count} times, from ${routerId} (${address}) on ${event.interface}`
    }
    case 'overflow':
      return `overflow ${event.state}: limit of ${event.limit} AS-external-LSAs`
    case 'limit':
      return event.interface === undefined
        ? `limit of ${event.limit} reached: ${event.what}`
        : `limit of ${event.limit} reached: ${event.what} a second on ${event.interface}`
  }
}

const attacks: Readonly<Record<Attack, string>> = {
  'own-lsa': 'attack? newer instances that we did not send',
  'own-max-age': 'attack? flushed by somebody else',
  'max-sequence': 'attack? last sequence number, which we did not come to',
  'lsa-storm': 'attack? changes faster than MinLSArrival',
  'phantom-lsas': 'attack? more LSAs than the database takes',
  restarts: 'attack? the database exchange is begun anew again and again',
  replay: 'attack? old packets are sent again',
  takeover: 'attack? a Designated Router is replaced that is alive',
}

function formatKey({ state, keyId }: Extract<OspfEvent, { type: 'key' }>): string {
  switch (state) {
    case 'valid':
      return `authenticates with key ${keyId}`
    case 'expired':
      return `the last key, ${keyId}, has expired; it stays in use`
    case 'none':
      return 'no key is valid yet: nothing is sent'
  }
}

function formatRun(event: Extract<OspfEvent, { type: 'spf' }>): string {
  const { what, areas, vertices, networks, routes, reasons, moreReasons, durationMs } = event
  const parts = {
    tree: `SPF of area ${areas.join(', ')} with ${vertices} vertices`,
    table: `all ${networks} routes calculated`,
    networks: `routes to ${networks} network${networks === 1 ? '' : 's'} calculated`,
  }
  const took = durationMs === undefined ? '' : ` in ${durationMs.toFixed(2)} ms`
  const more = moreReasons > 0 ? ` and ${moreReasons} more` : ''
  const because = reasons.length > 0 ? `; because of ${reasons.join(', ')}${more}` : ''
  return `${parts[what]}${took}, ${routes} changed${because}`
}

const lsaNames: Partial<Record<number, string>> = {
  [LsType.router]: 'router-LSA',
  [LsType.network]: 'network-LSA',
  [LsType.summaryNetwork]: 'summary-LSA',
  [LsType.summaryAsbr]: 'ASBR-summary-LSA',
  [LsType.external]: 'AS-external-LSA',
  [LsType.nssa]: 'type 7 LSA',
}

/** An LSA in words: 'network-LSA 10.0.0.1 of 192.0.2.1'. */
export function describeLsa({
  type,
  lsId,
  advertisingRouter,
}: Pick<LsaHeader, 'type' | 'lsId' | 'advertisingRouter'>): string {
  const id = type === LsType.router ? '' : ` ${formatIpv4(lsId)}`
  return `${lsaNames[type] ?? `type ${type} LSA`}${id} of ${formatIpv4(advertisingRouter)}`
}

const orNone = (address: string): string => (address === '0.0.0.0' ? 'none' : address)
