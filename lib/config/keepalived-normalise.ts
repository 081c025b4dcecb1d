/** What keepalived makes of a configuration once it is read: values inherited, contradictions resolved, each reported. */
import type { IpvsPersistence } from '../lvs/types.ts'
import type { Draft, RealServerDraft, VirtualServerDraft } from './keepalived-draft.ts'
import { checkersOf } from './keepalived-inherit.ts'
import { bareTimeout } from './keepalived-servers.ts'
import type {
  KeepalivedForward,
  KeepalivedGroup,
  KeepalivedPlace,
  KeepalivedRealServer,
  KeepalivedSorryServer,
  KeepalivedTarget,
  KeepalivedVirtualServer,
} from './keepalived-types.ts'

export function normalised(d: Draft): KeepalivedVirtualServer[] {
  return d.virtualServers.flatMap((vs) => {
    const done = new Virtual(d, vs).finish()
    return done === undefined ? [] : [done]
  })
}

/** What keepalived calls it in its messages. */
export function nameOf(vs: {
  readonly target: KeepalivedTarget
  readonly protocol?: string
}): string {
  const { target } = vs
  if ('fwmark' in target) return `FWM ${target.fwmark}`
  if ('group' in target) return target.group
  return `[${target.address}]:${vs.protocol ?? 'none'}:${target.port}`
}

class Virtual {
  readonly #d: Draft
  readonly #vs: VirtualServerDraft
  readonly #group: KeepalivedGroup | undefined

  constructor(d: Draft, vs: VirtualServerDraft) {
    this.#d = d
    this.#vs = vs
    const { target } = vs
    // the first of a name counts
    this.#group = 'group' in target ? d.groups.find(({ name }) => name === target.group) : undefined
  }

