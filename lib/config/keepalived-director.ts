/** A keepalived.conf as the options of a director, and as VIPs to announce. What cannot be done the same way is said. */
import type {
  DirectorOptions,
  RealServerOptions,
  VirtualServiceOptions,
} from '../lvs/director-options.ts'
import { checksOf, type Said } from './keepalived-checks.ts'
import { addressesOf, sizeOf } from './keepalived-groups.ts'
import { nameOf } from './keepalived-normalise.ts'
import type {
  KeepalivedConfig,
  KeepalivedGroupEntry,
  KeepalivedPlace,
  KeepalivedScript,
  KeepalivedTrackFile,
  KeepalivedTrackScript,
  KeepalivedVirtualServer,
} from './keepalived-types.ts'

/** An address to announce, IPv4, and what it follows. */
export interface KeepalivedVip extends KeepalivedPlace {
  readonly address: string
  /** Of a vrrp_instance: what must be well. */
  readonly scripts: readonly KeepalivedTrackScript[]
  readonly files: readonly (KeepalivedTrackFile & { readonly reverse: boolean })[]
  /** Has services in the director: their health counts. */
  readonly served: boolean
}

export interface KeepalivedConversionOptions {
  /** Announce the addresses of every vrrp_instance as well; default false. */
  readonly vrrp?: boolean
  /** Reads the PEM files of SSL. Default: SSL_GET comes without certificates. */
  readonly readText?: (path: string) => string
  /** User and group of scripts to numbers. Default: those that are numbers. */
  readonly userId?: (user: string) => number | undefined
  readonly groupId?: (group: string) => number | undefined
}

export interface KeepalivedConversion {
  readonly director: DirectorOptions
  /** Of each service of the director, and of its servers. */
  readonly places: readonly (KeepalivedPlace & { readonly servers: readonly KeepalivedPlace[] })[]
  readonly vips: readonly KeepalivedVip[]
  /** What is not done, or not the same way. */
  readonly differences: readonly (KeepalivedPlace & { readonly message: string })[]
}

/** Services that a group may stand for. */
const mostServices = 4096

export function convertKeepalived(
  config: KeepalivedConfig,
  options: KeepalivedConversionOptions = {},
): KeepalivedConversion {
  const differences: (KeepalivedPlace & { message: string })[] = []
  const say: Said = (place, message) => {
    differences.push({ file: place.file, line: place.line, message })
  }
  const taken = new Set<string>()
  const placed = config.virtualServers.flatMap((vs) =>
    servicesOf(config, vs, options, say)
      .filter((service) => {
        const key = keyOf(service)
        if (taken.has(key)) say(vs, `${nameOf(vs)}: ${key} is there already: left out`)
        return !taken.has(key) && taken.add(key)
      })
      .map((service) => ({ service, vs })),
  )
  const services = placed.map(({ service }) => service)
  const { tcp = 0, tcpFin = 0, udp = 0 } = config.global.lvsTimeouts
  // 0 is what the kernel has
  const timeouts = {
    ...(tcp === 0 ? {} : { tcp }),
    ...(tcpFin === 0 ? {} : { tcpFin }),
    ...(udp === 0 ? {} : { udp }),
  }
  const first = config.virtualServers[0]
  if (config.global.lvsSyncDaemon !== undefined && first !== undefined)
    say(first, 'lvs_sync_daemon: the synchronisation of connections is not started')
  return {
    director: {
      defaults: 'keepalived',
      services,
      ...(Object.keys(timeouts).length === 0 ? {} : { timeouts }),
    },
    places: placed.map(({ vs }) => ({ ...placeOf(vs), servers: vs.realServers.map(placeOf) })),
    vips: vipsOf(config, services, options.vrrp ?? false, say),
    differences,
  }
}

function entriesOf(
  config: KeepalivedConfig,
  { target }: KeepalivedVirtualServer,
): readonly KeepalivedGroupEntry[] {
  if ('group' in target)
    return config.groups.find(({ name }) => name === target.group)?.entries ?? []
  if ('fwmark' in target) return [target]
  return [{ first: target.address, last: target.address, port: target.port }]
}

type Key = Pick<VirtualServiceOptions, 'fwmark' | 'family' | 'address' | 'port' | 'protocol'>

function servicesOf(
  config: KeepalivedConfig,
  vs: KeepalivedVirtualServer,
  options: KeepalivedConversionOptions,
  say: Said,
): VirtualServiceOptions[] {
  const entries = entriesOf(config, vs)
  const count = entries.reduce((sum, entry) => sum + sizeOf(entry), 0n)
  if (count > mostServices) {
    say(vs, `${nameOf(vs)}: stands for ${count} services, more than ${mostServices}: left out`)
    return []
  }
  const common = commonOf(config, vs, options, say)
  const keys = entries.flatMap((entry): Key[] =>
    'fwmark' in entry
      ? [{ fwmark: entry.fwmark, family: entry.family ?? vs.family }]
      : [...addressesOf(entry)].map((address) => ({
          address,
          port: entry.port,
          protocol: vs.protocol ?? ('udp' as const),
        })),
  )
  if (keys.length > 1 && (vs.quorumUp ?? vs.quorumDown) !== undefined)
    say(
      vs,
      `${nameOf(vs)}: quorum_up and quorum_down are run with the first of its ${keys.length} services`,
    )
  return keys.map((key, i) => ({
    ...key,
    ...common.rest,
    ...common.sorry(key),
    servers: common.servers(i === 0, key),
    ...(i === 0 ? common.once : {}),
  }))
}

