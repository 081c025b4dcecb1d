/** Static routes in the kernel: compared with what is wanted whenever a device changes, and every ten seconds. */
import { OspfError } from '../errors.ts'
import { OWN_STATIC } from '../protocols.ts'
import {
  type ActiveStaticRoute,
  activeStaticRoutes,
  parseStaticRoutes,
  type StaticRoute,
  type StaticRouteOptions,
  type StaticRoutes,
} from '../static-routes.ts'
import { formatPrefix } from '../wire/address.ts'
import { LinuxLinks } from './links.ts'
import { NetlinkSocket } from './netlink.ts'
import { MessageFlag } from './netlink-message.ts'
import { lockStaticRoutes } from './route-lock.ts'
import {
  decodeSeenRoute,
  encodeRouteQuery,
  encodeStaticRoute,
  RTM_DELROUTE,
  RTM_GETROUTE,
  RTM_NEWROUTE,
  type SeenRoute,
  type StaticKernelRoute,
} from './route-message.ts'

/** Milliseconds from the first change of a device to the look at the routes. */
const SETTLE = 50
/** Milliseconds from one look to the next, in case somebody removed a route. */
const INTERVAL = 10_000

const types = { unicast: 1, blackhole: 6, unreachable: 7 } as const

/** @throws OspfError */
export async function openStaticRoutes(
  routes: readonly StaticRoute[],
  onError: (error: OspfError) => void = () => undefined,
): Promise<StaticRoutes> {
  const lock = await lockStaticRoutes()
  try {
    const links = await LinuxLinks.open()
    try {
      const installed = new Installed(routes, links, lock, onError)
      await installed.settled()
      return installed
    } catch (error) {
      await links[Symbol.asyncDispose]()
      throw error
    }
  } catch (error) {
    await lock[Symbol.asyncDispose]()
    throw error
  }
}

class Installed implements StaticRoutes {
  #routes: readonly StaticRoute[]
  readonly #links: LinuxLinks
  readonly #lock: AsyncDisposable
  readonly #onError: (error: OspfError) => void
  readonly #socket = NetlinkSocket.open()
  readonly #watch: Disposable
  readonly #interval: NodeJS.Timeout
  #soon: NodeJS.Timeout | undefined
  /** The comparison under way, and those that wait for it. */
  #work: Promise<void> = Promise.resolve()
  #told = new Set<string>()
  #closed = false

  constructor(
    routes: readonly StaticRoute[],
    links: LinuxLinks,
    lock: AsyncDisposable,
    onError: (error: OspfError) => void,
  ) {
    this.#routes = routes
    this.#links = links
    this.#lock = lock
    this.#onError = onError
    this.#watch = links.watch(() => {
      this.#soon ??= setTimeout(() => {
        this.#soon = undefined
        void this.settled()
      }, SETTLE)
    })
    this.#interval = setInterval(() => void this.settled(), INTERVAL)
    this.#interval.unref()
  }

  settled(): Promise<void> {
    this.#work = this.#work.then(() =>
      this.#closed ? undefined : this.#bring(activeStaticRoutes(this.#routes, this.#links.links())),
    )
    return this.#work
  }

  async update(routes: readonly StaticRouteOptions[]): Promise<void> {
    this.#routes = parseStaticRoutes('routes', routes)
    await this.settled()
  }

  /** Makes the kernel's routes of our protocol those that are wanted. Does not reject. */
  async #bring(wanted: readonly ActiveStaticRoute[]): Promise<void> {
    const failed = new Set<string>()
    const attempt = async (act: () => Promise<unknown>): Promise<void> => {
      try {
        await act()
      } catch (cause) {
        const error =
          cause instanceof OspfError
            ? cause
            : new OspfError('ERR_OSPF_KERNEL', String(cause), { cause })
        failed.add(error.message)
        if (!this.#told.has(error.message)) this.#onError(error)
      }
    }
    await attempt(async () => {
      const seen = await this.#read()
      for (const one of seen)
        if (!wanted.some((route) => isAt(route, one))) await attempt(() => this.#remove(one))
      for (const route of wanted) {
        const there = seen.filter((one) => isAt(route, one))
        if (there.length === 1 && isSame(route, there[0]!)) continue
        await attempt(() => this.#add(route, there.length > 0))
      }
    })
    this.#told = failed
  }

  /** Those of our protocol, in every table: an earlier life may have used others. */
  async #read(): Promise<SeenRoute[]> {
    const messages = await this.#socket.dump({
      what: 'read the static routes',
      type: RTM_GETROUTE,
      payload: encodeRouteQuery(0, OWN_STATIC),
    })
    return messages
      .flatMap((message) => decodeSeenRoute(message) ?? [])
      .filter(({ protocol }) => protocol === OWN_STATIC)
  }

  #add(route: ActiveStaticRoute, isThere: boolean): Promise<unknown> {
    return this.#socket.request({
      what: `add static route ${formatPrefix(route.prefix, route.length)}`,
      type: RTM_NEWROUTE,
      // what is at its place is ours, or the kernel refuses
      flags: MessageFlag.create | (isThere ? MessageFlag.replace : MessageFlag.exclusive),
      payload: encodeStaticRoute(inKernel(route)),
    })
  }

  async #remove({ prefix, length, table, metric, type, hops }: SeenRoute): Promise<void> {
    const ways = hops.map(({ index, gateway }) =>
      gateway === undefined ? { index } : { index, gateway },
    )
    try {
      await this.#socket.request({
        what: `remove static route ${formatPrefix(prefix, length)}`,
        type: RTM_DELROUTE,
        flags: 0,
        payload: encodeStaticRoute({
          prefix,
          length,
          table,
          metric,
          protocol: OWN_STATIC,
          type,
          hops: ways,
        }),
      })
    } catch (error) {
      if (!(error instanceof OspfError && error.errno === 'ESRCH')) throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#soon)
    clearInterval(this.#interval)
    this.#watch[Symbol.dispose]()
    await this.#work
    await this.#bring([])
    await this.#links[Symbol.asyncDispose]()
    this.#socket.close()
    await this.#lock[Symbol.asyncDispose]()
  }
}

const inKernel = ({
  prefix,
  length,
  table,
  metric,
  discard,
  hops,
}: ActiveStaticRoute): StaticKernelRoute => ({
  prefix,
  length,
  table,
  metric,
  protocol: OWN_STATIC,
  type: types[discard ?? 'unicast'],
  hops,
})

const isAt = (route: ActiveStaticRoute, one: SeenRoute): boolean =>
  route.prefix === one.prefix &&
  route.length === one.length &&
  route.table === one.table &&
  route.metric === one.metric &&
  one.tos === 0

const isSame = (route: ActiveStaticRoute, one: SeenRoute): boolean =>
  types[route.discard ?? 'unicast'] === one.type &&
  (one.type !== types.unicast ||
    (route.hops.length === one.hops.length &&
      route.hops.every(({ index, gateway }) =>
        one.hops.some((hop) => hop.index === index && hop.gateway === gateway),
      )))
