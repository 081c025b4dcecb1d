/** Metrics of the protocol and of the kernel's routes. */
import type { SpeakerEvent } from '../events.ts'
import type { Speaker } from '../isolate/isolated.ts'
import type { KernelStatus } from '../ports.ts'
import type { PacketCounts } from '../views.ts'
import { type Bounds, type Families, only, type Sample } from './families.ts'

/** What is looked at of a speaker. */
export type MetricsSpeaker = Pick<
  Speaker,
  | 'routerId'
  | 'neighbors'
  | 'interfaces'
  | 'announcements'
  | 'status'
  | 'kernel'
  | 'vitals'
  | 'subscribe'
>

/** Interfaces beyond these have no metrics of their own. */
const INTERFACES = 256

const types: readonly (readonly [keyof PacketCounts, string])[] = [
  ['hello', 'hello'],
  ['databaseDescription', 'database_description'],
  ['linkStateRequest', 'ls_request'],
  ['linkStateUpdate', 'ls_update'],
  ['linkStateAcknowledgment', 'ls_ack'],
]

/** Counts events as they come. @returns what is to be done with each */
export function eventMetrics(families: Families): (event: SpeakerEvent) => void {
  const events = families.counter('ospf_events_total', 'Events, by type', ['event'])
  const transitions = families.counter(
    'ospf_neighbor_transitions_total',
    'Changes of state of neighbors, by the new state',
    ['state'],
  )
  const runs = families.counter('ospf_spf_runs_total', 'Calculations of routes', ['what'])
  const duration = families.histogram(
    'ospf_spf_duration_seconds',
    'How long calculations of routes took',
    ['what'],
  )
  const changes = families.counter('ospf_route_changes_total', 'Routes set and removed', ['change'])
  const attacks = families.counter('ospf_attacks_total', 'What looked like an attack', ['attack'])
  const mismatches = families.counter(
    'ospf_mismatches_total',
    'Fields of received packets that keep adjacencies from forming',
    ['field'],
  )
  const kernel = families.counter(
    'ospf_kernel_events_total',
    'What became of routes in the kernel, other than what was asked for',
    ['what'],
  )
  const errors = families.counter('ospf_errors_total', 'Failures outside the protocol')
  return (event) => {
    events.inc({ event: event.type })
    switch (event.type) {
      case 'neighbor':
        return transitions.inc({ state: event.state })
      case 'spf':
        runs.inc({ what: event.what })
        if (event.durationMs === undefined) return
        return duration.observe({ what: event.what }, event.durationMs / 1000)
      case 'routes':
        changes.inc({ change: 'set' }, event.set.length)
        return changes.inc({ change: 'removed' }, event.removed.length)
      case 'attack':
        return attacks.inc({ attack: event.attack })
      case 'mismatch':
        return mismatches.inc({ field: event.field })
      case 'kernel':
        return kernel.inc({ what: event.what })
      case 'error':
        return errors.inc()
      default:
    }
  }
}

