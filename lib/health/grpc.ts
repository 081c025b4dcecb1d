/** A probe that asks over gRPC: `grpc.health.v1.Health/Check`, as load balancers and Kubernetes do. */

import type {
  ClientHttp2Session,
  IncomingHttpHeaders,
  SecureClientSessionOptions,
} from 'node:http2'
import { http2 } from '../secure.ts'
import { explain, invalid, named, type Probe } from './probe.ts'

export interface GrpcOptions {
  /** The service that is asked about; default '', the server as a whole. */
  readonly service?: string
  /** Host that is asked for, where it is not that of the URL. */
  readonly authority?: string
  /** HTTPS: whom to trust, and as whom to come. Certificates are verified unless this says otherwise. */
  readonly tls?: Pick<
    SecureClientSessionOptions,
    'ca' | 'cert' | 'key' | 'passphrase' | 'rejectUnauthorized' | 'servername'
  >
}

/** The protobuf enumeration ServingStatus. */
const statuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const
const ANSWER_MAX = 65_536

/**
 * Asks once per run, over a connection of its own. Rejects with the status that is not SERVING, or with what gRPC says.
 *
 * @param url `http://127.0.0.1:50051` for plain HTTP/2, `https://...` with TLS.
 * @throws OspfError ERR_OSPF_CONFIG when the URL or an option cannot be used
 */
export function grpc(url: string | URL, options: GrpcOptions = {}): Probe {
  const target = url instanceof URL || URL.canParse(url) ? new URL(url) : undefined
  if (target?.protocol !== 'http:' && target?.protocol !== 'https:') {
    throw invalid('url', 'an http: or https: URL', String(url))
  }
  const { service = '', authority, tls = {} } = options
  if (typeof service !== 'string') throw invalid('service', 'a name', service)
  const request = frame(healthCheckRequest(service))
  const what = service === '' ? target.host : `${target.host} ${service}`
  return named(`grpc ${what}`, async (signal) => {
    signal.throwIfAborted()
    const session = http2().connect(target, tls)
    try {
      const { headers, body } = await ask(session, request, authority, signal)
      const code = Number(headers['grpc-status'] ?? 0)
      if (code !== 0) {
        const message = decoded(String(headers['grpc-message'] ?? ''))
        throw new Error(`gRPC status ${code}${message === '' ? '' : `: ${message}`}`)
      }
      const status = servingStatus(body)
      if (status !== 1)
        throw new Error(`${statuses[status] ?? `status ${status}`}, expected SERVING`)
    } catch (error) {
      throw explain(error, signal)
    } finally {
      session.destroy()
    }
  })
}

function ask(
  session: ClientHttp2Session,
  request: Uint8Array,
  authority: string | undefined,
  signal: AbortSignal,
): Promise<{ headers: IncomingHttpHeaders; body: Uint8Array }> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    session.on('error', reject)
    session.on('close', () => reject(new Error('closed without an answer')))
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      ...(authority === undefined ? {} : { ':authority': authority }),
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    const chunks: Buffer[] = []
    let length = 0
    let headers: IncomingHttpHeaders = {}
    stream
      .on('response', (first) => {
        headers = { ...headers, ...first }
        const status = first[':status']
        if (status !== 200) reject(new Error(`HTTP status ${status}, expected 200`))
      })
      .on('trailers', (last) => {
        headers = { ...headers, ...last }
      })
      .on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        length += chunk.length
        if (length > ANSWER_MAX) reject(new Error(`an answer of more than ${ANSWER_MAX} octets`))
      })
      .on('end', () => resolve({ headers, body: Buffer.concat(chunks) }))
      .on('error', reject)
      .end(request)
  })
}

/** Percent-encoded, or what it is that a server makes of that: never an error, as gRPC has it. */
function decoded(message: string): string {
  try {
    return decodeURIComponent(message)
  } catch {
    return message
  }
}

/** A message of gRPC: not compressed, its length in front. */
function frame(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(5 + message.length)
  new DataView(framed.buffer).setUint32(1, message.length)
  framed.set(message, 5)
  return framed
}

/** Protobuf: field 1, a string. */
function healthCheckRequest(service: string): Uint8Array {
  const name = new TextEncoder().encode(service)
  if (name.length === 0) return name
  if (name.length > 127) throw invalid('service', 'at most 127 octets', service)
  return Uint8Array.of(0x0a, name.length, ...name)
}

/** Protobuf: field 1, an enumeration; what is not there is 0. */
function servingStatus(body: Uint8Array): number {
  const message = body.subarray(5)
  return message[0] === 0x08 ? (message[1] ?? 0) : 0
}
