/**
 * What ought to hold in a network that has had time to settle. Each check returns complaints in words; none: all is
 * well.
 */
import type { PathType, Route } from '../core/io.ts'
import { formatIpv4, parseIpv4 } from '../wire/address.ts'
import { parsePrefix } from './fib.ts'
import { nextNodes } from './forward.ts'
import type { Network } from './network.ts'
import type { SimNode } from './node.ts'
import { alive, groupsOf, oracleRoutes, peersOf } from './oracle.ts'
import type { SimRouter } from './router.ts'

const maxAge = 3600

/** The routers have the same LSAs of an area (dotted): same keys, sequence numbers and checksums. MaxAge does not count. */
export function equalDatabases(routers: readonly SimRouter[], area = '0.0.0.0'): string[] {
  const complaints: string[] = []
  const id = parseIpv4(area)
  const [first, ...others] = routers.filter(alive).map((router) => {
    const lsas = new Map<string, string>()
    for (const l of router.database()) {
      if (l.area !== id || l.interface !== undefined || l.age >= maxAge) continue
      const h = l.lsa.header
      const key = `type ${h.type} ${formatIpv4(h.lsId)} of ${formatIpv4(h.advertisingRouter)}`
      lsas.set(key, `sequence ${hex(h.sequence, 8)} checksum ${hex(h.checksum, 4)}`)
    }
    return { router, lsas }
  })
  if (first === undefined) return complaints
  for (const { router, lsas } of others) {
    for (const key of new Set([...first.lsas.keys(), ...lsas.keys()])) {
      const [a = 'nothing', b = 'nothing'] = [first.lsas.get(key), lsas.get(key)]
      if (a !== b) complaints.push(`${key}: ${first.router.name} has ${a}, ${router.name} has ${b}`)
    }
  }
  return complaints
}

/** Every pair of routers that can hear one another is at rest: Full on both sides, or 2-Way on both. */
export function noHalfAdjacency(net: Network): string[] {
  const complaints: string[] = []
  for (const router of net.routers.filter(alive)) {
    const neighbors = router.neighbors()
    for (const attachment of router.attachments) {
      const here = `${router.name} ${attachment.name}`
      const known = neighbors.filter((n) => n.interface === attachment.name)
      const peers = peersOf(attachment)
      for (const peer of peers) {
        const there = peer.node as SimRouter
        const state = known.find((n) => n.address === peer.address)?.state ?? 'nothing'
        const back = there
          .neighbors()
          .find((n) => n.interface === peer.name && n.address === attachment.address)?.state
        const rest =
          state === 'Full' || (state === '2-Way' && attachment.config.network === 'broadcast')
        if (!rest) complaints.push(`${here}: ${there.name} is ${state}`)
        else if (back !== state) {
          complaints.push(`${here}: ${there.name} is ${state}, the other way ${back ?? 'nothing'}`)
        }
      }
      for (const n of known) {
        if (peers.some((p) => p.address === n.address) || n.state === 'Down') continue
        complaints.push(`${here}: ${formatIpv4(n.address)} is ${n.state}, but is not there`)
      }
    }
  }
  return complaints
}

/** No router waits for an acknowledgement, of its own LSAs or of others'. */
export function retransmissionListsEmpty(net: Network): string[] {
  return net.routers.filter(alive).flatMap((router) =>
    router
      .neighbors()
      .filter((n) => n.retransmissionList > 0)
      .map(
        (n) =>
          `${router.name}: ${formatIpv4(n.routerId)} owes ${n.retransmissionList} acknowledgements`,
      ),
  )
}

/** Each router's table is what the description of the network demands, and its kernel has just that. */
export function routesEqualOracle(net: Network): string[] {
  const complaints: string[] = []
  for (const [router, wanted] of oracleRoutes(net)) {
    const routes = new Map(router.routes().map((r) => [prefixText(r), r]))
    for (const prefix of new Set([...wanted.keys(), ...routes.keys()])) {
      const want = wanted.get(prefix)
      const have = routes.get(prefix)
      const hops = want?.eitherHalf ? undefined : want && viaOf(want.hops)
      const a = want === undefined ? 'nothing' : text(want.type, want, hops, want.discard)
      const b =
        have === undefined
          ? 'nothing'
          : text(
              have.pathType,
              have,
              want?.eitherHalf ? undefined : viaOf(hopTexts(have)),
              have.discard,
            )
      if (a !== b) complaints.push(`${router.name}: ${prefix}: ${b}, ought to be ${a}`)
    }
    complaints.push(...kernelEquals(router, routes))
  }
  return complaints
}

