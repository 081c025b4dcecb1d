/** A probe that asks over HTTP or HTTPS and looks at the status and, if wanted, at the body. */

import { createHash } from 'node:crypto'
import {
  type ClientRequest,
  type IncomingMessage,
  METHODS,
  request as requestHttp,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http'
import type { ConnectionOptions } from 'node:tls'
import { reasonOf } from '../reason.ts'
import { https } from '../secure.ts'
import { parseExpected } from './dialogue.ts'
import { explain, invalid, named, type Probe } from './probe.ts'

/** One status, or a range of them with both ends included: `204`, `'200-299'`. */
export type HttpStatus = number | `${number}-${number}`

export interface HttpOptions {
  /** Default GET. */
  readonly method?: string
  /**
   * What counts as healthy; default `'200-299'`, as in keepalived. Redirects are not followed: a
   * 302 is a 302.
   */
  readonly status?: HttpStatus | readonly HttpStatus[]
  readonly headers?: Readonly<Record<string, string>>
  /**
   * Host header, where it is not that of the URL; over HTTPS the name that the certificate must
   * carry, too.
   */
  readonly host?: string
  /** What the body must contain, or match. Read as UTF-8. */
  readonly body?: string | RegExp
  /** MD5 of the body, 32 hexadecimal digits, as keepalived's `genhash` prints it. The body must end within `maxBody`. */
  readonly digest?: string
  /** Looks at the body and throws what is wrong with it. */
  readonly judge?: (body: string) => void
  /** Bytes of the body that are read at most, and looked at; default 65536. */
  readonly maxBody?: number
  /** Source address to connect from; default: the kernel chooses. */
  readonly localAddress?: string
  /**
   * HTTPS: whom to trust, and as whom to come. Certificates are verified unless this says
   * otherwise.
   */
  readonly tls?: Pick<
    ConnectionOptions,
    'ca' | 'cert' | 'key' | 'passphrase' | 'rejectUnauthorized' | 'servername'
  >
}

/**
 * Asks once per run, over a connection of its own that is closed afterwards, and reads the answer
 * to its end (or to `maxBody`): one that never ends, or breaks off, is unhealthy. How long it may
 * take is for the signal to say.
 *
 * Rejects with what was wrong: `connect ECONNREFUSED 127.0.0.1:8080`, `status 503, expected
 * 200-299`, `body does not contain 'ready'`.
 *
 * @throws OspfError ERR_OSPF_CONFIG when the URL or an option cannot be used
 */
export function http(url: string | URL, options: HttpOptions = {}): Probe {
  const target = parseUrl(url)
  const expected = parseStatus(options.status ?? '200-299')
  const { isExpected, wanted } = parseExpected(options.body, 'body')
  const { maxBody = 65536, host, localAddress, judge } = options
  const digest = options.digest?.toLowerCase()
  if (digest !== undefined && !/^[0-9a-f]{32}$/.test(digest)) {
    throw invalid('digest', '32 hexadecimal digits', options.digest)
  }
  if (judge !== undefined && typeof judge !== 'function') {
    throw invalid('judge', 'a function', judge)
  }
  if (!Number.isSafeInteger(maxBody) || maxBody < 1) {
    throw invalid('maxBody', 'a whole number of bytes above 0', maxBody)
  }
  const send = target.protocol === 'https:' ? https().request : requestHttp
  const settings = {
    agent: false as const,
    method: parseMethod(options.method ?? 'GET'),
    headers: parseHeaders(options.headers ?? {}, host),
    ...(localAddress !== undefined && { localAddress }),
    ...(host !== undefined && { servername: host.replace(/:\d+$/, '') }),
    ...options.tls,
  }

  return named(`http ${target.origin}${target.pathname}`, async (signal) => {
    signal.throwIfAborted()
    const request = send(target, { ...settings, signal })
    try {
      const response = await answered(request)
      const status = response.statusCode ?? 0
      if (!expected.some(([low, high]) => status >= low && status <= high)) {
        throw new Error(`status ${status}, expected ${expected.map(formatRange).join(', ')}`)
      }
      const body = await read(response, maxBody)
      if (isExpected?.(body.toString('utf8')) === false) throw new Error(`body does not ${wanted}`)
      if (digest !== undefined) {
        const found = createHash('md5').update(body).digest('hex')
        if (found !== digest) throw new Error(`digest ${found}, expected ${digest}`)
      }
      judge?.(body.toString('utf8'))
    } catch (error) {
      throw explain(error, signal)
    } finally {
      request.destroy()
    }
  })
}

/**
 * Sends the request. Its listeners stay: an error after the verdict is nobody's business, and no
 * exception.
 */
function answered(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request
      .on('response', resolve)
      .on('error', reject)
      .on('upgrade', (_, socket) => {
        socket.destroy()
        reject(new Error('status 101, the server switched protocols'))
      })
      .on('close', () => reject(new Error('closed without a response')))
      .end()
  })
}

async function read(response: IncomingMessage, most: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      length += chunk.length
      if (length >= most) break
    }
  } catch (error) {
    throw new Error(`the response broke off: ${reasonOf(error)}`, { cause: error })
  }
  return Buffer.concat(chunks).subarray(0, most)
}

function parseUrl(url: string | URL): URL {
  const parsed = url instanceof URL || URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') {
    throw invalid('url', 'an http: or https: URL', String(url))
  }
  return parsed
}

function parseMethod(method: string): string {
  const upper = String(method).toUpperCase()
  // CONNECT is answered by a tunnel, not by a response.
  if (!METHODS.includes(upper) || upper === 'CONNECT') {
    throw invalid('method', 'an HTTP method', method)
  }
  return upper
}

function parseHeaders(
  headers: Readonly<Record<string, string>>,
  host: string | undefined,
): Readonly<Record<string, string>> {
  // The later wins, in whatever case the other is written.
  const all = host === undefined ? headers : { ...headers, Host: host }
  for (const [name, value] of Object.entries(all)) {
    try {
      validateHeaderName(name)
      validateHeaderValue(name, value)
    } catch {
      throw invalid(`header ${name}`, 'a valid HTTP header', value)
    }
  }
  return all
}

type Range = readonly [low: number, high: number]

function parseStatus(status: HttpStatus | readonly HttpStatus[]): readonly Range[] {
  const list = Array.isArray(status) ? status : [status]
  if (list.length === 0) throw invalid('status', 'at least one status', status)
  return list.map((item: HttpStatus) => {
    const [, low, high = low] = /^([2-5]\d\d)(?:-([2-5]\d\d))?$/.exec(String(item)) ?? []
    if (low === undefined || high === undefined || low > high) {
      throw invalid('status', "a status from 200 to 599 or a range like '200-299'", item)
    }
    return [Number(low), Number(high)]
  })
}

const formatRange = ([low, high]: Range): string => (low === high ? `${low}` : `${low}-${high}`)
