/** What is allowed by keepalived and seldom meant: traps, each with the place and what to do. */
import { nameOf } from './keepalived-normalise.ts'
import { detectionOf } from './keepalived-times.ts'
import type {
  KeepalivedConfig,
  KeepalivedPlace,
  KeepalivedRealServer,
  KeepalivedScript,
  KeepalivedVirtualServer,
} from './keepalived-types.ts'

/**
 * - 'unreachable-quorum': quorum and hysteresis together are more than all weights; 'moving-quorum': weights change
 * - 'hash-without-fallback': mh or sh refuses clients of a server that is inhibited
 * - 'no-omega': quorum_down is not run at a stop
 * - 'persistence-default': 360 seconds, what a bare `persistence_timeout` gives
 * - 'no-alpha': servers get clients before their first check
 * - 'no-checker': a server without checks is always up; 'weak-checker': one that passes while the server fails
 * - 'slow-detection': it takes more than 30 seconds until a dead server is out
 * - 'announcing-script': a script does what announcements do here; 'mail': none is sent
 * - 'no-vip': firewall marks say no address; 'no-outage-plan': nothing happens when all servers are down
 * - 'threshold': the lower is above the upper; 'vrrp': what of it has a meaning here
 */
export type KeepalivedTrap =
  | 'unreachable-quorum'
  | 'moving-quorum'
  | 'hash-without-fallback'
  | 'no-omega'
  | 'persistence-default'
  | 'no-alpha'
  | 'no-checker'
  | 'weak-checker'
  | 'slow-detection'
  | 'announcing-script'
  | 'mail'
  | 'no-vip'
  | 'no-outage-plan'
  | 'threshold'
  | 'ha-suspend'
  | 'vrrp'

export interface KeepalivedWarning extends KeepalivedPlace {
  readonly trap: KeepalivedTrap
  readonly message: string
}

/** Seconds above which it is worth a word. */
const slow = 30

export function lintKeepalived(config: KeepalivedConfig): KeepalivedWarning[] {
  const found: KeepalivedWarning[] = []
  for (const vs of config.virtualServers)
    for (const [trap, message, at = vs] of traps(vs)) add(trap, message, at)
  const { global, instances } = config
  const first = config.virtualServers[0] ?? instances[0]
  if (first !== undefined && global.notificationEmail.length > 0)
    add(
      'mail',
      'notification_email: no mail is sent; events, hooks and metrics tell of changes',
      first,
    )
  for (const one of instances)
    add(
      'vrrp',
      `vrrp_instance ${one.name}: VRRP is not spoken; where asked for, its addresses are announced by every host that has them configured, while all that it tracks is well`,
      one,
    )
  return found

  function add(trap: KeepalivedTrap, message: string, { file, line }: KeepalivedPlace): void {
    found.push({ file, line, trap, message })
  }
}

type Trap = readonly [KeepalivedTrap, string, KeepalivedPlace?]

function* traps(vs: KeepalivedVirtualServer): Generator<Trap> {
  const name = nameOf(vs)
  yield* quorum(vs, name)
  const inhibited = vs.realServers.filter((rs) => rs.inhibitOnFailure)
  if (/^[ms]h$/.test(vs.scheduler) && !vs.flags.includes('flag-1') && inhibited.length > 0)
    yield [
      'hash-without-fallback',
      `${name}: ${vs.scheduler} without ${vs.scheduler}-fallback, and inhibit_on_failure: clients whose slot is that of a failed server are refused for as long as it is down`,
    ]
  if (vs.persistence?.timeout === 360)
    yield [
      'persistence-default',
      `${name}: clients stay with their server for 360 s after their last connection, which is what persistence_timeout without a number gives (ipvsadm: 300); say the number that is meant`,
    ]
  if (vs.haSuspend)
    yield ['ha-suspend', `${name}: ha_suspend has no meaning here, checks always run`]
  if ('fwmark' in vs.target)
    yield [
      'no-vip',
      `${name}: a firewall mark says no address, so that no VIP follows from it: announce it by name`,
    ]
  if (vs.smtpAlert) yield ['mail', `${name}: smtp_alert: no mail is sent`]
  yield* scripts(name, { quorum_up: vs.quorumUp, quorum_down: vs.quorumDown }, vs)
  const early = vs.realServers.filter((rs) => !rs.alpha && rs.checkers.length > 0)
  if (early.length > 0)
    yield [
      'no-alpha',
      `${name}: without alpha ${early.length} of ${vs.realServers.length} real servers get clients before their first check`,
    ]
  for (const rs of vs.realServers) yield* server(vs, rs)
}

