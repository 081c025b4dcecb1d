/**
 * Packets that were read and wait to be dealt with, while more arrive than we keep up with. Hellos and acknowledgements
 * overtake them (RFC 4222, recommendation 1): they are what adjacencies hang on, and they are cheap.
 */
import type { Datagram } from '../core/io.ts'

const HEADER_OCTETS = 24
const HELLO = 1
const LS_ACK = 5
const AU_TYPE_CRYPTOGRAPHIC = 2

export class Backlog {
  readonly #limit: number
  #packets: Datagram[] = []
  #read = 0
  /** How many there are of a source. */
  readonly #sources = new Map<number, number>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#packets.length - this.#read
  }

  get isFull(): boolean {
    return this.size >= this.#limit
  }

  /**
   * Whether a packet may be dealt with before those that wait. With AuType 2 it may not overtake packets of its sender,
   * whose numbers are lower and would be those of replays (D.4.3); AuType 3 counts each packet type by itself.
   */
  mayOvertake({ source, bytes }: Datagram): boolean {
    if (bytes.length < HEADER_OCTETS || (bytes[1] !== HELLO && bytes[1] !== LS_ACK)) return false
    const auType = (bytes[14]! << 8) | bytes[15]!
    return auType !== AU_TYPE_CRYPTOGRAPHIC || !this.#sources.has(source)
  }

  /** Keeps a copy. */
  push(datagram: Datagram): void {
    const { source, bytes } = datagram
    this.#packets.push({ ...datagram, bytes: bytes.slice() })
    this.#sources.set(source, (this.#sources.get(source) ?? 0) + 1)
  }

  /** The oldest. */
  shift(): Datagram | undefined {
    const datagram = this.#packets[this.#read]
    if (datagram === undefined) return undefined
    this.#read++
    const left = this.#sources.get(datagram.source)! - 1
    if (left > 0) this.#sources.set(datagram.source, left)
    else this.#sources.delete(datagram.source)
    if (this.#read > this.#limit || this.size === 0) {
      this.#packets = this.#packets.slice(this.#read)
      this.#read = 0
    }
    return datagram
  }

  clear(): void {
    this.#packets = []
    this.#read = 0
    this.#sources.clear()
  }
}
