/**
 * Messages of the generic netlink families 'nlctrl' and 'IPVS' (linux/genetlink.h, linux/ip_vs.h), as payloads: the
 * family's header of four octets, then attributes.
 *
 * What is written is checked: a wrong value is an OspfError ERR_OSPF_CONFIG that names the field. What is read may be
 * anything: a reply that makes no sense reads as undefined.
 */
import { Attributes, PayloadWriter } from '../linux/netlink-message.ts'
import { fail, parseInteger } from '../parse.ts'
import { lengthOfMask, maskOf } from '../wire/address.ts'
import { addressOfBytes, bytesOfAddress } from './ip-bytes.ts'
import { familyOf } from './keys.ts'
import type {
  IpvsDaemon,
  IpvsDestination,
  IpvsDestinationState,
  IpvsForward,
  IpvsInfo,
  IpvsProtocol,
  IpvsSchedulerFlag,
  IpvsService,
  IpvsServiceKey,
  IpvsServiceState,
  IpvsStatistics,
  IpvsTimeouts,
  IpvsTunnel,
} from './types.ts'

const HEADER = 4
const CTRL_CMD_GETFAMILY = 3
const CTRL_ATTR_FAMILY_ID = 1
const CTRL_ATTR_FAMILY_NAME = 2

export const IpvsCommand = {
  newService: 1,
  setService: 2,
  deleteService: 3,
  getService: 4,
  newDestination: 5,
  setDestination: 6,
  deleteDestination: 7,
  getDestination: 8,
  newDaemon: 9,
  deleteDaemon: 10,
  getDaemon: 11,
  setConfig: 12,
  getConfig: 13,
  setInfo: 14,
  getInfo: 15,
  zero: 16,
  flush: 17,
} as const

const Top = { service: 1, destination: 2, daemon: 3, tcp: 4, tcpFin: 5, udp: 6 } as const
const Service = {
  family: 1,
  protocol: 2,
  address: 3,
  port: 4,
  fwmark: 5,
  scheduler: 6,
  flags: 7,
  timeout: 8,
  netmask: 9,
  statistics: 10,
  engine: 11,
  statistics64: 12,
} as const
const Destination = {
  address: 1,
  port: 2,
  forward: 3,
  weight: 4,
  upper: 5,
  lower: 6,
  active: 7,
  inactive: 8,
  persistent: 9,
  statistics: 10,
  family: 11,
  statistics64: 12,
  tunnelType: 13,
  tunnelPort: 14,
  tunnelFlags: 15,
} as const
const Daemon = {
  state: 1,
  device: 2,
  syncId: 3,
  maximumLength: 4,
  group: 5,
  group6: 6,
  port: 7,
  ttl: 8,
} as const

const AF_INET = 2
const AF_INET6 = 10
/** Longest name of a scheduler, an engine or a device, without its NUL. */
const NAME_LENGTH = 15
const MAXIMUM = 0x7fffffff

const Flag = { persistent: 0x1, onePacket: 0x4 } as const
const schedulerFlags: readonly (readonly [IpvsSchedulerFlag, number])[] = [
  ['flag-1', 0x08],
  ['flag-2', 0x10],
  ['flag-3', 0x20],
]
/** Those that are ours to set; the kernel has one of its own, 'hashed'. */
const FLAGS_OURS = 0x3d

const protocols: readonly (readonly [IpvsProtocol, number])[] = [
  ['tcp', 6],
  ['udp', 17],
  ['sctp', 132],
]
/** By number, with the mask that the kernel applies. */
const forwards: readonly IpvsForward[] = ['nat', 'local', 'tun', 'dr', 'bypass']
const FORWARD_MASK = 7
const tunnelTypes: readonly IpvsTunnel['type'][] = ['ipip', 'gue', 'gre']
const checksums: readonly NonNullable<IpvsTunnel['checksum']>[] = ['none', 'full', 'remote']
/** By number of IP_VS_STATE_MASTER and IP_VS_STATE_BACKUP. */
const daemonStates: readonly (IpvsDaemon['state'] | undefined)[] = [undefined, 'master', 'backup']

