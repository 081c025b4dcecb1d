/**
 * A router: learns the network and keeps the kernel's routes to it, several equal next hops and all. Start it with
 * `--interface` for every device where other routers are, `--passive` for networks with hosts alone. It wants
 * CAP_NET_RAW and CAP_NET_ADMIN, and a kernel that forwards and hashes ports as well as addresses:
 *
 *     sysctl -w net.ipv4.ip_forward=1 net.ipv4.fib_multipath_hash_policy=1
 */
import { parseArgs } from 'node:util'
import { formatEvent, type InterfaceOptions, OspfSpeaker, type SpeakerEvent } from 'ospf-speaker'

const usage = `usage: router --router-id <A.B.C.D> --interface <device>... [--passive <device>...]

  --router-id   OSPF Router ID, unique in the network
  --interface   device to speak OSPF on; repeatable
  --passive     device whose network is advertised and where nothing is said; repeatable
  --help        this text

SIGTERM stops in order and removes the routes.`

interface Settings {
  readonly routerId: string
  readonly interfaces: Readonly<Record<string, InterfaceOptions>>
}

class UsageError extends Error {}

/** Undefined: help was asked for. */
function parse(args: string[]): Settings | undefined {
  const { values } = parseArgs({
    args,
    options: {
      'router-id': { type: 'string' },
      interface: { type: 'string', multiple: true, default: [] },
      passive: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return undefined
  if (values['router-id'] === undefined) throw new UsageError('--router-id is missing')
  if (values.interface.length === 0) throw new UsageError('--interface is missing')
  const timing = { helloInterval: 1, deadInterval: 4, cost: 1 }
  const active = values.interface.map((name) => [name, timing] as const)
  const passive = values.passive.map((name) => [name, { ...timing, passive: true }] as const)
  return {
    routerId: values['router-id'],
    interfaces: Object.fromEntries([...active, ...passive]),
  }
}

const shown: ReadonlySet<SpeakerEvent['type']> = new Set(['neighbor', 'routes', 'error'])

async function run({ routerId, interfaces }: Settings): Promise<void> {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stop.abort())
  await using speaker = await OspfSpeaker.start({
    routerId,
    areas: { '0.0.0.0': { interfaces } },
    installRoutes: true,
    signal: stop.signal,
  })
  console.log(`router ${speaker.routerId}: started`)
  for await (const event of speaker) if (shown.has(event.type)) console.log(formatEvent(event))
}

try {
  const settings = parse(process.argv.slice(2))
  if (settings === undefined) console.log(usage)
  else await run(settings)
} catch (error) {
  const { message, code } = error as Error & { readonly code?: string }
  const misused = error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS')
  console.error(`router: ${message}${misused ? '\n(--help shows how)' : ''}`)
  process.exitCode = misused || code === 'ERR_OSPF_CONFIG' ? 2 : 1
}
