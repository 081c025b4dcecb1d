/** Metrics of VIPs, of the checks behind them, and of IPVS. */
import type { AnnouncementState } from '../announcement.ts'
import type { Gate } from '../health/gate.ts'
import type { Clock } from '../ports.ts'
import type { Bounds, Families, Sample } from './families.ts'
import type { Hooks } from './hooks.ts'
import type { MetricsSpeaker } from './protocol-metrics.ts'

/** What is looked at of a gate. */
export type MetricsGate = Pick<Gate, 'name' | 'verdict' | 'probes'>

interface Traffic {
  readonly activeConnections: number
  readonly inactiveConnections: number
  readonly statistics:
    | { readonly connections: bigint; readonly inBytes: bigint; readonly outBytes: bigint }
    | undefined
}

/** What is looked at of a director's services; a `Director` has it all. */
export interface MetricsDirector {
  status(): {
    readonly services: readonly (Traffic & {
      /** 'tcp 10.0.1.100:80'. */
      readonly key: string
      readonly standing: string
      readonly weight: number
      readonly quorum: number
      readonly problem: string | undefined
      readonly servers: readonly (Traffic & {
        readonly server: string
        readonly state: string
        readonly weight: number | undefined
        readonly draining: boolean
      })[]
    })[]
  }
}

/** More than these have no metrics of their own. */
const VIPS = 1000
const CHECKS = 2000
const SERVICES = 500
const SERVERS = 5000

const states = [
  'down',
  'up',
  'degraded',
  'draining',
  'drained',
  'withdrawn',
] as const satisfies readonly AnnouncementState[]

export function vipMetrics(
  families: Families,
  bounds: Bounds,
  clock: Clock,
): (speaker: MetricsSpeaker) => void {
  const state = families.gauge('ospf_vip_state', 'State of a VIP: 1 for the one that it is in', [
    'vip',
    'state',
  ])
  const announced = families.gauge('ospf_vip_announced', 'Whether a VIP is in our LSAs', ['vip'])
  const gate = families.gauge('ospf_vip_gate_open', 'Whether the gate of a VIP is open', ['vip'])
  const since = families.gauge(
    'ospf_vip_state_timestamp_seconds',
    'When a VIP came to its state, in seconds since 1970',
    ['vip'],
  )
  const cost = families.gauge('ospf_vip_cost', 'Cost at which a VIP is announced', ['vip'])
  const weight = families.gauge('ospf_vip_weight', 'Share of the traffic that is asked for', [
    'vip',
  ])
  return (speaker) => {
    const vips = bounds.first('vips', speaker.announcements(), VIPS)
    const { advertised, weights } = speaker.vitals()
    const now = clock.now()
    const wall = clock.wall()
    const known = (values: Readonly<Record<string, number>>): Sample[] =>
      vips.flatMap(({ prefix }) => {
        const value = values[prefix]
        return value === undefined ? [] : [[{ vip: prefix }, value] satisfies Sample]
      })
    state(
      vips.flatMap((vip) =>
        states.map(
          (each): Sample => [{ vip: vip.prefix, state: each }, Number(each === vip.state)],
        ),
      ),
    )
    announced(vips.map(({ prefix }) => [{ vip: prefix }, Number(advertised[prefix] !== undefined)]))
    gate(
      vips.flatMap(({ prefix, gateOpen }) =>
        gateOpen === undefined ? [] : [[{ vip: prefix }, Number(gateOpen)] satisfies Sample],
      ),
    )
    since(vips.map((vip) => [{ vip: vip.prefix }, (wall - (now - vip.since)) / 1000]))
    cost(known(advertised))
    weight(known(weights))
  }
}

export function checkMetrics(
  families: Families,
  bounds: Bounds,
  clock: Clock,
): (gates: Iterable<MetricsGate>) => void {
  const healthy = families.gauge('ospf_check_healthy', 'Verdict of a check; none yet: no sample', [
    'check',
  ])
  const since = families.gauge(
    'ospf_check_verdict_timestamp_seconds',
    'When the verdict of a check became what it is, in seconds since 1970',
    ['check'],
  )
  const held = families.gauge(
    'ospf_check_held',
    'Whether what the probes say is not believed (panic, damping)',
    ['check'],
  )
  const duration = families.gauge('ospf_probe_duration_seconds', 'Of the latest run of a probe', [
    'check',
    'probe',
  ])
  const runs = families.total('ospf_probe_runs_total', 'Runs of a probe since it is watched', [
    'check',
    'probe',
    'result',
  ])
  return (gates) => {
    const checks: (readonly [name: string, gate: MetricsGate])[] = []
    const names = new Map<string, number>()
    for (const each of bounds.first('checks', gates, CHECKS)) {
      const name = each.name ?? 'check'
      const count = (names.get(name) ?? 0) + 1
      names.set(name, count)
      checks.push([count === 1 ? name : `${name} #${count}`, each])
    }
    const now = clock.now()
    const wall = clock.wall()
    const judged = checks.flatMap(([check, { verdict }]) =>
      verdict === undefined ? [] : [[check, verdict] as const],
    )
    healthy(judged.map(([check, verdict]) => [{ check }, Number(verdict.healthy)]))
    since(judged.map(([check, { at }]) => [{ check }, (wall - (now - at)) / 1000]))
    held(judged.map(([check, verdict]) => [{ check }, Number(verdict.held !== undefined)]))
    const probes = checks.flatMap(([check, { probes: of = [] }]) =>
      of.map((probe, i) => {
        const isSole = of.findIndex(({ name }) => name === probe.name) === i
        const name = isSole ? probe.name : `${probe.name} #${i + 1}`
        return { labels: { check, probe: name }, probe }
      }),
    )
    duration(
      probes.flatMap(({ labels, probe: { took } }) =>
        took === undefined ? [] : [[labels, took / 1000] satisfies Sample],
      ),
    )
    runs(
      probes.flatMap(({ labels, probe: { passed, failed } }): Sample[] => [
        [{ ...labels, result: 'passed' }, passed],
        [{ ...labels, result: 'failed' }, failed],
      ]),
    )
  }
}

