/** YAML 1.2, and so JSON, as data whose every part knows its line and column. */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
} from 'yaml'
import { type ConfigProblem, formatPath, type Path, type Place, type Source } from './source.ts'

export interface ReadYaml {
  /** Undefined when there are problems. */
  readonly source: Source | undefined
  readonly problems: readonly ConfigProblem[]
}

/** Aliases that are followed, so that a short text cannot become a long one. */
const ALIASES_MAX = 200

/** Brackets within brackets, and columns before the first word of a line: a parser has only so much of a stack. */
const BRACKETS_MAX = 100
const INDENT_MAX = 200
const OCTETS_MAX = 4 << 20

/** Where a file is too much to be parsed, and why. */
function excess(name: string, text: string): ConfigProblem | undefined {
  const refuse = (line: number, column: number, message: string): ConfigProblem => ({
    file: name,
    line,
    column,
    path: '',
    message,
  })
  if (text.length > OCTETS_MAX) return refuse(1, 1, `longer than ${OCTETS_MAX} characters`)
  let open = 0
  let [line, start, isIndent] = [1, 0, true]
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!
    if (char === '\n') [line, start, isIndent] = [line + 1, i + 1, true]
    else if (isIndent && !' \t-?'.includes(char)) isIndent = false
    if (isIndent && i - start > INDENT_MAX) return refuse(line, i - start, 'nested too deep')
    if (char === '[' || char === '{') open++
    else if ((char === ']' || char === '}') && open > 0) open--
    if (open > BRACKETS_MAX) return refuse(line, i - start + 1, 'nested too deep')
  }
  return undefined
}

/** Reads a file. Never throws on its account. */
export function readYaml(name: string, text: string): ReadYaml {
  const tooMuch = excess(name, text)
  if (tooMuch !== undefined) return { source: undefined, problems: [tooMuch] }
  const lines = new LineCounter()
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(Math.min(offset, text.length))
    return { file: name, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  try {
    const document = parseDocument(text.replace(/^\uFEFF/, ''), {
      version: '1.2',
      schema: 'core',
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: true,
      stringKeys: true,
      strict: true,
    })
    const problems = [...document.errors, ...document.warnings].map(({ pos, message }) => ({
      ...placeOf(pos[0]),
      path: '',
      message: message.replace(/\s+/g, ' ').trim(),
    }))
    if (problems.length > 0) return { source: undefined, problems }
    const data: unknown = document.toJS({ maxAliasCount: ALIASES_MAX })
    const place = (path: Path): Place => placeOf(offsetOf(document, path))
    return { source: { name, data, place }, problems: [] }
  } catch (error) {
    // too many aliases, too deep
    const message = error instanceof Error ? error.message : String(error)
    return { source: undefined, problems: [{ file: name, line: 1, column: 1, path: '', message }] }
  }
}

/** Of the key of a map's entry, or of an item of a list. */
function offsetOf(document: Document<ParsedNode>, path: Path): number {
  let offset = document.contents?.range[0] ?? 0
  let node: Node | null = document.contents
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document) ?? null
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === String(key))
      if (pair === undefined) break
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset
      node = isNode(pair.value) ? pair.value : null
    } else if (isSeq(node) && typeof key === 'number') {
      const item = node.items[key]
      if (!isNode(item)) break
      offset = item.range?.[0] ?? offset
      node = item
    } else break
  }
  return offset
}

/** A problem of a source at a path. */
export const problemAt = (source: Source, path: Path, message: string): ConfigProblem => ({
  ...source.place(path),
  path: formatPath(path),
  message,
})
