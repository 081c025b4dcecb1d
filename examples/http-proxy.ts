/**
 * An HTTP proxy with two VIPs over two pools of backends, as nginx is in the classic set-up: each VIP goes to its pool,
 * backends are checked and get the client's address in X-Forwarded-For, and a VIP is announced for as long as its pool has
 * a backend that is well. One process; two or more of them beside a router share the load.
 *
 *     http-proxy --router-id 10.0.1.133 --interface eth0 \
 *       --pool 10.0.1.100=10.0.2.1:8080,10.0.2.2:8080 --pool 10.0.1.101=10.0.2.3:8080
 */
import { once } from 'node:events'
import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import { pipeline } from 'node:stream'
import { parseArgs } from 'node:util'
import { any, formatEvent, type Gate, healthy, http, OspfSpeaker } from 'ospf-speaker'

const usage = `usage: http-proxy --router-id <A.B.C.D> --interface <device> --pool <VIP>=<host:port>,...

  --router-id   OSPF Router ID, unique in the network
  --interface   device towards the router
  --pool        a VIP and the backends behind it; repeatable
  --port        port of the VIPs, default 80
  --ready       path that says whether a backend is well, default /ready
  --help        this text

Without --router-id and --interface it is a proxy on 127.0.0.1 that announces nothing: the VIPs' names are their Host.
SIGTERM withdraws the VIPs, serves on until the routers know, and ends with status 0.`

interface Backend {
  readonly host: string
  readonly port: number
  readonly gate: Gate
  /** Requests that are on. */
  active: number
}

interface Pool {
  readonly vip: string
  readonly backends: readonly Backend[]
}

class UsageError extends Error {}

/** How long a backend may be silent, in milliseconds. */
const PATIENCE = 30_000

function parsePool(text: string, ready: string): Pool {
  const [, vip, list] = /^([\d.]+)=(.+)$/.exec(text) ?? []
  if (vip === undefined || list === undefined) {
    throw new UsageError(`--pool: expected VIP=host:port,..., got '${text}'`)
  }
  const backends = list.split(',').map((target) => {
    const [, host, port] = /^([^:]+):(\d+)$/.exec(target) ?? []
    if (host === undefined) throw new UsageError(`--pool: expected host:port, got '${target}'`)
    const gate = healthy(http(`http://${target}${ready}`), { interval: 1, rise: 1, fall: 2 })
    return { host, port: Number(port), gate, active: 0 }
  })
  return { vip, backends }
}

/** Of those that are well, the one with the fewest requests. */
function choose({ backends }: Pool, tried: ReadonlySet<Backend>): Backend | undefined {
  return backends
    .filter((one) => one.gate.verdict?.healthy && !tried.has(one))
    .reduce<Backend | undefined>(
      (best, one) => (best && best.active <= one.active ? best : one),
      undefined,
    )
}

/** Between two hops, not between client and backend (RFC 9110 7.6.1). */
const hopByHop =
  'connection keep-alive proxy-connection te trailer transfer-encoding upgrade'.split(' ')

function forwarded(asked: IncomingMessage): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  const named = asked.headers.connection?.toLowerCase().split(/\s*,\s*/) ?? []
  for (const [name, value] of Object.entries(asked.headers)) {
    if (value !== undefined && !hopByHop.includes(name) && !named.includes(name))
      headers[name] = value
  }
  const client = asked.socket.remoteAddress?.replace(/^::ffff:/, '') ?? 'unknown'
  const before = asked.headers['x-forwarded-for']
  headers['x-forwarded-for'] = before === undefined ? client : `${String(before)}, ${client}`
  headers['x-forwarded-proto'] = 'http'
  return headers
}

