/**
 * Who speaks OSPF on the segments of this host: Hellos are listened to, and nothing is said. That they come at all shows
 * that multicast and protocol 89 get here; what is in them, what a speaker would not agree with. Those who are heard are
 * asked for an echo of a full packet, since a path that loses large ones lets Hellos pass and no database.
 */
import type { HostDevice } from '../ports.ts'
import { formatIpv4, lengthOfMask, networkOf, parseIpv4 } from '../wire/address.ts'
import { decodePacket } from '../wire/packet.ts'
import type { PreflightFinding } from './preflight-checks.ts'

/** A packet of protocol 89. */
export interface HeardPacket {
  readonly source: number
  readonly bytes: Uint8Array
}

/** How a host listens. */
export interface ListeningWorld {
  /** What comes to the device within so many milliseconds. Rejects when it cannot be listened to. */
  listen(device: HostDevice, ms: number): Promise<readonly HeardPacket[]>
  /** Whether an echo request that is an IP packet of so many octets is answered. */
  echo(address: string, octets: number): Promise<boolean>
}

/** A router that was heard. */
export interface HeardRouter {
  readonly device: string
  readonly routerId: string
  readonly address: string
  readonly area: string
  /** Seconds. */
  readonly helloInterval: number
  readonly deadInterval: number
  readonly priority: number
  readonly prefixLength: number
  /** AuType of its packets: 0 null, 1 simple, 2 cryptographic. */
  readonly authentication: number
}

export interface Heard {
  readonly findings: readonly PreflightFinding[]
  readonly routers: readonly HeardRouter[]
}

/** Octets of an echo request that says whether the router answers at all. */
const SMALL = 84
/** The most that an echo request of ours may be. */
const LARGE = 1500

/** @param routerId that this host is to have */
export async function hear(
  devices: readonly HostDevice[],
  seconds: number,
  routerId: string | undefined,
  world: ListeningWorld,
): Promise<Heard> {
  const found = await Promise.all(
    devices.map(async (device) => {
      const own = new Set(device.addresses.map(({ address }) => address))
      const packets = await world.listen(device, seconds * 1000)
      const routers = routersIn(
        device,
        packets.filter(({ source }) => !own.has(source)),
      )
      const findings = [
        ...silence(device, routers, seconds),
        ...duplicates(device, routers, routerId),
        ...disagreements(device, routers),
        ...(await cuts(device, routers, world)),
      ]
      return { findings, routers }
    }),
  )
  return {
    findings: found.flatMap(({ findings }) => findings),
    routers: found.flatMap(({ routers }) => routers),
  }
}

/** By address, as each said it last. */
function routersIn(device: HostDevice, packets: readonly HeardPacket[]): HeardRouter[] {
  const routers = new Map<number, HeardRouter>()
  for (const { source, bytes } of packets) {
    try {
      const { header, body } = decodePacket(bytes)
      if (body.kind !== 'hello') continue
      routers.set(source, {
        device: device.name,
        routerId: formatIpv4(header.routerId),
        address: formatIpv4(source),
        area: formatIpv4(header.areaId),
        helloInterval: body.helloInterval,
        deadInterval: body.deadInterval,
        priority: body.priority,
        prefixLength: lengthOfMask(body.networkMask) ?? 0,
        authentication: header.auType,
      })
    } catch {
      // no packet of a router
    }
  }
  return [...routers.values()]
}

function silence(
  { name }: HostDevice,
  routers: readonly HeardRouter[],
  seconds: number,
): PreflightFinding[] {
  if (routers.length > 0) return []
  return [
    {
      id: 'silent',
      severity: 'warning',
      found: `no Hello was heard on ${name} in ${seconds} s`,
      why: 'no router speaks OSPF there; or its HelloInterval is longer; or what it sends to 224.0.0.5 does not get here (IGMP snooping, a firewall, a cloud that carries neither multicast nor protocol 89)',
      remedy: `tcpdump -ni ${name} ip proto 89, here and at the router; without multicast: network non-broadcast with neighbors, or a tunnel`,
    },
  ]
}

