/**
 * Access lists, prefix lists and route maps: kept as they are read, and turned into the rules that the speaker knows
 * where something names them. What FRR does with a list that is not there differs from place to place, and is hardly
 * ever what was meant: here it is refused.
 */
import type { RouteMapEntryOptions, RouteMapMatch, RouteMapSet } from '../policy.ts'
import type { PrefixRuleOptions } from '../prefix-list.ts'
import { formatIpv4, lengthOfMask, networkOf, parseIpv4 } from '../wire/address.ts'
import type { Reference } from './frr-draft.ts'
import { Refusal } from './frr-parse.ts'

export type Action = 'permit' | 'deny'

/** A line of a list, with its number. An access list's may stand for several rules, or for what no rule says. */
export interface ListLine {
  readonly sequence: number
  readonly action: Action
  readonly rules: readonly Omit<PrefixRuleOptions, 'action'>[] | { readonly unsupported: string }
}

/** An entry of a route map. */
export interface MapEntry {
  readonly sequence: number
  readonly action: Action
  /** `match ip address`, the list of either kind. */
  prefixes?: Reference & { readonly kind: 'access-list' | 'prefix-list' | 'length' }
  /** What else must hold, and what is set: the value, by the words before it. */
  readonly matches: Map<string, Reference>
  readonly sets: Map<string, Reference>
  /** What OSPF has nothing to do with, and that nobody uses for it then. */
  readonly foreign: string[]
  call?: string
  onMatch?: 'next' | number
}

/** An entry as the speaker's options have it, its lists in place. */
type EntryOptions = Omit<RouteMapEntryOptions, 'match'> & { readonly match?: Match }
type Match = RouteMapMatch & { readonly prefixList?: readonly PrefixRuleOptions[] }

const step = 5

/** A list of either kind: lines in the order of their numbers. */
class NumberedList {
  readonly lines: Map<number, ListLine> = new Map()

  add(sequence: string | undefined, action: Action, rules: ListLine['rules']): void {
    const last = Math.max(0, ...this.lines.keys())
    const number = sequence === undefined ? (Math.floor(last / step) + 1) * step : Number(sequence)
    this.lines.set(number, { sequence: number, action, rules })
  }

  remove(sequence: string | undefined, action: Action, rules: ListLine['rules']): void {
    const wanted = JSON.stringify([action, rules])
    for (const line of this.lines.values()) {
      const isIt =
        sequence === undefined
          ? JSON.stringify([line.action, line.rules]) === wanted
          : line.sequence === Number(sequence)
      if (isIt) this.lines.delete(line.sequence)
    }
  }

  rules(): PrefixRuleOptions[] {
    const lines = [...this.lines.values()].sort((a, b) => a.sequence - b.sequence)
    return lines.flatMap(({ action, rules }) => {
      if ('unsupported' in rules) throw new Refusal(rules.unsupported)
      return rules.map((rule) => ({ action, ...rule }))
    })
  }
}

