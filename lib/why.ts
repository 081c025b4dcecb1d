/** `why(prefix)` as the public API gives it: plain frozen data, and the same as lines of text. */
import type { Router } from './core/router.ts'
import type { Candidate, Explanation } from './core/why.ts'
import { parseAddress, parsePrefix } from './parse.ts'
import { type LsaId, type NextHopView, type RouteView, viewLsaId, viewNextHop } from './views.ts'
import { formatIpv4, formatPrefix, maskOf } from './wire/address.ts'

/** A router or transit network on a shortest path. */
export interface PathStep {
  readonly kind: 'router' | 'network'
  /** Router ID, or the address of the Designated Router. */
  readonly id: string
  readonly hostname: string | undefined
  /** From this router to there. */
  readonly cost: number
}

/** An LSA that advertises the prefix, and what became of it. */
export interface WhyCandidate {
  readonly pathType: RouteView['pathType']
  /** Whose database it is in; undefined: that of the whole autonomous system. */
  readonly area: string | undefined
  readonly lsa: LsaId
  /** Of the LSA, in seconds. */
  readonly age: number
  /** Undefined: there is no way. Of an 'external-2' the cost of the way; its metric is `type2Cost`. */
  readonly cost: number | undefined
  readonly type2Cost: number | undefined
  readonly forwardingAddress: string | undefined
  /** A shortest path, from this router to where the prefix is, or to who says that it knows. */
  readonly path: readonly PathStep[]
  /** How many paths are as short. */
  readonly equalPaths: number
  readonly nextHops: readonly NextHopView[]
  /** It is one of those that the route is made of. */
  readonly chosen: boolean
  /** The rule that decided, by the section of the RFC. */
  readonly reason: string
}

/** Why there is a route to a prefix, or none. */
export interface WhyView {
  readonly prefix: string
  readonly route: RouteView | undefined
  /** Without a route: that of the longest shorter prefix, which packets take. */
  readonly covering: RouteView | undefined
  /** Chosen or not, in the order of RFC 2328 section 16. */
  readonly candidates: readonly WhyCandidate[]
  readonly notes: readonly string[]
}

/**
 * Reads 'A.B.C.D/L'; an address alone means the route that packets to it take.
 * @throws OspfError ERR_OSPF_CONFIG
 */
export function parseDestination(
  router: Router,
  text: unknown,
): { readonly prefix: number; readonly length: number } {
  if (typeof text !== 'string' || text.includes('/')) return parsePrefix('why', text)
  const address = parseAddress('why', text)
  for (let length = 32; length >= 0; length--) {
    const prefix = (address & maskOf(length)) >>> 0
    if (router.routing.has(prefix, length)) return { prefix, length }
  }
  return { prefix: address, length: 32 }
}

/**
 * @param view how a route is shown
 * @param notes what the core does not know
 */
export function viewWhy(
  router: Router,
  { prefix, length, route, covering, candidates, notes }: Explanation,
  view: (route: NonNullable<Explanation['route']>) => RouteView,
  more: readonly string[],
): WhyView {
  return Object.freeze({
    prefix: formatPrefix(prefix, length),
    route: route && view(route),
    covering: covering && view(covering),
    candidates: Object.freeze(candidates.map((candidate) => viewCandidate(router, candidate))),
    notes: Object.freeze([...notes, ...more]),
  })
}

function viewCandidate({ hostnames }: Router, candidate: Candidate): WhyCandidate {
  const { area, lsa, forwardingAddress, path, nextHops } = candidate
  const steps = path?.steps ?? []
  return Object.freeze({
    ...candidate,
    area: area === undefined ? undefined : formatIpv4(area),
    lsa: viewLsaId(lsa),
    forwardingAddress: forwardingAddress === 0 ? undefined : formatIpv4(forwardingAddress),
    path: Object.freeze(
      steps.map(({ kind, id, cost }) => {
        const hostname = kind === 'router' ? hostnames.of(id) : undefined
        return Object.freeze({ kind, id: formatIpv4(id), hostname, cost })
      }),
    ),
    equalPaths: path?.equalPaths ?? 0,
    nextHops: Object.freeze(nextHops.map(viewNextHop)),
  })
}

/** Formats an explanation as lines of text. */
export function formatWhy({ prefix, route, covering, candidates, notes }: WhyView): string {
  const lines = [route ? formatRoute(route) : `${prefix}: no route`]
  if (covering) lines.push(`  packets take ${formatRoute(covering)}`)
  for (const note of notes) lines.push(`  ${note}`)
  for (const candidate of candidates) lines.push(...formatCandidate(candidate))
  return lines.join('\n')
}

/** A route on one line. */
export function formatRoute(route: RouteView): string {
  const { prefix, pathType, area, cost, type2Cost, nextHops, discard } = route
  const what = [pathType, area === undefined ? '' : `area ${area}`, costText(cost, type2Cost)]
  const hops = nextHops.map(hopText).join(' and ') || (discard ? 'discarded' : 'this router')
  return `${prefix}: ${what.filter((part) => part !== '').join(', ')}, ${hops}`
}

const costText = (cost: number, type2Cost: number | undefined): string =>
  type2Cost === undefined ? `cost ${cost}` : `metric ${type2Cost} at cost ${cost}`

const hopText = ({ interface: name, gateway }: NextHopView): string =>
  gateway === undefined ? `attached to ${name}` : `via ${gateway} on ${name}`

const lsaNames: Partial<Record<number, string>> = {
  2: 'network-LSA',
  3: 'summary-LSA',
  5: 'AS-external-LSA',
  7: 'type 7 LSA',
}

function formatCandidate(candidate: WhyCandidate): string[] {
  const { chosen, lsa, area, age, cost, type2Cost, forwardingAddress, path } = candidate
  const where = area === undefined ? '' : ` in area ${area}`
  const price = cost === undefined ? 'no way' : costText(cost, type2Cost)
  const forwarded = forwardingAddress === undefined ? '' : `, forwarded to ${forwardingAddress}`
  const name = lsa.type === 1 ? 'router-LSA' : `${lsaNames[lsa.type]} ${lsa.lsId}`
  const head = `${name} of ${lsa.advertisingRouter}${where}, ${age} s old: ${price}${forwarded}`
  const lines = [`${chosen ? '*' : '-'} ${head}`]
  if (path.length > 0) {
    const steps = path.map(({ kind, id, hostname, cost: so }) => {
      const name = hostname === undefined ? id : `${id} (${hostname})`
      return `${kind === 'network' ? `network ${name}` : name} at ${so}`
    })
    const others = candidate.equalPaths > 1 ? `, the first of ${candidate.equalPaths} as short` : ''
    lines.push(`    path: ${steps.join(' -> ')}${others}`)
  }
  if (candidate.nextHops.length > 0) {
    lines.push(`    next hops: ${candidate.nextHops.map(hopText).join(' and ')}`)
  }
  lines.push(`    ${chosen ? 'chosen' : 'not chosen'}: ${candidate.reason}`)
  return lines
}