function duplicates(
  { name }: HostDevice,
  routers: readonly HeardRouter[],
  own: string | undefined,
): PreflightFinding[] {
  const found: PreflightFinding[] = []
  const byId = new Map<string, string[]>()
  for (const { routerId, address } of routers)
    byId.set(routerId, [...(byId.get(routerId) ?? []), address])
  for (const [id, addresses] of byId) {
    const isOurs = id === own
    if (!isOurs && addresses.length < 2) continue
    found.push({
      id: 'duplicate-router-id',
      severity: isOurs ? 'error' : 'warning',
      found: `${addresses.join(' and ')} on ${name} ${addresses.length > 1 ? 'have' : 'has'} the Router ID ${id}${isOurs ? ', which is to be ours' : ''}`,
      why: 'routers of one Router ID overwrite the LSAs of each other: routes come and go everywhere',
      remedy: 'give each router a Router ID of its own: the address of an interface is one',
    })
  }
  return found
}

/** What keeps an adjacency from being made (RFC 2328 10.5). */
function disagreements(device: HostDevice, routers: readonly HeardRouter[]): PreflightFinding[] {
  const found: PreflightFinding[] = []
  const settings = ({ area, helloInterval, deadInterval, authentication }: HeardRouter): string =>
    `area ${area}, hello ${helloInterval} s, dead ${deadInterval} s, AuType ${authentication}`
  const kinds = new Map<string, string[]>()
  for (const router of routers)
    kinds.set(settings(router), [...(kinds.get(settings(router)) ?? []), router.address])
  if (kinds.size > 1) {
    const lists = Array.from(kinds, ([what, who]) => `${who.join(', ')}: ${what}`)
    found.push({
      id: 'routers-differ',
      severity: 'warning',
      found: `routers on ${device.name} differ: ${lists.join('; ')}`,
      why: 'those that differ become no neighbors of each other, and one of them none of ours',
      remedy:
        'the same area, HelloInterval, RouterDeadInterval and authentication on all of a segment',
    })
  }
  for (const { address: text, prefixLength, routerId } of device.broadcast ? routers : []) {
    const inside = device.addresses.find(
      ({ address, prefixLength: length }) =>
        networkOf(address, length) === networkOf(parseIpv4(text)!, length),
    )
    if (inside === undefined || prefixLength === 0 || inside.prefixLength === prefixLength) continue
    found.push({
      id: 'network-mask',
      severity: 'error',
      found: `${text} (${routerId}) has /${prefixLength} on ${device.name}, and this host /${inside.prefixLength}`,
      why: 'its Hellos are dropped here, and ours there (RFC 2328 10.5): no adjacency',
      remedy: 'the same network mask on both',
    })
  }
  return found
}

async function cuts(
  { name, mtu }: HostDevice,
  routers: readonly HeardRouter[],
  world: ListeningWorld,
): Promise<PreflightFinding[]> {
  const octets = Math.min(mtu, LARGE)
  const found = await Promise.all(
    routers.map(async ({ address }): Promise<PreflightFinding[]> => {
      // one that answers no echo at all is no finding
      if (!(await world.echo(address, SMALL)) || (await world.echo(address, octets))) return []
      return [
        {
          id: 'path-mtu',
          severity: 'error',
          found: `${address} on ${name} answers an echo of ${SMALL} octets, and none of ${octets}`,
          why: 'large packets are lost on the way: an adjacency would stay in ExStart or Exchange',
          remedy: `the same MTU on both and on all that is between; that of ${name} here is ${mtu}`,
        },
      ]
    }),
  )
  return found.flat()
}

/** For people. */
export const formatHeard = (router: HeardRouter): string => {
  const { device, routerId, address, area, helloInterval, deadInterval, priority } = router
  return `heard on ${device}: ${routerId} (${address}), area ${area}, hello ${helloInterval} s, dead ${deadInterval} s, priority ${priority}`
}
