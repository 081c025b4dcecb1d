/**
 * Statements as FRR's own sources and its `list` command write them, matched against the words of a line:
 * `area <A.B.C.D|(0-4294967295)>$area range A.B.C.D/M$prefix [cost (0-16777215)$cost]`. A name after `$` keeps the
 * word. `<a|b>` is one of them, `[a]` may be missing, `{a|b}` is some of them in any order. Lower case is a keyword,
 * which may be cut short where that is unique; upper case is any word, with `...` all words that remain.
 */
import { parseIpv4 } from '../wire/address.ts'

type ArgName =
  | 'action'
  | 'address'
  | 'always'
  | 'area'
  | 'at'
  | 'authenticated'
  | 'chain'
  | 'cost'
  | 'dead'
  | 'delay'
  | 'distance'
  | 'exact'
  | 'ge'
  | 'hello'
  | 'hidden'
  | 'hold'
  | 'id'
  | 'instance'
  | 'key'
  | 'label'
  | 'le'
  | 'list'
  | 'map'
  | 'mask'
  | 'maximum'
  | 'metric'
  | 'name'
  | 'nexthopVrf'
  | 'no'
  | 'noSummary'
  | 'nonBroadcast'
  | 'onlink'
  | 'originate'
  | 'password'
  | 'peer'
  | 'poll'
  | 'prefix'
  | 'priority'
  | 'retransmit'
  | 'role'
  | 'seconds'
  | 'sequence'
  | 'source'
  | 'substitute'
  | 'table'
  | 'tag'
  | 'transmit'
  | 'type'
  | 'value'
  | 'vrf'
  | 'way'

/** The words kept, by name; and `no`, where that is how a statement begins. */
export type Args = Readonly<Partial<Record<ArgName, string>>>

interface Token {
  readonly kind: 'token'
  readonly fit: (word: string) => number
  readonly rest: boolean
  readonly expected: string
}

type Node =
  | Token
  | { readonly kind: 'all' | 'one' | 'some'; readonly parts: readonly Node[] }
  | { readonly kind: 'maybe'; readonly part: Node }
  | { readonly kind: 'keep'; readonly part: Node; readonly name: ArgName }

/** How well a word fits: as FRR, a keyword in full goes before a value, and a value before a part of a keyword. */
const fits = { not: 0, part: 1, word: 2, value: 3, keyword: 4 } as const

export interface Match {
  readonly args: Args
  /** How well each word fits. */
  readonly fit: readonly number[]
  /** The keywords in full, and the values. */
  readonly words: readonly string[]
}

/** How far a line that does not match went, and what could have gone on. */
export interface Miss {
  readonly at: number
  readonly expected: readonly string[]
}

export type Pattern = (words: readonly string[]) => Match | Miss

export const isMatch = (result: Match | Miss): result is Match => 'args' in result

/**
 * Reads a pattern once. `keywords` are those of the patterns beside it, and gets those of this one: a word that is one
 * of them in full is no other cut short.
 */
export function compile(text: string, keywords: Set<string>): Pattern {
  const tree = parse(text, keywords)
  const first = beginnings(tree).tokens
  return (words) =>
    first.some(({ fit }) => words[0] !== undefined && fit(words[0]) !== fits.not)
      ? new Attempt(words).run(tree)
      : elsewhere
}

const elsewhere: Miss = { at: 0, expected: [] }

/** The tokens that a sentence may begin with, so that most patterns are ruled out by the first word. */
function beginnings(node: Node): { readonly tokens: readonly Token[]; readonly isEmpty: boolean } {
  switch (node.kind) {
    case 'token':
      return { tokens: [node], isEmpty: false }
    case 'keep':
      return beginnings(node.part)
    case 'maybe':
      return { tokens: beginnings(node.part).tokens, isEmpty: true }
    case 'one':
    case 'some': {
      const parts = node.parts.map(beginnings)
      return {
        tokens: parts.flatMap(({ tokens }) => tokens),
        isEmpty: parts.some(({ isEmpty }) => isEmpty),
      }
    }
    case 'all': {
      const tokens: Token[] = []
      for (const part of node.parts) {
        const begins = beginnings(part)
        tokens.push(...begins.tokens)
        if (!begins.isEmpty) return { tokens, isEmpty: false }
      }
      return { tokens, isEmpty: true }
    }
  }
}

class Attempt {
  readonly #words: readonly string[]
  readonly #args: Partial<Record<ArgName, string>> = {}
  readonly #fit: number[] = []
  readonly #full: string[] = []
  #furthest = 0
  #expected = new Set<string>()

  constructor(words: readonly string[]) {
    this.#words = words
  }

