/** What the kernel has of a real server, beside what it should have. */
import type { HostDevice, SysctlPort } from '../ports.ts'
import { deviceParameter, sysctlName } from '../sysctl.ts'
import { formatIpv4 } from '../wire/address.ts'
import type { State } from './real-server-state.ts'
import { wishesOf } from './real-server-wishes.ts'

/** A real server as it is now. */
export interface RealServerStatus {
  /** 'down': this host is none; 'partial': `problems` says what is missing. */
  readonly state: 'up' | 'partial' | 'down'
  readonly mode: 'dr' | 'tun' | undefined
  readonly device: string | undefined
  readonly tunnel: 'ipip' | 'gre' | 'gue' | undefined
  /** UDP port of GUE. */
  readonly port: number | undefined
  readonly mtu: number | undefined
  readonly vips: readonly {
    readonly vip: string
    readonly present: boolean
    /** Added here; others were there before, and stay. */
    readonly ours: boolean
  }[]
  /** Kernel parameters that were changed: name, what it was and what it is now. */
  readonly settings: readonly {
    readonly name: string
    readonly before: number
    readonly value: number | undefined
  }[]
  /** What is not as it should be, a sentence each. */
  readonly problems: readonly string[]
}

const down: RealServerStatus = {
  state: 'down',
  mode: undefined,
  device: undefined,
  tunnel: undefined,
  port: undefined,
  mtu: undefined,
  vips: [],
  settings: [],
  problems: [],
}

export function statusOf(
  state: State | undefined,
  devices: readonly HostDevice[],
  guePorts: readonly number[],
  sysctls: SysctlPort,
): RealServerStatus {
  if (state === undefined) return down
  const { config, changes } = state
  const { mode, tunnel, port } = config
  const read = (path: string): number | undefined => sysctls.read(path)
  const device = devices.find(({ name }) => name === config.device)
  const problems: string[] = []
  if (device === undefined) problems.push(`the device ${config.device} is gone`)
  else if (!device.up) problems.push(`${config.device} is down`)
  if (config.mtu !== undefined && device !== undefined && device.mtu !== config.mtu) {
    problems.push(`the MTU of ${config.device} is ${device.mtu}, should be ${config.mtu}`)
  }
  if (port !== undefined && !guePorts.includes(port)) {
    problems.push(`UDP port ${port} takes no GUE`)
  }
  const vips = config.vips.map((vip) => ({
    vip: formatIpv4(vip),
    present:
      device?.addresses.some((each) => each.address === vip && each.prefixLength === 32) ?? false,
    ours: changes.some((each) => each.type === 'address' && each.address === vip),
  }))
  for (const { vip, present } of vips) {
    if (!present) problems.push(`${vip} is not on ${config.device}`)
  }
  for (const { path, wanted, suffices, why } of wishesOf(config, devices)) {
    const value = read(path)
    if (value === wanted || (value !== undefined && suffices(value, read))) continue
    problems.push(`${sysctlName(path)} is ${value ?? 'not there'}, should be ${wanted} (${why})`)
  }
  // the kernel takes the greater of all and the device, and 3 is more than 1 and lets a VIP of scope global be answered
  for (const { name, loopback, up } of devices) {
    const own = deviceParameter(name, 'arp_ignore')
    const value = Math.max(read(own) ?? 0, read(deviceParameter('all', 'arp_ignore')) ?? 0)
    if (loopback || !up || value < 3 || value === 8 || config.scope === 'host') continue
    problems.push(
      `${sysctlName(own)} is ${value}: ARP for a VIP of scope global is answered on ${name}`,
    )
  }
  return {
    state: problems.length === 0 ? 'up' : 'partial',
    mode,
    device: config.device,
    tunnel,
    port,
    mtu: device?.mtu,
    vips,
    settings: changes.flatMap((each) =>
      each.type === 'sysctl'
        ? [{ name: sysctlName(each.path), before: each.before, value: read(each.path) }]
        : [],
    ),
    problems,
  }
}

/** For people, several lines. */
export function formatRealServer(status: RealServerStatus): string {
  const { state, mode, device, tunnel, port, mtu, vips, settings, problems } = status
  if (state === 'down') return 'Real server: no\n'
  const wrapped =
    tunnel === undefined ? '' : `, ${tunnel}${port === undefined ? '' : ` port ${port}`}`
  const lines = [
    `Real server: ${state}, ${mode?.toUpperCase()}${wrapped}, VIPs on ${device}${mtu === undefined || mode === 'dr' ? '' : `, MTU ${mtu}`}`,
    ...vips.map(
      ({ vip, present, ours }) =>
        `  ${vip}  ${present ? (ours ? 'added' : 'was there before') : 'missing'}`,
    ),
    ...settings.map(({ name, before, value }) => `  ${name} ${value ?? 'gone'}  was ${before}`),
    ...problems.map((problem) => `  problem: ${problem}`),
  ]
  return `${lines.join('\n')}\n`
}
