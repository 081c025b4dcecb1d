/**
 * What the nftables data plane holds, as values: services and their destinations with the numbers that name their
 * chains, what of IPVS it can do, and how weights become slots of a hash.
 */
import { isIPv4 } from 'node:net'
import { OspfError } from '../errors.ts'
import { formatDestination, formatServiceKey } from './keys.ts'
import type {
  IpvsDestination,
  IpvsService,
  IpvsServiceKey,
  IpvsStatistics,
  IpvsTimeouts,
} from './types.ts'

export type PlaneKey = Extract<IpvsServiceKey, { readonly protocol: string }>

export interface PlaneDestination {
  /** Names its chains and counters, and stands for it in the map of flows. Never used twice in a life. */
  readonly id: number
  readonly address: string
  readonly port: number
  readonly weight: number
  /** Of DR: the device that leads to it. */
  readonly device?: string
  readonly statistics?: IpvsStatistics
}

export interface PlaneService {
  readonly id: number
  readonly key: PlaneKey
  readonly scheduler: string
  readonly flags: readonly string[]
  /** The first destination decides; without one, 'dr' where there is a device to listen on. */
  readonly forward: 'dr' | 'nat'
  /** Oldest first. */
  readonly destinations: readonly PlaneDestination[]
}

export interface Plane {
  readonly services: readonly PlaneService[]
  readonly timeouts: IpvsTimeouts
  /** The highest number that was ever seen. */
  readonly lastId: number
}

export const DEFAULT_TIMEOUTS: IpvsTimeouts = { tcp: 900, tcpFin: 120, udp: 300 }

/** What the schedulers become: all of them spread by a hash, of different things. */
const SCHEDULERS: Readonly<Record<string, 'flow' | 'source' | 'destination'>> = {
  rr: 'flow',
  wrr: 'flow',
  sh: 'source',
  mh: 'source',
  dh: 'destination',
}

const invalid = (what: string): OspfError =>
  new OspfError('ERR_OSPF_IPVS_INVALID', `the nftables data plane ${what}`)

const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65535

/**
 * Reads the key of a service.
 * @throws OspfError ERR_OSPF_IPVS_INVALID for what this plane cannot tell services by
 */
export function planeKey(key: IpvsServiceKey): PlaneKey {
  const name = formatServiceKey(key)
  if ('fwmark' in key) throw invalid(`has no services by firewall mark: ${name}`)
  if (key.protocol !== 'tcp' && key.protocol !== 'udp') {
    throw invalid(`knows TCP and UDP alone: ${name}`)
  }
  if (!isIPv4(key.address)) throw invalid(`knows IPv4 addresses alone: ${name}`)
  if (!isPort(key.port)) throw invalid(`wants a port from 1 to 65535: ${name}`)
  return { protocol: key.protocol, address: key.address, port: key.port }
}

/**
 * Checks that a service asks for nothing that this plane cannot do.
 * @throws OspfError ERR_OSPF_IPVS_INVALID
 */
export function planeService(service: IpvsService): Pick<PlaneService, 'scheduler' | 'flags'> {
  const { scheduler, flags = [] } = service
  const known = Object.keys(SCHEDULERS).join(', ')
  if (!Object.hasOwn(SCHEDULERS, scheduler)) {
    throw invalid(
      `spreads by a hash (${known}) and has no scheduler '${scheduler}': it counts no connections`,
    )
  }
  if (service.persistence !== undefined) {
    throw invalid('has no persistence; scheduler sh keeps a client with its server')
  }
  if (service.onePacket === true) throw invalid('does not schedule datagrams one by one')
  const allowed = SCHEDULERS[scheduler] === 'source' ? ['flag-1', 'flag-2'] : []
  const unknown = flags.find((flag) => !allowed.includes(flag))
  if (unknown !== undefined) throw invalid(`knows no ${unknown} of scheduler ${scheduler}`)
  return { scheduler, flags }
}

/**
 * Checks a destination against its service.
 * @throws OspfError ERR_OSPF_IPVS_INVALID
 */
