/**
 * Host addresses on a device, added and removed over rtnetlink.
 *
 * Whose address is it? We put our protocol number on those that we add, and hold a lock for each while we live: one that
 * is there already, with our number and nobody behind its lock, is from an earlier life that did not end well. It is
 * taken over, and removed at the end.
 */
import { OspfError } from '../errors.ts'
import type { AddressPort } from '../ports.ts'
import { formatPrefix } from '../wire/address.ts'
import {
  decodeAddress,
  decodeDevice,
  encodeAddress,
  encodeAddressQuery,
  encodeLinkQuery,
  RTM_DELADDR,
  RTM_GETADDR,
  RTM_GETLINK,
  RTM_NEWADDR,
} from './link-message.ts'
import { NetlinkSocket } from './netlink.ts'
import { MessageFlag } from './netlink-message.ts'
import { lockAddress } from './route-lock.ts'

/** RTPROT_OSPF */
const PROTOCOL = 188

/** The kernel's addresses. Keeps the event loop alive only while a request is under way. */
export class LinuxAddresses implements AddressPort, Disposable {
  readonly #socket: NetlinkSocket
  /** By device and prefix. */
  readonly #locks = new Map<string, AsyncDisposable>()

  /** Throws OspfError without the native binding, or when the kernel refuses a netlink socket. */
  static open(): LinuxAddresses {
    return new LinuxAddresses()
  }

  private constructor() {
    this.#socket = NetlinkSocket.open()
  }

  /**
   * Adds an address. Resolves to false when it was there before and is somebody else's. Rejects with
   * ERR_OSPF_NO_INTERFACE, ERR_OSPF_PERMISSION, or ERR_OSPF_KERNEL.
   */
  async add(
    device: string,
    address: number,
    prefixLength: number,
    label?: string,
  ): Promise<boolean> {
    const prefix = formatPrefix(address, prefixLength)
    const key = `${device} ${prefix}`
    const lock = this.#locks.has(key) ? undefined : await lockUnlessTaken(device, prefix)
    let isOurs = false
    try {
      const index = await this.#index(device)
      try {
        await this.#socket.request({
          what: `add ${prefix} to ${device}`,
          type: RTM_NEWADDR,
          flags: MessageFlag.create | MessageFlag.exclusive,
          payload: encodeAddress(index, address, prefixLength, { protocol: PROTOCOL, label }),
        })
        isOurs = true
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') throw error
        isOurs = lock !== undefined && (await this.#isLeftover(index, address, prefixLength))
      }
    } finally {
      if (lock !== undefined) {
        if (isOurs) this.#locks.set(key, lock)
        else await lock[Symbol.asyncDispose]()
      }
    }
    return isOurs
  }

  /** Removes an address. One that is not there, or whose device is gone, is no error. */
  async remove(device: string, address: number, prefixLength: number): Promise<void> {
    try {
      await this.#socket.request({
        what: `remove ${formatPrefix(address, prefixLength)} from ${device}`,
        type: RTM_DELADDR,
        payload: encodeAddress(await this.#index(device), address, prefixLength),
      })
    } catch (error) {
      const gone = ['EADDRNOTAVAIL', 'ENODEV'].includes(errnoOf(error) ?? '')
      if (!gone) throw error
    }
    const key = `${device} ${formatPrefix(address, prefixLength)}`
    const lock = this.#locks.get(key)
    this.#locks.delete(key)
    await lock?.[Symbol.asyncDispose]()
  }

  /** Closes the socket; what is pending rejects with ERR_OSPF_STOPPED. The addresses stay. */
  [Symbol.dispose](): void {
    this.#socket.close()
    for (const lock of this.#locks.values()) void lock[Symbol.asyncDispose]()
    this.#locks.clear()
  }

  async #isLeftover(index: number, address: number, prefixLength: number): Promise<boolean> {
    const what = 'read addresses'
    const payload = encodeAddressQuery()
    const messages = await this.#socket.dump({ what, type: RTM_GETADDR, payload })
    return messages.some((message) => {
      const found = decodeAddress(message.payload)
      return (
        found?.index === index &&
        found.address === address &&
        found.prefixLength === prefixLength &&
        found.protocol === PROTOCOL
      )
    })
  }

  /** Asked every time: a device may have been made anew under the same name. */
  async #index(device: string): Promise<number> {
    const query = { what: `device ${device}`, type: RTM_GETLINK, payload: encodeLinkQuery(device) }
    try {
      const [reply] = await this.#socket.request(query)
      const found = reply === undefined ? undefined : decodeDevice(reply.payload, new Map())
      if (found !== undefined) return found.index
    } catch (cause) {
      // A name that no device can have is refused as invalid.
      if (!['ENODEV', 'ERANGE', 'EINVAL'].includes(errnoOf(cause) ?? '')) throw cause
    }
    throw new OspfError('ERR_OSPF_NO_INTERFACE', `no such device: ${device}`, { errno: 'ENODEV' })
  }
}

/** Undefined: somebody alive has it. */
async function lockUnlessTaken(
  device: string,
  prefix: string,
): Promise<AsyncDisposable | undefined> {
  try {
    return await lockAddress(device, prefix)
  } catch (error) {
    if (error instanceof OspfError && error.code === 'ERR_OSPF_DUPLICATE') return undefined
    throw error
  }
}

const errnoOf = (error: unknown): string | undefined =>
  error instanceof OspfError ? error.errno : undefined