function commonOf(
  config: KeepalivedConfig,
  vs: KeepalivedVirtualServer,
  options: KeepalivedConversionOptions,
  say: Said,
) {
  const {
    scheduler,
    flags,
    persistence,
    onePacket,
    quorum,
    hysteresis,
    omega,
    sorryServer: sorry,
  } = vs
  const servers = vs.realServers.map((rs) => {
    const { address, weight, forward, tunnel, upperThreshold, lowerThreshold } = rs
    const { notifyUp, notifyDown } = rs
    const plain: RealServerOptions = {
      address,
      weight,
      forward,
      ...(tunnel === undefined ? {} : { tunnel }),
      upperThreshold,
      lowerThreshold,
      inhibitOnFailure: rs.inhibitOnFailure,
      alpha: rs.alpha,
      rise: 1,
      checks: checksOf(rs, config, options, say),
    }
    const once = {
      ...(notifyUp === undefined ? {} : { notifyUp: commandOf(notifyUp) }),
      ...(notifyDown === undefined ? {} : { notifyDown: commandOf(notifyDown) }),
    }
    return { rs, plain, once }
  })
  return {
    rest: {
      scheduler,
      flags,
      ...(persistence === undefined ? {} : { persistence }),
      onePacket,
      // keepalived has 0 where there is no weight at all
      quorum: Math.max(quorum, 1),
      hysteresis: Math.max(hysteresis, 0),
      omega,
    },
    sorry: (key: Key): Pick<VirtualServiceOptions, 'sorryServer'> =>
      sorry === undefined
        ? {}
        : {
            sorryServer: {
              address: sorry.address,
              ...portAt(sorry, key),
              forward: sorry.forward,
              inhibit: sorry.inhibit,
              ...(sorry.tunnel === undefined ? {} : { tunnel: sorry.tunnel }),
            },
          },
    servers: (withScripts: boolean, key: Key): RealServerOptions[] =>
      servers.map(({ rs, plain, once }) => ({
        ...plain,
        ...portAt(rs, key),
        ...(withScripts ? once : {}),
      })),
    once: {
      ...(vs.quorumUp === undefined ? {} : { quorumUp: commandOf(vs.quorumUp) }),
      ...(vs.quorumDown === undefined ? {} : { quorumDown: commandOf(vs.quorumDown) }),
    },
  }
}

const placeOf = ({ file, line }: KeepalivedPlace): KeepalivedPlace => ({ file, line })

/** What IPVS tells services by. */
const keyOf = ({ fwmark, family, address, port, protocol }: Key): string =>
  fwmark === undefined ? `${protocol} ${address} ${port}` : `fwmark ${fwmark} of IPv${family}`

/** But for NAT the port of a server is that of each service of a group, and 0 with a mark. */
function portAt(
  { port, forward }: { readonly port: number; readonly forward: string },
  key: Key,
): { readonly port?: number } {
  if (forward !== 'nat') return { port: key.port ?? 0 }
  return port === 0 && key.port !== undefined ? {} : { port }
}

const commandOf = ({ command }: KeepalivedScript): readonly [string, ...string[]] => [
  command[0] ?? '',
  ...command.slice(1),
]

/** The addresses of services, then those of instances; each once. */
function vipsOf(
  config: KeepalivedConfig,
  services: readonly VirtualServiceOptions[],
  withVrrp: boolean,
  say: Said,
): KeepalivedVip[] {
  const vips = new Map<string, KeepalivedVip>()
  const served = new Set(
    services.flatMap(({ address }) => (address === undefined ? [] : [address])),
  )
  const add = (
    address: string,
    place: KeepalivedPlace,
    gates: Partial<KeepalivedVip> = {},
  ): void => {
    if (address.includes(':')) say(place, `${address}: OSPFv2 announces IPv4 alone`)
    else
      vips.set(address, {
        file: place.file,
        line: place.line,
        address,
        scripts: [],
        files: [],
        served: served.has(address),
        ...gates,
      })
  }
  const place = config.virtualServers[0]
  for (const address of served) {
    const own = config.virtualServers.find(
      ({ target }) => 'address' in target && target.address === address,
    )
    add(address, own ?? place!)
  }
  if (!withVrrp) return [...vips.values()]
  for (const instance of config.instances) {
    const group = config.syncGroups.find(({ members }) => members.includes(instance.name))
    const scripts = [...instance.trackScripts, ...(group?.trackScripts ?? [])]
    const files = [...instance.trackFiles, ...(group?.trackFiles ?? [])]
    const gates = {
      scripts: config.trackScripts.filter((one) => scripts.some(({ name }) => name === one.name)),
      files: config.trackFiles.flatMap((one) => {
        const tracked = files.find(({ name }) => name === one.name)
        return tracked === undefined
          ? []
          : [
              {
                ...one,
                weight: tracked.weight ?? one.weight,
                reverse: tracked.reverse ?? one.reverse,
              },
            ]
      }),
    }
    const all = [...instance.trackProcesses, ...instance.trackInterfaces, ...instance.trackBfds]
    for (const { name } of all)
      say(instance, `vrrp_instance ${instance.name}: ${name} is not followed`)
    for (const { name, weight } of [...gates.scripts, ...gates.files])
      if (weight !== 0)
        say(
          instance,
          `vrrp_instance ${instance.name}: when ${name} fails the VIP is withdrawn, whatever its weight of ${weight}`,
        )
    for (const one of [...instance.addresses, ...instance.excludedAddresses])
      add(one.address, one, gates)
  }
  return [...vips.values()]
}
