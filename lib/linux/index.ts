/** Linux behind every port of a speaker. Loaded on demand, as it brings the native code. */
import type { KernelWhat, SpeakerEvent } from '../events.ts'
import type { Clock, KernelRouteView, Link, RouteSink } from '../ports.ts'
import { formatIpv4, formatPrefix } from '../wire/address.ts'
import type { SpeakerPorts } from '../world.ts'
import { LinuxAddresses } from './addresses.ts'
import { LinuxLinks } from './links.ts'
import { lockInterface } from './route-lock.ts'
import type { LinuxRoutesOptions, RouteEvent } from './route-options.ts'
import { readTable } from './route-reader.ts'
import { LinuxRouteSource, sourceRouteTypes } from './route-source.ts'
import { tableNumber, vrfTable } from './route-tables.ts'
import { LinuxRoutes } from './routes.ts'
import { RawSocketPort } from './socket.ts'
import { LinuxSysctls } from './sysctl.ts'

export interface LinuxWorld {
  readonly clock: Clock
  /** Interfaces that OSPF packets are exchanged on: no two speakers share one. */
  readonly interfaces: readonly string[]
  /** Where routes go; undefined: nowhere. */
  readonly kernel: KernelWorld | undefined
  readonly report: (event: SpeakerEvent) => void
}

/** Where routes go and how, with names that are not resolved yet. */
export interface KernelWorld
  extends Omit<
    LinuxRoutesOptions,
    'links' | 'netlink' | 'clock' | 'onEvent' | 'receiveBuffer' | 'table'
  > {
  readonly table: number | string
  /** A VRF device, whose table it is then. */
  readonly vrf?: string
}

/**
 * Opens what a speaker needs of the kernel, or nothing.
 * @throws OspfError ERR_OSPF_NATIVE, ERR_OSPF_DUPLICATE (another speaker has an interface, or the routes),
 * ERR_OSPF_CONFIG (a table or VRF that is not there), ERR_OSPF_NO_INTERFACE, ERR_OSPF_KERNEL
 */
