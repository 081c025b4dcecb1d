/**
 * Quagga's and FRR's configuration text (ospfd.conf, zebra.conf, frr.conf) as options of a speaker. Every statement is
 * applied, accepted as of no consequence here, reported as not done, or an error with its file and line; with one error
 * nothing is returned, so that a box never runs on half of its configuration. The syntax is that of FRR 8.4, with what
 * Quagga 0.99 had before and FRR 10 has since; the tables say it in FRR's own notation.
 */
import { Draft, type Mode, type Statement, type Statements } from './frr-draft.ts'
import { routeMapStatements } from './frr-filter.ts'
import { finish } from './frr-finish.ts'
import { compile, isMatch, type Match, type Pattern } from './frr-grammar.ts'
import { interfaceStatements } from './frr-interface.ts'
import { keyChainStatements, keyStatements } from './frr-keys.ts'
import { Refusal, shown, wordsOf } from './frr-parse.ts'
import { lacking } from './frr-pending.ts'
import { routerStatements } from './frr-router.ts'
import type { FrrFile, FrrImport, FrrImportOptions } from './frr-types.ts'
import { configStatements, lineStatements, vrfStatements } from './frr-zebra.ts'

export type * from './frr-types.ts'

/** Reads the files as one configuration. Never throws on their account: what is wrong is in `errors`. */
export function importFrr(files: readonly FrrFile[], options: FrrImportOptions = {}): FrrImport {
  const draft = new Draft(options.compat ?? 'frr', options.lacks ?? lacking)
  for (const file of files) read(draft, file)
  return finish(draft, files[0]?.name ?? '')
}

interface Entry {
  readonly pattern: Pattern
  readonly act: Statement
}

function compiled(statements: Statements): readonly Entry[] {
  const keywords = new Set<string>()
  return Object.entries(statements).map(([text, act]) => ({
    pattern: compile(text, keywords),
    act,
  }))
}

const tables: Readonly<Record<Mode, readonly Entry[]>> = {
  config: compiled(configStatements),
  interface: compiled(interfaceStatements),
  'router ospf': compiled(routerStatements),
  'route-map': compiled(routeMapStatements),
  'key chain': compiled(keyChainStatements),
  key: compiled(keyStatements),
  'line vty': compiled(lineStatements),
  vrf: compiled(vrfStatements),
  other: [],
}

// Reading

function read(draft: Draft, { name, text }: FrrFile): void {
  draft.mode = 'config'
  for (const [i, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    draft.words = wordsOf(line)
    draft.place = { file: name, line: i + 1 }
    if (draft.words.length > 0) draft.guard(draft.place, () => statement(draft, /^\s/.test(line)))
  }
}

/** As vty reads: a statement is looked up where we are, then at the top, which leaves the block. */
function statement(draft: Draft, indented: boolean): void {
  const { words, mode } = draft
  const isPassed = mode === 'other' && indented
  const here = lookup(tables[mode], words)
  const found = here.found ? here : isPassed ? undefined : lookup(tables.config, words)
  if (found?.found === undefined) {
    // What stands in a block of another daemon goes with it.
    if (mode === 'other') return
    if (!indented) draft.mode = 'config'
    throw new Refusal(explain(words, indented ? mode : 'config', [here, found]))
  }
  if (!here.found) draft.mode = 'config'
  try {
    found.found.act(draft, found.found.match.args)
  } catch (error) {
    if (error instanceof Refusal) error.message = `${shown(words)}: ${error.message}`
    throw error
  }
}

interface Lookup {
  readonly found?: { readonly match: Match; readonly act: Statement }
  /** Of what does not match: the word at which the nearest pattern failed, and what it expected. */
  readonly at: number
  readonly expected: ReadonlySet<string>
}

/** The pattern that fits best, word by word. */
function lookup(table: readonly Entry[], words: readonly string[]): Lookup {
  let best: Lookup['found']
  let at = 0
  let expected = new Set<string>()
  for (const { pattern, act } of table) {
    const match = pattern(words)
    if (isMatch(match)) {
      const better = best === undefined ? 1 : compare(match, best.match)
      if (better === 0 && match.words.join(' ') !== best?.match.words.join(' '))
        throw new Refusal(
          `${shown(words)}: may be '${shown(match.words)}' or '${shown(best!.match.words)}'`,
        )
      if (better > 0) best = { match, act }
    } else if (match.at >= at) {
      if (match.at > at) expected = new Set()
      at = match.at
      for (const one of match.expected) expected.add(one)
    }
  }
  return { at, expected, ...(best === undefined ? {} : { found: best }) }
}

function compare(a: Match, b: Match): number {
  const i = a.fit.findIndex((fit, i) => fit !== b.fit[i])
  return i < 0 ? 0 : a.fit[i]! - b.fit[i]!
}

/** Why a statement is none. */
function explain(
  words: readonly string[],
  mode: Mode,
  tried: readonly (Lookup | undefined)[],
): string {
  for (const [block, table] of Object.entries(tables))
    if (block !== 'config' && lookup(table, words).found !== undefined)
      return `${shown(words)}: belongs under '${block}'`
  const under = mode === 'config' ? '' : ` under '${mode}'`
  const miss = tried
    .filter((one) => one !== undefined)
    .sort((a, b) => b.at - a.at)
    .find(({ at, expected }) => at > 0 && expected.size <= 8)
  if (miss === undefined) return `not supported${under}: ${shown(words)}`
  return `${shown(words)}: ${expectation(words[miss.at], [...miss.expected])}`
}

function expectation(word: string | undefined, expected: readonly string[]): string {
  const others = expected.filter((one) => one !== 'nothing more')
  if (others.length === 0) return `nothing is expected after it, at '${word}'`
  const quoted = others.map((one) => (/^an? /.test(one) ? one : `'${one}'`)).join(' or ')
  if (word === undefined) return `${quoted} is missing`
  return `'${word}' is not ${quoted}`
}
