/** Devices and addresses, changed over rtnetlink by who sets up a host; and who answers ARP on a device. */
import { execFile } from 'node:child_process'
import { OspfError } from '../errors.ts'
import type { DevicePort, HostAddress, HostDevice, TunnelDetails } from '../ports.ts'
import { formatIpv4 } from '../wire/address.ts'
import {
  decodeFamily,
  decodeGue,
  decodeKind,
  decodeLocal,
  decodeNeighbor,
  encodeDeviceKey,
  encodeFamilyQuery,
  encodeGue,
  encodeGueQuery,
  encodeMtu,
  encodeNeighbor,
  encodeNeighborQuery,
  encodeTunnel,
  encodeUp,
  FouCommand,
  type Neighbor,
  NeighborState,
  type TunnelKind,
} from './device-message.ts'
import {
  decodeAddress,
  decodeDevice,
  encodeAddress,
  encodeAddressQuery,
  encodeLinkQuery,
  RTM_DELADDR,
  RTM_DELLINK,
  RTM_GETADDR,
  RTM_GETLINK,
  RTM_NEWADDR,
  RTM_NEWLINK,
} from './link-message.ts'
import { NetlinkSocket } from './netlink.ts'
import { MessageFlag } from './netlink-message.ts'

const NETLINK_GENERIC = 16
const GENL_ID_CTRL = 0x10
const RTM_NEWNEIGH = 28
const RTM_DELNEIGH = 29
const RTM_GETNEIGH = 30
const IFF_UP = 1

/** Milliseconds between two looks at a neighbor that was asked for. */
const LOOK = 20

/** The kernel's devices of the network namespace. Reads them anew each time. */
export class LinuxDevices implements DevicePort, Disposable {
  readonly #socket: NetlinkSocket
  #generic: NetlinkSocket | undefined
  #fou: number | undefined

  /** @throws OspfError ERR_OSPF_NATIVE, ERR_OSPF_KERNEL */
  static open(): LinuxDevices {
    return new LinuxDevices()
  }

  private constructor() {
    this.#socket = NetlinkSocket.open()
  }