  #changed(message: string, { file, line }: KeepalivedPlace = this.#vs): void {
    this.#d.reports.report('changed', message, { file, line })
  }

  get #name(): string {
    return nameOf(this.#vs)
  }

  finish(): KeepalivedVirtualServer | undefined {
    const vs = this.#vs
    if (vs.realServers.length === 0) {
      this.#changed(`Virtual server ${this.#name} has no real servers - ignoring`)
      return undefined
    }
    if ('group' in vs.target && this.#group === undefined) {
      this.#changed(`Virtual server ${this.#name}: there is no such group - ignoring`)
      return undefined
    }
    this.#service()
    const servers = this.#withoutDuplicates()
    const forwards = new Map(servers.map((rs) => [rs, this.#forward(rs)]))
    const sorryForward = vs.sorry && this.#forward(vs.sorry)
    this.#sorry(servers)
    this.#quorum(servers)
    for (const [rs, { forward }] of forwards) this.#port(rs, forward, 'real server')
    if (vs.sorry !== undefined && sorryForward !== undefined)
      this.#port(vs.sorry, sorryForward.forward, 'sorry server')
    return this.#result(
      servers.map((rs) => this.#real(rs, forwards.get(rs)!)),
      sorryForward,
    )
  }

  get #entries(): KeepalivedGroup['entries'] {
    return this.#group?.entries ?? []
  }
  get #hasMark(): boolean {
    return 'fwmark' in this.#vs.target || this.#entries.some((one) => 'fwmark' in one)
  }
  get #hasAddress(): boolean {
    return 'address' in this.#vs.target || this.#entries.some((one) => 'first' in one)
  }

  /** Protocol, one-packet scheduling, persistence, scheduler. */
  #service(): void {
    const vs = this.#vs
    if (vs.haSuspend && this.#hasMark) {
      this.#changed(
        `Virtual server ${this.#name}: cannot use ha_suspend with fwmarks - clearing ha_suspend`,
      )
      vs.haSuspend = false
    }
    if (this.#hasAddress) {
      if (vs.protocol === undefined) {
        this.#changed(`Virtual server ${this.#name}: no protocol set - defaulting to UDP`)
        vs.protocol = 'udp'
      }
      if (vs.onePacket && vs.protocol !== 'udp') {
        this.#changed(
          `Virtual server ${this.#name}: one packet scheduling requires UDP - resetting`,
        )
        vs.onePacket = false
      }
    } else if (vs.protocol !== undefined) {
      this.#changed(
        `Warning: Virtual server ${this.#name}: protocol specified for fwmark - protocol will be ignored`,
      )
      delete vs.protocol
    }
    const zero =
      ('address' in vs.target && vs.target.port === 0) ||
      this.#entries.some((one) => 'first' in one && one.port === 0)
    if (vs.persistenceTimeout === undefined && zero) {
      this.#changed(
        `Virtual server ${this.#name}: zero port only valid for persistent services - setting`,
      )
      vs.persistenceTimeout = bareTimeout
    }
    if (vs.scheduler !== undefined) return
    this.#changed(`Virtual server ${this.#name}: no scheduler set, setting default 'wlc'`)
    vs.scheduler = 'wlc'
  }

  #withoutDuplicates(): RealServerDraft[] {
    const seen = new Set<string>()
    return this.#vs.realServers.filter((rs) => {
      const key = `${rs.address} ${rs.port}`
      if (seen.has(key)) {
        this.#changed(
          `VS ${this.#name}: real server [${rs.address}]:${rs.port} is duplicated - removing second rs`,
          rs,
        )
        return false
      }
      seen.add(key)
      return true
    })
  }

  #forward({ forward, tunnel }: Partial<KeepalivedForward>): KeepalivedForward {
    const vs = this.#vs
    if (forward !== undefined) return tunnel === undefined ? { forward } : { forward, tunnel }
    if (vs.forward === undefined) {
      this.#changed(`Virtual server ${this.#name}: no forwarding method set, setting default NAT`)
      vs.forward = 'nat'
    }
    return vs.tunnel === undefined
      ? { forward: vs.forward }
      : { forward: vs.forward, tunnel: vs.tunnel }
  }

  #sorry(servers: readonly RealServerDraft[]): void {
    const { sorry, inhibit: all } = this.#vs
    for (const rs of servers) {
      if (sorry === undefined || rs.address !== sorry.address || rs.port !== sorry.port) continue
      const inhibit = rs.inhibit ?? all
      if (sorry.inhibit === inhibit) continue
      this.#changed(
        `Virtual server ${this.#name}: real server [${rs.address}]:${rs.port} matches sorry server, but inhibit setting differs, ${inhibit ? 'sett' : 'clear'}ing on sorry server`,
      )
      sorry.inhibit = inhibit
    }
  }

  #quorum(servers: readonly RealServerDraft[]): void {
    const vs = this.#vs
    const sum = servers.reduce((sum, { weight = vs.weight }) => sum + weight, 0)
    if (vs.quorum > sum) {
      this.#changed(
        `Warning - quorum ${vs.quorum} for ${this.#name} exceeds total weight of real servers ${sum}, reducing quorum to ${sum}`,
      )
      vs.quorum = sum
    }
    if (vs.hysteresis < vs.quorum) return
    const least = Math.max(vs.quorum - 1, 0)
    this.#changed(
      `Virtual server ${this.#name}: hysteresis ${vs.hysteresis} >= quorum ${vs.quorum}; setting hysteresis to ${least}`,
    )
    vs.hysteresis = least
  }

  /** But for NAT the port of a server is that of the service. */
  #port(
    server: { address: string; port: number } & KeepalivedPlace,
    forward: string,
    what: string,
  ): void {
    const { target } = this.#vs
    const name = `${what} [${server.address}]:${server.port}`
    if ('group' in target) {
      if (forward === 'nat' || server.port === 0) return
      if (this.#hasMark)
        this.#changed(
          `WARNING - fwmark virtual server ${this.#name}, ${name} has port specified - port will be ignored`,
          server,
        )
      for (const one of this.#entries)
        if ('first' in one && one.port !== server.port)
          this.#changed(
            `virtual server ${this.#name}:[${one.first}] and ${name} ports don't match`,
            server,
          )
      return
    }
    const own = 'address' in target ? target.port : 0
    if (server.port === own) return
    if (server.port === 0) {
      server.port = own
      return
    }
    if (forward === 'nat') return
    this.#changed(
      'fwmark' in target
        ? `WARNING - fwmark virtual server ${this.#name}, ${name} has port specified - clearing`
        : `WARNING - virtual server ${this.#name} and ${name} ports don't match - resetting`,
      server,
    )
    server.port = own
  }

  #real(rs: RealServerDraft, forward: KeepalivedForward): KeepalivedRealServer {
    const vs = this.#vs
    const { global } = this.#d
    const { file, line, address, port, upperThreshold, lowerThreshold } = rs
    const { notifyUp, notifyDown, virtualHost = vs.virtualHost, snmpName } = rs
    return {
      file,
      line,
      address,
      port,
      ...forward,
      weight: rs.weight ?? vs.weight,
      upperThreshold,
      lowerThreshold,
      inhibitOnFailure: rs.inhibit ?? vs.inhibit,
      alpha: rs.alpha ?? vs.alpha,
      smtpAlert: rs.smtpAlert ?? global.smtpAlertChecker ?? global.smtpAlert ?? true,
      ...(notifyUp === undefined ? {} : { notifyUp }),
      ...(notifyDown === undefined ? {} : { notifyDown }),
      ...(virtualHost === undefined ? {} : { virtualHost }),
      ...(snmpName === undefined ? {} : { snmpName }),
      checkers: checkersOf(rs, vs, global),
    }
  }

  #result(
    realServers: readonly KeepalivedRealServer[],
    sorryForward: KeepalivedForward | undefined,
  ): KeepalivedVirtualServer {
    const vs = this.#vs
    const { global } = this.#d
    const { file, line, target, protocol, onePacket, haSuspend, alpha, omega, quorum, hysteresis } =
      vs
    const { quorumUp, quorumDown, virtualHost, snmpName } = vs
    const persistence = this.#persistence()
    const sorryServer = sorryForward && this.#sorryServer(sorryForward)
    return {
      file,
      line,
      target,
      family: vs.family ?? (realServers.some((rs) => rs.address.includes('.')) ? 4 : 6),
      scheduler: vs.scheduler!,
      flags: [...vs.flags].sort(),
      onePacket,
      haSuspend,
      alpha,
      omega,
      quorum,
      hysteresis,
      smtpAlert: vs.smtpAlert ?? global.smtpAlertChecker ?? global.smtpAlert ?? false,
      realServers,
      ...(protocol === undefined ? {} : { protocol }),
      ...(persistence === undefined ? {} : { persistence }),
      ...(quorumUp === undefined ? {} : { quorumUp }),
      ...(quorumDown === undefined ? {} : { quorumDown }),
      ...(virtualHost === undefined ? {} : { virtualHost }),
      ...(snmpName === undefined ? {} : { snmpName }),
      ...(sorryServer === undefined ? {} : { sorryServer }),
    }
  }

  #persistence(): IpvsPersistence | undefined {
    const { persistenceTimeout: timeout, granularity: prefixLength, engine } = this.#vs
    if (timeout === undefined) return undefined
    return {
      timeout,
      ...(prefixLength === undefined ? {} : { prefixLength }),
      ...(engine === undefined ? {} : { engine }),
    }
  }

  #sorryServer(forward: KeepalivedForward): KeepalivedSorryServer {
    const { file, line, address, port, inhibit } = this.#vs.sorry!
    return { file, line, address, port, inhibit, ...forward }
  }
}
