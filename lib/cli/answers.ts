/** Commands at the end of the control socket where the speaker is. */
import { type Answer, type Answerer, json } from './control.ts'
import { UsageError } from './grammar.ts'
import { Pace } from './pace.ts'
import { RefusedError } from './refused.ts'
import type { Operated } from './speaker-like.ts'

/**
 * Answers for a speaker.
 * @param operated throws while there is none
 */
export function answersOf(operated: () => Operated, pace: Pace = new Pace()): Answerer {
  let loading: Promise<typeof import('./commands.ts')> | undefined
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
      // loaded by the first who asks
      const { commands } = await (loading ??= import('./commands.ts'))
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