const begin = (command: number, version = 1): PayloadWriter =>
  new PayloadWriter().bytes(new Uint8Array([command, version, 0, 0]))

// What is asked

/** Asks the controller of the families for that of IPVS, at which the kernel loads the module. */
export const encodeFamilyQuery = (): Uint8Array =>
  begin(CTRL_CMD_GETFAMILY).attributeText(CTRL_ATTR_FAMILY_NAME, 'IPVS').finish()

/** A command that needs nothing else, or no more than which service it is about. */
export function encodeCommand(command: number, key?: IpvsServiceKey): Uint8Array {
  const writer = begin(command)
  if (key !== undefined) writer.nested(Top.service, (w) => writeKey(w, key))
  return writer.finish()
}

export function encodeService(command: number, service: IpvsService): Uint8Array {
  return begin(command)
    .nested(Top.service, (w) => writeService(w, service))
    .finish()
}

/** With what identifies the destination alone, or with all of it. */
export function encodeDestination(
  command: number,
  key: IpvsServiceKey,
  destination: IpvsDestination | Pick<IpvsDestination, 'address' | 'port'>,
): Uint8Array {
  return begin(command)
    .nested(Top.service, (w) => writeKey(w, key))
    .nested(Top.destination, (w) => writeDestination(w, destination))
    .finish()
}

export function encodeTimeouts(timeouts: Partial<IpvsTimeouts>): Uint8Array {
  const writer = begin(IpvsCommand.setConfig)
  for (const name of ['tcp', 'tcpFin', 'udp'] as const) {
    const value = timeouts[name]
    if (value === undefined) continue
    writer.attributeU32(Top[name], parseInteger(`timeouts.${name}`, value, 1, MAXIMUM / 1000))
  }
  return writer.finish()
}

/** With the state alone, or with all of it. */
export function encodeDaemon(
  command: number,
  daemon: IpvsDaemon | Pick<IpvsDaemon, 'state'>,
): Uint8Array {
  return begin(command)
    .nested(Top.daemon, (w) => writeDaemon(w, daemon))
    .finish()
}

function writeKey(writer: PayloadWriter, key: IpvsServiceKey): void {
  if ('fwmark' in key) {
    if (key.family !== 4 && key.family !== 6) throw fail('family', '4 or 6', key.family)
    writer
      .attributeU16(Service.family, key.family === 6 ? AF_INET6 : AF_INET)
      .attributeU32(Service.fwmark, parseInteger('fwmark', key.fwmark, 1, 0xffffffff))
    return
  }
  const protocol = protocols.find(([name]) => name === key.protocol)?.[1]
  if (protocol === undefined) throw fail('protocol', 'tcp, udp or sctp', key.protocol)
  const address = addressBytes('address', key.address)
  writer
    .attributeU16(Service.family, address.length === 16 ? AF_INET6 : AF_INET)
    .attributeU16(Service.protocol, protocol)
    .attribute(Service.address, address)
    .attributePort(Service.port, parseInteger('port', key.port, 0, 0xffff))
}

function addressBytes(field: string, address: unknown): Uint8Array {
  const bytes = typeof address === 'string' ? bytesOfAddress(address) : undefined
  if (bytes === undefined) throw fail(field, 'an IPv4 or IPv6 address', address)
  return bytes
}

function name(field: string, value: unknown): string {
  if (typeof value !== 'string' || !/^[!-~]+$/.test(value) || value.length > NAME_LENGTH) {
    throw fail(field, `a name of up to ${NAME_LENGTH} characters`, value)
  }
  return value
}

