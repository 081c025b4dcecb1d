/** Chance from a seed: the same seed, the same run. sfc32 (C. Doty-Humphrey), seeded through splitmix32. */

/** A seeded generator of pseudo-random numbers. Not for secrets. */
export class Random {
  readonly #seed: number
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** `seed`: any number or text; of a number the lower 32 bits count. */
  constructor(seed: number | string) {
    this.#seed = typeof seed === 'string' ? hash(seed, 0) : seed >>> 0
    const split = splitmix32(this.#seed)
    this.#a = split()
    this.#b = split()
    this.#c = split()
    for (let i = 0; i < 12; i++) this.u32()
  }

  /** An integer from 0 to 2^32 - 1. */
  u32(): number {
    const t = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + t
    this.#c |= 0
    return t >>> 0
  }

  /** A number in [0, 1). */
  next(): number {
    return this.u32() / 0x1_0000_0000
  }

  /** An integer in [0, n). */
  int(n: number): number {
    return Math.floor(this.next() * n)
  }

  /** True with probability `p`. Draws nothing for 0 or less, so that a fault that is off disturbs no other. */
  chance(p: number): boolean {
    return p > 0 && this.next() < p
  }

  /** One of the items, each as likely as the next. Throws a RangeError if there is none. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('nothing to pick from')
    return items[this.int(items.length)] as T
  }

  /** A copy in random order. */
  shuffle<T>(items: readonly T[]): T[] {
    const out = [...items]
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.int(i + 1)
      const item = out[i] as T
      out[i] = out[j] as T
      out[j] = item
    }
    return out
  }

  /**
   * A generator of its own, decided by this one's seed and the label alone: what one part of a simulation draws does
   * not change what another part gets.
   */
  fork(label: string): Random {
    return new Random(hash(label, this.#seed))
  }
}

function splitmix32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    return mix(state)
  }
}

/** Stirs 32 bits (the finisher of splitmix32). */
export function mix(n: number): number {
  let z = n ^ (n >>> 16)
  z = Math.imul(z, 0x21f0aaad)
  z ^= z >>> 15
  z = Math.imul(z, 0x735a2d97)
  return (z ^ (z >>> 15)) >>> 0
}

/** FNV-1a over the UTF-16 units, then stirred. */
function hash(text: string, seed: number): number {
  let h = 0x811c9dc5 ^ mix(seed)
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return mix(h)
}
