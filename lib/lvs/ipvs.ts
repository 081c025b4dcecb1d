/**
 * The kernel's IPVS over generic netlink: what ipvsadm does. The kernel tells nothing of its own accord; whoever wants
 * to know asks again.
 */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { OspfError, type OspfErrorCode } from '../errors.ts'
import { NetlinkSocket } from '../linux/netlink.ts'
import type { NetlinkMessage } from '../linux/netlink-message.ts'
import { parseConnection } from './ipvs-connections.ts'
import {
  decodeDaemon,
  decodeDestination,
  decodeFamily,
  decodeInfo,
  decodeService,
  decodeTimeouts,
  encodeCommand,
  encodeDaemon,
  encodeDestination,
  encodeFamilyQuery,
  encodeService,
  encodeTimeouts,
  IpvsCommand,
} from './ipvs-message.ts'
import { familyOf, formatDestination, formatServiceKey } from './keys.ts'
import { steadyList } from './steady-list.ts'
import type {
  IpvsConnection,
  IpvsDaemon,
  IpvsDestination,
  IpvsDestinationState,
  IpvsInfo,
  IpvsPort,
  IpvsService,
  IpvsServiceKey,
  IpvsServiceState,
  IpvsTimeouts,
  IpvsTunnel,
} from './types.ts'

const NETLINK_GENERIC = 16
const GENL_ID_CTRL = 0x10
const CONNECTIONS = '/proc/net/ip_vs_conn'
/** Connections that are read unless told otherwise. */
const CONNECTIONS_LIMIT = 65536
/** For 5,000 destinations at once. */
const RECEIVE_BUFFER = 0x400000
/** Octets of a datagram in every second reading of a list; otherwise the kernel gives 32 KiB. */
const OTHER_DATAGRAM = 0x5000

export interface IpvsConnectionsOptions {
  /** No more than so many. Default 65,536. */
  readonly limit?: number
}

/** What the kernel's errors mean, by what was tried. All others stay ERR_OSPF_KERNEL. */
const invalid: Readonly<Record<string, OspfErrorCode>> = {
  EINVAL: 'ERR_OSPF_IPVS_INVALID',
  ERANGE: 'ERR_OSPF_IPVS_INVALID',
  EPROTONOSUPPORT: 'ERR_OSPF_IPVS_INVALID',
  EAFNOSUPPORT: 'ERR_OSPF_IPVS_INVALID',
  EEXIST: 'ERR_OSPF_IPVS_EXISTS',
}
const meanings = {
  service: {
    ...invalid,
    ESRCH: 'ERR_OSPF_IPVS_NO_SERVICE',
    ENOENT: 'ERR_OSPF_IPVS_SCHEDULER',
  },
  destination: {
    ...invalid,
    ESRCH: 'ERR_OSPF_IPVS_NO_SERVICE',
    ENOENT: 'ERR_OSPF_IPVS_NO_DESTINATION',
  },
  daemon: { ...invalid, ENODEV: 'ERR_OSPF_NO_INTERFACE' },
  other: invalid,
} satisfies Record<string, Readonly<Record<string, OspfErrorCode>>>

/**
 * The kernel's IPVS, of the network namespace in which this process was when it opened it. Calls may be made at the
 * same time; changes are carried out one after the other, long lists are read beside them. Every call rejects as
 * IpvsPort says, with ERR_OSPF_CONFIG for values that are none, and with ERR_OSPF_STOPPED once it is closed.
 */
export class Ipvs implements IpvsPort {
  readonly #socket: NetlinkSocket
  /** Lists come to this one in other pieces. */
  readonly #other: NetlinkSocket
  #family: number
  /** Tunnels that this kernel has been seen to understand. */
  readonly #tunnels = new Set<string>()

  /**
   * Opens it; the kernel loads the module then.
   * @throws OspfError ERR_OSPF_IPVS_ABSENT, ERR_OSPF_PERMISSION (CAP_NET_ADMIN is needed even to look), ERR_OSPF_NATIVE
   */
  static async open(): Promise<Ipvs> {
    const options = { protocol: NETLINK_GENERIC, receiveBuffer: RECEIVE_BUFFER }
    const sockets = [NetlinkSocket.open(options)]
    try {
      // here already: it is to be of the same network namespace
      sockets.push(NetlinkSocket.open({ ...options, datagram: OTHER_DATAGRAM }))
      const ipvs = new Ipvs(sockets[0]!, sockets[1]!, await familyOfIpvs(sockets[0]!))
      await ipvs.info()
      return ipvs
    } catch (error) {
      for (const socket of sockets) socket.close()
      throw error
    }
  }