export function ipvsMetrics(
  families: Families,
  bounds: Bounds,
): (director: MetricsDirector) => void {
  const ofService = ['service']
  const ofServer = ['service', 'server']
  const standing = families.gauge(
    'ipvs_service_standing',
    "What a service can do for its clients: 1 for 'quorum', 'sorry', 'none' or 'undecided'",
    ['service', 'standing'],
  )
  const weight = families.gauge(
    'ipvs_service_weight',
    'Weight of the servers of a service that are up',
    ofService,
  )
  const quorum = families.gauge('ipvs_service_quorum', 'Weight that a service needs', ofService)
  const problem = families.gauge(
    'ipvs_service_problem',
    'Whether the kernel does not have a service as it is wanted',
    ofService,
  )
  const up = families.gauge('ipvs_destination_up', 'Verdict of the checks of a server', ofServer)
  const weights = families.gauge('ipvs_destination_weight', 'Weight in the kernel', ofServer)
  const draining = families.gauge('ipvs_destination_draining', 'Whether it drains', ofServer)
  const active = families.gauge('ipvs_destination_active_connections', 'Open now', ofServer)
  const inactive = families.gauge(
    'ipvs_destination_inactive_connections',
    'Closed, and not forgotten yet',
    ofServer,
  )
  const total = families.total('ipvs_destination_connections_total', 'Connections so far', ofServer)
  const bytes = families.total('ipvs_destination_bytes_total', 'Octets so far, by direction', [
    ...ofServer,
    'direction',
  ])
  return (director) => {
    const services = bounds.first('services', director.status().services, SERVICES)
    standing(
      services.flatMap(({ key, standing: stands }) =>
        ['quorum', 'sorry', 'none', 'undecided'].map(
          (each): Sample => [{ service: key, standing: each }, Number(each === stands)],
        ),
      ),
    )
    weight(services.map(({ key, weight: of }) => [{ service: key }, of]))
    quorum(services.map(({ key, quorum: of }) => [{ service: key }, of]))
    problem(services.map(({ key, problem: of }) => [{ service: key }, Number(of !== undefined)]))
    const all = services.flatMap(({ key, servers }) =>
      servers.map((server) => ({ labels: { service: key, server: server.server }, server })),
    )
    const servers = bounds.first('servers', all, SERVERS)
    up(
      servers.flatMap(({ labels, server: { state } }) =>
        state === 'unknown' ? [] : [[labels, Number(state === 'up')] satisfies Sample],
      ),
    )
    weights(servers.map(({ labels, server }) => [labels, server.weight ?? 0]))
    draining(servers.map(({ labels, server }) => [labels, Number(server.draining)]))
    active(servers.map(({ labels, server }) => [labels, server.activeConnections]))
    inactive(servers.map(({ labels, server }) => [labels, server.inactiveConnections]))
    const counted = servers.flatMap(({ labels, server: { statistics } }) =>
      statistics === undefined ? [] : [{ labels, statistics }],
    )
    total(counted.map(({ labels, statistics }) => [labels, Number(statistics.connections)]))
    bytes(
      counted.flatMap(({ labels, statistics }): Sample[] => [
        [{ ...labels, direction: 'in' }, Number(statistics.inBytes)],
        [{ ...labels, direction: 'out' }, Number(statistics.outBytes)],
      ]),
    )
  }
}

/** What became of what hooks were to be told. */
export function hookMetrics(families: Families): (hooks: Pick<Hooks, 'counts'>) => void {
  const runs = families.total(
    'ospf_hook_notices_total',
    'Notices for a hook, by what became of them; retried are runs that failed and were tried again',
    ['hook', 'result'],
  )
  return (hooks) =>
    runs(
      hooks
        .counts()
        .flatMap(({ hook, ...counts }) =>
          Object.entries(counts).map(([result, count]): Sample => [{ hook, result }, count]),
        ),
    )
}
