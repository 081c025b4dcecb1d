/**
 * What runs inside the namespaces of flows.ts, told what to do over IPC:
 * - `director ADDRESS PORT NAME` says its name on every connection, then echoes.
 * - `client ADDRESS PORT` opens connections and keeps them busy; counts those that are disturbed, by director.
 * - `router OPTIONS` writes routes to the kernel, as a speaker does.
 */
import { connect, createServer, type Socket } from 'node:net'
import type { RouteChange } from '../lib/core/io.ts'
import { LinuxLinks } from '../lib/linux/links.ts'
import { LinuxRoutes } from '../lib/linux/routes.ts'

/** Milliseconds between two messages of a connection. */
const BEAT = 200

const [, , role, ...words] = process.argv
const say = (message: object): void => void process.send?.(message)

function director(address: string, port: number, name: string): void {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.write(`${name}\n`)
    socket.on('data', (bytes) => socket.write(bytes))
  })
  server.listen({ host: address, port, backlog: 511 }, () => say({ type: 'ready' }))
}

interface Connection {
  readonly socket: Socket
  /** Undefined until it has said so. */
  director: string | undefined
  sent: number
  received: number
  failure: string | undefined
}

function open(address: string, port: number): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port })
    const state = { director: undefined, sent: 0, received: 0, failure: undefined }
    const connection: Connection = { socket, ...state }
    let greeting = ''
    socket.on('data', (bytes) => {
      if (connection.director !== undefined) {
        connection.received += bytes.length
        return
      }
      greeting += bytes.toString()
      if (!greeting.includes('\n')) return
      connection.director = greeting.trim()
      resolve(connection)
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      connection.failure ??= error.code ?? 'error'
      reject(error)
    })
    socket.on('close', () => {
      connection.failure ??= 'closed'
    })
  })
}

function client(address: string, port: number): void {
  let connections: Connection[] = []
  setInterval(() => {
    for (const connection of connections) {
      if (connection.failure !== undefined) continue
      connection.sent++
      connection.socket.write('.')
    }
  }, BEAT)
  const byDirector = (those: readonly Connection[]): Record<string, number> => {
    const counts: Record<string, number> = {}
    for (const { director = '?' } of those) counts[director] = (counts[director] ?? 0) + 1
    return counts
  }
  const begin = async (count: number): Promise<void> => {
    for (const { socket } of connections) socket.destroy()
    connections = []
    while (connections.length < count) {
      const some = Math.min(20, count - connections.length)
      const opened = Array.from({ length: some }, () => open(address, port))
      connections.push(...(await Promise.all(opened)))
    }
    say({ type: 'open', connections: byDirector(connections) })
  }
  process.on('message', ({ open }: { readonly open?: number }) => {
    if (open !== undefined) return void begin(open)
    // One that has not had an answer to anything for so long is as good as gone.
    const before = connections.map(({ received }) => received)
    setTimeout(() => {
      const disturbed = connections.filter(
        ({ failure, received }, i) => failure !== undefined || received === before[i],
      )
      say({ type: 'counted', disturbed: byDirector(disturbed) })
    }, BEAT * 15)
  })
  say({ type: 'ready' })
}

async function router(options: string): Promise<void> {
  const links = await LinuxLinks.open()
  const routes = await LinuxRoutes.open({ links, ...JSON.parse(options) })
  process.on('message', async (changes: readonly RouteChange[]) => {
    routes.apply(changes)
    await routes.settled()
    say({ type: 'applied' })
  })
  say({ type: 'ready' })
}

const [first = '', second = '', third = ''] = words
if (role === 'director') director(first, Number(second), third)
else if (role === 'client') client(first, Number(second))
else await router(first)