  private constructor(socket: NetlinkSocket, other: NetlinkSocket, family: number) {
    this.#socket = socket
    this.#other = other
    this.#family = family
  }

  async info(): Promise<IpvsInfo> {
    const what = 'read the version of IPVS'
    return theOne(what, await this.#ask(what, encodeCommand(IpvsCommand.getInfo)), decodeInfo)
  }

  // Services

  async services(): Promise<readonly IpvsServiceState[]> {
    const payload = encodeCommand(IpvsCommand.getService)
    const name = ({ key }: IpvsServiceState): string => formatServiceKey(key)
    return this.#list('list virtual services', payload, 'service', decodeService, name)
  }

  /** One service; undefined: there is none. */
  async service(key: IpvsServiceKey): Promise<IpvsServiceState | undefined> {
    const payload = encodeCommand(IpvsCommand.getService, key)
    const what = `read service ${formatServiceKey(key)}`
    try {
      return theOne(what, await this.#ask(what, payload, 'service'), decodeService)
    } catch (error) {
      if (error instanceof OspfError && error.code === 'ERR_OSPF_IPVS_NO_SERVICE') return undefined
      throw error
    }
  }

  async addService(service: IpvsService): Promise<void> {
    const payload = encodeService(IpvsCommand.newService, service)
    await this.#ask(`add service ${describeService(service)}`, payload, 'service')
  }

  async setService(service: IpvsService): Promise<void> {
    const payload = encodeService(IpvsCommand.setService, service)
    await this.#ask(`set service ${describeService(service)}`, payload, 'service')
  }

  async removeService(key: IpvsServiceKey): Promise<void> {
    const payload = encodeCommand(IpvsCommand.deleteService, key)
    await this.#ask(`remove service ${formatServiceKey(key)}`, payload, 'service')
  }

  /** Removes all services, whoever made them. */
  async flush(): Promise<void> {
    await this.#ask('remove all services', encodeCommand(IpvsCommand.flush))
  }

  /** Sets the counters of a service and its destinations to zero, or of all services. */
  async zero(key?: IpvsServiceKey): Promise<void> {
    const payload = encodeCommand(IpvsCommand.zero, key)
    const whose = key === undefined ? 'all services' : formatServiceKey(key)
    await this.#ask(`zero the counters of ${whose}`, payload, 'service')
  }

  // Destinations

  async destinations(key: IpvsServiceKey): Promise<readonly IpvsDestinationState[]> {
    const payload = encodeCommand(IpvsCommand.getDestination, key)
    const what = `list destinations of ${formatServiceKey(key)}`
    const family = 'fwmark' in key ? key.family : familyOf(key.address)
    const decode = (bytes: Uint8Array) => decodeDestination(bytes, family)
    const listed = await this.#list(what, payload, 'destination', decode, formatDestination)
    // The kernel puts a new one first.
    return listed.reverse()
  }

  async addDestination(key: IpvsServiceKey, destination: IpvsDestination): Promise<void> {
    const payload = encodeDestination(IpvsCommand.newDestination, key, destination)
    const what = `add ${describeDestination(key, destination)}`
    await this.#ask(what, payload, 'destination')
    await this.#verifyTunnel(what, key, destination, () => this.removeDestination(key, destination))
  }

  async setDestination(key: IpvsServiceKey, destination: IpvsDestination): Promise<void> {
    const payload = encodeDestination(IpvsCommand.setDestination, key, destination)
    const what = `set ${describeDestination(key, destination)}`
    await this.#ask(what, payload, 'destination')
    await this.#verifyTunnel(what, key, destination)
  }

  async removeDestination(
    key: IpvsServiceKey,
    { address, port }: Pick<IpvsDestination, 'address' | 'port'>,
  ): Promise<void> {
    const payload = encodeDestination(IpvsCommand.deleteDestination, key, { address, port })
    await this.#ask(`remove ${describeDestination(key, { address, port })}`, payload, 'destination')
  }

  /** An old kernel ignores attributes that it does not know: gue and gre would be ipip, silently. */
  async #verifyTunnel(
    what: string,
    key: IpvsServiceKey,
    wanted: IpvsDestination,
    undo?: () => Promise<void>,
  ): Promise<void> {
    const { tunnel } = wanted
    if (tunnel === undefined || tunnel.type === 'ipip') return
    const kind = `${tunnel.type} ${tunnel.checksum ?? 'none'}`
    if (this.#tunnels.has(kind)) return
    const name = formatDestination(wanted)
    const found = (await this.destinations(key)).find((one) => formatDestination(one) === name)
    // Gone again: somebody else's doing.
    if (found === undefined) return
    const taken = mistakenTunnel(tunnel, found.tunnel)
    if (taken === undefined) {
      this.#tunnels.add(kind)
      return
    }
    await undo?.()
    throw new OspfError(
      'ERR_OSPF_IPVS_INVALID',
      `${what}: this kernel has no such tunnel: ${taken}`,
    )
  }

  // Timeouts, synchronisation, connections

  async timeouts(): Promise<IpvsTimeouts> {
    const what = 'read the timeouts'
    return theOne(what, await this.#ask(what, encodeCommand(IpvsCommand.getConfig)), decodeTimeouts)
  }

  async setTimeouts(timeouts: Partial<IpvsTimeouts>): Promise<void> {
    await this.#ask('set the timeouts', encodeTimeouts(timeouts))
  }

  /** The daemons that run: none, one or two. */
  async daemons(): Promise<readonly IpvsDaemon[]> {
    const what = 'list synchronisation daemons'
    const payload = encodeCommand(IpvsCommand.getDaemon)
    const replies = await this.#ask(what, payload, 'daemon', this.#socket)
    return understood(what, replies, decodeDaemon)
  }

  /**
   * Sends what connections there are to other directors ('master'), or takes what they send ('backup'); a director may
   * do both. Not together with destinations of another family than their service's.
   */
  async startDaemon(daemon: IpvsDaemon): Promise<void> {
    const payload = encodeDaemon(IpvsCommand.newDaemon, daemon)
    await this.#ask(`start the ${daemon.state} daemon on ${daemon.device}`, payload, 'daemon')
  }

  /** Rejects with ERR_OSPF_KERNEL and errno ESRCH if it does not run. */
  async stopDaemon(state: IpvsDaemon['state']): Promise<void> {
    const payload = encodeDaemon(IpvsCommand.deleteDaemon, { state })
    await this.#ask(`stop the ${state} daemon`, payload, 'daemon')
  }

  /** Entries of the connection table, in no order; they come and go while it is read. */
  async connections(options: IpvsConnectionsOptions = {}): Promise<readonly IpvsConnection[]> {
    const { limit = CONNECTIONS_LIMIT } = options
    const connections: IpvsConnection[] = []
    const input = createReadStream(CONNECTIONS)
    try {
      for await (const line of createInterface({ input })) {
        if (connections.length >= limit) break
        const connection = parseConnection(line)
        if (connection !== undefined) connections.push(connection)
      }
    } catch (cause) {
      const words = cause instanceof Error ? cause.message : String(cause)
      throw new OspfError('ERR_OSPF_KERNEL', `list connections: ${words}`, { cause })
    } finally {
      input.destroy()
    }
    return connections
  }

  /** Leaves everything in the kernel as it is. Idempotent; calls under way reject with ERR_OSPF_STOPPED. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close()
    this.#other.close()
  }

  /** As disposal. */
  close(): Promise<void> {
    return this[Symbol.asyncDispose]()
  }

  #list<T>(
    what: string,
    payload: Uint8Array,
    kind: keyof typeof meanings,
    decode: (payload: Uint8Array) => T | undefined,
    name: (value: T) => string,
  ): Promise<T[]> {
    return steadyList(async (attempt) => {
      const socket = attempt % 2 === 0 ? this.#socket : this.#other
      const replies = await this.#ask(what, payload, kind, socket)
      const size = replies.reduce((sum, reply) => sum + reply.payload.length, 0)
      return { values: understood(what, replies, decode), size }
    }, name)
  }

  async #ask(
    what: string,
    payload: Uint8Array,
    kind: keyof typeof meanings = 'other',
    dumpFrom?: NetlinkSocket,
  ): Promise<readonly NetlinkMessage[]> {
    const send = async (): Promise<readonly NetlinkMessage[]> => {
      const request = { what, type: this.#family, payload }
      return dumpFrom === undefined ? this.#socket.request(request) : dumpFrom.dump(request)
    }
    try {
      return await send().catch(async (error: unknown) => {
        // No such family answers with the same errno: the module may have been removed, and loaded again.
        if (!(error instanceof OspfError) || error.errno !== 'ENOENT') throw error
        const family = await familyOfIpvs(this.#socket)
        if (family === this.#family) throw error
        this.#family = family
        return send()
      })
    } catch (error) {
      throw error instanceof OspfError ? meant(error, kind) : error
    }
  }
}

async function familyOfIpvs(socket: NetlinkSocket): Promise<number> {
  const what = 'look for IPVS'
  try {
    const payload = encodeFamilyQuery()
    return theOne(what, await socket.request({ what, type: GENL_ID_CTRL, payload }), decodeFamily)
  } catch (error) {
    if (!(error instanceof OspfError) || error.errno !== 'ENOENT') throw error
    throw new OspfError(
      'ERR_OSPF_IPVS_ABSENT',
      'this kernel has no IPVS: there is no module ip_vs, or it could not be loaded',
      { cause: error, errno: 'ENOENT' },
    )
  }
}

/** The error with the code that it has here. */
function meant(error: OspfError, kind: keyof typeof meanings): OspfError {
  const known: Readonly<Record<string, OspfErrorCode>> = meanings[kind]
  const code = error.errno === undefined ? undefined : known[error.errno]
  if (code === undefined || error.code !== 'ERR_OSPF_KERNEL') return error
  const hint =
    code === 'ERR_OSPF_IPVS_SCHEDULER'
      ? '; the scheduler, or the persistence engine, is none that this kernel has or can load'
      : ''
  return new OspfError(code, `${error.message}${hint}`, { cause: error, errno: error.errno! })
}

/** What the replies say. Throws ERR_OSPF_KERNEL if one makes no sense. */
function understood<T>(
  what: string,
  replies: readonly NetlinkMessage[],
  decode: (payload: Uint8Array) => T | undefined,
): T[] {
  return replies.map(({ payload }) => {
    const value = decode(payload)
    if (value !== undefined) return value
    throw new OspfError('ERR_OSPF_KERNEL', `${what}: the kernel's answer makes no sense`)
  })
}

function theOne<T>(
  what: string,
  replies: readonly NetlinkMessage[],
  decode: (payload: Uint8Array) => T | undefined,
): T {
  const [value] = understood(what, replies, decode)
  if (value !== undefined) return value
  throw new OspfError('ERR_OSPF_KERNEL', `${what}: the kernel did not answer`)
}

const describeService = ({ key, scheduler, persistence }: IpvsService): string =>
  [formatServiceKey(key), scheduler, persistence?.engine].filter((s) => s !== undefined).join(' ')

const describeDestination = (
  key: IpvsServiceKey,
  { address, port, forward, weight }: Partial<IpvsDestination>,
): string =>
  [
    'destination',
    formatDestination({ address: address ?? '', port: port ?? 0 }),
    ...(forward === undefined ? [] : [forward, `weight ${weight}`]),
    `of ${formatServiceKey(key)}`,
  ].join(' ')

/** What the kernel took one tunnel for, where it is not what was asked for. */
export function mistakenTunnel(
  wanted: IpvsTunnel | undefined,
  found: IpvsTunnel | undefined,
): string | undefined {
  const [asked, has] = [describeTunnel(wanted), describeTunnel(found)]
  return asked === has ? undefined : `it took ${asked} for ${has}`
}

const describeTunnel = (tunnel: IpvsTunnel | undefined): string => {
  const { type, port = 0, checksum = 'none' } = tunnel ?? { type: 'ipip' }
  return type === 'ipip' ? type : `${type} (port ${port}, checksum ${checksum})`
}
