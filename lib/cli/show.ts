/** Commands at both ends of the control socket: what the speaker answers, and what the operator sees. */
import { askStream } from './ask.ts'
import { commands } from './commands.ts'
import { formatChoices } from './grammar.ts'

/** Seconds that a drain may take beyond its own. */
const DRAIN_SLACK = 120

/** What a command prints, as it comes. Words may be cut short, as in vtysh. Throws UsageError before it asks. */
export async function* ask(words: readonly string[], socket: string): AsyncGenerator<string> {
  const help = helpOf(words)
  if (help !== undefined) return yield help
  const { command, has, after, words: full } = commands.parse(words)
  const patience = !command.isAction
    ? has('follow')
      ? { patience: 0 }
      : {}
    : { patience: (Number(after('timeout') ?? 0) + DRAIN_SLACK) * 1000 }
  yield* askStream(socket, {
    words: full,
    isAction: command.isAction,
    wantsText: !has('json') || has('follow'),
    ...patience,
  })
}

/** What can come next, where the words end with `?`; undefined: they do not. */
export function helpOf(words: readonly string[]): string | undefined {
  const last = words.at(-1)
  if (last === undefined || !last.endsWith('?')) return undefined
  const isPartial = last !== '?'
  const asked = isPartial ? [...words.slice(0, -1), last.slice(0, -1)] : words.slice(0, -1)
  return formatChoices(commands.next(asked, isPartial))
}
