/** A forwarding table, as a kernel keeps it: filled from route changes, asked for the longest match. */
import type { Route, RouteChange } from '../core/io.ts'
import { OspfError } from '../errors.ts'
import { formatPrefix, maskOf, networkOf, parseIpv4 } from '../wire/address.ts'

/** Reads 'a.b.c.d/length'; host bits are kept. Throws ERR_OSPF_CONFIG. */
export function parsePrefix(text: string): { readonly address: number; readonly length: number } {
  const [quad = '', digits = ''] = text.split('/', 2)
  const address = parseIpv4(quad)
  const length = /^\d{1,2}$/.test(digits) ? Number(digits) : 33
  if (address === undefined || length > 32) {
    throw new OspfError('ERR_OSPF_CONFIG', `not a prefix: '${text}'`)
  }
  return { address, length }
}

/** Reads a dotted quad. Throws ERR_OSPF_CONFIG. */
export function parseAddress(text: string): number {
  const address = parseIpv4(text)
  if (address === undefined) throw new OspfError('ERR_OSPF_CONFIG', `not an address: '${text}'`)
  return address
}

/**
 * The routes that a router gave to its kernel, by prefix. Iterates as a `Map` of 'a.b.c.d/length' does, length by length. A change of
 * cost alone is not told to a kernel: for costs ask `SimRouter.routes()`.
 */
export class Fib implements Iterable<[string, Route]> {
  /** By length, then by prefix as a signed number: a small one takes no memory of its own. */
  readonly #routes = new Map<number, Map<number, Route>>()

  get size(): number {
    let size = 0
    for (const ofLength of this.#routes.values()) size += ofLength.size
    return size
  }

  /** The route of exactly this prefix ('10.0.1.100/32'). */
  get(prefix: string): Route | undefined {
    const { address, length } = parsePrefix(prefix)
    return this.#routes.get(length)?.get(address | 0)
  }

  has(prefix: string): boolean {
    return this.get(prefix) !== undefined
  }

  /** The longest match that leads to another router, or nowhere. */
  lookup(address: number, longerThan: number = -1): Route | undefined {
    for (let length = 32; length > longerThan; length--) {
      const route = this.#routes.get(length)?.get(address & maskOf(length))
      if (route?.discard || route?.nextHops.some((hop) => hop.gateway !== undefined)) return route
    }
    return undefined
  }

  apply(changes: readonly RouteChange[]): void {
    for (const change of changes) {
      if (change.type === 'remove') {
        this.#routes.get(change.length)?.delete(change.prefix | 0)
        continue
      }
      const { route } = change
      let ofLength = this.#routes.get(route.length)
      if (ofLength === undefined) this.#routes.set(route.length, (ofLength = new Map()))
      ofLength.set(route.prefix | 0, route)
    }
  }

  clear(): void {
    this.#routes.clear()
  }

  *[Symbol.iterator](): Iterator<[string, Route]> {
    for (const ofLength of this.#routes.values()) {
      for (const route of ofLength.values()) {
        yield [formatPrefix(route.prefix, route.length), route]
      }
    }
  }
}

/** Whether an address lies in a prefix. */
export function covers(prefix: number, length: number, address: number): boolean {
  return networkOf(address, length) === prefix
}
