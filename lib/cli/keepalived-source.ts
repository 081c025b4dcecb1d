/** A keepalived.conf in the words of our own file: its virtual servers, and its addresses as VIPs. */
import {
  type ConfigSource,
  convertKeepalived,
  type KeepalivedConfig,
  type KeepalivedVip,
  type LvsData,
  type VipData,
} from '../index.ts'

export interface KeepalivedData {
  readonly lvs?: LvsData
  readonly vips: Readonly<Record<string, VipData>>
}

export interface KeepalivedReading {
  /** The addresses of vrrp_instance blocks as well. */
  readonly vrrp?: boolean
  /** How others write the VIPs that they have, by address. */
  readonly names?: ReadonlyMap<string, string>
}

/** What it says, where it says so, and a line for all that is not done, or not the same way. */
export function keepalivedSource(
  config: KeepalivedConfig,
  { vrrp = false, names = new Map() }: KeepalivedReading,
): { readonly source: ConfigSource & { readonly data: KeepalivedData }; differences: string[] } {
  // files are read with all others, and a YAML file names them, too
  const made = convertKeepalived(config, { vrrp, readText: (path) => path })
  const { director, vips, places, differences } = made
  const keyOf = (address: string): string => names.get(address) ?? address
  const byKey = new Map(vips.map((vip) => [keyOf(vip.address), vip]))
  const data: KeepalivedData = {
    ...(director.services.length === 0 ? {} : { lvs: withFiles(director) as LvsData }),
    vips: Object.fromEntries([...byKey].map(([key, vip]) => [key, vipOf(vip)])),
  }
  const first = config.virtualServers[0] ?? config.instances[0]
  const file = first?.file ?? 'keepalived.conf'
  return {
    source: {
      name: file,
      data,
      place: ([top, field, index, list, server]) => {
        const vip = top === 'vips' ? byKey.get(String(field)) : undefined
        const service = field === 'services' ? places[Number(index)] : undefined
        const real = list === 'servers' ? service?.servers[Number(server)] : undefined
        const found = vip ?? real ?? service
        return found === undefined ? { file } : { file: found.file, line: found.line }
      },
      // where a VIP is put is for others to say
      isDefault: (path) => path[0] === 'vips' && path[2] === 'device',
    },
    differences: differences.map((one) => `${one.file}:${one.line}: ${one.message}`),
  }
}

function vipOf({ served, scripts, files }: KeepalivedVip): VipData {
  const checks = [
    ...scripts.map(({ name, script, interval, timeout, rise, fall, initFail }) => ({
      command: script.command,
      name: `track_script ${name}`,
      interval,
      timeout,
      rise,
      fall,
      initial: initFail ? 'down' : 'up',
    })),
    ...files.map(({ name, path, weight, reverse }) => ({
      trackedFile: path,
      name: `track_file ${name}`,
      ...(weight === 0 ? {} : { weight }),
      ...(reverse ? { reverse } : {}),
      interval: 1,
      rise: 1,
      fall: 1,
      initial: 'up',
    })),
  ]
  return {
    device: 'lo',
    ...(served ? { lvs: true } : {}),
    ...(checks.length === 0 ? {} : { when: checks }),
  }
}

/** Paths of certificates, where the library wants what is in them. */
function withFiles(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withFiles)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) =>
      key === 'tls' && typeof item === 'object' && item !== null
        ? [key, named(item as Readonly<Record<string, unknown>>)]
        : [key, withFiles(item)],
    ),
  )
}

const named = ({ cert, key, ...rest }: Readonly<Record<string, unknown>>): object => ({
  ...rest,
  ...(cert === undefined ? {} : { certFile: cert }),
  ...(key === undefined ? {} : { keyFile: key }),
})