export function planeDestination(
  service: PlaneService,
  destination: IpvsDestination,
): Pick<PlaneDestination, 'address' | 'port' | 'weight'> & { readonly forward: 'dr' | 'nat' } {
  const { address, port, forward, weight } = destination
  const name = formatDestination(destination)
  if (!isIPv4(address)) throw invalid(`knows IPv4 addresses alone: ${name}`)
  if (!isPort(port)) throw invalid(`wants a port from 1 to 65535: ${name}`)
  if (!Number.isInteger(weight) || weight < 0 || weight > 0x7fffffff) {
    throw invalid(`wants a weight from 0 to 2147483647: ${name} has ${weight}`)
  }
  if (forward !== 'dr' && forward !== 'nat') throw invalid(`forwards by DR and NAT: ${name}`)
  if ((destination.upperThreshold ?? 0) > 0 || (destination.lowerThreshold ?? 0) > 0) {
    throw invalid(`counts no connections, so it has no thresholds: ${name}`)
  }
  if (forward === 'dr' && port !== service.key.port) {
    throw invalid(`cannot change the port with DR: ${name} of ${formatServiceKey(service.key)}`)
  }
  const others = service.destinations.filter((one) => formatDestination(one) !== name)
  if (others.length > 0 && service.forward !== forward) {
    throw invalid(`forwards all of a service one way: ${name} is ${forward}, the others are not`)
  }
  return { address, port, forward, weight }
}

/** What the hash of a service is computed of. */
export function hashInput({ scheduler, flags }: PlaneService): string {
  const what = SCHEDULERS[scheduler]
  if (what === 'destination') return 'ip daddr'
  const isPorted = what === 'flow' || flags.includes('flag-2')
  return isPorted ? 'ip saddr . th sport' : 'ip saddr'
}

/** Slots at most, unless there are more destinations. */
const SLOTS = 4096
/** Slots of mh, whatever the weights: a prime, as IPVS has. */
const CONSISTENT_SLOTS = 1021

/** Which destination has each slot of the hash, by number; none when all have weight 0. */
export function slotsOf({ scheduler, destinations }: PlaneService): number[] {
  const open = destinations.filter(({ weight }) => weight > 0)
  if (open.length === 0) return []
  if (scheduler === 'mh') return consistentSlots(open)
  const weights = scheduler === 'rr' ? open.map(() => 1) : reduced(open.map((one) => one.weight))
  return open.flatMap(({ id }, i) => new Array<number>(weights[i]!).fill(id))
}

/** Small numbers in the same proportion, as near as the bound allows; none of them is 0. */
function reduced(weights: readonly number[]): number[] {
  const divisor = weights.reduce(greatestCommonDivisor)
  const sum = weights.reduce((a, b) => a + b, 0) / divisor
  if (sum <= SLOTS) return weights.map((weight) => weight / divisor)
  const scaled = weights.map((w) => Math.max(1, Math.round((w / divisor / sum) * SLOTS)))
  return scaled
}

const greatestCommonDivisor = (a: number, b: number): number =>
  b === 0 ? a : greatestCommonDivisor(b, a % b)

/**
 * Weighted rendezvous hashing: a destination that comes or goes takes or leaves its own share of the slots, and moves
 * no other. Depends on addresses, ports and weights alone, so that two directors agree.
 */
function consistentSlots(open: readonly PlaneDestination[]): number[] {
  const seeds = open.map((one) => hashText(formatDestination(one)))
  return Array.from({ length: CONSISTENT_SLOTS }, (_, slot) => {
    let best = -1
    let highest = Number.NEGATIVE_INFINITY
    for (const [i, { weight }] of open.entries()) {
      const unit = (mix(seeds[i]! ^ Math.imul(slot + 1, 0x9e3779b1)) + 0.5) / 0x100000000
      const score = -weight / Math.log(unit)
      if (score > highest) [highest, best] = [score, open[i]!.id]
    }
    return best
  })
}

/** FNV-1a. */
function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return mix(hash)
}

/** The finalizer of MurmurHash3. */
function mix(value: number): number {
  let h = value
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
