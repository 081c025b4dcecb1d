/**
 * The whole LVS director in one process: IPVS is programmed, the real servers are checked over HTTP, and the VIP is
 * announced to the routers around while enough of them are well. `director.yaml` says the same for `ospf-speaker run`.
 * `--help` says how to start it. It wants CAP_NET_RAW and CAP_NET_ADMIN, and a kernel with IPVS.
 *
 *     kill <pid>    withdraws the VIP, waits for the routers, empties IPVS, ends with status 0
 *
 * With direct routing (dr) each real server has the VIP on lo and does not answer ARP for it.
 */
import { parseArgs } from 'node:util'
import {
  Director,
  formatDirectorEvent,
  formatEvent,
  Ipvs,
  type IpvsForward,
  OspfSpeaker,
} from 'ospf-speaker'

const usage = `usage: director --router-id <A.B.C.D> --interface <device> --vip <A.B.C.D> --server <A.B.C.D>... [--port <n>] [--forward <mode>]

  --router-id   OSPF Router ID, unique in the network
  --interface   device towards the router
  --vip         address of the virtual service; put on lo and announced while it serves
  --server      a real server; repeatable
  --port        of the service and of the servers, default 80
  --forward     dr (the default), nat or tun
  --help        this text

SIGTERM stops in order.`

interface Settings {
  readonly routerId: string
  readonly device: string
  readonly vip: string
  readonly servers: readonly string[]
  readonly port: number
  readonly forward: IpvsForward
}

class UsageError extends Error {}

const isForward = (word: string): word is IpvsForward => ['dr', 'nat', 'tun'].includes(word)

/** Undefined: help was asked for. */
function parse(args: string[]): Settings | undefined {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args,
    options: {
      'router-id': text,
      interface: text,
      vip: text,
      server: { type: 'string', multiple: true, default: [] },
      port: { type: 'string', default: '80' },
      forward: { type: 'string', default: 'dr' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return undefined
  const { 'router-id': routerId, interface: device, vip, server: servers, forward } = values
  if (routerId === undefined) throw new UsageError('--router-id is missing')
  if (device === undefined) throw new UsageError('--interface is missing')
  if (vip === undefined) throw new UsageError('--vip is missing')
  if (servers.length === 0) throw new UsageError('--server is missing')
  if (!isForward(forward)) throw new UsageError(`--forward: expected dr, nat or tun`)
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new UsageError(`--port: expected a number from 1 to 65535, got '${values.port}'`)
  }
  return { routerId, device, vip, servers, port, forward }
}

async function run({ routerId, device, vip, servers, port, forward }: Settings): Promise<void> {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stop.abort())
  // What is opened first is closed last: the services are there until the routers have left.
  await using ipvs = await Ipvs.open()
  await using director = await Director.start({
    ipvs,
    services: [
      {
        address: vip,
        port,
        // Each client keeps its server whichever director it comes to: all have the same table.
        scheduler: 'mh',
        flags: ['mh-fallback', 'mh-port'],
        forward,
        delayLoop: 2,
        connectTimeout: 1,
        checks: [{ type: 'http', path: '/', status: '200-399' }],
        servers: servers.map((address) => ({ address })),
        quorum: 1,
      },
    ],
  })
  void (async () => {
    for await (const event of director) console.log(formatDirectorEvent(event))
  })()
  await using speaker = await OspfSpeaker.start({
    routerId,
    areas: {
      '0.0.0.0': {
        interfaces: { [device]: { helloInterval: 1, deadInterval: 4, priority: 0, cost: 1 } },
      },
    },
    signal: stop.signal,
  })
  speaker.announce(vip, { ...director.vip(vip), device: 'lo' })
  console.log('started')
  // Ends when the speaker has stopped: VIP withdrawn, the routers' acknowledgement there, lo as it was.
  for await (const event of speaker) console.log(formatEvent(event))
}

try {
  const settings = parse(process.argv.slice(2))
  if (settings === undefined) console.log(usage)
  else await run(settings)
} catch (error) {
  const { message, code } = error as Error & { readonly code?: string }
  const misused = error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS')
  console.error(`director: ${message}${misused ? '\n(--help shows how)' : ''}`)
  process.exitCode = misused || code === 'ERR_OSPF_CONFIG' ? 2 : 1
}
