/** The other end of the control socket: a command, asked of a running speaker. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { ControlError, checkPath, codeOf, whyOf } from './control-error.ts'

/** The speaker refused; the message is its own. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface Question {
  readonly words: readonly string[]
  readonly isAction?: boolean | undefined
  readonly wantsText?: boolean
  /** What goes along, as JSON. */
  readonly body?: unknown
  /** Milliseconds that the speaker may take; default 10 s. 0: as long as it likes. */
  readonly patience?: number
  readonly signal?: AbortSignal
}

const PATIENCE = 10_000

/** The answer as it comes. Throws ControlError and AnswerError. */
export async function* askStream(path: string, question: Question): AsyncGenerator<string> {
  checkPath(path)
  const { words, isAction, wantsText, body, patience = PATIENCE, signal } = question
  const asked = request({
    socketPath: path,
    path: `/${words.map(encodeURIComponent).join('/')}`,
    method: isAction ? 'POST' : 'GET',
    headers: { accept: wantsText ? 'text/plain' : 'application/json' },
    timeout: patience,
    ...(signal === undefined ? {} : { signal }),
  })
  asked.once('timeout', () => asked.destroy(new Error('no answer')))
  // heard below; what follows it is nobody's business
  asked.on('error', () => {})
  asked.end(body === undefined ? undefined : JSON.stringify(body))
  let answer: IncomingMessage
  try {
    ;[answer] = (await once(asked, 'response')) as [IncomingMessage]
  } catch (error) {
    throw unanswered(path, error)
  }
  answer.setEncoding('utf8')
  const { statusCode = 0 } = answer
  const isOurs = answer.headers['content-type'] !== undefined
  let text = ''
  try {
    for await (const chunk of answer as AsyncIterable<string>) {
      if (statusCode === 200 && isOurs) yield chunk
      else text += chunk
    }
  } catch (error) {
    if (!signal?.aborted) throw unanswered(path, error)
  }
  if (!isOurs) throw new ControlError(`socket ${path}: the answer is not that of a speaker`)
  if (statusCode !== 200) throw new AnswerError(statusCode, errorOf(text) ?? `status ${statusCode}`)
}

function unanswered(path: string, error: unknown): ControlError {
  const code = codeOf(error)
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    return new ControlError(`no speaker is running behind ${path}`)
  }
  if (code === 'ECONNRESET' || code === 'EAGAIN' || code === 'EPIPE') {
    return new ControlError(`socket ${path}: turned away: too many others are asking, or it stops`)
  }
  return new ControlError(`socket ${path}: ${whyOf(error)}`)
}

/** The whole answer. Throws ControlError and AnswerError. */
export async function askControl(path: string, question: Question): Promise<string> {
  let text = ''
  for await (const chunk of askStream(path, question)) text += chunk
  return text
}

/** Has something done, with what it takes. Throws ControlError and AnswerError. */
export async function askAction(path: string, word: string, body: unknown): Promise<unknown> {
  return JSON.parse(await askControl(path, { words: [word], isAction: true, body }))
}

function errorOf(text: string): string | undefined {
  try {
    const body: unknown = JSON.parse(text)
    const error =
      typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined
    return typeof error === 'string' ? error : undefined
  } catch {
    return undefined
  }
}
