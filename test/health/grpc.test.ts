import { once } from 'node:events'
import { createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { type GrpcOptions, grpc } from '../../lib/health/grpc.ts'

const never = new AbortController().signal

/** A gRPC server that knows one method. */
async function serve(
  t: Test,
  answer: (service: string, stream: ServerHttp2Stream) => void,
): Promise<string> {
  const server = createServer()
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = []
    stream.on('error', () => {})
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      t.equal(headers[':path'], '/grpc.health.v1.Health/Check')
      t.equal(headers['content-type'], 'application/grpc')
      const message = Buffer.concat(chunks)
      t.equal(message.readUInt32BE(1), message.length - 5)
      answer(message.subarray(7).toString(), stream)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Says a status, or nothing: UNKNOWN, which is 0, is not written. */
function say(stream: ServerHttp2Stream, status: number | undefined, code = 0, message = ''): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () =>
    stream.sendTrailers({ 'grpc-status': code, ...(message ? { 'grpc-message': message } : {}) }),
  )
  const body = status === undefined ? [] : status === 0 ? [] : [8, status]
  stream.end(status === undefined ? undefined : Buffer.from([0, 0, 0, 0, body.length, ...body]))
}

t.test('serving, or not', async (t) => {
  const url = await serve(t, (service, stream) => {
    if (service === '') say(stream, 1)
    else if (service === 'shop.Cart') say(stream, 2)
    else if (service === 'shop.New') say(stream, 0)
    else if (service === 'shop.Half') say(stream, undefined, 14, '50% of it')
    else say(stream, undefined, 5, 'unknown%20service')
  })
  await grpc(url)(never)
  await grpc(new URL(url), { authority: 'shop.example' })(never)
  await t.rejects(grpc(url, { service: 'shop.Cart' })(never), {
    message: 'NOT_SERVING, expected SERVING',
  })
  await t.rejects(grpc(url, { service: 'shop.New' })(never), {
    message: 'UNKNOWN, expected SERVING',
  })
  await t.rejects(grpc(url, { service: 'shop.Gone' })(never), {
    message: 'gRPC status 5: unknown service',
  })
  await t.rejects(grpc(url, { service: 'shop.Half' })(never), {
    message: 'gRPC status 14: 50% of it',
  })
})

t.test('no gRPC at all', async (t) => {
  const url = await serve(t, (_, stream) => {
    stream.respond({ ':status': 404 })
    stream.end()
  })
  await t.rejects(grpc(url)(never), { message: 'HTTP status 404, expected 200' })
  await t.rejects(grpc('http://127.0.0.1:1')(never), { message: /ECONNREFUSED/ })
})

t.test('an answer that does not come', async (t) => {
  const url = await serve(t, () => {})
  const abort = new AbortController()
  const run = grpc(url)(abort.signal)
  setTimeout(() => abort.abort(new Error('timed out after 1 s')), 50)
  await t.rejects(run, { message: 'timed out after 1 s' })
})

t.test('what cannot be asked for', async (t) => {
  const refuses = (url: string, options: unknown, message: RegExp): void => {
    t.throws(() => grpc(url, options as GrpcOptions), { code: 'ERR_OSPF_CONFIG', message })
  }
  refuses('127.0.0.1:50051', {}, /^url must be an http: or https: URL/)
  refuses('http://127.0.0.1', { service: 3 }, /^service must be a name/)
  refuses('http://127.0.0.1', { service: 'x'.repeat(128) }, /^service must be at most 127 octets/)
})
