/**
 * The nftables data plane as the text of one transaction. Two tables of one name:
 *
 *     netdev  ingress        DR: the service's chain by address, protocol and port
 *             sN             flows that are known go on to eN, others to nN
 *             eN             keeps a known flow known, and sends it where it goes (dN); a destination that is gone: xN
 *             xN             forgets the flow, which is then as good as new
 *             nN             the hash: which destination takes a new flow; none: refused
 *             cN             notes the new flow
 *             dN             to the real server: `fwd` takes 1 off the TTL and writes both MACs, by the neighbour table
 *     ip      prerouting     NAT: the service's chain; conntrack knows the flow from then on
 *             forward        counts both directions, and ends the flows of destinations that are gone
 *
 * Maps of flows and counters outlive a change, since chains are flushed and written anew, all at once. What a service
 * and a destination are stands in comments, and is read back from there (nftables-list.ts).
 */
import { formatEndpoint } from './keys.ts'
import {
  hashInput,
  type Plane,
  type PlaneDestination,
  type PlaneService,
  slotsOf,
} from './nftables-plane.ts'

/** The same for all directors, so that they agree on where a flow goes. */
const SEED = '0x6f737066'
/** What tells a flow of a service apart. */
const FLOW = 'ip saddr . th sport'
/** Seconds that a flow is remembered of which nothing but a SYN was seen. */
const SYN_TIMEOUT = 60

/** How a table of ours begins. */
export const MARK = 'ospf-speaker'

/** Objects that are in the kernel, by family: 'chain s1', 'counter c2'. */
export interface Held {
  readonly netdev: ReadonlySet<string>
  readonly ip: ReadonlySet<string>
}

export interface RulesetOptions {
  readonly table: string
  /** Where clients' packets come in. */
  readonly devices: readonly string[]
  /** Flows remembered for a service at most. */
  readonly flows: number
  /** The devices may have changed: hook in anew. */
  readonly hook: boolean
  /** Devices that lead to real servers, as far as they are there. */
  readonly present: ReadonlySet<string>
}

/** The transaction that makes the kernel hold `plane`, whatever of ours is there. */
export function formatRuleset(plane: Plane, held: Held, options: RulesetOptions): string {
  const { table } = options
  const direct = plane.services.filter(({ forward }) => forward === 'dr')
  const translated = plane.services.filter(({ forward }) => forward === 'nat')
  return [
    ...familyText(held.netdev, directTable(direct, plane, options), 'netdev', table),
    ...familyText(held.ip, translatedTable(translated, plane), 'ip', table),
    '',
  ].join('\n')
}

/** What a table shall hold: objects by name with what follows it, and the rules of each chain. */
class Content {
  readonly objects = new Map<string, string>()
  readonly rules: string[] = []
  /** Objects that are made anew. */
  readonly renewed = new Set<string>()

  chain(name: string, rules: readonly string[], definition = ''): void {
    this.objects.set(`chain ${name}`, definition)
    for (const rule of rules) this.rules.push(`${name} ${rule}`)
  }
}

function familyText(
  held: ReadonlySet<string>,
  content: Content,
  family: string,
  table: string,
): string[] {
  const at = (object: string): string => {
    const [kind, name] = object.split(' ')
    return `${kind} ${family} ${table} ${name}`
  }
  const gone = [...held].filter((o) => !content.objects.has(o) || content.renewed.has(o))
  const order = ['chain', 'map', 'set', 'counter']
  gone.sort((a, b) => order.indexOf(a.split(' ')[0]!) - order.indexOf(b.split(' ')[0]!))
  const made = [...content.objects].filter(([o]) => !held.has(o) || content.renewed.has(o))
  return [
    `add table ${family} ${table}`,
    `flush table ${family} ${table}`,
    ...gone.map((object) => `delete ${at(object)}`),
    ...made.map(([object, definition]) => `add ${at(object)}${definition && ` ${definition}`}`),
    ...content.rules.map((rule) => `add rule ${family} ${table} ${rule}`),
  ]
}

const about = ({ timeouts: { tcp, tcpFin, udp } }: Plane): string =>
  `continue comment "${MARK} ${tcp} ${tcpFin} ${udp}"`

const dispatch = (services: readonly PlaneService[]): string[] =>
  services.length === 0
    ? []
    : [
        `ip daddr . meta l4proto . th dport vmap { ${services
          .map(({ id, key }) => `${key.address} . ${key.protocol} . ${key.port} : goto s${id}`)
          .join(', ')} }`,
      ]

const serviceComment = ({ key, scheduler, flags, forward }: PlaneService): string =>
  `comment "service ${key.protocol} ${formatEndpoint(key.address, key.port)} ${forward} ${[scheduler, ...flags].join(' ')}"`

const destinationComment = (s: PlaneService, d: PlaneDestination): string =>
  `comment "destination ${s.id} ${formatEndpoint(d.address, d.port)} ${d.weight} ${d.device ?? '-'}"`

/** As IPVS refuses, and for clients of TCP plainer. */
const refusal = ({ key }: PlaneService): string =>
  key.protocol === 'tcp' ? 'reject with tcp reset' : 'reject with icmp port-unreachable'

const isTcp = 'meta l4proto tcp tcp'

/** Sends a new flow to the chain of its destination, or refuses it. */
function spread(service: PlaneService): string[] {
  const slots = slotsOf(service)
  if (slots.length === 0) return [refusal(service)]
  if (slots.every((id) => id === slots[0])) return [`goto c${slots[0]}`]
  const elements = slots.map((id, slot) => `${slot} : goto c${id}`).join(', ')
  return [
    `jhash ${hashInput(service)} mod ${slots.length} seed ${SEED} vmap { ${elements} }`,
    refusal(service),
  ]
}

