/** What a director shows of itself: plain data. */
import type { OspfErrorCode } from '../errors.ts'
import type { DirectorEvent, ServerState } from './director-events.ts'
import type { Pool, PoolStanding } from './pool.ts'
import type { PoolServer } from './pool-server.ts'
import type { KnownService } from './table.ts'
import type { IpvsForward, IpvsPersistence, IpvsStatistics } from './types.ts'

export interface CheckStatus {
  readonly name: string
  readonly state: ServerState
  readonly reason: string
  /** When it last ran, in milliseconds on the clock handed in; undefined: not yet. */
  readonly at: number | undefined
  readonly runs: number
}

/** What was last read from the kernel. */
export interface TrafficStatus {
  readonly activeConnections: number
  readonly inactiveConnections: number
  readonly persistentConnections: number
  readonly statistics: IpvsStatistics | undefined
}

export interface ServerStatus extends TrafficStatus {
  /** '10.0.2.1:80'. */
  readonly server: string
  readonly forward: IpvsForward
  readonly state: ServerState
  readonly reason: string
  /** Milliseconds on the clock handed in. */
  readonly since: number
  /** In the kernel now; undefined: it is not there. */
  readonly weight: number | undefined
  /** As wanted; undefined: it is not to be there. */
  readonly wantedWeight: number | undefined
  readonly draining: boolean
  readonly checks: readonly CheckStatus[]
}

export interface SorryStatus extends TrafficStatus {
  /** '10.0.2.9:80'. */
  readonly server: string
  readonly forward: IpvsForward
  /** It stands in for the others. */
  readonly active: boolean
  /** In the kernel now; undefined: it is not there. */
  readonly weight: number | undefined
}

export interface ServiceStatus extends TrafficStatus {
  readonly service: string
  /** 'tcp 10.0.1.100:80', 'fwmark 7'. */
  readonly key: string
  readonly scheduler: string
  readonly flags: readonly string[]
  readonly persistence: IpvsPersistence | undefined
  readonly onePacket: boolean
  readonly standing: PoolStanding
  /** Of the standing. */
  readonly since: number
  readonly reason: string
  /** Of the servers that are up. */
  readonly weight: number
  readonly quorum: number
  readonly hysteresis: number
  /** Undefined: the kernel has it as it is wanted. Else its words, or that it has not been applied yet. */
  readonly problem: string | undefined
  readonly servers: readonly ServerStatus[]
  readonly sorryServer: SorryStatus | undefined
  /** The last thing that happened to it. */
  readonly lastEvent: DirectorEvent | undefined
}

/** Whether the kernel's table can be read and written. */
export interface PlaneStatus {
  /**
   * 'unready': it cannot. It is tried again and again (`retryInterval`), servers go on being checked, and a VIP is
   * announced only as far as the kernel is known to send its clients to servers that are up. 'none': `checksOnly`.
   */
  readonly state: 'ready' | 'unready' | 'none'
  /** ERR_OSPF_PERMISSION: CAP_NET_ADMIN is missing; ERR_OSPF_IPVS_ABSENT: there is no IPVS. */
  readonly code: OspfErrorCode | undefined
  /** In the kernel's words. */
  readonly reason: string | undefined
  /** Milliseconds on the clock handed in. */
  readonly since: number
}

export interface DirectorStatus {
  readonly plane: PlaneStatus
  readonly services: readonly ServiceStatus[]
  /** Of the kernel's table as it was last seen: equal on directors that send clients to the same servers. */
  readonly checksum: string
  /** How many checks run; servers share those that are alike. */
  readonly checks: number
  readonly warnings: readonly { readonly service: string; readonly text: string }[]
}

export function serviceStatus(
  pool: Pool,
  known: KnownService | undefined,
  problem: string | undefined,
  lastEvent: DirectorEvent | undefined,
): ServiceStatus {
  const { config } = pool
  const wanted = new Map(pool.wanted().map((one) => [`${one.address} ${one.port}`, one.weight]))
  const servers = [...pool.servers.values()].map((server) =>
    serverStatus(
      server,
      known,
      wanted.get(`${server.config.destination.address} ${server.config.destination.port}`),
    ),
  )
  const all = [...(known?.destinations.values() ?? [])]
  const sum = (pick: (one: (typeof all)[number]) => number | undefined): number =>
    all.reduce((total, one) => total + (pick(one) ?? 0), 0)
  return {
    service: config.name,
    key: config.id,
    scheduler: config.service.scheduler,
    flags: config.service.flags ?? [],
    persistence: config.service.persistence,
    onePacket: config.service.onePacket ?? false,
    standing: pool.standing,
    since: pool.since,
    reason: pool.reason,
    weight: pool.weight,
    quorum: config.quorum,
    hysteresis: config.hysteresis,
    problem,
    activeConnections: sum((one) => one.activeConnections),
    inactiveConnections: sum((one) => one.inactiveConnections),
    persistentConnections: sum((one) => one.persistentConnections),
    statistics: known?.service.statistics,
    servers,
    sorryServer: config.sorry && {
      server: config.sorry.id,
      forward: config.sorry.destination.forward,
      active: pool.standing === 'sorry',
      weight: known?.destinations.get(config.sorry.id)?.weight,
      ...trafficOf(known?.destinations.get(config.sorry.id)),
    },
    lastEvent,
  }
}

type Known = ReturnType<KnownService['destinations']['get']>

const trafficOf = (actual: Known): TrafficStatus => ({
  activeConnections: actual?.activeConnections ?? 0,
  inactiveConnections: actual?.inactiveConnections ?? 0,
  persistentConnections: actual?.persistentConnections ?? 0,
  statistics: actual?.statistics,
})

function serverStatus(
  server: PoolServer,
  known: KnownService | undefined,
  wantedWeight: number | undefined,
): ServerStatus {
  const { config, state, since } = server
  const judged = server.judge()
  const reason = judged.state === state ? judged.reason : server.reason
  const actual = known?.destinations.get(config.id)
  return {
    server: config.id,
    forward: config.destination.forward,
    state,
    reason,
    since,
    weight: actual?.weight,
    wantedWeight,
    draining: server.draining !== undefined,
    ...trafficOf(actual),
    checks: server.checks.map((run) => ({
      name: run.config.run.name,
      state: run.state,
      reason: run.reason,
      at: run.at,
      runs: run.runs,
    })),
  }
}
