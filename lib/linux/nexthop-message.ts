/** RTM_*NEXTHOP and RTM_*NEXTHOPBUCKET as values. Numbers from linux/nexthop.h and linux/rtnetlink.h. */
import { Attributes, fixed, type NetlinkMessage, PayloadWriter } from './netlink-message.ts'
import { flagsOf, type Hop, onLinkOf } from './route-message.ts'

export const RTM_NEWNEXTHOP = 104
export const RTM_DELNEXTHOP = 105
export const RTM_GETNEXTHOP = 106
export const RTM_GETNEXTHOPBUCKET = 118
export const RTNLGRP_NEXTHOP = 32

const NHA_ID = 1
const NHA_GROUP = 2
const NHA_GROUP_TYPE = 3
const NHA_OIF = 5
const NHA_GATEWAY = 6
const NHA_RES_GROUP = 12
const NHA_RES_BUCKET = 13
/** Kernels from 6.9 on may say how they read the weights. */
const NHA_OP_FLAGS = 14
const NHA_RES_GROUP_BUCKETS = 1
const NHA_RES_GROUP_IDLE_TIMER = 2
const NHA_RES_GROUP_UNBALANCED_TIMER = 3
const NHA_RES_GROUP_UNBALANCED_TIME = 4
const NHA_RES_BUCKET_INDEX = 1
const NHA_RES_BUCKET_IDLE_TIME = 2
const NHA_RES_BUCKET_NH_ID = 3
const NEXTHOP_GRP_TYPE_MPATH = 0
const NEXTHOP_GRP_TYPE_RES = 1
const NLA_F_NESTED = 0x8000
const AF_UNSPEC = 0
const AF_INET = 2
/** struct nhmsg, and struct nexthop_grp. */
const HEADER = 8
const MEMBER = 8
/** A clock_t is a hundredth of a second, whatever the kernel's own tick. */
const USER_HZ = 100

/** A gateway on a device. */
export interface NextHopLeaf {
  readonly id: number
  readonly protocol: number
  /** Without a weight: that is the group's. */
  readonly hop: Hop
}

export interface GroupMember {
  readonly id: number
  /** 1 to 256; from Linux 6.12 on, to 65535. */
  readonly weight: number
}

/** Of a resilient group. Times in seconds. */
export interface ResilientTable {
  /** Fixed when the group is made; 0 in a message that changes one. */
  readonly buckets: number
  /** A bucket without a packet for so long may go to a member that has too few. */
  readonly idleTimer: number
  /** After so long with members that have too few, buckets go idle or not; 0: never. */
  readonly unbalancedTimer: number
}

/** Several of them, by hash. */
export interface NextHopGroup {
  readonly id: number
  readonly protocol: number
  readonly members: readonly GroupMember[]
  /** Undefined: hash-threshold, which moves flows of those that stay when a member leaves. */
  readonly resilient?: ResilientTable
}

/** An object as it is read; `other` is what this library never makes. */
export type ReadNextHop =
  | ({ readonly kind: 'leaf' } & NextHopLeaf)
  | ({ readonly kind: 'group'; readonly unbalancedTime?: number } & NextHopGroup)
  | { readonly kind: 'other'; readonly id: number; readonly protocol: number }

const header = (family: number, protocol: number, flags: number): PayloadWriter =>
  new PayloadWriter().u8(family).u8(0).u8(protocol).u8(0).u32(flags)

/** Payload of RTM_NEWNEXTHOP for a gateway on a device. */
export function encodeLeaf({ id, protocol, hop }: NextHopLeaf): Uint8Array {
  return header(AF_INET, protocol, flagsOf(hop))
    .attributeU32(NHA_ID, id)
    .attributeU32(NHA_OIF, hop.index)
    .attributeIpv4(NHA_GATEWAY, hop.gateway)
    .finish()
}

/** Payload of RTM_NEWNEXTHOP for a group; its members must be there. */
export function encodeGroup({ id, protocol, members, resilient }: NextHopGroup): Uint8Array {
  const writer = header(AF_UNSPEC, protocol, 0)
    .attributeU32(NHA_ID, id)
    .measured((list) => {
      list.u16(NHA_GROUP)
      for (const member of members) {
        // struct nexthop_grp: id, weight - 1 and (from 6.12 on) its upper half, reserved
        const weight = member.weight - 1
        list
          .u32(member.id)
          .u8(weight & 0xff)
          .u8(weight >> 8)
          .u16(0)
      }
    })
    .measured((w) =>
      w.u16(NHA_GROUP_TYPE).u16(resilient ? NEXTHOP_GRP_TYPE_RES : NEXTHOP_GRP_TYPE_MPATH),
    )
  if (resilient === undefined) return writer.finish()
  const { buckets, idleTimer, unbalancedTimer } = resilient
  return writer
    .measured((nest) => {
      nest.u16(NHA_RES_GROUP | NLA_F_NESTED)
      if (buckets > 0) nest.measured((w) => w.u16(NHA_RES_GROUP_BUCKETS).u16(buckets))
      nest
        .attributeU32(NHA_RES_GROUP_IDLE_TIMER, Math.round(idleTimer * USER_HZ))
        .attributeU32(NHA_RES_GROUP_UNBALANCED_TIMER, Math.round(unbalancedTimer * USER_HZ))
    })
    .finish()
}

