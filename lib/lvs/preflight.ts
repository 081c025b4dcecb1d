/**
 * Looks over a host before it becomes a director, a real server or a router: what would go wrong, why, and what to do.
 * Nothing is changed, and no module is loaded.
 *
 * The one question that others hear is by ARP, and only when asked for: who answers for a VIP that nobody should answer
 * for. The kernel asks (RTM_NEWNEIGH with NTF_USE) and hears the answer, which takes CAP_NET_ADMIN and no packet socket;
 * of several that answer it keeps the first.
 */

import { parseAddress, parseVip } from '../parse.ts'
import type { DevicePort, SysctlPort } from '../ports.ts'
import { reasonOf } from '../reason.ts'
import { formatIpv4 } from '../wire/address.ts'
import {
  checks,
  type Facts,
  type PreflightFinding,
  type PreflightRole,
  type PreflightService,
} from './preflight-checks.ts'

/** What to look at. */
export interface PreflightOptions {
  readonly role: PreflightRole
  /** Default: the addresses of the services. */
  readonly vips?: readonly string[]
  /** Devices that matter; default: all with an IPv4 address that are up, but for lo and tunnels. */
  readonly interfaces?: readonly string[]
  /** As `Director` takes them. */
  readonly services?: readonly PreflightService[]
  /** Ask by ARP who has the VIPs; default false. */
  readonly askArp?: boolean
  /** With `askArp`: addresses of hosts that may answer for a VIP. */
  readonly announcers?: readonly string[]
}

/** What was found. */
export interface PreflightReport {
  readonly role: PreflightRole
  readonly findings: readonly PreflightFinding[]
  /** What was looked at. */
  readonly checked: readonly string[]
  /** What was not, and why. */
  readonly skipped: readonly { readonly what: string; readonly why: string }[]
}

/** The host that is looked over; the default is this one. */
export interface PreflightWorld extends Disposable {
  readonly devices: DevicePort
  readonly sysctls: Pick<SysctlPort, 'read'>
  readonly file: (path: string) => string | undefined
  /** Names of the processes. */
  readonly processes: () => readonly string[]
  /** `nft -j list ruleset`. Rejects when nobody can say. */
  readonly ruleset: () => Promise<string>
}

/** Milliseconds for an answer to ARP: the kernel tries three times, a second apart. */
const ARP_WAIT = 3500

/**
 * Looks over this host.
 * @throws OspfError ERR_OSPF_CONFIG (an address that is none), ERR_OSPF_NATIVE, ERR_OSPF_KERNEL
 */
export async function preflight(
  options: PreflightOptions,
  world?: PreflightWorld,
): Promise<PreflightReport> {
  if (world !== undefined) return look(options, world)
  const { openHost } = await import('../linux/host.ts')
  using opened = openHost()
  return await look(options, opened)
}

async function look(options: PreflightOptions, world: PreflightWorld): Promise<PreflightReport> {
  const { role, services = [], askArp = false } = options
  const skipped: { readonly what: string; readonly why: string }[] = []
  const devices = await world.devices.devices()
  const usual = devices
    .filter(({ loopback, up, addresses, kind }) => {
      const isPlain = !loopback && kind !== 'ipip' && kind !== 'gre'
      return isPlain && up && addresses.length > 0
    })
    .map(({ name }) => name)
  const own = services.flatMap(({ address }) => (address?.includes('.') ? [address] : []))
  const vips = [...new Set((options.vips ?? own).map((text) => parseVip(text).prefix))]
  const ruleset = await world.ruleset().catch((error: unknown) => {
    skipped.push({ what: 'firewall', why: reasonOf(error) })
    return undefined
  })
  if (world.file('/proc/net/ip_tables_names')?.trim()) {
    const why = 'there are rules of the old iptables, which nft does not show: iptables-legacy -S'
    skipped.push({ what: 'old firewall', why })
  }
  const facts: Facts = {
    role,
    vips,
    services,
    interfaces: options.interfaces ?? usual,
    devices,
    sysctl: (path) => {
      try {
        return world.sysctls.read(path)
      } catch {
        return undefined
      }
    },
    file: world.file,
    processes: world.processes(),
    ruleset,
  }
  const findings = Object.values(checks).flatMap((check) => check(facts))
  const checked = Object.keys(checks).filter((name) => skipped.every(({ what }) => what !== name))
  if (!askArp) skipped.push({ what: 'who answers ARP for the VIPs', why: 'not asked for' })
  else {
    checked.push('who answers ARP for the VIPs')
    findings.push(...(await answering(facts, options.announcers ?? [], world.devices)))
  }
  return { role, findings, checked, skipped }
}

/** Split brain: somebody answers for a VIP who does not announce it. */
async function answering(
  { vips, interfaces }: Facts,
  announcers: readonly string[],
  devices: DevicePort,
): Promise<PreflightFinding[]> {
  const found: PreflightFinding[] = []
  for (const device of interfaces) {
    const known = new Map<string, string>()
    for (const text of announcers) {
      const address = parseAddress('preflight: announcers', text)
      const mac = await devices.askArp(device, address, ARP_WAIT)
      if (mac !== undefined) known.set(mac, text)
    }
    for (const vip of vips) {
      const mac = await devices.askArp(device, vip, ARP_WAIT)
      if (mac === undefined) continue
      const who = known.get(mac)
      found.push({
        id: who === undefined ? 'split-brain' : 'announcer-answers',
        severity: who === undefined ? 'error' : 'warning',
        found: `${mac}${who === undefined ? '' : ` (${who})`} answers ARP for ${formatIpv4(vip)} on ${device}`,
        why:
          who === undefined
            ? 'that host is no announcer, and gets the traffic of this segment whatever OSPF says'
            : 'clients of this segment pass the routers by, and go to this director alone',
        remedy: 'find it by its MAC address; arp_ignore=1 there, or take the VIP off it',
      })
    }
  }
  return found
}

/** For people: worst first. */
export function formatPreflight({ role, findings, checked, skipped }: PreflightReport): string {
  const order = ['error', 'warning', 'info']
  const sorted = findings.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
  const lines = sorted.flatMap(({ id, severity, found, why, remedy }) => [
    `${severity}: ${found} [${id}]`,
    `  why: ${why}`,
    `  do:  ${remedy}`,
  ])
  const count = findings.length === 1 ? '1 finding' : `${findings.length} findings`
  return `${[
    ...lines,
    `${role}: ${count}; looked at ${checked.join(', ')}`,
    ...skipped.map(({ what, why }) => `not looked at: ${what} (${why})`),
  ].join('\n')}\n`
}
