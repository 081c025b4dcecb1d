/** Which routes go to the kernel: a route sink in front of another, with a policy that may change while routes stand. */
import { prefixKey } from './core/area.ts'
import type { ConfigChange, NextHop, Route, RouteChange } from './core/io.ts'
import { applyPolicy, looksAtNextHops, type RouteMap } from './policy.ts'
import type { KernelStatus, RouteSink } from './ports.ts'

/** What the core is told of the forwarding table, and through it other routers; undefined: there is none. */
export const forwardingChanges = (
  kernel: { readonly discard: boolean } | undefined,
  sink: RouteSink | undefined,
): ConfigChange[] => [
  { type: 'keeps-connections', keeps: (kernel && sink?.keepsConnections) ?? false },
  { type: 'discard-holes', discard: kernel?.discard ?? false },
]

export class RouteFilter implements Omit<RouteSink, 'status'> {
  readonly #sink: RouteSink
  #policy: RouteMap | undefined
  /** What was let through, by prefix. */
  readonly #passed = new Map<number, Route>()

  /** @param policy undefined: everything passes. */
  constructor(sink: RouteSink, policy: RouteMap | undefined) {
    this.#sink = sink
    this.#policy = policy
  }

  apply(changes: readonly RouteChange[]): void {
    const told: RouteChange[] = []
    for (const change of changes) {
      const one =
        change.type === 'remove'
          ? this.#remove(change.prefix, change.length)
          : this.#put(change.route, change)
      if (one) told.push(one)
    }
    if (told.length > 0) this.#sink.apply(told)
  }

  /**
   * Another policy, applied at once.
   * @param routes those that are to be in the kernel now but for a policy
   */
  replace(policy: RouteMap | undefined, routes: Iterable<Route>): void {
    this.#policy = policy
    const told: RouteChange[] = []
    for (const route of routes) {
      const one = this.#put(route)
      if (one) told.push(one)
    }
    if (told.length > 0) this.#sink.apply(told)
  }

  /** Whether a route that there is goes to the kernel. */
  passes(prefix: number, length: number): boolean {
    return this.#passed.has(prefixKey(prefix, length))
  }

  /** How the routes stand that were let through. */
  status(): KernelStatus | undefined {
    const status = this.#sink.status?.()
    if (status === undefined) return undefined
    return Object.freeze({
      ...status,
      lastError: status.lastError && Object.freeze(status.lastError),
    })
  }

  settled(): Promise<void> {
    return this.#sink.settled()
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#sink[Symbol.asyncDispose]()
  }

  #remove(prefix: number, length: number): RouteChange | undefined {
    return this.#passed.delete(prefixKey(prefix, length))
      ? { type: 'remove', prefix, length }
      : undefined
  }

  /** @param change that says just this */
  #put(route: Route, change?: RouteChange): RouteChange | undefined {
    const { prefix, length } = route
    const admitted = this.#policy === undefined ? route : admit(this.#policy, route)
    const passes = isNowhere(prefix, length) ? undefined : admitted
    if (passes === undefined) return this.#remove(prefix, length)
    const key = prefixKey(prefix, length)
    const before = this.#passed.get(key)
    this.#passed.set(key, passes)
    const isSame =
      before !== undefined &&
      before.source === passes.source &&
      before.discard === passes.discard &&
      sameHops(before.nextHops, passes.nextHops)
    if (isSame) return undefined
    return change && passes === route ? change : { type: 'replace', route: passes }
  }
}

/** No host has such an address: 0.0.0.0/8 but for the default route, loopback, multicast, broadcast. BIRD ignores them, too. */
const isNowhere = (prefix: number, length: number): boolean =>
  (length >= 8 && (prefix >>> 24 === 0 || prefix >>> 24 === 127)) ||
  (length >= 4 && prefix >>> 28 === 0xe) ||
  prefix === 0xffffffff

/** As zebra does: where a policy looks at next hops, each has its own verdict, and those that pass make up the route. */
function admit(policy: RouteMap, route: Route): Route | undefined {
  const whole = { ...route, metric: route.type2Cost ?? route.cost }
  if (!looksAtNextHops(policy)) {
    const change = applyPolicy(policy, whole)
    return change && withSource(route, change.source)
  }
  const nextHops: NextHop[] = []
  let source: number | undefined
  for (const hop of route.nextHops) {
    const change = applyPolicy(policy, { ...whole, nextHops: [hop] })
    if (change === undefined) continue
    nextHops.push(hop)
    source ??= change.source
  }
  return nextHops.length === 0 ? undefined : withSource({ ...route, nextHops }, source)
}

const withSource = (route: Route, source: number | undefined): Route =>
  source === undefined ? route : { ...route, source }

const sameHops = (a: readonly NextHop[], b: readonly NextHop[]): boolean =>
  a === b || (a.length === b.length && a.every((hop, i) => hop === b[i] || sameHop(hop, b[i]!)))

const sameHop = (a: NextHop, b: NextHop): boolean =>
  a.interface === b.interface &&
  a.gateway === b.gateway &&
  a.onLink === b.onLink &&
  (a.weight ?? 1) === (b.weight ?? 1) &&
  a.draining === b.draining
