/** Settings that refuse clients, or cannot do what they seem to. */
import type { ServiceConfig } from './director-config.ts'

/** A sentence each, without its full stop. */
export function warningsOf(config: ServiceConfig): string[] {
  return [...ofHashing(config), ...ofQuorum(config), ...ofServers(config), ...ofPersistence(config)]
}

const unweighted = new Set(['rr', 'lc', 'dh', 'lblc', 'lblcr'])

function ofHashing({ service, servers, sorry }: ServiceConfig): string[] {
  const { scheduler, flags = [] } = service
  const found: string[] = []
  const isHash = scheduler === 'mh' || scheduler === 'sh'
  const isZero = servers.some(
    ({ inhibit, drain, destination }) => inhibit || drain || !destination.weight,
  )
  if (isHash && !flags.includes('flag-1')) {
    const which = isZero
      ? 'clients that are hashed to a server with weight 0 (inhibitOnFailure, drain, weight) are refused'
      : 'clients that are hashed to a server while it drains are refused'
    found.push(`${scheduler} without ${scheduler}-fallback: ${which}`)
  }
  if (scheduler === 'mh' && servers.some(({ slowStart }) => slowStart !== undefined)) {
    found.push(
      'slowStart with mh: every step moves clients between all servers (some 5 to 12 % for a doubled weight)',
    )
  }
  if (unweighted.has(scheduler)) {
    const weights = new Set(
      servers.map(({ destination }) => destination.weight).filter((w) => w > 0),
    )
    if (weights.size > 1) found.push(`${scheduler} does not look at weights, other than 0`)
    if (servers.some(({ slowStart }) => slowStart !== undefined)) {
      found.push(`slowStart with ${scheduler}, which does not look at weights, does nothing`)
    }
  }
  if (sorry !== undefined && servers.some(({ id }) => id === sorry.id)) {
    found.push(
      `the sorry server ${sorry.id} is a real server as well: it gets clients whether its checks pass or not`,
    )
  }
  return found
}

function ofQuorum(config: ServiceConfig): string[] {
  const { servers, quorum, hysteresis, quorumDown, omega } = config
  const found: string[] = []
  const total = servers.reduce((sum, { destination }) => sum + destination.weight, 0)
  const needed = Math.max(1, Math.min(quorum, total || quorum))
  const slack = Math.min(hysteresis, needed - 1)
  if (servers.length === 0) found.push('there are no servers')
  else if (total === 0) found.push('all weights are 0: the quorum cannot be gained')
  else if (quorum > total) found.push(`quorum ${quorum} is more than all weights: ${total} is used`)
  if (hysteresis > slack)
    found.push(`hysteresis ${hysteresis} is not below the quorum: ${slack} is used`)
  if (total > 0 && needed + slack > total) {
    found.push(
      `quorum ${needed} + hysteresis ${slack} is more than all weights, ${total}: it can never be gained`,
    )
  }
  if (quorumDown !== undefined && !omega) {
    found.push('quorumDown without omega does not run at a stop')
  }
  return found
}

function ofServers({ servers, passive, service }: ServiceConfig): string[] {
  const found: string[] = []
  const unchecked = servers.filter(({ checks }) => checks.length === 0).map(({ id }) => id)
  if (unchecked.length > 0 && passive === undefined) {
    found.push(`nothing checks ${list(unchecked)}: it never leaves the pool`)
  }
  const early = servers
    .filter(({ checks }) => checks.length > 0 && checks.every(({ alpha }) => !alpha))
    .map(({ id }) => id)
  if (early.length > 0) {
    found.push(`without alpha ${list(early)} gets clients before its first check`)
  }
  const isTcp = 'protocol' in service.key && service.key.protocol === 'tcp'
  const oneWay = servers.filter(({ destination }) => destination.forward !== 'nat')
  if (passive !== undefined && !isTcp && oneWay.length > 0) {
    found.push('passive checks see nothing of servers with dr or tun other than TCP')
  }
  const blind = oneWay.filter(({ checks }) => checks.length === 0).map(({ id }) => id)
  if (passive !== undefined && isTcp && blind.length > 0) {
    found.push(
      `nothing but passive checks looks at ${list(blind)}: with dr and tun they see SYNs without an answer, nothing else`,
    )
  }
  return found
}

function ofPersistence({ service, servers, drainTimeout }: ServiceConfig): string[] {
  const { persistence, scheduler, onePacket = false } = service
  if (persistence === undefined) return []
  const found: string[] = []
  if (drainTimeout > 0 || servers.some(({ inhibit, drain }) => inhibit || drain)) {
    found.push(
      'persistence: clients keep coming to a server with weight 0 unless net.ipv4.vs.expire_quiescent_template is 1',
    )
  }
  if (scheduler === 'mh') {
    found.push(
      'persistence with mh: a client stays where one director sent it, others know nothing of that',
    )
  }
  if (onePacket) found.push('persistence with onePacket: every datagram makes an entry')
  return found
}

const LISTED = 3
const list = (ids: readonly string[]): string =>
  ids.length <= LISTED
    ? ids.join(', ')
    : `${ids.slice(0, LISTED).join(', ')} and ${ids.length - LISTED} more`
