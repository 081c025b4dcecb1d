/** The routes of a simulated kernel that are not OSPF's: tests put them there, and a speaker redistributes them. */
import type { RouteSource, SourceChange, SourceRoute } from '../ports.ts'
import { formatPrefix } from '../wire/address.ts'
import { parsePrefix } from './fib.ts'

/** What a test says of a route; the rest is as `ip route add` has it. */
export type SimRoute = Partial<Omit<SourceRoute, 'prefix' | 'length' | 'table'>>

const byHand: Omit<SourceRoute, 'prefix' | 'length'> = {
  type: 'unicast',
  protocol: 3,
  metric: 0,
  table: 254,
  scope: 0,
  device: undefined,
  gateway: undefined,
}

export class SimRouteTable {
  readonly #routes = new Map<string, SourceRoute[]>()
  readonly #watchers = new Set<(changes: readonly SourceChange[]) => void>()

  /** Puts a route to 'a.b.c.d/n' into the table, or replaces the one with the same metric. */
  set(prefix: string, route: SimRoute = {}): void {
    this.#change(prefix, (destination, others) => {
      const added = { ...byHand, ...destination, ...route }
      return [...others.filter(({ metric }) => metric !== added.metric), added]
    })
  }

  /** Removes the route with a metric. */
  delete(prefix: string, metric = 0): void {
    this.#change(prefix, (_, others) => others.filter((route) => route.metric !== metric))
  }

  /** The port of a speaker; it is told for as long as `isAlive`. */
  source(isAlive: () => boolean, table = 254): RouteSource {
    const own = new Set<(changes: readonly SourceChange[]) => void>()
    return {
      table,
      isOfSink: true,
      routes: () => [...this.#routes].map(([prefix, routes]) => changeOf(prefix, routes)),
      watch: (changed) => {
        const watcher = (changes: readonly SourceChange[]): void => {
          if (isAlive()) changed(changes)
        }
        own.add(watcher)
        this.#watchers.add(watcher)
        return {
          [Symbol.dispose]: () => {
            own.delete(watcher)
            this.#watchers.delete(watcher)
          },
        }
      },
      [Symbol.asyncDispose]: async () => {
        for (const watcher of own) this.#watchers.delete(watcher)
      },
    }
  }

  /** Who is told of changes: nobody is, when all speakers have stopped. */
  get watched(): number {
    return this.#watchers.size
  }

  #change(
    text: string,
    change: (
      destination: { readonly prefix: number; readonly length: number },
      others: readonly SourceRoute[],
    ) => SourceRoute[],
  ): void {
    const { address: prefix, length } = parsePrefix(text)
    const key = formatPrefix(prefix, length)
    const routes = change({ prefix, length }, this.#routes.get(key) ?? [])
    routes.sort((a, b) => a.metric - b.metric)
    if (routes.length > 0) this.#routes.set(key, routes)
    else this.#routes.delete(key)
    for (const watcher of [...this.#watchers]) watcher([{ prefix, length, routes }])
  }
}

function changeOf(text: string, routes: readonly SourceRoute[]): SourceChange {
  const { address: prefix, length } = parsePrefix(text)
  return { prefix, length, routes }
}
