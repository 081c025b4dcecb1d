/** `show lvs` and the actions on real servers, in ipvsadm's layout and words. */
import type { DirectorStatus, ServerDrainResult, ServerStatus, ServiceStatus } from '../index.ts'
import { type Command, countOf } from './command.ts'
import type { Match } from './grammar.ts'
import { RefusedError } from './refused.ts'
import type { Operated } from './speaker-like.ts'
import { block, duration } from './text.ts'

/** The status as JSON has it: counters as numbers. */
export interface LvsDocument extends DirectorStatus {
  readonly version?: string
  /** Of the connection table. */
  readonly size?: number
}

export type Directing = NonNullable<Operated['director']>

export function directorOf({ director }: Operated): Directing {
  if (director === undefined) throw new RefusedError('there are no virtual services (lvs)')
  return director
}

export async function lvsDocument(operated: Operated): Promise<LvsDocument> {
  const director = directorOf(operated)
  // the kernel is looked at now, not when it was last
  const [info] = await Promise.all([
    // what is in its way is in the status
    director.info().catch(() => undefined),
    director.reconcile(),
  ])
  const { version, connectionTableSize: size } = info ?? {}
  return {
    ...(version === undefined ? {} : { version }),
    ...(size === undefined ? {} : { size }),
    ...(plain(director.status()) as DirectorStatus),
  }
}

/** JSON has no big integers, and no errors. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Error) return value.message
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}

type Counters = NonNullable<ServiceStatus['statistics']>
const counters = {
  stats: ['connections', 'inPackets', 'outPackets', 'inBytes', 'outBytes'],
  rate: ['connectionRate', 'inPacketRate', 'outPacketRate', 'inByteRate', 'outByteRate'],
} as const satisfies Readonly<Record<string, readonly (keyof Counters)[]>>
const titles = {
  stats: ['Conns', 'InPkts', 'OutPkts', 'InBytes', 'OutBytes'],
  rate: ['CPS', 'InPPS', 'OutPPS', 'InBPS', 'OutBPS'],
} as const

const units = [
  [1e6, 'M'],
  [1e9, 'G'],
] as const

/** ipvsadm's print_largenum: what has no room is cut. */
function large(value: unknown): string {
  const count = Number(value ?? 0)
  if (count < 1e8) return String(count).padStart(9)
  if (count < 1e9) return `${String(Math.floor(count / 1e3)).padStart(8)}K`
  const [unit, letter] = units.find(([unit]) => count < unit * 1e5) ?? [1e12, 'T']
  return `${String(Math.floor(count / unit)).padStart(8)}${letter}`
}

const ways = { dr: 'Route', tun: 'Tunnel', nat: 'Masq', local: 'Local', bypass: 'Bypass' } as const
const WIDTH = 33

/** 'tcp 10.0.1.100:80' as ipvsadm has it. */
function headOf({ key }: ServiceStatus): string {
  const [kind = '', ...rest] = key.split(' ')
  return `${kind === 'fwmark' ? 'FWM' : kind.toUpperCase()}  ${rest.join(' ')}`
}

/** What ipvsadm calls a flag depends on the scheduler. */
function flagName(scheduler: string, flag: string): string {
  const name = { 'flag-1': 'fallback', 'flag-2': 'port' }[flag]
  const isNamed = (scheduler === 'sh' || scheduler === 'mh') && name !== undefined
  return isNamed ? `${scheduler}-${name}` : flag
}

/** Those in the kernel; where there is no kernel, those that would be. */
function rowsOf(
  service: ServiceStatus,
): Pick<
  ServerStatus,
  'server' | 'forward' | 'weight' | 'activeConnections' | 'inactiveConnections' | 'statistics'
>[] {
  const { servers, sorryServer } = service
  const rows = servers.flatMap((one) => {
    const weight = one.weight ?? (service.problem === undefined ? one.wantedWeight : undefined)
    return weight === undefined ? [] : [{ ...one, weight }]
  })
  const isSorry =
    sorryServer !== undefined && (sorryServer.weight !== undefined || sorryServer.active)
  return isSorry && !rows.some(({ server }) => server === sorryServer.server)
    ? [...rows, { ...sorryServer, weight: sorryServer.weight ?? 1 }]
    : rows
}

