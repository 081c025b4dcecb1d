/** Metrics over HTTP: `GET /metrics`, for Prometheus and whoever reads its formats. */
import { once } from 'node:events'
import { lstatSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { OspfError } from '../errors.ts'
import { fail } from '../parse.ts'
import { reasonOf } from '../reason.ts'
import type { Metrics, MetricsFormat, MetricsOptions } from './metrics.ts'

/** What is served: figures that are made for it, or `metrics` that are there already, and stay when it closes. */
export type MetricsServerOptions = (MetricsOptions | { readonly metrics: Metrics }) & {
  /** 'ADDRESS:PORT', ':PORT' for every address, or the path of a unix socket; port 0 is one that is free. */
  readonly listen: string
}

export interface MetricsServer extends AsyncDisposable {
  /** Where it listens: 'http://127.0.0.1:9099/metrics', or the path of the socket. */
  readonly address: string
}

/** Clients at once; more are turned away. */
const CLIENTS = 16
const HEAD = 8 * 1024
/** Milliseconds: to send a request, and without anything being read of an answer. */
const REQUEST_MS = 5000
const IDLE_MS = 10_000

/**
 * Listens until it is disposed.
 * @throws OspfError ERR_OSPF_CONFIG, also when the address cannot be had
 */
export async function metricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const where = parseListen(options.listen)
  const isGiven = 'metrics' in options
  const metrics = isGiven
    ? options.metrics
    : await (await import('./metrics.ts')).speakerMetrics(options)
  const release = (): void => {
    if (!isGiven) metrics[Symbol.dispose]()
  }
  const limits = { maxHeaderSize: HEAD, headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS }
  const server = createServer(limits, (asked, reply) => void respond(metrics, asked, reply))
  server.maxConnections = CLIENTS
  server.timeout = IDLE_MS
  server.keepAliveTimeout = IDLE_MS
  const listen = async (): Promise<void> => {
    server.listen(where)
    await once(server, 'listening')
  }
  try {
    await listen().catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE' || !('path' in where)) throw error
      if (!(await isLeft(where.path))) throw error
      rmSync(where.path)
      await listen()
    })
  } catch (error) {
    release()
    throw new OspfError('ERR_OSPF_CONFIG', `metrics: ${options.listen}: ${reasonOf(error)}`, {
      cause: error,
    })
  }
  const bound = server.address()
  return {
    address: bound === null || typeof bound === 'string' ? (bound ?? '') : urlOf(bound),
    async [Symbol.asyncDispose]() {
      release()
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** A socket that a dead process left. */
async function isLeft(path: string): Promise<boolean> {
  if (!lstatSync(path).isSocket()) return false
  const asked = connect(path)
  try {
    await once(asked, 'connect')
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
  } finally {
    asked.destroy()
  }
}

const urlOf = ({ address, port }: { readonly address: string; readonly port: number }): string =>
  `http://${address.includes(':') ? `[${address}]` : address}:${port}/metrics`

/** @throws OspfError ERR_OSPF_CONFIG */
export function parseListen(
  listen: unknown,
): { readonly path: string } | { readonly host?: string; readonly port: number } {
  const expected = 'ADDRESS:PORT, or the path of a unix socket'
  if (typeof listen !== 'string') throw fail('metrics', expected, listen)
  if (listen.startsWith('/')) return { path: listen }
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(listen) ?? []
  const port = Number(digits)
  if (digits === undefined || port > 65_535) throw fail('metrics', expected, listen)
  const host = bracketed ?? plain ?? ''
  return host === '' ? { port } : { host, port }
}

/** What a scraper wants, by its Accept header. */
export const formatFor = (accept: string | undefined): MetricsFormat =>
  accept?.includes('application/openmetrics-text') ? 'openmetrics' : 'text'

async function respond(
  metrics: Metrics,
  asked: IncomingMessage,
  reply: ServerResponse,
): Promise<void> {
  const say = (status: number, text: string, type = 'text/plain; charset=utf-8'): void => {
    reply.writeHead(status, { 'content-type': type })
    reply.end(asked.method === 'HEAD' ? undefined : text)
  }
  asked.resume()
  const path = asked.url?.split('?')[0]
  if (asked.method !== 'GET' && asked.method !== 'HEAD') return say(405, 'GET is supported\n')
  if (path !== '/metrics') return say(404, 'see /metrics\n')
  try {
    const { contentType, body } = await metrics.render(formatFor(asked.headers.accept))
    say(200, body, contentType)
  } catch (error) {
    say(500, `${reasonOf(error)}\n`)
  }
}
