/**
 * What would become of the routes if something failed, cost something else or was drained: calculated on a copy of the
 * databases. What other routers would say differently in answer is foreseen where it belongs to the change itself (both
 * ends of a link, the network-LSA of a LAN); new summaries of border routers and the like are not.
 * So in several areas: what lies inside our own areas is foreseen exactly, and the rest as long as no other border router
 * would have something new to say, in summaries, translated externals, or of being one.
 */
import { formatIpv4, lengthOfMask, networkOf } from '../wire/address.ts'
import { type Lsa, LsType } from '../wire/lsa.ts'
import type { NetworkLsaBody } from '../wire/network-lsa.ts'
import type { RouterLink, RouterLsaBody } from '../wire/router-lsa.ts'
import { type AreaCopy, RouterCopy } from './copy.ts'
import type { Route } from './io.ts'
import { networkKey, prefixKey } from './prefix-index.ts'
import type { Router } from './router.ts'
import { type RouteTable, sameHops } from './routes.ts'

/** A link of a router: to a neighbor (each of them, if there are several), or on an interface address. */
export type LinkChoice = { readonly neighbor: number } | { readonly address: number }

/** Router IDs, addresses and prefixes are numbers. */
export type HypotheticalChange =
  /** What a router's link costs it, together with the network of the link. */
  | ({ readonly type: 'link-cost'; readonly router: number; readonly cost: number } & LinkChoice)
  /** A cable is cut, so that both ends know; of a LAN, a router's connection to it. */
  | ({ readonly type: 'link-down'; readonly router: number } & LinkChoice)
  /** A router loses power. */
  | { readonly type: 'router-down'; readonly router: number }
  /** A router becomes a stub router (RFC 6987). */
  | { readonly type: 'drain'; readonly router: number; readonly includeStub: boolean }
  /** A router advertises a prefix no more, inside or as an external. */
  | {
      readonly type: 'withdraw'
      readonly router: number
      readonly prefix: number
      readonly length: number
    }
  /** An interface of our own. */
  | { readonly type: 'interface-cost'; readonly interface: string; readonly cost: number }
  | { readonly type: 'interface-down'; readonly interface: string }

export interface RouteDifference {
  readonly before: Route | undefined
  readonly after: Route | undefined
  /** Packets take another way; otherwise just its description has changed. */
  readonly moves: boolean
}

/** There is no such router, link, interface or prefix in the databases: the message says which. */
export class NothingToChange extends Error {
  override readonly name = 'NothingToChange'
}

/**
 * The routes that changes would make different. The router is not touched.
 * @throws NothingToChange
 */
export function whatIf(router: Router, changes: readonly HypotheticalChange[]): RouteDifference[] {
  // not what the router has: a calculation that waits is no consequence of the change
  const before = new RouterCopy(router).calculate()
  const copy = new RouterCopy(router)
  for (const change of changes) apply(copy, change)
  return differences(before, copy.calculate())
}

function differences(before: RouteTable, after: RouteTable): RouteDifference[] {
  const found: RouteDifference[] = []
  for (const [key, old] of before) {
    if (!after.has(key)) found.push({ before: old, after: undefined, moves: true })
  }
  for (const [key, now] of after) {
    const old = before.get(key)
    const moves =
      old === undefined || old.discard !== now.discard || !sameHops(old.nextHops, now.nextHops)
    const isSame =
      old !== undefined &&
      old.cost === now.cost &&
      old.type2Cost === now.type2Cost &&
      old.pathType === now.pathType &&
      old.area === now.area &&
      old.tag === now.tag
    if (moves || !isSame) found.push({ before: old, after: now, moves })
  }
  return found
}

function apply(copy: RouterCopy, change: HypotheticalChange): void {
  switch (change.type) {
    case 'link-cost':
      return changeCost(copy, linksOf(copy, change), change.cost)
    case 'link-down':
      for (const link of linksOf(copy, change)) cut(copy, link)
      return
    case 'router-down':
      return loseRouter(copy, change.router)
    case 'drain':
      return drain(copy, change.router, change.includeStub)
    case 'withdraw':
      return withdraw(copy, change)
    case 'interface-cost':
      return changeInterfaceCost(copy, change.interface, change.cost)
    case 'interface-down':
      return loseInterface(copy, change.interface)
  }
}

const LINK_POINT_TO_POINT = 1
const LINK_TRANSIT = 2
const LINK_STUB = 3
/** RFC 6987 2. */
const MAX_LINK_METRIC = 0xffff
/** 1.0.0.0: a Link Data below it is the index of an unnumbered interface. */
const LEAST_ADDRESS = 0x01000000

const routerBody = (lsa: Lsa): RouterLsaBody => lsa.body as RouterLsaBody
const networkBody = (lsa: Lsa): NetworkLsaBody => lsa.body as NetworkLsaBody

/** A link of a router-LSA. */
interface FoundLink {
  readonly area: AreaCopy
  readonly router: number
  readonly link: RouterLink
}

