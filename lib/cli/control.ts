/**
 * The control socket: HTTP over a unix socket that its owner alone may use. The path is the command, word by word:
 * `GET /show/ip/ospf/neighbor` answers with JSON, `POST /drain/10.0.1.100` does something. With `accept: text/plain` the
 * answer is what `ospf-speaker show` prints. curl is a client as good as any.
 *
 * Whoever asks is bounded: in number, in what they send, in how long they take to read, and in the share of the
 * process's time that their answers get (pace.ts).
 */
import { once } from 'node:events'
import { existsSync, lstatSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { ControlError, checkPath, codeOf, whyOf } from './control-error.ts'

/** What somebody asks. */
export interface Asked {
  readonly isPost: boolean
  readonly words: readonly string[]
  readonly wantsText: boolean
  /** The Accept header. */
  readonly accept?: string | undefined
  /** What came along, as JSON; undefined: nothing. Rejects when it is too much, or no JSON. */
  readonly body: () => Promise<unknown>
  /** Aborts when whoever asked has left. */
  readonly signal: AbortSignal
}

export interface Answer {
  readonly status: number
  /** Of a stream: as it comes, until who asked leaves. */
  readonly body: string | AsyncIterable<string>
  readonly isText?: boolean
  /** Default: by `isText`. */
  readonly type?: string
}

export type Answerer = (asked: Asked) => Promise<Answer>

export interface Control extends AsyncDisposable {
  readonly path: string
}

/** Clients at once; more are turned away. */
const CLIENTS = 128
/** Octets of a request's head; longer ones are refused. */
const HEAD = 16 * 1024
/** Octets of what comes along. */
const BODY = 4 << 20
/** Milliseconds: to send a request, and without anything being read of an answer. */
const REQUEST_MS = 10_000
const IDLE_MS = 30_000
/** Octets of an answer that go at once, and the next when they have been taken. */
const PIECE = 64 * 1024

/**
 * Answers at `path`, with mode 0600. A socket that a dead process left is replaced; one that is alive, or a file that is
 * no socket, is a ControlError. Disposal removes the socket.
 */
export async function serveControl(path: string, answer: Answerer): Promise<Control> {
  checkPath(path)
  let server: Server
  try {
    server = await listen(path, answer)
  } catch (error) {
    // libuv says EACCES for a directory that does not exist, too.
    if (!existsSync(dirname(path))) throw new ControlError(`socket ${path}: no such directory`)
    if (codeOf(error) !== 'EADDRINUSE') throw new ControlError(`socket ${path}: ${whyOf(error)}`)
    await removeStale(path)
    server = await listen(path, answer).catch((again: unknown) => {
      throw new ControlError(`socket ${path}: ${whyOf(again)}`)
    })
  }
  // A process that leaves in a hurry takes the file along.
  const remove = (): void => rmSync(path, { force: true })
  process.once('exit', remove)
  return {
    path,
    async [Symbol.asyncDispose]() {
      process.off('exit', remove)
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function listen(path: string, answer: Answerer): Promise<Server> {
  const options = { maxHeaderSize: HEAD, headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS }
  const server = createServer(options, (asked, reply) => void respond(answer, asked, reply))
  server.maxConnections = CLIENTS
  server.timeout = IDLE_MS
  // The file is made within listen(), so no other user can get in before a chmod.
  const mask = process.umask(0o177)
  try {
    server.listen({ path })
  } finally {
    process.umask(mask)
  }
  await once(server, 'listening')
  return server
}

async function respond(
  answer: Answerer,
  asked: IncomingMessage,
  reply: ServerResponse,
): Promise<void> {
  const left = new AbortController()
  reply.once('close', () => left.abort())
  reply.on('error', () => left.abort())
  const { signal } = left
  try {
    const { status, body, isText, type: said } = await answerTo(answer, asked, signal)
    // what nobody wanted
    asked.resume()
    if (signal.aborted) return
    const type = said ?? (isText ? 'text/plain; charset=utf-8' : 'application/json')
    reply.writeHead(status, { 'content-type': type, connection: 'close' })
    const pieces = typeof body === 'string' ? piecesOf(body) : body
    // a stream may be silent for long
    if (typeof body !== 'string') reply.socket?.setTimeout(0)
    for await (const piece of pieces) await put(reply, piece, signal)
    reply.end()
  } catch {
    reply.destroy()
  }
}

async function answerTo(
  answer: Answerer,
  asked: IncomingMessage,
  signal: AbortSignal,
): Promise<Answer> {
  const { method, url = '/', headers } = asked
  const refuse = (status: number, error: string): Answer => ({ status, body: json({ error }) })
  if (method !== 'GET' && method !== 'POST') return refuse(405, `${method} is not supported`)
  const wantsText = headers.accept?.startsWith('text/plain') === true
  let words: string[]
  try {
    const { pathname } = new URL(url, 'http://speaker')
    words = pathname.split('/').filter(Boolean).map(decodeURIComponent)
  } catch {
    return refuse(400, 'that is no path')
  }
  return answer({
    isPost: method === 'POST',
    words,
    wantsText,
    accept: headers.accept,
    body: () => bodyOf(asked),
    signal,
  })
}

async function bodyOf(asked: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let octets = 0
  for await (const chunk of asked as AsyncIterable<Buffer>) {
    octets += chunk.length
    if (octets > BODY) throw new Error(`more than ${BODY} octets`)
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  return text === '' ? undefined : JSON.parse(text)
}

export const json = (document: unknown): string => `${JSON.stringify(document, null, 2)}\n`

function* piecesOf(body: string): Generator<string> {
  for (let at = 0; at < body.length; at += PIECE) yield body.slice(at, at + PIECE)
}

/** Resolves when there is room for more. A reader that takes nothing for too long is let go. */
async function put(reply: ServerResponse, piece: string, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw new Error('nobody listens')
  if (reply.write(piece)) return
  await new Promise<void>((resolve, reject) => {
    const tooSlow = setTimeout(() => reject(new Error('nobody reads')), IDLE_MS)
    const done = (): void => {
      clearTimeout(tooSlow)
      reply.off('drain', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    reply.once('drain', done)
    signal.addEventListener('abort', done, { once: true })
  })
}

async function removeStale(path: string): Promise<void> {
  if (!lstatSync(path).isSocket())
    throw new ControlError(`socket ${path}: a file is there that is no socket`)
  const probe = connect(path)
  try {
    await once(probe, 'connect')
  } catch (error) {
    if (codeOf(error) !== 'ECONNREFUSED') throw new ControlError(`socket ${path}: ${whyOf(error)}`)
    rmSync(path, { force: true })
    return
  } finally {
    probe.destroy()
  }
  throw new ControlError(
    `socket ${path}: a running speaker has it; give this one another with --socket`,
  )
}
