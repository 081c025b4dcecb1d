/** Devices and their IPv4 addresses, read once and followed over rtnetlink. */
import { isDeepStrictEqual } from 'node:util'
import { realClock } from '../clock.ts'
import type { OspfError } from '../errors.ts'
import type { Link, LinkPort } from '../ports.ts'
import { Follower } from './follower.ts'
import {
  type Address,
  type Device,
  decodeAddress,
  decodeDevice,
  encodeAddressQuery,
  encodeLinkQuery,
  makeLink,
  RTM_DELADDR,
  RTM_DELLINK,
  RTM_GETADDR,
  RTM_GETLINK,
  RTM_NEWADDR,
  RTM_NEWLINK,
} from './link-message.ts'
import { NetlinkSocket } from './netlink.ts'
import type { NetlinkMessage } from './netlink-message.ts'

/** linux/rtnetlink.h */
const RTNLGRP_LINK = 1
const RTNLGRP_IPV4_IFADDR = 5

/** Notifications kept while a dump is under way. */
const BACKLOG_LIMIT = 4096

export interface LinuxLinksOptions {
  /** Octets, of the socket that listens. Default 1 MiB. */
  readonly receiveBuffer?: number
  /** A re-read failed; what is known may be out of date until the next one, a second later. */
  readonly onError?: (error: OspfError) => void
  /** The kernel had more to tell than the buffer held; everything is read again. */
  readonly onOverrun?: () => void
}

/** The kernel's devices. Changes that arrive together are told once, by their outcome. */
export class LinuxLinks implements LinkPort {
  readonly #socket: NetlinkSocket
  readonly #follower: Follower<readonly NetlinkMessage[]>
  readonly #watchers = new Set<(name: string, link: Link | undefined) => void>()
  #devices = new Map<number, Device>()
  #addresses = new Map<string, Address>()
  #links: ReadonlyMap<string, Link> = new Map()

  /** Reads what is there and begins to follow. Throws OspfError when the kernel refuses. */
  static async open(options: LinuxLinksOptions = {}): Promise<LinuxLinks> {
    const links = new LinuxLinks(options)
    try {
      await links.#follower.read()
      links.#publish()
    } catch (error) {
      await links[Symbol.asyncDispose]()
      throw error
    }
    return links
  }

  private constructor(options: LinuxLinksOptions) {
    this.#socket = NetlinkSocket.open({
      groups: [RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR],
      ...(options.receiveBuffer === undefined ? {} : { receiveBuffer: options.receiveBuffer }),
      notify: (messages) => this.#follower.hear(messages),
      overrun: () => this.#follower.overrun(),
    })
    const applyAll = (messages: Iterable<NetlinkMessage>): void => {
      for (const message of messages) this.#apply(message)
    }
    this.#follower = new Follower({
      clock: realClock,
      backlog: BACKLOG_LIMIT,
      read: () => this.#read(),
      take: (found, told) => {
        this.#devices = new Map()
        this.#addresses = new Map()
        applyAll(found)
        applyAll(told)
      },
      apply: applyAll,
      changed: () => this.#publish(),
      onError: options.onError,
      onOverrun: options.onOverrun,
    })
  }

  links(): ReadonlyMap<string, Link> {
    return this.#links
  }

  watch(changed: (name: string, link: Link | undefined) => void): Disposable {
    // A wrapper, so that the same function may watch twice.
    const watcher = (name: string, link: Link | undefined): void => changed(name, link)
    this.#watchers.add(watcher)
    return { [Symbol.dispose]: () => void this.#watchers.delete(watcher) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#follower[Symbol.dispose]()
    this.#watchers.clear()
    this.#socket.close()
  }

  async #read(): Promise<readonly NetlinkMessage[]> {
    const links = await this.#socket.dump({
      what: 'RTM_GETLINK',
      type: RTM_GETLINK,
      payload: encodeLinkQuery(),
    })
    const addresses = await this.#socket.dump({
      what: 'RTM_GETADDR',
      type: RTM_GETADDR,
      payload: encodeAddressQuery(),
    })
    return [...links, ...addresses]
  }

  #apply(message: NetlinkMessage): void {
    switch (message.type) {
      case RTM_NEWLINK: {
        const device = decodeDevice(message.payload, this.#devices)
        if (device !== undefined) this.#devices.set(device.index, device)
        break
      }
      case RTM_DELLINK: {
        const device = decodeDevice(message.payload, this.#devices)
        if (device === undefined) break
        this.#devices.delete(device.index)
        for (const [key, { index }] of this.#addresses) {
          if (index === device.index) this.#addresses.delete(key)
        }
        break
      }
      case RTM_NEWADDR:
      case RTM_DELADDR: {
        const address = decodeAddress(message.payload)
        if (address === undefined) break
        const { index, prefixLength, peer } = address
        const key = `${index}/${address.address}/${prefixLength}/${peer}`
        if (message.type === RTM_NEWADDR) this.#addresses.set(key, address)
        else this.#addresses.delete(key)
        break
      }
    }
  }

  /** Tells the difference to what was told before: what is gone first, then the rest. */
  #publish(): void {
    const before = this.#links
    const byDevice = new Map<number, Address[]>()
    for (const address of this.#addresses.values()) {
      const list = byDevice.get(address.index)
      if (list === undefined) byDevice.set(address.index, [address])
      else list.push(address)
    }
    const now = new Map<string, Link>()
    for (const device of this.#devices.values()) {
      const master = device.master === undefined ? undefined : this.#devices.get(device.master)
      const vrf = [device, master].find((one) => one?.table !== undefined)?.name
      const link = makeLink(device, byDevice.get(device.index) ?? [], vrf)
      const old = before.get(device.name)
      now.set(device.name, isDeepStrictEqual(old, link) ? old! : link)
    }
    this.#links = now
    for (const [name, { index }] of before) {
      // Also when another device has the name now: sockets bound to the old one are dead.
      if (now.get(name)?.index !== index) this.#tell(name, undefined)
    }
    for (const [name, link] of now) if (before.get(name) !== link) this.#tell(name, link)
  }

  #tell(name: string, link: Link | undefined): void {
    for (const watcher of [...this.#watchers]) {
      try {
        if (this.#watchers.has(watcher)) watcher(name, link)
      } catch (error) {
        // One that throws does not keep the others in the dark.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
