/** What a command of the table is. */
import type { Match, Syntax } from './grammar.ts'
import type { Operated } from './speaker-like.ts'

export interface Command extends Syntax {
  /** It changes something: asked for with POST. */
  readonly isAction?: true
  /** The answer as JSON. */
  readonly document: (operated: Operated, match: Match<Command>) => unknown
  /** The answer as text. */
  readonly text: (operated: Operated, match: Match<Command>, document: unknown) => string
  /** Lines that go on until whoever asked leaves. */
  readonly stream?: (
    operated: Operated,
    match: Match<Command>,
    signal: AbortSignal,
  ) => AsyncIterable<string>
}

/** One of the table, with the document's type known to its text alone. */
export function command<D>(
  syntax: string,
  document: (operated: Operated, match: Match<Command>) => D | Promise<D>,
  text: (document: D, operated: Operated, match: Match<Command>) => string,
  help?: Readonly<Record<string, string>>,
): Command {
  return {
    syntax,
    document,
    text: (operated, match, made) => text(made as D, operated, match),
    ...(help === undefined ? {} : { help }),
  }
}

/** The same for one that changes something. */
export const action: typeof command = (...args) => ({ ...command(...args), isAction: true })

/** An argument that was given as an address or as a prefix; an address alone is a /32. */
export function prefixOf(match: Match<Command>): string | undefined {
  const address = match.get('A.B.C.D')
  return match.get('A.B.C.D/M') ?? (address === undefined ? undefined : `${address}/32`)
}

export const countOf = (match: Match<Command>, word: string): number | undefined => {
  const count = match.after(word)
  return count === undefined ? undefined : Number(count)
}
