/**
 * What the counters of IPVS tell of a server.
 *
 * NAT: replies pass the director. Packets went in for a whole window, at least `minimum`, and none came out: the server
 * does not answer. So not for services where nothing comes back (syslog over UDP).
 *
 * DR and TUN: replies do not pass, and the director sees the client's half alone. A client that is answered goes on: its
 * connection becomes established, and counts as active. New TCP connections, at least `minimum` of them in a window,
 * none of which became active, and hardly more packets than SYNs and their repetitions (at most three each): the server
 * does not answer. That sees a server that is gone or drops SYNs; one that refuses looks the same, as its RSTs pass by.
 * It does not see one that accepts and hangs or serves errors, nor anything of UDP, nor any at all while a connection
 * counts as active (one that a dead server left behind does so until the client gives up), or while clients repeat their
 * SYNs so often that there are more packets than that.
 */
import type { PassiveConfig } from './director-config.ts'
import type { IpvsDestinationState } from './types.ts'

interface Sample {
  readonly at: number
  readonly connections: bigint
  readonly inPackets: bigint
  readonly outPackets: bigint
}

/** A SYN, and its repetitions after 1 s and 3 s. */
const PACKETS_UNANSWERED = 3n

export class PassiveWatch {
  readonly #config: PassiveConfig
  readonly #isTcp: boolean
  #base: Sample | undefined
  /** Failures without a good while between them. */
  #failures = 0
  /** Seconds, the last time. */
  #held = 0
  #until = Number.NEGATIVE_INFINITY

  constructor(config: PassiveConfig, isTcp: boolean) {
    this.#config = config
    this.#isTcp = isTcp
  }

  /** Until when the server stays out, in milliseconds. */
  get until(): number {
    return this.#until
  }

  /** @returns what is wrong, once a window has shown it; the server is then out until `until` */
  sample(now: number, state: IpvsDestinationState): string | undefined {
    if (now < this.#until || state.weight === 0) {
      this.#base = undefined
      return undefined
    }
    const { connections, inPackets, outPackets } = state.statistics
    const sample = { at: now, connections, inPackets, outPackets }
    const base = this.#base
    this.#base ??= sample
    if (base === undefined) return undefined
    const found =
      state.forward === 'nat' ? this.#nat(base, sample) : this.#half(base, sample, state)
    if (found === 'again') this.#base = sample
    if (found === 'again' || found === undefined) return undefined
    return this.#fail(now, found)
  }

  #nat(base: Sample, now: Sample): string | undefined {
    const { window, minimum } = this.#config
    const packets = now.inPackets - base.inPackets
    if (now.outPackets !== base.outPackets || packets <= 0n) return 'again'
    if (now.at - base.at < window * 1000) return undefined
    if (packets < BigInt(minimum)) return 'again'
    return `passive: ${packets} packets in, none out, in ${(now.at - base.at) / 1000} s`
  }

  #half(base: Sample, now: Sample, state: IpvsDestinationState): string | undefined {
    const { window, minimum } = this.#config
    const connections = now.connections - base.connections
    const packets = now.inPackets - base.inPackets
    if (!this.#isTcp || state.activeConnections > 0 || packets < 0n) return 'again'
    if (now.at - base.at < window * 1000) return undefined
    const isSilent = connections >= BigInt(minimum) && packets <= connections * PACKETS_UNANSWERED
    if (!isSilent) return 'again'
    return `passive: ${connections} connections in ${(now.at - base.at) / 1000} s, none was established`
  }

  #fail(now: number, reason: string): string {
    const { hold, maximumHold, window } = this.#config
    // in less time than it was out
    const isAgain = now - this.#until <= Math.max(this.#held, 2 * window) * 1000
    this.#failures = isAgain ? this.#failures + 1 : 0
    const seconds = Math.min(maximumHold, hold * 2 ** Math.min(this.#failures, 30))
    this.#until = now + seconds * 1000
    this.#held = seconds
    this.#base = undefined
    return `${reason}; out for ${seconds} s`
  }
}