export class Policies {
  readonly #lists = {
    'access-list': new Map<string, NumberedList>(),
    'prefix-list': new Map<string, NumberedList>(),
  }
  readonly #maps = new Map<string, Map<number, MapEntry>>()

  list(kind: 'access-list' | 'prefix-list', name: string): NumberedList {
    const list = this.#lists[kind].get(name) ?? new NumberedList()
    this.#lists[kind].set(name, list)
    return list
  }

  forget(kind: 'access-list' | 'prefix-list', name: string): void {
    this.#lists[kind].delete(name)
  }

  /** `route-map NAME permit|deny N`: the entry, opened or opened again. */
  entry(name: string, action: Action, number: string): MapEntry {
    const sequence = Number(number)
    const entries = this.#maps.get(name) ?? new Map<number, MapEntry>()
    const before = entries.get(sequence)
    const empty = { matches: new Map(), sets: new Map(), foreign: [] }
    const entry = { ...empty, ...before, sequence, action }
    this.#maps.set(name, entries.set(sequence, entry))
    return entry
  }

  forgetMap(name: string, sequence?: string): void {
    if (sequence === undefined) this.#maps.delete(name)
    else this.#maps.get(name)?.delete(Number(sequence))
  }

  /** The rules of a prefix list. */
  prefixRules(reference: Reference): readonly PrefixRuleOptions[] {
    const list = this.#defined('prefix-list', reference)
    // an empty one lets all pass, in FRR
    return list.lines.size === 0 ? [everything] : list.rules()
  }

  /** The rules that say what an access list says. */
  accessRules(reference: Reference): readonly PrefixRuleOptions[] {
    return this.#defined('access-list', reference).rules()
  }

  /** Whether the map lets every route through, or none; undefined when it depends on the route, or changes it. */
  verdict(reference: Reference): Action | undefined {
    const entries = this.#entries(reference)
    if (!entries.every(isPlain)) return undefined
    return outcome(
      entries.map(({ action, prefixes }) => ({
        action,
        covers: prefixes === undefined ? 'all' : this.#coverage(prefixes),
      })),
    )
  }

  /** The map, and those that it calls, by name. */
  routeMaps(reference: Reference): Readonly<Record<string, readonly RouteMapEntryOptions[]>> {
    const maps: [string, readonly RouteMapEntryOptions[]][] = []
    const visit = (at: Reference): void => {
      if (maps.some(([name]) => name === at.name)) return
      const entries = this.#entries(at)
      maps.push([at.name, entries.map((entry) => this.#options(at.name, entry))])
      for (const { call } of entries) if (call !== undefined) visit({ ...at, name: call })
    }
    visit(reference)
    return Object.fromEntries(maps)
  }

  /** What the map sets for a route that it looks at for nothing; undefined where it looks, or denies. */
  unconditional(reference: Reference): RouteMapSet | undefined {
    const [first] = this.#entries(reference).map((entry) => this.#options(reference.name, entry))
    const { action, match, call, onMatch, set = {} } = first ?? {}
    const looks = match !== undefined || call !== undefined || onMatch !== undefined
    return action === 'permit' && !looks ? set : undefined
  }

  #options(name: string, entry: MapEntry): EntryOptions {
    const { sequence, action, foreign, call, onMatch } = entry
    if (foreign.length > 0)
      throw new Refusal(`route-map ${name} ${action} ${sequence}: '${foreign[0]}' is not supported`)
    const match = this.#match(entry)
    const set = settings(entry)
    const permitted = {
      ...(Object.keys(set).length === 0 ? {} : { set }),
      ...(call === undefined ? {} : { call }),
      ...(onMatch === undefined ? {} : { onMatch }),
    }
    return {
      sequence,
      action,
      ...(Object.keys(match).length === 0 ? {} : { match }),
      ...(action === 'permit' ? permitted : {}),
    }
  }

  #match({ prefixes, matches }: MapEntry): Match {
    const value = (words: string): Reference | undefined => matches.get(`match ${words}`)
    const [metric, tag, device] = [value('metric'), value('tag'), value('interface')]
    const address = value('ip next-hop address')
    const list = value('ip next-hop prefix-list')
    const access = value('ip next-hop')
    const hops = [
      address && [{ action: 'permit', prefix: `${address.name}/32` } as const],
      list && this.prefixRules(list),
      access && this.accessRules(access),
    ].filter((rules) => rules !== undefined)
    if (hops.length > 1) throw new Refusal('a next hop can be matched in one way only')
    return {
      ...(prefixes === undefined ? {} : { prefixList: this.#rules(prefixes) }),
      ...(metric === undefined ? {} : { metric: Number(metric.name) }),
      ...(tag === undefined ? {} : { tag: Number(tag.name) }),
      ...(device === undefined ? {} : { interface: device.name }),
      ...(hops[0] === undefined ? {} : { nextHop: hops[0] }),
    }
  }

  #rules(prefixes: NonNullable<MapEntry['prefixes']>): readonly PrefixRuleOptions[] {
    switch (prefixes.kind) {
      case 'access-list':
        return this.accessRules(prefixes)
      case 'prefix-list':
        return this.prefixRules(prefixes)
      case 'length': {
        const length = Number(prefixes.name)
        return [{ action: 'permit', prefix: '0.0.0.0/0', ge: length, le: length }]
      }
    }
  }

  #defined(kind: 'access-list' | 'prefix-list', { name }: Reference): NumberedList {
    const list = this.#lists[kind].get(name)
    if (list === undefined) throw new Refusal(`${kind} ${name} is not defined`)
    return list
  }

  #entries({ name }: Reference): MapEntry[] {
    const entries = this.#maps.get(name)
    if (entries === undefined) throw new Refusal(`route-map ${name} is not defined`)
    return [...entries.values()].sort((a, b) => a.sequence - b.sequence)
  }

  #coverage(prefixes: NonNullable<MapEntry['prefixes']>): Coverage {
    const verdict = outcome(
      this.#rules(prefixes).map((rule) => ({
        action: rule.action,
        covers: isEverything(rule) ? 'all' : 'some',
      })),
    )
    return verdict === undefined ? 'some' : verdict === 'permit' ? 'all' : 'none'
  }
}