function linksOf(
  copy: RouterCopy,
  choice: { readonly router: number } & LinkChoice,
): readonly FoundLink[] {
  const { router } = choice
  const found: FoundLink[] = []
  for (const area of copy.areas.values()) {
    const lsa = area.router(router)
    for (const link of lsa ? routerBody(lsa).links : []) {
      if (link.type === LINK_STUB) continue
      const isMeant =
        'address' in choice
          ? link.data === choice.address
          : leadsTo(area, link, router, choice.neighbor)
      if (isMeant) found.push({ area, router, link })
    }
  }
  if (found.length > 0) return found
  if ('address' in choice) throw new NothingToChange('no such link of that router')
  throw new NothingToChange('no link between these routers')
}

function leadsTo(area: AreaCopy, link: RouterLink, from: number, to: number): boolean {
  if (link.type !== LINK_TRANSIT) return link.id === to
  if (from === to) return false
  for (const lsa of area.lsas(LsType.network)) {
    if (lsa.header.lsId !== link.id) continue
    const { attachedRouters } = networkBody(lsa)
    if (attachedRouters.includes(from) && attachedRouters.includes(to)) return true
  }
  return false
}

/** Gives a router other links; null takes one out. */
function editLinks(
  area: AreaCopy,
  router: number,
  edit: (link: RouterLink) => RouterLink | null,
): void {
  const lsa = area.router(router)
  if (lsa === undefined) return
  const body = routerBody(lsa)
  area.edit(lsa, { ...body, links: body.links.flatMap((link) => edit(link) ?? []) })
}

function changeCost(copy: RouterCopy, links: readonly FoundLink[], cost: number): void {
  for (const { area, router, link } of links) {
    const stub = stubOfLink(area, router, link)
    editLinks(area, router, (each) =>
      each === link || each === stub ? { ...each, metric: cost } : each,
    )
    if (router !== copy.routerId) continue
    for (const iface of ourInterfaces(area, link)) {
      copy.replaceInterface(iface.name, withCost(iface, cost))
    }
  }
}

type OurInterface = AreaCopy['interfaces'][number]

/** Interfaces are objects with getters: what the calculation looks at is copied by name. */
const withCost = (iface: OurInterface, cost: number): OurInterface => {
  const { name, state, address, network, isVirtual, link, neighbors, config } = iface
  return {
    name,
    state,
    address,
    network,
    isVirtual,
    link,
    neighbors,
    config: { ...config, cost },
  }
}

/** Our interface behind a link of ours; unnumbered ones may share an address. */
function ourInterfaces(area: AreaCopy, link: RouterLink): OurInterface[] {
  const same = area.interfaces.filter(
    ({ state, address, isVirtual }) => state !== 'Down' && !isVirtual && address === link.data,
  )
  if (same.length < 2 || link.type === LINK_TRANSIT) return same
  const near = same.filter(({ neighbors }) =>
    [...neighbors.values()].some(({ routerId }) => routerId === link.id),
  )
  return near.filter(({ config }) => config.cost === link.metric).slice(0, 1)
}

/** The stub network that a router advertises for the network of a point-to-point link (12.4.1.1). */
function stubOfLink(area: AreaCopy, router: number, link: RouterLink): RouterLink | undefined {
  if (link.type !== LINK_POINT_TO_POINT || link.data < LEAST_ADDRESS) return undefined
  const lsa = area.router(router)
  const far = area.router(link.id)
  const theirs = far ? routerBody(far).links.filter((l) => isLinkTo(l, router)) : []
  let best: RouterLink | undefined
  for (const stub of lsa ? routerBody(lsa).links : []) {
    if (stub.type !== LINK_STUB || stub.metric !== link.metric) continue
    const length = lengthOfMask(stub.data)
    if (length === undefined) continue
    const holds = (address: number): boolean => networkOf(address, length) === stub.id
    // the subnet, or the neighbor's address
    if (!holds(link.data) && !(length === 32 && theirs.some(({ data }) => holds(data)))) continue
    if (best === undefined || stub.data > best.data) best = stub
  }
  return best
}

const isLinkTo = ({ type, id }: RouterLink, router: number): boolean =>
  type === LINK_POINT_TO_POINT && id === router

function cut(copy: RouterCopy, { area, router, link }: FoundLink): void {
  if (link.type === LINK_TRANSIT) {
    removeLink(copy, area, router, link)
    leaveNetwork(area, link.id, router)
    return
  }
  const far = area.router(link.id)
  const back = far && otherEnd(area, router, link, routerBody(far))
  removeLink(copy, area, router, link)
  if (back) removeLink(copy, area, link.id, back)
}

/** A link and its network. */
function removeLink(copy: RouterCopy, area: AreaCopy, router: number, link: RouterLink): void {
  const stub = stubOfLink(area, router, link)
  editLinks(area, router, (each) => (each === link || each === stub ? null : each))
  if (router !== copy.routerId) return
  for (const iface of ourInterfaces(area, link)) {
    // one of several neighbors
    if (link.type === LINK_TRANSIT || iface.neighbors.size < 2) {
      copy.replaceInterface(iface.name, undefined)
    }
  }
}

