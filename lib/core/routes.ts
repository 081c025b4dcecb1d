/** The routing table (RFC 2328 section 11): the second stage of 16.1, and what changed since the last time. */
import { lengthOfMask, maskOf } from '../wire/address.ts'
import { type Area, prefixKey } from './area.ts'
import type { NextHop, Route, RouteChange } from './io.ts'
import { type HopSets, networkBody, routerBody, type Tree } from './spf.ts'

export type RouteTable = ReadonlyMap<number, Route>

const LINK_STUB = 3

interface Draft {
  readonly prefix: number
  readonly length: number
  cost: number
  hopSet: number
}

/** Intra-area routes: transit networks of the tree, then stub networks (16.1, second stage). */
export function intraAreaRoutes(area: Area, tree: Tree): Route[] {
  const drafts = new Map<number, Draft>()
  const offer = (address: number, mask: number, cost: number, hopSet: number): void => {
    const length = lengthOfMask(mask)
    if (length === undefined) return
    const prefix = (address & maskOf(length)) >>> 0
    const key = prefixKey(prefix, length)
    const draft = drafts.get(key)
    if (draft === undefined) {
      drafts.set(key, { prefix, length, cost, hopSet })
    } else if (cost < draft.cost) {
      draft.cost = cost
      draft.hopSet = hopSet
    } else if (cost === draft.cost) {
      // our own prefix, or a way to it as short as another's: being there needs no next hop
      draft.hopSet = hopSet === 0 || draft.hopSet === 0 ? 0 : tree.hops.union(draft.hopSet, hopSet)
    }
  }
  for (const v of tree.order) {
    const vertex = tree.vertices[v]!
    const distance = tree.distance[v]!
    const hopSet = tree.hopSet[v]!
    if (vertex.kind === 'network') {
      offer(vertex.id, networkBody(vertex).mask, distance, hopSet)
      continue
    }
    for (const link of routerBody(vertex).links) {
      if (link.type === LINK_STUB) offer(link.id, link.data, distance + link.metric, hopSet)
    }
  }
  const nextHops = hopLists(tree.hops)
  const attached = attachedNetworks(area)
  return Array.from(drafts, ([key, { prefix, length, cost, hopSet }]) => ({
    prefix,
    length,
    pathType: 'intra-area',
    area: area.id,
    cost,
    nextHops: attached.get(key) ?? (hopSet === 0 ? [] : nextHops(hopSet)),
  }))
}

/** One shared list for each set. */
function hopLists(hops: HopSets): (set: number) => readonly NextHop[] {
  const lists = new Map<number, readonly NextHop[]>()
  return (set) => {
    let list = lists.get(set)
    if (!list) lists.set(set, (list = hops.get(set)))
    return list
  }
}

/** What an interface of ours is on is reached directly, whoever else claims to be near. */
function attachedNetworks(area: Area): Map<number, readonly NextHop[]> {
  const networks = new Map<number, readonly NextHop[]>()
  for (const iface of area.interfaces) {
    if (iface.state === 'Down') continue
    const key = prefixKey(iface.network, iface.link.prefixLength)
    networks.set(key, [{ interface: iface.name, gateway: undefined }])
  }
  return networks
}

/** Merges the routes of all areas; at equal path type the shorter one is used (11, 16.2). */
export function mergeRoutes(areas: Iterable<readonly Route[]>): Map<number, Route> {
  const table = new Map<number, Route>()
  for (const routes of areas) {
    for (const route of routes) {
      const key = prefixKey(route.prefix, route.length)
      const other = table.get(key)
      if (other === undefined || route.cost < other.cost) table.set(key, route)
    }
  }
  return table
}

/** Whether the kernel is to have it: the way leads through other routers. */
export const isRemote = ({ nextHops }: Route): boolean =>
  nextHops.length > 0 && nextHops.every((hop) => hop.gateway !== undefined)

/** What must be told about the way from one table to the next. Costs alone do not matter to a forwarding table. */
export function diffRoutes(before: RouteTable, after: RouteTable): RouteChange[] {
  const changes: RouteChange[] = []
  for (const [key, route] of before) {
    const next = after.get(key)
    if (isRemote(route) && !(next && isRemote(next))) {
      changes.push({ type: 'remove', prefix: route.prefix, length: route.length })
    }
  }
  for (const [key, route] of after) {
    if (!isRemote(route)) continue
    const old = before.get(key)
    if (!old || !isRemote(old) || !sameHops(old.nextHops, route.nextHops)) {
      changes.push({ type: 'replace', route })
    }
  }
  return changes
}

function sameHops(a: readonly NextHop[], b: readonly NextHop[]): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  return a.every((hop) =>
    b.some((other) => other.interface === hop.interface && other.gateway === hop.gateway),
  )
}
