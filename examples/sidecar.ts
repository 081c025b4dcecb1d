/**
 * A sidecar in the manner of Kubernetes: announces a VIP for as long as the application beside it says that it is ready.
 * All that it must know comes from its environment:
 *
 *     ROUTER_ID=10.0.1.133        Router ID; the node's address, by the downward API (status.hostIP)
 *     INTERFACE=eth0              device towards the routers
 *     VIP=10.0.1.100              address to announce; several with commas between them
 *     READY_URL=http://127.0.0.1:8080/ready
 *     AREA=0.0.0.0  DEVICE=lo  METRICS=127.0.0.1:9099  LIVE=127.0.0.1:9100     if wanted
 *
 * SIGTERM withdraws, and ends when the routers have had time to act on it: terminationGracePeriodSeconds should be 90.
 * GET /live on LIVE answers 200 as long as the protocol keeps its time.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import {
  eventRecord,
  formatEvent,
  healthy,
  http,
  metricsServer,
  OspfError,
  OspfSpeaker,
  serviceNotifier,
} from 'ospf-speaker'

/** @throws OspfError ERR_OSPF_CONFIG when it is missing */
function wanted(name: string): string {
  const value = process.env[name]
  if (value) return value
  throw new OspfError('ERR_OSPF_CONFIG', `${name} is not set`)
}

const log = (level: string, message: string, record: object = { event: 'log' }): void =>
  console.log(JSON.stringify({ time: new Date().toISOString(), level, message, ...record }))

/** Seconds that the protocol may be behind. */
const PATIENCE = 2

async function liveness(listen: string, isAlive: () => boolean): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    if (request.url !== '/live') return response.writeHead(404).end()
    return response.writeHead(isAlive() ? 200 : 503).end()
  })
  const [host, port] = listen.split(':')
  server.listen(Number(port), host)
  await once(server, 'listening')
  return { [Symbol.asyncDispose]: async () => void server.close() }
}

async function run(): Promise<void> {
  const [routerId, device] = [wanted('ROUTER_ID'), wanted('INTERFACE')]
  const vips = wanted('VIP').split(',')
  const ready = wanted('READY_URL')
  const { AREA = '0.0.0.0', DEVICE = 'lo', METRICS, LIVE } = process.env
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stop.abort())

  await using speaker = await OspfSpeaker.start({
    routerId,
    areas: {
      [AREA]: { interfaces: { [device]: { helloInterval: 1, deadInterval: 4, priority: 0 } } },
    },
    signal: stop.signal,
  })
  // one check, however many VIPs
  const gate = healthy(http(ready), { interval: 1, rise: 2, fall: 3, name: 'ready' })
  for (const vip of vips) speaker.announce(vip, { when: gate, device: DEVICE })

  const open: AsyncDisposable[] = []
  try {
    if (METRICS) open.push(await metricsServer({ speaker, gates: () => [gate], listen: METRICS }))
    if (LIVE) open.push(await liveness(LIVE, () => speaker.vitals().late < PATIENCE))
    using notifier = await serviceNotifier({ lateness: () => speaker.vitals().late })
    notifier.ready(`announcing ${vips.join(', ')} while ${ready} agrees`)
    log('info', `started, router id ${routerId}`)
    for await (const event of speaker) log('info', formatEvent(event), eventRecord(event))
  } finally {
    for (const each of open) await each[Symbol.asyncDispose]()
  }
}

try {
  await run()
} catch (error) {
  const { message, code } = error as Error & { readonly code?: string }
  log('error', message, { event: 'error', code })
  process.exitCode = code === 'ERR_OSPF_CONFIG' ? 2 : 1
}
