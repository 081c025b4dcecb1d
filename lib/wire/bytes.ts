/**
 * The two ends of every codec: a Reader that checks each length before it is used, and a Writer
 * that grows. Every bound is checked here and nowhere else, so that a codec reads like the diagram
 * above it.
 */

/** What is wrong with the bytes. */
export type DecodeErrorCode =
  /** The packet is shorter than the 24-octet OSPF header. */
  | 'runt'
  /** Not OSPF version 2. */
  | 'version'
  /**
   * A length field says less than its own header, more than there is, or a size that the format
   * cannot have.
   */
  | 'length'
  /** The packet type is none of 1 to 5. */
  | 'unknown-type'
  /** A field reaches past the end. */
  | 'truncated'
  /** There is more than the format has room for. */
  | 'trailing'
  /** A count promises more items than the bytes can hold. */
  | 'count'
  /** A network mask has holes. */
  | 'mask'
  /** A list that needs at least one item has none. */
  | 'empty'

/** A number of 32 bits in bytes, where a Reader for each of very many would cost too much. */
export const u32At = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0

/**
 * Bytes that are not what the RFC says. Thrown by every decoder in `wire/`, and nothing else is.
 */

export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  readonly code: DecodeErrorCode
  /** Where, in octets from the start of the packet, or of the LSA if that was decoded by itself. */
  readonly offset: number

  constructor(code: DecodeErrorCode, offset: number, message: string) {
    super(`${message} at octet ${offset}`)
    this.code = code
    this.offset = offset
  }
}

/**
 * Reads network byte order from a range of bytes. Every method throws DecodeError 'truncated' past
 * the end.
 */
export class Reader {
  /** Position, in octets from the start of the bytes, also in a reader made by `sub`. */
  offset: number
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #end: number

  constructor(
    bytes: Uint8Array,
    offset = 0,
    end: number = bytes.length,
    view: DataView = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  ) {
    this.#bytes = bytes
    this.#view = view
    this.#end = end
    this.offset = offset
  }

  /** Octets left. */
  get remaining(): number {
    return this.#end - this.offset
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2))
  }

  u24(): number {
    const at = this.#take(3)
    return this.#view.getUint8(at) * 0x10000 + this.#view.getUint16(at + 1)
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4))
  }

  /** LS sequence numbers are signed (12.1.6). */
  i32(): number {
    return this.#view.getInt32(this.#take(4))
  }

  /** The next `n` octets as a view: copy what outlives the buffer. */
  bytes(n: number): Uint8Array {
    const at = this.#take(n)
    return this.#bytes.subarray(at, at + n)
  }

  skip(n: number): void {
    this.#take(n)
  }

  /** The next `n` octets, for `read` to look at: for what has many fields, with one check for all of them. */
  fields<T>(n: number, read: (view: DataView, at: number) => T): T {
    return read(this.#view, this.#take(n))
  }

  /** A reader of the next `n` octets; this one moves past them. */
  sub(n: number): Reader {
    const at = this.#take(n)
    return new Reader(this.#bytes, at, at + n, this.#view)
  }

  /** Throws 'count' unless `count` items of at least `size` octets can follow. */
  expect(count: number, size: number): void {
    if (count * size > this.remaining) {
      throw this.error('count', `${count} items of ${size} octets do not fit in ${this.remaining}`)
    }
  }

  /** Throws 'trailing' unless everything was read. */
  end(): void {
    if (this.remaining > 0) throw this.error('trailing', `${this.remaining} octets too many`)
  }

  error(code: DecodeErrorCode, message: string): DecodeError {
    return new DecodeError(code, this.offset, message)
  }

  #take(n: number): number {
    const at = this.offset
    if (n > this.#end - at) {
      throw this.error('truncated', `${n} octets wanted, ${this.remaining} left`)
    }
    this.offset = at + n
    return at
  }
}

/**
 * Writes network byte order into a buffer that grows. Values are taken modulo the width of the
 * field.
 */
export class Writer {
  #bytes: Uint8Array
  #view: DataView
  #length = 0

  constructor(capacity = 128) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  /** Octets written so far. */
  get length(): number {
    return this.#length
  }

  u8(value: number): this {
    const at = this.#grow(1)
    this.#view.setUint8(at, value)
    return this
  }

  u16(value: number): this {
    const at = this.#grow(2)
    this.#view.setUint16(at, value)
    return this
  }

  u24(value: number): this {
    const at = this.#grow(3)
    this.#view.setUint8(at, value / 0x10000)
    this.#view.setUint16(at + 1, value)
    return this
  }

  u32(value: number): this {
    const at = this.#grow(4)
    this.#view.setUint32(at, value)
    return this
  }

  i32(value: number): this {
    const at = this.#grow(4)
    this.#view.setInt32(at, value)
    return this
  }

  bytes(value: Uint8Array): this {
    const at = this.#grow(value.length)
    this.#bytes.set(value, at)
    return this
  }

  zero(n: number): this {
    this.#grow(n)
    return this
  }

  /** The next `n` octets, for `write` to fill in: for what has many fields, with room made once. */
  fields<T>(n: number, write: (view: DataView, at: number, value: T) => void, value: T): this {
    const at = this.#grow(n)
    write(this.#view, at, value)
    return this
  }

  /**
   * Writes over two octets that are there already: a length or a checksum known only at the end.
   */
  setU16(at: number, value: number): this {
    this.#view.setUint16(at, value)
    return this
  }

  /** What was written, in a buffer of exactly that size. Write no more afterwards. */
  finish(): Uint8Array {
    return this.#length === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, this.#length)
  }

  #grow(n: number): number {
    const at = this.#length
    const length = at + n
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length))
      larger.set(this.#bytes)
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    this.#length = length
    return at
  }
}
