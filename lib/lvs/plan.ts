/** What must be done to the kernel's table to make it what is wanted, as data and as text. */
import { createHash } from 'node:crypto'
import { formatDestination, formatServiceKey, sortDestinations } from './keys.ts'
import type { IpvsDestination, IpvsDestinationState, IpvsService, IpvsServiceKey } from './types.ts'

/** One call of the port, with its reason. */
export type PlanStep =
  | { readonly do: 'addService'; readonly service: IpvsService; readonly why: string }
  | { readonly do: 'setService'; readonly service: IpvsService; readonly why: string }
  | { readonly do: 'removeService'; readonly key: IpvsServiceKey; readonly why: string }
  | {
      readonly do: 'addDestination' | 'setDestination'
      readonly key: IpvsServiceKey
      readonly destination: IpvsDestination
      readonly why: string
    }
  | {
      readonly do: 'removeDestination'
      readonly key: IpvsServiceKey
      readonly destination: Pick<IpvsDestination, 'address' | 'port'>
      readonly why: string
    }

export interface WantedService {
  readonly service: IpvsService
  /** In any order. */
  readonly destinations: readonly IpvsDestination[]
  /** Those that it may come to have, as servers come and go; default: the destinations. */
  readonly candidates?: readonly Pick<IpvsDestination, 'address' | 'port'>[]
  readonly reorder: 'idle' | 'always' | 'never'
}

/** What the kernel has: destinations oldest first. */
export interface ActualService {
  readonly service: IpvsService
  readonly destinations: readonly (IpvsDestination & Partial<IpvsDestinationState>)[]
}

export interface ServicePlan {
  readonly steps: readonly PlanStep[]
  /** How many of them come before those that lower weights and remove destinations that are not wanted. */
  readonly less: number
  /** Destinations that stand in another order than the canonical one, and stay so for now. */
  readonly disorder: number
}

/** Where the kernel has nothing to choose, the order decides which client goes where. */
const ordered = new Set(['mh', 'sh', 'dh'])

const familyBits = (service: IpvsService): number => {
  const { key } = service
  if ('fwmark' in key) return key.family === 6 ? 128 : 32
  return key.address.includes(':') ? 128 : 32
}

/** What differs between two services of one key, as words; '' if nothing does. */
export function serviceDifference(wanted: IpvsService, actual: IpvsService): string {
  const words: string[] = []
  const say = (name: string, now: unknown, then: unknown): void => {
    if (now !== then) words.push(`${name} ${then ?? 'none'} -> ${now ?? 'none'}`)
  }
  say('scheduler', wanted.scheduler, actual.scheduler)
  say('flags', flagsOf(wanted), flagsOf(actual))
  say('persistence', wanted.persistence?.timeout, actual.persistence?.timeout)
  const bits = ({ persistence }: IpvsService): number | undefined =>
    persistence && (persistence.prefixLength ?? familyBits(wanted))
  say('prefix length', bits(wanted), bits(actual))
  say('engine', wanted.persistence?.engine, actual.persistence?.engine)
  say('one packet', wanted.onePacket ?? false, actual.onePacket ?? false)
  return words.join(', ')
}

const flagsOf = ({ flags }: IpvsService): string => [...(flags ?? [])].sort().join(' ') || 'none'

/** What differs between two destinations of one address and port, as words; '' if nothing does. */
export function destinationDifference(wanted: IpvsDestination, actual: IpvsDestination): string {
  const words: string[] = []
  const say = (name: string, now: unknown, then: unknown): void => {
    if (now !== then) words.push(`${name} ${then ?? 'none'} -> ${now ?? 'none'}`)
  }
  say('weight', wanted.weight, actual.weight)
  // older kernels call one that is their own 'local'
  if (actual.forward !== 'local') say('forward', wanted.forward, actual.forward)
  say('upper threshold', wanted.upperThreshold ?? 0, actual.upperThreshold ?? 0)
  say('lower threshold', wanted.lowerThreshold ?? 0, actual.lowerThreshold ?? 0)
  if (wanted.forward === 'tun') say('tunnel', tunnelOf(wanted), tunnelOf(actual))
  return words.join(', ')
}

function tunnelOf({ tunnel }: IpvsDestination): string {
  const { type = 'ipip', port, checksum = 'none' } = tunnel ?? {}
  return type === 'ipip' ? type : `${type} ${port ?? 0} ${checksum}`
}

/**
 * The steps for one service, in an order that leaves no moment without a destination: what takes connections is added
 * or raised first, what shall take none follows. New destinations come in canonical order; see `reorder` in the options
 * for those that they should have come before.
 */
