/** A seeded generator for what the protocol wants unpredictable (initial DD sequence numbers). sfc32. */
export class Random {
  #a: number
  #b: number
  #c = 0x9e3779b9
  #counter = 1

  /** @param seed 53 bits of it are used. */
  constructor(seed: number) {
    this.#a = seed | 0
    this.#b = Math.floor(seed / 0x100000000) | 0
    for (let i = 0; i < 12; i++) this.u32()
  }

  u32(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }
}
