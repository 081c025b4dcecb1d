/** Next hops as small interned sets: equal sets have equal numbers, and a union is computed once. */
import type { NextHop } from './io.ts'

/** No gateway has this address. */
const VIRTUAL = 0
/** So many remembered unions take the place of a set. */
const UNIONS_PER_SET = 8

/** Interned next hops and sets of them. Set 0 is empty: the destination is ourselves. */
export class HopSets {
  readonly maximumPaths: number
  readonly #hops: NextHop[] = []
  readonly #hopNumbers = new Map<string, number>()
  readonly #sets: (readonly number[])[] = [[]]
  readonly #lists: (readonly NextHop[])[] = []
  readonly #setNumbers = new Map<string, number>([['', 0]])
  readonly #unions = new Map<number, number>()
  /** Some way leads over a virtual link. */
  #hasVirtual = false

  constructor(maximumPaths: number) {
    this.maximumPaths = maximumPaths
  }

  /** The set of one. `onLink`: no prefix of the interface holds the gateway. */
  single(iface: string, gateway: number | undefined, onLink = false): number {
    const name = `${iface} ${gateway ?? '-'} ${onLink}`
    let number = this.#hopNumbers.get(name)
    if (number === undefined) {
      const hop = { interface: iface, gateway, ...(onLink ? { onLink } : {}) }
      number = this.#hops.push(hop) - 1
      this.#hopNumbers.set(name, number)
    }
    return this.#intern([number])
  }

  union(a: number, b: number): number {
    if (a === b || b === 0) return a
    if (a === 0) return b
    const pair = a < b ? a * 0x4000000 + b : b * 0x4000000 + a
    let result = this.#unions.get(pair)
    if (result === undefined) {
      // in an order that does not depend on who was found first: kernels map flows to next hops by their place
      const merged = [...new Set([...this.#sets[a]!, ...this.#sets[b]!])].sort((x, y) =>
        compareHops(this.#hops[x]!, this.#hops[y]!),
      )
      result = this.#intern(merged.slice(0, this.maximumPaths))
      this.#unions.set(pair, result)
    }
    return result
  }

  /** The set of one way over a virtual link: whoever uses it must find out what it means (16.3). */
  virtual(iface: string): number {
    this.#hasVirtual = true
    return this.single(iface, VIRTUAL)
  }

  get hasUnresolved(): boolean {
    return this.#hasVirtual
  }

  isUnresolved(set: number): boolean {
    return this.get(set).some((hop) => hop.gateway === VIRTUAL)
  }

  /** What is left without virtual links; 0: nothing. */
  resolved(set: number): number {
    return this.#intern(this.#sets[set]!.filter((hop) => this.#hops[hop]!.gateway !== VIRTUAL))
  }

  /** The set with an address in place of "attached": what a forwarding address on a network of ours becomes. */
  towards(set: number, address: number): number {
    let result = 0
    for (const hop of this.get(set)) {
      const one = this.single(hop.interface, hop.gateway ?? address)
      result = result === 0 ? one : this.union(result, one)
    }
    return result
  }

  /** The next hops of a set; the same list every time. */
  get(set: number): readonly NextHop[] {
    return (this.#lists[set] ??= this.#sets[set]!.map((hop) => this.#hops[hop]!))
  }

  /** What is kept, in sets. Nothing is ever given up, so it is emptied, between calculations, when there is much. */
  get size(): number {
    return Math.max(this.#sets.length, this.#unions.size / UNIONS_PER_SET)
  }

  #intern(hops: readonly number[]): number {
    const name = hops.join(' ')
    let number = this.#setNumbers.get(name)
    if (number === undefined) {
      number = this.#sets.push(hops) - 1
      this.#setNumbers.set(name, number)
    }
    return number
  }
}

function compareHops(a: NextHop, b: NextHop): number {
  if (a.interface !== b.interface) return a.interface < b.interface ? -1 : 1
  return (a.gateway ?? 0) - (b.gateway ?? 0) || Number(a.onLink ?? 0) - Number(b.onLink ?? 0)
}
