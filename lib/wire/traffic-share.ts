/**
 * Traffic shares: how much of the traffic to a prefix a router wants, among those that announce it at equal cost. An
 * opaque LSA for an area (RFC 5250), of a private-use type, that routers which do not know it pass on and ignore.
 */
import { Reader, Writer } from './bytes.ts'

/** The opaque type: one of those for private use (RFC 5250 9). */
export const OPAQUE_TRAFFIC_SHARE = 236

/** The share of one prefix, or of every prefix of the router that has none of its own. */
export interface PrefixShare {
  /** Undefined: every prefix without a share of its own. */
  readonly prefix: number | undefined
  readonly length: number
  /** 1 to 256; who says nothing has 100. */
  readonly weight: number
  /** No new connections, please. */
  readonly drain: boolean
}

export interface TrafficShares {
  /** The router sends no new connections to who drains, and keeps the old ones where they are. */
  readonly keepsConnections: boolean
  readonly shares: readonly PrefixShare[]
}

export const WEIGHT_DEFAULT = 100
export const WEIGHT_MAX = 256

/** 'ECMP' */
const MAGIC = 0x45434d50
const VERSION = 1
const HEADER_OCTETS = 8
const ENTRY_OCTETS = 8
const KEEPS_CONNECTIONS = 0x01
const DRAIN = 0x80
const EVERY_PREFIX = 0x40

/*
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                        Magic, 'ECMP'                          |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |   Version 1   |0 0 0 0 0 0 0 K|               0               |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                            Prefix                             |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   | Prefix length |D|E|0 0 0 0 0 0|            Weight             |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                              ...                              |
 *   K: keeps connections. D: drains. E: every prefix that has no share of its own; prefix and length are 0.
 */
/** Octets of an LSA's data for so many shares. */
export const trafficShareOctets = (shares: number): number => HEADER_OCTETS + shares * ENTRY_OCTETS

/** Writes the data of a traffic share LSA. */
export function encodeTrafficShares({ keepsConnections, shares }: TrafficShares): Uint8Array {
  const w = new Writer(trafficShareOctets(shares.length))
  w.u32(MAGIC)
    .u8(VERSION)
    .u8(keepsConnections ? KEEPS_CONNECTIONS : 0)
    .u16(0)
  for (const { prefix, length, weight, drain } of shares) {
    const flags = (drain ? DRAIN : 0) | (prefix === undefined ? EVERY_PREFIX : 0)
    w.u32(prefix ?? 0)
      .u8(length)
      .u8(flags)
      .u16(weight)
  }
  return w.finish()
}

/**
 * Reads the data of a traffic share LSA. Never throws: undefined when it is somebody else's use of the type; entries
 * that cannot be right are passed over, as is what follows the last whole one.
 */
export function decodeTrafficShares(data: Uint8Array): TrafficShares | undefined {
  if (data.length < HEADER_OCTETS) return undefined
  const r = new Reader(data)
  if (r.u32() !== MAGIC || r.u8() !== VERSION) return undefined
  const keepsConnections = (r.u8() & KEEPS_CONNECTIONS) !== 0
  r.skip(2)
  const shares: PrefixShare[] = []
  while (r.remaining >= ENTRY_OCTETS) {
    const prefix = r.u32()
    const length = r.u8()
    const flags = r.u8()
    const weight = r.u16()
    if (length > 32 || weight < 1 || weight > WEIGHT_MAX) continue
    const isEvery = (flags & EVERY_PREFIX) !== 0
    shares.push({
      prefix: isEvery ? undefined : prefix,
      length: isEvery ? 0 : length,
      weight,
      drain: (flags & DRAIN) !== 0,
    })
  }
  return { keepsConnections, shares }
}
