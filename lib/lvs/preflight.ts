/**
 * Looks over a host before it becomes a director, a real server or a router: what would go wrong, why, and what to do.
 * Nothing is changed, and no module is loaded.
 *
 * The one question that others hear is by ARP, and only when asked for: who answers for a VIP that nobody should answer
 * for. The kernel asks (RTM_NEWNEIGH with NTF_USE) and hears the answer, which takes CAP_NET_ADMIN and no packet socket;
 * of several that answer it keeps the first.
 */

import { fail, parseAddress, parseVip } from '../parse.ts'
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
import {
  formatHeard,
  type Heard,
  type HeardRouter,
  hear,
  type ListeningWorld,
} from './preflight-neighbors.ts'

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
  /** Seconds to listen for the Hellos of routers on the devices, 1 to 60; default: not at all. Takes CAP_NET_RAW. */
  readonly listen?: number
  /** With `listen`: the Router ID that this host is to have, which nobody else may. */
  readonly routerId?: string
}

/** What was found. */
export interface PreflightReport {
  readonly role: PreflightRole
  readonly findings: readonly PreflightFinding[]
  /** What was looked at. */
  readonly checked: readonly string[]
  /** What was not, and why. */
  readonly skipped: readonly { readonly what: string; readonly why: string }[]
  /** Routers whose Hellos were heard. */
  readonly routers: readonly HeardRouter[]
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
  /** Undefined: it cannot listen for Hellos. */
  readonly listen?: ListeningWorld['listen']
  /** Default: an echo request (ICMP). */
  readonly echo?: ListeningWorld['echo']
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
  const heard = await hearing(options, facts, world, skipped)
  if (heard !== undefined) checked.push(HELLOS)
  findings.push(...(heard?.findings ?? []))
  return { role, findings, checked, skipped, routers: heard?.routers ?? [] }
}

const HELLOS = 'Hellos of others'
/** Milliseconds for an echo. */
const ECHO_WAIT = 2500

/** Undefined: nobody listened. */
async function hearing(
  { listen: seconds = 0, routerId }: PreflightOptions,
  { devices, interfaces }: Facts,
  { listen, echo = answers }: PreflightWorld,
  skipped: { readonly what: string; readonly why: string }[],
): Promise<Heard | undefined> {
  const skip = (why: string): undefined => void skipped.push({ what: HELLOS, why })
  if (seconds === 0) return skip('not asked for')
  if (listen === undefined) return skip('this host cannot be listened on')
  if (typeof seconds !== 'number' || !(seconds >= 1 && seconds <= 60))
    throw fail('preflight: listen', 'seconds from 1 to 60', seconds)
  const own =
    routerId === undefined ? undefined : formatIpv4(parseAddress('preflight: routerId', routerId))
  const meant = devices.filter(({ name }) => interfaces.includes(name))
  try {
    return await hear(meant, seconds, own, { listen, echo })
  } catch (error) {
    return skip(reasonOf(error))
  }
}

/** IP and ICMP. */
const ECHO_HEADERS = 28

async function answers(address: string, octets: number): Promise<boolean> {
  const { icmp } = await import('../health/icmp.ts')
  try {
    await icmp(address, { size: octets - ECHO_HEADERS })(AbortSignal.timeout(ECHO_WAIT))
    return true
  } catch {
    return false
  }
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
export function formatPreflight(report: PreflightReport): string {
  const { role, findings, checked, skipped, routers } = report
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
    ...routers.map(formatHeard),
    `${role}: ${count}; looked at ${checked.join(', ')}`,
    ...skipped.map(({ what, why }) => `not looked at: ${what} (${why})`),
  ].join('\n')}\n`
}
