/** Runs inside a namespace: `serve <address> <port> <name>` or `connect <address> <port> <count>`. */
import { createServer, connect as dial } from 'node:net'

const [, , role, address = '', port = '', argument = ''] = process.argv

/** Answers whatever comes with the server's name. */
function serve(): void {
  const server = createServer((socket) => {
    const body = `${argument}\n`
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`
    socket.once('data', () => socket.end(head + body))
    socket.on('error', () => socket.destroy())
  })
  server.listen(Number(port), address, () => process.stdout.write('listening\n'))
}

/** One request on a new connection; the server's name, or an error with a code. */
function request(): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = dial({ host: address, port: Number(port) })
    socket.setEncoding('utf8').setTimeout(2000)
    socket.on('connect', () => socket.write(`GET / HTTP/1.1\r\nHost: ${address}\r\n\r\n`))
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('timeout', () => socket.destroy(Object.assign(new Error(), { code: 'timeout' })))
    socket.on('error', reject)
    socket.on('end', () => resolve(text.slice(text.indexOf('\r\n\r\n') + 4).trim()))
  })
}

async function connect(): Promise<void> {
  const answered: Record<string, number> = {}
  const failed: Record<string, number> = {}
  for (let i = 0; i < Number(argument); i++) {
    try {
      const name = await request()
      answered[name] = (answered[name] ?? 0) + 1
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
      failed[code] = (failed[code] ?? 0) + 1
    }
  }
  process.stdout.write(JSON.stringify({ answered, failed }))
}

if (role === 'serve') serve()
else await connect()