/** Payload of RTM_DELNEXTHOP, or of RTM_GETNEXTHOP(BUCKET) for one object; without an id: for all. */
export function encodeNextHopQuery(id?: number): Uint8Array {
  const writer = header(AF_UNSPEC, 0, 0)
  return id === undefined ? writer.finish() : writer.attributeU32(NHA_ID, id).finish()
}

/** Reads struct nhmsg; undefined when it makes no sense. */
export function decodeNextHop({ payload }: NetlinkMessage): ReadNextHop | undefined {
  if (payload.length < HEADER) return undefined
  const [family, , protocol = 0] = payload
  const attributes = new Attributes(payload, HEADER)
  const id = attributes.u32(NHA_ID)
  if (id === undefined) return undefined
  const only = (...known: number[]): boolean =>
    [...attributes.types()].every((type) => known.includes(type))
  const other = { kind: 'other', id, protocol } as const
  const list = attributes.bytes(NHA_GROUP)
  if (list === undefined) {
    const index = attributes.u32(NHA_OIF)
    const gateway = attributes.ipv4(NHA_GATEWAY)
    if (family !== AF_INET || index === undefined || gateway === undefined) return other
    if (!only(NHA_ID, NHA_OIF, NHA_GATEWAY, NHA_OP_FLAGS)) return other
    const hop = { index, gateway, ...onLinkOf(fixed(payload).u32(4)) }
    return { kind: 'leaf', id, protocol, hop }
  }
  if (!only(NHA_ID, NHA_GROUP, NHA_GROUP_TYPE, NHA_RES_GROUP, NHA_OP_FLAGS)) return other
  const members = decodeMembers(list)
  const type = u16(attributes, NHA_GROUP_TYPE) ?? NEXTHOP_GRP_TYPE_MPATH
  if (members === undefined || type > NEXTHOP_GRP_TYPE_RES) return other
  const group = { kind: 'group', id, protocol, members } as const
  if (type === NEXTHOP_GRP_TYPE_MPATH) return group
  const nest = attributes.bytes(NHA_RES_GROUP)
  if (nest === undefined) return other
  const inner = new Attributes(nest, 0)
  const resilient = {
    buckets: u16(inner, NHA_RES_GROUP_BUCKETS) ?? 0,
    idleTimer: (inner.u32(NHA_RES_GROUP_IDLE_TIMER) ?? 0) / USER_HZ,
    unbalancedTimer: (inner.u32(NHA_RES_GROUP_UNBALANCED_TIMER) ?? 0) / USER_HZ,
  }
  const unbalancedTime = seconds(inner, NHA_RES_GROUP_UNBALANCED_TIME)
  return { ...group, resilient, ...(unbalancedTime === undefined ? {} : { unbalancedTime }) }
}

function decodeMembers(list: Uint8Array): GroupMember[] | undefined {
  if (list.length === 0 || list.length % MEMBER !== 0) return undefined
  const view = fixed(list)
  const members: GroupMember[] = []
  for (let at = 0; at < list.length; at += MEMBER) {
    // From 6.12 on, the octet after the weight is its upper half.
    members.push({ id: view.u32(at), weight: view.u8(at + 4) + view.u8(at + 5) * 256 + 1 })
  }
  return members
}

/** One bucket of a resilient group. */
export interface Bucket {
  readonly group: number
  readonly index: number
  /** Seconds since its last packet. */
  readonly idleTime: number
  /** The leaf that it leads to. */
  readonly nextHop: number
}

/** Reads an RTM_NEWNEXTHOPBUCKET; undefined when it makes no sense. */
export function decodeBucket({ payload }: NetlinkMessage): Bucket | undefined {
  if (payload.length < HEADER) return undefined
  const attributes = new Attributes(payload, HEADER)
  const group = attributes.u32(NHA_ID)
  const nest = attributes.bytes(NHA_RES_BUCKET)
  if (group === undefined || nest === undefined) return undefined
  const inner = new Attributes(nest, 0)
  const index = u16(inner, NHA_RES_BUCKET_INDEX)
  const idleTime = seconds(inner, NHA_RES_BUCKET_IDLE_TIME)
  const nextHop = inner.u32(NHA_RES_BUCKET_NH_ID)
  if (index === undefined || idleTime === undefined || nextHop === undefined) return undefined
  return { group, index, idleTime, nextHop }
}

function u16(attributes: Attributes, type: number): number | undefined {
  const value = attributes.bytes(type)
  return value === undefined || value.length < 2 ? undefined : fixed(value).u16(0)
}

/** A clock_t of 64 bits, in seconds. */
function seconds(attributes: Attributes, type: number): number | undefined {
  const value = attributes.bytes(type)
  if (value === undefined || value.length < 8) return undefined
  // a copy, since the view may lie anywhere
  const [ticks = 0n] = new BigUint64Array(value.slice(0, 8).buffer)
  return Number(ticks) / USER_HZ
}