/** @returns what looks at a speaker, and sets the metrics */
export function protocolMetrics(
  families: Families,
  bounds: Bounds,
): (speaker: MetricsSpeaker) => void {
  const info = families.gauge('ospf_speaker_info', 'This speaker; always 1', ['router_id'])
  const neighbors = families.gauge('ospf_neighbors', 'Neighbors by state', ['interface', 'state'])
  const pending = families.gauge(
    'ospf_retransmission_list_lsas',
    'LSAs that neighbors have not acknowledged yet',
    ['interface'],
  )
  const up = families.gauge('ospf_interface_up', 'Whether OSPF runs on an interface', [
    'interface',
    'area',
  ])
  const cost = families.gauge('ospf_interface_cost', 'Cost of an interface', ['interface', 'area'])
  const received = families.total('ospf_packets_received_total', 'Packets received, by type', [
    'interface',
    'type',
  ])
  const sent = families.total('ospf_packets_sent_total', 'Packets sent, by type', [
    'interface',
    'type',
  ])
  const drops = families.total(
    'ospf_drops_total',
    'Packets and LSAs received and not processed, by reason',
    ['interface', 'reason'],
  )
  const lsas = families.gauge('ospf_lsas', 'LSAs in the database; those of the AS have no area', [
    'area',
    'type',
  ])
  const routes = families.gauge('ospf_routes', 'Routes in the table, by path type', ['path_type'])
  const reachable = families.gauge('ospf_routers', 'Routers that can be reached', ['area'])
  const retransmissions = families.total(
    'ospf_lsa_retransmissions_total',
    'LSAs sent again for want of an acknowledgement',
  )
  const late = families.gauge(
    'ospf_protocol_late_seconds',
    'How far the protocol is behind its own timers',
  )
  return (speaker) => {
    const interfaces = bounds.first('interfaces', speaker.interfaces(), INTERFACES)
    const known = new Set(interfaces.map(({ name }) => name))
    const states = new Map<string, [{ interface: string; state: string }, number]>()
    const lists = new Map<string, number>(interfaces.map(({ name }) => [name, 0]))
    for (const { interface: on, state, retransmissions: list } of speaker.neighbors()) {
      if (!known.has(on)) continue
      const key = `${on} ${state}`
      const [, count] = states.get(key) ?? [undefined, 0]
      states.set(key, [{ interface: on, state }, count + 1])
      lists.set(on, lists.get(on)! + list)
    }
    // so that there is something to compare with when there is none
    for (const on of known) {
      const key = `${on} Full`
      if (!states.has(key)) states.set(key, [{ interface: on, state: 'Full' }, 0])
    }
    const packets = (which: 'received' | 'sent'): Sample[] =>
      interfaces.flatMap((on) =>
        types.map(([field, type]): Sample => [{ interface: on.name, type }, on[which][field]]),
      )
    const vitals = speaker.vitals()
    info([[{ router_id: speaker.routerId }, 1]])
    neighbors(states.values())
    pending(Array.from(lists, ([on, count]): Sample => [{ interface: on }, count]))
    up(
      interfaces.map(({ name, area, state }) => [
        { interface: name, area },
        Number(state !== 'Down'),
      ]),
    )
    cost(interfaces.map(({ name, area, cost: of }) => [{ interface: name, area }, of]))
    received(packets('received'))
    sent(packets('sent'))
    drops(
      interfaces.flatMap(({ name, drops: of }) =>
        Object.entries(of).map(([reason, count]): Sample => [{ interface: name, reason }, count]),
      ),
    )
    lsas(vitals.lsas.map(({ area = '', type, count }) => [{ area, type }, count]))
    routes(Object.entries(vitals.routes).map(([path, count]) => [{ path_type: path }, count]))
    const routers = new Map<string, number>()
    const { areas, routers: all } = speaker.status()
    for (const { id } of areas) routers.set(id, 0)
    for (const { area } of all) routers.set(area, (routers.get(area) ?? 0) + 1)
    reachable(Array.from(routers, ([area, count]): Sample => [{ area }, count]))
    retransmissions(only(vitals.retransmissions))
    late(only(vitals.late))
  }
}

export function kernelMetrics(families: Families): (kernel: KernelStatus | undefined) => void {
  const routes = families.gauge(
    'ospf_kernel_routes',
    "Routes in the kernel: 'installed', 'pending', 'failed', those of others in their place ('foreign'), and 'leftover' of an earlier life",
    ['state'],
  )
  const groups = families.gauge('ospf_kernel_nexthop_groups', 'Next-hop groups of ours')
  const forbidden = families.gauge(
    'ospf_kernel_forbidden',
    'Whether the kernel does not let us write routes (CAP_NET_ADMIN)',
  )
  return (kernel) => {
    if (kernel === undefined) {
      for (const each of [routes, groups, forbidden]) each([])
      return
    }
    routes([
      [{ state: 'installed' }, kernel.routes],
      [{ state: 'pending' }, kernel.pending],
      [{ state: 'failed' }, kernel.failed],
      [{ state: 'foreign' }, kernel.foreign],
      [{ state: 'leftover' }, kernel.leftovers],
    ])
    groups(only(kernel.groups))
    forbidden(only(Number(kernel.forbidden)))
  }
}