export async function openLinux(world: LinuxWorld): Promise<SpeakerPorts> {
  const { clock, kernel, report } = world
  const opened: (() => void | PromiseLike<void>)[] = []
  const close = async (): Promise<void> => {
    for (const undo of opened.splice(0).reverse()) await undo()
  }
  try {
    const links = await LinuxLinks.open({
      onError: (error) => report({ type: 'error', where: 'links', error }),
    })
    opened.push(() => links[Symbol.asyncDispose]())
    const addresses = LinuxAddresses.open()
    opened.push(() => addresses[Symbol.dispose]())
    const locks = new InterfaceLocks(links)
    opened.push(() => locks[Symbol.asyncDispose]())
    for (const name of world.interfaces) await locks.lock(name)
    let routes: RouteSink | undefined
    let sinkTable: number | undefined
    if (kernel) {
      const onEvent = (event: RouteEvent): void => report(tell(event))
      const { vrf, ...options } = kernel
      const table = vrf === undefined ? tableNumber(kernel.table) : await vrfTable(vrf)
      sinkTable = table
      const sink = await LinuxRoutes.open({ ...options, table, links, clock, onEvent })
      opened.push(() => sink[Symbol.asyncDispose]())
      routes = sink
    }
    const openRouteSource = (table = sinkTable): Promise<LinuxRouteSource> =>
      LinuxRouteSource.open({
        links,
        clock,
        ...(table === undefined ? {} : { table }),
        isOfSink: table === sinkTable,
        onError: (error) => report({ type: 'error', where: 'routes to redistribute', error }),
        onOverrun: () => report(tell({ type: 'overrun' })),
      })
    const datagrams = new RawSocketPort()
    const sysctls = new LinuxSysctls()
    const lock = (name: string): Promise<void> => locks.lock(name)
    const unlock = (name: string): Promise<void> => locks.unlock(name)
    const opening = { openRouteSource, lock, unlock }
    return { clock, datagrams, links, addresses, routes, sysctls, ...opening, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The locks of one speaker. */
class InterfaceLocks implements AsyncDisposable {
  readonly #links: Pick<LinuxLinks, 'links'>
  readonly #locks = new Map<string, AsyncDisposable>()
  /** Keys of locks by interface. */
  readonly #held = new Map<string, readonly string[]>()

  constructor(links: Pick<LinuxLinks, 'links'>) {
    this.#links = links
  }

  /**
   * An interface and, where its name does not say it, the address that it stands on: another may have that by name.
   * @throws OspfError ERR_OSPF_DUPLICATE
   */
  async lock(name: string): Promise<void> {
    const address = this.#links.links().get(name)?.address
    const keys = address === undefined ? [name] : [name, `${name}:${formatIpv4(address)}`]
    if (this.#held.has(name)) return
    this.#held.set(name, keys)
    try {
      for (const key of keys) {
        if (!this.#locks.has(key)) this.#locks.set(key, await lockInterface(key))
      }
    } catch (error) {
      await this.unlock(name)
      throw error
    }
  }

  async unlock(name: string): Promise<void> {
    const keys = this.#held.get(name) ?? []
    this.#held.delete(name)
    const needed = new Set([...this.#held.values()].flat())
    for (const key of keys) {
      if (needed.has(key)) continue
      const lock = this.#locks.get(key)
      this.#locks.delete(key)
      await lock?.[Symbol.asyncDispose]()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.#held.keys()]) await this.unlock(name)
  }
}

/** The devices and their addresses now, by name. */
export async function readLinks(): Promise<ReadonlyMap<string, Link>> {
  const links = await LinuxLinks.open()
  try {
    return links.links()
  } finally {
    await links[Symbol.asyncDispose]()
  }
}

/** Routes that a table has now, but for the kernel's own of addresses and broadcasts; with the names of devices. */
export async function readKernelRoutes(table: number): Promise<KernelRouteView[]> {
  const [routes, links] = await Promise.all([readTable(table), readLinks()])
  const names = new Map(Array.from(links.values(), ({ index, name }) => [index, name]))
  return routes.flatMap(({ prefix, length, type, protocol, metric, tos, source, hops }) => {
    const kind = sourceRouteTypes[type]
    if (kind === undefined || tos !== 0) return []
    const view: KernelRouteView = {
      prefix: formatPrefix(prefix, length),
      type: kind,
      protocol,
      metric,
      source: source === undefined ? undefined : formatIpv4(source),
      nextHops: hops.map(({ index, gateway, weight = 1 }) => ({
        interface: names.get(index) ?? `if${index}`,
        gateway: gateway === undefined ? undefined : formatIpv4(gateway),
        weight,
      })),
    }
    return [view]
  })
}

/** What the route sink has to say, in the words of the event stream. */
function tell(event: RouteEvent): SpeakerEvent {
  const prefix = 'prefix' in event ? formatPrefix(event.prefix, event.length) : undefined
  const kernel = (what: KernelWhat, detail: string): SpeakerEvent => ({
    type: 'kernel',
    what,
    prefix,
    detail,
  })
  switch (event.type) {
    case 'mode': {
      const groups = event.resilient
        ? 'next-hop groups, resilient where asked for'
        : 'next-hop groups'
      const how = event.mode === 'groups' ? groups : 'next hops in each route'
      return kernel('mode', `several next hops are installed as ${how}: ${event.why}`)
    }
    case 'forbidden':
      return kernel('forbidden', `routes are not being installed: ${event.error.message}`)
    case 'overrun':
      return kernel('overrun', 'the table is read again')
    case 'unreadable':
      return kernel('unreadable', `${event.error.message}; tried again in ${event.retryIn} s`)
    case 'uncollected':
      return kernel('uncollected', `${event.error.message}; tried again later`)
    case 'group': {
      const how = event.change === 'gone' ? 'removed' : 'changed'
      const what = `somebody ${how} next-hop group ${event.id}`
      return kernel('group', `${what}; its routes (${event.routes}) are put right`)
    }
    case 'error': {
      const again = event.retryIn === undefined ? 'given up' : `tried again in ${event.retryIn} s`
      const others = event.others > 0 ? `; so are ${event.others} more` : ''
      return kernel('refused', `${event.action}: ${event.error.message}; ${again}${others}`)
    }
    case 'foreign':
      return kernel(
        'foreign',
        `protocol ${event.protocol} has a route there; ours waits until it is gone`,
      )
    case 'lost':
      return kernel('lost', `somebody removed our route; put back in ${event.putBackIn} s`)
    case 'leftover':
      return kernel('leftover', `a route of an earlier life is ${event.action}`)
    case 'leftovers': {
      const why = { converged: 'converged', time: 'leftoverTime is over' }[event.why]
      const what = `routes of an earlier life that were not found again (${event.routes})`
      return kernel('leftover', `${what} are removed: ${why}`)
    }
  }
}
