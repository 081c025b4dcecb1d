/** Host addresses on a device, added and removed over rtnetlink. */
import { OspfError } from '../errors.ts'
import type { AddressPort } from '../ports.ts'
import { formatPrefix } from '../wire/address.ts'
import { decodeDevice, encodeAddress, encodeLinkQuery } from './link-message.ts'
import { NetlinkSocket } from './netlink.ts'
import { MessageFlag } from './netlink-message.ts'

const RTM_GETLINK = 18
const RTM_NEWADDR = 20
const RTM_DELADDR = 21

/** The kernel's addresses. Keeps the event loop alive only while a request is under way. */
export class LinuxAddresses implements AddressPort, Disposable {
  readonly #socket: NetlinkSocket

  /** Throws OspfError without the native binding, or when the kernel refuses a netlink socket. */
  static open(): LinuxAddresses {
    return new LinuxAddresses()
  }

  private constructor() {
    this.#socket = NetlinkSocket.open()
  }

  /**
   * Adds an address. Resolves to false when it was there before. Rejects with ERR_OSPF_NO_INTERFACE,
   * ERR_OSPF_PERMISSION, or ERR_OSPF_KERNEL.
   */
  async add(device: string, address: number, prefixLength: number): Promise<boolean> {
    try {
      await this.#socket.request({
        what: `add ${formatPrefix(address, prefixLength)} to ${device}`,
        type: RTM_NEWADDR,
        flags: MessageFlag.create | MessageFlag.exclusive,
        payload: encodeAddress(await this.#index(device), address, prefixLength),
      })
      return true
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return false
      throw error
    }
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
  }

  /** Closes the socket; what is pending rejects with ERR_OSPF_STOPPED. The addresses stay. */
  [Symbol.dispose](): void {
    this.#socket.close()
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

const errnoOf = (error: unknown): string | undefined =>
  error instanceof OspfError ? error.errno : undefined
