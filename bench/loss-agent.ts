/**
 * What runs inside the namespaces of losses.ts, told what to do over IPC. Times are wall time in milliseconds, so that
 * they compare between processes and with the kernel's monitor.
 * - `director JSON` announces the VIP and serves it: every answer comes half a second after the request.
 * - `router JSON` is a speaker that installs routes.
 * - `server PORT` serves alone.
 * - `client ADDRESS PORT COUNT [MS]` keeps so many connections under way, and gives up on one after so long.
 */
import { readFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { healthy, OspfSpeaker, type SpeakerOptions } from '../lib/index.ts'

/** Milliseconds from a request to its answer. */
export const ANSWER_MS = 500
/** What is not over by then is lost, unless the client is told otherwise. */
export const LOST_MS = 3000

export interface DirectorOptions {
  readonly speaker: SpeakerOptions
  readonly vip: string
  readonly port: number
}

export type DirectorOrder = { readonly do: 'drain'; readonly timeout: number } | { do: 'fail' }

/** One connection: when it was opened, when it was over, and how: '' if it was answered in full. */
export type LossRecord = readonly [opened: number, ended: number, failure: string]

export interface ClientReport {
  readonly records: readonly LossRecord[]
  /** SYNs that the client's kernel sent again, and all segments that it did. */
  readonly synRetransmissions: number
  readonly retransmissions: number
}

/** Whole milliseconds, rounded down: one that was opened in that of the change counts as opened before it. */
export const wallTime = (): number => Date.now()

/** More than a first window: it takes acknowledgements that arrive where they are awaited. */
const BODY = 'x'.repeat(64 * 1024)
const ANSWER = `HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\nConnection: close\r\n\r\n${BODY}`

const say = (message: object): void => void process.send?.(message)

/** Answers late. */
function slowServer(sockets = new Set<Socket>()): Server {
  return createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.once('data', () => setTimeout(() => socket.write(ANSWER), ANSWER_MS))
  })
}

function serve(port: number): void {
  slowServer().listen({ host: '0.0.0.0', port, backlog: 4096 }, () => say({ ready: true }))
}

async function director({ speaker: options, vip, port }: DirectorOptions): Promise<void> {
  const sockets = new Set<Socket>()
  const server = slowServer(sockets)
  const speaker = await OspfSpeaker.start(options)
  const probe = async (): Promise<void> => {
    if (!server.listening) throw new Error('nobody listens')
  }
  const announcement = speaker.announce(vip, {
    device: 'lo',
    when: healthy(probe, { interval: 0.1, rise: 2, fall: 2 }),
    prepare: () =>
      new Promise((resolve) => {
        server.listen({ host: vip, port, backlog: 4096 }, resolve)
      }),
    connections: () => sockets.size,
  })
  process.on('message', async (order: DirectorOrder) => {
    if (order.do === 'fail') {
      say({ failedAt: wallTime() })
      server.close()
      for (const socket of sockets) socket.resetAndDestroy()
      return
    }
    const decidedAt = wallTime()
    const result = await announcement.drain({ timeout: order.timeout })
    say({ decidedAt, result })
  })
  for await (const event of speaker) {
    if (event.type !== 'announcement' || event.was !== 'up') continue
    if (event.state === 'down') say({ down: true, at: wallTime() })
  }
}

async function router(options: SpeakerOptions): Promise<void> {
  const speaker = await OspfSpeaker.start(options)
  say({ ready: true })
  for await (const event of speaker)
    if (event.type === 'error') process.stderr.write(`${event.error}\n`)
}

/** Counters of TCP in this namespace, by name. */
function tcpCounters(): Record<string, number> {
  const found: Record<string, number> = {}
  for (const file of ['snmp', 'netstat']) {
    const lines = readFileSync(`/proc/self/net/${file}`, 'utf8').split('\n')
    for (let i = 0; i + 1 < lines.length; i += 2) {
      const [kind, ...names] = lines[i]!.split(' ')
      if (!kind?.startsWith('Tcp')) continue
      const values = lines[i + 1]!.split(' ').slice(1)
      for (const [k, name] of names.entries()) found[name] = Number(values[k])
    }
  }
  return found
}

function client(host: string, port: number, count: number, patience: number): void {
  const records: LossRecord[] = []
  const before = tcpCounters()
  let isOver = false
  let underWay = 0
  const report = (): void => {
    const now = tcpCounters()
    const grown = (name: string): number => (now[name] ?? 0) - (before[name] ?? 0)
    say({
      records,
      synRetransmissions: grown('TCPSynRetrans'),
      retransmissions: grown('RetransSegs'),
    } satisfies ClientReport)
  }
  const open = (): void => {
    underWay++
    const opened = wallTime()
    let received = 0
    let failure = ''
    const socket = connect({ host, port })
    const late = setTimeout(() => {
      failure = `over ${patience / 1000} s`
      socket.destroy()
    }, patience)
    socket.on('connect', () => socket.write('GET / HTTP/1.1\r\nHost: vip\r\n\r\n'))
    socket.on('data', (bytes) => {
      received += bytes.length
      // we are the first to close: a director that waits (TIME-WAIT) would meet the port again
      if (received === ANSWER.length) socket.end()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (received < ANSWER.length) failure ||= error.code ?? 'error'
    })
    socket.on('close', () => {
      clearTimeout(late)
      underWay--
      const ended = wallTime()
      if (failure === '' && received < ANSWER.length) failure = 'truncated'
      records.push([opened, ended, failure])
      if (isOver) {
        if (underWay === 0) report()
        return
      }
      // one that fails at once must not turn into a storm
      if (failure === '') open()
      else setTimeout(open, Math.max(0, opened + ANSWER_MS - ended))
    })
  }
  // spread over the time of an answer
  for (let i = 0; i < count; i++) setTimeout(open, (i * ANSWER_MS) / count)
  process.on('message', () => {
    isOver = true
    if (underWay === 0) report()
  })
  say({ ready: true })
}

const [, , role, first = '', second = '', third = '', fourth = `${LOST_MS}`] = process.argv
if (role === 'director') await director(JSON.parse(first) as DirectorOptions)
else if (role === 'router') await router(JSON.parse(first) as SpeakerOptions)
else if (role === 'server') serve(Number(first))
else if (role === 'client') client(first, Number(second), Number(third), Number(fourth))
