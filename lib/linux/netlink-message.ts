/**
 * Netlink messages as values: the header, the attributes, acknowledgements. Host byte order, four-octet alignment.
 *
 *     0       4     6      8          12        16
 *     +-------+-----+------+----------+---------+----------------------------------+
 *     | length| type| flags| sequence | port id | fixed part | attributes (u16 length, u16 type, data)
 *     +-------+-----+------+----------+---------+----------------------------------+
 */
import { endianness } from 'node:os'

const LITTLE = endianness() === 'LE'
const HEADER = 16

/** Message types of every netlink family; those of the families start at 16. */
export const MessageType = { noop: 1, error: 2, done: 3, overrun: 4 } as const

/** Flags of the header. The meaning of 0x100 and up depends on whether the request reads or makes something. */
export const MessageFlag = {
  request: 0x01,
  multi: 0x02,
  ack: 0x04,
  /** What was dumped changed meanwhile: the dump may be inconsistent. */
  dumpInterrupted: 0x10,
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  append: 0x800,
  /** On an error: the request's payload is left out of it. */
  capped: 0x100,
  /** On an error: attributes follow. */
  acknowledgementAttributes: 0x200,
} as const

export interface NetlinkMessage {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  /** Whose request this answers, or caused it; 0: nobody's. */
  readonly portId: number
  /** What follows the header, a view. */
  readonly payload: Uint8Array
}

const align = (length: number): number => (length + 3) & ~3

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** The messages of a datagram. Stops where the bytes make no sense. */
export function decodeMessages(bytes: Uint8Array): NetlinkMessage[] {
  const view = viewOf(bytes)
  const messages: NetlinkMessage[] = []
  for (let at = 0; at + HEADER <= bytes.length; ) {
    const length = view.getUint32(at, LITTLE)
    if (length < HEADER || at + length > bytes.length) break
    messages.push({
      type: view.getUint16(at + 4, LITTLE),
      flags: view.getUint16(at + 6, LITTLE),
      sequence: view.getUint32(at + 8, LITTLE),
      portId: view.getUint32(at + 12, LITTLE),
      payload: bytes.subarray(at + HEADER, at + length),
    })
    at += align(length)
  }
  return messages
}

/** Octets that a message with a payload of `length` takes in a datagram. */
export const messageSize = (length: number): number => HEADER + align(length)

/** Packs messages into one datagram, to be sent with one call. */
export function encodeMessages(messages: readonly NetlinkMessage[]): Uint8Array {
  const size = messages.reduce((sum, { payload }) => sum + messageSize(payload.length), 0)
  const bytes = new Uint8Array(size)
  const view = viewOf(bytes)
  let at = 0
  for (const { type, flags, sequence, portId, payload } of messages) {
    view.setUint32(at, HEADER + payload.length, LITTLE)
    view.setUint16(at + 4, type, LITTLE)
    view.setUint16(at + 6, flags, LITTLE)
    view.setUint32(at + 8, sequence, LITTLE)
    view.setUint32(at + 12, portId, LITTLE)
    bytes.set(payload, at + HEADER)
    at += messageSize(payload.length)
  }
  return bytes
}

/** A fixed part of a message, by offset, in host order. Throws RangeError past the end. */
export function fixed(bytes: Uint8Array): {
  u8(at: number): number
  u16(at: number): number
  u32(at: number): number
  i32(at: number): number
} {
  const view = viewOf(bytes)
  return {
    u8: (at) => view.getUint8(at),
    u16: (at) => view.getUint16(at, LITTLE),
    u32: (at) => view.getUint32(at, LITTLE),
    i32: (at) => view.getInt32(at, LITTLE),
  }
}

/** Attributes by type, the last of several of one type. A value too short for how it is read reads as undefined. */
export class Attributes {
  readonly #values = new Map<number, Uint8Array>()

  /** Reads the attributes of `bytes` from `offset`, up to where they make no sense. */
  constructor(bytes: Uint8Array, offset: number) {
    const view = viewOf(bytes)
    for (let at = offset; at + 4 <= bytes.length; ) {
      const length = view.getUint16(at, LITTLE)
      if (length < 4 || at + length > bytes.length) break
      // The two upper bits say "nested" and "network byte order".
      const type = view.getUint16(at + 2, LITTLE) & 0x3fff
      this.#values.set(type, bytes.subarray(at + 4, at + length))
      at += align(length)
    }
  }

  /** The types that are there. */
  types(): Iterable<number> {
    return this.#values.keys()
  }

  bytes(type: number): Uint8Array | undefined {
    return this.#values.get(type)
  }

  u8(type: number): number | undefined {
    return this.#values.get(type)?.[0]
  }

  u16(type: number): number | undefined {
    const value = this.#values.get(type)
    return value === undefined || value.length < 2 ? undefined : viewOf(value).getUint16(0, LITTLE)
  }

  /** A port, in network order. */
  port(type: number): number | undefined {
    const value = this.#values.get(type)
    return value === undefined || value.length < 2 ? undefined : viewOf(value).getUint16(0)
  }

  u32(type: number): number | undefined {
    const value = this.#values.get(type)
    return value === undefined || value.length < 4 ? undefined : viewOf(value).getUint32(0, LITTLE)
  }

  u64(type: number): bigint | undefined {
    const value = this.#values.get(type)
    if (value === undefined || value.length < 8) return undefined
    return viewOf(value).getBigUint64(0, LITTLE)
  }

  /** The attributes inside one. */
  nested(type: number): Attributes | undefined {
    const value = this.#values.get(type)
    return value === undefined ? undefined : new Attributes(value, 0)
  }

