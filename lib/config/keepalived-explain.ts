/** A keepalived.conf told in plain words: what each block means here, how fast failures are noticed, and the traps. */
import { type KeepalivedWarning, lintKeepalived } from './keepalived-lint.ts'
import { nameOf } from './keepalived-normalise.ts'
import { detectionOf, worstOf } from './keepalived-times.ts'
import type {
  KeepalivedChecker,
  KeepalivedConfig,
  KeepalivedForward,
  KeepalivedInstance,
  KeepalivedRealServer,
  KeepalivedVirtualServer,
} from './keepalived-types.ts'

export interface KeepalivedServerExplanation {
  readonly address: string
  readonly port: number
  readonly weight: number
  /** Seconds until it is out when it is dead, at worst; undefined: no check asks it. */
  readonly detection?: number
  readonly checks: readonly { readonly what: string; readonly detection?: number }[]
}

export interface KeepalivedServiceExplanation {
  /** As keepalived calls it. */
  readonly name: string
  readonly file: string
  readonly line: number
  readonly summary: string
  readonly servers: readonly KeepalivedServerExplanation[]
}

export interface KeepalivedExplanation {
  readonly services: readonly KeepalivedServiceExplanation[]
  readonly instances: readonly { readonly name: string; readonly summary: string }[]
  readonly warnings: readonly KeepalivedWarning[]
  /** All of it, for reading. */
  readonly text: string
}

export function explainKeepalived(config: KeepalivedConfig): KeepalivedExplanation {
  const services = config.virtualServers.map(service)
  const instances = config.instances.map((one) => ({ name: one.name, summary: instance(one) }))
  const warnings = lintKeepalived(config)
  return { services, instances, warnings, text: textOf(config, services, instances, warnings) }
}

function service(vs: KeepalivedVirtualServer): KeepalivedServiceExplanation {
  const { file, line } = vs
  return { name: nameOf(vs), file, line, summary: summary(vs), servers: vs.realServers.map(server) }
}

const forwards = { nat: 'NAT', dr: 'direct routing', tun: 'tunnel' } as const

function forward({ forward, tunnel }: KeepalivedForward): string {
  if (tunnel === undefined) return forwards[forward]
  const port = tunnel.port === undefined ? '' : ` to port ${tunnel.port}`
  return `${tunnel.type} ${forwards[forward]}${port}`
}

function summary(vs: KeepalivedVirtualServer): string {
  const { scheduler, flags, persistence, quorum, hysteresis, sorryServer } = vs
  const sum = vs.realServers.reduce((sum, { weight }) => sum + weight, 0)
  const methods = [...new Set(vs.realServers.map(forward))].join(' and ')
  const up = hysteresis === 0 ? `${quorum}` : `${quorum + hysteresis}`
  const parts = [
    `scheduler ${[scheduler, ...flags].join(' ')}`,
    methods,
    ...(vs.onePacket ? ['every datagram for itself'] : []),
    ...(persistence === undefined
      ? []
      : [`clients stay with their server for ${persistence.timeout} s`]),
    `serves from a weight of ${up} of ${sum} on${hysteresis === 0 ? '' : `, until below ${quorum - hysteresis}`}`,
    sorryServer === undefined
      ? 'without the quorum its VIP is withdrawn'
      : `without the quorum ${sorryServer.address} ${sorryServer.port} says sorry (${forward(sorryServer)})`,
  ]
  return parts.join('; ')
}

function server(rs: KeepalivedRealServer): KeepalivedServerExplanation {
  const { address, port, weight } = rs
  const { worst } = detectionOf(rs)
  return {
    address,
    port,
    weight,
    ...(worst === undefined ? {} : { detection: round(worst) }),
    checks: rs.checkers.map((checker) => {
      const worst = worstOf(checker)
      return { what: check(checker), ...(worst === undefined ? {} : { detection: round(worst) }) }
    }),
  }
}

const round = (seconds: number): number => Math.round(seconds * 1000) / 1000

function check(c: KeepalivedChecker): string {
  if (c.type === 'BFD_CHECK') return `BFD session ${c.name}`
  if (c.type === 'FILE_CHECK')
    return c.weight === 0
      ? `file ${c.trackFile}: fails for every number but 0`
      : `file ${c.trackFile}: its number times ${c.reverse ? -c.weight : c.weight} is added to the weight`
  const often = `every ${c.delayLoop} s, down after ${c.retry + 1} in a row`
  const pause = c.retry === 0 ? '' : `, ${c.delayBeforeRetry} s apart`
  if (c.type === 'MISC_CHECK')
    return `${c.script.command.join(' ')} (at most ${c.timeout} s${c.dynamic ? ', sets the weight' : ''}): ${often}${pause}`
  const { address, port, connectTimeout } = c.connection
  return `${c.type} ${address} ${port}${asked(c)} (at most ${connectTimeout} s): ${often}${pause}`
}

function asked(c: KeepalivedChecker): string {
  switch (c.type) {
    case 'HTTP_GET':
    case 'SSL_GET':
      return `, ${c.urls.map(({ path, statusCodes }) => `${path} -> ${statusCodes.map(([a, b]) => (a === b ? a : `${a}-${b}`)).join(',')}`).join(' and ')}`
    case 'DNS_CHECK':
      return `, ${c.queryType} of ${c.name}`
    case 'SMTP_CHECK':
      return `, HELO ${c.heloName}`
    default:
      return ''
  }
}

function instance(one: KeepalivedInstance): string {
  const all = [...one.addresses, ...one.excludedAddresses].map(({ address }) => address)
  const gates = [...one.trackScripts, ...one.trackFiles].map(({ name }) => name)
  const when =
    gates.length === 0
      ? ''
      : ` while ${gates.join(' and ')} ${gates.length === 1 ? 'is' : 'are'} well`
  return all.length === 0 ? 'no addresses' : `${all.join(', ')}: announced, if asked for${when}`
}

function textOf(
  config: KeepalivedConfig,
  services: readonly KeepalivedServiceExplanation[],
  instances: KeepalivedExplanation['instances'],
  warnings: readonly KeepalivedWarning[],
): string {
  const lines: string[] = []
  for (const { name, file, line, summary, servers } of services) {
    lines.push(`virtual_server ${name} (${file}:${line})`, `  ${summary}`)
    for (const { address, port, weight, detection, checks } of servers) {
      const out =
        detection === undefined ? 'never checked' : `when dead, out after at most ${detection} s`
      lines.push(`  real_server ${address} ${port}, weight ${weight}: ${out}`)
      for (const { what } of checks) lines.push(`    ${what}`)
    }
  }
  for (const { name, summary } of instances) lines.push(`vrrp_instance ${name}`, `  ${summary}`)
  const { lvsTimeouts: t } = config.global
  const timeouts = Object.entries(t).map(([name, seconds]) => `${name} ${seconds} s`)
  if (timeouts.length > 0)
    lines.push(`connections without packets are forgotten after: ${timeouts.join(', ')}`)
  if (lines.length === 0) lines.push('no virtual_server and no vrrp_instance')
  if (warnings.length > 0) lines.push('', 'Worth a look:')
  for (const { file, line, message } of warnings) lines.push(`  ${file}:${line}: ${message}`)
  return `${lines.join('\n')}\n`
}
