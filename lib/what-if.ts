/** `whatIf(change)` as the public API takes and gives it: dotted text in, plain frozen data and lines of text out. */
import type { Route } from './core/io.ts'
import type { Router } from './core/router.ts'
import { type HypotheticalChange, type LinkChoice, NothingToChange } from './core/what-if.ts'
import { OspfError } from './errors.ts'
import {
  fail,
  isObject,
  onlyFields,
  parseAddress,
  parseBoolean,
  parseInteger,
  parsePrefix,
} from './parse.ts'
import type { RouteView } from './views.ts'
import { formatRoute } from './why.ts'

/** Whose link, router or prefix: a Router ID or a hostname (RFC 5642); default: this router. */
interface OfRouter {
  readonly router?: string
}

/** Every link to a neighbor, or the one on an interface address of the router. */
type LinkOf =
  | (OfRouter & { readonly neighbor: string; readonly address?: undefined })
  | (OfRouter & { readonly address: string; readonly neighbor?: undefined })

/** Something that has not happened. */
export type WhatIfChange =
  /** A link costs the router something else, and so does the network of the link. */
  | ({ readonly type: 'link-cost'; readonly cost: number } & LinkOf)
  /** A cable is cut and both ends know it; of a LAN, the connection of the router to it. */
  | ({ readonly type: 'link-down' } & LinkOf)
  /** A router loses power. */
  | ({ readonly type: 'router-down' } & OfRouter)
  /** A router becomes a stub router (RFC 6987), with `includeStub` its stub networks and VIPs the last resort as well. */
  | ({ readonly type: 'drain'; readonly includeStub?: boolean } & OfRouter)
  /** A router advertises a prefix no more. */
  | ({ readonly type: 'withdraw'; readonly prefix: string } & OfRouter)
  /** An interface of this router costs something else, or goes down. */
  | { readonly type: 'interface-cost'; readonly interface: string; readonly cost: number }
  | { readonly type: 'interface-down'; readonly interface: string }

/** A route that would not be what it is. */
export interface RouteDifferenceView {
  readonly prefix: string
  readonly what: 'added' | 'removed' | 'changed'
  readonly before: RouteView | undefined
  readonly after: RouteView | undefined
  /** Packets would take another way; otherwise the cost alone, or another attribute, would be different. */
  readonly moves: boolean
}

const MAX_COST = 0xffff

/**
 * What would become of the routes of a router.
 * @throws OspfError ERR_OSPF_CONFIG for a change that cannot be: it is malformed, or there is no such thing
 */
export function askWhatIf(
  router: Router,
  changes: WhatIfChange | readonly WhatIfChange[],
  view: (route: Route) => RouteView,
): readonly RouteDifferenceView[] {
  const list: readonly WhatIfChange[] = Array.isArray(changes) ? changes : [changes]
  const parsed = list.map((change) => parseChange(router, change))
  try {
    return Object.freeze(
      router.whatIf(parsed).map(({ before, after, moves }) => {
        const views = { before: before && view(before), after: after && view(after) }
        const { prefix } = (views.before ?? views.after)!
        const what = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed'
        return Object.freeze({ prefix, what, ...views, moves } as const)
      }),
    )
  } catch (error) {
    if (!(error instanceof NothingToChange)) throw error
    throw new OspfError('ERR_OSPF_CONFIG', `whatIf: ${error.message}`)
  }
}

const fields = {
  'link-cost': ['router', 'neighbor', 'address', 'cost'],
  'link-down': ['router', 'neighbor', 'address'],
  'router-down': ['router'],
  drain: ['router', 'includeStub'],
  withdraw: ['router', 'prefix'],
  'interface-cost': ['interface', 'cost'],
  'interface-down': ['interface'],
} as const satisfies Record<WhatIfChange['type'], readonly string[]>

function parseChange(core: Router, change: WhatIfChange): HypotheticalChange {
  if (!isObject(change)) throw fail('whatIf', 'a change or a list of changes', change)
  const { type } = change
  if (!Object.hasOwn(fields, type)) {
    throw fail('whatIf: type', `one of ${Object.keys(fields).join(', ')}`, type)
  }
  const where = `whatIf: ${type}`
  onlyFields(where, change, ['type', ...fields[type]])
  const routerOf = (field: string, text: unknown): number => parseRouter(core, field, text)
  const mine = ({ router }: OfRouter): { readonly router: number } => ({
    router: router === undefined ? core.routerId : routerOf(`${where}: router`, router),
  })
  switch (change.type) {
    case 'link-cost': {
      const cost = parseInteger(`${where}: cost`, change.cost, 0, MAX_COST)
      return { type: change.type, ...mine(change), ...linkOf(where, change, routerOf), cost }
    }
    case 'link-down':
      return { type: change.type, ...mine(change), ...linkOf(where, change, routerOf) }
    case 'router-down':
      return { type: change.type, ...mine(change) }
    case 'drain': {
      const includeStub = parseBoolean(`${where}: includeStub`, change.includeStub ?? false)
      return { type: change.type, ...mine(change), includeStub }
    }
    case 'withdraw':
      return {
        type: change.type,
        ...mine(change),
        ...parsePrefix(`${where}: prefix`, change.prefix),
      }
    case 'interface-cost': {
      const cost = parseInteger(`${where}: cost`, change.cost, 0, MAX_COST)
      return { type: change.type, interface: String(change.interface), cost }
    }
    case 'interface-down':
      return { type: change.type, interface: String(change.interface) }
  }
}

function linkOf(
  where: string,
  { neighbor, address }: LinkOf,
  routerOf: (field: string, text: unknown) => number,
): LinkChoice {
  if ((neighbor === undefined) === (address === undefined)) {
    throw fail(where, 'either neighbor or address', { neighbor, address })
  }
  return neighbor === undefined
    ? { address: parseAddress(`${where}: address`, address) }
    : { neighbor: routerOf(`${where}: neighbor`, neighbor) }
}

function parseRouter(core: Router, field: string, text: unknown): number {
  for (const [routerId, hostname] of core.hostnames.all()) if (hostname === text) return routerId
  return parseAddress(field, text)
}

/** Formats what would be different, a line each. */
export function formatWhatIf(differences: readonly RouteDifferenceView[]): string {
  if (differences.length === 0) return 'no route would be different'
  return differences
    .map(({ what, before, after, moves }) => {
      if (before === undefined) return `+ ${formatRoute(after!)}`
      if (after === undefined) return `- ${formatRoute(before)}`
      const [, now] = formatRoute(after).split(': ')
      return `${moves ? '!' : '='} ${formatRoute(before)} -> ${now} (${what})`
    })
    .join('\n')
}
