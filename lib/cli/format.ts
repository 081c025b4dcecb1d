/** The documents of `show ip ospf ...` as text, in vtysh's words and columns. */
import {
  type DatabaseDocument,
  type InterfaceDocument,
  type InterfaceEntry,
  type LsaEntry,
  type LsaLists,
  lsaKeys,
  type NeighborDocument,
  type RouteDocument,
  type RouteNextHop,
} from './documents.ts'

const none = '-'
const left = (text: string, width: number): string => text.padEnd(width)
const right = (text: string | number, width: number): string => String(text).padStart(width)

export function formatNeighbors({ neighbors }: NeighborDocument): string {
  const lines = [
    '',
    'Neighbor ID     Pri State           Up Time         Dead Time Address         Interface                        RXmtL RqstL DBsmL',
  ]
  for (const [id, entries] of Object.entries(neighbors))
    for (const n of entries)
      lines.push(
        [
          left(id, 15),
          right(n.nbrPriority, 3),
          left(n.nbrState, 15),
          left(n.upTime ?? none, 9),
          right(n.deadTime ?? none, 15),
          left(n.ifaceAddress, 15),
          left(n.ifaceName, 32),
          right(n.linkStateRetransmissionListCounter, 5),
          right(n.linkStateRequestListCounter, 5),
          right(n.databaseSummaryListCounter, 5),
          ...named(n.hostname),
        ].join(' '),
      )
  return block(lines, '')
}

export function formatRoutes(routes: RouteDocument): string {
  const lines = ['============ OSPF network routing table ============']
  for (const [prefix, route] of Object.entries(routes)) {
    const { routeType, cost, type2cost, area, tag } = route
    if (routeType.startsWith('D')) {
      lines.push(`${left(routeType, 4)} ${left(prefix, 18)}         Discard entry`)
      continue
    }
    const how = type2cost === undefined ? cost : `${cost}/${type2cost}`
    const where = area === undefined ? `tag: ${tag ?? 0}` : `area: ${area}`
    lines.push(`${left(routeType, 4)} ${left(prefix, 18)}    [${how}] ${where}`)
    for (const hop of route.nexthops) lines.push(`${' '.repeat(27)}${nextHop(hop)}`)
  }
  return block(lines, '')
}

function nextHop(hop: RouteNextHop): string {
  return 'via' in hop
    ? `via ${hop.ip}, ${hop.via}`
    : `directly attached to ${hop.directlyAttachedTo}`
}

const titles: ReadonlyMap<number, string> = new Map([
  [1, 'Router Link States'],
  [2, 'Net Link States'],
  [3, 'Summary Link States'],
  [4, 'ASBR-Summary Link States'],
  [5, 'AS External Link States'],
  [7, 'NSSA-external Link States'],
  [9, 'Link-Local Opaque-LSA'],
  [10, 'Area-Local Opaque-LSA'],
  [11, 'AS-external Opaque-LSA'],
])

/** What stands in the last column, for the types that have one more. */
const lastColumns: ReadonlyMap<number, string> = new Map([
  [1, '  Link count'],
  [3, '  Route'],
  [5, '  Route'],
  [7, '  Route'],
])

export function formatDatabase(database: DatabaseDocument): string {
  const lines = ['', `       OSPF Router with ID (${database.routerId})`, '']
  for (const [area, lists] of Object.entries(database.areas))
    lines.push(...listLines(lists, ` (Area ${area})`))
  lines.push(...listLines(database as unknown as LsaLists, ''))
  return block(lines)
}

function listLines(lists: LsaLists, where: string): string[] {
  const lines: string[] = []
  for (const [type, key] of lsaKeys) {
    const entries = lists[key]
    if (!Array.isArray(entries)) continue
    lines.push(`                ${titles.get(type)}${where}`, '')
    lines.push(
      `Link ID         ADV Router      Age  Seq#       CkSum${lastColumns.get(type) ?? ''}`,
      ...(entries as LsaEntry[]).map(lsaLine),
      '',
    )
  }
  return lines
}

function lsaLine(lsa: LsaEntry): string {
  const last = lsa.numOfRouterLinks ?? lsa.summaryAddress
  return [
    left(lsa.lsId, 15),
    left(lsa.advertisedRouter, 15),
    right(lsa.lsaAge, 4),
    `0x${lsa.sequenceNumber}`,
    `0x${lsa.checksum}`,
    ...(last === undefined ? [] : [last]),
    ...named(lsa.advertisedRouterHostname),
  ].join(' ')
}

export function formatInterfaces({ interfaces }: InterfaceDocument): string {
  return block(
    Object.entries(interfaces).flatMap(([name, on]) => interfaceLines(name, on)),
    '',
  )
}

function interfaceLines(name: string, on: InterfaceEntry): string[] {
  const own = on.ipAddress === undefined ? 'none' : `${on.ipAddress}/${on.ipAddressPrefixlen}`
  const bdr =
    on.bdrAddress === undefined
      ? 'No backup designated router on this network'
      : `Backup Designated Router (ID) ${on.bdrId ?? none}, Interface Address ${on.bdrAddress}`
  return [
    `${name} is ${on.ifUp ? 'up' : 'down'}`,
    `  MTU ${on.mtuBytes} bytes`,
    `  Internet Address ${own}, Area ${on.area}`,
    `  MTU mismatch detection: ${on.mtuMismatchDetect ? 'disabled' : 'enabled'}`,
    `  Router ID ${on.routerId}, Network Type ${on.networkType}, Cost: ${on.cost}`,
    `  Transmit Delay is ${on.transmitDelaySecs} sec, State ${on.state}, Priority ${on.priority}`,
    ...(on.drAddress === undefined
      ? []
      : [`  Designated Router (ID) ${on.drId ?? none} Interface Address ${on.drAddress}`]),
    `  ${bdr}`,
    `  Timer intervals configured, Hello ${helloOf(on.timerMsecs)}, Dead ${on.timerDeadSecs}s, Wait ${on.timerWaitSecs}s, Retransmit ${on.timerRetransmitSecs}`,
    ...(on.timerPassiveIface ? ['    No Hellos (Passive interface)'] : []),
    `  Neighbor Count is ${on.nbrCount}, Adjacent neighbor count is ${on.nbrAdjacentCount}`,
  ]
}

/** As vtysh has it: whole seconds, or milliseconds with a hello-multiplier. */
const helloOf = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`)

/** Stands at the end of a line, where vtysh has nothing, and only where somebody says its name. */
const named = (hostname: string | undefined): string[] =>
  hostname === undefined ? [] : [`(${hostname})`]

const block = (lines: readonly string[], ...more: string[]): string =>
  [...lines, ...more].map((line) => `${line.trimEnd()}\n`).join('')