/** Of parallel links, the one with an address on the same network; of unnumbered ones, that in the same place. */
function otherEnd(
  area: AreaCopy,
  router: number,
  link: RouterLink,
  far: RouterLsaBody,
): RouterLink | undefined {
  const theirs = far.links.filter((l) => isLinkTo(l, router))
  const stub = stubOfLink(area, router, link)
  const onNetwork = theirs.find(({ data }) => stub && (data & stub.data) >>> 0 === stub.id)
  if (onNetwork) return onNetwork
  const ours = routerBody(area.router(router)!).links.filter((l) => isLinkTo(l, link.id))
  return theirs[ours.indexOf(link)] ?? theirs[0]
}

/** The others of a LAN elect a new Designated Router, if that was it: the network is there still. */
function leaveNetwork(area: AreaCopy, network: number | undefined, router: number): void {
  for (const lsa of [...area.lsas(LsType.network)]) {
    const body = networkBody(lsa)
    if (network !== undefined && lsa.header.lsId !== network) continue
    if (!body.attachedRouters.includes(router)) continue
    const attachedRouters = body.attachedRouters.filter((id) => id !== router)
    area.edit(lsa, attachedRouters.length === 0 ? undefined : { ...body, attachedRouters })
  }
}

function loseRouter(copy: RouterCopy, router: number): void {
  let known = false
  for (const area of copy.areas.values()) {
    const lsa = area.router(router)
    if (lsa === undefined) continue
    known = true
    area.edit(lsa, undefined)
    leaveNetwork(area, undefined, router)
  }
  if (!known) throw new NothingToChange(`no such router in our areas: ${formatIpv4(router)}`)
}

function drain(copy: RouterCopy, router: number, includeStub: boolean): void {
  let known = false
  for (const area of copy.areas.values()) {
    if (area.router(router)) known = true
    // who is a stub router anyway, to all others
    if (router === copy.routerId && copy.announceOnly) continue
    editLinks(area, router, (link) =>
      link.type === LINK_STUB && !includeStub ? link : { ...link, metric: MAX_LINK_METRIC },
    )
  }
  if (!known) throw new NothingToChange(`no such router in our areas: ${formatIpv4(router)}`)
}

function withdraw(
  copy: RouterCopy,
  {
    router,
    prefix,
    length,
  }: { readonly router: number; readonly prefix: number; readonly length: number },
): void {
  let known = false
  const isMeant = (address: number, mask: number): boolean => {
    const is = lengthOfMask(mask) === length && (address & mask) >>> 0 === prefix
    known ||= is
    return is
  }
  for (const area of copy.areas.values()) {
    editLinks(area, router, (link) =>
      link.type === LINK_STUB && isMeant(link.id, link.data) ? null : link,
    )
  }
  const lsdbs = [copy.as.lsdb, ...[...copy.areas.values()].map(({ lsdb }) => lsdb)]
  for (const lsdb of lsdbs) {
    for (const type of [LsType.external, LsType.nssa]) {
      for (const { lsa } of [...lsdb.ofType(type)]) {
        if (lsa.header.advertisingRouter !== router || !('mask' in lsa.body)) continue
        if (isMeant(lsa.header.lsId, lsa.body.mask)) lsdb.set(lsa.header, undefined)
      }
    }
  }
  if (!known) throw new NothingToChange('that router advertises no such prefix')
}

function ourInterface(
  copy: RouterCopy,
  name: string,
): { area: AreaCopy; iface: OurInterface; links: readonly RouterLink[] } {
  for (const area of copy.areas.values()) {
    const iface = area.interfaces.find((each) => each.name === name)
    if (iface === undefined) continue
    const lsa = area.router(copy.routerId)
    const key = prefixKey(iface.network, iface.link.prefixLength)
    const links = (lsa ? routerBody(lsa).links : []).filter((link) => {
      if (link.type === LINK_STUB) {
        return link.metric === iface.config.cost && networkKey(link.id, link.data) === key
      }
      return ourInterfaces(area, link).includes(iface)
    })
    return { area, iface, links }
  }
  throw new NothingToChange(`no such interface: ${name}`)
}

function changeInterfaceCost(copy: RouterCopy, name: string, cost: number): void {
  const { area, iface, links } = ourInterface(copy, name)
  editLinks(area, copy.routerId, (link) =>
    links.includes(link) ? { ...link, metric: cost } : link,
  )
  copy.replaceInterface(name, withCost(iface, cost))
}

function loseInterface(copy: RouterCopy, name: string): void {
  const { area, links } = ourInterface(copy, name)
  for (const link of links) {
    if (link.type !== LINK_STUB) cut(copy, { area, router: copy.routerId, link })
  }
  editLinks(area, copy.routerId, (link) => (links.includes(link) ? null : link))
  copy.replaceInterface(name, undefined)
}
