/** `ospf-speaker doctor`: what would go wrong on this host, why, and what to do. */
import { type Command, Option } from 'commander'
import { lines, said } from './real-server.ts'
import { type Said, say } from './said.ts'

interface Flags {
  readonly role: 'director' | 'real-server' | 'router' | 'speaker'
  readonly vip?: readonly string[]
  readonly interface?: readonly string[]
  readonly announcer?: readonly string[]
  readonly arp?: true
  readonly json?: true
}

export function addDoctor(program: Command, tell: (said: Said) => void): void {
  program
    .command('doctor')
    .description('look this host over, without changing it: ends with 1 if something cannot work')
    .addOption(
      new Option('--role <role>', 'what it is to be')
        .choices(['director', 'real-server', 'router', 'speaker'])
        .default('speaker'),
    )
    .option('--vip <address...>', 'VIPs')
    .option('--interface <name...>', 'devices that matter; default: all')
    .option('--arp', 'ask by ARP who has the VIPs')
    .option('--announcer <address...>', 'with --arp: hosts that announce them')
    .option('--json', 'as JSON')
    .action(({ role, vip, interface: interfaces, announcer, arp, json }: Flags) =>
      said(async () => {
        const { formatPreflight, preflight } = await import('../index.ts')
        const report = await preflight({
          role,
          ...(vip === undefined ? {} : { vips: vip }),
          ...(interfaces === undefined ? {} : { interfaces }),
          ...(announcer === undefined ? {} : { announcers: announcer }),
          askArp: arp === true,
        })
        const isBad = report.findings.some(({ severity }) => severity === 'error')
        const text = json ? JSON.stringify(report) : formatPreflight(report)
        tell(say(isBad ? 1 : 0, lines(text), []))
      }),
    )
}
