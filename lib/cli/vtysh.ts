/**
 * `ospf-speaker vtysh -c COMMAND`: what scripts and exporters that call vtysh expect of it. Its `show` and `clear`
 * commands go to the running speaker; what only moves about in vtysh is taken and does nothing.
 */
import { AnswerError } from './ask.ts'
import { UsageError } from './grammar.ts'
import { ask } from './show.ts'

/** Words that change nothing but where one is in vtysh, and how it prints. */
const MOVES = /^(enable|disable|end|((no )?terminal .*))$/
const LEAVES = /^(exit|quit|logout)$/

/** What a line of vtysh prints, as it comes. Throws UsageError, AnswerError, ControlError. */
export async function* vtyshLine(line: string, socket: string): AsyncGenerator<string> {
  const text = line.trim().replace(/\s+/g, ' ').replace(/^do /, '')
  if (text === '' || text.startsWith('!') || MOVES.test(text)) return
  if (/^conf/.test(text))
    throw new UsageError('% The configuration is in its files: change them, and `reload`')
  yield* ask(text.split(' '), socket)
}

export interface VtyshWorld {
  readonly socket: string
  readonly print: (text: string) => void
  readonly complain: (text: string) => void
}

/** Runs lines until one leaves, or all are done. Resolves to the exit status: 1 when one of them failed. */
export async function vtysh(
  lines: AsyncIterable<string> | Iterable<string>,
  { socket, print, complain }: VtyshWorld,
): Promise<number> {
  let status = 0
  for await (const line of lines) {
    if (LEAVES.test(line.trim())) break
    try {
      for await (const text of vtyshLine(line, socket)) print(text)
    } catch (error) {
      if (!(error instanceof UsageError || error instanceof AnswerError)) throw error
      complain(`${error.message}\n`)
      status = 1
    }
  }
  return status
}
