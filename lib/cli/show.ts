/** Commands at both ends of the control socket: what the speaker answers, and what the operator sees. */
import { askStream } from './ask.ts'
import { commands } from './commands.ts'
import { type Answer, type Answerer, json } from './control.ts'
import { formatChoices, UsageError } from './grammar.ts'
import { Pace } from './pace.ts'
import { RefusedError } from './refused.ts'
import type { Operated } from './speaker-like.ts'

/**
 * Answers for a speaker.
 * @param operated throws while there is none
 */
export function answersOf(operated: () => Operated, pace: Pace = new Pace()): Answerer {
  return async ({ isPost, words, wantsText, signal }): Promise<Answer> => {
    const refuse = (status: number, error: unknown): Answer => ({
      status,
      body: json({ error: error instanceof Error ? error.message : String(error) }),
    })
    let speaking: Operated
    try {
      speaking = operated()
    } catch (error) {
      return refuse(503, error)
    }
    try {
      const match = commands.parse(words)
      const { command } = match
      if (command.isAction && !isPost) return refuse(405, 'that changes something: POST it')
      if (command.stream && match.has('follow')) {
        return { status: 200, isText: true, body: command.stream(speaking, match, signal) }
      }
      // of an isolated speaker; a moment later, that of any other
      await speaking.speaker.refresh()
      if (signal.aborted) return refuse(503, 'nobody listens')
      const made = await pace.run(() => ({ document: command.document(speaking, match) }))
      const document = await made.document
      const isText = wantsText && !match.has('json')
      const body = await pace.run(() =>
        isText ? command.text(speaking, match, document) : json(document),
      )
      return { status: 200, isText, body }
    } catch (error) {
      if (error instanceof UsageError) return refuse(404, error)
      return refuse(error instanceof RefusedError || isRefusal(error) ? 422 : 500, error)
    }
  }
}

/** What the library does not do, and says why. */
const isRefusal = (error: unknown): boolean => error instanceof Error && error.name === 'OspfError'

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
