/** Reads what `nft -j list table` says of the nftables data plane. Others may have changed it: nothing is believed unseen. */
import { isIPv4 } from 'node:net'
import {
  DEFAULT_TIMEOUTS,
  type Plane,
  type PlaneDestination,
  type PlaneService,
} from './nftables-plane.ts'
import { type Held, MARK } from './nftables-ruleset.ts'
import { type IpvsStatistics, nothingCounted } from './types.ts'

export interface Listed {
  readonly plane: Plane
  readonly held: Held
  /** A family that has such a table, which is not ours. */
  readonly foreign: 'netdev' | 'ip' | undefined
}

/** One table. */
interface Table {
  readonly objects: Set<string>
  /** Packets and bytes, by name. */
  readonly counters: Map<string, readonly [packets: bigint, bytes: bigint]>
  readonly rules: { readonly chain: string; readonly comment: string; readonly expr: unknown }[]
}

type Json = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

const count = (value: unknown): bigint =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 ? BigInt(value) : 0n

/**
 * Reads the listings of both tables; undefined: there is no such table.
 * @throws SyntaxError where the text is not JSON
 */
export function readListings(netdev: string | undefined, ip: string | undefined): Listed {
  const tables = { netdev: readTable(netdev), ip: readTable(ip) }
  const marks = { netdev: markOf(tables.netdev), ip: markOf(tables.ip) }
  const foreign = (['netdev', 'ip'] as const).find(
    (family) => tables[family].objects.size > 0 && marks[family] === undefined,
  )
  const services = [
    ...servicesOf(tables.netdev, 'dr', 'ingress'),
    ...servicesOf(tables.ip, 'nat', 'prerouting'),
  ]
  services.sort((a, b) => a.id - b.id)
  const numbers = [...tables.netdev.objects, ...tables.ip.objects].map((object) =>
    numberIn(object.split(' ')[1]!),
  )
  return {
    plane: {
      services,
      timeouts: marks.netdev ?? marks.ip ?? DEFAULT_TIMEOUTS,
      lastId: numbers.reduce((a, b) => Math.max(a, b), 0),
    },
    held: { netdev: tables.netdev.objects, ip: tables.ip.objects },
    foreign,
  }
}

function readTable(listing: string | undefined): Table {
  const table: Table = { objects: new Set(), counters: new Map(), rules: [] }
  const document: unknown = listing === undefined ? {} : JSON.parse(listing)
  const items = isRecord(document) ? document['nftables'] : undefined
  for (const item of Array.isArray(items) ? items : []) {
    if (!isRecord(item)) continue
    for (const kind of ['chain', 'map', 'set', 'counter']) {
      const object = item[kind]
      if (!isRecord(object) || text(object['name']) === '') continue
      const name = text(object['name'])
      table.objects.add(`${kind} ${name}`)
      if (kind !== 'counter') continue
      table.counters.set(name, [count(object['packets']), count(object['bytes'])])
    }
    const rule = item['rule']
    if (!isRecord(rule)) continue
    const comment = text(rule['comment'])
    table.rules.push({ chain: text(rule['chain']), comment, expr: rule['expr'] })
  }
  return table
}

/** The timeouts, where the table is ours. */
function markOf(table: Table): Plane['timeouts'] | undefined {
  const rule = table.rules.find(({ chain }) => chain === 'about')
  const [mark, ...numbers] = rule?.comment.split(' ') ?? []
  if (mark !== MARK) return undefined
  const [tcp = 0, tcpFin = 0, udp = 0] = numbers.map(Number)
  const isSound = [tcp, tcpFin, udp].every((n) => Number.isInteger(n) && n > 0)
  return isSound ? { tcp, tcpFin, udp } : DEFAULT_TIMEOUTS
}

/** 's12' is 12; 0: no such name. */
const numberIn = (name: string): number => Number(/^[a-z](\d{1,9})$/.exec(name)?.[1] ?? 0)

/** The chains that the rules of a chain lead to. */
function targetsOf(table: Table, chain: string): Set<string> {
  const found = new Set<string>()
  const visit = (value: unknown, depth: number): void => {
    if (depth > 20 || typeof value !== 'object' || value === null) return
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'goto' && isRecord(inner)) found.add(text(inner['target']))
      else visit(inner, depth + 1)
    }
  }
  for (const rule of table.rules) if (rule.chain === chain) visit(rule.expr, 0)
  return found
}

function servicesOf(table: Table, forward: 'dr' | 'nat', entry: string): PlaneService[] {
  const reached = targetsOf(table, entry)
  const destinations = new Map<number, PlaneDestination[]>()
  for (const { chain, comment } of table.rules) {
    const found = readDestination(numberIn(chain), comment)
    if (found === undefined) continue
    const { service, ...destination } = found
    const list = destinations.get(service) ?? []
    list.push({ ...destination, statistics: statisticsOf(table, destination.id) })
    destinations.set(service, list)
  }
  return table.rules.flatMap(({ chain, comment }) => {
    const id = numberIn(chain)
    const [word, protocol, endpoint = '', , scheduler = '', ...flags] = comment.split(' ')
    const key = readEndpoint(endpoint)
    if (word !== 'service' || chain !== `s${id}` || !reached.has(chain) || !key) return []
    if (protocol !== 'tcp' && protocol !== 'udp') return []
    const open = targetsOf(table, `n${id}`)
    const own = (destinations.get(id) ?? []).map((one) => ({
      ...one,
      // What the hash does counts, not what is written beside it.
      weight: open.has(`c${one.id}`) ? Math.max(1, one.weight) : 0,
    }))
    own.sort((a, b) => a.id - b.id)
    return [{ id, key: { protocol, ...key }, scheduler, flags, forward, destinations: own }]
  })
}

function readDestination(
  id: number,
  comment: string,
): (PlaneDestination & { readonly service: number }) | undefined {
  const [word, service, endpoint = '', weight, device = '-'] = comment.split(' ')
  const at = readEndpoint(endpoint)
  const numbers = [id, Number(service), Number(weight)]
  if (word !== 'destination' || !at || !numbers.every(Number.isInteger) || id === 0) {
    return undefined
  }
  const named = device === '-' ? {} : { device }
  return { id, service: Number(service), ...at, weight: Number(weight), ...named }
}

function readEndpoint(endpoint: string): { address: string; port: number } | undefined {
  const [address = '', port = ''] = endpoint.split(':')
  if (!isIPv4(address) || !/^\d{1,5}$/.test(port) || Number(port) > 65535) return undefined
  return { address, port: Number(port) }
}

function statisticsOf(table: Table, id: number): IpvsStatistics {
  const [connections] = table.counters.get(`c${id}`) ?? [0n]
  const [inPackets, inBytes] = table.counters.get(`d${id}`) ?? [0n, 0n]
  const [outPackets, outBytes] = table.counters.get(`o${id}`) ?? [0n, 0n]
  return { ...nothingCounted, connections, inPackets, inBytes, outPackets, outBytes }
}
