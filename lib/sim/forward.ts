/** Packets of users: how connections spread over equal-cost next hops, and which machine each one reaches. */
import { covers } from './fib.ts'
import { type Attachment, connected } from './medium.ts'
import type { SimNode } from './node.ts'
import { mix } from './random.ts'

/** One TCP connection: its addresses and ports, and where its packets go. */
export interface Connection {
  readonly source: number
  readonly sourcePort: number
  readonly destination: number
  readonly destinationPort: number
  /** The machines that its packets cross, first the one they start from. */
  readonly path: readonly SimNode[]
  /** The machine that owns the destination address; undefined: the packets are lost on the way. */
  readonly reached: SimNode | undefined
}

/** The part of a connection that a router hashes. */
export type Flow = Pick<Connection, 'source' | 'sourcePort' | 'destination' | 'destinationPort'>

const tcp = 6
const ttl = 64

/**
 * The 31-bit hash of a TCP flow as with Linux's `fib_multipath_hash_policy` 1 (addresses, ports, protocol), seeded by
 * the router as the kernel seeds its own at boot: two routers in a row do not choose alike.
 */
export function flowHash(flow: Flow, seed: number): number {
  let h = mix(seed ^ flow.source)
  h = mix(h ^ flow.destination)
  h = mix(h ^ ((flow.sourcePort << 16) | flow.destinationPort))
  return mix(h ^ tcp) >>> 1
}

/** Which of `n` equal next hops a hash falls on: Linux divides the range of the hash, it takes no remainder. */
export function hopOf(hash: number, n: number): number {
  let hop = 0
  while (hop < n - 1 && hash >= Math.round(((hop + 1) * 0x8000_0000) / n)) hop++
  return hop
}

/** Sends a connection's packets from a machine and follows them. `seedOf`: a router's hash seed. */
export function connect(from: SimNode, flow: Flow, seedOf: (node: SimNode) => number): Connection {
  const path = [from]
  let node = from
  while (path.length <= ttl) {
    if (node.owns(flow.destination)) return { ...flow, path, reached: node }
    const hops = nextNodes(node, flow.destination)
    const next = hops.length > 1 ? hops[hopOf(flowHash(flow, seedOf(node)), hops.length)] : hops[0]
    if (next === undefined) break
    path.push(next)
    node = next
  }
  return { ...flow, path, reached: undefined }
}

/**
 * Where a machine forwards a destination now, one entry for each next hop in the order of the route: the machine that
 * would receive it, or undefined for a hop behind which nobody is listening. Empty: no route.
 */
export function nextNodes(node: SimNode, destination: number): (SimNode | undefined)[] {
  let link: Attachment | undefined
  for (const a of node.attachments) {
    const { prefix, length } = a.segment
    if (a.carrier && covers(prefix, length, destination)) {
      if (link === undefined || length > link.segment.length) link = a
    }
  }
  const route = node.fib.lookup(destination, link?.segment.length)
  if (route === undefined) {
    if (link !== undefined) return [receiver(link, destination)]
    return node.defaultGateway === undefined ? [] : [through(node, node.defaultGateway)]
  }
  return route.nextHops.map((hop) => {
    const out = node.attachments.find((a) => a.name === hop.interface)
    return out?.carrier ? receiver(out, hop.gateway ?? destination) : undefined
  })
}

function through(node: SimNode, gateway: number): SimNode | undefined {
  const out = node.attachments.find(
    (a) => a.carrier && covers(a.segment.prefix, a.segment.length, gateway),
  )
  return out && receiver(out, gateway)
}

/** Who answers to an address on the segment, and is there to take the packet. */
function receiver(out: Attachment, address: number): SimNode | undefined {
  const to = out.segment.at(address)
  return to && connected(out, to) && to.node.forwards ? to.node : undefined
}

/** Counts connections by the name of the machine that they reach; 'lost' for those that reach none. */
export function tally(connections: readonly Connection[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { reached } of connections) {
    const name = reached?.name ?? 'lost'
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return new Map([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
}
