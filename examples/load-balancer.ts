/**
 * A load balancer in one process: an HTTP service on a VIP, and the announcement of that VIP to the routers around,
 * for as long as the service says that it is ready. Two or more of these beside a router share the load; `--help`
 * says how to start one. It wants CAP_NET_RAW and CAP_NET_ADMIN.
 *
 *     curl http://10.0.1.100:8080/        its name
 *     curl http://127.0.0.1:8080/ready    200, or 503 while it is not ready
 *     kill -USR1 <pid>                    ready or not: the other of the two
 *     kill <pid>                          withdraws the VIP, serves on until the routers know, ends with status 0
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { parseArgs } from 'node:util'
import { formatEvent, healthy, http, OspfSpeaker } from 'ospf-speaker'

const usage = `usage: load-balancer --router-id <A.B.C.D> --interface <device> --vip <A.B.C.D> [--port <n>] [--name <text>]

  --router-id   OSPF Router ID, unique in the network
  --interface   device towards the router
  --vip         address to serve; put on lo and announced while /ready answers 200
  --port        HTTP port, default 8080
  --name        what / answers, default: the Router ID
  --help        this text

SIGUSR1 turns readiness off and on, SIGTERM stops in order.`

interface Settings {
  readonly routerId: string
  readonly device: string
  readonly vip: string
  readonly port: number
  readonly name: string
}

class UsageError extends Error {}

/** Undefined: help was asked for. */
function parse(args: string[]): Settings | undefined {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args,
    options: {
      'router-id': text,
      interface: text,
      vip: text,
      port: { type: 'string', default: '8080' },
      name: text,
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return undefined
  const { 'router-id': routerId, interface: device, vip, name = routerId } = values
  if (routerId === undefined) throw new UsageError('--router-id is missing')
  if (device === undefined) throw new UsageError('--interface is missing')
  if (vip === undefined) throw new UsageError('--vip is missing')
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new UsageError(`--port: expected a number from 1 to 65535, got '${values.port}'`)
  }
  return { routerId, device, vip, port, name: name ?? routerId }
}

/** The service. It listens on every address, for the VIP comes to lo only when the service is known to be ready. */
async function serve({ name, port }: Settings, isReady: () => boolean): Promise<Server> {
  const server = createServer((request, response) => {
    // One connection for each request: what the routers spread is connections.
    response.setHeader('Connection', 'close')
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    if (pathname === '/') return response.end(`${name}\n`)
    if (pathname !== '/ready') return response.writeHead(404).end('not found\n')
    if (isReady()) return response.end('ready\n')
    return response.writeHead(503).end('not ready\n')
  })
  server.listen(port, '0.0.0.0')
  await once(server, 'listening')
  return server
}

async function run(settings: Settings): Promise<void> {
  const { routerId, device, vip, port, name } = settings
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stop.abort())
  let ready = true
  const server = await serve(settings, () => ready)
  process.on('SIGUSR1', () => {
    ready = !ready
    console.log(`${name}: ${ready ? 'ready' : 'not ready'}`)
  })
  try {
    await using speaker = await OspfSpeaker.start({
      routerId,
      areas: {
        '0.0.0.0': {
          interfaces: { [device]: { helloInterval: 1, deadInterval: 4, priority: 0, cost: 1 } },
        },
      },
      signal: stop.signal,
    })
    speaker.announce(vip, {
      device: 'lo',
      when: healthy(http(`http://127.0.0.1:${port}/ready`), { interval: 1, rise: 2, fall: 3 }),
    })
    console.log(`${name}: started`)
    // Ends when the speaker has stopped: VIP withdrawn, the routers' acknowledgement there, lo as it was.
    for await (const event of speaker) console.log(`${name}: ${formatEvent(event)}`)
  } finally {
    server.close()
  }
}

try {
  const settings = parse(process.argv.slice(2))
  if (settings === undefined) console.log(usage)
  else await run(settings)
} catch (error) {
  const { message, code } = error as Error & { readonly code?: string }
  const misused = error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS')
  console.error(`load-balancer: ${message}${misused ? '\n(--help shows how)' : ''}`)
  process.exitCode = misused || code === 'ERR_OSPF_CONFIG' ? 2 : 1
}
