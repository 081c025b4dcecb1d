/**
 * Who may speak to us (RFC 2328 appendix D, RFC 7474): which key seals a packet and which sequence number it gets when
 * it leaves, and whether the seal of a packet that came in is good, by a key that is valid now, and no replay. How a
 * seal looks is `wire/auth.ts`.
 *
 * Departures
 *   - A packet's number rises with every packet, and not just now and then: some implementations take an equal number
 *     for a replay. It starts from the seconds of the wall clock, as FRR's and BIRD's do, so that a restart is none.
 *   - What is remembered of a neighbor's numbers is forgotten when it goes Down, with AuType 3 as well.
 */
import {
  AuType,
  type AuthAlgorithm,
  checkSeal,
  checkSimple,
  readSeal,
  type Seal,
  sealCryptographic,
  sealOctets,
  sealSimple,
} from '../wire/auth.ts'
import type { PacketHeader } from '../wire/packet.ts'
import type { DropReason } from './events.ts'
import type { Interface } from './interface.ts'
import type { AuthenticationConfig, ChainKey, InterfaceConfig, Lifetime } from './io.ts'
import type { Neighbor } from './neighbor.ts'

/** What can be seen of an interface's authentication: everything but the keys. */
export interface AuthenticationSnapshot {
  readonly type: keyof typeof AuType
  /** Of the key that packets are sealed with now; undefined: none, or no cryptographic authentication. */
  readonly keyId: number | undefined
  readonly algorithm: AuthAlgorithm | undefined
}

// Keys and their lifetimes (D.3)

interface KeyInUse {
  readonly key: ChainKey
  /** It was the last, and its lifetime is over. */
  readonly expired: boolean
}

const startOf = ({ from = Number.NEGATIVE_INFINITY }: Lifetime): number => from
const endOf = ({ until = Number.POSITIVE_INFINITY }: Lifetime): number => until
const holds = (lifetime: Lifetime, wall: number): boolean =>
  startOf(lifetime) <= wall && wall < endOf(lifetime)

/**
 * D.3: the youngest of the keys that are valid; of those that began together, the last in the list. When all have
 * expired, the one that did so last lives on: neither going on without authentication nor falling silent is better.
 */
export function keyInUse(
  keys: readonly ChainKey[],
  purpose: 'send' | 'accept',
  wall: number,
): KeyInUse | undefined {
  let valid: ChainKey | undefined
  let last: ChainKey | undefined
  for (const key of keys) {
    const lifetime = key[purpose]
    if (holds(lifetime, wall)) {
      if (valid === undefined || startOf(lifetime) >= startOf(valid[purpose])) valid = key
    } else if (endOf(lifetime) <= wall) {
      if (last === undefined || endOf(lifetime) >= endOf(last[purpose])) last = key
    }
  }
  if (valid) return { key: valid, expired: false }
  return last && { key: last, expired: true }
}

/** Whether packets with this key are accepted. One that we still seal with is good for our neighbors as well. */
function isAccepted(keys: readonly ChainKey[], key: ChainKey, wall: number): boolean {
  if (holds(key.accept, wall)) return true
  return (['accept', 'send'] as const).some((purpose) => {
    const used = keyInUse(keys, purpose, wall)
    return used?.expired === true && used.key === key
  })
}

// Sending

/** The cryptographic sequence numbers of our packets. */
export class SendSequences {
  readonly #words = new Map<string, number>()
  #bootCount: number | undefined
  #low = 0

  /** @param bootCount the upper 32 bits of AuType 3's numbers; undefined: the seconds of the wall clock. */
  constructor(bootCount: number | undefined) {
    this.#bootCount = bootCount
  }

