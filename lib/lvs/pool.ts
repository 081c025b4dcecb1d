/**
 * The servers of one service, as keepalived judges them (section numbers: reference/lvs.md): who is in, whether that is
 * enough, and the destinations that follow.
 */

import type { Clock } from '../ports.ts'
import type { CheckPool } from './check-run.ts'
import type { ServerConfig, ServiceConfig } from './director-config.ts'
import type { DirectorEvent } from './director-events.ts'
import type { NotifyCommand } from './director-options.ts'
import { formatDestination } from './keys.ts'
import { PoolServer, type ServerDrainResult } from './pool-server.ts'
import type { IpvsDestination, IpvsDestinationState } from './types.ts'

export interface PoolContext {
  readonly clock: Clock
  readonly checks: CheckPool
  readonly defaults: 'own' | 'keepalived'
  readonly say: (event: DirectorEvent) => void
  /** The destinations may be different now. */
  readonly changed: (pool: Pool) => void
  readonly notify: (command: NotifyCommand | undefined) => void
}

interface Tally {
  readonly present: number
  readonly up: number
  readonly unknown: number
  /** Of those that are up. */
  readonly weight: number
  readonly total: number
}

const nothing = (): Tally => ({ present: 0, up: 0, unknown: 0, weight: 0, total: 0 })

/** What a service can do for its clients. */
export type PoolStanding = 'undecided' | 'quorum' | 'sorry' | 'none'

export class Pool implements Disposable {
  config: ServiceConfig
  readonly servers: Map<string, PoolServer> = new Map()
  /** Of the servers that are up. */
  weight = 0
  hasQuorum = false
  /** Of the quorum. */
  since: number
  reason = 'not checked yet'
  readonly #context: PoolContext
  /** Everything is known that was asked at the start. */
  #isDecided: boolean
  /** Every server has been up or down: who comes now comes to others that serve. */
  #isComplete = false
  #sorry = false
  #sorryAdopted: number | undefined
  /** What each server counts for, and all of them together. */
  #tallies = new Map<PoolServer, Tally>()
  #sum: { -readonly [K in keyof Tally]: number } = nothing()
  #isJudging = false
  #mustJudge = false
  #isOver = false

  constructor(config: ServiceConfig, context: PoolContext) {
    this.config = config
    this.#context = context
    this.since = context.clock.now()
    this.#isDecided = context.defaults === 'keepalived'
  }

  /** Puts the servers of the configuration into the pool, or other ones; those that stay keep what is known of them. */
  configure(config: ServiceConfig): void {
    this.config = config
    // half of a change is not judged: what checks say meanwhile comes with the rest
    this.#isJudging = true
    const wanted = new Map(config.servers.map((server) => [server.id, server]))
    for (const [id, server] of this.servers) {
      if (!wanted.has(id)) this.#dismiss(id, server)
    }
    for (const [id, server] of wanted) this.#hire(id, server)
    const { key } = config.service
    const isTcp = 'protocol' in key && key.protocol === 'tcp'
    for (const server of this.servers.values()) server.setPassive(config.passive, isTcp)
    this.#isJudging = false
    this.#mustJudge = false
    this.judge()
  }

