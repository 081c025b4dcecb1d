/**
 * `access-list`, `route-map` and `ip protocol ospf route-map`: what zebra lets into the kernel. Only two outcomes are
 * understood, all routes or none; a policy that tells routes apart is refused, since half of it would be a lie.
 */
import { integer, prefix, Refusal } from './frr-parse.ts'

type Action = 'permit' | 'deny'

interface Rule {
  readonly sequence: number
  readonly action: Action
  /** Which routes the rule applies to. */
  readonly matches: 'all' | 'some' | 'none'
}

interface MapEntry {
  readonly sequence: number
  readonly action: Action
  /** Names of access lists that must all permit; empty: every route matches. */
  readonly lists: string[]
}

export class Policy {
  readonly #lists = new Map<string, Rule[]>()
  readonly #maps = new Map<string, Map<number, MapEntry>>()

  /** The words after `access-list NAME`. */
  accessList(name: string, words: readonly string[]): void {
    const rules = this.#lists.get(name) ?? []
    this.#lists.set(name, rules)
    if (words[0] === 'remark') return
    const numbered = words[0] === 'seq'
    const sequence = numbered
      ? integer(words[1] ?? '', 1, 0xffffffff)
      : Math.max(0, ...rules.map((rule) => rule.sequence)) + 5
    const [verb = '', ...what] = numbered ? words.slice(2) : words
    rules.push({ sequence, action: action(verb), matches: coverage(what) })
  }

  /** `route-map NAME permit|deny N`: the entry, opened or opened again. */
  entry(name: string, verb: string, number: string): MapEntry {
    const sequence = integer(number, 1, 65535)
    const entries = this.#maps.get(name) ?? new Map<number, MapEntry>()
    const entry = { sequence, action: action(verb), lists: entries.get(sequence)?.lists ?? [] }
    this.#maps.set(name, entries.set(sequence, entry))
    return entry
  }

  /** Whether the map lets every route through, or none. Throws a Refusal when it is neither. */
  installs(name: string): boolean {
    const entries = this.#maps.get(name)
    if (entries === undefined) throw new Refusal(`route-map ${name} is not defined`)
    const rules = [...entries.values()].map(({ sequence, action, lists }) => ({
      sequence,
      action,
      matches: narrowest(lists.map((list) => this.#selects(list))),
    }))
    const verdict = outcome(rules)
    if (verdict === undefined)
      throw new Refusal(
        `route-map ${name} installs some routes and not others; only all or none is supported`,
      )
    return verdict === 'permit'
  }

  #selects(list: string): Rule['matches'] {
    const rules = this.#lists.get(list)
    if (rules === undefined) throw new Refusal(`access-list ${list} is not defined`)
    const verdict = outcome(rules)
    return verdict === undefined ? 'some' : verdict === 'permit' ? 'all' : 'none'
  }
}

/** First match wins and the end denies; undefined when it depends on the route. */
function outcome(rules: readonly Rule[]): Action | undefined {
  const live = rules.toSorted((a, b) => a.sequence - b.sequence).filter((r) => r.matches !== 'none')
  const last = live.findIndex((rule) => rule.matches === 'all')
  const actions = new Set(live.slice(0, last < 0 ? undefined : last + 1).map((rule) => rule.action))
  if (last < 0) actions.add('deny')
  return actions.size === 1 ? [...actions][0] : undefined
}

function narrowest(parts: readonly Rule['matches'][]): Rule['matches'] {
  return parts.includes('none') ? 'none' : parts.includes('some') ? 'some' : 'all'
}

function action(word: string): Action {
  if (word !== 'permit' && word !== 'deny')
    throw new Refusal(`'${word}' is neither permit nor deny`)
  return word
}

/** What follows permit or deny in an access list, in Quagga's forms. */
function coverage(what: readonly string[]): 'all' | 'some' {
  const [first = '', second, ...more] = what
  if (more.length > 0) throw new Refusal('extended access lists are not supported')
  if (first === 'any' && second === undefined) return 'all'
  if (first.includes('/') && (second === undefined || second === 'exact-match'))
    return prefix(first).length === 0 && second === undefined ? 'all' : 'some'
  if (first === 'host' && second !== undefined) return prefix(`${second}/32`) && 'some'
  prefix(`${first}/32`)
  if (second !== undefined) prefix(`${second}/32`)
  return second === '255.255.255.255' ? 'all' : 'some'
}
