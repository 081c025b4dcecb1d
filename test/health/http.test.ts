import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server as TcpServer,
} from 'node:net'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { type HttpOptions, http } from '../../lib/health/http.ts'

const never = new AbortController().signal

async function serve(t: Test, server: Server | TcpServer): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const answer = async (t: Test, listener: RequestListener): Promise<string> =>
  `http://${await serve(t, createServer(listener))}/ready`

t.test('any 2xx is healthy by default; redirects are not followed', async (t) => {
  let asked = 0
  const url = await answer(t, (request, response) => {
    asked++
    const status = Number(new URL(request.url ?? '', 'http://x').searchParams.get('status'))
    response.writeHead(status, { location: '/ready?status=200' }).end()
  })
  for (const status of [200, 204, 299]) await http(`${url}?status=${status}`)(never)
  for (const status of [302, 404, 503]) {
    await t.rejects(http(new URL(`${url}?status=${status}`))(never), {
      message: `status ${status}, expected 200-299`,
    })
  }
  t.equal(asked, 6)

  const listed = (status: number): Promise<void> =>
    http(`${url}?status=${status}`, { status: [204, '300-399'] })(never)
  await listed(204)
  await listed(399)
  await t.rejects(listed(200), { message: 'status 200, expected 204, 300-399' })
  await http(`${url}?status=503`, { status: 503 })(never)
})

t.test('what is sent: method, headers, host; one connection per run', async (t) => {
  const seen: unknown[] = []
  const server = createServer((request, response) => {
    const { method, url, headers } = request
    seen.push([method, url, headers.host, headers['x-check'], headers.connection])
    response.end('ignored')
  })
  const authority = await serve(t, server)
  let connections = 0
  server.on('connection', () => connections++)
  await http(`http://${authority}/a?b=c`)(never)
  const options = {
    method: 'head',
    headers: { 'X-Check': '1', host: 'lost' },
    host: 'app.example:81',
  }
  const probe = http(`http://${authority}/`, options)
  await probe(never)
  await probe(never)
  await http(`http://${authority}/`, { headers: { Host: 'kept' }, localAddress: '127.0.0.2' })(
    never,
  )
  t.same(seen, [
    ['GET', '/a?b=c', authority, undefined, 'close'],
    ['HEAD', '/', 'app.example:81', '1', 'close'],
    ['HEAD', '/', 'app.example:81', '1', 'close'],
    ['GET', '/', 'kept', undefined, 'close'],
  ])
  t.equal(connections, 4)
})

t.test('the body, as text or pattern, up to a bound', async (t) => {
  const url = await answer(t, (_, response) => {
    response.write('state: re')
    response.end(`ady ✓${' '.repeat(200_000)}end`)
  })
  const ask = (options: HttpOptions): Promise<void> => http(url, options)(never)
  await ask({ body: 'ready ✓' })
  await ask({ body: /^state: (ready|warm)/ })
  await ask({ body: 'end', maxBody: 300_000 })
  await t.rejects(ask({ body: 'end' }), { message: "body does not contain 'end'" })
  await t.rejects(ask({ body: 'ready', maxBody: 11 }), { message: "body does not contain 'ready'" })
  await ask({ body: 'ready', maxBody: 12 })
  await t.rejects(ask({ body: /down/i }), { message: 'body does not match /down/i' })

  const global = http(url, { body: /ready/g })
  await global(never)
  await global(never)
})

t.test('a body without end is read no further than the bound', async (t) => {
  let sent = 0
  const url = await answer(t, (_, response) => {
    const pour = (): void => {
      while (!response.destroyed && response.write('x'.repeat(1024))) sent += 1024
    }
    response.on('drain', pour)
    pour()
  })
  await http(url, { body: /^x+$/, maxBody: 4096 })(never)
  t.ok(sent < 50_000_000)
})

t.test('an answer of the wrong status is not read at all', async (t) => {
  let closed: Promise<unknown> = Promise.resolve()
  const url = await answer(t, (request, response) => {
    closed = new Promise((resolve) => request.socket.on('close', resolve))
    response.writeHead(503).write('without end')
  })
  await t.rejects(http(url)(never), { message: 'status 503, expected 200-299' })
  await closed
})

