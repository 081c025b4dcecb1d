/**
 * What runs inside the namespaces of a cluster:
 * - `serve NAME PORT...` answers every line with its name, as long as the client likes;
 * - `ask ADDRESS PORT COUNT` opens connections one after the other and prints how often each server answered;
 * - `hold ADDRESS PORT COUNT` keeps so many connections, each with a line under way every second, and opens another every
 *   fifth of a second, until a line comes in; then it prints a `HoldReport`. It prints `holding` once all are answered.
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface HoldReport {
  /** Long connections by server. */
  readonly held: Readonly<Record<string, number>>
  /** Lines that were answered on them. */
  readonly lines: number
  /** The longest that an answer took, in milliseconds. */
  readonly longest: number
  /** Short connections by server. */
  readonly opened: Readonly<Record<string, number>>
  /** Why connections were lost, 'held' or 'new' before it. */
  readonly lost: readonly string[]
}

/** An answer that takes longer is lost: TCP has sent its segment again some eight times by then. */
const LOST_MS = 120_000

/** One connection: lines out, lines in. */
class Line {
  readonly #socket: Socket
  #text = ''

  constructor(host: string, port: number) {
    this.#socket = connect({ host, port })
    this.#socket.setEncoding('utf8').on('data', (chunk: unknown) => {
      this.#text += String(chunk)
      if (this.#text.endsWith('\n')) this.#socket.emit('line')
    })
    this.#socket.on('error', () => {}) // `ask` tells
  }

  /** Says something, and resolves with the answer; rejects with an error whose code tells why there is none. */
  async ask(): Promise<string> {
    this.#text = ''
    const over = new AbortController()
    const { signal } = over
    const late = setTimeout(() => over.abort(), LOST_MS)
    try {
      const closed = once(this.#socket, 'close', { signal }).then(() => {
        throw new Error('closed')
      })
      const answered = once(this.#socket, 'line', { signal })
      this.#socket.write('who?\n')
      await Promise.race([answered, closed])
      return this.#text.trim()
    } finally {
      clearTimeout(late)
      over.abort()
    }
  }

  close(): void {
    this.#socket.end()
  }
}

const count = (counts: Record<string, number>, name: string): void => {
  counts[name] = (counts[name] ?? 0) + 1
}
const reason = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException
  return code === undefined ? message : String(code)
}

function serve(name: string, ports: readonly number[]): void {
  let waiting = ports.length
  for (const port of ports) {
    const server = createServer((socket) => {
      socket.on('data', () => socket.write(`${name}\n`)).on('error', () => socket.destroy())
    })
    server.listen({ port, host: '0.0.0.0', backlog: 1024 }, () => {
      if (--waiting === 0) process.stdout.write('listening\n')
    })
  }
}

async function ask(host: string, port: number, times: number): Promise<void> {
  const answers: Record<string, number> = {}
  for (let i = 0; i < times; i++) {
    const line = new Line(host, port)
    try {
      count(answers, await line.ask())
    } catch (error) {
      count(answers, reason(error))
    }
    line.close()
  }
  process.stdout.write(JSON.stringify(answers))
}

async function hold(host: string, port: number, many: number): Promise<void> {
  const held: Record<string, number> = {}
  const opened: Record<string, number> = {}
  const lost: string[] = []
  let [lines, longest, isOver, answered] = [0, 0, false, 0]
  const timed = async (line: Line): Promise<string> => {
    const since = performance.now()
    const name = await line.ask()
    longest = Math.max(longest, performance.now() - since)
    return name
  }
  const long = async (i: number): Promise<void> => {
    await sleep(i * 20)
    const line = new Line(host, port)
    try {
      const first = await timed(line)
      count(held, first)
      if (++answered === many) process.stdout.write('holding\n')
      while (!isOver) {
        await sleep(1000)
        const name = await timed(line)
        if (name !== first) throw new Error(`${first} became ${name}`)
        lines++
      }
    } catch (error) {
      lost.push(`held: ${reason(error)}`)
    }
    line.close()
  }
  const short = async (): Promise<void> => {
    const line = new Line(host, port)
    try {
      count(opened, await timed(line))
    } catch (error) {
      lost.push(`new: ${reason(error)}`)
    }
    line.close()
  }
  process.stdin.once('data', () => {
    isOver = true
    process.stdin.pause()
  })
  const all = Array.from({ length: many }, (_, i) => long(i))
  while (!isOver) {
    all.push(short())
    await sleep(200)
  }
  await Promise.all(all)
  const report: HoldReport = { held, lines, longest: Math.round(longest), opened, lost }
  process.stdout.write(`${JSON.stringify(report)}\n`)
}

const [, , role, first = '', ...rest] = process.argv
const [one = 0, two = 0] = rest.map(Number)
if (role === 'serve') serve(first, rest.map(Number))
else if (role === 'ask') await ask(first, one, two)
else await hold(first, one, two)