function writeService(writer: PayloadWriter, service: IpvsService): void {
  const { key, scheduler, persistence } = service
  writeKey(writer, key)
  const isIpv6 = 'fwmark' in key ? key.family === 6 : familyOf(key.address) === 6
  const bits = isIpv6 ? 128 : 32
  let flags = service.onePacket === true ? Flag.onePacket : 0
  if (persistence !== undefined) flags |= Flag.persistent
  for (const flag of service.flags ?? []) {
    const bit = schedulerFlags.find(([known]) => known === flag)?.[1]
    if (bit === undefined) throw fail('flags', 'flag-1, flag-2 or flag-3', flag)
    flags |= bit
  }
  const length = parseInteger(
    'persistence.prefixLength',
    persistence?.prefixLength ?? bits,
    1,
    bits,
  )
  const timeout = persistence?.timeout ?? 0
  const least = persistence === undefined ? 0 : 1
  writer
    .attributeText(Service.scheduler, name('scheduler', scheduler))
    .attribute(Service.flags, new PayloadWriter().u32(flags).u32(FLAGS_OURS).finish())
    .attributeU32(
      Service.timeout,
      parseInteger('persistence.timeout', timeout, least, MAXIMUM / 1000),
    )
  if (isIpv6) writer.attributeU32(Service.netmask, length)
  else writer.attributeIpv4(Service.netmask, maskOf(length))
  if (persistence?.engine !== undefined) {
    writer.attributeText(Service.engine, name('persistence.engine', persistence.engine))
  }
}

function writeDestination(
  writer: PayloadWriter,
  destination: IpvsDestination | Pick<IpvsDestination, 'address' | 'port'>,
): void {
  const address = addressBytes('destination.address', destination.address)
  writer
    .attribute(Destination.address, address)
    .attributePort(Destination.port, parseInteger('destination.port', destination.port, 0, 0xffff))
    .attributeU16(Destination.family, address.length === 16 ? AF_INET6 : AF_INET)
  if (!('forward' in destination)) return
  const { forward, weight, upperThreshold = 0, lowerThreshold = 0, tunnel } = destination
  const method = forwards.indexOf(forward)
  if (method < 0) throw fail('destination.forward', forwards.join(', '), forward)
  writer
    .attributeU32(Destination.forward, method)
    .attributeU32(Destination.weight, parseInteger('destination.weight', weight, 0, MAXIMUM))
    .attributeU32(
      Destination.upper,
      parseInteger('destination.upperThreshold', upperThreshold, 0, 0xffffffff),
    )
    .attributeU32(
      Destination.lower,
      parseInteger('destination.lowerThreshold', lowerThreshold, 0, 0xffffffff),
    )
  if (tunnel === undefined) return
  if (forward !== 'tun') throw fail('destination.tunnel', "nothing unless forward is 'tun'", tunnel)
  writeTunnel(writer, tunnel)
}

function writeTunnel(writer: PayloadWriter, tunnel: IpvsTunnel): void {
  const { type, port = 0, checksum = 'none' } = tunnel
  const typeNumber = tunnelTypes.indexOf(type)
  if (typeNumber < 0) throw fail('destination.tunnel.type', tunnelTypes.join(', '), type)
  const least = type === 'gue' ? 1 : 0
  parseInteger('destination.tunnel.port', port, least, type === 'gue' ? 0xffff : 0)
  const known = { ipip: ['none'], gue: ['none', 'full', 'remote'], gre: ['none', 'full'] }[type]
  if (!known.includes(checksum)) {
    throw fail(`destination.tunnel.checksum of ${type}`, known.join(' or '), checksum)
  }
  writer
    .attribute(Destination.tunnelType, new Uint8Array([typeNumber]))
    .attributePort(Destination.tunnelPort, port)
    .attributeU16(Destination.tunnelFlags, checksums.indexOf(checksum))
}

function writeDaemon(writer: PayloadWriter, daemon: IpvsDaemon | Pick<IpvsDaemon, 'state'>): void {
  const state = daemonStates.indexOf(daemon.state)
  if (state < 1) throw fail('daemon.state', "'master' or 'backup'", daemon.state)
  writer.attributeU32(Daemon.state, state)
  if (!('device' in daemon)) return
  const { device, syncId, maximumLength, group, port, ttl } = daemon
  writer
    .attributeText(Daemon.device, name('daemon.device', device))
    .attributeU32(Daemon.syncId, parseInteger('daemon.syncId', syncId, 0, 255))
  if (maximumLength !== undefined) {
    const length = parseInteger('daemon.maximumLength', maximumLength, 1, 65507)
    writer.attributeU16(Daemon.maximumLength, length)
  }
  if (group !== undefined) {
    const bytes = addressBytes('daemon.group', group)
    writer.attribute(bytes.length === 16 ? Daemon.group6 : Daemon.group, bytes)
  }
  if (port !== undefined) {
    writer.attributeU16(Daemon.port, parseInteger('daemon.port', port, 1, 0xffff))
  }
  if (ttl !== undefined) {
    writer.attribute(Daemon.ttl, new Uint8Array([parseInteger('daemon.ttl', ttl, 1, 255)]))
  }
}

