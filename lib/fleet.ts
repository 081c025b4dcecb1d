/**
 * The least number of announcers of a VIP over a fleet of directors that know of each other by OSPF alone. A director
 * whose gate has closed becomes the last resort first, so that the others hear that it is not to be counted upon; then
 * it leaves if enough others are in health. If they are not, those of the highest Router IDs among the sick stay, as the
 * last resort: every director comes to the same answer. One that has left comes back if too few are in reach, as in the
 * smaller part of a network that was cut in two.
 *
 * Why two that rely on each other do not leave together: whoever leaves has been the last resort for longer than it
 * takes the word of another, paced and flooded, to arrive, twice. Say X leaves because Y seemed in health, and Y's gate
 * closed before X's withdrawal was heard: then that withdrawal is heard before Y may leave, and Y counts anew. Among the
 * sick the order of the Router IDs has no circles. Jitter keeps those that may leave from doing so in one instant.
 */
import type { Announcer } from './core/announcers.ts'
import type { Clock } from './ports.ts'
import { formatIpv4 } from './wire/address.ts'

export interface FleetOptions {
  /** Announcers wanted. */
  readonly minimum: number
  readonly routerId: number
  /** The others that announce the VIP and are in reach. */
  readonly announcers: () => readonly Announcer[]
  /** Milliseconds between two instances of an LSA at the least. */
  readonly minLsInterval: number
  readonly clock: Clock
  /** Random numbers from 0 up to 1. */
  readonly random: () => number
}

/** Whether to be announced, as the last resort, though the gate is closed. */
export interface FleetDecision {
  readonly stays: boolean
  readonly reason: string
}

/** Milliseconds for a word to be flooded over the area, with a retransmission or two of a LAN's. */
const FLOOD_MS = 2000
/** Milliseconds. */
const JITTER_MS = 3000

const HEARING: FleetDecision = { stays: true, reason: 'the others are to hear of it first' }

export class Fleet {
  readonly #options: FleetOptions
  /** What was decided since the gate closed. */
  #decision: FleetDecision | undefined
  #timer: Disposable | undefined
  /** The time to hear of each other, and the jitter, are over. */
  #mayLeave = false

  constructor(options: FleetOptions) {
    this.#options = options
  }

  /**
   * @param isAnnounced the VIP is, in whatever way
   * @param again has this called again, if the gate is still closed
   */
  decide(isAnnounced: boolean, again: () => void): FleetDecision {
    const { minimum, announcers } = this.#options
    const others = announcers()
    if (!isAnnounced) {
      this.forget(this.#decision)
      if (others.length >= minimum) {
        const reason = said(others, 'announces it', 'announce it')
        return (this.#decision ??= { stays: false, reason })
      }
      this.#wait(this.#hearingTime, again)
      const reason = `${said(others, 'announces it', 'announce it')}, ${minimum} wanted`
      return (this.#decision = { stays: true, reason })
    }
    if (this.#decision === undefined) {
      this.#wait(this.#hearingTime, again)
      return (this.#decision = HEARING)
    }
    const decision = this.#count(others)
    if (decision.stays && !this.#isHearing) this.#mayLeave = false
    if (!decision.stays && !this.#mayLeave) {
      this.#wait(0, again)
      return this.#decision
    }
    if (this.#isHearing) return this.#decision
    return (this.#decision = decision)
  }

  /** The gate is open again, or somebody else has the last word. */
  forget(decision?: FleetDecision): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    this.#mayLeave = false
    this.#decision = decision
  }

  get #isHearing(): boolean {
    return this.#timer !== undefined
  }

  /** Twice, as the word of the one may wait for that of the other: each is paced, and flooded. */
  get #hearingTime(): number {
    return 2 * (this.#options.minLsInterval + FLOOD_MS)
  }

  #count(others: readonly Announcer[]): FleetDecision {
    const { minimum, routerId } = this.#options
    const sick = others.filter(({ isLastResort }) => isLastResort)
    const well = others.filter(({ isLastResort }) => !isLastResort)
    const before = sick.filter((other) => other.routerId > routerId)
    const healthy = said(well, 'is healthy', 'are healthy')
    if (well.length + before.length < minimum) {
      return { stays: true, reason: `${healthy}, ${minimum} wanted` }
    }
    const keepers = before.sort((a, b) => b.routerId - a.routerId).slice(0, minimum)
    const last =
      keepers.length === 0 ? '' : `, ${said(keepers, 'is the last resort', 'are the last resort')}`
    return { stays: false, reason: `${healthy}${last}` }
  }

  #wait(ms: number, again: () => void): void {
    if (this.#timer !== undefined) return
    const { clock, random } = this.#options
    this.#timer = clock.setTimer(ms + random() * JITTER_MS, () => {
      this.#timer = undefined
      this.#mayLeave = true
      again()
    })
  }
}

/** Routers that a reason names. */
const NAMED = 3

function said(those: readonly Announcer[], does: string, doAll: string): string {
  if (those.length === 0) return `no other ${does}`
  const names = those.slice(0, NAMED).map(({ routerId }) => formatIpv4(routerId))
  const more = those.length > NAMED ? ` and ${those.length - NAMED} more` : ''
  return `${names.join(', ')}${more} ${those.length === 1 ? does : doAll}`
}
