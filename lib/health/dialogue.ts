/** What a probe says on a connection, and what it wants to hear. */
import type { Duplex } from 'node:stream'
import { reasonOf } from '../reason.ts'
import { invalid } from './probe.ts'

export interface Dialogue {
  /** Sent once connected. */
  readonly send?: string | Uint8Array
  /** What the answer must contain, or match; read as UTF-8 until it does, up to `maxAnswer`. */
  readonly expect?: string | RegExp
  /** Bytes of the answer that are read at most; default 65536. */
  readonly maxAnswer?: number
}

export interface ParsedDialogue {
  readonly send: string | Uint8Array | undefined
  /** Undefined: whatever is answered. */
  readonly isExpected: ((text: string) => boolean) | undefined
  /** How that is said. */
  readonly wanted: string
  readonly maxAnswer: number
}

/** @throws OspfError ERR_OSPF_CONFIG */
export function parseDialogue(dialogue: Dialogue): ParsedDialogue {
  const { send, expect, maxAnswer = 65536 } = dialogue
  if (send !== undefined && typeof send !== 'string' && !(send instanceof Uint8Array)) {
    throw invalid('send', 'a string or a Uint8Array', send)
  }
  if (!Number.isSafeInteger(maxAnswer) || maxAnswer < 1) {
    throw invalid('maxAnswer', 'a whole number of bytes above 0', maxAnswer)
  }
  return { send, maxAnswer, ...parseExpected(expect) }
}

/** What a text must contain or match. @throws OspfError ERR_OSPF_CONFIG */
export function parseExpected(
  expect: string | RegExp | undefined,
  name = 'expect',
): Pick<ParsedDialogue, 'isExpected' | 'wanted'> {
  if (expect === undefined) return { isExpected: undefined, wanted: '' }
  if (typeof expect === 'string') {
    return { isExpected: (text) => text.includes(expect), wanted: `contain '${expect}'` }
  }
  if (!(expect instanceof RegExp)) throw invalid(name, 'a string or a RegExp', expect)
  // A global or sticky one would remember where it was from one run to the next.
  const pattern = new RegExp(expect.source, expect.flags.replace(/[gy]/g, ''))
  return { isExpected: (text) => pattern.test(text), wanted: `match ${expect}` }
}

/** Sends and listens; rejects when the answer is not what it should be. Leaves the connection open. */
export function converse(
  connection: Duplex,
  { send, isExpected, wanted, maxAnswer }: ParsedDialogue,
  signal: AbortSignal,
): Promise<void> {
  if (send !== undefined) connection.write(send)
  if (isExpected === undefined) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const refuse = (how: string): void => {
      const text = Buffer.concat(chunks).toString('utf8')
      const start = text === '' ? 'nothing' : `'${excerpt(text)}'`
      reject(new Error(`the answer does not ${wanted}: ${start}${how}`))
    }
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    connection
      .on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        length += chunk.length
        if (isExpected(Buffer.concat(chunks).toString('utf8'))) resolve()
        else if (length >= maxAnswer) refuse('')
      })
      .on('end', () => refuse(', then the end'))
      .on('error', (error) => refuse(`, then ${reasonOf(error)}`))
  })
}

const EXCERPT = 60

/** The beginning of what somebody else said, fit for one line of a log. */
export function excerpt(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be replaced
  const line = text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim()
  return line.length > EXCERPT ? `${line.slice(0, EXCERPT)}...` : line
}
