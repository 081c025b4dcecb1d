/** Hello packets: sending (RFC 2328 9.5) and receiving (10.5). */
import { formatIpv4, lengthOfMask } from '../wire/address.ts'
import type { HelloBody } from '../wire/hello.ts'
import { Option } from '../wire/options.ts'
import type { PacketHeader } from '../wire/packet.ts'
import { ALL_SPF_ROUTERS, HELLO_GAP_MS } from './constants.ts'
import type { MismatchField } from './events.ts'
import type { Interface } from './interface.ts'
import type { Datagram } from './io.ts'
import { Neighbor } from './neighbor.ts'

/** To everybody on the network, or to those that 9.5.1 names. */
export function sendHello(iface: Interface, goodbye = false): void {
  if (iface.isVirtual) return sendHelloTo(iface, [iface.endpointAddress], goodbye)
  if (!iface.isUnicast) return sendHelloTo(iface, [ALL_SPF_ROUTERS], goodbye)
  const { router, config } = iface
  const poll = (config.pollInterval ?? DEFAULT_POLL_INTERVAL_S) * 1000
  const due: Neighbor[] = []
  for (const neighbor of iface.neighbors.values()) {
    if (!isGreeted(iface, neighbor)) continue
    if (neighbor.state === 'Down' && router.now - neighbor.helloSentAt < poll) continue
    neighbor.helloSentAt = router.now
    due.push(neighbor)
  }
  const addresses = due.map((neighbor) => neighbor.address)
  sendHelloTo(iface, addresses, goodbye)
}

/** 9.5.1: who may become Designated Router greets its like, and all once it is; others greet those two. */
function isGreeted(iface: Interface, neighbor: Neighbor): boolean {
  if (!iface.electsDr() || iface.isElected) return true
  const { address, priority, state } = neighbor
  if (address === iface.designatedRouter || address === iface.backupDesignatedRouter) return true
  const mayBecome =
    state === 'Down' || state === 'Attempt'
      ? (iface.configured(address)?.eligible ?? false)
      : priority > 0
  return iface.isEligible() && mayBecome
}

export function sendHelloTo(
  iface: Interface,
  destinations: readonly number[],
  goodbye = false,
): void {
  const { router, config } = iface
  if (iface.state === 'Down' || iface.state === 'Loopback' || config.passive) return
  if (destinations.length === 0) return
  iface.lastHelloAt = router.now
  const neighbors: number[] = []
  if (!goodbye) {
    for (const neighbor of iface.neighbors.values()) {
      if (neighbor.state !== 'Down' && neighbor.state !== 'Attempt') {
        neighbors.push(neighbor.routerId)
      }
    }
  }
  const hello: HelloBody = {
    kind: 'hello',
    // 9.5: point-to-point networks have no mask to agree on, but everybody fills it in
    networkMask: iface.isVirtual ? 0 : iface.mask,
    helloInterval: config.helloMultiplier ? 0 : config.helloInterval,
    options: iface.options,
    priority: goodbye ? 0 : iface.priority,
    deadInterval: config.deadInterval,
    designatedRouter: goodbye ? 0 : iface.designatedRouter,
    backupDesignatedRouter: goodbye ? 0 : iface.backupDesignatedRouter,
    neighbors,
  }
  for (const destination of destinations) router.send(iface, destination, hello)
}