function directTable(
  services: readonly PlaneService[],
  plane: Plane,
  options: RulesetOptions,
): Content {
  const { devices, hook } = options
  const content = new Content()
  content.chain('about', [about(plane)])
  for (const service of services) directService(content, service, plane, options)
  if (devices.length > 0) {
    const names = devices.map((device) => `"${device}"`).join(', ')
    const where = `{ type filter hook ingress devices = { ${names} } priority -150; }`
    content.chain('ingress', dispatch(services), where)
    if (hook) content.renewed.add('chain ingress')
  }
  return content
}

function directService(
  content: Content,
  service: PlaneService,
  { timeouts }: Plane,
  { flows, present }: RulesetOptions,
): void {
  const { id, destinations } = service
  const tcp = service.key.protocol === 'tcp'
  const timeout = tcp ? timeouts.tcp : timeouts.udp
  const [known, closing] = [`@a${id}`, `@f${id}`]
  const size = `size ${flows}; `
  content.objects.set(
    `map a${id}`,
    `{ type ipv4_addr . inet_service : mark; flags dynamic,timeout; ${size}}`,
  )
  content.chain(`s${id}`, [
    `meta mark set ${FLOW} map ${known} goto e${id} ${serviceComment(service)}`,
    `goto n${id}`,
  ])
  const forget = [`delete ${known} { ${FLOW} : 0 }`]
  const keep: string[] = []
  if (tcp) {
    content.objects.set(
      `set f${id}`,
      `{ type ipv4_addr . inet_service; flags dynamic,timeout; ${size}}`,
    )
    // The kernel takes no new timeout from a rule that does not say it: every rule does.
    const end = `${isTcp} flags & (fin|rst) != 0 update`
    const begin = `${isTcp} flags & (syn|ack) == syn`
    const drained = destinations.filter(({ weight }) => weight === 0).map((one) => one.id)
    if (drained.length > 0) {
      keep.push(`${begin} meta mark { ${drained.join(', ')} } goto x${id}`)
    }
    keep.push(
      `${begin} delete ${closing} { ${FLOW} }`,
      `${end} ${closing} { ${FLOW} timeout ${timeouts.tcpFin}s }`,
      `${end} ${known} { ${FLOW} timeout ${timeouts.tcpFin}s : meta mark }`,
      `${FLOW} != ${closing} update ${known} { ${FLOW} timeout ${timeout}s : meta mark }`,
    )
    forget.push(`delete ${closing} { ${FLOW} }`)
  } else {
    keep.push(`update ${known} { ${FLOW} timeout ${timeout}s : meta mark }`)
  }
  const ways = destinations.map((one) => `${one.id} : goto d${one.id}`).join(', ')
  if (ways !== '') keep.push(`meta mark vmap { ${ways} }`)
  content.chain(`e${id}`, [...keep, `goto x${id}`])
  content.chain(`x${id}`, [...forget, `goto n${id}`])
  content.chain(`n${id}`, spread(service))
  for (const one of destinations) {
    content.objects.set(`counter c${one.id}`, '')
    content.objects.set(`counter d${one.id}`, '')
    const first = tcp ? SYN_TIMEOUT : timeout
    content.chain(`c${one.id}`, [
      `counter name "c${one.id}"`,
      // In a rule of its own: when the map is full, the flow goes on without.
      `update ${known} { ${FLOW} timeout ${first}s : ${one.id} }`,
      `goto d${one.id}`,
    ])
    content.chain(`d${one.id}`, [
      `counter name "d${one.id}"`,
      `${wayOf(one, present)} ${destinationComment(service, one)}`,
    ])
  }
}

/** Its device may be gone for a while. */
const wayOf = ({ address, device }: PlaneDestination, present: ReadonlySet<string>): string =>
  device === undefined || !present.has(device) ? 'drop' : `fwd ip to ${address} device "${device}"`

function translatedTable(services: readonly PlaneService[], plane: Plane): Content {
  const content = new Content()
  content.chain('about', [about(plane)])
  const seen: string[] = []
  for (const service of services) {
    translatedService(content, service)
    const { id, key } = service
    seen.push(
      `ct status dnat meta l4proto ${key.protocol} ct original ip daddr ${key.address} ct original proto-dst ${key.port} jump p${id}`,
    )
  }
  content.chain('prerouting', dispatch(services), '{ type nat hook prerouting priority -100; }')
  content.chain('forward', seen, '{ type filter hook forward priority -10; }')
  return content
}

function translatedService(content: Content, service: PlaneService): void {
  const { id, key, destinations } = service
  content.chain(`s${id}`, [`goto n${id} ${serviceComment(service)}`])
  content.chain(`n${id}`, spread(service))
  const ends = (chain: string): string =>
    destinations.map((d) => `${d.address} . ${d.port} : goto ${chain}${d.id}`).join(', ')
  const count =
    destinations.length === 0
      ? []
      : [
          `ct direction original ip daddr . th dport vmap { ${ends('i')} }`,
          `ct direction reply ip saddr . th sport vmap { ${ends('o')} }`,
        ]
  content.chain(`p${id}`, [...count, refusal(service)])
  for (const one of destinations) {
    for (const name of ['c', 'd', 'o']) content.objects.set(`counter ${name}${one.id}`, '')
    content.chain(`i${one.id}`, [`counter name "d${one.id}"`])
    content.chain(`o${one.id}`, [`counter name "o${one.id}"`])
    content.chain(`c${one.id}`, [
      `counter name "c${one.id}"`,
      `meta l4proto ${key.protocol} dnat to ${formatEndpoint(one.address, one.port)} ${destinationComment(service, one)}`,
    ])
  }
}
