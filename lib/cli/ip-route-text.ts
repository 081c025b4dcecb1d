/** How `show ip route` reads: zebra's letters, columns and words. */
import type { TableRoute } from './kernel-table.ts'
import type { IpRouteDocument, IpRouteQuestion, Values } from './show-ip-route.ts'
import { block, left } from './text.ts'

/** zebra's words for where nothing gets through. */
export const discards: Readonly<Record<TableRoute['type'], readonly [key: string, text: string]>> =
  {
    unicast: ['', ''],
    blackhole: ['blackhole', ' (blackhole)'],
    unreachable: ['reject', ' (ICMP unreachable)'],
    prohibit: ['admin-prohibited', ' (ICMP admin-prohibited)'],
  }

const CODES = [
  'Codes: K - kernel route, C - connected, S - static, R - RIP,',
  '       O - OSPF, I - IS-IS, B - BGP, E - EIGRP, N - NHRP,',
  '       T - Table, v - VNC, V - VNC-Direct, A - Babel, F - PBR,',
  '       f - OpenFabric,',
  '       > - selected route, * - FIB route, q - queued, r - rejected, b - backup',
  '       t - trapped, o - offload failure',
  '',
]

/** zebra's letters. */
export const letters: Readonly<Record<string, string>> = {
  kernel: 'K',
  connected: 'C',
  static: 'S',
  rip: 'R',
  ospf: 'O',
  isis: 'I',
  bgp: 'B',
  eigrp: 'E',
  nhrp: 'N',
  babel: 'A',
  pbr: 'F',
  openfabric: 'f',
}

export function ipRouteText(document: IpRouteDocument, question: IpRouteQuestion): string {
  const routes = Object.values(document).flat()
  const { prefix, address, longer } = question
  const isOne = (prefix !== undefined && longer !== true) || address !== undefined
  if (!isOne) return block(...CODES, ...routes.flatMap(rowLines))
  if (routes.length === 0) return block(...(prefix ? ['% Network not in table'] : ['']))
  return block(...routes.flatMap(entryLines), '')
}

const hopsOf = (route: Values): readonly Values[] => route['nexthops'] as readonly Values[]

function rowLines(route: Values): string[] {
  const { protocol, distance, metric, prefix } = route
  const [selected, fib] = [route['selected'] === true ? '>' : ' ', route['installed'] ? '*' : ' ']
  const cost = protocol === 'connected' ? '' : ` [${distance}/${metric}]`
  const head = `${letters[String(protocol)]}${selected}${fib} ${prefix}${cost}`
  return hopsOf(route).map((hop, i) => {
    const begin = i === 0 ? head : `  ${fib}${' '.repeat(head.length - 3)}`
    return `${begin} ${wayOf(hop, 'is ', 'via ')}, ${route['uptime']}`
  })
}

/** @param through what stands before a gateway, or before the device behind it */
function wayOf(hop: Values, is: string, through: string): string {
  const weight = hop['weight'] === undefined ? '' : `, weight ${hop['weight']}`
  if (hop['unreachable'] === true) {
    const text = Object.values(discards).find(([key]) => hop[key] === true)?.[1] ?? ''
    return `unreachable${text}${weight}`
  }
  const source = hop['source'] === undefined ? '' : `, src ${hop['source']}`
  const device = hop['interfaceName']
  const way =
    hop['ip'] === undefined
      ? `${is}directly connected, ${device}`
      : is === ''
        ? `${hop['ip']}, ${through}${device}`
        : `${through}${hop['ip']}, ${device}`
  const inactive = hop['active'] === true ? '' : ' inactive'
  return `${way}${inactive}${source}${weight}`
}

function entryLines(route: Values): string[] {
  const best = route['selected'] === true ? ', best' : ''
  const { prefix, protocol, distance, metric, uptime } = route
  return [
    `Routing entry for ${prefix}`,
    `  Known via "${protocol}", distance ${distance}, metric ${metric}${best}`,
    `  Last update ${uptime} ago`,
    ...hopsOf(route).map((hop) => `  ${hop['fib'] ? '*' : ' '} ${wayOf(hop, '', 'via ')}`),
    '',
  ]
}

export function summaryText(document: Values): string {
  const row = (a: unknown, b: unknown, c: unknown): string =>
    `${left(String(a), 20)} ${left(String(b), 20)} ${left(String(c), 20)} `
  const counts = document['routes'] as readonly Values[]
  return block(
    `${left('Route Source', 20)} ${left('Routes', 20)} FIB  (vrf default)`,
    ...counts.map(({ type, rib, fib }) => row(type, rib, fib)),
    '------',
    row('Totals', document['routesTotal'], document['routesTotalFib']),
    '',
  )
}
