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
  visit,
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

/** In words for whoever wrote the file, where the parser speaks to programmers. */
const said: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: "a second document begins ('---'): one file has one",
}

/** Keys that are there twice in a map, and what YAML takes for a key although somebody meant something else. */
function keyProblems(
  document: Document<ParsedNode>,
  placeOf: (offset: number) => Place,
): { offset: number; message: string }[] {
  const problems: { offset: number; message: string }[] = []
  visit(document, {
    Map(_, map) {
      const first = new Map<unknown, number>()
      for (const { key } of map.items) {
        if (!isScalar(key)) continue
        const offset = key.range?.[0] ?? 0
        const { value } = key
        const twin = first.get(value)
        if (twin !== undefined) {
          const message = `'${String(value)}' is said twice, first in line ${placeOf(twin).line}`
          problems.push({ offset, message })
        } else if (value === '<<') {
          const message =
            "there are no merge keys ('<<') in YAML 1.2: an alias stands for the whole"
          problems.push({ offset, message })
        } else if (typeof value === 'string' && /^\/[/*]/.test(value)) {
          problems.push({ offset, message: 'a remark begins with # in YAML, and JSON has none' })
        } else first.set(value, offset)
      }
    },
  })
  return problems
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
      // looked at below: the parser compares every key with every other
      uniqueKeys: false,
      stringKeys: true,
      strict: true,
    })
    const found = [...document.errors, ...document.warnings].map(({ code, pos, message }) => ({
      offset: pos[0],
      message: said[code] ?? message.replace(/\s+/g, ' ').trim(),
    }))
    if (found.length === 0) found.push(...keyProblems(document, placeOf))
    // brackets that are left open are told once for each
    const once = new Map(found.map((one) => [`${one.offset} ${one.message}`, one]))
    const problems = Array.from(once.values(), ({ offset, message }) => ({
      ...placeOf(offset),
      path: '',
      message,
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
