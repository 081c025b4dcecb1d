/** ipvsadm, run and read: what it says of every service and destination, as plain text to compare with. */
import { execFileSync } from 'node:child_process'
import type { Test } from 'tap'
import type { Ipvs } from '../../lib/lvs/ipvs.ts'
import { formatDestination } from '../../lib/lvs/keys.ts'
import type { IpvsDestination } from '../../lib/lvs/types.ts'

/** Runs `ipvsadm` with the words of `command`, and returns what it prints. */
export const ipvsadm = (command: string, input?: string): string =>
  execFileSync('ipvsadm', command.split(' '), {
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(input !== undefined && { input }),
  })

/** The columns of one listing: a row for each service and destination, without the heading. */
export const rows = (options: string): string[][] =>
  ipvsadm(options)
    .split('\n')
    .filter((line) => /^(TCP|UDP|SCTP|FWM| {2}-> [\d[])/.test(line))
    .map((line) => line.trim().split(/\s+/))

/** All the listings of ipvsadm say what the library says. Rates, which change all the time, are left out. */
export async function agree(t: Test, ipvs: Ipvs): Promise<void> {
  const forwards = { dr: 'Route', nat: 'Masq', tun: 'Tunnel', local: 'Local', bypass: 'Bypass' }
  const by = (options: string): Map<string, string[]> => {
    const found = new Map<string, string[]>()
    let service = ''
    for (const row of rows(options)) {
      if (row[0] !== '->') service = `${row[0]} ${row[1]}`
      found.set(row[0] === '->' ? `${service} ${row[1]}` : service, row)
    }
    return found
  }
  const [plain, stats] = [by('-Ln'), by('-Ln --stats --exact')]
  const [thresholds, persistent] = [by('-Ln --thresholds'), by('-Ln --persistent-conn')]
  const tunnels = by('-Ln --tun-info')
  const told: Record<string, readonly (string | undefined)[]> = {}
  const expected: Record<string, readonly string[]> = {}
  for (const { key, scheduler, statistics } of await ipvs.services()) {
    const name =
      'fwmark' in key
        ? `FWM ${key.fwmark}`
        : `${key.protocol.toUpperCase()} ${formatDestination(key)}`
    told[name] = [
      ...plain.get(name)!.filter((word) => word === scheduler),
      ...stats.get(name)!.slice(-5),
    ]
    const { connections, inPackets, outPackets, inBytes, outBytes } = statistics
    const counters = [connections, inPackets, outPackets, inBytes, outBytes].map(String)
    expected[name] = [scheduler, ...counters]
    for (const one of await ipvs.destinations(key)) {
      const row = `${name} ${formatDestination(one)}`
      const { statistics: s } = one
      told[row] = [
        ...plain.get(row)!.slice(2),
        ...stats.get(row)!.slice(2),
        ...thresholds.get(row)!.slice(2, 4),
        ...persistent.get(row)!.slice(3, 4),
        tunnels.get(row)![3],
      ]
      const connections = [one.activeConnections, one.inactiveConnections]
      expected[row] = [
        forwards[one.forward],
        ...[one.weight, ...connections].map(String),
        ...[s.connections, s.inPackets, s.outPackets, s.inBytes, s.outBytes].map(String),
        ...[one.upperThreshold ?? 0, one.lowerThreshold ?? 0, one.persistentConnections].map(
          String,
        ),
        tunnelInfo(one),
      ]
    }
  }
  t.strictSame(told, expected, 'ipvsadm and the library agree')
}

/** As ipvsadm --tun-info writes it. */
function tunnelInfo({ forward, tunnel }: IpvsDestination): string {
  if (forward !== 'tun') return 'n/a'
  if (tunnel === undefined) return 'ipip'
  const checksum = { none: '-c', full: '+c', remote: 'r+c' }[tunnel.checksum ?? 'none']
  return [tunnel.type, ...(tunnel.port === undefined ? [] : [tunnel.port]), checksum].join(':')
}
