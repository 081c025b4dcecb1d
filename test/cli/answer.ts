/** Asks a speaker directly, without a socket. */

import { answersOf } from '../../lib/cli/answers.ts'
import { AnswerError } from '../../lib/cli/ask.ts'
import type { Operated } from '../../lib/cli/speaker-like.ts'
import { operated, said } from './sample.ts'

export async function answer(
  command: string,
  of: Operated = operated(),
  isPost = false,
): Promise<string> {
  const { signal } = new AbortController()
  const words = command.split(' ')
  const { body, status } = await answersOf(() => of)({
    isPost,
    words,
    wantsText: true,
    body: async () => undefined,
    signal,
  })
  const text = typeof body === 'string' ? body : await said(body)
  if (status !== 200) throw new AnswerError(status, JSON.parse(text).error)
  return text
}
