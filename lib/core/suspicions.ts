/**
 * What looks like an attack. The protocol bears each of these by itself (it fights back at a bounded pace, drops,
 * compares contents, keeps its limits), so what is left to do is to tell the operator who it comes from: Nakibly et al.,
 * "Persistent OSPF attacks" (2012); RFC 6863. A fault, or another router with our Router ID, can look the same.
 */
import { formatIpv4 } from '../wire/address.ts'
import type { OspfEvent } from './events.ts'
import type { Instant } from './io.ts'

/** What is suspected. */
export type Attack =
  /** LSAs of ours that we did not send, each newer than what we say ("seq++"). */
  | 'own-lsa'
  /** LSAs of ours are flushed by somebody else (premature aging). */
  | 'own-max-age'
  /** An LSA of ours with the last sequence number, which only we could have come to, by using all others. */
  | 'max-sequence'
  /** One LSA changes faster than MinLSArrival lets it. */
  | 'lsa-storm'
  /** More LSAs than the database takes. */
  | 'phantom-lsas'
  /** The database exchange is begun anew again and again. */
  | 'restarts'
  /** Packets that are older than what was heard: sent again by somebody. */
  | 'replay'
  /** A neighbor has become Designated Router although the one before is alive and did not resign. */
  | 'takeover'

/** How often within a minute it happens before it is called by that name. None of this happens so often in peace. */
const thresholds: Readonly<Record<Attack, number>> = {
  'own-lsa': 3,
  'own-max-age': 3,
  'max-sequence': 1,
  'lsa-storm': 30,
  'phantom-lsas': 100,
  restarts: 5,
  replay: 10,
  takeover: 1,
}

/** Without another for so long, an episode is over. */
const QUIET_MS = 60_000
/** An episode that goes on is told again at so many times the count. */
const AGAIN = 10
/** Episodes that are remembered at a time; the oldest makes room. */
const EPISODES = 128

type AttackEvent = Extract<OspfEvent, { type: 'attack' }>

interface Episode {
  count: number
  /** At which count it is told next. */
  next: number
  last: Instant
}

/** Where something came from. Of LSAs that is who passed them on, and not always who made them. */
export interface Source {
  readonly interface: string
  readonly routerId: number
  readonly address: number
}

export class Suspicions {
  readonly #say: (event: AttackEvent) => void
  readonly #episodes = new Map<string, Episode>()

  constructor(say: (event: AttackEvent) => void) {
    this.#say = say
  }

  /**
   * Once more.
   * @param what is attacked, in words, where that is more than the source tells
   */
  add(now: Instant, attack: Attack, source: Source, what?: string): void {
    const { interface: iface, routerId, address } = source
    const key = `${attack} ${iface} ${address} ${what ?? ''}`
    const before = this.#episodes.get(key)
    const goesOn = before !== undefined && now - before.last <= QUIET_MS
    const episode = goesOn ? before : { count: 0, next: thresholds[attack], last: now }
    episode.count++
    episode.last = now
    // the newest last
    this.#episodes.delete(key)
    if (this.#episodes.size >= EPISODES) {
      const [oldest] = this.#episodes.keys()
      this.#episodes.delete(oldest!)
    }
    this.#episodes.set(key, episode)
    if (episode.count < episode.next) return
    episode.next *= AGAIN
    this.#say({
      type: 'attack',
      attack,
      interface: iface,
      routerId: formatIpv4(routerId),
      address: formatIpv4(address),
      count: episode.count,
      ...(what === undefined ? {} : { what }),
    })
  }
}
