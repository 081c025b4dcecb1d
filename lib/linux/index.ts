/** Linux behind every port of a speaker. Loaded on demand, as it brings the native code. */
import type { SpeakerEvent } from '../events.ts'
import type { Clock, Link, RouteSink } from '../ports.ts'
import { formatPrefix } from '../wire/address.ts'
import type { SpeakerPorts } from '../world.ts'
import { LinuxAddresses } from './addresses.ts'
import { LinuxLinks } from './links.ts'
import { lockInterface } from './route-lock.ts'
import { LinuxRoutes, type RouteEvent } from './routes.ts'
import { RawSocketPort } from './socket.ts'
import { LinuxSysctls } from './sysctl.ts'

export interface LinuxWorld {
  readonly clock: Clock
  /** Devices that OSPF packets are exchanged on: no two speakers share one. */
  readonly interfaces: readonly string[]
  /** Where routes go; undefined: nowhere. */
  readonly kernel: { readonly table: number; readonly metric: number } | undefined
  readonly report: (event: SpeakerEvent) => void
}

/**
 * Opens what a speaker needs of the kernel, or nothing.
 * @throws OspfError ERR_OSPF_NATIVE, ERR_OSPF_DUPLICATE (another speaker has an interface, or the routes),
 * ERR_OSPF_KERNEL
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
    for (const name of world.interfaces) {
      const lock = await lockInterface(name)
      opened.push(() => lock[Symbol.asyncDispose]())
    }
    let routes: RouteSink | undefined
    if (kernel) {
      const onEvent = (event: RouteEvent): void => report(tell(event))
      const sink = await LinuxRoutes.open({ ...kernel, links, clock, onEvent })
      opened.push(() => sink[Symbol.asyncDispose]())
      routes = sink
    }
    const datagrams = new RawSocketPort()
    const sysctls = new LinuxSysctls()
    return { clock, datagrams, links, addresses, routes, sysctls, close }
  } catch (error) {
    await close()
    throw error
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

/** What the route sink has to say, in the words of the event stream. */
function tell(event: RouteEvent): SpeakerEvent {
  if (event.type === 'overrun') {
    return {
      type: 'kernel',
      what: event.type,
      prefix: undefined,
      detail: 'the table is read again',
    }
  }
  if (event.type === 'unreadable') {
    const detail = `${event.error.message}; tried again in ${event.retryIn} s`
    return { type: 'kernel', what: event.type, prefix: undefined, detail }
  }
  const prefix = formatPrefix(event.prefix, event.length)
  switch (event.type) {
    case 'error': {
      const again = event.retryIn === undefined ? 'given up' : `tried again in ${event.retryIn} s`
      const detail = `${event.action}: ${event.error.message}; ${again}`
      return { type: 'kernel', what: 'refused', prefix, detail }
    }
    case 'foreign': {
      const detail = `protocol ${event.protocol} has a route there; ours waits until it is gone`
      return { type: 'kernel', what: 'foreign', prefix, detail }
    }
    case 'lost': {
      const detail = `somebody removed our route; put back in ${event.putBackIn} s`
      return { type: 'kernel', what: 'lost', prefix, detail }
    }
    case 'leftover': {
      const detail = `a route of an earlier life is ${event.action}`
      return { type: 'kernel', what: 'leftover', prefix, detail }
    }
  }
}