export function lvsText(document: LvsDocument, match: Match<Command>): string {
  const kind = match.has('stats') ? 'stats' : match.has('rate') ? 'rate' : undefined
  const { version, size, services, plane } = document
  const first =
    plane.state === 'unready'
      ? `IP Virtual Server is not ready: ${plane.reason}: what was there when it was last seen`
      : version === undefined
        ? 'No data plane: what would be there'
        : `IP Virtual Server version ${version} (size=${size})`
  const head =
    kind === undefined
      ? [
          'Prot LocalAddress:Port Scheduler Flags',
          '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn',
        ]
      : [
          `${'Prot LocalAddress:Port'.padEnd(WIDTH)}${titles[kind].map((title) => title.padStart(9)).join('')}`,
          '  -> RemoteAddress:Port',
        ]
  const numbers = (statistics: ServiceStatus['statistics']): string =>
    kind === undefined ? '' : counters[kind].map((name) => large(statistics?.[name])).join('')
  const lines = services.flatMap((service) => {
    const { scheduler, flags, persistence, onePacket, statistics } = service
    const words = [
      headOf(service),
      scheduler,
      ...(persistence === undefined ? [] : [`persistent ${persistence.timeout}`]),
      ...(onePacket ? ['ops'] : []),
      ...(flags.length === 0
        ? []
        : [`(${flags.map((flag) => flagName(scheduler, flag)).join(',')})`]),
    ]
    return [
      kind === undefined
        ? words.join(' ')
        : `${headOf(service).padEnd(WIDTH)}${numbers(statistics)}`,
      ...rowsOf(service).map(
        ({ server, forward, weight, activeConnections, inactiveConnections, ...one }) => {
          const row = `  -> ${server.padEnd(28)}`
          if (kind !== undefined) return `${row}${numbers(one.statistics)}`
          const last = [String(weight).padEnd(6), String(activeConnections).padEnd(10)]
          return `${row} ${ways[forward].padEnd(7)} ${last.join(' ')} ${String(inactiveConnections).padEnd(10)}`
        },
      ),
    ]
  })
  return block(first, ...head, ...lines)
}

/** What stands behind a service, for `show health`. */
export interface ServiceHealth {
  readonly standing: string
  readonly reason: string
  readonly weight: number
  readonly quorum: number
  readonly servers: Readonly<Record<string, { readonly state: string; readonly reason: string }>>
}

export function servicesHealth({ director }: Operated): Readonly<Record<string, ServiceHealth>> {
  const services = director?.status().services ?? []
  return Object.fromEntries(
    services.map(({ service, standing, reason, weight, quorum, servers, problem }) => [
      service,
      {
        standing,
        reason: problem ?? reason,
        weight,
        quorum,
        servers: Object.fromEntries(
          servers.map(({ server, state, reason: why, draining }) => [
            server,
            { state: draining ? `${state}, draining` : state, reason: why },
          ]),
        ),
      },
    ]),
  )
}

export const healthLines = (services: Readonly<Record<string, ServiceHealth>>): string[] =>
  Object.entries(services).flatMap(([name, { standing, reason, weight, quorum, servers }]) => [
    `Service ${name}: ${standing}, weight ${weight} of ${quorum} needed (${reason})`,
    ...Object.entries(servers).map(
      ([server, { state, reason: why }]) => `  server ${server}: ${state} (${why})`,
    ),
  ])

// Real servers

/** Services that have the server, or the one of that name that has. */
function servicesWith(operated: Operated, match: Match<Command>): readonly string[] {
  const server = match.after('server')!
  const wanted = match.after('service')
  const found = directorOf(operated)
    .status()
    .services.filter(
      ({ service, key, servers }) =>
        servers.some((one) => one.server === server) &&
        (wanted === undefined || service === wanted || key.split(' ').at(-1) === wanted),
    )
  if (found.length > 0) return found.map(({ key }) => key)
  throw new RefusedError(
    `no service${wanted === undefined ? '' : ` ${wanted}`} has a server ${server}`,
  )
}

export interface ServerDrainDocument {
  /** By service. */
  readonly services: Readonly<Record<string, ServerDrainResult>>
}

/** Seconds that connections have to end, unless said otherwise. */
const PATIENCE = 60

export async function drainServer(
  operated: Operated,
  match: Match<Command>,
): Promise<ServerDrainDocument> {
  const director = directorOf(operated)
  const timeout = countOf(match, 'timeout') ?? PATIENCE
  const server = match.after('server')!
  const results = servicesWith(operated, match).map(
    async (key): Promise<[string, ServerDrainResult]> => [
      key,
      await director.drain(key, server, { timeout }),
    ],
  )
  return { services: Object.fromEntries(await Promise.all(results)) }
}

function drainWords({ what, connections, seconds }: ServerDrainResult): string {
  const took = duration(seconds * 1000)
  if (what === 'done') return `drained after ${took}: no connection is left`
  if (what === 'undone') return `taken back after ${took}`
  return `out after ${took}, with ${connections} connections left`
}

export const serverDrainText = ({ services }: ServerDrainDocument): string =>
  block(...Object.entries(services).map(([key, result]) => `${key}: ${drainWords(result)}`))

export function undrainServer(operated: Operated, match: Match<Command>): { done: string } {
  const director = directorOf(operated)
  const server = match.after('server')!
  for (const key of servicesWith(operated, match)) director.undrain(key, server)
  return { done: `server ${server} takes connections again` }
}