export function planService(wanted: WantedService, actual: ActualService | undefined): ServicePlan {
  const { service, reorder } = wanted
  const { key } = service
  const steps: PlanStep[] = []
  if (actual === undefined) steps.push({ do: 'addService', service, why: 'missing' })
  else {
    const why = serviceDifference(service, actual.service)
    if (why !== '') steps.push({ do: 'setService', service, why })
  }
  const there = new Map(
    actual?.destinations.map((destination) => [formatDestination(destination), destination]),
  )
  const canonical = sortDestinations(wanted.destinations)
  const names = new Set(canonical.map(formatDestination))
  const again = disordered(
    canonical,
    [...there.keys()].filter((name) => names.has(name)),
  )
  const isBusy = [...again].some((name) => connectionsOf(there.get(name)!) > 0)
  const moves =
    ordered.has(service.scheduler) &&
    again.size > 0 &&
    (reorder === 'always' || (reorder === 'idle' && !isBusy))
  const later: PlanStep[] = []
  for (const destination of canonical) {
    const name = formatDestination(destination)
    const before = there.get(name)
    if (before === undefined) {
      steps.push({ do: 'addDestination', key, destination, why: 'missing' })
    } else if (moves && again.has(name)) {
      const why = 'order'
      steps.push({ do: 'removeDestination', key, destination, why })
      steps.push({ do: 'addDestination', key, destination, why })
    } else {
      const why = destinationDifference(destination, before)
      if (why === '') continue
      const isLess = destination.weight < before.weight
      ;(isLess ? later : steps).push({ do: 'setDestination', key, destination, why })
    }
  }
  for (const [name, { address, port }] of there) {
    if (names.has(name)) continue
    later.push({ do: 'removeDestination', key, destination: { address, port }, why: 'not wanted' })
  }
  const disorder = ordered.has(service.scheduler) && !moves ? again.size : 0
  return { steps: [...steps, ...later], less: steps.length, disorder }
}

/**
 * Those that must be added again so that the order becomes the canonical one: new ones can only be added at the end, so
 * everything from the first gap or inversion on.
 */
function disordered(
  canonical: readonly IpvsDestination[],
  present: readonly string[],
): ReadonlySet<string> {
  const place = new Map(present.map((name, i) => [name, i]))
  const again = new Set<string>()
  let last = -1
  let isBroken = false
  for (const destination of canonical) {
    const name = formatDestination(destination)
    const at = place.get(name)
    // a new one goes to the end: whatever comes after it has to follow
    if (at === undefined) isBroken = true
    else if (isBroken || at < last) {
      isBroken = true
      again.add(name)
    } else last = at
  }
  return again
}

const connectionsOf = (destination: Partial<IpvsDestinationState>): number =>
  (destination.activeConnections ?? 0) +
  (destination.inactiveConnections ?? 0) +
  (destination.persistentConnections ?? 0)

/** A step as ipvsadm would be told, with its reason. */
export function formatStep(step: PlanStep): string {
  switch (step.do) {
    case 'addService':
    case 'setService': {
      const { service } = step
      const flags = service.flags?.length ? ` -b ${service.flags.join(',')}` : ''
      const { persistence } = service
      const persist = persistence === undefined ? '' : ` -p ${persistence.timeout}`
      const option = step.do === 'addService' ? '-A' : '-E'
      return `${option} ${selector(service.key)} -s ${service.scheduler}${flags}${persist} (${step.why})`
    }
    case 'removeService':
      return `-D ${selector(step.key)} (${step.why})`
    case 'addDestination':
    case 'setDestination': {
      const { destination, key } = step
      const option = step.do === 'addDestination' ? '-a' : '-e'
      const how = { nat: ' -m', dr: ' -g', tun: ' -i', local: '', bypass: '' }[destination.forward]
      return `${option} ${selector(key)} -r ${formatDestination(destination)}${how} -w ${destination.weight} (${step.why})`
    }
    case 'removeDestination':
      return `-d ${selector(step.key)} -r ${formatDestination(step.destination)} (${step.why})`
  }
}

function selector(key: IpvsServiceKey): string {
  if ('fwmark' in key) return `-f ${key.fwmark}${key.family === 6 ? ' -6' : ''}`
  const option = { tcp: '-t', udp: '-u', sctp: '--sctp-service' }[key.protocol]
  return `${option} ${formatServiceKey(key).replace(/^\w+ /, '')}`
}

/**
 * A short text that is equal on two directors if their tables send clients to the same servers: services, schedulers,
 * flags, persistence, and the destinations in their order with their weights (mh divides those by what they have in
 * common; so does this). Forwarding and thresholds do not count.
 */
export function checksumOf(services: readonly ActualService[]): string {
  const lines = services.map(({ service, destinations }) => {
    const weights = destinations.map(({ weight }) => weight)
    const common = weights.reduce(greatest, 0) || 1
    const { persistence } = service
    return [
      formatServiceKey(service.key),
      service.scheduler,
      flagsOf(service),
      persistence === undefined
        ? ''
        : `${persistence.timeout} ${persistence.prefixLength ?? familyBits(service)} ${persistence.engine ?? ''}`,
      service.onePacket ?? false,
      ...destinations.map((one) => `${formatDestination(one)} ${one.weight / common}`),
    ].join('|')
  })
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex').slice(0, 16)
}

const greatest = (a: number, b: number): number => (b === 0 ? a : greatest(b, a % b))