// What is told

export const decodeFamily = (payload: Uint8Array): number | undefined =>
  new Attributes(payload, HEADER).u16(CTRL_ATTR_FAMILY_ID)

export function decodeInfo(payload: Uint8Array): IpvsInfo | undefined {
  const attributes = new Attributes(payload, HEADER)
  const [version, connectionTableSize] = [attributes.u32(1), attributes.u32(2)]
  if (version === undefined || connectionTableSize === undefined) return undefined
  return {
    version: [version >> 16, version >> 8, version].map((part) => part & 255).join('.'),
    connectionTableSize,
  }
}

export function decodeTimeouts(payload: Uint8Array): IpvsTimeouts | undefined {
  const attributes = new Attributes(payload, HEADER)
  const [tcp, tcpFin, udp] = [Top.tcp, Top.tcpFin, Top.udp].map((type) => attributes.u32(type))
  if (tcp === undefined || tcpFin === undefined || udp === undefined) return undefined
  return { tcp, tcpFin, udp }
}

const families: ReadonlyMap<number | undefined, 4 | 6> = new Map([
  [AF_INET, 4],
  [AF_INET6, 6],
])

/** A service as the kernel has it; what is as by default is left out. */
export function decodeService(payload: Uint8Array): IpvsServiceState | undefined {
  const attributes = new Attributes(payload, HEADER).nested(Top.service)
  if (attributes === undefined) return undefined
  const family = families.get(attributes.u16(Service.family))
  const key = family === undefined ? undefined : decodeKey(attributes, family)
  const scheduler = attributes.text(Service.scheduler)
  const flags = attributes.u32(Service.flags)
  const statistics = decodeStatistics(
    attributes.nested(Service.statistics64),
    attributes.nested(Service.statistics),
  )
  if (key === undefined || scheduler === undefined || flags === undefined) return undefined
  const set = schedulerFlags.filter(([, bit]) => (flags & bit) !== 0).map(([flag]) => flag)
  return {
    key,
    scheduler,
    ...(set.length > 0 && { flags: set }),
    ...((flags & Flag.persistent) !== 0 && {
      persistence: decodePersistence(attributes, family!),
    }),
    ...((flags & Flag.onePacket) !== 0 && { onePacket: true }),
    statistics,
  }
}

function decodeKey(attributes: Attributes, family: 4 | 6): IpvsServiceKey | undefined {
  const fwmark = attributes.u32(Service.fwmark)
  if (fwmark !== undefined) return { fwmark, family }
  const number = attributes.u16(Service.protocol)
  const protocol = protocols.find(([, known]) => known === number)?.[0]
  const bytes = attributes.bytes(Service.address)
  const address = bytes && addressOfBytes(bytes, family)
  const port = attributes.port(Service.port)
  if (protocol === undefined || address === undefined || port === undefined) return undefined
  return { protocol, address, port }
}

function decodePersistence(
  attributes: Attributes,
  family: 4 | 6,
): NonNullable<IpvsService['persistence']> {
  const mask = attributes.ipv4(Service.netmask)
  // Of a mask with gaps, the ones at its beginning.
  const length4 = mask === undefined ? 32 : (lengthOfMask(mask) ?? Math.clz32(~mask))
  const length = family === 6 ? (attributes.u32(Service.netmask) ?? 128) : length4
  const engine = attributes.text(Service.engine)
  return {
    timeout: attributes.u32(Service.timeout) ?? 0,
    ...(length !== (family === 6 ? 128 : 32) && { prefixLength: length }),
    ...(engine !== undefined && engine !== '' && { engine }),
  }
}

