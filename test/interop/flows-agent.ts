/**
 * Runs inside a namespace: `serve <address> <port> <name>` answers every piece that comes with its name, and never ends
 * a connection; `hold <address> <port> <count>` keeps connections alive with a piece each 100 ms, and prints a line of
 * JSON every time: how many live by server, and how many have ended.
 */
import { createServer, connect as dial } from 'node:net'

const [, , role, address = '', port = '', argument = ''] = process.argv

if (role === 'serve') {
  const server = createServer((socket) => {
    socket.on('data', () => socket.write(argument))
    socket.on('error', () => socket.destroy())
  })
  server.listen(Number(port), address, () => process.stdout.write('listening\n'))
} else {
  let ended = 0
  const sockets = Array.from({ length: Number(argument) }, () => {
    const one = { server: '', isOpen: true, socket: dial({ host: address, port: Number(port) }) }
    one.socket.setEncoding('utf8').setNoDelay(true)
    one.socket.on('connect', () => one.socket.write('x'))
    one.socket.on('data', (name) => {
      one.server = String(name).slice(0, 2)
    })
    one.socket.on('error', () => undefined)
    one.socket.on('close', () => {
      one.isOpen = false
      ended++
    })
    return one
  })
  setInterval(() => {
    const alive: Record<string, number> = {}
    for (const { server, isOpen, socket } of sockets) {
      if (!isOpen) continue
      if (server !== '') alive[server] = (alive[server] ?? 0) + 1
      socket.write('x')
    }
    process.stdout.write(`${JSON.stringify({ alive, ended })}\n`)
  }, 100)
}
