import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import t, { type Test } from 'tap'
import { tcp } from '../../lib/health/tcp.ts'

const never = new AbortController().signal

async function listening(t: Test, server: Server = createServer()): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

/** A port that nobody listens on (any more). */
async function free(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

t.test('a port that listens is healthy, and the connection is closed', async (t) => {
  const server = createServer()
  const port = await listening(t, server)
  for (const target of [`127.0.0.1:${port}`, { host: '127.0.0.1', port }, `localhost:${port}`]) {
    const connection = once(server, 'connection')
    await tcp(target)(never)
    const [socket] = await connection
    socket.on('error', () => {}).resume()
    if (!socket.closed) await new Promise((resolve) => socket.on('close', resolve))
  }
  await tcp({ host: '127.0.0.1', port }, { localAddress: '127.0.0.2' })(never)
})

t.test('a port that does not is not, in the words of the kernel', async (t) => {
  const port = await free()
  await t.rejects(tcp(`127.0.0.1:${port}`)(never), {
    message: `connect ECONNREFUSED 127.0.0.1:${port}`,
  })
  await t.rejects(
    tcp({ host: 'localhost', port })(never),
    { message: /^connect ECONNREFUSED \S+/ },
    'never an empty message, however many addresses the name has',
  )
  await t.rejects(tcp({ host: '127.0.0.1', port }, { localAddress: '192.0.2.1' })(never), {
    message: /EADDRNOTAVAIL/,
  })
})

t.test('an abort lets go at once and rejects with its reason', async (t) => {
  const port = await listening(t)
  const abort = new AbortController()
  const run = tcp(`127.0.0.1:${port}`)(abort.signal)
  abort.abort(new Error('timed out after 1 s'))
  await t.rejects(run, { message: 'timed out after 1 s' })
  await t.rejects(tcp(`127.0.0.1:${port}`)(abort.signal), { message: 'timed out after 1 s' })
})

t.test('targets', async (t) => {
  t.equal(tcp('db.internal:5432').name, 'tcp db.internal:5432')
  t.equal(tcp('[2001:db8::1]:80').name, 'tcp [2001:db8::1]:80')
  t.equal(tcp({ host: '::1', port: 80 }).name, 'tcp [::1]:80')
  for (const [target, message] of [
    ['localhost', "target must be 'host:port', got 'localhost'"],
    ['::1:80', "target must be 'host:port', got '::1:80'"],
    ['a:http', "target must be 'host:port', got 'a:http'"],
    ['a:0', 'port must be a whole number from 1 to 65535, got 0'],
    ['a:65536', 'port must be a whole number from 1 to 65535, got 65536'],
    [{ host: '', port: 1 }, "host must be a name or an address, got ''"],
    [{ host: 'a', port: '80' as unknown as number }, "from 1 to 65535, got '80'"],
  ] as const) {
    t.throws(() => tcp(target), { code: 'ERR_OSPF_CONFIG', message })
  }
})
