/** `show ip route`: the routes of OSPF as zebra would show them. What others put into the kernel is not in it. */
import type { Operated, RouteView } from './speaker-like.ts'
import { block, byAddress, clockTime, deviceOf } from './text.ts'

type Values = Readonly<Record<string, unknown>>

export type IpRouteDocument = Readonly<Record<string, readonly Values[]>>

/** What is asked for: all, a prefix, or the route that packets to an address take. */
export interface IpRouteQuestion {
  readonly prefix?: string | undefined
  readonly address?: string | undefined
}

const DISTANCE = 110
const MAIN_TABLE = 254
const Flag = { active: 1, fib: 2 } as const
/** Of zebra's: the route is selected, and was given to the kernel. */
const Status = { none: 0, installed: 16 } as const
const SELECTED = 8

export function ipRouteDocument(
  { speaker, options, devices }: Operated,
  { prefix, address }: IpRouteQuestion,
): IpRouteDocument {
  const routes = speaker.routes().toSorted((a, b) => byAddress(a.prefix, b.prefix))
  const chosen =
    prefix !== undefined
      ? routes.filter((route) => route.prefix === prefix)
      : address !== undefined
        ? longest(routes, address)
        : routes
  const installs = options.installRoutes !== false
  return Object.fromEntries(
    chosen.map((route) => [route.prefix, [entryOf(route, installs, devices)]]),
  )
}

function longest(routes: readonly RouteView[], address: string): RouteView[] {
  const number = numberOf(address)
  const holds = ({ prefix }: RouteView): boolean => {
    const size = 2 ** (32 - lengthOf(prefix))
    return Math.floor(number / size) === Math.floor(numberOf(prefix.split('/')[0]!) / size)
  }
  const found = routes.filter(holds).toSorted((a, b) => lengthOf(b.prefix) - lengthOf(a.prefix))
  return found.slice(0, 1)
}

const numberOf = (address: string): number =>
  address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
const lengthOf = (prefix: string): number => Number(prefix.split('/')[1])

function entryOf(route: RouteView, installs: boolean, devices: Operated['devices']): Values {
  const { prefix, cost, type2Cost, age, nextHops, tag, discard } = route
  const isAttached = !discard && nextHops.every(({ gateway }) => gateway === undefined)
  // attached networks are the kernel's own
  const isSelected = installs && !isAttached
  const hops = nextHops.length === 0 ? [{ interface: 'lo', gateway: undefined }] : nextHops
  const counts = { internalNextHopNum: hops.length, internalNextHopActiveNum: hops.length }
  return {
    prefix,
    prefixLen: lengthOf(prefix),
    protocol: 'ospf',
    vrfId: 0,
    vrfName: 'default',
    ...(isSelected ? { selected: true, destSelected: true } : {}),
    distance: DISTANCE,
    metric: type2Cost ?? cost,
    ...(isSelected ? { installed: true } : {}),
    ...(tag === undefined || tag === 0 ? {} : { tag }),
    table: MAIN_TABLE,
    internalStatus: isSelected ? Status.installed : Status.none,
    internalFlags: isSelected ? SELECTED : 0,
    ...counts,
    uptime: clockTime(age),
    nexthops: hops.map(({ interface: name, gateway }) => {
      if (discard) {
        const flags = isSelected ? Flag.active | Flag.fib : Flag.active
        const fib = isSelected ? { fib: true } : {}
        return { flags, ...fib, unreachable: true, blackhole: true, active: true, weight: 1 }
      }
      const device = deviceOf(name)
      return {
        flags: isSelected ? Flag.active | Flag.fib : Flag.active,
        ...(isSelected ? { fib: true } : {}),
        ...(gateway === undefined ? { directlyConnected: true } : { ip: gateway, afi: 'ipv4' }),
        interfaceIndex: devices(device)?.index ?? 0,
        interfaceName: device,
        active: true,
        weight: 1,
      }
    }),
  }
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

export function ipRouteText(document: IpRouteDocument, question: IpRouteQuestion): string {
  const routes = Object.values(document).flat()
  const isOne = question.prefix !== undefined || question.address !== undefined
  if (!isOne) return block(...CODES, ...routes.flatMap(rowsOf))
  if (routes.length === 0) return block(...(question.prefix ? ['% Network not in table'] : ['']))
  return block(...routes.flatMap(entryLines), '')
}

const hopsOf = (route: Values): readonly Values[] => route['nexthops'] as readonly Values[]

function rowsOf(route: Values): string[] {
  const isSelected = route['selected'] === true
  const head = `O${isSelected ? '>' : ' '}${isSelected ? '*' : ' '} ${route['prefix']} [${route['distance']}/${route['metric']}]`
  return hopsOf(route).map((hop, i) => {
    const begin = i === 0 ? head : `  ${isSelected ? '*' : ' '}${' '.repeat(head.length - 3)}`
    const via =
      hop['ip'] === undefined
        ? `is directly connected, ${hop['interfaceName']}`
        : `via ${hop['ip']}, ${hop['interfaceName']}`
    return `${begin} ${via}, weight ${hop['weight']}, ${route['uptime']}`
  })
}

function entryLines(route: Values): string[] {
  const best = route['selected'] === true ? ', best' : ''
  return [
    `Routing entry for ${route['prefix']}`,
    `  Known via "ospf", distance ${route['distance']}, metric ${route['metric']}${best}`,
    `  Last update ${route['uptime']} ago`,
    ...hopsOf(route).map((hop) => {
      const where =
        hop['ip'] === undefined
          ? `directly connected, ${hop['interfaceName']}`
          : `${hop['ip']}, via ${hop['interfaceName']}`
      return `  ${hop['fib'] ? '*' : ' '} ${where}, weight ${hop['weight']}`
    }),
    '',
  ]
}