/** Another backend is tried only for requests that can be sent twice, and only while nothing has come back. */
function proxy(
  pool: Pool,
  agent: Agent,
  asked: IncomingMessage,
  reply: ServerResponse,
  tried = new Set<Backend>(),
): void {
  const backend = choose(pool, tried)
  if (backend === undefined) {
    reply.writeHead(503, { 'content-type': 'text/plain' }).end('no backend is well\n')
    return
  }
  tried.add(backend)
  backend.active++
  const { host, port } = backend
  const { method, url: path } = asked
  const sent = request({
    host,
    port,
    method,
    path,
    headers: forwarded(asked),
    agent,
    timeout: PATIENCE,
  })
  sent.once('close', () => backend.active--)
  sent.once('timeout', () => sent.destroy(new Error('no answer')))
  sent.once('response', (answer) => {
    const headers = Object.entries(answer.headers).filter(([name]) => !hopByHop.includes(name))
    reply.writeHead(answer.statusCode ?? 502, Object.fromEntries(headers))
    pipeline(answer, reply, () => {})
  })
  sent.once('error', () => {
    if (reply.headersSent) return void reply.destroy()
    const isRepeatable = method === 'GET' || method === 'HEAD'
    if (isRepeatable) return proxy(pool, agent, asked, reply, tried)
    reply.writeHead(502, { 'content-type': 'text/plain' }).end('the backend failed\n')
  })
  reply.once('close', () => sent.destroy())
  if (method === 'GET' || method === 'HEAD') sent.end()
  else pipeline(asked, sent, () => {})
}

/** Every VIP comes in on one socket: which is meant is the address that the client asked for. */
async function serve(pools: readonly Pool[], host: string, port: number): Promise<Server> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const server = createServer((asked, reply) => {
    const local = asked.socket.localAddress?.replace(/^::ffff:/, '')
    const name = asked.headers.host?.split(':')[0]
    const pool = pools.find(({ vip }) => vip === local) ?? pools.find(({ vip }) => vip === name)
    if (pool === undefined) return void reply.writeHead(404).end('no such service\n')
    proxy(pool, agent, asked, reply)
  })
  server.on('close', () => agent.destroy())
  server.listen(port, host)
  await once(server, 'listening')
  return server
}

async function run(args: string[]): Promise<void> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args,
    options: {
      'router-id': text,
      interface: text,
      pool: { type: 'string', multiple: true, default: [] },
      port: { type: 'string', default: '80' },
      ready: { type: 'string', default: '/ready' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return console.log(usage)
  const { 'router-id': routerId, interface: device } = values
  if (values.pool.length === 0) throw new UsageError('--pool is missing')
  if ((routerId === undefined) !== (device === undefined)) {
    throw new UsageError('--router-id and --interface go together')
  }
  const pools = values.pool.map((pool) => parsePool(pool, values.ready))
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stop.abort())
  const gates = pools.map(({ vip, backends }) =>
    any(...backends.map(({ gate }) => gate), { name: `pool of ${vip}` }),
  )
  const server = await serve(
    pools,
    device === undefined ? '127.0.0.1' : '0.0.0.0',
    Number(values.port),
  )
  const address = server.address()
  console.log(`http-proxy: port ${typeof address === 'object' ? address?.port : address}`)
  // the checks of the pools run while somebody reads them
  for (const [i, gate] of gates.entries()) void tell(pools[i]!.vip, gate)
  try {
    if (routerId === undefined || device === undefined) await once(stop.signal, 'abort')
    else await announce(routerId, device, pools, gates, stop.signal)
  } finally {
    for (const gate of gates) gate[Symbol.dispose]()
    server.close()
    server.closeIdleConnections()
  }
}

async function tell(vip: string, gate: Gate): Promise<void> {
  for await (const { healthy: isUp, reason } of gate) {
    console.log(`${vip}: pool ${isUp ? 'up' : 'down'} (${reason})`)
  }
}

async function announce(
  routerId: string,
  device: string,
  pools: readonly Pool[],
  gates: readonly Gate[],
  signal: AbortSignal,
): Promise<void> {
  await using speaker = await OspfSpeaker.start({
    routerId,
    areas: {
      '0.0.0.0': { interfaces: { [device]: { helloInterval: 1, deadInterval: 4, priority: 0 } } },
    },
    signal,
  })
  for (const [i, { vip, backends }] of pools.entries()) {
    // a drain waits for the requests that are on
    const connections = (): number => backends.reduce((sum, { active }) => sum + active, 0)
    speaker.announce(vip, { when: gates[i]!, device: 'lo', connections })
  }
  for await (const event of speaker) console.log(formatEvent(event))
}

try {
  await run(process.argv.slice(2))
} catch (error) {
  const { message, code } = error as Error & { readonly code?: string }
  const misused = error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS')
  console.error(`http-proxy: ${message}${misused ? '\n(--help shows how)' : ''}`)
  process.exitCode = misused || code === 'ERR_OSPF_CONFIG' ? 2 : 1
}
