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
  readonly listen?: number | true
  readonly routerId?: string
  readonly json?: true
}

/** Seconds: a little more than the HelloInterval that is the default everywhere. */
const LISTEN = 12

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
    .option('--listen [seconds]', `listen for the Hellos of routers; default ${LISTEN} s`, Number)
    .option('--router-id <id>', 'with --listen: that of this host, which nobody else may have')
    .option('--json', 'as JSON')
    .action(({ role, vip, interface: interfaces, announcer, arp, json, ...flags }: Flags) =>
      said(async () => {
        const { listen, routerId } = flags
        const { formatPreflight, preflight } = await import('../index.ts')
        const report = await preflight({
          role,
          ...(vip === undefined ? {} : { vips: vip }),
          ...(interfaces === undefined ? {} : { interfaces }),
          ...(announcer === undefined ? {} : { announcers: announcer }),
          askArp: arp === true,
          ...(listen === undefined ? {} : { listen: listen === true ? LISTEN : listen }),
          ...(routerId === undefined ? {} : { routerId }),
        })
        const isBad = report.findings.some(({ severity }) => severity === 'error')
        const text = json ? JSON.stringify(report) : formatPreflight(report)
        tell(say(isBad ? 1 : 0, lines(text), []))
      }),
    )
}