const isPlain = ({ matches, sets, foreign, call, onMatch }: MapEntry): boolean =>
  matches.size + sets.size + foreign.length === 0 && call === undefined && onMatch === undefined

function settings({ sets }: MapEntry): RouteMapSet {
  const value = (words: string): string | undefined => sets.get(`set ${words}`)?.name
  const [metric, type, tag, source] = ['metric', 'metric-type', 'tag', 'src'].map(value)
  return {
    ...(metric === undefined ? {} : { metric: newMetric(metric) }),
    ...(type === undefined ? {} : { metricType: type === 'type-1' ? 1 : 2 }),
    ...(tag === undefined ? {} : { tag: Number(tag) }),
    ...(source === undefined ? {} : { source }),
  }
}

function newMetric(word: string): number | `+${number}` | `-${number}` {
  if (/^\d{1,10}$/.test(word)) return Number(word)
  if (/^[+-]\d{1,10}$/.test(word)) return word as `+${number}`
  throw new Refusal(`'set metric ${word}' is not supported`)
}

type Coverage = 'all' | 'some' | 'none'

const everything: PrefixRuleOptions = { action: 'permit', prefix: '0.0.0.0/0', le: 32 }

const isEverything = ({ prefix, ge = 0, le = 0 }: PrefixRuleOptions): boolean =>
  prefix === '0.0.0.0/0' && ge === 0 && le === 32

/** First match wins and the end denies; undefined when it depends on the route. */
function outcome(
  rules: readonly { readonly action: Action; readonly covers: Coverage }[],
): Action | undefined {
  const live = rules.filter(({ covers }) => covers !== 'none')
  const last = live.findIndex(({ covers }) => covers === 'all')
  const actions = new Set(live.slice(0, last < 0 ? undefined : last + 1).map((rule) => rule.action))
  if (last < 0) actions.add('deny')
  return actions.size === 1 ? [...actions][0] : undefined
}

// Lines of access lists

type Rules = Exclude<ListLine['rules'], { readonly unsupported: string }>

export const anyPrefix: Rules = [{ prefix: '0.0.0.0/0', le: 32 }]

/** `A.B.C.D/M`: the prefix and what is in it, or it alone. */
export const within = (prefix: string, exact: boolean): Rules => [
  exact ? { prefix } : { prefix, le: 32 },
]

/** `A.B.C.D WILDCARD` looks at the address of a prefix alone, whatever its length: what matches is a rule each. */
export function byWildcard(address: string, wildcard: string): ListLine['rules'] {
  const length = lengthOfMask(~parseIpv4(wildcard)! >>> 0)
  if (length === undefined)
    return { unsupported: `the wildcard ${wildcard} is not supported: its bits are not contiguous` }
  const network = networkOf(parseIpv4(address)!, length)
  const shorter: { prefix: string }[] = []
  for (let bits = length - 1; bits >= 0 && networkOf(network, bits) === network; bits--)
    shorter.push({ prefix: `${formatIpv4(network)}/${bits}` })
  return [{ prefix: `${formatIpv4(network)}/${length}`, le: 32 }, ...shorter]
}
