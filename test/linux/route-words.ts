/** Route changes in words. */
import type { NextHop, RouteChange } from '../../lib/core/io.ts'
import { parseIpv4 } from '../../lib/wire/address.ts'

function parse(where: string): { prefix: number; length: number } {
  const [prefix = '', length] = where.split('/')
  return { prefix: parseIpv4(prefix)!, length: Number(length) }
}

/** 'a.b.c.d/n' through some next hops. */
export function through(where: string, nextHops: readonly NextHop[]): RouteChange {
  const common = { pathType: 'intra-area', area: 0, cost: 10 } as const
  return { type: 'replace', route: { ...parse(where), ...common, nextHops } }
}

/** Packets for it are to be discarded. */
export const discard = (where: string): RouteChange => ({
  type: 'replace',
  route: { ...parse(where), pathType: 'inter-area', area: 1, cost: 0, nextHops: [], discard: true },
})

export const remove = (where: string): RouteChange => ({ type: 'remove', ...parse(where) })
