/** What a host is asked to be as a real server, read and checked. */
import {
  fail,
  isObject,
  onlyFields,
  parseAddress,
  parseBoolean,
  parseInteger,
  parseVip,
} from '../parse.ts'

/** What a host is asked to be as a real server behind directors that forward by DR or TUN. */
export interface RealServerHostOptions {
  /** 'A.B.C.D/32', or the address alone. One of `vip` and `vips`. */
  readonly vip?: string
  readonly vips?: readonly string[]
  /** How the directors forward: 'dr' puts the VIP on lo, 'tun' on the device that decapsulates. */
  readonly mode: 'dr' | 'tun'
  /**
   * Where the VIP goes. Default: 'lo'; with 'tun' the kernel's own device for any address, 'tunl0' or 'gre0', or with
   * `local` one that is made, 'rs-ipip', 'rs-gre' or 'rs-gue'. A tunnel of another name that is not there is made.
   */
  readonly device?: string
  /** What `ip addr` shows the VIP with, 'lo:vip'; default: the device. Of one VIP alone. */
  readonly label?: string
  /** Default 'global'. A VIP with scope 'host' is no source address for what this host itself begins. */
  readonly scope?: 'global' | 'host'
  /** With 'tun': what the directors wrap packets in; default 'ipip'. */
  readonly tunnel?: 'ipip' | 'gre' | 'gue'
  /** With 'gue': the UDP port; default 6080. */
  readonly port?: number
  /** With 'tun': the address that the directors send to; default: any. */
  readonly local?: string
  /**
   * With 'gre' and `local`: the directors send GRE with checksums (`tunnel: { type: 'gre', checksum: 'full' }`,
   * `ipvsadm --tun-csum`). The kernel takes packets with or without, never both. Default false. GUE takes either.
   */
  readonly checksum?: boolean
  /** With 'tun': octets, of the device; default: as it is. */
  readonly mtu?: number
  /**
   * Devices by which requests come in: their `rp_filter` shall not be strict. Default: all with an IPv4 address that are
   * up, but for lo and tunnels.
   */
  readonly interfaces?: readonly string[]
  /** Where it is written down what was changed, for whoever undoes it. Default: in /run/ospf-speaker. */
  readonly stateFile?: string
}

/** The options, checked. */
export interface RealServerConfig {
  readonly vips: readonly number[]
  readonly mode: 'dr' | 'tun'
  readonly device: string
  readonly label: string | undefined
  readonly scope: 'global' | 'host'
  /** Undefined: DR. */
  readonly tunnel: 'ipip' | 'gre' | 'gue' | undefined
  /** Undefined: not GUE. */
  readonly port: number | undefined
  readonly local: number | undefined
  /** Of GRE. */
  readonly checksum: boolean
  readonly mtu: number | undefined
  readonly interfaces: readonly string[] | undefined
}

const fields = [
  'vip',
  'vips',
  'mode',
  'device',
  'label',
  'scope',
  'tunnel',
  'port',
  'local',
  'checksum',
  'mtu',
  'interfaces',
  'stateFile',
] as const satisfies readonly (keyof RealServerHostOptions)[]

const GUE_PORT = 6080
const tunnels = ['ipip', 'gre', 'gue'] as const
const fallback = { ipip: 'tunl0', gue: 'tunl0', gre: 'gre0' } as const
const where = 'real server'

/** A device may have any name but these; the kernel's own limit is 15 octets. */
const isDevice = (name: unknown): name is string =>
  typeof name === 'string' && /^[^\s/]{1,15}$/.test(name) && !['.', '..', 'all'].includes(name)

function oneOf<T extends string>(field: string, value: unknown, known: readonly T[]): T {
  const found = known.find((each) => each === value)
  if (found === undefined)
    throw fail(`${where}: ${field}`, known.map((k) => `'${k}'`).join(' or '), value)
  return found
}

/** One address: a range of VIPs cannot be put on a device. */
function vipOf(text: unknown): number {
  const { prefix, length } = parseVip(text)
  if (length !== 32) throw fail(`${where}: VIP`, 'a host prefix A.B.C.D/32', text)
  return prefix
}

/** @throws OspfError ERR_OSPF_CONFIG that names the field */
export function parseRealServer(options: RealServerHostOptions): RealServerConfig {
  if (!isObject(options)) throw fail(where, 'an object', options)
  onlyFields(where, options, fields)
  const mode = oneOf('mode', options.mode, ['dr', 'tun'] as const)
  for (const field of ['tunnel', 'port', 'local', 'checksum', 'mtu'] as const) {
    if (mode === 'dr' && options[field] !== undefined) {
      throw fail(`${where}: ${field}`, "mode 'tun' with it", mode)
    }
  }
  if ((options.vip === undefined) === (options.vips === undefined)) {
    throw fail(where, 'one of vip and vips', options)
  }
  const given = options.vips ?? [options.vip]
  if (!Array.isArray(given) || given.length === 0) throw fail(`${where}: vips`, 'VIPs', given)
  const vips = [...new Set(given.map(vipOf))]
  const tunnel = mode === 'dr' ? undefined : oneOf('tunnel', options.tunnel ?? 'ipip', tunnels)
  if (options.port !== undefined && tunnel !== 'gue') {
    throw fail(`${where}: port`, "tunnel 'gue' with it", tunnel)
  }
  const port = parseInteger(`${where}: port`, options.port ?? GUE_PORT, 1, 65535)
  const local =
    options.local === undefined ? undefined : parseAddress(`${where}: local`, options.local)
  const checksum = parseBoolean(`${where}: checksum`, options.checksum ?? false)
  if (checksum && !(tunnel === 'gre' && local !== undefined)) {
    throw fail(`${where}: checksum`, "tunnel 'gre' and local with it", tunnel)
  }
  const made = local === undefined ? undefined : `rs-${tunnel}`
  const device = options.device ?? (tunnel === undefined ? 'lo' : (made ?? fallback[tunnel]))
  if (!isDevice(device)) throw fail(`${where}: device`, 'the name of a device', device)
  const { label, mtu, interfaces } = options
  if (label !== undefined) {
    const isFit = typeof label === 'string' && /^[!-~]{1,15}$/.test(label)
    if (!isFit || !(label === device || label.startsWith(`${device}:`))) {
      throw fail(`${where}: label`, `'${device}:' and a name, 15 characters in all`, label)
    }
    if (vips.length > 1) throw fail(`${where}: label`, 'one VIP with it', `${vips.length} VIPs`)
  }
  if (interfaces !== undefined && !(Array.isArray(interfaces) && interfaces.every(isDevice))) {
    throw fail(`${where}: interfaces`, 'names of devices', interfaces)
  }
  return {
    vips,
    mode,
    device,
    label,
    scope: oneOf('scope', options.scope ?? 'global', ['global', 'host'] as const),
    tunnel,
    port: tunnel === 'gue' ? port : undefined,
    local,
    checksum,
    mtu: mtu === undefined ? undefined : parseInteger(`${where}: mtu`, mtu, 68, 65535),
    interfaces,
  }
}