/** A destination as the kernel has it, of a service of `serviceFamily`; what is as by default is left out. */
export function decodeDestination(
  payload: Uint8Array,
  serviceFamily: 4 | 6,
): IpvsDestinationState | undefined {
  const attributes = new Attributes(payload, HEADER).nested(Top.destination)
  if (attributes === undefined) return undefined
  // Kernels before 3.18 have no destinations of the other family.
  const family = families.get(attributes.u16(Destination.family)) ?? serviceFamily
  const bytes = attributes.bytes(Destination.address)
  const address = bytes && addressOfBytes(bytes, family)
  const port = attributes.port(Destination.port)
  const method = attributes.u32(Destination.forward)
  const forward = method === undefined ? undefined : forwards[method & FORWARD_MASK]
  const weight = attributes.u32(Destination.weight)
  if (address === undefined || port === undefined) return undefined
  if (forward === undefined || weight === undefined) return undefined
  const upperThreshold = attributes.u32(Destination.upper) ?? 0
  const lowerThreshold = attributes.u32(Destination.lower) ?? 0
  const tunnel = forward === 'tun' ? decodeTunnel(attributes) : undefined
  return {
    address,
    port,
    forward,
    weight,
    ...(upperThreshold > 0 && { upperThreshold }),
    ...(lowerThreshold > 0 && { lowerThreshold }),
    ...(tunnel !== undefined && { tunnel }),
    activeConnections: attributes.u32(Destination.active) ?? 0,
    inactiveConnections: attributes.u32(Destination.inactive) ?? 0,
    persistentConnections: attributes.u32(Destination.persistent) ?? 0,
    statistics: decodeStatistics(
      attributes.nested(Destination.statistics64),
      attributes.nested(Destination.statistics),
    ),
  }
}

/** Undefined: ipip, which is the default. */
function decodeTunnel(attributes: Attributes): IpvsTunnel | undefined {
  const type = tunnelTypes[attributes.u8(Destination.tunnelType) ?? 0] ?? 'ipip'
  if (type === 'ipip') return undefined
  const port = attributes.port(Destination.tunnelPort) ?? 0
  const checksum = checksums[attributes.u16(Destination.tunnelFlags) ?? 0] ?? 'none'
  return { type, ...(port > 0 && { port }), ...(checksum !== 'none' && { checksum }) }
}

/** In 64 bits where the kernel has them (4.1), else in 32, which wrap around. */
function decodeStatistics(
  wide: Attributes | undefined,
  narrow: Attributes | undefined,
): IpvsStatistics {
  const read = (type: number): bigint =>
    wide?.u64(type) ?? narrow?.u64(type) ?? BigInt(narrow?.u32(type) ?? 0)
  return {
    connections: read(1),
    inPackets: read(2),
    outPackets: read(3),
    inBytes: read(4),
    outBytes: read(5),
    connectionRate: read(6),
    inPacketRate: read(7),
    outPacketRate: read(8),
    inByteRate: read(9),
    outByteRate: read(10),
  }
}

export function decodeDaemon(payload: Uint8Array): IpvsDaemon | undefined {
  const attributes = new Attributes(payload, HEADER).nested(Top.daemon)
  const state = daemonStates[attributes?.u32(Daemon.state) ?? 0]
  const device = attributes?.text(Daemon.device)
  const syncId = attributes?.u32(Daemon.syncId)
  if (attributes === undefined || state === undefined) return undefined
  if (device === undefined || syncId === undefined) return undefined
  const bytes4 = attributes.bytes(Daemon.group)
  const bytes6 = attributes.bytes(Daemon.group6)
  const group =
    (bytes6 && addressOfBytes(bytes6, 6)) ?? (bytes4 && addressOfBytes(bytes4, 4)) ?? undefined
  const [maximumLength, port] = [attributes.u16(Daemon.maximumLength), attributes.u16(Daemon.port)]
  const ttl = attributes.u8(Daemon.ttl)
  return {
    state,
    device,
    syncId,
    ...(maximumLength !== undefined && { maximumLength }),
    ...(group !== undefined && { group }),
    ...(port !== undefined && { port }),
    ...(ttl !== undefined && { ttl }),
  }
}
