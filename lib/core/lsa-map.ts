/**
 * Values by what identifies an LSA (12.1). The key is a number that nearly always belongs to one LSA alone; where it does
 * not, there is a list, of 2048 at most however ill-chosen they are. Strings would cost more than all else that is done
 * with an LSA.
 */
import { type LsaHeader, LsType } from '../wire/lsa.ts'

/** What identifies an LSA, whatever its instance. */
export type LsaId = Pick<LsaHeader, 'type' | 'lsId' | 'advertisingRouter'>

/** Together with 32 bits of Link State ID still an exact number. */
const ROUTER_BITS = 0x200000

const numberOf = (type: number, lsId: number, advertisingRouter: number): number =>
  type === LsType.router ? lsId : lsId * ROUTER_BITS + (advertisingRouter % ROUTER_BITS)

export class LsaMap<T extends object> {
  readonly #values = new Map<number, T | T[]>()
  readonly #idOf: (value: T) => LsaId
  #size = 0
  /** Some number has a list. */
  #hasLists = false

  constructor(idOf: (value: T) => LsaId) {
    this.#idOf = idOf
  }

  get size(): number {
    return this.#size
  }

  get(type: number, lsId: number, advertisingRouter: number): T | undefined {
    const found = this.#values.get(numberOf(type, lsId, advertisingRouter))
    if (found === undefined) return undefined
    if (Array.isArray(found)) {
      return found.find((each) => this.#is(each, type, lsId, advertisingRouter))
    }
    return this.#is(found, type, lsId, advertisingRouter) ? found : undefined
  }

  find({ type, lsId, advertisingRouter }: LsaId): T | undefined {
    return this.get(type, lsId, advertisingRouter)
  }

  has(id: LsaId): boolean {
    return this.find(id) !== undefined
  }

  /** In the place of the one for the same LSA, if there is one. */
  set(value: T): void {
    const { type, lsId, advertisingRouter } = this.#idOf(value)
    const key = numberOf(type, lsId, advertisingRouter)
    const found = this.#values.get(key)
    if (found === undefined) {
      this.#values.set(key, value)
      this.#size++
      return
    }
    const there = Array.isArray(found) ? found : [found]
    const at = there.findIndex((each) => this.#is(each, type, lsId, advertisingRouter))
    if (at === -1) {
      this.#hasLists = true
      this.#values.set(key, [...there, value])
      this.#size++
    } else if (there === found) there[at] = value
    else this.#values.set(key, value)
  }

  /** @returns what was there */
  delete({ type, lsId, advertisingRouter }: LsaId): T | undefined {
    const gone = this.get(type, lsId, advertisingRouter)
    if (gone === undefined) return undefined
    this.#size--
    const key = numberOf(type, lsId, advertisingRouter)
    const found = this.#values.get(key)
    if (!Array.isArray(found)) this.#values.delete(key)
    else {
      const rest = found.filter((each) => each !== gone)
      this.#values.set(key, rest.length === 1 ? rest[0]! : rest)
    }
    return gone
  }

  clear(): void {
    this.#values.clear()
    this.#size = 0
    this.#hasLists = false
  }

  /** In the order in which they came. */
  [Symbol.iterator](): Iterator<T> {
    return this.#hasLists ? this.#flat() : (this.#values.values() as Iterator<T>)
  }

  *#flat(): Generator<T> {
    for (const found of this.#values.values()) {
      if (Array.isArray(found)) yield* found
      else yield found
    }
  }

  #is(value: T, type: number, lsId: number, advertisingRouter: number): boolean {
    const id = this.#idOf(value)
    return id.lsId === lsId && id.advertisingRouter === advertisingRouter && id.type === type
  }
}