/** The kernel has the ways through other routers as the table has them: the diffs have added up. Costs are not told. */
function kernelEquals(router: SimRouter, routes: ReadonlyMap<string, Route>): string[] {
  const kernel = new Map(router.fib)
  const complaints: string[] = []
  for (const prefix of new Set([...kernel.keys(), ...routes.keys()])) {
    const [want, have] = [routes.get(prefix), kernel.get(prefix)].map((route) => {
      if (route?.discard) return 'discard'
      const hops = route === undefined ? [] : viaOf(hopTexts(route))
      return hops.length === 0 ? 'nothing' : hops.join(' and ')
    })
    if (want === have) continue
    complaints.push(`${router.name}: ${prefix}: the kernel has ${have}, the table ${want}`)
  }
  return complaints
}

/** No packet to a prefix that anybody has in its table can go round in circles, whichever equal path it takes. */
export function noForwardingLoop(net: Network): string[] {
  const prefixes = new Set(net.routers.filter(alive).flatMap((r) => [...r.fib].map(([p]) => p)))
  const complaints: string[] = []
  for (const prefix of prefixes) {
    const { address, length } = parsePrefix(prefix)
    const loop = loopTowards(net, length < 31 ? address + 1 : address)
    if (loop !== undefined) complaints.push(`${prefix}: ${loop.map((n) => n.name).join(' -> ')}`)
  }
  return complaints
}

function loopTowards(net: Network, destination: number): SimNode[] | undefined {
  const safe = new Set<SimNode>()
  const path: SimNode[] = []
  const walk = (node: SimNode): SimNode[] | undefined => {
    if (safe.has(node) || node.owns(destination)) return undefined
    const at = path.indexOf(node)
    if (at >= 0) return [...path.slice(at), node]
    path.push(node)
    for (const next of nextNodes(node, destination)) {
      const loop = next && walk(next)
      if (loop) return loop
    }
    path.pop()
    safe.add(node)
    return undefined
  }
  for (const router of net.routers) {
    const loop = router.forwards ? walk(router) : undefined
    if (loop) return loop
  }
  return undefined
}

/** All of the above, for a network in any number of pieces: databases are compared among routers that reach one another. */
export function settled(net: Network): string[] {
  const areas = new Set(net.routers.flatMap((r) => r.attachments.map((a) => a.config.area)))
  return [
    ...noHalfAdjacency(net),
    ...[...areas].flatMap((area) =>
      groupsOf(net, area).flatMap((group) => equalDatabases(group, formatIpv4(area))),
    ),
    ...retransmissionListsEmpty(net),
    ...routesEqualOracle(net),
    ...noForwardingLoop(net),
  ]
}

const hex = (n: number, digits: number): string =>
  `0x${(n >>> 0).toString(16).padStart(digits, '0')}`
const prefixText = (r: Route): string => `${formatIpv4(r.prefix)}/${r.length}`

const hopTexts = (route: Route): string[] =>
  route.nextHops.map((h) =>
    h.gateway === undefined ? h.interface : `${h.interface} via ${formatIpv4(h.gateway)}`,
  )

/** The hops through another router, sorted; what is attached the kernel knows anyway. */
const viaOf = (hops: Iterable<string>): string[] => [...hops].filter((h) => h.includes(' ')).sort()

function text(
  type: PathType,
  { cost, type2Cost }: { readonly cost: number; readonly type2Cost?: number | undefined },
  hops: readonly string[] | undefined,
  discard = false,
): string {
  const told = type2Cost === undefined ? '' : `${type2Cost} and `
  const what = `${type}, cost ${told}${cost}`
  if (discard) return `${what}, discarded`
  if (hops === undefined) return what
  return hops.length === 0 ? `${what}, attached` : `${what}, ${hops.join(' and ')}`
}
