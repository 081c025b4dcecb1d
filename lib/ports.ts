/**
 * What a speaker needs from the world, as small interfaces. `linux/` is the default behind each; the simulator
 * stands in for all of them.
 */
import type { Datagram, LinkState, RouteChange } from './core/io.ts'

/** Time, handed in so that gates and policies run in virtual time as well. */
export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number
  /** Milliseconds since 1970. Only ever compared with `now` to notice a machine that slept. */
  wall(): number
  /** Calls back once, `delay` milliseconds from now, unless disposed before. */
  setTimer(delay: number, callback: () => void): Disposable
}

/** IP protocol 89 on one interface. */
export interface DatagramSocket extends AsyncDisposable {
  /** Sends one OSPF packet (without IP header). `ttl`: default 1. Errors go to `onError`, not to the caller. */
  send(destination: number, bytes: Uint8Array, ttl?: number): void
  /** Joins or leaves a multicast group on this interface. */
  membership(group: number, join: boolean): void
  /** Whether it is of no more use: closed, or failed for good. */
  readonly closed: boolean
}

export interface DatagramPort {
  /**
   * Opens the socket of an interface and joins AllSPFRouters. `bytes` of a received datagram may be a view of a
   * buffer that is used again. Throws an OspfError that names the cause (not permitted, no such device).
   */
  open(
    link: { readonly name: string; readonly index: number; readonly address: number },
    receive: (datagram: Datagram) => void,
    onError: (error: Error) => void,
  ): DatagramSocket
  /**
   * Opens a socket for packets that are routed: those of virtual links, which come in on the others. `vrf`: by the
   * routes of this VRF.
   */
  openRouted(onError: (error: Error) => void, vrf?: string): RoutedSocket
}

export interface RoutedSocket extends AsyncDisposable {
  /** `ttl`: default 64. */
  send(source: number, destination: number, bytes: Uint8Array, ttl?: number): void
}

/** A device and its IPv4 addresses, as the kernel has them. */
export interface Link extends LinkState {
  readonly name: string
  readonly index: number
  readonly loopback: boolean
  /** Broadcast-capable (IFF_BROADCAST) as against point-to-point. */
  readonly broadcast: boolean
  /** Name of the VRF that the device is part of, or is. */
  readonly vrf?: string
  /** Of a VRF itself: the number of its table. */
  readonly table?: number
  /** Every IPv4 address, primary first. */
  readonly addresses: readonly {
    readonly address: number
    readonly prefixLength: number
    readonly secondary: boolean
    readonly peer: number | undefined
    /** Who added it, where that is said: 188, as speakers say of the VIPs that they put there. */
    readonly protocol?: number
  }[]
}

/** Devices and addresses, followed live. */
export interface LinkPort extends AsyncDisposable {
  /** The devices now, by name. */
  links(): ReadonlyMap<string, Link>
  /** Called with every device that changed, and with its name alone when it is gone. */
  watch(changed: (name: string, link: Link | undefined) => void): Disposable
}

/** Host addresses that the speaker itself adds (a VIP on lo) and removes. */
export interface AddressPort {
  /**
   * Resolves to false when the address was there before: then it is not ours to remove. `label`: what `ip addr` shows it
   * with, 'lo:vip'; default: the device.
   */
  add(device: string, address: number, prefixLength: number, label?: string): Promise<boolean>
  remove(device: string, address: number, prefixLength: number): Promise<void>
}

/** A device as the kernel has it now. */
export interface HostDevice {
  readonly name: string
  readonly index: number
  /** Whether it is meant to be up (IFF_UP). */
  readonly up: boolean
  readonly loopback: boolean
  readonly broadcast: boolean
  readonly mtu: number
  /** 'veth', 'ipip', 'gre', ...; undefined: nothing special. */
  readonly kind: string | undefined
  /** Of a tunnel: the address that packets come to; undefined: any. */
  readonly local: number | undefined
  readonly addresses: readonly {
    readonly address: number
    readonly prefixLength: number
    readonly peer: number | undefined
  }[]
}

/** A /32 on a device. */
export interface HostAddress {
  readonly device: string
  readonly address: number
  /** What `ip addr` shows it with; default: the device. */
  readonly label?: string | undefined
  /** Default 'global'. */
  readonly scope?: 'global' | 'host' | undefined
}

/** What a tunnel takes besides. */
export interface TunnelDetails {
  /** Packets to this address; undefined: to any. */
  readonly local?: number | undefined
  /** Of gre: packets with a checksum, and no others. */
  readonly checksum?: boolean
}

/** Devices and addresses, changed by who sets up a host. All reject with an OspfError in the kernel's words. */
export interface DevicePort {
  devices(): Promise<readonly HostDevice[]>
  /** A tunnel that takes packets from anywhere. */
  addTunnel(name: string, kind: 'ipip' | 'gre', details?: TunnelDetails): Promise<void>
  removeDevice(name: string): Promise<void>
  setUp(name: string, up: boolean): Promise<void>
  setMtu(name: string, mtu: number): Promise<void>
  addAddress(address: HostAddress): Promise<void>
  /** One that is not there is no error. */
  removeAddress(address: HostAddress): Promise<void>
  /** UDP ports that take GUE. */
  guePorts(): Promise<readonly number[]>
  addGue(port: number): Promise<void>
  removeGue(port: number): Promise<void>
  /** Who answers ARP for an address: the MAC address, or undefined when nobody does in that time. */
  askArp(device: string, address: number, milliseconds: number): Promise<string | undefined>
}

