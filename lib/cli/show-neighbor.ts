/** `show ip ospf neighbor`: the keys and columns of FRR 8.4. */
import type { InterfaceView, NeighborView, Snapshots } from './speaker-like.ts'
import {
  areaTitle,
  block,
  byAddress,
  byName,
  deviceOf,
  duration,
  interfaceName,
  left,
  right,
} from './text.ts'

export interface NeighborEntry {
  readonly [key: string]: string | number
}

export type NeighborEntries = Readonly<Record<string, readonly NeighborEntry[]>>

/** Which neighbors, and how they are shown. */
export interface NeighborQuestion {
  readonly interface?: string | undefined
  readonly routerId?: string | undefined
  readonly detail: boolean
  /** Without the key around them, as FRR has it for all but the plain forms. */
  readonly bare: boolean
}

export function neighborDocument(
  speaker: Snapshots,
  { interface: name, routerId, detail, bare }: NeighborQuestion,
): NeighborEntries | { readonly neighbors: NeighborEntries } {
  const interfaces = new Map(speaker.interfaces().map((on) => [on.name, on]))
  const types = new Map(speaker.status().areas.map(({ id, type }) => [id, type]))
  const found: Record<string, NeighborEntry[]> = {}
  const neighbors = speaker
    .neighbors()
    .toSorted(
      (a, b) =>
        byName({ name: a.interface }, { name: b.interface }) || byAddress(a.address, b.address),
    )
  for (const neighbor of neighbors) {
    const isAsked =
      (name === undefined ||
        neighbor.interface === name ||
        deviceOf(neighbor.interface) === name) &&
      (routerId === undefined || neighbor.routerId === routerId)
    if (!isAsked) continue
    const on = interfaces.get(neighbor.interface)
    const area = areaTitle(neighbor.area, types.get(neighbor.area))
    const entry = detail ? detailOf(neighbor, on, area) : entryOf(neighbor, on)
    found[neighbor.routerId] = [...(found[neighbor.routerId] ?? []), entry]
  }
  return bare ? found : { neighbors: found }
}

/** The same, unless it is asked of a device that is not there. */
export function neighborsOrNone(
  speaker: Snapshots,
  question: NeighborQuestion,
  isThere: (device: string) => boolean,
): ReturnType<typeof neighborDocument> | { readonly noSuchIface: true } {
  const { interface: name } = question
  const isKnown = (): boolean =>
    speaker.interfaces().some((on) => on.name === name || deviceOf(on.name) === name)
  if (name !== undefined && !isKnown() && !isThere(name)) return { noSuchIface: true }
  return neighborDocument(speaker, question)
}

const ms = (seconds: number): number => Math.round(seconds * 1000)

function entryOf(neighbor: NeighborView, on: InterfaceView | undefined): NeighborEntry {
  const { priority, address, upTime, deadTime, hostname } = neighbor
  const role = neighbor.role ?? '-'
  const state = `${neighbor.state}/${role}`
  return {
    priority,
    state,
    nbrPriority: priority,
    nbrState: state,
    converged: neighbor.state,
    // FRR says so of point-to-point links too, where there is no such role
    role: role === '-' ? 'DROther' : role,
    upTimeInMsec: ms(upTime),
    deadTimeMsecs: ms(deadTime),
    routerDeadIntervalTimerDueMsec: ms(deadTime),
    upTime: duration(ms(upTime)),
    deadTime: duration(ms(deadTime)),
    address,
    ifaceAddress: address,
    ifaceName: interfaceName(neighbor.interface, on?.address),
    ...twice('retransmitCounter', 'linkStateRetransmissionListCounter', neighbor.retransmissions),
    ...twice('requestCounter', 'linkStateRequestListCounter', neighbor.requests),
    ...twice('dbSummaryCounter', 'databaseSummaryListCounter', neighbor.summaries),
    ...(hostname === undefined ? {} : { hostname }),
  }
}

/** Two keys for one value: FRR renamed some and kept the old names. */
const twice = (a: string, b: string, n: number): NeighborEntry => ({ [a]: n, [b]: n })

const OPTIONS = ['DN', 'O', 'DC', 'EA', 'N/P', 'MC', 'E', 'M/T'] as const

/** The octet of the names. */
export const optionsOctet = (names: readonly string[]): number =>
  OPTIONS.reduce((octet, name, i) => octet | (names.includes(name) ? 0x80 >> i : 0), 0)

/** '*|O|-|-|-|-|E|-' */
export const optionsText = (names: readonly string[]): string =>
  OPTIONS.map((name, i) => (names.includes(name) ? name : i === 0 ? '*' : '-')).join('|')

