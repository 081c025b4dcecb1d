/**
 * Vertices by Router ID or address: an open-addressed table. A tree asks for each end of each link of an area, and of a
 * Map half of the time would go into numbers above 2^31, which it takes for objects.
 */

/** Slots that are looked at for an id; what finds no place in them is in a Map, so that ill-chosen ids cost no more. */
const PROBES_MAX = 64
/** 2^32 by the golden ratio: ids in a row are spread. */
const SPREAD = 0x9e3779b1

export class VertexIds implements Iterable<readonly [id: number, vertex: number]> {
  /** Two numbers a slot: the id, and the vertex plus one. */
  readonly #slots: Uint32Array
  readonly #shift: number
  readonly #last: number
  readonly #others = new Map<number, number>()

  /** @param most how many there will be */
  constructor(most: number) {
    let bits = 4
    while (2 ** bits < 2 * most) bits++
    this.#slots = new Uint32Array(2 ** (bits + 1))
    this.#shift = 32 - bits
    this.#last = 2 ** bits - 1
  }

  /** The vertex; -1: there is none. */
  find(id: number): number {
    const slots = this.#slots
    let at = Math.imul(id, SPREAD) >>> this.#shift
    for (let left = PROBES_MAX; left > 0; left--) {
      const vertex = slots[2 * at + 1]! - 1
      if (vertex === -1 || slots[2 * at] === id) return vertex
      at = (at + 1) & this.#last
    }
    return this.#others.get(id) ?? -1
  }

  get(id: number): number | undefined {
    const vertex = this.find(id)
    return vertex === -1 ? undefined : vertex
  }

  /** In the place of another, if there is one. */
  set(id: number, vertex: number): void {
    const slots = this.#slots
    let at = Math.imul(id, SPREAD) >>> this.#shift
    for (let left = PROBES_MAX; left > 0; left--) {
      if (slots[2 * at + 1] === 0 || slots[2 * at] === id) {
        slots[2 * at] = id
        slots[2 * at + 1] = vertex + 1
        return
      }
      at = (at + 1) & this.#last
    }
    this.#others.set(id, vertex)
  }

  /** In no order. */
  *[Symbol.iterator](): Generator<readonly [id: number, vertex: number]> {
    const slots = this.#slots
    for (let at = 0; at < slots.length; at += 2) {
      if (slots[at + 1] !== 0) yield [slots[at]!, slots[at + 1]! - 1]
    }
    yield* this.#others
  }
}
