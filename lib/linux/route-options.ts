/** What the route sink takes, and what it has to say. */
import { release } from 'node:os'
import { OspfError } from '../errors.ts'
import type { Clock, FlushReason, LinkPort } from '../ports.ts'
import type { NativeNetlink } from './native.ts'
import { ID_RANGE } from './nexthops.ts'

/** What the sink has to say. Times in seconds. */
export type RouteEvent =
  | {
      /** The kernel refused; `retryIn` is undefined when there will be no other attempt. */
      readonly type: 'error'
      readonly prefix: number
      readonly length: number
      readonly action: 'install' | 'remove'
      readonly error: OspfError
      readonly attempt: number
      readonly retryIn: number | undefined
      /** So many more prefixes failed with it: they share a next hop, or a group. */
      readonly others: number
    }
  | {
      /** Somebody else's route with our metric is in the place of ours. Ours goes in when it leaves. */
      readonly type: 'foreign'
      readonly prefix: number
      readonly length: number
      /** As in /etc/iproute2/rt_protos. */
      readonly protocol: number
    }
  | {
      /** A route of ours is gone and not by us; it is put back. */
      readonly type: 'lost'
      readonly prefix: number
      readonly length: number
      readonly putBackIn: number
    }
  | {
      /** A route from an earlier life. */
      readonly type: 'leftover'
      readonly prefix: number
      readonly length: number
      readonly action: 'adopted' | 'deleted'
    }
  | {
      /** So many routes from an earlier life that nobody has confirmed are deleted now. */
      readonly type: 'leftovers'
      readonly routes: number
      readonly why: FlushReason
    }
  | {
      /**
       * A next-hop group of ours is gone, with the routes that led to it, or has other members than we gave it; not by
       * us. So many routes are put back or right.
       */
      readonly type: 'group'
      readonly id: number
      readonly change: 'gone' | 'altered'
      readonly routes: number
    }
  /** A next-hop object that nobody needs any more could not be removed; tried again with the next change. */
  | { readonly type: 'uncollected'; readonly error: OspfError }
  /** More route changes than the receive buffer held; the table was read again. */
  | { readonly type: 'overrun' }
  /** The table could not be read; tried again in `retryIn` seconds. */
  | { readonly type: 'unreadable'; readonly error: OspfError; readonly retryIn: number }
  /** We may not change routes: none is installed. It is tried again, and not said again. */
  | { readonly type: 'forbidden'; readonly error: OspfError }
  /** How several next hops are installed. */
  | ({ readonly type: 'mode' } & RouteMode)

/** How routes with several next hops are installed, and why so. */
export interface RouteMode {
  /** Next hops in each route, or next-hop groups that routes lead to. */
  readonly mode: 'multipath' | 'groups'
  /** Some prefixes have a resilient group of their own. */
  readonly resilient: boolean
  readonly why: string
}

/**
 * - `multipath`: next hops in each route.
 * - `groups`: next-hop groups (Linux 5.3), shared by the routes with the same next hops: a next hop that fails is one
 *   message to the kernel, however many routes it had.
 * - `resilient`: so, and some prefixes have a resilient group (Linux 5.13), which leaves flows where they are when
 *   another next hop comes or goes.
 * - `auto`: what the kernel can of what is asked for, without an error.
 */
export type GroupMode = 'auto' | 'multipath' | 'groups' | 'resilient'

export interface ResilientOptions {
  /** Host routes, all routes, or those within some prefixes; default host routes: they are what has flows to keep. */
  readonly prefixes?:
    | 'hosts'
    | 'all'
    | readonly { readonly prefix: number; readonly length: number }[]
  /**
   * 1 to 65535, default 120. That number shares out evenly among 2, 3, 4, 5, 6, 8, 10 and 12 next hops. With less than
   * 128, a next hop of weight 1 beside others of weight 255 gets none: it drains. From Linux 6.12 on: with less than
   * 32,768, beside others of weight 65535.
   */
  readonly buckets?: number
  /**
   * Seconds without a packet after which a bucket may go to a next hop that has too few; default 120, the kernel's. The
   * flows of a bucket that goes are those that are silent for longer.
   */
  readonly idleTimer?: number
  /**
   * Seconds after which a next hop that came, or came back, gets its share of the buckets though they are in use;
   * default 600, as under load no bucket is ever idle. 0: never.
   */
  readonly unbalancedTimer?: number
}