function detailOf(
  neighbor: NeighborView,
  on: InterfaceView | undefined,
  area: string,
): NeighborEntry {
  const { role, options, hostname } = neighbor
  const isExchanging = neighbor.state === 'Exchange' || neighbor.state === 'Loading'
  return {
    ifaceAddress: neighbor.address,
    areaId: area,
    ifaceName: deviceOf(neighbor.interface),
    ...(on?.network === 'point-to-point' && on.address !== undefined && on.prefixLength === 32
      ? { localIfaceAddress: on.address }
      : {}),
    nbrPriority: neighbor.priority,
    nbrState: `${neighbor.state}/${role ?? '-'}`,
    stateChangeCounter: neighbor.stateChanges,
    lastPrgrsvChangeMsec: ms(neighbor.upTime),
    routerDesignatedId: neighbor.designatedRouter,
    routerDesignatedBackupId: neighbor.backupDesignatedRouter,
    optionsCounter: optionsOctet(options),
    optionsList: optionsText(options),
    routerDeadIntervalTimerDueMsec: ms(neighbor.deadTime),
    databaseSummaryListCounter: neighbor.summaries,
    linkStateRequestListCounter: neighbor.requests,
    linkStateRetransmissionListCounter: neighbor.retransmissions,
    threadInactivityTimer: 'on',
    ...(isExchanging ? { threadDatabaseDescriptionRetransmission: 'on' } : {}),
    // FRR's timers run whether there is something to do or not, once there has been
    threadLinkStateRequestRetransmission: 'on',
    threadLinkStateUpdateRetransmission: 'on',
    // restarts of neighbors are not helped through
    grHelperStatus: 'None',
    ...(hostname === undefined ? {} : { hostname }),
  }
}

const HEAD =
  'Neighbor ID     Pri State           Up Time         Dead Time Address         Interface                        RXmtL RqstL DBsmL'

export function neighborText(
  document: ReturnType<typeof neighborsOrNone>,
  { routerId, detail }: NeighborQuestion,
): string {
  if ('noSuchIface' in document) return block('', 'No such interface.')
  const entries = Object.entries(
    'neighbors' in document
      ? (document['neighbors'] as NeighborEntries)
      : (document as NeighborEntries),
  ).flatMap(([id, list]) => list.map((entry) => [id, entry] as const))
  if (detail) return block(...entries.map(([id, entry]) => [...detailLines(id, entry), '']), '')
  const rows = entries.map(([id, n]) => row(id, n))
  return routerId === undefined ? block('', HEAD, ...rows, '') : block(...rows, '')
}

const row = (id: string, n: NeighborEntry): string =>
  [
    left(id, 15),
    right(n['nbrPriority']!, 3),
    left(n['nbrState']!, 15),
    left(n['upTime']!, 9),
    right(n['deadTime']!, 15),
    left(n['ifaceAddress']!, 15),
    left(n['ifaceName']!, 32),
    right(n['linkStateRetransmissionListCounter']!, 5),
    right(n['linkStateRequestListCounter']!, 5),
    right(n['databaseSummaryListCounter']!, 5),
    // where vtysh has nothing, and only where somebody says its name (RFC 5642)
    ...(n['hostname'] === undefined ? [] : [`(${n['hostname']})`]),
  ].join(' ')

function detailLines(id: string, n: NeighborEntry): string[] {
  const exchange = n['threadDatabaseDescriptionRetransmission'] ?? 'off'
  return [
    ` Neighbor ${id}, interface address ${n['ifaceAddress']}`,
    `    In the area ${n['areaId']} via interface ${n['ifaceName']}`,
    `    Neighbor priority is ${n['nbrPriority']}, State is ${n['nbrState']}, ${n['stateChangeCounter']} state changes`,
    '    Most recent state change statistics:',
    `      Progressive change ${duration(Number(n['lastPrgrsvChangeMsec']))} ago`,
    `    DR is ${n['routerDesignatedId']}, BDR is ${n['routerDesignatedBackupId']}`,
    `    Options ${n['optionsCounter']} ${n['optionsList']}`,
    `    Dead timer due in ${duration(Number(n['routerDeadIntervalTimerDueMsec']))}`,
    `    Database Summary List ${n['databaseSummaryListCounter']}`,
    `    Link State Request List ${n['linkStateRequestListCounter']}`,
    `    Link State Retransmission List ${n['linkStateRetransmissionListCounter']}`,
    `    Thread Inactivity Timer ${n['threadInactivityTimer']}`,
    // FRR's spelling
    `    Thread Database Description Retransmision ${exchange}`,
    `    Thread Link State Request Retransmission ${n['threadLinkStateRequestRetransmission']}`,
    `    Thread Link State Update Retransmission ${n['threadLinkStateUpdateRetransmission']}`,
    '',
    '    Graceful restart Helper info:',
    `      Graceful Restart HELPER Status : ${n['grHelperStatus']}`,
    ...(n['hostname'] === undefined ? [] : [`    Hostname ${n['hostname']}`]),
  ]
}