export function receiveHello(
  iface: Interface,
  datagram: Datagram,
  header: PacketHeader,
  hello: HelloBody,
): void {
  const { router } = iface
  const { source } = datagram
  const [differs] = helloMismatches(iface, hello)
  if (differs) {
    router.mismatch(iface, source, header.routerId, ...differs)
    return router.drop(iface, 'hello-mismatch')
  }
  router.agree(iface, source, 'hello')

  const key = iface.knowsByAddress ? source : header.routerId
  let neighbor = iface.neighbors.get(key)
  if (neighbor?.routerId === 0) neighbor.routerId = header.routerId
  if (neighbor && neighbor.routerId !== header.routerId) {
    // the same address with another Router ID is another router
    neighbor.event('KillNbr')
    neighbor = undefined
  }
  const isNew = neighbor === undefined
  if (!neighbor) {
    if (iface.neighbors.size >= router.limits.neighborsPerInterface) {
      router.limitReached('neighbors', router.limits.neighborsPerInterface)
      return router.drop(iface, 'neighbor-limit')
    }
    neighbor = new Neighbor(iface, header.routerId, source)
    iface.neighbors.set(key, neighbor)
  }
  // on point-to-point networks the address is learned from the packet, and may change: it is the next hop
  if (neighbor.address !== source) {
    neighbor.address = source
    if (neighbor.state === 'Full')
      iface.area.recalculate({ what: 'tree' }, `address of neighbor ${formatIpv4(header.routerId)}`)
  }
  const was = {
    priority: neighbor.priority,
    isDr: neighbor.designatedRouter === source,
    isBdr: neighbor.backupDesignatedRouter === source,
  }

  neighbor.priority = hello.priority
  neighbor.designatedRouter = hello.designatedRouter
  neighbor.backupDesignatedRouter = hello.backupDesignatedRouter
  neighbor.options = hello.options

  neighbor.event('HelloReceived')
  if (isNew) answerSoon(iface)
  if (!hello.neighbors.includes(router.routerId)) return neighbor.event('1-WayReceived')
  neighbor.event('2-WayReceived')
  router.exchanges.retry(neighbor)

  if (iface.isUnicast && iface.electsDr() && iface.priority === 0 && hello.priority > 0) {
    // 9.5.1: who is not eligible answers those who are
    sendHelloTo(iface, [source])
  }
  if (!iface.electsDr()) return
  const isDr = hello.designatedRouter === source
  const isBdr = hello.backupDesignatedRouter === source
  if (iface.state === 'Waiting') {
    if (isBdr || (isDr && hello.backupDesignatedRouter === 0)) iface.event('BackupSeen')
  } else if (was.priority !== hello.priority || was.isDr !== isDr || was.isBdr !== isBdr) {
    iface.event('NeighborChange')
  }
}

const capabilities = [
  ['E-bit', Option.e],
  ['N-bit', Option.np],
] as const

/** PollInterval (C.5). */
const DEFAULT_POLL_INTERVAL_S = 120

export type HelloMismatch = readonly [field: MismatchField, ours: string, theirs: string]

/** 10.5: what must agree and does not. The mask does not count on point-to-point networks. */
export function helloMismatches(iface: Interface, hello: HelloBody): HelloMismatch[] {
  const { config, mask, options } = iface
  const found: HelloMismatch[] = []
  if (iface.knowsByAddress && hello.networkMask !== mask) {
    found.push(['network mask', formatMask(mask), formatMask(hello.networkMask)])
  }
  if (!config.helloMultiplier && hello.helloInterval !== config.helloInterval) {
    found.push(['HelloInterval', `${config.helloInterval} s`, `${hello.helloInterval} s`])
  }
  if (hello.deadInterval !== config.deadInterval) {
    found.push(['RouterDeadInterval', `${config.deadInterval} s`, `${hello.deadInterval} s`])
  }
  // RFC 3101 2.1: the N-bit as well
  for (const [name, bit] of capabilities) {
    if ((hello.options & bit) === (options & bit)) continue
    found.push([name, String(options & bit ? 1 : 0), String(hello.options & bit ? 1 : 0)])
  }
  return found
}

const formatMask = (mask: number): string => {
  const length = lengthOfMask(mask)
  return length === undefined ? formatIpv4(mask) : `${formatIpv4(mask)} (/${length})`
}

/** A new neighbor need not wait for our next Hello to see itself in it. */
function answerSoon(iface: Interface): void {
  const at = Math.max(iface.router.now, iface.lastHelloAt + HELLO_GAP_MS)
  if (at < iface.helloTimer.at) iface.helloTimer.set(at)
}
