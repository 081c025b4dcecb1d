/** Definitions (`$NAME=text`, several lines with a backslash), and what `$NAME` and `${NAME}` expand to. */
import type { KeepalivedImportOptions } from './keepalived-types.ts'

/** One line, or several. */
type Value = readonly string[]

/** What stands for a line after its expansion: more lines follow when a definition of several was in it. */
export interface Expanded {
  readonly text: string
  readonly more: readonly string[]
  readonly changed: boolean
}

export class Definitions {
  readonly #values = new Map<string, Value>()
  readonly #options: KeepalivedImportOptions
  /** The directory of the file that is read, and what `instance` says. */
  directory = ''
  instance = ''

  constructor(options: KeepalivedImportOptions) {
    this.#options = options
    this.instance = options.instance ?? ''
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value)
  }

  /** The built-in ones may be defined anew. */
  #value(name: string, parameters: string): Value | undefined {
    const own = this.#values.get(name)
    if (own !== undefined) return parameters === '' ? own : undefined
    if (name === '_RANDOM') return [this.#random(parameters)]
    if (name === '_ENV') {
      const value = this.#options.environment?.[parameters]
      return [value === undefined ? '' : value.replace(/[\r\n]+/g, ' ')]
    }
    if (parameters !== '') return undefined
    switch (name) {
      case '_PWD':
        return [this.directory]
      case '_INSTANCE':
        return [this.instance]
      case '_HASH':
        return ['#']
      case '_BANG':
        return ['!']
      default:
        return undefined
    }
  }

  #random(parameters: string): string {
    const [a, b] = parameters
      .split(/ +/)
      .filter((word) => word !== '')
      .map(Number)
    const low = b === undefined ? 0 : Math.min(a!, b)
    const high = b === undefined ? (a ?? 32767) : Math.max(a!, b)
    const random = this.#options.random?.() ?? 0
    return String(low + Math.floor(random * (high - low + 1)))
  }

  /**
   * Puts values in place of names, those within values too, up to `most` times; 'endless' when that does not end or
   * the line grows longer than `longest`. A value that begins with `~` is a sequence: it is for the reader to go on.
   */
  expand(line: string, most: number, longest: number): Expanded | 'endless' {
    let text = line
    let more: readonly string[] = []
    let changed = false
    let at = text.indexOf('$')
    for (let count = 0; at >= 0 && at + 1 < text.length; at = text.indexOf('$', at)) {
      const use = useAt(text, at)
      // a definition of several lines is one only where nothing follows
      const value = use && this.#value(use.name, use.parameters)
      if (use === undefined || value === undefined || (value.length > 1 && use.end < text.length)) {
        at++
        continue
      }
      if (++count > most) return 'endless'
      text = text.slice(0, at) + value[0]! + text.slice(use.end)
      if (text.length > longest) return 'endless'
      changed = true
      if (value.length > 1) more = [...value.slice(1), ...more]
      if (value[0]!.trimStart().startsWith('~')) break
    }
    return { text, more, changed }
  }
}

interface Use {
  readonly name: string
  readonly parameters: string
  /** Behind it. */
  readonly end: number
}

function useAt(text: string, at: number): Use | undefined {
  const braced = /\{([A-Za-z_]\w*)(?: +([\w.-]+(?: +\d+)*))?\}/y
  braced.lastIndex = at + 1
  const inBraces = braced.exec(text)
  if (inBraces) return { name: inBraces[1]!, parameters: inBraces[2] ?? '', end: braced.lastIndex }
  const bare = /([A-Za-z_]\w*)(?=[ \t,)]|$)/y
  bare.lastIndex = at + 1
  const found = bare.exec(text)
  return found ? { name: found[1]!, parameters: '', end: bare.lastIndex } : undefined
}

/** `$NAME=text`: the name and the text, which goes on in the next line where `continues`. */
export function definitionIn(
  line: string,
): { readonly name: string; readonly text: string; readonly continues: boolean } | undefined {
  const found = /^\$([A-Za-z_]\w*)[ \t]*=[ \t]*(.*)$/s.exec(line)
  if (!found) return undefined
  const text = found[2]!
  return text.endsWith('\\')
    ? { name: found[1]!, text: text.slice(0, -1).trimEnd(), continues: true }
    : { name: found[1]!, text, continues: false }
}