  async devices(): Promise<readonly HostDevice[]> {
    const [links, addresses] = [
      await this.#socket.dump({
        what: 'read devices',
        type: RTM_GETLINK,
        payload: encodeLinkQuery(),
      }),
      await this.#socket.dump({
        what: 'read addresses',
        type: RTM_GETADDR,
        payload: encodeAddressQuery(),
      }),
    ]
    const found = addresses.flatMap(({ payload }) => decodeAddress(payload) ?? [])
    return links.flatMap(({ payload }) => {
      const device = decodeDevice(payload, new Map())
      if (device === undefined) return []
      const { index, name, flags, mtu } = device
      return {
        index,
        name,
        mtu,
        kind: decodeKind(payload),
        local: decodeLocal(payload),
        up: (flags & IFF_UP) !== 0,
        loopback: (flags & 0x08) !== 0,
        broadcast: (flags & 0x02) !== 0,
        addresses: found
          .filter((each) => each.index === index)
          .map(({ address, prefixLength, peer }) => ({ address, prefixLength, peer })),
      }
    })
  }

  async addTunnel(name: string, kind: TunnelKind, details: TunnelDetails = {}): Promise<void> {
    await this.#socket.request({
      what: `add the ${kind} tunnel ${name}`,
      type: RTM_NEWLINK,
      flags: MessageFlag.create | MessageFlag.exclusive,
      payload: encodeTunnel(name, kind, details),
    })
  }

  async removeDevice(name: string): Promise<void> {
    const payload = encodeDeviceKey(await this.#index(name))
    await this.#socket.request({ what: `remove ${name}`, type: RTM_DELLINK, payload })
  }

  async setUp(name: string, up: boolean): Promise<void> {
    const payload = encodeUp(await this.#index(name), up)
    const what = `set ${name} ${up ? 'up' : 'down'}`
    await this.#socket.request({ what, type: RTM_NEWLINK, payload })
  }

  async setMtu(name: string, mtu: number): Promise<void> {
    const payload = encodeMtu(await this.#index(name), mtu)
    await this.#socket.request({ what: `set MTU ${mtu} of ${name}`, type: RTM_NEWLINK, payload })
  }

  async addAddress({ device, address, label, scope }: HostAddress): Promise<void> {
    const index = await this.#index(device)
    await this.#socket.request({
      what: `add ${formatIpv4(address)}/32 to ${device}`,
      type: RTM_NEWADDR,
      flags: MessageFlag.create | MessageFlag.exclusive,
      payload: encodeAddress(index, address, 32, { label, scope }),
    })
  }

  async removeAddress({ device, address }: HostAddress): Promise<void> {
    try {
      await this.#socket.request({
        what: `remove ${formatIpv4(address)}/32 from ${device}`,
        type: RTM_DELADDR,
        payload: encodeAddress(await this.#index(device), address, 32),
      })
    } catch (error) {
      if (errnoOf(error) !== 'EADDRNOTAVAIL') throw error
    }
  }

  async guePorts(): Promise<readonly number[]> {
    const family = await this.#family()
    if (family === undefined) return []
    const request = { what: 'read GUE ports', type: family, payload: encodeGueQuery() }
    const messages = await this.#open().dump(request)
    return messages.flatMap(({ payload }) => decodeGue(payload) ?? [])
  }

  async addGue(port: number): Promise<void> {
    await this.#gue(FouCommand.add, port, `open UDP port ${port} for GUE`)
  }

  async removeGue(port: number): Promise<void> {
    await this.#gue(FouCommand.remove, port, `close UDP port ${port} for GUE`)
  }

  /**
   * Asks by ARP who has an address, and resolves with the MAC address that the kernel believes; undefined when nobody
   * answers within its own three tries. The kernel asks and hears, so no packet socket is needed; of several that
   * answer it keeps the first. Nothing of it is left in the neighbor table that was not there before.
   */
  async askArp(device: string, address: number, milliseconds: number): Promise<string | undefined> {
    const index = await this.#index(device)
    const what = `ask for ${formatIpv4(address)} on ${device}`
    const known = await this.#neighbor(index, address)
    const isFixed = NeighborState.permanent | NeighborState.noArp
    if (known !== undefined && (known.state & isFixed) !== 0) return known.mac
    const forget = async (): Promise<void> => {
      const payload = encodeNeighbor(index, address)
      try {
        await this.#socket.request({ what, type: RTM_DELNEIGH, payload })
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw error
      }
    }
    // what is known may be old
    if (known !== undefined) await forget()
    await this.#socket.request({
      what,
      type: RTM_NEWNEIGH,
      flags: MessageFlag.create,
      payload: encodeNeighbor(index, address, true),
    })
    const end = performance.now() + milliseconds
    for (;;) {
      const found = await this.#neighbor(index, address)
      const isOver = found === undefined || (found.state & NeighborState.failed) !== 0
      if (found?.mac !== undefined && !isOver) {
        if (known === undefined) await forget()
        return found.mac
      }
      if (isOver || performance.now() > end) {
        await forget()
        return undefined
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK))
    }
  }

  /** Closes the sockets; what is pending rejects with ERR_OSPF_STOPPED. */
  [Symbol.dispose](): void {
    this.#socket.close()
    this.#generic?.close()
  }

  async #neighbor(index: number, address: number): Promise<Neighbor | undefined> {
    const messages = await this.#socket.dump({
      what: 'read neighbors',
      type: RTM_GETNEIGH,
      payload: encodeNeighborQuery(),
    })
    for (const { payload } of messages) {
      const neighbor = decodeNeighbor(payload)
      if (neighbor?.index === index && neighbor.address === address) return neighbor
    }
    return undefined
  }

  async #gue(command: number, port: number, what: string): Promise<void> {
    if ((await this.#family()) === undefined && command === FouCommand.add) await loadFou()
    const family = await this.#family()
    if (family === undefined) {
      if (command === FouCommand.remove) return
      throw new OspfError('ERR_OSPF_KERNEL', `${what}: this kernel has no GUE (module fou)`)
    }
    await this.#open().request({ what, type: family, payload: encodeGue(command, port) })
  }

  #open(): NetlinkSocket {
    this.#generic ??= NetlinkSocket.open({ protocol: NETLINK_GENERIC })
    return this.#generic
  }

  async #family(): Promise<number | undefined> {
    if (this.#fou !== undefined) return this.#fou
    const request = { what: 'look for GUE', type: GENL_ID_CTRL, payload: encodeFamilyQuery('fou') }
    try {
      const [reply] = await this.#open().request(request)
      this.#fou = reply && decodeFamily(reply.payload)
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error
    }
    return this.#fou
  }

  async #index(name: string): Promise<number> {
    const query = { what: `device ${name}`, type: RTM_GETLINK, payload: encodeLinkQuery(name) }
    try {
      const [reply] = await this.#socket.request(query)
      const found = reply === undefined ? undefined : decodeDevice(reply.payload, new Map())
      if (found !== undefined) return found.index
    } catch (cause) {
      if (!['ENODEV', 'ERANGE', 'EINVAL'].includes(errnoOf(cause) ?? '')) throw cause
    }
    throw new OspfError('ERR_OSPF_NO_INTERFACE', `no such device: ${name}`, { errno: 'ENODEV' })
  }
}

/** The one module that the kernel does not load by itself when it is asked for. */
const loadFou = (): Promise<void> =>
  new Promise((resolve, reject) => {
    execFile('modprobe', ['fou'], (cause, _, stderr) => {
      if (cause === null) return resolve()
      const words = stderr.trim() || cause.message
      reject(new OspfError('ERR_OSPF_KERNEL', `load the module fou for GUE: ${words}`, { cause }))
    })
  })

const errnoOf = (error: unknown): string | undefined =>
  error instanceof OspfError ? error.errno : undefined
