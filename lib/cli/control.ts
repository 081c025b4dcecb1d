/**
 * The control socket: HTTP over a unix socket that its owner alone may use. `GET /show/ip/ospf/neighbor` and the like
 * answer with a JSON document, so curl is a client as good as `ospf-speaker show`.
 */
import { once } from 'node:events'
import { existsSync, lstatSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import { connect } from 'node:net'
import { dirname } from 'node:path'

/** A socket that cannot be had, or a speaker that cannot be asked; the message is for the operator. */
export class ControlError extends Error {
  override readonly name = 'ControlError'
}

/** What fits into sockaddr_un; Node 20 cuts longer paths short without a word. */
const longestPath = 107

function checkPath(path: string): void {
  if (Buffer.byteLength(path) > longestPath)
    throw new ControlError(`socket ${path}: the path is longer than ${longestPath} bytes`)
}

/** What is served, by path. */
export type Documents = Readonly<Record<string, () => unknown | Promise<unknown>>>

export interface Control extends AsyncDisposable {
  readonly path: string
}

/**
 * Serves the documents at `path`, with mode 0600. A socket that a dead process left is replaced; one that is alive,
 * or a file that is no socket, is a ControlError. Disposal removes the socket.
 */
export async function serveControl(path: string, documents: Documents): Promise<Control> {
  checkPath(path)
  let server: Server
  try {
    server = await listen(path, documents)
  } catch (error) {
    // libuv says EACCES for a directory that does not exist, too.
    if (!existsSync(dirname(path))) throw new ControlError(`socket ${path}: no such directory`)
    if (codeOf(error) !== 'EADDRINUSE') throw new ControlError(`socket ${path}: ${whyOf(error)}`)
    await removeStale(path)
    server = await listen(path, documents).catch((again: unknown) => {
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

async function listen(path: string, documents: Documents): Promise<Server> {
  const server = createServer(async (asked, answer) => {
    const name = new URL(asked.url ?? '/', 'http://speaker').pathname
    const document = Object.hasOwn(documents, name) ? documents[name] : undefined
    const [status, body] =
      asked.method !== 'GET'
        ? [405, { error: `${asked.method} is not supported` }]
        : document === undefined
          ? [404, { error: `no document ${name}`, documents: Object.keys(documents) }]
          : await produce(document)
    answer.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
    answer.end(`${JSON.stringify(body, null, 2)}\n`)
  })
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

async function produce(document: Documents[string]): Promise<[status: number, body: unknown]> {
  try {
    return [200, await document()]
  } catch (error) {
    return [503, { error: whyOf(error) }]
  }
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

/** Milliseconds that a speaker may take to answer. */
const patience = 10_000

/** Asks the speaker behind `path` for a document. */
export async function askControl(path: string, document: string): Promise<unknown> {
  checkPath(path)
  const asked = request({ socketPath: path, path: document, timeout: patience })
  asked.once('timeout', () => asked.destroy(new Error('no answer')))
  asked.end()
  let status: number | undefined
  let text = ''
  try {
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    status = answer.statusCode
    answer.setEncoding('utf8')
    for await (const chunk of answer) text += chunk
  } catch (error) {
    throw new ControlError(
      codeOf(error) === 'ENOENT' || codeOf(error) === 'ECONNREFUSED'
        ? `no speaker is running behind ${path}`
        : `socket ${path}: ${whyOf(error)}`,
    )
  }
  const body: unknown = parse(text, path)
  if (status !== 200)
    throw new ControlError(`socket ${path}: ${errorOf(body) ?? `HTTP status ${status}`}`)
  return body
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ControlError(`socket ${path}: the answer is no JSON; is a speaker behind it?`)
  }
}

function errorOf(body: unknown): string | undefined {
  const error =
    typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined
  return typeof error === 'string' ? error : undefined
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined
}

function whyOf(error: unknown): string {
  if (codeOf(error) === 'EACCES') return 'permission denied'
  return error instanceof Error ? error.message : String(error)
}
