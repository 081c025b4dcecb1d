/**
 * keepalived's lines as its parser sees them: files with what they include, lines for one host (`@id`), definitions and
 * sequences expanded, comments gone, braces on lines of their own. What is read lies on a stack: a file, the remaining
 * lines of a definition, a sequence; the topmost is read to its end first.
 */
import { Definitions, definitionIn } from './keepalived-definitions.ts'
import { Refused, type Reports } from './keepalived-reports.ts'
import { type Sequence, sequenceIn } from './keepalived-sequences.ts'
import { decomment, splitAtBrace } from './keepalived-text.ts'
import type { KeepalivedFiles, KeepalivedImportOptions } from './keepalived-types.ts'

interface File {
  readonly kind: 'file'
  readonly name: string
  readonly directory: string
  readonly lines: readonly string[]
  at: number
}

type Source =
  | File
  | { readonly kind: 'definition'; readonly lines: readonly string[]; at: number }
  | { readonly kind: 'sequence'; readonly sequence: Sequence }

/** Letters after `include`: files that are not there are a fault with them. */
const including = /^include([rmwba]?)[ \t]+(.*)$/

const mostExpansions = 1000

export class Lines {
  readonly definitions: Definitions
  readonly #reports: Reports
  readonly #files: KeepalivedFiles
  readonly #configId: string | undefined
  readonly #limits: {
    readonly depth: number
    readonly size: number
    readonly lines: number
    readonly line: number
  }
  readonly #stack: Source[] = []
  #size = 0
  #count = 0
  /** What stood behind a brace. */
  #rest = ''
  /** The definition that goes on. */
  #open: { readonly name: string; readonly lines: string[] } | undefined

  constructor(reports: Reports, files: KeepalivedFiles, options: KeepalivedImportOptions) {
    const { depth = 32, size = 4 << 20, lines = 200_000, line = 16_384 } = options.limits ?? {}
    this.#limits = { depth, size, lines, line }
    this.#reports = reports
    this.#files = files
    this.#configId = options.configId
    this.definitions = new Definitions(options)
  }

  open(path: string): void {
    let text: string
    try {
      text = this.#files.read(path)
    } catch (error) {
      this.#reports.report('include', reasonOf(error))
      if (this.#stack.length === 0) throw new Refused(path)
      return
    }
    this.#size += text.length
    const { size } = this.#limits
    if (this.#size > size) this.#reports.refuse(`the files have more than ${size} characters`)
    const slash = path.lastIndexOf('/')
    this.#push({
      kind: 'file',
      name: path,
      directory: slash < 0 ? '.' : path.slice(0, slash) || '/',
      lines: text.replace(/^\uFEFF/, '').split('\n'),
      at: 0,
    })
  }

  #push(source: Source): void {
    if (this.#stack.length >= this.#limits.depth)
      this.#reports.refuse(
        `files and definitions within one another, more than ${this.#limits.depth} deep`,
      )
    this.#stack.push(source)
    this.#locate()
  }

  /** Tells where we are: in the topmost file. */
  #locate(): void {
    const file = this.#stack.findLast((source) => source.kind === 'file')
    if (file === undefined) return
    this.#reports.at({ file: file.name, line: Math.max(file.at, 1) })
    this.definitions.directory = file.directory
  }

  /** The next line with something in it; braces come alone. Undefined at the end. */
  next(): string | undefined {
    for (;;) {
      if (this.#rest !== '') return this.#split(this.#rest)
      const raw = this.#read()
      if (raw === undefined) return undefined
      const line = this.#meaning(raw)
      if (line !== undefined && line !== '') return this.#split(line)
    }
  }

  #split(line: string): string {
    const { text, rest } = splitAtBrace(line)
    this.#rest = rest
    return text
  }

  /** One line of the topmost source, as it stands there but for comments. */
  #read(): string | undefined {
    for (;;) {
      const source = this.#stack.at(-1)
      if (source === undefined) return undefined
      const line = this.#lineOf(source)
      if (line === undefined) {
        this.#stack.pop()
        this.#locate()
        continue
      }
      if (++this.#count > this.#limits.lines)
        this.#reports.refuse(`more than ${this.#limits.lines} lines, with what stands for many`)
      if (line.length > this.#limits.line)
        this.#reports.refuse(`the line is longer than ${this.#limits.line} characters`)
      return line
    }
  }

  #lineOf(source: Source): string | undefined {
    if (source.kind === 'sequence') {
      const { value, done } = source.sequence.rounds.next()
      if (done) return undefined
      for (const [name, text] of value) this.definitions.set(name, [text])
      return source.sequence.text
    }
    const line = source.lines[source.at]
    if (line === undefined) return undefined
    source.at++
    if (source.kind === 'definition') return line
    this.#locate()
    const text = line.replace(/[\r\n]+$/, '')
    // a line without anything ends a definition of several lines
    if (text === '') this.#close()
    const { text: bare, isUnquoted } = decomment(text)
    if (isUnquoted) this.#reports.report('syntax', `Unterminated quote '${bare}'`)
    return bare
  }

  /** What a line is for the parser; undefined: nothing, it was for us. */
  #meaning(raw: string): string | undefined {
    if (this.#open !== undefined && raw !== '') {
      this.#goOn(raw)
      return undefined
    }
    let line = raw
    for (let round = 0; round <= this.#limits.depth; round++) {
      const mine = this.#forThisHost(line)
      if (mine === undefined) return undefined
      line = mine
      const definition = definitionIn(line)
      if (definition !== undefined) {
        const { name, text, continues } = definition
        this.definitions.set(name, [text])
        if (continues) this.#open = { name, lines: text === '' ? [] : [text] }
        return undefined
      }
      if (/^~(SEQ|LST)/.test(line)) return this.#sequence(line)
      if (line.startsWith('~') || !line.includes('$')) break
      const expanded = this.#expand(line)
      if (expanded === undefined) break
      line = expanded
      if (!/^[@~]|\$/.test(line)) break
    }
    return this.#include(line) ? undefined : line
  }

  #goOn(raw: string): void {
    const open = this.#open!
    const continues = raw.endsWith('\\')
    const text = continues ? raw.slice(0, -1).trimEnd() : raw
    if (text !== '' || !continues) open.lines.push(text)
    if (!continues) this.#close()
  }

  #close(): void {
    if (this.#open === undefined) return
    const { name, lines } = this.#open
    this.definitions.set(name, lines.length === 0 ? [''] : lines)
    this.#open = undefined
  }

  /** `@id text` and `@^id text`: undefined unless meant for this host. */
  #forThisHost(line: string): string | undefined {
    if (!line.startsWith('@')) return line
    const found = /^@(\^?)([^ \t]*)[ \t]+(.*)$/.exec(line)
    if (!found) return undefined
    const [, isOther, id, text] = found
    return (id === this.#configId) === (isOther === '') ? text : undefined
  }

  #sequence(line: string): undefined {
    const sequence = sequenceIn(line, this.definitions)
    if (typeof sequence === 'string') this.#reports.report('value', sequence)
    else this.#push({ kind: 'sequence', sequence })
    return undefined
  }

  /** The line with its definitions expanded; undefined: there is none in it. */
  #expand(line: string): string | undefined {
    const expanded = this.definitions.expand(line, mostExpansions, this.#limits.line)
    if (expanded === 'endless')
      this.#reports.refuse('a definition that contains itself, or a line that gets too long by it')
    if (!expanded.changed) return undefined
    if (expanded.more.length > 0) this.#push({ kind: 'definition', lines: expanded.more, at: 0 })
    return decomment(expanded.text).text
  }

  #include(line: string): boolean {
    const found = including.exec(line)
    if (!found) return false
    const [, strictness, pattern = ''] = found
    let paths: readonly string[] = []
    try {
      paths = this.#files.match(pattern.replace(/^"(.*)"$/, '$1'), this.definitions.directory)
    } catch (error) {
      this.#reports.report('include', reasonOf(error))
      return true
    }
    const isWild = /[*?[{]/.test(pattern)
    if (paths.length === 0 && (!isWild || 'wa'.includes(strictness || '-')))
      this.#reports.report('include', `no file matches '${pattern}'`)
    // the first of them is read first: it is to lie on top
    for (const path of [...paths].reverse()) this.open(path)
    return true
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