/** Kernel parameters (sysctl) of the network namespace. Paths are below /proc/sys: 'net/ipv4/ip_forward'. */
export interface SysctlPort {
  /** Undefined: there is no such parameter. Throws an OspfError when it cannot be read. */
  read(path: string): number | undefined
  /** Throws an OspfError that names the cause (not permitted, read-only, no such parameter). */
  write(path: string, value: number): void
}

/** How routes are written to the kernel, and how far that has come. */
export interface KernelStatus {
  /**
   * How several next hops are installed: 'multipath' in each route, 'groups' in next-hop groups that routes share,
   * 'resilient' likewise, and some prefixes have a resilient group of their own.
   */
  readonly mode: 'multipath' | 'groups' | 'resilient'
  /** Why so: what was asked for, and what the kernel can. */
  readonly why: string
  readonly table: number
  readonly metric: number
  /** As in /etc/iproute2/rt_protos. */
  readonly protocol: number
  /** Routes of ours in the kernel, as they are wanted or were a moment ago; black holes among them. */
  readonly routes: number
  /** Of all that are ours, black holes. */
  readonly discards: number
  /** Routes of an earlier life that nobody has confirmed yet. */
  readonly leftovers: number
  /** Next-hop groups, those that are about to go included. */
  readonly groups: number
  /** Routes that are to be written, or just are. */
  readonly pending: number
  /** Routes that the kernel refused, or would not take back; tried again. */
  readonly failed: number
  /** Routes in whose place somebody else's is. */
  readonly foreign: number
  /** We may not write at all (CAP_NET_ADMIN). */
  readonly forbidden: boolean
  /** What the kernel refused last, in its words, and how many seconds ago. */
  readonly lastError: { readonly message: string; readonly age: number } | undefined
}

/** Why unconfirmed routes of an earlier life go: all that there are have been found, or their time is over. */
export type FlushReason = 'converged' | 'time'

/** Where routes go. Changes are applied in order; a failure is reported and retried by the sink. */
export interface RouteSink extends AsyncDisposable {
  apply(changes: readonly RouteChange[]): void
  /** Resolves when everything applied so far has been answered by the kernel (or has failed). */
  settled(): Promise<void>
  /** Something of an earlier life was there at the start, and what is not confirmed has not been told to go. */
  readonly hasLeftovers?: boolean
  /** Removes at once what nobody has confirmed. The sink does so itself when the time for it is over. */
  flushLeftovers?(why: FlushReason): void
  /** Flows stay where they are when another next hop comes or goes, and who is `draining` gets no new ones. */
  readonly keepsConnections?: boolean
  /** How it stands; absent where there is nothing to tell. */
  status?(): KernelStatus
}

/** What a kernel's route does with packets: those that are not 'unicast' are discarded. */
export type SourceRouteType = 'unicast' | 'blackhole' | 'unreachable' | 'prohibit'

/** A route in the kernel's table, whoever put it there. */
export interface SourceRoute {
  readonly prefix: number
  readonly length: number
  readonly type: SourceRouteType
  /** Who put it there, as in /etc/iproute2/rt_protos: 2 kernel, 3 boot, 4 static, 188 ospf ... */
  readonly protocol: number
  /** Smaller is preferred. */
  readonly metric: number
  readonly table: number
  /** As in /etc/iproute2/rt_scopes: 0 global, 253 link. */
  readonly scope: number
  /** Undefined: it discards, or has several. */
  readonly device: string | undefined
  /** Undefined: it discards, is attached, or has several. */
  readonly gateway: number | undefined
}

/** What the kernel has for one destination now: best metric first. Empty: nothing any more. */
export interface SourceChange {
  readonly prefix: number
  readonly length: number
  readonly routes: readonly SourceRoute[]
}

/** A route of the kernel, whoever put it there. */
export interface KernelRouteView {
  /** '10.0.0.0/8' */
  readonly prefix: string
  readonly type: SourceRouteType
  /** As in /etc/iproute2/rt_protos: 2 kernel, 3 boot, 4 static, 188 ospf ... */
  readonly protocol: number
  /** Smaller is preferred. */
  readonly metric: number
  /** Preferred source address. */
  readonly source: string | undefined
  /** None: it discards. */
  readonly nextHops: readonly {
    readonly interface: string
    readonly gateway: string | undefined
    /** Share of the flows, 1 to 256. */
    readonly weight: number
  }[]
}

/** The routes of a kernel's table, followed live. Routes whose devices are all down are not there. */
export interface RouteSource extends AsyncDisposable {
  /** Which table: 254 is main. */
  readonly table: number
  /** The speaker's route sink writes into it, too. */
  readonly isOfSink: boolean
  /** All that there is now, by destination. */
  routes(): Iterable<SourceChange>
  /** Called with every destination whose routes changed; changes that fall together come together. */
  watch(changed: (changes: readonly SourceChange[]) => void): Disposable
}
