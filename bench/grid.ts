/** A grid of routers, each with a /32 of its own and links of random costs, as LSAs. */
import { Random } from '../lib/sim/random.ts'
import type { Lsa } from '../lib/wire/lsa.ts'
import type { RouterLink } from '../lib/wire/router-lsa.ts'
import { routerLsa } from './peer.ts'

const FIRST_ID = 0x14000001
const FIRST_PREFIX = 0xac100000
const FIRST_SEQUENCE = -0x7fffffff

export class Grid {
  readonly #random = new Random('bench')
  readonly #links: RouterLink[][]
  readonly #sequences: number[]
  /** Of these the /32 is gone. */
  readonly #withdrawn = new Set<number>()

  /** @param near by router of the grid, the neighbors outside that have a link to it */
  constructor(count: number, near: ReadonlyMap<number, number>) {
    const random = this.#random
    const width = Math.max(1, Math.ceil(Math.sqrt(count)))
    this.#links = Array.from({ length: count }, () => [])
    this.#sequences = Array.from({ length: count }, () => FIRST_SEQUENCE)
    const one = (from: number, id: number): void => {
      const [data, metric] = [FIRST_ID + from, 1 + random.int(10)]
      this.#links[from]!.push({ type: 1, id, data, metric, tos: [] })
    }
    for (let n = 0; n < count; n++) {
      for (const to of [(n + 1) % width === 0 ? count : n + 1, n + width]) {
        if (to >= count) continue
        one(n, this.idOf(to))
        one(to, this.idOf(n))
      }
    }
    for (const [n, id] of near) one(n, id)
  }

  get size(): number {
    return this.#links.length
  }

  idOf = (n: number): number => FIRST_ID + n

  /** Address of its /32. */
  prefixOf = (n: number): number => FIRST_PREFIX + n

  lsa(n: number): Lsa {
    const stub = { type: 3, id: this.prefixOf(n), data: 0xffffffff, metric: 1, tos: [] }
    const links = this.#withdrawn.has(n) ? this.#links[n]! : [...this.#links[n]!, stub]
    return routerLsa(this.idOf(n), links, this.#sequences[n]!)
  }

  all(): Lsa[] {
    return this.#links.map((_, n) => this.lsa(n))
  }

  /** The next instance of one, in which a link costs something else. */
  reweigh(n: number): Lsa {
    this.#sequences[n]!++
    const links = this.#links[n]!
    const at = this.#random.int(links.length)
    links[at] = { ...links[at]!, metric: 1 + ((links[at]!.metric + this.#random.int(18)) % 20) }
    return this.lsa(n)
  }

  /** The next instance of one, with or without its /32. */
  toggle(n: number): Lsa {
    this.#sequences[n]!++
    if (!this.#withdrawn.delete(n)) this.#withdrawn.add(n)
    return this.lsa(n)
  }
}
