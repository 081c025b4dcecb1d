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

/** One number for a prefix: 38 bits, exact in a double. */
const keyOf = (prefix: number, length: number): number => prefix * 64 + length

/**
 * The routes that a router gave to its kernel, by prefix. Iterates as a `Map` of 'a.b.c.d/length' does. A change of
 * cost alone is not told to a kernel: for costs ask `SimRouter.routes()`.
 */
export class Fib implements Iterable<[string, Route]> {
  readonly #routes = new Map<number, Route>()

  get size(): number {
    return this.#routes.size
  }

  /** The route of exactly this prefix ('10.0.1.100/32'). */
  get(prefix: string): Route | undefined {
    const { address, length } = parsePrefix(prefix)
    return this.#routes.get(keyOf(address, length))
  }

  has(prefix: string): boolean {
    return this.get(prefix) !== undefined
  }

  /** The longest match that leads to another router, or nowhere. */
  lookup(address: number, longerThan: number = -1): Route | undefined {
    for (let length = 32; length > longerThan; length--) {
      const route = this.#routes.get(keyOf((address & maskOf(length)) >>> 0, length))
      if (route?.discard || route?.nextHops.some((hop) => hop.gateway !== undefined)) return route
    }
    return undefined
  }

  apply(changes: readonly RouteChange[]): void {
    for (const change of changes) {
      if (change.type === 'remove') this.#routes.delete(keyOf(change.prefix, change.length))
      else this.#routes.set(keyOf(change.route.prefix, change.route.length), change.route)
    }
  }

  clear(): void {
    this.#routes.clear()
  }

  *[Symbol.iterator](): Iterator<[string, Route]> {
    for (const r of this.#routes.values()) yield [formatPrefix(r.prefix, r.length), r]
  }
}

/** Whether an address lies in a prefix. */
export function covers(prefix: number, length: number, address: number): boolean {
  return networkOf(address, length) === prefix
}
