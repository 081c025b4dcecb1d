/** zebra's static routes: `ip route`. */
import {
  type Args,
  type Draft,
  isOn,
  type Statement,
  type Statements,
  vrfName,
} from './frr-draft.ts'
import { address, device, integer, networkPrefix, Refusal } from './frr-parse.ts'
import type { FrrStaticRoute } from './frr-types.ts'

const destination = '<A.B.C.D/M$prefix|A.B.C.D$address A.B.C.D$mask>'
const how =
  '{(1-255)$distance|tag (1-4294967295)$tag|vrf NAME$vrf|nexthop-vrf NAME$nexthopVrf|table (1-4294967295)$table|label LABEL$label|color (1-4294967295)|bfd}'

const route: Statement = (d, a) => {
  const own = prefixOf(a)
  const vrf = d.vrfOf(a.vrf)
  if (a.nexthopVrf !== undefined && vrfName(a.nexthopVrf) !== vrf) {
    if (isOn(a)) d.accept('routes from one VRF to another are not supported')
    return
  }
  if (vrf !== '' && a.table !== undefined) throw new Refusal('a VRF has a table of its own')
  if (a.label !== undefined) throw new Refusal('labels are not supported')
  const one: FrrStaticRoute = {
    ...d.place,
    prefix: own,
    ...nextOf(a),
    ...(vrf === '' ? {} : { vrf: device(vrf) }),
    ...(a.distance === undefined ? {} : { distance: Number(a.distance) }),
    ...(a.table === undefined ? {} : { table: Number(a.table) }),
    ...(a.tag === undefined ? {} : { tag: Number(a.tag) }),
  }
  if (isOn(a)) add(d, one)
  else remove(d, one, a)
}

function nextOf(a: Args): Pick<FrrStaticRoute, 'gateway' | 'interface' | 'onLink' | 'discard'> {
  if (a.way !== undefined) return { discard: a.way === 'reject' ? 'unreachable' : 'blackhole' }
  if (a.name?.toLowerCase() === 'null0') return { discard: 'blackhole' }
  return {
    ...(a.peer === undefined ? {} : { gateway: address(a.peer) }),
    ...(a.name === undefined ? {} : { interface: device(a.name) }),
    ...(a.onlink === undefined ? {} : { onLink: true }),
  }
}

function prefixOf({ prefix, address: host, mask }: Args): string {
  if (prefix !== undefined) return networkPrefix(prefix)
  const bits = address(mask!)
    .split('.')
    .map((byte) => Number(byte).toString(2).padStart(8, '0'))
    .join('')
  if (!/^1*0*$/.test(bits)) throw new Refusal(`'${mask}' is not a mask`)
  return networkPrefix(`${host}/${integer(String(bits.replaceAll('0', '').length), 0, 32)}`)
}

const wayOf = ({ gateway, interface: name, discard }: FrrStaticRoute): string =>
  [gateway, name, discard].join(' ')

const isBeside = (a: FrrStaticRoute, b: FrrStaticRoute): boolean =>
  a.prefix === b.prefix && a.table === b.table && a.vrf === b.vrf

const isSame = (a: FrrStaticRoute, b: FrrStaticRoute): boolean =>
  isBeside(a, b) && wayOf(a) === wayOf(b)

/** What is said again takes the place of what was said. */
function add(d: Draft, one: FrrStaticRoute): void {
  d.staticRoutes = [...d.staticRoutes.filter((each) => !isSame(each, one)), one]
  if (one.tag !== undefined)
    d.accept('the kernel keeps no tag of a route: route maps do not see it')
}

/** Without a next hop all routes of the prefix go. */
function remove(d: Draft, one: FrrStaticRoute, a: Args): void {
  const isAll = a.peer === undefined && a.name === undefined && a.way === undefined
  d.staticRoutes = d.staticRoutes.filter((each) =>
    isAll ? !isBeside(each, one) : !isSame(each, one),
  )
}

const nexts = [
  'A.B.C.D$peer [onlink$onlink]',
  'A.B.C.D$peer IFNAME$name [onlink$onlink]',
  '<blackhole|reject>$way',
  'IFNAME$name',
]

export const staticStatements: Statements = {
  ...Object.fromEntries(
    nexts.flatMap((next): [string, Statement][] => [
      [`ip route ${destination} ${next} [${how}]`, route],
      [`no ip route ${destination} ${next} [${how}]`, route],
    ]),
  ),
  [`no ip route ${destination} [${how}]`]: route,
}