  /** The next number on an interface; `wall` in milliseconds since 1970. At the end of all numbers it stays there. */
  next(iface: string, wall: number): bigint {
    const after = (this.#words.get(iface) ?? -1) + 1
    const word = Math.min(Math.max(secondsOf(wall), after), 0xffffffff)
    this.#words.set(iface, word)
    return BigInt(word)
  }

  /**
   * The next 64-bit number, one for all interfaces.
   * @param wrapped called with the boot count that goes on where the lower 32 bits are used up.
   */
  nextExtended(wall: number, wrapped: (bootCount: number) => void): bigint {
    this.#bootCount ??= Math.min(secondsOf(wall), 0xffffffff)
    if (this.#low === 0xffffffff && this.#bootCount < 0xffffffff) {
      this.#low = 0
      wrapped(++this.#bootCount)
    }
    this.#low = Math.min(this.#low + 1, 0xffffffff)
    return (BigInt(this.#bootCount) << 32n) + BigInt(this.#low)
  }

  /** Goes on with this boot count, unless the one in use is as high. */
  begin(bootCount: number): void {
    if (bootCount <= (this.#bootCount ?? -1)) return
    this.#bootCount = bootCount
    this.#low = 0
  }

  /** Goes on behind this number, the lower 32 bits of the last one used. */
  resume(low: number): void {
    this.#low = low
  }
}

const secondsOf = (wall: number): number => Math.max(0, Math.floor(wall / 1000))

/** Octets that authentication adds behind a packet, at most: keys may change between the making and the sending. */
export function authenticationOctets({ authentication }: InterfaceConfig): number {
  if (authentication?.type !== 'cryptographic') return 0
  const { extended, keys } = authentication
  return Math.max(0, ...keys.map(({ algorithm }) => sealOctets(algorithm, extended)))
}

/** Seals a packet that leaves an interface now; undefined: there is no key to do it with, so it must not leave. */
export function seal(iface: Interface, packet: Uint8Array): Uint8Array | undefined {
  const { router, address, config } = iface
  const { authentication } = config
  if (authentication === undefined) return packet
  if (authentication.type === 'simple') return sealSimple(packet, authentication.key)
  const { extended, keys } = authentication
  const used = keyInUse(keys, 'send', router.wall)
  tellKey(iface, used)
  if (used === undefined || router.digests === undefined) return undefined
  const sequence = extended
    ? router.sequences.nextExtended(router.wall, (count) =>
        router.say({ type: 'boot-count', count }),
      )
    : router.sequences.next(iface.name, router.wall)
  return sealCryptographic(
    packet,
    used.key,
    { extended, sequence, source: address },
    router.digests,
  )
}

/** Says when another key is taken, when the last one expired, and when there is none; that the first is good is no news. */
function tellKey(iface: Interface, used: KeyInUse | undefined): void {
  const state = used === undefined ? 'none' : used.expired ? 'expired' : 'valid'
  const keyId = used?.key.id
  const before = iface.keyState
  if (before?.state === state && before.keyId === keyId) return
  iface.keyState = { state, keyId }
  if (before === undefined && state === 'valid') return
  iface.router.say({ type: 'key', interface: iface.name, state, keyId })
}

// Receiving

/** The cryptographic sequence numbers of a neighbor's packets, as far as they were accepted. */
export class ReceivedSequences {
  #word: bigint | undefined
  /** By packet type: they may overtake one another (RFC 7474 2). */
  readonly #extended = new Map<number, bigint>()

  /** D.4.3 drops what is lower; AuType 3, and `strict`, what is not higher. */
  isReplay({ extended, sequence }: Seal, packetType: number, strict: boolean): boolean {
    const last = extended ? this.#extended.get(packetType) : this.#word
    if (last === undefined) return false
    return extended || strict ? sequence <= last : sequence < last
  }

  accept({ extended, sequence }: Seal, packetType: number): void {
    if (extended) this.#extended.set(packetType, sequence)
    else this.#word = sequence
  }

  forget(): void {
    this.#word = undefined
    this.#extended.clear()
  }
}

/** A packet that passed; with its seal, if it has one, to be remembered when the packet has been dealt with. */
export interface Authentic {
  readonly seal: Seal | undefined
}

/** D.4: whether a packet is from somebody who has our key. If not it is counted, and the operator told; undefined. */
export function authenticate(
  iface: Interface,
  source: number,
  bytes: Uint8Array,
  header: PacketHeader,
): Authentic | undefined {
  const { router, config } = iface
  const { authentication } = config
  const { routerId, auType } = header
  const refuse = (reason: DropReason): undefined => void router.drop(iface, reason)

  const ours = AuType[typeOf(authentication)]
  if (auType !== ours) {
    const field = 'authentication type'
    router.mismatch(iface, source, routerId, field, nameOf(ours), nameOf(auType))
    return refuse('auth-type')
  }
  if (authentication === undefined) return { seal: undefined }
  if (authentication.type === 'simple') {
    if (checkSimple(header, authentication.key)) return passed(iface, source, undefined)
    router.mismatch(iface, source, routerId, 'authentication key', 'a password', 'another')
    return refuse('auth-key')
  }

  const { keys, strictReplay } = authentication
  const found = readSeal(bytes, header)
  if (found === undefined) return refuse('auth-length')
  const key = keys.find(({ id }) => id === found.keyId)
  if (key === undefined || !isAccepted(keys, key, router.wall)) {
    const accepted = keys.filter((k) => isAccepted(keys, k, router.wall)).map(({ id }) => id)
    const listed = accepted.join(', ') || 'none'
    router.mismatch(iface, source, routerId, 'authentication key id', listed, String(found.keyId))
    return refuse('auth-key')
  }
  const neighbor = iface.neighbors.get(iface.knowsByAddress ? source : routerId)
  const isSame = neighbor?.routerId === routerId
  if (isSame && neighbor.received.isReplay(found, header.type, strictReplay)) {
    router.suspect('replay', iface, { routerId, address: source })
    return refuse('auth-sequence')
  }
  switch (router.digests && checkSeal(bytes, found, key, source, router.digests)) {
    case 'good':
      return passed(iface, source, found)
    case 'length':
      return refuse('auth-length')
    default: {
      const mine = `key ${key.id}, ${key.algorithm}`
      router.mismatch(iface, source, routerId, 'authentication key', mine, 'another')
      return refuse('auth-digest')
    }
  }
}

function passed(iface: Interface, source: number, found: Seal | undefined): Authentic {
  iface.router.agree(iface, source, 'authentication')
  return { seal: found }
}

/** The packet cannot be an old one, sent again by somebody. Without sequence numbers there is no telling. */
export const isNewer = (
  neighbor: Neighbor | undefined,
  { seal: found }: Authentic,
  { type }: PacketHeader,
): boolean => found === undefined || neighbor?.received.isReplay(found, type, true) === false

/** After a packet was dealt with: by then its sender may have become a neighbor, or have ceased to be one. */
export function rememberSeal(
  neighbor: Neighbor | undefined,
  { seal: found }: Authentic,
  header: PacketHeader,
): void {
  if (found && neighbor?.routerId === header.routerId && neighbor.state !== 'Down') {
    neighbor.received.accept(found, header.type)
  }
}

function typeOf(authentication: AuthenticationConfig | undefined): keyof typeof AuType {
  if (authentication?.type !== 'cryptographic') return authentication?.type ?? 'null'
  return authentication.extended ? 'extended' : 'cryptographic'
}

const names = Object.keys(AuType)
const nameOf = (auType: number): string => `${auType} (${names[auType] ?? 'unknown'})`

/** For those who look in: no keys. */
export function snapshotAuthentication({ config, router }: Interface): AuthenticationSnapshot {
  const { authentication } = config
  const used =
    authentication?.type === 'cryptographic'
      ? keyInUse(authentication.keys, 'send', router.wall)?.key
      : undefined
  return { type: typeOf(authentication), keyId: used?.id, algorithm: used?.algorithm }
}
