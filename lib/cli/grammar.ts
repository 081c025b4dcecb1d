/**
 * Commands as words, the way vtysh has them: any word may be cut short while it is clear which is meant, and `?` says
 * what can come next. A command is written as its syntax: words in small letters, arguments in capitals (A.B.C.D,
 * A.B.C.D/M, IFNAME, COUNT, WORD), `[...]` for what may be left out, `{a|b}` for a choice.
 */

/** The command's words are not ours; the message says which are. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** A command with what was said. */
export interface Match<C> {
  readonly command: C
  /** Words in full, arguments as given. */
  readonly words: readonly string[]
  /** Whether a word of the syntax was said. */
  has(word: string): boolean
  /** What was given for an argument; the last, if several. */
  get(argument: string): string | undefined
  /** The word that follows one of the syntax. */
  after(word: string): string | undefined
}

export interface Syntax {
  readonly syntax: string
  /** By word: a sentence for `?`. */
  readonly help?: Readonly<Record<string, string>>
}

interface Node<C> {
  /** As it is written in the syntax. */
  readonly token: string
  readonly help: string
  readonly next: Map<string, Node<C>>
  command?: C
}

export interface Grammar<C> {
  /** @throws UsageError */
  parse(words: readonly string[]): Match<C>
  /** What can come after these words; of the last one, if `isPartial`, its completions. @throws UsageError */
  next(words: readonly string[], isPartial?: boolean): readonly Choice[]
  readonly commands: readonly C[]
}

export interface Choice {
  /** '<cr>': the command is complete. */
  readonly token: string
  readonly help: string
}

const isArgument = (token: string): boolean => /^[A-Z]/.test(token)

const ADDRESS = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/

/** What an argument takes; an earlier one goes first. */
const kinds: Readonly<Record<string, (word: string) => boolean>> = {
  'A.B.C.D': (word) => ADDRESS.test(word),
  'A.B.C.D/M': (word) => {
    const [address, length, ...rest] = word.split('/')
    const isLength = /^\d{1,2}$/.test(length ?? '') && Number(length) <= 32
    return ADDRESS.test(address!) && isLength && rest.length === 0
  },
  COUNT: (word) => /^\d{1,9}$/.test(word),
  IFNAME: (word) => /^[^\s/]{1,64}$/.test(word),
  WORD: (word) => word !== '',
}

export function grammar<C extends Syntax>(
  commands: readonly C[],
  help: Readonly<Record<string, string>> = {},
): Grammar<C> {
  const root: Node<C> = { token: '', help: '', next: new Map() }
  for (const command of commands) {
    for (const tokens of expand(command.syntax)) {
      let node = root
      for (const token of tokens) {
        let next = node.next.get(token)
        if (next === undefined) {
          next = { token, help: command.help?.[token] ?? help[token] ?? '', next: new Map() }
          node.next.set(token, next)
        }
        node = next
      }
      node.command = command
    }
  }
  return {
    commands,
    parse: (words) => parse(root, words),
    next(words, isPartial = false) {
      const done = isPartial ? words.slice(0, -1) : words
      const node = walk(root, done).at(-1)?.node ?? root
      const begin = isPartial ? words.at(-1)! : ''
      const choices = [...node.next.values()].filter(
        ({ token }) => isArgument(token) || token.startsWith(begin),
      )
      const end = node.command && begin === '' ? [{ token: '<cr>', help: '' }] : []
      return [...end, ...choices.toSorted((a, b) => order(a.token, b.token))].map((choice) => ({
        token: choice.token,
        help: choice.help,
      }))
    },
  }
}

/** Arguments first, as vtysh has them. */
const order = (a: string, b: string): number =>
  Number(isArgument(b)) - Number(isArgument(a)) || (a < b ? -1 : 1)

interface Step<C> {
  readonly node: Node<C>
  readonly word: string
}

function parse<C>(root: Node<C>, words: readonly string[]): Match<C> {
  const steps = walk(root, words)
  const command = steps.at(-1)?.node.command
  if (command === undefined) {
    const next = [...(steps.at(-1)?.node ?? root).next.keys()]
    throw new UsageError(`% Command incomplete: ${words.join(' ')} (expected ${next.join(', ')})`)
  }
  const said = steps.map(({ node, word }) => (isArgument(node.token) ? word : node.token))
  return {
    command,
    words: said,
    has: (token) => steps.some(({ node }) => node.token === token),
    get: (token) => steps.findLast(({ node }) => node.token === token)?.word,
    after(token) {
      const at = steps.findIndex(({ node }) => node.token === token)
      return at < 0 ? undefined : said[at + 1]
    },
  }
}

function walk<C>(root: Node<C>, words: readonly string[]): Step<C>[] {
  const steps: Step<C>[] = []
  let node = root
  for (const word of words) {
    node = step(node, word, words)
    steps.push({ node, word })
  }
  return steps
}

/** A word in full goes before one that is cut short, and that before an argument. */
function step<C>(node: Node<C>, word: string, words: readonly string[]): Node<C> {
  const exact = node.next.get(word)
  if (exact !== undefined && !isArgument(word)) return exact
  const all = [...node.next.values()]
  const begun =
    word === '' ? [] : all.filter(({ token }) => !isArgument(token) && token.startsWith(word))
  if (begun.length === 1) return begun[0]!
  if (begun.length > 1) {
    const names = begun.map(({ token }) => token).join(', ')
    throw new UsageError(`% Ambiguous command: ${words.join(' ')} ('${word}' is ${names})`)
  }
  for (const [kind, takes] of Object.entries(kinds)) {
    const found = node.next.get(kind)
    if (found !== undefined && takes(word)) return found
  }
  const expected = all.map(({ token }) => token).toSorted(order)
  const hint =
    expected.length === 0
      ? `nothing can follow before '${word}'`
      : `'${word}' is none of ${expected.join(', ')}`
  throw new UsageError(`% Unknown command: ${words.join(' ')} (${hint})`)
}

/** Every sequence of tokens that a syntax stands for. */
export function expand(syntax: string): string[][] {
  const tokens = syntax.match(/[[\]{}|]|[^\s[\]{}|]+/g) ?? []
  let at = 0
  const join = (heads: string[][], tails: string[][]): string[][] =>
    heads.flatMap((head) => tails.map((tail) => [...head, ...tail]))
  const choice = (): string[][] => {
    const found = sequence()
    while (tokens[at] === '|') {
      at++
      found.push(...sequence())
    }
    return found
  }
  const sequence = (): string[][] => {
    let found: string[][] = [[]]
    for (
      let token = tokens[at];
      token !== undefined && !']}|'.includes(token);
      token = tokens[at]
    ) {
      at++
      if (token !== '[' && token !== '{') {
        found = join(found, [[token]])
        continue
      }
      const inner = choice()
      at++
      found = join(found, token === '[' ? [[], ...inner] : inner)
    }
    return found
  }
  return choice()
}

/** Choices as `?` prints them. */
export function formatChoices(choices: readonly Choice[]): string {
  const width = Math.max(0, ...choices.map(({ token }) => token.length))
  return choices
    .map(({ token, help }) => `  ${`${token.padEnd(width)}  ${help}`.trimEnd()}\n`)
    .join('')
}