t.test('what fails below HTTP is told in its own words', async (t) => {
  const server = createTcpServer()
  const gone = await serve(t, server)
  server.close()
  await once(server, 'close')
  await t.rejects(http(`http://${gone}/`)(never), { message: `connect ECONNREFUSED ${gone}` })
  await t.rejects(http(`http://localhost:${gone.split(':')[1]}/`)(never), {
    message: /^connect ECONNREFUSED \S+/,
  })

  const says = async (text: string): Promise<string> =>
    `http://${await serve(
      t,
      createTcpServer((socket) => {
        socket.on('error', () => {}).once('data', () => socket.end(text))
      }),
    )}/`
  await t.rejects(http(await says(''))(never), { message: 'socket hang up' })
  await t.rejects(http(await says('SSH-2.0-OpenSSH\r\n'))(never), { message: /^Parse Error/ })
  const cut = await says('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')
  await t.rejects(http(cut)(never), { message: 'the response broke off: aborted' })
  const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'
  await t.rejects(http(await says(upgrade))(never), {
    message: 'status 101, the server switched protocols',
  })
})

t.test('an abort, before or after the headers, closes the connection', async (t) => {
  for (const headers of [false, true]) {
    const abort = new AbortController()
    let closed: Promise<unknown> = Promise.resolve()
    const url = await answer(t, (request, response) => {
      closed = new Promise((resolve) => request.socket.on('close', resolve))
      if (headers) response.write('some')
      setImmediate(() => abort.abort(new Error('timed out after 1 s')))
    })
    await t.rejects(http(url)(abort.signal), { message: 'timed out after 1 s' })
    await closed
    await t.rejects(http(url)(abort.signal), { message: 'timed out after 1 s' })
  }
})

const openssl = (() => {
  try {
    return execFileSync('openssl', ['version']).length > 0
  } catch {
    return false
  }
})()

t.test('https', { skip: openssl ? false : 'no openssl to make a certificate' }, async (t) => {
  const folder = t.testdir()
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const subject = ['-subj', '/CN=app.example', '-addext', 'subjectAltName=DNS:app.example']
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  execFileSync(
    'openssl',
    ['req', ...kind, '-keyout', key, '-out', cert, '-days', '1', ...subject],
    {
      stdio: 'ignore',
    },
  )
  const ca = readFileSync(cert)
  const server = createSecureServer({ key: readFileSync(key), cert: ca }, (_, response) => {
    response.end('ok')
  })
  const url = `https://${await serve(t, server)}/`
  await http(url, { host: 'app.example:8443', tls: { ca } })(never)
  await http(url, { tls: { rejectUnauthorized: false } })(never)
  await t.rejects(http(url)(never), { message: /self.signed/ })
  await t.rejects(http(url, { host: 'other.example', tls: { ca } })(never), {
    message: /other\.example/,
  })

  // one that wants to know who asks
  const strict = createSecureServer(
    { key: readFileSync(key), cert: ca, ca, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      response.end((request.socket as TLSSocket).getPeerCertificate().subject.CN)
    },
  )
  const guarded = `https://${await serve(t, strict)}/`
  const own = { ca, cert: ca, key: readFileSync(key), servername: 'app.example' }
  await http(guarded, { body: 'app.example', tls: own })(never)
  await t.rejects(http(guarded, { tls: { ca, servername: 'app.example' } })(never))
})

t.test('names and refusals', async (t) => {
  t.equal(
    http('http://user:secret@10.0.0.1:8080/ready?x=1').name,
    'http http://10.0.0.1:8080/ready',
  )
  const refused = (message: string, options: unknown, url = 'http://127.0.0.1/'): unknown =>
    t.throws(() => http(url, options as HttpOptions), { code: 'ERR_OSPF_CONFIG', message })
  refused("url must be an http: or https: URL, got 'ftp://x/'", {}, 'ftp://x/')
  refused("url must be an http: or https: URL, got '127.0.0.1:80'", {}, '127.0.0.1:80')
  refused("method must be an HTTP method, got 'FETCH'", { method: 'FETCH' })
  refused("method must be an HTTP method, got 'connect'", { method: 'connect' })
  const status = "status must be a status from 200 to 599 or a range like '200-299', got "
  refused(`${status}101`, { status: 101 })
  refused(`${status}'2xx'`, { status: ['2xx'] })
  refused(`${status}'299-200'`, { status: '299-200' })
  refused('status must be at least one status, got []', { status: [] })
  refused('body must be a string or a RegExp, got 1', { body: 1 })
  refused('maxBody must be a whole number of bytes above 0, got 0', { maxBody: 0 })
  refused("header a b must be a valid HTTP header, got '1'", { headers: { 'a b': '1' } })
  refused("header x must be a valid HTTP header, got 'a\\nb'", { headers: { x: 'a\nb' } })
  refused("header Host must be a valid HTTP header, got 'a\\nb'", { host: 'a\nb' })
})
