/** Sources as text, for the house rules: what they import, and their code without comments and quotes. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

export const read = (path: string): string => readFileSync(path, 'utf8')

/** The sources of a folder, by path within it. */
export const sourcesOf = (folder: string): Map<string, string> =>
  new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(ts|mts|mjs|js)$/.test(path) && !path.includes('node_modules'))
      .sort()
      .map((path) => [path, read(join(folder, path))]),
  )

const comment = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/
const text = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/
const commentOrText = new RegExp(`(${comment.source})|${text.source}`, 'g')

/** Without comments. */
export const codeOf = (source: string): string =>
  source.replace(commentOrText, (found, isComment) => (isComment === undefined ? found : ''))

/** Without comments, and with nothing in the quotes. */
export const wordsOf = (source: string): string =>
  source.replace(commentOrText, (_, isComment) => (isComment === undefined ? "''" : ''))

export interface Import {
  readonly specifier: string
  readonly typesOnly: boolean
  /** Loaded when it is wanted. */
  readonly isLate: boolean
}

export function importsOf(source: string): Import[] {
  const code = codeOf(source)
  const fixed = /^(?:import|export)\s+(?:(type)\s)?[^'"]*?from\s*'([^']+)'|^import\s*'([^']+)'/gm
  const dynamic = /\b(?:import|require)\(\s*'([^']+)'/g
  return [
    ...Array.from(code.matchAll(fixed), ([, type, from, bare]) => ({
      specifier: (from ?? bare)!,
      typesOnly: type !== undefined,
      isLate: false,
    })),
    ...Array.from(code.matchAll(dynamic), ([, specifier]) => ({
      specifier: specifier!,
      typesOnly: false,
      isLate: true,
    })),
  ]
}

export const isRelative = ({ specifier }: Import): boolean => specifier.startsWith('.')
export const resolved = (from: string, { specifier }: Import): string =>
  normalize(join(dirname(from), specifier))
