/** What a speaker stands on: by default Linux, loaded on demand, so that everything but that works elsewhere. */
import { realClock } from './clock.ts'
import type { EventStream } from './events.ts'
import type { Parsed } from './options.ts'
import type {
  AddressPort,
  Clock,
  DatagramPort,
  KernelRouteView,
  Link,
  LinkPort,
  RouteSink,
  RouteSource,
  SysctlPort,
} from './ports.ts'

/** What a speaker stands on. The default is Linux; the simulator has its own. */
export interface SpeakerPorts {
  readonly clock: Clock
  readonly datagrams: DatagramPort
  readonly links: LinkPort
  readonly addresses: AddressPort
  /** Undefined: routes are calculated and go nowhere. */
  readonly routes: RouteSink | undefined
  /** Undefined: there is no kernel to be helped. */
  readonly sysctls?: SysctlPort
  /** Keeps other speakers off an interface that is added later; those of the start are taken already. */
  readonly lock?: (name: string) => Promise<void>
  readonly unlock?: (name: string) => Promise<void>
  /** Opens a table to be redistributed, by default that of `routes`, or main. Undefined: there is none to look at. */
  readonly openRouteSource?: (table?: number) => Promise<RouteSource>
  /** Closes whatever else was opened for the speaker; called last. */
  readonly close?: () => Promise<void>
}

/**
 * Opens the Linux ports.
 * @throws OspfError ERR_OSPF_NATIVE, ERR_OSPF_DUPLICATE, ERR_OSPF_KERNEL
 */
export async function linuxPorts(parsed: Parsed, events: EventStream): Promise<SpeakerPorts> {
  const { openLinux } = await import('./linux/index.ts')
  const ports = await openLinux({
    clock: realClock,
    interfaces: parsed.interfaces.filter((i) => !i.passive).map((i) => i.name),
    kernel: parsed.kernel,
    report: (event) => events.push(event),
  })
  if (parsed.record === undefined) return ports
  const { Recording } = await import('./recording.ts')
  const recording = new Recording(parsed.record, ports.datagrams, realClock, (event) =>
    events.push(event),
  )
  const close = async (): Promise<void> => {
    await recording[Symbol.asyncDispose]()
    await ports.close?.()
  }
  return { ...ports, datagrams: recording.datagrams, close }
}

/**
 * The kernel's devices and their IPv4 addresses now, by name.
 * @throws OspfError ERR_OSPF_NATIVE where the native code is missing
 */
export async function kernelLinks(): Promise<ReadonlyMap<string, Link>> {
  const { readLinks } = await import('./linux/index.ts')
  return readLinks()
}

/**
 * The kernel's IPv4 routes of a table now, in its order; 254 is main. Those that it has for addresses and broadcasts
 * (table local) are not among them.
 * @throws OspfError ERR_OSPF_NATIVE where the native code is missing, ERR_OSPF_KERNEL
 */
export async function kernelRoutes(table = 254): Promise<KernelRouteView[]> {
  const { readKernelRoutes } = await import('./linux/index.ts')
  return readKernelRoutes(table)
}