  run(tree: Node): Match | Miss {
    const done = this.#match(tree, 0, (at) => {
      if (at === this.#words.length) return true
      this.#miss(at, 'nothing more')
      return false
    })
    return done
      ? { args: this.#args, fit: this.#fit, words: this.#full }
      : { at: this.#furthest, expected: [...this.#expected] }
  }

  #miss(at: number, expected: string): void {
    if (at > this.#furthest) this.#expected = new Set()
    this.#furthest = Math.max(at, this.#furthest)
    if (at === this.#furthest) this.#expected.add(expected)
  }

  /** Matches from word `at` on and goes on with `next`; what was kept is let go of where that fails. */
  #match(node: Node, at: number, next: (at: number) => boolean): boolean {
    switch (node.kind) {
      case 'token':
        return this.#token(node, at, next)
      case 'all':
        return this.#sequence(node.parts, at, next)
      case 'one':
        return node.parts.some((part) => this.#match(part, at, next))
      case 'some':
        return this.#anyOrder(node.parts, at, next)
      case 'maybe':
        return this.#match(node.part, at, next) || next(at)
      case 'keep': {
        const { name } = node
        const before = this.#args[name]
        const kept = this.#match(node.part, at, (end) => {
          this.#args[name] = this.#full.slice(at, end).join(' ')
          return next(end)
        })
        if (!kept && before === undefined) delete this.#args[name]
        else if (!kept && before !== undefined) this.#args[name] = before
        return kept
      }
    }
  }

  #token({ fit, rest, expected }: Token, at: number, next: (at: number) => boolean): boolean {
    const words = this.#words.slice(at, rest ? undefined : at + 1)
    const value = words.length === 0 ? fits.not : fit(words[0]!)
    if (value === fits.not) {
      this.#miss(at, expected)
      return false
    }
    const isKeyword = value === fits.part || value === fits.keyword
    for (const [i, word] of words.entries()) {
      this.#fit[at + i] = value
      this.#full[at + i] = isKeyword ? expected : word
    }
    return next(at + words.length)
  }

  #sequence(parts: readonly Node[], at: number, next: (at: number) => boolean): boolean {
    const [first, ...others] = parts
    if (first === undefined) return next(at)
    return this.#match(first, at, (end) => this.#sequence(others, end, next))
  }

  #anyOrder(parts: readonly Node[], at: number, next: (at: number) => boolean): boolean {
    return parts.some((part, i) =>
      this.#match(part, at, (end) => {
        const others = parts.filter((_, j) => j !== i)
        return this.#anyOrder(others, end, next) || next(end)
      }),
    )
  }
}

const lexemes = /[<>[\]{}|]|\$[A-Za-z]+|[^\s<>[\]{}|$]+/g

function parse(text: string, keywords: Set<string>): Node {
  const tokens = text.match(lexemes) ?? []
  let at = 0
  const named = (part: Node): Node => {
    const name = tokens[at]?.startsWith('$') ? (tokens[at++]!.slice(1) as ArgName) : undefined
    return name === undefined ? part : { kind: 'keep', part, name }
  }
  const alternatives = (end: string): Node[] => {
    const found: Node[] = []
    for (;;) {
      found.push(sequence())
      const token = tokens[at++]
      if (token === end) return found
      if (token !== '|') throw new Error(`${text}: ${end} is missing`)
    }
  }
  const sequence = (): Node => {
    const parts: Node[] = []
    for (;;) {
      const token = tokens[at]
      if (token === undefined || '>]}|'.includes(token)) return { kind: 'all', parts }
      at++
      if (token === '<') parts.push(named({ kind: 'one', parts: alternatives('>') }))
      else if (token === '{') parts.push({ kind: 'some', parts: alternatives('}') })
      else if (token === '[') {
        const inside: Node = named({ kind: 'one', parts: alternatives(']') })
        parts.push({ kind: 'maybe', part: inside })
      } else parts.push(named(tokenOf(token, keywords)))
    }
  }
  const tree = sequence()
  if (at < tokens.length) throw new Error(`${text}: unexpected ${tokens[at]}`)
  return tree
}

function tokenOf(text: string, keywords: Set<string>): Node {
  const rest = text.endsWith('...')
  const token = (expected: string, fit: (word: string) => number): Node => {
    const one: Node = { kind: 'token', fit, rest, expected }
    return text === 'no' ? { kind: 'keep', part: one, name: 'no' } : one
  }
  const value = (expected: string, holds: (word: string) => boolean): Node =>
    token(expected, (word) => (holds(word) ? fits.value : fits.not))
  const [, low, high] = /^\((\d+)-(\d+)\)$/.exec(text) ?? []
  if (low !== undefined && high !== undefined) {
    const [least, most] = [Number(low), Number(high)]
    return value(`a number from ${low} to ${high}`, (word) => {
      return /^\d{1,10}$/.test(word) && Number(word) >= least && Number(word) <= most
    })
  }
  if (text === 'A.B.C.D') return value('an IPv4 address', (word) => isAddress(word))
  if (text === 'A.B.C.D/M') return value('a prefix (A.B.C.D/M)', (word) => isPrefix(word))
  if (/^[A-Z]/.test(text)) {
    const what = text.replace('...', '').replaceAll('_', ' ').toLowerCase()
    return token(`a ${what}`, () => fits.word)
  }
  keywords.add(text)
  return token(text, (word) => {
    if (word === text) return fits.keyword
    return text.startsWith(word) && !keywords.has(word) ? fits.part : fits.not
  })
}

const isAddress = (word: string): boolean => parseIpv4(word) !== undefined

function isPrefix(word: string): boolean {
  const [address = '', length = '', ...more] = word.split('/')
  return isAddress(address) && /^\d{1,2}$/.test(length) && Number(length) <= 32 && more.length === 0
}