  #hire(id: string, config: ServerConfig): void {
    const known = this.servers.get(id)
    if (known !== undefined) {
      if (known.isLeaving) this.#undrain(known)
      return known.configure(config)
    }
    const { clock, checks } = this.#context
    const server = new PoolServer(config, { clock, checks, changed: (one) => this.judge(one) })
    this.servers.set(id, server)
  }

  /** Not in the configuration any more: at once, or when its connections have ended. */
  #dismiss(id: string, server: PoolServer): void {
    const { drainTimeout } = this.config
    if (server.isLeaving) return
    const isThere = server.weight !== undefined && server.draining !== 'over'
    if (drainTimeout > 0 && isThere && server.state === 'up') {
      server.isLeaving = true
      this.#sayDrain(server, 'begun', 0)
      void server.drain(drainTimeout)
      return
    }
    server[Symbol.dispose]()
    this.servers.delete(id)
  }

  /** What the kernel had before us stays until more is known. */
  adopt(destinations: readonly IpvsDestinationState[]): void {
    for (const destination of destinations) {
      const id = formatDestination(destination)
      const server = this.servers.get(id)
      if (server !== undefined) server.adopted = destination.weight
      if (this.config.sorry?.id === id) this.#sorryAdopted = destination.weight
    }
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    for (const server of this.servers.values()) server[Symbol.dispose]()
  }

  /** 3.6 (11): with omega everybody hears that it is over. */
  stop(): void {
    const { omega, quorumDown } = this.config
    if (!omega) return
    for (const server of this.servers.values()) {
      if (server.state === 'up') this.#context.notify(server.config.notifyDown)
    }
    if (!this.hasQuorum) return
    this.hasQuorum = false
    this.reason = 'stopped'
    this.#sayQuorum(false)
    this.#context.notify(quorumDown)
  }

  get standing(): PoolStanding {
    if (this.hasQuorum) return 'quorum'
    if (this.#sorry) return 'sorry'
    return this.#isDecided ? 'none' : 'undecided'
  }

  // What the kernel shall have

  /** 3.6 (4, 5, 8, 9). */
  wanted(): IpvsDestination[] {
    return [...this.#wanted()]
  }

  /** There is one among them that is so; the others are not looked at. */
  wantsOne(isSo: (destination: IpvsDestination) => boolean): boolean {
    for (const one of this.#wanted()) if (isSo(one)) return true
    return false
  }

  *#wanted(): Generator<IpvsDestination> {
    const { sorry } = this.config
    const kept = this.#kept()
    for (const server of this.servers.values()) {
      if (this.#sorry && server.config.id === sorry?.id) continue
      const weight = kept.has(server) ? server.effectiveWeight : this.#weightOf(server)
      if (weight !== undefined) yield { ...server.config.destination, weight }
    }
    const weight = this.#sorryWeight()
    const isTwin = sorry !== undefined && this.servers.has(sorry.id)
    if (sorry !== undefined && weight !== undefined && (this.#sorry || !isTwin)) {
      yield { ...sorry.destination, weight }
    }
  }

  /** All that may be in the table as servers come and go. */
  candidates(): IpvsDestination[] {
    const { sorry } = this.config
    const own = [...this.servers.values()].map(({ config }) => config.destination)
    return sorry === undefined ? own : [...own, sorry.destination]
  }

  #sorryWeight(): number | undefined {
    const { sorry } = this.config
    if (this.#sorry) return 1
    if (!this.#isDecided && !this.hasQuorum && this.#sorryAdopted !== undefined) {
      return this.#sorryAdopted
    }
    return sorry?.inhibit ? 0 : undefined
  }

  /** Undefined: it is not in the table. */
  #weightOf(server: PoolServer): number | undefined {
    const out = server.config.inhibit ? 0 : undefined
    if (server.draining === 'over') return server.isLeaving ? undefined : out
    const isDraining = server.draining === 'on'
    if (server.state === 'unknown') {
      return isDraining && server.adopted !== undefined ? 0 : (server.adopted ?? out)
    }
    if (server.state === 'down') return out
    // its connections go on, whoever takes the new ones
    if (isDraining) return 0
    return this.#sorry ? out : server.rampedWeight
  }

  /** Servers that are down and stay all the same: `keepLast`. */
  #kept(): ReadonlySet<PoolServer> {
    const { keepLast } = this.config
    if (keepLast === 0 || this.#sorry) return new Set()
    const all = [...this.servers.values()].filter(
      ({ isLeaving, draining }) => !isLeaving && !draining,
    )
    const missing = keepLast - all.filter(({ state }) => state === 'up').length
    if (missing <= 0) return new Set()
    const failed = all.filter(({ state }) => state === 'down').sort((a, b) => b.since - a.since)
    return new Set(failed.slice(0, missing))
  }

  // Judgement

  /** Looks at every server, or at the one that has changed, and at all of them together. */
  judge(one?: PoolServer): void {
    if (this.#isOver) return
    if (this.#isJudging) {
      // who hears of it may change something at once
      this.#mustJudge = true
      return
    }
    this.#isJudging = true
    const stood = this.#sorry
    try {
      if (one !== undefined) this.#look(one)
      else for (const server of this.servers.values()) this.#look(server)
      this.#count(one)
      if (one !== undefined && stood === this.#sorry) this.#weigh(one)
      else for (const server of this.servers.values()) this.#weigh(server)
    } finally {
      this.#isJudging = false
    }
    if (this.#mustJudge) {
      this.#mustJudge = false
      return this.judge()
    }
    this.#context.changed(this)
  }

  #look(server: PoolServer): void {
    const { clock, say, notify } = this.#context
    const { state, reason } = server.judge()
    const was = server.state
    if (state === was) {
      // the words of the moment, without an event each time
      server.reason = reason
      return
    }
    server.state = state
    server.reason = reason
    server.since = clock.now()
    const { id } = server.config
    say({
      type: 'server',
      service: this.config.name,
      server: id,
      was,
      state,
      reason,
      at: clock.now(),
    })
    if (state === 'up') {
      if (this.#isComplete && this.hasQuorum) server.ramp()
      notify(server.config.notifyUp)
    } else {
      server.endRamp()
      if (was === 'up') notify(server.config.notifyDown)
    }
    if (state !== 'unknown') server.adopted = undefined
  }

  /** 3.6 (7, 10). */
  #count(one: PoolServer | undefined): void {
    const { quorum, hysteresis, sorry } = this.config
    if (one !== undefined) this.#tally(one)
    else {
      this.#tallies = new Map()
      this.#sum = nothing()
      for (const server of this.servers.values()) this.#tally(server)
    }
    const { present, up, total, weight, unknown } = this.#sum
    const isKnown = unknown === 0
    this.weight = weight
    // 3.4: what there is not cannot be asked for
    const needed = Math.max(1, Math.min(quorum, total || quorum))
    const slack = Math.min(hysteresis, needed - 1)
    const wasDecided = this.#isDecided
    this.#isDecided ||= isKnown
    const had = this.hasQuorum
    if (had) this.hasQuorum = this.weight > 0 && this.weight >= needed - slack
    else this.hasQuorum = this.weight >= needed + slack
    this.#isComplete ||= isKnown
    this.reason = `${up} of ${present} servers up`
    const isFirst = this.#isDecided && (!wasDecided || this.#isUnsaid) && !had
    if (had !== this.hasQuorum) {
      this.since = this.#context.clock.now()
      this.#isUnsaid = false
      this.#isDecided ||= this.hasQuorum
      this.#sayQuorum(this.hasQuorum)
      this.#context.notify(this.hasQuorum ? this.config.quorumUp : this.config.quorumDown)
    } else if (isFirst && sorry !== undefined) {
      this.#isUnsaid = false
      this.#sayQuorum(false)
      this.#context.notify(this.config.quorumDown)
    }
    this.#stand(sorry !== undefined && !this.hasQuorum && this.#isDecided)
  }

  #isUnsaid = true

  /** Takes what a server counted for out of the sum, and puts in what it counts for now. */
  #tally(server: PoolServer): void {
    const before = this.#tallies.get(server)
    const isUp = server.state === 'up' && server.draining === undefined
    const weight = server.effectiveWeight
    const now: Tally = server.isLeaving
      ? nothing()
      : {
          present: 1,
          up: isUp ? 1 : 0,
          unknown: server.state === 'unknown' ? 1 : 0,
          weight: isUp ? weight : 0,
          // 3.6 (7): what checks say of weights does not change what there is
          total: server.config.destination.weight,
        }
    this.#tallies.set(server, now)
    for (const name of ['present', 'up', 'unknown', 'weight', 'total'] as const) {
      this.#sum[name] += now[name] - (before?.[name] ?? 0)
    }
  }

  #stand(active: boolean): void {
    if (active === this.#sorry) return
    this.#sorry = active
    const { clock, say } = this.#context
    const server = this.config.sorry?.id ?? ''
    say({ type: 'sorry', service: this.config.name, server, active, at: clock.now() })
  }

  #weigh(server: PoolServer): void {
    const { clock, say } = this.#context
    const weight = this.#weightOf(server)
    const was = server.weight
    server.weight = weight
    if (was === undefined || weight === undefined || was === weight) return
    if (server.state !== 'up') return
    const reason =
      server.draining !== undefined ? 'drain' : server.isRamping ? 'slow start' : 'as checks say'
    const { name } = this.config
    const { id } = server.config
    say({ type: 'weight', service: name, server: id, was, weight, reason, at: clock.now() })
  }

  #sayQuorum(gained: boolean): void {
    const { clock, say } = this.#context
    const { name, quorum, hysteresis } = this.config
    const { weight, reason } = this
    const at = clock.now()
    say({ type: 'quorum', service: name, gained, weight, quorum, hysteresis, reason, at })
  }

  // Draining, and what the counters say

  /** Somebody waits for connections to end. */
  get isFollowed(): boolean {
    return [...this.servers.values()].some((server) => server.isFollowed)
  }

  drain(id: string, seconds: number | undefined): Promise<ServerDrainResult> | undefined {
    const server = this.servers.get(id)
    if (server === undefined) return undefined
    if (server.draining === undefined) this.#sayDrain(server, 'begun', 0)
    const done = server.drain(seconds)
    this.judge()
    return done
  }

  undrain(id: string): boolean {
    const server = this.servers.get(id)
    if (server === undefined || server.isLeaving || !this.#undrain(server)) return false
    this.judge()
    return true
  }

  #undrain(server: PoolServer): boolean {
    server.isLeaving = false
    if (!server.endDrain('undone', 0)) return false
    this.#sayDrain(server, 'undone', 0)
    server.ramp()
    return true
  }

  /** The table as it was read just now. @param isCounted it tells how many connections are open */
  sample(destinations: readonly IpvsDestinationState[], isCounted: boolean): void {
    const states = new Map(destinations.map((one) => [formatDestination(one), one]))
    let isChanged = false
    for (const [id, server] of this.servers) {
      const state = states.get(id)
      if (state !== undefined) {
        const before = server.judge().state
        server.sample(state)
        isChanged ||= server.judge().state !== before
      }
      // connections of one whose weight is not 0 yet say nothing
      if (!server.isFollowed || (state !== undefined && state.weight > 0)) continue
      const connections = state?.activeConnections ?? 0
      const what = server.follow(isCounted || state === undefined ? connections : undefined)
      if (what === undefined) continue
      isChanged = true
      this.#sayDrain(server, what, connections)
      if (!server.isLeaving) continue
      server[Symbol.dispose]()
      this.servers.delete(id)
    }
    if (isChanged) this.judge()
  }

  #sayDrain(
    server: PoolServer,
    what: Extract<DirectorEvent, { type: 'drain' }>['what'],
    connections: number,
  ): void {
    const { clock, say } = this.#context
    const { id } = server.config
    say({
      type: 'drain',
      service: this.config.name,
      server: id,
      what,
      connections,
      at: clock.now(),
    })
  }
}