  /** An IPv4 address, in network order. */
  ipv4(type: number): number | undefined {
    const value = this.#values.get(type)
    return value === undefined || value.length < 4 ? undefined : viewOf(value).getUint32(0)
  }

  /** Text, up to its NUL. */
  text(type: number): string | undefined {
    const value = this.#values.get(type)
    if (value === undefined) return undefined
    const end = value.indexOf(0)
    return new TextDecoder().decode(end < 0 ? value : value.subarray(0, end))
  }
}

/**
 * Writes the payload of a message: the fixed part, then attributes. Chains, and grows. With `header` and `seal`, it writes
 * whole messages, one behind the other.
 */
export class PayloadWriter {
  #bytes = new Uint8Array(128)
  #view = viewOf(this.#bytes)
  #length = 0
  #sealed = 0

  u8(value: number): this {
    const at = this.#take(1)
    this.#view.setUint8(at, value)
    return this
  }

  u16(value: number): this {
    const at = this.#take(2)
    this.#view.setUint16(at, value, LITTLE)
    return this
  }

  u32(value: number): this {
    const at = this.#take(4)
    this.#view.setUint32(at, value, LITTLE)
    return this
  }

  bytes(value: Uint8Array): this {
    const at = this.#take(value.length)
    this.#bytes.set(value, at)
    return this
  }

  attribute(type: number, value: Uint8Array): this {
    return this.u16(4 + value.length)
      .u16(type)
      .bytes(value)
      .#pad()
  }

  attributeU16(type: number, value: number): this {
    return this.u16(6).u16(type).u16(value).#pad()
  }

  /** A port, in network order. */
  attributePort(type: number, value: number): this {
    return this.attribute(type, new Uint8Array([value >> 8, value & 0xff]))
  }

  /** Attributes inside one. */
  nested(type: number, write: (writer: this) => void): this {
    return this.measured((writer) => write(writer.u16(type)))
  }

  attributeU32(type: number, value: number): this {
    return this.u16(8).u16(type).u32(value)
  }

  /** An IPv4 address, in network order. */
  attributeIpv4(type: number, value: number): this {
    const at = this.u16(8).u16(type).#take(4)
    this.#view.setUint32(at, value)
    return this
  }

  /** Text with its NUL. */
  attributeText(type: number, value: string): this {
    return this.attribute(type, new TextEncoder().encode(`${value}\0`))
  }

  /** Anything that begins with its own length as u16: an attribute, or a next hop of RTA_MULTIPATH. */
  measured(write: (writer: this) => void): this {
    const start = this.#length
    this.u16(0)
    write(this)
    this.#view.setUint16(start, this.#length - start, LITTLE)
    return this.#pad()
  }

  /** Octets written. */
  get length(): number {
    return this.#length
  }

  /** Begins a request, which `seal` ends. */
  header(type: number, flags: number, sequence: number): this {
    return this.u32(0)
      .u16(type)
      .u16(flags | MessageFlag.request)
      .u32(sequence)
      .u32(0)
  }

  /** Ends the request that begins at `start`. */
  seal(start: number): this {
    this.#sealed = start
    this.#view.setUint32(start, this.#length - start, LITTLE)
    return this.#pad()
  }

  /** Writes the request that was sealed last once more, with another sequence number. @returns where */
  again(sequence: number): number {
    const at = this.#take(this.#length - this.#sealed)
    this.#bytes.copyWithin(at, this.#sealed, at)
    this.#view.setUint32(at + 8, sequence, LITTLE)
    this.#sealed = at
    return at
  }

  /** Adds flags to the request that begins at `start`. */
  flag(start: number, flags: number): this {
    const at = start + 6
    this.#view.setUint16(at, this.#view.getUint16(at, LITTLE) | flags, LITTLE)
    return this
  }

  /** Changes an octet. */
  putU8(at: number, value: number): this {
    this.#view.setUint8(at, value)
    return this
  }

  /** Changes an IPv4 address, which is in network order. */
  putIpv4(at: number, value: number): this {
    this.#view.setUint32(at, value)
    return this
  }

  /** Takes back what was written from `length` on. */
  truncate(length: number): this {
    this.#length = length
    return this
  }

  /** What was written, a view. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #pad(): this {
    const at = this.#take(align(this.#length) - this.#length)
    // of a writer that is used again
    for (let i = at; i < this.#length; i++) this.#bytes[i] = 0
    return this
  }

  /** Makes room. Called before the view is looked at: growing replaces it. */
  #take(count: number): number {
    const at = this.#length
    this.#length += count
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2))
      grown.set(this.#bytes)
      this.#bytes = grown
      this.#view = viewOf(grown)
    }
    return at
  }
}

/** What the kernel says of a request. */
export interface Acknowledgement {
  /** 0: done; otherwise a positive errno. */
  readonly errno: number
  /** The extended acknowledgement, where the kernel explains. */
  readonly text: string | undefined
}

/** Reads the payload of NLMSG_ERROR, or of the NLMSG_DONE that ends a dump. */
export function decodeAcknowledgement(message: NetlinkMessage): Acknowledgement {
  const { type, flags, payload } = message
  if (payload.length < 4) return { errno: 0, text: undefined }
  const errno = Math.max(0, -viewOf(payload).getInt32(0, LITTLE))
  if ((flags & MessageFlag.acknowledgementAttributes) === 0) return { errno, text: undefined }
  let offset = 4
  if (type === MessageType.error && payload.length >= 4 + HEADER) {
    // The request follows: all of it, or its header alone.
    const capped = errno === 0 || (flags & MessageFlag.capped) !== 0
    // of any length, if it is damaged: past the end there are no attributes
    offset += capped ? HEADER : align(Math.min(fixed(payload).u32(4), payload.length))
  }
  return { errno, text: new Attributes(payload, offset).text(1) }
}