export interface LinuxRoutesOptions {
  /** Where next hops' devices are looked up, and whose changes mean "look again". */
  readonly links: Pick<LinkPort, 'links' | 'watch'>
  /** The way to the kernel that requests take; default: this machine's. */
  readonly netlink?: NativeNetlink
  /** Default 254, main. */
  readonly table?: number
  /** 1 and up; smaller is preferred. Default 20. */
  readonly metric?: number
  /** 5 to 255. Default 188. */
  readonly protocol?: number
  /** Preferred source address of what this host sends itself. It must be an address of the host. */
  readonly source?: number
  /** Default 'auto'. */
  readonly mode?: GroupMode
  /** Which prefixes have a resilient group; default: with mode 'resilient' host routes, with others none. */
  readonly resilient?: ResilientOptions
  /** The first of the 262,144 ids of next-hop objects that are ours; default: one that depends on table and metric. */
  readonly nextHopIds?: number
  /** Seconds that routes of an earlier life wait at most to be confirmed before they are deleted. Default 60. */
  readonly leftoverTime?: number
  /** Leave everything where it is at the end, for the next life to adopt; default false. */
  readonly keep?: boolean
  /** Octets, of the socket that listens. Default 8 MiB. */
  readonly receiveBuffer?: number
  readonly clock?: Clock
  readonly onEvent?: (event: RouteEvent) => void
}

/** The options, checked, with the defaults. */
export interface RouteSettings {
  readonly table: number
  readonly metric: number
  readonly protocol: number
  readonly source: number | undefined
  readonly mode: GroupMode
  readonly resilient: Required<ResilientOptions>
  /** Weight of a next hop beside that of 1 of one that drains; undefined: there are too many buckets for that. */
  readonly busyShare: number | undefined
  readonly nextHopIds: number
  /** Milliseconds. */
  readonly leftoverTime: number
  readonly keep: boolean
  readonly receiveBuffer: number
}

/** Ids from here on are free of what other programs number from 1, and of FRR's for EVPN. */
const FIRST_ID = 0x50000000
const ID_RANGES = 0x400

/** Checks the options. Throws ERR_OSPF_CONFIG. */
export function routeSettings(options: LinuxRoutesOptions): RouteSettings {
  const { table = 254, metric = 20, protocol = 188, mode = 'auto', leftoverTime = 60 } = options
  within('table', table, 1, 0xffffffff)
  within('metric', metric, 1, 0xffffffff)
  within('protocol', protocol, 5, 255)
  const { resilient = mode === 'resilient' ? {} : { prefixes: [] } } = options
  const { prefixes = 'hosts', buckets = 120, idleTimer = 120, unbalancedTimer = 600 } = resilient
  within('buckets', buckets, 1, 0xffff)
  const range = (((table % ID_RANGES) * 31 + metric) >>> 0) % ID_RANGES
  const { nextHopIds = FIRST_ID + range * ID_RANGE } = options
  within('nextHopIds', nextHopIds, 1, 2 ** 32 - ID_RANGE)
  return {
    table,
    metric,
    protocol,
    source: options.source,
    mode,
    resilient: { prefixes, buckets, idleTimer, unbalancedTimer },
    busyShare: busyShare(buckets, release()),
    nextHopIds,
    leftoverTime: leftoverTime * 1000,
    keep: options.keep ?? false,
    receiveBuffer: options.receiveBuffer ?? 0x800000,
  }
}

function within(what: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  const message = `${what} of routes: ${value} is not a whole number from ${least} to ${most}`
  throw new OspfError('ERR_OSPF_CONFIG', message)
}

/** The greatest weight of a next hop, before Linux 6.12 and since. */
const WEIGHT_MAX = 255
const WIDE_WEIGHT_MAX = 0xffff

/** As `RouteSettings.busyShare`, with a kernel ('6.12.0'): less than half a bucket is none. */
export function busyShare(buckets: number, kernel: string): number | undefined {
  const [major = 0, minor = 0] = kernel.split('.').map(Number.parseFloat)
  const isWide = major > 6 || (major === 6 && minor >= 12)
  const most = isWide ? [WEIGHT_MAX, WIDE_WEIGHT_MAX] : [WEIGHT_MAX]
  return most.find((share) => 2 * buckets < share + 1)
}
