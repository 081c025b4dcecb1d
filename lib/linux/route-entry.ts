/** One destination of the route sink: what is wanted, what is installed, and what is known of the others there. */
import type { NextHop, RouteChange } from '../core/io.ts'
import type { OspfError } from '../errors.ts'
import type { Group } from './nexthops.ts'
import { type Hop, type ReadRoute, sameHops } from './route-message.ts'

/** Where a route of ours leads. */
export interface Way {
  /** Of its own; empty with a group. Without a group: nowhere, packets are discarded. */
  readonly hops: readonly Hop[]
  readonly group: Group | undefined
  readonly source: number | undefined
}

export interface Entry {
  readonly prefix: number
  readonly length: number
  /** Empty: packets are to be discarded. */
  wanted: readonly NextHop[] | undefined
  /** The source address that is wanted with it. */
  source: number | undefined
  /** Our route in the kernel. */
  installed: Way | undefined
  /** A write whose answer got lost. */
  uncertain: { readonly way: Way; readonly error: OspfError } | undefined
  /** From an earlier life and not confirmed yet. */
  leftover: boolean
  /** We wrote it in this life. */
  written: boolean
  /** Somebody else's route is there. */
  foreign: boolean
  /** The protocol of the foreign route that was reported. */
  reported: number | undefined
  /** Routes that others put beside ours: a replace might hit one of them. */
  twins: number
  attempts: number
  losses: number
  lostAt: number | undefined
  /** Its turn is now: see EntryQueue in entry-table.ts. */
  isReady: boolean
  /** It is being written. */
  isUnderWay: boolean
}

/** A destination of which nothing is known. */
export const newEntry = (prefix: number, length: number): Entry => ({
  prefix,
  length,
  wanted: undefined,
  source: undefined,
  installed: undefined,
  uncertain: undefined,
  leftover: false,
  written: false,
  foreign: false,
  reported: undefined,
  twins: 0,
  attempts: 0,
  losses: 0,
  lostAt: undefined,
  isReady: false,
  isUnderWay: false,
})

/** What is wanted: of the next hops those with a gateway; undefined: no route. */
export function wantedOf(change: RouteChange): readonly NextHop[] | undefined {
  if (change.type === 'remove') return undefined
  const { nextHops, discard } = change.route
  if (discard) return DISCARD
  const wanted = nextHops.every(hasGateway) ? nextHops : nextHops.filter(hasGateway)
  return wanted.length === 0 ? undefined : wanted
}

const hasGateway = ({ gateway }: NextHop): boolean => gateway !== undefined

const DISCARD: readonly NextHop[] = []

/** A number for a prefix. */
export const keyOf = (prefix: number, length: number): number => prefix * 64 + length

/** The prefix of an entry, for an event. */
export const placeOf = ({ prefix, length }: Entry): { prefix: number; length: number } => ({
  prefix,
  length,
})

/** It came and went, and the kernel, which may be late, has not heard of it. */
export const isUnheard = ({ wanted, installed, uncertain }: Entry): boolean =>
  wanted === undefined && installed === undefined && uncertain === undefined

/** Whether both are the same route. */
export const sameWay = (a: Way | undefined, b: Way): boolean =>
  a !== undefined &&
  a.group === b.group &&
  a.source === b.source &&
  (a.group !== undefined || sameHops(a.hops, b.hops))

/** Whether a route that was read leads there. */
export const leads = (route: ReadRoute, way: Way | undefined): boolean =>
  way !== undefined &&
  route.source === way.source &&
  route.nextHop === way.group?.id &&
  (way.group !== undefined || sameHops(route.hops, way.hops))

/** What is wanted is in the kernel. */
export function confirmed(entry: Entry): void {
  entry.leftover = false
  entry.foreign = false
  entry.reported = undefined
  entry.attempts = 0
}

/** Nothing of ours is in the kernel. */
export function removed(entry: Entry): void {
  entry.leftover = false
  entry.twins = 0
  entry.attempts = 0
}