function* quorum(vs: KeepalivedVirtualServer, name: string): Generator<Trap> {
  const sum = vs.realServers.reduce((sum, { weight }) => sum + weight, 0)
  const { quorum, hysteresis } = vs
  if (quorum + hysteresis > sum)
    yield [
      'unreachable-quorum',
      `${name}: quorum ${quorum} and hysteresis ${hysteresis} are more than the weight of all real servers, ${sum}: once lost the quorum is never gained again`,
    ]
  const moves = vs.realServers.some(({ checkers }) =>
    checkers.some(
      (c) => (c.type === 'MISC_CHECK' && c.dynamic) || (c.type === 'FILE_CHECK' && c.weight !== 0),
    ),
  )
  if (moves && quorum > 1)
    yield [
      'moving-quorum',
      `${name}: checks change the weights of which quorum ${quorum} is a part`,
    ]
  if (vs.quorumDown !== undefined && !vs.omega)
    yield [
      'no-omega',
      `${name}: without omega quorum_down is not run when keepalived stops: a route that it withdraws stays`,
    ]
  if (vs.sorryServer === undefined && vs.quorumDown === undefined)
    yield [
      'no-outage-plan',
      `${name}: without sorry_server and quorum_down nothing happens when the quorum is lost; here the VIP is withdrawn`,
    ]
}

function* scripts(
  name: string,
  all: Readonly<Record<string, KeepalivedScript | undefined>>,
  place: KeepalivedPlace,
): Generator<Trap> {
  for (const [keyword, script] of Object.entries(all)) {
    const line = script?.command.join(' ') ?? ''
    if (/\b(vtysh|birdc|exabgp|ip addr|ip a\b|ip route|ifconfig|systemctl)/.test(line))
      yield [
        'announcing-script',
        `${name}: ${keyword} runs '${line}': announcements follow the pool here, so that it is not needed, and would be in the way`,
        place,
      ]
  }
}

function* server(vs: KeepalivedVirtualServer, rs: KeepalivedRealServer): Generator<Trap> {
  const name = `${nameOf(vs)}: real server ${rs.address} ${rs.port}`
  if (rs.checkers.length === 0) yield ['no-checker', `${name} has no checker: it is always up`, rs]
  if (rs.upperThreshold > 0 && rs.lowerThreshold > rs.upperThreshold)
    yield ['threshold', `${name}: lthreshold is above uthreshold, which IPVS refuses`, rs]
  const { worst } = detectionOf(rs)
  if (worst !== undefined && worst > slow)
    yield [
      'slow-detection',
      `${name}: it takes up to ${round(worst)} s until it is out when it is dead`,
      rs,
    ]
  yield* scripts(name, { notify_up: rs.notifyUp, notify_down: rs.notifyDown }, rs)
  for (const c of rs.checkers) {
    if (c.type === 'SSL_GET')
      yield [
        'weak-checker',
        `${name}: SSL_GET: keepalived does not verify certificates, whatever SSL { ca } says`,
        c,
      ]
    if (c.type === 'DNS_CHECK')
      yield [
        'weak-checker',
        `${name}: DNS_CHECK: an answer without records is good, only its code is looked at`,
        c,
      ]
    if (c.type === 'UDP_CHECK' && c.requireReply === undefined)
      yield [
        'weak-checker',
        `${name}: UDP_CHECK without require_reply: only an ICMP error fails`,
        c,
      ]
    if (c.type === 'UDP_CHECK' && c.minReplyLength > c.maxReplyLength)
      yield [
        'weak-checker',
        `${name}: UDP_CHECK can never pass: min_reply_length is above max_reply_length`,
        c,
      ]
  }
}

const round = (seconds: number): number => Math.round(seconds * 100) / 100
